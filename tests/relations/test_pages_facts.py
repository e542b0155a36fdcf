"""A fact's page: what it shows of a fact that stands, and to whom it shows what is not public."""

import datetime

import pytest

from relations import checking, publishing
from relations.models import Citation, Fact, Passage, PassageText, Source
from tests import factories
from tests.pages import OLD, page

pytestmark = pytest.mark.django_db


def cite(fact: Fact, text: str, **kwargs) -> Citation:
    """Another checked citation, of a source of its own."""
    source = factories.SourceFactory(**kwargs)
    citation = factories.CitationFactory(fact=fact, passage=factories.passage_of(text, source=source))
    checking.check_citation(citation, by="bob")
    return citation


TEXT = "There the two sides signed the agreement in the capital, others say."


# --- what stands -----------------------------------------------------------------------------


def test_fact_shows_statement_grade_use_and_check(client, fact):
    text = page(client, "/facts/acsa-ij-001/")

    assert f'<h1 class="statement">{OLD}</h1>' in text
    assert "One source" in text
    assert "Fine in Mains; name the source if much hangs on it." in text
    assert "One source counts. Documents that repeat it" in text
    assert "Checked by bob against the text of the passage." in text


def test_fact_checked_by_its_author_says_so(client):
    fact = factories.published_fact(checked_by="alice")

    assert "Checked by its author, alice, against the text of the passage." in page(client, fact.get_absolute_url())


def test_fact_checked_on_a_page_says_when_it_was_seen(client):
    fact = factories.published_fact()
    passage = factories.PassageFactory(words="", number=None)
    citation = factories.CitationFactory(fact=fact, passage=passage)
    seen = datetime.date(2025, 11, 14)
    checking.check_citation(citation, by="bob", address="https://example.org/page", seen_on=seen)

    text = page(client, fact.get_absolute_url())

    assert "Checked by bob against the page at its address, seen on 14\u00a0November\u00a02025." in text


def test_fact_leads_to_the_passage_and_to_its_place_in_the_original(client, fact):
    passage = Passage.objects.get()

    text = page(client, "/facts/acsa-ij-001/")

    assert f'href="{passage.get_absolute_url()}"' in text
    assert f"{passage.source.url}#:~:text=signed%20the%20agreement%20in%20the%20capital" in text


@pytest.mark.parametrize(
    ("rights", "shown"),
    [
        ("link", None),
        ("quotation", "<p><mark>signed the agreement in the capital</mark></p>"),
        ("full", "<p>On that day the two sides <mark>signed the agreement in the capital</mark>, as paragraph"),
    ],
)
def test_fact_quotes_as_much_as_rights_allow(client, fact, rights, shown):
    Source.objects.update(rights=rights)

    text = page(client, "/facts/acsa-ij-001/")

    assert (shown in text) if shown else ("<mark>" not in text)


def test_copy_of_another_cited_source_is_not_counted_again(client, fact):
    release = Passage.objects.get().source
    Source.objects.update(title="The release")
    cite(fact, TEXT, title="The note", copy_of=release)

    text = page(client, "/facts/acsa-ij-001/")

    assert "Repeats “The release”, so it is not counted again." in text
    assert "One source" in text


def test_two_that_rest_on_a_third_count_once_and_say_so(client, fact):
    release = factories.SourceFactory()
    Passage.objects.get().source.derived_from.add(release)
    Source.objects.filter(passages__isnull=False).update(title="The first paper")
    cite(fact, TEXT, title="The second paper").passage.source.derived_from.add(release)

    assert "Rests on the same document as “The first paper”, so the two count once." in page(
        client, "/facts/acsa-ij-001/"
    )


def test_unchecked_citation_says_so(client, fact):
    factories.CitationFactory(fact=fact)

    assert "Not checked as it is worded today." in page(client, "/facts/acsa-ij-001/")


def test_disagreement_is_shown_with_its_sides(client, fact):
    other = factories.published_fact(statement="A note of 2022 says that the parties still negotiate.")
    disagreement = factories.DisagreementFactory(what_to_write="Signed in 2020.")
    for side in (other, fact):
        factories.SideFactory(disagreement=disagreement, fact=side)

    text = page(client, "/facts/acsa-ij-001/")

    assert other.statement in text
    assert "Signed in 2020." in text
    assert "Learn both sides; do not state one as settled." in text


def test_superseded_fact_says_by_what(client, fact):
    newer = factories.published_fact(statement="The parties renewed the agreement in 2025.")
    Fact.objects.filter(pk=fact.pk).update(superseded_by=newer)

    assert "<h2>Superseded by</h2>" in page(client, "/facts/acsa-ij-001/")
    assert "<h2>What it supersedes</h2>" in page(client, newer.get_absolute_url())


