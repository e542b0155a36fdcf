"""Exports: the records of a query as CSV, as a workbook, or as lines of JSON."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Count
from django.utils.translation import gettext as _

from curation.importing.columns import Column, Kind
from curation.importing.exporting import cells
from curation.importing.exporting.chunks import Chunks, Values
from curation.importing.exporting.workbooks import ROWS, Streamed
from curation.importing.resources import RecordResource, Sheet, sheets

FORMATS = ("csv", "xlsx", "jsonl")
BOM = b"\xef\xbb\xbf"  # without it Excel takes UTF-8 for the encoding of the country


class NotExportable(Exception):
    """The file cannot hold this. The message says why, and what to do."""


def export(of: RecordResource | Sheet, rows: models.QuerySet, file_format: str) -> Iterator[bytes]:
    """The file, piece by piece; the first comes before anything is asked of the database but how many rows there are.

    `rows` is of the resource's model (for a sheet of parts, of the records whose parts they are), filtered,
    annotated and ordered in any way: they come in the order of their keys. Raises NotExportable.
    """
    sheet = of if isinstance(of, Sheet) else sheets()[of.sheet]
    if file_format == "csv":
        return as_csv(cells.header(sheet), cells.lines(sheet, rows))
    if file_format == "jsonl":
        return _as_json_lines(sheet, rows)
    if file_format == "xlsx":
        _refuse_too_many(sheet, rows)
        return Streamed().pieces([(sheet.name, cells.header(sheet), cells.lines(sheet, rows))])
    raise ValueError(f"There is no export as {file_format}.")


def workbook(of: Iterable[tuple[Sheet, models.QuerySet]]) -> Iterator[bytes]:
    """A workbook of these sheets. Parts that have a sheet of their own are there, if it is asked for, and only there.

    Raises NotExportable.
    """
    asked = list(of)
    for sheet, rows in asked:
        _refuse_too_many(sheet, rows)
    names = {sheet.name for sheet, _rows in asked}
    return Streamed().pieces(
        (sheet.name, cells.header(sheet, with_parts=within), cells.lines(sheet, rows, with_parts=within))
        for sheet, rows in asked
        for within in [not any(part.sheet in names for part in sheet.resource.parts)]
    )


def _refuse_too_many(sheet: Sheet, rows: models.QuerySet) -> None:
    count = rows.count()
    if count < ROWS:
        for part in sheet.resource.parts:
            parts = part.resource._meta.model._default_manager.filter(**{f"{part.parent}__in": rows.values("pk")})
            of = parts.aggregate(parts=Count("pk"), records=Count(part.parent, distinct=True))
            count = of["parts"] if sheet.part else count + of["parts"] - of["records"]
    if count >= ROWS:  # the header is a row, too
        message = _(
            "These are %(count)d rows, and a sheet of Excel holds %(most)d with its header. "
            "Export them as CSV, or narrow the list down."
        )
        raise NotExportable(message % {"count": count, "most": ROWS})


# --- CSV ------------------------------------------------------------------------------------
def as_csv(header: list[str], lines: Iterable[Iterable[Iterable[str]]], delimiter: str = ",") -> Iterator[bytes]:
    """UTF-8 with its mark, a piece for the header and one for each of the chunks of `lines`."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter)
    writer.writerow(header)
    yield BOM + _taken(buffer)
    for some in lines:
        writer.writerows(some)
        yield _taken(buffer)


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode("utf-8", "surrogatepass")


# --- JSON -----------------------------------------------------------------------------------
def _as_json_lines(sheet: Sheet, rows: models.QuerySet) -> Iterator[bytes]:
    """A line a record: its columns by their names, its parts in lists. Of a sheet of parts, a line a part."""
    encode = json.JSONEncoder(ensure_ascii=False, default=DjangoJSONEncoder().default).encode
    chunks = Chunks(sheet, _typed)
    names = [column.name for column in chunks.own]
    kinds = [(part.name, [column.name for column in columns]) for part, columns in chunks.parts]
    for chunk in chunks(rows):
        made: list[dict[str, Any]] = []
        for pk, values in zip(chunk.pks, zip(*chunk.own, strict=True), strict=True):
            record = dict(zip(names, values, strict=True))
            parts = {
                name: [dict(zip(of_part, one, strict=True)) for one in of.get(pk, ())]
                for (name, of_part), of in zip(kinds, chunk.parts, strict=True)
            }
            if sheet.part is None:
                made.append(record | parts)
            else:
                made += [record | part for part in parts[sheet.part.name]]
        yield "".join(f"{encode(record)}\n" for record in made).encode("utf-8", "surrogatepass")


def _typed(column: Column) -> Callable[[Values], Values]:
    if column.kind is Kind.KEY:
        return lambda values: [value or "" for value in values]
    return lambda values: values
