"""What other apps' pages may show of questions, so that they need not import this app."""

from typing import Any

from django import template
from django.template import RequestContext

from curation.stamps import cached
from quizzes.models import Question
from quizzes.practice import open_attempt, overview
from relations.models import Fact, Topic

register = template.Library()

LISTED = 20  # questions that a topic's page names


@register.simple_tag
def questions_on(fact: Fact) -> list[Question]:
    """The questions that rest on `fact` and may be practised today: {% questions_on fact as questions %}."""
    return list(Question.objects.practisable().resting_on(fact))


@register.simple_tag
def questions_about(topic: Topic) -> dict[str, Any]:
    """How many questions on `topic` may be practised today (`count`), and the first of them (`questions`)."""
    counts = {row.slug: row.count for row in overview().topics}
    practisable = Question.objects.practisable().about(topic).order_by("ref")
    first = cached(f"quizzes.about:{topic.slug}", lambda: list(practisable[:LISTED]))
    return {"count": counts.get(topic.slug, 0), "questions": first}


@register.inclusion_tag("quizzes/_start.html", takes_context=True)
def start_practice(context: RequestContext, topic: Any = None) -> dict[str, Any]:
    """One tap into practice, for any page; of one topic where one is given. Nothing where there is no question."""
    return {
        "topic": topic,
        "count": overview().set_of(topic.slug if topic else ""),
        "open": None if topic else open_attempt(context["request"]),
        "csrf_token": context.get("csrf_token"),
    }
