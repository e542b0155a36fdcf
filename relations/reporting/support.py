"""What stands on too little, or carries nothing: facts, names, passages."""

from collections.abc import Iterator

from django.db.models import Exists, OuterRef

from relations import coverage
from relations.evidence import Grade
from relations.models import Citation, Entity, Fact, Property, Source
from relations.reporting.sections import Row, Section, clean, to_explain
from relations.reporting.wholes import Wholes, ancestors

_ENOUGH = (Grade.PRIMARY, Grade.INDEPENDENT)
_REMEDIES = {
    Grade.ONE: "cite an official source, or a second one that neither copies nor leans on the first",
    Grade.TERTIARY: "cite the document that the notes rest on: notes never raise a grade",
}


def sections(wholes: Wholes) -> list[Section]:
    return [
        to_explain("one-source", "Facts without a second independent source", _thin_facts()),
        clean("unused-names", "Names without a fact", _unused_names(wholes)),
        *_passages(),
    ]


def _thin_facts() -> Iterator[Row]:
    """By the kept grade of evidence, which `manage.py grade_evidence --check` compares with what it follows from."""
    facts = Fact.objects.listed().filter(modality=Fact.Modality.FACT).exclude(evidence__in=_ENOUGH).order_by("ref")
    for ref, evidence, note in facts.values_list("ref", "evidence", "note"):
        grade = Grade(evidence)
        remedy = _REMEDIES.get(grade, "check a citation that supports it")
        yield Row("fact", ref, str(grade.label).lower(), f"{remedy} (its note: {note})" if note else remedy)


def _unused_names(wholes: Wholes) -> Iterator[Row]:
    """Entities that no fact speaks of, that wrote no source, and no part of which does either."""
    spoken_of = _spoken_of()
    used = spoken_of | {whole for slug in spoken_of for whole in ancestors(slug, wholes)}
    for slug, name in Entity.objects.order_by("slug").values_list("slug", "name"):
        if slug not in used:
            yield Row("entity", slug, f"no fact speaks of {name}", "write a fact about it, or delete it")


def _spoken_of() -> set[str]:
    """The keys that facts (other than withdrawn ones) use in any way, and those of authors."""
    facts = Fact.objects.exclude(status=Fact.Status.WITHDRAWN)
    entity_values = facts.filter(property__value_type=Property.ValueType.ENTITY)
    partners = Fact.partners.through.objects.exclude(fact__status=Fact.Status.WITHDRAWN)
    found = (
        facts.values_list("subject_id", flat=True),
        facts.filter(whose__isnull=False).values_list("whose_id", flat=True),
        entity_values.values_list("value", flat=True),
        partners.values_list("entity__slug", flat=True),
        Source.authors.through.objects.values_list("entity__slug", flat=True),
    )
    return {str(key) for keys in found for key in keys.order_by().distinct()}


def _passages() -> list[Section]:
    against = Citation.objects.filter(passage=OuterRef("pk"), stance=Citation.Stance.CONTRADICTS)
    against = against.exclude(fact__status=Fact.Status.WITHDRAWN)
    bare, contradicting = [], []
    for passage in coverage.unbacked().annotate(against=Exists(against)):
        place = ", ".join(part for part in (passage.place, passage.heading) if part) or "no place known"
        if passage.against:
            remedy = "record what its author wrote as a view, deprecated, so that the disagreement can tell it"
            contradicting.append(Row("passage", passage.ref, f"{place}: contradicts a fact and backs none", remedy))
        else:
            remedy = "write the fact it holds, or give it the role that says why it holds none"
            bare.append(Row("passage", passage.ref, f"{place}: backs no fact", remedy))
    return [
        clean("bare-passages", "Body passages that back no fact", bare),
        to_explain("contradicting-passages", "Body passages cited only as contradicting", contradicting),
    ]
