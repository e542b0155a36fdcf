"""Who may do what with imports and exports: every address, every role, every method, written out.

Each role meets an import that somebody else began. What is refused must have changed nothing.
"""

import inspect
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission, User
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.db.models import FileField
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, get_resolver

from curation.importing import batches, uploads
from curation.models import Batch, Upload
from relations.models import Entity
from tests.curation.importing.importing import BY, confirmed, imported, previewed, xlsx_of
from tests.factories import FactFactory, SourceFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("room")]

METHODS = ("GET", "POST", "PUT", "DELETE")

# --- who ------------------------------------------------------------------------------------
BATCHES = ["curation.view_batch", "curation.confirm_batch", "curation.undo_batch"]
HELD = {
    "staff": [],
    "uploader": ["relations.import_fact"],
    "importer": ["curation.view_batch", "relations.import_fact"],  # may not confirm, undo or export
    "confirmer": [*BATCHES, "relations.import_source"],  # may not import the sheet
}
GROUPS = ("author", "reviewer", "publisher")
ROLES = ("anonymous", "student", "staff", *GROUPS, "uploader", "importer", "confirmer", "superuser")


def client_of(role: str, *, enforce_csrf_checks: bool = False) -> Client:
    client = Client(enforce_csrf_checks=enforce_csrf_checks)
    if role == "anonymous":
        return client
    if role == "superuser":
        user = User.objects.create_superuser(role)
    else:
        user = User.objects.create_user(role, is_staff=role != "student")
    if role in GROUPS:
        user.groups.add(Group.objects.get(name=role))
    if role == "student":  # signed in, and not of the staff, whatever else they were granted
        user.groups.add(Group.objects.get(name="publisher"))
    user.user_permissions.add(*map(permission, HELD.get(role, [])))
    client.force_login(user)
    return client


def permission(name: str) -> Permission:
    label, codename = name.split(".")
    return Permission.objects.get(content_type__app_label=label, codename=codename)


# --- what is there --------------------------------------------------------------------------
GOOD = {"ref": "", "subject": "acsa-ij", "statement": "The two sides signed it in the capital."}
WRONG = {"ref": "", "subject": "nowhere", "statement": "They met by the sea."}


def preview() -> Batch:
    made = previewed([GOOD, WRONG])
    assert made.counts == {"facts": {"new": 1, "rejected": 1}}
    return made


def unmatched() -> Batch:
    made = previewed([{"subject": "acsa-ij", "statment": "They signed it."}])
    assert made.state == Batch.State.MAPPING
    return made


def cancelled() -> Batch:
    made = preview()
    batches.cancel(made, by=BY)
    return made


def applied() -> Batch:
    return imported([GOOD])


def nothing() -> None:
    FactFactory()
    SourceFactory()


def file() -> dict[str, Any]:
    return {"import_file": SimpleUploadedFile("rows.csv", b"ref\n")}


def csv_format() -> dict[str, Any]:
    return {"format": "csv"}


def columns() -> dict[str, Any]:
    return {"header_0": "statement"}


# --- where ----------------------------------------------------------------------------------
def pages_of(app: str, model: str) -> dict[str, tuple[str, Callable[[], Any], Callable[[], dict[str, Any]]]]:
    at, name = f"/admin/{app}/{model}", f"{app}_{model}"
    return {
        f"{name}_import": (f"{at}/import/", nothing, file),
        f"{name}_import_template": (f"{at}/import/template.csv", nothing, dict),
        f"{name}_export": (f"{at}/export/", nothing, csv_format),
    }


