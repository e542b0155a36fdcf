"""Import and export of facts and sources through spreadsheets."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given
from hypothesis import strategies as st

from curation import revisions
from relations.admin.resources import escaped, unescaped
from relations.models import Fact, Source
from tests.admin_forms import editor
from tests.factories import EntityFactory, FactFactory, SourceFactory, TopicFactory, published_fact

FACTS, SOURCES = "/admin/relations/fact/", "/admin/relations/source/"
CSV = "0"


def sheet(*rows: dict) -> SimpleUploadedFile:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return SimpleUploadedFile("facts.csv", text.getvalue().encode(), content_type="text/csv")


def preview(client, address, *rows):
    return client.post(f"{address}import/", {"import_file": sheet(*rows), "format": CSV, "resource": "0"})


def applied(client, address, *rows):
    shown = preview(client, address, *rows)
    assert "confirm_form" in shown.context, shown.context["result"].invalid_rows
    return client.post(f"{address}process_import/", shown.context["confirm_form"].initial, follow=True)


def exported(client, address) -> list[dict]:
    response = client.post(f"{address}export/", {"format": CSV, "resource": "0"})
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))


def said(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


@pytest.mark.django_db
def test_preview_saves_nothing():
    subject, client = EntityFactory(), editor("priya")
    response = preview(client, FACTS, {"ref": "x-001", "subject": subject.slug, "statement": "They met."})
    assert dict(response.context["result"].totals)["new"] == 1
    assert not Fact.objects.exists()


@pytest.mark.django_db
def test_imported_fact_arrives_as_a_draft_with_its_history():
    subject, client = EntityFactory(slug="acsa-ij"), editor("priya")
    partner, topic = EntityFactory(kind="country"), TopicFactory()
    row = {
        "ref": "", "subject": "acsa-ij", "statement": "They signed it.", "date": "2020-09", "status": "published",
        "partners": partner.slug, "topics": topic.slug,
    }  # fmt: skip

    applied(client, FACTS, row)

    fact = Fact.objects.get()
    assert (fact.ref, fact.status, fact.date, fact.written_by) == ("acsa-ij-001", "draft", "2020-09", "priya")
    assert (list(fact.partners.all()), list(fact.topics.all()), fact.subject) == ([partner], [topic], subject)
    history = revisions.history(fact).values_list("version", "by", "why", "data__topics")
    assert list(history) == [(1, "priya", "Imported from facts.csv", [topic.slug])]


@pytest.mark.django_db
def test_preview_says_what_students_would_lose():
    fact, kept = published_fact(), published_fact()
    rows = [{"ref": fact.ref, "statement": "Other words."}, {"ref": kept.ref, "statement": kept.statement}]
    page = preview(editor("priya"), FACTS, *rows)
    assert "Students would lose: facts (1)" in page.content.decode()
    assert set(Fact.objects.visible()) == {fact, kept}


@pytest.mark.django_db
def test_imported_change_takes_the_wording_over_and_lapses_the_check():
    fact, client = published_fact(), editor("priya")
    applied(client, FACTS, {"ref": fact.ref, "statement": "Other words."})
    fact.refresh_from_db()
    assert (fact.written_by, fact.status, fact.evidence) == ("priya", "published", "unchecked")
    assert fact not in Fact.objects.visible()


@pytest.mark.django_db
def test_export_then_import_changes_nothing():
    published_fact(topics=[TopicFactory()], statement="=SUM is not a formula here.", note="'+'")
    FactFactory(statement="-1 is a number.")
    client = editor("priya")
    rows = exported(client, FACTS)
    assert [row["statement"] for row in rows] == ["'=SUM is not a formula here.", "'-1 is a number."]
    response = preview(client, FACTS, *rows)
    assert dict(response.context["result"].totals) | {"skip": 2} == {
        "new": 0, "update": 0, "delete": 0, "skip": 2, "error": 0, "invalid": 0,
    }  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("cells", "field", "message"),
    [
        ({"topics": "nowhere"}, "topics", "“nowhere”: no topic has this key. Add it first, or correct the key."),
        ({"subject": "no-one"}, "subject", "“no-one”: no name has this key. Add it first, or correct the key."),
        ({"statement": "word " * 31}, "statement", "The statement has 31 words; write at most 30, or split it"),
        ({"modality": "rumour"}, "modality", "Value 'rumour' is not a valid choice."),
    ],
)
def test_wrong_cell_is_named_and_nothing_is_saved(cells, field, message):
    subject, client = EntityFactory(), editor("priya")
    good = {"ref": "x-001", "subject": subject.slug, "statement": "They met.", "modality": "fact", "topics": ""}
    response = preview(client, FACTS, good, good | {"ref": "x-002"} | cells)
    (row,) = response.context["result"].invalid_rows
    assert row.number == 2
    assert [error[: len(message)] for error in row.field_specific_errors[field]] == [message]
    assert "confirm_form" not in response.context
    assert not Fact.objects.exists()


@pytest.mark.django_db
def test_misspelt_column_is_named():
    fact = FactFactory()
    response = preview(editor("priya"), FACTS, {"ref": fact.ref, "statment": "They met."})
    (error,) = response.context["result"].base_errors
    assert error.words.startswith("Unknown column: “statment”. The columns are: date, evidence, modality")


@pytest.mark.django_db
def test_import_that_fails_after_its_preview_says_so():
    subject, client = EntityFactory(), editor("priya")
    row = {"ref": "x-001", "subject": subject.slug, "statement": "They met."}
    shown = preview(client, FACTS, row)
    subject.delete()
    response = client.post(f"{FACTS}process_import/", shown.context["confirm_form"].initial, follow=True)
    assert said(response) == ["Nothing was imported: the data or the file changed since the preview. Try again."]
    assert not Fact.objects.exists()


@pytest.mark.django_db
def test_difference_is_shown_without_inline_style():
    fact = FactFactory(statement="The two sides signed the agreement in Delhi.")
    response = preview(
        editor("priya"), FACTS, {"ref": fact.ref, "statement": "The two sides signed the agreement in Tokyo."}
    )
    html = response.content.decode()
    assert "signed the agreement in <del>Delhi.</del> <ins>Tokyo.</ins>" in html
    assert "style=" not in html


@pytest.mark.django_db
def test_source_is_imported_by_its_keys():
    first, client = SourceFactory(slug="release"), editor("priya")
    row = {"slug": "copy", "title": "The release again", "publisher": "A Paper", "kind": "press", "copy_of": "release"}
    response = applied(client, SOURCES, row)
    assert said(response) == ["Import finished: 1 new, 0 updated, 0 deleted and 0 skipped sources."]
    source = Source.objects.get(slug="copy")
    assert (source.copy_of, source.rights, source.language) == (first, "link", "en")


@given(st.text())
def test_escape_for_spreadsheets_loses_nothing(text):
    assert unescaped(escaped(text)) == text


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "'=1", "''@"])
def test_escape_leaves_no_formula(text):
    assert escaped(text) == f"'{text}"
