import io

import pytest

from curation.importing.reading import Limits, Line, Problem, Unreadable, open_table
from curation.importing.reading.delimited import delimiter_of


def table(data, name="facts.csv", encoding="utf-8", **limits):
    return open_table(io.BytesIO(data.encode(encoding) if isinstance(data, str) else data), name, Limits(**limits))


def sheet(data, *args, **options):
    [only] = table(data, *args, **options).sheets()
    return only


def lines(data, *args, **options):
    return list(sheet(data, *args, **options).lines)


def cells(data, *args, **options):
    return [line.cells for line in lines(data, *args, **options)]


def why(data, *args, **options):
    with pytest.raises(Unreadable) as refused:
        lines(data, *args, **options)
    return str(refused.value)


def test_a_file_is_one_sheet_of_numbered_lines():
    found = sheet("ref,statement\nacsa-1,signed\nacsa-2,in force\n")
    assert (found.name, found.headers, found.header_number) == ("", ["ref", "statement"], 1)
    assert list(found.lines) == [Line(2, ["acsa-1", "signed"], []), Line(3, ["acsa-2", "in force"], [])]


@pytest.mark.parametrize(
    ("encoding", "found", "bom", "word"),
    [
        ("utf-8", "utf-8", False, "UTF-8"),
        ("utf-8-sig", "utf-8-sig", True, "UTF-8 with byte order mark"),
        ("utf-16", "utf-16", True, "UTF-16"),
        ("utf-16-le", "utf-16-le", False, "UTF-16 without byte order mark"),
        ("utf-16-be", "utf-16-be", False, "UTF-16 without byte order mark"),
        ("cp1252", "cp1252", False, "Windows-1252"),
    ],
)
def test_the_encoding_is_found_and_said(encoding, found, bom, word):
    opened = table("ref,statement\na-1,“é – signed” by José\n", encoding=encoding)
    assert (opened.found.encoding, opened.found.bom, opened.found.words[0]) == (found, bom, word)
    [only] = opened.sheets()
    assert only.headers == ["ref", "statement"]
    assert [line.cells for line in only.lines] == [["a-1", "“é – signed” by José"]]


def test_utf_16_of_the_other_order_is_read():
    assert cells(b"\xfe\xff" + "ref\nतथ्य\n".encode("utf-16-be")) == [["तथ्य"]]


def test_the_encoding_is_decided_over_the_whole_file():
    plain = f"a,{'plain' * 100}\n" * 3_000
    assert table(f"ref,statement\n{plain}").found.encoding == "utf-8"
    assert table(f"ref,statement\n{plain}z,Caf\xe9\n", encoding="cp1252").found.encoding == "cp1252"


def test_a_character_across_two_chunks_is_read():
    row = "x" * 1023
    start = f"ref{' ' * 1020}\n" + f"{row}\n" * 1023
    assert len(start) == 1024 * 1024
    assert cells(f"{start[:-2]}é\n")[-1] == [f"{row[1:]}é"]


def test_damaged_utf_8_is_not_taken_for_windows_1252():
    data = "ref,statement\na-1,José and “signed”\n".encode() + b"a-2,Caf\xe9\n"
    assert table(data).found.words[:2] == ["UTF-8", "with damaged characters"]
    first, second = lines(data)
    assert first == Line(2, ["a-1", "José and “signed”"], [])
    assert second.cells == ["a-2", "Caf�"]
    [problem] = second.problems
    assert (problem.column, problem.value) == (1, "Caf�")
    assert "byte E9" in problem.message


def test_bytes_unknown_to_windows_1252_are_problems():
    [line] = lines(b"ref,statement\na-1,Caf\xe9 \x81\n")
    assert line.cells == ["a-1", "Café �"]
    assert "byte 81" in line.problems[0].message


def test_utf_16_cut_off_is_refused():
    assert "damaged or cut off" in why("ref\nabc\n".encode("utf-16")[:-1])


def test_utf_32_is_refused_by_name():
    assert "UTF-32" in why("ref\nabc\n".encode("utf-32"))


@pytest.mark.parametrize(
    ("delimiter", "kind", "word"),
    [(",", "csv", "parted by commas"), (";", "csv", "parted by semicolons"), ("\t", "tsv", "parted by tabs")],
)
def test_the_delimiter_is_found_and_said(delimiter, kind, word):
    data = delimiter.join(["ref", "partners", "statement"]) + "\n" + delimiter.join(["a-1", "japan | india", "x"])
    found = table(data).found
    assert (found.kind, found.delimiter, found.words[1]) == (kind, delimiter, word)
    assert cells(data) == [["a-1", "japan | india", "x"]]