OF_BATCH = "/admin/curation/batch/{pk}"
# {name: (address, what it is about, what is posted)}
ADDRESSES: dict[str, tuple[str, Callable[[], Any], Callable[[], dict[str, Any]]]] = {
    **pages_of("relations", "fact"),
    **pages_of("relations", "source"),
    **pages_of("relations", "passage"),
    **pages_of("relations", "entity"),
    **pages_of("relations", "topic"),
    **pages_of("quizzes", "question"),
    "template of a workbook": ("/admin/relations/fact/import/template.xlsx", nothing, dict),
    "curation_batch_changelist": ("/admin/curation/batch/", preview, dict),
    "curation_batch_add": ("/admin/curation/batch/add/", preview, dict),
    "curation_batch_delete": (f"{OF_BATCH}/delete/", preview, lambda: {"post": "yes"}),
    "curation_batch_history": (f"{OF_BATCH}/history/", preview, dict),
    "<path:object_id>/": (f"{OF_BATCH}/", preview, dict),
    "curation_batch_change": (f"{OF_BATCH}/change/", preview, dict),
    "curation_batch_map": (f"{OF_BATCH}/map/", unmatched, columns),
    "curation_batch_cancel": (f"{OF_BATCH}/cancel/", preview, dict),
    "curation_batch_confirm": (f"{OF_BATCH}/confirm/", preview, dict),
    "curation_batch_undo": (f"{OF_BATCH}/undo/", applied, dict),
    "curation_batch_again": (f"{OF_BATCH}/again/", cancelled, dict),
    "curation_batch_rejects": (f"{OF_BATCH}/rejects/?sheet=facts", preview, dict),
    "curation_batch_filled": (f"{OF_BATCH}/filled/", applied, dict),
    "curation_batch_progress": (f"{OF_BATCH}/progress/", preview, dict),
}

