"""Two days compared: who came to JFOs and left them, what changed for those who stayed, and who takes part.

Whatever the number of assignments, the database classifies and counts; a page asks for its own rows alone.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar

from django.db import models
from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce, Concat
from django.db.models.lookups import Exact
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jfo_portal.kit import formats
from jfo_portal.kit.changes import Change
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.periods import ONE_DAY, midnight
from registry.models import (
    JFO,
    Assignment,
    Contact,
    Establishment,
    Officer,
    OfficerFunction,
    OfficerLevel,
    OfficerRegion,
    Participation,
    ParticipationRole,
)
from registry.models.assignments import AssignmentQuerySet

R = TypeVar("R", bound=QuerySet)

NONE = Decimal("0.00")


def on_either(rows: R, before: date, after: date) -> R:
    """Return the rows of a period that hold on the one day or on the other."""
    return (
        rows.filter(start__lte=after)
        .filter(Q(end=None) | Q(end__gte=before))
        .filter(Q(start__lte=before) | Q(end=None) | Q(end__gte=after))
    )


class Movement(models.TextChoices):
    """What happened to an officer's place on a JFO between two days."""

    ARRIVED = "arrived", gettext_lazy("Arrived")
    LEFT = "left", gettext_lazy("Left")
    CHANGED = "changed", gettext_lazy("Changed")


@dataclass(frozen=True)
class _Between:
    """The conditions on a row that holds on one of two days or on both: what became of the place it stands for.

    A place on a JFO is an officer's: it is the same when another row of the officer, with other dates or
    another FTE, stands for it on the later day. For one whose row is the same, the officer's level may
    or region may have changed, by their dates, or the function, which has none: by what was on record at the end
    of each day, if anything was.
    """

    jfos: Collection[int]
    before: date
    after: date

    def _other_row(self, day: date) -> Q:
        # Of these JFOs alone, or PostgreSQL would look at the assignments to all.
        rows = Assignment.objects.as_of(day).filter(jfo__in=self.jfos)
        return Q(Exists(rows.filter(officer=OuterRef("officer"), jfo=OuterRef("jfo")).order_by()))

    @property
    def begun(self) -> Q:
        return Q(start__gt=self.before)

    @property
    def ended(self) -> Q:
        return Q(end__isnull=False, end__lt=self.after)

    @property
    def replaces(self) -> Q:
        """It began between the days, and the officer was on the JFO on the earlier one."""
        return self.begun & self._other_row(self.before)

    @property
    def replaced(self) -> Q:
        """It ended between the days, and the officer is on the JFO on the later one."""
        return self.ended & self._other_row(self.after)

    @property
    def altered(self) -> Q:
        """The officer has another level, function or region on the later day."""
        levels = OfficerLevel.objects.filter(officer=OuterRef("officer")).order_by()
        # Looked at first, and found once for all rows: a level of few officers began between the days.
        begun = OfficerLevel.objects.filter(start__gt=self.before, start__lte=self.after)
        promoted = Q(officer__in=begun.order_by().values("officer"))

        def level_on(day: date) -> Coalesce:
            return Coalesce(Subquery(levels.as_of(day).values("level")[:1]), Value(""))

        has_other_level = promoted & ~Q(Exact(level_on(self.before), level_on(self.after)))
        return has_other_level | self._posted | Q(officer__in=self._rewritten())

    @property
    def _posted(self) -> Q:
        """Another region employs the officer on the later day; looked at as levels are."""
        postings = OfficerRegion.objects.filter(officer=OuterRef("officer")).order_by()
        begun = OfficerRegion.objects.filter(start__gt=self.before, start__lte=self.after)

        def region_on(day: date) -> Subquery:
            return Subquery(postings.as_of(day).values("region")[:1])

        moved = Q(officer__in=begun.order_by().values("officer"))
        return moved & ~Q(Exact(region_on(self.before), region_on(self.after)))

    def _rewritten(self) -> QuerySet:
        """Return the officers whose function on record was another at the end of the later day.

        Of what was not on record on the earlier day nobody knows whether it was another: it was not.
        """
        between = Officer.history.filter(history_date__gte=end_of(self.before), history_date__lt=end_of(self.after))
        later = between.filter(id=OuterRef("id"), history_id__gt=OuterRef("history_id"))
        known = Officer.history.filter(id=OuterRef("id"), history_date__lt=end_of(self.before))
        latest = known.order_by("-history_date", "-history_id")
        latest_of_all = between.exclude(history_type="-").filter(~Exists(later.order_by())).order_by()
        rewritten: QuerySet = latest_of_all.filter(~Q(Exact(F("function"), Subquery(latest.values("function")[:1]))))
        return rewritten.values("id")

    @property
    def stayed(self) -> Q:
        return ~self.begun & (Q(end=None) | Q(end__gte=self.after))

    def moved(self, movement: Movement | None) -> Q:
        """Return the condition that the place came, went or changed, or that it did what the movement says."""
        match movement:
            case None:
                return self.begun | (self.ended & ~self._other_row(self.after)) | (self.stayed & self.altered)
            case Movement.ARRIVED:
                return self.begun & ~self._other_row(self.before)
            case Movement.LEFT:
                return self.ended & ~self._other_row(self.after)
            case _:
                return self.replaces | (self.stayed & self.altered)


