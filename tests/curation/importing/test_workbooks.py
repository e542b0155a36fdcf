"""Workbooks of several sheets as one batch: their order, and parts that stand or fall with their records."""

import pytest

from curation.importing import batches, tasks, undoing
from curation.models import Batch, Revision
from quizzes.models import Question
from relations.models import Citation, Entity, Fact, Passage, Source, Topic
from tests.curation.importing.importing import (
    ANCHOR,
    MEETING,
    confirmed,
    fact,
    imported,
    kinds_of,
    notes_of,
    previewed,
    problems_of,
    row_of,
    wrong_of,
)
from tests.factories import published_fact

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("room")]

State = Batch.State


def citation(ref="acsa-ij-001", passage="daily/1", anchor=ANCHOR, **cells):
    return {"fact": ref, "passage": passage, "anchor": anchor} | cells


def whole():
    """A workbook whose every sheet leans on another, in the wrong order."""
    return {
        "questions": [
            {
                "ref": "Q-0001", "stem": "Consider the following:", "topics": "space", "fact": "malabar-001",
                "span": "Kochi", "replacement": "Goa",
            },
            {"ref": "Q-0001", "fact": "malabar-002"},
        ],
        "citations": [citation(f"malabar-00{number}", "treaty/1", "words of the treaty") for number in (1, 2)],
        "facts": [
            {
                "ref": "malabar-001", "subject": "malabar", "statement": "It began in Kochi.", "topics": "space",
                "partners": "norway", "property": "host", "value": "norway",
            },
            {
                "ref": "malabar-002", "subject": "malabar", "statement": "It went on in Oslo.", "topics": "space",
                "superseded_by": "malabar-001",
            },
        ],
        "Notes of ours": [{"a": "1"}],
        "entities": [
            {"slug": "malabar", "name": "Malabar", "kind": "exercise", "part_of": "norway"},
            {"slug": "norway", "name": "Norway", "kind": "country"},
        ],
        "topics": [{"slug": "space", "name": "Space", "parent": "sky"}, {"slug": "sky", "name": "Sky"}],
        "passages": [{"ref": "treaty/1", "source": "treaty", "number": "1"}],
        "sources": [{"slug": "treaty", "title": "Treaty", "publisher": "States", "kind": "treaty", "authors": "quad"}],
    }  # fmt: skip


# --- one batch ------------------------------------------------------------------------------
def test_workbook_is_one_batch_in_its_own_order_and_other_sheets_are_named():
    batch = imported(whole())
    assert batch.counts == {
        "sources": {"new": 1}, "passages": {"new": 1}, "entities": {"new": 2}, "topics": {"new": 2},
        "facts": {"new": 2}, "citations": {"new": 2}, "questions": {"new": 1},
    }  # fmt: skip
    assert list(dict.fromkeys(batch.rows.order_by("pk").values_list("sheet", flat=True))) == [
        "sources", "passages", "entities", "topics", "facts", "citations", "questions",
    ]  # fmt: skip
    assert batch.found["left_out"] == ["Notes of ours"]
    assert Source.objects.get(slug="treaty").authors.get().slug == "quad"
    assert Passage.objects.get(ref="treaty/1").source.slug == "treaty"
    assert Entity.objects.get(slug="malabar").part_of.slug == "norway"
    assert Topic.objects.get(slug="space").parent.slug == "sky"
    first, second = Fact.objects.order_by("ref")
    assert (first.value, second.superseded_by) == ("norway", first)
    assert sorted(Citation.objects.values_list("fact__ref", "passage__ref")) == [
        ("malabar-001", "treaty/1"),
        ("malabar-002", "treaty/1"),
    ]
    [asked] = Question.objects.all()
    assert [(part.fact_id, part.fact_digest) for part in asked.parts.all()] == [
        (first.ref, first.digest),
        (second.ref, second.digest),
    ]