# --- what comes of it: “login” is 302 to the page to sign in at -------------------------------
MATRIX = """
                                         | anonymous | student   | staff     | author    | reviewer  | publisher | uploader  | importer  | confirmer | superuser
relations_fact_import             GET    | login     | login     | 403       | 403       | 403       | 200       | 200       | 200       | 403       | 200
relations_fact_import             POST   | login     | login     | 403       | 403       | 403       | 302       | 302       | 302       | 403       | 302
relations_fact_import             PUT    | login     | login     | 403       | 403       | 403       | 405       | 405       | 405       | 403       | 405
relations_fact_import             DELETE | login     | login     | 403       | 403       | 403       | 405       | 405       | 405       | 403       | 405
relations_fact_import_template    GET    | login     | login     | 403       | 403       | 403       | 200       | 200       | 200       | 403       | 200
relations_fact_import_template    POST   | login     | login     | 403       | 403       | 403       | 405       | 405       | 405       | 403       | 405
relations_fact_import_template    PUT    | login     | login     | 403       | 403       | 403       | 405       | 405       | 405       | 403       | 405
relations_fact_import_template    DELETE | login     | login     | 403       | 403       | 403       | 405       | 405       | 405       | 403       | 405
relations_fact_export             GET    | login     | login     | 403       | 200       | 200       | 200       | 403       | 403       | 403       | 200
relations_fact_export             POST   | login     | login     | 403       | 200       | 200       | 200       | 403       | 403       | 403       | 200
relations_fact_export             PUT    | login     | login     | 403       | 405       | 405       | 405       | 403       | 403       | 403       | 405
relations_fact_export             DELETE | login     | login     | 403       | 405       | 405       | 405       | 403       | 403       | 403       | 405
relations_source_import           GET    | login     | login     | 403       | 403       | 403       | 200       | 403       | 403       | 200       | 200
relations_source_import           POST   | login     | login     | 403       | 403       | 403       | 302       | 403       | 403       | 302       | 302
relations_source_import           PUT    | login     | login     | 403       | 403       | 403       | 405       | 403       | 403       | 405       | 405
relations_source_import           DELETE | login     | login     | 403       | 403       | 403       | 405       | 403       | 403       | 405       | 405
relations_source_import_template  GET    | login     | login     | 403       | 403       | 403       | 200       | 403       | 403       | 200       | 200
relations_source_import_template  POST   | login     | login     | 403       | 403       | 403       | 405       | 403       | 403       | 405       | 405
relations_source_import_template  PUT    | login     | login     | 403       | 403       | 403       | 405       | 403       | 403       | 405       | 405
relations_source_import_template  DELETE | login     | login     | 403       | 403       | 403       | 405       | 403       | 403       | 405       | 405
relations_source_export           GET    | login     | login     | 403       | 200       | 200       | 200       | 403       | 403       | 403       | 200
relations_source_export           POST   | login     | login     | 403       | 200       | 200       | 200       | 403       | 403       | 403       | 200
relations_source_export           PUT    | login     | login     | 403       | 405       | 405       | 405       | 403       | 403       | 403       | 405
relations_source_export           DELETE | login     | login     | 403       | 405       | 405       | 405       | 403       | 403       | 403       | 405
relations_passage_import          GET    | login     | login     | 403       | 403       | 403       | 200       | 403       | 403       | 403       | 200
relations_passage_import          POST   | login     | login     | 403       | 403       | 403       | 302       | 403       | 403       | 403       | 302
relations_passage_import          PUT    | login     | login     | 403       | 403       | 403       | 405       | 403       | 403       | 403       | 405
relations_passage_import          DELETE | login     | login     | 403       | 403       | 403       | 405       | 403       | 403       | 403       | 405
relations_passage_import_template GET    | login     | login     | 403       | 403       | 403       | 200       | 403       | 403       | 403       | 200
relations_passage_import_template POST   | login     | login     | 403       | 403       | 403       | 405       | 403       | 403       | 403       | 405
relations_passage_import_template PUT    | login     | login     | 403       | 403       | 403       | 405       | 403       | 403       | 403       | 405
relations_passage_import_template DELETE | login     | login     | 403       | 403       | 403       | 405       | 403       | 403       | 403       | 405
relations_passage_export          GET    | login     | login     | 403       | 200       | 200       | 200       | 403       | 403       | 403       | 200
relations_passage_export          POST   | login     | login     | 403       | 200       | 200       | 200       | 403       | 403       | 403       | 200
relations_passage_export          PUT    | login     | login     | 403       | 405       | 405       | 405       | 403       | 403       | 403       | 405
relations_passage_export          DELETE | login     | login     | 403       | 405       | 405       | 405       | 403       | 403       | 403       | 405
relations_entity_import           GET    | login     | login     | 403       | 403       | 403       | 200       | 403       | 403       | 403       | 200
relations_entity_import           POST   | login     | login     | 403       | 403       | 403       | 302       | 403       | 403       | 403       | 302
relations_entity_import           PUT    | login     | login     | 403       | 403       | 403       | 405       | 403       | 403       | 403       | 405
relations_entity_import           DELETE | login     | login     | 403       | 403       | 403       | 405       | 403       | 403       | 403       | 405
relations_entity_import_template  GET    | login     | login     | 403       | 403       | 403       | 200       | 403       | 403       | 403       | 200
relations_entity_import_template  POST   | login     | login     | 403       | 403       | 403       | 405       | 403       | 403       | 403       | 405
relations_entity_import_template  PUT    | login     | login     | 403       | 403       | 403       | 405       | 403       | 403       | 403       | 405
relations_entity_import_template  DELETE | login     | login     | 403       | 403       | 403       | 405       | 403       | 403       | 403       | 405
relations_entity_export           GET    | login     | login     | 403       | 200       | 200       | 200       | 403       | 403       | 403       | 200
relations_entity_export           POST   | login     | login     | 403       | 200       | 200       | 200       | 403       | 403       | 403       | 200
relations_entity_export           PUT    | login     | login     | 403       | 405       | 405       | 405       | 403       | 403       | 403       | 405
relations_entity_export           DELETE | login     | login     | 403       | 405       | 405       | 405       | 403       | 403       | 403       | 405
relations_topic_import            GET    | login     | login     | 403       | 403       | 403       | 200       | 403       | 403       | 403       | 200
relations_topic_import            POST   | login     | login     | 403       | 403       | 403       | 302       | 403       | 403       | 403       | 302
relations_topic_import            PUT    | login     | login     | 403       | 403       | 403       | 405       | 403       | 403       | 403       | 405
relations_topic_import            DELETE | login     | login     | 403       | 403       | 403       | 405       | 403       | 403       | 403       | 405
relations_topic_import_template   GET    | login     | login     | 403       | 403       | 403       | 200       | 403       | 403       | 403       | 200
relations_topic_import_template   POST   | login     | login     | 403       | 403       | 403       | 405       | 403       | 403       | 403       | 405
relations_topic_import_template   PUT    | login     | login     | 403       | 403       | 403       | 405       | 403       | 403       | 403       | 405
relations_topic_import_template   DELETE | login     | login     | 403       | 403       | 403       | 405       | 403       | 403       | 403       | 405
relations_topic_export            GET    | login     | login     | 403       | 200       | 200       | 200       | 403       | 403       | 403       | 200
relations_topic_export            POST   | login     | login     | 403       | 200       | 200       | 200       | 403       | 403       | 403       | 200
relations_topic_export            PUT    | login     | login     | 403       | 405       | 405       | 405       | 403       | 403       | 403       | 405
relations_topic_export            DELETE | login     | login     | 403       | 405       | 405       | 405       | 403       | 403       | 403       | 405
quizzes_question_import           GET    | login     | login     | 403       | 403       | 403       | 200       | 403       | 403       | 403       | 200
quizzes_question_import           POST   | login     | login     | 403       | 403       | 403       | 302       | 403       | 403       | 403       | 302
quizzes_question_import           PUT    | login     | login     | 403       | 403       | 403       | 405       | 403       | 403       | 403       | 405
quizzes_question_import           DELETE | login     | login     | 403       | 403       | 403       | 405       | 403       | 403       | 403       | 405
quizzes_question_import_template  GET    | login     | login     | 403       | 403       | 403       | 200       | 403       | 403       | 403       | 200
quizzes_question_import_template  POST   | login     | login     | 403       | 403       | 403       | 405       | 403       | 403       | 403       | 405
quizzes_question_import_template  PUT    | login     | login     | 403       | 403       | 403       | 405       | 403       | 403       | 403       | 405
quizzes_question_import_template  DELETE | login     | login     | 403       | 403       | 403       | 405       | 403       | 403       | 403       | 405
quizzes_question_export           GET    | login     | login     | 403       | 200       | 200       | 200       | 403       | 403       | 403       | 200
quizzes_question_export           POST   | login     | login     | 403       | 200       | 200       | 200       | 403       | 403       | 403       | 200
quizzes_question_export           PUT    | login     | login     | 403       | 405       | 405       | 405       | 403       | 403       | 403       | 405
quizzes_question_export           DELETE | login     | login     | 403       | 405       | 405       | 405       | 403       | 403       | 403       | 405
template of a workbook            GET    | login     | login     | 403       | 403       | 403       | 200       | 200       | 200       | 403       | 200
template of a workbook            POST   | login     | login     | 403       | 403       | 403       | 405       | 405       | 405       | 403       | 405
template of a workbook            PUT    | login     | login     | 403       | 403       | 403       | 405       | 405       | 405       | 403       | 405
template of a workbook            DELETE | login     | login     | 403       | 403       | 403       | 405       | 405       | 405       | 403       | 405
curation_batch_changelist         GET    | login     | login     | 403       | 403       | 403       | 200       | 200       | 200       | 200       | 200
curation_batch_changelist         POST   | login     | login     | 403       | 403       | 403       | 200       | 200       | 200       | 200       | 200
curation_batch_changelist         PUT    | login     | login     | 403       | 403       | 403       | 200       | 200       | 200       | 200       | 200
curation_batch_changelist         DELETE | login     | login     | 403       | 403       | 403       | 200       | 200       | 200       | 200       | 200
curation_batch_add                GET    | login     | login     | 403       | 403       | 403       | 403       | 403       | 403       | 403       | 403
curation_batch_add                POST   | login     | login     | 403       | 403       | 403       | 403       | 403       | 403       | 403       | 403
curation_batch_add                PUT    | login     | login     | 403       | 403       | 403       | 403       | 403       | 403       | 403       | 403
curation_batch_add                DELETE | login     | login     | 403       | 403       | 403       | 403       | 403       | 403       | 403       | 403
curation_batch_delete             GET    | login     | login     | 403       | 403       | 403       | 403       | 403       | 403       | 403       | 403
curation_batch_delete             POST   | login     | login     | 403       | 403       | 403       | 403       | 403       | 403       | 403       | 403
curation_batch_delete             PUT    | login     | login     | 403       | 403       | 403       | 403       | 403       | 403       | 403       | 403
curation_batch_delete             DELETE | login     | login     | 403       | 403       | 403       | 403       | 403       | 403       | 403       | 403
curation_batch_history            GET    | login     | login     | 403       | 403       | 403       | 302       | 403       | 302       | 403       | 302
curation_batch_history            POST   | login     | login     | 403       | 403       | 403       | 302       | 403       | 302       | 403       | 302
curation_batch_history            PUT    | login     | login     | 403       | 403       | 403       | 302       | 403       | 302       | 403       | 302
curation_batch_history            DELETE | login     | login     | 403       | 403       | 403       | 302       | 403       | 302       | 403       | 302
<path:object_id>/                 GET    | login     | login     | 302       | 302       | 302       | 302       | 302       | 302       | 302       | 302
<path:object_id>/                 POST   | login     | login     | 302       | 302       | 302       | 302       | 302       | 302       | 302       | 302
<path:object_id>/                 PUT    | login     | login     | 302       | 302       | 302       | 302       | 302       | 302       | 302       | 302
<path:object_id>/                 DELETE | login     | login     | 302       | 302       | 302       | 302       | 302       | 302       | 302       | 302
curation_batch_change             GET    | login     | login     | 403       | 403       | 403       | 200       | 403       | 200       | 403       | 200
curation_batch_change             POST   | login     | login     | 405       | 405       | 405       | 405       | 405       | 405       | 405       | 405
curation_batch_change             PUT    | login     | login     | 405       | 405       | 405       | 405       | 405       | 405       | 405       | 405
curation_batch_change             DELETE | login     | login     | 405       | 405       | 405       | 405       | 405       | 405       | 405       | 405
curation_batch_map                GET    | login     | login     | 405       | 405       | 405       | 405       | 405       | 405       | 405       | 405
curation_batch_map                POST   | login     | login     | 403       | 403       | 403       | 302       | 403       | 302       | 403       | 302
curation_batch_map                PUT    | login     | login     | 405       | 405       | 405       | 405       | 405       | 405       | 405       | 405
curation_batch_map                DELETE | login     | login     | 405       | 405       | 405       | 405       | 405       | 405       | 405       | 405
curation_batch_cancel             GET    | login     | login     | 405       | 405       | 405       | 405       | 405       | 405       | 405       | 405
curation_batch_cancel             POST   | login     | login     | 403       | 403       | 403       | 302       | 403       | 302       | 403       | 302
curation_batch_cancel             PUT    | login     | login     | 405       | 405       | 405       | 405       | 405       | 405       | 405       | 405
curation_batch_cancel             DELETE | login     | login     | 405       | 405       | 405       | 405       | 405       | 405       | 405       | 405
curation_batch_confirm            GET    | login     | login     | 405       | 405       | 405       | 405       | 405       | 405       | 405       | 405
curation_batch_confirm            POST   | login     | login     | 403       | 403       | 403       | 302       | 403       | 403       | 403       | 302
curation_batch_confirm            PUT    | login     | login     | 405       | 405       | 405       | 405       | 405       | 405       | 405       | 405
curation_batch_confirm            DELETE | login     | login     | 405       | 405       | 405       | 405       | 405       | 405       | 405       | 405
curation_batch_undo               GET    | login     | login     | 405       | 405       | 405       | 405       | 405       | 405       | 405       | 405
curation_batch_undo               POST   | login     | login     | 403       | 403       | 403       | 302       | 403       | 403       | 403       | 302
curation_batch_undo               PUT    | login     | login     | 405       | 405       | 405       | 405       | 405       | 405       | 405       | 405
curation_batch_undo               DELETE | login     | login     | 405       | 405       | 405       | 405       | 405       | 405       | 405       | 405
curation_batch_again              GET    | login     | login     | 405       | 405       | 405       | 405       | 405       | 405       | 405       | 405
curation_batch_again              POST   | login     | login     | 403       | 403       | 403       | 302       | 403       | 302       | 403       | 302
curation_batch_again              PUT    | login     | login     | 405       | 405       | 405       | 405       | 405       | 405       | 405       | 405
curation_batch_again              DELETE | login     | login     | 405       | 405       | 405       | 405       | 405       | 405       | 405       | 405
curation_batch_rejects            GET    | login     | login     | 403       | 403       | 403       | 200       | 403       | 200       | 403       | 200
curation_batch_rejects            POST   | login     | login     | 405       | 405       | 405       | 405       | 405       | 405       | 405       | 405
curation_batch_rejects            PUT    | login     | login     | 405       | 405       | 405       | 405       | 405       | 405       | 405       | 405
curation_batch_rejects            DELETE | login     | login     | 405       | 405       | 405       | 405       | 405       | 405       | 405       | 405
curation_batch_filled             GET    | login     | login     | 403       | 403       | 403       | 200       | 403       | 200       | 403       | 200
curation_batch_filled             POST   | login     | login     | 405       | 405       | 405       | 405       | 405       | 405       | 405       | 405
curation_batch_filled             PUT    | login     | login     | 405       | 405       | 405       | 405       | 405       | 405       | 405       | 405
curation_batch_filled             DELETE | login     | login     | 405       | 405       | 405       | 405       | 405       | 405       | 405       | 405
curation_batch_progress           GET    | login     | login     | 403       | 403       | 403       | 200       | 403       | 200       | 403       | 200
curation_batch_progress           POST   | login     | login     | 405       | 405       | 405       | 405       | 405       | 405       | 405       | 405
curation_batch_progress           PUT    | login     | login     | 405       | 405       | 405       | 405       | 405       | 405       | 405       | 405
curation_batch_progress           DELETE | login     | login     | 405       | 405       | 405       | 405       | 405       | 405       | 405       | 405
"""  # noqa: E501


