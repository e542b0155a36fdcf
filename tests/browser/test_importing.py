"""Bulk import and export as an editor does them, step by step, on a phone and at a desk (docs/editing.md)."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from openpyxl import Workbook, load_workbook
from playwright.sync_api import Download, Page, expect

from curation import revisions
from curation.importing import tasks
from curation.models import Batch
from relations.models import Entity, Fact
from tests.browser.conftest import DESK, PHONE
from tests.factories import EntityFactory, TopicFactory, published_fact

FACTS = "/admin/relations/fact/"


@pytest.fixture
def facts(transactional_db: None) -> list[Fact]:
    """Two that students see, with their history."""
    subject = EntityFactory(slug="acsa-ij", name="ACSA")
    TopicFactory(slug="defence", name="Defence")
    made = [
        published_fact(ref="acsa-ij-001", subject=subject, statement="The two sides signed the agreement in Delhi."),
        published_fact(ref="acsa-ij-002", subject=subject, statement="It entered into force in July 2021."),
    ]
    for fact in made:
        revisions.record(fact, by="alice")
    return made


@pytest.fixture(params=["phone", "desk"])
def screen(request: pytest.FixtureRequest, new_context: Callable, sign_in: Callable, transactional_db: None) -> Page:
    """A phone by day, and a desk in the dark."""
    given = {"phone": {"viewport": PHONE}, "desk": {"viewport": DESK, "color_scheme": "dark"}}[request.param]
    page = new_context(**given).new_page()
    sign_in(page, User.objects.create_superuser("asha"))
    return page


@pytest.fixture
def sound(axe: Callable, fits: Callable) -> Callable[[Page], None]:
    """Hold the page to what every page is held to, in its own width and colours."""

    def check(page: Page) -> None:
        size = page.viewport_size
        fits(page, size["width"])
        page.set_viewport_size(size)
        axe(page, "best-practice")

    return check


def sheet(*rows: dict[str, str]) -> bytes:
    """A CSV with the columns of all rows; what a row does not say is blank."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(name for row in rows for name in row)), restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def upload(page: Page, data: bytes, name: str = "facts.csv") -> None:
    page.goto(f"{FACTS}import/")
    page.set_input_files("#id_import_file", {"name": name, "mimeType": "text/csv", "buffer": data})
    page.get_by_role("button", name="Preview").click()


def read(download: Download) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(Path(download.path()).read_text(encoding="utf-8-sig"))))


CHANGE = {
    "ref": "acsa-ij-001",
    "subject": "",
    "statement": "The two sides signed the agreement in Tokyo.",
    "topics": "",
}
NEW = {"ref": "", "subject": "acsa-ij", "statement": "They met in Kochi.", "topics": "defence"}
WRONG = {"ref": "", "subject": "acsa-ij", "statement": "They met in Pune.", "topics": "defense"}


def test_step_1_editor_starts_from_a_template_or_from_what_the_list_shows(
    facts: list[Fact], screen: Page, sound: Callable, tmp_path: Path
) -> None:
    screen.goto(FACTS)
    screen.get_by_role("link", name="Import", exact=True).click()
    expect(screen.get_by_role("heading", name="Import facts")).to_be_visible()
    screen.get_by_text("Columns and allowed values").click()
    expect(screen.get_by_text("Allowed: fact, view, expectation")).to_be_visible()
    sound(screen)
    with screen.expect_download() as template:
        screen.get_by_role("link", name="Template, CSV").click()
    assert {"ref", "subject", "statement"} <= set(read(template.value)[0])
    with screen.expect_download() as template:
        screen.get_by_role("link", name="Template, XLSX").click()
    template.value.save_as(tmp_path / "template.xlsx")
    assert "facts" in load_workbook(tmp_path / "template.xlsx").sheetnames

    screen.goto(f"{FACTS}?q=force")
    screen.get_by_role("link", name="Export", exact=True).click()
    expect(screen.get_by_text("1 fact: those of the list you came from.")).to_be_visible()
    sound(screen)
    with screen.expect_download() as exported:
        screen.get_by_role("button", name="Export 1 fact").click()
    assert [row["ref"] for row in read(exported.value)] == ["acsa-ij-002"]


