"""What changed between two versions, cut as short as the words allow."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relations.history import cut

WORDS = st.lists(st.sampled_from(["a", "b", "c"]), max_size=6).map(" ".join)


@pytest.mark.parametrize(
    ("old", "new", "pieces"),
    [
        ("signed on 9 September", "signed on 10 September", ("signed on ", "9", "10", " September")),
        ("signed", "not signed", ("", "", "not", " signed")),
        ("", "2020", ("", "", "2020", "")),
        ("one two", "three", ("", "one two", "three", "")),
        ("a a", "a a a", ("a a ", "", "a", "")),
    ],
)
def test_cut_keeps_what_both_share(old, new, pieces):
    assert cut(old, new) == pieces


@given(WORDS, WORDS)
def test_cut_puts_together_both(old, new):
    before, was, now, after = cut(old, new)

    assert f"{before}{was}{after}".split() == old.split()
    assert f"{before}{now}{after}".split() == new.split()
