"""The commands that hold the fact base against the texts of its documents."""

import hashlib
import io
import json
from datetime import date
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from relations import attaching, checking, publishing
from relations.models import Citation, Fact, Passage, PassageText, Source
from tests import factories

pytestmark = pytest.mark.django_db

FIRST = "The two sides signed the agreement in the capital on a clear day."
SECOND = "A joint exercise of the two navies was held off the western coast in spring."
THIRD = "Trade in machine tools grew by a tenth in the year that followed the visit."
ANCHOR = "joint exercise of the two navies"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "texts"
    folder.mkdir()
    return folder


def document(folder: Path, *paragraphs: str, name: str = "note.txt") -> Path:
    path = folder / name
    path.write_text("\n\n".join(paragraphs), encoding="utf-8")
    return path


@pytest.fixture
def source(folder: Path) -> Source:
    """A source with a text of three paragraphs attached from a file."""
    source = factories.SourceFactory(slug="note")
    data = document(folder, FIRST, SECOND, THIRD).read_bytes()
    plan = attaching.plan(source, attaching.decode(data), sha256=hashlib.sha256(data).hexdigest())
    attaching.apply(plan, by="bob")
    return source


@pytest.fixture
def fact(source: Source) -> Fact:
    """A fact that students see, resting on the second paragraph."""
    fact = factories.FactFactory(ref="exercise-001", statement="The navies exercised together.")
    citation = factories.CitationFactory(fact=fact, passage=source.passages.get(number=2), anchor=ANCHOR)
    checking.check_citation(citation, by="bob")
    return publishing.publish(fact, by="charlie")


def run(*args: object, **options: object) -> str:
    out = io.StringIO()
    call_command(*map(str, args), stdout=out, **options)
    return out.getvalue()


def fails(*args: object, **options: object) -> tuple[str, str]:
    """What a command that ends with an error printed, and the error."""
    out = io.StringIO()
    with pytest.raises(CommandError) as error:
        call_command(*map(str, args), stdout=out, **options)
    return out.getvalue(), str(error.value)


# --- attach_text -------------------------------------------------------------------------------


def test_attach_text_prints_the_plan_and_changes_nothing(source, fact, folder):
    before = list(source.passages.values_list("ref", "number", "digest", "kept_text__text"))
    new = document(folder, "Both ministers met.", FIRST, SECOND.replace("western", "eastern"), name="new.txt")

    assert run("attach_text", "note", new).splitlines() == [
        "note: 3 paragraphs, 3 passages until now.",
        "     0 stay",
        "     1 moved",
        "     1 changed",
        "     1 gone",
        "     1 added",
        "Moved:",
        "  note/1  1 → 2",
        "Changed:",
        "  note/2  2 → 3  likeness 98 of 100",
        "    before: … off the western coast in spring.",
        "    after:  … off the eastern coast in spring.",
        "Gone:",
        "  note/3  was 3",
        "Added:",
        "  1",
        "Facts that would leave students (1):",
        "  exercise-001  The navies exercised together.",
        "Nothing is changed yet: repeat with --apply.",
    ]
    assert list(source.passages.values_list("ref", "number", "digest", "kept_text__text")) == before


def test_attach_text_applies_what_it_printed_and_keeps_the_hash_of_the_file(source, fact, folder):
    new = document(folder, "Both ministers met.", FIRST, SECOND, THIRD, name="new.txt")

    lines = run("attach_text", "note", new, apply=True).splitlines()

    assert lines[-3:] == ["  1", "Nothing would leave students.", "Applied: 4 paragraphs of note are kept."]
    assert "  1–3 → 2–4" in lines
    assert Source.objects.get(slug="note").sha256 == hashlib.sha256(new.read_bytes()).hexdigest()
    assert list(PassageText.objects.order_by("passage__number").values_list("passage__number", flat=True)) == [
        1,
        2,
        3,
        4,
    ]


def test_attach_text_names_who_cites_a_gone_passage_and_anchors_that_no_longer_stand(source, fact, folder):
    gone = document(folder, FIRST, THIRD, name="gone.txt")
    loose = document(folder, FIRST, SECOND.replace("navies", "fleets"), THIRD, name="loose.txt")

    assert "  note/2  was 2  cited by exercise-001" in run("attach_text", "note", gone).splitlines()
    assert f"  exercise-001  note/2  “{ANCHOR}” stands 0 times" in run("attach_text", "note", loose).splitlines()


