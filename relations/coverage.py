"""Which passages of a document back a fact."""

from django.db.models import Exists, OuterRef, QuerySet

from relations.attaching import ASIDE
from relations.models import Citation, Fact, Passage, Source


def body(source: Source | None = None) -> QuerySet[Passage]:
    """The body passages that the document (or, without one, each document) has today, in its order."""
    rows = Passage.objects.filter(role=Passage.Role.BODY).exclude(digest__startswith=ASIDE)
    if source is not None:
        rows = rows.filter(source=source)
    return rows.order_by("source__slug", "number", "ref")


def unbacked(source: Source | None = None) -> QuerySet[Passage]:
    """The body passages that no fact rests on. A draft counts, a withdrawn fact does not, nor does a mention."""
    backing = Citation.objects.filter(passage=OuterRef("pk"), stance=Citation.Stance.SUPPORTS).exclude(
        fact__status=Fact.Status.WITHDRAWN
    )
    return body(source).filter(~Exists(backing))