def end_of(day: date) -> datetime:
    """Return the moment the day ends on the portal's clock."""
    return midnight(day + ONE_DAY)


# Places on JFOs


@dataclass(frozen=True)
class Places:
    """How many places on JFOs, each an officer’s, and their FTE together."""

    count: int = 0
    fte: Decimal = NONE

    def __add__(self, other: "Places") -> "Places":
        return Places(self.count + other.count, self.fte + other.fte)

    def __sub__(self, other: "Places") -> "Places":
        return Places(self.count - other.count, self.fte - other.fte)


@dataclass(frozen=True)
class Moves:
    """The places on the earlier and on the later day, and what lies between: the one and the movements make the other.

    A change is no place more or less, and brings the FTE that it adds: `changed_fte`. `strangers` are the rows of
    officers that the reader may not see, on either day.
    """

    before: Places = Places()
    after: Places = Places()
    arrived: Places = Places()
    left: Places = Places()
    changed: int = 0
    changed_fte: Decimal = NONE
    strangers: int = field(default=0, compare=False)

    def __sub__(self, other: "Moves") -> "Moves":
        return Moves(*(getattr(self, one.name) - getattr(other, one.name) for one in fields(self)))

    def count(self, movement: Movement) -> int:
        match movement:
            case Movement.ARRIVED:
                return self.arrived.count
            case Movement.LEFT:
                return self.left.count
            case _:
                return self.changed

    @property
    def unchanged(self) -> int:
        return self.before.count - self.left.count - self.changed


def moves(
    rows: AssignmentQuerySet, jfos: Sequence[JFO], before: date, after: date, seen: QuerySet | None = None
) -> Moves:
    """Return what became of the places on the JFOs that the rows stand for; one query, which counts in the database.

    `seen` are the officers that the reader may see; None for all of them.
    """
    ids = [jfo.pk for jfo in jfos]
    between = _Between(ids, before, after)
    # A row begins or ends between the days or stays on both. Grouped by what became of it, its conditions are looked at
    # once. Counted by officer, not by key, which no index of a JFO holds.
    became = Case(
        When(between.replaces, then=Value("replaces")),
        When(between.begun, then=Value("begun")),
        When(between.replaced, then=Value("replaced")),
        When(between.ended, then=Value("ended")),
        When(between.altered, then=Value("altered")),
        default=Value("same"),
    )
    is_stranger = Q(pk=None) if seen is None else ~Q(officer__in=seen.order_by().values("pk"))
    found = on_either(rows.filter(jfo__in=ids), before, after).order_by().annotate(became=became).values("became")
    groups = found.annotate(
        count=Count("officer"), fte_sum=Sum("fte"), strangers=Count("officer", filter=is_stranger)
    ).values_list("became", "count", "fte_sum", "strangers")
    held = {became: Places(count, formats.rounded(fte, 2)) for became, count, fte, _strangers in groups}
    return _moves(held, sum(group[3] for group in groups))


