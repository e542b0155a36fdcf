"""Optimistic locking: nobody saves over what they have not seen, and nobody's words are lost.

A form carries the version it was made from. Where the record has another version by the time it is saved,
three states meet: the one the editor started from (its revision), the one the other editor saved, and the
one in the form. `Conflict` lays them side by side, in the terms of a snapshot (`curation.revisions`), and
`merge_fields` and `merge_rows` make the form to go on with: what the editor changed stays as written, what
they left alone is as the other saved it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.forms import BaseForm, BaseModelFormSet
from django.http import QueryDict

from curation import revisions
from curation.models import Revision

VERSION_INPUT = "version_loaded"
FROM_FORM, FROM_OTHER = "yours", "theirs"

Values = Mapping[str, Any]


def version_loaded(data: QueryDict) -> int | None:
    """The version a posted form was made from; None where it does not say, which is never the current one."""
    text = data.get(VERSION_INPUT, "")
    return int(text) if text.isascii() and text.isdigit() else None


def lock(obj: models.Model) -> int | None:
    """The version `obj` has now, its row held until the transaction ends (SQLite holds the whole database).

    Not its key (`no_key`, here and elsewhere): who adds a row that points at it need not wait, and on PostgreSQL
    could not, since that one may hold the stamp that we wait for.

    None where it is gone.
    """
    rows = type(obj)._default_manager.select_for_update(of=("self",), no_key=True).filter(pk=obj.pk)
    return rows.values_list("version", flat=True).first()


@dataclass(frozen=True)
class Difference:
    """One value on which the three states do not agree; `kept` says which of them the form now holds."""

    name: str
    started: Any
    theirs: Any
    yours: Any
    editable: bool
    kept: str

    @property
    def both_changed(self) -> bool:
        return self.editable and self.theirs != self.started and self.yours not in (self.started, self.theirs)


@dataclass(frozen=True)
class Conflict:
    """What met: `theirs` is the newest revision, `started` the one the editor began with (None: not kept)."""

    started: Revision | None
    theirs: Revision | None
    differences: Sequence[Difference]


def compare(started: Values | None, theirs: Values, yours: Values) -> list[Difference]:
    """List what `theirs` or `yours` made different, in the order of `theirs`."""
    found = []
    for name, saved in theirs.items():
        before = saved if started is None else started.get(name)
        editable = name in yours
        written = yours[name] if editable else before
        if before == saved == written:
            continue
        kept = FROM_OTHER if not editable or (started is not None and written == before) else FROM_FORM
        found.append(Difference(name, before, saved, written, editable, kept))
    return found


# --- a form in the terms of a snapshot ----------------------------------------------------------


def snapshot_value(value: Any) -> Any:
    """A cleaned value of a form as a snapshot would hold it: rows by their natural key."""
    if value is None:
        return ""
    if isinstance(value, models.Model):
        return value.natural_key()[0]  # type: ignore[attr-defined]
    if isinstance(value, models.QuerySet):
        return [snapshot_value(one) for one in value]
    return unix_lines(value) if isinstance(value, str) else value


def unix_lines(text: str) -> str:
    """Browsers send the lines of a text area with CR LF, which fixtures and revisions do not have."""
    return text.replace("\r\n", "\n")


def form_values(form: BaseForm) -> dict[str, Any]:
    """What is written in a bound form, valid or not: a refused value as it was typed."""
    form.is_valid()
    values = {}
    for name in form.fields:
        if name in form.cleaned_data:
            values[name] = snapshot_value(form.cleaned_data[name])
        else:
            values[name] = form[name].data or ""
    return values


# --- the form to go on with -----------------------------------------------------------------------


def merge_fields(data: QueryDict, fresh: BaseForm, differences: Iterable[Difference]) -> None:
    """Put into `data` what the other saved, for each field the editor had left alone.

    `fresh` is an unbound form of the row as it is now.
    """
    for difference in differences:
        if difference.kept == FROM_OTHER and difference.editable and difference.name in fresh.fields:
            _put(data, fresh, difference.name)


def _put(data: QueryDict, form: BaseForm, name: str) -> None:
    key, value = form.add_prefix(name), form[name].value()
    if isinstance(value, (list, tuple)):
        data.setlist(key, [str(one) for one in value])
    elif value is None or value is False:
        data.pop(key, None)
    else:
        data[key] = "on" if value is True else str(value)


def merge_rows(
    data: QueryDict, formset: BaseModelFormSet, fresh: BaseModelFormSet, started: Sequence[Any] | None,
    as_snapshot: Callable[[Values], Any],
) -> None:  # fmt: skip
    """Renumber the rows of an inline in `data` so that they fit the rows that exist now.

    A row left alone (its value is among `started`) follows the database; a changed one stays as written,
    as a new row where the other removed it; the other's new rows join. A row marked for removal stays so.
    """
    pk_name = formset.model._meta.pk.name  # type: ignore[union-attr]
    now = {str(form.instance.pk): form for form in fresh.initial_forms}
    existing: list[dict[str, list[str]]] = []
    added: list[dict[str, list[str]]] = []
    for form in formset.forms:
        row = _row(data, form)
        pk = "".join(row.get(pk_name, []))
        if not pk and not form.has_changed():
            continue
        left_alone = bool(pk) and "DELETE" not in row and is_among(as_snapshot(form_values(form)), started or ())
        current = now.pop(pk, None)
        if current is not None:
            existing.append(_row_of(current) if left_alone else row)
        elif not (left_alone or (pk and "DELETE" in row)):
            added.append({name: value for name, value in row.items() if name != pk_name})
    existing += [_row_of(form) for form in now.values()]
    _write_rows(data, formset, existing, added)


def is_among(row: Any, rows: Sequence[Any]) -> bool:
    """Whether `row` is one of `rows`, as far as a form shows them: what only the snapshot holds does not count."""
    if isinstance(row, dict):
        return any(all(one[name] == value for name, value in row.items() if name in one) for one in rows)
    return row in rows


def _row(data: QueryDict, form: BaseForm) -> dict[str, list[str]]:
    start = f"{form.prefix}-"
    return {key.removeprefix(start): data.getlist(key) for key in data if key.startswith(start)}


def _row_of(form: BaseForm) -> dict[str, list[str]]:
    data = QueryDict(mutable=True)
    for name in form.fields:
        _put(data, form, name)
    return _row(data, form)


def _write_rows(
    data: QueryDict, formset: BaseModelFormSet, existing: list[dict[str, list[str]]], added: list[dict[str, list[str]]]
) -> None:
    management = {
        f"{formset.prefix}-{name}" for name in ("TOTAL_FORMS", "INITIAL_FORMS", "MIN_NUM_FORMS", "MAX_NUM_FORMS")
    }
    for key in [key for key in data if key.startswith(f"{formset.prefix}-") and key not in management]:
        if not key.startswith(f"{formset.prefix}-__prefix__"):
            del data[key]
    for number, row in enumerate([*existing, *added]):
        for name, value in row.items():
            data.setlist(f"{formset.prefix}-{number}-{name}", value)
    data[f"{formset.prefix}-INITIAL_FORMS"] = str(len(existing))
    data[f"{formset.prefix}-TOTAL_FORMS"] = str(len(existing) + len(added))


def conflict_of(obj: models.Model, version: int | None, yours: Values, flatten: Callable[[Values], Values]) -> Conflict:
    """Lay the three states of `obj` side by side; `flatten` turns a snapshot into the names of the form."""
    history = revisions.history(obj)
    started = history.filter(version=version).first() if version is not None else None
    theirs = flatten(revisions.snapshot(obj))
    before = flatten(started.data) if started else None
    differences = compare(before, theirs, {name: value for name, value in yours.items() if name in theirs})
    return Conflict(started, history.first(), differences)
