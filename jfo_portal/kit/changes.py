"""The history in words: who changed which row, when, what it was and is, why, and through which door.

A list of versions holds keys only (the kind of row and the version's number), newest first, over
all tracked models at once: one query that walks their date indexes side by side. `in_words` then
turns a page of keys into sentences with the same few queries, however many kinds are on it.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from django.apps import apps
from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import JSONObject
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from . import formats
from .access import SYSTEM, Reader
from .history import ChangeRecord, Door
from .scoping import PersonalQuerySet, ScopedQuerySet

Key: TypeAlias = tuple[str, int]


@dataclass(frozen=True)
class Change:
    """One field's value before and after, in words; both are empty where there was, or is, no value."""

    label: str
    before: str
    after: str

    def __str__(self) -> str:
        if not self.before:
            return _("%(field)s: %(after)s") % {"field": self.label, "after": self.after or formats.NO_VALUE}
        return _("%(field)s: %(before)s → %(after)s") % {
            "field": self.label,
            "before": self.before,
            "after": self.after or formats.NO_VALUE,
        }


@dataclass(frozen=True)
class Version:
    """One write of one row, in the active language.

    `href` is the row's page, or None where it has none. A row that was added lists the values it
    began with; one that was deleted lists nothing. `key` names the version, `row_id` the row, `change_set` the act it
    was part of and `by` the user whose it was, if any. A version that `may_be_restored` is not what the row is now,
    and the reader may change the row.
    """

    when: datetime
    who: str
    kind: str
    row: str
    href: str | None
    event: str
    is_addition: bool
    is_deletion: bool
    changes: Sequence[Change]
    why: str
    door: str
    key: Key
    row_id: int
    change_set: int | None
    by: int | None
    is_latest: bool
    may_be_restored: bool = False

    @property
    def can_be_restored(self) -> bool:
        """Whether the row is not, or not any more, what it was in this version."""
        return not self.is_latest or self.is_deletion

    @property
    def what(self) -> str:
        """The changes in one line, for a file."""
        return "; ".join(str(change) for change in self.changes)


def tracked() -> dict[str, type[models.Model]]:
    """Return the history models by the name of the kind of row they keep, such as assignment."""
    histories = [model for model in apps.get_models() if issubclass(model, ChangeRecord)]
    return {history.instance_type._meta.model_name: history for history in histories}  # type: ignore[attr-defined]


def kinds(reader: Reader) -> list[tuple[str, str]]:
    """Return the kinds of row whose history the reader may see, as choices in alphabetical order."""
    choices = [
        (name, capfirst(str(history.instance_type._meta.verbose_name)))  # type: ignore[attr-defined]
        for name, history in tracked().items()
        if _is_open_to(history, reader)
    ]
    return sorted(choices, key=lambda choice: choice[1])


def _is_open_to(history: Any, reader: Reader) -> bool:
    """Say whether the reader may see any of it: a model that says nothing of who may see its rows is for those
    who see everything."""
    return reader.sees_everything or isinstance(history.instance_type._default_manager.all(), ScopedQuerySet)


def _visible(history: Any, reader: Reader) -> QuerySet:
    """Return the versions of the rows the reader may see now; of a deleted row, by what it was at last.

    What is somebody's own is told to nobody else, whatever else they see.
    """
    versions: QuerySet = history.objects.all()
    rows = history.instance_type._default_manager.all()
    if isinstance(rows, PersonalQuerySet) and reader is not SYSTEM:
        return versions.filter(**{rows.owner_field: reader})
    if reader.sees_everything:
        return versions
    if rows.is_open():
        return versions
    if rows.read_scope is None:
        # Who may see a row follows from others, which may be gone with it: a deleted one is told to nobody.
        return versions.filter(id__in=rows.visible_to(reader).values("pk"))
    deleted = history.objects.filter(history_type="-", **{f"{rows.read_scope}__in": reader.scope_ids})
    return versions.filter(
        Q(id__in=rows.visible_to(reader).values("pk"))
        | Q(id__in=deleted.exclude(id__in=rows.values("pk")).values("id"))
    )


