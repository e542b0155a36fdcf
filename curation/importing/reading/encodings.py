"""Which encoding and line endings a text file has, found in one pass over its bytes that holds none of them."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from django.utils.translation import gettext as _

from .tables import MIB, Unreadable

CHUNK = MIB
LINE = 4 * MIB  # bytes: no line of a table is longer, and text is read by lines
HEAD = 8192

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_UTF_32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)

# In UTF-8: control characters but tab and line ends; then C1 and surrogates.
_C0 = bytes(code for code in (*range(0x20), 0x7F) if code not in b"\t\r\n")
_C1 = re.compile(rb"\xc2[\x80-\x9f]")
_SURROGATE = re.compile(rb"\xed[\xa0-\xbf]")
_NO_CP1252 = b"\x81\x8d\x8f\x90\x9d"


@dataclass
class Survey:
    """What a text file is made of."""

    encoding: str = "utf-8"  # as Python calls it
    bom: bool = False
    newline: str = "\n"  # the one most lines end with
    lines: int = 0  # of the file: a record whose cells hold line ends takes several
    wary: bool = False  # it holds control characters, or bytes that its encoding does not know
    damaged: bool = False  # it is UTF-8 but for some bytes

    @property
    def errors(self) -> str:
        """How the text is to be decoded, so that what is wrong shows as surrogates in its cell."""
        return "surrogatepass" if self.encoding.startswith("utf-16") else "surrogateescape"


def survey(file: BinaryIO) -> Survey:
    """Raises Unreadable where the bytes are no text, or not in lines."""
    file.seek(0)
    found = _announced(file.read(HEAD))
    tally = _Tally(found)
    file.seek(0)
    try:
        for chunk in _chunks(file):
            tally.add(chunk)
        tally.end()
    except UnicodeDecodeError as error:
        if found.encoding != "utf-8" and found.encoding != "utf-8-sig":
            raise Unreadable(
                _("The file begins as UTF-16, but is damaged or cut off. Save or copy it once more.")
            ) from error
        found = _instead_of_utf8(file, found)
        tally = _Tally(found, decode=False)
        file.seek(0)
        for chunk in _chunks(file):
            tally.add(chunk)
        tally.end()
    return found


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(CHUNK):
        yield chunk


def _announced(head: bytes) -> Survey:
    """What the first bytes say: a byte order mark, or NUL in many a second byte, as UTF-16 has it."""
    if head.startswith(_UTF_32):
        raise Unreadable(_("The file is UTF-32 text, which is not read. Save it as “CSV UTF-8”."))
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return Survey(encoding=encoding, bom=True)
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) * 6 >= len(head) and min(even, odd) * 3 < max(even, odd):
        return Survey(encoding="utf-16-le" if odd > even else "utf-16-be")
    if len(head) - len(head.translate(None, _C0)) > max(len(head) // 10, 32):
        raise Unreadable(_("The file is neither text nor a workbook. Save it as CSV, TSV or XLSX."))
    return Survey()


def _instead_of_utf8(file: BinaryIO, found: Survey) -> Survey:
    """For a file with bytes that are not UTF-8: UTF-8 all the same where most of the others beyond ASCII are.

    Read as Windows-1252 such a file would turn every “é” into “Ã©”, for the sake of a few damaged characters.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    good = bad = 0
    file.seek(0)
    for chunk in _chunks(file):
        text = decoder.decode(chunk)
        if not text.isascii():
            wrong = len(re.findall("[\udc80-\udcff]", text))
            bad += wrong
            good += len(re.findall("[^\x00-\x7f]", text)) - wrong
    if found.bom or good > bad:
        return Survey(encoding=found.encoding, bom=found.bom, wary=True, damaged=True)
    return Survey(encoding="cp1252")


class _Tally:
    """Counts line ends and looks for what cells must not hold, chunk by chunk."""

    def __init__(self, found: Survey, *, decode: bool = True):
        self.found = found
        self.wide = found.encoding.startswith("utf-16")
        errors = found.errors if self.wide else "strict"
        self.decoder = codecs.getincrementaldecoder(found.encoding)(errors) if decode or self.wide else None
        self.crlf = self.lf = self.cr = 0
        self.last = b""
        self.run = 0  # bytes since the last line end

    def add(self, chunk: bytes) -> None:
        if self.decoder:
            text = self.decoder.decode(chunk)
            if self.wide:
                chunk = text.encode("utf-8", "surrogatepass")
        crlf = chunk.count(b"\r\n") + (self.last == b"\r" and chunk.startswith(b"\n"))
        self.crlf += crlf
        self.lf += chunk.count(b"\n")
        self.cr += chunk.count(b"\r")
        self.last = chunk[-1:]
        end = max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
        self.run = self.run + len(chunk) if end < 0 else len(chunk) - end
        if self.run > LINE:
            raise Unreadable(
                _("Line %(line)d of the file is longer than %(most)d MiB. It is hardly a table.")
                % {"line": self.lf + self.cr - self.crlf + 1, "most": LINE // MIB}
            )
        if not self.found.wary:
            self.found.wary = self._is_odd(chunk)

    def _is_odd(self, chunk: bytes) -> bool:
        odd = _C0 + _NO_CP1252 if self.found.encoding == "cp1252" else _C0
        if len(chunk.translate(None, odd)) != len(chunk):
            return True
        # A character may be cut in two by the end of a chunk: look at the lead byte alone there.
        return self.found.encoding != "cp1252" and (
            chunk[-1:] in (b"\xc2", b"\xed")
            or (b"\xc2" in chunk and _C1.search(chunk) is not None)
            or (b"\xed" in chunk and _SURROGATE.search(chunk) is not None)
        )

    def end(self) -> None:
        if self.decoder:
            self.decoder.decode(b"", final=True)
        lf, cr = self.lf - self.crlf, self.cr - self.crlf
        counts = {"\n": lf, "\r\n": self.crlf, "\r": cr}
        self.found.newline = max(counts, key=lambda end: counts[end])
        self.found.lines = lf + cr + self.crlf + (self.last not in (b"", b"\n", b"\r"))
