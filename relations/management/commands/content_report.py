"""`manage.py content_report`: what an editor should look at, section by section."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from relations.management.texts import read_folder
from relations.reporting import Section, report


class Command(BaseCommand):
    help = (
        "Print what is wrong or unexplained in the content: for each record its key, what is wrong and what to do. "
        "With --fail the exit status is 1 if a section that must be clean has rows."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--texts", type=Path, metavar="DIR", help="look anchors up in these UTF-8 texts, too")
        parser.add_argument("--json", action="store_true", help="print the sections as JSON, and nothing else")
        parser.add_argument("--fail", action="store_true", help="exit status 1 if a section that must be clean is not")

    def handle(self, *args: Any, **options: Any) -> None:
        files = read_folder(options["texts"]) if options["texts"] else {}
        sections = report(texts={sha256: data for sha256, (_path, data) in files.items()})
        if options["json"]:
            self.stdout.write(json.dumps([asdict(section) for section in sections], ensure_ascii=False, indent=2))
        else:
            self.print(sections)
        unclean = [section for section in sections if section.must_be_clean and section.rows]
        if options["fail"] and unclean:
            names = ", ".join(f"{section.name} {len(section.rows)}" for section in unclean)
            raise CommandError(f"Sections that must be clean and are not: {names}.")

    def print(self, sections: list[Section]) -> None:
        for section in sections:
            if section.rows:
                self.stdout.write(f"{section.title} ({what(section)}):")
            for row in section.rows:
                self.stdout.write(f"  {row.kind} {row.key}  {row.wrong}; {row.remedy}.")
        self.stdout.write("Rows:")
        for section in sections:
            self.stdout.write(f"{len(section.rows):>6}  {section.name}, {what(section)}")


def what(section: Section) -> str:
    return "must be clean" if section.must_be_clean else "to explain"
