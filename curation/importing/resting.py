"""What rests on records: the rows of other tables that point to them and are not theirs."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from curation.importing import states
from curation.importing.columns import Kind
from curation.importing.resources import RecordResource

NAMED = 5


def on(
    resource: RecordResource, pks: Sequence[Any], going: frozenset[tuple[Any, Any]] = frozenset()
) -> dict[Any, list[str]]:
    """Why each of these records cannot go, in words; records on which nothing rests are left out.

    `going` are (model, pk) of rows that go with them, and so do not count. What rests on a part of a record (a check
    on a citation) rests on the record.
    """
    found: dict[Any, list[str]] = defaultdict(list)
    own = _own(resource)
    _look(resource.model, {pk: pk for pk in pks}, own, going, found)
    for part in resource.parts:
        model = part.resource._meta.model
        for some in states.in_turn(pks):
            rows = model._default_manager.filter(**{f"{part.parent}__in": some}).order_by()
            owners = dict(rows.values_list("pk", f"{part.parent}_id"))
            _look(model, owners, own, going, found)
    return dict(found)


def _own(resource: RecordResource) -> set[Any]:
    """The models whose rows belong to the record and go with it."""
    own = {part.resource._meta.model for part in resource.parts}
    for column in resource.written:
        if column.kind is Kind.KEYS:
            own.add((column.model_field.remote_field.through, column.model_field.m2m_field_name()))
        elif column.kind is Kind.NAMES:
            own.add(column.model_field.related_model)
    return own


def _look(
    model: Any, owners: dict[Any, Any], own: set[Any], going: frozenset[Any], found: dict[Any, list[str]]
) -> None:
    for relation in model._meta.get_fields(include_hidden=True):
        if not (relation.auto_created and (relation.one_to_many or relation.one_to_one)):
            continue
        other, field = relation.related_model, relation.field
        if other in own or (other, field.name) in own:
            continue
        to = field.target_field.attname
        for some in states.in_turn(owners):
            targets = (
                dict(model._default_manager.filter(pk__in=some).values_list(to, "pk"))
                if to != model._meta.pk.attname
                else {pk: pk for pk in some}
            )
            rows = other._base_manager.filter(**{f"{field.name}__in": list(targets)}).order_by()
            for pk, target in rows.values_list("pk", field.attname):
                if (other, pk) not in going:
                    words = found[owners[targets[target]]]
                    if len(words) < NAMED:
                        words.append(_words(other, pk))


def _words(model: Any, pk: Any) -> str:
    if model._meta.auto_created:
        return _("Something names it (%(what)s).") % {"what": model._meta.auto_created._meta.verbose_name}
    row = model._base_manager.get(pk=pk)
    return _("%(what)s “%(row)s” rests on it.") % {"what": str(model._meta.verbose_name).capitalize(), "row": row}
