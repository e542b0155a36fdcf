"""Run a command with `DATABASE_URL` naming a private PostgreSQL server that lives as long as the command.

    python -m tests.postgres -- python -m pytest -n 2

The server listens on a socket in a temporary folder, so it needs no port, no account and no running service.
It sorts as a dictionary does (ICU), unlike SQLite: nothing of ours may depend on a collation.
Where no server is found the command is not run, and that is said; with `CI=true` it is an error.
"""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SECONDS_TO_START = 30
# The data is thrown away: nothing has to survive a crash.
QUICK = ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]
# Otherwise tables are measured while a test has rolled its rows back, and the plans of the next one are made for
# empty tables: five minutes for a query that takes 12 ms.
QUICK += ["-c", "autovacuum=off"]


def server_binaries() -> Path | None:
    """The folder with `initdb` and `postgres`, newest version first. Debian keeps it off PATH."""
    named = shutil.which("postgres")
    folders = [Path(named).resolve().parent] if named else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()), None)


def other_user() -> str | None:
    """The user to run the server as, where it must not be ourselves: `initdb` refuses root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def as_user(user: str | None) -> dict:
    return {} if user is None else {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


@contextmanager
def private_server(binaries: Path) -> Iterator[str]:
    """Start a server and yield its DATABASE_URL; stop it and remove its files at the end."""
    user = other_user()
    with tempfile.TemporaryDirectory(prefix="sandarbh-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if user:
            shutil.chown(folder, user)
        make_cluster(binaries, folder / "data", user)
        command = [
            binaries / "postgres",
            "-D",
            folder / "data",
            "-k",
            folder,
            "-c",
            "listen_addresses=",
            *QUICK,
        ]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, **as_user(user))  # noqa: S603
        try:
            wait_until_ready(binaries, folder, server)
            yield f"postgres:///postgres?host={folder}&user=sandarbh"
        finally:
            server.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown: drop the clients and stop
            server.wait(timeout=SECONDS_TO_START)


def make_cluster(binaries: Path, data: Path, user: str | None) -> None:
    version = subprocess.run([binaries / "postgres", "--version"], check=True, capture_output=True, text=True)  # noqa: S603
    major = int(version.stdout.split()[2].split(".")[0])
    collation = ["--locale-provider=icu", "--icu-locale=en-US"] if major >= 15 else []
    options = ["--username=sandarbh", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", *collation]
    made = subprocess.run(  # noqa: S603
        [binaries / "initdb", "-D", data, *options], capture_output=True, text=True, cwd=data.parent, **as_user(user)
    )
    if made.returncode:
        raise SystemExit(f"initdb failed:\n{made.stderr}")


def wait_until_ready(binaries: Path, folder: Path, server: subprocess.Popen) -> None:
    asked = [binaries / "pg_isready", "--quiet", "--host", folder]
    end = time.monotonic() + SECONDS_TO_START
    while subprocess.run(asked, check=False).returncode:  # noqa: S603
        if server.poll() is not None or time.monotonic() > end:
            raise SystemExit(f"PostgreSQL did not start:\n{(folder / 'log').read_text()}")
        time.sleep(0.1)


def main(arguments: list[str]) -> int:
    command = arguments[1:] if arguments[:1] == ["--"] else arguments
    if not command:
        raise SystemExit(__doc__)
    binaries = server_binaries()
    if binaries is None:
        print("Not run: the suite on PostgreSQL (no server found on PATH or in /usr/lib/postgresql).")
        return 1 if os.environ.get("CI") == "true" else 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server is stopped then, too
    with private_server(binaries) as url:
        given = {**os.environ, "DATABASE_URL": url, "SECRET_KEY": secrets.token_urlsafe(50)}
        return subprocess.run(command, env=given, check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
