"""A cell is read as the spreadsheet shows it: days, times, numbers, texts and truths, from xlsx and ods alike."""

import io
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import xlsxwriter
from django.utils.translation import override

from jfo_portal.kit.imports.cells import Cell, Fault
from jfo_portal.kit.imports.reading import Sheet, read

from ..fuzz_reader.seeds import document
from .test_imports_reading import NAMESPACE, repacked, with_cells


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with override("en"):
        yield


def read_bytes(data: bytes) -> Sheet:
    return read(io.BytesIO(data), ("Officer", "Value"))


def column(sheet: Sheet) -> list[Cell]:
    place = list(sheet.headers).index("Value")
    return [sheet.cell(place, position) for position in range(len(sheet))]


# What Excel shows for the number of a day, told by the calendar alone

SERIALS = (61, 366, 367, 36_585, 40_452, 40_633, 73_050, 2_958_465)
DAY_FORMATS: tuple[Any, ...] = ("yyyy-mm-dd;@", 14, "d mmm yyyy", "[$-40C]d mmmm yyyy", 'yyyy"-"mm', "[$-F800]dddd", 22)


def shown(serial: float, first: date) -> date:
    """The day a serial number stands for: days counted on a calendar from the first one, which is 0."""
    return first + timedelta(days=int(serial))


