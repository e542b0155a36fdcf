"""The documents that facts are taken from."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from relations import counts, coverage, reading
from relations.conditional import unchanged
from relations.models import Source
from relations.paging import KeptPaginator, asked_page


@unchanged
def source_list(request: HttpRequest) -> HttpResponse:
    page = asked_page(request, KeptPaginator(Source.objects.order_by("title", "slug"), name="sources:"))
    sources = reading.with_counts(page.object_list, counts.by_source())
    return render(request, "relations/source_list.html", {"page": page, "sources": sources})


@unchanged
def source_detail(request: HttpRequest, slug: str) -> HttpResponse:
    sources = Source.objects.select_related("copy_of").prefetch_related("authors", "derived_from", "copies")
    source = get_object_or_404(sources, slug=slug)
    passages = reading.passages_with_facts(source)
    context = {
        "source": source,
        "tier": Source.Tier(source.tier).label,
        "backing": [passage for passage in passages if passage.shown],
        "idle": coverage.unbacked(source),
        "count": len({citation.fact_id for passage in passages for citation in passage.shown}),
    }
    return render(request, "relations/source_detail.html", context)
