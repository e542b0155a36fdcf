"""What a report is made of."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One thing to look at: which record (`fact`, `acsa-ij-001`), what is wrong with it, what to do."""

    kind: str
    key: str
    wrong: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Section:
    """`must_be_clean`: any row is a mistake; otherwise each row is to be explained, and may stay."""

    name: str
    title: str
    must_be_clean: bool
    rows: tuple[Row, ...]


def clean(name: str, title: str, rows: Iterable[Row]) -> Section:
    """A section whose every row is a mistake."""
    return Section(name, title, True, tuple(rows))


def to_explain(name: str, title: str, rows: Iterable[Row]) -> Section:
    """A section whose rows may be right."""
    return Section(name, title, False, tuple(rows))
