"""The row rules as Python judges them, against what the database says of the same row."""

import datetime
import random
import timeit
import uuid
from functools import reduce
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import connection, models
from django.db.models import F, Q
from django.db.models.functions import Length
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curation.importing.planning import constraints
from curation.models import Revision
from quizzes.models import Part, Question
from relations.models import Alias, Citation, Entity, Fact, Passage, Source
from tests.factories import CitationFactory, FactFactory, SourceFactory

OURS = ("curation", "relations", "quizzes")
RULED = [
    model
    for app in OURS
    for model in apps.get_app_config(app).get_models()
    if any(isinstance(one, models.CheckConstraint) for one in model._meta.constraints)
]
ROWS = 70  # random rows of each model

real = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=200)


def refuses(model: type[models.Model], constraint: models.CheckConstraint, row: models.Model) -> bool:
    try:
        constraint.validate(model, row)
    except ValidationError:
        return True
    return False


# --- every constraint of ours ---------------------------------------------------------------
def values_of(column: models.Field) -> list[Any]:
    """Values at which a rule may turn, for a column of any kind; None also where the column forbids it."""
    while isinstance(column, models.ForeignKey):
        column = column.target_field
    if isinstance(column, models.BooleanField):
        return [None, True, False]
    if isinstance(column, models.IntegerField):
        return [None, -1, 0, 1, 2]
    if isinstance(column, models.DateTimeField):
        return [None, datetime.datetime(2024, 8, 20, tzinfo=datetime.UTC)]
    if isinstance(column, models.DateField):
        return [None, datetime.date(2024, 8, 20), datetime.date.min]
    if isinstance(column, models.UUIDField):
        return [None, uuid.UUID(int=1), uuid.UUID(int=2)]
    if isinstance(column, models.CharField | models.TextField):
        return [None, "", "a", "A", " ", "2024-08", *(value for value, _label in column.flatchoices)]
    return [column.get_default()]


def is_kept(column: models.Field, value: Any) -> bool:
    """Whether the field leaves a value as it is, as it does with whatever has been cleaned."""
    try:
        return column.get_prep_value(value) == value
    except ValidationError:
        return False


def random_row(model: type[models.Model], by: random.Random) -> models.Model:
    row = model()
    for column in model._meta.concrete_fields:
        if not column.generated:
            row.__dict__[column.attname] = by.choice([one for one in values_of(column) if is_kept(column, one)])
    return row


def values(row: models.Model, rule: constraints.Rule) -> dict[str, Any]:
    return {name: getattr(row, name) for name in rule.fields}


@pytest.mark.parametrize("model", RULED, ids=lambda model: model._meta.label)
def test_every_row_rule_is_judged_as_the_database_judges_it(model: type[models.Model], db: None) -> None:
    by = random.Random(model._meta.label)
    rules = constraints.compiled(model)
    seen = set()
    for _number in range(ROWS):
        row = random_row(model, by)
        for rule in rules:
            broken = rule.broken(row)
            assert (rule.name, broken) == (rule.name, refuses(model, rule.constraint, row)), values(row, rule)
            seen.add((rule.name, broken))
    assert seen == {(rule.name, broken) for rule in rules for broken in (True, False)}, "a rule was never tried"


def test_all_check_constraints_of_the_site_are_compiled() -> None:
    assert {rule.name for model in RULED for rule in constraints.compiled(model)} == {
        one.name for model in RULED for one in model._meta.constraints if isinstance(one, models.CheckConstraint)
    }


def test_errors_are_those_of_full_clean(db: None) -> None:
    fact = FactFactory()
    fact.statement, fact.unit, fact.verdict = "", "%", "borne-out"
    with pytest.raises(ValidationError) as refused:
        fact.validate_constraints()
    assert refused.value.messages == [rule.message for rule in constraints.errors(constraints.compiled(Fact), fact)]


def test_errors_leave_out_rules_that_read_an_excluded_field(db: None) -> None:
    fact = FactFactory()
    fact.modality, fact.unit = "rumour", "%"
    rules = constraints.compiled(Fact)
    for excluded in (set(), {"modality"}, {"whose"}, {"whose_id"}, {"value", "whose"}, {"id"}):
        names = {"whose" if name == "whose_id" else name for name in excluded}
        try:
            fact.validate_constraints(exclude=names)
            expected = []
        except ValidationError as refused:
            expected = refused.messages
        assert [rule.message for rule in constraints.errors(rules, fact, excluded)] == expected


