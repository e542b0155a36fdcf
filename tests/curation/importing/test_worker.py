"""The life of a worker: how it ends, and that it then gives back what it is at."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest
from django.db import transaction
from django_tasks_db.models import DBTaskResult

from curation.importing import batches, tasks, uploads
from curation.management.commands import db_worker
from curation.models import Batch
from tests import processes
from tests.curation.importing.importing import sources_csv

pytestmark = pytest.mark.django_db(transaction=True)

State = Batch.State


@pytest.fixture
def running() -> Iterator[list[subprocess.Popen]]:
    """Processes of this test; none outlives it."""
    processes: list[subprocess.Popen] = []
    yield processes
    for process in processes:
        process.kill()
        process.wait()


@pytest.fixture
def worker(running) -> Callable[..., subprocess.Popen]:
    """Start one, and return it when it has done what was in the queue."""

    def start(*arguments: str) -> subprocess.Popen:
        upload = uploads.keep(sources_csv(3), by="esha")
        batch = Batch.objects.create(target="sources", by="esha", upload=upload)
        tasks.check_batch.enqueue(batch.pk)
        asked = ["db_worker", "--no-startup-delay", "--interval", "0.2", "--verbosity", "0", *arguments]
        running.append(subprocess.Popen(**processes.command(*asked)))
        wait_until(lambda: not DBTaskResult.objects.exclude(status="SUCCESSFUL").exists())
        return running[-1]

    return start


@pytest.fixture
def server(running) -> subprocess.Popen:
    running.append(subprocess.Popen(["/bin/sleep", "300"]))
    return running[-1]


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.1)


def end(process: subprocess.Popen) -> None:
    process.kill()
    process.wait()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_idle_worker_ends_when_told_to(worker, how):
    process = worker()
    os.kill(process.pid, how)
    assert process.wait(timeout=30) == 0


def test_worker_ends_with_the_server_it_stands_beside(worker, server):
    process = worker("--beside", str(server.pid))
    end(server)
    assert process.wait(timeout=30) == 0


@pytest.fixture
def at_work(worker, server) -> tuple[subprocess.Popen, Batch]:
    """A worker beside the server, and the batch that it has begun to check: the work of half a minute."""
    process = worker("--beside", str(server.pid))
    batch = batches.start(uploads.keep(sources_csv(100_000), by="esha"), target="sources", by="esha")
    wait_until(lambda: Batch.objects.get(pk=batch.pk).done > 0)
    batch.refresh_from_db()
    return process, batch


def assert_given_back(batch: Batch) -> None:
    """Its lease was cut short: it did not run out."""
    found = Batch.objects.get(pk=batch.pk)
    assert (found.state, found.shown_state) == (State.CHECKING, State.INTERRUPTED)
    assert found.lease_until < batch.lease_until


def test_worker_whose_server_has_gone_gives_back_what_it_is_at(at_work, server):
    """It does not go on for minutes when `make run` is stopped."""
    process, batch = at_work
    end(server)
    process.wait(timeout=30)
    assert_given_back(batch)


def test_worker_that_waits_for_a_lock_when_its_server_goes_gives_back_what_it_is_at(at_work, server):
    """Python sees no signal while SQLite waits, and of two of a kind it then sees one."""
    process, batch = at_work
    with transaction.atomic():
        Batch.objects.filter(pk=batch.pk).update(by="esha")
        end(server)
        time.sleep(4 * db_worker.SECONDS)  # it has looked, and asked twice
    process.wait(timeout=30)
    assert_given_back(batch)
