"""Bulk import and export: rows and columns, batches and their undoing. It knows no facts.

An app says what its sheets are in a module `resources` (see `curation.importing.resources`). A file is read
(`reading`), each record in it compared with what is stored (`checking`), shown, and applied as it was shown
(`applying`), or undone (`undoing`).
"""
