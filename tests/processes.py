"""Run `manage.py` in a process of its own, on the database that the test is using (`transaction=True`)."""

import os
import subprocess
import sys
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection


def database_url() -> str:
    if connection.vendor == "sqlite":
        return f"sqlite:///{connection.settings_dict['NAME']}"
    return urlsplit(settings.DATABASE_URL)._replace(path=f"/{connection.settings_dict['NAME']}").geturl()


def command(*arguments: str) -> dict[str, Any]:
    """What to give to `subprocess.run` or `subprocess.Popen`."""
    return {
        "args": [sys.executable, "manage.py", *arguments],
        "cwd": settings.BASE_DIR,
        "env": {**os.environ, "DATABASE_URL": database_url(), "SECRET_KEY": settings.SECRET_KEY},
        "text": True,
    }


def manage(*arguments: str, seconds: float = 120) -> subprocess.CompletedProcess[str]:
    """Run it to its end; raises where it fails."""
    return subprocess.run(**command(*arguments), capture_output=True, check=True, timeout=seconds)
