"""The engine from the command line: what is printed, what is written, and the exit status."""

import io
import sys

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import CommandError
from openpyxl import load_workbook

from curation.importing import reading
from curation.management import terminal
from curation.models import Batch, Stamp
from relations.models import Entity, Fact
from tests.curation.importing.importing import ANCHOR, csv_of, fact, imported, xlsx_of
from tests.factories import FactFactory, published_fact

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("room")]


@pytest.fixture
def file(tmp_path):
    def written(rows, name="facts.csv"):
        path = tmp_path / name
        path.write_bytes(rows if isinstance(rows, bytes) else csv_of(rows))
        return str(path)

    return written


def run(command, *args):
    """(exit status, what was printed, what went wrong)"""
    out, wrong = io.StringIO(), io.StringIO()
    try:
        call_command(command, *map(str, args), stdout=out, stderr=wrong)
    except CommandError as error:
        return error.returncode, out.getvalue(), str(error)
    return 0, out.getvalue(), wrong.getvalue()


# --- importing ------------------------------------------------------------------------------
@pytest.mark.parametrize("how", [(), ("--dry-run",)])
def test_dry_run_says_what_the_file_would_do_and_writes_nothing(file, how):
    stamp = Stamp.read()
    status, said, _wrong = run("import_rows", "facts", file([fact(), fact("acsa-ij-002", subject="ACSA")]), *how)
    batch = Batch.objects.get()
    assert status == 0
    assert said.splitlines() == [
        "facts.csv: UTF-8, parted by commas, Windows line endings.",
        "facts: 2 new.",
        "Notes:",
        "  row 3 acsa-ij-002: subject: “ACSA” was read as acsa-ij.",
        "Nothing would leave students.",
        f"Nothing is written yet: repeat with --apply, or confirm Batch {batch.pk} in the admin.",
    ]
    assert (Fact.objects.count(), Stamp.read(), batch.state) == (0, stamp, Batch.State.PREVIEW)


def test_apply_writes_and_says_who(file):
    get_user_model().objects.create_user("asha")
    status, said, _wrong = run("import_rows", "facts", file([fact()]), "--apply", "--by", "asha")
    batch = Batch.objects.get()
    assert (status, said.splitlines()[-1]) == (0, f"Applied: 1 row. `manage.py undo_batch {batch.pk}` undoes them.")
    assert (batch.state, batch.by, batch.applied_by, batch.upload.size > 0) == ("applied", "asha", "asha", True)
    assert Fact.objects.get().written_by == "asha"


def test_rejected_rows_are_named_and_given_back_and_the_others_applied(file, tmp_path):
    rejects = tmp_path / "rejects.csv"
    name = file([fact(), fact("acsa-ij-002", topics="defense")])
    status, said, wrong = run("import_rows", "facts", name, "--apply", "--rejects", rejects)
    assert (status, wrong) == (1, "1 row rejected.")
    assert "  row 3 topics" in said
    assert "defense" in said
    assert list(Fact.objects.values_list("ref", flat=True)) == ["acsa-ij-001"]
    mended = rejects.read_bytes().replace(b"defense", b"defence")
    assert mended.startswith(b"\xef\xbb\xbfreason,ref,")
    assert run("import_rows", "facts", file(mended), "--apply", "--quiet") == (0, "", "")
    assert Fact.objects.count() == 2


def test_unchanged_file_has_nothing_to_apply(file):
    name = file([fact()])
    run("import_rows", "facts", name, "--apply")
    stamp = Stamp.read()
    status, said, _wrong = run("import_rows", "facts", name, "--apply")
    assert (status, said.splitlines()[-1]) == (0, "There is nothing to apply.")
    assert Stamp.read() == stamp


def test_consequences_are_printed(file):
    shown = published_fact(ref="acsa-ij-001", subject=Entity.objects.get(slug="acsa-ij"))
    _status, said, _wrong = run("import_rows", "facts", file([fact(statement="Another thing.")]))
    assert "Facts that would leave students (1):" in said
    assert shown.ref in said


def test_missing_names_are_made_where_that_is_asked_for(file):
    name = file([fact(subject="kenya", topics="sport")])
    status, said, _wrong = run(
        "import_rows", "facts", name, "--create", "names=country", "--create", "topics", "--apply"
    )
    assert (status, Entity.objects.get(slug="kenya").kind) == (0, "country")
    assert "entities: 1 new." in said


