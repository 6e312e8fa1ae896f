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
    check_rows(rows)    rules across rows: `row.refuse(sentence, "fte")`; constant in queries
    write(new, changed, reason=…)   the saving itself, in one transaction that the caller holds
    lock()              what to hold still, besides the model's table, while an import is saved
    refusal(error)      the sentence for what the database refused
- Cells are cleaned by the fields, then each row by the model's own fields and check constraints; a
  rule of `Model.clean` or of another table belongs in `check_rows`.
- The same declaration exports (`columns()`, `importable()`), and an exported file comes back unchanged.

It stands on django-import-export's declaration and export. That package's row loop is not used: it
ignores unknown columns, asks the database for each row, and writes past the history.
"""

import copy
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, NoReturn, TypeVar

import import_export.resources
from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError, models, transaction
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from .. import exports
from ..access import Reader
from ..changesets import ChangeSet
from ..history import Door
from ..tables import Column
from . import constraints
from .cells import fold
from .fields import CellRefused, ForeignKeyField, ImportField
from .preview import Change, Counts, Outcome, Preview, PreviewRow
from .reading import ImportRefused, Sheet, SheetRow

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


class PreviewRemade(ImportRefused):
    """What would be done is no longer what was confirmed."""


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

    def __init__(self, user: Reader) -> None:
        super().__init__()
        self.user = user
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
        """Set on the row's instance, new or changed, what follows from its columns; no query. `write` saves it."""

    def check_rows(self, rows: Sequence[PreviewRow]) -> None:
        """Refuse rows that break a rule together, or with records that are not in the file; given all without error."""

    def write(self, new: Sequence[PreviewRow], changed: Sequence[PreviewRow], *, reason: str) -> None:
        """Update the changed records, then insert the new ones, with their history: what ends makes room first."""
        objects: Any = self.model._default_manager
        attribution = self.attribution(reason)
        own = {name: field.attribute for name, field in self.fields.items() if field.model_field}
        # A row whose changes are all of other tables leaves its record as it is.
        touched = {row.line: row for row in changed if any(change.name in own for change in row.changes)}
        stored = {own[change.name] for row in touched.values() for change in row.changes if change.name in own}
        if touched:
            objects.bulk_update([row.instance for row in touched.values()], sorted(stored), **attribution)
        if new:
            objects.bulk_create([row.instance for row in new], **attribution)

    def attribution(self, reason: str) -> dict[str, Any]:
        """Return what the bulk writes of a TrackedQuerySet are told about an import."""
        return {"by": self.user, "reason": reason, "door": Door.IMPORT, "change": self.change, "batch_size": 1000}

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

    def match(self, sheet: Sheet) -> Columns:
        """Return where the columns stand in the sheet; ImportRefused where one is doubled or a required one missing.

        Headers match without regard to language, case and accents.
        """
        by_header = {fold(label): name for name, field in self.fields.items() for label in field.labels.values()}
        places: dict[str, int] = {}
        ignored = []
        for place, header in enumerate(sheet.headers):
            name = by_header.get(fold(header))
            if name is None:
                ignored.append(
                    header or _("Column %(letter)s, which has no header") % {"letter": sheet.column_letter(place)}
                )
                continue
            if name in places:
                raise ImportRefused(
                    _(
                        "Columns %(one)s and %(other)s both hold “%(label)s”. "
                        "Remove the one that is not to be imported, or change its header."
                    )
                    % {
                        "one": sheet.column_letter(places[name]),
                        "other": sheet.column_letter(place),
                        "label": self.fields[name].label,
                    }
                )
            places[name] = place
        missing = [field.label for name, field in self.fields.items() if field.required and name not in places]
        if missing:
            raise ImportRefused(
                ngettext(
                    "The column %(labels)s is missing. Add it to row %(line)s, or begin with the template.",
                    "The columns %(labels)s are missing. Add them to row %(line)s, or begin with the template.",
                    len(missing),
                )
                % {
                    "labels": ", ".join(_("“%(label)s”") % {"label": label} for label in missing),
                    "line": sheet.header_line,
                }
            )
        return Columns(places, tuple(ignored))

    # Preview

    def preview(self, sheet: Sheet) -> Preview:
        """Return what would become of each row, with every error; the number of queries does not grow with the rows."""
        columns = self.match(sheet)
        labels = {name: field.label for name, field in self.fields.items()}
        rows = [self._cleaned(row, columns, labels, sheet.decimal_comma) for row in sheet.rows]
        keyed = self._by_key(rows)
        self._compare(keyed)
        valid = [row for row in keyed.values() if not row.errors]
        self.check_rows(valid)
        return Preview(sheet, list(columns.places), columns.ignored, rows)

    def _cleaned(self, row: SheetRow, columns: Columns, labels: dict[str, str], decimal_comma: bool) -> PreviewRow:
        cells = {name: row.cells[place] if place < len(row.cells) else None for name, place in columns.places.items()}
        found = PreviewRow(row.line, cells, labels)
        for name in columns.places:
            try:
                found.values[name] = self.fields[name].clean(cells, decimal_comma=decimal_comma)
            except CellRefused as refusal:
                found.refuse(str(refusal), name)
        found.words = " · ".join(
            self.fields[name].words(found.values[name]) if name in found.values else str(cells[name] or "–")
            for name in self.key
        )
        return found

    def _by_key(self, rows: Iterable[PreviewRow]) -> dict[Key, PreviewRow]:
        """Return the rows by their key, without those whose key has an error or stands in two rows."""
        by_key: dict[Key, list[PreviewRow]] = {}
        for row in rows:
            if all(name in row.values for name in self.key):
                key = tuple(self.fields[name].key_part(row.values[name]) for name in self.key)
                by_key.setdefault(key, []).append(row)
        for twins in by_key.values():
            for row in twins[1:]:
                row.refuse(self._doubled(twins[0]), self.key[0])
            if len(twins) > 1:
                twins[0].refuse(self._doubled(twins[1]), self.key[0])
        return {key: twins[0] for key, twins in by_key.items() if len(twins) == 1}

    def _doubled(self, other: PreviewRow) -> str:
        return _("Row %(line)s is about the same record, %(words)s. Keep one of the two.") % {
            "line": other.line,
            "words": other.words,
        }

    def _compare(self, keyed: dict[Key, PreviewRow]) -> None:
        """Set each row's record before and after, its changes, and what the model's own rules refuse."""
        stored = self._stored(keyed)
        records = self._records(ids[0] for ids in stored.values())
        for key, row in keyed.items():
            ids = stored.get(key, [])
            if len(ids) > 1:
                row.refuse(
                    _("Several records go by %(words)s, so it cannot be told which is meant.") % {"words": row.words}
                )
                continue
            if ids and ids[0] not in records:
                row.refuse(_("%(words)s is not among the records that you may change.") % {"words": row.words})
                continue
            if row.errors:
                continue
            if ids:
                self._change(row, records[ids[0]])
            else:
                self._create(row)

    def _stored(self, keyed: dict[Key, PreviewRow]) -> dict[Key, list[Any]]:
        """Return the ids of the records that have one of the keys; one query."""
        fields = [self.fields[name] for name in self.key]
        rows = self.model._base_manager.all()
        for place, field in enumerate(fields):
            if isinstance(field, ForeignKeyField):
                named = {key[place] for key in keyed}
                if len(named) <= _CHUNK:
                    rows = rows.filter(**{f"{field.attribute}__in": named})
        found: dict[Key, list[Any]] = {}
        for pk, *parts in rows.values_list("pk", *[field.attribute for field in fields]).iterator(chunk_size=_CHUNK):
            key = tuple(field.stored_key_part(part) for field, part in zip(fields, parts, strict=True))
            if key in keyed:
                found.setdefault(key, []).append(pk)
        return found

    def _records(self, ids: Iterable[Any]) -> dict[Any, Any]:
        """Return those of the records that the user may change, by id; one query for each ten thousand."""
        return {record.pk: record for chunk in chunks(ids) for record in self.importable().filter(pk__in=chunk)}

    def _create(self, row: PreviewRow) -> None:
        row.instance = self.model()
        for name, value in row.values.items():
            setattr(row.instance, self.fields[name].attribute, value)
            row.effect.append((name, self.fields[name].plain(value)))
        self.complete(row)
        related = [field for field in self.model._meta.concrete_fields if field.is_relation]
        self._validate(row, exclude={field.name for field in related})
        for field in related:
            if not field.null and getattr(row.instance, field.attname) is None:
                self._refuse_field(row, field.name, _("This cell is empty, and a value is needed."))

    def _change(self, row: PreviewRow, record: Any) -> None:
        row.before = row.instance = record
        for name, value in row.values.items():
            field = self.fields[name]
            old = field.get_value(record)
            if name not in self.key and not field.same(old, value):
                row.changes.append(Change(name, field.label, field.words(old), field.words(value)))
                row.effect.append((name, field.plain(old), field.plain(value)))
        if not row.changes:
            return
        row.instance = copy.copy(record)
        for change in row.changes:
            setattr(row.instance, self.fields[change.name].attribute, row.values[change.name])
        self.complete(row)
        # What the file leaves alone is not the file's to answer for.
        touched = {self.fields[change.name].attribute for change in row.changes}
        self._validate(
            row, exclude={f.name for f in self.model._meta.concrete_fields if f.is_relation or f.name not in touched}
        )

    def _validate(self, row: PreviewRow, exclude: set[str]) -> None:
        """Refuse what the model's fields and check constraints refuse; foreign keys are known rows already."""
        try:
            row.instance.clean_fields(exclude=exclude)
        except ValidationError as error:
            for name, sentences in error.message_dict.items():
                self._refuse_field(row, name, " ".join(sentences))
            return
        for names, sentence in constraints.violations(row.instance):
            self._refuse_field(
                row, next((name for name in reversed(names) if self._column_of(name)), names[-1]), sentence
            )

    def _column_of(self, attribute: str) -> str:
        return next((name for name, field in self.fields.items() if field.attribute == attribute), "")

    def _refuse_field(self, row: PreviewRow, attribute: str, sentence: str) -> None:
        column = self._column_of(attribute)
        if column:
            row.refuse(sentence, column)
            return
        label = self.model._meta.get_field(attribute).verbose_name  # type: ignore[union-attr]
        row.refuse(_("%(field)s: %(sentence)s") % {"field": label, "sentence": sentence})

    # Saving

    def apply(self, sheet: Sheet, *, confirmed: str, reason: str) -> Counts:
        """Save the whole sheet in one transaction and return how many records it changed; all or nothing.

        `confirmed` is the digest of the preview that a person agreed to. The preview is made anew
        under a lock: PreviewRemade if it is not the same any more, ImportRefused for an error or
        a refusal of the database. Nothing is saved then.
        """
        try:
            with transaction.atomic():
                # A resource of its own: what this one has read may have changed before the lock.
                anew = type(self)(self.user)
                anew.change = self.change
                return anew._save(sheet, confirmed, reason)
        except IntegrityError as error:
            raise ImportRefused(
                _("The database refused the import, and nothing was saved. %(why)s") % {"why": self.refusal(error)}
            ) from error
        except OperationalError as error:
            raise lock_refused(error) from error

    def _save(self, sheet: Sheet, confirmed: str, reason: str) -> Counts:
        self.lock()
        preview = self.preview(sheet)
        if preview.digest != confirmed:
            raise PreviewRemade(
                _(
                    "Nothing was saved. The preview was remade, because records that the file is compared with "
                    "were changed since you looked at it. Look at it again, and confirm it if it is right."
                )
            )
        if preview.counts.error:
            raise ImportRefused(
                ngettext(
                    "Nothing was saved, because %(count)s row has an error. Correct it in the file and send that.",
                    "Nothing was saved, because %(count)s rows have errors. Correct them in the file and send that.",
                    preview.counts.error,
                )
                % {"count": preview.counts.error}
            )
        self.write(preview.of(Outcome.NEW), preview.of(Outcome.CHANGED), reason=reason)
        connection = transaction.get_connection()
        if connection.vendor == "postgresql":
            # What PostgreSQL would look at when the transaction ends, now, while it can be put in words.
            connection.check_constraints()
        return preview.counts

    # Export

    def columns(self) -> list[Column]:
        """Return the columns of a list or file of the records, headed in the active language."""
        return [field.column() for field in self.fields.values()]

    def template(self, language: str) -> bytes:
        """Return a workbook to begin with: the headers in that language, an example, and a sheet of notes."""
        with override(language):
            example = [
                replace(field.column(), value=lambda _row, field=field: field.example_value)  # type: ignore[misc]
                for field in self.fields.values()
            ]
            return exports.workbook(example, [None], notes=self._notes())

    def _notes(self) -> list[tuple[str, str]]:
        first = _("Replace the example in the second row, and give each record a row of its own.")
        return [(self.title, first), *((field.label, field.explanation) for field in self.fields.values())]

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
