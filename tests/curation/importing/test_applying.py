"""What applying a batch leaves in the database: records, parts, lists, history, and what students lose or keep."""

from typing import Any

import pytest
from django.db.models import Exists, OuterRef
from django.utils import timezone

from curation import revisions
from curation.importing import applying, resources
from curation.importing.batches import NotNow
from curation.importing.stored import states
from curation.models import Batch, Revision, Row, Stamp
from quizzes.models import Part, Question
from relations import deriving, grading
from relations.models import Alias, Check, Citation, Entity, Fact
from relations.search import search
from tests.curation.importing.importing import (
    ANCHOR,
    MEETING,
    cited,
    confirmed,
    fact,
    imported,
    kinds_of,
    previewed,
    problems_of,
    row_of,
)
from tests.factories import published_fact
from tests.quizzes import factories as questions

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("room")]

State = Batch.State


def full(ref="acsa-ij-001", **cells):
    """A fact with something in every column."""
    return fact(
        ref, modality="expectation", whose="abe", date="[..2024-08]", property="cost", value="12.5", unit="INR",
        validity="2023-09/2024-08", review_by="2026", partners="japan | india", topics="trade | defence",
        rank="preferred", note="Said twice.",
    ) | cells  # fmt: skip


SOURCE = {
    "slug": "treaty", "title": "The Treaty", "publisher": "Two States", "byline": "A. Person", "authors": "abe | quad",
    "kind": "blog", "tier_override": "secondary", "tier_reason": "It is edited.", "published": "2024-08",
    "date_known": "From the page.", "language": "hi", "rights": "full", "url": "https://example.org/treaty",
    "copy_of": "daily", "derived_from": "daily", "reliability": "Good.", "sha256": "ab" * 32, "note": "Ours.",
}  # fmt: skip
ENTITY = {
    "slug": "malabar", "name": "Élan Exercise", "kind": "exercise", "definition": "A yearly exercise.",
    "part_of": "quad", "aliases": "Malabar | ELAN",
}  # fmt: skip
EVERY = [
    ("sources", [SOURCE]),
    ("entities", [ENTITY]),
    ("facts", [full() | cited(), full() | cited("daily/2", MEETING)]),
]


def question(ref="Q-0001", **cells):
    return {"ref": ref, "kind": "statements", "stem": "Consider the following:", "topics": "trade"} | cells


# --- as a form would have written it --------------------------------------------------------
@pytest.mark.parametrize(("sheet", "rows"), EVERY, ids=[sheet for sheet, _rows in EVERY])
def test_new_record_is_stored_as_its_file_says_with_one_revision_of_the_batch(sheet, rows):
    batch = imported(rows, sheet)
    resource = resources.sheets()[sheet].resource
    [row] = batch.rows.all()
    [(_pk, stored)] = states.read(resource, resource.model.objects.filter(**{resource.key: row.key}))
    assert stored == row.after
    [revision] = Revision.objects.filter(kind=resource.model._meta.label_lower, ref=row.key)
    record: Any = resource.model.objects.get(**{resource.key: row.key})
    assert revision.data == revisions.snapshot(record)
    assert (revision.version, record.version, revision.batch_id, revision.by) == (1, 1, batch.pk, "priya")
    assert revision.digest == getattr(record, "digest", "")
    assert revision.why == f"Imported from rows.csv, batch {batch.pk}"


@pytest.mark.parametrize(("sheet", "rows"), EVERY, ids=[sheet for sheet, _rows in EVERY])
def test_history_finds_nothing_to_add_to_what_an_import_wrote(sheet, rows):
    imported(rows, sheet)
    model = resources.sheets()[sheet].resource.model
    assert (
        revisions.record_many(model, model.objects.filter(revision_exists(model)).values_list("pk", flat=True), by="x")
        == []
    )


def revision_exists(model):
    key = resources.of_model(model).key
    return Exists(Revision.objects.filter(kind=model._meta.label_lower, ref=OuterRef(key)))


def test_history_finds_nothing_to_add_to_an_imported_question():
    made = [published_fact(statement=f"Number {number} was signed in 2020.") for number in range(2)]
    rows = [
        question(topics="trade | defence", explanation="So it is.")
        | {"fact": made[0].ref, "span": "2020", "replacement": "2021"},
        question(topics="", explanation="") | {"fact": made[1].ref},
    ]
    rows[1] = {"ref": "Q-0001", "fact": made[1].ref}
    batch = imported(rows, "questions")
    one = Question.objects.get()
    [revision] = Revision.objects.filter(kind="quizzes.question")
    assert revision.data == revisions.snapshot(one)
    assert (revision.version, one.version, revision.batch_id) == (1, 1, batch.pk)
    assert [(part.ref, part.position, part.fact_digest) for part in one.parts.all()] == [
        ("Q-0001/a", 1, made[0].digest),
        ("Q-0001/b", 2, made[1].digest),
    ]
    assert revisions.record_many(Question, [one.pk], by="x") == []


