"""Natural keys: what fixtures, imports and addresses call a row by, instead of its number in one database."""

from typing import Any

from django.db import models

from curation.fields import DerivingQuerySet


class NaturalManager(models.Manager.from_queryset(DerivingQuerySet)):  # type: ignore[misc]
    """Finds a row by the fields its model names in `natural_fields`."""

    def get_by_natural_key(self, *values: Any) -> Any:
        return self.get(**dict(zip(self.model.natural_fields, values, strict=True)))
