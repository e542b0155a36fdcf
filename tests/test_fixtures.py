"""The content that ships: it loads, reloads without change, and round-trips to the byte."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import models, transaction

from curation.models import Revision
from quizzes.models import Question
from relations import passages
from relations.models import Check, Citation, Disagreement, Fact, PassageText
from relations.reporting import report

FIXTURES = sorted(Path(settings.BASE_DIR, "fixtures").glob("*.json"))
CONTENT = ("relations", "quizzes.question", "quizzes.part")

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def content(django_db_setup, django_db_blocker) -> Iterator[None]:
    """The content, loaded once for this file; each test's changes are rolled back to it."""
    with django_db_blocker.unblock(), transaction.atomic():
        load()
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def dumped(content, django_db_blocker) -> str:
    with django_db_blocker.unblock():
        return dump()


def load(*files: Path) -> None:
    call_command("loaddata", *map(str, files or FIXTURES), verbosity=0)


def dump() -> str:
    out = io.StringIO()
    call_command(
        "dumpdata", *CONTENT, use_natural_foreign_keys=True, use_natural_primary_keys=True, indent=2, stdout=out
    )
    return out.getvalue()


def empty() -> None:
    """Remove every row of content, past all protection, as a new database has none."""
    wanted = [*apps.get_app_config("relations").get_models(include_auto_created=True)]
    wanted += apps.get_app_config("quizzes").get_models(include_auto_created=True)
    for model in [*wanted, Revision]:
        queryset: models.QuerySet = model._base_manager.all()
        queryset._raw_delete(queryset.db)


def test_loading_twice_changes_nothing(dumped):
    revisions = Revision.objects.count()
    versions = list(Fact.objects.values_list("ref", "version", "evidence", "date_sort"))

    load()

    assert (dump(), Revision.objects.count()) == (dumped, revisions)
    assert list(Fact.objects.values_list("ref", "version", "evidence", "date_sort")) == versions


def test_dump_loads_into_an_empty_database_and_dumps_the_same_bytes(dumped, tmp_path):
    file = tmp_path / "dump.json"
    file.write_text(dumped, encoding="utf-8")

    empty()
    assert Fact.objects.count() == 0
    load(file)

    assert dump() == dumped


def test_every_row_is_valid(content):
    """Constraints aside, which the database has asked of each row as it was loaded."""
    for label in CONTENT:
        app, _, name = label.partition(".")
        found = [apps.get_model(app, name)] if name else apps.get_app_config(app).get_models()
        for model in found:
            for row in model._base_manager.all():
                row.full_clean(validate_unique=False, validate_constraints=False)


def test_every_published_fact_is_visible(content):
    published = Fact.objects.published()

    assert list(published.values_list("ref", flat=True)) == list(
        Fact.objects.visible().order_by("ref").values_list("ref", flat=True)
    )


def test_every_check_counts(content):
    assert Check.objects.counting().count() == Check.objects.count()


def test_every_published_question_is_practisable(content):
    assert Question.objects.practisable().count() == Question.objects.filter(status="published").count() >= 12


def test_the_settled_disagreement_prefers_the_signing_of_2020(content):
    disagreement = Disagreement.objects.get(slug="acsa-ij-signing")

    assert (disagreement.state, disagreement.preferred.ref) == ("settled", "acsa-ij-001")
    assert [side.fact.ref for side in disagreement.sides.all()] == ["acsa-ij-001", "acsa-ij-002", "acsa-ij-003"]


def test_the_content_report_is_clean_where_it_must_be(content):
    """`manage.py content_report` says of each row what to do."""
    rows = [(section.name, row.key, row.wrong) for section in report() if section.must_be_clean for row in section.rows]

    assert rows == []


def test_no_text_of_a_document_ships(content):
    models_shipped = {row["model"] for file in FIXTURES for row in json.loads(file.read_text(encoding="utf-8"))}

    assert "relations.passagetext" not in models_shipped
    assert PassageText.objects.count() == 0


def test_every_anchor_has_three_to_eight_words(content):
    problems = [
        (citation.pk, problem)
        for citation in Citation.objects.all()
        if (problem := passages.anchor_problem(citation.anchor))
    ]

    assert problems == []


def test_every_file_is_as_a_person_would_review_it():
    """Two spaces, no escapes for letters, no keys of one database."""
    for file in FIXTURES:
        rows = json.loads(file.read_text(encoding="utf-8"))
        assert {row["model"] for row in rows if "pk" in row} <= {"relations.check"}, file.name
        assert "\\u" not in file.read_text(encoding="utf-8"), file.name