def is_visible(key: Mapping[str, Any], reader: Reader) -> bool:
    """Say whether the reader may see the row that the version, given by its key, is of; one query."""
    history: Any = tracked()[key["row_kind"]]
    return _is_open_to(history, reader) and _visible(history, reader).filter(history_id=key["history_id"]).exists()


def _own(history: Any, reader: Reader) -> QuerySet | None:
    """Return the visible versions of the rows of the reader's own scopes; None for a kind that belongs to no scope."""
    if reader.sees_everything:
        return _visible(history, reader)
    rows = history.instance_type._default_manager.all()
    scope = rows.read_scope or rows.write_scope
    return None if scope is None else _visible(history, reader).filter(**{f"{scope}__in": reader.scope_ids})


def versions(
    reader: Reader,
    *,
    of: Collection[str] | None = None,
    about: Sequence[tuple[type[models.Model], Collection[int]]] = (),
    own: bool = False,
    not_by: Any = None,
    **where: Any,
) -> QuerySet:
    """Return the keys of the versions the reader may see, newest first; rows have `row_kind` and `history_id`.

    `of` names the kinds of row, all of them by default. Each entry of `about`, a model and the ids of
    its rows, leaves the versions of those rows and of the rows that point to them. `where` are
    look-ups on what every version holds: `door`, `who__icontains`, `history_date__gte`. `own` leaves those
    of rows of the reader's own scopes, `not_by` those that the user did not write.
    """
    histories: dict[str, Any] = tracked()
    branches: list[QuerySet] = []
    for kind, history in histories.items():
        if not reader.is_authenticated or not _is_open_to(history, reader) or (of is not None and kind not in of):
            continue
        subjects = [_subject(history, model, ids) for model, ids in about]
        rows = _own(history, reader) if own else _visible(history, reader)
        if rows is None or None in subjects:
            continue
        if not_by is not None:
            rows = rows.exclude(history_user=not_by)
        branches.append(_keys(kind, rows.filter(*subjects, **where)))
    if not branches:
        kind, history = next(iter(histories.items()))
        return _keys(kind, history.objects.none())
    return branches[0].union(*branches[1:], all=True).order_by("-history_date", "-history_id", "row_kind")


def rows_named(found: QuerySet, model: type[models.Model]) -> int:
    """Return of how many rows of the model are versions that `versions` found, or rows that point to one; one query."""
    branches = []
    for query in found.query.combined_queries or (found.query,):
        lookups = ["id"] if query.model.instance_type is model else []
        lookups += [field.attname for field in _foreign_keys(query.model) if field.related_model is model]
        for lookup in lookups:
            rows = query.model.objects.all()
            rows.query = query.clone()
            branches.append(rows.order_by().values_list(lookup, flat=True).distinct())
    return branches[0].union(*branches[1:]).count() if branches else 0


def _keys(kind: str, rows: QuerySet) -> QuerySet:
    # The history's own order would be sorted inside each branch of the union.
    keys: QuerySet = rows.order_by().annotate(row_kind=_constant(kind)).values("row_kind", "history_id", "history_date")
    return keys


def _constant(word: str) -> Value:
    return Value(word, output_field=models.CharField())


def _subject(history: Any, model: type[models.Model], ids: Collection[int]) -> Q | None:
    """Return the condition that a version is of one of the rows or points to one; None if it never can."""
    lookups = ["id"] if history.instance_type is model else []
    lookups += [field.attname for field in _foreign_keys(history) if field.related_model is model]
    if not lookups:
        return None
    subject = Q()
    for lookup in lookups:
        subject |= Q(**{f"{lookup}__in": ids})
    return subject


