"""From a query to a page of results: names first, then facts."""

from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.utils.safestring import SafeString

from relations.models import Entity, Fact
from relations.search import names, postgresql, spelling, sqlite
from relations.search.highlighting import as_html
from relations.search.indexes import ALIASES, ENTITIES, FACTS, START, Sql
from relations.search.names import Expansion, Named, Unit
from relations.search.query import Query, parse

MOST_NAMES = 10  # shown above the facts
MOST_SUBJECTS = 200  # names that lift the facts about them


@dataclass(frozen=True, slots=True)
class FactHit:
    fact: Fact
    statement: SafeString  # escaped, hits in <mark>


@dataclass(frozen=True, slots=True)
class NameHit:
    """`also`: the other name that was found, "" where its own was."""

    entity: Entity
    name: SafeString
    definition: SafeString
    also: SafeString


@dataclass(frozen=True, slots=True)
class Results:
    """What was found for `query`. `count` is of all facts; `facts` holds the page asked for.

    `corrected` is the query that was searched instead, where the typed one found nothing and that did.
    `nearest` holds names like the query, where nothing has all of it.
    """

    query: Query
    facts: list[FactHit] = field(default_factory=list)
    names: list[NameHit] = field(default_factory=list)
    count: int = 0
    expansions: list[Expansion] = field(default_factory=list)
    corrected: str | None = None
    nearest: list[Named] = field(default_factory=list)

    @property
    def understood(self) -> str:
        """The words that were looked for, as typed."""
        return str(self.query)


def search(text: str, *, limit: int = 25, offset: int = 0) -> Results:
    """Find listed facts and all names that have every word of `text`, or are about what it names.

    Any text is a query; one without a letter or digit finds nothing, as does an empty one.
    """
    query = parse(text)
    if not query.terms:
        return Results(query)
    found, whole = _find(query, limit, offset)
    if found.count or whole:
        return found
    if instead := spelling.corrected(query):
        corrected, whole = _find(instead, limit, offset)
        if corrected.count or whole:
            return replace(corrected, query=query, corrected=str(instead))
    return replace(found, nearest=names.nearest(query))


def _find(query: Query, limit: int, offset: int) -> tuple[Results, bool]:
    """The results, and whether some name has all of the query."""
    units = names.resolve(query)
    typed = [replace(unit, alternatives=unit.typed) for unit in units]  # without the other names
    named = _ranked_names(typed)
    subjects = [entity for entity, rank in named if rank <= PART]
    ids, count = _ranked_facts(units, subjects[:MOST_SUBJECTS], limit, offset)
    results = Results(
        query=query,
        facts=_fact_hits(ids, units),
        names=_name_hits([entity for entity, _rank in named[:MOST_NAMES]], typed),
        count=count,
        expansions=names.expansions(units),
    )
    return results, any(rank != PART for _entity, rank in named)


def backend() -> ModuleType:
    return {"sqlite": sqlite, "postgresql": postgresql}[connection.vendor]


def _execute(sql: str, params: list[Any]) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


# --- names ----------------------------------------------------------------------------------
# How much of the query an entity has: it is called just so, its name has all, another name has all, it is
# one of several named, its definition has all.
WHOLE, NAME, ALIAS, PART, DEFINITION = range(5)


def _ranked_names(units: list[Unit]) -> list[tuple[int, int]]:
    """Entities with their rank, best first, all those that the query names among them."""
    in_name, name_params = backend().matches(ENTITIES, units, column="name")
    in_alias, alias_params = backend().matches(ALIASES, units)
    in_either, either_params = backend().matches(ENTITIES, units)
    resolved = [named.pk for unit in units for named in unit.entities]
    called = "".join(f" UNION ALL SELECT %s, {WHOLE if len(units) == 1 else PART}, 0" for _pk in resolved)
    return _execute(
        f"SELECT hit.id, MIN(hit.rank) FROM ("  # noqa: S608
        f"SELECT id, {NAME} AS rank, score FROM ({in_name}) n UNION ALL "
        f"SELECT a.entity_id, {ALIAS}, s.score FROM ({in_alias}) s JOIN relations_alias a ON a.id = s.id UNION ALL "
        f"SELECT id, {DEFINITION}, score FROM ({in_either}) d{called}) hit "
        f"JOIN relations_entity e ON e.id = hit.id GROUP BY hit.id, e.sort_key, e.slug "
        f"ORDER BY MIN(hit.rank), MIN(hit.score), e.sort_key, e.slug",
        [*name_params, *alias_params, *either_params, *resolved],
    )


