"""The admin of disagreements: their sides, and who may settle them by what."""

import pytest
from django.urls import reverse

from tests.admin_forms import editor, filled
from tests.factories import (
    DisagreementFactory,
    FactFactory,
    SideFactory,
    published_fact,
)

pytestmark = pytest.mark.django_db


def test_disagreement_with_a_preferred_stranger_is_refused():
    sides = [SideFactory()]
    disagreement = sides[0].disagreement
    sides.append(SideFactory(disagreement=disagreement))
    client = editor("priya")
    url = reverse("admin:relations_disagreement_change", args=[disagreement.pk])
    stranger = FactFactory()
    response = client.post(
        url, filled(client.get(url)) | {"preferred": stranger.pk, "state": "settled", "reason": "It is the text."}
    )
    assert response.context["inline_admin_formsets"][0].formset.non_form_errors() == [
        f"{stranger.ref} is preferred but is not one of the sides: add it below, or prefer another."
    ]


def test_settled_disagreement_asks_for_what_it_lacks_at_the_field():
    side = SideFactory()
    SideFactory(disagreement=side.disagreement)
    url, client = reverse("admin:relations_disagreement_change", args=[side.disagreement.pk]), editor("priya")
    response = client.post(url, filled(client.get(url)) | {"state": "settled"})
    assert response.context["adminform"].form.errors == {
        "preferred": ["A settled disagreement names the preferred fact: choose it."],
        "reason": ["A settled disagreement gives its reason: write why it is this fact."],
    }


def test_disagreement_is_settled_only_by_who_may():
    first = SideFactory()
    second = SideFactory(disagreement=first.disagreement, fact=published_fact())
    url = reverse("admin:relations_disagreement_change", args=[first.disagreement.pk])
    answer = {"preferred": second.fact.pk, "state": "settled", "reason": "The treaty says so."}

    author, publisher = editor("asha", "author"), editor("priya")
    refused = author.post(url, filled(author.get(url)) | answer)
    assert refused.context["adminform"].form.non_field_errors() == [
        "Your account may not settle disagreements: leave the state and the preferred fact as they are."
    ]
    assert publisher.post(url, filled(publisher.get(url)) | answer).status_code == 302
    first.disagreement.refresh_from_db()
    assert (first.disagreement.state, first.disagreement.preferred) == ("settled", second.fact)


@pytest.mark.parametrize(
    ("checker", "second_person", "settled"),
    [("alice", "key", False), ("alice", "never", True), ("bob", "key", True), ("", "key", False), ("", "never", True)],
)
def test_disagreement_is_settled_by_a_fact_that_a_second_person_checked(checker, second_person, settled, settings):
    settings.SECOND_PERSON = second_person
    fact = published_fact(written_by="alice", checked_by=checker) if checker else FactFactory(written_by="alice")
    side = SideFactory(fact=fact)
    SideFactory(disagreement=side.disagreement)
    url, client = reverse("admin:relations_disagreement_change", args=[side.disagreement.pk]), editor("priya")
    response = client.post(
        url, filled(client.get(url)) | {"preferred": fact.pk, "state": "settled", "reason": "The treaty says so."}
    )
    assert (response.status_code == 302) is settled
    if not settled:
        assert response.context["adminform"].form.errors == {
            "preferred": [
                f"{fact.ref} cannot settle it yet: someone other than the author of its wording must check one of "
                "its citations. Leave the disagreement open until then."
            ]
        }


def test_disagreement_has_two_sides_at_least():
    disagreement = DisagreementFactory()
    url = reverse("admin:relations_disagreement_change", args=[disagreement.pk])
    client = editor("priya")
    response = client.post(url, filled(client.get(url)))
    assert response.context["inline_admin_formsets"][0].formset.non_form_errors() == [
        "A disagreement has at least two sides: add the facts that cannot both be true."
    ]
