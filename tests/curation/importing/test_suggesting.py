"""What was probably meant, and how it is said."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from curation.importing import suggesting
from curation.importing.suggesting import Keys, nearest, nearest_of_queryset
from relations.models import Entity, Topic
from tests.factories import EntityFactory, TopicFactory

KINDS = ["official", "treaty", "press", "opinion", "study-note", "model-answer", "blog", "briefing"]


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("offical", "official"),
        ("Official", "official"),
        ("STUDY NOTE", "study-note"),
        ("study_note", "study-note"),
        ("studynote", "study-note"),
        ("trëaty", "treaty"),
        ("press report", "press"),
        ("brief", "briefing"),
        ("answer-model", "model-answer"),
        ("podcast", ""),
        ("b", ""),
        ("", ""),
        ("–", ""),
        ("blog" * 100, ""),
    ],
)
def test_nearest_is_what_a_slip_of_the_hand_makes_of_it(value: str, meant: str) -> None:
    assert nearest(value, KINDS) == meant


def test_nearest_prefers_the_same_numbers() -> None:
    known = ["acsa-ij-010", "acsa-ij-001", "asca-ij-011", "acsa-ij-111"]
    assert [nearest(value, known) for value in ("acsa-ij-1", "ASCA-IJ-001", "acsa-ij-0010", "acsa-i-111")] == [
        "acsa-ij-001",
        "acsa-ij-001",
        "acsa-ij-010",
        "acsa-ij-111",
    ]


def test_nearest_of_two_as_near_begins_alike_or_is_the_first() -> None:
    assert nearest("dafence", ["fdaence", "defence"]) == "defence"
    assert nearest("rank", ["ranks", "rank-"]) == "rank-"
    assert nearest("aab", ["aaba", "aabb"]) == "aaba"


def test_nearest_reads_other_scripts() -> None:
    assert nearest("जापन", ["भारत", "जापान"]) == "जापान"


def test_nearest_takes_any_iterable_and_a_cutoff() -> None:
    assert nearest("defense", iter(["defence"])) == "defence"
    assert nearest("defense", ["defence"], cutoff=90) == ""
    assert nearest("defense", []) == ""


def test_nearest_of_queryset_is_the_nearest_key(db: None) -> None:
    for slug in ("defence", "trade", "energy"):
        TopicFactory(slug=slug)
    assert nearest_of_queryset("defense", Topic.objects.all(), "slug") == "defence"
    assert nearest_of_queryset("xyz", Topic.objects.all(), "slug") == ""
    assert nearest_of_queryset("defense", Topic.objects.none(), "slug") == ""


def test_keys_of_a_small_table_are_read_once(db: None) -> None:
    TopicFactory(slug="defence")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        keys = Keys(Topic.objects.all(), "slug")
        answers = [keys.nearest([f"defenc{number}", "defense"]) for number in range(20)]
    assert answers == [{f"defenc{number}": "defence", "defense": "defence"} for number in range(20)]
    assert len(queries) == 1


def test_keys_of_a_large_table_are_narrowed_in_as_many_queries_for_any_number(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suggesting, "FEW", 20)
    Entity.objects.bulk_create(
        Entity(slug=f"{name}-{number:02}", name="Name", kind=Entity.Kind.PROJECT)
        for name in ("malabar", "jimex", "quad")
        for number in range(15)
    )
    counts = []
    for misses in (["malabr-03"], [f"malabr-{number:02}" for number in range(15)] + ["jmex-07", "quad-7x", "\x00"]):
        with CaptureQueriesContext(connection) as queries:
            answers = Keys(Entity.objects.all(), "slug").nearest(misses)
        counts.append(len(queries))
        assert answers["malabr-03"] == "malabar-03"
    assert counts == [3, 3]  # is the table small? what begins as they do; what has their first three letters
    assert (answers["quad-7x"], answers["\x00"]) == ("quad-07", "")


def test_keys_suggest_for_no_more_than_so_many_misses(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suggesting, "ANSWERED", 2)
    TopicFactory(slug="defence")
    keys = Keys(Topic.objects.all(), "slug")
    assert keys.nearest(["defenc", "defens", "defance"]) == {"defenc": "defence", "defens": "defence", "defance": ""}
    assert keys.nearest(["defens", "difence"]) == {"defens": "defence", "difence": ""}


def test_unknown_key_says_what_was_found_and_what_to_do(db: None) -> None:
    thing: Any = Topic._meta.verbose_name
    assert suggesting.unknown_key("defense", thing, "defence") == (
        "“defense” is not the key of any topic. Did you mean “defence”? Correct the key, or add the topic first."
    )
    assert suggesting.unknown_key("xyz", thing) == (
        "“xyz” is not the key of any topic. Correct the key, or add the topic first."
    )


def test_not_a_choice_lists_what_is_allowed() -> None:
    assert suggesting.not_a_choice("pres", ["press", "blog"], "press") == (
        "“pres” is not one of the values allowed here. Did you mean “press”? Write one of: press, blog."
    )
    listed = suggesting.not_a_choice("x", [str(number) for number in range(25)])
    assert listed.endswith("17, 18, 19 and 5 more.")


def test_a_long_value_is_repeated_in_part_and_on_one_line() -> None:
    assert suggesting.shortened("two\nlines \t of  it") == "two lines of it"
    assert suggesting.shortened("x" * 60) == "x" * 60
    assert suggesting.shortened("x" * 61) == "x" * 59 + "…"


def test_entities_are_suggested_by_key(db: None) -> None:
    EntityFactory(slug="japan")
    assert nearest_of_queryset("Japan ", Entity.objects.all(), "slug") == "japan"
