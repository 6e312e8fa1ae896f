"""The files of a list or report, made from the same columns as its page."""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from itertools import islice
from typing import Any

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.http import content_disposition_header
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from xlsxwriter import Workbook

from . import formats
from .formulas import escape
from .tables import Column

Notes = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Format:
    """One kind of file that a list or report can be taken away as."""

    label: str | Promise
    suffix: str
    content_type: str


FORMATS = {
    "csv": Format(gettext_lazy("CSV (data)"), "csv", "text/csv; charset=utf-8"),
    "csv-fr": Format(gettext_lazy("CSV for Excel in French"), "csv", "text/csv; charset=utf-8"),
    "xlsx": Format(
        gettext_lazy("Excel workbook"), "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    ),
    "json": Format(gettext_lazy("JSON"), "json", "application/json"),
}


def download_headers(name: str, content_type: str) -> dict[str, str]:
    """Return the headers of an answer that the browser keeps as a file of that name."""
    return {
        "Content-Type": content_type,
        "Content-Disposition": content_disposition_header(True, name) or "attachment",
    }


def response(
    file_format: str, name: str, columns: Sequence[Column], rows: Iterable[Any], *, notes: Notes = ()
) -> HttpResponseBase:
    """Return the rows as a file to download, named `name` and the format's suffix, in the active language.

    CSV is streamed, so `rows` may be an iterator. The notes, pairs of a label and a text (the
    sensitivity mark, the parameters), make a second sheet of the workbook; CSV and JSON hold rows
    alone. A column for the page alone is left out. ValueError, in the reader's language, for an unknown format.
    """
    if file_format not in FORMATS:
        raise ValueError(
            _("There is no file format “%(format)s”. Choose one of these: %(formats)s.")
            % {"format": file_format, "formats": ", ".join(FORMATS)}
        )
    columns = [column for column in columns if not column.is_for_page_alone]
    chosen = FORMATS[file_format]
    headers = download_headers(f"{name}.{chosen.suffix}", chosen.content_type)
    match file_format:
        case "csv":
            return StreamingHttpResponse(csv_blocks(columns, rows), headers=headers)
        case "csv-fr":
            return StreamingHttpResponse(csv_blocks(columns, rows, FRENCH), headers=headers)
        case "xlsx":
            return HttpResponse(workbook(columns, rows, notes), headers=headers)
        case _:  # json
            objects = [{column.name: typed(column, row) for column in columns} for row in rows]
            return HttpResponse(json.dumps(objects, ensure_ascii=False), headers=headers)


# Plain values, for JSON


def typed(column: Column, row: Any) -> Any:
    """Return the row's value as JSON has it; see `plain`."""
    return plain(column.raw(row), column.kind)


def plain(value: Any, kind: str = "text") -> Any:
    """Return the value as text, int, float or None, for a script in either language.

    Dates and moments are ISO 8601, a truth is yes or no in English, and a Decimal is an int in an
    integer column, else a float. Nothing is rounded: a measure rounds once, where it is worked out.
    """
    match value:
        case None:
            return None
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return value
        case Decimal():
            return int(value) if kind == "integer" and value == value.to_integral_value() else float(value)
        case date():
            return _iso(value)
        case _:
            return str(value)


def _iso(value: date) -> str:
    if not isinstance(value, datetime):
        return value.isoformat()
    moment = timezone.localtime(value) if timezone.is_aware(value) else value
    return moment.isoformat(timespec="seconds")


# CSV


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written: for scripts (RFC 4180), or for one language's spreadsheet."""

    delimiter: str = ","
    decimal_mark: str = "."
    byte_order_mark: bool = False
    translates_truth: bool = False


DATA = Dialect()
# Excel in French takes a file for UTF-8 only by its mark, and its columns and decimals by these signs.
FRENCH = Dialect(delimiter=";", decimal_mark=",", byte_order_mark=True, translates_truth=True)

_BLOCK = 500


class _Echo:
    """Hands each line straight back to who wrote it."""

    def write(self, line: str) -> str:
        return line


def csv_blocks(columns: Sequence[Column], rows: Iterable[Any], dialect: Dialect = DATA) -> Iterator[str]:
    """Yield the file as text, some hundred lines at a time, headed by the columns' labels.

    The language is the one active at the call: a file is streamed when its request is over.
    """
    return _csv_blocks(columns, iter(rows), dialect, get_language())


def _csv_blocks(
    columns: Sequence[Column], rows: Iterator[Any], dialect: Dialect, language: str | None
) -> Iterator[str]:
    writer = csv.writer(_Echo(), delimiter=dialect.delimiter)
    with translation.override(language):
        truth = {True: _("Yes"), False: _("No")} if dialect.translates_truth else {True: "yes", False: "no"}
        header: str = writer.writerow([escape(str(column.label)) for column in columns])
    yield "\ufeff" + header if dialect.byte_order_mark else header
    while True:
        # The override never spans a yield, or the reader of the file would run in its language.
        with translation.override(language):
            lines: list[str] = [
                writer.writerow([_csv_cell(column.raw(row), dialect, truth) for column in columns])
                for row in islice(rows, _BLOCK)
            ]
        if not lines:
            return
        yield "".join(lines)


def _csv_cell(value: Any, dialect: Dialect, truth: dict[bool, str]) -> str:
    match value:
        case None:
            return ""
        case bool():
            return truth[value]
        case int():
            return str(value)
        case float() | Decimal():
            # By way of Decimal, which alone can be kept from writing 1E+3.
            return format(Decimal(str(value)), "f").replace(".", dialect.decimal_mark)
        case date():
            return _iso(value)
        case _:
            return escape(str(value))


# Excel workbooks

_NUMBER_FORMATS = {
    "datetime": "yyyy-mm-dd hh:mm",
    "integer": "#,##0",
    "decimal": "#,##0.0",
    "fte": "#,##0.00",
    "percent": "0.0%",
}
_DOLLARS = {"en": '"$"#,##0', "fr": '#,##0\xa0"$"'}
_CENTS = {"en": '"$"#,##0.00', "fr": '#,##0.00\xa0"$"'}
# Of columns, in characters.
_LEAST_WIDTH, _GREATEST_WIDTH = 12, 60


def workbook(columns: Sequence[Column], rows: Iterable[Any], notes: Notes = ()) -> bytes:
    """Return an Excel workbook of typed cells, with the notes on a second sheet.

    ValueError, in the reader's language, where Excel has no room: over 1,048,575 rows, or 32,767
    characters in a cell.
    """
    output = BytesIO()
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "default_date_format": "yyyy-mm-dd",
    }
    with Workbook(output, options) as book:
        _write_rows(book, columns, rows)
        if notes:
            _write_notes(book, notes)
    return output.getvalue()


