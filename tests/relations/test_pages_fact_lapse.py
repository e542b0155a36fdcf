"""A fact whose check no longer counts: its page keeps the last checked words, and says why it is being rechecked."""

import pytest

from curation.models import Revision
from curation.revisions import record
from relations import checking
from relations.models import Citation, Fact, Passage
from tests import factories
from tests.pages import NEW, OLD, page, reword

pytestmark = pytest.mark.django_db


def test_reworded_fact_shows_the_last_checked_words_and_why(client, fact):
    reword(fact, NEW)

    text = page(client, "/facts/acsa-ij-001/")

    assert f'<h1 class="statement">{OLD}</h1>' in text
    assert NEW not in text
    assert "Being rechecked since" in text
    assert "The statement was changed after it was last checked." in text
    assert f"http://testserver/facts/acsa-ij-001/v{fact.version - 1}/" in text


@pytest.mark.parametrize("form", ["json", "csv"])
def test_reworded_fact_gives_the_last_checked_words_to_programs(client, fact, form):
    reword(fact, NEW)

    body = b"".join(client.get(f"/facts/acsa-ij-001/?format={form}")).decode()

    assert (OLD in body, NEW in body, "rechecking" in body) == (True, False, True)


def test_old_words_put_back_stand_at_once(client, fact):
    reword(fact, NEW)
    reword(fact, OLD)

    assert "Being rechecked" not in page(client, "/facts/acsa-ij-001/")


def test_fact_whose_passage_changed_says_so(client, fact):
    Passage.objects.update(digest="0" * 64)

    text = page(client, "/facts/acsa-ij-001/")

    assert "Being rechecked. </b>" in text.replace("</b>", " </b>")
    assert "The passage it rests on was changed after it was last checked." in text


def test_fact_whose_reading_changed_says_so(client, fact):
    Citation.objects.update(reading="“They” are the ministers.")

    assert "How we read the passage was changed after it was last checked." in page(client, "/facts/acsa-ij-001/")


@pytest.mark.parametrize("address", ["", "history/", "v1/"])
def test_fact_whose_passage_no_longer_supports_it_keeps_its_address(client, fact, address):
    fact.citations.update(stance="mentions")
    record(fact, by="alice", why="The passage only mentions it")

    response = client.get(f"/facts/acsa-ij-001/{address}")

    assert (response.status_code, OLD in response.content.decode()) == (200, True)


def test_check_of_a_contradiction_puts_nothing_before_students(client):
    fact = factories.FactFactory(ref="never-001", status="published")
    checking.check_citation(factories.CitationFactory(fact=fact, stance="contradicts"), by="bob")
    record(fact, by="alice")

    assert client.get("/facts/never-001/").status_code == 404


def test_last_checked_value_stands_under_the_property_it_was_checked_for(client):
    length = factories.PropertyFactory(key="length", name="length of the line", value_type="number")
    cost = factories.PropertyFactory(key="cost", name="cost of the line", value_type="number")
    fact = factories.published_fact(ref="line-001", property=length, value="508", unit="km")
    fact.property, fact.value, fact.unit = cost, "16", "billion US$"
    fact.save()
    record(fact, by="alice")

    text = page(client, "/facts/line-001/")

    assert ("Length of the line" in text, "508 km" in text, "Cost of the line" in text) == (True, True, False)
    assert client.get("/facts/line-001/?format=json").json()["property"] == "length"


def test_last_checked_words_that_were_not_kept_are_not_invented(client, fact):
    Revision.objects.all().delete()
    Fact.objects.update(statement=NEW)

    text = page(client, "/facts/acsa-ij-001/")

    assert "the wording of that day was not kept" in text
    assert NEW not in text
