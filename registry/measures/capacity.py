"""Capacity: a region's pool of officers, how much of it JFOs hold, and how many of the agreed seats stand empty."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce

from jfo_portal.kit.access import Reader
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.suppression import TOTAL
from registry.models import JFO, Assignment, Establishment, Officer, OfficerFunction, Region
from registry.models.assignments import FULL_TIME
from registry.models.people import posting_on

from . import publication
from .publication import Facts, Part, sums_of

NONE = Decimal("0.00")


@dataclass(frozen=True)
class Capacity:
    """What a region has on a day, or all regions together (`region` is None then).

    `pool` are the officers in service whom the region employed on the day, by function. Of them `officers` are on a
    JFO, whatever its region, with `assigned` FTE, and `ever` have been on one by the day. `seats` are the FTE that the
    CBSA agreed to give the region's JFOs, `filled` what they have, whichever region employs the officers, and
    `unfilled` what is missing, JFO by JFO: one that has more than was agreed fills no other's seat. `hidden` names the
    figures that the reader may not see of the `day`.
    """

    region: Region | None
    pool: Counter[str]
    officers: int = 0
    assigned: Decimal = NONE
    ever: int = 0
    seats: Decimal = NONE
    filled: Decimal = NONE
    unfilled: Decimal = NONE
    day: date | None = None
    hidden: frozenset[str] = frozenset()

    @property
    def in_service(self) -> int:
        return self.pool.total()

    @property
    def free(self) -> Decimal:
        """The FTE that the pool has left: each officer in service has 1.00."""
        return self.in_service * FULL_TIME - self.assigned

    def shown(self, name: str) -> Any:
        """Return the figure of that name, or of that function; None where the reader may not see it."""
        if name in self.hidden:
            return None
        return self.pool[name] if name in OfficerFunction.values else getattr(self, name)


def regions_on(day: date) -> Q:
    """Return the condition that a region exists on the day, or that an officer in service or a JFO is still its own."""
    return (
        Q(pk__in=Region.objects.as_of(day).values("pk"))
        | Q(pk__in=Officer.objects.as_of(day).annotate(posting=posting_on(day)).values("posting__region"))
        | Q(pk__in=JFO.objects.as_of(day).values("region"))
    )


def capacity_on(regions: Iterable[Region], reader: Reader, day: date) -> list[Capacity]:
    """Return the capacity of each of the regions on the day, and of all of them at the end; five queries.

    Whatever the reader may see, the sums count everybody; what rests on too few officers of other regions
    is named hidden, and more with it, so that no other figure gives it away (registry.measures.publication).
    """
    regions = list(regions)
    in_service = Officer.objects.as_of(day).annotate(posting=posting_on(day)).order_by()
    of_region = in_service.values_list("posting__region_id", "function").annotate(count=Count("pk"))
    pool = grouped(of_region, lambda row: row[0])
    serving = Assignment.objects.as_of(day).annotate(posting=posting_on(day, "officer")).order_by()
    on_jfos = {
        row[0]: row[1:]
        for row in serving.values_list("posting__region_id").annotate(
            count=Count("officer", distinct=True), fte=Sum("fte")
        )
    }
    begun = Assignment.objects.filter(start__lte=day).order_by().values("officer")
    ever = dict(in_service.filter(pk__in=begun).values_list("posting__region_id").annotate(count=Count("pk")))
    seats = _seats(day)
    rows = []
    for region in regions:
        officers, assigned = on_jfos.get(region.pk, (0, NONE))
        rows.append(
            Capacity(
                region,
                Counter({function: count for _region, function, count in pool.get(region.pk, [])}),
                officers,
                assigned,
                ever.get(region.pk, 0),
                *seats.get(region.pk, (NONE, NONE, NONE)),
            )
        )
    return _guarded([*rows, _total(rows)], reader, day)


def _seats(day: date) -> dict[int, tuple[Decimal, Decimal, Decimal]]:
    """Return, by region, what was agreed for its JFOs, what they have, and what is missing; one query."""
    on_day = Assignment.objects.as_of(day).filter(jfo=OuterRef("pk")).order_by().values("jfo")
    agreed = Establishment.objects.as_of(day).filter(jfo=OuterRef("pk")).order_by().values("fte")[:1]
    jfos = (
        JFO.objects.as_of(day)
        .order_by()
        .annotate(
            agreed=Coalesce(Subquery(agreed), NONE),
            fte=Coalesce(Subquery(on_day.annotate(sum=Sum("fte")).values("sum")), NONE),
        )
        .values_list("region_id", "agreed", "fte")
    )
    return {
        region: (
            sum((agreed for _region, agreed, _fte in rows), NONE),
            sum((fte for _region, _agreed, fte in rows), NONE),
            sum((max(agreed - fte, NONE) for _region, agreed, fte in rows), NONE),
        )
        for region, rows in grouped(jfos, lambda row: row[0]).items()
    }


def _total(rows: Sequence[Capacity]) -> Capacity:
    def sum_of(figure: Callable[[Capacity], Decimal]) -> Decimal:
        return sum((figure(row) for row in rows), NONE)

    return Capacity(
        None,
        sum((row.pool for row in rows), Counter()),
        sum(row.officers for row in rows),
        sum_of(lambda row: row.assigned),
        sum(row.ever for row in rows),
        sum_of(lambda row: row.seats),
        sum_of(lambda row: row.filled),
        sum_of(lambda row: row.unfilled),
    )


# What a manager is shown of other regions

# The tables that take part in the decision on what is shown (registry.measures.publication), a line for each region.
_POOL, _ON_JFO, _EVER, _ASSIGNED, _FILLED, _UNFILLED = _TABLES = [
    publication.Table(f"capacity-{name}") for name in ("pool", "on-jfo", "ever", "assigned", "filled", "unfilled")
]
# The officers on no JFO and those never on one: nobody is shown them, and the others would give them away.
_OFF_JFO, _NEVER = (publication.Table(f"capacity-{name}", is_published=False) for name in ("off-jfo", "never"))


def _parts(facts: Facts) -> Iterator[Part]:
    """Return who counts in the pool, on JFOs and in seats on the last day of a fiscal year."""
    day = facts.year.last_day
    for post in facts.posts:
        sums = sums_of(_ASSIGNED, (post.home,)) | sums_of(_FILLED, (post.region,))
        # What is missing is worked out from the FTE of the JFOs that lack some.
        if post.jfo in facts.lacking:
            sums |= sums_of(_UNFILLED, (post.region,))
        yield facts.part(publication.FTE, post, sums)
    for key, person in facts.people.items():
        if not person.is_in_service(day, day):
            continue
        sums = sums_of(_POOL, (person.home, person.function))
        sums |= sums_of(_ON_JFO if key in facts.posts_of else _OFF_JFO, (person.home,))
        sums |= sums_of(_EVER if person.has_served else _NEVER, (person.home,))
        yield facts.counted(person, sums)


publication.register(20, [*_TABLES, _OFF_JFO, _NEVER], _parts)


def _guarded(rows: list[Capacity], reader: Reader, day: date) -> list[Capacity]:
    """Return the rows, each with the figures hidden from the reader."""
    if reader.sees_everything:
        return rows
    year = publication.shown_year(day)
    hidden = {table: publication.hidden_from(reader, year, table) for table in _TABLES}
    figures = {
        "in_service": _POOL,
        "officers": _ON_JFO,
        "assigned": _ASSIGNED,
        "ever": _EVER,
        "filled": _FILLED,
        "unfilled": _UNFILLED,
    }
    guarded = []
    for row in rows:
        code = TOTAL if row.region is None else row.region.code
        names = {name for name in OfficerFunction.values if (code, name) in hidden[_POOL]}
        names |= {
            name for name, table in figures.items() if ((code, TOTAL) if table == _POOL else (code,)) in hidden[table]
        }
        if {"in_service", "assigned"} & names:
            names.add("free")
        # That nothing is missing says how much there is at least.
        if "filled" in names:
            names.add("unfilled")
        guarded.append(replace(row, day=day, hidden=frozenset(names)))
    return guarded
