"""The engine rejects a row exactly where a form of the same cells would be refused, and names the same columns.

The other side is Django's own ModelForm of the same model, with keys in place of primary keys: its fields, then
`full_clean` of the instance, and the same for a part of it. Both go in two steps. Where a cell cannot be read, a
key leads nowhere, or something is missing, that is all that is said; else what the rules have against the row.
"""

import random
from collections.abc import Callable, Collection, Iterator
from functools import cache
from typing import Any

import pytest
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.forms import CharField, ModelForm, modelform_factory
from django.forms.models import construct_instance

from curation.importing import resources
from curation.importing.columns import Column, Kind
from curation.importing.escaping import CLEAR, parted
from curation.importing.resources import RecordResource
from relations.models import Alias, Source
from tests.curation.importing.importing import previewed
from tests.factories import EntityFactory, FactFactory, PassageFactory, SourceFactory, TopicFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("room")]

Cells = dict[str, str]
Choice = str | Callable[[int], str]  # a cell, or one that differs from row to row

RANDOM_ROWS = 100


# --- the form -------------------------------------------------------------------------------
class WholeForm(ModelForm):
    """A form that leaves nothing to the database: it would leave out constraints that speak of the primary key."""

    def _get_validation_exclusions(self) -> set[str]:
        return super()._get_validation_exclusions() - {"id"}


class CellsForm(WholeForm):
    """A form that stops after the cells: before what one of them asks of another."""

    def _post_clean(self) -> None:
        self.instance = construct_instance(self, self.instance, self._meta.fields, self._meta.exclude)
        try:
            self.instance.clean_fields(exclude=self._get_validation_exclusions())
        except ValidationError as error:
            self._update_errors(error)


@cache
def form_of(model: Any, base: type[ModelForm], names: tuple[str, ...]) -> type[ModelForm]:
    classes = {"url": CharField}  # URLField would put http:// before what has no scheme
    return modelform_factory(model, form=base, fields=names, field_classes=classes)


def filled(base: type[ModelForm], columns: list[Column], cells: Cells, instance: Any) -> ModelForm:
    """The form as a browser would send it: a blank cell is what the form shows before anybody writes."""
    shown = [column for column in columns if column.kind is not Kind.NAMES and column.model_field.editable]
    form_class = form_of(type(instance), base, tuple(column.model_field.name for column in shown))
    data = {column.model_field.name: sent(column, cells.get(column.name, ""), instance) for column in shown}
    form = form_class(data, instance=instance)
    for column in shown:
        if column.kind in (Kind.KEY, Kind.KEYS):
            form.fields[column.model_field.name].to_field_name = column.to
    return form


def sent(column: Column, cell: str, instance: Any) -> Any:
    name = column.model_field.name
    if cell == CLEAR:
        return [] if column.kind is Kind.KEYS else ""
    if cell:
        return parted(cell) if column.kind is Kind.KEYS else cell
    if column.kind is Kind.KEYS:
        return [getattr(one, column.to) for one in getattr(instance, name).all()] if instance.pk else []
    if column.kind is Kind.KEY:
        there = getattr(instance, name, None) if instance.pk else None
        return getattr(there, column.to) if there else ""
    value = getattr(instance, name)
    return "" if value is None else value


def said_of(form: ModelForm, columns: list[Column]) -> set[str]:
    names = {column.model_field.name: column.name for column in columns} | {NON_FIELD_ERRORS: ""}
    return {names[name] for name in form.errors}


def expected(resource: RecordResource, cells: Cells, make: Callable[[], Any]) -> set[str]:
    """The columns of which the forms of a record, its other names and its part have something to say."""
    for base in (CellsForm, WholeForm):
        form = filled(base, resource.written, cells, make())
        said = said_of(form, resource.written)
        for column in resource.written:
            if column.kind is Kind.NAMES:
                named = parted(cells.get(column.name, ""))
                forms = [form_of(Alias, base, ("name",))({"name": one}) for one in named]
                said |= {column.name for one in forms if one.errors}
        for part in resource.parts:
            columns = [column for column in resource.part_columns[part.name] if not column.readonly]
            mine = {column.name: cells[column.name] for column in columns if cells.get(column.name)}
            if mine:
                instance = part.resource._meta.model(**{part.parent: form.instance})
                said |= said_of(filled(base, columns, mine, instance), columns)
        if said:
            return said
    return set()


