"""Lines of a sheet gathered into records: what a record says, and its parts on further lines.

A record with several parts repeats its key on each line, or leaves the cells of the record blank on all but the
first. What the further lines say of the record itself must be blank or the same.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from curation.importing.resources import Sheet

Problem = dict[str, Any]  # {"row", "column", "value", "message"}, as curation.models.Row keeps it
SHOWN = 200  # characters of a cell that a message repeats


def problem(row: int, column: str, value: str, message: str) -> Problem:
    return {"row": row, "column": column, "value": value[:SHOWN], "message": message}


@dataclass(slots=True)
class PartLine:
    number: int
    cells: dict[str, str]


@dataclass(slots=True)
class Record:
    number: int
    last_number: int
    cells: dict[str, str]  # by column; blank ones are left out
    parts: list[PartLine]
    problems: list[Problem] = field(default_factory=list)


class Gathering:
    """Gathers the lines of one sheet, whose cells stand at the places that `by_place` names."""

    def __init__(self, sheet: Sheet, by_place: list[str | None], headers: list[str]) -> None:
        self.sheet, self.headers = sheet, headers
        named = [(place, name) for place, name in enumerate(by_place) if name is not None]
        columns = sheet.columns
        self.own = [(place, name) for place, name in named if name in sheet.own and not columns[name].readonly]
        self.of_parts = [
            (place, name) for place, name in named if name in sheet.of_parts and not columns[name].readonly
        ]
        self.key_place = next((place for place, name in self.own if name == sheet.key), None)

    def records(self, lines: Iterable[Any]) -> Iterator[Record]:
        current: Record | None = None
        for line in lines:
            if current is not None and self._goes_on(current, line.cells):
                self._go_on(current, line)
                continue
            if current is not None:
                yield current
            current = self._begin(line)
        if current is not None:
            yield current

    def _begin(self, line: Any) -> Record:
        cells = line.cells
        own = {name: cells[place] for place, name in self.own if cells[place]}
        record = Record(line.number, line.number, own, [])
        self._add_part(record, line)
        return record

    def _goes_on(self, current: Record, cells: list[str]) -> bool:
        """A further line of the record: with its key, or with nothing of the record and something of a part."""
        if not self.of_parts:
            return False
        key = cells[self.key_place] if self.key_place is not None else ""
        if key:
            return key == current.cells.get(self.sheet.key)
        if any(cells[place] for place, _name in self.own):
            return False
        return any(cells[place] for place, _name in self.of_parts)

    def _go_on(self, current: Record, line: Any) -> None:
        current.last_number = line.number
        for place, name in self.own:
            cell = line.cells[place]
            if cell and cell != current.cells.get(name):
                first = current.cells.get(name, "")
                message = _(
                    "Row %(first)s of the same record says “%(said)s” here. "
                    "Write the same here or leave it blank; another record needs another key."
                )
                current.problems.append(
                    problem(line.number, name, cell, message % {"first": current.number, "said": first[:SHOWN]})
                )
        self._add_part(current, line)

    def _add_part(self, record: Record, line: Any) -> None:
        part = {name: line.cells[place] for place, name in self.of_parts if line.cells[place]}
        if part:
            record.parts.append(PartLine(line.number, part))
        for one in line.problems:
            header = self.headers[one.column] if one.column is not None and one.column < len(self.headers) else ""
            record.problems.append(problem(line.number, header, one.value, one.message))
