"""What the page of a source says of it is so: what rests on each passage, what of it fails, and where nothing rests."""

import re

import pytest

from relations import counts
from relations.models import Fact, Source
from tests import factories, pages

pytestmark = pytest.mark.django_db


@pytest.fixture
def source():
    return factories.SourceFactory(slug="statement", title="The statement")


def page(client) -> str:
    return pages.page(client, "/sources/statement/")


def place(client, number: int) -> str:
    """What stands at one paragraph, without tags."""
    _before, _id, after = page(client).partition(f'<li id="p{number}">')
    text = re.sub(r"<[^>]+>", " ", after.partition(' <li id="')[0].partition("</ol>")[0])
    return re.sub(r" +", " ", text).strip(" ")


def passage(source, number: int, heading: str = "", **kwargs):
    return factories.PassageFactory(source=source, number=number, heading=heading, **kwargs)


def fact_at(cited, **kwargs) -> Fact:
    """A fact before students that cites one more passage."""
    fact = factories.published_fact(**kwargs)
    factories.CitationFactory(fact=fact, passage=cited)
    return fact


def disagreement_of(fact: Fact, outcome: str, **kwargs) -> None:
    """Give the fact a side with that outcome, against a preferred one."""
    right = factories.published_fact()
    disagreement = factories.DisagreementFactory(question="When was it signed?", **kwargs)
    factories.SideFactory(disagreement=disagreement, fact=right, outcome="preferred")
    factories.SideFactory(disagreement=disagreement, fact=fact, outcome=outcome)


# --- the order of reading ----------------------------------------------------------------------


def test_facts_stand_under_their_passages_in_the_order_of_the_document(client, source):
    headings = {9: "Talks › The third meeting", 3: "In the news", 5: "Talks", 11: ""}
    facts = {number: fact_at(passage(source, number, heading)) for number, heading in headings.items()}

    text = page(client)

    assert re.findall(r'<li id="(p\d+)"', text) == ["p3", "p5", "p9", "p11"]
    assert re.findall(r'<h3 id="under-p\d+">([^<]+)<', text) == ["In the news", "Talks", "Talks › The third meeting"]
    assert [number for number, fact in facts.items() if fact.statement not in place(client, number)] == []


def test_contents_count_the_facts_under_each_heading(client, source):
    for number, heading in [(3, "In the news"), (5, "Talks"), (9, "Talks › The third meeting")]:
        fact_at(passage(source, number, heading))

    contents = re.findall(r'<a href="(#under-p\d+)">([^<]+?) <span class="count">(\d+)</span></a>', page(client))

    assert contents == [
        ("#under-p3", "In the news", "1"),
        ("#under-p5", "Talks", "2"),
        ("#under-p9", "The third meeting", "1"),
    ]


@pytest.mark.parametrize(
    ("rights", "shown"),
    [
        ("link", None),
        ("quotation", "“signed the agreement in the capital”"),
        ("full", "<p>The two sides <mark>signed the agreement in the capital</mark> on a clear day.</p>"),
    ],
)
def test_passage_is_quoted_as_much_as_rights_allow(client, source, rights, shown):
    Source.objects.update(rights=rights)
    text = "The two sides signed the agreement in the capital on a clear day."
    fact_at(passage(source, 3, words=text, text=text))

    read = page(client)

    assert "https://example.org/statement#:~:text=signed%20the%20agreement" in read
    assert (shown in read) if shown else ("signed the agreement in the capital" not in read)


def test_copy_says_what_it_copies_before_its_facts(client, source):
    release = factories.SourceFactory(title="The release")
    Source.objects.filter(slug="statement").update(copy_of=release)
    source.derived_from.add(factories.SourceFactory(title="The brief"))

    text = page(client)

    assert "<b>A copy of</b>" in text
    assert "The two count once." in text
    assert "It does not count as independent of them." in text
    assert text.index("A copy of") < text.index("The brief") < text.index("Facts, in the order")


# --- what of it does not hold --------------------------------------------------------------------


