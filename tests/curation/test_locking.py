"""Two people save the same record: the second sees both versions and loses no word."""

import pytest
from django.http import QueryDict
from django.urls import reverse

from curation import locking, revisions
from curation.models import Revision
from relations.models import Citation, Entity, Fact
from tests.admin_forms import editor, filled
from tests.factories import AliasFactory, CitationFactory, EntityFactory, FactFactory, TopicFactory, passage_of

pytestmark = pytest.mark.django_db


def change_url(obj) -> str:
    return reverse(f"admin:relations_{obj._meta.model_name}_change", args=[obj.pk])


@pytest.fixture
def fact() -> Fact:
    fact = FactFactory(ref="acsa-ij-001", statement="The two governments signed the agreement in Delhi.")
    CitationFactory(fact=fact)
    revisions.record(fact, by="alice")
    return fact


@pytest.fixture
def meena(db):
    return editor("meena")


@pytest.fixture
def ravi(db):
    return editor("ravi")


def shown(response) -> dict[str, tuple]:
    """The conflict page's rows: name → (started, theirs, yours, what the form has)."""
    return {
        row.name: (row.started, row.theirs, row.yours, row.kept) for row in response.context["conflict"].differences
    }


def test_conflict_shows_three_states_and_keeps_what_was_typed(fact, meena, ravi):
    first, second = filled(meena.get(change_url(fact))), filled(ravi.get(change_url(fact)))
    meena.post(change_url(fact), first | {"statement": "The two governments signed the agreement in Tokyo."})

    response = ravi.post(change_url(fact), second | {"statement": "Both governments signed the agreement in Delhi."})

    assert response.status_code == 409
    assert shown(response) == {
        "statement": (
            "The two governments signed the agreement in Delhi.",
            "The two governments signed the agreement in Tokyo.",
            "Both governments signed the agreement in Delhi.",
            "yours",
        ),
        "written_by": ("alice", "meena", "alice", "theirs"),
    }
    fact.refresh_from_db()
    assert fact.statement == "The two governments signed the agreement in Tokyo."
    again = filled(response)
    assert (again["statement"], again["version_loaded"]) == ("Both governments signed the agreement in Delhi.", "2")
    html = response.content.decode()
    assert "<strong>meena</strong> saved it on" in html


def test_saving_again_after_a_conflict_is_a_decision(fact, meena, ravi):
    first, second = filled(meena.get(change_url(fact))), filled(ravi.get(change_url(fact)))
    meena.post(change_url(fact), first | {"note": "Meena was here."})
    conflict = ravi.post(change_url(fact), second | {"note": "Ravi was here."})

    response = ravi.post(change_url(fact), filled(conflict))

    assert response.status_code == 302
    fact.refresh_from_db()
    assert (fact.note, fact.version) == ("Ravi was here.", 3)
    history = revisions.history(fact).values_list("version", "by", "data__note")
    assert list(history) == [(3, "ravi", "Ravi was here."), (2, "meena", "Meena was here."), (1, "alice", "")]


def test_field_left_alone_follows_the_other_editor(fact, meena, ravi):
    topic, partner = TopicFactory(), EntityFactory(kind=Entity.Kind.COUNTRY)
    first, second = filled(meena.get(change_url(fact))), filled(ravi.get(change_url(fact)))
    meena.post(change_url(fact), first | {"date": "2020-09", "topics": [str(topic.pk)]})

    conflict = ravi.post(change_url(fact), second | {"note": "Only this is mine.", "partners": [str(partner.pk)]})
    ravi.post(change_url(fact), filled(conflict))

    fact.refresh_from_db()
    assert (fact.date, fact.note) == ("2020-09", "Only this is mine.")
    assert (list(fact.topics.all()), list(fact.partners.all())) == ([topic], [partner])


def test_refused_value_survives_a_conflict(fact, meena, ravi):
    first, second = filled(meena.get(change_url(fact))), filled(ravi.get(change_url(fact)))
    meena.post(change_url(fact), first | {"note": "Meena."})

    response = ravi.post(change_url(fact), second | {"date": "the ninth of September"})

    assert response.status_code == 409
    assert filled(response)["date"] == "the ninth of September"
    assert shown(response)["date"] == ("2020-09-09", "2020-09-09", "the ninth of September", "yours")


