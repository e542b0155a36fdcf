"""Undoing a batch: a batch of its own, whose rows put back what the other's have changed.

Old values come back, and what was created is removed; undoing an undo brings back what that removed. A record that
was edited since is kept as it is, and so is a created one on which something rests by now: the preview names them
with the reason, and the rest may be undone.
"""

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from curation.importing import applying, batches, checking, previewing, since, tasks
from curation.importing.applying import Work
from curation.importing.batches import NotNow
from curation.importing.comparing import Comparison, named
from curation.importing.planning.records import Problem, problem
from curation.importing.resources import State, sheets
from curation.importing.stored import states, writing
from curation.models import Batch, Row, Stamp, Step
from curation.models.batches import after

KEPT_DAYS = 7  # for an undo to be confirmed in

BatchState, Kind = Batch.State, Row.Kind


# --- asking for it --------------------------------------------------------------------------
def plan(batch: Batch, *, by: str, on_site: bool = True) -> Batch:
    """Have the undo of an applied batch checked, a small one at once. The one that is open is returned, where one is.

    Raises NotNow. `on_site` is false for a command, which checks it by itself.
    """
    batches.expire()
    with transaction.atomic():
        batch.refresh_from_db(from_queryset=Batch.objects.select_for_update(of=("self",), no_key=True))
        if batch.state != BatchState.APPLIED:
            raise NotNow(_("There is nothing to undo: it is %s.") % batch.shown_state.label)
        if not batch.count(*Row.WRITTEN):
            raise NotNow(_("There is nothing to undo: it has written nothing."))
        if undo := batch.undone_by.exclude(state__in=batches.OVER).order_by("pk").last():
            if undo.state == BatchState.APPLIED:
                raise NotNow(_("It is undone already, by %s. Undo that to have it back.") % undo)
            return undo
        undo = Batch.objects.create(
            kind=Batch.Kind.UNDO,
            undoes=batch,
            target=batch.target,
            file_name=batch.file_name,
            by=by,
            expires_at=after(days=KEPT_DAYS),
        )
        undo.step(Step.What.PLANNED, detail=str(batch))
        if on_site:
            tasks.enqueue(tasks.check_batch, undo)
    if on_site:
        tasks.run_if_small(tasks.check_batch, undo)
    return undo


# --- checking it ----------------------------------------------------------------------------
def check(batch: Batch, lease: uuid.UUID) -> None:
    """Fill the preview of an undo whose lease was taken: a row for each row that the other batch has written.

    Raises LeaseLost and CancelAsked, as `checking.check` does.
    """
    batch.stamp = Stamp.read()
    with transaction.atomic():
        Batch.objects.filter(pk=batch.pk).update(stamp=batch.stamp)
        batch.step(Step.What.STARTED)
    undone: Any = batch.undoes
    progress = checking.Progress(batch, lease, total=undone.count(*Row.WRITTEN))
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    undoings: dict[str, _Undoing] = {}
    for sheet, rows in applying.chunks(undone, backwards=True):
        if sheet not in undoings:
            undoings[sheet] = _Undoing(batch, undone, sheet)
        with transaction.atomic():
            plans = undoings[sheet].plans(rows)
            counts[sheet].update(plan.kind for plan in plans)
            writing.insert(Row, previewing.WRITTEN, (plan.values(batch) for plan in plans))
        progress.add(len(rows))
    checking.finish(batch, lease, counts, progress)


@dataclass(slots=True)
class _Plan:
    """What becomes of one row of the other batch."""

    work: Work
    kind: str
    before: State | None = None
    after: State | None = None
    problems: list[Problem] = field(default_factory=list)
    notes: list[dict[str, str]] = field(default_factory=list)

    @property
    def key(self) -> str:
        return self.work.key

    @property
    def number(self) -> int:
        return self.work.number

    @property
    def is_kept(self) -> bool:
        return self.kind == Kind.KEPT

    def keep(self, message: str, more: Iterable[Problem] = ()) -> None:
        """Leave the record as it is."""
        self.kind, self.before, self.after = Kind.KEPT, None, None
        self.problems += [problem(self.number, "", self.key, message), *more]

    def is_done(self, message: str) -> None:
        self.kind = Kind.SAME
        self.notes.append({"message": message, "url": ""})

    def values(self, batch: Batch) -> tuple[Any, ...]:
        work = self.work
        return (
            batch.pk, work.sheet, work.number, work.number, self.kind, work.key, self.before, self.after,
            self.problems or None, self.notes or None,
        )  # fmt: skip


