"""What the pages show of the rows of a batch: which, a page at a time, and what each would do."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.admin.utils import quote
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from curation import differences
from curation.importing import resources, since
from curation.importing.admin.presenting import FIRST, kind_label, kinds_of, number
from curation.importing.resources import RecordResource, Sheet, State
from curation.importing.stored import states
from curation.models import Batch, Row

ON_A_PAGE = 50
ALL = "all"

Kind = Row.Kind


# --- one row ---


@dataclass
class Record:
    """A row as it is shown."""

    row: Row
    where: str
    kind: str
    url: str = ""
    problems: list[dict[str, str]] = field(default_factory=list)
    changes: list[differences.Change] = field(default_factory=list)
    values: list[tuple[str, list[str]]] = field(default_factory=list)
    notes: list[Mapping[str, str]] = field(default_factory=list)


def records(batch: Batch, rows: Sequence[Row]) -> list[Record]:
    """The rows as they are shown, each with the address of its record in the admin, where there is one now."""
    addresses: dict[tuple[str, str], str] = {}
    for name in dict.fromkeys(row.sheet for row in rows):
        if sheet := resources.sheets().get(name):
            keys = [row.key for row in rows if row.sheet == name and row.key]
            addresses.update({(name, key): address for key, address in _addresses(sheet.resource, keys)})
    return [record(batch, row, addresses.get((row.sheet, row.key), "")) for row in rows]


def _addresses(resource: RecordResource, keys: Sequence[str]) -> Iterator[tuple[str, str]]:
    options = resource.model._meta
    found = resource.model._default_manager.filter(**{f"{resource.key}__in": keys}).order_by()
    for key, pk in found.values_list(resource.key, "pk"):
        yield key, reverse(f"admin:{options.app_label}_{options.model_name}_change", args=[quote(pk)])


def record(batch: Batch, row: Row, url: str = "") -> Record:
    sheet = resources.sheets().get(row.sheet)
    shown = Record(
        row=row,
        where=where(row.number, row.last_number),
        kind=kind_label(batch, row.kind),
        url=url,
        problems=[_problem(row, one) for one in row.problems or []],
        notes=[{"message": one.get("message", ""), "url": one.get("url", "")} for one in row.notes or []],
    )
    if row.kind == Kind.CHANGED:
        shown.changes = list(changes(sheet, row.before or {}, row.after or {}))
    elif row.kind == Kind.NEW:
        shown.values = list(values(sheet, row.after or {}))
    elif row.kind == Kind.REMOVED:
        shown.values = list(values(sheet, row.before or {}))
    return shown


def where(first: int, last: int) -> str:
    if last > first:
        return _("Rows %(first)s–%(last)s") % {"first": number(first), "last": number(last)}
    return _("Row %(number)s") % {"number": number(first)}


def _problem(row: Row, one: Mapping[str, Any]) -> dict[str, str]:
    """A problem; its row is said where the record has several."""
    on = one.get("row")
    said = where(int(on), int(on)) if on and row.last_number > row.number else ""
    value = one.get("value")
    return {
        "row": said,
        "column": str(one.get("column") or ""),
        "value": "" if value is None else str(value),
        "message": str(one.get("message", "")),
    }


def names_shown(sheet: Sheet | None, *states: State) -> list[str]:
    """The columns and parts that a file may set, in the order of the sheet; what a state keeps besides is not shown."""
    if sheet is None:
        return sorted({name for state in states for name in state})
    resource = sheet.resource
    return [column.name for column in resource.written] + [part.name for part in resource.parts]


def changes(sheet: Sheet | None, before: State, after: State) -> Iterator[differences.Change]:
    for name in names_shown(sheet, before, after):
        old, new = before.get(name), after.get(name)
        if old != new and (old or new):
            pieces = differences.pieces_of(Row, "", old, new)
            yield differences.Change(name, pieces, isinstance(old or new, list), is_emptied=not lines_of(new))


def values(sheet: Sheet | None, state: State) -> Iterator[tuple[str, list[str]]]:
    """What a record has besides its key, but for what says nothing of it: what every new record has."""
    key = sheet.resource.key if sheet else ""
    usual = states.blank(sheet.resource) if sheet else {}
    for name in names_shown(sheet, state):
        value = state.get(name)
        if name != key and value != usual.get(name) and (lines := lines_of(value)):
            yield name, lines


def lines_of(value: Any) -> list[str]:
    return differences.lines_of(Row, "", value)


@dataclass(frozen=True)
class Moved:
    """A record that changed between preview and confirm: a line for each column that differs."""

    row: str
    key: str
    message: str
    saved: str  # by whom and when, as far as the history knows
    lines: list[dict[str, Any]]


def moved(batch: Batch) -> list[Moved]:
    saved: dict[tuple[str, str], str] = {}
    for name in dict.fromkeys(_sheet_of(batch, one) for one in batch.stale):
        if sheet := resources.sheets().get(name):
            keys = [str(one.get("key", "")) for one in batch.stale if _sheet_of(batch, one) == name]
            saved.update({(name, key): words for key, words in since.saved(sheet.resource, keys, batch).items()})
    return [_moved(batch, one, saved) for one in batch.stale]


def _sheet_of(batch: Batch, one: Mapping[str, Any]) -> str:
    return str(one.get("sheet") or batch.target)


def _moved(batch: Batch, one: Mapping[str, Any], saved: Mapping[tuple[str, str], str]) -> Moved:
    three = {name: one.get(name) or {} for name in ("before", "now", "after")}
    name_of_sheet, key = _sheet_of(batch, one), str(one.get("key", ""))
    sheet = resources.sheets().get(name_of_sheet)
    lines = [
        {"name": name, **{which: lines_of(state.get(name)) for which, state in three.items()}}
        for name in names_shown(sheet, *three.values())
        if len({repr(state.get(name)) for state in three.values() if state}) > 1
    ]
    row = one.get("row")
    return Moved(
        row=where(row, row) if row else "",
        key=key,
        message=str(one.get("message", "")),
        saved=saved.get((name_of_sheet, key), ""),
        lines=lines,
    )


# --- which rows, and a page of them ---


class Counted(Paginator):
    """Pages of rows whose number the batch knows already."""

    def __init__(self, rows: QuerySet[Row], count: int) -> None:
        super().__init__(rows, ON_A_PAGE)
        self.count = count


@dataclass
class Rows:
    """The rows of a batch that `show`, `sheet` and `row` of the address ask for, and the table that leads to others."""

    batch: Batch
    show: str = ""
    sheet: str = ""
    row: int | None = None
    page_number: str | None = None

    def __post_init__(self) -> None:
        if self.sheet not in self.batch.counts:
            self.sheet = ""
        if self.show not in [*Kind.values, ALL]:
            self.show = next((kind for kind in FIRST if self._count(self.sheet, kind)), ALL)

    def _count(self, sheet: str, show: str) -> int:
        sheets = [sheet] if sheet else list(self.batch.counts)
        kinds = [show] if show != ALL else Kind.values
        return sum(self.batch.counts[name].get(kind, 0) for name in sheets for kind in kinds)

    @cached_property
    def page(self) -> Page:
        rows = self.batch.rows.all()
        if self.sheet:
            rows = rows.filter(sheet=self.sheet)
        if self.row is not None:
            there = rows.filter(number__lte=self.row, last_number__gte=self.row)
            return Paginator(there, ON_A_PAGE).get_page(1)
        if self.show != ALL:
            rows = rows.filter(kind=self.show)
        return Counted(rows, self._count(self.sheet, self.show)).get_page(self.page_number)

    @cached_property
    def records(self) -> list[Record]:
        return records(self.batch, list(self.page))

    @property
    def heading(self) -> str:
        if self.row is not None:
            return _("Row %(number)s") % {"number": number(self.row)}
        kind = _("All rows") if self.show == ALL else capfirst(kind_label(self.batch, self.show))
        name = f"{kind}, {self.sheet}" if self.sheet else kind
        return f"{name} ({number(self.page.paginator.count)})"

    @property
    def several_sheets(self) -> bool:
        return len(self.batch.counts) > 1

    @property
    def kinds(self) -> list[str]:
        return [kind_label(self.batch, kind) for kind in kinds_of(self.batch)]

    @property
    def table(self) -> list[dict[str, Any]]:
        """For each sheet its counts, each with the address that shows these rows."""
        return [{"sheet": sheet, "cells": list(self._cells(sheet))} for sheet in self._in_order()]

    def _in_order(self) -> list[str]:
        known = list(resources.sheets())
        return sorted(self.batch.counts, key=lambda name: known.index(name) if name in known else len(known))

    def _cells(self, sheet: str) -> Iterator[dict[str, Any]]:
        for kind in kinds_of(self.batch):
            count = self._count(sheet, kind)
            here = self.show == kind and self.sheet in ("", sheet) and self.row is None
            yield {
                "count": number(count),
                "label": kind_label(self.batch, kind),
                "url": self.address(show=kind.value, sheet=sheet if self.several_sheets else "") if count else "",
                "is_current": here and bool(count) and (self.sheet == sheet or not self.several_sheets),
            }

    def address(self, **given: Any) -> str:
        asked = {"show": self.show, "sheet": self.sheet, **given}
        return f"?{urlencode({name: value for name, value in asked.items() if value})}#rows"

    @property
    def first(self) -> str:
        """The address of the list without a search."""
        return self.address()

    @property
    def pages(self) -> list[dict[str, Any]]:
        """Numbers of pages as the admin's lists have them; a number of "" stands for those left out."""
        paginator = self.page.paginator
        numbers: Sequence[int | str] = list(
            paginator.get_elided_page_range(self.page.number, on_each_side=2, on_ends=1)
        )
        return [
            {
                "number": number(one) if isinstance(one, int) else "",
                "url": self.address(page=one) if isinstance(one, int) else "",
                "is_current": one == self.page.number,
            }
            for one in numbers
        ]
