"""Digests of a row's own columns, made by the database and by Python alike.

A check binds itself to the digest of what was checked, so the digest must follow every write, raw SQL
included: it is a generated column. MD5 serves to notice a change, not to withstand an attacker, and is
the one digest that both SQLite (through Django) and PostgreSQL can compute in a generated column.
"""

import hashlib
from collections.abc import Iterable

from django.db.models import TextField, Value
from django.db.models.functions import MD5, Cast, Concat

SEPARATOR = "\x1f"  # the unit separator; forms strip control characters, so no text can imitate a boundary
SEPARATED = Value(SEPARATOR, output_field=TextField())


def digest_expression(*columns: str) -> MD5:
    """The expression of a generated column: MD5 over `columns`, in order; NULL counts as the empty text."""
    return MD5(_joined([Concat(Cast(column, TextField()), SEPARATED) for column in columns]))


def _joined(parts: list[Concat]) -> Concat:
    """Join as a balanced tree: SQLite's parser overflows on a chain as long as a fact has columns."""
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    return Concat(_joined(parts[:middle]), _joined(parts[middle:]), output_field=TextField())


def digest_of(values: Iterable[object]) -> str:
    """What the database computes for a row with these `values`."""
    text = "".join(("" if value is None else str(value)) + SEPARATOR for value in values)
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
