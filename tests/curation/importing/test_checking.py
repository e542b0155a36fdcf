"""What a check makes of a file: which rows are new, changed, the same or rejected, and what is said of each."""

import pytest

from curation.models import Batch, Revision, Stamp
from relations.models import Citation, Entity, Fact, Topic
from tests.curation.importing.importing import (
    imported,
    kinds_of,
    notes_of,
    previewed,
    problems_of,
    row_of,
    wrong_of,
)
from tests.factories import AliasFactory, EntityFactory, FactFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("room")]

State = Batch.State
ANCHOR, MEETING = "signed the agreement in the capital", "agreed on a common plan"


def fact(ref="acsa-ij-001", **cells):
    return {"ref": ref, "subject": "acsa-ij", "statement": f"They signed {ref} in Delhi."} | cells


def cited(passage="daily/1", anchor=ANCHOR, **cells):
    return {"passage": passage, "anchor": anchor} | cells


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


# --- keys -----------------------------------------------------------------------------------
def test_blank_refs_get_the_next_numbers_of_their_subject():
    FactFactory(subject_id="acsa-ij", ref="acsa-ij-007")
    batch = previewed(
        [fact("", statement="One."), fact("", subject="quad", statement="Two."), fact("", statement="Three.")]
    )
    assert kinds_of(batch) == {"acsa-ij-008": "new", "quad-001": "new", "acsa-ij-009": "new"}
    assert notes_of(batch)[0] == (2, "The blank ref becomes acsa-ij-008.")


def test_number_of_a_deleted_fact_is_not_given_again():
    Revision.objects.create(kind="relations.fact", ref="acsa-ij-012", version=1, data={}, by="alice")
    assert kinds_of(previewed([fact("")])) == {"acsa-ij-013": "new"}


def test_blank_ref_keeps_clear_of_a_ref_that_the_file_gives():
    rows = [fact("", statement="One."), fact("acsa-ij-001", statement="Two."), fact("", statement="Three.")]
    assert sorted(kinds_of(previewed(rows))) == ["acsa-ij-001", "acsa-ij-002", "acsa-ij-003"]


def test_blank_ref_keeps_clear_of_a_ref_that_comes_a_thousand_rows_later():
    rows = [fact("", statement="One."), *(fact(f"acsa-ij-{n:04d}") for n in range(5, 1100)), fact("acsa-ij-001")]
    batch = previewed(rows)
    assert batch.counts == {"facts": {"new": 1097}}


def test_rejected_row_is_given_no_ref():
    (row,) = previewed([{"subject": "acsa-ij", "statement": "They may sign it.", "modality": "view"}]).rows.all()
    assert (row.kind, row.key, row.notes) == ("rejected", "", None)


def test_blank_ref_without_a_subject_is_refused():
    assert wrong_of(previewed([fact("", subject="")])) == [(2, "subject")]


def test_key_on_two_rows_is_an_error_of_both_that_names_the_other():
    batch = previewed([fact("acsa-ij-001"), fact("acsa-ij-002"), fact("acsa-ij-001")])
    assert batch.counts == {"facts": {"rejected": 2, "new": 1}}
    assert [(row, column, value) for row, column, value, _ in problems_of(batch)] == [
        (2, "ref", "acsa-ij-001"),
        (4, "ref", "acsa-ij-001"),
    ]
    assert [message.split(",")[0] for *_, message in problems_of(batch)] == [
        "“acsa-ij-001” stands on row 4",
        "“acsa-ij-001” stands on row 2",
    ]


def test_key_on_three_rows_is_an_error_of_all_three():
    batch = previewed(
        [fact("acsa-ij-001"), fact("acsa-ij-002"), fact("acsa-ij-001"), fact("quad-001"), fact("acsa-ij-001")]
    )
    assert batch.counts == {"facts": {"rejected": 3, "new": 2}}
    assert sorted({row for row, *_ in problems_of(batch)}) == [2, 4, 6]


def test_key_on_rows_of_two_chunks_is_an_error_of_both():
    batch = previewed([fact(f"acsa-ij-{n}") for n in range(1100)] + [fact("acsa-ij-3")])
    assert batch.counts == {"facts": {"new": 1099, "rejected": 2}}
    assert [row for row, *_ in problems_of(batch)] == [5, 1102]


def test_unknown_key_names_row_column_value_and_the_nearest():
    batch = previewed([fact(topics="defense | trade", partners="indai")])
    assert sorted(wrong_of(batch)) == [(2, "partners"), (2, "topics")]
    said = {value: message for _, _, value, message in problems_of(batch)}
    assert ("“defence”" in said["defense"], "“india”" in said["indai"]) == (True, True)


