"""Checking a file against what is stored: every record becomes a row of the preview, and nothing else is written.

A check may take minutes. It holds a lease (`curation.importing.leases`), commits its rows chunk by chunk, says how
far it has come, and stops when it is asked to. The state of the content at its beginning is kept: where that has
moved by the time the batch is confirmed, every row is compared anew.
"""

import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from curation.importing import foreseeing, headers, leases, reading, uploads
from curation.importing.batches import WORKBOOK
from curation.importing.escaping import EXAMPLE, unescaped
from curation.importing.memory import many_rows
from curation.importing.planning.folding import Folder
from curation.importing.planning.planner import Planner
from curation.importing.planning.plans import Plan
from curation.importing.planning.records import Gathering, Record
from curation.importing.planning.resolving import Known
from curation.importing.previewing import Preview
from curation.importing.resources import Sheet, sheet_of, sheets
from curation.importing.stored import states
from curation.models import Batch, Row, Stamp, Step

CHUNK = 1_000  # records planned at once
DEFERRED = 20_000  # records that may wait for a later one of their sheet

State, RowKind = Batch.State, Row.Kind

Opening = Callable[[Batch], AbstractContextManager[reading.Table]]


@contextmanager
def uploaded(batch: Batch) -> Iterator[reading.Table]:
    """The file of the batch, as a table. Raises Unreadable."""
    if batch.upload is None:
        raise reading.Unreadable(_("The file is no longer kept. Upload it again."))
    with uploads.opened(batch.upload) as file, reading.open_table(file, batch.upload.name) as table:
        yield table


@many_rows()
def check(batch: Batch, *, opened: Opening = uploaded, told: "Told | None" = None) -> None:
    """Fill the preview of a waiting batch, whose `state` then says what came of it.

    `opened` gives its table, each time from the beginning; `told` is called with how many lines are done, of about
    how many, now and then. Nothing happens where another is at it. Raises LeaseLost and CancelAsked
    (`curation.importing.tasks`).
    """
    lease = leases.take(batch, state_from=State.WAITING, state_to=State.CHECKING, seconds=leases.CHECKING)
    if lease is None:
        return
    batch.refresh_from_db()
    batch.rows.all().delete()  # what a worker that was killed has left
    if batch.kind == Batch.Kind.UNDO:
        from curation.importing import undoing

        undoing.check(batch, lease)
        return
    try:
        Checking(batch, lease, opened, told).run()
    except reading.Unreadable as refused:
        refuse(batch, lease, str(refused))


def refuse(batch: Batch, lease: uuid.UUID, why: str) -> None:
    with transaction.atomic():
        batch.rows.all().delete()
        leases.finish(batch, lease, State.REFUSED, problem=why)
        batch.step(Step.What.REFUSED, detail=why)


Told = Callable[[int, int | None], object]


class Progress:
    """Holds the lease and says how far the work has come, once a chunk."""

    def __init__(self, batch: Batch, lease: uuid.UUID, total: int | None = None, told: Told | None = None) -> None:
        self.batch, self.lease, self.done, self.total, self.told = batch, lease, 0, total, told
        self.renew(total=total)

    def add(self, count: int) -> None:
        self.done += count
        self.renew(done=self.done)
        if self.told:
            self.told(self.done, self.total)

    def renew(self, **said: Any) -> None:
        outcome = leases.renew(self.batch, self.lease, **said)
        if outcome is leases.Outcome.LOST:
            raise leases.LeaseLost
        if outcome is leases.Outcome.CANCELLED:
            raise leases.CancelAsked


@dataclass
class Matched:
    """A sheet of the file and what it is."""

    sheet: Sheet
    read: Any  # reading.Sheet
    columns: headers.Matched


