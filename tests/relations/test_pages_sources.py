"""What the page of a source says of it is so: which facts rest on it, and which paragraphs back none."""

import pytest

from relations import counts
from relations.models import Fact
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def source():
    return factories.SourceFactory(slug="statement")


def page(client) -> str:
    return client.get("/sources/statement/").content.decode()


def test_fact_that_a_passage_contradicts_does_not_rest_on_it(client, source):
    fact = factories.published_fact(ref="stands-001")
    factories.CitationFactory(
        fact=fact, passage=factories.PassageFactory(source=source, number=7), stance="contradicts"
    )

    assert fact.statement not in page(client)
    assert "No fact rests on this document yet." in page(client)
    assert 'id="p7"' in page(client)  # among the paragraphs that back no fact
    assert counts.by_source().get(source.pk) is None


def test_paragraph_behind_a_deprecated_fact_is_not_said_to_back_none(client, source):
    fact = factories.published_fact(source=source)
    Fact.objects.filter(pk=fact.pk).update(rank=Fact.Rank.DEPRECATED)

    assert fact.statement not in page(client)
    assert "Paragraphs that back no fact" not in page(client)
