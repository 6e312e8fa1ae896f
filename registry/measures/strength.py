"""Strength: the officers on JFOs and their FTE on a day, and the JFO officers of a year."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeVar

from django.db.models import Case, Count, Exists, OuterRef, Q, Subquery, Sum, When
from django.db.models.functions import Coalesce

from jfo_portal.kit.access import Reader
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.grouping import grouped
from registry.models import JFO, Assignment, OfficerLevel
from registry.models.assignments import AssignmentQuerySet
from registry.models.jfos import JFOQuerySet
from registry.models.people import OfficerQuerySet

K = TypeVar("K")


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
