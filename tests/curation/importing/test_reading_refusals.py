"""Files made to harm or to deceive, and files of other kinds."""

import gc
import io
import struct
import tracemalloc
import zipfile

import openpyxl
import pytest

from curation.importing.reading import LIMITS, Limits, Unreadable, open_table
from tests.curation.importing.odd_workbooks import MAIN, PARTS, RELATIONS, rows_of, workbook, zipped

MIB = 1024 * 1024


def read(file, name="facts.xlsx", limits=LIMITS):
    with open_table(file, name, limits) as table:
        return [(sheet.name, sheet.headers, list(sheet.lines)) for sheet in table.sheets()]


def why(file, name="facts.xlsx", limits=LIMITS):
    with pytest.raises(Unreadable) as refused:
        read(file if hasattr(file, "read") else io.BytesIO(file), name, limits)
    return str(refused.value)


def test_the_small_workbook_of_these_tests_is_read():
    assert read(workbook()) == [("facts", ["ref"], [])]


class Huge(io.RawIOBase):
    """A file of any size, of which nothing may be read."""

    def __init__(self, size):
        self.size = size

    def seek(self, offset, whence=0):
        assert (offset, whence) == (0, 2)
        return self.size


def test_a_file_of_a_gigabyte_is_refused_unread():
    assert why(Huge(10**9)) == "The file has 954 MiB; at most 200 MiB are read. Import it in several files."


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old kind (.xls), or one with a password"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"\xff\xd8\xff\xe0", "a picture"),
        (b"{\\rtf1", "RTF"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"SQLite format 3\0", "a database"),
        (b"\xef\xbb\xbf\n <!DOCTYPE html><table>", "a web page"),
        (b"<html><body>", "a web page"),
        (b'<?xml version="1.0"?><Workbook/>', "an XML document"),
    ],
)
@pytest.mark.parametrize("name", ["facts.xlsx", "facts.csv", "facts"])
def test_other_kinds_of_file_are_named(data, kind, name):
    message = why(data, name)
    assert kind in message
    assert name in message
    assert "Save it as XLSX, CSV or TSV." in message


