"""Workbooks made of parts by hand, as no spreadsheet writes them."""

import io
import zipfile

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PARTS = {
    "[Content_Types].xml": "<Types/>",
    "_rels/.rels": f'<Relationships><Relationship Id="r1" Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/>'
    "</Relationships>",
    "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>'
    '<sheet name="facts" sheetId="1" r:id="r1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": "<Relationships>"
    f'<Relationship Id="r1" Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="r2" Type="{RELATIONS}/styles" Target="styles.xml"/>'
    f'<Relationship Id="r3" Type="{RELATIONS}/sharedStrings" Target="/xl/sharedStrings.xml"/>'
    "</Relationships>",
    "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"/>',
    "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}"><si><t>ref</t></si></sst>',
    "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c></row>'
    "</sheetData></worksheet>",
}


def zipped(parts, *, compression=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return file


def workbook(**changed):
    """A small workbook; `sheet1`, `styles`, … replace a part."""
    parts = dict(PARTS)
    for name, data in changed.items():
        [part] = [part for part in PARTS if part.rpartition("/")[2] in (f"{name}.xml", f"{name}.xml.rels")][:1]
        parts[part] = data
    return zipped(parts)


def rows_of(inner, before="", after=""):
    return f'<worksheet xmlns="{MAIN}">{before}<sheetData>{inner}</sheetData>{after}</worksheet>'
