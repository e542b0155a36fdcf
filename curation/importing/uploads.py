"""Uploaded files, kept in the database in parts: no path, no name that a user chooses, and gone when they expire."""

import datetime
import hashlib
import io
import unicodedata
from collections.abc import Iterator
from typing import Any, BinaryIO

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from curation.importing.reading import LIMITS, Limits, Unreadable
from curation.importing.reading.opening import too_large
from curation.models import Upload, UploadPart

PART = 1024 * 1024  # bytes of each part but the last: where a byte lies follows from it
CHUNK = 65_536


@transaction.atomic
def keep(file: Any, *, by: str, limits: Limits = LIMITS) -> Upload:
    """Keep the file: a Django UploadedFile, or anything with `read` and, it may be, `name` and `size`.

    Raises Unreadable, and keeps nothing, where it is larger than `limits.bytes`. Reads it once, a part at a time.
    """
    size = getattr(file, "size", None)
    if size is not None and size > limits.bytes:
        raise Unreadable(too_large(limits, size))
    now = timezone.now()
    upload = Upload.objects.create(
        name=shown_name(getattr(file, "name", None) or ""),
        by=by,
        at=now,
        expires_at=now + datetime.timedelta(days=settings.IMPORT_KEEP_DAYS),
    )
    digest = hashlib.sha256()
    upload.size = 0
    for number, data in enumerate(_parts(file)):
        upload.size += len(data)
        if upload.size > limits.bytes:
            raise Unreadable(too_large(limits))
        digest.update(data)
        UploadPart.objects.create(upload=upload, number=number, data=data)
    upload.sha256 = digest.hexdigest()
    upload.save(update_fields=["size", "sha256"])
    return upload


def _parts(file: Any) -> Iterator[bytes]:
    """The file in parts of PART bytes, whatever the sizes that its chunks come in."""
    rest = bytearray()
    for chunk in file.chunks() if hasattr(file, "chunks") else iter(lambda: file.read(CHUNK), b""):
        rest += chunk
        while len(rest) >= PART:
            yield bytes(rest[:PART])
            del rest[:PART]
    if rest:
        yield bytes(rest)


def shown_name(name: str) -> str:
    """The last part of a path, without characters that would not show; a name to be shown, never to be opened."""
    last = name.replace("\\", "/").rpartition("/")[2]
    shown = "".join(character for character in last if unicodedata.category(character)[0] != "C").strip()
    if len(shown) > 255:
        stem, dot, ending = shown.rpartition(".")
        ending = f"{dot}{ending}"[:20] if stem else ""
        shown = f"{shown[: 254 - len(ending)]}…{ending}"
    return shown or "file"


def opened(upload: Upload) -> BinaryIO:
    """The file, to be read and sought in; one part of it is in memory. Raises Unreadable where it has expired."""
    if upload.expires_at <= timezone.now() or not Upload.objects.filter(pk=upload.pk).exists():
        raise _gone()
    return io.BufferedReader(_Stream(upload), CHUNK)


def expire(now: datetime.datetime | None = None) -> int:
    """Delete the uploads whose time is over; how many. What was read from them stays."""
    _total, deleted = Upload.objects.filter(expires_at__lte=now or timezone.now()).delete()
    return deleted.get(Upload._meta.label, 0)


def _gone() -> Unreadable:
    return Unreadable(_("The uploaded file is no longer kept. Upload it again."))


class _Stream(io.RawIOBase):
    """The parts of an upload as one file. The part read last is at hand: reading on asks the database once a part."""

    def __init__(self, upload: Upload):
        self._upload = upload.pk
        self._size = upload.size
        self._position = 0
        self._number = -1
        self._part = memoryview(b"")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        position = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if position < 0:
            raise ValueError(f"Cannot seek to {position}: a file begins at 0.")
        self._position = position
        return position

    def readinto(self, buffer: Any) -> int:
        """Raises Unreadable where the upload was deleted meanwhile."""
        if self._position >= self._size:
            return 0
        number, start = divmod(self._position, PART)
        if number != self._number:
            self._fetch(number)
        piece = self._part[start : start + len(buffer)]
        buffer[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def _fetch(self, number: int) -> None:
        parts = UploadPart.objects.filter(upload_id=self._upload, number=number).values_list("data", flat=True)
        data = parts.first()
        if data is None or len(data) != min(PART, self._size - number * PART):
            raise _gone()
        self._part, self._number = memoryview(data), number
