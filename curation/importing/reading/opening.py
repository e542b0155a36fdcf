"""From the bytes of a file to its table: what kind of file it is, whatever its name says."""

from pathlib import PurePath
from typing import BinaryIO

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .archives import Archive
from .delimited import Delimited
from .encodings import HEAD
from .framing import shown
from .tables import LIMITS, MIB, Limits, Table, Unreadable
from .workbooks import Workbook

_TEXT_NAMES = (".csv", ".tsv", ".tab", ".txt", "")
_WORKBOOK_NAMES = (".xlsx", "")

_SAVE = gettext_lazy("Save it as XLSX, CSV or TSV.")
_SIGNATURES = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", gettext_lazy("an Excel file of the old kind (.xls), or one with a password")),
    (b"%PDF-", gettext_lazy("a PDF document")),
    (b"\x89PNG", gettext_lazy("a picture")),
    (b"\xff\xd8\xff", gettext_lazy("a picture")),
    (b"GIF8", gettext_lazy("a picture")),
    (b"{\\rtf", gettext_lazy("a text document (RTF)")),
    (b"\x1f\x8b", gettext_lazy("a compressed file (gzip)")),
    (b"7z\xbc\xaf\x27\x1c", gettext_lazy("a compressed file (7z)")),
    (b"Rar!\x1a\x07", gettext_lazy("a compressed file (RAR)")),
    (b"BZh", gettext_lazy("a compressed file (bzip2)")),
    (b"\xfd7zXZ\x00", gettext_lazy("a compressed file (xz)")),
    (b"SQLite format 3\x00", gettext_lazy("a database")),
    (b"PAR1", gettext_lazy("a Parquet file")),
)
_MARKUP = (
    (b"<!doctype html", gettext_lazy("a web page")),
    (b"<html", gettext_lazy("a web page")),
    (b"<?xml", gettext_lazy("an XML document")),
)


def open_table(file: BinaryIO, name: str, limits: Limits = LIMITS) -> Table:
    """The table in the file, which must be open in binary mode and seekable, and stay open while it is read.

    `name` is what its owner calls it; it decides nothing, but must not say something else than the bytes do.
    Raises Unreadable.
    """
    size = file.seek(0, 2)
    if size > limits.bytes:
        raise Unreadable(too_large(limits, size))
    if not size:
        raise Unreadable(_("The file is empty."))
    file.seek(0)
    head = file.read(HEAD)
    name = PurePath(name.replace("\\", "/")).name
    _refuse_known(head, name)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _workbook(file, name, limits)
    if _ending(name) not in _TEXT_NAMES:
        raise Unreadable(_misnamed_text(name))
    return Delimited(file, limits)


def too_large(limits: Limits, size: int | None = None) -> str:
    """Why a file of so many bytes is refused; `size` is None where it was not read to its end."""
    most = {"most": limits.bytes // MIB}
    if size is None:
        return _("The file is larger than %(most)d MiB. Import it in several files.") % most
    return _("The file has %(size)d MiB; at most %(most)d MiB are read. Import it in several files.") % {
        **most,
        "size": -(-size // MIB),
    }


def _refuse_known(head: bytes, name: str) -> None:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:64].lower()
    kinds = [kind for signature, kind in _SIGNATURES if head.startswith(signature)]
    kinds += [kind for signature, kind in _MARKUP if start.startswith(signature)]
    if kinds:
        raise Unreadable(
            _("“%(name)s” is %(kind)s. %(instead)s") % {"name": shown(name), "kind": kinds[0], "instead": _SAVE}
        )


def _ending(name: str) -> str:
    return PurePath(name).suffix.lower()


def _workbook(file: BinaryIO, name: str, limits: Limits) -> Table:
    archive = Archive(file, limits)
    if other := archive.other_kind():
        raise Unreadable(
            _("“%(name)s” is %(kind)s. %(instead)s") % {"name": shown(name), "kind": other, "instead": _SAVE}
        )
    if _ending(name) in (".xlsm", ".xltx", ".xltm"):
        message = _("“%(name)s” is a template or has macros. Save it as an Excel workbook (.xlsx).")
        raise Unreadable(message % {"name": shown(name)})
    if _ending(name) not in _WORKBOOK_NAMES:
        raise Unreadable(
            _("“%(name)s” is an Excel workbook, whatever its name says. Rename it to “%(right)s”, or save it as CSV.")
            % {"name": shown(name), "right": shown(f"{PurePath(name).stem}.xlsx")}
        )
    return Workbook(archive, limits)


def _misnamed_text(name: str) -> str:
    names = {"name": shown(name), "right": shown(f"{PurePath(name).stem}.csv"), "ending": _ending(name)}
    if _ending(name) in (".xlsx", ".xlsm", ".xls", ".ods"):
        return (
            _("“%(name)s” is not a workbook: it holds text. Rename it to “%(right)s”, or save it as a workbook.")
            % names
        )
    return _("“%(name)s”: files named %(ending)s are not read here. Save it as XLSX, CSV or TSV.") % names
