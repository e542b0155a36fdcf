"""Questions in the admin, told through Alice (author) and Charlie (publisher)."""

import re

import pytest
from django.contrib.auth.models import Group, User

from curation import revisions
from quizzes.models import Part, Question
from relations.models import Disagreement, Fact
from tests.quizzes.factories import QuestionFactory, draft, published, signed

pytestmark = pytest.mark.django_db

LIST = "/admin/quizzes/question/"


def signed_in(client, name: str, group: str):
    user = User.objects.create_user(name, is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    client.force_login(user)
    return client


@pytest.fixture
def alice(client):
    return signed_in(client, "alice", "author")


@pytest.fixture
def charlie(client):
    return signed_in(client, "charlie", "publisher")


def form_of(question: Question | None, parts: list[dict], **values) -> dict[str, str]:
    """What a browser sends for a question with these parts."""
    existing = list(question.parts.order_by("position")) if question else []
    data = {
        "kind": "statements",
        "stem": "Consider the following statements:",
        "ask": "correct",
        "shows": "statement",
        "explanation": "",
        "why": "",
        "parts-TOTAL_FORMS": str(len(parts)),
        "parts-INITIAL_FORMS": str(len(existing)),
        **values,
    }
    if question:
        data["version_loaded"] = str(Question.objects.get(pk=question.pk).version)
    for number, part in enumerate(parts):
        given = {"position": str(number + 1), "span": "", "replacement": ""} | part
        if number < len(existing):
            given |= {"id": str(existing[number].pk), "question": str(question.pk)}
        data |= {f"parts-{number}-{name}": str(value) for name, value in given.items()}
    return data


def run(client, action: str, *questions: Question, **values):
    chosen = [question.pk for question in questions]
    return client.post(LIST, {"action": action, "_selected_action": chosen, **values}, follow=True)


def messages_of(page) -> list[str]:
    return [str(message) for message in page.context["messages"]]


def test_author_writes_a_question_and_sees_options_and_key(alice):
    japan, france = signed("Japan"), signed("France")
    parts = [{"fact": japan.ref}, {"fact": france.ref, "span": "2020", "replacement": "2021"}]
    page = alice.post(f"{LIST}add/", form_of(None, parts, _continue="yes"), follow=True)
    question = Question.objects.get()
    assert (question.ref, question.status) == ("Q-0001", "draft")
    assert [part.fact_digest for part in question.part_list] == [japan.digest, france.digest]
    text = re.sub(r"<[^>]+>", "", page.content.decode())
    assert "(a) 1 only ← the key" in text
    assert "Which of the statements given above is/are correct?" in text
    assert [(revision.by, revision.version) for revision in revisions.history(question)] == [("alice", 1)]


def test_parts_of_a_new_question_are_numbered_and_empty_ones_left_out(alice):
    formset = alice.get(f"{LIST}add/").context["inline_admin_formsets"][0].formset
    assert [form["position"].value() for form in formset.forms] == [1, 2, 3, 4]
    parts = [{"fact": signed("Japan").ref}, {"fact": signed("France").ref}, {"fact": ""}, {"fact": ""}]
    assert alice.post(f"{LIST}add/", form_of(None, parts)).status_code == 302
    assert [part.position for part in Question.objects.get().parts.order_by("position")] == [1, 2]


def test_span_that_is_not_in_the_fact_is_named(alice):
    japan = signed("Japan")
    page = alice.post(f"{LIST}add/", form_of(None, [{"fact": japan.ref, "span": "1999", "replacement": "2021"}]))
    assert f"“1999” is not in the statement of {japan.ref}." in page.content.decode()
    assert Question.objects.count() == 0


def test_publisher_publishes_and_is_told_what_blocks_the_rest(charlie):
    good, bad = draft("", "2021"), QuestionFactory()
    page = run(charlie, "publish_selected", good, bad)
    assert messages_of(page) == [
        f"{bad.ref}: It has 0 parts; this kind of question needs 2 to 3.",
        "1 question published.",
    ]
    assert list(Question.objects.practisable()) == [good]


def test_author_may_not_publish_nor_change_what_is_published(alice):
    question = published("", "2021")
    assert "publish_selected" not in alice.get(LIST).content.decode()
    run(alice, "withdraw_selected", question, confirmed="yes")
    assert Question.objects.get().status == "published"
    assert 'name="stem"' not in alice.get(f"{LIST}{question.pk}/change/").content.decode()


def test_withdrawing_shows_first_what_students_lose(charlie):
    question = published("", "2021")
    page = run(charlie, "withdraw_selected", question).content.decode()
    assert "questions that students lose: 1" in page
    assert Question.objects.get().status == "published"
    page = run(charlie, "withdraw_selected", question, confirmed="yes", why="Too easy")
    assert messages_of(page) == ["1 question withdrawn."]
    assert (Question.objects.get().status, revisions.history(question)[0].why) == ("withdrawn", "Too easy")


def test_repinning_is_an_action_that_names_what_it_cannot_pin(charlie):
    moved, lost = published("", "2021"), published("", "2021")
    for question, words in ((moved, "was duly signed in 2020"), (lost, "was signed in 2019")):
        part = question.part_list[1]
        Fact.objects.filter(pk=part.fact.pk).update(statement=f"The agreement {words}.")
    page = run(charlie, "repin_selected", moved, lost)
    assert messages_of(page) == [
        f"{lost.ref}: Part 2: “2020” is not in the statement of {lost.part_list[1].fact_id}. "
        "Copy the words from it as it is today.",
        "1 question pinned anew.",
    ]
    pinned = Part.objects.get(pk=moved.part_list[1].pk)
    assert pinned.fact_digest == pinned.fact.digest


def test_edit_that_would_take_a_question_from_students_is_refused(charlie):
    question = published("", "2021")
    parts = [{"fact": part.fact_id, "span": part.span, "replacement": part.replacement} for part in question.part_list]
    parts[1] |= {"DELETE": "on"}
    address = f"{LIST}{question.pk}/change/"
    page = charlie.post(address, form_of(question, parts)).content.decode()
    assert "Students practise this question, and it would leave them: It has 1 part" in page
    assert question.parts.count() == 2


def test_published_question_is_corrected_and_stays(charlie):
    question = published("", "2021")
    parts = [{"fact": part.fact_id, "span": part.span, "replacement": part.replacement} for part in question.part_list]
    parts[1]["replacement"] = "2022"
    charlie.post(f"{LIST}{question.pk}/change/", form_of(question, parts, why="A nearer year"))
    assert [part.replacement for part in Question.objects.practisable().get().part_list] == ["", "2022"]
    assert revisions.history(question)[0].why == "A nearer year"


def test_second_editor_sees_both_versions(charlie):
    question = draft("", "2021")
    parts = [{"fact": part.fact_id, "span": part.span, "replacement": part.replacement} for part in question.part_list]
    revisions.record(question, by="alice")
    stale = form_of(question, parts, stem="Mine:")
    Question.objects.filter(pk=question.pk).update(stem="Theirs:")
    revisions.record(question, by="alice")
    page = charlie.post(f"{LIST}{question.pk}/change/", stale)
    assert page.status_code == 409
    assert ("Mine:" in page.content.decode(), "Theirs:" in page.content.decode()) == (True, True)
    assert Question.objects.get().stem == "Theirs:"


@pytest.mark.parametrize("count", [1, 3])
def test_list_costs_the_same_queries_for_one_and_three_questions(charlie, count, django_assert_num_queries):
    for _number in range(count):
        published("", "2021")
    charlie.get(LIST)
    with django_assert_num_queries(7):
        assert charlie.get(f"{LIST}?q=Japan").content.decode().count('class="field-ref"') == count


def test_only_a_draft_is_deleted(charlie):
    kept, gone = published("", "2021"), draft("", "2021")
    for question in (kept, gone):
        charlie.post(f"{LIST}{question.pk}/delete/", {"post": "yes"})
    run(charlie, "delete_selected", kept, post="yes")
    assert list(Question.objects.all()) == [kept]
    page = charlie.get(f"{LIST}{kept.pk}/delete/").content.decode()
    assert f"{kept.ref} was published, so its address stays: withdraw it instead." in page


def test_new_disagreement_shows_which_questions_students_lose_before_it_opens(charlie):
    question = published("", "2021")
    data = {
        "slug": "when", "question": "When was it signed?", "state": "open", "reason": "", "what_to_write": "",
        "sides-TOTAL_FORMS": "2", "sides-INITIAL_FORMS": "0",
        "sides-0-fact": question.parts.get(position=1).fact.pk, "sides-0-outcome": "open", "sides-0-position": "1",
        "sides-1-fact": signed("Peru").pk, "sides-1-outcome": "open", "sides-1-position": "2",
    }  # fmt: skip
    asked = charlie.post("/admin/relations/disagreement/add/", data)
    assert [(one.name, one.leaving) for one in asked.context["losses"]] == [
        ("questions", ((question.ref, question.stem),))
    ]
    assert Disagreement.objects.count() == 0
    shown = {"losses_shown": asked.context["losses_shown"]}
    assert charlie.post("/admin/relations/disagreement/add/", data | shown).status_code == 302
    assert Question.objects.practisable().count() == 0
