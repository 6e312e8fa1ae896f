"""What a person is told about a file that can be read, and how it is read otherwise when they choose to."""

import io
from collections.abc import Iterator

import pytest
import xlsxwriter
from django.utils.translation import override

from jfo_portal.kit.imports.reading import ImportRefused, Options, Sheet, read

from ..fuzz_reader.seeds import HEADERS, document, text, workbook


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with override("en"):
        yield


def sheet_of(data: bytes, **options: object) -> Sheet:
    return read(io.BytesIO(data), HEADERS, Options(**options))  # type: ignore[arg-type]


def said(sheet: Sheet) -> dict[str, str]:
    return {notice.code: str(notice) for notice in sheet.notices}


def refusal(data: bytes, **options: object) -> str:
    with pytest.raises(ImportRefused) as caught:
        sheet_of(data, **options)
    return str(caught.value)


# What is told


def test_a_workbook_is_told_of_with_places() -> None:
    sheet = sheet_of(workbook(date_1904=True))
    assert (sheet.name, list(sheet.sheets)) == ("Officers", ["Officers", "Notes"])
    assert said(sheet) == {
        "counts_from_1904": "The workbook counts its days from 1904; they are read as they are shown there.",
        "hidden_sheets": "1 sheet is hidden, and is not read: Kept.",
        "several_sheets": "The workbook has 2 sheets with rows; only “Officers” is read.",
        "hidden_rows": "1 row is hidden, and is read like the others: row 4.",
        "hidden_columns": "1 column is hidden, and is read like the others: column F.",
        "merged_cells": "Cells are merged in 1 place, where only the first holds a value: A10:B10.",
        "formulas": "3 cells are formulas, whose last results are read: the first is A7.",
        "comments": "1 cell has a comment, which is not read: A2.",
        "blank_lines": "2 rows are blank, and are left out: the first is row 6.",
        "days_as_text": "1 column holds some days as dates and others as text, such as 2011-03-31: Start.",
    }


def test_an_ods_document_is_told_of_with_places() -> None:
    sheet = sheet_of(document())
    assert (sheet.name, list(sheet.sheets)) == ("Officers", ["Officers", "Notes"])
    assert said(sheet) == {
        "several_sheets": "The workbook has 2 sheets with rows; only “Officers” is read.",
        "hidden_rows": "1 row is hidden, and is read like the others: row 2.",
        "hidden_columns": "2 columns are hidden, and are read like the others: the first is column B.",
        "merged_cells": "Cells are merged in 1 place, where only the first holds a value: A5:B5.",
        "formulas": "1 cell is a formula, whose last result is read: D5.",
        "comments": "1 cell has a comment, which is not read: A2.",
        "blank_lines": "2 rows are blank, and are left out: the first is row 3.",
    }


def test_rows_that_a_filter_hides_are_told_as_such_and_what_is_hidden_and_empty_is_not_told() -> None:
    output = io.BytesIO()
    with xlsxwriter.Workbook(output) as book:
        sheet = book.add_worksheet()
        for line, row in enumerate((("Officer number", "JFO"), ("O-1", "A"), ("O-2", "B"), ("O-3", "B"))):
            sheet.write_row(line, 0, row)
        sheet.autofilter("A1:B4")
        sheet.filter_column("B", "x == A")
        for line in (2, 3, 200):
            sheet.set_row(line, None, None, {"hidden": True})
        sheet.set_column("C:XFD", None, None, {"hidden": True})
    assert said(sheet_of(output.getvalue())) == {
        "filtered_rows": "A filter hides 2 rows, which are read like the others: the first is row 3."
    }


def test_columns_without_a_name_and_rows_above_the_names_are_told() -> None:
    sheet = sheet_of(b"Officers of Quebec;;;\n\nOfficer number;JFO\nO-1;A;;x\nO-2;B;y;\n")
    assert (list(sheet.headers), sheet.header_line) == (["Officer number", "JFO", "", ""], 3)
    assert said(sheet) == {
        "rows_above": "1 row above the column names is not read: row 1.",
        "no_headers": "2 columns have values and no name: C, D.",
    }


def test_a_file_with_nothing_strange_is_told_nothing_of() -> None:
    assert said(sheet_of(b"Officer number,JFO\nO-1,A\n")) == {}


