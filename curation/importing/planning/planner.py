"""What each record of a sheet would do to the content: many records at a time, in a constant number of queries.

A plan is what becomes a `curation.models.Row`: new, changed, the same, or rejected with its problems. The rules are
those of `full_clean` (fields, constraints, unique values, `clean`), judged without a query a row; a test holds the two
equal.
"""

from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from curation.importing import suggesting
from curation.importing.columns import CLEARED, KEEP, CellError, Column
from curation.importing.escaping import carried
from curation.importing.planning import minting
from curation.importing.planning.judging import Judge
from curation.importing.planning.naming import Names
from curation.importing.planning.plans import Plan, PlannedPart
from curation.importing.planning.records import PartLine, Record
from curation.importing.planning.resolving import Known
from curation.importing.resources import Part, RecordResource, Sheet, State
from curation.importing.stored import states
from curation.models import Row

RowKind = Row.Kind


class Planner:
    """Plans the records of one sheet."""

    def __init__(
        self,
        sheet: Sheet,
        known: Known,
        *,
        by: str,
        create: dict[str, Any] | None = None,
        given_keys: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        """`given_keys` are all that the sheet gives: a key for a blank cell keeps clear of those further on, too."""
        self.sheet, self.resource, self.known, self.by = sheet, sheet.resource, known, by
        self.names, self.judging = Names(sheet, known, create), Judge(sheet, known)
        self.minter, self.given_keys, self.has_met = minting.Minter(self.resource), given_keys, False
        self.blank = states.blank(self.resource)
        self.blank_parts = {part.name: states.blank_part(self.resource, part) for part in self.resource.parts}
        self.columns_of = {
            name: {column.name: column for column in columns} for name, columns in self.resource.part_columns.items()
        }
        self.part_of = {name: part for part in self.resource.parts for name in self.columns_of[part.name]}
        self.needed = [column for column in _needed(self.resource.written) if column.name != sheet.key]
        self.needed_of = {name: _needed(columns) for name, columns in self.resource.part_columns.items()}
        self.hooked = type(self.resource).before_import_row is not RecordResource.before_import_row

    # --- a chunk ---

    def plan(self, records: Iterable[Record], *, final: bool = False) -> list[Plan]:
        """Plans in the order of the records. Those that wait for a later record say so, unless this is `final`."""
        self.known.trim()
        plans = [self._begun(record) for record in records]
        self.names.resolve(plans, final=final)
        self._meet_stored(plans)
        minted = self._mint(plans)
        for plan in plans:
            if not plan.waits:
                self._merge(plan)
        judged = [plan for plan in plans if plan.after is not None and not plan.problems and not plan.waits]
        self._settle(judged)
        self.judging.judge(judged)
        self.judging.refuse_taken(judged)
        self._mark_alike([plan for plan in judged if plan.before is None and not plan.problems])
        for plan in minted:
            if plan.problems:
                plan.key = ""
            else:
                plan.note(_("The blank %(column)s becomes %(key)s.") % {"column": self.sheet.key, "key": plan.key})
        for plan in plans:
            plan.kind = self._kind(plan)
        return plans

    def _kind(self, plan: Plan) -> str:
        if plan.problems:
            return RowKind.REJECTED
        if plan.before is None:
            return RowKind.NEW
        return RowKind.SAME if plan.before == plan.after else RowKind.CHANGED

    # --- cells ---

    def _begun(self, record: Record) -> Plan:
        plan = Plan(record, problems=list(record.problems))
        if self.hooked:
            self._call_hook(record, plan)
        plan.given = self._read(record.cells, self.sheet.own, plan, record.number)
        for line in record.parts:
            given = self._read(line.cells, self.sheet.of_parts, plan, line.number)
            if given:
                plan.parts.append(PlannedPart(self._part_of(line), line.number, given))
        key = plan.given.pop(self.sheet.key, "")
        if key is CLEARED:
            plan.wrong(self.sheet.key, "", _("A key cannot be cleared."))
        else:
            plan.key = key
        return plan

    def _call_hook(self, record: Record, plan: Plan) -> None:
        row = dict.fromkeys(self.sheet.own, "") | record.cells
        try:
            self.resource.before_import_row(row, row_number=record.number)
        except (ValidationError, ValueError) as error:
            message = " ".join(error.messages) if isinstance(error, ValidationError) else str(error)
            plan.wrong("", "", message)
        record.cells = {name: str(value) for name, value in row.items() if value not in (None, "")}

    def _part_of(self, line: PartLine) -> Part:
        return self.part_of[next(iter(line.cells))]

    def _read(self, cells: dict[str, str], columns: Any, plan: Plan, number: int) -> dict[str, Any]:
        given = {}
        for name, cell in cells.items():
            column = columns.get(name)
            if column is None:
                continue
            try:
                value = column.read(cell)
            except CellError as error:
                plan.wrong(name, cell, str(error), number)
                continue
            if value is not KEEP:
                given[name] = value
        return given

    # --- what is stored ---

    def _meet_stored(self, plans: list[Plan]) -> None:
        found = states.stored_with_pks(self.resource, [plan.key for plan in plans if plan.key])
        for plan in plans:
            if stored := found.get(plan.key):
                plan.pk, plan.before = stored
        if self.sheet.part is not None:
            self._meet_staged({plan.key: plan for plan in plans if plan.key})

    def _meet_staged(self, plans: dict[str, Plan]) -> None:
        """Parts go to their record as this file makes it, where it does."""
        of = self.known.in_file.get(self.resource.model)
        for some in states.in_turn(plans if of else ()):
            rows = Row.objects.filter(batch=self.known.batch, sheet=of.name, key__in=some, kind__in=Row.WRITTEN)  # type: ignore[union-attr]
            for key, after in rows.filter(after__isnull=False).values_list("key", "after"):
                plans[key].before = after

    def _mint(self, plans: list[Plan]) -> list[Plan]:
        """Give new records without a key the next free one; needs the rest of their cells. Which were given one."""
        new = [plan for plan in plans if not plan.key and not plan.problems and not plan.waits]
        if self.sheet.part is not None:
            for plan in new:
                plan.wrong(self.sheet.key, "", _("Say whose this is: the key is missing."))
            return []
        if new and not self.has_met:
            self.has_met = True
            self.minter.meet(self.given_keys())
        for plan, key in zip(new, self.minter.keys([self._merged(plan) for plan in new]), strict=True):
            if key:
                plan.key = key
            elif self.resource.columns[self.resource.key].required:
                plan.wrong(self.sheet.key, "", _("A new record needs its key here."))
        return [plan for plan in new if plan.key]

    # --- putting together ---

    def _merged(self, plan: Plan) -> State:
        """The cells over what is stored, or over the defaults."""
        state = dict(self.blank if plan.before is None else plan.before)  # no list in it is ever changed in place
        for name, value in plan.given.items():
            if value is CLEARED:
                state[name] = self.sheet.own[name].empty
            elif isinstance(value, list):
                state[name] = sorted(value)
            else:
                state[name] = value if plan.before is None else carried(state[name], value)
        return state

    def _merge(self, plan: Plan) -> None:
        if self.sheet.part is not None and plan.before is None:
            if plan.key and not plan.problems:
                message = suggesting.unknown_key(plan.key, str(self.resource.model._meta.verbose_name), "")
                plan.wrong(self.sheet.key, plan.key, message)
            return
        state = self._merged(plan)
        state[self.resource.key] = plan.key
        self._require(plan, state, self.needed, plan.given, plan.record.number, is_new=plan.before is None)
        if not plan.key and not plan.problems:
            plan.wrong(self.sheet.key, "", _("A new record needs its key here."))
        for planned in plan.parts:
            state[planned.part.name] = self._merged_part(plan, planned, state[planned.part.name])
        if plan.problems:
            return
        plan.after = state

    def _settle(self, plans: list[Plan]) -> None:
        changed = [plan for plan in plans if plan.before != plan.after]
        self.judging.ask([plan for plan in changed if plan.before is not None])  # of a new one every key is in a cell
        for plan in changed:
            assert plan.after is not None  # noqa: S101
            self.resource.settle(plan.before, plan.after, by=self.by)
            for part in self.resource.parts:
                if len(there := plan.after[part.name]) > 1:
                    plan.after[part.name] = sorted(there, key=itemgetter(part.identity))

    def _require(
        self, plan: Plan, state: State, columns: Iterable[Column], given: dict[str, Any], number: int, *, is_new: bool
    ) -> None:
        """Name what a new record lacks, and what may not be cleared, of the columns that need something."""
        for column in columns:
            if state[column.name] not in (None, ""):
                continue
            if given.get(column.name) is CLEARED:
                if not column.clearable:
                    plan.wrong(column.name, "", _("This cannot be cleared: something must stand here."), number)
            elif column.required and is_new and not any(one["column"] == column.name for one in plan.problems):
                plan.wrong(column.name, "", _("Something must stand here."), number)

    def _merged_part(self, plan: Plan, planned: PlannedPart, there: list[State]) -> list[State]:
        part = planned.part
        columns = self.columns_of[part.name]
        identity = planned.given.get(part.identity) or ""
        if identity is CLEARED:
            identity = ""
        earlier = plan.parts[: plan.parts.index(planned)]
        if identity and any(one.given.get(part.identity) == identity for one in earlier):
            plan.wrong(
                part.identity, identity, _("This stands on another line of the same record. Keep one."), planned.number
            )
            return there
        old = next((one for one in there if identity and one[part.identity] == identity), None)
        if not identity:
            old = self._same_part(plan, planned, there)
        state = dict(old or self.blank_parts[part.name])
        for name, value in planned.given.items():
            state[name] = columns[name].empty if value is CLEARED else carried(state[name], value) if old else value
        planned.state = state
        self._require(plan, state, self.needed_of[part.name], planned.given, planned.number, is_new=old is None)
        if old:
            return [state if one is old else one for one in there]
        return [*there, state]

    def _same_part(self, plan: Plan, planned: PlannedPart, there: list[State]) -> State | None:
        """The part meant by a line that does not name it: one that says the same, so that it is not added again."""
        columns = self.columns_of[planned.part.name]
        said = {
            name: columns[name].empty if value is CLEARED else value
            for name, value in planned.given.items()
            if name != planned.part.identity
        }
        taken = [id(one.state) for one in plan.parts]
        same = (one for one in there if id(one) not in taken and all(one[name] == said[name] for name in said))
        return next(same, None)

    def _mark_alike(self, plans: list[Plan]) -> None:
        alike = self.resource.alike({number: plan.after for number, plan in enumerate(plans) if plan.after is not None})
        for number, other in alike.items():
            message = _("Possible duplicate of %(key)s: “%(words)s”")
            plans[number].note(message % {"key": other.key, "words": other.words}, other.url)


def _needed(columns: Iterable[Column]) -> list[Column]:
    """Those in which something must stand."""
    return [column for column in columns if not column.readonly and (column.required or not column.clearable)]
