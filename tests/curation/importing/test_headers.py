"""Which header is which column."""

from dataclasses import dataclass

import pytest
from django.utils.translation import gettext_lazy

from curation.importing.headers import Matched, match


@dataclass
class Column:
    name: str
    readonly: bool = False
    required: bool = False
    label: object = ""
    part: str = ""


COLUMNS = [
    Column("ref", label="Reference"),
    Column("statement", required=True),
    Column("validity", label=gettext_lazy("Holds during")),
    Column("part_of"),
    Column("evidence", readonly=True, required=True),
]


def test_headers_are_matched_exactly() -> None:
    assert match(["statement", "ref", "part_of", "validity"], COLUMNS).by_place == [
        "statement",
        "ref",
        "part_of",
        "validity",
    ]


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Statement", "statement"),
        (" statement ", "statement"),
        ("Part of", "part_of"),
        ("part-of", "part_of"),
        ("PARTOF", "part_of"),
        ("Holds during", "validity"),
        ("holds_during", "validity"),
        ("reference", "ref"),
        ("état", None),
        ("statements", None),
        ("ref.", None),
    ],
)
def test_a_header_is_matched_where_only_capitals_and_separators_differ(header: str, name: str | None) -> None:
    assert match([header], COLUMNS).by_place == [name]


def test_a_name_goes_before_a_label() -> None:
    columns = [Column("title", label="Name"), Column("name", label="Title")]
    assert match(["Name", "title"], columns).by_place == ["name", "title"]


def test_a_label_of_two_columns_is_nobodys() -> None:
    columns = [Column("earliest", label="Date"), Column("latest", label="Date")]
    matched = match(["date"], columns)
    assert (matched.by_place, matched.unknown) == ([None], [("date", "earliest")])


def test_a_misspelt_header_is_unknown_with_a_suggestion() -> None:
    matched = match(["ref", "statment", "colour", "hold during"], COLUMNS)
    assert matched == Matched(
        by_place=["ref", None, None, None],
        unknown=[("statment", "statement"), ("colour", ""), ("hold during", "validity")],
        missing=["statement"],
    )
    assert not matched.is_settled
    assert matched.problems() == [
        "“statment” is not a column of this sheet. Did you mean “statement”? Choose the column it is, or leave it out.",
        "“colour” is not a column of this sheet. Choose the column it is, or leave it out.",
        "“hold during” is not a column of this sheet. Did you mean “validity”? "
        "Choose the column it is, or leave it out.",
    ]


def test_a_column_that_is_there_already_is_not_suggested() -> None:
    assert match(["statement", "statment"], COLUMNS).unknown == [("statment", "")]


def test_headers_are_mapped_by_hand() -> None:
    matched = match(["ref", "statment", "colour"], COLUMNS, {"statment": "statement", "colour": ""})
    assert matched == Matched(by_place=["ref", "statement", None], left_out=["colour"])
    assert matched.is_settled
    assert matched.words() == ["The column “colour” of the file is left out, as chosen."]


def test_a_mapping_goes_before_the_name() -> None:
    matched = match(["ref", "statement"], COLUMNS, {"ref": "statement", "statement": "ref"})
    assert matched.by_place == ["statement", "ref"]


def test_a_mapping_to_no_column_is_as_if_not_there() -> None:
    assert match(["statment"], COLUMNS, {"statment": "sentence"}).unknown == [("statment", "statement")]


def test_read_only_columns_are_ignored_and_that_is_said() -> None:
    matched = match(["statement", "Evidence"], COLUMNS)
    assert matched == Matched(by_place=["statement", None], ignored=["evidence"])
    assert matched.is_settled
    assert matched.words() == ["The column “evidence” is computed by the site: it is accepted and ignored."]


def test_two_headers_of_one_column_are_both_named() -> None:
    matched = match(["ref", "Reference", "statement", "statement"], COLUMNS)
    assert matched.doubled == [("ref", ("ref", "Reference")), ("statement", ("statement", "statement"))]
    assert not matched.is_settled
    assert matched.words() == [
        "The headers “ref” and “Reference” are the same column, “ref”. Keep one of them.",
        "The headers “statement” and “statement” are the same column, “statement”. Keep one of them.",
    ]


def test_a_header_mapped_to_a_column_that_is_there_is_doubled() -> None:
    assert match(["ref", "key"], COLUMNS, {"key": "ref"}).doubled == [("ref", ("ref", "key"))]


def test_a_column_without_a_header_is_named_by_its_place() -> None:
    matched = match(["statement", "", " "], COLUMNS)
    assert (matched.by_place, matched.nameless, matched.is_settled) == (["statement", None, None], [2, 3], False)
    assert matched.words() == ["Columns 2 and 3 of the file have no header. Write one above each, or leave them out."]
    assert match(["statement", ""], COLUMNS, {"": ""}).is_settled


def test_a_file_without_a_required_column_can_change_what_is_there() -> None:
    matched = match(["ref"], COLUMNS)
    assert (matched.missing, matched.is_settled) == (["statement"], True)
    assert matched.words() == [
        "The file has no column “statement”. It can change records that are there; a new one needs it."
    ]


def test_problems_are_said_before_notes() -> None:
    matched = match(["evidence", "Ref", "foo"], COLUMNS)
    assert matched.words() == [*matched.problems(), *matched.notes()]
    assert [len(matched.problems()), len(matched.notes())] == [1, 2]


def test_no_headers_are_no_columns() -> None:
    assert match([], COLUMNS) == Matched(missing=["statement"])


def test_columns_of_a_part_are_missing_only_where_some_of_it_is_there():
    columns = [*COLUMNS, Column("passage", required=True, part="citations"), Column("stance", part="citations")]
    assert match(["ref", "statement"], columns).missing == []
    assert match(["ref", "statement", "stance"], columns).missing == ["passage"]
