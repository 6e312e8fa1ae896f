"""The files of a list or report hold what its page shows, and no spreadsheet runs them."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zipfile import ZipFile

import pytest
from django.utils.translation import get_language, gettext_lazy, override
from hypothesis import given
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


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1", "''=1"])
def test_text_like_a_formula_gets_an_apostrophe_and_gives_it_back(text: str) -> None:
    assert text_cell(text) == f"'{text}"
    assert formulas.unescape(text_cell(text)) == text


@pytest.mark.parametrize("text", ["", "IBET", "l'", "'tis", "'", "''", "a=1", "3-1"])
def test_ordinary_text_is_written_as_it_is(text: str) -> None:
    assert formulas.escape(text) == text
    assert formulas.unescape(text) == text


@given(st.text(alphabet=st.sampled_from("'=+-@\t\r\n;,\"a1 é")))
def test_every_text_comes_back_from_csv_exactly(text: str) -> None:
    assert formulas.unescape(text_cell(text)) == text


@given(st.text(alphabet=st.sampled_from("'=+-@\t\ra")))
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


def test_unknown_format_is_refused_with_the_ones_there_are() -> None:
    with override("en"), pytest.raises(ValueError, match=r"no file format “pdf”\. .* csv, csv-fr, xlsx, json\."):
        exports.response("pdf", "x", COLUMNS, [])


def test_a_column_of_links_is_for_the_page_alone() -> None:
    columns = [Column("name", "Name"), Column("acts", "Acts", links=lambda row: [])]

    assert content("csv", columns, [ROW]).decode().splitlines()[0] == "Name"
