"""What is found, on whichever database the tests run: the same expectations hold on both."""

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations import AlterField, Migration
from django.db.models import F, Value
from django.db.models.functions import Concat
from django.db.models.signals import pre_migrate
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from curation import database
from relations.fields import NameField
from relations.models import Entity, Fact
from relations.search import finding, search
from relations.search import names as directory
from relations.search.indexes import FACTS
from relations.search.query import parse
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def acsa() -> Entity:
    entity = factories.EntityFactory(
        slug="acsa-ij", name="India–Japan reciprocal supply agreement", definition="Lets the two forces share fuel."
    )
    for name in ("ACSA", "RPSS", "Reciprocal Provision of Supplies and Services"):
        factories.AliasFactory(entity=entity, name=name)
    return entity


@pytest.fixture
def malabar() -> Entity:
    return factories.EntityFactory(slug="malabar", name="Exercise Malabar", kind="exercise")


def stated(statement: str, **kwargs) -> Fact:
    return factories.published_fact(statement=statement, **kwargs)


def found(text: str, **kwargs) -> list[str]:
    return [hit.fact.ref for hit in search(text, **kwargs).facts]


def shown(text: str) -> list[str]:
    return [str(hit.statement) for hit in search(text).facts]


def names(text: str) -> list[str]:
    return [hit.entity.slug for hit in search(text).names]


# --- words ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "query",
    [
        "2+2", "2 + 2 meeting", "2＋2", "G-4", "G4", "g 4", "India–Japan", "india-japan", "INDIA JAPAN", "Sao Paulo",
        "São", "meetings", "22.85", "US$ 22.85 billion", "“2+2 meeting”", '"India–Japan 2+2"', "the meeting", "2024-25",
        "co-operation", "cooperation",
    ],
)  # fmt: skip
def test_search_finds_words_however_they_are_written(query):
    fact = stated(
        "The India–Japan 2+2 meeting in São Paulo praised the G-4, their cooperation and US$ 22.85 billion in 2024–25."
    )
    stated("Nothing else is alike.")

    assert found(query) == [fact.ref]


@pytest.mark.parametrize("query", ["22", "“meeting 2+2”", "meeting abroad", "the abroad"])
def test_search_asks_for_every_word_and_for_phrases_in_order(query):
    stated("The India–Japan 2+2 meeting was held in Tokyo.")

    assert found(query) == []


def test_search_finds_the_value_but_not_the_private_note():
    fact = stated("The total is known.", property=factories.PropertyFactory(value_type="text"), value="Chandrayaan")
    stated("Another total is known.", note="Chandrayaan")

    assert found("chandrayaan") == [fact.ref]


def test_search_takes_names_in_capitals_for_words():
    fact = stated("Both sides work with WHO.")
    stated("Both sides work.")

    assert found("WHO") == [fact.ref]


def test_search_without_a_word_finds_nothing():
    stated("Both sides work.")

    for text in ("", "   ", "+-*", '"', "“”", "\x00"):
        assert (found(text), search(text).query.terms) == ([], ())


# --- aliases --------------------------------------------------------------------------------
@pytest.mark.parametrize("query", ["ACSA", "rpss", "“ACSA”", "Reciprocal Provision of Supplies and Services"])
def test_search_by_alias_leads_to_the_name_and_the_facts_about_it(acsa, query):
    about = stated("The pact entered into force in July 2021.", subject=acsa)
    stated("Trade grew.")
    results = search(query)

    assert [hit.entity for hit in results.names] == [acsa]
    assert [hit.fact for hit in results.facts] == [about]
    assert [[named.name for named in expansion.entities] for expansion in results.expansions] == [[acsa.name]]


def test_search_by_alias_and_word_asks_for_both(acsa):
    force = stated("The pact entered into force in July 2021.", subject=acsa)
    stated("The pact was signed in September 2020.", subject=acsa)
    stated("Another treaty entered into force.")

    assert found("when did ACSA enter into force") == [force.ref]


def test_search_by_alias_finds_facts_that_hold_another_of_the_names(acsa):
    fact = stated("Officials spoke of RPSS at the meeting.")

    assert found("acsa") == [fact.ref]


def test_search_by_own_name_expands_nothing(acsa):
    assert search("India–Japan reciprocal supply agreement").expansions == []


def test_search_by_partner_finds_facts_that_do_not_say_it():
    japan = factories.EntityFactory(slug="japan", name="Japan", kind="country")
    fact = stated("The two navies met.", partners=[japan])
    stated("The three navies met.")

    assert found("Japan navies") == [fact.ref]


def test_search_by_alias_of_two_names_means_either(acsa):
    other = factories.EntityFactory(slug="acsa-iu", name="India–US logistics agreement")
    factories.AliasFactory(entity=other, name="ACSA")
    one, two = stated("The first pact holds.", subject=acsa), stated("The other pact holds.", subject=other)

    assert sorted(found("ACSA holds")) == [one.ref, two.ref]
    assert sorted(names("ACSA")) == ["acsa-ij", "acsa-iu"]


