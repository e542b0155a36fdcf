"""The key against a reader who knows nothing of the code: a tiny parser of the options' English."""

import re
from collections import Counter, defaultdict
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quizzes import keys

refs = st.integers(1, 9999).map("Q-{:04d}".format)
asks = st.sampled_from(["correct", "incorrect"])
truths = st.one_of(st.lists(st.booleans(), min_size=2, max_size=2), st.lists(st.booleans(), min_size=3, max_size=3))


def read(option: str) -> set[int]:
    """The statements that an option names, read as English."""
    if option in ("Neither 1 nor 2", "None of the above"):
        return set()
    if found := re.fullmatch(r"Both (\d) and (\d)", option):
        return set(map(int, found.groups()))
    if found := re.fullmatch(r"(\d) only", option):
        return {int(found[1])}
    if found := re.fullmatch(r"(\d) and (\d) only", option):
        return set(map(int, found.groups()))
    assert option == "1, 2 and 3"
    return {1, 2, 3}


def said_to_be(ask: str, truths: list[bool]) -> set[int]:
    """The statements that answer the question, counted one by one."""
    answer = set()
    for number, true in enumerate(truths, start=1):
        if (ask == "correct" and true) or (ask == "incorrect" and not true):
            answer.add(number)
    return answer


@given(truths, asks, refs)
def test_combination_key_is_the_one_option_that_reads_true(truths, ask, ref):
    keyed = keys.combination(truths, ask=ask, seed=ref)
    right = [index for index, option in enumerate(keyed.options) if read(option) == said_to_be(ask, truths)]
    assert right == [keyed.key]
    assert len(set(keyed.options)) == len(keyed.options) == 4


@given(truths, asks, refs)
def test_combination_is_the_same_each_time(truths, ask, ref):
    assert keys.combination(truths, ask=ask, seed=ref) == keys.combination(list(truths), ask=ask, seed=ref)


def test_two_statements_have_the_examinations_options():
    keyed = keys.combination([False, True], ask="correct", seed="Q-0001")
    assert keyed.options == ("1 only", "2 only", "Both 1 and 2", "Neither 1 nor 2")
    assert (keyed.letter, keyed.lettered[1]) == ("b", ("b", "2 only"))


@given(st.lists(st.booleans(), min_size=3, max_size=3), asks, refs)
def test_three_statements_stand_in_the_examinations_order(truths, ask, ref):
    printed = [
        "1 only",
        "2 only",
        "3 only",
        "1 and 2 only",
        "2 and 3 only",
        "1 and 3 only",
        "1, 2 and 3",
        "None of the above",
    ]
    options = keys.combination(truths, ask=ask, seed=ref).options
    assert list(options) == sorted(options, key=printed.index)


@given(st.lists(st.booleans(), min_size=3, max_size=3), asks, refs)
def test_menu_is_the_same_whichever_of_its_options_is_the_key(truths, ask, ref):
    """So that not even a reader of this code, who knows the ref, can tell the key from the menu."""
    menu = keys.combination(truths, ask=ask, seed=ref).options
    for option in menu:
        other = [(number in read(option)) is (ask == "correct") for number in (1, 2, 3)]
        assert keys.combination(other, ask=ask, seed=ref).options == menu


@given(st.lists(st.booleans(), min_size=3, max_size=3), refs)
def test_menu_leaves_every_statement_open(truths, ref):
    menu = [read(option) for option in keys.combination(truths, ask="correct", seed=ref).options]
    for number in (1, 2, 3):
        assert {number in named for named in menu} == {True, False}


def test_key_is_equally_often_at_each_place_and_in_each_company():
    places, shown, right = Counter(), Counter(), Counter()
    company = defaultdict(Counter)
    refs = [f"Q-{number:04d}" for number in range(1, 2001)]
    for ref, truths in product(refs, product([True, False], repeat=3)):
        keyed = keys.combination(truths, ask="correct", seed=ref)
        places[keyed.key] += 1
        shown.update(keyed.options)
        right[keyed.options[keyed.key]] += 1
        company[keyed.options][keyed.key] += 1
    assert set(places.values()) == {4000}
    assert {option: right[option] / shown[option] for option in shown} == dict.fromkeys(shown, 0.25)
    assert len(company) == 64
    assert all(len(set(by_place.values())) == 1 for by_place in company.values())


@pytest.mark.parametrize("count", [0, 1, 4])
def test_combination_refuses_other_numbers_of_statements(count):
    with pytest.raises(keys.NoKey, match=f"{count} statements. A combination key needs two or three."):
        keys.combination([True] * count, ask="correct", seed="Q-0001")


options = st.lists(st.text("abcdefgh ", min_size=3, max_size=12), min_size=4, max_size=4, unique=True)


@given(options, st.integers(0, 3), asks, refs)
def test_single_key_follows_the_one_option_that_answers(texts, right, ask, ref):
    truths = [(index == right) is (ask == "correct") for index in range(4)]
    keyed = keys.single(texts, truths, ask=ask, seed=ref)
    assert keyed.options[keyed.key] == texts[right]
    assert [texts[part] for part in keyed.parts] == list(keyed.options)
    assert sorted(keyed.options) == sorted(texts)


@given(options, refs)
def test_single_order_does_not_depend_on_truth_or_on_the_order_of_writing(texts, ref):
    shown = {
        keys.single(given, [index == right for index in range(4)], ask="correct", seed=ref).options
        for given in (texts, texts[::-1])
        for right in range(4)
    }
    assert len(shown) == 1


def test_single_key_is_about_equally_often_at_each_place():
    texts = ["Tokyo", "Kyoto", "New Delhi", "Ahmedabad"]
    places = Counter(
        keys.single(texts, [True, False, False, False], ask="correct", seed=f"Q-{number:04d}").key
        for number in range(4000)
    )
    assert all(900 < count < 1100 for count in places.values())


@pytest.mark.parametrize(
    ("texts", "shown"),
    [
        (["2022", "2019", "2021", "2020"], ("2019", "2020", "2021", "2022")),
        (["9 September 2020", "2 March 2022", "31 August 2020"],
         ("31 August 2020", "9 September 2020", "2 March 2022")),
        (["US$ 22.85 billion", "US$ 9 billion", "US$ 1,000 billion"],
         ("US$ 9 billion", "US$ 22.85 billion", "US$ 1,000 billion")),
    ],
)  # fmt: skip
def test_single_prints_values_in_rising_order(texts, shown):
    truths = [True] + [False] * (len(texts) - 1)
    keyed = keys.single(texts, truths, ask="correct", seed="Q-0001")
    assert keyed.options == shown
    assert keyed.options[keyed.key] == texts[0]


@pytest.mark.parametrize(
    ("truths", "ask", "fault", "message"),
    [
        ([False] * 3, "correct", keys.NoKey, "No option is right: every one is changed. Leave one as its fact says."),
        ([True] * 3, "incorrect", keys.NoKey,
         "No option is wrong, and the question asks for the wrong one. Change one."),
        ([True, False, True], "correct", keys.AmbiguousKey, "Options 1, 3 are all right. Change all but one."),
        ([False, False, True], "incorrect", keys.AmbiguousKey,
         "Options 1, 2 are all wrong, and the question asks for one. Leave all but one as their facts say."),
    ],
)  # fmt: skip
def test_single_names_why_there_is_no_one_key(truths, ask, fault, message):
    with pytest.raises(fault) as raised:
        keys.single(["x", "y", "z"], truths, ask=ask, seed="Q-0001")
    assert str(raised.value) == message
