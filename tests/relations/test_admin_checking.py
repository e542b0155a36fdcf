"""Checking a citation in the admin: never without its passage, or its address, on the screen."""

import pytest
from django.utils import timezone

from curation import revisions
from relations import passages
from relations.models import Check, PassageText
from tests.admin_forms import editor
from tests.factories import CitationFactory, FactFactory, PassageFactory, SourceFactory, passage_of, published_fact

pytestmark = pytest.mark.django_db

LIST = "/admin/relations/fact/"
TEXT = "On that day the two sides signed the agreement in the capital."


def page(citation) -> str:
    return f"{LIST}{citation.fact.pk}/check/"


def shown(client, citation) -> str:
    """What the form for `citation` says was on the screen."""
    desks = client.get(page(citation)).context["desks"]
    return next(desk.shown for desk in desks if desk.citation == citation)


def check(client, citation, **data):
    return client.post(f"{page(citation)}{citation.pk}/", data, follow=True)


def linked(**kwargs):
    """A citation of a passage whose text is not kept."""
    passage = PassageFactory(words="", source=SourceFactory(url="https://example.org/treaty"))
    return CitationFactory(passage=passage, **kwargs)


def errors(response, citation) -> dict:
    return next(desk.form.errors for desk in response.context["desks"] if desk.citation == citation)


def test_passage_is_shown_with_its_neighbours_and_its_anchor_marked():
    source = SourceFactory()
    for number, text in enumerate(["Before it.", TEXT, "After it.", "Further on."], start=1):
        passage_of(text, source=source, number=number)
    citation = CitationFactory(passage=source.passages.get(number=2))
    response = editor("bina", "reviewer").get(page(citation))
    html = response.content.decode()
    assert '<p class="neighbour">Before it.</p>' in html
    assert "the two sides <mark>signed the agreement in the capital</mark>." in html
    assert '<p class="neighbour">After it.</p>' in html
    assert "Further on." not in html
    assert "Bears it out" in html


def test_check_on_the_text_binds_what_was_seen():
    citation, client = CitationFactory(), editor("bina", "reviewer")
    response = check(client, citation, shown=shown(client, citation), note="Plain.")
    made = Check.objects.counting().get()
    assert (made.citation, made.by, made.basis, made.note, made.address) == (citation, "bina", "text", "Plain.", "")
    assert [str(message) for message in response.context["messages"]] == [f"Checked against {citation.passage.ref}."]


def test_check_on_a_page_needs_that_it_was_seen_today():
    citation, client = linked(), editor("bina", "reviewer")
    html = client.get(page(citation)).content.decode()
    assert "https://example.org/treaty#:~:text=signed%20the%20agreement" in html

    refused = check(client, citation, shown=shown(client, citation))
    assert refused.status_code == 400
    assert errors(refused, citation) == {
        "seen_today": ["Open the address, read the passage there, and tick that you have seen it today."]
    }
    assert not Check.objects.exists()

    check(client, citation, shown=shown(client, citation), seen_today="on")
    made = Check.objects.counting().get()
    assert (made.basis, made.address, made.seen_on) == ("page", "https://example.org/treaty", timezone.localdate())


def test_pasted_paragraph_leaves_only_its_digest():
    citation, client = linked(), editor("bina", "reviewer")
    check(client, citation, shown=shown(client, citation), seen_today="on", pasted=TEXT)
    citation.passage.refresh_from_db()
    assert citation.passage.digest == passages.digest(TEXT)
    assert not PassageText.objects.exists()
    assert Check.objects.counting().get().citation == citation


def test_pasted_paragraph_without_the_anchor_is_refused_and_kept_on_the_screen():
    citation, client = linked(), editor("bina", "reviewer")
    pasted = "Quite another paragraph."
    response = check(client, citation, shown=shown(client, citation), seen_today="on", pasted=pasted)
    assert errors(response, citation) == {
        "__all__": [
            "“signed the agreement in the capital” does not stand exactly once in this passage: "
            "correct the anchor first."
        ]
    }
    assert pasted in response.content.decode()


def test_nothing_is_checked_without_a_text_or_an_address():
    passage = PassageFactory(words="", source=SourceFactory(url=""))
    citation, client = CitationFactory(passage=passage), editor("bina", "reviewer")
    html = client.get(page(citation)).content.decode()
    assert "There is nothing to check this against" in html
    assert "Bears it out" not in html
    assert check(client, citation, shown="", seen_today="on").status_code == 400
    assert not Check.objects.exists()


@pytest.mark.parametrize("what", ["claim", "reading", "passage"])
def test_check_of_what_changed_meanwhile_is_refused(what):
    citation, client = CitationFactory(), editor("bina", "reviewer")
    seen = shown(client, citation)
    if what == "claim":
        type(citation.fact).objects.filter(pk=citation.fact.pk).update(statement="Other words.")
    elif what == "reading":
        type(citation).objects.filter(pk=citation.pk).update(reading="Another reading.")
    else:
        type(citation.passage).objects.filter(pk=citation.passage.pk).update(digest="0" * 64)

    response = check(client, citation, shown=seen)

    assert errors(response, citation) == {
        "__all__": ["The claim or the passage changed while you were reading. Look again, then decide."]
    }
    assert not Check.objects.exists()
    again = check(client, citation, shown=shown(client, citation))
    assert again.status_code == 200
    assert Check.objects.count() == 1


