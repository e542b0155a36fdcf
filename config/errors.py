"""Our own error pages; each says what happened, what is safe and what to do (UX.md, point 21)."""

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from relations.facets import NotAChoice


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form sent without our cookie. `reason` is Django's and is for the log, not for people."""
    return render(request, "403_csrf.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer an address that leads nowhere; where a choice in it is none, say which there are."""
    said = str(exception) if isinstance(exception, NotAChoice) else ""
    return render(request, "404.html", {"said": said}, status=404)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer what Django refuses to read: too much of it, or not as a browser sends it.

    Without the request, as Django does it: a page that asks it for its host would be refused again.
    """
    too_large = isinstance(exception, (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent))
    name, status = ("413.html", 413) if too_large else ("400.html", 400)
    return HttpResponse(render_to_string(name), status=status)
