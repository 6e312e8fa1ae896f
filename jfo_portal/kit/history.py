"""Every write leaves who, when, what, why and through which door.

simple-history keeps a version of each row that is saved or deleted; it records nothing for bulk
writes, so `TrackedQuerySet` records those. Beside the row's own columns a version keeps, in
words, the user and the rows it pointed to, so that it still reads when they are gone.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Self

from django.db import models, transaction
from django.dispatch import receiver
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords
from simple_history.signals import pre_create_historical_record

from . import bulk


class Door(models.TextChoices):
    """How a write came in."""

    SCREEN = "screen", _("Screen")
    IMPORT = "import", _("Import")
    API = "api", _("API")
    COMMAND = "command", _("Command")


class ChangeRecord(models.Model):
    """What a version holds beside the row's columns."""

    door = models.CharField(max_length=10, choices=Door, default=Door.COMMAND)
    who = models.CharField(max_length=200, blank=True)
    change_set = models.ForeignKey("kit.ChangeSet", null=True, on_delete=models.PROTECT, related_name="+")
    related_words = models.JSONField(default=dict)

    class Meta:
        abstract = True


# What an object carries of whose its writes are, why, through which door, and what they belong to.
_ATTRIBUTION = ("_history_user", "_change_reason", "_history_door", "_change_set")


class Tracking(HistoricalRecords):
    """The history of one model."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("history_change_reason_field", models.TextField(null=True))
        super().__init__(bases=[ChangeRecord], **options)

    def fields_included(self, model: type[models.Model]) -> list[models.Field]:
        """Return the fields that a version keeps: not those that only repeat others (kit.search)."""
        return [field for field in super().fields_included(model) if not getattr(field, "is_derived", False)]

    def post_delete(self, instance: models.Model, using: str | None = None, origin: Any = None, **kwargs: Any) -> None:
        """Record the deletion; a row that goes with others, or with the row it belongs to, as theirs."""
        for name in _ATTRIBUTION:
            if hasattr(origin, name):
                setattr(instance, name, getattr(origin, name))
        super().post_delete(instance, using=using, **kwargs)


def _related_words(instance: models.Model, names: Sequence[str]) -> dict[str, str]:
    """Return each named foreign key's row in words; one query for each that is not loaded."""
    return {name: str(related) for name in names if (related := getattr(instance, name)) is not None}


def _foreign_keys(history_model: type[models.Model]) -> list[str]:
    return [field.name for field in history_model.tracked_fields if isinstance(field, models.ForeignKey)]  # type: ignore[attr-defined]


@receiver(pre_create_historical_record)
def _complete(sender: type[models.Model], instance: models.Model, history_instance: Any, **_kwargs: Any) -> None:
    history_instance.door = getattr(instance, "_history_door", Door.COMMAND)
    history_instance.who = str(history_instance.history_user or "")
    history_instance.change_set = getattr(instance, "_change_set", None)
    history_instance.related_words = _related_words(instance, _foreign_keys(sender))


def pointing(model: type[models.Model]) -> list[Any]:
    """Return the relations by which rows of other tables point to those of the model, hidden ones among them; not a
    history's, which outlives what it tells of."""
    relations: list[Any] = [field for field in model._meta.get_fields(include_hidden=True) if field.auto_created]
    return [one for one in relations if not one.concrete and one.on_delete is not models.DO_NOTHING]


# How many rows one statement of Django's own writes.
_BATCH = 1_000


