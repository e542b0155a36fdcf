from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relations.passages import (
    CHANGED_AT_LEAST,
    Match,
    Old,
    align,
    anchor_problem,
    digest,
    fragment_url,
    normalise,
    occurrences,
    paragraphs,
)

TIDE = "The harbour board moved the spring tide survey from Monday to the last Friday of March."
TIDE_EDITED = "The harbour board moved the spring tide survey from Monday to the first Friday of April."
LAMP = "Keepers of the three northern lamps are paid by the parish, two by the guild."
FERRY = "Nobody may board the evening ferry without a numbered ticket and a dry coat."
ADVERT = "Read more below"


# --- paragraphs ---------------------------------------------------------------------------------


def test_paragraphs_are_the_lines_that_are_not_blank():
    assert paragraphs("One.\n\n  Two. \r\n\t\r\n\u00a0\u00a0\nThree.\rFour.") == ["One.", "Two.", "Three.", "Four."]


def test_paragraphs_do_not_end_at_form_feeds_or_line_separators():
    assert paragraphs("One\x0ctwo\u2028three\x85four\x0bfive\nSix") == ["One\x0ctwo\u2028three\x85four\x0bfive", "Six"]


@given(st.text(alphabet="ab \n\r\t\x0c\u00a0\u2028"))
def test_paragraphs_are_counted_as_the_lines_of_a_file(tmp_path_factory, text):
    file = tmp_path_factory.getbasetemp() / "document.txt"
    file.write_bytes(text.encode())
    with file.open(encoding="utf-8") as lines:
        assert paragraphs(text) == [line.strip() for line in lines if line.strip()]


# --- normalise and digest -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("the ‘two’ “notes”", "the 'two' \"notes\""),
        ("2023–24 — so", "2023-24 - so"),
        ("cross‑servicing", "cross-servicing"),
        ("a\u00a0b\t c\n", "a b c"),
        ("co\u00adopera\u200btion\ufeff", "cooperation"),
        ("Curac\u0327ao", "Cura\u00e7ao"),
        ("views ーmostly held", "views -mostly held"),
    ],
)
def test_normalise_makes_spellings_of_a_text_alike(one, other):
    assert (normalise(one), digest(one)) == (normalise(other), digest(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [("10²", "102"), ("Board", "board"), ("a, b", "a b"), ("コーヒ", "コ-ヒ"), ("now here", "nowhere")],
)
def test_normalise_keeps_different_words_apart(one, other):
    assert normalise(one) != normalise(other)


@given(st.text())
def test_normalise_twice_changes_nothing(text):
    assert normalise(normalise(text)) == normalise(text)


def test_digest_is_sha256_of_the_normalised_text():
    assert digest(" a\u00a0b ") == "c8687a08aa5d6ed2044328fa6a697ab8e96dc34291e8c2034ae8c38e6fcc6d65"


# --- anchors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("anchor", "text", "count"),
    [
        ("spring tide survey", TIDE, 1),
        ("Spring tide survey", TIDE, 0),
        ("spring tide sur", TIDE, 0),
        ("pring tide survey", TIDE, 0),
        ("the harbour", "the harbour, the\u00a0harbour; the harbours", 2),
        ("came to 22", "It came to 22.85 billion.", 0),
        ("came to 22.85", "It came to 22.85.", 1),
        ("00 rupees paid", "1,00,00 rupees paid", 0),
        ("$ 22.85 billion", "US$ 22.85 billion", 1),
        ("for 2023-24", "for 2023–24", 1),
        ("the keeper", "“the keeper’s lamp”", 1),
        ("एक हिन्द", "एक हिन्दी पाठ", 0),
        ("एक हिन्दी", "एक हिन्दी पाठ", 1),
        ("a a", "a a a", 2),
        ("", "text", 0),
    ],
)
def test_occurrences_counts_whole_words(anchor, text, count):
    assert occurrences(anchor, text) == count


@given(st.lists(st.sampled_from(["tide", "lamp", "2+2", "22.85", "2023-24"]), min_size=1, max_size=12), st.data())
def test_occurrences_finds_any_run_of_words(words, data):
    start = data.draw(st.integers(0, len(words) - 1))
    end = data.draw(st.integers(start + 1, len(words)))
    run = words[start:end]
    expected = sum(words[at : at + len(run)] == run for at in range(len(words)))
    assert occurrences(" ".join(run), "  ".join(words)) == expected


@pytest.mark.parametrize(
    "anchor",
    [
        "spring tide survey",
        "came to 2+2 talks",
        "US$ 22.85 billion during FY 2023-24",
        "one two three four five six seven eight",
        "the cross-servicing agreement, signed",
    ],
)
def test_anchor_problem_accepts_three_to_eight_plain_words(anchor):
    assert anchor_problem(anchor) is None


