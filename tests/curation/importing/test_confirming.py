"""Confirming a batch: what it applies, and what happened meanwhile that refuses it."""

import pytest
from django.apps import apps

from curation.importing import applying, batches
from curation.importing.batches import NotNow
from curation.models import Batch, Revision
from relations.models import Citation, Entity, Fact, Passage, PassageText, Source
from tests.curation.importing.importing import (
    MEETING,
    cited,
    confirmed,
    fact,
    imported,
    kinds_of,
    previewed,
    problems_of,
    source,
)
from tests.factories import FactFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("room")]

State = Batch.State

PAPER = source("paper", sha256="ab" * 32)


# --- confirming -----------------------------------------------------------------------------
def test_confirming_twice_applies_once():
    batch = previewed([fact()])
    other = Batch.objects.get(pk=batch.pk)
    confirmed(batch)
    applying.confirm(other, by="omar")
    applying.apply(Batch.objects.get(pk=batch.pk))
    assert (other.state, other.applied_by, Revision.objects.count()) == (State.APPLIED, "priya", 1)
    assert list(batch.steps.values_list("what", flat=True)) == [
        "uploaded",
        "started",
        "checked",
        "confirmed",
        "applied",
    ]


def test_only_accepted_rows_are_applied():
    batch = confirmed(previewed([fact(), fact("acsa-ij-002", date="yesterday"), fact("acsa-ij-003")]))
    assert batch.counts == {"facts": {"new": 2, "rejected": 1}}
    assert sorted(Fact.objects.values_list("ref", flat=True)) == ["acsa-ij-001", "acsa-ij-003"]


def test_batch_in_which_every_row_is_rejected_cannot_be_confirmed():
    with pytest.raises(NotNow, match="There is nothing to apply"):
        applying.confirm(previewed([fact(date="yesterday")]), by="priya")


# --- what changed meanwhile -----------------------------------------------------------------
def test_change_of_something_else_meanwhile_is_no_hindrance():
    batch = previewed([fact()])
    FactFactory()
    assert confirmed(batch).state == State.APPLIED


def test_row_changed_meanwhile_refuses_the_whole_batch_with_both_versions():
    imported([fact(note="old"), fact("acsa-ij-002")])
    batch = previewed([fact(note="from the file"), fact("acsa-ij-002", note="b"), fact("acsa-ij-003")])
    Fact.objects.filter(ref="acsa-ij-001").update(note="by hand")
    confirmed(batch)
    assert batch.state == State.STALE
    [stale] = batch.stale
    assert (stale["sheet"], stale["row"], stale["key"], stale["message"]) == (
        "facts", 2, "acsa-ij-001", "It has been changed meanwhile.",
    )  # fmt: skip
    assert [stale[when]["note"] for when in ("before", "now", "after")] == ["old", "by hand", "from the file"]
    assert dict(Fact.objects.values_list("ref", "note")) == {"acsa-ij-001": "by hand", "acsa-ij-002": ""}


def test_new_preview_leaves_the_changed_row_out_and_can_be_confirmed():
    imported([fact(note="old"), fact("acsa-ij-002")])
    batch = previewed([fact(note="from the file"), fact("acsa-ij-002", note="b"), fact("acsa-ij-003")])
    Fact.objects.filter(ref="acsa-ij-001").update(note="by hand")
    confirmed(batch)
    again = batches.again(batch, by="priya")
    assert kinds_of(again) == {"acsa-ij-002": "changed", "acsa-ij-003": "new"}
    assert confirmed(again).state == State.APPLIED
    assert dict(Fact.objects.values_list("ref", "note")) == {
        "acsa-ij-001": "by hand", "acsa-ij-002": "b", "acsa-ij-003": "",
    }  # fmt: skip


def test_citation_added_meanwhile_makes_its_fact_stale():
    imported([fact() | cited()])
    batch = previewed([fact(note="n")])
    Citation.objects.create(
        fact=Fact.objects.get(), passage=Passage.objects.get(ref="daily/3"), anchor="by hand it was"
    )
    assert confirmed(batch).state == State.STALE


def test_new_row_that_somebody_added_meanwhile_is_stale():
    batch = previewed([fact()])
    FactFactory(ref="acsa-ij-001", statement="By hand.")
    confirmed(batch)
    assert (batch.state, [one["message"] for one in batch.stale]) == (State.STALE, ["It has been added meanwhile."])
    assert Fact.objects.get().statement == "By hand."


def test_text_attached_meanwhile_in_which_the_anchor_is_not_makes_the_fact_stale():
    batch = previewed([fact() | cited("daily/3", "words of our own")])
    PassageText.objects.create(passage=Passage.objects.get(ref="daily/3"), text="Quite another text.")
    confirmed(batch)
    assert batch.state == State.STALE
    assert "stands 0 times" in batch.stale[0]["message"]


@pytest.mark.parametrize("column", ["subject", "whose", "partners", "topics", "property", "superseded_by", "passage"])
def test_row_that_is_named_and_gone_meanwhile_is_told(column):
    other = Entity.objects.create(slug="gone", name="Gone", kind="country")
    cells = {
        "subject": {"subject": "gone"},
        "whose": {"modality": "view", "whose": "gone"},
        "partners": {"partners": "gone"},
        "topics": {"topics": "trade"},
        "property": {"property": "cost"},
        "superseded_by": {"superseded_by": "acsa-ij-002"},
        "passage": cited("daily/2", MEETING),
    }
    FactFactory(ref="acsa-ij-002", subject_id="quad")
    batch = previewed([fact("acsa-ij-009"), fact(**cells[column])])
    assert batch.counts == {"facts": {"new": 2}}
    gone = {
        "topics": ("relations", "Topic", {"slug": "trade"}),
        "property": ("relations", "Property", {"key": "cost"}),
        "superseded_by": ("relations", "Fact", {"ref": "acsa-ij-002"}),
        "passage": ("relations", "Passage", {"ref": "daily/2"}),
    }.get(column, ("relations", "Entity", {"slug": "gone"}))
    apps.get_model(*gone[:2]).objects.filter(**gone[2]).delete()
    confirmed(batch)
    [name] = gone[2].values()
    assert (batch.state, [(one["row"], one["key"], one["message"]) for one in batch.stale]) == (
        State.STALE,
        [(3, "acsa-ij-001", f"“{name}” is no longer there.")],
    )
    assert not Fact.objects.filter(ref="acsa-ij-009").exists()
    assert other is not None


def test_value_that_names_an_entity_which_is_gone_meanwhile_is_told():
    Entity.objects.create(slug="gone", name="Gone", kind="country")
    batch = previewed([fact(property="host", value="gone")])
    Entity.objects.filter(slug="gone").delete()
    confirmed(batch)
    assert batch.state == State.STALE
    assert "“gone” is not the key of a name" in batch.stale[0]["message"]


def test_alias_taken_meanwhile_or_sha_taken_meanwhile_is_told():
    batch = previewed([PAPER], "sources")
    Source.objects.filter(slug="daily").update(sha256="ab" * 32)
    confirmed(batch)
    assert batch.state == State.STALE
    assert batch.stale[0]["message"] == "Another source already has the text with this SHA-256."
    assert Source.objects.count() == 1


def test_value_that_no_two_may_have_and_that_two_rows_and_a_stored_one_have_is_refused_in_both():
    Source.objects.filter(slug="daily").update(sha256="ab" * 32)
    batch = previewed([PAPER, PAPER | {"slug": "other"}], "sources")
    assert {row for row, *_ in problems_of(batch)} == {2, 3}
