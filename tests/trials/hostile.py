"""Files that are made to harm, files that are something else, and files at the limits."""

import gzip
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator

from . import workbooks
from .trial import HEADERS, Facts, Trial, text
from .workbooks import MAIN, SHEET, STRINGS, STYLES, archive, data, parts, row, strings, worksheet

_MB = 1024 * 1024
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENTITIES = (
    '<!DOCTYPE x [<!ENTITY a "lol">'
    + "".join(f'<!ENTITY {"bcdefgh"[n]} "{f"&{chr(97 + n)};" * 10}">' for n in range(7))
    + "]>"
)
_OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
_DTD = '<!DOCTYPE x SYSTEM "http://example.invalid/x.dtd">'
_QUADRATIC = f'<!DOCTYPE x [<!ENTITY a "{"a" * 50_000}">]>'


def trials(known: Facts) -> Iterator[Trial]:
    """Yield the trials of hostile files."""
    yield from _bombs(known)
    yield from _markup(known)
    yield from _contents(known)
    yield from _others(known)
    yield from _limits(known)


def _good(known: Facts) -> workbooks.Parts:
    return parts(worksheet(data(known.table)))


# Bombs


def _bombs(known: Facts) -> Iterator[Trial]:
    good = _good(known)
    yield Trial(
        "bombs/by-ratio", lambda: archive({**good, "xl/media/a.bin": b"\0" * (190 * _MB)}), "refused too_large_unpacked"
    )
    yield Trial(
        "bombs/by-size", lambda: archive({**good, "xl/media/a.bin": b"\0" * (201 * _MB)}), "refused too_large_unpacked"
    )
    yield Trial(
        "bombs/by-count",
        lambda: archive({**good, **{f"xl/media/{n}.bin": b"" for n in range(70_000)}}),
        "refused too_large_unpacked",
    )
    yield Trial(
        "bombs/by-count-of-1001",
        lambda: archive({**good, **{f"x/{n}": b"" for n in range(1001)}}),
        "refused too_large_unpacked",
    )
    yield Trial("bombs/by-overlap", lambda: _overlapping(good), "refused damaged")
    yield Trial(
        "bombs/nested",
        lambda: archive({**good, "xl/media/a.zip": archive({"a": b"\0" * (50 * _MB)})}),
        "refused embedded",
    )
    yield Trial("bombs/size-said-small", lambda: _understated(good), "refused damaged")
    yield Trial(
        "bombs/one-huge-text",
        lambda: archive({**good, STRINGS: strings("<t>" + "a" * (30 * _MB) + "</t>")}),
        "refused too_large_unpacked",
    )
    yield Trial(
        "bombs/millions-of-texts",
        lambda: archive({**good, STRINGS: strings(*["<t>ab</t>"] * 1_600_000)}),
        "refused too_large_unpacked",
    )
    yield Trial(
        "bombs/a-million-formats",
        lambda: archive(
            {
                **good,
                STYLES: workbooks.STYLE_SHEET.replace(
                    '<xf numFmtId="9" applyNumberFormat="1"/>', '<xf numFmtId="9"/>' * 100_000
                ),
            }
        ),
        "refused too_many_formats",
    )
    yield Trial(
        "bombs/a-row-without-an-end",
        lambda: archive(
            {
                **good,
                SHEET: worksheet(
                    data(known.table) + f'<row r="4"><c r="A4"><is><t>{"a" * 18 * _MB}</t></is></c></row>'
                ),
            }
        ),
        "refused too_costly",
    )
    yield Trial("bombs/100000-by-200", lambda: _large_sheet(known, 100_000, 200), "refused larger")
    yield Trial("bombs/30000-by-60", lambda: _large_sheet(known, 30_000, 60), "refused too_many_cells")
    yield Trial(
        "bombs/20000-by-60-is-the-most",
        lambda: _large_sheet(known, 19_990, 60),
        f"asks unknown {', '.join(map(workbooks.letters, range(4, 60)))}",
    )
    yield Trial(
        "bombs/merged-a-hundred-thousand-times",
        lambda: archive(
            {
                **good,
                SHEET: worksheet(
                    data(known.table),
                    after="<mergeCells>"
                    + "".join(f'<mergeCell ref="A{n}:B{n}"/>' for n in range(10, 100_010))
                    + "</mergeCells>",
                ),
            }
        ),
        "saved 2 0 0",
    )
    yield Trial("bombs/comments-a-hundred-thousand", lambda: _many_comments(known), "saved 2 0 0")
    yield Trial(
        "bombs/nine-hundred-sheets", lambda: archive(parts(*[worksheet(data(known.table))] * 900)), "saved 2 0 0"
    )


