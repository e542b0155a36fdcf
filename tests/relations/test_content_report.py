"""The report on the content: quiet over good content, and a row for each planted error."""

import datetime
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db.models import Count, F, Q
from django.utils import timezone

from relations import passages
from relations.models import Alias, Check, Citation, Disagreement, Entity, Fact, Passage, PassageText, Property, Source
from relations.reporting import report
from tests import factories

pytestmark = pytest.mark.django_db

QUERIES = 24  # whatever the number of rows


@pytest.fixture
def fact() -> Fact:
    """A fact with nothing to say against it: official, current, of a name with a definition."""
    subject = factories.EntityFactory(slug="acsa", name="ACSA", definition="An agreement on supplies.")
    source = factories.SourceFactory(slug="ministry", kind="official", published="2020-09-10")
    return factories.published_fact(ref="acsa-001", subject=subject, source=source)


def found(**options: Any) -> dict[str, list[tuple[str, str]]]:
    """(key, what is wrong) of the rows of each section that has any."""
    return {
        section.name: [(row.key, row.wrong) for row in section.rows] for section in report(**options) if section.rows
    }


def another(fact: Fact, ref: str, **kwargs: Any) -> Fact:
    """One more published fact on the subject and the source of `fact`."""
    source = fact.citations.get().passage.source
    return factories.published_fact(**({"ref": ref, "subject": fact.subject, "source": source} | kwargs))


def signed(fact: Fact, value: str, ref: str, *, key: str = "signed-on", **kwargs: Any) -> Fact:
    """A fact that says in property and value when it was signed."""
    prop = Property.objects.filter(key=key).first() or factories.PropertyFactory(key=key, single=True)
    return another(fact, ref, property=prop, value=value, **kwargs)


def person(slug: str) -> Entity:
    return factories.EntityFactory(slug=slug, name=slug.title(), kind="person", definition="A writer.")


def test_good_content_gives_no_rows(fact):
    assert found() == {}


# --- what stands on too little -----------------------------------------------------------------


@pytest.mark.parametrize(("kind", "words"), [("press", "one source"), ("study-note", "notes only")])
def test_fact_on_one_source_is_named_with_its_grade(fact, kind, words):
    another(fact, "acsa-002", source=factories.SourceFactory(kind=kind))

    assert found() == {"one-source": [("acsa-002", words)]}


def test_second_independent_source_or_another_modality_leaves_no_row(fact):
    view = {"modality": "view", "whose": person("bose")}
    two = another(fact, "acsa-002", source=factories.SourceFactory(kind="press"))
    another(fact, "acsa-003", source=factories.SourceFactory(kind="press"), **view)
    citation = factories.CitationFactory(fact=two, passage__source=factories.SourceFactory(kind="press"))
    from relations import checking

    checking.check_citation(citation, by="bob")

    assert found() == {}


def test_name_that_nothing_speaks_of_is_named(fact):
    factories.EntityFactory(slug="idle", name="Idle", definition="Nothing yet.")

    assert found() == {"unused-names": [("idle", "no fact speaks of Idle")]}


@pytest.mark.parametrize("use", ["subject", "partner", "value", "whose", "author", "part"])
def test_name_used_in_any_way_leaves_no_row(fact, use):
    name = factories.EntityFactory(slug="busy", name="Busy", kind="country", definition="Spoken of.")
    if use == "subject":
        another(fact, "busy-001", subject=name)
    elif use == "partner":
        fact.partners.add(name)
    elif use == "value":
        another(fact, "acsa-002", property=factories.PropertyFactory(value_type="entity"), value="busy")
    elif use == "whose":
        another(fact, "acsa-002", modality="view", whose=name)
    elif use == "author":
        Source.objects.get().authors.add(name)
    else:
        middle = factories.EntityFactory(name="Middle", definition="Between the two.", part_of=name)
        Entity.objects.filter(slug="acsa").update(part_of=middle)

    assert found() == {}


def test_withdrawn_fact_uses_no_name(fact):
    other = factories.EntityFactory(slug="gone", name="Gone", definition="Once spoken of.")
    Fact.objects.filter(pk=another(fact, "gone-001", subject=other).pk).update(status="withdrawn")

    assert [key for key, _wrong in found()["unused-names"]] == ["gone"]


