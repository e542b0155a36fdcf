"""One side of `benchmarks.importing`, in a process of its own so that its memory can be told: `… SIDE FILE ROWS`.

The database is that of DATABASE_URL. What was measured is printed as one line of JSON.
"""

import csv
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, connections, models, transaction  # noqa: E402
from import_export import fields, resources, widgets  # noqa: E402
from import_export.formats.base_formats import CSV  # noqa: E402

from curation.models import Batch, Revision, Row, Stamp, Step, Upload, UploadPart  # noqa: E402
from relations.models import Citation, Entity, Fact, Passage, Property, Topic  # noqa: E402
from relations.search.indexes import FACTS  # noqa: E402
from relations.search.sqlite import name_of  # noqa: E402

CONTENT = (Fact, Fact.partners.through, Fact.topics.through, Citation, Revision)
RECORD = (Upload, UploadPart, Batch, Step, Row)

Measured = dict[str, Any]


def peak() -> float:
    """MB of memory that this process has held at most (not `ru_maxrss`, which begins with the parent's)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1000
    return 0.0


def worked() -> float:
    """Seconds of processor time, the server's for our connection included where it runs on this machine.

    On a busy machine they say more than the clock does.
    """
    spent = time.process_time()
    if connection.vendor == "postgresql":
        pid = connection.connection.info.backend_pid if connection.connection else 0
        stat = Path(f"/proc/{pid}/stat")
        if pid and stat.exists():
            user, system = stat.read_text().rpartition(")")[2].split()[11:13]
            spent += (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
    return spent


@contextmanager
def timed(measured: Measured, name: str) -> Iterator[None]:
    connection.ensure_connection()
    began, worked_before = time.perf_counter(), worked()
    yield
    measured[name] = measured.get(name, 0) + time.perf_counter() - began
    if name == "seconds":
        measured["cpu"] = worked() - worked_before


# --- the limit --------------------------------------------------------------------------------


def raw(finished: str, _rows: int) -> Measured:
    """Write what is in the database `finished` to ours, by executemany or COPY: content first, then its record.

    The rows are at hand as tuples of what the driver takes. On SQLite no trigger runs, and the search index is made
    in one statement.
    """
    measured: Measured = {}
    connections.settings["finished"] = {**connections.settings["default"], **json.loads(finished)}
    content, record = ([(model, *stored(model)) for model in some] for some in (CONTENT, RECORD))
    facts = max(len(rows) for _model, _columns, rows in content)
    with timed(measured, "seconds"), transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            triggers = cursor.fetchall()
            for name, _sql in triggers:
                cursor.execute(f"DROP TRIGGER {name}")
        # The revisions name the batch: keys are looked at when all is there.
        with timed(measured, "content"):
            for model, columns, rows in content:
                write(cursor, model, columns, rows)
            if connection.vendor == "sqlite":
                columns = ", ".join(FACTS.columns)
                cursor.execute(
                    f"INSERT INTO {name_of(FACTS)} (rowid, {columns}) SELECT id, {columns} FROM {FACTS.table}"
                )
        with timed(measured, "record"):
            for model, columns, rows in record:
                write(cursor, model, columns, rows)
        if connection.vendor == "sqlite":
            for _name, sql in triggers:
                cursor.execute(sql)
    measured["commit"] = measured["seconds"] - measured["content"] - measured["record"]
    return measured | {"rows": Fact.objects.count(), "written": facts}


def stored(model: type[models.Model]) -> tuple[list[str], list[tuple[Any, ...]]]:
    columns = [f'"{field.column}"' for field in model._meta.concrete_fields if not field.generated]
    there = connections["finished"]
    as_text = "" if there.vendor == "sqlite" else "::text"
    with there.cursor() as cursor:
        chosen = ", ".join(f"{column}{as_text}" for column in columns)
        cursor.execute(f"SELECT {chosen} FROM {model._meta.db_table} ORDER BY {columns[0]}")
        return columns, cursor.fetchall()


def write(cursor: Any, model: type[models.Model], columns: list[str], rows: list[tuple[Any, ...]]) -> None:
    table, named = model._meta.db_table, ", ".join(columns)
    if connection.vendor == "sqlite":
        places = ", ".join("?" * len(columns))
        connection.connection.executemany(f"INSERT INTO {table} ({named}) VALUES ({places})", rows)
        return
    with cursor.copy(f"COPY {table} ({named}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


# --- django-import-export as it comes ---------------------------------------------------------


class Parted(widgets.ManyToManyWidget):
    def __init__(self, model: type[models.Model]) -> None:
        super().__init__(model, separator=" | ", field="slug")


class StockFacts(resources.ModelResource):
    """What the documentation shows, and the settings it advises."""

    subject = fields.Field("subject", "subject", widgets.ForeignKeyWidget(Entity, "slug"))
    property = fields.Field("property", "property", widgets.ForeignKeyWidget(Property, "key"))
    partners = fields.Field("partners", "partners", Parted(Entity))
    topics = fields.Field("topics", "topics", Parted(Topic))

    class Meta:
        model = Fact
        import_id_fields = ["ref"]
        fields = ("ref", "subject", "statement", "date", "property", "value", "partners", "topics")
        skip_unchanged = True
        report_skipped = True
        use_transactions = True


class StockCitations(resources.ModelResource):
    fact = fields.Field("fact", "ref", widgets.ForeignKeyWidget(Fact, "ref"))
    passage = fields.Field("passage", "passage", widgets.ForeignKeyWidget(Passage, "ref"))

    class Meta:
        model = Citation
        import_id_fields = ["fact", "passage"]
        fields = ("fact", "passage", "anchor", "stance")
        skip_unchanged = True
        report_skipped = True
        use_transactions = True


def stock(file: str, rows: int) -> Measured:
    """The admin's two steps, without their pages: a dry run for the preview, then the import; facts, then citations.

    It checks no field, keeps no history and no record to undo it by, and holds the preview in memory.
    """
    measured: Measured = {}
    text = "".join(Path(file).read_text(encoding="utf-8").splitlines(keepends=True)[: rows + 1])
    with timed(measured, "seconds"):
        for resource in (StockFacts(), StockCitations()):
            for dry_run in (True, False):
                with timed(measured, "check" if dry_run else "apply"):
                    dataset = CSV().create_dataset(text)
                    result = resource.import_data(dataset, dry_run=dry_run, raise_errors=False, use_transactions=True)
                    assert not result.has_errors(), result.row_errors()[0]
    assert Citation.objects.count() == rows
    return measured | {"rows": Fact.objects.count()}


def stock_export(_file: str, rows: int) -> Measured:
    measured: Measured = {}
    with timed(measured, "seconds"):
        chosen = Fact.objects.order_by("pk")[:rows]
        made = [CSV().export_data(StockFacts().export(chosen))]
        cited = Citation.objects.filter(fact__in=list(Fact.objects.order_by("pk").values_list("pk", flat=True)[:rows]))
        made.append(CSV().export_data(StockCitations().export(cited)))
    return measured | {"rows": min(rows, Fact.objects.count()), "bytes": sum(map(len, made))}


def raw_export(file: str, rows: int) -> Measured:
    """A cursor and csv.writer: facts with their citation on one line, as ours has them."""
    together = "group_concat({}, ' | ')" if connection.vendor == "sqlite" else "string_agg({}, ' | ')"
    partners, topics = together.format("e.slug"), together.format("t.slug")
    measured: Measured = {}
    with timed(measured, "seconds"), Path(file).open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        with connection.chunked_cursor() as cursor, transaction.atomic():
            cursor.execute(
                "SELECT f.ref, f.subject_id, f.statement, f.modality, f.whose_id, f.date, f.property_id, f.value, "
                f"f.unit, f.validity, f.review_by, (SELECT {partners} FROM relations_fact_partners p JOIN "
                f"relations_entity e ON e.id = p.entity_id WHERE p.fact_id = f.id), (SELECT {topics} FROM "
                "relations_fact_topics ft JOIN relations_topic t ON t.id = ft.topic_id WHERE ft.fact_id = f.id), "
                "f.rank, f.verdict, f.note, f.status, f.evidence, f.version, p.ref, c.anchor, c.stance, c.reading "
                "FROM relations_fact f LEFT JOIN relations_citation c ON c.fact_id = f.id "
                "LEFT JOIN relations_passage p ON p.id = c.passage_id ORDER BY f.id"
            )
            while some := cursor.fetchmany(2_000):
                writer.writerows(some)
    return measured | {"rows": Fact.objects.count(), "bytes": Path(file).stat().st_size}


# --- ours -------------------------------------------------------------------------------------


def ours(file: str, rows: int) -> Measured:
    """Check and confirm, in process, as the worker does."""
    from curation.importing import applying, batches, checking, uploads

    measured: Measured = {"stamp before": Stamp.read()}
    with timed(measured, "seconds"):
        with timed(measured, "keep"), Path(file).open("rb") as opened:
            batch = batches.start(uploads.keep(opened, by="ann"), target="facts", by="ann")
        with timed(measured, "check"):
            checking.check(batch)
        batch.refresh_from_db()
        if batch.state != Batch.State.PREVIEW or batch.count("rejected"):
            raise SystemExit(f"{batch.state} {batch.counts} {batch.problem} {first_problem(batch)}")
        measured["stamp checked"] = Stamp.read()
        with timed(measured, "apply"):
            finish(batch, applying)
    return measured | outcome(batch)


def undo(_file: str, rows: int) -> Measured:
    from curation.importing import applying, checking, undoing

    measured: Measured = {"stamp before": Stamp.read()}
    undone = Batch.objects.filter(kind="import", state="applied", counts__facts__new__gt=0).first()
    with timed(measured, "seconds"):
        with timed(measured, "check"):
            batch = undoing.plan(undone, by="ann")
            batch.refresh_from_db()
            if batch.state == Batch.State.WAITING:
                checking.check(batch)
                batch.refresh_from_db()
        with timed(measured, "apply"):
            finish(batch, applying)
    return measured | outcome(batch)


def finish(batch: Batch, applying: Any) -> None:
    if not batch.count(*Row.WRITTEN):
        return
    applying.confirm(batch, by="ann")
    batch.refresh_from_db()
    if batch.state == Batch.State.CONFIRMED:
        applying.apply(batch)
        batch.refresh_from_db()
    if batch.state != Batch.State.APPLIED:
        raise SystemExit(f"{batch.state} {batch.counts} {batch.problem}")


def outcome(batch: Batch) -> Measured:
    batch.refresh_from_db()
    return {
        "rows": sum(sum(of_sheet.values()) for of_sheet in batch.counts.values()),
        "counts": batch.counts,
        "facts": Fact.objects.count(),
        "citations": Citation.objects.count(),
        "revisions": Revision.objects.count(),
        "stamp after": Stamp.read(),
    }


def first_problem(batch: Batch) -> Any:
    row = batch.rows.filter(kind=Row.Kind.REJECTED).first()
    return row and row.problems


def ours_export(file: str, rows: int) -> Measured:
    """Export as CSV into `file`; `first` is when the first of its bytes are there."""
    from curation.importing import exporting
    from curation.importing import resources as ours_resources

    measured: Measured = {}
    began = time.perf_counter()
    with timed(measured, "seconds"), Path(file).open("wb") as out:
        for part in exporting.export(ours_resources.of_model(Fact), Fact.objects.order_by("pk"), "csv"):
            if part and "first" not in measured:
                measured["first"] = time.perf_counter() - began
            out.write(part)
    return measured | {"rows": Fact.objects.count(), "bytes": Path(file).stat().st_size}


def by_command(file: str, rows: int) -> Measured:
    """`manage.py import_rows facts FILE --apply`, which may be as large as it likes."""
    measured: Measured = {}
    with timed(measured, "seconds"):
        call_command("import_rows", "facts", file, "--apply", "--quiet")
    assert Fact.objects.count() == rows
    return measured | {"rows": rows}


def nothing(_file: str, _rows: int) -> Measured:
    """What a process of ours holds before it does anything."""
    Fact.objects.count()
    return {"seconds": 0.0, "cpu": 0.0, "rows": 0}


def analyzed(_file: str, _rows: int) -> Measured:
    """Have the database look at its tables, as a server does by itself before long."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return {"seconds": 0.0, "cpu": 0.0, "rows": 0}


SIDES: dict[str, Callable[[str, int], Measured]] = {
    side.__name__: side
    for side in (nothing, analyzed, ours, by_command, undo, ours_export, raw, raw_export, stock, stock_export)
}

if __name__ == "__main__":
    name, given, count = sys.argv[1:]
    if profile := os.environ.get("PROFILE"):
        import cProfile

        profiler = cProfile.Profile()
        result = profiler.runcall(SIDES[name], given, int(count))
        profiler.dump_stats(f"{profile}.{name}")
    else:
        result = SIDES[name](given, int(count))
    print(json.dumps(result | {"peak": peak()}, default=str))
