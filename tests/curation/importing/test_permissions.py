"""Whose imports one sees, what one may make with them, and that no upload is addressed by its name."""

from urllib.parse import quote

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import FileField
from django.test import Client

from curation.importing import batches, uploads
from curation.models import Batch, Upload
from relations.models import Entity
from tests.curation.importing.importing import BY, confirmed, previewed, xlsx_of
from tests.curation.importing.roles import BATCHES, GOOD, OF_BATCH, WRONG, client_of, permission, preview, tried

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("room")]

# --- whose ----------------------------------------------------------------------------------
ROW = b"subject,statement\nacsa-ij,They signed it.\n"


def own(client: Client) -> str:
    """The address of an import that the client begins, without what is done there."""
    answer = client.post("/admin/relations/fact/import/", {"import_file": SimpleUploadedFile("a.csv", ROW)})
    return str(answer["Location"]).removesuffix("change/")


def test_whoever_may_import_sees_their_own_batch():
    client = client_of("uploader")
    address = own(client)
    assert client.get(f"{address}change/").status_code == 200
    assert client.get("/admin/curation/batch/").context["cl"].result_count == 1
    assert f"{address}change/" in client.get("/admin/relations/fact/import/").content.decode()
    assert client.post(f"{address}confirm/").status_code == 403
    assert client.post(f"{address}cancel/").status_code == 302
    assert Batch.objects.get().state == Batch.State.CANCELLED


def test_batches_of_others_are_for_those_who_may_see_batches():
    made = preview()
    client = client_of("uploader")
    assert client.get(made.get_absolute_url()).status_code == 403
    assert client.get("/admin/curation/batch/").context["cl"].result_count == 0
    assert client_of("importer").get(made.get_absolute_url()).status_code == 200


def test_batch_that_one_began_is_hidden_once_one_may_not_import_its_sheet():
    client = client_of("uploader")
    address = own(client)
    User.objects.get(username="uploader").user_permissions.clear()
    assert client.get(f"{address}change/").status_code == 403


@pytest.mark.parametrize("deed", ["change/", "confirm/", "cancel/", "rejects/?sheet=facts", "progress/"])
def test_workbook_is_for_those_who_may_import_each_of_its_sheets(deed):
    """A publisher's file also makes names; who may import facts alone neither sees nor confirms it."""
    both = {"entities": [{"slug": "asean", "name": "ASEAN", "kind": "grouping"}], "facts": [GOOD, WRONG]}
    made = previewed(both)
    client = client_of("staff")
    user = User.objects.get(username="staff")
    user.user_permissions.add(*map(permission, [*BATCHES, "relations.import_fact"]))
    address = f"{OF_BATCH.format(pk=made.pk)}/{deed}"
    method = "POST" if deed in ("confirm/", "cancel/") else "GET"
    assert tried(client, method, address, {}) == "403"
    user.user_permissions.add(permission("relations.import_entity"))
    assert tried(client, method, address, {}) == ("302" if method == "POST" else "200")


def test_only_what_one_may_import_is_made_with_it():
    client = client_of("uploader")
    file = SimpleUploadedFile("a.csv", b"subject,statement\nasean,They met.\n")
    assert "create_names" not in client.get("/admin/relations/fact/import/").content.decode()
    asked = {"import_file": file, "create_names": "on", "kind_names": "grouping"}
    client.post("/admin/relations/fact/import/", asked)
    assert Batch.objects.get().counts == {"facts": {"rejected": 1}}
    assert not Entity.objects.filter(slug="asean").exists()


def test_sheets_one_may_not_import_are_refused_as_a_whole():
    client = client_of("uploader")
    both = {"entities": [{"slug": "asean", "name": "ASEAN", "kind": "grouping"}], "facts": [GOOD]}
    file = SimpleUploadedFile("book.xlsx", xlsx_of(both))
    answer = client.post("/admin/relations/fact/import/", {"import_file": file}, follow=True)
    assert Batch.objects.get().state == Batch.State.REFUSED
    assert "“entities”, which you may not import" in answer.content.decode()


# --- uploads --------------------------------------------------------------------------------
NAMES = ["../../etc/passwd", "C:\\rows.csv", "<script>.csv", "a\r\nSet-Cookie: b=c.csv", "admin/logout.csv"]


@pytest.mark.parametrize("name", NAMES)
def test_upload_is_not_addressed_by_its_name(name):
    """It is kept in the database, under a number that nobody chose, and no page serves it as it came."""
    client = client_of("superuser")
    made = previewed_as(name)
    kept = Upload.objects.get()
    assert not set(kept.name) & set("/\\")
    assert kept.name.isprintable()
    page = client.get(made.get_absolute_url())
    assert "<script>.csv" not in page.content.decode()
    for address in (name, kept.name, str(kept.pk)):
        for folder in ("/", "/media/", "/static/", "/admin/curation/upload/", f"{OF_BATCH.format(pk=made.pk)}/"):
            assert client.get(quote(folder + address), follow=True).status_code in (404, 400)


def test_nothing_uploaded_is_a_file_of_the_server():
    kept = [field for model in apps.get_models() for field in model._meta.fields if isinstance(field, FileField)]
    assert kept == []


@pytest.mark.parametrize("name", NAMES)
def test_name_of_an_upload_does_not_reach_the_headers_of_a_download(name):
    made = previewed_as(name)
    confirmed(made)
    answer = client_of("superuser").get(f"{OF_BATCH.format(pk=made.pk)}/filled/")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith("attachment; filename")
    assert "Set-Cookie" not in answer.headers


def previewed_as(name: str) -> Batch:
    file = ContentFile(ROW, name="rows.csv")
    file.name = name
    return batches.start(uploads.keep(file, by=BY), target="facts", by=BY)
