"""The history of records: one snapshot of the whole aggregate for each change.

An app registers its record models once, in `AppConfig.ready`:

    register(Fact, queryset=facts_with_parts, snapshot=fact_snapshot, parts={Citation: "fact"})

and its write functions end with `record(fact, by=…, why=…)`. Nothing is recorded where nothing changed.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import models, transaction

from curation.models import Revision

Snapshot = dict[str, Any]


@dataclass(frozen=True)
class RecordType:
    """How one kind of record is snapshotted.

    `queryset` gives instances with all their parts prefetched; `parts` names, for each model whose rows belong
    to a record, its foreign key (to the primary key) of that record.
    """

    model: type[models.Model]
    snapshot: Callable[[Any], Snapshot]
    queryset: Callable[[], models.QuerySet]
    key: str = "ref"
    parts: Mapping[type[models.Model], str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        return self.model._meta.label_lower


_types: dict[type[models.Model], RecordType] = {}
_refreshers: list[Callable[[], object]] = []


def register(model: type[models.Model], **how: Any) -> None:
    _types[model] = RecordType(model, **how)


def on_load(refresh: Callable[[], object]) -> None:
    """Call `refresh` at the end of each `loaddata`, inside its transaction, to recompute what is kept computed."""
    _refreshers.append(refresh)


def refresh_computed() -> None:
    for refresh in _refreshers:
        refresh()


def owner_of(obj: models.Model) -> tuple[type[models.Model], Any] | None:
    """Name the record that `obj` is, or is a part of, as (model, pk); None for what has no history."""
    if type(obj) in _types:
        return type(obj), obj.pk
    for record_type in _types.values():
        if name := record_type.parts.get(type(obj)):
            return record_type.model, getattr(obj, f"{name}_id")
    return None


def history(obj: models.Model) -> models.QuerySet[Revision]:
    """All revisions of `obj`, newest first."""
    record_type = _types[type(obj)]
    return Revision.objects.filter(kind=record_type.kind, ref=getattr(obj, record_type.key)).order_by("-version")


def snapshot(obj: models.Model) -> Snapshot:
    """What `obj` and its parts are now, as the database has them."""
    record_type = _types[type(obj)]
    return record_type.snapshot(record_type.queryset().get(pk=obj.pk))


def record(obj: models.Model, *, by: str, why: str = "") -> Revision | None:
    """Keep what `obj` is now as its next version and set `obj.version`; None where nothing changed."""
    revisions = record_many(type(obj), [obj.pk], by=by, why=why)
    obj.version = (  # type: ignore[attr-defined]
        type(obj)._default_manager.values_list("version", flat=True).get(pk=obj.pk)
    )
    return revisions[0] if revisions else None


@transaction.atomic
def record_many(model: type[models.Model], pks: Iterable[Any], *, by: str, why: str = "") -> list[Revision]:
    """Record those of the rows `pks` that differ from their last revision, and set every row's `version` right.

    Costs a constant number of queries for each thousand rows.
    """
    record_type = _types[model]
    pks = list(pks)
    written: list[Revision] = []
    for start in range(0, len(pks), 1000):
        objects = list(record_type.queryset().filter(pk__in=pks[start : start + 1000]))
        written += _record_chunk(record_type, objects, by=by, why=why)
    return written


def _record_chunk(record_type: RecordType, objects: list[Any], *, by: str, why: str) -> list[Revision]:
    last = _last_revisions(record_type, [getattr(obj, record_type.key) for obj in objects])
    new: list[Revision] = []
    changed: list[Any] = []
    for obj in objects:
        ref = getattr(obj, record_type.key)
        snapshot = record_type.snapshot(obj)
        previous = last.get(ref)
        version = previous.version if previous else 0
        if previous is None or previous.data != snapshot:
            version += 1
            digest = getattr(obj, "digest", "")
            new.append(
                Revision(kind=record_type.kind, ref=ref, version=version, digest=digest, data=snapshot, by=by, why=why)
            )
        if obj.version != version:
            obj.version = version
            changed.append(obj)
    Revision.objects.bulk_create(new, batch_size=500)
    if changed:
        record_type.model._default_manager.bulk_update(changed, ["version"], batch_size=200)
    return new


def _last_revisions(record_type: RecordType, refs: list[str]) -> dict[str, Revision]:
    revisions = Revision.objects.filter(kind=record_type.kind, ref__in=refs).order_by("ref", "version")
    return {revision.ref: revision for revision in revisions}


def changes(before: Snapshot | None, after: Snapshot) -> list[tuple[str, Any, Any]]:
    """List (name, before, after) for each value that differs, in the order of `after`."""
    before = before or {}
    names = list(after) + [name for name in before if name not in after]
    return [(name, before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)]
