"""Where sources disagree, read from start to end: its order, what each side rests on, and what can be left out."""

import re

import pytest

from relations import checking, disagreeing
from relations.models import Disagreement
from tests import factories, pages

pytestmark = pytest.mark.django_db


def between(*facts, **kwargs) -> Disagreement:
    disagreement = factories.DisagreementFactory(**kwargs)
    for fact in facts:
        factories.SideFactory(disagreement=disagreement, fact=fact)
    return disagreement


def pair(*topics, date="2020-09-09", **kwargs) -> Disagreement:
    """A disagreement of two facts on the same topics and of the same date."""
    return between(*(factories.published_fact(topics=topics, date=date) for _side in range(2)), **kwargs)


def page(client, address: str = "/disagreements/") -> str:
    return pages.page(client, address)


def told(client, address: str = "/disagreements/") -> list[str]:
    """The ids of the disagreements on the page, in its order."""
    return re.findall(r'<section class="split" id="([^"]+)"', page(client, address))


@pytest.fixture
def topics():
    """A theme with two topics under it, in this order, and a theme after it."""
    world = factories.TopicFactory(slug="world", name="India and its partners", position=1)
    talks = factories.TopicFactory(slug="talks", name="Dialogues", parent=world, position=1)
    groups = factories.TopicFactory(slug="groups", name="Groupings", parent=world, position=2)
    return world, talks, groups, factories.TopicFactory(slug="trade", name="Trade", position=2)


def test_disagreements_stand_by_topic_and_then_by_date(client, topics):
    _world, talks, groups, trade = topics
    pair(slug="without-topic")
    pair(trade, slug="on-trade")
    pair(groups, slug="of-2015", date="2015-12")
    pair(groups, slug="undated", date="")
    pair(groups, slug="of-2006", date="2006")
    pair(talks, slug="on-talks")

    assert told(client) == ["on-talks", "of-2006", "of-2015", "undated", "on-trade", "without-topic"]


def test_disagreement_is_told_under_the_topic_of_most_of_its_sides(topics):
    _world, talks, groups, trade = topics
    facts = [factories.published_fact(topics=on) for on in ([talks, groups], [groups], [trade])]
    between(*facts)

    (entry,) = disagreeing.index()

    assert entry.topic == groups
    assert entry.topics == {"world", "talks", "groups", "trade"}


def test_date_of_a_settled_disagreement_is_that_of_the_preferred_fact(client, topics):
    talks = topics[1]
    wrong = factories.published_fact(topics=[talks], date="2001")
    right = factories.published_fact(topics=[talks], date="2020-09-09")
    between(wrong, right, slug="settled", preferred=right, state="settled", reason="The release says so.")
    pair(talks, slug="of-2010", date="2010")

    assert told(client) == ["of-2010", "settled"]


def test_contents_lead_to_each_question(client, topics):
    pair(topics[1], slug="acsa-signing", question="When was it signed?")

    text = page(client)

    assert '<p>Dialogues</p> <ul><li><a href="#acsa-signing">When was it signed?</a></li></ul>' in text
    assert '<h2><a href="/topics/talks/">Dialogues</a></h2>' in text


def test_side_names_each_source_it_rests_on_once_with_its_date(client):
    source = factories.SourceFactory(title="The release", publisher="Ministry of Defence", published="2020-09-10")
    fact = factories.published_fact(source=source)
    again = factories.passage_of("There the two sides signed the agreement in the capital.", source=source, number=900)
    checking.check_citation(factories.CitationFactory(fact=fact, passage=again), by="bob")
    unchecked = factories.SourceFactory(title="A note nobody has compared")
    factories.CitationFactory(fact=fact, passage=factories.PassageFactory(source=unchecked))
    between(fact, factories.published_fact())

    text = page(client)

    assert text.count(">The release</a>") == 1
    assert "Ministry of Defence</span>" in text
    assert "10\u00a0September\u00a02020</span>" in text
    assert "A note nobody has compared" not in text


def test_open_disagreement_says_what_to_write_until_it_is_settled(client):
    pair(slug="open-one")

    assert "<b>What to write:</b> Learn both sides; do not state one as settled." in page(client)


def test_kind_and_state_narrow_and_count(client):
    pair(slug="both", documents_disagree=True, overtaken=True)
    pair(slug="documents", documents_disagree=True, state="standing")
    pair(slug="wording", misleading_wording=True)

    text = page(client, "/disagreements/?kind=documents-disagree")

    assert re.findall(r'<a href="(\?[^"]*)"( aria-current="true")?>([\w ,]+) <span class="count">(\d+)', text) == [
        ("?", "", "All", "3"),
        ("?kind=documents-disagree", ' aria-current="true"', "Documents disagree", "2"),
        ("?kind=overtaken", "", "Overtaken by events", "1"),
        ("?kind=misleading-wording", "", "Wording likely to mislead", "1"),
        ("?kind=documents-disagree", ' aria-current="true"', "All", "2"),
        ("?kind=documents-disagree&state=open", "", "Open", "1"),
        ("?kind=documents-disagree&state=standing", "", "Both stand, as views", "1"),
    ]
    assert told(client, "/disagreements/?kind=documents-disagree") == ["both", "documents"]
    assert told(client, "/disagreements/?kind=documents-disagree&state=standing") == ["documents"]
    assert "Show all disagreements" in page(client, "/disagreements/?kind=interpretation")


@pytest.mark.parametrize("query", ["kind=documents_disagree", "state=closed", "page=2"])
def test_what_is_no_choice_is_not_found(client, query):
    assert client.get(f"/disagreements/?{query}").status_code == 404


def test_page_of_one_leads_to_the_next_and_back_to_its_place(client, topics):
    for number, slug in enumerate(["one", "two", "three"]):
        pair(topics[1], slug=slug, date=f"200{number}")

    links = re.findall(r'<a href="(/disagreements/[^"]*)"(?: rel="(\w+)")?', page(client, "/disagreements/two/"))

    assert [link for link in links if link[0] != "/disagreements/"] == [
        ("/disagreements/three/", "next"),
        ("/disagreements/one/", "prev"),
        ("/disagreements/#two", ""),
    ]


def test_sides_that_both_stand_are_not_said_to_be_open(client):
    pair(state="standing")

    text = page(client)

    assert re.findall(r"Stands[^<]*|Still open", text) == ["Stands", "Stands"]


def test_side_that_a_settled_disagreement_does_not_judge_is_not_said_to_be_open(client):
    settled = pair()
    settled.state, settled.reason, settled.what_to_write = "settled", "The treaty says so.", "9 September 2020."
    settled.preferred = settled.sides.first().fact
    settled.save()
    settled.sides.filter(fact=settled.preferred).update(outcome="preferred")

    text = page(client)

    assert ("Also on record" in text, "Still open" in text) == (True, False)
