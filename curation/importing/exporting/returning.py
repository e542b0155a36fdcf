"""An uploaded file given back: its rejected rows with the reasons, or all of it with the references filled in.

The file is read again, so this ends with its upload. What stood in it is written as it was read; only texts that a
spreadsheet would run are escaped, which an import reads as the same.
"""

import sys
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _

from curation.importing import headers, reading, suggesting, uploads
from curation.importing.checking import Opening
from curation.importing.escaping import CLEAR, escaped, unescaped
from curation.importing.exporting.exports import as_csv
from curation.importing.exporting.workbooks import Streamed
from curation.importing.resources import Part, Sheet, sheets
from curation.models import Batch, Row

AT_ONCE = 1_000  # records
LIMITS = replace(reading.LIMITS, rows=sys.maxsize, bytes=sys.maxsize)  # it was read once

Line = list[str]


def rejects(batch: Batch, sheet: str, file_format: str = "csv", *, opened: Opening | None = None) -> Iterator[bytes]:
    """The lines of the records that were rejected, with what is wrong in a first column, which an import ignores.

    Headers that were matched by hand are named for their columns, and columns that were left out are not there: once
    mended, the file is imported as it is. `opened` gives its table where it does not lie in the database. Raises
    Unreadable where the file is no longer kept, and LookupError where
    the batch has no such sheet.
    """
    told = _Told(batch, sheet)
    opened = opened or _opened(batch)

    def written() -> Iterator[list[Line]]:
        with opened(batch) as table:
            for some in told.records(table, kinds=[Row.Kind.REJECTED]):
                yield list(_with_reasons(told, some))

    header = [headers.REASON, *(told.named[place] for place in told.places)]
    if file_format == "xlsx":
        return Streamed().pieces([(sheet, header, written())])
    return as_csv(header, written())


def filled(batch: Batch) -> Iterator[bytes]:
    """The file with the keys that its new records were given, in the format that it came in.

    `batch.found["kind"]` says which that is: csv, tsv or xlsx. Sheets that were not read are not in it. Raises
    Unreadable where the file is no longer kept.
    """
    told = [_Told(batch, one["name"]) for one in batch.found.get("sheets", ())]
    opened = _opened(batch)
    if batch.found.get("kind") == "xlsx":
        return Streamed().pieces((one.title, _filled_header(one), _filled_lines(one, opened)) for one in told)
    delimiter = batch.found.get("delimiter") or ("\t" if batch.found.get("kind") == "tsv" else ",")
    return as_csv(_filled_header(told[0]), _filled_lines(told[0], opened), delimiter)


def _opened(batch: Batch) -> Opening:
    """How its upload is opened, which is seen to be there before the first byte goes out."""
    if batch.upload is None:
        raise reading.Unreadable(_("The uploaded file is no longer kept. Upload it again."))
    upload = batch.upload
    uploads.opened(upload).read(1)

    @contextmanager
    def opened(batch: Batch) -> Iterator[reading.Table]:
        with uploads.opened(upload) as file, reading.open_table(file, batch.file_name, LIMITS) as table:
            yield table

    return opened


def _kept(cell: str) -> str:
    return cell if cell == CLEAR else escaped(unescaped(cell))


# --- the lines of records -------------------------------------------------------------------
@dataclass(slots=True)
class Found:
    """Lines of the file that are one record, and the primary key of its row of the preview; None: it has none."""

    pk: int | None
    lines: list[reading.Line]


class _Told:
    """A sheet of the file, as the check told what it found there."""

    def __init__(self, batch: Batch, name: str) -> None:
        self.batch, self.sheet = batch, _sheet(name)
        told = next((one for one in batch.found.get("sheets", ()) if one["name"] == name), None)
        if told is None:
            raise LookupError(f"{batch} has no sheet {name}.")
        self.title: str = told["title"]
        self.called = suggesting.shortened(batch.file_name)
        if batch.found.get("kind") == "xlsx":
            self.called = _("%(sheet)s in %(file)s") % {"sheet": self.title, "file": self.called}
        self.headers: list[str] = told["headers"]
        self.columns: list[str | None] = told["columns"]
        by_itself = headers.match(self.headers, list(self.sheet.columns.values())).by_place
        self.named = [
            column if column and column != own else header
            for header, column, own in zip(self.headers, self.columns, by_itself, strict=True)
        ]
        dropped = {*told["left_out"], ""}
        self.places = [
            place
            for place, header in enumerate(self.headers)
            if header.strip() not in dropped and not headers.is_reason(header)
        ]

    def place_of(self, column: str) -> int | None:
        return self.columns.index(column) if column in self.columns else None

    def records(self, table: reading.Table, kinds: Sequence[str] = ()) -> Iterator[list[Found]]:
        """All records of the sheet, or those whose row is of these kinds, some at a time."""
        rows = Row.objects.filter(batch=self.batch, sheet=self.sheet.name).order_by("number", "pk")
        if kinds:
            rows = rows.filter(kind__in=kinds)
        first, last, pks = array("q"), array("q"), array("q")
        for number, last_number, pk in rows.values_list("number", "last_number", "pk").iterator(chunk_size=10_000):
            first.append(number)
            last.append(last_number)
            pks.append(pk)
        lines = next(table.sheets({self.title})).lines
        found = self._grouped(lines, first, last, pks, alone=not kinds)
        while some := list(islice(found, AT_ONCE)):
            yield some

    def _grouped(
        self, lines: Iterator[reading.Line], first: array, last: array, pks: array, *, alone: bool
    ) -> Iterator[Found]:
        current: Found | None = None
        at = 0
        for line in lines:
            while at < len(pks) and last[at] < line.number:
                at += 1
            pk = pks[at] if at < len(pks) and first[at] <= line.number else None
            if current is not None and pk is not None and current.pk == pk:
                current.lines.append(line)
                continue
            if current is not None:
                yield current
            current = Found(pk, [line]) if alone or pk is not None else None
        if current is not None:
            yield current


