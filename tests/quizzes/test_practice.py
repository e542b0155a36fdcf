"""Practice through the pages, with Django's client: that is, without JavaScript."""

import re
import uuid
from fractions import Fraction

import pytest
from django.urls import reverse

from quizzes import attempts, pinning, publishing
from quizzes.models import Attempt, Question, Response
from relations.models import Fact
from tests.factories import PUBLISHER, TopicFactory
from tests.quizzes.factories import draft, published, signed

pytestmark = pytest.mark.django_db


@pytest.fixture
def question():
    """Its key is (a) 1 only."""
    return published("", "2021")


@pytest.fixture
def entry(question):
    return attempts.start([question]).entries.get()


def html_of(response) -> str:
    return response.content.decode()


def letter_of(question: Question, *, right: bool) -> str:
    return next(letter for letter in question.face.letters if (letter == question.keyed.letter) is right)


def test_student_practises_a_set_misses_one_and_lands_on_the_fact_and_its_passage(client):
    questions = {question.pk: question for question in (published("", "2021"), published("", ""))}
    assert "Start practising" in html_of(client.get("/practise/"))
    page = client.post("/practise/", follow=True)
    attempt = Attempt.objects.get()
    assert page.redirect_chain == [(f"/attempts/{attempt.pk}/1/", 302)]

    first, second = attempt.entries.all()
    assert "<b>1</b> of 2" in html_of(page)
    missed = questions[first.question_id]
    page = client.post(first.get_absolute_url(), {"answer": letter_of(missed, right=False)})
    assert page["Location"] == f"/attempts/{attempt.pk}/1/#verdict"
    verdict = html_of(client.get(page["Location"]))
    assert "Not correct: −0.67" in verdict
    assert f"The answer is <strong>({missed.keyed.letter}) {missed.keyed.options[missed.keyed.key]}</strong>" in verdict
    fact = missed.part_list[0].fact
    assert f'href="{fact.get_absolute_url()}"' in verdict
    citation = fact.citations.get()
    assert f'href="{citation.passage.get_absolute_url()}"' in verdict
    assert f'href="{citation.original_url}"' in verdict
    assert f'href="/attempts/{attempt.pk}/2/"' in verdict
    assert client.get(fact.get_absolute_url()).status_code == 200

    right = questions[second.question_id]
    page = client.post(second.get_absolute_url(), {"answer": right.keyed.letter, "guessed": "on"}, follow=True)
    assert "Correct: +2.00" in html_of(page)
    assert "See result" in html_of(page)
    result = html_of(client.get(f"/attempts/{attempt.pk}/result/"))
    assert re.findall(r"<td>([+−\d.]+)</td>", result) == ["1", "+2.00", "1", "−0.67", "0", "0.00", "1.33"]
    assert "You marked one answer as a guess: 1 right, 0 wrong." in result
    assert "Practise this one" in result

    facts = html_of(client.get(f"/attempts/{attempt.pk}/facts/"))
    assert [part.fact.statement in facts for part in missed.part_list] == [True, True]
    page = client.post(f"/attempts/{attempt.pk}/again/")
    again = Attempt.objects.exclude(pk=attempt.pk).get()
    assert page["Location"] == f"/attempts/{again.pk}/1/"
    assert [entry.question for entry in again.entries.all()] == [missed]


def test_verdict_says_what_was_changed(client, entry, question):
    client.post(entry.get_absolute_url(), {"answer": "a"})
    page = html_of(client.get(entry.get_absolute_url()))
    change = page[page.index('<span class="change">') : page.index("</ins>")]
    assert re.sub(r"<[^>]*>|\s+", " ", change).split() == (
        ["The", "agreement", "with", "France", "was", "signed", "in", "was", "2021", "now", "2020"]
    )


def test_second_tap_counts_nothing_twice(client, entry):
    for letter in ("b", "a", "b"):
        client.post(entry.get_absolute_url(), {"answer": letter})
    client.post(entry.get_absolute_url(), {"do": "skip"})
    assert [(given.chosen, given.marks) for given in Response.objects.all()] == [("b", Fraction(-2, 3))]


