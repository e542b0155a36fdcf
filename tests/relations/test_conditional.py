"""A repeat of an unchanged page answers 304, and a changed one never does."""

import pytest
from django.urls import reverse

from relations import conditional
from relations.models import Fact
from tests import factories

pytestmark = pytest.mark.django_db

PAGES = [
    "/", "/facts/", "/facts/acsa-ij-001/", "/facts/acsa-ij-001/history/", "/sources/", "/sources/statement/",
    "/names/", "/names/acsa-ij/", "/topics/", "/topics/defence/", "/disagreements/", "/how-we-check/", "/search/",
]  # fmt: skip


@pytest.fixture(autouse=True)
def fact() -> Fact:
    return factories.published_fact(
        ref="acsa-ij-001",
        subject=factories.EntityFactory(slug="acsa-ij"),
        source=factories.SourceFactory(slug="statement"),
        topics=[factories.TopicFactory(slug="defence")],
    )


@pytest.mark.parametrize("address", PAGES)
def test_repeat_is_not_modified(client, address):
    client.get(address)  # the first answer may set a cookie, which is part of what is asked
    first = client.get(address)

    repeat = client.get(address, headers={"if-none-match": first["ETag"]})

    assert (first.status_code, first["Cache-Control"]) == (200, "no-cache")
    assert (repeat.status_code, repeat.content) == (304, b"")


def test_head_has_the_same_tag(client):
    assert client.head("/facts/")["ETag"] == client.get("/facts/")["ETag"]


def test_change_of_content_is_modified(client, fact):
    tag = client.get("/facts/")["ETag"]
    Fact.objects.filter(pk=fact.pk).update(rank="preferred")

    assert client.get("/facts/", headers={"if-none-match": tag}).status_code == 200


@pytest.mark.parametrize(
    "other", [{"path": "/facts/?page=1"}, {"path": "/facts/", "headers": {"host": "localhost"}}, {"path": "/sources/"}]
)
def test_other_address_has_another_tag(client, other):
    assert client.get(**other).get("ETag") != client.get("/facts/")["ETag"]


def test_signed_in_reader_gets_no_tag(client, django_user_model):
    client.force_login(django_user_model.objects.create_user("edith"))

    response = client.get("/facts/")

    assert response.get("ETag") is None
    assert response["Cache-Control"] == "no-cache, private"


def test_page_with_a_message_gets_no_tag(client):
    client.cookies["messages"] = "anything"

    assert client.get("/facts/").get("ETag") is None


def test_home_of_one_who_practises_gets_no_tag(client):
    client.session.save()
    session = client.session
    session["attempt"] = "none"
    session.save()

    assert client.get(reverse("relations:home")).get("ETag") is None
    assert client.get("/facts/").get("ETag") is not None


def test_other_rule_for_checkers_has_another_tag(client, settings):
    before = client.get("/facts/")["ETag"]
    settings.SECOND_PERSON = "never"

    assert client.get("/facts/")["ETag"] != before


def test_new_day_has_another_tag(client, monkeypatch):
    before = client.get("/facts/")["ETag"]
    monkeypatch.setattr("curation.stamps.timezone.localdate", lambda: __import__("datetime").date(2040, 1, 1))

    assert client.get("/facts/")["ETag"] != before


def test_build_is_the_newest_file_of_the_program():
    assert conditional.build() == conditional.build()
    assert int(conditional.build()) > 0
