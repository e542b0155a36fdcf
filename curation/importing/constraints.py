"""The row rules of a model (`CheckConstraint`), judged in Python.

`CheckConstraint.validate()` asks the database once a constraint and row: six minutes for 100,000 facts. Here the
condition is compiled once to closures that read the row and nothing else, and judge it as `validate()` would: by
SQL's three truth values, where unknown is not broken. What could be judged otherwise than by the database is not
compiled at all: `compiled` raises NotImplementedError, which names the model, the constraint and the lookup.

What is unique is a matter between rows: `unique_sets` lists it, and the engine looks up a chunk of rows at once.
"""

import operator
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, reduce
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import connection, models
from django.db.models.expressions import Value

Predicate = Callable[[Any], bool]

# As what a field's values are compared. Left out is what databases compare in their own ways (decimals, floats, JSON).
COMPARED: tuple[tuple[type[models.Field], str], ...] = (
    (models.DateTimeField, "datetime"),  # a DateField by descent, so it stands above it
    (models.DateField, "date"),
    (models.BooleanField, "boolean"),
    (models.IntegerField, "integer"),
    (models.CharField, "text"),
    (models.TextField, "text"),
    (models.UUIDField, "uuid"),
)
ORDERED = ("datetime", "date", "integer")  # the order of texts is the collation's
ORDERINGS: dict[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One CheckConstraint. `broken(row)` reads the attributes `fields` of a row, as `clean_fields` leaves them."""

    name: str
    fields: tuple[str, ...]
    broken: Predicate = field(repr=False)
    constraint: models.CheckConstraint = field(repr=False, compare=False)
    model: type[models.Model] = field(repr=False)

    @property
    def message(self) -> str:
        """What the constraint says when it is violated, in the language of now."""
        return str(self.constraint.get_violation_error_message())

    @property
    def names(self) -> tuple[str, ...]:
        """The fields by name (`whose`, where `fields` has `whose_id`), as a ValidationError or `exclude` has them."""
        named = {one.attname: one.name for one in self.model._meta.concrete_fields}
        return tuple(named[attname] for attname in self.fields)


@dataclass(frozen=True, slots=True)
class UniqueSet:
    """What no two rows may share: the values of `fields` (attribute names), among the rows that meet `condition`.

    `where` is the condition as a filter of stored rows. `nulls_distinct` is False where two NULLs count as alike.
    """

    name: str
    fields: tuple[str, ...]
    condition: Predicate | None = field(repr=False)
    where: models.Q | None
    nulls_distinct: bool
    model: type[models.Model] = field(repr=False)
    constraint: models.UniqueConstraint | None = field(default=None, repr=False, compare=False)

    @property
    def message(self) -> str:
        """What `full_clean` says when another row has these values."""
        constraint = self.constraint
        if constraint is not None and (
            constraint.condition is not None
            or constraint.violation_error_message != constraint.default_violation_error_message
        ):
            return str(constraint.get_violation_error_message())
        named = {one.attname: one.name for one in self.model._meta.concrete_fields}
        error: ValidationError = self.model().unique_error_message(self.model, [named[name] for name in self.fields])
        return error.messages[0]

    def key(self, row: Any) -> tuple[Any, ...] | None:
        """What no other row may have, as a tuple; None where this row is free (a NULL, or outside the condition).

        Outside the condition is also where it is unknown, as the index has it.
        """
        values = tuple(getattr(row, name) for name in self.fields)
        if self.nulls_distinct and None in values:
            return None
        return None if self.condition is not None and not self.condition(row) else values


def compiled(model: type[models.Model]) -> list[Rule]:
    """The model's CheckConstraints in their order, its parents' after its own; compiled once a process.

    Raises NotImplementedError where one cannot be judged exactly as the database judges it.
    """
    return list(_compiled(model, connection.vendor))


def errors(rules: Iterable[Rule], row: Any, exclude: Collection[str] = ()) -> list[Rule]:
    """The rules that `row` breaks: a model's instance, or anything that has the attributes they read.

    As in `full_clean`, a rule is not asked about a row where a field it reads is in `exclude` (by either of its
    names): what is wrong with that field is said already.
    """
    if exclude:
        left = frozenset(exclude)
        rules = [rule for rule in rules if left.isdisjoint(rule.fields) and left.isdisjoint(rule.names)]
    return [rule for rule in rules if rule.broken(row)]


def unique_sets(model: type[models.Model]) -> list[UniqueSet]:
    """Unique fields other than the primary key, then `unique_together`, then UniqueConstraints.

    Raises NotImplementedError for a constraint on expressions or a generated column.
    """
    return list(_unique_sets(model, connection.vendor))


@cache
def _compiled(model: type[models.Model], vendor: str) -> tuple[Rule, ...]:
    return tuple(
        _Compiler(owner, constraint, vendor).rule()
        for owner in (model, *model._meta.all_parents)
        for constraint in owner._meta.constraints
        if isinstance(constraint, models.CheckConstraint)
    )


@cache
def _unique_sets(model: type[models.Model], vendor: str) -> tuple[UniqueSet, ...]:
    return tuple(one for owner in (model, *model._meta.all_parents) for one in _own_unique_sets(owner, vendor))


def _own_unique_sets(model: type[models.Model], vendor: str) -> Iterator[UniqueSet]:
    options = model._meta
    unique = [one for one in options.local_concrete_fields if one.unique and not one.primary_key]
    plain = [(one.name,) for one in unique] + [tuple(names) for names in options.unique_together]
    for names in plain:
        fields = tuple(_stored(model, "_".join(names), name).attname for name in names)
        yield UniqueSet("_".join(names), fields, None, None, True, model)
    for constraint in options.constraints:
        if not isinstance(constraint, models.UniqueConstraint):
            continue
        if constraint.expressions:
            raise _refused(model, constraint.name, "expressions")
        fields = tuple(_stored(model, constraint.name, name).attname for name in constraint.fields)
        where = constraint.condition
        condition = _Compiler(model, constraint, vendor).test(where).true if where else None
        distinct = constraint.nulls_distinct is not False
        yield UniqueSet(constraint.name, fields, condition, where, distinct, model, constraint)


# --- compiling a condition ------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class _Test:
    """A condition as two predicates, of which neither holds where SQL's answer is unknown."""

    true: Predicate
    false: Predicate
    reads: tuple[str, ...]


def _all(predicates: Sequence[Predicate]) -> Predicate:
    return reduce(lambda one, other: lambda row: one(row) and other(row), predicates)


def _any(predicates: Sequence[Predicate]) -> Predicate:
    return reduce(lambda one, other: lambda row: one(row) or other(row), predicates)


def _and(tests: Sequence[_Test]) -> _Test:
    return _Test(_all([test.true for test in tests]), _any([test.false for test in tests]), _reads(tests))


def _or(tests: Sequence[_Test]) -> _Test:
    return _Test(_any([test.true for test in tests]), _all([test.false for test in tests]), _reads(tests))


def _xor(tests: Sequence[_Test]) -> _Test:
    """Django asks for an odd number of true ones, of what is unknown as of what is false: never unknown itself."""
    trues = [test.true for test in tests]
    return _Test(
        lambda row: sum(true(row) for true in trues) % 2 == 1,
        lambda row: sum(true(row) for true in trues) % 2 == 0,
        _reads(tests),
    )


def _not(test: _Test) -> _Test:
    return _Test(test.false, test.true, test.reads)


def _reads(tests: Sequence[_Test]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for test in tests for name in test.reads))


