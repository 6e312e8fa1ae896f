"""The child process that opens an uploaded file, held to little time, memory and nothing else; loads no Django.

Its standard input is the file, its one argument a line of JSON: the headers that are known, and how to read the file.
It answers with lines of JSON: blocks of rows, each the rows' lines as Excel shows them and then their columns, and at
the end what the sheet is. A file it will not read is answered with a last line that says why.
"""

import codecs
import csv
import io
import json
import os
import re
import resource
import sys
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain, compress, islice, zip_longest
from typing import Any, NamedTuple

from python_calamine import CalamineError, CalamineSheet, SheetTypeEnum, SheetVisibleEnum, load_workbook

from ..formulas import unescape
from . import cells
from .cells import Cell, Fault, Packed, fold
from .gate import Refused, kind_of
from .survey import Document, Survey, Workbook, letters

CPU_SECONDS = 5
# Of its own data, beside some 15 MB of programs: a workbook of 100,000 rows takes half of it.
MEMORY = 160 * 1024 * 1024
MAX_ROWS = 100_000
MAX_COLUMNS = 200
MAX_CELLS = 1_200_000
MAX_TEXT = 20_000
MAX_ANSWER = 32 * 1024 * 1024
# The column names stand in one of the first rows that are not blank.
_ROWS_ABOVE = 20
# How many cells stand in one line of the answer, about.
_BLOCK = 10_000
# How many values of a column are remembered, not to be cleaned again.
_REMEMBERED = 20_000

# A row as a parser gives it, and its line.
_Row = tuple[int, Sequence[Any]]
Notices = list[tuple[str, dict[str, Any]]]


class Table(NamedTuple):
    """One sheet before its cells are cleaned: what the file says of it, and its rows from the first line on."""

    rows: Iterator[_Row]
    clean: Callable[[Any], Cell]
    facts: dict[str, Any]
    first_column: int = 0
    notices: Sequence[tuple[str, dict[str, Any]]] = ()


class Request(NamedTuple):
    """What the reading is told: the known headers, folded, and the options; what is empty or 0 is told by the file."""

    headers: Collection[str] = ()
    sheet: str = ""
    header_line: int = 0
    encoding: str = ""
    delimiter: str = ""
    decimal_mark: str = ""


def answer(data: bytes, request: Request) -> Iterator[Any]:
    """Yield blocks of rows of the sheet whose headers share most with the known, then its facts; Refused if none can
    be read."""
    kind = kind_of(data)
    table = _of_text(data, request) if kind == "text" else _of_workbook(data, kind, request)
    return _laid_out(table, request)


def _likeness(headers: Iterable[Any], known: Collection[str]) -> int:
    return len({fold(header) for header in headers if isinstance(header, str)} & set(known))


def _is_blank(row: Iterable[Any]) -> bool:
    return not any(value is not None and not (isinstance(value, str) and not value.strip()) for value in row)


def _header(rows: Iterator[_Row], request: Request) -> tuple[list[_Row], int, Iterator[_Row]]:
    """Return the rows above the header that are not blank, the place of the header after them, and what is below."""
    if request.header_line:
        above: list[_Row] = []
        for line, row in rows:
            if line == request.header_line and not _is_blank(row):
                return [*above, (line, row)], len(above), rows
            if line >= request.header_line:
                break
            if not _is_blank(row):
                above.append((line, row))
        raise Refused("no_header", line=request.header_line)
    first = list(islice((row for row in rows if not _is_blank(row[1])), _ROWS_ABOVE))
    if not first:
        raise Refused("empty")
    best = max(range(len(first)), key=lambda place: (_likeness(first[place][1], request.headers), -place))
    return first[: best + 1], best, chain(first[best + 1 :], rows)


