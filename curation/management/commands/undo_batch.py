"""`undo_batch ID`: what undoing an import would put back and what it would keep, and with --apply the undoing.

The exit status is 0 where everything is put back, 1 where rows are kept as they are, and 2 where nothing can be done.
"""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from curation.importing import batches, checking, undoing
from curation.management import terminal
from curation.management.commands.import_rows import username
from curation.management.terminal import Refused
from curation.models import Batch, Row

BY = "undo_batch"

State, Kind = Batch.State, Row.Kind


class Command(BaseCommand):
    help = (
        "Print what undoing a bulk import would restore, remove and keep. Nothing of the content is written without "
        "--apply. Exit status: 0 if all of it is undone, 1 if rows are kept, 2 if it cannot be undone."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("batch", metavar="ID", type=int, help="the number of the batch")
        parser.add_argument("--apply", action="store_true", help="do it, after printing the same")
        parser.add_argument("--by", metavar="USERNAME", default="", help=f"who undoes; else the history says {BY}")
        parser.add_argument("--quiet", action="store_true", help="print only what is kept")

    def handle(self, *args: Any, **options: Any) -> None:
        quiet, by = options["quiet"], username(options["by"]) or BY
        batch = Batch.objects.filter(pk=options["batch"]).first()
        if batch is None:
            raise Refused(f"There is no batch {options['batch']}.")
        try:
            undo = undoing.plan(batch, by=by, on_site=False)
        except batches.NotNow as error:
            raise Refused(f"{batch}: {error}") from error
        if undo.state == State.WAITING or undo.lease_ran_out:
            terminal.worked(undo, checking.check)
        if undo.state != State.PREVIEW:
            raise Refused(undo.problem or f"{undo} is {undo.shown_state.label}.")
        self.report(batch, undo, quiet=quiet)
        self.finish(undo, by=by, quiet=quiet, apply=options["apply"])
        if kept := undo.count(Kind.KEPT):
            raise CommandError(f"{terminal.rows(kept)} not undone.", returncode=1)

    def report(self, batch: Batch, undo: Batch, *, quiet: bool) -> None:
        kept = terminal.section("Kept as they are", terminal.problems(undo, Kind.KEPT))
        if quiet:
            sys.stderr.writelines(f"{line}\n" for line in kept)
            return
        self.stdout.write(f"{undo} undoes {batch}, {batch.file_name}, by {batch.applied_by}.")
        for line in (*terminal.counts(undo), *kept, *terminal.consequences(undo)):
            self.stdout.write(line)

    def finish(self, undo: Batch, *, by: str, quiet: bool, apply: bool) -> None:
        rows = undo.count(*Row.WRITTEN)
        if apply and rows:
            terminal.apply(undo, by=by, quiet=quiet)
        if quiet:
            return
        if not rows:
            self.stdout.write("There is nothing to undo any more.")
        elif apply:
            self.stdout.write(f"Undone: {terminal.rows(rows)}. `manage.py undo_batch {undo.pk}` brings them back.")
        else:
            self.stdout.write(f"Nothing is written yet: repeat with --apply, or confirm {undo} in the admin.")
