"""Three groups of editors, made after `migrate` (a migration would find no permissions yet).

Each app says what its editors may do, once, in `AppConfig.ready`. A reviewer may do all an author may, and a
publisher all a reviewer may.
"""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig

AUTHOR, REVIEWER, PUBLISHER = "author", "reviewer", "publisher"
_ORDER = (AUTHOR, REVIEWER, PUBLISHER)
_granted: dict[str, dict[str, tuple[str, ...]]] = {}


def register(
    app_label: str, *, author: Sequence[str] = (), reviewer: Sequence[str] = (), publisher: Sequence[str] = ()
) -> None:
    """Grant the codenames to each group besides what the group before it has."""
    _granted[app_label] = {AUTHOR: tuple(author), REVIEWER: tuple(reviewer), PUBLISHER: tuple(publisher)}


def make_after_migrate(sender: AppConfig, using: str = "default", **kwargs: Any) -> None:
    """Receive `post_migrate`, which comes once for each app, after its permissions are made."""
    if sender.label not in _granted:
        return
    from django.contrib.auth.models import Group, Permission

    codenames: list[str] = []
    for name in _ORDER:
        codenames += _granted[sender.label][name]
        group, _ = Group.objects.using(using).get_or_create(name=name)
        group.permissions.add(
            *Permission.objects.using(using).filter(content_type__app_label=sender.label, codename__in=codenames)
        )