class Checking:
    """One check of one file."""

    def __init__(self, batch: Batch, lease: uuid.UUID, opened: Opening = uploaded, told: Told | None = None) -> None:
        self.batch, self.lease, self.opened, self.told = batch, lease, opened, told
        self.sheets = sheets()
        self.preview = Preview(batch, self.sheets)
        self.folder = Folder(batch, self.sheets, self.preview.refuse)
        self.without = {(sheet, number) for sheet, number in batch.without}
        self.deferred: list[tuple[Record, list[str]]] = []  # and the keys that each waits for

    def run(self) -> None:
        batch = self.batch
        batch.stamp = Stamp.read()
        with self.opened(batch) as table:
            chosen, left_out = self._choose(list(table.sheets()))
            matched = [Matched(sheet, read, self._match(sheet, read)) for sheet, read in chosen]
            batch.found = found(table.found, matched, left_out)
            if not all(one.columns.is_settled for one in matched):
                self._ask_for_mapping()
                return
            with transaction.atomic():
                Batch.objects.filter(pk=batch.pk).update(stamp=batch.stamp, found=batch.found)
                batch.step(Step.What.STARTED)
            self.progress = Progress(batch, self.lease, table.row_count, self.told)
            for one in matched:
                lines = next(table.sheets({one.read.name})).lines
                self._check(one, lines, [other.sheet for other in matched])
        self.preview.refuse_dependents()
        self.preview.remove_unneeded()
        finish(self.batch, self.lease, self.preview.counts, self.progress)

    # --- which sheets, which columns ---

    def _choose(self, read: list[Any]) -> tuple[list[tuple[Sheet, Any]], list[str]]:
        """The sheets of the file that are ours, in the order of a workbook, and the names of the others."""
        named = {one.name.strip().casefold(): one for one in read}
        ours = [(sheet, named[name]) for name, sheet in self.sheets.items() if name in named]
        if not ours:
            if self.batch.target == WORKBOOK:
                message = _("No sheet of this workbook has a name that is known. Name them: %(names)s.")
                raise reading.Unreadable(message % {"names": ", ".join(self.sheets)})
            ours = [(self.sheets[self.batch.target], read[0])]
        allowed = self.batch.options.get("allowed")
        for sheet, _read in ours:
            if allowed is not None and sheet.name not in allowed:
                raise reading.Unreadable(
                    _("This file has a sheet “%(sheet)s”, which you may not import. Remove it, or ask a publisher.")
                    % {"sheet": sheet.name}
                )
        taken = [one.name for _sheet, one in ours]
        return ours, [one.name for one in read if one.name not in taken]

    def _match(self, sheet: Sheet, read: Any) -> headers.Matched:
        mapping = self.batch.mapping.get(sheet.name) or {}
        return headers.match(read.headers, list(sheet.columns.values()), mapping)

    def _ask_for_mapping(self) -> None:
        with transaction.atomic():
            leases.finish(
                self.batch, self.lease, State.MAPPING, found=self.batch.found, problem="", stamp=self.batch.stamp
            )

    # --- one sheet ---

    def _check(self, one: Matched, lines: Iterable[reading.Line], in_file: list[Sheet]) -> None:
        sheet = one.sheet
        models: dict[Any, Sheet] = {other.resource.model: other for other in in_file if other.part is None}
        create = self.batch.options.get("create") or {}
        for creatable in sheet.resource.creatable:
            if create.get(creatable.name) and (of := sheet_of(creatable.model)):
                models.setdefault(creatable.model, of)
        known = Known(self.batch, models, sheet.resource)
        planner = Planner(sheet, known, by=self.batch.by, create=create, given_keys=partial(self._keys, one))
        gathering = Gathering(sheet, one.columns.by_place, list(one.read.headers))
        records = (record for record in gathering.records(lines) if not self._is_left_out(sheet, record))
        for some in in_chunks(records, CHUNK):
            self._keep(planner, planner.plan(some))
        self._check_deferred(planner)

    def _keys(self, one: Matched) -> Iterator[str]:
        """The keys that a sheet gives, read beside its lines."""
        places = [place for place, name in enumerate(one.columns.by_place) if name == one.sheet.key]
        with self.opened(self.batch) as table:
            for line in next(table.sheets({one.read.name})).lines if places else ():
                if cell := line.cells[places[0]]:
                    yield unescaped(cell)

    def _is_left_out(self, sheet: Sheet, record: Record) -> bool:
        if record.cells.get(sheet.key) == EXAMPLE:
            told = next(one for one in self.batch.found["sheets"] if one["name"] == sheet.name)
            message = _("Row %(row)d is the example of the template, and left out.")
            told["notes"].append(message % {"row": record.number})
            Batch.objects.filter(pk=self.batch.pk).update(found=self.batch.found)
            return True
        return bool(self.without) and (sheet.name, record.number) in self.without

    def _check_deferred(self, planner: Planner) -> None:
        """Plan what named a later record of its sheet, each once what it waits for has come or will not."""
        is_stuck = False
        while self.deferred:
            waiting, self.deferred = self.deferred, []
            there = self._come(planner.sheet, {key for _record, keys in waiting for key in keys})
            ready = [record for record, keys in waiting if there.issuperset(keys)]
            final = is_stuck or not ready
            if not final:
                self.deferred = [(record, keys) for record, keys in waiting if not there.issuperset(keys)]
            for some in in_chunks([record for record, _keys in waiting] if final else ready, CHUNK):
                planner.known.forget_missing()
                self._keep(planner, planner.plan(some, final=final))
            is_stuck = len(self.deferred) >= len(waiting)

    def _come(self, sheet: Sheet, keys: Iterable[str]) -> set[str]:
        found: set[str] = set()
        for some in states.in_turn(keys):
            rows = Row.objects.filter(batch=self.batch, sheet=sheet.name, key__among=some)
            found.update(rows.values_list("key", flat=True))
        return found

    def _keep(self, planner: Planner, plans: list[Plan]) -> None:
        """Write the rows of a chunk, and say how far the check has come."""
        sheet = planner.sheet
        ready = []
        for plan in plans:
            if plan.waits and len(self.deferred) < DEFERRED:
                self.deferred.append((plan.record, plan.waits))
                continue
            if plan.waits:
                message = _("More than %(most)d rows name a row further down. Put what is named before what names it.")
                plan.wrong("", "", message % {"most": DEFERRED})
                plan.kind = RowKind.REJECTED
            ready.append(plan)
        with transaction.atomic():
            self.preview.add_created(planner)
            if sheet.part is None:
                self.preview.refuse_repeated(sheet, ready)
            else:
                self.folder.fold(sheet, ready)
            self.preview.add(planner, ready)
        self.progress.add(sum(plan.record.last_number - plan.record.number + 1 for plan in ready))


