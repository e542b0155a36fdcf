"""The filters of the list of facts.

They are read strictly: a parameter or a value that is not understood is named, with the nearest one that is,
and nothing is listed; django-filter alone would ignore it and list everything.
"""

from collections.abc import Iterable
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django_filters.fields import ChoiceField
from rapidfuzz import fuzz, process, utils

from curation import stamps
from relations import dates, reading
from relations.evidence import Grade
from relations.fields import sort_key
from relations.models import Alias, Citation, Entity, Fact, Source, Topic
from relations.models.facts import FactQuerySet

Options = list[tuple[str, str]]


def nearest(value: str, keys: Iterable[str], labels: Iterable[str] | None = None) -> str | None:
    """The one of `keys` that is most likely meant by `value`, by its own letters or those of its label."""
    keys = list(keys)
    both = keys + [str(label) for label in (labels or [])]
    found = process.extractOne(value, both, scorer=fuzz.ratio, processor=utils.default_process, score_cutoff=55)
    return keys[found[2] % len(keys)] if found else None


# --- fields ------------------------------------------------------------------------------------


class KeyField(ChoiceField):
    """A choice by key; an unknown key is named with the nearest one."""

    def validate(self, value: str) -> None:
        if not value or self.valid_value(value):
            return
        pairs = [(str(key), str(label)) for key, label in self.choices if key]
        likely = nearest(value, [key for key, _label in pairs], [label for _key, label in pairs])
        raise unknown_value(value, self.label, likely)


class EntityField(forms.CharField):
    """A name, given as its key, its name, or one of its other names; cleans to an Entity."""

    found: Entity | None = None

    def clean(self, value: Any) -> Entity | None:
        given = super().clean(value)
        if not given:
            return None
        key = sort_key(given)
        named = Q(slug=given) | Q(sort_key=key) | Q(pk__in=Alias.objects.filter(sort_key=key).values("entity"))
        entities = list(Entity.objects.filter(named if key else Q(slug=given))[:5])
        exact = [entity for entity in entities if entity.slug == given] or entities
        if len(exact) > 1:
            message = _("“%(value)s” is the name of several: write one of the keys %(keys)s.")
            keys = ", ".join(entity.slug for entity in exact)
            raise ValidationError(message % {"value": given, "keys": keys}, code="several")
        if not exact:
            names = stamps.cached("entity-names", _names)
            raise unknown_value(given, self.label, nearest(given, names.values(), names.keys()))
        self.found = exact[0]
        return self.found

    def prepare_value(self, value: Any) -> Any:
        """Show the name where the address has the key."""
        return self.found.name if self.found else value


class PeriodField(forms.CharField):
    """A date or a time as EDTF; cleans to its `dates.Edtf`."""

    def clean(self, value: Any) -> dates.Edtf | None:
        given = super().clean(value)
        if not given:
            return None
        try:
            return dates.parse(given)
        except dates.DateError as error:
            raise ValidationError(str(error), code="date") from error


def unknown_value(value: str, label: Any, likely: str | None) -> ValidationError:
    """The error for a value no row has; `params["instead"]` is what to put in its place."""
    given = {"value": value, "filter": label, "instead": likely}
    if likely:
        message = _("“%(value)s” is not known under “%(filter)s”. Did you mean “%(instead)s”?")
    else:
        message = _("“%(value)s” is not known under “%(filter)s”. Choose one from the list.")
    return ValidationError(message, code="unknown", params=given)


def _names() -> dict[str, str]:
    """Every name and other name, with the key of what it names."""
    rows = [*Entity.objects.values_list("name", "slug"), *Alias.objects.values_list("name", "entity__slug")]
    return dict(rows)


class KeyFilter(django_filters.ChoiceFilter):
    field_class = KeyField


class EntityFilter(django_filters.Filter):
    field_class = EntityField


class PeriodFilter(django_filters.Filter):
    field_class = PeriodField


# --- the filters of facts ------------------------------------------------------------------------


