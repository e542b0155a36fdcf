"""The search page, as a reader without JavaScript gets it."""

import re

import pytest
from django.urls import reverse

from relations.models import Check, Citation, Fact
from tests import factories

pytestmark = pytest.mark.django_db


def page(client, query: str | None = None, **params) -> str:
    given = {**({} if query is None else {"q": query}), **params}
    response = client.get(reverse("relations:search"), given)
    assert response.status_code == 200
    return response.content.decode()


def text_of(html: str) -> str:
    main = html[html.index("<main") : html.index("</main>")]
    return " ".join(re.sub(r"<(?!/?mark)[^>]+>", " ", main).split())


def published_facts(count: int) -> list[Fact]:
    """Facts that students see, all checked against one passage, in a few statements however many."""
    subject, passage = factories.EntityFactory(name="Subject"), factories.passage_of("Malabar was held.")
    facts = Fact.objects.bulk_create(
        factories.FactFactory.build(
            subject=subject, ref=f"m-{n:03d}", statement=f"Malabar number {n}.", status="published"
        )
        for n in range(count)
    )
    cited = Citation.objects.bulk_create(
        Citation(fact=fact, passage=passage, anchor="Malabar was held") for fact in facts
    )
    Check.objects.bulk_create(
        Check(
            citation=citation, by="bob", basis="text", claim_digest=citation.fact.claim_digest,
            passage_digest=passage.digest, citation_digest=citation.digest,
        )
        for citation in Citation.objects.filter(pk__in=[one.pk for one in cited]).select_related("fact")
    )  # fmt: skip
    return facts


def test_search_page_without_a_query_asks_for_one(client):
    assert "Write a name, a word or a year." in text_of(page(client))


def test_search_page_is_not_for_search_engines(client):
    assert '<meta name="robots" content="noindex">' in page(client, "malabar")


@pytest.mark.parametrize("count", [1, 3, 300])
def test_search_page_takes_eleven_queries_for_any_number_of_hits(client, count, django_assert_num_queries):
    published_facts(count)
    for n in range(count):
        factories.AliasFactory(entity__name=f"Malabar {n}")
    page(client, "warm")

    with django_assert_num_queries(11):
        html = page(client, "malabar")

    assert html.count('<li class="fact-row">') == min(count, 25)
    assert (f"{count} facts" if count > 1 else "1 fact ") in text_of(html)


def test_search_page_shows_names_above_facts_with_hits_marked(client):
    exercise = factories.EntityFactory(name="Exercise Malabar", kind="exercise", definition="A naval drill.")
    fact = factories.published_fact(statement="Malabar <began> in 1992.", subject=exercise)
    html = page(client, "malabar")

    assert html.index(exercise.get_absolute_url()) < html.index(fact.get_absolute_url())
    assert "<mark>Malabar</mark> &lt;began&gt; in 1992." in html
    assert "Exercise <mark>Malabar</mark> Exercise A naval drill." in text_of(html)


def test_search_page_says_what_an_alias_is(client):
    entity = factories.EntityFactory(name="India–Japan reciprocal supply agreement")
    factories.AliasFactory(entity=entity, name="ACSA")

    text = text_of(page(client, "ACSA"))

    assert "ACSA is another name of India–Japan reciprocal supply agreement ." in text
    assert "also called <mark>ACSA</mark>" in text


def test_search_page_says_what_it_corrected(client):
    factories.published_fact(statement="Malabar began in 1992.")

    assert "Nothing was found for malabr . These are the results for Malabar ." in text_of(page(client, "malabr"))


@pytest.mark.parametrize("query", ["+-*", "“”", "\x00!"])
def test_search_page_says_what_a_query_without_words_lacks(client, query):
    text = text_of(page(client, query))

    assert "There is no letter or digit in" in text
    assert "Look through Names A–Z" in text


def test_search_page_with_no_result_helps_on(client):
    entity = factories.EntityFactory(name="Exercise Malabar")
    html = page(client, "malabar zanzibar")

    assert "No fact and no name has all of this: malabar zanzibar." in text_of(html)
    for address in (entity.get_absolute_url(), reverse("relations:fact_list"), reverse("relations:entity_list")):
        assert f'href="{address}"' in html[html.index("<main") :]


def test_search_page_with_a_name_and_no_fact_says_so(client):
    factories.EntityFactory(name="Exercise Malabar")

    assert "There is no fact about this yet: malabar." in text_of(page(client, "malabar"))
    assert "No fact has all of this: exercise malabar." in text_of(page(client, "exercise malabar"))


def test_search_page_says_that_a_long_query_was_cut(client):
    assert "only its beginning was looked for: xxx" in text_of(page(client, "x" * 10_000))


def test_search_page_escapes_the_query(client):
    html = page(client, "<script>alert(1)</script>")

    assert "<script>alert" not in html
    assert 'value="&lt;script&gt;alert(1)&lt;/script&gt;"' in html


def test_search_page_pages_keep_the_query_and_show_names_once(client):
    published_facts(30)
    factories.EntityFactory(name="Exercise Malabar")
    second = page(client, "malabar", page=2)

    assert second.count('<li class="fact-row">') == 5
    assert "Exercise <mark>Malabar</mark>" not in second
    assert "?q=malabar&amp;page=1" in second


@pytest.mark.parametrize("number", ["9", "0", "-1", "x", "99999999999999999999", "٣"])
def test_search_page_that_is_none_is_not_found(client, number):
    published_facts(1)

    assert client.get(reverse("relations:search"), {"q": "malabar", "page": number}).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_search_page_is_answered_304_until_something_changes(client):
    factories.EntityFactory(name="Exercise Malabar")
    address = reverse("relations:search") + "?q=malabar"
    tag = client.get(address).headers["ETag"]
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 304

    factories.EntityFactory(name="Malabar Coast")
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 200
