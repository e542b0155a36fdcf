"""Files made of rows, and imported as an editor imports them: for the tests of the engine."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.core.files.base import ContentFile
from openpyxl import Workbook

from curation import revisions
from curation.importing import applying, batches, checking, tasks, undoing, uploads
from curation.models import Batch, Row, Upload

BY = "priya"

Cells = Mapping[str, Any]
Sheets = Mapping[str, Sequence[Cells]]

State, Kind = Batch.State, Row.Kind
# What stands in the two passages of the `room` whose texts are kept.
ANCHOR, MEETING = "signed the agreement in the capital", "agreed on a common plan"


def fact(ref: str = "acsa-ij-001", **cells: Any) -> dict[str, Any]:
    """The row of a fact that can be imported into the `room`."""
    return {"ref": ref, "subject": "acsa-ij", "statement": f"They signed {ref} in Delhi."} | cells


def cited(passage: str = "daily/1", anchor: str = ANCHOR, **cells: Any) -> dict[str, Any]:
    """The cells of a citation, beside those of its fact."""
    return {"passage": passage, "anchor": anchor} | cells


def source(slug: str, **cells: Any) -> dict[str, Any]:
    return {"slug": slug, "title": slug, "publisher": "Us", "kind": "blog"} | cells


def headers_of(rows: Iterable[Cells]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def csv_of(rows: Sequence[Cells]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, headers_of(rows), restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def xlsx_of(sheets: Sheets) -> bytes:
    book = Workbook(write_only=True)
    for name, rows in sheets.items():
        sheet, headers = book.create_sheet(name), headers_of(rows)
        sheet.append(headers)
        for row in rows:
            sheet.append([row.get(name, "") for name in headers])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def kept(rows: Sequence[Cells] | Sheets, *, by: str = BY) -> Upload:
    """Rows as a CSV file, sheets as a workbook."""
    if isinstance(rows, Mapping):
        return uploads.keep(ContentFile(xlsx_of(rows), name="workbook.xlsx"), by=by)
    return uploads.keep(ContentFile(csv_of(rows), name="rows.csv"), by=by)


def previewed(
    rows: Sequence[Cells] | Sheets,
    target: str = "",
    *,
    by: str = BY,
    without: Any = (),
    mapping: Any = None,
    **options: Any,
) -> Batch:
    """The batch of these rows once it is checked, whatever came of that."""
    target = target or (batches.WORKBOOK if isinstance(rows, Mapping) else "facts")
    batch = batches.start(kept(rows, by=by), target=target, by=by, options=options, without=without, mapping=mapping)
    if batch.state == State.WAITING:
        tasks.work(checking.check, batch.pk)
        batch.refresh_from_db()
    return batch


def confirmed(batch: Batch, *, by: str = BY) -> Batch:
    """The batch once it was confirmed and applied, or refused."""
    applying.confirm(batch, by=by)
    if batch.state == State.CONFIRMED:
        tasks.work(applying.apply, batch.pk)
        batch.refresh_from_db()
    return batch


def imported(rows: Sequence[Cells] | Sheets, target: str = "", *, by: str = BY, **options: Any) -> Batch:
    """An applied batch without a rejected row."""
    batch = previewed(rows, target, by=by, **options)
    assert (batch.state, batch.problem, problems_of(batch)) == (State.PREVIEW, "", [])
    confirmed(batch, by=by)
    assert (batch.state, batch.problem, batch.stale) == (State.APPLIED, "", [])
    return batch


def undo(batch: Batch, *, by: str = "mira") -> Batch:
    """The preview of its undo."""
    planned = undoing.plan(batch, by=by)
    assert (planned.state, planned.problem) == (State.PREVIEW, "")
    return planned


def undone(batch: Batch) -> Batch:
    made = confirmed(undo(batch))
    assert (made.state, made.problem, made.stale) == (State.APPLIED, "", [])
    return made


def edited(record: Any, by: str = "bob", **values: Any) -> None:
    """As the admin does it."""
    for name, value in values.items():
        setattr(record, name, value)
    record.save()
    revisions.record(record, by=by)


# --- what came of it --------------------------------------------------------------------------
def kinds_of(batch: Batch) -> dict[str, str]:
    """Kinds by key (of the row where there is none)."""
    rows = batch.rows.order_by("pk").values_list("key", "number", "kind")
    return {key or f"row {number}": kind for key, number, kind in rows}


def problems_of(batch: Batch) -> list[tuple[int, str, str, str]]:
    """(row, column, value, message) in the order of the rows."""
    rows = batch.rows.exclude(problems=None).order_by("number", "pk")
    return [(one["row"], one["column"], one["value"], one["message"]) for row in rows for one in row.problems]


def wrong_of(batch: Batch) -> list[tuple[int, str]]:
    """(row, column) of what is wrong."""
    return [(row, column) for row, column, _value, _message in problems_of(batch)]


def notes_of(batch: Batch) -> list[tuple[int, str]]:
    rows = batch.rows.exclude(notes=None).order_by("number", "pk")
    return [(row.number, one["message"]) for row in rows for one in row.notes]


def why_kept(batch: Batch) -> dict[str, str]:
    """The first reason for each record that is kept."""
    return {row.key: row.problems[0]["message"] for row in batch.rows.filter(kind=Row.Kind.KEPT).order_by("pk")}


def row_of(batch: Batch, key: str) -> Row:
    return batch.rows.get(key=key)


# --- files of many rows ---------------------------------------------------------------------
def sources_csv(rows: int, note: str = "") -> ContentFile:
    lines = [f"source-{number},Source {number},study-note,{note}\n" for number in range(rows)]
    return ContentFile(("slug,title,kind,note\n" + "".join(lines)).encode(), name="sources.csv")
