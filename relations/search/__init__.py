"""Full-text search of facts and names, on SQLite and PostgreSQL alike.

The database keeps the index by itself (triggers; generated columns), so that whatever writes a row is
found at once. What may be shown is asked in the same statement that ranks: `Fact.objects.listed()`.
"""

from django.db.models.signals import pre_migrate

from curation import database
from relations.search import postgresql, sqlite
from relations.search.finding import FactHit, NameHit, Results, search
from relations.search.indexes import INDEXES

__all__ = ["FactHit", "NameHit", "Results", "register", "search"]


def register() -> None:
    """Have the indexes installed, and mended, after each `migrate`."""
    for index in INDEXES:
        kept = (sqlite.statements(index), postgresql.statements(index), sqlite.catch_up(index))
        database.register(database.DatabaseObject(f"search:{index.table}", (index.table,), *kept))
    pre_migrate.connect(postgresql.make_way, dispatch_uid="relations.search")
