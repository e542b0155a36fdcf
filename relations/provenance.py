"""Where a fact comes from, as its page says it: each citation with its check, its quotation, and what it repeats."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from curation import stamps
from relations.evidence import SourceNode, closure
from relations.grading import source_graph
from relations.models import Check, Citation, Fact, PassageText, Source
from relations.templatetags.sandarbh import day


@dataclass(frozen=True, slots=True)
class Provenance:
    """One citation for components/_citation.html."""

    citation: Citation
    checked: datetime.date | None
    note: str
    repeats: Source | None
    quotation: str


def provenance(fact: Fact) -> list[Provenance]:
    """The citations of a fact read with `with_evidence()`, in its order."""
    citations = list(fact.citations.all())
    graph = stamps.cached("source-graph", source_graph)
    sources = {citation.passage.source.slug: citation.passage.source for citation in citations}
    texts = kept_texts(citations)
    return [
        Provenance(
            citation=citation,
            checked=timezone.localdate(citation.checked_at) if citation.checked_at else None,
            note=" ".join(filter(None, [shared_note(citation, citations, graph), check_note(citation)])),
            repeats=repeated(citation.passage.source, sources, graph),
            quotation=quotation(citation, texts),
        )
        for citation in citations
    ]


def repeated(source: Source, cited: Mapping[str, Source], graph: Mapping[str, SourceNode]) -> Source | None:
    """Another cited source that this one copies or derives from, so that the two count once."""
    others = closure(source.slug, graph) - {source.slug}
    return next((cited[slug] for slug in sorted(others & cited.keys())), None)


def shared_note(citation: Citation, citations: Sequence[Citation], graph: Mapping[str, SourceNode]) -> str:
    """Say which earlier source rests on a document that this one rests on too, where neither repeats the other."""
    if citation.stance != Citation.Stance.SUPPORTS:
        return ""
    own = closure(citation.passage.source.slug, graph)
    for earlier in citations[: citations.index(citation)]:
        source = earlier.passage.source
        other = closure(source.slug, graph)
        apart = source.slug not in own and citation.passage.source.slug not in other
        if apart and earlier.stance == Citation.Stance.SUPPORTS and not own.isdisjoint(other):
            return _("Rests on the same document as “%(title)s”, so the two count once.") % {"title": source.title}
    return ""


def kept_texts(citations: Iterable[Citation]) -> dict[int, str]:
    """The texts that may be shown, by passage."""
    open_ones = [citation.passage_id for citation in citations if citation.passage.source.rights == Source.Rights.FULL]
    return dict(PassageText.objects.filter(passage__in=open_ones).values_list("passage", "text")) if open_ones else {}


def quotation(citation: Citation, texts: Mapping[int, str]) -> str:
    """What may be quoted of the passage: its text, the few words of the anchor, or nothing, by the source's rights."""
    if citation.passage.source.rights == Source.Rights.LINK:
        return ""
    return texts.get(citation.passage_id, citation.anchor)


def with_marks(text: str, anchors: Iterable[str]) -> SafeString:
    """`text` with each anchor in <mark>; anchors that overlap share one."""
    spans = sorted((text.find(anchor), text.find(anchor) + len(anchor)) for anchor in anchors if anchor in text)
    pieces: list[tuple[str, str]] = []
    at = 0
    for start, end in spans:
        if end > at:
            pieces.append((text[at : max(start, at)], text[max(start, at) : end]))
            at = end
    return format_html("{}{}", format_html_join("", "{}<mark>{}</mark>", pieces), text[at:])


def check_note(citation: Citation) -> str:
    """Who checked it against what, in one sentence; needs `with_check_state()`."""
    if not citation.is_checked:
        return _("Not checked as it is worded today.")
    by = citation.checked_by if citation.by_another else _("its author, %(name)s,") % {"name": citation.checked_by}
    if citation.checked_basis == Check.Basis.PAGE:
        message = _("Checked by %(by)s against the page at its address, seen on %(day)s.")
        return message % {"by": by, "day": day(citation.checked_seen_on)}
    if citation.checked_basis == Check.Basis.CARRIED:
        message = _("Checked before its wording was corrected; %(by)s judged that no name, number or date changed.")
        return message % {"by": by}
    return _("Checked by %(by)s against the text of the passage.") % {"by": by}
