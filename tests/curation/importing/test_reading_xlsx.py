import datetime
import io

import openpyxl
import pytest
from openpyxl.cell.cell import WriteOnlyCell

from curation.importing.reading import Limits, Line, Unreadable, open_table
from tests.curation.importing.odd_workbooks import MAIN, rows_of, workbook


def book(**sheets):
    """A workbook of rows of cells."""
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    return made


def saved(made):
    file = io.BytesIO()
    made.save(file)
    return file


def table(made, **limits):
    return open_table(saved(made) if isinstance(made, openpyxl.Workbook) else made, "facts.xlsx", Limits(**limits))


def lines(made, **limits):
    [only] = table(made, **limits).sheets()
    return list(only.lines)


def why(made, **limits):
    with pytest.raises(Unreadable) as refused:
        lines(made, **limits)
    return str(refused.value)


def test_a_workbook_is_read_sheet_by_sheet():
    opened = table(book(facts=[["ref", "note"], ["a", None], [None, "b"]], sources=[["slug"], ["s"]]))
    assert (opened.found.kind, opened.found.sheets, opened.found.words) == (
        "xlsx",
        ["facts", "sources"],
        ["Excel workbook"],
    )
    assert opened.row_count == 3
    read = [(sheet.name, sheet.headers, sheet.header_number, list(sheet.lines)) for sheet in opened.sheets()]
    assert read == [
        ("facts", ["ref", "note"], 1, [Line(2, ["a", ""], []), Line(3, ["", "b"], [])]),
        ("sources", ["slug"], 1, [Line(2, ["s"], [])]),
    ]


def test_only_the_named_sheets_are_looked_at():
    opened = table(book(notes=[["a", "a"]], facts=[["ref"], ["x"]]))
    assert [sheet.name for sheet in opened.sheets(["facts"])] == ["facts"]
    assert list(opened.sheets(["none"])) == []
    with pytest.raises(Unreadable, match=r"The sheet “notes”, row 1.*Columns A and B are both called “a”"):
        list(opened.sheets())


def test_sheets_can_be_asked_again_and_left_half_way():
    opened = table(book(facts=[["ref"], *([str(number)] for number in range(5000))], sources=[["slug"], ["s"]]))
    for _time in range(2):
        assert [(sheet.name, next(sheet.lines).number) for sheet in opened.sheets()] == [("facts", 2), ("sources", 2)]
    opened.close()


def test_empty_sheets_are_nothing_but_an_empty_workbook_is_refused():
    assert [sheet.name for sheet in table(book(facts=[["ref"]], Sheet2=[])).sheets()] == ["facts"]
    assert "workbook is empty" in why(book(facts=[]))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("text", "text"),
        ("  text \r\nmore\n", "text \nmore"),
        (5, "5"),
        (-5, "-5"),
        (5.0, "5"),
        (22.85, "22.85"),
        (1e21, "1e+21"),
        (123456789012345, "123456789012345"),
        (True, "TRUE"),
        (False, "FALSE"),
        ("तथ्य “é”", "तथ्य “é”"),
        ("007", "007"),
        (datetime.date(2020, 9, 9), "2020-09-09"),
        (datetime.datetime(2020, 9, 9), "2020-09-09"),  # noqa: DTZ001  # a spreadsheet's
        (datetime.date(1900, 1, 1), "1900-01-01"),
        (datetime.date(1900, 3, 1), "1900-03-01"),
    ],
)
def test_values_are_read_as_text(value, text):
    assert lines(book(facts=[["ref", "value"], ["a", value]])) == [Line(2, ["a", text], [])]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("22.850000000000001", "22.85"),
        ("0.30000000000000004", "0.30000000000000004"),
        ("5.0", "5"),
        ("1E3", "1000"),
        ("1.2345678901234567E+19", "1.2345678901234567e+19"),
        ("-0.5", "-0.5"),
    ],
)
def test_numbers_are_read_as_python_writes_them(number, text):
    rows = f'<row><c t="str"><v>n</v></c></row><row><c><v>{number}</v></c></row>'
    assert lines(workbook(sheet1=rows_of(rows))) == [Line(2, [text], [])]


@pytest.mark.parametrize("number", ["x", "nan", "inf", "-inf"])
def test_numbers_that_are_none_are_problems(number):
    rows = f'<row><c t="str"><v>n</v></c></row><row><c><v>{number}</v></c></row>'
    [line] = lines(workbook(sheet1=rows_of(rows)))
    assert (line.cells, line.problems[0][:2]) == ([number], (0, number))


