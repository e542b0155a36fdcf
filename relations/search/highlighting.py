"""Hits in a text, from the control characters of the database to <mark>. The text is escaped first."""

import re

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from relations.search.indexes import START, STOP

_BETWEEN = re.compile(f"{STOP}([^\\w{START}{STOP}]{{0,2}}){START}")  # “India–Japan” is one hit, not two
_HIT = re.compile(f"{START}([^{START}{STOP}]*){STOP}")
_STRAY = re.compile(f"[{START}{STOP}]")


def as_html(marked: str) -> SafeString:
    """`marked` as safe HTML: each START…STOP a <mark>, strays left out, everything else escaped."""
    joined = _BETWEEN.sub(r"\1", marked)
    html = _HIT.sub(r"<mark>\1</mark>", str(escape(joined)))
    return mark_safe(_STRAY.sub("", html))  # noqa: S308 - escaped above
