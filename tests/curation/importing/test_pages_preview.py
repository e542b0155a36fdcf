"""The preview of a batch: what it would do, row by row, and who may have it done."""

import re

import pytest

from tests.curation.importing.making import batch, changed, fact, new, rejected, rows
from tests.curation.importing.pages import member, page, text
from tests.factories import FactFactory

pytestmark = pytest.mark.django_db


# --- preview --------------------------------------------------------------------------------
def test_preview_says_first_what_students_would_lose(asha):
    loss = {"kind": "relations.fact", "name": "facts", "leaving": [["acsa-ij-001", "They signed it."]], "returning": []}
    preview = batch(losses=[loss])
    rows(preview, changed())
    said = text(page(asha, preview))
    assert "Students would lose: facts (1) acsa-ij-001: They signed it." in said
    assert said.index("Students would lose") < said.index("How many rows") < said.index("Row 2")
    assert "Apply 1 changed row, and take 1 fact from students" in said


def test_preview_lists_at_most_fifty_losses(asha):
    leaving = [[f"fact-{number:03d}", "Words."] for number in range(60)]
    preview = batch(losses=[{"kind": "relations.fact", "name": "facts", "leaving": leaving}])
    rows(preview, changed())
    said = text(page(asha, preview))
    assert (said.count("Words."), "and 10 more" in said) == (50, True)
    assert "and take 60 facts from students" in said


def test_preview_without_losses_says_so(asha):
    assert "Students would lose nothing: all that they see today stays." in text(page(asha, batch()))


def test_preview_shows_errors_first(asha):
    preview = batch()
    rows(preview, new(key="a-001"), changed(key="a-002"), rejected(key="a-003"), {"kind": "same", "key": "a-004"})
    shown = page(asha, preview)
    assert [record.row.key for record in shown.context["rows"].records] == ["a-003"]
    said = text(shown)
    assert "Row 4 a-003 rejected topics : defense No topic has this key; “defence” is near." in said
    assert "Apply 1 new and 1 changed rows" in said
    assert "Download rejected rows: facts (1)" in said


def test_preview_counts_lead_to_their_rows(asha):
    preview = batch()
    rows(preview, new(key="a-001"), rejected(key="a-002"), new(key="a-003"))
    (line,) = page(asha, preview).context["rows"].table
    assert [(cell["label"], cell["count"], cell["url"]) for cell in line["cells"]] == [
        ("new", "2", "?show=new#rows"),
        ("changed", "0", ""),
        ("same", "0", ""),
        ("rejected", "1", "?show=rejected#rows"),
    ]
    shown = page(asha, preview, show="new")
    assert [record.row.key for record in shown.context["rows"].records] == ["a-001", "a-003"]


def test_preview_of_a_workbook_counts_each_sheet(asha):
    preview = batch(target="workbook")
    rows(preview, new(sheet="facts", key="a-001"), new(sheet="entities", key="acsa-ij", after={"slug": "acsa-ij"}))
    shown = page(asha, preview)
    assert [line["sheet"] for line in shown.context["rows"].table] == ["entities", "facts"]
    shown = page(asha, preview, show="new", sheet="facts")
    assert [record.row.key for record in shown.context["rows"].records] == ["a-001"]


def test_changed_row_marks_the_words(asha):
    preview = batch()
    rows(preview, changed())
    html = page(asha, preview).content.decode()
    assert "They signed it in " in html
    assert "<del>Delhi.</del>" in html
    assert "<ins>Tokyo.</ins>" in html


def test_new_row_shows_what_is_unusual(asha):
    preview = batch()
    rows(preview, new())
    (record,) = page(asha, preview).context["rows"].records
    assert [name for name, _lines in record.values] == ["subject", "statement", "date", "partners"]


def test_row_shows_its_notes(asha):
    preview = batch()
    note = {"message": "Possible duplicate of acsa-ij-002", "url": "/facts/acsa-ij-002/"}
    rows(preview, new(notes=[note, {"message": "Made because row 7 names it.", "url": ""}]))
    html = page(asha, preview).content.decode()
    assert '<a href="/facts/acsa-ij-002/">Possible duplicate of acsa-ij-002</a>' in html
    assert "<li>Made because row 7 names it.</li>" in html


