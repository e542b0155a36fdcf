"""What the pages beside the facts read: names, topics, sources, disagreements, each in a constant number of queries."""

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, Count, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Substr

from curation import stamps
from relations import counts, disagreeing
from relations.models import Alias, Disagreement, Entity, Fact, Side, Source, Topic
from relations.models.facts import FactQuerySet
from relations.paging import rows

ALWAYS_SHOWN = 10  # rows of a list that a page only begins, and another page has in full


def with_counts(objects: Iterable[Any], count: Mapping[int, int]) -> list[Any]:
    """The objects as a list, each with the number of its listed facts in `fact_count`."""
    objects = list(objects)
    for one in objects:
        one.fact_count = count.get(one.pk, 0)
    return objects


# --- names -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """A line of the index: a name, or another name (`of` then says whose)."""

    sort_key: str
    name: str
    slug: str
    kind: str
    definition: str
    of: str

    @property
    def initial(self) -> str:
        return initial(self.sort_key)

    @property
    def kind_words(self) -> str:
        return str(Entity.Kind(self.kind).label)


def initial(key: str) -> str:
    """The letter a sort key stands under; "0" for all digits."""
    return "0" if key[:1].isdigit() else key[:1]


def index_entries(letter: str = "", kind: str = "") -> QuerySet:
    """Names and other names in one order, as the values of an IndexEntry; of one letter or kind where given."""
    starts = Q()
    if letter:
        starts = Q(sort_key__regex=r"^[0-9]") if letter == "0" else Q(sort_key__startswith=letter)
    names = Entity.objects.filter(starts, Q(kind=kind) if kind else Q()).annotate(
        of=Value("", output_field=CharField())
    )
    others = Alias.objects.filter(starts, Q(entity__kind=kind) if kind else Q()).annotate(of=F("entity__name"))
    return (
        names.order_by()
        .values_list("sort_key", "name", "slug", "kind", "definition", "of")
        .union(
            others.order_by().values_list(
                "sort_key", "name", "entity__slug", "entity__kind", "entity__definition", "of"
            ),
            all=True,
        )
        .order_by("sort_key", "slug")
    )


def letters(kind: str = "") -> list[str]:
    """The letters under which there is a name, of that kind where one is given; "0" stands for all digits."""
    return stamps.cached(f"letters:{kind}", lambda: _letters(kind))


def _letters(kind: str) -> list[str]:
    first = Substr("sort_key", 1, 1)
    names = Entity.objects.filter(kind=kind) if kind else Entity.objects.all()
    others = Alias.objects.filter(entity__kind=kind) if kind else Alias.objects.all()
    found = {letter for rows in (names, others) for letter in rows.order_by().values_list(first, flat=True).distinct()}
    return sorted({initial(letter) for letter in found if letter})


def names_by_kind() -> dict[str, int]:
    """How many names there are of each kind; other names are not counted."""
    names = Entity.objects.order_by().values_list("kind").annotate(Count("pk"))
    return stamps.cached("names-by-kind", lambda: dict(names))


def sources_by_kind() -> dict[str, int]:
    rows = Source.objects.order_by().values_list("kind").annotate(Count("pk"))
    return stamps.cached("sources-by-kind", lambda: dict(rows))


def facts_where_partner(entity: Entity) -> QuerySet[Fact]:
    return Fact.objects.listed().filter(
        pk__in=Fact.partners.through.objects.filter(entity=entity.pk).values("fact")
    ).exclude(subject=entity.slug)  # fmt: skip


# --- topics ------------------------------------------------------------------------------------


def topic_tree() -> list[tuple[Topic, list[Topic]]]:
    """The topics in the order of the syllabus, each with those under it; all with their `fact_count`."""
    topics = with_counts(Topic.objects.order_by("position", "slug"), counts.by_topic())
    return [
        (topic, [child for child in topics if child.parent_id == topic.pk])
        for topic in topics
        if topic.parent_id is None
    ]


# --- a fact ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Related:
    """Other facts that a fact's page leads to, as far as they are listed."""

    superseded_by: Fact | None
    supersedes: list[Fact]
    outcome: Fact | None
    expectations: list[Fact]


def related(fact: Fact) -> Related:
    listed = Fact.objects.listed().with_states().select_related("whose").newest_first()
    own = [pk for pk in (fact.superseded_by_id, fact.outcome_id) if pk]
    others = list(listed.filter(Q(pk__in=own) | Q(superseded_by=fact.pk) | Q(outcome=fact.pk)))
    by_pk = {other.pk: other for other in others}
    return Related(
        superseded_by=by_pk.get(fact.superseded_by_id),
        supersedes=[other for other in others if other.superseded_by_id == fact.pk],
        outcome=by_pk.get(fact.outcome_id),
        expectations=[other for other in others if other.outcome_id == fact.pk],
    )


def facts_on(topic: str, facts: FactQuerySet | None = None) -> FactQuerySet:
    """Those of `facts` (all that are listed) that have the topic of that slug, or one under it."""
    tagged = Fact.topics.through.objects.filter(fact=OuterRef("pk"))
    facts = Fact.objects.listed() if facts is None else facts
    return facts.filter(Exists(tagged.filter(Q(topic__slug=topic) | Q(topic__parent__slug=topic))))


# --- disagreements -----------------------------------------------------------------------------


def disagreement_of_the_day(day: datetime.date) -> Disagreement | None:
    """Another one each day, in turn."""
    slugs = stamps.cached("disagreements", lambda: list(Disagreement.objects.visible().values_list("slug", flat=True)))
    if not slugs:
        return None
    chosen = sorted(slugs)[day.toordinal() % len(slugs)]
    return Disagreement.objects.visible().filter(slug=chosen).first()  # None: it left a moment ago


def disagreements_of(fact: Fact) -> QuerySet[Disagreement]:
    return disagreeing.disagreements().filter(pk__in=Side.objects.filter(fact=fact.pk).values("disagreement"))


def newest(facts: QuerySet[Fact], most: int = ALWAYS_SHOWN) -> list[Fact]:
    return rows(facts.newest_first()[:most])  # type: ignore[attr-defined]
