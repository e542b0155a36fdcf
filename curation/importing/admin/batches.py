"""The page of a batch, by its state, and what one may do there; the list of batches."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    JsonResponse,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from curation.importing import applying, exporting, undoing
from curation.importing import batches as engine
from curation.importing.admin import access, files, presenting, rows
from curation.importing.admin.forms import CONTENT_TYPES, MapForm, RowForm
from curation.importing.reading import Unreadable
from curation.models import Batch, Step

State = Batch.State
UNDER_WAY = (State.WAITING, State.CHECKING, State.CONFIRMED, State.APPLYING)
TEMPLATES = {
    State.MAPPING: "admin/curation/batch/mapping.html",
    **dict.fromkeys(UNDER_WAY, "admin/curation/batch/progress.html"),
    State.PREVIEW: "admin/curation/batch/preview.html",
    State.STALE: "admin/curation/batch/stale.html",
    State.APPLIED: "admin/curation/batch/applied.html",
    **dict.fromkeys((State.REFUSED, State.CANCELLED, State.INTERRUPTED), "admin/curation/batch/ended.html"),
}
CANCELLABLE = (State.WAITING, State.CHECKING, State.CONFIRMED)
WORKER = "manage.py db_worker"
REJECTED = "rejected"

View = Callable[..., HttpResponseBase]


def of_batch(*methods: str) -> Callable[[View], View]:
    """A view of one batch, by its number: for those who may see it, by these methods.

    What the batch is no longer in a state for is refused on its page, in words.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def inner(self: "BatchAdmin", request: HttpRequest, pk: int) -> HttpResponseBase:
            if request.method not in methods:
                return HttpResponseNotAllowed(methods)
            batch = self.batch(request, pk)
            try:
                return view(self, request, batch)
            except (engine.NotNow, Unreadable) as refusal:
                self.message_user(request, str(refusal), messages.ERROR)
                return _to(batch)

        return inner

    return decorate