def test_key_of_a_thing_of_the_wrong_kind_is_refused():
    [(row, column, value, message)] = problems_of(previewed([fact(partners="abe")]))
    assert (row, column, value) == (2, "partners", "abe")
    assert message == "“abe” is kind person; here stands only kind country or grouping."


# --- other names ----------------------------------------------------------------------------
def test_name_and_other_name_are_read_as_the_key_and_the_preview_says_so():
    batch = previewed([fact(subject="acsa", partners="Japan | india")])
    assert row_of(batch, "acsa-ij-001").after["subject"] == "acsa-ij"
    assert row_of(batch, "acsa-ij-001").after["partners"] == ["india", "japan"]
    assert notes_of(batch) == [
        (2, "subject: “acsa” was read as acsa-ij."),
        (2, "partners: “Japan” was read as japan."),
    ]


def test_name_and_key_of_one_partner_are_one_partner():
    batch = previewed([fact(partners="Japan | japan")])
    assert row_of(batch, "acsa-ij-001").after["partners"] == ["japan"]


def test_other_name_of_several_is_refused_with_their_keys():
    AliasFactory(entity=EntityFactory(slug="acsa-us"), name="Acsa")
    [(row, column, value, message)] = problems_of(previewed([fact(subject="ACSA")]))
    assert (row, column, value) == (2, "subject", "ACSA")
    assert message == "“ACSA” is a name of several: acsa-ij, acsa-us. Write the key of the one you mean."


# --- creating what is missing ---------------------------------------------------------------
def test_missing_names_and_topics_are_refused_unless_they_are_asked_for():
    batch = previewed([fact(partners="norway", topics="space")])
    assert kinds_of(batch) == {"acsa-ij-001": "rejected"}
    assert sorted(wrong_of(batch)) == [(2, "partners"), (2, "topics")]


def test_missing_names_and_topics_are_listed_and_made_where_they_are_asked_for():
    rows = [fact(partners="norway", topics="space"), fact("acsa-ij-002", partners="norway", topics="Outer Space")]
    batch = previewed(rows, create={"names": "country", "topics": True})
    assert kinds_of(batch) == {
        "norway": "new", "space": "new", "outer-space": "new", "acsa-ij-001": "new", "acsa-ij-002": "new",
    }  # fmt: skip
    assert batch.counts == {"entities": {"new": 1}, "topics": {"new": 2}, "facts": {"new": 2}}
    assert row_of(batch, "norway").notes == [{"message": "Made because row 2 names it.", "url": ""}]
    assert not Entity.objects.filter(slug="norway").exists()


def test_what_is_made_is_applied_with_the_rows_that_name_it():
    imported([fact(partners="Norway", topics="Outer Space")], create={"names": "country", "topics": True})
    [made] = Fact.objects.all()
    assert [partner.slug for partner in made.partners.all()] == ["norway"]
    assert Entity.objects.get(slug="norway").kind == "country"
    assert Topic.objects.get(slug="outer-space").name == "Outer Space"


def test_name_of_another_kind_is_not_made_where_it_may_not_stand():
    batch = previewed([fact(partners="some-body")], create={"names": "person"})
    assert (kinds_of(batch), batch.counts) == ({"acsa-ij-001": "rejected"}, {"facts": {"rejected": 1}})
    assert wrong_of(batch) == [(2, "partners")]


def test_what_rejected_rows_alone_name_is_not_made():
    rows = [
        fact(partners="norway", date="soon"),
        fact("acsa-ij-002", partners="chile"),
        fact("acsa-ij-003", partners="norway", unit="km"),
    ]
    batch = previewed(rows, create={"names": "country"})
    assert kinds_of(batch) == {
        "chile": "new", "acsa-ij-001": "rejected", "acsa-ij-002": "new", "acsa-ij-003": "rejected",
    }  # fmt: skip
    assert batch.counts == {"entities": {"new": 1}, "facts": {"new": 1, "rejected": 2}}


def test_name_that_is_made_is_made_once_in_a_long_file():
    rows = [fact(f"acsa-ij-{n}", partners="New Zealand") for n in range(1100)]
    batch = previewed(rows, create={"names": "country"})
    assert batch.counts == {"entities": {"new": 1}, "facts": {"new": 1100}}


def test_name_whose_key_is_there_under_another_name_is_not_made_again():
    EntityFactory(slug="norway", name="Kingdom of Norway", kind="country")
    batch = previewed([fact(partners="Norway")], create={"names": "country"})
    assert kinds_of(batch) == {"acsa-ij-001": "new"}
    assert notes_of(batch) == [(2, "partners: “Norway” was read as norway.")]


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