# --- what may be shown ----------------------------------------------------------------------
def test_search_leaves_out_what_is_not_listed():
    listed = stated("Malabar one.")
    factories.FactFactory(statement="Malabar draft.")
    stated("Malabar deprecated.", rank="deprecated")
    lapsed = stated("Malabar lapsed.")
    Fact.objects.filter(pk=lapsed.pk).update(date="2019")

    results = search("malabar")

    assert ([hit.fact for hit in results.facts], results.count) == ([listed], 1)


def test_search_shows_a_fact_again_when_its_check_counts_again():
    fact = stated("Malabar was held off Goa.")
    Fact.objects.filter(pk=fact.pk).update(statement="Malabar was held off Kochi.")
    assert (found("goa"), found("kochi")) == ([], [])

    Fact.objects.filter(pk=fact.pk).update(statement="Malabar was held off Goa.")
    assert found("goa") == [fact.ref]


# --- order ----------------------------------------------------------------------------------
def test_search_puts_facts_about_the_name_before_facts_that_mention_it(malabar):
    mention = stated("Malabar, Malabar and again Malabar.", ref="a-1")
    about = stated("Ships of four navies joined in Exercise Malabar off Visakhapatnam.", subject=malabar, ref="z-1")

    assert found("malabar") == [about.ref, mention.ref]


def test_search_orders_equals_by_date_then_reference():
    for ref, date in (("b-1", "2020"), ("a-1", "2020"), ("c-1", "2021")):
        stated("Malabar was held.", ref=ref, date=date)

    assert found("malabar") == ["c-1", "a-1", "b-1"]


def test_search_pages_hold_each_fact_once_and_know_the_count():
    refs = {stated(f"Malabar number {n}.").ref for n in range(7)}
    pages = [found("malabar", limit=3, offset=offset) for offset in (0, 3, 6, 9)]

    assert [len(page) for page in pages] == [3, 3, 1, 0]
    assert set().union(*pages) == refs
    assert search("malabar", limit=3, offset=9).count == 7


def test_search_orders_names_whole_then_in_name_then_alias_then_definition(malabar):
    alias = factories.AliasFactory(entity__slug="naval", entity__name="Annual naval drill", name="Drill of Malabar")
    factories.EntityFactory(slug="kerala", name="Kerala", definition="Its coast is called Malabar.")
    factories.EntityFactory(slug="coast", name="Malabar", kind="place")

    assert names("malabar") == ["coast", "malabar", alias.entity.slug, "kerala"]


# --- hits -----------------------------------------------------------------------------------
def test_search_marks_hits_and_escapes_the_rest():
    stated("<script>alert(1)</script> & India–Japan “2+2” meetings, 2 of them.")

    assert shown("india japan 2+2 meeting") == [
        "&lt;script&gt;alert(1)&lt;/script&gt; &amp; <mark>India–Japan “2+2” meetings</mark>, 2 of them."
    ]


def test_search_marks_names_and_says_which_other_name_was_found(acsa):
    Entity.objects.filter(pk=acsa.pk).update(definition="Lets <b>two</b> forces share fuel.")
    (hit,) = search("fuel").names
    (called,) = search("RPSS").names

    assert (hit.name, hit.definition, hit.also) == (
        "India–Japan reciprocal supply agreement", "Lets &lt;b&gt;two&lt;/b&gt; forces share <mark>fuel</mark>.", "",
    )  # fmt: skip
    assert called.also == "<mark>RPSS</mark>"


# --- spelling -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("query", "corrected"),
    [("Malabr", "Malabar"), ("malbar exercises", "Malabar exercises"), ("exercise melabar", "exercise Malabar")],
)
def test_search_corrects_a_word_that_nothing_holds(malabar, query, corrected):
    fact = stated("Exercise Malabar began in 1992.", subject=malabar)
    results = search(query)

    assert (results.corrected, results.understood) == (corrected, query)
    assert [hit.fact for hit in results.facts] == [fact]


def test_search_corrects_a_misspelt_alias(acsa):
    assert (search("ACAS").corrected, names("ACAS")) == ("ACSA", ["acsa-ij"])


def test_search_keeps_what_was_typed_where_it_finds_something(malabar):
    stated("Malabr is a misspelling.")

    assert search("malabr").corrected is None


def test_search_gives_no_word_of_a_draft_away():
    factories.FactFactory(statement="Operation Nightingale is planned.")
    factories.FactFactory(statement="Operation Songbird is planned.", status="published")  # and never checked

    assert (search("Nightingal").corrected, search("Songbirt").corrected) == (None, None)


def test_search_offers_the_nearest_names_where_nothing_is_found(malabar):
    results = search("Malabar exercise in zanzibar")

    assert (results.count, results.names, [named.slug for named in results.nearest]) == (0, [], ["malabar"])


# --- the index follows every way of writing -----------------------------------------------
def indexed(text: str) -> list[int]:
    """Ids that the index of facts holds for `text`, listed or not."""
    sql, params = finding.backend().matches(FACTS, directory.resolve(parse(text)))
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return [row[0] for row in cursor.fetchall()]


