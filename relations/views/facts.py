"""The list of facts, and a fact."""

from typing import Any

from django.core.paginator import Page
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from curation import stamps
from relations import formats, history, reading
from relations.asking import AskedFacts, Removal
from relations.conditional import unchanged
from relations.models import Fact
from relations.models.facts import FactQuerySet
from relations.paging import KeptPaginator, asked_page, rows
from relations.provenance import provenance


@unchanged
def fact_list(request: HttpRequest) -> HttpResponse:
    asked = AskedFacts(request, Fact.objects.listed())
    if asked.problems:
        return _not_understood(request, asked)
    if not asked.is_canonical:
        return HttpResponseRedirect(asked.address)
    if asked.format == "csv":
        return _csv(request, asked.facts)
    page = asked_page(request, KeptPaginator(asked.facts.newest_first(), name=f"facts:{asked.query}"))
    if asked.format == "json":
        return _json(request, page)
    context = {
        "page": page,
        "asked": asked,
        "rows": stamps.cached(f"fact-rows:{asked.query}:{page.number}", lambda: _rows(page)),
        "form": stamps.cached(f"fact-filter:{asked.query}", lambda: _form(asked)),
        "chips": asked.chips(),
        "removal": None if page.paginator.count else _removal(asked),
        "csv_url": asked.with_format("csv"),
        "json_url": asked.with_format("json"),
    }
    return render(request, "relations/fact_list.html", context)


def _rows(page: Page) -> str:
    """The rows as HTML. They and the filters are most of the page's cost, so both are kept."""
    return render_to_string("relations/_fact_rows.html", {"facts": rows(page.object_list)})


def _removal(asked: AskedFacts) -> Removal | None:
    return stamps.cached(f"removal:{asked.query}", lambda: asked.nearest_removal(Fact.objects.listed()))


def _form(asked: AskedFacts) -> str:
    return render_to_string("relations/_fact_filter.html", {"form": asked.filter.form})


def _not_understood(request: HttpRequest, asked: AskedFacts) -> HttpResponse:
    """Say what is not understood, and list nothing: not everything, which was not asked for."""
    if asked.format == "json":
        return formats.json_response({"errors": [problem.text for problem in asked.problems]}, status=400)
    context = {"asked": asked, "form": _form(asked)}
    return render(request, "relations/fact_list_not_understood.html", context, status=400)


def _json(request: HttpRequest, page: Page) -> HttpResponse:
    absolute = request.build_absolute_uri
    listed: Any = page.object_list
    pks = list(listed.values_list("pk", flat=True))
    facts = Fact.objects.filter(pk__in=pks).with_states().with_evidence().in_bulk()
    data = {
        "count": page.paginator.count,
        "page": page.number,
        "pages": page.paginator.num_pages,
        "facts": [formats.row(facts[pk], absolute) for pk in pks if pk in facts],
    }
    return formats.json_response(data)


def _csv(request: HttpRequest, facts: FactQuerySet) -> HttpResponse:
    rows = facts.newest_first().with_states().with_evidence().iterator(chunk_size=500)
    return formats.csv_response(rows, request.build_absolute_uri, name="facts")


@unchanged
def fact_detail(request: HttpRequest, ref: str) -> HttpResponse:
    try:
        fact, lapse = readable(request, ref)
    except history.Withdrawn as withdrawn:
        return _withdrawn(request, withdrawn.fact)
    shown = history.last_checked(fact, lapse) if lapse else fact
    comes_from = provenance(fact)
    if (wanted := request.GET.get("format")) == "json":
        return formats.json_response(formats.record(shown, comes_from, request.build_absolute_uri))
    if wanted == "csv":
        return formats.csv_response([shown], request.build_absolute_uri, name=fact.ref)
    context = {
        "fact": shown,
        "lapse": lapse,
        "is_public": fact.status == Fact.Status.PUBLISHED and (fact.is_visible or lapse is not None),
        "provenance": comes_from,
        "related": reading.related(fact),
        "disagreements": reading.disagreements_of(fact),
        "version_address": request.build_absolute_uri(reverse("relations:fact_version", args=[ref, shown.version])),
    }
    return render(request, "relations/fact_detail.html", context)


def _withdrawn(request: HttpRequest, fact: Fact) -> HttpResponse:
    context = {"fact": fact, "withdrawal": history.withdrawal(fact)}
    return render(request, "relations/fact_withdrawn.html", context, status=410)


def readable(request: HttpRequest, ref: str) -> tuple[Fact, history.Lapse | None]:
    """The fact at `ref` with its evidence and states, and why it is being rechecked, if it is.

    Students read what is published and was checked, even where that check no longer counts; editors read all.
    Raises Http404 for the rest, as Withdrawn where students once read it.
    """
    fact = Fact.objects.filter(ref=ref).with_states().with_evidence().first()
    if fact is not None and fact.status == Fact.Status.PUBLISHED:
        lapse = None if fact.is_visible else history.lapse(fact)
        if fact.is_visible or lapse:
            return fact, lapse
    if fact is not None and request.user.has_perm("relations.view_fact"):
        return fact, None
    if fact is not None and fact.status == Fact.Status.WITHDRAWN and history.public_versions(fact).exists():
        raise history.Withdrawn(fact)
    raise Http404(_("There is no fact “%(ref)s”.") % {"ref": ref})
