"""Where sources disagree, as one thing to read: in what order, of which kinds, and what each side rests on."""

import datetime
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import groupby

from django.db.models import Case, Exists, IntegerField, OuterRef, Prefetch, QuerySet, When

from curation import stamps
from relations.models import Check, Citation, Disagreement, Fact, Side, Topic

NOWHERE = (1, 0, "", 0, "")  # the place of what has no topic: after the syllabus


@dataclass(frozen=True, slots=True)
class Entry:
    """A disagreement in the index: the topic it is told under, and all topics its facts have, with those above."""

    disagreement: Disagreement
    topic: Topic | None
    topics: frozenset[str]

    def has(self, kind: str, state: str) -> bool:
        """Whether it is of that kind and in that state; "" is any."""
        return (not kind or getattr(self.disagreement, kind)) and (not state or self.disagreement.state == state)


@dataclass(frozen=True, slots=True)
class Chapter:
    """The disagreements told under one topic."""

    topic: Topic | None
    disagreements: list[Disagreement]


def disagreements() -> QuerySet[Disagreement]:
    """Those students may see, with the sides they may see in `shown_sides`, the preferred first.

    The fact of a side has in `supporting` the checked citations it rests on, those of one source together.
    """
    counting = Check.objects.counting().filter(citation=OuterRef("pk"))
    supporting = (
        Citation.objects.filter(Exists(counting), stance=Citation.Stance.SUPPORTS)
        .select_related("passage__source")
        .order_by("passage__source__tier", "passage__source__slug", "passage__number", "pk")
    )
    facts = Fact.objects.with_states().select_related("whose")
    sides = (
        Side.objects.filter(fact__in=Fact.objects.visible())
        .annotate(after=Case(When(outcome="preferred", then=0), default=1, output_field=IntegerField()))
        .order_by("after", "position", "pk")
        .prefetch_related(
            Prefetch("fact", facts.prefetch_related(Prefetch("citations", supporting, to_attr="supporting")))
        )
    )
    shown = Prefetch("sides", sides, to_attr="shown_sides")
    return Disagreement.objects.visible().order_by("slug").prefetch_related(shown)


def index() -> list[Entry]:
    """All that students may see, in the order in which the page tells them.

    By topic, as the syllabus has them; within a topic by the date of what is asked about, the earliest first.
    """
    return stamps.cached("disagreement-index", _index)


def about(subject: str) -> list[Entry]:
    """Those of the index in which a fact about that name takes a side that students may see."""
    sides = Side.objects.filter(fact__in=Fact.objects.visible().filter(subject=subject)).order_by()
    found = set(sides.values_list("disagreement", flat=True))
    return [entry for entry in index() if entry.disagreement.pk in found] if found else []


def on_topic(slug: str) -> list[Entry]:
    return [entry for entry in index() if slug in entry.topics]


def chapters(entries: Iterable[Entry]) -> list[Chapter]:
    """These entries of the index with all that is told of them, by topic, in a constant number of queries."""
    entries = list(entries)
    told = disagreements().in_bulk([entry.disagreement.pk for entry in entries])
    return [
        Chapter(topic, [told[entry.disagreement.pk] for entry in group if entry.disagreement.pk in told])
        for topic, group in groupby(entries, key=lambda entry: entry.topic)
    ]


def neighbours(slug: str) -> tuple[Disagreement | None, Disagreement | None]:
    """The ones before and after it in the order of the index."""
    line = [None, *(entry.disagreement for entry in index()), None]
    at = next((at for at, one in enumerate(line) if one and one.slug == slug), None)
    return (line[at - 1], line[at + 1]) if at else (None, None)


def _index() -> list[Entry]:
    shown = list(Disagreement.objects.visible().order_by("slug"))
    sides = Side.objects.filter(fact__in=Fact.objects.visible()).order_by("position", "pk")
    dates: dict[int, list] = defaultdict(list)
    dated = sides.exclude(fact__date="").values_list("disagreement", "fact", "fact__date_sort")
    for disagreement, fact, date in dated:
        dates[disagreement].append((fact, date))
    topics = {topic.pk: topic for topic in Topic.objects.select_related("parent")}
    tagged: dict[int, Counter[int]] = defaultdict(Counter)
    for disagreement, topic in sides.exclude(fact__topics=None).values_list("disagreement", "fact__topics"):
        tagged[disagreement][topic] += 1

    def when(disagreement: Disagreement) -> tuple[datetime.date, str]:
        known = dict(dates[disagreement.pk])
        date = known.get(disagreement.preferred_id or 0) or min(known.values(), default=datetime.date.max)
        return (date, disagreement.slug)

    entries = [
        _entry(disagreement, [(topics[pk], count) for pk, count in tagged[disagreement.pk].items()])
        for disagreement in sorted(shown, key=when)
    ]
    return sorted(entries, key=lambda entry: _place(entry.topic))


def _entry(disagreement: Disagreement, tagged: Collection[tuple[Topic, int]]) -> Entry:
    """Told under the topic that most of its sides have; of several, the first of the syllabus."""
    most = min(tagged, key=lambda pair: (-pair[1], _place(pair[0])), default=(None, 0))
    above = {topic.parent.slug for topic, _count in tagged if topic.parent}
    return Entry(disagreement, most[0], frozenset(above | {topic.slug for topic, _count in tagged}))


def _place(topic: Topic | None) -> tuple:
    """Where a topic stands in the syllabus: before those under it, each in the order of its siblings."""
    if topic is None:
        return NOWHERE
    if topic.parent is None:
        return (0, topic.position, topic.slug, -1, "")
    return (0, topic.parent.position, topic.parent.slug, topic.position, topic.slug)
