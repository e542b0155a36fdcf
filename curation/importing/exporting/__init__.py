"""Records as files: exports that read back the same, templates, and files given back with reasons or references.

    for piece in export(resource, Fact.objects.filter(status="draft"), "csv"): …

Everything is written piece by piece as it is asked for, in memory that does not grow with the rows. What a file
cannot hold is refused when it is asked for, before its first byte (`NotExportable`).
"""

from .exports import FORMATS, NotExportable, export, workbook
from .returning import filled, rejects
from .templates import template

__all__ = ["FORMATS", "NotExportable", "export", "filled", "rejects", "template", "workbook"]
