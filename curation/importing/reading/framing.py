"""The header of a sheet, and what it makes of the records below: the rules that all kinds of file share."""

import re
from collections.abc import Iterable, Iterator

from django.utils.translation import gettext as _

from .tables import ROWS, Limits, Line, Problem, Sheet, Unreadable

# C0 but tab and newline, delete, C1, and surrogates, which stand for bytes that the encoding does not know.
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
HEADER_WITHIN = 1000  # rows: whoever waits for the header waits in a web request
SHOWN = 80  # characters of a value in a problem

Record = tuple[int, list[str], list[Problem]]  # its number, its cells as they are, what is known to be wrong


def shown(text: str, length: int = SHOWN) -> str:
    """The text as a message may have it: of one look, and with nothing in it that a database would not take."""
    text = CONTROL.sub(_sign, text[: length + 1]).strip()
    return text if len(text) <= length else f"{text[: length - 1]}…"


def letters(column: int) -> str:
    """The name that spreadsheets give to the column: 0 is A, 26 is AA."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def framed(name: str, records: Iterator[Record], limits: Limits, *, wary: bool = True) -> Sheet | None:
    """The sheet of these records, the first that holds anything being its header; None where none does.

    Where not `wary`, the caller knows that no record holds control characters or too long a cell.
    """
    for number, cells, problems in records:
        if number <= HEADER_WITHIN and (problems or any(cell.strip() for cell in cells)):
            frame = Frame(name, number, cells, problems, limits)
            return Sheet(name, frame.headers, number, frame.lines(records, wary=wary))
        if number >= HEADER_WITHIN:
            raise late(name)
    return None


def late(name: str) -> Unreadable:
    """For a sheet whose header does not come within HEADER_WITHIN rows, or as many as these could hold."""
    message = _("%(where)s begins with empty rows. Delete them, so that the headers come first.")
    return Unreadable(message % {"where": called(name)})


def called(name: str) -> str:
    return _("The sheet “%(name)s”") % {"name": shown(name)} if name else _("The file")


class Frame:
    """A checked header, and the shape it gives to each record."""

    def __init__(self, name: str, number: int, cells: list[str], problems: list[Problem], limits: Limits):
        self.name, self.number, self.limits = name, number, limits
        self.headers = headers = [cell.strip().strip("\ufeff") for cell in cells]
        while headers and not headers[-1]:
            headers.pop()
        self._check(problems)
        self.blanks = [""] * len(headers)
        self.nameless = [column for column, header in enumerate(headers) if not header]

    def _refused(self, message: str) -> Unreadable:
        where = {"where": called(self.name), "number": self.number, "why": message}
        return Unreadable(_("%(where)s, row %(number)d, which should hold the headers: %(why)s") % where)

    def _check(self, problems: list[Problem]) -> None:
        headers = self.headers
        if problems:
            column, _value, message = problems[0]
            place = "" if column is None else _("Column %(letters)s: ") % {"letters": letters(column)}
            raise self._refused(f"{place}{message}")
        if len(headers) > self.limits.columns:
            counts = {"found": len(headers), "most": self.limits.columns}
            raise self._refused(_("There are %(found)d columns; at most %(most)d are read.") % counts)
        seen: dict[str, int] = {}
        for column, header in enumerate(headers):
            if CONTROL.search(header) or len(header) > self.limits.cell:
                raise self._refused(
                    _("The header of column %(letters)s holds a control character or is far too long. Type it anew.")
                    % {"letters": letters(column)}
                )
            if header and (first := seen.setdefault(header.casefold(), column)) != column:
                raise self._refused(
                    _("Columns %(first)s and %(second)s are both called “%(header)s”. Rename or delete one of them.")
                    % {"first": letters(first), "second": letters(column), "header": shown(header)}
                )

    def lines(self, records: Iterable[Record], *, wary: bool) -> Iterator[Line]:
        width, blanks, nameless = len(self.headers), self.blanks, self.nameless
        room, patience = self.limits.rows, ROWS
        for number, raw, problems in records:
            if wary:
                raw = self._tamed(raw, problems)
            cells = [cell.strip() for cell in raw]
            if len(cells) != width:
                if len(cells) > width:
                    self._cut(cells, problems)
                else:
                    cells += blanks[len(cells) :]
            if not (any(cells) or problems):
                patience -= 1
                if not patience:
                    raise Unreadable(
                        _("%(where)s has more than a million empty rows. Delete them.") % {"where": called(self.name)}
                    )
                continue
            if nameless:
                self._check_nameless(number, cells)
            if not room:
                raise Unreadable(
                    _("%(where)s has more than %(most)d rows. Import it in several files.")
                    % {"where": called(self.name), "most": self.limits.rows}
                )
            room -= 1
            yield Line(number, cells, problems)

    def _tamed(self, raw: list[str], problems: list[Problem]) -> list[str]:
        """The cells with a sign for each control character, none too long, and a problem for each changed one."""
        raw = bounded(raw, self.limits.cell, problems)
        if not CONTROL.search("".join(raw)):
            return raw
        tame = list(raw)
        for column, cell in enumerate(raw):
            if found := CONTROL.search(cell):
                tame[column] = CONTROL.sub(_sign, cell)
                problems.append(Problem(column, shown(cell), _what_is(found[0])))
        return tame

    def _cut(self, cells: list[str], problems: list[Problem]) -> None:
        """Empty cells beyond the last header are nothing; others have no column to be read in."""
        width = len(self.headers)
        beyond = [column for column in range(width, len(cells)) if cells[column]]
        if beyond:
            place = {"letters": letters(beyond[0]), "count": width}
            message = _(
                "Column %(letters)s has no header: there are %(count)d headers. Give it one, or empty the cell."
            )
            if not self.name:
                message = _(
                    "Column %(letters)s has no header: there are %(count)d headers. "
                    "Does a delimiter stand in the text? Then put the cell between quotation marks."
                )
            problems.append(Problem(beyond[0], shown(cells[beyond[0]]), message % place))
        del cells[width:]

    def _check_nameless(self, number: int, cells: list[str]) -> None:
        for column in self.nameless:
            if cells[column]:
                raise self._refused(
                    _("Column %(letters)s has no header, but row %(row)d holds “%(value)s” in it. Give it a header.")
                    % {"letters": letters(column), "row": number, "value": shown(cells[column])}
                )


def bounded(cells: list[str], most: int, problems: list[Problem]) -> list[str]:
    """The cells, those longer than `most` characters cut off, with a problem for each of these."""
    if not cells or max(map(len, cells)) <= most:
        return cells
    message = _("Longer than %(most)d characters. Shorten the text, or split it.") % {"most": most}
    for column, cell in enumerate(cells):
        if len(cell) > most:
            problems.append(Problem(column, shown(cell), message))
    return [cell[:most] for cell in cells]


def _sign(found: re.Match[str]) -> str:
    """A visible sign for the control character: ␀ for NUL, � where there is none."""
    code = ord(found[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else "\ufffd"


def _what_is(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        message = _("The byte %(code)02X is no character in the encoding of this file. Type the character anew.")
        return message % {"code": code - 0xDC00}
    return _("Holds the control character U+%(code)04X. Delete it.") % {"code": code}
