"""Questions as rows of a spreadsheet: one line for each part, under the reference of its question."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import gettext as _
from import_export import fields
from import_export.widgets import IntegerWidget

from curation.importing import resources
from curation.importing.resources import RecordResource, State, key, keys, told
from quizzes.models import Part, Question
from quizzes.models.questions import span_error
from relations.models import Fact, Topic
from relations.resources import TOPICS

LETTERS = "abcdefghijklmnopqrstuvwxyz"


class PartResource(RecordResource):
    """A statement or an option. `part` is its reference, such as Q-0001/a; a new one leaves it blank."""

    kept: ClassVar = ("fact_digest",)

    part = fields.Field(attribute="ref", column_name="part")
    position = fields.Field(attribute="position", column_name="position", widget=IntegerWidget(), default=None)
    fact = key("fact", Fact, "ref")

    class Meta:
        model = Part
        import_id_fields = ["part"]
        fields = ("part", "position", "fact", "span", "replacement")


class QuestionResource(RecordResource):
    """A new question arrives as a draft, its parts pinned to their facts as those will be after the file."""

    sheet: ClassVar[str] = "questions"
    order: ClassVar[int] = 60
    parts: ClassVar = (resources.Part("parts", PartResource, parent="question", identity="part"),)
    kept: ClassVar = ("status",)
    creatable: ClassVar = (TOPICS,)
    example: ClassVar = (
        {
            "kind": "statements", "stem": "Consider the following statements about the Charter of the United Nations:",
            "ask": "correct", "shows": "statement", "topics": "international-institutions",
            "explanation": "It was signed in June 1945 and in force four months later.",
            "position": "1", "fact": "un-charter-001", "span": "San Francisco", "replacement": "New York",
        },
        {"position": "2", "fact": "un-charter-002"},
    )  # fmt: skip

    topics = keys("topics", Topic)
    status = told("status")
    version = told("version")

    class Meta:
        model = Question
        import_id_fields = ["ref"]
        fields = ("ref", "kind", "stem", "ask", "shows", "explanation", "topics", "status", "version")

    def mint(self, state: State) -> tuple[str, int] | None:
        return "Q-", 4

    def settle(self, before: State | None, after: State, *, by: str) -> None:
        """Number and place new parts, and pin those whose words are new to their facts."""
        known = {part["part"]: part for part in (before or {}).get("parts", ())}
        last = max((part["position"] or 0 for part in after["parts"]), default=0)
        taken = {part["part"] for part in after["parts"]}
        for part in after["parts"]:
            if part["position"] is None:
                last = part["position"] = last + 1
            if not part["part"]:
                letter = next((one for one in LETTERS if f"{after['ref']}/{one}" not in taken), "")
                part["part"] = f"{after['ref']}/{letter}" if letter else ""
                taken.add(part["part"])
            old = known.get(part["part"])
            if old is None or _words(old) != _words(part):
                fact = self.find(Fact, "ref", part["fact"]) if part["fact"] else None
                part["fact_digest"] = fact.digest if fact is not None else ""

    def clean_part(self, part: resources.Part, row: Part) -> None:
        """As `Part.clean`, with the fact at hand."""
        if not row.ref:
            raise ValidationError({"ref": _("A question has at most %(most)d parts.") % {"most": len(LETTERS)}})
        if row.span and row.fact_id:
            statement = row.fact.statement
            if (times := statement.count(row.span)) != 1:
                raise ValidationError({"span": span_error(row.fact_id, row.span, times)})

    def snapshot(self, state: State) -> dict[str, Any]:
        """As `quizzes.keeping.question_snapshot` has it."""
        parts = sorted(state["parts"], key=lambda part: (part["position"], part["part"]))
        return {name: value for name, value in state.items() if name not in ("ref", "parts")} | {
            "parts": [{"ref" if name == "part" else name: value for name, value in part.items()} for part in parts]
        }

    def url(self, key: str) -> str:
        return reverse("quizzes:question_detail", args=[key])


def _words(part: State) -> Sequence[str]:
    return part["fact"], part["span"], part["replacement"]
