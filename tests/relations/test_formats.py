"""Facts as JSON and CSV."""

import csv
import io

import pytest

from relations.formats import COLUMNS, escaped
from relations.models import Fact
from tests import factories

pytestmark = pytest.mark.django_db


def rows(response) -> list[dict[str, str]]:
    text = b"".join(response).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def fact() -> Fact:
    japan = factories.EntityFactory(slug="japan", kind="country")
    india = factories.EntityFactory(slug="india", kind="country")
    return factories.published_fact(
        ref="acsa-ij-001",
        statement="=1+1, said the parties.",
        subject=factories.EntityFactory(slug="acsa-ij"),
        source=factories.SourceFactory(slug="statement"),
        partners=[japan, india],
    )


def test_csv_of_a_list_has_every_page(client):
    factories.published_facts(30)

    assert len(rows(client.get("/facts/?format=csv"))) == 30


def test_csv_row_has_the_columns_and_escapes_formulas(client, fact):
    (row,) = rows(client.get("/facts/?format=csv"))

    assert tuple(row) == COLUMNS
    assert row["statement"] == "'=1+1, said the parties."
    assert row["partners"] == "india | japan"
    assert row["sources"] == "statement"
    assert row["address"] == "http://testserver/facts/acsa-ij-001/"


def test_json_of_a_fact_has_its_citations(client, fact):
    data = client.get("/facts/acsa-ij-001/?format=json").json()

    (citation,) = data["citations"]
    assert data["statement"] == "=1+1, said the parties."
    assert (citation["source"], citation["basis"], citation["stance"]) == ("statement", "text", "supports")


def test_json_of_a_list_is_paged(client):
    factories.published_facts(30)

    data = client.get("/facts/?format=json&page=2").json()

    assert (data["count"], data["page"], data["pages"], len(data["facts"])) == (30, 2, 2, 5)


@pytest.mark.parametrize("number", [1, 3])
def test_csv_queries_do_not_grow(client, django_assert_num_queries, number):
    factories.published_facts(number)

    with django_assert_num_queries(8):
        b"".join(client.get("/facts/?format=csv"))


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1", "'=1"),
        ("+91", "'+91"),
        ("-5", "'-5"),
        ("@x", "'@x"),
        ("\tx", "'\tx"),
        ("'=1", "''=1"),
        ("'quoted'", "'quoted'"),
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_escape_can_be_taken_back(text, cell):
    assert escaped(text) == cell
