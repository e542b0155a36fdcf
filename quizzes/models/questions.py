"""Questions, and the parts by which they rest on facts."""

import hashlib
import json
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Count, Exists, F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce, Length, Replace
from django.db.models.lookups import Exact
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from curation import stamps
from curation.fields import KeyField
from curation.models import Revision
from curation.natural import NaturalQuerySet
from quizzes import kinds, wording
from quizzes.keys import Keyed
from relations.models import Fact, Topic


class QuestionQuerySet(NaturalQuerySet):
    """How the site reads questions."""

    def published(self) -> "QuestionQuerySet":
        """Approved by an editor; a fact behind it may since have changed, see `practisable()`."""
        return self.filter(status=Question.Status.PUBLISHED)

    def practisable(self) -> "QuestionQuerySet":
        """What students may be asked today: published, whole, and every part holds (DESIGN.md, rule 4).

        Derived, so that it is right after any write whatever, and after midnight.
        """
        # Counted, not `~Exists`: PostgreSQL would make that an anti-join of all parts with all facts and checks,
        # minutes for 50,000 questions, where the first 50 need 200 parts looked at.
        failing_count = _count(Part.objects.failing().filter(question=OuterRef("pk")))
        part_count = _count(Part.objects.filter(question=OuterRef("pk")))
        true_count = _count(Part.objects.filter(question=OuterRef("pk"), replacement=""))
        return (
            self.published()
            .alias(failing_count=failing_count, part_count=part_count, true_count=true_count)
            .filter(_is_whole(), failing_count=0)
        )

    def resting_on(self, fact: Fact) -> "QuestionQuerySet":
        return self.filter(pk__in=Part.objects.filter(fact=fact).values("question"))

    def about(self, topic: Topic) -> "QuestionQuerySet":
        """Those that have the topic, or one under it."""
        tagged = Question.topics.through.objects.filter(Q(topic=topic) | Q(topic__parent=topic))
        return self.filter(pk__in=tagged.values("question"))

    def with_parts(self) -> "QuestionQuerySet":
        return self.prefetch_related(models.Prefetch("parts", Part.objects.select_related("fact")))

    def with_evidence(self) -> "QuestionQuerySet":
        """With parts and all that a page shows of the facts behind them."""
        facts = Fact.objects.with_states().with_evidence()
        return self.prefetch_related("parts", models.Prefetch("parts__fact", facts))


def _count(parts: "PartQuerySet") -> Coalesce:
    counted = parts.order_by().values("question").annotate(count=Count("pk")).values("count")
    return Coalesce(Subquery(counted), 0)


def _is_whole() -> Q:
    """As many parts as the kind needs, and, where one option must be right, exactly one."""
    whole = Q()
    for kind in kinds.KINDS.values():
        sized = Q(kind=kind.code, part_count__in=kind.sizes)
        if kind.one_answer:
            sized &= Q(ask="correct", true_count=1) | Q(ask="incorrect", part_count=F("true_count") + 1)
        whole |= sized
    return whole


