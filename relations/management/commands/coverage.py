"""`manage.py coverage SOURCE`: the body passages that back no fact."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from relations import coverage
from relations.management.sources import find_source
from relations.models import Passage, Source

MOST_WORDS = 8  # of a document, on any screen or page that need not show more


class Command(BaseCommand):
    help = "Print the body passages of a source that back no fact. Exit status 1 if there are any."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", nargs="*", metavar="SOURCE", help="the key of a source")
        parser.add_argument("--all", action="store_true", help="every source")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["all"] == bool(options["source"]):
            raise CommandError("Name one source or more, or give --all.")
        sources = list(Source.objects.all()) if options["all"] else [find_source(slug) for slug in options["source"]]
        bare = sum([self.report(source) for source in sources])
        if bare:
            raise CommandError(f"Body passages that back no fact: {bare}.")

    def report(self, source: Source) -> int:
        total = coverage.body(source).count()
        if not total:
            self.stdout.write(f"{source.slug}: no body passages are known; attach its text to have them listed.")
            return 0
        bare = list(coverage.unbacked(source).select_related("kept_text"))
        for row in bare:
            self.stdout.write("  ".join(part for part in (row.ref, row.place, row.heading, opening(row)) if part))
        self.stdout.write(f"{source.slug}: {total - len(bare)} of {total} body passages back a fact.")
        return len(bare)


def opening(row: Passage) -> str:
    """The first words of the passage, where its text is kept."""
    words = row.kept_text.text.split() if hasattr(row, "kept_text") else []
    return f"“{' '.join(words[:MOST_WORDS])}{' …' if len(words) > MOST_WORDS else ''}”" if words else ""
