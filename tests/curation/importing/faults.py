"""Processes that are killed, and what must hold in between: for the tests of faults."""

import os
import random
import signal
import time
import traceback
from collections.abc import Callable

from django.contrib.auth.models import User
from django.db import connection, connections
from django.test import Client
from django.utils import timezone

from curation.importing import applying, checking, tasks
from curation.models import Batch, Revision
from curation.models.batches import after
from relations.models import Citation, Fact
from relations.search import search
from tests.factories import published_fact

State = Batch.State
SOME = applying.SET_WISE + 500  # so many that the indexes are kept at the end


def facts(count: int) -> list[dict[str, str]]:
    return [
        {
            "ref": f"acsa-ij-{number:05d}", "subject": "acsa-ij", "statement": f"Number {number} was signed.",
            "topics": "trade", "passage": "daily/1", "anchor": "signed the agreement in the capital",
        }
        for number in range(count)
    ]  # fmt: skip


def content() -> dict[str, int]:
    models = (Fact, Citation, Fact.topics.through, Revision)
    return {model.__name__: model._default_manager.count() for model in models}


NOTHING = {"Fact": 0, "Citation": 0, "Fact_topics": 0, "Revision": 0}


def all_of(count: int) -> dict[str, int]:
    return dict.fromkeys(NOTHING, count)


# --- killing --------------------------------------------------------------------------------
def begun(work: Callable[[], object]) -> int:
    """The id of a process of its own in which `work` is done, with connections of its own."""
    connections.close_all()
    child = os.fork()
    if child:
        return child
    try:
        work()
        connections.close_all()
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def killed(work: Callable[[], object], *, after: float = 0, once: Callable[[], bool] = lambda: True) -> bool:
    """Whether `work` was killed before it was done: that long after `once` held."""
    child = begun(work)
    until = time.monotonic() + 60
    while not once() and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    _child, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or status == 0
    return os.WIFSIGNALED(status)


def time_passes(batch: Batch) -> None:
    """Until the lease of whoever was killed has run out."""
    Batch.objects.filter(pk=batch.pk).exclude(lease=None).update(lease_until=after(seconds=-1))
    batch.refresh_from_db()


def is_far(batch: Batch, done: int) -> Callable[[], bool]:
    return lambda: Batch.objects.filter(pk=batch.pk, done__gte=done).exists()


def is_in(batch: Batch, state: str) -> Callable[[], bool]:
    """Somebody holds it in that state: one whom an earlier kill left there does not count."""
    return lambda: Batch.objects.filter(pk=batch.pk, state=state, lease_until__gt=timezone.now()).exists()


def chance() -> random.Random:
    """A seed that a failure shows."""
    seed = random.randrange(1_000_000)
    print("seed", seed)
    return random.Random(seed)


# --- what must hold in between --------------------------------------------------------------
def objects() -> list[tuple[str, ...]]:
    """Triggers, indexes and tables, as the database names them, and whether they work."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name")
        else:
            cursor.execute("SELECT tgname, tgenabled::text FROM pg_trigger ORDER BY tgname, tgrelid")
        return cursor.fetchall()


def is_searchable() -> bool:
    """What somebody writes next is found, and the full-text index fits its table."""
    fact = published_fact(statement="The frigate Tabar sailed from Kochi.")
    found = [hit.fact.ref for hit in search("tabar").facts] == [fact.ref]
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL TABLE%fts5%'")
            for (name,) in cursor.fetchall():
                cursor.execute(f"INSERT INTO {name}({name}, rank) VALUES ('integrity-check', 1)")
    Revision.objects.filter(ref=fact.ref).delete()
    Citation.objects.filter(fact=fact).delete()
    fact.delete()
    return found


def page(batch: Batch) -> str:
    client = Client()
    client.force_login(User.objects.filter(is_superuser=True).first() or User.objects.create_superuser("root"))
    return client.get(batch.get_absolute_url()).content.decode()


def check(batch: Batch) -> None:
    tasks.work(checking.check, batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.problem) == (State.PREVIEW, "")


def apply(batch: Batch) -> None:
    tasks.work(applying.apply, batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.problem) == (State.APPLIED, "")


def forget() -> None:
    Citation.objects.all().delete()
    Fact.objects.all().delete()
    Revision.objects.all().delete()
