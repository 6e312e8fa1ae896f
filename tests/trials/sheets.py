"""Workbooks (xlsx) as other programs write them, and as people leave them."""

import struct
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from io import BytesIO
from typing import Any

from . import workbooks
from .trial import HEADERS, Facts, Trial, held
from .workbooks import (
    MAIN,
    SHEET,
    STRINGS,
    STYLES,
    Xml,
    archive,
    data,
    of_sheet,
    parts,
    row,
    serial,
    strings,
    worksheet,
    xlsx,
)

SAVED = "saved 2 0 0"
_STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
_STRICT_RELATIONS = "http://purl.oclc.org/ooxml/officeDocument/relationships"


def trials(known: Facts) -> Iterator[Trial]:
    """Yield the trials of workbooks."""
    yield from _cells(known)
    yield from _days(known)
    yield from _formulas(known)
    yield from _strings(known)
    yield from _around(known)
    yield from _several(known)
    yield from _dialects(known)
    yield from _archives(known)


def _one(known: Facts, place: int, value: Any) -> bytes:
    """Return a workbook of one good row with another value in one place."""
    values = list(known.rows[0])
    values[place] = value
    return xlsx([HEADERS, values])


def _cells(known: Facts) -> Iterator[Trial]:
    one = [held(known.rows[0])]
    yield Trial("xlsx/plain", xlsx(known.table), SAVED, holds=known.held, notices=frozenset())
    yield Trial("xlsx/rows-of-nothing", xlsx([]), "refused empty")
    yield Trial("xlsx/header-alone", xlsx([HEADERS]), "refused empty")
    yield Trial(
        "xlsx/blank-rows",
        xlsx([HEADERS, [""], known.rows[0], [" ", "\xa0"], known.rows[1]]),
        SAVED,
        holds=known.held,
        notices=frozenset({"blank_lines"}),
    )
    for name, value, expected in (
        ("number-as-text", "0.5", "saved 1 0 0"),
        ("comma-as-text", "0,5", "saved 1 0 0"),
        ("percentage", Xml('<c r="{place}" s="3"><v>0.5</v></c>'), "saved 1 0 0"),
        ("exponent", Xml('<c r="{place}"><v>5.0000000000000000E-1</v></c>'), "saved 1 0 0"),
        ("binary-dust", Xml('<c r="{place}"><v>0.50000000000000011</v></c>'), "saved 1 0 0"),
        ("too-fine", Xml('<c r="{place}"><v>0.505</v></c>'), "errors 1 in fte"),
        ("too-large", 1.5, "errors 1 in fte"),
        ("1e309", Xml('<c r="{place}"><v>1e309</v></c>'), "errors 1 in fte"),
        ("nan", Xml('<c r="{place}"><v>NaN</v></c>'), "errors 1 in fte"),
        ("infinity", Xml('<c r="{place}"><v>INF</v></c>'), "errors 1 in fte"),
        ("19-digits", Xml('<c r="{place}"><v>1234567890123456789</v></c>'), "errors 1 in fte"),
        ("minus-0", Xml('<c r="{place}"><v>-0</v></c>'), "errors 1 in fte"),
        ("truth", True, "errors 1 in fte"),
        ("a-day", date(1900, 1, 2), "errors 1 in fte"),
        ("a-clock", Xml('<c r="{place}" s="4"><v>0.5</v></c>'), "errors 1 in fte"),
        ("error", Xml('<c r="{place}" t="e"><v>#DIV/0!</v></c>'), "errors 1 in fte"),
        ("unknown-error", Xml('<c r="{place}" t="e"><v>#BLOCKED!</v></c>'), "refused damaged"),
        ("empty-number", Xml('<c r="{place}"><v></v></c>'), "errors 1 in fte"),
        ("type-of-no-kind", Xml('<c r="{place}" t="zz"><v>0.5</v></c>'), "refused damaged"),
        ("text-in-a-number", Xml('<c r="{place}"><v>half</v></c>'), "errors 1 in fte"),
        ("style-out-of-range", Xml('<c r="{place}" s="999"><v>0.5</v></c>'), "saved 1 0 0"),
        ("style-not-a-number", Xml('<c r="{place}" s="x"><v>0.5</v></c>'), "saved 1 0 0"),
    ):
        yield Trial(f"xlsx/number-{name}", _one(known, 2, value), expected, holds=one if expected[0] == "s" else None)
    code = Xml(
        '<c r="{place}" t="inlineStr"><is><r><t>O-</t></r><r><rPr><b/></rPr><t>'
        + known.officers[0][2:]
        + "</t></r></is></c>"
    )
    yield Trial("xlsx/rich-text-inline", _one(known, 0, code), "saved 1 0 0", holds=one)
    escaped = Xml('<c r="{place}" t="inlineStr"><is><t>_x004F_' + known.officers[0][1:] + "</t></is></c>")
    yield Trial("xlsx/escaped-letter", _one(known, 0, escaped), "saved 1 0 0", holds=one)
    control = ("TRIAL-1", "Trial team", Xml('<c r="{place}" t="inlineStr"><is><t>a_x0000_b</t></is></c>'), "Regional")
    head = ("Code", "Name in English", "Name in French", "Kind")
    yield Trial("xlsx/escaped-nul", xlsx([head, control]), "errors 1 in name_fr", "programs")
    for name, code_, kept in (("code-as-number", 101, "101"), ("code-with-zeros", "000101", "000101")):
        content = xlsx([head, (code_, "Trial team", "Équipe", "Regional")])
        yield Trial(
            f"xlsx/{name}",
            content,
            "saved 1 0 0",
            "programs",
            holds=[(kept, "Trial team", "Équipe", "regional", "False")],
        )


