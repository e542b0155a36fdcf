"""practisable() is derived: tried against every way by which rows change (DESIGN.md, rule 4)."""

import datetime

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from quizzes import attempts, pinning, publishing
from quizzes.models import Part, Question
from relations import checking
from relations.models import Check, Fact, Passage
from tests.factories import AUTHOR, CHECKER, PUBLISHER, DisagreementFactory, SideFactory
from tests.quizzes.factories import draft, published, signed

pytestmark = pytest.mark.django_db


def practisable() -> list[str]:
    return list(Question.objects.practisable().values_list("ref", flat=True))


@pytest.fixture
def question():
    return published("", "2021", ref="Q-0001")


@pytest.fixture
def fact(question):
    return question.part_list[0].fact


def test_published_question_on_deciding_facts_is_practisable(question):
    assert practisable() == ["Q-0001"]
    assert publishing.blockers(question) == []


def test_update_of_the_fact_takes_it_out_and_the_old_words_bring_it_back(question, fact):
    Fact.objects.filter(pk=fact.pk).update(statement="The agreement with Japan was signed in 2019.")
    assert practisable() == []
    Fact.objects.filter(pk=fact.pk).update(statement=fact.statement)
    assert practisable() == ["Q-0001"]


def test_raw_sql_on_the_fact_takes_it_out(question, fact):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE relations_fact SET value = '', date = '2019' WHERE id = %s", [fact.pk])
    assert practisable() == []


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE quizzes_part SET fact_digest = 'x' WHERE id = %s",
        "UPDATE quizzes_part SET span = 'no such words' WHERE id = %s",
        "UPDATE quizzes_part SET span = 'e' WHERE id = %s",
        "DELETE FROM quizzes_part WHERE id = %s",
    ],
)
def test_raw_sql_on_a_part_takes_it_out(question, sql):
    with connection.cursor() as cursor:
        cursor.execute(sql, [question.part_list[0].pk])
    assert practisable() == []


def test_loaddata_takes_it_out_and_brings_it_back(question, fact, tmp_path):
    before, after = tmp_path / "before.json", tmp_path / "after.json"
    natural = {"use_natural_foreign_keys": True, "use_natural_primary_keys": True, "format": "json"}
    call_command("dumpdata", "relations.fact", output=str(before), **natural)
    after.write_text(before.read_text().replace("with Japan was signed in 2020", "with Japan was signed in 2019"))
    call_command("loaddata", str(after), verbosity=0)
    assert practisable() == []
    call_command("loaddata", str(before), verbosity=0)
    assert practisable() == ["Q-0001"]


def test_text_attached_anew_takes_it_out(question, fact):
    passage = Passage.objects.get(citations__fact=fact)
    Passage.objects.filter(pk=passage.pk).update(digest="other")
    assert practisable() == []
    Passage.objects.filter(pk=passage.pk).update(digest=passage.digest)
    assert practisable() == ["Q-0001"]


def test_day_after_validity_takes_it_out(monkeypatch):
    today = timezone.localdate()
    fact = signed("Japan", validity=f"2020-01-01/{today.isoformat()}")
    published("", "2021", facts=[fact, signed("France")], ref="Q-0001")
    assert practisable() == ["Q-0001"]
    monkeypatch.setattr(timezone, "localdate", lambda *_args: today + datetime.timedelta(days=1))
    assert practisable() == []


def test_disagreement_takes_it_out_until_settled(question, fact):
    side = SideFactory(fact=fact, disagreement=DisagreementFactory())
    assert practisable() == []
    side.disagreement.state = "settled"
    side.disagreement.preferred = fact
    side.disagreement.reason = "The record says so."
    side.disagreement.save()
    assert practisable() == ["Q-0001"]


def test_fact_checked_by_its_author_decides_nothing(question, fact):
    Check.objects.filter(citation__fact=fact).delete()
    checking.check_citation(fact.citations.get(), by=AUTHOR)
    assert practisable() == []
    assert publishing.blockers(question) == [
        f"Part 1: {fact.ref} has been checked only by its author. Someone else must check it."
    ]
    checking.check_citation(fact.citations.get(), by=CHECKER)
    assert practisable() == ["Q-0001"]


def test_withdrawn_question_is_out(question):
    publishing.withdraw(question, by=PUBLISHER)
    assert practisable() == []


@pytest.mark.parametrize(
    ("changes", "ask", "found"),
    [
        (("", "2021", "2019", "2022"), "correct", ["Q-0002"]),
        (("", "", "2019", "2022"), "correct", []),
        (("2018", "2021", "2019", "2022"), "correct", []),
        (("", "", "", "2022"), "incorrect", ["Q-0002"]),
        (("", "", "2021", "2022"), "incorrect", []),
        (("", "2021"), "correct", []),
    ],
)
def test_single_best_answer_has_exactly_one(changes, ask, found):
    question = draft(*changes, kind="single", ask=ask, ref="Q-0002")
    Question.objects.filter(pk=question.pk).update(status="published")
    assert practisable() == found
    assert (publishing.blockers(question) == []) is bool(found)


def test_repin_brings_it_back_once_the_fact_is_checked(question, fact):
    fact.statement = "The agreement with Japan was signed in the year 2020."
    fact.save()
    assert publishing.blockers(question) == [
        f"Part 1: {fact.ref} has changed since. Read the question against it, then pin it anew."
    ]
    pinning.repin(question, by=PUBLISHER)
    assert practisable() == []
    assert publishing.blockers(question) == [f"Part 1: {fact.ref} is being rechecked: no check of its words of today."]
    checking.check_citation(fact.citations.get(), by=CHECKER)
    assert practisable() == ["Q-0001"]


def test_repin_refuses_where_the_span_is_gone_and_changes_nothing(question):
    changed = question.part_list[1].fact
    changed.statement = "The agreement with France was signed in 2019."
    changed.save()
    with pytest.raises(pinning.NotPinnable) as refused:
        pinning.repin(question, by=PUBLISHER)
    assert str(refused.value) == (
        f"Part 2: “2020” is not in the statement of {changed.ref}. Copy the words from it as it is today."
    )
    assert Part.objects.get(pk=question.part_list[1].pk).fact_digest == question.part_list[1].fact_digest


@pytest.mark.parametrize(
    ("make", "missing"),
    [
        (lambda: draft(""), "It has 1 part; this kind of question needs 2 to 3."),
        (lambda: draft("", "", facts=[signed("Japan")] * 2), "Two of its parts read the same. Change or remove one."),
    ],
)
def test_publish_names_what_is_missing(make, missing):
    question = make()
    with pytest.raises(publishing.NotPublishable) as refused:
        publishing.publish(question, by=PUBLISHER)
    assert refused.value.blockers == [missing]
    assert Question.objects.get(pk=question.pk).status == "draft"


def test_askable_costs_the_same_for_two_and_three_parts(django_assert_num_queries):
    two, three = published("", "2021"), published("", "2021", "2022")
    for question in (two, three):
        with django_assert_num_queries(2):
            assert attempts.askable(question).face
