"""A student's go at a set of questions. No account: who has the address has the attempt."""

import uuid
from datetime import date
from fractions import Fraction
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from quizzes.marking import Outcome
from quizzes.models.questions import Question
from relations.models import Topic


class Attempt(models.Model):
    """One go at an ordered set. Its unguessable id in the address is the permission to see and answer it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    topic = models.ForeignKey(
        Topic, verbose_name=_("topic"), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    started_at = models.DateTimeField(_("started"), default=timezone.now)

    ships: ClassVar[bool] = False

    class Meta:
        ordering = ["-started_at", "id"]
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")

    def __str__(self) -> str:
        return str(self.id)

    def get_absolute_url(self) -> str:
        return reverse("quizzes:attempt_detail", args=[self.id])

    @property
    def day(self) -> date:
        """The day it began, in TIME_ZONE."""
        return timezone.localdate(self.started_at)


class AttemptQuestionQuerySet(models.QuerySet):
    def with_responses(self) -> "AttemptQuestionQuerySet":
        return self.select_related("question", "response")


class AttemptQuestion(models.Model):
    """A question at its place in an attempt."""

    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="entries")
    question = models.ForeignKey(Question, verbose_name=_("question"), on_delete=models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField(_("position"))

    objects = AttemptQuestionQuerySet.as_manager()

    ships: ClassVar[bool] = False

    class Meta:
        ordering = ["attempt", "position"]
        verbose_name = _("question of an attempt")
        verbose_name_plural = _("questions of an attempt")
        constraints = [
            models.UniqueConstraint(
                fields=["attempt", "position"],
                name="attempt_position_once",
                violation_error_message=_("This attempt already has a question at this position."),
            ),
            models.UniqueConstraint(
                fields=["attempt", "question"],
                name="attempt_question_once",
                violation_error_message=_("This attempt already has this question."),
            ),
            models.CheckConstraint(
                condition=Q(position__gte=1),
                name="attempt_position_from_one",
                violation_error_message=_("Positions are counted from 1."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.attempt_id}/{self.position}"

    def get_absolute_url(self) -> str:
        return reverse("quizzes:attempt_question", args=[self.attempt_id, self.position])

    @property
    def given(self) -> "Response | None":
        """The answer, or None while there is none."""
        return getattr(self, "response", None)


class Response(models.Model):
    """The first answer to a question of an attempt; it is never changed.

    Keeps what was shown, chosen and right, so that it can be explained after the question has changed.
    `digest` is the question's `digest_of_answer` at that moment.
    """

    entry = models.OneToOneField(AttemptQuestion, on_delete=models.CASCADE, related_name="response")
    chosen = models.CharField(_("chosen"), max_length=8, blank=True, help_text=_("Letters; empty: left blank."))
    chosen_text = models.CharField(_("chosen, in words"), max_length=500, blank=True)
    key = models.CharField(_("key"), max_length=1)
    key_text = models.CharField(_("key, in words"), max_length=500)
    outcome = models.CharField(
        _("outcome"),
        max_length=5,
        choices=[("right", _("right")), ("wrong", _("wrong")), ("blank", _("left blank"))],
    )
    marks_numerator = models.SmallIntegerField(_("marks, numerator"))
    marks_denominator = models.PositiveSmallIntegerField(_("marks, denominator"))
    guessed = models.BooleanField(_("marked as a guess"), default=False)
    digest = models.CharField(_("digest of question and key"), max_length=32)
    at = models.DateTimeField(_("at"), default=timezone.now)

    ships: ClassVar[bool] = False

    class Meta:
        ordering = ["entry"]
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome="blank", chosen="") | (Q(outcome__in=["right", "wrong"]) & ~Q(chosen="")),
                name="response_blank_when_nothing_chosen",
                violation_error_message=_("An answer is right or wrong where something was chosen, else blank."),
            ),
            models.CheckConstraint(
                condition=Q(marks_denominator__gte=1),
                name="response_marks_are_a_fraction",
                violation_error_message=_("Marks are a fraction; its denominator is at least 1."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.entry_id}: {self.chosen or '–'}"

    @property
    def marks(self) -> Fraction:
        return Fraction(self.marks_numerator, self.marks_denominator)

    @property
    def is_right(self) -> bool | None:
        """True, False, or None where it was left blank."""
        return None if self.outcome == Outcome.BLANK else self.outcome == Outcome.RIGHT

    @property
    def chosen_words(self) -> str:
        """“(c) 1 and 2 only”, “(a) and (c)”, or "" where it was left blank."""
        if len(self.chosen) == 1:
            return f"({self.chosen}) {self.chosen_text}"
        return str(_(" and ")).join(f"({letter})" for letter in self.chosen)

    @property
    def key_words(self) -> str:
        return f"({self.key}) {self.key_text}"
