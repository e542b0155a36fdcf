"""Every public page, and the admin's main ones: no violation, no sideways scroll, no complaint of the browser."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from quizzes.models import Question
from relations.models import Disagreement, Entity, Fact, Source
from tests.browser.conftest import Faults

PUBLIC = [
    "/how-we-check/",
]
# One record of each kind that has a page, by its own address.
RECORDS = [Fact, Source, Entity, Disagreement, Question]
ADMIN = [
    "/admin/",
]
WIDTHS = [320, 375, 1280]


def look(page: Page, axe: Callable, fits: Callable) -> None:
    """Hold the open page to all that every page is held to."""
    assert page.title() != ""
    for width in WIDTHS:
        fits(page, width)
        axe(page)
    page.emulate_media(color_scheme="dark")
    axe(page)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_page_is_sound(content: None, page: Page, axe: Callable, fits: Callable, address: str) -> None:
    assert page.goto(address).status == 200
    look(page, axe, fits)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_page_is_whole_without_scripts(content: None, page_without_scripts: Page, address: str) -> None:
    assert page_without_scripts.goto(address).status == 200
    assert page_without_scripts.locator("main h1").count() == 1


def test_unknown_address_is_our_own_page(faults: Faults, page: Page, axe: Callable, fits: Callable) -> None:
    faults.expect("404")
    assert page.goto("/no-such-page/").status == 404
    look(page, axe, fits)


def test_inline_style_is_blocked_and_seen(faults: Faults, page: Page) -> None:
    """The net itself holds: a page that broke the policy would fail its test."""
    page.goto("/how-we-check/")
    page.evaluate("document.head.append(Object.assign(document.createElement('style'), {textContent: 'b {}'}))")
    page.evaluate("document.body.setAttribute('style', 'color: red')")
    faults.expect("Content Security Policy")
    assert len(faults) == 2