def test_workbook_is_imported_as_one(file):
    data = xlsx_of(
        {"facts": [fact(subject="kenya")], "entities": [{"slug": "kenya", "name": "Kenya", "kind": "country"}]}
    )
    status, said, _wrong = run("import_rows", "workbook", file(data, "book.xlsx"), "--apply")
    assert status == 0
    assert said.splitlines()[1:3] == ["entities: 1 new.", "facts: 1 new."]


def test_standard_input_is_read(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(csv_of([fact()]))))
    assert run("import_rows", "facts", "-", "--apply", "--quiet") == (0, "", "")
    assert Fact.objects.count() == 1


@pytest.mark.parametrize(
    ("args", "wrong"),
    [
        (("fact",), "There is no sheet “fact”. Did you mean “facts”? The sheets are "),
        (("facts", "--by", "nobody"), "There is no account “nobody”"),
        (("facts", "--create", "names"), "say of which kind: names=country, names=grouping"),
        (("facts", "--create", "passages"), "This can make names, topics."),
        (("sources", "--create", "names=country"), "Nothing can be made with this sheet."),
    ],
)
def test_what_cannot_be_asked_for_is_refused(file, args, wrong):
    sheet, *rest = args
    status, _said, why = run("import_rows", sheet, file([fact()]), *rest)
    assert status == 2
    assert wrong in why


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        (b"", "The file is empty."),
        (b"%PDF-1.4 x", "is a PDF document"),
        (b"ref,statment\nx,y\n", "“statment” is not a column of this sheet. Did you mean “statement”?"),
        (b'ref,statement\nx,"y\n', "is not closed"),
    ],
)
def test_file_that_cannot_be_used_is_refused_in_words(file, data, wrong):
    status, _said, why = run("import_rows", "facts", file(data), "--apply")
    assert status == 2
    assert wrong in why


def test_file_that_is_not_there_is_refused(tmp_path):
    assert run("import_rows", "facts", tmp_path / "no.csv") == (2, "", f"There is no file {tmp_path / 'no.csv'}.")


def test_file_larger_than_an_upload_is_read_where_it_lies(file, monkeypatch, tmp_path):
    from curation.management.commands import import_rows

    monkeypatch.setattr(import_rows.reading, "LIMITS", reading.Limits(bytes=10))
    rejects = tmp_path / "rejects.csv"
    name = file([fact(), fact("acsa-ij-002", topics="defense")])
    status, _said, _wrong = run("import_rows", "facts", name, "--apply", "--rejects", rejects)
    upload = Batch.objects.get().upload
    assert (status, upload.parts.count(), len(upload.sha256)) == (1, 0, 64)
    assert b"defense" in rejects.read_bytes()


@pytest.mark.django_db(transaction=True)
def test_interrupted_check_leaves_nothing_behind(file, monkeypatch):
    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(terminal.Progress, "tell", interrupt)
    status, _said, wrong = run("import_rows", "facts", file([fact()]), "--apply")
    batch = Batch.objects.get()
    assert (status, wrong) == (130, f"Interrupted: Batch {batch.pk} has written nothing.")
    assert (batch.shown_state, Fact.objects.count()) == (Batch.State.INTERRUPTED, 0)


# --- progress -------------------------------------------------------------------------------
class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_is_a_bar_where_somebody_watches(monkeypatch):
    monkeypatch.setattr(terminal, "A_MOMENT", 0)
    out = Terminal()
    progress = terminal.Progress("Checking", out)
    progress.tell(500, 1_000)
    progress.end()
    assert out.getvalue() == f"\rChecking: [{'#' * 15}{'.' * 15}] 500 of 1,000 rows \r\033[K"


def test_progress_is_a_line_now_and_then_elsewhere(monkeypatch):
    out = io.StringIO()
    progress = terminal.Progress("Applying", out)
    progress.add(500, 1_000)
    monkeypatch.setattr(terminal, "A_WHILE", 0)
    progress.add(1_000, 1_200)
    progress.end()
    assert out.getvalue() == "Applying: 1,500 of 1,500 rows\n"


# --- exporting ------------------------------------------------------------------------------
def test_export_goes_to_standard_output(capsysbinary):
    imported([fact(partners="india")])
    run("export_rows", "facts")
    out = capsysbinary.readouterr().out
    assert out.startswith(b"\xef\xbb\xbfref,subject,")
    assert b"acsa-ij-001" in out


