"""Our own error pages; each says what happened, what is safe and what to do (UX.md, point 21)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form sent without our cookie. `reason` is Django's and is for the log, not for people."""
    return render(request, "403_csrf.html", status=403)