class _Undoing:
    """Plans for the rows of one sheet; those of a chunk are all of one kind."""

    def __init__(self, batch: Batch, undone: Batch, sheet: str) -> None:
        every = sheets()
        self.undone, self.resource = undone, every[sheet].resource
        self.comparison = Comparison(batch, every[sheet], every, undone.counts)
        self.sheet, self.without = sheet, {(name, number) for name, number in batch.without}

    def plans(self, rows: Sequence[Work]) -> list[_Plan]:
        now = states.stored_with_pks(self.resource, [row.key for row in rows])
        pks = {key: pk for key, (pk, _state) in now.items()}
        found = {key: state for key, (_pk, state) in now.items()}
        begin = {Kind.NEW: self._remove, Kind.CHANGED: self._restore, Kind.REMOVED: self._bring_back}[
            Kind(rows[0].kind)
        ]
        plans = [begin(row, found.get(row.key)) for row in rows]
        self._tell_edits(plans, found)
        for plan in plans:
            if (self.sheet, plan.number) in self.without and plan.kind in Row.WRITTEN:
                plan.keep(_("It is left out, as it had changed after an earlier preview."))
        going = [plan for plan in plans if plan.kind in Row.WRITTEN]
        if going and rows[0].kind == Kind.NEW:
            self._keep_what_is_rested_on(going, pks)
        elif going:
            self._keep_what_breaks(going, pks)
        return plans

    # --- row by row ---

    def _remove(self, row: Work, now: State | None) -> _Plan:
        plan = _Plan(row, Kind.REMOVED, before=now)
        if now is None:
            plan.keep(_("It is not there any more."))
        return plan

    def _restore(self, row: Work, now: State | None) -> _Plan:
        plan = _Plan(row, Kind.CHANGED, before=now, after=row.before)
        if now is None:
            plan.keep(_("It is not there any more."))
        elif now == row.before:
            plan.is_done(_("It is as it was before, already."))
        return plan

    def _bring_back(self, row: Work, now: State | None) -> _Plan:
        plan = _Plan(row, Kind.NEW, after=row.before)
        if now is not None and now == row.before:
            plan.is_done(_("It is there again, already."))
        elif now is not None:
            plan.keep(_("Another one has its key by now."))
        return plan

    def _tell_edits(self, plans: Sequence[_Plan], now: dict[str, State]) -> None:
        """Keep what is not as the batch left it, naming what is other, and who wrote last."""
        edited = {
            plan.key: (plan.work.after or {}, now[plan.key])
            for plan in plans
            if plan.kind in (Kind.REMOVED, Kind.CHANGED) and plan.work.after != now[plan.key]
        }
        who = since.who(self.resource, edited, self.undone) if edited else {}
        for plan in plans:
            if plan.key in edited:
                plan.keep(who[plan.key], since.edits(self.resource, plan.number, *edited[plan.key]))

    # --- what else they touch ---

    def _keep_what_is_rested_on(self, plans: Sequence[_Plan], pks: dict[str, Any]) -> None:
        """Keep created records that others need, and what the kept ones among them need in turn."""
        keys = {plan.key for plan in plans}
        why, edges = self.comparison.resting.on({plan.key: pks[plan.key] for plan in plans}, keys)
        _spread(plans, why, edges, _("“%(key)s” rests on it, which is kept, too."))

    def _keep_what_breaks(self, plans: Sequence[_Plan], pks: dict[str, Any]) -> None:
        """Keep what cannot be as it was: it names what is gone, or a rule is against it by now."""
        naming = self._named_among(plans)
        for plan in plans:
            if plan.before is None and plan.after is not None:
                self.comparison.known.make(self.resource.model, self.resource.key, plan.key, plan.after)
        broken = self.comparison.broken(plans, pks, coming=[plan.key for plan in plans if plan.before is None])
        why = {key: [_("As it was it cannot be any more: %s") % words] for key, words in broken.items()}
        _spread(plans, why, naming, _("It names “%(key)s”, which is kept as it is."))

    def _named_among(self, plans: Sequence[_Plan]) -> list[tuple[str, str]]:
        """(key, key of a plan that names it) where both are to be brought back."""
        new = {plan.key: plan for plan in plans if plan.before is None}
        space = (self.resource.model, self.resource.key)
        return [
            (key, plan.key)
            for plan in new.values()
            for of, key in named(self.resource, plan.after or {})
            if of == space and key in new and key != plan.key
        ]


def _spread(plans: Sequence[_Plan], why: dict[str, list[str]], edges: Iterable[tuple[str, str]], message: str) -> None:
    """Keep the plans there is a reason for, and with each of them those to which an edge leads from it."""
    by_key = {plan.key: plan for plan in plans}
    for key, words in why.items():
        by_key[key].keep(" ".join(words))
    needed = defaultdict(list)
    for one, other in edges:
        needed[one].append(other)
    waiting = list(why)
    while waiting:
        key = waiting.pop()
        for other in needed[key]:
            if not by_key[other].is_kept:
                by_key[other].keep(message % {"key": key})
                waiting.append(other)