def test_step_2_unknown_column_is_matched_by_hand(facts: list[Fact], screen: Page, sound: Callable) -> None:
    data = "ref;statment;evidence;mine\nacsa-ij-001;The two sides signed it in “Tokyo”.;one;x\n"
    upload(screen, data.encode("cp1252"))
    expect(screen.get_by_text("Some columns of this file are not known.")).to_be_visible()
    expect(screen.get_by_label("“statment” stands for")).to_have_value("statement")
    expect(screen.get_by_label("“mine” stands for")).to_have_value("")
    sound(screen)
    screen.get_by_role("button", name="Check the file with these columns").click()
    expect(screen.get_by_text("Windows-1252, parted by semicolons, Unix line endings")).to_be_visible()
    expect(screen.get_by_text("“statment” is read as statement.")).to_be_visible()
    expect(screen.get_by_text("The column “evidence” is computed by the site")).to_be_visible()
    expect(screen.get_by_text("The column “mine” of the file is left out, as chosen.")).to_be_visible()
    expect(screen.get_by_role("link", name="1 changed")).to_be_visible()


def test_step_2_workbook_is_one_batch(facts: list[Fact], screen: Page, sound: Callable) -> None:
    book = Workbook()
    book.active.title = "facts"
    book.active.append(["ref", "subject", "statement"])
    book.active.append(["", "kochi", "They met there."])
    entities = book.create_sheet("entities")
    entities.append(["slug", "name", "kind"])
    entities.append(["kochi", "Kochi", "place"])
    book.create_sheet("Sheet3").append(["what", "ever"])
    data = io.BytesIO()
    book.save(data)
    upload(screen, data.getvalue(), "all.xlsx")
    expect(screen.get_by_text("The sheet “Sheet3” is left out.")).to_be_visible()
    assert screen.locator(".counts tbody th").all_inner_texts() == ["entities", "facts"]
    sound(screen)
    screen.get_by_role("button", name="Apply 2 new rows").click()
    expect(screen.get_by_text("Applied by asha")).to_be_visible()
    assert Fact.objects.get(subject="kochi").ref == "kochi-001"


def large() -> bytes:
    """More than a request checks by itself."""
    rows = [{**NEW, "statement": f"In round {number} they met in Kochi."} for number in range(3_000)]
    data = sheet(*rows)
    assert len(data) > tasks.SMALL_BYTES or len(rows) > tasks.SMALL_ROWS
    return sheet(*rows, *({**WRONG, "statement": "x" * 2_000} for _number in range(200)))


def test_step_3_progress_is_shown_and_survives_a_closed_tab(facts: list[Fact], screen: Page, sound: Callable) -> None:
    upload(screen, large())
    expect(screen.get_by_role("status")).to_have_text("Waiting to be checked.")
    sound(screen)
    batch = Batch.objects.get()
    tab = screen.context.new_page()
    tab.goto(batch.get_absolute_url())
    screen.close()

    tasks.check_batch.call(batch.pk)  # as the worker does

    expect(tab.get_by_text("This is what the file would do.")).to_be_visible(timeout=10_000)
    expect(tab.get_by_role("link", name="3,000 new")).to_be_visible()


def test_step_3_waiting_file_is_cancelled(facts: list[Fact], screen: Page, sound: Callable) -> None:
    upload(screen, large())
    screen.get_by_role("button", name="Cancel").click()
    expect(screen.get_by_text("Cancelled. Nothing was written.")).to_be_visible()
    sound(screen)
    tasks.check_batch.call(Batch.objects.get().pk)
    assert Batch.objects.get().state == "cancelled"


