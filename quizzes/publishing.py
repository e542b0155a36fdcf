"""Putting questions before students, and taking them away."""

from contextlib import suppress
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from curation.revisions import record
from quizzes import wording
from quizzes.models import Part, Question
from quizzes.models.questions import span_error
from relations.models import Fact


class NotPublishable(Exception):  # noqa: N818 - a refusal, said to the editor
    """Something is missing; `blockers` names it in plain words."""

    def __init__(self, question: Question, blockers: list[str]) -> None:
        self.question, self.blockers = question, blockers
        super().__init__(f"{question.ref}: {' '.join(blockers)}")


def blockers(question: Question) -> list[str]:
    """What keeps `question` from being published and practised, part by part; [] when nothing does.

    Costs a constant number of queries. Its status is left out: that is what publishing changes.
    """
    question = Question.objects.with_parts().get(pk=question.pk)
    parts = question.part_list
    states = _States([part.fact_id for part in parts])
    found = [
        _("Part %(number)s: %(why)s") % {"number": number, "why": why}
        for number, part in enumerate(parts, start=1)
        if (why := _blocker_of(part, question, states))
    ]
    with suppress(wording.NotOnce):  # named already, with its part
        found += question.rules.blockers(question.asked)
    return found


class _States:
    """Which of some facts are published, visible, standing, deciding; one query each."""

    def __init__(self, refs: list[str]) -> None:
        facts = Fact.objects.filter(ref__in=refs)
        self.published, self.visible, self.standing, self.deciding = (
            set(queryset.values_list("ref", flat=True))
            for queryset in (facts.published(), facts.visible(), facts.standing(), facts.deciding())
        )


def _blocker_of(part: Part, question: Question, states: _States) -> str:
    fact = part.fact
    named = {"fact": fact.ref}
    if question.shows == Question.Shows.WORDS and not part.span:
        return _("it shows words, so say which words of %(fact)s they are.") % named
    if part.span and (times := fact.statement.count(part.span)) != 1:
        return span_error(fact.ref, part.span, times)
    if not part.fact_digest:
        return _("it is not pinned to %(fact)s yet. Save the question, or pin it.") % named
    if part.fact_digest != fact.digest:
        return _("%(fact)s has changed since. Read the question against it, then pin it anew.") % named
    if fact.ref not in states.published:
        return _("%(fact)s is not published.") % named
    if fact.ref not in states.visible:
        return _("%(fact)s is being rechecked: no check of its words of today.") % named
    if fact.ref not in states.standing:
        return _("%(fact)s does not stand: deprecated, superseded, disputed, or not in force today.") % named
    if fact.modality != Fact.Modality.FACT:
        return _("%(fact)s is a view or an expectation; only a fact can decide an answer.") % named
    if fact.ref not in states.deciding:
        return _("%(fact)s has been checked only by its author. Someone else must check it.") % named
    return ""


@transaction.atomic
def publish(question: Question, *, by: Any) -> Question:
    """Put a question before students. Raises NotPublishable, naming what is missing."""
    question = Question.objects.select_for_update().get(pk=question.pk)
    if missing := blockers(question):
        raise NotPublishable(question, missing)
    return _set_status(question, Question.Status.PUBLISHED, by=by, why=_("Published"))


@transaction.atomic
def withdraw(question: Question, *, by: Any, why: str = "") -> Question:
    """Take a question from students. Attempts under way say that it does not count."""
    question = Question.objects.select_for_update().get(pk=question.pk)
    return _set_status(question, Question.Status.WITHDRAWN, by=by, why=why or _("Withdrawn"))


def _set_status(question: Question, status: str, *, by: Any, why: str) -> Question:
    question.status = status
    question.save(update_fields=["status"])
    record(question, by=by.get_username(), why=why)
    return question
