"""Who holds a row does not keep others from pointing at it: on PostgreSQL the two would wait for each other."""

import threading
import time

import pytest
from django.db import connection, transaction

from curation import locking
from relations import publishing
from relations.models import Citation, Fact
from tests import factories

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


def test_locked_fact_can_be_cited_meanwhile():
    fact, passage = factories.FactFactory(), factories.PassageFactory()
    refused: list[Exception] = []

    def cite() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '3s'")
            Citation.objects.create(fact=fact, passage=passage, anchor="signed the agreement")
        except Exception as error:  # noqa: BLE001 - told by the other thread
            refused.append(error)
        finally:
            connection.close()

    with transaction.atomic():
        locking.lock(fact)
        other = threading.Thread(target=cite)
        other.start()
        other.join()

    assert refused == []


def test_withdrawing_a_fact_waits_for_a_load_that_comes_to_that_fact_later():
    """The load holds the stamp from its first row on; who held the fact and waited for the stamp would bar its way."""
    fact = factories.published_fact()
    refused: list[Exception] = []

    def withdraw() -> None:
        try:
            publishing.withdraw(fact, by="esha", why="Being rewritten")
        except Exception as error:  # noqa: BLE001 - told by the other thread
            refused.append(error)
        finally:
            connection.close()

    with transaction.atomic():
        fact.subject.name = "Loaded anew"
        fact.subject.save()
        other = threading.Thread(target=withdraw)
        other.start()
        wait_until_someone_waits()
        Fact.objects.filter(pk=fact.pk).update(note="Loaded anew")
    other.join()

    fact.refresh_from_db()
    assert (refused, fact.status, fact.note) == ([], "withdrawn", "Loaded anew")


def wait_until_someone_waits() -> None:
    for _ in range(100):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.05)
    raise AssertionError("Nobody waits for a lock.")
