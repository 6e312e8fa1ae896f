"""What an import would do, row by row, before anything is saved."""

import copy
import hashlib
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from typing import Any, Self

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from .. import formats
from ..rawrows import Made
from .cells import Cell
from .fields import CellRefused, ImportField, as_text
from .reading import Sheet


class Outcome(models.TextChoices):
    """What becomes of a row."""

    ERROR = "error", _("Error")
    NEW = "new", _("New")
    CHANGED = "changed", _("Changed")
    UNCHANGED = "unchanged", _("Unchanged")


@dataclass(frozen=True)
class Said:
    """What a person said of a sheet: what its columns hold, by place ("" for one to leave out); and by column what a
    value stands for, by its folded spelling."""

    mapping: Mapping[int, str] = field(default_factory=dict)
    choices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


NOTHING = Said()


@dataclass(frozen=True)
class CellError:
    """Why a row cannot be taken, or wants a second look: its line as Excel shows it, the column's label ("" for the
    whole row), the cell."""

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


class Batch:
    """The rows of a sheet while an import works on them: of each column a list, in the order of the file.

    `values` are the typed values by column; a cell that cannot be taken has None there, and an error. `doubtful` are
    the columns of such cells, by the row's position. `ids` are the keys of the records that the rows mean, None for a
    new one; `stored` what the database holds of these records, in the order of `stored_names`, and `changed` the
    columns that a row changes, by its position. `derived` are model attributes that are no columns, and follow from
    them. `records_of` returns records of the model by their keys.
    """

    def __init__(
        self,
        sheet: Sheet,
        *,
        places: Mapping[str, int],
        fields: Mapping[str, ImportField],
        key: Sequence[str],
        model: type[models.Model],
        records_of: Callable[[Iterable[Any]], dict[Any, Any]],
    ) -> None:
        self.sheet = sheet
        self.places = places
        self.fields = {name: fields[name] for name in places}
        self.key = key
        self.labels = {name: field.label for name, field in fields.items()}
        self.size = len(sheet)
        self.values: dict[str, list[Any]] = {}
        self._read: dict[str, tuple[Sequence[Any], dict[Any, Any]]] = {}
        self._plain: dict[str, list[Any]] = {}
        self.doubtful: dict[int, set[str]] = {}
        self.errors: dict[int, list[CellError]] = {}
        self.warnings: dict[int, list[CellError]] = {}
        self.ids: list[Any] = [None] * self.size
        self.stored: dict[Any, tuple[Any, ...]] = {}
        self.stored_names: dict[str, int] = {}
        self.changed: dict[int, list[str]] = {}
        self.derived: dict[str, list[Any]] = {}
        self.model = model
        self._records_of = records_of

    def read(self, name: str, keys: Sequence[Any], values: dict[Any, Any]) -> None:
        """Take the typed values of a column: a key for each row, and the value of each key."""
        self._read[name] = keys, values
        self.values[name] = [values[key] for key in keys]

    def mapped(self, name: str, function: Callable[[Any], Any]) -> list[Any]:
        """Return what the function makes of the typed value of each row, None of a cell that is empty or refused; each
        different value is asked about once."""
        keys, values = self._read[name]
        known = {
            key: None if value is None or value.__class__ is CellRefused else function(value)
            for key, value in values.items()
        }
        return [known[key] for key in keys]

    def different(self, name: str) -> list[Any]:
        """Return the different typed values of a column, without those of cells that were refused."""
        return [value for value in self._read[name][1].values() if value.__class__ is not CellRefused]

    def plain(self, name: str) -> list[Any]:
        """Return what makes two typed values of a column one and the same, for each row."""
        if name not in self._plain:
            field = self.fields[name]
            keys, values = self._read[name]
            known = {
                key: None if value.__class__ is CellRefused else field.plain(value) for key, value in values.items()
            }
            self._plain[name] = [known[key] for key in keys]
        return self._plain[name]

    def outcomes(self) -> list["Outcome"]:
        """Return what becomes of each row."""
        errors, changed = self.errors, self.changed
        return [
            Outcome.ERROR
            if position in errors
            else Outcome.NEW
            if pk is None
            else Outcome.CHANGED
            if position in changed
            else Outcome.UNCHANGED
            for position, pk in enumerate(self.ids)
        ]

    def row(self, position: int) -> "PreviewRow":
        """Return the row at that place, counted from 0."""
        return PreviewRow(self, position)

    def derive(self, attribute: str) -> list[Any]:
        """Return the list of an attribute that follows from the columns, to be filled: a foreign key's by its keys."""
        if attribute not in self.derived:
            self.derived[attribute] = [None] * self.size
        return self.derived[attribute]

    @cached_property
    def records(self) -> dict[Any, Any]:
        """The records that rows mean, by their keys; one query for each ten thousand, asked once."""
        return self._records_of(pk for pk in self.ids if pk is not None)

    def old(self, position: int, name: str) -> Any:
        """Return the typed value that the record of a row has in a column."""
        field, pk = self.fields[name], self.ids[position]
        place = self.stored_names.get(field.stored_name)
        return field.get_value(self.records[pk]) if place is None else field.of_stored(self.stored[pk][place])

    def as_would_be(self, attname: str, positions: Sequence[int]) -> list[Any]:
        """Return what the records of the rows at these positions would hold in the model's field."""
        field: Any = self.model._meta.get_field(attname)
        column = next((name for name, one in self.fields.items() if one.attribute == field.name), "")
        place, default = self.stored_names["pk" if field.primary_key else attname], field.get_default()
        values, derived, ids, stored = self.values.get(column), self.derived.get(attname), self.ids, self.stored
        if field.is_relation and values is not None:
            values = self.plain(column)
        source = derived if values is None else values
        if source is None:
            return [default if (pk := ids[position]) is None else stored[pk][place] for position in positions]
        # What the file has no say in is as it was.
        return [
            source[position]
            if (pk := ids[position]) is None
            or (column in self.changed.get(position, ()) if source is values else position in self.changed)
            else stored[pk][place]
            for position in positions
        ]


