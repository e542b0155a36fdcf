"""What people do with a batch before it is applied, in each of its states."""

import datetime

import pytest
from django.core.management import call_command
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from curation.importing import batches, leases, resources, tasks
from curation.importing.batches import NotNow
from curation.models import Batch, Row, Step, Upload
from curation.models.batches import after

pytestmark = pytest.mark.django_db

State = Batch.State
LARGE = tasks.SMALL_BYTES + 1  # for a worker, so that nothing is checked before a test says so


def kept(*, size: int = LARGE, days: float = 7, name: str = "sources.csv") -> Upload:
    return Upload.objects.create(name=name, size=size, sha256="5" * 64, by="esha", expires_at=after(days=days))


def in_state(state: str, *, seconds: int = 60, **fields) -> Batch:
    """A batch with one row, in that state; at work for so many seconds to come."""
    upload = fields.setdefault("upload", kept())
    fields.setdefault("expires_at", upload and upload.expires_at)
    if state in Batch.AT_WORK:
        fields |= {"lease": "12345678-1234-1234-1234-123456789012", "lease_until": after(seconds=seconds)}
    if state == State.APPLIED:
        fields["applied_at"] = timezone.now()
    batch = Batch.objects.create(state=state, target="sources", by="esha", **fields)
    batch.rows.create(sheet="sources", number=2, last_number=2, kind=Row.Kind.NEW, key="a")
    return batch


def steps(batch: Batch) -> list[tuple[str, str]]:
    return list(batch.steps.values_list("what", "by"))


def left(batch: Batch) -> tuple[str, bool, int]:
    """Its state, whether it is being cancelled, and how many rows it has."""
    found = Batch.objects.get(pk=batch.pk)
    return found.state, found.cancelling, found.rows.count()


def in_queue() -> list[tuple[str, list]]:
    return [(task.task_name, task.args_kwargs["args"]) for task in DBTaskResult.objects.order_by("enqueued_at")]


# --- starting -------------------------------------------------------------------------------
def test_started_batch_waits_in_the_queue_with_what_is_known_of_its_file():
    upload = kept()
    batch = batches.start(upload, target="sources", by="esha", options={"create": {}}, without=[("sources", 7)])
    found = Batch.objects.get(pk=batch.pk)
    assert (found.state, found.target, found.by, found.upload) == (State.WAITING, "sources", "esha", upload)
    assert (found.file_name, found.sha256, found.expires_at) == ("sources.csv", "5" * 64, upload.expires_at)
    assert (found.options, found.mapping, found.without) == ({"create": {}}, {}, [["sources", 7]])
    assert (steps(batch), in_queue()) == ([("uploaded", "esha")], [("check_batch", [batch.pk])])


def test_starting_forgets_what_nobody_confirmed_in_time():
    old = in_state(State.PREVIEW, upload=kept(days=-1))
    batches.start(kept(), target="sources", by="esha")
    assert left(old) == (State.CANCELLED, False, 0)


# --- matching columns -----------------------------------------------------------------------
def test_matched_columns_put_the_batch_into_the_queue():
    batch = in_state(State.MAPPING, problem="There is no column “titel”.")
    batches.map_columns(batch, {"sources": {"titel": "title"}}, by="farid")
    found = Batch.objects.get(pk=batch.pk)
    assert (found.state, found.mapping, found.problem) == (State.WAITING, {"sources": {"titel": "title"}}, "")
    assert (steps(batch), in_queue()) == ([("mapped", "farid")], [("check_batch", [batch.pk])])


def test_columns_are_matched_once():
    batch = in_state(State.MAPPING)
    twice = Batch.objects.get(pk=batch.pk)
    batches.map_columns(batch, {"sources": {"titel": "title"}}, by="farid")
    with pytest.raises(NotNow, match="it is waiting to be checked"):
        batches.map_columns(twice, {"sources": {"titel": ""}}, by="esha")
    assert Batch.objects.get(pk=batch.pk).mapping == {"sources": {"titel": "title"}}


# --- cancelling -----------------------------------------------------------------------------
@pytest.mark.parametrize("state", [State.MAPPING, State.WAITING, State.PREVIEW, State.CONFIRMED, State.STALE])
def test_cancelling_what_nobody_works_on_ends_it_at_once(state):
    batch = in_state(state)
    batches.cancel(batch, by="farid")
    assert (left(batch), steps(batch)) == ((State.CANCELLED, False, 0), [("cancelled", "farid")])


