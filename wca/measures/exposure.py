"""Exposure: the days, and the days times FTE, on which officers served on a JFO that no arrangement in force covered,
or that only arrangements without one of the clauses did.

Days are counted in stretches on which nothing changes, never one by one.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from django.db.models import Count, Max, Q, Sum

from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.periods import ONE_DAY
from registry.models import JFO, Agency, Assignment, Participation
from registry.models.jfos import JFOQuerySet
from registry.models.partners import OWN_AGENCY
from wca.models import Arrangement, Clause, Coverage, Verdict

from .coverage import verdicts_of

# The verdicts with which an arrangement does not lack a clause: it holds it, or the clause does not apply to it.
SATISFIED = frozenset({Verdict.MET, Verdict.NOT_APPLICABLE})


class Days(NamedTuple):
    """Days from the first to the last, both counted."""

    first: date
    last: date

    @property
    def number(self) -> int:
        return (self.last - self.first).days + 1

    def shared_with(self, other: "Days") -> "Days | None":
        """Return the days that are in both; None where there is none."""
        first, last = max(self.first, other.first), min(self.last, other.last)
        return Days(first, last) if first <= last else None


class Served(NamedTuple):
    """So many officers served from a day to a day, None for no last one, with so many FTE together."""

    start: date
    end: date | None
    fte: Decimal
    officers: int = 1


class Covered(NamedTuple):
    """An arrangement, by its key, covered from a day to a day, being in force on each; None for no last one."""

    start: date
    end: date | None
    arrangement: int


class Amount(NamedTuple):
    """Days of a JFO, and the FTE that served summed over them; of several JFOs the days are added."""

    days: int = 0
    fte_days: Decimal = Decimal("0.00")

    def plus(self, other: "Amount") -> "Amount":
        return Amount(self.days + other.days, self.fte_days + other.fte_days)


@dataclass(frozen=True)
class Stretch:
    """Days on which the same officers serve on a JFO and the same arrangements in force cover it."""

    days: Days
    officers: int
    fte: Decimal
    arrangements: frozenset[int]

    @property
    def is_covered(self) -> bool:
        return bool(self.arrangements)


# Which stretches are counted.
Wanted = Callable[[Stretch], bool]


def is_uncovered(stretch: Stretch) -> bool:
    """Say whether no arrangement in force covers the JFO on these days."""
    return not stretch.is_covered


@dataclass(frozen=True)
class ClauseLack:
    """Which stretches lack a clause, by the verdicts on it of the arrangements, by their keys.

    A JFO lacks it while all that covers it was found not to hold it in full; while no arrangement that covers it
    holds it, but one is not assessed, nobody knows (domain rule 8).
    """

    verdicts: Mapping[int, Verdict]

    def is_lacking(self, stretch: Stretch) -> bool:
        found = self._found(stretch)
        return bool(found) and not found & SATISFIED and Verdict.NOT_ASSESSED not in found

    def is_unknown(self, stretch: Stretch) -> bool:
        found = self._found(stretch)
        return Verdict.NOT_ASSESSED in found and not found & SATISFIED

    def _found(self, stretch: Stretch) -> set[Verdict]:
        return {self.verdicts.get(one, Verdict.NOT_ASSESSED) for one in stretch.arrangements}


def clause_lacks(rows: Iterable["JFOExposure"], clauses: Iterable[Clause], day: date) -> dict[str, ClauseLack]:
    """Return what lacks each of the clauses, of the information-sharing set, by letter; one query.

    The assessments standing on the day are asked, for days before it too: what an arrangement holds it held before.
    """
    arrangements = {one for row in rows for stretch in row.stretches for one in stretch.arrangements}
    verdicts = verdicts_of(Arrangement.objects.filter(pk__in=arrangements), day)
    return {
        clause.letter: ClauseLack(
            {one: verdicts.get(one, {}).get(clause.letter, Verdict.NOT_ASSESSED) for one in arrangements}
        )
        for clause in clauses
    }


def stretches_of(served: Iterable[Served], covered: Iterable[Covered], days: Days) -> list[Stretch]:
    """Return the days, cut where somebody begins or ends to serve or an arrangement to cover; no query."""
    people: Counter[date] = Counter()
    fte: dict[date, Decimal] = {}
    coming: dict[date, list[int]] = {}
    going: dict[date, list[int]] = {}
    for one in served:
        if (within := Days(one.start, one.end or date.max).shared_with(days)) is None:
            continue
        people[within.first] += one.officers
        fte[within.first] = fte.get(within.first, Decimal(0)) + one.fte
        if within.last < days.last:
            after = within.last + ONE_DAY
            people[after] -= one.officers
            fte[after] = fte.get(after, Decimal(0)) - one.fte
    for row in covered:
        if (within := Days(row.start, row.end or date.max).shared_with(days)) is None:
            continue
        coming.setdefault(within.first, []).append(row.arrangement)
        if within.last < days.last:
            going.setdefault(within.last + ONE_DAY, []).append(row.arrangement)
    cuts = sorted({days.first, *people, *coming, *going})
    officers, sum_fte = 0, Decimal("0.00")
    arrangements: Counter[int] = Counter()
    found = []
    for first, following in pairwise([*cuts, None]):
        if first is None:
            break
        officers += people[first]
        sum_fte += fte.get(first, Decimal(0))
        arrangements.update(coming.get(first, []))
        arrangements.subtract(going.get(first, []))
        last = days.last if following is None else following - ONE_DAY
        in_force = frozenset(one for one, times in arrangements.items() if times)
        found.append(Stretch(Days(first, last), officers, sum_fte, in_force))
    return found


@dataclass(frozen=True)
class JFOExposure:
    """A JFO in the days of a period on which it existed."""

    jfo: JFO
    stretches: Sequence[Stretch]

    def amount(self, wanted: Wanted = is_uncovered, within: Iterable[Days] | None = None) -> Amount:
        """Return the days on which officers served and their FTE-days, of the stretches wanted; within the days given,
        no two of which may overlap, or all."""
        found = Amount()
        for stretch in self.stretches:
            if not stretch.officers or not wanted(stretch):
                continue
            days = _count(stretch.days, within)
            found = found.plus(Amount(days, days * stretch.fte))
        return found

    def without_arrangement(self) -> int:
        """Return on how many days no arrangement in force covered it, whether officers served or not."""
        return sum(stretch.days.number for stretch in self.stretches if not stretch.is_covered)

    def uncovered_from(self) -> date | None:
        """Return the first day without an arrangement in force; None where there is none."""
        return next((stretch.days.first for stretch in self.stretches if not stretch.is_covered), None)


def _count(days: Days, within: Iterable[Days] | None) -> int:
    if within is None:
        return days.number
    return sum(shared.number for one in within if (shared := days.shared_with(one)))


def exposure(jfos: JFOQuerySet, days: Days) -> list[JFOExposure]:
    """Return those of the JFOs that existed on at least one of the days, by code; three queries."""
    served = grouped(_assignments(jfos, days), lambda row: row[0])
    return _exposure(jfos, days, {jfo: [row[1] for row in rows] for jfo, rows in served.items()})


def forecast(jfos: JFOQuerySet, day: date, days: Days) -> list[JFOExposure]:
    """Return the days to come of the JFOs there are on the day, as they would be if those who serve on it go on, and
    arrangements lapse at their expiry, or when they end as is recorded today; three queries."""
    rows = Assignment.objects.as_of(day).filter(jfo__in=jfos).order_by().values("jfo_id")
    serving = rows.annotate(people=Count("pk"), total=Sum("fte")).values_list("jfo_id", "people", "total")
    served = {jfo: [Served(days.first, None, fte, people)] for jfo, people, fte in serving}
    return _exposure(jfos.as_of(day), days, served)


def _exposure(jfos: JFOQuerySet, days: Days, served: Mapping[int, Sequence[Served]]) -> list[JFOExposure]:
    covered = grouped(_coverage(jfos, days), lambda row: row[0])
    found = []
    for jfo in jfos.during(*days).with_names().order_by("code"):
        within = Days(jfo.start, jfo.end or date.max).shared_with(days)
        if within is not None:
            rows = [row[1] for row in covered.get(jfo.pk, [])]
            found.append(JFOExposure(jfo, stretches_of(served.get(jfo.pk, []), rows, within)))
    return found


def _assignments(jfos: JFOQuerySet, days: Days) -> Iterable[tuple[int, Served]]:
    rows = Assignment.objects.during(*days).filter(jfo__in=jfos).order_by().values("jfo_id", "start", "end")
    for row in rows.annotate(people=Count("pk"), total=Sum("fte")):
        yield row["jfo_id"], Served(row["start"], row["end"], row["total"], row["people"])


def _coverage(jfos: JFOQuerySet, days: Days) -> Iterable[tuple[int, Covered]]:
    """Yield on which days an arrangement in force covers a JFO (domain rule 7), by the JFO's key; one query."""
    required = Q(arrangement__signatories__is_required=True)
    rows = Coverage.objects.during(*days).filter(jfo__in=jfos, arrangement__effective__lte=days.last).order_by()
    rows = rows.annotate(
        signed=Max("arrangement__signatories__signed_on", filter=required),
        unsigned=Count("pk", filter=required & Q(arrangement__signatories__signed_on=None)),
    ).filter(unsigned=0, signed__isnull=False)
    of_arrangement = ("effective", "expiry", "terminated_on", "superseded_on")
    for jfo, start, end, arrangement, signed, effective, expiry, *over in rows.values_list(
        "jfo_id", "start", "end", "arrangement_id", "signed", *(f"arrangement__{name}" for name in of_arrangement)
    ):
        first = max(start, effective, signed)
        ends = [*(day - ONE_DAY for day in over if day is not None), *(day for day in (end, expiry) if day is not None)]
        last = min(ends, default=None)
        if last is None or first <= last:
            yield jfo, Covered(first, last, arrangement)


