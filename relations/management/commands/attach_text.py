"""`manage.py attach_text SOURCE FILE`: what a text would change, and with --apply the change."""

import hashlib
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from curation import stamps
from relations import attaching
from relations.attaching import Plan
from relations.management.sources import find_source
from relations.models import Citation
from relations.passages import Match

EXCERPT = 8  # words of a document on the terminal, around the first that differs


class Command(BaseCommand):
    help = (
        "Set a UTF-8 text beside the passages of a source: print what stays, moved, changed, is gone or new, and "
        "which facts would leave students. Nothing is changed without --apply."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", metavar="SOURCE", help="the key of the source")
        parser.add_argument("file", metavar="FILE", type=Path, help="its text: plain, UTF-8, a paragraph a line")
        parser.add_argument("--apply", action="store_true", help="do it, after printing the same")

    def handle(self, *args: Any, **options: Any) -> None:
        source = find_source(options["source"])
        data = read(options["file"])
        # In one transaction, so that what is applied is what was printed.
        with stamps.writing():
            try:
                plan = attaching.plan(source, attaching.decode(data), sha256=hashlib.sha256(data).hexdigest())
            except attaching.NotAttachable as error:
                raise CommandError(f"{options['file']}: {error}") from error
            self.stdout.write("\n".join(report(plan)))
            if options["apply"]:
                attaching.apply(plan, by="attach_text")
        if options["apply"]:
            self.stdout.write(f"Applied: {len(plan.texts)} paragraphs of {source.slug} are kept.")
        else:
            self.stdout.write("Nothing is changed yet: repeat with --apply.")


def read(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise CommandError(f"There is no file {path}.") from None
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
    if not data.strip():
        raise CommandError(f"{path} is empty: nothing was attached.")
    return data


def report(plan: Plan) -> Iterator[str]:
    yield f"{plan.source.slug}: {len(plan.texts)} paragraphs, {len(plan.kept)} passages until now."
    counts = {
        "stay": plan.stays,
        "moved": plan.moved,
        "changed": plan.changed,
        "with words for the first time": plan.filled,
        "gone": plan.gone,
        "without a place in this text, as before": plan.unplaced,
        "added": plan.added,
    }
    for name, found in counts.items():
        if found or name == "stay":
            yield f"{len(found):>6} {name}"
    yield from section("Moved", runs(plan.moved))
    yield from section("Changed", changes(plan))
    yield from section("Gone", gone(plan))
    yield from section("Added", [", ".join(spans(plan.added))] if plan.added else [])
    yield from section(
        "Anchors that do not stand once in their passage",
        [f"{one.fact}  {one.passage}  “{one.anchor}” stands {one.found} times" for one in plan.anchors],
    )
    for effect in plan.effects:
        name, leaving, returning = effect.name.capitalize(), effect.leaving, effect.returning
        yield from section(f"{name} that would leave students ({len(leaving)})", map("  ".join, leaving))
        yield from section(f"{name} that would come back ({len(returning)})", map("  ".join, returning))
    if not any(effect.leaving for effect in plan.effects):
        yield "Nothing would leave students."


def section(title: str, lines: Iterable[str]) -> Iterator[str]:
    """The title and its lines, or nothing where there are none."""
    lines = list(lines)
    if lines:
        yield f"{title}:"
        yield from (f"  {line}" for line in lines)


def runs(moved: Iterable[Match]) -> Iterator[str]:
    """“4–17 → 5–18” for passages that moved together, one line each for the others."""
    run: list[Match] = []
    for match in [*moved, None]:
        if run and (match is None or not follows(run[-1], match)):
            first, last = run[0], run[-1]
            if first is last:
                yield f"{first.ref}  {first.old_number or 'no number'} → {first.number}"
            else:
                yield f"{first.old_number}–{last.old_number} → {first.number}–{last.number}"
            run = []
        if match is not None:
            run.append(match)


def follows(one: Match, other: Match) -> bool:
    if one.old_number is None or one.number is None:
        return False
    return (one.old_number + 1, one.number + 1) == (other.old_number, other.number)


def changes(plan: Plan) -> Iterator[str]:
    texts = {one.ref: one.text or "" for one in plan.kept}
    for match in plan.changed:
        number = plan.numbers[match.ref]
        place = f"{number}" if match.old_number == number else f"{match.old_number or 'no number'} → {number}"
        yield f"{match.ref}  {place}  likeness {int(match.score or 0)} of 100"
        before, after = excerpts(texts[match.ref], plan.texts[number - 1])
        yield f"  before: {before}"
        yield f"  after:  {after}"


def excerpts(before: str, after: str) -> tuple[str, str]:
    """A few words of each text around the first place where they differ."""
    old, new = before.split(), after.split()
    blocks = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    at = blocks[0].size if blocks[0].a == blocks[0].b == 0 else 0
    start = max(at - 2, 0)
    return excerpt(old, start), excerpt(new, start)


def excerpt(words: list[str], start: int) -> str:
    shown = " ".join(words[start : start + EXCERPT])
    return f"{'… ' if start else ''}{shown}{' …' if len(words) > start + EXCERPT else ''}"


def gone(plan: Plan) -> Iterator[str]:
    resting: dict[str, list[str]] = {}
    cited = Citation.objects.filter(passage__ref__in=[match.ref for match in plan.gone]).order_by("fact__ref")
    for ref, fact in cited.values_list("passage__ref", "fact__ref"):
        resting.setdefault(ref, []).append(fact)
    for match in plan.gone:
        facts = f"  cited by {', '.join(resting[match.ref])}" if match.ref in resting else ""
        yield f"{match.ref}  was {match.old_number or 'without a number'}{facts}"


def spans(numbers: Iterable[int]) -> Iterator[str]:
    """1, 2, 3, 7 as “1–3”, “7”."""
    first = last = None
    for number in [*numbers, None]:
        if last is not None and number == last + 1:
            last = number
            continue
        if first is not None:
            yield f"{first}" if first == last else f"{first}–{last}"
        first = last = number
