"""Whatever a batch has done to the content, its undo restores exactly, and the undo of that brings back."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from curation import revisions
from curation.importing import undoing
from curation.models import Batch
from quizzes.models import Question
from relations import deriving, grading
from relations.models import Alias, Entity, Fact, Source
from tests.curation.importing.importing import confirmed, previewed, problems_of
from tests.factories import AliasFactory, CitationFactory, FactFactory, SourceFactory, published_fact
from tests.quizzes import factories as questions

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("room")]

State = Batch.State
real = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
    max_examples=15,
    deadline=None,
)

TEXT = st.text("abcdé “’|=+-@ ", min_size=1, max_size=8)
ENTITIES = ("india", "japan", "quad", "abe", "acsa-ij", "new-state", "new-thing")
PARTNERS = ("india", "japan", "quad", "new-state")
SOURCES = ("daily", "weekly", "new-source")
FACTS = ("acsa-ij-001", "acsa-ij-002", "acsa-ij-003", "acsa-ij-004", "acsa-ij-005")
ANCHORS = {
    "daily/1": "signed the agreement in the capital",
    "daily/2": "agreed on a common plan",
    "daily/3": "three words here",
    "daily/4": "three words here",
}
CLEAR = "[clear]"


def some(*values: str) -> st.SearchStrategy[str]:
    """One of them, or a blank cell, or the token that clears."""
    return st.sampled_from(["", "", CLEAR, *values])


def several(*values: str) -> st.SearchStrategy[str]:
    lists = st.lists(st.sampled_from(values), max_size=3, unique=True).map(" | ".join)
    return st.one_of(st.just(""), st.just(CLEAR), lists)


def row(**cells: Any) -> st.SearchStrategy[dict[str, str]]:
    return st.fixed_dictionaries(
        {name: cell if isinstance(cell, st.SearchStrategy) else st.just(cell) for name, cell in cells.items()}
    )


def sheet(rows: st.SearchStrategy[dict[str, str]], key: str) -> st.SearchStrategy[list[dict[str, str]]]:
    return st.lists(rows, max_size=5, unique_by=lambda one: one[key] or repr(one))


SHEETS = {
    "sources": sheet(
        row(
            slug=st.sampled_from(SOURCES), title=TEXT, publisher=TEXT, kind=st.sampled_from(["blog", "treaty"]),
            authors=several("abe", "quad"), published=some("2024-08"), copy_of=some(*SOURCES),
            derived_from=several(*SOURCES), sha256=some("ab" * 32), note=TEXT,
        ),
        "slug",
    ),
    "passages": sheet(
        row(ref=st.sampled_from(list(ANCHORS)), source=st.sampled_from(SOURCES), number=some("4", "5"), label=TEXT),
        "ref",
    ),
    "entities": sheet(
        row(
            slug=st.sampled_from(ENTITIES), name=TEXT, kind=st.sampled_from(["", "country", "agreement"]),
            definition=some("What it is."), part_of=some(*ENTITIES), aliases=several("ACSA", "acsa", "Other", "Élan"),
        ),
        "slug",
    ),
    "facts": sheet(
        row(
            ref=st.sampled_from(["", *FACTS]), subject=st.sampled_from(ENTITIES[-3:]), statement=TEXT,
            modality=st.sampled_from(["", "fact", "expectation"]), whose=some("abe", "quad"),
            date=some("2020-09-09", "[..2024-08]"), property=some("cost", "host"), value=some("12", "japan"),
            partners=several(*PARTNERS, "made-here"), topics=several("defence", "trade", "made-here"),
            rank=st.sampled_from(["", "preferred", "deprecated"]), superseded_by=some(*FACTS), note=some("Said twice."),
            passage=some(*ANCHORS).filter(lambda one: one != CLEAR), stance=st.sampled_from(["", "mentions"]),
        ).map(lambda cells: cells | {"anchor": ANCHORS.get(cells["passage"], "")}),
        "ref",
    ),
    "citations": sheet(
        row(
            fact=st.sampled_from(FACTS), passage=st.sampled_from(list(ANCHORS)), stance=some("contradicts"),
            reading=some("The year is that of the page."),
        ).map(lambda cells: cells | {"anchor": ANCHORS[cells["passage"]]}),
        "fact",
    ),
    "questions": sheet(
        row(
            ref=st.sampled_from(["", "Q-0001", "Q-0007"]), kind=st.sampled_from(["", "single"]), stem=TEXT,
            topics=several("defence", "made-here"), part=some("Q-0001/a", "Q-0001/b").filter(lambda one: one != CLEAR),
            fact=st.sampled_from(FACTS), span=some("signed"), replacement=some("met"),
        ),
        "ref",
    ),
}  # fmt: skip
WORKBOOKS = st.fixed_dictionaries(SHEETS)
CREATE = st.sampled_from([{}, {"names": "country", "topics": True}])


def content() -> None:
    """Something of every kind, with what an import may change on it."""
    weekly = SourceFactory(slug="weekly")
    weekly.authors.set(Entity.objects.filter(slug="abe"))
    weekly.derived_from.set(Source.objects.filter(slug="daily"))
    AliasFactory(entity=Entity.objects.get(slug="acsa-ij"), name="acsa")
    AliasFactory(entity=Entity.objects.get(slug="japan"), name="Nippon")
    subject = Entity.objects.get(slug="acsa-ij")
    one = published_fact(ref="acsa-ij-001", subject=subject, statement="They signed it in 2020.")
    FactFactory(ref="acsa-ij-002", subject=subject, partners=[Entity.objects.get(slug="india")], superseded_by=one)
    cited = FactFactory(ref="acsa-ij-003", subject=subject, note="Old.")
    CitationFactory(fact=cited)
    questions.draft("", "2021", facts=[one, published_fact(statement="They signed another in 2020.")], ref="Q-0001")


def dump() -> list[str]:
    """The whole content by natural keys, and what no dump has: evidence."""
    out = io.StringIO()
    call_command("dumpdata", "relations", "quizzes", natural_primary=True, natural_foreign=True, stdout=out)
    rows = sorted(json.dumps(row, sort_keys=True) for row in json.loads(out.getvalue()))
    return rows + [f"{ref} {grade}" for ref, grade in Fact.objects.order_by("ref").values_list("ref", "evidence")]


def found_wrong() -> list[Any]:
    """What is kept computed and is not as it would be computed today."""
    wrong: list[Any] = [*deriving.differences(), *grading.refresh()]
    for model in (Fact, Source, Entity, Question):
        kept = model.objects.filter(version__gt=1).values_list("pk", flat=True)  # those whose history has begun
        wrong += revisions.record_many(model, kept, by="x")
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            for model in (Fact, Entity, Alias):
                name = f"{model._meta.db_table}_search"
                cursor.execute(f"INSERT INTO {name} ({name}, rank) VALUES ('integrity-check', 1)")
    return wrong


@contextmanager
def rolled_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def undone(batch: Batch) -> Batch:
    made = undoing.plan(batch, by="mira")
    assert (made.state, made.problem) == (State.PREVIEW, "")
    assert (made.count("kept", "same", "rejected"), problems_of(made)) == (0, [])
    assert made.count("removed", "changed", "new") == batch.count("removed", "changed", "new") - folded(batch)
    confirmed(made)
    assert (made.state, made.problem, made.stale) == (State.APPLIED, "", [])
    return made


def folded(batch: Batch) -> int:
    """Rows that went in with another."""
    return batch.rows.filter(kind__in=["new", "changed"], before__isnull=True, after__isnull=True).count()


def test_undo_of_any_batch_restores_the_content_exactly():
    content()
    applied: list[int] = []

    @real
    @given(workbook=WORKBOOKS, create=CREATE)
    def check(workbook: dict[str, list[dict[str, str]]], create: dict[str, Any]) -> None:
        with rolled_back():
            before = dump()
            batch = previewed({name: rows for name, rows in workbook.items() if rows} or {"facts": []}, create=create)
            assume(batch.state == State.PREVIEW and batch.count("new", "changed"))
            confirmed(batch)
            assert (batch.state, batch.problem, batch.stale) == (State.APPLIED, "", [])
            applied.append(batch.count("new", "changed"))
            after = dump()
            first = undone(batch)
            assert dump() == before
            assert found_wrong() == []
            undone(first)
            assert dump() == after

    check()
    assert sum(applied) > 15
