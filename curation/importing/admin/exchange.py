"""The import and export pages of a model, in the places and under the names that django-import-export gives them."""

from collections.abc import Iterator
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from import_export.admin import ImportExportMixin

from curation.importing import batches, exporting, uploads
from curation.importing.admin import access, files, presenting
from curation.importing.admin.forms import CONTENT_TYPES, ExportForm, ImportForm
from curation.importing.escaping import CLEAR
from curation.importing.reading import LIMITS, Unreadable
from curation.importing.reading.opening import too_large
from curation.importing.resources import RecordResource, sheet_of
from curation.models import Batch

TEMPLATES = ("csv", "xlsx")
LAST_BATCHES = 5
FORM_AROUND_FILE = 64 * 1024  # what a request may hold besides the file


class ExchangeMixin(ImportExportMixin):
    """Import through batches (`curation.importing`), export as a stream. `resource_classes` names the resource."""

    import_template_name = "admin/curation/import.html"
    export_template_name = "admin/curation/export.html"

    def get_urls(self) -> list[Any]:
        """Those of the library, but for its own confirmation; and the template."""
        name = "{}_{}".format(*self.get_model_info())
        template = path(
            "import/template.<str:file_format>",
            self.admin_site.admin_view(self.template_view),
            name=f"{name}_import_template",
        )
        return [template, *(one for one in super().get_urls() if one.name != f"{name}_process_import")]

    @property
    def resource(self) -> RecordResource:
        return self.resource_classes[0]()

    # --- import ---

    @method_decorator(csrf_exempt)  # reading the token reads the body; it is protected once the size is known
    def import_action(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if not self.has_import_permission(request):
            raise PermissionDenied
        if request.method not in ("GET", "HEAD", "POST"):
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        if _announced(request) > LIMITS.bytes + FORM_AROUND_FILE:
            return self._too_large(request)
        return self._import(request)

    @method_decorator(csrf_protect)
    def _import(self, request: HttpRequest) -> HttpResponse:
        if request.method != "POST":
            return self._import_page(request, self._form(request))
        form = self._form(request, request.POST, request.FILES)
        if form.is_valid():
            try:
                return HttpResponseRedirect(self._started(request, form).get_absolute_url())
            except Unreadable as refusal:
                form.add_error("import_file", str(refusal))
        return self._import_page(request, form)

    def _form(self, request: HttpRequest, *given: Any) -> ImportForm:
        """Offers to make only what this editor may import: they could not see the preview of more."""
        sheets = access.allowed(request)
        creatable = [one for one in self.resource.creatable if (of := sheet_of(one.model)) and of.name in sheets]
        return ImportForm(creatable, *given)

    def _started(self, request: HttpRequest, form: ImportForm) -> Batch:
        by = request.user.get_username()
        upload = uploads.keep(form.cleaned_data["import_file"], by=by)
        options = {**form.options, "allowed": access.allowed(request)}
        return batches.start(upload, target=self.resource.sheet, by=by, options=options)

    def _too_large(self, request: HttpRequest) -> HttpResponse:
        """Say so without reading the file; what is left of it is not waited for."""
        form = self._form(request, {}, {})
        form.errors.clear()
        form.add_error("import_file", too_large(LIMITS, _announced(request)))
        response = self._import_page(request, form, status=413)
        response["Connection"] = "close"
        return response

    def _import_page(self, request: HttpRequest, form: ImportForm, status: int = 200) -> HttpResponse:
        resource = self.resource
        me, may_confirm = request.user.get_username(), access.may_confirm(request)
        mine = Batch.objects.filter(by=me, target__in=[resource.sheet, batches.WORKBOOK]).order_by("-pk")[:LAST_BATCHES]
        context = {
            **self._context(request, _("Import %(things)s")),
            "form": form,
            "key": resource.key,
            "clear": CLEAR,
            "columns": files.columns(resource),
            "templates": [(kind.upper(), self._template_address(kind)) for kind in TEMPLATES],
            "may_export": self.has_export_permission(request),
            "last": [
                (batch, presenting.state_in_words(batch, viewer=me, by_may_confirm=may_confirm))
                for batch in (mine if access.may_see(request) else ())
            ],
        }
        return TemplateResponse(request, self.import_template_name, context, status=status)

    def _template_address(self, file_format: str) -> str:
        name = "{}_{}".format(*self.get_model_info())
        return reverse(f"admin:{name}_import_template", args=[file_format])

    def template_view(self, request: HttpRequest, file_format: str) -> HttpResponse:
        """Headers, an example row and the allowed values."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        if file_format not in TEMPLATES:
            raise Http404(_("A template is csv or xlsx, not “%(format)s”.") % {"format": file_format})
        resource = self.resource
        return HttpResponse(
            exporting.template(resource, file_format),
            content_type=CONTENT_TYPES[file_format],
            headers=_attached(f"{resource.sheet}-template.{file_format}"),
        )

    # --- export ---

    def export_action(self, request: HttpRequest) -> HttpResponseBase:
        """The records that the list shows, with its search and filters, which the address carries."""
        if not self.has_export_permission(request):
            raise PermissionDenied
        if request.method not in ("GET", "HEAD", "POST"):
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        try:
            listed = self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            return HttpResponseRedirect(request.path)
        form = ExportForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            try:
                return self._exported(listed, form.cleaned_data["format"])
            except exporting.NotExportable as refusal:
                form.add_error("format", str(refusal))
        context = {
            **self._context(request, _("Export %(things)s")),
            "form": form,
            "count": presenting.number(listed.result_count),
            "things": self._things(listed.result_count),
            "narrowed": list(narrowed(listed)),
        }
        return TemplateResponse(request, self.export_template_name, context)

    def _exported(self, listed: ChangeList, file_format: str) -> HttpResponseBase:
        resource = self.resource
        name = f"{resource.sheet}-{timezone.localdate():%Y-%m-%d}.{file_format}"
        rows = exporting.export(resource, listed.queryset, file_format)
        return StreamingHttpResponse(rows, content_type=CONTENT_TYPES[file_format], headers=_attached(name))

    def _things(self, count: int) -> str:
        return str(self.opts.verbose_name if count == 1 else self.opts.verbose_name_plural)

    def _context(self, request: HttpRequest, title: str) -> dict[str, Any]:
        request.current_app = self.admin_site.name
        opts = self.opts
        title %= {"things": opts.verbose_name_plural}
        return {**self.admin_site.each_context(request), "title": title, "opts": opts}


def narrowed(listed: ChangeList) -> Iterator[tuple[str, str]]:
    """What narrows a list, in words: (“State”, “draft”)."""
    if listed.query:
        yield _("Search"), listed.query
    left = dict(listed.get_filters_params())
    for spec in listed.filter_specs:
        chosen = [str(choice["display"]) for choice in spec.choices(listed) if choice["selected"]]
        if any(left.pop(str(name), None) is not None for name in spec.expected_parameters()):
            yield str(spec.title), ", ".join(chosen)
    for name, values in left.items():
        yield name, ", ".join(map(str, values))


def _announced(request: HttpRequest) -> int:
    """The length of the body, as the request says it; the server reads no more than that."""
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def _attached(name: str) -> dict[str, str]:
    return {"Content-Disposition": content_disposition_header(True, name) or ""}
