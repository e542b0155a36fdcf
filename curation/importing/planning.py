"""What each record of a sheet would do to the content: many records at a time, in a constant number of queries.

A plan is what becomes a `curation.models.Row`: new, changed, the same, or rejected with its problems. The rules are
those of `full_clean` (fields, constraints, unique values, `clean`), judged without a query a row; a test holds the two
equal.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils.translation import gettext as _

from curation.importing import constraints, minting, states, suggesting
from curation.importing.columns import CLEARED, KEEP, CellError, Column, Kind
from curation.importing.instances import Maker
from curation.importing.records import PartLine, Problem, Record, problem
from curation.importing.resolving import Known, Limit
from curation.importing.resources import Part, RecordResource, Reference, Sheet, State
from curation.models import Row

RowKind = Row.Kind


@dataclass(slots=True, eq=False)
class PlannedPart:
    part: Part
    number: int
    given: dict[str, Any]


@dataclass(slots=True, eq=False)
class Plan:
    """One record on its way to being a row of the preview."""

    record: Record
    given: dict[str, Any] = field(default_factory=dict)
    parts: list[PlannedPart] = field(default_factory=list)
    key: str = ""
    before: State | None = None
    after: State | None = None
    pk: Any = None
    kind: str = ""
    problems: list[Problem] = field(default_factory=list)
    notes: list[dict[str, str]] = field(default_factory=list)
    waits: bool = False  # names a record of this sheet that has not come yet
    leans: list[tuple[Any, str]] = field(default_factory=list)  # (model, key) of rows that this file makes

    def wrong(self, column: str, value: Any, message: str, number: int = 0) -> None:
        self.problems.append(problem(number or self.record.number, column, str(value), message))

    def note(self, message: str, url: str = "") -> None:
        self.notes.append({"message": message, "url": url})


@dataclass(slots=True)
class Naming:
    """That a cell of a plan names `key`; setting it puts another in its place (a key for a name)."""

    plan: Plan
    column: Column
    given: dict[str, Any]
    key: str
    number: int

    def put(self, key: str) -> None:
        value = self.given[self.column.name]
        if isinstance(value, list):
            self.given[self.column.name] = sorted({key if one == self.key else one for one in value})
        else:
            self.given[self.column.name] = key
        self.key = key

    @property
    def reference(self) -> Reference:
        return Reference(self.column.name, self.column.related, self.column.to, self.key)


class Planner:
    """Plans the records of one sheet."""

    def __init__(self, sheet: Sheet, known: Known, *, by: str, create: dict[str, Any] | None = None) -> None:
        self.sheet, self.resource, self.known, self.by = sheet, sheet.resource, known, by
        self.resource.find = known.find  # type: ignore[method-assign]
        self.maker = Maker(self.resource.model, self.resource.written, self.resource.kept)
        self.rules = constraints.compiled(self.resource.model)
        self.unique = [
            one for one in constraints.unique_sets(self.resource.model) if one.fields != (self._key_attname,)
        ]
        self.parts = {part.name: _PartRules(self.resource, part) for part in self.resource.parts}
        self.minter = minting.Minter(self.resource)
        self.limits = {
            column.name: Limit(column)
            for column in sheet.columns.values()
            if column.kind in (Kind.KEY, Kind.KEYS) and not column.readonly and column.limit is not None
        }
        self.spaces = {
            column.name: (column.related, column.to)
            for column in sheet.columns.values()
            if column.kind in (Kind.KEY, Kind.KEYS) and not column.readonly
        }
        self.blank = states.blank(self.resource)
        self.by_field = {column.attname: column.name for column in sheet.columns.values()} | {
            column.model_field.name: column.name for column in sheet.columns.values()
        }
        self.creatable = {
            one.model: (one, asked) for one in self.resource.creatable if (asked := (create or {}).get(one.name))
        }
        self.created: dict[tuple[Any, str], State] = {}  # what is made because a cell names it, and its row number
        self.suggested: dict[str, suggesting.Keys] = {}
        self.taken: dict[str, dict[tuple[Any, ...], int]] = defaultdict(dict)  # unique values of earlier rows
        self.hooked = type(self.resource).before_import_row is not RecordResource.before_import_row

    @property
    def _key_attname(self) -> str:
        return self.resource.columns[self.resource.key].attname

    # --- a chunk ---

    def plan(self, records: Iterable[Record], *, final: bool = False) -> list[Plan]:
        """Plans in the order of the records. Those that wait for a later record say so, unless this is `final`."""
        self.known.trim()
        plans = [self._begun(record) for record in records]
        self._resolve(plans, final=final)
        self._meet_stored(plans)
        self._mint(plans)
        for plan in plans:
            if not plan.waits:
                self._merge(plan)
        judged = [plan for plan in plans if plan.after is not None and not plan.problems and not plan.waits]
        self.judge(judged)
        self._refuse_taken(judged)
        self._mark_alike([plan for plan in judged if plan.before is None and not plan.problems])
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
        name = next(self.sheet.of_parts[name].part for name in line.cells)
        return next(part for part in self.resource.parts if part.name == name)

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

    # --- what cells name ---

    def _resolve(self, plans: list[Plan], *, final: bool) -> None:
        named: dict[Any, dict[str, None]] = defaultdict(dict)
        for plan in plans:
            for given, _number in _given(plan):
                for name, space in self.spaces.items():
                    if value := given.get(name):
                        named[space].update(dict.fromkeys(_keys(value)))
        self.known.look_up(named)
        missing = [naming for plan in plans for naming in self._missing(plan)]
        missing = self._by_other_names(missing)
        missing = self._make(missing)
        if missing:
            self._refuse_missing(missing, final=final)
        for plan in plans:
            self._refuse_unfit(plan)
            if self.known.staged:
                self._lean(plan)

    def _missing(self, plan: Plan) -> Iterator[Naming]:
        for given, number in _given(plan):
            for name, space in self.spaces.items():
                if value := given.get(name):
                    rows = self.known.rows[space]
                    for key in _keys(value):
                        if rows.get(key) is None:
                            yield Naming(plan, self.sheet.columns[name], given, key, number)

    def _refuse_unfit(self, plan: Plan) -> None:
        """What is named must also be of the kind that the column takes."""
        for name, limit in self.limits.items():
            for given, number in _given(plan):
                if value := given.get(name):
                    for key in _keys(value):
                        row = self.known.rows[self.spaces[name]].get(key)
                        if row is not None and not limit.allows(row):
                            plan.wrong(name, key, limit.message(key, row), number)

    def _lean(self, plan: Plan) -> None:
        """Note which rows of this file the plan needs."""
        for given, _number in _given(plan):
            for name, (model, _to) in self.spaces.items():
                if value := given.get(name):
                    plan.leans += [(model, key) for key in _keys(value) if (model, key) in self.known.staged]

    def _found(self, naming: Naming) -> Any:
        return self.known.find(naming.column.related, naming.column.to, naming.key)

    def _by_other_names(self, missing: list[Naming]) -> list[Naming]:
        by_model: dict[Any, dict[str, None]] = defaultdict(dict)
        for naming in missing:
            by_model[naming.column.related][naming.key] = None
        others = {model: self.known.by_other_name(model, list(texts)) for model, texts in by_model.items()}
        left, read = [], []
        for naming in missing:
            keys = others[naming.column.related].get(naming.key, [])
            if len(keys) == 1:
                message = _("“%(name)s” was read as %(key)s.") % {"name": naming.key, "key": keys[0]}
                naming.plan.note(f"{naming.column.name}: {message}")
                naming.put(keys[0])
                read.append(naming)
            elif keys:
                message = _("“%(name)s” is a name of several: %(keys)s. Write the key of the one you mean.")
                said = message % {"name": naming.key, "keys": ", ".join(keys)}
                naming.plan.wrong(naming.column.name, naming.key, said, naming.number)
            else:
                left.append(naming)
        self.known.ask(naming.reference for naming in read)
        return left

    def _make(self, missing: list[Naming]) -> list[Naming]:
        """Make what is missing, where the editor has asked for that; return the rest."""
        made = [(naming, self._made(naming)) for naming in missing]
        self.known.ask(naming.reference._replace(key=one[0]) for naming, one in made if one)
        for naming, one in made:
            if one:
                self._put_made(naming, *one)
        return [naming for naming, one in made if one is None]

    def _made(self, naming: Naming) -> tuple[str, State] | None:
        creatable, asked = self.creatable.get(naming.column.related, (None, None))
        return minting.missing(creatable, asked, naming.key) if creatable else None

    def _put_made(self, naming: Naming, key: str, state: State) -> None:
        """The check writes a row for what is made, before the row that names it first."""
        model, said, name = naming.column.related, naming.key, naming.column.name
        if key != said:
            naming.put(key)
        if self._found(naming) is None:
            self.created[model, key] = state | {"": naming.number}
            self.known.make(model, naming.column.to, key, state)
        elif (model, key) not in self.known.staged:
            message = _("“%(name)s” was read as %(key)s.") % {"name": said, "key": key}
            naming.plan.note(f"{name}: {message}")
            return
        naming.plan.note(_("%(column)s: “%(key)s” is made, since it is not there.") % {"column": name, "key": key})

    def _refuse_missing(self, missing: list[Naming], *, final: bool) -> None:
        own = self.resource.model
        near = self._near(missing)
        refused = self.known.refused(own, [one.key for one in missing if one.column.related is own])
        for naming in missing:
            if naming.column.related is own and naming.key == naming.plan.key and naming.key:
                continue  # itself: the constraint says what is wrong with that
            if naming.column.related is own and not final and naming.key not in refused:
                naming.plan.waits = True
            else:
                naming.plan.wrong(
                    naming.column.name, naming.key, self._missing_words(naming, refused, near), naming.number
                )

    def _near(self, missing: list[Naming]) -> dict[tuple[str, str], str]:
        """The nearest key there is, by column and what stands in the cell."""
        named: dict[str, dict[str, None]] = defaultdict(dict)
        for naming in missing:
            named[naming.column.name][naming.key] = None
        found = {}
        for name, keys in named.items():
            if name not in self.suggested:
                column = self.sheet.columns[name]
                self.suggested[name] = suggesting.Keys(column.related._default_manager.all(), column.to)
            near = self.suggested[name].nearest(list(keys))
            found.update({(name, key): one for key, one in near.items()})
        return found

    def _missing_words(self, naming: Naming, refused: dict[str, int], near: dict[tuple[str, str], str]) -> str:
        if naming.key in refused:
            return _("“%(key)s” is to be made by row %(row)d of this file, which is rejected. Mend that row, too.") % {
                "key": naming.key,
                "row": refused[naming.key],
            }
        thing = str(naming.column.related._meta.verbose_name)
        return suggesting.unknown_key(naming.key, thing, near[naming.column.name, naming.key])

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

    def _mint(self, plans: list[Plan]) -> None:
        """Give new records without a key the next free one; needs the rest of their cells."""
        new = [plan for plan in plans if not plan.key and not plan.problems and not plan.waits]
        if self.sheet.part is not None:
            for plan in new:
                plan.wrong(self.sheet.key, "", _("Say whose this is: the key is missing."))
            return
        self.minter.meet([plan.key for plan in plans if plan.key and plan.before is None])
        for plan, key in zip(new, self.minter.keys([self._merged(plan) for plan in new]), strict=True):
            if key:
                plan.key = key
                plan.note(_("The blank %(column)s becomes %(key)s.") % {"column": self.sheet.key, "key": key})
            else:
                plan.wrong(self.sheet.key, "", _("A new record needs its key here."))

    # --- putting together ---

    def _merged(self, plan: Plan) -> State:
        """The cells over what is stored, or over the defaults."""
        state = dict(self.blank if plan.before is None else plan.before)  # no list in it is ever changed in place
        for name, value in plan.given.items():
            if value is CLEARED:
                state[name] = self.sheet.own[name].empty
            else:
                state[name] = sorted(value) if isinstance(value, list) else value
        return state

    def _merge(self, plan: Plan) -> None:
        if self.sheet.part is not None and plan.before is None and plan.key and not plan.problems:
            message = suggesting.unknown_key(plan.key, str(self.resource.model._meta.verbose_name), "")
            plan.wrong(self.sheet.key, plan.key, message)
            return
        state = self._merged(plan)
        state[self.resource.key] = plan.key
        self._require(plan, state, self.resource.written, plan.given, plan.record.number, is_new=plan.before is None)
        for planned in plan.parts:
            state[planned.part.name] = self._merged_part(plan, planned, state[planned.part.name])
        if plan.problems:
            return
        self.resource.settle(plan.before, state, by=self.by)
        for part in self.resource.parts:
            state[part.name] = sorted(state[part.name], key=lambda one, by=part.identity: one[by])  # type: ignore[misc]
        plan.after = state

    def _require(
        self, plan: Plan, state: State, columns: Iterable[Column], given: dict[str, Any], number: int, *, is_new: bool
    ) -> None:
        """Name what a new record lacks, and what may not be cleared."""
        for column in columns:
            if not column.required or state[column.name] not in (None, "") or column.name == self.sheet.key:
                continue
            if is_new and column.name not in given:
                if not any(one["column"] == column.name for one in plan.problems):
                    plan.wrong(column.name, "", _("Something must stand here."), number)
            elif given.get(column.name) is CLEARED:
                plan.wrong(column.name, "", _("This cannot be cleared: something must stand here."), number)

    def _merged_part(self, plan: Plan, planned: PlannedPart, there: list[State]) -> list[State]:
        part = planned.part
        columns = {column.name: column for column in self.resource.part_columns[part.name]}
        identity = planned.given.get(part.identity) or ""
        if identity is CLEARED:
            identity = ""
        earlier = {one.given.get(part.identity) for one in plan.parts[: plan.parts.index(planned)]}
        if identity and identity in earlier:
            plan.wrong(
                part.identity, identity, _("This stands on another line of the same record. Keep one."), planned.number
            )
            return there
        old = next((one for one in there if identity and one[part.identity] == identity), None)
        state = dict(old) if old else states.blank_part(self.resource, part)
        for name, value in planned.given.items():
            state[name] = columns[name].empty if value is CLEARED else value
        self._require(plan, state, columns.values(), planned.given, planned.number, is_new=old is None)
        if old:
            return [state if one is old else one for one in there]
        return [*there, state]

    # --- rules ---

    def judge(self, plans: list[Plan]) -> None:
        """Find what the rules have against what the plans make of their records."""
        changed = [plan for plan in plans if plan.before != plan.after]
        after = [plan.after for plan in changed if plan.after is not None]
        self._ask_kept(changed)
        self.known.ask(reference for state in after for reference in self.resource.references(state))
        self.resource.prepare(after)
        for plan in changed:
            assert plan.after is not None  # noqa: S101
            row = self.maker.make(plan.after, self._find_of(plan), **({} if plan.pk is None else {"pk": plan.pk}))
            self._judge_row(plan, row)
            for rules in self.parts.values():
                rules.judge(plan, row, self.known)

    def _ask_kept(self, plans: Sequence[Plan]) -> None:
        """What the untouched columns of changed records name must be at hand, too."""
        keyed = [column for column in self.resource.written if column.kind is Kind.KEY]
        self.known.ask(
            Reference(column.name, column.related, column.to, plan.after[column.name])  # type: ignore[index]
            for plan in plans
            for column in keyed
            if plan.after[column.name]  # type: ignore[index]
        )
        for rules in self.parts.values():
            self.known.ask(rules.references(plans))

    def _find_of(self, plan: Plan) -> Any:
        """`find`, by which a record also finds itself."""

        def find(model: Any, to: str, key: str) -> Any:
            found = self.known.find(model, to, key)
            return _Itself(plan) if found is None and key == plan.key and model is self.resource.model else found

        return find if any(column.related is self.resource.model for column in self.maker.keys) else self.known.find

    def _judge_row(self, plan: Plan, row: Any) -> None:
        for rule in constraints.errors(self.rules, row):
            plan.wrong(self._column_of(rule.names), "", rule.message)
        if plan.problems:
            return
        try:
            self.resource.clean_row(row)
        except ValidationError as error:
            for name, messages in _by_field(error).items():
                plan.wrong(self.by_field.get(name, name), getattr(row, name, "") or "", " ".join(messages))
        for unique in self.unique:
            if (values := unique.key(row)) is not None:
                plan_values = self.taken[unique.name]
                if (first := plan_values.setdefault(values, plan.record.number)) != plan.record.number:
                    message = _("Row %(row)d of this file has the same. %(rule)s") % {
                        "row": first,
                        "rule": unique.message,
                    }
                    plan.wrong(self._column_of(unique.fields), values[0], message)

    def _column_of(self, names: Sequence[str]) -> str:
        return next((self.by_field[name] for name in names if name in self.by_field), "")

    def _refuse_taken(self, plans: list[Plan]) -> None:
        """Unique values that a stored row has, other than the record's own."""
        for unique in self.unique:
            places = {values: plan for plan in plans for values in self._values_of(unique, plan)}
            first = unique.fields[0]
            for some in states.in_turn(dict.fromkeys(values[0] for values in places)):
                rows = self.resource.model._default_manager.filter(**{f"{first}__in": some})
                if unique.where is not None:
                    rows = rows.filter(unique.where)
                for pk, *values in rows.values_list("pk", *unique.fields):
                    plan = places.get(tuple(values))
                    if plan is not None and plan.pk != pk:
                        plan.wrong(self._column_of(unique.fields), values[0], unique.message)

    def _values_of(self, unique: Any, plan: Plan) -> Iterable[tuple[Any, ...]]:
        if plan.after is None or plan.before == plan.after:
            return
        values = unique.key(self.maker.make(plan.after, self._find_of(plan)))
        if values is not None:
            yield values

    def _mark_alike(self, plans: list[Plan]) -> None:
        alike = self.resource.alike({number: plan.after for number, plan in enumerate(plans) if plan.after is not None})
        for number, other in alike.items():
            message = _("Possible duplicate of %(key)s: “%(words)s”")
            plans[number].note(message % {"key": other.key, "words": other.words}, other.url)


