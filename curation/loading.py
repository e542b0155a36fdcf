"""Many rows of fixtures written with few questions to the database.

`loaddata` as Django has it asks for each row whether it is there, for each relation what it points to, and writes
each row by itself. Here a file is first read for the keys it names: those are looked up together, and rows to come get
their primary keys at once, so that each can point to any other of the file. Then its rows are compared with what
is stored: what is the same is left alone, what is new is written together. Where the database refuses that, all is
done again row by row in the order of the file: the refusal then names its row, and an order that matters is kept.

Only rows that name themselves by a natural key or a primary key take part; others are Django's business, as
are formats other than JSON. As with `bulk_create`, models send no signals for new rows.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.apps import apps
from django.core.management.base import CommandError
from django.core.serializers.base import DeserializationError, DeserializedObject
from django.db import DatabaseError, models, transaction

from curation.fields import DerivingField
from curation.importing.stored.writing import new_pks
from curation.natural import Key, Memory, key_in, natural_fields, remembered_keys
from curation.refusals import called, in_our_words, missing

AT_ONCE = 500  # keys in one question

Model = type[models.Model]
Node = dict[str, Any]  # a row as a fixture has it: model, fields, perhaps pk


@contextmanager
def loading(using: str) -> Iterator["Loading"]:
    """Load into `using` while this lasts; the deserializer of `curation.natural_json` finds it by `current()`."""
    with remembered_keys() as memory:
        here = Loading(using, memory)
        token = _current.set(here)
        try:
            yield here
        finally:
            _current.reset(token)


_current: ContextVar["Loading | None"] = ContextVar("loading", default=None)


def current(using: str) -> "Loading | None":
    """The load that is under way into this database, if one is."""
    found = _current.get()
    return found if found is not None and found.using == using else None


class Incoming(DeserializedObject):
    """A row that waits to be written with others. Once written, it is saved like any other."""

    waits = True

    def save(self, save_m2m: bool = True, using: str | None = None, **kwargs: Any) -> None:
        here = current(using or "default")
        if self.waits and here is not None:
            here.add(self)
        else:
            super().save(save_m2m=save_m2m, using=using, **kwargs)

    def save_deferred_fields(self, using: str | None = None) -> None:
        """Set what pointed to a row of a later file. Raises CommandError where no file had it, or a rule is broken."""
        try:
            with in_our_words(self.object):
                super().save_deferred_fields(using=using)
        except DeserializationError as error:
            raise CommandError(f"{called(self.object)}: {error}") from error


class Loading:
    """One run of `loaddata`: what its files have named, and what is still to be written."""

    def __init__(self, using: str, memory: Memory) -> None:
        self.using, self.memory = using, memory
        self.waiting: dict[tuple[Model, Any], Incoming] = {}
        self.allotted: set[tuple[Model, Any]] = set()

    # --- reading ---

    def meet(self, nodes: Iterable[Node]) -> None:
        """Look up all that the rows of a file name, and allot primary keys to those that are new."""
        own: dict[Model, dict[Key, None]] = defaultdict(dict)
        named: dict[Model, dict[Key, None]] = defaultdict(dict)
        for model, node in _known_models(nodes):
            if "pk" not in node and (key := key_in(model, node["fields"])):
                own[model][key] = named[model][key] = None
            for other, key in _references(model, node["fields"]):
                named[other][key] = None
        for model, keys in named.items():
            self._remember(model, _stored(model, self._unknown(model, keys), self.using))
        for model, keys in own.items():
            new = self._unknown(model, keys)
            pks = new_pks(model, len(new), self.using)
            self.allotted.update((model, pk) for pk in pks)
            self._remember(model, zip(pks, new, strict=False))

    def with_pk(self, node: Any) -> Node | None:
        """The row with its primary key; None where it has none yet, or is none, and Django is to say what it is."""
        for model, known in _known_models([node]):
            if "pk" in known:
                return known
            row = self.memory.get((model, self.using, key_in(model, known["fields"]) or ()))
            return None if row is None else {**known, "pk": row.pk}
        return None

    def _unknown(self, model: Model, keys: Iterable[Key]) -> list[Key]:
        return [key for key in keys if (model, self.using, key) not in self.memory]

    def _remember(self, model: Model, rows: Iterable[tuple[Any, Key]]) -> None:
        """Put rows into the memory that have their keys and nothing else, which is what is asked of them."""
        for pk, key in rows:
            own = {name: part for name, part in zip(natural_fields(model), key, strict=True) if "__" not in name}
            known = {model._meta.pk.attname: pk} | own
            names = [field.attname for field in model._meta.concrete_fields if field.attname in known]
            row = model.from_db(self.using, names, [known[name] for name in names])
            self.memory[model, self.using, key] = row

    # --- writing ---

    def add(self, item: Incoming) -> None:
        for field, value in (item.deferred_fields or {}).items():
            if field.many_to_one and not field.null:
                raise CommandError(missing(item.object, field, value))
        place = (type(item.object), item.object.pk)
        if place in self.waiting:  # a file that has a row twice means the later one, after the earlier
            self.write()
        self.waiting[place] = item

    def write(self) -> None:
        """Write what waits. Raises CommandError, naming the row and the rule."""
        items, self.waiting = list(self.waiting.values()), {}
        for item in items:
            item.waits = False
        try:
            with transaction.atomic(using=self.using):
                self._write_together(items)
        except (DatabaseError, ValueError):  # ValueError: PostgreSQL's driver takes no NUL
            for item in items:
                self._write_one(item)
        # What was new is stored now: met again, it is to be compared.
        self.allotted.difference_update((type(item.object), item.object.pk) for item in items)

    def _write_together(self, items: list[Incoming]) -> None:
        by_model: dict[Model, list[Incoming]] = defaultdict(list)
        for item in items:
            by_model[type(item.object)].append(item)
        for model, group in by_model.items():
            rows = model._base_manager.using(self.using)
            old = [item.object.pk for item in group if (model, item.object.pk) not in self.allotted]
            stored = rows.in_bulk(old) if old else {}
            rows.bulk_create([item.object for item in group if item.object.pk not in stored])
            columns = written_columns(model)
            for item in group:
                before = stored.get(item.object.pk)
                if before is not None and _differ(before, item.object, columns):
                    item.object.save_base(using=self.using, raw=True)  # not item.save(), which forgets its links
            self._write_links(model, group)

    def _write_links(self, model: Model, items: list[Incoming]) -> None:
        for field in model._meta.many_to_many:
            wanted = {item.object.pk: item for item in items if field.name in (item.m2m_data or {})}
            if not wanted:
                continue
            through: Any = field.remote_field.through
            source = through._meta.get_field(field.m2m_field_name()).attname
            target = through._meta.get_field(field.m2m_reverse_field_name()).attname
            have = _links(through, source, target, list(wanted), self.using)
            new = []
            for pk, item in wanted.items():
                pointed = item.m2m_data[field.name]  # type: ignore[index]
                if have[pk] == set(pointed):
                    continue
                if have[pk] or getattr(field.remote_field, "symmetrical", False):
                    getattr(item.object, field.name).set(pointed)
                else:
                    new += [through(**{source: pk, target: other}) for other in dict.fromkeys(pointed)]
            through._base_manager.using(self.using).bulk_create(new)

    def _write_one(self, item: Incoming) -> None:
        """As Django does it, but a row with a key of ours never takes the place of another's."""
        row = item.object
        is_new = (type(row), row.pk) in self.allotted
        with in_our_words(row):
            try:
                item.save(using=self.using, **({"force_insert": True} if is_new else {}))
            except (DatabaseError, ValueError) as error:
                error.args = (f"Could not load {called(row)}: {error}",)
                raise


