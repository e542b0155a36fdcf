"""A text attached to a source: what is kept, what is foreseen, and what a check is worth afterwards."""

import pytest

from curation.models import Stamp
from relations import attaching, checking, passages, publishing
from relations.models import Citation, Fact, Passage, PassageText, Source
from tests import factories

pytestmark = pytest.mark.django_db

FIRST = "The two sides signed the agreement in the capital on a clear day."
SECOND = "A joint exercise of the two navies was held off the western coast in spring."
THIRD = "Trade in machine tools grew by a tenth in the year that followed the visit."
FOURTH = "Both ministers named supply chains as the next field of common work."


@pytest.fixture
def source() -> Source:
    """A source whose text has three paragraphs, its passages made by attaching it."""
    source = factories.SourceFactory(slug="note")
    attach(source, FIRST, SECOND, THIRD)
    return source


def attach(source: Source, *paragraphs: str, **kwargs) -> attaching.Plan:
    plan = attaching.plan(source, "\n".join(paragraphs), **kwargs)
    attaching.apply(plan, by="bob")
    return plan


def fact_on(source: Source, ref: str, anchor: str, **kwargs) -> Fact:
    """A published fact checked against a passage of `source`."""
    fact = factories.FactFactory(**kwargs)
    citation = factories.CitationFactory(fact=fact, passage=source.passages.get(ref=ref), anchor=anchor)
    checking.check_citation(citation, by="bob")
    return publishing.publish(fact, by="charlie")


def places(source: Source) -> dict[str, int | None]:
    return dict(source.passages.order_by("ref").values_list("ref", "number"))


def is_visible(fact: Fact) -> bool:
    return Fact.objects.visible().filter(pk=fact.pk).exists()


def refs(matches) -> list[str]:
    return [match.ref for match in matches]


def state(source: Source) -> list[tuple]:
    return list(source.passages.order_by("ref").values_list("ref", "number", "digest", "kept_text__text"))


# --- passages ----------------------------------------------------------------------------------


def test_first_text_makes_a_passage_of_each_paragraph(source):
    assert state(source) == [
        ("note/1", 1, passages.digest(FIRST), FIRST),
        ("note/2", 2, passages.digest(SECOND), SECOND),
        ("note/3", 3, passages.digest(THIRD), THIRD),
    ]


def test_same_text_again_changes_nothing(source):
    before = state(source)

    plan = attach(source, FIRST, "", "  ", SECOND, THIRD)

    assert (refs(plan.stays), state(source)) == (["note/1", "note/2", "note/3"], before)


def test_moved_passage_keeps_its_reference_and_its_check(source):
    fact = fact_on(source, "note/2", "joint exercise of the two navies")

    plan = attach(source, FOURTH, FIRST, SECOND, THIRD)

    assert refs(plan.moved) == ["note/1", "note/2", "note/3"]
    assert places(source) == {"note/1": 2, "note/2": 3, "note/3": 4, "note/4": 1}
    assert (plan.leaving(), is_visible(fact)) == ((), True)


def test_changed_passage_voids_its_check_and_the_old_words_restore_it(source):
    fact = fact_on(source, "note/2", "joint exercise of the two navies")
    changed = SECOND.replace("western", "eastern")

    plan = attach(source, FIRST, changed, THIRD)
    assert refs(plan.changed) == ["note/2"]
    assert (plan.leaving(), is_visible(fact)) == (((fact.ref, fact.statement),), False)
    assert PassageText.objects.get(passage__ref="note/2").text == changed

    plan = attach(source, FIRST, SECOND, THIRD)
    assert (plan.returning(), is_visible(fact)) == (((fact.ref, fact.statement),), True)


def test_gone_passage_stays_without_number_and_text_and_its_check_no_longer_counts(source):
    fact = fact_on(source, "note/2", "joint exercise of the two navies")

    plan = attach(source, FIRST, THIRD)

    assert (refs(plan.gone), refs(plan.moved)) == (["note/2"], ["note/3"])
    assert places(source) == {"note/1": 1, "note/2": None, "note/3": 2}
    assert not PassageText.objects.filter(passage__ref="note/2").exists()
    assert (is_visible(fact), Citation.objects.filter(fact=fact).count()) == (False, 1)


def test_gone_passage_is_found_again_when_its_words_return_and_its_check_counts(source):
    fact = fact_on(source, "note/2", "joint exercise of the two navies")
    before = state(source)
    attach(source, FIRST, THIRD)
    attach(source, FIRST, THIRD, FOURTH)

    plan = attach(source, FIRST, SECOND, THIRD)

    assert (plan.returning(), is_visible(fact)) == (((fact.ref, fact.statement),), True)
    assert state(source)[:3] == before


def test_page_check_of_unknown_words_does_not_return_when_the_passage_is_gone():
    source = factories.SourceFactory(slug="note")
    passage = factories.PassageFactory(source=source, ref="note/9", number=2, words="", text=None)
    citation = factories.CitationFactory(passage=passage, anchor="joint exercise of the two navies")
    checking.check_citation(citation, by="bob", address=source.url, seen_on="2024-08-20")
    fact = publishing.publish(citation.fact, by="charlie")

    plan = attach(source, FIRST, SECOND)
    assert (refs(plan.filled), is_visible(fact)) == (["note/9"], False)

    attach(source, FIRST)
    assert (places(source)["note/9"], is_visible(fact)) == (None, False)


