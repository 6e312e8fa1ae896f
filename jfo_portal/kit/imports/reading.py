"""From an uploaded file to a sheet of typed cells, or to a sentence that says what to do about the file."""

import hashlib
import json
import logging
import os
import subprocess
import sys
from collections.abc import Collection
from dataclasses import dataclass
from typing import IO, Any, Self

from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from . import cells
from .cells import Cell

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


class ImportRefused(Exception):
    """An import that cannot go on; its text is a sentence, in the reader's language, that names the remedy."""


@dataclass(frozen=True)
class SheetRow:
    """One row that is not blank, with its line as Excel shows it; empty cells at its end are left out."""

    line: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Sheet:
    """One table as it stood in a file.

    `encoding` and `delimiter` are empty for a workbook, `name` for a text file. Headers are as typed;
    a column without one has "".
    """

    name: str
    encoding: str
    delimiter: str
    first_column: int
    header_line: int
    headers: tuple[str, ...]
    rows: tuple[SheetRow, ...]

    @property
    def decimal_comma(self) -> bool:
        """Whether 0,5 is a number here: where the semicolon separates, the comma is the decimal mark."""
        return self.delimiter == ";"

    def column_letter(self, place: int) -> str:
        """Return the letters Excel shows above the column at that place, counted from 0."""
        number, letters = place + self.first_column + 1, ""
        while number:
            number, rest = divmod(number - 1, 26)
            letters = chr(ord("A") + rest) + letters
        return letters

    def as_json(self) -> dict[str, Any]:
        """Return the sheet as a JSON field keeps it."""
        return {
            "name": self.name,
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "first_column": self.first_column,
            "header_line": self.header_line,
            "headers": list(self.headers),
            "rows": [[row.line, [cells.encode(cell) for cell in row.cells]] for row in self.rows],
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Self:
        """Return the sheet that `as_json` put away."""
        facts = kept | {
            "headers": tuple(kept["headers"]),
            "rows": tuple(SheetRow(line, tuple(map(cells.decode, row))) for line, row in kept["rows"]),
        }
        return cls(**facts)


def fingerprint(file: IO[bytes]) -> str:
    """Return the SHA-256 of the file's content, in hexadecimal; the file is left at its start."""
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    file.seek(0)
    return digest


def read(file: IO[bytes], headers: Collection[str] = ()) -> Sheet:
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
    request = json.dumps({"headers": [cells.fold(header) for header in headers]})
    first, *rest = _answer(request.encode() + b"\n" + data)
    if "refused" in first:
        raise ImportRefused(_SENTENCES.get(first["refused"], _OTHERWISE) % first["values"])
    return Sheet.from_json({**first, "rows": rest})


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
