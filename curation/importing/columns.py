"""A column of a sheet, made of a field of a django-import-export Resource and the model field behind it.

The Resource's field says how the column is called and, by its widget, how a cell is read and shown; the model's
field says what may stand there. Keys of other tables are read as keys here and looked up many at a time
(`curation.importing.planning.resolving`).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from import_export import fields, widgets

from curation.importing import suggesting
from curation.importing.escaping import CLEAR, ESCAPES, escaped, joined, parted, unescaped

REMEMBERED = 16_384  # cells of a column whose reading is remembered: the days of forty years
SHORT = 40  # characters of a cell that is likely to come again
NO_END = 1 << 60

_WHOLE = re.compile(r"[+-]?\d+(?:\.0*)?")

KEEP = object()  # a blank cell: the old value stays
CLEARED = object()  # the clear token


def remembering(function: Callable[[str], dict[str, Any]]) -> Callable[[str], dict[str, Any]]:
    """`function`, asked once for each of the texts that come again and again."""
    return lru_cache(maxsize=REMEMBERED)(function)


class CellError(ValueError):
    """A cell that cannot be read. The message names the value, the rule, and what to do."""


class Kind(StrEnum):
    TEXT = "text"
    KEY = "key"  # of one row of another table
    KEYS = "keys"  # of several
    NAMES = "names"  # several texts that are rows of a table of their own, such as other names


@dataclass(eq=False)
class Column:
    """One column; `part` names the part it belongs to ("citations" of a fact), or is empty."""

    name: str
    field: fields.Field
    model_field: Any
    kind: Kind
    part: str = ""
    memo: dict[str, Any] = field(default_factory=dict, repr=False)

    @cached_property
    def readonly(self) -> bool:
        return bool(self.field.readonly)

    @cached_property
    def attname(self) -> str:
        return self.model_field.attname if self.kind in (Kind.TEXT, Kind.KEY) else self.model_field.name

    @cached_property
    def label(self) -> str:
        return capfirst(str(getattr(self.model_field, "verbose_name", self.name)))

    @cached_property
    def help(self) -> str:
        return str(getattr(self.model_field, "help_text", ""))

    @cached_property
    def choices(self) -> tuple[str, ...]:
        found = getattr(self.model_field, "choices", None) or ()
        return tuple(str(value) for value, _label in found if value not in (None, ""))

    @cached_property
    def required(self) -> bool:  # a resource that gives keys itself sets it anew
        """A new record needs it: the field may not be blank and has no default."""
        if self.kind in (Kind.KEYS, Kind.NAMES) or self.readonly:
            return False
        if self.field.default is not fields.NOT_PROVIDED:
            return False
        return not self.model_field.blank and not self.model_field.has_default()

    @cached_property
    def clearable(self) -> bool:
        return self.kind in (Kind.KEYS, Kind.NAMES) or self.model_field.blank

    # --- where a key points ---

    @cached_property
    def related(self) -> type[models.Model]:
        return self.field.widget.model

    @cached_property
    def to(self) -> str:
        """The field of the related table by which its rows are named."""
        return self.field.widget.field

    @cached_property
    def limit(self) -> Any:
        """What the model's field limits its choices to, as a condition, or None."""
        found = self.model_field.get_limit_choices_to()
        return models.Q(**found) if isinstance(found, dict) and found else found or None

    # --- cells ---

    @cached_property
    def blank(self) -> Any:
        """The value of a new record whose cell is blank."""
        if self.kind in (Kind.KEYS, Kind.NAMES):
            return []
        if self.kind is Kind.KEY:
            return ""
        if self.field.default is not fields.NOT_PROVIDED:
            return self.field.default() if callable(self.field.default) else self.field.default
        return self.model_field.get_default()

    @cached_property
    def empty(self) -> Any:
        """The value of a cleared cell."""
        if self.kind in (Kind.KEYS, Kind.NAMES):
            return []
        return None if self.kind is Kind.TEXT and not self._is_text else ""

    @cached_property
    def _is_text(self) -> bool:
        return isinstance(self.model_field, models.CharField | models.TextField)

    def read(self, cell: str) -> Any:
        """The value of a cell, KEEP or CLEARED. Raises CellError."""
        if not cell:
            return KEEP
        if len(cell) > SHORT or self.kind is Kind.KEY:
            return self._read(cell)
        known = self.memo.get(cell, self)
        if known is self:
            try:
                known = self._read(cell)
            except CellError as error:
                known = error
            if len(self.memo) >= REMEMBERED:
                self.memo.clear()
            self.memo[cell] = known
        if isinstance(known, CellError):
            raise known
        return list(known) if isinstance(known, list) else known

    def _read(self, cell: str) -> Any:
        if cell[0] in ESCAPES:
            if cell == CLEAR:
                return CLEARED
            cell = unescaped(cell)
        if self.kind is Kind.KEY:
            return cell
        if self.kind is Kind.TEXT:
            return self._read_one(cell)
        return self._read_several(cell)

    def _read_several(self, text: str) -> list[str]:
        if self.kind is Kind.KEYS:
            return parted(text)
        return [self._cleaned(one) for one in parted(text)]

    def _read_one(self, text: str) -> Any:
        if self._is_plain and len(text) <= self._longest:
            return self._validated(text)
        if self.choices and text not in self.choices:
            raise CellError(suggesting.not_a_choice(text, self.choices, suggesting.nearest(text, self.choices)))
        if isinstance(self.field.widget, widgets.IntegerWidget) and not _WHOLE.fullmatch(text):
            raise CellError(self._unreadable(text))  # the widget would make 1 of 1.9
        try:
            value = self.field.widget.clean(text)
        except (ValueError, ArithmeticError) as error:
            raise CellError(self._unreadable(text)) from error
        return self._cleaned(value)

    def _cleaned(self, value: Any) -> Any:
        try:
            return self._validating.clean(value, None)
        except ValidationError as error:
            raise CellError(" ".join(error.messages)) from error

    @cached_property
    def _is_plain(self) -> bool:
        """Whether a text is its own value: the field and its widget do with it what Django's and the library's do."""
        field, base = type(self.model_field), models.TextField if self._longest == NO_END else models.CharField
        same = all(getattr(field, name) is getattr(base, name) for name in ("to_python", "clean", "validate"))
        return self._is_text and same and type(self.field.widget).clean is widgets.CharWidget.clean and not self.choices

    @cached_property
    def _longest(self) -> int:
        return self.model_field.max_length or NO_END

    @cached_property
    def _own_validators(self) -> list[Any]:
        return [one for one in self.model_field.validators if not isinstance(one, MaxLengthValidator)]

    def _validated(self, text: str) -> str:
        try:
            for validator in self._own_validators:
                validator(text)
        except ValidationError as error:
            raise CellError(" ".join(error.messages)) from error
        return text

    @cached_property
    def _validating(self) -> Any:
        return self.model_field if self.kind is not Kind.NAMES else self.field.name_field

    def _unreadable(self, text: str) -> str:
        if isinstance(self.field.widget, widgets.NumberWidget):
            return _("“%(value)s” is not a whole number: write digits alone, such as 12.") % {"value": text}
        return _("“%(value)s” cannot be read here. Write it as an exported file has it.") % {"value": text}

    def show(self, value: Any) -> str:
        """The value as a cell of an export."""
        if value is None or value == "":
            return ""
        if isinstance(value, list):
            return escaped(joined(value))
        if isinstance(value, str):
            return escaped(value)
        return escaped(str(self.field.widget.render(value)))
