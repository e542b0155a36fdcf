"""`export_rows SHEET`: the records of a sheet to standard output or into a file, as they can be imported again."""

import os
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.core.exceptions import FieldError, ValidationError
from django.core.management.base import BaseCommand
from django.db.models import QuerySet

from curation.importing import batches, exporting
from curation.importing.columns import Column, Kind
from curation.importing.resources import Sheet, sheets
from curation.importing.stored.states import lookup
from curation.importing.suggesting import nearest
from curation.management import terminal
from curation.management.commands.import_rows import sheet_named
from curation.management.terminal import Refused


class Command(BaseCommand):
    help = "Write the records of a sheet as CSV, XLSX or JSON lines; `workbook` is all sheets in one XLSX file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("sheet", metavar="SHEET", help="facts, sources, …; or workbook")
        parser.add_argument("--format", choices=exporting.FORMATS, help="csv, unless the name of the file says more")
        parser.add_argument("--output", metavar="FILE", type=Path, help="write there, and not to standard output")
        parser.add_argument(
            "--filter",
            metavar="COLUMN=VALUE",
            action="append",
            default=[],
            help="only records with this value in this column: status=draft, topics=defence",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        name = sheet_named(options["sheet"], workbook=True)
        file_format = options["format"] or _format_of(options["output"]) or "csv"
        if name == batches.WORKBOOK and options["format"] not in (None, "xlsx"):
            raise Refused(f"A workbook is written as xlsx, not as {file_format}.")
        every = sheets()
        try:
            if name == batches.WORKBOOK:
                file_format = "xlsx"
                pieces = exporting.workbook((sheet, _records(sheet, [])) for sheet in every.values())
            else:
                pieces = exporting.export(every[name], _records(every[name], options["filter"]), file_format)
        except exporting.NotExportable as error:
            raise Refused(str(error)) from error
        if name == batches.WORKBOOK and options["filter"]:
            raise Refused("A workbook is of everything: --filter goes with one sheet.")
        if options["output"]:
            size = terminal.write(options["output"], pieces)
            self.stderr.write(f"Written: {options['output']} ({size:,} bytes)", self.style.SUCCESS)
        elif file_format == "xlsx" and sys.stdout.isatty():
            raise Refused("A workbook is no text for a terminal. Say where it goes with --output FILE.")
        else:
            _to_standard_output(pieces)


def _format_of(path: Path | None) -> str:
    ending = path.suffix.lower().removeprefix(".") if path else ""
    return ending if ending in exporting.FORMATS else ""


def _records(sheet: Sheet, filters: Iterable[str]) -> QuerySet:
    rows = sheet.resource.model._default_manager.all()
    for asked in filters:
        name, equals, value = asked.partition("=")
        column = sheet.resource.columns.get(name)
        if column is None or not equals:
            near = nearest(name, list(sheet.resource.columns))
            hint = f" Did you mean “{near}”?" if near else ""
            raise Refused(f"--filter {asked}: write COLUMN=VALUE, with a column of {sheet.name}.{hint}")
        try:
            rows = rows.filter(**{_path(column): value}) if value else rows.exclude(**_has_any(column))
        except (FieldError, ValidationError, ValueError) as error:
            raise Refused(f"--filter {asked}: no value of this column looks like that.") from error
    return rows  # once each, however often a join has them: see `exporting`


def _path(column: Column) -> str:
    if column.kind is Kind.KEYS:
        return f"{column.model_field.name}__{column.to}"
    if column.kind is Kind.NAMES:
        return f"{column.model_field.name}__{column.field.name_field.name}"
    return lookup(column)


def _has_any(column: Column) -> dict[str, Any]:
    """As a condition; a blank value asks for those without."""
    if column.kind is Kind.TEXT and not column.model_field.null:
        return {f"{lookup(column)}__gt": ""}
    return {f"{_path(column)}__isnull": False}


def _to_standard_output(pieces: Iterator[bytes]) -> None:
    out = sys.stdout.buffer
    try:
        for piece in pieces:
            out.write(piece)
        out.flush()
    except BrokenPipeError:  # as `… | head` ends it; nothing of ours is to be flushed there any more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
