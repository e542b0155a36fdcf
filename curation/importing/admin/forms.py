"""The forms of the import pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from curation.importing.resources import Creatable

FORMATS = {
    "csv": gettext_lazy("CSV, for any spreadsheet"),
    "xlsx": gettext_lazy("XLSX, for Excel and LibreOffice"),
    "jsonl": gettext_lazy("JSON Lines, for programs"),
}
CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "tsv": "text/tab-separated-values; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "jsonl": "application/jsonl; charset=utf-8",
}
LEAVE_OUT = ""
CHOOSE_AGAIN = gettext_lazy("Choose the file again: the browser does not keep it after an error.")


class ImportForm(forms.Form):
    """A file, and what may be made where the file names it and it is not there yet."""

    import_file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("CSV, TSV or XLSX."),
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.xlsx"}),
        error_messages={"required": gettext_lazy("Choose a file first.")},
        allow_empty_file=True,  # the engine says more of it
    )

    def __init__(self, creatable: Sequence[Creatable], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.creatable = creatable
        for one in self.creatable:
            self.fields[f"create_{one.name}"] = forms.BooleanField(label=one.label, required=False)
            if one.kinds:
                self.fields[f"kind_{one.name}"] = forms.ChoiceField(
                    label=_("What kind they are"),
                    choices=[("", _("choose a kind")), *one.kinds],
                    required=False,
                )

    def clean(self) -> dict[str, Any] | None:
        super().clean()
        for one in self.creatable:
            wanted = self.cleaned_data.get(f"create_{one.name}")
            if wanted and one.kinds and not self.cleaned_data.get(f"kind_{one.name}"):
                self.add_error(f"kind_{one.name}", _("Choose what kind they are, or take the tick off."))
        if self.errors and self.cleaned_data.get("import_file"):
            self.add_error("import_file", CHOOSE_AGAIN)
        return self.cleaned_data

    @property
    def options(self) -> dict[str, Any]:
        """The options of the batch: {"create": {"names": "country", "topics": True}}."""
        wanted = [one for one in self.creatable if self.cleaned_data.get(f"create_{one.name}")]
        made = {one.name: self.cleaned_data.get(f"kind_{one.name}") or True for one in wanted}
        return {"create": made} if made else {}


class ExportForm(forms.Form):
    format = forms.ChoiceField(
        label=gettext_lazy("Format"), choices=list(FORMATS.items()), initial="csv", widget=forms.RadioSelect
    )


class RowForm(forms.Form):
    """Finds the record that a row of the file belongs to."""

    row = forms.IntegerField(
        label=gettext_lazy("Row in the file"),
        min_value=1,
        max_value=2**31 - 1,
        required=False,
        error_messages={"invalid": gettext_lazy("Write the number of a row, such as 12.")},
        widget=forms.TextInput(attrs={"inputmode": "numeric", "size": 8}),
    )


@dataclass(frozen=True)
class Unmatched:
    """A header of the file that is no column, the nearest column, and the columns to choose from."""

    sheet: str
    header: str
    suggestion: str
    columns: Sequence[str]


class MapForm(forms.Form):
    """For each header that is no column: the column it stands for, or none."""

    def __init__(self, unmatched: Sequence[Unmatched], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.unmatched = {f"header_{place}": one for place, one in enumerate(unmatched)}
        several = len({one.sheet for one in unmatched}) > 1
        for name, one in self.unmatched.items():
            self.fields[name] = forms.ChoiceField(
                label=_("“%(header)s” of sheet %(sheet)s") % {"header": one.header, "sheet": one.sheet}
                if several
                else _("“%(header)s”") % {"header": one.header},
                choices=[(LEAVE_OUT, _("leave this column out")), *((column, column) for column in one.columns)],
                initial=one.suggestion,
                required=False,
            )

    def clean(self) -> dict[str, Any] | None:
        """No two headers may stand for one column."""
        super().clean()
        chosen: dict[tuple[str, str], str] = {}
        for name, one in self.unmatched.items():
            column = self.cleaned_data.get(name)
            if not column:
                continue
            if (one.sheet, column) in chosen:
                self.add_error(
                    name,
                    _("“%(other)s” is already matched with %(column)s: leave one of the two out.")
                    % {"other": chosen[one.sheet, column], "column": column},
                )
            chosen.setdefault((one.sheet, column), one.header)
        return self.cleaned_data

    @property
    def mapping(self) -> dict[str, dict[str, str]]:
        """{sheet: {header: column, or "" to leave it out}}."""
        chosen: dict[str, dict[str, str]] = {}
        for name, one in self.unmatched.items():
            chosen.setdefault(one.sheet, {})[one.header] = self.cleaned_data.get(name, LEAVE_OUT)
        return chosen
