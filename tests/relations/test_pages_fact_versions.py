"""What a fact said before, at addresses that stay, and who changed what and why."""

import pytest

from curation.revisions import record
from relations import checking
from tests.pages import NEW, OLD, page, reword

pytestmark = pytest.mark.django_db


def test_version_keeps_the_words_and_leads_to_today(client, fact):
    first = fact.version
    reword(fact, NEW)
    for citation in fact.citations.all():
        checking.check_citation(citation, by="bob")

    text = page(client, f"/facts/acsa-ij-001/v{first}/")

    assert f'<h1 class="statement">{OLD}</h1>' in text
    assert "See what the fact says today." in text
    assert "This is what the fact says today" in page(client, f"/facts/acsa-ij-001/v{fact.version}/")


def test_version_that_was_never_checked_is_not_public(client, fact, editor):
    reword(fact, NEW)

    assert client.get(f"/facts/acsa-ij-001/v{fact.version}/").status_code == 404
    client.force_login(editor)
    assert NEW in page(client, f"/facts/acsa-ij-001/v{fact.version}/")


def test_version_that_does_not_exist_is_not_found(client, fact):
    assert client.get("/facts/acsa-ij-001/v99/").status_code == 404


def test_history_says_who_when_why_and_what_changed(client, fact):
    reword(fact, NEW)
    for citation in fact.citations.all():
        checking.check_citation(citation, by="bob")

    text = page(client, "/facts/acsa-ij-001/history/")

    assert "alice" in text
    assert "The day was wrong" in text
    assert "<del>9</del>" in text
    assert "<ins>10</ins>" in text


def test_history_keeps_the_editors_note_to_them(client, fact):
    fact.note = "Ask the ministry"
    fact.save()
    record(fact, by="alice")

    assert "Ask the ministry" not in page(client, "/facts/acsa-ij-001/history/")
