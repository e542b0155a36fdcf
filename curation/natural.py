"""Natural keys: what fixtures, imports and addresses call a row by, instead of its number in one database."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import models

from curation.fields import DerivingQuerySet

Key = tuple[Any, ...]
Memory = dict[tuple[type[models.Model], str, Key], Any]  # rows by model, database alias and natural key

_remembered: ContextVar[Memory | None] = ContextVar("remembered_keys", default=None)


@contextmanager
def remembered_keys() -> Iterator[Memory]:
    """Look each natural key up once while this lasts, and not at all where it is put into the memory beforehand.

    Only for work that neither deletes rows nor changes their keys.
    """
    memory: Memory = {}
    token = _remembered.set(memory)
    try:
        yield memory
    finally:
        _remembered.reset(token)


class NaturalQuerySet(DerivingQuerySet):
    """Finds a row by the fields its model names in `natural_fields`."""

    def get_by_natural_key(self, *values: Any) -> Any:
        memory = _remembered.get()
        key = (self.model, self.db, values)
        if memory is not None and key in memory:
            return memory[key]
        row = self.get(**dict(zip(natural_fields(self.model), values, strict=True)))
        if memory is not None:
            memory[key] = row
        return row


def natural_fields(model: type[models.Model]) -> tuple[str, ...]:
    """The lookups that together name a row, such as ("fact__ref", "passage__ref"); () where there is none."""
    return getattr(model, "natural_fields", ())


def key_in(model: type[models.Model], fields: Mapping[str, Any]) -> Key | None:
    """The natural key of a row as a fixture writes its fields; None where these do not say it.

    A relation is written as the natural key of the other row, so that no row need be looked up for it.
    """
    key = [_part(model, name, fields) for name in natural_fields(model)]
    return tuple(key) if key and None not in key else None


def _part(model: type[models.Model], lookup: str, fields: Mapping[str, Any]) -> str | None:
    name, _, beyond = lookup.partition("__")
    value = fields.get(name)
    if beyond:
        names = natural_fields(model._meta.get_field(name).related_model)  # type: ignore[arg-type]
        value = dict(zip(names, value, strict=False)).get(beyond) if isinstance(value, list) else None
    return value if isinstance(value, str) else None
