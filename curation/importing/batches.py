"""What people do with a batch before it is applied: start one, match its columns, cancel it, preview it again.

Each is refused with NotNow where the batch is not in a state for it, and may be called by two at once.
"""

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from curation.importing import tasks, uploads
from curation.models import Batch, Step, Upload

WORKBOOK = "workbook"
PATIENCE = datetime.timedelta(seconds=10)  # a worker looks every second

State, What = Batch.State, Step.What

OPEN = (State.MAPPING, State.WAITING, State.PREVIEW, State.CONFIRMED, State.STALE)  # and nobody at work
OVER = (State.STALE, State.REFUSED, State.CANCELLED)


class NotNow(Exception):
    """The batch is not in a state for this. The message says why, and what to do."""


# --- what is asked for ----------------------------------------------------------------------
def start(
    upload: Upload,
    *,
    target: str,
    by: str,
    options: Mapping[str, Any] | None = None,
    mapping: Mapping[str, Any] | None = None,
    without: Iterable[tuple[str, int]] = (),
    on_site: bool = True,
) -> Batch:
    """Have a kept file checked: a small one at once, so that the batch that is returned may be checked already.

    `on_site` is false for a command, which checks it by itself.
    """
    expire()
    with transaction.atomic():
        batch = Batch.objects.create(
            target=target,
            by=by,
            options=dict(options or {}),
            mapping=dict(mapping or {}),
            without=[list(row) for row in without],
            **_of(upload),
        )
        batch.step(What.UPLOADED, detail=upload.name)
        if on_site:
            tasks.enqueue(tasks.check_batch, batch)
    if on_site:
        tasks.run_if_small(tasks.check_batch, batch)
    return batch


def map_columns(batch: Batch, mapping: Mapping[str, Any], *, by: str) -> None:
    """Have it checked with columns matched by hand: {sheet: {header of the file: column, or "" to leave out}}."""
    with transaction.atomic():
        _lock(batch)
        if batch.state != State.MAPPING:
            raise NotNow(_("The columns of this file are not to be matched now: it is %s.") % _shown(batch))
        batch.state, batch.mapping, batch.problem = State.WAITING, dict(mapping), ""
        batch.save(update_fields=["state", "mapping", "problem"])
        batch.step(What.MAPPED, by=by)
        tasks.enqueue(tasks.check_batch, batch)
    tasks.run_if_small(tasks.check_batch, batch)


def cancel(batch: Batch, *, by: str) -> None:
    """Let nothing come of it. A check that runs stops at its next chunk; what is being applied no longer can be."""
    _refuse_while_applying(batch)
    with transaction.atomic():
        _lock(batch)
        _refuse_while_applying(batch)
        if batch.cancelling or batch.state == State.CANCELLED:
            return
        if batch.state == State.CHECKING and not batch.lease_ran_out:
            batch.cancelling = True
            batch.save(update_fields=["cancelling"])
        elif batch.state in OPEN or batch.lease_ran_out:
            _close(batch)
        else:
            raise NotNow(_("There is nothing to cancel: it is %s.") % _shown(batch))
        batch.step(What.CANCELLED, by=by)


def again(batch: Batch, *, by: str) -> Batch:
    """A new preview of the same file with the same columns, without the rows that had changed meanwhile."""
    expire()
    with transaction.atomic():
        _lock(batch)
        if batch.state not in OVER and not batch.lease_ran_out:
            raise NotNow(_("There is nothing to check again: it is %s.") % _shown(batch))
        if batch.undoes is None and (batch.upload is None or batch.upload.expires_at <= timezone.now()):
            raise NotNow(_("The file is no longer kept. Upload it again."))
        stale = [[row["sheet"], row["row"]] for row in batch.stale]
        new = Batch.objects.create(
            kind=batch.kind,
            undoes=batch.undoes,
            target=batch.target,
            by=by,
            mapping=batch.mapping,
            options=batch.options,
            without=batch.without + [row for row in stale if row not in batch.without],
            **(_of(batch.upload) if batch.upload else {"expires_at": batch.expires_at}),
        )
        if batch.lease_ran_out:
            _close(batch)
        batch.step(What.AGAIN, by=by, detail=_("See %s.") % new)
        new.step(What.AGAIN, by=by, detail=_again_words(batch, len(stale)))
        tasks.enqueue(tasks.check_batch, new)
    tasks.run_if_small(tasks.check_batch, new)
    return new