def test_step_3_page_without_scripts_loads_itself_anew(
    facts: list[Fact], page_without_scripts: Page, sign_in: Callable
) -> None:
    sign_in(page_without_scripts, User.objects.create_superuser("asha"))
    upload(page_without_scripts, large())
    expect(page_without_scripts.get_by_role("status")).to_have_text("Waiting to be checked.")
    tasks.check_batch.call(Batch.objects.get().pk)
    expect(page_without_scripts.get_by_text("This is what the file would do.")).to_be_visible(timeout=10_000)


def test_step_4_preview_shows_consequences_counts_and_changes(facts: list[Fact], screen: Page, sound: Callable) -> None:
    upload(screen, sheet(CHANGE, NEW, WRONG))
    expect(screen.get_by_role("heading", name="Students would lose: facts (1)")).to_be_visible()
    expect(screen.get_by_role("heading", name="Checks that would no longer count (1)")).to_be_visible()
    expect(screen.get_by_role("heading", name="Rejected (1)")).to_be_visible()
    expect(screen.get_by_text("Did you mean “defence”?")).to_be_visible()
    sound(screen)

    screen.get_by_role("link", name="1 changed").click()
    record = screen.locator(".record")
    expect(record).to_have_count(1)
    expect(record.locator("del")).to_have_text("Delhi.")
    expect(record.locator("ins")).to_have_text("Tokyo.")
    sound(screen)

    screen.get_by_label("Row in the file").fill("3")
    screen.get_by_role("button", name="Find").click()
    expect(screen.locator(".record")).to_contain_text("They met in Kochi.")

    with screen.expect_download() as rejected:
        screen.get_by_role("link", name="Download rejected rows: facts (1)").click()
    (row,) = read(rejected.value)
    assert (row["statement"], row["topics"]) == (WRONG["statement"], "defense")
    mended = {name: "defence" if name == "topics" else value for name, value in row.items()}
    upload(screen, sheet(mended), "mended.csv")
    expect(screen.get_by_role("button", name="Apply 1 new row")).to_be_visible()


def test_step_5_confirm_applies_what_was_previewed(facts: list[Fact], screen: Page, sound: Callable) -> None:
    upload(screen, sheet(CHANGE, NEW))
    screen.get_by_role("button", name="Apply 1 new and 1 changed rows, take 1 fact from students").click()
    expect(screen.get_by_text("Applied by asha")).to_be_visible()
    sound(screen)
    assert Fact.objects.get(ref="acsa-ij-001").statement == CHANGE["statement"]
    assert Fact.objects.get(ref="acsa-ij-003").status == "draft"


def test_step_5_batch_whose_rows_changed_is_refused_with_both_versions(
    facts: list[Fact], screen: Page, sound: Callable
) -> None:
    upload(screen, sheet(CHANGE, NEW))
    other = screen.context.new_page()
    other.goto(f"{FACTS}{facts[0].pk}/change/")
    other.fill("#id_note", "The other wrote this.")
    other.click("input[name=_save]")
    expect(other.locator(".messagelist .success")).to_be_visible()

    screen.get_by_role("button", name="Apply").click()
    expect(screen.get_by_text("Nothing was applied: some rows changed after the preview.")).to_be_visible()
    expect(screen.locator(".met")).to_contain_text("It has been changed meanwhile. asha saved it on ")
    expect(screen.locator(".met")).to_contain_text("The other wrote this.")
    expect(screen.locator(".met")).to_contain_text(CHANGE["statement"])
    sound(screen)
    assert not Fact.objects.filter(statement=NEW["statement"]).exists()

    screen.get_by_role("button", name="New preview without these rows").click()
    screen.get_by_role("button", name="Apply 1 new row").click()
    expect(screen.get_by_text("Applied by asha")).to_be_visible()
    assert Fact.objects.get(ref="acsa-ij-001").statement == "The two sides signed the agreement in Delhi."


