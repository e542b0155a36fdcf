"""What tests of pages share: a page as text to look in, and a change of words as an editor makes it."""

import html
import re

from django.test import Client

from curation.revisions import record
from relations.models import Fact

OLD = "The parties signed the agreement on 9 September 2020."
NEW = "The parties signed the agreement on 10 September 2020."


def page(client: Client, address: str) -> str:
    """The page at the address, with its entities written out and white space made single."""
    response = client.get(address)
    assert response.status_code == 200
    return re.sub(r"[ \n]+", " ", html.unescape(response.content.decode()))


def reword(fact: Fact, statement: str) -> None:
    """Change the words as an editor does: saved and recorded, not checked."""
    fact.statement = statement
    fact.save()
    record(fact, by="alice", why="The day was wrong")