def finish(batch: Batch, lease: uuid.UUID, counts: Mapping[str, Counter[str]], progress: Progress) -> None:
    """Turn to the preview whose rows are written, with what it would take from students."""
    told = {sheet: {kind: count for kind, count in kinds.items() if count} for sheet, kinds in counts.items()}
    batch.counts = told
    losses = foreseeing.foreseen(batch, progress.renew)
    with transaction.atomic():
        leases.finish(
            batch,
            lease,
            State.PREVIEW,
            counts=told,
            losses=losses,
            checked_at=timezone.now(),
            done=progress.done,
            total=progress.done,
            problem="",
        )
        batch.step(Step.What.CHECKED, detail=said(told))


def found(what: reading.Found, matched: list[Matched], left_out: list[str]) -> dict[str, Any]:
    """What the batch's page says of the file."""
    return {
        "words": [str(word) for word in what.words],
        "kind": what.kind,
        "left_out": left_out,
        "sheets": [
            {
                "name": one.sheet.name,
                "title": one.read.name,
                "headers": list(one.read.headers),
                "columns": list(one.columns.by_place),
                "ignored": list(one.columns.ignored),
                "left_out": list(one.columns.left_out),
                "unknown": [list(pair) for pair in one.columns.unknown],
                "nameless": list(one.columns.nameless),
                "doubled": [[column, list(given)] for column, given in one.columns.doubled],
                "problems": one.columns.problems(),
                "notes": one.columns.notes(),
            }
            for one in matched
        ],
    }


def said(counts: dict[str, dict[str, int]]) -> str:
    """“facts: 12 new, 3 changed”"""
    parts = []
    for sheet, kinds in counts.items():
        of = ", ".join(f"{count} {RowKind(kind).label}" for kind, count in kinds.items())
        parts.append(f"{sheet}: {of}")
    return "; ".join(parts) or ngettext("no row", "no rows", 0)


def in_chunks(records: Iterable[Record], size: int) -> Iterator[list[Record]]:
    records = iter(records)
    while some := list(islice(records, size)):
        yield some
