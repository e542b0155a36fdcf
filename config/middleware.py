"""What is refused before any page sees it."""

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse

from config.errors import bad_request


def refuse_nul(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Refuse a path or a cookie with a NUL character: PostgreSQL takes none in a text, and the page would fail.

    Forms and filters refuse theirs by name; no address and no cookie of ours has one.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        if "\0" in request.path_info:
            raise Http404("No address has a NUL character in it.")
        if any("\0" in value for value in request.COOKIES.values()):
            return bad_request(request)
        return get_response(request)

    return answer
