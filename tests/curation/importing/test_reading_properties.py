"""Any table of text is read back as it was written, up to outer white space and the form of line ends."""

import csv
import io

import openpyxl
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from curation.importing.reading import Unreadable, open_table
from curation.importing.reading.framing import CONTROL
from tests.curation.importing.odd_workbooks import rows_of, workbook

few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
HEADERS = ["ref", "statement", "partners"]
plain = st.characters(exclude_categories=["Cs", "Cc"])
awkward = st.sampled_from(list(" \",;\t\n'|=-+@“é०\u00a0\ufeff"))
text = st.text(plain | awkward, max_size=20)
tables = st.lists(st.lists(text, min_size=3, max_size=3), max_size=8)


ASCII_OR_ESCAPED = {chr(code) for code in (*range(0x80), *range(0xDC80, 0xDD00))}


def expected(rows):
    """What reading gives: empty rows are left out, and numbered all the same."""
    tidy = [[cell.strip() for cell in row] for row in rows]
    return [(number, row) for number, row in enumerate(tidy, 2) if any(row)]


def read(data, name):
    [sheet] = open_table(io.BytesIO(data), name).sheets()
    lines = list(sheet.lines)
    assert [line.problems for line in lines] == [[]] * len(lines)
    return sheet.headers, [(line.number, line.cells) for line in lines]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@few
@given(
    rows=tables,
    delimiter=st.sampled_from(",;\t"),
    newline=st.sampled_from(["\n", "\r\n", "\r"]),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
def test_what_the_csv_module_writes_is_read_back(encoding, rows, delimiter, newline, quoting):
    written = io.StringIO()
    writer = csv.writer(written, delimiter=delimiter, lineterminator=newline, quoting=quoting)
    # The csv module of Python 3.11 leaves a line end unquoted that is not its own.
    writer.writerows([HEADERS, *([cell.replace("\n", newline) for cell in row] for row in rows)])
    data = written.getvalue().encode(encoding, "replace")
    if encoding == "cp1252":
        # “Â” and a no-break space are, in Windows-1252, the two bytes of a no-break space in UTF-8.
        assume(all(character in ASCII_OR_ESCAPED for character in data.decode("utf-8", "surrogateescape")))
        rows = [[cell.encode(encoding, "replace").decode(encoding) for cell in row] for row in rows]
    assert read(data, "facts.csv") == (HEADERS, expected(rows))


@few
@given(rows=tables)
def test_what_openpyxl_writes_is_read_back(rows):
    made = openpyxl.Workbook()
    sheet = made.active
    for number, row in enumerate([HEADERS, *rows], 1):
        for column, value in enumerate(row, 1):
            assume(not ILLEGAL_CHARACTERS_RE.search(value))
            cell = sheet.cell(number, column)
            cell.value, cell.data_type = value, "s"
    file = io.BytesIO()
    made.save(file)
    assert read(file.getvalue(), "facts.xlsx") == (HEADERS, expected(rows))


@few
@given(data=st.binary(max_size=300), name=st.sampled_from(["a.csv", "a.xlsx", "a.tsv", "a"]))
def test_any_bytes_are_read_or_refused_in_words(data, name):
    try:
        for sheet in open_table(io.BytesIO(data), name).sheets():
            for line in sheet.lines:
                assert not CONTROL.search("".join(line.cells))
                assert len(line.cells) == len(sheet.headers)
    except Unreadable:
        pass


WHOLE = workbook().getvalue()


@settings(max_examples=200, deadline=None)
@given(changes=st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_workbook_with_changed_bytes_is_read_or_refused_in_words(changes):
    data = bytearray(WHOLE)
    for place, value in changes:
        data[place] = value
    try:
        for sheet in open_table(io.BytesIO(bytes(data)), "facts.xlsx").sheets():
            list(sheet.lines)
    except Unreadable:
        pass


PIECES = """<row> </row> <c> </c> <c\tr="B1"\tt="s"> <v> </v> 0 1e9 <is><t> </t></is> <f/> <rPh> </rPh> \
<c\tt="d"><v>2020</v></c> <c\tt="b"><v>1</v></c> <mergeCell\tref="A1:B2"/>"""


@settings(max_examples=200, deadline=None)
@given(inner=st.lists(st.sampled_from(PIECES.split(" ")), max_size=12))
def test_any_order_of_elements_is_read_or_refused_in_words(inner):
    data = workbook(sheet1=rows_of("".join(inner)))
    try:
        for sheet in open_table(data, "facts.xlsx").sheets():
            list(sheet.lines)
    except Unreadable:
        pass
