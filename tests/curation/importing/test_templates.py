"""Templates: their headers, their examples, and what may stand in each column."""

import csv
import io

import pytest
from django.core.files.base import ContentFile
from openpyxl import load_workbook

from curation.importing import batches, exporting, uploads
from curation.importing.columns import CLEARED, KEEP
from curation.importing.escaping import EXAMPLE
from curation.importing.resources import of_model, sheets
from curation.models import Batch
from quizzes.models import Part
from relations.models import Citation, Entity, Fact, Source, Topic
from tests.curation.importing.importing import imported
from tests.factories import EntityFactory, FactFactory, PassageFactory

pytestmark = pytest.mark.django_db


def lines_of(sheet):
    data = exporting.template(sheet, "csv").decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(data, newline="")))


def test_template_has_headers_and_an_example_that_says_so():
    first, second = lines_of(of_model(Fact))
    assert {name: cell for name, cell in first.items() if cell} == {
        "ref": EXAMPLE, "subject": "un-charter", "modality": "fact", "date": "1945-06-26", "rank": "normal",
        "statement": "The Charter of the United Nations was signed in San Francisco.", "partners": "india | france",
        "topics": "international-institutions", "passage": "un-charter/10", "stance": "mentions",
        "anchor": "assembled in the city of San Francisco",
        "reading": "The representatives who signed had come together there.",
        "note": "India signed before it was independent; see the list of original members.",
    }  # fmt: skip
    assert {name: cell for name, cell in second.items() if cell} == {
        "ref": EXAMPLE, "passage": "un-charter/212", "anchor": "DONE at the city of San Francisco",
        "stance": "supports",
    }  # fmt: skip
    assert "status" not in first


@pytest.mark.parametrize("name", sheets())
def test_example_of_every_sheet_can_be_read_column_by_column(name):
    sheet = sheets()[name]
    columns = {column.name: column for column in sheet.columns.values() if not column.readonly}
    lines = lines_of(sheet)
    for number, line in enumerate(lines):
        assert list(line) == list(columns)
        assert line[sheet.key] == EXAMPLE
        for column, cell in line.items():
            if column != sheet.key:
                assert columns[column].read(cell) is not CLEARED
                is_here = number == 0 or columns[column].part
                assert not (is_here and columns[column].required and columns[column].read(cell) is KEEP)
    named = {name for line in sheet.resource.example for name in line}
    of_parts = {column.name for columns in sheet.resource.part_columns.values() for column in columns}
    assert named - sheet.resource.columns.keys() - of_parts == set()


def test_examples_of_all_sheets_together_are_imported_once_they_have_keys():
    for slug in ("india", "france"):
        EntityFactory(slug=slug, kind="country")
    keys = {
        "sources": "un-charter", "passages": "un-charter/10", "entities": "un-charter", "facts": "un-charter-001",
        "topics": "international-institutions", "questions": "Q-0001",
    }  # fmt: skip
    rows = {
        name: [{**line, sheets()[name].key: key} for line in lines_of(sheets()[name])] for name, key in keys.items()
    }
    imported({"sources": rows["sources"], "entities": rows["entities"]})
    PassageFactory(source=Source.objects.get(), ref="un-charter/212", number=212, words="")
    FactFactory(ref="un-charter-002", subject=Entity.objects.get(slug="un-charter"))
    batch = imported({name: rows[name] for name in ("passages", "topics", "facts", "questions")})
    assert batch.counts == {name: {"new": 1} for name in ("passages", "topics", "facts", "questions")}
    assert [citation.passage.ref for citation in Citation.objects.order_by("pk")] == ["un-charter/10", "un-charter/212"]
    assert [(part.fact_id, part.replacement) for part in Part.objects.order_by("position")] == [
        ("un-charter-001", "New York"), ("un-charter-002", ""),
    ]  # fmt: skip
    assert Topic.objects.get().name == "International institutions"


@pytest.mark.usefixtures("room")
def test_template_as_workbook_explains_each_column():
    data = exporting.template(of_model(Fact), "xlsx")
    book = load_workbook(io.BytesIO(data))
    assert book.sheetnames == ["facts", "allowed values"]
    explained = {row[0]: row[1:] for row in book["allowed values"].values}
    assert explained["subject"] == ("Subject", "yes", explained["subject"][2], "un-charter")
    assert explained["modality"][2] == "one of: fact, view, expectation"
    assert explained["topics"][2] == "some of these, parted by “ | ”: defence, trade"
    assert '"fact,view,expectation"' in [one.formula1 for one in book["facts"].data_validations.dataValidation]


@pytest.mark.parametrize("model", [Fact, Source, Entity, Topic])
@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_example_that_is_left_in_is_not_imported(model, file_format):
    data = exporting.template(of_model(model), file_format)
    upload = uploads.keep(ContentFile(data, name=f"rows.{file_format}"), by="priya")
    sheet = of_model(model).sheet
    batch = batches.start(upload, target=sheet, by="priya")
    assert (batch.state, batch.problem, batch.counts) == (Batch.State.PREVIEW, "", {})
    assert "Row 2 is the example of the template, and left out." in batch.found["sheets"][0]["notes"]
