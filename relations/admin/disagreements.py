"""Disagreements and their sides."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.forms import BaseInlineFormSet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from curation.admin import CuratedAdmin, CuratedForm, CuratedInline
from curation.locking import Values
from relations.models import Disagreement, Side

LEAST_SIDES = 2


class SideFormSet(BaseInlineFormSet):
    """Holds what concerns the disagreement and its sides together."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        rows = [form.cleaned_data for form in self.forms if form.cleaned_data and not form.cleaned_data.get("DELETE")]
        facts = [row["fact"] for row in rows if row.get("fact")]
        if len(facts) < LEAST_SIDES:
            raise ValidationError(_("A disagreement has at least two sides: add the facts that cannot both be true."))
        preferred = self.instance.preferred
        if preferred is not None and preferred not in facts:
            raise ValidationError(
                _("%(ref)s is preferred but is not one of the sides: add it below, or prefer another.")
                % {"ref": preferred.ref}
            )


class SideInline(CuratedInline):
    model = Side
    formset = SideFormSet
    snapshot_name = "sides"
    fields = ["fact", "outcome", "position"]
    autocomplete_fields = ["fact"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Side]:
        return super().get_queryset(request).select_related("fact", "disagreement")


class DisagreementForm(CuratedForm):
    """Only who may settle disagreements may give one another state or preference."""

    may_settle = True

    def clean(self) -> dict[str, Any] | None:
        data = super().clean()
        if self.cleaned_data.get("state") == Disagreement.State.SETTLED:
            if "preferred" not in self.errors and self.cleaned_data.get("preferred") is None:
                self.add_error("preferred", _("A settled disagreement names the preferred fact: choose it."))
            if "reason" not in self.errors and not self.cleaned_data.get("reason"):
                self.add_error("reason", _("A settled disagreement gives its reason: write why it is this fact."))
        if not self.may_settle and {"state", "preferred"}.intersection(self.changed_data):
            raise ValidationError(
                _("Your account may not settle disagreements: leave the state and the preferred fact as they are.")
            )
        return data


@admin.register(Disagreement)
class DisagreementAdmin(CuratedAdmin):
    form = DisagreementForm
    foresees = True
    inlines = [SideInline]
    list_display = ["question", "slug", "state", "preferred", "sides_count"]
    list_filter = ["state", *Disagreement.KINDS]
    list_select_related = ["preferred"]
    ordering = ["slug"]
    search_fields = ["question", "slug", "facts__ref"]
    search_help_text = gettext_lazy("Search by words of the question, key, or reference of a fact.")
    autocomplete_fields = ["preferred"]
    readonly_fields = ["version"]
    fieldsets = [
        (None, {"fields": ["slug", "question", "state", "preferred", "reason", "what_to_write"]}),
        (gettext_lazy("What kind of disagreement it is"), {"fields": list(Disagreement.KINDS)}),
        (gettext_lazy("For editors"), {"fields": ["version"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Disagreement]:
        return super().get_queryset(request).annotate(number_of_sides=Count("sides"))

    @admin.display(description=gettext_lazy("sides"))
    def sides_count(self, disagreement: Disagreement) -> int:
        return disagreement.number_of_sides  # type: ignore[attr-defined]

    def get_fieldsets(self, request: HttpRequest, obj: Disagreement | None = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        return fieldsets if obj else fieldsets[:-1]

    def get_readonly_fields(self, request: HttpRequest, obj: Disagreement | None = None) -> list[str]:
        return [*self.readonly_fields, "slug"] if obj else list(self.readonly_fields)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.may_settle = request.user.has_perm("relations.settle_disagreement")
        return form

    def flatten_snapshot(self, snapshot: Values) -> dict[str, Any]:
        """A snapshot names the kinds that hold; the form has a box for each."""
        rest = {name: value for name, value in snapshot.items() if name != "kinds"}
        return rest | {name: name in snapshot.get("kinds", []) for name in Disagreement.KINDS}
