"""What rests on a record: told in place of a refusal by the database."""

from collections.abc import Iterable

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from relations.models import Citation, Fact

MOST = 50


def links_to_facts(facts: QuerySet[Fact]) -> list[str]:
    """The facts as links to their pages in the admin, the first fifty."""
    rows = facts.order_by("ref").distinct().values_list("pk", "ref", "statement")
    return _cut([_link(pk, f"{ref}: {statement}") for pk, ref, statement in rows[: MOST + 1]], facts)


def citations_of(citations: QuerySet[Citation]) -> list[str]:
    """The citations as links to their facts, each with its passage, the first fifty."""
    rows = citations.order_by("fact__ref", "passage__ref").values_list("fact", "fact__ref", "passage__ref", "anchor")
    return _cut(
        [
            _link(
                pk, _("%(fact)s cites %(passage)s (“%(anchor)s”)") % {"fact": ref, "passage": passage, "anchor": anchor}
            )
            for pk, ref, passage, anchor in rows[: MOST + 1]
        ],
        citations,
    )


def _link(pk: int, text: str) -> str:
    return format_html('<a href="{}">{}</a>', reverse("admin:relations_fact_change", args=[pk]), text)


def _cut(lines: list[str], rows: QuerySet) -> list[str]:
    if len(lines) <= MOST:
        return lines
    return [*lines[:MOST], _("and %(count)d more") % {"count": rows.distinct().count() - MOST}]


def keys_of(objs: Iterable) -> list[int]:
    return [obj.pk for obj in objs]
