"""What applying a batch would take from students and give back, found by doing it and undoing it."""

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from curation import consequences, stamps
from curation.importing import applying, comparing, leases
from curation.importing.resources import RecordResource, sheets
from curation.importing.stored import states
from curation.models import Batch, Row

Kind = Row.Kind
Key = tuple[str, str]  # a sheet, and a key in it


def foreseen(batch: Batch, renew: Callable[..., object]) -> list[dict[str, Any]]:
    """As Batch.losses keeps it; `renew` holds the lease for as long as this may take.

    Records that are new take nothing from anybody: they arrive as drafts. So only what changes is tried, and what
    goes if students see any of it: nothing rests on it, so others stay as they are.
    """
    touching = [Kind.CHANGED] if batch.count(Kind.CHANGED) else []
    if batch.count(Kind.REMOVED) and _students_see_what_goes(batch):
        touching.append(Kind.REMOVED)
    if not touching:
        return []
    needed = _needed(batch) if batch.count(Kind.NEW) else set()
    renew(seconds=leases.applying(batch.count(*touching) + len(needed)))
    with stamps.writing():
        before, resting = consequences.seen(), _resting(batch, touching)
        with transaction.atomic():
            applying.write(batch, only=touching, besides=needed, compare=False)
            after, still = consequences.seen(), _resting(batch, touching)
            returning = consequences.returning(before, after)
            transaction.set_rollback(True)
        found = [
            {
                "kind": one.kind,
                "name": one.name,
                "leaving": [list(pair) for pair in one.leaving],
                "returning": [list(pair) for pair in one.returning],
            }
            for one in consequences.between(before, after, returning)
            if one.leaving or one.returning
        ]
    if lapsing := sorted(resting - still):
        found.append(
            {"kind": "checks", "name": _("checks"), "leaving": [[one, ""] for one in lapsing], "returning": []}
        )
    return found


def _students_see_what_goes(batch: Batch) -> bool:
    every = sheets()
    watched = {name for name, sheet in every.items() if consequences.is_watched(sheet.resource.model)}
    return any(
        consequences.sees(every[sheet].resource.model, keys)
        for sheet, keys in _keys(batch, [Kind.REMOVED])
        if sheet in watched
    )


def _resting(batch: Batch, only: Sequence[str]) -> set[str]:
    """What counts only while the records of these rows stay as they are, in words."""
    every = sheets()
    return {one for sheet, keys in _keys(batch, only) for one in every[sheet].resource.resting(keys)}


def _keys(batch: Batch, only: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """(sheet, keys) of rows of these kinds, many at a time."""
    for sheet, kinds in batch.counts.items():
        if any(kinds.get(kind) for kind in only):
            rows = Row.objects.filter(batch=batch, sheet=sheet, kind__in=only).order_by()
            keys = rows.values_list("key", flat=True).iterator()
            while some := list(islice(keys, states.AT_ONCE)):
                yield sheet, some


# --- new rows that changed ones name --------------------------------------------------------
def _needed(batch: Batch) -> set[int]:
    """Rows (by primary key) of new records that changed ones name, or that these name in turn."""
    every = sheets()
    new = {
        (every[sheet].resource.model, every[sheet].resource.key): sheet
        for sheet, kinds in batch.counts.items()
        if kinds.get(Kind.NEW) and every[sheet].part is None
    }
    found: dict[Key, int | None] = {}
    asked: set[Key] = set()
    for sheet, rows in applying.chunks(batch, [Kind.CHANGED]):
        asked.update(_named(every[sheet].resource, [row.after for row in rows], new))
        asked -= found.keys()
        while asked:
            found.update(dict.fromkeys(asked))
            asked = _look_up(batch, asked, found, new) - found.keys()
    return {pk for pk in found.values() if pk is not None}


def _look_up(batch: Batch, asked: Collection[Key], found: dict[Key, int | None], new: dict[Any, str]) -> set[Key]:
    """Find those of the keys that are of new rows; return what these name."""
    every = sheets()
    named: set[Key] = set()
    for sheet in {sheet for sheet, _key in asked}:
        for some in states.in_turn(key for of, key in asked if of == sheet):
            rows = Row.objects.filter(batch=batch, sheet=sheet, kind=Kind.NEW, key__in=some, after__isnull=False)
            for pk, key, after in rows.values_list("pk", "key", "after"):
                found[sheet, key] = pk
                named |= _named(every[sheet].resource, [after], new)
    return named


def _named(resource: RecordResource, of: Sequence[Any], new: dict[Any, str]) -> set[Key]:
    spaces = (named for state in of for named in comparing.named(resource, state))
    return {(new[space], key) for space, key in spaces if space in new}
