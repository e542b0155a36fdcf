"""What a fact said before, at addresses that stay."""

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from curation import revisions
from curation.models import Revision
from relations import history
from relations.conditional import unchanged
from relations.models import Fact
from relations.paging import PER_PAGE, asked_page
from relations.views.facts import readable


@unchanged
def fact_version(request: HttpRequest, ref: str, version: int) -> HttpResponse:
    fact, _lapse = readable(request, ref)
    revision = _versions(request, fact).filter(version=version).first()
    if revision is None:
        raise Http404(_("The fact “%(ref)s” has no version %(version)d.") % {"ref": ref, "version": version})
    context = {
        "fact": fact,
        "shown": history.as_of(fact, revision),
        "citations": history.citations_of(revision.data),
        "revision": revision,
        "day": timezone.localdate(revision.at),
        "is_current": revision.version == fact.version,
    }
    return render(request, "relations/fact_version.html", context)


@unchanged
def fact_history(request: HttpRequest, ref: str) -> HttpResponse:
    fact, lapse = readable(request, ref)
    versions = _versions(request, fact)
    page = asked_page(request, Paginator(versions, PER_PAGE))
    # One more than the page shows, to say what its last one changed.
    start = page.start_index() - 1 if page.paginator.count else 0
    steps = history.steps(list(versions[start : start + PER_PAGE + 1]))[:PER_PAGE]
    return render(request, "relations/fact_history.html", {"fact": fact, "lapse": lapse, "page": page, "steps": steps})


def _versions(request: HttpRequest, fact: Fact) -> QuerySet[Revision]:
    """Editors see all versions, others those that were once before students."""
    if request.user.has_perm("relations.view_fact"):
        return revisions.history(fact)
    return history.public_versions(fact)
