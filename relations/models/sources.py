"""Documents, and their passages."""

from typing import ClassVar

from django.db import models
from django.db.models import Case, Q, Value, When
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from curation.fields import KeyField
from curation.natural import NaturalQuerySet
from relations import passages
from relations.fields import EdtfField, bound_field
from relations.models.entities import Entity


class Source(models.Model):
    """A document that facts are taken from."""

    class Kind(models.TextChoices):
        OFFICIAL = "official", _("Official statement")
        TREATY = "treaty", _("Treaty")
        PRESS = "press", _("Press report")
        OPINION = "opinion", _("Opinion")
        STUDY_NOTE = "study-note", _("Study note")
        MODEL_ANSWER = "model-answer", _("Model answer")
        BLOG = "blog", _("Blog")
        BRIEFING = "briefing", _("Briefing")

    class Tier(models.TextChoices):
        PRIMARY = "primary", _("primary")
        SECONDARY = "secondary", _("secondary")
        TERTIARY = "tertiary", _("tertiary")

    class Rights(models.TextChoices):
        FULL = "full", _("the full text may be shown")
        QUOTATION = "quotation", _("a short quotation may be shown")
        LINK = "link", _("the link alone")

    slug = KeyField(_("key"), unique=True, help_text=_("Part of the address; never changes."))
    title = models.CharField(_("title"), max_length=300)
    publisher = models.CharField(_("publisher"), max_length=200)
    byline = models.CharField(_("by, as printed"), max_length=200, blank=True)
    authors = models.ManyToManyField(
        Entity,
        verbose_name=_("whose own text this is"),
        blank=True,
        related_name="writings",
        help_text=_("People or bodies whose views this document may prove."),
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    tier_override = models.CharField(_("tier, if not the kind's own"), max_length=10, choices=Tier, blank=True)
    tier_reason = models.CharField(_("why another tier"), max_length=300, blank=True)
    tier = models.GeneratedField(
        expression=Case(
            When(~Q(tier_override=""), then="tier_override"),
            When(kind__in=["official", "treaty"], then=Value("primary")),
            When(kind__in=["press", "opinion"], then=Value("secondary")),
            default=Value("tertiary"),
        ),
        output_field=models.CharField(max_length=10, choices=Tier),
        db_persist=True,
    )
    published_earliest = bound_field()
    published_latest = bound_field()
    published = EdtfField(
        _("published"),
        earliest="published_earliest",
        latest="published_latest",
        blank=True,
        help_text=_("EDTF: 2024-08-20, 2024-08, [2024-08..2024-09]; empty where nothing is known."),
    )
    date_known = models.TextField(_("what is known of its date and publisher"), blank=True)
    language = models.CharField(_("language"), max_length=35, default="en", help_text=_("BCP 47: en, hi, ja"))
    rights = models.CharField(_("rights"), max_length=10, choices=Rights, default=Rights.LINK)
    url = models.URLField(_("address"), max_length=500, blank=True)
    copy_of = models.ForeignKey(
        "self",
        verbose_name=_("copy of"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="copies",
        help_text=_("The document this one repeats; the two count once."),
    )
    derived_from = models.ManyToManyField(
        "self",
        verbose_name=_("derived from"),
        symmetrical=False,
        blank=True,
        related_name="derivatives",
        help_text=_("Documents this one leans on; it does not count as independent of them."),
    )
    reliability = models.TextField(_("how reliable"), blank=True)
    sha256 = models.CharField(
        _("SHA-256 of the text file"), max_length=64, blank=True, help_text=_("Of the plain text kept by the editors.")
    )
    note = models.TextField(_("note for editors"), blank=True)
    version = models.PositiveIntegerField(default=1, editable=False, serialize=False)

    objects = NaturalQuerySet.as_manager()
    natural_fields: ClassVar = ("slug",)

    class Meta:
        ordering = ["slug"]
        verbose_name = _("source")
        verbose_name_plural = _("sources")
        permissions = [
            ("attach_text", _("Can attach the text of a source")),
            ("import_source", _("Can import sources")),
            ("export_source", _("Can export sources")),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    kind__in=[
                        "official",
                        "treaty",
                        "press",
                        "opinion",
                        "study-note",
                        "model-answer",
                        "blog",
                        "briefing",
                    ]
                ),
                name="source_kind_known",
                violation_error_message=_("The kind of a source must be one of the listed kinds."),
            ),
            models.CheckConstraint(
                condition=Q(tier_override__in=["", "primary", "secondary", "tertiary"]),
                name="source_tier_known",
                violation_error_message=_("The tier must be primary, secondary or tertiary."),
            ),
            models.CheckConstraint(
                condition=Q(tier_override="") | ~Q(tier_reason=""),
                name="source_tier_has_reason",
                violation_error_message=_("Say why this source has another tier than its kind."),
            ),
            models.CheckConstraint(
                condition=Q(rights__in=["full", "quotation", "link"]),
                name="source_rights_known",
                violation_error_message=_("Rights must be full, quotation or link."),
            ),
            models.CheckConstraint(
                condition=~Q(title="") & ~Q(publisher=""),
                name="source_title_and_publisher_given",
                violation_error_message=_("A source needs a title and a publisher."),
            ),
            models.CheckConstraint(
                condition=Q(copy_of__isnull=True) | ~Q(copy_of=models.F("id")),
                name="source_not_copy_of_itself",
                violation_error_message=_("A source cannot be a copy of itself."),
            ),
            models.UniqueConstraint(
                fields=["sha256"],
                condition=~Q(sha256=""),
                name="source_text_once",
                violation_error_message=_("Another source already has the text with this SHA-256."),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def natural_key(self) -> tuple[str]:
        return (self.slug,)

    def get_absolute_url(self) -> str:
        return reverse("relations:source_detail", args=[self.slug])


class Passage(models.Model):
    """A numbered paragraph of a source: a line of its plain text for which `line.strip()` is not empty.

    `ref` never changes; `number` does when a new text is attached, so it is not unique (a swap of two
    would break a reload) and is null where the text was never at hand. `digest` is that of the
    normalised text (`relations.passages.digest`), empty where unknown.
    """

    class Role(models.TextChoices):
        BODY = "body", _("body")
        HEADING = "heading", _("heading")
        LEAD_IN = "lead-in", _("lead-in")
        CAPTION = "caption", _("caption")
        NOISE = "noise", _("noise")

    source = models.ForeignKey(Source, verbose_name=_("source"), on_delete=models.PROTECT, related_name="passages")
    ref = KeyField(_("reference"), unique=True, max_length=120, parted=True)
    number = models.PositiveIntegerField(_("paragraph"), null=True, blank=True)
    heading = models.CharField(_("heading"), max_length=300, blank=True, help_text=_("Path, parted by “ › ”."))
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.BODY)
    label = models.CharField(
        _("the document's own label"), max_length=40, blank=True, help_text=_("3, Article II, p. 14")
    )
    digest = models.CharField(_("digest of its text"), max_length=64, blank=True)

    objects = NaturalQuerySet.as_manager()
    natural_fields: ClassVar = ("ref",)

    class Meta:
        ordering = ["source__slug", "number", "ref"]
        verbose_name = _("passage")
        verbose_name_plural = _("passages")
        permissions = [("import_passage", _("Can import passages")), ("export_passage", _("Can export passages"))]
        indexes = [models.Index(fields=["source", "number"], name="passage_in_source")]
        constraints = [
            models.CheckConstraint(
                condition=Q(role__in=["body", "heading", "lead-in", "caption", "noise"]),
                name="passage_role_known",
                violation_error_message=_("The role must be body, heading, lead-in, caption or noise."),
            ),
            models.CheckConstraint(
                condition=Q(number__isnull=True) | Q(number__gte=1),
                name="passage_number_from_one",
                violation_error_message=_("Paragraphs are counted from 1."),
            ),
        ]

    def __str__(self) -> str:
        return self.ref

    def natural_key(self) -> tuple[str]:
        return (self.ref,)

    natural_key.dependencies = ["relations.source"]  # type: ignore[attr-defined]

    @property
    def place(self) -> str:
        """Its number or label, as one says it: “paragraph 9”, “3”; empty where neither is known."""
        if self.label:
            return self.label
        return str(_("paragraph %(number)s") % {"number": self.number}) if self.number else ""

    @property
    def fragment(self) -> str:
        """The id of its place on the page of its source."""
        return f"p{self.number}" if self.number else self.ref.rsplit("/", 1)[-1]

    def get_absolute_url(self) -> str:
        return f"{self.source.get_absolute_url()}#{self.fragment}"


class PassageText(models.Model):
    """The text of a passage, kept where an editor attached it. Never in a fixture, a revision or an export."""

    passage = models.OneToOneField(Passage, on_delete=models.CASCADE, primary_key=True, related_name="kept_text")
    text = models.TextField(_("text"))

    ships: ClassVar[bool] = False

    class Meta:
        verbose_name = _("text of a passage")
        verbose_name_plural = _("texts of passages")

    def __str__(self) -> str:
        return str(self.passage_id)

    @property
    def digest(self) -> str:
        return passages.digest(self.text)
