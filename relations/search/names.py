"""Names and other names of entities, as a query may hold them: “ACSA” asks for the agreement it stands for."""

from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from curation import stamps
from relations.models import Alias, Entity
from relations.search.query import Phrase, Query, Term, Together, key_of, words_of

LEAST_ALIKE = 70  # of 100; below it a reader sees no likeness
SHORTEST_ALIKE = 3  # letters


@dataclass(frozen=True, slots=True)
class Named:
    """An entity and every way it is called, its own name first."""

    pk: int
    slug: str
    name: str
    aliases: tuple[str, ...] = ()

    @property
    def calls(self) -> tuple[str, ...]:
        return (self.name, *self.aliases)


@dataclass(frozen=True, slots=True)
class Unit:
    """One thing that a result must have: any of `alternatives` in its words, or one of `entities` it is about.

    `typed` holds the alternatives of the words as typed, without the other names.
    """

    shown: str
    typed: tuple[Together, ...]
    alternatives: tuple[Together, ...]
    entities: tuple[Named, ...] = ()


@dataclass(frozen=True, slots=True)
class Expansion:
    """What an other name was understood as: “ACSA” is the India–Japan reciprocal supply agreement."""

    shown: str
    entities: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Directory:
    """All names: by entity, and by the key of each way it is called."""

    named: dict[int, Named]
    by_key: dict[Phrase, tuple[int, ...]]

    def called(self, words: Phrase) -> tuple[Named, ...]:
        return tuple(self.named[pk] for pk in self.by_key.get(key_of(words), ()))


def directory() -> Directory:
    """Kept until the content changes: a query is looked up in it, not each of its words in the database."""
    return stamps.cached("search.names", _read_directory)


def _read_directory() -> Directory:
    aliases: dict[int, list[str]] = {}
    for entity, name in Alias.objects.order_by("id").values_list("entity_id", "name"):
        aliases.setdefault(entity, []).append(name)
    named: dict[int, Named] = {}
    by_key: dict[Phrase, tuple[int, ...]] = {}
    for pk, slug, name in Entity.objects.order_by("slug").values_list("pk", "slug", "name"):
        named[pk] = Named(pk, slug, name, tuple(aliases.get(pk, ())))
        for call in named[pk].calls:
            key = key_of(words_of(call))
            if key and pk not in by_key.get(key, ()):
                by_key[key] = (*by_key.get(key, ()), pk)
    return Directory(named, by_key)


def resolve(query: Query) -> list[Unit]:
    """The terms of `query` as units, the longest run of terms that is a name becoming one unit."""
    names = directory()
    units: list[tuple[bool, Unit]] = []
    place = 0
    while place < len(query.terms):
        end, entities = _longest_name(query.terms, place, names)
        run = query.terms[place:end]
        units.append((not entities and run[0].common, _unit(run, entities)))
        place = end
    return [unit for common, unit in units if not common] or [unit for _common, unit in units]


def _longest_name(terms: tuple[Term, ...], start: int, names: Directory) -> tuple[int, tuple[Named, ...]]:
    """The end of the longest run of terms from `start` that is a name, and whose; else one term, and nobody's."""
    for end in range(len(terms), start, -1):
        words = tuple(word for term in terms[start:end] for word in term.words)
        lone = end - start == 1 and terms[start].common
        if not lone and (entities := names.called(words)):
            return end, entities
    return start + 1, ()


def _unit(run: tuple[Term, ...], entities: tuple[Named, ...]) -> Unit:
    shown = " ".join(term.shown for term in run)
    if len(run) == 1:
        typed = run[0].alternatives
    else:  # a name of several words: all of them, but for the common ones, in any order
        typed = (tuple(term.words for term in run if not term.common) or tuple(term.words for term in run),)
    other = tuple((words_of(call),) for named in entities for call in named.calls)
    return Unit(shown, typed, tuple(dict.fromkeys((*typed, *other))), entities)


def phrases_of(units: Sequence[Unit]) -> list[Phrase]:
    """What is marked in a result: all that it may have been found by."""
    return list(dict.fromkeys(phrase for unit in units for together in unit.alternatives for phrase in together))


def expansions(units: list[Unit]) -> list[Expansion]:
    """The units that were understood as something not called so in the first place."""
    found = []
    for unit in units:
        own_name = {key_of(words_of(named.name)) for named in unit.entities}
        if unit.entities and key_of(words_of(unit.shown)) not in own_name:
            found.append(Expansion(unit.shown, unit.entities))
    return found


def nearest(query: Query, *, limit: int = 5) -> list[Named]:
    """The names most like the query, or like a word of it, best first; for a page that found nothing."""
    names = directory()
    calls = {(pk, call): " ".join(words_of(call)) for pk, named in names.named.items() for call in named.calls}
    asked = {" ".join(words_of(query.text)), *(" ".join(term.words) for term in query.terms if not term.common)}
    best: dict[int, float] = {}
    for words in sorted(asked):
        if len(words) >= SHORTEST_ALIKE:
            for _call, score, (pk, _name) in process.extract(
                words, calls, scorer=fuzz.WRatio, score_cutoff=LEAST_ALIKE, limit=limit * 4
            ):
                best[pk] = max(score, best.get(pk, 0))
    return [names.named[pk] for pk in sorted(best, key=lambda pk: (-best[pk], names.named[pk].slug))[:limit]]
