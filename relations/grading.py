"""The grade of evidence, kept in a column: made set-wise from the checks that count and the graph of sources.

Pages that show one fact and every list rest visibility on the checks themselves; the column serves what is
shown beside it and the filter. `manage.py grade_evidence` recomputes it and says what differed.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import cast

from relations.evidence import SourceNode, grade
from relations.models import Check, Fact, Source


def source_graph() -> dict[str, SourceNode]:
    """All sources as a graph, in three queries."""
    authors: dict[str, set[str]] = defaultdict(set)
    for source, author in Source.authors.through.objects.values_list("source__slug", "entity__slug"):
        authors[source].add(author)
    parents: dict[str, set[str]] = defaultdict(set)
    for source, parent in Source.derived_from.through.objects.values_list("from_source__slug", "to_source__slug"):
        parents[source].add(parent)
    return {
        slug: SourceNode(
            slug=slug,
            tier=tier,
            authors=frozenset(authors[slug]),
            copy_of=copy_of,
            derived_from=frozenset(parents[slug]),
        )
        for slug, tier, copy_of in Source.objects.values_list("slug", "tier", "copy_of__slug")
    }


def computed(facts: Iterable[int] | None = None) -> dict[int, str]:
    """The grade each fact has by its checks today, by primary key; all facts where `facts` is None."""
    graph: Mapping[str, SourceNode] = source_graph()
    checks = Check.objects.counting().filter(citation__stance="supports")
    rows = Fact.objects.all()
    if facts is not None:
        facts = list(facts)
        checks, rows = checks.filter(citation__fact__in=facts), rows.filter(pk__in=facts)
    cited: dict[int, set[str]] = defaultdict(set)
    for fact, source in checks.values_list("citation__fact", "citation__passage__source__slug").distinct():
        cited[fact].add(source)
    return {
        pk: grade(modality, cast("str | None", whose), cited.get(pk, set()), graph).value
        for pk, modality, whose in rows.values_list("pk", "modality", "whose_id")
    }


def refresh(facts: Iterable[int] | None = None) -> dict[int, tuple[str, str]]:
    """Set the column right; return what differed, as (kept, computed) by primary key."""
    if facts is not None:
        facts = list(facts)
    grades = computed(facts)
    kept = (Fact.objects.all() if facts is None else Fact.objects.filter(pk__in=facts)).values_list("pk", "evidence")
    differing = {
        pk: (evidence, grades[pk]) for pk, evidence in kept.iterator() if pk in grades and evidence != grades[pk]
    }
    by_grade: dict[str, list[int]] = defaultdict(list)
    for pk, (_, now) in differing.items():
        by_grade[now].append(pk)
    for value, pks in by_grade.items():
        for start in range(0, len(pks), 500):
            Fact.objects.filter(pk__in=pks[start : start + 500]).update(evidence=value)
    return differing
