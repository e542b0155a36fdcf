from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relations.evidence import COMPUTED, Grade, SourceNode, closure, grade, label_for, use_for

SLUGS = ["a", "b", "c", "d", "e", "f"]
PEOPLE = ["ann", "bob"]
RANKS = {
    Grade.UNCHECKED: 0,
    Grade.TERTIARY: 1,
    Grade.ONE: 2,
    Grade.INDEPENDENT: 3,
    Grade.PRIMARY: 4,
    Grade.OWN: 4,
}


def source(slug, tier="secondary", authors=(), copy_of=None, derived_from=()):
    return SourceNode(slug, tier, frozenset(authors), copy_of, frozenset(derived_from))


def graph_of(*nodes):
    return {node.slug: node for node in nodes}


def graded(*nodes, cited=None, modality="fact", whose=None):
    return grade(modality, whose, [node.slug for node in nodes] if cited is None else cited, graph_of(*nodes))


@st.composite
def graphs(draw):
    """Any graph over six slugs, cycles, self-loops and names of missing sources included."""
    known = draw(st.sets(st.sampled_from(SLUGS)))
    return {
        slug: source(
            slug,
            tier=draw(st.sampled_from(["primary", "secondary", "tertiary"])),
            authors=draw(st.sets(st.sampled_from(PEOPLE), max_size=1)),
            copy_of=draw(st.none() | st.sampled_from(SLUGS)),
            derived_from=draw(st.sets(st.sampled_from(SLUGS), max_size=2)),
        )
        for slug in sorted(known)
    }


CITED = st.lists(st.sampled_from(SLUGS), max_size=5)
MODALITIES = st.sampled_from(["fact", "view", "expectation"])


# --- facts --------------------------------------------------------------------------------------


def test_grade_without_a_checked_source_is_unchecked():
    assert graded() == Grade.UNCHECKED


def test_grade_of_one_primary_source_is_primary():
    assert graded(source("treaty", "primary"), source("note", "tertiary")) == Grade.PRIMARY


def test_grade_of_two_reports_is_independent():
    assert graded(source("quint"), source("newsmobile"), source("note", "tertiary")) == Grade.INDEPENDENT


def test_grade_of_two_reports_from_one_release_is_one():
    nodes = [source("nie", derived_from=["release"]), source("republic", derived_from=["release"])]
    assert graded(*nodes) == Grade.ONE


def test_grade_of_two_reports_from_one_release_through_others_is_one():
    nodes = [
        source("nie", derived_from=["agency"]),
        source("agency", copy_of="wire"),
        source("wire", derived_from=["release"]),
        source("republic", derived_from=["release"]),
    ]
    assert graded(*nodes, cited=["nie", "republic"]) == Grade.ONE


def test_grade_of_a_report_and_its_copy_is_one():
    assert graded(source("nie"), source("mirror", copy_of="nie")) == Grade.ONE


def test_grade_of_many_notes_is_tertiary():
    assert graded(*(source(slug, "tertiary") for slug in SLUGS)) == Grade.TERTIARY


def test_grade_of_a_copy_is_that_of_what_it_copies():
    treaty, note = source("treaty", "primary"), source("note", "tertiary")
    grades = [
        graded(source("blog", "tertiary", copy_of="treaty"), treaty, cited=["blog"]),
        graded(source("reprint", "primary", copy_of="note"), note, cited=["reprint"]),
    ]
    assert grades == [Grade.PRIMARY, Grade.TERTIARY]


def test_grade_does_not_pass_from_a_source_to_what_derives_from_it():
    nodes = [source("note", "tertiary", derived_from=["statement"]), source("statement", "primary")]
    assert graded(*nodes, cited=["note"]) == Grade.TERTIARY


def test_grade_counts_a_source_the_graph_lacks_as_tertiary():
    assert grade("fact", None, ["unknown"], {}) == Grade.TERTIARY


def test_grade_sees_one_missing_ancestor_behind_two_reports():
    assert graded(source("nie", derived_from=["gone"]), source("republic", derived_from=["gone"])) == Grade.ONE


def test_grade_refuses_an_unknown_modality():
    with pytest.raises(ValueError, match="“opinion” is not a modality"):
        grade("opinion", None, [], {})


# --- views and expectations ---------------------------------------------------------------------


@pytest.mark.parametrize("modality", ["view", "expectation"])
def test_grade_of_a_view_in_its_holders_text_is_own(modality):
    quint = source("quint", authors=["bhattacharjee"])
    assert graded(quint, modality=modality, whose="bhattacharjee") == Grade.OWN


def test_grade_of_a_view_in_a_copy_of_its_holders_text_is_own():
    nodes = [
        source("mirror", "tertiary", copy_of="aggregator"),
        source("aggregator", "tertiary", copy_of="original"),
        source("original", authors=["gyalpo"]),
    ]
    assert graded(*nodes, cited=["mirror"], modality="view", whose="gyalpo") == Grade.OWN


def test_grade_of_a_view_in_a_text_made_from_its_holders_is_not_own():
    nodes = [source("note", "tertiary", derived_from=["original"]), source("original", authors=["gyalpo"])]
    assert graded(*nodes, cited=["note"], modality="view", whose="gyalpo") == Grade.TERTIARY


