"""Names A–Z, and what is known about a name."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from relations import disagreeing, grouping, reading
from relations.conditional import unchanged
from relations.facets import Choice, Facet, NotAChoice, asked, facet
from relations.models import Entity, Fact
from relations.paging import KeptPaginator, asked_page, rows

PER_PAGE = 100  # one line each
FACTS = 100  # a name with forty facts is read on one page


@unchanged
def entity_list(request: HttpRequest) -> HttpResponse:
    letter, kind = request.GET.get("letter", ""), asked(request.GET.get("kind", ""), Entity.Kind.values)
    letters = reading.letters(kind)
    if letter and letter not in letters:
        raise NotAChoice(_("No name begins with “%(letter)s”.") % {"letter": letter})
    entries = reading.index_entries(letter, kind)
    page = asked_page(request, KeptPaginator(entries, PER_PAGE, name=f"names:{kind}:{letter}"))
    context = {
        "page": page,
        "entries": [reading.IndexEntry(*values) for values in page.object_list],
        "letters": letters,
        "letter": letter,
        "kind": kind,
        "kinds": _kinds(kind),
    }
    return render(request, "relations/entity_list.html", context)


def _kinds(chosen: str) -> Facet:
    """A letter is not kept: another kind may have no name under it."""
    counts = reading.names_by_kind()
    options = sorted((capfirst(str(label)), value) for value, label in Entity.Kind.choices)
    choices = [(value, label, counts.get(value, 0)) for label, value in options]
    return facet("kind", _("Kind"), choices, total=sum(counts.values()), chosen={"kind": chosen})


@unchanged
def entity_detail(request: HttpRequest, slug: str) -> HttpResponse:
    entity = get_object_or_404(Entity.objects.select_related("part_of").prefetch_related("aliases"), slug=slug)
    counts = grouping.counted(entity)
    is_grouped = sum(counts.values()) > grouping.MOST_UNGROUPED
    about = grouping.about(entity)
    ordered = grouping.in_groups(about) if is_grouped else grouping.in_time_order(about)
    page = asked_page(request, KeptPaginator(ordered, FACTS, name=f"about:{slug}"))
    listed: Any = page.object_list
    facts = grouping.with_outcomes(rows(listed))
    groups = grouping.parted(grouping.groups(facts, dict(listed.values_list("pk", "group")))) if is_grouped else []
    meetings, others = grouping.parts(entity)
    context = {
        "entity": entity,
        "page": page,
        "facts": facts,
        "groups": groups,
        "contents": _contents(counts) if is_grouped else None,
        "disagreements": disagreeing.about(slug) if page.number == 1 else [],
        "meetings": meetings,
        "others": others,
        "views": reading.newest(Fact.objects.listed().filter(whose=entity.slug).exclude(subject=entity.slug)),
        "as_partner": reading.newest(reading.facts_where_partner(entity)) if entity.is_partner else [],
    }
    return render(request, "relations/entity_detail.html", context)


def _contents(counts: dict[int, int]) -> Facet:
    """Links to the groups, on whichever page each begins."""
    choices, before = [], 0
    for place, kind in enumerate(grouping.SHOWN):
        if count := counts.get(place, 0):
            number = before // FACTS + 1
            address = f"?page={number}#{kind.key}" if sum(counts.values()) > FACTS else f"#{kind.key}"
            choices.append(Choice(str(kind.title), count, address, is_chosen=False))
            before += count
    return Facet(_("On this page"), choices)
