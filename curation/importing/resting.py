"""What rests on records: rows of other tables that point to them and are not theirs.

A record on which something rests is not removed, and neither is a part of one. What goes in the same batch does not
count, nor does a record that the same batch restores: it was as it will be before what is removed was there.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Window
from django.db.models.functions import RowNumber
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from curation.importing.columns import Kind
from curation.importing.resources import Part, RecordResource, Sheet, State, sheets
from curation.importing.stored import states
from curation.models import Batch, Row

NAMED = 3  # of what rests on a record by one foreign key

Why = dict[str, list[str]]  # why a record cannot go, by its key
Edge = tuple[str, str]  # (key, key of a record it points to)


@dataclass(frozen=True)
class Owner:
    """The record that a row is, or is of: `path` leads from the row to its key."""

    model: type[models.Model]
    path: str
    sheets: tuple[str, ...]
    is_state: bool  # the foreign key is in the record's state, so that restoring the record sets it


@dataclass(frozen=True)
class Pointer:
    """A column of another table that names records, or `part`s of them: a foreign key, or a key as text."""

    model: type[models.Model]
    column: str  # null or "" where it names nothing
    to_record: str  # the lookup that gives what the record is named by: its primary key, or (not `by_pk`) its key
    by_pk: bool
    owner: Owner | None
    part: Part | None = None
    identity: str = ""  # the lookup that names the part
    where: Q = Q()  # noqa: RUF009  # the rows in which the column names anything

    def rows(self) -> models.QuerySet:
        return self.model._base_manager.filter(self.where).order_by()


class Resting:
    """Finds what rests on the records of one sheet, in a number of queries that does not grow with them."""

    def __init__(self, resource: RecordResource, batch: Batch) -> None:
        self.resource, self.batch = resource, batch
        self.pointers = list(_pointers(resource))

    def on(self, pks: Mapping[str, Any], going: Collection[str] = ()) -> tuple[Why, list[Edge]]:
        """Why these records (primary keys by key) cannot go, and which of `going` point to others of them.

        `going` are records of this sheet for which the batch has no rows yet.
        """
        why: Why = defaultdict(list)
        edges: list[Edge] = []
        for pointer in self._in_use:
            for some in states.in_turn(pks):
                targets = {pks[key]: key for key in some} if pointer.by_pk else dict(zip(some, some, strict=True))
                rows = self._rows(pointer, targets)
                if going and pointer.owner and pointer.owner.model is self.resource.model:
                    path = pointer.owner.path
                    inside = rows.filter(**{f"{path}__in": going}).values_list(path, pointer.to_record)
                    edges += ((key, targets[target]) for key, target in inside)
                    rows = rows.exclude(**{f"{path}__in": going})
                _tell(pointer, rows, targets, why)
        return dict(why), edges

    def on_parts(self, dropped: Mapping[str, tuple[Any, Mapping[str, Collection[str]]]]) -> Why:
        """Why these records cannot lose parts: by key, the primary key and the parts' identities by kind of part."""
        why: Why = defaultdict(list)
        for pointer in self._in_use if dropped else ():
            if pointer.part is None:
                continue
            name = pointer.part.name
            chosen = {pk: key for key, (pk, parts) in dropped.items() if parts.get(name)}
            lost = {(pk, one) for pk, key in chosen.items() for one in dropped[key][1][name]}
            for some in states.in_turn(chosen):
                identities = {one for pk, one in lost if pk in some}
                rows = self._rows(pointer, some).filter(**{f"{pointer.identity}__in": identities})
                _tell(pointer, rows, chosen, why, lost)
        return dict(why)

    @cached_property
    def _in_use(self) -> list[Pointer]:
        """Those by which anything points anywhere."""
        return [one for one in self.pointers if one.rows().filter(**{f"{one.column}__isnull": False}).exists()]

    def _rows(self, pointer: Pointer, targets: Iterable[Any]) -> models.QuerySet:
        rows = pointer.rows().filter(**{f"{pointer.to_record}__in": list(targets)})
        if (owner := pointer.owner) is None:
            return rows
        kinds = [Row.Kind.REMOVED, *([Row.Kind.CHANGED] if owner.is_state else [])]
        going = Row.objects.filter(
            batch=self.batch, sheet__in=owner.sheets, key=OuterRef(owner.path), kind__in=kinds
        ).order_by()
        return rows.filter(~Exists(going))


def dropped(resource: RecordResource, before: State, after: State) -> dict[str, set[str]]:
    """The identities of the parts that a change takes away, by the name of their kind; nothing for none."""
    found = {}
    for part in resource.parts:
        left = {one[part.identity] for one in after[part.name]}
        if gone := {one[part.identity] for one in before[part.name]} - left:
            found[part.name] = gone
    return found