@pytest.mark.parametrize(
    ("anchor", "problem"),
    [
        ("", "has 0 words: copy 3 to 8"),
        ("spring tide", "has 2 words: copy 3 to 8"),
        ("spring & tide", "has 2 words: copy 3 to 8"),
        ("one two three four five six seven eight nine", "has 9 words: keep the 3 to 8"),
        ("spring  tide survey", "has a space too many"),
        ("spring tide survey ", "has a space too many"),
        ("spring tide\nsurvey", "has a space too many"),
        ("the “spring tide survey", "has a “ in it"),
        ("the keeper’s three lamps", "has a ’ in it"),
        ("the keeper's three lamps", "has a ' in it"),
        ("spring tide – survey", "has a – in it"),
        ("spring tide - survey", "has a - in it"),
        ("spring tide survey-", "has a - in it"),
        ("spring of 2023–24", "has a – in it"),
        ("spring (tide survey", "has a ( in it"),
        ("spring tide survey]", "has a ] in it"),
    ],
)
def test_anchor_problem_names_the_anchor_and_what_to_do(anchor, problem):
    message = anchor_problem(anchor)
    assert message.startswith(f"The anchor “{anchor}” ")
    assert problem in message


# --- text fragments -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "anchor", "link"),
    [
        ("https://x.org/a", "spring tide survey", "https://x.org/a#:~:text=spring%20tide%20survey"),
        ("https://x.org/a?b=1#top", "a b", "https://x.org/a?b=1#top:~:text=a%20b"),
        ("https://x.org/a#", "a b", "https://x.org/a#:~:text=a%20b"),
        ("https://x.org/a#:~:text=old", "a b", "https://x.org/a#:~:text=a%20b"),
        ("https://x.org/a", "FY 2023-24, R&D", "https://x.org/a#:~:text=FY%202023%2D24%2C%20R%26D"),
        ("https://x.org/a", "2+2 at 50%", "https://x.org/a#:~:text=2%2B2%20at%2050%25"),
        ("https://x.org/a", "हिन्दी", "https://x.org/a#:~:text=%E0%A4%B9%E0%A4%BF%E0%A4%A8%E0%A5%8D%E0%A4%A6%E0%A5%80"),
        ("https://x.org/a", "", "https://x.org/a"),
        ("", "spring tide survey", ""),
    ],
)
def test_fragment_url_opens_the_page_at_the_anchor(url, anchor, link):
    assert fragment_url(url, anchor) == link


@given(st.text(st.characters(codec="utf-8"), min_size=1).map(lambda text: " ".join(text.split())).filter(bool))
def test_fragment_url_carries_the_words_and_nothing_with_a_meaning(anchor):
    text = fragment_url("https://x.org/", anchor).removeprefix("https://x.org/#:~:text=")
    assert unquote(text) == anchor
    assert not set(text) & set("-,&#?+ \"'<>")


# --- align --------------------------------------------------------------------------------------


def kept(*texts, start=1):
    """Old passages p1, p2 … with their text."""
    return [Old(f"p{at}", at, digest(text), text) for at, text in enumerate(texts, start)]


def places(matches):
    return {match.ref: match.number for match in matches}


def test_align_keeps_the_same_words_at_the_same_number():
    result = align(kept(TIDE, LAMP), [TIDE, LAMP])
    assert result.stays == (Match("p1", 1, 1, 100.0), Match("p2", 2, 2, 100.0))
    assert (result.moved, result.changed, result.filled, result.gone, result.added) == ((), (), (), (), ())


def test_align_follows_the_same_words_to_another_number():
    result = align(kept(TIDE, LAMP), [FERRY, TIDE, LAMP.replace(" ", "\u00a0")])
    assert (places(result.moved), result.added) == ({"p1": 2, "p2": 3}, (1,))


def test_align_finds_changed_words_where_the_text_was_kept():
    result = align(kept(TIDE, LAMP), [LAMP, TIDE_EDITED])
    [change] = result.changed
    assert (change.ref, change.old_number, change.number) == ("p1", 1, 2)
    assert CHANGED_AT_LEAST <= change.score < 100


def test_align_does_not_guess_where_the_text_was_not_kept():
    result = align([Old("p1", 1, digest(TIDE))], [TIDE_EDITED])
    assert (result.gone, result.added) == ((Match("p1", 1, None, None),), (1,))


def test_align_does_not_take_another_paragraph_for_a_changed_one():
    result = align(kept(TIDE), [FERRY])
    assert (places(result.gone), result.added) == ({"p1": None}, (1,))