def test_names_that_are_part_of_one_another_are_walked_once(fact):
    other = factories.EntityFactory(slug="ring", name="Ring", definition="A circle.", part_of=fact.subject)
    Entity.objects.filter(slug="acsa").update(part_of=other)

    assert found() == {}


@pytest.mark.parametrize(("number", "rows"), [(None, {}), (90, {"bare-passages": ["ministry/aside"]})])
def test_excerpt_that_a_fact_only_mentions_leaves_no_row_and_a_paragraph_does(fact, number, rows):
    source = Source.objects.get()
    aside = factories.passage_of("A plan of the year before.", source=source, ref="ministry/aside", number=number)
    factories.CitationFactory(fact=fact, passage=aside, anchor="plan of the year", stance="mentions")

    assert {name: [key for key, _wrong in keys] for name, keys in found().items()} == rows


def test_passage_that_backs_nothing_and_one_that_only_contradicts_are_told_apart(fact):
    source = Source.objects.get()
    factories.PassageFactory(source=source, ref="ministry/bare", number=90, heading="Trade")
    against = factories.passage_of(
        "No such agreement was signed on that day.", source=source, ref="ministry/no", number=91
    )
    factories.CitationFactory(fact=fact, passage=against, anchor="such agreement was signed", stance="contradicts")
    factories.PassageFactory(source=source, number=92, role="noise")

    assert found() == {
        "bare-passages": [("ministry/bare", "paragraph 90, Trade: backs no fact")],
        "contradicting-passages": [("ministry/no", "paragraph 91: contradicts a fact and backs none")],
    }


# --- values that contradict --------------------------------------------------------------------


def test_values_that_contradict_are_one_row_of_the_pair(fact):
    signed(fact, "2020-09-09", "acsa-002")
    signed(fact, "2022-03", "acsa-003", date="2022")
    signed(fact, "2020", "acsa-004")

    assert found() == {
        "contradictions": [
            ("acsa-002", "signed-on “2020-09-09”; acsa-003 has “2022-03” (2022)"),
            ("acsa-003", "signed-on “2022-03” (2022); acsa-004 has “2020” (2020-09-09)"),
        ]
    }


@pytest.mark.parametrize(
    "change",
    [
        {"rank": "deprecated"},
        {"status": "draft"},
        {"value": "2020-09"},
        {"superseded_by": "acsa-002"},
        {"modality": "expectation", "verdict": "unknown"},
    ],
)
def test_what_is_not_live_contradicts_nothing(fact, change):
    first = signed(fact, "2020-09-09", "acsa-002")
    other = signed(fact, "2022-03", "acsa-003")
    if "superseded_by" in change:
        change = {"superseded_by": first}
    if "modality" in change:
        change = change | {"whose": person("bose")}
    Fact.objects.filter(pk=other.pk).update(**change)

    assert found() == {}


def test_property_of_many_values_contradicts_nothing(fact):
    signed(fact, "2020-09-09", "acsa-002")
    signed(fact, "2022-03", "acsa-003")
    Property.objects.update(single=False)

    assert found() == {}


def test_value_within_the_other_contradicts_nothing(fact):
    factories.PropertyFactory(key="held-in", value_type="entity", single=True)
    india = factories.EntityFactory(slug="india", name="India", kind="country", definition="A country.")
    factories.EntityFactory(slug="new-delhi", name="New Delhi", kind="place", definition="Its capital.", part_of=india)
    signed(fact, "india", "acsa-002", key="held-in")
    signed(fact, "new-delhi", "acsa-003", key="held-in")

    assert found() == {}


def test_view_that_contradicts_has_a_section_of_its_own(fact):
    signed(fact, "2020-09-09", "acsa-002")
    view = signed(fact, "2022-03", "acsa-003", modality="view", whose=person("bose"))

    assert list(found()) == ["contradicting-views"]

    Fact.objects.filter(pk=view.pk).update(rank="deprecated")
    assert found() == {}


