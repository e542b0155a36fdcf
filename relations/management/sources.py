"""What the commands that name a source share."""

from difflib import get_close_matches

from django.core.management.base import CommandError

from relations.models import Source


def find_source(slug: str) -> Source:
    """The source with this key. Raises CommandError, naming the keys that are nearest."""
    try:
        return Source.objects.get(slug=slug)
    except Source.DoesNotExist:
        slugs = list(Source.objects.values_list("slug", flat=True))
        near = get_close_matches(slug, slugs, n=3, cutoff=0.4) or [other for other in slugs if slug in other][:3]
        hint = f" Did you mean {', '.join(near)}?" if near else " `manage.py coverage --all` lists them."
        raise CommandError(f"There is no source “{slug}”.{hint}") from None
