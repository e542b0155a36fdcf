"""What a person typed, as terms to look for. Pure: no database, no request.

Both databases split text into words in their own way; what is handed to them holds letters and digits
only, so that “2+2”, “G-4” and “India–Japan” mean the same to both, and nothing typed is ever an operator.
"""

import re
import unicodedata
from dataclasses import dataclass

MAX_LENGTH = 200  # characters that are read; the search field takes no more
MAX_TERMS = 12

Phrase = tuple[str, ...]  # words that stand side by side
Together = tuple[Phrase, ...]  # phrases that must all be there

# Words too common to ask for, where the query holds others. In capitals they are names: WHO, IT.
COMMON = frozenset(
    """
    a about after all an and any are as at be been between by can did do does for from had has have how i in into
    is it its me my no not of on or our over so such than that the their them then there these they this to under
    up was we were what when where which while who whom whose why will with would you your
    """.split()  # noqa: SIM905
)

QUOTES = '"“”„‟«»'
_CHUNKS = re.compile(f"[{QUOTES}]([^{QUOTES}]*)[{QUOTES}]|([^\\s{QUOTES}]+)")
_POSSESSIVE = re.compile(r"['’ʼ]s?\Z", re.IGNORECASE)
_PIECES = re.compile(r"\d+|\D+")
_LATIN_MARKS = re.compile("[\u0300-\u036f]+")


class _Apart(dict[int, str]):
    """A table for `str.translate`: letters, digits and the marks of a script stay; all else parts words."""

    def __missing__(self, codepoint: int) -> str:
        letter = chr(codepoint)
        kept = letter if unicodedata.category(letter)[0] in "LNM" else " "
        if codepoint < 0x3000:  # what is common is remembered, and no stranger can make us remember much
            self[codepoint] = kept
        return kept


_APART = _Apart()


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that must be found: any of `alternatives`. `shown` is how it was typed."""

    shown: str
    words: Phrase
    alternatives: tuple[Together, ...]
    common: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """`shortened`: more was typed than is read."""

    text: str
    terms: tuple[Term, ...]
    shortened: bool = False

    def __str__(self) -> str:
        return " ".join(term.shown for term in self.terms)


def words_of(text: str) -> Phrase:
    """The words of a text as they are compared: “São Paulo’s 2+2” is ("sao", "paulo", "s", "2", "2")."""
    folded = _LATIN_MARKS.sub("", unicodedata.normalize("NFKD", text)).casefold()
    return tuple(unicodedata.normalize("NFC", folded).translate(_APART).split())


def key_of(words: Phrase) -> Phrase:
    """What two ways of writing a name share: “G4” and “G-4” are both ("g", "4")."""
    return tuple(piece for word in words for piece in _PIECES.findall(word))


def parse(typed: str) -> Query:
    """Read a query. Any text is one; without a letter or a digit in it, it has no terms."""
    text = _clean(typed)
    kept = _shorten(text)
    terms: dict[tuple[object, ...], Term] = {}
    for chunk in _CHUNKS.finditer(kept):
        for term in _quoted(chunk[1]) if chunk[1] is not None else _terms_of(chunk[2]):
            terms.setdefault((term.alternatives, term.common), term)
    found = tuple(terms.values())
    return Query(text=kept, terms=found[:MAX_TERMS], shortened=kept != text or len(found) > MAX_TERMS)


def _clean(typed: str) -> str:
    """Without control characters (NUL among them), lone surrogates and runs of spaces."""
    kept = (" " if unicodedata.category(letter) in {"Cc", "Cs"} else letter for letter in typed)
    return " ".join("".join(kept).split())


def _shorten(text: str) -> str:
    """The first MAX_LENGTH characters, to the end of a word where there is one."""
    if len(text) <= MAX_LENGTH:
        return text
    whole, space, _half = text[: MAX_LENGTH + 1].rpartition(" ")
    return whole if space else text[:MAX_LENGTH]


def _quoted(text: str) -> list[Term]:
    words = words_of(text)
    return [Term(f"“{text.strip()}”", words, ((words,),))] if words else []


def _terms_of(chunk: str) -> list[Term]:
    """The terms of what stands between two spaces: a word, a compound such as “2+2”, or several words."""
    typed = _POSSESSIVE.sub("", chunk)
    words = words_of(typed)
    if len(words) == 1:
        return [_word(typed, words[0])]
    if all(len(word) > 2 and word.isalpha() for word in words):  # India–Japan: found in “India and Japan”, too
        apart = typed.translate(_APART).split()
        shown = apart if len(apart) == len(words) else words  # as typed, unless folding parted them otherwise
        return [_word(one, word) for one, word in zip(shown, words, strict=True)]
    joined = "".join(words)
    together = ((words,),) if joined.isdigit() else ((words,), ((joined,),))  # “co-operation” is “cooperation”
    return [Term(_bare(typed), words, together)]


def _word(shown: str, word: str) -> Term:
    pieces = tuple(_PIECES.findall(word))
    alternatives: tuple[Together, ...] = (((word,),),) if len(pieces) == 1 else (((word,),), (pieces,))
    bare = _bare(shown)
    return Term(bare, (word,), alternatives, common=word in COMMON and not (len(bare) > 1 and bare.isupper()))


def _bare(shown: str) -> str:
    """Without the punctuation around it: “(ACSA),” is “ACSA”."""
    ends = [place for place, letter in enumerate(shown.translate(_APART)) if letter != " "]
    return shown[ends[0] : ends[-1] + 1] if ends else shown


def spaced(text: str) -> str:
    """`text` with a space for each letter that is of no word, and its Latin letters bare: exactly as long."""
    return "".join(_bare_letter(letter) for letter in text).translate(_APART)


def _bare_letter(letter: str) -> str:
    bare = _LATIN_MARKS.sub("", unicodedata.normalize("NFKD", letter))
    return bare if len(bare) == 1 else letter