def _moves(held: Mapping[str, Places], strangers: int) -> Moves:
    """Return the moves from the rows that hold on a day, by what became of them."""

    def places(*became: str) -> Places:
        return sum((held.get(one, Places()) for one in became), Places())

    changed = places("replaces").count + places("altered").count
    return Moves(
        before=places("replaced", "ended", "altered", "same"),
        after=places("replaces", "begun", "altered", "same"),
        arrived=places("begun"),
        left=places("ended"),
        changed=changed,
        changed_fte=places("replaces").fte - places("replaced").fte,
        strangers=strangers,
    )


@dataclass(frozen=True)
class Move:
    """One officer's place on a JFO that came, went or changed: its rows on the two days, and what differs in words."""

    movement: Movement
    before: Assignment | None
    after: Assignment | None
    changes: Sequence[Change]

    @property
    def day(self) -> date | None:
        """The first day of who arrived or has another row, the last day of who left; None where the row stayed."""
        if self.movement == Movement.LEFT:
            return self.row.end
        return None if self.row == self.before else self.row.start

    @property
    def row(self) -> Assignment:
        """The row of the later day, or the one that was left."""
        row = self.after or self.before
        assert row is not None  # noqa: S101  (a place is there on one of the days)
        return row

    @property
    def fte_before(self) -> Decimal:
        return NONE if self.before is None else self.before.fte

    @property
    def fte_after(self) -> Decimal:
        return NONE if self.after is None else self.after.fte

    @property
    def fte_change(self) -> Decimal:
        return self.fte_after - self.fte_before


def moved(
    rows: AssignmentQuerySet, jfos: Sequence[JFO], before: date, after: date, movement: Movement | None = None
) -> AssignmentQuerySet:
    """Return the rows of the places on the JFOs that came, went or changed, or of one movement alone, by officer
    number."""
    ids = [jfo.pk for jfo in jfos]
    found = on_either(rows.filter(jfo__in=ids), before, after).filter(_Between(ids, before, after).moved(movement))
    # A text made of the number, or PostgreSQL would walk through all officers in order to find the first.
    return found.order_by(Concat("officer__number", Value("")), "jfo__code")


def in_words(rows: Collection[Assignment], before: date, after: date) -> list[Move]:
    """Return the moves that rows of `moved` stand for; four queries, whatever the rows."""
    ids = {row.officer_id for row in rows}
    on_jfos = Assignment.objects.as_of(before).filter(officer__in=ids, jfo__in={row.jfo_id for row in rows})
    earlier = {(row.officer_id, row.jfo_id): row for row in on_jfos.order_by()}
    held = OfficerLevel.objects.during(before, after).filter(officer__in=ids).order_by()
    levels = grouped(held, lambda row: row.officer_id)
    posted = OfficerRegion.objects.during(before, after).filter(officer__in=ids).select_related("region").order_by()
    postings = grouped(posted, lambda row: row.officer_id)
    versions = grouped(
        Officer.history.filter(id__in=ids, history_date__lt=end_of(after))
        .only("id", "function", "history_date")
        .order_by("history_date", "history_id"),
        lambda row: row.id,
    )
    found = []
    for row in rows:
        was = earlier.get((row.officer_id, row.jfo_id))
        if was is None:
            found.append(Move(Movement.ARRIVED, None, row, ()))
            continue
        if not row.holds_on(after):
            found.append(Move(Movement.LEFT, row, None, ()))
            continue
        pairs = [
            (_("FTE"), formats.text(was.fte, "fte"), formats.text(row.fte, "fte")),
            (_("First day"), formats.text(was.start), formats.text(row.start)),
            (_("Last day"), formats.text(was.end), formats.text(row.end)),
            (_("Level"), *(formats.text(_level(levels.get(row.officer_id, []), day)) for day in (before, after))),
            *_function(versions.get(row.officer_id, []), before),
            (_("Region"), *(_region(postings.get(row.officer_id, []), day) for day in (before, after))),
        ]
        changes = [Change(label, one, two) for label, one, two in pairs if one != two]
        found.append(Move(Movement.CHANGED, was, row, changes))
    return found


def _level(levels: Iterable[OfficerLevel], day: date) -> str | None:
    return next((row.level for row in levels if row.holds_on(day)), None)


