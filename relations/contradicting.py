"""Whether two values of one property of one subject can both hold (DESIGN.md, “Property”). Pure.

The one rule of what contradicts. Whether a contradiction is known of, and how it is settled, is another
matter: that is what disagreements are for.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from relations import dates

Bounds = tuple[date | None, date | None]
Within = Callable[[str, str], bool]  # whether the entity with the first key is part of the second, at any remove


@dataclass(frozen=True, slots=True)
class Said:
    """What a fact says in property and value. `unit` is the fact's own, else the usual one of the property."""

    value: str
    value_type: str
    date_means: str
    unit: str = ""
    date: str = ""
    validity: str = ""


def contradict(one: Said, other: Said, *, within: Within) -> bool:
    """Whether the two, said of one subject under one property of which it has one value at a time, cannot both hold.

    What only happened once is compared whenever it is dated. Of what holds on a day, over a period or in
    somebody's words, two values contradict only where their dates share a day: a year holds its days, and a fact
    without a date may be of any.
    """
    if not _overlap(dates.bounds(one.validity), dates.bounds(other.validity)):
        return False
    if one.date_means != "happened" and not _overlap(dates.bounds(one.date), dates.bounds(other.date)):
        return False
    return _differ(one, other, within)


def _overlap(one: Bounds, other: Bounds) -> bool:
    """Whether a day lies in both; a bound that is None is open."""
    first = max(one[0] or date.min, other[0] or date.min)
    last = min(one[1] or date.max, other[1] or date.max)
    return first <= last


def _differ(one: Said, other: Said, within: Within) -> bool:
    if one.value_type == "date":
        return dates.certainly_before(one.value, other.value) or dates.certainly_before(other.value, one.value)
    if one.value_type == "number":
        # In two units (dollars and rupees, members and guests) nothing can be said without converting them.
        return one.unit == other.unit and _number(one.value) != _number(other.value)
    if one.value_type == "entity":
        # What is held in New Delhi is held in India.
        return one.value != other.value and not within(one.value, other.value) and not within(other.value, one.value)
    return " ".join(one.value.casefold().split()) != " ".join(other.value.casefold().split())


def _number(value: str) -> Decimal | str:
    """22.850 and 22.85 are one number; a text that is none is only equal to itself."""
    try:
        return Decimal(value)
    except InvalidOperation:
        return value
