"""The queue, the worker that goes through it, and what people are told where it fails."""

import logging

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from curation.importing import batches, leases, tasks, uploads
from curation.importing.leases import CancelAsked, LeaseLost
from curation.models import Batch, Row, Step, Upload
from curation.models.batches import after
from relations.models import Source
from tests import processes
from tests.curation.importing.importing import sources_csv

pytestmark = pytest.mark.django_db

State = Batch.State
BROKEN = "Something of ours broke; nothing was written. It was logged for those who run this site."
FULL = "The disk of the database is full, so nothing was written. Ask who runs this site to make room."
BUSY = "Others were writing for too long, so this had to give up, and nothing was written. Try it again."


def waiting(**fields) -> Batch:
    return Batch.objects.create(**{"target": "sources", "by": "esha"} | fields)


def taken(batch: Batch) -> None:
    """What every job does first; it leaves a row."""
    assert leases.take(batch, state_from=State.WAITING, state_to=State.CHECKING, seconds=60)
    Row.objects.create(batch=batch, sheet="sources", number=2, last_number=2, kind=Row.Kind.NEW, key="a")


def outcome(batch: Batch) -> tuple[str, str, int, list[str]]:
    """Its state, what stopped it, how many rows it has, and its steps."""
    found = Batch.objects.get(pk=batch.pk)
    return found.state, found.problem, found.rows.count(), list(found.steps.values_list("what", flat=True))


# --- a job that fails -----------------------------------------------------------------------
def test_fault_of_ours_is_told_in_words_and_logged_with_its_traceback(caplog):
    def job(batch: Batch) -> None:
        taken(batch)
        raise KeyError("no such column: relations_fact.secret")

    batch = waiting()
    tasks.work(job, batch.pk)
    assert outcome(batch) == (State.REFUSED, BROKEN, 0, ["refused"])
    assert [(record.levelno, record.exc_info[0]) for record in caplog.records] == [(logging.ERROR, KeyError)]


def test_fault_before_the_batch_is_taken_is_told_too(caplog):
    def job(batch: Batch) -> None:
        raise ImportError("no such module")

    batch = waiting()
    tasks.work(job, batch.pk)
    assert (outcome(batch), len(caplog.records)) == ((State.REFUSED, BROKEN, 0, ["refused"]), 1)


def test_fault_while_applying_leaves_the_preview_to_be_read(caplog):
    def job(batch: Batch) -> None:
        assert leases.take(batch, state_from=State.CONFIRMED, state_to=State.APPLYING, seconds=60)
        raise KeyError("b")

    batch = waiting(state=State.CONFIRMED)
    batch.rows.create(sheet="sources", number=2, last_number=2, kind=Row.Kind.NEW, key="a")
    tasks.work(job, batch.pk)
    assert (outcome(batch), len(caplog.records)) == ((State.REFUSED, BROKEN, 1, ["refused"]), 1)


def test_fault_of_a_worker_whose_lease_another_has_by_now_changes_nothing(caplog):
    others = []

    def job(batch: Batch) -> None:
        taken(batch)
        Batch.objects.filter(pk=batch.pk).update(lease_until=after(seconds=-1))
        other = Batch.objects.get(pk=batch.pk)
        leases.take(other, state_from=State.WAITING, state_to=State.CHECKING, seconds=60)
        others.append(other.lease)
        raise KeyError("a")

    batch = waiting()
    tasks.work(job, batch.pk)
    assert (outcome(batch), len(caplog.records)) == ((State.CHECKING, "", 1, []), 1)
    assert [Batch.objects.get(pk=batch.pk).lease] == others


def test_lost_lease_is_logged_and_left_to_who_has_it(caplog):
    def job(batch: Batch) -> None:
        taken(batch)
        raise LeaseLost

    batch = waiting()
    tasks.work(job, batch.pk)
    assert outcome(batch) == (State.CHECKING, "", 1, [])
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_cancelled_check_leaves_no_rows():
    def job(batch: Batch) -> None:
        taken(batch)
        batches.cancel(Batch.objects.get(pk=batch.pk), by="farid")
        raise CancelAsked

    batch = waiting()
    tasks.work(job, batch.pk)
    assert outcome(batch) == (State.CANCELLED, "", 0, ["cancelled"])
    assert not Batch.objects.get(pk=batch.pk).cancelling