def test_cancelling_a_check_asks_its_worker():
    batch = in_state(State.CHECKING)
    batches.cancel(batch, by="farid")
    assert (left(batch), steps(batch)) == ((State.CHECKING, True, 1), [("cancelled", "farid")])
    assert leases.renew(batch, batch.lease) == leases.Outcome.CANCELLED


@pytest.mark.parametrize("state", Batch.AT_WORK)
def test_cancelling_what_was_interrupted_ends_it_for_good(state):
    batch = in_state(state, seconds=-1)
    batches.cancel(batch, by="farid")
    assert left(batch) == (State.CANCELLED, False, 0)
    assert leases.take(batch, state_from=State.CONFIRMED, state_to=state, seconds=60) is None


def test_what_is_being_applied_cannot_be_cancelled():
    batch = in_state(State.APPLYING)
    with pytest.raises(NotNow, match="Once it is applied you can undo it"):
        batches.cancel(batch, by="farid")
    assert (left(batch), steps(batch)) == ((State.APPLYING, False, 1), [])


@pytest.mark.parametrize("state", [State.APPLIED, State.REFUSED])
def test_what_is_over_cannot_be_cancelled(state):
    batch = in_state(state)
    with pytest.raises(NotNow, match="There is nothing to cancel"):
        batches.cancel(batch, by="farid")
    assert left(batch) == (state, False, 1)


def test_cancelling_twice_cancels_once():
    waiting, checking = in_state(State.WAITING), in_state(State.CHECKING)
    for batch in [waiting, checking, waiting, checking]:
        batches.cancel(batch, by="farid")
    assert [steps(waiting), steps(checking)] == [[("cancelled", "farid")]] * 2


# --- again ----------------------------------------------------------------------------------
def test_new_preview_leaves_out_the_rows_that_had_changed():
    stale = [{"sheet": "sources", "row": 3, "key": "b"}, {"sheet": "sources", "row": 9, "key": "c"}]
    batch = in_state(
        State.STALE, stale=stale, without=[["sources", 9]], mapping={"sources": {"x": ""}}, options={"create": {}}
    )
    new = batches.again(batch, by="farid")
    assert (new.pk != batch.pk, new.state, new.by, new.target) == (True, State.WAITING, "farid", "sources")
    assert (new.upload, new.sha256, new.expires_at) == (batch.upload, batch.upload.sha256, batch.upload.expires_at)
    assert (new.mapping, new.options) == (batch.mapping, batch.options)
    assert new.without == [["sources", 9], ["sources", 3]]
    assert (steps(batch), steps(new)) == ([("again", "farid")], [("again", "farid")])
    assert (left(batch), in_queue()) == ((State.STALE, False, 1), [("check_batch", [new.pk])])


@pytest.mark.parametrize("state", Batch.AT_WORK)
def test_checking_again_ends_what_was_interrupted(state):
    """Whoever takes it later finds that nobody is needed: the same rows are not applied twice."""
    batch = in_state(state, seconds=-1)
    new = batches.again(batch, by="esha")
    assert (left(batch), new.state) == ((State.CANCELLED, False, 0), State.WAITING)
    assert leases.take(batch, state_from=State.CONFIRMED, state_to=state, seconds=60) is None


@pytest.mark.parametrize(
    "state", [State.WAITING, State.CHECKING, State.PREVIEW, State.CONFIRMED, State.APPLYING, State.APPLIED]
)
def test_what_is_not_over_is_not_checked_again(state):
    batch = in_state(state)
    with pytest.raises(NotNow, match="There is nothing to check again"):
        batches.again(batch, by="esha")
    assert Batch.objects.get() == batch


@pytest.mark.parametrize("upload", [None, "expired"])
def test_file_no_longer_kept_is_asked_for(upload):
    batch = in_state(State.STALE, upload=kept(days=-1) if upload else None)
    with pytest.raises(NotNow, match="Upload it again"):
        batches.again(batch, by="esha")


