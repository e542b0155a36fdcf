"""Facts with their citations, and the record of checks."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IS_POPUP_VAR
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from curation import consequences
from curation.admin import CuratedAdmin, CuratedForm, CuratedInline, ReadOnlyAdmin
from curation.importing.admin import ExchangeMixin
from relations import dates, grading, publishing
from relations.admin.checking import ChecksCitations
from relations.admin.sources import choice_label
from relations.admin.states import State, StateFilter, with_state
from relations.models import Check, Citation, Fact
from relations.refs import next_ref
from relations.resources import FactResource
from relations.templatetags.sandarbh import NO_BREAK_SPACE, day


class CitationFormSet(BaseInlineFormSet):
    """Keeps what history rests on: without its checks a fact that students have read would lose its address."""

    def clean(self) -> None:
        super().clean()
        if self.instance.status == Fact.Status.DRAFT:
            return
        leaving = [form.instance.pk for form in self.deleted_forms if form.instance.pk]
        for citation in Citation.objects.filter(pk__in=leaving, checks__isnull=False).select_related("passage"):
            raise ValidationError(
                _("%(passage)s has been checked for this fact, and its history rests on that: keep it as “mentions”.")
                % {"passage": citation.passage.ref}
            )


class CitationInline(CuratedInline):
    model = Citation
    formset = CitationFormSet
    snapshot_name = "citations"
    fields = ["passage", "anchor", "stance", "reading"]
    autocomplete_fields = ["passage"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Citation]:
        return super().get_queryset(request).select_related("fact", "passage")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "passage":
            field.label_from_instance = choice_label
        return field


class FactForm(CuratedForm):
    """Keeps a statement on one line, and mints the reference of a new fact where none is given."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "ref" in self.fields:
            self.fields["ref"].required = False
            self.fields["ref"].help_text = _("Leave empty: the next number of the subject, such as acsa-ij-004.")

    def clean(self) -> dict[str, Any] | None:
        data = super().clean()
        if statement := self.cleaned_data.get("statement"):
            self.cleaned_data["statement"] = " ".join(statement.split())
        subject = self.cleaned_data.get("subject")
        if "ref" in self.fields and subject is not None and not self.cleaned_data.get("ref"):
            self.cleaned_data["ref"] = next_ref(subject)
        return data


class WithdrawForm(forms.Form):
    why = forms.CharField(
        label=gettext_lazy("Why"), max_length=300, help_text=gettext_lazy("One line; the history keeps it.")
    )


