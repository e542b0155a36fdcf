"""Every citation held against the texts of the documents, file by file.

A file belongs to a source by the SHA-256 of its bytes, so a citation is verified only against the very text
whose paragraphs were numbered.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from relations import attaching, passages
from relations.models import Citation


@dataclass(frozen=True, slots=True)
class Finding:
    """One citation; `ok` is None where no file of its source is at hand, and `wrong` and `remedy` are then empty."""

    fact: str
    source: str
    sha256: str
    passage: str
    paragraph: int | None
    anchor: str
    ok: bool | None
    wrong: str = ""
    remedy: str = ""


def read_files(paths: Iterable[Path]) -> dict[str, tuple[Path, bytes]]:
    """The files by the SHA-256 of their bytes, in hexadecimal."""
    found: dict[str, tuple[Path, bytes]] = {}
    for path in paths:
        data = path.read_bytes()
        found.setdefault(hashlib.sha256(data).hexdigest(), (path, data))
    return found


def verify(files: Mapping[str, bytes]) -> list[Finding]:
    """A finding for every citation, by source, paragraph and fact. `files` maps a SHA-256 to the bytes that have it."""
    texts: dict[str, _Text] = {}
    findings = []
    citations = Citation.objects.select_related("fact", "passage__source").order_by(
        "passage__source__slug", "passage__number", "passage__ref", "fact__ref"
    )
    for citation in citations.iterator():
        sha256 = citation.passage.source.sha256
        if sha256 in files and sha256 not in texts:
            texts[sha256] = _read(files[sha256])
        findings.append(_finding(citation, texts.get(sha256)))
    return findings


@dataclass(frozen=True, slots=True)
class _Text:
    paragraphs: list[str]
    fault: str = ""


def _read(data: bytes) -> _Text:
    try:
        return _Text(passages.paragraphs(attaching.decode(data)))
    except attaching.NotAttachable as error:
        return _Text([], str(error))


def _finding(citation: Citation, text: _Text | None) -> Finding:
    passage = citation.passage
    wrong, remedy = _fault(citation, text) if text else ("", "")
    return Finding(
        fact=citation.fact.ref,
        source=passage.source.slug,
        sha256=passage.source.sha256,
        passage=passage.ref,
        paragraph=passage.number,
        anchor=citation.anchor,
        ok=None if text is None else not wrong,
        wrong=wrong,
        remedy=remedy,
    )


def _fault(citation: Citation, text: _Text) -> tuple[str, str]:
    """What is wrong with the citation, and what to do; two empty texts where nothing is."""
    number = citation.passage.number
    again = f"attach the text again: manage.py attach_text {citation.passage.source.slug} FILE"
    if text.fault:
        return f"the file cannot be read: {text.fault}", "attach a text that can be read"
    if number is None:
        return "its passage has no number in the text", "cite a passage that the text has"
    if number > len(text.paragraphs):
        return f"the text ends at paragraph {len(text.paragraphs)}", again
    paragraph = text.paragraphs[number - 1]
    times = passages.occurrences(citation.anchor, paragraph)
    if times > 1:
        return f"the anchor stands {times} times in the paragraph", "choose words that stand there once"
    if times == 0:
        return "the anchor is not in the paragraph", _where(citation.anchor, text)
    if citation.passage.digest and citation.passage.digest != passages.digest(paragraph):
        return "the paragraph has other words than the passage was recorded with", again
    return "", ""


def _where(anchor: str, text: _Text) -> str:
    places = [
        str(number)
        for number, paragraph in enumerate(text.paragraphs, start=1)
        if passages.occurrences(anchor, paragraph)
    ]
    if places:
        return f"it stands in paragraph {', '.join(places)}: correct the passage or the anchor"
    return "copy three to eight words of the paragraph that decide the fact"
