"""Accounts that may do more or less with imports, and what comes of a request, of which nothing stays."""

from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from curation.models import Batch
from tests.curation.importing.importing import previewed

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


# --- what they meet -------------------------------------------------------------------------
OF_BATCH = "/admin/curation/batch/{pk}"
GOOD = {"ref": "", "subject": "acsa-ij", "statement": "The two sides signed it in the capital."}
WRONG = {"ref": "", "subject": "nowhere", "statement": "They met by the sea."}


def preview() -> Batch:
    made = previewed([GOOD, WRONG])
    assert made.counts == {"facts": {"new": 1, "rejected": 1}}
    return made


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