def test_check_by_its_author_is_said():
    citation = CitationFactory(fact=FactFactory(written_by="bina"))
    client = editor("bina", "reviewer")
    assert "checked by its author" in client.get(page(citation)).content.decode()
    response = check(client, citation, shown=shown(client, citation))
    assert next(str(message) for message in response.context["messages"]).endswith("It says: checked by its author.")


def test_lapsed_check_says_why():
    fact = published_fact()
    citation = fact.citations.get()
    type(fact).objects.filter(pk=fact.pk).update(statement="Other words.")
    html = editor("bina", "reviewer").get(page(citation)).content.decode()
    assert "No check counts today." in html
    assert "does not count today: the claim has changed since" in html


@pytest.mark.parametrize(("stance", "button"), [("contradicts", "Contradicts"), ("mentions", "Mentions it")])
def test_button_says_what_the_passage_does(stance, button):
    citation = CitationFactory(stance=stance)
    html = editor("bina", "reviewer").get(page(citation)).content.decode()
    assert f'<button type="submit">{button}</button>' in html


def corrected(before: str, after: str, **changes):
    """A citation checked by Bob for the words `before`, now written otherwise by Alice."""
    fact = published_fact(statement=before, written_by="alice", checked_by="bob")
    revisions.record(fact, by="alice")
    type(fact).objects.filter(pk=fact.pk).update(statement=after, **changes)
    return fact.citations.get()


def carry(client, citation, **changed):
    desk = client.get(page(citation)).context["desks"][0]
    return check(client, citation, **({"shown": desk.shown, "check": desk.carriable.check.pk} | changed))


def carry_errors(response) -> list[str]:
    return response.context["desks"][0].carry_form.non_field_errors()


def test_check_is_carried_over_a_correction_of_wording():
    citation = corrected("The two sides have signed an agreement.", "The two sides signed an agreement.")
    client = editor("bina", "reviewer")
    html = client.get(page(citation)).content.decode()
    assert "<del>have </del>" in html
    assert "The wording was only corrected: carry this check over" in html

    response = carry(client, citation)
    made = Check.objects.counting().get()
    assert (made.by, made.basis, made.continues.by, made.written_by) == ("bina", "carried", "bob", "alice")
    assert "continuing the check by bob" in response.content.decode()
    assert "carry this check over" not in response.content.decode()


@pytest.mark.parametrize(
    ("after", "word"),
    [
        ("The two sides signed an agreement in 2021.", "“2020”, “2021”"),
        ("The two sides have not signed an agreement in 2020.", "“not”"),
        ("The two sides have signed an agreement in Delhi in 2020.", "“Delhi”"),
    ],
)
def test_carry_that_touches_what_decides_is_refused_with_the_words(after, word):
    citation = corrected("The two sides have signed an agreement in 2020.", after)
    response = carry(editor("bina", "reviewer"), citation)
    assert carry_errors(response) == [f"The correction touches {word}: check the citation against its passage."]
    assert not Check.objects.counting().exists()


def test_carry_is_offered_only_where_the_wording_alone_changed():
    citation = corrected("The two sides have signed an agreement.", "The two sides signed an agreement.", date="2021")
    response = editor("bina", "reviewer").get(page(citation))
    assert response.context["desks"][0].carriable is None


def test_carry_of_what_changed_meanwhile_is_refused():
    citation = corrected("The two sides have signed an agreement.", "The two sides signed an agreement.")
    response = carry(editor("bina", "reviewer"), citation, shown="text:what:was:there")
    assert carry_errors(response) == [
        "The claim or the passage changed while you were reading. Look again, then decide."
    ]


def test_author_is_not_offered_to_carry():
    citation = corrected("The two sides have signed an agreement.", "The two sides signed an agreement.")
    client = editor("asha", "author")
    assert "carry this check over" not in client.get(page(citation)).content.decode()
    assert carry(client, citation).status_code == 403


def test_author_looks_but_does_not_check():
    citation, client = CitationFactory(), editor("asha", "author")
    html = client.get(page(citation)).content.decode()
    assert "Your account may look but not check." in html
    assert "Bears it out" not in html
    assert check(client, citation, shown="x").status_code == 403


def test_citation_of_another_fact_is_not_found():
    citation, other = CitationFactory(), CitationFactory()
    response = editor("bina", "reviewer").post(f"{LIST}{other.fact.pk}/check/{citation.pk}/", {"shown": "x"})
    assert response.status_code == 404


def test_publisher_publishes_from_the_page():
    citation, client = CitationFactory(), editor("priya")
    assert "It cannot be published yet:" in client.get(page(citation)).content.decode()
    response = check(client, citation, shown=shown(client, citation))
    assert f"Publish {citation.fact.ref}" in response.content.decode()


@pytest.mark.parametrize("rows", [1, 3, 30])
def test_check_page_takes_eleven_queries(rows, django_assert_num_queries):
    fact = FactFactory()
    for _ in range(rows):
        CitationFactory(fact=fact)
    client = editor("priya")
    with django_assert_num_queries(11):
        client.get(f"{LIST}{fact.pk}/check/")


def test_checks_are_listed_and_never_changed():
    made = published_fact().citations.get().checks.get()
    client = editor("priya")
    assert list(client.get("/admin/relations/check/").context["cl"].result_list) == [made]
    url = f"/admin/relations/check/{made.pk}/"
    assert client.get(url + "change/").status_code == 200
    assert client.post(url + "change/", {"by": "else"}).status_code == 403
    assert client.get(url + "delete/").status_code == 403
    assert client.get("/admin/relations/check/add/").status_code == 403
