"""`manage.py grade_evidence`: what is kept computed, made again from what it follows from."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from relations import deriving, grading
from relations.models import Fact


class Command(BaseCommand):
    help = (
        "Compute the grade of evidence of every fact, the bounds of every date and the keys names are sorted by; "
        "set right what differs, and say what did."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; exit status 1 if anything differs")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        columns = list(deriving.differences())
        for one in columns:
            self.stdout.write(str(one))
        grades = self.grades()
        for ref, (_pk, kept, now) in sorted(grades.items()):
            self.stdout.write(f"fact {ref}: evidence {kept} → {now}")
        found = f"{len(grades)} of {Fact.objects.count()} grades and {len(columns)} derived columns"
        if not grades and not columns:
            self.stdout.write(f"{found} differ.")
        elif options["check"]:
            raise CommandError(f"{found} differ. Nothing is changed: run it without --check.")
        else:
            deriving.correct(columns)
            grading.refresh([pk for pk, _kept, _now in grades.values()])
            self.stdout.write(f"{found} differed and are right now.")

    def grades(self) -> dict[str, tuple[int, str, str]]:
        """The facts whose kept grade is not the computed one, by ref: (pk, kept, computed)."""
        now = grading.computed()
        rows = Fact.objects.values_list("ref", "pk", "evidence")
        return {ref: (pk, kept, now[pk]) for ref, pk, kept in rows.iterator() if kept != now[pk]}
