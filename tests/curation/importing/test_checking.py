"""What a check makes of a file: which rows are new, changed, the same or rejected, and what is said of each."""

import pytest

from curation.models import Batch, Revision, Stamp
from relations.models import Citation, Fact
from tests.curation.importing.importing import (
    ANCHOR,
    MEETING,
    cited,
    fact,
    imported,
    kinds_of,
    notes_of,
    previewed,
    problems_of,
    row_of,
    wrong_of,
)
from tests.factories import EntityFactory, FactFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("room")]

State = Batch.State


# --- nothing is written ---------------------------------------------------------------------
def test_check_writes_nothing_but_its_rows():
    stamp = Stamp.read()
    batch = previewed([fact() | cited()])
    assert (batch.state, batch.counts) == (State.PREVIEW, {"facts": {"new": 1}})
    assert (Fact.objects.count(), Citation.objects.count(), Revision.objects.count()) == (0, 0, 0)
    assert Stamp.read() == stamp


def test_new_record_takes_the_defaults_of_what_is_left_out():
    after = row_of(previewed([fact(date="2020-09")]), "acsa-ij-001").after
    assert (after["modality"], after["rank"], after["status"], after["written_by"], after["date"]) == (
        "fact", "normal", "draft", "priya", "2020-09",
    )  # fmt: skip
    assert (after["whose"], after["partners"], after["citations"]) == ("", [], [])


# --- lines of one record --------------------------------------------------------------------
def test_lines_with_the_same_ref_are_one_fact_with_several_citations():
    batch = previewed([fact() | cited(), fact() | cited("daily/2", MEETING), fact("acsa-ij-002")])
    assert kinds_of(batch) == {"acsa-ij-001": "new", "acsa-ij-002": "new"}
    row = row_of(batch, "acsa-ij-001")
    assert (row.number, row.last_number) == (2, 3)
    assert [one["passage"] for one in row.after["citations"]] == ["daily/1", "daily/2"]


def test_further_line_may_leave_the_cells_of_the_record_blank():
    batch = previewed(
        [
            fact() | cited(),
            {"ref": "acsa-ij-001"} | cited("daily/2", MEETING),
            cited("daily/3", "four plain words here"),
        ]
    )
    assert [one["passage"] for one in row_of(batch, "acsa-ij-001").after["citations"]] == [
        "daily/1",
        "daily/2",
        "daily/3",
    ]


def test_further_line_that_says_something_else_of_the_record_is_refused():
    batch = previewed([fact() | cited(), fact(statement="Another.") | cited("daily/2", MEETING)])
    assert problems_of(batch) == [
        (
            3, "statement", "Another.",
            "Row 2 of the same record says “They signed acsa-ij-001 in Delhi.” here. "
            "Write the same here or leave it blank; another record needs another key.",
        )
    ]  # fmt: skip


def test_bad_citation_refuses_its_fact_and_the_other_citations():
    batch = previewed([fact() | cited(), fact() | cited("daily/2", "words not in it at all")])
    assert kinds_of(batch) == {"acsa-ij-001": "rejected"}
    assert wrong_of(batch) == [(3, "anchor")]


def test_same_passage_on_two_lines_of_a_fact_is_refused():
    batch = previewed([fact() | cited(), fact() | cited(anchor="the two sides signed the agreement")])
    assert problems_of(batch) == [
        (3, "passage", "daily/1", "This stands on another line of the same record. Keep one.")
    ]


# --- blank, clear, required -----------------------------------------------------------------
def test_blank_cell_keeps_the_old_value_and_the_token_clears_it():
    imported([fact(date="2020-09-09", note="old", partners="india | japan", topics="trade")])
    batch = previewed([fact(statement="", date="", note="[clear]", partners="", topics="[clear]")])
    row = row_of(batch, "acsa-ij-001")
    assert {name: row.after[name] for name in row.after if row.after[name] != row.before[name]} == {
        "note": "",
        "topics": [],
    }


def test_blank_cells_alone_change_nothing():
    imported([fact(date="2020-09-09", note="old", partners="india | japan")])
    assert previewed([fact(statement="", subject="", date="", note="", partners="")]).counts == {"facts": {"same": 1}}


def test_required_value_cannot_be_cleared():
    imported([fact()])
    batch = previewed(
        [fact(statement="[clear]"), fact("acsa-ij-002", statement="[clear]"), fact("acsa-ij-003", statement="")]
    )
    assert problems_of(batch) == [
        (2, "statement", "", "This cannot be cleared: something must stand here."),
        (3, "statement", "", "This cannot be cleared: something must stand here."),
        (4, "statement", "", "Something must stand here."),
    ]


def test_key_cannot_be_cleared():
    assert problems_of(previewed([fact("[clear]")])) == [(2, "ref", "", "A key cannot be cleared.")]


def test_text_that_is_the_clear_token_is_written_with_an_apostrophe():
    batch = previewed([fact(note="'[clear]", statement="'=1+1 is what they wrote.")])
    after = row_of(batch, "acsa-ij-001").after
    assert (after["note"], after["statement"]) == ("[clear]", "=1+1 is what they wrote.")


def test_blank_line_of_a_citation_keeps_what_it_does_not_say():
    imported([fact() | cited(stance="mentions", reading="The year is from the heading.")])
    batch = previewed([{"ref": "acsa-ij-001", "passage": "daily/1", "reading": "[clear]"}])
    assert row_of(batch, "acsa-ij-001").after["citations"] == [
        {"passage": "daily/1", "anchor": ANCHOR, "stance": "mentions", "reading": ""}
    ]


