"""The admin of facts: list, form, references, saving, and its history."""

import pytest
from django.urls import reverse
from django.utils import timezone

from curation import revisions
from relations import publishing
from relations.admin.states import State, with_state
from relations.models import Fact
from relations.refs import next_ref
from tests.admin_forms import editor, filled, said
from tests.factories import (
    EntityFactory,
    FactFactory,
    SideFactory,
    TopicFactory,
    passage_of,
    published_fact,
)

pytestmark = pytest.mark.django_db

LIST = "/admin/relations/fact/"


def change_url(fact: Fact) -> str:
    return reverse("admin:relations_fact_change", args=[fact.pk])


# --- the list ---


@pytest.mark.parametrize("rows", [1, 3, 30])
def test_fact_list_takes_seven_queries(rows, django_assert_num_queries):
    client = editor("priya")
    for _ in range(rows):
        published_fact(topics=[TopicFactory()], whose=EntityFactory(), modality="view")
    client.get(LIST)
    with django_assert_num_queries(7):
        response = client.get(LIST)
    assert response.context["cl"].result_count == rows


def facts_in_every_state() -> dict[State, Fact]:
    today = timezone.localdate()
    facts = {
        State.DRAFT: FactFactory(),
        State.WITHDRAWN: published_fact(),
        State.RECHECKING: published_fact(),
        State.DEPRECATED: published_fact(rank="deprecated"),
        State.DISPUTED: published_fact(),
        State.SUPERSEDED: published_fact(),
        State.NOT_IN_FORCE: published_fact(validity="2001/2002"),
        State.STANDING: published_fact(validity=f"{today.year}/.."),
    }
    publishing.withdraw(facts[State.WITHDRAWN], by="priya", why="Told twice.")
    Fact.objects.filter(pk=facts[State.RECHECKING].pk).update(statement="Other words.")
    SideFactory(fact=facts[State.DISPUTED])
    Fact.objects.filter(pk=facts[State.SUPERSEDED].pk).update(superseded_by=facts[State.STANDING])
    return facts


def test_each_state_is_named_and_filtered_by():
    facts = facts_in_every_state()
    client = editor("priya")
    assert {state: with_state(Fact.objects.all()).get(pk=fact.pk).state for state, fact in facts.items()} == {
        state: state.value for state in State
    }
    for state, fact in facts.items():
        response = client.get(LIST, {"state": state.value})
        assert [row.ref for row in response.context["cl"].result_list] == [fact.ref]
        assert str(state.label) in response.content.decode()


def test_state_standing_is_what_standing_returns():
    facts_in_every_state()
    named = with_state(Fact.objects.all()).filter(state=State.STANDING).values_list("ref", flat=True)
    assert list(named) == list(Fact.objects.standing().values_list("ref", flat=True))


def test_search_finds_a_fact_by_another_name_of_its_subject():
    subject = EntityFactory(name="Acquisition and Cross-Servicing Agreement")
    subject.aliases.create(name="RPSS")
    fact, _other = FactFactory(subject=subject), FactFactory()
    response = editor("priya").get(LIST, {"q": "rpss"})
    assert list(response.context["cl"].result_list) == [fact]


def test_facets_are_counted_only_when_asked():
    response = editor("priya").get(LIST)
    assert response.context["cl"].add_facets is False


# --- references ---


def new_fact(subject, **data) -> dict:
    management = {"citations-TOTAL_FORMS": "0", "citations-INITIAL_FORMS": "0"}
    base = {"subject": subject.slug, "statement": "The two sides signed it.", "modality": "fact", "rank": "normal"}
    return base | management | data


def test_reference_is_minted_from_the_subject_when_left_empty():
    subject = EntityFactory(slug="acsa-ij")
    FactFactory(ref="acsa-ij-003", subject=subject)
    response = editor("priya", "author").post(f"{LIST}add/", new_fact(subject))
    assert response.status_code == 302
    fact = Fact.objects.get(ref="acsa-ij-004")
    assert (fact.written_by, fact.status, fact.version) == ("priya", "draft", 1)


def test_reference_of_a_deleted_fact_is_not_given_again():
    subject = EntityFactory(slug="acsa-ij")
    fact = FactFactory(ref="acsa-ij-001", subject=subject)
    revisions.record(fact, by="alice")
    fact.delete()
    assert next_ref(subject) == "acsa-ij-002"


def test_reference_counts_only_numbers_of_its_own_subject():
    subject = EntityFactory(slug="acsa")
    FactFactory(ref="acsa-ij-009", subject=EntityFactory(slug="acsa-ij"))
    FactFactory(ref="acsa-old", subject=subject)
    assert next_ref(subject) == "acsa-001"


def test_reference_typed_by_an_editor_is_kept_and_must_be_free():
    subject = EntityFactory()
    client = editor("priya", "author")
    assert client.post(f"{LIST}add/", new_fact(subject, ref="my-own-1")).status_code == 302
    response = client.post(f"{LIST}add/", new_fact(subject, ref="my-own-1"))
    assert response.context["adminform"].form.errors == {"ref": ["Fact with this Reference already exists."]}


def test_reference_never_changes():
    fact = FactFactory()
    revisions.record(fact, by="alice")
    client = editor("priya")
    client.post(change_url(fact), filled(client.get(change_url(fact))) | {"ref": "other-001", "note": "Seen."})
    saved = Fact.objects.get(pk=fact.pk)
    assert (saved.ref, saved.note) == (fact.ref, "Seen.")


