"""XLSX, written as it is streamed: no temporary file, and one chunk of rows in memory.

openpyxl writes a tenth as many rows a second, to a file. All cells are texts (ECMA-376 part 1, 18.18.11: inlineStr)
in the number format “text”, so that a spreadsheet runs none as a formula, takes none for a date, and keeps what
people type below as they typed it.
"""

import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from xml.sax.saxutils import escape, quoteattr

from openpyxl.utils import get_column_letter

ROWS = 1_048_576  # of a sheet in Excel, header included
PIECE = 65_536  # bytes, about, of a piece

_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

_STYLES = (
    f'{_XML}<styleSheet xmlns="{_MAIN}">'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    "<borders><border><left/><right/><top/><bottom/><diagonal/></border></borders>"
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>"
)
_TEXT, _HEADER = 1, 2  # places in cellXfs

_SPECIAL = re.compile(r"[&<>\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|_(?=x)")

NamedLines = tuple[str, Sequence[str], Iterable[Sequence[Sequence[str]]]]  # name, header, chunks of lines


class Streamed:
    """One workbook on its way out."""

    def __init__(self) -> None:
        self._out = _Pieces()
        self._zip = zipfile.ZipFile(self._out, "w", zipfile.ZIP_DEFLATED, compresslevel=4)  # type: ignore[call-overload]

    def pieces(self, sheets: Iterable[NamedLines]) -> Iterator[bytes]:
        """The bytes of a workbook with these sheets, whose lines are asked for one chunk after another."""
        sheets = list(sheets)
        self._write_lists([name for name, _header, _lines in sheets])
        self._write("xl/styles.xml", _STYLES)
        for number, (_name, header, lines) in enumerate(sheets, start=1):
            yield from self._sheet(number, header, lines)
        self._zip.close()
        yield self._out.taken()

    def _sheet(self, number: int, header: Sequence[str], lines: Iterable[Sequence[Sequence[str]]]) -> Iterator[bytes]:
        letters = [get_column_letter(place) for place in range(1, len(header) + 1)]
        with self._zip.open(f"xl/worksheets/sheet{number}.xml", "w") as part:
            part.write(_sheet_start(len(header)).encode())
            part.write(_row(1, letters, header, _HEADER).encode())
            yield self._out.taken()
            numbers = count(2)
            for some in lines:
                rows = [_row(row, letters, line, _TEXT) for line, row in zip(some, numbers, strict=False)]
                part.write("".join(rows).encode())
                if len(self._out) >= PIECE:
                    yield self._out.taken()
            part.write(b"</sheetData></worksheet>")

    def _write(self, name: str, text: str) -> None:
        self._zip.writestr(name, text)

    def _write_lists(self, names: Sequence[str]) -> None:
        """The parts that say which others there are; some who sniff at files look for them at the beginning."""
        numbers = range(1, len(names) + 1)
        sheets = "".join(
            f'<sheet name={quoteattr(name)} sheetId="{number}" r:id="rId{number}"/>'
            for number, name in zip(numbers, names, strict=True)
        )
        parts = [("/xl/workbook.xml", "sheet.main"), ("/xl/styles.xml", "styles")]
        parts += [(f"/xl/worksheets/sheet{number}.xml", "worksheet") for number in numbers]
        overrides = "".join(
            f'<Override PartName="{name}" ContentType="{_SPREADSHEET}.{kind}+xml"/>' for name, kind in parts
        )
        self._write(
            "[Content_Types].xml",
            f'{_XML}<Types xmlns="{_TYPES}">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Default Extension="xml" ContentType="application/xml"/>{overrides}</Types>',
        )
        self._write(
            "xl/workbook.xml",
            f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{sheets}</sheets></workbook>',
        )
        targets = [("worksheet", f"worksheets/sheet{number}.xml") for number in numbers] + [("styles", "styles.xml")]
        self._write("xl/_rels/workbook.xml.rels", _relations(targets))
        self._write("_rels/.rels", _relations([("officeDocument", "xl/workbook.xml")]))


class _Pieces:
    """What the archive writes to, in order; it cannot be sought in."""

    def __init__(self) -> None:
        self._held: list[bytes] = []
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def write(self, data: bytes) -> int:
        self._held.append(bytes(data))
        self._size += len(data)
        return len(data)

    def flush(self) -> None:
        return None

    def taken(self) -> bytes:
        data = b"".join(self._held)
        self._held, self._size = [], 0
        return data


def _relations(targets: Iterable[tuple[str, str]]) -> str:
    relations = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, start=1)
    )
    return f'{_XML}<Relationships xmlns="{_RELATIONS}">{relations}</Relationships>'


def _sheet_start(width: int) -> str:
    """The header stays in sight; empty cells, too, are texts."""
    return (
        f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        f'<cols><col min="1" max="{width}" width="18" style="{_TEXT}" customWidth="1"/></cols><sheetData>'
    )


def _row(number: int, letters: Sequence[str], line: Sequence[str], style: int) -> str:
    cells = [
        f'<c r="{letter}{number}" s="{style}" t="inlineStr"><is><t xml:space="preserve">'
        f"{_SPECIAL.sub(_encoded, text) if _SPECIAL.search(text) else text}</t></is></c>"
        for letter, text in zip(letters, line, strict=True)
        if text
    ]
    return f'<row r="{number}">{"".join(cells)}</row>'


def _encoded(found: re.Match[str]) -> str:
    """For XML; what XML cannot hold as ECMA-376 part 1, 22.9.2.19, has it, and so what looks like that."""
    return escape(found[0]) if found[0] in "&<>" else f"_x{ord(found[0]):04X}_"
