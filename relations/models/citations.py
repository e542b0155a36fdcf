"""What a fact rests on, and the checks of it."""

import datetime
import uuid
from typing import Any, ClassVar

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from curation.digests import digest_expression
from curation.natural import NaturalQuerySet
from relations import passages
from relations.models.sources import Passage
from relations.rules import citation_errors

SECOND_PERSON = Q(continues__isnull=True) & ~Q(written_by="") & ~Q(by=F("written_by")) | Q(
    continues__isnull=False
) & ~Q(continues__written_by="") & ~Q(continues__by=F("continues__written_by"))


class CitationQuerySet(NaturalQuerySet):
    def with_check_state(self) -> "CitationQuerySet":
        """Annotate `stance_order`, `is_checked`, and of the newest check that counts who, when and against what.

        Of a second person's check where there is one, since that is the better one: `by_another`.
        """
        counting = Check.objects.counting().filter(citation=OuterRef("pk"))
        another = models.Case(models.When(SECOND_PERSON, then=0), default=1, output_field=models.SmallIntegerField())
        newest = counting.order_by(another, "-at", "pk")
        return self.annotate(
            is_checked=Exists(newest),
            checked_at=models.Subquery(newest.values("at")[:1]),
            checked_by=models.Subquery(newest.values("by")[:1]),
            checked_basis=models.Subquery(newest.values("basis")[:1]),
            checked_seen_on=models.Subquery(newest.values("seen_on")[:1]),
            by_another=Exists(counting.by_second_person()),
            stance_order=models.Case(
                models.When(stance="supports", then=0),
                models.When(stance="contradicts", then=1),
                default=2,
                output_field=models.SmallIntegerField(),
            ),
        )

    def unchecked(self) -> "CitationQuerySet":
        return self.filter(~Exists(Check.objects.counting().filter(citation=OuterRef("pk"))))


