"""Marks, exact. Pure: no ORM, no HTTP.

The rule is the one printed on the Commission's General Studies paper: two marks for a right answer,
a third of them off for a wrong one, nothing for a blank, and "if a candidate gives more than one
answer, it will be treated as a wrong answer even if one of the given answers happens to be correct".
"""

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

MINUS = "\N{MINUS SIGN}"
PLACES = 2
_UNIT = 10**PLACES


class Outcome(StrEnum):
    RIGHT = "right"
    WRONG = "wrong"
    BLANK = "blank"


@dataclass(frozen=True)
class MarkingScheme:
    """What one question earns, by outcome. Penalties are negative."""

    right: Fraction = Fraction(2)
    wrong: Fraction = Fraction(-2, 3)
    blank: Fraction = Fraction(0)

    def outcome(self, chosen: Collection[str], key: str) -> Outcome:
        if not chosen:
            return Outcome.BLANK
        return Outcome.RIGHT if set(chosen) == {key} else Outcome.WRONG

    def mark(self, outcome: Outcome) -> Fraction:
        return {Outcome.RIGHT: self.right, Outcome.WRONG: self.wrong, Outcome.BLANK: self.blank}[outcome]

    def out_of(self, questions: int) -> Fraction:
        return self.right * questions


PRELIMS = MarkingScheme()


@dataclass(frozen=True)
class Line:
    """One line of a result: how many questions came out so, and their marks in whole hundredths."""

    outcome: Outcome
    count: int
    marks: Fraction

    @property
    def shown(self) -> str:
        return display(self.marks)


@dataclass(frozen=True)
class Result:
    """A score that adds up on the page: the lines' marks, whole hundredths, sum to the shown score.

    `total` is exact.
    """

    lines: tuple[Line, ...]
    total: Fraction
    of: Fraction

    @property
    def score(self) -> str:
        return display(self.total, signed=False)

    @property
    def out_of(self) -> str:
        return display(self.of, signed=False, whole=True)


def total(marks: Iterable[Fraction]) -> Fraction:
    return sum(marks, start=Fraction(0))


def result(marked: Sequence[tuple[Outcome, Fraction]], *, out_of: Fraction) -> Result:
    """Right, wrong and blank with their marks. `marked` has one pair for each question that counts.

    The total is rounded first; then the lines are rounded so that they sum to it.
    """
    exact = [total(mark for outcome, mark in marked if outcome is line) for line in Outcome]
    shown = fit(exact)
    counts = [sum(outcome is line for outcome, _ in marked) for line in Outcome]
    lines = tuple(Line(*line) for line in zip(Outcome, counts, shown, strict=True))
    return Result(lines, total(exact), out_of)


def fit(amounts: Sequence[Fraction]) -> list[Fraction]:
    """The amounts at two decimals, summing to their rounded total (largest remainder).

    Each stays within 0.01 of what it was, and an amount that needs no rounding is left alone.
    """
    units = [amount * _UNIT for amount in amounts]
    floors = [math.floor(unit) for unit in units]
    short = _rounded(total(units)) - sum(floors)
    by_remainder = sorted(range(len(units)), key=lambda i: (floors[i] - units[i], i))
    for index in by_remainder[:short]:
        floors[index] += 1
    return [Fraction(floor, _UNIT) for floor in floors]


def display(amount: Fraction, *, signed: bool = True, whole: bool = False) -> str:
    """+2.00, −0.67, 0.00: two decimals, halves away from zero, the real minus sign.

    `signed=False` leaves the plus out; `whole=True` leaves ".00" out.
    """
    units = _rounded(amount * _UNIT)
    sign = MINUS if units < 0 else "+" if signed and units > 0 else ""
    ones, hundredths = divmod(abs(units), _UNIT)
    return f"{sign}{ones}" if whole and not hundredths else f"{sign}{ones}.{hundredths:02d}"


def _rounded(amount: Fraction) -> int:
    """The nearest whole number, halves away from zero."""
    nearest = math.floor(abs(amount) + Fraction(1, 2))
    return nearest if amount >= 0 else -nearest
