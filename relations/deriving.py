"""Columns that follow from a text in the same row (bounds of dates, keys to sort by), compared with that text.

Every write through Django keeps them in step; raw SQL, or a change of the rule, may not.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models

from curation.fields import DerivingField


@dataclass(frozen=True, slots=True)
class Difference:
    """A row whose columns do not follow from its text; `kept` and `derived` map columns to values."""

    model: type[models.Model]
    pk: Any
    field: str
    text: str
    kept: dict[str, Any]
    derived: dict[str, Any]

    def __str__(self) -> str:
        row = self.model._default_manager.get(pk=self.pk)
        key = row.natural_key()[0] if hasattr(row, "natural_key") else self.pk
        columns = ", ".join(f"{name} {self.kept[name]} → {self.derived[name]}" for name in self.kept)
        return f"{self.model._meta.verbose_name} {key}, “{self.text}”: {columns}"


def differences(app_label: str = "relations") -> Iterator[Difference]:
    """Every difference in the models of one app, in one pass over each deriving field."""
    for model in apps.get_app_config(app_label).get_models():
        for field in model._meta.local_fields:
            if isinstance(field, DerivingField) and (columns := list(field.derive(""))):
                yield from _differences(model, field, columns)


def _differences(model: type[models.Model], field: DerivingField, columns: list[str]) -> Iterator[Difference]:
    rows = model._default_manager.order_by("pk").values_list("pk", field.attname, *columns)
    for pk, text, *values in rows.iterator():
        kept, derived = dict(zip(columns, values, strict=True)), field.derive(text)
        if kept != derived:
            yield Difference(model, pk, field.attname, text, kept, derived)


def correct(found: list[Difference]) -> None:
    for one in found:
        one.model._default_manager.filter(pk=one.pk).update(**one.derived)
