"""The options and the key of an objective question, computed from the truth of its parts.

Pure: no ORM, no HTTP. Nobody types "option C": the key follows from the parts (DESIGN.md, rule 3).

What is shown must not say more than the question does, not even to a reader who knows this code and
the question's ref. So the truth of the parts may choose among the menus of options only as far as
any menu must contain its key; see combination() for how.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import combinations

from django.utils.translation import gettext as _

LETTERS = "abcdefgh"


class Ask(StrEnum):
    """What the closing line asks for."""

    CORRECT = "correct"
    INCORRECT = "incorrect"


class KeyFault(ValueError):
    """The parts do not lead to one key. The message is for the editor."""


class NoKey(KeyFault):
    """No option would be right."""


class AmbiguousKey(KeyFault):
    """More than one option would be right."""


@dataclass(frozen=True)
class Keyed:
    """Options as shown, and the index of the right one.

    `parts` gives, where each option is one part of the question, the index of that part.
    """

    options: tuple[str, ...]
    key: int
    parts: tuple[int, ...] = ()

    @property
    def letter(self) -> str:
        return LETTERS[self.key]

    @property
    def lettered(self) -> list[tuple[str, str]]:
        return list(zip(LETTERS, self.options, strict=False))


# --- statements with a combination key --------------------------------------------------------

# The order in which the examination prints them.
_SETS = {
    2: ((1,), (2,), (1, 2), ()),
    3: ((1,), (2,), (3,), (1, 2), (2, 3), (1, 3), (1, 2, 3), ()),
}


def combination(truths: Sequence[bool], *, ask: Ask | str, seed: str) -> Keyed:
    """Options and key for two or three numbered statements.

    Two statements have the examination's four fixed options. Three have eight possible answers and
    room for four: the seed parts the eight into two menus of four, and the truth says only which of
    the two is printed. Each of its four options would have led to the same menu, so menu, position
    and company of the key tell nothing. In no menu does a statement stand in all options or in none.
    """
    if len(truths) not in _SETS:
        raise NoKey(_("%(count)s statements. A combination key needs two or three.") % {"count": len(truths)})
    wanted = Ask(ask) is Ask.CORRECT
    answer = tuple(number for number, true in enumerate(truths, start=1) if true is wanted)
    sets = _SETS[len(truths)]
    if len(truths) == 3:
        halves = _HALVES[_draw(seed, "menu") % len(_HALVES)]
        sets = tuple(s for s in sets if (s in halves) == (answer in halves))
    return Keyed(tuple(_wording(s, len(truths)) for s in sets), sets.index(answer))


def _wording(numbers: tuple[int, ...], of: int) -> str:
    """A set of statement numbers as the examination words it."""
    match numbers:
        case ():
            return _("Neither 1 nor 2") if of == 2 else _("None of the above")
        case (1, 2) if of == 2:
            return _("Both 1 and 2")
        case (1, 2, 3):
            return _("1, 2 and 3")
        case (one,):
            return _("%(one)s only") % {"one": one}
        case (one, two):
            return _("%(one)s and %(two)s only") % {"one": one, "two": two}
    raise ValueError(f"No wording for {numbers} of {of}.")


def _halves() -> tuple[frozenset[tuple[int, ...]], ...]:
    """The ways to part the eight sets in two menus, each given by the half that holds "1 only".

    Left out are the three ways in which one half is "all sets with statement n": they give n away.
    There are 32, and by symmetry each set is equally often in the company of any other.
    """
    first, *others = _SETS[3]
    giveaways = [frozenset(s for s in _SETS[3] if (n in s) == (n in first)) for n in (1, 2, 3)]
    halves = (frozenset((first, *three)) for three in combinations(others, 3))
    return tuple(half for half in halves if half not in giveaways)


_HALVES = _halves()


# --- single best answer -----------------------------------------------------------------------


def single(texts: Sequence[str], truths: Sequence[bool], *, ask: Ask | str, seed: str) -> Keyed:
    """Options and key where each part is an option and exactly one answers the question.

    Numbers and dates stand in rising order, as the examination prints them; anything else in an
    order drawn from the seed and the words, so that neither the place where the editor wrote the
    right option nor its truth has a say.
    """
    wanted = Ask(ask) is Ask.CORRECT
    right = [index for index, true in enumerate(truths) if true is wanted]
    if not right:
        raise NoKey(_none_right(wanted))
    if len(right) > 1:
        raise AmbiguousKey(_several_right(wanted, [index + 1 for index in right]))
    order = _order(texts, seed)
    return Keyed(tuple(texts[index] for index in order), order.index(right[0]), tuple(order))


def _order(texts: Sequence[str], seed: str) -> list[int]:
    values = [value for value in map(_value, texts) if value]
    if len(values) == len(texts) and len({kind for kind, _number in values}) == 1:
        return sorted(range(len(texts)), key=lambda index: values[index])
    return sorted(range(len(texts)), key=lambda index: _draw(seed, texts[index]))


def _none_right(wanted: bool) -> str:
    if wanted:
        return _("No option is right: every one is changed. Leave one as its fact says.")
    return _("No option is wrong, and the question asks for the wrong one. Change one.")


def _several_right(wanted: bool, numbers: list[int]) -> str:
    named = ", ".join(map(str, numbers))
    if wanted:
        return _("Options %(numbers)s are all right. Change all but one.") % {"numbers": named}
    return _(
        "Options %(numbers)s are all wrong, and the question asks for one. Leave all but one as their facts say."
    ) % {"numbers": named}


_NUMBER = re.compile(r"(?P<before>\D*)(?P<number>\d[\d,]*(?:\.\d+)?)(?P<after>\D*)")
_DATES = ("%d %B %Y", "%B %Y")


def _value(text: str) -> tuple[str, float] | None:
    """What kind of value an option states, and a number to sort it by. None: it states no value.

    >>> _value("US$ 22.85 billion")
    ('US$ … billion', 22.85)
    """
    words = " ".join(text.split())
    for form in _DATES:
        try:
            return form, datetime.strptime(words, form).replace(tzinfo=UTC).toordinal()
        except ValueError:
            continue
    if found := _NUMBER.fullmatch(words):
        return f"{found['before']}…{found['after']}", float(found["number"].replace(",", ""))
    return None


def _draw(seed: str, of: str) -> int:
    """A number that depends on nothing but its arguments, alike on all machines and versions."""
    return int.from_bytes(hashlib.sha256(f"{seed}\n{of}".encode()).digest()[:8])