def test_undo_whose_rows_had_changed_is_planned_again_without_them():
    applied = in_state(State.APPLIED, counts={"sources": {"new": tasks.SMALL_ROWS + 1}})
    undo = in_state(
        State.STALE, kind="undo", undoes=applied, upload=None, stale=[{"sheet": "sources", "row": 2, "key": "a"}]
    )
    new = batches.again(undo, by="esha")
    assert (new.kind, new.undoes, new.upload, new.without) == ("undo", applied, None, [["sources", 2]])


# --- expiring -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("state", "becomes"),
    [(state, State.CANCELLED) for state in batches.OPEN]
    + [(state, state) for state in (State.REFUSED, State.CANCELLED)],
)
def test_expired_batch_loses_its_rows_and_keeps_its_steps(state, becomes):
    batch = in_state(state, upload=kept(days=-1))
    assert (batches.expire(), batches.expire()) == (1, 0)
    assert (left(batch), steps(batch)) == ((becomes, False, 0), [("expired", "esha")])


def test_applied_batch_keeps_its_rows():
    batch = in_state(State.APPLIED, upload=kept(days=-1))
    assert (batches.expire(), left(batch)) == (0, (State.APPLIED, False, 1))


@pytest.mark.parametrize(("seconds", "expired"), [(60, 0), (-1, 1)])
def test_batch_at_work_expires_when_its_worker_has_gone(seconds, expired):
    batch = in_state(State.APPLYING, upload=kept(days=-1), seconds=seconds)
    assert batches.expire() == expired
    assert left(batch)[0] == (State.CANCELLED if expired else State.APPLYING)


def test_nothing_expires_before_its_day():
    batch = in_state(State.PREVIEW, upload=kept(days=7))
    assert (batches.expire(), left(batch)) == (0, (State.PREVIEW, False, 1))
    assert batches.expire(now=after(days=8)) == 1


def test_command_says_how_many_expired(capsys):
    in_state(State.PREVIEW, upload=kept(days=-1))
    call_command("expire_imports")
    assert capsys.readouterr().out == "Expired: 1 bulk import.\n"


# --- what is shown --------------------------------------------------------------------------
def waited(batch: Batch, seconds: int) -> Batch:
    Batch.objects.filter(pk=batch.pk).update(created_at=timezone.now() - datetime.timedelta(seconds=seconds))
    batch.refresh_from_db()
    return batch


@pytest.mark.parametrize("state", [State.WAITING, State.CONFIRMED])
def test_batch_that_waits_long_waits_for_a_worker(state):
    batch = in_state(state)
    assert not batches.waits_for_worker(waited(batch, 8))
    assert batches.waits_for_worker(waited(batch, 12))


def test_batch_confirmed_just_now_does_not_wait_long():
    batch = waited(in_state(State.CONFIRMED), 600)
    batch.step(Step.What.CONFIRMED)
    assert not batches.waits_for_worker(batch)


def test_batch_behind_another_waits_for_its_turn():
    batch = waited(in_state(State.WAITING), 12)
    other = in_state(State.CHECKING)
    assert not batches.waits_for_worker(batch)
    Batch.objects.filter(pk=other.pk).update(lease_until=after(seconds=-1))
    assert batches.waits_for_worker(batch)


@pytest.mark.parametrize("state", [State.MAPPING, State.PREVIEW, State.APPLYING, State.APPLIED])
def test_batch_that_waits_for_a_person_needs_no_worker(state):
    assert not batches.waits_for_worker(waited(in_state(state), 600))


@pytest.mark.parametrize(
    ("fields", "sheets"),
    [
        ({"target": "facts"}, ["facts"]),
        ({"target": "facts", "counts": {"entities": {"new": 1}, "facts": {"new": 2}}}, ["entities", "facts"]),
        ({"target": "workbook", "found": {"sheets": [{"name": "facts"}, {"name": "Sheet3"}]}}, ["facts"]),
        ({"target": "workbook"}, list(resources.sheets())),
    ],
)
def test_sheets_of_a_batch_in_the_order_of_a_workbook(fields, sheets):
    assert batches.sheets_of(Batch(**fields)) == sheets


def test_undo_is_of_the_sheets_of_what_it_undoes():
    undone = in_state(State.APPLIED, counts={"facts": {"new": 1}})
    undo = in_state(State.PREVIEW, kind="undo", undoes=undone, upload=None)
    assert batches.sheets_of(undo) == ["sources", "facts"]
