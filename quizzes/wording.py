"""How a part of a question is worded: a fact's statement, or that statement with one change.

Pure: no ORM, no HTTP. A wrong statement is never typed; it is `span` of a true one, replaced.
"""

from dataclasses import dataclass


class NotOnce(ValueError):
    """The span does not occur exactly once in the statement; `times` says how often."""

    def __init__(self, times: int) -> None:
        super().__init__(times)
        self.times = times


@dataclass(frozen=True)
class Change:
    """One change inside a sentence: `old` as the question asks it, `new` as it is."""

    before: str
    old: str
    new: str
    after: str

    @property
    def asked(self) -> str:
        return self.before + self.old + self.after


def change(statement: str, span: str, replacement: str) -> Change:
    """Put `replacement` where `span` stands. Raises NotOnce."""
    times = statement.count(span) if span else 0
    if times != 1:
        raise NotOnce(times)
    before, _found, after = statement.partition(span)
    return Change(before, replacement, span, after)
