"""What a check makes of the keys and names in a file: those it gives, looks up, makes, and finds in later rows."""

import pytest

from curation.models import Revision
from relations.models import Entity, Fact, Topic
from tests.curation.importing.importing import (
    fact,
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