def expected() -> dict[str, dict[str, dict[str, str]]]:
    """{name of the address: {role: {method: status}}}."""
    (_corner, *roles), *lines = [[cell.strip() for cell in line.split("|")] for line in MATRIX.strip().splitlines()]
    table: dict[str, dict[str, dict[str, str]]] = {}
    for place, *cells in lines:
        name, method = place.rsplit(maxsplit=1)
        for role, status in zip(roles, cells, strict=True):
            table.setdefault(name.strip(), {}).setdefault(role, {})[method] = status
    return table


# --- trying it ------------------------------------------------------------------------------
REFUSED = ("login", "403", "404", "405")


def send(client: Client, method: str, address: str, data: dict[str, Any]) -> str:
    response = client.post(address, data) if method == "POST" else client.generic(method, address)
    if response.streaming:
        response.getvalue()
    if response.status_code == 302 and response["Location"].startswith("/admin/login/?next=/admin/"):
        return "login"
    return str(response.status_code)


def tried(client: Client, method: str, address: str, data: dict[str, Any]) -> str:
    """What comes of it, and nothing of it stays; “but it wrote” where it was refused and wrote all the same."""
    with transaction.atomic(), CaptureQueriesContext(connection) as asked:
        status = send(client, method, address, data)
        transaction.set_rollback(True)
    if status in REFUSED and any(writes(query["sql"]) for query in asked):
        status += ", but it wrote"
    return status


