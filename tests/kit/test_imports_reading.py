"""A file is read for what it holds, whatever its name, or refused with a sentence that says what to do."""

import io
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import date, datetime

import pytest
import xlsxwriter
from django.conf import LazySettings, settings
from django.utils.translation import override

from jfo_portal.kit import exports
from jfo_portal.kit.imports.cells import Fault, fold, tidy
from jfo_portal.kit.imports.reading import ImportRefused, Sheet, read
from jfo_portal.kit.tables import Column

# A spreadsheet knows no time zone.
MOMENT = datetime(2010, 10, 1, 12, 30)  # noqa: DTZ001
HEADERS = ("Officer", "Start")
SHEET = "xl/worksheets/sheet1.xml"
NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    """A page asked for in French leaves its language behind in the process."""
    with override("en"):
        yield


def workbook(*sheets: list[list[object]]) -> bytes:
    output = io.BytesIO()
    with xlsxwriter.Workbook(output, {"default_date_format": "yyyy-mm-dd"}) as book:
        for rows in sheets:
            sheet = book.add_worksheet()
            for line, row in enumerate(rows):
                sheet.write_row(line, 0, row)
    return output.getvalue()


GOOD = workbook([["Officer", "Start"], ["O-0001", date(2010, 10, 1)]])


def repacked(**entries: bytes) -> bytes:
    """The good workbook with entries added or replaced; a name's __ stands for a slash, its _ for a dot."""
    output = io.BytesIO()
    changes = {name.replace("__", "/").replace("_", "."): content for name, content in entries.items()}
    with zipfile.ZipFile(io.BytesIO(GOOD)) as old, zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, changes.pop(name, old.read(name)))
        for name, content in changes.items():
            new.writestr(name, content)
    return output.getvalue()


def with_cells(xml: str) -> bytes:
    return repacked(
        xl__worksheets__sheet1_xml=f'<worksheet xmlns="{NAMESPACE}"><sheetData>{xml}</sheetData></worksheet>'.encode()
    )


def read_bytes(data: bytes) -> Sheet:
    return read(io.BytesIO(data), HEADERS)


def lines(sheet: Sheet) -> list[tuple[int, tuple[object, ...]]]:
    """Each row's line and its cells, without the empty ones at its end."""
    rows: list[tuple[int, tuple[object, ...]]] = []
    for position, line in enumerate(sheet.lines):
        row = [sheet.cell(place, position) for place in range(len(sheet.headers))]
        while row and row[-1] is None:
            row.pop()
        rows.append((line, tuple(row)))
    return rows


def refusal(data: bytes) -> str:
    with pytest.raises(ImportRefused) as caught:
        read_bytes(data)
    return str(caught.value)


# What is read


def test_a_workbook_gives_typed_cells_with_their_line() -> None:
    data = workbook([["Officer", "Start"], ["O-0001", date(2010, 10, 1)], [], [101, MOMENT]])
    sheet = read_bytes(data)
    assert sheet.headers == ["Officer", "Start"]
    assert lines(sheet) == [(2, ("O-0001", date(2010, 10, 1))), (4, (101, MOMENT))]


