"""Checking the citations of a fact: each beside its passage, or with its address, on one page of its own."""

import copy
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db.models import Prefetch, Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from curation import differences, revisions, stamps
from relations import publishing
from relations.checking import NotCheckable, carry_check, check_citation
from relations.models import Check, Citation, Fact, Passage

TEXT, PAGE = Check.Basis.TEXT.value, Check.Basis.PAGE.value

# What the one button says: what the editor finds on reading the passage (DESIGN-BRIEF §9).
BUTTONS = {
    Citation.Stance.SUPPORTS: gettext_lazy("Bears it out"),
    Citation.Stance.CONTRADICTS: gettext_lazy("Contradicts"),
    Citation.Stance.MENTIONS: gettext_lazy("Mentions it"),
}


class CheckForm(forms.Form):
    """What was on the screen (`shown`: digests), and what the editor says of it."""

    shown = forms.CharField(widget=forms.HiddenInput)
    seen_today = forms.BooleanField(
        label=gettext_lazy("I have seen it today at this address"),
        error_messages={
            "required": gettext_lazy("Open the address, read the passage there, and tick that you have seen it today.")
        },
    )
    pasted = forms.CharField(
        label=gettext_lazy("The paragraph, copied from the page (optional)"),
        help_text=gettext_lazy("Only its digest is kept, so that a later change is noticed; the text is not."),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    note = forms.CharField(label=gettext_lazy("Note (optional)"), max_length=300, required=False)

    def __init__(self, *args: Any, basis: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if basis != PAGE:
            del self.fields["seen_today"], self.fields["pasted"]


class CarryForm(forms.Form):
    """Carry `check` over the correction that was on the screen (`shown`)."""

    shown = forms.CharField(widget=forms.HiddenInput)
    check = forms.UUIDField(widget=forms.HiddenInput)


@dataclass(frozen=True)
class Carriable:
    """A check of the words as they stood before, where nothing of the claim but its wording changed since."""

    check: Check
    before: str
    pieces: list[differences.Piece]


@dataclass
class Desk:
    """One citation as the page shows it. `basis` is what it can be checked against; empty: nothing is at hand."""

    citation: Citation
    basis: str
    text: str = ""
    before: str = ""
    after: str = ""
    checks: list[dict[str, Any]] = field(default_factory=list)
    form: CheckForm | None = None
    carriable: Carriable | None = None
    carry_form: CarryForm | None = None

    @property
    def shown(self) -> str:
        """Names what the editor sees; a check is refused where that has changed meanwhile."""
        citation = self.citation
        return ":".join((self.basis, citation.fact.digest, citation.digest, citation.passage.digest))

    @property
    def button(self) -> str:
        return str(BUTTONS[Citation.Stance(self.citation.stance)])


def desks(fact: Fact) -> list[Desk]:
    """The citations of `fact` with their passages, neighbours and checks; the history only where a check lapsed."""
    citations = list(
        Citation.objects.with_check_state()
        .filter(fact=fact)
        .select_related("fact", "passage__source", "passage__kept_text")
        .prefetch_related(Prefetch("checks", Check.objects.select_related("continues")))
        .order_by("stance_order", "passage__ref")
    )
    around = _neighbours([citation.passage for citation in citations])
    listed = [_desk(citation, around) for citation in citations]
    _find_carriable(fact, [desk for desk in listed if desk.checks and not desk.citation.is_checked])
    return listed


def _find_carriable(fact: Fact, lapsed: list[Desk]) -> None:
    """Give each desk the newest check that a correction of wording alone has outdated."""
    words = _earlier_words(fact) if lapsed else {}
    for desk in lapsed:
        citation = desk.citation
        for row in desk.checks:
            check = row["check"]
            same_passage = (check.passage_digest, check.citation_digest) == (citation.passage.digest, citation.digest)
            if check.basis != Check.Basis.CARRIED and same_passage and check.claim_digest in words:
                before = words[check.claim_digest]
                desk.carriable = Carriable(check, before, differences.by_word(before, fact.statement))
                desk.carry_form = CarryForm(
                    initial={"shown": desk.shown, "check": check.pk}, auto_id=f"id_{citation.pk}_carry_%s"
                )
                break


def _earlier_words(fact: Fact) -> dict[str, str]:
    """The statements of the history, by the digest of today's claim with those words in it."""
    statements = dict.fromkeys(revision.data.get("statement", "") for revision in revisions.history(fact))
    twin = copy.copy(fact)
    found = {}
    for statement in statements:
        twin.statement = statement
        found[twin.claim_digest] = statement
    found.pop(fact.digest, None)
    return found


def _desk(citation: Citation, around: dict[tuple[int, int], str]) -> Desk:
    passage = citation.passage
    text = _text(passage)
    basis = TEXT if text else PAGE if passage.source.url else ""
    desk = Desk(citation, basis, text)
    if text and passage.number:
        desk.before = around.get((passage.source_id, passage.number - 1), "")
        desk.after = around.get((passage.source_id, passage.number + 1), "")
    desk.checks = [{"check": check, "lapsed": _lapsed(check, citation)} for check in citation.checks.all()]
    desk.form = CheckForm(basis=basis, initial={"shown": desk.shown}, auto_id=f"id_{citation.pk}_%s") if basis else None
    return desk


def _text(passage: Passage) -> str:
    try:
        return passage.kept_text.text
    except ObjectDoesNotExist:
        return ""


def _neighbours(cited: list[Passage]) -> dict[tuple[int, int], str]:
    """The kept texts just before and after the cited passages, by (source, number)."""
    wanted = Q(pk__in=[])
    for passage in cited:
        if passage.number:
            wanted |= Q(source=passage.source_id, number__in=[passage.number - 1, passage.number + 1])
    rows = Passage.objects.filter(wanted, kept_text__isnull=False).values_list("source", "number", "kept_text__text")
    return {(source, number): text for source, number, text in rows if number}


def _lapsed(check: Check, citation: Citation) -> list[str]:
    """Why `check` does not count today; empty where it does."""
    reasons = []
    if check.claim_digest != citation.fact.digest:
        reasons.append(_("the claim has changed since"))
    if check.passage_digest != citation.passage.digest:
        reasons.append(_("the passage has changed since"))
    if check.citation_digest != citation.digest:
        reasons.append(_("its reading or stance has changed since"))
    return reasons


class ChecksCitations:
    """Adds `…/PK/check/` and `…/PK/check/CITATION/` to the admin of facts."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view  # type: ignore[attr-defined]
        return [
            path("<int:fact_id>/check/", view(self.check_view), name="relations_fact_check"),
            path(
                "<int:fact_id>/check/<int:citation_id>/",
                view(self.check_citation_view),
                name="relations_fact_check_citation",
            ),
            *super().get_urls(),  # type: ignore[misc]
        ]

    def check_view(self, request: HttpRequest, fact_id: int) -> HttpResponse:
        fact = self._fact(request, fact_id)
        return self._check_page(request, fact, desks(fact))

    def check_citation_view(self, request: HttpRequest, fact_id: int, citation_id: int) -> HttpResponse:
        """Record one check. Refused where what was on the screen is not what is there now."""
        if not request.user.has_perm("relations.check_citation"):
            raise PermissionDenied
        address = reverse("admin:relations_fact_check", args=[fact_id])
        if request.method != "POST":
            return HttpResponseRedirect(address)
        with stamps.writing():
            Fact.objects.select_for_update().filter(pk=fact_id).first()
            fact = self._fact(request, fact_id)
            listed = desks(fact)
            desk = next((desk for desk in listed if desk.citation.pk == citation_id), None)
            if desk is None:
                raise Http404(f"Fact {fact.ref} has no citation {citation_id}.")
            carrying = "check" in request.POST
            if not (self._carried(request, desk) if carrying else self._checked(request, desk)):
                return self._check_page(request, fact, listed, status=400)
        self._say_checked(request, fact, desk, carrying)
        return HttpResponseRedirect(f"{address}#citation-{citation_id}")

    def _checked(self, request: HttpRequest, desk: Desk) -> bool:
        """Whether the check was made; else `desk.form` says why not, with what was typed."""
        if not desk.basis:
            return False
        form = CheckForm(request.POST, basis=desk.basis, auto_id=f"id_{desk.citation.pk}_%s")
        desk.form = form
        if not form.is_valid():
            return False
        if form.cleaned_data["shown"] != desk.shown:
            form.add_error(None, _("The claim or the passage changed while you were reading. Look again, then decide."))
            form.data = {**request.POST.dict(), "shown": desk.shown}
            return False
        on_page = desk.basis == PAGE
        try:
            check_citation(
                desk.citation,
                by=request.user.get_username(),
                address=desk.citation.passage.source.url if on_page else "",
                seen_on=timezone.localdate() if on_page else None,
                pasted=form.cleaned_data.get("pasted", ""),
                note=form.cleaned_data["note"],
            )
        except NotCheckable as refusal:
            form.add_error(None, str(refusal))
            return False
        return True

    def _carried(self, request: HttpRequest, desk: Desk) -> bool:
        """Whether the earlier check was carried over; else `desk.carry_form` says why not."""
        if desk.carriable is None:
            return False
        form = desk.carry_form = CarryForm(request.POST, auto_id=f"id_{desk.citation.pk}_carry_%s")
        if not form.is_valid():
            return False
        offered = (desk.shown, desk.carriable.check.pk)
        if (form.cleaned_data["shown"], form.cleaned_data["check"]) != offered:
            form.add_error(None, _("The claim or the passage changed while you were reading. Look again, then decide."))
            form.data = {**request.POST.dict(), "shown": desk.shown, "check": str(desk.carriable.check.pk)}
            return False
        try:
            carry_check(desk.carriable.check, by=request.user.get_username(), before=desk.carriable.before)
        except NotCheckable as refusal:
            form.add_error(None, str(refusal))
            return False
        return True

    def _say_checked(self, request: HttpRequest, fact: Fact, desk: Desk, carried: bool) -> None:
        if carried:
            said = _("The check against %(passage)s is carried over; it is listed as carried.")
            messages.success(request, said % {"passage": desk.citation.passage.ref})
            return
        said = _("Checked against %(passage)s.") % {"passage": desk.citation.passage.ref}
        if fact.written_by == request.user.get_username():
            said += " " + _("It says: checked by its author.")
        messages.success(request, said)

    def _fact(self, request: HttpRequest, fact_id: int) -> Fact:
        fact = self.get_object(request, str(fact_id))  # type: ignore[attr-defined]
        if fact is None:
            raise Http404(f"No fact has the number {fact_id}.")
        if not self.has_view_or_change_permission(request, fact):  # type: ignore[attr-defined]
            raise PermissionDenied
        return fact

    def _check_page(self, request: HttpRequest, fact: Fact, listed: list[Desk], status: int = 200) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": _("Check %(ref)s") % {"ref": fact.ref},
            "opts": self.opts,  # type: ignore[attr-defined]
            "fact": fact,
            "state": self.state(fact),  # type: ignore[attr-defined]
            "desks": listed,
            "may_check": request.user.has_perm("relations.check_citation"),
            "is_author": fact.written_by == request.user.get_username(),
            "second_person": settings.SECOND_PERSON != "never",
            "may_publish": self.has_publish_permission(request)  # type: ignore[attr-defined]
            and fact.status != Fact.Status.PUBLISHED,
            "blockers": publishing.blockers(fact),
        }
        return TemplateResponse(request, "admin/relations/fact_check.html", context, status=status)
