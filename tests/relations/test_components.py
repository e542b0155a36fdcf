"""The design system: template tags, components, stylesheet and error pages."""

import gzip
import re
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest
from django.conf import settings
from django.core.paginator import Paginator
from django.template import Context, Template, engines
from django.template.loader import get_template, render_to_string
from django.test import RequestFactory
from django.urls import reverse

from relations.evidence import Grade
from relations.styleguide import sample_citation, sample_disagreement, sample_fact, sample_form, samples
from relations.templatetags import sandarbh

TEMPLATES = settings.BASE_DIR / "templates"
COMPONENTS = sorted((TEMPLATES / "components").glob("*.html"))
CSS = settings.BASE_DIR / "static/css/sandarbh.css"
MARKS = settings.BASE_DIR / "static/marks.svg"
NBSP = "\u00a0"


def component(template: str, **context) -> str:
    """The component as a page includes it, with white space made single."""
    given = " ".join(f"{key}={key}" for key in context)
    source = (
        f'{{% include "components/{template}" with {given} only %}}'
        if given
        else f'{{% include "components/{template}" %}}'
    )
    request = RequestFactory().get("/facts/", {"topic": "trade", "page": "3"})
    rendered = engines["django"].from_string(source).render(context, request)
    return re.sub(r"[ \n]+", " ", rendered).strip(" ")


def words(html: str) -> str:
    """What is left to read when the tags are taken away."""
    return re.sub(r" +", " ", re.sub(r"<[^>]+>", " ", html)).strip(" ")


# --- tags and filters -------------------------------------------------------------------------


def test_edtf_keeps_an_empty_date_empty():
    assert sandarbh.edtf("") == ""


def test_edtf_writes_a_month_in_words():
    assert sandarbh.edtf("2020-09") == f"September{NBSP}2020"


@pytest.mark.parametrize(("code", "name"), [("en", "English"), ("ja", "Japanese"), ("xx", "xx")])
def test_language_is_a_word_where_it_is_known(code, name):
    assert sandarbh.language(code) == name


def test_day_keeps_its_parts_on_one_line():
    assert sandarbh.day(date(2025, 11, 14)) == f"14{NBSP}November{NBSP}2025"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(32, 3), "10.67"),
        (Fraction(-2, 3), "−0.67"),
        (0, "0.00"),
        (Fraction(1, 200), "0.01"),
        (Fraction(-1, 1000), "0.00"),
    ],
)
def test_score_has_two_decimals_and_a_true_minus(value, text):
    assert sandarbh.score(value) == text


@pytest.mark.parametrize(("value", "text"), [(Fraction(2), "+2.00"), (Fraction(-2, 3), "−0.67"), (Fraction(0), "0.00")])
def test_signed_shows_what_was_won_or_lost(value, text):
    assert sandarbh.signed(value) == text


def test_marked_escapes_the_passage_around_its_anchor():
    assert sandarbh.marked("<b> they agreed", "they") == "&lt;b&gt; <mark>they</mark> agreed"


def test_marked_leaves_a_passage_without_its_anchor_to_the_template_to_escape():
    assert Template("{% load sandarbh %}{{ text|marked:'gone' }}").render(Context({"text": "<b>"})) == "&lt;b&gt;"


def test_every_grade_has_a_mark_that_is_drawn():
    drawn = set(re.findall(r'id="([a-z-]+)"', MARKS.read_text()))
    assert {grade.value for grade in Grade} == set(sandarbh.MARK_OF_GRADE)
    assert set(sandarbh.MARK_OF_GRADE.values()) - drawn == set()


@pytest.mark.parametrize(
    ("grade", "modality", "place"),
    [
        ("primary", "fact", "official"),
        ("own", "view", "view"),
        ("own", "expectation", "expected"),
        ("disputed", "view", "disputed"),
    ],
)
def test_grade_place_is_on_the_page_how_we_check(grade, modality, place):
    assert sandarbh.grade_place(sample_fact(grade, modality=modality)) == place
    assert f'id="{place}"' in (TEMPLATES / "relations/how_we_check.html").read_text()


def test_section_url_is_empty_for_a_section_not_built():
    assert sandarbh.section_url("relations:no_such_section") == ""


# --- components -------------------------------------------------------------------------------


