"""Natural keys: what fixtures, imports and addresses call a row by, instead of its number in one database."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from curation.fields import DerivingQuerySet

_remembered: ContextVar[dict[Any, Any] | None] = ContextVar("remembered_keys", default=None)


@contextmanager
def remembered_keys() -> Iterator[None]:
    """Look each natural key up once while this lasts: loading 755 objects asks for the same 150 keys 1,500 times.

    Only for work that neither deletes rows nor changes their keys.
    """
    token = _remembered.set({})
    try:
        yield
    finally:
        _remembered.reset(token)


class NaturalQuerySet(DerivingQuerySet):
    """Finds a row by the fields its model names in `natural_fields`."""

    def get_by_natural_key(self, *values: Any) -> Any:
        memory = _remembered.get()
        key = (self.model, self.db, values)
        if memory is not None and key in memory:
            return memory[key]
        names: tuple[str, ...] = self.model.natural_fields  # type: ignore[attr-defined]
        row = self.get(**dict(zip(names, values, strict=True)))
        if memory is not None:
            memory[key] = row
        return row
