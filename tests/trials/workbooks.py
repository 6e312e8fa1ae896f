"""Workbooks made by hand, part by part, so that each of their parts can be as no spreadsheet program would write it."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from xml.sax.saxutils import escape, quoteattr

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
SHEET = "xl/worksheets/sheet1.xml"
STRINGS = "xl/sharedStrings.xml"
STYLES = "xl/styles.xml"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"

Parts = dict[str, bytes | str]


class Xml(str):
    """A cell as it stands in the file, its place written {place}."""


def letters(column: int) -> str:
    """Return the letters above the column, counted from 0."""
    name, number = "", column + 1
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def serial(day: date) -> int:
    """Return the number that a workbook keeps for the day."""
    return (day - date(1899, 12, 30)).days


def cell(value: Any, place: str) -> str:
    """Return the XML of a cell: texts inline, days by the style 1."""
    match value:
        case None:
            return ""
        case Xml():
            return value.replace("{place}", place)
        case bool():
            return f'<c r="{place}" t="b"><v>{value:d}</v></c>'
        case int() | float():
            return f'<c r="{place}"><v>{value!r}</v></c>'
        case datetime():
            seconds = value.hour * 3600 + value.minute * 60 + value.second
            return f'<c r="{place}" s="2"><v>{serial(value.date()) + seconds / 86400}</v></c>'
        case date():
            return f'<c r="{place}" s="1"><v>{serial(value)}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'


def row(values: Sequence[Any], line: int, attributes: str = "") -> str:
    """Return the XML of a row."""
    made = "".join(cell(value, f"{letters(column)}{line}") for column, value in enumerate(values))
    return f'<row r="{line}"{attributes}>{made}</row>'


def data(rows: Sequence[Sequence[Any]], first: int = 1) -> str:
    """Return the XML of rows, from the line `first` on."""
    return "".join(row(values, line) for line, values in enumerate(rows, first))


def worksheet(content: str, before: str = "", after: str = "", namespace: str = MAIN) -> str:
    """Return a sheet's part around the XML of its rows."""
    return (
        f'{_HEAD}<worksheet xmlns="{namespace}" xmlns:r="{RELATIONS}">{before}'
        f"<sheetData>{content}</sheetData>{after}</worksheet>"
    )


def strings(*items: str) -> str:
    """Return the part of shared texts, each the XML inside its <si>."""
    inside = "".join(f"<si>{item}</si>" for item in items)
    return f'{_HEAD}<sst xmlns="{MAIN}" count="{len(items)}" uniqueCount="{len(items)}">{inside}</sst>'


def workbook(
    *names: str, states: Mapping[str, str] | None = None, properties: str = "<workbookPr/>", after: str = ""
) -> str:
    """Return the workbook's part with sheets of these names."""
    sheets = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{number}" r:id="rId{number}"'
        f"{f' state={quoteattr(states[name])}' if states and name in states else ''}/>"
        for number, name in enumerate(names, 1)
    )
    return (
        f'{_HEAD}<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">{properties}<sheets>{sheets}</sheets>{after}</workbook>'
    )


def relations(*targets: tuple[str, str] | tuple[str, str, str]) -> str:
    """Return a part of relations: each the end of its type, its target, and perhaps more attributes."""
    inside = "".join(
        f'<Relationship Id="rId{number}" Type="{RELATIONS}/{kind}" Target="{target}" {"".join(more)}/>'
        for number, (kind, target, *more) in enumerate(targets, 1)
    )
    return f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{inside}</Relationships>'


def types(count: int = 1, more: str = "") -> str:
    """Return the part that says what each part is."""
    sheets = "".join(
        f'<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="{_TYPE}.worksheet+xml"/>'
        for number in range(1, count + 1)
    )
    return (
        f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/{STYLES}" ContentType="{_TYPE}.styles+xml"/>'
        f'<Override PartName="/{STRINGS}" ContentType="{_TYPE}.sharedStrings+xml"/>{sheets}{more}</Types>'
    )


# The formats of cells: 0 general, 1 a day, 2 a day and a time, 3 a percentage, 4 a clock, 5 a day written by hand.
STYLE_SHEET = (
    f'{_HEAD}<styleSheet xmlns="{MAIN}"><numFmts count="1">'
    '<numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/></numFmts>'
    '<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="1"><fill><patternFill patternType="none"/></fill></fills><borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0"/></cellStyleXfs><cellXfs count="6"><xf numFmtId="0"/>'
    '<xf numFmtId="14" applyNumberFormat="1"/><xf numFmtId="22" applyNumberFormat="1"/>'
    '<xf numFmtId="9" applyNumberFormat="1"/><xf numFmtId="20" applyNumberFormat="1"/>'
    '<xf numFmtId="164" applyNumberFormat="1"/></cellXfs></styleSheet>'
)


