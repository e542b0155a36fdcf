"""Questions for tests, resting on facts that students see."""

from typing import Any

import factory
from factory.django import DjangoModelFactory

from quizzes import pinning, publishing
from quizzes.models import Part, Question
from relations.models import Fact
from tests.factories import PUBLISHER, published_fact


class QuestionFactory(DjangoModelFactory):
    """A draft without parts."""

    class Meta:
        model = Question

    ref = factory.Sequence(lambda n: f"Q-{n + 1:04d}")
    stem = "Consider the following statements:"


class PartFactory(DjangoModelFactory):
    """A part of a draft, true, pinned to its fact."""

    class Meta:
        model = Part

    question = factory.SubFactory(QuestionFactory)
    fact = factory.LazyFunction(published_fact)
    fact_digest = factory.LazyAttribute(lambda part: part.fact.digest)
    position = factory.LazyAttribute(lambda part: part.question.parts.count() + 1)


def signed(where: str, year: int = 2020, **kwargs: Any) -> Fact:
    return published_fact(statement=f"The agreement with {where} was signed in {year}.", **kwargs)


def draft(*changes: str, facts: list[Fact] | None = None, **kwargs: Any) -> Question:
    """A pinned draft with a part for each of `changes`: "" is true, "2021" says 2021 for 2020."""
    question = QuestionFactory(**kwargs)
    facts = facts or [signed(where) for where in ("Japan", "France", "Kenya", "Chile", "Oman")[: len(changes)]]
    for position, (fact, change) in enumerate(zip(facts, changes, strict=True), start=1):
        span = "2020" if change or question.shows == "words" else ""
        part = Part(question=question, fact=fact, position=position, span=span, replacement=change)
        pinning.pin(part).save()
    return question


def published(*changes: str, **kwargs: Any) -> Question:
    return publishing.publish(draft(*changes, **kwargs), by=PUBLISHER)
