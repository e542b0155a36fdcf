"""What there is to practise, and the attempt that this browser has open."""

from collections import defaultdict
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest

from curation.stamps import cached
from quizzes import attempts
from quizzes.models import Attempt, AttemptQuestion, Question
from relations.models import Topic

SESSION_KEY = "attempt"


@dataclass(frozen=True)
class TopicCount:
    slug: str
    name: str
    count: int
    is_below: bool


@dataclass(frozen=True)
class Overview:
    """How many questions may be practised, in all and by topic.

    A topic counts what is under it, too; topics stand in the order of the syllabus, those without a question left out.
    """

    count: int
    topics: tuple[TopicCount, ...]

    def set_of(self, topic: str) -> int:
        """How many questions a set has, of the topic with that slug or ("") of all."""
        counts = {row.slug: row.count for row in self.topics} | {"": self.count}
        return min(counts.get(topic, 0), attempts.SET_SIZE)


def overview() -> Overview:
    return cached("quizzes.overview", _overview)


def _overview() -> Overview:
    questions = Question.objects.practisable().order_by()
    tagged = questions.filter(topics__isnull=False).values_list("topics", "pk")
    on: dict[int, set[int]] = defaultdict(set)
    topics = {topic.pk: topic for topic in Topic.objects.select_related("parent")}
    for pk, question in tagged.iterator():
        on[pk].add(question)
        on[topics[pk].parent_id or pk].add(question)
    listed = sorted((topics[pk] for pk in on), key=_place_in_syllabus)
    return Overview(questions.count(), tuple(_counted(topic, len(on[topic.pk])) for topic in listed))


def _counted(topic: Topic, count: int) -> TopicCount:
    return TopicCount(topic.slug, topic.name, count, is_below=topic.parent_id is not None)


def _place_in_syllabus(topic: Topic) -> tuple[int, str, int, str]:
    """A topic before those under it, each in the order of its siblings."""
    if topic.parent is None:
        return topic.position, topic.slug, -1, ""
    return topic.parent.position, topic.parent.slug, topic.position, topic.slug


def remember(request: HttpRequest, attempt: Attempt) -> None:
    request.session[SESSION_KEY] = str(attempt.pk)


def open_attempt(request: HttpRequest) -> AttemptQuestion | None:
    """The question at which this browser's attempt waits, or None."""
    try:
        attempt = Attempt.objects.filter(pk=UUID(request.session.get(SESSION_KEY, ""))).first()
    except ValueError:
        return None
    return attempts.progress(attempt).next_entry if attempt else None
