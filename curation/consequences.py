"""What a change would take from students and give back, known before it is made (DESIGN.md, rule 6).

Each app says once, in `AppConfig.ready`, what students see of its records:

    watch(Fact, seen=Fact.objects.visible, words="statement")

The change is tried and rolled back, so what is foreseen is what the database would then say, whatever the
rule of the state, and an action need not know which records of other apps hang on it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import models, transaction

Seen = dict[type[models.Model], set[str]]
Described = dict[type[models.Model], tuple[tuple[str, str], ...]]  # (key, words)


@dataclass(frozen=True)
class _Watch:
    model: type[models.Model]
    seen: Callable[[], models.QuerySet]
    key: str
    words: str


@dataclass(frozen=True)
class Consequence:
    """For one kind of record: (key, words) of those that would leave students, and of those that would come back."""

    kind: str  # relations.fact
    name: str  # facts
    leaving: tuple[tuple[str, str], ...]
    returning: tuple[tuple[str, str], ...]


_watches: dict[type[models.Model], _Watch] = {}


def watch(model: type[models.Model], *, seen: Callable[[], models.QuerySet], words: str, key: str = "ref") -> None:
    """Foresee what becomes of `seen()`, naming its records by the field `key` and describing them by `words`."""
    _watches[model] = _Watch(model, seen, key, words)


def foresee(act: Callable[[], object]) -> tuple[Consequence, ...]:
    """Do `act`, look, and undo it. One consequence for each watched model, also where nothing would change."""
    with transaction.atomic():
        before = seen()
        with transaction.atomic():
            act()
            after = seen()
            coming = returning(before, after)
            transaction.set_rollback(True)
        return between(before, after, coming)


def returning(before: Seen, after: Seen) -> Described:
    """What came back between two looks. To be asked while it is back: its words may be others before and after."""
    return {model: _described(watched, after[model] - before[model]) for model, watched in _watches.items()}


def between(before: Seen, after: Seen, coming: Described | None = None) -> tuple[Consequence, ...]:
    """What left between two looks, in the words that the database has now, and what `returning` said came back."""
    return tuple(
        Consequence(
            kind=model._meta.label_lower,
            name=str(model._meta.verbose_name_plural),
            leaving=_described(watched, before[model] - after[model]),
            returning=(coming or {}).get(model, ()),
        )
        for model, watched in _watches.items()
    )


def taken(before: Seen, after: Seen) -> list[str]:
    """The labels and keys of what students saw before and see no more, in one order."""
    return sorted(f"{model._meta.label_lower} {key}" for model in before for key in before[model] - after[model])


def seen() -> Seen:
    """The keys of what students see now, by model."""
    return {
        model: set(watched.seen().order_by().values_list(watched.key, flat=True)) for model, watched in _watches.items()
    }


def is_watched(model: type[models.Model]) -> bool:
    return model in _watches


def sees(model: type[models.Model], keys: Sequence[str]) -> bool:
    """Whether students see any of these records of a watched model now."""
    watched = _watches[model]
    return watched.seen().order_by().filter(**{f"{watched.key}__in": keys}).exists()


def _described(watched: _Watch, keys: set[str]) -> tuple[tuple[str, str], ...]:
    rows: list[tuple[str, str]] = []
    ordered = sorted(keys)
    for start in range(0, len(ordered), 1000):
        chosen = watched.model._default_manager.filter(**{f"{watched.key}__in": ordered[start : start + 1000]})
        rows += chosen.values_list(watched.key, watched.words)
    return tuple(sorted(rows))
