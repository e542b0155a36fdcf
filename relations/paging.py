"""Long lists a page at a time, at a cost that does not grow with them."""

from collections.abc import Iterable
from typing import Any

from django.core.paginator import InvalidPage, Page, Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from curation import stamps
from relations.models import Fact

PER_PAGE = 25


class KeptPaginator(Paginator):
    """Counts once for each state of the content. `name` says what is counted, with all that narrows it."""

    def __init__(self, object_list: Any, per_page: int = PER_PAGE, *, name: str) -> None:
        super().__init__(object_list, per_page)
        self.name = name

    @cached_property
    def count(self) -> int:
        return stamps.cached(f"count:{self.name}", lambda: self.object_list.count())


class FactPaginator(KeptPaginator):
    """Pages of facts in two queries: the keys of the page by the index of the order, then its rows and states."""

    def _get_page(self, object_list: Iterable[Any], number: int, paginator: Paginator) -> Page:
        return Page(rows(object_list), number, paginator)  # type: ignore[arg-type]


def rows(facts: Any) -> list[Fact]:
    """The facts of a short queryset, in its order, with what a row of a list shows."""
    pks = list(facts.values_list("pk", flat=True))
    found = Fact.objects.filter(pk__in=pks).with_states().select_related("whose").in_bulk()
    return [found[pk] for pk in pks if pk in found]


def asked_page(request: HttpRequest, paginator: Paginator) -> Page:
    """The page that the address names; 404 where there is none such, rather than another page than asked."""
    number = request.GET.get("page") or 1
    try:
        return paginator.page(number)
    except InvalidPage as error:
        message = _("There is no page “%(number)s”; the last one is %(last)d.")
        raise Http404(message % {"number": number, "last": paginator.num_pages}) from error


def fact_page(request: HttpRequest, facts: QuerySet[Fact], *, name: str) -> Page:
    return asked_page(request, FactPaginator(facts, name=name))
