"""Editors who come at once, rows that go meanwhile, a full disk, a worker that is away: all or nothing is applied."""

import os
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connection, connections
from django.utils import timezone

from curation.importing import applying, batches, checking, tasks
from curation.models import Batch, Row, Stamp
from relations.models import Entity, Fact
from tests.curation.importing.faults import (
    NOTHING,
    SOME,
    all_of,
    apply,
    check,
    content,
    facts,
    forget,
    objects,
    page,
)
from tests.curation.importing.importing import imported, kept, previewed

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("room")]

State = Batch.State


NO_LIMIT = 2**31
FULL = "The disk of the database is full, so nothing was written. Ask who runs this site to make room."


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
