"""Dates out of order."""

import datetime

import pytest
from django.utils import timezone

from relations.models import Check, Entity, Fact, Source
from tests import factories
from tests.relations.reporting.planting import another, found, person, signed

pytestmark = pytest.mark.django_db


def test_property_dated_after_what_follows_it_is_named(fact):
    signed(fact, "2021-07", "acsa-002")
    signed(fact, "2021-06-30", "acsa-003", key="in-force-from")
    signed(fact, "2021", "acsa-004", key="in-use-from")

    assert found() == {"dates": [("acsa-002", "signed-on 2021-07, after in-force-from 2021-06-30 of acsa-003")]}


def test_series_opened_after_one_of_its_meetings_is_named(fact):
    Entity.objects.filter(slug="acsa").update(kind="dialogue")
    meeting = factories.EntityFactory(slug="acsa-1", name="First", definition="The first.", part_of=fact.subject)
    signed(fact, "2020", "acsa-002", key="first-held-on")
    held = signed(fact, "2019-11-30", "acsa-1-001", key="held-on", subject=meeting)

    assert found() == {"dates": [("acsa-002", "first-held-on 2020, after held-on 2019-11-30 of acsa-1-001")]}

    Fact.objects.filter(pk=held.pk).update(rank="deprecated")
    assert found() == {}


def test_outcome_dated_before_its_expectation_is_named(fact):
    owner = {"modality": "expectation", "whose": person("bose"), "verdict": "borne-out", "outcome": fact}
    expectation = another(fact, "acsa-002", date="2021/..", **owner)

    assert found() == {"dates": [("acsa-002", "expects for 2021/.. what acsa-001 dates 2020-09-09, before it")]}

    Fact.objects.filter(pk=expectation.pk).update(date="2020")
    assert found() == {}


def test_source_older_than_what_it_copies_or_leans_on_is_named(fact):
    copy = factories.SourceFactory(slug="copy", published="2020-09", copy_of=Source.objects.get())
    note = factories.SourceFactory(slug="note", published="2019")
    note.derived_from.add(copy)
    Source.objects.filter(slug="copy").update(published="2020-08")

    assert found()["dates"] == [
        ("copy", "published 2020-08, copies ministry of 2020-09-10"),
        ("note", "published 2019, derives from copy of 2020-08"),
    ]


def test_check_older_than_what_it_read_is_named(fact):
    check = Check.objects.get()
    Source.objects.update(published="2099")

    assert found() == {
        "dates": [
            (
                str(check.pk),
                f"check of {check.citation.passage.ref} made {timezone.localdate(check.at)}; ministry is of 2099",
            )
        ]
    }


def test_page_seen_after_its_check_was_made_is_named(fact):
    first = Check.objects.get()
    check = Check.objects.create(
        citation=first.citation,
        by="bob",
        basis="page",
        address="https://example.org/x",
        seen_on=datetime.date(2099, 1, 1),
        claim_digest=first.claim_digest,
        passage_digest=first.passage_digest,
        citation_digest=first.citation_digest,
    )

    assert [key for key, _wrong in found()["dates"]] == [str(check.pk)]