@pytest.mark.parametrize(("sheet", "rows"), EVERY, ids=[sheet for sheet, _rows in EVERY])
def test_columns_that_follow_from_others_are_kept_in_step(sheet, rows):
    imported(rows, sheet)
    assert list(deriving.differences()) == []


def test_columns_that_follow_from_others_are_kept_in_step_by_a_change():
    imported([full(date="2020"), fact("acsa-ij-002", date="1999")])
    imported([ENTITY], "entities")
    imported([fact(date="2021-03", validity="[clear]"), fact("acsa-ij-002", date="[clear]")])
    imported([{"slug": "malabar", "name": "Élan vital", "aliases": "Mālābār | Z"}], "entities")
    assert list(deriving.differences()) == []
    assert [alias.name for alias in Entity.objects.get(slug="malabar").aliases.order_by("name")] == ["Mālābār", "Z"]


# --- changes --------------------------------------------------------------------------------
def test_changed_record_gets_its_next_version_and_the_old_stays_readable():
    first = imported([full() | cited()])
    second = imported([fact(statement="They signed it in Oslo.", partners="quad")], by="omar")
    made = Fact.objects.get()
    assert (made.version, made.statement, made.written_by) == (2, "They signed it in Oslo.", "omar")
    assert [partner.slug for partner in made.partners.all()] == ["quad"]
    assert [topic.slug for topic in made.topics.all()] == ["defence", "trade"]
    kept = list(Revision.objects.filter(ref=made.ref).order_by("version").values_list("version", "batch", "by"))
    assert kept == [(1, first.pk, "priya"), (2, second.pk, "omar")]
    assert Revision.objects.get(ref=made.ref, version=2).data == revisions.snapshot(made)


def test_record_that_was_deleted_and_comes_again_goes_on_with_its_versions():
    imported([fact() | cited()])
    Fact.objects.all().delete()
    imported([fact(statement="Again.")])
    assert Fact.objects.get().version == 2
    assert list(Revision.objects.order_by("version").values_list("version", flat=True)) == [1, 2]


def test_change_that_is_only_of_a_part_is_a_version_of_its_record():
    imported([fact() | cited()])
    imported([{"ref": "acsa-ij-001", "passage": "daily/1", "reading": "From the heading."}], by="omar")
    made = Fact.objects.get()
    assert (made.version, made.written_by) == (2, "priya")
    assert Revision.objects.get(version=2).data == revisions.snapshot(made)


def test_change_of_a_topic_alone_leaves_whose_words_they_are():
    imported([full() | cited()])
    imported([{"ref": "acsa-ij-001", "topics": "trade", "rank": "normal"}], by="omar")
    made = Fact.objects.get()
    assert (made.written_by, made.version, made.rank) == ("priya", 2, "normal")


def test_citations_are_added_and_changed_and_never_removed_by_not_being_there():
    imported([fact() | cited(), fact() | cited("daily/2", MEETING)])
    before = dict(Citation.objects.values_list("passage__ref", "pk"))
    imported(
        [
            {"ref": "acsa-ij-001"} | cited("daily/2", "", reading="From the heading."),
            {"ref": "acsa-ij-001"} | cited("daily/3", "any three words"),
        ]
    )
    after = {
        citation.passage.ref: (citation.pk, citation.anchor, citation.reading)
        for citation in Citation.objects.select_related("passage")
    }
    assert after == {
        "daily/1": (before["daily/1"], ANCHOR, ""),
        "daily/2": (before["daily/2"], MEETING, "From the heading."),
        "daily/3": (after["daily/3"][0], "any three words", ""),
    }


def test_same_file_again_changes_nothing_and_can_not_be_confirmed():
    rows = [full() | cited(), full() | cited("daily/2", MEETING), fact("acsa-ij-002")]
    imported(rows)
    stamp, versions = Stamp.read(), Revision.objects.count()
    batch = previewed(rows)
    assert batch.counts == {"facts": {"same": 2}}
    with pytest.raises(NotNow, match="There is nothing to apply"):
        applying.confirm(batch, by="priya")
    assert (Stamp.read(), Revision.objects.count()) == (stamp, versions)


