"""Reuse of what was computed until the content changes: cached values and 304 answers."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from django.core.cache import cache
from django.db import connection, transaction
from django.utils import timezone, translation

from curation.models import Stamp

T = TypeVar("T")


def state() -> str:
    """Name the state of the content: the stamp, and the day (in TIME_ZONE), since validity turns with it."""
    return f"{Stamp.read()}-{timezone.localdate().isoformat()}"


def hold() -> None:
    """Be the one who writes content until this transaction ends, as its first write makes it anyhow.

    For what must be read and written by one at a time and has no row to lock; SQLite holds the whole database.
    """
    Stamp.objects.select_for_update().filter(pk=1).first()


@contextmanager
def writing() -> Iterator[None]:
    """A transaction that writes content (also as a decorator): it holds the stamp before it holds any row.

    Every write of content ends up waiting for the stamp. One that held a row while it waited, and another that had
    the stamp and came for that row, would wait for each other, and PostgreSQL would end one of them.
    """
    with transaction.atomic():
        hold()
        yield


def cached(name: str, compute: Callable[[], T]) -> T:
    """Return `compute()`, kept for as long as neither the content nor the day changes.

    Inside a transaction nothing is kept: its stamp may be rolled back and then be used again.
    """
    if connection.in_atomic_block:
        return compute()
    key = f"content:{state()}:{translation.get_language()}:{hashlib.sha256(name.encode()).hexdigest()}"
    return cache.get_or_set(key, compute, timeout=86_400)  # type: ignore[return-value]
