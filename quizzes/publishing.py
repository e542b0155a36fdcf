"""Putting questions before students, and taking them away."""

from contextlib import suppress

from django.utils.translation import gettext_lazy as _

from curation import stamps
from curation.revisions import record
from quizzes import wording
from quizzes.models import Part, Question
from quizzes.models.questions import span_error
from relations.models import Fact


class NotPublishable(Exception):
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
        str(_("Part %(number)s: %(why)s") % {"number": number, "why": why})
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
    """What blocks this part, for the editor; "" when nothing does."""
    fact = part.fact
    if question.shows == Question.Shows.WORDS and not part.span:
        return str(_("it shows words, so say which words of %(fact)s they are.") % {"fact": fact.ref})
    if part.span and (times := fact.statement.count(part.span)) != 1:
        return span_error(fact.ref, part.span, times)
    trouble = _trouble_of(part, states)
    return str(_FOR_EDITORS[trouble] % {"fact": fact.ref}) if trouble else ""


def _trouble_of(part: Part, states: _States) -> str:
    """The first reason why the fact of a part may not decide it today, as a key of _FOR_EDITORS; "" if it may."""
    fact = part.fact
    tests = {
        "unpinned": not part.fact_digest,
        "changed": part.fact_digest != fact.digest,
        "unpublished": fact.ref not in states.published,
        "unchecked": fact.ref not in states.visible,
        "fallen": fact.ref not in states.standing,
        "opinion": fact.modality != Fact.Modality.FACT,
        "own-check": fact.ref not in states.deciding,
    }
    return next((trouble for trouble, found in tests.items() if found), "")


_FOR_EDITORS = {
    "unpinned": _("it is not pinned to %(fact)s yet. Save the question, or pin it."),
    "changed": _("%(fact)s has changed since. Read the question against it, then pin it anew."),
    "unpublished": _("%(fact)s is not published."),
    "unchecked": _("%(fact)s is being rechecked: no check of its words of today."),
    "fallen": _("%(fact)s does not stand: deprecated, superseded, disputed, or not in force today."),
    "opinion": _("%(fact)s is a view or an expectation; only a fact can decide an answer."),
    "own-check": _("%(fact)s has been checked only by its author. Someone else must check it."),
}
_FOR_STUDENTS = {
    "changed": _("A fact behind it has been changed since the question was written."),
    "unchecked": _("A fact behind it is being checked against its passage again."),
    "unpublished": _("A fact behind it has been withdrawn."),
    "fallen": _("A fact behind it is disputed, has been replaced, or is not in force today."),
}


def reasons_for_students(question: Question) -> list[str]:
    """Why a question is not asked today, without a word of what it says."""
    if question.status == Question.Status.WITHDRAWN:
        return [str(_("It has been withdrawn."))]
    parts = Question.objects.with_parts().get(pk=question.pk).part_list
    states = _States([part.fact_id for part in parts])
    troubles = {_trouble_of(part, states) for part in parts}
    return [str(reason) for trouble, reason in _FOR_STUDENTS.items() if trouble in troubles] or [
        str(_("Its editors are correcting it."))
    ]


@stamps.writing()
def publish(question: Question, *, by: str) -> Question:
    """Put a question before students. Raises NotPublishable, naming what is missing."""
    question = Question.objects.select_for_update(no_key=True).get(pk=question.pk)
    if missing := blockers(question):
        raise NotPublishable(question, missing)
    return _set_status(question, Question.Status.PUBLISHED, by=by, why="Published")


@stamps.writing()
def withdraw(question: Question, *, by: str, why: str = "") -> Question:
    """Take a question from students. Attempts under way say that it does not count."""
    question = Question.objects.select_for_update(no_key=True).get(pk=question.pk)
    return _set_status(question, Question.Status.WITHDRAWN, by=by, why=why or "Withdrawn")


def _set_status(question: Question, status: str, *, by: str, why: str) -> Question:
    question.status = status
    question.save(update_fields=["status"])
    record(question, by=by, why=why)
    return question
