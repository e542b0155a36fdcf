"""The row rules of a model (`CheckConstraint`), judged in Python.

`CheckConstraint.validate()` asks the database once a constraint and row: six minutes for 100,000 facts. Here the
condition is compiled once to a Python expression of the row, which judges it as `validate()` would: by
SQL's three truth values, where unknown is not broken. What could be judged otherwise than by the database is not
compiled at all: `compiled` raises NotImplementedError, which names the model, the constraint and the lookup.

What is unique is a matter between rows: `unique_sets` lists it, and the engine looks up a chunk of rows at once.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
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
COMPARISONS = {
    "exact": "{left} == {right}",
    "gt": "{left} > {right}",
    "gte": "{left} >= {right}",
    "lt": "{left} < {right}",
    "lte": "{left} <= {right}",
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One CheckConstraint. `broken(row)` reads the attributes `fields` of a row, as `clean_fields` leaves them.

    `names` are the same fields as a ValidationError or `exclude` has them: `whose`, where `fields` has `whose_id`.
    """

    name: str
    fields: tuple[str, ...]
    names: tuple[str, ...]
    broken: Predicate = field(repr=False)
    constraint: models.CheckConstraint = field(repr=False, compare=False)

    @property
    def message(self) -> str:
        """What the constraint says when it is violated, in the language of now."""
        return str(self.constraint.get_violation_error_message())


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


def predicate(model: type[models.Model], condition: models.Q, name: str) -> Predicate:
    """Whether a row meets a condition of its own columns; `name` is how an error calls what asks for it."""
    return _Compiler(model, name, connection.vendor).true(condition)