class StateFilter(admin.SimpleListFilter):
    """By the state as it is shown: what was interrupted is not under way."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, Any]]:
        labels = dict(State.choices) | {State.PREVIEW.value: _("checked, to be confirmed")}  # by whom differs
        return list(labels.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        state = self.value()
        held = Q(lease_until__gte=timezone.now())
        if state == State.INTERRUPTED:
            return queryset.filter(state__in=Batch.AT_WORK).exclude(held)
        if state in Batch.AT_WORK:
            return queryset.filter(held, state=state)
        return queryset.filter(state=state) if state in State.values else queryset


class SheetFilter(admin.SimpleListFilter):
    title = gettext_lazy("page")
    parameter_name = "target"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, presenting.page_of(name)) for name in access.targets(request)]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(target=self.value()) if self.value() else queryset


class DateFilter(admin.DateFieldListFilter):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = gettext_lazy("day")


class BatchAdmin(admin.ModelAdmin):
    """Bulk imports: made by the import pages of each kind of record, never added, changed or deleted here."""

    list_display = ["number", "file_name", "shown", "counted", "page_of", "kind", "by", "when"]
    list_display_links = ["number"]
    list_filter = [StateFilter, "kind", SheetFilter, ("created_at", DateFilter)]
    list_per_page = 50
    search_fields = ["file_name", "by", "sha256"]
    search_help_text = gettext_lazy("Search by file, editor, or SHA-256 of the file.")
    show_full_result_count = False
    ordering = ["-pk"]

    class Media:
        css = {"all": ["css/curation.css", "css/importing.css"]}

    # --- who may ---

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Batch | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Batch | None = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Batch | None = None) -> bool:
        return access.may_see(request, obj)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return access.may_see(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Batch]:
        undone = Batch.objects.filter(undoes=OuterRef("pk"), state=State.APPLIED)
        me = request.user.get_username()
        batches = super().get_queryset(request).filter(target__in=access.targets(request))
        batches = batches.annotate(is_undone=Exists(undone), viewer=Value(me), **_confirmable())
        return batches if access.sees_others(request) else batches.filter(by=me)

    # --- the list ---

    @admin.display(description=gettext_lazy("batch"), ordering="pk")
    def number(self, batch: Batch) -> str:
        return str(batch)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def shown(self, batch: Any) -> str:
        label = presenting.state_in_words(batch, viewer=batch.viewer, by_may_confirm=batch.by_may_confirm)
        return _("%(state)s, undone since") % {"state": label} if batch.is_undone else label

    @admin.display(description=gettext_lazy("page"), ordering="target")
    def page_of(self, batch: Batch) -> str:
        return presenting.page_of(batch.target)

    @admin.display(description=gettext_lazy("on"), ordering="created_at")
    def when(self, batch: Batch) -> str:
        return presenting.when(batch.created_at)

    @admin.display(description=gettext_lazy("rows"))
    def counted(self, batch: Batch) -> str:
        return presenting.counts_in_words(batch)

    # --- addresses ---

    def get_urls(self) -> list[Any]:
        views = {
            "map": self.map_view,
            "cancel": self.cancel_view,
            "confirm": self.confirm_view,
            "undo": self.undo_view,
            "again": self.again_view,
            "rejects": self.rejects_view,
            "filled": self.filled_view,
            "progress": self.progress_view,
        }
        ours = [
            path(f"<int:pk>/{name}/", self.admin_site.admin_view(view), name=f"curation_batch_{name}")
            for name, view in views.items()
        ]
        return [*ours, *super().get_urls()]

    def batch(self, request: HttpRequest, pk: int | str) -> Batch:
        try:
            batch = Batch.objects.select_related("upload", "undoes").get(pk=pk)
        except (Batch.DoesNotExist, ValueError, OverflowError):
            raise Http404(_("There is no batch %(number)s.") % {"number": pk}) from None
        if not self.has_view_permission(request, batch):
            raise PermissionDenied
        return batch

    # --- the page ---

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        return self.page(request, self.batch(request, object_id))

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """The page of a batch has its history."""
        return _to(self.batch(request, object_id))

    def page(self, request: HttpRequest, batch: Batch, **more: Any) -> HttpResponse:
        state = batch.shown_state
        context = {
            **self.admin_site.each_context(request),
            **self._always(request, batch),
            **getattr(self, f"_{TEMPLATES[state].split('/')[-1].removesuffix('.html')}")(request, batch),
            **more,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, TEMPLATES[state], context)

    def _always(self, request: HttpRequest, batch: Batch) -> dict[str, Any]:
        return {
            "title": presenting.title(batch),
            "opts": self.opts,
            "batch": batch,
            "state": batch.shown_state,
            "media": self.media,
            "found": files.found(batch),
            "about": presenting.about(batch),
            "steps": batch.steps.all(),
            "import_url": access.import_url(request, batch),
        }

    def _mapping(self, request: HttpRequest, batch: Batch) -> dict[str, Any]:
        other = files.columns_are_of(batch)
        page = access.import_page(request, other)
        return {"form": MapForm(files.unmatched(batch)), "other": other if page else "", "other_page": page}

    def _progress(self, request: HttpRequest, batch: Batch) -> dict[str, Any]:
        return {
            "words": presenting.progress(batch),
            "waits": engine.waits_for_worker(batch),
            "command": WORKER,
            "may_cancel": batch.state in CANCELLABLE and not batch.cancelling,
        }

    def _preview(self, request: HttpRequest, batch: Batch) -> dict[str, Any]:
        return {
            **self._rows(request, batch),
            "losses": presenting.losses(batch),
            "gains": presenting.gains(batch),
            "writes": presenting.writes(batch),
            "too_many": applying.too_many(batch),
            "confirm_words": presenting.confirm_words(batch),
            "may_confirm": access.may_confirm(request),
            "groups": access.groups_with("confirm_batch"),
            "rejected": presenting.rejected(batch),
            "kept": batch.count("kept"),
            "lapsing": presenting.lapsing(batch),
        }

    def _stale(self, request: HttpRequest, batch: Batch) -> dict[str, Any]:
        return {"moved": rows.moved(batch)}

    def _applied(self, request: HttpRequest, batch: Batch) -> dict[str, Any]:
        undos = batch.undone_by.exclude(state__in=[State.CANCELLED, State.REFUSED]).annotate(**_confirmable())
        undone_by = [(undo, self._state(request, undo)) for undo in undos.order_by("pk")]
        is_undone = any(undo.state == State.APPLIED for undo, _words in undone_by)
        return {
            **self._rows(request, batch),
            "writes": presenting.writes(batch),
            "summary": presenting.counts_in_words(batch),
            "undone_by": undone_by,
            "may_undo": access.may_undo(request) and presenting.writes(batch) and not is_undone,
            "groups": [] if is_undone else access.groups_with("undo_batch"),
            "has_filled": batch.kind == Batch.Kind.IMPORT and batch.upload is not None,
            "rejected": presenting.rejected(batch),
        }

    def _state(self, request: HttpRequest, batch: Any) -> str:
        me = request.user.get_username()
        return presenting.state_in_words(batch, viewer=me, by_may_confirm=batch.by_may_confirm)

    def _ended(self, request: HttpRequest, batch: Batch) -> dict[str, Any]:
        return {"can_again": presenting.can_be_checked_again(batch)}

    def _rows(self, request: HttpRequest, batch: Batch) -> dict[str, Any]:
        form = RowForm(request.GET)
        asked = form.cleaned_data if form.is_valid() else {}
        return {
            "rows": rows.Rows(
                batch,
                show=request.GET.get("show", ""),
                sheet=request.GET.get("sheet", ""),
                row=asked.get("row"),
                page_number=request.GET.get("page"),
            ),
            "row_form": form,
        }

    # --- what one may do ---

    @of_batch("POST")
    def map_view(self, request: HttpRequest, batch: Batch) -> HttpResponse:
        form = MapForm(files.unmatched(batch), request.POST)
        if batch.state == State.MAPPING and not form.is_valid():
            return self.page(request, batch, form=form)
        if batch.state == State.MAPPING:
            engine.map_columns(batch, form.mapping, by=request.user.get_username())
        return _to(batch)

    @of_batch("POST")
    def cancel_view(self, request: HttpRequest, batch: Batch) -> HttpResponse:
        engine.cancel(batch, by=request.user.get_username())
        return _to(batch)

    @of_batch("POST")
    def confirm_view(self, request: HttpRequest, batch: Batch) -> HttpResponse:
        """Apply the rows of the batch as they were previewed; the request says nothing of them."""
        if not access.may_confirm(request):
            raise PermissionDenied
        applying.confirm(batch, by=request.user.get_username())
        return _to(batch)

    @of_batch("POST")
    def undo_view(self, request: HttpRequest, batch: Batch) -> HttpResponse:
        if not access.may_undo(request):
            raise PermissionDenied
        return _to(undoing.plan(batch, by=request.user.get_username()))

    @of_batch("POST")
    def again_view(self, request: HttpRequest, batch: Batch) -> HttpResponse:
        return _to(engine.again(batch, by=request.user.get_username()))

    # --- downloads ---

    @of_batch("GET", "HEAD")
    def rejects_view(self, request: HttpRequest, batch: Batch) -> HttpResponseBase:
        sheet = request.GET.get("sheet", "")
        in_file = [one["name"] for one in batch.found.get("sheets", ())]
        if sheet not in in_file or not batch.counts.get(sheet, {}).get("rejected"):
            raise Http404(_("Batch %(number)d has no rejected rows of that sheet.") % {"number": batch.pk})
        name = f"{sheet}-{batch.pk}-{REJECTED}.csv"
        return self._download(request, batch, exporting.rejects(batch, sheet), name)

    @of_batch("GET", "HEAD")
    def filled_view(self, request: HttpRequest, batch: Batch) -> HttpResponseBase:
        if batch.state != State.APPLIED or batch.kind != Batch.Kind.IMPORT:
            raise Http404(_("Batch %(number)d is no import that was applied.") % {"number": batch.pk})
        name = f"{batch.file_name.rpartition('.')[0] or batch.target}-{batch.pk}.{batch.found.get('kind', 'csv')}"
        return self._download(request, batch, exporting.filled(batch), name)

    def _download(self, request: HttpRequest, batch: Batch, pieces: Iterable[bytes], name: str) -> HttpResponseBase:
        batch.step(Step.What.DOWNLOADED, by=request.user.get_username(), detail=name)
        disposition = content_disposition_header(True, name) or ""
        content_type = CONTENT_TYPES[name.rpartition(".")[2]]
        return StreamingHttpResponse(pieces, content_type=content_type, headers={"Content-Disposition": disposition})

    # --- progress ---

    @of_batch("GET", "HEAD")
    def progress_view(self, request: HttpRequest, batch: Batch) -> HttpResponse:
        """What `progress.js` asks for every second."""
        return JsonResponse(
            {
                "state": batch.shown_state,
                "done": batch.done,
                "total": batch.total,
                "words": presenting.progress(batch),
                "waits": engine.waits_for_worker(batch),
            }
        )


def _confirmable() -> dict[str, Exists]:
    """Whether those who began them may confirm them."""
    return {"by_may_confirm": Exists(access.confirmers().filter(username=OuterRef("by")))}


def _to(batch: Batch) -> HttpResponse:
    return HttpResponseRedirect(batch.get_absolute_url())
