"""What somebody probably meant who wrote a key, a value or a header that is not there; and how that is said.

Nothing is ever taken for what was meant: a suggestion is shown, and a person decides.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from rapidfuzz import fuzz, process

CUTOFF = 75  # of 100; “defense” and “defence” are 86, “veiw” and “view” 75
SAME_NUMBERS = 10  # by which one of the same numbers is nearer: a letter is mistyped sooner than a number
LONGEST = 200  # letters of a value that may still be a mistyped key
SHOWN = 60  # letters of a value that a message repeats
CHOICES_SHOWN = 20
FEW = 5_000  # keys of a table, all read; of a larger one so many that begin alike
ANSWERED = 1_000  # different misses of one table; a file with more has another table's keys in that column
STEMS = 50  # beginnings asked for in one query
LAST = "\U0010ffff"  # sorts after every letter


# --- finding --------------------------------------------------------------------------------
def nearest(value: str, known: Iterable[str], *, cutoff: float = CUTOFF) -> str:
    """The one of `known` that is most like `value`, or "" where none is near.

    Capitals, accents, spaces, underscores, punctuation and leading zeros of a number make no difference. One with
    the same numbers is nearer than one with others; of two equally near it is the one that begins alike, or the first.
    """
    return _Known(known).nearest(value, cutoff=cutoff)


def nearest_of_queryset(value: str, queryset: QuerySet, field: str) -> str:
    """`nearest` of one column of a table of any size. For many values at once use `Keys`."""
    return Keys(queryset, field).nearest([value])[value]


class Keys:
    """The keys of a table to suggest from, with few queries: one where the table is small, else two more a call.

    A small table (FEW keys) is read once and remembered; so are the answers, of which there are at most ANSWERED.
    Of a larger table only keys that begin as the value does are compared.
    """

    def __init__(self, queryset: QuerySet, field: str) -> None:
        self.values = queryset.order_by().values_list(field, flat=True)
        self.field = field
        self.answers: dict[str, str] = {}
        self.all: _Known | None = None
        self.is_small: bool | None = None

    def nearest(self, values: Collection[str]) -> dict[str, str]:
        """For each of `values` the nearest key, or ""."""
        asked = [value for value in dict.fromkeys(values) if value not in self.answers]
        asked = asked[: max(0, ANSWERED - len(self.answers))]
        if asked:
            self.answers.update(self._answered(asked))
        return {value: self.answers.get(value, "") for value in values}

    def _answered(self, asked: list[str]) -> dict[str, str]:
        if self.is_small is None:
            read = list(self.values[: FEW + 1])
            self.is_small = len(read) <= FEW
            self.all = _Known(read) if self.is_small else None
        if self.all is not None:
            return {value: self.all.nearest(value) for value in asked}
        answers: dict[str, str] = {}
        for stem in (_long_stem, _short_stem):
            missing = [value for value in asked if not answers.get(value) and len(value) <= LONGEST]
            known = _Known(self._beginning({stem(value) for value in missing}))
            answers.update({value: known.nearest(value) for value in missing})
        return answers

    def _beginning(self, stems: set[str]) -> list[str]:
        """Keys that begin with one of the stems, by ranges: an index serves those on every database."""
        asked = [stem for stem in sorted(stems) if stem and stem.isprintable()][:STEMS]
        if not asked:
            return []
        condition = Q()
        for stem in asked:
            condition |= Q((f"{self.field}__gte", stem), (f"{self.field}__lt", stem + LAST))
        return list(self.values.filter(condition).order_by(self.field)[:FEW])


def _long_stem(value: str) -> str:
    return value[: max(3, len(value) * 2 // 3)]


def _short_stem(value: str) -> str:
    return value[:3]


class _Known:
    """What is known, folded once for any number of values."""

    def __init__(self, known: Iterable[str]) -> None:
        self.known = [str(one) for one in known]
        self.folded = [folded(one) for one in self.known]

    @cached_property
    def words(self) -> list[str]:
        return [_words(one) for one in self.known]

    def nearest(self, value: str, *, cutoff: float = CUTOFF) -> str:
        wanted = folded(value) if len(value) <= LONGEST else ""
        if not wanted:
            return ""
        found = process.extract(wanted, self.folded, scorer=fuzz.ratio, score_cutoff=cutoff, limit=10)
        if not found:
            return self._other_order(value, cutoff) or self._only_one_that_begins(wanted)
        numbers = _numbers(value)

        def rank(match: tuple[str, float, int]) -> tuple[Any, ...]:
            text, score, place = match
            bonus = SAME_NUMBERS if _numbers(self.known[place]) == numbers else 0
            return score + bonus, _alike(text, wanted), -place

        return self.known[max(found, key=rank)[2]]

    def _other_order(self, value: str, cutoff: float) -> str:
        """The words of a key in another order: india-japan-2plus2 and japan-india-2plus2."""
        wanted = _words(value)
        if " " not in wanted:
            return ""
        found = process.extractOne(wanted, self.words, scorer=fuzz.ratio, score_cutoff=max(cutoff, 90))
        return self.known[found[2]] if found else ""

    def _only_one_that_begins(self, wanted: str) -> str:
        """`expect` for expectation, `press report` for press: where just one is meant by it."""
        if len(wanted) < 4:
            return ""
        found = [
            known
            for known, text in zip(self.known, self.folded, strict=True)
            if text.startswith(wanted) or (len(text) >= 4 and wanted.startswith(text))
        ]
        return found[0] if len(found) == 1 else ""


_LEADING_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")
_NUMBER = re.compile(r"\d+")
_NOT_A_WORD = re.compile(r"[\W_]+")


def folded(text: str) -> str:
    """The letters and digits of a text, as they are compared: “Énergie_01” → “energie1”."""
    return _NOT_A_WORD.sub("", _plain(text))


def _words(text: str) -> str:
    return " ".join(sorted(_NOT_A_WORD.sub(" ", _plain(text)).split()))


def _plain(text: str) -> str:
    if not text.isascii():
        apart = unicodedata.normalize("NFKD", text)
        text = unicodedata.normalize("NFC", "".join(one for one in apart if not "\u0300" <= one <= "\u036f"))
    return _LEADING_ZEROS.sub("", text.casefold())


def _numbers(text: str) -> list[str]:
    return _NUMBER.findall(_LEADING_ZEROS.sub("", text))


def _alike(one: str, other: str) -> int:
    """How many letters two texts have in common from the beginning."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))


