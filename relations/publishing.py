"""Putting facts before students, and taking them back."""

from django.conf import settings
from django.utils.translation import gettext as _

from curation import revisions, stamps
from relations import grading
from relations.models import Check, Fact


class NotPublishable(Exception):
    """Raised with what is missing; `blockers` are sentences for the editor."""

    def __init__(self, fact: Fact, blockers: list[str]) -> None:
        self.fact, self.blockers = fact, blockers
        super().__init__(f"{fact.ref}: {' '.join(blockers)}")


def blockers(fact: Fact) -> list[str]:
    """Say what stands between `fact` and publication, in plain sentences; an empty list means nothing does."""
    checks = Check.objects.counting().supporting(fact.pk)
    if not fact.citations.filter(stance="supports").exists():
        return [_("It has no citation that supports it: add the passage it rests on.")]
    if not checks.exists():
        if Check.objects.supporting(fact.pk).exists():
            return [_("Its check was made for another wording, passage or reading: check a citation again.")]
        return [_("No supporting citation is checked: open the fact and check one against its passage.")]
    if settings.SECOND_PERSON == "always" and not checks.by_second_person().exists():
        return [_("Only its author has checked it: someone else must check a citation.")]
    return []


@stamps.writing()
def publish(fact: Fact, *, by: str, why: str = "") -> Fact:
    """Put `fact` before students. Raises NotPublishable, naming what is missing; publishing twice is harmless."""
    fact = Fact.objects.select_for_update(no_key=True).get(pk=fact.pk)
    if missing := blockers(fact):
        raise NotPublishable(fact, missing)
    return _turn(fact, Fact.Status.PUBLISHED, by=by, why=why or _("Published"))


@stamps.writing()
def withdraw(fact: Fact, *, by: str, why: str) -> Fact:
    """Take `fact` from students; its address says so. `why` is kept in the history."""
    fact = Fact.objects.select_for_update(no_key=True).get(pk=fact.pk)
    return _turn(fact, Fact.Status.WITHDRAWN, by=by, why=why)


def _turn(fact: Fact, status: str, *, by: str, why: str) -> Fact:
    if fact.status != status:
        fact.status = status
        fact.save(update_fields=["status"])
        revisions.record(fact, by=by, why=why)
    grading.refresh([fact.pk])
    return fact
