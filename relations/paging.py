"""Long lists a page at a time, at a cost that does not grow with them."""

from typing import Any

from django.core.paginator import InvalidPage, Page, Paginator
from django.http import Http404, HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from curation import stamps
from relations.models import Disagreement, Fact, Side

PER_PAGE = 25


class KeptPaginator(Paginator):
    """Counts once for each state of the content. `name` says what is counted, with all that narrows it."""

    object_list: Any

    def __init__(self, object_list: Any, per_page: int = PER_PAGE, *, name: str) -> None:
        super().__init__(object_list, per_page)
        self.name = name

    @cached_property
    def count(self) -> int:
        return stamps.cached(f"count:{self.name}", lambda: self.object_list.count())


def rows(listed: Any) -> list[Fact]:
    """The facts of a short queryset of listed ones, in its order, with the states a row shows.

    Said to be visible because the queryset has asked that; asking it of each row again is the dearer half.
    """
    pks = list(listed.values_list("pk", flat=True))
    found = Fact.objects.select_related("whose").in_bulk(pks)
    open_sides = Side.objects.filter(fact__in=pks, disagreement__state=Disagreement.State.OPEN).order_by()
    disputed = set(open_sides.values_list("fact", flat=True))
    for fact in found.values():
        fact.is_visible, fact.is_disputed = True, fact.pk in disputed
    return [found[pk] for pk in pks if pk in found]


def asked_page(request: HttpRequest, paginator: Paginator) -> Page:
    """The page that the address names; 404 where there is none such, rather than another page than asked.

    A page of facts is a slice of keys to come: `rows()` makes it what a list shows.
    """
    number = request.GET.get("page") or 1
    try:
        return paginator.page(number)
    except InvalidPage as error:
        message = _("There is no page “%(number)s”; the last one is %(last)d.")
        raise Http404(message % {"number": number, "last": paginator.num_pages}) from error
