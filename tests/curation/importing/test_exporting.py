"""Exports, and files given back."""

import csv
import io
import json
import zipfile

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from curation.importing import exporting, reading
from curation.importing.escaping import escaped, joined, parted, unescaped
from curation.importing.exporting import chunks, exports
from curation.importing.resources import of_model, sheets
from relations.models import Entity, Fact
from tests.curation.importing.importing import (
    ANCHOR,
    MEETING,
    cited,
    confirmed,
    fact,
    imported,
    previewed,
    problems_of,
    row_of,
)
from tests.factories import CitationFactory, EntityFactory, FactFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("room")]


def bytes_of(model, rows=None, file_format="csv"):
    return b"".join(exporting.export(of_model(model), model.objects.all() if rows is None else rows, file_format))


def rows_of(data, delimiter=","):
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=delimiter))


def said(row):
    return {name: cell for name, cell in row.items() if cell}


def book_of(data):
    book = load_workbook(io.BytesIO(data))
    return {sheet.title: [["" if cell is None else cell for cell in row] for row in sheet.values] for sheet in book}


# --- what an export holds -------------------------------------------------------------------
def test_export_has_the_columns_of_the_record_and_of_its_parts():
    header = next(exporting.export(of_model(Fact), Fact.objects.all(), "csv")).decode("utf-8-sig").strip().split(",")
    assert header == [
        "ref", "subject", "statement", "modality", "whose", "date", "property", "value", "unit", "validity",
        "review_by", "partners", "topics", "rank", "outcome", "verdict", "superseded_by", "note", "status", "evidence",
        "version", "passage", "anchor", "stance", "reading",
    ]  # fmt: skip


def test_fact_with_several_citations_takes_several_lines_that_repeat_its_key():
    imported(
        [
            fact(partners="japan | india", topics="trade", date="2020-09") | cited("daily/2", MEETING),
            {"ref": "acsa-ij-001"} | cited(reading="By the date of the page."),
            fact("acsa-ij-002"),
        ]
    )
    first, second, third = rows_of(bytes_of(Fact))
    assert said(first) == {
        "ref": "acsa-ij-001", "subject": "acsa-ij", "statement": "They signed acsa-ij-001 in Delhi.",
        "modality": "fact", "date": "2020-09", "partners": "india | japan", "topics": "trade", "rank": "normal",
        "status": "draft", "evidence": "unchecked", "version": "1", "passage": "daily/1", "anchor": ANCHOR,
        "stance": "supports", "reading": "By the date of the page.",
    }  # fmt: skip
    assert said(second) == {"ref": "acsa-ij-001", "stance": "supports"} | cited("daily/2", MEETING)
    assert (third["ref"], third["passage"], third["stance"]) == ("acsa-ij-002", "", "")


def test_sheet_of_parts_is_exported_by_itself():
    imported([fact() | cited(), {"ref": "acsa-ij-001"} | cited("daily/2", MEETING), fact("acsa-ij-002")])
    data = b"".join(exporting.export(sheets()["citations"], Fact.objects.all(), "csv"))
    assert [(row["fact"], row["passage"]) for row in rows_of(data)] == [
        ("acsa-ij-001", "daily/1"), ("acsa-ij-001", "daily/2"),
    ]  # fmt: skip


def test_json_lines_are_states_with_their_types():
    EntityFactory(slug="eq", name="=1+1")
    imported([fact("eq-001", subject="eq", partners="india", topics="trade | defence") | cited()])
    found = json.loads(bytes_of(Fact, file_format="jsonl"))
    assert (found["ref"], found["partners"], found["topics"], found["outcome"], found["version"]) == (
        "eq-001", ["india"], ["defence", "trade"], "", 1,
    )  # fmt: skip
    assert found["citations"] == [{"passage": "daily/1", "anchor": ANCHOR, "stance": "supports", "reading": ""}]
    lines = bytes_of(Entity, Entity.objects.filter(slug__in=["eq", "acsa-ij"]), "jsonl").decode().splitlines()
    assert [json.loads(line)["name"] for line in lines][1] == "=1+1"
    assert json.loads(lines[0])["aliases"] == ["ACSA"]