@pytest.mark.parametrize(
    ("sample", "delimiter"),
    [
        ('ref,"a;b;c;d"\n1,2\n', ","),
        ("ref;name, or title\n1;abc\n2;def\n", ";"),
        ("ref;statement\n1;Japan, India, and others\n", ";"),
        ("ref,a;b,c\n1,2,3\n4\n", ","),
        ("ref\tstatement\n1\ta, b; c\n", "\t"),
        ('ref,size\n1,12" gun; old\n2,"x;y"\n', ","),
        ('"ref";"statement, long"\n"1";"a,b,c\nd,e"\n', ";"),
        ("ref\n1,2\n", ""),
        ("", ""),
        ("ref,note;\r1,2;3;4\r", ","),
    ],
)
def test_the_delimiter_is_what_header_and_records_agree_on(sample, delimiter):
    assert delimiter_of(sample, whole=True) == delimiter


def test_the_first_line_of_excel_names_the_delimiter():
    found = sheet('sep=;\nref;"a, b"\n1;2\n')
    assert (found.headers, found.header_number) == (["ref", "a, b"], 1)
    assert list(found.lines) == [Line(2, ["1", "2"], [])]


def test_a_file_of_one_column_is_read():
    assert table("ref\na\n").found.words[1] == "one column"
    [line] = lines("ref\na, b\n")
    assert (line.cells, line.problems[0][:2]) == (["a"], (1, "b"))


@pytest.mark.parametrize(
    ("newline", "word"),
    [("\n", "Unix line endings"), ("\r\n", "Windows line endings"), ("\r", "old Macintosh line endings")],
)
def test_line_endings_are_found_and_said(newline, word):
    data = newline.join(["ref,note", f'a,"two{newline}lines"', "b,one", ""])
    opened = table(data)
    assert (opened.found.newline, opened.found.words[2]) == (newline, word)
    assert lines(data) == [Line(2, ["a", "two\nlines"], []), Line(3, ["b", "one"], [])]


def test_rows_are_numbered_as_a_spreadsheet_does():
    data = '\n , \nref,note\n\na,"x\n\ny"\n,\nb,z\n'
    assert sheet(data).header_number == 3
    assert lines(data) == [Line(5, ["a", "x\n\ny"], []), Line(7, ["b", "z"], [])]


def test_cells_are_stripped_and_padded():
    assert cells("ref, statement ,note\n a ,\u00a0b\u00a0\n") == [["a", "b", ""]]


def test_text_is_not_normalised():
    assert cells("ref\nCafe\u0301 ﬁ\n") == [["Cafe\u0301 ﬁ"]]


def test_spaces_before_a_quotation_mark_do_not_hide_it():
    assert cells('ref,note\na, "b, c"\n') == [["a", "b, c"]]


def test_a_quotation_mark_inside_of_an_unquoted_cell_is_text():
    assert lines('ref,size\na,12" gun\n') == [Line(2, ["a", '12" gun'], [])]


def test_a_wrong_quotation_mark_is_a_problem_of_its_row():
    first, second = lines('ref,note\na,"b" c\nd,e\n')
    assert (first.number, first.cells, second) == (2, ["a", "b c"], Line(3, ["d", "e"], []))
    [problem] = first.problems
    assert (problem.column, problem.value) == (None, 'a,"b" c')
    assert "twice" in problem.message


def test_a_row_with_a_wrong_quotation_mark_is_shown_as_it_can_be():
    [line] = lines('ref,note\na\x00bcdefgh,"b" c\n', cell=5)
    assert line.cells == ["a␀bcd", "b c"]
    assert [problem[:2] for problem in line.problems] == [(None, 'a␀bcdefgh,"b" c'), (0, "a␀bcdefgh"), (0, "a␀bcd")]


def test_an_unclosed_quotation_mark_names_its_row():
    assert "Row 3: a quotation mark" in why('ref,note\na,b\nc,"d\ne,f\n')
    assert '“c,"d”' in why('ref,note\na,b\nc,"d\ne,f\n')
    assert "Row 3: a quotation mark" in why('ref,note\na,b\nc,"d\ne,"f"\n')
    assert "Row 2: a cell has more than 131072 characters" in why('ref,note\nc,"d\n' + f"{'e' * 100},f\n" * 2_000)


def test_more_cells_than_headers_are_a_problem():
    [line] = lines("ref,note\na,b,,c,d\n")
    assert line.cells == ["a", "b"]
    [problem] = line.problems
    assert (problem.column, problem.value) == (3, "c")
    assert "Column D has no header" in problem.message


