"""Who holds a row does not keep others from pointing at it: on PostgreSQL the two would wait for each other."""

import threading

import pytest
from django.db import connection, transaction

from curation import locking
from relations.models import Citation
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
