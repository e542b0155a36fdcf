"""Misspelt words, and what was meant. The vocabulary is that of the names and the published facts.

It is read from the texts rather than from the indexes, which hold stems (“exercis”) that no page can show.
A correction is offered only where it finds something, so a word of no listed fact is never given away.
"""

from collections import Counter
from itertools import chain

from rapidfuzz import process
from rapidfuzz.distance import OSA

from curation import stamps
from relations.models import Fact
from relations.search import names
from relations.search.query import Query, parse

SHORTEST = 4  # letters; of a shorter word too many others are one letter away
CANDIDATES = 20

Vocabulary = dict[str, tuple[str, int]]  # a word as compared: as it is mostly written, and how often


def vocabulary() -> Vocabulary:
    """Kept until the content changes: half a second at 100,000 facts, at the first query that finds nothing."""
    return stamps.cached("search.vocabulary", _read_vocabulary)


def _read_vocabulary() -> Vocabulary:
    statements = Fact.objects.published().order_by().values_list("statement", flat=True)
    calls = (call for named in names.directory().named.values() for call in named.calls)
    written = Counter(chain.from_iterable(text.split() for text in chain(statements.iterator(), calls)))
    counts: Counter[str] = Counter()
    shown: dict[str, str] = {}
    for chunk, count in written.most_common():
        for term in parse(chunk).terms if _has_no_digit(chunk) else ():
            for word in term.words:
                counts[word] += count
                shown.setdefault(word, term.shown if len(term.words) == 1 else word)
    return {word: (shown[word], count) for word, count in counts.items() if len(word) >= SHORTEST - 1}


def _has_no_digit(chunk: str) -> bool:
    """A number is never corrected to another."""
    return not any(map(str.isdigit, chunk))


def corrected(query: Query) -> Query | None:
    """The query with each word that no text holds replaced by the likeliest that one does; None if there is none."""
    known = vocabulary()
    shown = []
    for term in query.terms:
        word = term.words[0] if len(term.words) == 1 else ""
        unknown = len(word) >= SHORTEST and word.isalpha() and not _holds(known, word)
        shown.append((_likeliest(word, known) if unknown else "") or term.shown)
    changed = " ".join(shown)
    return parse(changed) if changed != str(query) else None


def _holds(known: Vocabulary, word: str) -> bool:
    """Whether the word is known, or its singular or plural: the index finds either by the other."""
    return any(form in known for form in (word, word + "s", word.removesuffix("s"), word.removesuffix("es")))


def _likeliest(word: str, known: Vocabulary) -> str:
    """How the nearest known word is written: one slip in a short word, two from six letters, three from ten."""
    slips = 1 if len(word) < 6 else 2 if len(word) < 10 else 3
    near = process.extract(word, known.keys(), scorer=OSA.distance, score_cutoff=slips, limit=CANDIDATES)
    best = min(near, key=lambda found: (found[1], -known[found[0]][1], found[0]), default=None)
    return known[best[0]][0] if best else ""
