"""Batches as the engine leaves them, with rows of any kind, for the tests of the pages."""

from typing import Any

from django.utils import timezone

from curation.models import Batch, Row, Step, Upload
from curation.models.batches import after

FACT = {
    "ref": "acsa-ij-001", "subject": "acsa-ij", "statement": "They signed it in Delhi.", "modality": "fact",
    "whose": "", "date": "2020-09-09", "property": "", "value": "", "unit": "", "validity": "", "review_by": "",
    "partners": ["india", "japan"], "topics": [], "rank": "normal", "outcome": "", "verdict": "",
    "superseded_by": "", "note": "", "status": "draft", "written_by": "asha", "citations": [],
}  # fmt: skip


def fact(**values: Any) -> dict[str, Any]:
    return {**FACT, **values}


def upload(**values: Any) -> Upload:
    given = {"name": "facts.csv", "size": 1234, "sha256": "ab" * 32, "by": "asha", "expires_at": after(days=7)}
    return Upload.objects.create(**{**given, **values})


def batch(state: str = Batch.State.PREVIEW, **values: Any) -> Batch:
    given = {
        "state": state, "target": "facts", "file_name": "facts.csv", "sha256": "ab" * 32, "by": "asha",
        "expires_at": after(days=7),
    }  # fmt: skip
    if state == Batch.State.APPLIED:
        given |= {"applied_at": timezone.now(), "applied_by": "charlie"}
    made = Batch.objects.create(**{**given, **values})
    made.step(Step.What.UPLOADED)
    return made


def rows(of: Batch, *given: dict[str, Any]) -> list[Row]:
    """Rows numbered from 2, one line each unless they say otherwise; the batch's counts are theirs."""
    made = []
    for number, values in enumerate(given, start=2):
        place = {"sheet": of.target, "number": number, "last_number": values.get("number", number)}
        made.append(Row(batch=of, **{**place, **values}))
    Row.objects.bulk_create(made)
    for row in made:
        kinds = of.counts.setdefault(row.sheet, {})
        kinds[row.kind] = kinds.get(row.kind, 0) + 1
    of.save()
    return made


def new(**values: Any) -> dict[str, Any]:
    return {"kind": "new", "key": "acsa-ij-001", "after": fact(), **values}


def changed(**values: Any) -> dict[str, Any]:
    return {
        "kind": "changed", "key": "acsa-ij-001", "before": fact(), "after": fact(statement="They signed it in Tokyo."),
        **values,
    }  # fmt: skip


def rejected(**values: Any) -> dict[str, Any]:
    problem = {"row": 2, "column": "topics", "value": "defense", "message": "No topic has this key; “defence” is near."}
    return {"kind": "rejected", "key": "acsa-ij-009", "problems": [problem], **values}
