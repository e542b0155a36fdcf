"""List pages cost the same number of queries however many rows there are."""

import pytest
from django.urls import reverse

from relations.models import Disagreement, Entity, Fact
from tests import factories

pytestmark = pytest.mark.django_db

SIZES = [1, 3, 300]


def facts_on(count: int, **kwargs) -> list[Fact]:
    """Published facts, one of them disputed, with a topic under another and a partner."""
    facts = factories.published_facts(count, **kwargs)
    parent = factories.TopicFactory(slug="defence", name="Defence")
    topic = factories.TopicFactory(slug="exercises", name="Exercises", parent=parent)
    japan = factories.EntityFactory(slug="japan", name="Japan", kind="country")
    Fact.topics.through.objects.bulk_create(Fact.topics.through(fact=fact, topic=topic) for fact in facts)
    Fact.partners.through.objects.bulk_create(Fact.partners.through(fact=fact, entity=japan) for fact in facts)
    factories.SideFactory(fact=facts[0])
    return facts


@pytest.mark.parametrize("count", SIZES)
def test_fact_list_queries_are_constant(client, django_assert_num_queries, count):
    facts_on(count)

    # count; keys, rows and disputes of the page; topics, partners and sources to choose from; the stamp
    with django_assert_num_queries(8):
        response = client.get(reverse("relations:fact_list"))

    assert response.content.decode().count('class="fact-row"') == min(count, 25)


@pytest.mark.parametrize("count", SIZES)
def test_filtered_fact_list_queries_are_constant(client, django_assert_num_queries, count):
    facts_on(count)
    query = {"modality": "fact", "partner": "japan", "topic": "defence"}

    with django_assert_num_queries(8):
        response = client.get(reverse("relations:fact_list"), query)

    assert response.status_code == 200


@pytest.mark.parametrize("count", SIZES)
def test_fact_list_json_queries_are_constant(client, django_assert_num_queries, count):
    facts_on(count)

    with django_assert_num_queries(10):
        response = client.get(reverse("relations:fact_list"), {"format": "json"})

    assert len(response.json()["facts"]) == min(count, 25)


@pytest.mark.parametrize("count", SIZES)
def test_home_queries_are_constant(client, django_assert_num_queries, count):
    facts_on(count)

    with django_assert_num_queries(13):
        response = client.get(reverse("relations:home"))

    assert response.status_code == 200


@pytest.mark.parametrize("count", SIZES)
def test_topic_queries_are_constant(client, django_assert_num_queries, count):
    facts_on(count)

    # topic, those under it, counts in two; count, keys, rows and disputes; the index of disagreements in four; what
    # there is to practise, in three, asked for by two tags; the questions named; the stamp
    with django_assert_num_queries(20):
        response = client.get("/topics/defence/")

    assert response.content.decode().count('class="fact-row"') == min(count, 25)


@pytest.mark.parametrize("count", SIZES)
def test_topic_list_queries_are_constant(client, django_assert_num_queries, count):
    for _number in range(count):
        factories.TopicFactory(parent=factories.TopicFactory())

    # topics; counts in two; the index of disagreements in four; the stamp
    with django_assert_num_queries(8):
        response = client.get(reverse("relations:topic_list"))

    assert response.content.decode().count("<h2>") == count


@pytest.mark.parametrize(("count", "queries"), [(1, 15), (3, 15), (12, 15), (13, 16), (20, 16), (300, 17)])
def test_name_queries_are_constant(client, django_assert_num_queries, count, queries):
    facts_on(count, subject=factories.EntityFactory(slug="acsa-ij"))

    # name, other names; count by group, count, keys, rows and disputes; parts; sides, and the index of disagreements in
    # four; views elsewhere; the stamp. From 13 facts on also the group of each; of a group of more than 20, their
    # topics.
    with django_assert_num_queries(queries):
        response = client.get("/names/acsa-ij/")

    assert response.content.decode().count('class="when"') == min(count, 100)


