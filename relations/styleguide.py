"""The styleguide: every component in every state, from samples that are never saved."""

from datetime import date
from fractions import Fraction
from types import SimpleNamespace

from django import forms
from django.contrib.admin.views.decorators import staff_member_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from relations.facets import facet
from relations.models import Citation, Disagreement, Entity, Fact, Passage, Side, Source

CHECKED = date(2025, 11, 14)

STATEMENTS = {
    "primary": ("India and Japan signed an agreement on the supply of goods between their forces.", "2020-09-09"),
    "independent": ("The second meeting of four ministers was held in Tokyo.", "2022-09-08"),
    "one": ("Trade between the two countries came to US$ 22.85 billion in the financial year.", "2023-04/2024-03"),
    "tertiary": ("The grouping has four members: Australia, India, Japan and the United States.", "2024-08"),
    "disputed": ("Talks on the supply agreement were still going on.", "[2022-09..2024-08]"),
    "rechecking": ("The two navies hold an exercise every year.", "2019~"),
}


class SampleForm(forms.Form):
    """One field of each kind the site uses."""

    name = forms.CharField(help_text="As the passage writes it.")
    date = forms.CharField(help_text="As coarse as the passage: 2020-09-09 or 2020-09.")
    evidence = forms.ChoiceField(choices=[("", "Any"), ("primary", "Official source")], required=False)
    modality = forms.ChoiceField(choices=[("fact", "Fact"), ("view", "View")], widget=forms.RadioSelect, required=False)
    guess = forms.BooleanField(label="I am guessing", required=False)


def sample_fact(grade: str, *, modality: str = "fact", statement: str = "") -> Fact:
    """An unsaved fact that shows `grade`, so that nothing is asked of the database."""
    words, when = STATEMENTS.get(
        grade, ("The minister called the agreement a turning point for the region.", "2022-09")
    )
    subject = Entity(slug="sample", name="Sample", kind="agreement")
    fact = Fact(ref="sample-001", subject=subject, statement=statement or words, modality=modality, date=when)
    fact.status = Fact.Status.PUBLISHED
    fact.whose = Entity(slug="quint", name="The Quint", kind="institution") if modality != "fact" else None
    fact.shown_grade = grade
    fact.last_checked = None if grade == "rechecking" else CHECKED
    return fact


def sample_citation(**given) -> Citation:
    source = Source(
        slug="sample-note",
        title="Third meeting of the foreign and defence ministers: a study note",
        publisher="A study centre",
        kind=given.pop("kind", "study-note"),
        published="2024-08",
        url="https://example.org/note",
    )
    passage = Passage(source=source, ref="sample-note/9", number=32, heading="Key points › Defence", label="3")
    return Citation(passage=passage, anchor="agreed to meet again", **given)


def sample_disagreement() -> tuple[Disagreement, list[Side]]:
    disagreement = Disagreement(
        slug="sample",
        question="When was the supply agreement signed?",
        state="settled",
        reason="The foreign ministry published the signing on the day itself; the other text repeats a plan.",
        what_to_write="Signed on 9 September 2020.",
    )
    wrong = "The Quint, September 2022, says: talks on the supply agreement were still going on."
    sides = [
        Side(disagreement=disagreement, fact=sample_fact("primary"), outcome="preferred"),
        Side(
            disagreement=disagreement,
            fact=sample_fact("one", modality="view", statement=wrong),
            outcome="not-borne-out",
        ),
        Side(disagreement=disagreement, fact=sample_fact("tertiary"), outcome="overtaken"),
        Side(disagreement=disagreement, fact=sample_fact("disputed"), outcome="open"),
    ]
    sides[0].fact.supporting = [sample_citation(kind="official")]  # type: ignore[attr-defined]
    return disagreement, sides


def sample_question() -> dict:
    return {
        "lead": "Consider the following statements about the supply agreement:",
        "statements": ["It was signed in Tokyo on 9 September 2020.", "It came into force in July 2021."],
        "closing": "Which of the statements given above is/are correct?",
        "options": [
            SimpleNamespace(letter=letter, value=letter, text=text, chosen=letter == "b")
            for letter, text in [("a", "1 only"), ("b", "2 only"), ("c", "Both 1 and 2"), ("d", "Neither 1 nor 2")]
        ],
    }


def sample_form() -> SampleForm:
    """A bound form with one good, one bad and one empty field."""
    form = SampleForm({"name": "ACSA", "date": "9/9/20"})
    form.add_error("date", "“9/9/20” could be two days. Write the year first: 2020-09-09.")
    return form


def samples() -> dict:
    disagreement, sides = sample_disagreement()
    return {
        "facts": [sample_fact(grade) for grade in STATEMENTS],
        "views": [
            sample_fact("own", modality="view"),
            sample_fact(
                "own", modality="expectation", statement="The Quint expected the agreement to be signed in March."
            ),
        ],
        "citation": sample_citation(reading="“They” are the four ministers of the heading."),
        "official": sample_citation(kind="official"),
        "against": sample_citation(stance="contradicts"),
        "repeated": Source(slug="sample-release", title="The ministry’s release of 20 August 2024"),
        "checked": CHECKED,
        "disagreement": disagreement,
        "sides": sides,
        "question": sample_question(),
        "change": SimpleNamespace(
            before="The agreement was signed in ", old="March 2022", new="September 2020", after="."
        ),
        "marks": {"right": Fraction(2), "wrong": Fraction(-2, 3), "blank": Fraction(0)},
        "total": Fraction(32, 3),
        "of": Fraction(20),
        "lines": [
            SimpleNamespace(outcome="right", count=6, marks=Fraction(12)),
            SimpleNamespace(outcome="wrong", count=2, marks=Fraction(-4, 3)),
            SimpleNamespace(outcome="blank", count=2, marks=Fraction(0)),
        ],
        "chips": [
            SimpleNamespace(label="Topic: Defence agreements", remove_url="?"),
            SimpleNamespace(label="Evidence: Official source", remove_url="?"),
        ],
        "facet": facet(
            "state",
            "How it stands",
            [("open", "Open", 6), ("settled", "Settled", 22)],
            total=28,
            chosen={"state": "open"},
        ),
        "page": Paginator(range(300), 25).page(3),
        "form": sample_form(),
        "levels": ["info", "success", "warning", "error"],
    }


@staff_member_required
def styleguide(request: HttpRequest) -> HttpResponse:
    return render(request, "styleguide.html", samples())
