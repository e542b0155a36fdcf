"""What the database or a field refuses of a row, in our words: which row, and which rule."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.db import IntegrityError, models


@contextmanager
def in_our_words(row: models.Model) -> Iterator[None]:
    """Raise CommandError with the row and its rule, where a field or a constraint refuses it."""
    try:
        yield
    except ValidationError as error:
        wrong = "; ".join(f"{name}: {' '.join(messages)}" for name, messages in error.message_dict.items())
        raise CommandError(f"{called(row)}: {wrong}") from error
    except IntegrityError as error:
        if not (broken := rule_broken(row, str(error))):
            raise
        raise CommandError(f"{called(row)}: {broken}") from error


def called(row: models.Model) -> str:
    """“relations.fact acsa-ij-001”: the row as its fixture calls it."""
    names = getattr(row, "natural_fields", ("pk",))
    keys = [str(getattr(row, name)) for name in names if "__" not in name]
    return " ".join([row._meta.label_lower, *(keys or [str(row.pk)])])


def missing(row: models.Model, field: Any, key: Any) -> str:
    """That `row` must point, by `field`, to a row which there is not."""
    wanted = f"{field.related_model._meta.label_lower} {' '.join(map(str, key))}"
    return f"{called(row)}: {field.name}: there is no {wanted}, neither stored nor in this file or one before it"


def rule_broken(row: models.Model, error: str) -> str:
    """What the constraint that `error` names says in our words; "" where it names none."""
    for constraint in row._meta.constraints:
        if constraint.name in error or error.endswith(_sqlite_name(row, constraint)):
            return str(constraint.violation_error_message)
    return ""


def _sqlite_name(row: models.Model, constraint: models.BaseConstraint) -> str:
    """SQLite calls a unique constraint by its columns: “relations_citation.fact_id, relations_citation.passage_id”."""
    names = getattr(constraint, "fields", ())
    columns = ", ".join(f"{row._meta.db_table}.{row._meta.get_field(name).column}" for name in names)  # type: ignore[union-attr]
    return f"UNIQUE constraint failed: {columns}" if columns else constraint.name