@pytest.mark.parametrize("from_1904", [False, True])
def test_a_native_day_is_that_day_in_every_format(from_1904: bool) -> None:
    first = date(1904, 1, 1) if from_1904 else date(1899, 12, 30)
    serials = [serial for serial in SERIALS if serial < 2_900_000 or not from_1904]
    output = io.BytesIO()
    with xlsxwriter.Workbook(output, {"date_1904": from_1904}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Officer", *(f"Day {place}" for place in range(len(DAY_FORMATS)))])
        for line, serial in enumerate(serials, 1):
            sheet.write(line, 0, serial)
            for place, number_format in enumerate(DAY_FORMATS, 1):
                sheet.write_number(line, place, serial, book.add_format({"num_format": number_format}))
    made = read_bytes(output.getvalue())
    for place in range(1, len(DAY_FORMATS) + 1):
        days = [made.cell(place, position) for position in range(len(made))]
        assert days == [shown(serial, first) for serial in serials]


@pytest.mark.parametrize(
    ("number", "number_format", "cell"),
    [
        (40452.5208333333, "yyyy-mm-dd hh:mm", datetime(2010, 10, 1, 12, 30)),  # noqa: DTZ001
        # Midnight, but for what a fraction cannot say.
        (40451.9999999999, "yyyy-mm-dd", date(2010, 10, 1)),
        (0.5, "hh:mm", "12:00:00"),
        (1.25, "[h]:mm", "30:00:00"),
        (0.5, "0%", 0.5),
        (101.0, "General", 101),
        (40452, "0", 40452),
        (40452, "@", 40452),
        (40452, '"day "0', 40452),
        (0.1 + 0.2, "0.00", 0.3),
        (2_958_466, "yyyy-mm-dd", 2_958_466),
    ],
)
def test_a_number_is_what_its_format_shows(number: float, number_format: str, cell: Cell) -> None:
    output = io.BytesIO()
    with xlsxwriter.Workbook(output) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Officer", "Value"])
        sheet.write(1, 0, "O-0001")
        sheet.write_number(1, 1, number, book.add_format({"num_format": number_format}))
    assert column(read_bytes(output.getvalue())) == [cell]


# Each cell of column B as XML, and what is read
CELLS: list[tuple[str, Cell]] = [
    ('t="d"><v>2010-10-01T00:00:00</v>', date(2010, 10, 1)),
    ('t="d"><v>2010-10-01</v>', date(2010, 10, 1)),
    ('t="b"><v>1</v>', True),
    ('t="b"><v>0</v>', False),
    ("><v>1</v>", 1),
    ("><v>1E3</v>", 1000),
    ('t="str"><v>007</v>', "007"),
    ('t="inlineStr"><is><t>0101.0</t></is>', "0101.0"),
    ('t="inlineStr"><is><r><t>rich</t></r><r><rPr><b/></rPr><t xml:space="preserve"> text </t></r></is>', "rich text"),
    ('t="inlineStr"><is><t>漢字</t><rPh sb="0" eb="2"><t>kanji</t></rPh></is>', "漢字"),
    ('t="inlineStr"><is><t>a_x000D_&#10;b</t></is>', "a\nb"),
    ('t="inlineStr"><is><t><![CDATA[a<b]]>&amp;&#233;</t></is>', "a<b&é"),
    ("><v>1e400</v>", Fault("number", "inf")),
    ('t="e"><v>#N/A</v>', Fault("error", "#N/A")),
    ('t="e"><f>X()</f><v>#NAME?</v>', Fault("error", "#NAME?")),
    ("><f>A1</f>", Fault("formula")),
    ('><f t="shared" si="0"/>', Fault("formula")),
    ("><f>1+1</f><v>2</v>", 2),
    ('t="str"><f>""</f><v></v>', None),
    ('s="1" t="n">', None),
]


def test_every_kind_of_cell_of_a_workbook_is_read() -> None:
    """With its place written, and left out, and with a namespace's prefix."""
    header = (
        '<row r="1"><c r="A1" t="inlineStr"><is><t>Officer</t></is></c>'
        '<c r="B1" t="inlineStr"><is><t>Value</t></is></c></row>'
    )
    rows = "".join(
        f'<row r="{line}"><c r="A{line}"><v>{line}</v></c><c r="B{line}" {xml}</c></row>'
        for line, (xml, _cell) in enumerate(CELLS, 2)
    )
    expected = [cell for _xml, cell in CELLS]
    found = column(read_bytes(with_cells(header + rows)))
    assert found == expected
    assert [type(cell) for cell in found] == [type(cell) for cell in expected]
    unplaced = rows
    for line in range(2, len(CELLS) + 2):
        unplaced = unplaced.replace(f' r="A{line}"', "").replace(f' r="B{line}"', "")
    assert column(read_bytes(with_cells(header + unplaced))) == expected
    unnumbered = re.sub(r'<row r="\d+"', "<row", unplaced)
    assert column(read_bytes(with_cells(header + unnumbered))) == expected


def test_texts_kept_apart_are_read_with_their_spaces_runs_and_without_their_pronunciation() -> None:
    texts = (
        "<si><t>Officer</t></si><si><t>Value</t></si>"
        '<si><t xml:space="preserve">  a  </t></si><si><r><t>ri</t></r><r><t xml:space="preserve">ch </t></r>'
        '<r><t>text</t></r><rPh sb="0" eb="1"><t>ph</t></rPh><phoneticPr/></si><si/>'
    )
    cells = "".join(
        f'<row r="{line}"><c r="A{line}" t="s"><v>0</v></c><c r="B{line}" t="s"><v>{line}</v></c></row>'
        for line in range(1, 5)
    )
    data = repacked(
        xl__sharedStrings_xml=f'<sst xmlns="{NAMESPACE}">{texts}</sst>'.encode(),
        # A lie about where the cells are is not believed.
        xl__worksheets__sheet1_xml=(
            f'<worksheet xmlns="{NAMESPACE}"><dimension ref="A1:XFD1048576"/><sheetData>{cells}</sheetData></worksheet>'
        ).encode(),
    )
    assert column(read_bytes(data)) == ["a", "rich text", None]


ODS_CELLS: list[tuple[str, Cell]] = [
    ('office:value-type="float" office:value="101"><text:p>101,00</text:p>', 101),
    ('office:value-type="percentage" office:value="0.5"><text:p>50 %</text:p>', 0.5),
    ('office:value-type="currency" office:value="12.5"><text:p>12,50 $</text:p>', 12.5),
    ('office:value-type="date" office:date-value="2010-10-01"><text:p>1 oct.</text:p>', date(2010, 10, 1)),
    ('office:value-type="date" office:date-value="2010-10-01T00:00:00">', date(2010, 10, 1)),
    (
        'office:value-type="date" office:date-value="2010-10-01T12:30:00">',
        datetime(2010, 10, 1, 12, 30),  # noqa: DTZ001
    ),
    ('office:value-type="time" office:time-value="PT09H30M00S">', "09:30:00"),
    ('office:value-type="boolean" office:boolean-value="true"><text:p>VRAI</text:p>', True),
    ('office:value-type="string"><text:p>a<text:span>b</text:span><text:s/>c</text:p>', "ab c"),
    ('office:value-type="string"><text:p>007</text:p>', "007"),
    (
        'office:value-type="string"><office:annotation><text:p>note</text:p></office:annotation><text:p>x</text:p>',
        "x",
    ),
    ('table:formula="of:=1/0" office:value-type="string"><text:p>#DIV/0!</text:p>', Fault("error", "#DIV/0!")),
    ('table:formula="of:=x" office:value-type="string"><text:p>Err:502</text:p>', Fault("error", "Err:502")),
    ('table:formula="of:=[.A1]">', Fault("formula")),
    ('table:formula="of:=1+1" office:value-type="float" office:value="2">', 2),
]


def test_every_kind_of_cell_of_an_ods_document_is_read() -> None:
    def row(*cells: str) -> str:
        made = "".join(f"<table:table-cell {cell}</table:table-cell>" for cell in cells)
        return f"<table:table-row>{made}</table:table-row>"

    texts = [f'office:value-type="string"><text:p>{header}</text:p>' for header in ("Officer", "Value")]
    rows = "".join(row('office:value-type="string"><text:p>O</text:p>', xml) for xml, _cell in ODS_CELLS)
    found = column(read_bytes(document(row(*texts) + rows)))
    assert found == [cell for _xml, cell in ODS_CELLS]