# --- saying ---------------------------------------------------------------------------------
def unknown_key(value: str, thing: Any, suggestion: str = "", *, tick: str = "", things: Any = "") -> str:
    """Say that no `thing` (a verbose_name) has this key, which one may be meant, and what to do.

    `tick` is the label of what makes it, on the page where `things` are imported.
    """
    found = _("“%(value)s” is not the key of any %(thing)s.") % {"value": shortened(value), "thing": thing}
    todo = _("Correct the key, or add the %(thing)s first.")
    if tick:
        todo = _("Correct the key, add the %(thing)s first, or tick “%(tick)s” when you import %(things)s.")
    todo %= {"thing": thing, "tick": tick, "things": things}
    return " ".join(filter(None, [found, did_you_mean(suggestion), todo]))


def not_a_choice(value: str, choices: Sequence[str], suggestion: str = "") -> str:
    """Say that a value is none of those allowed, which one may be meant, and which are allowed."""
    found = _("“%(value)s” is not one of the values allowed here.") % {"value": shortened(value)}
    listed = ", ".join(str(choice) for choice in choices[:CHOICES_SHOWN])
    if more := len(choices) - CHOICES_SHOWN if len(choices) > CHOICES_SHOWN else 0:
        listed = ngettext("%(listed)s and %(count)s more", "%(listed)s and %(count)s more", more) % {
            "listed": listed,
            "count": more,
        }
    todo = _("Write one of: %(choices)s.") % {"choices": listed}
    return " ".join(filter(None, [found, did_you_mean(suggestion), todo]))


def did_you_mean(suggestion: str) -> str:
    """The question, or "" where there is nothing to suggest."""
    return _("Did you mean “%(suggestion)s”?") % {"suggestion": suggestion} if suggestion else ""


def shortened(value: str) -> str:
    """A value as a message repeats it: on one line, and not the whole of a long one."""
    line = " ".join(value.split())
    return line if len(line) <= SHOWN else f"{line[: SHOWN - 1].rstrip()}…"