def test_fact_that_a_passage_contradicts_does_not_rest_on_it(client, source):
    fact = factories.published_fact(ref="stands-001")
    factories.CitationFactory(fact=fact, passage=passage(source, 7), stance="contradicts")

    assert place(client, 7).startswith("Paragraph 7 Open the original at this place Not borne out here. What holds:")
    assert fact.statement in place(client, 7)
    told = f'<p>What holds: {fact.statement}</p> <p class="places"><a href="#p7">Paragraph 7</a></p>'
    assert told in page(client)
    assert "No fact rests on this document yet." in page(client)
    assert counts.by_source().get(source.pk) is None


@pytest.mark.parametrize(("outcome", "words"), [("not-borne-out", "Not borne out"), ("overtaken", "Overtaken")])
def test_passage_behind_a_side_that_failed_says_so_in_place(client, source, outcome, words):
    fact = fact_at(passage(source, 7))
    disagreement_of(fact, outcome)
    Fact.objects.filter(pk=fact.pk).update(rank=Fact.Rank.DEPRECATED)

    assert place(client, 7).endswith(f"{words}: When was it signed?")
    assert fact.statement not in page(client)
    assert '<p>When was it signed?</p> <p class="places"><a href="#p7">Paragraph 7</a></p>' in page(client)


def test_passage_behind_a_side_that_is_open_leads_to_the_disagreement(client, source):
    fact = fact_at(passage(source, 7))
    disagreement_of(fact, "open")

    assert place(client, 7).endswith("Where sources disagree: When was it signed?")
    assert "What of it does not hold" not in page(client)


def test_passage_that_holds_against_another_document_does_not_fail(client, source):
    wrong = factories.published_fact()
    factories.CitationFactory(fact=wrong, passage=passage(source, 7), stance="contradicts")
    disagreement_of(wrong, "not-borne-out")
    Fact.objects.filter(pk=wrong.pk).update(rank=Fact.Rank.DEPRECATED)

    assert place(client, 7).endswith("Where sources disagree: When was it signed?")
    assert "What of it does not hold" not in page(client)


def test_many_failures_are_folded_and_counted(client, source):
    for number in range(6):
        fact = factories.published_fact()
        factories.CitationFactory(fact=fact, passage=passage(source, number + 1), stance="contradicts")

    assert '<details class="prints"><summary><span>6 points</span></summary>' in page(client)


# --- where nothing rests -------------------------------------------------------------------------


def test_paragraph_on_which_no_fact_rests_says_so_in_its_place(client, source):
    passage(source, 4)
    fact_at(passage(source, 5))

    assert place(client, 4).endswith("No fact rests on this paragraph.")
    assert "<dt>Paragraphs on which no fact rests</dt><dd>1</dd>" in page(client)


def test_paragraph_behind_a_deprecated_fact_is_not_said_to_back_none(client, source):
    fact = factories.published_fact(source=source)
    Fact.objects.filter(pk=fact.pk).update(rank=Fact.Rank.DEPRECATED)

    assert fact.statement not in page(client)
    assert "No fact rests on this paragraph." not in page(client)


def test_heading_without_a_fact_takes_no_line(client, source):
    passage(source, 1, role="heading")

    assert 'id="p1"' not in page(client)


def test_list_of_sources_is_narrowed_by_kind_with_counts(client):
    for kind, title in (("press", "A report"), ("press", "Another report"), ("treaty", "A treaty")):
        factories.SourceFactory(kind=kind, title=title)

    page = client.get("/sources/?kind=press").content.decode()

    assert re.findall(r'<p class="citation-source"><a href="[^"]+">([^<]+)</a>', page) == ["A report", "Another report"]
    assert re.findall(r'<a href="([?][^"]*)"[^>]*>([^<]+) <span class="count">(\d+)</span>', page) == [
        ("?", "All", "3"),
        ("?kind=treaty", "Treaty", "1"),
        ("?kind=press", "Press report", "2"),
    ]


def test_kind_that_is_none_is_named(client):
    response = client.get("/sources/?kind=rumour")

    assert response.status_code == 404
    assert "“rumour” is not one of the choices here" in response.content.decode()