CONNECTED = {models.Q.AND: _and, models.Q.OR: _or, models.Q.XOR: _xor}


class _Compiler:
    """Compiles the condition of one constraint for one kind of database (`vendor`)."""

    def __init__(
        self, model: type[models.Model], constraint: models.CheckConstraint | models.UniqueConstraint, vendor: str
    ) -> None:
        self.model, self.constraint, self.vendor = model, constraint, vendor

    def rule(self) -> Rule:
        assert isinstance(self.constraint, models.CheckConstraint)  # noqa: S101
        test = self.test(self.constraint.condition)
        return Rule(self.constraint.name, test.reads, test.false, self.constraint, self.model)

    def test(self, condition: Any) -> _Test:
        """A Q, or a pair (path, value) of one."""
        if isinstance(condition, tuple):
            return self.lookup(*condition)
        if not isinstance(condition, models.Q) or not condition.children:
            raise self.refused(repr(condition))
        test = CONNECTED[condition.connector]([self.test(child) for child in condition.children])
        return _not(test) if condition.negated else test

    def lookup(self, path: str, wanted: Any) -> _Test:
        name, *lookups = path.split("__")
        if len(lookups) > 1:
            raise self.refused(path)
        column, lookup = self.column(name), (lookups or ["exact"])[0]
        if lookup == "range":
            low, high = wanted
            return _and([self.compared(column, "gte", low, path), self.compared(column, "lte", high, path)])
        if lookup == "in":
            return self.among(column, wanted, path)
        return self.compared(column, lookup, wanted, path)

    def among(self, column: models.Field, wanted: Any, path: str) -> _Test:
        """`IN`: like SQL as Django writes it, NULL in the list counts as not being there."""
        if not isinstance(wanted, list | tuple | set | frozenset):
            raise self.refused(path)
        given = [one for one in wanted if one is not None]
        if not given or any(hasattr(one, "resolve_expression") for one in given):
            raise self.refused(path)
        self.kind(column, path)
        return self.member(column, self.prepared(column, "in", given))

    def member(self, column: models.Field, wanted: Iterable[Any]) -> _Test:
        read, members = operator.attrgetter(column.attname), frozenset(wanted)
        unbroken = members | {None}
        return _Test(lambda row: read(row) in members, lambda row: read(row) not in unbroken, (column.attname,))

    def compared(self, column: models.Field, lookup: str, wanted: Any, path: str) -> _Test:
        if lookup == "isnull" or (lookup == "exact" and wanted is None):
            return self.null(column, wanted is None or wanted, path)
        kind = self.kind(column, path)
        if isinstance(wanted, models.F):
            return self.same_row(column, lookup, self.column(wanted.name), path)  # type: ignore[attr-defined]
        if wanted is None or hasattr(wanted, "resolve_expression"):
            raise self.refused(path)
        if lookup == "exact":
            return self.member(column, [self.prepared(column, lookup, wanted)])
        compare, value = self.comparison(kind, lookup, path), self.prepared(column, lookup, wanted)
        read = operator.attrgetter(column.attname)
        return _Test(
            lambda row: (given := read(row)) is not None and compare(given, value),
            lambda row: (given := read(row)) is not None and not compare(given, value),
            (column.attname,),
        )

    def null(self, column: models.Field, wanted: Any, path: str) -> _Test:
        if not isinstance(wanted, bool):
            raise self.refused(path)
        read = operator.attrgetter(column.attname)
        test = _Test(lambda row: read(row) is None, lambda row: read(row) is not None, (column.attname,))
        return test if wanted else _not(test)

    def same_row(self, column: models.Field, lookup: str, other: models.Field, path: str) -> _Test:
        kind = self.kind(column, path)
        if kind != self.kind(other, path) or lookup == "startswith":
            raise self.refused(f"{path}=F({other.name!r})")
        compare = operator.eq if lookup == "exact" else self.comparison(kind, lookup, path)
        read = operator.attrgetter(column.attname, other.attname)

        def true(row: Any) -> bool:
            one, another = read(row)
            return one is not None and another is not None and compare(one, another)

        def false(row: Any) -> bool:
            one, another = read(row)
            return one is not None and another is not None and not compare(one, another)

        return _Test(true, false, (column.attname, other.attname))

    def comparison(self, kind: str, lookup: str, path: str) -> Callable[[Any, Any], bool]:
        if lookup in ORDERINGS and kind in ORDERED:
            return ORDERINGS[lookup]
        if lookup == "startswith" and kind == "text":
            # SQLite's LIKE takes A for a, and no other letter for its small one; so does `lower` of bytes.
            return _starts_whatever_case if self.vendor == "sqlite" else str.startswith
        raise self.refused(path)

    def prepared(self, column: models.Field, lookup: str, wanted: Any) -> Any:
        """The right-hand side as Django prepares it for this field: an enumeration's value, a target's key."""
        found = column.get_lookup(lookup)
        assert found is not None  # noqa: S101
        return found(Value(None, column), wanted).rhs

    def column(self, name: str) -> models.Field:
        return _stored(self.model, self.constraint.name, name)

    def kind(self, column: models.Field, path: str) -> str:
        """As what values of the column are compared; a foreign key's as those of what it points to."""
        while isinstance(column, models.ForeignKey):
            column = column.target_field
        for family, kind in COMPARED:
            if isinstance(column, family):
                return kind
        raise self.refused(path)

    def refused(self, what: str) -> NotImplementedError:
        return _refused(self.model, self.constraint.name, what)