def _overlapping(good: workbooks.Parts) -> bytes:
    """Return an archive whose directory names one entry many times."""
    made = archive({**good, "a": b"\0" * (40 * _MB)})
    with zipfile.ZipFile(io.BytesIO(made)) as opened:
        start, count = opened.start_dir, len(opened.infolist())
    directory = made[start:-22]
    last = directory.rindex(b"PK\x01\x02")
    entry = directory[last:]
    name = len(entry) - 1
    more = b"".join(entry[:name] + bytes([98 + number]) for number in range(20))
    end = struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, count + 20, count + 20, len(directory) + len(more), start, 0)
    return made[:start] + directory + more + end


def _understated(good: workbooks.Parts) -> bytes:
    """Return an archive that says of 100 MB that they are ten bytes."""
    made = bytearray(archive({**good, "xl/media/a.bin": b"\0" * (100 * _MB)}))
    for mark, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = made.rindex(mark)
        made[start + place : start + place + 4] = struct.pack("<L", 10)
    return bytes(made)


def _large_sheet(known: Facts, rows: int, columns: int) -> bytes:
    line = [*known.rows[0], *[1.25] * (columns - 4)]
    head = [*HEADERS, *(f"More {number}" for number in range(columns - 4))]
    sample = row(line, 2)
    output = io.BytesIO()
    entries = parts("")
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
        for name, content in entries.items():
            if name != SHEET:
                made.writestr(name, content)
        with made.open(SHEET, "w") as stream:
            before, after = worksheet("|").split("|")
            stream.write((before + row(head, 1)).encode())
            cells = sample.split('2"')
            for number in range(2, rows + 2):
                stream.write(f'{number}"'.join(cells).encode())
            stream.write(after.encode())
    return output.getvalue()


def _many_comments(known: Facts) -> bytes:
    comments = "".join(f'<comment ref="A{n}" authorId="0"><text><t>x</t></text></comment>' for n in range(1, 100_001))
    return archive(
        {
            **_good(known),
            "xl/comments1.xml": f'<comments xmlns="{MAIN}"><commentList>{comments}</commentList></comments>',
            "xl/worksheets/_rels/sheet1.xml.rels": workbooks.relations(("comments", "../comments1.xml")),
        }
    )


# XML


