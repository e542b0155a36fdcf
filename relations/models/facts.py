"""Facts, what they rest on, and the checks that put them before students."""

import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from curation.digests import digest_expression, digest_of
from curation.fields import KeyField
from curation.natural import NaturalQuerySet
from relations.evidence import COMPUTED, Grade, use_for
from relations.fields import EdtfField, bound_field, sort_date_field
from relations.models.citations import Check, CheckQuerySet, Citation
from relations.models.entities import Entity, Topic
from relations.models.properties import Property
from relations.rules import fact_errors

read_only = property  # a fact has a field of that name


class FactQuerySet(NaturalQuerySet):
    """How the site reads facts. What a state means is derived here and nowhere stored (DESIGN.md, rule 4)."""

    def published(self) -> "FactQuerySet":
        """Approved by an editor; its check may since have lapsed, see `visible()`."""
        return self.filter(status=Fact.Status.PUBLISHED)

    def visible(self) -> "FactQuerySet":
        """Published, with a supporting citation whose check counts today."""
        return self.published().alias(shown_by=_one(Check.objects.counting())).filter(shown_by__isnull=False)

    def listed(self) -> "FactQuerySet":
        """What lists, search and feeds show: visible, and not shown wrong.

        A deprecated fact appears in its disagreement and at its own address, nowhere else (rule 5).
        """
        return self.visible().exclude(rank=Fact.Rank.DEPRECATED)

    def standing(self, on: datetime.date | None = None) -> "FactQuerySet":
        """Listed, in force on the day (today), not superseded, and in no open disagreement."""
        on = on or timezone.localdate()
        return self.listed().filter(
            Q(validity_earliest__isnull=True) | Q(validity_earliest__lte=on),
            Q(validity_latest__isnull=True) | Q(validity_latest__gte=on),
            ~Exists(_open_disagreements_of(OuterRef("pk"))),
            superseded_by__isnull=True,
        )

    def deciding(self, on: datetime.date | None = None) -> "FactQuerySet":
        """Standing statements of fact that may decide a key.

        Unless SECOND_PERSON is `never`, someone other than the author of the wording must have checked it.
        """
        facts = self.standing(on).filter(modality=Fact.Modality.FACT)
        if settings.SECOND_PERSON == "never":
            return facts
        return facts.alias(decided_by=_one(Check.objects.counting().by_second_person())).filter(
            decided_by__isnull=False
        )

    def disputed(self) -> "FactQuerySet":
        return self.filter(Exists(_open_disagreements_of(OuterRef("pk"))))

    def newest_first(self) -> "FactQuerySet":
        """By date, undated last; `ref` makes the order total. Served by one index on both databases."""
        return self.order_by("-date_sort", "ref")

    def with_states(self) -> "FactQuerySet":
        """Annotate what a list must say of each row: `is_visible`, `is_disputed`, `last_check_at`."""
        counting = Check.objects.counting().supporting(OuterRef("pk"))
        return self.annotate(
            is_visible=Exists(counting),
            is_disputed=Exists(_open_disagreements_of(OuterRef("pk"))),
            last_check_at=models.Subquery(counting.order_by("-at").values("at")[:1]),
        )

    def with_evidence(self) -> "FactQuerySet":
        """With subject, owner and citations down to their sources: what a fact's page shows."""
        return self.select_related("subject", "whose", "property", "superseded_by", "outcome").prefetch_related(
            "partners",
            "topics",
            models.Prefetch(
                "citations",
                Citation.objects.with_check_state()
                .select_related("passage__source__copy_of")
                .order_by("stance_order", "passage__source__tier", "passage__ref"),
            ),
        )


def _one(checks: CheckQuerySet) -> models.Subquery:
    """One of `checks` that supports the fact of the outer query, or NULL.

    A scalar, not `Exists`: PostgreSQL would join all facts with all checks before it sorts and takes 25, which
    took it fifty times as long as to look 25 facts up. SQLite does the same for both.
    """
    return models.Subquery(checks.supporting(OuterRef("pk")).order_by().values("pk")[:1])


def _open_disagreements_of(fact: Any) -> models.QuerySet:
    """By the relation alone: disagreements are made of facts and import this module (`State.OPEN`)."""
    return Fact.objects.filter(pk=fact, sides__disagreement__state="open")