def _starts_whatever_case(text: str, start: str) -> bool:
    return text.encode().lower().startswith(start.encode().lower())


def _stored(model: type[models.Model], constraint: str, name: str) -> models.Field:
    """The column by the field's name, or `pk`. Django's `validate()` knows no attribute names such as `whose_id`."""
    try:
        found = model._meta.pk if name == "pk" else model._meta.get_field(name)
    except FieldDoesNotExist:
        raise _refused(model, constraint, name) from None
    if not isinstance(found, models.Field) or not found.concrete or found.generated or found.name != name != "pk":
        raise _refused(model, constraint, name)
    return found


def _refused(model: type[models.Model], constraint: str, what: str) -> NotImplementedError:
    return NotImplementedError(
        f"{model._meta.label}: the constraint {constraint} uses {what}, which the import cannot judge in Python. "
        "Write it with exact, in, isnull, range, gt, gte, lt, lte or startswith of columns of the row, "
        "or teach curation/importing/constraints.py."
    )


def predicate(model: type[models.Model], condition: models.Q, name: str) -> Predicate:
    """Whether a row meets a condition of its own columns; `name` is how an error calls what asks for it."""
    constraint = models.CheckConstraint(condition=condition, name=name)
    return _Compiler(model, constraint, connection.vendor).test(condition).true
