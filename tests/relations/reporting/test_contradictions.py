"""Values that contradict."""

import pytest

from relations.models import Fact, Property
from tests import factories
from tests.relations.reporting.planting import found, person, signed

pytestmark = pytest.mark.django_db


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
