"""What the tests of the report share: its rows in short, and more facts beside the good one."""

from typing import Any

from relations.models import Entity, Fact, Property
from relations.reporting import report
from tests import factories


def found(**options: Any) -> dict[str, list[tuple[str, str]]]:
    """(key, what is wrong) of the rows of each section that has any."""
    return {
        section.name: [(row.key, row.wrong) for row in section.rows] for section in report(**options) if section.rows
    }


def another(fact: Fact, ref: str, **kwargs: Any) -> Fact:
    """One more published fact on the subject and the source of `fact`."""
    source = fact.citations.get().passage.source
    return factories.published_fact(**({"ref": ref, "subject": fact.subject, "source": source} | kwargs))


def signed(fact: Fact, value: str, ref: str, *, key: str = "signed-on", **kwargs: Any) -> Fact:
    """A fact that says in property and value when it was signed."""
    prop = Property.objects.filter(key=key).first() or factories.PropertyFactory(key=key, single=True)
    return another(fact, ref, property=prop, value=value, **kwargs)


def person(slug: str) -> Entity:
    return factories.EntityFactory(slug=slug, name=slug.title(), kind="person", definition="A writer.")
