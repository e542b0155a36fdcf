"""What derived states cost: the first 50 of each, and the plan by which the database finds them.

DESIGN.md, rule 4: states are what the query returns. Tried on 100,000 facts and half as many questions.
"""

from collections.abc import Callable

from django.db import connection
from django.db.models import QuerySet

from benchmarks.measuring import in_turn, table
from quizzes.models import Part, Question
from relations.models import Fact

ROUNDS = 20


def make_questions() -> None:
    """A question for every second fact: four options, one true, all on that fact."""
    facts = list(Fact.objects.order_by("pk").values_list("ref", "digest", "value")[::2])
    for start in range(0, len(facts), 5_000):
        chunk = facts[start : start + 5_000]
        questions = Question.objects.bulk_create(
            Question(
                ref=f"Q-{start + number:06d}", kind="single", shows="words", stem="Which number?", status="published"
            )
            for number, _fact in enumerate(chunk, start=1)
        )
        Part.objects.bulk_create(
            (
                Part(
                    question=question,
                    ref=f"{question.ref}/{position}",
                    position=position,
                    fact_id=ref,
                    fact_digest=digest,
                    span="arrangement",
                    replacement="" if position == 1 else f"treaty {position}",
                )
                for question, (ref, digest, _value) in zip(questions, chunk, strict=True)
                for position in range(1, 5)
            ),
            batch_size=5_000,
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def run() -> None:
    make_questions()
    queries: dict[str, QuerySet] = {
        "published facts (a plain filter)": Fact.objects.published().newest_first()[:50],
        "visible facts": Fact.objects.visible().newest_first()[:50],
        "listed facts": Fact.objects.listed().newest_first()[:50],
        "standing facts": Fact.objects.standing().newest_first()[:50],
        "deciding facts": Fact.objects.deciding().newest_first()[:50],
        "published questions (a plain filter)": Question.objects.published().order_by("ref")[:50],
        "practisable questions": Question.objects.practisable().order_by("ref")[:50],
    }
    for name, query in queries.items():
        print(f"{name}\n  {query.explain().replace(chr(10), chr(10) + '  ')}\n")
    title = (
        f"First 50 of {Fact.objects.count():,} facts and {Question.objects.count():,} questions, {connection.vendor}"
    )
    table(
        title,
        in_turn({name: reading(query) for name, query in queries.items()}, rounds=ROUNDS),
        against="published facts (a plain filter)",
    )


def reading(query: QuerySet) -> Callable[[], object]:
    def read() -> None:
        assert len(query.all()) == 50

    return read