def test_step_6_batch_is_looked_up_and_undone(facts: list[Fact], screen: Page, sound: Callable) -> None:
    upload(screen, sheet(CHANGE, NEW))
    screen.get_by_role("button", name="Apply").click()
    expect(screen.get_by_text("Applied by asha")).to_be_visible()
    screen.goto("/admin/curation/batch/")
    screen.get_by_role("link", name=str(Batch.objects.get()), exact=True).click()
    expect(screen.get_by_text("SHA-256 of the file")).to_be_visible()
    with screen.expect_download() as filled:
        screen.get_by_role("link", name="Download the file with references filled in").click()
    assert [row["ref"] for row in read(filled.value)] == ["acsa-ij-001", "acsa-ij-003"]

    screen.get_by_role("button", name="Undo this import").click()
    expect(screen.get_by_text("This is what undoing would do.")).to_be_visible()
    expect(screen.get_by_role("heading", name="Students would get back: facts (1)")).to_be_visible()
    expect(screen.locator(".losses")).to_contain_text(facts[0].statement)
    sound(screen)
    screen.get_by_role("button", name="Remove 1 and restore 1 records").click()
    expect(screen.get_by_text("Undone by asha")).to_be_visible()
    sound(screen)
    assert list(Fact.objects.order_by("ref").values_list("ref", "statement")) == [
        ("acsa-ij-001", "The two sides signed the agreement in Delhi."),
        ("acsa-ij-002", "It entered into force in July 2021."),
    ]


def test_step_6_undo_keeps_what_was_edited_since(facts: list[Fact], screen: Page, sound: Callable) -> None:
    upload(screen, sheet(NEW, {**NEW, "statement": "They met in Pune."}))
    screen.get_by_role("button", name="Apply 2 new rows").click()
    expect(screen.get_by_text("Applied by asha")).to_be_visible()
    edited = Fact.objects.get(statement=NEW["statement"])
    screen.goto(f"{FACTS}{edited.pk}/change/")
    screen.fill("#id_note", "I want to keep this.")
    screen.click("input[name=_save]")
    expect(screen.locator(".messagelist .success")).to_be_visible()

    screen.goto(Batch.objects.get().get_absolute_url())
    screen.get_by_role("button", name="Undo this import").click()
    expect(screen.get_by_text("1 row is kept as it is, for the reason below.")).to_be_visible()
    expect(screen.locator(".record")).to_contain_text(edited.ref)
    sound(screen)
    screen.get_by_role("button", name="Remove 1 record").click()
    expect(screen.get_by_text("Undone by asha")).to_be_visible()
    assert list(Fact.objects.filter(subject="acsa-ij", status="draft")) == [edited]


def test_missing_names_are_made_as_the_editor_ticks(facts: list[Fact], screen: Page, sound: Callable) -> None:
    screen.goto(f"{FACTS}import/")
    row = {"subject": "quad", "statement": "They met."}
    screen.set_input_files("#id_import_file", {"name": "facts.csv", "mimeType": "text/csv", "buffer": sheet(row)})
    screen.get_by_label("Create names that are not there yet").check()
    screen.get_by_role("button", name="Preview").click()
    expect(screen.get_by_text("Choose what kind they are, or take the tick off.")).to_be_visible()
    expect(screen.get_by_label("File", exact=True)).to_have_accessible_description(
        "CSV, TSV or XLSX. Choose the file again: the browser does not keep it after an error."
    )
    sound(screen)
    screen.set_input_files("#id_import_file", {"name": "facts.csv", "mimeType": "text/csv", "buffer": sheet(row)})
    screen.get_by_label("What kind they are").select_option("grouping")
    screen.get_by_role("button", name="Preview").click()
    screen.get_by_role("button", name="Apply 2 new rows").click()
    expect(screen.get_by_text("Applied by asha")).to_be_visible()
    assert Entity.objects.get(slug="quad").kind == "grouping"
