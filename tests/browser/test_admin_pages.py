"""Pages of the admin that only a deed leads to: a conflict, a withdrawal, a check."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page, expect

from curation import revisions
from relations.models import Fact
from tests.factories import published_fact

FACTS = "/admin/relations/fact/"


@pytest.fixture
def fact(transactional_db: None) -> Fact:
    fact = published_fact(statement="The two sides signed the agreement in Delhi.")
    revisions.record(fact, by="alice")
    return fact


@pytest.fixture
def editor(transactional_db: None) -> User:
    return User.objects.create_superuser("asha")


def change(fact: Fact) -> str:
    return reverse("admin:relations_fact_change", args=[fact.pk])


def test_conflict_page_is_sound_and_saves_on_the_second_try(
    fact: Fact, editor: User, sign_in: Callable, desktop: Page, axe: Callable, fits: Callable, faults: list
) -> None:
    faults.expect("409")
    sign_in(desktop, editor)
    desktop.goto(change(fact))
    other = desktop.context.new_page()
    other.goto(change(fact))
    other.fill("#id_note", "The other wrote this.")
    other.click("input[name=_save]")
    expect(other.locator(".messagelist .success")).to_be_visible()

    desktop.fill("#id_statement", "The two sides signed the agreement in Tokyo.")
    desktop.click("input[name=_save]")
    expect(desktop.locator("#conflict-title")).to_have_text("Two people changed this")
    axe(desktop)
    fits(desktop, 375)

    desktop.click("input[name=_save]")
    desktop.get_by_role("button", name="Save, and take these from students").click()
    expect(desktop.locator(".messagelist .success")).to_be_visible()
    fact.refresh_from_db()
    assert (fact.statement, fact.note) == ("The two sides signed the agreement in Tokyo.", "The other wrote this.")


def test_change_that_takes_a_fact_from_students_says_so_first(
    fact: Fact, editor: User, sign_in: Callable, desktop: Page, axe: Callable, fits: Callable
) -> None:
    sign_in(desktop, editor)
    desktop.goto(change(fact))
    desktop.fill("#id_statement", "The two sides signed the agreement in Tokyo.")
    desktop.click("input[name=_save]")
    expect(desktop.get_by_role("heading", name="Students would lose: facts (1)")).to_be_visible()
    axe(desktop)
    fits(desktop, 375)
    desktop.get_by_role("button", name="Save, and take these from students").click()
    expect(desktop.locator(".messagelist .warning")).to_contain_text("Students do not see")
    fact.refresh_from_db()
    assert fact.statement == "The two sides signed the agreement in Tokyo."


def test_check_page_is_sound(
    fact: Fact, editor: User, sign_in: Callable, desktop: Page, axe: Callable, fits: Callable
) -> None:
    sign_in(desktop, editor)
    desktop.goto(f"{FACTS}{fact.pk}/check/")
    desktop.get_by_role("button", name="Bears it out").click()
    expect(desktop.locator(".messagelist .success")).to_contain_text("Checked against")
    axe(desktop)
    fits(desktop, 375)


def test_withdrawal_shows_what_students_lose(
    fact: Fact, editor: User, sign_in: Callable, desktop: Page, axe: Callable, fits: Callable
) -> None:
    sign_in(desktop, editor)
    desktop.goto(FACTS)
    desktop.check("input[name=_selected_action]")
    desktop.select_option("select[name=action]", "withdraw_facts")
    desktop.get_by_role("button", name="Go").click()
    expect(desktop.get_by_role("heading", name="Students would lose: facts (1)")).to_be_visible()
    axe(desktop)
    fits(desktop, 375)
