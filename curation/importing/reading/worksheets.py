"""The rows of one sheet of a workbook."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

from django.utils.translation import gettext as _
from openpyxl.utils import column_index_from_string

from .archives import CHUNK, damaged
from .framing import Record, letters, shortened
from .markup import DEPTH, fed, local, new_parser
from .numbers import Amiss, Numbers, iso_text
from .strings import Strings, unescaped
from .tables import Limits, Problem, Unreadable

ROWS, COLUMNS = 1_048_576, 16_384  # of a sheet in Excel
MERGES = 10_000
NAMED = 3  # merges that a row's problems name

_HIDDEN = re.compile(rb"<(?:[\w.-]+:)?row\s[^<>]*\bhidden=[\"'](?:1|true)[\"']")
_MERGE = re.compile(
    rb"<(?:[\w.-]+:)?mergeCell\s[^<>]*\bref=[\"']([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})[\"']"
)
_ROOT = re.compile(rb"<([\w.-]+:)?worksheet[\s>]")


@dataclass(frozen=True, order=True)
class Merge:
    """Cells shown as one, of which all but the first hold nothing."""

    first: int  # rows
    last: int
    column: int  # the first, from 0
    name: str  # A2:B3


@dataclass
class Overview:
    """What must be known of a sheet before its first row is read, though it may stand behind the last."""

    name: str
    rows: int = 0  # about
    hidden: int = 0
    merges: list[Merge] = field(default_factory=list)


def look_over(source: IO[bytes], name: str) -> Overview:
    """One pass over the bytes, some ten times as fast as parsing them. What it overlooks in odd XML is not lost:
    the cells are read all the same.

    The dimension that the sheet claims is not looked at: it may be anything.
    """
    found = Overview(name)
    rest = b""
    row = b""
    while chunk := source.read(4 * CHUNK):
        block = rest + chunk
        if not row:
            root = _ROOT.search(block)
            row = b"<" + ((root and root[1]) or b"") + b"row"
        cut = block.rfind(b"<")  # a tag may go on in the next chunk
        block, rest = (block[:cut], block[cut:]) if cut >= 0 else (b"", block)
        if len(rest) > 32 * CHUNK:
            raise damaged()
        _note(block, row, found)
    _note(rest, row, found)
    found.merges.sort()
    return found


def _note(block: bytes, row: bytes, found: Overview) -> None:
    found.rows += block.count(row)
    if b"hidden" in block:
        found.hidden += len(_HIDDEN.findall(block))
    if b"mergeCell " in block:
        for first_column, first, last_column, last in _MERGE.findall(block):
            name = f"{first_column.decode()}{first.decode()}:{last_column.decode()}{last.decode()}"
            found.merges.append(Merge(int(first), int(last), column_index_from_string(first_column.decode()) - 1, name))
    if len(found.merges) > MERGES:
        raise Unreadable(
            _("The sheet “%(name)s” has more than %(most)d merged cells. Unmerge them all.")
            % {"name": shortened(found.name), "most": MERGES}
        )


class Worksheet:
    """Turns the XML of a sheet into records, holding those of one chunk at most."""

    def __init__(self, overview: Overview, strings: Strings, numbers: Numbers, limits: Limits):
        self.merges, self.strings, self.numbers, self.limits = overview.merges, strings, numbers, limits
        self._done: list[Record] = []
        self._columns: dict[str, int] = {}  # by their letters
        self._depth = 0
        self._row = 0
        self._column = -1
        self._cells: list[str] | None = None  # of the row that is being read
        self._problems: list[Problem] = []
        self._cell: dict[str, str] | None = None  # the attributes of the cell that is being read
        self._into = ""  # the element whose text is wanted: v, t, f
        self._texts: dict[str, str] = {}
        self._silent = 0  # the depth of a reading aid, whose text is not wanted

    def records(self, source: IO[bytes]) -> Iterator[Record]:
        parser = new_parser()
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._text
        waiting = iter(self.merges)
        following = next(waiting, None)
        active: list[Merge] = []
        for _piece in fed(parser, source):
            if not self.merges:
                yield from self._done
            else:
                for record in self._done:
                    while following and following.first <= record[0]:
                        active.append(following)
                        following = next(waiting, None)
                    active = [merge for merge in active if merge.last >= record[0]]
                    record[2].extend(map(_of_merge, active[:NAMED]))
                    yield record
            self._done.clear()

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        name = tag if ":" not in tag else local(tag)
        if name == "c":
            self._begin_cell(attributes)
        elif name == "v" or name == "f" or name == "t":
            if self._cell is not None and not self._silent:
                self._into = name
                self._texts.setdefault(name, "")
        elif name == "row":
            self._begin_row(attributes)
        elif name == "rPh":
            self._silent = self._depth
        if self._depth > DEPTH:
            raise damaged()

    def _text(self, data: str) -> None:
        if self._into and len(held := self._texts[self._into]) <= self.limits.cell:
            self._texts[self._into] = held + data

    def _end(self, tag: str) -> None:
        self._into = ""
        name = tag if ":" not in tag else local(tag)
        if name == "c":
            self._end_cell()
        elif name == "row":
            self._end_row()
        elif self._silent == self._depth:
            self._silent = 0
        self._depth -= 1

    def _begin_row(self, attributes: dict[str, str]) -> None:
        number = attributes.get("r")
        row = self._row + 1 if number is None else int(number) if number.isdecimal() and len(number) < 8 else 0
        if not self._row < row <= ROWS or self._cells is not None:
            raise damaged()
        self._row, self._column = row, -1
        self._cells, self._problems = [], []

    def _end_row(self) -> None:
        if self._cells or self._problems:
            self._done.append((self._row, self._cells or [], self._problems))
        self._cells = None

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        if self._cells is None or self._cell is not None:
            raise damaged()
        place = attributes.get("r")
        column = self._column + 1 if place is None else self._column_of(place)
        if not self._column < column < COLUMNS:
            raise damaged()
        self._column = column
        self._cell = attributes
        self._texts = {}

    def _column_of(self, place: str) -> int:
        name = place.rstrip("0123456789")
        column = self._columns.get(name)
        if column is None:
            try:
                column = self._columns[name] = column_index_from_string(name) - 1
            except ValueError as error:
                raise damaged() from error
        return column

    def _end_cell(self) -> None:
        cell, texts = self._cell, self._texts
        self._cell = None
        if cell is None or self._cells is None or not texts:
            return
        column, cells = self._column, self._cells
        try:
            value = self._value(cell, texts)
        except Amiss as amiss:
            value = amiss.text
            self._problems.append(Problem(column, shortened(value), str(amiss)))
        if "f" in texts:
            message = _("This cell holds a formula. Paste its value in its place.")
            self._problems.append(Problem(column, shortened(f"={texts['f']}"), message))
        if not value:
            return
        if column >= self.limits.columns:
            self._refuse_beyond(column, value)
            return
        if len(cells) < column:
            cells += [""] * (column - len(cells))
        cells.append(value)

    def _refuse_beyond(self, column: int, value: str) -> None:
        message = _("Column %(letters)s is beyond the %(most)d columns that are read.")
        place = {"letters": letters(column), "most": self.limits.columns}
        if not self._problems or self._problems[-1].column != self.limits.columns:
            self._problems.append(Problem(self.limits.columns, shortened(value), message % place))

    def _value(self, cell: dict[str, str], texts: dict[str, str]) -> str:
        """The text of the cell, by its type (ECMA-376 part 1, 18.18.11). Raises Amiss."""
        kind = cell.get("t", "n")
        if kind == "inlineStr":
            return unescaped(texts.get("t", ""))
        value = texts.get("v", "")
        if not value:
            return ""
        if kind == "s":
            try:
                return self.strings.get(int(value))
            except (ValueError, IndexError) as error:
                raise damaged() from error
        if kind == "n":
            return self.numbers.text(value, cell.get("s"))
        if kind == "b":
            return "FALSE" if value == "0" else "TRUE"
        if kind == "d":
            return iso_text(value)
        if kind == "e":
            raise Amiss(
                _("This cell holds an error of the spreadsheet. Type the value in its place."), shortened(value)
            )
        return unescaped(value)


def _of_merge(merge: Merge) -> Problem:
    return Problem(merge.column, merge.name, _("These cells are merged. Unmerge them, and fill in each row."))
