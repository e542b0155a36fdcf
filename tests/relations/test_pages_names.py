"""A name's page: what is known in groups and in time order, what came of expectations, its parts; and names by kind."""

import re

import pytest

from relations import grouping
from relations.models import Entity, Fact
from tests import factories, pages

pytestmark = pytest.mark.django_db


@pytest.fixture
def dialogue() -> Entity:
    return factories.EntityFactory(slug="dialogue", name="Dialogue of ministers", kind="dialogue")


def page(client, address: str = "/names/dialogue/") -> str:
    return pages.page(client, address)


def of(value_type: str, date_means: str, **kwargs):
    choices = "signed" if value_type == "choice" else ""
    return factories.PropertyFactory(value_type=value_type, date_means=date_means, choices=choices, **kwargs)


def fact(subject: Entity, statement: str, **kwargs) -> Fact:
    return factories.published_fact(subject=subject, statement=statement, **kwargs)


def fill(subject: Entity, count: int) -> None:
    factories.published_facts(count, subject=subject, modality="fact", whose=None)


def order(text: str, *statements: str) -> list[str]:
    return sorted(statements, key=text.index)


# --- groups ------------------------------------------------------------------------------------


def test_few_facts_are_one_list_in_time_order_with_the_undated_last(client, dialogue):
    fact(dialogue, "It is undated.", date="")
    fact(dialogue, "It was held in 2019.", date="2019")
    fact(dialogue, "It was decided in 2018.", date="2018")

    text = page(client)

    assert "<h2>What is known, in time order</h2>" in text
    assert "On this page" not in text
    assert order(text, "It is undated.", "It was held in 2019.", "It was decided in 2018.") == [
        "It was decided in 2018.",
        "It was held in 2019.",
        "It is undated.",
    ]


def test_many_facts_stand_in_groups_that_follow_from_property_and_modality(client, dialogue):
    fill(dialogue, 12)  # dated, without a property: what was done
    someone = factories.EntityFactory(name="A commentator")
    given = {
        "is": {"property": of("text", "as-of")},
        "when": {"property": of("date", "happened")},
        "members": {"property": of("entity", "as-of")},
        "figures": {"property": of("number", "period")},
        "done": {"property": of("text", "happened")},
        "said": {"property": of("text", "said")},
        "views": {"modality": "view", "whose": someone, "property": of("text", "said")},
        "expected": {"modality": "expectation", "whose": someone},
    }
    for key, values in given.items():
        fact(dialogue, f"A fact for the group {key}.", **values)

    text = page(client)

    sections = re.findall(r'<h2 id="([\w-]+)">(.*?)(?=<h2|</main>)', text)
    assert [key for key, _section in sections] == list(given)
    assert [key for key, section in sections if f"A fact for the group {key}." not in section] == []
    assert re.findall(r'<a href="#(\w+)">[^<]+ <span class="count">(\d+)<', text) == [
        (key, "13" if key == "done" else "1") for key in given
    ]


@pytest.mark.parametrize(
    ("value_type", "date_means", "single", "group"),
    [
        ("entity", "happened", True, "when"),  # held in
        ("entity", "happened", False, "done"),  # endorsed, attended by
        ("entity", "as-of", False, "members"),  # has as a member
        ("choice", "as-of", True, "is"),  # status
        ("date", "happened", True, "when"),  # signed on
        ("number", "as-of", True, "figures"),  # number of members
        ("text", "said", False, "said"),  # described as
    ],
)
def test_property_decides_the_group(dialogue, value_type, date_means, single, group):
    fact(dialogue, "A fact.", property=of(value_type, date_means, single=single))

    (place,) = grouping.counted(dialogue)

    assert grouping.SHOWN[place].key == group


def test_group_is_in_time_order_and_views_by_whose(client, dialogue):
    fill(dialogue, 12)
    first, second = factories.EntityFactory(name="Alice"), factories.EntityFactory(name="Bob")
    for whose, date in [(second, "2001"), (first, "2019"), (first, "2003")]:
        fact(dialogue, f"A view of {whose.name} in {date}.", modality="view", whose=whose, date=date)

    views = ["A view of Alice in 2003.", "A view of Alice in 2019.", "A view of Bob in 2001."]
    assert order(page(client), *views) == views


def test_long_group_is_parted_by_topic_each_fact_at_the_last_of_its_own(client, dialogue):
    first, second = (
        factories.TopicFactory(name=name, position=place) for place, name in enumerate(["Levels", "Talks"])
    )
    for number in range(24):
        topics = [[first], [first, second], []][number % 3]
        factories.published_fact(subject=dialogue, topics=topics, statement=f"They agreed on point {number}.")

    html = pages.page(client, dialogue.get_absolute_url())
    parts = re.split(r"<h3>([^<]+)</h3>", html)

    assert parts[1::2] == ["Levels", "Talks", "Of no topic"]
    assert [part.count('class="when"') for part in parts[2::2]] == [8, 8, 8]


