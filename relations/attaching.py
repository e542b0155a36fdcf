"""The text of a source, set beside its passages: first a plan that changes nothing, then exactly that plan.

A passage is never deleted and its `ref` never used again. One that the new text no longer has keeps its row
without a number, and its digest is put aside (`put_aside`): no check of it counts, and when the old words
come back it is found again, its digest is restored and its checks count again.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count

from django.utils.translation import gettext as _

from curation import consequences, revisions, stamps
from relations import grading, passages
from relations.models import Citation, Passage, PassageText, Source
from relations.passages import Match

logger = logging.getLogger(__name__)

ASIDE = "-"  # before the digest of words that the document no longer has; no digest begins with it


class NotAttachable(Exception):
    """Raised with a sentence for the editor: what is wrong with the text, and what to do."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A passage as it was when the plan was made."""

    ref: str
    number: int | None
    digest: str
    heading: str
    text: str | None


@dataclass(frozen=True, slots=True)
class LooseAnchor:
    """A citation whose anchor does not stand exactly once in the new words of its passage."""

    fact: str
    passage: str
    number: int
    anchor: str
    found: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What attaching `texts` to `source` would do. Paragraph n is texts[n - 1]."""

    source: Source
    texts: tuple[str, ...]
    sha256: str
    kept: tuple[Kept, ...]
    stays: tuple[Match, ...]
    moved: tuple[Match, ...]  # the same words at another number; old_number None: at a number for the first time
    changed: tuple[Match, ...]  # other words, alike enough to be the same paragraph
    filled: tuple[Match, ...]  # a number whose words were not known until now
    gone: tuple[Match, ...]  # in the document until now
    unplaced: tuple[Match, ...]  # never found in a text of it, or gone before; left alone
    added: tuple[int, ...]
    anchors: tuple[LooseAnchor, ...] = ()
    effects: tuple[consequences.Consequence, ...] = ()

    @property
    def numbers(self) -> dict[str, int]:
        """The number in the new text of each passage that it has, by ref."""
        placed = (*self.stays, *self.moved, *self.filled, *self.changed)
        return {match.ref: match.number for match in placed if match.number is not None}

    def leaving(self, kind: str = "relations.fact") -> tuple[tuple[str, str], ...]:
        """(ref, words) of the records of one kind that students see now and would not see afterwards."""
        return tuple(row for one in self.effects if one.kind == kind for row in one.leaving)

    def returning(self, kind: str = "relations.fact") -> tuple[tuple[str, str], ...]:
        return tuple(row for one in self.effects if one.kind == kind for row in one.returning)


# --- reading -----------------------------------------------------------------------------------


def decode(data: bytes) -> str:
    """The text in the bytes of a UTF-8 file. Raises NotAttachable, naming the first byte that is none of it."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # With utf-8-sig the place is counted after the mark at the beginning of the file.
        at = error.start + len(data) - len(error.object)
        raise NotAttachable(
            _(
                "Byte %(place)d of the file (0x%(byte)02X, in line %(line)d) is not UTF-8: "
                "open the file in the program it was written with and save it as UTF-8."
            )
            % {"place": at + 1, "byte": data[at], "line": data.count(b"\n", 0, at) + 1}
        ) from error
    refuse_unfit(text)
    return text


def refuse_unfit(text: str) -> None:
    """Raise NotAttachable for what is no text of a document: nothing at all, or a NUL character."""
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise NotAttachable(
            _("There is a NUL character in line %(line)d: this is no plain text. Save the document as text first.")
            % {"line": line}
        )
    if not passages.paragraphs(text):
        raise NotAttachable(_("There are no paragraphs in it: every line is blank."))


# --- planning ----------------------------------------------------------------------------------


def plan(source: Source, text: str, *, sha256: str = "") -> Plan:
    """Say what attaching `text` would do to the passages of `source`, and to what students see. Changes nothing.

    `sha256` is that of the file the text was read from, where there is one. Raises NotAttachable.
    """
    refuse_unfit(text)
    if sha256 and (other := Source.objects.filter(sha256=sha256).exclude(pk=source.pk).first()):
        raise NotAttachable(
            _("“%(other)s” already has the text of this file. If this source repeats it, choose it as “copy of”.")
            % {"other": other.slug}
        )
    texts = tuple(passages.paragraphs(text.removeprefix("\ufeff")))
    kept = _kept(source)
    found = passages.align(_olds(kept, texts), texts)
    had_text = {one.ref for one in kept if one.number is not None or one.text is not None}
    bare = Plan(
        source=source,
        texts=texts,
        sha256=sha256,
        kept=kept,
        stays=found.stays,
        moved=found.moved,
        changed=found.changed,
        filled=found.filled,
        gone=tuple(match for match in found.gone if match.ref in had_text),
        unplaced=tuple(match for match in found.gone if match.ref not in had_text),
        added=found.added,
    )
    return replace(bare, anchors=_loose_anchors(bare), effects=consequences.foresee(lambda: _write(bare)))


def _kept(source: Source) -> tuple[Kept, ...]:
    rows = source.passages.order_by("number", "ref").values_list(
        "ref", "number", "digest", "heading", "kept_text__text"
    )
    return tuple(Kept(*row) for row in rows)


