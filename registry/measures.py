"""Sums over officers and their assignments: FTE on a day, the JFO officers of a year, tenure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeVar

from django.db.models import Case, Count, Exists, OuterRef, Q, Subquery, Sum, When
from django.db.models.functions import Coalesce

from jfo_portal.kit.access import Reader
from jfo_portal.kit.fiscal import FiscalYear

from .models import JFO, Assignment, OfficerLevel
from .models.assignments import AssignmentQuerySet
from .models.jfos import JFOQuerySet
from .models.people import OfficerQuerySet

R = TypeVar("R")
K = TypeVar("K")

# Spells on one JFO this many days apart, or fewer, are one (domain rule 4).
JOINED_GAP_DAYS = 30
DAYS_IN_A_YEAR = Decimal("365.25")


def grouped(rows: Iterable[R], key: Callable[[R], K]) -> dict[K, list[R]]:
    """Return the rows by their key, in the order in which they come."""
    groups: dict[K, list[R]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return dict(groups)


@dataclass(frozen=True)
class Place:
    """What a JFO is counted under: its code, program, kind and region."""

    jfo: str
    program: str
    kind: str
    region: str
    region_id: int

    @classmethod
    def of(cls, jfo: JFO) -> "Place":
        """Return where the JFO is counted; reads its program and region."""
        return cls(jfo.code, jfo.program.code, jfo.program.kind, jfo.region.code, jfo.region_id)


# From an assignment to what it is counted under.
PLACE = ("jfo__code", "jfo__program__code", "jfo__program__kind", "jfo__region__code", "jfo__region_id")


@dataclass(frozen=True)
class Post(Place):
    """One officer's part in one JFO on a day.

    `region` is the JFO's; `home_id` is the region that employs the officer. `level` is None where
    none is recorded for the day.
    """

    officer_id: int
    home_id: int
    level: str | None
    fte: Decimal


@dataclass(frozen=True)
class Strength:
    """How many officers, and their FTE together."""

    officers: int
    fte: Decimal


def level_on(day: date, officer: str = "officer") -> Subquery:
    """Return the level on the day of the officer in a row's field `officer`; null where none is recorded."""
    return Subquery(OfficerLevel.objects.as_of(day).filter(officer=OuterRef(officer)).values("level")[:1])


def posts_on(assignments: AssignmentQuerySet, day: date) -> list[Post]:
    """Return the posts held on the day, by JFO; one query."""
    rows = (
        assignments.as_of(day)
        .annotate(level_that_day=level_on(day))
        .order_by("jfo__code", "officer__number")
        .values_list(*PLACE, "officer_id", "officer__region_id", "level_that_day", "fte")
    )
    return [Post(*row) for row in rows]


def strength(posts: Iterable[Post | Assignment]) -> Strength:
    """Return the officers and the FTE of the posts or assignments; an officer on two JFOs is one officer."""
    posts = list(posts)
    return Strength(len({post.officer_id for post in posts}), sum((post.fte for post in posts), Decimal("0.00")))


def strength_by(posts: Iterable[Post], key: Callable[[Post], K]) -> dict[K, Strength]:
    """Return the officers and the FTE of each group: by region, program, JFO or level of a post."""
    return {name: strength(rows) for name, rows in grouped(posts, key).items()}


def with_strength(jfos: JFOQuerySet, reader: Reader, day: date) -> JFOQuerySet:
    """Annotate each JFO with its `officers` and their `fte` on the day; both None where the reader may not know.

    A regional manager knows them for the JFOs of own regions, whichever region employs the officers;
    a JFO of another region rests on too few of them.
    """
    on_day = Assignment.objects.as_of(day).filter(jfo=OuterRef("pk")).order_by().values("jfo")
    officers = Coalesce(Subquery(on_day.annotate(n=Count("officer", distinct=True)).values("n")), 0)
    fte = Coalesce(Subquery(on_day.annotate(n=Sum("fte")).values("n")), Decimal(0))
    if reader.sees_everything:
        return jfos.annotate(officers=officers, fte=fte)
    own = Q(region__in=reader.scope_ids)
    return jfos.annotate(officers=Case(When(own, then=officers)), fte=Case(When(own, then=fte)))


def fte_on(jfo: JFO, day: date) -> Decimal:
    """Return the FTE on the JFO on the day, whichever region employs the officers; one query."""
    return Assignment.objects.filter(jfo=jfo).as_of(day).fte()


def jfo_officers(officers: OfficerQuerySet, year: FiscalYear) -> OfficerQuerySet:
    """Return those of the officers who were on an assignment on at least one day of the year (domain rule 10)."""
    serving = Assignment.objects.during(year.first_day, year.last_day).filter(officer=OuterRef("pk"))
    return officers.filter(Exists(serving))


@dataclass(frozen=True)
class Tenure:
    """How long an officer has been on a JFO they are on: from `since` to `day`, both counted."""

    officer_id: int
    jfo: str
    since: date
    day: date

    @property
    def days(self) -> int:
        return (self.day - self.since).days + 1

    @property
    def years(self) -> Decimal:
        """Years of 365.25 days, not rounded."""
        return self.days / DAYS_IN_A_YEAR


@dataclass(frozen=True)
class TenureSummary:
    """The tenure of several officers, in years of 365.25 days; None for nobody."""

    officers: int
    mean_years: Decimal | None
    longest_years: Decimal | None


def tenures(assignments: AssignmentQuerySet, day: date) -> list[Tenure]:
    """Return, for each officer on a JFO on the day, their tenure there; on several, the longest; one query.

    Spells on the same JFO at most 30 days apart count as one (domain rule 4); a move to another JFO
    starts a new tenure (the evaluation gives “the average time spent on a JFO”).
    """
    rows = (
        assignments.filter(start__lte=day)
        .order_by("officer__number", "jfo__code", "start")
        .values_list("officer_id", "jfo__code", "start", "end")
    )
    longest: dict[int, Tenure] = {}
    for (officer, jfo), spells in grouped(rows, lambda row: (row[0], row[1])).items():
        since = current_since([(start, end) for _officer, _jfo, start, end in spells], day)
        if since is not None and (officer not in longest or since < longest[officer].since):
            longest[officer] = Tenure(officer, jfo, since, day)
    return list(longest.values())


def current_since(spells: Sequence[tuple[date, date | None]], day: date) -> date | None:
    """Return the first day of the spell that holds on the day, earlier spells joined to it; None if none holds.

    `spells` come by first day, and none starts after the day.
    """
    since, last = date.max, date.min
    for start, end in spells:
        if (start - last).days - 1 > JOINED_GAP_DAYS:
            since = start
        last = max(last, end or date.max)
    return since if last >= day else None


def summary(rows: Sequence[Tenure]) -> TenureSummary:
    """Return the mean and the longest of the tenures."""
    if not rows:
        return TenureSummary(0, None, None)
    mean = sum(row.days for row in rows) / DAYS_IN_A_YEAR / len(rows)
    return TenureSummary(len(rows), mean, max(row.years for row in rows))