def about(row: models.Model, reader: Reader, *, of: Collection[str] | None = None, limit: int = 20) -> list[Version]:
    """Return the latest versions of the row and of the rows that point to it, as far as the reader may see them.

    Four queries, whatever the rows: what a row's own page shows under “History”.
    """
    return in_words(list(versions(reader, of=of, about=[(type(row), [row.pk])])[:limit]), reader)


def may_change(rows: Mapping[str, Collection[int]], reader: Reader) -> set[tuple[str, int]]:
    """Return which of the rows, given by kind and key, the reader may change; of a deleted one, by what it was at last.

    One query, and none where the reader's role changes nothing of these kinds.
    """
    branches: list[QuerySet] = []
    for kind, ids in rows.items():
        history: Any = tracked()[kind]
        there = history.instance_type._default_manager.filter(pk__in=ids)
        if not isinstance(there, ScopedQuerySet) or not there.may_be_written_by(reader):
            continue
        deleted = history.objects.filter(history_type="-", id__in=ids).exclude(id__in=there.order_by().values("pk"))
        if isinstance(there, PersonalQuerySet):
            deleted = deleted.filter(**{there.owner_field: reader})
        elif there.write_scope is not None and not reader.sees_everything:
            deleted = deleted.filter(**{f"{there.write_scope}__in": reader.scope_ids})
        changeable = there.editable_by(reader).order_by().annotate(row_kind=_constant(kind))
        branches.append(changeable.values_list("row_kind", "pk"))
        branches.append(deleted.order_by().annotate(row_kind=_constant(kind)).values_list("row_kind", "id"))
    return set(branches[0].union(*branches[1:])) if branches else set()


def between(now: Key | None, then: Key) -> list[Change]:
    """Return what would change of a row if it became again what it was in version `then`; `now` is its latest, None
    for a row that is gone. One query, and two for each many-to-many field."""
    snapshots = _snapshots([then] if now is None else [now, then])
    history: Any = tracked()[then[0]]
    before = {} if now is None else _values(history, snapshots[now])
    after = _values(history, snapshots[then])
    return [
        Change(_label(history, name), before.get(name, ""), after.get(name, ""))
        for name in {**after, **before}
        if before.get(name, "") != after.get(name, "")
    ]


# From keys to words


@dataclass(frozen=True)
class _Snapshot:
    """A version as it is stored: the row's columns as JSON, and in words the rows it pointed to.

    `members` are the rows of its many-to-many fields, in words.
    """

    key: Key
    change_set: int | None
    by: int | None
    fields: Mapping[str, Any]
    words: Mapping[str, str]
    members: Mapping[str, str]
    date: datetime
    event: str
    who: str
    why: str
    door: str


def in_words(keys: Sequence[Mapping[str, Any]], reader: Reader | None = None) -> list[Version]:
    """Return the versions in words, in the order of the keys.

    Two queries, whatever the rows; two more for each many-to-many field of the kinds among them, and one to
    say which of them the reader, if one is given, may restore.
    """
    wanted = [(key["row_kind"], key["history_id"]) for key in keys]
    previous, superseded = _neighbours(wanted)
    snapshots = _snapshots([*wanted, *previous.values()])
    histories = tracked()
    versions = [
        _version(
            histories[key[0]],
            snapshots[key],
            snapshots[previous[key]] if key in previous else None,
            is_latest=key not in superseded,
        )
        for key in wanted
    ]
    return versions if reader is None else _restorable(versions, reader)


def _restorable(versions: list[Version], reader: Reader) -> list[Version]:
    """Return the versions, marked where the reader may restore them."""
    old: dict[str, set[int]] = defaultdict(set)
    for version in versions:
        if version.can_be_restored:
            old[version.key[0]].add(version.row_id)
    changeable = may_change(old, reader) if old else set()
    return [
        replace(version, may_be_restored=version.can_be_restored and (version.key[0], version.row_id) in changeable)
        for version in versions
    ]


