"""A small fact base for files to be imported into."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.factories import AliasFactory, EntityFactory, PassageFactory, PropertyFactory, SourceFactory, TopicFactory

SIGNED = "On that day the two sides signed the agreement in the capital."
MET = "The parties met again in spring and agreed on a common plan for the sea."


@pytest.fixture
def room(db: None) -> None:
    """Names, topics, properties of each type, a source with two passages whose texts are kept and one without."""
    acsa = EntityFactory(slug="acsa-ij", name="Acquisition and Cross-Servicing Agreement")
    AliasFactory(entity=acsa, name="ACSA")
    for slug, kind in (("india", "country"), ("japan", "country"), ("quad", "grouping"), ("abe", "person")):
        EntityFactory(slug=slug, name=slug.title(), kind=kind)
    for slug in ("defence", "trade"):
        TopicFactory(slug=slug, name=slug.title())
    for key, kind in (("signed-on", "date"), ("cost", "number"), ("host", "entity"), ("motto", "text")):
        PropertyFactory(key=key, value_type=kind)
    PropertyFactory(key="result", value_type="choice", choices="won\nlost")
    source = SourceFactory(slug="daily", title="The Daily")
    PassageFactory(source=source, ref="daily/1", number=1, words=SIGNED, text=SIGNED)
    PassageFactory(source=source, ref="daily/2", number=2, words=MET, text=MET)
    PassageFactory(source=source, ref="daily/3", number=None, words="")


@pytest.fixture
def asha(db: None) -> Client:
    """Somebody who may do everything."""
    client = Client()
    client.force_login(User.objects.create_superuser("asha"))
    return client
