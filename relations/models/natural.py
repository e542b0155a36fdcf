"""Natural keys: what fixtures, imports and addresses call a row by, instead of its number in one database."""

from typing import Any

from curation.fields import DerivingQuerySet


class NaturalQuerySet(DerivingQuerySet):
    """Finds a row by the fields its model names in `natural_fields`."""

    def get_by_natural_key(self, *values: Any) -> Any:
        names: tuple[str, ...] = self.model.natural_fields  # type: ignore[attr-defined]
        return self.get(**dict(zip(names, values, strict=True)))