def test_citation_added_meanwhile_joins_the_form(fact, meena, ravi):
    mine, hers = passage_of("One more passage says so in five words."), passage_of("Her passage says it in words too.")
    first, second = filled(meena.get(change_url(fact))), filled(ravi.get(change_url(fact)))

    def added(data, passage, anchor):
        row = {"citations-TOTAL_FORMS": "2", "citations-1-passage": str(passage.pk), "citations-1-anchor": anchor}
        return data | row | {"citations-1-stance": "supports", "citations-1-fact": str(fact.pk)}

    meena.post(change_url(fact), added(first, hers, "says it in words"))
    conflict = ravi.post(change_url(fact), added(second, mine, "passage says so in"))
    assert conflict.status_code == 409

    assert ravi.post(change_url(fact), filled(conflict)).status_code == 302

    cited = Citation.objects.filter(fact=fact).order_by("pk").values_list("passage__ref", "anchor")
    assert list(cited)[1:] == [(hers.ref, "says it in words"), (mine.ref, "passage says so in")]


def test_citation_removed_meanwhile_stays_away_unless_it_was_edited(fact, meena, ravi):
    kept = fact.citations.get()
    first, second = filled(meena.get(change_url(fact))), filled(ravi.get(change_url(fact)))
    meena.post(change_url(fact), first | {"citations-0-DELETE": "on"})
    assert not fact.citations.exists()

    left_alone = ravi.post(change_url(fact), second | {"note": "Mine."})
    assert filled(left_alone)["citations-TOTAL_FORMS"] == "0"

    edited = ravi.post(change_url(fact), second | {"citations-0-reading": "“Wednesday” is 9 September."})
    ravi.post(change_url(fact), filled(edited))
    citation = fact.citations.get()
    assert (citation.passage, citation.reading) == (kept.passage, "“Wednesday” is 9 September.")


def test_form_without_a_version_is_never_saved(fact, meena):
    data = filled(meena.get(change_url(fact)))
    del data["version_loaded"]

    response = meena.post(change_url(fact), data | {"note": "Typed."})

    assert response.status_code == 409
    assert filled(response)["note"] == "Typed."
    fact.refresh_from_db()
    assert fact.note == ""


def test_record_without_parts_in_dicts_meets_too(meena, ravi):
    entity = EntityFactory(name="Acquisition and Cross-Servicing Agreement")
    AliasFactory(entity=entity, name="ACSA")
    revisions.record(entity, by="alice")
    first, second = filled(meena.get(change_url(entity))), filled(ravi.get(change_url(entity)))
    meena.post(change_url(entity), first | {"aliases-0-name": "RPSS"})

    conflict = ravi.post(change_url(entity), second | {"definition": "Lets armed forces share supplies."})
    ravi.post(change_url(entity), filled(conflict))

    entity.refresh_from_db()
    assert [alias.name for alias in entity.aliases.all()] == ["RPSS"]
    assert entity.definition == "Lets armed forces share supplies."


def test_unchanged_save_makes_no_revision(fact, meena):
    assert meena.post(change_url(fact), filled(meena.get(change_url(fact)))).status_code == 302
    assert Revision.objects.filter(ref=fact.ref).count() == 1


def test_lines_of_a_text_area_are_kept_with_line_feeds(fact, meena):
    data = filled(meena.get(change_url(fact)))
    meena.post(change_url(fact), data | {"note": "One.\r\nTwo."})
    fact.refresh_from_db()
    assert fact.note == "One.\nTwo."


def test_who_may_not_change_is_refused_before_anything_is_compared(fact):
    from django.contrib.auth.models import User
    from django.test import Client

    User.objects.create_user("visitor", is_staff=True)
    client = Client()
    client.force_login(User.objects.get(username="visitor"))
    assert client.post(change_url(fact), {"version_loaded": "9"}).status_code == 403


@pytest.mark.parametrize(("text", "version"), [("3", 3), ("", None), ("x", None), ("-1", None), ("٣", None)])
def test_version_loaded_reads_only_plain_numbers(text, version):
    assert locking.version_loaded(QueryDict(f"version_loaded={text}")) == version


def test_compare_without_a_started_state_keeps_all_that_was_written():
    (difference,) = locking.compare(None, {"a": 1, "b": 2}, {"a": 1, "b": 3})
    assert (difference.name, difference.kept, difference.both_changed) == ("b", "yours", False)