def _name_hits(ids: list[int], units: list[Unit]) -> list[NameHit]:
    if not ids:
        return []
    entities = Entity.objects.prefetch_related("aliases").in_bulk(ids)
    texts = {pk: (entities[pk].name, entities[pk].definition) for pk in ids if pk in entities}
    others = {alias.pk: (alias.name,) for pk in texts for alias in entities[pk].aliases.all()}
    marked = backend().marked(ENTITIES, texts, units)
    marked_others = backend().marked(ALIASES, others, units) if others else {}
    hits = []
    for pk, text in texts.items():
        name, definition = map(as_html, marked.get(pk, text))
        also = (marked_others.get(alias.pk, [""])[0] for alias in entities[pk].aliases.all())
        found = next((one for one in also if START in one), "")
        hits.append(NameHit(entities[pk], name, definition, as_html(found)))
    return hits


# --- facts ----------------------------------------------------------------------------------
def _ranked_facts(units: list[Unit], subjects: list[int], limit: int, offset: int) -> tuple[list[int], int]:
    """The ids of one page of listed facts, and the number of all."""
    hits, hit_params = _facts_with_all(units)
    listed, listed_params = _sql(Fact.objects.listed().filter(pk=RawSQL("hit.id", [])).order_by().values("pk"))
    # Asked of each hit, as a value: PostgreSQL would turn an EXISTS into a join of every check there is.
    lifted = ", ".join(["%s"] * len(subjects)) or "NULL"
    rows = _execute(
        f"SELECT hit.id, COUNT(*) OVER () FROM ({hits}) hit JOIN relations_fact f ON f.id = hit.id "  # noqa: S608
        f"LEFT JOIN relations_entity e ON e.slug = f.subject_id AND e.id IN ({lifted}) WHERE ({listed}) = hit.id "
        f"ORDER BY CASE WHEN e.id IS NULL THEN 1 ELSE 0 END, CASE f.modality WHEN 'fact' THEN 0 ELSE 1 END, "
        f"COALESCE(hit.score, 0), f.date_sort DESC, f.ref "
        f"LIMIT %s OFFSET %s",
        [*hit_params, *subjects, *listed_params, limit, offset],
    )
    if not rows and offset:  # past the last page: only their number is wanted
        return [], _ranked_facts(units, subjects, 1, 0)[1]
    return [row[0] for row in rows], rows[0][1] if rows else 0


def _facts_with_all(units: list[Unit]) -> Sql:
    """SQL that selects `id` and `score` of the facts that have each unit: in their words, or by what they are about."""
    plain = [unit for unit in units if not unit.entities]
    if len(plain) == len(units):
        return backend().matches(FACTS, units)
    sets = [_ids(backend().matches(FACTS, plain))] if plain else []
    sets += [_facts_with(unit) for unit in units if unit.entities]
    both = " INTERSECT ".join(f"SELECT id FROM ({one}) u{place}" for place, (one, _params) in enumerate(sets))  # noqa: S608
    scored, scored_params = backend().matches(FACTS, units, any_of=True)
    return (
        f"SELECT b.id, s.score FROM ({both}) b LEFT JOIN ({scored}) s ON s.id = b.id",  # noqa: S608
        [*(param for _one, params in sets for param in params), *scored_params],
    )


def _ids(matching: Sql) -> Sql:
    return f"SELECT id FROM ({matching[0]}) m", matching[1]  # noqa: S608


def _facts_with(unit: Unit) -> Sql:
    sql, params = _ids(backend().matches(FACTS, [unit]))
    places = ", ".join(["%s"] * len(unit.entities))
    return (
        f"{sql} UNION SELECT id FROM relations_fact WHERE subject_id IN ({places}) "  # noqa: S608
        f"UNION SELECT fact_id FROM relations_fact_partners WHERE entity_id IN ({places})",
        [*params, *(named.slug for named in unit.entities), *(named.pk for named in unit.entities)],
    )


def _sql(queryset: QuerySet) -> Sql:
    sql, params = queryset.query.get_compiler(connection=connection).as_sql()
    return sql, list(params)


def _fact_hits(ids: list[int], units: list[Unit]) -> list[FactHit]:
    if not ids:
        return []
    facts = Fact.objects.with_states().select_related("whose").in_bulk(ids)
    texts = {pk: (facts[pk].statement, facts[pk].value) for pk in ids if pk in facts}
    marked = backend().marked(FACTS, texts, units)
    return [FactHit(facts[pk], as_html(marked.get(pk, text)[0])) for pk, text in texts.items()]
