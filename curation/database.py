"""Triggers and other things the database keeps by itself, installed after every `migrate`.

They are not migrations: on SQLite an `AlterField` rebuilds the table and drops its triggers without a
word, so each `migrate` puts back what may be missing. Every statement must be harmless when repeated.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.apps import AppConfig
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from curation.models import Stamp

Statements = Callable[[], Sequence[str]]

SAMPLE = 1_000  # rows of an index that are looked at to measure it


@dataclass(frozen=True)
class DatabaseObject:
    """What one app asks the database to keep; `tables` must exist before the statements are run.

    `catch_up` does for many rows at once, on SQLite, what the triggers among `sqlite` do for each: see `set_wise`.
    An object that has none keeps its triggers always.
    """

    name: str
    tables: tuple[str, ...]
    sqlite: Sequence[str]
    postgresql: Sequence[str]
    catch_up: Sequence[str] = ()

    def statements(self, vendor: str) -> Sequence[str]:
        return {"sqlite": self.sqlite, "postgresql": self.postgresql}.get(vendor, ())


_registered: dict[str, DatabaseObject] = {}


def register(thing: DatabaseObject) -> None:
    _registered[thing.name] = thing


def install_after_migrate(sender: AppConfig, using: str = DEFAULT_DB_ALIAS, **kwargs: Any) -> None:
    """Receive `post_migrate`: once per app, so do the work at the last one that has models of ours."""
    if sender.name != "curation":
        return
    install(using)


def install(using: str = DEFAULT_DB_ALIAS) -> None:
    connection = connections[using]
    tables = set(connection.introspection.table_names())
    if Stamp._meta.db_table not in tables:
        return
    with connection.cursor() as cursor:
        # Microseconds, so that a rebuilt database does not repeat values that pages were cached under.
        cursor.execute(
            "INSERT INTO curation_stamp (id, value) VALUES (1, %s) ON CONFLICT (id) DO NOTHING",
            [time.time_ns() // 1000],
        )
        for thing in _registered.values():
            if tables.issuperset(thing.tables):
                for statement in thing.statements(connection.vendor):
                    cursor.execute(statement)


# --- many rows at once ----------------------------------------------------------------------


def written(table: str) -> str:
    """The name of a table whose `id` are the rows of `table` that `set_wise` saw written: for `catch_up`."""
    return f"temp.written_{table}"


@contextmanager
def set_wise(*tables: str, using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Write many rows of `tables` in the transaction that is under way, and keep what depends on them once, at the end.

    SQLite runs triggers row by row, and a full-text index that is written so takes ten times as long. There the
    triggers of objects that can catch up are away while this lasts, and only the keys of the rows are noted; at the
    end the tables are measured. A failure rolls the whole transaction back, triggers and all; others who read
    meanwhile see neither. PostgreSQL's triggers see statements, so nothing is done there.
    """
    connection = connections[using]
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("set_wise() is for use inside a transaction.")
    if connection.vendor != "sqlite":
        yield
        return
    with transaction.atomic(using=using, savepoint=False):
        triggers = _triggers_on(tables, connection)
        owners = [thing for thing in _registered.values() if thing.catch_up and _triggers_of(thing) & set(triggers)]
        catch_up = list(dict.fromkeys(statement for thing in owners for statement in thing.catch_up))
        noted = [table for table in tables if any(written(table) in statement for statement in catch_up)]
        _run(connection, [f"DROP TRIGGER {name}" for name in triggers])
        last = {table: _last(connection, table) for table in noted}
        _run(connection, (statement for table in noted for statement in _note(table, last[table])))
        yield
        _run(connection, (_note_new(table, last[table]) for table in noted))
        _run(connection, catch_up)
        _run(connection, (statement for table in noted for statement in _forget(table)))
        _run(connection, triggers.values())
        # Else plans are made for the rows there were: SQLite measures nothing by itself.
        _run(connection, [f"PRAGMA analysis_limit = {SAMPLE}", *(f"ANALYZE {table}" for table in tables)])
        _run(connection, ["PRAGMA analysis_limit = 0"])


def _triggers_on(tables: Sequence[str], connection: BaseDatabaseWrapper) -> dict[str, str]:
    """The triggers there are on `tables` that can be away for a while, and the statements that made them."""
    able = {name for thing in _registered.values() if thing.catch_up for name in _triggers_of(thing)}
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'")
        return {name: sql for name, table, sql in cursor.fetchall() if name in able and table in tables}


