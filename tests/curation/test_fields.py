"""Keys are one step of an address."""

import pytest
from django.core.exceptions import ValidationError

from curation.fields import KeyField
from relations.models import Disagreement, Entity, Fact, Passage, Source, Topic


@pytest.mark.parametrize("field", [Fact.ref, Source.slug, Entity.slug, Topic.slug, Disagreement.slug])
def test_key_in_an_address_has_no_slash(field):
    with pytest.raises(ValidationError, match="“a/b” is not a key"):
        field.field.clean("a/b", None)


def test_key_of_a_part_has_one():
    assert Passage.ref.field.clean("statement/9", None) == "statement/9"


def test_parted_is_no_matter_of_a_migration():
    assert KeyField(parted=True).deconstruct() == KeyField().deconstruct()
