"""Memory of work on many rows: what Python clears away of short-lived objects, and what SQLite holds of its file."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from django.db import connection

# A chunk of a thousand records makes less than this: its objects fall away with their last name, as nearly all do,
# before anybody looks for circles among them.
YOUNG = 100_000
CACHE = 49_152  # KiB of pages: an import was hardly faster with eight times as many

_lock = Lock()
_at_work = 0  # in how many threads
_before: tuple[int, int, int] = gc.get_threshold()


@contextmanager
def many_rows() -> Iterator[None]:
    """Have the garbage collector leave alone what there is already, and look at what is new seldom.

    A tenth of an import is saved by that. Also as a decorator; whoever leaves last puts back what there was.
    """
    global _at_work, _before
    with _lock:
        if not _at_work:
            _before = gc.get_threshold()
            gc.freeze()
            gc.set_threshold(YOUNG, *_before[1:])
        _at_work += 1
    try:
        with page_cache(CACHE):
            yield
    finally:
        with _lock:
            _at_work -= 1
            if not _at_work:
                gc.set_threshold(*_before)
                gc.unfreeze()


@contextmanager
def page_cache(size: int) -> Iterator[None]:
    """Let SQLite hold at most so many KiB of its pages meanwhile."""
    if connection.vendor != "sqlite":
        yield
        return
    connection.ensure_connection()
    before = connection.connection.execute("PRAGMA cache_size").fetchone()[0]
    connection.connection.execute(f"PRAGMA cache_size = -{size}")
    try:
        yield
    finally:
        if connection.connection is not None:  # else the next one begins with its own
            connection.connection.execute(f"PRAGMA cache_size = {before}")
