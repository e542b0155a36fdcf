"""What was imported, exported and imported again is the same: a fixed point, for any table of text."""

import io
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.core.files.base import ContentFile
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from curation.importing import batches, checking, exporting, tasks, uploads
from curation.importing.reading import open_table
from curation.importing.resources import sheets
from curation.models import Batch, Revision, Stamp
from relations.models import Entity, Fact, Source
from tests.curation.importing.importing import BY, confirmed, previewed
from tests.factories import CitationFactory, EntityFactory, FactFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("room")]

ANCHORS = {"daily/1": "signed the agreement in the capital", "daily/2": "agreed on a common plan"}

PIECES = [
    "=", "+", "-", "@", "'", '"', "\n", "\r\n", "\t", ",", ";", "|", " | ", "\\", "[clear]", "[example]", "_x0041_",
    "=1+1", "'=x", "''", "\\|", '""', "1", "2020-09-09", "00012", "1e5", "TRUE", "NULL", " ", "\u00a0", "\u2028",
    "\u200b", "\ufeff", "שלום", "\u202eabc\u202c", "é", "e\u0301", "भारत", "\U0001f91d", "<b>&amp;", "sep=,",
    "reason", "x",
]  # fmt: skip
texts = st.lists(
    st.sampled_from(PIECES) | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=4), max_size=5
)
texts = texts.map("".join)
said = texts.map(lambda text: f"{text} signed")
named = st.tuples(texts, st.integers(0, 999)).map(lambda pair: f"{pair[0]}{pair[1]}")
names = st.lists(texts, max_size=3).map(" | ".join)
countries = st.lists(st.sampled_from(["india", "japan", "quad"]), max_size=3).map("|".join)
subjects = st.lists(st.sampled_from(["defence", "trade"]), max_size=2).map(" | ".join)

entities = st.fixed_dictionaries(
    {"slug": st.sampled_from(["a", "b", "india"]), "name": named, "kind": st.just("concept")},
    optional={"definition": texts, "aliases": names, "part_of": st.sampled_from(["", "quad", "[clear]"])},
)
sources = st.fixed_dictionaries(
    {"slug": st.sampled_from(["s", "t"]), "title": named, "publisher": said, "kind": st.just("press")},
    optional={
        "byline": texts, "note": texts, "reliability": texts, "language": st.sampled_from(["", "hi", "en"]),
        "authors": st.sampled_from(["", "abe", "abe | india"]), "derived_from": st.sampled_from(["", "daily", "s"]),
        "date_known": texts, "url": st.sampled_from(["", "https://example.org/?a=b&c"]),
    },
)  # fmt: skip
topics = st.fixed_dictionaries(
    {"slug": st.sampled_from(["p", "q", "trade"]), "name": named},
    optional={"parent": st.sampled_from(["", "defence", "p"]), "syllabus": texts, "description": texts},
)
citations = st.lists(
    st.tuples(st.sampled_from(list(ANCHORS)), texts, st.sampled_from(["", "mentions"])),
    max_size=2,
    unique_by=lambda one: one[0],
)
facts = st.tuples(
    st.fixed_dictionaries(
        {"ref": st.sampled_from(["a-1", "b-2", ""]), "subject": st.just("acsa-ij"), "statement": said},
        optional={
            "note": texts, "property": st.just("motto"), "value": named, "partners": countries, "topics": subjects,
            "date": st.sampled_from(["", "2020-09-09", "[..2024-08]", "[clear]"]),
        },
    ),
    citations,
).map(lambda pair: lines_of(*pair))  # fmt: skip
questions = st.tuples(
    st.fixed_dictionaries(
        {"ref": st.sampled_from(["Q-0001", "Q-0007", ""]), "stem": said}, optional={"explanation": texts}
    ),
    st.lists(st.sampled_from(["f-1", "f-2"]), max_size=2, unique=True),
).map(lambda pair: [pair[0], *({"ref": pair[0]["ref"], "fact": fact} for fact in pair[1])])


def by_key(record):
    """A key twice would have both rows rejected, and little be left to come back."""
    row = record[0] if isinstance(record, list) else record
    return row.get("slug", row.get("ref"))


def lines_of(fact, cited):
    parts = [
        {"passage": passage, "anchor": ANCHORS[passage], "reading": reading, "stance": stance}
        for passage, reading, stance in cited
    ]
    first, *further = parts or [{}]
    return [fact | first, *({"ref": fact["ref"]} | part for part in further)]


