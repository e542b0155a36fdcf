"""The account for one's own machine: made once, its password printed once, never where others are served."""

import io
import re

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_machine(settings):
    settings.ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]


def said() -> str:
    out = io.StringIO()
    call_command("make_local_editor", stdout=out)
    return out.getvalue()


def test_account_is_made_with_the_password_that_is_printed():
    password = re.search(r"password (\S+) \(shown once\)", said())[1]
    user = authenticate(username="editor", password=password)
    assert (user.is_staff, [group.name for group in user.groups.all()]) == (True, ["publisher"])


def test_second_run_keeps_the_account_and_says_how_to_set_a_password():
    said()
    before = User.objects.get().password
    assert "manage.py changepassword editor" in said()
    assert User.objects.get().password == before


def test_no_account_is_made_where_others_are_served(settings):
    settings.ALLOWED_HOSTS, settings.DEBUG = ["facts.example.org"], False
    with pytest.raises(CommandError, match=r"facts\.example\.org"):
        said()
    assert not User.objects.exists()