class Question(models.Model):
    """An item for practice. Its options and its key are computed, never stored."""

    class Kind(models.TextChoices):
        STATEMENTS = "statements", _("statements with a combination key")
        SINGLE = "single", _("single best answer")

    class Ask(models.TextChoices):
        CORRECT = "correct", _("which is correct")
        INCORRECT = "incorrect", _("which is not correct")

    class Shows(models.TextChoices):
        STATEMENT = "statement", _("whole statements")
        WORDS = "words", _("the words that differ")

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        PUBLISHED = "published", _("published")
        WITHDRAWN = "withdrawn", _("withdrawn")

    ref = KeyField(_("reference"), unique=True, max_length=20, blank=True, help_text=_("Q-0001; never changes."))
    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.STATEMENTS)
    stem = models.TextField(
        _("stem"),
        help_text=_("The opening words (“Consider the following statements about …:”), or the whole question."),
    )
    ask = models.CharField(_("asks"), max_length=10, choices=Ask, default=Ask.CORRECT)
    shows = models.CharField(
        _("options are"),
        max_length=10,
        choices=Shows,
        default=Shows.STATEMENT,
        help_text=_("Of a single best answer. Whole statements, or only the words that differ (a date, a name)."),
    )
    explanation = models.TextField(_("explanation"), blank=True)
    topics = models.ManyToManyField(Topic, verbose_name=_("topics"), blank=True, related_name="+")
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.DRAFT)
    version = models.PositiveIntegerField(default=1, editable=False, serialize=False)

    objects = QuestionQuerySet.as_manager()
    natural_fields: ClassVar = ("ref",)

    class Meta:
        ordering = ["ref"]
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        permissions = [
            ("publish_question", _("Can publish, withdraw and re-pin questions")),
            ("import_question", _("Can import questions")),
            ("export_question", _("Can export questions")),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(stem=""),
                name="question_stem_given",
                violation_error_message=_("A question needs its stem."),
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["statements", "single"]),
                name="question_kind_known",
                violation_error_message=_("The kind must be statements or single."),
            ),
            models.CheckConstraint(
                condition=Q(ask__in=["correct", "incorrect"]),
                name="question_ask_known",
                violation_error_message=_("A question asks for what is correct or for what is incorrect."),
            ),
            models.CheckConstraint(
                condition=Q(shows="statement") | Q(shows="words", kind="single"),
                name="question_words_only_as_options",
                violation_error_message=_("Only the options of a single best answer can be words; else use statement."),
            ),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "published", "withdrawn"]),
                name="question_status_known",
                violation_error_message=_("The status must be draft, published or withdrawn."),
            ),
        ]

    def __str__(self) -> str:
        return self.ref

    def save(self, *args: Any, **kwargs: Any) -> None:
        with transaction.atomic():
            if not self.ref:
                self.ref = next_ref()
            super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("quizzes:question_detail", args=[self.ref])

    def natural_key(self) -> tuple[str]:
        return (self.ref,)

    natural_key.dependencies = ["relations.topic"]  # type: ignore[attr-defined]

    @property
    def rules(self) -> kinds.Kind:
        """What its kind allows, computes and shows."""
        return kinds.KINDS[self.kind]

    @cached_property
    def part_list(self) -> list["Part"]:
        return list(self.parts.all())

    @cached_property
    def asked(self) -> kinds.Asked:
        """The question in words. Raises wording.NotOnce where a part's span is not in its fact any more."""
        said = [kinds.Said(part.said(self.shows), part.is_true) for part in self.part_list]
        return kinds.Asked(self.ref, self.stem, self.ask, self.shows, tuple(said))

    @cached_property
    def keyed(self) -> Keyed:
        """Options and key. Raises keys.KeyFault."""
        return self.rules.key(self.asked)

    @cached_property
    def face(self) -> kinds.Face:
        return self.rules.face(self.asked, self.keyed)

    @property
    def digest_of_answer(self) -> str:
        """Names all that a verdict rests on: words, key, and each part's fact at its digest."""
        pins = [[part.ref, part.fact_id, part.fact_digest, part.is_true] for part in self.part_list]
        return hashlib.sha256(json.dumps([self.face.digest, self.keyed.key, pins]).encode()).hexdigest()[:32]


def next_ref() -> str:
    """The number after the highest ever used, deleted questions included: an address is not given twice.

    Q-0001, Q-0002 … Call it in the transaction that saves the question: of two at once, the other waits for it.
    """
    stamps.hold()
    taken = [
        *Question.objects.filter(ref__startswith="Q-").values_list("ref", flat=True),
        *Revision.objects.filter(kind="quizzes.question", ref__startswith="Q-").values_list("ref", flat=True),
    ]
    numbers = (int(ref[2:]) for ref in taken if ref[2:].isascii() and ref[2:].isdigit())
    return f"Q-{max(numbers, default=0) + 1:04d}"


class PartQuerySet(NaturalQuerySet):
    def failing(self) -> "PartQuerySet":
        """Parts that may not be asked: their fact may not decide a key today, has changed since it was
        pinned, or has not the span (once) that the part speaks of.
        """
        without_span = Length(Replace(F("statement"), OuterRef("span"), Value("")))  # type: ignore[arg-type]
        holding = (
            Fact.objects.deciding()
            .filter(ref=OuterRef("fact_id"), digest=OuterRef("fact_digest"))
            .filter(Exact(Length("statement") - without_span, Length(OuterRef("span"))))
        )
        return self.filter(~Exists(holding) | Q(question__shows="words", span=""))


