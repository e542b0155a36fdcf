"""What is part of what."""

from collections.abc import Iterator, Mapping

from relations.models import Entity

Wholes = Mapping[str, str]  # entities, by key, and the one that each is part of


def wholes() -> Wholes:
    parts = Entity.objects.filter(part_of__isnull=False).order_by("slug")
    return dict(parts.values_list("slug", "part_of__slug"))


def ancestors(slug: str, wholes: Wholes) -> Iterator[str]:
    """What `slug` is part of, at any remove; a circle is walked once."""
    seen = {slug}
    while (slug := wholes.get(slug, "")) and slug not in seen:
        seen.add(slug)
        yield slug
