"""What stands on too little, or carries nothing."""

import pytest

from relations.models import Entity, Fact, Source
from tests import factories
from tests.relations.reporting.planting import another, found, person

pytestmark = pytest.mark.django_db


def test_good_content_gives_no_rows(fact):
    assert found() == {}


@pytest.mark.parametrize(("kind", "words"), [("press", "one source"), ("study-note", "notes only")])
def test_fact_on_one_source_is_named_with_its_grade(fact, kind, words):
    another(fact, "acsa-002", source=factories.SourceFactory(kind=kind))

    assert found() == {"one-source": [("acsa-002", words)]}


def test_second_independent_source_or_another_modality_leaves_no_row(fact):
    view = {"modality": "view", "whose": person("bose")}
    two = another(fact, "acsa-002", source=factories.SourceFactory(kind="press"))
    another(fact, "acsa-003", source=factories.SourceFactory(kind="press"), **view)
    citation = factories.CitationFactory(fact=two, passage__source=factories.SourceFactory(kind="press"))
    from relations import checking

    checking.check_citation(citation, by="bob")

    assert found() == {}


def test_name_that_nothing_speaks_of_is_named(fact):
    factories.EntityFactory(slug="idle", name="Idle", definition="Nothing yet.")

    assert found() == {"unused-names": [("idle", "no fact speaks of Idle")]}


@pytest.mark.parametrize("use", ["subject", "partner", "value", "whose", "author", "part"])
def test_name_used_in_any_way_leaves_no_row(fact, use):
    name = factories.EntityFactory(slug="busy", name="Busy", kind="country", definition="Spoken of.")
    if use == "subject":
        another(fact, "busy-001", subject=name)
    elif use == "partner":
        fact.partners.add(name)
    elif use == "value":
        another(fact, "acsa-002", property=factories.PropertyFactory(value_type="entity"), value="busy")
    elif use == "whose":
        another(fact, "acsa-002", modality="view", whose=name)
    elif use == "author":
        Source.objects.get().authors.add(name)
    else:
        middle = factories.EntityFactory(name="Middle", definition="Between the two.", part_of=name)
        Entity.objects.filter(slug="acsa").update(part_of=middle)

    assert found() == {}


def test_withdrawn_fact_uses_no_name(fact):
    other = factories.EntityFactory(slug="gone", name="Gone", definition="Once spoken of.")
    Fact.objects.filter(pk=another(fact, "gone-001", subject=other).pk).update(status="withdrawn")

    assert [key for key, _wrong in found()["unused-names"]] == ["gone"]


def test_names_that_are_part_of_one_another_are_walked_once(fact):
    other = factories.EntityFactory(slug="ring", name="Ring", definition="A circle.", part_of=fact.subject)
    Entity.objects.filter(slug="acsa").update(part_of=other)

    assert found() == {}


@pytest.mark.parametrize(("number", "rows"), [(None, {}), (90, {"bare-passages": ["ministry/aside"]})])
def test_excerpt_that_a_fact_only_mentions_leaves_no_row_and_a_paragraph_does(fact, number, rows):
    source = Source.objects.get()
    aside = factories.passage_of("A plan of the year before.", source=source, ref="ministry/aside", number=number)
    factories.CitationFactory(fact=fact, passage=aside, anchor="plan of the year", stance="mentions")

    assert {name: [key for key, _wrong in keys] for name, keys in found().items()} == rows


def test_passage_that_backs_nothing_and_one_that_only_contradicts_are_told_apart(fact):
    source = Source.objects.get()
    factories.PassageFactory(source=source, ref="ministry/bare", number=90, heading="Trade")
    against = factories.passage_of(
        "No such agreement was signed on that day.", source=source, ref="ministry/no", number=91
    )
    factories.CitationFactory(fact=fact, passage=against, anchor="such agreement was signed", stance="contradicts")
    factories.PassageFactory(source=source, number=92, role="noise")

    assert found() == {
        "bare-passages": [("ministry/bare", "paragraph 90, Trade: backs no fact")],
        "contradicting-passages": [("ministry/no", "paragraph 91: contradicts a fact and backs none")],
    }