_NONE: frozenset[str] = frozenset()


class PreviewRow:
    """One row of the file: what it holds, the record it means, and what would become of that."""

    __slots__ = ("_batch", "_instance", "position")

    def __init__(self, batch: Batch, position: int) -> None:
        self._batch = batch
        self.position = position
        self._instance: Any = None

    @property
    def line(self) -> int:
        """The row's number as Excel shows it."""
        return self._batch.sheet.lines[self.position]

    @property
    def labels(self) -> dict[str, str]:
        """The columns' headers in the active language, by name."""
        return self._batch.labels

    @property
    def cells(self) -> dict[str, Cell]:
        """What the file holds, by column."""
        return {name: self._batch.sheet.cell(place, self.position) for name, place in self._batch.places.items()}

    def __getitem__(self, name: str) -> Any:
        """Return the typed value of the column; KeyError where the file has no such column."""
        return self._batch.values[name][self.position]

    def get(self, name: str) -> Any:
        """Return the typed value of the column; None where the file has no such column."""
        column = self._batch.values.get(name)
        return None if column is None else column[self.position]

    @property
    def values(self) -> dict[str, Any]:
        """The typed values by column, without those of cells that cannot be taken."""
        return {name: column[self.position] for name, column in self._batch.values.items() if self.knows(name)}

    def knows(self, *names: str) -> bool:
        """Say whether no cell of these columns was refused for what it holds: whether a rule that needs them can be
        asked. A column that the file lacks is known, by the record."""
        return self._batch.doubtful.get(self.position, _NONE).isdisjoint(names)

    @property
    def words(self) -> str:
        """What tells which record the row is about, in words."""
        values, found = self.values, self.cells
        return " · ".join(
            self._batch.fields[name].words(values[name])
            if name in values
            else ("–" if found.get(name) is None else as_text(found[name]))
            for name in self._batch.key
        )

    @property
    def is_new(self) -> bool:
        """Whether no record goes by the row's key."""
        return self._batch.ids[self.position] is None

    @property
    def before(self) -> Any:
        """The record as it is; None for a new one."""
        pk = self._batch.ids[self.position]
        return None if pk is None else self._batch.records[pk]

    def stored(self, attname: str) -> Any:
        """Return what the row's record, which is not new, holds in the model's field."""
        return self._batch.stored[self._batch.ids[self.position]][self._batch.stored_names[attname]]

    @property
    def changed_names(self) -> Sequence[str]:
        """The columns whose value the row changes in its record; none of a new one."""
        return self._batch.changed.get(self.position, ())

    @property
    def instance(self) -> Any:
        """The record as it would be; a row without changes has `before` itself."""
        if self._instance is None:
            before, batch = self.before, self._batch
            if before is not None and not self.changed_names:
                self._instance = before
                return before
            names = list(batch.values) if before is None else self.changed_names
            self._instance = batch.model() if before is None else copy.copy(before)
            for name in names:
                setattr(self._instance, batch.fields[name].attribute, batch.values[name][self.position])
            for attribute, derived in batch.derived.items():
                if derived[self.position] is not None:
                    setattr(self._instance, attribute, derived[self.position])
        return self._instance

    @property
    def changes(self) -> list[Change]:
        """What the row changes in its record, in words; nothing of a new one."""
        batch = self._batch
        return [
            Change(
                name,
                batch.labels[name],
                batch.fields[name].words(batch.old(self.position, name)),
                batch.fields[name].words(batch.values[name][self.position]),
            )
            for name in self.changed_names
        ]

    def derive(self, **values: Any) -> None:
        """Set attributes of the record that are no columns, and follow from them: a foreign key by its key."""
        for attribute, value in values.items():
            self._batch.derive(attribute)[self.position] = value

    @property
    def errors(self) -> Sequence[CellError]:
        """Why the row cannot be taken."""
        return self._batch.errors.get(self.position, ())

    @property
    def warnings(self) -> Sequence[CellError]:
        """What a person has to have seen before the row is taken."""
        return self._batch.warnings.get(self.position, ())

    @property
    def outcome(self) -> Outcome:
        if self.position in self._batch.errors:
            return Outcome.ERROR
        if self.is_new:
            return Outcome.NEW
        return Outcome.CHANGED if self.position in self._batch.changed else Outcome.UNCHANGED

    def refuse(self, sentence: str, name: str = "") -> None:
        """Note why the row cannot be taken, beside its column `name` where it is one cell's fault."""
        self._batch.errors.setdefault(self.position, []).append(self._told(sentence, name))

    def refuse_cell(self, sentence: str, name: str) -> None:
        """Note why the cell of the column cannot be taken: a rule that needs it passes the row by from now on."""
        self._batch.doubtful.setdefault(self.position, set()).add(name)
        self.refuse(sentence, name)

    def warn(self, sentence: str, name: str = "") -> None:
        """Note what a person has to have seen, and agreed to, before the row is taken."""
        self._batch.warnings.setdefault(self.position, []).append(self._told(sentence, name))

    def _told(self, sentence: str, name: str) -> CellError:
        batch = self._batch
        cell = batch.sheet.cell(batch.places[name], self.position) if name in batch.places else None
        value = "" if cell is None else as_text(cell)
        return CellError(self.line, batch.labels.get(name, ""), value, sentence, name)


