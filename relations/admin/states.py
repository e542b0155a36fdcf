"""The state of a fact in words, found set-wise: what editors see in the list and filter by."""

from typing import Any

from django.contrib import admin
from django.db.models import Case, CharField, QuerySet, TextChoices, Value, When
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from relations.models import Fact


class State(TextChoices):
    """In this order: the first that holds is the one shown."""

    DRAFT = "draft", _("draft")
    WITHDRAWN = "withdrawn", _("withdrawn")
    RECHECKING = "rechecking", _("being rechecked")
    DEPRECATED = "deprecated", _("deprecated")
    DISPUTED = "disputed", _("disputed")
    SUPERSEDED = "superseded", _("superseded")
    NOT_IN_FORCE = "not-in-force", _("not in force today")
    STANDING = "standing", _("standing")


def with_state(facts: QuerySet[Fact]) -> QuerySet[Fact]:
    """Annotate `state`, one of State; STANDING exactly where `standing()` returns the fact."""
    today = timezone.localdate()
    return facts.with_states().annotate(  # type: ignore[attr-defined]
        state=Case(
            When(status=Fact.Status.DRAFT, then=Value(State.DRAFT)),
            When(status=Fact.Status.WITHDRAWN, then=Value(State.WITHDRAWN)),
            When(is_visible=False, then=Value(State.RECHECKING)),
            When(rank=Fact.Rank.DEPRECATED, then=Value(State.DEPRECATED)),
            When(is_disputed=True, then=Value(State.DISPUTED)),
            When(superseded_by__isnull=False, then=Value(State.SUPERSEDED)),
            When(validity_earliest__gt=today, then=Value(State.NOT_IN_FORCE)),
            When(validity_latest__lt=today, then=Value(State.NOT_IN_FORCE)),
            default=Value(State.STANDING),
            output_field=CharField(),
        )
    )


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return State.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(state=self.value()) if self.value() else queryset
