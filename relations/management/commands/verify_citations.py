"""`manage.py verify_citations --texts DIR`: every anchor in the paragraph that its citation names."""

import json
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from relations import verifying
from relations.management.texts import read_folder
from relations.models import Source
from relations.verifying import Finding

SHOWN = ("fact", "source", "sha256", "paragraph", "anchor", "ok")


class Command(BaseCommand):
    help = (
        "Look up the anchor of every citation in the documents of a folder, matched to sources by SHA-256. "
        "Exit status 1 on any failure. A source without a file is counted as not verified."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--texts", required=True, type=Path, metavar="DIR", help="a folder of UTF-8 text files")
        parser.add_argument("--json", action="store_true", help="print every citation as JSON, and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        files = read_folder(options["texts"])
        findings = verifying.verify({sha256: data for sha256, (_path, data) in files.items()})
        if options["json"]:
            rows = [{name: getattr(one, name) for name in SHOWN} for one in findings]
            self.stdout.write(json.dumps(rows, ensure_ascii=False, indent=2))
        else:
            self.report(findings, files)
        if failed := sum(one.ok is False for one in findings):
            raise CommandError(f"Citations that fail: {failed} of {len(findings)}.")

    def report(self, findings: list[Finding], files: dict[str, tuple[Path, bytes]]) -> None:
        for one in findings:
            if one.ok is False:
                place = one.passage if one.paragraph is None else f"{one.source}, paragraph {one.paragraph}"
                self.stdout.write(f"{one.fact}  {place}  “{one.anchor}”: {one.wrong}; {one.remedy}.")
        known = set(Source.objects.values_list("sha256", flat=True))
        for sha256, (path, _data) in files.items():
            if sha256 not in known:
                self.stdout.write(f"{path.name}: the text of no source (SHA-256 {sha256}).")
        missing = Counter(one.source for one in findings if one.ok is None)
        for source, number in missing.items():
            self.stdout.write(f"{source}: no file, {number} not verified.")
        counts = Counter(one.ok for one in findings)
        checked = counts[True] + counts[False]
        self.stdout.write(f"Citations checked: {checked}. Failures: {counts[False]}. Not verified: {counts[None]}.")