class FactFilter(django_filters.FilterSet):
    """Narrows a queryset of facts. Every condition is an Exists or a column, so no fact is listed twice."""

    topic = KeyFilter(label=_lazy("Topic"), empty_label=_lazy("Any topic"), method="on_topic")
    partner = KeyFilter(label=_lazy("Partner"), empty_label=_lazy("Any partner"), method="with_partner")
    entity = EntityFilter(
        label=_lazy("Name"),
        help_text=_lazy("In any part: what it is about, a partner, or whose view it is."),
        method="naming",
    )
    source = KeyFilter(label=_lazy("Source"), empty_label=_lazy("Any source"), method="from_source")
    modality = KeyFilter(
        label=_lazy("Kind of statement"),
        empty_label=_lazy("Any kind"),
        choices=[(value, capfirst(label)) for value, label in Fact.Modality.choices],
        field_name="modality",
    )
    evidence = KeyFilter(
        label=_lazy("Evidence"),
        empty_label=_lazy("Any evidence"),
        choices=[
            (grade.value, grade.label)
            for grade in (Grade.PRIMARY, Grade.INDEPENDENT, Grade.ONE, Grade.TERTIARY, Grade.OWN, Grade.DISPUTED)
        ],
        method="known_by",
    )
    period = PeriodFilter(
        label=_lazy("When"), help_text=_lazy("A year, 2020; a month, 2020-09; or a time, 2018/2022."), method="during"
    )

    class Meta:
        model = Fact
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, options in stamps.cached("fact-filter-options", _options).items():
            self.filters[name].extra["choices"] = options

    def on_topic(self, facts: FactQuerySet, name: str, slug: str) -> FactQuerySet:
        return reading.facts_on(slug, facts)

    def with_partner(self, facts: FactQuerySet, name: str, slug: str) -> FactQuerySet:
        return facts.filter(Exists(Fact.partners.through.objects.filter(fact=OuterRef("pk"), entity__slug=slug)))

    def naming(self, facts: FactQuerySet, name: str, entity: Entity) -> FactQuerySet:
        as_partner = Exists(Fact.partners.through.objects.filter(fact=OuterRef("pk"), entity=entity.pk))
        return facts.filter(Q(subject=entity.slug) | Q(whose=entity.slug) | as_partner)

    def from_source(self, facts: FactQuerySet, name: str, slug: str) -> FactQuerySet:
        supporting = Citation.objects.filter(fact=OuterRef("pk"), stance=Citation.Stance.SUPPORTS)
        return facts.filter(Exists(supporting.filter(passage__source__slug=slug)))

    def known_by(self, facts: FactQuerySet, name: str, grade: str) -> FactQuerySet:
        """By the grade as it is shown: “disputed” overrides what the sources would give."""
        disputed = facts.disputed()
        if grade == Grade.DISPUTED:
            return disputed
        return facts.filter(evidence=grade).exclude(pk__in=Fact.objects.disputed().values("pk"))

    def during(self, facts: FactQuerySet, name: str, period: dates.Edtf) -> FactQuerySet:
        """Facts whose date may fall within the period; an undated one may fall anywhere, so it is left out."""
        facts = facts.exclude(date="")
        if period.earliest:
            facts = facts.filter(Q(date_latest__gte=period.earliest) | Q(date_latest__isnull=True))
        if period.latest:
            facts = facts.filter(Q(date_earliest__lte=period.latest) | Q(date_earliest__isnull=True))
        return facts


def _options() -> dict[str, Options]:
    topics = Topic.objects.select_related("parent").order_by("parent__position", "position", "slug")
    partners = Entity.objects.filter(kind__in=Entity.PARTNERS).order_by("sort_key", "slug")
    paths = [((topic.parent.name if topic.parent else topic.name), topic.parent is not None, topic) for topic in topics]
    return {
        "topic": [
            (topic.slug, f"{parent} › {topic.name}" if below else topic.name)
            for parent, below, topic in sorted(paths, key=lambda path: path[:2])
        ],
        "partner": list(partners.values_list("slug", "name")),
        "source": list(Source.objects.order_by("title", "slug").values_list("slug", "title")),
    }
