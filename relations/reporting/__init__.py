"""What an editor should look at in the content: sections of rows, each with what is wrong and what to do.

    for section in report(): …

Read only, and a fixed number of queries however much content there is. A section that must be clean has
rows only where something is wrong. The others have rows that may be right, and that somebody should be able to explain:
one source may be all there is.
"""

import datetime
from collections.abc import Mapping

from django.utils import timezone

from relations.reporting import contradictions, links, names, order, support, upkeep
from relations.reporting.sections import Row, Section
from relations.reporting.wholes import wholes

__all__ = ["Row", "Section", "report"]


def report(*, texts: Mapping[str, bytes] | None = None, on: datetime.date | None = None) -> list[Section]:
    """All sections, empty ones too. `texts` maps the SHA-256 of a document to its bytes; `on` is today."""
    on = on or timezone.localdate()
    series = wholes()
    return [
        *support.sections(series),
        *contradictions.sections(series),
        *order.sections(series),
        *links.sections(texts or {}),
        *names.sections(),
        *upkeep.sections(on),
    ]
