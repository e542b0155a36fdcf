"""Facts and sources as rows of a spreadsheet, by their natural keys."""

import re
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db.models import QuerySet
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from import_export import fields, resources, widgets
from import_export.results import Error, RowResult

from curation import consequences, differences, revisions, stamps
from relations import grading
from relations.models import Entity, Fact, Property, Source, Topic
from relations.refs import next_ref

# What a spreadsheet would run as a formula, or would be taken for an escape of one: an apostrophe goes before
# it on the way out and comes off on the way in, so that every text survives the round trip.
FORMULA = re.compile(r"'*[=+\-@\t\r]")


def escaped(text: str) -> str:
    return f"'{text}" if FORMULA.match(text) else text


def unescaped(text: str) -> str:
    return text[1:] if text.startswith("'") and FORMULA.match(text[1:]) else text


class KeyWidget(widgets.ForeignKeyWidget):
    """A row of another table by its key; an unknown key is named."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        try:
            return super().clean(value, row, **kwargs)
        except ObjectDoesNotExist:
            raise ValueError(unknown_keys(self.model, [str(value)])) from None


class KeysWidget(widgets.ManyToManyWidget):
    """Rows of another table by their keys, parted by commas."""

    def __init__(self, model: Any, field: str = "slug", only: QuerySet | None = None) -> None:
        super().__init__(model, separator=",", field=field)
        self.only = only

    def rows(self) -> QuerySet:
        return self.model.objects.all() if self.only is None else self.only.all()

    def keys(self, value: Any) -> list[str]:
        return [key.strip() for key in str(value or "").split(",") if key.strip()]

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        return self.rows().filter(**{f"{self.field}__in": self.keys(value)})

    def unknown(self, value: Any) -> list[str]:
        keys = self.keys(value)
        known = set(self.rows().filter(**{f"{self.field}__in": keys}).values_list(self.field, flat=True))
        return [key for key in keys if key not in known]


def unknown_keys(model: Any, keys: list[str]) -> str:
    return _("%(keys)s: no %(thing)s has this key. Add it first, or correct the key.") % {
        "keys": ", ".join(f"“{key}”" for key in keys),
        "thing": model._meta.verbose_name,
    }


def key(name: str, model: Any, to: str = "slug", **kwargs: Any) -> fields.Field:
    return fields.Field(attribute=name, column_name=name, widget=KeyWidget(model, to), **kwargs)


def keys(name: str, model: Any, only: QuerySet | None = None) -> fields.Field:
    return fields.Field(attribute=name, column_name=name, widget=KeysWidget(model, only=only))


class Difference(resources.Diff):
    """The change of each cell as <del> and <ins>; the library's own has inline styles."""

    def as_html(self) -> list[str]:
        return [_marked(before, after) for before, after in zip(self.left, self.right, strict=False)]


def _marked(before: Any, after: Any) -> str:
    tags = {differences.REMOVED: "<del>{}</del> ", differences.ADDED: "<ins>{}</ins> ", differences.KEPT: "{}"}
    old, new = ("" if value is None else str(value) for value in (before, after))
    if not old:
        return format_html("{}", new)
    return format_html_join(
        "", "{}", ((format_html(tags[kind], text),) for kind, text in differences.by_word(old, new))
    )


class RowError(Error):
    """What stopped a row, for people: our own words, never those of the database."""

    @property
    def words(self) -> str:
        if isinstance(self.error, ValidationError):
            return " ".join(self.error.messages)
        if isinstance(self.error, (ValueError, KeyError)):
            return str(self.error.args[0])
        return _("This row could not be read. Compare its cells with a row that you export.")


