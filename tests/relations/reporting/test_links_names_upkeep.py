"""Links, names, and what time has overtaken."""

import datetime
import hashlib

import pytest

from relations.models import Alias, Citation, Disagreement, Entity, Fact, Passage, PassageText, Source
from tests import factories
from tests.relations.reporting.planting import another, found, person

pytestmark = pytest.mark.django_db


# --- links -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("anchor", "wrong"),
    [
        ("words of nobody at all", "“words of nobody at all” stands 0 times in the kept text"),
        (
            "the two sides signed the agreement in the capital",
            "The anchor “the two sides signed the agreement in the capital” has 9 words: "
            "keep the 3 to 8 that decide the fact",
        ),
    ],
)
def test_anchor_that_fails_is_named_with_its_citation(fact, anchor, wrong):
    citation = fact.citations.get()
    Citation.objects.update(anchor=anchor)

    assert found() == {"anchors": [(f"acsa-001 ← {citation.passage.ref}", wrong)]}


def test_anchor_is_looked_up_in_the_documents_given(fact):
    citation = fact.citations.get()
    data = f"{citation.passage.kept_text.text}\n".encode()
    PassageText.objects.all().delete()
    Passage.objects.update(number=1)
    texts = {hashlib.sha256(data).hexdigest(): data}
    Source.objects.update(sha256=next(iter(texts)))
    assert found(texts=texts) == {}

    Citation.objects.update(anchor="words of nobody at all")

    assert found() == {}
    wrong = "“words of nobody at all”: the anchor is not in the paragraph"
    assert found(texts=texts) == {"anchors": [(f"acsa-001 ← {citation.passage.ref}", wrong)]}


def test_source_to_be_linked_needs_an_address(fact):
    for slug, rights in (("nowhere", "link"), ("shown", "full")):
        source = factories.SourceFactory(slug=slug, url="", rights=rights)
        factories.CitationFactory(fact=fact, passage=factories.PassageFactory(source=source))
    factories.SourceFactory(slug="known-by-its-copies", url="")

    assert found() == {"addresses": [("nowhere", "its rights allow the link alone, and it has no address")]}


# --- names -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("definition", "wrong"),
    [
        ("", "ACSA has no definition"),
        ("One line\nand another.", "its definition has a line break"),
    ],
)
def test_definition_is_one_line(fact, definition, wrong):
    Entity.objects.filter(slug="acsa").update(definition=definition)

    assert found() == {"definitions": [("acsa", wrong)]}


@pytest.mark.sqlite
def test_definition_is_at_most_160_characters(fact):
    """PostgreSQL takes none that is longer."""
    Entity.objects.filter(slug="acsa").update(definition="x" * 160)
    assert found() == {}

    Entity.objects.filter(slug="acsa").update(definition="x" * 161)
    assert found() == {"definitions": [("acsa", "its definition has 161 characters")]}


def test_name_that_stands_for_two_is_named(fact):
    other = factories.EntityFactory(slug="rpss", name="RPSS", definition="Another.", part_of=fact.subject)
    another(fact, "rpss-001", subject=other)
    factories.AliasFactory(entity=fact.subject, name="Supplies")
    factories.AliasFactory(entity=fact.subject, name="acsa")
    assert found() == {}

    Alias.objects.create(entity=other, name="Acsa")

    assert found() == {"ambiguous-names": [("acsa", "its name “ACSA” is also that of rpss")]}


# --- what time has overtaken, and what waits ---------------------------------------------------


def test_expectation_whose_time_is_over_needs_a_verdict(fact):
    owner = {"modality": "expectation", "whose": person("bose")}
    expectation = another(fact, "acsa-002", date="2024-08", **owner)
    another(fact, "acsa-003", date="2024-08/..", **owner)

    assert found(on=datetime.date(2024, 8, 31)) == {}
    assert found(on=datetime.date(2024, 9, 1)) == {"overdue": [("acsa-002", "expected for 2024-08")]}

    Fact.objects.filter(pk=expectation.pk).update(verdict="unknown")
    assert found(on=datetime.date(2024, 9, 1)) == {}


def test_fact_past_its_review_is_named(fact):
    Fact.objects.update(review_by="2025-06")

    assert found(on=datetime.date(2025, 6, 30)) == {}
    assert found(on=datetime.date(2025, 7, 1)) == {"review": [("acsa-001", "was to be reviewed by 2025-06")]}


def test_open_disagreement_and_fallen_preference_are_named(fact):
    other = another(fact, "acsa-002")
    open_one = factories.DisagreementFactory(slug="day", question="Which day?")
    assert found() == {"open-disagreements": [("day", "open: Which day?")]}

    settled = {"state": Disagreement.State.SETTLED, "preferred": other, "reason": "The record."}
    Disagreement.objects.filter(pk=open_one.pk).update(**settled)
    assert found() == {}

    Fact.objects.filter(pk=other.pk).update(status="withdrawn")
    assert found()["fallen-preferences"] == [("day", "prefers acsa-002, which does not stand")]