def test_fact_has_rule_and_words_and_no_mark():
    html = component("_fact.html", fact=sample_fact("independent"))
    assert 'class="fact rule-independent"' in html
    assert "<svg" not in html
    assert words(html) == (
        "The second meeting of four ministers was held in Tokyo. "
        f"Two sources 8{NBSP}September{NBSP}2022 checked 14{NBSP}November{NBSP}2025"
    )


def test_fact_disputed_hangs_its_sign_in_the_margin():
    html = component("_fact.html", fact=sample_fact("disputed"))
    assert html.count("marks.svg#disputed") == 1


def test_fact_unchecked_names_no_day():
    assert "checked 14" not in component("_fact.html", fact=sample_fact("rechecking"))


def test_fact_row_has_mark_and_words_and_no_rule():
    html = component("_fact_row.html", fact=sample_fact("tertiary"))
    assert "rule-" not in html
    assert html.count("marks.svg#notes") == 1
    assert words(html).endswith(f"Notes only August{NBSP}2024")


def test_fact_row_shows_a_statement_with_its_hits():
    html = component("_fact_row.html", fact=sample_fact("one"), statement=sandarbh.marked("Trade grew", "Trade"))
    assert "<mark>Trade</mark> grew" in html


def test_view_names_its_owner():
    assert "View of The Quint" in component("_fact.html", fact=sample_fact("own", modality="view"))


def test_citation_leads_to_its_passage_and_to_the_place_in_the_original():
    citation = sample_citation(reading="“They” are the ministers.")
    html = component("_citation.html", citation=citation)
    assert f'href="{citation.passage.get_absolute_url()}"' in html
    assert "https://example.org/note#:~:text=agreed%20to%20meet%20again" in html
    assert 'rel="noopener"' in html
    assert "paragraph 32" in html


def test_citation_in_an_opened_passage_does_not_offer_to_open_it_again():
    html = words(component("_citation.html", citation=sample_citation(), opened=True))
    assert "See its place in the source" in html
    assert "See the passage" not in html


def test_citation_that_repeats_another_says_that_it_is_not_counted():
    html = component("_citation.html", citation=sample_citation(), repeats=sample_citation().passage.source)
    assert "so it is not counted again" in html


def test_split_shows_each_side_once_and_nothing_struck_through():
    disagreement, sides = sample_disagreement()
    html = component("_split.html", disagreement=disagreement, sides=sides)
    outcomes = ("Preferred", "Not borne out", "Overtaken", "Also on record")
    assert [html.count(outcome) for outcome in outcomes] == [1, 1, 1, 1]
    assert "<del>" not in html


def test_split_teaser_shows_no_side():
    disagreement, sides = sample_disagreement()
    assert "Preferred" not in component("_split.html", disagreement=disagreement, sides=sides, teaser=True)


def test_change_is_heard_as_was_and_now():
    html = component("_change.html", before="Signed in ", old="March 2022", new="September 2020", after=".")
    assert words(html) == "Signed in was March 2022 now September 2020 ."


def test_use_draws_nothing_without_a_line():
    assert component("_use.html", line="") == ""


def test_question_puts_the_closing_question_in_the_legend():
    html = component("_question.html", **samples()["question"], name="answer")
    assert re.search(r"<legend[^>]*>Which of the statements given above is/are correct\?</legend>", html)
    assert [html.count(text) for text in ("<li>", 'type="radio"', " checked")] == [2, 4, 1]


def test_question_without_a_name_offers_nothing_to_choose():
    html = component("_question.html", **samples()["question"])
    assert "<input" not in html


@pytest.mark.parametrize(
    ("right", "marks", "said"),
    [
        (True, Fraction(2), "Correct: +2.00"),
        (False, Fraction(-2, 3), "Not correct: −0.67"),
        (None, Fraction(0), "Left blank: 0.00"),
    ],
)
def test_verdict_says_the_outcome_in_words(right, marks, said):
    html = component("_verdict.html", right=right, marks=marks, chosen="", answer="(b) 2 only")
    assert words(html) == f"{said} The answer is (b) 2 only ."


def test_verdict_ends_a_sentence_once():
    html = component(
        "_verdict.html", right=False, marks=Fraction(-2, 3), chosen="(a) It is old.", answer="(b) It is new."
    )
    assert words(html).endswith("You chose (a) It is old. The answer is (b) It is new .")


