"""Questions that rest on facts, and the students who answer them."""

from quizzes.models.attempts import Attempt, AttemptQuestion, Response
from quizzes.models.questions import Part, Question

__all__ = ["Attempt", "AttemptQuestion", "Part", "Question", "Response"]
