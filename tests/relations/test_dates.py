import re
from datetime import date

import pytest
from django.utils import translation
from hypothesis import example, given
from hypothesis import strategies as st

from relations.dates import DateError, bounds, certainly_before, display, parse

DAYS = st.dates()


def written(day, precision):
    return day.isoformat()[: {"year": 4, "month": 7, "day": 10}[precision]]


SINGLE = st.builds(written, DAYS, st.sampled_from(["year", "month", "day"]))


@st.composite
def edtf_strings(draw):
    """Any string the module says it understands, built from a day it must allow, with that day."""
    days = sorted(draw(st.lists(DAYS, min_size=3, max_size=3)))
    start, end = (written(day, draw(st.sampled_from(["year", "month", "day"]))) for day in (days[0], days[2]))
    form = draw(
        st.sampled_from(["{0}/{1}", "{0}/..", "../{1}", "[{0}..{1}]", "[..{1}]", "[{0}..]", "{0}~/{1}", "{0}/{1}~"])
    )
    return form.format(start, end), days[1]


def plain(words):
    return words.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("text", "earliest", "latest"),
    [
        ("2020-09-09", date(2020, 9, 9), date(2020, 9, 9)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2019", date(2019, 1, 1), date(2019, 12, 31)),
        ("0001", date(1, 1, 1), date(1, 12, 31)),
        ("9999-12", date(9999, 12, 1), date(9999, 12, 31)),
        ("2022/2024", date(2022, 1, 1), date(2024, 12, 31)),
        ("2023-04/2024-03", date(2023, 4, 1), date(2024, 3, 31)),
        ("2022-09/..", date(2022, 9, 1), None),
        ("../2024-08", None, date(2024, 8, 31)),
        ("2019~", date(2019, 1, 1), date(2019, 12, 31)),
        ("2019-05~", date(2019, 5, 1), date(2019, 5, 31)),
        ("[..2024-08]", None, date(2024, 8, 31)),
        ("[2022-09..2024-08]", date(2022, 9, 1), date(2024, 8, 31)),
        ("[2022-09..]", date(2022, 9, 1), None),
        ("", None, None),
    ],
)
def test_bounds_are_the_first_and_last_day_allowed(text, earliest, latest):
    assert bounds(text) == (earliest, latest)


def test_parse_tells_interval_from_set():
    kinds = [parse(text).kind for text in ("2022", "2022/2024", "[2022..2024]")]
    assert kinds == ["date", "interval", "one-of"]


def test_parse_tells_what_is_approximate():
    assert [parse(text).approximate for text in ("2019", "2019~", "2019/2021~", "[2019..]")] == [
        False,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2020-09-09", "9 September 2020"),
        ("2020-09", "September 2020"),
        ("2019", "2019"),
        ("2019~", "about 2019"),
        ("2019-05~", "about May 2019"),
        ("2023-01-12/2023-01-26", "12–26 January 2023"),
        ("2019-11-30/2019-12-02", "30 November–2 December 2019"),
        ("2019-12-30/2020-01-02", "30 December 2019 to 2 January 2020"),
        ("2023-04/2024-03", "April 2023 to March 2024"),
        ("2023-04/2023-06", "April–June 2023"),
        ("2022/2024", "2022–2024"),
        ("2022/2022", "2022"),
        ("2022-09/2024", "September 2022 to 2024"),
        ("2019~/2021", "about 2019 to 2021"),
        ("[..2024-08-20]", "by 20 August 2024"),
        ("[2022-09..2024-08]", "between September 2022 and August 2024"),
        ("[2022-09..]", "September 2022 or later"),
        ("2006/..", "since 2006"),
        ("../2024-08", "until August 2024"),
        ("", ""),
    ],
)
def test_display_writes_dates_as_people_do(text, words):
    assert plain(display(text)) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2020-09-09", "9\u00a0September\u00a02020"),
        ("[2022-09..2024-08]", "between September\u00a02022 and August\u00a02024"),
        ("2023-01-12/2023-01-26", "12–26\u00a0January\u00a02023"),
    ],
)
def test_display_keeps_each_date_on_one_line(text, words):
    assert display(text) == words