class Part(models.Model):
    """One statement or option of a question: a fact at a digest, as it is or with one change.

    Its words are derived. `position` is not unique: a swap of two would break a reload.
    """

    question = models.ForeignKey(Question, verbose_name=_("question"), on_delete=models.CASCADE, related_name="parts")
    ref = KeyField(_("reference"), unique=True, max_length=24, blank=True, editable=False, parted=True)
    position = models.PositiveSmallIntegerField(_("position"), default=1)
    fact = models.ForeignKey(Fact, verbose_name=_("fact"), to_field="ref", on_delete=models.PROTECT, related_name="+")
    fact_digest = models.CharField(_("digest of the fact it was written for"), max_length=32, blank=True)
    span = models.CharField(
        _("words of the fact"),
        max_length=200,
        blank=True,
        help_text=_("The words to change, exactly as the fact has them; they must occur once."),
    )
    replacement = models.CharField(
        _("changed to"), max_length=200, blank=True, help_text=_("Empty: the part is true, as the fact says.")
    )

    objects = PartQuerySet.as_manager()
    natural_fields: ClassVar = ("ref",)

    class Meta:
        ordering = ["question_id", "position", "ref"]
        verbose_name = _("part")
        verbose_name_plural = _("parts")
        constraints = [
            models.CheckConstraint(
                condition=Q(replacement="") | ~Q(span=""),
                name="part_change_has_span",
                violation_error_message=_("Name the words of the fact that are changed."),
            ),
            models.CheckConstraint(
                condition=Q(replacement="") | ~Q(replacement=F("span")),
                name="part_change_changes",
                violation_error_message=_("The changed words are the fact's own; write others, or none."),
            ),
            models.CheckConstraint(
                condition=Q(position__gte=1),
                name="part_position_from_one",
                violation_error_message=_("Positions are counted from 1."),
            ),
        ]

    def __str__(self) -> str:
        return self.ref

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self.ref:
            self.ref = self._next_ref()
        super().save(*args, **kwargs)

    def natural_key(self) -> tuple[str]:
        return (self.ref,)

    natural_key.dependencies = ["quizzes.question", "relations.fact"]  # type: ignore[attr-defined]

    def clean(self) -> None:
        """Words of the fact that are not in it, or twice, are an error at `span`."""
        super().clean()
        if self.span and self.fact_id:
            statement = Fact.objects.filter(ref=self.fact_id).values_list("statement", flat=True).first() or ""
            if (times := statement.count(self.span)) != 1:
                raise ValidationError({"span": span_error(self.fact_id, self.span, times)})

    def _next_ref(self) -> str:
        taken = set(Part.objects.filter(question=self.question).values_list("ref", flat=True))
        letter = next(letter for letter in "abcdefghijklmnopqrstuvwxyz" if f"{self.question.ref}/{letter}" not in taken)
        return f"{self.question.ref}/{letter}"

    @property
    def is_true(self) -> bool:
        return not self.replacement

    @property
    def change(self) -> wording.Change | None:
        """What was changed of the fact's statement; None in a true part. Raises wording.NotOnce."""
        return wording.change(self.fact.statement, self.span, self.replacement) if self.replacement else None

    @property
    def statement(self) -> str:
        """The whole statement as asked. Raises wording.NotOnce."""
        return self.change.asked if self.change else self.fact.statement

    def said(self, shows: str) -> str:
        """What the question prints for this part. Raises wording.NotOnce."""
        if shows == Question.Shows.WORDS:
            return self.replacement or self.span
        return self.statement


def span_error(fact_ref: str, span: str, times: int) -> str:
    """What is wrong where `span` is not in the fact's statement exactly once."""
    if times == 0:
        return str(
            _("“%(span)s” is not in the statement of %(fact)s. Copy the words from it as it is today.")
            % {"span": span, "fact": fact_ref}
        )
    return str(
        _("“%(span)s” occurs %(times)s times in the statement of %(fact)s. Take more words, so that it occurs once.")
        % {"span": span, "times": times, "fact": fact_ref}
    )
