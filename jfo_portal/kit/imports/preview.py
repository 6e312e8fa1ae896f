"""What an import would do, row by row, before anything is saved."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from .cells import Cell
from .reading import Sheet


class Outcome(models.TextChoices):
    """What becomes of a row."""

    ERROR = "error", _("Error")
    NEW = "new", _("New")
    CHANGED = "changed", _("Changed")
    UNCHANGED = "unchanged", _("Unchanged")


@dataclass(frozen=True)
class CellError:
    """Why a row cannot be taken: its line as Excel shows it, the column's label ("" for the whole row), the cell."""

    line: int
    label: str
    value: str
    sentence: str
    name: str = ""


@dataclass(frozen=True)
class Change:
    """One value of a record before and after, in words of the active language."""

    name: str
    label: str
    old: str
    new: str


@dataclass
class PreviewRow:
    """One row of the file: what it holds, the record it means, and what would become of that.

    `values` are the typed values by column, `before` the record as it is (None for a new one),
    `instance` the record as it would be (None where an error leaves that unknown). A row without
    changes has `before` itself as its instance. `effect` is what would be written, in no language.
    """

    line: int
    cells: dict[str, Cell]
    labels: dict[str, str]
    words: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    before: Any = None
    instance: Any = None
    changes: list[Change] = field(default_factory=list)
    effect: list[tuple[Any, ...]] = field(default_factory=list)
    errors: list[CellError] = field(default_factory=list)

    @property
    def outcome(self) -> Outcome:
        if self.errors:
            return Outcome.ERROR
        if self.before is None:
            return Outcome.NEW
        return Outcome.CHANGED if self.changes else Outcome.UNCHANGED

    def refuse(self, sentence: str, name: str = "") -> None:
        """Note why the row cannot be taken, beside its column `name` where it is one cell's fault."""
        cell = self.cells.get(name)
        value = "" if cell is None else str(cell)
        self.errors.append(CellError(self.line, self.labels.get(name, ""), value, sentence, name))


@dataclass(frozen=True)
class Counts:
    """How many rows came to each outcome."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    error: int = 0


@dataclass(frozen=True)
class Preview:
    """What an import would do with each row of a sheet.

    `names` are the columns taken, in the file's order, and `ignored` the headers of those that are
    not: a person has to agree to leave these out.
    """

    sheet: Sheet
    names: Sequence[str]
    ignored: Sequence[str]
    rows: Sequence[PreviewRow]

    @cached_property
    def counts(self) -> Counts:
        return Counts(**Counter(row.outcome.value for row in self.rows))

    @cached_property
    def digest(self) -> str:
        """A digest of what would be done, the same in both languages: what a person confirms."""
        effects = [[row.line, row.outcome.value, row.effect, [error.name for error in row.errors]] for row in self.rows]
        return hashlib.sha256(json.dumps([self.names, effects], default=str).encode()).hexdigest()

    def of(self, outcome: Outcome) -> list[PreviewRow]:
        """Return the rows that came to the outcome."""
        return [row for row in self.rows if row.outcome == outcome]
