"""Our own error pages are the ones people get."""

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
