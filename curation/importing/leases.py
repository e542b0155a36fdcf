"""Who is working on a batch, and until when they may write.

Whoever takes a batch holds it for some seconds, and holds it longer by saying so. One who is killed says nothing
more: the lease runs out, the batch's page reads "interrupted, nothing written", and that is true from then on,
because `finish` refuses whose lease is over and is the last statement of the transaction that would have written.

Every function is one conditional UPDATE: of two who come at once, one finds no row.
The clocks of the machines that share a database may differ by GRACE.
"""

import datetime
import uuid
from enum import Enum
from typing import Any

from django.db.models import Q
from django.utils import timezone

from curation.models import Batch
from curation.models.batches import after

CHECKING = 60  # seconds to check a chunk in
GRACE = 10  # seconds before its end in which a lease no longer finishes anything: the commit takes time, too


class LeaseLost(Exception):
    """This worker's lease is over, or another one's: what it has not committed must not be."""


class CancelAsked(Exception):
    """Somebody wants this batch not to be checked any further."""


class Outcome(Enum):
    KEPT = "kept"
    LOST = "lost"
    CANCELLED = "cancelled"  # it is still ours, to tidy up and give back


def applying(rows: int) -> int:
    """Seconds to apply so many rows in. Nobody can prolong it: the one transaction is not seen before its end."""
    return 60 + rows // 300


def take(batch: Batch, *, state_from: str, state_to: str, seconds: int) -> uuid.UUID | None:
    """Be the one who works on a batch that waits, or that another has left behind; None where nobody is needed.

    What the one before has left of its rows is the taker's to remove.
    """
    now = timezone.now()
    free = Q(state=state_from) | Q(Q(lease_until=None) | Q(lease_until__lt=now), state=state_to)
    lease, until = uuid.uuid4(), after(seconds=seconds)
    if not Batch.objects.filter(free, pk=batch.pk).update(state=state_to, lease=lease, lease_until=until):
        return None
    batch.state, batch.lease, batch.lease_until = state_to, lease, until
    return lease


def renew(
    batch: Batch,
    lease: uuid.UUID,
    *,
    done: int | None = None,
    total: int | None = None,
    seconds: int = CHECKING,
) -> Outcome:
    """Hold the batch for longer, and say how far its check has come. What is not KEPT is not worked on any further."""
    said: dict[str, Any] = {"lease_until": after(seconds=seconds)}
    said |= {name: value for name, value in (("done", done), ("total", total)) if value is not None}
    if _held(batch, lease, timezone.now()).filter(cancelling=False).update(**said):
        _set(batch, said)
        return Outcome.KEPT
    return Outcome.CANCELLED if _held(batch, lease, timezone.now()).exists() else Outcome.LOST


def finish(batch: Batch, lease: uuid.UUID, state: str, **fields: Any) -> None:
    """Turn the batch's state and give it back, as the last statement of the transaction that wrote.

    Raises LeaseLost, or CancelAsked where somebody cancelled meanwhile: let either roll the transaction back.
    """
    now = timezone.now()
    enough = _held(batch, lease, now)
    if state != Batch.State.CANCELLED:
        enough = _held(batch, lease, now + datetime.timedelta(seconds=GRACE)).filter(cancelling=False)
    said = fields | {"state": state, "lease": None, "lease_until": None, "cancelling": False}
    if not enough.update(**said):
        if _held(batch, lease, now).filter(cancelling=True).exists():
            raise CancelAsked
        raise LeaseLost
    _set(batch, said)


def release(batch: Batch) -> None:
    """Let the lease that `batch` holds run out now: who worked is ending, and that need not be waited for."""
    if batch.lease:
        now = timezone.now()
        _held(batch, batch.lease, now).update(lease_until=now)


def _held(batch: Batch, lease: uuid.UUID, until: datetime.datetime) -> Any:
    return Batch.objects.filter(pk=batch.pk, lease=lease, state__in=Batch.AT_WORK, lease_until__gte=until)


def _set(batch: Batch, said: dict[str, Any]) -> None:
    for name, value in said.items():
        setattr(batch, name, value)
