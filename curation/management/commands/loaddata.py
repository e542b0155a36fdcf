"""`loaddata`, which also keeps history and refreshes what is computed.

Fixtures are saved raw: no `save()`, no `full_clean()`. What a row says by itself is checked all the same, since
SQLite takes a text of any length and a key that no address can have, and a refusal is put in our words.
Visibility needs no help, since it is derived; but a record whose snapshot is new gets its revision, and stored
computations (the grade of evidence) are made again. All of it happens inside the transaction of the command.
"""

from collections import defaultdict
from pathlib import Path
from typing import Any

from django.core.management.commands.loaddata import Command as LoadData
from django.db import connections, models
from django.utils.translation import gettext as _

from curation import revisions, stamps
from curation.loading import in_our_words, loading


class Command(LoadData):
    def loaddata(self, fixture_labels: Any) -> None:
        self.touched: dict[type[models.Model], set[Any]] = defaultdict(set)
        self.parts: list[models.Model] = []
        stamps.hold()
        with loading(self.using) as self.loading:
            super().loaddata(fixture_labels)
        if self.parts:
            # The planner would take tables measured while empty for empty still: minutes instead of milliseconds,
            # for what is read below as for what is read later.
            with connections[self.using].cursor() as cursor:
                cursor.execute("ANALYZE")
        # Owners are looked up only now: a part may have been loaded before the record it belongs to.
        for part in self.parts:
            if owner := revisions.owner_of(part):
                self.touched[owner[0]].add(owner[1])
        names = [Path(label).name for label in fixture_labels]
        why = _("Loaded from %(files)s") % {"files": ", ".join(names)} if len(names) < 3 else _("Loaded from files")
        for model, pks in self.touched.items():
            revisions.record_many(model, pks, by="loaddata", why=why[:300])
        if self.touched:
            revisions.refresh_computed()

    def load_label(self, fixture_label: str) -> None:
        super().load_label(fixture_label)
        self.loading.write()

    def save_obj(self, obj: Any) -> bool:
        row = obj.object
        with in_our_words(row):
            # Rows of other tables are the business of the deserializer and of the checks at the end.
            row.clean_fields(exclude=[field.name for field in row._meta.fields if field.remote_field])
            saved = super().save_obj(obj)
        if saved:
            self.parts.append(row)
        return saved
