"""Import and export in django-import-export's own way, with its traps closed (LIBRARIES: traps 4 and 5)."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from import_export.admin import ImportExportMixin
from import_export.formats.base_formats import CSV, XLSX
from import_export.forms import ExportForm
from import_export.results import Result


class ExchangeMixin(ImportExportMixin):
    """Two formats; all rows or none; no success message for an import that was rolled back."""

    export_form_class = ExportForm

    @property
    def formats(self) -> list[type]:
        return [CSV, XLSX]

    def get_import_data_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_import_data_kwargs(**kwargs), "rollback_on_validation_errors": True}

    def process_result(self, result: Result, request: HttpRequest) -> HttpResponse:
        if not (result.has_errors() or result.has_validation_errors()):
            return super().process_result(result, request)
        messages.error(request, _("Nothing was imported: the data or the file changed since the preview. Try again."))
        return HttpResponseRedirect(reverse("admin:{}_{}_import".format(*self.get_model_info())))