class Fact(models.Model):
    """One atomic statement in the editors' own words, about one subject."""

    class Modality(models.TextChoices):
        FACT = "fact", _("fact")
        VIEW = "view", _("attributed view")
        EXPECTATION = "expectation", _("expectation")

    class Rank(models.TextChoices):
        PREFERRED = "preferred", _("preferred")
        NORMAL = "normal", _("normal")
        DEPRECATED = "deprecated", _("deprecated")

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        PUBLISHED = "published", _("published")
        WITHDRAWN = "withdrawn", _("withdrawn")

    class Verdict(models.TextChoices):
        BORNE_OUT = "borne-out", _("borne out")
        NOT_BORNE_OUT = "not-borne-out", _("not borne out")
        UNKNOWN = "unknown", _("unknown")

    # What a check binds itself to. A new topic or rank voids no check (DESIGN.md, "How it is kept").
    CLAIM: ClassVar = (
        "subject_id", "statement", "modality", "whose_id", "date", "property_id", "value", "unit", "validity",
    )  # fmt: skip

    ref = KeyField(
        _("reference"), unique=True, help_text=_("Made from the subject, such as acsa-ij-001; never changes.")
    )
    subject = models.ForeignKey(
        Entity, verbose_name=_("subject"), to_field="slug", on_delete=models.PROTECT, related_name="facts"
    )
    statement = models.CharField(
        _("statement"),
        max_length=400,
        help_text=_("One assertion that stands alone, in our own words, at most 30 of them."),
    )
    modality = models.CharField(_("modality"), max_length=12, choices=Modality, default=Modality.FACT)
    whose = models.ForeignKey(
        Entity,
        verbose_name=_("whose view or expectation"),
        to_field="slug",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="views",
    )
    date_earliest = bound_field()
    date_latest = bound_field()
    date_sort = sort_date_field()
    date = EdtfField(
        _("date"),
        earliest="date_earliest",
        latest="date_latest",
        sort="date_sort",
        blank=True,
        help_text=_("As coarse as the passage: 2020-09-09, 2024-08, [..2024-08], 2023-04/2024-03."),
    )
    property = models.ForeignKey(
        Property,
        verbose_name=_("property"),
        to_field="key",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="facts",
    )
    value = models.CharField(_("value"), max_length=200, blank=True)
    unit = models.CharField(_("unit"), max_length=60, blank=True)
    validity_earliest = bound_field()
    validity_latest = bound_field()
    validity = EdtfField(
        _("holds during"),
        earliest="validity_earliest",
        latest="validity_latest",
        blank=True,
        help_text=_("Only for a sentence in the present tense, as worded: 2023-09/2024-08, 2021/.."),
    )
    review_by_latest = bound_field()
    review_by = EdtfField(_("review by"), latest="review_by_latest", blank=True)
    partners = models.ManyToManyField(
        Entity,
        verbose_name=_("partners"),
        blank=True,
        related_name="partner_facts",
        limit_choices_to={"kind__in": ["country", "grouping"]},
    )
    topics = models.ManyToManyField(Topic, verbose_name=_("topics"), blank=True, related_name="facts")
    rank = models.CharField(_("rank"), max_length=10, choices=Rank, default=Rank.NORMAL)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.DRAFT)
    outcome = models.ForeignKey(
        "self",
        verbose_name=_("what happened"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="expectations",
        db_index=False,  # below, for the few rows that have one: else SQLite looks for NULL through it
    )
    verdict = models.CharField(_("was it borne out"), max_length=15, choices=Verdict, blank=True)
    superseded_by = models.ForeignKey(
        "self",
        verbose_name=_("superseded by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="supersedes",
        db_index=False,  # below, for the few rows that have one: else SQLite looks for NULL through it
    )
    note = models.TextField(_("note for editors"), blank=True)
    written_by = models.CharField(_("today's wording by"), max_length=150, blank=True, editable=False)
    evidence = models.CharField(
        _("evidence"),
        max_length=12,
        choices=[(grade.value, grade.label) for grade in COMPUTED],
        default=Grade.UNCHECKED.value,
        editable=False,
        serialize=False,
    )
    digest = models.GeneratedField(
        expression=digest_expression(
            "subject", "statement", "modality", "whose", "date", "property", "value", "unit", "validity"
        ),
        output_field=models.CharField(max_length=32),
        db_persist=True,
    )
    version = models.PositiveIntegerField(default=1, editable=False, serialize=False)

    # From `with_states()`:
    is_visible: bool
    is_disputed: bool

    objects = FactQuerySet.as_manager()
    natural_fields: ClassVar = ("ref",)

    class Meta:
        ordering = ["ref"]
        verbose_name = _("fact")
        verbose_name_plural = _("facts")
        permissions = [
            ("publish_fact", _("Can publish and withdraw facts")),
            ("import_fact", _("Can import facts")),
            ("export_fact", _("Can export facts")),
        ]
        indexes = [
            models.Index(fields=["-date_sort", "ref"], name="fact_newest_first"),
            models.Index(fields=["digest"], name="fact_digest"),
            models.Index(fields=["outcome"], name="fact_outcome", condition=Q(outcome__isnull=False)),
            models.Index(fields=["superseded_by"], name="fact_superseded", condition=Q(superseded_by__isnull=False)),
            models.Index(fields=["evidence", "-date_sort"], name="fact_by_evidence"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(statement=""),
                name="fact_statement_given",
                violation_error_message=_("A fact needs a statement."),
            ),
            models.CheckConstraint(
                condition=Q(modality__in=["fact", "view", "expectation"]),
                name="fact_modality_known",
                violation_error_message=_("The modality must be fact, view or expectation."),
            ),
            models.CheckConstraint(
                condition=Q(modality="fact", whose__isnull=True)
                | Q(modality__in=["view", "expectation"], whose__isnull=False),
                name="fact_view_has_owner",
                violation_error_message=_("A view or an expectation names whose it is; a fact has no owner."),
            ),
            models.CheckConstraint(
                condition=Q(rank__in=["preferred", "normal", "deprecated"]),
                name="fact_rank_known",
                violation_error_message=_("The rank must be preferred, normal or deprecated."),
            ),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "published", "withdrawn"]),
                name="fact_status_known",
                violation_error_message=_("The status must be draft, published or withdrawn."),
            ),
            models.CheckConstraint(
                condition=Q(verdict__in=["", "borne-out", "not-borne-out", "unknown"]),
                name="fact_verdict_known",
                violation_error_message=_("The verdict must be borne-out, not-borne-out or unknown."),
            ),
            models.CheckConstraint(
                condition=Q(modality="expectation") | Q(verdict="", outcome__isnull=True),
                name="fact_outcome_of_expectation",
                violation_error_message=_("Only an expectation has an outcome and a verdict."),
            ),
            models.CheckConstraint(
                condition=Q(value="") | Q(property__isnull=False),
                name="fact_value_has_property",
                violation_error_message=_("A value needs its property."),
            ),
            models.CheckConstraint(
                condition=Q(unit="") | ~Q(value=""),
                name="fact_unit_has_value",
                violation_error_message=_("A unit needs a value."),
            ),
            models.CheckConstraint(
                condition=~Q(date="") | Q(date_earliest__isnull=True, date_latest__isnull=True),
                name="fact_date_bounds_follow",
                violation_error_message=_("A fact without a date has no bounds."),
            ),
            models.CheckConstraint(
                condition=~Q(validity="") | Q(validity_earliest__isnull=True, validity_latest__isnull=True),
                name="fact_validity_bounds_follow",
                violation_error_message=_("A fact without validity has no bounds of it."),
            ),
            models.CheckConstraint(
                condition=Q(superseded_by__isnull=True) | ~Q(superseded_by=F("id")),
                name="fact_not_superseded_by_itself",
                violation_error_message=_("A fact cannot supersede itself."),
            ),
            models.CheckConstraint(
                condition=Q(outcome__isnull=True) | ~Q(outcome=F("id")),
                name="fact_not_its_own_outcome",
                violation_error_message=_("An expectation cannot be its own outcome."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ref}: {self.statement}"

    def natural_key(self) -> tuple[str]:
        return (self.ref,)

    natural_key.dependencies = ["relations.entity", "relations.property"]  # type: ignore[attr-defined]

    def clean(self) -> None:
        """Rules that need another row or a reading of the words; each error names its field."""
        super().clean()
        fact_errors(self, is_entity=lambda key: Entity.objects.filter(slug=key).exists())

    def get_absolute_url(self) -> str:
        return reverse("relations:fact_detail", args=[self.ref])

    @read_only
    def claim_digest(self) -> str:
        """The digest these words would have once saved; equal to `digest` on an unchanged row."""
        return digest_of(getattr(self, name) for name in self.CLAIM)

    @cached_property
    def shown_grade(self) -> str:
        """The grade a page shows; overridden where the check no longer counts or sources disagree.

        Uses the annotations of `with_states()` where they are there.
        """
        if self.status != self.Status.PUBLISHED or not self._annotated("is_visible", lambda: self._asks("visible")):
            return Grade.RECHECKING.value
        if self._annotated("is_disputed", lambda: self._asks("disputed")):
            return Grade.DISPUTED.value
        return self.evidence

    def _annotated(self, name: str, compute: Any) -> Any:
        return self.__dict__[name] if name in self.__dict__ else compute()

    def _asks(self, state: str) -> bool:
        return getattr(Fact.objects.filter(pk=self.pk), state)().exists()

    @read_only
    def grade_words(self) -> str:
        """The words beside the rule: “Official source”, “View of NAME”, “Disputed”."""
        grade = Grade(self.shown_grade)
        if self.modality != self.Modality.FACT and grade not in (Grade.RECHECKING, Grade.DISPUTED):
            words = _("Expected by %(name)s") if self.modality == self.Modality.EXPECTATION else _("View of %(name)s")
            return str(words % {"name": self.whose.name if self.whose else ""})
        return str(grade.label)

    @read_only
    def use_line(self) -> str:
        """How to use it, in one line (DESIGN-BRIEF §4)."""
        return str(use_for(Grade(self.shown_grade), self.modality))

    @cached_property
    def last_checked(self) -> datetime.date | None:
        """The day (in TIME_ZONE) of the newest check that counts, or None."""
        at = self._annotated(
            "last_check_at",
            lambda: Check.objects.counting().supporting(self.pk).aggregate(at=models.Max("at"))["at"],
        )
        return timezone.localdate(at) if at else None