def test_two_options_posted_are_a_wrong_answer(client, entry):
    page = client.post(entry.get_absolute_url(), {"answer": ["c", "a"]}, follow=True)
    assert Response.objects.get().chosen == "ac"
    assert "You chose (a) and (c)." in html_of(page)
    assert "Not correct: −0.67" in html_of(page)


@pytest.mark.parametrize("posted", [{}, {"answer": ""}, {"answer": "z"}, {"answer": ["a", "z"]}])
def test_nothing_chosen_asks_for_an_answer(client, entry, posted):
    page = client.post(entry.get_absolute_url(), posted)
    assert page.status_code == 200
    assert "Choose an answer, or skip." in html_of(page)
    assert Response.objects.count() == 0


def test_skip_leaves_blank_and_goes_on(client):
    attempt = attempts.start([published("", "2021"), published("", "")])
    first, second = attempt.entries.all()
    assert client.post(first.get_absolute_url(), {"do": "skip"})["Location"] == second.get_absolute_url()
    assert client.post(second.get_absolute_url(), {"do": "skip"})["Location"] == f"/attempts/{attempt.pk}/result/"
    assert "Left blank: 0.00" in html_of(client.get(first.get_absolute_url()))
    assert [given.outcome for given in Response.objects.all()] == ["blank", "blank"]


def test_attempt_pages_are_kept_by_no_browser(client, entry):
    attempt = entry.attempt
    client.post(entry.get_absolute_url(), {"answer": "a"})
    for address in (entry.get_absolute_url(), f"/attempts/{attempt.pk}/result/", f"/attempts/{attempt.pk}/facts/"):
        assert "no-store" in client.get(address)["Cache-Control"]


def test_lost_session_does_no_harm(client, entry):
    client.cookies.clear()
    client.post(entry.get_absolute_url(), {"answer": "a"})
    client.cookies.clear()
    assert "Correct: +2.00" in html_of(client.get(entry.get_absolute_url()))


def test_open_attempt_is_offered_where_it_waits(client):
    for _number in range(3):
        published("", "2021")
    client.post("/practise/")
    attempt = Attempt.objects.get()
    client.post(f"/attempts/{attempt.pk}/1/", {"do": "skip"})
    page = html_of(client.get("/practise/"))
    assert "Continue at question 2" in page
    assert f'href="/attempts/{attempt.pk}/2/"' in page
    assert client.get(f"/attempts/{attempt.pk}/")["Location"] == f"/attempts/{attempt.pk}/2/"


def test_session_with_rubbish_or_a_lost_attempt_offers_nothing(client, question):
    for value in ("rubbish", str(uuid.uuid4())):
        session = client.session
        session["attempt"] = value
        session.save()
        assert "Continue" not in html_of(client.get("/practise/"))


def test_unknown_attempt_and_position_are_not_found(client, entry):
    assert client.get(f"/attempts/{uuid.uuid4()}/1/").status_code == 404
    assert client.get(f"/attempts/{entry.attempt_id}/2/").status_code == 404


def words_without_names(page) -> str:
    """A page without what names the attempt: its id, the token of its form."""
    page = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", html_of(page))
    return re.sub(r'(csrfmiddlewaretoken" value=)"\w+"', r'\1""', page)


