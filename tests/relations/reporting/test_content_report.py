"""The whole report: its queries, its command, and errors planted in the content that ships."""

import hashlib
import io
import json
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db.models import Count, F, Q

from relations import passages
from relations.models import Entity, Fact, Passage, Source
from relations.reporting import report
from tests import factories
from tests.relations.reporting.planting import another, found, person, signed

pytestmark = pytest.mark.django_db

QUERIES = 24  # whatever the number of rows


@pytest.mark.parametrize("number", [1, 3])
def test_report_asks_the_same_few_questions_of_any_number_of_rows(fact, number, django_assert_num_queries):
    for one in range(number):
        start = f"{one}{one}"
        source = factories.SourceFactory(published="2001", copy_of=Source.objects.get(slug="ministry"), url="")
        factories.PassageFactory(source=source, text="Kept.")
        factories.EntityFactory(part_of=fact.subject)
        signed(fact, f"20{start}", f"acsa-{one}-002", source=source)
        signed(fact, f"20{start}-01", f"acsa-{one}-003", key="in-force-from", review_by="2021")
        expectation = {"modality": "expectation", "whose": person(f"writer-{one}"), "date": "2021"}
        another(fact, f"acsa-{one}-004", **expectation)
        factories.SideFactory(disagreement=factories.DisagreementFactory(), fact=fact)

    with django_assert_num_queries(QUERIES):
        assert sum(len(section.rows) for section in report()) >= 6 * number


def run(*args: object) -> tuple[str, str]:
    """What the command printed, and the error it ended with."""
    out = io.StringIO()
    try:
        call_command("content_report", *map(str, args), stdout=out)
    except CommandError as error:
        return out.getvalue(), str(error)
    return out.getvalue(), ""


def test_command_prints_rows_and_counts_and_fails_only_where_asked(fact):
    Entity.objects.filter(slug="acsa").update(definition="")
    Fact.objects.update(review_by="2021")

    printed, error = run()

    lines = printed.splitlines()
    assert lines[:5] == [
        "Definitions missing or over one line (must be clean):",
        "  entity acsa  ACSA has no definition; say in one line of your own what it is.",
        "Facts past their review (to explain):",
        "  fact acsa-001  was to be reviewed by 2021; look whether it still holds, and set a new date.",
        "Rows:",
    ]
    assert "     1  definitions, must be clean" in lines
    assert "     0  dates, must be clean" in lines
    assert error == ""
    assert run("--fail") == (printed, "Sections that must be clean and are not: definitions 1.")


def test_command_does_not_fail_over_what_is_only_to_explain(fact):
    Fact.objects.update(review_by="2021")

    assert run("--fail")[1] == ""


def test_command_prints_json_and_nothing_else(fact):
    Entity.objects.filter(slug="acsa").update(definition="")

    sections = json.loads(run("--json")[0])

    assert [section for section in sections if section["rows"]] == [
        {
            "name": "definitions",
            "title": "Definitions missing or over one line",
            "must_be_clean": True,
            "rows": [
                {
                    "kind": "entity",
                    "key": "acsa",
                    "wrong": "ACSA has no definition",
                    "remedy": "say in one line of your own what it is",
                }
            ],
        }
    ]
    assert len(sections) == 16


def test_command_reads_a_folder_of_texts(fact, tmp_path):
    (tmp_path / "ministry.txt").write_text("Another text.\n", encoding="utf-8")
    data = (tmp_path / "ministry.txt").read_bytes()
    Source.objects.update(sha256=hashlib.sha256(data).hexdigest())
    Passage.objects.update(number=1, digest=passages.digest("Another text."))

    assert "the anchor is not in the paragraph" in run("--texts", tmp_path)[0]
    assert run("--texts", tmp_path / "none")[1].startswith("There is no folder")


def test_three_contradicting_values_planted_in_the_content_that_ships_are_found():
    """A date, a number and a name, each published beside the value that ships."""
    files = sorted(Path(settings.BASE_DIR, "fixtures").glob("*.json"))
    call_command("loaddata", *map(str, files), verbosity=0)
    before = contradictions()

    planted = [plant("date", "1999-01-01"), plant("number", "4711"), plant("entity", "nepal")]

    assert [row for row in contradictions() if row not in before] == sorted(planted)


def contradictions() -> list[tuple[str, str]]:
    return found().get("contradictions", [])


def plant(value_type: str, value: str) -> tuple[str, str]:
    """Publish `value` beside the first of its type that ships and that stands alone; return the row to be found."""
    live = Fact.objects.standing().filter(modality="fact", property__single=True, property__value_type=value_type)
    sharing = Count("subject__facts", filter=Q(subject__facts__property=F("property")))
    alone = live.annotate(sharing=sharing).filter(sharing=1)
    shipped = alone.exclude(value="").order_by("ref")[0]
    shared = {"subject": shipped.subject, "property": shipped.property, "unit": shipped.unit, "date": shipped.date}
    fact = factories.published_fact(ref=f"zz-{value_type}", value=value, **shared)
    return shipped.ref, f"{shipped.property_id} {said(shipped)}; {fact.ref} has {said(fact)}"


def said(fact: Fact) -> str:
    value = f"“{f'{fact.value} {fact.unit}'.strip()}”"
    return value if fact.date in ("", fact.value) else f"{value} ({fact.date})"
