"""Questions in the admin: parts inline, options and key as computed, states changed by actions alone."""

from contextlib import suppress
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from curation import consequences
from curation.admin import CuratedAdmin, CuratedInline, ReadOnlyAdmin
from curation.importing.admin import ExchangeMixin
from quizzes import pinning, publishing, wording
from quizzes.keys import KeyFault
from quizzes.kinds import Asked, Said
from quizzes.models import Attempt, Part, Question
from quizzes.resources import QuestionResource
from relations.models import Fact

NEW_PARTS = 4


class PartForm(ModelForm):
    """Pins a part to its fact as it is today, whenever what it says is written anew."""

    def save(self, commit: bool = True) -> Part:
        if not self.instance.fact_digest or {"fact", "span", "replacement"} & set(self.changed_data):
            with suppress(pinning.NotPinnable):  # found by clean(); else it stays unpinned, and is named as that
                pinning.pin(self.instance)
        return super().save(commit)


class PartFormSet(BaseInlineFormSet):
    """Refuses an edit that would take a question from students; withdrawing it is an action of its own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if not kwargs["instance"].pk:
            kwargs["initial"] = [{"position": number} for number in range(1, NEW_PARTS + 1)]
        super().__init__(*args, **kwargs)

    def clean(self) -> None:
        super().clean()
        question = self.instance
        if any(self.errors) or not question.pk or not Question.objects.practisable().filter(pk=question.pk).exists():
            return
        forms = [form for form in self.forms if form.cleaned_data and not form.cleaned_data.get("DELETE")]
        parts = sorted((form.instance for form in forms), key=lambda part: part.position)
        said = tuple(Said(part.said(question.shows), part.is_true) for part in parts)
        asked = Asked(question.ref, question.stem, question.ask, question.shows, said)
        refs = [part.fact_id for part in parts]
        deciding = set(Fact.objects.deciding().filter(ref__in=refs).values_list("ref", flat=True))
        found = question.rules.blockers(asked) if all(asked.texts) else [_("A part has no words to show.")]
        found += [_("%(fact)s may not decide an answer today.") % {"fact": ref} for ref in refs if ref not in deciding]
        if found:
            raise ValidationError(
                _("Students practise this question, and it would leave them: %(why)s Withdraw it first, or mend it.")
                % {"why": " ".join(found)}
            )


class PartInline(CuratedInline):
    """What the question says, part by part."""

    model = Part
    form = PartForm
    formset = PartFormSet
    snapshot_name = "parts"
    fields = ["position", "fact", "span", "replacement", "as_worded"]
    readonly_fields = ["as_worded"]
    autocomplete_fields = ["fact"]
    ordering = ["position", "ref"]

    def get_extra(self, request: HttpRequest, obj: Question | None = None, **kwargs: Any) -> int:
        return 0 if obj else NEW_PARTS

    def get_queryset(self, request: HttpRequest) -> QuerySet[Part]:
        return super().get_queryset(request).select_related("fact")

    @admin.display(description=gettext_lazy("as worded"))
    def as_worded(self, part: Part) -> str:
        if not part.pk:
            return ""
        with suppress(wording.NotOnce):
            change = part.change
            if not change:
                return part.fact.statement
            return format_html("{}<del>{}</del> <ins>{}</ins>{}", change.before, change.new, change.old, change.after)
        return _("The words are not in the fact any more.")


class PractisableFilter(admin.SimpleListFilter):
    title = gettext_lazy("practised")
    parameter_name = "practised"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Students practise it")), ("suspended", _("Published, but being rechecked"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() == "yes":
            return queryset.filter(is_practisable=True)
        if self.value() == "suspended":
            return queryset.filter(is_practisable=False, status=Question.Status.PUBLISHED)
        return queryset


@admin.register(Question)
class QuestionAdmin(ExchangeMixin, CuratedAdmin):
    resource_classes = [QuestionResource]
    list_display = ["ref", "stem_start", "kind", "ask", "status", "practised"]
    list_filter = ["status", PractisableFilter, "kind", "topics"]
    search_fields = ["ref", "stem", "parts__fact__ref", "parts__fact__statement"]
    search_help_text = gettext_lazy("Search by reference, stem, or the facts behind a question.")
    ordering = ["ref"]
    inlines = [PartInline]
    autocomplete_fields = ["topics"]
    readonly_fields = ["status", "options_and_key", "what_blocks"]
    fieldsets = [
        (None, {"fields": ["ref", "kind", "stem", "ask", "shows"]}),
        (gettext_lazy("After the answer"), {"fields": ["explanation", "topics"]}),
        (gettext_lazy("As computed"), {"fields": ["status", "options_and_key", "what_blocks"]}),
    ]
    actions = ["publish_selected", "withdraw_selected", "repin_selected"]

    # --- who may ---

    def has_publish_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("quizzes.publish_question")

    def has_change_permission(self, request: HttpRequest, obj: Question | None = None) -> bool:
        """What students practise is changed by those who may publish."""
        allowed = super().has_change_permission(request, obj)
        if obj and obj.status == Question.Status.PUBLISHED:
            return allowed and self.has_publish_permission(request)
        return allowed

    def rests_on(self, request: HttpRequest, objs: Any) -> list[str]:
        return [
            _("%(ref)s was published, so its address stays: withdraw it instead.") % {"ref": question.ref}
            for question in objs
            if question.status != Question.Status.DRAFT
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Question | None = None) -> list[str]:
        return [*self.readonly_fields, "ref"] if obj else self.readonly_fields

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "ref":
            kwargs["help_text"] = _("Leave empty: the next number, such as Q-0013.")
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    # --- what is shown ---

    def get_queryset(self, request: HttpRequest) -> QuerySet[Question]:
        practisable = Question.objects.practisable().filter(pk=OuterRef("pk"))
        return super().get_queryset(request).annotate(is_practisable=Exists(practisable))

    @admin.display(description=gettext_lazy("stem"))
    def stem_start(self, question: Question) -> str:
        return Truncator(question.stem).words(12)

    @admin.display(description=gettext_lazy("practised"), boolean=True)
    def practised(self, question: Question) -> bool:
        return question.is_practisable  # type: ignore[attr-defined]

    @admin.display(description=gettext_lazy("options and key"))
    def options_and_key(self, question: Question) -> str | SafeString:
        if not question.pk:
            return _("Save the question to see its options.")
        try:
            question = Question.objects.with_parts().get(pk=question.pk)
            keyed, face = question.keyed, question.face
        except KeyFault as fault:
            return str(fault)
        except wording.NotOnce:
            return _("Not to be computed: see what blocks it.")
        rows = [(letter, text, _(" ← the key") if letter == keyed.letter else "") for letter, text in keyed.lettered]
        return format_html(
            "<p>{}</p><ul>{}</ul>",
            face.closing or face.lead,
            format_html_join("", "<li>({}) {}<strong>{}</strong></li>", rows),
        )

    @admin.display(description=gettext_lazy("what blocks it"))
    def what_blocks(self, question: Question) -> str | SafeString:
        if not question.pk:
            return _("Save the question to see.")
        found = publishing.blockers(question)
        if not found:
            return _("Nothing.")
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", [(why,) for why in found]))

    # --- actions ---

    @admin.action(description=gettext_lazy("Publish"), permissions=["publish"])
    def publish_selected(self, request: HttpRequest, queryset: QuerySet[Question]) -> None:
        done = 0
        for question in queryset.order_by("ref"):
            try:
                publishing.publish(question, by=request.user.get_username())
                done += 1
            except publishing.NotPublishable as refused:
                self.message_user(request, str(refused), messages.ERROR)
        self._say(request, ngettext("%(count)s question published.", "%(count)s questions published.", done), done)

    @admin.action(description=gettext_lazy("Withdraw"), permissions=["publish"])
    def withdraw_selected(self, request: HttpRequest, queryset: QuerySet[Question]) -> HttpResponse | None:
        """Show first what students would lose (DESIGN.md, rule 6); then do it."""
        questions = list(queryset.order_by("ref"))
        by, why = request.user.get_username(), request.POST.get("why", "").strip()

        def act() -> None:
            for question in questions:
                publishing.withdraw(question, by=by, why=why)

        if "confirmed" not in request.POST:
            context = {
                **self.admin_site.each_context(request),
                "title": _("Withdraw questions"),
                "opts": self.opts,
                "questions": questions,
                "effects": [effect for effect in consequences.foresee(act) if effect.leaving],
                "action": "withdraw_selected",
            }
            return TemplateResponse(request, "admin/quizzes/withdraw.html", context)
        act()
        count = len(questions)
        self._say(request, ngettext("%(count)s question withdrawn.", "%(count)s questions withdrawn.", count), count)
        return None

    @admin.action(description=gettext_lazy("Pin anew to their facts, as read today"), permissions=["publish"])
    def repin_selected(self, request: HttpRequest, queryset: QuerySet[Question]) -> None:
        done = 0
        for question in queryset.order_by("ref"):
            try:
                done += bool(pinning.repin(question, by=request.user.get_username()))
            except pinning.NotPinnable as refused:
                self.message_user(request, f"{question.ref}: {refused}", messages.ERROR)
        self._say(request, ngettext("%(count)s question pinned anew.", "%(count)s questions pinned anew.", done), done)

    def _say(self, request: HttpRequest, words: str, count: int) -> None:
        self.message_user(request, words % {"count": count}, messages.SUCCESS if count else messages.INFO)


@admin.register(Attempt)
class AttemptAdmin(ReadOnlyAdmin):
    """Students' attempts, without names: to see that practice works."""

    list_display = ["started_at", "topic", "questions", "answers"]
    list_filter = ["started_at", "topic"]
    search_fields = ["id"]
    search_help_text = gettext_lazy("Search by the end of an attempt's address.")
    list_select_related = ["topic"]
    show_full_result_count = False
    fields = ["started_at", "topic"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Attempt]:
        counted = {"question_count": Count("entries"), "answer_count": Count("entries__response")}
        return super().get_queryset(request).annotate(**counted)

    @admin.display(description=gettext_lazy("questions"))
    def questions(self, attempt: Attempt) -> int:
        return attempt.question_count  # type: ignore[attr-defined]

    @admin.display(description=gettext_lazy("answers"))
    def answers(self, attempt: Attempt) -> int:
        return attempt.answer_count  # type: ignore[attr-defined]
