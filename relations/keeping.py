"""What the database and the history keep of the fact base; registered once, when the app is ready."""

from typing import Any

from django.db.models import Prefetch, QuerySet

from curation import consequences, database, groups, revisions
from relations import grading, search
from relations.models import (
    Alias,
    Check,
    Citation,
    Disagreement,
    Entity,
    Fact,
    Passage,
    PassageText,
    Property,
    Side,
    Source,
    Topic,
)

STAMPED = (Alias, Check, Citation, Disagreement, Entity, Fact, Passage, PassageText, Property, Side, Source, Topic)

_EDITED = ("fact", "citation", "source", "passage", "entity", "alias", "disagreement", "side")
_EXCHANGED = ("fact", "source", "passage", "entity", "topic")
_AUTHOR = [
    *(f"{action}_{model}" for model in _EDITED for action in ("view", "add", "change")),
    *("view_topic", "view_property", "view_check", "delete_citation", "delete_alias", "delete_side"),
    *(f"export_{model}" for model in _EXCHANGED),
]
_REVIEWER = ["check_citation", "attach_text"]
_PUBLISHER = [
    *("publish_fact", "settle_disagreement"),
    *(f"import_{model}" for model in _EXCHANGED),
    *(f"delete_{model}" for model in ("fact", "source", "passage", "entity", "disagreement")),
    *(f"{action}_{model}" for model in ("topic", "property") for action in ("add", "change", "delete")),
]


def register() -> None:
    for model in STAMPED:
        database.register(database.stamped(model._meta.db_table))
    for many in (Fact.topics, Fact.partners, Source.authors, Source.derived_from):
        database.register(database.stamped(many.through._meta.db_table))
    database.register(database.append_only(Check._meta.db_table, Check.FROZEN))
    revisions.register(Fact, queryset=_facts, snapshot=fact_snapshot, parts={Citation: "fact"})
    revisions.register(Source, queryset=_sources, snapshot=source_snapshot, key="slug")
    revisions.register(Entity, queryset=_entities, snapshot=entity_snapshot, key="slug", parts={Alias: "entity"})
    revisions.register(
        Disagreement, queryset=_disagreements, snapshot=disagreement_snapshot, key="slug", parts={Side: "disagreement"}
    )
    revisions.on_load(grading.refresh)
    consequences.watch(Fact, seen=Fact.objects.listed, words="statement")
    search.register()
    groups.register("relations", author=_AUTHOR, reviewer=_REVIEWER, publisher=_PUBLISHER)


def _facts() -> QuerySet[Fact]:
    citations = Citation.objects.select_related("passage").order_by("passage__ref")
    return Fact.objects.select_related("outcome", "superseded_by").prefetch_related(
        "partners", "topics", Prefetch("citations", citations)
    )


def fact_snapshot(fact: Fact) -> dict[str, Any]:
    return {
        "statement": fact.statement,
        "subject": fact.subject_id,
        "modality": fact.modality,
        "whose": fact.whose_id or "",
        "date": fact.date,
        "property": fact.property_id or "",
        "value": fact.value,
        "unit": fact.unit,
        "validity": fact.validity,
        "rank": fact.rank,
        "status": fact.status,
        "outcome": fact.outcome.ref if fact.outcome else "",
        "verdict": fact.verdict,
        "superseded_by": fact.superseded_by.ref if fact.superseded_by else "",
        "review_by": fact.review_by,
        "partners": [partner.slug for partner in fact.partners.all()],
        "topics": [topic.slug for topic in fact.topics.all()],
        "citations": [
            {
                "passage": citation.passage.ref,
                "anchor": citation.anchor,
                "stance": citation.stance,
                "reading": citation.reading,
            }
            for citation in fact.citations.all()
        ],
        "note": fact.note,
        "written_by": fact.written_by,
        "digest": fact.digest,
    }


def _sources() -> QuerySet[Source]:
    return Source.objects.select_related("copy_of").prefetch_related("authors", "derived_from")


def source_snapshot(source: Source) -> dict[str, Any]:
    names = (
        "title", "publisher", "byline", "kind", "tier_override", "tier_reason", "published", "date_known",
        "language", "rights", "url", "reliability", "sha256", "note",
    )  # fmt: skip
    return {name: getattr(source, name) for name in names} | {
        "authors": [author.slug for author in source.authors.all()],
        "copy_of": source.copy_of.slug if source.copy_of else "",
        "derived_from": [other.slug for other in source.derived_from.all()],
    }


def _entities() -> QuerySet[Entity]:
    return Entity.objects.select_related("part_of").prefetch_related("aliases")


def entity_snapshot(entity: Entity) -> dict[str, Any]:
    return {
        "name": entity.name,
        "kind": entity.kind,
        "definition": entity.definition,
        "part_of": entity.part_of.slug if entity.part_of else "",
        "aliases": sorted(alias.name for alias in entity.aliases.all()),
    }


def _disagreements() -> QuerySet[Disagreement]:
    return Disagreement.objects.select_related("preferred").prefetch_related("sides__fact")


def disagreement_snapshot(disagreement: Disagreement) -> dict[str, Any]:
    return {
        "question": disagreement.question,
        "state": disagreement.state,
        "kinds": [name for name in Disagreement.KINDS if getattr(disagreement, name)],
        "preferred": disagreement.preferred.ref if disagreement.preferred else "",
        "reason": disagreement.reason,
        "what_to_write": disagreement.what_to_write,
        "sides": [{"fact": side.fact.ref, "outcome": side.outcome} for side in disagreement.sides.all()],
    }