# --- the cells ------------------------------------------------------------------------------
LONG = {120: "a" * 120, 160: "b" * 160, 161: "b" * 161, 200: "c" * 200, 201: "c" * 201, 300: "d" * 300, 301: "d" * 301}
WORDS = " ".join(["word"] * 30)
DATES = (
    "2020", "2020-02", "2020-02-29", "2019-02-29", "2020-2-9", "03/04/2024", "[..2024-08]", "2019~", "2022-09/..",
    "2024/2022", "soon", "0000", "2020-13", "20200909", CLEAR,
)  # fmt: skip
FACTS: dict[str, tuple[Choice, ...]] = {
    "ref": (*(f"{one}{{}}".format for one in ("a b", "x/", "-x", "É", "k" * 99)),),
    "subject": ("", "japan", "nowhere", CLEAR),
    "statement": ("", CLEAR, WORDS, WORDS + " more", "e" * 400, "e" * 401, "ünïcode ≠ ascii", "It’s “so”"),
    "modality": ("fact", "view", "expectation", "veiw", "Fact", CLEAR),
    "whose": ("abe", "india", "nowhere", CLEAR),
    "date": DATES,
    "property": ("signed-on", "cost", "host", "motto", "result", "nowhere", CLEAR),
    "value": (
        "2020", "12.5", "-3", "1e3", "nan", "india", "nowhere", "won", "Won", "any", LONG[200], LONG[201], CLEAR,
    ),
    "unit": ("km", "f" * 60, "f" * 61, CLEAR),
    "validity": DATES,
    "review_by": DATES,
    "partners": ("india", "india | quad", "abe", "india | abe", "nowhere", "india | nowhere", CLEAR, "|"),
    "topics": ("trade", "trade | defence", "nowhere", CLEAR),
    "rank": ("preferred", "normal", "deprecated", "best", CLEAR),
    "outcome": ("other-1", "nowhere", CLEAR),
    "verdict": ("borne-out", "not-borne-out", "unknown", "maybe", CLEAR),
    "superseded_by": ("other-1", "nowhere", CLEAR),
    "note": ("A note.", CLEAR, "g" * 5000),
    "passage": ("daily/1", "daily/2", "daily/3", "nowhere/1", CLEAR),
    "anchor": (
        "signed the agreement in the capital", "agreed on a common plan", "two words",
        "one two three four five six seven eight nine", "with “quotes” in it", "a - dash in it", "the the the",
        "signed the agreement in the", "h" * 121, CLEAR,
    ),
    "stance": ("supports", "contradicts", "mentions", "denies", CLEAR),
    "reading": ("As it says.", LONG[300], LONG[301], CLEAR),
}  # fmt: skip
SOURCES: dict[str, tuple[Choice, ...]] = {
    "slug": (lambda n: f"a b{n}", lambda n: f"x/{n}", lambda n: f"{n}" + "k" * 100),
    "title": ("", CLEAR, LONG[300], LONG[301]),
    "publisher": ("", CLEAR, LONG[200], LONG[201]),
    "byline": ("A. Person", LONG[201], CLEAR),
    "authors": ("abe", "abe | quad", "nowhere", CLEAR),
    "kind": ("", "treaty", "book", CLEAR),
    "tier_override": ("primary", "secondary", "quaternary", CLEAR),
    "tier_reason": ("Because.", LONG[301], CLEAR),
    "published": DATES,
    "date_known": ("From the page.", CLEAR),
    "language": ("hi", "x" * 35, "x" * 36, CLEAR),
    "rights": ("full", "quotation", "none", CLEAR),
    "url": (
        "https://example.org/a?b=c#d", "http://example.org", "ftp://example.org/x", "example.org", "not a url",
        "javascript:alert(1)", "https://", "https://exa mple.org", "//example.org/x",
        "https://example.org/" + "u" * 490,
        "HTTPS://EXAMPLE.ORG", "https://भारत.org/", CLEAR,
    ),
    "copy_of": ("daily", "nowhere", CLEAR),
    "derived_from": ("daily", "daily | nowhere", CLEAR),
    "reliability": ("Good.", CLEAR),
    "sha256": ("0" * 64, lambda n: f"{n:064d}", "1" * 65, CLEAR),
    "note": ("A note.", CLEAR),
}  # fmt: skip
PASSAGES: dict[str, tuple[Choice, ...]] = {
    "ref": (lambda n: f"a b{n}", lambda n: f"x/{n}", lambda n: f"/x{n}", lambda n: f"{n}" + "k" * 120),
    "source": ("", "daily", "nowhere", CLEAR),
    "number": (
        "1", "0", "-1", "1.0", "1.5", "1e3", "one", "2147483647", "2147483648", "9" * 30, "１２", "1,000", "NaN", CLEAR,
    ),
    "heading": ("A › B", LONG[301], CLEAR),
    "role": ("heading", "footer", CLEAR),
    "label": ("p. 14", "x" * 41, CLEAR),
    "digest": ("0" * 64, "0" * 65, CLEAR),
}  # fmt: skip
ENTITIES: dict[str, tuple[Choice, ...]] = {
    "slug": (lambda n: f"a b{n}", lambda n: f"x/{n}", lambda n: f"{n}" + "k" * 100),
    "name": ("", CLEAR, "Énergie", LONG[200], LONG[201]),
    "kind": ("", "country", "continent", CLEAR),
    "definition": (LONG[160], LONG[161], CLEAR),
    "part_of": ("quad", "nowhere", CLEAR),
    "aliases": ("One", "One | Two", "One | One", LONG[200], LONG[201], f"One | {LONG[201]}", CLEAR),
}  # fmt: skip
TOPICS: dict[str, tuple[Choice, ...]] = {
    "slug": (lambda n: f"a b{n}", lambda n: f"{n}" + "k" * 100),
    "name": ("", CLEAR, LONG[120], LONG[161]),
    "parent": ("trade", "nowhere", CLEAR),
    "position": ("3", "-1", "32767", "32768", "1.5", "x", CLEAR),
    "syllabus": (LONG[200], LONG[201], CLEAR),
    "description": ("A paragraph.", CLEAR),
}
QUESTIONS: dict[str, tuple[Choice, ...]] = {
    "ref": (lambda n: f"a b{n}", lambda n: f"x/{n}", lambda n: f"{n}" + "k" * 20),
    "kind": ("single", "statements", "essay", CLEAR),
    "stem": ("", CLEAR, "i" * 3000),
    "ask": ("correct", "incorrect", "which", CLEAR),
    "shows": ("statement", "words", "all", CLEAR),
    "explanation": ("So.", CLEAR),
    "topics": ("trade", "nowhere", CLEAR),
    "position": ("1", "0", "-1", "32768", "x", "1.5"),
    "fact": ("other-1", "twice-1", "nowhere", CLEAR),
    "span": ("Delhi", "delhi", "Oslo", "signed", LONG[201], CLEAR),
    "replacement": ("Delhi", "Oslo", LONG[201], CLEAR),
}
VALID: dict[str, Cells] = {
    "facts": {
        "subject": "acsa-ij", "statement": "They signed it.", "passage": "daily/1",
        "anchor": "signed the agreement in the capital",
    },
    "sources": {"title": "T", "publisher": "P", "kind": "press"},
    "passages": {"source": "daily"},
    "entities": {"name": "N", "kind": "meeting"},
    "topics": {"name": "N"},
    "questions": {"stem": "Which?", "fact": "other-1"},
}  # fmt: skip
CHOICES = {
    "facts": FACTS, "sources": SOURCES, "passages": PASSAGES, "entities": ENTITIES, "topics": TOPICS,
    "questions": QUESTIONS,
}  # fmt: skip