class _Itself:
    """A record that names itself, before it is stored."""

    def __init__(self, plan: Plan) -> None:
        self.pk = self.id = -1 if plan.pk is None else plan.pk
        self.key = plan.key

    def __getattr__(self, name: str) -> Any:
        return self.key


class _PartRules:
    """Judges the parts of a record that are new or changed."""

    def __init__(self, resource: RecordResource, part: Part) -> None:
        self.resource, self.part = resource, part
        model = part.resource._meta.model
        self.columns = resource.part_columns[part.name]
        self.maker = Maker(model, self.columns, part.resource.kept)
        self.rules = constraints.compiled(model)
        self.parent = model._meta.get_field(part.parent)
        self.keyed = [column for column in self.columns if column.kind is Kind.KEY]
        self.by_field = {column.model_field.name: column.name for column in self.columns}
        self.by_field |= {column.attname: column.name for column in self.columns}

    def changed(self, plan: Plan) -> list[State]:
        before = (plan.before or {}).get(self.part.name, ())
        return [state for state in (plan.after or {}).get(self.part.name, ()) if state not in before]

    def references(self, plans: Sequence[Plan]) -> Iterable[Reference]:
        for plan in plans:
            for state in self.changed(plan):
                for column in self.keyed:
                    if state[column.name]:
                        yield Reference(column.name, column.related, column.to, state[column.name])

    def judge(self, plan: Plan, owner: Any, known: Known) -> None:
        for state in self.changed(plan):
            row = self.maker.make(state, known.find)
            row._state.fields_cache[self.parent.name] = owner
            row.__dict__[self.parent.attname] = owner.pk  # type: ignore[union-attr]
            number = self._number(plan, state)
            for rule in constraints.errors(self.rules, row):
                name = next((self.by_field[one] for one in rule.names if one in self.by_field), "")
                plan.wrong(name, "", rule.message, number)
            try:
                self.resource.clean_part(self.part, row)
            except ValidationError as error:
                for name, messages in _by_field(error).items():
                    plan.wrong(self.by_field.get(name, name), getattr(row, name, "") or "", " ".join(messages), number)

    def _number(self, plan: Plan, state: State) -> int:
        identity = state[self.part.identity]
        lines = (one.number for one in plan.parts if one.given.get(self.part.identity) == identity)
        return next(lines, plan.record.number)


def _given(plan: Plan) -> Iterator[tuple[dict[str, Any], int]]:
    """The values of the record's own cells and of each part's, with their row."""
    yield plan.given, plan.record.number
    for part in plan.parts:
        yield part.given, part.number


def _keys(value: Any) -> Sequence[str]:
    return value if isinstance(value, list) else () if value is CLEARED else (value,)


def _by_field(error: ValidationError) -> dict[str, list[str]]:
    return error.message_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.messages}
