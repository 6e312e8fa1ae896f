"""What each import and its export are made of: one resource declares an entity's columns.

The contract, for who writes a resource (in the app's resources.py, which is found by itself):

    @register
    class AssignmentResource(Resource):
        class Meta:
            model = Assignment                      # its default manager is a TrackedQuerySet
            slug = "assignments"                    # in addresses, and in the staged import
            title = _("Assignments")
            key = ("officer", "jfo", "start")       # the columns that tell which record a row means
            roles = frozenset({Role.ADMINISTRATOR})

        officer = ForeignKeyField(label_en="Officer", label_fr="Employé", lookup="number", required=True)
        fte = DecimalField(label_en="FTE", label_fr="ETP", min=Decimal("0.01"), max=1, help_text=…, example="0.50")

- A column is named for the model's attribute (or says `attribute=`). Key columns are required, hold
  fields of the model itself, and never change a record: a row with another key is another record.
- An attribute that is no field of the model is read from what `importable()` annotates and saved by
  `write()`: so a level can ride on its officer's row.
- Override, where the entity needs it:
    importable()        the records a row may mean, those the user may change; select what rules need
    complete(row)       fields that are no columns, and follow from them
    check_rows(rows)    rules across rows: `row.refuse(sentence, "fte")`; constant in queries. All rows whose record
                        is known come here, with an error in some cell or without: a rule asks
                        `row.knows("start", "end")` of the columns that it needs, and of them alone
    effects(preview)    what saving it would come to, in sentences: total FTE before and after
    write(new, changed, reason=…)   the saving itself, in one transaction that the caller holds
    lock()              what to hold still, besides the model's table, while an import is saved
    refusal(error)      the sentence for what the database refused
- Cells are cleaned by the fields, then each row by the model's own fields and check constraints; a
  rule of `Model.clean` or of another table belongs in `check_rows`.
- The same declaration exports (`columns()`, `importable()`), and an exported file comes back unchanged.

It stands on django-import-export's declaration and export. That package's row loop is not used: it
ignores unknown columns, asks the database for each row, and writes past the history.
"""

import dataclasses
import gc
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, NoReturn, TypeVar

import import_export.resources
from django.db import IntegrityError, OperationalError, models, transaction
from django.db.models import F
from django.db.models.functions import Upper
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ..access import Reader
from ..bulk import Among
from ..changesets import ChangeSet
from ..dataversion import data_version
from ..history import Door
from ..rawrows import columns_of
from ..tables import Column
from . import constraints
from .cells import fold
from .fields import CellRefused, ForeignKeyField, ImportField
from .preview import NOTHING, Batch, Counts, Outcome, Preview, PreviewRow, Said, StoredPreview, Unmatched
from .reading import ImportRefused, Sheet

Key = tuple[Any, ...]
# How many records one query asks for by their ids.
_CHUNK = 10_000
# How SQLite and PostgreSQL say that another transaction stands in the way.
_BUSY = re.compile(r"locked|deadlock|lock timeout")


def chunks(ids: Iterable[Any]) -> list[list[Any]]:
    """Return the ids in lists of ten thousand, which is what one query asks for."""
    wanted = list(ids)
    return [wanted[start : start + _CHUNK] for start in range(0, len(wanted), _CHUNK)]


def lock_table(model: type[models.Model], mode: str = "SHARE ROW EXCLUSIVE") -> None:
    """Keep others from writing to the model's table until the transaction ends; they can still read it.

    Of those who lock in the mode SHARE several may go on at once, and none writes. SQLite lets one
    transaction write at a time, and needs no more.
    """
    connection = transaction.get_connection()
    if connection.vendor == "postgresql":
        table = connection.ops.quote_name(model._meta.db_table)
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {table} IN {mode} MODE")


def lock_refused(error: OperationalError) -> ImportRefused:
    """Return the refusal for a lock that did not come; any other error of the database is raised as it is."""
    if not _BUSY.search(str(error)):
        raise error
    return ImportRefused(
        _("The database was busy with other changes, and nothing was saved. Confirm the import again.")
    )