@pytest.mark.parametrize("name", ["out.csv", "out.xlsx", "out.jsonl"])
def test_export_goes_into_a_file_whose_name_says_its_format(tmp_path, name):
    imported([fact()])
    path = tmp_path / name
    status, said, wrong = run("export_rows", "facts", "--output", path)
    assert (status, said) == (0, "")
    assert f"Written: {path}" in wrong
    start = {"out.csv": b"\xef\xbb\xbf", "out.xlsx": b"PK", "out.jsonl": b'{"ref"'}[name]
    assert path.read_bytes().startswith(start)
    assert [one.name for one in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    ("filters", "refs"),
    [
        (["status=draft"], ["a-1", "a-2", "a-3"]),
        (["partners=india"], ["a-1", "a-2"]),
        (["partners=india", "topics=trade"], ["a-2"]),
        (["topics="], ["a-1", "a-3"]),
        (["date="], ["a-3"]),
        (["rank=preferred"], []),
        (["subject=acsa-ij"], ["a-2"]),
    ],
)
def test_export_is_narrowed_by_columns(tmp_path, filters, refs):
    imported(
        [
            fact("a-1", subject="quad", partners="india | japan"),
            fact("a-2", partners="india", topics="trade"),
            fact("a-3", subject="quad", date=""),
        ]
    )
    Fact.objects.exclude(ref="a-3").update(date="2020")
    path = tmp_path / "facts.csv"
    run("export_rows", "facts", "--output", path, *(f"--filter={one}" for one in filters))
    assert [line.split(",")[0] for line in path.read_text("utf-8-sig").splitlines()[1:]] == refs


def test_workbook_is_all_sheets(tmp_path):
    imported([fact() | {"passage": "daily/1", "anchor": ANCHOR}])
    path = tmp_path / "all.xlsx"
    assert run("export_rows", "workbook", "--output", path)[0] == 0
    names = load_workbook(path).sheetnames
    assert [name for name in names if name in ("sources", "entities", "facts", "citations", "questions")] == [
        "sources", "entities", "facts", "citations", "questions",
    ]  # fmt: skip
    status, said, wrong = run("import_rows", "workbook", path)
    assert (status, wrong) == (0, "")
    assert "new" not in said
    assert "changed" not in said


@pytest.mark.parametrize(
    ("args", "wrong"),
    [
        (("facs",), "Did you mean “facts”?"),
        (("facts", "--filter", "statu=draft"), "Did you mean “status”?"),
        (("facts", "--filter", "version=two"), "no value of this column looks like that"),
        (("facts", "--output", "/nowhere/facts.csv"), "cannot be written: No such file or directory."),
        (("workbook", "--format", "csv"), "A workbook is written as xlsx"),
    ],
)
def test_export_that_cannot_be_is_refused(args, wrong):
    status, _said, why = run("export_rows", *args)
    assert status == 2
    assert wrong in why


# --- undoing --------------------------------------------------------------------------------
def test_undo_says_what_it_would_do_and_does_it():
    FactFactory(ref="acsa-ij-009", subject=Entity.objects.get(slug="acsa-ij"), statement="The old words.")
    batch = imported([fact(), fact("acsa-ij-009")])
    status, said, _wrong = run("undo_batch", batch.pk)
    assert status == 0
    assert f"undoes Batch {batch.pk}, rows.csv, by priya." in said
    assert Fact.objects.count() == 2
    status, said, _wrong = run("undo_batch", batch.pk, "--apply")
    undo = Batch.objects.get(kind="undo")
    assert (status, said.splitlines()[-1]) == (0, f"Undone: 2 rows. `manage.py undo_batch {undo.pk}` brings them back.")
    assert list(Fact.objects.values_list("statement", flat=True)) == ["The old words."]
    assert run("undo_batch", batch.pk)[0] == 2


def test_undo_keeps_what_was_edited_since():
    batch = imported([fact(), fact("acsa-ij-002")])
    edited = imported([fact(statement="Edited since.")])
    status, said, wrong = run("undo_batch", batch.pk, "--apply")
    assert (status, wrong) == (1, "1 row not undone.")
    assert "Kept as they are:" in said
    assert list(Fact.objects.values_list("ref", flat=True)) == ["acsa-ij-001"]
    assert edited.state == Batch.State.APPLIED


def test_batch_that_is_not_there_is_not_undone():
    assert run("undo_batch", 999) == (2, "", "There is no batch 999.")