def test_passage_never_found_in_a_text_is_left_alone():
    source = factories.SourceFactory(slug="note")
    pasted = factories.PassageFactory(source=source, ref="note/p-14", number=None, words=FOURTH, text=None)

    plan = attach(source, FIRST)

    pasted.refresh_from_db()
    assert (refs(plan.unplaced), plan.gone) == (["note/p-14"], ())
    assert (pasted.number, pasted.digest) == (None, passages.digest(FOURTH))


def test_pasted_passage_gets_its_number_when_the_text_comes():
    source = factories.SourceFactory(slug="note")
    factories.PassageFactory(source=source, ref="note/p-14", number=None, words=SECOND, text=None)

    attach(source, FIRST, SECOND)

    assert places(source) == {"note/1": 1, "note/p-14": 2}


def test_references_are_never_used_again(source):
    attach(source, FIRST, THIRD)

    attach(source, FOURTH, FIRST, THIRD)

    assert places(source) == {"note/1": 2, "note/2": None, "note/3": 3, "note/4": 1}


def test_new_paragraph_stands_under_the_heading_before_it(source):
    Passage.objects.filter(ref="note/2").update(heading="Defence › Exercises", role="caption")

    attach(source, FIRST, SECOND, FOURTH, "And more of the same kind in the south.", THIRD)

    rows = source.passages.order_by("number").values_list("number", "heading", "role")
    assert list(rows) == [
        (1, "", "body"),
        (2, "Defence › Exercises", "caption"),
        (3, "Defence › Exercises", "body"),
        (4, "Defence › Exercises", "body"),
        (5, "", "body"),
    ]


# --- the plan ----------------------------------------------------------------------------------


def test_plan_changes_nothing(source):
    fact = fact_on(source, "note/2", "joint exercise of the two navies")
    before = (state(source), Stamp.read())

    plan = attaching.plan(source, FIRST, sha256="f" * 64)

    source.refresh_from_db()
    assert plan.leaving() == ((fact.ref, fact.statement),)
    assert ((state(source), Stamp.read()), source.sha256) == (before, "")


def test_plan_names_only_facts_that_lose_their_last_check(source):
    lost = fact_on(source, "note/2", "joint exercise of the two navies")
    held = fact_on(source, "note/2", "joint exercise of the two navies")
    second = factories.CitationFactory(fact=held, passage=source.passages.get(ref="note/1"))
    checking.check_citation(second, by="bob")
    factories.CitationFactory(passage=source.passages.get(ref="note/2"))  # a draft

    assert attaching.plan(source, FIRST).leaving() == ((lost.ref, lost.statement),)


def test_plan_names_anchors_that_do_not_stand_once(source):
    fact = fact_on(source, "note/2", "joint exercise of the two navies")

    plan = attaching.plan(source, "\n".join([FIRST, SECOND.replace("navies", "fleets"), THIRD]))

    assert plan.anchors == (attaching.LooseAnchor(fact.ref, "note/2", 2, "joint exercise of the two navies", 0),)


def test_apply_refuses_a_plan_made_before_the_passages_changed(source):
    plan = attaching.plan(source, FIRST)
    attach(source, FIRST, SECOND, THIRD, FOURTH)
    before = state(source)

    with pytest.raises(attaching.NotAttachable, match=r"The passages of “note” were changed after this plan was made"):
        attaching.apply(plan, by="bob")

    assert state(source) == before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no paragraphs in it"),
        (" \n\u00a0\n", "no paragraphs in it"),
        ("One.\nTwo\0.", "NUL character in line 2"),
    ],
)
def test_plan_refuses_what_is_no_text(source, text, message):
    with pytest.raises(attaching.NotAttachable, match=message):
        attaching.plan(source, text)


def test_plan_refuses_the_file_of_another_source(source):
    factories.SourceFactory(slug="first-of-all", sha256="a" * 64)

    with pytest.raises(attaching.NotAttachable, match=r"“first-of-all” already has the text of this file"):
        attaching.plan(source, FIRST, sha256="a" * 64)


# --- what else is kept -------------------------------------------------------------------------


def test_apply_keeps_the_hash_of_the_file_and_forgets_it_for_pasted_text_of_other_paragraphs(source):
    def kept() -> str:
        return Source.objects.get(pk=source.pk).sha256

    attach(source, FIRST, SECOND, THIRD, sha256="a" * 64)
    assert kept() == "a" * 64
    attach(source, FIRST, SECOND, THIRD)
    assert kept() == "a" * 64
    attach(source, FIRST, SECOND)
    assert kept() == ""


def test_apply_refreshes_the_grade_of_the_facts_it_touches(source):
    fact = fact_on(source, "note/2", "joint exercise of the two navies")

    attach(source, FIRST)

    assert Fact.objects.get(pk=fact.pk).evidence == "unchecked"


def test_erase_text_deletes_the_words_moves_the_stamp_and_keeps_the_checks(source):
    fact = fact_on(source, "note/2", "joint exercise of the two navies")
    other = factories.passage_of(FOURTH)
    stamp = Stamp.read()

    erased = attaching.erase_text(source, by="bob")

    assert erased == 3
    assert list(PassageText.objects.values_list("passage__ref", flat=True)) == [other.ref]
    assert is_visible(fact)
    assert Stamp.read() > stamp
    assert refs(attaching.plan(source, "\n".join([FIRST, SECOND, THIRD])).stays) == ["note/1", "note/2", "note/3"]


def test_decode_reads_a_byte_order_mark_and_names_the_byte_that_is_not_utf_8():
    assert attaching.decode(b"\xef\xbb\xbfCaf\xc3\xa9") == "Café"
    with pytest.raises(attaching.NotAttachable, match=r"Byte 5 of the file \(0xE9, in line 2\) is not UTF-8"):
        attaching.decode(b"A\nCa\xe9")