def test_dates_of_the_other_calendar_are_read():
    made = book(facts=[["date"], [datetime.date(2020, 9, 9)]])
    made.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    assert lines(made) == [Line(2, ["2020-09-09"], [])]


def formatted(value, number_format):
    made = book(facts=[["date"], [value]])
    made["facts"]["A2"].number_format = number_format
    return lines(made)


@pytest.mark.parametrize(
    ("number_format", "text"),
    [
        ("d mmmm yyyy", "2024-08-01"),
        ("mm-dd-yy", "2024-08-01"),
        ('[$-409]d"th of "mmm\\ yy;@', "2024-08-01"),
        ("mmm-yy", "2024-08"),
        ("yyyy\\-mm", "2024-08"),
        ("[$-4009]mmmm\\ yyyy", "2024-08"),
        ("General", "45505"),
        ("0.00", "45505"),
        ('#,##0 "days"', "45505"),
        ("[Red]0", "45505"),
        ("@", "45505"),
    ],
)
def test_a_date_is_read_as_far_as_it_is_shown(number_format, text):
    assert formatted(45505, number_format) == [Line(2, [text], [])]


def test_a_year_shown_alone_is_read_alone():
    assert formatted(datetime.date(2024, 1, 1), "yyyy") == [Line(2, ["2024"], [])]


@pytest.mark.parametrize(
    ("value", "number_format", "word"),
    [
        (45505.5, "yyyy-mm-dd hh:mm", "time of day"),
        (0.5, "h:mm", "time of day"),
        (1.5, "[h]:mm", "time of day"),
        (45505, "d-mmm", "without its year"),
        (45506, "mmm-yy", "only a part"),
        (45506, "yyyy", "only a part"),
        (60, "yyyy-mm-dd", "no such date"),
        (-5, "yyyy-mm-dd", "no such date"),
        (1e300, "yyyy-mm-dd", "no such date"),
    ],
)
def test_a_date_that_is_none_or_not_wholly_shown_is_a_problem(value, number_format, word):
    [line] = formatted(value, number_format)
    [problem] = line.problems
    assert problem.column == 0
    assert word in problem.message


def test_a_formula_is_a_problem_that_shows_it():
    [line] = lines(book(facts=[["ref", "date"], ["a", "=TODAY()"]]))
    assert (line.number, line.cells) == (2, ["a", ""])
    [problem] = line.problems
    assert problem[:2] == (1, "=TODAY()")
    assert "formula" in problem.message


def test_a_formula_is_read_as_the_value_it_had():
    cell = '<row><c t="inlineStr"><is><t>n</t></is></c></row><row><c><f>1+1</f><v>2</v></c></row>'
    [line] = lines(workbook(sheet1=rows_of(cell)))
    assert line.cells == ["2"]
    assert line.problems[0].value == "=1+1"


def test_text_that_looks_like_a_formula_is_text():
    made = book(facts=[["ref"], ["x"]])
    made["facts"]["A2"].value = "=1+1"
    made["facts"]["A2"].data_type = "s"
    assert lines(made) == [Line(2, ["=1+1"], [])]


def test_an_error_is_a_problem():
    [line] = lines(book(facts=[["ref", "date"], ["a", "#REF!"]]))
    [problem] = line.problems
    assert problem[:2] == (1, "#REF!")
    assert "error" in problem.message


def test_merged_cells_are_problems_of_the_rows_they_touch():
    made = book(facts=[["ref", "note"], *([f"a{number}", "x"] for number in range(2, 8))])
    made["facts"].merge_cells("B3:B5")
    made["facts"].merge_cells("A7:B7")
    found = [(line.number, [problem[:2] for problem in line.problems]) for line in lines(made)]
    assert found == [
        (2, []),
        (3, [(1, "B3:B5")]),
        (4, [(1, "B3:B5")]),
        (5, [(1, "B3:B5")]),
        (6, []),
        (7, [(0, "A7:B7")]),
    ]


def test_merged_headers_are_refused():
    made = book(facts=[["Facts of 2024"], ["ref", "note"]])
    made["facts"].merge_cells("A1:B1")
    assert "row 1" in why(made)
    assert "merged" in why(made)


def test_hidden_sheets_and_rows_are_said():
    made = book(facts=[["ref"], ["a"], ["b"]], lists=[["a"]])
    made["lists"].sheet_state = "hidden"
    made["facts"].row_dimensions[2].hidden = True
    opened = table(made)
    assert opened.found.words == [
        "Excel workbook",
        "the sheet “facts” has 1 hidden row, which is read like the others",
        "the sheet “lists” is hidden",
    ]


