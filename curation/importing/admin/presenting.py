"""What the pages say of a batch: words and numbers, and no markup."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from curation.importing import batches, resources
from curation.models import Batch, Row

CHECKS = "checks"  # the kind of loss that is no record students see
LISTED = 50  # of what students would lose, before “and 120 more”

Kind = Row.Kind
# What a preview always counts, in the order of its table; further kinds follow where there are some.
COUNTED = {
    Batch.Kind.IMPORT: (Kind.NEW, Kind.CHANGED, Kind.SAME, Kind.REJECTED),
    Batch.Kind.UNDO: (Kind.REMOVED, Kind.CHANGED, Kind.KEPT),
}
FIRST = (Kind.REJECTED, Kind.KEPT, Kind.CHANGED, Kind.REMOVED, Kind.NEW, Kind.SAME)  # what is shown unasked


def number(count: int) -> str:
    """12,000."""
    return number_format(count, use_l10n=True, force_grouping=True)


def listed(words: Iterable[str]) -> str:
    """“2 facts and 1 question”."""
    words = list(words)
    *first, last = words or [""]
    return _("%(first)s and %(last)s") % {"first": ", ".join(first), "last": last} if first else last


# --- what a batch is, and where it stands ---


def title(batch: Batch) -> str:
    if batch.kind == Batch.Kind.UNDO:
        return _("Batch %(number)d: undo of batch %(undone)d") % {"number": batch.pk, "undone": batch.undoes_id}
    return _("Batch %(number)d: %(file)s") % {"number": batch.pk, "file": batch.file_name or _("no file")}


def progress(batch: Batch) -> str:
    """How far a batch under way is, in words."""
    if batch.cancelling:
        return _("Being cancelled.")
    state, done, total = batch.state, number(batch.done), number(batch.total)
    if state == Batch.State.CHECKING and batch.total:
        return _("%(done)s of %(total)s rows checked.") % {"done": done, "total": total}
    if state == Batch.State.CHECKING:
        return ngettext("%(done)s row checked.", "%(done)s rows checked.", batch.done) % {"done": done}
    if state in (Batch.State.WAITING, Batch.State.CONFIRMED):
        waits = _("Waiting to be checked.") if state == Batch.State.WAITING else _("Waiting to be applied.")
        other = batches.at_work().first()
        return _("%(waits)s %(other)s comes first.") % {"waits": waits, "other": other} if other else waits
    return _("Applying. This can take some minutes; nothing is half done.")


def state_in_words(batch: Batch, *, viewer: str, by_may_confirm: bool) -> str:
    """Where it stands, as `viewer` reads it: a preview waits for whoever uploaded the file, if they may confirm it."""
    if batch.shown_state != Batch.State.PREVIEW or (by_may_confirm and batch.by == viewer):
        return str(batch.shown_state.label)
    if by_may_confirm:
        return _("checked, waiting for %(name)s") % {"name": batch.by}
    return _("checked, waiting to be confirmed")


def counts_in_words(batch: Batch) -> str:
    """“12 new · 3 changed · 40 same · 2 rejected”: what there is."""
    kinds = [kind for kind in kinds_of(batch) if batch.count(kind)]
    return " · ".join(f"{number(batch.count(kind))} {kind_label(batch, kind)}" for kind in kinds)


def kind_label(batch: Batch, kind: str) -> str:
    if batch.kind == Batch.Kind.UNDO and kind == Kind.CHANGED:
        return _("restored")
    return str(Kind(kind).label)


def kinds_of(batch: Batch) -> list[Kind]:
    always = COUNTED[Batch.Kind(batch.kind)]
    return [*always, *(kind for kind in FIRST if kind not in always and batch.count(kind))]


def about(batch: Batch) -> list[tuple[str, str]]:
    """What is known of a batch itself."""
    is_import = batch.kind == Batch.Kind.IMPORT
    lines = [
        (_("File"), batch.file_name),
        (_("SHA-256 of the file"), batch.sha256),
        (_("Size"), _size(batch.upload.size) if batch.upload else ""),
        (_("Imported from the page of"), page_of(batch.target) if is_import else ""),
        (_("Uploaded by") if is_import else _("Asked for by"), batch.by),
        (_("On"), when(batch.created_at)),
        (_("Kept until"), when(batch.expires_at) if batch.state != Batch.State.APPLIED else ""),
        (_("Rows"), counts_in_words(batch)),
    ]
    return [(name, value) for name, value in lines if value]


def page_of(target: str) -> str:
    """What the admin calls the records of a sheet: “Names”."""
    if target == batches.WORKBOOK:
        return _("Workbook")
    sheet = resources.sheets().get(target)
    if sheet is None:
        return target
    of = sheet.part.resource if sheet.part else sheet.resource
    return capfirst(str(of._meta.model._meta.verbose_name_plural))


def when(at: datetime.datetime | None) -> str:
    return date_format(timezone.localtime(at), "j F Y, H:i") if at else ""


def _size(size: int) -> str:
    return ngettext("%(size)s byte", "%(size)s bytes", size) % {"size": number(size)}


def rejected(batch: Batch) -> list[tuple[str, str, str]]:
    """(sheet, how many, address of the file to mend) of each sheet with rejected rows."""
    address = reverse("admin:curation_batch_rejects", args=[batch.pk])
    return [
        (sheet, number(count), f"{address}?{urlencode({'sheet': sheet})}")
        for sheet, kinds in batch.counts.items()
        if (count := kinds.get(Kind.REJECTED))
    ]


def can_be_checked_again(batch: Batch) -> bool:
    if batch.kind == Batch.Kind.UNDO:
        return True
    return batch.upload is not None and batch.upload.expires_at >= timezone.now()


# --- what students would lose and get back ---


@dataclass(frozen=True)
class Affected:
    """Records of one kind that leave students or come back to them, the first of them listed by key and words."""

    name: str
    count: str
    in_words: str  # “2 facts”
    listed: list[tuple[str, str]]
    more: str  # how many are not listed; "" for none


def losses(batch: Batch) -> list[Affected]:
    return _affected(batch, "leaving")


def gains(batch: Batch) -> list[Affected]:
    return _affected(batch, "returning")


def lapsing(batch: Batch) -> Affected | None:
    """The checks that would no longer count, as the words of what was changed are no longer those checked."""
    return next(iter(_affected(batch, "leaving", of_checks=True)), None)


def _affected(batch: Batch, which: str, *, of_checks: bool = False) -> list[Affected]:
    some = [one for one in batch.losses if one.get(which) and (one.get("kind") == CHECKS) == of_checks]
    return [_records(one, one[which]) for one in some]


def _records(one: Mapping[str, Any], records: Sequence[Sequence[Any]]) -> Affected:
    listed = [(str(key), str(words)) for key, words in records[:LISTED]]
    count = len(records)
    return Affected(
        name=str(one.get("name", "")),
        count=number(count),
        in_words=f"{number(count)} {_noun(one, count)}",
        listed=listed,
        more=number(count - len(listed)) if count > len(listed) else "",
    )


def _noun(one: Mapping[str, Any], count: int) -> str:
    if one.get("kind") == CHECKS:
        return ngettext("check", "checks", count)
    try:
        options = apps.get_model(one.get("kind", ""))._meta
    except (LookupError, ValueError):
        return str(one.get("name", ""))
    return str(options.verbose_name if count == 1 else options.verbose_name_plural)


# --- what confirming does ---


def writes(batch: Batch) -> int:
    return batch.count(*Row.WRITTEN)


def confirm_words(batch: Batch) -> str:
    """What the button does: “Apply 12 new and 3 changed rows, and take 2 facts from students”."""
    new, changed, removed = (batch.count(kind) for kind in (Kind.NEW, Kind.CHANGED, Kind.REMOVED))
    does = _undo_words(new, changed, removed) if batch.kind == Batch.Kind.UNDO else _apply_words(new, changed)
    besides = []
    if lost := losses(batch):
        besides.append(_("take %(lost)s from students") % {"lost": listed(loss.in_words for loss in lost)})
    if lapse := lapsing(batch):
        besides.append(_("let %(lapse)s lapse") % {"lapse": lapse.in_words})
    if not besides:
        return does
    *first, last = [does, *besides]
    return _("%(first)s, and %(last)s") % {"first": ", ".join(first), "last": last}


def _apply_words(new: int, changed: int) -> str:
    kinds = [_("%(count)s new") % {"count": number(new)}] if new else []
    kinds += [_("%(count)s changed") % {"count": number(changed)}] if changed else []
    words = ngettext("Apply %(kinds)s row", "Apply %(kinds)s rows", new + changed)
    return words % {"kinds": listed(kinds)}


def _undo_words(new: int, changed: int, removed: int) -> str:
    parts = [_("remove %(count)s") % {"count": number(removed)}] if removed else []
    parts += [_("restore %(count)s") % {"count": number(changed)}] if changed else []
    parts += [_("bring back %(count)s") % {"count": number(new)}] if new else []
    words = ngettext("%(what)s record", "%(what)s records", new + changed + removed)
    return capfirst(words % {"what": listed(parts)})
