"""Capacity: a region's pool of officers, how much of it JFOs hold, and how many of the agreed seats stand empty."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Count, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce

from jfo_portal.kit.access import Reader
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.suppression import TOTAL, Key, hidden_cells
from registry.models import JFO, Assignment, Establishment, Officer, OfficerFunction, Region
from registry.models.assignments import FULL_TIME

NONE = Decimal("0.00")


@dataclass(frozen=True)
class Capacity:
    """What a region has on a day, or all regions together (`region` is None then).

    `pool` are the region's officers in service, by function. Of them `officers` are on a JFO, whatever its
    region, with `assigned` FTE, and `ever` have been on one by the day. `seats` are the FTE that the CBSA
    agreed to give the region's JFOs, `filled` what they have, whichever region employs the officers, and
    `unfilled` what is missing, JFO by JFO: one that has more than was agreed fills no other's seat.
    `hidden` names the figures that the reader may not see.
    """

    region: Region | None
    pool: Counter[str]
    officers: int = 0
    assigned: Decimal = NONE
    ever: int = 0
    seats: Decimal = NONE
    filled: Decimal = NONE
    unfilled: Decimal = NONE
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
        | Q(pk__in=Officer.objects.as_of(day).values("region"))
        | Q(pk__in=JFO.objects.as_of(day).values("region"))
    )


def capacity_on(regions: Iterable[Region], reader: Reader, day: date) -> list[Capacity]:
    """Return the capacity of each of the regions on the day, and of all of them at the end; five queries.

    Whatever the reader may see, the sums count everybody; what rests on too few officers of other regions
    is named hidden, and more with it, so that the totals give nothing away. Six queries then.
    """
    regions = list(regions)
    in_service = Officer.objects.as_of(day).order_by()
    pool = grouped(in_service.values_list("region_id", "function").annotate(count=Count("pk")), lambda row: row[0])
    serving = Assignment.objects.as_of(day).order_by()
    on_jfos = {
        row[0]: row[1:]
        for row in serving.values_list("officer__region_id").annotate(
            count=Count("officer", distinct=True), fte=Sum("fte")
        )
    }
    begun = Assignment.objects.filter(start__lte=day).order_by().values("officer")
    ever = dict(in_service.filter(pk__in=begun).values_list("region_id").annotate(count=Count("pk")))
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


# What a manager may not see of other regions

# The figures that rest on the same cells of a table of regions by something.
_WHOLE = ("in_service",)
_ON_JFO = ("officers", "assigned", "free")
_FILLED = ("filled", "unfilled")


def _guarded(rows: list[Capacity], reader: Reader, day: date) -> list[Capacity]:
    """Return the rows, each with the figures hidden from the reader; one query for a manager."""
    if reader.sees_everything:
        return rows
    others = [row for row in rows if row.region is not None and row.region.pk not in reader.scope_ids]
    functions = _hidden((_code(row), name, count) for row in others for name, count in row.pool.items())
    on_jfo = _hidden(
        cell
        for row in others
        for cell in ((_code(row), "on", row.officers), (_code(row), "off", row.in_service - row.officers))
    )
    ever = _hidden(
        cell
        for row in others
        for cell in ((_code(row), "ever", row.ever), (_code(row), "never", row.in_service - row.ever))
    )
    # Whom own regions' JFOs have, and own officers wherever they are, the reader knows.
    foreign = Assignment.objects.as_of(day).exclude(
        Q(jfo__region__in=reader.scope_ids) | Q(officer__region__in=reader.scope_ids)
    )
    people = foreign.order_by().values_list("jfo__region__code", "officer_id")
    filled = hidden_cells([((code,), officer) for code, officer in people], settings.SMALL_GROUP)
    whole = functions | on_jfo | ever
    guarded = []
    for row in rows:
        code = _code(row)
        hidden = {name for name in OfficerFunction.values if (code, name) in functions}
        hidden |= set(_WHOLE) if (code, TOTAL) in whole else set()
        hidden |= set(_ON_JFO) if (code, "on") in on_jfo else set()
        hidden |= {"ever"} if (code, "ever") in ever else set()
        hidden |= set(_FILLED) if (code,) in filled else set()
        if "in_service" in hidden:
            hidden.add("free")
        guarded.append(replace(row, hidden=frozenset(hidden)))
    return guarded


def _code(row: Capacity) -> str:
    return TOTAL if row.region is None else row.region.code


def _hidden(cells: Iterable[tuple[str, str, int]]) -> frozenset[Key]:
    """Return the cells not to be shown of a table whose cells hold so many officers, each of whom is in one alone."""
    return hidden_cells(_people(cells), settings.SMALL_GROUP)


def _people(cells: Iterable[tuple[str, str, int]]) -> Iterator[tuple[Key, tuple[str, str, int]]]:
    for line, column, count in cells:
        for number in range(count):
            yield (line, column), (line, column, number)
