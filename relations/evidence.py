"""How well a fact is known: its grade, computed from the sources its counting checks rest on, never typed.

Three ideas carry the rules (shared words: tier, copy_of, derived_from; see Source).

A copy is the document it copies. Its tier and its authors are those of the document at the end of
its `copy_of` chain, so a blog's faithful copy of a treaty is the treaty, and a ministry's reprint of
a newspaper column is the column.

Two sources are independent when they share no ancestor: the closures of each under `copy_of` and
`derived_from`, itself included, do not meet. Two notes made from one press release are one source.

Tertiary sources never raise a grade, however many there are: they copy one another without saying so.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Grade(StrEnum):
    """What is computed and kept (COMPUTED), and the two states that override it when it is shown."""

    PRIMARY = "primary"
    INDEPENDENT = "independent"
    ONE = "one"
    TERTIARY = "tertiary"
    OWN = "own"
    UNCHECKED = "unchecked"
    DISPUTED = "disputed"
    RECHECKING = "rechecking"

    @property
    def label(self) -> Promise:
        """The grade in words. “View of NAME” and “Expected in MONTH” are composed where the fact is shown."""
        return _LABELS[self]

    @property
    def use(self) -> Promise:
        """What a student may do with a fact of this grade; use_for() knows views and expectations."""
        return _USES[self]


COMPUTED = (Grade.PRIMARY, Grade.INDEPENDENT, Grade.ONE, Grade.TERTIARY, Grade.OWN, Grade.UNCHECKED)

_LABELS = {
    Grade.PRIMARY: _("Official source"),
    Grade.INDEPENDENT: _("Two sources"),
    Grade.ONE: _("One source"),
    Grade.TERTIARY: _("Notes only"),
    Grade.OWN: _("The author's own text"),
    Grade.UNCHECKED: _("Unchecked"),
    Grade.DISPUTED: _("Disputed"),
    Grade.RECHECKING: _("Being rechecked"),
}

_USES = {
    Grade.PRIMARY: _("State it plainly."),
    Grade.INDEPENDENT: _("State it plainly."),
    Grade.ONE: _("Fine in Mains; name the source if much hangs on it."),
    Grade.TERTIARY: _("Check it before you rely on it."),
    Grade.OWN: _("Mains only, with the name."),
    Grade.UNCHECKED: _("Wait for us; not in lists or quizzes meanwhile."),
    Grade.DISPUTED: _("Learn both sides; do not state one as settled."),
    Grade.RECHECKING: _("Wait for us; not in lists or quizzes meanwhile."),
}

_WAITING = {Grade.UNCHECKED, Grade.DISPUTED, Grade.RECHECKING}


def label_for(grade: Grade, *, official: bool = True) -> Promise:
    """The grade in words. `official` is false where no checked primary passage is a government's or a treaty's."""
    if grade is Grade.PRIMARY and not official:
        return _("Original source")
    return grade.label


def use_for(grade: Grade, modality: str) -> Promise:
    """How to use a fact: a view or an expectation is used as one, however well it is known that it was said."""
    if grade not in _WAITING:
        if modality == "view":
            return _("Mains only, with the name.")
        if modality == "expectation":
            return _("Never as an outcome.")
    return grade.use


@dataclass(frozen=True, slots=True)
class SourceNode:
    """A source as far as grading needs it; other sources are named by slug."""

    slug: str
    tier: str
    authors: frozenset[str] = frozenset()
    copy_of: str | None = None
    derived_from: frozenset[str] = frozenset()


def grade(modality: str, whose: str | None, cited: Iterable[str], graph: Mapping[str, SourceNode]) -> Grade:
    """The grade of a fact cited, with a counting check and in support, to the sources `cited`.

    `graph` holds these sources and all that they copy or derive from. A source it lacks has no known
    ancestors, authors or tier, and counts as tertiary. A cycle is a mistake of data and is only walked once.

    A fact:
        PRIMARY      one primary source;
        INDEPENDENT  else two independent sources, both at least secondary;
        ONE          else one at least secondary;
        TERTIARY     else one at all;
        UNCHECKED    else.

    A view or an expectation (whose=the entity that holds it) is graded for the saying, not the thing said:
        OWN          its holder is among the authors of one of the sources, of whatever tier;
        otherwise it is a report by others, and graded as a fact is, except that it is never PRIMARY:
        a ministry's account of what somebody else said is a report like any other (ONE, INDEPENDENT).
    """
    if modality not in {"fact", "view", "expectation"}:
        raise ValueError(f"“{modality}” is not a modality: use fact, view or expectation.")
    sources = set(cited)
    documents = {slug: _document(slug, graph) for slug in sources}
    if modality != "fact" and whose and any(whose in documents[slug].authors for slug in sources):
        return Grade.OWN
    if modality == "fact" and any(document.tier == "primary" for document in documents.values()):
        return Grade.PRIMARY
    solid = {slug for slug in sources if documents[slug].tier in {"primary", "secondary"}}
    closures = [closure(slug, graph) for slug in solid]
    if any(one.isdisjoint(other) for one, other in combinations(closures, 2)):
        return Grade.INDEPENDENT
    if solid:
        return Grade.ONE
    return Grade.TERTIARY if sources else Grade.UNCHECKED


def closure(slug: str, graph: Mapping[str, SourceNode]) -> frozenset[str]:
    """The source itself and everything it copies or derives from, at any remove."""
    seen: set[str] = set()
    waiting = [slug]
    while waiting:
        here = waiting.pop()
        if here in seen:
            continue
        seen.add(here)
        if node := graph.get(here):
            waiting.extend(node.derived_from)
            if node.copy_of:
                waiting.append(node.copy_of)
    return frozenset(seen)


def _document(slug: str, graph: Mapping[str, SourceNode]) -> SourceNode:
    """The source that `slug` is a copy of, as far as the graph knows it, with the authors named along the way."""
    node = graph.get(slug) or SourceNode(slug, "tertiary")
    authors = set(node.authors)
    seen = {slug}
    while node.copy_of and node.copy_of in graph and node.copy_of not in seen:
        node = graph[node.copy_of]
        seen.add(node.slug)
        authors |= node.authors
    return SourceNode(node.slug, node.tier, frozenset(authors))
