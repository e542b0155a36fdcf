"""The text of a document: its paragraphs, its words made alike, anchors in it, and a new text set beside an old one.

Paragraphs are numbered from 1. Texts are compared normalised, so that a page which prints curly
quotation marks and a copy which prints straight ones are the same words.
"""

import hashlib
import math
import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from django.utils.translation import gettext as _
from rapidfuzz import fuzz, process

FEWEST_WORDS, MOST_WORDS = 3, 8  # of an anchor; eight is also the most of a document that the repository may hold

# From here on, of 100, an unmatched old and an unmatched new paragraph are one paragraph with other words.
# Measured on the five first documents: two different paragraphs of prose in one document reach 66, two
# headings 73 (adverts, which back no fact, 90); a paragraph with a tenth of its words replaced keeps 94 in
# the median and one with a fifth replaced 87. Below, a person should look for the passage.
CHANGED_AT_LEAST = 75
SAME = 100.0

_SINGLE_QUOTES = "‘’‚‛‹›`´′‵ʹʻʼʽ"
_DOUBLE_QUOTES = "“”„‟«»″‶"
_DASHES = "‐‑‒–—―⁃−﹘﹣－⸺⸻"
_ALIKE = str.maketrans(
    {
        **dict.fromkeys(_SINGLE_QUOTES, "'"),
        **dict.fromkeys(_DOUBLE_QUOTES, '"'),
        **dict.fromkeys(_DASHES, "-"),
    }
)
_BRACKETS_AND_UNSEEN = {"Ps", "Pe", "Pi", "Pf", "Cf"}
# A Japanese vowel lengthener that lengthens no kana was typed for a dash.
_LENGTHENER_AS_DASH = re.compile(r"(?<![\u3041-\u30fa])\u30fc")


