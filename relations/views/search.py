"""The search page."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from relations import search as full_text
from relations.conditional import unchanged
from relations.paging import PER_PAGE, asked_page


@unchanged
def search(request: HttpRequest) -> HttpResponse:
    """Names and facts for `q`, with hits marked. Any text is a query, and none is an error."""
    results = full_text.search(request.GET.get("q", ""), limit=PER_PAGE, offset=_offset(request))
    page = asked_page(request, Paginator(range(results.count), PER_PAGE))
    return render(request, "relations/search.html", {"results": results, "page": page, "is_first": page.number == 1})


def _offset(request: HttpRequest) -> int:
    """Where the asked page begins; `asked_page` then refuses what is none."""
    number = request.GET.get("page", "")
    is_number = number.isascii() and number.isdigit() and len(number) < 6
    return max(int(number) - 1, 0) * PER_PAGE if is_number else 0