def test_notices_are_said_in_french_and_survive_being_put_away() -> None:
    sheet = Sheet.unpacked(sheet_of(workbook()).packed())
    with override("fr"):
        assert said(sheet)["hidden_rows"] == "1 ligne est masquée, et est lue comme les autres\xa0: la ligne 4."
        assert "masquée" in said(sheet)["hidden_sheets"]


def test_a_sheet_that_cannot_be_read_is_told_and_never_passed_over_for_a_like_one() -> None:
    wide = [[f"Column {place}" for place in range(300)], [1]]
    known = [["Officer number", "JFO"], ["O-1", "A"]]
    output = io.BytesIO()
    for other, is_read in ((known, True), ([["Something", "else"], [1, 2]], False)):
        output = io.BytesIO()
        with xlsxwriter.Workbook(output) as book:
            for rows in (wide, other):
                sheet = book.add_worksheet()
                for line, row in enumerate(rows):
                    sheet.write_row(line, 0, row)
        if is_read:
            made = sheet_of(output.getvalue())
            assert said(made) == {"unreadable_sheets": "1 sheet cannot be read, and is left out: Sheet1."}
        else:
            assert "more than 200 columns" in refusal(output.getvalue())
        assert sheet_of(output.getvalue(), sheet="Sheet2").name == "Sheet2"


# What a person chooses


def test_another_sheet_is_read_by_its_name() -> None:
    assert list(sheet_of(workbook(), sheet="Notes").headers) == ["Read me"]
    assert "no sheet “Kept” with rows" in refusal(workbook(), sheet="Kept")
    assert "no sheet “Other” with rows" in refusal(document(), sheet="Other")


def test_another_row_holds_the_column_names() -> None:
    sheet = sheet_of(b"Officer number,JFO\nOfficer,Team\nO-1,A\n", header_line=2)
    assert (list(sheet.headers), sheet.lines) == (["Officer", "Team"], [3])
    assert "Row 7 holds no column names" in refusal(b"Officer number,JFO\nO-1,A\n", header_line=7)
    assert sheet_of(workbook(), header_line=4).header_line == 4


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be", "mac_roman", "cp850"]
)
def test_another_encoding_is_taken(encoding: str) -> None:
    data = "Officer number;Note\nO-1;année\n".encode(encoding)
    sheet = sheet_of(data, encoding=encoding)
    assert (sheet.encoding, sheet.cell(1, 0)) == (encoding, "année")


def test_an_encoding_that_is_not_the_files_is_refused() -> None:
    assert "not a text in the encoding utf-8" in refusal("Officer number\né\n".encode("cp1252"), encoding="utf-8")
    assert "Save the file as “CSV UTF-8”" in refusal(b"Officer number\n\x81\x8d\xe9\n")
    assert "not a text in the encoding rot13" in refusal(b"Officer number\nx\n", encoding="rot13")


def test_another_delimiter_and_decimal_mark_are_taken() -> None:
    sheet = sheet_of(b"Officer number;JFO,FTE\nO-1;A,0\n", delimiter=",", decimal_mark=",")
    assert (list(sheet.headers), sheet.delimiter, sheet.decimal_comma) == (["Officer number;JFO", "FTE"], ",", True)


@pytest.mark.parametrize(
    ("data", "delimiter", "mark"),
    [
        (b"Officer number;FTE\nO-1;0,5\n", ";", ","),
        (b"Officer number;FTE\nO-1;0.5\n", ";", "."),
        # A sentence's comma is no delimiter, and a thousand is no decimal.
        (b"Numero;Part, en ETP\n1;0,5\n2;0,25\n", ";", ","),
        (b"Officer number\tFTE\nO-1\t1,234\n", "\t", "."),
        (b"Officer number;FTE\nO-1;1,234\n", ";", ","),
        (b"Officer number|FTE\nO-1|1\n", "|", "."),
        (b'Officer number,FTE\nO-1,"0,5"\n', ",", ","),
        (b"sep=;\r\nOfficer number;FTE\r\nO-1;1\r\n", ";", ","),
        (text("\t", "utf-16-be"), "\t", "."),
    ],
)
def test_the_delimiter_and_the_decimal_mark_are_told_by_the_file(data: bytes, delimiter: str, mark: str) -> None:
    sheet = sheet_of(data)
    assert (sheet.delimiter, sheet.decimal_mark) == (delimiter, mark)