class TrackedQuerySet(models.QuerySet):
    """Bulk writes that leave history like any other.

    `by`, `reason` and `door` say whose and why, `change` which change set they belong to.
    """

    def bulk_create(  # type: ignore[override]
        self,
        objs: Iterable[Any],
        batch_size: int | None = _BATCH,
        *,
        by: Any = None,
        reason: str = "",
        door: Door = Door.COMMAND,
        change: Any = None,
    ) -> list[Any]:
        """Insert the rows and a first version of each, in one transaction."""
        with transaction.atomic(using=self.db):
            rows = super().bulk_create(objs, batch_size=batch_size)
            self._record(rows, "+", by=by, reason=reason, door=door, change=change)
        return rows

    def bulk_update(
        self,
        objs: Iterable[Any],
        fields: Iterable[str],
        batch_size: int | None = _BATCH,
        *,
        by: Any = None,
        reason: str = "",
        door: Door = Door.COMMAND,
        change: Any = None,
    ) -> int:
        """Update the rows and record a version of each, in one transaction."""
        rows = list(objs)
        # Django's own goes by way of `update`, which would record each row a second time, as nobody's.
        plain: models.QuerySet = models.QuerySet(self.model, query=self.query.chain(), using=self.db)
        with transaction.atomic(using=self.db):
            count = plain.bulk_update(rows, fields, batch_size=batch_size)
            # Read back: of a row that somebody changed since it was read, the other fields are theirs.
            stored = self.model._base_manager.in_bulk([row.pk for row in rows])
            self._record(list(stored.values()), "~", by=by, reason=reason, door=door, change=change)
        return count

    def update(
        self, *, by: Any = None, reason: str = "", door: Door = Door.COMMAND, change: Any = None, **values: Any
    ) -> int:
        """Update every row and record a version of each; reads the rows back, so mind their number."""
        with transaction.atomic(using=self.db):
            ids = list(self.values_list("pk", flat=True))
            count = super().update(**values)
            self._record(
                list(self.model._base_manager.filter(pk__in=ids)), "~", by=by, reason=reason, door=door, change=change
            )
        return count

    update.alters_data = True  # type: ignore[attr-defined]

    def insert_rows(
        self,
        names: Sequence[str],
        rows: Sequence[Sequence[Any]],
        *,
        by: Any = None,
        reason: str = "",
        door: Door = Door.COMMAND,
        change: Any = None,
    ) -> list[int]:
        """Insert a row for each list of the named attributes' values, and a first version of each, in one transaction;
        return their keys.

        For thousands of rows at once (kit.bulk): no instance is made, and save() is not asked. A field that is not
        named has its default. TypeError for a model with fields that repeat others (kit.search), or with many-to-many
        fields, whose rows are not written with it.
        """
        fields = self._written_raw()
        table = bulk.Table(self.model, self.db)
        with transaction.atomic(using=self.db):
            keys = table.new_keys(len(rows))
            rest = [field for field in fields if field.attname not in names and not field.primary_key]
            defaults = tuple(field.get_default() for field in rest)
            whole = ["pk", *names, *(field.attname for field in rest)]
            table.insert(whole, ((key, *row, *defaults) for key, row in zip(keys, rows, strict=True)))
            self._record_rows(table, keys, "+", by=by, reason=reason, door=door, change=change)
        return list(keys)

    def update_rows(
        self,
        names: Sequence[str],
        rows: Sequence[Sequence[Any]],
        *,
        by: Any = None,
        reason: str = "",
        door: Door = Door.COMMAND,
        change: Any = None,
    ) -> None:
        """Give each row, its key and then the values of the named attributes, these values, and record a version of
        each, in one transaction; as `insert_rows` does."""
        self._written_raw()
        table = bulk.Table(self.model, self.db)
        with transaction.atomic(using=self.db):
            table.update(names, rows)
            keys = [row[0] for row in rows]
            self._record_rows(table, keys, "~", by=by, reason=reason, door=door, change=change)

    def delete_rows(
        self,
        keys: Iterable[Any],
        *,
        by: Any = None,
        reason: str = "",
        door: Door = Door.COMMAND,
        change: Any = None,
    ) -> None:
        """Delete the rows with these keys, and record a last version of each, in one transaction; as `insert_rows`
        does. TypeError for a model whose rows others point to: Django would have a word with each of them."""
        if pointing(self.model):
            raise TypeError(f"Rows of other tables may point to a {self.model.__name__}.")
        table, gone = bulk.Table(self.model, self.db), list(keys)
        with transaction.atomic(using=self.db):
            self._record_rows(table, gone, "-", by=by, reason=reason, door=door, change=change)
            table.delete(gone)

    def _written_raw(self) -> list[Any]:
        if self.model._meta.many_to_many:
            raise TypeError(f"{self.model.__name__} has many-to-many fields, which are not written with its rows.")
        fields = self.model.history.model.tracked_fields  # type: ignore[attr-defined]
        if len(fields) != len(self.model._meta.concrete_fields):
            raise TypeError(f"{self.model.__name__} has fields that only save() fills.")
        return list(fields)

    def _record_rows(
        self, table: bulk.Table, keys: Sequence[int], kind: str, *, by: Any, reason: str, door: Door, change: Any
    ) -> None:
        """Record a version of each row with these keys; what they point to is put in words once for each different
        set."""
        history_model = self.model.history.model  # type: ignore[attr-defined]
        same = {
            "history_date": timezone.now(),
            "history_type": kind,
            "history_user": getattr(by, "pk", None),
            "history_change_reason": reason,
            "door": str(door),
            "who": str(by or ""),
            "change_set": getattr(change, "pk", None),
        }
        related: list[Any] = [field for field in history_model.tracked_fields if isinstance(field, models.ForeignKey)]
        sets = table.different(related, keys)
        targets = [
            field.related_model._base_manager.in_bulk({pks[place] for pks in sets} - {None})
            for place, field in enumerate(related)
        ]
        words = {
            pks: json.dumps(
                {
                    field.name: str(found[pk])
                    for field, found, pk in zip(related, targets, pks, strict=True)
                    if pk is not None
                }
            )
            for pks in sets
        }
        table.record(history_model, keys, words, related, same)

    def delete(
        self, *, by: Any = None, reason: str = "", door: Door = Door.COMMAND, change: Any = None
    ) -> tuple[int, dict[str, int]]:
        """Delete the rows and what belongs to them, and record a last version of each."""
        self._history_user, self._change_reason, self._history_door, self._change_set = by, reason, door, change
        return super().delete()

    # As Django's own: on filtered rows alone, never on a manager.
    delete.alters_data = delete.queryset_only = True  # type: ignore[attr-defined]

    def _record(self, rows: list[Any], kind: str, *, by: Any, reason: str, door: Door, change: Any) -> None:
        history_model = self.model.history.model  # type: ignore[attr-defined]
        names = _foreign_keys(history_model)
        models.prefetch_related_objects(rows, *names)
        now = timezone.now()
        versions = history_model.objects.bulk_create(
            [
                history_model(
                    history_date=now,
                    history_type=kind,
                    history_user=by,
                    history_change_reason=reason,
                    door=door,
                    who=str(by or ""),
                    change_set=change,
                    related_words=_related_words(row, names),
                    **{field.attname: getattr(row, field.attname) for field in history_model.tracked_fields},
                )
                for row in rows
            ],
            batch_size=_BATCH,
        )
        self._record_members({version.id: version for version in versions})

    def _record_members(self, versions: dict[Any, Any]) -> None:
        """Keep with each version, given by its row's key, the rows of its many-to-many fields."""
        history_model = self.model.history.model  # type: ignore[attr-defined]
        for field in history_model._history_m2m_fields:
            through, kept = field.remote_field.through, getattr(history_model, field.name).model
            source = f"{field.m2m_field_name()}_id"
            names = [column.attname for column in through._meta.fields]
            kept.objects.bulk_create(
                [
                    kept(history=versions[getattr(pair, source)], **{name: getattr(pair, name) for name in names})
                    for pair in through._base_manager.filter(**{f"{source}__in": versions})
                ]
            )