def _triggers_of(thing: DatabaseObject) -> set[str]:
    found = (re.match(r"CREATE TRIGGER IF NOT EXISTS (\w+) ", statement) for statement in thing.sqlite)
    return {match[1] for match in found if match}


def _last(connection: BaseDatabaseWrapper, table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(max(rowid), 0) FROM {table}")  # noqa: S608
        return int(cursor.fetchone()[0])


def _note(table: str, last: int) -> Iterator[str]:
    """Statements that have SQLite note the rows of `table` that this connection writes.

    Those that come after the `last`, which most new ones do, are noted all at once afterwards (`_note_new`).
    """
    yield f"CREATE TABLE IF NOT EXISTS {written(table)} (id INTEGER PRIMARY KEY)"
    yield f"DELETE FROM {written(table)}"  # noqa: S608
    for event, rows in (("INSERT", ("NEW",)), ("UPDATE", ("OLD", "NEW")), ("DELETE", ("OLD",))):
        notes = " ".join(f"INSERT OR IGNORE INTO written_{table} VALUES ({row}.rowid);" for row in rows)  # noqa: S608
        when = f"WHEN NEW.rowid <= {last}" if event == "INSERT" else ""
        yield f"CREATE TRIGGER {written(table)}_{event.lower()} AFTER {event} ON main.{table} {when} BEGIN {notes} END"


def _note_new(table: str, last: int) -> str:
    return f"INSERT OR IGNORE INTO {written(table)} SELECT rowid FROM {table} WHERE rowid > {last}"  # noqa: S608


def _forget(table: str) -> Iterator[str]:
    """Undo `_note`. The empty table stays: SQLite drops none while the connection is still reading anything."""
    for event in ("insert", "update", "delete"):
        yield f"DROP TRIGGER {written(table)}_{event}"
    yield f"DELETE FROM {written(table)}"  # noqa: S608


def _run(connection: BaseDatabaseWrapper, statements: Iterable[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


# --- what is kept ---------------------------------------------------------------------------

# To the clock's microsecond, and always upwards: a restored backup does not repeat values that pages had.
_MOVE = "UPDATE curation_stamp SET value = {greatest}(value + 1, {now}) WHERE id = 1"
_MOVE_SQLITE = _MOVE.format(greatest="max", now="CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)")
_MOVE_POSTGRESQL = _MOVE.format(greatest="greatest", now="(extract(epoch FROM clock_timestamp()) * 1000000)::bigint")


def stamped(table: str) -> DatabaseObject:
    """Move the stamp whenever `table` changes."""
    sqlite = [
        f"CREATE TRIGGER IF NOT EXISTS stamp_{table}_{event.lower()} AFTER {event} ON {table} BEGIN {_MOVE_SQLITE}; END"
        for event in ("INSERT", "UPDATE", "DELETE")
    ]
    postgresql = [
        "CREATE OR REPLACE FUNCTION curation_stamp_move() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN {_MOVE_POSTGRESQL}; RETURN NULL; END $$",
        f"CREATE OR REPLACE TRIGGER stamp_{table} AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION curation_stamp_move()",
    ]
    return DatabaseObject(f"stamp:{table}", (table, "curation_stamp"), sqlite, postgresql, [_MOVE_SQLITE])


def append_only(table: str, columns: Sequence[str]) -> DatabaseObject:
    """Refuse any change of a row of `table` once written; rewriting the same values (loaddata) is none."""
    message = f"a row of {table} is a record of what was done and is never changed"
    differs_sqlite = " OR ".join(f'OLD."{column}" IS NOT NEW."{column}"' for column in columns)
    differs_postgresql = " OR ".join(f'OLD."{column}" IS DISTINCT FROM NEW."{column}"' for column in columns)
    sqlite = [
        f"CREATE TRIGGER IF NOT EXISTS append_only_{table} BEFORE UPDATE ON {table} WHEN {differs_sqlite} "
        f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
    ]
    postgresql = [
        f"CREATE OR REPLACE FUNCTION append_only_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN RAISE EXCEPTION '{message}' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        f"CREATE OR REPLACE TRIGGER append_only_{table} BEFORE UPDATE ON {table} FOR EACH ROW "
        f"WHEN ({differs_postgresql}) EXECUTE FUNCTION append_only_{table}()",
    ]
    return DatabaseObject(f"append-only:{table}", (table,), sqlite, postgresql)