def test_score_lines_lead_to_the_total():
    given = {key: samples()[key] for key in ("total", "of", "lines")}
    read = words(component("_score.html", heading="", **given))
    assert read == "10.67 of 20 Answers Number Marks Right 6 +12.00 Wrong 2 −1.33 Left blank 2 0.00 Score 10.67"


def test_pager_keeps_the_other_parameters():
    html = component("_pager.html", page=Paginator(range(300), 25).page(3))
    assert re.findall(r'href="([^"]+)"', html) == ["?topic=trade&amp;page=2", "?topic=trade&amp;page=4"]


def test_pager_draws_nothing_for_one_page():
    assert component("_pager.html", page=Paginator(range(3), 25).page(1)) == ""


def test_field_ties_help_and_error_to_the_input():
    html = component("_field.html", field=sample_form()["date"])
    assert 'aria-describedby="id_date_helptext id_date_error"' in html
    assert 'id="id_date_helptext"' in html
    assert 'id="id_date_error"' in html
    assert 'aria-invalid="true"' in html


def test_header_marks_the_section_one_is_in():
    html = component("_header.html")
    assert re.findall(r'aria-current="(\w+)">(\w+)', html) == [("page", "Facts")]


def test_header_and_footer_hold_the_sections_that_exist():
    links = re.findall(r"<li><a [^>]+>([^<]+)</a>", component("_header.html") + component("_footer.html"))
    assert links == [
        "Practise", "Facts", "Topics", "Search", "Sources", "Names A–Z", "Where sources disagree", "How we check",
    ]  # fmt: skip


@pytest.mark.parametrize("path", COMPONENTS, ids=lambda path: path.name)
def test_component_says_what_it_takes(path):
    assert path.read_text().startswith("{% comment %}")


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_template_includes_with_only_and_holds_no_inline_style_or_script(path):
    source = path.read_text()
    assert [
        tag for tag in re.findall(r"{% include [^%]+%}", source) if "components/" in tag and " only %}" not in tag
    ] == []
    assert re.findall(r'\sstyle="|\son[a-z]+="|<style|<script(?![^>]+src=)', source) == []


# --- stylesheet and marks ---------------------------------------------------------------------


def test_each_grade_has_a_rule_and_nothing_else_has_a_line_on_its_left():
    css = re.sub(r"/\*.*?\*/", "", CSS.read_text(), flags=re.DOTALL)
    with_left_line = {
        selector.strip()
        for selectors, body in re.findall(r"([^{}]+)\{([^{}]*)\}", css)
        if "border-left" in body or "border-inline-start" in body
        for selector in selectors.split(",")
    }
    rules = {
        ".rule-primary",
        ".rule-independent",
        ".rule-one",
        ".rule-own",
        ".rule-tertiary",
        ".rule-rechecking",
        ".rule-unchecked",
    }
    assert with_left_line == rules | {".fact"}
    assert {f".rule-{grade.value}" for grade in Grade} - rules == {".rule-disputed"}


@pytest.mark.parametrize(("path", "kibibytes"), [(CSS, 12), (MARKS, 2)], ids=["stylesheet", "marks"])
def test_static_file_keeps_its_budget(path: Path, kibibytes: int):
    assert len(gzip.compress(path.read_bytes())) <= kibibytes * 1024


def test_stylesheet_asks_for_nothing_from_elsewhere():
    assert re.findall(r"url\(|@import|https?:", CSS.read_text()) == []


# --- whole pages ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "413", "429", "500"])
def test_error_page_renders_without_a_context(name):
    html = get_template(f"{name}.html").render()
    assert html.count("<h1>") == 1


def test_error_429_says_when_to_try_again():
    assert "Try again in 30 seconds." in render_to_string("429.html", {"retry_after": 30})


@pytest.mark.django_db  # its tag names the state of the content
def test_how_we_check_explains_every_grade(client):
    html = client.get(reverse("relations:how_we_check")).content.decode()
    assert re.findall(r'<li class="fact[^"]*" id="([a-z]+)"', html) == [
        "official", "two", "one", "notes", "disputed", "rechecking", "view", "expected",
    ]  # fmt: skip


def test_styleguide_is_for_editors(client):
    assert client.get(reverse("relations:styleguide")).status_code == 302


def test_styleguide_shows_every_component_with_known_variables(admin_client):
    response = admin_client.get(reverse("relations:styleguide"))
    assert response.status_code == 200
    used = {template.name for template in response.templates}
    assert {f"components/{path.name}" for path in COMPONENTS} - used == set()
