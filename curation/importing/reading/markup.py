"""XML that may be made to harm: read by pieces, with no document type, no entities, and nothing without bounds.

The parser is the standard library's expat, as under openpyxl and defusedxml, but without a tree: these hold a
whole row, a whole style sheet, all shared texts at once, however large a file makes them.
"""

from collections.abc import Iterator
from typing import IO
from xml.parsers import expat

from django.utils.translation import gettext as _

from .archives import CHUNK, damaged
from .tables import MIB, Unreadable

TOKEN = MIB  # bytes of one tag: expat, before 2.6, reads an unfinished one from its start with every chunk
NAMES = 5_000  # of elements and attributes: they are remembered till the end
DEPTH = 64  # workbooks have about ten
ELEMENTS = 500_000  # of a part other than sheets and texts: the styles of a large workbook have a fifth of it


def fed(parser: expat.XMLParserType, source: IO[bytes]) -> Iterator[None]:
    """Feed the source to the parser, chunk by chunk; a pause after each lets the caller take what was found.

    Raises Unreadable for what is not well-formed, has a document type, or is too deep or too odd.
    """
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = _refuse_type
    given = 0
    try:
        while chunk := source.read(CHUNK):
            if not given and (b"\0" in chunk[:4] or chunk[:1] >= b"\xfe"):
                raise damaged()  # UTF-16: expat would read it whatever it is told
            parser.Parse(chunk, False)
            given += len(chunk)
            if given - parser.CurrentByteIndex > TOKEN or len(parser.intern) > NAMES:
                raise damaged()
            yield
        parser.Parse(b"", True)
        yield
    except expat.ExpatError as error:
        raise damaged() from error


def new_parser() -> expat.XMLParserType:
    """Told that the text is UTF-8, as every program writes workbooks, so that it cannot be read in two ways."""
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.buffer_size = CHUNK
    return parser


def elements(source: IO[bytes]) -> Iterator[tuple[str, dict[str, str], int]]:
    """The local name, the attributes by local name, and the depth of each element, in order."""
    parser = new_parser()
    found: list[tuple[str, dict[str, str], int]] = []
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEPTH:
            raise damaged()
        found.append((local(tag), {local(name): value for name, value in attributes.items()}, depth))

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1

    parser.StartElementHandler, parser.EndElementHandler = start, end
    count = 0
    for _piece in fed(parser, source):
        count += len(found)
        if count > ELEMENTS:
            raise damaged()
        yield from found
        found.clear()


def local(name: str) -> str:
    return name.rpartition(":")[2]


def _refuse_type(*declared: object) -> None:
    raise Unreadable(
        _("The workbook holds a document type declaration, which no spreadsheet writes. Save it once more in Excel.")
    )
