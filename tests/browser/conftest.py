"""A real browser on the site as it is served: phone and desktop width, with JavaScript and without.

`page` is a phone, `desktop` a desk, `page_without_scripts` a phone with JavaScript off. Each is watched: what
the browser complains of (a blocked script or style, an error in the console, a request that failed, an answer
of 400 or more) fails the test at its end. A test that means to meet such a thing says so:
`faults.expect("404")`.
"""

import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response

ROOT = Path(settings.BASE_DIR)
AXE = ROOT / "node_modules/axe-core/axe.min.js"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PHONE = {"width": 375, "height": 812}
DESK = {"width": 1280, "height": 900}
CHROMIUM = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome", "chrome"])), None)
QUIET = [
    "--no-sandbox",  # it refuses to run as root otherwise, and it sees only our own pages
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = [
        f"no {name}" for name, found in {"Chromium on PATH": CHROMIUM, AXE.name: AXE.exists()}.items() if not found
    ]
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")
            if missing:
                item.add_marker(pytest.mark.skip(reason=", ".join(missing)))


# --- the browser ----------------------------------------------------------------------------
@pytest.fixture(scope="session")
def playwright(playwright: Any) -> Any:
    """Let tests use the ORM beside Playwright.

    Its synchronous API leaves an event loop marked as running on this thread, and switches to it in a greenlet
    of its own. Django sees the mark and refuses the ORM, to protect a connection shared by coroutines; but no
    coroutine here touches the ORM. Django's switch for exactly this case holds for the process, so in a worker
    that has started a browser the guard is off; the run on PostgreSQL starts none and keeps it on.
    """
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    return playwright


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict) -> dict:
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": QUIET}


@pytest.fixture(scope="session")
def base_url(live_server: Any) -> str:
    return live_server.url


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict) -> dict:
    return {**browser_context_args, "viewport": PHONE, "locale": "en-IN"}


class Faults(list[str]):
    """What the browser complained of, less what the test said it expects."""

    def __init__(self) -> None:
        super().__init__()
        self.expected: list[str] = []

    def expect(self, part: str) -> None:
        self.expected.append(part)

    def unexpected(self) -> list[str]:
        return [fault for fault in self if not any(part in fault for part in self.expected)]


def watch(context: BrowserContext, faults: Faults) -> None:
    """Write down what people would not see and we must. A blocked script or style is an error in the console."""

    def console(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            faults.append(f"{message.type} in the console: {message.text} ({message.location.get('url', '')})")

    def failed(request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # the page was left while this was under way
            faults.append(f"request failed: {request.url}: {request.failure}")

    def answered(response: Response) -> None:
        if response.status >= 400:
            faults.append(f"answer {response.status}: {response.url}")

    context.on("console", console)
    context.on("weberror", lambda error: faults.append(f"exception: {error.error}"))
    context.on("requestfailed", failed)
    context.on("response", answered)


@pytest.fixture
def faults() -> Iterator[Faults]:
    collected = Faults()
    yield collected
    assert collected.unexpected() == []


@pytest.fixture
def new_context(
    browser: Browser, browser_context_args: dict, faults: Faults, transactional_db: None
) -> Iterator[Callable[..., BrowserContext]]:
    """Make a watched context. The database is asked for here, so that it is flushed after the page is closed."""
    made: list[BrowserContext] = []

    def make(**given: Any) -> BrowserContext:
        context = browser.new_context(**{**browser_context_args, **given})
        watch(context, faults)
        made.append(context)
        return context

    yield make
    for context in made:
        context.close()


@pytest.fixture
def context(new_context: Callable) -> BrowserContext:
    return new_context()


@pytest.fixture
def desktop(new_context: Callable) -> Page:
    return new_context(viewport=DESK).new_page()


@pytest.fixture
def page_without_scripts(new_context: Callable) -> Page:
    return new_context(java_script_enabled=False).new_page()


@pytest.fixture
def sign_in(live_server: Any) -> Callable[[Page, Any], None]:
    """Sign a user in as a session would, without the form."""

    def sign_in(page: Page, user: Any) -> None:
        client = Client()
        client.force_login(user)
        name = settings.SESSION_COOKIE_NAME
        page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])

    return sign_in


# --- the content ----------------------------------------------------------------------------
@pytest.fixture(scope="session")
def loaded_once(django_db_setup: None, django_db_blocker: Any) -> Iterator[sqlite3.Connection]:
    """A copy of the database with the fixtures loaded, so that each test has them in milliseconds."""
    files = sorted(str(file) for file in (ROOT / "fixtures").rglob("*.json"))
    copy = sqlite3.connect(":memory:")
    with django_db_blocker.unblock():
        if files:
            call_command("loaddata", *files, verbosity=0)
        connection.ensure_connection()
        connection.connection.backup(copy)
        call_command("flush", verbosity=0, interactive=False)
        connection.close()
    yield copy
    copy.close()


@pytest.fixture
def content(transactional_db: None, loaded_once: sqlite3.Connection) -> None:
    """The facts and questions that ship, as a fresh site has them."""
    connection.ensure_connection()
    loaded_once.backup(connection.connection)


# --- what every page is held to -------------------------------------------------------------
def violations(page: Page, rules: list[str]) -> list[str]:
    """What axe finds on the page as it stands: rule, element, and what to do. Empty is good."""
    # A colour that is still changing is neither the old nor the new one.
    page.evaluate("Promise.all(document.getAnimations().map(each => each.finished))")
    page.evaluate(AXE.read_text(encoding="utf-8"))  # the policy of our pages blocks a script tag
    # Of rules that hold axe would otherwise list every element: most of its time on a long page.
    found = page.evaluate("tags => axe.run({runOnly: tags, resultTypes: ['violations']})", rules)
    return [
        re.sub(r"\s+", " ", f"{violation['id']}: {node['target']}: {node['failureSummary']}")
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


@pytest.fixture
def axe(faults: Faults) -> Callable[..., None]:
    """WCAG 2.2 AA; our own pages also keep to what axe calls best practice, which the stock admin does not."""

    def check(page: Page, *more: str) -> None:
        before = len(faults)
        found = violations(page, [*WCAG, *more])
        del faults[before:]  # what axe tried in order to measure is not the page's fault
        assert found == []

    return check


@pytest.fixture
def fits() -> Callable[[Page, int], None]:
    """The page does not scroll sideways at this width."""

    def check(page: Page, width: int) -> None:
        page.set_viewport_size({"width": width, "height": PHONE["height"]})
        wider = page.evaluate(
            """() => [...document.querySelectorAll('body *')]
                .filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
                .map(e => e.outerHTML.slice(0, 100))"""
        )
        scrolls = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        assert (width, scrolls, wider if scrolls else []) == (width, False, [])

    return check