class Attributed(models.Model):
    """A row whose history says whose each write was.

    `locked_with` names the foreign keys to rows that are locked, in the order of their keys, before any row of this
    kind is written. Where a row `is_never_removed`, the act that added it cannot be undone.
    """

    locked_with: ClassVar[Sequence[str]] = ()
    is_never_removed: ClassVar[bool] = False

    class Meta:
        abstract = True

    def save(self, *args: Any, **options: Any) -> None:
        """Save the row and its version in one transaction: nobody reads the one without the other."""
        with transaction.atomic(using=options.get("using"), savepoint=False):
            super().save(*args, **options)

    def attribute(self, by: Any, *, reason: str = "", door: Door = Door.SCREEN, change: Any = None) -> Self:
        """Say whose the writes of this object are from here on, why, through which door, and to which change set
        they belong; returns the row itself."""
        self._history_user = by
        self._change_reason = reason
        self._history_door = door
        self._change_set = change
        return self

    def save_as(self, by: Any, *, reason: str = "", door: Door = Door.SCREEN, change: Any = None) -> Self:
        """Validate the whole row, save it and record whose change it was; ValidationError if a rule is broken."""
        self.full_clean()
        self.attribute(by, reason=reason, door=door, change=change).save()
        return self


class Tracked(Attributed):
    """A row whose every write is kept."""

    history: ClassVar[Any] = Tracking(inherit=True)

    class Meta:
        abstract = True
