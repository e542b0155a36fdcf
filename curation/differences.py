"""Differences between snapshots, in words: what history and conflict pages show."""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.translation import gettext as _

KEPT, REMOVED, ADDED = "kept", "removed", "added"
Piece = tuple[str, str]

# Of use to the database alone.
UNSHOWN = frozenset({"digest", "fact_digest"})


@dataclass(frozen=True)
class Change:
    """One changed value: its name in words, and the text before and after as pieces that were kept, removed, added.

    The pieces of a list (`is_list`) are its items; those of a text run on.
    """

    label: str
    pieces: list[Piece]
    is_list: bool = False
    is_emptied: bool = False  # nothing is left


def changes_in_words(model: type[models.Model], changes: Iterable[tuple[str, Any, Any]]) -> list[Change]:
    """Put `revisions.changes` into words."""
    return [
        Change(
            label_of(model, name),
            pieces_of(model, name, before, after),
            is_list=isinstance(before or after, list),
            is_emptied=not lines_of(model, name, after),
        )
        for name, before, after in changes
        if name not in UNSHOWN
    ]


def label_of(model: type[models.Model], name: str) -> str:
    """What editors call the value `name` of a snapshot."""
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return name.replace("_", " ")
    if isinstance(field, models.ForeignObjectRel):
        return str(field.related_model._meta.verbose_name_plural)
    return str(field.verbose_name)


def lines_of(model: type[models.Model], name: str, value: Any) -> list[str]:
    """A value of a snapshot as lines to read; none for an empty value."""
    if isinstance(value, (list, tuple)):
        return [_row_in_words(one) for one in value]
    if value in (None, ""):
        return []
    if isinstance(value, bool):
        return [_("yes") if value else _("no")]
    return [_choice(model, name, str(value))]


def _row_in_words(row: Any) -> str:
    if not isinstance(row, Mapping):
        return str(row)
    return " · ".join(str(value) for name, value in row.items() if value and name not in UNSHOWN)


def _choice(model: type[models.Model], name: str, value: str) -> str:
    """The words for a value that is one of its field's choices."""
    try:
        choices = dict(getattr(model._meta.get_field(name), "flatchoices", None) or ())
    except FieldDoesNotExist:
        return value
    return str(choices.get(value, value))


def pieces_of(model: type[models.Model], name: str, before: Any, after: Any) -> list[Piece]:
    """What was kept, removed and added: line by line for lists, word by word for a text."""
    old, new = lines_of(model, name, before), lines_of(model, name, after)
    if isinstance(before or after, list):
        return _by_item(old, new)
    return by_word("\n".join(old), "\n".join(new))


def _by_item(old: list[str], new: list[str]) -> list[Piece]:
    """What came and went; what stayed is not repeated."""
    return [(REMOVED, line) for line in old if line not in new] + [(ADDED, line) for line in new if line not in old]


def by_word(before: str, after: str) -> list[Piece]:
    """The words kept, removed and added, in reading order. Texts with little in common are not interleaved."""
    old, new = _words(before), _words(after)
    matcher = difflib.SequenceMatcher(a=old, b=new, autojunk=False)
    if not before or not after or matcher.ratio() < 0.5:
        return [(kind, text) for kind, text in ((REMOVED, before), (ADDED, after)) if text]
    pieces: list[Piece] = []
    for operation, a, b, c, d in matcher.get_opcodes():
        if operation == "equal":
            pieces.append((KEPT, "".join(old[a:b])))
            continue
        if b > a:
            pieces.append((REMOVED, "".join(old[a:b])))
        if d > c:
            pieces.append((ADDED, "".join(new[c:d])))
    return pieces


def _words(text: str) -> list[str]:
    """Words with the spaces after them, so that joining gives the text back."""
    return re.findall(r"\S+\s*|\s+", text)
