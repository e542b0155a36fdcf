"""Every public page, and the admin's main ones: no violation, no sideways scroll, no complaint of the browser."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page

from quizzes.models import Question
from relations.models import Disagreement, Entity, Fact, Source, Topic
from tests.browser.conftest import Faults

PUBLIC = [
    "/",
    "/facts/",
    "/facts/?modality=view",
    "/sources/",
    "/names/",
    "/names/?kind=agreement",
    "/topics/",
    "/disagreements/",
    "/disagreements/?state=settled",
    "/search/",
    "/search/?q=acsa",
    "/search/?q=nothing-of-this-kind",
    "/practise/",
    "/how-we-check/",
]
# One record of each kind that has a page, by its own address: the first whose page is whole.
RECORDS: dict[str, Callable] = {
    "fact": lambda: Fact.objects.standing().order_by("ref").first(),
    "disputed-fact": lambda: Fact.objects.visible().filter(sides__isnull=False).order_by("ref").first(),
    "source": lambda: Source.objects.order_by("slug").first(),
    "name": lambda: Entity.objects.filter(aliases__isnull=False).order_by("slug").first(),
    "topic": lambda: Topic.objects.order_by("slug").first(),
    "disagreement": lambda: Disagreement.objects.order_by("slug").first(),
    "question": lambda: Question.objects.practisable().order_by("ref").first(),
}
ADMIN = [
    "/admin/",
    "/admin/relations/fact/",
    "/admin/relations/fact/add/",
    "/admin/relations/source/",
    "/admin/relations/entity/",
    "/admin/relations/disagreement/",
    "/admin/quizzes/question/",
    "/admin/curation/batch/",
    "/admin/curation/revision/",
    "/admin/password_change/",
    "/styleguide/",
]
EDITED: dict[str, Callable] = {
    "fact": lambda: Fact.objects.order_by("ref").first(),
    "source": lambda: Source.objects.order_by("slug").first(),
    "disagreement": lambda: Disagreement.objects.order_by("slug").first(),
    "question": lambda: Question.objects.order_by("ref").first(),
}
WIDTHS = [320, 375, 1280]


def look(page: Page, axe: Callable, fits: Callable, *more: str) -> None:
    """Hold the open page to all that every page is held to; `more` names further rules of axe."""
    assert page.title() != ""
    for width in WIDTHS:
        fits(page, width)
        axe(page, *more)
    page.emulate_media(color_scheme="dark")
    axe(page, *more)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_page_is_sound(content: None, page: Page, axe: Callable, fits: Callable, address: str) -> None:
    assert page.goto(address).status == 200
    look(page, axe, fits, "best-practice")


@pytest.mark.parametrize("kind", RECORDS)
def test_page_of_a_record_is_sound(content: None, page: Page, axe: Callable, fits: Callable, kind: str) -> None:
    assert page.goto(RECORDS[kind]().get_absolute_url()).status == 200
    look(page, axe, fits, "best-practice")


@pytest.mark.parametrize("address", PUBLIC)
def test_public_page_is_whole_without_scripts(content: None, page_without_scripts: Page, address: str) -> None:
    assert page_without_scripts.goto(address).status == 200
    assert page_without_scripts.locator("main h1").count() == 1


@pytest.fixture
def editor(db: None) -> User:
    return User.objects.create_superuser("asha")


@pytest.mark.parametrize("address", ADMIN)
def test_admin_page_is_sound(
    content: None, editor: User, sign_in: Callable, desktop: Page, axe: Callable, fits: Callable, address: str
) -> None:
    sign_in(desktop, editor)
    assert desktop.goto(address).status == 200
    look(desktop, axe, fits)


@pytest.mark.parametrize("kind", EDITED)
def test_admin_page_of_a_record_is_sound(
    content: None, editor: User, sign_in: Callable, desktop: Page, axe: Callable, fits: Callable, kind: str
) -> None:
    sign_in(desktop, editor)
    record = EDITED[kind]()
    for page in ["change", "history"]:
        address = reverse(f"admin:{record._meta.app_label}_{record._meta.model_name}_{page}", args=[record.pk])
        assert (page, desktop.goto(address).status) == (page, 200)
        look(desktop, axe, fits)


def test_page_that_refuses_to_delete_is_sound(
    content: None, editor: User, sign_in: Callable, desktop: Page, axe: Callable, fits: Callable
) -> None:
    sign_in(desktop, editor)
    assert desktop.goto(reverse("admin:relations_source_delete", args=[EDITED["source"]().pk])).status == 200
    look(desktop, axe, fits)


def test_sign_in_page_is_sound(page: Page, axe: Callable, fits: Callable) -> None:
    assert page.goto("/admin/login/").status == 200
    look(page, axe, fits)


def test_unknown_address_is_our_own_page(faults: Faults, page: Page, axe: Callable, fits: Callable) -> None:
    faults.expect("404")
    assert page.goto("/no-such-page/").status == 404
    look(page, axe, fits, "best-practice")


def test_inline_style_is_blocked_and_seen(faults: Faults, page: Page) -> None:
    """The net itself holds: a page that broke the policy would fail its test."""
    page.goto("/how-we-check/")
    page.evaluate("document.head.append(Object.assign(document.createElement('style'), {textContent: 'b {}'}))")
    page.evaluate("document.body.setAttribute('style', 'color: red')")
    faults.expect("Content Security Policy")
    assert len(faults) == 2
