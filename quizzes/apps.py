from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class QuizzesConfig(AppConfig):
    name = "quizzes"
    verbose_name = _("Questions")

    def ready(self) -> None:
        from quizzes import keeping

        keeping.register()
