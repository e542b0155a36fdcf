"""What became of a record after a batch had written it, in words."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from curation.importing.planning.records import Problem, problem
from curation.importing.resources import Part, RecordResource, State
from curation.importing.stored import states
from curation.models import Batch, Revision, Step

SHOWN = 60  # characters of a value within a sentence


def who(resource: RecordResource, keys: Iterable[str], batch: Batch) -> dict[str, str]:
    """For each of these records, edited after `batch`, by whom last, as far as the history knows."""
    said = dict.fromkeys(keys, _("It was edited since."))
    for some in states.in_turn(said):
        last = _last(resource).filter(ref__among=some)
        for key, version, by, of in last.exclude(batch=batch).values_list("ref", "version", "by", "batch"):
            if of is not None:
                words = _("It was edited since (version %(version)d, by %(by)s in batch %(batch)d).")
            elif by:
                words = _("It was edited since (version %(version)d, by %(by)s).")
            else:
                words = _("It was edited since (version %(version)d).")
            said[key] = words % {"version": version, "by": by, "batch": of}
    return said


def saved(resource: RecordResource, keys: Iterable[str], batch: Batch) -> dict[str, str]:
    """For each of these records, saved since the check of `batch` began, by whom last and when."""
    began = batch.steps.filter(what=Step.What.STARTED).order_by("pk").values_list("at", flat=True).last()
    said: dict[str, str] = {}
    last = _last(resource).filter(at__gte=began or batch.created_at)
    for some in states.in_turn(keys):
        for key, by, at, of in last.filter(ref__among=some).values_list("ref", "by", "at", "batch"):
            if by and of is not None:
                words = _("%(by)s saved it on %(when)s, by batch %(batch)d.")
            elif by:
                words = _("%(by)s saved it on %(when)s.")
            else:
                words = _("It was saved on %(when)s.")
            said[key] = words % {"by": by, "when": date_format(localtime(at), "j F Y, H:i"), "batch": of or 0}
    return said


def _last(resource: RecordResource) -> QuerySet[Revision]:
    """The last revision of each record."""
    later = Revision.objects.filter(kind=OuterRef("kind"), ref=OuterRef("ref"), version__gt=OuterRef("version"))
    return Revision.objects.filter(~Exists(later), kind=resource.model._meta.label_lower).order_by()


def edits(resource: RecordResource, number: int, was: State, now: State) -> list[Problem]:
    """What is other than it was, a line for each value; the value is that of now."""
    parts = {part.name: part for part in resource.parts}
    lines: list[Problem] = []
    for name, value in now.items():  # in the order of the columns, which a stored state has lost
        old = was.get(name)
        if value == old:
            continue
        if name in parts:
            lines += _of_parts(parts[name], number, old or [], value)
        elif isinstance(value, list):
            lines.append(problem(number, name, ", ".join(value), _of_list(old or [], value)))
        else:
            lines.append(problem(number, name, shown(value), _of_value(old)))
    return lines


def _of_value(was: Any) -> str:
    text = shown(was)
    return _("The batch had left “%(was)s” here.") % {"was": text} if text else _("The batch had left nothing here.")


def _of_list(was: list[str], now: list[str]) -> str:
    said = []
    if added := [one for one in now if one not in was]:
        said.append(_("Added since: %s.") % ", ".join(added))
    if gone := [one for one in was if one not in now]:
        said.append(_("Removed since: %s.") % ", ".join(gone))
    return " ".join(said)


def _of_parts(part: Part, number: int, was: list[State], now: list[State]) -> Iterator[Problem]:
    before = {one[part.identity]: one for one in was}
    after = {one[part.identity]: one for one in now}
    for key in sorted(before.keys() | after.keys()):
        if key not in after:
            yield problem(number, part.name, key, _("Removed since."))
        elif key not in before:
            yield problem(number, part.name, key, _("Added since."))
        elif before[key] != after[key]:
            names = [name for name, value in after[key].items() if before[key].get(name) != value]
            yield problem(number, part.name, key, _("Changed since: %s.") % ", ".join(names))


def shown(value: Any) -> str:
    """A value of a state in one line, cut where it is long."""
    text = "" if value is None or isinstance(value, Mapping) else str(value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