def test_rows_are_numbered_as_in_the_workbook():
    made = book(facts=[])
    for place, value in {"A3": "ref", "C3": "note", "A5": "a", "C5": "x", "A9": "b"}.items():
        made["facts"][place] = value
    [sheet] = table(made).sheets()
    assert (sheet.headers, sheet.header_number) == (["ref", "", "note"], 3)
    assert list(sheet.lines) == [Line(5, ["a", "", "x"], []), Line(9, ["b", "", ""], [])]


def test_cells_beyond_the_headers_are_problems():
    [line] = lines(book(facts=[["ref"], ["a", None, "x"]]))
    assert (line.cells, line.problems[0][:2]) == (["a"], (2, "x"))


def test_cells_far_beyond_the_headers_are_problems():
    made = book(facts=[["ref"], ["a"]])
    made["facts"]["XFD2"] = "far"
    [line] = lines(made)
    assert line.cells == ["a"]
    assert (line.problems[0].value, "XFD" in line.problems[0].message) == ("far", True)


def test_headers_beyond_the_columns_that_are_read_are_refused():
    assert "beyond the 2 columns" in why(book(facts=[["a", "b", "c"]]), columns=2)


def test_too_long_cells_are_problems():
    [line] = lines(book(facts=[["ref"], ["x" * 100]]), cell=10)
    assert (line.cells, line.problems[0].column) == (["x" * 10], 0)


def test_more_rows_than_allowed_are_refused():
    assert "“facts” has more than 2 rows" in why(book(facts=[["ref"], ["a"], ["b"], ["c"]]), rows=2)


STRINGS = f"""<sst xmlns="{MAIN}"><si><t>ref</t></si><si><t xml:space="preserve"> a </t></si>
<si><r><t>two</t></r><r><rPr><b/></rPr><t xml:space="preserve"> runs</t></r><rPh sb="0" eb="1"><t>aid</t></rPh></si>
<si><t>a_x000D__x000A_b_x005F_x0041_c_x0000_</t></si><si/></sst>"""


def test_shared_texts_are_read_as_they_are_meant():
    rows = "".join(f'<row><c t="s"><v>{number}</v></c></row>' for number in range(5))
    first, second, third = lines(workbook(sharedStrings=STRINGS, sheet1=rows_of(rows)))
    assert (first.cells, second.cells) == (["a"], ["two runs"])
    assert third.cells == ["a\nb_x0041_c␀"]
    assert "U+0000" in third.problems[0].message


def test_inline_texts_are_read_as_they_are_meant():
    cell = '<row><c t="inlineStr"><is>{}</is></c></row>'
    rows = cell.format("<t>ref</t>") + cell.format("<r><t>two</t></r><r><t> runs</t></r><rPh><t>aid</t></rPh>")
    assert lines(workbook(sheet1=rows_of(rows)))[0].cells == ["two runs"]


def test_shared_texts_beyond_what_is_kept_in_memory_are_read(monkeypatch):
    monkeypatch.setattr("curation.importing.reading.strings.IN_MEMORY", 100)
    texts = "".join(f"<si><t>text {number} é</t></si>" for number in range(1000))
    rows = "".join(f'<row><c t="s"><v>{number}</v></c></row>' for number in range(1000))
    made = workbook(sharedStrings=f'<sst xmlns="{MAIN}">{texts}</sst>', sheet1=rows_of(rows))
    assert [line.cells for line in lines(made)] == [[f"text {number} é"] for number in range(1, 1000)]


def test_prefixed_and_strict_xml_is_read():
    cell = '<x:row r="{0}"><x:c r="A{0}" t="str"><x:v>{1}</x:v></x:c></x:row>'
    rows = cell.format(1, "ref") + cell.format(2, "5")
    sheet = f'<x:worksheet xmlns:x="http://purl.oclc.org/ooxml/spreadsheetml/main"><x:sheetData>{rows}</x:sheetData>'
    opened = table(workbook(sheet1=f"{sheet}</x:worksheet>"))
    assert opened.row_count == 1
    [only] = opened.sheets()
    assert list(only.lines) == [Line(2, ["5"], [])]


def test_iso_dates_of_strict_workbooks_are_read():
    rows = '<row><c t="str"><v>date</v></c></row><row><c t="d"><v>2020-09-09</v></c></row>'
    assert lines(workbook(sheet1=rows_of(rows))) == [Line(2, ["2020-09-09"], [])]


def test_write_only_workbooks_are_read():
    made = openpyxl.Workbook(write_only=True)
    sheet = made.create_sheet("facts")
    sheet.append([WriteOnlyCell(sheet, "ref")])
    sheet.append(["a"])
    assert lines(made) == [Line(2, ["a"], [])]
