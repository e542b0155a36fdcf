"""The number of queries grows with chunks of a thousand rows, not with rows; what is unchanged is not written."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from curation.importing import applying, batches, checking, undoing
from curation.models import Batch, Revision, Stamp
from relations.models import Citation, Entity, Fact
from tests.curation.importing.importing import kept
from tests.factories import PassageFactory, SourceFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("room")]

FEW, MANY = 100, 2_000
PER_CHUNK = 60  # at most so many for each further thousand rows, whatever is in them
WRITES = ("INSERT", "UPDATE", "DELETE", "COPY")


def facts(count: int, **cells: str) -> list[dict[str, str]]:
    """New facts with all that may be looked up: keys, names, blank references, later rows, names as values."""
    rows = []
    for number in range(count):
        row = {
            "ref": f"row-{number:05d}" if number % 3 else "",
            "subject": f"subject-{number % 50}", "statement": f"Number {number} was signed in the capital.",
            "date": f"{1900 + number % 100}", "partners": "Japan | india", "topics": "trade | defence",
            "property": "host", "value": f"subject-{number % 40}", "superseded_by": "",
            "passage": f"long/{number % 300}", "anchor": f"paragraph number {number % 300}",
        }  # fmt: skip
        if number % 10 == 1 and (number + 1) % 3:
            row["superseded_by"] = f"row-{number + 1:05d}" if number + 1 < count else ""
        rows.append(row | cells)
    return rows


@pytest.fixture(autouse=True)
def content(room):
    Entity.objects.bulk_create(Entity(slug=f"subject-{n}", name=f"Subject {n}", kind="agreement") for n in range(50))
    source = SourceFactory(slug="long")
    for number in range(300):
        text = f"This is paragraph number {number} of it."
        PassageFactory(source=source, ref=f"long/{number}", number=number + 1, words=text, text=text)


def counted(work: Callable[[], Any]) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        work()
    return [query["sql"] for query in captured]


def started(rows: Iterable[Any], target: str = "facts") -> Batch:
    return batches.start(kept(list(rows)), target=target, by="priya", on_site=False)


def checked(rows: Iterable[Any], target: str = "facts") -> tuple[Batch, list[str]]:
    batch = started(rows, target)
    queries = counted(lambda: checking.check(batch))
    assert (batch.state, batch.count("rejected")) == (Batch.State.PREVIEW, 0)
    return batch, queries


def applied(batch: Batch) -> list[str]:
    applying.confirm(batch, by="priya", on_site=False)
    queries = counted(lambda: applying.apply(batch))
    assert batch.state == Batch.State.APPLIED
    return queries


def forget() -> None:
    Revision.objects.all().delete()
    Citation.objects.all().delete()
    Fact.objects.update(superseded_by=None)
    Fact.objects.all().delete()


def grows_with_chunks(few: list[str], many: list[str]) -> bool:
    further = MANY // 1_000
    return len(many) <= len(few) + further * PER_CHUNK


def content_writes(queries: Iterable[str]) -> list[str]:
    """Statements that write a table of the content, as this and that database have it."""
    said = [query.replace('"', "") for query in queries if any(word in query.split("(")[0].upper() for word in WRITES)]
    return [
        one
        for one in said
        if any(f" {name}" in one for name in ("relations_", "quizzes_", "curation_stamp", "curation_revision"))
    ]


@pytest.mark.parametrize("kind", ["new", "changed"])
def test_queries_of_check_apply_and_undo_grow_with_chunks(kind):
    lengths = {}
    for count in (FEW, MANY):
        if kind == "changed":
            first, _queries = checked(facts(count))
            applied(first)
            rows = changes(count)
        else:
            rows = facts(count)
        batch, checking_it = checked(rows)
        assert batch.counts == {"facts": {kind: count}}
        applying_it = applied(batch)
        undo = undoing.plan(batch, by="priya", on_site=False)
        checking_undo = counted(lambda undo=undo: checking.check(undo))
        assert (undo.state, undo.count("kept")) == (Batch.State.PREVIEW, 0)
        lengths[count] = [checking_it, applying_it, checking_undo, applied(undo)]
        forget()
    assert [grows_with_chunks(*two) for two in zip(lengths[FEW], lengths[MANY], strict=True)] == [True] * 4


def changes(count: int) -> list[dict[str, str]]:
    """A change of each: of words, lists and citation."""
    refs = Fact.objects.order_by("ref").values_list("ref", "citations__passage__ref")
    return [
        {
            "ref": ref, "statement": f"It was signed in {number}.", "partners": "quad", "topics": "[clear]",
            "passage": passage, "reading": "From the heading.", "superseded_by": "",
        }
        for number, (ref, passage) in enumerate(refs)
    ]  # fmt: skip


def test_queries_of_new_names_grow_with_chunks():
    lengths = {}
    for count in (FEW, MANY):
        rows = [
            {"slug": f"n-{n}", "name": f"Name {n}", "kind": "meeting", "aliases": f"A {n} | B {n}", "part_of": "Quad"}
            for n in range(count)
        ]
        batch, checking_it = checked(rows, "entities")
        lengths[count] = [checking_it, applied(batch)]
        Entity.objects.filter(slug__startswith="n-").delete()
        Revision.objects.all().delete()
    assert [grows_with_chunks(*two) for two in zip(lengths[FEW], lengths[MANY], strict=True)] == [True] * 2


@pytest.mark.parametrize("count", [FEW, MANY])
def test_same_file_again_writes_no_content(count):
    rows = [row | {"ref": row["ref"] or f"blank-{number:05d}"} for number, row in enumerate(facts(count))]
    batch, _queries = checked(rows)
    applied(batch)
    stamp, versions = Stamp.read(), Revision.objects.count()
    again, queries = checked(rows)
    assert again.counts == {"facts": {"same": count}}
    assert content_writes(queries) == []
    assert (Stamp.read(), Revision.objects.count()) == (stamp, versions)


def test_rejected_rows_are_told_in_as_many_queries_as_there_are_chunks():
    lengths = {}
    for count in (FEW, MANY):
        batch = started(facts(count, topics="defense | trade", partners="indai", date="soon"))
        lengths[count] = counted(lambda batch=batch: checking.check(batch))
        assert batch.counts == {"facts": {"rejected": count}}
    assert grows_with_chunks(lengths[FEW], lengths[MANY])


def test_repeated_keys_are_told_in_as_many_queries_as_there_are_chunks():
    lengths = {}
    for count in (FEW, MANY):
        rows = [
            row | {"ref": f"row-{number % (count // 2)}", "superseded_by": ""}
            for number, row in enumerate(facts(count))
        ]
        batch = started(rows)
        lengths[count] = counted(lambda batch=batch: checking.check(batch))
        assert batch.counts == {"facts": {"rejected": count}}
    assert grows_with_chunks(lengths[FEW], lengths[MANY])


def test_bad_citations_refuse_their_facts_in_as_many_queries_as_there_are_chunks():
    lengths = {}
    for count in (FEW, MANY):
        refs = [f"row-{number:05d}" for number in range(count)]
        book = {
            "facts": [{"ref": ref, "subject": "acsa-ij", "statement": f"It is {ref}."} for ref in refs],
            "citations": [{"fact": ref, "passage": "daily/1", "anchor": "too few"} for ref in refs],
        }
        batch = batches.start(kept(book), target=batches.WORKBOOK, by="priya", on_site=False)
        lengths[count] = counted(lambda batch=batch: checking.check(batch))
        assert batch.counts == {"facts": {"rejected": count}, "citations": {"rejected": count}}
    assert grows_with_chunks(lengths[FEW], lengths[MANY])
