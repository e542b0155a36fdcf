"""Bulk import and export in the admin: pages of a model (`ExchangeMixin`), and of batches (`BatchAdmin`)."""

from curation.importing.admin.batches import BatchAdmin
from curation.importing.admin.exchange import ExchangeMixin

__all__ = ["BatchAdmin", "ExchangeMixin"]
