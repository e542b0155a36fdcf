"""What every test stands on: a real database file, an empty cache, templates that may name nothing unknown.

`make test` runs the suite on SQLite and again on PostgreSQL (`tests/postgres.py`). A test marked `sqlite` or
`postgresql` belongs to one of the two runs; one below `browser/`, or that asks no database, belongs to the
first. With `CI=true` a skipped
test fails the run.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.template import engines
from django.template.base import Node
from hypothesis import settings as hypothesis_settings

IN_CI = os.environ.get("CI") == "true"

# Two shared cores make a deadline for one example a coin toss; CI tries the same examples every time.
hypothesis_settings.register_profile("suite", deadline=None, derandomize=IN_CI)
hypothesis_settings.load_profile("suite")


# --- which tests run ------------------------------------------------------------------------
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave to the other run what belongs to it; to the run on SQLite also browsers, and what asks no database."""
    ours = connection.vendor
    theirs = {"sqlite": ["postgresql"], "postgresql": ["sqlite", "browser"]}[ours]
    left = {item for item in items if any(item.get_closest_marker(mark) for mark in theirs)}
    if ours == "postgresql":
        left |= {item for item in items if not asks_database(item)}
    if left:
        config.hook.pytest_deselected(items=list(left))
        items[:] = [item for item in items if item not in left]


def asks_database(item: pytest.Item) -> bool:
    """Whether a test may ask the database: the others would do in the second run what they did in the first."""
    fixtures = set(getattr(item, "fixturenames", ()))
    own = {"postgresql"} & {mark.name for mark in item.iter_markers()}
    return bool(own or item.get_closest_marker("django_db") or fixtures & {"db", "transactional_db", "live_server"})


def skipped(terminal: Any) -> list[str]:
    return [f"{report.nodeid}: {report.longrepr[2]}" for report in terminal.stats.get("skipped", [])]


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI, a test that was skipped is a test that failed."""
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    is_worker = hasattr(session.config, "workerinput")
    if IN_CI and not is_worker and terminal and skipped(terminal):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if lines := skipped(terminalreporter):
        terminalreporter.section("skipped in CI, so this run fails" if IN_CI else "not run on this machine", red=IN_CI)
        for line in sorted(lines):
            terminalreporter.write_line(line)


# --- the database ---------------------------------------------------------------------------
@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> None:
    """Test on a file, as the site runs: threads then have connections, locks and WAL of their own.

    Each worker has its folder; on PostgreSQL each has its database, named by pytest-django.
    """
    if connection.vendor == "sqlite":
        file = tmp_path_factory.mktemp("database") / "test.sqlite3"
        settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = str(file)
        connection.settings_dict["TEST"]["NAME"] = str(file)
    else:
        request.getfixturevalue("django_db_modify_db_settings_parallel_suffix")


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> None:
    """Hash passwords in microseconds; how long a hash takes is Django's business."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session", autouse=True)
def nothing_collected(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Serve static files from where they are written, not from what an earlier `collectstatic` left."""
    settings.STATIC_ROOT = tmp_path_factory.mktemp("static")


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    cache.clear()


# --- templates ------------------------------------------------------------------------------
class UnknownVariable(Exception):
    """A template of ours prints a variable that its context does not have."""


class FailOnUnknown(str):
    """`string_if_invalid` that refuses, in our own templates; Django's and other people's print nothing.

    Django hands over the variable's name by `%`, without saying where: the place is the node that is being
    rendered, the nearest one up the stack that knows its file.
    """

    ours = str(Path(settings.BASE_DIR) / "templates")

    def __contains__(self, text: object) -> bool:
        return text == "%s"

    def __bool__(self) -> bool:
        return True

    def __mod__(self, variable: object) -> str:
        frame = sys._getframe(1)
        while frame:
            node = frame.f_locals.get("self")
            if isinstance(node, Node) and getattr(node, "origin", None):
                if str(node.origin.name).startswith(self.ours):
                    line = node.token.lineno if node.token else "?"
                    raise UnknownVariable(f"{node.origin.name}, line {line}: there is no variable “{variable}”")
                return ""
            frame = frame.f_back
        return ""


@pytest.fixture(scope="session", autouse=True)
def unknown_variables_fail() -> Iterator[None]:
    engine = engines["django"].engine
    engine.string_if_invalid = FailOnUnknown()
    yield
    engine.string_if_invalid = ""
