"""CSV and its kin: text whose cells are parted by commas, semicolons or tabs."""

import csv
import io
import re
from collections.abc import Container, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .encodings import LINE, survey
from .framing import Record, bounded, framed, shown
from .tables import COLUMNS, Found, Limits, Problem, Sheet, Table, Unreadable

SAMPLE = 65_536  # characters in which the delimiter is looked for
SAMPLE_RECORDS = 50
LINES = 10_000  # of the file, in one record

_ENCODINGS = {
    "utf-8": gettext_lazy("UTF-8"),
    "utf-8-sig": gettext_lazy("UTF-8 with byte order mark"),
    "utf-16": gettext_lazy("UTF-16"),
    "utf-16-le": gettext_lazy("UTF-16 without byte order mark"),
    "utf-16-be": gettext_lazy("UTF-16 without byte order mark"),
    "cp1252": gettext_lazy("Windows-1252"),
}
_DELIMITERS = {
    ",": gettext_lazy("parted by commas"),
    ";": gettext_lazy("parted by semicolons"),
    "\t": gettext_lazy("parted by tabs"),
    "": gettext_lazy("one column"),
}
_NEWLINES = {
    "\n": gettext_lazy("Unix line endings"),
    "\r\n": gettext_lazy("Windows line endings"),
    "\r": gettext_lazy("old Macintosh line endings"),
}
# A quotation mark opens a quoted cell only at the beginning of the cell.
_QUOTED = re.compile(r'(?<![^,;\t\r\n ])"[^"]*(?:""[^"]*)*(?:"|\Z)')
_NEWLINE = re.compile(r"\r\n|\r|\n")
# What Excel itself understands as the first line of a file.
_SEP = re.compile(r'"?sep=([,;\t])"?(?:\r\n|\r|\n)', re.IGNORECASE)


class Delimited(Table):
    """Reads the file by lines, one record in memory at a time."""

    def __init__(self, file: BinaryIO, limits: Limits):
        self.file, self.limits = file, limits
        self.survey = survey(file)
        with self._text() as text:
            sample = text.read(SAMPLE)
        announced = _SEP.match(sample)
        self.before = 1 if announced else 0  # lines that Excel, too, does not show
        self.delimiter = announced[1] if announced else delimiter_of(sample, whole=len(sample) < SAMPLE)
        self.row_count = max(self.survey.lines - 1 - self.before, 0)
        self.found = Found(
            kind="tsv" if self.delimiter == "\t" else "csv",
            encoding=self.survey.encoding,
            bom=self.survey.bom,
            delimiter=self.delimiter,
            newline=self.survey.newline,
        )
        words = [_ENCODINGS[self.survey.encoding], _DELIMITERS[self.delimiter], _NEWLINES[self.survey.newline]]
        if self.survey.damaged:
            words.insert(1, gettext_lazy("with damaged characters"))
        self.found.words = [str(word) for word in words]

    @contextmanager
    def _text(self) -> Iterator[io.TextIOWrapper]:
        self.file.seek(0)
        # Without translation of newlines, or line ends inside of cells would be lost on the csv module.
        text = io.TextIOWrapper(self.file, encoding=self.survey.encoding, errors=self.survey.errors, newline="")
        try:
            yield text
        finally:
            if not self.file.closed:
                text.detach()  # else it would close the file, which is the caller's

    def sheets(self, names: Container[str] | None = None) -> Iterator[Sheet]:
        sheet = framed("", self._records(), self.limits, wary=self.survey.wary)
        if sheet is None:
            raise Unreadable(_("The file holds no text. Its first row should hold the headers."))
        yield sheet

    def _records(self) -> Iterator[Record]:
        with self._text() as text:
            for _skipped in range(self.before):
                next(text)
            yield from Records(text, self.delimiter or ",", self.limits)


class Records:
    """The records of a text, numbered, with a problem where quotation marks stand wrongly."""

    def __init__(self, text: Iterator[str], delimiter: str, limits: Limits):
        self.text, self.delimiter, self.limits = text, delimiter, limits
        self.taken: list[str] = []  # the lines of the record that is being read
        self.number = 0

    def __iter__(self) -> Iterator[Record]:
        taken, most = self.taken, self.limits.cell
        # Strict, or what follows a stray quotation mark would be swallowed in silence.
        reader = csv.reader(self._lines(), delimiter=self.delimiter, strict=True, skipinitialspace=True)
        while True:
            try:
                for record in reader:
                    self.number += 1
                    problems: list[Problem] = []
                    if len(taken) > 1:
                        record = [_NEWLINE.sub("\n", cell) for cell in record]
                    if len(taken) > 1 or len(taken[0]) > most:
                        self._refuse_wide(record)
                        record = bounded(record, most, problems)
                    taken.clear()
                    yield self.number, record, problems
                return
            except csv.Error as error:
                self.number += 1
                yield self._mended(error)
                taken.clear()

    def _lines(self) -> Iterator[str]:
        """The lines of the text, remembering those of a record, whose length they bound."""
        taken = self.taken
        size = 0
        for line in self.text:
            taken.append(line)
            size = len(line) if len(taken) == 1 else size + len(line)
            if size > LINE or len(taken) > LINES:
                raise self._unclosed(self.number + 1)
            yield line

    def _refuse_wide(self, record: list[str]) -> None:
        if len(record) > COLUMNS:
            raise Unreadable(
                _("Row %(number)d has %(count)d cells, more than any spreadsheet. Is the delimiter the right one?")
                % {"number": self.number, "count": len(record)}
            )

    def _mended(self, error: csv.Error) -> Record:
        """The cells of a line with a wrong quotation mark, as far as they can be told, and the problem.

        Over several lines there is no telling where the record should have ended.
        """
        if "field larger" in str(error):
            raise Unreadable(
                _("Row %(number)d: a cell has more than %(most)d characters. Is a quotation mark not closed?")
                % {"number": self.number, "most": csv.field_size_limit()}
            ) from error
        if len(self.taken) != 1 or "expected after" not in str(error):
            raise self._unclosed(self.number) from error
        cells = next(csv.reader(self.taken, delimiter=self.delimiter, skipinitialspace=True))
        message = _(
            "A quoted cell goes on after its closing quotation mark. "
            "Write a quotation mark inside of a quoted cell twice."
        )
        problems = [Problem(None, shown(self.taken[0]), message)]
        return self.number, bounded(cells, self.limits.cell, problems), problems

    def _unclosed(self, number: int) -> Unreadable:
        return Unreadable(
            _(
                "Row %(number)d: a quotation mark opens a cell that is not closed, or is closed in the wrong place: "
                "“%(text)s”. Close it, and write a quotation mark inside of a quoted cell twice."
            )
            % {"number": number, "text": shown(self.taken[0])}
        )


def delimiter_of(sample: str, *, whole: bool) -> str:
    """The delimiter that the header has and the records below agree on; "" where there is but one column."""
    bare = _NEWLINE.split(_QUOTED.sub("quoted", sample))
    if not whole and len(bare) > 1:
        bare.pop()  # cut off
    records = [record for record in bare if record.strip(",;\t ")][:SAMPLE_RECORDS]
    if not records:
        return ""

    def rank(delimiter: str) -> tuple[float, int]:
        header, *others = (record.count(delimiter) for record in records)
        # A record with fewer may have lost its empty cells; one with more has the delimiter in its text.
        fits = sum(1.0 if count == header else 0.5 if count < header else 0.0 for count in others)
        return (fits / len(others) if others else 1.0, header)

    present = [delimiter for delimiter in (",", ";", "\t") if delimiter in records[0]]
    return max(present, key=rank, default="")
