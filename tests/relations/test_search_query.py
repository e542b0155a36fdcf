"""Reading a query: pure, so any text can be thrown at it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relations.search.highlighting import as_html
from relations.search.query import MAX_LENGTH, MAX_TERMS, key_of, parse, spaced, words_of


def asked(text: str) -> list:
    return [term.alternatives for term in parse(text).terms]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("India–Japan 2+2", ("india", "japan", "2", "2")),
        ("São Paulo’s", ("sao", "paulo", "s")),
        ("US$ 22.85 billion", ("us", "22", "85", "billion")),
        ("भारत-जापान", ("भारत", "जापान")),
        ("+ - * “”", ()),
    ],
)
def test_words_of_folds_case_accents_and_punctuation(text, words):
    assert words_of(text) == words


def test_key_of_is_one_for_both_ways_of_writing_a_name():
    assert key_of(words_of("G4")) == key_of(words_of("G-4"))
    assert key_of(words_of("2+2")) != key_of(words_of("22"))


@pytest.mark.parametrize(
    ("text", "alternatives"),
    [
        ("2+2", [((("2", "2"),),)]),
        ("G-4", [((("g", "4"),), (("g4",),))]),
        ("G4", [((("g4",),), (("g", "4"),))]),
        ("India–Japan", [((("india",),),), ((("japan",),),)]),
        ("“Exercise Malabar”", [((("exercise", "malabar"),),)]),
        ("India’s navy", [((("india",),),), ((("navy",),),)]),
        ("22.85", [((("22", "85"),),)]),
        ("malabar Malabar", [((("malabar",),),)]),
        ("pact NEAR -trade*", [((("pact",),),), ((("near",),),), ((("trade",),),)]),
    ],
)
def test_parse_reads_compounds_phrases_and_words(text, alternatives):
    assert asked(text) == alternatives


def test_parse_shows_terms_as_typed_without_punctuation_around_them():
    assert str(parse("(ACSA), “supply pact” 2+2!")) == "ACSA “supply pact” 2+2"


def test_parse_holds_common_words_but_not_names_in_capitals():
    assert [(term.shown, term.common) for term in parse("who is in WHO").terms] == [
        ("who", True),
        ("is", True),
        ("in", True),
        ("WHO", False),
    ]


def test_parse_reads_the_beginning_of_what_is_too_long():
    many = parse(" ".join(f"word{n}x" for n in range(1000)))
    one = parse("x" * 10_000)

    assert (len(many.terms), many.shortened) == (MAX_TERMS, True)
    assert (len(one.text), one.shortened) == (MAX_LENGTH, True)


@given(st.text())
def test_parse_hands_on_letters_digits_and_marks_only(text):
    phrases = [phrase for term in parse(text).terms for together in term.alternatives for phrase in together]

    assert [word for phrase in phrases for word in phrase if not word or " " in spaced(word)] == []


@given(st.text())
def test_spaced_is_exactly_as_long(text):
    assert len(spaced(text)) == len(text)


def test_as_html_escapes_before_it_marks():
    assert (
        as_html("<b>\x02four\x03</b> & \x02<i>\x03")
        == "&lt;b&gt;<mark>four</mark>&lt;/b&gt; &amp; <mark>&lt;i&gt;</mark>"
    )


def test_as_html_leaves_out_stray_markers_and_joins_neighbours():
    assert as_html("\x03a \x02India\x03–\x02Japan\x03 b\x02") == "a <mark>India–Japan</mark> b"


@given(st.text(alphabet="\x02\x03<>&'a \"–"))
def test_as_html_always_balances_its_marks(text):
    html = as_html(text)

    assert html.count("<mark>") == html.count("</mark>")
    assert "<" not in html.replace("<mark>", "").replace("</mark>", "")
