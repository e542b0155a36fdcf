"""Rows that cells name by their keys, looked up many at a time: as they are stored, or as this file makes them."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import count
from typing import Any

from django.db import models
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from curation.importing.columns import Column
from curation.importing.planning import constraints
from curation.importing.planning.instances import OF_THE_FILE, Maker
from curation.importing.resources import RecordResource, Reference, Sheet, State, of_model
from curation.importing.stored import states
from curation.models import Batch, Row

REMEMBERED = 20_000  # rows of one table at hand

Space = tuple[type[models.Model], str]


class Known:
    """What one check has looked up. `in_file` are the sheets of the file that make rows, by their model."""

    def __init__(self, batch: Batch, in_file: dict[type[models.Model], Sheet], resource: RecordResource) -> None:
        self.batch, self.in_file, self.resource = batch, in_file, resource
        self.rows: dict[Space, dict[str, Any]] = defaultdict(dict)
        self.staged: set[tuple[type[models.Model], str]] = set()  # found among the rows of this file
        self.called: dict[type[models.Model], tuple[dict[str, set[str]], set[str]]] = {}
        self.makers: dict[type[models.Model], Maker] = {}
        self.pks = count(OF_THE_FILE - 1, -1)  # of rows that are not stored yet: no two are one another

    def trim(self) -> None:
        """Forget where much is at hand. Not within a chunk, whose keys must stay."""
        for rows in self.rows.values():
            if len(rows) > REMEMBERED:
                rows.clear()

    def ask(self, references: Iterable[Reference]) -> None:
        """Look up what is not at hand; a key that is found nowhere is remembered as that until `forget`."""
        named: dict[Space, dict[str, None]] = defaultdict(dict)
        for _column, model, to, key in references:
            named[model, to][key] = None
        self.look_up(named)

    def look_up(self, named: dict[Space, dict[str, None]]) -> None:
        """The same, for the keys of each space."""
        for space, keys in named.items():
            rows = self.rows[space]
            if new := [key for key in keys if key not in rows]:
                self._read(space, new)

    def find(self, model: type[models.Model], to: str, key: str) -> Any:
        return self.rows[model, to].get(key)

    def forget_missing(self) -> None:
        """Look for what was not there once more: rows of this file may have come."""
        for rows in self.rows.values():
            for key in [key for key, row in rows.items() if row is None]:
                del rows[key]

    def _read(self, space: Space, keys: list[str]) -> None:
        model, to = space
        rows = self.rows[space]
        rows.update(dict.fromkeys(keys))
        queryset = self.resource.related(model)
        if queryset is None:
            queryset = model._default_manager.all()
        for some in states.in_turn(keys):
            rows.update((getattr(row, to), row) for row in queryset.filter(**{f"{to}__among": some}).order_by())
        if model in self.in_file and self.in_file[model].key == to:
            self._read_staged(space, keys)

    def _read_staged(self, space: Space, keys: list[str]) -> None:
        """Rows of this file that are new, or that it changes, as they will be."""
        model = space[0]
        sheet = self.in_file[model]
        for some in states.in_turn(keys):
            found = Row.objects.filter(batch=self.batch, sheet=sheet.name, key__among=some, after__isnull=False)
            after: Any
            for key, after in found.filter(kind__in=Row.WRITTEN).values_list("key", "after"):
                stored = self.rows[space].get(key)
                self.rows[space][key] = self._made(sheet, after, stored)
                self.staged.add((model, key))

    def _made(self, sheet: Sheet, after: State, stored: Any) -> Any:
        resource = sheet.resource
        if resource.model not in self.makers:
            self.makers[resource.model] = Maker(resource.model, resource.written, resource.kept)
        pk = next(self.pks) if stored is None else stored.pk
        row = self.makers[resource.model].make(after, lambda *_: None, pk=pk)
        for column in resource.written:  # its own keys, where the column holds the key itself
            if column.kind == "key" and states.lookup(column) == column.model_field.attname:
                row.__dict__[column.model_field.attname] = after[column.name] or None
        row.__dict__["digest"] = resource.digest(after)
        return row

    def make(self, model: type[models.Model], to: str, key: str, state: State) -> None:
        """Put a row at hand that this file makes because a cell names it."""
        sheet = self.in_file[model]
        self.rows[model, to][key] = self._made(sheet, states.blank(sheet.resource) | state, None)
        self.staged.add((model, key))

    # --- other ways to say it ---

    def by_other_name(self, model: type[models.Model], texts: list[str]) -> dict[str, list[str]]:
        """The keys of rows that also go by one of these texts: stored, or as an earlier sheet makes them."""
        try:
            resource = of_model(model)
        except LookupError:
            return {}
        stored = resource.by_other_name(texts)
        called, made = self._called(model)
        found: dict[str, list[str]] = {}
        for text in texts:
            keys = {key for key in stored.get(text, ()) if key not in made} | called.get(resource.fold(text), set())
            if keys:
                found[text] = sorted(keys)
        return found

    def _called(self, model: type[models.Model]) -> tuple[dict[str, set[str]], set[str]]:
        """The keys by folded name, and all keys, of the rows that an earlier sheet of this file makes or changes."""
        if model not in self.called:
            names: dict[str, set[str]] = defaultdict(set)
            keys: set[str] = set()
            sheet = self.in_file.get(model)
            if sheet is not None and model is not self.resource.model:
                rows = Row.objects.filter(batch=self.batch, sheet=sheet.name, kind__in=Row.WRITTEN)
                after: Any
                for key, after in rows.filter(after__isnull=False).values_list("key", "after").iterator():
                    keys.add(key)
                    for name in sheet.resource.names(after):
                        if folded := sheet.resource.fold(name):
                            names[folded].add(key)
            self.called[model] = names, keys
        return self.called[model]

    def refused(self, model: type[models.Model], keys: list[str]) -> dict[str, int]:
        """The row of this file in which each of these keys was to be made, but is rejected."""
        if model not in self.in_file or not keys:
            return {}
        rows = Row.objects.filter(batch=self.batch, sheet=self.in_file[model].name, kind=Row.Kind.REJECTED)
        return {
            key: number
            for some in states.in_turn(dict.fromkeys(keys))
            for key, number in rows.filter(key__in=some).values_list("key", "number")
        }


class Limit:
    """What the model's field lets a key point to (`limit_choices_to`)."""

    def __init__(self, column: Column) -> None:
        self.condition = column.limit
        self.allows: Callable[[Any], bool] = constraints.predicate(column.related, self.condition, column.name)

    def message(self, key: str, row: Any) -> str:
        """Say which values of which field it asks for, where the condition is that plain."""
        said = []
        for child in self.condition.children:
            if isinstance(child, tuple) and child[0].endswith("__in"):
                name = child[0].removesuffix("__in")
                field: Any = type(row)._meta.get_field(name)
                words = dict(field.flatchoices)
                wanted = get_text_list([str(words.get(value, value)) for value in child[1]], _("or"))
                said.append(
                    _("“%(key)s” is %(field)s %(value)s; here stands only %(field)s %(wanted)s.")
                    % {
                        "key": key,
                        "field": field.verbose_name,
                        "value": words.get(getattr(row, name), getattr(row, name)),
                        "wanted": wanted,
                    }
                )
        return " ".join(said) or _("“%(key)s” may not stand in this column.") % {"key": key}
