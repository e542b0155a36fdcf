"""The search page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def search(request: HttpRequest) -> HttpResponse:
    """A field to search with; what is found comes with the index."""
    return render(request, "relations/search.html", {"query": request.GET.get("q", "").strip()})
