"""Whether the rows of a preview are still right, once the content has moved: each compared with what is stored now."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from curation.importing import resting, states
from curation.importing.columns import Kind
from curation.importing.planning import Plan, Planner
from curation.importing.records import Record
from curation.importing.resolving import Known
from curation.importing.resources import RecordResource, Sheet, sheets
from curation.models import Batch, Row


def stale(batch: Batch, *, most: int) -> list[dict[str, Any]]:
    """The rows that can no longer be applied as they were shown, at most so many: {"sheet", "row", "key", …}.

    `before` and `now` are what was stored then and what is stored now, `after` what the row would make of it, and
    `message` says what is wrong.
    """
    from curation.importing.applying import chunks

    found: list[dict[str, Any]] = []
    comparisons: dict[str, _Comparison] = {}
    every = sheets()
    for sheet, rows in chunks(batch):
        if sheet not in comparisons:
            comparisons[sheet] = _Comparison(batch, every[sheet], every)
        found += comparisons[sheet].stale(rows)
        if len(found) >= most:
            break
    return found[:most]


class _Comparison:
    def __init__(self, batch: Batch, sheet: Sheet, every: dict[str, Sheet]) -> None:
        self.resource: RecordResource = sheet.resource
        in_file = {one.resource.model: one for name, one in every.items() if one.part is None and name in batch.counts}
        self.known = Known(batch, in_file, sheet.resource)
        whole = next(one for one in every.values() if one.resource is sheet.resource and one.part is None)
        self.planner = Planner(whole, self.known, by=batch.by)

    def stale(self, rows: Sequence[Any]) -> list[dict[str, Any]]:
        stored = states.stored_with_pks(self.resource, [row.key for row in rows])
        differing = {row.key: self._difference(row, stored.get(row.key, (None, None))[1]) for row in rows}
        left = [row for row in rows if not differing[row.key]]
        if rows[0].kind == Row.Kind.REMOVED:
            pks = {stored[row.key][0]: row.key for row in left}
            differing.update((pks[pk], " ".join(why)) for pk, why in resting.on(self.resource, list(pks)).items())
        else:
            differing.update(self._broken(left, stored))
        return [
            _told(row, stored.get(row.key, (None, None))[1], differing[row.key]) for row in rows if differing[row.key]
        ]

    def _difference(self, row: Any, now: Any) -> str:
        if row.kind == Row.Kind.NEW:
            return "" if now is None else _("It has been added meanwhile.")
        if now is None:
            return _("It has been deleted meanwhile.")
        return "" if now == row.before else _("It has been changed meanwhile.")

    def _broken(self, rows: Sequence[Any], stored: Any) -> dict[str, str]:
        """What the rules say now: a name may be gone, a text of a passage may be another."""
        missing = self._missing(rows)
        plans = []
        for row in rows:
            if not missing[row.key]:
                plan = Plan(Record(row.number, row.number, {}, []), key=row.key, before=row.before, after=row.after)
                plan.pk = stored[row.key][0] if row.key in stored else None
                plans.append(plan)
        self.planner.judge(plans)
        said = {plan.key: " ".join(one["message"] for one in plan.problems) for plan in plans}
        return missing | {key: words for key, words in said.items() if words}

    def _missing(self, rows: Sequence[Any]) -> dict[str, str]:
        named: dict[tuple[Any, str], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for row in rows:
            for column in self.resource.written:
                if column.kind in (Kind.KEY, Kind.KEYS):
                    value = row.after[column.name]
                    for key in value if isinstance(value, list) else [value] if value else []:
                        named[column.related, column.to][key].append(row.key)
            for part in self.resource.parts:
                for column in self.resource.part_columns[part.name]:
                    if column.kind is Kind.KEY:
                        for one in row.after[part.name]:
                            if one[column.name]:
                                named[column.related, column.to][one[column.name]].append(row.key)
        said: dict[str, str] = {row.key: "" for row in rows}
        for (model, to), keys in named.items():
            there: set[str] = set()
            for some in states.in_turn(keys):
                there.update(model._default_manager.filter(**{f"{to}__in": some}).values_list(to, flat=True))
            there |= self._coming(model, [key for key in keys if key not in there])
            for key, owners in keys.items():
                if key not in there:
                    message = _("“%(key)s” is no longer there.") % {"key": key}
                    said.update((owner, f"{said[owner]} {message}".strip()) for owner in owners)
        return said

    def _coming(self, model: Any, keys: list[str]) -> set[str]:
        if model not in self.known.in_file or not keys:
            return set()
        rows = Row.objects.filter(
            batch=self.known.batch, sheet=self.known.in_file[model].name, key__in=keys, kind=Row.Kind.NEW
        )
        return set(rows.values_list("key", flat=True))


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
