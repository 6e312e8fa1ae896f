"""The child process that opens an uploaded file, held to little time, memory and nothing else; loads no Django.

It is given a line of JSON and then the file on its standard input, and answers with lines of JSON:
first what the sheet is, then each row with its line as Excel shows it. A file it will not read is
answered with one line that says why.
"""

import codecs
import csv
import io
import json
import re
import resource
import sys
import zipfile
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from defusedxml import ElementTree
from python_calamine import CalamineError, CalamineSheet, SheetTypeEnum, SheetVisibleEnum, load_workbook

from ..formulas import unescape
from . import cells
from .cells import Cell, Fault, fold
from .gate import Refused, kind_of

CPU_SECONDS = 5
MEMORY = 512 * 1024 * 1024
MAX_ROWS = 100_000
MAX_COLUMNS = 200
MAX_TEXT = 20_000
MAX_ANSWER = 64 * 1024 * 1024

_Row = tuple[int, list[Cell]]


@dataclass
class Table:
    """One sheet: its header, its rows with their lines, and how it was read."""

    name: str = ""
    encoding: str = ""
    delimiter: str = ""
    first_column: int = 0
    header_line: int = 0
    headers: list[str] = field(default_factory=list)
    rows: list[_Row] = field(default_factory=list)


def table(data: bytes, known: Collection[str]) -> Table:
    """Return the sheet of the file whose headers share most with the `known`, folded; Refused if none can be read."""
    kind = kind_of(data)
    tables = _of_text(data, known) if kind == "text" else _of_workbook(data, kind)
    best = max(tables, key=lambda table: (_likeness(table.headers, known), bool(table.rows)), default=None)
    if best is None or not best.rows:
        raise Refused("empty")
    return best


def _likeness(headers: Iterable[str], known: Collection[str]) -> int:
    return len({fold(header) for header in headers} & set(known))


def _laid_out(rows: Iterable[_Row], **facts: Any) -> Table:
    """Return the table of the rows: the first that is not blank is the header; blank ones are left out."""
    table = Table(**facts)
    width = 0
    for line, row in rows:
        used = max((place for place, cell in enumerate(row, 1) if cell is not None), default=0)
        if not used:
            continue
        width = max(width, used)
        if width > MAX_COLUMNS:
            raise Refused("too_wide", limit=MAX_COLUMNS)
        if not table.header_line:
            table.header_line = line
            table.headers = ["" if cell is None else " ".join(str(cell).split()) for cell in row[:used]]
            continue
        if any(isinstance(cell, str) and len(cell) > MAX_TEXT for cell in row):
            raise Refused("too_long", line=line, limit=MAX_TEXT)
        if len(table.rows) == MAX_ROWS:
            raise Refused("too_many_rows", limit=MAX_ROWS)
        table.rows.append((line, row[:used]))
    table.headers += [""] * (width - len(table.headers))
    return table


# Workbooks: xlsx and ods


def _of_workbook(data: bytes, kind: str) -> Iterator[Table]:
    try:
        with load_workbook(io.BytesIO(data)) as workbook:
            for metadata in workbook.sheets_metadata:
                if metadata.typ == SheetTypeEnum.WorkSheet and metadata.visible == SheetVisibleEnum.Visible:
                    yield _of_sheet(workbook.get_sheet_by_name(metadata.name), data, kind)
    except CalamineError as error:
        raise Refused("damaged") from error


def _of_sheet(sheet: CalamineSheet, data: bytes, kind: str) -> Table:
    start = sheet.start[1] if sheet.start else 0
    faults = _faults(data, sheet.name) if kind == "xlsx" else {}
    first_column = min([start, *(column for row in faults.values() for column in row)]) if sheet.start else 0

    def rows() -> Iterator[_Row]:
        line = 0
        for line, values in enumerate(sheet.iter_rows(), 1):
            row = [*[None] * (start - first_column), *map(cells.of_value, values)]
            yield line, _with_faults(row, faults.get(line, {}), first_column)
        for below in sorted(other for other in faults if other > line):
            yield below, _with_faults([], faults[below], first_column)

    return _laid_out(rows(), name=sheet.name, first_column=first_column)


def _with_faults(row: list[Cell], faults: dict[int, Fault], first_column: int) -> list[Cell]:
    for column, fault in faults.items():
        place = column - first_column
        row += [None] * (place + 1 - len(row))
        row[place] = fault
    return row


_ERROR_CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*?\bt=[\"']e[\"'][^>]*)>(?:.*?<(?:\w+:)?v>([^<]*)<)?")
_FORMULA_CELL = re.compile(
    rb"<(?:\w+:)?c\b([^>]*)>\s*<(?:\w+:)?f\b[^>]*(?:/>|>[^<]*</(?:\w+:)?f>)\s*(<(?:\w+:)?v\b[^>/]*>[^<])?"
)
_PLACE = re.compile(rb"\br=[\"']([A-Z]{1,3})([0-9]{1,7})[\"']")
_IS_TEXT = re.compile(rb"\bt=[\"']str[\"']")


