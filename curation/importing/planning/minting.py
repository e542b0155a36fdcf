"""Keys for what has none: the next free number of a new record, and the key of a name that is to be made."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.text import slugify

from curation.fields import validate_key
from curation.importing.resources import Creatable, RecordResource, State
from curation.models import Revision

AT_ONCE = 100  # beginnings of keys in one question
_NUMBERED = re.compile(r"(.*?)([0-9]+)\Z", re.DOTALL)


class Minter:
    """Gives the numbers after the highest ever used, deleted records and earlier rows of the file included.

    An address is not given twice: the history keeps the keys of what was deleted.
    """

    def __init__(self, resource: RecordResource) -> None:
        self.resource = resource
        self.highest: dict[str, int] = {}
        self.explicit: dict[str, int] = {}  # in this file

    def meet(self, keys: Iterable[str]) -> None:
        """Keep clear of keys that the file itself gives to new records."""
        for key in keys:
            if match := _NUMBERED.match(key):
                start, number = match[1], int(match[2][-9:])
                self.explicit[start] = max(self.explicit.get(start, 0), number)

    def keys(self, states: Sequence[State]) -> Iterator[str]:
        """A key for each state, or "" where it must be given by hand."""
        asked = [self.resource.mint(state) for state in states]
        self._read({one[0] for one in asked if one} - self.highest.keys())
        for one in asked:
            if one is None:
                yield ""
                continue
            start, digits = one
            number = max(self.highest[start], self.explicit.get(start, 0)) + 1
            self.highest[start] = number
            yield f"{start}{number:0{digits}d}"

    def _read(self, starts: set[str]) -> None:
        ordered = sorted(starts)
        kind = self.resource.model._meta.label_lower
        for at in range(0, len(ordered), AT_ONCE):
            some = ordered[at : at + AT_ONCE]
            rows = self.resource.model._default_manager.filter(_begins(self.resource.key, some)).order_by()
            gone = Revision.objects.filter(_begins("ref", some), kind=kind).order_by()
            self.highest.update(dict.fromkeys(some, 0))
            for keys in (rows.values_list(self.resource.key, flat=True), gone.values_list("ref", flat=True)):
                for key in keys.iterator():
                    match = _NUMBERED.match(key)
                    if match and match[1] in self.highest:
                        self.highest[match[1]] = max(self.highest[match[1]], int(match[2]))


def _begins(field: str, starts: Iterable[str]) -> Q:
    """As ranges, which an index serves on both databases (keys are compared byte by byte)."""
    found = Q(pk__in=())
    for start in starts:
        found |= Q(**{f"{field}__gte": start, f"{field}__lt": start[:-1] + chr(ord(start[-1]) + 1)})
    return found


def missing(creatable: Creatable, asked: Any, text: str) -> tuple[str, dict[str, Any]] | None:
    """Key and first values of a record that is to be made because `text` names it; None where it cannot be a key."""
    key = text if _is_key(text) and text == text.lower() else slugify(text)
    if not key or len(key) > 100:
        return None
    state = {"slug": key, "name": text}
    return key, state | ({"kind": asked} if creatable.kinds else {})


def _is_key(text: str) -> bool:
    try:
        validate_key(text)
    except ValidationError:
        return False
    return True
