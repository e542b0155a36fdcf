"""What the pages say of files: what was found in one that was uploaded, and what may stand in one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from curation.importing import headers, resources
from curation.importing.admin.forms import Unmatched
from curation.importing.columns import Column, Kind
from curation.importing.resources import RecordResource
from curation.importing.suggesting import folded
from curation.models import Batch

LISTED = 20  # rows that are left out, before “…”

# --- what was found in the file ---


def found(batch: Batch) -> list[str]:
    """What the file turned out to be, and what of it is read, and what is not: a sentence each."""
    if not batch.found:
        return []
    words = [", ".join(map(str, batch.found.get("words", ())))]
    if left_out := batch.found.get("left_out"):
        text = ngettext("The sheet %(names)s is left out.", "The sheets %(names)s are left out.", len(left_out))
        words.append(text % {"names": headers.quoted(left_out)})
    words += _without(batch)
    for sheet in batch.found.get("sheets", ()) if batch.state != Batch.State.MAPPING else ():
        said = [*_renamed(sheet), *map(str, sheet.get("notes", ()))]
        words += [f"{capfirst(sheet['name'])}: {one}" for one in said] if len(batch.found["sheets"]) > 1 else said
    return [one for one in words if one]


def _without(batch: Batch) -> Iterator[str]:
    """Which rows a new preview leaves out, since somebody had changed what they would change."""
    if count := len(batch.without):
        several = len(batch.found.get("sheets", ())) > 1
        rows = [f"{sheet} {row}" if several else str(row) for sheet, row in batch.without[:LISTED]]
        if count > LISTED:
            rows.append("…")
        text = ngettext(
            "Row %(rows)s is left out: it had changed.", "Rows %(rows)s are left out: they had changed.", count
        )
        yield text % {"rows": ", ".join(rows)}


def _renamed(sheet: Mapping[str, Any]) -> Iterator[str]:
    for header, column in zip(sheet.get("headers", ()), sheet.get("columns", ()), strict=False):
        if column and header != column:
            yield _("“%(header)s” is read as %(column)s.") % {"header": header, "column": column}


def unmatched(batch: Batch) -> list[Unmatched]:
    """The headers that are to be matched by hand: those of no column, and those of one that another is of, too."""
    return [one for sheet in batch.found.get("sheets", ()) for one in _unmatched(sheet)]


def columns_are_of(batch: Batch) -> str:
    """The sheet that the file seems to be of: it has every column of the file, where the one it is read as has not."""
    sheets = batch.found.get("sheets", ())
    if len(sheets) != 1:
        return ""
    given = {folded(header) for header in sheets[0].get("headers", ()) if header}
    for name, sheet in resources.sheets().items():
        if name != sheets[0]["name"] and sheet.part is None and given <= {folded(column) for column in sheet.columns}:
            return name
    return ""


def _unmatched(sheet: Mapping[str, Any]) -> Iterator[Unmatched]:
    doubled = {header: column for column, given in sheet.get("doubled", ()) for header in given}
    pairs = zip(sheet.get("headers", ()), sheet.get("columns", ()), strict=False)
    taken = {column for header, column in pairs if column and header not in doubled}
    known = resources.sheets().get(sheet["name"])
    free = [one.name for one in known.columns.values() if not one.readonly and one.name not in taken] if known else []
    for header, suggestion in sheet.get("unknown", ()):
        yield Unmatched(sheet["name"], header, suggestion, free)
    for column, given in sheet.get("doubled", ()):
        for place, header in enumerate(given):
            yield Unmatched(sheet["name"], header, "" if place else column, list(dict.fromkeys([column, *free])))


# --- the columns of a file ---


@dataclass(frozen=True)
class Group:
    """Columns that belong together: those of the record (without a name), or of a part of it."""

    name: str
    words: str
    columns: list[dict[str, Any]]


def columns(resource: RecordResource) -> list[Group]:
    told = [column.name for column in resource.columns.values() if column.readonly]
    words = (
        _("An export also has these, which an import ignores: %(names)s.") % {"names": ", ".join(told)} if told else ""
    )
    groups = [Group("", words if told else "", [_column(resource, one) for one in resource.written])]
    for part in resource.parts:
        words = _("On the same row; for more than one, repeat %(key)s on further rows.") % {"key": resource.key}
        if part.sheet:
            also = _("In a workbook they can have a sheet of their own, %(sheet)s, with a column %(parent)s.")
            words = f"{words} {also % {'sheet': part.sheet, 'parent': part.parent}}"
        of_part = [_column(resource, one) for one in resource.part_columns[part.name] if not one.readonly]
        groups.append(Group(capfirst(part.name), words, of_part))
    return groups


def _column(resource: RecordResource, column: Column) -> dict[str, Any]:
    notes = []
    if column.name == resource.key and not column.part:
        notes.append(_("names the record"))
        if type(resource).mint is not RecordResource.mint:
            notes.append(_("may stay empty for a new one"))
    elif column.required:
        notes.append(_("needed for each new one") if column.part else _("needed for a new record"))
    if column.kind in (Kind.KEYS, Kind.NAMES):
        notes.append(_("one or several, with | between"))
    help_text = column.help or column.label
    if column.kind in (Kind.KEY, Kind.KEYS):
        thing = column.related._meta.verbose_name
        help_text = _("%(label)s: the %(key)s of a %(thing)s.") % {
            "label": column.label,
            "key": column.to,
            "thing": thing,
        }
    return {"name": column.name, "notes": notes, "help": help_text, "choices": column.choices}
