"""The cells of an export: one line for a record, and a further one for each part after the first.

A further line repeats the key and leaves the record's own cells blank, which is how an import knows it
(`curation.importing.planning.records`).
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.db import models

from curation.importing.columns import REMEMBERED, Column, Kind
from curation.importing.escaping import ESCAPES, escaped
from curation.importing.exporting.chunks import Chunk, Chunks, Values
from curation.importing.resources import Sheet

Line = tuple[str, ...]


def header(sheet: Sheet, *, with_parts: bool = True) -> list[str]:
    return list(sheet.columns if with_parts or sheet.part else sheet.own)


def lines(sheet: Sheet, rows: models.QuerySet, *, with_parts: bool = True) -> Iterator[list[Line]]:
    """The lines of the records in `rows`, a chunk at a time, in the order of their keys."""
    chunks = Chunks(sheet, showing, with_parts=with_parts)
    widths = [len(columns) for _part, columns in chunks.parts]
    place = [column.name for column in chunks.own].index(sheet.key)
    for chunk in chunks(rows):
        own = list(zip(*chunk.own, strict=True))
        if not widths:
            yield own
        elif sheet.part is not None:
            yield [(*mine, *one) for pk, mine in zip(chunk.pks, own, strict=True) for one in chunk.parts[0].get(pk, ())]
        else:
            yield list(_with_parts(chunk, own, widths, place))


def _with_parts(chunk: Chunk, own: list[Line], widths: list[int], place: int) -> Iterator[Line]:
    none: Line = ("",) * sum(widths)
    width = len(own[0])
    alone = len(widths) == 1
    for pk, mine in zip(chunk.pks, own, strict=True):
        if alone:
            parts: Sequence[Line] = chunk.parts[0].get(pk, ())
        else:
            parts = list(_side_by_side(chunk, pk, widths))
        if not parts:
            yield mine + none
            continue
        yield mine + parts[0]
        if len(parts) > 1:
            further = ("",) * place + (mine[place],) + ("",) * (width - place - 1)
            for part in parts[1:]:
                yield further + part


def _side_by_side(chunk: Chunk, pk: Any, widths: list[int]) -> Iterator[Line]:
    """Parts of several kinds: a line each, with the cells of the other kinds blank."""
    for kind, of in enumerate(chunk.parts):
        before, after = ("",) * sum(widths[:kind]), ("",) * sum(widths[kind + 1 :])
        for part in of.get(pk, ()):
            yield before + part + after


def showing(column: Column) -> Callable[[Values], Values]:
    """`Column.show` for many values at once."""
    if column.kind is Kind.KEY or (column.kind is Kind.TEXT and isinstance(column.model_field, _TEXTS)):
        return _texts
    memo: dict[Any, str] = {}

    def shown(values: Values) -> Values:
        if len(memo) > REMEMBERED:
            memo.clear()
        return [memo[one] if one in memo else memo.setdefault(one, column.show(one)) for one in values]

    def joined(values: Values) -> Values:
        if len(memo) > REMEMBERED:
            memo.clear()
        found = []
        for one in map(tuple, values):
            text = memo.get(one)
            if text is None:
                text = memo[one] = column.show(list(one))
            found.append(text)
        return found

    return joined if column.kind in (Kind.KEYS, Kind.NAMES) else shown


_TEXTS = (models.CharField, models.TextField)


def _texts(values: Values) -> Values:
    if not any(values):
        return [""] * len(values)
    # Few texts begin with what escapes begin with: the others are not looked at any further.
    return [(one if one[0] not in ESCAPES else escaped(one)) if one else "" for one in values]
