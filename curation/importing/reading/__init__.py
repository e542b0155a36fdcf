"""Untrusted files, read as sheets of text cells.

    with open_table(file, "facts.csv") as table:
        for sheet in table.sheets():
            for line in sheet.lines:
                line.number, line.cells, line.problems

Whatever is wrong with one line or cell is a `Problem` of that line; whatever makes the whole file or sheet
unusable raises `Unreadable`, from `open_table`, from `sheets` or while lines are read, so a caller guards all
three. Nothing here is proportional to the size of the file in memory: neither refusing a file nor reading it.
It knows no models: what the headers mean is for others to say.
"""

from .opening import open_table
from .tables import LIMITS, Found, Limits, Line, Problem, Sheet, Table, Unreadable

__all__ = ["LIMITS", "Found", "Limits", "Line", "Problem", "Sheet", "Table", "Unreadable", "open_table"]