# --- saving ---


def saved_with(fact: Fact, client, **data) -> Fact:
    response = client.post(change_url(fact), filled(client.get(change_url(fact))) | data)
    if response.context and response.context.get("losses"):
        response = client.post(change_url(fact), filled(response))
    assert response.status_code == 302, response.context["errors"]
    return Fact.objects.get(pk=fact.pk)


def test_wording_belongs_to_who_last_changed_the_claim():
    fact = published_fact()
    client = editor("priya")
    assert saved_with(fact, client, note="Only a note.").written_by == "alice"
    assert saved_with(fact, client, statement="The two sides signed it at last.").written_by == "priya"


def test_save_keeps_the_reason_in_the_history():
    fact = published_fact()
    saved_with(fact, editor("priya"), note="Look again.", why="A reader wrote to us")
    newest = revisions.history(fact).first()
    assert (newest.by, newest.why, newest.data["note"]) == ("priya", "A reader wrote to us", "Look again.")


def test_change_that_takes_a_fact_from_students_shows_first_what_they_lose():
    fact, other = published_fact(), published_fact()
    client = editor("priya")
    written = {"statement": "They signed it.", "why": "Shorter", "note": "A note."}
    asked = client.post(change_url(fact), filled(client.get(change_url(fact))) | written)
    assert [(one.name, one.leaving) for one in asked.context["losses"]] == [("facts", ((fact.ref, fact.statement),))]
    assert Fact.objects.get(pk=fact.pk).statement == fact.statement
    assert {name: filled(asked)[name] for name in written} == written
    assert said(asked) == []

    response = client.post(change_url(fact), filled(asked), follow=True)
    assert said(response)[1] == (
        f"Students do not see {fact.ref} until a citation is checked for this wording. "
        f'<a href="{LIST}{fact.pk}/check/">Check its citations</a>'
    )
    fact.refresh_from_db()
    assert (fact.evidence, fact.statement) == ("unchecked", "They signed it.")
    assert Fact.objects.visible().get() == other


def test_more_lost_than_was_shown_is_shown_again():
    fact, client = published_fact(), editor("priya")
    data = filled(client.get(change_url(fact))) | {"statement": "They signed it.", "losses_shown": "of another change"}
    assert client.post(change_url(fact), data).status_code == 200
    assert Fact.objects.visible().get() == fact


def test_deprecated_rank_is_told_before_it_takes_a_fact_from_the_lists():
    fact, client = published_fact(), editor("priya")
    asked = client.post(change_url(fact), filled(client.get(change_url(fact))) | {"rank": "deprecated"})
    assert [one.leaving for one in asked.context["losses"]] == [((fact.ref, fact.statement),)]
    assert Fact.objects.get(pk=fact.pk).rank == "normal"


def test_citation_set_to_mentions_lowers_the_grade_at_once():
    fact = published_fact()
    saved_with(fact, editor("priya"), **{"citations-0-stance": "mentions"})
    fact.refresh_from_db()
    assert fact.evidence == "unchecked"


def test_checked_citation_of_a_published_fact_is_not_removed():
    """Its checks would go with it, and with them the history and the address of what students have read."""
    fact = published_fact()
    client = editor("priya")
    data = filled(client.get(change_url(fact))) | {"citations-0-DELETE": "on"}
    response = client.post(change_url(fact), data)
    formset = response.context["inline_admin_formsets"][0].formset
    assert formset.non_form_errors() == [
        f"{fact.citations.get().passage.ref} has been checked for this fact, and its history rests on that: "
        "keep it as “mentions”."
    ]


def test_anchor_that_the_passage_lacks_is_named():
    fact, client = FactFactory(), editor("priya")
    passage = passage_of("The envoys met in the old town hall.")
    row = {"citations-TOTAL_FORMS": "1", "citations-0-passage": passage.pk, "citations-0-stance": "supports"}
    data = filled(client.get(change_url(fact))) | row | {"citations-0-anchor": "met in the new hall"}
    response = client.post(change_url(fact), data)
    assert response.context["inline_admin_formsets"][0].formset.errors == [
        {"anchor": ["“met in the new hall” stands 0 times in this passage; choose words that stand there once."]}
    ]


# --- history ---


def test_history_shows_values_before_and_after():
    fact = published_fact(statement="The two sides signed the agreement in Delhi.")
    client = editor("priya")
    saved_with(fact, client, statement="The two sides signed the agreement in Tokyo.", why="Misread")
    response = client.get(f"{LIST}{fact.pk}/history/")
    entry = response.context["entries"][0]
    assert (entry["revision"].by, entry["revision"].why) == ("priya", "Misread")
    assert {change.label: change.pieces for change in entry["changes"]} == {
        "statement": [
            ("kept", "The two sides signed the agreement in "),
            ("removed", "Delhi."),
            ("added", "Tokyo."),
        ],
        "today's wording by": [("removed", "alice"), ("added", "priya")],
    }


@pytest.mark.parametrize("versions", [1, 3, 30])
def test_history_takes_eight_queries(versions, django_assert_num_queries):
    fact = FactFactory()
    for number in range(versions):
        fact.note = f"Note {number}"
        fact.save()
        revisions.record(fact, by="alice")
    client = editor("priya")
    with django_assert_num_queries(8):
        response = client.get(f"{LIST}{fact.pk}/history/")
    assert len(response.context["entries"]) == versions