# --- what students see ----------------------------------------------------------------------
def test_import_publishes_nothing():
    shown = published_fact()
    imported([{"ref": shown.ref, "note": "Seen.", "status": "withdrawn"}, fact(status="published") | cited()])
    assert dict(Fact.objects.values_list("ref", "status")) == {shown.ref: "published", "acsa-ij-001": "draft"}


def test_changed_claim_loses_its_check_and_the_preview_says_so():
    shown = published_fact(statement="They signed it in Delhi in 2020.")
    batch = previewed([{"ref": shown.ref, "statement": "They signed it in Delhi in 2021."}])
    losses = {one["kind"]: one["leaving"] for one in batch.losses}
    passage = shown.citations.get().passage.ref
    assert losses == {
        "relations.fact": [[shown.ref, "They signed it in Delhi in 2020."]],
        "checks": [[f"{shown.ref} ← {passage} (bob, {timezone.localdate()})", ""]],
    }
    assert Fact.objects.visible().filter(pk=shown.pk).exists()  # until it is confirmed
    confirmed(batch)
    assert not Fact.objects.visible().filter(pk=shown.pk).exists()
    assert Fact.objects.get(pk=shown.pk).evidence == "unchecked"
    assert Check.objects.count() == 1


def test_changed_note_loses_no_check():
    shown = published_fact()
    batch = imported([{"ref": shown.ref, "note": "A note.", "topics": "trade"}])
    assert batch.losses == []
    assert Fact.objects.visible().filter(pk=shown.pk).exists()


def test_fact_that_goes_takes_its_questions_and_the_preview_lists_them():
    asked = questions.published("", "2021", "")
    one = asked.part_list[0].fact
    batch = previewed([{"ref": one.ref, "statement": one.statement.replace("signed", "signed at last")}])
    losses = {loss["kind"]: [key for key, _words in loss["leaving"]] for loss in batch.losses}
    assert (losses["relations.fact"], losses["quizzes.question"]) == ([one.ref], [asked.ref])
    confirmed(batch)
    assert not Question.objects.practisable().exists()


def test_changed_part_of_a_published_question_is_in_the_preview():
    asked = questions.published("", "2021", "")
    part = asked.part_list[0]
    batch = previewed([{"ref": asked.ref, "part": part.ref, "span": "2020", "replacement": "2022"}], "questions")
    assert problems_of(batch) == []
    assert kinds_of(batch) == {asked.ref: "changed"}
    confirmed(batch)
    part.refresh_from_db()
    assert (part.span, part.replacement, part.fact_digest) == ("2020", "2022", part.fact.digest)
    assert Part.objects.count() == 3


def test_evidence_is_what_the_grading_computes():
    facts = [published_fact() for _ in range(3)]
    source = facts[0].citations.get().passage.source
    imported([{"ref": facts[1].ref, "statement": "Other words."}, fact() | cited()])
    imported([{"slug": source.slug, "kind": "official"}], "sources")
    imported([{"ref": facts[2].citations.get().passage.ref, "digest": "0" * 64}], "passages")
    assert grading.refresh() == {}
    assert dict(Fact.objects.values_list("ref", "evidence")) == {
        facts[0].ref: "primary", facts[1].ref: "unchecked", facts[2].ref: "unchecked", "acsa-ij-001": "unchecked",
    }  # fmt: skip


def test_search_finds_what_was_imported():
    shown = published_fact()
    imported([{"slug": "malabar", "name": "Tabar Exercise", "kind": "exercise", "aliases": "Kochi Days"}], "entities")
    imported([{"ref": shown.ref, "subject": "malabar", "note": "n"}])
    assert [hit.entity.slug for hit in search("tabar").names] == ["malabar"]
    assert [hit.entity.slug for hit in search("kochi").names] == ["malabar"]


# --- many rows ------------------------------------------------------------------------------
@pytest.mark.parametrize("count", [30, applying.SET_WISE + 1])
def test_few_and_many_rows_are_written_alike(count):
    """Above SET_WISE the indexes are kept at the end; what is there afterwards is the same."""
    rows = [
        full(f"acsa-ij-{number:05d}", statement=f"Number {number} was signed.") | cited() for number in range(count)
    ]
    stamp = Stamp.read()
    imported(rows)
    assert (Fact.objects.count(), Citation.objects.count(), Revision.objects.count()) == (count,) * 3
    assert Fact.partners.through.objects.count() == Fact.topics.through.objects.count() == 2 * count
    assert Stamp.read() != stamp
    assert list(deriving.differences()) == []
    assert Alias.objects.count() == 1
    assert Row.objects.filter(kind="new").count() == count
    assert row_of(Batch.objects.get(), "acsa-ij-00000").after["partners"] == ["india", "japan"]
