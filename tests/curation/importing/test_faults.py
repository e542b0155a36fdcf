"""Processes that are killed, editors who come at once, rows that go meanwhile, a full disk, a worker that is away.

Whatever happens, all of a batch is applied or nothing, and its page says which.
"""

import os
import random
import signal
import subprocess
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections
from django.test import Client
from django.utils import timezone

from curation.importing import applying, batches, checking, tasks, undoing
from curation.models import Batch, Revision, Row, Stamp
from curation.models.batches import after
from relations.models import Citation, Entity, Fact
from relations.search import search
from tests import processes
from tests.curation.importing.importing import imported, kept, previewed
from tests.factories import published_fact

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("room")]

State = Batch.State
ROWS = 20_000
SOME = applying.SET_WISE + 500  # so many that the indexes are kept at the end
NO_LIMIT = 2**31
FULL = "The disk of the database is full, so nothing was written. Ask who runs this site to make room."


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


# --- kill -9 --------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def large() -> list[dict[str, str]]:
    return facts(ROWS)


def test_worker_killed_while_checking_confirming_and_undoing_leaves_all_or_nothing(large):
    dice, whole = chance(), objects()
    batch = batches.start(kept(large), target="facts", by="priya", on_site=False)

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


def forget() -> None:
    Citation.objects.all().delete()
    Fact.objects.all().delete()
    Revision.objects.all().delete()


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


# --- two at once ----------------------------------------------------------------------------
def test_of_two_editors_who_confirm_overlapping_batches_at_once_one_is_told_both_versions():
    imported(facts(50))
    both = [previewed([row | {"note": note} for row in facts(50)]) for note in ("one", "two")]
    barrier, wrong = threading.Barrier(2), []

    def confirm(batch: Batch) -> None:
        try:
            barrier.wait()
            applying.confirm(batch, by=f"editor-{batch.pk}")
        except Exception as error:  # noqa: BLE001
            wrong.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=confirm, args=[batch]) for batch in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    for batch in both:
        batch.refresh_from_db()
    assert sorted(batch.state for batch in both) == [State.APPLIED, State.STALE]
    applied, stale = sorted(both, key=lambda batch: batch.state)
    note = applied.rows.first().after["note"]
    assert set(Fact.objects.values_list("note", flat=True)) == {note}
    assert len(stale.stale) == 50
    other = stale.rows.first().after["note"]
    assert [stale.stale[0][when]["note"] for when in ("before", "now", "after")] == ["", note, other]