def _markup(known: Facts) -> Iterator[Trial]:
    good = _good(known)
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    for part in good:
        content = str(good[part])
        for name, declared in (("laughs", _ENTITIES), ("outside", _OUTSIDE)):
            made = {**good, part: content.replace(head, head + declared)}
            yield Trial(f"xml/{name}-in-{part.rsplit('/', 1)[-1]}", archive(made), "refused doctype")
    sheet = str(good[SHEET])
    for name, other in (
        ("outside-dtd", sheet.replace(head, head + _DTD)),
        ("quadratic", sheet.replace(head, head + _QUADRATIC)),
        ("doctype-after-a-comment", sheet.replace(head, head + "<!-- x -->" + _OUTSIDE)),
        ("doctype-far-down", sheet.replace("</sheetData>", "</sheetData>" + " " * 600_000 + _OUTSIDE)),
        ("doctype-without-a-head", sheet.replace(head, _OUTSIDE)),
    ):
        yield Trial(f"xml/{name}", archive({**good, SHEET: other}), "refused doctype")
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        made = {**good, SHEET: sheet.replace(head, head + _OUTSIDE).encode(encoding)}
        yield Trial(f"xml/doctype-in-{encoding}", archive(made), "refused doctype")
    seven = {**good, SHEET: sheet.replace("UTF-8", "UTF-7").replace(head, head + "+ADw-+ACE-DOCTYPE x+AD4-")}
    yield Trial("xml/doctype-in-utf-7", archive(seven), "refused foreign")
    # Under a name that no parser asks for, a DOCTYPE is refused all the same where the part is XML by its beginning.
    yield Trial(
        "xml/doctype-in-another-part", archive({**good, "docProps/core.xml": head + _DTD + "<a/>"}), "refused doctype"
    )
    for count, expected in {90: "saved 2 0 0", 200_000: "refused damaged"}.items():
        nested = "<a>" * count + "</a>" * count
        made = {
            **good,
            "xl/workbook.xml": str(good["xl/workbook.xml"]).replace(
                "</workbook>", f"<extLst>{nested}</extLst></workbook>"
            ),
        }
        yield Trial(f"xml/nested-{count}-times", archive(made), expected)
    deep = {**good, SHEET: sheet.replace("</worksheet>", "<a>" * 300_000 + "</a>" * 300_000 + "</worksheet>")}
    yield Trial("xml/sheet-nested-300000-times", archive(deep), "saved 2 0 0")
    many = " ".join(f'a{number}="1"' for number in range(200_000))
    yield Trial(
        "xml/200000-attributes",
        archive({**good, SHEET: sheet.replace("<sheetData>", f"<sheetData {many}>")}),
        "saved 2 0 0",
    )
    twice = sheet.replace('<row r="2"', '<row r="2" r="3"')
    yield Trial("xml/an-attribute-twice", archive({**good, SHEET: twice}), "saved 2 0 0", holds=known.held)
    long = f'a="{"b" * 8 * _MB}"'
    yield Trial(
        "xml/a-long-attribute",
        archive({**good, SHEET: sheet.replace("<sheetData>", f"<sheetData {long}>")}),
        "saved 2 0 0",
    )
    yield Trial("xml/undefined-entity", archive({**good, SHEET: sheet.replace("O-0", "&lol;", 1)}), "refused damaged")
    yield Trial("xml/reference-to-nul", archive({**good, SHEET: sheet.replace("O-0", "&#0;", 1)}), "refused damaged")
    yield Trial("xml/unclosed", archive({**good, SHEET: sheet.replace("</sheetData>", "")}), "refused damaged")


# What is inside


def _contents(known: Facts) -> Iterator[Trial]:
    good = _good(known)

    def with_(name: str, content: bytes | str = "<a/>") -> bytes:
        return archive({**good, name: content})

    rels = "xl/_rels/workbook.xml.rels"
    for name, made, expected in (
        ("macros", with_("xl/vbaProject.bin", _OLE), "macros"),
        (
            "macros-by-type",
            archive(
                {**good, "[Content_Types].xml": workbooks.types().replace("sheet.main+xml", "macroEnabled.main+xml")}
            ),
            "macros",
        ),
        ("macros-elsewhere", with_("elsewhere/vbaProject.bin", b"x"), "macros"),
        ("excel-4-macros", with_("xl/macrosheets/sheet1.xml"), "macros"),
        ("dialog-sheet", with_("xl/dialogsheets/sheet1.xml"), "macros"),
        ("external-links", with_("xl/externalLinks/externalLink1.xml"), "outside"),
        (
            "dde",
            with_(
                "xl/externalLinks/externalLink1.xml",
                "<externalLink><ddeLink ddeService='cmd' ddeTopic='/c calc'/></externalLink>",
            ),
            "outside",
        ),
        ("connections", with_("xl/connections.xml"), "outside"),
        ("query-tables", with_("xl/queryTables/queryTable1.xml"), "outside"),
        ("power-query", with_("customXml/item1.xml", "<DataMashup/>"), "outside"),
        (
            "outside-relation",
            with_(
                "xl/worksheets/_rels/sheet1.xml.rels",
                workbooks.relations(("oleObject", "file:///c:/x", 'TargetMode="External"')),
            ),
            "outside",
        ),
        (
            "outside-template",
            with_(
                "_rels/other.rels",
                workbooks.relations(("attachedTemplate", "http://example.invalid/x", 'TargetMode="External"')),
            ),
            "outside",
        ),
        ("ole-object", with_("xl/embeddings/oleObject1.bin", _OLE), "embedded"),
        ("activex", with_("xl/activeX/activeX1.xml"), "embedded"),
        ("form-control", with_("xl/ctrlProps/ctrlProp1.xml"), "embedded"),
        ("program", with_("xl/media/image1.png", b"MZ\x90\0" + b"\0" * 99), "embedded"),
        ("pdf", with_("docProps/a.bin", b"%PDF-1.7"), "embedded"),
        ("elf", with_("xl/media/a.bin", b"\x7fELF"), "embedded"),
        ("gzip-inside", with_("xl/media/a.bin", gzip.compress(b"x")), "embedded"),
        ("path-up", with_("../../etc/cron.d/x"), "damaged"),
        ("path-up-inside", with_("xl/../../x.xml"), "damaged"),
        ("path-absolute", with_("/etc/passwd"), "damaged"),
        ("path-of-windows", with_("C:\\x.xml"), "damaged"),
        ("path-with-a-bar", with_("xl\\x.xml"), "damaged"),
        ("names-twice-by-case", with_("XL/WORKBOOK.XML"), "damaged"),
        (
            "target-out-of-the-archive",
            archive(
                {**good, rels: workbooks.relations(("worksheet", "../../../../etc/passwd"), ("styles", "styles.xml"))}
            ),
            "damaged",
        ),
        (
            "target-on-the-web",
            archive(
                {
                    **good,
                    rels: workbooks.relations(
                        ("worksheet", "http://example.invalid/sheet1.xml", 'TargetMode="External"'),
                        ("styles", "styles.xml"),
                    ),
                }
            ),
            "outside",
        ),
        ("password", _encrypted(good), "protected"),
    ):
        yield Trial(f"inside/{name}", made, f"refused {expected}")
    itself = {**good, rels: workbooks.relations(("worksheet", "workbook.xml"), ("styles", "styles.xml"))}
    yield Trial("inside/workbook-as-its-own-sheet", archive(itself), "refused empty")


