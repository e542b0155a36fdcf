"""Where sources disagree."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from curation import stamps
from relations import disagreeing
from relations.conditional import unchanged
from relations.facets import Facet, asked, facet
from relations.models import Disagreement
from relations.paging import asked_page

PER_PAGE = 60  # to be read from start to end


@unchanged
def disagreement_list(request: HttpRequest) -> HttpResponse:
    kinds = {kind.replace("_", "-"): kind for kind in Disagreement.KINDS}
    chosen = {
        "kind": asked(request.GET.get("kind", ""), kinds),
        "state": asked(request.GET.get("state", ""), Disagreement.State.values),
    }
    index, kind = disagreeing.index(), kinds.get(chosen["kind"], "")
    entries = [entry for entry in index if entry.has(kind, chosen["state"])]
    page = asked_page(request, Paginator(entries, PER_PAGE))

    def body() -> str:
        context = {
            "chapters": disagreeing.chapters(page.object_list),
            "facets": _facets(index, kinds, chosen) if index else [],
            "is_narrowed": any(chosen.values()),
        }
        return render_to_string("relations/_disagreements.html", context)

    # To write it is nearly all of the page's cost, so it is kept.
    kept = stamps.cached(f"disagreements:{chosen['kind']}:{chosen['state']}:{page.number}", body)
    return render(request, "relations/disagreement_list.html", {"page": page, "body": kept})


def _facets(index: list[disagreeing.Entry], kinds: dict[str, str], chosen: dict[str, str]) -> list[Facet]:
    """Each counts what there is under the other one's choice."""
    kind, state = kinds.get(chosen["kind"], ""), chosen["state"]
    in_state = [entry for entry in index if entry.has("", state)]
    of_kind = [entry for entry in index if entry.has(kind, "")]
    words = {field.name: capfirst(str(field.verbose_name)) for field in Disagreement._meta.fields}
    by_kind = [(value, words[name], sum(one.has(name, "") for one in in_state)) for value, name in kinds.items()]
    by_state = [
        (value, capfirst(str(label)), sum(one.has("", value) for one in of_kind))
        for value, label in Disagreement.State.choices
    ]
    return [
        facet("kind", _("Kind"), by_kind, total=len(in_state), chosen=chosen),
        facet("state", _("How it stands"), by_state, total=len(of_kind), chosen=chosen),
    ]


@unchanged
def disagreement_detail(request: HttpRequest, slug: str) -> HttpResponse:
    disagreement = get_object_or_404(disagreeing.disagreements(), slug=slug)
    before, after = disagreeing.neighbours(slug)
    context = {"disagreement": disagreement, "before": before, "after": after}
    return render(request, "relations/disagreement_detail.html", context)