@admin.register(Fact)
class FactAdmin(ExchangeMixin, ChecksCitations, CuratedAdmin):
    form = FactForm
    foresees = True
    resource_classes = [FactResource]
    inlines = [CitationInline]
    change_form_template = "admin/relations/fact_change_form.html"
    list_display = ["ref", "statement", "state", "when", "checked"]
    list_display_links = ["ref"]
    list_filter = [StateFilter, "evidence", "modality", "rank", "topics"]
    list_select_related = ["subject"]
    list_per_page = 50
    search_fields = ["ref", "statement", "subject__name", "subject__aliases__name"]
    search_help_text = gettext_lazy("Search by reference, words of the statement, or name of the subject.")
    autocomplete_fields = ["subject", "whose", "property", "partners", "topics", "outcome", "superseded_by"]
    actions = ["publish_facts", "withdraw_facts"]
    readonly_fields = ["state", "version", "written_by", "digest"]
    fieldsets = [
        (None, {"fields": ["ref", "state", "subject", "statement", "modality", "whose", "date"]}),
        (gettext_lazy("Value"), {"fields": ["property", "value", "unit"]}),
        (gettext_lazy("Validity"), {"fields": ["validity", "review_by", "superseded_by"]}),
        (gettext_lazy("Outcome of an expectation"), {"fields": ["outcome", "verdict"]}),
        (gettext_lazy("Where it belongs"), {"fields": ["partners", "topics", "rank"]}),
        (gettext_lazy("For editors"), {"fields": ["note", "written_by", "version", "digest"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Fact]:
        return with_state(super().get_queryset(request))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """A fact that is not saved yet has no state, version or digest."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is not None:
            return fieldsets
        later = set(self.readonly_fields)
        return [
            (name, {**options, "fields": [field for field in options["fields"] if field not in later]})
            for name, options in fieldsets
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Fact | None = None) -> list[str]:
        return [*self.readonly_fields, "ref"] if obj else list(self.readonly_fields)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "statement":
            kwargs["widget"] = forms.Textarea(attrs={"class": "vLargeTextField", "rows": 3})
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    # --- columns ---

    @admin.display(description=gettext_lazy("state and evidence"), ordering="evidence")
    def state(self, fact: Fact) -> str:
        state = State(fact.state)  # type: ignore[attr-defined]
        words = format_html('<span class="state-{}">{}</span>', state.value, state.label)
        return format_html('{}<br><span class="words">{}</span>', words, fact.get_evidence_display())

    @admin.display(description=gettext_lazy("date"), ordering="date_sort")
    def when(self, fact: Fact) -> str:
        return dates.display(fact.date).replace(NO_BREAK_SPACE, " ") if fact.date else ""

    @admin.display(description=gettext_lazy("last checked"), ordering="last_check_at")
    def checked(self, fact: Fact) -> str:
        return day(fact.last_checked).replace(NO_BREAK_SPACE, " ") if fact.last_checked else _("never")

    # --- saving ---

    def save_model(self, request: HttpRequest, obj: Fact, form: Any, change: bool) -> None:
        if not change or obj.claim_digest != obj.digest:
            obj.written_by = request.user.get_username()
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        grading.refresh([form.instance.pk])

    def response_add(self, request: HttpRequest, obj: Fact, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().response_add(request, obj, *args, **kwargs)
        self._say_what_is_next(request, obj)
        return response

    def response_change(self, request: HttpRequest, obj: Fact) -> HttpResponse:
        response = super().response_change(request, obj)
        self._say_what_is_next(request, obj)
        return response

    def _say_what_is_next(self, request: HttpRequest, fact: Fact) -> None:
        if IS_POPUP_VAR in request.POST:
            return
        if fact.status == Fact.Status.PUBLISHED and not Fact.objects.visible().filter(pk=fact.pk).exists():
            level, said = (
                messages.WARNING,
                _("Students do not see %(ref)s until a citation is checked for this wording."),
            )
        elif fact.citations.unchecked().exists():
            said = _("Not every citation of %(ref)s is checked for this wording.")
            level = messages.INFO
        else:
            return
        address = reverse("admin:relations_fact_check", args=[fact.pk])
        words = (said % {"ref": fact.ref}, address, _("Check its citations"))
        self.message_user(request, format_html('{} <a href="{}">{}</a>', *words), level)

    def rests_on(self, request: HttpRequest, objs: Any) -> list[str]:
        return [
            _("%(ref)s was published, so its address stays: withdraw it instead.") % {"ref": fact.ref}
            for fact in objs
            if fact.status != Fact.Status.DRAFT
        ]

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """The checks of a draft go with it, though no one may delete a check by itself."""
        found, counts, lacking, protected = super().get_deleted_objects(objs, request)
        lacking.discard(Check._meta.verbose_name)
        return found, counts, lacking, protected

    # --- actions ---

    def has_publish_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("relations.publish_fact")

    @admin.action(description=gettext_lazy("Publish the selected facts"), permissions=["publish"])
    def publish_facts(self, request: HttpRequest, queryset: QuerySet[Fact]) -> None:
        published = 0
        for fact in queryset.order_by("ref"):
            try:
                publishing.publish(fact, by=request.user.get_username())
            except publishing.NotPublishable as refusal:
                self.message_user(request, f"{fact.ref}: {' '.join(refusal.blockers)}", messages.ERROR)
            else:
                published += 1
        if published:
            said = ngettext("%(count)d fact is published.", "%(count)d facts are published.", published)
            self.message_user(request, said % {"count": published}, messages.SUCCESS)

    @admin.action(description=gettext_lazy("Withdraw the selected facts"), permissions=["publish"])
    def withdraw_facts(self, request: HttpRequest, queryset: QuerySet[Fact]) -> HttpResponse | None:
        """Shows first what students would lose (DESIGN.md, rule 6), and asks why."""
        facts = list(queryset.order_by("ref"))
        form = WithdrawForm(request.POST if "confirmed" in request.POST else None)

        def act(why: str = "") -> None:
            for fact in facts:
                publishing.withdraw(fact, by=request.user.get_username(), why=why)

        if form.is_valid():
            act(form.cleaned_data["why"])
            said = ngettext("%(count)d fact is withdrawn.", "%(count)d facts are withdrawn.", len(facts))
            self.message_user(request, said % {"count": len(facts)}, messages.SUCCESS)
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": _("Withdraw facts"),
            "opts": self.opts,
            "facts": facts,
            "effects": [effect for effect in consequences.foresee(act) if effect.leaving],
            "form": form,
            "checkbox_name": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/relations/withdraw.html", context)


@admin.register(Check)
class CheckAdmin(ReadOnlyAdmin):
    list_display = ["fact", "passage", "by", "at", "basis", "counts"]
    list_display_links = ["fact", "passage"]
    list_filter = ["basis", "at"]
    list_select_related = ["citation__fact", "citation__passage"]
    search_fields = ["citation__fact__ref", "citation__passage__ref", "by"]
    search_help_text = gettext_lazy("Search by reference of the fact or the passage, or by editor.")

    @admin.display(description=gettext_lazy("fact"), ordering="citation__fact__ref")
    def fact(self, check: Check) -> str:
        return check.citation.fact.ref

    @admin.display(description=gettext_lazy("passage"), ordering="citation__passage__ref")
    def passage(self, check: Check) -> str:
        return check.citation.passage.ref

    @admin.display(description=gettext_lazy("counts today"), boolean=True)
    def counts(self, check: Check) -> bool:
        made_for = (check.claim_digest, check.passage_digest, check.citation_digest)
        return made_for == (check.citation.fact.digest, check.citation.passage.digest, check.citation.digest)
