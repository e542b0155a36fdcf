"""System checks: what a Resource says, and the engine would pass over in silence, is an error at start."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.core.checks import CheckMessage, Error
from django.core.exceptions import FieldDoesNotExist
from import_export import fields, resources, widgets

from curation.importing.planning import constraints
from curation.importing.resources import RecordResource, found

# Of the library's own, what the engine calls or reads; `get_queryset` decides what an export shows.
HONOURED = frozenset({"before_import_row", "get_queryset", "get_display_name", "fields", "DEFAULT_RESOURCE_FIELD"})
LIBRARY = frozenset(name for name in dir(resources.ModelResource) if not name.startswith("__")) - HONOURED
FIELD_HOOKS = ("clean", "get_value", "save", "export")
RELATION_HOOKS = ("get_queryset", "clean", "get_lookup_kwargs", "get_instance_by_lookup_fields", "render")


def check_resources(**kwargs: Any) -> list[CheckMessage]:
    """Every Resource that is found, and those of its parts."""
    classes = [one for resource in found().values() for one in (resource, *(part.resource for part in resource.parts))]
    return [message for resource in dict.fromkeys(classes) for message in of_resource(resource)]


def of_resource(resource: type[RecordResource]) -> Iterator[CheckMessage]:
    yield from _hooks(resource)
    yield from _fields(resource)
    try:
        constraints.compiled(resource._meta.model)
        constraints.unique_sets(resource._meta.model)
    except NotImplementedError as error:
        yield Error(str(error), obj=resource, id="curation.E004")


def _hooks(resource: type[RecordResource]) -> Iterator[CheckMessage]:
    own = [one for one in resource.__mro__ if issubclass(one, RecordResource) and one is not RecordResource]
    overridden = {name for one in own for name in vars(one)}
    silent = sorted((overridden & LIBRARY) | {name for name in overridden if name.startswith("dehydrate_")})
    for name in silent:
        if name in ("_meta", "fields"):
            continue
        yield Error(
            f"{resource.__name__}.{name} overrides a hook of django-import-export that the import never calls.",
            hint="Use what curation.importing.resources.RecordResource offers (settle, clean_row, references, …).",
            obj=resource,
            id="curation.E001",
        )


def _fields(resource: type[RecordResource]) -> Iterator[CheckMessage]:
    for name in resource._meta.fields or resource.fields:
        field = resource.fields.get(name)
        if field is None:
            message = f"{resource.__name__}.Meta.fields names “{name}”, which is no field."
            yield Error(message, obj=resource, id="curation.E002")
            continue
        try:
            resource._meta.model._meta.get_field(field.attribute)
        except FieldDoesNotExist:
            yield Error(
                f"{resource.__name__}.{name} is of “{field.attribute}”, which is no field of its model.",
                hint="A column is a field of the model, or readonly.",
                obj=resource,
                id="curation.E002",
            )
        yield from _overridden(resource, name, field, fields.Field, FIELD_HOOKS)
        if isinstance(field.widget, widgets.ForeignKeyWidget | widgets.ManyToManyWidget):
            of_one = isinstance(field.widget, widgets.ForeignKeyWidget)
            base = widgets.ForeignKeyWidget if of_one else widgets.ManyToManyWidget
            yield from _overridden(resource, name, field.widget, base, RELATION_HOOKS)
            if field.widget.field in ("pk", "id") and not field.readonly:
                yield Error(
                    f"{resource.__name__}.{name} names rows by their number in one database.",
                    hint="Give its widget the field of the natural key.",
                    obj=resource,
                    id="curation.E003",
                )


def _overridden(
    resource: type[RecordResource], name: str, thing: Any, base: type, hooks: Iterable[str]
) -> Iterator[CheckMessage]:
    for hook in hooks:
        if getattr(type(thing), hook, None) is not getattr(base, hook, None):
            yield Error(
                f"{resource.__name__}.{name}: {type(thing).__name__}.{hook} is never called by the import.",
                hint="Keys are looked up many at a time; say in RecordResource.by_other_name how else they are found.",
                obj=resource,
                id="curation.E001",
            )
