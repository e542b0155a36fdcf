"""Applying a batch: exactly the rows of its preview, in one transaction, or nothing.

Whoever applies holds the stamp, so nobody else writes content meanwhile. Where the content has not moved since the
check, the rows are right as they are; where it has, each is compared with what is stored now, and if one differs
the whole batch is refused, naming what differs.
"""

import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import Max, Min, Q
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from curation import database, stamps
from curation.importing import comparing, leases, tasks
from curation.importing.batches import NotNow
from curation.importing.memory import many_rows
from curation.importing.resources import RecordResource, sheets
from curation.importing.stored.saving import Saver, tables_of
from curation.models import Batch, Row, Stamp, Step

CHUNK = 2_000  # rows in one go
ON_SQLITE = 100_000  # rows that may be confirmed while the site runs: SQLite lets one write at a time
SET_WISE = 2_000  # rows from which the indexes are kept at the end
SHOWN_STALE = 200

State, RowKind = Batch.State, Row.Kind


class Stale(Exception):
    """Rows have changed since the preview; `rows` say which, as Batch.stale keeps them."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows
        super().__init__(len(rows))


# --- confirming -----------------------------------------------------------------------------
def confirm(batch: Batch, *, by: str, on_site: bool = True) -> None:
    """Have the rows of the preview applied: a few at once, more in the background. Confirming twice applies once.

    Raises NotNow. `on_site` is false for a command, which may hold the database for as long as it needs.
    """
    with transaction.atomic():
        batch.refresh_from_db(from_queryset=Batch.objects.select_for_update(of=("self",), no_key=True))
        if batch.state in (State.CONFIRMED, State.APPLYING, State.APPLIED):
            return
        _refuse_unready(batch, on_site=on_site)
        batch.state, batch.applied_by = State.CONFIRMED, by
        batch.save(update_fields=["state", "applied_by"])
        batch.step(Step.What.CONFIRMED, by=by)
        if on_site:
            tasks.enqueue(tasks.apply_batch, batch)
    if on_site:
        tasks.run_if_small(tasks.apply_batch, batch)


def _refuse_unready(batch: Batch, *, on_site: bool) -> None:
    if batch.state != State.PREVIEW:
        raise NotNow(_("There is nothing to confirm: it is %s.") % batch.shown_state.label)
    if batch.has_expired:
        raise NotNow(_("Nobody confirmed it in time. Upload the file again."))
    rows = batch.count(*Row.WRITTEN)
    if not rows:
        raise NotNow(_("There is nothing to apply: no row is new or changed."))
    if on_site and (why := too_many(batch)):
        raise NotNow(why)


def too_many(batch: Batch) -> str:
    """Why the site does not apply so many rows, and what to do; "" where it does."""
    rows = batch.count(*Row.WRITTEN)
    if connection.vendor != "sqlite" or rows <= ON_SQLITE:
        return ""
    why = _(
        "These are %(rows)s rows. While the site runs on SQLite at most %(most)s may be applied at a time: nobody else "
        "could write meanwhile."
    ) % {name: number_format(count, force_grouping=True) for name, count in (("rows", rows), ("most", ON_SQLITE))}
    if batch.undoes_id:
        command = f"undo_batch {batch.undoes_id}"
        return f"{why} {_('Let whoever runs the site use the command %s.') % command}"
    return f"{why} {_('Divide the file, or let whoever runs the site use the command import_rows.')}"


# --- applying -------------------------------------------------------------------------------
@many_rows()
def apply(batch: Batch, progress: Callable[[int], object] | None = None) -> None:
    """Apply a confirmed batch; its `state` then says what came of it. Nothing happens where another is at it."""
    seconds = leases.applying(batch.count(*Row.WRITTEN))
    lease = leases.take(batch, state_from=State.CONFIRMED, state_to=State.APPLYING, seconds=seconds)
    if lease is None:
        return
    batch.refresh_from_db()
    try:
        with stamps.writing():
            batch.refresh_from_db()
            write(batch, progress=progress)
            leases.finish(batch, lease, State.APPLIED, applied_at=timezone.now())
            batch.step(Step.What.APPLIED, by=batch.applied_by)
    except Stale as stale:
        _refuse(batch, lease, State.STALE, stale=stale.rows)
    except IntegrityError:
        # Only what no comparison can see: a row of a table that is no sheet rests on one that is to be removed.
        tasks.logger.exception("%s was refused by the database.", batch)
        _refuse(batch, lease, State.REFUSED, problem=_("The content changed in a way that these rows do not allow."))


def _refuse(batch: Batch, lease: uuid.UUID, state: str, **fields: Any) -> None:
    with transaction.atomic():
        leases.finish(batch, lease, state, **fields)
        what = Step.What.STALE if state == State.STALE else Step.What.REFUSED
        batch.step(what, by=batch.applied_by, detail=fields.get("problem", ""))


def write(
    batch: Batch,
    *,
    progress: Callable[[int], object] | None = None,
    only: Sequence[str] = Row.WRITTEN,
    besides: Collection[int] = (),
    compare: bool = True,
) -> None:
    """Write the rows of these kinds, and those with these primary keys besides.

    The caller holds the stamp. Raises Stale, and IntegrityError.
    """
    every = sheets()
    resources = {name: every[name].resource for name in _sheets_written(batch)}
    if compare and Stamp.read() != batch.stamp and (stale := comparing.stale(batch, most=SHOWN_STALE)):
        raise Stale(stale)
    tables = _tables(resources.values()) if batch.count(*only) > SET_WISE else ()
    if not tables:
        _write(batch, resources, progress, chunks(batch, only, besides=besides))
        return
    with database.set_wise(*tables):
        _write(batch, resources, progress, chunks(batch, only, besides=besides))


def _write(
    batch: Batch,
    resources: dict[str, RecordResource],
    progress: Callable[[int], object] | None,
    written: Iterable[tuple[str, Sequence["Work"]]],
) -> None:
    savers = {name: Saver(resource, batch) for name, resource in resources.items()}
    for sheet, rows in written:
        savers[sheet].save(rows)
        if progress:
            progress(len(rows))
    for saver in savers.values():
        saver.finish()


@dataclass(slots=True)
class Work:
    """A row to be written: what of the Row is needed for that."""

    pk: int
    sheet: str
    number: int
    kind: str
    key: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


def chunks(
    batch: Batch, only: Sequence[str] = Row.WRITTEN, *, besides: Collection[int] = (), backwards: bool = False
) -> Iterator[tuple[str, list[Work]]]:
    """(sheet, rows) in the order of the preview, each of one kind, without what goes in with another row.

    What names others comes after them, and before them when read `backwards`. Read by ranges of the primary key, so
    that no cursor stays open and no chunk is dearer than another; the rows of a batch lie together.
    """
    ends = Row.objects.filter(batch=batch).aggregate(first=Min("pk"), last=Max("pk"))
    if ends["first"] is None:
        return
    starts = range(ends["first"], ends["last"] + 1, CHUNK)
    kinds = Row.WRITTEN[::-1] if backwards else Row.WRITTEN
    for first in reversed(starts) if backwards else starts:
        chosen = Q(kind__in=only)
        if some := [pk for pk in range(first, first + CHUNK) if pk in besides]:
            chosen |= Q(pk__in=some)
        rows = Row.objects.filter(chosen, batch=batch, pk__gte=first, pk__lt=first + CHUNK)
        rows = rows.order_by("-pk" if backwards else "pk")
        found = (
            Work(*values) for values in rows.values_list("pk", "sheet", "number", "kind", "key", "before", "after")
        )
        own = [row for row in found if row.before is not None or row.after is not None]
        for sheet, together in groupby(own, key=lambda row: row.sheet):
            by_kind: dict[str, list[Work]] = {kind: [] for kind in kinds}
            for row in together:
                by_kind[row.kind].append(row)
            yield from ((sheet, of_kind) for of_kind in by_kind.values() if of_kind)


def _sheets_written(batch: Batch) -> list[str]:
    return [name for name, kinds in batch.counts.items() if any(kinds.get(kind) for kind in Row.WRITTEN)]


def _tables(resources: Any) -> list[str]:
    """The tables that these resources write, and the history's."""
    found = {table for resource in resources for table in tables_of(resource)}
    return sorted(found)
