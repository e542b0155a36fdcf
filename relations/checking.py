"""Checking a citation against its passage: a row that says who saw what, when, for which wording."""

import datetime
import re
from collections.abc import Collection

from django.core.exceptions import ObjectDoesNotExist
from django.utils.translation import gettext as _

from curation import stamps
from relations import grading, passages
from relations.models import Check, Citation, Fact, Passage


class NotCheckable(Exception):
    """Raised with a sentence for the editor: what is missing, and what to do."""


@stamps.writing()
def check_citation(
    citation: Citation,
    *,
    by: str,
    address: str = "",
    seen_on: datetime.date | None = None,
    pasted: str = "",
    note: str = "",
) -> Check:
    """Record that `by` saw the passage and that it bears the claim out (or contradicts, as the stance says).

    Where the passage's text is kept, the basis is that text. Elsewhere it is the page at `address` on
    `seen_on`; the paragraph may be `pasted`, of which only the digest is kept, on the passage. Raises
    NotCheckable where neither is at hand, or where the anchor does not stand once in the text.
    """
    # Held, so that of two who paste a paragraph at once the second sees the digest that the first has bound.
    Passage.objects.select_for_update(no_key=True).get(pk=citation.passage_id)
    citation = Citation.objects.select_related("fact", "passage__source").get(pk=citation.pk)
    passage = citation.passage
    text = _kept_text(citation)
    if text is None and pasted.strip():
        text = pasted
        _keep_digest(passage, passages.digest(pasted))
    if text is not None and passages.occurrences(citation.anchor, text) != 1:
        raise NotCheckable(
            _("“%(anchor)s” does not stand exactly once in this passage: correct the anchor first.")
            % {"anchor": citation.anchor}
        )
    on_text = _kept_text(citation) is not None
    if not on_text and not (address and seen_on):
        raise NotCheckable(_("No text is kept for this passage: give the address you saw it at, and the day."))
    check = Check.objects.create(
        citation=citation,
        by=by,
        written_by=citation.fact.written_by,
        basis=Check.Basis.TEXT if on_text else Check.Basis.PAGE,
        claim_digest=citation.fact.digest,
        passage_digest=passage.digest,
        citation_digest=citation.digest,
        address="" if on_text else address,
        seen_on=None if on_text else seen_on,
        note=note,
    )
    grading.refresh([citation.fact_id])
    return check


def _keep_digest(passage: Passage, digest: str) -> None:
    """Bind `passage` to the text an editor saw; refused where that would lapse checks that count."""
    if passage.digest == digest:
        return
    counting = Check.objects.counting().filter(citation__passage=passage)
    if resting := sorted(set(counting.values_list("citation__fact__ref", flat=True))):
        raise NotCheckable(
            _("Earlier checks of this passage (%(facts)s) were made on other words or none; leave the text out.")
            % {"facts": ", ".join(resting)}
        )
    passage.digest = digest
    passage.save(update_fields=["digest"])


def _kept_text(citation: Citation) -> str | None:
    try:
        return citation.passage.kept_text.text
    except ObjectDoesNotExist:
        return None


@stamps.writing()
def carry_check(check: Check, *, by: str, before: str, note: str = "") -> Check:
    """Carry `check` over a correction of wording: `before` is the statement it was made for.

    Refused (NotCheckable) where the correction touches a number, date, name, negation or quantifier, where
    anything else of the claim changed, and where `check` was itself carried: carries never chain.
    """
    fact: Fact = check.citation.fact
    if check.basis == Check.Basis.CARRIED:
        raise NotCheckable(_("A carried check is not carried again: check the citation against its passage."))
    if touched := deciding_words(before) ^ deciding_words(fact.statement):
        raise NotCheckable(
            _("The correction touches %(words)s: check the citation against its passage.")
            % {"words": ", ".join(f"“{word}”" for word in sorted(touched))}
        )
    fact_before = Fact.objects.get(pk=fact.pk)
    fact_before.statement = before
    if fact_before.claim_digest != check.claim_digest:
        raise NotCheckable(_("More than the wording changed since that check: check the citation again."))
    if check.passage_digest != check.citation.passage.digest or check.citation_digest != check.citation.digest:
        raise NotCheckable(_("The passage or its reading changed since that check: check the citation again."))
    carried = Check.objects.create(
        citation=check.citation,
        by=by,
        written_by=fact.written_by,
        basis=Check.Basis.CARRIED,
        claim_digest=fact.digest,
        passage_digest=check.passage_digest,
        citation_digest=check.citation_digest,
        continues=check,
        note=note,
    )
    grading.refresh([fact.pk])
    return carried


NEGATIONS: Collection[str] = {
    "no", "not", "never", "none", "nor", "neither", "without", "cannot", "nothing", "nobody", "hardly",
}  # fmt: skip
QUANTIFIERS: Collection[str] = {
    "all", "some", "any", "each", "every", "both", "most", "many", "few", "several", "only", "first", "second",
    "third", "last", "oldest", "newest", "largest", "smallest", "half", "one", "two", "three", "four", "five",
    "six", "seven", "eight", "nine", "ten", "dozen", "hundred", "thousand", "million", "billion", "crore", "lakh",
    "more", "less", "least", "about", "nearly", "almost", "over", "under", "up", "by", "since", "until", "before",
    "after", "may", "might", "could", "would", "should", "will", "must", "can",
}  # fmt: skip


def deciding_words(statement: str) -> frozenset[str]:
    """The words whose change is a change of the claim: numbers, names (capitals), negations, quantifiers.

    The first word of the sentence counts as a name only where it is not a common word of the language; so a
    capital moved by a changed beginning may refuse a carry that a reader would allow, never the reverse.
    """
    words = re.findall(r"[^\W_]+(?:[-+.'’][^\W_]+)*(?:n[’']t)?", statement)
    return frozenset(
        word
        for word in words
        if any(letter.isdigit() or letter.isupper() for letter in word)
        or word.lower() in NEGATIONS
        or word.lower() in QUANTIFIERS
        or word.lower().endswith(("n't", "n’t"))
    )
