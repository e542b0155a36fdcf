"""Parts that stand in a sheet of their own, put together with their record, so that all of it stands or falls."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from curation.importing import states, writing
from curation.importing.plans import Plan
from curation.importing.records import Problem, problem
from curation.importing.resources import Sheet
from curation.models import Batch, Row

RowKind = Row.Kind


class Folder:
    """Folds plans of parts into rows of the preview; `refuse_row` rejects one that was kept already."""

    def __init__(self, batch: Batch, sheets: Mapping[str, Sheet], refuse_row: Callable[[int, Problem], object]) -> None:
        self.batch, self.sheets, self.refuse_row = batch, sheets, refuse_row
        self.changed: dict[int, Row] = {}

    def fold(self, sheet: Sheet, plans: list[Plan]) -> None:
        """Put parts into the row of their record, where the file has one: they stand or fall together."""
        rows = self._rows_of_owners(sheet, [plan.key for plan in plans if plan.key])
        mine: dict[str, Plan] = {}
        for plan in plans:
            row = rows.get(plan.key)
            if row is not None:
                self._fold_into_row(sheet, plan, row)
            elif plan.key in mine:
                self._fold_into_plan(sheet, plan, mine[plan.key])
            elif plan.key:
                mine[plan.key] = plan
        writing.update(Row, ("after",), ((row.pk, row.after) for row in self.changed.values()))
        self.changed.clear()

    def _rows_of_owners(self, sheet: Sheet, keys: list[str]) -> dict[str, Row]:
        names = [one.name for one in self.sheets.values() if one.resource.model is sheet.resource.model]
        found: dict[str, Row] = {}
        for some in states.in_turn(dict.fromkeys(keys)):
            for row in Row.objects.filter(batch=self.batch, sheet__in=names, key__in=some).order_by("pk"):
                if row.key not in found or found[row.key].kind == RowKind.SAME:
                    found[row.key] = row
        return found

    def _fold_into_row(self, sheet: Sheet, plan: Plan, row: Row) -> None:
        if row.kind == RowKind.REJECTED:
            message = _("Row %(row)d of %(sheet)s, to which this belongs, is rejected.")
            plan.wrong(sheet.key, plan.key, message % {"row": row.number, "sheet": row.sheet})
        if plan.problems:
            plan.kind = RowKind.REJECTED
            message = _("Row %(row)d of %(sheet)s, which belongs to this, is rejected.")
            said = message % {"row": plan.record.number, "sheet": sheet.name}
            self.changed.pop(row.pk, None)
            self.refuse_row(row.pk, problem(row.number, sheet.resource.key, row.key, said))
            row.kind = RowKind.REJECTED
            return
        if row.kind == RowKind.SAME:
            return  # its own row says what becomes of it
        parts = with_parts(row.after or {}, plan)
        row.after = {**(row.after or {}), **parts}
        self.changed[row.pk] = row
        plan.after, plan.before = None, None
        plan.note(_("Goes in with row %(row)d of %(sheet)s.") % {"row": row.number, "sheet": row.sheet})

    def _fold_into_plan(self, sheet: Sheet, plan: Plan, first: Plan) -> None:
        if plan.problems or first.problems:
            for one, other in ((plan, first), (first, plan)):
                if not one.problems:
                    message = _("Row %(row)d, of the same record, is rejected.") % {"row": other.record.number}
                    one.wrong(sheet.key, one.key, message)
                    one.kind = RowKind.REJECTED
            return
        if plan.kind == RowKind.SAME:
            return
        first.after = {**(first.after or {}), **with_parts(first.after or {}, plan)}
        first.kind = RowKind.CHANGED
        plan.after, plan.before = None, None
        plan.note(_("Goes in with row %(row)d.") % {"row": first.record.number})


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
