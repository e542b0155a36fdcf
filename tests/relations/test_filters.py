"""The filters of the list of facts: what they find, and what they say of what they do not understand."""

import html

import pytest
from django.urls import reverse

from relations.filters import nearest
from relations.models import Fact
from tests import factories

pytestmark = pytest.mark.django_db

ADDRESS = reverse("relations:fact_list")


def listed(client, query: str) -> set[str]:
    """The refs that the list shows at `query`."""
    return {fact["ref"] for fact in client.get(f"{ADDRESS}?{query}&format=json", follow=True).json()["facts"]}


def said(response) -> str:
    return html.unescape(response.content.decode())


# --- what they find --------------------------------------------------------------------------


def test_topic_finds_what_stands_under_it(client):
    parent = factories.TopicFactory(slug="defence")
    child = factories.TopicFactory(slug="exercises", parent=parent)
    factories.published_fact(ref="own-001", topics=[parent])
    factories.published_fact(ref="below-001", topics=[child])
    factories.published_fact(ref="other-001")

    assert listed(client, "topic=defence") == {"own-001", "below-001"}
    assert listed(client, "topic=exercises") == {"below-001"}


def test_fact_with_both_topics_is_listed_once(client):
    parent = factories.TopicFactory(slug="defence")
    factories.published_fact(topics=[parent, factories.TopicFactory(parent=parent)])

    assert client.get(f"{ADDRESS}?format=json&topic=defence").json()["count"] == 1


def test_partner_finds_facts_with_that_partner(client):
    japan = factories.EntityFactory(slug="japan", kind="country")
    factories.published_fact(ref="with-001", partners=[japan])
    factories.published_fact(ref="without-001")

    assert listed(client, "partner=japan") == {"with-001"}


def test_name_finds_every_part_it_plays(client):
    quint = factories.EntityFactory(slug="quint", kind="grouping")
    factories.published_fact(ref="about-001", subject=quint)
    factories.published_fact(ref="with-001", partners=[quint])
    factories.published_fact(ref="said-001", modality="view", whose=quint)
    factories.published_fact(ref="other-001")

    assert listed(client, "entity=quint") == {"about-001", "with-001", "said-001"}


def test_name_may_be_given_by_its_other_name_and_gets_its_key_in_the_address(client):
    acsa = factories.EntityFactory(slug="acsa-ij", name="Supply agreement")
    factories.AliasFactory(entity=acsa, name="ACSA")
    factories.published_fact(ref="acsa-ij-001", subject=acsa)

    response = client.get(f"{ADDRESS}?entity=acsa")

    assert (response.status_code, response["Location"]) == (302, f"{ADDRESS}?entity=acsa-ij")
    assert 'value="Supply agreement"' in said(client.get(response["Location"]))


def test_source_finds_no_fact_that_it_contradicts(client):
    fact = factories.published_fact(ref="stands-001")
    source = factories.SourceFactory(slug="statement")
    factories.CitationFactory(fact=fact, passage=factories.PassageFactory(source=source), stance="contradicts")

    assert listed(client, "source=statement") == set()


def test_source_finds_facts_that_cite_it(client):
    source = factories.SourceFactory(slug="statement")
    factories.published_fact(ref="cites-001", source=source)
    factories.published_fact(ref="other-001")

    assert listed(client, "source=statement") == {"cites-001"}


def test_modality_finds_views(client):
    factories.published_fact(ref="view-001", modality="view", whose=factories.EntityFactory())
    factories.published_fact(ref="fact-001")

    assert listed(client, "modality=view") == {"view-001"}


def test_evidence_finds_by_the_grade_that_is_shown(client):
    disputed = factories.published_fact(ref="disputed-001")
    factories.SideFactory(fact=disputed)
    factories.published_fact(ref="one-001")

    assert listed(client, "evidence=one") == {"one-001"}
    assert listed(client, "evidence=disputed") == {"disputed-001"}


@pytest.mark.parametrize(
    ("period", "found"),
    [
        ("2020", {"day-001", "since-001"}),
        ("2020-08", {"since-001"}),
        ("2021/2024", {"month-001", "since-001"}),
        ("../2019", {"by-001", "since-001"}),
        ("2023/..", {"month-001", "since-001"}),
    ],
)
def test_period_finds_dates_that_may_fall_in_it(client, period, found):
    for ref, date in {
        "day-001": "2020-09-09",
        "month-001": "2024-08",
        "by-001": "[..2018-08]",
        "since-001": "2006/..",
        "undated-001": "",
    }.items():
        factories.published_fact(ref=ref, date=date)

    assert listed(client, f"period={period}") == found


def test_filters_narrow_together(client):
    japan = factories.EntityFactory(slug="japan", kind="country")
    factories.published_fact(ref="both-001", partners=[japan], date="2020")
    factories.published_fact(ref="partner-001", partners=[japan], date="2021")

    assert listed(client, "partner=japan&period=2020") == {"both-001"}


def test_deprecated_facts_are_not_listed(client):
    fact = factories.published_fact()
    Fact.objects.filter(pk=fact.pk).update(rank="deprecated")

    assert listed(client, "modality=fact") == set()


