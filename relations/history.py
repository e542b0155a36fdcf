"""What a fact said before: its public versions, and the last wording that was checked."""

import copy
import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from curation import revisions
from curation.digests import digest_of
from curation.models import Revision
from relations import dates
from relations.evidence import Grade
from relations.models import Check, Citation, Entity, Fact, Passage, Property, Topic

# What a version says to everybody, and in which words; the rest of a snapshot is for editors.
SHOWN = {
    "statement": _lazy("Statement"),
    "subject": _lazy("About"),
    "modality": _lazy("Kind of statement"),
    "whose": _lazy("Whose"),
    "date": _lazy("Date"),
    "value": _lazy("Value"),
    "unit": _lazy("Unit"),
    "validity": _lazy("Holds during"),
    "rank": _lazy("Rank"),
    "outcome": _lazy("What happened"),
    "verdict": _lazy("Was it borne out"),
    "superseded_by": _lazy("Superseded by"),
    "partners": _lazy("Partners"),
    "topics": _lazy("Topics"),
    "citations": _lazy("Where it comes from"),
}


def public_versions(fact: Fact) -> QuerySet[Revision]:
    """The versions that were once before students, newest first: published, and their claim was checked."""
    checked = _in_support(fact).order_by().values("claim_digest")
    return revisions.history(fact).filter(data__status=Fact.Status.PUBLISHED, digest__in=checked)


def _in_support(fact: Fact) -> QuerySet[Check]:
    """The checks that found a passage to bear `fact` out, also where that citation has another stance today.

    A check keeps only the digest of stance and reading, so they are looked for among those there ever were.
    """
    readings = {reading for _stance, reading in fact.citations.values_list("stance", "reading")}
    for data in revisions.history(fact).values_list("data", flat=True):
        readings.update(row["reading"] for row in data["citations"])
    supports = Citation.Stance.SUPPORTS.value
    return Check.objects.filter(
        citation__fact=fact.pk, citation_digest__in=[digest_of((supports, reading)) for reading in readings]
    )


class Withdrawn(Http404):
    """A fact that students once read and that an editor took back: its own address says so, others are not found."""

    def __init__(self, fact: Fact) -> None:
        self.fact = fact
        super().__init__(fact.ref)


def withdrawal(fact: Fact) -> Revision | None:
    """The version that took the fact back: when, and why."""
    return revisions.history(fact).filter(data__status=Fact.Status.WITHDRAWN).first()


# --- a fact whose check no longer counts ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lapse:
    """Why a published fact is being rechecked.

    `wording` is the version that was last checked, None where it was not kept; `since` is None where it is not
    known when the check ceased to count.
    """

    checked: datetime.date
    reason: str
    since: datetime.date | None
    wording: Revision | None


def lapse(fact: Fact) -> Lapse | None:
    """None for a fact that never had a check in its support."""
    check = (
        _in_support(fact).select_related("citation__passage").order_by("-at", "pk").first()
    )  # fmt: skip
    if check is None:
        return None
    wording = revisions.history(fact).filter(digest=check.claim_digest).first()
    since = None
    if check.claim_digest != fact.digest:
        reason = _("The statement was changed after it was last checked.")
        since = _first_other(fact, check, wording)
    elif check.passage_digest != check.citation.passage.digest:
        reason = _("The passage it rests on was changed after it was last checked.")
    else:
        reason = _("How we read the passage was changed after it was last checked.")
    return Lapse(timezone.localdate(check.at), reason, since, wording)


def _first_other(fact: Fact, check: Check, wording: Revision | None) -> datetime.date | None:
    """The day on which the checked words gave way to others."""
    if wording is None:
        return None
    later = revisions.history(fact).filter(version__gt=wording.version).exclude(digest=check.claim_digest)
    first = later.order_by("version").first()
    return timezone.localdate(first.at) if first else None


# --- a version as a page shows it ------------------------------------------------------------------


def last_checked(fact: Fact, lapse: Lapse) -> Fact:
    """What a fact that is being rechecked says meanwhile: never words that nobody has checked."""
    if lapse.wording:
        return as_of(fact, lapse.wording)
    shown = copy.copy(fact)
    shown.statement, shown.date, shown.value = _("The wording that was checked was not kept."), "", ""
    return shown