def cells_of(choices: dict[str, tuple[Choice, ...]], alone: Collection[str]) -> Iterator[Cells]:
    """Each choice of some columns alone, then many choices together."""
    for name, of in choices.items():
        if name not in alone:
            continue
        for one in of:
            yield {name: one}  # type: ignore[dict-item]
    seeded = random.Random(1)
    for _number in range(RANDOM_ROWS):
        names = seeded.sample(sorted(choices), seeded.randint(2, min(6, len(choices))))
        yield {name: seeded.choice(choices[name]) for name in names}  # type: ignore[misc]


def rows_of(key: str, base: Cells, choices: dict[str, tuple[Choice, ...]], alone: Collection[str]) -> list[Cells]:
    rows = []
    for number, given in enumerate(cells_of(choices, alone)):
        row = {key: f"row-{number}"} | base
        row |= {name: one(number) if callable(one) else one for name, one in given.items()}
        rows.append(row)
    return rows


@pytest.fixture(autouse=True)
def others(room):
    FactFactory(ref="other-1", subject_id="quad", statement="They signed it in Delhi.")
    FactFactory(ref="twice-1", subject_id="quad", statement="Delhi is Delhi.")
    Source.objects.filter(slug="daily").update(sha256="0" * 64)


def differences(sheet: str, rows: list[Cells], make: Callable[[Cells], Any]) -> list[Any]:
    """(row, what the forms say, what the engine says) where these differ."""
    batch = previewed(rows, sheet)
    assert (batch.state, batch.problem) == ("preview", "")
    resource = resources.sheets()[sheet].resource
    models = [resource.model, *(part.resource._meta.model for part in resource.parts)]
    of_all = {str(one.get_violation_error_message()) for model in models for one in model._meta.constraints}
    found: dict[int, set[str]] = {number: set() for number in range(2, len(rows) + 2)}
    for row in batch.rows.filter(kind="rejected"):
        for one in row.problems:
            is_of_constraint = one["message"].endswith(tuple(of_all))
            found[one["row"]].add("" if is_of_constraint else one["column"])
    assert sum(bool(said) for said in found.values()) == batch.count("rejected")
    wanted = [expected(resource, row, lambda row=row: make(row)) for row in rows]
    return [
        (row, wanted_, said, [one["message"] for one in batch.rows.get(number=number).problems or ()])
        for (number, said), wanted_, row in zip(found.items(), wanted, rows, strict=True)
        if said != wanted_
    ]


