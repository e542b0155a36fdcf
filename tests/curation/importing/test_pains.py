"""The known pains of bulk import, each with a test that it is gone.

- green success after a rolled-back or partly dropped import:
  test_no_green_success_after_a_rolled_back_import
  test_no_green_success_after_a_partly_dropped_import
- stale preview overwrites a later human edit:
  test_stale_preview_overwrites_no_later_edit_and_both_versions_are_shown
- no undo, no record of the batch:
  test_batch_is_on_record_with_its_hash_and_can_be_undone
- a staff user with no model permission can import:
  test_staff_without_the_permission_cannot_import
- validators off:
  test_validators_are_always_on
- misspelt header ignored:
  test_misspelt_header_is_refused_with_a_suggestion_and_can_be_mapped
- duplicate key in one file:
  test_duplicate_key_in_one_file_is_an_error_that_names_both_rows
- blank cell erases:
  test_blank_cell_keeps_and_the_token_clears
- `03/04/2024` guessed:
  test_date_is_never_guessed
- one bad row blocks all, no rejected-rows file:
  test_bad_row_blocks_no_other_and_comes_back_in_a_file_that_can_be_mended
- “matching query does not exist”:
  test_miss_names_row_column_value_and_the_nearest
- cp1252, UTF-16, semicolons, tabs: cryptic:
  test_encoding_and_delimiter_are_detected_said_and_shown
- 12 queries a row; bulk mode loses history, lists and row errors:
  test_queries_are_few_with_history_lists_and_row_errors
- preview not paged:
  test_preview_has_counts_errors_first_and_pages
- no background work or progress:
  test_work_goes_on_in_the_background_with_progress_and_cancel
- temporary file lost, double confirm crashes:
  test_file_is_kept_in_the_database_expires_and_is_confirmed_once
- formula injection:
  test_formulas_are_escaped_by_every_export_and_read_back_the_same
- unchanged re-upload counted as update:
  test_unchanged_upload_is_called_unchanged_and_writes_nothing
- a fact with several citations:
  test_fact_with_several_citations_is_one_record_atomically
"""

import csv
import io
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_tasks_db.models import DBTaskResult

from curation.importing import applying, batches, checking, exporting, resources, tasks, undoing, uploads
from curation.models import Batch, Revision, Stamp, Upload
from curation.models.batches import after
from relations.models import Citation, Fact
from tests.curation.importing.importing import (
    MEETING,
    cited,
    confirmed,
    csv_of,
    fact,
    imported,
    kept,
    kinds_of,
    previewed,
    problems_of,
    row_of,
)
from tests.curation.importing.pages import member
from tests.factories import FactFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("room")]

State = Batch.State


@pytest.fixture
def priya() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("priya"))
    return client


def page(client: Client, batch: Batch, **asked: Any) -> str:
    response = client.get(batch.get_absolute_url(), asked)
    assert response.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode().split("<main")[-1]))


def bytes_of(pieces: Any) -> bytes:
    return b"".join(pieces)


def test_each_pain_has_its_tests():
    named = re.findall(r"^  (test_\w+)$", __doc__, re.MULTILINE)
    assert len(named) == 20
    assert [name for name in named if name not in globals()] == []


# --- the preview is what happens ------------------------------------------------------------
def test_no_green_success_after_a_rolled_back_import(priya):
    """The state turns in the transaction that writes: where that is rolled back, nothing says “applied”."""
    batch = previewed([fact()])
    applying.confirm(batch, by="priya", on_site=False)

    def fails(_rows: int) -> None:
        raise OSError("the machine broke")

    with pytest.raises(OSError, match="the machine broke"), transaction.atomic():
        applying.apply(batch, progress=fails)
    batch.refresh_from_db()
    assert (batch.state, Fact.objects.count()) == (State.CONFIRMED, 0)

    tasks.work(lambda batch: applying.apply(batch, progress=fails), batch.pk)
    batch.refresh_from_db()
    assert (batch.state, Fact.objects.count()) == (State.REFUSED, 0)
    assert "Refused. Nothing was written." in page(priya, batch)


