"""Undoing a batch: what comes back, what is kept and why, and what it takes from students."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from curation import revisions
from curation.importing import applying, batches, checking, tasks, undoing
from curation.importing.batches import NotNow
from curation.models import Batch, Revision, Row, Step
from quizzes import attempts
from quizzes.models import Part, Question
from relations import checking as facts
from relations import grading
from relations.models import Citation, Entity, Fact, Passage, Source, Topic
from tests.curation.importing.importing import confirmed, imported, kinds_of, previewed, problems_of, row_of
from tests.factories import FactFactory, SideFactory, SourceFactory, published_fact
from tests.quizzes import factories as questions

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("room")]

State = Batch.State
ANCHOR, MEETING = "signed the agreement in the capital", "agreed on a common plan"


def fact(ref="acsa-ij-001", **cells):
    return {"ref": ref, "subject": "acsa-ij", "statement": f"They signed {ref} in Delhi."} | cells


def cited(passage="daily/1", anchor=ANCHOR, **cells):
    return {"passage": passage, "anchor": anchor} | cells


def source(slug, **cells):
    return {"slug": slug, "title": slug, "publisher": "Us", "kind": "blog"} | cells


def undo(batch: Batch, *, by: str = "mira") -> Batch:
    """The preview of its undo."""
    planned = undoing.plan(batch, by=by)
    assert (planned.state, planned.problem) == (State.PREVIEW, "")
    return planned


def undone(batch: Batch) -> Batch:
    made = confirmed(undo(batch))
    assert (made.state, made.problem, made.stale) == (State.APPLIED, "", [])
    return made


def edited(record: Any, by: str = "bob", **values: Any) -> None:
    """As the admin does it."""
    for name, value in values.items():
        setattr(record, name, value)
    record.save()
    revisions.record(record, by=by)


def why_kept(batch: Batch) -> dict[str, str]:
    """The first reason for each record that is kept."""
    return {row.key: row.problems[0]["message"] for row in batch.rows.filter(kind=Row.Kind.KEPT).order_by("pk")}


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
