"""What is done to agencies: their spellings, and two that turn out to be one.

A merge moves every row of every app that points to the agency that goes. A table in which one agency
cannot stand twice says how its rows join: a classmethod `merged(rows)` of its model takes the rows of
both, those of the agency that stays first and all pointing to it, changes them, and returns those that
go on, in the order in which they can be saved. The others are deleted after these are saved, or before where
the model `goes_before_merge`. A table without one moves row by row. What an agency may not do a model says
in `check_agency()`, which asks no query.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from jfo_portal.kit import changes
from jfo_portal.kit.changesets import ChangeSet, act
from jfo_portal.kit.history import ChangeRecord, Door
from jfo_portal.kit.imports.cells import fold

from .models import Agency, AgencyAlias, User
from .models.partners import OWN_AGENCY, names_by_agency, owner_of

# Spellings


def add_alias(agency: Agency, spelling: str, *, within: ChangeSet) -> AgencyAlias:
    """Let the agency go by the spelling too; ValidationError names whose it is already."""
    if fold(spelling) in {fold(name) for name in (*agency.own_names, *_aliases_of(agency))}:
        raise ValidationError({"alias": _("“%(spelling)s” is a spelling of this agency already.") % _said(spelling)})
    if (owner := owner_of(spelling, but=agency)) is not None:
        raise ValidationError(
            {
                "alias": _(
                    "“%(spelling)s” is a spelling of %(agency)s (%(name)s). Remove it there first, or merge the two."
                )
                % {**_said(spelling), "agency": owner.key, "name": owner.name}
            }
        )
    return within.save_row(AgencyAlias(agency=agency, alias=spelling))


def save_agency(agency: Agency, *, within: ChangeSet) -> Agency:
    """Save a new or changed agency; ValidationError if a name is another's, or a group would lead or sign."""
    problems: dict[str, list[str]] = {}
    for field in ("key", "short_en", "short_fr", "name_en", "name_fr"):
        spelling = getattr(agency, field)
        if (owner := owner_of(spelling, but=agency)) is not None:
            problems[field] = [
                _("“%(spelling)s” is a spelling of %(agency)s (%(name)s).")
                % {**_said(spelling), "agency": owner.key, "name": owner.name}
            ]
    if agency.is_group and agency.pk:
        rows = [row for model, names in referring().items() for row in _rows(model, names, [agency])]
        if broken := _broken(rows, [agency]):
            problems["is_group"] = broken
    if problems:
        raise ValidationError(problems)
    return within.save_row(agency)


def _said(spelling: str) -> dict[str, str]:
    return {"spelling": spelling}


def _aliases_of(agency: Agency) -> list[str]:
    return [alias.alias for alias in agency.aliases.all()]


# What points to agencies


def referring() -> dict[type[models.Model], list[str]]:
    """Return the models of every app that point to agencies, each with the names of the fields that do."""
    found: dict[type[models.Model], list[str]] = {}
    for relation in Agency._meta.get_fields(include_hidden=True):
        if relation.auto_created and (relation.one_to_many or relation.one_to_one):
            model: Any = relation.related_model
            # What a version says of the past stays as it was.
            if not issubclass(model, ChangeRecord):
                found.setdefault(model, []).append(relation.field.name)  # type: ignore[union-attr]
    return found


def _rows(model: Any, names: Sequence[str], agencies: Sequence[Agency], *, lock: bool = False) -> list[Any]:
    """Return the model's rows that point to one of the agencies, with what they point to; one query."""
    mine = models.Q()
    for name in names:
        mine |= models.Q(**{f"{name}__in": agencies})
    related = [field.name for field in model._meta.concrete_fields if field.many_to_one or field.one_to_one]
    rows = model._base_manager.filter(mine).select_related(*related).order_by("pk")
    return list(rows.select_for_update(of=("self",)) if lock else rows)


def _broken(rows: Sequence[Any], agencies: Sequence[Agency]) -> list[str]:
    """Return, each once, the sentences of the rules that the rows break, pointing to these agencies as given."""
    given = {agency.pk: agency for agency in agencies}
    pointing = referring()
    sentences: dict[str, None] = {}
    for row in rows:
        for name in pointing[type(row)]:
            if (agency := given.get(getattr(row, f"{name}_id"))) is not None:
                setattr(row, name, agency)
        if hasattr(row, "check_agency"):
            try:
                row.check_agency()
            except ValidationError as error:
                sentences |= dict.fromkeys(error.messages)
    return list(sentences)


