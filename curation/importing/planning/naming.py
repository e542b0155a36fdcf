"""What the cells of a sheet name by key: found, found by another name, made, or refused with the nearest there is."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from curation.importing import suggesting
from curation.importing.columns import CLEARED, Column, Kind
from curation.importing.planning import minting
from curation.importing.planning.plans import Plan
from curation.importing.planning.resolving import Known, Limit
from curation.importing.resources import Creatable, Reference, Sheet, State, sheet_of


@dataclass(slots=True)
class Naming:
    """That a cell of a plan names `key`; setting it puts another in its place (a key for a name)."""

    plan: Plan
    column: Column
    given: dict[str, Any]
    key: str
    number: int

    def put(self, key: str) -> None:
        value = self.given[self.column.name]
        if isinstance(value, list):
            self.given[self.column.name] = sorted({key if one == self.key else one for one in value})
        else:
            self.given[self.column.name] = key
        self.key = key

    @property
    def reference(self) -> Reference:
        return Reference(self.column.name, self.column.related, self.column.to, self.key)


class Names:
    """Looks up what plans of one sheet name, and says what is wrong with it."""

    def __init__(self, sheet: Sheet, known: Known, create: dict[str, Any] | None = None) -> None:
        self.sheet, self.resource, self.known = sheet, sheet.resource, known
        columns = [one for one in sheet.columns.values() if one.kind in (Kind.KEY, Kind.KEYS) and not one.readonly]
        self.spaces = {column.name: (column.related, column.to) for column in columns}
        self.limits = {column.name: Limit(column) for column in columns if column.limit is not None}
        self.creatable = {
            one.model: (one, asked) for one in self.resource.creatable if (asked := (create or {}).get(one.name))
        }
        self.created: dict[tuple[Any, str], State] = {}  # what is made because a cell names it, and its row number
        self.suggested: dict[str, suggesting.Keys] = {}

    def resolve(self, plans: list[Plan], *, final: bool) -> None:
        named = self._named(plans)
        by_space: dict[Any, dict[str, None]] = defaultdict(dict)
        for name, keys in named.items():
            by_space[self.spaces[name]].update(keys)
        self.known.look_up(by_space)
        is_amiss = any(self._row(name, key) is None for name, keys in named.items() for key in keys)
        if is_amiss:
            self._mend(plans, final=final)
        if is_amiss or any(self._is_unfit(name, key) for name in self.limits for key in named[name]):
            for plan in plans:
                self._refuse_unfit(plan)
        if self.known.staged:
            for plan in plans:
                self._lean(plan)

    def _named(self, plans: list[Plan]) -> dict[str, dict[str, None]]:
        """The keys that each column names."""
        named: dict[str, dict[str, None]] = {name: {} for name in self.spaces}
        for plan in plans:
            for given, _number in _given(plan):
                for name, value in given.items():
                    if value and (keys := named.get(name)) is not None:
                        for key in _keys(value):
                            keys[key] = None
        return named

    def _row(self, name: str, key: str) -> Any:
        return self.known.rows[self.spaces[name]].get(key)

    def _is_unfit(self, name: str, key: str) -> bool:
        row = self._row(name, key)
        return row is not None and not self.limits[name].allows(row)

    def _mend(self, plans: list[Plan], *, final: bool) -> None:
        """Do what can be done about keys that are not there."""
        missing = [naming for plan in plans for naming in self._missing(plan)]
        missing = self._by_other_names(missing)
        missing = self._make(missing)
        if missing:
            self._refuse_missing(missing, final=final)

    def _missing(self, plan: Plan) -> Iterator[Naming]:
        for given, number in _given(plan):
            for name, space in self.spaces.items():
                if value := given.get(name):
                    rows = self.known.rows[space]
                    for key in _keys(value):
                        if rows.get(key) is None:
                            yield Naming(plan, self.sheet.columns[name], given, key, number)

    def _refuse_unfit(self, plan: Plan) -> None:
        """What is named must also be of the kind that the column takes."""
        for name, limit in self.limits.items():
            for given, number in _given(plan):
                if value := given.get(name):
                    for key in _keys(value):
                        if self._is_unfit(name, key):
                            plan.wrong(name, key, limit.message(key, self._row(name, key)), number)

    def _lean(self, plan: Plan) -> None:
        """Note which rows of this file the plan needs."""
        for given, _number in _given(plan):
            for name, (model, _to) in self.spaces.items():
                if value := given.get(name):
                    plan.leans += [(model, key) for key in _keys(value) if (model, key) in self.known.staged]

    def _found(self, naming: Naming) -> Any:
        return self.known.find(naming.column.related, naming.column.to, naming.key)

    def _by_other_names(self, missing: list[Naming]) -> list[Naming]:
        by_model: dict[Any, dict[str, None]] = defaultdict(dict)
        for naming in missing:
            by_model[naming.column.related][naming.key] = None
        others = {model: self.known.by_other_name(model, list(texts)) for model, texts in by_model.items()}
        left, read = [], []
        for naming in missing:
            keys = others[naming.column.related].get(naming.key, [])
            if len(keys) == 1:
                message = _("“%(name)s” was read as %(key)s.") % {"name": naming.key, "key": keys[0]}
                naming.plan.note(f"{naming.column.name}: {message}")
                naming.put(keys[0])
                read.append(naming)
            elif keys:
                message = _("“%(name)s” is a name of several: %(keys)s. Write the key of the one you mean.")
                said = message % {"name": naming.key, "keys": ", ".join(keys)}
                naming.plan.wrong(naming.column.name, naming.key, said, naming.number)
            else:
                left.append(naming)
        self.known.ask(naming.reference for naming in read)
        return left

    def _make(self, missing: list[Naming]) -> list[Naming]:
        """Make what is missing, where the editor has asked for that; return the rest."""
        made = [(naming, self._made(naming)) for naming in missing]
        self.known.ask(naming.reference._replace(key=one[0]) for naming, one in made if one)
        for naming, one in made:
            if one:
                self._put_made(naming, *one)
        return [naming for naming, one in made if one is None]

    def _made(self, naming: Naming) -> tuple[str, State] | None:
        creatable, asked = self.creatable.get(naming.column.related, (None, None))
        return minting.missing(creatable, asked, naming.key) if creatable else None

    def _put_made(self, naming: Naming, key: str, state: State) -> None:
        """The check writes a row for what is made, before the row that names it first."""
        model, said, name = naming.column.related, naming.key, naming.column.name
        if key != said:
            naming.put(key)
        if self._found(naming) is None:
            self.created[model, key] = state | {"": naming.number}
            self.known.make(model, naming.column.to, key, state)
        elif (model, key) not in self.known.staged:
            message = _("“%(name)s” was read as %(key)s.") % {"name": said, "key": key}
            naming.plan.note(f"{name}: {message}")
            return
        naming.plan.note(_("%(column)s: “%(key)s” is made, since it is not there.") % {"column": name, "key": key})

    def _refuse_missing(self, missing: list[Naming], *, final: bool) -> None:
        own = self.resource.model
        near = self._near(missing)
        refused = self.known.refused(own, [one.key for one in missing if one.column.related is own])
        for naming in missing:
            if naming.column.related is own and naming.key == naming.plan.key and naming.key:
                continue  # itself: the constraint says what is wrong with that
            if naming.column.related is own and not final and naming.key not in refused:
                naming.plan.waits.append(naming.key)
            else:
                naming.plan.wrong(
                    naming.column.name, naming.key, self._missing_words(naming, refused, near), naming.number
                )

    def _near(self, missing: list[Naming]) -> dict[tuple[str, str], str]:
        """The nearest key there is, by column and what stands in the cell."""
        named: dict[str, dict[str, None]] = defaultdict(dict)
        for naming in missing:
            named[naming.column.name][naming.key] = None
        found = {}
        for name, keys in named.items():
            if name not in self.suggested:
                column = self.sheet.columns[name]
                self.suggested[name] = suggesting.Keys(column.related._default_manager.all(), column.to)
            near = self.suggested[name].nearest(list(keys))
            found.update({(name, key): one for key, one in near.items()})
        return found

    def _missing_words(self, naming: Naming, refused: dict[str, int], near: dict[tuple[str, str], str]) -> str:
        if naming.key in refused:
            return _("“%(key)s” is to be made by row %(row)d of this file, which is rejected. Mend that row, too.") % {
                "key": naming.key,
                "row": refused[naming.key],
            }
        thing = str(naming.column.related._meta.verbose_name)
        things = str(self.resource.model._meta.verbose_name_plural)
        suggestion = near[naming.column.name, naming.key]
        return suggesting.unknown_key(naming.key, thing, suggestion, tick=self._tick(naming), things=things)

    def _tick(self, naming: Naming) -> str:
        """The label of the tick that would have made it; "" where none would, or this editor is offered none."""
        one = self.offered.get(naming.column.related)
        return one.label if one and minting.missing(one, True, naming.key) else ""

    @cached_property
    def offered(self) -> dict[Any, Creatable]:
        """What the editor might have ticked and did not, by model."""
        allowed = self.known.batch.options.get("allowed", ())
        left = [one for one in self.resource.creatable if one.model not in self.creatable]
        return {one.model: one for one in left if (of := sheet_of(one.model)) and of.name in allowed}


def _given(plan: Plan) -> Iterator[tuple[dict[str, Any], int]]:
    """The values of the record's own cells and of each part's, with their row."""
    yield plan.given, plan.record.number
    for part in plan.parts:
        yield part.given, part.number


def _keys(value: Any) -> Sequence[str]:
    return value if isinstance(value, list) else () if value is CLEARED else (value,)