# --- addresses ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        ("?topic=&partner=", ""),
        ("?period=2020&modality=fact", "?modality=fact&period=2020"),
        ("?modality=fact&page=1", "?modality=fact"),
        ("?modality=fact&utm_source=chat&fbclid=x", "?modality=fact"),
        ("?modality=fact&modality=fact", "?modality=fact"),
        ("?period=2020%2F2021", None),
        ("?period=+2020", "?period=2020"),
        ("?modality=fact", None),
        ("", None),
    ],
)
def test_address_is_written_in_one_way(client, given, canonical):
    factories.published_fact()

    response = client.get(f"{ADDRESS}{given}")

    assert response.get("Location") == (None if canonical is None else f"{ADDRESS}{canonical}")


def test_chips_take_one_filter_away_each(client):
    response = client.get(f"{ADDRESS}?modality=fact&period=2020")

    assert [chip.remove_url for chip in response.context["chips"]] == [
        f"{ADDRESS}?period=2020",
        f"{ADDRESS}?modality=fact",
    ]


def test_pages_keep_the_filters(client):
    factories.published_facts(30, modality="fact", whose=None)

    response = client.get(f"{ADDRESS}?modality=fact&page=2")

    assert 'href="?modality=fact&page=1"' in said(response)
    assert response.context["page"].number == 2


@pytest.mark.parametrize("page", ["0", "99", "abc", "-1"])
def test_page_that_is_not_there_is_not_found(client, page):
    assert client.get(f"{ADDRESS}?page={page}").status_code == 404


# --- what is not understood ----------------------------------------------------------------------


def test_misspelt_filter_is_named_with_the_nearest_and_lists_nothing(client):
    factories.published_fact()

    response = client.get(f"{ADDRESS}?partnr=japan")

    assert response.status_code == 400
    assert "“partnr” is not a filter. Did you mean “partner”?" in said(response)
    assert 'href="?partner=japan"' in said(response)
    assert 'class="fact-row"' not in said(response)


def test_unknown_filter_is_named_with_all_there_are(client):
    response = client.get(f"{ADDRESS}?xyzzyx=1")

    assert response.status_code == 400
    assert (
        "“xyzzyx” is not a filter. The filters are: entity, evidence, modality, partner, period, source, topic."
        in said(response)
    )


def test_unknown_value_is_named_with_the_nearest(client):
    factories.TopicFactory(slug="trade", name="Trade and investment")
    factories.published_fact()

    response = client.get(f"{ADDRESS}?topic=trad")

    assert response.status_code == 400
    assert "“trad” is not known under “Topic”. Did you mean “trade”?" in said(response)
    assert 'href="?topic=trade"' in said(response)


def test_unknown_name_is_named_with_the_nearest(client):
    factories.EntityFactory(slug="malabar", name="Exercise Malabar")

    response = client.get(f"{ADDRESS}?entity=malabr")

    assert response.status_code == 400
    assert "“malabr” is not known under “Name”. Did you mean “malabar”?" in said(response)


def test_name_of_several_asks_which(client):
    for slug in ("acsa-ij", "acsa-ia"):
        factories.AliasFactory(entity=factories.EntityFactory(slug=slug), name="ACSA")

    response = client.get(f"{ADDRESS}?entity=ACSA")

    assert "“ACSA” is the name of several: write one of the keys acsa-ia, acsa-ij." in said(response)


def test_date_that_cannot_be_read_says_what_to_write(client):
    response = client.get(f"{ADDRESS}?period=03/04/2024")

    assert response.status_code == 400
    assert "“03/04/2024” is not a date we can read: write year-month-day, such as 2024-04-03." in said(response)


def test_two_values_for_one_filter_are_not_guessed_between(client):
    response = client.get(f"{ADDRESS}?modality=fact&modality=view")

    assert response.status_code == 400
    assert "“modality” is in the address 2 times, with different values. Choose one of them." in said(response)


def test_unknown_format_is_named(client):
    response = client.get(f"{ADDRESS}?format=xml")

    assert response.status_code == 400
    assert "“xml” is not a format we have. The formats are: csv, json." in said(response)


def test_program_gets_the_problems_as_json(client):
    response = client.get(f"{ADDRESS}?format=json&topc=a")

    assert response.status_code == 400
    assert len(response.json()["errors"]) == 1


def test_text_of_an_address_is_escaped(client):
    response = client.get(ADDRESS, {"<script>alert(1)</script>": "1", "topic": "<b>"})

    assert b"<script>alert" not in response.content
    assert b"<b>\xe2\x80\x9d" not in response.content


# --- nothing found -------------------------------------------------------------------------------


def test_empty_list_says_what_was_understood_and_which_filter_to_remove(client):
    japan = factories.EntityFactory(slug="japan", name="Japan", kind="country")
    factories.published_fact(partners=[japan], date="2020")
    factories.published_fact(date="2021")
    factories.published_fact(date="2021")

    response = client.get(f"{ADDRESS}?partner=japan&period=2021")

    assert "No fact has all of these: Partner: Japan; When: 2021." in said(response)
    assert "Remove “When: 2021” (1 fact)" in said(response)
    assert 'role="search"' in said(response)


def test_list_without_any_fact_says_so(client):
    assert "There are no facts yet." in said(client.get(ADDRESS))


@pytest.mark.parametrize(
    ("value", "found"), [("partnr", "partner"), ("Japan", "jp"), ("JP", "jp"), ("qqqqqqqq", None), ("", None)]
)
def test_nearest_looks_at_keys_and_labels(value, found):
    assert nearest(value, ["partner", "jp"], ["Partner", "Japan"]) == found
