"""Fields of the fact base whose text decides other columns."""

import unicodedata
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from curation.fields import DerivingField
from relations import dates


class EdtfField(DerivingField):
    """A date as ISO 8601-2 (EDTF) text, with its bounds in columns of their own for sorting and filtering.

    `earliest`, `latest` and `sort` name DateFields declared above this field. The bounds are null where a
    side is open or the date is unknown (the empty text); `sort` is never null: the latest bound, else the
    earliest, else 1 January 0001.
    """

    def __init__(self, *args: Any, earliest: str = "", latest: str = "", sort: str = "", **kwargs: Any) -> None:
        self.earliest, self.latest, self.sort = earliest, latest, sort
        kwargs.setdefault("max_length", 60)
        super().__init__(*args, **kwargs)

    def to_python(self, value: Any) -> Any:
        value = super().to_python(value)
        if value:
            value = value.strip()
            try:
                dates.parse(value)
            except dates.DateError as error:
                raise ValidationError(str(error), code="date") from error
        return value

    def derive(self, value: Any) -> dict[str, Any]:
        try:
            earliest, latest = dates.bounds(value.strip() if isinstance(value, str) else "")
        except dates.DateError:
            earliest, latest = None, None  # reported by to_python; nothing to sort by meanwhile
        columns: dict[str, Any] = {}
        if self.earliest:
            columns[self.earliest] = earliest
        if self.latest:
            columns[self.latest] = latest
        if self.sort:
            # By the first day it may be: “some time up to today”, of a page without a date, is not the newest of all.
            columns[self.sort] = earliest or latest or date.min
        return columns


class NameField(DerivingField):
    """A name, with a key to sort it by: ASCII letters and digits, lower case, whatever the collation."""

    def __init__(self, *args: Any, sort: str = "", **kwargs: Any) -> None:
        self.sort = sort
        kwargs.setdefault("max_length", 200)
        super().__init__(*args, **kwargs)

    def derive(self, value: Any) -> dict[str, Any]:
        return {self.sort: sort_key(value or "")} if self.sort else {}


def sort_key(name: str) -> str:
    """Fold `name` for sorting: “Énergie” → “energie”, “2+2” → “2 2”, “G-4” → “g 4”."""
    folded = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return " ".join("".join(letter if letter.isalnum() else " " for letter in folded).split())[:200]


def bound_field(**kwargs: Any) -> models.DateField:
    """A column that an EdtfField keeps: never edited, never serialized."""
    return models.DateField(null=True, blank=True, editable=False, serialize=False, **kwargs)


def sort_date_field() -> models.DateField:
    return models.DateField(default=date.min, editable=False, serialize=False)
