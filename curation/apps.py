from django.apps import AppConfig
from django.core import checks
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class CurationConfig(AppConfig):
    name = "curation"
    verbose_name = _("History")

    def ready(self) -> None:
        from curation import database, groups
        from curation.importing.checks import check_resources
        from curation.models import Revision

        database.register(database.stamped(Revision._meta.db_table))
        groups.register("curation", author=["view_revision"], publisher=["view_batch", "confirm_batch", "undo_batch"])
        checks.register(check_resources)
        post_migrate.connect(database.install_after_migrate, dispatch_uid="curation.database")
        post_migrate.connect(groups.make_after_migrate, dispatch_uid="curation.groups")
