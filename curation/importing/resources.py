"""What an app says of its sheets: a django-import-export Resource for each, in its module `resources`.

The engine takes from a Resource its fields with their widgets, `Meta.model`, `Meta.fields`, `Meta.import_id_fields`,
`get_queryset`, `before_import_row`, and what RecordResource adds. It goes through the rows in its own way, many at a
time, so it calls no other hook of the library: one that is overridden all the same is found by
`curation.importing.checks`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from typing import Any, ClassVar, NamedTuple

from django.apps import apps
from django.contrib.auth import get_permission_codename
from django.db import models
from django.utils.module_loading import module_has_submodule
from django.utils.translation import gettext as _
from import_export import fields, resources, widgets

from curation.importing.columns import Column, Kind
from curation.importing.escaping import BETWEEN

State = dict[str, Any]  # a record by the names of its columns; see `curation.importing.stored.states`


class Reference(NamedTuple):
    """That a cell names, by `key`, a row of `model` whose field `to` has that value."""

    column: str
    model: type[models.Model]
    to: str
    key: str


class Alike(NamedTuple):
    """A record much like a new one."""

    key: str
    words: str
    url: str = ""


@dataclass(frozen=True)
class Part:
    """Rows of another table that belong to a record, such as the citations of a fact.

    They stand on repeated lines of the record, and in a sheet of their own where `sheet` names it. `parent` is their
    foreign key, `identity` the column that tells one part of a record from another. A part is added or changed by
    a file, and never removed by not being in it.
    """

    name: str
    resource: type["RecordResource"]
    parent: str
    identity: str
    sheet: str = ""


class Creatable(NamedTuple):
    """What the check may make where a file names it and it is not there, if the editor asks for that.

    `kinds`: the values of its field `kind` to choose from, (value, words); () where it has none.
    """

    name: str  # of the option: "names"
    model: type[models.Model]
    words: Any
    kinds: Sequence[tuple[str, Any]] = ()

    @property
    def label(self) -> str:
        """Of the tick that asks for it."""
        return _("Create %(things)s") % {"things": self.words}


class NamedIn(NamedTuple):
    """That the text column `field` of `model` holds keys of records, in the rows that are `where`."""

    model: type[models.Model]
    field: str
    where: models.Q


class NamesField(fields.Field):
    """Several texts in one cell that are rows of a table of their own; a cell replaces all of them."""

    def __init__(self, *, name_field: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.name_field = name_field  # of the other table


def key(name: str, model: Any, to: str = "slug", **kwargs: Any) -> fields.Field:
    return fields.Field(attribute=name, column_name=name, widget=widgets.ForeignKeyWidget(model, to), **kwargs)


def keys(name: str, model: Any, to: str = "slug") -> fields.Field:
    return fields.Field(
        attribute=name, column_name=name, widget=widgets.ManyToManyWidget(model, separator=BETWEEN, field=to)
    )


def names(name: str, model: Any, field: str = "name") -> fields.Field:
    return NamesField(attribute=name, column_name=name, name_field=model._meta.get_field(field))


def told(name: str) -> fields.Field:
    """A column that an export has and an import leaves alone."""
    return fields.Field(attribute=name, column_name=name, readonly=True)


class RecordResource(resources.ModelResource):
    """One kind of record, as rows."""

    sheet: ClassVar[str] = ""  # what the sheet is called; "" for what is only a part of others
    order: ClassVar[int] = 0  # of the sheet in a workbook: what is pointed at comes first
    parts: ClassVar[tuple[Part, ...]] = ()
    kept: ClassVar[tuple[str, ...]] = ()  # fields that no cell sets and an undo must put back
    creatable: ClassVar[tuple[Creatable, ...]] = ()
    named_in: ClassVar[tuple[NamedIn, ...]] = ()  # besides foreign keys
    # A record as a template shows it, cells by column, without its key: what is of a part stands on a line for each.
    example: ClassVar[tuple[Mapping[str, str], ...]] = ()

    # --- what it is made of ---

    @property
    def model(self) -> type[models.Model]:
        return self._meta.model

    @property
    def key(self) -> str:
        """The column that names a record."""
        return self._meta.import_id_fields[0]

    @cached_property
    def columns(self) -> dict[str, Column]:
        """The columns of the record itself, read-only ones included."""
        columns = {column.name: column for column in _columns(self)}
        if type(self).mint is not RecordResource.mint:
            columns[self.key].required = False
        return columns

    @cached_property
    def written(self) -> list[Column]:
        return [column for column in self.columns.values() if not column.readonly]

    @cached_property
    def part_columns(self) -> dict[str, list[Column]]:
        return {part.name: list(_columns(part.resource(), part.name)) for part in self.parts}

    def permission(self, action: str) -> str:
        """The permission to import or export, such as “relations.import_fact”."""
        return f"{self.model._meta.app_label}.{get_permission_codename(action, self.model._meta)}"

    def labels(self) -> dict[str, str]:
        return {name: column.label for name, column in self.columns.items()}

    # --- what an app may say besides ---

    def clean_row(self, row: Any) -> None:
        """Raise ValidationError as `row.clean()` does. What it points to is at hand; ask the database for nothing."""
        row.clean()

    def clean_part(self, part: Part, row: Any) -> None:
        """The same for a part."""
        row.clean()

    def find(self, model: type[models.Model], to: str, key: str) -> Any:
        """A row that a cell or `references` named, as it will be after this file; None where there is none.

        The check binds this to what it has looked up.
        """
        raise LookupError(f"{model._meta.label} {key}: nothing is looked up outside a check.")

    def references(self, state: State) -> Iterable[Reference]:
        """Rows to `find` although no foreign key names them, once what the state's keys name is at hand."""
        return ()

    def prepare(self, states: Sequence[State]) -> None:
        """Look up what the rules of these records need, in a constant number of queries."""

    def by_other_name(self, texts: Sequence[str]) -> dict[str, list[str]]:
        """The keys of stored records that also go by one of these texts, in a constant number of queries."""
        return {}

    def names(self, state: State) -> Iterable[str]:
        """What a record of the file goes by besides its key."""
        return ()

    def fold(self, name: str) -> str:
        """By what two names are the same to `by_other_name`; "" for a text that names nothing."""
        return name

    def related(self, model: type[models.Model]) -> models.QuerySet | None:
        """How rows of `model` that are pointed at are read, where `clean_row` needs more than their own columns."""
        return None

    def settle(self, before: State | None, after: State, *, by: str) -> None:
        """Set what follows from the cells (who wrote the words, what a part is pinned to) in `after`."""

    def mint(self, state: State) -> tuple[str, int] | None:
        """(“acsa-ij-”, 3): how the next free key begins, and its digits; None where a key must be given."""
        return None

    def snapshot(self, state: State) -> dict[str, Any] | None:
        """What the history keeps of the record (`curation.revisions`), or None where it keeps nothing."""
        return None

    def digest(self, state: State) -> str:
        """Of the claim, for its revision."""
        return ""

    def alike(self, states: Mapping[int, State]) -> dict[int, Alike]:
        """For each of the new records one that is much like it, where there is one."""
        return {}

    def refresh(self, pks: Sequence[Any], *, are_new: bool) -> None:
        """Compute again what is kept computed, after these rows were written."""

    def resting(self, keys: Sequence[str]) -> Iterable[str]:
        """What counts only while these records stay as they are (checks), in words that tell one from another."""
        return ()

    def url(self, key: str) -> str:
        """Where people see the record."""
        return ""