# --- what points where ----------------------------------------------------------------------
def _pointers(resource: RecordResource) -> Iterator[Pointer]:
    every = sheets()
    own = _own(resource)
    for model, field in _foreign_keys(resource.model):
        if model not in own and (model, field.name) not in own:
            by_pk = field.target_field.primary_key
            yield Pointer(model, field.name, field.attname, by_pk, _owner(model, field, every))
    for part in resource.parts:
        identity = next(one for one in resource.part_columns[part.name] if one.name == part.identity)
        for model, field in _foreign_keys(part.resource._meta.model):
            to, of = f"{field.name}__{part.parent}_id", f"{field.name}__{states.lookup(identity)}"
            yield Pointer(model, field.name, to, True, _owner(model, field, every), part, of)
    for model, name, where in resource.named_in:
        field = model._meta.get_field(name)
        yield Pointer(model, name, name, False, _owner(model, field, every), where=where)


def _foreign_keys(model: type[models.Model]) -> Iterator[tuple[type[models.Model], Any]]:
    """(model, field) of each foreign key to `model`."""
    for relation in model._meta.get_fields(include_hidden=True):
        if relation.auto_created and not relation.concrete and (relation.one_to_many or relation.one_to_one):
            yield relation.related_model, relation.field  # type: ignore[misc, union-attr]


def _own(resource: RecordResource) -> set[Any]:
    """The models, or the foreign keys of lists, whose rows belong to the record and go with it."""
    own: set[Any] = {part.resource._meta.model for part in resource.parts}
    for column in resource.written:
        if column.kind is Kind.KEYS:
            own.add((column.model_field.remote_field.through, column.model_field.m2m_field_name()))
        elif column.kind is Kind.NAMES:
            own.add(column.model_field.related_model)
    return own


def _owner(model: type[models.Model], field: Any, every: Mapping[str, Sheet]) -> Owner | None:
    for sheet in every.values():
        resource, key = sheet.resource, sheet.resource.key
        if sheet.part is not None:
            continue
        names = tuple(name for name, one in every.items() if one.resource.model is resource.model)
        if resource.model is model:
            is_state = any(column.model_field is field for column in resource.written)
            return Owner(resource.model, key, names, is_state)
        for column in resource.written:
            if column.kind is Kind.KEYS and column.model_field.remote_field.through is model:
                return Owner(resource.model, f"{column.model_field.m2m_field_name()}__{key}", names, is_state=True)
        for part in resource.parts:
            if part.resource._meta.model is model:
                is_state = any(column.model_field is field for column in resource.part_columns[part.name])
                return Owner(resource.model, f"{part.parent}__{key}", names, is_state)
    return None


# --- in words -------------------------------------------------------------------------------
def _tell(
    pointer: Pointer, rows: models.QuerySet, keys: Mapping[Any, str], why: Why, lost: Collection[Any] | None = None
) -> None:
    """Say of each record what rests on it, of what rests on it by one foreign key the first few."""
    to, named = pointer.to_record, _naming(pointer)
    identity = [pointer.identity] if pointer.part else []
    nth = Window(RowNumber(), partition_by=[F(one) for one in (to, *identity)], order_by="pk")
    few = rows.annotate(nth=nth).filter(nth__lte=NAMED)
    for target, *values in few.values_list(to, *identity, *named):
        part = values.pop(0) if pointer.part else ""
        if lost is not None and (target, part) not in lost:
            continue
        message = _words(pointer, part, values)
        if message not in why[keys[target]]:
            why[keys[target]].append(message)


def _naming(pointer: Pointer) -> Sequence[str]:
    """The lookups whose values name what points; none of what is for nobody else, such as a student's attempt."""
    if pointer.owner:
        return [pointer.owner.path]
    return getattr(pointer.model, "natural_fields", ()) if getattr(pointer.model, "ships", True) else ()


def _words(pointer: Pointer, part: str, values: Sequence[Any]) -> str:
    model = pointer.owner.model if pointer.owner else pointer.model
    said = {"what": capfirst(str(model._meta.verbose_name)), "name": ", ".join(map(str, values)), "part": part}
    if part and values:
        return _("%(what)s “%(name)s” rests on its part “%(part)s”.") % said
    if part:
        return _("Something rests on its part “%(part)s” (%(what)s).") % {**said, "what": model._meta.verbose_name}
    if values:
        return _("%(what)s “%(name)s” rests on it.") % said
    return _("Something rests on it (%(what)s).") % {**said, "what": model._meta.verbose_name}
