"""Rules of questions and parts, in the database and in full_clean alike; wording, options, refs."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from curation.revisions import record
from quizzes import kinds, wording
from quizzes.models import Attempt, AttemptQuestion, Part, Question, Response
from tests.quizzes.factories import PartFactory, QuestionFactory, draft, published, signed

pytestmark = pytest.mark.django_db

QUESTION_RULES = [
    ({"stem": ""}, "question_stem_given", "A question needs its stem."),
    ({"kind": "riddle"}, "question_kind_known", "The kind must be statements or single."),
    ({"ask": "odd"}, "question_ask_known", "A question asks for what is correct or for what is incorrect."),
    (
        {"shows": "words"},
        "question_words_only_as_options",
        "Only the options of a single best answer can be words; else use statement.",
    ),
    ({"status": "lost"}, "question_status_known", "The status must be draft, published or withdrawn."),
]
PART_RULES = [
    ({"replacement": "2021"}, "part_change_has_span", "Name the words of the fact that are changed."),
    (
        {"span": "2020", "replacement": "2020"},
        "part_change_changes",
        "The changed words are the fact's own; write others, or none.",
    ),
    ({"position": 0}, "part_position_from_one", "Positions are counted from 1."),
]


def messages_of(instance) -> list[str]:
    """What the rules say of it. full_clean refuses it too, where a field's own error may come first."""
    with pytest.raises(ValidationError):
        instance.full_clean()
    with pytest.raises(ValidationError) as raised:
        instance.validate_constraints()
    return raised.value.message_dict["__all__"]


def names_of_broken(action) -> str:
    with pytest.raises(IntegrityError) as raised, transaction.atomic():
        action()
    return str(raised.value)


@pytest.mark.parametrize(("values", "name", "message"), QUESTION_RULES)
def test_question_rule_holds_in_database_and_full_clean(values, name, message):
    question = QuestionFactory()
    assert name in names_of_broken(lambda: Question.objects.filter(pk=question.pk).update(**values))
    for field, value in values.items():
        setattr(question, field, value)
    assert message in messages_of(question)


@pytest.mark.parametrize(("values", "name", "message"), PART_RULES)
def test_part_rule_holds_in_database_and_full_clean(values, name, message):
    part = PartFactory(fact=signed("Japan"))
    assert name in names_of_broken(lambda: Part.objects.filter(pk=part.pk).update(**values))
    for field, value in values.items():
        setattr(part, field, value)
    assert message in messages_of(part)


def response(entry: AttemptQuestion, **values) -> Response:
    given = {"key": "a", "key_text": "1 only", "outcome": "blank", "digest": "x"}
    return Response(entry=entry, marks_numerator=0, marks_denominator=1, **given | values)


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"outcome": "right"}, "response_blank_when_nothing_chosen"),
        ({"outcome": "blank", "chosen": "a"}, "response_blank_when_nothing_chosen"),
        ({"outcome": "maybe", "chosen": "a"}, "response_blank_when_nothing_chosen"),
        ({"marks_denominator": 0}, "response_marks_are_a_fraction"),
    ],
)
def test_response_rule_holds_in_database_and_full_clean(values, name):
    attempt = Attempt.objects.create()
    entry = AttemptQuestion.objects.create(attempt=attempt, question=QuestionFactory(), position=1)
    rule = next(rule for rule in Response._meta.constraints if rule.name == name)
    made = response(entry)
    for field, value in values.items():
        setattr(made, field, value)
    assert str(rule.violation_error_message) in messages_of(made)
    assert name in names_of_broken(made.save)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"position": 1}, "This attempt already has a question at this position."),
        ({"same": True}, "This attempt already has this question."),
        ({"position": 0}, "Positions are counted from 1."),
    ],
)
def test_place_in_attempt_rule_holds_in_database_and_full_clean(values, message):
    attempt = Attempt.objects.create()
    first = AttemptQuestion.objects.create(attempt=attempt, question=QuestionFactory(), position=1)
    question = first.question if values.pop("same", False) else QuestionFactory()
    entry = AttemptQuestion(attempt=attempt, question=question, position=values.get("position", 2))
    assert messages_of(entry) == [message]
    names_of_broken(entry.save)


def test_kinds_of_the_model_are_those_of_the_registry():
    assert list(Question.Kind.values) == list(kinds.KINDS)


def test_refs_are_minted_in_order_and_parts_get_letters():
    QuestionFactory(ref="Q-0041")
    question = Question.objects.create(stem="Which?")
    parts = [Part.objects.create(question=question, fact=signed("Japan"), position=n) for n in (1, 2)]
    assert question.ref == "Q-0042"
    assert [part.ref for part in parts] == ["Q-0042/a", "Q-0042/b"]


def test_ref_of_a_deleted_question_is_not_given_again():
    question = Question.objects.create(stem="Which?")
    record(question, by="alice")
    question.delete()
    assert Question.objects.create(stem="Which?").ref == "Q-0002"


def test_question_with_a_point_in_its_ref_has_an_address(client):
    question = published("", "2021", ref="Q.1")
    assert client.get(question.get_absolute_url()).status_code == 200


def test_part_is_worded_from_its_fact():
    question = draft("", "2021")
    true, changed = question.part_list
    assert (true.statement, true.change) == ("The agreement with Japan was signed in 2020.", None)
    assert changed.statement == "The agreement with France was signed in 2021."
    assert changed.change == wording.Change("The agreement with France was signed in ", "2021", "2020", ".")


@pytest.mark.parametrize(
    ("span", "message"),
    [
        ("2019", "“2019” is not in the statement of {ref}. Copy the words from it as it is today."),
        ("i", "“i” occurs 3 times in the statement of {ref}. Take more words, so that it occurs once."),
    ],
)
def test_span_that_is_not_once_in_the_fact_is_refused(span, message):
    fact = signed("Japan")
    part = Part(question=QuestionFactory(), fact=fact, position=1, span=span, replacement="2021")
    with pytest.raises(ValidationError) as raised:
        part.full_clean()
    assert raised.value.message_dict == {"span": [message.format(ref=fact.ref)]}


def test_words_question_offers_the_words_in_rising_order():
    fact = signed("Japan")
    question = draft("", "2018", "2022", "2021", facts=[fact] * 4, kind="single", shows="words", stem="When?")
    assert question.face.options == (("a", "2018"), ("b", "2020"), ("c", "2021"), ("d", "2022"))
    assert (question.keyed.letter, question.face.closing) == ("b", "")


def test_statements_question_asks_in_the_examinations_words():
    face = draft("", "2021", ask="incorrect").face
    assert face.statements[1] == "The agreement with France was signed in 2021."
    assert face.closing == "Which of the statements given above is/are not correct?"
    assert [text for _letter, text in face.options] == ["1 only", "2 only", "Both 1 and 2", "Neither 1 nor 2"]
