"""What other apps' pages may show of questions, so that they need not import this app."""

from typing import Any

from django import template
from django.template import RequestContext

from quizzes.models import Question
from quizzes.practice import open_attempt, overview
from relations.models import Fact

register = template.Library()


@register.simple_tag
def questions_on(fact: Fact) -> list[Question]:
    """The questions that rest on `fact` and may be practised today: {% questions_on fact as questions %}."""
    return list(Question.objects.practisable().resting_on(fact))


@register.inclusion_tag("quizzes/_start.html", takes_context=True)
def start_practice(context: RequestContext, topic: Any = None) -> dict[str, Any]:
    """One tap into practice, for any page; of one topic where one is given. Nothing where there is no question."""
    return {
        "topic": topic,
        "count": overview().set_of(topic.slug if topic else ""),
        "open": None if topic else open_attempt(context["request"]),
        "csrf_token": context.get("csrf_token"),
    }
