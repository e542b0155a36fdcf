"""The topics of the syllabus."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from relations import counts, reading
from relations.conditional import unchanged
from relations.models import Topic
from relations.paging import KeptPaginator, asked_page, rows


@unchanged
def topic_list(request: HttpRequest) -> HttpResponse:
    return render(request, "relations/topic_list.html", {"tree": reading.topic_tree()})


@unchanged
def topic_detail(request: HttpRequest, slug: str) -> HttpResponse:
    topic = get_object_or_404(Topic.objects.select_related("parent"), slug=slug)
    page = asked_page(request, KeptPaginator(reading.facts_on(slug).newest_first(), name=f"topic:{slug}"))
    context = {
        "topic": topic,
        "children": reading.with_counts(topic.children.order_by("position", "slug"), counts.by_topic()),
        "page": page,
        "facts": rows(page.object_list),
    }
    return render(request, "relations/topic_detail.html", context)
