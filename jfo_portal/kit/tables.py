"""Columns: what a list or report shows, declared once for the page, the files and the print."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from django.utils.functional import Promise
from django.utils.safestring import SafeString

from . import formats

NUMERIC = frozenset({"integer", "number", "decimal", "fte", "money", "cents", "percent"})


@dataclass(frozen=True)
class Link:
    """A link of a row: what it does in a word, and to what, for those who hear it out of its row."""

    label: str
    href: str
    about: str


@dataclass(frozen=True)
class Column:
    """One column of a list or report.

    `kind` says how a value prints and aligns: text, date, datetime, integer, number (as it is), decimal (one place),
    fte (two places), money (whole dollars), cents (dollars and cents), percent (of one), yes_no.
    `value` takes the row and returns a typed value; without it the row's attribute or key of the
    column's name is read. `text` takes the row and returns what the page prints, where that is not
    the value as its kind prints it.
    `sort` is the ORM ordering behind the column's sort link. `href` takes the row and returns a
    link or None. A column that is `extra` shows only when chosen. A column of `links`, or of a `drawing`
    with its `scale` in the heading, is for the page alone and has no value in files.
    `names` is the look-up from the row to the officer whom the column names, such as `officer`: a file that names many
    asks for its purpose (kit.exportlog). `fields` are look-ups of fields that give the column's value: the one's own,
    or what `of` makes of theirs. A file whose columns all have some is read without making an object of each row.
    """

    name: str
    label: str | Promise
    kind: str = "text"
    value: Callable[[Any], Any] | None = None
    text: Callable[[Any], str] | None = None
    sort: str | None = None
    href: Callable[[Any], str | None] | None = None
    is_header: bool = False
    extra: bool = False
    links: Callable[[Any], Sequence[Link]] | None = None
    drawing: Callable[[Any], SafeString] | None = None
    scale: SafeString | None = None
    names: str | None = None
    fields: tuple[str, ...] = ()
    of: Callable[..., Any] | None = None

    def raw(self, row: Any) -> Any:
        """Return the row's typed value: for files and sums."""
        if self.value is not None:
            return self.value(row)
        if isinstance(row, dict):
            return row.get(self.name)
        return attrgetter(self.name)(row)

    @property
    def is_numeric(self) -> bool:
        return self.kind in NUMERIC

    @property
    def is_for_page_alone(self) -> bool:
        return self.links is not None or self.drawing is not None


@dataclass(frozen=True)
class Cell:
    """One value of the page's table, ready to print."""

    text: str
    label: str
    href: str | None = None
    is_header: bool = False
    is_numeric: bool = False
    is_date: bool = False
    links: Sequence[Link] = ()
    drawing: SafeString | None = None


def cells(columns: Sequence[Column], row: Any) -> list[Cell]:
    """Return the row's cells in the active language."""
    return [_cell(column, row) for column in columns]


def _cell(column: Column, row: Any) -> Cell:
    label = str(column.label)
    if column.is_for_page_alone:
        return Cell(
            text="",
            label=label,
            links=column.links(row) if column.links else (),
            drawing=column.drawing(row) if column.drawing else None,
        )
    return Cell(
        text=column.text(row) if column.text else formats.text(column.raw(row), column.kind),
        label=label,
        href=column.href(row) if column.href else None,
        is_header=column.is_header,
        is_numeric=column.is_numeric,
        is_date=column.kind in {"date", "datetime"},
    )