def total(rows: Iterable[JFOExposure], wanted: Wanted = is_uncovered, within: Iterable[Days] | None = None) -> Amount:
    """Return what all the rows come to."""
    found = Amount()
    for row in rows:
        found = found.plus(row.amount(wanted, within))
    return found


# Over time


def months_of(days: Days) -> list[Days]:
    """Return the days in calendar months; the first and the last may be a part of one."""
    found, first = [], days.first
    while first <= days.last:
        following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
        found.append(Days(first, min(following - ONE_DAY, days.last)))
        first = following
    return found


def years_of(days: Days) -> list[Days]:
    """Return the days in fiscal years; the first and the last may be a part of one."""
    found, first = [], days.first
    while first <= days.last:
        year = FiscalYear.of(first)
        found.append(Days(first, min(year.last_day, days.last)))
        first = year.last_day + ONE_DAY
    return found


# By partner


@dataclass(frozen=True)
class Partnership:
    """An agency, and the days on which it took part in each JFO, by the JFO's key; no two of a JFO's overlap."""

    agency: Agency
    days: Mapping[int, Sequence[Days]]

    def amount(self, rows: Iterable[JFOExposure], wanted: Wanted = is_uncovered) -> Amount:
        """Return what the rows come to on the days on which the agency took part."""
        found = Amount()
        for row in rows:
            if row.jfo.pk in self.days:
                found = found.plus(row.amount(wanted, self.days[row.jfo.pk]))
        return found


def partnerships(jfos: JFOQuerySet, days: Days) -> list[Partnership]:
    """Return the partners that lead the JFOs or take part in them on some of the days, by key; one query."""
    rows = Participation.objects.during(*days).filter(jfo__in=jfos).exclude(agency__key=OWN_AGENCY)
    found = grouped(rows.select_related("agency").order_by("agency__key", "start"), lambda row: row.agency)
    return [
        Partnership(
            agency,
            {
                jfo: merged(Days(row.start, row.end or date.max) for row in of_jfo)
                for jfo, of_jfo in grouped(taking_part, lambda row: row.jfo_id).items()
            },
        )
        for agency, taking_part in found.items()
    ]


def merged(spans: Iterable[Days]) -> list[Days]:
    """Return the same days as spans of which no two overlap, in order."""
    found: list[Days] = []
    for span in sorted(spans):
        if found and span.first <= found[-1].last:
            found[-1] = Days(found[-1].first, max(found[-1].last, span.last))
        else:
            found.append(span)
    return found
