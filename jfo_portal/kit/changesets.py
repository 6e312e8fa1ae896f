"""What one act of one person wrote, over as many rows as it took: a change set, which can be undone whole.

It can be undone while its rows are as it left them; undoing is an act like another, with a change set of
its own, and can be undone in turn. The versions of the rows (kit.history) say what was written.
"""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, groupby
from typing import Any, TypeVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import OperationalError, models, transaction
from django.db.models import OuterRef, ProtectedError, Q, RestrictedError, Subquery, Value
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from . import changes, formats
from .access import SYSTEM, Reader
from .history import Attributed, Door, pointing
from .scoping import ScopedQuerySet

Row = TypeVar("Row", bound=Attributed)

# How many of the rows that stand in the way are named.
_SHOWN = 10
# More rows than this are removed at once; Django's own way takes them one by one.
_MANY = 1_000


class CannotUndo(ValidationError):
    """What was written cannot be taken back; the sentences say which row stands in the way, and why."""


@dataclass(frozen=True)
class Tally:
    """How many rows of one kind an act added, changed and removed, in how many versions."""

    model: type[models.Model]
    added: int
    changed: int
    removed: int
    versions: int


@dataclass(frozen=True)
class Obstacle:
    """What stands in the way of undoing, in a sentence; `act` is the change set to undo first, where it is one."""

    sentence: str
    act: int | None = None

    def __str__(self) -> str:
        return self.sentence


class ChangeSet(models.Model):
    """One act: a form that was sent, a bulk change, an import, an undo.

    What is undone, done again and undone again is a chain: each undoing `undoes` the one before, and all of
    them name the first as their `origin`.
    """

    token = models.UUIDField(
        default=uuid.uuid4,
        editable=False,
        help_text=gettext_lazy("Of the form that was sent: sent twice, it is written once."),
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(
        gettext_lazy("role"), max_length=20, blank=True, help_text=gettext_lazy("That of the author at that time.")
    )
    reason = models.TextField(gettext_lazy("reason"), blank=True)
    door = models.CharField(gettext_lazy("door"), max_length=10, choices=Door, default=Door.SCREEN)
    href = models.TextField(blank=True, help_text=gettext_lazy("Where the act led."))
    undoes = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="undone_by")
    origin = models.ForeignKey(
        "self",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=gettext_lazy("The first of a chain of undoing: what was undone, done again, undone again."),
    )
    is_undone = models.BooleanField(
        gettext_lazy("undone"),
        default=False,
        help_text=gettext_lazy("Whether it was undone, and that was not undone in turn."),
    )
    created_at = models.DateTimeField(gettext_lazy("when"), auto_now_add=True)

    class Meta:
        verbose_name = gettext_lazy("change set")
        verbose_name_plural = gettext_lazy("change sets")
        ordering = ["-pk"]
        # Two people may send one token: each of them once.
        constraints = [models.UniqueConstraint(fields=["by", "token"], name="kit_changeset_sent_once")]

    def __str__(self) -> str:
        return f"#{self.pk}"

    def save(self, *args: Any, **options: Any) -> None:
        if self._state.adding and self.by is not None:
            self.role = self.by.role
        super().save(*args, **options)

    def save_row(self, row: Row) -> Row:
        """Validate the row and save it as part of this act; ValidationError if a rule is broken."""
        return row.save_as(self.by, reason=self.reason, door=Door(self.door), change=self)

    def delete_row(self, row: Attributed) -> None:
        """Delete the row, and what belongs to it, as part of this act."""
        row.attribute(self.by, reason=self.reason, door=Door(self.door), change=self).delete()

    def kinds(self) -> dict[str, Any]:
        """Return the histories it wrote to by the kind of row; one query."""
        histories = changes.tracked()
        branches = [
            written(history, self)
            .annotate(row_kind=Value(kind, output_field=models.CharField()))
            .values_list("row_kind", flat=True)
            for kind, history in histories.items()
        ]
        return {kind: histories[kind] for kind in sorted(branches[0].union(*branches[1:]))}

    def tally(self) -> list[Tally]:
        """Return what it did to how many rows, by their kind; a query, and one more for each kind of row."""
        found = []
        for history in self.kinds().values():
            by_event = written(history, self).values_list("history_type")
            counts = list(by_event.annotate(models.Count("id", distinct=True), models.Count("pk")))
            rows = {event: count for event, count, _versions in counts}
            versions = sum(count for _event, _rows, count in counts)
            added, changed, removed = (rows.get(event, 0) for event in "+~-")
            found.append(Tally(history.instance_type, added, changed, removed, versions))
        return found

    def versions(self) -> list[Any]:
        """Return the versions that it wrote, in the order of writing; a query, and one more for each kind of row.

        Each has `before_id`, the number of the same row's version before it, or None.
        """
        earlier: Any
        found = []
        for history in self.kinds().values():
            earlier = history.objects.filter(id=OuterRef("id"), history_id__lt=OuterRef("history_id"))
            before = Subquery(earlier.order_by("-history_id").values("history_id")[:1])
            found.append(written(history, self).annotate(before_id=before))
        return sorted(chain.from_iterable(found), key=lambda version: (version.history_date, version.history_id))

    def last_of_chain(self) -> "ChangeSet":
        """Return the last link of the chain of undoing that this one is part of: itself, if nobody undid it; one
        query."""
        origin = self.origin_id or self.pk
        found: ChangeSet = ChangeSet.objects.filter(Q(pk=origin) | Q(origin=origin)).order_by("-pk")[0]
        return found

    def is_of(self, reader: Reader) -> bool:
        """Say whether the reader did it, in the role that they still have."""
        return self.by_id is not None and self.by_id == getattr(reader, "pk", None) and self.role == reader.role


