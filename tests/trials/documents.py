"""Documents (ods) as LibreOffice and others write them, and as people leave them."""

import io
import zipfile
from collections.abc import Iterator
from datetime import date

from . import workbooks
from .trial import HEADERS, Facts, Trial, held
from .workbooks import Xml, ods, ods_archive, ods_content, ods_data, ods_table

SAVED = "saved 2 0 0"
_LAST_ROWS = (
    '<table:table-row table:number-rows-repeated="1048570"><table:table-cell table:number-columns-repeated="16384"/>'
    "</table:table-row>"
)


def trials(known: Facts) -> Iterator[Trial]:
    """Yield the trials of documents."""
    yield from _cells(known)
    yield from _tables(known)


def _document(rows: str, before: str = "", **more: str) -> bytes:
    return ods_archive(ods_content(ods_table(rows), before), more)


def _cells(known: Facts) -> Iterator[Trial]:
    row = known.rows[0]
    one = [held(row)]

    def cell(attributes: str, text: str = "") -> Xml:
        return Xml(f"<table:table-cell {attributes}>{f'<text:p>{text}</text:p>' if text else ''}</table:table-cell>")

    for name, place, value, expected in (
        ("percentage", 2, cell('office:value-type="percentage" office:value="0.5"', "50 %"), "saved 1 0 0"),
        (
            "currency",
            2,
            cell('office:value-type="currency" office:currency="CAD" office:value="0.5"', "0,50 $"),
            "saved 1 0 0",
        ),
        ("number-shown-otherwise", 2, cell('office:value-type="float" office:value="0.5"', "half"), "saved 1 0 0"),
        ("number-as-text", 2, cell('office:value-type="string"', "0.5"), "saved 1 0 0"),
        (
            "day-shown-otherwise",
            3,
            cell('office:value-type="date" office:date-value="2011-01-03"', "03/01/11"),
            "saved 1 0 0",
        ),
        (
            "spans-in-a-text",
            0,
            cell('office:value-type="string"', f"<text:span>{row[0][:3]}</text:span>{row[0][3:]}"),
            "saved 1 0 0",
        ),
        (
            "formula",
            2,
            cell('table:formula="of:=1/2" office:value-type="float" office:value="0.5"', "0.5"),
            "saved 1 0 0",
        ),
        ("formula-never-calculated", 2, cell('table:formula="of:=1/2"'), "errors 1 in fte"),
        (
            "formula-error",
            2,
            cell(
                'table:formula="of:=1/0" office:value-type="string" calcext:value-type="error" xmlns:calcext="urn:x"',
                "#DIV/0!",
            ),
            "errors 1 in fte",
        ),
        (
            "formula-err-502",
            2,
            cell('table:formula="of:=A()" office:value-type="string"', "Err:502"),
            "errors 1 in fte",
        ),
        ("truth", 2, cell('office:value-type="boolean" office:boolean-value="true"', "VRAI"), "errors 1 in fte"),
        ("infinite", 2, cell('office:value-type="float" office:value="1e309"', "1"), "errors 1 in fte"),
        ("not-a-number", 2, cell('office:value-type="float" office:value="NaN"', "1"), "errors 1 in fte"),
        (
            "day-with-a-time",
            3,
            cell('office:value-type="date" office:date-value="2011-01-03T12:30:00"', "x"),
            "errors 1 in start",
        ),
        (
            "day-that-is-none",
            3,
            cell('office:value-type="date" office:date-value="2011-02-29"', "x"),
            "errors 1 in start",
        ),
        ("day-empty", 3, cell('office:value-type="date" office:date-value=""', "x"), "errors 1 in start"),
        ("a-clock", 3, cell('office:value-type="time" office:time-value="PT09H30M00S"', "09:30"), "errors 1 in start"),
        ("a-number-for-a-day", 3, 40546, "errors 1 in start"),
    ):
        values = [*row[:place], value, *row[place + 1 :]]
        yield Trial(f"ods/{name}", ods([HEADERS, values]), expected, holds=one if expected[0] == "s" else None)
    wrong = [*row[:2], cell('office:value-type="float" office:value="half"', "x"), row[3]]
    yield Trial("ods/number-that-is-none", ods([HEADERS, wrong]), "refused damaged")