def as_would_be(rows: Sequence[PreviewRow], attnames: Sequence[str]) -> list[tuple[Any, ...]]:
    """Return what the records of the rows would hold in the model's fields."""
    if not rows:
        return []
    positions = [row.position for row in rows]
    return list(zip(*(rows[0]._batch.as_would_be(attname, positions) for attname in attnames), strict=True))


@dataclass(frozen=True)
class Counts:
    """How many rows came to each outcome."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    error: int = 0


@dataclass(frozen=True)
class Unmatched:
    """One value of a column that names nothing known: in how many rows it stands, and the nearest name known."""

    name: str
    label: str
    value: str
    count: int
    nearest: str | None


@dataclass(frozen=True)
class Preview:
    """What an import would do with each row of a sheet.

    `names` are the columns taken, in the file's order, and `ignored` the headers of those that are not.
    """

    batch: Batch
    names: Sequence[str]
    ignored: Sequence[str]
    unmatched: Sequence[Unmatched] = ()

    @property
    def sheet(self) -> Sheet:
        """The sheet that is previewed."""
        return self.batch.sheet

    @cached_property
    def rows(self) -> Sequence[PreviewRow]:
        """Every row of the sheet."""
        return [self.batch.row(position) for position in range(self.batch.size)]

    @cached_property
    def counts(self) -> Counts:
        batch = self.batch
        errors = len(batch.errors)
        changed = sum(position not in batch.errors for position in batch.changed)
        new = sum(pk is None and position not in batch.errors for position, pk in enumerate(batch.ids))
        return Counts(new, changed, batch.size - errors - changed - new, errors)

    @cached_property
    def digest(self) -> str:
        """A digest of what would be done, the same in both languages: what a person confirms."""
        made = hashlib.sha256()
        for part in self._effects():
            made.update(json.dumps(part, default=str).encode())
        return made.hexdigest()

    def _effects(self) -> Iterator[Any]:
        batch = self.batch
        yield [*self.names]
        yield [*batch.sheet.lines]
        yield batch.ids
        for name, place in batch.places.items():
            yield batch.sheet.columns[place]
            if batch.fields[name].names_rows:
                yield batch.plain(name)
        for attribute, derived in sorted(batch.derived.items()):
            yield attribute
            yield derived
        for position, names in sorted(batch.changed.items()):
            for name in names:
                field = batch.fields[name]
                yield [
                    position,
                    name,
                    field.plain(batch.old(position, name)),
                    field.plain(batch.values[name][position]),
                ]
        for told in (batch.errors, batch.warnings):
            yield [[position, [error.name for error in errors]] for position, errors in sorted(told.items())]

    def of(self, outcome: Outcome) -> list[PreviewRow]:
        """Return the rows that came to the outcome."""
        found = enumerate(self.batch.outcomes())
        return [self.batch.row(position) for position, becomes in found if becomes == outcome]

    def kept(self) -> "StoredPreview":
        """Return what of the preview the review shows, in words of the active language."""
        batch = self.batch
        # Of many changes the values are few: each is put in words once.
        words = {name: Made(field.words, lambda _value: True) for name, field in batch.fields.items()}
        return StoredPreview(
            language=get_language() or "",
            digest=self.digest,
            counts=self.counts,
            names=self.names,
            labels=[batch.labels[name] for name in self.names],
            places=[batch.places[name] for name in self.names],
            ignored=self.ignored,
            unmatched=self.unmatched,
            outcomes="".join([_LETTERS[outcome] for outcome in batch.outcomes()]),
            changes={
                position: {
                    name: (words[name][batch.old(position, name)], words[name][batch.values[name][position]])
                    for name in names
                }
                for position, names in batch.changed.items()
                if position not in batch.errors
            },
            errors=_told(batch.errors, batch),
            warnings=_told(batch.warnings, batch),
        )


_LETTERS = {Outcome.ERROR: "E", Outcome.NEW: "N", Outcome.CHANGED: "C", Outcome.UNCHANGED: "U"}
_OUTCOMES = {letter: outcome for outcome, letter in _LETTERS.items()}
# What the review can show besides the rows of one outcome.
WARNED = "warning"


def _told(by_position: Mapping[int, Sequence[CellError]], batch: Batch) -> "Told":
    return {
        position: [(error.name if error.name in batch.places else "", _beside(error, batch)) for error in errors]
        for position, errors in by_position.items()
    }


def _beside(error: CellError, batch: Batch) -> str:
    """Return the sentence, with the column it speaks of where the file has no such column to put it beside."""
    if error.label and error.name not in batch.places:
        return str(_("%(field)s: %(sentence)s") % {"field": error.label, "sentence": error.sentence})
    return error.sentence


@dataclass(frozen=True)
class ReviewedCell:
    """One cell of the review: what the file holds or, of a change, what would stand there; what stands there now; and
    what is said of it."""

    name: str
    label: str
    typed: str
    text: str
    old: str
    errors: Sequence[str]
    warnings: Sequence[str]


@dataclass(frozen=True)
class ReviewedRow:
    """One row of the review; `errors` and `warnings` are those that are no single cell's."""

    line: int
    outcome: Outcome
    cells: Sequence[ReviewedCell]
    errors: Sequence[str]
    warnings: Sequence[str]