def broken_by(agencies: Sequence[Agency]) -> dict[int, list[str]]:
    """Return, by an agency's key in the database, the sentences of the rules that its rows break as it is given.

    A query for each model that points to agencies.
    """
    rows = [row for model, names in referring().items() for row in _rows(model, names, agencies)]
    pointing = referring()
    found: dict[int, list[str]] = {}
    for agency in agencies:
        of_agency = [row for row in rows if agency.pk in {getattr(row, f"{name}_id") for name in pointing[type(row)]}]
        if sentences := _broken(of_agency, [agency]):
            found[agency.pk] = sentences
    return found


# Two that are one


@dataclass(frozen=True)
class Fate:
    """What becomes of one row, in words; `of` is the key of the agency that it is of now."""

    row: str
    of: str
    what: str


@dataclass(frozen=True)
class Table:
    """The rows of one kind that a merge writes; `count` of them move, change, go or come."""

    title: str
    fates: Sequence[Fate]

    @property
    def count(self) -> int:
        return len(self.fates)


@dataclass(frozen=True)
class Merge:
    """What merging `gone` into `kept` writes: the rows saved and deleted, in this order, and the spellings added.

    `elsewhere` are spellings that stay with a third agency. With `obstacles`, sentences, it cannot be done.
    """

    gone: Agency
    kept: Agency
    tables: Sequence[Table]
    saved: Sequence[Any]
    deleted: Sequence[Any]
    spellings: Sequence[str]
    elsewhere: Sequence[tuple[str, Agency]]
    obstacles: Sequence[str]

    @cached_property
    def digest(self) -> str:
        """What tells this merge from the same one after somebody changed a row of it."""
        rows = [self.gone, self.kept, *self.deleted, *self.saved]
        said = [[row._meta.label_lower, row.pk, _values(row), row.__dict__.get("_before")] for row in rows]
        said += [[*self.spellings], [[spelling, owner.key] for spelling, owner in self.elsewhere]]
        return hashlib.sha256(json.dumps(said, default=str, sort_keys=True).encode()).hexdigest()


def refusal(gone: Agency, kept: Agency) -> str:
    """Return the sentence that says why these two are never merged; nothing where they may be."""
    if gone == kept:
        return _("An agency cannot be merged into itself. Choose another one.")
    if gone.key == OWN_AGENCY:
        return _("The %(agency)s itself cannot go. Open the other agency and merge it into the %(agency)s.") % {
            "agency": gone.short
        }
    return ""


def plan(gone: Agency, kept: Agency, *, lock: bool = False) -> Merge:
    """Return what merging `gone` into `kept` would do; a query for each table, and three more.

    With `lock`, inside a transaction, nobody changes those rows before it ends.
    """
    if lock:
        pair = Agency.objects.select_for_update().filter(pk__in=[gone.pk, kept.pk]).order_by("pk")
        found = {row.pk: row for row in pair}
        if len(found) < 2:
            raise ValidationError(_("One of the two is not there any more: somebody merged it meanwhile."))
        gone, kept = found[gone.pk], found[kept.pk]
    tables: list[Table] = []
    deleted: list[Any] = []
    saved: list[Any] = []
    twice: list[str] = []
    for model, names in referring().items():
        moved = _Moved(model, names, _rows(model, names, [kept, gone], lock=lock), gone, kept)
        if moved.fates:
            tables.append(Table(capfirst(str(model._meta.verbose_name_plural)), moved.fates))
            deleted += moved.deleted
            saved += moved.saved
            twice += moved.twice
    spellings, elsewhere = _spellings(gone, kept)
    return Merge(gone, kept, tables, saved, deleted, spellings, elsewhere, [*_broken(saved, [kept]), *twice])


def merge(
    gone: Agency,
    kept: Agency,
    *,
    by: User | None,
    reason: str = "",
    door: Door = Door.SCREEN,
    within: ChangeSet | None = None,
) -> Agency:
    """Make two agencies one, and return the one that stays, which goes by the names of the other from now on.

    One act over every table, which can be undone whole. ValidationError says what stands in the way.
    """
    if sentence := refusal(gone, kept):
        raise ValidationError(sentence)
    with act(by, reason=reason, door=door, within=within) as change:
        planned = plan(gone, kept, lock=True)
        if planned.obstacles:
            raise ValidationError(list(planned.obstacles))
        # What stays or comes first, so that a JFO is without lead on no day meanwhile, unless the model says otherwise.
        early = [row for row in planned.deleted if getattr(row, "goes_before_merge", False)]
        for row in early:
            change.delete_row(row)
        for row in planned.saved:
            change.save_row(row)
        for row in planned.deleted:
            if not any(row is one for one in early):
                change.delete_row(row)
        for spelling in planned.spellings:
            change.save_row(AgencyAlias(agency=planned.kept, alias=spelling))
        change.delete_row(planned.gone)
        return planned.kept


