"""From an uploaded file to a sheet of typed cells, or to a sentence that says what to do about the file."""

import hashlib
import json
import logging
import os
import subprocess
import sys
import tempfile
import threading
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import IO, Any, Self

from django.conf import settings
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from . import cells, turns
from .cells import Cell, Packed

logger = logging.getLogger(__name__)

# The reading process is short: Python need not look for cycles in it. A module that is imported is compiled once.
_READER = "import gc; gc.disable(); from jfo_portal.kit.imports.reader import main; main()"
WALL_SECONDS = 25
# How long an import waits while others are read.
WAIT_SECONDS = 10
# So many files are read at once on one machine.
READERS = min(os.cpu_count() or 1, 4)
_CHUNK = 256 * 1024
# What Python may need in order to start; the portal's own variables are not among them.
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH")

_OTHERWISE = _(
    "The file is damaged and cannot be read. Open it, save it again as an Excel workbook (.xlsx), and send that."
)
# What to tell the person about a file the reading process refused, by its code.
_SENTENCES = {
    "empty": _("The file holds no rows. Put the column names in the first row, and a row below it for each record."),
    "no_header": _("Row %(line)s holds no column names. Choose the row that does."),
    "no_such_sheet": _("The workbook has no sheet “%(name)s” with rows. Choose another sheet."),
    "old_excel": _(
        "The file is a workbook of an older kind. Open it, save it as an Excel workbook (.xlsx), and send that."
    ),
    "protected": _("The file is protected by a password. Open it, save it without a password, and send that."),
    "macros": _("The workbook holds macros. Save it as an Excel workbook (.xlsx), which keeps none, and send that."),
    "outside": _(
        "The workbook takes data from outside: a link to another workbook, or a connection to data. "
        "Copy its rows as values into a new workbook, and send that."
    ),
    "embedded": _(
        "The workbook holds another file or a control inside it. Copy its rows as values into a new workbook, "
        "and send that."
    ),
    "doctype": _(
        "The workbook holds a DOCTYPE declaration, which no spreadsheet program writes. "
        "Open it, save it again as an Excel workbook (.xlsx), and send that."
    ),
    "foreign": _(
        "The workbook is not written in UTF-8, as every spreadsheet program writes it. "
        "Open it, save it again as an Excel workbook (.xlsx), and send that."
    ),
    "not_a_spreadsheet": _("The file is not a spreadsheet. Send an xlsx or ods workbook, or a csv or tsv text file."),
    "wrong_encoding": _(
        "The file is not a text in the encoding %(encoding)s. Choose another, or save the file as “CSV UTF-8”, "
        "and send that."
    ),
    "unknown_encoding": _(
        "It cannot be told in which encoding the text is written. Save the file as “CSV UTF-8”, and send that."
    ),
    "too_large_unpacked": _(
        "The workbook is too large once unpacked. Copy the rows to import into a new workbook, and send that."
    ),
    "too_costly": _(
        "The file takes more time or memory to read than an import may use. "
        "Copy the rows to import into a new workbook, or split the file, and send that."
    ),
    "too_many_rows": _("The sheet has more than %(limit)s rows. Split the file."),
    "too_many_cells": _("The sheet has more than %(limit)s cells. Split the file."),
    "too_many_formats": _(
        "The workbook has more formats of cells than Excel itself keeps. "
        "Copy the rows to import as values into a new workbook, and send that."
    ),
    "too_wide": _("The sheet has more than %(limit)s columns. Remove those that are not to be imported."),
    "far_away": _(
        "Cell %(place)s stands far from all the others. Delete the rows and columns between and after them, "
        "or copy the rows to import into a new workbook, and send that."
    ),
    "too_long": _("Row %(line)s holds a text of more than %(limit)s characters. Shorten it."),
    "too_much_text": _("The sheet holds too much text for one import. Split the file."),
    "bad_quotes": _(
        "The quotation marks of row %(line)s do not match, so it cannot be told where its cells end. "
        "Correct them, or send the sheet as an Excel workbook (.xlsx)."
    ),
}


