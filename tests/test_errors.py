"""Our own error pages are the ones people get."""

import pytest
from django.test import Client


def templates(response) -> list[str]:
    return [template.name for template in response.templates][:1]


def test_body_too_large_is_answered_413(db, client: Client, settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    response = client.post("/practise/", "a=" + "b" * 100, content_type="application/x-www-form-urlencoded")
    assert (response.status_code, templates(response)) == (413, ["413.html"])


def test_unknown_host_is_answered_400(client: Client) -> None:
    response = client.get("/practise/", headers={"host": "elsewhere.example"})
    assert (response.status_code, templates(response)) == (400, ["400.html"])


def test_form_without_our_cookie_is_answered_403(db) -> None:
    response = Client(enforce_csrf_checks=True).post("/practise/")
    assert (response.status_code, templates(response)) == (403, ["403_csrf.html"])


def test_unknown_address_is_answered_404(db, client: Client) -> None:
    response = client.get("/no-such-page/")
    assert (response.status_code, templates(response)) == (404, ["404.html"])


@pytest.mark.parametrize("address", ["/facts/%00/", "/facts/a%00b/v1/", "/sources/%00/", "/names/%00/", "/topics/%00/"])
def test_nul_in_an_address_is_answered_404(db, client: Client, address: str) -> None:
    response = client.get(address)
    assert (response.status_code, templates(response)) == (404, ["404.html"])


def test_nul_in_a_cookie_is_answered_400(db, client: Client) -> None:
    assert client.get("/", headers={"cookie": r'sessionid="aaaaaaaaaaaa\000"'}).status_code == 400
