"""What the site is for, from end to end, on a phone: with JavaScript and without.

A student finds a fact by search, reads where it comes from, practises a set, misses one, and lands on the fact
and its passage. An editor changes that fact; the question is gone from practice until the fact is checked and
the question pinned anew.
"""

import re
import uuid
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import Group, User
from playwright.sync_api import BrowserContext, Page, expect

from quizzes.models import AttemptQuestion, Question
from relations.models import Fact

pytestmark = pytest.mark.usefixtures("content")

ANCHOR = "agreement%20was%20signed%20in%20New%20Delhi"


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def student(request: pytest.FixtureRequest, new_context: Callable[..., BrowserContext]) -> Page:
    return new_context(java_script_enabled=request.param).new_page()


def test_student_finds_a_fact_and_reads_where_it_comes_from(student: Page):
    student.goto("/")
    student.get_by_role("searchbox").first.fill("ACSA")
    student.get_by_role("button", name="Search").first.click()
    student.get_by_role("link", name=re.compile("signed their agreement on the reciprocal provision")).click()

    expect(student.get_by_role("heading", level=1)).to_contain_text("9 September 2020")
    expect(student.get_by_role("heading", name="Where it comes from")).to_be_visible()
    originals = student.get_by_role("link", name=re.compile("Open the original at this place")).all()
    assert any(f"#:~:text={ANCHOR}" in original.get_attribute("href") for original in originals)
    student.get_by_role("link", name=re.compile("See the passage")).first.click()
    assert urlsplit(student.url).path.startswith("/sources/")


def test_student_misses_one_and_lands_on_the_fact_and_its_passage(student: Page):
    student.goto("/")
    student.get_by_role("button", name="Start practising").click()
    count = AttemptQuestion.objects.count()
    assert count == 10

    first = entry_of(student)
    choose(student, wrong_option(first.question))
    expect(student.get_by_role("main")).to_contain_text("Not correct: −0.67")
    fact = student.get_by_role("main").locator("a[href^='/facts/']").first
    address = fact.get_attribute("href")
    student.get_by_text("See the passage").first.click()
    expect(student.get_by_role("link", name=re.compile("Open the original at this place")).first).to_be_visible()
    fact.click()
    assert urlsplit(student.url).path == address
    student.get_by_role("link", name=re.compile("See the passage")).first.click()
    assert re.fullmatch(r"/sources/[^/]+/", urlsplit(student.url).path)
    target = urlsplit(student.url).fragment
    assert target
    expect(student.locator(f"[id='{target}']")).to_have_count(1)

    student.goto(first.get_absolute_url())
    for _ in range(count - 1):
        student.get_by_role("link", name="Next question").click()
        choose(student, right_option(entry_of(student).question))
        expect(student.get_by_text("Correct").first).to_be_visible()
    student.get_by_role("link", name="See result").click()

    expect(student.get_by_role("main")).to_contain_text("17.33")  # 9 × 2 − 2/3
    student.get_by_role("button", name="Practise this one").click()
    assert entry_of(student).question == first.question


def test_refresh_back_and_second_tap_count_nothing_twice(student: Page):
    student.goto("/practise/")
    student.get_by_role("button", name="Start practising").click()
    entry = entry_of(student)
    choose(student, wrong_option(entry.question))
    student.reload()
    student.go_back()
    student.goto(entry.get_absolute_url())

    expect(student.get_by_role("main")).to_contain_text("Not correct")
    assert entry.attempt.entries.filter(response__isnull=False).count() == 1


def test_edited_fact_takes_its_question_out_until_checked_and_pinned_anew(
    new_context: Callable[..., BrowserContext], sign_in: Callable, page: Page
):
    editor = User.objects.create_user("dev", is_staff=True)
    editor.groups.add(Group.objects.get(name="publisher"))
    second = User.objects.create_user("esha", is_staff=True)
    second.groups.add(Group.objects.get(name="publisher"))
    question = Question.objects.practisable().filter(parts__isnull=False).order_by("ref").first()
    fact = question.parts.order_by("position").first().fact
    address = f"/questions/{question.ref}/"
    assert page.goto(address).status == 200
    expect(page.get_by_role("button", name="Answer this question")).to_be_visible()

    desk = new_context(viewport={"width": 1280, "height": 900}).new_page()
    sign_in(desk, editor)
    desk.goto(f"/admin/relations/fact/{fact.pk}/change/")
    statement = desk.locator("[name=statement]")
    statement.fill(fact.statement.removesuffix(".") + ", as the record shows.")
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.get_by_role("heading", name="Students would lose: questions")).to_be_visible()
    assert question in Question.objects.practisable()
    desk.get_by_role("button", name="Save, and take these from students").click()
    expect(desk.locator(".messagelist")).to_contain_text("was changed successfully")

    page.goto(address)
    expect(page.get_by_role("main")).to_contain_text("This question is not asked at present")
    assert question not in Question.objects.practisable()
    page.goto(f"/facts/{fact.ref}/")
    expect(page.get_by_role("main")).to_contain_text("Being rechecked")

    checker = new_context(viewport={"width": 1280, "height": 900}).new_page()
    sign_in(checker, second)
    checker.goto(f"/admin/relations/fact/{fact.pk}/check/")
    form = checker.locator("form[action*='/check/']").first
    if form.locator("[name$=seen_today]").count():
        form.locator("[name$=seen_today]").check()
    form.get_by_role("button").click()
    expect(checker.get_by_text("counts today").first).to_be_visible()
    assert Fact.objects.standing().filter(pk=fact.pk).exists()
    assert question not in Question.objects.practisable()

    checker.goto(f"/admin/quizzes/question/?q={question.ref}")
    checker.locator(".action-select").first.check()
    checker.get_by_label("Action:").select_option(label="Pin anew to their facts, as read today")
    checker.get_by_role("button", name="Go").click()
    expect(checker.locator(".messagelist")).to_contain_text("1 question pinned anew.")

    page.goto(address)
    expect(page.get_by_role("button", name="Answer this question")).to_be_visible()


def entry_of(page: Page) -> AttemptQuestion:
    """The question on the page, by its address."""
    _, attempt, position = urlsplit(page.url).path.strip("/").split("/")
    return AttemptQuestion.objects.get(attempt=uuid.UUID(attempt), position=int(position))


def choose(page: Page, letter: str) -> None:
    page.get_by_role("radio").and_(page.locator(f"[value='{letter}']")).check()
    page.get_by_role("button", name="Check answer").click()
    # A reload while the answer's page is still replacing the question's is refused by the browser.
    expect(page.locator("#verdict")).to_be_visible()
    page.wait_for_load_state()


def wrong_option(question: Question) -> str:
    fresh = Question.objects.with_parts().get(pk=question.pk)
    return next(letter for letter in fresh.face.letters if letter != fresh.keyed.letter)


def right_option(question: Question) -> str:
    return Question.objects.with_parts().get(pk=question.pk).keyed.letter
