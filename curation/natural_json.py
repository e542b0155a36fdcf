"""Django's JSON for fixtures; while `loaddata` runs, rows are known by their natural keys before they are read."""

from collections.abc import Iterator
from typing import Any

from django.core.serializers.base import DeserializedObject
from django.core.serializers.json import Deserializer as JsonDeserializer
from django.core.serializers.json import Serializer

from curation.loading import Incoming, current

__all__ = ["Deserializer", "Serializer"]


class Deserializer(JsonDeserializer):
    using: str
    stream: Any  # the rows, parsed; the stubs know the text
    _handle_object: Any

    def __iter__(self) -> Iterator[DeserializedObject]:  # type: ignore[override]
        here = current(self.using)
        if here is None:
            yield from super().__iter__()
            return
        here.meet(self.stream)
        for node in self.stream:
            known = here.with_pk(node)
            if known is None:
                here.write()  # its key is looked up in the database, by rows that may be waiting
                yield from self._handle_object(node)
            else:
                for read in self._handle_object(known):
                    yield Incoming(read.object, read.m2m_data, read.deferred_fields)