def as_of(fact: Fact, revision: Revision) -> Fact:
    """A copy of `fact` that says what a version says, for showing alone: it must not be saved.

    It shows no grade: what its evidence was then is not kept.
    """
    shown, data = copy.copy(fact), revision.data
    shown.version = revision.version
    for name in ("statement", "modality", "date", "value", "unit", "validity", "rank", "verdict"):
        setattr(shown, name, data[name])
    entities = Entity.objects.in_bulk([data["subject"], data["whose"]], field_name="slug")
    shown.subject = entities.get(data["subject"], fact.subject)
    shown.whose = entities.get(data["whose"])
    shown.property = Property.objects.filter(key=data["property"]).first()
    shown.shown_grade = Grade.RECHECKING.value
    shown.last_checked = None
    return shown


def citations_of(data: Mapping[str, Any]) -> list[Citation]:
    """The citations of a snapshot, with their passages where these still exist; not saved."""
    rows = data["citations"]
    refs = [row["passage"] for row in rows]
    passages = Passage.objects.select_related("source").in_bulk(refs, field_name="ref")
    return [
        Citation(passage=passages[row["passage"]], anchor=row["anchor"], stance=row["stance"], reading=row["reading"])
        for row in rows
        if row["passage"] in passages
    ]


# --- what changed ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """One value that changed, cut so that `old` and `new` are as short as the words allow."""

    label: str
    before: str
    old: str
    new: str
    after: str


@dataclass(frozen=True, slots=True)
class Step:
    """One version in a history, with what it changed in the public version before it."""

    revision: Revision
    day: datetime.date
    first: bool
    changes: list[Change]


def steps(versions: list[Revision]) -> list[Step]:
    """`versions` newest first, as are the steps."""
    entities, topics = _names(versions)
    said = [_said(version.data, entities, topics) for version in versions]
    earlier = [*said[1:], None]
    return [
        Step(version, timezone.localdate(version.at), before is None, changes(before, now) if before else [])
        for version, now, before in zip(versions, said, earlier, strict=True)
    ]


def changes(before: Mapping[str, str], now: Mapping[str, str]) -> list[Change]:
    return [Change(str(SHOWN[name]), *cut(before[name], now[name])) for name in SHOWN if before[name] != now[name]]


def cut(old: str, new: str) -> tuple[str, str, str, str]:
    """(before, old, new, after): the words that both share at the start and the end, and what differs between."""
    was, is_now = old.split(" "), new.split(" ")
    shortest = min(len(was), len(is_now))
    start = next((at for at in range(shortest) if was[at] != is_now[at]), shortest)
    left = shortest - start
    end = next((at for at in range(left) if was[-1 - at] != is_now[-1 - at]), left)
    stop_was, stop_now = len(was) - end, len(is_now) - end
    before = " ".join(was[:start]) + (" " if start else "")
    after = (" " if end else "") + " ".join(was[stop_was:])
    return before, " ".join(was[start:stop_was]), " ".join(is_now[start:stop_now]), after


def _said(data: Mapping[str, Any], entities: Mapping[str, str], topics: Mapping[str, str]) -> dict[str, str]:
    """A snapshot in words, by the names of SHOWN."""
    words = {name: data.get(name, "") for name in SHOWN}
    for name in ("subject", "whose"):
        words[name] = entities.get(data[name], data[name])
    words["partners"] = ", ".join(entities.get(slug, slug) for slug in data["partners"])
    words["topics"] = ", ".join(topics.get(slug, slug) for slug in data["topics"])
    words["citations"] = ", ".join(row["passage"] for row in data["citations"])
    words["date"], words["validity"] = dates.display(data["date"]), dates.display(data["validity"])
    for name, choices in (("modality", Fact.Modality), ("rank", Fact.Rank), ("verdict", Fact.Verdict)):
        words[name] = str(choices(data[name]).label) if data[name] else ""
    return words


def _names(versions: list[Revision]) -> tuple[dict[str, str], dict[str, str]]:
    """The names of all entities and topics that the versions speak of, by slug."""
    entities = {slug for version in versions for slug in (version.data["subject"], version.data["whose"])}
    entities.update(slug for version in versions for slug in version.data["partners"])
    topics = {slug for version in versions for slug in version.data["topics"]}
    return (
        dict(Entity.objects.filter(slug__in=entities).values_list("slug", "name")),
        dict(Topic.objects.filter(slug__in=topics).values_list("slug", "name")),
    )
