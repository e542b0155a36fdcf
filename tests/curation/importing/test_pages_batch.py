"""The page of a batch in each of its states, the list of batches, and what one may do on them."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from curation.models import Batch
from curation.models.batches import after
from tests.curation.importing.making import batch, changed, fact, new, rejected, rows, upload
from tests.curation.importing.pages import LIST, member, page, text

pytestmark = pytest.mark.django_db


# --- each state -----------------------------------------------------------------------------
def test_waiting_batch_shows_how_far_it_is_and_loads_itself_anew(asha):
    waiting = batch("checking", done=12_000, total=100_000, lease_until=after(seconds=60))
    html = page(asha, waiting).content.decode()
    assert "12,000 of 100,000 rows checked." in html
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in html
    assert re.search(r'<progress id="progress" value="12000" max="100000">', html)
    assert "You can close this page" in html


@pytest.mark.parametrize(
    ("state", "offered"), [("waiting", True), ("checking", True), ("confirmed", True), ("applying", False)]
)
def test_batch_can_be_cancelled_until_it_is_applied(asha, state, offered):
    html = page(asha, batch(state, lease_until=after(seconds=60))).content.decode()
    assert ("/cancel/" in html) == offered


def test_applying_batch_says_that_nothing_is_half_done(asha):
    shown = page(asha, batch("applying", lease_until=after(seconds=60)))
    assert "Applying. This can take some minutes; nothing is half done." in text(shown)


def test_batch_that_nobody_takes_says_how_to_start_a_worker(asha):
    waiting = batch("waiting")
    assert "worker" not in text(page(asha, waiting))
    Batch.objects.filter(pk=waiting.pk).update(created_at=timezone.now() - timedelta(minutes=1))
    waiting.steps.update(at=timezone.now() - timedelta(minutes=1))
    assert "It seems that no worker is running" in text(page(asha, waiting))
    assert "manage.py db_worker" in text(page(asha, waiting))


def test_waiting_batch_says_which_one_comes_first(asha):
    other = batch("checking", lease_until=after(seconds=60))
    assert f"Waiting to be checked. Batch {other.pk} comes first." in text(page(asha, batch("waiting")))
    assert f"Waiting to be applied. Batch {other.pk} comes first." in text(page(asha, batch("confirmed")))


def test_batch_whose_lease_ran_out_reads_as_interrupted(asha):
    left = batch("checking", upload=upload(), lease_until=timezone.now() - timedelta(seconds=1))
    said = text(page(asha, left))
    assert "Interrupted, nothing written." in said
    assert "Check the same file again" in said


def test_refused_batch_says_why_and_what_next(asha):
    said = text(page(asha, batch("refused", problem="The file has no headers.", upload=upload())))
    assert (
        "Refused. Nothing was written. The file has no headers. "
        "Mend the file and upload it again Check the same file again"
    ) in said


def test_batch_whose_file_is_gone_is_not_checked_again(asha):
    said = text(page(asha, batch("cancelled")))
    assert "Cancelled. Nothing was written. The file is no longer kept." in said
    assert "Check the same file again" not in said


def test_stale_batch_shows_all_three_versions(asha):
    moved = {
        "sheet": "facts", "row": 7, "key": "acsa-ij-001", "before": fact(), "now": fact(statement="They met."),
        "after": fact(statement="They signed it in Tokyo."),
    }  # fmt: skip
    said = text(page(asha, batch("stale", stale=[moved], upload=upload())))
    assert "Nothing was applied: some rows changed after the preview." in said
    assert (
        "Row 7 acsa-ij-001 statement When it was checked They signed it in Delhi. Now They met. "
        "This batch would write They signed it in Tokyo."
    ) in said
    assert "New preview without these rows" in said
    assert "modality" not in said


def test_stale_row_says_what_is_wrong(asha):
    moved = {
        "sheet": "facts", "row": 7, "key": "acsa-ij-001", "before": fact(), "now": None, "after": fact(note="x"),
        "message": "It has been deleted.",
    }  # fmt: skip
    assert (
        "Row 7 acsa-ij-001 It has been deleted. note When it was checked empty Now empty This batch would write x"
    ) in text(page(asha, batch("stale", stale=[moved])))


def test_applied_batch_says_who_applied_what_and_offers_to_undo_it(asha):
    applied = batch("applied", upload=upload())
    rows(applied, new(), changed())
    said = text(page(asha, applied))
    assert "Applied by charlie on" in said
    assert "1 new · 1 changed" in said
    assert "ab" * 32 in said
    assert "Undo this import" in said
    assert "Download the file with references filled in" in said


def test_undone_batch_leads_to_its_undo_and_is_not_undone_twice(asha):
    applied = batch("applied")
    rows(applied, new())
    undo = batch("applied", kind="undo", undoes=applied)
    said = text(page(asha, applied))
    assert f"Its undo: Batch {undo.pk}, applied" in said
    assert "Undo this import" not in said


def test_every_batch_ends_with_what_was_done(asha):
    preview = batch()
    preview.step("checked", by="", detail="facts: 2 new")
    assert re.search(r"uploaded · asha .* checked · asha · facts: 2 new $", text(page(asha, preview)))


# --- columns to be matched ------------------------------------------------------------------
def unmatched() -> Batch:
    sheet = {
        "name": "facts", "headers": ["ref", "statment", "colour"], "columns": ["ref", None, None], "ignored": [],
        "left_out": [], "unknown": [["statment", "statement"], ["colour", ""]], "doubled": [],
    }  # fmt: skip
    return batch("mapping", upload=upload(size=10), found={"words": ["UTF-8"], "sheets": [sheet]})


def test_unknown_columns_are_matched_by_hand_with_the_nearest_chosen(asha):
    form = page(asha, unmatched()).context["form"]
    assert [(field.label, field.initial) for field in form] == [("“statment”", "statement"), ("“colour”", "")]
    (left_out, *columns) = form.fields["header_0"].choices
    assert left_out == ("", "leave this column out")
    assert ("ref", "ref") not in columns
    assert ("evidence", "evidence") not in columns


def test_file_of_another_sheet_is_led_to_the_page_of_that_sheet(asha):
    sheet = {
        "name": "facts", "headers": ["slug", "Title", "kind"], "columns": [None] * 3, "ignored": [], "left_out": [],
        "unknown": [["slug", ""], ["Title", ""], ["kind", ""]], "doubled": [],
    }  # fmt: skip
    shown = page(asha, batch("mapping", upload=upload(), found={"words": ["UTF-8"], "sheets": [sheet]}))
    assert "These are the columns of the sheet sources. Import the file there" in text(shown)
    assert '<a href="/admin/relations/source/import/">' in shown.content.decode()
    assert page(asha, unmatched()).context["other"] == ""


def test_two_headers_are_not_matched_with_one_column(asha):
    of = unmatched()
    response = asha.post(f"{LIST}{of.pk}/map/", {"header_0": "statement", "header_1": "statement"})
    assert response.status_code == 200
    assert "“statment” is already matched with statement: leave one of the two out." in text(response)
    of.refresh_from_db()
    assert of.state == "mapping"


# --- who may --------------------------------------------------------------------------------
POSTS = ["map", "cancel", "confirm", "undo", "again"]
GETS = ["change", "rejects", "filled", "progress"]


@pytest.mark.parametrize("name", POSTS)
def test_deeds_are_posted(asha, name):
    of = batch()
    assert asha.get(f"{LIST}{of.pk}/{name}/").status_code == 405
    assert asha.post(f"{LIST}999/{name}/").status_code == 404


@pytest.mark.parametrize("name", GETS)
def test_pages_are_not_posted_to(asha, name):
    of = batch()
    assert asha.post(f"{LIST}{of.pk}/{name}/").status_code == 405
    assert asha.get(f"{LIST}999/{name}/").status_code == 404


@pytest.mark.parametrize("name", [*POSTS, *GETS])
@pytest.mark.parametrize("held", [[], ["curation.view_batch"], ["relations.import_fact"]])
def test_batch_is_for_those_who_may_import_its_sheets(name, held):
    client, of = member(*held), batch()
    send = client.post if name in POSTS else client.get
    assert send(f"{LIST}{of.pk}/{name}/").status_code == 403


@pytest.mark.parametrize(("name", "state"), [("confirm", "preview"), ("undo", "applied")])
def test_confirm_and_undo_need_permissions_of_their_own(name, state):
    of = batch(state)
    assert member("curation.view_batch", "relations.import_fact").post(f"{LIST}{of.pk}/{name}/").status_code == 403
    of.refresh_from_db()
    assert of.state == state


def test_batch_of_a_strange_number_is_not_found(asha):
    assert asha.get(f"{LIST}nonsense/change/").status_code == 404


# --- progress -------------------------------------------------------------------------------
def test_progress_is_told_to_the_script(asha):
    of = batch("checking", done=5, total=10, lease_until=after(seconds=60))
    response = asha.get(f"{LIST}{of.pk}/progress/")
    assert response.json() == {
        "state": "checking", "done": 5, "total": 10, "words": "5 of 10 rows checked.", "waits": False,
    }  # fmt: skip
    assert "no-store" in response["Cache-Control"]


# --- the list -------------------------------------------------------------------------------
@pytest.mark.parametrize("count", [1, 3])
def test_list_of_batches(asha, django_assert_num_queries, count):
    for _number in range(count):
        rows(batch(), new(), rejected())
    asha.get(LIST)
    with django_assert_num_queries(4):
        response = asha.get(LIST)
    said = text(response)
    assert said.count("checked, waiting for you") >= count
    assert said.count("1 new · 1 rejected") == count
    assert "Add bulk import" not in said


def test_list_knows_which_batches_were_interrupted(asha):
    left = batch("applying", lease_until=timezone.now() - timedelta(seconds=1))
    held = batch("applying", lease_until=after(seconds=60))

    def listed(state: str) -> list[Batch]:
        return list(asha.get(LIST, {"state": state}).context["cl"].result_list)

    assert f"Batch {left.pk} facts.csv interrupted, nothing written" in text(asha.get(LIST))
    assert (listed("interrupted"), listed("applying"), listed("stale")) == ([left], [held], [])


def test_list_says_which_batches_were_undone(asha):
    applied = batch("applied")
    batch("preview", kind="undo", undoes=applied)
    assert "applied, undone since" not in text(asha.get(LIST))
    batch("applied", kind="undo", undoes=applied)
    assert f"Batch {applied.pk} facts.csv applied, undone since" in text(asha.get(LIST))


def test_list_has_only_batches_of_sheets_one_may_import():
    mine, _other = batch(), batch(target="sources")
    client = member("curation.view_batch", "relations.import_fact")
    assert list(client.get(LIST).context["cl"].result_list) == [mine]