def writes(sql: str) -> bool:
    return sql.lstrip("( ").split(maxsplit=1)[0].upper() in {"INSERT", "UPDATE", "DELETE", "REPLACE", "COPY", "WITH"}


@pytest.mark.parametrize("name", ADDRESSES)
def test_each_role_may_do_what_is_written_here_and_no_more(name):
    address, about, posted = ADDRESSES[name]
    of = about()
    address = address.format(pk=of.pk if of else "")
    clients = {role: client_of(role) for role in ROLES}
    got = {
        role: {method: tried(client, method, address, posted()) for method in METHODS}
        for role, client in clients.items()
    }
    assert got == expected()[name]


def patterns(resolver: Any, route: str = "") -> Iterator[tuple[str, URLPattern]]:
    for one in resolver.url_patterns:
        if isinstance(one, URLPattern):
            yield f"{route}{one.pattern}", one
        else:
            yield from patterns(one, f"{route}{one.pattern}")


def is_ours(route: str, pattern: URLPattern) -> bool:
    """Whether the pages of batches have it, or those of import and export (the library's included)."""
    if route.startswith("admin/curation/batch/"):
        return True
    is_list = (pattern.name or "").endswith("_changelist")  # to which the library adds two links
    module = inspect.unwrap(pattern.callback).__module__
    return module.startswith(("curation.importing.", "import_export.")) and not is_list


def test_no_address_is_missing():
    ours = {
        pattern.name or str(pattern.pattern) for route, pattern in patterns(get_resolver()) if is_ours(route, pattern)
    }
    assert ours == set(expected()) - {"template of a workbook"}


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


# --- requests that another site made up -----------------------------------------------------
POSTED = [name for name, of in expected().items() if of["superuser"]["POST"] in ("200", "302")]


@pytest.mark.parametrize("name", POSTED)
def test_posting_needs_the_token_of_our_page(name):
    address, about, posted = ADDRESSES[name]
    of = about()
    client = client_of("superuser", enforce_csrf_checks=True)
    assert tried(client, "POST", address.format(pk=of.pk if of else ""), posted()) == "403"


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