@pytest.mark.django_db(transaction=True)
def test_process_that_ends_gives_its_batch_back():
    def job(batch: Batch) -> None:
        taken(batch)
        raise SystemExit(1)

    batch = waiting()
    with pytest.raises(SystemExit):
        tasks.work(job, batch.pk)
    assert Batch.objects.get(pk=batch.pk).shown_state == State.INTERRUPTED


@pytest.mark.django_db(transaction=True)
def test_process_that_ends_in_a_commit_gives_its_batch_back(monkeypatch):
    """What the database then says of a transaction that is not over hides what ends the process."""

    def commit() -> None:
        monkeypatch.undo()
        raise SystemExit(1)

    def job(batch: Batch) -> None:
        taken(batch)
        with transaction.atomic():
            Batch.objects.filter(pk=batch.pk).update(done=1)
            monkeypatch.setattr(connection, "_commit", commit)

    def job_hidden(batch: Batch) -> None:
        try:
            job(batch)
        except SystemExit:
            raise OperationalError("the transaction is not over")  # noqa: B904

    for one in (job, job_hidden):
        batch = waiting()
        with pytest.raises(SystemExit):
            tasks.work(one, batch.pk)
        found = Batch.objects.get(pk=batch.pk)
        assert (found.shown_state, found.problem) == (State.INTERRUPTED, "")


@pytest.mark.django_db(transaction=True)
def test_process_that_ends_when_a_transaction_begins_gives_its_batch_back():
    """Django does not know of the transaction yet, so nobody rolls it back."""

    def job(batch: Batch) -> None:
        taken(batch)
        connection.cursor().execute("BEGIN")
        raise SystemExit(1)

    batch = waiting()
    with pytest.raises(SystemExit):
        tasks.work(job, batch.pk)
    connection.close()
    assert Batch.objects.get(pk=batch.pk).shown_state == State.INTERRUPTED


def test_batch_that_is_gone_is_no_work():
    tasks.work(taken, 0)


def test_step_of_a_refusal_says_why():
    batch = waiting()
    tasks.refuse(batch, FULL)
    assert list(Step.objects.values_list("what", "by", "detail")) == [("refused", "esha", FULL)]


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
def test_full_disk_is_told_on_sqlite(caplog):
    def pages(count: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA max_page_count={count}")

    def job(batch: Batch) -> None:
        taken(batch)
        pages(1)  # no more than there are
        with transaction.atomic():
            Row.objects.create(
                batch=batch,
                sheet="sources",
                number=3,
                last_number=3,
                kind=Row.Kind.NEW,
                after={"note": "n" * 4_000_000},
            )

    with connection.cursor() as cursor:
        cursor.execute("VACUUM")  # else what earlier tests have left would be written first
    batch = waiting()
    try:
        tasks.work(job, batch.pk)
    finally:
        pages(2**31)
    assert (outcome(batch), len(caplog.records)) == ((State.REFUSED, FULL, 0, ["refused"]), 1)


@pytest.mark.postgresql
@pytest.mark.parametrize(("sqlstate", "words"), [("53100", FULL), ("40P01", BUSY), ("55P03", BUSY), ("53300", BROKEN)])
def test_what_the_server_lacks_is_told_on_postgresql(sqlstate, words, caplog):
    def job(batch: Batch) -> None:
        taken(batch)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'out of it' USING ERRCODE = '{sqlstate}'; END $$")

    batch = waiting()
    tasks.work(job, batch.pk)
    assert (outcome(batch), len(caplog.records)) == ((State.REFUSED, words, 0, ["refused"]), 1)


# --- what is small --------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "size", "small"),
    [
        ("a.csv", tasks.SMALL_BYTES, True),
        ("a.csv", tasks.SMALL_BYTES + 1, False),
        ("a.XLSX", tasks.SMALL_WORKBOOK_BYTES, True),
        ("a.XLSX", tasks.SMALL_WORKBOOK_BYTES + 1, False),
    ],
)
def test_small_file_is_checked_at_once(name, size, small):
    batch = Batch(upload=Upload(name=name, size=size))
    assert tasks.is_small(tasks.check_batch, batch) == small