def _write_rows(book: Any, columns: Sequence[Column], rows: Iterable[Any]) -> None:
    sheet = book.add_worksheet(_("Data"))
    bold = book.add_format({"bold": True, "bottom": 1})
    language = get_language() or ""
    kinds = _NUMBER_FORMATS | {
        "money": _DOLLARS.get(language, _DOLLARS["en"]),
        "cents": _CENTS.get(language, _CENTS["en"]),
    }
    styles = {kind: book.add_format({"num_format": pattern}) for kind, pattern in kinds.items()}
    labels = [str(column.label) for column in columns]
    widths = [max(_LEAST_WIDTH, len(label) + 2) for label in labels]

    sheet.freeze_panes(1, 0)
    for position, label in enumerate(labels):
        sheet.write_string(0, position, label, bold)
    plan = [(position, column, styles.get(column.kind)) for position, column in enumerate(columns)]
    for line, row in enumerate(rows, start=1):
        for position, column, style in plan:
            value = column.raw(row)
            if isinstance(value, bool | Promise):
                value = formats.text(value, column.kind) if column.kind == "yes_no" else str(value)
            if isinstance(value, str):
                widths[position] = max(widths[position], len(value) + 2)
            _write_cell(sheet, line, position, value, style)
    for position, width in enumerate(widths):
        sheet.set_column(position, position, min(width, _GREATEST_WIDTH))


def _write_cell(sheet: Any, line: int, position: int, value: Any, style: Any) -> None:
    match value:
        case None | "":
            return
        case str():
            error = sheet.write_string(line, position, value)
        case int() | float() | Decimal():
            error = sheet.write_number(line, position, value, style)
        case datetime():
            # Excel knows no time zone: the portal's clock.
            moment = timezone.make_naive(value) if timezone.is_aware(value) else value
            error = sheet.write_datetime(line, position, moment, style)
        case date():
            error = sheet.write_datetime(line, position, value)
        case _:
            error = sheet.write_string(line, position, str(value))
    if error:
        raise ValueError(
            _("Row %(row)s does not fit in an Excel workbook. Filter the list, or take the CSV file.") % {"row": line}
        )


def _write_notes(book: Any, notes: Notes) -> None:
    sheet = book.add_worksheet(_("Notes"))
    bold = book.add_format({"bold": True, "valign": "top"})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 80)
    for line, (label, text) in enumerate(notes):
        sheet.write_string(line, 0, str(label), bold)
        sheet.write_string(line, 1, str(text), wrapped)
