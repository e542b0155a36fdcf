"""Links that lead nowhere: anchors that are not where they are said to be, sources without an address."""

from collections.abc import Iterator, Mapping

from django.db.models import Exists, OuterRef

from relations import passages, verifying
from relations.models import Citation, Source
from relations.reporting.sections import Row, Section, clean, to_explain


def sections(texts: Mapping[str, bytes]) -> list[Section]:
    return [
        clean("anchors", "Citations whose anchor fails", _anchors(texts)),
        to_explain("addresses", "Sources to be linked that have no address", _addresses()),
    ]


def _anchors(texts: Mapping[str, bytes]) -> list[Row]:
    """By form, in the kept texts and in the documents given; a citation is named once, by the first that fails."""
    rows: dict[tuple[str, str], Row] = {}
    for fact, passage, wrong, remedy in [*_by_form_and_kept_text(), *_in_documents(texts)]:
        rows.setdefault((fact, passage), Row("citation", f"{fact} ← {passage}", wrong, remedy))
    return [rows[key] for key in sorted(rows)]


def _by_form_and_kept_text() -> Iterator[tuple[str, str, str, str]]:
    names = ("fact__ref", "passage__ref", "anchor", "passage__kept_text__text")
    for fact, passage, anchor, text in Citation.objects.order_by("pk").values_list(*names):
        if problem := passages.anchor_problem(anchor):
            yield fact, passage, problem.rstrip("."), "copy three to eight words that decide the fact"
        elif text is not None and (found := passages.occurrences(anchor, text)) != 1:
            wrong = f"“{anchor}” stands {found} times in the kept text"
            yield fact, passage, wrong, "choose words that stand there once"


def _in_documents(texts: Mapping[str, bytes]) -> Iterator[tuple[str, str, str, str]]:
    if texts:
        for one in verifying.verify(texts):
            if one.ok is False:
                yield one.fact, one.passage, f"“{one.anchor}”: {one.wrong}", one.remedy


def _addresses() -> Iterator[Row]:
    """Of sources that facts cite: one that is only known as the origin of others is nothing a reader is sent to."""
    cited = Citation.objects.filter(passage__source=OuterRef("pk"))
    unlinked = Source.objects.filter(Exists(cited), url="", rights=Source.Rights.LINK)
    for slug in unlinked.order_by("slug").values_list("slug", flat=True):
        wrong = "its rights allow the link alone, and it has no address"
        yield Row("source", slug, wrong, "give its address, or say under “what is known” why there is none")
