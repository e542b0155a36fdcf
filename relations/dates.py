"""Dates as documents give them: EDTF (ISO 8601-2:2019, Annex A), its bounds, and its words.

Understood: level 0 dates and intervals (`2020-09-09`, `2024-08`, `2019`, `2022/2024`); from level 1
the approximate date (`2019~`) and the open interval (`2022-09/..`, `../2024-08`); from level 2 the
one-of set that is a range (`[..2024-08]`, `[2022-09..2024-08]`, `[2022-09..]`). Years 0001–9999.

An interval means the whole time; a one-of set means some single date within it. Both have the same
bounds and different words.
"""

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal

from django.utils.dates import MONTHS
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

OPEN = ".."
NO_BREAK_SPACE = "\u00a0"

_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?(~?)")
_DAY_FIRST = re.compile(r"([0-9]{1,2})[-/. ]([0-9]{1,2})[-/. ]([0-9]{4})")
_YEAR_FIRST = re.compile(r"([0-9]{4})[-/. ]?([0-9]{1,2})(?:[-/. ]?([0-9]{1,2}))?")
_YEAR_FIRST_SLASHED = re.compile(r"[0-9]{4}/[0-9]{1,2}/[0-9]{1,2}")
_FIVE_DIGITS = re.compile(r"[0-9]{5}")
_SERIAL = re.compile(r"[2-6][0-9]{4}")  # days, as spreadsheets count them
_MONTH_AND_YEAR = re.compile(r"(?P<month>[A-Za-z]{3})-(?P<year>[0-9]{2})")  # what Excel makes of 2023-10
_IN_WORDS = re.compile(
    r"(?:(?P<day>[0-9]{1,2})(?:st|nd|rd|th)? )?(?P<month>[A-Za-z]{3,9})\.?"
    r"(?: (?P<after>[0-9]{1,2})(?:st|nd|rd|th)?)?,? (?P<year>[0-9]{4})"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_SPREADSHEETS_BEGIN = date(1899, 12, 30)


class DateError(ValueError):
    """A date that cannot be kept; the message names the value, the rule, and what to write instead."""


@dataclass(frozen=True, slots=True)
class Part:
    """One date of year, month or day precision: an end of an interval or set, or the whole of it."""

    year: int
    month: int | None = None
    day: int | None = None
    approximate: bool = False

    @property
    def first(self) -> date:
        return date(self.year, self.month or 1, self.day or 1)

    @property
    def last(self) -> date:
        month = self.month or 12
        return date(self.year, month, self.day or calendar.monthrange(self.year, month)[1])


@dataclass(frozen=True, slots=True)
class Edtf:
    """A parsed date.

    `start` and `end` are the same part for a single date, and None where an interval or set is open.
    `earliest` and `latest` are the bounds as written: “about 2019” is kept with the bounds of 2019,
    for sorting and filtering, though it may mean 2018.
    """

    text: str
    kind: Literal["date", "interval", "one-of"]
    start: Part | None
    end: Part | None

    @property
    def earliest(self) -> date | None:
        return self.start.first if self.start else None

    @property
    def latest(self) -> date | None:
        return self.end.last if self.end else None

    @property
    def approximate(self) -> bool:
        return any(part is not None and part.approximate for part in (self.start, self.end))

    def __str__(self) -> str:
        return self.text


@lru_cache(maxsize=16_384)  # forty years of days: an import meets them in no order
def parse(text: str) -> Edtf:
    """Read one EDTF string, without spaces around it. Raises DateError, and nothing else."""
    if (tight := _without_spaces(text)) != text:
        raise DateError(_("“%(value)s” has a space in it: write %(instead)s.") % {"value": text, "instead": tight})
    if re.search(r"[\[\]]", text) or (OPEN in text and "/" not in text):
        return _one_of(text)
    if "/" in text and not (_DAY_FIRST.fullmatch(text) or _YEAR_FIRST_SLASHED.fullmatch(text)):
        return _interval(text)
    part = _part(text, whole=text)
    return Edtf(text, "date", part, part)


def bounds(text: str) -> tuple[date | None, date | None]:
    """The earliest and the latest day the date allows; None where it is open, or where there is no date."""
    if not text:
        return None, None
    edtf = parse(text)
    return edtf.earliest, edtf.latest


def certainly_before(a: str | Edtf, b: str | Edtf) -> bool:
    """Whether every day that `a` allows is before every day that `b` allows.

    Never so for “about”: how far off an approximate date may be is not said, so nothing about its
    order is certain.
    """
    if not str(a) or not str(b):
        return False
    first, second = parse(str(a)), parse(str(b))
    if first.approximate or second.approximate or first.latest is None or second.earliest is None:
        return False
    return first.latest < second.earliest


def display(text: str) -> str:
    """The date in words of the active language, with no-break spaces inside each single date; '' for ''."""
    return _display(text, get_language()) if text else ""


@lru_cache(maxsize=4096)
def _display(text: str, language: str | None) -> str:
    """`language` is part of the key only: the words come from the active language."""
    edtf = parse(text)
    ends = [part for part in (edtf.start, edtf.end) if part]
    if len(ends) == 1:
        return _open_words(edtf) % {"date": _part_words(ends[0])}
    start, end = ends
    if start == end:
        return _part_words(start)
    if edtf.kind == "interval":
        return _interval_words(start, end)
    return _("between %(start)s and %(end)s") % {"start": _part_words(start), "end": _part_words(end)}


# --- reading -----------------------------------------------------------------------------------


def _without_spaces(text: str) -> str:
    """`text` without the spaces around it, and in an interval or set without those inside."""
    if re.search(r"[/\[\]]", text) and not _DAY_FIRST.search(text):
        return "".join(text.split())
    return text.strip()


def _one_of(text: str) -> Edtf:
    ends = text[1:-1].split(OPEN)
    if text[0] + text[-1] != "[]" or len(ends) != 2 or ends == ["", ""]:
        message = _(
            "“%(value)s” is not a set of dates we can read: write [..2024-08] for “by”, "
            "[2022-09..2024-08] for “some day between”, or [2022-09..] for “or later”."
        )
        raise DateError(message % {"value": text})
    if "~" in text:
        message = _(
            "“%(value)s” has a ~ in a set, which says already that the date is not known: write %(instead)s, "
            "with its ends far enough apart."
        )
        raise DateError(message % {"value": text, "instead": text.replace("~", "")})
    start, end = (_part(one, whole=text) if one else None for one in ends)
    return _in_order(Edtf(text, "one-of", start, end), instead=f"[{ends[1]}..{ends[0]}]")


def _interval(text: str) -> Edtf:
    ends = text.split("/")
    if len(ends) != 2 or not set(ends) - {OPEN, ""}:
        message = _(
            "“%(value)s” is not a time we can read: write its first and its last date, such as 2022/2024, "
            "or 2022-09/.. for “since” and ../2024-08 for “until”."
        )
        raise DateError(message % {"value": text})
    if "" in ends:
        message = _("“%(value)s” leaves one end empty: write %(instead)s for a time whose other end we do not know.")
        raise DateError(message % {"value": text, "instead": "/".join(one or OPEN for one in ends)})
    start, end = (None if one == OPEN else _part(one, whole=text) for one in ends)
    return _in_order(Edtf(text, "interval", start, end), instead=f"{ends[1]}/{ends[0]}")


def _in_order(edtf: Edtf, *, instead: str) -> Edtf:
    if edtf.earliest and edtf.latest and edtf.latest < edtf.earliest:
        message = _("“%(value)s” ends before it starts: write the earlier date first, as %(instead)s.")
        raise DateError(message % {"value": edtf.text, "instead": instead})
    return edtf


def _part(text: str, *, whole: str) -> Part:
    """One date. `whole` is what the person typed, and what the message names."""
    match = _DATE.fullmatch(text)
    if not match:
        raise DateError(_unreadable(text, whole))
    year, month, day = int(match[1]), int(match[2] or 1), int(match[3] or 1)
    if year == 0:
        raise DateError(_("“%(value)s” has the year 0000: write a year from 0001 to 9999.") % {"value": whole})
    if not 1 <= month <= 12:
        message = _(
            "“%(value)s” has no month we know: months run from 01 to 12; "
            "for a season, write its months, such as 2024-03/2024-05."
        )
        raise DateError(message % {"value": whole})
    if not 1 <= day <= (days := calendar.monthrange(year, month)[1]):
        message = _(
            "“%(value)s” is not in the calendar: %(month)s has %(days)s days. "
            "Write the day, or %(instead)s if it is not known."
        )
        words = {"month": _part_words(Part(year, month)), "days": days, "instead": text[:7]}
        raise DateError(message % {"value": whole, **words})
    return Part(year, month if match[2] else None, day if match[3] else None, approximate=bool(match[4]))


# What people write that is no date here, and what to tell them: the first pattern that is found decides.
_MISTAKES = (
    (
        r"[?%]",
        _lazy(
            "“%(value)s” is marked as uncertain, which we do not keep: "
            "write 2019~ for “about 2019”, or [2018..2020] for “between”."
        ),
    ),
    (
        r"~",
        _lazy("“%(value)s” has its ~ in the wrong place: it stands at the end of the date, as in 2019~ or 2019-05~."),
    ),
    (
        r"[(){}*X]|[0-9u]u|u[0-9]",
        _lazy("“%(value)s” is more than we can read: leave out what is not known, as in 2004-06 or 2004."),
    ),
    (
        r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]",
        _lazy("“%(value)s” has a time of day, which we do not keep: write the day alone, as in 2020-09-09."),
    ),
    (
        r"^[-+][0-9]|^[0-9]{5}$|^Y",
        _lazy("“%(value)s” is outside the years we keep: write a year from 0001 to 9999."),
    ),
    (
        r"^[0-9]{4} ?[–—] ?[0-9]{4}$",
        _lazy("“%(value)s” is not a date we can read: write a time with a slash, as in 2022/2024."),
    ),
)


