"""What the pages show of a batch and its rows: words, numbers and pieces of text, and no markup."""

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.contrib.admin.utils import quote
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.functional import cached_property
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from curation import differences
from curation.importing import headers, resources, states
from curation.importing.admin.forms import Unmatched
from curation.importing.columns import Column
from curation.importing.columns import Kind as ColumnKind
from curation.importing.resources import RecordResource, Sheet, State
from curation.models import Batch, Row

ON_A_PAGE = 50
CHECKS = "checks"  # the kind of loss that is no record students see
LISTED = 50  # of what students would lose, before “and 120 more”

Kind = Row.Kind
# What a preview always counts, in the order of its table; further kinds follow where there are some.
COUNTED = {
    Batch.Kind.IMPORT: (Kind.NEW, Kind.CHANGED, Kind.SAME, Kind.REJECTED),
    Batch.Kind.UNDO: (Kind.REMOVED, Kind.CHANGED, Kind.KEPT),
}
FIRST = (Kind.REJECTED, Kind.KEPT, Kind.CHANGED, Kind.REMOVED, Kind.NEW, Kind.SAME)  # what is shown unasked
ALL = "all"


def number(count: int) -> str:
    """12,000."""
    return number_format(count, use_l10n=True, force_grouping=True)


def listed(words: Iterable[str]) -> str:
    """“2 facts and 1 question”."""
    words = list(words)
    *first, last = words or [""]
    return _("%(first)s and %(last)s") % {"first": ", ".join(first), "last": last} if first else last


# --- what a batch is, and where it stands ---


def title(batch: Batch) -> str:
    if batch.kind == Batch.Kind.UNDO:
        return _("Batch %(number)d: undo of batch %(undone)d") % {"number": batch.pk, "undone": batch.undoes_id}
    return _("Batch %(number)d: %(file)s") % {"number": batch.pk, "file": batch.file_name or _("no file")}


def progress(batch: Batch) -> str:
    """How far a batch under way is, in words."""
    if batch.cancelling:
        return _("Being cancelled.")
    state, done, total = batch.state, number(batch.done), number(batch.total)
    if state == Batch.State.CHECKING and batch.total:
        return _("%(done)s of %(total)s rows checked.") % {"done": done, "total": total}
    if state == Batch.State.CHECKING:
        return ngettext("%(done)s row checked.", "%(done)s rows checked.", batch.done) % {"done": done}
    if state == Batch.State.WAITING:
        return _("Waiting to be checked.")
    if state == Batch.State.CONFIRMED:
        return _("Waiting to be applied.")
    return _("Applying. This can take some minutes; nothing is half done.")


def counts_in_words(batch: Batch) -> str:
    """“12 new · 3 changed · 40 same · 2 rejected”: what there is."""
    kinds = [kind for kind in _kinds(batch) if batch.count(kind)]
    return " · ".join(f"{number(batch.count(kind))} {kind_label(batch, kind)}" for kind in kinds)


def kind_label(batch: Batch, kind: str) -> str:
    if batch.kind == Batch.Kind.UNDO and kind == Kind.CHANGED:
        return _("restored")
    return str(Kind(kind).label)


def _kinds(batch: Batch) -> list[Kind]:
    always = COUNTED[Batch.Kind(batch.kind)]
    return [*always, *(kind for kind in FIRST if kind not in always and batch.count(kind))]


# --- what was found in the file ---


def found(batch: Batch) -> list[str]:
    """What the file turned out to be, and what of it is read, and what is not: a sentence each."""
    if not batch.found:
        return []
    words = [", ".join(map(str, batch.found.get("words", ())))]
    if left_out := batch.found.get("left_out"):
        text = ngettext("The sheet %(names)s is left out.", "The sheets %(names)s are left out.", len(left_out))
        words.append(text % {"names": headers.quoted(left_out)})
    for sheet in batch.found.get("sheets", ()) if batch.state != Batch.State.MAPPING else ():
        said = [*_renamed(sheet), *map(str, sheet.get("notes", ()))]
        words += [f"{capfirst(sheet['name'])}: {one}" for one in said] if len(batch.found["sheets"]) > 1 else said
    return [one for one in words if one]


