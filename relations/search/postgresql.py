"""Full-text search on PostgreSQL: a generated `tsvector` column with a GIN index on each indexed table.

The columns are outside Django's models, so that both databases have one set of models; Django names the
columns it writes and never sees them. PostgreSQL refuses to alter a column that a generated one reads:
`make_way` drops ours before such a migration, and it is put back after `migrate`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.apps import AppConfig
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.migrations import AlterField, Migration

from relations.search.indexes import INDEXES, START, STOP, Index, Sql
from relations.search.names import Unit, phrases_of
from relations.search.query import Phrase, spaced

# English stems without stop words, for WHO and IT are names here; the query drops common words itself.
CONFIGURATION = [
    """
    DO $do$ BEGIN
      IF NOT EXISTS (SELECT FROM pg_ts_dict WHERE dictname = 'relations_stem' AND pg_ts_dict_is_visible(oid)) THEN
        CREATE TEXT SEARCH DICTIONARY relations_stem (TEMPLATE = snowball, Language = english);
      END IF;
      IF NOT EXISTS (SELECT FROM pg_ts_config WHERE cfgname = 'relations_english' AND pg_ts_config_is_visible(oid)) THEN
        CREATE TEXT SEARCH CONFIGURATION relations_english (COPY = simple);
        ALTER TEXT SEARCH CONFIGURATION relations_english ALTER MAPPING FOR asciiword, word WITH relations_stem;
      END IF;
    END $do$
    """,
]
# The parser would take “+2” of “2+2” and “-4” of “G-4” for signed numbers: only letters and digits reach it.
# Its columns keep what it made of their text: to change it, give it a new name and drop the columns.
# Immutable is what the whole is, since each part is for a database in UTF-8.
VECTOR = r"""
    CREATE OR REPLACE FUNCTION relations_search_vector(said text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN to_tsvector('relations_english'::regconfig, regexp_replace(
      regexp_replace(normalize(said, NFKD), '[\u0300-\u036f]+', '', 'g'),
      '[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u00d7\u00f7\u0964\u0965\u2000-\u206f\u20a0-\u20cf'
      '\u2190-\u2bff\u3000-\u303f\ufe30-\ufe6f\uff00-\uff0f]+', ' ', 'g'))
"""
LABELS = "ABCD"


def statements(index: Index) -> list[str]:
    vector = " || ".join(
        f"setweight(relations_search_vector({column}), '{label}')"
        for column, label in zip(index.columns, LABELS, strict=False)
    )
    return [
        *CONFIGURATION,
        VECTOR,
        f"DO $do$ BEGIN IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = '{index.table}'::regclass "
        f"AND attname = 'search' AND NOT attisdropped) THEN "  # asked first: ALTER would wait for every reader
        f"ALTER TABLE {index.table} ADD COLUMN search tsvector GENERATED ALWAYS AS ({vector}) STORED; "
        f"CREATE INDEX {index.table}_search ON {index.table} USING gin (search); END IF; END $do$",
    ]


def make_way(
    sender: AppConfig, plan: Sequence[tuple[Migration, bool]], using: str = DEFAULT_DB_ALIAS, **kwargs: Any
) -> None:
    """Receive `pre_migrate`: drop the search column of each table of which `plan` alters an indexed column."""
    if sender.name != "relations" or connections[using].vendor != "postgresql":
        return
    altered = {
        (f"{migration.app_label}_{operation.model_name_lower}", operation.name_lower)
        for migration, _backwards in plan
        for operation in migration.operations
        if isinstance(operation, AlterField)  # removing or renaming one changes the index's definition, too
    }
    with connections[using].cursor() as cursor:
        for index in INDEXES:
            if any((index.table, column) in altered for column in index.columns):
                cursor.execute(f"ALTER TABLE IF EXISTS {index.table} DROP COLUMN IF EXISTS search")


def matches(index: Index, units: Sequence[Unit], *, any_of: bool = False, column: str = "") -> Sql:
    """SQL that selects `id` and `score` (smaller is better) of the rows that have all `units`, or any of them."""
    expressions, of_each = zip(*map(_expression, units), strict=True)
    asked = "(" + (" || " if any_of else " && ").join(expressions) + ")"
    params = [param for of_one in of_each for param in of_one]
    sql = f"SELECT id, -ts_rank_cd(search, {asked}) AS score FROM {index.table} WHERE search @@ {asked}"  # noqa: S608
    if column:
        sql += f" AND relations_search_vector({column}) @@ {asked}"
    return sql, params * (3 if column else 2)


def marked(_index: Index, rows: Mapping[int, Sequence[str]], units: Sequence[Unit]) -> dict[int, list[str]]:
    """The columns of each row, with START and STOP round the hits. `rows` gives the texts by id.

    ts_headline would mark every word of a phrase wherever it stands, so only the stems are asked for.
    """
    phrases = phrases_of(units)
    texts = [text for row in rows.values() for text in row]
    words = {word for text in texts for word in spaced(text).split()}.union(*phrases)
    with connection.cursor() as cursor:
        cursor.execute("SELECT w, (ts_lexize('relations_stem', w))[1] FROM unnest(%s::text[]) w", [sorted(words)])
        stems = dict(cursor.fetchall())
    asked = {tuple(stems[word] for word in phrase) for phrase in phrases}
    return {pk: [_mark(text, asked, stems) for text in row] for pk, row in rows.items()}


def _mark(text: str, asked: set[Phrase], stems: Mapping[str, str]) -> str:
    places = [(word.start(), word.end(), stems[word[0]]) for word in re.finditer(r"[^ ]+", spaced(text))]
    hit: set[int] = set()
    for phrase in asked:
        for first in range(len(places) - len(phrase) + 1):
            if tuple(stem for _start, _end, stem in places[first : first + len(phrase)]) == phrase:
                hit.update(range(first, first + len(phrase)))
    shown, end_before = [], 0
    for place in sorted(hit):
        start, end, _stem = places[place]
        shown += [text[end_before:start], START, text[start:end], STOP]
        end_before = end
    return "".join([*shown, text[end_before:]])


def _expression(unit: Unit) -> Sql:
    """A tsquery, as an expression of SQL whose parameters are words and spaces alone."""
    together = (
        " && ".join(["phraseto_tsquery('relations_english', %s)"] * len(phrases)) for phrases in unit.alternatives
    )
    sql = "(" + " || ".join(f"({phrases})" for phrases in together) + ")"
    return sql, [" ".join(phrase) for phrases in unit.alternatives for phrase in phrases]