def _olds(kept: Sequence[Kept], texts: Sequence[str]) -> list[passages.Old]:
    """The passages as `align` wants them, the digest of one gone before restored where its words are back."""
    back = {put_aside(digest): digest for digest in map(passages.digest, texts)}
    return [
        passages.Old(
            ref=one.ref,
            number=one.number,
            digest=back.get(one.digest, "") if is_aside(one.digest) else one.digest,
            text=one.text,
        )
        for one in kept
    ]


def put_aside(digest: str) -> str:
    """What is kept of the digest of words that the document no longer has: as long, and equal to no digest."""
    return digest if is_aside(digest) else (ASIDE + digest)[:64]


def is_aside(digest: str) -> bool:
    return digest.startswith(ASIDE)


def _loose_anchors(made: Plan) -> tuple[LooseAnchor, ...]:
    numbers = made.numbers
    citations = Citation.objects.filter(passage__source=made.source).order_by("passage__number", "fact__ref")
    loose = []
    for fact, ref, anchor in citations.values_list("fact__ref", "passage__ref", "anchor"):
        if number := numbers.get(ref):
            found = passages.occurrences(anchor, made.texts[number - 1])
            if found != 1:
                loose.append(LooseAnchor(fact, ref, number, anchor, found))
    return tuple(loose)


# --- applying ----------------------------------------------------------------------------------


@stamps.writing()
def apply(made: Plan, *, by: str = "") -> None:
    """Do what `made` says. Raises NotAttachable where the passages changed since it was made."""
    source = Source.objects.select_for_update(no_key=True).get(pk=made.source.pk)
    if _kept(source) != made.kept:
        raise NotAttachable(
            _("The passages of “%(source)s” were changed after this plan was made: look at a new plan.")
            % {"source": source.slug}
        )
    _write(made)
    if _set_sha256(source, made):
        revisions.record(source, by=by, why=_("Text attached"))
    grading.refresh(Citation.objects.filter(passage__source=source).values_list("fact", flat=True).distinct())


def _set_sha256(source: Source, made: Plan) -> bool:
    """Keep the file's SHA-256; forget that of another file once the paragraphs are not those of it."""
    differs = made.moved or made.changed or made.gone or made.added
    sha256 = made.sha256 or ("" if differs else source.sha256)
    if source.sha256 == sha256:
        return False
    source.sha256 = sha256
    source.save(update_fields=["sha256"])
    return True


def _write(made: Plan) -> None:
    rows = {row.ref: row for row in made.source.passages.select_for_update(no_key=True)}
    digests = [passages.digest(text) for text in made.texts]
    touched = []
    for ref, number in made.numbers.items():
        row, wanted = rows[ref], (number, digests[number - 1])
        if (row.number, row.digest) != wanted:
            row.number, row.digest = wanted
            touched.append(row)
    gone = [rows[match.ref] for match in made.gone]
    for row in gone:
        row.number, row.digest = None, put_aside(row.digest)
    Passage.objects.bulk_update([*touched, *gone], ["number", "digest"], batch_size=200)
    # A text that the document no longer has must not be what an editor checks a citation against.
    PassageText.objects.filter(passage__in=gone).delete()
    at = {number: rows[ref] for ref, number in made.numbers.items()} | _add(made, digests)
    PassageText.objects.bulk_create(
        [PassageText(passage=at[number], text=text) for number, text in enumerate(made.texts, start=1)],
        update_conflicts=True,
        unique_fields=["passage"],
        update_fields=["text"],
        batch_size=200,
    )


def _add(made: Plan, digests: Sequence[str]) -> dict[int, Passage]:
    """Make the passages that are new, each under the heading of the paragraph before it; return them by number."""
    kept_headings = {one.ref: one.heading for one in made.kept}
    headings = {number: kept_headings[ref] for ref, number in made.numbers.items()}
    refs = _refs(made)
    new = []
    for number in made.added:
        headings[number] = headings.get(number - 1, "")
        new.append(
            Passage(
                source=made.source,
                ref=refs[number],
                number=number,
                heading=headings[number],
                digest=digests[number - 1],
            )
        )
    Passage.objects.bulk_create(new, batch_size=200)
    return {row.number: row for row in new if row.number is not None}


def _refs(made: Plan) -> dict[int, str]:
    """A reference for each new passage: that of its number if it was never given, else the next after all given."""
    slug = made.source.slug
    taken = set(Passage.objects.filter(ref__startswith=f"{slug}/").values_list("ref", flat=True))
    refs = {number: own for number in made.added if (own := f"{slug}/{number}") not in taken}
    given = [int(end) for ref in taken if (end := ref.removeprefix(f"{slug}/")).isascii() and end.isdigit()]
    spare = (f"{slug}/{number}" for number in count(max([0, *given, *refs]) + 1))
    return {number: refs.get(number) or next(spare) for number in made.added}


# --- taking a text down ------------------------------------------------------------------------


@stamps.writing()
def erase_text(source: Source, *, by: str) -> int:
    """Delete every word kept of `source`, and say how many paragraphs that was.

    Numbers and digests stay, so checks count as before and the same text can be attached again.
    """
    erased, _models = PassageText.objects.filter(passage__source=source).delete()
    logger.warning("The text of %s was erased by %s: %d paragraphs.", source.slug, by, erased)
    return erased
