"""What the database and the history keep of questions; registered once, when the app is ready."""

from typing import Any

from django.db.models import QuerySet

from curation import consequences, database, groups, revisions
from quizzes.models import Part, Question

_AUTHOR = [f"{action}_{model}" for model in ("question", "part") for action in ("view", "add", "change")]
_AUTHOR += ["delete_part", "export_question"]
_PUBLISHER = ["publish_question", "import_question", "delete_question", "view_attempt"]


def register() -> None:
    for model in (Question, Part, Question.topics.through):
        database.register(database.stamped(model._meta.db_table))
    revisions.register(Question, queryset=_questions, snapshot=question_snapshot, parts={Part: "question"})
    consequences.watch(Question, seen=Question.objects.practisable, words="stem")
    groups.register("quizzes", author=_AUTHOR, publisher=_PUBLISHER)


def _questions() -> QuerySet[Question]:
    return Question.objects.prefetch_related("topics", "parts")


def question_snapshot(question: Question) -> dict[str, Any]:
    return {
        "kind": question.kind,
        "stem": question.stem,
        "ask": question.ask,
        "shows": question.shows,
        "explanation": question.explanation,
        "topics": [topic.slug for topic in question.topics.all()],
        "status": question.status,
        "parts": [
            {
                "ref": part.ref,
                "position": part.position,
                "fact": part.fact_id,
                "fact_digest": part.fact_digest,
                "span": part.span,
                "replacement": part.replacement,
            }
            for part in question.parts.all()
        ],
    }