def test_of_two_who_confirm_one_batch_at_once_one_applies_it():
    batch = previewed(facts(50))
    barrier = threading.Barrier(2)

    def confirm() -> None:
        mine = Batch.objects.get(pk=batch.pk)
        barrier.wait()
        applying.confirm(mine, by="priya")
        connections.close_all()

    threads = [threading.Thread(target=confirm) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    batch.refresh_from_db()
    assert (batch.state, content()) == (State.APPLIED, all_of(50))
    assert list(batch.steps.values_list("what", flat=True)).count("applied") == 1


def test_related_row_that_is_deleted_meanwhile_is_named_and_nothing_is_written():
    Entity.objects.create(slug="norway", name="Norway", kind="country")
    rows = facts(50)
    rows[30]["partners"] = "norway"
    batch = previewed(rows)
    Entity.objects.get(slug="norway").delete()
    applying.confirm(batch, by="priya")
    assert (batch.state, content()) == (State.STALE, NOTHING)
    assert [(one["row"], one["message"]) for one in batch.stale] == [(32, "“norway” is no longer there.")]
    assert "“norway” is no longer there." in page(batch)


# --- a full disk ----------------------------------------------------------------------------
@pytest.fixture
def room_for_little() -> Iterator[Callable[[], None]]:
    """A database file that may not grow, until the fixture that is returned is called."""

    def limited(pages: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute("VACUUM")  # what earlier tests have left free would be room
            cursor.execute(f"PRAGMA max_page_count={pages}")

    limited(1)  # no fewer than there are
    yield lambda: limited(NO_LIMIT)
    limited(NO_LIMIT)


@pytest.mark.sqlite
def test_full_disk_refuses_what_was_confirmed_in_plain_words(request, caplog):
    batch, whole, stamp = previewed(facts(SOME)), objects(), Stamp.read()
    applying.confirm(batch, by="priya", on_site=False)
    make_room = request.getfixturevalue("room_for_little")
    tasks.work(applying.apply, batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.problem) == (State.REFUSED, FULL)
    assert (content(), objects(), Stamp.read()) == (NOTHING, whole, stamp)
    assert [str(record.exc_info[1]) for record in caplog.records] == ["database or disk is full"]
    assert FULL in page(batch)
    make_room()
    again = batches.again(batch, by="priya")
    if again.state == State.WAITING:
        check(again)
    applying.confirm(again, by="priya", on_site=False)
    apply(again)
    assert content() == all_of(SOME)


@pytest.mark.sqlite
def test_full_disk_refuses_a_check_in_plain_words(request, caplog):
    batch = batches.start(kept(facts(SOME)), target="facts", by="priya", on_site=False)
    request.getfixturevalue("room_for_little")
    tasks.work(checking.check, batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.problem, Row.objects.count()) == (State.REFUSED, FULL, 0)


def may_mount() -> bool:
    """Whether a small disk can be made: only for who runs as root in a system of their own."""
    if os.geteuid() != 0 or not Path("/bin/mount").exists():
        return False
    with tempfile.TemporaryDirectory() as folder:
        done = mount("-t", "tmpfs", "tmpfs", folder)
        if done:
            unmount(folder)
        return done


def mount(*arguments: str | Path) -> bool:
    return subprocess.run(["/bin/mount", *arguments], capture_output=True, check=False).returncode == 0  # noqa: S603


def unmount(folder: str | Path) -> None:
    subprocess.run(["/bin/umount", folder], check=True)  # noqa: S603


@pytest.fixture
def small_disk(tmp_path_factory) -> Iterator[Path]:
    """A disk of half a mebibyte that the server may write to, and on it the tables of facts."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW data_directory")
        owner = Path(cursor.fetchone()[0]).stat()
    folder = Path(tempfile.mkdtemp(prefix="sandarbh-disk-"))
    options = f"size=512k,uid={owner.st_uid},gid={owner.st_gid},mode=700"
    assert mount("-t", "tmpfs", "-o", options, "tmpfs", folder)
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLESPACE small LOCATION '{folder}'")
            cursor.execute("ALTER TABLE relations_fact SET TABLESPACE small")
        yield folder
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE relations_fact SET TABLESPACE pg_default")
            cursor.execute("DROP TABLESPACE small")
        unmount(folder)
        folder.rmdir()


if may_mount():  # elsewhere tests/curation/importing/test_tasks.py has the same error without a disk

    @pytest.mark.postgresql
    def test_full_disk_refuses_what_was_confirmed_in_plain_words_on_postgresql(small_disk, caplog):
        batch, stamp = previewed(facts(SOME)), Stamp.read()
        applying.confirm(batch, by="priya", on_site=False)
        tasks.work(applying.apply, batch.pk)
        batch.refresh_from_db()
        assert (batch.state, batch.problem) == (State.REFUSED, FULL)
        assert (content(), Stamp.read()) == (NOTHING, stamp)
        assert ["No space left on device" in str(record.exc_info[1]) for record in caplog.records] == [True]
        assert mount("-o", "remount,size=64m", small_disk)
        again = batches.again(batch, by="priya")
        if again.state == State.WAITING:
            check(again)
        applying.confirm(again, by="priya", on_site=False)
        apply(again)
        assert content() == all_of(SOME)
        forget()


# --- no worker ------------------------------------------------------------------------------
def test_batch_waits_where_no_worker_runs_and_its_page_says_so():
    batch = batches.start(kept(facts(8_000)), target="facts", by="priya")
    assert (batch.state, batches.waits_for_worker(batch)) == (State.WAITING, False)
    batch.steps.update(at=timezone.now() - 2 * batches.PATIENCE)
    assert batches.waits_for_worker(batch)
    assert "It seems that no worker is running" in page(batch)
    assert "db_worker" in page(batch)
