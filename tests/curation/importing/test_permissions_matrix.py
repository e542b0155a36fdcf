"""Who may do what with imports and exports: every address, every role, every method, written out.

Each role meets an import that somebody else began. What is refused must have changed nothing.
"""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import URLPattern, get_resolver

from curation.importing import batches
from curation.models import Batch
from tests.curation.importing.importing import BY, imported, previewed
from tests.curation.importing.roles import (
    GOOD,
    OF_BATCH,
    ROLES,
    client_of,
    preview,
    tried,
)
from tests.factories import FactFactory, SourceFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("room")]

METHODS = ("GET", "POST", "PUT", "DELETE")


# --- what is there --------------------------------------------------------------------------
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


# --- requests that another site made up -----------------------------------------------------
POSTED = [name for name, of in expected().items() if of["superuser"]["POST"] in ("200", "302")]


@pytest.mark.parametrize("name", POSTED)
def test_posting_needs_the_token_of_our_page(name):
    address, about, posted = ADDRESSES[name]
    of = about()
    client = client_of("superuser", enforce_csrf_checks=True)
    assert tried(client, "POST", address.format(pk=of.pk if of else ""), posted()) == "403"
