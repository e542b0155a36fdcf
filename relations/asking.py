"""What the address of a list asks for, read strictly and written in one way: sorted, without empty values."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from relations.filters import FactFilter, nearest
from relations.models import Entity

FORMATS = ("csv", "json")
BESIDE_FILTERS = ("format", "page")

# What messengers and search engines add to a shared link; it asks for nothing here and is dropped.
_TRACKING = re.compile(r"utm_\w+|fbclid|gclid|igshid|igsh|mc_[ce]id|msclkid|ref_src")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in the address that is not understood: what and why, and where the likely meaning is."""

    text: str
    url: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter chosen, and the address without it."""

    name: str
    label: str
    remove_url: str


@dataclass(frozen=True, slots=True)
class Removal:
    """A chosen filter to take away, and how many facts there are then."""

    chip: Chip
    count: int


class AskedFacts:
    """One reading of the query string of a list of facts."""

    def __init__(self, request: HttpRequest, facts) -> None:
        self.path = request.path
        self.params: QueryDict = request.GET
        self.given = parse_qsl(request.META.get("QUERY_STRING", ""), keep_blank_values=True)
        self.filter = FactFilter(self.params, facts)
        self.names = (*self.filter.filters, *BESIDE_FILTERS)
        self.problems = [*self._unknown(), *self._repeated(), *self._wrong_values()]

    @property
    def facts(self):
        return self.filter.qs

    @property
    def format(self) -> str:
        return self.params.get("format", "")

    @property
    def chosen(self) -> dict[str, str]:
        """The filters that narrow, as the canonical address has them, by name in alphabetical order."""
        return {
            name: _written(self.filter.form.cleaned_data[name])
            for name in sorted(self.filter.filters)
            if self.filter.form.cleaned_data.get(name)
        }

    @property
    def canonical(self) -> list[tuple[str, str]]:
        beside = {name: value for name in BESIDE_FILTERS if (value := str(self.params.get(name, "")).strip())}
        if beside.get("page") == "1":
            del beside["page"]
        return sorted({**self.chosen, **beside}.items())

    @property
    def is_canonical(self) -> bool:
        return self.given == self.canonical

    @property
    def address(self) -> str:
        """The one address of what is asked."""
        return f"{self.path}?{_query(self.canonical)}" if self.canonical else self.path

    @property
    def query(self) -> str:
        """The filters alone, as a query string; names what is listed."""
        return _query(self.chosen)

    def chips(self) -> list[Chip]:
        form = self.filter.form
        chips = []
        for name, value in self.chosen.items():
            words = {"filter": form.fields[name].label, "value": self._in_words(name, value)}
            without = {other: kept for other, kept in self.chosen.items() if other != name}
            chips.append(Chip(name, _("%(filter)s: %(value)s") % words, self._at(without)))
        return chips

    def with_format(self, name: str) -> str:
        return self._at({**self.chosen, "format": name})

    @property
    def in_words(self) -> str:
        return "; ".join(chip.label for chip in self.chips())

    def nearest_removal(self, facts) -> Removal | None:
        """The chosen filter that hides the fewest facts once the others are kept, and how many those are."""
        counts = []
        for chip in self.chips():
            others = {name: value for name, value in self.chosen.items() if name != chip.name}
            if count := FactFilter(QueryDict(_query(others)), facts).qs.count():
                counts.append((count, chip))
        if not counts:
            return None
        count, chip = min(counts, key=lambda pair: pair[0])
        return Removal(chip, count)

    def _at(self, params: Mapping[str, str]) -> str:
        return f"{self.path}?{_query(params)}" if params else self.path

    def _in_words(self, name: str, value: str) -> str:
        cleaned = self.filter.form.cleaned_data[name]
        if isinstance(cleaned, Entity):
            return cleaned.name
        choices = getattr(self.filter.form.fields[name], "choices", None)
        return str(dict(choices).get(value, value)) if choices else value

    # --- what is not understood ----------------------------------------------------------------

    def _unknown(self) -> list[Problem]:
        return [self._unknown_name(name) for name in self.params if name not in self.names and not _tracks(name)]

    def _unknown_name(self, name: str) -> Problem:
        filters = ", ".join(sorted(self.filter.filters))
        likely = nearest(name, self.names)
        if not likely:
            message = _("“%(name)s” is not a filter. The filters are: %(filters)s.")
            return Problem(message % {"name": name, "filters": filters})
        message = _("“%(name)s” is not a filter. Did you mean “%(likely)s”? The filters are: %(filters)s.")
        renamed = [(likely if key == name else key, value) for key, value in self.given]
        return Problem(
            message % {"name": name, "likely": likely, "filters": filters},
            f"?{urlencode(renamed, safe='/')}",
            _("Use “%(likely)s” instead") % {"likely": likely},
        )

    def _repeated(self) -> list[Problem]:
        message = _("“%(name)s” is in the address %(times)d times, with different values. Choose one of them.")
        return [
            Problem(message % {"name": name, "times": len(values)})
            for name, values in self.params.lists()
            if name in self.names and len(set(values)) > 1
        ]

    def _wrong_values(self) -> list[Problem]:
        problems = []
        for name, errors in self.filter.form.errors.as_data().items():
            for error in errors:
                instead = (error.params or {}).get("instead")
                label = _("Use “%(likely)s” instead") % {"likely": instead} if instead else ""
                problems.append(Problem(error.messages[0], self._with(name, instead) if instead else "", label))
        if self.format and self.format not in FORMATS:
            message = _("“%(format)s” is not a format we have. The formats are: %(formats)s.")
            problems.append(Problem(message % {"format": self.format, "formats": ", ".join(FORMATS)}))
        return problems

    def _with(self, name: str, value: str) -> str:
        replaced = [(key, value if key == name else kept) for key, kept in self.given if kept]
        return f"?{urlencode(replaced, safe='/')}"


def _tracks(name: str) -> bool:
    return bool(_TRACKING.fullmatch(name))


def _written(value) -> str:
    return value.slug if isinstance(value, Entity) else str(value)


def _query(params: Mapping[str, str] | Iterable[tuple[str, str]]) -> str:
    return urlencode(sorted(dict(params).items()), safe="/")