def test_grade_of_a_view_reported_by_others_is_that_of_the_reports():
    readout, quint = source("readout", "primary", authors=["mea"]), source("quint")
    grades = [
        graded(readout, modality="view", whose="kishida"),
        graded(readout, quint, modality="view", whose="kishida"),
        graded(modality="view", whose="kishida"),
    ]
    assert grades == [Grade.ONE, Grade.INDEPENDENT, Grade.UNCHECKED]


def test_grade_of_a_fact_is_never_own():
    assert graded(source("quint", authors=["ann"]), whose="ann") == Grade.ONE


# --- properties ---------------------------------------------------------------------------------


def brute_closure(slug, graph):
    """All that can be reached in as many steps as there are slugs, by repeated joining of the edges."""
    edges = {(node.slug, up) for node in graph.values() for up in {node.copy_of, *node.derived_from} - {None}}
    reached = {slug}
    for _ in SLUGS:
        reached |= {up for down, up in edges if down in reached}
    return reached


def brute_grade(modality, whose, cited, graph):
    """The table in worked-facts.md, read line by line."""

    def originals(slug):
        chain = [slug]
        while (node := graph.get(chain[-1])) and node.copy_of in graph and node.copy_of not in chain:
            chain.append(node.copy_of)
        return [graph.get(one, source(one, "tertiary")) for one in chain]

    tiers = {slug: originals(slug)[-1].tier for slug in cited}
    if modality == "fact" and "primary" in tiers.values():
        return Grade.PRIMARY
    if modality != "fact" and whose in {name for slug in cited for one in originals(slug) for name in one.authors}:
        return Grade.OWN
    solid = [slug for slug in tiers if tiers[slug] != "tertiary"]
    if any(not brute_closure(a, graph) & brute_closure(b, graph) for a, b in combinations(solid, 2)):
        return Grade.INDEPENDENT
    return Grade.ONE if solid else Grade.TERTIARY if cited else Grade.UNCHECKED


@given(MODALITIES, st.none() | st.sampled_from(PEOPLE), CITED, graphs())
def test_grade_agrees_with_a_brute_force_reading(modality, whose, cited, graph):
    assert grade(modality, whose, cited, graph) == brute_grade(modality, whose, cited, graph)


@given(st.sampled_from(SLUGS), graphs())
def test_closure_is_what_can_be_reached(slug, graph):
    assert closure(slug, graph) == brute_closure(slug, graph)


@given(MODALITIES, st.sampled_from(PEOPLE), CITED, CITED, graphs())
def test_grade_never_falls_with_more_sources(modality, whose, cited, more, graph):
    few, many = grade(modality, whose, cited, graph), grade(modality, whose, cited + more, graph)
    assert RANKS[few] <= RANKS[many]


@given(MODALITIES, CITED, graphs())
def test_grade_is_not_raised_by_a_tertiary_source(modality, cited, graph):
    new = source("new", "tertiary")
    before = grade(modality, "ann", cited, graph)
    after = grade(modality, "ann", [*cited, "new"], {**graph, "new": new})
    assert after == (Grade.TERTIARY if before == Grade.UNCHECKED else before)


@given(MODALITIES, CITED.filter(bool), graphs())
def test_grade_counts_a_copy_and_what_it_copies_once(modality, cited, graph):
    copied = cited[0]
    if copied not in graph:
        return
    copy = source("new", "primary", copy_of=copied)
    assert grade(modality, "ann", [*cited, "new"], {**graph, "new": copy}) == grade(modality, "ann", cited, graph)


@given(MODALITIES, st.permutations(SLUGS), graphs())
def test_grade_does_not_depend_on_order_or_repetition(modality, order, graph):
    cited = order[:4]
    grades = {grade(modality, "ann", one, graph) for one in (cited, cited[::-1], cited * 2, iter(cited))}
    assert grades == {grade(modality, "ann", sorted(cited), dict(reversed(graph.items())))}


# --- words --------------------------------------------------------------------------------------


def test_labels_are_the_words_of_the_brief():
    assert {str(one): str(one.label) for one in Grade} == {
        "primary": "Official source",
        "independent": "Two sources",
        "one": "One source",
        "tertiary": "Notes only",
        "own": "The author's own text",
        "unchecked": "Unchecked",
        "disputed": "Disputed",
        "rechecking": "Being rechecked",
    }


def test_label_of_a_primary_source_of_no_government_is_original():
    assert [str(label_for(one, official=False)) for one in (Grade.PRIMARY, Grade.ONE)] == [
        "Original source",
        "One source",
    ]


def test_computed_grades_are_all_but_the_shown_states():
    assert set(Grade) - set(COMPUTED) == {Grade.DISPUTED, Grade.RECHECKING}


@pytest.mark.parametrize(
    ("shown", "modality", "words"),
    [
        ("primary", "fact", "State it plainly."),
        ("independent", "fact", "State it plainly."),
        ("one", "fact", "Fine in Mains; name the source if much hangs on it."),
        ("tertiary", "fact", "Check it before you rely on it."),
        ("disputed", "fact", "Learn both sides; do not state one as settled."),
        ("rechecking", "view", "Wait for us; not in lists or quizzes meanwhile."),
        ("own", "view", "Mains only, with the name."),
        ("independent", "view", "Mains only, with the name."),
        ("own", "expectation", "Never as an outcome."),
        ("one", "expectation", "Never as an outcome."),
    ],
)
def test_use_follows_grade_and_modality(shown, modality, words):
    assert str(use_for(Grade(shown), modality)) == words
