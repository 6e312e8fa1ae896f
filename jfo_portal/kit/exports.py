"""The files of a list or report, made from the same columns as its page."""

import csv
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import partial
from io import SEEK_END, BytesIO, StringIO
from itertools import islice
from tempfile import SpooledTemporaryFile
from typing import Any, TypeAlias

from django.http import FileResponse, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.http import content_disposition_header
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from xlsxwriter import Workbook
from xlsxwriter.exceptions import FileSizeError
from xlsxwriter.utility import xl_col_to_name

from . import formats
from .formulas import escape, is_harmless
from .rawrows import Made, Make, RawRows, made_of
from .tables import Column

Notes = Sequence[tuple[str, str]]
Rows: TypeAlias = Iterable[Any] | RawRows

# How many rows are made at once.
_BLOCK = 500
# A file of fewer blocks than so many is sent whole, where it need not be streamed.
_BLOCKS_HELD = 4
# Of how many bytes on a workbook is kept on disk while it is sent.
_MOST_HELD = 2_000_000
_KEPT = frozenset({str, date, datetime})


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


class DoesNotFit(ValueError):
    """A workbook has no room for the rows; says so in the reader's language."""


def response(
    file_format: str,
    name: str,
    columns: Sequence[Column],
    rows: Rows,
    *,
    notes: Notes = (),
    title: str = "",
    mark: str = "",
) -> HttpResponseBase:
    """Return the rows as a file to download, named `name` and the format's suffix, in the active language.

    CSV and JSON are streamed, so `rows` may be an iterator, or RawRows of the same columns. The notes, pairs of a label
    and a text (the sensitivity mark, the parameters), make a second sheet of the workbook, and the title and the mark
    stand on each of its printed pages; CSV and JSON hold rows alone. A column for the page alone is left out.
    ValueError, in the reader's language, for an unknown format; DoesNotFit where Excel has no room.
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
            file = _workbook_file(columns, rows, notes, title, mark)
            if file.seek(0, SEEK_END) > _MOST_HELD:
                file.seek(0)
                return FileResponse(file, headers=headers)
            file.seek(0)
            with file:
                return HttpResponse(file.read(), headers=headers)
        case _:  # json
            return _held_or_streamed(_json_blocks(columns, rows), headers)


def _held_or_streamed(blocks: Iterator[str], headers: dict[str, str]) -> HttpResponseBase:
    """Return a small file whole, with its length, and a large one streamed."""
    first = list(islice(blocks, _BLOCKS_HELD))
    if len(first) < _BLOCKS_HELD:
        return HttpResponse("".join(first), headers=headers)
    return StreamingHttpResponse(_one_after_the_other(first, blocks), headers=headers)


def _one_after_the_other(first: Sequence[str], others: Iterator[str]) -> Iterator[str]:
    """Yield the first blocks and the others; closed, it closes the others, and the database's cursor behind them."""
    yield from first
    yield from others


# Blocks of rows, each column's values together


def _is_written_alike(value: Any) -> bool:
    """Say whether the value and an equal one are written alike: not 0.5 and 0.50, nor 1 and True."""
    return type(value) in _KEPT


def _blocks(columns: Sequence[Column], rows: Rows, finish: Sequence[Make]) -> Iterator[list[list[Any]]]:
    """Yield some hundred rows after the other, as columns of values that each column's `finish` made."""
    if isinstance(rows, RawRows):
        yield from rows.blocks(finish)
        return
    plan = [(column, make, Made(make, _is_written_alike)) for column, make in zip(columns, finish, strict=True)]
    left = iter(rows)
    while some := list(islice(left, _BLOCK)):
        yield [made_of(make, [column.raw(row) for row in some], made) for column, make, made in plan]


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


def _json_blocks(columns: Sequence[Column], rows: Rows) -> Iterator[str]:
    """Yield the rows as a list of objects, some hundred at a time, in the language active at the call."""
    names = [column.name for column in columns]
    blocks = _blocks(columns, rows, [partial(plain, kind=column.kind) for column in columns])
    return _in_language(_as_json(names, blocks), get_language())


def _as_json(names: Sequence[str], blocks: Iterator[list[list[Any]]]) -> Iterator[str]:
    before = "["
    for block in blocks:
        objects = [dict(zip(names, values, strict=True)) for values in zip(*block, strict=True)]
        yield before + json.dumps(objects, ensure_ascii=False)[1:-1]
        before = ", "
    yield "]" if before != "[" else "[]"


def _in_language(blocks: Iterator[str], language: str | None) -> Iterator[str]:
    """Yield the blocks, made in the language: a file is streamed when its request is over.

    The override never spans a yield, or the reader of the file would run in its language.
    """
    while True:
        with translation.override(language):
            block = next(blocks, None)
        if block is None:
            return
        yield block


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