@pytest.mark.parametrize("count", SIZES)
def test_name_queries_do_not_grow_with_its_parts_and_outcomes(client, django_assert_num_queries, count):
    whole = factories.EntityFactory(slug="dialogue", kind="dialogue")
    happened = factories.PropertyFactory()
    for fact in factories.published_facts(2 * count, modality="fact", whose=None, property=happened):
        Entity.objects.filter(slug=fact.subject_id).update(part_of=whole, kind="meeting")
    outcomes = factories.published_facts(min(count, 12), modality="fact", whose=None)
    expected = factories.published_facts(
        min(count, 12), modality="expectation", whose=factories.EntityFactory(), subject=whole
    )
    for fact, outcome in zip(expected, outcomes, strict=True):
        Fact.objects.filter(pk=fact.pk).update(outcome=outcome)

    with django_assert_num_queries(12):
        response = client.get("/names/dialogue/")

    assert response.content.decode().count('class="came-of"') == min(count, 12)


@pytest.mark.parametrize("count", SIZES)
def test_partner_queries_are_constant(client, django_assert_num_queries, count):
    facts_on(count)

    with django_assert_num_queries(11):
        response = client.get("/names/japan/")

    assert response.content.decode().count('class="fact-row"') == min(count, 10)


@pytest.mark.parametrize("count", SIZES)
def test_names_a_to_z_queries_are_constant(client, django_assert_num_queries, count):
    for _number in range(count):
        factories.AliasFactory()

    # letters of names and other names; how many of each kind; count and rows; the stamp
    with django_assert_num_queries(6):
        response = client.get(reverse("relations:entity_list"))

    assert response.content.decode().count('class="citation-source"') == min(2 * count, 100)


@pytest.mark.parametrize("count", SIZES)
def test_source_list_queries_are_constant(client, django_assert_num_queries, count):
    factories.published_facts(count)

    with django_assert_num_queries(5):
        response = client.get(reverse("relations:source_list"))

    assert response.content.decode().count('class="citation-source"') == min(count, 25)


@pytest.mark.parametrize("count", SIZES)
def test_source_queries_are_constant(client, django_assert_num_queries, count):
    facts_on(count, source=factories.SourceFactory(slug="statement"))

    with django_assert_num_queries(9):
        response = client.get("/sources/statement/")

    assert response.content.decode().count('class="fact-row"') == count


@pytest.mark.parametrize("count", SIZES)
def test_disagreement_list_queries_are_constant(client, django_assert_num_queries, count):
    pairs = factories.published_facts(2 * count)
    for one, other in zip(pairs[::2], pairs[1::2], strict=True):
        disagreement = factories.DisagreementFactory()
        factories.SideFactory(disagreement=disagreement, fact=one)
        factories.SideFactory(disagreement=disagreement, fact=other)
    assert Disagreement.objects.visible().count() == count

    # the index: disagreements, dates and topics of their sides, topics; of the page: disagreements, sides, facts and
    # their citations; the stamp
    with django_assert_num_queries(9):
        response = client.get(reverse("relations:disagreement_list"))

    assert response.content.decode().count('class="split"') == min(count, 60)


@pytest.mark.parametrize("count", SIZES)
def test_fact_queries_do_not_grow_with_its_citations(client, django_assert_num_queries, count):
    fact = factories.published_fact()
    for _number in range(count):
        factories.CitationFactory(fact=fact)

    with django_assert_num_queries(11):
        response = client.get(fact.get_absolute_url())

    assert response.content.decode().count('class="citation"') == count + 1


def test_long_document_is_light_and_unchanged_the_second_time(client):
    """At most 100 KB a page, on a phone: here 160 facts at 160 passages, each with its place in the original."""
    facts_on(160, source=factories.SourceFactory(slug="statement", rights="quotation"))

    first = client.get("/sources/statement/", headers={"Accept-Encoding": "gzip"})
    again = client.get("/sources/statement/", headers={"Accept-Encoding": "gzip", "If-None-Match": first["ETag"]})

    assert first["Content-Encoding"] == "gzip"
    assert len(first.content) <= 32 * 1024
    assert (again.status_code, len(again.content)) == (304, 0)
