"""Addresses of the fact base; they never change (DESIGN.md, rule 7)."""

from django.urls import path
from django.views.generic import TemplateView

from relations.conditional import unchanged
from relations.styleguide import styleguide
from relations.views.disagreements import disagreement_detail, disagreement_list
from relations.views.facts import fact_detail, fact_list
from relations.views.history import fact_history, fact_version
from relations.views.home import home
from relations.views.names import entity_detail, entity_list
from relations.views.search import search
from relations.views.sources import source_detail, source_list
from relations.views.topics import topic_detail, topic_list

app_name = "relations"

how_we_check = unchanged(TemplateView.as_view(template_name="relations/how_we_check.html"))

urlpatterns = [
    path("", home, name="home"),
    path("facts/", fact_list, name="fact_list"),
    path("facts/<str:ref>/", fact_detail, name="fact_detail"),
    path("facts/<str:ref>/history/", fact_history, name="fact_history"),
    path("facts/<str:ref>/v<int:version>/", fact_version, name="fact_version"),
    path("sources/", source_list, name="source_list"),
    path("sources/<str:slug>/", source_detail, name="source_detail"),
    path("names/", entity_list, name="entity_list"),
    path("names/<str:slug>/", entity_detail, name="entity_detail"),
    path("topics/", topic_list, name="topic_list"),
    path("topics/<str:slug>/", topic_detail, name="topic_detail"),
    path("disagreements/", disagreement_list, name="disagreement_list"),
    path("disagreements/<str:slug>/", disagreement_detail, name="disagreement_detail"),
    path("search/", search, name="search"),
    path("how-we-check/", how_we_check, name="how_we_check"),
    path("styleguide/", styleguide, name="styleguide"),
]
