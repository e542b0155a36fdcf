"""Rows written past the models are the rows that the models write."""

import datetime
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.db import DataError, IntegrityError, connection, models, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from curation.importing.stored import writing
from curation.models import Batch, Revision, Row, Upload, UploadPart
from relations.models import Alias, Check, Citation, Entity, Fact
from tests.curation.importing.columns import Rows, own_columns, values
from tests.factories import (
    CitationFactory,
    EntityFactory,
    FactFactory,
    PassageFactory,
    PropertyFactory,
    TopicFactory,
)

pytestmark = pytest.mark.django_db


def stored(model: type[models.Model], columns: Sequence[str] = ()) -> Rows:
    """The rows as the database has them, in its own types."""
    chosen = ", ".join(f'"{model._meta.get_field(name).column}"' for name in columns) or "*"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {chosen} FROM {model._meta.db_table} ORDER BY id")
        return cursor.fetchall()


def facts_to_come() -> list[Fact]:
    subject, owner, prop = EntityFactory(), EntityFactory(kind="person"), PropertyFactory()
    texts = ["Plain.", "Tab\tand line\nand \\ and \\N and “ű” and 𝄞 and 100% and ' and \".", "NULL", ""]
    dates = ["2020-09-09", "[2022-09..2024-08]", "", "2019~"]
    facts = [
        FactFactory.build(
            pk=pk,
            ref=f"fact-{pk}",
            subject=subject,
            statement=text or "Fourth.",
            date=date,
            note=text,
            version=pk,
            review_by="2030-01" if pk % 2 else "",
        )
        for pk, (text, date) in enumerate(zip(texts, dates, strict=True), start=101)
    ]
    facts[1].modality, facts[1].whose, facts[1].property, facts[1].value = Fact.Modality.VIEW, owner, prop, "x"
    facts[3].superseded_by_id = 101
    return facts


def same_as_bulk_create(rows: list[models.Model]) -> None:
    """Write `rows` both ways, and compare what the database then holds."""
    model, names = type(rows[0]), own_columns(type(rows[0]))
    with transaction.atomic():
        model._base_manager.bulk_create(rows)
        expected = stored(model)
        transaction.set_rollback(True)
    assert expected
    writing.insert(model, names, iter(values(rows, names)))


def test_inserted_facts_are_those_of_bulk_create() -> None:
    same_as_bulk_create(facts_to_come())
    assert Fact.objects.get(pk=102).whose.kind == "person"
    assert Fact.objects.get(pk=101).date_earliest == datetime.date(2020, 9, 9)


def test_inserted_citations_are_those_of_bulk_create() -> None:
    fact, passages = FactFactory(), PassageFactory.create_batch(2)
    same_as_bulk_create(
        [
            Citation(pk=7 + place, fact=fact, passage=passage, anchor="to the minute", reading="Wednesday" * place)
            for place, passage in enumerate(passages)
        ]
    )


def test_inserted_revisions_are_those_of_bulk_create() -> None:
    data: list[Any] = [{"b": 1, "a": ["“x”", None, True, 1.5]}, ["list"], "text \\ \t \n", None]
    at = datetime.datetime(2026, 11, 22, 9, 30, 0, 123456, tzinfo=datetime.timezone(datetime.timedelta(hours=5.5)))
    same_as_bulk_create(
        [
            Revision(pk=5 + place, kind="relations.fact", ref="r", version=place + 1, data=one or {}, by="ann", at=at)
            for place, one in enumerate(data)
        ]
    )
    assert [revision.data for revision in Revision.objects.order_by("pk")] == [*data[:3], {}]
    assert Revision.objects.get(pk=5).at == at


def test_inserted_rows_of_a_batch_are_those_of_bulk_create() -> None:
    batch = Batch.objects.create(target="facts", by="ann")
    same_as_bulk_create(
        [
            Row(
                pk=1, batch=batch, sheet="facts", number=2, last_number=3, kind="new", key="a", after={"x": ["1", True]}
            ),
            Row(
                pk=2,
                batch=batch,
                sheet="facts",
                number=4,
                last_number=4,
                kind=Row.Kind.SAME,
                key="",
                before={},
                notes=[],
            ),
        ]
    )
    assert stored(Row, ["before"])[0] == (None,)  # NULL, not JSON's null


def test_inserted_uuids_bytes_and_times_are_those_of_bulk_create() -> None:
    upload = Upload(pk=uuid.uuid4(), name="a.csv", size=2**40, by="ann", expires_at=timezone.now())
    same_as_bulk_create([upload])
    same_as_bulk_create([UploadPart(pk=1, upload=upload, number=1, data=b"\x00\\\t\xff")])
    citation = CitationFactory()
    same_as_bulk_create(
        [
            Check(
                citation=citation,
                by="ann",
                basis="page",
                address="https://x.example",
                seen_on=datetime.date(2026, 1, 2),
            )
        ]
    )


