"""A document in the order in which one reads it: its headings, and at each passage what rests on it and what fails."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby

from django.db.models import F, QuerySet
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from relations import coverage
from relations.models import Citation, Disagreement, Fact, Passage, Side, Source
from relations.provenance import with_marks

PATH = " › "  # parts the headings of a passage's path
FAILED = (Side.Outcome.NOT_BORNE_OUT, Side.Outcome.OVERTAKEN)


@dataclass(slots=True)
class Told:
    """A disagreement in which a passage is cited, and how the passage's side of it came out, "" where it holds."""

    disagreement: Disagreement
    outcome: str

    @property
    def words(self) -> str:
        return str(Side.Outcome(self.outcome).label) if self.outcome else ""


@dataclass(slots=True)
class Line:
    """A passage, the listed facts it supports and contradicts, and the disagreements it takes part in."""

    passage: Passage
    text: str | SafeString
    is_idle: bool
    supports: list[Citation] = field(default_factory=list)
    contradicts: list[Citation] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    set_aside: list[Citation] = field(default_factory=list)  # of deprecated facts, which a disagreement tells

    @property
    def anchors(self) -> list[str]:
        """The few words by which the passage is known, where its text is not shown."""
        return list(dict.fromkeys(citation.anchor for citation in [*self.supports, *self.contradicts]))

    @property
    def original_url(self) -> str:
        cited = [*self.supports, *self.contradicts]
        return cited[0].original_url if cited else ""

    @property
    def failures(self) -> list[str]:
        """What of it is not borne out or overtaken: questions, or where no disagreement asks one, what holds."""
        questions = [one.disagreement.question for one in self.told if one.outcome]
        holds = [_("What holds: %(fact)s") % {"fact": citation.fact.statement} for citation in self.contradicts]
        # A deprecated statement is met only inside a disagreement, so here it is its name alone.
        names = [citation.fact.subject.name for citation in self.set_aside]
        return questions or list(dict.fromkeys([*holds, *names]))


@dataclass(slots=True)
class Failure:
    """What does not hold, as the question of a disagreement or the fact that does, and at which passages."""

    label: str
    passages: list[Passage]


@dataclass(slots=True)
class Part:
    """Passages that follow one another under one heading."""

    heading: str
    lines: list[Line]

    @property
    def fragment(self) -> str:
        return f"under-{self.lines[0].passage.fragment}"

    @property
    def title(self) -> str:
        """The last of its headings, to stand below the first."""
        return self.heading.rpartition(PATH)[2]

    @property
    def count(self) -> int:
        return len({citation.fact_id for line in self.lines for citation in line.supports})


@dataclass(slots=True)
class Chapter:
    """The parts under one heading of the first rank; a part with that heading alone stands in none of `below`."""

    title: str
    parts: list[Part]

    @property
    def below(self) -> list[Part]:
        return [part for part in self.parts if part.heading != self.title]

    @property
    def count(self) -> int:
        return len({citation.fact_id for part in self.parts for line in part.lines for citation in line.supports})


def lines(source: Source) -> list[Line]:
    """The passages of which there is something to say, in the document's order, in a constant number of queries.

    A passage whose number is not known yet stands last. A deprecated fact is told by its disagreement alone.
    """
    cited = _citations(source)
    sides = _sides(source)
    disputed = {fact for fact, its in sides.items() for side in its if side.disagreement.state == "open"}
    idle = set(coverage.unbacked(source).values_list("pk", flat=True))
    in_order = source.passages.order_by(F("number").asc(nulls_last=True), "ref").select_related("kept_text")
    found = []
    for passage in in_order:
        passage.source = source
        line = Line(passage, "", passage.pk in idle)
        for citation in cited[passage.pk]:
            citation.passage = passage
            citation.fact.is_visible, citation.fact.is_disputed = True, citation.fact_id in disputed
            _place(citation, line, sides[citation.fact_id])
        line.text = _text(source, passage, line.anchors)
        if line.is_idle or cited[passage.pk]:
            found.append(line)
    return found


def parts(read: Iterable[Line]) -> list[Part]:
    return [Part(heading, list(group)) for heading, group in groupby(read, key=lambda line: line.passage.heading)]


def chapters(read: Iterable[Part]) -> list[Chapter]:
    """The contents; passages before the first heading are in none."""
    under = (part for part in read if part.heading)
    return [
        Chapter(title, list(group)) for title, group in groupby(under, key=lambda part: part.heading.partition(PATH)[0])
    ]


def failures(read: Iterable[Line]) -> list[Failure]:
    """What of a document does not hold, in its order, each once."""
    found: dict[str, Failure] = {}
    for line in read:
        for label in line.failures:
            found.setdefault(label, Failure(label, [])).passages.append(line.passage)
    return list(found.values())


def _citations(source: Source) -> dict[int, list[Citation]]:
    """What passages of the source support or contradict of what students see, by passage; what they support first."""
    cited = Citation.objects.filter(passage__source=source, fact__in=Fact.objects.visible()).exclude(stance="mentions")
    cited = cited.select_related("fact__whose", "fact__subject").order_by("-stance", "fact__ref")
    by_passage: dict[int, list[Citation]] = defaultdict(list)
    for citation in cited:
        by_passage[citation.passage_id].append(citation)
    return by_passage


def _sides(source: Source) -> dict[int, list[Side]]:
    """The sides that facts cited here take in disagreements that students see, by fact."""
    here = Citation.objects.filter(passage__source=source).values("fact")
    sides: QuerySet[Side] = Side.objects.filter(fact__in=here, disagreement__in=Disagreement.objects.visible())
    by_fact: dict[int, list[Side]] = defaultdict(list)
    for side in sides.select_related("disagreement").order_by("disagreement__slug"):
        by_fact[side.fact_id].append(side)
    return by_fact


def _place(citation: Citation, line: Line, sides: list[Side]) -> None:
    """Put one citation where the line shows it, with the disagreements that its fact brings."""
    is_against = citation.stance == Citation.Stance.CONTRADICTS
    if citation.fact.rank != Fact.Rank.DEPRECATED:
        (line.contradicts if is_against else line.supports).append(citation)
    elif not is_against:
        line.set_aside.append(citation)
    for side in sides:
        known = next((told for told in line.told if told.disagreement == side.disagreement), None)
        if known is None:
            line.told.append(known := Told(side.disagreement, ""))
        if is_against and side.outcome == Side.Outcome.PREFERRED:
            known.outcome = known.outcome or Side.Outcome.NOT_BORNE_OUT
        elif not is_against and side.outcome in FAILED:
            known.outcome = side.outcome


def _text(source: Source, passage: Passage, anchors: list[str]) -> str | SafeString:
    kept = passage.kept_text.text if source.rights == Source.Rights.FULL and hasattr(passage, "kept_text") else ""
    return with_marks(kept, anchors) if kept else ""
