"""What stands around the cells of a workbook's sheets: faults, hidden rows, merged cells and the like; loads no Django.

A parser of workbooks gives values alone, and nothing for a cell whose value is an error or was never calculated.
The sheets' own XML is read here for the rest, in pieces, so that a large sheet takes little memory.
"""

import operator
import posixpath
import re
import zipfile
from collections.abc import Callable, Iterator
from typing import Any, ClassVar
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


class Survey:
    """What a sheet holds beside its values; lines and columns as `faults` counts them: from 1, and from 0."""

    def __init__(self) -> None:
        self.faults: dict[int, dict[int, Fault]] = {}
        self.hidden_rows = self.hidden_row = 0
        self.is_filtered = False
        # The first and the last of each, counted from 0; they may go on to the end of the sheet.
        self.hidden_columns: list[tuple[int, int]] = []
        self.merged = 0
        self.merged_places: list[str] = []
        self.formulas = self.comments = 0
        self.formula_place = self.comment_place = ""
        # The number of the last row that was seen.
        self.last_line = 0

    def notices(self, last_column: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the code and the values of each thing a person should know of the columns up to the last one."""
        if self.hidden_rows:
            code = "filtered_rows" if self.is_filtered else "hidden_rows"
            yield code, {"count": self.hidden_rows, "line": self.hidden_row}
        hidden = [(first, min(last, last_column)) for first, last in self.hidden_columns if first <= last_column]
        if hidden:
            count = sum(last - first + 1 for first, last in hidden)
            yield "hidden_columns", {"count": count, "column": letters(hidden[0][0])}
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
        found, lines = Survey(), _Lines()
        path = self._relations.get(self._identifiers.get(sheet_name, ""), "")
        if (name := self._names.get(path.lower())) is None:
            return found
        with self.archive.open(name) as stream:
            for piece in _pieces(stream):
                _survey_piece(piece, found, lines)
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
_FAR_COLUMN = re.compile(rb"r=\"[A-Z]{3}[0-9]")


def _survey_piece(xml: bytes, found: Survey, lines: "_Lines") -> None:
    lines.go_on(xml)
    # Looking for a few bytes is many times faster than looking for a pattern.
    if b"hidden" in xml:
        _note_hidden(xml, found, lines)
    if b"mergeCell" in xml:
        for match in _MERGED.finditer(xml):
            found.merge(match[1].decode())
    found.is_filtered |= b"filterColumn" in xml
    _note_faults(xml, found, lines)
    _refuse_far(xml)
    _refuse_doubtful(xml, found)


def _note_hidden(xml: bytes, found: Survey, lines: "_Lines") -> None:
    for match in _HIDDEN_ROW.finditer(xml):
        end = xml.find(b"row>", match.end())
        if match[1].endswith(b"/") or not any(xml.find(mark, match.end(), end) >= 0 for mark in (b"v>", b"is>")):
            continue
        number = _NUMBER.search(match[1])
        found.hidden_row = found.hidden_row or (int(number[1]) if number else lines.line_at(match.end()))
        found.hidden_rows += 1
    for match in _HIDDEN_COLUMN.finditer(xml):
        first, last = _MIN.search(match[1]), _MAX.search(match[1])
        if first and last and 0 < int(first[1]) <= int(last[1]):
            found.hidden_columns.append((int(first[1]) - 1, int(last[1]) - 1))


def _note_faults(xml: bytes, found: Survey, lines: "_Lines") -> None:
    if b't="e"' in xml or b"t='e'" in xml or b"t =" in xml:
        for match in _ERROR_CELL.finditer(xml):
            line, column = lines.place(match)
            found.faults.setdefault(line, {})[column] = Fault("error", (match[2] or b"").decode(errors="replace"))
    if b"<f" in xml or b":f" in xml:
        for match in _FORMULA_CELL.finditer(xml):
            # A formula whose result is an empty text is marked as a text, and is calculated.
            is_calculated = match[2] is not None or _IS_TEXT.search(match[1]) is not None
            found.formulas += is_calculated
            if is_calculated and found.formula_place:
                continue
            line, column = lines.place(match)
            if is_calculated:
                found.formula_place = f"{letters(column)}{line}"
            else:
                found.faults.setdefault(line, {}).setdefault(column, Fault("formula"))


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


# A pattern that begins with plain bytes is looked for many times faster.
_ROW_NUMBERS = re.compile(rb"<row [^>]*?\br=\"([0-9]{1,7})\"")
_NO_PLACE_OF_A_TEXT = re.compile(rb"t=\"s\"><v>(?![0-9]{1,9}</)")


def _refuse_doubtful(xml: bytes, found: Survey) -> None:
    """Refuse rows that stand twice or in another order, of which a parser keeps one, and a text of the shared ones
    whose number is none, for which it gives the first."""
    lines = [found.last_line, *map(int, _ROW_NUMBERS.findall(xml))]
    if not all(map(operator.lt, lines, lines[1:])) or _NO_PLACE_OF_A_TEXT.search(xml):
        raise Refused("damaged")
    found.last_line = lines[-1]


def _holds_value(xml: bytes, cell: re.Match[bytes]) -> bool:
    return not cell[1].endswith(b"/") and not xml.startswith(b"</", cell.end())


def _column(name: bytes) -> int:
    column = 0
    for letter in name:
        column = column * 26 + letter - ord("A") + 1
    return column - 1


class _Lines:
    """Where the cells of a sheet are, whose rows and cells need not say it: then each is the next after the last."""

    def __init__(self) -> None:
        self._xml = b""
        self._before = self._line = self._read_to = 0

    def go_on(self, xml: bytes) -> None:
        """Turn to the next piece of the sheet."""
        start = max(self._xml.rfind(b"<row"), self._xml.rfind(b":row "))
        last = _ROW.search(self._xml, max(start - 20, 0)) if start >= 0 else None
        number = _NUMBER.search(last[1]) if last else None
        self._before = int(number[1]) if number else self.line_at(len(self._xml))
        self._xml, self._line, self._read_to = xml, self._before, 0

    def line_at(self, position: int) -> int:
        """Return the line of the row that begins last before a position of this piece."""
        if position < self._read_to:
            self._line, self._read_to = self._before, 0
        for row in _ROW.finditer(self._xml, self._read_to, position):
            number = _NUMBER.search(row[1])
            self._line, self._read_to = int(number[1]) if number else self._line + 1, row.end()
        return self._line

    def place(self, cell: re.Match[bytes]) -> tuple[int, int]:
        """Return the line of a cell of this piece, and its column."""
        if place := _PLACE.search(cell[1]):
            return int(place[2]), _column(place[1])
        line, column = self.line_at(cell.start()), -1
        for other in _CELL.finditer(self._xml, self._read_to, cell.end()):
            place = _PLACE.search(other[1])
            column = _column(place[1]) if place else column + 1
        return line, column


# ods


class _Document:
    """The tables of an ods document, as its elements come by."""

    def __init__(self) -> None:
        self.tables: dict[str, Survey] = {}
        self.counts_from_1904 = False
        self.now = Survey()
        self.line = self.column = 0
        self.next_line, self.next_column = 1, 0
        # How the row is hidden, until something is found in it.
        self.hidden = ""
        self._noted: dict[str, Any] = {}
        # By the names of a cell's attributes: whether it has a value, and whether they say more.
        self._kinds: dict[tuple[str, ...], tuple[bool, bool]] = {}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Note the element; there are some for each cell, and most say nothing."""
        try:
            note = self._noted[name]
        except KeyError:
            note = self._noted[name] = self._notes.get(name.rpartition(":")[2])
        if note is not None:
            note(self, attributes)

    def _table(self, attributes: dict[str, str]) -> None:
        self.now = self.tables.setdefault(_local(attributes).get("name", ""), Survey())
        self.next_line, self.next_column, self.hidden = 1, 0, ""

    def _row(self, attributes: dict[str, str]) -> None:
        plain = _local(attributes) if attributes else {}
        self.line = self.next_line
        self.next_line, self.next_column = self.line + _repeated(plain, "number-rows-repeated"), 0
        self.hidden = plain["visibility"] if plain.get("visibility") in ("collapse", "filter") else ""

    def _column(self, attributes: dict[str, str]) -> None:
        plain = _local(attributes)
        column, repeated = self.next_column, _repeated(plain, "number-columns-repeated")
        self.next_column = column + repeated
        if plain.get("visibility") in ("collapse", "filter"):
            self.now.hidden_columns.append((column, self.next_column - 1))

    def _cell(self, attributes: dict[str, str]) -> None:
        names = tuple(attributes)
        try:
            has_value, is_telling = self._kinds[names]
        except KeyError:
            local = {name.rpartition(":")[2] for name in names}
            self._kinds = {} if len(self._kinds) > 1000 else self._kinds
            has_value, is_telling = self._kinds[names] = "value-type" in local, bool(_TELLING & local)
        plain = _local(attributes) if is_telling else attributes
        self.column = self.next_column
        self.next_column += _repeated(plain, "number-columns-repeated") if is_telling else 1
        if has_value:
            if self.next_line > MAX_LINE + 1 or self.next_column > MAX_COLUMN:
                raise Refused("far_away", place=f"{letters(self.next_column - 1)}{self.next_line - 1}")
            if self.hidden:
                self.now.hidden_rows += self.next_line - self.line
                self.now.hidden_row = self.now.hidden_row or self.line
                self.now.is_filtered |= self.hidden == "filter"
                self.hidden = ""
        if is_telling:
            self._telling(plain)

    def _telling(self, plain: dict[str, str]) -> None:
        wide, high = _repeated(plain, "number-columns-spanned"), _repeated(plain, "number-rows-spanned")
        if wide > 1 or high > 1:
            self.now.merge(f"{self.place}:{letters(self.column + wide - 1)}{self.line + high - 1}")
        if "formula" in plain and "value-type" in plain:
            self.now.formulas += self.next_column - self.column
            self.now.formula_place = self.now.formula_place or self.place
        elif "formula" in plain:
            faults = self.now.faults.setdefault(self.line, {})
            for column in range(self.column, min(self.next_column, MAX_COLUMN)):
                faults[column] = Fault("formula")

    def _annotation(self, _attributes: dict[str, str]) -> None:
        self.now.comments += 1
        self.now.comment_place = self.now.comment_place or self.place

    def _null_date(self, attributes: dict[str, str]) -> None:
        self.counts_from_1904 |= _local(attributes).get("date-value", "").startswith("1904")

    @property
    def place(self) -> str:
        return f"{letters(self.column)}{self.line}"

    _notes: ClassVar[dict[str, Any]] = {
        "table": _table,
        "table-row": _row,
        "table-column": _column,
        "table-cell": _cell,
        "covered-table-cell": _cell,
        "annotation": _annotation,
        "null-date": _null_date,
    }


# The attributes of a cell that say more than its value and its looks.
_TELLING = frozenset({"number-columns-repeated", "number-columns-spanned", "number-rows-spanned", "formula"})


def _local(attributes: dict[str, str]) -> dict[str, str]:
    return {key.rpartition(":")[2]: value for key, value in attributes.items()}


def _repeated(attributes: dict[str, str], name: str) -> int:
    text = attributes.get(name, "1")
    return max(1, min(int(text), 10_000_000)) if text.isascii() and text.isdigit() and len(text) < 9 else 1


class Document:
    """The tables of an ods archive beside their values."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._found = _Document()
        self.has_pictures = any(name.startswith("Pictures/") for name in archive.namelist())
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._found.start
        try:
            with archive.open("content.xml") as stream:
                parser.ParseFile(stream)
        except (expat.ExpatError, KeyError) as error:
            raise Refused("damaged") from error
        self.counts_from_1904 = self._found.counts_from_1904

    def survey(self, sheet_name: str) -> Survey:
        """Return what the table holds beside its values."""
        return self._found.tables.get(sheet_name, Survey())
