"""Visible and standing are derived: whatever writes, and however, counts at once (DESIGN.md, rule 4)."""

import datetime
import io
import json
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from relations import checking, publishing
from relations.models import Check, Citation, Disagreement, Fact, Passage
from tests import factories

pytestmark = pytest.mark.django_db

OLD = "The parties signed the agreement on 9 September 2020."
NEW = "The parties signed the agreement on 10 September 2020."


@pytest.fixture
def fact() -> Fact:
    return factories.published_fact(statement=OLD)


def refs(queryset) -> list[str]:
    return list(queryset.values_list("ref", flat=True))


def states(fact: Fact) -> tuple[bool, bool]:
    """(visible, standing), asked of the database now."""
    mine = Fact.objects.filter(pk=fact.pk)
    return mine.visible().exists(), mine.standing().exists()


def test_published_fact_with_counting_check_stands(fact):
    assert states(fact) == (True, True)


def test_draft_with_counting_check_is_not_visible(fact):
    Fact.objects.filter(pk=fact.pk).update(status="draft")

    assert states(fact) == (False, False)


def test_checked_citation_that_contradicts_makes_nothing_visible(fact):
    citation = fact.citations.get()
    Citation.objects.filter(pk=citation.pk).update(stance="contradicts")
    checking.check_citation(citation, by="bob")

    assert states(fact) == (False, False)


def test_update_of_the_claim_voids_and_old_wording_restores(fact):
    Fact.objects.filter(pk=fact.pk).update(statement=NEW)
    assert states(fact) == (False, False)

    Fact.objects.filter(pk=fact.pk).update(statement=OLD)
    assert states(fact) == (True, True)


def test_raw_sql_change_of_the_claim_voids_and_old_wording_restores(fact):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE relations_fact SET statement = %s WHERE id = %s", [NEW, fact.pk])
    assert states(fact) == (False, False)

    with connection.cursor() as cursor:
        cursor.execute("UPDATE relations_fact SET statement = %s WHERE id = %s", [OLD, fact.pk])
    assert states(fact) == (True, True)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("value", "2020-09-10"),
        ("date", "2020-09-10"),
        ("validity", "2020/2030"),
        ("unit", "days"),
        ("modality", "view"),
    ],
)
def test_each_part_of_the_claim_binds_the_check(fact, column, value):
    fact.property = factories.PropertyFactory()
    fact.value = "2020-09-09"
    fact.unit = "day"
    fact.save()
    checking.check_citation(fact.citations.get(), by="bob")
    assert states(fact) == (True, True)

    setattr(fact, column, value)
    if column == "modality":
        fact.whose = factories.EntityFactory(kind="person")
    fact.save()

    assert states(fact) == (False, False)


def test_topic_rank_partner_and_note_void_no_check(fact):
    fact.topics.add(factories.TopicFactory())
    fact.partners.add(factories.EntityFactory(kind="country"))
    Fact.objects.filter(pk=fact.pk).update(rank="preferred", note="Looked up.")

    assert states(fact) == (True, True)


def test_changed_reading_voids_the_check(fact):
    Citation.objects.filter(fact=fact).update(reading="“They” are the ministers.")

    assert states(fact) == (False, False)


def test_changed_passage_digest_voids_the_check(fact):
    Passage.objects.filter(citations__fact=fact).update(digest="0" * 64)

    assert states(fact) == (False, False)


def test_loaddata_of_another_claim_voids_and_of_the_old_restores(fact, tmp_path: Path):
    old = dump(tmp_path / "old.json")
    rows = json.loads(old.read_text(encoding="utf-8"))
    for row in rows:
        if row["model"] == "relations.fact":
            row["fields"]["statement"] = NEW
    new = tmp_path / "new.json"
    new.write_text(json.dumps(rows), encoding="utf-8")

    call_command("loaddata", str(new), verbosity=0)
    assert states(fact) == (False, False)

    call_command("loaddata", str(old), verbosity=0)
    assert states(fact) == (True, True)


def dump(path: Path) -> Path:
    out = io.StringIO()
    call_command("dumpdata", "relations", use_natural_foreign_keys=True, use_natural_primary_keys=True, stdout=out)
    path.write_text(out.getvalue(), encoding="utf-8")
    return path


def test_attached_text_with_changed_words_voids_and_the_old_text_restores(fact):
    from relations import attaching

    source = fact.citations.get().passage.source
    old_text = fact.citations.get().passage.kept_text.text
    new_text = old_text.replace("two sides", "three sides")

    attaching.apply(attaching.plan(source, new_text))
    assert states(fact) == (False, False)

    attaching.apply(attaching.plan(source, old_text))
    assert states(fact) == (True, True)


def test_fact_stands_on_the_days_it_holds_and_not_after(fact):
    fact.validity = "2026-01/2026-06"
    fact.save()
    checking.check_citation(fact.citations.get(), by="bob")

    mine = Fact.objects.filter(pk=fact.pk)
    days = [(2025, 12, 31), (2026, 1, 1), (2026, 6, 30), (2026, 7, 1)]
    assert [mine.standing(on=datetime.date(*day)).exists() for day in days] == [False, True, True, False]
    assert mine.visible().exists()