def _days(known: Facts) -> Iterator[Trial]:
    cells: tuple[tuple[str, Any, date], ...] = (
        ("own", date(2011, 1, 3), date(2011, 1, 3)),
        ("own-by-hand", Xml(f'<c r="{{place}}" s="5"><v>{serial(date(2011, 1, 3))}</v></c>'), date(2011, 1, 3)),
        ("iso-type", Xml('<c r="{place}" t="d"><v>2011-01-03</v></c>'), date(2011, 1, 3)),
        ("iso-type-with-style", Xml('<c r="{place}" s="1" t="d"><v>2011-01-03T00:00:00</v></c>'), date(2011, 1, 3)),
        ("as-text", "2011-01-03", date(2011, 1, 3)),
    )
    for name, value, day in cells:
        row_ = [held((*known.rows[0][:3], day))]
        yield Trial(f"xlsx/day-{name}", _one(known, 3, value), "saved 1 0 0", holds=row_)
    wrong: tuple[tuple[str, Any], ...] = (
        ("with-time", datetime(2011, 1, 3, 12, 30)),  # noqa: DTZ001
        ("a-minute-before", Xml(f'<c r="{{place}}" s="2"><v>{serial(date(2011, 1, 3)) - 1 / 1440}</v></c>')),
        ("as-number", serial(date(2011, 1, 3))),
        ("as-text-of-a-number", str(serial(date(2011, 1, 3)))),
        ("zero", Xml('<c r="{place}" s="1"><v>0</v></c>')),
        ("sixty", Xml('<c r="{place}" s="1"><v>60</v></c>')),
        ("negative", Xml('<c r="{place}" s="1"><v>-1</v></c>')),
        ("far", Xml('<c r="{place}" s="1"><v>2958466</v></c>')),
        ("very-far", Xml('<c r="{place}" s="1"><v>1e300</v></c>')),
        ("clock", Xml('<c r="{place}" s="4"><v>0.25</v></c>')),
        ("iso-wrong", Xml('<c r="{place}" t="d"><v>2011-02-29</v></c>')),
        ("as-text-of-excel", "03/01/2011"),
        ("hashes", "########"),
    )
    for name, value in wrong:
        yield Trial(f"xlsx/day-{name}", _one(known, 3, value), "errors 1 in start")
    counted = serial(date(2011, 1, 3)) - 1462
    of_1904 = parts(
        worksheet(data([HEADERS, (*known.rows[0][:3], Xml(f'<c r="{{place}}" s="1"><v>{counted}</v></c>'))])),
        properties='<workbookPr date1904="1"/>',
    )
    row_ = [held((*known.rows[0][:3], date(2011, 1, 3)))]
    yield Trial(
        "xlsx/day-of-1904", archive(of_1904), "saved 1 0 0", holds=row_, notices=frozenset({"counts_from_1904"})
    )
    yield Trial("xlsx/day-as-number-without-styles", xlsx(known.table, {STYLES: None}), "errors 2 in start")


