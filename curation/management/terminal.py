"""What the commands of bulk imports print: how far they have come, and what a batch would do."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import CommandError

from curation.importing import applying, batches, tasks
from curation.importing.resources import sheets
from curation.models import Batch, Row

REFUSED = 2  # exit status: nothing could be read, or nothing may be done
SHOWN = 10  # lines of each list
WIDTH = 30  # of the bar
A_MOMENT, A_WHILE = 0.1, 10.0  # seconds between two signs of progress: of a bar, of a line in a log

Kind = Row.Kind


class Refused(CommandError):
    """Said without a traceback; the exit status is 2."""

    def __init__(self, message: str) -> None:
        super().__init__(message, returncode=REFUSED)


# --- how far it is --------------------------------------------------------------------------
class Progress:
    """A bar where somebody watches, else a line now and then."""

    def __init__(self, doing: str, out: TextIO, *, quiet: bool = False) -> None:
        self.doing, self.out, self.quiet = doing, out, quiet
        self.watched = bool(getattr(out, "isatty", lambda: False)())
        self.done, self.last, self.drawn = 0, time.monotonic(), False

    def add(self, count: int, total: int | None = None) -> None:
        self.tell(self.done + count, total)

    def tell(self, done: int, total: int | None) -> None:
        """`total` is an estimate: a file's lines are counted only by reading them."""
        self.done = done
        now = time.monotonic()
        if self.quiet or now - self.last < (A_MOMENT if self.watched else A_WHILE):
            return
        self.last, self.drawn = now, True
        of = f" of {max(total, done):,}" if total else ""
        if not self.watched:
            self.out.write(f"{self.doing}: {done:,}{of} rows\n")
        else:
            full = min(done * WIDTH // total, WIDTH) if total else 0
            self.out.write(f"\r{self.doing}: [{'#' * full}{'.' * (WIDTH - full)}] {done:,}{of} rows ")
        self.out.flush()

    def end(self) -> None:
        if self.drawn and self.watched:
            self.out.write("\r\033[K")
            self.out.flush()


def worked(batch: Batch, job: Callable[..., Any], **options: Any) -> None:
    """Do it as a worker would; `batch` then says what came of it.

    On Ctrl+C nothing is written, the batch is free for others, and Refused is raised.
    """
    try:
        tasks.work(lambda one: job(one, **options), batch.pk)
    except KeyboardInterrupt:
        raise CommandError(f"Interrupted: {batch} has written nothing.", returncode=130) from None
    batch.refresh_from_db()


def apply(batch: Batch, *, by: str, quiet: bool = False) -> None:
    """Apply it here and now. Raises Refused, where nothing was written."""
    rows = batch.count(*Row.WRITTEN)
    progress = Progress("Applying", sys.stderr, quiet=quiet)
    try:
        applying.confirm(batch, by=by, on_site=False)
    except batches.NotNow as error:
        raise Refused(str(error)) from error
    worked(batch, applying.apply, progress=lambda count: progress.add(count, rows))
    progress.end()
    if batch.state == Batch.State.STALE:
        lines = "\n".join(section("Rows changed since they were checked, so nothing was written", stale(batch)))
        raise Refused(f"{lines}\nRun the command again.")
    if batch.state != Batch.State.APPLIED:
        raise Refused(batch.problem or f"{batch} is {batch.shown_state.label}.")


def write(path: Path, pieces: Iterable[bytes]) -> int:
    """Into a file beside it first, so that no half of a file has its name. How many bytes."""
    beside = path.with_name(f".{path.name}.part")
    try:
        with beside.open("wb") as file:
            size = sum(map(file.write, pieces))
        beside.replace(path)
    except OSError as error:
        raise Refused(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        beside.unlink(missing_ok=True)
    return size


# --- what a batch would do ------------------------------------------------------------------
def counts(batch: Batch) -> Iterator[str]:
    """“facts: 12 new, 3 changed, 1 rejected.”, a line a sheet."""
    for sheet in sheets():
        if kinds := batch.counts.get(sheet):
            told = (f"{kinds[kind]:,} {kind.label}" for kind in Kind if kinds.get(kind))
            yield f"{sheet}: {', '.join(told)}."
    if not batch.counts:
        yield "It holds no row."


def problems(batch: Batch, kind: str) -> Iterator[str]:
    """What is wrong with the first of these rows, a line for each problem."""
    rows = batch.rows.filter(kind=kind).order_by("number", "pk")
    several = len(batch.counts) > 1
    for sheet, key, found in rows.values_list("sheet", "key", "problems")[:SHOWN]:
        for one in found or []:
            where = " ".join(filter(None, [sheet if several else "", f"row {one['row']}", one["column"]]))
            value = f" “{one['value']}”" if one["value"] and one["value"] not in one["message"] else ""
            yield f"{where}{value if value or one['column'] else f' {key}'.rstrip()}: {one['message']}"
    yield from _rest(batch.count(kind))


def notes(batch: Batch) -> Iterator[str]:
    """What is said of the first rows, such as that a name was read by an alias."""
    rows = batch.rows.exclude(notes=None).order_by("number", "pk")
    several = len(batch.counts) > 1
    for sheet, number, key, found in rows.values_list("sheet", "number", "key", "notes")[:SHOWN]:
        where = " ".join(filter(None, [sheet if several else "", f"row {number}", key]))
        yield from (f"{where}: {one['message']}" for one in found or ())
    yield from _rest(rows.count())


def consequences(batch: Batch) -> Iterator[str]:
    for loss in batch.losses:
        for title, which in (("would no longer count", "leaving"), ("would count again", "returning")):
            if loss["kind"] != "checks":
                title = "would leave students" if which == "leaving" else "would come back"
            if listed := loss[which]:
                lines = (" ".join(filter(None, pair)) for pair in listed[:SHOWN])
                yield from section(f"{loss['name'].capitalize()} that {title} ({len(listed):,})", lines, len(listed))
    if not any(loss["leaving"] for loss in batch.losses):
        yield "Nothing would leave students."


def stale(batch: Batch) -> Iterator[str]:
    """The rows that changed since they were shown."""
    for one in batch.stale[:SHOWN]:
        yield f"row {one['row']} {one['key']}"
    yield from _rest(len(batch.stale))


def rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"


def section(title: str, lines: Iterable[str], count: int = 0) -> Iterator[str]:
    """The title and its lines, or nothing where there are none."""
    lines = list(lines)
    if lines:
        yield f"{title}:"
        yield from (f"  {line}" for line in lines)
        yield from (f"  {line}" for line in _rest(count))


def _rest(count: int) -> Iterator[str]:
    if count > SHOWN:
        yield f"… and {count - SHOWN:,} more"
