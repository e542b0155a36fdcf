"""Names A–Z, and what is known about a name."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from relations import reading
from relations.conditional import unchanged
from relations.models import Entity, Fact
from relations.paging import KeptPaginator, asked_page, rows

PER_PAGE = 100  # one line each


@unchanged
def entity_list(request: HttpRequest) -> HttpResponse:
    letter = request.GET.get("letter", "")
    letters = reading.letters()
    if letter and letter not in letters:
        raise Http404(_("No name begins with “%(letter)s”.") % {"letter": letter})
    page = asked_page(request, KeptPaginator(reading.index_entries(letter), PER_PAGE, name=f"names:{letter}"))
    entries = [reading.IndexEntry(*values) for values in page.object_list]
    context = {"page": page, "entries": entries, "letters": letters, "letter": letter}
    return render(request, "relations/entity_list.html", context)


@unchanged
def entity_detail(request: HttpRequest, slug: str) -> HttpResponse:
    entity = get_object_or_404(Entity.objects.select_related("part_of").prefetch_related("aliases", "parts"), slug=slug)
    about = reading.in_time_order(Fact.objects.listed().filter(subject=entity.slug))
    page = asked_page(request, KeptPaginator(about, name=f"about:{slug}"))
    as_partner = reading.facts_where_partner(entity)
    context = {
        "entity": entity,
        "page": page,
        "facts": rows(page.object_list),
        "views": reading.newest(Fact.objects.listed().filter(whose=entity.slug).exclude(subject=entity.slug)),
        "as_partner": reading.newest(as_partner) if entity.is_partner else [],
    }
    return render(request, "relations/entity_detail.html", context)
