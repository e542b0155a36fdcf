from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RelationsConfig(AppConfig):
    name = "relations"
    verbose_name = _("Facts and sources")

    def ready(self) -> None:
        from relations import keeping

        keeping.register()