def test_expectation_says_what_happened(client, fact):
    whose = factories.EntityFactory(name="The Quint")
    expected = factories.published_fact(
        statement="The Quint expects the signing in March.",
        modality="expectation",
        whose=whose,
        outcome=fact,
        verdict="not-borne-out",
    )

    text = page(client, expected.get_absolute_url())

    assert "<h2>What happened</h2>" in text
    assert "Not borne out." in text
    assert OLD in text
    assert expected.statement in page(client, "/facts/acsa-ij-001/")


def test_deprecated_fact_keeps_its_address(client, fact):
    Fact.objects.filter(pk=fact.pk).update(rank="deprecated")

    assert "It did not hold: see where sources disagree." in page(client, "/facts/acsa-ij-001/")


def test_deprecated_fact_is_not_to_be_written_as_true(client, fact):
    Fact.objects.filter(pk=fact.pk).update(rank="deprecated")

    text = page(client, fact.get_absolute_url())

    assert "<b>How to use it:</b> Do not write it in an answer as true." in text
    assert str(fact.use_line) not in text


def test_superseded_fact_sends_to_the_newer_statement(client, fact):
    Fact.objects.filter(pk=fact.pk).update(superseded_by=factories.published_fact())

    assert "<b>How to use it:</b> Use the newer statement; it stands below." in page(client, fact.get_absolute_url())


@pytest.mark.parametrize(
    ("modality", "label"),
    [("fact", "When it happened"), ("view", "When it was said"), ("expectation", "The time it speaks of")],
)
def test_date_of_a_view_is_not_that_of_an_event(client, modality, label):
    whose = None if modality == "fact" else factories.EntityFactory()
    happened = factories.PropertyFactory(date_means="happened")
    fact = factories.published_fact(modality=modality, whose=whose, property=happened, date="2022-09")

    assert f"<dt>{label}</dt><dd>September\u00a02022</dd>" in page(client, fact.get_absolute_url())


def test_ready_made_citation_names_the_producer_and_the_version(client, fact):
    Source.objects.update(publisher="Ministry of Defence", title="The release", url="https://example.org/release")

    text = page(client, "/facts/acsa-ij-001/")

    assert f"“{OLD}” Sandarbh, acsa-ij-001, version {fact.version}, checked" in text
    assert f"http://testserver/facts/acsa-ij-001/v{fact.version}/" in text
    assert "Ministry of Defence, “The release”, paragraph" in text


def test_taken_down_text_is_gone_from_the_page(client, fact):
    Source.objects.update(rights="full")
    PassageText.objects.all().delete()

    assert "<p><mark>signed the agreement in the capital</mark></p>" in page(client, "/facts/acsa-ij-001/")


# --- who may see what is not public ------------------------------------------------------------


def test_draft_is_for_editors(client, fact, editor):
    Fact.objects.filter(pk=fact.pk).update(status="draft")

    for address in ("", "history/", f"v{fact.version}/"):
        assert client.get(f"/facts/acsa-ij-001/{address}").status_code == 404
    client.force_login(editor)
    assert "Students do not see this fact: it is draft" in page(client, "/facts/acsa-ij-001/")


def test_withdrawn_fact_says_so_at_its_address_and_nothing_else(client, fact, editor):
    publishing.withdraw(fact, by="charlie", why="The release was retracted.")

    response = client.get("/facts/acsa-ij-001/")

    assert response.status_code == 410
    assert "The release was retracted." in response.content.decode()
    assert OLD not in response.content.decode()
    for address in ("history/", f"v{fact.version}/"):
        assert client.get(f"/facts/acsa-ij-001/{address}").status_code == 404
    client.force_login(editor)
    assert "Students do not see this fact: it is withdrawn" in page(client, "/facts/acsa-ij-001/")


def test_withdrawn_fact_that_was_never_public_is_not_found(client):
    fact = factories.FactFactory(status="withdrawn")

    assert client.get(fact.get_absolute_url()).status_code == 404


def test_published_fact_that_was_never_checked_is_for_editors(client, editor):
    fact = factories.FactFactory(status="published")
    factories.CitationFactory(fact=fact)

    assert client.get(fact.get_absolute_url()).status_code == 404
    client.force_login(editor)
    assert client.get(fact.get_absolute_url()).status_code == 200


def test_editor_without_permission_is_a_reader(client, fact, django_user_model):
    Fact.objects.filter(pk=fact.pk).update(status="draft")
    client.force_login(django_user_model.objects.create_user("rita"))

    assert client.get("/facts/acsa-ij-001/").status_code == 404


def test_fact_that_does_not_exist_is_not_found(client):
    response = client.get("/facts/no-such-fact/")

    assert response.status_code == 404
    assert "There is no page at this address" in response.content.decode()
