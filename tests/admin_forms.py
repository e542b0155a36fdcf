"""Signing in to the admin, and filling in its forms as a browser does."""

from typing import Any

from django.contrib.auth.models import Group, User
from django.test import Client


def editor(username: str, group: str = "publisher") -> Client:
    """A client signed in as a member of one of the three groups."""
    user = User.objects.create_user(username, password="a long password", is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    client = Client()
    client.force_login(user)
    return client


def filled(response: Any) -> dict[str, Any]:
    """What a browser would post from the change form in `response`, were nothing touched."""
    context = response.context
    data: dict[str, Any] = {}
    forms = [context["adminform"].form]
    for inline in context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    for form in forms:
        for bound in form:
            if bound.name in context["adminform"].readonly_fields and form is forms[0]:
                continue
            value = bound.value()
            if isinstance(value, (list, tuple)):
                data[bound.html_name] = [str(one) for one in value]
            elif value is True:
                data[bound.html_name] = "on"
            elif value is not None and value is not False:
                data[bound.html_name] = str(value)
    if "version_loaded" in context:
        data["version_loaded"] = str(context["version_loaded"])
    if "losses_shown" in context:
        data["losses_shown"] = context["losses_shown"]
    return data


def said(response: Any) -> list[str]:
    """The messages at the top of the page."""
    return [str(message) for message in response.context["messages"]]
