"""`dumpdata`, which leaves out what never ships: texts of documents, history, the stamp.

A model says so itself, with `ships = False` on its class.
"""

from typing import Any

from django.apps import apps
from django.core.management.commands.dumpdata import Command as DumpData


class Command(DumpData):
    def handle(self, *app_labels: str, **options: Any) -> None:
        kept_back = [model._meta.label for model in apps.get_models() if not getattr(model, "ships", True)]
        options["exclude"] = [*options["exclude"], *kept_back]
        super().handle(*app_labels, **options)
