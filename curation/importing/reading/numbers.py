"""Numbers and dates of a workbook, as text. A date is a number that its style shows as one."""

import datetime
import re
from enum import Enum, auto

from django.utils.translation import gettext as _
from openpyxl.utils.datetime import CALENDAR_WINDOWS_1900, from_excel

# Text in a format code that is no part of the date: in quotation marks, escaped, colours and languages in brackets.
_ASIDE = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE)
_PRECISE = 10**15  # from here on a spreadsheet has lost digits


class Shown(Enum):
    """What of a date a number format shows."""

    DAY = auto()
    MONTH = auto()
    YEAR = auto()
    NO_YEAR = auto()
    TIME = auto()


def shown_by(code: str) -> Shown | None:
    """What the format code shows of a date; None where it shows a number."""
    bare = _ASIDE.sub("", code).split(";")[0].lower()
    if "general" in bare or not re.search("[dmyhs]", bare):
        return None
    clock = bool(re.search("[hs]", bare))
    if "y" not in bare:
        return Shown.TIME if clock and "d" not in bare else Shown.NO_YEAR
    if "d" in bare:
        return Shown.DAY
    return Shown.MONTH if "m" in bare else Shown.YEAR


class Amiss(Exception):
    """The message says what is wrong with the value; `text` is the value as it may be shown."""

    def __init__(self, message: str, text: str):
        super().__init__(message)
        self.text = text


class Numbers:
    """The numbers of one workbook, by the style of their cell."""

    def __init__(self, styles: list[Shown | None], epoch: datetime.datetime):
        self.styles, self.epoch = styles, epoch

    def text(self, value: str, style: str | None) -> str:
        """The number as a person would type it, a date as ISO 8601. Raises Amiss."""
        if style and (shown := self._shown(style)):
            return self._date(value, shown)
        # Digits alone are most of them; longer ones have lost their end already.
        return value if value.isdecimal() and value.isascii() and len(value) < 16 else number_text(value)

    def _shown(self, style: str) -> Shown | None:
        try:
            return self.styles[int(style)]
        except (ValueError, IndexError):
            return None

    def _date(self, value: str, shown: Shown) -> str:
        try:
            number = float(value)
            # Excel believes in a 29 February 1900, which is its number 60, and in no day before its first.
            if number < 0 or (self.epoch == CALENDAR_WINDOWS_1900 and 60 <= number < 61):
                raise ValueError(value)
            date = datetime.time() if shown is Shown.TIME else from_excel(number, self.epoch)
        except (ValueError, OverflowError) as error:
            message = _("This number is shown as a date, but there is no such date. Type the date as text: 2020-09-09.")
            raise Amiss(message, value[:80]) from error
        return date_text(date, shown)


def number_text(value: str) -> str:
    """Digits as Python has them: 5 for "5.0", 22.85 for "22.850000000000001"."""
    try:
        number = float(value)
        if number.is_integer() and abs(number) < _PRECISE:
            return str(int(number))
    except (ValueError, OverflowError) as error:
        raise Amiss(_("This is marked as a number, but is none. Type it anew."), value[:80]) from error
    if number != number or number in (float("inf"), float("-inf")):
        raise Amiss(_("This is marked as a number, but is none. Type it anew."), value[:80])
    return repr(number)


def iso_text(value: str) -> str:
    """A date that the workbook holds as text already, with or without its time."""
    try:
        date = datetime.datetime.fromisoformat(value)
    except ValueError as error:
        message = _("This is marked as a date, but is none. Type the date as text: 2020-09-09.")
        raise Amiss(message, value[:80]) from error
    return date_text(date, Shown.DAY)


def date_text(date: datetime.datetime | datetime.time, shown: Shown) -> str:
    """As much of the date as people see in the cell: who types 2024-08 gets the first of August, shown as Aug-24."""
    if isinstance(date, datetime.time):
        raise Amiss(_("This cell holds a time of day. Type a date as text: 2020-09-09."), date.isoformat())
    if date.time() != datetime.time():
        text = date.isoformat(" ", timespec="minutes")
        raise Amiss(_("This cell holds a date with a time of day. Leave only the date: 2020-09-09."), text)
    day = date.date().isoformat()
    if shown is Shown.NO_YEAR:
        raise Amiss(_("This cell shows a date without its year. Type the date as text: 2020-09-09."), day)
    if shown is Shown.MONTH and date.day == 1:
        return day[:7]
    if shown is Shown.YEAR and (date.month, date.day) == (1, 1):
        return day[:4]
    if shown is not Shown.DAY:
        raise Amiss(_("This cell holds a day, but shows only a part of it. Type the date as text: 2020-09."), day)
    return day