Told = Mapping[int, Sequence[tuple[str, str]]]


@dataclass(frozen=True)
class StoredPreview:
    """What the review shows of a preview, in one language: of each row its outcome, of some what is said of them.

    `errors` and `warnings` are, by a row's position, pairs of a column's name ("" for the whole row) and a sentence;
    `changes` by position and column the value before and after, in words; `effects` are what the resource says of it
    all, in sentences. `version` is the data version it was made of.
    """

    language: str
    digest: str
    counts: Counts
    names: Sequence[str]
    labels: Sequence[str]
    places: Sequence[int]
    ignored: Sequence[str]
    unmatched: Sequence[Unmatched]
    outcomes: str
    errors: Told
    warnings: Told
    changes: Mapping[int, Mapping[str, tuple[str, str]]]
    effects: Sequence[str] = ()
    version: str = ""

    def positions(self, shown: str = "") -> Sequence[int]:
        """Return the positions of the rows of that outcome, of those with a warning, or of all."""
        if shown == WARNED:
            return sorted(self.warnings)
        if not shown:
            return range(len(self.outcomes))
        letter = _LETTERS[Outcome(shown)]
        return [position for position, found in enumerate(self.outcomes) if found == letter]

    def row(self, sheet: Sheet, position: int) -> ReviewedRow:
        """Return the row at that position of the sheet that was previewed."""
        errors, warnings = _by_name(self.errors.get(position, ())), _by_name(self.warnings.get(position, ()))
        changes = self.changes.get(position, {})
        shown = []
        for name, label, place in zip(self.names, self.labels, self.places, strict=True):
            cell = sheet.cell(place, position)
            typed = "" if cell is None else as_text(cell)
            old, text = changes.get(name, ("", typed or formats.NO_VALUE))
            shown.append(ReviewedCell(name, label, typed, text, old, errors.get(name, ()), warnings.get(name, ())))
        outcome = _OUTCOMES[self.outcomes[position]]
        return ReviewedRow(sheet.lines[position], outcome, shown, errors.get("", ()), warnings.get("", ()))

    def packed(self) -> bytes:
        """Return the preview in few bytes."""
        facts = {one.name: getattr(self, one.name) for one in fields(self)}
        facts |= {"counts": asdict(self.counts), "unmatched": [asdict(one) for one in self.unmatched]}
        return zlib.compress(json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode(), 1)

    @classmethod
    def unpacked(cls, kept: bytes) -> Self:
        """Return the preview that `packed` put away."""
        facts = json.loads(zlib.decompress(kept))
        for name in ("errors", "warnings", "changes"):
            facts[name] = {int(position): told for position, told in facts[name].items()}
        facts["counts"] = Counts(**facts["counts"])
        facts["unmatched"] = [Unmatched(**one) for one in facts["unmatched"]]
        return cls(**facts)


def _by_name(told: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    by_name: dict[str, list[str]] = {}
    for name, sentence in told:
        by_name.setdefault(name, []).append(sentence)
    return by_name
