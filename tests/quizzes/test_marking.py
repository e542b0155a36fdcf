from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quizzes import marking
from quizzes.marking import PRELIMS, Outcome


@pytest.mark.parametrize(
    ("chosen", "outcome", "mark"),
    [
        (["b"], "right", Fraction(2)),
        (["a"], "wrong", Fraction(-2, 3)),
        ([], "blank", Fraction(0)),
        (["a", "b"], "wrong", Fraction(-2, 3)),
        (["b", "b"], "right", Fraction(2)),
    ],
)
def test_prelims_marks_one_answer(chosen, outcome, mark):
    assert PRELIMS.outcome(chosen, "b") == outcome
    assert PRELIMS.mark(PRELIMS.outcome(chosen, "b")) == mark


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (Fraction(2), "+2.00"),
        (Fraction(-2, 3), "−0.67"),
        (Fraction(0), "0.00"),
        (Fraction(-1, 1000), "0.00"),
        (Fraction(1, 200), "+0.01"),
        (Fraction(-1, 200), "−0.01"),
        (Fraction(-100, 3), "−33.33"),
    ],
)
def test_display_has_two_decimals_and_the_real_minus(amount, shown):
    assert marking.display(amount) == shown


def test_result_adds_up_as_in_the_design_brief():
    marked = [(o, PRELIMS.mark(o)) for o in [Outcome.RIGHT] * 6 + [Outcome.WRONG] * 2 + [Outcome.BLANK] * 2]
    result = marking.result(marked, out_of=PRELIMS.out_of(10))
    assert [(line.outcome, line.count, line.shown) for line in result.lines] == [
        ("right", 6, "+12.00"),
        ("wrong", 2, "−1.33"),
        ("blank", 2, "0.00"),
    ]
    assert (result.score, result.out_of) == ("10.67", "20")


def read(shown: str) -> Decimal:
    return Decimal(shown.replace("−", "-"))


@given(st.lists(st.sampled_from(Outcome), max_size=100), st.fractions(0, 5), st.fractions(-5, 0), st.fractions(-1, 1))
def test_shown_lines_sum_to_the_shown_score(outcomes, right, wrong, blank):
    scheme = marking.MarkingScheme(right, wrong, blank)
    result = marking.result([(o, scheme.mark(o)) for o in outcomes], out_of=scheme.out_of(len(outcomes)))
    assert sum(read(line.shown) for line in result.lines) == read(result.score)
    assert sum(line.count for line in result.lines) == len(outcomes)


@given(st.lists(st.fractions(-100, 100), max_size=8))
def test_fit_moves_each_amount_by_less_than_a_hundredth(amounts):
    fitted = marking.fit(amounts)
    assert all(abs(after - before) < Fraction(1, 100) for before, after in zip(amounts, fitted, strict=True))
    assert abs(sum(fitted) - sum(amounts)) <= Fraction(1, 200)
    assert [a for a, f in zip(amounts, fitted, strict=True) if (a * 100).denominator == 1 and a != f] == []
