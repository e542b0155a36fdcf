"""Definitions that are missing or too long, and names that two entities share."""

from collections import defaultdict
from collections.abc import Iterator

from relations.models import Alias, Entity
from relations.reporting.sections import Row, Section, clean, to_explain

ONE_LINE = 160  # characters, as Entity.definition has them; SQLite holds a column to no length


def sections() -> list[Section]:
    entities = list(Entity.objects.order_by("slug").values_list("slug", "name", "definition"))
    return [
        clean("definitions", "Definitions missing or over one line", _definitions(entities)),
        to_explain("ambiguous-names", "Names that two entities share", _shared(entities)),
    ]


def _definitions(entities: list[tuple[str, str, str]]) -> Iterator[Row]:
    for slug, name, definition in entities:
        if not definition.strip():
            yield Row("entity", slug, f"{name} has no definition", "say in one line of your own what it is")
        elif len(definition) > ONE_LINE:
            wrong = f"its definition has {len(definition)} characters"
            yield Row("entity", slug, wrong, f"keep to one line: {ONE_LINE} characters")
        elif len(definition.splitlines()) > 1:
            yield Row("entity", slug, "its definition has a line break", "write it as one line")


def _shared(entities: list[tuple[str, str, str]]) -> Iterator[Row]:
    """Names and other names that stand for more than one entity, whatever their case: search must then choose."""
    owners: dict[str, dict[str, str]] = defaultdict(dict)
    for slug, name, _definition in entities:
        owners[name.casefold()].setdefault(slug, f"name “{name}”")
    for slug, name in Alias.objects.order_by("entity__slug", "name").values_list("entity__slug", "name"):
        owners[name.casefold()].setdefault(slug, f"other name “{name}”")
    for _name, shared in sorted(owners.items()):
        slug, *others = sorted(shared)
        if others:
            wrong = f"its {shared[slug]} is also that of {', '.join(others)}"
            yield Row("entity", slug, wrong, "give each a name that tells them apart, or keep it and say why")
