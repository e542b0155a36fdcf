"""The rules of `full_clean` for many records at a time: constraints, unique values, `clean`, and those of parts."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils.translation import gettext as _

from curation.importing.columns import Kind
from curation.importing.planning import constraints
from curation.importing.planning.instances import Maker
from curation.importing.planning.plans import Plan
from curation.importing.planning.resolving import Known
from curation.importing.resources import Part, RecordResource, Reference, Sheet, State
from curation.importing.stored import states


class Judge:
    """Judges what plans of one sheet make of their records."""

    def __init__(self, sheet: Sheet, known: Known) -> None:
        self.resource, self.known = sheet.resource, known
        self.resource.find = known.find  # type: ignore[method-assign]
        self.maker = Maker(self.resource.model, self.resource.written, self.resource.kept)
        self.rules = constraints.compiled(self.resource.model)
        key = self.resource.columns[self.resource.key].attname
        self.unique = [one for one in constraints.unique_sets(self.resource.model) if one.fields != (key,)]
        self.own = [column.name for column in self.maker.keys if column.related is self.resource.model]
        self.parts = {part.name: _PartRules(self.resource, part) for part in self.resource.parts}
        self.by_field = {column.attname: column.name for column in sheet.columns.values()}
        self.by_field |= {column.model_field.name: column.name for column in sheet.columns.values()}
        self.taken: dict[str, dict[tuple[Any, ...], int]] = defaultdict(dict)  # unique values of earlier rows

    def judge(self, plans: list[Plan]) -> None:
        """Find what the rules have against what the plans make of their records."""
        changed = [plan for plan in plans if plan.before != plan.after]
        after = [plan.after for plan in changed if plan.after is not None]
        self.known.ask(reference for state in after for reference in self.resource.references(state))
        self.resource.prepare(after)
        for plan in changed:
            assert plan.after is not None  # noqa: S101
            row = self.maker.make(plan.after, self._find_of(plan), **({} if plan.pk is None else {"pk": plan.pk}))
            self._judge_row(plan, row)
            for rules in self.parts.values():
                rules.judge(plan, row, self.known)

    def ask(self, plans: Sequence[Plan]) -> None:
        """Have at hand what they name, in untouched columns, too. Ask before you settle and judge."""
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
        if not any(plan.after[name] for name in self.own):  # type: ignore[index]
            return self.known.find

        def find(model: Any, to: str, key: str) -> Any:
            found = self.known.find(model, to, key)
            return _Itself(plan) if found is None and key == plan.key and model is self.resource.model else found

        return find

    def _judge_row(self, plan: Plan, row: Any) -> None:
        """In the order of `full_clean`: a constraint is not asked about fields that `clean` has something against."""
        wrong = _cleaned(plan, row, self.resource.clean_row, self.by_field, plan.record.number)
        for unique in self.unique:
            if (values := unique.key(row)) is not None:
                first = self.taken[unique.name].setdefault(values, plan.record.number)
                if first != plan.record.number:
                    message = _("Row %(row)d of this file has the same. %(rule)s")
                    said = message % {"row": first, "rule": unique.message}
                    plan.wrong(self._column_of(unique.fields), values[0], said)
        for rule in constraints.errors(self.rules, row, wrong):
            plan.wrong(self._column_of(rule.names), "", rule.message)

    def _column_of(self, names: Sequence[str]) -> str:
        return next((self.by_field[name] for name in names if name in self.by_field), "")

    def refuse_taken(self, plans: list[Plan]) -> None:
        """Unique values that a stored row has, other than the record's own."""
        for rules in self.parts.values():
            rules.refuse_taken(plans)
        for unique in self.unique:
            places: dict[tuple[Any, ...], list[Plan]] = defaultdict(list)
            for plan in plans:
                for values in self._values_of(unique, plan):
                    places[values].append(plan)
            for pk, values in _stored(unique, "pk", places):
                for plan in places[values]:
                    if plan.pk != pk:
                        plan.wrong(self._column_of(unique.fields), values[0], unique.message)

    def _values_of(self, unique: Any, plan: Plan) -> Iterable[tuple[Any, ...]]:
        if plan.after is None or plan.before == plan.after:
            return
        values = unique.key(self.maker.make(plan.after, self._find_of(plan)))
        if values is not None:
            yield values


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

        self.unique = [one for one in constraints.unique_sets(model) if self.parent.attname not in one.fields]
        self.taken: dict[str, dict[tuple[Any, ...], Plan]] = defaultdict(dict)  # unique values of earlier rows

    def changed(self, plan: Plan) -> Sequence[State]:
        after = (plan.after or {}).get(self.part.name, ())
        if plan.before is None:
            return after
        before = plan.before.get(self.part.name, ())
        return [state for state in after if state not in before]

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
            row.__dict__[self.parent.attname] = owner.pk
            number = self._number(plan, state)
            wrong = _cleaned(plan, row, partial(self.resource.clean_part, self.part), self.by_field, number)
            for rule in constraints.errors(self.rules, row, wrong):
                name = next((self.by_field[one] for one in rule.names if one in self.by_field), "")
                plan.wrong(name, "", rule.message, number)

    def refuse_taken(self, plans: list[Plan]) -> None:
        """Unique values that a part of another record has, stored or in the file; within a record parts differ."""
        for unique in self.unique:
            mine: dict[tuple[Any, ...], list[tuple[Plan, State]]] = defaultdict(list)
            for plan in plans:
                for values, state in self._values(unique, plan):
                    mine[values].append((plan, state))
                    other = self.taken[unique.name].setdefault(values, plan)
                    if other is not plan:
                        message = _("Row %(row)d of this file has the same. %(rule)s")
                        said = message % {"row": other.record.number, "rule": unique.message}
                        plan.wrong(self.by_field[unique.fields[0]], values[0], said, self._number(plan, state))
            for owner, values in _stored(unique, self.parent.attname, mine):
                for plan, state in mine[values]:
                    if plan.pk != owner:
                        column = self.by_field[unique.fields[0]]
                        plan.wrong(column, values[0], unique.message, self._number(plan, state))

    def _values(self, unique: Any, plan: Plan) -> Iterator[tuple[tuple[Any, ...], State]]:
        for state in self.changed(plan):
            if (values := unique.key(self.maker.make(state, lambda *_: None))) is not None:
                yield values, state

    def _number(self, plan: Plan, state: State) -> int:
        return next((one.number for one in plan.parts if one.state is state), plan.record.number)


def _stored(unique: Any, whose: str, wanted: Collection[tuple[Any, ...]]) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """(value of `whose`, values) of each stored row that has one of the `wanted` sets of values."""
    for some in states.in_turn(dict.fromkeys(values[0] for values in wanted)):
        rows = unique.model._default_manager.filter(**{f"{unique.fields[0]}__in": some}).order_by()
        if unique.where is not None:
            rows = rows.filter(unique.where)
        for owner, *values in rows.values_list(whose, *unique.fields):
            if tuple(values) in wanted:
                yield owner, tuple(values)


def _cleaned(
    plan: Plan, row: Any, clean: Callable[[Any], object], by_field: Mapping[str, str], number: int
) -> Collection[str]:
    """Say what `clean` has against a row; return the fields."""
    try:
        clean(row)
    except ValidationError as error:
        by_name = error.message_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.messages}
        for name, messages in by_name.items():
            column = "" if name == NON_FIELD_ERRORS else by_field.get(name, name)
            plan.wrong(column, getattr(row, name, "") or "", " ".join(messages), number)
        return by_name.keys()
    return ()
