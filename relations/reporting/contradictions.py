"""Values that cannot all hold, by the rule of `relations.contradicting`, and the disagreements that know of them."""

from collections import defaultdict
from itertools import combinations

from relations.contradicting import Said, contradict
from relations.models import Disagreement, Fact, Side
from relations.reporting.sections import Row, Section, clean, to_explain
from relations.reporting.wholes import Wholes, ancestors

_FACTS_REMEDY = "mend the wrong one, or make a disagreement of the two"
_VIEWS_REMEDY = "deprecate the view that proved wrong, or make a disagreement of the two"
_EXPLAINED_REMEDY = "nothing, while that disagreement says what to write"
_OPEN_REMEDY = "settle that disagreement"


def sections(wholes: Wholes) -> list[Section]:
    """Each pair once: what a disagreement already names is told apart from what nobody has seen yet."""
    disagreements = _disagreements()
    facts, views, explained = [], [], []
    for one, other in pairs(wholes):
        shared = disagreements.get(one.pk, {}).keys() & disagreements.get(other.pk, {}).keys()
        wrong = f"{one.property_id} {_value(one)}; {other.ref} has {_value(other)}"
        if shared:
            slug = min(shared)
            state = disagreements[one.pk][slug]
            remedy = _OPEN_REMEDY if state == Disagreement.State.OPEN else _EXPLAINED_REMEDY
            explained.append(Row("fact", one.ref, f"{wrong} ({state} in {slug})", remedy))
        elif Fact.Modality.VIEW in (one.modality, other.modality):
            views.append(Row("fact", one.ref, wrong, _VIEWS_REMEDY))
        else:
            facts.append(Row("fact", one.ref, wrong, _FACTS_REMEDY))
    return [
        clean("contradictions", "Values that contradict", facts),
        to_explain("contradicting-views", "Views that contradict, in no disagreement", views),
        to_explain("explained-contradictions", "Values that contradict, in a disagreement", explained),
    ]


def pairs(wholes: Wholes) -> list[tuple[Fact, Fact]]:
    """Every two live facts whose values contradict, by ref.

    Live: published, neither deprecated nor superseded. An expectation says what somebody thought would be, so it
    contradicts nothing; its verdict says how it came out.
    """
    live = (
        Fact.objects.published()
        .filter(property__single=True, superseded_by__isnull=True)
        .exclude(value="")
        .exclude(rank=Fact.Rank.DEPRECATED)
        .exclude(modality=Fact.Modality.EXPECTATION)
        .select_related("property")
        .order_by("ref")
    )
    groups: dict[tuple[str, str | None], list[Fact]] = defaultdict(list)
    for fact in live:
        groups[fact.subject_id, fact.property_id].append(fact)

    def within(part: str, whole: str) -> bool:
        return whole in ancestors(part, wholes)

    found = [
        (one, other)
        for group in groups.values()
        for one, other in combinations(group, 2)
        if contradict(_said(one), _said(other), within=within)
    ]
    return sorted(found, key=lambda pair: (pair[0].ref, pair[1].ref))


def _said(fact: Fact) -> Said:
    prop = fact.property
    assert prop is not None, fact.ref  # noqa: S101  # asked for by `pairs`
    return Said(
        value=fact.value,
        value_type=prop.value_type,
        date_means=prop.date_means,
        unit=fact.unit or prop.unit,
        date=fact.date,
        validity=fact.validity,
    )


def _value(fact: Fact) -> str:
    value = f"{fact.value} {fact.unit}".strip()
    return f"“{value}”" + (f" ({fact.date})" if fact.date and fact.date != fact.value else "")


def _disagreements() -> dict[int, dict[str, str]]:
    """The disagreements of each fact that is a side: key and state."""
    found: dict[int, dict[str, str]] = defaultdict(dict)
    for fact, slug, state in Side.objects.values_list("fact", "disagreement__slug", "disagreement__state"):
        found[fact][slug] = state
    return found
