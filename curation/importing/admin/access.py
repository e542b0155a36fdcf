"""Who may see a batch, and who may do what with it."""

from contextlib import suppress

from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from curation.importing import resources
from curation.importing.batches import WORKBOOK, sheets_of
from curation.models import Batch


def may_import(request: HttpRequest, sheet: str) -> bool:
    return request.user.has_perm(resources.sheets()[sheet].resource.permission("import"))


def may_see(request: HttpRequest, batch: Batch | None = None) -> bool:
    """To see a batch one must be allowed to import each of its sheets; and to see batches, where another began it."""
    if batch is None:
        return sees_others(request) or bool(allowed(request))
    is_own = batch.by == request.user.get_username()
    return (is_own or sees_others(request)) and all(may_import(request, sheet) for sheet in sheets_of(batch))


def sees_others(request: HttpRequest) -> bool:
    return request.user.has_perm("curation.view_batch")


def allowed(request: HttpRequest) -> list[str]:
    """The sheets that this editor may import."""
    return [sheet for sheet in resources.sheets() if may_import(request, sheet)]


def targets(request: HttpRequest) -> list[str]:
    """What the batches that this editor may see are of."""
    sheets = allowed(request)
    return [*sheets, WORKBOOK] if sheets else []


def may_confirm(request: HttpRequest) -> bool:
    return request.user.has_perm("curation.confirm_batch")


def may_undo(request: HttpRequest) -> bool:
    return request.user.has_perm("curation.undo_batch")


def confirmers() -> QuerySet[User]:
    """The accounts that may confirm."""
    return User.objects.with_perm("curation.confirm_batch")


def groups_with(codename: str) -> list[str]:
    """The groups whose members have a permission of batches, to be asked."""
    holders = Group.objects.filter(permissions__codename=codename, permissions__content_type__app_label="curation")
    return list(holders.order_by("name").values_list("name", flat=True))


def import_url(request: HttpRequest, batch: Batch) -> str:
    """Where to upload such a file again."""
    pages = (import_page(request, name) for name in dict.fromkeys([batch.target, *sheets_of(batch)]))
    return next(filter(None, pages), "")


def import_page(request: HttpRequest, sheet: str) -> str:
    """The address to import a sheet at; "" where this editor may not, or there is none."""
    if sheet in resources.sheets() and may_import(request, sheet):
        options = resources.sheets()[sheet].resource.model._meta
        with suppress(NoReverseMatch):  # its admin may not have the pages
            return reverse(f"admin:{options.app_label}_{options.model_name}_import")
    return ""