def test_a_rule_reads_anything_that_has_its_attributes() -> None:
    rule = next(rule for rule in constraints.compiled(Fact) if rule.name == "fact_view_has_owner")
    assert (rule.fields, rule.names) == (("modality", "whose_id"), ("modality", "whose"))
    assert rule.broken(SimpleNamespace(modality="view", whose_id=None))
    assert not rule.broken(SimpleNamespace(modality="view", whose_id="japan"))
    assert rule.message == "A view or an expectation names whose it is; a fact has no owner."


# --- any condition --------------------------------------------------------------------------
TEXTS, NUMBERS = ["", "a", "A", "ab", "fact", "é"], [0, 1, 2]
DATES = [datetime.date(2024, 8, 20), datetime.date(2024, 8, 21)]
# Of a model with every kind of column: text, another text, an integer that may be NULL, dates, keys of each kind.
COLUMNS: dict[str, tuple[str, list[Any]]] = {
    "value": ("value", TEXTS),
    "unit": ("unit", TEXTS),
    "version": ("version", NUMBERS),
    "date_earliest": ("date_earliest", DATES),
    "date_latest": ("date_latest", DATES),
    "whose": ("whose_id", TEXTS),
    "outcome": ("outcome_id", NUMBERS),
    "id": ("id", NUMBERS),
    "pk": ("id", NUMBERS),
}


@st.composite
def leaves(draw: st.DrawFn) -> Q:
    name = draw(st.sampled_from(sorted(COLUMNS)))
    values = COLUMNS[name][1]
    one, two = draw(st.sampled_from(values)), draw(st.sampled_from(values))
    alike = F(draw(st.sampled_from(sorted(other for other, (_, these) in COLUMNS.items() if these is values))))
    lookups = [Q((name, one)), Q((f"{name}__exact", one)), Q((name, alike)), Q((name, None))]
    lookups += [Q((f"{name}__isnull", True)), Q((f"{name}__isnull", False))]
    lookups += [Q((f"{name}__in", [one, two])), Q((f"{name}__in", {one, None}))]
    if values is TEXTS and name != "whose":
        lookups.append(Q((f"{name}__startswith", one)))
    if values is not TEXTS:
        lookups += [Q((f"{name}__{lookup}", one)) for lookup in ("gt", "gte", "lt", "lte")]
        lookups += [Q((f"{name}__{lookup}", alike)) for lookup in ("gt", "lte")]
    if values is not TEXTS and name != "outcome":
        lookups.append(Q((f"{name}__range", (one, two))))
    return draw(st.sampled_from(lookups))


def joined(parts: tuple[str, list[Q]]) -> Q:
    connector, conditions = parts
    joins = {"AND": Q.__and__, "OR": Q.__or__, "XOR": Q.__xor__}
    return reduce(joins[connector], conditions)


conditions = st.recursive(
    leaves(),
    lambda inner: (
        st.tuples(st.sampled_from(["AND", "OR", "XOR"]), st.lists(inner, min_size=2, max_size=4)).map(joined)
        | inner.map(lambda condition: ~condition)
    ),
    max_leaves=8,
)
rows = st.fixed_dictionaries({attname: st.sampled_from([None, *values]) for attname, values in COLUMNS.values()})


def rule_of(condition: Any, model: type[models.Model] = Fact) -> constraints.Rule:
    constraint = models.CheckConstraint(condition=condition, name="tried")
    return constraints._Compiler(model, "tried", connection.vendor).rule(constraint)


@real
@given(condition=conditions, values=rows)
def test_any_condition_is_judged_as_the_database_judges_it(db: None, condition: Q, values: dict[str, Any]) -> None:
    row = Fact()
    row.__dict__.update(values)
    rule = rule_of(condition)
    assert rule.broken(row) == refuses(Fact, rule.constraint, row)


def test_startswith_minds_case_where_the_database_does(db: None) -> None:
    for start in ("a", "É", "%", "_", ""):
        rule = rule_of(Q(statement__startswith=start))
        for text in ("Abc", "abc", "École", "école", "%x", "x%", "_", None):
            row = Fact(statement=text)
            assert rule.broken(row) == refuses(Fact, rule.constraint, row)


