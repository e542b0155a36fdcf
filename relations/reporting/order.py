"""Dates that cannot follow one another as they do.

Only what is certain is reported (`dates.certainly_before`): a year holds its days, “about” holds anything.
"""

from collections import defaultdict
from collections.abc import Iterator

from django.db.models import F, Q
from django.utils import timezone

from relations.dates import certainly_before
from relations.models import Check, Fact, Property, Source
from relations.reporting.sections import Row, Section, clean
from relations.reporting.wholes import Wholes, ancestors

# What comes first in the life of one subject, by the properties that date it: an agreement is announced, then signed,
# ratified, in force and used; a series opens before an edition of it is held; what was founded ends later. A key that
# no property has yet says nothing.
EARLIER_THEN_LATER = (
    ("announced-on", "signed-on"),
    ("announced-on", "held-on"),
    ("signed-on", "ratified-on"),
    ("signed-on", "in-force-from"),
    ("signed-on", "in-use-from"),
    ("ratified-on", "in-force-from"),
    ("in-force-from", "in-use-from"),
    ("first-held-on", "held-on"),
    ("first-held-on", "last-held-on"),
    ("founded-on", "first-held-on"),
    ("founded-on", "dissolved-on"),
    ("started-on", "completed-on"),
)

# The same of a whole and its parts: the first edition of a series is the earliest.
WHOLE_THEN_PART = (("first-held-on", "held-on"), ("founded-on", "held-on"))

_REMEDY = "read both passages again: a date is wrong, or it is a date of something else"

Dated = dict[str, dict[str, list[tuple[str, str]]]]  # subject → property → (ref, value)


def sections(wholes: Wholes) -> list[Section]:
    dated = _dated()
    rows = [*_in_a_life(dated), *_in_a_series(dated, wholes), *_outcomes(), *_sources(), *_checks()]
    return [clean("dates", "Dates out of order", rows)]


def _dated() -> Dated:
    """The dates that live statements of fact give, of the properties that have a place in an order."""
    keys = {key for pair in (*EARLIER_THEN_LATER, *WHOLE_THEN_PART) for key in pair}
    facts = (
        Fact.objects.published()
        .filter(modality=Fact.Modality.FACT, property__value_type=Property.ValueType.DATE, property__in=keys)
        .exclude(rank=Fact.Rank.DEPRECATED)
        .exclude(value="")
        .order_by("ref")
    )
    found: Dated = defaultdict(lambda: defaultdict(list))
    for ref, subject, key, value in facts.values_list("ref", "subject_id", "property_id", "value"):
        found[subject][str(key)].append((ref, value))
    return found


def _in_a_life(dated: Dated) -> Iterator[Row]:
    for by_property in dated.values():
        for earlier, later in EARLIER_THEN_LATER:
            yield from _crossed(by_property, earlier, by_property, later)


def _in_a_series(dated: Dated, wholes: Wholes) -> Iterator[Row]:
    for part in wholes:
        for whole in ancestors(part, wholes):
            if part in dated and whole in dated:
                for earlier, later in WHOLE_THEN_PART:
                    yield from _crossed(dated[whole], earlier, dated[part], later)


def _crossed(
    first: dict[str, list[tuple[str, str]]], earlier: str, second: dict[str, list[tuple[str, str]]], later: str
) -> Iterator[Row]:
    for ref, value in first.get(earlier, ()):
        for other, then in second.get(later, ()):
            if certainly_before(then, value):
                wrong = f"{earlier} {value}, after {later} {then} of {other}"
                yield Row("fact", ref, wrong, _REMEDY)


def _outcomes() -> Iterator[Row]:
    facts = Fact.objects.filter(outcome__isnull=False).exclude(status=Fact.Status.WITHDRAWN).order_by("ref")
    for ref, date, outcome, happened in facts.values_list("ref", "date", "outcome__ref", "outcome__date"):
        if certainly_before(happened, date):
            wrong = f"expects for {date} what {outcome} dates {happened}, before it"
            yield Row("fact", ref, wrong, "choose the outcome that came after, or mend a date")


def _sources() -> Iterator[Row]:
    """Sources that are older than what they repeat or lean on."""
    copies = Source.objects.filter(copy_of__isnull=False).order_by("slug")
    links = [("copies", *row) for row in copies.values_list("slug", "published", "copy_of__slug", "copy_of__published")]
    leaning = Source.derived_from.through.objects.order_by("from_source__slug", "to_source__slug")
    names = ("from_source__slug", "from_source__published", "to_source__slug", "to_source__published")
    links += [("derives from", *row) for row in leaning.values_list(*names)]
    for how, slug, published, origin, first in links:
        if certainly_before(published, first):
            wrong = f"published {published}, {how} {origin} of {first}"
            yield Row("source", slug, wrong, "turn the link round, or mend a date")


def _checks() -> Iterator[Row]:
    """Checks made, or pages seen, before the document was published; or seen after the check says it was made."""
    early = Q(at__date__lt=F("citation__passage__source__published_earliest"))
    early |= Q(seen_on__lt=F("citation__passage__source__published_earliest"))
    checks = Check.objects.filter(early | Q(seen_on__gt=F("at__date"))).order_by("citation__fact__ref", "at", "pk")
    for check in checks.select_related("citation__fact", "citation__passage__source"):
        source = check.citation.passage.source
        day = timezone.localdate(check.at)
        seen = f", page seen {check.seen_on}" if check.seen_on else ""
        wrong = f"check of {check.citation.passage.ref} made {day}{seen}; {source.slug} is of {source.published}"
        yield Row("check", str(check.pk), wrong, "mend the date of the source, or check the citation again")
