"""A fixture that cannot be loaded says in our words which row breaks which rule."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from relations.models import Fact
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"ref": "a/b"}, "relations.fact a/b: ref: “a/b” is not a key"),
        ({"statement": "x" * 401}, "relations.fact fact-001: statement: Ensure this value has at most 400 characters"),
        (
            {"modality": "view"},
            "relations.fact fact-001: A view or an expectation names whose it is; a fact has no owner.",
        ),
    ],
)
def test_invalid_row_is_named_with_its_rule(tmp_path: Path, values: dict[str, Any], message: str) -> None:
    factories.EntityFactory(slug="acsa-ij")
    fields = {"ref": "fact-001", "subject": ["acsa-ij"], "statement": "The parties signed it."} | values
    (tmp_path / "facts.json").write_text(json.dumps([{"model": "relations.fact", "fields": fields}]))

    with pytest.raises(CommandError, match=message):
        call_command("loaddata", tmp_path / "facts.json", verbosity=0)

    assert Fact.objects.count() == 0
