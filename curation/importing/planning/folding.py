"""Parts that stand in a sheet of their own, put together with their record, so that all of it stands or falls."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from curation.importing.planning.plans import Plan
from curation.importing.planning.records import Problem, problem
from curation.importing.resources import Sheet, State
from curation.importing.stored import states, writing
from curation.models import Batch, Row

RowKind = Row.Kind


class Folder:
    """Folds plans of parts into rows of the preview; `refuse_rows` rejects those that were kept already."""

    def __init__(
        self, batch: Batch, sheets: Mapping[str, Sheet], refuse_rows: Callable[[Mapping[int, list[Problem]]], object]
    ) -> None:
        self.batch, self.sheets, self.refuse_rows = batch, sheets, refuse_rows
        self.changed: dict[int, Row] = {}
        self.refused: dict[int, list[Problem]] = {}

    def fold(self, sheet: Sheet, plans: list[Plan]) -> None:
        """Put parts into the row of their record, where the file has one: they stand or fall together."""
        rows = self._rows_of_owners(sheet, [plan.key for plan in plans if plan.key])
        groups: dict[str, list[Plan]] = defaultdict(list)
        for plan in plans:
            if plan.key in rows:
                self._fold_into_row(sheet, plan, rows[plan.key])
            elif plan.key in groups:
                self._fold_into_plan(sheet, plan, groups[plan.key][0])
            if plan.key:
                groups[plan.key].append(plan)
        for key, group in groups.items():
            if bad := next((plan for plan in group if plan.problems), None):
                self._refuse(sheet, group, bad, rows.get(key))
        if self.changed:
            writing.update(Row, ("after",), ((row.pk, row.after) for row in self.changed.values()))
        self.refuse_rows(self.refused)
        self.changed.clear()
        self.refused.clear()

    def _rows_of_owners(self, sheet: Sheet, keys: list[str]) -> dict[str, Row]:
        names = [one.name for one in self.sheets.values() if one.resource.model is sheet.resource.model]
        found: dict[str, Row] = {}
        for some in states.in_turn(dict.fromkeys(keys)):
            rows = Row.objects.filter(batch=self.batch, sheet__in=names, key__in=some).order_by("pk")
            for row in rows.exclude(kind=RowKind.SAME):  # that writes nothing
                found.setdefault(row.key, row)
        return found

    def _fold_into_row(self, sheet: Sheet, plan: Plan, row: Row) -> None:
        if row.kind == RowKind.REJECTED:
            message = _("Row %(row)d of %(sheet)s, to which this belongs, is rejected.")
            plan.wrong(sheet.key, plan.key, message % {"row": row.number, "sheet": row.sheet})
            return
        _refuse_twice(plan, row.before, row.after, row.number, row.sheet, same_too=row.sheet == sheet.name)
        if plan.problems:
            return
        row.after = {**(row.after or {}), **with_parts(row.after or {}, plan)}
        self.changed[row.pk] = row
        plan.kind, plan.after, plan.before = row.kind, None, None
        plan.note(_("Goes in with row %(row)d of %(sheet)s.") % {"row": row.number, "sheet": row.sheet})

    def _fold_into_plan(self, sheet: Sheet, plan: Plan, first: Plan) -> None:
        _refuse_twice(plan, first.before, first.after, first.record.number, sheet.name, same_too=True)
        if plan.problems or first.problems or plan.kind == RowKind.SAME:
            return
        first.after = {**(first.after or {}), **with_parts(first.after or {}, plan)}
        first.kind = RowKind.CHANGED
        plan.after, plan.before = None, None
        plan.note(_("Goes in with row %(row)d.") % {"row": first.record.number})

    def _refuse(self, sheet: Sheet, group: list[Plan], bad: Plan, row: Row | None) -> None:
        """Reject all parts of the record, and its own row, because of one that is bad."""
        for plan in group:
            if not plan.problems:
                message = _("Row %(row)d, of the same record, is rejected.") % {"row": bad.record.number}
                plan.wrong(sheet.key, plan.key, message)
            plan.kind = RowKind.REJECTED
        if row is not None and row.kind != RowKind.REJECTED:
            self.changed.pop(row.pk, None)
            message = _("Row %(row)d of %(sheet)s, which belongs to this, is rejected.")
            said = message % {"row": bad.record.number, "sheet": sheet.name}
            self.refused[row.pk] = [problem(row.number, self.sheets[row.sheet].key, row.key, said)]


def _refuse_twice(
    plan: Plan, before: State | None, after: State | None, number: int, sheet: str, *, same_too: bool
) -> None:
    """A part that an earlier row of the file adds or changes, too."""
    for planned in plan.parts:
        name, identity = planned.part.name, planned.part.identity
        key = planned.given.get(identity)
        there = next((one for one in (after or {}).get(name, ()) if one[identity] == key), None)
        if there is not None and there not in (before or {}).get(name, ()) and (same_too or there != planned.state):
            message = _("Row %(row)d of %(sheet)s has this, too. Keep one.") % {"row": number, "sheet": sheet}
            plan.wrong(identity, key, message, planned.number)


def with_parts(after: dict[str, Any], plan: Plan) -> dict[str, Any]:
    """The lists of parts of `after`, with those that the plan has new or changed in their places."""
    merged: dict[str, Any] = {}
    for planned in plan.parts:
        name, identity = planned.part.name, planned.part.identity
        mine = {one[identity]: one for one in (plan.after or {}).get(name, ())}
        key = planned.given.get(identity)
        rest = [one for one in merged.get(name, after.get(name, [])) if one[identity] != key]
        merged[name] = sorted([*rest, *([mine[key]] if key in mine else [])], key=lambda one: one[identity])
    return merged