def test_no_green_success_after_a_partly_dropped_import():
    batch = previewed([fact(), fact("acsa-ij-002", topics="trade | nowhere"), fact("acsa-ij-003", partners="india")])
    assert kinds_of(batch) == {"acsa-ij-001": "new", "acsa-ij-002": "rejected", "acsa-ij-003": "new"}
    assert [(row, column, value) for row, column, value, _ in problems_of(batch)] == [(3, "topics", "nowhere")]
    confirmed(batch)
    assert sorted(Fact.objects.values_list("ref", flat=True)) == ["acsa-ij-001", "acsa-ij-003"]


def test_stale_preview_overwrites_no_later_edit_and_both_versions_are_shown(priya):
    imported([fact(note="old"), fact("acsa-ij-002")])
    batch = previewed([fact(note="from the file"), fact("acsa-ij-002", note="b")])
    Fact.objects.filter(ref="acsa-ij-001").update(note="by hand")
    confirmed(batch)
    assert (batch.state, Fact.objects.get(ref="acsa-ij-002").note) == (State.STALE, "")
    assert Fact.objects.get(ref="acsa-ij-001").note == "by hand"
    shown = page(priya, batch)
    assert [words in shown for words in ("old", "by hand", "from the file", "acsa-ij-001")] == [True] * 4


def test_batch_is_on_record_with_its_hash_and_can_be_undone(priya):
    imported([fact(note="old")])
    batch = imported([fact(note="new"), fact("acsa-ij-002")])
    assert len(batch.sha256) == 64
    assert (batch.file_name, batch.by, batch.applied_by) == ("rows.csv", "priya", "priya")
    assert batch.rows.get(key="acsa-ij-001").before["note"] == "old"
    assert batch.sha256 in page(priya, batch)
    undo = confirmed(undoing.plan(batch, by="priya"))
    assert undo.state == State.APPLIED
    assert dict(Fact.objects.values_list("ref", "note")) == {"acsa-ij-001": "old"}


# --- who may --------------------------------------------------------------------------------
def test_staff_without_the_permission_cannot_import():
    address = "/admin/relations/fact/import/"
    every = [f"relations.{action}_fact" for action in ("view", "add", "change", "delete", "publish", "export")]
    assert member(*every).get(address).status_code == 403
    upload = ContentFile(csv_of([fact()]), name="facts.csv")
    assert member(*every).post(address, {"import_file": upload}).status_code == 403
    assert (Batch.objects.count(), Upload.objects.count()) == (0, 0)
    assert member("relations.import_fact").get(address).status_code == 200
    batch = previewed([fact()])
    confirm = f"{batch.get_absolute_url().removesuffix('change/')}confirm/"
    assert member("relations.import_fact", "curation.view_batch").post(confirm).status_code == 403
    assert Fact.objects.count() == 0


# --- what a file may say --------------------------------------------------------------------
def test_validators_are_always_on():
    """A field's validator, a choice, a length, a rule of the row, one of the model's `clean`, one of its parts."""
    rows = [
        fact("no key"), fact("acsa-ij-002", modality="veiw"), fact("acsa-ij-003", unit="x" * 61),
        fact("acsa-ij-004", verdict="unknown"), fact("acsa-ij-005", statement=" ".join(["word"] * 31)),
        fact("acsa-ij-006") | cited(anchor="words that are nowhere"),
    ]  # fmt: skip
    batch = previewed(rows)
    assert batch.counts == {"facts": {"rejected": 6}}
    assert [column for _row, column, *_ in problems_of(batch)] == [
        "ref", "modality", "unit", "verdict", "statement", "anchor",
    ]  # fmt: skip


def test_misspelt_header_is_refused_with_a_suggestion_and_can_be_mapped(priya):
    batch = previewed([{"ref": "acsa-ij-001", "subject": "acsa-ij", "statment": "They signed it.", "colour": "red"}])
    assert batch.state == State.MAPPING
    shown = page(priya, batch)
    assert [words in shown for words in ("statment", "statement", "colour")] == [True] * 3
    batches.map_columns(batch, {"facts": {"statment": "statement", "colour": ""}}, by="priya")
    assert (batch.state, batch.counts) == (State.PREVIEW, {"facts": {"new": 1}})
    assert row_of(batch, "acsa-ij-001").after["statement"] == "They signed it."


def test_duplicate_key_in_one_file_is_an_error_that_names_both_rows():
    batch = previewed([fact(), fact("acsa-ij-002"), fact(statement="Again.")])
    assert batch.counts == {"facts": {"rejected": 2, "new": 1}}
    assert {row: message for row, _column, _value, message in problems_of(batch)} == {
        2: "“acsa-ij-001” stands on row 4, too. Keep one of the two, or put them together.",
        4: "“acsa-ij-001” stands on row 2, too. Keep one of the two, or put them together.",
    }


