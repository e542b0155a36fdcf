"""Many rows written at the speed of the database: no instances, no signals, no collector.

Whoever calls has checked the rows; the constraints stand behind. Rows are taken from an iterable and written in
chunks, so that a million of them need no more memory than a thousand. Values are those that instances hold.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache, partial
from itertools import islice
from typing import Any

from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper

AT_ONCE = 2_000  # rows, or keys of rows, in one statement

Model = type[models.Model]
Values = Sequence[Any]
Convert = Callable[[Any], Any]


def insert(model: Model, attnames: Sequence[str], rows: Iterable[Values], *, using: str = "default") -> None:
    """Write new rows of `model`, each with a value for each of `attnames`.

    What is not named is left to the database, which knows no defaults but generated columns and keys; generated
    columns that are named are left out. Raises DatabaseError.
    """
    connection, table = connections[using], _Table(model, using)
    fields = table.fields(attnames)
    columns = ", ".join(table.quoted(field) for field in fields if not field.generated)
    if connection.vendor == "postgresql":
        _copy(connection, f"COPY {table.name} ({columns}) FROM STDIN", table.prepared(fields, rows))
        return
    places = ", ".join("%s" for field in fields if not field.generated)
    _execute_many(
        connection,
        f"INSERT INTO {table.name} ({columns}) VALUES ({places})",  # noqa: S608
        table.prepared(fields, rows),
    )


def update(model: Model, attnames: Sequence[str], rows: Iterable[Values], *, using: str = "default") -> None:
    """Set `attnames` in rows that there are: each of `rows` is a primary key, then a value for each of `attnames`."""
    connection, table = connections[using], _Table(model, using)
    pk, *fields = table.fields(["pk", *attnames])
    if connection.vendor == "postgresql":
        _update_from_copy(connection, table, [pk, *fields], rows)
        return
    changes = ", ".join(f"{table.quoted(field)} = %s" for field in fields)
    by_key_last = ((*values, key) for key, *values in rows)
    _execute_many(
        connection,
        f"UPDATE {table.name} SET {changes} WHERE {table.quoted(pk)} = %s",  # noqa: S608
        table.prepared([*fields, pk], by_key_last),
    )


def delete(model: Model, pks: Iterable[Any], *, field: str | None = None, using: str = "default") -> int:
    """Delete the rows with these primary keys, or these values of `field`; return how many there were.

    What hangs on them is the caller's to know, and to delete before.
    """
    connection, table = connections[using], _Table(model, using)
    [column] = table.fields([field or "pk"])
    gone = 0
    with connection.cursor() as cursor:
        for chunk in table.prepared([column], ((pk,) for pk in pks)):
            places = ", ".join(["%s"] * len(chunk))
            cursor.execute(
                f"DELETE FROM {table.name} WHERE {table.quoted(column)} IN ({places})",  # noqa: S608
                [value for (value,) in chunk],
            )
            gone += cursor.rowcount
    return gone


def new_pks(model: Model, count: int, using: str = "default") -> list[int]:
    """Primary keys that no row has had or will be given; none where the model makes them in another way."""
    connection, pk = connections[using], model._meta.pk
    if not count or not isinstance(pk, models.AutoField | models.BigAutoField | models.SmallAutoField):
        return []
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            sequence = "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)"
            cursor.execute(sequence, [connection.ops.quote_name(table), pk.column, count])
            return [row[0] for row in cursor.fetchall()]
        if connection.vendor == "sqlite":  # whose one writer we are
            cursor.execute("UPDATE sqlite_sequence SET seq = seq + %s WHERE name = %s RETURNING seq", [count, table])
            counted = cursor.fetchall()
            if not counted:  # no row was ever inserted
                cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table, count])
            last = counted[0][0] if counted else count
            return list(range(last - count + 1, last + 1))
    return []


# --- values -----------------------------------------------------------------------------------


class _Table:
    """The table of a model in one database: how its columns are called and how its values are written there."""

    def __init__(self, model: Model, using: str) -> None:
        self.model, self.connection = model, connections[using]
        self.name = self.connection.ops.quote_name(model._meta.db_table)

    def fields(self, attnames: Iterable[str]) -> list[Any]:
        """By attname (`subject_id`), name, or “pk”. Raises LookupError."""
        known = {name: field for field in self.model._meta.concrete_fields for name in (field.name, field.attname)}
        known["pk"] = self.model._meta.pk
        return [known[name] for name in attnames]

    def quoted(self, field: Any) -> str:
        return self.connection.ops.quote_name(field.column)

    def prepared(self, fields: Sequence[Any], rows: Iterable[Values]) -> Iterator[list[Values]]:
        """`rows` in chunks, as the database's driver takes them, without generated columns."""
        kept = [place for place, field in enumerate(fields) if not field.generated]
        converts = {place: convert for place in kept if (convert := _convert(fields[place], self.connection))}
        rows = iter(rows)
        while chunk := list(islice(rows, AT_ONCE)):
            if converts or len(kept) < len(fields):
                columns: list[Any] = list(zip(*chunk, strict=True))
                for place, convert in converts.items():
                    columns[place] = [None if value is None else convert(value) for value in columns[place]]
                chunk = list(zip(*(columns[place] for place in kept), strict=True))
            yield chunk


