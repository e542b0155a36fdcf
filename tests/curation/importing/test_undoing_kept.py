"""Undoing a batch on which others have built since: what is kept and why, and when all of it is refused."""

import pytest

from curation.importing import applying, batches
from curation.importing.batches import NotNow
from curation.models import Batch
from quizzes import attempts
from quizzes.models import Question
from relations import checking as facts
from relations.models import Citation, Entity, Fact, Passage, Source
from tests.curation.importing.importing import (
    MEETING,
    cited,
    confirmed,
    edited,
    fact,
    imported,
    kinds_of,
    problems_of,
    source,
    undo,
    undone,
    why_kept,
)
from tests.factories import FactFactory, SideFactory, SourceFactory
from tests.quizzes import factories as questions

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("room")]

State = Batch.State


# --- edited since ---------------------------------------------------------------------------
def test_undo_names_who_edited_since_and_undoes_the_rest():
    batch = imported([fact(), fact("acsa-ij-002")])
    edited(Fact.objects.get(ref="acsa-ij-001"), note="Mine.", statement="They met.")
    made = undone(batch)
    assert made.counts == {"facts": {"removed": 1, "kept": 1}}
    assert problems_of(made) == [
        (2, "", "acsa-ij-001", "It was edited since (version 2, by bob)."),
        (2, "statement", "They met.", "The batch had left “They signed acsa-ij-001 in Delhi.” here."),
        (2, "note", "Mine.", "The batch had left nothing here."),
    ]
    assert [row.ref for row in Fact.objects.all()] == ["acsa-ij-001"]


def test_undo_names_lists_and_citations_that_were_edited_since():
    batch = imported([fact(partners="india") | cited()])
    one = Fact.objects.get()
    one.partners.set(Entity.objects.filter(slug="japan"))
    one.citations.update(stance="mentions")
    one.citations.create(passage=Passage.objects.get(ref="daily/2"), anchor=MEETING)
    assert problems_of(undo(batch)) == [
        (2, "", "acsa-ij-001", "It was edited since."),
        (2, "partners", "japan", "Added since: japan. Removed since: india."),
        (2, "citations", "daily/1", "Changed since: stance."),
        (2, "citations", "daily/2", "Added since."),
    ]


def test_undo_names_the_batch_that_edited_since():
    batch = imported([fact()])
    other = imported([{"ref": "acsa-ij-001", "note": "Second."}], by="esha")
    assert why_kept(undo(batch)) == {"acsa-ij-001": f"It was edited since (version 2, by esha in batch {other.pk})."}


def test_undo_of_what_was_deleted_since():
    FactFactory(ref="acsa-ij-002", subject_id="acsa-ij")
    batch = imported([fact(), fact("acsa-ij-002")])
    Fact.objects.all().delete()
    made = undo(batch)
    assert why_kept(made) == dict.fromkeys(["acsa-ij-002", "acsa-ij-001"], "It is not there any more.")
    with pytest.raises(NotNow, match="There is nothing to apply"):
        applying.confirm(made, by="mira")


def test_undo_of_what_is_as_it_was_already_leaves_it():
    one = FactFactory(ref="acsa-ij-001", subject_id="acsa-ij", statement="They met.")
    before = Fact.objects.filter(pk=one.pk).values().get()
    batch = imported([fact()])
    Fact.objects.filter(pk=one.pk).update(statement="They met.", written_by=before["written_by"])
    assert undo(batch).counts == {"facts": {"same": 1}}


# --- what rests on it -----------------------------------------------------------------------
def test_undo_keeps_what_a_disagreement_is_about():
    batch = imported([fact(), fact("acsa-ij-002")])
    SideFactory(fact=Fact.objects.get(ref="acsa-ij-002"), disagreement__slug="when")
    assert why_kept(undone(batch)) == {"acsa-ij-002": "Side “when, acsa-ij-002” rests on it."}
    assert [row.ref for row in Fact.objects.all()] == ["acsa-ij-002"]


def test_undo_keeps_a_fact_whose_citation_was_checked():
    batch = imported([fact() | cited()])
    facts.check_citation(Citation.objects.get(), by="bob")
    assert why_kept(undo(batch)) == {"acsa-ij-001": "Something rests on its part “daily/1” (check)."}


