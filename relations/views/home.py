"""The first page."""

from functools import partial

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from relations import counts, reading
from relations.conditional import etag_of_newcomer, unchanged
from relations.models import Fact

NEW = 3


@partial(unchanged, named=etag_of_newcomer)  # “Continue at question 4” is for one person
def home(request: HttpRequest) -> HttpResponse:
    context = {
        "fact_count": counts.facts(),
        "source_count": counts.sources(),
        "newest": reading.newest(Fact.objects.listed(), NEW),
        "disagreement": reading.disagreement_of_the_day(timezone.localdate()),
        "topics": [topic for topic, _below in reading.topic_tree()],
    }
    return render(request, "relations/home.html", context)
