"""What there is to practise, and the attempt that this browser has open."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count
from django.http import HttpRequest

from curation.stamps import cached
from quizzes import attempts
from quizzes.models import Attempt, AttemptQuestion, Question

SESSION_KEY = "attempt"


@dataclass(frozen=True)
class TopicCount:
    slug: str
    name: str
    count: int


@dataclass(frozen=True)
class Overview:
    """How many questions may be practised, in all and by topic (in the order of the syllabus)."""

    count: int
    topics: tuple[TopicCount, ...]

    def set_of(self, topic: str) -> int:
        """How many questions a set has, of the topic with that slug or ("") of all."""
        counts = {row.slug: row.count for row in self.topics} | {"": self.count}
        return min(counts.get(topic, 0), attempts.SET_SIZE)


def overview() -> Overview:
    return cached("quizzes.overview", _overview)


def _overview() -> Overview:
    questions = Question.objects.practisable()
    rows = (
        questions.filter(topics__isnull=False)
        .order_by("topics__position", "topics__slug")
        .values("topics__slug", "topics__name", "topics__position")
        .annotate(count=Count("pk"))
    )
    topics = (TopicCount(row["topics__slug"], row["topics__name"], row["count"]) for row in rows)
    return Overview(questions.count(), tuple(topics))


def remember(request: HttpRequest, attempt: Attempt) -> None:
    request.session[SESSION_KEY] = str(attempt.pk)


def open_attempt(request: HttpRequest) -> AttemptQuestion | None:
    """The question at which this browser's attempt waits, or None."""
    try:
        attempt = Attempt.objects.filter(pk=UUID(request.session.get(SESSION_KEY, ""))).first()
    except ValueError:
        return None
    return attempts.progress(attempt).next_entry if attempt else None