def test_other_kinds_of_archive_are_named():
    ods = zipped({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<a/>"})
    assert "OpenDocument" in why(ods, "facts.ods")
    assert "Word document" in why(zipped({"[Content_Types].xml": "<a/>", "word/document.xml": "<a/>"}), "facts.docx")
    assert ".xlsb" in why(zipped({"[Content_Types].xml": "<a/>", "xl/workbook.bin": b"\0"}), "facts.xlsb")
    assert "a ZIP archive" in why(zipped({"facts.csv": "ref\n"}), "facts.zip")
    assert "a ZIP archive" in why(zipped({}), "facts.xlsx")


def test_a_workbook_called_csv_is_refused():
    assert why(workbook(), "facts.csv").startswith("“facts.csv” is an Excel workbook, whatever its name says.")
    assert "“facts.xlsx”" in why(workbook(), "facts.csv")


def test_text_called_a_workbook_is_refused():
    assert why(b"ref,note\n", "facts.xlsx").startswith("“facts.xlsx” is not a workbook: it holds text.")
    assert why(b"ref\tnote\n", "facts.xls").startswith("“facts.xls” is not a workbook: it holds text.")


def test_text_of_another_kind_is_refused_by_its_name():
    assert "files named .json are not read" in why(b'{"a": 1}', "facts.json")


def test_only_the_last_part_of_a_path_is_shown():
    assert "“x.json”" in why(b"a", "C:\\secret\\x.json")


def test_bytes_that_are_no_text_are_refused():
    assert "neither text nor a workbook" in why(bytes(range(256)) * 50, "facts.csv")


def test_a_zip_bomb_is_refused_by_what_it_declares():
    bomb = zipped({**PARTS, "xl/media/bomb": bytes(3 * 1024 * 1024)})
    message = why(bomb, limits=Limits(inflated=2 * 1024 * 1024))
    assert message == "The workbook would inflate to 3 MiB; at most 2 MiB are read. Import several files."


def test_a_ratio_alone_refuses_nothing():
    repeated = '<row><c t="inlineStr"><is><t>the same</t></is></c></row>' * 40_000
    file = workbook(sheet1=rows_of(repeated))
    [(_name, _headers, lines)] = read(file)
    assert len(lines) == 39_999
    assert len(repeated) > 200 * len(file.getvalue())


def test_a_bomb_of_a_size_and_ratio_that_no_one_writes_is_refused():
    file = workbook()
    declare(file, "xl/styles.xml", 500 * 1024 * 1024)
    assert "made to deceive" in why(file)


def declare(file, part, size):
    """Have the archive say that the part inflates to `size` bytes."""
    data = bytearray(file.getvalue())
    for signature, place, name in ((b"PK\x03\x04", 22, 30), (b"PK\x01\x02", 24, 46)):
        start = 0
        while (start := data.find(signature, start)) >= 0:
            if data[start + name : start + name + len(part)] == part.encode():
                struct.pack_into("<I", data, start + place, size)
            start += 4
    file.seek(0)
    file.write(data)


def test_a_part_that_inflates_beyond_what_is_declared_is_refused():
    long = rows_of("<row/>" * 1_000_000)
    file = workbook(sheet1=long)
    declare(file, "xl/worksheets/sheet1.xml", 1000)
    assert "damaged" in why(file)


def test_a_list_of_very_many_parts_is_not_even_read():
    many = zipped({**PARTS, **{f"xl/part{number}": "" for number in range(2_500)}})
    assert "parts, more than any" in why(many)
    assert "damaged" in why(zipped({**PARTS, **{f"xl/part{number}": "" for number in range(6_000)}}))


def test_parts_that_lie_over_one_another_are_refused():
    file = workbook()
    data = bytearray(file.getvalue())
    first = data.find(b"PK\x01\x02")
    second = data.find(b"PK\x01\x02", first + 4)
    data[second + 42 : second + 46] = data[first + 42 : first + 46]
    assert "damaged" in why(bytes(data))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_parts_of_the_same_name_are_refused():
    file = workbook()
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("xl/styles.xml", "<styleSheet/>")
    assert "damaged" in why(file)


def test_a_locked_part_is_refused():
    file = workbook()
    data = bytearray(file.getvalue())
    data[data.find(b"PK\x01\x02") + 8] |= 1
    assert "password" in why(bytes(data))


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_of_packing_are_refused(compression):
    assert "damaged" in why(zipped(PARTS, compression=compression))


BILLION = '<!DOCTYPE x [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {after} "{f"&{before};" * 10}">' for before, after in zip("abcdefghi", "bcdefghij", strict=True)
) + "]>"  # fmt: skip


@pytest.mark.parametrize("part", [".rels", "workbook", "workbook.xml.rels", "styles", "sharedStrings", "sheet1"])
@pytest.mark.parametrize("declared", [BILLION, "<!DOCTYPE x>", '<!DOCTYPE x SYSTEM "file:///etc/passwd">'])
def test_a_document_type_is_refused_in_every_part_that_is_read(part, declared):
    [name] = [name for name in PARTS if name.rpartition("/")[2] in (f"{part}.xml", part)]
    assert "document type" in why(zipped({**PARTS, name: f'<?xml version="1.0"?>{declared}{PARTS[name]}'}))


@pytest.mark.parametrize("part", ["workbook", "styles", "sharedStrings", "sheet1"])
@pytest.mark.parametrize(
    "data",
    [
        "<a>" * 100 + "</a>" * 100,
        "<a>" + "".join(f"<b{number}/>" for number in range(20_000)) + "</a>",
        f'<a b="{"x" * 3_000_000}"/>',
        f"<a><!--{'x' * 3_000_000}--></a>",
        "<a>",
        "no markup",
        "<a>&b;</a>",
        "",
        '<?xml version="1.0" encoding="utf-16"?><a/>'.encode("utf-16"),
    ],
)
def test_odd_xml_is_refused_in_every_part_that_is_read(part, data):
    assert "damaged" in why(workbook(**{part: data}))


@pytest.mark.parametrize(
    "inner",
    [
        '<row r="0"/>',
        '<row r="x"/>',
        '<row r="1048577"/>',
        '<row r="99999999999999999999"/>',
        '<row r="2"/><row r="2"/>',
        "<row><row/></row>",
        "<c/>",
        "<row><c><c/></c></row>",
        '<row><c r="A1"/><c r="A1"/></row>',
        '<row><c r="XFE1"/></row>',
        '<row><c r="AAAA1"/></row>',
        '<row><c r="1"/></row>',
        '<row><c r="é1"/></row>',
        '<row><c t="s"><v>1</v></c></row>',
        '<row><c t="s"><v>-1</v></c></row>',
        '<row><c t="s"><v>x</v></c></row>',
        "<row>" + "<c/>" * 16_385 + "</row>",
    ],
)
def test_rows_and_cells_that_no_spreadsheet_writes_are_refused(inner):
    assert "damaged" in why(workbook(sheet1=rows_of(inner)))


def test_a_claimed_dimension_is_not_believed():
    cell = '<row r="{0}"><c r="A{0}" t="inlineStr"><is><t>x</t></is></c></row>'
    sheet = rows_of(cell.format(1) + cell.format(2), before='<dimension ref="A1:XFD1048576"/>')
    [(_name, headers, lines)] = read(workbook(sheet1=sheet))
    assert (headers, [line.number for line in lines]) == (["x"], [2])


def test_empty_rows_at_the_end_are_nothing():
    empty = "".join(f'<row r="{number}"><c r="A{number}" s="1"/></row>' for number in range(3, 50_000))
    cell = '<row r="{0}"><c r="A{0}" t="inlineStr"><is><t>x</t></is></c></row>'
    [(_name, _headers, lines)] = read(workbook(sheet1=rows_of(cell.format(1) + cell.format(2) + empty)))
    assert len(lines) == 1


def test_a_workbook_without_sheets_is_refused():
    assert "damaged" in why(workbook(workbook=f'<workbook xmlns="{MAIN}"/>'))


def test_more_sheets_than_allowed_are_refused():
    book = openpyxl.Workbook()
    for _number in range(3):
        book.create_sheet()
    file = io.BytesIO()
    book.save(file)
    assert "4 sheets; at most 3" in why(file, limits=Limits(sheets=3))


def test_one_part_under_two_names_is_refused():
    sheets = '<sheet name="{0}" sheetId="{0}" r:id="r1"/>'
    both = sheets.format(1) + sheets.format(2)
    parts = f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>{both}</sheets></workbook>'
    assert "damaged" in why(workbook(workbook=parts))


def test_a_header_far_below_is_not_waited_for():
    cell = '<row r="2000"><c t="str"><v>ref</v></c></row>'
    assert "“facts” begins with empty rows" in why(workbook(sheet1=rows_of(cell)))
    assert "“facts” begins with empty rows" in why(workbook(sheet1=rows_of('<row><c s="1"/></row>' * 100_000 + cell)))


def test_shared_texts_are_taken_no_further_than_they_are_needed():
    texts = "<si><t>ref</t></si>" + "<si><t>a text</t></si>" * 100_000
    table = open_table(workbook(sharedStrings=f"<sst>{texts}"), "facts.xlsx")  # it breaks off at its end
    assert [sheet.headers for sheet in table.sheets()] == [["ref"]]


def test_a_workbook_with_macros_is_told_what_to_become():
    assert "macros" in why(workbook(), "facts.xlsm")


@pytest.mark.parametrize("name", ["a\x00b\ud800.json", "x" * 500 + ".json"])
def test_what_is_shown_of_a_name_can_be_stored(name):
    message = why(b"a", name)
    assert message.encode()
    assert "\x00" not in message
    assert len(message) < 200


def peak(read, *arguments):
    """The most memory, in bytes, that Python held at a time beyond what it held before."""
    gc.collect()
    tracemalloc.start()
    try:
        read(*arguments)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_refusing_takes_no_memory_to_speak_of():
    row = "<row>" + "<c/>" * 200_000 + "</row>"
    nested = "<a>" * 200_000
    long = f'<worksheet a="{"x" * 8_000_000}"/>'
    assert peak(why, workbook(sheet1=rows_of(row))) < 2 * MIB
    assert peak(why, workbook(sheet1=nested)) < 2 * MIB
    assert peak(why, workbook(sheet1=long)) < 7 * MIB
    assert peak(why, workbook(sharedStrings=nested)) < 2 * MIB
    assert peak(why, b"ref\n" + b"a," * 8 * MIB, "facts.csv") < 4 * MIB
    assert peak(why, b'ref\na,"' + b"b,c\n" * 4 * MIB, "facts.csv") < 4 * MIB


def consumed(file, name):
    with open_table(file, name) as table:
        for sheet in table.sheets():
            for _line in sheet.lines:
                pass


def test_reading_text_takes_no_memory_for_rows_that_are_done():
    row = b"a," + b"words " * 1000 + b"\n"
    assert peak(consumed, io.BytesIO(b"ref,note\n" + row * 3_000), "facts.csv") < 4 * MIB < 1_000 * len(row)


def test_reading_a_workbook_takes_no_memory_for_rows_that_are_done():
    row = f'<row><c t="inlineStr"><is><t>{"words " * 1000}</t></is></c><c t="s"><v>0</v></c></row>'
    assert peak(consumed, workbook(sheet1=rows_of(row * 3_000)), "facts.xlsx") < 4 * MIB < 1_000 * len(row)