def test_update_of_validity_keeps_its_bounds_in_step(fact):
    yesterday = timezone.localdate() - datetime.timedelta(days=1)
    Fact.objects.filter(pk=fact.pk).update(validity=f"2020/{yesterday.isoformat()}")
    checking.check_citation(fact.citations.get(), by="bob")

    assert states(fact) == (True, False)


def test_deprecated_fact_is_visible_and_not_listed(fact):
    Fact.objects.filter(pk=fact.pk).update(rank="deprecated")

    mine = Fact.objects.filter(pk=fact.pk)
    assert (mine.visible().exists(), mine.listed().exists(), mine.standing().exists()) == (True, False, False)


def test_superseded_fact_is_listed_and_does_not_stand(fact):
    Fact.objects.filter(pk=fact.pk).update(superseded_by=factories.published_fact())

    mine = Fact.objects.filter(pk=fact.pk)
    assert (mine.listed().exists(), mine.standing().exists()) == (True, False)


@pytest.mark.parametrize(("state", "stands"), [("open", False), ("standing", True), ("settled", True)])
def test_only_an_open_disagreement_keeps_a_fact_from_standing(fact, state, stands):
    disagreement = factories.DisagreementFactory()
    factories.SideFactory(disagreement=disagreement, fact=fact)
    Disagreement.objects.filter(pk=disagreement.pk).update(state=state, preferred=fact, reason="Looked up.")

    assert states(fact) == (True, stands)


def test_digest_computed_by_python_is_the_digest_of_the_database(fact):
    fact.property = factories.PropertyFactory()
    fact.value, fact.unit, fact.validity = "2020-09-09", "", "2020/.."
    fact.statement = "The parties’ agreement – of 9 September 2020 – is in force; ½ of “it” is not: संदर्भ."
    computed = fact.claim_digest
    fact.save()

    assert Fact.objects.get(pk=fact.pk).digest == computed


def test_digest_tells_where_one_column_ends_and_the_next_begins():
    prop = factories.PropertyFactory(value_type="text")
    one = factories.FactFactory(statement="Same.", property=prop, value="ab", unit="c", subject__slug="s")
    two = factories.FactFactory(statement="Same.", property=prop, value="a", unit="bc", subject=one.subject)

    assert Fact.objects.get(pk=one.pk).digest != Fact.objects.get(pk=two.pk).digest


@pytest.mark.parametrize(
    ("rule", "checker", "decides"),
    [
        ("never", factories.AUTHOR, True),
        ("keys", factories.AUTHOR, False),
        ("keys", factories.CHECKER, True),
        ("always", factories.CHECKER, True),
    ],
)
def test_second_person_decides_what_may_decide_a_key(settings, rule, checker, decides):
    settings.SECOND_PERSON = rule
    fact = factories.published_fact(checked_by=checker)

    assert (states(fact), Fact.objects.deciding().filter(pk=fact.pk).exists()) == ((True, True), decides)


def test_check_of_words_of_unknown_author_is_nobody_elses():
    fact = factories.published_fact(written_by="")
    assert (list(Fact.objects.standing()), list(Fact.objects.deciding())) == ([fact], [])


def test_citation_shows_the_check_of_another_rather_than_the_authors_later_one():
    fact = factories.published_fact()
    checking.check_citation(fact.citations.get(), by=factories.AUTHOR)
    shown = fact.citations.with_check_state().get()
    assert (shown.checked_by, shown.by_another) == (factories.CHECKER, True)


def test_second_person_always_keeps_what_only_its_author_checked_from_publication(settings):
    settings.SECOND_PERSON = "always"

    with pytest.raises(publishing.NotPublishable, match="someone else must check"):
        factories.published_fact(checked_by=factories.AUTHOR)


def test_view_never_decides_a_key(fact):
    view = factories.published_fact(modality="view", whose=factories.EntityFactory(kind="person"))

    assert refs(Fact.objects.deciding()) == [fact.ref]
    assert refs(Fact.objects.standing().order_by("pk")) == [fact.ref, view.ref]


def test_check_row_refuses_change_in_python_and_in_the_database(fact):
    check = Check.objects.get()
    check.by = "mallory"
    with pytest.raises(ValueError, match="make a new check"):
        check.save()

    from django.db import DatabaseError, transaction

    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        Check.objects.update(by="mallory")


def test_publish_names_what_is_missing(fact):
    draft = factories.FactFactory()
    citation = factories.CitationFactory()

    assert publishing.blockers(draft) == ["It has no citation that supports it: add the passage it rests on."]
    assert publishing.blockers(citation.fact) == [
        "No supporting citation is checked: open the fact and check one against its passage."
    ]
    Fact.objects.filter(pk=fact.pk).update(statement=NEW)
    assert publishing.blockers(fact) == [
        "Its check was made for another wording, passage or reading: check a citation again."
    ]


def test_withdrawn_fact_leaves_students_and_returns_when_published_again(fact):
    publishing.withdraw(fact, by="charlie", why="Source retracted.")
    assert states(fact) == (False, False)

    publishing.publish(fact, by="charlie")
    assert states(fact) == (True, True)


def test_carried_check_that_continues_nothing_does_not_count(fact):
    check = Check.objects.get()
    fields = {name: getattr(check, name) for name in ("claim_digest", "passage_digest", "citation_digest")}
    Check.objects.all().delete()
    Check.objects.create(citation=fact.citations.get(), by="mallory", basis="carried", **fields)

    assert states(fact) == (False, False)