@contextmanager
def act(by: Any, *, reason: str = "", door: Door = Door.SCREEN, within: ChangeSet | None = None) -> Iterator[ChangeSet]:
    """Open a transaction and yield the change set its writes belong to: the one given, or a new one."""
    with transaction.atomic():
        yield within or ChangeSet.objects.create(by=by, reason=reason, door=door)


def written(history: Any, change: ChangeSet) -> models.QuerySet:
    """Return the versions of one kind that the act wrote, in no order."""
    versions: models.QuerySet = history.objects.filter(change_set=change).order_by()
    return versions


def may_undo(change: ChangeSet, reader: Reader) -> bool:
    """Say whether the reader may undo it: its author, while they have the role in which they did it and its rows are
    `undoable_by` them, or who may change them all.

    Two queries, whatever it wrote.
    """
    is_author = change.is_of(reader)
    kinds = change.kinds()
    forbidden: list[models.QuerySet] = []
    for history in kinds.values():
        rows = history.instance_type._default_manager.order_by()
        versions = written(history, change)
        if isinstance(rows, ScopedQuerySet):
            allowed = rows.undoable_by(reader) if is_author else rows.editable_by(reader)
            versions = versions.exclude(id__in=allowed.values("pk"))
            if is_author:
                # Of what is gone nobody can say any more who may see it; its author could.
                versions = versions.filter(id__in=rows.values("pk"))
        elif is_author:
            continue
        forbidden.append(versions.values_list("history_id", flat=True))
    return bool(kinds) and not (forbidden and list(forbidden[0].union(*forbidden[1:])[:1]))


def obstacles(change: ChangeSet, reader: Reader = SYSTEM) -> list[Obstacle]:
    """Return what stands in the way of undoing it; nothing where its rows are as it left them.

    Rows that the reader may not see are not named. That a rule of today forbids what was so before shows only
    when it is tried: see `rehearse`.
    """
    if change.is_undone:
        return [Obstacle(_("This change was undone already."))]
    last = change.last_of_chain()
    versions = last.versions()
    if not versions:
        return [Obstacle(_("Nothing was changed, so there is nothing to undo."))]
    return [*_touched_later(last, versions, reader), *_in_use(versions, reader)]


def rehearse(change: ChangeSet, *, by: Any) -> list[Obstacle]:
    """Return what stands in the way of undoing it, found by doing it and taking that back; not for a large act."""
    if found := obstacles(change, by):
        return found
    try:
        with transaction.atomic():
            undo(change, by=by)
            transaction.set_rollback(True)
    except CannotUndo as refusal:
        return [Obstacle(sentence) for sentence in refusal.messages]
    except OperationalError:
        # Somebody else is writing; whether it can be undone will show then.
        return []
    return []


