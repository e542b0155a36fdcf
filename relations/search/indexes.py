"""What is indexed: the words that people may read. A fact's private note is not among them.

What is installed stays as it is: to change a definition here or in a back end, drop the old index in a
migration (the FTS5 table and its triggers; the column `search`), and it is made anew after `migrate`.
"""

from dataclasses import dataclass
from typing import Any

# Round a hit in a text that comes back from the database; no text that a form took holds them.
START, STOP = "\x02", "\x03"


@dataclass(frozen=True, slots=True)
class Index:
    """`columns` of `table`, the first of which is worth most."""

    table: str
    columns: tuple[str, ...]


FACTS = Index("relations_fact", ("statement", "value"))
ENTITIES = Index("relations_entity", ("name", "definition"))
ALIASES = Index("relations_alias", ("name",))

INDEXES = (FACTS, ENTITIES, ALIASES)

Sql = tuple[str, list[Any]]  # a statement or condition, and its parameters
