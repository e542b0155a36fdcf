"""The admin of records that have a history: locked by version, each save a revision, history with values."""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.options import TO_FIELD_VAR
from django.contrib.admin.utils import flatten_fieldsets, unquote
from django.contrib.admin.widgets import AdminTextareaWidget
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db import models, transaction
from django.forms import BaseModelFormSet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from curation import consequences, differences, locking, revisions, stamps
from curation.digests import digest_of
from curation.importing.admin import BatchAdmin
from curation.models import Batch, Revision

REVISIONS_ON_A_PAGE = 50
LOSSES_INPUT = "losses_shown"

# An address typed without its scheme is one on the web of today (and Django 6 will take it so).
# Four lines are seen of a longer text; the box grows by its corner.
OVERRIDES: dict[type[models.Field], dict[str, Any]] = {
    models.URLField: {"assume_scheme": "https"},
    models.TextField: {"widget": AdminTextareaWidget(attrs={"rows": 4})},
}


class ReadOnlyAdmin(admin.ModelAdmin):
    """Records of what was done: to look at, never to add, change or delete."""

    formfield_overrides = OVERRIDES
    show_full_result_count = False

    class Media:
        css: ClassVar = {"all": ["css/curation.css"]}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


class ExplainsDeletion(admin.ModelAdmin):
    """Says what rests on a record that cannot be deleted, in place of a refusal by the database."""

    formfield_overrides = OVERRIDES
    show_full_result_count = False

    class Media:
        css: ClassVar = {"all": ["css/curation.css"]}
        js: ClassVar = ["js/admin-names.js"]

    delete_confirmation_template = "admin/curation/delete_confirmation.html"
    delete_selected_confirmation_template = "admin/curation/delete_selected_confirmation.html"

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Do an action on all the rows it was asked for, or on none."""
        with stamps.writing() if request.method == "POST" else nullcontext():
            return super().changelist_view(request, extra_context)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        with stamps.writing() if request.method == "POST" else nullcontext():
            return super().delete_view(request, object_id, extra_context)

    def rests_on(self, request: HttpRequest, objs: Any) -> list[str]:
        """What forbids deleting `objs`, each as a line or a link; empty where nothing but the database does."""
        return []

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        found, counts, lacking, protected = super().get_deleted_objects(objs, request)
        return found, counts, lacking, self.rests_on(request, objs) or protected


class CuratedForm(forms.ModelForm):
    """A form that asks why, and that does not save while the record has moved on (`conflict`)."""

    conflict: ClassVar[locking.Conflict | None] = None
    losses: ClassVar[Sequence[consequences.Consequence]] = ()

    why = forms.CharField(
        label=gettext_lazy("Why this change"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("One line for the history; editors and the page of versions show it."),
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )

    def clean(self) -> dict[str, Any] | None:
        super().clean()
        for name, value in self.cleaned_data.items():
            if isinstance(value, str):
                self.cleaned_data[name] = locking.unix_lines(value)
        if self.conflict:
            raise ValidationError(
                _("Someone else saved this while you were writing. Compare the two above, then save again."),
                code="conflict",
            )
        if self.losses:
            raise ValidationError(_("Nothing is saved yet: see above what students would lose."), code="losses")
        return self.cleaned_data


class StudentsWouldLose(Exception):
    """Ends a save that would take from students what the editor has not been shown: `before` and `after` it."""

    def __init__(self, before: consequences.Seen, after: consequences.Seen) -> None:
        self.before, self.after = before, after
        super().__init__(", ".join(consequences.taken(before, after)))


class KeepsRelated:
    """Beside a field one may look at, mend or add the record chosen; deleting it is done on its own page."""

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]
        if field is not None and hasattr(field.widget, "can_delete_related"):
            field.widget.can_delete_related = False
        return field


class CuratedInline(KeepsRelated, admin.StackedInline):
    """Parts of a record, kept in its snapshot as the list `snapshot_name`."""

    snapshot_name = ""
    extra = 0

    def snapshot_row(self, values: locking.Values) -> Any:
        """One row of the inline as the snapshot holds it, from the values of its form."""
        keep = [name for name in values if name not in {"DELETE", self.model._meta.pk.name, self.parent_field}]
        return {name: values[name] for name in keep}

    @property
    def parent_field(self) -> str:
        return next(
            field.name
            for field in self.model._meta.fields
            if field.remote_field and field.remote_field.model is self.parent_model
        )


class CuratedAdmin(KeepsRelated, ExplainsDeletion):
    """A ModelAdmin for models registered with `curation.revisions`.

    `foresees`: a save may take records from students, so it first shows which (DESIGN.md, rule 6).
    """

    foresees = False
    form = CuratedForm
    change_form_template = "admin/curation/change_form.html"
    history_template = "admin/curation/history.html"

    # --- saving ---

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.conflict = getattr(request, "conflict", None)  # type: ignore[attr-defined]
        form.losses = getattr(request, "losses", ())  # type: ignore[attr-defined]
        return form

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        revisions.record(form.instance, by=request.user.get_username(), why=form.cleaned_data.get("why", ""))
        before = getattr(request, "seen_before", None)
        if before is not None:
            after = consequences.seen()
            lost = consequences.taken(before, after)
            if lost and digest_of(lost) != request.POST.get(LOSSES_INPUT):
                raise StudentsWouldLose(before, after)

    # --- two people at once ---

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if request.method != "POST":
            return super().changeform_view(request, object_id, form_url, extra_context)
        with stamps.writing():
            conflict = self._meet(request, object_id) if object_id else None
            if self.foresees and not conflict:
                return self._saved_or_asked(request, object_id, form_url, extra_context)
            response = super().changeform_view(request, object_id, form_url, extra_context)
            if conflict:
                response.status_code = 409
            return response

    # --- what students would lose ---

    def _saved_or_asked(self, request: HttpRequest, *args: Any) -> HttpResponse:
        """Save; where that would take what was not shown yet, undo it, and show the form again with what it takes."""
        request.seen_before = consequences.seen()  # type: ignore[attr-defined]
        try:
            with transaction.atomic():
                return super().changeform_view(request, *args)
        except StudentsWouldLose as losing:
            found = consequences.between(losing.before, losing.after)
            request.losses = [one for one in found if one.leaving]  # type: ignore[attr-defined]
            request.losses_shown = digest_of(consequences.taken(losing.before, losing.after))  # type: ignore[attr-defined]
        return super().changeform_view(request, *args)

    # --- the two versions ---

    def _meet(self, request: HttpRequest, object_id: str) -> locking.Conflict | None:
        """Compare versions before anything is saved; on a conflict, put the merged form into `request.POST`."""
        obj = self._object(request, object_id)
        if obj is None or not self.has_change_permission(request, obj):
            return None
        version, current = locking.version_loaded(request.POST), locking.lock(obj)
        if current is None or version == current:
            return None
        data = request.POST.copy()
        obj = self._object(request, object_id)
        form, formsets = self._forms(request, obj, data)
        yours = locking.form_values(form) | self._rows_written(formsets)
        conflict = locking.conflict_of(obj, version, yours, lambda data: self._comparable(data, formsets))
        fresh_form, fresh_formsets = self._forms(request, self._object(request, object_id), None)
        locking.merge_fields(data, fresh_form, conflict.differences)
        started = self.flatten_snapshot(conflict.started.data) if conflict.started else {}
        for (inline, formset), (_inline, fresh) in zip(formsets, fresh_formsets, strict=True):
            locking.merge_rows(data, formset, fresh, started.get(inline.snapshot_name), inline.snapshot_row)
        data[locking.VERSION_INPUT] = str(current)
        request.POST = data  # type: ignore[assignment]
        request.conflict = conflict  # type: ignore[attr-defined]
        return conflict

    def _object(self, request: HttpRequest, object_id: str) -> Any:
        to_field = request.POST.get(TO_FIELD_VAR, request.GET.get(TO_FIELD_VAR))
        return self.get_object(request, unquote(object_id), to_field)

    def _forms(
        self, request: HttpRequest, obj: Any, data: QueryDict | None
    ) -> tuple[Any, list[tuple[Any, BaseModelFormSet]]]:
        """The form and formsets of `obj`, bound to `data`, or unbound where it is None."""
        fields = flatten_fieldsets(self.get_fieldsets(request, obj))
        form = self.get_form(request, obj, change=True, fields=fields)(data=data, instance=obj)
        formsets = []
        for formset, inline in self.get_formsets_with_inlines(request, obj):
            prefix = formset.get_default_prefix()
            formsets.append(
                (inline, formset(data=data, instance=obj, prefix=prefix, queryset=inline.get_queryset(request)))
            )
        return form, formsets

    def _rows_written(self, formsets: list[tuple[Any, BaseModelFormSet]]) -> dict[str, list[Any]]:
        written: dict[str, list[Any]] = {}
        for inline, formset in formsets:
            kept = [form for form in formset.forms if form.has_changed() or form.instance.pk]
            rows = [locking.form_values(form) for form in kept]
            written[inline.snapshot_name] = sorted(
                (inline.snapshot_row(row) for row in rows if not row.get("DELETE")), key=str
            )
        return written

    def _comparable(self, snapshot: locking.Values, formsets: list[tuple[Any, BaseModelFormSet]]) -> locking.Values:
        """A snapshot with its lists of parts as the inlines show them: their values, in one order."""
        flat = {
            name: value for name, value in self.flatten_snapshot(snapshot).items() if name not in differences.UNSHOWN
        }
        for inline, formset in formsets:
            shown = inline.snapshot_row(dict.fromkeys(formset.empty_form.fields, ""))
            rows = flat.get(inline.snapshot_name, [])
            if isinstance(shown, dict):
                rows = [{name: row[name] for name in shown if name in row} for row in rows]
            flat[inline.snapshot_name] = sorted(rows, key=str)
        return flat

    def flatten_snapshot(self, snapshot: locking.Values) -> dict[str, Any]:
        """A snapshot with a value for each field of the form; override where the two differ."""
        return dict(snapshot)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        obj = kwargs.get("obj")
        if obj is not None:
            context["version_input"] = locking.VERSION_INPUT
            context["version_loaded"] = request.POST.get(locking.VERSION_INPUT, obj.version)
        if conflict := getattr(request, "conflict", None):
            context["conflict"] = conflict
            context["conflict_rows"] = [self._in_words(difference) for difference in conflict.differences]
        if losses := getattr(request, "losses", None):
            context["losses"], context["losses_input"] = losses, LOSSES_INPUT
            context["losses_shown"] = request.losses_shown  # type: ignore[attr-defined]
            context["save_name"] = "_continue" if "_continue" in request.POST else "_save"
            context["errors"] = None  # there is nothing to correct
        return super().render_change_form(request, context, *args, **kwargs)

    def _in_words(self, difference: locking.Difference) -> dict[str, Any]:
        return {
            "difference": difference,
            "label": differences.label_of(self.model, difference.name),
            "started": differences.lines_of(self.model, difference.name, difference.started),
            "theirs": differences.lines_of(self.model, difference.name, difference.theirs),
            "yours": differences.lines_of(self.model, difference.name, difference.yours),
        }

    # --- history ---

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            raise Http404(_("There is no such record: %(id)s.") % {"id": object_id})
        if not self.has_view_or_change_permission(request, obj):
            raise PermissionDenied
        page = Paginator(revisions.history(obj), REVISIONS_ON_A_PAGE).get_page(request.GET.get("p"))
        context = {
            **self.admin_site.each_context(request),
            "title": _("History of %(record)s") % {"record": obj},
            "object": obj,
            "opts": self.opts,
            "page": page,
            "entries": self._entries(obj, list(page)),
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, self.history_template, context)

    def _entries(self, obj: models.Model, shown: list[Revision]) -> list[dict[str, Any]]:
        """Each revision with its changes against the one before; the last of a page looks that one up."""
        older = revisions.history(obj).filter(version__lt=shown[-1].version).first() if shown else None
        return [
            {
                "revision": revision,
                "changes": differences.changes_in_words(
                    self.model, revisions.changes(before.data if before else None, revision.data)
                ),
                "first": before is None,
            }
            for revision, before in zip(shown, [*shown[1:], older], strict=True)
        ]


@admin.register(Revision)
class RevisionAdmin(ReadOnlyAdmin):
    """The history of everything; each record's own page of history says what changed."""

    list_display = ["__str__", "by", "at", "why"]
    list_filter = ["kind", "at"]
    search_fields = ["ref", "by", "why"]
    search_help_text = gettext_lazy("Search by reference, editor or reason.")
    ordering = ["-at", "kind", "ref"]
    fields = ["kind", "ref", "version", "by", "at", "why", "values"]
    readonly_fields = ["values"]

    @admin.display(description=gettext_lazy("what it was"))
    def values(self, revision: Revision) -> str:
        rows = [
            (name.replace("_", " "), "; ".join(differences.lines_of(Revision, "", value)))
            for name, value in revision.data.items()
            if value
        ]
        return format_html("<dl class='values'>{}</dl>", format_html_join("", "<dt>{}</dt><dd>{}</dd>", rows))


admin.site.register(Batch, BatchAdmin)