def paragraphs(text: str) -> list[str]:
    """The lines of a plain text that are not blank, in order and without the space around them.

    A line ends where a file opened as text ends it (\\n, \\r\\n, \\r), not where str.splitlines() does: a form
    feed, a vertical tab, U+0085 or U+2028 stays inside its line, so that a paragraph has the number that
    counting the lines of the file gives it. A line of no-break spaces is blank.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [line.strip() for line in lines if line.strip()]


def normalise(text: str) -> str:
    """`text` with quotation marks, dashes, spaces and Unicode form made alike; case and all else kept.

    NFC, not NFKC, which would make “10²” the number 102. Characters that print nothing (soft hyphen,
    zero-width space and joiners, marks of direction) are left out. Normalising twice changes nothing.
    """
    shown = "".join(char for char in text if unicodedata.category(char) != "Cf")
    alike = unicodedata.normalize("NFC", shown).translate(_ALIKE)
    return " ".join(_LENGTHENER_AS_DASH.sub("-", alike).split())


def digest(text: str) -> str:
    """SHA-256 of the normalised text, in hexadecimal."""
    return hashlib.sha256(normalise(text).encode()).hexdigest()


# --- anchors -----------------------------------------------------------------------------------


def occurrences(anchor: str, text: str) -> int:
    """How often the words of `anchor` stand in `text`: normalised, in the same case, as whole words and numbers."""
    wanted, where = normalise(anchor), normalise(text)
    if not wanted:
        return 0
    count, at = 0, where.find(wanted)
    while at != -1:
        count += _is_boundary(where, at) and _is_boundary(where, at + len(wanted))
        at = where.find(wanted, at + 1)
    return count


def _is_boundary(text: str, at: int) -> bool:
    """Whether no word or number runs on from text[at - 1] to text[at]; “22.85” and “1,00,000” are one number."""
    if at in (0, len(text)):
        return True
    before, after = text[at - 1], text[at]
    if _in_word(before) and _in_word(after):
        return False
    around = text[max(at - 2, 0) : at + 2]
    return not re.search(r"[0-9][.,][0-9]", around)


def _in_word(char: str) -> bool:
    """Letters, digits, and the marks that belong to letters, such as the vowel signs of Hindi."""
    return unicodedata.category(char)[0] in "LMN"


def anchor_problem(anchor: str) -> str | None:
    """Why `anchor` cannot serve as one, or None.

    Quotation marks (the apostrophe is one), dashes and brackets are kept out because pages and their
    copies print them differently, and a browser then misses the place.
    """
    value = {"value": anchor, "fewest": FEWEST_WORDS, "most": MOST_WORDS}
    words = anchor.split()
    if anchor != " ".join(words):
        return _("The anchor “%(value)s” has a space too many: write its words with one space between them.") % value
    told = sum(word.isalnum() or any(map(_in_word, word)) for word in words)
    if told < FEWEST_WORDS:
        message = _("The anchor “%(value)s” has %(number)s words: copy %(fewest)s to %(most)s words of the passage.")
        return message % {**value, "number": told}
    if len(words) > MOST_WORDS:
        message = _(
            "The anchor “%(value)s” has %(number)s words: keep the %(fewest)s to %(most)s that decide the fact."
        )
        return message % {**value, "number": len(words)}
    if (char := _unfit_character(anchor)) is not None:
        message = _(
            "The anchor “%(value)s” has a %(char)s in it: choose words without "
            "quotation marks, apostrophes, dashes and brackets."
        )
        return message % {**value, "char": char}
    return None


def _unfit_character(anchor: str) -> str | None:
    """The first character an anchor may not have; a hyphen may stand inside a word, as in 2023-24."""
    if anchor.replace(" ", "").isalnum():
        return None  # as most are; what follows looks at each character
    inner_hyphens = {match.start() for match in re.finditer(r"(?<=\w)[-‐‑](?=\w)", anchor)}
    for at, char in enumerate(anchor):
        if at in inner_hyphens:
            continue
        if char.translate(_ALIKE) in {"'", '"', "-", "<", ">"} or unicodedata.category(char) in _BRACKETS_AND_UNSEEN:
            return char
    return None


def fragment_url(url: str, anchor: str) -> str:
    """`url` with a text fragment, by which a browser opens the page at the anchor; '' for no url.

    WICG “URL Fragment Text Directives”: the directive follows `:~:`, after a fragment the address may have;
    in its text the comma, the ampersand and the hyphen have a meaning, so they are encoded too.
    """
    words = " ".join(anchor.split())
    if not url or not words:
        return url
    page, _mark, fragment = url.partition("#")
    fragment = fragment.partition(":~:")[0]
    encoded = quote(words, safe="").replace("-", "%2D")
    return f"{page}#{fragment}:~:text={encoded}"


# --- a new text beside the old -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Old:
    """A passage as it is kept: number None if it has no place yet, digest '' if its words were never seen."""

    ref: str
    number: int | None
    digest: str
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """An old passage and the paragraph of the new text that it is now; number None where there is none.

    `score` is the likeness of the words out of 100, None where the old words are unknown or nothing matched.
    """

    ref: str
    old_number: int | None
    number: int | None
    score: float | None


@dataclass(frozen=True, slots=True)
class Alignment:
    """Each old passage in exactly one of the first five, in their old order; each new paragraph used once at most."""

    stays: tuple[Match, ...]  # the same words at the same number
    moved: tuple[Match, ...]  # the same words at another number, or at a number for the first time
    changed: tuple[Match, ...]  # other words, alike enough to be the same paragraph
    filled: tuple[Match, ...]  # a number whose words were not known until now
    gone: tuple[Match, ...]
    added: tuple[int, ...]  # numbers of the new text that no old passage has become


def align(old: Sequence[Old], new: Sequence[str]) -> Alignment:
    """Find each old passage (refs are unique) among the paragraphs of a new text of the same document.

    Same words win over same place, and both over likeness. Repeated paragraphs are matched in order.
    Only a passage whose text was kept can be found again once its words have changed.
    """
    table = _Table(old, new)
    stays = table.take(_same_place(table))
    moved = table.take(_same_words(table))
    filled = table.take(_unknown_words(table))
    changed = table.take(_like_words(table, new, [*stays, *moved]))
    gone = tuple(Match(one.ref, one.number, None, None) for one in table.waiting.values())
    return Alignment(stays, moved, changed, filled, gone, tuple(table.free))


_Pair = tuple[Old, int, float | None]  # the last: likeness, see Match


class _Table:
    """What is not matched yet: old passages in their order, and new numbers with their digests."""

    def __init__(self, old: Sequence[Old], new: Sequence[str]):
        self.waiting = {one.ref: one for one in sorted(old, key=lambda one: one.number or math.inf)}
        self.free = {number: digest(text) for number, text in enumerate(new, start=1)}

    def take(self, pairs: Iterable[_Pair]) -> tuple[Match, ...]:
        """Match the pairs whose two sides are still free when their turn comes."""
        matches = []
        for one, number, score in pairs:
            if one.ref in self.waiting and number in self.free:
                del self.waiting[one.ref], self.free[number]
                matches.append(Match(one.ref, one.number, number, score))
        return tuple(sorted(matches, key=lambda match: match.old_number or math.inf))


def _same_place(table: _Table) -> list[_Pair]:
    return [
        (one, one.number, SAME)
        for one in table.waiting.values()
        if one.number is not None and one.digest and table.free.get(one.number) == one.digest
    ]


def _same_words(table: _Table) -> Iterator[_Pair]:
    numbers = defaultdict(list)
    for number, words in table.free.items():
        numbers[words].append(number)
    passages = defaultdict(list)
    for one in table.waiting.values():
        if one.digest in numbers:
            passages[one.digest].append(one)
    for words, olds in passages.items():
        news = numbers[words]
        if len(olds) <= len(news):
            chosen = _nearest_in_order([one.number for one in olds], news)
            yield from ((one, news[at], SAME) for one, at in zip(olds, chosen, strict=True))
        else:
            chosen = _nearest_in_order(news, [one.number for one in olds])
            yield from ((olds[at], number, SAME) for number, at in zip(news, chosen, strict=True))


def _nearest_in_order(few: Sequence[int | None], many: Sequence[int | None]) -> list[int]:
    """For each of `few`, the index of the nearest of `many` that keeps the order and leaves enough for the rest."""
    chosen: list[int] = []
    for done, number in enumerate(few):
        reach = range(chosen[-1] + 1 if chosen else 0, len(many) - (len(few) - done - 1))
        chosen.append(min(reach, key=lambda at: _distance(number, many[at])))
    return chosen


def _distance(number: int | None, other: int | None) -> float:
    return math.inf if number is None or other is None else abs(number - other)


def _unknown_words(table: _Table) -> list[_Pair]:
    return [(one, one.number, None) for one in table.waiting.values() if one.number is not None and not one.digest]


def _like_words(table: _Table, new: Sequence[str], found: Sequence[Match]) -> list[_Pair]:
    """Likely pairs, the likest first; among equally like ones (to a point) those where their neighbours went."""
    choices = {number: normalise(new[number - 1]) for number in table.free}
    anchored = sorted((match.old_number, match.number) for match in found if match.old_number and match.number)
    scored: list[tuple[int, float, _Pair]] = []
    for one in table.waiting.values():
        if one.text is None:
            continue
        likely = process.extract(
            normalise(one.text), choices, scorer=fuzz.ratio, limit=None, score_cutoff=CHANGED_AT_LEAST
        )
        expected = _expected(one.number, anchored)
        scored += [
            (-round(score), _distance(expected, number), (one, number, score)) for _text, score, number in likely
        ]
    return [pair for *_rank, pair in sorted(scored, key=lambda row: row[:2])]


def _expected(number: int | None, anchored: Sequence[tuple[int, int]]) -> int | None:
    """Where a paragraph would be now had it kept its distance from the nearest found one before it."""
    if number is None:
        return None
    before = bisect_left(anchored, (number, 0))
    if before == 0:
        return number
    old_number, new_number = anchored[before - 1]
    return new_number + number - old_number