def _faults(data: bytes, sheet_name: str) -> dict[int, dict[int, Fault]]:
    """Return, by line and column, the cells of the xlsx sheet that calamine gives as empty: errors, bare formulas."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        path = _sheet_path(archive, sheet_name)
        xml = archive.read(path) if path in archive.namelist() else b""
    found: dict[int, dict[int, Fault]] = {}
    if b't="e"' in xml or b"t='e'" in xml:
        for match in _ERROR_CELL.finditer(xml):
            line, column = _place(match[1])
            found.setdefault(line, {})[column] = Fault("error", (match[2] or b"").decode(errors="replace"))
    if b"<f" in xml or b":f" in xml:
        for match in _FORMULA_CELL.finditer(xml):
            # A formula whose result is an empty text is marked as a text, and is calculated.
            if match[2] is None and not _IS_TEXT.search(match[1]):
                line, column = _place(match[1])
                found.setdefault(line, {})[column] = Fault("formula")
    return found


def _place(attributes: bytes) -> tuple[int, int]:
    match = _PLACE.search(attributes)
    if match is None:
        raise Refused("damaged")
    column = 0
    for letter in match[1]:
        column = column * 26 + letter - ord("A") + 1
    return int(match[2]), column - 1


def _sheet_path(archive: zipfile.ZipFile, sheet_name: str) -> str:
    """Return where in the archive the sheet is, by the workbook's own table of relations."""
    try:
        workbook = ElementTree.fromstring(archive.read("xl/workbook.xml"))
        relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    except (KeyError, ElementTree.ParseError, ValueError) as error:
        raise Refused("damaged") from error
    identifier = next(
        (
            value
            for element in workbook.iter()
            if element.tag.endswith("}sheet") and element.get("name") == sheet_name
            for attribute, value in element.items()
            if attribute.endswith("}id")
        ),
        None,
    )
    target = next((element.get("Target", "") for element in relations if element.get("Id") == identifier), "")
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


# Text: comma, semicolon or tab separated

_DELIMITERS = (",", ";", "\t")


def _of_text(data: bytes, known: Collection[str]) -> Iterator[Table]:
    text, encoding = _decoded(data)
    if text.lstrip().startswith(("<", "%PDF", "{\\rtf")):
        raise Refused("not_a_spreadsheet")
    delimiter = max(_DELIMITERS, key=lambda delimiter: _fit(text, delimiter, known))
    yield _laid_out(_records(text, delimiter), encoding=encoding, delimiter=delimiter)


def _decoded(data: bytes) -> tuple[str, str]:
    if data.startswith(b"\xef\xbb\xbf"):
        candidates = ["utf-8-sig"]
    elif data.startswith((b"\xff\xfe", b"\xfe\xff")):
        candidates = ["utf-16"]
    elif b"\0" in data[:200]:
        candidates = ["utf-16-be" if data[:1] == b"\0" else "utf-16-le"]
    else:
        candidates = ["utf-8", "cp1252"]
    for encoding in candidates:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if re.search(r"[\x00-\x08\x0e-\x1f]", text):
            break
        return text, encoding
    raise Refused("not_a_spreadsheet")


def _fit(text: str, delimiter: str, known: Collection[str]) -> tuple[int, int, int]:
    """Say how well the delimiter cuts the first lines: known headers, then rows as wide as the header, then width."""
    try:
        rows = csv.reader(io.StringIO(text[:100_000], newline=""), delimiter=delimiter)
        sample = [row for row in rows if any(row)][:50]
    except csv.Error:
        sample = []
    if not sample:
        return 0, 0, 0
    width = len(sample[0])
    alike = sum(len(row) == width for row in sample) if width > 1 else 0
    return _likeness(sample[0], known), alike, width


def _records(text: str, delimiter: str) -> Iterator[_Row]:
    """Yield each record with its line as a spreadsheet shows it: a record of several lines of text is one."""
    csv.field_size_limit(1_000_000)
    line = 0
    try:
        for line, record in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), 1):
            yield line, [cells.of_text(unescape(value)) for value in record]
    except csv.Error as error:
        raise Refused("bad_quotes", line=line + 1) from error


# The process


def _limit() -> None:
    # A codec is loaded from a file when first used, and no file opens below; cp437 is for names in archives.
    for encoding in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "cp437"):
        codecs.lookup(encoding)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # No file can be written and no file or socket opened beyond the three streams.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))


# How many rows stand in one line of the answer.
_BLOCK = 1000


def _answer(data: bytes, known: Collection[str]) -> Iterator[str]:
    found = table(data, known)
    yield json.dumps(
        {
            "name": found.name,
            "encoding": found.encoding,
            "delimiter": found.delimiter,
            "decimal_mark": "," if found.delimiter == ";" else ".",
            "first_column": found.first_column,
            "header_line": found.header_line,
            "headers": found.headers,
            "sheets": [found.name] if found.name else [],
            "notices": [],
        }
    )
    width = len(found.headers)
    for start in range(0, len(found.rows), _BLOCK):
        block = found.rows[start : start + _BLOCK]
        rows = [[cells.pack(cell) for cell in row] + [None] * (width - len(row)) for _line, row in block]
        columns = list(zip(*rows, strict=True)) if width else []
        yield json.dumps([[line for line, _row in block], columns], ensure_ascii=False, separators=(",", ":"))


def main() -> None:
    """Answer on standard output for the file on standard input."""
    _limit()
    request = json.loads(sys.stdin.buffer.readline())
    lines: list[str] = []
    size = 0
    try:
        for line in _answer(sys.stdin.buffer.read(), request["headers"]):
            size += len(line)
            if size > MAX_ANSWER:
                raise Refused("too_much_text")
            lines.append(line)
    except Refused as refusal:
        if refusal.code == "damaged":
            sys.stderr.write(f"{refusal.code}: {refusal.__cause__!r}\n")
        lines = [json.dumps({"refused": refusal.code, "values": refusal.values})]
    except MemoryError:
        lines = [json.dumps({"refused": "too_costly", "values": {}})]
    sys.stdout.write("\n".join(lines))


if __name__ == "__main__":
    main()
