"""A fixture that cannot be loaded says in our words which row breaks which rule; one that can is loaded quickly."""

import io
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.core.serializers.base import DeserializationError
from django.db import DatabaseError, connection

from curation.models import Revision, Stamp
from relations.models import Citation, Entity, Fact, Source
from relations.search import search
from tests import factories

pytestmark = pytest.mark.django_db

QUERIES = 43  # of one file, whatever the number of its rows


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"ref": "a/b"}, "relations.fact a/b: ref: “a/b” is not a key"),
        ({"statement": "x" * 401}, "relations.fact fact-001: statement: Ensure this value has at most 400 characters"),
        (
            {"modality": "view"},
            "relations.fact fact-001: A view or an expectation names whose it is; a fact has no owner.",
        ),
    ],
)
def test_invalid_row_is_named_with_its_rule(tmp_path: Path, values: dict[str, Any], message: str) -> None:
    factories.EntityFactory(slug="acsa-ij")
    fields = {"ref": "fact-001", "subject": ["acsa-ij"], "statement": "The parties signed it."} | values
    (tmp_path / "facts.json").write_text(json.dumps([{"model": "relations.fact", "fields": fields}]))

    with pytest.raises(CommandError, match=message):
        call_command("loaddata", tmp_path / "facts.json", verbosity=0)

    assert Fact.objects.count() == 0


# --- many rows at once -------------------------------------------------------------------------


def entity(slug: str, **fields: Any) -> dict[str, Any]:
    return {"model": "relations.entity", "fields": {"slug": slug, "name": slug.title(), "kind": "agreement"} | fields}


def fact(ref: str, **fields: Any) -> dict[str, Any]:
    values = {"ref": ref, "subject": ["acsa-ij"], "statement": f"The parties signed {ref}."} | fields
    return {"model": "relations.fact", "fields": values}


def citation(ref: str, passage: str, **fields: Any) -> dict[str, Any]:
    values = {"fact": [ref], "passage": [passage], "anchor": "signed the agreement in"} | fields
    return {"model": "relations.citation", "fields": values}


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., None]:
    """Load lists of rows, each from a file of its own."""

    def do(*files: list[dict[str, Any]], **options: Any) -> None:
        paths = []
        for number, rows in enumerate(files):
            paths.append(tmp_path / f"{number}.json")
            paths[-1].write_text(json.dumps(rows), encoding="utf-8")
        call_command("loaddata", *paths, verbosity=0, **options)

    return do


def versions(kind: str = "relations.fact") -> list[tuple[str, int]]:
    return list(Revision.objects.filter(kind=kind).order_by("ref", "version").values_list("ref", "version"))


@pytest.mark.parametrize("number", [1, 3])
def test_loading_asks_the_same_few_questions_of_any_number_of_rows(load, number, django_assert_num_queries):
    factories.PassageFactory(ref="note/1")
    rows = [entity("acsa-ij"), entity("japan", kind="country")]
    for one in range(number):
        rows += [fact(f"fact-{one}", partners=[["japan"]]), citation(f"fact-{one}", "note/1")]

    with django_assert_num_queries(QUERIES):
        load(rows)

    assert (Fact.objects.count(), Citation.objects.count(), len(versions())) == (number, number, number)
    assert Fact.partners.through.objects.count() == number


def test_loading_the_same_again_writes_nothing(load):
    factories.PassageFactory(ref="note/1")
    rows = [entity("acsa-ij"), fact("fact-1", partners=[["acsa-ij"]]), citation("fact-1", "note/1")]
    load(rows)
    stamp, revisions = Stamp.read(), Revision.objects.count()

    load(rows)

    assert (Stamp.read(), Revision.objects.count()) == (stamp, revisions)


def test_rows_may_stand_before_what_they_point_to(load):
    """Within a file each row knows every other; in a later file, what may be empty is set at the end."""
    factories.PassageFactory(ref="note/1")
    later = [fact("fact-2"), entity("japan", kind="country")]
    rows = [citation("fact-1", "note/1"), fact("fact-1", superseded_by=["fact-2"], partners=[["japan"]])]

    load([*rows, entity("acsa-ij")], later)

    loaded = Fact.objects.get(ref="fact-1")
    assert (loaded.superseded_by.ref, loaded.subject.slug) == ("fact-2", "acsa-ij")
    assert [partner.slug for partner in loaded.partners.all()] == ["japan"]
    assert [one.passage.ref for one in loaded.citations.all()] == ["note/1"]
    assert versions() == [("fact-1", 1), ("fact-2", 1)]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"subject": ["acsa"]},
            "relations.fact fact-1: subject: there is no relations.entity acsa, neither stored nor in this file or one "
            "before it",
        ),
        ({"outcome": ["fact-2"]}, r"relations.fact fact-1: Fact matching query does not exist.*'fact-2'"),
        ({"partners": [["japan"]]}, r"relations.fact fact-1: Entity matching query does not exist.*japan"),
    ],
)
def test_reference_to_nothing_is_refused_by_name(load, fields, message):
    with pytest.raises(CommandError, match=message):
        load([entity("acsa-ij"), fact("fact-1", **fields)])

    assert (Fact.objects.count(), Entity.objects.count()) == (0, 0)


def test_rule_broken_by_a_row_of_a_later_file_is_named(load):
    with pytest.raises(CommandError) as error:
        load([entity("acsa-ij"), fact("fact-1", outcome=["fact-2"], verdict="")], [fact("fact-2")])

    assert str(error.value) == "relations.fact fact-1: Only an expectation has an outcome and a verdict."


