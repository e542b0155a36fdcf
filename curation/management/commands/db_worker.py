"""`db_worker` of django-tasks-db, for a site on which it is killed, locked out and left alone now and then.

It first queues again what a killed one had claimed and not begun; it goes on after the database was locked or away,
where the original ends; and with `--beside PID` it ends soon after that process has.
"""

import logging
import os
import signal
import threading
import time
from typing import Any

from django.core.management.base import CommandParser
from django.db import OperationalError, connections
from django_tasks_db.management.commands import db_worker

from curation.importing import tasks

SECONDS = 1
PATIENCE = 30  # seconds to end a task in; longer than a statement waits for a locked database

logger = logging.getLogger(__name__)


class Command(db_worker.Command):
    def add_arguments(self, parser: CommandParser) -> None:  # type: ignore[override]
        super().add_arguments(parser)
        parser.add_argument("--beside", type=int, metavar="PID", help="End when the process with this number has.")

    def handle(self, *, beside: int | None, **options: Any) -> None:  # type: ignore[override]
        if beside is not None:
            threading.Thread(target=end_with, args=[beside], daemon=True).start()
        while True:
            try:
                tasks.queue_lost()
                return super().handle(**options)
            except OperationalError as error:
                logger.warning("The database cannot be used now (%s); trying again.", str(error).strip())
                connections.close_all()
                time.sleep(SECONDS)


def end_with(pid: int) -> None:
    """Ask this process to end once `pid` has. The second request ends a task, too, and it gives its batch back.

    Each comes by a signal of its own: while a statement runs Python only notes that a signal has come, not how
    often, so that of two of a kind the task would see one, go on, and be killed with its batch in its hands.
    """
    while is_running(pid):
        time.sleep(SECONDS)
    for request, patience in ((signal.SIGTERM, SECONDS), (signal.SIGINT, PATIENCE)):
        os.kill(os.getpid(), request)
        time.sleep(patience)
    os.kill(os.getpid(), signal.SIGKILL)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
