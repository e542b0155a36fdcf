"""Sources, passages, names and facts as rows of a spreadsheet, by their natural keys."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rapidfuzz import fuzz, process, utils

from curation.digests import digest_of
from curation.importing.resources import (
    Alike,
    Creatable,
    NamedIn,
    Part,
    RecordResource,
    Reference,
    State,
    key,
    keys,
    names,
    told,
)
from relations import grading
from relations.fields import sort_key
from relations.models import Alias, Check, Citation, Entity, Fact, Passage, Property, Source, Topic
from relations.models.citations import CheckQuerySet
from relations.rules import fact_errors

MUCH_ALIKE = 90  # of 100, by the words whatever their order (rapidfuzz token_sort_ratio)
CLAIM = tuple(name.removesuffix("_id") for name in Fact.CLAIM)  # as a state calls its fields
MANY = 1_000  # facts of one subject, of which only those of the same date are compared

NAMES = Creatable("names", Entity, _("names that are not there yet"), Entity.Kind.choices)
TOPICS = Creatable("topics", Topic, _("topics that are not there yet"))


class SourceResource(RecordResource):
    sheet: ClassVar[str] = "sources"
    order: ClassVar[int] = 10
    example: ClassVar = (
        {
            "title": "Charter of the United Nations", "publisher": "United Nations", "kind": "treaty",
            "published": "1945-06-26", "date_known": "The last line of the text gives the day and the place.",
            "language": "en", "rights": "link", "url": "https://www.un.org/en/about-us/un-charter/full-text",
        },
    )  # fmt: skip

    authors = keys("authors", Entity)
    copy_of = key("copy_of", Source)
    derived_from = keys("derived_from", Source)
    tier = told("tier")
    version = told("version")

    class Meta:
        model = Source
        import_id_fields = ["slug"]
        fields = (
            "slug", "title", "publisher", "byline", "authors", "kind", "tier_override", "tier_reason", "published",
            "date_known", "language", "rights", "url", "copy_of", "derived_from", "reliability", "sha256", "note",
            "tier", "version",
        )  # fmt: skip

    def snapshot(self, state: State) -> dict[str, Any]:
        return {name: value for name, value in state.items() if name != "slug"}

    def refresh(self, pks: Sequence[Any], *, are_new: bool) -> None:
        if not are_new:  # nothing rests on a new source yet
            grading.refresh()

    def url(self, key: str) -> str:
        return reverse("relations:source_detail", args=[key])


class PassageResource(RecordResource):
    sheet: ClassVar[str] = "passages"
    order: ClassVar[int] = 20
    example: ClassVar = ({"source": "un-charter", "number": "10", "heading": "Preamble", "role": "body"},)

    source = key("source", Source)

    class Meta:
        model = Passage
        import_id_fields = ["ref"]
        fields = ("ref", "source", "number", "heading", "role", "label", "digest")

    def resting(self, keys: Sequence[str]) -> Iterable[str]:
        return checks(Check.objects.filter(citation__passage__ref__in=keys))

    def refresh(self, pks: Sequence[Any], *, are_new: bool) -> None:
        if not are_new:  # the digest of a passage decides which checks count
            grading.refresh(Citation.objects.filter(passage__in=pks).values_list("fact", flat=True))


class EntityResource(RecordResource):
    sheet: ClassVar[str] = "entities"
    order: ClassVar[int] = 30
    example: ClassVar = (
        {
            "name": "Charter of the United Nations", "kind": "agreement", "aliases": "UN Charter | Charter of the UN",
            "definition": "The treaty of 1945 that founded the United Nations.",
        },
    )  # fmt: skip
    named_in: ClassVar = (NamedIn(Fact, "value", Q(property__value_type=Property.ValueType.ENTITY)),)

    part_of = key("part_of", Entity)
    aliases = names("aliases", Alias)
    version = told("version")

    class Meta:
        model = Entity
        import_id_fields = ["slug"]
        fields = ("slug", "name", "kind", "definition", "part_of", "aliases", "version")

    def snapshot(self, state: State) -> dict[str, Any]:
        return {name: value for name, value in state.items() if name != "slug"}

    def by_other_name(self, texts: Sequence[str]) -> dict[str, list[str]]:
        folded: dict[str, list[str]] = defaultdict(list)
        for text in texts:
            if folding := self.fold(text):
                folded[folding].append(text)
        found: dict[str, set[str]] = defaultdict(set)
        for rows, slug in ((Entity.objects, "slug"), (Alias.objects, "entity__slug")):
            for name, whose in rows.filter(sort_key__in=folded).order_by().values_list("sort_key", slug):
                for text in folded[name]:
                    found[text].add(whose)
        return {text: sorted(slugs) for text, slugs in found.items()}

    def names(self, state: State) -> Iterable[str]:
        return (state["name"], *state["aliases"])

    def fold(self, name: str) -> str:
        return sort_key(name)

    def url(self, key: str) -> str:
        return reverse("relations:entity_detail", args=[key])


class TopicResource(RecordResource):
    sheet: ClassVar[str] = "topics"
    order: ClassVar[int] = 36
    example: ClassVar = (
        {
            "name": "International institutions", "position": "10",
            "syllabus": "Important international institutions, agencies and fora",
            "description": "How they came to be, who belongs to them and what they may decide.",
        },
    )  # fmt: skip

    parent = key("parent", Topic)

    class Meta:
        model = Topic
        import_id_fields = ["slug"]
        fields = ("slug", "name", "parent", "position", "syllabus", "description")

    def url(self, key: str) -> str:
        return reverse("relations:topic_detail", args=[key])


class CitationResource(RecordResource):
    """What a fact rests on; a part of the fact."""

    passage = key("passage", Passage, "ref")

    class Meta:
        model = Citation
        import_id_fields = ["passage"]
        fields = ("passage", "anchor", "stance", "reading")


class FactResource(RecordResource):
    """A new fact arrives as a draft; status, evidence and version are told, never taken."""

    sheet: ClassVar[str] = "facts"
    order: ClassVar[int] = 40
    parts: ClassVar = (Part("citations", CitationResource, parent="fact", identity="passage", sheet="citations"),)
    kept: ClassVar = ("status", "written_by")
    creatable: ClassVar = (NAMES, TOPICS)
    example: ClassVar = (
        {
            "subject": "un-charter", "statement": "The Charter of the United Nations was signed in San Francisco.",
            "modality": "fact", "date": "1945-06-26", "partners": "india | france",
            "topics": "international-institutions", "rank": "normal",
            "note": "India signed before it was independent; see the list of original members.",
            "passage": "un-charter/10", "anchor": "assembled in the city of San Francisco", "stance": "mentions",
            "reading": "The representatives who signed had come together there.",
        },
        {"passage": "un-charter/212", "anchor": "DONE at the city of San Francisco", "stance": "supports"},
    )  # fmt: skip

    subject = key("subject", Entity)
    whose = key("whose", Entity)
    property = key("property", Property, "key")
    partners = keys("partners", Entity)
    topics = keys("topics", Topic)
    outcome = key("outcome", Fact, "ref")
    superseded_by = key("superseded_by", Fact, "ref")
    status = told("status")
    evidence = told("evidence")
    version = told("version")

    class Meta:
        model = Fact
        import_id_fields = ["ref"]
        fields = (
            "ref", "subject", "statement", "modality", "whose", "date", "property", "value", "unit", "validity",
            "review_by", "partners", "topics", "rank", "outcome", "verdict", "superseded_by", "note",
            "status", "evidence", "version",
        )  # fmt: skip

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._successors: dict[str, str] | None = None  # what supersedes what, this file's rows included
        self._statements: dict[Any, dict[str, str]] = {}  # of subjects, by reference

    # --- rules ---

    def references(self, state: State) -> Iterable[Reference]:
        prop = self.find(Property, "key", state["property"]) if state["property"] and state["value"] else None
        if prop is not None and prop.value_type == Property.ValueType.ENTITY:
            yield Reference("value", Entity, "slug", state["value"])

    def related(self, model: Any) -> QuerySet | None:
        return Passage.objects.select_related("kept_text") if model is Passage else None

    def prepare(self, states: Sequence[State]) -> None:
        if self._successors is None:
            pairs = Fact.objects.filter(superseded_by__isnull=False).order_by()
            self._successors = dict(pairs.values_list("ref", "superseded_by__ref"))
        for state in states:
            if state["superseded_by"]:
                self._successors[state["ref"]] = state["superseded_by"]
            else:
                self._successors.pop(state["ref"], None)

    def clean_row(self, row: Fact) -> None:
        fact_errors(row, is_entity=self._is_entity, in_a_circle=self._in_a_circle)

    def _is_entity(self, slug: str) -> bool:
        return self.find(Entity, "slug", slug) is not None

    def _in_a_circle(self, row: Fact) -> bool:
        seen = {row.ref}
        successors = self._successors or {}
        after = successors.get(row.ref)
        while after is not None:
            if after in seen:
                return True
            seen.add(after)
            after = successors.get(after)
        return False

    # --- what follows ---

    def mint(self, state: State) -> tuple[str, int] | None:
        return (f"{state['subject']}-", 3) if state["subject"] else None

    def settle(self, before: State | None, after: State, *, by: str) -> None:
        if before is None or self.digest(before) != self.digest(after):
            after["written_by"] = by

    def digest(self, state: State) -> str:
        return digest_of(map(state.__getitem__, CLAIM))

    def snapshot(self, state: State) -> dict[str, Any]:
        """As `relations.keeping.fact_snapshot` has it."""
        kept = state | {"digest": self.digest(state)}
        del kept["ref"]
        return kept

    def refresh(self, pks: Sequence[Any], *, are_new: bool) -> None:
        if not are_new:  # what is new rests on nothing checked, and says so
            grading.refresh(pks)

    def resting(self, keys: Sequence[str]) -> Iterable[str]:
        return checks(Check.objects.filter(citation__fact__ref__in=keys))

    # --- what is there already ---

    def alike(self, states: Mapping[int, State]) -> dict[int, Alike]:
        self._read_statements(states.values())
        found = {}
        for number, state in states.items():
            known = self._statements.get(state["subject"])
            best = known and process.extractOne(
                state["statement"],
                known,
                scorer=fuzz.token_sort_ratio,
                processor=utils.default_process,
                score_cutoff=MUCH_ALIKE,
            )
            if best:
                found[number] = Alike(best[2], best[0], reverse("admin:relations_fact_changelist") + f"?q={best[2]}")
        return found

    def _read_statements(self, states: Iterable[State]) -> None:
        """Statements of the subjects that are not at hand; of a subject with many facts, those of the same dates."""
        states = list(states)
        new = {state["subject"] for state in states} - self._statements.keys()
        if len(self._statements) > MANY:
            self._statements.clear()
            new = {state["subject"] for state in states}
        if not new:
            return
        facts = Fact.objects.exclude(status=Fact.Status.WITHDRAWN).order_by()
        counted = facts.filter(subject__in=new).values_list("subject").annotate(count=Count("pk"))
        few = {subject for subject, count in counted if count <= MANY}
        many = {subject for subject, count in counted if count > MANY}
        dates = {state["date"] for state in states if state["subject"] in many}
        chosen = facts.filter(Q(subject__in=few) | Q(subject__in=many, date__in=dates))
        for subject in new - many:
            self._statements[subject] = {}
        for subject, ref, statement in chosen.values_list("subject", "ref", "statement"):
            self._statements.setdefault(subject, {})[ref] = statement

    def url(self, key: str) -> str:
        return reverse("relations:fact_detail", args=[key])


def checks(of: CheckQuerySet) -> Iterable[str]:
    """Those of the checks that count today, each in words."""
    named = of.counting().order_by().values_list("citation__fact__ref", "citation__passage__ref", "by", "at")
    for ref, passage, by, at in named:
        yield f"{ref} ← {passage} ({by}, {at:%Y-%m-%d})"