@pytest.mark.parametrize("kind", ["statements", "single"])
def test_no_page_before_the_answer_tells_the_truth_of_a_statement(client, kind):
    """Two questions under one ref read the same and differ only in what is true: so must their pages."""

    def pages(*years: int) -> list[str]:
        """The year that is asked is 2020 or a change to 2021 … of a fact that says the other."""
        question = Question.objects.create(ref="Q-0001", stem="Consider:", kind=kind)
        asked = (2021, 2021, 2021)
        for position, (true, shown) in enumerate(zip(years, asked, strict=True), start=1):
            fact = signed(f"country {position}", year=true)
            change = {} if true == shown else {"span": str(true), "replacement": str(shown)}
            pinning.pin(question.parts.model(question=question, fact=fact, position=position, **change)).save()
        publishing.publish(question, by=PUBLISHER)
        entry = attempts.start([question]).entries.get()
        got = [client.get(address) for address in (entry.get_absolute_url(), "/questions/Q-0001/")]
        key.append(question.keyed.letter)
        Attempt.objects.all().delete()
        question.delete()
        return [words_without_names(page) for page in got]

    key: list[str] = []
    client.get("/practise/")
    if kind == "single":
        assert pages(2021, 2020, 2020) == pages(2020, 2021, 2020) == pages(2020, 2020, 2021)
        assert len(set(key)) == 3
        return
    by_menu: dict[str, list[list[str]]] = {}
    for years in [(a, b, c) for a in (2020, 2021) for b in (2020, 2021) for c in (2020, 2021)]:
        got = pages(*years)
        by_menu.setdefault(re.sub(r"\s+", " ", got[1]), []).append(got)
    assert [len(alike) for alike in by_menu.values()] == [4, 4]
    assert all(page == alike[0] for alike in by_menu.values() for page in alike)


def test_fact_changed_under_way_makes_the_question_not_count(client):
    first, second = published("", "2021"), published("", "")
    attempt = attempts.start([first, second])
    one, two = attempt.entries.all()
    fact = first.part_list[0].fact
    Fact.objects.filter(pk=fact.pk).update(statement="The agreement with Japan was signed in 2031.")
    page = html_of(client.get(one.get_absolute_url()))
    assert "This question is being rechecked. It does not count." in page
    assert "2031" not in page
    assert f'href="{two.get_absolute_url()}"' in page
    assert client.post(one.get_absolute_url(), {"answer": "a"})["Location"] == one.get_absolute_url()
    client.post(one.get_absolute_url(), {"do": "skip"})
    assert Response.objects.count() == 0
    client.post(two.get_absolute_url(), {"answer": second.keyed.letter})
    result = html_of(client.get(f"/attempts/{attempt.pk}/result/"))
    assert "being rechecked, does not count" in result
    assert re.findall(r"<td>([+−\d.]+)</td>", result) == ["1", "+2.00", "0", "0.00", "0", "0.00", "2.00"]


def test_fact_changed_after_the_answer_keeps_the_verdict_and_shows_no_wrong_words(client, entry, question):
    client.post(entry.get_absolute_url(), {"answer": "b"})
    fact = question.part_list[0].fact
    Fact.objects.filter(pk=fact.pk).update(statement="The agreement with Japan was signed in 2031.")
    page = html_of(client.get(entry.get_absolute_url()))
    assert "You chose (b) 2 only. The answer is <strong>(a) 1 only</strong>." in re.sub(r"\s+", " ", page)
    assert "being rechecked since you answered it" in page
    assert "2031" not in page


def test_fact_deprecated_after_the_answer_is_not_among_those_to_read(client, entry, question):
    client.post(entry.get_absolute_url(), {"answer": "b"})
    wrong, right = (part.fact for part in question.part_list)
    Fact.objects.filter(pk=wrong.pk).update(rank=Fact.Rank.DEPRECATED)

    assert attempts.facts_behind(entry.attempt) == [right]


def test_result_names_the_topic_where_the_facts_share_no_subject(client):
    question = published("", "2021", "2022", kind="single")
    question.topics.add(TopicFactory(name="Defence agreements"))
    attempt = attempts.start([question])
    assert "1. Defence agreements" in html_of(client.get(f"/attempts/{attempt.pk}/result/"))


def test_result_before_the_answer_names_no_subject_of_one_option(client):
    question = published("", "2021", "2022", kind="single")
    attempt = attempts.start([question])
    page = html_of(client.get(f"/attempts/{attempt.pk}/result/"))
    assert f"1. {question.ref}" in page
    assert [part.fact.subject.name in page for part in question.part_list] == [False, False, False]