def test_very_many_facts_are_paged_and_contents_lead_to_the_page_of_each_group(client, dialogue):
    fill(dialogue, 101)
    someone = factories.EntityFactory(name="A commentator")
    fact(dialogue, "The last view of all.", modality="view", whose=someone)

    assert '<a href="?page=2#views">' in page(client)
    assert "The last view of all." in page(client, "/names/dialogue/?page=2")
    assert client.get("/names/dialogue/?page=3").status_code == 404


# --- what else a student looks for -----------------------------------------------------------------


def test_expectation_says_what_came_of_it(client, dialogue):
    happened = factories.published_fact(statement="They met in New Delhi.")
    whose = factories.EntityFactory(name="The Quint")
    expected = {"modality": "expectation", "whose": whose}
    fact(dialogue, "A meeting in Tokyo was expected.", outcome=happened, verdict="not-borne-out", **expected)
    fact(dialogue, "A treaty was expected.", **expected)

    text = page(client)

    assert f'Not borne out. <a href="{happened.get_absolute_url()}">They met in New Delhi.</a>' in text
    assert "<b>What happened:</b> Nothing is recorded yet." in text


def test_outcome_that_is_not_listed_is_not_told(client, dialogue):
    hidden = factories.FactFactory(statement="Nobody has checked this.")
    whose = factories.EntityFactory()
    fact(dialogue, "It was expected.", modality="expectation", whose=whose, outcome=hidden, verdict="borne-out")

    assert "Nobody has checked this." not in page(client)


def test_disagreements_about_the_name_stand_before_its_facts(client, dialogue):
    sides = [fact(dialogue, "It began in 2010."), factories.published_fact()]
    disagreement = factories.DisagreementFactory(question="Since when is it held?", what_to_write="Since 2019.")
    for side in sides:
        factories.SideFactory(disagreement=disagreement, fact=side)

    text = page(client)

    assert order(text, "Since when is it held?", "Since 2019.", "It began in 2010.") == [
        "Since when is it held?",
        "Since 2019.",
        "It began in 2010.",
    ]


def test_meetings_are_listed_by_date_apart_from_other_parts(client, dialogue):
    held = of("date", "happened")
    for slug, date in [("third", "2024-08-20"), ("first", "2019-11-30")]:
        meeting = factories.EntityFactory(slug=slug, name=f"The {slug} meeting", kind="meeting", part_of=dialogue)
        fact(meeting, f"The {slug} meeting was held.", property=held, date=date)
    factories.EntityFactory(name="A meeting to come", kind="meeting", part_of=dialogue)
    factories.EntityFactory(name="Its working group", kind="institution", part_of=dialogue)

    text = page(client)

    assert re.findall(r"<span>([^<]+)</span>(?: <span class=\"count\">([^<]+)</span>)?</a></li>", text) == [
        ("The first meeting", "30\u00a0November\u00a02019"),
        ("The third meeting", "20\u00a0August\u00a02024"),
        ("A meeting to come", ""),
        ("Its working group", ""),
    ]


def test_part_leads_to_the_whole(client, dialogue):
    factories.EntityFactory(slug="third", kind="meeting", part_of=dialogue)

    assert 'part of <a href="/names/dialogue/">Dialogue of ministers</a>' in page(client, "/names/third/")


# --- names A–Z ----------------------------------------------------------------------------------------


def test_names_of_a_kind_keep_their_other_names_and_letters(client, dialogue):
    factories.AliasFactory(entity=dialogue, name="Two plus two")
    factories.EntityFactory(name="Malabar", kind="exercise")

    text = page(client, "/names/?kind=dialogue")

    assert re.findall(r'<p class="citation-source"><a[^>]+>([^<]+)<', text) == ["Dialogue of ministers", "Two plus two"]
    assert re.findall(r'letter=(\w)"', text) == ["d", "t"]
    assert '<a href="?kind=dialogue&letter=t">' in text
    assert '<a href="?kind=exercise">Exercise <span class="count">1</span></a>' in text
    assert '<a href="?kind=dialogue" aria-current="true">Dialogue <span class="count">1</span></a>' in text


@pytest.mark.parametrize("query", ["kind=galaxy", "kind=exercise&letter=d", "letter=z"])
def test_what_no_name_has_is_not_found(client, dialogue, query):
    factories.EntityFactory(name="Malabar", kind="exercise")

    assert client.get(f"/names/?{query}").status_code == 404