def _tables(known: Facts) -> Iterator[Trial]:
    rows = ods_data(known.table)
    good = ods(known.table)
    for name, content, notices in (
        ("plain", good, ()),
        ("styles-to-the-end", _document(rows + _LAST_ROWS), ()),
        (
            "blank-rows-repeated",
            _document(
                ods_data([HEADERS])
                + '<table:table-row table:number-rows-repeated="5"><table:table-cell/></table:table-row>'
                + ods_data(known.rows)
            ),
            ("blank_lines",),
        ),
        (
            "hidden-row",
            _document(
                rows.replace("<table:table-row>", '<table:table-row table:visibility="collapse">').replace(
                    ' table:visibility="collapse"', "", 2
                )
            ),
            ("hidden_rows",),
        ),
        (
            "filtered-row",
            _document(
                rows.replace("<table:table-row>", '<table:table-row table:visibility="filter">').replace(
                    ' table:visibility="filter"', "", 2
                )
            ),
            ("filtered_rows",),
        ),
        (
            "hidden-column",
            _document('<table:table-column/><table:table-column table:visibility="collapse"/>' + rows),
            ("hidden_columns",),
        ),
        (
            "header-rows",
            _document(
                rows.replace("<table:table-row>", "<table:table-header-rows><table:table-row>", 1).replace(
                    "</table:table-row>", "</table:table-row></table:table-header-rows>", 1
                )
            ),
            (),
        ),
        (
            "settings-and-thumbnail",
            _document(rows, **{"settings.xml": "<a/>", "meta.xml": "<a/>", "Thumbnails/thumbnail.png": "\x89PNG"}),
            (),
        ),
        (
            "two-tables",
            ods_archive(ods_content(ods_table(ods_data([["Read me"], ["x"]]), "Notes") + ods_table(rows))),
            ("several_sheets",),
        ),
        ("an-empty-table-first", ods_archive(ods_content(ods_table("", "Empty") + ods_table(rows))), ()),
        (
            "an-annotation",
            _document(
                rows.replace("<text:p>", "<office:annotation><text:p>ask</text:p></office:annotation><text:p>", 1)
            ),
            ("comments",),
        ),
        (
            "counts-from-1904",
            ods_archive(
                ods_content(
                    '<table:calculation-settings><table:null-date table:date-value="1904-01-01"/></table:calculation-settings>'
                    + ods_table(rows)
                )
            ),
            ("counts_from_1904",),
        ),
    ):
        yield Trial(f"ods/{name}", content, SAVED, holds=known.held, notices=frozenset(notices), file_name="trial.ods")
    bare = ods_archive(ods_content(ods_table(rows)), {"META-INF/manifest.xml": None})
    yield Trial("ods/no-manifest", bare, "refused damaged")
    repeated = ods_data([known.rows[0]]).replace(
        "<table:table-row>", '<table:table-row table:number-rows-repeated="3">'
    )
    yield Trial("ods/a-row-repeated", _document(ods_data([HEADERS]) + repeated), "errors 3 in officer")
    millions = repeated.replace('"3"', '"1048000"')
    yield Trial("ods/a-row-repeated-a-million-times", _document(ods_data([HEADERS]) + millions), "refused far_away")
    wide = ods_data([known.rows[0]]).replace(
        "<table:table-cell", '<table:table-cell table:number-columns-repeated="16000"', 1
    )
    yield Trial("ods/a-cell-repeated-16000-times", _document(ods_data([HEADERS]) + wide), "refused far_away")
    beyond = repeated.replace('"3"', '"99999999999999999999"')
    yield Trial("ods/a-row-repeated-beyond-numbers", _document(ods_data([HEADERS]) + beyond), "refused damaged")
    negative = repeated.replace('"3"', '"-5"')
    yield Trial("ods/a-row-repeated-minus-5-times", _document(ods_data([HEADERS]) + negative), "refused damaged")
    nothing = repeated.replace('"3"', '"0"')
    yield Trial("ods/a-row-repeated-0-times", _document(ods_data([HEADERS]) + nothing), "refused empty")
    covered = ods_data([(None, *known.rows[0][1:])]).replace("<table:table-cell/>", "<table:covered-table-cell/>")
    first = ods_data([known.rows[1]]).replace("<table:table-cell", '<table:table-cell table:number-rows-spanned="2"', 1)
    yield Trial(
        "ods/merged-rows",
        _document(ods_data([HEADERS]) + first + covered),
        "errors 1 in officer",
        notices=frozenset({"merged_cells"}),
    )
    encrypted = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><manifest:file-entry manifest:full-path="content.xml"><manifest:encryption-data/></manifest:file-entry></manifest:manifest>'
    yield Trial(
        "ods/encrypted", ods_archive(b"\x00\x01" * 99, {"META-INF/manifest.xml": encrypted}), "refused protected"
    )
    wholesome = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><manifest:file-entry manifest:full-path="encrypted-package"><manifest:encryption-data/></manifest:file-entry></manifest:manifest>'
    yield Trial(
        "ods/encrypted-whole",
        ods_archive("", {"content.xml": None, "encrypted-package": b"\x01" * 500, "META-INF/manifest.xml": wholesome}),
        "refused protected",
    )
    yield Trial(
        "ods/macros",
        ods_archive(ods_content(ods_table(rows)), {"Basic/Standard/Module1.xml": "<a/>"}),
        "refused macros",
    )
    yield Trial(
        "ods/event-listener",
        _document(rows, "<office:scripts><script:event-listener/></office:scripts>"),
        "refused macros",
    )
    link = "<table:dde-links><table:dde-link/></table:dde-links>"
    yield Trial("ods/dde", ods_archive(ods_content(ods_table(rows) + link)), "refused outside")
    yield Trial(
        "ods/a-table-of-another-file",
        _document('<table:table-source table:filter-name="x"/>' + rows),
        "refused outside",
    )
    yield Trial("ods/content-missing", ods_archive("", {"content.xml": None}), "refused damaged")
    yield Trial("ods/content-empty", ods_archive(""), "refused damaged")
    yield Trial("ods/content-cut", ods_archive(ods_content(ods_table(rows))[:-60]), "refused damaged")
    yield Trial("ods/no-tables", ods_archive(ods_content("")), "refused empty")
    yield Trial(
        "ods/text-document",
        ods_archive(ods_content(""), {"mimetype": "application/vnd.oasis.opendocument.text"}),
        "refused not_a_spreadsheet",
    )
    yield Trial(
        "ods/template",
        ods_archive(
            ods_content(ods_table(rows)), {"mimetype": "application/vnd.oasis.opendocument.spreadsheet-template"}
        ),
        "refused not_a_spreadsheet",
    )
    flat = ods_content(ods_table(rows)).encode()
    yield Trial("ods/flat", flat, "refused not_a_spreadsheet", file_name="trial.fods")
    yield Trial(
        "ods/deep",
        _document(
            rows.replace("<text:p>", "<text:p>" + "<text:span>" * 20_000, 1).replace(
                "</text:p>", "</text:span>" * 20_000 + "</text:p>", 1
            )
        ),
        SAVED,
        holds=known.held,
    )
    for tenth in range(1, 10):
        yield Trial(
            f"ods/cut-at-{tenth}-tenths", good[: len(good) * tenth // 10], "refused damaged", file_name="trial.ods"
        )
    yield Trial(
        "ods/day-of-the-year-9999", ods([HEADERS, (*known.rows[0][:3], date(9999, 12, 31))]), "errors 1 in start"
    )
    with zipfile.ZipFile(io.BytesIO(good)) as opened:
        entries = {name: opened.read(name) for name in opened.namelist()}
    yield Trial("ods/stored", workbooks.archive(entries, zipfile.ZIP_STORED), SAVED, holds=known.held)
