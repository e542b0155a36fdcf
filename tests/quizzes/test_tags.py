"""What the pages of other apps show of questions."""

import pytest
from django.template import Context, Template
from django.test import RequestFactory

from quizzes import attempts, practice, publishing
from tests.factories import PUBLISHER, TopicFactory
from tests.quizzes.factories import published

pytestmark = pytest.mark.django_db


def render(source: str, **context) -> str:
    request = RequestFactory().get("/")
    request.session = context.pop("session", {})
    return Template("{% load quizzes %}" + source).render(Context({"request": request, "csrf_token": "x"} | context))


def test_questions_on_a_fact_are_those_practised_today():
    first, second, other = published("", "2021"), published("", "2021"), published("", "2021")
    fact = first.part_list[0].fact
    part = second.part_list[1]
    part.fact, part.fact_digest, part.span, part.replacement = fact, fact.digest, "Japan", "Nepal"
    part.save()
    source = "{% questions_on fact as questions %}{% for question in questions %}{{ question.ref }} {% endfor %}"
    assert render(source, fact=fact).split() == [first.ref, second.ref]
    assert render(source, fact=other.part_list[0].fact).split() == [other.ref]
    publishing.withdraw(first, by=PUBLISHER)
    assert render(source, fact=fact).split() == [second.ref]


def test_start_practice_is_one_tap_and_offers_the_open_attempt():
    question = published("", "2021")
    page = render("{% start_practice %}")
    assert ("Start practising" in page, "Continue" in page) == (True, False)
    attempt = attempts.start([question])
    page = render("{% start_practice %}", session={practice.SESSION_KEY: str(attempt.pk)})
    assert "Continue at question 1" in page


def test_questions_about_a_topic_count_and_name_those_practised_today():
    theme = TopicFactory(slug="security")
    below, other = TopicFactory(parent=theme), TopicFactory()
    questions = [published("", "2021") for _number in range(3)]
    for question, topic in zip(questions, [theme, below, other], strict=True):
        question.topics.set([topic])
    source = (
        "{% questions_about topic as practice %}{{ practice.count }}:"
        "{% for question in practice.questions %}{{ question.ref }} {% endfor %}"
    )

    assert render(source, topic=theme) == f"2:{questions[0].ref} {questions[1].ref} "
    publishing.withdraw(questions[0], by=PUBLISHER)
    assert render(source, topic=theme) == f"1:{questions[1].ref} "