def test_each_record_of_a_workbook_has_one_revision_with_all_its_parts():
    batch = imported(whole())
    kept = Revision.objects.filter(batch=batch)
    assert kept.count() == Revision.objects.count() == 6  # the source, two names, two facts, the question
    assert kept.get(ref="malabar-001").data["citations"] == [
        {"passage": "treaty/1", "anchor": "words of the treaty", "stance": "supports", "reading": ""}
    ]


def test_workbook_again_changes_nothing():
    imported(whole())
    batch = previewed(whole())
    assert {kind for of in batch.counts.values() for kind in of} == {"same"}


def test_workbook_is_applied_though_other_content_moved_meanwhile():
    """Its rows lean on one another, and none of them is there yet when they are compared."""
    batch = previewed(whole())
    published_fact()
    assert confirmed(batch).state == State.APPLIED
    undo = undoing.plan(batch, by="priya")
    published_fact()
    assert confirmed(undo).state == State.APPLIED


def test_workbook_of_changes_is_applied_though_other_content_moved_meanwhile():
    imported(whole())
    book = whole()
    for row in book["facts"]:
        row["statement"] = row["statement"].replace("It", "Kochi: it")
    book["entities"][0]["aliases"] = "Malabar Days"
    book["topics"][0]["description"] = "Far."
    book["citations"][0]["reading"] = "From the heading."
    batch = previewed(book)
    assert problems_of(batch) == []
    published_fact()
    assert (confirmed(batch).state, batch.stale) == (State.APPLIED, [])


def test_workbook_without_a_known_sheet_is_refused_with_the_names_that_are():
    batch = previewed({"Tabelle1": [{"a": "b"}]})
    assert batch.state == State.REFUSED
    assert "sources, passages, entities, topics, facts, citations, questions" in batch.problem


def test_sheet_that_one_may_not_import_refuses_the_file():
    batch = previewed(whole(), allowed=["facts", "citations", "entities"])
    assert (batch.state, batch.rows.count()) == (State.REFUSED, 0)
    assert "“sources”, which you may not import" in batch.problem


def test_names_of_sheets_may_have_capitals_and_spaces():
    assert previewed({" Entities ": whole()["entities"]}).counts == {"entities": {"new": 2}}


def test_single_sheet_of_any_name_is_taken_as_what_was_asked_for():
    assert previewed({"Tabelle1": whole()["entities"]}, "entities").counts == {"entities": {"new": 2}}


# --- citations in a sheet of their own ------------------------------------------------------
def test_bad_citation_refuses_its_fact_and_its_other_citations_and_nothing_else():
    book = {
        "facts": [fact(), fact("acsa-ij-002")],
        "citations": [
            citation(),
            citation(passage="daily/2", anchor="words that are nowhere"),
            citation("acsa-ij-002"),
        ],
    }
    batch = previewed(book)
    assert [(row.sheet, row.number, row.kind) for row in batch.rows.order_by("sheet", "number")] == [
        ("citations", 2, "rejected"), ("citations", 4, "new"),
        ("facts", 2, "rejected"), ("facts", 3, "new"),
    ]  # fmt: skip
    assert batch.counts == {"facts": {"new": 1, "rejected": 1}, "citations": {"new": 1, "rejected": 1}}
    confirmed(batch)
    assert list(Citation.objects.values_list("fact__ref", "passage__ref")) == [("acsa-ij-002", "daily/1")]


def test_citation_of_a_rejected_fact_is_rejected_and_names_its_row():
    batch = previewed({"facts": [fact(date="soon")], "citations": [citation()]})
    assert batch.counts == {"facts": {"rejected": 1}, "citations": {"rejected": 1}}
    assert problems_of(batch)[-1][3] == "Row 2 of facts, to which this belongs, is rejected."


def test_citation_of_a_fact_that_is_nowhere_is_refused():
    batch = previewed({"citations": [citation("acsa-ij-404")]})
    assert wrong_of(batch) == [(2, "fact")]


