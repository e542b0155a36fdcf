"""A record of the file on its way to being a row of the preview."""

from dataclasses import dataclass, field
from typing import Any

from curation.importing.planning.records import Problem, Record, problem
from curation.importing.resources import Part, State


@dataclass(slots=True, eq=False)
class PlannedPart:
    part: Part
    number: int
    given: dict[str, Any]
    state: State | None = None  # what it makes of the part


@dataclass(slots=True, eq=False)
class Plan:
    """One record on its way to being a row of the preview."""

    record: Record
    given: dict[str, Any] = field(default_factory=dict)
    parts: list[PlannedPart] = field(default_factory=list)
    key: str = ""
    before: State | None = None
    after: State | None = None
    pk: Any = None
    kind: str = ""
    problems: list[Problem] = field(default_factory=list)
    notes: list[dict[str, str]] = field(default_factory=list)
    waits: list[str] = field(default_factory=list)  # for records of this sheet that have not come yet
    leans: list[tuple[Any, str]] = field(default_factory=list)  # (model, key) of rows that this file makes

    def wrong(self, column: str, value: Any, message: str, number: int = 0) -> None:
        self.problems.append(problem(number or self.record.number, column, str(value), message))

    def note(self, message: str, url: str = "") -> None:
        self.notes.append({"message": message, "url": url})