_PLAIN = frozenset({
    "AutoField", "BigAutoField", "SmallAutoField", "IntegerField", "BigIntegerField", "SmallIntegerField",
    "PositiveIntegerField", "PositiveBigIntegerField", "PositiveSmallIntegerField", "BooleanField", "CharField",
    "TextField", "SlugField",
})  # fmt: skip


def _convert(field: Any, connection: BaseDatabaseWrapper) -> Convert | None:
    """How a value of `field` becomes what the driver takes; None where it is that already.

    The same as `field.get_db_prep_save()`, which would cost more than writing the row does.
    """
    while field.remote_field:
        field = field.target_field
    kind, on_sqlite = field.get_internal_type(), connection.vendor == "sqlite"
    if not _is_djangos(field):
        return partial(field.get_db_prep_save, connection=connection)
    if kind == "JSONField":
        return (field.encoder or json.JSONEncoder)(check_circular=False).encode  # a fifth quicker
    if kind in _PLAIN:
        return None
    if kind == "DateField":
        return str if on_sqlite else None
    if kind == "DateTimeField":
        # Many rows have one time: that of their writing.
        return lru_cache(maxsize=64)(connection.ops.adapt_datetimefield_value) if on_sqlite else None
    return partial(field.get_db_prep_save, connection=connection)


def _is_djangos(field: Any) -> bool:
    """Whether Django's own code prepares the values of `field`, whatever subclass it is."""
    names = ("get_prep_value", "get_db_prep_value", "get_db_prep_save")
    return all(getattr(type(field), name).__module__.startswith("django.db.") for name in names)


# --- statements -------------------------------------------------------------------------------


def _execute_many(connection: BaseDatabaseWrapper, sql: str, chunks: Iterable[list[Values]]) -> None:
    with connection.cursor() as cursor:
        for chunk in chunks:
            cursor.executemany(sql, chunk)


def _copy(connection: Any, sql: str, chunks: Iterable[list[Values]]) -> None:
    # As text: the binary format was no faster, since the server spends its time on indexes and rules.
    # The rows are refused when the COPY ends, which Django's cursor does not see.
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(sql) as copy:
        for chunk in chunks:
            for row in chunk:
                copy.write_row(row)


def _update_from_copy(connection: Any, table: _Table, fields: list[Any], rows: Iterable[Values]) -> None:
    columns = [table.quoted(field) for field in fields]
    chosen, changes = ", ".join(columns), ", ".join(f"{column} = new.{column}" for column in columns[1:])
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.new_values")
        cursor.execute(
            f"CREATE TEMPORARY TABLE new_values ON COMMIT DROP AS SELECT {chosen} FROM {table.name} WITH NO DATA"  # noqa: S608
        )
        _copy(connection, f"COPY new_values ({chosen}) FROM STDIN", table.prepared(fields, rows))
        cursor.execute("ANALYZE new_values")
        cursor.execute(
            f"UPDATE {table.name} SET {changes} FROM new_values new "  # noqa: S608
            f"WHERE {table.name}.{columns[0]} = new.{columns[0]}"
        )
        cursor.execute("DROP TABLE new_values")
