"""Sources and their passages."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from curation.admin import CuratedAdmin, ExplainsDeletion
from relations import dates, grading
from relations.admin import resting
from relations.admin.exchange import ExchangeMixin
from relations.admin.resources import SourceResource
from relations.models import Citation, Passage, Source

# What the independence and the tier of a source follow from: a change may change the grade of any fact.
GRADING = frozenset({"kind", "tier_override", "authors", "copy_of", "derived_from"})


@admin.register(Source)
class SourceAdmin(ExchangeMixin, CuratedAdmin):
    resource_classes = [SourceResource]
    list_display = ["slug", "title", "publisher", "kind", "tier", "when", "language", "rights"]
    list_display_links = ["slug", "title"]
    list_filter = ["kind", "tier", "rights", "language"]
    list_per_page = 50
    search_fields = ["slug", "title", "publisher", "byline"]
    search_help_text = gettext_lazy("Search by key, title, publisher or the name printed on it.")
    autocomplete_fields = ["authors", "copy_of", "derived_from"]
    readonly_fields = ["tier", "version"]
    fieldsets = [
        (None, {"fields": ["slug", "title", "publisher", "byline", "kind", "language", "url", "rights"]}),
        (gettext_lazy("Date"), {"fields": ["published", "date_known"]}),
        (gettext_lazy("What it is worth"), {"fields": ["tier", "tier_override", "tier_reason", "reliability"]}),
        (gettext_lazy("Independence"), {"fields": ["authors", "copy_of", "derived_from"]}),
        (gettext_lazy("For editors"), {"fields": ["note", "sha256", "version"]}),
    ]

    @admin.display(description=gettext_lazy("published"), ordering="published_latest")
    def when(self, source: Source) -> str:
        return dates.display(source.published) if source.published else ""

    def get_readonly_fields(self, request: HttpRequest, obj: Source | None = None) -> list[str]:
        return [*self.readonly_fields, "slug"] if obj else list(self.readonly_fields)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if change and GRADING.intersection(form.changed_data):
            grading.refresh()

    def rests_on(self, request: HttpRequest, objs: Any) -> list[str]:
        return resting.citations_of(Citation.objects.filter(passage__source__in=resting.keys_of(objs)))


@admin.register(Passage)
class PassageAdmin(ExplainsDeletion):
    """A passage without its text, which is attached with the text of the source."""

    list_display = ["ref", "source", "place", "heading", "role", "cited", "has_text"]
    list_filter = ["role", ("kept_text", admin.EmptyFieldListFilter)]
    list_select_related = ["source"]
    list_per_page = 100
    search_fields = ["ref", "heading", "label", "source__title"]
    search_help_text = gettext_lazy("Search by reference, heading, the document's own label, or title of the source.")
    autocomplete_fields = ["source"]
    readonly_fields = ["digest", "cited", "has_text"]
    fields = ["source", "ref", "number", "label", "heading", "role", "digest", "cited", "has_text"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Passage]:
        return super().get_queryset(request).annotate(times_cited=Count("citations"), texts=Count("kept_text"))

    @admin.display(description=gettext_lazy("times cited"), ordering="times_cited")
    def cited(self, passage: Passage) -> int:
        return passage.times_cited  # type: ignore[attr-defined]

    @admin.display(description=gettext_lazy("text kept"), boolean=True)
    def has_text(self, passage: Passage) -> bool:
        return bool(passage.texts)  # type: ignore[attr-defined]

    def get_fields(self, request: HttpRequest, obj: Passage | None = None) -> Any:
        return self.fields if obj else [name for name in self.fields if name not in self.readonly_fields]

    def get_readonly_fields(self, request: HttpRequest, obj: Passage | None = None) -> list[str]:
        """What a passage belongs to never changes; its number follows the text where one is kept."""
        if obj is None:
            return []
        fixed = ["source", "ref", *(["number"] if obj.texts else [])]  # type: ignore[attr-defined]
        return [*self.readonly_fields, *fixed]

    def rests_on(self, request: HttpRequest, objs: Any) -> list[str]:
        return resting.citations_of(Citation.objects.filter(passage__in=resting.keys_of(objs)))
