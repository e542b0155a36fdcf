"""Who looks at the pages of imports, and what they then read."""

import re

from django.contrib.auth.models import Permission, User
from django.test import Client

from curation.models import Batch

LIST = "/admin/curation/batch/"


def member(*permissions: str) -> Client:
    """Of the staff, with these permissions (“curation.view_batch”) and no others."""
    user, _new = User.objects.get_or_create(username="mira", is_staff=True)
    for name in permissions:
        label, codename = name.split(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=label, codename=codename))
    client = Client()
    client.force_login(user)
    return client


def text(response) -> str:
    """What the page says, without markup, in single spaces."""
    main = response.content.decode().split('<main id="content-start"')[-1].split("</main>")[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main)).replace(" .", ".").replace(" ,", ",")


def page(client: Client, of: Batch, **asked):
    response = client.get(of.get_absolute_url(), asked)
    assert response.status_code == 200
    return response