def test_undo_keeps_a_change_whose_new_citation_was_checked():
    FactFactory(ref="acsa-ij-001", subject_id="acsa-ij", statement="They signed acsa-ij-001 in Delhi.")
    batch = imported([fact() | cited()])
    facts.check_citation(Citation.objects.get(), by="bob")
    assert why_kept(undo(batch)) == {
        "acsa-ij-001": "As it was it cannot be any more: Something rests on its part “daily/1” (check)."
    }


def test_undo_keeps_facts_that_questions_and_other_facts_rest_on():
    batch = imported([fact(), fact("acsa-ij-002"), fact("acsa-ij-003")])
    questions.draft("", facts=[Fact.objects.get(ref="acsa-ij-001")], ref="Q-0009")
    FactFactory(ref="other", superseded_by=Fact.objects.get(ref="acsa-ij-002"))
    assert why_kept(undo(batch)) == {
        "acsa-ij-002": "Fact “other” rests on it.",
        "acsa-ij-001": "Question “Q-0009” rests on it.",
    }


def test_undo_keeps_names_by_which_others_are_known():
    new = [{"slug": f"new-{number}", "name": f"New {number}", "kind": "country"} for number in range(6)]
    batch = imported(new, "entities")
    made = [Entity.objects.get(slug=f"new-{number}") for number in range(6)]
    FactFactory(ref="about", subject=made[0])
    FactFactory(ref="with", partners=[made[1]])
    FactFactory(ref="of", modality="view", whose=made[2])
    SourceFactory(slug="theirs").authors.set([made[3]])
    Entity.objects.filter(slug="quad").update(part_of=made[4])
    assert why_kept(undo(batch)) == {
        "new-4": "Name “quad” rests on it.",
        "new-3": "Source “theirs” rests on it.",
        "new-2": "Fact “of” rests on it.",
        "new-1": "Fact “with” rests on it.",
        "new-0": "Fact “about” rests on it.",
    }


def test_undo_keeps_a_name_that_is_the_value_of_a_fact():
    batch = imported([{"slug": slug, "name": slug, "kind": "place"} for slug in ("kochi", "goa")], "entities")
    FactFactory(ref="hosted", property_id="host", value="kochi")
    FactFactory(ref="said", property_id="motto", value="goa")
    made = undo(batch)
    assert why_kept(made) == {"kochi": "Fact “hosted” rests on it."}
    assert kinds_of(made) == {"goa": "removed", "kochi": "kept"}


def test_undo_names_a_few_of_the_many_that_rest_on_a_record():
    batch = imported([{"slug": "malabar", "name": "Malabar", "kind": "exercise"}], "entities")
    for number in range(5):
        FactFactory(ref=f"malabar-{number}", subject_id="malabar")
    assert why_kept(undo(batch)) == {
        "malabar": " ".join(f"Fact “malabar-{number}” rests on it." for number in range(3))
    }


def test_undo_keeps_a_question_that_was_answered_without_saying_by_whom():
    batch = imported([{"ref": "Q-0001", "kind": "statements", "stem": "Consider:"}], "questions")
    attempts.start([Question.objects.get()])
    assert why_kept(undo(batch)) == {"Q-0001": "Something rests on it (question of an attempt)."}


def test_undo_keeps_what_a_kept_record_of_the_same_batch_needs():
    batch = imported({
        "sources": [source("weekly")],
        "passages": [{"ref": "weekly/1", "source": "weekly"}],
        "entities": [{"slug": "malabar", "name": "Malabar", "kind": "exercise"}],
        "facts": [
            fact("malabar-001", subject="malabar"),
            fact("malabar-002", superseded_by="malabar-001"),
            fact("malabar-003", superseded_by="malabar-002"),
            fact("malabar-004"),
        ],
        "citations": [{"fact": "malabar-001", "passage": "weekly/1", "anchor": "three words here"}],
    })  # fmt: skip
    edited(Fact.objects.get(ref="malabar-003"), note="Mine.")
    made = undone(batch)
    assert why_kept(made) == {
        "malabar-003": "It was edited since (version 2, by bob).",
        "malabar-002": "Fact “malabar-003” rests on it.",
        "malabar-001": "“malabar-002” rests on it, which is kept, too.",
        "malabar": "Fact “malabar-001” rests on it.",
        "weekly/1": "Fact “malabar-001” rests on it.",
        "weekly": "Passage “weekly/1” rests on it.",
    }
    assert kinds_of(made)["malabar-004"] == "removed"


