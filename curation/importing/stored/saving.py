"""States written as rows: the record, its lists, its parts, and a revision of it; many at a time.

What a state names by key is looked up by key here, so that a row of the preview means the same whatever happened
to primary keys since. The caller holds the stamp and has compared the rows; constraints stand behind.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any

from django.db import models
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from curation.fields import DerivingField
from curation.importing.columns import Column, Kind, remembering
from curation.importing.resources import Part, RecordResource, State
from curation.importing.stored import states, writing
from curation.models import Batch, Revision, Row

REMEMBERED = 50_000
REFRESHED = 5_000

REVISION = ("kind", "ref", "version", "digest", "data", "by", "at", "why", "batch_id")


class Pks:
    """Primary keys by natural key, for a table and the field that names its rows."""

    def __init__(self) -> None:
        self.known: dict[tuple[Any, str], dict[str, Any]] = defaultdict(dict)

    def trim(self) -> None:
        """Forget where much is at hand. Not within a chunk, whose keys must stay."""
        for known in self.known.values():
            if len(known) > REMEMBERED:
                known.clear()

    def ask(self, model: type[models.Model], to: str, keys: Iterable[str]) -> None:
        known = self.known[model, to]
        new = [key for key in dict.fromkeys(keys) if key not in known]
        for some in states.in_turn(new):
            rows = model._default_manager.filter(**{f"{to}__among": some}).order_by()
            known.update(rows.values_list(to, "pk"))

    def learn(self, model: type[models.Model], to: str, pks: Iterable[tuple[str, Any]]) -> None:
        """Primary keys of rows that are about to be stored."""
        self.known[model, to].update(pks)

    def get(self, model: type[models.Model], to: str, key: str) -> Any:
        return self.known[model, to].get(key)


class Table:
    """How states become rows of one model: a value for each column that is not generated.

    `given` are attributes whose values the caller gives (keys, version, the record a part belongs to).
    """

    def __init__(self, model: type[models.Model], columns: Sequence[Column], kept: Sequence[str], given: Sequence[str]):
        self.model = model
        written = [column for column in columns if not column.readonly and column.kind in (Kind.TEXT, Kind.KEY)]
        texts = {column.attname: column.name for column in written if column.kind is Kind.TEXT}
        texts |= {name: name for name in kept}
        self.keys = [column for column in written if column.kind is Kind.KEY]
        self.direct = {column.attname: column.name for column in self.keys if _holds_key(column)}
        self.through_pk = [column for column in self.keys if not _holds_key(column)]
        self.deriving = [
            (name, remembering(column.model_field.derive))
            for attname, name in texts.items()
            for column in written
            if column.attname == attname and isinstance(column.model_field, DerivingField)
        ]
        derived = {attname for _name, derive in self.deriving for attname in derive("")}
        set_here = {*texts, *self.direct, *(column.attname for column in self.through_pk), *derived, *given}
        self.attnames = [
            field.attname
            for field in model._meta.concrete_fields
            if not field.generated and (field.attname in set_here or not field.primary_key)
        ]
        self.changeable = [name for name in self.attnames if name in set_here and name not in given]
        self.defaults = {
            field.attname: field.get_default() for field in model._meta.concrete_fields if field.attname not in set_here
        }
        self.texts = list(texts.items())
        self.in_order = itemgetter(*self.attnames)

    def values(self, state: State, pks: Pks, given: dict[str, Any]) -> dict[str, Any]:
        values = {**self.defaults, **given}
        for attname, name in self.texts:
            values[attname] = state[name]
        for attname, name in self.direct.items():
            values[attname] = state[name] or None
        for column in self.through_pk:
            key = state[column.name]
            values[column.attname] = pks.get(column.related, column.to, key) if key else None
        for name, derive in self.deriving:
            values.update(derive(state[name]))
        return values

    def row(self, state: State, pks: Pks, given: dict[str, Any]) -> tuple[Any, ...]:
        """The values in the order of `attnames`."""
        return self.in_order(self.values(state, pks, given))

    def unwritten(self, state: State, pks: Pks) -> Iterator[tuple[Column, str]]:
        """The keys that no stored row has yet: those of a row further on in the batch."""
        for column in self.through_pk:
            key = state[column.name]
            if key and pks.get(column.related, column.to, key) is None:
                yield column, key


def _holds_key(column: Column) -> bool:
    return column.model_field.target_field.name == column.to


class Saver:
    """Writes the rows of one sheet of a batch."""

    def __init__(self, resource: RecordResource, batch: Batch) -> None:
        self.resource, self.batch, self.model = resource, batch, resource.model
        self.by, self.at, self.why = batch.applied_by or batch.by, timezone.now(), why(batch)
        self.pks = Pks()
        self.versioned = any(field.name == "version" for field in self.model._meta.concrete_fields)
        self.has_history = type(resource).snapshot is not RecordResource.snapshot
        given = [self.model._meta.pk.attname, *(["version"] if self.versioned else [])]
        self.table = Table(self.model, resource.written, resource.kept, given)
        self.lists = [column for column in resource.written if column.kind in (Kind.KEYS, Kind.NAMES)]
        self.parts = [_Parts(resource, part, self.pks) for part in resource.parts]
        keyed = [*self.table.through_pk, *(column for column in self.lists if column.kind is Kind.KEYS)]
        self.names_own = any(column.related is self.model for column in keyed)
        self.late: dict[Column, list[tuple[str, str]]] = defaultdict(list)  # (key, key it names)
        self.changed: list[Any] = []

    def save(self, rows: Sequence[Any]) -> None:
        """Rows of one kind."""
        kind = rows[0].kind
        if kind == Row.Kind.REMOVED:
            self._remove(rows)
            return
        self._ask(rows)
        if kind == Row.Kind.NEW:
            self._create(rows)
        else:
            self._change(rows)

    def finish(self) -> None:
        """Set what named a row further on, and compute again what is kept computed."""
        own = (self.model, self.resource.key)
        for column, pairs in self.late.items():
            other = (column.related, column.to)
            for some in states.in_turn(pairs):
                self.pks.trim()
                self.pks.ask(*own, [key for key, _other in some])
                self.pks.ask(*other, [named for _key, named in some])
                values = [(self.pks.get(*own, key), self.pks.get(*other, named)) for key, named in some]
                writing.update(self.model, [column.attname], values)
        for start in range(0, len(self.changed), REFRESHED):
            self.resource.refresh(self.changed[start : start + REFRESHED], are_new=False)

    def _ask(self, rows: Sequence[Any]) -> None:
        self.pks.trim()
        for column in self.table.through_pk:
            self.pks.ask(column.related, column.to, (row.after[column.name] for row in rows if row.after[column.name]))
        for column in self.lists:
            if column.kind is Kind.KEYS:
                self.pks.ask(column.related, column.to, (key for row in rows for key in row.after[column.name]))
        for parts in self.parts:
            parts.ask(rows)

    # --- new ---

    def _create(self, rows: Sequence[Any]) -> None:
        pks = writing.new_pks(self.model, len(rows))
        versions = self._last_versions(rows)
        pk_name = self.model._meta.pk.attname
        if self.names_own:
            self.pks.learn(self.model, self.resource.key, ((row.key, pk) for row, pk in zip(rows, pks, strict=True)))
        values = []
        for row, pk in zip(rows, pks, strict=True):
            given = {pk_name: pk}
            if self.versioned:
                given["version"] = versions.get(row.key, 0) + 1
            values.append(self.table.row(row.after, self.pks, given))
            self._note_late(row)
        writing.insert(self.model, self.table.attnames, values)
        for column in self.lists:
            self._insert_list(column, zip(pks, rows, strict=True))
        for parts in self.parts:
            parts.insert((pk, row.after[parts.part.name]) for pk, row in zip(pks, rows, strict=True))
        self._record(rows, versions)
        self.resource.refresh(pks, are_new=True)

    def _note_late(self, row: Any) -> None:
        for column, key in self.table.unwritten(row.after, self.pks):
            self.late[column].append((row.key, key))

    def _insert_list(self, column: Column, rows: Iterable[tuple[Any, Any]]) -> None:
        if column.kind is Kind.NAMES:
            self._insert_names(column, rows)
            return
        through = column.model_field.remote_field.through
        source = through._meta.get_field(column.model_field.m2m_field_name()).attname
        target = through._meta.get_field(column.model_field.m2m_reverse_field_name()).attname
        known = self.pks.known[column.related, column.to]
        pairs = ((pk, known.get(key)) for pk, row in rows for key in row.after[column.name])
        writing.insert(through, (source, target), pairs)

    def _insert_names(self, column: Column, rows: Iterable[tuple[Any, Any]]) -> None:
        model, parent, field = column.model_field.related_model, column.model_field.field, column.field.name_field
        derived = list(field.derive("")) if isinstance(field, DerivingField) else []
        made = []
        for pk, row in rows:
            for name in row.after[column.name]:
                follows = field.derive(name) if derived else {}
                made.append((pk, name, *(follows[one] for one in derived)))
        writing.insert(model, (parent.attname, field.attname, *derived), made)

    # --- changed ---

    def _change(self, rows: Sequence[Any]) -> None:
        keys = {row.key: row for row in rows}
        found = self.model._default_manager.filter(**{f"{self.resource.key}__among": list(keys)}).order_by()
        pks = dict(found.values_list(self.resource.key, "pk"))
        versions = self._last_versions(rows)
        names = [*self.table.changeable, *(["version"] if self.versioned else [])]
        values = []
        for row in rows:
            given = {"version": versions.get(row.key, 0) + 1} if self.versioned else {}
            made = self.table.values(row.after, self.pks, given)
            values.append([pks[row.key], *(made[name] for name in names)])
            self._note_late(row)
        writing.update(self.model, names, values)
        for column in self.lists:
            self._change_list(column, [(pks[row.key], row) for row in rows])
        for parts in self.parts:
            name = parts.part.name
            parts.change([(pks[row.key], row.before[name], row.after[name]) for row in rows])
        self._record(rows, versions)
        self.changed += pks.values()

    def _change_list(self, column: Column, rows: list[tuple[Any, Any]]) -> None:
        differing = [(pk, row) for pk, row in rows if row.before[column.name] != row.after[column.name]]
        if differing:
            _delete_list(column, [pk for pk, _row in differing])
            self._insert_list(column, differing)

    # --- removed ---

    def _remove(self, rows: Sequence[Any]) -> None:
        keys = [row.key for row in rows]
        found = self.model._default_manager.filter(**{f"{self.resource.key}__among": keys}).order_by()
        pks = list(found.values_list("pk", flat=True))
        for parts in self.parts:
            writing.delete(parts.model, pks, field=parts.parent)
        for column in self.lists:
            _delete_list(column, pks)
        writing.delete(self.model, pks)

    # --- history ---

    def _last_versions(self, rows: Sequence[Any]) -> dict[str, int]:
        if not self.has_history:
            return {}
        kind = self.model._meta.label_lower
        last: dict[str, int] = {}
        for some in states.in_turn(row.key for row in rows):
            kept = Revision.objects.filter(kind=kind, ref__among=some).order_by().values_list("ref")
            last.update(kept.annotate(last=Max("version")))
        return last

    def _record(self, rows: Sequence[Any], versions: dict[str, int]) -> None:
        if not self.has_history:
            return
        kind, resource, batch = self.model._meta.label_lower, self.resource, self.batch.pk
        kept = ((row.key, resource.snapshot(row.after) or {}) for row in rows)
        writing.insert(
            Revision,
            REVISION,
            (
                (kind, key, versions.get(key, 0) + 1, data.get("digest", ""), data, self.by, self.at, self.why, batch)
                for key, data in kept
            ),
        )


class _Parts:
    """Writes the parts of records."""

    def __init__(self, resource: RecordResource, part: Part, pks: Pks) -> None:
        self.part, self.pks, self.model = part, pks, part.resource._meta.model
        self.parent = self.model._meta.get_field(part.parent).attname
        columns = resource.part_columns[part.name]
        self.identity = states.lookup(next(column for column in columns if column.name == part.identity))
        self.table = Table(self.model, columns, part.resource.kept, [self.parent])

    def ask(self, rows: Sequence[Any]) -> None:
        for column in self.table.through_pk:
            named = (one[column.name] for row in rows for one in row.after[self.part.name] if one[column.name])
            self.pks.ask(column.related, column.to, named)

    def insert(self, rows: Iterable[tuple[Any, list[State]]]) -> None:
        made = (self.table.row(one, self.pks, {self.parent: pk}) for pk, parts in rows for one in parts)
        writing.insert(self.model, self.table.attnames, made)

    def change(self, rows: list[tuple[Any, list[State], list[State]]]) -> None:
        differing = [(pk, before, after) for pk, before, after in rows if before != after]
        if not differing:
            return
        identity = self.part.identity
        found: dict[tuple[Any, str], Any] = {}
        for some in states.in_turn(pk for pk, _before, _after in differing):
            there = self.model._default_manager.filter(**{f"{self.parent}__among": some}).order_by()
            found.update(((owner, key), pk) for pk, owner, key in there.values_list("pk", self.parent, self.identity))
        new, changed, gone = [], [], []
        for owner, before, after in differing:
            old = {one[identity]: one for one in before}
            for one in after:
                if one[identity] not in old:
                    new.append((owner, [one]))
                elif one != old[one[identity]]:
                    made = self.table.values(one, self.pks, {})
                    pk = found[owner, one[identity]]
                    changed.append([pk, *(made[name] for name in self.table.changeable)])
            left = {one[identity] for one in after}
            gone += [found[owner, key] for key in old if key not in left]
        self.insert(new)
        writing.update(self.model, self.table.changeable, changed)
        writing.delete(self.model, gone)


def _delete_list(column: Column, pks: Sequence[Any]) -> None:
    if column.kind is Kind.NAMES:
        rel = column.model_field
        writing.delete(rel.related_model, pks, field=rel.field.attname)
    else:
        through = column.model_field.remote_field.through
        source = through._meta.get_field(column.model_field.m2m_field_name()).attname
        writing.delete(through, pks, field=source)


def why(batch: Batch) -> str:
    """What the history says of each record of the batch."""
    if batch.undoes_id:
        return _("Undo of batch %(number)s") % {"number": batch.undoes_id}
    return (_("Imported from %(file)s, batch %(number)s") % {"file": batch.file_name, "number": batch.pk})[:300]


def tables_of(resource: RecordResource) -> Iterator[str]:
    """The tables that saving its records writes."""
    yield resource.model._meta.db_table
    yield Revision._meta.db_table
    for part in resource.parts:
        yield part.resource._meta.model._meta.db_table
    for column in resource.written:
        if column.kind is Kind.KEYS:
            yield column.model_field.remote_field.through._meta.db_table
        elif column.kind is Kind.NAMES:
            yield column.model_field.related_model._meta.db_table