def test_display_follows_the_active_language():
    english = display("2020-01-09")
    with translation.override("hi"):
        hindi = display("2020-01-09")
    assert (plain(english), plain(hindi)) == ("9 January 2020", "9 जनवरी 2020")


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("03/04/2024", "2024-04-03"),
        ("08/20/2024", "2024-08-20"),
        ("20.8.2024", "2024-08-20"),
        ("2024-8-3", "2024-08-03"),
        ("20240803", "2024-08-03"),
        ("202408", "2024-08"),
        ("20 August 2024", "2024-08-20"),
        ("20th Aug. 2024", "2024-08-20"),
        ("August 3, 2024", "2024-08-03"),
        ("July 2021", "2021-07"),
        ("Oct-23", "2023-10"),
        ("44083", "2020-09-09"),
        ("12345", "0001 to 9999"),
        ("2020/09/09", "2020-09-09"),
        ("2020/9/30", "2020-09-30"),
        ("Sept 31, 2024", "2020-09-09"),
        ("3 August 4, 2024", "2020-09-09"),
        ("Someday 2024", "2020-09-09"),
        ("2023-02-30", "February\u00a02023 has 28 days"),
        ("2023-02-30", "2023-02 if it is not known"),
        ("2024-21", "2024-03/2024-05"),
        ("0000", "0001 to 9999"),
        ("-0044", "0001 to 9999"),
        ("Y17000", "0001 to 9999"),
        ("2004-06-(01)", "2004-06"),
        ("2004-XX", "2004"),
        ("2019?", "2019~"),
        ("~2019", "2019~"),
        ("2024-08-20T10:00", "2020-09-09"),
        ("2024/2022", "2022/2024"),
        ("[2024..2022-09]", "[2022-09..2024]"),
        ("2022/", "2022/.."),
        ("/2022", "../2022"),
        ("../..", "2022/2024"),
        ("/", "2022/2024"),
        ("2022–2024", "2022/2024"),
        ("2022 / 2024", "2022/2024"),
        (" 2022", "2022"),
        ("2022\n", "2022"),
        ("[..]", "[..2024-08]"),
        ("[2022,2023]", "[2022-09..2024-08]"),
        ("..2024-08", "[..2024-08]"),
        ("[2019~..2021]", "[2019..2021]"),
        ("२०२४", "2020-09-09"),
        ("", "2020-09-09"),
    ],
)
def test_parse_refuses_naming_the_value_and_what_to_write(text, instead):
    with pytest.raises(DateError) as refusal:
        parse(text)
    message = str(refusal.value)
    assert message.startswith(f"“{text}” ")
    assert instead in message


def test_parse_says_how_to_write_a_slashed_date():
    with pytest.raises(DateError) as refusal:
        parse("03/04/2024")
    assert str(refusal.value) == ("“03/04/2024” is not a date we can read: write year-month-day, such as 2024-04-03.")


def test_certainly_before_needs_bounds_that_do_not_touch():
    pairs = [
        ("2020-09-09", "2020-09-10"),
        ("2020-09-09", "2020-09"),
        ("2020-09", "2020-09-09"),
        ("2019", "2020"),
        ("[..2019]", "2020/.."),
        ("2019/..", "2024"),
        ("2019~", "2024"),
        ("", "2024"),
    ]
    assert [certainly_before(a, b) for a, b in pairs] == [True, False, False, True, True, False, False, False]


@given(edtf_strings())
def test_bounds_enclose_the_day_a_date_was_made_from(made):
    text, day = made
    earliest, latest = bounds(text)
    assert (earliest or day) <= day <= (latest or day)


@given(DAYS, st.sampled_from(["year", "month", "day"]))
def test_bounds_of_a_single_date_enclose_just_its_days(day, precision):
    text = written(day, precision)
    earliest, latest = bounds(text)
    assert earliest <= day <= latest
    assert {written(earliest, precision), written(latest, precision)} == {text}
    for outside in (earliest.toordinal() - 1, latest.toordinal() + 1):
        if 1 <= outside <= date.max.toordinal():
            assert written(date.fromordinal(outside), precision) != text


@given(edtf_strings())
def test_display_shows_no_edtf_syntax(made):
    text, _ = made
    assert not re.search(r"[\[\]~/]|\.\.|[0-9]-[0-9]", display(text))


@given(edtf_strings())
def test_parse_of_str_is_a_fixed_point(made):
    edtf = parse(made[0])
    assert (str(edtf), parse(str(edtf))) == (made[0], edtf)


@given(SINGLE, SINGLE)
def test_certainly_before_is_one_sided(a, b):
    assert not (certainly_before(a, b) and certainly_before(b, a))


@given(st.text() | st.text(alphabet="0123456789-/.[]~? TX", max_size=24))
@example("[")
@example("]")
@example("..")
@example("0000-00-00")
@example("99999")
@example("[2022..2023")
@example("%s/%(x)s")
@example("9999999999/2")
def test_parse_raises_only_date_errors(text):
    try:
        edtf = parse(text)
    except DateError:
        return
    assert edtf.text == text
    assert re.fullmatch(r"[0-9./\[\]~-]+", text)
