"""The pages from which a file is uploaded and from which records are exported."""

import csv
import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import StreamingHttpResponse
from django.test import Client
from django.utils import timezone

from curation.importing.reading import LIMITS
from curation.models import Batch
from relations.models import Entity, Fact
from tests.admin_forms import editor
from tests.curation.importing.making import batch
from tests.curation.importing.pages import member, text
from tests.factories import EntityFactory, FactFactory, TopicFactory

pytestmark = pytest.mark.django_db
FACTS = "/admin/relations/fact/"
AGAIN = "Choose the file again: the browser does not keep it after an error."
ALL = [
    *("relations/source", "relations/passage", "relations/entity", "relations/topic", "relations/fact"),
    "quizzes/question",
]


@pytest.fixture
def charlie() -> Client:
    return editor("charlie")


def upload(client: Client, data: bytes | str, name: str = "facts.csv", address: str = FACTS, **options: str):
    file = SimpleUploadedFile(name, data.encode() if isinstance(data, str) else data)
    return client.post(f"{address}import/", {"import_file": file, **options})


# --- import ---------------------------------------------------------------------------------
@pytest.mark.parametrize("model", ALL)
def test_every_kind_of_record_has_a_page_to_import_from(charlie, model):
    response = charlie.get(f"/admin/{model}/import/")
    assert response.status_code == 200
    said = text(response)
    assert "Choose a file. You see what each row would do before anything is saved." in said
    assert re.search(r"Template, CSV Template, XLSX Export the [a-z]+ that there are Columns and allowed values", said)


@pytest.mark.parametrize("model", ALL)
def test_list_leads_to_import_and_export(charlie, model):
    html = charlie.get(f"/admin/{model}/").content.decode()
    assert f"href='/admin/{model}/import/' class=\"import_link\"" in html
    assert f'href="/admin/{model}/export/?" class="export_link"' in html


def test_import_page_lists_the_columns_with_allowed_values(charlie):
    own, citations = charlie.get(f"{FACTS}import/").context["columns"]
    columns = {column["name"]: column for column in own.columns}
    assert columns["modality"]["choices"] == ("fact", "view", "expectation")
    assert [columns[name]["notes"] for name in ("ref", "subject", "note", "topics")] == [
        ["names the record", "may stay empty for a new one"],
        ["needed for a new record"],
        [],
        ["one or several, with | between"],
    ]
    assert columns["subject"]["help"] == "Subject: the slug of a name."
    assert own.words == "An export also has these, which an import ignores: status, evidence, version."
    assert (citations.name, [column["name"] for column in citations.columns]) == (
        "Citations",
        ["passage", "anchor", "stance", "reading"],
    )


def test_import_page_lists_ones_last_batches(charlie):
    mine = [batch(by="charlie") for _number in range(6)]
    batch(by="alice")
    batch(by="charlie", target="sources")
    waits = "checked, waiting for you"
    assert charlie.get(f"{FACTS}import/").context["last"] == [(one, waits) for one in mine[:0:-1]]


def test_uploaded_file_becomes_a_batch_and_leads_to_its_preview(charlie):
    EntityFactory(slug="acsa-ij")
    response = upload(charlie, "ref,subject,statement\n,acsa-ij,They signed it.\n")
    made = Batch.objects.get()
    assert (made.by, made.target, made.file_name, made.state) == ("charlie", "facts", "facts.csv", "preview")
    assert made.counts == {"facts": {"new": 1}}
    assert response.status_code == 302
    assert response["Location"] == made.get_absolute_url()
    assert not Fact.objects.exists()


def test_confirmed_preview_is_applied_and_undone(charlie):
    EntityFactory(slug="acsa-ij")
    upload(charlie, "ref,subject,statement\n,acsa-ij,They signed it.\n")
    made = Batch.objects.get()
    address = made.get_absolute_url().removesuffix("change/")
    assert "Applied by charlie" in text(charlie.post(f"{address}confirm/", follow=True))
    assert Fact.objects.get().statement == "They signed it."

    undo = charlie.post(f"{address}undo/", follow=True)
    assert "Remove 1 record" in text(undo)
    charlie.post(undo.redirect_chain[-1][0].replace("change", "confirm"))
    assert not Fact.objects.exists()


@pytest.mark.parametrize(
    ("data", "name", "problem"),
    [
        (b"", "facts.csv", "empty"),
        (b"PK\x03\x04 and no more", "facts.xlsx", ""),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "facts.csv", ""),
    ],
)
def test_file_that_cannot_be_read_is_refused_in_words(charlie, data, name, problem):
    response = upload(charlie, data, name)
    if response.status_code == 302:
        response = charlie.get(response["Location"])
        assert response.context["state"] == "refused"
        assert problem in text(response)
    else:
        assert response.status_code == 200
        assert problem in " ".join(response.context["form"].errors["import_file"])
    assert not Fact.objects.exists()


def test_no_file_is_asked_for(charlie):
    response = charlie.post(f"{FACTS}import/", {})
    assert response.status_code == 200
    assert response.context["form"].errors == {"import_file": ["Choose a file first."]}


def test_file_that_is_too_large_is_refused_before_it_is_read(charlie):
    class Unread(io.BytesIO):
        def read(self, *given: int) -> bytes:
            raise AssertionError("the body was read")

    response = charlie.generic(
        "POST",
        f"{FACTS}import/",
        content_type="multipart/form-data; boundary=x",
        **{"CONTENT_LENGTH": str(LIMITS.bytes + 1024 * 1024), "wsgi.input": Unread()},
    )
    assert response.status_code == 413
    assert "at most" in " ".join(response.context["form"].errors["import_file"])
    assert not Batch.objects.exists()


