"""Which passages of a document back a fact."""

from django.db.models import Exists, OuterRef, QuerySet

from relations.attaching import ASIDE
from relations.models import Citation, Fact, Passage, Source


def body(source: Source) -> QuerySet[Passage]:
    """The body passages that the document has today, in its order."""
    rows = source.passages.filter(role=Passage.Role.BODY).exclude(digest__startswith=ASIDE)
    return rows.order_by("number", "ref")


def unbacked(source: Source) -> QuerySet[Passage]:
    """The body passages that no fact rests on. A draft counts, a withdrawn fact does not, nor does a mention."""
    backing = Citation.objects.filter(passage=OuterRef("pk"), stance=Citation.Stance.SUPPORTS).exclude(
        fact__status=Fact.Status.WITHDRAWN
    )
    return body(source).filter(~Exists(backing))