def test_index_follows_save_update_bulk_and_delete():
    fact = stated("Tarang Shakti took place.")
    assert found("tarang") == [fact.ref]

    fact.statement = "Garuda Shakti took place."
    fact.save()
    assert indexed("tarang") == []
    assert indexed("garuda") == [fact.pk]

    Fact.objects.filter(pk=fact.pk).update(statement=Concat(Value("Yudh Abhyas, "), F("statement")))
    assert indexed("yudh garuda") == [fact.pk]

    made = Fact.objects.bulk_create([factories.FactFactory.build(subject=fact.subject, statement="Dharma Guardian.")])
    assert indexed("dharma") == [made[0].pk]

    Fact.objects.filter(pk=made[0].pk).delete()
    assert indexed("dharma") == []


def test_index_follows_raw_sql():
    fact = stated("Tarang Shakti took place.")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE relations_fact SET statement = 'Vajra Prahar took place.' WHERE id = %s", [fact.pk])

    assert (indexed("tarang"), indexed("vajra")) == ([], [fact.pk])


def test_index_follows_raw_sql_to_names(acsa):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE relations_alias SET name = 'Logistics Pact' WHERE name = 'RPSS'")
        cursor.execute("UPDATE relations_entity SET definition = 'Shared bunkering.' WHERE id = %s", [acsa.pk])

    assert (names("RPSS"), names("logistics pact"), names("bunkering")) == ([], ["acsa-ij"], ["acsa-ij"])


def test_index_follows_loaddata(tmp_path, acsa):
    fact = stated("Tarang Shakti took place.", subject=acsa)
    file = tmp_path / "all.json"
    call_command("dumpdata", "relations.entity", "relations.alias", "relations.fact", natural_foreign=True,
                 natural_primary=True, output=str(file), verbosity=0)  # fmt: skip
    file.write_text(file.read_text().replace("Tarang", "Vayu").replace("RPSS", "Logistics Pact"))
    call_command("loaddata", str(file), verbosity=0)

    assert (indexed("tarang"), indexed("vayu")) == ([], [fact.pk])
    assert names("logistics pact") == ["acsa-ij"]


def test_install_again_changes_nothing():
    fact = stated("Tarang Shakti took place.")
    database.install()
    database.install()

    assert found("tarang") == [fact.ref]


@pytest.mark.sqlite
def test_install_mends_an_index_that_missed_changes():
    """As after a migration that rebuilt the table: the triggers are gone, and rows were written without them."""
    stays, changes, goes = (factories.FactFactory(statement=f"{word} Shakti.") for word in ("Stays", "Changes", "Goes"))
    with connection.cursor() as cursor:
        for event in ("insert", "update", "delete"):
            cursor.execute(f"DROP TRIGGER relations_fact_search_{event}")
    Fact.objects.filter(pk=changes.pk).update(statement="Changed Prahar.")
    Fact.objects.filter(pk=goes.pk).delete()
    new = factories.FactFactory(statement="New Shakti.")
    database.install()

    assert sorted(indexed("shakti")) == sorted([stays.pk, new.pk])
    assert indexed("prahar") == [changes.pk]
    again = factories.FactFactory(statement="Again Shakti.")
    assert again.pk in indexed("shakti")


@pytest.mark.postgresql
def test_migration_can_alter_an_indexed_column():
    class Longer(Migration):
        operations = [AlterField("Alias", "name", NameField(sort="sort_key", max_length=250))]

    migration, relations = Longer("0099_longer", "relations"), apps.get_app_config("relations")
    pre_migrate.send(relations, app_config=relations, using="default", plan=[(migration, False)])
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE relations_alias ALTER COLUMN name TYPE varchar(250)")
    database.install()
    alias = factories.AliasFactory(name="RPSS")

    assert names("rpss") == [alias.entity.slug]


@pytest.mark.sqlite
def test_index_follows_insert_or_replace():
    alias = factories.AliasFactory(name="RPSS")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT OR REPLACE INTO relations_alias (id, entity_id, name, sort_key) VALUES (%s, %s, 'Pact', 'pact')",
            [alias.pk, alias.entity_id],
        )

    assert (names("rpss"), names("pact")) == ([], [alias.entity.slug])


# --- any text is safe -----------------------------------------------------------------------
HOSTILE = [
    "NEAR(a b)", "a NEAR/2 b", 'statement : "x"', "-malabar", "malabar*", '"', "'; DROP TABLE relations_fact; --",
    "\\", "a\x00b", "x" * 10_000, "word " * 2_000, "%s %(x)s", "AND OR NOT", "^malabar", "& | ! <->", "½ Ⅷ ﷺ",
    "\ud800", "{name}:x",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_search_takes_any_text(text):
    stated("Exercise Malabar began in 1992.")

    assert search(text).count in (0, 1)


@hypothesis_settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=80) | st.text(alphabet="malbrx 2+\"'()*-:^&|!<>\\%“”\x00\x02", max_size=40))
@example("malabar 2+2")
def test_search_takes_any_text_at_all(acsa, malabar, text):
    results = search(text)

    assert results.count == len(results.facts) == 0
    assert all(isinstance(hit.entity, Entity) for hit in results.names)
