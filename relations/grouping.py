"""What is known about a name, in groups: what it is, when it was, its members, figures, what was said and expected.

The group of a fact follows from its modality and its property, so that no editor has to choose one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from django.db.models import Case, Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from curation import stamps
from relations.models import Entity, Fact, Property
from relations.models.facts import FactQuerySet

MOST_UNGROUPED = 12  # facts that one list in time order holds well
MOST_IN_A_GROUP = 20  # and a group, before it is parted by topic

KIND = Property.ValueType
MEANS = Property.DateMeans


@dataclass(frozen=True, slots=True)
class Kind:
    """A group: the fragment of its address, its heading, and which facts it has. The first that fits takes a fact."""

    key: str
    title: Promise
    has: Q


EXPECTED = Kind("expected", _("What was expected, and what came of it"), Q(modality=Fact.Modality.EXPECTATION))
VIEWS = Kind("views", _("Views, and whose they are"), Q(modality=Fact.Modality.VIEW))
SAID = Kind("said", _("What was said"), Q(property__date_means=MEANS.SAID))
FIGURES = Kind("figures", _("Figures"), Q(property__value_type=KIND.NUMBER))
WHEN = Kind(
    "when",
    _("When and where"),
    # What happened in one place or at one meeting is when; who came and what was backed is what was done.
    Q(property__value_type=KIND.DATE)
    | Q(property__value_type=KIND.ENTITY, property__date_means=MEANS.HAPPENED, property__single=True),
)
MEMBERS = Kind(
    "members", _("Members and partners"), Q(property__value_type=KIND.ENTITY, property__date_means=MEANS.AS_OF)
)
DONE = Kind(
    "done",
    _("What was agreed and done"),
    Q(property__date_means__in=[MEANS.HAPPENED, MEANS.PERIOD]) | Q(property__isnull=True) & ~Q(date=""),
)
IS = Kind("is", _("What it is"), Q())

FITTING = (EXPECTED, VIEWS, SAID, FIGURES, WHEN, MEMBERS, DONE)
SHOWN = (IS, WHEN, MEMBERS, FIGURES, DONE, SAID, VIEWS, EXPECTED)


@dataclass(slots=True)
class Group:
    """The facts of one kind that stand on a page."""

    kind: Kind
    facts: list[Fact] = field(default_factory=list)
    topics: list[tuple[str, list[Fact]]] = field(default_factory=list)  # where it is long: its facts, parted


def about(entity: Entity) -> FactQuerySet:
    return Fact.objects.listed().filter(subject=entity.slug)


def counted(entity: Entity) -> dict[int, int]:
    """How many facts about the name each group has, by its place in SHOWN."""

    def count() -> dict[int, int]:
        rows = with_group(about(entity)).order_by().values_list("group").annotate(Count("pk"))
        return dict(rows)

    return stamps.cached(f"groups:{entity.slug}", count)


def with_group(facts: FactQuerySet) -> FactQuerySet:
    """Annotate `group`: the place in SHOWN of the kind that takes the fact."""
    fitting = (When(kind.has, then=Value(SHOWN.index(kind))) for kind in FITTING)
    return facts.annotate(group=Case(*fitting, default=Value(SHOWN.index(IS)), output_field=IntegerField()))


def in_time_order(facts: QuerySet[Fact]) -> QuerySet[Fact]:
    """The earliest first, the undated last."""
    undated = Case(When(date="", then=Value(1)), default=Value(0), output_field=IntegerField())
    return facts.order_by(undated, "date_sort", "ref")


def in_groups(facts: FactQuerySet) -> FactQuerySet:
    """As the page has them: group after group, in each the earliest first; views and expectations by whose."""
    ordered: Any = in_time_order(with_group(facts))
    return ordered.order_by("group", F("whose__sort_key").asc(nulls_first=True), *ordered.query.order_by)


def groups(facts: Iterable[Fact], places: Mapping[int, int]) -> list[Group]:
    """Facts `in_groups` as such; `places` maps the key of each to the place of its kind."""
    return [Group(SHOWN[place], list(rows)) for place, rows in groupby(facts, key=lambda fact: places[fact.pk])]


def parted(found: list[Group]) -> list[Group]:
    """The same, the long ones parted by topic; a fact of several stands at the one furthest down the syllabus.

    Views and expectations stay in the order of whose they are.
    """
    long = [group for group in found if len(group.facts) > MOST_IN_A_GROUP and group.kind not in (VIEWS, EXPECTED)]
    if long:
        pks = [fact.pk for group in long for fact in group.facts]
        tagged = Fact.topics.through.objects.filter(fact__in=pks)
        in_order = tagged.order_by("topic__parent__position", "topic__position", "topic__slug")
        pairs = list(in_order.values_list("fact", "topic__name"))
        topics, names = dict(pairs), list(dict.fromkeys(name for _fact, name in pairs))
        for group in long:
            sections = [(name, [fact for fact in group.facts if topics.get(fact.pk) == name]) for name in names]
            rest = [fact for fact in group.facts if fact.pk not in topics]
            group.topics = [section for section in [*sections, (str(_("Of no topic")), rest)] if section[1]]
    return found


def with_outcomes(facts: Iterable[Fact]) -> list[Fact]:
    """The facts, an expectation with what came of it in `came_of`: a listed fact, or None."""
    facts = list(facts)
    wanted = [fact.outcome_id for fact in facts if fact.outcome_id]
    found = Fact.objects.listed().in_bulk(wanted) if wanted else {}
    for fact in facts:
        fact.came_of = found.get(fact.outcome_id or 0)  # type: ignore[attr-defined]
    return facts


def parts(entity: Entity) -> tuple[list[Any], list[Any]]:
    """The meetings that belong to it, the earliest first, each with its date in `held`; and its other parts."""
    dated = Fact.objects.listed().filter(
        subject=OuterRef("slug"), modality=Fact.Modality.FACT, property__value_type=KIND.DATE
    )
    earliest = dated.exclude(date="").order_by("date_sort", "ref")
    below = Entity.objects.filter(part_of=entity.pk).annotate(
        held=Subquery(earliest.values("date")[:1]), held_sort=Subquery(earliest.values("date_sort")[:1])
    )
    in_order = list(below.order_by(F("held_sort").asc(nulls_last=True), "sort_key", "slug"))
    meetings = [part for part in in_order if part.kind == Entity.Kind.MEETING]
    others = sorted((part for part in in_order if part.kind != Entity.Kind.MEETING), key=lambda part: part.sort_key)
    return meetings, others