def _renamed(sheet: Mapping[str, Any]) -> Iterator[str]:
    for header, column in zip(sheet.get("headers", ()), sheet.get("columns", ()), strict=False):
        if column and header != column:
            yield _("“%(header)s” is read as %(column)s.") % {"header": header, "column": column}


def unmatched(batch: Batch) -> list[Unmatched]:
    """The headers that are to be matched by hand: those of no column, and those of one that another is of, too."""
    return [one for sheet in batch.found.get("sheets", ()) for one in _unmatched(sheet)]


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


def about(batch: Batch) -> list[tuple[str, str]]:
    """What is known of a batch itself."""
    is_import = batch.kind == Batch.Kind.IMPORT
    lines = [
        (_("File"), batch.file_name),
        (_("SHA-256 of the file"), batch.sha256),
        (_("Size"), _size(batch.upload.size) if batch.upload else ""),
        (_("Imported from the page of"), batch.target if is_import else ""),
        (_("Uploaded by") if is_import else _("Asked for by"), batch.by),
        (_("On"), when(batch.created_at)),
        (_("Kept until"), when(batch.expires_at) if batch.state != Batch.State.APPLIED else ""),
        (_("Rows"), counts_in_words(batch)),
    ]
    return [(name, value) for name, value in lines if value]


def when(at: datetime.datetime | None) -> str:
    return date_format(timezone.localtime(at), "j F Y, H:i") if at else ""


def _size(size: int) -> str:
    return ngettext("%(size)s byte", "%(size)s bytes", size) % {"size": number(size)}


