"""What templates need to show facts: dates in words, marks, places in a document, marks of an answer."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from django import template
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.dateformat import format as format_date
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language_info

from relations import dates

register = template.Library()

NO_BREAK_SPACE = "\u00a0"
MINUS = "\u2212"

# Symbol of static/marks.svg for each grade a fact can show.
MARK_OF_GRADE = {
    "primary": "official",
    "independent": "two",
    "one": "one",
    "own": "one",
    "tertiary": "notes",
    "disputed": "disputed",
    "rechecking": "rechecking",
    "unchecked": "rechecking",
}


@register.filter
def edtf(text: str) -> str:
    """An EDTF string as people write dates: "2020-09" is "September 2020"; "" stays ""."""
    return dates.display(text) if text else ""


@register.filter
def day(value: date) -> str:
    """A calendar day in the reader's language, its parts kept on one line: 14 November 2025."""
    return format_date(value, f"j{NO_BREAK_SPACE}F{NO_BREAK_SPACE}Y")


@register.filter
def language(code: str) -> str:
    """A language in the reader's words: "en" is "English"; a code that Django does not know stays as it is."""
    try:
        return str(get_language_info(code)["name_translated"])
    except KeyError:
        return code


@register.filter
def unstopped(text: str) -> str:
    """A sentence without its full stop, to stand inside another."""
    return text.removesuffix(".")


@register.inclusion_tag("components/_mark.html")
def mark(name: str) -> dict[str, str]:
    """The drawn mark of a grade ("primary", "disputed" …) or a symbol of marks.svg ("right", "wrong", "blank" …)."""
    return {"sheet": static("marks.svg"), "symbol": MARK_OF_GRADE.get(name, name)}


@register.filter
def grade_place(fact) -> str:
    """Where the page How we check explains what a fact shows: a fragment of its address."""
    if fact.modality != "fact" and fact.shown_grade not in {"disputed", "rechecking", "unchecked"}:
        return "view" if fact.modality == "view" else "expected"
    return MARK_OF_GRADE.get(fact.shown_grade, "")


@register.filter
def marked(text: str, anchor: str) -> str | SafeString:
    """The text of a passage with its anchor in <mark>; the text alone where the anchor is not in it."""
    before, found, after = text.partition(anchor) if anchor else (text, "", "")
    return format_html("{}<mark>{}</mark>{}", before, found, after) if found else text


@register.filter
def score(value: Fraction | Decimal | int) -> str:
    """Marks to two decimals, halves away from zero, with a true minus: 10.67, −0.67."""
    exact = Fraction(value)
    hundredths = (Decimal(abs(exact.numerator)) / exact.denominator).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return f"{MINUS if exact < 0 and hundredths else ''}{hundredths}"


@register.filter
def signed(value: Fraction | Decimal | int) -> str:
    """Marks won or lost, to two decimals: +2.00, −0.67, 0.00."""
    text = score(value)
    return text if text.startswith(MINUS) or not text.strip("0.") else f"+{text}"


@register.simple_tag(takes_context=True)
def current(context, address: str) -> str:
    """` aria-current="page"` on the address itself, `"true"` below it; nothing where there is no request."""
    request = getattr(context, "request", None)
    if request is None or not request.path.startswith(address):
        return ""
    return format_html(' aria-current="{}"', "page" if request.path == address else "true")


@register.simple_tag
def section_url(name: str) -> str:
    """The address of a section, or "" while it is not built: then the navigation leaves it out."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
