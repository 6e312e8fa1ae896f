"""The files of a list or report hold what its page shows, and no spreadsheet runs them."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zipfile import ZipFile

import pytest
from django.utils.translation import get_language, gettext_lazy, override
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from jfo_portal.kit import exports, formulas
from jfo_portal.kit.tables import Column

COLUMNS = [
    Column("name", "Name", is_header=True),
    Column("start", "First day", kind="date"),
    Column("fte", "FTE", kind="fte"),
    Column("files", "Files", kind="integer"),
    Column("covered", "Covered", kind="yes_no"),
    Column("seen", "Seen", kind="datetime"),
]
ROW = {
    "name": "Sûreté, “Québec”",
    "start": date(2011, 3, 31),
    "fte": Decimal("0.50"),
    "files": 1234,
    "covered": True,
    "seen": datetime(2011, 3, 31, 16, 0, tzinfo=UTC),
}
EMPTY = dict.fromkeys(ROW)


def content(file_format: str, columns: list[Column], rows: list[Any], **options: Any) -> bytes:
    return exports.response(file_format, "list-2011-03-31", columns, rows, **options).getvalue()


def text_cell(text: str) -> str:
    """The text as it stands in a CSV cell."""
    (cell,) = list(csv.reader(io.StringIO(content("csv", [Column("t", "T")], [{"t": text}]).decode(), newline="")))[1]
    return cell


def test_csv_is_for_scripts_in_both_languages() -> None:
    expected = (
        "Name,First day,FTE,Files,Covered,Seen\r\n"
        '"Sûreté, “Québec”",2011-03-31,0.50,1234,yes,2011-03-31T12:00:00-04:00\r\n'
        ",,,,,\r\n"
    )
    for language in ("en", "fr"):
        with override(language):
            assert content("csv", COLUMNS, [ROW, EMPTY]).decode() == expected


def test_french_csv_opens_in_excel_in_french() -> None:
    with override("fr"):
        text = content("csv-fr", COLUMNS, [ROW]).decode("utf-8")

    assert text.startswith("\ufeffName;First day;FTE")
    assert text.splitlines()[1] == "Sûreté, “Québec”;2011-03-31;0,50;1234;Oui;2011-03-31T12:00:00-04:00"


def test_file_is_named_by_the_caller() -> None:
    response = exports.response("csv-fr", "exhibit-5-2011-03-31", COLUMNS, [])

    assert response.headers["Content-Disposition"] == 'attachment; filename="exhibit-5-2011-03-31.csv"'
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"


def test_csv_is_streamed_in_the_language_of_its_request_and_leaves_no_language_behind() -> None:
    label = Column("name", gettext_lazy("Yes"), value=lambda row: gettext_lazy("No"))
    with override("fr"):
        blocks = iter(exports.response("csv", "x", [label], range(1000)).streaming_content)  # type: ignore[attr-defined]
    with override("en"):
        assert next(blocks) == b"Oui\r\n"
        assert get_language() == "en"
        assert next(blocks).startswith(b"Non\r\n")
        assert get_language() == "en"


def test_csv_asks_for_rows_only_as_they_are_sent() -> None:
    asked = []

    def rows() -> Iterator[dict[str, str]]:
        for number in range(10_000):
            asked.append(number)
            yield {"name": "x"}

    blocks = iter(exports.response("csv", "x", COLUMNS[:1], rows()).streaming_content)  # type: ignore[attr-defined]
    next(blocks)
    next(blocks)

    assert 0 < len(asked) < 1000


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\ta", "\ra", "\na", "'=1", "''=1", "\uff1d1", "=cmd|'/c calc'!A1"]
)
def test_text_like_a_formula_gets_an_apostrophe_and_gives_it_back(text: str) -> None:
    assert text_cell(text) == f"'{text}"
    assert formulas.unescape(text_cell(text)) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a;=1+1", "a;'=1+1"),
        ("a,@SUM(A1)", "a,'@SUM(A1)"),
        ("a\n=1+1;b", "a\n'=1+1;b"),
        ('a;"=1+1";b', 'a;"\'=1+1";b'),
        ("a;'=1", "a;''=1"),
        ("a;-1", "a;'-1"),
    ],
)
def test_what_begins_a_cell_where_another_sign_separates_is_made_safe_too(text: str, expected: str) -> None:
    """Excel in French takes the semicolons of a file with commas for separators, whatever quotes stand around."""
    assert text_cell(text) == expected
    assert formulas.unescape(expected) == text


@pytest.mark.parametrize(
    "text", ["", "IBET", "l'", "'tis", "'", "''", "a=1", "3-1", "a, b; c", "Said:\n- one\n- two", "a, -b"]
)
def test_ordinary_text_is_written_as_it_is(text: str) -> None:
    assert formulas.escape(text) == text
    assert formulas.unescape(text) == text


# Letters, with many of the signs that begin formulas, that separate and that quote.
AWKWARD = st.text(
    alphabet=st.one_of(st.sampled_from("'=+-@\t\r\n;,\"|!\uff1d a1é"), st.characters(exclude_categories=["Cs"]))
)


def back_from_csv(text: str, dialect: exports.Dialect) -> list[str]:
    """The cells of a row of three, the text between two others, as another program reads them."""
    columns = [Column("a", "A"), Column("t", "T"), Column("b", "B")]
    made = "".join(exports.csv_blocks(columns, [{"a": "x", "t": text, "b": "y"}], dialect))
    (row,) = list(csv.reader(io.StringIO(made.removeprefix("\ufeff"), newline=""), delimiter=dialect.delimiter))[1:]
    return row


@given(AWKWARD)
def test_every_text_comes_back_from_csv_exactly(text: str) -> None:
    for dialect in (exports.DATA, exports.FRENCH):
        first, cell, last = back_from_csv(text, dialect)
        assert (first, formulas.unescape(cell), last) == ("x", text, "y")


@settings(max_examples=50)
@given(AWKWARD.filter(lambda text: not re.search("[\ufffe\uffff]", text)))
def test_every_text_comes_back_from_a_workbook_exactly(text: str) -> None:
    rows = [{"t": text}, {"t": "last"}]
    cells = [row[0] for row in sheets(content("xlsx", [Column("t", "T")], rows))["Data"][1:]]

    assert cells == [text, "last"]


@given(AWKWARD)
def test_no_spreadsheet_in_another_language_finds_a_formula_in_a_text(text: str) -> None:
    for dialect, other in ((exports.DATA, ";"), (exports.FRENCH, ",")):
        columns = [Column("a", "A"), Column("t", "T")]
        made = "".join(exports.csv_blocks(columns, [{"a": "x", "t": text}], dialect)).removeprefix("\ufeff")
        cells = [cell for row in csv.reader(io.StringIO(made, newline=""), delimiter=other) for cell in row]
        assert [cell for cell in cells if re.match(r"[=@]|[+-]\S", cell.lstrip('"'))] == []


@given(AWKWARD)
def test_no_cell_begins_like_a_formula(text: str) -> None:
    assert not formulas.escape(text).startswith(("=", "+", "-", "@", "\t", "\r"))


def test_negative_numbers_and_lazy_labels_stay_what_they_are() -> None:
    column = Column("change", gettext_lazy("Yes"), kind="decimal")
    rows = [{"change": Decimal("-1.5")}, {"change": -2}, {"change": 1e-7}, {"change": Decimal("1E+3")}]
    with override("fr"):
        assert content("csv", [column], rows).decode().split() == ["Oui", "-1.5", "-2", "0.0000001", "1000"]


def test_json_has_plain_types_under_the_names_of_columns() -> None:
    with override("fr"):
        (first, second) = json.loads(content("json", COLUMNS, [ROW, EMPTY]))

    assert first == {
        "name": "Sûreté, “Québec”",
        "start": "2011-03-31",
        "fte": 0.5,
        "files": 1234,
        "covered": "yes",
        "seen": "2011-03-31T12:00:00-04:00",
    }
    assert second == EMPTY


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (Decimal("43"), "integer", 43),
        (Decimal("43.5"), "integer", 43.5),
        (Decimal("31.2"), "decimal", 31.2),
        (False, "yes_no", "no"),
        ("yes", "yes_no", "yes"),
        (gettext_lazy("Yes"), "text", "Yes"),
        (None, "integer", None),
        ("=1", "text", "=1"),
    ],
)
def test_a_value_is_plain_for_scripts(value: Any, kind: str, expected: Any) -> None:
    plain = exports.typed(Column("v", "V", kind=kind), {"v": value})

    assert plain == expected
    assert type(plain) is type(expected)


def sheets(data: bytes) -> dict[str, list[list[Any]]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def test_workbook_has_typed_cells_and_a_sheet_of_notes() -> None:
    with override("en"):
        book = sheets(content("xlsx", COLUMNS, [ROW], notes=[("Marking", "UNCLASSIFIED"), ("As of", "2011-03-31")]))

    assert book["Data"] == [
        ["Name", "First day", "FTE", "Files", "Covered", "Seen"],
        ["Sûreté, “Québec”", date(2011, 3, 31), 0.5, 1234, "Yes", datetime(2011, 3, 31, 12, 0)],  # noqa: DTZ001
    ]
    assert book["Notes"] == [["Marking", "UNCLASSIFIED"], ["As of", "2011-03-31"]]


def test_workbook_writes_text_as_text_whatever_it_looks_like() -> None:
    texts = ["=1+1", "-1", "'=1", "0042", "http://127.0.0.1/", "@x"]
    data = content("xlsx", [Column("t", "T")], [{"t": text} for text in texts])

    assert [row[0] for row in sheets(data)["Data"][1:]] == texts
    with ZipFile(io.BytesIO(data)) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in sheet
    assert b"<hyperlink" not in sheet


def test_workbook_has_a_frozen_bold_header_and_widths() -> None:
    with ZipFile(io.BytesIO(content("xlsx", COLUMNS[:1], [{"name": "x" * 30}]))) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
        styles = parts.read("xl/styles.xml").decode()

    assert 'state="frozen"' in sheet
    assert '<col min="1" max="1" width="32.7109375"' in sheet
    assert "<b/>" in styles


def test_workbook_refuses_what_excel_would_cut_off() -> None:
    with override("en"), pytest.raises(ValueError, match=r"Row 1 does not fit in an Excel workbook\."):
        content("xlsx", [Column("t", "T")], [{"t": "x" * 32_768}])


def test_a_workbook_that_grows_too_large_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 10_000)
    rows = [{"t": f"{number} {'x' * 30}"} for number in range(1_000)]
    with override("en"), pytest.raises(exports.DoesNotFit, match=r"So many rows do not fit in an Excel workbook\."):
        content("xlsx", [Column("t", "T")], rows)


def test_unknown_format_is_refused_with_the_ones_there_are() -> None:
    with override("en"), pytest.raises(ValueError, match=r"no file format “pdf”\. .* csv, csv-fr, xlsx, json\."):
        exports.response("pdf", "x", COLUMNS, [])


def test_a_column_of_links_is_for_the_page_alone() -> None:
    columns = [Column("name", "Name"), Column("acts", "Acts", links=lambda row: [])]

    assert content("csv", columns, [ROW]).decode().splitlines()[0] == "Name"


# What a workbook has besides its cells


def parts_of(data: bytes) -> dict[str, str]:
    with ZipFile(io.BytesIO(data)) as parts:
        return {name: parts.read(name).decode() for name in parts.namelist()}


def test_workbook_filters_and_prints_with_its_title_and_mark_on_each_page() -> None:
    with override("en"):
        data = content("xlsx", COLUMNS, [ROW], notes=[("A", "b")], title="Officers & JFOs", mark="PROTECTED A")
    parts = parts_of(data)

    for sheet in (parts["xl/worksheets/sheet1.xml"], parts["xl/worksheets/sheet2.xml"]):
        assert "<oddHeader>&amp;LOfficers &amp;&amp; JFOs&amp;R&amp;BPROTECTED A</oddHeader>" in sheet
        assert "<oddFooter>&amp;L&amp;D&amp;R&amp;P of &amp;N</oddFooter>" in sheet
        assert 'fitToHeight="0"' in sheet
    assert '<autoFilter ref="A1:F2"/>' in parts["xl/worksheets/sheet1.xml"]
    assert 'orientation="landscape"' in parts["xl/worksheets/sheet1.xml"]
    assert "Data!$1:$1" in parts["xl/workbook.xml"]


def test_nothing_around_the_cells_is_a_formula_either() -> None:
    """A label, a note or a title may be what somebody typed: the filter of a list, the name of an agency."""
    awkward = "=cmd|'/c calc'!A1"
    data = content("xlsx", [Column("t", awkward)], [], notes=[(awkward, awkward)], title=awkward, mark=awkward)
    parts = parts_of(data)

    assert not [name for name, part in parts.items() if "<f>" in part or "ddeLink" in part or "externalLink" in name]
    assert sheets(data)["Data"] == [[awkward]]
    assert sheets(data)["Notes"] == [[awkward, awkward]]
    for file_format in ("csv", "csv-fr"):
        assert content(file_format, [Column("t", awkward)], []).decode().strip("\ufeff\r\n") == f"'{awkward}"


def test_name_of_a_file_breaks_no_header() -> None:
    response = exports.response("csv", 'a"b\r\nX: y/é', COLUMNS, [])

    assert "\r" not in response.headers["Content-Disposition"]
    assert "\n" not in response.headers["Content-Disposition"]


def test_large_workbook_is_sent_from_the_disk() -> None:
    columns = [Column(str(number), str(number)) for number in range(20)]
    rows = [
        {column.name: f"{number} {column.name} {number * 7919 % 10007}" for column in columns}
        for number in range(25_000)
    ]
    response: Any = exports.response("xlsx", "x", columns, rows)

    assert response.streaming
    assert int(response.headers["Content-Length"]) > 2_000_000
    assert len(sheets(response.getvalue())["Data"]) == 25_001
    response.close()


def test_json_is_streamed() -> None:
    asked = []

    def rows() -> Iterator[dict[str, str]]:
        for number in range(10_000):
            asked.append(number)
            yield {"name": "x"}

    response: Any = exports.response("json", "x", COLUMNS[:1], rows())
    blocks = iter(response.streaming_content)
    next(blocks)
    assert 0 < len(asked) < 3000
    assert content("json", COLUMNS[:1], []) == b"[]"
    assert len(json.loads(content("json", COLUMNS[:1], [{"name": "x"}] * 1500))) == 1500


def test_days_before_excel_counts_any_are_texts() -> None:
    days = [date(1899, 12, 31), date(1900, 2, 28), date(1900, 3, 1), date(2999, 3, 31)]
    cells = [
        row[0] for row in sheets(content("xlsx", [Column("d", "D", "date")], [{"d": day} for day in days]))["Data"]
    ]

    assert cells == ["D", "1899-12-31", "1900-02-28", date(1900, 3, 1), date(2999, 3, 31)]


def test_numbers_that_are_equal_and_written_otherwise_stay_so() -> None:
    values = [Decimal("0.50"), Decimal("0.5"), 1, True, Decimal("1.00"), 1.0, None, ["a"], {"b": 1}]
    rows = [{"v": value} for value in values]

    lines = content("csv", [Column("v", "V")], rows).decode().split("\r\n")[1:-1]
    assert lines == ["0.50", "0.5", "1", "yes", "1.00", "1.0", '""', "['a']", "{'b': 1}"]
