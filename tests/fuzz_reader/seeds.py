"""Good files of every kind that an import reads, from which the broken ones are made."""

import io
import zipfile
from datetime import date, datetime, time
from pathlib import Path

import xlsxwriter

SAMPLES = Path(__file__).parents[2] / "fixtures" / "samples"
HEADERS = ("Officer number", "JFO", "Start", "End", "FTE", "Note")

ROWS: tuple[tuple[object, ...], ...] = (
    ("O-0001", "JFO-01", date(2010, 10, 1), date(2011, 3, 31), 0.5, "Rene\u0301e"),
    ("O-0002", "JFO-02", date(2010, 11, 1), None, 1, "plain"),
    ("000101", 101, "2010-12-01", date(2011, 6, 30), "0,25", " \xa0spaced "),
    ("O-0004", "JFO-02", datetime(2010, 10, 1, 12, 30), None, True, '\U0001f600 and <tags> & "quotes"'),  # noqa: DTZ001
)


def workbook(**options: object) -> bytes:
    """Return an xlsx workbook with something of all that a sheet may hold."""
    output = io.BytesIO()
    with xlsxwriter.Workbook(output, {"default_date_format": "yyyy-mm-dd", **options}) as book:
        bold, percent = book.add_format({"bold": True}), book.add_format({"num_format": "0%"})
        clock = book.add_format({"num_format": "hh:mm"})
        sheet = book.add_worksheet("Officers")
        sheet.write_row(0, 0, HEADERS)
        for line, row in enumerate(ROWS, 1):
            sheet.write_row(line, 0, row)
        sheet.write_formula(6, 0, '="O-"&"0005"', None, "O-0005")
        sheet.write_formula(6, 4, "=1/0", None, "#DIV/0!")
        sheet.write_formula(7, 4, "=1/4", percent, 0.25)
        sheet.write_rich_string(7, 5, "rich ", bold, "text", " here")
        sheet.write_datetime(7, 2, time(9, 30), clock)
        sheet.write_comment("A2", "A note to oneself")
        sheet.merge_range("A10:B10", "together")
        sheet.set_row(3, None, None, {"hidden": True})
        sheet.set_column("F:F", 20, None, {"hidden": True})
        sheet.autofilter(0, 0, 8, 5)
        sheet.write_url("F3", "https://example.invalid/")
        sheet.data_validation("E2:E9", {"validate": "list", "source": ["1", "0.5"]})
        sheet.conditional_format("E2:E9", {"type": "cell", "criteria": ">", "value": 1, "format": bold})
        other = book.add_worksheet("Notes")
        other.write_column(0, 0, ["Read me", "first"])
        book.add_worksheet("Kept").hide()
        book.define_name("Levels", "=Officers!$E$2:$E$9")
    return output.getvalue()


_NAMESPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{path}:1.0"'
    for name, path in (("office", "office"), ("table", "table"), ("text", "text"), ("style", "style"))
)


def document(rows: str | None = None) -> bytes:
    """Return an ods document with something of all that a table may hold."""
    cells = "".join(
        f'<table:table-cell office:value-type="string"><text:p>{header}</text:p></table:table-cell>'
        for header in HEADERS
    )
    body = (
        f"<table:table-row>{cells}</table:table-row>"
        '<table:table-row table:visibility="collapse"><table:table-cell office:value-type="string">'
        "<office:annotation><text:p>a comment</text:p></office:annotation><text:p>O-0001</text:p></table:table-cell>"
        '<table:table-cell office:value-type="float" office:value="101"><text:p>101</text:p></table:table-cell>'
        '<table:table-cell office:value-type="date" office:date-value="2010-10-01"><text:p/></table:table-cell>'
        '<table:table-cell office:value-type="date" office:date-value="2011-03-31T12:30:00"/>'
        '<table:table-cell office:value-type="percentage" office:value="0.5"><text:p>50 %</text:p></table:table-cell>'
        '<table:table-cell office:value-type="boolean" office:boolean-value="true"><text:p>VRAI</text:p>'
        "</table:table-cell></table:table-row>"
        '<table:table-row table:number-rows-repeated="2"><table:table-cell table:number-columns-repeated="6"/>'
        "</table:table-row>"
        '<table:table-row><table:table-cell table:number-columns-spanned="2" office:value-type="string">'
        "<text:p>O-<text:span>00</text:span><text:s/>02</text:p></table:table-cell><table:covered-table-cell/>"
        '<table:table-cell office:value-type="time" office:time-value="PT09H30M00S"><text:p>09:30</text:p>'
        '</table:table-cell><table:table-cell table:formula="of:=1/0" office:value-type="string">'
        '<text:p>#DIV/0!</text:p></table:table-cell><table:table-cell table:formula="of:=[.A1]"/>'
        "</table:table-row>"
        '<table:table-row table:number-rows-repeated="1048570"><table:table-cell '
        'table:number-columns-repeated="16384"/></table:table-row>'
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {_NAMESPACES} office:version="1.2">'
        '<office:automatic-styles><style:style style:name="ta1" style:family="table">'
        '<style:table-properties table:display="true"/></style:style></office:automatic-styles>'
        '<office:body><office:spreadsheet><table:table table:name="Officers" table:style-name="ta1">'
        '<table:table-column/><table:table-column table:visibility="collapse" table:number-columns-repeated="2"/>'
        f"{body if rows is None else rows}</table:table>"
        '<table:table table:name="Notes"><table:table-row><table:table-cell office:value-type="string">'
        "<text:p>Read me</text:p></table:table-cell></table:table-row></table:table>"
        "</office:spreadsheet></office:body></office:document-content>"
    )
    manifest = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        '<manifest:file-entry manifest:full-path="/" '
        'manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/></manifest:manifest>'
    )
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", manifest)
    return output.getvalue()


def text(delimiter: str, encoding: str, mark: str = ".") -> bytes:
    """Return a text file of the same rows."""
    lines = [delimiter.join(HEADERS)]
    for row in ROWS:
        cells = ["" if cell is None else str(cell) for cell in row]
        cells[4] = cells[4].replace(".", mark)
        lines.append(delimiter.join(f'"{cell}"'.replace('"', '""')[1:-1] if '"' in cell else cell for cell in cells))
    return "\r\n".join(lines).encode(encoding, errors="replace")


def all_seeds() -> dict[str, bytes]:
    """Return the good files by their names."""
    seeds = {
        "workbook.xlsx": workbook(),
        "workbook-1904.xlsx": workbook(date_1904=True),
        "workbook-inline.xlsx": workbook(constant_memory=True),
        "document.ods": document(),
        "comma.csv": text(",", "utf-8"),
        "semicolon.csv": text(";", "cp1252", ","),
        "tab.tsv": text("\t", "utf-16"),
        "bar.txt": text("|", "utf-8-sig"),
    }
    for path in sorted(SAMPLES.glob("*")):
        if path.suffix in (".xlsx", ".ods", ".csv", ".tsv"):
            seeds[path.name] = path.read_bytes()
    return seeds