def _unreadable(text: str, whole: str) -> str:
    """Why `text` is no date, and the most likely meaning as what to write. `whole` is what the person typed."""
    likely = _likely(text)
    for pattern, message in _MISTAKES:
        if not likely and re.search(pattern, text):
            return message % {"value": whole}
    return _("“%(value)s” is not a date we can read: write year-month-day, such as %(instead)s.") % {
        "value": whole,
        "instead": likely or "2020-09-09",
    }


def _likely(text: str) -> str | None:
    """What a date in another order or without its zeros most likely means; 03/04 is the third of April, as in India."""
    candidates: list[tuple[int, ...]]
    if _SERIAL.fullmatch(text):
        return (_SPREADSHEETS_BEGIN + timedelta(int(text))).isoformat()
    if (match := _MONTH_AND_YEAR.fullmatch(text)) and match["month"].lower() in _MONTHS:
        return f"20{match['year']}-{_MONTHS.index(match['month'].lower()) + 1:02}"
    if match := _DAY_FIRST.fullmatch(text):
        day, month, year = map(int, match.groups())
        candidates = [(year, month, day), (year, day, month)]
    elif (match := _YEAR_FIRST.fullmatch(text)) and not _FIVE_DIGITS.fullmatch(text):
        candidates = [(int(match[1]), *map(int, filter(None, match.group(2, 3))))]
    elif (match := _IN_WORDS.fullmatch(text)) and match["month"][:3].lower() in _MONTHS:
        days = [int(day) for day in match.group("day", "after") if day]
        month = _MONTHS.index(match["month"][:3].lower()) + 1
        candidates = [(int(match["year"]), month, *days)] if len(days) < 2 else []
    else:
        return None
    for year, *rest in candidates:
        try:
            date(year, *rest, *([1] * (2 - len(rest))))
        except ValueError:
            continue
        return "-".join([f"{year:04}", *(f"{number:02}" for number in rest)])
    return None


