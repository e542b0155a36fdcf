"""Which passages of a document back a fact."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from relations.attaching import ASIDE
from relations.models import Citation, Fact, Passage, Source


def body(source: Source | None = None) -> QuerySet[Passage]:
    """The body passages that the document (or, without one, each document) has today, in its order."""
    rows = Passage.objects.filter(role=Passage.Role.BODY).exclude(digest__startswith=ASIDE)
    if source is not None:
        rows = rows.filter(source=source)
    return rows.order_by("source__slug", "number", "ref")


def unbacked(source: Source | None = None) -> QuerySet[Passage]:
    """The body passages that no fact rests on. A draft counts, a withdrawn fact does not, nor does a mention.

    Of an excerpt (a passage without a number: the words of a page that a fact was checked against) any citation
    counts: it was taken for that fact, and nothing of a document is left out.
    """
    cited = Citation.objects.filter(passage=OuterRef("pk")).exclude(fact__status=Fact.Status.WITHDRAWN)
    excerpt = Q(number=None) & Exists(cited)
    return body(source).exclude(excerpt).filter(~Exists(cited.filter(stance=Citation.Stance.SUPPORTS)))