def test_blank_cell_keeps_and_the_token_clears():
    imported([fact(note="kept", date="2020", partners="india", topics="trade")])
    imported([{"ref": "acsa-ij-001", "note": "", "date": "[clear]", "partners": "", "topics": "[clear]"}])
    made = Fact.objects.get()
    assert (made.note, made.date, made.date_earliest) == ("kept", "", None)
    assert (made.partners.count(), made.topics.count()) == (1, 0)


@pytest.mark.parametrize("date", ["03/04/2024", "3.4.2024", "April 3, 2024", "45385", "2024-3-4"])
def test_date_is_never_guessed(date):
    [(row, column, value, message)] = problems_of(previewed([fact(date=date)]))
    assert (row, column, value, date in message) == (2, "date", date, True)


def test_bad_row_blocks_no_other_and_comes_back_in_a_file_that_can_be_mended():
    rows = [fact(), fact("acsa-ij-002", date="03/04/2024") | cited(), fact("acsa-ij-002") | cited("daily/2", MEETING)]
    rows[2]["date"] = ""
    batch = confirmed(previewed(rows))
    assert [one.ref for one in Fact.objects.all()] == ["acsa-ij-001"]
    rejected = bytes_of(exporting.rejects(batch, "facts")).decode("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(rejected)))
    assert len(lines) == 2
    reason = next(name for name in lines[0] if name not in (*rows[0], *rows[1]))
    assert "03/04/2024" in lines[0][reason]
    mended = rejected.replace("03/04/2024,", "2024-04-03,")
    upload = uploads.keep(ContentFile(mended.encode(), name="mended.csv"), by="priya")
    again = confirmed(batches.start(upload, target="facts", by="priya"))
    assert (again.state, again.counts) == (State.APPLIED, {"facts": {"new": 1}})
    assert Fact.objects.get(ref="acsa-ij-002").citations.count() == 2


def test_miss_names_row_column_value_and_the_nearest():
    assert problems_of(previewed([fact(), fact("acsa-ij-002", topics="defense")])) == [
        (
            3, "topics", "defense",
            "“defense” is not the key of any topic. Did you mean “defence”? "
            "Correct the key, or add the topic first.",
        )
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("encoding", "delimiter", "said"),
    [
        ("cp1252", ";", ["Windows-1252", "semicolon"]),
        ("utf-16", "\t", ["UTF-16", "tab"]),
        ("utf-8-sig", ",", ["UTF-8", "comma"]),
    ],
)
def test_encoding_and_delimiter_are_detected_said_and_shown(encoding, delimiter, said, priya):
    lines = [["ref", "subject", "statement"], ["acsa-ij-001", "acsa-ij", "It’s the café’s “pact” – signed."]]
    text = "\r\n".join(delimiter.join(line) for line in lines) + "\r\n"
    upload = uploads.keep(ContentFile(text.encode(encoding), name="facts.csv"), by="priya")
    batch = batches.start(upload, target="facts", by="priya")
    assert row_of(batch, "acsa-ij-001").after["statement"] == lines[1][2]
    shown = page(priya, batch)
    assert [words.lower() in shown.lower() for words in said] == [True, True]


# --- at work --------------------------------------------------------------------------------
def test_queries_are_few_with_history_lists_and_row_errors():
    rows = [fact(f"acsa-ij-{n:04d}", partners="india | japan", topics="trade") | cited() for n in range(300)]
    rows[7]["date"] = "soon"
    with CaptureQueriesContext(
        connection,
    ) as captured:
        batch = confirmed(previewed(rows))
    assert (batch.counts, len(problems_of(batch))) == ({"facts": {"new": 299, "rejected": 1}}, 1)
    assert len(captured) < 150
    assert Revision.objects.filter(batch=batch).count() == Citation.objects.count() == 299
    assert Fact.partners.through.objects.count() == 2 * 299


def test_preview_has_counts_errors_first_and_pages(priya):
    rows = [fact(f"acsa-ij-{n:04d}") for n in range(250)]
    rows[240]["date"] = "soon"
    batch = previewed(rows)
    shown = page(priya, batch)
    assert "249" in shown
    assert "242" in shown  # the row that is rejected, though it is on a late page
    assert "soon" in shown
    assert shown.count("They signed acsa-ij-") <= 100
    assert "They signed acsa-ij-0000 in Delhi." in page(priya, batch, show="new")
    assert "They signed acsa-ij-0000 in Delhi." not in page(priya, batch, show="new", page=2)
    assert "They signed acsa-ij-0200 in Delhi." in page(priya, batch, row=202)


def test_work_goes_on_in_the_background_with_progress_and_cancel(priya):
    rows = [fact(f"acsa-ij-{n:05d}", note="n" * 100) for n in range(2_500)]
    batch = batches.start(kept(rows), target="facts", by="priya")
    assert (batch.state, DBTaskResult.objects.count()) == (State.WAITING, 1)
    assert "You can close this page" in page(priya, batch)
    seen = []
    add = checking.Progress.add

    def told(self: checking.Progress, count: int) -> None:
        add(self, count)
        seen.append(Batch.objects.values_list("state", "done").get(pk=batch.pk))
        if len(seen) == 2:
            batches.cancel(Batch.objects.get(pk=batch.pk), by="priya")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checking.Progress, "add", told)
        tasks.check_batch.call(batch.pk)
    batch.refresh_from_db()
    assert seen == [(State.CHECKING, 1_000), (State.CHECKING, 2_000)]
    assert (batch.state, batch.rows.count()) == (State.CANCELLED, 0)


