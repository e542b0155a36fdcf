"""Facts and the documents they rest on."""

from relations.models.citations import Check, Citation
from relations.models.disagreements import Disagreement, Side
from relations.models.entities import Alias, Entity, Topic
from relations.models.facts import Fact
from relations.models.properties import Property
from relations.models.sources import Passage, PassageText, Source

__all__ = [
    "Alias",
    "Check",
    "Citation",
    "Disagreement",
    "Entity",
    "Fact",
    "Passage",
    "PassageText",
    "Property",
    "Side",
    "Source",
    "Topic",
]
