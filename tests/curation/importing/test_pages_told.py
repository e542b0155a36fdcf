"""What the pages of imports tell besides the rows: limits, who waits, who changed what, what comes back."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client

from curation.importing import applying
from curation.models import Batch, Revision, Step
from relations.models import Fact
from tests.admin_forms import editor
from tests.curation.importing.importing import confirmed, previewed
from tests.curation.importing.making import batch, changed, fact, new, rejected, rows
from tests.curation.importing.pages import LIST, member, page, text
from tests.curation.importing.test_pages_import import upload
from tests.factories import EntityFactory, FactFactory, TopicFactory

pytestmark = pytest.mark.django_db
LOSS = {"kind": "relations.fact", "name": "facts", "leaving": [], "returning": [["acsa-ij-001", "They signed it."]]}


# --- more rows than the site applies --------------------------------------------------------
def large(**values) -> Batch:
    made = batch(**values)
    rows(made, rejected())
    made.counts["facts"]["changed" if made.kind == "undo" else "new"] = applying.ON_SQLITE + 1
    made.save()
    return made


@pytest.mark.sqlite
def test_preview_of_too_many_rows_says_so_in_place_of_the_button(asha):
    shown = page(asha, large())
    said = text(shown)
    assert (
        "It cannot be applied here. These are 100,001 rows. While the site runs on SQLite at most 100,000 may be "
        "applied at a time: nobody else could write meanwhile. Divide the file, or let whoever runs the site use the "
        "command import_rows."
    ) in said
    assert "the rest can be applied" not in said
    assert ("/confirm/" in shown.content.decode(), "Cancel this import" in said) == (False, True)


@pytest.mark.sqlite
def test_preview_of_too_large_an_undo_names_its_command(asha):
    done = batch("applied")
    shown = page(asha, large(kind="undo", undoes=done))
    assert f"Let whoever runs the site use the command undo_batch {done.pk}." in text(shown)
    assert "/confirm/" not in shown.content.decode()


def test_preview_of_as_many_rows_as_the_site_applies_has_its_button(asha):
    most = large()
    most.counts["facts"]["new"] = applying.ON_SQLITE
    most.save()
    assert "/confirm/" in page(asha, most).content.decode()


# --- what comes back ------------------------------------------------------------------------
def test_preview_says_what_students_would_get_back(asha):
    undo = batch(kind="undo", undoes=batch("applied"), losses=[LOSS])
    rows(undo, changed())
    said = text(page(asha, undo))
    assert (
        "Students would lose nothing: all that they see today stays. "
        "Students would get back: facts (1) acsa-ij-001: They signed it."
    ) in said
    assert re.search(r"Restore 1 record (?!and)", said)


def test_preview_says_what_leaves_before_what_comes_back(asha):
    preview = batch(losses=[LOSS | {"leaving": [["acsa-ij-002", "They met."]]}])
    rows(preview, changed())
    assert (
        "Students would lose: facts (1) acsa-ij-002: They met. "
        "Students would get back: facts (1) acsa-ij-001: They signed it."
    ) in text(page(asha, preview))


def test_preview_lists_at_most_fifty_that_come_back(asha):
    returning = [[f"fact-{number:03d}", "Words."] for number in range(60)]
    said = text(page(asha, batch(losses=[LOSS | {"returning": returning}])))
    assert (said.count("Words."), "facts (60)" in said, "and 10 more" in said) == (50, True, True)


# --- what is emptied ------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "before", "after", "is_said"),
    [
        ("note", "Ours.", "", True),
        ("partners", ["india", "japan"], [], True),
        ("partners", ["india", "japan"], ["india"], False),
        ("note", "Ours.", "Theirs.", False),
        ("note", "", "Ours.", False),
    ],
)
def test_cleared_value_is_said_to_become_empty(asha, name, before, after, is_said):
    preview = batch()
    rows(preview, changed(before=fact(**{name: before}), after=fact(**{name: after})))
    assert ("becomes empty" in text(page(asha, preview))) == is_said


def test_cleared_cell_of_a_file_is_said_to_become_empty(asha):
    FactFactory(ref="acsa-ij-001", note="Ours.")
    preview = previewed([{"ref": "acsa-ij-001", "note": "[clear]"}])
    assert "note was Ours. becomes empty" in text(page(asha, preview))


def test_history_says_what_was_emptied(asha):
    made = FactFactory(ref="acsa-ij-001")
    for version, note in enumerate(["Ours.", ""], start=1):
        Revision.objects.create(kind="relations.fact", ref=made.ref, version=version, data={"note": note}, by="asha")
    said = text(asha.get(f"/admin/relations/fact/{made.pk}/history/"))
    assert "was Ours. now empty" in said


# --- who changed it meanwhile ---------------------------------------------------------------
AT = datetime(2026, 11, 22, 6, 33, tzinfo=UTC)


def refused(before: timedelta = timedelta(minutes=5), **moved) -> Batch:
    made = batch("stale", stale=[{"sheet": "facts", "row": 7, "key": "acsa-ij-001", "now": fact(note="x"), **moved}])
    made.step(Step.What.STARTED)
    Step.objects.filter(batch=made, what=Step.What.STARTED).update(at=AT - before)
    return made


def saved(by: str = "charlie", version: int = 2, **values) -> None:
    given = {"kind": "relations.fact", "ref": "acsa-ij-001", "data": {}, "at": AT}
    Revision.objects.create(**given | {"by": by, "version": version} | values)


def test_stale_row_says_who_saved_it_last_and_when(asha):
    saved("ravi", 2)
    saved("charlie", 3)
    saved("mira", 9, ref="acsa-ij-002")
    said = text(page(asha, refused(message="It has been changed meanwhile.")))
    assert "Row 7 acsa-ij-001 It has been changed meanwhile. charlie saved it on 22 November 2026, 12:03." in said
    assert "ravi" not in said
    assert "mira" not in said


def test_stale_row_says_which_batch_wrote_it(asha):
    other = batch("applied")
    saved(batch=other)
    assert f"charlie saved it on 22 November 2026, 12:03, by batch {other.pk}." in text(page(asha, refused()))


def test_stale_row_that_nobody_is_known_to_have_saved_says_when(asha):
    saved(by="")
    assert "It was saved on 22 November 2026, 12:03." in text(page(asha, refused()))


def test_stale_row_is_not_laid_to_whoever_saved_it_before_the_check(asha):
    saved()
    assert "saved it" not in text(page(asha, refused(before=-timedelta(minutes=5))))


def test_refused_confirm_names_whoever_saved_the_row(asha):
    EntityFactory(slug="acsa-ij")
    upload(editor("ravi"), "ref,subject,statement\nacsa-ij-001,acsa-ij,They met.\n")
    first = Batch.objects.get()
    made = previewed([{"ref": "acsa-ij-001", "subject": "acsa-ij", "statement": "They signed it."}])
    confirmed(first, by="ravi")
    confirmed(made)
    assert made.state == "stale"
    assert re.search(
        rf"It has been added meanwhile\. ravi saved it on .*, by batch {first.pk}\.", text(page(asha, made))
    )


@pytest.mark.parametrize("count", [1, 3])
def test_stale_page_asks_the_history_once(asha, django_assert_num_queries, count):
    made = refused()
    made.stale = [{**made.stale[0], "key": f"a-{number:03d}"} for number in range(count)]
    made.save()
    page(asha, made)
    with django_assert_num_queries(6):
        page(asha, made)


# --- whom it waits for ----------------------------------------------------------------------
def states_in_list(client: Client) -> list[str]:
    html = client.get(LIST).content.decode()
    return re.findall(r'class="field-shown">([^<]*)<', html)


def test_preview_waits_for_whoever_uploaded_it(asha):
    User.objects.create_superuser("ravi")
    batch(by="ravi")
    batch()
    assert states_in_list(asha) == ["checked, waiting for you", "checked, waiting for ravi"]


def test_preview_of_somebody_who_may_not_confirm_waits_for_those_who_may(asha):
    author = member("relations.import_fact", "relations.view_fact")
    batch(by="mira")
    words = "checked, waiting to be confirmed"
    assert (states_in_list(asha), states_in_list(author)) == ([words], [words])
    assert author.get("/admin/relations/fact/import/").context["last"] == [(Batch.objects.get(), words)]


def test_open_undo_waits_for_whoever_asked_for_it(asha):
    User.objects.create_superuser("ravi")
    applied = batch("applied")
    rows(applied, new())
    undo = batch(kind="undo", undoes=applied, by="ravi")
    assert f"Its undo: Batch {undo.pk}, checked, waiting for ravi" in text(page(asha, applied))


def test_filter_of_the_list_says_nobody(asha):
    said = text(asha.get(LIST))
    assert "checked, to be confirmed" in said
    assert "waiting for you" not in said


# --- words of the admin ---------------------------------------------------------------------
@pytest.mark.parametrize(
    ("target", "words"),
    [("entities", "Names"), ("facts", "Facts"), ("citations", "Citations"), ("workbook", "Workbook")],
)
def test_batch_says_the_page_as_the_admin_calls_it(asha, target, words):
    made = batch(target=target)
    assert f"Imported from the page of {words} Uploaded by asha" in text(page(asha, made))
    assert f'<td class="field-page_of">{words}</td>' in asha.get(LIST).content.decode()


# --- the tick that would have made it -------------------------------------------------------
def messages() -> list[tuple[str, str]]:
    row = Batch.objects.first().rows.get(kind="rejected")
    return [(one["column"], one["message"]) for one in row.problems]


def test_missing_name_and_topic_mention_the_tick(asha):
    upload(asha, "subject,statement,topics\nquad,They met.,trade\n")
    assert messages() == [
        (
            "subject",
            "“quad” is not the key of any name. Correct the key, add the name first, or tick “Create names that are "
            "not there yet” when you import facts.",
        ),
        (
            "topics",
            "“trade” is not the key of any topic. Correct the key, add the topic first, or tick “Create topics that "
            "are not there yet” when you import facts.",
        ),
    ]


def test_tick_is_not_mentioned_where_it_would_not_help(asha):
    EntityFactory(slug="acsa-ij")
    TopicFactory(slug="trade")
    upload(asha, "subject,statement,topics,passage,anchor\nacsa-ij,They met.,–,daily/1,met in the spring\n")
    assert [message.rpartition(". ")[2] for _column, message in messages()] == [
        "Correct the key, or add the topic first.",  # no key can be made of a dash
        "Correct the key, or add the passage first.",
    ]
    upload(asha, "subject,statement,topics\n–,They met.,trade\n", create_names="on", kind_names="place")
    assert [message.rpartition(". ")[2] for _column, message in messages()] == [
        "Correct the key, or add the name first.",  # it is ticked already
    ]


def test_tick_that_the_editor_is_not_offered_is_not_mentioned():
    upload(member("relations.import_fact", "relations.view_fact"), "subject,statement\nquad,They met.\n")
    assert [message for _column, message in messages()] == [
        "“quad” is not the key of any name. Correct the key, or add the name first."
    ]
    assert not Fact.objects.exists()
