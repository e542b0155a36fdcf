"""What contradicts: the values, and the days they are said for."""

import pytest

from relations.contradicting import Said, contradict

WHOLES = {"new-delhi": "india"}


def within(part: str, whole: str) -> bool:
    return WHOLES.get(part) == whole


def clash(one: dict[str, str], other: dict[str, str], **shared: str) -> bool:
    """Whether the two contradict, asked both ways."""
    first, second = Said(**(shared | one)), Said(**(shared | other))
    found = contradict(first, second, within=within)
    assert contradict(second, first, within=within) == found
    return found


@pytest.mark.parametrize(
    ("value_type", "one", "other", "expected"),
    [
        ("date", "2020-09-09", "2022-03", True),
        ("date", "2022-03", "2022-03-14", False),
        ("date", "2020", "2020-09-09", False),
        ("date", "[2022-09..2024-08]", "2023", False),
        ("date", "[..2019]", "2020", True),
        ("date", "2019~", "2018", False),
        ("number", "22.85", "22.850", False),
        ("number", "22.85", "20.57", True),
        ("number", "-0", "0", False),
        ("entity", "japan", "india", True),
        ("entity", "new-delhi", "india", False),
        ("entity", "india", "india", False),
        ("choice", "signed", "in force", True),
        ("text", "A  theme", "a theme", False),
        ("text", "A theme", "another", True),
    ],
)
def test_values_contradict_where_both_cannot_hold(value_type, one, other, expected):
    assert clash({"value": one}, {"value": other}, value_type=value_type, date_means="happened") is expected


@pytest.mark.parametrize(
    ("date_means", "one", "other", "expected"),
    [
        ("as-of", "2020", "2022", False),
        ("as-of", "2022", "2022-03", True),
        ("as-of", "2022", "", True),
        ("period", "2022-04/2023-03", "2023-04/2024-03", False),
        ("period", "2023-04/2024-03", "2023-04/2024-03", True),
        ("said", "2022", "2024", False),
        ("happened", "2020", "2022", True),
    ],
)
def test_what_holds_for_a_time_contradicts_only_on_a_day_of_both(date_means, one, other, expected):
    first, second = {"value": "signed", "date": one}, {"value": "in force", "date": other}

    assert clash(first, second, value_type="choice", date_means=date_means) is expected


def test_sentences_that_never_hold_together_contradict_nothing():
    first, second = {"value": "3", "validity": "2020/2021"}, {"value": "4", "validity": "2022/.."}

    assert not clash(first, second, value_type="number", date_means="happened")
    assert clash(first, second | {"validity": "2021/.."}, value_type="number", date_means="happened")


def test_numbers_of_two_units_are_not_compared():
    assert not clash({"value": "3", "unit": "ships"}, {"value": "4", "unit": "men"}, value_type="number", date_means="")


def test_a_number_that_is_none_is_equal_to_itself_only():
    assert not clash({"value": "many"}, {"value": "many"}, value_type="number", date_means="happened")
    assert clash({"value": "many"}, {"value": "4"}, value_type="number", date_means="happened")