# What to tell about a file that can be read, by the code of the notice and how many there are of it.
_NOTICES: dict[str, Callable[[int], str]] = {
    "hidden_rows": lambda count: ngettext(
        "%(count)s row is hidden, and is read like the others: row %(line)s.",
        "%(count)s rows are hidden, and are read like the others: the first is row %(line)s.",
        count,
    ),
    "filtered_rows": lambda count: ngettext(
        "A filter hides %(count)s row, which is read like the others: row %(line)s.",
        "A filter hides %(count)s rows, which are read like the others: the first is row %(line)s.",
        count,
    ),
    "hidden_columns": lambda count: ngettext(
        "%(count)s column is hidden, and is read like the others: column %(column)s.",
        "%(count)s columns are hidden, and are read like the others: the first is column %(column)s.",
        count,
    ),
    "hidden_sheets": lambda count: ngettext(
        "%(count)s sheet is hidden, and is not read: %(names)s.",
        "%(count)s sheets are hidden, and are not read: %(names)s.",
        count,
    ),
    "unreadable_sheets": lambda count: ngettext(
        "%(count)s sheet cannot be read, and is left out: %(names)s.",
        "%(count)s sheets cannot be read, and are left out: %(names)s.",
        count,
    ),
    "several_sheets": lambda count: ngettext(
        "The workbook has %(count)s sheet with rows; “%(name)s” is read.",
        "The workbook has %(count)s sheets with rows; only “%(name)s” is read.",
        count,
    ),
    "merged_cells": lambda count: ngettext(
        "Cells are merged in %(count)s place, where only the first holds a value: %(places)s.",
        "Cells are merged in %(count)s places, where only the first of each holds a value: %(places)s.",
        count,
    ),
    "formulas": lambda count: ngettext(
        "%(count)s cell is a formula, whose last result is read: %(place)s.",
        "%(count)s cells are formulas, whose last results are read: the first is %(place)s.",
        count,
    ),
    "comments": lambda count: ngettext(
        "%(count)s cell has a comment, which is not read: %(place)s.",
        "%(count)s cells have comments, which are not read: the first is %(place)s.",
        count,
    ),
    "blank_lines": lambda count: ngettext(
        "%(count)s row is blank, and is left out: row %(line)s.",
        "%(count)s rows are blank, and are left out: the first is row %(line)s.",
        count,
    ),
    "rows_above": lambda count: ngettext(
        "%(count)s row above the column names is not read: row %(line)s.",
        "%(count)s rows above the column names are not read: the first is row %(line)s.",
        count,
    ),
    "no_headers": lambda count: ngettext(
        "%(count)s column has values and no name: %(columns)s.",
        "%(count)s columns have values and no name: %(columns)s.",
        count,
    ),
    "days_as_text": lambda count: ngettext(
        "%(count)s column holds some days as dates and others as text, such as 2011-03-31: %(columns)s.",
        "%(count)s columns hold some days as dates and others as text, such as 2011-03-31: %(columns)s.",
        count,
    ),
    "counts_from_1904": lambda _count: gettext(
        "The workbook counts its days from 1904; they are read as they are shown there."
    ),
    "pictures": lambda _count: gettext("The workbook holds pictures, which are not read."),
}


class ImportRefused(Exception):
    """An import that cannot go on; its text is a sentence, in the reader's language, that names the remedy."""


@dataclass(frozen=True)
class Options:
    """How to read a file; what is empty is told by the file itself.

    `header_line` is the line of the column names as a spreadsheet counts it, `decimal_mark` the point or the comma.
    """

    sheet: str = ""
    header_line: int = 0
    encoding: str = ""
    delimiter: str = ""
    decimal_mark: str = ""


@dataclass(frozen=True)
class Notice:
    """Something about a file that a person should know before it is imported: its code and what its sentence names."""

    code: str
    values: Mapping[str, Any]

    def __str__(self) -> str:
        return _NOTICES[self.code](self.values.get("count", 1)) % self.values


