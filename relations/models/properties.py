"""What a fact may say of its subject in a way that can be compared."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from curation.fields import KeyField
from curation.natural import NaturalQuerySet


class Property(models.Model):
    """A named relation of a subject to a value, such as signed-on.

    `single`: a subject has one such value at a time, so two live facts with other values contradict.
    """

    class ValueType(models.TextChoices):
        DATE = "date", _("date")
        NUMBER = "number", _("number and unit")
        ENTITY = "entity", _("name")
        CHOICE = "choice", _("choice")
        TEXT = "text", _("text")

    class DateMeans(models.TextChoices):
        HAPPENED = "happened", _("when it happened")
        AS_OF = "as-of", _("as of when it holds")
        PERIOD = "period", _("the period it speaks of")
        SAID = "said", _("when it was said")

    key = KeyField(_("key"), unique=True)
    name = models.CharField(_("name"), max_length=120)
    value_type = models.CharField(_("type of value"), max_length=10, choices=ValueType)
    unit = models.CharField(_("usual unit"), max_length=60, blank=True)
    single = models.BooleanField(_("one value at a time"), default=False)
    date_means = models.CharField(_("what the date means"), max_length=10, choices=DateMeans)
    choices = models.TextField(_("choices"), blank=True, help_text=_("One on each line."))

    objects = NaturalQuerySet.as_manager()
    natural_fields: ClassVar = ("key",)

    class Meta:
        ordering = ["key"]
        verbose_name = _("property")
        verbose_name_plural = _("properties")
        constraints = [
            models.CheckConstraint(
                condition=Q(value_type__in=["date", "number", "entity", "choice", "text"]),
                name="property_value_type_known",
                violation_error_message=_("The type of value must be date, number, entity, choice or text."),
            ),
            models.CheckConstraint(
                condition=Q(date_means__in=["happened", "as-of", "period", "said"]),
                name="property_date_means_known",
                violation_error_message=_("The date must mean happened, as-of, period or said."),
            ),
            models.CheckConstraint(
                condition=~Q(value_type="choice") | ~Q(choices=""),
                name="property_choice_has_choices",
                violation_error_message=_("A property of type choice needs its choices, one on each line."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def natural_key(self) -> tuple[str]:
        return (self.key,)

    @property
    def choice_list(self) -> list[str]:
        return [line.strip() for line in self.choices.splitlines() if line.strip()]