def undo(change: ChangeSet, *, by: Any, reason: str = "", within: ChangeSet | None = None) -> ChangeSet:
    """Put every row back as it was before the act, last write first, and return the change set of the undoing.

    All or nothing; CannotUndo says what stands in the way.
    """
    with transaction.atomic():
        origin = change.origin_id or change.pk
        chain_of = Q(pk=origin) | Q(origin=origin)
        # Of two who undo it at once, the second finds it undone.
        list(ChangeSet.objects.select_for_update(of=("self",)).filter(chain_of).order_by("pk"))
        change = ChangeSet.objects.get(pk=change.pk)
        last = change.last_of_chain()
        _lock(last)
        reader = by or SYSTEM
        if found := obstacles(change, reader):
            raise CannotUndo([obstacle.sentence for obstacle in found])
        with act(by, reason=reason, within=within) as undoing:
            # Each of the chain stands or falls with the number of those after it.
            for one in ChangeSet.objects.filter(chain_of):
                one.is_undone = not one.is_undone
                one.save(update_fields=["is_undone"])
            undoing.undoes, undoing.origin_id = last, origin
            undoing.save(update_fields=["undoes", "origin"])
            _take_back(last.versions(), undoing, reader)
        return undoing


def restore(version: Any, *, by: Any, reason: str = "", within: ChangeSet | None = None) -> Any:
    """Make the row again what it was in the version, as a new version; returns the row.

    ValidationError where a rule of today forbids it, where nothing would change, or where the row would then be
    none that the user may change.
    """
    with act(by, reason=reason, within=within) as change:
        lock_row(version)
        if _is_now(_row_of(version), version):
            raise ValidationError(_("Nothing would change: this is what the row is now."))
        row = _put_back(as_it_was(version), version, _members_at(version), change)
        kind = row._meta.model_name
        if by is not None and not changes.may_change({kind: [row.pk]}, by):
            raise ValidationError(_("As it was then, the row would not be yours to change. Ask its region to do it."))
        return row


def rules_against(version: Any) -> list[str]:
    """Return, in words, what of today forbids that the row be again what it was in the version; the first rule that
    does, with all that it has to say."""
    try:
        row = as_it_was(version)
        _require_targets(row, version)
        # What it points to was looked up just now.
        row.clean_fields(exclude=_to_one(type(version)))
        row.clean()
        row.validate_unique()
        row.validate_constraints()
    except ValidationError as error:
        return error.messages
    return []


def as_it_was(version: Any) -> Any:
    """Return the row with the values of the version, unsaved: the row of now, or a new one with the old key."""
    return _with_values(_row_of(version) or version.instance_type(), version)


# The rows as the act left them


def _row_of(version: Any) -> Any:
    rows = version.instance_type._base_manager.select_related(*_to_one(type(version)))
    return rows.filter(pk=version.id).first()


def _to_one(history: Any) -> list[str]:
    return [field.name for field in history.tracked_fields if isinstance(field, models.ForeignKey)]


def members(version: Any) -> dict[str, set[Any]]:
    """Return the keys of the rows of the version's many-to-many fields; a query for each field."""
    return {
        field.name: {
            getattr(kept, f"{field.m2m_reverse_field_name()}_id") for kept in getattr(version, field.name).all()
        }
        for field in type(version)._history_m2m_fields
    }


def _members_at(version: Any) -> dict[str, set[Any]]:
    """Return the members of the version; of a deletion, those of the version before: they went first."""
    history = type(version)
    if version.history_type != "-" or not history._history_m2m_fields:
        return members(version)
    earlier = history.objects.filter(id=version.id, history_id__lt=version.history_id)
    before = earlier.order_by("-history_id").first()
    return members(before) if before else {}


def _is_now(row: Any, version: Any) -> bool:
    """Say whether the row, None for one that is gone, is what the version says."""
    if version.history_type == "-" or row is None:
        return version.history_type == "-" and row is None
    fields = type(version).tracked_fields
    if any(getattr(row, field.attname) != getattr(version, field.attname) for field in fields):
        return False
    return all(set(getattr(row, name).values_list("pk", flat=True)) == keys for name, keys in members(version).items())