def _sheet(name: str) -> Sheet:
    return sheets()[name]


# --- rejected rows --------------------------------------------------------------------------
def _with_reasons(told: _Told, some: list[Found]) -> Iterator[Line]:
    problems = dict(Row.objects.filter(pk__in=[one.pk for one in some]).values_list("pk", "problems"))
    for one in some:
        reasons = _reasons(one.lines, problems.get(one.pk or 0) or [], told.called)
        for line, reason in zip(one.lines, reasons, strict=True):
            cells = [_kept(cell) for cell in line.cells]
            for problem in line.problems:
                _leave_wrong(cells, problem)
            yield [escaped(reason), *(cells[place] for place in told.places)]


def _leave_wrong(cells: Line, problem: reading.Problem) -> None:
    """What was cut off must not pass as the whole next time."""
    if problem.column is not None and problem.column < len(cells) and len(cells[problem.column]) >= LIMITS.cell:
        cells[problem.column] += "…"


def _reasons(lines: list[reading.Line], problems: list[dict[str, Any]], called: str) -> list[str]:
    """What is wrong with each line; what is wrong with none of them in particular stands on the first.

    Each begins with the row and the file that it was found in: in the file of rejected rows the numbers are others.
    """
    said: dict[int, dict[int, list[str]]] = {line.number: {} for line in lines}
    for problem in problems:
        column = f"{problem['column']}: " if problem["column"] else ""
        there = said.get(problem["row"], said[lines[0].number])
        there.setdefault(problem["row"], []).append(f"{column}{problem['message']}")
    return [" ".join(_reason(row, called, some) for row, some in said[line.number].items()) for line in lines]


def _reason(row: int, called: str, messages: list[str]) -> str:
    """“Row 7 of facts.csv: topics: …”."""
    where = _("Row %(row)d of %(file)s") % {"row": row, "file": called}
    return f"{where}: {' '.join(dict.fromkeys(messages))}"


# --- keys filled in -------------------------------------------------------------------------
def _filled_header(told: _Told) -> list[str]:
    return told.headers if told.place_of(told.sheet.key) is not None else [told.sheet.key, *told.headers]


def _filled_lines(told: _Told, opened: Opening) -> Iterator[list[Line]]:
    place = told.place_of(told.sheet.key)
    with opened(told.batch) as table:
        for some in told.records(table):
            made = _made(some, place)
            lines: list[Line] = []
            for one in some:
                cells = [[_kept(cell) for cell in line.cells] for line in one.lines]
                key, state, before = made.get(one.pk, ("", None, None))
                for part in told.sheet.resource.parts if state else ():
                    _name_parts(told, part, cells, state or {}, before or {})
                for line in cells:
                    if place is None:
                        line.insert(0, key)
                    elif not line[place]:
                        line[place] = key
                lines += cells
            yield lines


def _made(some: list[Found], place: int | None) -> dict[int | None, tuple[str, Any, Any]]:
    """Key, and states after and before, of the records whose lines lack something that they were given."""
    pks = [one.pk for one in some if one.pk is not None]
    rows = Row.objects.filter(pk__in=pks).exclude(kind=Row.Kind.REJECTED)
    lacking = {one.pk for one in some if place is None or not one.lines[0].cells[place]}
    return {
        pk: (key if pk in lacking else "", after, before)
        for pk, key, after, before in rows.values_list("pk", "key", "after", "before")
    }


def _name_parts(told: _Told, part: Part, lines: list[Line], after: dict[str, Any], before: dict[str, Any]) -> None:
    """New parts that were given a name stand in `after` in the order of their lines."""
    identity = told.place_of(part.identity)
    of_part = [told.place_of(column.name) for column in told.sheet.of_parts.values() if column.part == part.name]
    places = [place for place in of_part if place is not None]
    if identity is None:
        return
    known = {line[identity] for line in lines} | {one[part.identity] for one in before.get(part.name, ())}
    new = [one[part.identity] for one in after.get(part.name, ()) if one[part.identity] not in known]
    nameless = [line for line in lines if not line[identity] and any(line[place] for place in places)]
    for line, name in zip(nameless, new, strict=False):
        line[identity] = name