def test_workbook_keeps_parts_on_a_sheet_of_their_own():
    imported([fact() | cited(), {"ref": "acsa-ij-001"} | cited("daily/2", MEETING)])
    every = sheets()
    data = b"".join(
        exporting.workbook([(every[name], every[name].resource.model.objects.all()) for name in ("facts", "citations")])
    )
    book = book_of(data)
    assert list(book) == ["facts", "citations"]
    assert [row[0] for row in book["facts"]] == ["ref", "acsa-ij-001"]
    assert "passage" not in book["facts"][0]
    assert [row[:2] for row in book["citations"]] == [
        ["fact", "passage"], ["acsa-ij-001", "daily/1"], ["acsa-ij-001", "daily/2"],
    ]  # fmt: skip


def test_xlsx_has_only_texts():
    EntityFactory(slug="x", name="=HYPERLINK(1)", definition="2020-09-09", kind="concept")
    data = bytes_of(Entity, Entity.objects.filter(slug="x"), "xlsx")
    cells = list(load_workbook(io.BytesIO(data))["entities"].rows)[1]
    assert [cell.value for cell in cells][:4] == ["x", "'=HYPERLINK(1)", "concept", "2020-09-09"]
    assert {cell.data_type for cell in cells if cell.value is not None} == {"s"}
    assert {cell.number_format for cell in cells if cell.value is not None} == {"@"}


@pytest.mark.parametrize("text", ["_x0041_x0042_", "a\nb", "<&>\"'", "_x", "‏שלום", "_x005F_", "é\u0301 \U0001f600"])
def test_xlsx_gives_texts_back(text):
    EntityFactory(slug="x", name=text)
    data = bytes_of(Entity, Entity.objects.filter(slug="x"), "xlsx")
    with reading.open_table(io.BytesIO(data), "entities.xlsx") as table:
        assert [line.cells[1] for line in next(table.sheets()).lines] == [text]


def test_xlsx_is_refused_beyond_the_rows_of_excel(monkeypatch):
    monkeypatch.setattr(exports, "ROWS", 4)
    imported([fact() | cited(), {"ref": "acsa-ij-001"} | cited("daily/2", MEETING)])
    assert len(book_of(bytes_of(Fact, file_format="xlsx"))["facts"]) == 3
    imported([fact("acsa-ij-002"), fact("acsa-ij-003")])
    with pytest.raises(exporting.NotExportable, match="These are 4 rows, and a sheet of Excel holds 4"):
        bytes_of(Fact, file_format="xlsx")


@pytest.mark.parametrize(
    "text",
    [
        "=1", "+1", "-1", "@x", "\tx", "'=1", "''@", "[clear]", "'[clear]", "'x", "x", "[", " =1", "' =1", " [clear]",
        "'[clear] ", "\n'=", "",
    ],
)  # fmt: skip
def test_escapes_come_off_again(text):
    assert unescaped(escaped(text)) == text
    assert escaped(text)[:1] not in {"=", "+", "-", "@", "\t", "\r"}
    assert escaped(text).strip() != "[clear]"


@pytest.mark.parametrize("texts", [["a|b"], ["a\\"], ["a\\|", "\\"], ["|"], ["a", "b c"]])
def test_bars_within_texts_are_no_separators(texts):
    assert parted(joined(texts)) == texts


def test_parted_strips_what_was_escaped():
    assert parted("\\ a | b") == ["a", "b"]