def _touched_later(change: ChangeSet, versions: Sequence[Any], reader: Reader) -> list[Obstacle]:
    """Return an obstacle for each row that is not as the act left it."""
    last = {(type(version), version.id): version for version in versions}
    differing: dict[Any, list[Any]] = defaultdict(list)
    for history in {history for history, _pk in last}:
        manager = history.instance_type._base_manager
        rows = {row.pk: row for row in manager.filter(pk__in=written(history, change).values("id"))}
        for (kind, pk), version in last.items():
            if kind is history and not _is_now(rows.get(pk), version):
                differing[history].append(version)
    if not differing:
        return []
    count = sum(map(len, differing.values()))
    later = [key for history, some in differing.items() for key in _later(history, some[:_SHOWN])][:_SHOWN]
    seen = [key for key in later if reader is SYSTEM or changes.is_visible(key, reader)]
    found = [
        Obstacle(
            _("%(row)s was changed later, on %(when)s by %(who)s. Undo that change first.")
            % {"row": version.row, "when": formats.moment(version.when), "who": version.who},
            version.change_set,
        )
        for version in changes.in_words(seen)
    ]
    if len(seen) < len(later) or not later:
        found.append(Obstacle(_unseen()))
    if count > len(later) > 0:
        found.append(
            Obstacle(
                ngettext(
                    "%(count)s more row was changed later.",
                    "%(count)s more rows were changed later.",
                    count - len(later),
                )
                % {"count": formats.number(count - len(later))}
            )
        )
    return found


def _later(history: Any, versions: Iterable[Any]) -> list[dict[str, Any]]:
    """Return the key of the later version that each row's difference comes from: the last that still stands."""
    since = {version.id: version.history_id for version in versions}
    found: dict[Any, tuple[bool, int]] = {}
    later = history.objects.filter(id__in=since, history_id__gt=min(since.values())).order_by("history_id")
    for pk, history_id, undoes, is_undone in later.values_list(
        "id", "history_id", "change_set__undoes", "change_set__is_undone"
    ):
        stands = undoes is None and not is_undone
        if history_id > since[pk]:
            found[pk] = max(found.get(pk, (False, 0)), (stands, history_id))
    kind = history.instance_type._meta.model_name
    return [{"row_kind": kind, "history_id": history_id} for _stands, history_id in found.values()]


def _in_use(versions: Sequence[Any], reader: Reader) -> list[Obstacle]:
    """Return an obstacle for what the act added and other rows came to belong to; a query for each relation."""
    touched = _rows_of(versions)
    found = []
    for history, ids in _rows_of([version for version in versions if version.history_type == "+"]).items():
        if history.instance_type.is_never_removed:
            rows = history.instance_type._base_manager.filter(pk__in=ids)
            found += [
                Obstacle(_("%(row)s stays: what is of its kind is never removed.") % {"row": row}) for row in rows
            ]
            continue
        for relation in history.instance_type._meta.related_objects:
            model = relation.related_model
            own = next((pks for kept, pks in touched.items() if kept.instance_type is model), set())
            users = model._base_manager.filter(**{f"{relation.field.name}__in": ids}).exclude(pk__in=own)
            if other := users.first():
                row = history.instance_type._base_manager.filter(**{f"{relation.get_accessor_name()}": other}).first()
                found.append(Obstacle(_used(row, other, reader)))
    return found[:_SHOWN]


def _used(row: Any, other: Any, reader: Reader) -> str:
    rows = type(other)._default_manager.all()
    is_seen = (
        rows.visible_to(reader).filter(pk=other.pk).exists()
        if isinstance(rows, ScopedQuerySet)
        else reader.sees_everything
    )
    if not is_seen:
        return _("%(row)s is in use by a row that you may not see. Ask somebody who may see it.") % {"row": row}
    return _("%(row)s is in use: %(other)s belongs to it. Remove that first.") % {"row": row, "other": other}


def _unseen() -> str:
    return _(
        "A row that you may not see stands in the way: it was changed since, or a rule forbids what it was. "
        "Ask somebody who may see it."
    )


# Locks: in the order in which every other act takes them


def lock_row(version: Any) -> None:
    """Lock the row of the version before it is written."""
    history = type(version)
    _lock_rows(history, [version.id], {name: [getattr(version, name)] for name in _locked_with(history)})


def _locked_with(history: Any) -> list[str]:
    model = history.instance_type
    return [model._meta.get_field(name).attname for name in model.locked_with]


def _lock(change: ChangeSet) -> None:
    for history in change.kinds().values():
        versions = written(history, change)
        _lock_rows(history, versions.values("id"), {name: versions.values(name) for name in _locked_with(history)})