def expire(now: datetime.datetime | None = None) -> int:
    """Forget files and previews that are kept no longer; the batches and their steps stay. How many batches."""
    now = now or timezone.now()
    told = Step.objects.filter(batch=OuterRef("pk"), what=What.EXPIRED)
    old = Batch.objects.filter(~Exists(told), expires_at__lt=now).exclude(state=State.APPLIED)
    expired = 0
    for pk in old.exclude(state__in=Batch.AT_WORK, lease_until__gte=now).values_list("pk", flat=True):
        expired += _expire(pk)
    uploads.expire(now)
    return expired


# --- what is shown --------------------------------------------------------------------------
def waits_for_worker(batch: Batch) -> bool:
    """It waits although nobody is at work on another: it seems that no worker is running."""
    if batch.state not in tasks.TASKS:
        return False
    last = batch.steps.order_by("pk").values_list("at", flat=True).last() or batch.created_at
    return last < timezone.now() - PATIENCE and not at_work().exists()


def at_work() -> QuerySet[Batch]:
    """The batches that somebody is at work on; the others wait for them."""
    return Batch.objects.filter(state__in=Batch.AT_WORK, lease_until__gte=timezone.now())


def sheets_of(batch: Batch) -> list[str]:
    """The sheets it is of, in the order of a workbook. A workbook that has not been read may be of any."""
    from curation.importing import resources

    of = batch.undoes or batch
    named = {of.target, *of.counts, *(sheet["name"] for sheet in of.found.get("sheets", ()))}
    every = list(resources.sheets())
    return [sheet for sheet in every if sheet in named] or every


# --- below ----------------------------------------------------------------------------------
def _of(upload: Upload) -> dict[str, Any]:
    return {
        "upload": upload,
        "file_name": upload.name,
        "sha256": upload.sha256,
        "expires_at": upload.expires_at,
    }


def _again_words(batch: Batch, left_out: int) -> str:
    if not left_out:
        return _("Instead of %(batch)s.") % {"batch": batch}
    words = ngettext("Of %(batch)s, without %(rows)d row.", "Of %(batch)s, without %(rows)d rows.", left_out)
    return words % {"batch": batch, "rows": left_out}


def _lock(batch: Batch) -> None:
    """Hold the batch until the transaction ends, and read what it is now."""
    batch.refresh_from_db(from_queryset=Batch.objects.select_for_update(of=("self",), no_key=True))


def _refuse_while_applying(batch: Batch) -> None:
    """Ask this before locking, too: on SQLite the lock would be waited for until all is applied."""
    if batch.state == State.APPLYING and not batch.lease_ran_out:
        raise NotNow(_("It is being applied, too late to cancel. Once it is applied you can undo it."))


def _close(batch: Batch, problem: str = "") -> None:
    """End a batch that nobody is at work on, or whose worker has lost its lease; its preview goes."""
    batch.state, batch.lease, batch.lease_until = State.CANCELLED, None, None
    batch.problem = problem or batch.problem
    batch.save(update_fields=["state", "lease", "lease_until", "problem"])
    batch.rows.all().delete()


def _expire(pk: int) -> bool:
    with transaction.atomic():
        batch = Batch.objects.select_for_update(of=("self",), no_key=True).get(pk=pk)
        is_at_work = batch.state in Batch.AT_WORK and not batch.lease_ran_out
        if is_at_work or batch.state == State.APPLIED or batch.steps.filter(what=What.EXPIRED).exists():
            return False
        if batch.state in OPEN or batch.lease_ran_out:
            _close(batch, _("Nobody confirmed it in time, so nothing was written. Upload the file again."))
        batch.rows.all().delete()
        batch.step(What.EXPIRED)
    return True


def _shown(batch: Batch) -> str:
    return str(batch.shown_state.label)
