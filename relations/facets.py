"""Links that narrow a list, each with the number of rows it leaves; they work without a form and without a script."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import Http404
from django.utils.translation import gettext as _


class NotAChoice(Http404):
    """An address that asks for what no list has; its words are for the reader (`config.errors.not_found`)."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One link of a facet."""

    label: str
    count: int
    url: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """One thing to narrow by: what it is called, and its choices, the first of which is all."""

    label: str
    choices: list[Choice]


def facet(
    name: str, label: str, options: Iterable[tuple[str, str, int]], *, total: int, chosen: Mapping[str, str]
) -> Facet:
    """The facet of the parameter `name`.

    `options` are (value, label, count); one that leaves nothing is left out, unless it is the one chosen.
    `chosen` maps each parameter of the address to its value; the others are kept in every link.
    """
    now = chosen.get(name, "")
    rows = [(value, words, count) for value, words, count in options if count or value == now]
    return Facet(
        label,
        [
            Choice(words, count, _address({**chosen, name: value}), value == now)
            for value, words, count in [("", _("All"), total), *rows]
        ],
    )


def asked(value: str, known: Iterable[str]) -> str:
    """`value` if it is one of `known` or "", else NotAChoice, which names it and what it may be."""
    known = list(known)
    if value and value not in known:
        message = _("“%(value)s” is not one of the choices here: %(known)s.")
        raise NotAChoice(message % {"value": value, "known": ", ".join(known)})
    return value


def _address(params: Mapping[str, str]) -> str:
    given = sorted((name, value) for name, value in params.items() if value)
    return f"?{urlencode(given)}" if given else "?"