@pytest.mark.parametrize("state", ["settled", "standing", "open"])
def test_contradiction_in_a_disagreement_is_named_as_explained(fact, state):
    first, second = signed(fact, "2020-09-09", "acsa-002"), signed(fact, "2022-03", "acsa-003")
    settled = {"preferred": first, "reason": "The record."} if state == "settled" else {}
    disagreement = factories.DisagreementFactory(slug="day", state=state, **settled)
    factories.SideFactory(disagreement=disagreement, fact=first)
    assert next(iter(found())) == "contradictions"  # one side of two

    factories.SideFactory(disagreement=disagreement, fact=second)

    sections = found()
    sections.pop("open-disagreements", None)
    wrong = f"signed-on “2020-09-09”; acsa-003 has “2022-03” (2020-09-09) ({state} in day)"
    assert sections == {"explained-contradictions": [("acsa-002", wrong)]}


# --- dates out of order ------------------------------------------------------------------------


def test_property_dated_after_what_follows_it_is_named(fact):
    signed(fact, "2021-07", "acsa-002")
    signed(fact, "2021-06-30", "acsa-003", key="in-force-from")
    signed(fact, "2021", "acsa-004", key="in-use-from")

    assert found() == {"dates": [("acsa-002", "signed-on 2021-07, after in-force-from 2021-06-30 of acsa-003")]}


def test_series_opened_after_one_of_its_meetings_is_named(fact):
    Entity.objects.filter(slug="acsa").update(kind="dialogue")
    meeting = factories.EntityFactory(slug="acsa-1", name="First", definition="The first.", part_of=fact.subject)
    signed(fact, "2020", "acsa-002", key="first-held-on")
    held = signed(fact, "2019-11-30", "acsa-1-001", key="held-on", subject=meeting)

    assert found() == {"dates": [("acsa-002", "first-held-on 2020, after held-on 2019-11-30 of acsa-1-001")]}

    Fact.objects.filter(pk=held.pk).update(rank="deprecated")
    assert found() == {}


def test_outcome_dated_before_its_expectation_is_named(fact):
    owner = {"modality": "expectation", "whose": person("bose"), "verdict": "borne-out", "outcome": fact}
    expectation = another(fact, "acsa-002", date="2021/..", **owner)

    assert found() == {"dates": [("acsa-002", "expects for 2021/.. what acsa-001 dates 2020-09-09, before it")]}

    Fact.objects.filter(pk=expectation.pk).update(date="2020")
    assert found() == {}


def test_source_older_than_what_it_copies_or_leans_on_is_named(fact):
    copy = factories.SourceFactory(slug="copy", published="2020-09", copy_of=Source.objects.get())
    note = factories.SourceFactory(slug="note", published="2019")
    note.derived_from.add(copy)
    Source.objects.filter(slug="copy").update(published="2020-08")

    assert found()["dates"] == [
        ("copy", "published 2020-08, copies ministry of 2020-09-10"),
        ("note", "published 2019, derives from copy of 2020-08"),
    ]


def test_check_older_than_what_it_read_is_named(fact):
    check = Check.objects.get()
    Source.objects.update(published="2099")

    assert found() == {
        "dates": [
            (
                str(check.pk),
                f"check of {check.citation.passage.ref} made {timezone.localdate(check.at)}; ministry is of 2099",
            )
        ]
    }


def test_page_seen_after_its_check_was_made_is_named(fact):
    first = Check.objects.get()
    check = Check.objects.create(
        citation=first.citation,
        by="bob",
        basis="page",
        address="https://example.org/x",
        seen_on=datetime.date(2099, 1, 1),
        claim_digest=first.claim_digest,
        passage_digest=first.passage_digest,
        citation_digest=first.citation_digest,
    )

    assert [key for key, _wrong in found()["dates"]] == [str(check.pk)]


# --- links -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("anchor", "wrong"),
    [
        ("words of nobody at all", "“words of nobody at all” stands 0 times in the kept text"),
        (
            "the two sides signed the agreement in the capital",
            "The anchor “the two sides signed the agreement in the capital” has 9 words: "
            "keep the 3 to 8 that decide the fact",
        ),
    ],
)
def test_anchor_that_fails_is_named_with_its_citation(fact, anchor, wrong):
    citation = fact.citations.get()
    Citation.objects.update(anchor=anchor)

    assert found() == {"anchors": [(f"acsa-001 ← {citation.passage.ref}", wrong)]}


