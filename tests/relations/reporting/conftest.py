"""One fact with nothing to say against it, into which the tests plant errors."""

import pytest

from relations.models import Fact
from tests import factories


@pytest.fixture
def fact() -> Fact:
    """A fact with nothing to say against it: official, current, of a name with a definition."""
    subject = factories.EntityFactory(slug="acsa", name="ACSA", definition="An agreement on supplies.")
    source = factories.SourceFactory(slug="ministry", kind="official", published="2020-09-10")
    return factories.published_fact(ref="acsa-001", subject=subject, source=source)
