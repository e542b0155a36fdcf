"""`expire_imports`: forget uploaded files and previews that are kept no longer. For cron, once a day.

A site on which something is imported now and then does it by itself, whenever an import begins.
"""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from curation.importing import batches


class Command(BaseCommand):
    help = "Forget uploaded files and previews that nobody confirmed in time, and what the queue has long done."

    def handle(self, *args: Any, **options: Any) -> None:
        expired = batches.expire()
        call_command("prune_db_task_results", verbosity=0)
        if options["verbosity"]:
            self.stdout.write(f"Expired: {expired} bulk import{'' if expired == 1 else 's'}.")
