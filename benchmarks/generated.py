"""A database of generated facts: each published, with one citation and one check that counts."""

import datetime
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import call_command
from django.db import connection, transaction

from curation.digests import digest_of
from relations import grading
from relations.models import Check, Citation, Entity, Fact, Passage, Property, Source, Topic

COUNTRIES, ENTITIES, TOPICS, SOURCES, FACTS_PER_PASSAGE = 40, 247, 30, 300, 5
VERBS = ("signed", "reviewed", "extended", "discussed", "launched", "completed", "renewed", "joined")
PLACES = (  # each in 4% of the statements
    "Agra", "Ajmer", "Bhopal", "Chennai", "Cuttack", "Dehradun", "Gaya", "Guntur", "Hubli", "Imphal", "Indore",
    "Jaipur", "Kochi", "Kohima", "Kolkata", "Leh", "Madurai", "Mysuru", "Nagpur", "Patna", "Puri", "Ranchi", "Shimla",
    "Surat", "Ujjain",
)  # fmt: skip
CHUNK = 5_000


@contextmanager
def database(facts: int) -> Iterator[None]:
    """Make the tables, fill them if there are to be facts, and on a server drop the database afterwards."""
    on_server = connection.vendor != "sqlite"
    if on_server:
        name = connection.settings_dict["NAME"]
        connection.creation.create_test_db(verbosity=0, autoclobber=True)
    else:
        call_command("migrate", verbosity=0)
    try:
        if facts:
            began = time.perf_counter()
            with transaction.atomic():
                fill(facts)
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")
            print(f"{connection.vendor}: {facts:,} facts made in {time.perf_counter() - began:.0f} s\n")
        yield
    finally:
        if on_server:
            connection.creation.destroy_test_db(name, verbosity=0)


def fill(count: int) -> None:
    dice = random.Random(1)
    entities, topics, passages, prop = scenery(count, dice)
    through = {"partners": Fact.partners.through, "topics": Fact.topics.through}
    for start in range(0, count, CHUNK):
        numbers = range(start, min(start + CHUNK, count))
        facts = Fact.objects.bulk_create([fact(number, entities, prop, dice) for number in numbers])
        through["partners"].objects.bulk_create(
            through["partners"](fact_id=row.pk, entity_id=partner.pk)
            for row in facts
            for partner in dice.sample(entities[:COUNTRIES], 2)
        )
        through["topics"].objects.bulk_create(
            through["topics"](fact_id=row.pk, topic_id=dice.choice(topics).pk) for row in facts
        )
        citations = Citation.objects.bulk_create(
            Citation(fact=row, passage=passages[number // FACTS_PER_PASSAGE], anchor="the words that decide it")
            for number, row in zip(numbers, facts, strict=True)
        )
        Check.objects.bulk_create(
            Check(
                citation=citation,
                by="bob",
                written_by="alice",
                basis="text",
                claim_digest=row.claim_digest,
                passage_digest=citation.passage.digest,
                citation_digest=digest_of(["supports", ""]),
            )
            for row, citation in zip(facts, citations, strict=True)
        )
    grading.refresh()


def scenery(count: int, dice: random.Random) -> tuple[list[Entity], list[Topic], list[Passage], Property]:
    entities = Entity.objects.bulk_create(
        Entity(
            slug=f"entity-{number:03d}",
            name=f"Entity number {number}",
            kind="country" if number < COUNTRIES else "agreement",
            definition=f"The entity that has number {number}.",
        )
        for number in range(ENTITIES)
    )
    topics = Topic.objects.bulk_create(
        Topic(slug=f"topic-{number}", name=f"Topic {number}") for number in range(TOPICS)
    )
    kinds = list(Source.Kind.values)
    sources = Source.objects.bulk_create(
        Source(slug=f"source-{number}", title=f"Source {number}", publisher="Press", kind=dice.choice(kinds))
        for number in range(SOURCES)
    )
    passages = Passage.objects.bulk_create(
        (
            Passage(
                source=sources[number % SOURCES],
                ref=f"{sources[number % SOURCES].slug}/{number // SOURCES + 1}",
                number=number // SOURCES + 1,
                digest=f"{number:064d}",
            )
            for number in range(count // FACTS_PER_PASSAGE + 1)
        ),
        batch_size=CHUNK,
    )
    prop = Property.objects.create(key="signed-on", name="signed on", value_type="date", date_means="happened")
    return entities, topics, passages, prop


def fact(number: int, entities: list[Entity], prop: Property, dice: random.Random) -> Fact:
    day = datetime.date(2000, 1, 1) + datetime.timedelta(days=dice.randrange(9_700))
    subject = dice.choice(entities)
    return Fact(
        ref=f"{subject.slug}-{number:06d}",
        subject=subject,
        statement=f"{subject.name} {dice.choice(VERBS)} arrangement {number} on the {dice.choice(VERBS)} terms of "
        f"{PLACES[number % len(PLACES)]}.",
        date=day.isoformat(),
        property=prop,
        value=day.isoformat(),
        status="published",
        written_by="alice",
    )