def parts(*sheets: str, names: Sequence[str] = (), **of_workbook: Any) -> Parts:
    """Return the parts of a workbook with these sheets, in the order in which a program writes them."""
    names = names or [f"Sheet{number}" for number in range(1, len(sheets) + 1)]
    targets = [("worksheet", f"worksheets/sheet{number}.xml") for number in range(1, len(sheets) + 1)]
    made: Parts = {
        "[Content_Types].xml": types(len(sheets)),
        "_rels/.rels": relations(("officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": workbook(*names, **of_workbook),
        "xl/_rels/workbook.xml.rels": relations(
            *targets, ("styles", "styles.xml"), ("sharedStrings", "sharedStrings.xml")
        ),
        STYLES: STYLE_SHEET,
        STRINGS: strings(),
    }
    for number, sheet in enumerate(sheets, 1):
        made[f"xl/worksheets/sheet{number}.xml"] = sheet
    return made


def archive(entries: Mapping[str, bytes | str | None], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return an archive of the parts; one that is None is left out."""
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", method) as made:
        for name, content in entries.items():
            if content is not None:
                made.writestr(name, content)
    return output.getvalue()


def xlsx(rows: Sequence[Sequence[Any]], more: Mapping[str, bytes | str | None] | None = None) -> bytes:
    """Return a workbook of the rows, with parts added, replaced, or left out where they are None."""
    return archive({**parts(worksheet(data(rows))), **(more or {})})


def of_sheet(content: str, before: str = "", after: str = "", **more: bytes | str | None) -> bytes:
    """Return a workbook whose one sheet is this; `more` are parts, their names' __ for a slash and _ for a dot."""
    named = {name.replace("__", "/").replace("_", "."): part for name, part in more.items()}
    return archive({**parts(worksheet(content, before, after)), **named})


# ods

_ODS = "application/vnd.oasis.opendocument.spreadsheet"
_ODS_NAMESPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for name in ("office", "table", "text", "style", "script")
)


def ods_cell(value: Any) -> str:
    """Return the XML of a cell of an ods table."""
    match value:
        case None:
            return "<table:table-cell/>"
        case Xml():
            return str(value)
        case int() | float():
            return f'<table:table-cell office:value-type="float" office:value="{value!r}"><text:p>{value}</text:p></table:table-cell>'
        case date():
            return (
                f'<table:table-cell office:value-type="date" office:date-value="{value.isoformat()}">'
                f"<text:p>{value:%d.%m.%y}</text:p></table:table-cell>"
            )
    paragraphs = "".join(f"<text:p>{escape(line)}</text:p>" for line in value.split("\n"))
    return f'<table:table-cell office:value-type="string">{paragraphs}</table:table-cell>'


def ods_data(rows: Sequence[Sequence[Any]]) -> str:
    """Return the XML of rows of an ods table."""
    return "".join(f"<table:table-row>{''.join(map(ods_cell, values))}</table:table-row>" for values in rows)


def ods_content(tables: str, before: str = "") -> str:
    """Return the content of a document around the XML of its tables."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {_ODS_NAMESPACES} office:version="1.2">'
        f"{before}<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"
    )


def ods_table(rows: str, name: str = "Feuille1") -> str:
    """Return a table around the XML of its rows."""
    return f"<table:table table:name={quoteattr(name)}>{rows}</table:table>"


def ods_archive(content: bytes | str, more: Mapping[str, bytes | str | None] | None = None) -> bytes:
    """Return a document with this content, and with parts added, replaced, or left out where they are None."""
    manifest = (
        '<?xml version="1.0" encoding="UTF-8"?><manifest:manifest '
        'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{_ODS}"/></manifest:manifest>'
    )
    return archive({"mimetype": _ODS, "content.xml": content, "META-INF/manifest.xml": manifest, **(more or {})})


def ods(rows: Sequence[Sequence[Any]]) -> bytes:
    """Return a document of the rows."""
    return ods_archive(ods_content(ods_table(ods_data(rows))))
