"""What one act of one person wrote, over as many rows as it took: a change set, which can be undone whole.

It can be undone while nothing later touched its rows; undoing is an act like another, with a change
set of its own, and can be undone in turn. The versions of the rows (kit.history) say what was written.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any, TypeVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import changes, formats
from .access import SYSTEM, Reader
from .history import Attributed, Door
from .scoping import ScopedQuerySet

Row = TypeVar("Row", bound=Attributed)

# How many of the later changes that stand in the way are named.
_SHOWN = 10


class CannotUndo(ValidationError):
    """What was written cannot be taken back; the sentences say which row stands in the way, and why."""


class ChangeSet(models.Model):
    """One act: a form that was sent, a bulk change, an import, an undo."""

    token = models.UUIDField(
        unique=True,
        default=uuid.uuid4,
        editable=False,
        help_text=gettext_lazy("Of the form that was sent: sent twice, it is written once."),
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField(gettext_lazy("reason"), blank=True)
    door = models.CharField(gettext_lazy("door"), max_length=10, choices=Door, default=Door.SCREEN)
    href = models.CharField(max_length=500, blank=True, help_text=gettext_lazy("Where the act led."))
    undoes = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="undone_by")
    created_at = models.DateTimeField(gettext_lazy("when"), auto_now_add=True)

    class Meta:
        verbose_name = gettext_lazy("change set")
        verbose_name_plural = gettext_lazy("change sets")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def is_undone(self) -> bool:
        """Whether it was undone and that was not undone in turn; one query."""
        return type(self).objects.filter(undoes=self.pk, undone_by=None).exists()

    def save_row(self, row: Row) -> Row:
        """Validate the row and save it as part of this act; ValidationError if a rule is broken."""
        return row.save_as(self.by, reason=self.reason, door=Door(self.door), change=self)

    def delete_row(self, row: Attributed) -> None:
        """Delete the row, and what belongs to it, as part of this act."""
        row.attribute(self.by, reason=self.reason, door=Door(self.door), change=self).delete()

    def versions(self) -> list[Any]:
        """Return the versions that it wrote, in the order of writing; a query, and one more a kind of row written."""
        histories = changes.tracked()
        ids: dict[str, list[int]] = defaultdict(list)
        for key in changes.versions(SYSTEM, change_set=self):
            ids[key["row_kind"]].append(key["history_id"])
        found = chain.from_iterable(
            histories[kind].objects.filter(history_id__in=some)  # type: ignore[attr-defined]
            for kind, some in ids.items()
        )
        return sorted(found, key=lambda version: (version.history_date, version.history_id))


@contextmanager
def act(by: Any, *, reason: str = "", door: Door = Door.SCREEN, within: ChangeSet | None = None) -> Iterator[ChangeSet]:
    """Open a transaction and yield the change set its writes belong to: the one given, or a new one."""
    with transaction.atomic():
        yield within or ChangeSet.objects.create(by=by, reason=reason, door=door)


def may_undo(change: ChangeSet, reader: Reader) -> bool:
    """Say whether the reader may undo it: its author, while they may see its rows, or who may change them all.

    Two queries for each kind of row.
    """
    ids = _rows_of(change.versions())
    is_author = change.by is not None and change.by == reader
    for history, touched in ids.items():
        rows = history.instance_type._default_manager.all()
        if not isinstance(rows, ScopedQuerySet):
            if not (is_author or reader.sees_everything):
                return False
            continue
        allowed = rows.visible_to(reader) if is_author else rows.editable_by(reader)
        there = rows.filter(pk__in=touched)
        if there.exclude(pk__in=allowed.values("pk")).exists() or (not is_author and there.count() < len(touched)):
            return False
    return bool(ids)


def obstacles(change: ChangeSet) -> list[str]:
    """Return, in words, what stands in the way of undoing it; nothing where it can be undone."""
    if change.is_undone:
        return [_("This change was undone already.")]
    versions = change.versions()
    if not versions:
        return [_("Nothing was changed, so there is nothing to undo.")]
    later: list[dict[str, Any]] = []
    for history, ids in _rows_of(versions).items():
        last = {version.id: version.history_id for version in versions if type(version) is history}
        kind = history.instance_type._meta.model_name
        later += [
            {"row_kind": kind, "history_id": history_id}
            for pk, history_id in _in_force(history).filter(id__in=ids).values_list("id", "history_id")
            if history_id > last[pk]
        ]
    return [
        _("%(row)s was changed later, on %(when)s by %(who)s. Undo that change first.")
        % {"row": version.row, "when": formats.moment(version.when), "who": version.who}
        for version in changes.in_words(later[:_SHOWN])
    ]


def undo(change: ChangeSet, *, by: Any, reason: str = "", within: ChangeSet | None = None) -> ChangeSet:
    """Put every row back as it was before the act, last write first, and return the change set of the undoing.

    All or nothing; CannotUndo says what stands in the way.
    """
    with transaction.atomic():
        change = ChangeSet.objects.select_for_update(of=("self",)).get(pk=change.pk)
        versions = change.versions()
        for history, ids in _rows_of(versions).items():
            list(history.instance_type._base_manager.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk"))
        if found := obstacles(change):
            raise CannotUndo(found)
        with act(by, reason=reason, within=within) as undoing:
            # An undo that was itself undone leaves its place to the next one.
            ChangeSet.objects.filter(undoes=change).update(undoes=None)
            undoing.undoes = change
            undoing.save(update_fields=["undoes"])
            for version in reversed(versions):
                _take_back(version, undoing)
        return undoing


def restore(version: Any, *, by: Any, reason: str = "", within: ChangeSet | None = None) -> Any:
    """Make the row again what it was in the version, as a new version; returns the row.

    ValidationError where a rule of today forbids it.
    """
    with act(by, reason=reason, within=within) as change:
        return change.save_row(as_it_was(version))


def as_it_was(version: Any) -> Any:
    """Return the row with the values of the version, unsaved: the row of now, or a new one with the old key."""
    model = version.instance_type
    row = model._base_manager.filter(pk=version.id).first() or model()
    for field in type(version).tracked_fields:
        setattr(row, field.attname, getattr(version, field.attname))
    return row


def _take_back(version: Any, undoing: ChangeSet) -> None:
    row = as_it_was(version)
    if version.history_type == "+":
        _refuse_if_used(row)
        undoing.delete_row(row)
        return
    earlier = type(version).objects.filter(id=version.id, history_id__lt=version.history_id)
    before = version if version.history_type == "-" else earlier.order_by("-history_id").first()
    if before is None:
        raise CannotUndo(_("What %(row)s was before is not on record.") % {"row": row})
    try:
        undoing.save_row(as_it_was(before))
    except ValidationError as error:
        raise CannotUndo(
            [_("%(row)s: %(sentence)s") % {"row": row, "sentence": sentence} for sentence in error.messages]
        ) from None


def _refuse_if_used(row: Any) -> None:
    """Refuse to delete a row that others came to belong to."""
    for relation in row._meta.related_objects:
        rows = relation.related_model._base_manager.filter(**{relation.field.name: row})
        if used := rows.first():
            raise CannotUndo(
                _("%(row)s is in use: %(other)s belongs to it. Remove that first.") % {"row": row, "other": used}
            )


def _in_force(history: Any) -> models.QuerySet:
    """Return the versions of the kind that were not undone since, without those that undid them."""
    undone = models.Q(change_set__undone_by__isnull=False, change_set__undone_by__undone_by=None)
    undoing = models.Q(
        change_set__undoes__isnull=False, change_set__undone_by=None, change_set__undoes__undoes__isnull=True
    )
    cancelled = history.objects.filter(undone | undoing).values("history_id")
    return history.objects.exclude(history_id__in=cancelled)  # type: ignore[no-any-return]


def _rows_of(versions: list[Any]) -> dict[Any, set[int]]:
    """Return the keys of the rows by the kind of their history."""
    ids: dict[Any, set[int]] = {}
    for version in versions:
        ids.setdefault(type(version), set()).add(version.id)
    return ids