def _known_models(nodes: Iterable[Node]) -> Iterator[tuple[Model, Node]]:
    """The rows whose model there is; what is wrong with others the deserializer says."""
    for node in nodes:
        if isinstance(node, dict) and isinstance(node.get("fields"), dict):
            try:
                yield apps.get_model(node["model"]), node
            except (KeyError, LookupError, TypeError, ValueError):
                continue


def _references(model: Model, fields: Node) -> Iterator[tuple[Model, Key]]:
    """The rows to which a row points by natural key."""
    for field in (*model._meta.concrete_fields, *model._meta.many_to_many):
        value = fields.get(field.name) if field.remote_field else None
        other: Any = field.related_model
        if isinstance(value, list) and natural_fields(other):
            for one in value if field.many_to_many else [value]:
                if isinstance(one, list) and len(one) == len(natural_fields(other)) and _are_texts(one):
                    yield other, tuple(one)


def _are_texts(parts: list[Any]) -> bool:
    return all(isinstance(part, str) for part in parts)


def _stored(model: Model, keys: list[Key], using: str) -> Iterator[tuple[Any, Key]]:
    """(primary key, natural key) of the rows there are, and of others that share the first part of a key."""
    names = natural_fields(model)
    firsts = list(dict.fromkeys(key[0] for key in keys))
    for start in range(0, len(firsts), AT_ONCE):
        rows = model._base_manager.using(using).filter(**{f"{names[0]}__in": firsts[start : start + AT_ONCE]})
        for pk, *key in rows.order_by().values_list("pk", *names):
            yield pk, tuple(key)


def written_columns(model: Model) -> list[str]:
    """What a fixture decides of a row: the columns it has, and those that follow from them."""
    fields: list[Any] = [field for field in model._meta.concrete_fields if not field.generated]
    derived = {name for field in fields if isinstance(field, DerivingField) for name in field.derive("")}
    return [field.attname for field in fields if field.serialize or field.attname in derived]


def _differ(before: models.Model, after: models.Model, columns: list[str]) -> bool:
    return any(getattr(before, name) != getattr(after, name) for name in columns)


def _links(through: Model, source: str, target: str, pks: list[Any], using: str) -> dict[Any, set[Any]]:
    found: dict[Any, set[Any]] = defaultdict(set)
    for start in range(0, len(pks), AT_ONCE):
        rows = through._base_manager.using(using).filter(**{f"{source}__in": pks[start : start + AT_ONCE]})
        for pk, other in rows.values_list(source, target):
            found[pk].add(other)
    return found
