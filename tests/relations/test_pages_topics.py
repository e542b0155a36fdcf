"""The topics as a tree with their paragraphs, and what a topic's page gathers."""

import re

import pytest

from tests import factories
from tests.pages import page

pytestmark = pytest.mark.django_db


@pytest.fixture
def tree():
    """A theme with two topics under it."""
    theme = factories.TopicFactory(slug="security", name="Security", description="What the forces do.")
    navy = factories.TopicFactory(slug="navy", name="Navies", description="Exercises at sea.", parent=theme, position=2)
    army = factories.TopicFactory(slug="army", name="Armies", description="On land.", parent=theme, position=1)
    return theme, army, navy


def disagreement_on(topic, **kwargs):
    disagreement = factories.DisagreementFactory(**kwargs)
    for _side in range(2):
        factories.SideFactory(disagreement=disagreement, fact=factories.published_fact(topics=[topic]))


def test_tree_has_each_topic_with_its_paragraph_and_counts(client, tree):
    _theme, army, navy = tree
    factories.published_fact(topics=[army])
    disagreement_on(navy)

    text = page(client, "/topics/")
    words = re.sub(r" +", " ", re.sub(r"<[^>]+>", " ", text.partition("<main")[2].partition("</main")[0]))

    assert words.partition("look out for. ")[2].rstrip(" ") == (
        "Security 3 facts 1 question on which sources disagree What the forces do. "
        "Armies 1 fact On land. "
        "Navies 2 facts 1 question on which sources disagree Exercises at sea."
    )


def test_topic_shows_its_paragraph_its_facts_and_its_disagreements(client, tree):
    theme, army, navy = tree
    disagreement_on(navy, question="When did it begin?", what_to_write="In 2012.")
    own = factories.published_fact(topics=[theme])
    other = factories.published_fact(topics=[army])

    text = page(client, "/topics/security/")

    assert '<p class="lead">What the forces do.</p>' in text
    assert "When did it begin?" in text
    assert "<b>What to write:</b> In 2012." in text
    assert (own.statement in text, other.statement in text) == (True, True)
    assert "When did it begin?" not in page(client, "/topics/army/")


def test_many_disagreements_are_folded_and_counted(client, tree):
    for _number in range(4):
        disagreement_on(tree[1])

    assert '<details class="prints"><summary><span>4 questions, and what to write</span></summary>' in page(
        client, "/topics/army/"
    )


def test_later_pages_of_a_topic_go_on_with_its_facts(client, tree):
    factories.published_facts(26)
    for fact in factories.published_facts(26):
        fact.topics.set([tree[1]])
    disagreement_on(tree[1], question="When did it begin?")

    assert "When did it begin?" not in page(client, "/topics/army/?page=2")
