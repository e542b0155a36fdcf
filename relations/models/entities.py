"""What facts are about: named things, the topics of the syllabus."""

from typing import ClassVar

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from curation.fields import KeyField
from curation.natural import NaturalQuerySet
from relations.fields import NameField


class Entity(models.Model):
    """A named thing. Students know entities as *names*; a *partner* is a country or a grouping."""

    class Kind(models.TextChoices):
        COUNTRY = "country", _("country")
        GROUPING = "grouping", _("grouping")
        DIALOGUE = "dialogue", _("dialogue")
        MEETING = "meeting", _("meeting")
        AGREEMENT = "agreement", _("agreement")
        EXERCISE = "exercise", _("exercise")
        INSTITUTION = "institution", _("institution")
        TECHNOLOGY = "technology", _("technology")
        PROJECT = "project", _("project")
        PERSON = "person", _("person")
        PLACE = "place", _("place")
        CONCEPT = "concept", _("concept")

    PARTNERS: ClassVar = (Kind.COUNTRY, Kind.GROUPING)

    slug = KeyField(_("key"), unique=True, help_text=_("Part of the address; never changes."))
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    sort_key = models.CharField(max_length=200, editable=False, serialize=False, default="", db_index=True)
    name = NameField(_("name"), sort="sort_key")
    definition = models.CharField(
        _("definition"), max_length=160, blank=True, help_text=_("One line, in our own words.")
    )
    part_of = models.ForeignKey(
        "self",
        verbose_name=_("part of"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="parts",
        help_text=_("The series a meeting belongs to, or the whole a part belongs to."),
    )
    version = models.PositiveIntegerField(default=1, editable=False, serialize=False)

    objects = NaturalQuerySet.as_manager()
    natural_fields: ClassVar = ("slug",)

    class Meta:
        ordering = ["slug"]
        verbose_name = _("name")
        verbose_name_plural = _("names")
        permissions = [("import_entity", _("Can import names")), ("export_entity", _("Can export names"))]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    kind__in=[
                        "country",
                        "grouping",
                        "dialogue",
                        "meeting",
                        "agreement",
                        "exercise",
                        "institution",
                        "technology",
                        "project",
                        "person",
                        "place",
                        "concept",
                    ]
                ),
                name="entity_kind_known",
                violation_error_message=_("The kind of a name must be one of the listed kinds."),
            ),
            models.CheckConstraint(
                condition=~models.Q(name=""),
                name="entity_name_given",
                violation_error_message=_("A name cannot be empty."),
            ),
            models.CheckConstraint(
                condition=models.Q(part_of__isnull=True) | ~models.Q(part_of=models.F("id")),
                name="entity_not_part_of_itself",
                violation_error_message=_("Nothing is a part of itself: choose the series or the whole."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def natural_key(self) -> tuple[str]:
        return (self.slug,)

    def get_absolute_url(self) -> str:
        return reverse("relations:entity_detail", args=[self.slug])

    @property
    def is_partner(self) -> bool:
        return self.kind in self.PARTNERS


class Alias(models.Model):
    """Another name of an entity, as students meet it: ACSA, RPSS."""

    entity = models.ForeignKey(Entity, on_delete=models.CASCADE, related_name="aliases")
    sort_key = models.CharField(max_length=200, editable=False, serialize=False, default="", db_index=True)
    name = NameField(_("other name"), sort="sort_key")

    objects = NaturalQuerySet.as_manager()
    natural_fields: ClassVar = ("entity__slug", "name")

    class Meta:
        ordering = ["sort_key", "id"]
        verbose_name = _("other name")
        verbose_name_plural = _("other names")
        constraints = [
            models.UniqueConstraint(
                fields=["entity", "name"],
                name="alias_once",
                violation_error_message=_("This name already has that other name."),
            ),
            models.CheckConstraint(
                condition=~models.Q(name=""),
                name="alias_name_given",
                violation_error_message=_("An other name cannot be empty."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def natural_key(self) -> tuple[str, str]:
        return (self.entity.slug, self.name)

    natural_key.dependencies = ["relations.entity"]  # type: ignore[attr-defined]


class Topic(models.Model):
    """A theme of the syllabus, in a shallow tree. `position` orders siblings; it is not unique."""

    slug = KeyField(_("key"), unique=True)
    name = models.CharField(_("name"), max_length=120)
    parent = models.ForeignKey(
        "self", verbose_name=_("under"), null=True, blank=True, on_delete=models.PROTECT, related_name="children"
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    syllabus = models.CharField(_("syllabus line"), max_length=200, blank=True)
    description = models.TextField(_("description"), blank=True, help_text=_("A paragraph of our own."))

    objects = NaturalQuerySet.as_manager()
    natural_fields: ClassVar = ("slug",)

    class Meta:
        ordering = ["slug"]
        verbose_name = _("topic")
        verbose_name_plural = _("topics")
        permissions = [("import_topic", _("Can import topics")), ("export_topic", _("Can export topics"))]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(name=""),
                name="topic_name_given",
                violation_error_message=_("A topic needs a name."),
            ),
            models.CheckConstraint(
                condition=models.Q(parent__isnull=True) | ~models.Q(parent=models.F("id")),
                name="topic_not_under_itself",
                violation_error_message=_("A topic cannot stand under itself."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def natural_key(self) -> tuple[str]:
        return (self.slug,)

    def get_absolute_url(self) -> str:
        return reverse("relations:topic_detail", args=[self.slug])
