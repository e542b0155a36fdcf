"""The admin of facts: who may do what, and publishing, withdrawing and deleting."""

import pytest

from curation import revisions
from relations import publishing
from relations.models import Fact, Side
from tests.admin_forms import editor, said
from tests.factories import (
    CitationFactory,
    FactFactory,
    SideFactory,
    published_fact,
)

pytestmark = pytest.mark.django_db

LIST = "/admin/relations/fact/"


def act(client, action: str, *facts: Fact, **data):
    chosen = {"action": action, "_selected_action": [fact.pk for fact in facts], "index": "0"}
    return client.post(LIST, chosen | data, follow=True)


# --- publishing ---


def test_publish_names_what_blocks_each_row():
    bare, uncited = FactFactory(ref="a-001"), FactFactory(ref="a-002")
    CitationFactory(fact=uncited)
    ready = published_fact(ref="a-003")
    publishing.withdraw(ready, by="priya", why="Wait.")

    response = act(editor("priya"), "publish_facts", bare, uncited, ready)

    assert said(response) == [
        "a-001: It has no citation that supports it: add the passage it rests on.",
        "a-002: No supporting citation is checked: open the fact and check one against its passage.",
        "1 fact is published.",
    ]
    assert list(Fact.objects.published()) == [ready]


def test_withdraw_shows_first_what_students_lose_and_asks_why():
    seen, draft = published_fact(), FactFactory()
    client = editor("priya")

    page = act(client, "withdraw_facts", seen, draft)
    assert [(effect.kind, effect.leaving) for effect in page.context["effects"]] == [
        ("relations.fact", ((seen.ref, seen.statement),))
    ]
    assert Fact.objects.published().count() == 1

    unsaid = act(client, "withdraw_facts", seen, draft, confirmed="yes", why="")
    assert unsaid.context["form"].errors == {"why": ["This field is required."]}

    done = act(client, "withdraw_facts", seen, draft, confirmed="yes", why="Not a fact")
    assert said(done) == ["2 facts are withdrawn."]
    assert revisions.history(seen).first().why == "Not a fact"


# --- who may what ---


@pytest.mark.parametrize(
    ("group", "add", "check", "publish", "delete", "import_", "export"),
    [
        ("author", True, False, False, False, False, True),
        ("reviewer", True, True, False, False, False, True),
        ("publisher", True, True, True, True, True, True),
    ],
)
def test_three_groups_may_do_what_is_theirs(group, add, check, publish, delete, import_, export):
    client = editor("priya", group)
    citation = CitationFactory()
    fact = citation.fact

    listed = client.get(LIST)
    may = {
        "add": client.get(f"{LIST}add/").status_code == 200,
        "check": client.post(f"{LIST}{fact.pk}/check/{citation.pk}/").status_code != 403,
        "publish": "publish_facts" in listed.content.decode(),
        "delete": client.get(f"{LIST}{fact.pk}/delete/").status_code == 200,
        "import": client.get(f"{LIST}import/").status_code == 200,
        "export": client.get(f"{LIST}export/").status_code == 200,
    }
    assert may == {
        "add": add, "check": check, "publish": publish, "delete": delete, "import": import_, "export": export,
    }  # fmt: skip


def test_stranger_to_the_groups_sees_no_fact():
    from django.contrib.auth.models import User
    from django.test import Client

    client = Client()
    client.force_login(User.objects.create_user("walter", is_staff=True))
    assert client.get(LIST).status_code == 403


# --- deleting ---


def test_draft_is_deleted_with_its_checks():
    fact = published_fact()
    Fact.objects.filter(pk=fact.pk).update(status="draft")
    editor("priya").post(f"{LIST}{fact.pk}/delete/", {"post": "yes"})
    assert not Fact.objects.exists()


def test_published_fact_is_not_deleted_but_withdrawn():
    fact = published_fact()
    response = editor("priya").post(f"{LIST}{fact.pk}/delete/", {"post": "yes"})
    assert response.context["protected"] == [f"{fact.ref} was published, so its address stays: withdraw it instead."]
    assert Fact.objects.get() == fact


def test_side_of_a_disagreement_is_not_deleted():
    side = SideFactory()
    response = editor("priya").post(f"{LIST}{side.fact.pk}/delete/", {"post": "yes"})
    assert len(response.context["protected"]) == 1
    assert Side.objects.get() == side