def _region(postings: Iterable[OfficerRegion], day: date) -> str:
    return next((row.region.short for row in postings if row.holds_on(day)), "")


def _function(versions: Sequence[Any], before: date) -> list[tuple[str, str, str]]:
    """Return the function by the last of the versions until the earlier day, and by the last of all."""
    known = [version for version in versions if version.history_date < end_of(before)]
    if not known:
        return []
    was, now = (str(OfficerFunction(version.function).label) for version in (known[-1], versions[-1]))
    return [(_("Function"), was, now)]


# What a JFO has beside its officers


@dataclass(frozen=True)
class Difference:
    """Something, such as a partner, that a JFO had on the earlier day alone, or on the later one (`is_gain`)."""

    jfo: str
    what: str
    is_gain: bool
    href: str | None = None


@dataclass(frozen=True)
class Differences:
    """What came and went of one sort: `before` and `after` are how many there were, the rows what lies between."""

    title: str
    before: int
    after: int
    rows: Sequence[Difference]

    @property
    def gained(self) -> int:
        return sum(row.is_gain for row in self.rows)

    @property
    def lost(self) -> int:
        return len(self.rows) - self.gained


def differences(
    title: str,
    was: Iterable[tuple[str, str]],
    now: Iterable[tuple[str, str]],
    hrefs: Mapping[str, str] | None = None,
) -> Differences:
    """Return what came and went between two days: pairs of a JFO's code and what it has, in words; `hrefs` by these."""
    earlier, later = set(was), set(now)
    rows = [
        Difference(jfo, what, (jfo, what) in later, (hrefs or {}).get(what)) for jfo, what in sorted(earlier ^ later)
    ]
    return Differences(title, len(earlier), len(later), rows)


def of_jfos(jfos: Sequence[JFO], before: date, after: date) -> Differences:
    """Return those of the JFOs that began and ended; no query."""
    was, now = ([(row.code, row.name) for row in jfos if row.holds_on(day)] for day in (before, after))
    return differences(_("JFOs"), was, now)


def of_agencies(jfos: Sequence[JFO], before: date, after: date) -> list[Differences]:
    """Return the leads and the partners that came and went; one query."""
    rows = list(on_either(Participation.objects.filter(jfo__in=jfos), before, after).select_related("jfo", "agency"))

    def taking_part(role: str, day: date) -> list[tuple[str, str]]:
        return [(row.jfo.code, row.agency.short) for row in rows if row.role == role and row.holds_on(day)]

    return [
        differences(title, taking_part(role, before), taking_part(role, after))
        for title, role in ((_("Leads"), ParticipationRole.LEAD), (_("Partners"), ParticipationRole.PARTNER))
    ]


def of_contacts(jfos: Sequence[JFO], before: date, after: date) -> Differences:
    """Return the contacts that came and went, one who became the primary contact among them; one query."""
    rows = list(on_either(Contact.objects.filter(jfo__in=jfos), before, after).select_related("jfo"))

    def said(row: Contact) -> str:
        words = {"name": row.name, "function": row.get_function_display()}
        return (_("%(name)s (%(function)s, primary)") if row.is_primary else _("%(name)s (%(function)s)")) % words

    was, now = ([(row.jfo.code, said(row)) for row in rows if row.holds_on(day)] for day in (before, after))
    return differences(_("Contacts"), was, now)


@dataclass(frozen=True)
class Agreed:
    """The FTE agreed for a JFO on the two days."""

    jfo: str
    before: Decimal
    after: Decimal

    @property
    def change(self) -> Decimal:
        return self.after - self.before


def agreed(jfos: Sequence[JFO], before: date, after: date) -> list[Agreed]:
    """Return the FTE agreed for each of the JFOs on the two days, by code, those without any left out; one query."""
    rows = on_either(Establishment.objects.filter(jfo__in=jfos), before, after).select_related("jfo")
    by_jfo = grouped(rows.order_by("jfo__code"), lambda row: row.jfo.code)
    return [
        Agreed(code, *(sum((row.fte for row in found if row.holds_on(day)), NONE) for day in (before, after)))
        for code, found in by_jfo.items()
    ]
