"""Pinning the parts of a question to their facts as they are worded today."""

from django.utils.translation import gettext as _

from curation import stamps
from curation.revisions import record
from quizzes.models import Part, Question
from quizzes.models.questions import span_error
from relations.models import Fact


class NotPinnable(Exception):
    """The part's words are not in its fact exactly once. The message says what to do."""


def pin(part: Part, fact: Fact | None = None) -> Part:
    """Set `part.fact_digest` to its fact's digest of today; the caller saves. Raises NotPinnable."""
    fact = fact or Fact.objects.get(ref=part.fact_id)
    if part.span and (times := fact.statement.count(part.span)) != 1:
        raise NotPinnable(span_error(fact.ref, part.span, times))
    part.fact_digest = fact.digest
    return part


@stamps.writing()
def repin(question: Question, *, by: str) -> list[Part]:
    """Pin every part anew, for an editor who has read the question against its facts as they are now.

    Returns the parts that changed. Raises NotPinnable, and then changes nothing.
    """
    parts = list(
        Part.objects.select_for_update(of=("self",), no_key=True).select_related("fact").filter(question=question)
    )
    moved = [part for part in parts if part.fact_digest != part.fact.digest]
    for number, part in enumerate(parts, start=1):
        try:
            pin(part, part.fact)
        except NotPinnable as refused:
            raise NotPinnable(_("Part %(number)s: %(why)s") % {"number": number, "why": refused}) from refused
    Part.objects.bulk_update(moved, ["fact_digest"])
    if moved:
        record(question, by=by, why="Pinned anew to its facts")
    return moved