def _encrypted(good: workbooks.Parts) -> bytes:
    """Return the archive with its entries marked as encrypted."""
    made = bytearray(archive(good))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = -1
        while (start := made.find(mark, start + 1)) >= 0:
            made[start + place] |= 1
    return bytes(made)


# Other files


def _others(known: Facts) -> Iterator[Trial]:
    rows = text(known.table)
    table = (
        "<table>"
        + "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in line)}</tr>" for line in known.table)
        + "</table>"
    )
    png = b"\x89PNG\r\n\x1a\n" + struct.pack(">L", 13) + b"IHDR" + b"\0" * 40 + zlib.compress(bytes(range(256)) * 9)
    for name, file_name, content, expected in (
        ("pdf", "a.xlsx", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n", "not_a_spreadsheet"),
        ("xls", "a.xlsx", _OLE + b"\0" * 3000, "old_excel"),
        ("xls-named-csv", "a.csv", _OLE + b"\0" * 3000, "old_excel"),
        ("password-of-excel", "a.xlsx", _OLE + b"\0" * 500 + "EncryptedPackage".encode("utf-16-le"), "protected"),
        ("docx", "a.xlsx", archive({"[Content_Types].xml": "<a/>", "word/document.xml": "<a/>"}), "not_a_spreadsheet"),
        (
            "pptx",
            "a.xlsx",
            archive({"[Content_Types].xml": "<a/>", "ppt/presentation.xml": "<a/>"}),
            "not_a_spreadsheet",
        ),
        ("xlsb", "a.xlsx", archive({"[Content_Types].xml": "<a/>", "xl/workbook.bin": b"\x83\x01"}), "old_excel"),
        ("jar", "a.xlsx", archive({"META-INF/MANIFEST.MF": "x", "A.class": b"\xca\xfe\xba\xbe"}), "not_a_spreadsheet"),
        ("png", "a.xlsx", png, "not_a_spreadsheet"),
        ("jpeg", "a.csv", b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(range(256)) * 20, "not_a_spreadsheet"),
        ("html-named-xls", "a.xls", f"<html><body>{table}</body></html>".encode(), "not_a_spreadsheet"),
        ("html-with-a-bom", "a.xls", f"\ufeff<html>{table}</html>".encode(), "not_a_spreadsheet"),
        (
            "xml-spreadsheet-2003",
            "a.xls",
            b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>',
            "not_a_spreadsheet",
        ),
        ("svg", "a.csv", b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>', "not_a_spreadsheet"),
        ("rtf", "a.csv", b"{\\rtf1\\ansi x}", "not_a_spreadsheet"),
        ("zip-of-csv", "a.zip", archive({"a.csv": rows}), "not_a_spreadsheet"),
        ("gzip-of-csv", "a.csv.gz", gzip.compress(rows.encode()), "not_a_spreadsheet"),
        ("tar", "a.csv", b"a.csv" + b"\0" * 507 + rows.encode() + b"\0" * 1024, "not_a_spreadsheet"),
        ("program", "a.csv", b"MZ\x90\0" + bytes(range(256)) * 9, "not_a_spreadsheet"),
        ("sqlite", "a.csv", b"SQLite format 3\0" + b"\x10\0\x01\x01\0" * 400, "not_a_spreadsheet"),
        ("random-bytes", "a.xlsx", bytes((n * n * 31 + n // 7) % 256 for n in range(50_000)), "not_a_spreadsheet"),
        ("empty-archive", "a.xlsx", b"PK\x05\x06" + b"\0" * 18, "not_a_spreadsheet"),
    ):
        yield Trial(f"others/{name}", content, f"refused {expected}", file_name=file_name)
    lines = json.dumps([dict(zip(HEADERS, map(str, line), strict=True)) for line in known.rows], indent=1)
    yield Trial("others/json", lines.encode(), "asks missing officer, jfo, fte, start; unknown A", file_name="a.json")
    yield Trial(
        "others/a-letter",
        b"Dear colleague,\n\nplease find the list attached.\n\nBest regards\n",
        "asks missing officer, jfo, fte, start; unknown A",
    )
    good = archive(_good(known))
    for name in (
        "a.csv",
        "a.pdf",
        "a",
        "a.xlsx.exe",
        "../../a.xlsx",
        "é" * 200 + ".xlsx",
        "<b>.xlsx",
        "a\u202excod.xlsx",
        "%(x)s {0}.csv",
    ):
        yield Trial(
            f"others/good-named-{name[:20].replace('/', ':')}", good, "saved 2 0 0", file_name=name, holds=known.held
        )


# Limits


def _limits(known: Facts) -> Iterator[Trial]:
    for rows, expected in ((100_000, "saved 100000 0 0"), (100_001, "refused too_many_rows")):
        yield Trial(f"limits/{rows}-rows-of-text", _programs(rows), expected, "programs", file_name="a.csv")
        yield Trial(f"limits/{rows}-rows-of-xlsx", _program_sheet(rows), expected, "programs")
    for columns, expected in (
        (200, f"asks unknown {', '.join(map(workbooks.letters, range(4, 200)))}"),
        (201, "refused too_wide"),
    ):
        more = [f"More {number}" for number in range(columns - 4)]
        table = [[*HEADERS, *more], *[[*line, *["x"] * len(more)] for line in known.rows]]
        yield Trial(f"limits/{columns}-columns-of-text", text(table).encode(), expected)
        yield Trial(f"limits/{columns}-columns-of-xlsx", archive(parts(worksheet(data(table)))), expected)
    lines = text(known.table).encode()
    exactly = lines + b"\n" * (10 * _MB - len(lines))
    yield Trial("limits/exactly-10-mb", exactly, "saved 2 0 0")
    yield Trial("limits/10-mb-and-a-byte", exactly + b"\n", "refused larger")
    head = "Code,Name in English,Name in French,Kind\n"
    long = "x" * 19_000
    yield Trial(
        "limits/9-mb-of-long-texts",
        (head + f"TRIAL-1,{long},{long},Regional\n" * 240).encode(),
        "errors 240 in code, name_en, name_fr",
        "programs",
    )
    yield Trial("limits/2001-rows", _programs(2001), "saved 2001 0 0", "programs", file_name="a.csv")


def _programs(count: int) -> Callable[[], bytes]:
    def made() -> bytes:
        lines = "".join(f"TRIAL-{number},Trial {number},Essai {number},Regional\n" for number in range(count))
        return ("Code,Name in English,Name in French,Kind\n" + lines).encode()

    return made


def _program_sheet(count: int) -> Callable[[], bytes]:
    def made() -> bytes:
        rows = [("Code", "Name in English", "Name in French", "Kind")]
        rows += [(f"TRIAL-{number}", f"Trial {number}", f"Essai {number}", "Regional") for number in range(count)]
        return archive(parts(worksheet(data(rows))))

    return made
