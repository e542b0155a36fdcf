"""The rows of one sheet of a workbook."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

from django.utils.translation import gettext as _
from openpyxl.utils import column_index_from_string

from .archives import CHUNK, damaged
from .framing import SHOWN, Record, late, letters, shown
from .markup import DEPTH, fed, local, new_parser
from .numbers import Amiss, Numbers, iso_text
from .strings import Strings, unescaped
from .tables import COLUMNS, ROWS, Limits, Problem, Unreadable

MERGES = 10_000
NAMED = 3  # merges that a row's problems name
HEADER_CHUNKS = 16  # a mebibyte of XML: whoever waits for the header waits in a web request

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
    if found.rows > 2 * ROWS:  # as a mere count of tags it may be off, but not by so much
        raise damaged()
    if len(found.merges) > MERGES:
        raise Unreadable(
            _("The sheet “%(name)s” has more than %(most)d merged cells. Unmerge them all.")
            % {"name": shown(found.name), "most": MERGES}
        )


class Worksheet:
    """Turns the XML of a sheet into records, holding those of one chunk at most.

    Its handlers run for every tag of millions of cells: what they do not do is what makes it fast.
    """

    def __init__(self, overview: Overview, strings: Strings, numbers: Numbers, limits: Limits):
        self.overview, self.strings, self.numbers, self.limits = overview, strings, numbers, limits
        self._done: list[Record] = []
        self._columns: dict[str, int] = {}  # by their letters
        self._depth = 0  # of elements that are none of those named next
        self._tags("")
        self._row = 0
        self._cells: list[str] | None = None  # of the row that is being read
        self._problems: list[Problem] = []
        self._column = -1
        self._cell: dict[str, str] | None = None  # the attributes of the cell that is being read
        self._taking = ""  # the tag whose text is wanted
        self._value = self._formula = ""
        self._has_formula = False
        self._silent = 0  # the depth of a reading aid, whose text is not wanted

    def _tags(self, prefix: str) -> None:
        """The tags of the sheet, with the prefix that it has for all of them."""
        self._c, self._v, self._t = f"{prefix}c", f"{prefix}v", f"{prefix}t"
        self._f, self._r, self._aid = f"{prefix}f", f"{prefix}row", f"{prefix}rPh"

    def records(self, source: IO[bytes]) -> Iterator[Record]:
        parser = new_parser()
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._text
        merging = _Merging(self.overview.merges)
        begun = False
        for waited, _piece in enumerate(fed(parser, source)):
            for record in self._done:
                merging.note(record)
                yield record
            begun = begun or bool(self._done)
            self._done.clear()
            if not begun and waited > HEADER_CHUNKS:
                raise late(self.overview.name)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == self._c:
            self._begin_cell(attributes)
        elif self._cell is not None and (tag == self._v or tag == self._t or tag == self._f):
            if self._taking:
                raise damaged()
            if not self._silent:
                self._taking = tag
                self._has_formula = self._has_formula or tag == self._f
        elif tag == self._r:
            self._begin_row(attributes)
        else:
            if not self._depth:
                self._tags(tag.removesuffix(local(tag)))
            self._depth += 1
            if tag == self._aid:
                self._silent = self._depth
            elif self._depth > DEPTH:
                raise damaged()

    def _text(self, data: str) -> None:
        taking = self._taking
        if not taking:
            return
        if taking == self._f:
            if len(self._formula) <= SHOWN:
                self._formula += data
        elif len(self._value) <= self.limits.cell:
            self._value += data

    def _end(self, tag: str) -> None:
        if tag == self._c:
            self._end_cell()
        elif self._cell is not None and (tag == self._v or tag == self._t or tag == self._f):
            self._taking = ""
        elif tag == self._r:
            self._end_row()
        else:
            if self._silent == self._depth:
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
        self._value = ""

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
        cell, cells = self._cell, self._cells
        self._cell = None
        if cell is None or cells is None:
            raise damaged()
        column, value = self._column, self._value
        if value:
            try:
                value = self._meaning(cell, value)
            except Amiss as amiss:
                value = amiss.text
                self._problems.append(Problem(column, shown(value), str(amiss)))
        if self._has_formula:
            self._note_formula()
        if not value:
            return
        if column >= self.limits.columns:
            self._refuse_beyond(value)
            return
        if len(cells) < column:
            cells += [""] * (column - len(cells))
        cells.append(value)

    def _note_formula(self) -> None:
        message = _("This cell holds a formula. Paste its value in its place.")
        if self._column < self.limits.columns:
            self._problems.append(Problem(self._column, shown(f"={self._formula}"), message))
        self._has_formula, self._formula = False, ""

    def _refuse_beyond(self, value: str) -> None:
        """One problem a row is enough for all that is too far to the right."""
        far = self.limits.columns
        if not any(problem.column == far for problem in self._problems):
            message = _("Column %(letters)s is beyond the %(most)d columns that are read.")
            place = {"letters": letters(self._column), "most": far}
            self._problems.append(Problem(far, shown(value), message % place))

    def _meaning(self, cell: dict[str, str], value: str) -> str:
        """The text of the cell, by its type (ECMA-376 part 1, 18.18.11). Raises Amiss."""
        kind = cell.get("t", "n")
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
            raise Amiss(_("The spreadsheet has an error in this cell. Type the value in its place."), shown(value))
        return unescaped(value)


class _Merging:
    """Tells records, as they go by, which merged cells touch them."""

    def __init__(self, merges: list[Merge]):
        self._waiting = merges[::-1]  # the first last
        self._active: list[Merge] = []

    def note(self, record: Record) -> None:
        number, _cells, problems = record
        while self._waiting and self._waiting[-1].first <= number:
            self._active.append(self._waiting.pop())
        if self._active:
            self._active = [merge for merge in self._active if merge.last >= number]
            for merge in self._active[:NAMED]:
                message = _("These cells are merged. Unmerge them, and fill in each row.")
                problems.append(Problem(merge.column, merge.name, message))