def test_file_is_kept_in_the_database_expires_and_is_confirmed_once():
    batch = previewed([fact()])
    assert bytes(b"".join(part.data for part in batch.upload.parts.all())) == csv_of([fact()])
    assert batch.expires_at > after(days=1)
    confirmed(batch)
    applying.confirm(Batch.objects.get(pk=batch.pk), by="priya")
    assert Revision.objects.count() == 1
    other = previewed([fact("acsa-ij-002")])
    Batch.objects.filter(pk=other.pk).update(expires_at=after(seconds=-1))
    Upload.objects.update(expires_at=after(seconds=-1))
    other.refresh_from_db()
    with pytest.raises(batches.NotNow, match="Nobody confirmed it in time"):
        applying.confirm(other, by="priya")
    batches.expire()
    assert (Upload.objects.count(), other.rows.count()) == (0, 0)
    assert row_of(batch, "acsa-ij-001").after  # what was applied can still be undone


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_formulas_are_escaped_by_every_export_and_read_back_the_same(start, form):
    evil = f"{start}HYPERLINK(1)"
    FactFactory(ref="acsa-ij-001", subject_id="acsa-ij", note=evil, statement=evil)
    resource = resources.sheets()["facts"].resource
    out = bytes_of(exporting.export(resource, Fact.objects.all(), form))
    if form == "csv":
        assert [
            cell
            for line in csv.reader(io.StringIO(out.decode("utf-8-sig"), newline=""))
            for cell in line
            if evil in cell
        ] == [f"'{evil}"] * 2
    upload = uploads.keep(ContentFile(out, name=f"facts.{form}"), by="priya")
    batch = batches.start(upload, target="facts", by="priya")
    assert (batch.counts, problems_of(batch)) == ({"facts": {"same": 1}}, [])


def test_unchanged_upload_is_called_unchanged_and_writes_nothing(priya):
    rows = [fact(partners="india | japan", topics="trade") | cited()]
    imported(rows)
    stamp, versions = Stamp.read(), Revision.objects.count()
    batch = previewed(rows)
    assert (batch.counts, Stamp.read(), Revision.objects.count()) == ({"facts": {"same": 1}}, stamp, versions)
    with pytest.raises(batches.NotNow, match="There is nothing to apply"):
        applying.confirm(batch, by="priya")


def test_fact_with_several_citations_is_one_record_atomically():
    rows = [fact() | cited(), fact() | cited("daily/2", MEETING)]
    bad = previewed([*rows, fact() | cited("daily/3", "two words")])
    assert kinds_of(bad) == {"acsa-ij-001": "rejected"}
    batch = imported(rows)
    made = Fact.objects.get()
    assert (batch.counts, made.citations.count(), made.version) == ({"facts": {"new": 1}}, 2, 1)
    [revision] = Revision.objects.all()
    assert [one["passage"] for one in revision.data["citations"]] == ["daily/1", "daily/2"]
