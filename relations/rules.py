"""Rules of a fact and a citation that a constraint cannot hold, as pure readings of an instance.

Each raises `ValidationError` with a message for its field, saying what was found and what to do. Forms and
imports call the same functions. Source of the rules: the editorial standard (docs/editing.md).
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.utils.translation import gettext as _

from relations import dates, passages

if TYPE_CHECKING:
    from relations.models import Citation, Fact, Property

MAX_WORDS = 30
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")  # not float(), which also reads nan, inf, 1e3 and 1_000


def fact_errors(
    fact: "Fact", *, is_entity: Callable[[str], bool], in_a_circle: "Callable[[Fact], bool] | None" = None
) -> None:
    """`is_entity` tells whether a key names an entity: these rules read no table themselves.

    `in_a_circle` tells whether the facts that come after this one lead back to it, for who knows it without following.
    """
    in_a_circle = in_a_circle or supersedes_in_a_circle
    errors: dict[str, str] = {}
    if problem := statement_problem(fact.statement):
        errors["statement"] = problem
    errors |= pairing_errors(fact)
    if fact.property and fact.value and (problem := value_problem(fact.property, fact.value, is_entity)):
        errors["value"] = problem
    if fact.verdict in ("borne-out", "not-borne-out") and fact.outcome_id is None:
        errors["outcome"] = _("Say what happened: choose the fact that bore the expectation out, or did not.")
    if fact.outcome_id is not None and not fact.verdict:
        errors["verdict"] = _("An outcome is chosen, so say whether it bore the expectation out.")
    if fact.superseded_by_id not in (None, fact.pk) and in_a_circle(fact):
        errors["superseded_by"] = _("These facts would supersede one another in a circle.")
    if errors:
        raise ValidationError(errors)


def pairing_errors(fact: "Fact") -> dict[str, str]:
    """What one field asks of another, said at the field to mend; constraints hold the same in the database."""
    errors: dict[str, str] = {}
    if fact.modality == "fact" and fact.whose_id is not None:
        errors["whose"] = _("A fact has no owner: leave this empty, or make it an attributed view or an expectation.")
    if fact.modality in ("view", "expectation") and fact.whose_id is None:
        errors["whose"] = _("A view or an expectation names whose it is: choose the name.")
    if fact.modality != "expectation" and (fact.verdict or fact.outcome_id is not None):
        errors["verdict"] = _("Only an expectation has an outcome: leave both fields empty, or make it an expectation.")
    if fact.value and fact.property_id is None:
        errors["property"] = _("A value needs its property: choose what it is the value of.")
    if fact.unit and not fact.value:
        errors["value"] = _("A unit needs a value: write the number, or leave the unit empty.")
    return errors


def statement_problem(statement: str) -> str:
    words = len(statement.split())
    if words > MAX_WORDS:
        return _("The statement has %(words)d words; write at most %(most)d, or split it into two facts.") % {
            "words": words,
            "most": MAX_WORDS,
        }
    return ""


def value_problem(prop: "Property", value: str, is_entity: Callable[[str], bool]) -> str:
    """Return why `value` cannot be a value of `prop`, or the empty text."""
    if prop.value_type == "date":
        try:
            dates.parse(value)
        except dates.DateError as error:
            return str(error)
    elif prop.value_type == "number":
        if not _NUMBER.fullmatch(value):
            return _("“%(value)s” is not a number: write digits and a point, such as 22.85.") % {"value": value}
    elif prop.value_type == "entity":
        if not is_entity(value):
            return _("“%(value)s” is not the key of a name: add the name first, then write its key.") % {"value": value}
    elif prop.value_type == "choice" and value not in prop.choice_list:
        return _("“%(value)s” is not one of the choices: %(choices)s.") % {
            "value": value,
            "choices": ", ".join(prop.choice_list),
        }
    return ""


def supersedes_in_a_circle(fact: "Fact") -> bool:
    seen = {fact.pk}
    successor = fact.superseded_by
    while successor is not None:
        if successor.pk in seen:
            return True
        seen.add(successor.pk)
        successor = successor.superseded_by
    return False


def citation_errors(citation: "Citation") -> None:
    if problem := anchor_problem(citation):
        raise ValidationError({"anchor": problem})


def anchor_problem(citation: "Citation") -> str:
    """Return why the anchor cannot serve: its form, or, where the text is kept, that it is not there once."""
    if problem := passages.anchor_problem(citation.anchor):
        return str(problem)
    try:
        text = citation.passage.kept_text.text
    except ObjectDoesNotExist:
        return ""  # no passage chosen yet, or no text to look in
    found = passages.occurrences(citation.anchor, text)
    if found != 1:
        return _("“%(anchor)s” stands %(found)d times in this passage; choose words that stand there once.") % {
            "anchor": citation.anchor,
            "found": found,
        }
    return ""