def megabytes(size: int) -> str:
    return _("%(size)s MB") % {"size": number(size // (1024 * 1024))}


def rejected(batch: Batch) -> list[tuple[str, str, str]]:
    """(sheet, how many, address of the file to mend) of each sheet with rejected rows."""
    address = reverse("admin:curation_batch_rejects", args=[batch.pk])
    return [
        (sheet, number(count), f"{address}?{urlencode({'sheet': sheet})}")
        for sheet, kinds in batch.counts.items()
        if (count := kinds.get(Kind.REJECTED))
    ]


def can_be_checked_again(batch: Batch) -> bool:
    if batch.kind == Batch.Kind.UNDO:
        return True
    return batch.upload is not None and batch.upload.expires_at >= timezone.now()


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
    if column.kind in (ColumnKind.KEYS, ColumnKind.NAMES):
        notes.append(_("one or several, with | between"))
    help_text = column.help or column.label
    if column.kind in (ColumnKind.KEY, ColumnKind.KEYS):
        thing = column.related._meta.verbose_name
        help_text = _("%(label)s: the %(key)s of a %(thing)s.") % {
            "label": column.label,
            "key": column.to,
            "thing": thing,
        }
    return {"name": column.name, "notes": notes, "help": help_text, "choices": column.choices}


# --- what students would lose ---


@dataclass(frozen=True)
class Loss:
    """Records of one kind that students would lose (`leaving`: key and words), the first of them listed."""

    name: str
    count: str
    in_words: str  # “2 facts”
    leaving: list[tuple[str, str]]
    more: str  # how many are not listed; "" for none


def losses(batch: Batch) -> list[Loss]:
    return [_loss(one) for one in batch.losses if one.get("leaving") and one.get("kind") != CHECKS]


def lapsing(batch: Batch) -> Loss | None:
    """The checks that would no longer count, as the words of what was changed are no longer those checked."""
    return next((_loss(one) for one in batch.losses if one.get("leaving") and one.get("kind") == CHECKS), None)


def _loss(one: Mapping[str, Any]) -> Loss:
    leaving = [(str(key), str(words)) for key, words in one["leaving"][:LISTED]]
    count = int(one.get("count") or len(one["leaving"]))
    return Loss(
        name=str(one.get("name", "")),
        count=number(count),
        in_words=f"{number(count)} {_noun(one, count)}",
        leaving=leaving,
        more=number(count - len(leaving)) if count > len(leaving) else "",
    )


def _noun(one: Mapping[str, Any], count: int) -> str:
    if one.get("kind") == CHECKS:
        return ngettext("check", "checks", count)
    try:
        options = apps.get_model(one.get("kind", ""))._meta
    except (LookupError, ValueError):
        return str(one.get("name", ""))
    return str(options.verbose_name if count == 1 else options.verbose_name_plural)


# --- what confirming does ---


def writes(batch: Batch) -> int:
    return batch.count(*Row.WRITTEN)


def confirm_words(batch: Batch) -> str:
    """What the button does: “Apply 12 new and 3 changed rows, and take 2 facts from students”."""
    new, changed, removed = (batch.count(kind) for kind in (Kind.NEW, Kind.CHANGED, Kind.REMOVED))
    does = _undo_words(new, changed, removed) if batch.kind == Batch.Kind.UNDO else _apply_words(new, changed)
    besides = []
    if lost := losses(batch):
        besides.append(_("take %(lost)s from students") % {"lost": listed(loss.in_words for loss in lost)})
    if lapse := lapsing(batch):
        besides.append(_("let %(lapse)s lapse") % {"lapse": lapse.in_words})
    if not besides:
        return does
    *first, last = [does, *besides]
    return _("%(first)s, and %(last)s") % {"first": ", ".join(first), "last": last}


def _apply_words(new: int, changed: int) -> str:
    kinds = [_("%(count)s new") % {"count": number(new)}] if new else []
    kinds += [_("%(count)s changed") % {"count": number(changed)}] if changed else []
    words = ngettext("Apply %(kinds)s row", "Apply %(kinds)s rows", new + changed)
    return words % {"kinds": listed(kinds)}


def _undo_words(new: int, changed: int, removed: int) -> str:
    parts = [_("remove %(count)s") % {"count": number(removed)}] if removed else []
    parts += [_("restore %(count)s") % {"count": number(changed)}] if changed else []
    parts += [_("bring back %(count)s") % {"count": number(new)}] if new else []
    return capfirst(_("%(what)s records") % {"what": listed(parts)})


# --- rows ---


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
            yield differences.Change(name, differences.pieces_of(Row, "", old, new), isinstance(old or new, list))


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
    lines: list[dict[str, Any]]


def moved(batch: Batch) -> list[Moved]:
    return [_moved(batch, one) for one in batch.stale]


def _moved(batch: Batch, one: Mapping[str, Any]) -> Moved:
    three = {name: one.get(name) or {} for name in ("before", "now", "after")}
    sheet = resources.sheets().get(one.get("sheet") or batch.target)
    lines = [
        {"name": name, **{which: lines_of(state.get(name)) for which, state in three.items()}}
        for name in names_shown(sheet, *three.values())
        if len({repr(state.get(name)) for state in three.values() if state}) > 1
    ]
    row = one.get("row")
    return Moved(where(row, row) if row else "", str(one.get("key", "")), str(one.get("message", "")), lines)


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
        return [kind_label(self.batch, kind) for kind in _kinds(self.batch)]

    @property
    def table(self) -> list[dict[str, Any]]:
        """For each sheet its counts, each with the address that shows these rows."""
        return [{"sheet": sheet, "cells": list(self._cells(sheet))} for sheet in self._in_order()]

    def _in_order(self) -> list[str]:
        known = list(resources.sheets())
        return sorted(self.batch.counts, key=lambda name: known.index(name) if name in known else len(known))

    def _cells(self, sheet: str) -> Iterator[dict[str, Any]]:
        for kind in _kinds(self.batch):
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