def _formulas(known: Facts) -> Iterator[Trial]:
    one = [held(known.rows[0])]
    formula = frozenset({"formulas"})
    for name, xml, expected in (
        ("calculated", "<f>1/2</f><v>0.5</v>", "saved 1 0 0"),
        ("shared", '<f t="shared" ref="C2:C3" si="0">1/2</f><v>0.5</v>', "saved 1 0 0"),
        ("shared-follower", '<f t="shared" si="0"/><v>0.5</v>', "saved 1 0 0"),
        ("array", '<f t="array" ref="C2">SUM(1/2)</f><v>0.5</v>', "saved 1 0 0"),
        ("data-table", '<f t="dataTable" ref="C2" r1="A1"/><v>0.5</v>', "saved 1 0 0"),
        ("external", "<f>[1]Sheet1!A1</f><v>0.5</v>", "saved 1 0 0"),
        ("command", "<f>cmd|' /C calc'!A0</f><v>0.5</v>", "saved 1 0 0"),
        ("web", '<f>WEBSERVICE("http://example.invalid/")</f><v>0.5</v>', "saved 1 0 0"),
        ("never-calculated", "<f>1/2</f>", "errors 1 in fte"),
        ("calculated-to-nothing", "<f>1/2</f><v></v>", "errors 1 in fte"),
        ("shared-never-calculated", '<f t="shared" si="0"/>', "errors 1 in fte"),
    ):
        content = _one(known, 2, Xml(f'<c r="{{place}}">{xml}</c>'))
        saved = expected[0] == "s"
        yield Trial(
            f"formulas/{name}", content, expected, holds=one if saved else None, notices=formula if saved else None
        )
    for name, xml in (
        ("error", '<c r="{place}" t="e"><f>1/0</f><v>#DIV/0!</v></c>'),
        ("error-reference", '<c r="{place}" t="e"><f>#REF!</f><v>#REF!</v></c>'),
        ("empty-text", '<c r="{place}" t="str"><f>""</f><v></v></c>'),
    ):
        yield Trial(f"formulas/{name}", _one(known, 2, Xml(xml)), "errors 1 in fte")
    text = Xml('<c r="{place}" t="str"><f>"O-"&amp;1</f><v>' + known.officers[0] + "</v></c>")
    yield Trial("formulas/a-text", _one(known, 0, text), "saved 1 0 0", holds=one, notices=formula)


def _shared(known: Facts, *items: str, code: str = "0") -> dict[str, bytes | str | None]:
    """Return the parts in which the first officer is a shared text."""
    values = [Xml(f'<c r="{{place}}" t="s"><v>{code}</v></c>'), *known.rows[0][1:]]
    return {SHEET: worksheet(data([HEADERS, values])), STRINGS: strings(*items)}