# --- what can no longer be as it was --------------------------------------------------------
def test_undo_keeps_what_would_name_a_record_that_is_gone():
    other = FactFactory(ref="other", subject_id="quad")
    FactFactory(ref="acsa-ij-001", subject_id="acsa-ij", superseded_by=other)
    batch = imported([{"ref": "acsa-ij-001", "superseded_by": "[clear]"}])
    other.delete()
    assert why_kept(undo(batch)) == {"acsa-ij-001": "As it was it cannot be any more: “other” is no longer there."}


def test_undo_keeps_what_a_rule_is_against_by_now():
    Source.objects.filter(slug="daily").update(sha256="ab" * 32)
    batch = imported([{"slug": "daily", "sha256": "[clear]"}], "sources")
    SourceFactory(sha256="ab" * 32)
    assert why_kept(undo(batch)) == {
        "daily": "As it was it cannot be any more: Another source already has the text with this SHA-256."
    }


# --- between preview and confirm ------------------------------------------------------------
def test_undo_is_refused_as_a_whole_where_a_row_was_edited_after_its_preview():
    batch = imported([fact(), fact("acsa-ij-002")])
    made = undo(batch)
    edited(Fact.objects.get(ref="acsa-ij-001"), note="Mine.")
    confirmed(made)
    assert (made.state, Fact.objects.count()) == (State.STALE, 2)
    assert [(one["key"], one["row"], one["message"]) for one in made.stale] == [
        ("acsa-ij-001", 2, "It has been changed meanwhile.")
    ]
    again = batches.again(made, by="mira")
    assert (again.state, again.counts) == (State.PREVIEW, {"facts": {"removed": 1, "kept": 1}})
    assert confirmed(again).state == State.APPLIED


def test_undo_is_refused_where_something_came_to_rest_on_a_record_after_its_preview():
    batch = imported(
        {"entities": [{"slug": "malabar", "name": "M", "kind": "exercise"}], "facts": [fact(subject="malabar")]}
    )
    made = undo(batch)
    FactFactory(ref="about", subject_id="malabar")
    confirmed(made)
    assert [(one["key"], one["message"]) for one in made.stale] == [("malabar", "Fact “about” rests on it.")]


def test_undo_is_refused_where_a_citation_that_would_go_was_checked_after_its_preview():
    FactFactory(ref="acsa-ij-001", subject_id="acsa-ij", statement="They signed acsa-ij-001 in Delhi.")
    made = undo(imported([fact() | cited()]))
    facts.check_citation(Citation.objects.get(), by="bob")
    confirmed(made)
    assert [one["message"] for one in made.stale] == ["Something rests on its part “daily/1” (check)."]


def test_undo_of_what_stands_as_it_was_is_applied_although_other_content_moved():
    made = undo(imported([fact() | cited(), fact("acsa-ij-002", superseded_by="acsa-ij-001", partners="japan")]))
    FactFactory(ref="other")
    assert confirmed(made).state == State.APPLIED
    assert [row.ref for row in Fact.objects.all()] == ["other"]


@pytest.mark.django_db(transaction=True)
def test_undo_that_a_table_without_a_sheet_forbids_by_now_says_so_and_writes_nothing():
    made = undo(imported([{"ref": "Q-0001", "kind": "statements", "stem": "Consider:"}], "questions"))
    attempts.start([Question.objects.get()])  # which is no content, and does not move the stamp
    confirmed(made)
    assert (made.state, made.problem) == (State.REFUSED, "The content changed in a way that these rows do not allow.")
    assert Question.objects.count() == 1


@pytest.mark.sqlite
def test_large_undo_is_left_to_the_command_where_the_site_runs_on_sqlite():
    batch = imported([fact()])
    made = undo(batch)
    Batch.objects.filter(pk=made.pk).update(counts={"facts": {"removed": applying.ON_SQLITE + 1}})
    with pytest.raises(NotNow, match=f"Let whoever runs the site use the command undo_batch {batch.pk}."):
        applying.confirm(made, by="mira")