def csv_blocks(columns: Sequence[Column], rows: Rows, dialect: Dialect = DATA) -> Iterator[str]:
    """Yield the file as text, some hundred lines at a time, headed by the columns' labels.

    The language is the one active at the call: a file is streamed when its request is over.
    """
    truth = {True: _("Yes"), False: _("No")} if dialect.translates_truth else {True: "yes", False: "no"}
    labels = [escape(str(column.label)) for column in columns]
    blocks = _blocks(columns, rows, [_csv_cells(dialect, truth)] * len(columns))
    return _in_language(_as_csv(labels, blocks, dialect), get_language())


def _as_csv(labels: Sequence[str], blocks: Iterator[list[list[str]]], dialect: Dialect) -> Iterator[str]:
    def text(lines: Iterable[Iterable[str]]) -> str:
        written = StringIO(newline="")
        csv.writer(written, delimiter=dialect.delimiter).writerows(lines)
        return written.getvalue()

    yield ("\ufeff" if dialect.byte_order_mark else "") + text([labels])
    for block in blocks:
        yield text(zip(*block, strict=True))


def _csv_cells(dialect: Dialect, truth: dict[bool, str]) -> Make:
    """Return what makes the cell of a value; most are harmless texts, of which it takes little."""

    def make(value: Any) -> str:
        if type(value) is str:
            return value if is_harmless(value) else escape(value)
        return _csv_cell(value, dialect, truth)

    return make


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
            return format(value if isinstance(value, Decimal) else Decimal(str(value)), "f").replace(
                ".", dialect.decimal_mark
            )
        case date():
            return _iso(value)
        case _:
            return escape(str(value))


# Excel workbooks

_DATE_FORMATS = {"date": "yyyy-mm-dd", "datetime": "yyyy-mm-dd hh:mm"}
_NUMBER_FORMATS = {
    "integer": "#,##0",
    "decimal": "#,##0.0",
    "fte": "#,##0.00",
    "percent": "0.0%",
}
_DOLLARS = {"en": '"$"#,##0', "fr": '#,##0\xa0"$"'}
_CENTS = {"en": '"$"#,##0.00', "fr": '#,##0.00\xa0"$"'}
# Of columns, in characters.
_LEAST_WIDTH, GREATEST_WIDTH = 12, 60


def workbook(columns: Sequence[Column], rows: Rows, notes: Notes = ()) -> bytes:
    """Return a small Excel workbook; see `write_workbook`."""
    output = BytesIO()
    write_workbook(output, columns, rows, notes)
    return output.getvalue()


def _workbook_file(
    columns: Sequence[Column], rows: Rows, notes: Notes, title: str, mark: str
) -> "SpooledTemporaryFile[bytes]":
    """Return a workbook as an open file, on disk from some megabytes on."""
    file = SpooledTemporaryFile(_MOST_HELD)  # noqa: SIM115 - who sends it closes it
    try:
        write_workbook(file, columns, rows, notes, title=title, mark=mark)
        return file
    except FileSizeError:
        # Closed below: the archive, left half written, is closed with what is raised here, and writes to the file.
        pass
    except BaseException:
        file.close()
        raise
    file.close()
    raise DoesNotFit(_("So many rows do not fit in an Excel workbook. Take the CSV file, or fewer rows."))


def write_workbook(
    output: Any, columns: Sequence[Column], rows: Rows, notes: Notes = (), *, title: str = "", mark: str = ""
) -> None:
    """Write an Excel workbook of typed cells to the file, with the notes on a second sheet.

    Its rows are on disk while it is made. Its header is frozen and filters, and stands with the title and the mark on
    each printed page. DoesNotFit, in the reader's language, where Excel has no room: over 1,048,575 rows, or 32,767
    characters in a cell.
    """
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "default_date_format": "yyyy-mm-dd",
    }
    with Workbook(output, options) as book:
        if title:
            book.set_properties({"title": title, "comments": mark})
        sheet = book.add_worksheet(_("Data"))
        _write_rows(book, sheet, columns, rows)
        _prepare_print(sheet, title, mark)
        sheet.set_landscape()
        sheet.repeat_rows(0)
        if notes:
            _prepare_print(write_notes(book, notes), title, mark)


def _prepare_print(sheet: Any, title: str, mark: str) -> None:
    """Have the title and the mark printed on each page, which is as wide as the columns; on letter paper."""
    sheet.set_paper(1)
    sheet.fit_to_pages(1, 0)
    # An ampersand begins a code of the header, where it is not doubled. Excel takes no more than 255 characters.
    left, right = (text.replace("&", "&&")[:100] for text in (title, mark))
    sheet.set_header(f"&L{left}&R&B{right}")
    sheet.set_footer("&L&D&R" + _("&P of &N"))