def test_row_is_found_by_any_line_of_its_record(asha):
    preview = batch()
    rows(preview, rejected(), new(number=10, last_number=12, key="a-010"), new(number=13, last_number=13, key="a-013"))
    shown = page(asha, preview, row="11")
    assert [record.where for record in shown.context["rows"].records] == ["Rows 10–12"]
    assert "No record of the file stands on this row." in text(page(asha, preview, row="99"))
    assert "Write the number of a row, such as 12." in text(page(asha, preview, row="twelve"))


def test_preview_is_paged(asha):
    preview = batch()
    rows(preview, *(new(key=f"a-{number:03d}") for number in range(120)))
    shown = page(asha, preview, page="3")
    assert len(shown.context["rows"].records) == 20
    html = shown.content.decode()
    assert 'href="?show=new&amp;page=2#rows"' in html
    assert '<span class="this-page" aria-current="page">3</span>' in html


def test_row_leads_to_its_record_where_that_is_there(asha):
    there = FactFactory(ref="a-001")
    preview = batch()
    rows(preview, changed(key="a-001"), changed(key="a-002"))
    html = page(asha, preview).content.decode()
    assert f'<a href="/admin/relations/fact/{there.pk}/change/">a-001</a>' in html
    assert ">a-002</a>" not in html


@pytest.mark.parametrize("count", [1, 3])
def test_preview_asks_the_database_as_often_for_many_rows(asha, django_assert_num_queries, count):
    preview = batch()
    rows(preview, *(changed(key=f"a-{number:03d}") for number in range(count)))
    page(asha, preview)
    with django_assert_num_queries(7):
        page(asha, preview)


def test_preview_that_would_do_nothing_has_no_button(asha):
    preview = batch()
    rows(preview, {"kind": "same", "key": "a-001"})
    shown = page(asha, preview)
    assert "There is nothing to apply: all of it is there already." in text(shown)
    assert "/confirm/" not in shown.content.decode()


def test_preview_of_a_file_without_rows_says_so(asha):
    said = text(page(asha, batch()))
    assert "There is nothing to apply: no row stands below the headers." in said
    assert "How many rows" not in said


def test_preview_says_who_may_apply_it():
    preview = batch()
    rows(preview, new())
    shown = page(member("curation.view_batch", "relations.import_fact"), preview)
    assert re.search(r"You may not apply it\. .*publisher", text(shown))
    assert "/confirm/" not in shown.content.decode()


def test_preview_says_what_was_found_in_the_file(asha):
    sheet = {
        "name": "facts", "title": "", "headers": ["ref", "Statement", "evidence", "mine"],
        "columns": ["ref", "statement", None, None], "ignored": ["evidence"], "left_out": ["mine"], "unknown": [],
        "doubled": [], "notes": ["The column “evidence” is computed by the site: it is accepted and ignored."],
    }  # fmt: skip
    found = {"words": ["UTF-8", "parted by commas"], "left_out": ["Sheet2"], "sheets": [sheet]}
    assert page(asha, batch(found=found)).context["found"] == [
        "UTF-8, parted by commas",
        "The sheet “Sheet2” is left out.",
        "“Statement” is read as statement.",
        "The column “evidence” is computed by the site: it is accepted and ignored.",
    ]


def test_undo_of_one_record_says_so(asha):
    undo = batch(kind="undo", undoes=batch("applied"))
    rows(undo, {"kind": "removed", "key": "a-001", "before": fact()})
    assert "Remove 1 record " in text(page(asha, undo))


def test_preview_without_rows_that_had_changed_names_them(asha):
    preview = batch(found={"words": ["UTF-8"], "sheets": [{"name": "facts"}]}, without=[["facts", 7], ["facts", 9]])
    assert page(asha, preview).context["found"] == ["UTF-8", "Rows 7, 9 are left out: they had changed."]


def test_undo_says_what_it_removes_restores_and_keeps(asha):
    undo = batch(kind="undo", undoes=batch("applied"))
    kept = {"kind": "kept", "key": "a-003", "problems": [{"row": 4, "message": "Bob has edited it since."}]}
    rows(undo, {"kind": "removed", "key": "a-001", "before": fact()}, changed(key="a-002"), kept)
    said = text(page(asha, undo))
    assert "1 rows are kept" not in said
    assert "1 row is kept as it is, for the reason below. The rest may be undone." in said
    assert "Row 4 a-003 kept Bob has edited it since." in said
    assert "Remove 1 and restore 1 records" in said