def test_attach_text_reads_a_byte_order_mark(source, folder):
    path = folder / "mark.txt"
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join([FIRST, SECOND, THIRD]).encode())

    assert "     3 stay" in run("attach_text", "note", path).splitlines()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty: nothing was attached"),
        (b" \n\t\n", "is empty: nothing was attached"),
        ("\u00a0\n".encode(), "no paragraphs in it"),
        (b"One\nTw\xf3", r"Byte 7 of the file \(0xF3, in line 2\) is not UTF-8: .* save it as UTF-8"),
        ("One".encode("utf-16"), r"Byte 1 of the file \(0xFF, in line 1\) is not UTF-8"),
        (b"One\0", "NUL character in line 1"),
    ],
)
def test_attach_text_says_what_is_wrong_with_a_file(source, folder, data, message):
    path = folder / "bad.txt"
    path.write_bytes(data)

    with pytest.raises(CommandError, match=message):
        run("attach_text", "note", path, apply=True)

    assert source.passages.count() == 3


def test_attach_text_names_the_nearest_sources_and_a_missing_file(source, tmp_path):
    assert fails("attach_text", "notes", tmp_path / "x.txt")[1] == "There is no source “notes”. Did you mean note?"
    assert fails("attach_text", "note", tmp_path / "x.txt")[1] == f"There is no file {tmp_path / 'x.txt'}."


# --- coverage ----------------------------------------------------------------------------------


def test_coverage_lists_body_passages_without_a_fact(source, fact):
    Passage.objects.filter(number=1).update(role="heading")
    Passage.objects.filter(number=3).update(heading="Trade")

    assert fails("coverage", "note") == (
        "note/3  paragraph 3  Trade  “Trade in machine tools grew by a tenth …”\n"
        "note: 1 of 2 body passages back a fact.\n",
        "Body passages that back no fact: 1.",
    )


def test_coverage_is_content_where_each_body_passage_backs_a_fact(source, fact):
    Passage.objects.exclude(number=2).update(role="noise")
    factories.SourceFactory(slug="page")

    assert run("coverage", all=True).splitlines() == [
        "note: 1 of 1 body passages back a fact.",
        "page: no body passages are known; attach its text to have them listed.",
    ]


@pytest.mark.parametrize(
    ("model", "change"),
    [(Fact, {"status": "withdrawn"}), (Citation, {"stance": "mentions"}), (Citation, {"stance": "contradicts"})],
)
def test_coverage_counts_no_withdrawn_fact_and_no_other_stance(source, fact, model, change):
    Passage.objects.exclude(number=2).update(role="noise")
    model.objects.update(**change)

    assert fails("coverage", "note")[1] == "Body passages that back no fact: 1."


def test_coverage_leaves_out_passages_that_the_document_no_longer_has(source, fact):
    attaching.apply(attaching.plan(source, SECOND), by="bob")

    assert run("coverage", "note") == "note: 1 of 1 body passages back a fact.\n"


def test_coverage_asks_for_a_source(source):
    assert fails("coverage")[1] == "Name one source or more, or give --all."


# --- verify_citations --------------------------------------------------------------------------


def test_verify_citations_passes_what_stands_once_in_its_paragraph(source, fact, folder):
    assert run("verify_citations", texts=folder) == "Citations checked: 1. Failures: 0. Not verified: 0.\n"


def test_verify_citations_never_passes_a_source_without_a_file(source, fact, folder):
    (folder / "note.txt").unlink()
    other = document(folder, FIRST, name="other.txt")
    sha256 = hashlib.sha256(other.read_bytes()).hexdigest()

    assert run("verify_citations", texts=folder).splitlines() == [
        f"other.txt: the text of no source (SHA-256 {sha256}).",
        "note: no file, 1 not verified.",
        "Citations checked: 0. Failures: 0. Not verified: 1.",
    ]