def _strings(known: Facts) -> Iterator[Trial]:
    one, officer = [held(known.rows[0])], known.officers[0]
    good = f"<t>{officer}</t>"
    rich = f"<r><t>{officer[:2]}</t></r><r><rPr><i/></rPr><t>{officer[2:]}</t></r>"
    phonetic = f'<t>{officer}</t><rPh sb="0" eb="1"><t>オフィサー</t></rPh><phoneticPr fontId="1"/>'
    for name, entries, expected in (
        ("shared", _shared(known, good), "saved 1 0 0"),
        ("shared-rich", _shared(known, rich), "saved 1 0 0"),
        ("shared-phonetic", _shared(known, phonetic), "saved 1 0 0"),
        ("shared-preserved-spaces", _shared(known, f'<t xml:space="preserve"> {officer}\n</t>'), "saved 1 0 0"),
        ("shared-in-cdata", _shared(known, f"<t><![CDATA[{officer}]]></t>"), "saved 1 0 0"),
        ("shared-by-references", _shared(known, f"<t>&#x4F;{officer[1:]}</t>"), "saved 1 0 0"),
        ("shared-empty", _shared(known, "<t/>"), "errors 1 in officer"),
        ("shared-none", _shared(known, ""), "errors 1 in officer"),
        ("shared-out-of-range", _shared(known, good, code="7"), "refused damaged"),
        ("shared-negative", _shared(known, good, code="-1"), "refused damaged"),
        ("shared-huge-number", _shared(known, good, code="9" * 30), "refused damaged"),
        ("shared-no-number", _shared(known, good, code="x"), "refused damaged"),
        ("shared-part-missing", {**_shared(known, good), STRINGS: None}, "refused damaged"),
        ("shared-part-cut", {**_shared(known, good), STRINGS: strings(good)[:-30]}, "refused damaged"),
        (
            "shared-count-wrong",
            {**_shared(known, good), STRINGS: strings(good).replace('unt="1"', 'unt="4000000000"')},
            "refused too_costly",
        ),
    ):
        content = xlsx([], entries)
        yield Trial(f"xlsx/{name}", content, expected, holds=one if expected[0] == "s" else None)