@pytest.mark.parametrize(("new", "small"), [(400, True), (401, False)])
def test_few_rows_are_applied_and_undone_at_once(new, small):
    batch = Batch(counts={"sources": {"new": new, "same": 9000}, "facts": {"changed": 100}})
    assert tasks.is_small(tasks.apply_batch, batch) == small
    assert tasks.is_small(tasks.check_batch, Batch(kind="undo", undoes=batch)) == small


# --- the queue ------------------------------------------------------------------------------
def small() -> Upload:
    return uploads.keep(sources_csv(3), by="esha")


def large() -> Upload:
    return uploads.keep(sources_csv(30, note="n" * 10_000), by="esha")


def test_small_file_is_checked_when_start_returns_and_leaves_nothing_in_the_queue():
    batch = batches.start(small(), target="sources", by="esha")
    assert outcome(batch) == (State.PREVIEW, "", 3, ["uploaded", "started", "checked"])
    assert (batch.state, DBTaskResult.objects.exists()) == (State.PREVIEW, False)


@pytest.mark.django_db(transaction=True)
def test_worker_goes_through_the_queue():
    checked, cancelled = (batches.start(large(), target="sources", by="esha") for _ in range(2))
    batches.cancel(cancelled, by="esha")
    assert outcome(checked) == (State.WAITING, "", 0, ["uploaded"])

    processes.manage("db_worker", "--batch", "--no-startup-delay")

    assert outcome(checked) == (State.PREVIEW, "", 30, ["uploaded", "started", "checked"])
    assert outcome(cancelled) == (State.CANCELLED, "", 0, ["uploaded", "cancelled"])
    assert set(DBTaskResult.objects.values_list("status", flat=True)) == {"SUCCESSFUL"}
    assert not Source.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_worker_does_what_a_killed_one_had_claimed_and_not_begun():
    batch = batches.start(large(), target="sources", by="esha")
    DBTaskResult.objects.update(status="RUNNING", started_at=timezone.now())
    processes.manage("db_worker", "--batch", "--no-startup-delay")
    assert outcome(batch) == (State.PREVIEW, "", 30, ["uploaded", "started", "checked"])


@pytest.mark.django_db(transaction=True)
def test_worker_does_what_a_killed_request_had_not_begun():
    batch = waiting(upload=small())
    tasks.enqueue(tasks.check_batch, batch)
    assert DBTaskResult.objects.get().run_after > after(seconds=tasks.PATIENCE - 5)
    DBTaskResult.objects.update(run_after=timezone.now())
    processes.manage("db_worker", "--batch", "--no-startup-delay")
    assert outcome(batch)[0] == State.PREVIEW


def test_only_what_is_not_in_the_queue_is_lost():
    batch, confirmed = waiting(upload=small()), waiting(state=State.CONFIRMED)
    tasks.enqueue(tasks.check_batch, batch)
    assert (tasks.queue_lost(), tasks.queue_lost()) == (1, 0)
    asked = DBTaskResult.objects.order_by("enqueued_at")
    assert [(task.task_name, task.args_kwargs["args"]) for task in asked] == [
        ("check_batch", [batch.pk]),
        ("apply_batch", [confirmed.pk]),
    ]


@pytest.mark.django_db(transaction=True)
def test_batch_whose_worker_was_killed_is_checked_once_more_from_its_beginning():
    batch = batches.start(large(), target="sources", by="esha")
    taken(batch)
    Batch.objects.filter(pk=batch.pk).update(lease_until=after(seconds=-1))
    tasks.check_batch.call(batch.pk)
    assert outcome(batch)[:3] == (State.PREVIEW, "", 30)