@dataclass(frozen=True)
class Sheet:
    """One table as it stood in a file: a list of cells, packed, for each column.

    `encoding` and `delimiter` are empty for a workbook, `name` for a text file. Headers are as typed;
    a column without one has "". `lines` are the rows' numbers as a spreadsheet shows them; rows that are blank are
    left out. `sheets` are the names of all the sheets that could be read.
    """

    headers: Sequence[str]
    lines: Sequence[int]
    columns: Sequence[Sequence[Packed]]
    name: str = ""
    encoding: str = ""
    delimiter: str = ""
    decimal_mark: str = "."
    first_column: int = 0
    header_line: int = 1
    sheets: Sequence[str] = ()
    notices: Sequence[Notice] = ()

    def __len__(self) -> int:
        return len(self.lines)

    @classmethod
    def of_rows(cls, headers: Sequence[str], rows: Iterable[tuple[int, Sequence[Cell]]], **facts: Any) -> Self:
        """Return the sheet of rows, each a line and its cells; a row shorter than the headers has empty cells."""
        lines, columns = [], [[] for _header in headers]  # type: ignore[var-annotated]
        for line, row in rows:
            lines.append(line)
            for place, column in enumerate(columns):
                column.append(cells.pack(row[place]) if place < len(row) else None)
        return cls(headers, lines, columns, **facts)

    @property
    def decimal_comma(self) -> bool:
        """Whether 0,5 is a number here."""
        return self.decimal_mark == ","

    def cell(self, place: int, position: int) -> Cell:
        """Return the cell of a column in a row, both counted from 0."""
        return cells.unpack(self.columns[place][position])

    def corrected(self, corrections: Mapping[tuple[int, int], Cell]) -> Self:
        """Return the sheet with other cells, by line and place of the column; a line that is not there is left."""
        positions = {line: position for position, line in enumerate(self.lines)}
        columns = list(self.columns)
        for place in {place for _line, place in corrections}:
            columns[place] = list(columns[place])
        for (line, place), cell in corrections.items():
            if (position := positions.get(line)) is not None:
                columns[place][position] = cells.pack(cell)  # type: ignore[index]
        return replace(self, columns=columns)

    def at(self, positions: Sequence[int]) -> Self:
        """Return the sheet with the rows at these positions alone."""
        columns = [[column[position] for position in positions] for column in self.columns]
        return replace(self, lines=[self.lines[position] for position in positions], columns=columns)

    def column_letter(self, place: int) -> str:
        """Return the letters Excel shows above the column at that place, counted from 0."""
        number, letters = place + self.first_column + 1, ""
        while number:
            number, rest = divmod(number - 1, 26)
            letters = chr(ord("A") + rest) + letters
        return letters

    def packed(self) -> bytes:
        """Return the sheet in few bytes: of a column of few different cells each of them once."""
        facts = {field.name: getattr(self, field.name) for field in fields(self)}
        facts["notices"] = [asdict(notice) for notice in self.notices]
        facts["columns"] = [_told_once(column) for column in self.columns]
        return zlib.compress(json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode(), 1)

    @classmethod
    def unpacked(cls, kept: bytes) -> Self:
        """Return the sheet that `packed` put away."""
        facts = json.loads(zlib.decompress(kept))
        facts["notices"] = tuple(Notice(**notice) for notice in facts["notices"])
        facts["columns"] = [
            cells if places is None else [cells[place] for place in places] for cells, places in facts["columns"]
        ]
        return cls(**facts)


def _told_once(column: Sequence[Packed]) -> tuple[Sequence[Packed], Sequence[int] | None]:
    """Return the different cells and the place of each row's cell among them; the column itself and None where most of
    its cells differ."""
    places = {cell: place for place, cell in enumerate(dict.fromkeys(column))}
    if 2 * len(places) > len(column):
        return column, None
    return list(places), [places[cell] for cell in column]


# Nothing said: all is told by the file.
AS_TOLD = Options()


def fingerprint(file: IO[bytes]) -> str:
    """Return the SHA-256 of the file's content, in hexadecimal; the file is left at its start."""
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    file.seek(0)
    return digest


