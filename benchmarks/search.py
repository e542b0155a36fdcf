"""Search at 100,000 facts, in process: rare and common words, names, a misspelling.

Target: some tens of milliseconds for a word in 4% of the facts.
"""

from django.core.cache import cache

from benchmarks.measuring import in_turn, table
from relations.models import Fact
from relations.search import search

ROUNDS = 7

QUERIES = {
    "a word in one fact": "4321",
    "a word in 4% of facts": "Kochi",
    "a word in 23% of facts": "signed",
    "a word in every fact": "arrangement",
    "two words, 3% of facts": "signed renewed",
    "a name": "Entity number 201",
    "a partner (5% of facts) and a word": "Entity number 7 signed",
    "a misspelling": "Kochhi",
}


def run() -> None:
    def asking(text: str) -> object:
        return lambda: search(text)

    counts = {label: search(text).count for label, text in QUERIES.items()}
    sides = {f"{label}: {counts[label]:,} hits": asking(text) for label, text in QUERIES.items()}
    times = in_turn(sides, rounds=ROUNDS, warm=1)

    def misspelt_cold() -> None:
        cache.clear()
        assert search("Kochhi").corrected == "Kochi"

    times |= in_turn({"a misspelling, first after a change of content": misspelt_cold}, rounds=2, warm=0)
    table(f"Search of {Fact.objects.count():,} facts", times, against=list(sides)[1])
