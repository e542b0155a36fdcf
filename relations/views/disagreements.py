"""Where sources disagree."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from relations import reading
from relations.conditional import unchanged
from relations.paging import KeptPaginator, asked_page


@unchanged
def disagreement_list(request: HttpRequest) -> HttpResponse:
    page = asked_page(request, KeptPaginator(reading.disagreements(), name="disagreements:"))
    return render(request, "relations/disagreement_list.html", {"page": page})


@unchanged
def disagreement_detail(request: HttpRequest, slug: str) -> HttpResponse:
    disagreement = get_object_or_404(reading.disagreements(), slug=slug)
    return render(request, "relations/disagreement_detail.html", {"disagreement": disagreement})