def _lock_rows(history: Any, ids: Any, with_ids: Mapping[str, Any]) -> None:
    model = history.instance_type
    for name, others in with_ids.items():
        related = next(field.related_model for field in model._meta.concrete_fields if field.attname == name)
        list(related._base_manager.select_for_update(no_key=True).filter(pk__in=others).order_by("pk"))
    list(model._base_manager.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk"))


# Taking back


def _take_back(versions: Sequence[Any], undoing: ChangeSet, reader: Reader) -> None:
    """Put the rows back as they were before the versions; CannotUndo where a rule forbids it."""

    def sort(version: Any) -> tuple[str, bool]:
        return version.instance_type._meta.model_name, version.history_type == "+"

    for (_kind, is_addition), some in groupby(reversed(versions), key=sort):
        if is_addition:
            _remove(list(some), undoing)
        else:
            _put_all_back(list(some), undoing, reader)


def _remove(versions: Sequence[Any], undoing: ChangeSet) -> None:
    model = versions[0].instance_type
    keys = {version.id for version in versions}
    whose = {"by": undoing.by, "reason": undoing.reason, "door": Door(undoing.door), "change": undoing}
    if len(keys) > _MANY and not pointing(model) and _may_go_at_once(model):
        model._default_manager.delete_rows(keys, **whose)
        return
    try:
        model._default_manager.filter(pk__in=keys).delete(**whose)
    except (ProtectedError, RestrictedError):
        raise CannotUndo(
            _("A row that this change added is in use, so that it cannot be removed. Remove what uses it first.")
        ) from None
    except ValidationError as error:
        raise CannotUndo(error.messages) from None


def _may_go_at_once(model: type[models.Model]) -> bool:
    """Say whether removing many rows at once asks all that their QuerySet asks of a removal: whoever has rules for the
    one says them for the other, too."""
    kinds = type(model._default_manager.all()).__mro__
    one, many = (next(kind for kind in kinds if name in vars(kind)) for name in ("delete", "delete_rows"))
    return one is many


def _put_all_back(versions: Sequence[Any], undoing: ChangeSet, reader: Reader) -> None:
    history = type(versions[0])
    model = history.instance_type
    befores = history.objects.in_bulk({version.before_id for version in versions if version.before_id})
    rows = model._base_manager.select_related(*_to_one(history)).in_bulk({version.id for version in versions})
    for version in versions:
        earlier = befores.get(version.before_id)
        before = version if version.history_type == "-" else earlier
        if before is None:
            raise CannotUndo(_("What %(row)s was before is not on record.") % {"row": rows.get(version.id)})
        row = _with_values(rows.get(version.id) or model(), before)
        try:
            rows[version.id] = _put_back(row, before, members(earlier) if earlier else {}, undoing)
        except ValidationError as error:
            key = {"row_kind": model._meta.model_name, "history_id": version.history_id}
            if reader is not SYSTEM and not changes.is_visible(key, reader):
                raise CannotUndo(_unseen()) from None
            (words,) = changes.in_words([key])
            raise CannotUndo(
                [_("%(row)s: %(sentence)s") % {"row": words.row, "sentence": sentence} for sentence in error.messages]
            ) from None


def _put_back(row: Any, version: Any, to_many: Mapping[str, Collection[Any]], change: ChangeSet) -> Any:
    """Save the row, which has the values of the version, with the members of its many-to-many fields."""
    _require_targets(row, version)
    change.save_row(row)
    for name, keys in to_many.items():
        manager = getattr(row, name)
        there = set(manager.model._base_manager.filter(pk__in=keys).values_list("pk", flat=True))
        if set(manager.values_list("pk", flat=True)) != there:
            manager.set(there)
    return row


def _with_values(row: Any, version: Any) -> Any:
    for field in type(version).tracked_fields:
        setattr(row, field.attname, getattr(version, field.attname))
    if isinstance(row, AbstractBaseUser) and not row.password:
        # The history keeps none: whoever comes back is given a new one.
        row.set_unusable_password()
    return row


def _require_targets(row: Any, version: Any) -> None:
    """Refuse what would point to a row that is gone, which a model's own rules take for granted; a query for each
    foreign key whose row is not loaded."""
    for field in row._meta.concrete_fields:
        key = getattr(row, field.attname)
        if not isinstance(field, models.ForeignKey) or key is None or field.is_cached(row):
            continue
        if not field.related_model._base_manager.filter(pk=key).exists():
            raise ValidationError(
                _("%(field)s: %(words)s is not there any more. Restore that first.")
                % {
                    "field": capfirst(str(field.verbose_name)),
                    "words": version.related_words.get(field.name) or f"#{key}",
                }
            )


def _rows_of(versions: Iterable[Any]) -> dict[Any, set[int]]:
    """Return the keys of the rows by the kind of their history."""
    ids: dict[Any, set[int]] = {}
    for version in versions:
        ids.setdefault(type(version), set()).add(version.id)
    return ids
