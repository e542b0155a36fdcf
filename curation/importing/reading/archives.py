"""The ZIP archive that a workbook is, looked over before anything in it is inflated."""

import posixpath
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, BinaryIO

from django.utils.translation import gettext as _

from .tables import MIB, Limits, Unreadable

CHUNK = 65_536
DIRECTORY = MIB // 4  # bytes of the list of parts: honest workbooks need a hundredth of it
PARTS = 2_000
PART = 32 * MIB  # of parts other than sheets and texts: a large workbook's styles have 2 MiB

# Deflate cannot do better than 1,032 to 1. Sheets are packed 5 to 40 to 1; repeated rows may come to hundreds, so
# that the ratio says nothing of itself, but so much at such a ratio is no one's work.
BOMB_SIZE, BOMB_RATIO = 64 * MIB, 200

# What zipfile raises where the list of parts, or the head of one, is not as it should be.
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    ValueError,
    struct.error,
)


class Archive:
    """Its parts, each of which inflates to no more than the archive declared, and all together to the limit."""

    def __init__(self, file: BinaryIO, limits: Limits):
        try:
            self._zip = zipfile.ZipFile(_Metered(file))
        except _BROKEN as error:
            raise damaged() from error
        entries = self._zip.infolist()
        if len(entries) > PARTS:
            raise Unreadable(
                _("The workbook has %(count)d parts, more than any honest one. Save it once more in Excel.")
                % {"count": len(entries)}
            )
        self._parts = {entry.filename: entry for entry in entries}
        self._check_sizes(entries, limits)
        self._check_places(entries)

    def _check_sizes(self, entries: list[zipfile.ZipInfo], limits: Limits) -> None:
        inflated = sum(entry.file_size for entry in entries)
        packed = sum(entry.compress_size for entry in entries)
        if inflated > limits.inflated:
            raise Unreadable(
                _("The workbook would inflate to %(size)d MiB; at most %(most)d MiB are read. Import several files.")
                % {"size": inflated // MIB, "most": limits.inflated // MIB}
            )
        if inflated > BOMB_SIZE and inflated > BOMB_RATIO * packed:
            raise damaged()

    def _check_places(self, entries: list[zipfile.ZipInfo]) -> None:
        """Parts that lie over one another, as in bombs, would inflate the same bytes again and again."""
        if len(self._parts) != len(entries):
            raise damaged()
        end = 0
        for entry in sorted(entries, key=lambda entry: entry.header_offset):
            if entry.header_offset < end or entry.flag_bits & 0x1:
                raise damaged() if entry.header_offset < end else _locked()
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise damaged()
            end = entry.header_offset + 30 + entry.compress_size

    def __contains__(self, part: str) -> bool:
        return part in self._parts

    def other_kind(self) -> str:
        """What the archive is when it is no workbook; "" when it is one."""
        if "[Content_Types].xml" in self and any(name.startswith("xl/") for name in self._parts):
            return _("a binary workbook (.xlsb)") if "xl/workbook.bin" in self else ""
        if "mimetype" in self:
            with self.open("mimetype") as part:
                kind = part.read(100)
            if b"opendocument.spreadsheet" in kind:
                return _("an OpenDocument spreadsheet (.ods)")
        if any(name.startswith("word/") for name in self._parts):
            return _("a Word document")
        if any(name.startswith("Index/") for name in self._parts):
            return _("a Numbers or Pages document")
        return _("a ZIP archive")

    @contextmanager
    def open(self, part: str) -> Iterator[IO[bytes]]:
        """The inflated part. Read it by chunks; zipfile stops at the declared size and then compares the checksum."""
        if part not in self._parts:
            raise damaged()
        try:
            opened = self._zip.open(self._parts[part])
        except _BROKEN as error:
            raise damaged() from error
        try:
            with opened:
                yield opened
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:  # no more: the caller's own errors come by here
            raise damaged() from error

    def size(self, part: str) -> int:
        return self._parts[part].file_size


class _Metered:
    """A file that gives no more at a time than the list of parts may have: zipfile reads this list at a stroke.

    Four million entries fit in 200 MiB, and each takes half a kilobyte of memory.
    """

    def __init__(self, file: BinaryIO):
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable
        self._size = file.seek(0, 2)

    def read(self, size: int = -1) -> bytes:
        if size < 0:
            size = max(self._size - self._file.tell(), 0)
        if size > DIRECTORY:
            raise damaged()
        return self._file.read(size)


def joined(base: str, target: str) -> str:
    """The name of the part to which a part in the folder `base` refers."""
    return posixpath.normpath(posixpath.join("/", base, target)).lstrip("/")


def damaged() -> Unreadable:
    return Unreadable(_("The workbook is damaged, or made to deceive. Open it in Excel and save it once more as XLSX."))


def _locked() -> Unreadable:
    return Unreadable(_("The workbook is protected by a password. Save it without one."))
