"""Whether the rows of a preview are still right, once the content has moved: each compared with what is stored now."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from curation.importing.columns import Column, Kind
from curation.importing.planning.judging import Judge
from curation.importing.planning.plans import Plan
from curation.importing.planning.records import Record
from curation.importing.planning.resolving import Known
from curation.importing.resources import RecordResource, Sheet, State, sheets
from curation.importing.resting import Resting, dropped
from curation.importing.stored import states
from curation.models import Batch, Row


def stale(batch: Batch, *, most: int) -> list[dict[str, Any]]:
    """The rows that can no longer be applied as they were shown, at most so many: {"sheet", "row", "key", …}.

    `before` and `now` are what was stored then and what is stored now, `after` what the row would make of it, and
    `message` says what is wrong.
    """
    from curation.importing.applying import chunks

    found: list[dict[str, Any]] = []
    comparisons: dict[str, Comparison] = {}
    every = sheets()
    for sheet, rows in chunks(batch):
        if sheet not in comparisons:
            comparisons[sheet] = Comparison(batch, every[sheet], every, batch.counts)
        found += comparisons[sheet].stale(rows)
        if len(found) >= most:
            break
    return found[:most]


class Comparison:
    """Compares rows of one sheet of a batch; `written` are the sheets of which the batch has rows."""

    def __init__(self, batch: Batch, sheet: Sheet, every: Mapping[str, Sheet], written: Collection[str]) -> None:
        self.resource: RecordResource = sheet.resource
        in_file = {one.resource.model: one for name, one in every.items() if one.part is None and name in written}
        self.known = Known(batch, in_file, sheet.resource)
        self.resting = Resting(sheet.resource, batch)
        whole = next(one for one in every.values() if one.resource is sheet.resource and one.part is None)
        self.judge = Judge(whole, self.known)

    def stale(self, rows: Sequence[Any]) -> list[dict[str, Any]]:
        """Those of the rows, all of one kind, that can no longer be applied."""
        stored = states.stored_with_pks(self.resource, [row.key for row in rows])
        differing = {row.key: self._difference(row, stored.get(row.key, (None, None))[1]) for row in rows}
        left = [row for row in rows if not differing[row.key]]
        if rows[0].kind == Row.Kind.REMOVED:
            why, _edges = self.resting.on({row.key: stored[row.key][0] for row in left})
            differing.update((key, " ".join(words)) for key, words in why.items())
        else:
            differing.update(self.broken(left, {key: pk for key, (pk, _state) in stored.items()}))
        return [
            _told(row, stored.get(row.key, (None, None))[1], differing[row.key]) for row in rows if differing[row.key]
        ]

    def _difference(self, row: Any, now: Any) -> str:
        if row.kind == Row.Kind.NEW:
            return "" if now is None else _("It has been added meanwhile.")
        if now is None:
            return _("It has been deleted meanwhile.")
        return "" if now == row.before else _("It has been changed meanwhile.")

    def broken(self, rows: Sequence[Any], pks: Mapping[str, Any], coming: Collection[str] = ()) -> dict[str, str]:
        """What is against these rows, new or changed, by key: a name may be gone, a text of a passage be another.

        `coming` are keys of new ones for which the batch has no rows yet.
        """
        missing = self._missing(rows, coming)
        plans = []
        for row in rows:
            if not missing[row.key]:
                plan = Plan(Record(row.number, row.number, {}, []), key=row.key, before=row.before, after=row.after)
                plan.pk = pks.get(row.key)
                plans.append(plan)
        self.judge.ask(plans)
        self.judge.judge(plans)
        self.judge.refuse_taken(plans)
        said = {plan.key: " ".join(one["message"] for one in plan.problems) for plan in plans}
        losing = {
            row.key: (pks[row.key], parts)
            for row in rows
            if row.before and (parts := dropped(self.resource, row.before, row.after))
        }
        said |= {key: " ".join(why) for key, why in self.resting.on_parts(losing).items()}
        return {key: words for key, words in (missing | said).items() if words}

    def _missing(self, rows: Sequence[Any], coming: Collection[str]) -> dict[str, str]:
        """Which of the keys that the rows name are gone, in words by the row's key."""
        naming: dict[tuple[Any, str], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for row in rows:
            for space, key in named(self.resource, row.after):
                naming[space][key].append(row.key)
        said: dict[str, str] = {row.key: "" for row in rows}
        for (model, to), keys in naming.items():
            there: set[str] = set()
            for some in states.in_turn(keys):
                there.update(model._default_manager.filter(**{f"{to}__among": some}).values_list(to, flat=True))
            there |= self._coming(model, [key for key in keys if key not in there])
            there |= set(coming) if (model, to) == (self.resource.model, self.resource.key) else set()
            for key in keys.keys() - there:
                message = _("“%(key)s” is no longer there.") % {"key": key}
                said.update((owner, f"{said[owner]} {message}".strip()) for owner in keys[key])
        return said

    def _coming(self, model: Any, keys: list[str]) -> set[str]:
        if model not in self.known.in_file or not keys:
            return set()
        rows = Row.objects.filter(
            batch=self.known.batch, sheet=self.known.in_file[model].name, key__in=keys, kind=Row.Kind.NEW
        )
        return set(rows.values_list("key", flat=True))


def named(resource: RecordResource, state: State) -> Iterator[tuple[tuple[Any, str], str]]:
    """((model, field), key) of all that a record names by key, its parts included."""
    yield from _named_by(resource.written, state)
    for part in resource.parts:
        for one in state[part.name]:
            yield from _named_by(resource.part_columns[part.name], one)


def _named_by(columns: Iterable[Column], state: State) -> Iterator[tuple[tuple[Any, str], str]]:
    for column in columns:
        if column.kind in (Kind.KEY, Kind.KEYS) and not column.readonly and (value := state[column.name]):
            for key in value if isinstance(value, list) else [value]:
                yield (column.related, column.to), key


def _told(row: Any, now: Any, message: str) -> dict[str, Any]:
    return {
        "sheet": row.sheet,
        "row": row.number,
        "key": row.key,
        "before": row.before,
        "now": now,
        "after": row.after,
        "message": message,
    }
