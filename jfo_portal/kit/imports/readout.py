"""What the columns of a sheet hold, in a few words: for the page on which a person says what they are."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import ngettext

from .. import formats
from ..tables import NUMERIC
from .cells import Cell, Fault, unpack
from .fields import CellRefused, ImportField, shown
from .reading import Sheet
from .resources import Resource, header_of

SAMPLES = 3


@dataclass(frozen=True)
class ColumnRead:
    """One column of a sheet: its letter, its header, some of its values, and what all of them are, in sentences."""

    place: int
    letter: str
    header: str
    samples: Sequence[str]
    sentences: Sequence[str]


def columns_read(sheet: Sheet, resource: Resource, places: dict[str, int]) -> list[ColumnRead]:
    """Return every column of the sheet; of one that holds a column of the resource, how many values will do."""
    named = {place: name for name, place in places.items()}
    return [
        ColumnRead(
            place,
            sheet.column_letter(place),
            header_of(sheet, place),
            _samples(sheet, place),
            _sentences(sheet, place, resource, named.get(place), places),
        )
        for place in range(len(sheet.headers))
    ]


def _samples(sheet: Sheet, place: int) -> list[str]:
    found: dict[str, None] = {}
    for packed in sheet.columns[place]:
        if packed is not None:
            found[shown(unpack(packed))] = None
            if len(found) == SAMPLES:
                break
    return list(found)


def _sentences(sheet: Sheet, place: int, resource: Resource, name: str | None, places: dict[str, int]) -> list[str]:
    cells = Counter(sheet.columns[place])
    empty = cells.pop(None, 0)
    said = []
    if name is None:
        said += _kinds([(unpack(packed), count) for packed, count in cells.items()])
    elif len(sheet):
        said += _passing(resource.fields[name], sheet, places)
    if empty:
        said.append(
            ngettext("%(count)s cell is empty.", "%(count)s cells are empty.", empty) % {"count": formats.number(empty)}
        )
    return said


def _kinds(cells: Sequence[tuple[Cell, int]]) -> list[str]:
    """Return how many cells are what, for a column of which nobody has said what it holds."""
    counted: Counter[str] = Counter()
    for cell, count in cells:
        counted[_kind(cell)] += count
    sentences = {
        "date": ngettext("%(count)s date.", "%(count)s dates.", counted["date"]),
        "number": ngettext("%(count)s number.", "%(count)s numbers.", counted["number"]),
        "text": ngettext("%(count)s text.", "%(count)s texts.", counted["text"]),
        "fault": ngettext("%(count)s cell shows an error.", "%(count)s cells show an error.", counted["fault"]),
    }
    return [
        sentence % {"count": formats.number(counted[kind])} for kind, sentence in sentences.items() if counted[kind]
    ]


def _kind(cell: Cell) -> str:
    match cell:
        case Fault():
            return "fault"
        case bool():
            return "text"
        case int() | float():
            return "number"
        case date():
            return "date"
    return "text"


def _passing(field: ImportField, sheet: Sheet, places: dict[str, int]) -> list[str]:
    """Return how many cells that are not empty the field takes, and an example of those that it does not."""
    columns = {name: sheet.columns[place] for name, place in places.items()}
    keys, read = field.clean_all(columns, choices={}, decimal_comma=sheet.decimal_comma)
    filled = [read[key] for cell, key in zip(columns[field.column_name], keys, strict=True) if cell is not None]
    bad = [value for value in filled if isinstance(value, CellRefused)]
    good = len(filled) - len(bad)
    said = [_good(field, good) % {"count": formats.number(good)}] if good else []
    if bad:
        sentence = ngettext(
            "%(count)s will not do, such as “%(value)s”.", "%(count)s will not do, such as “%(value)s”.", len(bad)
        )
        said.append(sentence % {"count": formats.number(len(bad)), "value": shown(bad[0].cell)})
    return said


def _good(field: ImportField, count: int) -> str:
    if field.kind == "date":
        return ngettext("%(count)s date.", "%(count)s dates.", count)
    if field.kind in NUMERIC:
        return ngettext("%(count)s number.", "%(count)s numbers.", count)
    if field.names_rows:
        return ngettext("%(count)s known name.", "%(count)s known names.", count)
    return ngettext("%(count)s value that will do.", "%(count)s values that will do.", count)
