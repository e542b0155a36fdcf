"""Many rows written at once: triggers and indexes stand still meanwhile, and fit their tables at the end."""

import threading

import pytest
from django.db import connection, connections, transaction

from curation import database
from curation.importing.stored import writing
from curation.models import Stamp
from relations.models import Check, Citation, Fact
from relations.search import search
from tests.curation.importing.columns import own_columns, values
from tests.factories import (
    EntityFactory,
    FactFactory,
    published_fact,
)

pytestmark = pytest.mark.django_db


def triggers() -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' UNION ALL "
            "SELECT name, sql FROM sqlite_temp_master WHERE type = 'trigger'"
        )
        return dict(cursor.fetchall())


def index() -> list[tuple[int, str, str]]:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO relations_fact_search (relations_fact_search) VALUES ('integrity-check')")
        cursor.execute("SELECT rowid, statement, value FROM relations_fact_search ORDER BY rowid")
        return cursor.fetchall()


def what_the_index_should_be() -> list[tuple[int, str, str]]:
    return list(Fact.objects.order_by("pk").values_list("pk", "statement", "value"))


def write_facts() -> None:
    """One new, one changed, one deleted, one whose key moves."""
    changed, deleted, moved = Fact.objects.order_by("pk")[:3]
    names = own_columns(Fact)
    writing.insert(Fact, names, values([FactFactory.build(pk=900, subject=changed.subject)], names))
    writing.update(Fact, ["statement"], [(changed.pk, "Something quite unheard of.")])
    writing.delete(Fact, [deleted.pk])
    Fact.objects.filter(pk=moved.pk).update(id=950)


def test_set_wise_needs_a_transaction() -> None:
    connections["default"].in_atomic_block, was = False, connections["default"].in_atomic_block
    try:
        with pytest.raises(transaction.TransactionManagementError), database.set_wise("relations_fact"):
            pass
    finally:
        connections["default"].in_atomic_block = was


def test_set_wise_moves_the_stamp() -> None:
    FactFactory.create_batch(4)
    before = Stamp.read()
    with database.set_wise("relations_fact", "relations_citation"):
        write_facts()
    assert Stamp.read() > before


def test_what_is_written_set_wise_is_found() -> None:
    fact = published_fact(statement="The parties signed the pact of Nagoya.")
    with database.set_wise("relations_fact"):
        writing.update(Fact, ["statement"], [(fact.pk, "The parties signed the pact of Osaka.")])
    with connection.cursor() as cursor:  # the check lapsed with the words
        cursor.execute("UPDATE relations_check SET claim_digest = claim_digest")
    Check.objects.bulk_create([
        Check(
            citation=citation, by="b", basis="text", claim_digest=citation.fact.digest,
            passage_digest=citation.passage.digest, citation_digest=citation.digest,
        )
        for citation in Citation.objects.select_related("fact", "passage")
    ])  # fmt: skip
    assert (search("Osaka").count, search("Nagoya").count) == (1, 0)


@pytest.mark.sqlite
def test_set_wise_puts_triggers_and_index_right() -> None:
    FactFactory.create_batch(4)
    before = triggers()
    with database.set_wise("relations_fact", "relations_citation", "relations_check"):
        write_facts()
        assert {name for name in before if name not in triggers()} == {
            f"{name}_{event}"
            for name in ("stamp_relations_fact", "stamp_relations_citation", "stamp_relations_check",
                         "relations_fact_search")
            for event in ("insert", "update", "delete")
        }  # fmt: skip
        assert "append_only_relations_check" in triggers()
        assert index() != what_the_index_should_be()
    assert triggers() == before
    assert index() == what_the_index_should_be()
    write_facts_again = FactFactory()
    assert (write_facts_again.pk, write_facts_again.statement, "") in index()


@pytest.mark.sqlite
def test_set_wise_within_set_wise_is_the_outer_ones_business() -> None:
    FactFactory.create_batch(4)
    before = triggers()
    with database.set_wise("relations_fact"):
        with database.set_wise("relations_fact", "relations_alias"):
            write_facts()
        assert index() != what_the_index_should_be()
    assert triggers() == before
    assert index() == what_the_index_should_be()


@pytest.mark.sqlite
def test_set_wise_while_rows_are_being_read() -> None:
    """SQLite drops no table under a cursor that is still reading; none is dropped."""
    FactFactory.create_batch(4)
    with connection.cursor() as reading:
        reading.execute("SELECT id FROM relations_entity")
        reading.fetchone()
        for _again in range(2):
            with database.set_wise("relations_fact"):
                Fact.objects.update(statement="Something else.")
    assert index() == what_the_index_should_be()


class Failure(Exception):
    pass


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
def test_set_wise_that_fails_leaves_nothing_behind() -> None:
    FactFactory.create_batch(4)
    before, rows, stamp = triggers(), what_the_index_should_be(), Stamp.read()

    def fail() -> None:
        with transaction.atomic(), database.set_wise("relations_fact"):
            write_facts()
            raise Failure

    with pytest.raises(Failure):
        fail()
    assert (triggers(), index(), what_the_index_should_be(), Stamp.read()) == (before, rows, rows, stamp)

    with transaction.atomic(), database.set_wise("relations_fact"):
        write_facts()
    assert triggers() == before
    assert index() == what_the_index_should_be() != rows


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
def test_a_failure_that_is_caught_still_rolls_all_back() -> None:
    """Without its triggers the transaction must not be committed."""
    FactFactory.create_batch(4)
    before, rows = triggers(), what_the_index_should_be()
    with transaction.atomic():
        try:
            with database.set_wise("relations_fact"):
                write_facts()
                raise Failure
        except Failure:
            pass
    assert (triggers(), index(), what_the_index_should_be()) == (before, rows, rows)


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
def test_others_read_while_rows_are_written_set_wise() -> None:
    """They see what was before and then what is after, through statements prepared before either."""
    FactFactory.create_batch(4)
    old = len(what_the_index_should_be())
    seen: list[tuple[int, int]] = []
    problems: list[BaseException] = []
    ready, stop = threading.Event(), threading.Event()

    def read() -> None:
        try:
            with connection.cursor() as cursor:
                while not stop.is_set() or len(seen) < 2:
                    cursor.execute(
                        "SELECT (SELECT count(*) FROM relations_fact), (SELECT count(*) FROM relations_fact_search)"
                    )
                    if (pair := cursor.fetchone()) not in seen[-1:]:
                        seen.append(pair)
                    ready.set()
        except Exception as error:  # noqa: BLE001
            problems.append(error)
            ready.set()
        finally:
            connection.close()

    reader = threading.Thread(target=read)
    reader.start()
    ready.wait(10)
    names, subject = own_columns(Fact), EntityFactory()
    with transaction.atomic(), database.set_wise("relations_fact"):
        new = [FactFactory.build(pk=pk, subject=subject) for pk in range(1_000, 1_500)]
        writing.insert(Fact, names, values(new, names))
    stop.set()
    reader.join(10)
    assert not problems
    assert seen == [(old, old), (old + 500, old + 500)]


@pytest.mark.sqlite
def test_set_wise_measures_the_tables() -> None:
    FactFactory.create_batch(4)
    with database.set_wise("relations_fact"):
        write_facts()
    with connection.cursor() as cursor:
        cursor.execute("SELECT stat FROM sqlite_stat1 WHERE tbl = 'relations_fact'")
        assert {stat.split()[0] for (stat,) in cursor.fetchall()} >= {"4"}
        cursor.execute("PRAGMA analysis_limit")
        assert cursor.fetchone() == (0,)