def _laid_out(table: Table, request: Request) -> Iterator[Any]:
    above, place, rows = _header(table.rows, request)
    header_line, header = above[place]
    headers = _named(header, table.clean)
    notices = list(table.notices)
    if place:
        notices.append(("rows_above", {"count": place, "line": above[0][0]}))
    columns: list[_Column] = []
    count, last, blanks, first_blank = 0, header_line, 0, 0
    for all_lines, block in _blocks(rows, len(headers)):
        columns += (_Column(table.clean) for _new in range(len(block) - len(columns)))
        lines, packed = _without_blanks(all_lines, _packed(all_lines, block, columns))
        for line in lines:
            if line > last + 1:
                blanks, first_blank = blanks + line - last - 1, first_blank or last + 1
            last = line
        count += len(lines)
        if count > MAX_ROWS:
            raise Refused("too_many_rows", limit=MAX_ROWS)
        if sum(column.is_used for column in columns) * count > MAX_CELLS:
            raise Refused("too_many_cells", limit=MAX_CELLS)
        if lines:
            yield [lines, packed]
    if not count:
        raise Refused("empty")
    width = max((place for place, column in enumerate(columns, 1) if column.is_used), default=0)
    width = max(width, len(headers))
    if width > MAX_COLUMNS:
        raise Refused("too_wide", limit=MAX_COLUMNS)
    headers += [""] * (width - len(headers))
    if blanks:
        notices.append(("blank_lines", {"count": blanks, "line": first_blank}))
    notices += _of_columns(headers, columns, table.first_column)
    yield {
        "name": "",
        "encoding": "",
        "delimiter": "",
        "sheets": [],
        **table.facts,
        "decimal_mark": request.decimal_mark or _decimal_mark(columns, table.facts.get("delimiter", "")),
        "first_column": table.first_column,
        "header_line": header_line,
        "headers": headers,
        "notices": [{"code": code, "values": values} for code, values in notices],
    }


def _named(header: Sequence[Any], clean: Callable[[Any], Cell]) -> list[str]:
    """Return the headers as texts, up to the last."""
    names = [" ".join(str("" if cell is None else cell).split()) for cell in map(clean, header)]
    while names and not names[-1]:
        names.pop()
    if any(len(name) > MAX_TEXT for name in names):
        raise Refused("too_long", line=1, limit=MAX_TEXT)
    return names


