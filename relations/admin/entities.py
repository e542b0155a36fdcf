"""Names, topics and properties."""

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from curation.admin import CuratedAdmin, CuratedInline, ExplainsDeletion
from curation.importing.admin import ExchangeMixin
from curation.locking import Values
from relations.admin import resting
from relations.models import Alias, Entity, Fact, Property, Topic
from relations.resources import EntityResource, TopicResource


class AliasInline(CuratedInline):
    model = Alias
    snapshot_name = "aliases"
    fields = ["name"]

    def snapshot_row(self, values: Values) -> str:
        return values.get("name", "")


@admin.register(Entity)
class EntityAdmin(ExchangeMixin, CuratedAdmin):
    resource_classes = [EntityResource]
    inlines = [AliasInline]
    list_display = ["name", "slug", "kind", "definition", "part_of"]
    list_filter = ["kind"]
    list_select_related = ["part_of"]
    list_per_page = 100
    search_fields = ["name", "slug", "aliases__name"]
    search_help_text = gettext_lazy("Search by name, key or other name.")
    ordering = ["sort_key", "slug"]
    autocomplete_fields = ["part_of"]
    readonly_fields = ["version"]
    fields = ["slug", "name", "kind", "definition", "part_of", "version"]

    def get_fields(self, request: HttpRequest, obj: Entity | None = None) -> Any:
        return self.fields if obj else [name for name in self.fields if name != "version"]

    def get_readonly_fields(self, request: HttpRequest, obj: Entity | None = None) -> list[str]:
        return [*self.readonly_fields, "slug"] if obj else list(self.readonly_fields)

    def rests_on(self, request: HttpRequest, objs: Any) -> list[str]:
        keys = [obj.slug for obj in objs]
        about = Q(subject__in=keys) | Q(whose__in=keys) | Q(partners__slug__in=keys)
        return resting.links_to_facts(Fact.objects.filter(about | Q(property__value_type="entity", value__in=keys)))


@admin.register(Topic)
class TopicAdmin(ExchangeMixin, ExplainsDeletion):
    resource_classes = [TopicResource]
    list_display = ["name", "slug", "parent", "position", "syllabus"]
    list_select_related = ["parent"]
    search_fields = ["name", "slug", "syllabus"]
    search_help_text = gettext_lazy("Search by name, key or line of the syllabus.")
    list_filter = [("parent", admin.RelatedOnlyFieldListFilter)]
    autocomplete_fields = ["parent"]

    def get_readonly_fields(self, request: HttpRequest, obj: Topic | None = None) -> list[str]:
        return ["slug"] if obj else []

    def rests_on(self, request: HttpRequest, objs: Any) -> list[str]:
        return resting.links_to_facts(Fact.objects.filter(topics__in=resting.keys_of(objs)))


@admin.register(Property)
class PropertyAdmin(ExplainsDeletion):
    list_display = ["name", "key", "value_type", "unit", "single", "date_means"]
    list_filter = ["value_type", "single", "date_means"]
    search_fields = ["name", "key"]
    search_help_text = gettext_lazy("Search by name or key.")

    def get_readonly_fields(self, request: HttpRequest, obj: Property | None = None) -> list[str]:
        return ["key"] if obj else []