@contextmanager
def _without_collection() -> Iterator[None]:
    """Keep Python from looking for cycles, of which an import makes none, each time that it has made some thousand more
    cells: that took a tenth of its time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class PreviewRemade(ImportRefused):
    """What would be done is no longer what was confirmed."""


@dataclass
class Matching:
    """What the columns of a sheet hold.

    `places` of the resource's columns, by name; the places of columns to leave out, and of those of which nobody has
    said what they hold; names that a second place claims; names of the required columns that no place holds.
    """

    places: dict[str, int] = dataclasses.field(default_factory=dict)
    left_out: list[int] = dataclasses.field(default_factory=list)
    unknown: list[int] = dataclasses.field(default_factory=list)
    doubled: list[tuple[str, int]] = dataclasses.field(default_factory=list)
    missing: list[str] = dataclasses.field(default_factory=list)


def header_of(sheet: Sheet, place: int) -> str:
    """Return the header of the column at that place; of one without, what it is called."""
    return sheet.headers[place] or _("Column %(letter)s, which has no header") % {"letter": sheet.column_letter(place)}


@dataclass(frozen=True)
class Columns:
    """Where in a sheet the columns of a resource stand, and the headers of the columns that are not its own."""

    places: dict[str, int]
    ignored: tuple[str, ...]


class Resource(import_export.resources.Resource):
    """One entity's import and export, for one user."""

    fields: dict[str, ImportField]
    # The act that its writes belong to, while an import is confirmed.
    change: ChangeSet | None = None
    # Called where an import comes to another phase: comparing, checking, saving.
    progress: Callable[[str], None]

    def __init__(self, user: Reader) -> None:
        super().__init__()
        self.user = user
        self.progress = lambda phase: None
        self.model: type[models.Model] = self._meta.model
        self.key: tuple[str, ...] = self._meta.key
        for name, field in self.fields.items():
            field.bind(name, self.model, user)
            field.required = field.required or name in self.key

    @property
    def slug(self) -> str:
        return str(self._meta.slug)

    @property
    def title(self) -> str:
        return str(self._meta.title)

    # For the entity to override

    def importable(self) -> models.QuerySet:
        """Return the records that a row may mean: those the user may see, with the rows their columns name."""
        objects: Any = self.model._default_manager
        names = [
            field.attribute
            for field in self.fields.values()
            if isinstance(field, ForeignKeyField) and field.model_field is not None
        ]
        rows: models.QuerySet = objects.visible_to(self.user)
        return rows.select_related(*names) if names else rows

    def complete(self, row: PreviewRow) -> None:
        """Set on the row's instance, new or changed, what follows from the columns that it `knows`; no query.

        `write` saves it.
        """

    def complete_all(self, batch: Batch, positions: Sequence[int]) -> None:
        """Complete the new and changed rows, which stand at these positions; overridden where they are many."""
        for position in positions:
            self.complete(batch.row(position))

    def check_all(self, batch: Batch, positions: Sequence[int]) -> None:
        """Check the rows whose record is known, which stand at these positions; overridden where they are many."""
        self.check_rows([batch.row(position) for position in positions])

    def check_rows(self, rows: Sequence[PreviewRow]) -> None:
        """Refuse rows that break a rule together, or with records that are not in the file.

        Given all whose record is known: a rule that needs columns which a row does not know passes that row by.
        """

    def effects(self, preview: Preview) -> list[str]:
        """Return what saving the preview would come to, in sentences, besides how many records it touches."""
        return []

    def write(self, new: Sequence[PreviewRow], changed: Sequence[PreviewRow], *, reason: str) -> None:
        """Update the changed records, then insert the new ones, with their history: what ends makes room first."""
        objects: Any = self.model._default_manager
        attribution = self.attribution(reason)
        own = {name: field.attribute for name, field in self.fields.items() if field.model_field}
        # A row whose changes are all of other tables leaves its record as it is.
        touched = [row for row in changed if any(name in own for name in row.changed_names)]
        stored = {own[name] for row in touched for name in row.changed_names if name in own}
        if touched:
            objects.bulk_update([row.instance for row in touched], sorted(stored), **attribution)
        if new:
            objects.bulk_create([row.instance for row in new], **attribution)

    def attribution(self, reason: str) -> dict[str, Any]:
        """Return what the bulk writes of a TrackedQuerySet are told about an import."""
        return {"by": self.user, "reason": reason, "door": Door.IMPORT, "change": self.change}

    def lock(self) -> None:
        """Keep others from writing to the model's table until the transaction ends; they can still read it."""
        lock_table(self.model)

    def refusal(self, error: IntegrityError) -> str:
        """Return the sentence of the constraint that the database names in its refusal."""
        for constraint in self.model._meta.constraints:
            if constraint.name in str(error):
                return str(constraint.get_violation_error_message())
        return _("A record with one of these values is there already, or was changed meanwhile.")

    # Columns

    def headers(self) -> list[str]:
        """Return every header the columns go by, in both languages."""
        return [label for field in self.fields.values() for label in field.labels.values()]

    def matching(self, sheet: Sheet, mapping: Mapping[int, str] = NOTHING.mapping) -> Matching:
        """Return what the sheet's columns hold: by the `mapping` that a person made, else by their headers.

        `mapping` has the name of a column by its place, or "" for one to leave out. Headers match without regard to
        language, case and accents.
        """
        by_header = {fold(label): name for name, field in self.fields.items() for label in field.labels.values()}
        said = {name for name in mapping.values() if name}
        found = Matching()
        for place, header in enumerate(sheet.headers):
            name = mapping.get(place)
            if name is None:
                name = by_header.get(fold(header))
                name = None if name in said else name
            if name is None:
                found.unknown.append(place)
            elif name not in self.fields:
                found.left_out.append(place)
            elif name in found.places:
                found.doubled.append((name, place))
            else:
                found.places[name] = place
        found.missing += [name for name, field in self.fields.items() if field.required and name not in found.places]
        return found

    def match(self, sheet: Sheet, mapping: Mapping[int, str] = NOTHING.mapping) -> Columns:
        """Return where the columns stand in the sheet; ImportRefused where one is doubled or a required one missing."""
        found = self.matching(sheet, mapping)
        for name, place in found.doubled:
            raise ImportRefused(
                _(
                    "Columns %(one)s and %(other)s both hold “%(label)s”. "
                    "Remove the one that is not to be imported, or change its header."
                )
                % {
                    "one": sheet.column_letter(found.places[name]),
                    "other": sheet.column_letter(place),
                    "label": self.fields[name].label,
                }
            )
        if found.missing:
            labels = (_("“%(label)s”") % {"label": self.fields[name].label} for name in found.missing)
            raise ImportRefused(
                ngettext(
                    "The column %(labels)s is missing. Add it to row %(line)s, or begin with the template.",
                    "The columns %(labels)s are missing. Add them to row %(line)s, or begin with the template.",
                    len(found.missing),
                )
                % {"labels": ", ".join(labels), "line": sheet.header_line}
            )
        return Columns(found.places, tuple(header_of(sheet, place) for place in sorted(found.unknown + found.left_out)))

    # Preview

    def preview(self, sheet: Sheet, said: Said = NOTHING, *, known_new: Collection[int] = ()) -> Preview:
        """Return what would become of each row, with every error; the number of queries does not grow with the rows.

        Of the rows at the positions that are `known_new` it is known already that no record goes by their key.
        """
        with _without_collection():
            return self._previewed(sheet, said, known_new)

    def _previewed(self, sheet: Sheet, said: Said, known_new: Collection[int]) -> Preview:
        columns = self.match(sheet, said.mapping)
        batch = Batch(
            sheet,
            places=columns.places,
            fields=self.fields,
            key=self.key,
            model=self.model,
            records_of=self._records,
        )
        unmatched = self._clean(batch, said.choices)
        self.progress("comparing")
        by_key = self._by_key(batch)
        known = self._compare(batch, by_key, known_new)
        self.progress("checking")
        self._validate(batch, known)
        self.check_all(batch, known)
        return Preview(batch, list(columns.places), columns.ignored, unmatched)

    def _clean(self, batch: Batch, choices: Mapping[str, Mapping[str, str]]) -> list[Unmatched]:
        """Set the typed values of the batch, and return those that name nothing known."""
        columns = {name: batch.sheet.columns[place] for name, place in batch.places.items()}
        unmatched = []
        for name, field in batch.fields.items():
            keys, read = field.clean_all(
                columns, choices=choices.get(name, {}), decimal_comma=batch.sheet.decimal_comma
            )
            batch.read(name, keys, read)
            if not any(value.__class__ is CellRefused for value in read.values()):
                continue
            values = batch.values[name]
            strangers: Counter[str] = Counter()
            refusals: dict[str, CellRefused] = {}
            for position, value in enumerate(values):
                if value.__class__ is CellRefused:
                    values[position] = None
                    batch.row(position).refuse_cell(str(value), name)
                    for spelling, refusal in value.strangers.items():
                        strangers[spelling] += 1
                        refusals.setdefault(spelling, refusal)
            for spelling, count in strangers.most_common():
                refusal = refusals[spelling]
                unmatched.append(Unmatched(name, field.label, refusal.cell, count, refusal.nearest))
        return unmatched

    def _by_key(self, batch: Batch) -> dict[Key, int]:
        """Return the rows' positions by their key, without those whose key has an error; of rows with one key the
        first stands for all."""
        parts = [batch.mapped(name, self.fields[name].key_part) for name in self.key]
        by_key: dict[Key, int] = {}
        twins: dict[Key, list[int]] = {}
        for position, key in enumerate(zip(*parts, strict=True)):
            if None in key:
                continue
            first = by_key.setdefault(key, position)
            if first != position:
                twins.setdefault(key, [first]).append(position)
        for positions in twins.values():
            for position in positions:
                other = positions[1] if position == positions[0] else positions[0]
                batch.row(position).refuse(self._doubled(batch.row(other)), self.key[0])
        return by_key

    def _doubled(self, other: PreviewRow) -> str:
        return _("Row %(line)s is about the same record, %(words)s. Keep one of the two.") % {
            "line": other.line,
            "words": other.words,
        }

    def _compare(self, batch: Batch, by_key: Mapping[Key, int], known_new: Collection[int]) -> list[int]:
        """Find the records that the rows mean and what each row changes; return the positions of the rows of which
        that can be told."""
        names = self._stored_names()
        batch.stored_names = {name: place for place, name in enumerate(names)}
        found: dict[Key, Any] = {}
        doubtful_keys = set()
        asked = {key: position for key, position in by_key.items() if position not in known_new}
        for key, row in self._with_keys(self.importable(), batch, asked, names):
            batch.stored[row[0]] = row
            if found.setdefault(key, row[0]) != row[0]:
                doubtful_keys.add(key)
        out_of_reach = set()
        if self.importable().query.where:
            # What is there, and not for the user.
            left = {key: position for key, position in asked.items() if key not in found}
            out_of_reach = {key for key, _row in self._with_keys(self.model._base_manager.all(), batch, left, ["pk"])}
        known = []
        for key, position in by_key.items():
            pk = found.get(key)
            if key in doubtful_keys:
                doubtful = batch.row(position)
                doubtful.refuse(
                    _("Several records go by %(words)s, so it cannot be told which is meant.")
                    % {"words": doubtful.words}
                )
            elif key in out_of_reach:
                doubtful = batch.row(position)
                doubtful.refuse(
                    _("%(words)s is not among the records that you may change.") % {"words": doubtful.words}
                )
            else:
                batch.ids[position] = pk
                known.append(position)
        self._find_changes(batch, [position for position in known if batch.ids[position] is not None])
        self.complete_all(batch, [pos for pos in known if batch.ids[pos] is None or pos in batch.changed])
        return known

    def _stored_names(self) -> list[str]:
        """Return what is read of a record: its key, its own columns, and what `importable` annotates for a column."""
        own = [field.attname for field in self.model._meta.concrete_fields if not field.primary_key]
        annotations = self.importable().query.annotations
        return ["pk", *own, *(field.attribute for field in self.fields.values() if field.attribute in annotations)]

    def _with_keys(
        self, records: models.QuerySet, batch: Batch, by_key: Mapping[Key, int], names: Sequence[str]
    ) -> Iterator[tuple[Key, tuple[Any, ...]]]:
        """Yield the key and the named values of each of the records that has one of the keys; one query, and of a large
        table another for the keys that are spelled otherwise in it."""
        if not by_key:
            return
        name, query = self.key[0], records.order_by()
        if not getattr(self._meta, "is_large", False):
            for place, field in enumerate(self.fields[name] for name in self.key):
                named = {key[place] for key in by_key} if isinstance(field, ForeignKeyField) else ()
                if 0 < len(named) <= _CHUNK:
                    query = query.filter(**{f"{field.attribute}__in": named})
            yield from self._keyed(query, by_key, names)
            return
        # Of a table of millions only what is named comes out: by its index as it is spelled, and what is not found so
        # by looking through the table.
        attribute, spelled = self.fields[name].attribute, batch.values[name]
        exact = Among(F(attribute), [spelled[position] for position in by_key.values()])
        found = list(self._keyed(query.filter(exact), by_key, names))
        yield from found
        there = {key for key, _row in found}
        if left := [key for key in by_key if key not in there]:
            query = query.annotate(_capitals=Upper(attribute))
            yield from self._keyed(query.filter(Among(F("_capitals"), [key[0].upper() for key in left])), left, names)

    def _keyed(
        self, query: models.QuerySet, keys: Collection[Key], names: Sequence[str]
    ) -> Iterator[tuple[Key, tuple[Any, ...]]]:
        fields = [self.fields[name] for name in self.key]
        for columns in columns_of(query.values_list(*[field.attribute for field in fields], *names)):
            parts = [map(field.stored_key_part, column) for field, column in zip(fields, columns, strict=False)]
            rows = zip(*columns[len(fields) :], strict=True)
            for key, row in zip(zip(*parts, strict=True), rows, strict=True):
                if key in keys:
                    yield key, row

    def _find_changes(self, batch: Batch, positions: Sequence[int]) -> None:
        """Note which columns each of the rows changes in its record; a cell that cannot be taken changes nothing."""
        stored = list(zip(*(batch.stored[batch.ids[position]] for position in positions), strict=True))
        for name, field in batch.fields.items():
            if name in self.key:
                continue
            column, place = batch.plain(name), batch.stored_names.get(field.stored_name)
            new = column if len(positions) == batch.size else [column[position] for position in positions]
            if place is None or not stored:
                old = [field.plain(batch.old(position, name)) for position in positions]
            else:
                known = {value: field.stored_plain(value) for value in set(stored[place])}
                old = list(map(known.__getitem__, stored[place]))
            if old == new:
                continue
            for position, one, other in zip(positions, old, new, strict=True):
                if one != other and name not in batch.doubtful.get(position, ()):
                    batch.changed.setdefault(position, []).append(name)

    def _records(self, ids: Iterable[Any]) -> dict[Any, Any]:
        """Return those of the records that the user may change, by id; one query for each ten thousand."""
        return {record.pk: record for chunk in chunks(ids) for record in self.importable().filter(pk__in=chunk)}

    # What the model itself refuses

    def _validate(self, batch: Batch, positions: Sequence[int]) -> None:
        """Refuse what the model's fields and check constraints refuse; foreign keys are known rows already.

        What the file leaves alone is not the file's to answer for.
        """
        new = [position for position in positions if batch.ids[position] is None]
        # Of a row whose record is not known, what it says itself is looked at as if it were new.
        strangers = sorted(batch.errors.keys() - set(positions)) if batch.errors else []
        for name, field in batch.fields.items():
            is_needed = field.model_field is not None and field.model_field.is_relation and not field.model_field.null
            values = batch.different(name)
            if not (is_needed and None in values) and not field.has_problem(values):
                continue
            changed = (position for position, names in batch.changed.items() if name in names)
            for position in [*new, *strangers, *changed]:
                value = batch.values[name][position]
                sentence = _("This cell is empty, and a value is needed.") if is_needed and value is None else ""
                row = batch.row(position)
                if row.knows(name) and (sentence := sentence or field.problem(value)):
                    row.refuse_cell(sentence, name)
        self._validate_absent(batch, new)
        for constraint in constraints.of_model(self.model):
            self._validate_constraint(batch, positions, strangers, constraint)

    def _validate_absent(self, batch: Batch, new: Sequence[int]) -> None:
        """Refuse new rows that leave a field of the model empty which the file has no column for."""
        present = {field.attribute for field in batch.fields.values()} | {
            self.model._meta.get_field(name).name for name in batch.derived
        }
        absent = [
            field for field in self.model._meta.concrete_fields if field.name not in present and not field.primary_key
        ]
        problems: dict[str, str] = {}
        for field in absent:
            if field.is_relation:
                if not field.null and not field.has_default():
                    problems[field.name] = _("This cell is empty, and a value is needed.")
            elif field.editable and not field.blank and not field.has_default():
                problems[field.name] = str(field.error_messages["blank"])
        for position in new:
            row = batch.row(position)
            for attribute, sentence in problems.items():
                if getattr(row.instance, self.model._meta.get_field(attribute).attname) in (None, ""):  # type: ignore[union-attr]
                    self._refuse_field(row, attribute, sentence)

    def _validate_constraint(
        self, batch: Batch, positions: Sequence[int], strangers: Sequence[int], constraint: constraints.Constraint
    ) -> None:
        """Refuse the new and changed rows that break the check constraint, and those whose record is not known; each
        different set of values is tried once."""
        needed = {self._column_of(name) for name in constraint.names}
        # What follows from the columns is not known where one of them is not.
        is_of_columns = batch.derived.keys().isdisjoint(constraint.names)
        written = [
            position
            for position in positions
            if (batch.ids[position] is None or position in batch.changed)
            and (position not in batch.doubtful or (is_of_columns and batch.row(position).knows(*needed)))
        ]
        if needed <= batch.fields.keys():
            written += [position for position in strangers if batch.row(position).knows(*needed)]
        columns = [batch.as_would_be(name, written) for name in constraint.names]
        tried: dict[tuple[Any, ...], bool] = {}
        for position, values in zip(written, zip(*columns, strict=True), strict=True):
            if values not in tried:
                tried[values] = constraint.is_broken_by(dict(zip(constraint.names, values, strict=True)))
            if tried[values]:
                names = constraint.compared
                named = next((name for name in reversed(names) if self._column_of(name)), names[-1])
                self._refuse_field(batch.row(position), named, constraint.sentence)

    def _column_of(self, attribute: str) -> str:
        return next(
            (name for name, field in self.fields.items() if attribute in (field.attribute, field.stored_name)), ""
        )

    def _refuse_field(self, row: PreviewRow, attribute: str, sentence: str) -> None:
        column = self._column_of(attribute)
        if column:
            row.refuse_cell(sentence, column)
            return
        label = self.model._meta.get_field(attribute).verbose_name  # type: ignore[union-attr]
        row.refuse(_("%(field)s: %(sentence)s") % {"field": label, "sentence": sentence})

    # Saving

    def apply(
        self,
        sheet: Sheet,
        said: Said = NOTHING,
        *,
        confirmed: str,
        reason: str,
        agreed_to_warnings: bool = False,
        kept: StoredPreview | None = None,
    ) -> Counts:
        """Save the whole sheet in one transaction and return how many records it changed; all or nothing.

        `confirmed` is the digest of the preview that a person agreed to. The preview is made anew
        under a lock: PreviewRemade if it is not the same any more, ImportRefused for an error, for a
        warning that was not agreed to, or a refusal of the database. Nothing is saved then. With the preview that was
        `kept`, and nothing written since, only what would be written is previewed anew.
        """
        try:
            with transaction.atomic():
                # A resource of its own: what this one has read may have changed before the lock.
                anew = type(self)(self.user)
                anew.change, anew.progress = self.change, self.progress
                return anew._save(
                    sheet,
                    said,
                    confirmed=confirmed,
                    reason=reason,
                    agreed_to_warnings=agreed_to_warnings,
                    kept=kept,
                )
        except IntegrityError as error:
            raise ImportRefused(
                _("The database refused the import, and nothing was saved. %(why)s") % {"why": self.refusal(error)}
            ) from error
        except OperationalError as error:
            raise lock_refused(error) from error

    def _save(
        self,
        sheet: Sheet,
        said: Said,
        *,
        confirmed: str,
        reason: str,
        agreed_to_warnings: bool,
        kept: StoredPreview | None,
    ) -> Counts:
        self.lock()
        preview = self._still(sheet, said, kept) if kept is not None and kept.digest == confirmed else None
        if kept is not None and preview is not None:
            counts, warned = kept.counts, len(kept.warnings)
        else:
            preview = self.preview(sheet, said)
            if preview.digest != confirmed:
                raise PreviewRemade(
                    _(
                        "Nothing was saved. The preview was remade, because records that the file is compared with "
                        "were changed since you looked at it. Look at it again, and confirm it if it is right."
                    )
                )
            counts, warned = preview.counts, len(preview.batch.warnings)
        if counts.error:
            raise ImportRefused(
                ngettext(
                    "Nothing was saved, because %(count)s row has an error. Correct it in the file and send that.",
                    "Nothing was saved, because %(count)s rows have errors. Correct them in the file and send that.",
                    counts.error,
                )
                % {"count": counts.error}
            )
        if warned and not agreed_to_warnings:
            raise ImportRefused(
                ngettext(
                    "Nothing was saved, because %(count)s row has a warning. Read it, and say that it is right.",
                    "Nothing was saved, because %(count)s rows have warnings. Read them, and say that they are right.",
                    warned,
                )
                % {"count": warned}
            )
        self.progress("saving")
        with _without_collection():
            self.write(preview.of(Outcome.NEW), preview.of(Outcome.CHANGED), reason=reason)
        connection = transaction.get_connection()
        if connection.vendor == "postgresql":
            # What PostgreSQL would look at when the transaction ends, now, while it can be put in words.
            connection.check_constraints()
        return counts

    def _still(self, sheet: Sheet, said: Said, kept: StoredPreview) -> Preview | None:
        """Return the preview of the rows that would be written, where the kept one still holds; None where it may not,
        because something was written since."""
        if kept.version != data_version():
            return None
        new, changed = (kept.positions(outcome) for outcome in (Outcome.NEW, Outcome.CHANGED))
        found = self.preview(sheet.at([*new, *changed]), said, known_new=range(len(new)))
        return found if found.counts == replace(kept.counts, unchanged=0, error=0) else None

    # Export

    def columns(self) -> list[Column]:
        """Return the columns of a list or file of the records, headed in the active language."""
        return [field.column() for field in self.fields.values()]

    # What django-import-export asks of a resource

    def get_queryset(self) -> models.QuerySet:
        return self.importable()

    def get_export_headers(self, selected_fields: Any = None) -> list[str]:
        return [field.label for field in self.get_export_fields(selected_fields)]

    def import_data(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse: the package's own import would pass by the preview, the scope, the rules and the history."""
        raise NotImplementedError("Use preview and apply.")


# Which resources there are

_resources: dict[str, type[Resource]] = {}
_Registered = TypeVar("_Registered", bound=type[Resource])


def register(resource: _Registered) -> _Registered:
    """Make the resource known under its slug."""
    _resources[resource._meta.slug] = resource
    return resource


@cache
def _discover() -> None:
    autodiscover_modules("resources")


def get(slug: str, user: Reader) -> Resource | None:
    """Return the resource of that slug for the user; None if there is none, or none for the user's role."""
    _discover()
    found = _resources.get(slug)
    return found(user) if found is not None and user.role in found._meta.roles else None


def all_for(user: Reader) -> list[Resource]:
    """Return the resources that the user's role may import, in the order they were registered."""
    _discover()
    return [found(user) for found in _resources.values() if user.role in found._meta.roles]


def may_import(user: Reader) -> bool:
    """Say whether the user's role may import anything."""
    _discover()
    return any(user.role in found._meta.roles for found in _resources.values())
