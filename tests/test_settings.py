"""Settings come from the environment, and every one of them stands in docs/operating.md."""

import os
import re
import runpy
import secrets
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from config.secret_key import kept_secret_key

ROOT = Path(settings.BASE_DIR)
SERVER = "postgres://sandarbh@db.example/sandarbh"


def named_in(path: str, pattern: str) -> set[str]:
    return set(re.findall(pattern, (ROOT / path).read_text(encoding="utf-8"), flags=re.MULTILINE))


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Read the settings as a process with this environment would."""

    def read(**environment: str) -> dict[str, Any]:
        for name in named_in("docs/operating.md", r"^\| `([A-Z_]+)`"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(ROOT / "config/settings.py"))

    return read


def test_every_setting_stands_in_the_table() -> None:
    asked = named_in("config/settings.py", r"\benv\.\w+\(\s*\"([A-Z_]+)\"")
    asked |= named_in("config/gunicorn.py", r"environ\.get\([\"']([A-Z_]+)[\"']")
    assert named_in("docs/operating.md", r"^\| `([A-Z_]+)`") == asked


def test_key_is_made_once_and_read_by_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "var" / "secret_key"
    made = kept_secret_key(file)
    assert (len(made), kept_secret_key(file), stat.S_IMODE(file.stat().st_mode)) == (50, made, 0o600)


def test_nothing_set_is_safe_and_local(read: Any) -> None:
    found = read()
    assert (found["DEBUG"], found["ON_SQLITE"]) == (False, True)
    assert found["ALLOWED_HOSTS"] == ["127.0.0.1", "localhost", "[::1]"]


def test_server_without_key_is_refused(read: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY must be set"):
        read(DATABASE_URL=SERVER)


def test_server_with_key_is_taken(read: Any) -> None:
    found = read(DATABASE_URL=SERVER, SECRET_KEY="given")
    assert (found["DATABASES"]["default"]["HOST"], found["SECRET_KEY"]) == ("db.example", "given")


def test_second_person_misspelt_is_named(read: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match="“often”; it must be never, keys or always"):
        read(SECOND_PERSON="often")


@pytest.mark.parametrize(("given", "on"), [("1", True), ("0", False)])
def test_one_switch_turns_https_on(read: Any, given: str, on: bool) -> None:
    found = read(HTTPS=given)
    names = ["SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_HSTS_PRELOAD"]
    assert ([found[name] for name in names], found["SECURE_HSTS_SECONDS"] > 0) == ([on] * 4, on)


def test_deployment_check_is_clean_with_https(tmp_path: Path) -> None:
    given = {
        "HTTPS": "1",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "DATABASE_URL": f"sqlite:///{tmp_path}/check.sqlite3",
    }
    # What a test with a browser has set for this process is none of a deployment's.
    inherited = {name: value for name, value in os.environ.items() if name != "DJANGO_ALLOW_ASYNC_UNSAFE"}
    checked = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT, env={**inherited, **given}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (checked.returncode, checked.stderr) == (0, "")