# --- which rows, in which order, at what cost -----------------------------------------------
def test_rows_come_in_the_order_of_their_keys_whatever_the_query(monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK", 2)
    for ref in ("b-2", "a-1", "c-3", "a-10", "B-1"):
        FactFactory(ref=ref, partners=Entity.objects.filter(slug__in=["india", "japan"]))
    every = ["B-1", "a-1", "a-10", "b-2", "c-3"]

    def refs(rows):
        return [row["ref"] for row in rows_of(bytes_of(Fact, rows))]

    assert refs(Fact.objects.all()) == every
    assert refs(Fact.objects.newest_first().with_states()) == every
    assert refs(Fact.objects.filter(partners__slug__in=["india", "japan"])) == every
    assert refs(Fact.objects.filter(partners__slug__in=["india", "japan"]).distinct()) == every
    assert refs(Fact.objects.exclude(ref="a-10").filter(ref__gt="a")) == ["a-1", "b-2", "c-3"]
    assert refs(Fact.objects.order_by("-ref")[:2]) == ["b-2", "c-3"]
    assert refs(Fact.objects.none()) == []


@pytest.mark.sqlite
def test_cache_of_sqlite_is_as_large_as_before_once_an_export_ends():
    def cache():
        with connection.cursor() as cursor:
            return cursor.execute("PRAGMA cache_size").fetchone()[0]

    FactFactory()
    before = cache()
    pieces = exporting.export(of_model(Fact), Fact.objects.all(), "csv")
    next(pieces)
    next(pieces)
    assert cache() == -chunks.CACHE
    pieces.close()
    assert cache() == before


def test_header_comes_before_any_query(django_assert_num_queries):
    resource = of_model(Fact)
    with django_assert_num_queries(0):
        assert next(exporting.export(resource, Fact.objects.all(), "csv")).startswith(b"\xef\xbb\xbfref,subject,")


def test_queries_grow_with_chunks_and_not_with_rows(monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK", 50)

    def cost(count):
        for _number in range(count - Fact.objects.count()):
            CitationFactory()
        with CaptureQueriesContext(connection) as queries:
            bytes_of(Fact)
        return len(queries)

    # One for the keys, then for each chunk one each for facts, partners, topics and citations.
    assert [cost(count) for count in (10, 50, 100)] == [5, 5, 9]


# --- rejected rows --------------------------------------------------------------------------
def test_rejects_tell_why_and_are_imported_once_mended():
    batch = previewed(
        [
            fact(statement="=1+1 is two, they said."),
            fact("acsa-ij-002", topics="defense", rank="high") | cited(),
            {"ref": "acsa-ij-002"} | cited("daily/9", MEETING),
            fact("acsa-ij-003", statement="-5 degrees, said the host."),
            fact("acsa-ij-004", subject="nobody", statement="=1+2 is three."),
        ]
    )
    rejected = rows_of(b"".join(exporting.rejects(batch, "facts")))
    assert [(row["ref"], row["passage"]) for row in rejected] == [
        ("acsa-ij-002", "daily/1"), ("acsa-ij-002", "daily/9"), ("acsa-ij-004", ""),
    ]  # fmt: skip
    assert next(iter(rejected[0])) == "reason"
    assert rejected[0]["reason"].startswith("Row 3 of rows.csv: rank: ")
    assert " topics: “defense” is not the key" in rejected[0]["reason"]
    assert rejected[1]["reason"].startswith("Row 4 of rows.csv: passage: ")
    assert rejected[2]["statement"] == "'=1+2 is three."
    confirmed(batch)
    mended = [
        row | {"topics": row["topics"] and "defence", "rank": "", "subject": row["subject"] and "acsa-ij"}
        | ({"passage": "daily/2"} if row["passage"] == "daily/9" else {})
        for row in rejected
    ]  # fmt: skip
    again = imported(mended)
    assert again.counts == {"facts": {"new": 2}}
    assert again.found["sheets"][0]["ignored"] == ["reason"]
    assert Fact.objects.get(ref="acsa-ij-004").statement == "=1+2 is three."
    assert Fact.objects.get(ref="acsa-ij-002").citations.count() == 2


def test_rejects_of_a_file_matched_by_hand_need_no_matching():
    given = [{"Key": "acsa-ij-001", "subject": "nobody", "statement": "Said.", "mine": "x", "reason": "old"}]
    batch = previewed(given, mapping={"facts": {"Key": "ref", "mine": ""}})
    (row,) = rows_of(b"".join(exporting.rejects(batch, "facts")))
    assert list(row) == ["reason", "ref", "subject", "statement"]
    assert row["ref"] == "acsa-ij-001"
    assert "nobody" in row["reason"]


def test_rejects_of_a_workbook_say_which_sheet_they_were_on():
    batch = previewed({"facts": [fact()], "citations": [{"fact": "acsa-ij-009"} | cited()]})
    (row,) = rows_of(b"".join(exporting.rejects(batch, "citations")))
    assert row["reason"].startswith("Row 2 of citations in workbook.xlsx: fact: ")


def test_rejects_go_into_a_workbook_too():
    batch = previewed([fact(topics="defense")])
    header, row = book_of(b"".join(exporting.rejects(batch, "facts", "xlsx")))["facts"]
    assert (header[:2], row[1]) == (["reason", "ref"], "acsa-ij-001")


def test_text_that_was_cut_off_is_rejected_again():
    batch = previewed([fact(note="x" * 10_001)])
    rejected = rows_of(b"".join(exporting.rejects(batch, "facts")))
    assert problems_of(previewed(rejected))[0][:2] == (2, "note")


def test_rejects_of_an_expired_upload_are_refused_before_the_first_byte():
    batch = previewed([fact(topics="defense")])
    batch.upload.delete()
    batch.refresh_from_db()
    for ask in (lambda: exporting.rejects(batch, "facts"), lambda: exporting.filled(batch)):
        with pytest.raises(reading.Unreadable, match="no longer kept"):
            ask()


def test_rejects_of_a_sheet_that_is_not_there_are_refused():
    with pytest.raises(LookupError):
        exporting.rejects(previewed([fact()]), "sources")


# --- the file with its references -----------------------------------------------------------
def test_filled_file_has_the_references_and_changes_nothing():
    FactFactory(ref="acsa-ij-007", subject=Entity.objects.get(slug="acsa-ij"))
    batch = imported(
        [
            fact("", statement="First.") | cited(),
            cited("daily/2", MEETING),
            fact("acsa-ij-100", statement="Second."),
            fact("", statement="+3 is the third.") | {"mine": "kept"},
        ],
        mapping={"facts": {"mine": ""}},
    )
    filled = rows_of(b"".join(exporting.filled(batch)))
    assert [row["ref"] for row in filled] == ["acsa-ij-101", "acsa-ij-101", "acsa-ij-100", "acsa-ij-102"]
    assert (filled[3]["statement"], filled[3]["mine"]) == ("'+3 is the third.", "kept")
    again = previewed(filled, mapping={"facts": {"mine": ""}})
    assert again.counts == {"facts": {"same": 3}}


def test_filled_file_gets_a_column_for_the_references_where_it_had_none():
    batch = imported([{"subject": "acsa-ij", "statement": "First."}, {"subject": "acsa-ij", "statement": "Second."}])
    assert [row["ref"] for row in rows_of(b"".join(exporting.filled(batch)))] == ["acsa-ij-001", "acsa-ij-002"]


def test_filled_workbook_is_a_workbook():
    batch = imported(
        {
            "facts": [fact("", statement="First.")],
            "entities": [{"slug": "kenya", "name": "Kenya", "kind": "country"}],
        }
    )
    book = book_of(b"".join(exporting.filled(batch)))
    assert list(book) == ["entities", "facts"]
    assert book["facts"][1][0] == "acsa-ij-001"


def test_filled_questions_name_their_parts():
    FactFactory(ref="f-1", statement="They signed it in Delhi.")
    FactFactory(ref="f-2", statement="They met in Tokyo.")
    batch = imported(
        [
            {"ref": "", "stem": "Consider:", "fact": "f-1", "part": ""},
            {"fact": "f-2"},
            {"ref": "Q-0100", "stem": "And these:", "fact": "f-2"},
        ],
        "questions",
    )
    filled = rows_of(b"".join(exporting.filled(batch)))
    minted = row_of(batch, filled[0]["ref"]).after["ref"]
    assert [(row["ref"], row["part"]) for row in filled] == [
        (minted, f"{minted}/a"), (minted, f"{minted}/b"), ("Q-0100", "Q-0100/a"),
    ]  # fmt: skip
    assert previewed(filled, "questions").counts == {"questions": {"same": 2}}


def test_streamed_workbook_is_a_sound_archive():
    data = bytes_of(Fact, file_format="xlsx")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert "[Content_Types].xml" in archive.namelist()
