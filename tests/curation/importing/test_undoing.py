"""Undoing a batch: what comes back, what is kept and why, and what it takes from students."""

from typing import Any

import pytest

from curation import revisions
from curation.importing import applying, batches, undoing
from curation.importing.batches import NotNow
from curation.models import Batch, Revision
from quizzes.models import Part, Question
from relations import grading
from relations.models import Citation, Entity, Fact, Source
from tests.curation.importing.importing import confirmed, imported, kinds_of, previewed, problems_of, row_of
from tests.factories import CitationFactory, FactFactory, SideFactory, published_fact

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("room")]

State = Batch.State
ANCHOR, MEETING = "signed the agreement in the capital", "agreed on a common plan"


def fact(ref="acsa-ij-001", **cells):
    return {"ref": ref, "subject": "acsa-ij", "statement": f"They signed {ref} in Delhi."} | cells


def cited(passage="daily/1", anchor=ANCHOR, **cells):
    return {"passage": passage, "anchor": anchor} | cells


def undo(batch: Batch, *, by: str = "mira") -> Batch:
    """The preview of its undo."""
    planned = undoing.plan(batch, by=by)
    assert (planned.state, planned.problem) == (State.PREVIEW, "")
    return planned


def undone(batch: Batch) -> Batch:
    made = confirmed(undo(batch))
    assert (made.state, made.problem, made.stale) == (State.APPLIED, "", [])
    return made


def edited(ref: str, by: str = "bob", **values: Any) -> None:
    """As the admin does it."""
    row = Fact.objects.get(ref=ref)
    for name, value in values.items():
        setattr(row, name, value)
    row.save()
    revisions.record(row, by=by)


# --- restoring ------------------------------------------------------------------------------
def test_undo_removes_what_was_created():
    batch = imported([fact() | cited(), fact() | cited("daily/2", MEETING), fact("acsa-ij-002", partners="india | japan")])
    made = undone(batch)
    assert (made.kind, made.undoes, made.counts) == ("undo", batch, {"facts": {"removed": 2}})
    assert (Fact.objects.count(), Citation.objects.count()) == (0, 0)


def test_undo_restores_old_values():
    FactFactory(ref="acsa-ij-001", subject_id="acsa-ij", statement="They met.", note="Old.", written_by="alice")
    batch = imported([fact(note="New.", partners="japan", topics="trade") | cited()])
    made = undone(batch)
    assert made.counts == {"facts": {"changed": 1}}
    row = Fact.objects.get()
    assert (row.statement, row.note, row.written_by) == ("They met.", "Old.", "alice")
    assert (row.partners.count(), row.topics.count(), row.citations.count()) == (0, 0, 0)


def test_undo_names_who_edited_since_and_undoes_the_rest():
    batch = imported([fact(), fact("acsa-ij-002")])
    edited("acsa-ij-001", note="Mine.")
    made = undone(batch)
    assert made.counts == {"facts": {"removed": 1, "kept": 1}}
    assert problems_of(made) == [
        (2, "", "acsa-ij-001", "It was edited since (version 2, by bob)."),
        (2, "note", "Mine.", "The batch had left nothing here."),
    ]
    assert list(Fact.objects.values_list("ref", flat=True)) == ["acsa-ij-001"]


def test_undo_keeps_what_something_rests_on():
    batch = imported([fact(), fact("acsa-ij-002")])
    SideFactory(fact=Fact.objects.get(ref="acsa-ij-002"), disagreement__slug="when")
    made = undone(batch)
    assert problems_of(made) == [(3, "", "acsa-ij-002", "Side “when, acsa-ij-002” rests on it.")]
    assert made.counts == {"facts": {"removed": 1, "kept": 1}}


def test_undo_can_be_undone():
    batch = imported([fact() | cited(), fact("acsa-ij-002", superseded_by="acsa-ij-001", partners="japan")])
    first = undone(batch)
    second = undone(first)
    assert second.counts == {"facts": {"new": 2}}
    assert Fact.objects.get(ref="acsa-ij-002").superseded_by.ref == "acsa-ij-001"


def test_undo_of_records_that_name_one_another_in_one_file():
    def row(slug, **cells):
        return {"slug": slug, "title": slug, "publisher": "Us", "kind": "blog"} | cells

    batch = imported([row("a", derived_from="b | c", copy_of="b"), row("b"), row("c", copy_of="b")], "sources")
    first = undone(batch)
    assert first.counts == {"sources": {"removed": 3}}
    second = undone(first)
    assert sorted(Source.objects.get(slug="a").derived_from.values_list("slug", flat=True)) == ["b", "c"]
    assert undone(second).counts == {"sources": {"removed": 3}}


def test_undo_of_facts_whose_succession_is_turned_round_finds_no_circle():
    one, two = FactFactory(ref="acsa-ij-001"), FactFactory(ref="acsa-ij-002")
    Fact.objects.filter(pk=one.pk).update(superseded_by=two)
    batch = imported([
        {"ref": "acsa-ij-001", "superseded_by": "[clear]"}, {"ref": "acsa-ij-002", "superseded_by": "acsa-ij-001"}
    ])  # fmt: skip
    assert undone(batch).counts == {"facts": {"changed": 2}}
    assert Fact.objects.get(superseded_by__isnull=False).superseded_by.ref == "acsa-ij-002"
