"""`kill -9` at random points of a worker or the web process: all or nothing is applied, and the page says which."""

import os
import signal
import subprocess
import time

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from curation.importing import applying, batches, checking, tasks, undoing
from curation.models import Batch, Revision
from tests import processes
from tests.curation.importing.faults import (
    NOTHING,
    SOME,
    all_of,
    apply,
    begun,
    chance,
    check,
    content,
    facts,
    forget,
    is_far,
    is_in,
    is_searchable,
    killed,
    objects,
    page,
    time_passes,
)
from tests.curation.importing.importing import kept, previewed

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("room")]

State = Batch.State


ROWS = 20_000


def test_worker_killed_while_checking_confirming_and_undoing_leaves_all_or_nothing():
    dice, whole = chance(), objects()
    batch = batches.start(kept(facts(ROWS)), target="facts", by="priya", on_site=False)

    # checking
    for done in (0, dice.randrange(1_000, ROWS // 2)):  # not in the last chunk, which may be over before the kill
        assert killed(lambda: tasks.work(checking.check, batch.pk), once=is_far(batch, done), after=dice.random() / 20)
        assert content() == NOTHING
        time_passes(batch)
        assert batch.shown_state in (State.INTERRUPTED, State.WAITING)
    assert "Interrupted, nothing written." in page(batch)
    check(batch)
    assert batch.counts == {"facts": {"new": ROWS}}
    assert batch.rows.count() == ROWS

    # applying
    applying.confirm(batch, by="priya", on_site=False)
    applies = lambda: tasks.work(applying.apply, batch.pk)  # noqa: E731
    for seconds in (0.0, dice.random() / 2, dice.random() * 2):
        if killed(applies, once=is_in(batch, State.APPLYING), after=seconds):
            batch.refresh_from_db()
            if batch.state != State.APPLIED:
                assert (batch.shown_state, content(), objects()) == (State.APPLYING, NOTHING, whole)
                time_passes(batch)
                assert batch.shown_state == State.INTERRUPTED
    if batch.state != State.APPLIED:
        assert "Interrupted, nothing written." in page(batch)
        apply(batch)
    assert (content(), objects()) == (all_of(ROWS), whole)

    # undoing
    undo = undoing.plan(batch, by="priya", on_site=False)
    done = dice.randrange(1_000, ROWS)
    killed(lambda: tasks.work(checking.check, undo.pk), once=is_far(undo, done), after=dice.random() / 20)
    time_passes(undo)
    if undo.state != State.PREVIEW:
        assert undo.shown_state == State.INTERRUPTED
        check(undo)
    assert undo.counts == {"facts": {"removed": ROWS}}
    applying.confirm(undo, by="priya", on_site=False)
    killed(lambda: tasks.work(applying.apply, undo.pk), once=is_in(undo, State.APPLYING), after=dice.random())
    time_passes(undo)
    if undo.state != State.APPLIED:
        assert (undo.shown_state, content()) == (State.INTERRUPTED, all_of(ROWS))
        apply(undo)
    assert content() == NOTHING | {"Revision": ROWS}  # the history stays
    assert objects() == whole
    Revision.objects.all().delete()
    assert is_searchable()


def test_interrupted_batch_is_checked_again_as_a_new_one_and_can_be_confirmed():
    batch = previewed(facts(SOME))
    applying.confirm(batch, by="priya", on_site=False)
    assert killed(lambda: tasks.work(applying.apply, batch.pk), once=is_in(batch, State.APPLYING))
    time_passes(batch)
    again = batches.again(batch, by="omar")
    assert Batch.objects.get(pk=batch.pk).state == State.CANCELLED
    if again.state == State.WAITING:
        check(again)
    assert again.counts == {"facts": {"new": SOME}}
    applying.confirm(again, by="omar", on_site=False)
    apply(again)
    assert content() == all_of(SOME)
    assert is_searchable()


def test_slow_worker_that_comes_to_itself_after_its_lease_writes_nothing():
    batch = previewed(facts(SOME))
    applying.confirm(batch, by="priya", on_site=False)
    child = begun(lambda: tasks.work(applying.apply, batch.pk))
    until = time.monotonic() + 60
    while not is_in(batch, State.APPLYING)() and time.monotonic() < until:
        time.sleep(0.01)
    os.kill(child, signal.SIGSTOP)
    other = Batch.objects.get(pk=batch.pk)
    if other.state == State.APPLYING and connection.vendor == "postgresql":
        time_passes(batch)  # on SQLite nobody can, while it holds the database
        assert batch.shown_state == State.INTERRUPTED
        os.kill(child, signal.SIGCONT)
        os.waitpid(child, 0)
        assert content() == NOTHING
        assert Batch.objects.get(pk=batch.pk).shown_state == State.INTERRUPTED
        return
    os.kill(child, signal.SIGCONT)
    os.waitpid(child, 0)
    assert (Batch.objects.get(pk=batch.pk).state, content()) == (State.APPLIED, all_of(SOME))


def test_web_process_killed_while_it_confirms_a_small_batch_leaves_all_or_nothing():
    dice, rows = chance(), facts(400)
    user = User.objects.create_superuser("priya")

    def confirm() -> None:
        client = Client()
        client.force_login(user)
        client.post(f"{batch.get_absolute_url().removesuffix('change/')}confirm/")

    for seconds in (0.05, *(dice.random() for _ in range(3))):
        batch = previewed(rows)
        killed(confirm, after=seconds)
        time_passes(batch)
        if batch.state == State.APPLIED:
            assert content() == all_of(400)
        else:
            assert content() == NOTHING
            assert batch.shown_state in (State.PREVIEW, State.CONFIRMED, State.INTERRUPTED)
            if batch.state == State.PREVIEW:
                applying.confirm(batch, by="priya")
            else:
                tasks.apply_batch.call(batch.pk)  # as a worker does: it is in the queue
            batch.refresh_from_db()
            assert (batch.state, content()) == (State.APPLIED, all_of(400))
        forget()


def test_killed_worker_of_the_queue_leaves_a_batch_that_its_page_calls_interrupted():
    batch = batches.start(kept(facts(8_000)), target="facts", by="priya")
    assert batch.state == State.WAITING
    worker = subprocess.Popen(**processes.command("db_worker", "--no-startup-delay", "--interval", "0.2"))
    until = time.monotonic() + 60
    while not is_far(batch, 1_000)() and time.monotonic() < until:
        time.sleep(0.01)
    worker.kill()
    worker.wait()
    time_passes(batch)
    assert (batch.shown_state, content()) == (State.INTERRUPTED, NOTHING)
    assert "Interrupted, nothing written." in page(batch)
    again = batches.again(batch, by="priya")
    processes.manage("db_worker", "--batch", "--no-startup-delay")
    again.refresh_from_db()
    assert (again.state, again.counts) == (State.PREVIEW, {"facts": {"new": 8_000}})
