"""Who works on a batch: one at a time, and whose lease is over writes nothing more."""

import threading
import uuid

import pytest
from django.db import connection, transaction
from django.utils import timezone

from curation.importing import leases
from curation.importing.leases import CancelAsked, LeaseLost, Outcome
from curation.models import Batch
from curation.models.batches import after
from relations.models import Source
from tests import factories

pytestmark = pytest.mark.django_db

State = Batch.State
CHECK = {"state_from": State.WAITING, "state_to": State.CHECKING, "seconds": 60}


def waiting(**fields) -> Batch:
    return Batch.objects.create(**{"target": "sources", "by": "esha"} | fields)


def taken(**fields) -> tuple[Batch, uuid.UUID]:
    batch = waiting(**fields)
    lease = leases.take(batch, **CHECK)
    assert lease is not None
    return batch, lease


def run_out(batch: Batch) -> None:
    Batch.objects.filter(pk=batch.pk).update(lease_until=after(seconds=-1))


def stored(batch: Batch) -> tuple[str, bool]:
    """Its state, and whether somebody holds it."""
    found = Batch.objects.get(pk=batch.pk)
    return found.state, found.lease is not None


def test_who_takes_a_batch_holds_it():
    batch, lease = taken()
    found = Batch.objects.get(pk=batch.pk)
    assert (found.state, found.lease, found.lease_ran_out) == (State.CHECKING, lease, False)
    assert (batch.state, batch.lease, batch.lease_until) == (found.state, found.lease, found.lease_until)


def test_second_taker_gets_nothing():
    batch, lease = taken()
    assert leases.take(batch, **CHECK) is None
    assert Batch.objects.get(pk=batch.pk).lease == lease


@pytest.mark.parametrize("state", [State.MAPPING, State.PREVIEW, State.REFUSED, State.CANCELLED, State.STALE])
def test_batch_that_does_not_wait_is_not_taken(state):
    batch = waiting(state=state)
    assert leases.take(batch, **CHECK) is None
    assert stored(batch) == (state, False)


@pytest.mark.django_db(transaction=True)
def test_of_many_takers_one_gets_the_batch():
    batch = waiting()
    got: list[uuid.UUID | None] = []
    start = threading.Barrier(8)

    def take() -> None:
        mine = Batch.objects.get(pk=batch.pk)
        start.wait()
        got.append(leases.take(mine, **CHECK))
        connection.close()

    takers = [threading.Thread(target=take) for _ in range(8)]
    for taker in takers:
        taker.start()
    for taker in takers:
        taker.join()

    assert [lease for lease in got if lease] == [Batch.objects.get(pk=batch.pk).lease]
    assert len(got) == 8


def test_batch_left_behind_is_taken_and_its_first_worker_writes_nothing_more():
    batch, first = taken()
    run_out(batch)
    second = leases.take(Batch.objects.get(pk=batch.pk), **CHECK)

    assert second not in (None, first)
    assert leases.renew(batch, first) == Outcome.LOST
    with pytest.raises(LeaseLost):
        leases.finish(batch, first, State.PREVIEW)
    assert Batch.objects.get(pk=batch.pk).lease == second


def test_renewing_holds_it_longer_and_says_how_far_it_is():
    batch, lease = taken()
    before = batch.lease_until
    assert leases.renew(batch, lease, done=500, total=2000) == Outcome.KEPT
    found = Batch.objects.get(pk=batch.pk)
    assert (found.done, found.total, found.lease_until > before) == (500, 2000, True)
    assert (batch.done, batch.total) == (500, 2000)
    assert leases.renew(batch, lease, done=1000) == Outcome.KEPT
    found.refresh_from_db()
    assert (found.done, found.total) == (1000, 2000)


def test_lease_that_ran_out_is_not_renewed_even_where_nobody_took_it():
    """Its page has read "interrupted" by then."""
    batch, lease = taken()
    run_out(batch)
    assert leases.renew(batch, lease) == Outcome.LOST


def test_renewing_tells_of_a_cancelling():
    batch, lease = taken()
    Batch.objects.filter(pk=batch.pk).update(cancelling=True)
    assert leases.renew(batch, lease, done=500) == Outcome.CANCELLED
    assert Batch.objects.get(pk=batch.pk).done == 0


def test_finishing_turns_the_state_and_gives_the_batch_back():
    batch, lease = taken()
    now = timezone.now()
    leases.finish(batch, lease, State.PREVIEW, checked_at=now, counts={"sources": {"new": 1}})
    found = Batch.objects.get(pk=batch.pk)
    assert (found.state, found.lease, found.lease_until) == (State.PREVIEW, None, None)
    assert (found.checked_at, found.counts) == (now, {"sources": {"new": 1}})
    assert (batch.state, batch.lease, batch.checked_at) == (State.PREVIEW, None, now)
    with pytest.raises(LeaseLost):
        leases.finish(batch, lease, State.APPLIED)


@pytest.mark.parametrize("seconds", [-1, leases.GRACE - 1])
def test_finishing_late_rolls_back_what_was_written(seconds):
    """Late is also just before the end: it may be over by the time the commit is."""
    batch, lease = taken()
    Batch.objects.filter(pk=batch.pk).update(lease_until=after(seconds=seconds))

    @transaction.atomic
    def write() -> None:
        factories.SourceFactory()
        leases.finish(batch, lease, State.APPLIED, applied_at=timezone.now())

    with pytest.raises(LeaseLost):
        write()
    assert (Source.objects.exists(), stored(batch)[0]) == (False, State.CHECKING)


def test_cancelling_wins_over_a_check_that_is_just_done():
    batch, lease = taken()
    Batch.objects.filter(pk=batch.pk).update(cancelling=True)
    with pytest.raises(CancelAsked):
        leases.finish(batch, lease, State.PREVIEW)
    leases.finish(batch, lease, State.CANCELLED)
    assert stored(batch) == (State.CANCELLED, False)


def test_released_batch_reads_interrupted_at_once():
    batch, lease = taken()
    leases.release(batch)
    found = Batch.objects.get(pk=batch.pk)
    assert (found.shown_state, leases.renew(batch, lease)) == (State.INTERRUPTED, Outcome.LOST)


def test_releasing_does_not_touch_another_ones_lease():
    batch, _lease = taken()
    run_out(batch)
    other = Batch.objects.get(pk=batch.pk)
    leases.take(other, **CHECK)
    leases.release(batch)
    assert Batch.objects.get(pk=batch.pk).lease_until == other.lease_until


def test_applying_many_rows_may_take_longer():
    assert (leases.applying(0), leases.applying(100_000)) == (60, 393)