# --- values ---------------------------------------------------------------------------------
@pytest.mark.parametrize("date", ["03/04/2024", "3 April 2024", "2024-4-3", "20240403", "2024-02-30", "45385"])
def test_date_that_is_not_edtf_is_refused(date):
    [(row, column, value, message)] = problems_of(previewed([fact(date=date)]))
    assert (row, column, value) == (2, "date", date)
    assert message


@pytest.mark.parametrize("date", ["2024-04-03", "2024-04", "2024", "[..2024-08]", "2023-04/2024-03"])
def test_edtf_date_is_taken_as_it_is(date):
    assert row_of(previewed([fact(date=date)]), "acsa-ij-001").after["date"] == date


def test_unknown_choice_is_refused_with_a_suggestion():
    [(row, column, value, message)] = problems_of(previewed([fact(modality="veiw")]))
    assert (row, column, value, "“view”" in message) == (2, "modality", "veiw", True)


def test_read_only_columns_are_accepted_and_ignored_and_that_is_said():
    imported([fact()])
    batch = previewed([fact(status="published", evidence="primary", version="99")])
    assert (batch.state, batch.counts) == (State.PREVIEW, {"facts": {"same": 1}})
    [sheet] = batch.found["sheets"]
    assert sheet["ignored"] == ["status", "evidence", "version"]
    assert sheet["notes"]


# --- possible duplicates --------------------------------------------------------------------
def test_new_fact_much_like_one_of_its_subject_is_marked_with_that_fact():
    FactFactory(subject_id="acsa-ij", ref="acsa-ij-001", statement="The two sides signed the agreement in Delhi.")
    FactFactory(subject_id="quad", ref="quad-001", statement="The two sides met in Oslo in spring.")
    rows = [
        fact("acsa-ij-002", statement="The two sides signed the agreement in Delhi"),
        fact("acsa-ij-003", statement="The two sides met in Oslo in spring."),
    ]
    batch = previewed(rows)
    assert notes_of(batch) == [(2, "Possible duplicate of acsa-ij-001: “The two sides signed the agreement in Delhi.”")]
    assert batch.counts == {"facts": {"new": 2}}


# --- what applying would mean ---------------------------------------------------------------
def test_row_left_out_is_not_in_the_preview():
    batch = previewed([fact(), fact("acsa-ij-002")], without=[("facts", 2)])
    assert kinds_of(batch) == {"acsa-ij-002": "new"}


def test_misspelt_header_stops_the_check_with_a_suggestion():
    batch = previewed([{"ref": "acsa-ij-001", "subject": "acsa-ij", "statment": "They signed it."}])
    assert batch.state == State.MAPPING
    assert batch.found["sheets"][0]["unknown"] == [["statment", "statement"]]


# --- what is at hand ------------------------------------------------------------------------
def test_more_keys_than_are_remembered_are_all_found(monkeypatch):
    """A file in which each fact has its own passage and all share others."""
    from curation.importing import checking
    from curation.importing.planning import resolving
    from curation.importing.stored import saving

    monkeypatch.setattr(checking, "CHUNK", 5)
    monkeypatch.setattr(resolving, "REMEMBERED", 7)
    monkeypatch.setattr(saving, "REMEMBERED", 7)
    rows = [
        fact(
            f"acsa-ij-{n}",
            partners="india | japan",
            subject=EntityFactory().slug,
            superseded_by="acsa-ij-0" if n else "",
        )
        for n in range(30)
    ]
    assert imported(rows).counts == {"facts": {"new": 30}}


# --- what a resource may say ----------------------------------------------------------------
def test_hook_before_a_row_may_change_its_cells_and_refuse_it(monkeypatch):
    from django.core.exceptions import ValidationError

    from relations.resources import FactResource

    def before_import_row(self, row, **kwargs):
        if row["note"] == "no":
            raise ValidationError("Not this one.")
        row["statement"] = row["statement"].replace("They", "The two sides")
        row["note"] = f"row {kwargs['row_number']}"

    monkeypatch.setattr(FactResource, "before_import_row", before_import_row)
    batch = previewed([fact() | cited(), fact("acsa-ij-002", note="no")])
    after = row_of(batch, "acsa-ij-001").after
    assert (after["statement"], after["note"]) == ("The two sides signed acsa-ij-001 in Delhi.", "row 2")
    assert problems_of(batch) == [(3, "", "", "Not this one.")]


# --- odd characters -------------------------------------------------------------------------
ODD = ["\x00", "\x07", "\x1f", "\x7f", "\x85", "\ufffe", "\ufeff", "\u202e", "\U0010ffff", "🎉", "\u2028"]


@pytest.mark.parametrize("odd", ODD, ids=ascii)
def test_odd_character_is_told_or_kept_and_breaks_nothing(odd):
    rows = [
        fact(f"a{odd}b"), fact("acsa-ij-002", subject=f"a{odd}b"), fact("acsa-ij-003", topics=f"a{odd}b"),
        fact("acsa-ij-004", modality=f"a{odd}b"), fact("acsa-ij-005", date=f"20{odd}20"),
        fact("acsa-ij-006", note=f"a{odd}b"), fact("acsa-ij-007", value=f"a{odd}b", property="host"),
        fact("acsa-ij-008") | cited(f"a{odd}b"), fact("acsa-ij-009") | cited("daily/3", f"one two a{odd}b"),
    ]  # fmt: skip
    batch = previewed(rows)
    assert (batch.state, batch.problem) == (State.PREVIEW, "")
    wrong = {row for row, *_rest in problems_of(batch)}
    assert wrong >= {2, 3, 4, 5, 6, 8, 9}
    if 7 not in wrong:
        assert odd in row_of(batch, "acsa-ij-006").after["note"]


def test_odd_character_in_a_header_is_told():
    batch = previewed([fact() | {"no\x00te": "n"}])
    assert batch.state in (State.MAPPING, State.REFUSED)
    assert "broke" not in batch.problem