some = settings(
    max_examples=12,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@contextmanager
def undone() -> Iterator[None]:
    """What an example writes is gone before the next."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def exported(sheet, file_format="csv"):
    of = sheets()[sheet]
    return b"".join(exporting.export(of, of.resource.model._default_manager.all(), file_format))


def read_again(data, name, target):
    upload = uploads.keep(ContentFile(data, name=name), by=BY)
    batch = batches.start(upload, target=target, by=BY)
    if batch.state == Batch.State.WAITING:
        tasks.work(checking.check, batch.pk)
        batch.refresh_from_db()
    return batch


def check_fixed_point(sheet):
    """An export read again is all the same, writes nothing, and is exported as it was."""
    data, stamp, revisions = exported(sheet), Stamp.read(), Revision.objects.count()
    for file_format in ("csv", "xlsx"):
        batch = read_again(exported(sheet, file_format), f"{sheet}.{file_format}", sheet)
        assert (batch.state, batch.problem) == (Batch.State.PREVIEW, "")
        records = sheets()[sheet].resource.model._default_manager.count()
        found = list(batch.rows.exclude(kind="same").values("number", "kind", "before", "after", "problems"))
        assert found == []
        assert batch.counts == ({sheet: {"same": records}} if records else {})
    assert (exported(sheet), Stamp.read(), Revision.objects.count()) == (data, stamp, revisions)


def import_any(rows, sheet):
    """What can be imported of the rows is; the others are rejected, which is not what is asked here."""
    batch = previewed(rows, sheet)
    if batch.count("new", "changed"):
        confirmed(batch)


@some
@given(st.lists(entities, min_size=1, max_size=3, unique_by=by_key))
@example([{"slug": "a", "name": "=1", "kind": "concept", "aliases": "\\ a | b\\\\ | =c | \\|"}])
@example([{"slug": "a", "name": "'\t=x", "kind": "concept", "definition": "'[clear]"}])
def test_any_table_of_names_is_a_fixed_point(rows):
    with undone():
        import_any(rows, "entities")
        check_fixed_point("entities")


@some
@given(st.lists(sources, min_size=1, max_size=3, unique_by=by_key))
def test_any_table_of_sources_is_a_fixed_point(rows):
    with undone():
        import_any(rows, "sources")
        check_fixed_point("sources")


@some
@given(st.lists(topics, min_size=1, max_size=3, unique_by=by_key))
def test_any_table_of_topics_is_a_fixed_point(rows):
    with undone():
        import_any(rows, "topics")
        check_fixed_point("topics")


@some
@given(st.lists(facts, min_size=1, max_size=3, unique_by=by_key))
def test_any_table_of_facts_and_their_citations_is_a_fixed_point(records):
    with undone():
        import_any([line for lines in records for line in lines], "facts")
        check_fixed_point("facts")


@some
@given(st.lists(questions, min_size=1, max_size=3, unique_by=by_key))
def test_any_table_of_questions_and_their_parts_is_a_fixed_point(records):
    with undone():
        for ref in ("f-1", "f-2"):
            FactFactory(ref=ref)
        import_any([line for lines in records for line in lines], "questions")
        check_fixed_point("questions")


@pytest.mark.parametrize("note", ["a\r\nb", "a\rb", " a ", "a\n", " =a", " [clear]", "[clear]\r\n", "\t'=a"])
def test_text_that_a_form_has_stored_is_the_same_when_it_comes_back(note):
    """A file carries neither outer white space nor which kind of line end it was: that is no edit."""
    fact = FactFactory(note=note)
    CitationFactory(fact=fact, reading=note)
    Source.objects.update(note=note)
    check_fixed_point("facts")
    check_fixed_point("sources")
    assert Fact.objects.get(pk=fact.pk).note == note


def test_workbook_of_everything_is_a_fixed_point():
    CitationFactory(fact=FactFactory(ref="a-1", partners=Entity.objects.filter(slug="india")))
    EntityFactory(slug="x", name="=x")
    data = b"".join(
        exporting.workbook((sheet, sheet.resource.model._default_manager.all()) for sheet in sheets().values())
    )
    stamp = Stamp.read()
    batch = read_again(data, "all.xlsx", "workbook")
    assert (batch.state, batch.count("new", "changed", "rejected")) == (Batch.State.PREVIEW, 0)
    assert batch.counts["citations"] == {"same": 1}
    assert Stamp.read() == stamp


def test_table_of_an_export_has_no_problem_of_its_own():
    EntityFactory(slug="x", name="a\tb", definition='He said "no", and left; twice')
    for file_format in ("csv", "xlsx"):
        with open_table(io.BytesIO(exported("entities", file_format)), f"entities.{file_format}") as table:
            assert [line.problems for sheet in table.sheets() for line in sheet.lines if line.problems] == []