def test_answer_to_other_words_is_not_taken(client, entry, question):
    page = html_of(client.get(entry.get_absolute_url()))
    seen = re.search(r'name="seen" value="(\w+)"', page)[1]
    Question.objects.filter(pk=question.pk).update(stem="Consider these statements:")
    page = client.post(entry.get_absolute_url(), {"answer": "a", "seen": seen})
    assert (page.status_code, Response.objects.count()) == (200, 0)
    assert "This question has been corrected. Read it again." in html_of(page)
    assert "Consider these statements:" in html_of(page)


def test_question_can_be_tried_alone(client, question):
    page = html_of(client.get(question.get_absolute_url()))
    assert "The agreement with France was signed in 2021." in page
    assert page.count("Answer this question") == 1
    client.post(question.get_absolute_url())
    assert [entry.question for entry in Attempt.objects.get().entries.all()] == [question]


def test_question_not_practisable_says_why_and_nothing_of_itself(client, question):
    fact = question.part_list[0].fact
    Fact.objects.filter(pk=fact.pk).update(statement="The agreement with Japan was signed in 2031.")
    page = html_of(client.get(question.get_absolute_url()))
    assert "A fact behind it has been changed since the question was written." in page
    assert ("signed in" in page, "1 only" in page) == (False, False)
    publishing.withdraw(question, by=PUBLISHER)
    assert "It has been withdrawn." in html_of(client.post(question.get_absolute_url()))
    assert Attempt.objects.count() == 0


def test_draft_question_is_not_found(client):
    assert client.get(draft("", "2021").get_absolute_url()).status_code == 404


def test_topic_is_practised_alone_and_unknown_topic_is_named(client):
    topic = TopicFactory(slug="defence", name="Defence agreements")
    mine = published("", "2021")
    mine.topics.add(TopicFactory(slug="agreements", parent=topic))
    published("", "2021").topics.add(TopicFactory(slug="trade"))
    page = html_of(client.get("/practise/"))
    assert re.findall(r'topic=([a-z]+)"><span>.*?<span class="count">(\d+)', page) == [
        ("defence", "1"),
        ("agreements", "1"),
        ("trade", "1"),
    ]
    assert "Practise this topic" in html_of(client.get("/practise/?topic=defence"))
    client.post("/practise/", {"topic": "defence"})
    assert [entry.question for entry in Attempt.objects.get().entries.all()] == [mine]
    assert "There is no topic “defense”." in html_of(client.get("/practise/?topic=defense"))
    client.post("/practise/", {"topic": "defense"})
    assert Attempt.objects.count() == 1


def test_practise_page_without_questions_leads_to_the_facts(client):
    page = client.post("/practise/")
    assert "There is no question to practise at present." in html_of(page)
    assert reverse("relations:fact_list") in html_of(page)


@pytest.mark.parametrize(
    "address", ["/practise/?topic=%00", "/questions/%00/", f"/attempts/{uuid.UUID(int=1)}/{9**30}/"]
)
def test_nonsense_in_an_address_is_no_fault_of_ours(client, address):
    assert client.get(address).status_code == (200 if "topic" in address else 404)


def test_set_has_at_most_ten_questions(client):
    fact, other = signed("Japan"), signed("France")
    for _number in range(12):
        published("", "2021", facts=[fact, other])
    client.post("/practise/")
    assert Attempt.objects.get().entries.count() == 10


@pytest.mark.parametrize("count", [1, 3])
def test_pages_cost_the_same_queries_for_one_and_three_questions(client, count, django_assert_num_queries):
    attempt = attempts.start([published("", "2021") for _number in range(count)])
    for entry in attempt.entries.all()[1:]:
        client.post(entry.get_absolute_url(), {"answer": "b"})
    first = attempt.entries.first()
    with django_assert_num_queries(3):
        client.get("/practise/")
    with django_assert_num_queries(5):
        client.get(first.get_absolute_url())
    client.post(first.get_absolute_url(), {"answer": "b"})
    with django_assert_num_queries(8):
        client.get(first.get_absolute_url())
    with django_assert_num_queries(5):
        client.get(f"/attempts/{attempt.pk}/result/")
    with django_assert_num_queries(4):
        client.get(f"/attempts/{attempt.pk}/facts/")