def test_empty_cells_beyond_the_headers_are_nothing():
    assert lines("ref,note,,\na,b,,,,\n") == [Line(2, ["a", "b"], [])]


def test_an_empty_header_over_cells_is_refused():
    assert "Column B has no header, but row 3 holds “x”" in why("ref,,note\na,,b\nc,x,d\n")
    assert cells("ref,,note\na,,b\n") == [["a", "", "b"]]


def test_duplicate_headers_are_refused_with_both_columns():
    message = why("ref,Note,date,nOTE\n")
    assert "row 1" in message
    assert "Columns B and D are both called “nOTE”" in message


@pytest.mark.parametrize("data", ["\n\n \n", ",,\n,\n", "\ufeff", '""\n'])
def test_a_file_without_text_is_refused(data):
    assert "holds no text" in why(data)


def test_an_empty_file_is_refused():
    assert "empty" in why("")


def test_a_header_far_below_is_not_waited_for():
    assert "The file begins with empty rows" in why("\n" * 5000 + "ref\n")


def test_a_header_with_a_control_character_is_refused():
    assert "column B" in why("ref,no\x01te\n")


def test_a_header_far_too_wide_is_refused():
    assert "201 columns; at most 200" in why(",".join(f"c{number}" for number in range(201)))


@pytest.mark.parametrize(
    ("character", "sign"),
    [("\x00", "␀"), ("\x07", "␇"), ("\x1a", "␚"), ("\x7f", "␡"), ("\x85", "�"), ("\x9f", "�"), ("\x0b", "␋")],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_control_characters_are_problems_and_shown(character, sign, encoding):
    [line] = lines(f"ref,note\na,{character}b{character}\n", encoding=encoding)
    assert line.cells == ["a", f"{sign}b{sign}"]
    [problem] = line.problems
    assert problem[:2] == (1, f"{sign}b{sign}")
    assert f"U+{ord(character):04X}" in problem.message


def test_unpaired_surrogates_are_problems_and_shown():
    [line] = lines("ref,note\na,x".encode("utf-16") + b"\x00\xd8" + "\n".encode("utf-16-le"))
    assert line.cells == ["a", "x�"]
    assert "U+D800" in line.problems[0].message


def test_a_tab_inside_of_a_cell_is_text():
    assert lines('ref,note\na,"b\tc"\n') == [Line(2, ["a", "b\tc"], [])]


def test_a_cell_that_is_too_long_is_a_problem_and_cut_off():
    [line] = lines('ref,note\nabcdef,"x\ny"\n', cell=5)
    assert line == Line(2, ["abcde", "x\ny"], [Problem(0, "abcdef", line.problems[0].message)])
    assert "Longer than 5 characters" in line.problems[0].message


def test_more_rows_than_allowed_are_refused():
    assert len(lines("ref\na\n\nb\n", rows=2)) == 2
    assert "more than 2 rows" in why("ref\na\n\nb\nc\n", rows=2)


def test_more_empty_rows_than_a_spreadsheet_has_are_refused(monkeypatch):
    monkeypatch.setattr("curation.importing.reading.framing.ROWS", 1000)
    assert cells("ref\n" + "\n" * 999 + "a\n") == [["a"]]
    assert "million empty rows" in why("ref\n" + "\n" * 1000)


def test_more_cells_than_a_spreadsheet_has_are_refused():
    assert cells("ref\na" + "," * 16_383) == [["a"]]
    assert "Row 2 has 16385 cells" in why("ref\na" + "," * 16_384)


def test_a_line_without_end_is_refused():
    assert "Line 2 of the file is longer" in why(b"ref\n" + b"x," * 3_000_000)


def test_a_record_without_end_is_refused():
    assert "Row 2: a quotation mark" in why(b"ref\n" + b'"\n",' * 1_500_000)


def test_rows_are_counted_for_the_progress():
    assert table("ref\na\nb").row_count == 2
    assert table("ref\na\nb\n").row_count == 2
    assert table("ref").row_count == 0
    assert table("ref\r\n" + "a\r\n" * 400_000).row_count == 400_000


def test_sheets_can_be_asked_again_and_the_file_stays_open():
    file = io.BytesIO(b"ref\na\n")
    opened = open_table(file, "facts.csv")
    for _time in range(2):
        [only] = opened.sheets()
        assert [line.cells for line in only.lines] == [["a"]]
    next(iter(opened.sheets()))
    opened.close()
    del opened, only
    assert not file.closed
