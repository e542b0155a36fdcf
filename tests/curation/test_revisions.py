"""History: one snapshot of the aggregate for each change, however the change came."""

import io
import json

import pytest
from django.core.management import call_command
from django.db import connection

from curation import revisions
from curation.models import Revision, Stamp
from relations.models import Check, Citation, Fact
from tests import factories

pytestmark = pytest.mark.django_db


def versions(fact: Fact) -> list[tuple[int, str, str]]:
    return [(revision.version, revision.by, revision.data["statement"]) for revision in revisions.history(fact)]


def test_record_keeps_what_the_fact_was_and_counts_versions():
    fact = factories.FactFactory(statement="First wording.")
    revisions.record(fact, by="alice", why="Written")
    fact.statement = "Second wording."
    fact.save()
    revisions.record(fact, by="bob")

    assert versions(fact) == [(2, "bob", "Second wording."), (1, "alice", "First wording.")]
    assert (fact.version, Fact.objects.get(pk=fact.pk).version) == (2, 2)


def test_record_of_nothing_new_writes_nothing():
    fact = factories.FactFactory()
    revisions.record(fact, by="alice")

    assert revisions.record(fact, by="alice") is None
    assert (fact.version, Revision.objects.count()) == (1, 1)


def test_changed_citation_is_a_new_version_of_its_fact():
    citation = factories.CitationFactory()
    revisions.record(citation.fact, by="alice")
    Citation.objects.filter(pk=citation.pk).update(reading="The year is in the dateline.")
    revisions.record(citation.fact, by="alice")

    newest = revisions.history(citation.fact)[0]
    assert [entry["reading"] for entry in newest.data["citations"]] == ["The year is in the dateline."]


def test_revision_is_written_once():
    fact = factories.FactFactory()
    revision = revisions.record(fact, by="alice")
    revision.why = "Another reason."

    with pytest.raises(ValueError, match="is not rewritten"):
        revision.save()


def test_record_many_costs_the_same_for_one_and_three(django_assert_num_queries):
    pks = [factories.CitationFactory().fact.pk for _ in range(4)]

    with django_assert_num_queries(8):
        revisions.record_many(Fact, pks[:1], by="alice")
    with django_assert_num_queries(8):
        revisions.record_many(Fact, pks[1:], by="alice")


def test_snapshot_never_holds_the_text_of_a_passage():
    fact = factories.published_fact()
    text = fact.citations.get().passage.kept_text.text

    assert text not in json.dumps(revisions.history(fact)[0].data)


def dumped(*labels: str) -> str:
    out = io.StringIO()
    call_command("dumpdata", *labels, use_natural_foreign_keys=True, use_natural_primary_keys=True, stdout=out)
    return out.getvalue()


def test_dumpdata_leaves_out_what_never_ships():
    factories.published_fact()

    models = {row["model"] for row in json.loads(dumped())}
    assert models & {"relations.passagetext", "curation.revision", "curation.stamp"} == set()
    assert {"relations.fact", "relations.citation", "relations.check"} <= models


def test_loaddata_records_what_is_new_and_only_that(tmp_path):
    fact = factories.published_fact()
    fixture = tmp_path / "facts.json"
    fixture.write_text(dumped("relations"), encoding="utf-8")
    before = Revision.objects.count()

    call_command("loaddata", str(fixture), verbosity=0)
    kinds = Revision.objects.order_by("kind").values_list("kind", "by")[before:]
    assert versions(fact) == [(1, "charlie", fact.statement)]

    fixture.write_text(dumped("relations").replace(fact.statement, "Another wording."), encoding="utf-8")
    call_command("loaddata", str(fixture), verbosity=0)
    assert versions(fact)[0] == (2, "loaddata", "Another wording.")
    assert Fact.objects.get(pk=fact.pk).version == 2
    assert list(kinds) != []


def test_loaddata_refreshes_the_grade(tmp_path):
    fact = factories.published_fact()
    fixture = tmp_path / "facts.json"
    fixture.write_text(dumped("relations"), encoding="utf-8")
    Check.objects.all().delete()
    Fact.objects.update(evidence="unchecked")

    call_command("loaddata", str(fixture), verbosity=0)

    assert Fact.objects.get(pk=fact.pk).evidence == "one"


def test_loaddata_of_a_citation_alone_is_a_version_of_its_fact(tmp_path):
    fact = factories.published_fact()
    fixture = tmp_path / "citation.json"
    fixture.write_text(
        dumped("relations.citation").replace('"reading": ""', '"reading": "As headed."'), encoding="utf-8"
    )

    call_command("loaddata", str(fixture), verbosity=0)

    assert revisions.history(fact)[0].data["citations"][0]["reading"] == "As headed."


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE relations_fact SET note = 'x'",
        "UPDATE relations_passage SET heading = 'x'",
        "DELETE FROM relations_check",
        "UPDATE relations_source SET note = 'x'",
        "UPDATE relations_entity SET definition = 'x'",
    ],
)
def test_stamp_moves_with_raw_sql(sql):
    factories.published_fact()
    before = Stamp.read()

    with connection.cursor() as cursor:
        cursor.execute(sql)

    assert Stamp.read() > before


def test_stamp_moves_with_history_alone():
    before = Stamp.read()
    Revision.objects.create(kind="relations.fact", ref="fact-001", version=1, data={})

    assert Stamp.read() > before


def test_stamp_moves_with_many_to_many():
    fact = factories.FactFactory()
    topic = factories.TopicFactory()
    before = Stamp.read()
    fact.topics.add(topic)

    assert Stamp.read() > before