@pytest.mark.parametrize(
    ("condition", "named"),
    [
        (Q(statement__icontains="x"), "statement__icontains"),
        (Q(statement__iexact="x"), "statement__iexact"),
        (Q(statement__regex="x"), "statement__regex"),
        (Q(statement__gt="x"), "statement__gt"),
        (Q(date_earliest__year__gt=2000), "date_earliest__year__gt"),
        (Q(whose__name="Japan"), "whose__name"),
        (Q(whose_id="japan"), "whose_id"),
        (Q(digest="x"), "digest"),
        (Q(partners=1), "partners"),
        (Q(value=F("version")), "value=F('version')"),
        (Q(version__gt=F("version") + 1), "version__gt"),
        (Q(version__in=[]), "version__in"),
        (Q(version__in=[1, F("id")]), "version__in"),
        (Q(version__in=[None]), "version__in"),
        (Q(version__range=(1, None)), "version__range"),
        (Q(Q(value="") | Q(models.lookups.GreaterThan(Length("value"), 2))), "GreaterThan"),
        (models.lookups.GreaterThan(F("version"), 2), "GreaterThan"),
    ],
)
def test_what_cannot_be_judged_is_refused_by_name(condition: Any, named: str) -> None:
    with pytest.raises(NotImplementedError) as refused:
        rule_of(condition)
    first_line = str(refused.value).split(". ")[0]
    assert first_line.startswith("relations.Fact: the constraint tried uses ")
    assert named in first_line


def test_thirteen_rules_of_a_fact_take_microseconds() -> None:
    """5 µs on a quiet core; ten times as much would be the database again."""
    rules = constraints.compiled(Fact)
    fact = Fact(ref="acsa-ij-001", statement="A statement", modality="view", whose_id="japan", date="2020-09-09")
    assert min(timeit.repeat(lambda: constraints.errors(rules, fact), number=1_000, repeat=5)) / 1_000 < 50e-6


# --- what is unique -------------------------------------------------------------------------
def test_unique_sets_are_fields_and_constraints() -> None:
    def listed(model: type[models.Model]) -> list[tuple[str, tuple[str, ...]]]:
        return [(one.name, one.fields) for one in constraints.unique_sets(model)]

    assert listed(Source) == [("slug", ("slug",)), ("source_text_once", ("sha256",))]
    assert listed(Citation) == [("citation_once", ("fact_id", "passage_id"))]
    assert listed(Alias) == [("alias_once", ("entity_id", "name"))]
    assert listed(Revision) == [("revision_version_once", ("kind", "ref", "version"))]
    assert [listed(model) for model in (Fact, Entity, Passage, Question, Part)] == [
        [("ref", ("ref",))],
        [("slug", ("slug",))],
        [("ref", ("ref",))],
        [("ref", ("ref",))],
        [("ref", ("ref",))],
    ]


def test_a_conditional_set_frees_rows_outside_its_condition() -> None:
    once = constraints.unique_sets(Source)[1]
    assert once.condition is not None
    assert [once.key(Source(sha256=digest)) for digest in ("", "e3b0")] == [None, ("e3b0",)]
    assert once.where == ~Q(sha256="")


def test_a_null_is_shared_freely() -> None:
    once = constraints.unique_sets(Citation)[0]
    assert [once.key(Citation(fact_id=fact, passage_id=2)) for fact in (None, 1)] == [None, (1, 2)]


def test_messages_of_unique_sets_are_those_of_full_clean(db: None) -> None:
    source, citation = SourceFactory(sha256="e" * 64), CitationFactory()
    twins = [
        Source(**{column.attname: getattr(source, column.attname) for column in stored(Source)}),
        Citation(**{column.attname: getattr(citation, column.attname) for column in stored(Citation)}),
    ]
    for twin in twins:
        with pytest.raises(ValidationError) as refused:
            twin.full_clean()
        assert refused.value.messages == [one.message for one in constraints.unique_sets(type(twin))]


def stored(model: type[models.Model]) -> list[models.Field]:
    return [column for column in model._meta.concrete_fields if not (column.primary_key or column.generated)]