def _blocks(rows: Iterator[_Row], width: int) -> Iterator[tuple[list[int], list[tuple[Any, ...]]]]:
    """Yield the lines of some rows and their columns, all equally long."""
    size = max(20, _BLOCK // max(width, 1))
    while some := list(islice(rows, size)):
        lines, cells_of = zip(*some, strict=True)
        yield [*lines], list(zip_longest(*cells_of))


class _Column(dict[Any, Packed]):
    """Each value of one column, with what stands for it in the answer; and what kinds of values there were."""

    def __init__(self, clean: Callable[[Any], Cell]) -> None:
        super().__init__()
        self.clean = clean
        self.is_used = self.has_days = self.has_days_as_text = False
        self.commas = self.points = 0

    def __missing__(self, value: Any) -> Packed:
        # Most texts are plain: what cleaning would leave as it is need not go there.
        if isinstance(value, str) and _is_plain(value):
            self.is_used = True
            self._note(value)
            self[value] = value
            return value
        cell = self.clean(value)
        packed = self[value] = cells.pack(cell)
        if cell is not None:
            self.is_used = True
            if isinstance(cell, str):
                self._note(cell)
            elif isinstance(packed, str) and packed[1] in "dm":
                self.has_days = True
        return packed

    def _note(self, text: str) -> None:
        if len(text) > MAX_TEXT:
            raise _TooLong
        if not text[-1].isdigit() or len(text) > 30 or not (text[0].isdigit() or text[0] in "+-"):
            return
        if match := _DECIMAL.fullmatch(text):
            self.commas += match[1] == ","
            self.points += match[1] == "."
        elif _DAY.fullmatch(text):
            self.has_days_as_text = True

    def packed(self, values: Sequence[Any]) -> list[Packed]:
        """Return what stands for each of the values."""
        if len(self) > _REMEMBERED:
            self.clear()
        self._take_plain([value for value in values if value.__class__ is str and value not in self])
        if bool in set(map(type, values)):
            # True and 1 are one key of a dict.
            truths = {True: cells.pack(True), False: cells.pack(False)}
            self.is_used = True
            return [truths[value] if isinstance(value, bool) else self[value] for value in values]
        return list(map(self.__getitem__, values))

    def _take_plain(self, texts: list[str]) -> None:
        """Take many texts at once if all are plain, and begin with a letter, so that none is a number or a day."""
        lines = "\n".join(texts)
        is_one_each = len(texts) > _FEW and lines.count("\n") == len(texts) - 1
        if is_one_each and max(map(len, texts)) <= MAX_TEXT and _PLAIN_LINES.fullmatch(lines):
            self.update(zip(texts, texts, strict=True))
            self.is_used = True


# So many texts are looked at one by one.
_FEW = 50
_PLAIN_LINES = re.compile(r"(?:[A-DF-Za-z](?:[ -&(-~]*[!-&(-~])?(?:\n|\Z))*")


def _is_plain(text: str) -> bool:
    """Say whether a text is surely no error of a formula, holds no escape before a formula, and is tidy."""
    return text.isascii() and text.isprintable() and text[:1] not in _UNPLAIN and text[-1] != " " and "'" not in text


_UNPLAIN = ("", " ", "#", "E")


class _TooLong(Exception):
    pass


# 0,5 and 0.5, but not 1,234, which may be a thousand and more.
_DECIMAL = re.compile(r"[-+]?(?!(?:[1-9]\d{0,2})[.,]\d{3}$)\d+([.,])\d+")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def _packed(lines: Sequence[int], block: Sequence[Sequence[Any]], columns: Sequence[_Column]) -> list[list[Packed]]:
    try:
        return [column.packed(values) for column, values in zip(columns, block, strict=False)]
    except _TooLong:
        for line, row in zip(lines, zip(*block, strict=True), strict=True):
            if any(isinstance(value, str) and len(value) > MAX_TEXT for value in row):
                raise Refused("too_long", line=line, limit=MAX_TEXT) from None
        raise Refused("too_long", line=lines[0], limit=MAX_TEXT) from None


def _without_blanks(lines: list[int], packed: list[list[Packed]]) -> tuple[list[int], list[list[Packed]]]:
    rows = list(zip(*packed, strict=True))
    blank = (None,) * len(packed)
    if rows and blank not in rows:
        return lines, packed
    kept = [row != blank for row in rows]
    return list(compress(lines, kept)), [list(compress(column, kept)) for column in packed]


def _of_columns(headers: Sequence[str], columns: Sequence[_Column], first_column: int) -> Notices:
    notices: Notices = []
    unnamed = [
        letters(place + first_column)
        for place, (header, column) in enumerate(zip(headers, columns, strict=False))
        if not header and column.is_used
    ]
    if unnamed:
        notices.append(("no_headers", {"count": len(unnamed), "columns": _some(unnamed)}))
    mixed = [
        header
        for header, column in zip(headers, columns, strict=False)
        if header and column.has_days and column.has_days_as_text
    ]
    if mixed:
        notices.append(("days_as_text", {"count": len(mixed), "columns": _some(mixed)}))
    return notices


def _some(names: Sequence[str]) -> str:
    """Return the first names in one line."""
    return ", ".join(name[:100] for name in names[:5]) + (", …" if len(names) > 5 else "")


def _decimal_mark(columns: Iterable[_Column], delimiter: str) -> str:
    """Return the mark that the numbers are written with; where none says, a semicolon between cells says a comma."""
    commas, points = 0, 0
    for column in columns:
        commas, points = commas + column.commas, points + column.points
    if bool(commas) != bool(points):
        return "," if commas else "."
    return "," if delimiter == ";" else "."


# Workbooks: xlsx and ods


def _of_workbook(data: bytes, kind: str, request: Request) -> Table:
    """Return the sheet that was asked for, or the one with most known headers."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        around: Workbook | Document = Workbook(archive) if kind == "xlsx" else Document(archive)
        notices: Notices = []
        if around.counts_from_1904:
            notices.append(("counts_from_1904", {}))
        if around.has_pictures:
            notices.append(("pictures", {}))
        try:
            with load_workbook(io.BytesIO(data)) as workbook:
                return _of_sheets(workbook, around, request, notices)
        except CalamineError as error:
            raise Refused("damaged") from error


def _of_sheets(workbook: Any, around: Workbook | Document, request: Request, notices: Notices) -> Table:
    sheets = [metadata for metadata in workbook.sheets_metadata if metadata.typ == SheetTypeEnum.WorkSheet]
    hidden = [metadata.name for metadata in sheets if metadata.visible != SheetVisibleEnum.Visible]
    if hidden:
        notices.append(("hidden_sheets", {"count": len(hidden), "names": _some(hidden)}))
    names: list[str] = []
    best: tuple[tuple[int, bool], CalamineSheet, Survey] | None = None
    refusal: Refused | None = None
    unreadable: list[str] = []
    for metadata in sheets:
        if metadata.name in hidden or metadata.name in names:
            continue
        try:
            found = around.survey(metadata.name)
            sheet = workbook.get_sheet_by_name(metadata.name)
            if sheet.width > MAX_COLUMNS:
                raise Refused("too_wide", limit=MAX_COLUMNS)
        except Refused as error:
            # Another sheet may do.
            if metadata.name == request.sheet:
                raise
            refusal = refusal or error
            unreadable.append(metadata.name)
            continue
        if not sheet.height and not found.faults:
            continue
        names.append(metadata.name)
        likeness = _best_likeness(sheet, request)
        if best is None or likeness > best[0]:
            best = likeness, sheet, found
    if request.sheet and request.sheet not in names:
        raise Refused("no_such_sheet", name=request.sheet[:100])
    if best is None or (refusal and not best[0][0] and not request.sheet):
        raise refusal or Refused("empty")
    if unreadable:
        notices.append(("unreadable_sheets", {"count": len(unreadable), "names": _some(unreadable)}))
    if len(names) > 1:
        notices.append(("several_sheets", {"count": len(names), "name": best[1].name}))
    return _of_sheet(best[1], best[2], names, notices)


def _best_likeness(sheet: CalamineSheet, request: Request) -> tuple[int, bool]:
    """Return how many headers of the sheet are known, and whether it has two rows; the one asked for beats all."""
    if request.sheet:
        return int(sheet.name == request.sheet), True
    rows = list(islice((row for row in sheet.iter_rows() if not _is_blank(row)), _ROWS_ABOVE))
    return max((_likeness(row, request.headers) for row in rows), default=0), len(rows) > 1


def _of_sheet(sheet: CalamineSheet, found: Survey, names: list[str], notices: Notices) -> Table:
    start = sheet.start[1] if sheet.start else 0
    faults = found.faults
    used = [start] if sheet.start else []
    first_column = min([*used, *(column for row in faults.values() for column in row)], default=0)
    margin = [None] * (start - first_column)

    def with_faults() -> Iterator[_Row]:
        line = 0
        for line, values in enumerate(sheet.iter_rows(), 1):
            row = margin + values
            yield line, _with_faults(row, faults[line], first_column) if line in faults else row
        for below in sorted(other for other in faults if other > line):
            yield below, _with_faults([], faults[below], first_column)

    facts = {"name": sheet.name, "sheets": names}
    rows = with_faults() if faults else iter(enumerate(sheet.iter_rows(), 1))
    return Table(rows, _of_value, facts, first_column, [*notices, *found.notices(start + sheet.width - 1)])


def _of_value(value: Any) -> Cell:
    """Return the cell of a value as calamine reads it, as a spreadsheet shows it."""
    match value:
        case str():
            return cells.of_text(value)
        case Fault():
            return value
        case float():
            # A spreadsheet shows 15 digits: 0.1 + 0.2 is 0.3.
            value = float(f"{value:.15g}")
        case datetime() if value.microsecond:
            # A day's fraction is not exact to the microsecond.
            value = value.replace(microsecond=0) + timedelta(milliseconds=round(value.microsecond / 1000))
        case timedelta():
            minutes, seconds = divmod(round(value.total_seconds()), 60)
            return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return cells.of_value(value)


def _with_faults(row: list[Any], faults: dict[int, Fault], first_column: int) -> list[Any]:
    for column, fault in faults.items():
        place = column - first_column
        row += [None] * (place + 1 - len(row))
        row[place] = fault
    return row


# Text: comma, semicolon, tab or bar separated

DELIMITERS = (",", ";", "\t", "|")
# A person may also choose from these.
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "iso-8859-15", "mac_roman", "cp850")


def _of_text(data: bytes, request: Request) -> Table:
    text, encoding = _decoded(data, request.encoding)
    if text.lstrip()[:9].lower().startswith(("<", "%pdf", "{\\rtf")):
        raise Refused("not_a_spreadsheet")
    if not text.strip(" \r\n" + "".join(DELIMITERS)):
        raise Refused("empty")
    text, told = _without_its_delimiter(text)
    delimiter = request.delimiter or told or max(DELIMITERS, key=lambda delimiter: _fit(text, delimiter, request))
    if delimiter not in DELIMITERS:
        raise Refused("not_a_spreadsheet")
    return Table(_records(text, delimiter), _of_text_cell, {"encoding": encoding, "delimiter": delimiter})


def _without_its_delimiter(text: str) -> tuple[str, str]:
    """Return the text without the line that tells Excel, and nobody else, what stands between its cells; and that."""
    told = _TOLD_DELIMITER.match(text)
    return (text[told.end() :], told[1]) if told else (text, "")


_TOLD_DELIMITER = re.compile(r"sep=([,;\t|])(?:\r\n|\r|\n)", re.I)


def _of_text_cell(value: Any) -> Cell:
    return None if value is None else cells.of_text(unescape(value))


def _decoded(data: bytes, asked: str) -> tuple[str, str]:
    if asked and asked not in ENCODINGS:
        raise Refused("wrong_encoding", encoding=asked[:20])
    for encoding in [asked] if asked else _candidates(data):
        try:
            text = data.decode(encoding)
        except UnicodeError:
            continue
        # A few strange characters are told with their place; a file that is full of them is no text.
        if "\0" in text or len(_CONTROLS.findall(text[:100_000])) > 5 + min(len(text), 100_000) // 1000:
            break
        # The end of a file as DOS wrote it.
        return text.removeprefix("\ufeff").rstrip("\x1a"), encoding
    if asked:
        raise Refused("wrong_encoding", encoding=asked)
    is_text = b"\0" not in data[:100_000] and len(_CONTROLS.findall(data[:100_000].decode("latin-1"))) < 5
    raise Refused("unknown_encoding" if is_text else "not_a_spreadsheet")


_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f]")


def _candidates(data: bytes) -> list[str]:
    if data.startswith(b"\xef\xbb\xbf"):
        return ["utf-8-sig"]
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ["utf-16"]
    start = data[:400]
    # Of two bytes for a character, one is 0 for most characters of both official languages.
    first, second = start[::2].count(0), start[1::2].count(0)
    if max(first, second) > len(start) // 4:
        return ["utf-16-be" if first > second else "utf-16-le"]
    return ["utf-8", "cp1252"]


def _fit(text: str, delimiter: str, request: Request) -> tuple[int, int, int, int]:
    """Say how well the delimiter cuts the first lines: known headers, then rows as wide as the header, then how few
    cells begin with a space, as after a comma in a sentence, then width."""
    try:
        rows = csv.reader(io.StringIO(text[:100_000], newline=""), delimiter=delimiter)
        sample = list(islice((row for row in rows if any(row)), 50))
    except csv.Error:
        sample = []
    if not sample:
        return 0, 0, 0, 0
    width = max(len(row) for row in sample[:_ROWS_ABOVE])
    alike = sum(len(row) == width for row in sample) if width > 1 else 0
    likeness = max(_likeness(row, request.headers) for row in sample[:_ROWS_ABOVE])
    spaced = sum(cell.startswith(" ") for cell in sample[0])
    return likeness, alike, -spaced, width


def _records(text: str, delimiter: str) -> Iterator[_Row]:
    """Yield each record with its line as a spreadsheet shows it: a record of several lines of text is one."""
    csv.field_size_limit(1_000_000)
    line = 0
    try:
        for line, record in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), 1):
            if not record:
                continue
            if len(record) > MAX_COLUMNS:
                while record and not record[-1].strip():
                    record.pop()
                if len(record) > MAX_COLUMNS:
                    raise Refused("too_wide", limit=MAX_COLUMNS)
            yield line, record
    except csv.Error as error:
        if str(error).startswith("field larger") and '"' not in text:
            raise Refused("too_long", line=line + 1, limit=MAX_TEXT) from error
        raise Refused("bad_quotes", line=line + 1) from error


# The process


def _limit() -> None:
    # A codec is loaded from a file when first used, and no file opens below; cp437 is for names in archives.
    for encoding in (*ENCODINGS, "cp437"):
        codecs.lookup(encoding)
    # Others' pages come first.
    os.nice(3)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_AS, (4 * MEMORY, 4 * MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # No file can be written, no process or thread started, and no file or socket opened beyond the three streams.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))


def _lines(request: Request) -> Iterator[bytes]:
    size = 0
    try:
        for part in answer(sys.stdin.buffer.read(), request):
            line = json.dumps(part, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
            size += len(line)
            if size > MAX_ANSWER:
                raise Refused("too_much_text")
            yield line
    except Refused as refusal:
        if refusal.code == "damaged" and refusal.__cause__:
            _say(refusal.__cause__)
        yield _refused(refusal.code, **refusal.values)
    except MemoryError:
        yield _refused("too_costly")
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        _say(error)
        yield _refused("damaged")


def _say(error: BaseException) -> None:
    # No more than a pipe holds, whatever of the file the error quotes.
    sys.stderr.write(f"damaged: {error!r}"[:1000] + "\n")


def _refused(code: str, **values: Any) -> bytes:
    return json.dumps({"refused": code, "values": values}).encode() + b"\n"


def main() -> None:
    """Answer on standard output for the file on standard input, and end the process."""
    request = Request(**json.loads(sys.argv[1]))
    _limit()
    for line in _lines(request):
        sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()
    # What it holds need not be taken apart piece by piece.
    os._exit(0)
