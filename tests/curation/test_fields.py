"""Keys are one step of an address."""

import uuid

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from curation.fields import KeyField
from curation.models import Upload
from relations.models import Disagreement, Entity, Fact, Passage, Source, Topic
from tests import factories


@pytest.mark.parametrize("field", [Fact.ref, Source.slug, Entity.slug, Topic.slug, Disagreement.slug])
def test_key_in_an_address_has_no_slash(field):
    with pytest.raises(ValidationError, match="“a/b” is not a key"):
        field.field.clean("a/b", None)


def test_key_of_a_part_has_one():
    assert Passage.ref.field.clean("statement/9", None) == "statement/9"


def test_parted_is_no_matter_of_a_migration():
    assert KeyField(parted=True).deconstruct() == KeyField().deconstruct()


@pytest.mark.django_db
def test_among_finds_what_in_finds() -> None:
    kinds = [factories.EntityFactory(slug=slug) for slug in ("b", "a-1", "a'%\"")]
    facts = [factories.FactFactory(subject=one) for one in kinds]
    for field, values in {
        "slug": ["a-1", "a'%\"", "none", "a-1"],
        "pk": [kinds[0].pk, 10**9],
        "facts__pk": [facts[1].pk],
        "facts__subject": ["b"],
        "name": [],
    }.items():
        found, expected = (Entity.objects.filter(**{f"{field}__{how}": values}) for how in ("among", "in"))
        assert list(found.order_by("pk")) == list(expected.order_by("pk"))
    batches = [uuid.uuid4(), Upload.objects.create(name="a", by="b", expires_at=timezone.now()).pk]
    assert Upload.objects.filter(pk__among=batches).count() == 1