# --- rows that need other rows --------------------------------------------------------------
def test_fact_may_be_superseded_by_a_later_row():
    batch = imported([fact(superseded_by="acsa-ij-003"), fact("acsa-ij-002"), fact("acsa-ij-003")])
    assert batch.counts == {"facts": {"new": 3}}
    assert Fact.objects.get(ref="acsa-ij-001").superseded_by.ref == "acsa-ij-003"


def test_name_may_be_part_of_a_later_row_and_that_of_a_later_one():
    rows = [
        {"slug": "a", "name": "A", "kind": "meeting", "part_of": "b"},
        {"slug": "b", "name": "B", "kind": "meeting", "part_of": "c"},
        {"slug": "c", "name": "C", "kind": "meeting", "part_of": ""},
    ]
    imported(rows, "entities")
    pairs = Entity.objects.filter(slug__in="abc").values_list("slug", "part_of__slug")
    assert dict(pairs) == {"a": "b", "b": "c", "c": None}


def test_long_chain_of_later_rows_is_planned_in_its_order():
    count = 100
    rows = [
        fact(f"acsa-ij-{n:03d}", superseded_by=f"acsa-ij-{n + 1:03d}" if n + 1 < count else "") for n in range(count)
    ]
    imported(rows)
    pairs = Fact.objects.exclude(superseded_by=None).values_list("ref", "superseded_by__ref")
    assert dict(pairs) == {row["ref"]: row["superseded_by"] for row in rows[:-1]}


def test_two_new_names_that_are_part_of_one_another_are_told_what_is_missing():
    rows = [
        {"slug": "a", "name": "A", "kind": "meeting", "part_of": "b"},
        {"slug": "b", "name": "B", "kind": "meeting", "part_of": "a"},
    ]
    batch = previewed(rows, "entities")
    assert kinds_of(batch) == {"a": "rejected", "b": "rejected"}
    assert wrong_of(batch) == [(2, "part_of"), (3, "part_of")]


def test_rows_that_name_later_ones_are_refused_where_there_are_too_many_of_them(monkeypatch):
    from curation.importing import checking

    monkeypatch.setattr(checking, "DEFERRED", 2)
    rows = [fact(f"acsa-ij-00{n}", superseded_by="acsa-ij-009") for n in range(1, 5)] + [fact("acsa-ij-009")]
    batch = previewed(rows)
    assert batch.counts == {"facts": {"new": 3, "rejected": 2}}
    assert [(row, message.split(".")[0]) for row, _column, _value, message in problems_of(batch)] == [
        (4, "More than 2 rows name a row further down"),
        (5, "More than 2 rows name a row further down"),
    ]


def test_fact_whose_successor_is_nowhere_is_refused():
    assert wrong_of(previewed([fact(superseded_by="acsa-ij-999"), fact("acsa-ij-002")])) == [(2, "superseded_by")]


def test_row_that_needs_a_rejected_row_is_rejected_too():
    rows = [
        fact(superseded_by="acsa-ij-002"),
        fact("acsa-ij-002", date="yesterday"),
        fact("acsa-ij-003", superseded_by="acsa-ij-001"),
    ]
    batch = previewed(rows)
    assert kinds_of(batch) == dict.fromkeys(("acsa-ij-001", "acsa-ij-002", "acsa-ij-003"), "rejected")


def test_many_rows_that_need_rejected_rows_are_rejected_too():
    rows = [fact(f"quad-{n}", superseded_by=f"acsa-ij-{n}") for n in range(600)]
    rows += [fact(f"acsa-ij-{n}", date="yesterday") for n in range(600)]
    batch = previewed(rows)
    assert batch.counts == {"facts": {"rejected": 1200}}
    said = {message for row, _column, _value, message in problems_of(batch) if row == 2}
    assert said == {"“acsa-ij-0” is to be made by row 602 of this file, which is rejected. Mend that row, too."}


def test_row_that_needs_a_row_that_is_rejected_later_is_rejected_too():
    """The second “acsa-ij-002” comes after everything was planned."""
    rows = [
        fact("acsa-ij-002"),
        fact("acsa-ij-003", superseded_by="acsa-ij-002"),
        fact("acsa-ij-002", statement="Again."),
    ]
    batch = previewed(rows)
    assert batch.counts == {"facts": {"rejected": 3}}


def test_circle_of_successors_in_one_file_is_refused():
    imported([fact(), fact("acsa-ij-002", superseded_by="acsa-ij-001")])
    batch = previewed([fact(superseded_by="acsa-ij-002")])
    assert problems_of(batch)[0][:2] == (2, "superseded_by")
    assert "circle" in problems_of(batch)[0][3]


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
    from curation.importing import checking, resolving, saving

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
