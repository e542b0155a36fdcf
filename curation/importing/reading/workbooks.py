"""XLSX: which sheets a workbook has, in which parts they are, and how its numbers are shown."""

from collections.abc import Container, Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from openpyxl.styles.numbers import BUILTIN_FORMATS
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900

from .archives import PART, Archive, damaged, joined
from .framing import framed, shown
from .markup import elements
from .numbers import Numbers, Shown, shown_by
from .strings import Strings, texts
from .tables import Found, Limits, Sheet, Table, Unreadable
from .worksheets import Worksheet, look_over


@dataclass
class _Entry:
    """A sheet as the workbook lists it."""

    name: str
    part: str
    hidden: bool


class Workbook(Table):
    """Reads sheets row by row; the shared texts lie in a temporary file, of which little is in memory."""

    def __init__(self, archive: Archive, limits: Limits):
        self.archive, self.limits = archive, limits
        self._strings: Strings | None = None
        self._numbers: Numbers | None = None
        self._read_list()
        if len(self._entries) > limits.sheets:
            raise Unreadable(
                _("The workbook has %(count)d sheets; at most %(most)d are read. Delete those that are not for import.")
                % {"count": len(self._entries), "most": limits.sheets}
            )
        self._overviews = {}
        for entry in self._entries:
            with archive.open(entry.part) as source:
                self._overviews[entry.name] = look_over(source, entry.name)
        self.row_count = sum(max(overview.rows - 1, 0) for overview in self._overviews.values())
        self.found = Found(
            kind="xlsx", encoding="utf-8", sheets=[entry.name for entry in self._entries], words=self._words()
        )

    def _read_list(self) -> None:
        start = next(self._related("", "_rels/.rels", "/officeDocument"), "xl/workbook.xml")
        folder, _slash, file_name = start.rpartition("/")
        relations = f"{folder}/_rels/{file_name}.rels"
        sheets = dict(self._targets(folder, relations, "/worksheet"))
        self._styles = next(self._related(folder, relations, "/styles"), "")
        self._texts = next(self._related(folder, relations, "/sharedStrings"), "")
        self._entries: list[_Entry] = []
        self.epoch = CALENDAR_WINDOWS_1900
        for name, attributes in self._small(start):
            if name == "workbookPr" and attributes.get("date1904") in ("1", "true"):
                self.epoch = CALENDAR_MAC_1904
            elif name == "sheet" and (part := sheets.get(attributes.get("id", ""))):
                hidden = attributes.get("state", "visible") != "visible"
                self._entries.append(_Entry(attributes.get("name", ""), part, hidden))
        parts = [entry.part for entry in self._entries]
        names = [entry.name for entry in self._entries]
        # The same part under many names would be read as often; "" is what a file without sheets calls its own.
        if not parts or len(set(parts)) != len(parts) or len(set(names)) != len(names) or "" in names:
            raise damaged()

    def _small(self, part: str) -> Iterator[tuple[str, dict[str, str]]]:
        if part not in self.archive or self.archive.size(part) > PART:
            raise damaged()
        with self.archive.open(part) as source:
            for name, attributes, _depth in elements(source):
                yield name, attributes

    def _targets(self, folder: str, relations: str, kind: str) -> Iterator[tuple[str, str]]:
        if relations not in self.archive:
            return
        for name, attributes in self._small(relations):
            if name == "Relationship" and attributes.get("Type", "").endswith(kind):
                yield attributes.get("Id", ""), joined(folder, attributes.get("Target", ""))

    def _related(self, folder: str, relations: str, kind: str) -> Iterator[str]:
        for _id, target in self._targets(folder, relations, kind):
            yield target

    def _words(self) -> list[str]:
        words = [_("Excel workbook")]
        for entry in self._entries:
            name = {"name": shown(entry.name)}
            if entry.hidden:
                words.append(_("the sheet “%(name)s” is hidden") % name)
            if hidden := self._overviews[entry.name].hidden:
                words.append(
                    ngettext(
                        "the sheet “%(name)s” has %(count)d hidden row, which is read like the others",
                        "the sheet “%(name)s” has %(count)d hidden rows, which are read like the others",
                        hidden,
                    )
                    % {**name, "count": hidden}
                )
        return words

    def sheets(self, names: Container[str] | None = None) -> Iterator[Sheet]:
        some = False
        for entry in self._entries:
            if names is not None and entry.name not in names:
                continue
            worksheet = Worksheet(self._overviews[entry.name], self._shared(), self._styled(), self.limits)
            sheet = framed(entry.name, self._rows(entry, worksheet), self.limits)
            if sheet is not None:
                some = True
                yield sheet
        if not some and names is None:
            raise Unreadable(_("The workbook is empty. The first row of a sheet should hold the headers."))

    def _rows(self, entry: _Entry, worksheet: Worksheet) -> Iterator:
        with self.archive.open(entry.part) as source:
            yield from worksheet.records(source)

    def _shared(self) -> Strings:
        if self._strings is None:
            self._strings = Strings(self._shared_texts())
        return self._strings

    def _shared_texts(self) -> Iterator[str]:
        if self._texts:
            with self.archive.open(self._texts) as source:
                yield from texts(source, self.limits.cell)

    def _styled(self) -> Numbers:
        if self._numbers is None:
            self._numbers = Numbers(self._read_styles(), self.epoch)
        return self._numbers

    def _read_styles(self) -> list[Shown | None]:
        """What each style shows of a date: the order of `cellXfs` is what cells refer to."""
        codes: dict[str, str] = {str(number): code for number, code in BUILTIN_FORMATS.items()}
        styles: list[Shown | None] = []
        within = False
        for name, attributes in self._small(self._styles) if self._styles in self.archive else ():
            if name == "numFmt":
                codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")[:1000]
            elif name in ("cellXfs", "cellStyles", "dxfs"):
                within = name == "cellXfs"
            elif within and name == "xf":
                styles.append(shown_by(codes.get(attributes.get("numFmtId", "0"), "")))
        return styles

    def close(self) -> None:
        if self._strings is not None:
            self._strings.close()
            self._strings = None
