"""Bulk imports and their undoing: the file, what each of its rows would do, and what was done.

A batch is first checked, which writes nothing but its rows; they are the preview. Confirming applies exactly
these rows in one transaction, in which the batch's state turns, too.
"""

import datetime
import uuid
from typing import Any, ClassVar

from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Upload(models.Model):
    """A file as it came, kept in parts until it expires. Its name is shown, and never leads to a file."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("file name"), max_length=255)
    size = models.PositiveBigIntegerField(_("bytes"), default=0)
    sha256 = models.CharField(_("SHA-256"), max_length=64, blank=True)
    by = models.CharField(_("by"), max_length=150)
    at = models.DateTimeField(_("at"), default=timezone.now)
    expires_at = models.DateTimeField(_("kept until"), db_index=True)

    ships: ClassVar[bool] = False

    class Meta:
        default_permissions = ()
        verbose_name = _("uploaded file")
        verbose_name_plural = _("uploaded files")

    def __str__(self) -> str:
        return self.name


class UploadPart(models.Model):
    """At most one mebibyte of an upload."""

    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="parts", db_index=False)
    number = models.PositiveIntegerField()
    data = models.BinaryField()

    ships: ClassVar[bool] = False

    class Meta:
        default_permissions = ()
        ordering = ["upload", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["upload", "number"],
                name="upload_part_once",
                violation_error_message=_("This part of the file is already kept."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.upload_id} {self.number}"


class Batch(models.Model):
    """One bulk import, or the undoing of one."""

    class Kind(models.TextChoices):
        IMPORT = "import", _("import")
        UNDO = "undo", _("undo")

    class State(models.TextChoices):
        MAPPING = "mapping", _("columns to be matched")
        WAITING = "waiting", _("waiting to be checked")
        CHECKING = "checking", _("being checked")
        PREVIEW = "preview", _("checked, waiting for you")
        CONFIRMED = "confirmed", _("waiting to be applied")
        APPLYING = "applying", _("applying")
        APPLIED = "applied", _("applied")
        STALE = "stale", _("refused: rows changed since the preview")
        REFUSED = "refused", _("refused")
        CANCELLED = "cancelled", _("cancelled")
        INTERRUPTED = "interrupted", _("interrupted, nothing written")  # derived, never stored: see `shown_state`

    AT_WORK: ClassVar = (State.CHECKING, State.APPLYING)

    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.IMPORT)
    undoes = models.ForeignKey(
        "self", verbose_name=_("undoes"), null=True, blank=True, on_delete=models.PROTECT, related_name="undone_by"
    )
    target = models.CharField(_("of"), max_length=40, help_text=_("A sheet's name, such as facts; or workbook"))
    upload = models.ForeignKey(Upload, null=True, blank=True, on_delete=models.SET_NULL, related_name="batches")
    file_name = models.CharField(_("file"), max_length=255, blank=True)
    sha256 = models.CharField(_("SHA-256 of the file"), max_length=64, blank=True)
    by = models.CharField(_("by"), max_length=150)
    created_at = models.DateTimeField(_("at"), default=timezone.now)
    expires_at = models.DateTimeField(_("kept until"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.WAITING)
    # What was found in the file: {"words": ["UTF-8 with BOM", …], "sheets": [{"name", "headers", "ignored", …}], …}
    found = models.JSONField(default=dict, blank=True)
    mapping = models.JSONField(default=dict, blank=True)  # {sheet: {header of the file: column, or "" to leave out}}
    options = models.JSONField(default=dict, blank=True)  # {"create": {"entities": "country", "topics": true}}
    without = models.JSONField(default=list, blank=True)  # [[sheet, row number], …] that a new preview leaves out
    stamp = models.BigIntegerField(default=0)  # the state of the content that the rows were checked against
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)  # 0: not known yet
    counts = models.JSONField(default=dict, blank=True)  # {sheet: {kind of row: how many}}
    losses = models.JSONField(default=list, blank=True)  # [{"kind", "name", "leaving": [[key, words]], "returning": …}]
    stale = models.JSONField(
        default=list, blank=True
    )  # [{"row", "key", "before", "now", "after"}] of a refused confirm
    problem = models.TextField(_("what stopped it"), blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    lease = models.UUIDField(null=True, blank=True)
    cancelling = models.BooleanField(default=False)
    checked_at = models.DateTimeField(_("checked at"), null=True, blank=True)
    applied_at = models.DateTimeField(_("applied at"), null=True, blank=True)
    applied_by = models.CharField(_("confirmed by"), max_length=150, blank=True)

    ships: ClassVar[bool] = False

    class Meta:
        ordering = ["-pk"]
        default_permissions = ("view",)
        permissions = [
            ("confirm_batch", _("Can confirm bulk imports")),
            ("undo_batch", _("Can undo bulk imports")),
        ]
        verbose_name = _("bulk import")
        verbose_name_plural = _("bulk imports")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind="import", undoes__isnull=True) | models.Q(kind="undo", undoes__isnull=False),
                name="batch_undo_names_batch",
                violation_error_message=_("An undo names the batch it undoes, and an import none."),
            ),
            models.CheckConstraint(
                condition=~models.Q(state="applied") | models.Q(applied_at__isnull=False),
                name="batch_applied_has_time",
                violation_error_message=_("An applied batch says when it was applied."),
            ),
        ]

    def __str__(self) -> str:
        return str(_("Batch %(number)s") % {"number": self.pk})

    def get_absolute_url(self) -> str:
        return reverse("admin:curation_batch_change", args=[self.pk])

    @property
    def lease_ran_out(self) -> bool:
        """It was being worked on, and whoever did has not been heard of: they can write nothing any more."""
        return self.state in self.AT_WORK and (self.lease_until is None or self.lease_until < timezone.now())

    @property
    def shown_state(self) -> "Batch.State":
        return self.State.INTERRUPTED if self.lease_ran_out else self.State(self.state)

    @property
    def has_expired(self) -> bool:
        """Its file and its preview are no longer kept, or soon will not be."""
        return self.state != self.State.APPLIED and self.expires_at is not None and self.expires_at < timezone.now()

    def count(self, *kinds: str) -> int:
        return sum(of_sheet.get(kind, 0) for of_sheet in self.counts.values() for kind in kinds)

    def step(self, what: "Step.What", *, by: str = "", detail: str = "") -> "Step":
        return self.steps.create(what=what, by=by or self.by, detail=detail[:1000])


class Step(models.Model):
    """The audit trail of a batch: who did what, and when. Append-only."""

    class What(models.TextChoices):
        UPLOADED = "uploaded", _("uploaded")
        MAPPED = "mapped", _("columns matched")
        PLANNED = "planned", _("undo asked for")
        STARTED = "started", _("check started")
        CHECKED = "checked", _("checked")
        CANCELLED = "cancelled", _("cancelled")
        CONFIRMED = "confirmed", _("confirmed")
        APPLIED = "applied", _("applied")
        STALE = "stale", _("refused: rows had changed")
        REFUSED = "refused", _("refused")
        AGAIN = "again", _("new preview")
        DOWNLOADED = "downloaded", _("downloaded")
        EXPIRED = "expired", _("expired")

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="steps")
    at = models.DateTimeField(_("at"), default=timezone.now)
    by = models.CharField(_("by"), max_length=150, blank=True)
    what = models.CharField(_("what"), max_length=12, choices=What)
    detail = models.TextField(_("detail"), blank=True)

    ships: ClassVar[bool] = False

    class Meta:
        ordering = ["pk"]
        default_permissions = ()
        verbose_name = _("step of a bulk import")
        verbose_name_plural = _("steps of bulk imports")

    def __str__(self) -> str:
        return f"{self.batch_id}: {self.what}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise ValueError(f"Step {self.pk} is a record of what was done and is not rewritten.")
        super().save(*args, **kwargs)


class Row(models.Model):
    """What one record of the file, on one or several lines, does to the content: the preview, and the undo record.

    `before` and `after` are states of the record (see `curation.importing.stored.states`), by names of its columns.
    """

    class Kind(models.TextChoices):
        NEW = "new", _("new")
        CHANGED = "changed", _("changed")
        SAME = "same", _("same")
        REJECTED = "rejected", _("rejected")
        REMOVED = "removed", _("removed")  # of an undo
        KEPT = "kept", _("kept")  # of an undo: left as it is, and `problems` say why

    WRITTEN: ClassVar = (Kind.NEW, Kind.CHANGED, Kind.REMOVED)

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="rows", db_index=False)
    sheet = models.CharField(max_length=40)
    number = models.PositiveIntegerField(_("row"))  # as the spreadsheet counts: the header is row 1
    last_number = models.PositiveIntegerField()  # of a record on several lines; else `number`
    kind = models.CharField(max_length=10, choices=Kind)
    key = models.CharField(max_length=250, blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    problems = models.JSONField(null=True)  # [{"row": 7, "column": "topics", "value": "defense", "message": "…"}, …]
    notes = models.JSONField(null=True)  # [{"message": "…", "url": ""}, …]: read by an alias, possible duplicate, …

    ships: ClassVar[bool] = False

    class Meta:
        default_permissions = ()
        ordering = ["pk"]
        verbose_name = _("row of a bulk import")
        verbose_name_plural = _("rows of bulk imports")
        indexes = [
            models.Index(fields=["batch", "kind"], name="row_of_kind"),
            models.Index(fields=["batch", "sheet", "key"], name="row_by_key"),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id} {self.sheet} {self.number}"


def after(**interval: float) -> datetime.datetime:
    """That long from now: `after(days=7)`."""
    return timezone.now() + datetime.timedelta(**interval)
