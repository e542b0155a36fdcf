"""Starting an attempt, and answering it. The first answer counts; whatever comes after it does no harm."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from random import SystemRandom
from typing import Any

from django.db import transaction

from quizzes import marking, wording
from quizzes.keys import KeyFault
from quizzes.marking import PRELIMS, Outcome
from quizzes.models import Attempt, AttemptQuestion, Question, Response
from relations.models import Fact, Topic

SET_SIZE = 10
_TRIED_AT_ONCE = 50


class NothingChosen(Exception):
    """Check answer without an option chosen, or with one that the question does not have."""


class NotCounted(Exception):
    """The question is being rechecked; it takes no answer."""


class Reworded(Exception):
    """The question has come to read otherwise since the student's page was made."""


def practisable_set(topic: Topic | None = None) -> list[Question]:
    """At most SET_SIZE questions at random, of `topic` where one is given.

    Drawn from those published and asked a few at a time, since to try them all takes seconds where there are
    many thousands.
    """
    published = Question.objects.published()
    drawn = list((published.about(topic) if topic else published).order_by().values_list("pk", flat=True))
    SystemRandom().shuffle(drawn)
    found: list[Question] = []
    for start in range(0, len(drawn), _TRIED_AT_ONCE):
        tried = drawn[start : start + _TRIED_AT_ONCE]
        questions = Question.objects.practisable().in_bulk(tried)
        found += [questions[pk] for pk in tried if pk in questions]
        if len(found) >= SET_SIZE:
            break
    return found[:SET_SIZE]


@transaction.atomic
def start(questions: Iterable[Question], *, topic: Topic | None = None) -> Attempt:
    """Begin an attempt at `questions`, in their order. Raises ValueError where there is none."""
    questions = list(questions)
    if not questions:
        raise ValueError("An attempt needs at least one question.")
    attempt = Attempt.objects.create(topic=topic)
    AttemptQuestion.objects.bulk_create(
        AttemptQuestion(attempt=attempt, question=question, position=position)
        for position, question in enumerate(questions, start=1)
    )
    return attempt


@transaction.atomic
def answer(entry: AttemptQuestion, *, chosen: Collection[str], guessed: bool = False, seen: str = "") -> Response:
    """Answer a question of an attempt and mark it; give the first answer back if there is one already.

    `chosen` are letters; two of them are wrong, as in the examination. `seen` is the digest of the face
    on which they were chosen. Raises NothingChosen, NotCounted, Reworded.
    """
    entry = AttemptQuestion.objects.select_for_update(of=("self",)).with_responses().get(pk=entry.pk)
    if entry.given:
        return entry.given
    question = askable(entry.question)
    if question is None:
        raise NotCounted(entry)
    if seen and seen != question.face.digest:
        raise Reworded(entry)
    if not chosen or not set(chosen) <= set(question.face.letters):
        raise NothingChosen(entry)
    return _respond(entry, question, chosen, guessed=guessed)


@transaction.atomic
def skip(entry: AttemptQuestion) -> Response | None:
    """Leave a question blank, unless it has an answer. None where the question does not count."""
    entry = AttemptQuestion.objects.select_for_update(of=("self",)).with_responses().get(pk=entry.pk)
    if entry.given:
        return entry.given
    question = askable(entry.question)
    return _respond(entry, question, (), guessed=False) if question else None


def _respond(entry: AttemptQuestion, question: Question, chosen: Collection[str], *, guessed: bool) -> Response:
    keyed = question.keyed
    outcome = PRELIMS.outcome(chosen, keyed.letter)
    marks = PRELIMS.mark(outcome)
    words = dict(keyed.lettered)
    response, _created = Response.objects.get_or_create(
        entry=entry,
        defaults={
            "chosen": "".join(sorted(set(chosen))),
            "chosen_text": words[min(chosen)] if chosen else "",
            "key": keyed.letter,
            "key_text": words[keyed.letter],
            "outcome": outcome.value,
            "marks_numerator": marks.numerator,
            "marks_denominator": marks.denominator,
            "guessed": guessed,
            "digest": question.digest_of_answer,
        },
    )
    return response


def askable(question: Question, *, evidence: bool = False) -> Question | None:
    """The question with its parts, if it may be asked today; else None, and nothing of it is shown.

    `evidence` adds all that a verdict shows of the facts behind it.
    """
    questions = Question.objects.practisable()
    questions = questions.with_evidence() if evidence else questions.with_parts()
    found = questions.filter(pk=question.pk).first()
    if found is None:
        return None
    try:
        found.face  # noqa: B018 - computed and kept
    except (KeyFault, wording.NotOnce):
        return None
    return found