def test_upload_needs_its_token():
    editor("charlie")
    client = Client(enforce_csrf_checks=True)
    client.login(username="charlie", password="a long password")
    assert upload(client, "ref\n").status_code == 403


def test_missing_names_are_made_where_that_is_ticked(charlie):
    rows = "subject,statement\nquad,They met.\n"
    upload(charlie, rows)
    assert Batch.objects.get().counts == {"facts": {"rejected": 1}}
    upload(charlie, rows, create_names="on", kind_names="grouping")
    made = Batch.objects.first()
    assert made.options["create"] == {"names": "grouping"}
    assert made.counts == {"entities": {"new": 1}, "facts": {"new": 1}}
    assert not Entity.objects.exists()


def test_kind_of_missing_names_is_asked_for(charlie):
    response = upload(charlie, "ref\n", create_names="on")
    assert response.status_code == 200
    assert response.context["form"].errors == {
        "kind_names": ["Choose what kind they are, or take the tick off."],
        "import_file": [AGAIN],
    }


def test_workbook_is_of_the_sheets_that_one_may_import():
    client = member("curation.view_batch", "relations.import_fact", "relations.view_fact")
    upload(client, "ref\nx-001\n")
    assert Batch.objects.get().options == {"allowed": ["facts", "citations"]}


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_template_is_downloaded(charlie, kind):
    response = charlie.get(f"{FACTS}import/template.{kind}")
    assert response.status_code == 200
    assert response["Content-Disposition"] == f'attachment; filename="facts-template.{kind}"'
    assert len(response.content) > 100


def test_template_imports_as_it_is(charlie):
    template = charlie.get(f"{FACTS}import/template.csv").content
    upload(charlie, template)
    assert Batch.objects.get().state == "preview"


def test_template_of_another_format_is_not_found(charlie):
    assert charlie.get(f"{FACTS}import/template.ods").status_code == 404


@pytest.mark.parametrize("address", ["import/", "import/template.csv"])
def test_import_needs_its_permission(address):
    assert member("relations.view_fact", "relations.export_fact").get(FACTS + address).status_code == 403


def test_library_has_no_way_around_the_batch(charlie):
    assert charlie.post(f"{FACTS}process_import/").status_code in (302, 404)
    assert charlie.get(f"{FACTS}process_import/").status_code in (302, 404)


# --- export ---------------------------------------------------------------------------------
def exported(client: Client, query: str = "") -> list[dict[str, str]]:
    response = client.post(f"{FACTS}export/{query}", {"format": "csv"})
    assert response.status_code == 200
    return list(csv.DictReader(io.StringIO(response.getvalue().decode("utf-8-sig"))))


def test_export_page_says_how_many_and_of_what(charlie):
    FactFactory(ref="a-001", modality="view", whose=EntityFactory())
    FactFactory(ref="a-002")
    assert "2 facts : all of them." in text(charlie.get(f"{FACTS}export/"))
    said = text(charlie.get(f"{FACTS}export/?modality__exact=view&q=parties"))
    assert "1 fact : those of the list you came from. Search parties Modality attributed view" in said


def test_export_has_the_rows_of_the_list(charlie):
    topic = TopicFactory(slug="trade")
    FactFactory(ref="a-001", topics=[topic])
    FactFactory(ref="a-002")
    assert [row["ref"] for row in exported(charlie)] == ["a-001", "a-002"]
    assert [row["ref"] for row in exported(charlie, f"?topics__id__exact={topic.pk}")] == ["a-001"]
    assert [row["ref"] for row in exported(charlie, "?q=a-002")] == ["a-002"]


@pytest.mark.parametrize("kind", ["csv", "xlsx", "jsonl"])
def test_export_streams(charlie, kind):
    FactFactory()
    response = charlie.post(f"{FACTS}export/", {"format": kind})
    assert isinstance(response, StreamingHttpResponse)
    assert response["Content-Disposition"] == f'attachment; filename="facts-{timezone.localdate():%Y-%m-%d}.{kind}"'
    assert response.getvalue()


def test_export_sends_its_first_bytes_before_the_last_record_is_read(charlie, monkeypatch):
    """Compression must not hold the stream back."""
    from curation.importing import exporting

    def slow(*_given):
        yield b"ref\r\n"
        raise AssertionError("nobody waited for this")

    monkeypatch.setattr(exporting, "export", slow)
    response = charlie.post(f"{FACTS}export/", {"format": "csv"}, headers={"Accept-Encoding": "gzip"})
    assert next(iter(response.streaming_content))


def test_export_in_no_format_is_asked_again(charlie):
    assert charlie.post(f"{FACTS}export/", {"format": "ods"}).status_code == 200


def test_export_of_a_filter_that_is_none_exports_all(charlie):
    response = charlie.get(f"{FACTS}export/?nonsense=1")
    assert (response.status_code, response["Location"]) == (302, f"{FACTS}export/")


def test_export_needs_its_permission():
    client = member("relations.view_fact", "relations.import_fact")
    assert client.get(f"{FACTS}export/").status_code == 403
    assert client.post(f"{FACTS}export/", {"format": "csv"}).status_code == 403


def test_exported_file_imports_as_it_is_and_changes_nothing(charlie):
    FactFactory(statement="=They signed it.", topics=[TopicFactory()])
    data = charlie.post(f"{FACTS}export/", {"format": "csv"}).getvalue()
    upload(charlie, data)
    assert Batch.objects.get().counts == {"facts": {"same": 1}}
