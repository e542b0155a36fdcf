"""Loading fixtures: our loaddata, Django's own, and the same rows written by executemany.

Target (issue 3): at most 5 s, start-up included, for the 2,800 objects of the whole fact base. Django's keeps no
history and checks no field, so ours does more than it; the bare rows, triggers and all, are the limit.
"""

import datetime
import json
import random
import tempfile
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.management import call_command
from django.core.management.commands import loaddata as stock
from django.db import connection, models, transaction

from benchmarks.measuring import in_turn, table
from curation.digests import digest_of
from curation.models import Revision
from quizzes.models import Question
from relations.models import Fact

ROUNDS = 5
SCALE = {
    "topic": 20, "entity": 200, "source": 100, "passage": 350, "fact": 350, "citation": 600, "disagreement": 40,
    "question": 50,
}  # fmt: skip
FACTS_IN_A_FILE = 35

Row = dict[str, Any]


def run() -> None:
    with tempfile.TemporaryDirectory(prefix="sandarbh-bench-") as folder:
        files, count = written(Path(folder))
        bare = bare_rows(files)
        sides = {
            "ours": lambda: call_command("loaddata", *files, verbosity=0),
            "Django's own": lambda: call_command(stock.Command(), *files, verbosity=0),
            f"bare rows ({sum(len(rows) for _sql, rows in bare):,}, with history)": lambda: write(bare),
        }
        empty = {name: undone(side) for name, side in sides.items()}
        table(f"Loading {count:,} objects, {connection.vendor}", in_turn(empty, rounds=ROUNDS, warm=1), against="ours")
        with transaction.atomic():
            call_command("loaddata", *files, verbosity=0)
            again = {name: undone(side) for name, side in list(sides.items())[:2]}
            table("Loading the same again", in_turn(again, rounds=ROUNDS, warm=1), against="ours")
            transaction.set_rollback(True)


def undone(side: Callable[[], object]) -> Callable[[], None]:
    """`side`, and back to what was before it."""

    def do() -> None:
        with transaction.atomic():
            side()
            transaction.set_rollback(True)

    return do


# --- the bare rows -----------------------------------------------------------------------------

Statement = tuple[str, list[tuple[Any, ...]]]


def bare_rows(files: list[str]) -> list[Statement]:
    """An INSERT for each table that loading fills, and the rows it leaves there."""
    with transaction.atomic():
        call_command("loaddata", *files, verbosity=0)
        found = [statement(model) for model in filled()]
        transaction.set_rollback(True)
    return [(sql, rows) for sql, rows in found if rows]


def filled() -> Iterator[type[models.Model]]:
    for app in ("relations", "quizzes"):
        yield from apps.get_app_config(app).get_models(include_auto_created=True)
    yield Revision


def statement(model: type[models.Model]) -> Statement:
    fields = [field for field in model._meta.concrete_fields if not field.generated]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {model._meta.db_table}")
        rows = [tuple(map(adapted, fields, row)) for row in cursor.fetchall()]
    places = ", ".join(["%s"] * len(fields))
    return f"INSERT INTO {model._meta.db_table} ({columns}) VALUES ({places})", rows


def adapted(field: models.Field, value: Any) -> Any:
    """PostgreSQL gives JSON as Python objects, and takes it as text."""
    return json.dumps(value) if isinstance(field, models.JSONField) and not isinstance(value, str) else value


def write(statements: list[Statement]) -> None:
    with connection.cursor() as cursor:
        for sql, rows in statements:
            cursor.executemany(sql, rows)


# --- the fixtures ------------------------------------------------------------------------------


def written(folder: Path) -> tuple[list[str], int]:
    """Write the fixtures, shaped and divided as those that ship; return their paths and the number of objects."""
    files = {"01-names": list(names()), "05-passages": list(documents())}
    facts, parts = list(statements_of_fact()), list(questions())
    for start in range(0, SCALE["fact"], FACTS_IN_A_FILE):
        files[f"10-facts-{start:04d}"] = [row for rows in facts[start : start + FACTS_IN_A_FILE] for row in rows]
    files["80-disagreements"] = list(disagreements())
    files["90-questions"] = parts
    paths = []
    for name, rows in files.items():
        path = folder / f"{name}.json"
        path.write_text(json.dumps(rows), encoding="utf-8")
        paths.append(str(path))
    return paths, sum(map(len, files.values()))


def row(model: str, **fields: Any) -> Row:
    return {"model": model, "fields": fields}


def names() -> Iterator[Row]:
    for number in range(SCALE["topic"]):
        parent = {"parent": [f"topic-{number // 5}"]} if number >= 5 else {}
        yield row("relations.topic", slug=f"topic-{number}", name=f"Topic {number}", **parent)
    for key, value_type in (("signed-on", "date"), ("member-count", "number"), ("has-member", "entity")):
        yield row("relations.property", key=key, name=key, value_type=value_type, single=True, date_means="happened")
    for number in range(SCALE["entity"]):
        slug, kind = f"entity-{number:03d}", "country" if number < 20 else "agreement"
        whole = {"part_of": [f"entity-{number - 1:03d}"]} if number % 7 == 6 else {}
        definition = f"The entity that has number {number}, and one line to say so."
        yield row(
            "relations.entity", slug=slug, name=f"Entity number {number}", kind=kind, definition=definition, **whole
        )
        yield row("relations.alias", entity=[slug], name=f"E{number}")


