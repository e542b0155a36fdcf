"""Why an answer was right or wrong: the parts of a question as a verdict shows them."""

from dataclasses import dataclass

from quizzes.keys import LETTERS
from quizzes.models import Question, Response
from quizzes.wording import Change
from relations.models import Fact


@dataclass(frozen=True)
class ExplainedPart:
    """One statement or option: is it true, what was changed, and the fact it rests on.

    `fact` is None where an earlier part of the list has shown the same fact.
    """

    label: str
    right: bool
    text: str
    change: Change | None
    fact: Fact | None


def explained(question: Question | None, response: Response) -> list[ExplainedPart] | None:
    """The parts in the order shown. None where the question is being rechecked, or is another one today."""
    if question is None or question.digest_of_answer != response.digest:
        return None
    numbered = question.rules.numbered
    order = range(len(question.part_list)) if numbered else question.keyed.parts
    shown: set[str] = set()
    parts = []
    for place, index in enumerate(order):
        part = question.part_list[index]
        parts.append(
            ExplainedPart(
                label=f"{place + 1}." if numbered else f"({LETTERS[place]})",
                right=part.is_true,
                text=part.statement,
                change=part.change,
                fact=None if part.fact_id in shown else part.fact,
            )
        )
        shown.add(part.fact_id)
    return parts
