"""The topics of the syllabus."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from relations import counts, disagreeing, reading
from relations.conditional import unchanged
from relations.models import Topic
from relations.paging import KeptPaginator, asked_page, rows


@unchanged
def topic_list(request: HttpRequest) -> HttpResponse:
    tree = reading.topic_tree()
    index = disagreeing.index()
    for topic in (topic for theme, below in tree for topic in (theme, *below)):
        topic.disagreement_count = sum(topic.slug in entry.topics for entry in index)  # type: ignore[attr-defined]
    return render(request, "relations/topic_list.html", {"tree": tree})


@unchanged
def topic_detail(request: HttpRequest, slug: str) -> HttpResponse:
    topic = get_object_or_404(Topic.objects.select_related("parent"), slug=slug)
    page = asked_page(request, KeptPaginator(reading.facts_on(slug).newest_first(), name=f"topic:{slug}"))
    context = {
        "topic": topic,
        "children": reading.with_counts(topic.children.order_by("position", "slug"), counts.by_topic()),
        "page": page,
        "is_first": page.number == 1,
        "facts": rows(page.object_list),
        "disagreements": disagreeing.on_topic(slug) if page.number == 1 else [],
    }
    return render(request, "relations/topic_detail.html", context)
