"""What the review shows of a page of rows, and the corrections that it takes: staged, until the import is confirmed."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from django.utils.translation import get_language

from .. import formats
from ..models import Import
from ..periods import read_day
from .cells import fold, tidy
from .fields import DateField, DecimalField, ImportField, as_text, shown
from .forms import add_choice, value_key
from .preview import ReviewedCell, ReviewedRow, StoredPreview, Unmatched
from .reading import Sheet
from .resources import Resource

FIX = "fix"
# What the page showed in it: only what somebody typed over is a correction, however old the page is.
_WAS = "was"
# A correction of more characters than a cell of a spreadsheet can have is none.
LONGEST = 32_767
# A text of more characters is corrected on several lines.
_LONG = 60
# A page of more fields is slow, and one of very many cannot be sent: the later rows wait until these are corrected.
MOST_INPUTS = 900


@dataclass(frozen=True)
class Offer:
    """A correction that a button makes: its words, and what the button sends."""

    label: str
    name: str
    value: str
    count: int = 1


@dataclass(frozen=True)
class CellShown:
    """One cell of the review. `input` is the name of the field in which it can be corrected, "" where it cannot, and
    `was` of the one that says what it held; `in_file` is what the file holds, of a cell that was corrected."""

    cell: ReviewedCell
    input: str
    offers: Sequence[Offer]
    in_file: str | None
    back: str
    is_long: bool

    @property
    def was(self) -> str:
        return self.input.replace(FIX, _WAS, 1)


@dataclass(frozen=True)
class RowShown:
    """One row of the review, with its cells as they are shown, and whether something is said of it."""

    row: ReviewedRow
    cells: Sequence[CellShown]
    is_in_question: bool


def rows_shown(staged: Import, kept: StoredPreview, resource: Resource, positions: Iterable[int]) -> list[RowShown]:
    """Return the rows at those positions as the review shows them."""
    nearest = {(one.name, fold(one.value)): one for one in kept.unmatched}
    in_file = InFile(staged)
    rows: list[RowShown] = []
    inputs = 0
    for position in positions:
        row = kept.row(staged.sheet, position)
        fixed = staged.fixes.get(str(row.line), {})
        # What is wrong with the row as a whole may be any of its cells' fault.
        all_open = bool(row.errors) and not any(cell.errors for cell in row.cells)
        opened = {cell.name for cell in row.cells if all_open or cell.errors} if inputs <= MOST_INPUTS else set()
        inputs += len(opened)
        cells = []
        for cell, place in zip(row.cells, kept.places, strict=True):
            field = resource.fields[cell.name]
            names = field.names_in(cell.typed) if cell.errors else ()
            found = [one for name in names if (one := nearest.get((cell.name, fold(name)))) is not None]
            offers = _offers(cell, field, found, f"{row.line}:{place}") if cell.errors else ()
            cells.append(
                CellShown(
                    cell,
                    f"{FIX}-{row.line}-{place}" if cell.name in opened else "",
                    list(offers),
                    in_file.text(row.line, place) if str(place) in fixed else None,
                    f"{row.line}:{place}" if str(place) in fixed else "",
                    "\n" in cell.typed or len(cell.typed) > _LONG,
                )
            )
        rows.append(RowShown(row, cells, position in kept.errors or position in kept.warnings))
    return rows


class InFile:
    """The cells as the file holds them, before anybody corrected them in the page."""

    def __init__(self, staged: Import) -> None:
        self._staged = staged

    @cached_property
    def _sheet(self) -> Sheet:
        return Sheet.unpacked(bytes(self._staged.papers.sheet)) if self._staged.fixes else self._staged.sheet

    @cached_property
    def _positions(self) -> dict[int, int]:
        return {line: position for position, line in enumerate(self._sheet.lines)}

    def text(self, line: int, place: int) -> str:
        """Return the cell as somebody would type it."""
        position = self._positions.get(line)
        cell = None if position is None or place >= len(self._sheet.columns) else self._sheet.cell(place, position)
        return "" if cell is None else as_text(cell)


def _offers(cell: ReviewedCell, field: ImportField, found: Sequence[Unmatched], place: str) -> Iterator[Offer]:
    for one in found:
        if one.nearest is not None:
            yield Offer(one.nearest, "use", value_key(one.name, one.value), one.count)
    if isinstance(field, DateField):
        for day in days_meant(cell.typed):
            if field.first <= day <= field.last:
                yield Offer(day.isoformat(), "put", f"{place}:{day.isoformat()}")


_PARTS = re.compile(r"(\d{1,4})[-/. ](\d{1,2})[-/. ](\d{1,4})", re.ASCII)


def days_meant(text: str) -> list[date]:
    """Return the days that a text in another form than YYYY-MM-DD may mean; a person chooses, nobody guesses."""
    parts = _PARTS.fullmatch(text)
    # What is wrong with a day that can be read is not how it is written.
    if parts is None or read_day(text) is not None:
        return []
    one, two, three = (int(part) for part in parts.groups())
    of_this_century = 2000
    orders = []
    if len(parts[1]) == 4:
        orders = [(one, two, three), (one, three, two)]
    elif len(parts[3]) == 4:
        orders = [(three, two, one), (three, one, two)]
    elif len(parts[1]) <= 2 and len(parts[3]) <= 2:
        orders = [
            (of_this_century + three, two, one),
            (of_this_century + three, one, two),
            (of_this_century + one, two, three),
        ]
    found = []
    for year, month, day in orders:
        try:
            found.append(date(year, month, day))
        except ValueError:
            continue
    return list(dict.fromkeys(found))


# What a person sends back

# How long the number of a row may be.
_DIGITS = 9
_NAME = re.compile(FIX + r"(-(\d{1,9})-(\d{1,5}))", re.ASCII)
_BUTTON = re.compile(r"(\d{1,9}):(\d{1,5})(?::(.{0,40}))?", re.ASCII)


@dataclass(frozen=True)
class Corrections:
    """What a person corrected: texts by line and place, None to take a correction back; what values stand for; and rows
    to leave out by line, each with what it is about, None to take it in again.

    `too_long` are lines with a text that no cell can hold.
    """

    fixes: Mapping[int, Mapping[int, str | None]]
    choices: Mapping[str, Mapping[str, str]]
    left_out: Mapping[int, str | None]
    too_long: Sequence[int]

    def __len__(self) -> int:
        return sum(len(cells) for cells in self.fixes.values())


def corrections(staged: Import, kept: StoredPreview, resource: Resource, data: Any) -> Corrections:
    """Return what the form sends that differs from the sheet; what names no cell of it is passed over."""
    sheet, in_file = staged.sheet, InFile(staged)
    positions = {line: position for position, line in enumerate(sheet.lines)}
    fields = {place: resource.fields[name] for name, place in zip(kept.names, kept.places, strict=True)}
    fixes: dict[int, dict[int, str | None]] = {}
    too_long = []
    for line, place, sent in _sent(data):
        if line not in positions or place not in fields:
            continue
        if sent is None:
            fixes.setdefault(line, {})[place] = None
            continue
        if len(sent) > LONGEST:
            too_long.append(line)
            continue
        text = _as_in_file(sent, fields[place], sheet)
        cell = sheet.cell(place, positions[line])
        if text != (tidy("" if cell is None else as_text(cell)) or ""):
            fixes.setdefault(line, {})[place] = None if text == in_file.text(line, place) else text
    chosen: dict[str, dict[str, str]] = {}
    for one in kept.unmatched:
        if one.nearest is not None and value_key(one.name, one.value) == data.get("use"):
            add_choice(chosen, one, one.nearest, staged.choices)
    left_out: dict[int, str | None] = {}
    if (line := _line(data.get("leave", ""))) in positions:
        left_out[line] = _about(kept.row(sheet, positions[line]), resource)
    if (line := _line(data.get("take", ""))) in staged.left_out:
        left_out[line] = None
    return Corrections(fixes, chosen, left_out, too_long)


def _line(sent: str) -> int:
    return int(sent) if sent.isascii() and sent.isdigit() and len(sent) <= _DIGITS else 0


def _about(row: ReviewedRow, resource: Resource) -> str:
    """Return what the row is about, as the file says it: its cells in the columns that tell which record it means."""
    typed = {cell.name: cell.typed for cell in row.cells}
    return " · ".join(shown(typed.get(name) or formats.NO_VALUE) for name in resource.key)


def _sent(data: Any) -> Iterator[tuple[int, int, str | None]]:
    for name, text in data.items():
        if (named := _NAME.fullmatch(name)) is not None and text != data.get(_WAS + named[1]):
            yield int(named[2]), int(named[3]), text.replace("\r\n", "\n")
    if (put := _BUTTON.fullmatch(data.get("put", ""))) is not None and put[3]:
        yield int(put[1]), int(put[2]), put[3]
    if (back := _BUTTON.fullmatch(data.get("back", ""))) is not None:
        yield int(back[1]), int(back[2]), None


_COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)


def _as_in_file(text: str, field: ImportField, sheet: Sheet) -> str:
    """Return what was typed as a cell of the file would hold it: no control signs, and 0,5 of a French page as 0.5."""
    tidied = tidy(text) or ""
    has_comma = isinstance(field, DecimalField) and get_language() == "fr" and not sheet.decimal_comma
    return tidied.replace(",", ".") if has_comma and _COMMA.fullmatch(tidied) else tidied
