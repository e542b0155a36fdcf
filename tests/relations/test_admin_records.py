"""The admin of everything but facts: lists, what rests on a record, grades that follow a source."""

import pytest
from django.contrib import admin
from django.urls import reverse

from relations.models import Entity, Fact, Passage, PassageText, Source
from tests.admin_forms import editor, filled
from tests.factories import (
    AliasFactory,
    CitationFactory,
    EntityFactory,
    FactFactory,
    PassageFactory,
    PropertyFactory,
    SideFactory,
    SourceFactory,
    TopicFactory,
    passage_of,
    published_fact,
)

pytestmark = pytest.mark.django_db


def make_source() -> None:
    PassageFactory(source=SourceFactory(copy_of=SourceFactory()))


def make_passage() -> None:
    CitationFactory()


def make_entity() -> None:
    AliasFactory(entity=EntityFactory(part_of=EntityFactory()))


def make_topic() -> None:
    TopicFactory(parent=TopicFactory())


def make_disagreement() -> None:
    side = SideFactory()
    SideFactory(disagreement=side.disagreement)
    side.disagreement.preferred = side.fact
    side.disagreement.save()


def make_check() -> None:
    published_fact()


@pytest.mark.parametrize("times", [1, 3, 30])
@pytest.mark.parametrize(
    ("address", "make", "queries"),
    [
        ("relations/source/", make_source, 8),
        ("relations/passage/", make_passage, 6),
        ("relations/entity/", make_entity, 6),
        ("relations/topic/", make_topic, 7),
        ("relations/property/", PropertyFactory, 6),
        ("relations/disagreement/", make_disagreement, 6),
        ("relations/check/", make_check, 6),
        ("curation/revision/", make_check, 7),
    ],
)
def test_list_takes_as_many_queries_for_any_number_of_rows(address, make, queries, times, django_assert_num_queries):
    client = editor("priya")
    for _ in range(times):
        make()
    with django_assert_num_queries(queries):
        response = client.get(f"/admin/{address}")
    assert response.status_code == 200


def test_every_model_is_in_the_admin_but_parts_and_texts():
    from django.apps import apps

    here = {model._meta.object_name for model in apps.get_app_config("relations").get_models()}
    missing = here - {model._meta.object_name for model in admin.site._registry}
    assert missing == {"Alias", "Citation", "PassageText", "Side"}


@pytest.mark.parametrize("name", ["source", "passage", "entity", "topic", "property", "disagreement", "fact"])
def test_form_for_adding_opens(name):
    assert editor("priya").get(reverse(f"admin:relations_{name}_add")).status_code == 200


# --- what rests on a record ---


def protected(client, obj) -> list[str]:
    response = client.post(reverse(f"admin:relations_{obj._meta.model_name}_delete", args=[obj.pk]), {"post": "yes"})
    assert response.status_code == 200
    return [str(line) for line in response.context["protected"]]


def link(fact: Fact, text: str) -> str:
    return f'<a href="/admin/relations/fact/{fact.pk}/change/">{text}</a>'


def test_cited_source_and_passage_are_kept_and_say_what_cites_them():
    citation, client = CitationFactory(), editor("priya")
    passage = citation.passage
    line = link(citation.fact, f"{citation.fact.ref} cites {passage.ref} (“{citation.anchor}”)")
    assert protected(client, passage) == [line]
    assert protected(client, passage.source) == [line]
    assert (Source.objects.count(), Passage.objects.count()) == (1, 1)


def test_selected_passages_are_kept_together_where_one_is_cited():
    citation, free, client = CitationFactory(), PassageFactory(), editor("priya")
    data = {"action": "delete_selected", "_selected_action": [citation.passage.pk, free.pk], "post": "yes"}
    response = client.post("/admin/relations/passage/", data)
    assert "Nothing was deleted." in response.content.decode()
    assert Passage.objects.count() == 2


def test_passage_that_nothing_cites_is_deleted_with_its_text():
    passage = PassageFactory(text="Words.")
    editor("priya").post(reverse("admin:relations_passage_delete", args=[passage.pk]), {"post": "yes"})
    assert (Passage.objects.count(), PassageText.objects.count()) == (0, 0)