def test_citation_without_its_fact_is_refused():
    batch = previewed({"citations": [citation("")]})
    assert wrong_of(batch) == [(2, "fact")]


def test_citations_of_a_stored_fact_in_rows_that_are_apart_are_one_change():
    imported([fact(), fact("acsa-ij-002")])
    book = {"citations": [citation(), citation("acsa-ij-002"), citation(passage="daily/2", anchor=MEETING)]}
    batch = previewed(book)
    assert batch.counts == {"citations": {"changed": 3}}
    confirmed(batch)
    assert (batch.state, Citation.objects.count()) == (State.APPLIED, 3)
    assert dict(Fact.objects.values_list("ref", "version")) == {"acsa-ij-001": 2, "acsa-ij-002": 2}


def test_citations_of_a_stored_fact_in_rows_of_two_chunks_are_one_change(monkeypatch):
    from curation.importing import checking

    monkeypatch.setattr(checking, "CHUNK", 2)
    imported([fact(f"acsa-ij-{n}") for n in range(4)])
    rows = [citation(f"acsa-ij-{n}") for n in range(4)] + [
        citation(f"acsa-ij-{n}", "daily/2", MEETING) for n in (3, 2, 1, 0)
    ]
    batch = confirmed(previewed({"citations": rows}))
    assert (batch.state, Citation.objects.count()) == (State.APPLIED, 8)
    assert set(Fact.objects.values_list("version", flat=True)) == {2}


def test_bad_citation_of_a_stored_fact_refuses_its_good_ones_before_and_after_it():
    imported([fact(), fact("acsa-ij-002")])
    book = {
        "citations": [
            citation(), citation("acsa-ij-002"), citation(passage="daily/2", anchor="words that are nowhere"),
            citation("acsa-ij-002", "daily/2", MEETING), citation(passage="daily/3", anchor="any three words"),
        ]
    }  # fmt: skip
    batch = previewed(book)
    rejected = set(batch.rows.filter(kind="rejected").values_list("number", flat=True))
    assert rejected == {2, 4, 6}
    confirmed(batch)
    assert sorted(Citation.objects.values_list("fact__ref", "passage__ref")) == [
        ("acsa-ij-002", "daily/1"),
        ("acsa-ij-002", "daily/2"),
    ]


@pytest.mark.parametrize("chunk", [1, 2, 1000])
def test_bad_citation_refuses_all_good_ones_before_it(chunk, monkeypatch):
    from curation.importing import checking

    monkeypatch.setattr(checking, "CHUNK", chunk)
    imported([fact(), fact("acsa-ij-002")])
    rows = [
        citation(), citation("acsa-ij-002"), citation(passage="daily/2", anchor=MEETING),
        citation("acsa-ij-002", "daily/2", MEETING), citation(passage="daily/3", anchor="two words"),
    ]  # fmt: skip
    batch = previewed({"citations": rows})
    assert set(batch.rows.filter(kind="rejected").values_list("number", flat=True)) == {2, 4, 6}
    assert batch.counts == {"citations": {"changed": 2, "rejected": 3}}


def test_citation_is_added_to_a_fact_that_the_same_file_changes():
    imported([fact()])
    book = {"facts": [fact(note="n")], "citations": [citation()]}
    batch = confirmed(previewed(book))
    assert batch.counts == {"facts": {"changed": 1}, "citations": {"changed": 1}}
    assert (Fact.objects.get().note, Fact.objects.get().version, Citation.objects.count()) == ("n", 2, 1)


def test_citation_is_added_to_a_fact_that_stands_in_the_same_file_unchanged():
    imported([fact()])
    batch = confirmed(
        previewed({"facts": [fact()], "citations": [citation(), citation(passage="daily/2", anchor=MEETING)]})
    )
    assert (batch.state, Citation.objects.count(), Fact.objects.get().version) == (State.APPLIED, 2, 2)


