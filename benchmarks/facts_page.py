"""The first page of facts: ours, django-filter's stock page over the same facts, and the bare rows.

Target (issue 2): at most 15 ms in process for the first 25 of 100,000, at least twice as fast as stock; a
repeat answers 304.
"""

import django_filters
from django.core.cache import cache
from django.db import connection
from django.template import engines
from django.test import Client, RequestFactory
from django_filters.views import FilterView

from benchmarks.measuring import in_turn, table
from relations.models import Fact

ROUNDS = 40

TEMPLATE = """<!doctype html><title>Facts</title><form>{{ filter.form.as_p }}</form>
<p>{{ paginator.count }} facts</p>
<ul>{% for fact in page_obj %}<li><a href="/facts/{{ fact.ref }}/">{{ fact.statement }}</a>
 {{ fact.evidence }} {{ fact.date }} {{ fact.subject.name }}</li>{% endfor %}</ul>
{% if page_obj.has_next %}<a href="?page={{ page_obj.next_page_number }}">Next</a>{% endif %}"""


class StockFilter(django_filters.FilterSet):
    class Meta:
        model = Fact
        fields = ["topics", "partners", "subject", "citations__passage__source", "modality", "evidence"]


class StockPage(FilterView):
    """What the documentation of django-filter shows: a FilterSet on the model, a list, pages of 25."""

    filterset_class = StockFilter
    paginate_by = 25
    template_name = "stock.html"

    def get_queryset(self):
        return Fact.objects.listed().newest_first().select_related("subject")

    def render_to_response(self, context, **kwargs):
        return STOCK.render(context, self.request)


STOCK = engines["django"].from_string(TEMPLATE)


def bare_rows() -> str:
    """The limit: the same 25 rows by hand-written SQL, joined to text."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ref, statement, evidence, date FROM relations_fact WHERE status = 'published' "
            "ORDER BY date_sort DESC, ref LIMIT 25"
        )
        return "".join(f"<li>{ref} {statement} {evidence} {day}" for ref, statement, evidence, day in cursor)


def run() -> None:
    client, stock, factory = Client(), StockPage.as_view(), RequestFactory()

    def ours() -> None:
        response = client.get("/facts/")
        assert response.status_code == 200
        assert response.content.count(b"/facts/entity-") >= 25

    def ours_cold() -> None:
        cache.clear()
        ours()

    def stock_page() -> None:
        assert "Entity number" in stock(factory.get("/facts/"))

    tag = client.get("/facts/").headers["ETag"]

    def repeat() -> None:
        assert client.get("/facts/", headers={"if-none-match": tag}).status_code == 304

    times = in_turn(
        {"stock django-filter": stock_page, "ours": ours, "ours, a repeat (304)": repeat, "bare rows": bare_rows},
        rounds=ROUNDS,
    )
    times |= in_turn({"ours, first after a change of content": ours_cold}, rounds=5, warm=1)
    table(f"First page of {Fact.objects.count():,} facts, in process", times, against="ours")