# --- words -------------------------------------------------------------------------------------


def _part_words(part: Part) -> str:
    if part.month is None:
        words = str(part.year)
    elif part.day is None:
        words = _("%(month)s %(year)s") % {"month": MONTHS[part.month], "year": part.year}
    else:
        words = _("%(day)s %(month)s %(year)s") % {"day": part.day, "month": MONTHS[part.month], "year": part.year}
    words = words.replace(" ", NO_BREAK_SPACE)
    return _("about %(date)s") % {"date": words} if part.approximate else words


def _open_words(edtf: Edtf) -> str:
    """The template for an interval or set with one open end."""
    if edtf.kind == "interval":
        return _("since %(date)s") if edtf.start else _("until %(date)s")
    return _("%(date)s or later") if edtf.start else _("by %(date)s")


def _interval_words(start: Part, end: Part) -> str:
    words = {"start": _part_words(start), "end": _part_words(end)}
    if start.approximate or end.approximate:
        return _("%(start)s to %(end)s") % words
    if start.month is None and end.month is None:
        return _("%(start)s–%(end)s") % words
    if start.year == end.year and start.month and end.month:
        if start.day and end.day:
            return _day_range_words(start.day, MONTHS[start.month], end, same_month=start.month == end.month)
        if start.day is None and end.day is None:
            return _("%(start)s–%(end)s") % {**words, "start": MONTHS[start.month]}
    return _("%(start)s to %(end)s") % words


def _day_range_words(day: int, month: str, end: Part, *, same_month: bool) -> str:
    """From `day` of `month` to a day of the same year."""
    if same_month:
        words = _("%(day)s–%(end)s") % {"day": day, "end": _part_words(end)}
    else:
        words = _("%(day)s %(month)s–%(end)s") % {"day": day, "month": month, "end": _part_words(end)}
    return words.replace(" ", NO_BREAK_SPACE)
