"""Every rule of a row holds in the database and in `full_clean`, each with its own message."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction

from relations.models import (
    Alias,
    Check,
    Citation,
    Entity,
    Fact,
    Passage,
    Property,
    Side,
    Source,
    Topic,
)
from tests import factories

pytestmark = pytest.mark.django_db


def entity(**kwargs: Any) -> Entity:
    return factories.EntityFactory.build(**kwargs)


def saved_entity(**kwargs: Any) -> Entity:
    return factories.EntityFactory(**kwargs)


def itself(obj: models.Model, name: str) -> models.Model:
    setattr(obj, name, obj)
    return obj


def fact(**kwargs: Any) -> Fact:
    return factories.FactFactory.build(subject=saved_entity(), **kwargs)


def person() -> Entity:
    return saved_entity(kind="person")


def passage(**kwargs: Any) -> Passage:
    return factories.PassageFactory.build(source=factories.SourceFactory(), **kwargs)


def citation(**kwargs: Any) -> Citation:
    return Citation(
        **{"fact": factories.FactFactory(), "passage": factories.PassageFactory(), "anchor": "signed the agreement"}
        | kwargs
    )


def check(**kwargs: Any) -> Check:
    fields = {"by": "bob", "basis": "text", "claim_digest": "c", "passage_digest": "p", "citation_digest": "r"}
    return Check(**{"citation": factories.CitationFactory()} | fields | kwargs)


def prop(**kwargs: Any) -> Property:
    return factories.PropertyFactory.build(**kwargs)


def second_source_with_text() -> Source:
    factories.SourceFactory(sha256="a" * 64)
    return factories.SourceFactory.build(sha256="a" * 64)


def second_citation() -> Citation:
    first = factories.CitationFactory()
    return citation(fact=first.fact, passage=first.passage)


def second_side() -> Side:
    first = factories.SideFactory()
    return Side(disagreement=first.disagreement, fact=first.fact)


def second_alias() -> Alias:
    first = factories.AliasFactory()
    return Alias(entity=first.entity, name=first.name)


BROKEN: dict[str, Callable[[], models.Model]] = {
    "entity_kind_known": lambda: entity(kind="planet"),
    "entity_name_given": lambda: entity(name=""),
    "entity_not_part_of_itself": lambda: itself(saved_entity(), "part_of"),
    "alias_once": second_alias,
    "alias_name_given": lambda: Alias(entity=saved_entity(), name=""),
    "topic_name_given": lambda: Topic(slug="t", name=""),
    "topic_not_under_itself": lambda: itself(factories.TopicFactory(), "parent"),
    "source_kind_known": lambda: factories.SourceFactory.build(kind="rumour"),
    "source_tier_known": lambda: factories.SourceFactory.build(tier_override="fourth", tier_reason="why"),
    "source_tier_has_reason": lambda: factories.SourceFactory.build(tier_override="primary"),
    "source_rights_known": lambda: factories.SourceFactory.build(rights="all"),
    "source_title_and_publisher_given": lambda: factories.SourceFactory.build(publisher=""),
    "source_not_copy_of_itself": lambda: itself(factories.SourceFactory(), "copy_of"),
    "source_text_once": second_source_with_text,
    "passage_role_known": lambda: passage(role="footer"),
    "passage_number_from_one": lambda: passage(number=0),
    "property_value_type_known": lambda: prop(value_type="colour"),
    "property_date_means_known": lambda: prop(date_means="whenever"),
    "property_choice_has_choices": lambda: prop(value_type="choice", choices=""),
    "fact_statement_given": lambda: fact(statement=""),
    "fact_modality_known": lambda: fact(modality="guess"),
    "fact_view_has_owner": lambda: fact(modality="view"),
    "fact_rank_known": lambda: fact(rank="top"),
    "fact_status_known": lambda: fact(status="live"),
    "fact_verdict_known": lambda: fact(modality="expectation", whose=person(), verdict="maybe"),
    "fact_outcome_of_expectation": lambda: fact(verdict="unknown"),
    "fact_value_has_property": lambda: fact(value="4"),
    "fact_unit_has_value": lambda: fact(unit="days"),
    "fact_date_bounds_follow": lambda: unbounded(fact(date=""), "date_earliest"),
    "fact_validity_bounds_follow": lambda: unbounded(fact(validity=""), "validity_latest"),
    "fact_not_superseded_by_itself": lambda: itself(factories.FactFactory(), "superseded_by"),
    "fact_not_its_own_outcome": lambda: itself(
        factories.FactFactory(modality="expectation", whose=person(), verdict="borne-out"), "outcome"
    ),
    "citation_once": second_citation,
    "citation_stance_known": lambda: citation(stance="shrugs"),
    "citation_anchor_given": lambda: citation(anchor=""),
    "check_basis_known": lambda: check(basis="hearsay"),
    "check_text_has_digest": lambda: check(passage_digest=""),
    "check_page_has_address_and_date": lambda: check(basis="page", address="https://example.org/"),
    "check_carried_continues": lambda: check(continues=saved(check())),
    "check_has_checker": lambda: check(by=""),
    "disagreement_state_known": lambda: factories.DisagreementFactory.build(state="won"),
    "disagreement_settled_has_reason": lambda: factories.DisagreementFactory.build(state="settled"),
    "disagreement_question_given": lambda: factories.DisagreementFactory.build(question=""),
    "side_once": second_side,
    "side_outcome_known": lambda: Side(
        disagreement=factories.DisagreementFactory(), fact=factories.FactFactory(), outcome="lost"
    ),
}


def unbounded(row: Fact, column: str) -> Fact:
    setattr(row, column, datetime.date(2020, 9, 9))
    return row


def saved(row: models.Model) -> models.Model:
    row.save()
    return row


def constraints() -> dict[str, models.BaseConstraint]:
    from django.apps import apps

    return {
        constraint.name: constraint
        for model in apps.get_app_config("relations").get_models()
        for constraint in model._meta.constraints
    }


def test_every_constraint_is_tried():
    assert sorted(BROKEN) == sorted(constraints())


# A value that is empty or not among the choices is named by its field; where no field can, the constraint speaks.
NAMED_BY_FIELD = {
    "fact_view_has_owner": "whose",
    "fact_outcome_of_expectation": "verdict",
    "fact_value_has_property": "property",
    "fact_unit_has_value": "value",
    "alias_name_given": "name",
    "check_basis_known": "basis",
    "check_has_checker": "by",
    "citation_anchor_given": "anchor",
    "citation_stance_known": "stance",
    "disagreement_question_given": "question",
    "disagreement_state_known": "state",
    "entity_kind_known": "kind",
    "entity_name_given": "name",
    "fact_modality_known": "modality",
    "fact_rank_known": "rank",
    "fact_statement_given": "statement",
    "fact_verdict_known": "verdict",
    "passage_role_known": "role",
    "property_date_means_known": "date_means",
    "property_value_type_known": "value_type",
    "side_outcome_known": "outcome",
    "source_kind_known": "kind",
    "source_rights_known": "rights",
    "source_tier_known": "tier_override",
    "source_title_and_publisher_given": "publisher",
    "topic_name_given": "name",
    "fact_status_known": "status",
}


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_constraint_holds_in_full_clean(name):
    row = BROKEN[name]()

    with pytest.raises(ValidationError) as caught:
        row.full_clean()

    told = caught.value.message_dict
    if name in NAMED_BY_FIELD:
        assert list(told) == [NAMED_BY_FIELD[name]]
    else:
        assert told["__all__"] == [str(constraints()[name].violation_error_message)]


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_constraint_holds_in_the_database(name):
    row = BROKEN[name]()
    with pytest.raises(IntegrityError, match=COLUMNS.get(name, name)), transaction.atomic():
        write(row)


def write(row: models.Model) -> None:
    """Insert or update past `save()` and `full_clean()`."""
    rows = type(row)._base_manager.filter(pk=row.pk)
    if rows.exists():
        rows.update(**{f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields if not f.generated})
    else:
        row.save(force_insert=True)


# SQLite names the columns of a broken UNIQUE, not the constraint; PostgreSQL names the constraint.
COLUMNS = {
    "alias_once": r"alias_once|relations_alias\.entity_id, relations_alias\.name",
    "citation_once": r"citation_once|relations_citation\.fact_id, relations_citation\.passage_id",
    "side_once": r"side_once|relations_side\.disagreement_id, relations_side\.fact_id",
    "source_text_once": r"source_text_once|relations_source\.sha256",
}


@pytest.mark.parametrize(
    ("kwargs", "field", "message"),
    [
        ({"date": "03/04/2024"}, "date", "03/04/2024"),
        ({"validity": "2024/2020"}, "validity", "2024/2020"),
        ({"statement": "word " * 31}, "statement", "31 words"),
        ({"ref": "acsa ij"}, "ref", "“acsa ij” is not a key"),
    ],
)
def test_fact_names_what_is_wrong_with_a_field(kwargs, field, message):
    with pytest.raises(ValidationError) as caught:
        fact(**kwargs).full_clean()

    assert message in " ".join(caught.value.message_dict[field])


@pytest.mark.parametrize(
    ("value_type", "value", "problem"),
    [
        ("date", "9.9.2020", "“9.9.2020”"),
        ("number", "about four", "“about four” is not a number"),
        ("number", "nan", "“nan” is not a number"),
        ("entity", "nobody", "“nobody” is not the key of a name"),
        ("choice", "signed", "not one of the choices: in force, under negotiation"),
    ],
)
def test_value_is_held_to_the_type_of_its_property(value_type, value, problem):
    kind = factories.PropertyFactory(value_type=value_type, choices="in force\nunder negotiation")

    with pytest.raises(ValidationError) as caught:
        fact(property=kind, value=value).full_clean()

    assert problem in " ".join(caught.value.message_dict["value"])


def test_anchor_is_held_to_the_kept_text():
    kept = factories.passage_of("They signed it. Then they signed it again.")

    with pytest.raises(ValidationError) as caught:
        citation(passage=kept, anchor="they signed it again and again").full_clean()

    assert "stands 0 times in this passage" in caught.value.message_dict["anchor"][0]


def test_facts_cannot_supersede_one_another_in_a_circle():
    first = factories.FactFactory()
    second = factories.FactFactory(superseded_by=first)
    first.superseded_by = second

    with pytest.raises(ValidationError, match="in a circle"):
        first.full_clean()