def test_insert_leaves_keys_and_generated_columns_to_the_database() -> None:
    fact, topics = FactFactory(), TopicFactory.create_batch(3)
    through = Fact.topics.through
    writing.insert(through, ["fact_id", "topic_id"], [(fact.pk, topic.pk) for topic in topics])
    assert set(fact.topics.all()) == set(topics)

    names = [field.attname for field in Citation._meta.concrete_fields]
    writing.insert(Citation, names, [(99, fact.pk, PassageFactory().pk, "three words here", "supports", "", "wrong")])
    assert Citation.objects.get(pk=99).digest != "wrong"


def test_insert_takes_rows_as_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """No more of them are held than one chunk."""
    monkeypatch.setattr(writing, "AT_ONCE", 10)
    fetched = 0

    def rows() -> Iterator[tuple[str, str, str, str]]:
        nonlocal fetched
        for fetched in range(1, 36):
            yield (f"key-{fetched}", "country", f"Name {fetched}", f"name {fetched}")

    table = writing._Table(Entity, "default")
    chunks = table.prepared(table.fields(["slug", "kind", "name", "sort_key"]), rows())
    assert [(len(chunk), fetched) for chunk in chunks] == [(10, 10), (10, 20), (10, 30), (5, 35)]


def test_insert_asks_once_for_each_chunk() -> None:
    names = ["slug", "kind", "name", "sort_key", "definition", "version"]
    counts = []
    for start, count in ((0, 100), (1_000, 4_100)):
        rows = ((f"e-{number}", "country", "N", "n", "", 0) for number in range(start, start + count))
        with CaptureQueriesContext(
            connection,
        ) as asked:
            writing.insert(Entity, names, rows)
        counts.append(len(asked))
    assert counts == ([1, 3] if connection.vendor == "sqlite" else [1, 1])


def test_insert_raises_what_django_raises() -> None:
    fact = FactFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        writing.insert(Entity, own_columns(Entity), values([fact.subject], own_columns(Entity)))
    with pytest.raises(IntegrityError), transaction.atomic():
        writing.insert(Citation, ["fact_id", "passage_id", "anchor", "stance", "reading"], [(1, 1, "", "supports", "")])
    assert Entity.objects.filter(pk=fact.subject.pk).exists()


@pytest.mark.postgresql
def test_insert_of_nul_raises_what_django_raises() -> None:
    with pytest.raises(DataError), transaction.atomic():
        writing.insert(Entity, ["slug", "kind", "name", "sort_key"], [("a", "country", "N\0", "n")])


def test_update_sets_what_is_named_and_nothing_else() -> None:
    fact, other, untouched = FactFactory(), FactFactory(), FactFactory()
    owner, before = EntityFactory(kind="person"), stored(Fact)[2]
    names = ["statement", "modality", "whose_id", "date", "date_earliest", "date_latest", "version"]
    day = datetime.date(2021, 2, 3)
    writing.update(
        Fact,
        names,
        [
            (fact.pk, "New\twords \\N.", "view", owner.slug, "2021-02-03", day, day, 7),
            (other.pk, "Others.", "fact", None, "", None, None, 8),
        ],
    )
    old_digest = fact.digest
    fact.refresh_from_db()
    assert values([fact], names) == [("New\twords \\N.", "view", owner.slug, "2021-02-03", day, day, 7)]
    assert fact.digest != old_digest
    assert Fact.objects.get(pk=other.pk).statement == "Others."
    assert stored(Fact)[2] == before
    assert untouched.pk == before[0]


def test_update_of_json_and_by_uuid() -> None:
    batch = Batch.objects.create(target="facts", by="ann")
    row = Row.objects.create(batch=batch, sheet="facts", number=2, last_number=2, kind="new", before={"a": 1})
    writing.update(Row, ["before", "after"], [(row.pk, None, {"é": ["x"]})])
    row.refresh_from_db()
    assert (row.before, row.after) == (None, {"é": ["x"]})

    upload = Upload.objects.create(name="a.csv", by="ann", expires_at=timezone.now())
    writing.update(Upload, ["size"], [(upload.pk, 5)])
    writing.update(Upload, ["name"], [])
    assert Upload.objects.get().size == 5


def test_delete_by_key_and_by_field(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "AT_ONCE", 2)
    facts, topic = FactFactory.create_batch(5), TopicFactory()
    for fact in facts:
        fact.topics.add(topic)
    first = [fact.pk for fact in facts[:3]]
    assert writing.delete(Fact.topics.through, iter(first), field="fact_id") == 3
    assert writing.delete(Fact, [*first, 10**6]) == 3
    assert list(Fact.objects.order_by("pk")) == facts[3:]
    assert list(topic.facts.order_by("pk")) == facts[3:]
    assert writing.delete(Entity, [facts[0].subject_id], field="slug") == 1


def test_new_keys_are_given_once() -> None:
    last = EntityFactory().pk
    first, second = writing.new_pks(Entity, 3), writing.new_pks(Entity, 2)
    assert first + second == list(range(last + 1, last + 6))
    assert EntityFactory().pk == last + 6
    assert writing.new_pks(Check, 2) == []


def test_new_keys_of_an_empty_table_are_given_once() -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DELETE FROM sqlite_sequence WHERE name = 'relations_alias'")
    first, second = writing.new_pks(Alias, 2), writing.new_pks(Alias, 1)
    assert len({*first, *second}) == 3
    assert second[0] == first[1] + 1
