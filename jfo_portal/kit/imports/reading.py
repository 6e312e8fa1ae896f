"""From an uploaded file to a sheet of typed cells, or to a sentence that says what to do about the file."""

import hashlib
import json
import logging
import os
import subprocess
import sys
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import IO, Any, Self

from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from . import cells
from .cells import Cell, Packed

logger = logging.getLogger(__name__)

_READER = "jfo_portal.kit.imports.reader"
WALL_SECONDS = 15
# What Python may need in order to start; the portal's own variables are not among them.
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH")

_OTHERWISE = _(
    "The file is damaged and cannot be read. Open it, save it again as an Excel workbook (.xlsx), and send that."
)
# What to tell the person about a file the reading process refused, by its code.
_SENTENCES = {
    "empty": _("The file holds no rows. Put the column names in the first row, and a row below it for each record."),
    "old_excel": _(
        "The file is a workbook of an older kind. Open it, save it as an Excel workbook (.xlsx), and send that."
    ),
    "protected": _("The file is protected by a password. Open it, save it without a password, and send that."),
    "macros": _("The workbook holds macros. Save it as an Excel workbook (.xlsx), which keeps none, and send that."),
    "doctype": _(
        "The workbook holds a DOCTYPE declaration, which no spreadsheet program writes. "
        "Open it, save it again as an Excel workbook (.xlsx), and send that."
    ),
    "not_a_spreadsheet": _("The file is not a spreadsheet. Send an xlsx or ods workbook, or a csv or tsv text file."),
    "too_large_unpacked": _(
        "The workbook is too large once unpacked. Copy the rows to import into a new workbook, and send that."
    ),
    "too_costly": _(
        "The file takes more time or memory to read than an import may use. "
        "Copy the rows to import into a new workbook, or split the file, and send that."
    ),
    "too_many_rows": _("The sheet has more than %(limit)s rows. Split the file."),
    "too_wide": _("The sheet has more than %(limit)s columns. Remove those that are not to be imported."),
    "too_long": _("Row %(line)s holds a text of more than %(limit)s characters. Shorten it."),
    "too_much_text": _("The sheet holds too much text for one import. Split the file."),
    "bad_quotes": _(
        "The quotation marks of row %(line)s do not match, so it cannot be told where its cells end. "
        "Correct them, or send the sheet as an Excel workbook (.xlsx)."
    ),
}


# What to tell about a file that can be read, by the code of the notice.
_NOTICES: dict[str, Any] = {}


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
        return _NOTICES[self.code] % self.values


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
        """Return the sheet with other cells, by line and place of the column; a line that is not there is passed over."""
        positions = {line: position for position, line in enumerate(self.lines)}
        columns = list(self.columns)
        for place in {place for _line, place in corrections}:
            columns[place] = list(columns[place])
        for (line, place), cell in corrections.items():
            if (position := positions.get(line)) is not None:
                columns[place][position] = cells.pack(cell)  # type: ignore[index]
        return replace(self, columns=columns)

    def column_letter(self, place: int) -> str:
        """Return the letters Excel shows above the column at that place, counted from 0."""
        number, letters = place + self.first_column + 1, ""
        while number:
            number, rest = divmod(number - 1, 26)
            letters = chr(ord("A") + rest) + letters
        return letters

    def packed(self) -> bytes:
        """Return the sheet in few bytes."""
        facts = {field.name: getattr(self, field.name) for field in fields(self)}
        facts["notices"] = [asdict(notice) for notice in self.notices]
        return zlib.compress(json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode(), 1)

    @classmethod
    def unpacked(cls, kept: bytes) -> Self:
        """Return the sheet that `packed` put away."""
        facts = json.loads(zlib.decompress(kept))
        return cls(**facts | {"notices": tuple(Notice(**notice) for notice in facts["notices"])})


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
    commas, semicolons or tabs. The work is done in a process of its own, which has little time and
    memory and none of the portal's secrets, so that no file can harm more than its own import.
    """
    data = file.read(settings.IMPORT_MAX_BYTES + 1)
    if len(data) > settings.IMPORT_MAX_BYTES:
        raise ImportRefused(
            gettext(
                "The file is larger than %(limit)s MB. Split it, or remove the sheets and pictures that are not needed."
            )
            % {"limit": settings.IMPORT_MAX_BYTES // (1024 * 1024)}
        )
    request = json.dumps({"headers": [cells.fold(header) for header in headers], "options": asdict(options)})
    facts, *blocks = _answer(request.encode() + b"\n" + data)
    if "refused" in facts:
        raise ImportRefused(_SENTENCES.get(facts["refused"], _OTHERWISE) % facts["values"])
    lines: list[int] = []
    columns: list[list[Packed]] = [[] for _header in facts["headers"]]
    for block in blocks:
        lines += block[0]
        for column, some in zip(columns, block[1], strict=True):
            column += some
    notices = tuple(Notice(**notice) for notice in facts.pop("notices"))
    return Sheet(**facts, lines=lines, columns=columns, notices=notices)


def _answer(request: bytes) -> list[Any]:
    """Return the lines the reading process answers with."""
    try:
        done = subprocess.run(
            [sys.executable, "-B", "-m", _READER],
            input=request,
            capture_output=True,
            timeout=WALL_SECONDS,
            cwd=settings.BASE_DIR,
            env={"LC_ALL": "C.UTF-8"} | {name: os.environ[name] for name in _PASSED_ON if name in os.environ},
            check=False,
        )
    except subprocess.TimeoutExpired:
        return [{"refused": "too_costly", "values": {}}]
    if done.returncode < 0:
        # Killed by a limit: processor time, or memory that a library could not have.
        return [{"refused": "too_costly", "values": {}}]
    if done.stderr:
        logger.warning("The reader of imports failed: %s", done.stderr.decode(errors="replace")[-2000:])
    if done.returncode > 0 or not done.stdout:
        return [{"refused": "damaged", "values": {}}]
    return [json.loads(line) for line in done.stdout.splitlines()]