class Citation(models.Model):
    """A fact rests on (or is contradicted by, or is mentioned in) a passage."""

    class Stance(models.TextChoices):
        SUPPORTS = "supports", _("supports")
        CONTRADICTS = "contradicts", _("contradicts")
        MENTIONS = "mentions", _("mentions")

    fact = models.ForeignKey(
        "relations.Fact", verbose_name=_("fact"), on_delete=models.CASCADE, related_name="citations"
    )
    passage = models.ForeignKey(Passage, verbose_name=_("passage"), on_delete=models.PROTECT, related_name="citations")
    anchor = models.CharField(
        _("anchor"), max_length=120, help_text=_("Three to eight consecutive words of the passage that decide it.")
    )
    stance = models.CharField(_("stance"), max_length=12, choices=Stance, default=Stance.SUPPORTS)
    reading = models.CharField(
        _("reading"),
        max_length=300,
        blank=True,
        help_text=_("What had to be inferred, in one line: where the year comes from, who “they” are."),
    )
    digest = models.GeneratedField(
        expression=digest_expression("stance", "reading"),
        output_field=models.CharField(max_length=32),
        db_persist=True,
    )

    # From `with_check_state()`:
    is_checked: bool
    checked_at: datetime.datetime | None
    checked_by: str | None
    checked_basis: str | None
    checked_seen_on: Any  # a date where the basis is a page
    by_another: bool

    objects = CitationQuerySet.as_manager()
    natural_fields: ClassVar = ("fact__ref", "passage__ref")

    class Meta:
        ordering = ["fact__ref", "id"]
        verbose_name = _("citation")
        verbose_name_plural = _("citations")
        permissions = [("check_citation", _("Can check citations against their passages"))]
        constraints = [
            models.UniqueConstraint(
                fields=["fact", "passage"],
                name="citation_once",
                violation_error_message=_("This fact already cites that passage."),
            ),
            models.CheckConstraint(
                condition=Q(stance__in=["supports", "contradicts", "mentions"]),
                name="citation_stance_known",
                violation_error_message=_("The stance must be supports, contradicts or mentions."),
            ),
            models.CheckConstraint(
                condition=~Q(anchor=""),
                name="citation_anchor_given",
                violation_error_message=_("A citation needs its anchor: three to eight words of the passage."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.fact.ref} ← {self.passage.ref}"

    def natural_key(self) -> tuple[str, str]:
        return (self.fact.ref, self.passage.ref)

    natural_key.dependencies = ["relations.fact", "relations.passage"]  # type: ignore[attr-defined]

    def clean(self) -> None:
        super().clean()
        citation_errors(self)

    @property
    def original_url(self) -> str:
        """The source's address with a text fragment, so that a browser opens it at the anchor."""
        return passages.fragment_url(self.passage.source.url, self.anchor)


class CheckQuerySet(models.QuerySet):
    def counting(self) -> "CheckQuerySet":
        """Checks of today's claim, passage and reading. A lapsed one counts again when the old words return.

        A carried check that names no check it continues was not made by `carry_check` and counts for nothing; no
        constraint can say so, since a fixture's forward references load as NULL first.
        """
        return self.filter(
            ~Q(basis="carried", continues__isnull=True),
            claim_digest=F("citation__fact__digest"),
            passage_digest=F("citation__passage__digest"),
            citation_digest=F("citation__digest"),
        )

    def supporting(self, fact: Any) -> "CheckQuerySet":
        """Checks of citations that support `fact` (a pk or an OuterRef)."""
        return self.filter(citation__fact=fact, citation__stance=Citation.Stance.SUPPORTS)

    def by_second_person(self) -> "CheckQuerySet":
        """Checks by someone other than the author of the words checked; a carried check keeps its first reader.

        Where it is not known whose words they were, nobody can say that the checker is another.
        """
        return self.filter(SECOND_PERSON)


def now() -> datetime.datetime:
    """The time as a fixture can hold it: JSON dumps keep milliseconds, and a reload must change nothing."""
    instant = timezone.now()
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


class Check(models.Model):
    """One look at one citation. Append-only: a row says what was seen, and counts while that is unchanged."""

    class Basis(models.TextChoices):
        TEXT = "text", _("the passage's text")
        PAGE = "page", _("the page at its address")
        CARRIED = "carried", _("carried over a correction of wording")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    citation = models.ForeignKey(Citation, verbose_name=_("citation"), on_delete=models.CASCADE, related_name="checks")
    by = models.CharField(_("by"), max_length=150, help_text=_("The user name of who checked."))
    written_by = models.CharField(_("words by"), max_length=150, blank=True)
    at = models.DateTimeField(_("at"), default=now)
    basis = models.CharField(_("basis"), max_length=10, choices=Basis)
    claim_digest = models.CharField(_("digest of the claim"), max_length=32)
    passage_digest = models.CharField(_("digest of the passage"), max_length=64, blank=True)
    citation_digest = models.CharField(_("digest of the reading"), max_length=32)
    address = models.URLField(_("address seen"), max_length=500, blank=True)
    seen_on = models.DateField(_("seen on"), null=True, blank=True)
    continues = models.ForeignKey(
        "self",
        verbose_name=_("continues the check"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="continued_by",
    )
    note = models.CharField(_("note"), max_length=300, blank=True)

    objects = CheckQuerySet.as_manager()

    # Every column but the key and the carried check, which is set a moment later where a fixture refers forward.
    FROZEN: ClassVar = (
        "citation_id", "by", "written_by", "at", "basis", "claim_digest", "passage_digest", "citation_digest",
        "address", "seen_on", "note",
    )  # fmt: skip

    class Meta:
        ordering = ["-at", "id"]
        verbose_name = _("check")
        verbose_name_plural = _("checks")
        indexes = [models.Index(fields=["citation", "claim_digest"], name="check_of_claim")]
        constraints = [
            models.CheckConstraint(
                condition=Q(basis__in=["text", "page", "carried"]),
                name="check_basis_known",
                violation_error_message=_("The basis must be text, page or carried."),
            ),
            models.CheckConstraint(
                condition=~Q(basis="text") | ~Q(passage_digest=""),
                name="check_text_has_digest",
                violation_error_message=_("A check against the text names the digest of that text."),
            ),
            models.CheckConstraint(
                condition=~Q(basis="page") | (~Q(address="") & Q(seen_on__isnull=False)),
                name="check_page_has_address_and_date",
                violation_error_message=_("A check against a page names its address and the date it was seen."),
            ),
            models.CheckConstraint(
                condition=Q(basis="carried") | Q(continues__isnull=True),
                name="check_carried_continues",
                violation_error_message=_("Only a carried check continues another."),
            ),
            models.CheckConstraint(
                condition=~Q(by=""),
                name="check_has_checker",
                violation_error_message=_("A check names who made it."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.by}, {self.at:%Y-%m-%d}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise ValueError(f"Check {self.pk} is a record of what was done; make a new check instead.")
        super().save(*args, **kwargs)

    @property
    def by_its_author(self) -> bool:
        return self.by == self.written_by