class RecordResource(resources.ModelResource):
    """Rows that are records: checked as a form checks them, and kept in the history."""

    readonly_columns: tuple[str, ...] = ()

    @classmethod
    def get_diff_class(cls) -> type[Difference]:
        return Difference

    @classmethod
    def get_error_result_class(cls) -> type[RowError]:
        return RowError

    def import_data(self, dataset: Any, dry_run: bool = False, **kwargs: Any) -> Any:
        """A dry run, which is the preview, also finds what the rows would take from students (`result.losses`)."""
        if not dry_run:
            return super().import_data(dataset, dry_run, **kwargs)
        before = self.seen_after = consequences.seen()
        result = super().import_data(dataset, dry_run, **kwargs)
        result.losses = [one for one in consequences.between(before, self.seen_after) if one.leaving]
        return result

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        """Refuse a misspelt column: the library would leave it out without a word."""
        stamps.hold()  # before any row: see `stamps.writing`
        known = {one.column_name for one in self.get_user_visible_fields()}
        if unknown := [str(header) for header in dataset.headers or [] if header not in known]:
            raise ValidationError(
                _("Unknown column: %(found)s. The columns are: %(known)s.")
                % {"found": ", ".join(f"“{one}”" for one in unknown), "known": ", ".join(sorted(known))}
            )

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        for name, value in row.items():
            if isinstance(value, str):
                row[name] = unescaped(value)
        self._refuse_unknown_keys(row)

    def _refuse_unknown_keys(self, row: Any) -> None:
        errors = {}
        for name, one in self.fields.items():
            if isinstance(one.widget, KeysWidget) and (unknown := one.widget.unknown(row.get(one.column_name))):
                errors[name] = unknown_keys(one.widget.model, unknown)
        if errors:
            raise ValidationError(errors)

    def after_import(self, dataset: Any, result: Any, **kwargs: Any) -> None:
        super().after_import(dataset, result, **kwargs)
        wrote = {RowResult.IMPORT_TYPE_NEW, RowResult.IMPORT_TYPE_UPDATE}
        pks = [row.object_id for row in result.rows if row.import_type in wrote and row.object_id]
        why = _("Imported from %(file)s") % {"file": kwargs.get("file_name") or _("a file")}
        revisions.record_many(self._meta.model, pks, by=_username(kwargs), why=why[:300])
        self.refresh(pks)
        if kwargs.get("dry_run"):
            self.seen_after = consequences.seen()

    def refresh(self, pks: list[Any]) -> None:
        """Compute again what is kept computed, after the rows `pks` were written."""

    def export_field(self, field: Any, instance: Any, **kwargs: Any) -> Any:
        value = super().export_field(field, instance, **kwargs)
        return escaped(value) if isinstance(value, str) else value


def _username(kwargs: dict[str, Any]) -> str:
    user = kwargs.get("user")
    return user.get_username() if user else ""


class FactResource(RecordResource):
    """A new fact arrives as a draft; status, evidence and version are told, never taken."""

    subject = key("subject", Entity)
    whose = key("whose", Entity)
    property = key("property", Property, "key")
    partners = keys("partners", Entity, Entity.objects.filter(kind__in=Entity.PARTNERS))
    topics = keys("topics", Topic)
    outcome = key("outcome", Fact, "ref")
    superseded_by = key("superseded_by", Fact, "ref")
    status = fields.Field(attribute="status", column_name="status", readonly=True)
    evidence = fields.Field(attribute="evidence", column_name="evidence", readonly=True)
    version = fields.Field(attribute="version", column_name="version", readonly=True)

    class Meta:
        model = Fact
        import_id_fields = ["ref"]
        fields = (
            "ref", "subject", "statement", "modality", "whose", "date", "property", "value", "unit", "validity",
            "review_by", "partners", "topics", "rank", "outcome", "verdict", "superseded_by", "note",
            "status", "evidence", "version",
        )  # fmt: skip
        export_order = fields
        clean_model_instances = True
        skip_unchanged = True
        report_skipped = True
        use_transactions = True

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        super().before_import_row(row, **kwargs)
        if not row.get("ref") and (subject := Entity.objects.filter(slug=row.get("subject") or "").first()):
            row["ref"] = next_ref(subject)

    def before_save_instance(self, instance: Fact, row: Any, **kwargs: Any) -> None:
        if instance.pk is None or instance.claim_digest != instance.digest:
            instance.written_by = _username(kwargs)

    def refresh(self, pks: list[Any]) -> None:
        grading.refresh(pks)

    def filter_export(self, queryset: QuerySet, **kwargs: Any) -> QuerySet:
        return queryset.select_related("subject", "whose", "property", "outcome", "superseded_by").prefetch_related(
            "partners", "topics"
        )


class SourceResource(RecordResource):
    authors = keys("authors", Entity)
    copy_of = key("copy_of", Source)
    derived_from = keys("derived_from", Source)
    tier = fields.Field(attribute="tier", column_name="tier", readonly=True)
    version = fields.Field(attribute="version", column_name="version", readonly=True)

    class Meta:
        model = Source
        import_id_fields = ["slug"]
        fields = (
            "slug", "title", "publisher", "byline", "authors", "kind", "tier_override", "tier_reason", "published",
            "date_known", "language", "rights", "url", "copy_of", "derived_from", "reliability", "sha256", "note",
            "tier", "version",
        )  # fmt: skip
        export_order = fields
        clean_model_instances = True
        skip_unchanged = True
        report_skipped = True
        use_transactions = True

    def refresh(self, pks: list[Any]) -> None:
        grading.refresh()

    def filter_export(self, queryset: QuerySet, **kwargs: Any) -> QuerySet:
        return queryset.select_related("copy_of").prefetch_related("authors", "derived_from")
