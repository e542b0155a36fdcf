"""What time has overtaken, and what waits for somebody to decide."""

import datetime
from collections.abc import Iterator

from relations.models import Disagreement, Fact
from relations.reporting.sections import Row, Section, clean, to_explain


def sections(on: datetime.date) -> list[Section]:
    return [
        to_explain("overdue", "Expectations whose time is over, without a verdict", _overdue(on)),
        to_explain("review", "Facts past their review", _unreviewed(on)),
        to_explain("open-disagreements", "Disagreements that are open", _open()),
        clean("fallen-preferences", "Settled disagreements whose preferred fact does not stand", _fallen(on)),
    ]


def _overdue(on: datetime.date) -> Iterator[Row]:
    facts = Fact.objects.published().filter(
        modality=Fact.Modality.EXPECTATION, verdict="", outcome__isnull=True, date_latest__lt=on
    )
    for ref, date in facts.order_by("ref").values_list("ref", "date"):
        yield Row("fact", ref, f"expected for {date}", "look up how it came out: its outcome and verdict, or “unknown”")


def _unreviewed(on: datetime.date) -> Iterator[Row]:
    facts = Fact.objects.listed().filter(review_by_latest__lt=on).order_by("ref")
    for ref, review_by in facts.values_list("ref", "review_by"):
        yield Row("fact", ref, f"was to be reviewed by {review_by}", "look whether it still holds, and set a new date")


def _open() -> Iterator[Row]:
    disagreements = Disagreement.objects.filter(state=Disagreement.State.OPEN).order_by("slug")
    for slug, question in disagreements.values_list("slug", "question"):
        yield Row("disagreement", slug, f"open: {question}", "settle it, or let both stand as views")


def _fallen(on: datetime.date) -> Iterator[Row]:
    settled = Disagreement.objects.filter(state=Disagreement.State.SETTLED)
    fallen = settled.exclude(preferred__in=Fact.objects.standing(on).values("pk")).order_by("slug")
    for slug, ref in fallen.values_list("slug", "preferred__ref"):
        remedy = "check or publish the fact again, or prefer another"
        yield Row("disagreement", slug, f"prefers {ref}, which does not stand", remedy)
