"""Facts as JSON and CSV: the same words as the page, for other programs and for spreadsheets."""

import csv
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.http import HttpResponse, JsonResponse, StreamingHttpResponse

from curation.importing.escaping import escaped
from relations.models import Citation, Fact
from relations.provenance import Provenance

COLUMNS = (
    "ref", "statement", "modality", "whose", "date", "subject", "partners", "topics", "property", "value", "unit",
    "rank", "evidence", "sources", "version", "address",
)  # fmt: skip

Absolute = Callable[[str], str]  # request.build_absolute_uri


def row(fact: Fact, absolute: Absolute) -> dict[str, Any]:
    """A fact read with `with_evidence()` and `with_states()`, as one flat row."""
    return {
        "ref": fact.ref,
        "statement": fact.statement,
        "modality": fact.modality,
        "whose": fact.whose.slug if fact.whose else "",
        "date": fact.date,
        "subject": fact.subject.slug,
        "partners": [partner.slug for partner in fact.partners.all()],
        "topics": [topic.slug for topic in fact.topics.all()],
        "property": fact.property.key if fact.property else "",
        "value": fact.value,
        "unit": fact.unit,
        "rank": fact.rank,
        "evidence": fact.shown_grade,
        "sources": list(dict.fromkeys(citation.passage.source.slug for citation in _supporting(fact))),
        "version": fact.version,
        "address": absolute(fact.get_absolute_url()),
    }


def _supporting(fact: Fact) -> Iterator[Citation]:
    return (citation for citation in fact.citations.all() if citation.stance == Citation.Stance.SUPPORTS)


def record(fact: Fact, provenance: Iterable[Provenance], absolute: Absolute) -> dict[str, Any]:
    """A fact with its citations, as its JSON has it."""
    return row(fact, absolute) | {
        "checked": fact.last_checked,
        "validity": fact.validity,
        "superseded_by": fact.superseded_by.ref if fact.superseded_by else "",
        "outcome": fact.outcome.ref if fact.outcome else "",
        "verdict": fact.verdict,
        "citations": [
            {
                "source": shown.citation.passage.source.slug,
                "title": shown.citation.passage.source.title,
                "publisher": shown.citation.passage.source.publisher,
                "published": shown.citation.passage.source.published,
                "heading": shown.citation.passage.heading,
                "label": shown.citation.passage.label,
                "paragraph": shown.citation.passage.number,
                "stance": shown.citation.stance,
                "reading": shown.citation.reading,
                "checked": shown.checked,
                "basis": shown.citation.checked_basis,
                "address": absolute(shown.citation.passage.get_absolute_url()),
                "original": shown.citation.original_url,
            }
            for shown in provenance
        ],
    }


def json_response(data: dict[str, Any], *, status: int = 200) -> JsonResponse:
    return JsonResponse(data, status=status, json_dumps_params={"ensure_ascii": False, "indent": 1})


class _Echo:
    """What csv.writer writes to, so that each row can be sent as it is made."""

    def write(self, text: str) -> str:
        return text


def csv_response(facts: Iterable[Fact], absolute: Absolute, *, name: str) -> HttpResponse:
    """A spreadsheet of `facts`, sent row by row. UTF-8 with a mark, which Excel needs to read it as such."""
    writer = csv.writer(_Echo())

    def lines() -> Iterator[str]:
        yield "\ufeff" + writer.writerow(COLUMNS)
        for fact in facts:
            yield writer.writerow([_cell(value) for value in row(fact, absolute).values()])

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response  # type: ignore[return-value]


def _cell(value: Any) -> str:
    return escaped(" | ".join(value) if isinstance(value, list) else str(value))
