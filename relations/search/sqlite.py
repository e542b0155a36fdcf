"""Full-text search on SQLite: an FTS5 table beside each indexed table, kept by triggers.

The FTS5 tables hold a copy of the text (no external content), so that each trigger can replace a row
whatever was there before: an index that disagrees with its table is wrong, never corrupt.
"""

from collections.abc import Mapping, Sequence

from django.db import connection

from curation.database import written
from relations.search.indexes import START, STOP, Index, Sql
from relations.search.names import Unit, phrases_of
from relations.search.query import Phrase

# Marks (Mn, Mc) belong to the words of Devanagari; FTS5 would part words at them.
TOKENIZER = "porter unicode61 remove_diacritics 2 categories ''L* N* Co Mn Mc''"
WEIGHTS = "4.0, 1.0"


def name_of(index: Index) -> str:
    return f"{index.table}_search"


def statements(index: Index) -> list[str]:
    """Make the index and its triggers, then mend what is out of step.

    A migration that rebuilds the table drops the triggers, and its later steps write past the index: so
    rows are compared each time (0.2 s for 100,000) and only those that differ are written.
    """
    table, name, columns = index.table, name_of(index), ", ".join(index.columns)
    new = ", ".join(f"NEW.{column}" for column in index.columns)
    changed = " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in ("id", *index.columns))
    differs = " OR ".join(f"t.{column} IS NOT i.{column}" for column in index.columns)
    add = f"INSERT INTO {name} (rowid, {columns}) VALUES (NEW.id, {new})"  # noqa: S608
    drop = f"DELETE FROM {name} WHERE rowid"  # noqa: S608
    trigger = f"CREATE TRIGGER IF NOT EXISTS {name}"
    return [
        f"CREATE VIRTUAL TABLE IF NOT EXISTS {name} USING fts5({columns}, tokenize='{TOKENIZER}')",
        # INSERT OR REPLACE takes a row away without its trigger, so the new row takes its place here.
        f"{trigger}_insert AFTER INSERT ON {table} BEGIN {drop} = NEW.id; {add}; END",
        f"{trigger}_update AFTER UPDATE ON {table} WHEN {changed} BEGIN {drop} IN (OLD.id, NEW.id); {add}; END",
        f"{trigger}_delete AFTER DELETE ON {table} BEGIN {drop} = OLD.id; END",
        f"{drop} IN (SELECT i.rowid FROM {name} i LEFT JOIN {table} t ON t.id = i.rowid "  # noqa: S608
        f"WHERE t.id IS NULL OR {differs})",
        f"INSERT INTO {name} (rowid, {columns}) "  # noqa: S608
        f"SELECT id, {columns} FROM {table} WHERE id NOT IN (SELECT rowid FROM {name})",
    ]


def catch_up(index: Index) -> list[str]:
    """Bring the rows into the index that were written while its triggers were away."""
    name, columns = name_of(index), ", ".join(index.columns)
    rows = f"(SELECT id FROM {written(index.table)})"  # noqa: S608
    return [
        f"DELETE FROM {name} WHERE rowid IN {rows}",  # noqa: S608
        f"INSERT INTO {name} (rowid, {columns}) SELECT id, {columns} FROM {index.table} WHERE id IN {rows}",  # noqa: S608
    ]


def matches(index: Index, units: Sequence[Unit], *, any_of: bool = False, column: str = "") -> Sql:
    """SQL that selects `id` and `score` (smaller is better) of the rows that have all `units`, or any of them."""
    name = name_of(index)
    asked = (" OR " if any_of else " AND ").join(map(_expression, units))
    return (
        f"SELECT rowid AS id, bm25({name}, {WEIGHTS}) AS score FROM {name} WHERE {name} MATCH %s",  # noqa: S608
        [f"{column} : ({asked})" if column else asked],
    )


def marked(index: Index, rows: Mapping[int, Sequence[str]], units: Sequence[Unit]) -> dict[int, list[str]]:
    """The columns of each row with a hit in it, with START and STOP round the hits. `rows` gives the texts by id."""
    name = name_of(index)
    columns = ", ".join(f"highlight({name}, {place}, %s, %s)" for place in range(len(index.columns)))
    places = ", ".join(["%s"] * len(rows))
    asked = " OR ".join(map(_quoted, phrases_of(units)))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT rowid, {columns} FROM {name} WHERE {name} MATCH %s AND rowid IN ({places})",  # noqa: S608
            [*[START, STOP] * len(index.columns), asked, *rows],
        )
        return {row[0]: list(row[1:]) for row in cursor.fetchall()}


def _expression(unit: Unit) -> str:
    """An FTS5 query. Words hold letters and digits only, and are quoted besides: nothing typed is an operator."""
    together = (" AND ".join(map(_quoted, phrases)) for phrases in unit.alternatives)
    return "(" + " OR ".join(f"({phrases})" for phrases in together) + ")"


def _quoted(phrase: Phrase) -> str:
    return f'"{" ".join(phrase)}"'