AGAIN = "the two sides signed the agreement"


def test_same_passage_on_two_rows_of_the_citations_of_a_fact_is_refused():
    batch = previewed({"facts": [fact()], "citations": [citation(), citation(anchor=AGAIN)]})
    assert set(batch.rows.values_list("kind", flat=True)) == {"rejected"}
    assert (3, "passage") in wrong_of(batch)


@pytest.mark.parametrize("chunk", [2, 1000])
@pytest.mark.parametrize("facts", [[], [fact(), fact("acsa-ij-002")]])
@pytest.mark.parametrize("stored", [True, False])
def test_same_passage_on_two_rows_apart_is_refused(chunk, facts, stored, monkeypatch):
    from curation.importing import checking

    monkeypatch.setattr(checking, "CHUNK", chunk)
    if not (facts or stored):
        return
    if stored:
        imported([fact(), fact("acsa-ij-002")])
    apart = [citation(), citation("acsa-ij-002"), citation(anchor=AGAIN)]
    batch = previewed({"facts": facts, "citations": apart} if facts else {"citations": apart})
    of_citations = batch.rows.filter(kind="rejected", sheet="citations")
    assert sorted(of_citations.values_list("number", flat=True)) == [2, 4]
    confirmed(batch)
    assert [one.fact.ref for one in Citation.objects.all()] == ["acsa-ij-002"]


def test_citations_apart_of_a_fact_that_stands_in_the_file_unchanged_are_one_change():
    imported([fact(), fact("acsa-ij-002")])
    apart = [citation(), citation("acsa-ij-002"), citation(passage="daily/2", anchor=MEETING)]
    batch = confirmed(previewed({"facts": [fact(), fact("acsa-ij-002")], "citations": apart}))
    assert (batch.state, Citation.objects.count()) == (State.APPLIED, 3)
    assert set(Fact.objects.values_list("version", flat=True)) == {2}


def test_citation_that_stands_in_both_sheets_alike_is_one():
    flat = {key: value for key, value in citation().items() if key != "fact"}
    imported({"facts": [fact() | flat], "citations": [citation()]})
    assert Citation.objects.count() == 1


def test_undo_of_a_workbook_leaves_nothing_of_it():
    batch = imported(whole())
    before = Entity.objects.exclude(slug__in=["malabar", "norway"]).count()
    undo = undoing.plan(batch, by="priya")
    if undo.state == State.WAITING:
        tasks.check_batch.call(undo.pk)
        undo.refresh_from_db()
    assert (undo.state, problems_of(undo)) == (State.PREVIEW, [])
    confirmed(undo)
    assert undo.state == State.APPLIED
    assert [model.objects.count() for model in (Fact, Citation, Question)] == [0, 0, 0]
    assert Entity.objects.count() == before
    assert not Topic.objects.filter(slug__in=["space", "sky"]).exists()
    assert not Source.objects.filter(slug="treaty").exists()


def test_undo_removes_what_was_made_because_a_cell_named_it():
    batch = imported([fact(partners="norway", topics="space")], create={"names": "country", "topics": True})
    undo = confirmed(undoing.plan(batch, by="priya"))
    assert undo.state == State.APPLIED
    assert not Entity.objects.filter(slug="norway").exists()
    assert not Topic.objects.filter(slug="space").exists()
    assert not Fact.objects.exists()


# --- questions ------------------------------------------------------------------------------
def test_blank_parts_get_letters_and_places_and_a_blank_ref_its_number():
    made = [published_fact(statement=f"Number {number} was signed in 2020.") for number in range(3)]
    rows = [{"ref": "", "stem": "Which?", "fact": made[0].ref}, {"fact": made[1].ref}, {"fact": made[2].ref}]
    batch = imported(rows, "questions")
    [one] = Question.objects.all()
    assert (one.ref, kinds_of(batch)) == ("Q-0001", {"Q-0001": "new"})
    assert [(part.ref, part.position, part.fact_id) for part in one.parts.all()] == [
        ("Q-0001/a", 1, made[0].ref), ("Q-0001/b", 2, made[1].ref), ("Q-0001/c", 3, made[2].ref),
    ]  # fmt: skip
    assert notes_of(batch) == [(2, "The blank ref becomes Q-0001.")]


