"""`import_rows SHEET FILE`: what a file would do to the content, and with --apply the doing.

The exit status is 0 where every row is fine, 1 where rows are rejected (the others are applied), and 2 where the
file cannot be read or nothing may be written.
"""

import hashlib
import shutil
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.files import File
from django.core.management.base import BaseCommand, CommandError

from curation.importing import batches, checking, exporting, reading, uploads
from curation.importing.resources import Creatable, sheets
from curation.importing.suggesting import nearest
from curation.management import terminal
from curation.management.terminal import Refused
from curation.models import Batch, Row, Upload
from curation.models.batches import after

BY = "import_rows"
GIB = 1024**3
# Whoever has a shell here vouches for the file; what one cell and one header may hold stays as it is.
LIMITS = replace(reading.LIMITS, bytes=16 * GIB, inflated=16 * GIB, rows=10_000_000)

State, Kind = Batch.State, Row.Kind


class Command(BaseCommand):
    help = (
        "Check a CSV, TSV or XLSX file and print what it would do. Nothing of the content is written without --apply. "
        "Exit status: 0 if every row is fine, 1 if rows are rejected, 2 if the file is refused."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("sheet", metavar="SHEET", help="facts, sources, …; or workbook, for several sheets")
        parser.add_argument("file", metavar="FILE", help="the file, or - for standard input")
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--dry-run", action="store_true", help="only say what it would do (the default)")
        what.add_argument("--apply", action="store_true", help="do it, all of it or nothing, without rejected rows")
        parser.add_argument("--by", metavar="USERNAME", default="", help=f"who imports; else the history says {BY}")
        parser.add_argument(
            "--create",
            metavar="WHAT[=KIND]",
            action="append",
            default=[],
            help="make what is named and not there, as drafts: names=country, topics",
        )
        parser.add_argument(
            "--rejects", metavar="FILE", help="write rejected rows there, with the reasons (.csv, .xlsx)"
        )
        parser.add_argument("--quiet", action="store_true", help="print only what went wrong")

    def handle(self, *args: Any, **options: Any) -> None:
        self.quiet = options["quiet"]
        target = sheet_named(options["sheet"], workbook=True)
        create = created(target, options["create"])
        by = username(options["by"]) or BY
        with at_hand(options["file"]) as path:
            self.opened = opening(path)
            batch = batches.start(kept(path, options["file"], by), target=target, by=by, options=create, on_site=False)
            self.check_file(batch)
            self.report(batch)
            if options["rejects"]:
                self.write_rejects(batch, Path(options["rejects"]))
        if options["apply"]:
            self.apply(batch, by)
        elif batch.count(*Row.WRITTEN):
            self.say([f"Nothing is written yet: repeat with --apply, or confirm {batch} in the admin."])
        if rejected := batch.count(Kind.REJECTED):
            raise CommandError(f"{terminal.rows(rejected)} rejected.", returncode=1)

    def say(self, lines: Any) -> None:
        if not self.quiet:
            for line in lines:
                self.stdout.write(line)

    # --- checking ---

    def check_file(self, batch: Batch) -> None:
        progress = terminal.Progress("Checking", sys.stderr, quiet=self.quiet)
        terminal.worked(batch, checking.check, opened=self.opened, told=progress.tell)
        progress.end()
        if batch.state == State.MAPPING:
            wrong = [problem for sheet in batch.found["sheets"] for problem in sheet["problems"]]
            raise Refused(" ".join(wrong))
        if batch.state != State.PREVIEW:
            raise Refused(batch.problem or f"{batch} is {batch.shown_state.label}.")

    def report(self, batch: Batch) -> None:
        rejected = list(terminal.problems(batch, Kind.REJECTED))
        if self.quiet:
            self.stderr.write("\n".join(rejected)) if rejected else None
            return
        found = batch.found
        self.say([f"{batch.file_name}: {', '.join(found['words'])}.", *terminal.counts(batch)])
        self.say(f"Sheet “{name}” is left out: it is none of ours." for name in found["left_out"])
        for sheet in found["sheets"]:
            whose = f"{sheet['name']}: " if len(found["sheets"]) > 1 else ""
            self.say(f"{whose}{note}" for note in sheet["notes"])
        self.say(terminal.section("Rejected", rejected))
        self.say(terminal.section("Notes", terminal.notes(batch)))
        self.say(terminal.consequences(batch))

    def write_rejects(self, batch: Batch, path: Path) -> None:
        names = [name for name in sheets() if batch.counts.get(name, {}).get(Kind.REJECTED)]
        for name in names:
            into = path if len(names) == 1 else path.with_stem(f"{path.stem}-{name}")
            file_format = "xlsx" if path.suffix.lower() == ".xlsx" else "csv"
            terminal.write(into, exporting.rejects(batch, name, file_format, opened=self.opened))
            self.say([f"Rejected rows of {name}: {into}"])

    # --- applying ---

    def apply(self, batch: Batch, by: str) -> None:
        rows = batch.count(*Row.WRITTEN)
        if not rows:
            self.say(["There is nothing to apply."])
            return
        terminal.apply(batch, by=by, quiet=self.quiet)
        self.say([f"Applied: {terminal.rows(rows)}. `manage.py undo_batch {batch.pk}` undoes them."])


# --- what is asked for ----------------------------------------------------------------------
def sheet_named(name: str, *, workbook: bool = False) -> str:
    names = [*sheets(), *([batches.WORKBOOK] if workbook else [])]
    if name in names:
        return name
    near = nearest(name, names)
    hint = f"Did you mean “{near}”? " if near else ""
    raise Refused(f"There is no sheet “{name}”. {hint}The sheets are {', '.join(names)}.")


def username(name: str) -> str:
    if name and not get_user_model()._default_manager.filter(username=name, is_active=True).exists():
        raise Refused(f"There is no account “{name}” that may sign in. Give --by a username of this site.")
    return name


def created(target: str, asked: list[str]) -> dict[str, Any]:
    """The options of a batch: {"create": {"names": "country", "topics": True}}."""
    every = sheets()
    of = [every[target]] if target in every else list(every.values())
    known = {one.name: one for sheet in of for one in sheet.resource.creatable}
    create = dict(_creating(known, one) for one in asked)
    return {"create": create} if create else {}


def _creating(known: dict[str, Creatable], asked: str) -> tuple[str, Any]:
    name, _equals, kind = asked.partition("=")
    if name not in known:
        can = f"This can make {', '.join(known)}." if known else "Nothing can be made with this sheet."
        raise Refused(f"--create {asked}: “{name}” cannot be made. {can}")
    kinds = [str(value) for value, _words in known[name].kinds]
    if kind not in (kinds or [""]):
        need = f"say of which kind: {', '.join(f'{name}={one}' for one in kinds)}" if kinds else f"write {name} alone"
        raise Refused(f"--create {asked}: {need}.")
    return name, kind or True


# --- the file -------------------------------------------------------------------------------
@contextmanager
def at_hand(name: str) -> Iterator[Path]:
    """The file as one that can be sought in, which standard input is not."""
    if name != "-":
        path = Path(name)
        if not path.is_file():
            raise Refused(f"There is no file {name}.")
        yield path
        return
    with tempfile.NamedTemporaryFile() as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
        file.flush()
        yield Path(file.name)


def opening(path: Path) -> checking.Opening:
    """Read it where it lies, whatever its size."""

    @contextmanager
    def opened(batch: Batch) -> Iterator[reading.Table]:
        with path.open("rb") as file, reading.open_table(file, batch.file_name, LIMITS) as table:
            yield table

    return opened


def kept(path: Path, name: str, by: str) -> Upload:
    """Kept in the database as an upload is, for the pages of the batch; one that is too large leaves only its hash."""
    name = "" if name == "-" else uploads.shown_name(name)
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            if size <= reading.LIMITS.bytes:
                return uploads.keep(File(file, name=name), by=by)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}.") from error
    until = after(days=settings.IMPORT_KEEP_DAYS)
    return Upload.objects.create(name=uploads.shown_name(name), size=size, sha256=digest, by=by, expires_at=until)
