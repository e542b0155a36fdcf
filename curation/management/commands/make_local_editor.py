"""`make_local_editor`: an account to try the admin with, on this machine only.

The account is a superuser and in the group `publisher`: the person at their own machine may see all of the
admin. Editors of a real site get an ordinary staff account in one of the three groups.
"""

import secrets
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

from curation.groups import PUBLISHER

USERNAME = "editor"
LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]", "::1"})


class Command(BaseCommand):
    help = "Create the local account “editor” with a random password, which is printed once."

    def handle(self, *args: Any, **options: Any) -> None:
        if not is_local():
            raise CommandError(
                "This makes an account for trying things out on one's own machine. ALLOWED_HOSTS "
                f"({', '.join(settings.ALLOWED_HOSTS)}) says that this site serves others: "
                "use `manage.py createsuperuser` and put editors into a group instead."
            )
        User = get_user_model()  # noqa: N806 - a class
        if User.objects.filter(username=USERNAME).exists():
            self.stdout.write(
                f"The account “{USERNAME}” exists. New password: .venv/bin/python manage.py changepassword {USERNAME}"
            )
            return
        password = secrets.token_urlsafe(12)
        with transaction.atomic():
            user = User.objects.create_superuser(USERNAME, password=password)
            user.groups.add(Group.objects.get(name=PUBLISHER))
        self.stdout.write(f"Sign in at /admin/ as “{USERNAME}” with the password {password} (shown once).")


def is_local() -> bool:
    """Whether the site answers to this machine's own names alone, or is being debugged on its own database file."""
    return set(settings.ALLOWED_HOSTS) <= LOCAL_HOSTS or (settings.DEBUG and connection.vendor == "sqlite")
