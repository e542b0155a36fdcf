"""The columns that a model keeps, and their values, as `writing` takes them."""

from collections.abc import Sequence
from typing import Any

from django.db import models

Rows = list[tuple[Any, ...]]


def own_columns(model: type[models.Model]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields if not field.generated]


def values(rows: Sequence[models.Model], attnames: Sequence[str]) -> Rows:
    return [tuple(getattr(row, name) for name in attnames) for row in rows]