def test_name_of_a_partner_is_kept():
    partner = EntityFactory(kind=Entity.Kind.COUNTRY)
    fact = FactFactory(partners=[partner])
    assert protected(editor("priya"), partner) == [link(fact, f"{fact.ref}: {fact.statement}")]


def test_topic_of_a_fact_is_kept():
    topic = TopicFactory()
    fact = FactFactory(topics=[topic])
    assert protected(editor("priya"), topic) == [link(fact, f"{fact.ref}: {fact.statement}")]


def test_long_list_of_what_rests_on_a_record_is_cut():
    topic = TopicFactory()
    for _ in range(53):
        FactFactory(topics=[topic])
    lines = protected(editor("priya"), topic)
    assert (len(lines), lines[-1]) == (51, "and 3 more")


# --- grades follow sources ---


def test_grade_follows_the_tier_of_the_source():
    source = SourceFactory(kind="press")
    fact = published_fact(source=source)
    client, url = editor("priya"), reverse("admin:relations_source_change", args=[source.pk])
    assert Fact.objects.get(pk=fact.pk).evidence == "one"
    client.post(url, filled(client.get(url)) | {"tier_override": "primary", "tier_reason": "The treaty, in a paper."})
    assert Fact.objects.get(pk=fact.pk).evidence == "primary"


def test_key_of_a_record_never_changes():
    source = SourceFactory()
    client, url = editor("priya"), reverse("admin:relations_source_change", args=[source.pk])
    response = client.post(url, filled(client.get(url)) | {"slug": "other", "title": "A better title"})
    assert response.status_code == 302
    source.refresh_from_db()
    assert (source.slug != "other", source.title) == (True, "A better title")


def test_autocomplete_finds_a_subject_by_its_other_name():
    subject = EntityFactory(name="Acquisition and Cross-Servicing Agreement")
    AliasFactory(entity=subject, name="ACSA")
    query = {"term": "acsa", "app_label": "relations", "model_name": "fact", "field_name": "subject"}
    answer = editor("asha", "author").get("/admin/autocomplete/", query).json()
    assert answer["results"] == [{"id": subject.slug, "text": subject.name}]


@pytest.mark.parametrize(
    ("given", "ref"),
    [({}, "mea/3"), ({"number": "7"}, "mea/7"), ({"number": "2"}, "mea/3"), ({"ref": "mea/box"}, "mea/box")],
)
def test_passage_is_named_after_its_source(given, ref):
    source = SourceFactory(slug="mea")
    PassageFactory(source=source, ref="mea/2")
    client = editor("priya")
    response = client.post("/admin/relations/passage/add/", {"source": source.pk, "role": "body", "ref": ""} | given)
    assert response.status_code == 302, response.context["errors"]
    assert Passage.objects.filter(source=source).exclude(ref="mea/2").get().ref == ref


def test_passage_with_the_key_of_another_source_is_refused():
    source = SourceFactory(slug="mea")
    response = editor("priya").post(
        "/admin/relations/passage/add/", {"source": source.pk, "role": "body", "ref": "mod/1"}
    )
    assert response.context["adminform"].form.errors == {
        "ref": ["“mod/1” does not begin with the key of its source: write mea/ and a number or a word."]
    }


def test_source_says_how_many_passages_it_has_and_leads_to_them():
    source = passage_of("The two sides met.").source
    PassageFactory(source=source)
    page = editor("priya").get(f"/admin/relations/source/{source.pk}/change/").content.decode()
    assert "2, of which 1 with their text" in page
    assert f'href="/admin/relations/passage/?source__id__exact={source.pk}"' in page
    assert f'href="/admin/relations/passage/add/?source={source.pk}"' in page


def test_autocomplete_tells_passages_apart_by_their_headings():
    PassageFactory(ref="mea/2", source__slug="mea", heading="Defence", label="4")
    found = editor("priya").get(
        "/admin/autocomplete/", {"app_label": "relations", "model_name": "citation", "field_name": "passage"}
    )
    assert [row["text"] for row in found.json()["results"]] == ["mea/2 · Defence · 4"]
