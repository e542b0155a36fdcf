"""Fields that behave alike on SQLite and PostgreSQL."""

import json
from typing import Any

from django.core.validators import RegexValidator
from django.db import models
from django.db.models.query_utils import DeferredAttribute
from django.utils.translation import gettext_lazy as _

_NO_KEY = _("“%(value)s” is not a key: use letters a–z, digits and hyphens, beginning with a letter or digit.")
validate_key = RegexValidator(r"\A[A-Za-z0-9][A-Za-z0-9._-]*\Z", _NO_KEY, code="key")
validate_parted_key = RegexValidator(r"\A[A-Za-z0-9][A-Za-z0-9._/-]*\Z", _NO_KEY, code="key")


@models.ForeignKey.register_lookup
@models.Field.register_lookup
class Among(models.Lookup):
    """`__among=keys`: what `__in` finds, with all keys as one parameter.

    For hundreds of keys (texts or numbers) at a time: `__in` has Django prepare and the database parse each of them.
    """

    lookup_name = "among"
    prepare_rhs = False

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        column, params = self.process_lhs(compiler, connection)
        return f"{column} IN (SELECT value FROM json_each(%s))", [*params, json.dumps(self._values(connection))]  # noqa: S608

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        column, params = self.process_lhs(compiler, connection)
        return f"{column} = ANY(%s)", [*params, self._values(connection)]

    def _values(self, connection: Any) -> list[Any]:
        prepare = self.lhs.output_field.get_db_prep_value
        return [one if type(one) in (str, int) else prepare(one, connection) for one in self.rhs]


class KeyField(models.CharField):
    """A natural key: ASCII, compared and sorted byte by byte on every database.

    PostgreSQL would otherwise sort by the locale of the cluster, and two dumps of one content would differ.
    A key is one step of an address, so no slash is in it but where it is `parted`: the key of a part, such as
    forumias-2plus2-2024/9, which has no page of its own. That is no matter of the database's, so no migration
    knows it.
    """

    default_validators = [validate_key]

    def __init__(self, *args: Any, parted: bool = False, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 100)
        if parted:
            self.default_validators = [validate_parted_key]
        super().__init__(*args, **kwargs)

    def db_parameters(self, connection: Any) -> Any:
        parameters = super().db_parameters(connection)
        if connection.vendor == "postgresql":
            parameters["collation"] = "C"
        return parameters


class DerivingAttribute(DeferredAttribute):
    """An attribute that sets the columns its field derives from it, as ImageField sets width and height.

    So the derived columns are right however an instance came to be: forms, `loaddata`, `bulk_create`.
    """

    field: "DerivingField"

    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__[self.field.attname] = value
        instance.__dict__.update(self.field.derive(value))


class DerivingField(models.CharField):
    """A text from which other columns of the row follow. Subclasses say which, in `derive`.

    The derived fields stand *above* this one in the model (a field's default is set in that order).
    """

    descriptor_class = DerivingAttribute

    def derive(self, value: Any) -> dict[str, Any]:
        """Return the derived columns by attribute name; never raises, whatever `value` is."""
        return {}


class DerivingQuerySet(models.QuerySet):
    """A QuerySet whose `update()` keeps derived columns in step."""

    def update(self, **kwargs: Any) -> int:
        for name, value in list(kwargs.items()):
            field = self.model._meta.get_field(name)
            if isinstance(field, DerivingField) and not hasattr(value, "resolve_expression"):
                kwargs = {**field.derive(value), **kwargs}
        return super().update(**kwargs)