@dataclass(frozen=True)
class Progress:
    """Where an attempt stands: every entry, and those that still wait for an answer."""

    entries: list[AttemptQuestion]
    uncounted: frozenset[int]

    @property
    def answered(self) -> list[AttemptQuestion]:
        return [entry for entry in self.entries if entry.given]

    @property
    def waiting(self) -> list[AttemptQuestion]:
        return [entry for entry in self.entries if not entry.given and entry.pk not in self.uncounted]

    @property
    def next_entry(self) -> AttemptQuestion | None:
        return next(iter(self.waiting), None)

    def next_after(self, entry: AttemptQuestion) -> AttemptQuestion | None:
        """The next one that waits: after `entry`, else from the start; None at the end."""
        others = [other for other in self.waiting if other.pk != entry.pk]
        return next((other for other in others if other.position > entry.position), next(iter(others), None))

    @property
    def missed(self) -> list[AttemptQuestion]:
        return [entry for entry in self.answered if not entry.given.is_right]  # type: ignore[union-attr]

    @property
    def result(self) -> marking.Result:
        """Over the questions that count; one that waits for an answer counts as left blank."""
        marked = [(Outcome(entry.given.outcome), entry.given.marks) for entry in self.answered]  # type: ignore[union-attr]
        marked += [(Outcome.BLANK, PRELIMS.blank) for _entry in self.waiting]
        return marking.result(marked, out_of=PRELIMS.out_of(len(marked)))

    @property
    def rows(self) -> list["Row"]:
        return [Row(entry, entry.given, entry.pk not in self.uncounted) for entry in self.entries]

    @property
    def guesses(self) -> "Guesses | None":
        given = [entry.given for entry in self.answered if entry.given and entry.given.guessed]
        if not given:
            return None
        right = sum(1 for response in given if response.is_right)
        return Guesses(len(given), right, len(given) - right, marking.total(response.marks for response in given))


@dataclass(frozen=True)
class Row:
    """One question in the list of a result."""

    entry: AttemptQuestion
    response: Response | None
    counted: bool

    @property
    def subject(self) -> str:
        """What it is about, in a few words: the subject its facts share, else its first topic.

        That of one fact alone would tell, before the answer, which option was written first.
        """
        subjects = {part.fact.subject.name for part in self.entry.question.parts.all()}
        if len(subjects) == 1:
            return subjects.pop()
        return next((topic.name for topic in self.entry.question.topics.all()), self.entry.question.ref)


@dataclass(frozen=True)
class Guesses:
    count: int
    right: int
    wrong: int
    marks: Fraction


def progress(attempt: Attempt, *, with_: Sequence[Any] = ()) -> Progress:
    """Two queries, however many questions; `with_` prefetches more."""
    entries = list(attempt.entries.with_responses().prefetch_related(*with_))
    unanswered = [entry.question_id for entry in entries if not entry.given]
    open_ = set(Question.objects.practisable().filter(pk__in=unanswered).values_list("pk", flat=True))
    gone = frozenset(entry.pk for entry in entries if not entry.given and entry.question_id not in open_)
    return Progress(entries, gone)


def again(attempt: Attempt) -> Attempt | None:
    """A new attempt at the missed questions that may still be asked; None where there is none."""
    missed = [entry.question_id for entry in progress(attempt).missed]
    questions = {question.pk: question for question in Question.objects.practisable().filter(pk__in=missed)}
    ordered = [questions[pk] for pk in missed if pk in questions]
    return start(ordered, topic=attempt.topic) if ordered else None


def facts_behind(attempt: Attempt) -> list[Fact]:
    """The facts that decide the missed questions, each once, in the order met. Only answered ones: no key leaks.

    A fact that has come to be deprecated since is left out, as from every list.
    """
    missed = [entry.question_id for entry in progress(attempt).missed]
    refs = list(Question.objects.filter(pk__in=missed).order_by("parts__position").values_list("pk", "parts__fact_id"))
    refs.sort(key=lambda row: missed.index(row[0]))
    order = list(dict.fromkeys(ref for _pk, ref in refs if ref))
    facts = Fact.objects.listed().with_states().select_related("subject", "whose").filter(ref__in=order)
    return sorted(facts, key=lambda fact: order.index(fact.ref))