def merged_into(agency: Agency) -> list[int]:
    """Return the keys, in the database, of agencies that were merged into this one and whose names it bears; one query.

    Their history is the agency's own.
    """
    spellings = {fold(spelling) for spelling in _aliases_of(agency)}
    deleted = Agency.history.filter(history_type="-").exclude(id__in=Agency.objects.values("pk"))
    return [pk for pk, key in deleted.order_by("id").values_list("id", "key").distinct() if fold(key) in spellings]


class _Moved:
    """The rows of one table after a merge."""

    def __init__(self, model: Any, names: Sequence[str], rows: Sequence[Any], gone: Agency, kept: Agency) -> None:
        self.names = names
        self.fates: list[Fate] = []
        self.deleted: list[Any] = []
        self.saved: list[Any] = []
        self.twice: list[str] = []
        theirs = [row for row in rows if any(getattr(row, f"{name}_id") == gone.pk for name in names)]
        if not theirs:
            return
        mine = [row for row in rows if not any(row is other for other in theirs)]
        words = {row.pk: self._words(row) for row in rows}
        for row in rows:
            row._before = _values(row)
            for name in names:
                if getattr(row, f"{name}_id") == gone.pk:
                    setattr(row, name, kept)
        together = [*mine, *theirs]
        after = model.merged(together) if hasattr(model, "merged") else together
        stays = {row.pk for row in after}
        for row in together:
            if row.pk not in stays:
                for name, value in row._before.items():
                    setattr(row, name, value)
                self.deleted.append(row)
        self.saved = [row for row in after if row.pk is None or _values(row) != row._before]
        self.twice = _twice(after, names)
        moved = {row.pk for row in theirs}
        for row in (*self.deleted, *self.saved):
            of = gone if row.pk in moved else kept
            self.fates.append(Fate(words.get(row.pk) or self._words(row), of.key, self._fate(row, of == gone)))
        self.fates.sort(key=lambda fate: (fate.row, fate.of))

    def _fate(self, row: Any, is_moved: bool) -> str:
        if row.pk is None:
            return _("Is added, so that no day is lost")
        if any(row is one for one in self.deleted):
            return _("Is joined into another row, and goes")
        said = "; ".join(self._changes(row))
        if not is_moved:
            return _("Changes: %(changes)s") % {"changes": said}
        return _("Moves and changes: %(changes)s") % {"changes": said} if said else _("Moves")

    def _changes(self, row: Any) -> Iterator[str]:
        for field in self._fields(row):
            before, after = row._before[field.attname], getattr(row, field.attname)
            if before != after:
                label = capfirst(str(field.verbose_name))
                yield str(changes.Change(label, changes.in_text(field, before), changes.in_text(field, after)))

    def _words(self, row: Any) -> str:
        """Return what the row says, without the agency."""
        return "; ".join(
            str(changes.Change(capfirst(str(field.verbose_name)), "", text))
            for field in self._fields(row)
            if (text := _text(row, field)) is not None
        )

    def _fields(self, row: Any) -> list[Any]:
        fields = [one for one in row._meta.concrete_fields if not one.primary_key and one.name not in self.names]
        return sorted(fields, key=lambda field: not field.is_relation)


def _text(row: Any, field: Any) -> str | None:
    value = getattr(row, field.name)
    if value in (None, ""):
        return None
    return str(value) if field.is_relation else changes.in_text(field, value)


def _values(row: Any) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def _spellings(gone: Agency, kept: Agency) -> tuple[list[str], list[tuple[str, Agency]]]:
    """Return the spellings that the one that stays takes over, and those that a third agency goes by."""
    owners: dict[str, Agency] = {}
    known: set[str] = set()
    for agency, names in names_by_agency().items():
        if agency == kept:
            known |= set(map(fold, names))
        elif agency == gone:
            # Its aliases move as rows do.
            known |= set(map(fold, names[len(agency.own_names) :]))
        else:
            owners |= {fold(name): agency for name in names}
    missing = {fold(name): name for name in reversed(gone.own_names) if fold(name) not in known}
    spellings = [name for folded, name in missing.items() if folded not in owners]
    return spellings[::-1], [(name, owners[folded]) for folded, name in missing.items() if folded in owners]


def _twice(rows: Sequence[Any], names: Sequence[str]) -> list[str]:
    """Return a sentence on each row that the database would refuse beside another: what does not say how to join."""
    found: list[str] = []
    seen: set[tuple[Any, ...]] = set()
    for row in rows:
        unique = [constraint.fields for constraint in row._meta.total_unique_constraints]
        unique += [(name,) for name in names if row._meta.get_field(name).unique]
        for fields in unique:
            values = [getattr(row, row._meta.get_field(name).attname) for name in fields]
            if None in values:
                continue
            if (*fields, *values) in seen:
                found.append(_("%(row)s would stand there twice. Correct one of the two first.") % {"row": row})
            seen.add((*fields, *values))
    return found