def test_bad_span_is_told_at_its_own_row():
    made = published_fact(statement="It was signed in 2020 and in 2020.")
    rows = [
        {"ref": "Q-0001", "stem": "Which?", "fact": made.ref},
        {"ref": "Q-0001", "fact": made.ref, "span": "2020", "replacement": "2021"},
        {"ref": "Q-0001", "fact": made.ref, "span": "", "replacement": "2021"},
    ]
    batch = previewed(rows, "questions")
    assert sorted(wrong_of(batch)) == [(3, "span"), (4, "replacement")]
    assert row_of(batch, "Q-0001").kind == "rejected"


def test_part_of_another_question_is_refused():
    made = published_fact()
    imported([{"ref": "Q-0001", "stem": "Which?", "fact": made.ref, "part": "Q-0001/a"}], "questions")
    batch = previewed([{"ref": "Q-0002", "stem": "Who?", "fact": made.ref, "part": "Q-0001/a"}], "questions")
    assert wrong_of(batch) == [(2, "part")]
    rows = [{"ref": f"Q-000{n}", "stem": "Who?", "fact": made.ref, "part": "Q-0009/a"} for n in (3, 4)]
    assert wrong_of(previewed(rows, "questions")) == [(3, "part")]


def test_expired_or_missing_file_is_told():
    batch = previewed([fact()])
    batch.upload.delete()
    assert batches.sheets_of(batch) == ["facts"]


# --- other names of what the workbook makes -----------------------------------------------------
def names_and_a_fact(partners, **entities):
    made = [{"slug": slug, "kind": "country"} | cells for slug, cells in entities.items()]
    return {"entities": made, "facts": [fact(partners=partners)]}


def test_name_that_an_earlier_sheet_makes_is_found_by_its_other_names_and_the_preview_says_so():
    norway = {"name": "Norway", "aliases": "Norge | Noreg"}
    batch = previewed(names_and_a_fact("norway | NOREG", norway=norway))
    assert row_of(batch, "acsa-ij-001").after["partners"] == ["norway"]
    assert "partners: “NOREG” was read as norway." in [note for _row, note in notes_of(batch)]
    assert confirmed(batch).state == State.APPLIED
    assert [one.slug for one in Fact.objects.get().partners.all()] == ["norway"]


def test_name_that_an_earlier_sheet_changes_is_found_by_what_it_will_be_called():
    batch = previewed({"entities": [{"slug": "japan", "name": "Nihon"}], "facts": [fact(partners="nihon")]})
    assert row_of(batch, "acsa-ij-001").after["partners"] == ["japan"]
    batch = previewed({"entities": [{"slug": "quad", "name": "Four"}], "facts": [fact(partners="QUAD")]})
    assert wrong_of(batch) == [(2, "partners")]  # it will be called that no more


def test_other_name_of_one_that_is_stored_and_one_that_is_made_is_refused_with_both():
    batch = previewed(names_and_a_fact("Japan", nihon={"name": "Nihon", "aliases": "Japan"}))
    [(_row, column, value, message)] = problems_of(batch)
    assert (column, value) == ("partners", "Japan")
    assert message == "“Japan” is a name of several: japan, nihon. Write the key of the one you mean."


def test_fact_falls_with_the_name_that_it_found_by_another():
    rows = names_and_a_fact("Norge", norway={"name": "Norway", "aliases": "Norge"})
    rows["entities"].append({"slug": "norway", "name": "Again", "kind": "country"})
    batch = previewed(rows)
    assert batch.counts == {"entities": {"rejected": 2}, "facts": {"rejected": 1}}
