"""Sources and their passages."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from curation.admin import CuratedAdmin, ExplainsDeletion
from curation.importing.admin import ExchangeMixin
from relations import dates, grading
from relations.admin import resting
from relations.models import Citation, Passage, Source
from relations.resources import PassageResource, SourceResource

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
    readonly_fields = ["tier", "version", "its_passages"]
    fieldsets = [
        (None, {"fields": ["slug", "title", "publisher", "byline", "kind", "language", "url", "rights"]}),
        (gettext_lazy("Date"), {"fields": ["published", "date_known"]}),
        (gettext_lazy("What it is worth"), {"fields": ["tier", "tier_override", "tier_reason", "reliability"]}),
        (gettext_lazy("Independence"), {"fields": ["authors", "copy_of", "derived_from"]}),
        (gettext_lazy("For editors"), {"fields": ["note", "sha256", "version"]}),
    ]
    of_saved = [(gettext_lazy("Passages"), {"fields": ["its_passages"]})]

    def get_fieldsets(self, request: HttpRequest, obj: Source | None = None) -> Any:
        """A source that is not saved yet has no tier, version or passages."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is not None:
            return [fieldsets[0], *self.of_saved, *fieldsets[1:]]
        return [
            (name, {**options, "fields": [field for field in options["fields"] if field not in self.readonly_fields]})
            for name, options in fieldsets
        ]

    @admin.display(description=gettext_lazy("its passages"))
    def its_passages(self, source: Source) -> str:
        """How many there are, the way to them, and how the text of the document comes in."""
        counted = source.passages.aggregate(all=Count("pk"), kept=Count("kept_text"))
        listed, adding = reverse("admin:relations_passage_changelist"), reverse("admin:relations_passage_add")
        return format_html(
            '{} · <a href="{}?source__id__exact={}">{}</a> · <a href="{}?source={}">{}</a>'
            '<br><span class="words">{} <code>manage.py attach_text {} FILE</code></span>',
            _("%(count)d, of which %(kept)d with their text") % {"count": counted["all"], "kept": counted["kept"]},
            listed, source.pk, _("See them"), adding, source.pk, _("Add a passage"),
            _("Where you may keep the text of the document, it is attached whole:"), source.slug,
        )  # fmt: skip

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


class PassageForm(forms.ModelForm):
    """Makes the reference of a new passage from its source and paragraph where none is given."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "ref" in self.fields:
            self.fields["ref"].required = False
            self.fields["ref"].help_text = _("Leave empty: the key of the source and a number, such as mea-2024/9.")
        if "number" in self.fields:
            self.fields["number"].help_text = _(
                "Counted over the lines that are not empty, as a text attached later finds it by this number; "
                "leave empty where it is not known."
            )

    def clean(self) -> dict[str, Any] | None:
        data = super().clean()
        source, ref = self.cleaned_data.get("source"), self.cleaned_data.get("ref")
        if "ref" not in self.fields or source is None or "ref" in self.errors:
            return data
        if not ref:
            self.cleaned_data["ref"] = _next_ref(source, self.cleaned_data.get("number"))
        elif not ref.startswith(f"{source.slug}/"):
            self.add_error(
                "ref",
                _("“%(ref)s” does not begin with the key of its source: write %(start)s and a number or a word.")
                % {"ref": ref, "start": f"{source.slug}/"},
            )
        return data


def _next_ref(source: Source, number: int | None) -> str:
    """The reference for paragraph `number`; the next free one where that is taken or not known."""
    taken = set(source.passages.values_list("ref", flat=True))
    if number is not None and f"{source.slug}/{number}" not in taken:
        return f"{source.slug}/{number}"
    ends = [ref.rsplit("/", 1)[-1] for ref in taken]
    return f"{source.slug}/{max((int(end) for end in ends if end.isdecimal()), default=0) + 1}"


class TextKeptFilter(admin.SimpleListFilter):
    title = gettext_lazy("text")
    parameter_name = "text"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("kept", gettext_lazy("kept here")), ("none", gettext_lazy("not kept"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() not in ("kept", "none"):
            return queryset
        return queryset.filter(kept_text__isnull=self.value() == "none")


def choice_label(passage: Passage) -> str:
    """A passage as one chooses it from a list: its reference alone does not tell which one it is."""
    return " · ".join(part for part in (passage.ref, passage.heading, passage.label) if part)


@admin.register(Passage)
class PassageAdmin(ExchangeMixin, ExplainsDeletion):
    """A passage without its text, which is attached with the text of the source."""

    resource_classes = [PassageResource]
    form = PassageForm
    list_display = ["ref", "source", "place", "heading", "role", "cited", "has_text"]
    list_filter = ["role", TextKeptFilter]
    list_select_related = ["source"]
    ordering = ["source__slug", "number", "ref"]  # counting drops the order of the model
    list_per_page = 100
    search_fields = ["ref", "heading", "label", "source__title"]
    search_help_text = gettext_lazy("Search by reference, heading, the document's own label, or title of the source.")
    autocomplete_fields = ["source"]
    readonly_fields = ["digest", "cited", "has_text"]
    fields = ["source", "number", "ref", "label", "heading", "role", "digest", "cited", "has_text"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Passage]:
        return super().get_queryset(request).annotate(times_cited=Count("citations"), texts=Count("kept_text"))

    @admin.display(description=gettext_lazy("times cited"), ordering="times_cited")
    def cited(self, passage: Passage) -> int:
        return passage.times_cited  # type: ignore[attr-defined]

    @admin.display(description=gettext_lazy("text"))
    def has_text(self, passage: Passage) -> str:
        return _("kept") if passage.texts else _("not kept")  # type: ignore[attr-defined]

    def choice_label(self, passage: Passage) -> str:
        return choice_label(passage)

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