@dataclass(frozen=True)
class Sheet:
    """A sheet: records with their parts on further lines, or (`part`) the parts alone, each naming its record."""

    name: str
    resource: RecordResource
    key: str  # the column that names the record
    own: Mapping[str, Column]
    of_parts: Mapping[str, Column]
    part: Part | None = None

    @cached_property
    def columns(self) -> dict[str, Column]:
        return {**self.own, **self.of_parts}

    @property
    def order(self) -> int:
        return self.resource.order + (1 if self.part else 0)


def _columns(resource: RecordResource, part: str = "") -> Iterator[Column]:
    chosen = resource._meta.fields or list(resource.fields)
    for name in chosen:
        field = resource.fields[name]
        model_field = resource._meta.model._meta.get_field(field.attribute)
        yield Column(name=field.column_name, field=field, model_field=model_field, kind=_kind(field), part=part)


def _kind(field: fields.Field) -> Kind:
    if isinstance(field, NamesField):
        return Kind.NAMES
    if isinstance(field.widget, widgets.ForeignKeyWidget):
        return Kind.KEY
    return Kind.KEYS if isinstance(field.widget, widgets.ManyToManyWidget) else Kind.TEXT


@cache
def found() -> dict[str, type[RecordResource]]:
    """The resources of all apps that have a sheet, by its name, in the order of a workbook."""
    classes: dict[str, type[RecordResource]] = {}
    for config in apps.get_app_configs():
        if config.module is not None and module_has_submodule(config.module, "resources"):
            for thing in vars(import_module(f"{config.name}.resources")).values():
                if isinstance(thing, type) and issubclass(thing, RecordResource) and thing.sheet:
                    classes[thing.sheet] = thing
    return dict(sorted(classes.items(), key=lambda item: (item[1].order, item[0])))


def sheets() -> dict[str, Sheet]:
    """All sheets of a workbook, in its order, with resources of their own: a check leaves things in them."""
    made: list[Sheet] = []
    for name, resource_class in found().items():
        resource = resource_class()
        of_parts = {column.name: column for columns in resource.part_columns.values() for column in columns}
        made.append(Sheet(name, resource, resource.key, resource.columns, of_parts))
        for part in resource.parts:
            if part.sheet:
                of_part = {column.name: column for column in resource.part_columns[part.name]}
                own = resource.columns[resource.key]
                owner = {part.parent: Column(part.parent, own.field, own.model_field, own.kind)}
                made.append(Sheet(part.sheet, resource, part.parent, owner, of_part, part))
    return {sheet.name: sheet for sheet in sorted(made, key=lambda sheet: sheet.order)}


def of_model(model: type[models.Model]) -> RecordResource:
    """Raises LookupError where the model has no sheet."""
    for sheet in sheets().values():
        if sheet.resource.model is model and sheet.part is None:
            return sheet.resource
    raise LookupError(f"No sheet is of {model._meta.label}.")


def sheet_of(model: type[models.Model]) -> Sheet | None:
    return next((one for one in sheets().values() if one.resource.model is model and one.part is None), None)