def _by_kind(keys: Iterable[Key]) -> dict[str, list[int]]:
    ids: dict[str, list[int]] = defaultdict(list)
    for kind, history_id in keys:
        ids[kind].append(history_id)
    return ids


def _union(keys: Iterable[Key], branch: Callable[[str, Any, list[int]], QuerySet]) -> Iterable[dict[str, Any]]:
    """Return the rows of one query over the histories of the keys."""
    histories = tracked()
    branches = [branch(kind, histories[kind], ids) for kind, ids in _by_kind(keys).items()]
    return branches[0].union(*branches[1:], all=True) if branches else ()


def _neighbours(keys: Sequence[Key]) -> tuple[dict[Key, Key], set[Key]]:
    """Return the key of the same row's version before, for those that have one, and which have one after; one query."""

    def branch(kind: str, history: Any, ids: list[int]) -> QuerySet:
        earlier = history.objects.filter(id=OuterRef("id"), history_id__lt=OuterRef("history_id"))
        last = earlier.order_by("-history_id").values("history_id")[:1]
        later = history.objects.filter(id=OuterRef("id"), history_id__gt=OuterRef("history_id")).order_by()
        rows = (
            history.objects.filter(history_id__in=ids)
            .order_by()
            .annotate(row_kind=_constant(kind), before_id=Subquery(last), is_superseded=Exists(later))
        )
        found: QuerySet = rows.values("row_kind", "history_id", "before_id", "is_superseded")
        return found

    rows = list(_union(keys, branch))
    return (
        {
            (row["row_kind"], row["history_id"]): (row["row_kind"], row["before_id"])
            for row in rows
            if row["before_id"] is not None
        },
        {(row["row_kind"], row["history_id"]) for row in rows if row["is_superseded"]},
    )


def _snapshots(keys: Sequence[Key]) -> dict[Key, _Snapshot]:
    def branch(kind: str, history: Any, ids: list[int]) -> QuerySet:
        columns = {field.attname: field.attname for field in history.tracked_fields}
        rows = history.objects.filter(history_id__in=ids).order_by()
        stored: QuerySet = rows.annotate(row_kind=_constant(kind), row_fields=JSONObject(**columns)).values(
            "row_kind",
            "history_id",
            "row_fields",
            "related_words",
            "history_date",
            "history_type",
            "who",
            "history_change_reason",
            "door",
            "change_set_id",
            "history_user_id",
        )
        return stored

    members = _members(keys)
    return {
        (row["row_kind"], row["history_id"]): _Snapshot(
            key=(row["row_kind"], row["history_id"]),
            change_set=row["change_set_id"],
            by=row["history_user_id"],
            fields=row["row_fields"],
            words=row["related_words"],
            members=members.get((row["row_kind"], row["history_id"]), {}),
            date=row["history_date"],
            event=row["history_type"],
            who=row["who"],
            why=row["history_change_reason"] or "",
            door=row["door"],
        )
        for row in _union(keys, branch)
    }


def _members(keys: Iterable[Key]) -> dict[Key, dict[str, str]]:
    """Return the rows of each version's many-to-many fields, in words: the regions of a user."""
    histories: dict[str, Any] = tracked()
    found: dict[Key, dict[str, str]] = defaultdict(dict)
    for kind, ids in _by_kind(keys).items():
        for field in histories[kind]._history_m2m_fields:
            through = getattr(histories[kind], field.name).model
            pairs = list(
                through.objects.filter(history_id__in=ids).values_list(
                    "history_id", f"{field.m2m_reverse_field_name()}_id"
                )
            )
            targets = field.related_model._base_manager.in_bulk({target for _history_id, target in pairs})
            names: dict[int, list[str]] = defaultdict(list)
            for history_id, target in pairs:
                names[history_id].append(str(targets.get(target, f"#{target}")))
            for history_id, words in names.items():
                found[kind, history_id][field.name] = ", ".join(sorted(words))
    return found


_EVENTS: Mapping[str, Callable[[], str]] = {
    "+": lambda: _("Added"),
    "~": lambda: _("Changed"),
    "-": lambda: _("Deleted"),
}


