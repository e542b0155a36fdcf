"""The texts that the cells of a workbook share, by number."""

import re
import tempfile
import weakref
from array import array
from functools import lru_cache
from typing import IO

from .archives import damaged
from .markup import DEPTH, fed, local, new_parser
from .tables import MIB

IN_MEMORY = 16 * MIB
MOST = 10_000_000  # eight bytes of memory each
_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")


def unescaped(text: str) -> str:
    """What XML cannot hold is written `_x000D_` (ECMA-376 part 1, 22.9.2.19); line ends become newlines."""
    if "_x" in text:
        text = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text


class Strings:
    """Numbered texts, each cut off after `most` characters and one more, in a file once they are many.

    Texts are mostly asked for in the order in which they were given, or over and over.
    """

    def __init__(self, most: int):
        self.most = most
        self._file = file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115  # closed by `close`
        self._ends = ends = array("Q", [0])
        self.close = weakref.finalize(self, file.close)  # also when it is forgotten

        @lru_cache(maxsize=8192)
        def get(number: int) -> str:
            if number < 0:
                raise IndexError(number)
            start, end = ends[number], ends[number + 1]
            file.seek(start)
            return unescaped(file.read(end - start).decode("utf-8", "surrogatepass"))

        # No method: its cache would tie the texts to themselves, to be freed only by the garbage collector.
        self.get = get  # raises IndexError where there is no such text

    def fill(self, source: IO[bytes]) -> None:
        collector = _Collector(self.most)
        parser = new_parser()
        parser.StartElementHandler, parser.EndElementHandler = collector.start, collector.end
        parser.CharacterDataHandler = collector.text
        position = 0
        for _piece in fed(parser, source):
            for text in collector.found:
                position += self._file.write(text.encode("utf-8", "surrogatepass"))
                self._ends.append(position)
            collector.found.clear()
            if len(self._ends) > MOST:
                raise damaged()


class _Collector:
    """The text of each `si`: of its `t` and of the `t` of its runs, but not of its readings (`rPh`)."""

    def __init__(self, most: int):
        self.found: list[str] = []
        self.most = most
        self._pieces: list[str] = []
        self._room = most + 1
        self._depth = self._silent = 0
        self._taking = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > DEPTH:
            raise damaged()
        name = local(tag)
        if name == "si":
            self._pieces, self._room = [], self.most + 1
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
