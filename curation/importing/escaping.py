"""How a text goes into a cell and comes back the same.

A spreadsheet would run a text that begins with = + - @, tab or a line end as a formula, and our own word for “empty
this value” must not be taken for a value. An apostrophe goes before such a text, and before one that has only
apostrophes and white space before these, so that every text survives the round trip.
"""

import re
from collections.abc import Iterable

CLEAR = "[clear]"  # in a cell: empty the value; a blank cell keeps it
EXAMPLE = "[example]"  # as the key of a row: a template's example, which is left out
BETWEEN = " | "  # parts several keys in one cell

# What a text that is escaped begins with; not every text that does is.
ESCAPES = frozenset("'=+-@[") | {chr(code) for code in range(0x3001) if chr(code).isspace()}

_ESCAPED = re.compile(r"[\s']*(?:[=+\-@\t\r\n]|\[clear\]\s*\Z)")
_PARTED = re.compile(r"((?:[^|\\]|\\.|\\\Z)*)(?:\||\Z)", re.DOTALL)


def escaped(text: str) -> str:
    return f"'{text}" if _ESCAPED.match(text) else text


def unescaped(text: str) -> str:
    return text[1:] if text.startswith("'") and _ESCAPED.match(text[1:]) else text


def carried(old: object, new: object) -> object:
    """`old` where a file says no more of it than `new`: outer white space and the kind of line end are lost in one."""
    if not isinstance(old, str) or old == new:
        return new
    plain = old.replace("\r\n", "\n").replace("\r", "\n")
    return old if new in (plain, plain.strip()) else new


def joined(texts: Iterable[str]) -> str:
    """Several texts in one cell; a bar or a backslash within one is written with a backslash before it."""
    return BETWEEN.join(text.replace("\\", "\\\\").replace("|", "\\|") for text in texts)


def parted(cell: str) -> list[str]:
    """The texts of a cell, without empty ones, each once."""
    if "\\" not in cell:
        return list(dict.fromkeys(part for part in map(str.strip, cell.split("|")) if part))
    parts = (re.sub(r"\\(.)", r"\1", match[1].strip(), flags=re.DOTALL).strip() for match in _PARTED.finditer(cell))
    return list(dict.fromkeys(part for part in parts if part))
