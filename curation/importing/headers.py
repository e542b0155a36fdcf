"""Which header of a file is which column of a sheet.

A header that is not a column's is never taken for one, however near it is: it is named with a suggestion, and a
person maps it (or leaves it out) by hand. Nor is a header passed over in silence: `Matched.words` says each.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from curation.importing import suggesting

REASON = "reason"  # the first column of a file of rejected rows, which comes back when they are mended


class ColumnLike(Protocol):
    """What is asked of a column. One that also has a `label` (“Holds during”) is found by it too."""

    @property
    def name(self) -> str: ...

    @property
    def readonly(self) -> bool: ...

    @property
    def required(self) -> bool: ...


@dataclass(slots=True)
class Matched:
    """What became of each header, and what that leaves open."""

    by_place: list[str | None] = field(default_factory=list)  # the column's name; None where nothing is read
    ignored: list[str] = field(default_factory=list)  # read-only columns of our own export
    left_out: list[str] = field(default_factory=list)  # headers mapped to "" by hand
    unknown: list[tuple[str, str]] = field(default_factory=list)  # header, and the column it may be or ""
    nameless: list[int] = field(default_factory=list)  # places, from 1, with an empty header
    doubled: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)  # column, and the headers that are it
    missing: list[str] = field(default_factory=list)  # columns that a new record needs

    @property
    def is_settled(self) -> bool:
        """Whether the file can be read: nothing to map, nothing twice.

        A file without a column in `missing` can: it can still change records that are there.
        """
        return not (self.unknown or self.nameless or self.doubled)

    def problems(self) -> list[str]:
        """What must be settled before the file is read, one sentence or two for each header."""
        return [*self._unknown(), *self._nameless(), *self._doubled()]

    def notes(self) -> list[str]:
        """What is not read, and what the file cannot do."""
        notes = []
        if self.ignored:
            text = ngettext(
                "The column %(columns)s is computed by the site: it is accepted and ignored.",
                "The columns %(columns)s are computed by the site: they are accepted and ignored.",
                len(self.ignored),
            )
            notes.append(text % {"columns": quoted(self.ignored)})
        if self.left_out:
            text = ngettext(
                "The column %(columns)s of the file is left out, as chosen.",
                "The columns %(columns)s of the file are left out, as chosen.",
                len(self.left_out),
            )
            notes.append(text % {"columns": quoted(self.left_out)})
        if self.missing:
            text = ngettext(
                "The file has no column %(columns)s. It can change records that are there; a new one needs it.",
                "The file has no columns %(columns)s. It can change records that are there; a new one needs them.",
                len(self.missing),
            )
            notes.append(text % {"columns": quoted(self.missing)})
        return notes

    def words(self) -> list[str]:
        """Everything a person should know, what must be settled first."""
        return self.problems() + self.notes()

    def _unknown(self) -> Iterator[str]:
        for header, suggestion in self.unknown:
            yield " ".join(
                filter(
                    None,
                    [
                        _("“%(header)s” is not a column of this sheet.") % {"header": suggesting.shortened(header)},
                        suggesting.did_you_mean(suggestion),
                        _("Choose the column it is, or leave it out."),
                    ],
                )
            )

    def _nameless(self) -> Iterator[str]:
        if self.nameless:
            text = ngettext(
                "Column %(places)s of the file has no header. Write one above it, or leave it out.",
                "Columns %(places)s of the file have no header. Write one above each, or leave them out.",
                len(self.nameless),
            )
            yield text % {"places": get_text_list([str(place) for place in self.nameless], _("and"))}

    def _doubled(self) -> Iterator[str]:
        for column, headers in self.doubled:
            text = _("The headers %(headers)s are the same column, “%(column)s”. Keep one of them.")
            yield text % {"headers": quoted(headers), "column": column}


def match(headers: Sequence[str], columns: Sequence[ColumnLike], mapping: Mapping[str, str] | None = None) -> Matched:
    """Find the column of each header: as mapped by hand, else by its exact name, else by name or label alike.

    Capitals, spaces, underscores and hyphens make no difference to what is alike. `mapping` goes from a header as
    the file has it to a column's name, or to "" to leave it out; a name that is no column's is as if not there.
    """
    names = {column.name: column for column in columns}
    alike = _alike(columns)
    chosen = {header.strip(): name for header, name in (mapping or {}).items() if name == "" or name in names}
    matched = Matched()
    used: dict[str, list[str]] = {}
    for place, header in enumerate((header.strip() for header in headers), start=1):
        if header in chosen:
            name: str | None = chosen[header]
        else:
            name = header if header in names else alike.get(_folded(header))
        matched.by_place.append(None)
        if name == "":
            matched.left_out.append(header)
        elif name is not None:
            used.setdefault(name, []).append(header)
            if names[name].readonly:
                matched.ignored.append(name)
            else:
                matched.by_place[-1] = name
        elif is_reason(header):
            matched.ignored.append(header)
        elif header:
            matched.unknown.append((header, ""))
        else:
            matched.nameless.append(place)
    matched.ignored = list(dict.fromkeys(matched.ignored))
    matched.left_out = list(dict.fromkeys(matched.left_out))
    matched.doubled = [(name, tuple(given)) for name, given in used.items() if len(given) > 1]
    # What a part needs is missing only from a file that has something of that part.
    parts = {"", *(_part(names[name]) for name in used)}
    matched.missing = [
        column.name
        for column in columns
        if column.required and not column.readonly and column.name not in used and _part(column) in parts
    ]
    free = [column for column in columns if column.name not in used]
    matched.unknown = [(header, _nearest(header, free)) for header in dict.fromkeys(dict(matched.unknown))]
    return matched


def is_reason(header: str) -> bool:
    return _folded(header) == REASON


def quoted(names: Sequence[str]) -> str:
    """“a”, “b” and “c”."""
    return get_text_list([f"“{suggesting.shortened(name)}”" for name in names], _("and"))


def _folded(text: str) -> str:
    """As headers are compared. Not `suggesting.folded`, to which “2+2” and “2-2” are one: nothing is guessed here."""
    return "".join(text.casefold().replace("_", " ").replace("-", " ").split())


def _part(column: ColumnLike) -> str:
    return str(getattr(column, "part", ""))


def _label(column: ColumnLike) -> str:
    return str(getattr(column, "label", "") or "")


def _alike(columns: Sequence[ColumnLike]) -> dict[str, str]:
    """Column names by what they and their labels are alike to; without labels that two columns share."""
    by_label: dict[str, str] = {}
    shared = set()
    for column in columns:
        label = _folded(_label(column))
        if label and by_label.setdefault(label, column.name) != column.name:
            shared.add(label)
    by_label = {label: name for label, name in by_label.items() if label not in shared}
    return by_label | {_folded(column.name): column.name for column in columns}


def _nearest(header: str, columns: Sequence[ColumnLike]) -> str:
    """The column whose name or label is nearest."""
    calls = {call: column.name for column in reversed(columns) for call in (_label(column), column.name) if call}
    return calls.get(suggesting.nearest(header, calls), "")
