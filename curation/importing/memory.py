"""Work that makes hundreds of thousands of short-lived objects, while the many that a process has anyhow stay."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def at_rest() -> Iterator[None]:
    """Have the garbage collector leave alone what there is already (also as a decorator): a twentieth of an import."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
