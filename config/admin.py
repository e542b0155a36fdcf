from typing import Any

from django.contrib import admin
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

# As editors meet them on the way of a fact to students; what is not named follows.
APPS = ["relations", "quizzes", "curation", "auth"]
MODELS = ["Fact", "Disagreement", "Source", "Passage", "Entity", "Topic", "Property", "Check", "Question", "Attempt"]
UNSEEN = "django_tasks_database"  # the queue of a library: a batch's own page says how far its work has come


class Choices(AutocompleteJsonView):
    """Choices in the words of their admin (`choice_label`), where it has some."""

    def serialize_result(self, obj: Any, to_field_name: str) -> dict[str, str]:
        result = super().serialize_result(obj, to_field_name)
        label = getattr(self.model_admin, "choice_label", None)
        return result | {"text": label(obj)} if label else result


class SandarbhAdminSite(admin.AdminSite):
    site_title = _("Sandarbh")
    site_header = _("Sandarbh: editors")
    index_title = _("What can be edited")

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        return Choices.as_view(admin_site=self)(request)  # type: ignore[return-value]

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        apps = [app for app in super().get_app_list(request, app_label) if app["app_label"] != UNSEEN]
        for app in apps:
            app["models"].sort(key=lambda model: _place(MODELS, model["object_name"]))
        return sorted(apps, key=lambda app: _place(APPS, app["app_label"]))


def _place(names: list[str], name: str) -> int:
    return names.index(name) if name in names else len(names)
