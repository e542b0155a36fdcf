"""Import of new facts, import of the same again, undo and export: ours, django-import-export's own, the raw limit.

Targets (issue 4), at 100,000 facts with a citation, two partners and a topic each: check and confirm in at most
three times what raw executemany or COPY of the same final rows takes, and at least twenty times as fast as the
stock admin's dry run and import (measured on a tenth of the rows); 200 MB at most; the same again writes nothing
and is twice as fast; undo is no slower; export at least ten times the stock rate in 120 MB.

FACTS_IMPORTED (default 100000) sets how many, FACTS_BY_STOCK (a tenth) how many the stock way, FACTS_BY_COMMAND
(none) how many besides by the command line. Each side runs in a process and a database of its own.
"""

import csv
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.db import connection, transaction

from benchmarks.generated import COUNTRIES, ENTITIES, FACTS_PER_PASSAGE, SOURCES, TOPICS, fact, scenery
from relations.models import Entity, Property

PASSAGES = 20_000
HEADERS = (
    "ref", "subject", "statement", "date", "property", "value", "partners", "topics", "passage", "anchor", "stance",
)  # fmt: skip

Measured = dict[str, Any]


def run() -> None:
    count = int(os.environ.get("FACTS_IMPORTED", "100000"))
    tenth = int(os.environ.get("FACTS_BY_STOCK", count // 10))
    with transaction.atomic():
        scenery(PASSAGES * FACTS_PER_PASSAGE - FACTS_PER_PASSAGE, random.Random(1))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    with tempfile.TemporaryDirectory(prefix="sandarbh-bench-") as name, databases(Path(name)) as copied:
        folder = Path(name)
        file = written(folder / "facts.csv", count)
        print(f"{connection.vendor}: {count:,} new facts, each with a citation, two partners and a topic")
        print("  seconds by the clock and of the processor, rows a second, memory")
        print(f"  a file of {file.stat().st_size / 1e6:.0f} MB; a process that does nothing holds ", end="")
        ours_url, raw_url = copied("ours"), copied("raw")
        print(f"{side('nothing', ours_url)['peak']:.0f} MB\n")
        stock = side("stock", copied("stock"), file, tenth)
        told(f"stock: dry run and import of {stock['rows']:,}", stock, "check", "apply")
        ours = side("ours", ours_url, file, count)
        told("ours: check and confirm", ours, "keep", "check", "apply")
        raw = side("raw", raw_url, json.dumps({"NAME": database_of(ours_url)}), count)
        told("raw: the same final rows", raw, "content", "record", "commit")
        compare("ours takes, of raw (content and record of the batch)", ours, raw, "at most 3")
        compare("stock takes, of ours", stock, ours, "at least 20")
        limit("memory of ours, MB", ours["peak"], "at most 200")
        print()
        side("analyzed", ours_url)
        exports(folder, ours_url, count, tenth)
        again_and_undo(folder, ours_url, ours, count)
        if by_command := int(os.environ.get("FACTS_BY_COMMAND", "0")):
            many = side("by_command", copied("command"), written(folder / "many.csv", by_command), by_command)
            told(f"ours: manage.py import_rows --apply of {by_command:,}", many)
            limit("memory of the command, MB", many["peak"], "at most 300 at 1,000,000")


def exports(folder: Path, url: str, count: int, tenth: int) -> None:
    stock = side("stock_export", url, "-", tenth)
    told(f"stock export of {stock['rows']:,}", stock)
    ours = side("ours_export", url, folder / "export.csv", count)
    told("our export", ours, "first")
    raw = side("raw_export", url, folder / "raw.csv", count)
    told("raw export (cursor and csv.writer)", raw)
    compare("stock takes, of ours", stock, ours, "at least 10")
    compare("ours takes, of raw", ours, raw, "")
    limit("memory of our export, MB", ours["peak"], "at most 120")
    print()


def again_and_undo(folder: Path, url: str, first: Measured, count: int) -> None:
    again = side("ours", url, folder / "export.csv", count)
    told("ours: the export imported again", again, "keep", "check", "apply")
    compare("the first import takes, of the same again", first, again, "at least 2")
    same = again["stamp before"] == again["stamp after"]
    print(f"  {'the stamp of the content':58} {'unmoved' if same else 'MOVED'}; {again['counts']}\n")
    side("analyzed", url)
    undo = side("undo", url, "-", count)
    told("ours: undo of the batch", undo, "check", "apply")
    compare("undo takes, of the import", undo, first, "at most 1")
    limit("facts left", undo["facts"], "0")
    print()


# --- telling ----------------------------------------------------------------------------------


def told(name: str, measured: Measured, *parts: str) -> None:
    of_which = ", ".join(f"{part} {measured[part]:.2f}" for part in parts if part in measured)
    rate = measured["rows"] / measured["seconds"]
    seconds = f"{measured['seconds']:8.2f} s {measured['cpu']:8.2f} s"
    print(f"  {name:48} {seconds} {rate:10,.0f} rows/s {measured['peak']:6.0f} MB   {of_which}", flush=True)


def compare(name: str, this: Measured, that: Measured, target: str) -> None:
    by_clock, by_cpu = ((this[unit] / this["rows"]) / (that[unit] / that["rows"]) for unit in ("seconds", "cpu"))
    limit(f"{name}, times", by_clock, f"{target}; {by_cpu:.2f} by the processor's time")


def limit(name: str, value: float, target: str) -> None:
    print(f"  {name:58} {value:8.2f}   {target and f'(target: {target})'}", flush=True)


# --- one side ---------------------------------------------------------------------------------


def side(name: str, url: str, given: Any = "-", rows: int = 0) -> Measured:
    """Run one side of `benchmarks.importing_sides` in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.importing_sides", name, str(given), str(rows)]
    done = subprocess.run(  # noqa: S603
        command, env={**os.environ, "DATABASE_URL": url}, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"{name}: {done.stdout}{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


@contextmanager
def databases(folder: Path) -> Iterator[Callable[[str], str]]:
    """A function that makes a database of that name as ours is now, and returns its address."""
    connection.close()
    if connection.vendor == "sqlite":
        template = Path(connection.settings_dict["NAME"])

        def copied(name: str) -> str:
            shutil.copy(template, folder / f"{name}.sqlite3")
            return f"sqlite:///{folder / name}.sqlite3"

        yield copied
        return
    template_name, made = connection.settings_dict["NAME"], []

    def copied_there(name: str) -> str:
        made.append(f"bench_{name}")
        with connection._nodb_cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS bench_{name}")
            cursor.execute(f'CREATE DATABASE bench_{name} TEMPLATE "{template_name}"')
        return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/bench_{name}").geturl()

    try:
        yield copied_there
    finally:
        with connection._nodb_cursor() as cursor:
            for name in made:
                cursor.execute(f"DROP DATABASE IF EXISTS {name}")


def database_of(url: str) -> str:
    path = urlsplit(url).path
    return path if connection.vendor == "sqlite" else path.removeprefix("/")


def written(path: Path, count: int) -> Path:
    """Write a flat file of `count` facts, one line each."""
    dice = random.Random(2)
    entities = [Entity(slug=f"entity-{number:03d}", name=f"Entity number {number}") for number in range(ENTITIES)]
    prop = Property(key="signed-on")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADERS)
        for number in range(count):
            row = fact(number, entities, prop, dice)
            partners = " | ".join(entity.slug for entity in dice.sample(entities[:COUNTRIES], 2))
            passage = number % PASSAGES
            where = f"source-{passage % SOURCES}/{passage // SOURCES + 1}"
            writer.writerow([
                row.ref, row.subject_id, row.statement, row.date, "signed-on", row.value, partners,
                f"topic-{dice.randrange(TOPICS)}", where, "the words that decide it", "supports",
            ])  # fmt: skip
    return path
