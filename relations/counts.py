"""How many facts there are of each kind, as lists show beside a name; counted once for each state of the content."""

from collections import defaultdict

from django.db.models import Count

from curation import stamps
from relations.models import Fact, Topic


def facts() -> int:
    return stamps.cached("count:facts:", Fact.objects.listed().count)


def sources() -> int:
    """Documents that listed facts rest on; those known only as the origin of others were not read."""
    return len(by_source())


def by_source() -> dict[int, int]:
    """Listed facts that rest on each source, by the source's primary key; one it contradicts does not."""
    return stamps.cached("count:by-source", _by_source)


def by_topic() -> dict[int, int]:
    """Listed facts of each topic, or of one under it, by the topic's primary key; a fact counts once."""
    return stamps.cached("count:by-topic", _by_topic)


def _by_source() -> dict[int, int]:
    cited = Fact.objects.listed().filter(citations__stance="supports").order_by()
    return dict(cited.values_list("citations__passage__source").annotate(Count("pk", distinct=True)))


def _by_topic() -> dict[int, int]:
    parents = dict(Topic.objects.values_list("pk", "parent"))
    tagged = Fact.objects.listed().filter(topics__isnull=False).order_by().values_list("topics", "pk")
    facts = defaultdict(set)
    for topic, fact in tagged.iterator():
        facts[topic].add(fact)
        if parent := parents[topic]:
            facts[parent].add(fact)
    return {topic: len(found) for topic, found in facts.items()}