def read(file: IO[bytes], headers: Collection[str] = (), options: Options = AS_TOLD) -> Sheet:
    """Return the sheet whose header row matches the `headers` best; ImportRefused if the file cannot be read.

    What the file is, is told by its content, never by its name: xlsx, ods, or text separated by
    commas, semicolons, tabs or bars. The work is done in a process of its own, which has little time and
    memory and none of the portal's secrets, so that no file can harm more than its own import; and by
    a few processes at once, one for each processor of the machine.
    """
    request = json.dumps({"headers": [cells.fold(header) for header in headers], **asdict(options)})
    with tempfile.TemporaryFile() as copy:
        _copy(file, copy)
        with turns.turn("imports", READERS, WAIT_SECONDS) as is_mine:
            if not is_mine:
                raise ImportRefused(
                    gettext("Other files are being read, and yours would have to wait too long. Send it again.")
                )
            return _sheet(copy, request)


def _copy(file: IO[bytes], copy: IO[bytes]) -> None:
    size = 0
    while chunk := file.read(_CHUNK):
        size += len(chunk)
        if size > settings.IMPORT_MAX_BYTES:
            raise ImportRefused(
                gettext(
                    "The file is larger than %(limit)s MB. "
                    "Split it, or remove the sheets and pictures that are not needed."
                )
                % {"limit": settings.IMPORT_MAX_BYTES // (1024 * 1024)}
            )
        copy.write(chunk)
    copy.seek(0)


def _sheet(file: IO[bytes], request: str) -> Sheet:
    """Return what the reading process answers about the file."""
    lines: list[int] = []
    columns: list[_Column] = []
    facts: dict[str, Any] = {}
    for part in _answer(file, request):
        if isinstance(part, dict):
            facts = part
            continue
        new, block = part
        columns += (_Column([None] * len(lines)) for _new in range(len(block) - len(columns)))
        for place, column in enumerate(columns):
            column.add(block[place] if place < len(block) else [None] * len(new))
        lines += new
    if "refused" in facts:
        raise ImportRefused(_SENTENCES.get(facts["refused"], _OTHERWISE) % facts["values"])
    cut = [column.values for column in columns[: len(facts["headers"])]]
    cut += ([None] * len(lines) for _none in range(len(facts["headers"]) - len(cut)))
    notices = tuple(Notice(**notice) for notice in facts.pop("notices"))
    return Sheet(**facts, lines=lines, columns=cut, notices=notices)


class _Column:
    """A column as it arrives. Equal values are one object as long as they repeat: most columns hold a few."""

    def __init__(self, values: list[Packed]) -> None:
        self.values = values
        self._known: dict[Packed, Packed] = {}

    def add(self, values: list[Packed]) -> None:
        """Add values at the end."""
        self.values += map(self._known.setdefault, values, values)
        if len(self._known) > _KNOWN:
            self._known = {}


# The values of a column that are looked up among; a column with more of them repeats few.
_KNOWN = 10_000


def _answer(file: IO[bytes], request: str) -> Iterator[Any]:
    """Yield what the reading process answers: blocks of rows, and at the end, always, a dict."""
    part, said = None, b""
    process = subprocess.Popen(
        [sys.executable, "-c", _READER, request],
        stdin=file,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=settings.BASE_DIR,
        env={"LC_ALL": "C.UTF-8"} | {name: os.environ[name] for name in _PASSED_ON if name in os.environ},
    )
    alarm = threading.Timer(WALL_SECONDS, process.kill)
    alarm.start()
    try:
        with process:
            for line in process.stdout or ():
                # A line without an end is all that was said before the process was killed.
                if line.endswith(b"\n"):
                    part = json.loads(line)
                    yield part
            # It says little about its errors: as much as a pipe holds, or it would have waited until killed.
            said = process.stderr.read() if process.stderr else b""
    finally:
        process.kill()
        alarm.cancel()
    if said:
        logger.warning("The reader of imports failed: %s", said.decode(errors="replace")[-2000:])
    if not isinstance(part, dict):
        # Killed by a limit: processor time, or memory that a library could not have.
        yield {"refused": "too_costly" if process.returncode < 0 else "damaged", "values": {}}
