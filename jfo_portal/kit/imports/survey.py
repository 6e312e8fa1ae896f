"""What stands around the cells of a workbook's sheets: faults, hidden rows, merged cells and the like; loads no Django.

A parser of workbooks gives values alone, and nothing for a cell whose value is an error or was never calculated.
The sheets' own XML is read here for the rest, in pieces, so that a large sheet takes little memory.
"""

import posixpath
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from .cells import Fault
from .gate import Refused

# A row further down than this, or a column further right, is a cell left behind by accident.
MAX_LINE = 200_000
MAX_COLUMN = 1_000
_MAX_DEPTH = 100
_CHUNK = 1024 * 1024
# No row of as many columns as an import takes is longer.
_MAX_PIECE = 16 * 1024 * 1024
_PLACES_NAMED = 3


@dataclass
class Survey:
    """What a sheet holds beside its values; lines and columns as `faults` counts them: from 1, and from 0."""

    faults: dict[int, dict[int, Fault]] = field(default_factory=dict)
    hidden_rows: int = 0
    hidden_row: int = 0
    is_filtered: bool = False
    hidden_columns: int = 0
    hidden_column: int = 0
    merged: int = 0
    merged_places: list[str] = field(default_factory=list)
    formulas: int = 0
    formula_place: str = ""
    comments: int = 0
    comment_place: str = ""

    def notices(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the code and the values of each thing a person should know."""
        if self.hidden_rows:
            code = "filtered_rows" if self.is_filtered else "hidden_rows"
            yield code, {"count": self.hidden_rows, "line": self.hidden_row}
        if self.hidden_columns:
            yield "hidden_columns", {"count": self.hidden_columns, "column": letters(self.hidden_column)}
        if self.merged:
            places = ", ".join(self.merged_places) + (", …" if self.merged > len(self.merged_places) else "")
            yield "merged_cells", {"count": self.merged, "places": places}
        if self.formulas:
            yield "formulas", {"count": self.formulas, "place": self.formula_place}
        if self.comments:
            yield "comments", {"count": self.comments, "place": self.comment_place}

    def merge(self, place: str) -> None:
        """Count merged cells."""
        self.merged += 1
        if len(self.merged_places) < _PLACES_NAMED:
            self.merged_places.append(place)


def letters(column: int) -> str:
    """Return the letters a spreadsheet shows above a column counted from 0."""
    text, number = "", column + 1
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(ord("A") + rest) + text
    return text


def _walk(xml: bytes, start: Callable[[str, dict[str, str]], None]) -> None:
    """Call `start` with the plain name and the attributes of each element."""
    depth = 0

    def opened(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _MAX_DEPTH:
            raise Refused("damaged")
        start(name.rpartition(":")[2], attributes)

    def closed(_name: str) -> None:
        nonlocal depth
        depth -= 1

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = opened, closed
    try:
        parser.Parse(xml, True)
    except expat.ExpatError as error:
        raise Refused("damaged") from error


# xlsx


class Workbook:
    """The parts of an xlsx archive beside the values of its sheets."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        self._names = {name.lower(): name for name in archive.namelist()}
        self.counts_from_1904 = False
        self._identifiers: dict[str, str] = {}
        _walk(self._part("xl/workbook.xml"), self._note)
        self._relations = {
            relation["Id"]: self._target("xl", relation.get("Target", ""))
            for relation in self._relations_of("xl/workbook.xml")
            if "Id" in relation
        }

    def _note(self, name: str, attributes: dict[str, str]) -> None:
        if name == "workbookPr":
            self.counts_from_1904 = attributes.get("date1904") in ("1", "true")
        if name == "sheet" and "name" in attributes:
            identifier = next((value for key, value in attributes.items() if key.endswith(":id")), "")
            self._identifiers.setdefault(attributes["name"], identifier)

    def _part(self, path: str) -> bytes:
        name = self._names.get(path.lower())
        return b"" if name is None else self.archive.read(name)

    @staticmethod
    def _target(folder: str, target: str) -> str:
        return posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")

    def _relations_of(self, path: str) -> list[dict[str, str]]:
        folder, name = posixpath.split(path)
        found: list[dict[str, str]] = []
        if xml := self._part(f"{folder}/_rels/{name}.rels"):
            _walk(xml, lambda name, attributes: found.append(attributes) if name == "Relationship" else None)
        return found

    @property
    def has_pictures(self) -> bool:
        """Whether the workbook holds pictures."""
        return any(name.startswith("xl/media/") for name in self._names)

    def survey(self, sheet_name: str) -> Survey:
        """Return what the sheet holds beside its values; Refused where its cells stand too far apart."""
        found = Survey()
        path = self._relations.get(self._identifiers.get(sheet_name, ""), "")
        if (name := self._names.get(path.lower())) is None:
            return found
        with self.archive.open(name) as stream:
            for piece in _pieces(stream):
                _survey_piece(piece, found)
        for relation in self._relations_of(path):
            if relation.get("Type", "").endswith("/comments"):
                comments = self._part(self._target(posixpath.dirname(path), relation.get("Target", "")))
                places = _COMMENT.findall(comments)
                found.comments += len(places)
                found.comment_place = found.comment_place or (places[0].decode() if places else "")
        return found


def _pieces(stream: Any) -> Iterator[bytes]:
    """Yield a sheet's XML in pieces that end where a row ends."""
    rest = b""
    while chunk := stream.read(_CHUNK):
        piece = rest + chunk
        end = max(piece.rfind(b"</row>") + 6, piece.rfind(b":row>") + 5)
        if end < 7:
            if len(piece) > _MAX_PIECE:
                raise Refused("too_costly")
            rest = piece
            continue
        yield piece[:end]
        rest = piece[end:]
    yield rest


_X = rb"(?:\w+:)?"
_ERROR_CELL = re.compile(
    rb"<" + _X + rb"c\b([^>]*?\bt\s*=\s*[\"']e[\"'][^>]*)(?<!/)>\s*"
    rb"(?:<" + _X + rb"f\b[^>]*(?:/>|>[^<]*</" + _X + rb"f>)\s*)?(?:<" + _X + rb"v\b[^>]*>([^<]*)<)?"
)
_FORMULA_CELL = re.compile(
    rb"<" + _X + rb"c\b([^>]*)>\s*<" + _X + rb"f\b[^>]*(?:/>|>[^<]*</" + _X + rb"f>)\s*(<" + _X + rb"v\b[^>/]*>[^<])?"
)
_CELL = re.compile(rb"<" + _X + rb"c\b([^>]*)>")
_ROW = re.compile(rb"<" + _X + rb"row\b([^>]*)>")
_NUMBER = re.compile(rb"\br\s*=\s*[\"']([0-9]{1,7})[\"']")
_PLACE = re.compile(rb"\br\s*=\s*[\"']([A-Z]{1,3})([0-9]{1,7})[\"']")
_IS_TEXT = re.compile(rb"\bt\s*=\s*[\"']str[\"']")
_HIDDEN_ROW = re.compile(rb"<" + _X + rb"row\b([^>]*?\bhidden\s*=\s*[\"'](?:1|true)[\"'][^>]*)>")
_HIDDEN_COLUMN = re.compile(rb"<" + _X + rb"col\b([^>]*?\bhidden\s*=\s*[\"'](?:1|true)[\"'][^>]*)>")
_MIN = re.compile(rb"\bmin\s*=\s*[\"']([0-9]{1,6})[\"']")
_MAX = re.compile(rb"\bmax\s*=\s*[\"']([0-9]{1,6})[\"']")
_MERGED = re.compile(rb"<" + _X + rb"mergeCell\b[^>]*?\bref\s*=\s*[\"']([A-Z0-9:]{1,30})[\"']")
_COMMENT = re.compile(rb"<" + _X + rb"comment\b[^>]*?\bref\s*=\s*[\"']([A-Z]{1,3}[0-9]{1,7})[\"']")
_FAR_COLUMN = re.compile(rb"r=\"(?:[A-Z]{3}|[A-Z][M-Z])[0-9]")


def _survey_piece(xml: bytes, found: Survey) -> None:
    # Looking for a few bytes is many times faster than looking for a pattern.
    if b"hidden" in xml:
        for match in _HIDDEN_ROW.finditer(xml):
            number = _NUMBER.search(match[1])
            found.hidden_row = found.hidden_row or (int(number[1]) if number else 0)
            found.hidden_rows += 1
        for match in _HIDDEN_COLUMN.finditer(xml):
            first, last = _MIN.search(match[1]), _MAX.search(match[1])
            if first and last and int(first[1]) <= MAX_COLUMN:
                found.hidden_column = found.hidden_column if found.hidden_columns else int(first[1]) - 1
                found.hidden_columns += max(0, min(int(last[1]), MAX_COLUMN) - int(first[1]) + 1)
    if b"mergeCell" in xml:
        for match in _MERGED.finditer(xml):
            found.merge(match[1].decode())
    found.is_filtered |= b"filterColumn" in xml
    if b't="e"' in xml or b"t='e'" in xml or b"t =" in xml:
        for match in _ERROR_CELL.finditer(xml):
            line, column = _place(xml, match)
            found.faults.setdefault(line, {})[column] = Fault("error", (match[2] or b"").decode(errors="replace"))
    if b"<f" in xml or b":f" in xml:
        for match in _FORMULA_CELL.finditer(xml):
            found.formulas += 1
            line, column = _place(xml, match) if not found.formula_place or match[2] is None else (0, 0)
            found.formula_place = found.formula_place or f"{letters(column)}{line}"
            # A formula whose result is an empty text is marked as a text, and is calculated.
            if match[2] is None and not _IS_TEXT.search(match[1]):
                found.faults.setdefault(line, {}).setdefault(column, Fault("formula"))
    _refuse_far(xml)


def _refuse_far(xml: bytes) -> None:
    """Refuse a value so far from the others that a table up to it would fill the memory."""
    if _FAR_COLUMN.search(xml):
        for match in _CELL.finditer(xml):
            place = _PLACE.search(match[1])
            if place and _column(place[1]) >= MAX_COLUMN and _holds_value(xml, match):
                raise Refused("far_away", place=(place[1] + place[2]).decode())
    last = max(xml.rfind(b"<v"), xml.rfind(b"<is"), xml.rfind(b":v"), xml.rfind(b":is"))
    if last < 0:
        return
    start = max(xml.rfind(b"<c ", 0, last), xml.rfind(b":c ", 0, last))
    place = _PLACE.search(xml, max(start, 0), last)
    if start >= 0 and place and int(place[2]) > MAX_LINE:
        raise Refused("far_away", place=(place[1] + place[2]).decode())


def _holds_value(xml: bytes, cell: re.Match[bytes]) -> bool:
    return not cell[1].endswith(b"/") and not xml.startswith(b"</", cell.end())


def _column(name: bytes) -> int:
    column = 0
    for letter in name:
        column = column * 26 + letter - ord("A") + 1
    return column - 1


def _place(xml: bytes, cell: re.Match[bytes]) -> tuple[int, int]:
    """Return the line of a cell and its column; a cell that does not say is the next after the one before it."""
    if place := _PLACE.search(cell[1]):
        return int(place[2]), _column(place[1])
    start = max(xml.rfind(b"<row", 0, cell.start()), xml.rfind(b":row ", 0, cell.start()))
    row = _ROW.search(xml, max(start - 20, 0), cell.start()) if start >= 0 else None
    number = _NUMBER.search(row[1]) if row else None
    if row is None or number is None:
        raise Refused("damaged")
    column = -1
    for other in _CELL.finditer(xml, row.end(), cell.end()):
        place = _PLACE.search(other[1])
        column = _column(place[1]) if place else column + 1
    return int(number[1]), column


# ods


class _Document:
    """The tables of an ods document, as its elements come by."""

    def __init__(self) -> None:
        self.tables: dict[str, Survey] = {}
        self.counts_from_1904 = False
        self.now = Survey()
        self.line = self.column = 0
        self.next_line = self.next_column = 1
        self.cells = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        plain = {key.rpartition(":")[2]: value for key, value in attributes.items()}
        match name:
            case "table":
                self.now = self.tables.setdefault(plain.get("name", ""), Survey())
                self.next_line, self.next_column, self.cells = 1, 0, 0
            case "table-row":
                self.line, repeated = self.next_line, _repeated(plain, "number-rows-repeated")
                self.next_line, self.next_column = self.line + repeated, 0
                if plain.get("visibility") in ("collapse", "filter"):
                    # The rows down to the end of the sheet are hidden as one; they hold nothing.
                    self.now.hidden_rows += min(repeated, MAX_LINE)
                    self.now.hidden_row = self.now.hidden_row or self.line
                    self.now.is_filtered |= plain["visibility"] == "filter"
            case "table-column":
                column, repeated = self.next_column, _repeated(plain, "number-columns-repeated")
                self.next_column = column + repeated
                if plain.get("visibility") in ("collapse", "filter"):
                    self.now.hidden_column = self.now.hidden_column if self.now.hidden_columns else column
                    self.now.hidden_columns += min(repeated, MAX_COLUMN)
            case "table-cell" | "covered-table-cell":
                self.column, repeated = self.next_column, _repeated(plain, "number-columns-repeated")
                self.next_column = self.column + repeated
                self.cell(plain, repeated)
            case "annotation":
                self.now.comments += 1
                self.now.comment_place = self.now.comment_place or self.place
            case "null-date":
                self.counts_from_1904 |= plain.get("date-value", plain.get("date-value-type", "")).startswith("1904")

    @property
    def place(self) -> str:
        return f"{letters(self.column)}{self.line}"

    def cell(self, plain: dict[str, str], repeated: int) -> None:
        """Note a cell, `repeated` times beside itself."""
        if "value-type" in plain and (self.next_line > MAX_LINE + 1 or self.next_column > MAX_COLUMN):
            raise Refused("far_away", place=f"{letters(self.next_column - 1)}{self.next_line - 1}")
        wide, high = _repeated(plain, "number-columns-spanned"), _repeated(plain, "number-rows-spanned")
        if wide > 1 or high > 1:
            self.now.merge(f"{self.place}:{letters(self.column + wide - 1)}{self.line + high - 1}")
        if "formula" in plain:
            self.now.formulas += repeated
            self.now.formula_place = self.now.formula_place or self.place
            if "value-type" not in plain:
                faults = self.now.faults.setdefault(self.line, {})
                for column in range(self.column, min(self.next_column, MAX_COLUMN)):
                    faults[column] = Fault("formula")


def _repeated(attributes: dict[str, str], name: str) -> int:
    text = attributes.get(name, "1")
    return max(1, min(int(text), 10_000_000)) if text.isascii() and text.isdigit() and len(text) < 9 else 1


class Document:
    """The tables of an ods archive beside their values."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._found = _Document()
        self.has_pictures = any(name.startswith("Pictures/") for name in archive.namelist())
        parser = expat.ParserCreate()
        parser.StartElementHandler = lambda name, attributes: self._found.start(name.rpartition(":")[2], attributes)
        try:
            with archive.open("content.xml") as stream:
                parser.ParseFile(stream)
        except (expat.ExpatError, KeyError) as error:
            raise Refused("damaged") from error
        self.counts_from_1904 = self._found.counts_from_1904

    def survey(self, sheet_name: str) -> Survey:
        """Return what the table holds beside its values."""
        return self._found.tables.get(sheet_name, Survey())
