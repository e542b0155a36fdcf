"""What a file is read as: tables of sheets, sheets of lines, lines of text cells."""

from abc import ABC, abstractmethod
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, Self

MIB = 1024 * 1024
ROWS, COLUMNS = 1_048_576, 16_384  # the largest sheet that spreadsheets know


class Unreadable(Exception):
    """The file, or a sheet of it, cannot be used. The message tells people what, where, and what to do."""


@dataclass(frozen=True)
class Limits:
    """What is read at most. A file beyond them is refused, but for `cell`, which is a problem of its line."""

    bytes: int = 200 * MIB
    inflated: int = 1024 * MIB  # the parts of a workbook together, as they are once inflated
    rows: int = 1_000_000  # lines that hold anything, in each sheet, without its header
    columns: int = 200
    cell: int = 10_000  # characters
    sheets: int = 20


LIMITS = Limits()


class Problem(NamedTuple):
    """What is wrong with one cell, or, where `column` is None, with the line."""

    column: int | None  # counted from 0
    value: str  # as found, shortened
    message: str


class Line(NamedTuple):
    """One record: as many cells as its sheet has headers, of text without outer white space.

    `number` counts as a spreadsheet does: records, not lines of the file, and empty ones too.
    """

    number: int
    cells: list[str]
    problems: list[Problem]


@dataclass
class Sheet:
    """`lines` is read from the file as it is asked for, once, and before the next sheet is."""

    name: str  # "" in a file that has but one
    headers: list[str]  # "" for a column without one, in which no cell holds anything
    header_number: int
    lines: Iterator[Line]


@dataclass
class Found:
    """What the file turned out to be."""

    kind: str  # csv, tsv, xlsx
    encoding: str = ""  # as Python calls it
    bom: bool = False
    delimiter: str = ""
    newline: str = ""
    sheets: list[str] = field(default_factory=lambda: [""])
    words: list[str] = field(default_factory=list)  # the same, for people


class Table(ABC):
    """An opened file. The file stays the caller's to close; `close` ends only what the reading itself keeps."""

    found: Found
    row_count: int | None = None  # about how many lines there are in all, to show progress by

    @abstractmethod
    def sheets(self, names: Container[str] | None = None) -> Iterator[Sheet]:
        """The sheets that hold anything, or those of them called `names`; the others are not looked at.

        A file that is no workbook has one sheet, of no name, which it gives whatever the `names`.
        May be asked again, from the beginning. Raises Unreadable where a sheet has no usable header.
        """

    def close(self) -> None:
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