@pytest.mark.parametrize(
    ("model", "change", "wrong"),
    [
        (Citation, {"anchor": "in the capital on a"}, "the anchor is not in the paragraph; it stands in paragraph 1"),
        (
            Citation,
            {"anchor": "words of nobody at all"},
            "the anchor is not in the paragraph; copy three to eight words",
        ),
        (Citation, {"anchor": "the"}, "the anchor stands 2 times in the paragraph; choose words that stand there once"),
        (Passage, {"number": 4}, "the text ends at paragraph 3; attach the text again"),
        (Passage, {"number": None}, "its passage has no number in the text; cite a passage that the text has"),
        (Passage, {"digest": "0" * 64}, "the paragraph has other words than the passage was recorded with; attach"),
    ],
)
def test_verify_citations_prints_a_row_for_each_failure(source, fact, folder, model, change, wrong):
    if model is Citation:
        Citation.objects.update(**change)
    else:
        Passage.objects.filter(number=2).update(**change)

    printed, error = fails("verify_citations", texts=folder)

    row, totals = printed.splitlines()
    assert row.startswith("exercise-001  note")
    assert wrong in row
    assert (totals, error) == ("Citations checked: 1. Failures: 1. Not verified: 0.", "Citations that fail: 1 of 1.")


def test_verify_citations_takes_a_passage_whose_words_were_never_known(source, fact, folder):
    Passage.objects.filter(number=2).update(digest="")

    assert run("verify_citations", texts=folder) == "Citations checked: 1. Failures: 0. Not verified: 0.\n"


def test_verify_citations_fails_where_the_file_of_a_source_is_no_text(source, fact, folder):
    data = b"One\xff"
    (folder / "bad.txt").write_bytes(data)
    Source.objects.update(sha256=hashlib.sha256(data).hexdigest())

    assert "the file cannot be read: Byte 4 of the file" in fails("verify_citations", texts=folder)[0]


def test_verify_citations_prints_every_citation_as_json_and_nothing_else(source, fact, folder):
    loose = factories.CitationFactory(passage=source.passages.get(number=3), anchor="no words of this one")
    elsewhere = factories.CitationFactory(passage__source__slug="page", anchor="signed the agreement in the capital")
    Source.objects.filter(slug="page").update(sha256="")
    document(folder, "A text of no source.", name="zero.txt")
    sha256 = hashlib.sha256((folder / "note.txt").read_bytes()).hexdigest()

    printed, error = fails("verify_citations", texts=folder, json=True)

    def row(citation: Citation, sha256: str, ok: bool | None) -> dict:
        return {
            "fact": citation.fact.ref,
            "source": citation.passage.source.slug,
            "sha256": sha256,
            "paragraph": citation.passage.number,
            "anchor": citation.anchor,
            "ok": ok,
        }

    assert json.loads(printed) == [
        row(fact.citations.get(), sha256, True),
        row(loose, sha256, False),
        row(elsewhere, "", None),
    ]
    assert error == "Citations that fail: 1 of 3."


def test_verify_citations_says_that_the_folder_is_missing(tmp_path):
    assert fails("verify_citations", texts=tmp_path / "none")[1] == (
        f"There is no folder {tmp_path / 'none'}: give the one that holds the texts of the sources."
    )


# --- grade_evidence ----------------------------------------------------------------------------


def test_grade_evidence_says_what_differed_and_sets_it_right(fact):
    Fact.objects.update(evidence="primary")

    assert fails("grade_evidence", check=True) == (
        "fact exercise-001: evidence primary → one\n",
        "1 of 1 grades and 0 derived columns differ. Nothing is changed: run it without --check.",
    )
    assert run("grade_evidence").splitlines() == [
        "fact exercise-001: evidence primary → one",
        "1 of 1 grades and 0 derived columns differed and are right now.",
    ]
    assert run("grade_evidence", check=True) == "0 of 1 grades and 0 derived columns differ.\n"


def test_grade_evidence_corrects_bounds_that_raw_sql_left_behind(fact):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE relations_fact SET date = '2021' WHERE ref = 'exercise-001'")

    assert fails("grade_evidence", check=True)[0] == (
        "fact exercise-001, “2021”: date_earliest 2020-09-09 → 2021-01-01, "
        "date_latest 2020-09-09 → 2021-12-31, date_sort 2020-09-09 → 2021-01-01\n"
        "fact exercise-001: evidence one → unchecked\n"  # the date belongs to the claim
    )
    run("grade_evidence")

    fact.refresh_from_db()
    assert (fact.date_earliest, fact.date_latest) == (date(2021, 1, 1), date(2021, 12, 31))
    assert Fact.objects.values_list("date_sort", flat=True).get() == date(2021, 1, 1)
