"""Triggers and other things the database keeps by itself, installed after every `migrate`.

They are not migrations: on SQLite an `AlterField` rebuilds the table and drops its triggers without a
word, so each `migrate` puts back what may be missing. Every statement must be harmless when repeated.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import AppConfig
from django.db import DEFAULT_DB_ALIAS, connections

from curation.models import Stamp

Statements = Callable[[], Sequence[str]]


@dataclass(frozen=True)
class DatabaseObject:
    """What one app asks the database to keep; `tables` must exist before the statements are run."""

    name: str
    tables: tuple[str, ...]
    sqlite: Sequence[str]
    postgresql: Sequence[str]

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
    return DatabaseObject(f"stamp:{table}", (table, "curation_stamp"), sqlite, postgresql)


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
