"""The records of a query, some thousands at a time, as their columns.

Which records there are is asked once, at the beginning, and kept as primary keys (8 bytes each); their values are
then read chunk by chunk, in as many queries as there are tables. No cursor stays open between chunks.
"""

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from django.db import models

from curation.importing.columns import Column, Kind
from curation.importing.memory import page_cache
from curation.importing.resources import Part, Sheet
from curation.importing.stored.states import list_query, lookup

CHUNK = 2_000
CACHE = 8_192  # KiB: all pages are read once, so that an export is as fast with few at hand

Values = Sequence[Any]
Showing = Callable[[Column], Callable[[Values], Values]]  # for a column, how its values are to stand in the file


@dataclass
class Chunk:
    """`own` has a list for each column, in the order of the records; `parts` for each kind of part those of each."""

    pks: Sequence[Any]
    own: list[Values]
    parts: list[dict[Any, list[tuple[Any, ...]]]]


class Chunks:
    """Reads what the columns of a sheet hold. `shown` makes of it what stands in the file."""

    def __init__(self, sheet: Sheet, shown: Showing, *, with_parts: bool = True) -> None:
        self.resource = sheet.resource
        self.own = list(sheet.own.values())
        self.parts: list[tuple[Part, list[Column]]] = [
            (part, self.resource.part_columns[part.name])
            for part in ([sheet.part] if sheet.part else self.resource.parts if with_parts else ())
        ]
        self.single = [column for column in self.own if column.kind in (Kind.TEXT, Kind.KEY)]
        self.lookups = [lookup(column) for column in self.single]
        self.show = {id(column): shown(column) for column in self.own}
        self.show |= {id(column): shown(column) for _part, columns in self.parts for column in columns}

    def __call__(self, rows: models.QuerySet) -> Iterator[Chunk]:
        with page_cache(CACHE):
            pks = self._pks(rows)
            for start in range(0, len(pks), CHUNK):
                chunk = self._read(list(pks[start : start + CHUNK]))
                if chunk.pks:
                    yield chunk

    def _pks(self, rows: models.QuerySet) -> Sequence[Any]:
        """Of the rows, in the order of their keys, each once though a join may give it several times."""
        if rows.query.is_sliced or rows.query.combinator:
            rows = self.resource.model._default_manager.filter(pk__in=list(rows.values_list("pk", flat=True)))
        asked = rows.order_by(self.resource.key).values_list("pk", flat=True).iterator(chunk_size=10_000)
        first = next(asked, None)
        pks: Any = array("q") if isinstance(first, int) else []
        last = object()
        while first is not None:
            if first != last:
                pks.append(first)
            first, last = next(asked, None), first
        return pks

    def _read(self, pks: list[Any]) -> Chunk:
        rows = self.resource.model._default_manager.filter(pk__among=_unlooked_at(pks)).order_by()
        by_pk = {row[0]: row for row in rows.values_list("pk", *self.lookups)}
        found = [by_pk[pk] for pk in pks if pk in by_pk]  # what was deleted meanwhile is left out
        if not found:
            return Chunk([], [], [])
        pks, *values = (list(column) for column in zip(*found, strict=True))
        single = iter(values)
        own = [
            self.show[id(column)](next(single) if column in self.single else self._lists(column, pks))
            for column in self.own
        ]
        return Chunk(pks, own, [self._parts(part, columns, pks) for part, columns in self.parts])

    def _lists(self, column: Column, pks: list[Any]) -> Values:
        found: dict[Any, list[str]] = defaultdict(list)
        for pk, value in list_query(column, _unlooked_at(pks)):
            found[pk].append(value)
        for values in found.values():
            if len(values) > 1:
                values.sort()
        nothing: list[str] = []
        return [found.get(pk, nothing) for pk in pks]

    def _parts(self, part: Part, columns: list[Column], pks: list[Any]) -> dict[Any, list[tuple[Any, ...]]]:
        model = part.resource._meta.model
        lookups = [lookup(column) for column in columns]
        rows = model._default_manager.filter(**{f"{part.parent}__among": _unlooked_at(pks)}).order_by()
        found = list(rows.values_list(f"{part.parent}_id", *lookups))
        if not found:
            return {}
        parents, *values = zip(*found, strict=True)
        shown = [self.show[id(column)](some) for column, some in zip(columns, values, strict=True)]
        of: dict[Any, list[tuple[Any, ...]]] = defaultdict(list)
        for parent, one in zip(parents, zip(*shown, strict=True), strict=True):
            of[parent].append(one)
        by_identity = itemgetter(next(i for i, column in enumerate(columns) if column.name == part.identity))
        for several in of.values():
            if len(several) > 1:
                several.sort(key=by_identity)
        return of


def _unlooked_at(pks: list[Any]) -> Any:
    """As something that is no list: into each value of one Django looks for an expression."""
    return dict.fromkeys(pks)
