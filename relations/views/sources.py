"""The documents that facts are taken from."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from curation import stamps
from relations import counts, reading, reading_order
from relations.conditional import unchanged
from relations.facets import Facet, asked, facet
from relations.models import Source
from relations.paging import KeptPaginator, asked_page


@unchanged
def source_list(request: HttpRequest) -> HttpResponse:
    kind = asked(request.GET.get("kind", ""), Source.Kind.values)
    found = Source.objects.filter(kind=kind) if kind else Source.objects.all()
    page = asked_page(request, KeptPaginator(found.order_by("title", "slug"), name=f"sources:{kind}"))
    sources = reading.with_counts(page.object_list, counts.by_source())
    context = {"page": page, "sources": sources, "kind": kind, "kinds": _kinds(kind)}
    return render(request, "relations/source_list.html", context)


def _kinds(chosen: str) -> Facet:
    counted = reading.sources_by_kind()
    choices = [(value, str(label), counted.get(value, 0)) for value, label in Source.Kind.choices]
    return facet("kind", _("Kind"), choices, total=sum(counted.values()), chosen={"kind": chosen})


@unchanged
def source_detail(request: HttpRequest, slug: str) -> HttpResponse:
    sources = Source.objects.select_related("copy_of").prefetch_related("authors", "derived_from", "copies")
    source = get_object_or_404(sources, slug=slug)
    body = stamps.cached(f"source-body:{slug}", lambda: _body(source))
    return render(request, "relations/source_detail.html", {"source": source, "body": body})


def _body(source: Source) -> str:
    """What stands between head and foot of the page, as HTML. It is nearly all of the page's cost, so it is kept."""
    lines = reading_order.lines(source)
    parts = reading_order.parts(lines)
    context = {
        "source": source,
        "tier": Source.Tier(source.tier).label,
        "parts": parts,
        "contents": reading_order.chapters(parts),
        "failures": reading_order.failures(lines),
        "idle": sum(line.is_idle for line in lines),
        "count": len({citation.fact_id for line in lines for citation in line.supports}),
    }
    return render_to_string("relations/_source_body.html", context)