def _around(known: Facts) -> Iterator[Trial]:
    """What stands around the cells."""
    rows = data(known.table)
    for name, content, notices in (
        ("dimension-wrong", of_sheet(rows, '<dimension ref="A1:B1"/>'), ()),
        ("dimension-huge", of_sheet(rows, '<dimension ref="A1:XFD1048576"/>'), ()),
        ("hidden-row", of_sheet(rows.replace('<row r="3"', '<row r="3" hidden="1"')), ("hidden_rows",)),
        (
            "filtered",
            of_sheet(
                rows.replace('<row r="3"', '<row r="3" hidden="1"'),
                after='<autoFilter ref="A1:D3"><filterColumn colId="0"><filters><filter val="x"/></filters></filterColumn></autoFilter>',
            ),
            ("filtered_rows",),
        ),
        ("filter-without-effect", of_sheet(rows, after='<autoFilter ref="A1:D3"/>'), ()),
        ("hidden-column", of_sheet(rows, '<cols><col min="3" max="3" hidden="1"/></cols>'), ("hidden_columns",)),
        ("hidden-to-the-end", of_sheet(rows, '<cols><col min="5" max="16384" hidden="1"/></cols>'), ()),
        (
            "frozen",
            of_sheet(
                rows,
                '<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" state="frozen"/></sheetView></sheetViews>',
            ),
            (),
        ),
        (
            "merged-beside",
            of_sheet(rows, after='<mergeCells count="1"><mergeCell ref="F1:G2"/></mergeCells>'),
            ("merged_cells",),
        ),
        (
            "conditional-format",
            of_sheet(
                rows,
                after='<conditionalFormatting sqref="A1:D9"><cfRule type="duplicateValues" priority="1"/></conditionalFormatting>',
            ),
            (),
        ),
        (
            "validation-list",
            of_sheet(
                rows,
                after='<dataValidations count="1"><dataValidation type="list" sqref="A2:A9"><formula1>"a,b"</formula1></dataValidation></dataValidations>',
            ),
            (),
        ),
        ("protected-sheet", of_sheet(rows, after='<sheetProtection sheet="1"/>'), ()),
        ("rows-without-numbers", of_sheet(rows.replace(' r="1"', "").replace(' r="2"', "").replace(' r="3"', "")), ()),
        (
            "rows-with-spans",
            of_sheet(
                rows.replace(
                    '<row r="2"',
                    '<row r="2" spans="1:4" ht="15" customHeight="1" x14ac:dyDescent="0.25" xmlns:x14ac="urn:x"',
                )
            ),
            (),
        ),
        (
            "formats-to-the-end",
            of_sheet(rows + "".join(f'<row r="{line}"><c r="A{line}" s="1"/></row>' for line in range(4, 3000))),
            (),
        ),
        ("a-format-in-the-last-cell", of_sheet(rows + '<row r="1048576"><c r="XFD1048576" s="1"/></row>'), ()),
        ("comments", _with_comments(known), ("comments",)),
        ("a-picture", archive({**parts(worksheet(rows)), "xl/media/image1.png": b"\x89PNG\r\n\x1a\n"}), ("pictures",)),
        (
            "defined-names",
            archive(
                parts(
                    worksheet(rows),
                    after='<definedNames><definedName name="_xlnm.Print_Area">Sheet1!$A$1</definedName><definedName name="bad">#REF!</definedName></definedNames>',
                )
            ),
            (),
        ),
        (
            "printer-settings",
            archive({**parts(worksheet(rows)), "xl/printerSettings/printerSettings1.bin": b"\x00" * 400}),
            (),
        ),
        (
            "a-hyperlink",
            archive(
                {
                    **parts(worksheet(rows, after='<hyperlinks><hyperlink ref="A2" r:id="rId1"/></hyperlinks>')),
                    "xl/worksheets/_rels/sheet1.xml.rels": workbooks.relations(
                        ("hyperlink", "https://example.invalid/", 'TargetMode="External"')
                    ),
                }
            ),
            (),
        ),
        ("custom-xml", archive({**parts(worksheet(rows)), "customXml/item1.xml": "<a/>"}), ()),
    ):
        yield Trial(f"xlsx/{name}", content, SAVED, holds=known.held, notices=frozenset(notices))
    yield Trial("xlsx/dimension-nonsense", of_sheet(rows, '<dimension ref="ZZZZ9:A"/>'), "refused damaged")
    merged = [HEADERS, known.rows[0], (None, *known.rows[1][1:])]
    below = of_sheet(data(merged), after='<mergeCells count="1"><mergeCell ref="A2:A3"/></mergeCells>')
    yield Trial("xlsx/merged-rows", below, "errors 1 in officer", notices=frozenset({"merged_cells"}))
    header = [("Officer number", None, "FTE", "First day"), *known.rows]
    beside = of_sheet(data(header), after='<mergeCells count="1"><mergeCell ref="A1:B1"/></mergeCells>')
    yield Trial(
        "xlsx/merged-headers", beside, "asks missing jfo; unknown B", notices=frozenset({"merged_cells", "no_headers"})
    )
    yield Trial(
        "xlsx/headers-in-row-5", of_sheet(row(["Team report"], 1) + data(known.table, 5)), SAVED, holds=known.held
    )
    shifted = [(None, None, None, *values) for values in known.table]
    yield Trial("xlsx/begins-in-column-d", xlsx(shifted), SAVED, holds=known.held)
    far = of_sheet(data(known.table) + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')
    yield Trial("xlsx/a-value-in-the-last-cell", far, "refused far_away")
    wide = of_sheet(data(known.table) + '<row r="4"><c r="XFD4"><v>1</v></c></row>')
    yield Trial("xlsx/a-value-in-the-last-column", wide, "refused far_away")
    beyond = of_sheet(data(known.table) + '<row r="4"><c r="ZZZZ99999999"><v>1</v></c></row>')
    yield Trial("xlsx/a-place-that-is-none", beyond, "refused too_costly")
    backwards = of_sheet(row(known.table[0], 1) + row(known.rows[1], 3) + row(known.rows[0], 2))
    yield Trial("xlsx/rows-in-another-order", backwards, "refused damaged")
    twice = of_sheet(data(known.table) + row((known.officers[2], *known.rows[1][1:]), 3))
    yield Trial("xlsx/one-row-twice", twice, "refused damaged")


def _with_comments(known: Facts) -> bytes:
    comments = (
        f'<comments xmlns="{MAIN}"><authors><author>x</author></authors><commentList>'
        '<comment ref="B2" authorId="0"><text><t>Ask again</t></text></comment></commentList></comments>'
    )
    return archive(
        {
            **parts(worksheet(data(known.table))),
            "xl/comments1.xml": comments,
            "xl/worksheets/_rels/sheet1.xml.rels": workbooks.relations(("comments", "../comments1.xml")),
        }
    )


def _several(known: Facts) -> Iterator[Trial]:
    good, notes = worksheet(data(known.table)), worksheet(data([["Read me"], ["first"]]))
    empty = worksheet("")
    several = frozenset({"several_sheets"})
    for name, content, notices in (
        ("good-last", archive(parts(notes, empty, good)), several),
        ("good-first", archive(parts(good, notes)), several),
        ("hidden-other", archive(parts(notes, good, states={"Sheet1": "hidden"})), frozenset({"hidden_sheets"})),
        (
            "very-hidden-other",
            archive(parts(good, notes, states={"Sheet2": "veryHidden"})),
            frozenset({"hidden_sheets"}),
        ),
        ("names-of-all-kinds", archive(parts(notes, good, names=["É & <b>", "a'b\"c"])), several),
        ("empty-name", archive(parts(good, names=[""])), frozenset()),
    ):
        yield Trial(f"sheets/{name}", content, SAVED, holds=known.held, notices=notices)
    yield Trial("sheets/all-hidden", archive(parts(good, states={"Sheet1": "hidden"})), "refused empty")
    yield Trial("sheets/all-empty", archive(parts(empty, empty)), "refused empty")
    yield Trial("sheets/none", archive(parts()), "refused empty")
    missing = parts(good)
    del missing[SHEET]
    yield Trial("sheets/part-missing", archive(missing), "refused damaged")
    chart = {
        **parts(good),
        "xl/_rels/workbook.xml.rels": workbooks.relations(("chartsheet", "chartsheets/sheet1.xml")),
        "xl/chartsheets/sheet1.xml": "<chartsheet/>",
    }
    yield Trial("sheets/a-chart-alone", archive(chart), "refused empty")
    order = parts(notes, good)
    order["xl/workbook.xml"] = (
        workbooks.workbook("B", "A").replace("rId1", "rIdX").replace("rId2", "rId1").replace("rIdX", "rId2")
    )
    yield Trial("sheets/another-order", archive(order), SAVED, holds=known.held, notices=several)
    many = [worksheet(data([[f"{number}"], ["x"]])) for number in range(250)]
    yield Trial("sheets/two-hundred-and-fifty", archive(parts(*many, good)), SAVED, holds=known.held, notices=several)


def _dialects(known: Facts) -> Iterator[Trial]:
    """The same workbook as other programs, and other versions of the standard, write it."""
    rows = data(known.table)
    sheet = worksheet(rows)
    prefixed = sheet.replace("<", "<x:").replace("<x:/", "</x:").replace("<x:?", "<?").replace("xmlns=", "xmlns:x=")
    strict = {
        name: part.replace(MAIN, _STRICT).replace(workbooks.RELATIONS, _STRICT_RELATIONS)
        for name, part in parts(sheet).items()
        if isinstance(part, str)
    }
    absolute = {
        **parts(sheet),
        "xl/_rels/workbook.xml.rels": workbooks.relations(
            ("worksheet", "/xl/worksheets/sheet1.xml"), ("styles", "/xl/styles.xml")
        ),
    }
    bom = {name: "\ufeff" + part for name, part in parts(sheet).items() if isinstance(part, str)}
    bare = sheet.replace('<?xml version="1.0" encoding="UTF-8" standalone="yes"?>', "")
    comments = sheet.replace("<row", "<!-- <row r='9'><c r='A9'><v>1</v></c></row> --><row", 1)
    instruction = sheet.replace("<row", "<?go now?><row", 1)
    backwards = dict(reversed(parts(sheet).items()))
    single = sheet.replace('"', "'")
    spread = sheet.replace("><", ">\n  <")
    capital = {("XL/Workbook.xml" if name == "xl/workbook.xml" else name): part for name, part in parts(sheet).items()}
    elsewhere = {("xl/tables of mine/été.xml" if name == SHEET else name): part for name, part in parts(sheet).items()}
    elsewhere["xl/_rels/workbook.xml.rels"] = workbooks.relations(
        ("worksheet", "tables of mine/été.xml"), ("styles", "styles.xml")
    )
    for name, content in (
        ("prefix", archive({**parts(sheet), SHEET: prefixed})),
        ("strict", archive(strict)),
        ("absolute-targets", archive(absolute)),
        ("bom-in-each-part", archive(bom)),
        ("no-xml-declaration", archive({**parts(sheet), SHEET: bare})),
        ("xml-comments", archive({**parts(sheet), SHEET: comments})),
        ("processing-instruction", archive({**parts(sheet), SHEET: instruction})),
        ("parts-backwards", archive(backwards)),
        ("single-quotes", archive({**parts(sheet), SHEET: single})),
        ("spread-over-lines", archive({**parts(sheet), SHEET: spread})),
        ("sheet-elsewhere", archive(elsewhere)),
        ("no-strings-part", archive({name: part for name, part in parts(sheet).items() if name != STRINGS})),
    ):
        yield Trial(f"dialects/{name}", content, SAVED, holds=known.held)
    unrelated = archive({name: part for name, part in parts(sheet).items() if name != "_rels/.rels"})
    yield Trial("dialects/no-package-relations", unrelated, "refused damaged")
    yield Trial("dialects/capital-names", archive(capital), "refused not_a_spreadsheet")
    utf16 = {**parts(sheet), SHEET: sheet.replace("UTF-8", "UTF-16").encode("utf-16")}
    yield Trial("dialects/utf-16", archive(utf16), "refused foreign")
    latin = {**parts(sheet), SHEET: sheet.replace("UTF-8", "ISO-8859-1")}
    yield Trial("dialects/latin-1", archive(latin), "refused foreign")
    for name, part in (("workbook", "xl/workbook.xml"), ("sheet", SHEET)):
        cut = parts(sheet)
        cut[part] = str(cut[part])[: len(str(cut[part])) // 2]
        yield Trial(f"dialects/{name}-cut", archive(cut), "refused damaged")
        yield Trial(
            f"dialects/{name}-empty",
            archive({**parts(sheet), part: ""}),
            "refused damaged",
        )
        invalid = {**parts(sheet), part: str(parts(sheet)[part]).encode().replace(b"</", b"\xff\xfe</", 1)}
        yield Trial(f"dialects/{name}-with-wrong-bytes", archive(invalid), "refused damaged")


def _archives(known: Facts) -> Iterator[Trial]:
    """The same workbook, its archive written otherwise."""
    entries = parts(worksheet(data(known.table)))
    yield Trial("archives/stored", archive(entries, zipfile.ZIP_STORED), SAVED, holds=known.held)
    yield Trial("archives/bzip2", archive(entries, zipfile.ZIP_BZIP2), "refused damaged")
    yield Trial("archives/lzma", archive(entries, zipfile.ZIP_LZMA), "refused damaged")
    for name, made in (
        ("large-headers", _large(entries)),
        ("data-descriptors", _streamed(entries)),
        ("extra-fields", _extra(entries)),
    ):
        yield Trial(f"archives/{name}", made, SAVED, holds=known.held)
    good = archive(entries)
    yield Trial("archives/a-comment", _commented(good), "refused damaged")
    yield Trial("archives/something-before", b"MZ" + b"\0" * 100 + good, "refused not_a_spreadsheet")
    yield Trial("archives/something-after", good + b"\0" * 100, "refused damaged")
    yield Trial("archives/two-in-one", good + good, "refused damaged")
    for tenth in range(1, 10):
        yield Trial(f"archives/cut-at-{tenth}-tenths", good[: len(good) * tenth // 10], "refused damaged")
    yield Trial("archives/cut-by-a-byte", good[:-1], "refused damaged")
    with zipfile.ZipFile(BytesIO(good)) as opened:
        entry = opened.getinfo(SHEET)
        directory = opened.start_dir
    start = good.index(b"PK\x01\x02", directory)
    while good[start + 46 : start + 46 + len(SHEET)] != SHEET.encode():
        start = good.index(b"PK\x01\x02", start + 4)
    yield Trial("archives/wrong-crc", _with(good, start + 16, struct.pack("<L", entry.CRC ^ 1)), "refused damaged")
    less = _with(good, start + 24, struct.pack("<L", entry.file_size - 10))
    yield Trial("archives/size-said-smaller", less, "refused damaged")
    # What comes out is what is counted; that the directory boasts does no harm.
    for name, size in (("larger", entry.file_size + 10), ("huge", 0xFFFFFFF0)):
        more = _with(good, start + 24, struct.pack("<L", size))
        yield Trial(f"archives/size-said-{name}", more, SAVED, holds=known.held)
    yield Trial("archives/packed-size-wrong", _with(good, start + 20, struct.pack("<L", 10)), "refused damaged")
    yield Trial("archives/offset-wrong", _with(good, start + 42, struct.pack("<L", 3)), "refused damaged")
    body = entry.header_offset + 30 + len(SHEET) + 20
    yield Trial("archives/a-bit-turned", _with(good, body, bytes([good[body] ^ 8])), "refused damaged")
    yield Trial("archives/directory-gone", good[:directory], "refused damaged")
    yield Trial("archives/only-an-end", b"PK\x05\x06" + b"\0" * 18, "refused not_a_spreadsheet")


def _with(content: bytes, place: int, other: bytes) -> bytes:
    return content[:place] + other + content[place + len(other) :]


def _commented(good: bytes) -> bytes:
    output = BytesIO(good)
    with zipfile.ZipFile(output, "a") as made:
        made.comment = b"made by a program"
    return output.getvalue()


def _large(entries: workbooks.Parts) -> bytes:
    output = BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in entries.items():
            with made.open(name, "w", force_zip64=True) as stream:
                stream.write(content.encode() if isinstance(content, str) else content)
    return output.getvalue()


class _Pipe(BytesIO):
    """A stream that cannot go back, for which an archive's sizes stand after each entry."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_args: int) -> int:
        raise OSError

    def tell(self) -> int:
        raise OSError


def _streamed(entries: workbooks.Parts) -> bytes:
    output = _Pipe()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in entries.items():
            made.writestr(name, content)
    return output.getvalue()


def _extra(entries: workbooks.Parts) -> bytes:
    output = BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in entries.items():
            info = zipfile.ZipInfo(name)
            info.extra = struct.pack("<HHBL", 0x5455, 5, 1, 1_300_000_000)
            made.writestr(info, content, zipfile.ZIP_DEFLATED)
    return output.getvalue()