@cache
def _compiled(model: type[models.Model], vendor: str) -> tuple[Rule, ...]:
    return tuple(
        _Compiler(owner, constraint.name, vendor).rule(constraint)
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
        condition = _Compiler(model, constraint.name, vendor).true(where) if where else None
        distinct = constraint.nulls_distinct is not False
        yield UniqueSet(constraint.name, fields, condition, where, distinct, model, constraint)


# --- compiling a condition ------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class _Test:
    """A condition as two Python expressions of `row`, of which neither holds where SQL's answer is unknown."""

    true: str
    false: str
    reads: tuple[str, ...]


def _joined(word: str, parts: Iterable[str]) -> str:
    return "(" + f" {word} ".join(parts) + ")"


def _and(tests: Sequence[_Test], reads: tuple[str, ...]) -> _Test:
    return _Test(_joined("and", [test.true for test in tests]), _joined("or", [test.false for test in tests]), reads)


def _or(tests: Sequence[_Test], reads: tuple[str, ...]) -> _Test:
    return _Test(_joined("or", [test.true for test in tests]), _joined("and", [test.false for test in tests]), reads)


def _xor(tests: Sequence[_Test], reads: tuple[str, ...]) -> _Test:
    """Django asks for an odd number of true ones, of what is unknown as of what is false: never unknown itself."""
    odd = " ^ ".join(f"bool({test.true})" for test in tests)
    return _Test(f"({odd})", f"(not ({odd}))", reads)


def _not(test: _Test) -> _Test:
    return _Test(test.false, test.true, test.reads)


CONNECTED = {models.Q.AND: _and, models.Q.OR: _or, models.Q.XOR: _xor}


class _Compiler:
    """Compiles a condition for one kind of database (`vendor`); `name` is the constraint's, for errors."""

    def __init__(self, model: type[models.Model], name: str, vendor: str) -> None:
        self.model, self.name, self.vendor = model, name, vendor
        self.constants: dict[str, Any] = {}

    def rule(self, constraint: models.CheckConstraint) -> Rule:
        test = self.test(constraint.condition)
        named = {one.attname: one.name for one in self.model._meta.concrete_fields}
        names = tuple(named[attname] for attname in test.reads)
        return Rule(constraint.name, test.reads, names, self.function(test.false), constraint)

    def true(self, condition: models.Q) -> Predicate:
        return self.function(self.test(condition).true)

    def function(self, expression: str) -> Predicate:
        """One expression rather than a closure for each of its parts: 13 rules in 2 µs, not in 6.

        Only attribute names of the model and names that `constant` gave are in it; values are not.
        """
        function: Predicate = eval(f"lambda row: {expression}", self.constants)  # noqa: S307
        return function

    def constant(self, value: Any) -> str:
        name = f"c{len(self.constants)}"
        self.constants[name] = value
        return name

    def test(self, condition: Any) -> _Test:
        """A Q, or a pair (path, value) of one."""
        if isinstance(condition, tuple):
            return self.lookup(*condition)
        if not isinstance(condition, models.Q) or not condition.children:
            raise self.refused(repr(condition))
        tests = [self.test(child) for child in condition.children]
        reads = tuple(dict.fromkeys(name for test in tests for name in test.reads))
        test = CONNECTED[condition.connector](tests, reads)
        return _not(test) if condition.negated else test

    def lookup(self, path: str, wanted: Any) -> _Test:
        name, *lookups = path.split("__")
        if len(lookups) > 1:
            raise self.refused(path)
        column, lookup = self.column(name), (lookups or ["exact"])[0]
        if lookup == "isnull" or (lookup == "exact" and wanted is None):
            return self.null(column, wanted is None or wanted, path)
        if lookup == "in":
            return self.among(column, wanted, path)
        if lookup == "range":
            low, high = wanted
            tests = [self.compared(column, "gte", low, path), self.compared(column, "lte", high, path)]
            return _and(tests, (column.attname,))
        return self.compared(column, lookup, wanted, path)

    def null(self, column: models.Field, wanted: Any, path: str) -> _Test:
        if not isinstance(wanted, bool):
            raise self.refused(path)
        value = f"row.{column.attname}"
        test = _Test(f"{value} is None", f"{value} is not None", (column.attname,))
        return test if wanted else _not(test)

    def among(self, column: models.Field, wanted: Any, path: str) -> _Test:
        """`IN`, in whose list NULL counts as not being there, as Django leaves it out."""
        self.kind(column, path)
        given = [one for one in wanted if one is not None] if isinstance(wanted, list | tuple | set | frozenset) else []
        if not given or any(hasattr(one, "resolve_expression") for one in given):
            raise self.refused(path)
        members = frozenset(self.prepared(column, "in", given))
        true = f"row.{column.attname} in {self.constant(members)}"
        return _Test(true, f"row.{column.attname} not in {self.constant(members | {None})}", (column.attname,))

    def compared(self, column: models.Field, lookup: str, wanted: Any, path: str) -> _Test:
        """With a value, or with another column of the row."""
        compare = self.comparison(self.kind(column, path), lookup, path)
        known, reads = [f"(a := row.{column.attname}) is not None"], [column.attname]
        if isinstance(wanted, models.F):
            other = self.column(wanted.name)  # type: ignore[attr-defined]
            if self.kind(other, path) != self.kind(column, path) or lookup == "startswith":
                raise self.refused(f"{path}=F({other.name!r})")
            known.append(f"(b := row.{other.attname}) is not None")
            reads.append(other.attname)
            right = "b"
        elif wanted is None or hasattr(wanted, "resolve_expression"):
            raise self.refused(path)
        else:
            right = self.constant(self.prepared(column, lookup, wanted))
        judged = compare.format(left="a", right=right)
        return _Test(_joined("and", [*known, judged]), _joined("and", [*known, f"not {judged}"]), tuple(reads))

    def comparison(self, kind: str, lookup: str, path: str) -> str:
        """How two values are compared, as a Python expression of `{left}` and `{right}`."""
        if lookup == "exact" or (lookup in COMPARISONS and kind in ORDERED):
            return COMPARISONS[lookup]
        if lookup == "startswith" and kind == "text":
            # SQLite's LIKE takes A for a, but É not for é; so does `lower` of bytes.
            fold = ".encode().lower()" if self.vendor == "sqlite" else ""
            return f"{{left}}{fold}.startswith({{right}}{fold})"
        raise self.refused(path)

    def prepared(self, column: models.Field, lookup: str, wanted: Any) -> Any:
        """The right-hand side as Django prepares it for this field: an enumeration's value, a target's key."""
        return column.get_lookup(lookup)(Value(None, column), wanted).rhs  # type: ignore[misc]

    def column(self, name: str) -> models.Field:
        return _stored(self.model, self.name, name)

    def kind(self, column: models.Field, path: str) -> str:
        """As what values of the column are compared; a foreign key's as those of what it points to."""
        while isinstance(column, models.ForeignKey):
            column = column.target_field
        for family, kind in COMPARED:
            if isinstance(column, family):
                return kind
        raise self.refused(path)

    def refused(self, what: str) -> NotImplementedError:
        return _refused(self.model, self.name, what)


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