def test_rows_that_point_by_primary_key_load_as_with_django(load):
    factories.PassageFactory(pk=4711, ref="note/1")
    by_number = citation("fact-1", "note/1")
    by_number["fields"] |= {"fact": 815, "passage": 4711}

    load([entity("acsa-ij"), fact("fact-1") | {"pk": 815}, by_number])

    assert list(Citation.objects.values_list("fact__ref", "passage__ref")) == [("fact-1", "note/1")]


def test_changed_row_is_written_with_its_links_and_recorded_once(load):
    rows = [entity("acsa-ij"), *(entity(slug, kind="country") for slug in ("india", "japan", "nepal"))]
    load([*rows, fact("fact-1", partners=[["india"], ["japan"]]), fact("fact-2", partners=[["india"]]), fact("fact-3")])
    first = fact("fact-1", statement="The parties signed it on a Monday.", partners=[["japan"], ["nepal"]])

    load([*rows, first, fact("fact-2", partners=[]), fact("fact-3", partners=[["india"]])])

    assert [sorted(one.partners.values_list("slug", flat=True)) for one in Fact.objects.order_by("ref")] == [
        ["japan", "nepal"],
        [],
        ["india"],
    ]
    assert Fact.objects.get(ref="fact-1").statement == "The parties signed it on a Monday."
    assert versions() == [(f"fact-{number}", version) for number in (1, 2, 3) for version in (1, 2)]
    assert set(Fact.objects.values_list("version", flat=True)) == {2}


def test_of_a_row_that_a_file_has_twice_the_later_is_kept(load):
    load([entity("acsa-ij"), fact("fact-1"), fact("fact-1", statement="The parties signed it later.")])

    assert list(Fact.objects.values_list("ref", "statement")) == [("fact-1", "The parties signed it later.")]


def test_column_that_raw_sql_left_behind_is_set_right(load):
    load([entity("acsa-ij"), fact("fact-1", date="2020-09-09")])
    with connection.cursor() as cursor:
        cursor.execute("UPDATE relations_fact SET date_sort = '1999-01-01'")

    load([entity("acsa-ij"), fact("fact-1", date="2020-09-09")])

    assert Fact.objects.get().date_sort == date(2020, 9, 9)


def test_one_bad_row_among_many_is_named_and_nothing_is_kept(load):
    good = [fact(f"fact-{number}") for number in range(5)]
    bad = fact("fact-9", modality="view")

    with pytest.raises(CommandError) as error:
        load([entity("acsa-ij"), *good, bad, fact("fact-10", modality="expectation")])

    assert str(error.value) == (
        "relations.fact fact-9: A view or an expectation names whose it is; a fact has no owner."
    )
    assert (Fact.objects.count(), Entity.objects.count()) == (0, 0)


def test_broken_unique_rule_is_named_on_either_database(load):
    factories.SourceFactory(slug="old", sha256="a" * 64)
    source = {"slug": "new", "title": "New", "publisher": "Press", "kind": "press", "sha256": "a" * 64}

    with pytest.raises(CommandError) as error:
        load([{"model": "relations.source", "fields": source}])

    assert str(error.value) == "relations.source new: Another source already has the text with this SHA-256."


def test_order_of_the_file_is_kept_where_it_matters(load):
    """The old source gives its text up before the new one takes it; written together, the new one would come first."""
    old = {"slug": "old", "title": "Old", "publisher": "Press", "kind": "press", "sha256": "a" * 64}
    load([{"model": "relations.source", "fields": old}])
    new = old | {"slug": "new", "title": "New"}

    load([{"model": "relations.source", "fields": values} for values in (old | {"sha256": ""}, new)])

    assert list(Source.objects.values_list("slug", "sha256")) == [("new", "a" * 64), ("old", "")]


def test_check_once_written_is_not_changed_by_a_fixture(load):
    check = factories.published_fact(ref="fact-1").citations.get().checks.get()
    out = io.StringIO()
    call_command("dumpdata", "relations.check", use_natural_foreign_keys=True, stdout=out)
    rows = json.loads(out.getvalue())
    rows[0]["fields"]["by"] = "charlie"

    with pytest.raises(DatabaseError, match=f"Could not load relations.check {check.pk}: .*is never changed"):
        load(rows)


def test_excluded_model_is_left_out(load):
    load([entity("acsa-ij"), fact("fact-1")], exclude=["relations.fact"])

    assert (Entity.objects.count(), Fact.objects.count()) == (1, 0)


def test_other_formats_and_other_models_load_as_with_django(load, tmp_path):
    load([{"model": "auth.group", "pk": 4711, "fields": {"name": "readers", "permissions": []}}, entity("acsa-ij")])
    load([fact("fact-1")])
    file = tmp_path / "dump.xml"
    options = {"use_natural_foreign_keys": True, "use_natural_primary_keys": True, "format": "xml"}
    call_command("dumpdata", "relations.entity", "relations.fact", output=file, verbosity=0, **options)
    Fact.objects.all().delete()

    call_command("loaddata", file, verbosity=0)

    assert Group.objects.get(pk=4711).name == "readers"
    assert list(Fact.objects.values_list("ref", "subject")) == [("fact-1", "acsa-ij")]


@pytest.mark.parametrize("rows", [["text"], [{"fields": {}}], [{"model": "relations.nothing", "fields": {}}]])
def test_what_is_no_row_is_refused_as_with_django(load, rows):
    with pytest.raises(DeserializationError):
        load(rows)


def test_new_name_is_found_by_search(load):
    load([entity("acsa-ij", name="Reciprocal provision")])

    assert [hit.entity.slug for hit in search("reciprocal").names] == ["acsa-ij"]
