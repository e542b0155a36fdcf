"""The desk of the editors: every model of the fact base in Django's own admin."""

from relations.admin import disagreements, entities, facts, sources

__all__ = ["disagreements", "entities", "facts", "sources"]