def test_a_workbook_that_counts_from_1904_gives_the_same_day() -> None:
    output = io.BytesIO()
    with xlsxwriter.Workbook(output, {"default_date_format": "yyyy-mm-dd", "date_1904": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADERS)
        sheet.write_row(1, 0, ["O-0001", date(2010, 10, 1)])
    assert lines(read_bytes(output.getvalue())) == [(2, ("O-0001", date(2010, 10, 1)))]


def test_the_header_is_the_first_row_that_is_not_blank_and_a_left_margin_keeps_its_letters() -> None:
    sheet = read_bytes(workbook([[], [], [None, "Officer", "Start"], [None, "O-0001", date(2010, 10, 1)]]))
    assert (sheet.header_line, sheet.column_letter(0)) == (3, "B")
    assert lines(sheet) == [(4, ("O-0001", date(2010, 10, 1)))]


def test_the_sheet_with_the_known_headers_is_taken() -> None:
    data = workbook([], [["Notes"], ["Read me"]], [["officer", "START"], ["O-0001", None]], [["Officer"], ["O-0002"]])
    assert (read_bytes(data).name, lines(read_bytes(data))) == ("Sheet3", [(2, ("O-0001",))])


def test_an_ods_workbook_is_read_like_any_other() -> None:
    content = (
        '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
        ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
        ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.2"><office:body>'
        '<office:spreadsheet><table:table table:name="Feuille1"><table:table-row>'
        '<table:table-cell office:value-type="string"><text:p>Officer</text:p></table:table-cell>'
        '<table:table-cell office:value-type="string"><text:p>Start</text:p></table:table-cell></table:table-row>'
        "<table:table-row><table:table-cell/></table:table-row>"
        '<table:table-row><table:table-cell office:value-type="float" office:value="101"><text:p>101</text:p>'
        '</table:table-cell><table:table-cell office:value-type="date" office:date-value="2010-10-01">'
        "<text:p>2010-10-01</text:p></table:table-cell></table:table-row>"
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        '<manifest:file-entry manifest:full-path="/" '
        'manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/></manifest:manifest>'
    )
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", manifest)
    sheet = read_bytes(output.getvalue())
    assert (sheet.name, lines(sheet)) == ("Feuille1", [(3, (101, date(2010, 10, 1)))])


@pytest.mark.parametrize(
    ("text", "encoding", "delimiter"),
    [
        ("Officer,Start\nO-0001,é\n", "utf-8", ","),
        ("Officer,Start\nO-0001,é\n", "utf-8-sig", ","),
        ("Officer;Start\nO-0001;é\n", "cp1252", ";"),
        ("Officer\tStart\nO-0001\té\n", "utf-16", "\t"),
        ("Officer\tStart\nO-0001\té\n", "utf-16-le", "\t"),
    ],
)
def test_text_is_read_in_each_encoding_and_with_each_delimiter(text: str, encoding: str, delimiter: str) -> None:
    sheet = read_bytes(text.encode(encoding))
    assert (sheet.encoding, sheet.delimiter) == (encoding, delimiter)
    assert lines(sheet) == [(2, ("O-0001", "é"))]


def test_the_known_headers_decide_between_delimiters() -> None:
    sheet = read_bytes(b"Officer;Start\na,b;1\nc,d;2\n")
    assert lines(sheet)[0] == (2, ("a,b", "1"))


def test_a_record_of_several_lines_of_text_is_one_row_as_in_excel() -> None:
    assert [line for line, _cells in lines(read_bytes(b'Officer,Start\n"O\n1",x\n\nO-2,y\n'))] == [2, 4]


def test_text_is_trimmed_composed_and_freed_of_strange_spaces() -> None:
    assert tidy("\ufeff \xa0Rene\u0301e\u202fRoy ") == "Renée Roy"
    assert tidy(" \xa0 ") is None
    assert tidy("a\x00b") == "a\ufffdb"


def test_two_spellings_of_a_name_fold_to_one() -> None:
    assert fold(" Dernier  Jour D’Été") == fold("dernier jour d'ete")
    assert fold("101.0") == fold("101")
    assert fold("FB‑03") == "fb-03"


@pytest.mark.parametrize("text", ["=1+1", "-x", "'=1", "''@a", "plain"])
def test_what_an_export_put_before_a_formula_is_taken_off_again(text: str) -> None:
    columns = [Column("Officer", "Officer", value=str), Column("Start", "Start", value=len)]
    made = "".join(exports.csv_blocks(columns, [text]))
    assert lines(read_bytes(made.encode())) == [(2, (text, str(len(text))))]


def test_a_sheet_survives_being_put_away() -> None:
    sheet = read_bytes(workbook([["Officer", "Start"], [0.25, date(2010, 10, 1)], [True, MOMENT]]))
    assert Sheet.unpacked(sheet.packed()) == sheet


def test_errors_and_formulas_never_calculated_are_not_taken_for_empty_cells() -> None:
    sheet = read_bytes(
        with_cells(
            '<row r="1"><c r="A1" t="inlineStr"><is><t>Officer</t></is></c>'
            '<c r="B1" t="inlineStr"><is><t>Start</t></is></c></row>'
            '<row r="2"><c r="A2" t="e"><f>1/0</f><v>#DIV/0!</v></c><c r="B2"><f>A1</f></c></row>'
            '<row r="3"><c r="A3" t="str"><f>T("")</f><v></v></c><c r="B3"><v>inf</v></c></row>'
        )
    )
    assert lines(sheet) == [
        (2, (Fault("error", "#DIV/0!"), Fault("formula"))),
        (3, (None, Fault("number", "inf"))),
    ]


def test_an_error_that_the_file_does_not_name_is_not_taken_for_an_empty_cell() -> None:
    sheet = read_bytes(
        with_cells(
            '<row r="1"><c r="A1" t="inlineStr"><is><t>Officer</t></is></c></row>'
            '<row r="2"><c r="A2" t="e"><v></v></c></row>'
        )
    )
    assert lines(sheet) == [(2, (Fault("error"),))]


# What is refused


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "holds no rows"),
        (b"Officer,Start\n", "holds no rows"),
        (b"\x89PNG\r\n\x1a\n\0\0", "not a spreadsheet"),
        (b"%PDF-1.4 ...", "not a spreadsheet"),
        (b"<html><table></table></html>", "not a spreadsheet"),
        (GOOD[:-40], "damaged"),
        (b"PK\x03\x04 not really", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "older kind"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password"),
        (repacked(xl__vbaProject_bin=b"x"), "macros"),
        (repacked(xl__styles_xml=b'<?xml version="1.0"?><!DOCTYPE styleSheet><styleSheet/>'), "DOCTYPE"),
        (repacked(xl__media__x_bin=b"\0" * 60_000_000), "once unpacked"),
        (b'Officer,Start\nO-1,"open\nO-2,x\n', "quotation marks of row 2"),
        (b"Officer,Start\n" + b"x" * 30_000 + b",y\n", "more than 20000 characters"),
        (b",".join(b"c%d" % number for number in range(300)) + b"\n1\n", "more than 200 columns"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_remedy(data: bytes, words: str) -> None:
    assert words in refusal(data)


def test_the_size_is_counted_and_not_believed() -> None:
    """A bomb may claim in its directory that it is small."""
    data = bytearray(repacked(xl__media__x_bin=b"\0" * 60_000_000))
    data = data.replace((60_000_000).to_bytes(4, "little"), (60).to_bytes(4, "little"))
    assert refusal(bytes(data)) in (refusal(GOOD[:-40]), refusal(repacked(xl__media__x_bin=b"\0" * 60_000_000)))


def test_a_sheet_that_would_fill_the_memory_is_refused_by_the_limit_of_its_process() -> None:
    # Written as no spreadsheet program writes it, so that it is not seen how far the cell is.
    corner = (
        "<row r='1'><c r='A1'><v>1</v></c></row><row r='9'><c r='XFD900000'><v>1</v></c><c r='A9'><v>1</v></c></row>"
    )
    assert "more time or memory" in refusal(with_cells(corner))


def test_a_cell_left_behind_far_from_the_others_is_refused_with_its_place() -> None:
    first = '<row r="1"><c r="A1"><v>1</v></c></row>'
    for place, line in (("XFD2", 2), ("A1048576", 1048576), ("XFD1048576", 1048576)):
        far = f'<row r="{line}"><c r="{place}"><v>1</v></c></row>'
        assert f"Cell {place} stands far" in refusal(with_cells(first + far))


def test_a_file_over_the_size_limit_is_refused(settings: LazySettings) -> None:
    settings.IMPORT_MAX_BYTES = 1024 * 1024
    assert "larger than 1 MB" in refusal(b"x" * (1024 * 1024 + 1))


def test_the_reading_process_loads_no_django() -> None:
    program = "import sys, jfo_portal.kit.imports.reader; print('django' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, cwd=settings.BASE_DIR, check=True)
    assert done.stdout.strip() == b"False"