def documents() -> Iterator[Row]:
    for number in range(SCALE["source"]):
        origin = {"derived_from": [[f"source-{number - 1}"]]} if number % 5 == 4 else {}
        origin |= {"copy_of": [f"source-{number - 2}"]} if number % 9 == 8 else {}
        yield row(
            "relations.source",
            slug=f"source-{number}",
            title=f"Source {number}",
            publisher="Press",
            kind=("press", "official", "study-note")[number % 3],
            published="2024-08-20",
            url=f"https://example.org/source-{number}",
            authors=[[f"entity-{number % 20:03d}"]],
            **origin,
        )
    for number in range(SCALE["passage"]):
        source, place = number % SCALE["source"], number // SCALE["source"] + 1
        ref = f"source-{source}/{place}"
        yield row(
            "relations.passage",
            source=[f"source-{source}"],
            ref=ref,
            number=place,
            heading="The heading › of it",
            digest=digest_of([ref]) * 2,
        )


def statements_of_fact() -> Iterator[Iterable[Row]]:
    """Each fact with its citations and their checks, as an editor writes them; some look forward to a later fact."""
    dice = random.Random(1)
    for number in range(SCALE["fact"]):
        day = datetime.date(2000, 1, 1) + datetime.timedelta(days=dice.randrange(9_700))
        fields = {
            "ref": ref_of(number),
            "subject": [f"entity-{number % SCALE['entity']:03d}"],
            "statement": f"Entity number {number} signed arrangement {number} on {day:%d %B %Y} with its partner.",
            "modality": "fact",
            "date": day.isoformat(),
            "property": ["signed-on"],
            "value": day.isoformat(),
            "partners": [[f"entity-{place:03d}"] for place in dice.sample(range(20), 2)],
            "topics": [[f"topic-{dice.randrange(SCALE['topic'])}"]],
            "status": "published",
            "note": "What was looked up, and what was found: two reports, of which one rests on the other. " * 2,
            "written_by": "alice",
        }
        if number % 50 == 7:
            fields["superseded_by"] = [ref_of(number + 1 if number % 100 == 7 else number + 40)]
        yield [row("relations.fact", **fields), *citations(number, fields)]


def ref_of(number: int) -> str:
    return f"entity-{number % SCALE['entity']:03d}-{number:06d}"


def citations(number: int, fact: Row) -> Iterator[Row]:
    first, last = (SCALE["citation"] * (number + one) // SCALE["fact"] for one in (0, 1))
    for one in range(last - first):
        at = (number + one * 61) % SCALE["passage"]
        passage = f"source-{at % SCALE['source']}/{at // SCALE['source'] + 1}"
        yield row("relations.citation", fact=[fact["ref"]], passage=[passage], anchor="the words that decide it")
        yield {
            "model": "relations.check",
            "pk": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{fact['ref']} {passage}")),
            "fields": {
                "citation": [fact["ref"], passage],
                "by": "bob",
                "written_by": "alice",
                "at": "2026-01-01T12:00:00Z",
                "basis": "text",
                "claim_digest": digest_of(claim(fact)),
                "passage_digest": digest_of([passage]) * 2,
                "citation_digest": digest_of(["supports", ""]),
            },
        }


def claim(fact: Row) -> list[Any]:
    values = [fact.get(name.removesuffix("_id"), "") for name in Fact.CLAIM]
    return [value[0] if isinstance(value, list) else value for value in values]


def disagreements() -> Iterator[Row]:
    for number in range(SCALE["disagreement"]):
        slug, facts = f"disagreement-{number}", [ref_of(number * 2), ref_of(number * 2 + 1)]
        settled = {"state": "settled", "preferred": [facts[0]], "reason": "The record says so.", "overtaken": True}
        yield row("relations.disagreement", slug=slug, question=f"What of {number}?", **settled)
        for position, ref in enumerate(facts):
            yield row("relations.side", disagreement=[slug], fact=[ref], position=position)


def questions() -> Iterator[Row]:
    facts = list(statements_of_fact())
    for number in range(1, SCALE["question"] + 1):
        ref = f"Q-{number:04d}"
        stem = "Consider the following statements:"
        yield row("quizzes.question", ref=ref, stem=stem, kind=Question.Kind.STATEMENTS, status="published")
        for position in (1, 2, 3, 4):
            fact = next(iter(facts[number * 3 + position]))["fields"]
            yield row(
                "quizzes.part",
                ref=f"{ref}/{position}",
                question=[ref],
                position=position,
                fact=[fact["ref"]],
                fact_digest=digest_of(claim(fact)),
                span="its partner" if position == 2 else "",
                replacement="nobody" if position == 2 else "",
            )