def _write_rows(book: Any, sheet: Any, columns: Sequence[Column], rows: Rows) -> None:
    bold = book.add_format({"bold": True, "bottom": 1})
    language = get_language() or ""
    kinds = _NUMBER_FORMATS | {
        "money": _DOLLARS.get(language, _DOLLARS["en"]),
        "cents": _CENTS.get(language, _CENTS["en"]),
    }
    styles = {kind: book.add_format({"num_format": pattern}) for kind, pattern in kinds.items()}
    of_day, of_moment = (book.add_format({"num_format": _DATE_FORMATS[kind]}) for kind in ("date", "datetime"))
    labels = [str(column.label) for column in columns]

    sheet.freeze_panes(1, 0)
    for position, label in enumerate(labels):
        sheet.write_string(0, position, _as_text(label), bold)
    # The header, which xlsxwriter would write with the next row: the others are written here, several times as fast.
    sheet._write_single_row()
    cells = [_Cells(sheet, styles.get(column.kind), of_day, of_moment, kind=column.kind) for column in columns]
    line = 0
    for block in _blocks(columns, rows, [one.make for one in cells]):
        numbers = range(line + 2, line + 2 + len(block[0]))
        line += len(numbers)
        texts = [
            [
                f'<c r="{xl_col_to_name(position)}{number}{cell}' if cell else ""
                for number, cell in zip(numbers, made, strict=True)
            ]
            for position, made in enumerate(block)
        ]
        if line >= sheet.xls_rowmax or any(one.has_too_long for one in cells):
            too_long = [made.index(_TOO_LONG) for made in block if _TOO_LONG in made]
            first = numbers[min(too_long)] - 1 if too_long else sheet.xls_rowmax
            raise DoesNotFit(
                _("Row %(row)s does not fit in an Excel workbook. Take the CSV file, or fewer rows.") % {"row": first}
            )
        sheet.fh.write(
            "".join(
                f'<row r="{number}">{"".join(row)}</row>'
                for number, row in zip(numbers, zip(*texts, strict=True), strict=True)
            )
        )
    sheet.dim_rowmax = max(sheet.dim_rowmax or 0, line)
    for position, (label, one) in enumerate(zip(labels, cells, strict=True)):
        sheet.set_column(position, position, width_for(max(len(label), one.longest)))
    if columns:
        sheet.autofilter(0, 0, line, len(columns) - 1)


_TOO_LONG = "too long"


class _Cells:
    """The cells of one column as a workbook has them, without their places: a text is one whatever it looks like."""

    def __init__(self, sheet: Any, of_number: Any, of_day: Any, of_moment: Any, *, kind: str) -> None:
        self._sheet = sheet
        self._kind = kind
        self._number, self._day, self._moment = (
            f'" s="{style._get_xf_index()}"><v>' if style else '"><v>' for style in (of_number, of_day, of_moment)
        )
        self.longest = 0
        self.has_too_long = False

    def make(self, value: Any) -> str:
        """Return the cell's XML from behind its place on; empty for nothing."""
        if type(value) is str:
            return self._text(value)
        match value:
            case None:
                return ""
            case bool() if self._kind == "yes_no":
                return self._text(formats.text(value, self._kind))
            case int() | float() | Decimal() if not isinstance(value, bool) and math.isfinite(value):
                return f"{self._number}{value:.16G}</v></c>"
            case datetime():
                # Excel knows no time zone: the portal's clock.
                moment = timezone.make_naive(value) if timezone.is_aware(value) else value
                if moment.date() < _FIRST_DAY:
                    return self._text(moment.isoformat(sep=" ", timespec="minutes"))
                seconds = (moment - datetime.combine(moment.date(), time())).total_seconds()
                return f"{self._moment}{(moment.date() - _DAY_ZERO).days + seconds / _SECONDS:.16G}</v></c>"
            case date() if value >= _FIRST_DAY:
                return f"{self._day}{(value - _DAY_ZERO).days}</v></c>"
            case _:
                return self._text(str(value))

    def _text(self, text: str) -> str:
        if not text:
            return ""
        self.longest = max(self.longest, len(text))
        if len(text) > self._sheet.xls_strmax:
            self.has_too_long = True
            return _TOO_LONG
        written = self._sheet._escape_data(self._sheet._escape_control_characters(text))
        keeping = ' xml:space="preserve"' if text != text.strip() else ""
        return f'" t="inlineStr"><is><t{keeping}>{written}</t></is></c>'


# Excel's day 0, for every day from 1900-03-01 on: it takes 1900 for a leap year.
_DAY_ZERO = date(1899, 12, 30)
_FIRST_DAY = date(1900, 3, 1)
_SECONDS = 86_400


def width_for(longest: int) -> int:
    """Return the width of a column whose longest text has so many characters."""
    return min(max(_LEAST_WIDTH, longest + 2), GREATEST_WIDTH)


def _as_text(text: str) -> str:
    """Return a text that xlsxwriter takes for nothing else: one like this it would write as markup."""
    return f"{text} " if text.startswith("<r>") and text.endswith("</r>") else text


def write_notes(book: Any, notes: Notes) -> Any:
    """Write the notes to a sheet of their own in the workbook of xlsxwriter, and return the sheet."""
    sheet = book.add_worksheet(_("Notes"))
    bold = book.add_format({"bold": True, "valign": "top"})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 80)
    for line, (label, text) in enumerate(notes):
        sheet.write_string(line, 0, _as_text(str(label)), bold)
        sheet.write_string(line, 1, _as_text(str(text)), wrapped)
    return sheet
