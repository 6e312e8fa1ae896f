"""What the review shows of a page of rows, and the corrections that it takes: staged, until the import is confirmed."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import get_language

from ..models import Import
from .cells import fold, tidy
from .fields import DateField, DecimalField, ImportField, as_text
from .forms import add_choice, value_key
from .preview import ReviewedCell, ReviewedRow, StoredPreview, Unmatched
from .reading import Sheet
from .resources import Resource

FIX = "fix"
# A correction of more characters than a cell of a spreadsheet can have is none.
LONGEST = 32_767


@dataclass(frozen=True)
class Offer:
    """A correction that a button makes: its words, and what the button sends."""

    label: str
    name: str
    value: str
    count: int = 1


@dataclass(frozen=True)
class CellShown:
    """One cell of the review. `input` is the name of the field in which it can be corrected, "" where it cannot;
    `in_file` is what the file holds, of a cell that was corrected."""

    cell: ReviewedCell
    input: str
    offers: Sequence[Offer]
    in_file: str | None
    back: str
    is_long: bool


@dataclass(frozen=True)
class RowShown:
    """One row of the review, with its cells as they are shown."""

    row: ReviewedRow
    cells: Sequence[CellShown]


def rows_shown(staged: Import, kept: StoredPreview, resource: Resource, positions: Iterable[int]) -> list[RowShown]:
    """Return the rows at those positions as the review shows them."""
    nearest = {(one.name, fold(one.value)): one for one in kept.unmatched}
    return [_row(staged, kept, resource, nearest, position) for position in positions]


def _row(
    staged: Import,
    kept: StoredPreview,
    resource: Resource,
    nearest: Mapping[tuple[str, str], Unmatched],
    position: int,
) -> RowShown:
    row = kept.row(staged.sheet, position)
    fixed = staged.fixes.get(str(row.line), {})
    shown = []
    for cell, place in zip(row.cells, kept.places, strict=True):
        # What is wrong with the row as a whole may be any of its cells' fault.
        is_open = bool(cell.errors) or (bool(row.errors) and not any(one.errors for one in row.cells))
        original = staged.original(row.line, place) if str(place) in fixed else None
        shown.append(
            CellShown(
                cell,
                f"{FIX}-{row.line}-{place}" if is_open else "",
                list(_offers(cell, resource.fields[cell.name], nearest, row.line, place)) if cell.errors else [],
                original,
                f"{row.line}:{place}" if original is not None else "",
                "\n" in cell.typed or len(cell.typed) > 60,
            )
        )
    return RowShown(row, shown)


def _offers(
    cell: ReviewedCell,
    field: ImportField,
    nearest: Mapping[tuple[str, str], Unmatched],
    line: int,
    place: int,
) -> Iterator[Offer]:
    found = nearest.get((cell.name, fold(cell.typed)))
    if found is not None and found.nearest is not None:
        yield Offer(found.nearest, "use", value_key(found.name, found.value), found.count)
    if isinstance(field, DateField):
        for day in days_meant(cell.typed):
            if field.first <= day <= field.last:
                yield Offer(day.isoformat(), "put", f"{line}:{place}:{day.isoformat()}")


_PARTS = re.compile(r"(\d{1,4})[-/. ](\d{1,2})[-/. ](\d{1,4})", re.ASCII)


def days_meant(text: str) -> list[date]:
    """Return the days that a text in another form than YYYY-MM-DD may mean; a person chooses, nobody guesses."""
    parts = _PARTS.fullmatch(text)
    if parts is None:
        return []
    one, two, three = (int(part) for part in parts.groups())
    of_this_century = 2000
    orders = []
    if len(parts[1]) == 4:  # noqa: PLR2004
        orders = [(one, two, three), (one, three, two)]
    elif len(parts[3]) == 4:  # noqa: PLR2004
        orders = [(three, two, one), (three, one, two)]
    elif len(parts[1]) <= 2 and len(parts[3]) <= 2:  # noqa: PLR2004
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

_NAME = re.compile(FIX + r"-(\d{1,9})-(\d{1,5})", re.ASCII)
_BUTTON = re.compile(r"(\d{1,9}):(\d{1,5})(?::(.{0,40}))?", re.ASCII)


@dataclass(frozen=True)
class Corrections:
    """What a person corrected: texts by line and place, None to take a correction back; and what values stand for.

    `too_long` are lines with a text that no cell can hold.
    """

    fixes: Mapping[int, Mapping[int, str | None]]
    choices: Mapping[str, Mapping[str, str]]
    too_long: Sequence[int]

    def __len__(self) -> int:
        return sum(len(cells) for cells in self.fixes.values())


def corrections(staged: Import, kept: StoredPreview, resource: Resource, data: Any) -> Corrections:
    """Return what the form sends that differs from the sheet; what names no cell of it is passed over."""
    sheet = staged.sheet
    positions = {line: position for position, line in enumerate(sheet.lines)}
    fields = {place: resource.fields[name] for name, place in zip(kept.names, kept.places, strict=True)}
    fixes: dict[int, dict[int, str | None]] = {}
    too_long = []
    for line, place, text in _sent(data):
        if line not in positions or place not in fields:
            continue
        if text is not None and len(text) > LONGEST:
            too_long.append(line)
            continue
        if text is not None:
            text = _as_in_file(text, fields[place], sheet)
            cell = sheet.cell(place, positions[line])
            if (tidy(text) or "") == ("" if cell is None else as_text(cell)):
                continue
            original = staged.original(line, place)
            text = None if text == original else text
        fixes.setdefault(line, {})[place] = text
    chosen: dict[str, dict[str, str]] = {}
    for one in kept.unmatched:
        if one.nearest is not None and value_key(one.name, one.value) == data.get("use"):
            add_choice(chosen, one, one.nearest, staged.choices)
            # The button speaks for all rows with the value, whatever their fields say.
            for line, cells in list(fixes.items()):
                fixes[line] = {place: text for place, text in cells.items() if fields[place].column_name != one.name}
    return Corrections({line: cells for line, cells in fixes.items() if cells}, chosen, too_long)


def _sent(data: Any) -> Iterator[tuple[int, int, str | None]]:
    for name, text in data.items():
        if (named := _NAME.fullmatch(name)) is not None:
            yield int(named[1]), int(named[2]), text.replace("\r\n", "\n")
    if (put := _BUTTON.fullmatch(data.get("put", ""))) is not None:
        yield int(put[1]), int(put[2]), put[3] or ""
    if (back := _BUTTON.fullmatch(data.get("back", ""))) is not None:
        yield int(back[1]), int(back[2]), None


_COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)


def _as_in_file(text: str, field: ImportField, sheet: Sheet) -> str:
    """Return what was typed as a cell of the file would hold it: no control signs, and 0,5 of a French page as 0.5."""
    tidied = tidy(text) or ""
    if isinstance(field, DecimalField) and get_language() == "fr" and not sheet.decimal_comma:
        if _COMMA.fullmatch(tidied):
            return tidied.replace(",", ".")
    return tidied
