"""Revisions, and the stamp that moves with every change."""

from typing import Any, ClassVar

from django.db import connections, models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from curation.fields import KeyField


class Revision(models.Model):
    """What a record and its parts were, after one change. Serves history, `/vN/`, conflicts and undo.

    `data` is the snapshot the record's app gives (see `curation.revisions.register`). It never holds the
    text of a passage.
    """

    kind = KeyField(_("kind"), help_text=_("The model, such as relations.fact"))
    ref = KeyField(_("reference"))
    version = models.PositiveIntegerField(_("version"))
    digest = models.CharField(_("digest of the claim"), max_length=64, blank=True, db_index=True)
    data = models.JSONField(_("what it was"))
    by = models.CharField(_("by"), max_length=150, blank=True)
    at = models.DateTimeField(_("at"), default=timezone.now)
    why = models.CharField(_("why"), max_length=300, blank=True)
    batch = models.ForeignKey(
        "curation.Batch",
        verbose_name=_("bulk import"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="revisions",
        db_index=False,  # below, for those that came by a batch
    )

    class Meta:
        ordering = ["kind", "ref", "-version"]
        verbose_name = _("revision")
        verbose_name_plural = _("revisions")
        indexes = [
            models.Index(fields=["batch"], name="revision_of_batch", condition=models.Q(batch__isnull=False)),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "ref", "version"],
                name="revision_version_once",
                violation_error_message=_("This record already has a version with this number."),
            ),
        ]

    ships: ClassVar[bool] = False  # see management/commands/dumpdata.py

    def __str__(self) -> str:
        return f"{self.kind} {self.ref} v{self.version}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Revisions are written once: history that can be edited is none."""
        if not self._state.adding:
            raise ValueError(f"Revision {self} is history and is not rewritten; record a new one.")
        super().save(*args, **kwargs)


class Stamp(models.Model):
    """One row whose value rises with every change of curated content, raw SQL included (by triggers).

    Pages are cached and answered with 304 under this value. Only committed values may be used for that:
    see `curation.stamps`.
    """

    value = models.BigIntegerField()

    ships: ClassVar[bool] = False

    class Meta:
        verbose_name = _("stamp")
        verbose_name_plural = _("stamps")

    def __str__(self) -> str:
        return str(self.value)

    @classmethod
    def read(cls, using: str = "default") -> int:
        with connections[using].cursor() as cursor:
            cursor.execute(f"SELECT value FROM {cls._meta.db_table} WHERE id = 1")  # noqa: S608
            row = cursor.fetchone()
        return row[0] if row else 0