def test_align_prefers_the_likest_paragraph():
    result = align(kept(TIDE), [TIDE_EDITED, TIDE.replace("Monday", "Tuesday")])
    assert (places(result.changed), result.added) == ({"p1": 2}, (1,))


def test_align_gives_equally_like_paragraphs_to_their_old_neighbours():
    old = kept(LAMP, "Ticket office of quay 1 opens daily", FERRY, "Ticket office of quay 2 opens daily")
    new = [ADVERT, LAMP, "Ticket office of quay 8 opens daily", FERRY, "Ticket office of quay 9 opens daily"]
    assert places(align(old, new).changed) == {"p2": 3, "p4": 5}


def test_align_matches_repeated_paragraphs_in_order():
    old = kept(ADVERT, TIDE, ADVERT, LAMP)
    new = [FERRY, TIDE, LAMP, ADVERT, "Another", ADVERT]
    assert places(align(old, new).moved) == {"p1": 4, "p3": 6, "p4": 3}


def test_align_matches_the_nearest_of_repeated_paragraphs():
    fewer = align(kept(TIDE, LAMP, ADVERT), [ADVERT, TIDE, LAMP, ADVERT, FERRY, ADVERT])
    more = align(kept(ADVERT, TIDE, LAMP, FERRY, ADVERT), [TIDE, LAMP, FERRY, ADVERT])
    assert (places(fewer.moved)["p3"], fewer.added) == (4, (1, 5, 6))
    assert (places(more.moved)["p5"], places(more.gone)) == (4, {"p1": None})


def test_align_gives_a_number_to_words_that_had_none():
    result = align([Old("statement-3", None, digest(LAMP))], [TIDE, LAMP])
    assert result.moved == (Match("statement-3", None, 2, 100.0),)


def test_align_fills_a_number_whose_words_were_unknown():
    result = align([Old("p1", 1, ""), Old("p2", 2, digest(TIDE)), Old("p3", 9, "")], [TIDE, LAMP])
    assert (places(result.moved), places(result.filled), places(result.gone), result.added) == (
        {"p2": 1},
        {},
        {"p1": None, "p3": None},
        (2,),
    )
    assert align([Old("p1", 2, "")], [TIDE, LAMP]).filled == (Match("p1", 2, 2, None),)


WORDS = st.sampled_from([TIDE, TIDE_EDITED, LAMP, FERRY, ADVERT, "Ticket office 1", "Ticket office 2", ""])
DOCUMENTS = st.lists(WORDS, max_size=9)


@st.composite
def old_passages(draw):
    texts = draw(DOCUMENTS)
    numbers = draw(st.permutations(range(1, len(texts) + 3)))
    return [
        Old(
            f"p{at}",
            draw(st.sampled_from([numbers[at], numbers[at], None])),
            draw(st.sampled_from([digest(text), digest(text), ""])),
            draw(st.sampled_from([text, None])),
        )
        for at, text in enumerate(texts)
    ]


@given(DOCUMENTS)
def test_align_of_an_identical_text_only_stays(texts):
    result = align(kept(*texts), texts)
    assert places(result.stays) == {f"p{at}": at for at in range(1, len(texts) + 1)}


@given(DOCUMENTS.flatmap(lambda texts: st.tuples(st.just(texts), st.permutations(texts))))
def test_align_of_a_permutation_only_stays_or_moves(both):
    texts, shuffled = both
    result = align(kept(*texts), shuffled)
    assert len(result.stays) + len(result.moved) == len(texts)
    assert all(shuffled[match.number - 1] == texts[match.old_number - 1] for match in result.stays + result.moved)


@given(old_passages(), DOCUMENTS)
def test_align_accounts_for_every_passage_and_paragraph_once(old, new):
    result = align(old, new)
    found = [*result.stays, *result.moved, *result.changed, *result.filled]
    assert sorted(match.ref for match in [*found, *result.gone]) == sorted(one.ref for one in old)
    assert sorted([match.number for match in found] + list(result.added)) == list(range(1, len(new) + 1))
    numbers = {one.ref: one.number for one in old}
    assert all(match.old_number == numbers[match.ref] for match in [*found, *result.gone])


@given(old_passages(), DOCUMENTS)
def test_align_calls_each_match_what_it_is(old, new):
    result = align(old, new)
    digests = {one.ref: one.digest for one in old}
    same = [digests[match.ref] == digest(new[match.number - 1]) for match in [*result.stays, *result.moved]]
    assert all(same)
    assert all(match.number == match.old_number for match in result.stays + result.filled)
    assert all(match.number != match.old_number for match in result.moved)
    assert all(match.score >= CHANGED_AT_LEAST for match in result.changed)
    assert {digests[match.ref] for match in result.filled} <= {""}
