"""Real rows for tests: each factory makes the least that is valid, and nothing that surprises."""

from typing import Any

import factory
from factory.django import DjangoModelFactory

from relations import checking, grading, passages, publishing
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

AUTHOR, CHECKER, PUBLISHER = "alice", "bob", "charlie"


class EntityFactory(DjangoModelFactory):
    class Meta:
        model = Entity

    slug = factory.Sequence(lambda n: f"entity-{n}")
    name = factory.Sequence(lambda n: f"Entity {n}")
    kind = Entity.Kind.AGREEMENT


class AliasFactory(DjangoModelFactory):
    class Meta:
        model = Alias

    entity = factory.SubFactory(EntityFactory)
    name = factory.Sequence(lambda n: f"Alias {n}")


class TopicFactory(DjangoModelFactory):
    class Meta:
        model = Topic

    slug = factory.Sequence(lambda n: f"topic-{n}")
    name = factory.Sequence(lambda n: f"Topic {n}")


class PropertyFactory(DjangoModelFactory):
    class Meta:
        model = Property

    key = factory.Sequence(lambda n: f"property-{n}")
    name = factory.Sequence(lambda n: f"Property {n}")
    value_type = Property.ValueType.DATE
    date_means = Property.DateMeans.HAPPENED


class SourceFactory(DjangoModelFactory):
    class Meta:
        model = Source

    slug = factory.Sequence(lambda n: f"source-{n}")
    title = factory.Sequence(lambda n: f"Source {n}")
    publisher = "The Daily Example"
    kind = Source.Kind.PRESS
    url = factory.LazyAttribute(lambda source: f"https://example.org/{source.slug}")


class PassageFactory(DjangoModelFactory):
    """A passage with its text kept. `text=None` makes one whose text was never at hand."""

    class Meta:
        model = Passage
        skip_postgeneration_save = True

    class Params:
        words = "The two sides signed the agreement in the capital on a clear day."

    source = factory.SubFactory(SourceFactory)
    number = factory.Sequence(lambda n: n + 1)
    ref = factory.LazyAttribute(lambda passage: f"{passage.source.slug}/{passage.number}")
    digest = factory.LazyAttribute(lambda passage: passages.digest(passage.words) if passage.words else "")

    @factory.post_generation
    def text(self, create: bool, extracted: Any, **kwargs: Any) -> None:
        """Keep the text given as `text=…`; pass the same as `words=…` for its digest (see `passage_of`)."""
        if create and extracted:
            PassageText.objects.create(passage=self, text=extracted)


def passage_of(text: str, **kwargs: Any) -> Passage:
    """A passage whose kept text is `text`."""
    return PassageFactory(words=text, text=text, **kwargs)


class FactFactory(DjangoModelFactory):
    """A draft that rests on nothing yet."""

    class Meta:
        model = Fact
        skip_postgeneration_save = True

    subject = factory.SubFactory(EntityFactory)
    ref = factory.Sequence(lambda n: f"fact-{n:03d}")
    statement = factory.Sequence(lambda n: f"The parties signed agreement number {n}.")
    date = "2020-09-09"
    written_by = AUTHOR

    @factory.post_generation
    def topics(self, create: bool, extracted: Any, **kwargs: Any) -> None:
        if create and extracted:
            self.topics.set(extracted)

    @factory.post_generation
    def partners(self, create: bool, extracted: Any, **kwargs: Any) -> None:
        if create and extracted:
            self.partners.set(extracted)


class CitationFactory(DjangoModelFactory):
    class Meta:
        model = Citation

    fact = factory.SubFactory(FactFactory)
    passage = factory.LazyFunction(
        lambda: passage_of("The two sides signed the agreement in the capital on a clear day.")
    )
    anchor = "signed the agreement in the capital"


class DisagreementFactory(DjangoModelFactory):
    class Meta:
        model = Disagreement

    slug = factory.Sequence(lambda n: f"disagreement-{n}")
    question = factory.Sequence(lambda n: f"When was agreement number {n} signed?")


class SideFactory(DjangoModelFactory):
    class Meta:
        model = Side

    disagreement = factory.SubFactory(DisagreementFactory)
    fact = factory.SubFactory(FactFactory)


def published_fact(*, source: Source | None = None, checked_by: str = CHECKER, **kwargs: Any) -> Fact:
    """A fact that students see: one citation, checked against its kept text, then published."""
    fact = FactFactory(**kwargs)
    text = f"On that day the two sides signed the agreement in the capital, as paragraph {fact.pk} says."
    passage = passage_of(text, **({"source": source} if source else {}))
    citation = CitationFactory(fact=fact, passage=passage)
    checking.check_citation(citation, by=checked_by)
    return publishing.publish(fact, by=PUBLISHER)


def published_facts(count: int, *, source: Source | None = None, **kwargs: Any) -> list[Fact]:
    """As `published_fact`, `count` times in a few queries: for lists. Every second one is a view.

    Each is about a name of its own and rests on a passage of its own, in a source of its own unless one is given.
    """
    facts, citations = [], []
    for number in range(count):
        owner = {"modality": "view", "whose": EntityFactory(kind="person")} if number % 2 else {}
        given = {"subject": EntityFactory(), "status": "published", **owner, **kwargs}
        facts.append(FactFactory.build(**given))
        passage = PassageFactory(source=source or SourceFactory())
        citations.append(CitationFactory.build(fact=facts[-1], passage=passage))
    Fact.objects.bulk_create(facts)
    Citation.objects.bulk_create(citations)
    made = Citation.objects.select_related("fact", "passage").filter(fact__in=facts)
    Check.objects.bulk_create(
        Check(
            citation=citation,
            by=CHECKER,
            written_by=AUTHOR,
            basis="text",
            claim_digest=citation.fact.digest,
            passage_digest=citation.passage.digest,
            citation_digest=citation.digest,
        )
        for citation in made
    )
    grading.refresh()
    return [citation.fact for citation in made.order_by("fact")]
