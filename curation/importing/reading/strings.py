"""The texts that the cells of a workbook share, by number."""

import re
import tempfile
import weakref
from array import array
from collections.abc import Iterator
from typing import IO

from .archives import damaged
from .markup import DEPTH, fed, local, new_parser
from .tables import MIB

IN_MEMORY = 16 * MIB
MOST = 10_000_000  # eight bytes of memory each
NEAR = 2_000
_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")


def unescaped(text: str) -> str:
    """What XML cannot hold is written `_x000D_` (ECMA-376 part 1, 22.9.2.19); line ends become newlines."""
    if "_x" in text:
        text = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text


class Strings:
    """Numbered texts, taken as far as they are asked for, and kept in a temporary file once they are many.

    Spreadsheets number them as they are first used, so that the headers of a sheet need no more than the first.
    """

    def __init__(self, texts: Iterator[str]):
        self._texts = texts
        self._file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115  # closed by `close`
        self._ends = array("Q", [0])
        self._near: dict[int, str] = {}
        self.close = weakref.finalize(self, self._file.close)  # also when it is forgotten

    def get(self, number: int) -> str:
        """Raises IndexError where there is no such text."""
        text = self._near.get(number)
        if text is None:
            if len(self._near) >= NEAR:
                self._near.clear()
            text = self._near[number] = self._far(number)
        return text

    def _far(self, number: int) -> str:
        if number < 0:
            raise IndexError(number)
        ends = self._ends
        if number + 1 >= len(ends):
            self._take(number)
        self._file.seek(ends[number])
        return unescaped(self._file.read(ends[number + 1] - ends[number]).decode("utf-8"))

    def _take(self, number: int) -> None:
        position = self._ends[-1]
        self._file.seek(position)
        for text in self._texts:
            position += self._file.write(text.encode("utf-8"))
            self._ends.append(position)
            if len(self._ends) > MOST:
                raise damaged()
            if number + 1 < len(self._ends):
                return


def texts(source: IO[bytes], most: int) -> Iterator[str]:
    """The texts of a part of shared strings, none of them longer than `most` characters and one more."""
    collector = _Collector(most)
    parser = new_parser()
    parser.StartElementHandler, parser.EndElementHandler = collector.start, collector.end
    parser.CharacterDataHandler = collector.text
    for _piece in fed(parser, source):
        yield from collector.found
        collector.found.clear()


class _Collector:
    """The text of each `si`: of its `t` and of the `t` of its runs, but not of its readings (`rPh`)."""

    def __init__(self, most: int):
        self.found: list[str] = []
        self._most = most
        self._pieces: list[str] = []
        self._room = 0
        self._depth = self._silent = 0
        self._taking = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > DEPTH:
            raise damaged()
        name = local(tag)
        if name == "si":
            self._pieces, self._room = [], self._most + 1
        elif name == "rPh":
            self._silent = self._depth
        elif name == "t":
            self._taking = not self._silent

    def text(self, data: str) -> None:
        if self._taking and self._room > 0:
            self._pieces.append(data[: self._room])
            self._room -= len(data)

    def end(self, tag: str) -> None:
        name = local(tag)
        if name == "t":
            self._taking = False
        elif name == "si":
            self.found.append("".join(self._pieces))
        elif self._silent == self._depth:
            self._silent = 0
        self._depth -= 1
