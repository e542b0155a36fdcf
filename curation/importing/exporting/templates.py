"""Templates: an empty sheet with its headers, an example, and what may stand in each column.

The example says by its key, `[example]`, that it is one. A check leaves it out and says so, so it does no harm
where it was left in.
"""

import io
from collections.abc import Iterator
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from curation.importing.columns import Column, Kind
from curation.importing.escaping import BETWEEN, CLEAR, EXAMPLE
from curation.importing.exporting.exports import as_csv
from curation.importing.exporting.workbooks import ROWS
from curation.importing.resources import RecordResource, Sheet, sheets

LISTED = 60  # keys of another table that are told one by one
IN_LIST = 255  # characters of the values that a cell offers, at most (Excel)


def template(of: RecordResource | Sheet, file_format: str) -> bytes:
    """The file. Raises ValueError where there is no template in that format."""
    sheet = of if isinstance(of, Sheet) else sheets()[of.sheet]
    columns = [column for column in sheet.columns.values() if not column.readonly]
    if file_format == "csv":
        return b"".join(as_csv([column.name for column in columns], [list(_example_lines(sheet, columns))]))
    if file_format == "xlsx":
        return _workbook(sheet, columns)
    raise ValueError(f"There is no template as {file_format}.")


# --- the example ----------------------------------------------------------------------------
def _example_lines(sheet: Sheet, columns: list[Column]) -> Iterator[list[str]]:
    """One record; where it has parts, on several lines, so that one sees how these are written."""
    for cells in sheet.resource.example or ({},):
        yield [EXAMPLE if column.name == sheet.key else cells.get(column.name, "") for column in columns]


def _keys(column: Column) -> Any:
    rows = column.related._default_manager.all()
    if column.limit is not None:
        rows = rows.filter(column.limit)
    return rows.order_by(column.to).values_list(column.to, flat=True)


# --- what may stand in a column -------------------------------------------------------------
def allowed(column: Column) -> str:
    """In words, such as “one of: draft, published”."""
    if column.choices:
        return _("one of: %(values)s") % {"values": ", ".join(column.choices)}
    if column.kind is Kind.NAMES:
        return _("names, parted by “%(bar)s”") % {"bar": BETWEEN}
    if column.kind in (Kind.KEY, Kind.KEYS):
        return _allowed_keys(column)
    if isinstance(column.model_field, models.IntegerField):
        return _("a whole number")
    most = getattr(column.model_field, "max_length", None)
    return _("at most %(count)d characters") % {"count": most} if most else ""


def _allowed_keys(column: Column) -> str:
    keys = list(_keys(column)[: LISTED + 1])
    said = {"thing": str(column.related._meta.verbose_name), "bar": BETWEEN, "keys": ", ".join(keys[:LISTED])}
    if keys and len(keys) <= LISTED:
        if column.kind is Kind.KEYS:
            return _("some of these, parted by “%(bar)s”: %(keys)s") % said
        return _("one of: %(values)s") % {"values": said["keys"]}
    if column.kind is Kind.KEYS:
        return _("keys (%(thing)s), parted by “%(bar)s”; an export shows which there are") % said
    return _("a key (%(thing)s); an export shows which there are") % said


# --- the workbook ---------------------------------------------------------------------------
def _workbook(sheet: Sheet, columns: list[Column]) -> bytes:
    book = Workbook()
    page = book.active
    assert isinstance(page, Worksheet)  # noqa: S101
    page.title = sheet.name
    _fill(page, [[column.name for column in columns], *_example_lines(sheet, columns)])
    for number, column in enumerate(columns, start=1):
        letter = get_column_letter(number)
        page.column_dimensions[letter].number_format = "@"
        page.column_dimensions[letter].width = 20
        offered = ",".join(column.choices)
        if offered and len(offered) <= IN_LIST:
            # A warning, no more: the token that clears is no choice, and the import is the judge.
            rule = DataValidation(type="list", formula1=f'"{offered}"', allow_blank=True, errorStyle="warning")
            rule.add(f"{letter}2:{letter}{ROWS}")
            page.add_data_validation(rule)
    page.freeze_panes = "A2"
    _fill(book.create_sheet(_("allowed values")), list(_explained(sheet, columns)))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _explained(sheet: Sheet, columns: list[Column]) -> Iterator[list[str]]:
    yield [_("column"), _("what it is"), _("needed for a new row"), _("what may stand here"), _("example")]
    examples = next(_example_lines(sheet, columns))
    for column, example in zip(columns, examples, strict=True):
        what = ". ".join(filter(None, [column.label.rstrip("."), column.help]))
        needed = _("yes") if column.required else ""
        yield [column.name, what, needed, allowed(column), "" if example == EXAMPLE else example]
    yield []
    yield [_("A blank cell keeps the old value; %(clear)s empties it.") % {"clear": CLEAR}]
    yield [_("Rows with the key %(example)s are left out.") % {"example": EXAMPLE}]
    if sheet.of_parts and sheet.part is None:
        message = _("Further lines with the same %(key)s carry further %(parts)s.")
        parts = ", ".join(part.name for part in sheet.resource.parts)
        yield [message % {"key": sheet.key, "parts": parts}]


def _fill(page: Worksheet, lines: list[list[str]]) -> None:
    """All cells are texts: nothing is run, nothing becomes a date."""
    for row, line in enumerate(lines, start=1):
        for place, text in enumerate(line, start=1):
            cell = page.cell(row=row, column=place)
            cell.number_format = "@"
            cell.value, cell.data_type = text, "s"
            cell.alignment = Alignment(wrap_text=len(text) > 60, vertical="top")
            if row == 1:
                cell.font = Font(bold=True)
    for place, width in enumerate((18, 60, 12, 60, 24) if page.freeze_panes is None else (), start=1):
        page.column_dimensions[get_column_letter(place)].width = width
