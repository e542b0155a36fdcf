"""The rows of a preview as a check writes them: counted, and rejected later on for what comes after them."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from curation.importing.planning.planner import Planner
from curation.importing.planning.plans import Plan
from curation.importing.planning.records import Problem, problem
from curation.importing.resources import Sheet
from curation.importing.stored import states, writing
from curation.models import Batch, Row

TURNED_DOWN = ("kind", "before", "after", "problems")
WRITTEN = ("batch_id", "sheet", "number", "last_number", "kind", "key", "before", "after", "problems", "notes")

RowKind = Row.Kind


class Preview:
    """The rows of one check."""

    def __init__(self, batch: Batch, sheets: Mapping[str, Sheet]) -> None:
        self.batch, self.sheets = batch, sheets
        self.counts: dict[str, Counter[str]] = defaultdict(Counter)
        self.refused: list[tuple[str, str]] = []  # (sheet, key) of rows that were rejected after they were planned
        self.leaning: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
        self.made: set[tuple[str, str]] = set()  # (sheet, key) of rows that are there because a cell names them

    def add(self, planner: Planner, plans: list[Plan]) -> None:
        sheet = planner.sheet
        for plan in plans:
            self.counts[sheet.name][plan.kind] += 1
            for model, key in plan.leans:
                if of := planner.known.in_file.get(model):
                    self.leaning[of.name, key].append((sheet.name, plan.key))
        writing.insert(Row, WRITTEN, (self._row(sheet, plan) for plan in plans))

    def _row(self, sheet: Sheet, plan: Plan) -> tuple[Any, ...]:
        is_written = plan.kind in (RowKind.NEW, RowKind.CHANGED)
        before = plan.before if plan.kind == RowKind.CHANGED else None
        after = plan.after if is_written else None
        record = plan.record
        return (
            self.batch.pk, sheet.name, record.number, record.last_number, plan.kind, plan.key[:250], before, after,
            plan.problems or None, plan.notes or None,
        )  # fmt: skip

    def add_created(self, planner: Planner) -> None:
        """Rows for what is made because a cell names it; they come before the row that names it."""
        rows = []
        for (model, key), made in planner.names.created.items():
            of = planner.known.in_file[model]
            state = states.blank(of.resource) | {name: value for name, value in made.items() if name}
            number = made[""]
            note = {"message": _("Made because row %(row)d names it.") % {"row": number}, "url": ""}
            rows.append((self.batch.pk, of.name, number, number, RowKind.NEW, key, None, state, None, [note]))
            self.counts[of.name][RowKind.NEW] += 1
            self.made.add((of.name, key))
        writing.insert(Row, WRITTEN, rows)
        planner.names.created.clear()

    # --- one record twice ---

    def refuse_repeated(self, sheet: Sheet, plans: list[Plan]) -> None:
        """A key that stands on several rows is an error of all of them, each naming another."""
        first: dict[str, Plan] = {}
        keys = list({plan.key for plan in plans if plan.key})
        earlier: dict[str, tuple[int, int]] = {}
        for some in states.in_turn(keys):
            rows = Row.objects.filter(batch=self.batch, sheet=sheet.name, key__among=some)
            earlier.update((key, (pk, number)) for key, pk, number in rows.values_list("key", "pk", "number"))
        why: dict[int, list[Problem]] = defaultdict(list)
        for plan in plans:
            if not plan.key:
                continue
            number = plan.record.number
            if plan.key in earlier:
                pk, other = earlier[plan.key]
                why[pk].append(repeated(sheet, plan.key, other, number))
            elif plan.key in first:
                other = first[plan.key].record.number
                before = first[plan.key]
                before.problems.append(repeated(sheet, plan.key, other, number))
                before.kind = RowKind.REJECTED
                self.refused.append((sheet.name, plan.key))
            else:
                first[plan.key] = plan
                continue
            plan.problems.append(repeated(sheet, plan.key, number, other))
            plan.kind = RowKind.REJECTED
        self.refuse(why)

    def refuse(self, why: Mapping[int, list[Problem]]) -> None:
        """Reject rows that were kept already, for the problems of each, and what goes in with them."""
        if not why:
            return
        rows = [row for some in states.in_turn(why) for row in Row.objects.filter(pk__in=some)]
        lost = [row for row in rows if row.kind != RowKind.REJECTED]
        for row in rows:
            self._turn_down(row, why[row.pk])
        writing.update(Row, TURNED_DOWN, ((row.pk, *(getattr(row, name) for name in TURNED_DOWN)) for row in rows))
        by_model: dict[Any, dict[str, Row]] = defaultdict(dict)
        for row in lost:
            by_model[self.sheets[row.sheet].resource.model][row.key] = row
        for model, by_key in by_model.items():
            self._refuse_with(model, by_key)

    def _refuse_with(self, model: Any, by_key: Mapping[str, Row]) -> None:
        """Reject the rows of the same records in other sheets."""
        names = [sheet.name for sheet in self.sheets.values() if sheet.resource.model is model]
        if len(names) == 1:
            return
        message = _("Row %(row)d of %(sheet)s, to which this belongs, is rejected.")
        rows: list[Row] = []
        for some in states.in_turn(by_key):
            others = Row.objects.filter(batch=self.batch, sheet__in=names, key__in=some)
            rows += others.exclude(kind=RowKind.REJECTED)
        if not rows:
            return
        for row in rows:
            said = message % {"row": by_key[row.key].number, "sheet": by_key[row.key].sheet}
            self._turn_down(row, [problem(row.number, self.sheets[row.sheet].key, row.key, said)])
        writing.update(Row, TURNED_DOWN, ((row.pk, *(getattr(row, name) for name in TURNED_DOWN)) for row in rows))

    def _turn_down(self, row: Row, why: list[Problem]) -> None:
        if row.kind != RowKind.REJECTED:
            self.counts[row.sheet][row.kind] -= 1
            self.counts[row.sheet][RowKind.REJECTED] += 1
            self.refused.append((row.sheet, row.key))
        row.kind, row.before, row.after = RowKind.REJECTED, None, None
        row.problems = [*(row.problems or []), *why]

    # --- the end ---

    def refuse_dependents(self) -> None:
        """Reject what names a record that this file was to make, where that was rejected after all."""
        while self.refused:
            gone, self.refused = self.refused, []
            needs: dict[str, dict[str, str]] = defaultdict(dict)  # by sheet and key, what is missing
            for sheet, key in gone:
                said = _("This needs “%(key)s” of %(sheet)s, which is rejected.") % {"key": key, "sheet": sheet}
                for of, other in self.leaning.pop((sheet, key), ()):
                    needs[of].setdefault(other, said)
            for of, keys in needs.items():
                for some in states.in_turn(keys):
                    rows = Row.objects.filter(batch=self.batch, sheet=of, key__in=some).exclude(kind=RowKind.REJECTED)
                    found = rows.values_list("pk", "number", "key")
                    self.refuse({pk: [problem(number, "", key, keys[key])] for pk, number, key in found})

    def remove_unneeded(self) -> None:
        """What was to be made because rejected rows alone name it is not made."""
        if not self.made:
            return
        rejected = Row.objects.filter(batch=self.batch, kind=RowKind.REJECTED).values_list("sheet", "key")
        gone = set(rejected.iterator())
        for sheet, key in self.made:
            if gone.issuperset(self.leaning.get((sheet, key), ())):
                self.counts[sheet][RowKind.NEW] -= 1
                if not self.counts[sheet].total():
                    del self.counts[sheet]
                Row.objects.filter(batch=self.batch, sheet=sheet, key=key).delete()


def repeated(sheet: Sheet, key: str, number: int, other: int) -> Problem:
    message = _("“%(key)s” stands on row %(other)d, too. Keep one of the two, or put them together.")
    return problem(number, sheet.key, key, message % {"key": key, "other": other})
