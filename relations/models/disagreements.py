"""Where sources disagree."""

from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from curation.fields import KeyField
from curation.natural import NaturalQuerySet
from relations.models.citations import Check
from relations.models.facts import Fact


class DisagreementQuerySet(NaturalQuerySet):
    def visible(self) -> "DisagreementQuerySet":
        """Those of which students may see two sides; a side whose fact is not visible is left out."""
        shown = Side.objects.filter(Exists(Fact.objects.visible().filter(pk=OuterRef("fact"))))
        counted = shown.filter(disagreement=OuterRef("pk")).order_by().values("disagreement").values(sides=Count("pk"))
        return self.alias(shown_sides=Subquery(counted)).filter(shown_sides__gte=2)


class Disagreement(models.Model):
    """A set of facts that cannot all be true, the question they answer, and how it is settled."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        SETTLED = "settled", _("settled")
        STANDING = "standing", _("both stand, as views")

    KINDS: ClassVar = (
        "documents_disagree", "overtaken", "differs_from_record", "misleading_wording", "interpretation",
    )  # fmt: skip

    slug = KeyField(_("key"), unique=True)
    question = models.CharField(_("question"), max_length=250)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    documents_disagree = models.BooleanField(_("documents disagree"), default=False)
    overtaken = models.BooleanField(_("overtaken by events"), default=False)
    differs_from_record = models.BooleanField(_("differs from the public record"), default=False)
    misleading_wording = models.BooleanField(_("wording likely to mislead"), default=False)
    interpretation = models.BooleanField(_("a matter of interpretation"), default=False)
    facts = models.ManyToManyField(Fact, through="Side", related_name="disagreements", verbose_name=_("facts"))
    preferred = models.ForeignKey(
        Fact, verbose_name=_("preferred"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.TextField(_("reason"), blank=True)
    what_to_write = models.TextField(_("what to write in the examination"), blank=True)
    version = models.PositiveIntegerField(default=1, editable=False, serialize=False)

    objects = DisagreementQuerySet.as_manager()
    natural_fields: ClassVar = ("slug",)

    class Meta:
        ordering = ["slug"]
        verbose_name = _("disagreement")
        verbose_name_plural = _("disagreements")
        permissions = [("settle_disagreement", _("Can settle disagreements"))]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["open", "settled", "standing"]),
                name="disagreement_state_known",
                violation_error_message=_("The state must be open, settled or standing."),
            ),
            models.CheckConstraint(
                condition=~Q(state="settled") | (Q(preferred__isnull=False) & ~Q(reason="")),
                name="disagreement_settled_has_reason",
                violation_error_message=_("A settled disagreement names the preferred fact and the reason."),
            ),
            models.CheckConstraint(
                condition=~Q(question=""),
                name="disagreement_question_given",
                violation_error_message=_("A disagreement needs the question its facts answer."),
            ),
        ]

    def __str__(self) -> str:
        return self.question

    def natural_key(self) -> tuple[str]:
        return (self.slug,)

    natural_key.dependencies = ["relations.fact"]  # type: ignore[attr-defined]

    def clean(self) -> None:
        """A fact settles only when a second person has checked it, as only then it decides a key (`deciding()`)."""
        super().clean()
        if self.state != self.State.SETTLED or self.preferred is None or settings.SECOND_PERSON == "never":
            return
        if not Check.objects.counting().supporting(self.preferred_id).by_second_person().exists():
            raise ValidationError(
                {
                    "preferred": _(
                        "%(ref)s cannot settle it yet: someone other than the author of its wording must check one of "
                        "its citations. Leave the disagreement open until then."
                    )
                    % {"ref": self.preferred.ref}
                }
            )

    def get_absolute_url(self) -> str:
        return reverse("relations:disagreement_detail", args=[self.slug])

    @property
    def kinds(self) -> list[str]:
        """What kind of disagreement it is, in words."""
        fields = {field.name: field for field in self._meta.fields}
        return [str(fields[name].verbose_name) for name in self.KINDS if getattr(self, name)]


class Side(models.Model):
    """One fact's part in a disagreement."""

    class Outcome(models.TextChoices):
        PREFERRED = "preferred", _("Preferred")
        NOT_BORNE_OUT = "not-borne-out", _("Not borne out")
        OVERTAKEN = "overtaken", _("Overtaken")
        OPEN = "open", _("Still open")

    disagreement = models.ForeignKey(Disagreement, on_delete=models.CASCADE, related_name="sides")
    fact = models.ForeignKey(Fact, verbose_name=_("fact"), on_delete=models.PROTECT, related_name="sides")
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    outcome = models.CharField(_("how it came out"), max_length=15, choices=Outcome, default=Outcome.OPEN)

    objects = NaturalQuerySet.as_manager()
    natural_fields: ClassVar = ("disagreement__slug", "fact__ref")

    class Meta:
        ordering = ["position", "id"]
        verbose_name = _("side")
        verbose_name_plural = _("sides")
        constraints = [
            models.UniqueConstraint(
                fields=["disagreement", "fact"],
                name="side_once",
                violation_error_message=_("This fact is already a side of that disagreement."),
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=["preferred", "not-borne-out", "overtaken", "open"]),
                name="side_outcome_known",
                violation_error_message=_("A side is preferred, not-borne-out, overtaken or open."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.disagreement.slug}: {self.fact.ref}"

    def natural_key(self) -> tuple[str, str]:
        return (self.disagreement.slug, self.fact.ref)

    natural_key.dependencies = ["relations.disagreement", "relations.fact"]  # type: ignore[attr-defined]
