"""Why an answer was right or wrong: the parts of a question as a verdict shows them."""

from dataclasses import dataclass

from quizzes.keys import LETTERS
from quizzes.models import Part, Question, Response
from quizzes.wording import Change
from relations.models import Fact


@dataclass(frozen=True)
class ExplainedPart:
    """One statement or option: is it true, what was changed, and the fact it rests on.

    `fact` is None where another part of the list shows the same fact.
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
    order = list(range(len(question.part_list))) if numbered else list(question.keyed.parts)
    shows_fact = _places_of_facts([question.part_list[index] for index in order])
    return [
        ExplainedPart(
            label=f"{place + 1}." if numbered else f"({LETTERS[place]})",
            right=part.is_true,
            text=part.statement,
            change=part.change,
            fact=part.fact if place in shows_fact else None,
        )
        for place, part in ((place, question.part_list[index]) for place, index in enumerate(order))
    ]


def _places_of_facts(parts: list[Part]) -> set[int]:
    """Where each fact is shown: once, beside the true part that rests on it, else beside the first."""
    places: dict[str, int] = {}
    for place, part in sorted(enumerate(parts), key=lambda row: not row[1].is_true):
        places.setdefault(part.fact_id, place)
    return set(places.values())