def test_anchor_is_looked_up_in_the_documents_given(fact):
    citation = fact.citations.get()
    data = f"{citation.passage.kept_text.text}\n".encode()
    PassageText.objects.all().delete()
    Passage.objects.update(number=1)
    texts = {hashlib.sha256(data).hexdigest(): data}
    Source.objects.update(sha256=next(iter(texts)))
    assert found(texts=texts) == {}

    Citation.objects.update(anchor="words of nobody at all")

    assert found() == {}
    wrong = "“words of nobody at all”: the anchor is not in the paragraph"
    assert found(texts=texts) == {"anchors": [(f"acsa-001 ← {citation.passage.ref}", wrong)]}


def test_source_to_be_linked_needs_an_address(fact):
    for slug, rights in (("nowhere", "link"), ("shown", "full")):
        source = factories.SourceFactory(slug=slug, url="", rights=rights)
        factories.CitationFactory(fact=fact, passage=factories.PassageFactory(source=source))
    factories.SourceFactory(slug="known-by-its-copies", url="")

    assert found() == {"addresses": [("nowhere", "its rights allow the link alone, and it has no address")]}


# --- names -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("definition", "wrong"),
    [
        ("", "ACSA has no definition"),
        ("One line\nand another.", "its definition has a line break"),
    ],
)
def test_definition_is_one_line(fact, definition, wrong):
    Entity.objects.filter(slug="acsa").update(definition=definition)

    assert found() == {"definitions": [("acsa", wrong)]}


@pytest.mark.sqlite
def test_definition_is_at_most_160_characters(fact):
    """PostgreSQL takes none that is longer."""
    Entity.objects.filter(slug="acsa").update(definition="x" * 160)
    assert found() == {}

    Entity.objects.filter(slug="acsa").update(definition="x" * 161)
    assert found() == {"definitions": [("acsa", "its definition has 161 characters")]}


def test_name_that_stands_for_two_is_named(fact):
    other = factories.EntityFactory(slug="rpss", name="RPSS", definition="Another.", part_of=fact.subject)
    another(fact, "rpss-001", subject=other)
    factories.AliasFactory(entity=fact.subject, name="Supplies")
    factories.AliasFactory(entity=fact.subject, name="acsa")
    assert found() == {}

    Alias.objects.create(entity=other, name="Acsa")

    assert found() == {"ambiguous-names": [("acsa", "its name “ACSA” is also that of rpss")]}


# --- what time has overtaken, and what waits ---------------------------------------------------


def test_expectation_whose_time_is_over_needs_a_verdict(fact):
    owner = {"modality": "expectation", "whose": person("bose")}
    expectation = another(fact, "acsa-002", date="2024-08", **owner)
    another(fact, "acsa-003", date="2024-08/..", **owner)

    assert found(on=datetime.date(2024, 8, 31)) == {}
    assert found(on=datetime.date(2024, 9, 1)) == {"overdue": [("acsa-002", "expected for 2024-08")]}

    Fact.objects.filter(pk=expectation.pk).update(verdict="unknown")
    assert found(on=datetime.date(2024, 9, 1)) == {}


def test_fact_past_its_review_is_named(fact):
    Fact.objects.update(review_by="2025-06")

    assert found(on=datetime.date(2025, 6, 30)) == {}
    assert found(on=datetime.date(2025, 7, 1)) == {"review": [("acsa-001", "was to be reviewed by 2025-06")]}


def test_open_disagreement_and_fallen_preference_are_named(fact):
    other = another(fact, "acsa-002")
    open_one = factories.DisagreementFactory(slug="day", question="Which day?")
    assert found() == {"open-disagreements": [("day", "open: Which day?")]}

    settled = {"state": Disagreement.State.SETTLED, "preferred": other, "reason": "The record."}
    Disagreement.objects.filter(pk=open_one.pk).update(**settled)
    assert found() == {}

    Fact.objects.filter(pk=other.pk).update(status="withdrawn")
    assert found()["fallen-preferences"] == [("day", "prefers acsa-002, which does not stand")]


# --- the whole ---------------------------------------------------------------------------------


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
