"""References of facts: the subject's key and the next free number, such as acsa-ij-004."""

from collections.abc import Iterable

from django.db import transaction

from curation.models import Revision
from relations.models import Entity, Fact


@transaction.atomic
def next_ref(subject: Entity) -> str:
    """The number after the highest ever used for `subject`, deleted facts included: an address is not given twice.

    Holds the row of the subject until the transaction ends, so call it in the one that saves the fact: two
    who add a fact about the same subject at once then get two numbers.
    """
    Entity.objects.select_for_update(no_key=True).get(pk=subject.pk)
    start = f"{subject.slug}-"
    taken = [
        *Fact.objects.filter(ref__startswith=start).values_list("ref", flat=True),
        *Revision.objects.filter(kind="relations.fact", ref__startswith=start).values_list("ref", flat=True).distinct(),
    ]
    return f"{start}{max(_numbers(start, taken), default=0) + 1:03d}"


def _numbers(start: str, refs: Iterable[str]) -> Iterable[int]:
    tails = (ref.removeprefix(start) for ref in refs)
    return (int(tail) for tail in tails if tail.isascii() and tail.isdigit())
