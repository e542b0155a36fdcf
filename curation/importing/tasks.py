"""Checking and applying in the background: the queue is a table, and `manage.py db_worker` works through it.

A batch that waits has its task in the queue from the moment it waits, in the same transaction. Small work is done at
once in the request as well, and its task stays behind only where that request was killed. A task that comes
twice, or late, finds that nobody is needed (`curation.importing.leases`).
"""

import logging
from collections.abc import Callable
from contextlib import suppress

from django.db import DatabaseError, OperationalError, connection, transaction
from django.utils.translation import gettext as _
from django_tasks import TaskResultStatus, task
from django_tasks.base import Task
from django_tasks_db.models import DBTaskResult, DBTaskResultQuerySet

from curation.importing import leases
from curation.models import Batch, Row, Step
from curation.models.batches import after

SMALL_ROWS = 500
SMALL_BYTES = 256 * 1024
SMALL_WORKBOOK_BYTES = 64 * 1024  # its cells are ten times as many bytes
PATIENCE = 10  # seconds after which a worker looks at what a request should have done

POSTGRESQL_DISK_FULL = "53100"
POSTGRESQL_BUSY = {"55P03", "40P01", "40001"}  # a lock not granted, a deadlock, a serialization failure

logger = logging.getLogger(__name__)


@task()
def check_batch(pk: int) -> None:
    from curation.importing.checking import check

    work(check, pk)


@task()
def apply_batch(pk: int) -> None:
    from curation.importing.applying import apply

    work(apply, pk)


TASKS: dict[str, Task] = {Batch.State.WAITING: check_batch, Batch.State.CONFIRMED: apply_batch}


def enqueue(todo: Task, batch: Batch) -> None:
    """Put the work on `batch` into the queue. Call it in the transaction in which the batch begins to wait."""
    if is_small(todo, batch):
        todo = todo.using(run_after=after(seconds=PATIENCE))
    todo.enqueue(batch.pk)


def run_if_small(todo: Task, batch: Batch) -> None:
    """Do the work at once where it is small. Call it after that transaction; `batch` is read anew."""
    if is_small(todo, batch):
        todo.call(batch.pk)
        queued(todo, batch.pk).delete()
    batch.refresh_from_db()


def is_small(todo: Task, batch: Batch) -> bool:
    """Whether a request may do it: a small file to check, or few rows to write."""
    if todo.name == apply_batch.name:
        return batch.count(*Row.WRITTEN) <= SMALL_ROWS
    if batch.undoes is not None:
        return batch.undoes.count(*Row.WRITTEN) <= SMALL_ROWS
    if batch.upload is None:
        return True
    is_workbook = batch.upload.name.lower().endswith(".xlsx")
    return batch.upload.size <= (SMALL_WORKBOOK_BYTES if is_workbook else SMALL_BYTES)


def queued(todo: Task, pk: int) -> DBTaskResultQuerySet:
    """The tasks for that batch that nobody has begun."""
    asked = {"args": [pk], "kwargs": {}}
    return DBTaskResult.objects.filter(status=TaskResultStatus.READY, task_path=todo.module_path, args_kwargs=asked)


def queue_lost() -> int:
    """Queue again what waits and is not in the queue: its worker was killed before it had taken the batch."""
    lost = 0
    for batch in Batch.objects.filter(state__in=TASKS):
        todo = TASKS[batch.state]
        if not queued(todo, batch.pk).exists():
            todo.enqueue(batch.pk)
            lost += 1
    return lost


# --- doing it -------------------------------------------------------------------------------
def work(job: Callable[[Batch], object], pk: int) -> None:
    """Run `job`; where it fails the batch says so in words, and the log has the rest. Nothing is raised to people."""
    batch = Batch.objects.filter(pk=pk).first()
    if batch is None:
        return
    within = connection.in_atomic_block
    try:
        try:
            job(batch)
        except leases.CancelAsked:
            stop(batch)
    except leases.LeaseLost:
        logger.warning("%s took longer than its lease; nothing of it was written.", batch)
    except BaseException as error:
        if ending := what_ends(error):
            with suppress(DatabaseError):
                if not within:  # else the transaction is the caller's to end
                    renew_connection()
                leases.release(batch)
            raise ending from None
        logger.exception("%s failed while %s.", batch, Batch.State(batch.state).label)
        try:
            refuse(batch, problem(error))
        except DatabaseError:
            logger.exception("%s could not be refused; it will read as interrupted.", batch)


def what_ends(error: BaseException | None) -> BaseException | None:
    """What ends the process: this, or what came before it, such as a signal that broke off a COMMIT."""
    while isinstance(error, Exception):
        error = error.__context__
    return error


def renew_connection() -> None:
    """A signal may have come between BEGIN and Django's knowing of it: what follows would be committed by nobody."""
    connection.close()
    connection.connect()  # in no transaction, whatever Django still believes


def stop(batch: Batch) -> None:
    """End a check that somebody has cancelled (that step was kept then): no row of it stays."""
    if batch.lease is None:
        return
    with transaction.atomic():
        batch.rows.all().delete()
        leases.finish(batch, batch.lease, Batch.State.CANCELLED)


def refuse(batch: Batch, why: str) -> None:
    """End what failed, unless another has it by now. A preview that was not finished is removed."""
    open_states = [*TASKS, *Batch.AT_WORK]
    with transaction.atomic():
        mine = Batch.objects.filter(pk=batch.pk, lease=batch.lease, state__in=open_states)
        state = mine.select_for_update(no_key=True).values_list("state", flat=True).first()
        if state is None:
            return
        mine.update(state=Batch.State.REFUSED, problem=why, lease=None, lease_until=None, cancelling=False)
        batch.step(Step.What.REFUSED, detail=why)
    if state == Batch.State.CHECKING:
        batch.rows.all().delete()


def problem(error: BaseException) -> str:
    """What to tell people about a fault that is not theirs."""
    if is_full(error):
        return _("The disk of the database is full, so nothing was written. Ask who runs this site to make room.")
    if is_busy(error):
        return _("Others were writing for too long, so this had to give up, and nothing was written. Try it again.")
    return _("Something of ours broke; nothing was written. It was logged for those who run this site.")


def is_full(error: BaseException) -> bool:
    """As SQLite and PostgreSQL say it."""
    if not isinstance(error, OperationalError):
        return False
    return "disk is full" in str(error) or _sqlstate(error) == POSTGRESQL_DISK_FULL


def is_busy(error: BaseException) -> bool:
    if not isinstance(error, OperationalError):
        return False
    return "is locked" in str(error) or _sqlstate(error) in POSTGRESQL_BUSY


def _sqlstate(error: Exception) -> str:
    return getattr(error.__cause__, "sqlstate", None) or ""