def _version(history: Any, snapshot: _Snapshot, previous: _Snapshot | None, *, is_latest: bool) -> Version:
    row = _row(history, snapshot)
    is_addition, is_deletion = snapshot.event == "+", snapshot.event == "-"
    before = _values(history, previous) if previous and not is_addition else {}
    after = {} if is_deletion else _values(history, snapshot)
    return Version(
        when=snapshot.date,
        who=snapshot.who or _("the portal"),
        kind=capfirst(str(history.instance_type._meta.verbose_name)),
        row=str(row),
        href=row.get_absolute_url() if hasattr(row, "get_absolute_url") and not is_deletion else None,
        event=_EVENTS[snapshot.event](),
        is_addition=is_addition,
        is_deletion=is_deletion,
        changes=[
            Change(_label(history, name), before.get(name, ""), words)
            for name, words in after.items()
            if words != before.get(name, "")
        ],
        why=snapshot.why,
        door=str(Door(snapshot.door).label),
        key=snapshot.key,
        row_id=snapshot.fields["id"],
        change_set=snapshot.change_set,
        by=snapshot.by,
        is_latest=is_latest,
    )


def _label(history: Any, name: str) -> str:
    return capfirst(str(history.instance_type._meta.get_field(name).verbose_name))


def _foreign_keys(history: Any) -> list[Any]:
    return [field for field in history.tracked_fields if isinstance(field, models.ForeignKey)]


def _values(history: Any, snapshot: _Snapshot) -> dict[str, str]:
    """Return the row's fields by name, each as a reader of the active language reads it."""
    fields = [field for field in history.tracked_fields if not field.primary_key]
    own = {field.name: _words(field, snapshot.fields.get(field.attname), snapshot.words) for field in fields}
    return own | {field.name: snapshot.members.get(field.name, "") for field in history._history_m2m_fields}


def in_text(field: models.Field, value: Any) -> str:
    """Return a value of the model's field in words, an en dash for none; one query where it is another row's key, or
    the keys of the rows of a many-to-many field."""
    related = {}
    if field.many_to_many:
        rows = field.related_model._base_manager.filter(pk__in=value)  # type: ignore[union-attr]
        return ", ".join(sorted(map(str, rows))) or formats.NO_VALUE
    if isinstance(field, models.ForeignKey) and value is not None:
        related[field.name] = str(field.related_model._base_manager.filter(pk=value).first() or f"#{value}")
    return _words(field, value, related) or formats.NO_VALUE


def _words(field: Any, stored: Any, related: Mapping[str, str]) -> str:
    """Return one stored value in words; nothing for none."""
    if stored is None or stored == "":
        return ""
    if isinstance(field, models.ForeignKey):
        return related.get(field.name) or f"#{stored}"
    value = field.to_python(stored)
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    return said(value, getattr(field, "decimal_places", None))


def said(value: Any, places: int | None = None) -> str:
    """Return a value in words; a number with that many decimals, or its own."""
    match value:
        case bool():
            return formats.text(value, "yes_no")
        case Decimal():
            return formats.number(value, max(0, -int(value.as_tuple().exponent)) if places is None else places)
        case datetime():
            return value.isoformat(sep=" ", timespec="minutes")
        case date():
            return formats.day(value)
        case _:
            return str(value)


def _row(history: Any, snapshot: _Snapshot) -> Any:
    """Return the row as it was, unsaved, with words in place of the rows it pointed to.

    It can be said and linked to without a query, and survives the deletion of all of them.
    """
    row = history.instance_type(
        **{field.attname: field.to_python(snapshot.fields.get(field.attname)) for field in history.tracked_fields}
    )
    for field in _foreign_keys(history):
        target = snapshot.fields.get(field.attname)
        if target is not None:
            field.set_cached_value(row, snapshot.words.get(field.name) or f"#{target}")
    return row
