"""Pages that have not changed since the reader last had them are answered 304, before any work is done."""

import hashlib
from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.views.decorators.http import condition

from curation import stamps

View = Callable[..., HttpResponse]

PROGRAM = ("config", "curation", "relations", "quizzes", "templates", "static", "locale")


@cache
def build() -> str:
    """Name the program that answers: the newest change of its files, the same in every process of one release."""
    files = (file for folder in PROGRAM for file in (settings.BASE_DIR / folder).rglob("*"))
    newest = max(file.stat().st_mtime_ns for file in files if file.suffix in {".py", ".html", ".css", ".js", ".mo"})
    return str(newest)


def etag(request: HttpRequest, *args: Any, **kwargs: Any) -> str | None:
    """Name what an anonymous reader gets at this address; None where the page may say something to one person.

    A page with a message in it (the `messages` cookie) is for one person and one time. A form's token belongs to
    its cookie.
    """
    if request.user.is_authenticated or "messages" in request.COOKIES:
        return None
    # Scheme and host are part of the page: its canonical address, its JSON and its ready-made citation.
    token = request.COOKIES.get(settings.CSRF_COOKIE_NAME, "")
    named = (
        build(),
        settings.SECOND_PERSON,
        stamps.state(),
        translation.get_language(),
        request.build_absolute_uri(),
        token,
    )
    return f'"{hashlib.sha256("|".join(map(str, named)).encode()).hexdigest()[:32]}"'


def etag_of_newcomer(request: HttpRequest, *args: Any, **kwargs: Any) -> str | None:
    """As `etag`; None where a session may show in the page."""
    return None if settings.SESSION_COOKIE_NAME in request.COOKIES else etag(request)


def unchanged(view: View, *, named: Callable[..., str | None] = etag) -> View:
    """Let `view` be answered 304 while neither content, day, language nor program has changed.

    Only for pages that depend on nothing but these and the address (and what `named` accounts for).
    """
    conditional = condition(etag_func=named)(view)

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = conditional(request, *args, **kwargs)
        patch_vary_headers(response, ["Cookie", "Accept-Language"])
        # Ask again each time, so that a corrected fact is corrected at once; the answer is mostly 304.
        patch_cache_control(response, no_cache=True, **({"private": True} if request.user.is_authenticated else {}))
        return response

    return answer
