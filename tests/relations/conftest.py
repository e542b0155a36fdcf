"""A published fact, and who may see what is not public, for the tests of its pages."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User

from relations.models import Fact
from tests import factories
from tests.pages import OLD


@pytest.fixture
def fact(db: None) -> Fact:
    """It says OLD; `reword` makes it say NEW."""
    return factories.published_fact(ref="acsa-ij-001", statement=OLD)


@pytest.fixture
def editor(django_user_model: Any) -> User:
    user = django_user_model.objects.create_user("edith")
    user.user_permissions.add(Permission.objects.get(codename="view_fact"))
    return user
