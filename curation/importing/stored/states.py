"""The state of a record: what its columns say, by their names, with the keys of what it points to.

A state is plain data, the same on every database: texts, numbers and truths; for a key the key, "" for none; for
several keys or names a sorted list; under the name of each kind of part a list of the parts, as states of their own.
It holds besides what the resource wants `kept`. What is stored is read for many records at a time, in a number of
queries that does not grow with them.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db import models

from curation.importing.columns import Column, Kind
from curation.importing.resources import Part, RecordResource, State

AT_ONCE = 500  # keys in one question


def stored(resource: RecordResource, keys: Iterable[str]) -> dict[str, State]:
    """The states of those of the records that there are."""
    return {key: state for key, (_pk, state) in stored_with_pks(resource, keys).items()}


def stored_with_pks(resource: RecordResource, keys: Iterable[str]) -> dict[str, tuple[Any, State]]:
    found: dict[str, tuple[Any, State]] = {}
    for some in in_turn(keys):
        rows = resource.model._default_manager.filter(**{f"{resource.key}__among": some})
        found.update((state[resource.key], (pk, state)) for pk, state in read(resource, rows))
    return found


def read(resource: RecordResource, rows: models.QuerySet) -> Iterator[tuple[Any, State]]:
    """(primary key, state) of each row of the query, in its order, with as many further queries as it has lists."""
    names, lookups = _selected(resource)
    states = [(pk, dict(zip(names, values, strict=True))) for pk, *values in rows.values_list("pk", *lookups)]
    nullable = [column.name for column in resource.written if column.kind is Kind.KEY]
    by_pk = dict(states)
    for state in by_pk.values():
        for name in nullable:
            state[name] = state[name] or ""
    for column in resource.written:
        if column.kind in (Kind.KEYS, Kind.NAMES):
            _read_list(column, by_pk)
    for part in resource.parts:
        _read_parts(resource, part, by_pk)
    return iter(states)


def _selected(resource: RecordResource) -> tuple[list[str], list[str]]:
    """Names of a state's single values, and the lookups that give them."""
    names, lookups = [], []
    for column in resource.written:
        if column.kind in (Kind.TEXT, Kind.KEY):
            names.append(column.name)
            lookups.append(lookup(column))
    return [*names, *resource.kept], [*lookups, *resource.kept]


def lookup(column: Column) -> str:
    """How a query gets the column's value: the column itself where it holds the key, else through the relation."""
    if column.kind is Kind.TEXT:
        return column.model_field.name
    if column.model_field.target_field.name == column.to:
        return column.model_field.attname
    return f"{column.model_field.name}__{column.to}"


def _read_list(column: Column, states: dict[Any, State]) -> None:
    """Set the lists of keys, sorted byte by byte whatever the collation."""
    for state in states.values():
        state[column.name] = []
    for some in in_turn(states):
        for pk, one in list_query(column, some):
            states[pk][column.name].append(one)
    for state in states.values():
        state[column.name].sort()


def list_query(column: Column, pks: Sequence[Any]) -> models.QuerySet:
    """(primary key of the record, one of the keys or names of its list), in no order."""
    if column.kind is Kind.KEYS:
        through, source = column.model_field.remote_field.through, column.model_field.m2m_field_name()
        value = f"{column.model_field.m2m_reverse_field_name()}__{column.to}"
    else:
        through, source = column.model_field.related_model, column.model_field.field.name
        value = column.field.name_field.name
    return through._default_manager.filter(**{f"{source}__among": pks}).order_by().values_list(f"{source}_id", value)


def _read_parts(resource: RecordResource, part: Part, states: dict[Any, State]) -> None:
    for state in states.values():
        state[part.name] = []
    columns = [column for column in resource.part_columns[part.name] if not column.readonly]
    kept = part.resource.kept
    names = [column.name for column in columns] + list(kept)
    lookups = [lookup(column) for column in columns] + list(kept)
    model = part.resource._meta.model
    for some in in_turn(states):
        rows = model._default_manager.filter(**{f"{part.parent}__among": some}).order_by()
        for pk, *values in rows.values_list(f"{part.parent}_id", *lookups):
            states[pk][part.name].append(dict(zip(names, values, strict=True)))
    for state in states.values():
        if len(state[part.name]) > 1:
            state[part.name].sort(key=lambda one: one[part.identity])


def blank(resource: RecordResource) -> State:
    """The state of a new record of which no cell says anything."""
    state = {column.name: column.blank for column in resource.written}
    for name in resource.kept:
        state[name] = resource.model._meta.get_field(name).get_default()  # type: ignore[union-attr]
    for name, value in state.items():
        if isinstance(value, list):
            state[name] = []
    return state | {part.name: [] for part in resource.parts}


def blank_part(resource: RecordResource, part: Part) -> State:
    state = {column.name: column.blank for column in resource.part_columns[part.name] if not column.readonly}
    model = part.resource._meta.model
    return state | {name: model._meta.get_field(name).get_default() for name in part.resource.kept}


def in_turn(keys: Iterable[Any]) -> Iterator[Sequence[Any]]:
    keys = list(keys)
    for start in range(0, len(keys), AT_ONCE):
        yield keys[start : start + AT_ONCE]