@pytest.mark.parametrize("sheet", CHOICES)
def test_new_rows_are_rejected_where_a_form_refuses_them(sheet):
    resource = resources.sheets()[sheet].resource
    rows = rows_of(resource.key, VALID[sheet], CHOICES[sheet], alone=CHOICES[sheet])
    assert differences(sheet, rows, lambda row: resource.model()) == []


OF_CITATIONS = ("passage", "anchor", "stance", "reading")


def made(sheet: str, count: int) -> None:
    """Records named row-0, row-1 … that are there already."""
    for number in range(count):
        key = f"row-{number}"
        if sheet == "facts":
            fact = FactFactory(ref=key, subject_id="acsa-ij", modality="expectation", whose_id="abe")
            FactFactory(ref=f"next-{number}", subject_id="quad", superseded_by=fact)
        elif sheet == "entities":
            EntityFactory(slug=key)
        elif sheet == "topics":
            TopicFactory(slug=key)
        elif sheet == "sources":
            SourceFactory(slug=key)
        elif sheet == "passages":
            PassageFactory(ref=key, source=Source.objects.get(slug="daily"), words="")


@pytest.mark.parametrize("sheet", ["facts", "sources", "passages", "entities", "topics"])
def test_changed_rows_are_rejected_where_a_form_refuses_them(sheet):
    resource = resources.sheets()[sheet].resource
    own: dict[str, tuple[Choice, ...]] = {
        "facts": {
            "superseded_by": (lambda n: f"row-{n}", lambda n: f"next-{n}", "other-1"),
            "outcome": (lambda n: f"row-{n}", "other-1"),
        },
        "sources": {"copy_of": (lambda n: f"row-{n}", "daily")},
        "entities": {"part_of": (lambda n: f"row-{n}", "quad")},
        "topics": {"parent": (lambda n: f"row-{n}", "trade")},
    }.get(sheet, {})  # type: ignore[assignment]
    choices = {name: of for name, of in CHOICES[sheet].items() if name not in (resource.key, *OF_CITATIONS)}
    rows = rows_of(resource.key, {}, choices | own, alone=own)
    made(sheet, len(rows))
    assert differences(sheet, rows, lambda row: resource.model.objects.get(**{resource.key: row[resource.key]})) == []
