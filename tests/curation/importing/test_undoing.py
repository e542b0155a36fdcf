"""Undoing a batch: what comes back, and what it takes from students."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from curation import revisions
from curation.importing import applying, batches, checking, tasks, undoing
from curation.importing.batches import NotNow
from curation.models import Batch, Revision, Row, Step
from quizzes.models import Part, Question
from relations import checking as facts
from relations import grading
from relations.models import Citation, Entity, Fact, Passage, Source, Topic
from tests.curation.importing.importing import (
    MEETING,
    cited,
    confirmed,
    edited,
    fact,
    imported,
    previewed,
    row_of,
    source,
    undo,
    undone,
    why_kept,
)
from tests.factories import FactFactory, SourceFactory, published_fact
from tests.quizzes import factories as questions

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("room")]

State = Batch.State


# --- asking for it --------------------------------------------------------------------------
def test_undo_is_a_batch_of_its_own_that_names_the_other():
    batch = imported([fact()])
    made = undo(batch)
    assert (made.kind, made.undoes, made.target, made.file_name, made.by) == (
        "undo",
        batch,
        "facts",
        "rows.csv",
        "mira",
    )
    assert [(step.what, step.by) for step in made.steps.all()] == [
        (Step.What.PLANNED, "mira"),
        (Step.What.STARTED, "mira"),
        (Step.What.CHECKED, "mira"),
    ]
    assert Fact.objects.count() == 1
    assert list(batch.undone_by.all()) == [made]


def test_undo_waits_for_a_worker_where_the_batch_was_large():
    batch = imported([fact()])
    Batch.objects.filter(pk=batch.pk).update(counts={"facts": {"new": tasks.SMALL_ROWS + 1}})
    made = undoing.plan(batch, by="mira")
    assert (made.state, tasks.queued(tasks.check_batch, made.pk).count()) == (State.WAITING, 1)


@pytest.mark.parametrize("state", [one for one in State if one not in (State.APPLIED, State.INTERRUPTED)])
def test_only_what_was_applied_can_be_undone(state):
    batch = previewed([fact()])
    Batch.objects.filter(pk=batch.pk).update(state=state)
    with pytest.raises(NotNow, match="There is nothing to undo"):
        undoing.plan(batch, by="mira")


def test_batch_that_wrote_nothing_has_nothing_to_undo():
    imported([fact()])
    batch = previewed([fact()])
    Batch.objects.filter(pk=batch.pk).update(state=State.APPLIED, applied_at=batch.created_at)
    with pytest.raises(NotNow, match="it has written nothing"):
        undoing.plan(batch, by="mira")


def test_asking_twice_gives_the_undo_that_is_open():
    batch = imported([fact()])
    first = undo(batch)
    assert undo(batch) == first
    confirmed(first)
    with pytest.raises(NotNow, match=f"It is undone already, by {first}"):
        undoing.plan(batch, by="mira")


@pytest.mark.parametrize("end", [batches.cancel, applying.confirm])
def test_undo_that_came_to_nothing_can_be_asked_for_again(end):
    batch = imported([fact()])
    first = undo(batch)
    edited(Fact.objects.get(), note="Mine.")
    end(first, by="mira")
    assert Batch.objects.get(pk=first.pk).state in (State.CANCELLED, State.STALE)
    assert undo(batch) != first


def test_undo_expires_with_its_preview_and_can_be_asked_for_again():
    batch = imported([fact()])
    first = undo(batch)
    Batch.objects.filter(pk=first.pk).update(expires_at=batch.created_at)
    assert undo(batch) != first
    assert (Batch.objects.get(pk=first.pk).state, first.rows.count()) == (State.CANCELLED, 0)


def test_undo_that_is_cancelled_while_it_is_checked_leaves_nothing():
    batch = imported([fact()])
    waiting = Batch.objects.create(kind="undo", undoes=batch, target="facts", by="mira", cancelling=True)
    tasks.work(checking.check, waiting.pk)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.rows.count(), Fact.objects.count()) == (State.CANCELLED, 0, 1)


# --- what comes back ------------------------------------------------------------------------
def test_undo_removes_what_was_created():
    batch = imported(
        [fact() | cited(), fact() | cited("daily/2", MEETING), fact("acsa-ij-002", partners="india | japan")]
    )
    made = undone(batch)
    assert (made.counts, made.losses) == ({"facts": {"removed": 2}}, [])
    assert (Fact.objects.count(), Citation.objects.count()) == (0, 0)
    assert [(row.number, row.key, row.before == row_of(batch, row.key).after) for row in made.rows.all()] == [
        (4, "acsa-ij-002", True),
        (2, "acsa-ij-001", True),
    ]


def test_undo_restores_old_values_and_who_wrote_them():
    FactFactory(ref="acsa-ij-001", subject_id="acsa-ij", statement="They met.", note="Old.", written_by="alice")
    batch = imported([fact(note="New.", partners="japan", topics="trade") | cited()])
    made = undone(batch)
    assert made.counts == {"facts": {"changed": 1}}
    row = Fact.objects.get()
    assert (row.statement, row.note, row.written_by) == ("They met.", "Old.", "alice")
    assert (row.partners.count(), row.topics.count(), row.citations.count()) == (0, 0, 0)


def test_undo_keeps_a_revision_of_what_it_restored():
    one = FactFactory(ref="acsa-ij-001", subject_id="acsa-ij", statement="They met.")
    revisions.record(one, by="alice")
    made = undone(imported([fact()]))
    last = Revision.objects.get(kind="relations.fact", version=3)
    assert (last.data["statement"], last.by, last.batch, last.why) == (
        "They met.",
        "priya",
        made,
        f"Undo of batch {made.undoes_id}",
    )
    assert Fact.objects.get().version == 3


def test_undo_of_changed_names_restores_their_aliases():
    batch = imported([{"slug": "acsa-ij", "name": "Pact", "aliases": "RPSS | ACSA"}], "entities")
    assert undone(batch).counts == {"entities": {"changed": 1}}
    row = Entity.objects.get(slug="acsa-ij")
    assert (row.name, [alias.name for alias in row.aliases.all()]) == (
        "Acquisition and Cross-Servicing Agreement",
        ["ACSA"],
    )


def test_undo_of_changed_parts_restores_words_places_and_pins():
    made = questions.draft("", "2021", ref="Q-0001")
    before = list(Part.objects.values_list("ref", "position", "fact", "fact_digest", "span", "replacement"))
    other = published_fact(ref="acsa-ij-009", statement="Another was signed in 2020.")
    rows = [
        {"ref": "Q-0001", "part": "Q-0001/b", "fact": other.ref, "span": "2020", "replacement": "2019"},
        {"ref": "Q-0001", "part": "", "fact": other.ref},
    ]
    batch = imported(rows, "questions")
    assert made.parts.count() == 3
    undone(batch)
    assert list(Part.objects.values_list("ref", "position", "fact", "fact_digest", "span", "replacement")) == before


def test_undo_of_a_workbook_removes_what_its_sheets_made_for_one_another():
    batch = imported({
        "sources": [source("weekly", copy_of="daily")],
        "passages": [{"ref": "weekly/1", "source": "weekly"}],
        "entities": [{"slug": "malabar", "name": "Malabar", "kind": "exercise", "part_of": "quad"}],
        "facts": [fact("malabar-001", subject="malabar"), fact(superseded_by="malabar-001")],
        "citations": [{"fact": "malabar-001", "passage": "weekly/1", "anchor": "three words here"}],
        "questions": [{"kind": "statements", "stem": "Consider:", "fact": "malabar-001"}],
    })  # fmt: skip
    assert undone(batch).count(Row.Kind.REMOVED) == 6
    assert (Source.objects.count(), Passage.objects.count(), Fact.objects.count(), Question.objects.count()) == (
        1,
        3,
        0,
        0,
    )
    assert not Entity.objects.filter(slug="malabar").exists()


def test_undo_removes_names_and_topics_that_were_made_because_a_cell_named_them():
    options = {"names": "country", "topics": True}
    batch = imported([fact(partners="france", topics="sea"), fact("acsa-ij-002", partners="france")], create=options)
    assert undone(batch).counts == {"facts": {"removed": 2}, "topics": {"removed": 1}, "entities": {"removed": 1}}
    assert not Entity.objects.filter(slug="france").exists()
    assert not Topic.objects.filter(slug="sea").exists()


def test_undo_of_a_change_that_names_what_its_file_made():
    FactFactory(ref="acsa-ij-001", subject_id="acsa-ij", statement="They met.")
    batch = imported([{"ref": "acsa-ij-001", "topics": "sea"}], create={"topics": True})
    assert undone(batch).counts == {"facts": {"changed": 1}, "topics": {"removed": 1}}


def test_undo_of_records_that_name_one_another_in_one_file():
    batch = imported([source("a", derived_from="b | c", copy_of="b"), source("b"), source("c", copy_of="b")], "sources")
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


def test_undo_leaves_grades_as_they_would_be_computed():
    published_fact(ref="acsa-ij-001", subject_id="acsa-ij", source=SourceFactory(slug="weekly"))
    grades = dict(Fact.objects.values_list("ref", "evidence"))
    batch = imported([source("weekly", kind="treaty")], "sources")
    assert dict(Fact.objects.values_list("ref", "evidence")) != grades
    undone(batch)
    assert (dict(Fact.objects.values_list("ref", "evidence")), grading.refresh()) == (grades, {})


# --- undoing an undo ------------------------------------------------------------------------
def test_undo_of_an_undo_brings_everything_back():
    FactFactory(ref="acsa-ij-003", subject_id="acsa-ij", statement="They met.")
    batch = imported([
        fact(partners="japan") | cited(), fact("acsa-ij-002", superseded_by="acsa-ij-001"), fact("acsa-ij-003")
    ])  # fmt: skip
    second = undone(undone(batch))
    assert second.counts == {"facts": {"new": 2, "changed": 1}}
    for row in batch.rows.all():
        assert row_of(second, row.key).after == row.after
    one = Fact.objects.get(ref="acsa-ij-001")
    assert (one.version, one.citations.count(), one.partners.count()) == (2, 1, 1)
    assert Fact.objects.get(ref="acsa-ij-002").superseded_by == one


def test_undo_of_an_undo_keeps_keys_that_were_given_again_and_what_would_name_gone_records():
    batch = imported({
        "entities": [{"slug": "malabar", "name": "Malabar", "kind": "exercise"}],
        "facts": [fact(), fact("acsa-ij-002", subject="quad"), fact("acsa-ij-003", superseded_by="acsa-ij-002")],
    })  # fmt: skip
    first = undone(batch)
    FactFactory(ref="acsa-ij-001", subject_id="acsa-ij")
    Entity.objects.filter(slug="quad").delete()
    assert why_kept(undone(first)) == {
        "acsa-ij-001": "Another one has its key by now.",
        "acsa-ij-002": "As it was it cannot be any more: “quad” is no longer there.",
        "acsa-ij-003": "It names “acsa-ij-002”, which is kept as it is.",
    }
    assert Entity.objects.filter(slug="malabar").exists()


# --- what it takes from students ------------------------------------------------------------
def test_preview_of_an_undo_shows_what_students_get_back():
    published_fact(ref="acsa-ij-001", subject_id="acsa-ij", statement="They met.")
    made = undo(imported([fact()]))
    assert made.losses == [
        {"kind": "relations.fact", "name": "facts", "leaving": [], "returning": [["acsa-ij-001", "They met."]]}
    ]
    assert not Fact.objects.visible().exists()
    confirmed(made)
    assert Fact.objects.visible().count() == 1


def test_preview_of_an_undo_shows_what_students_lose():
    one = published_fact(ref="acsa-ij-001", subject_id="acsa-ij")
    Fact.objects.filter(pk=one.pk).update(statement="They met.")  # which nobody has checked
    batch = imported([fact()])
    citation = Citation.objects.get()
    check = facts.check_citation(citation, by="esha")
    made = undo(batch)
    assert [(loss["kind"], loss["leaving"]) for loss in made.losses] == [
        ("relations.fact", [["acsa-ij-001", fact()["statement"]]]),
        ("checks", [[f"acsa-ij-001 ← {citation.passage.ref} ({check})", ""]]),
    ]


# --- how much it asks -----------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["new", "changed", "mixed"])
def test_number_of_queries_does_not_grow_with_the_rows_of_a_chunk(kind):
    asked = {}
    for count in (20, 200):
        refs = [f"{kind}-{count}-{number:03d}" for number in range(count)]
        for ref in refs:
            if kind == "changed" or (kind == "mixed" and int(ref[-3:]) % 2):
                FactFactory(ref=ref, subject_id="acsa-ij", partners=[Entity.objects.get(slug="india")])
        batch = imported([fact(ref, partners="japan", topics="trade") | cited() for ref in refs])
        with CaptureQueriesContext(connection) as queries:
            confirmed(undo(batch))
        asked[count] = len(queries)
    assert asked[200] == asked[20]
