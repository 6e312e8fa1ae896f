"""What service on JFOs costs in a fiscal year (domain rule 5): Canadian dollars and FTE-years, exact until printed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Any

from django.db.models import DateField, F, Func, IntegerField, Sum, Value
from django.db.models.functions import Coalesce, Greatest, Least

from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.periods import overlap_days
from registry.measures.strength import PLACE, Place
from registry.models import OfficerLevel
from registry.models.assignments import AssignmentQuerySet

from ..models import ActivityCount, ImsKind, number_of
from .rates import Rates, rates_of, rates_of_years


@dataclass(frozen=True)
class Cost:
    """What assignments cost in a fiscal year, exact: each printed figure is rounded once, a total like its parts.

    `fte_years` are those paid: not the FTE on a date, which is another measure. A day without a
    level, or with a level without a rate, costs nothing and is one of `unpaid_days`.
    """

    fte_years: Fraction
    salaries: Fraction
    unpaid_days: int

    def benefits(self, rate: Decimal) -> Fraction:
        """Return the employee benefits on the subtotal, at that share of one."""
        return self.salaries * Fraction(rate)

    def total(self, rate: Decimal) -> Fraction:
        """Return salaries and benefits together, at that share of one."""
        return self.salaries + self.benefits(rate)

    def per_fte_year(self, rate: Decimal) -> Fraction | None:
        """Return salaries and benefits of one FTE-year paid; None where none was paid."""
        return self.total(rate) / self.fte_years if self.fte_years else None


@dataclass(frozen=True)
class Pay(Place):
    """What one assignment of an officer cost; `home_id` is the region that employs the officer.

    `last_fte` is its FTE on the last day of the year; 0 where it does not hold on that day.
    """

    officer_id: int
    home_id: int
    cost: Cost
    last_fte: Decimal


@dataclass(frozen=True)
class PaidPart:
    """The days of an assignment in a fiscal year at one level, and the exact dollars they cost."""

    level: str
    first: date
    last: date
    days: int
    rate: Decimal
    salary: Fraction


def pays(assignments: AssignmentQuerySet, year: FiscalYear, rates: Rates | None = None) -> list[Pay]:
    """Return what each of the assignments cost in the year, by JFO; two queries, and one more without `rates`."""
    rates = rates or rates_of(year)
    return _pays(assignments, {year: rates})[year]


def pays_of_years(
    assignments: AssignmentQuerySet, years: Iterable[FiscalYear], rates: Mapping[FiscalYear, Rates] | None = None
) -> dict[FiscalYear, list[Pay]]:
    """Return what each of the assignments cost in each of the years, of which there is at least one; two queries for
    any number of years, and one more without `rates`."""
    return _pays(assignments, rates or rates_of_years(years))


def _pays(assignments: AssignmentQuerySet, rates: Mapping[FiscalYear, Rates]) -> dict[FiscalYear, list[Pay]]:
    first, last = min(rates).first_day, max(rates).last_day
    serving = assignments.during(first, last)
    levels = grouped(
        OfficerLevel.objects.during(first, last)
        .filter(officer__in=serving.order_by().values("officer"))
        .values_list("officer_id", "level", "start", "end"),
        lambda row: row[0],
    )
    rows = serving.order_by("jfo__code", "officer__number", "start").values_list(
        *PLACE, "officer_id", "officer__region_id", "fte", "start", "end"
    )
    found: dict[FiscalYear, list[Pay]] = {year: [] for year in rates}
    for jfo, program, kind, region, region_id, officer, home_id, fte, start, end in rows:
        of_officer = [row[1:] for row in levels.get(officer, [])]
        for year, rates_then in rates.items():
            if start > year.last_day or (end is not None and end < year.first_day):
                continue
            rated = [
                (rates_then.salaries[level], first_day, last_day)
                for level, first_day, last_day in of_officer
                if level in rates_then.salaries
            ]
            last_fte = fte if start <= year.last_day and (end is None or end >= year.last_day) else Decimal(0)
            paid = cost_of(fte, start, end, rated, year)
            found[year].append(Pay(jfo, program, kind, region, region_id, officer, home_id, paid, last_fte))
    return found


def cost_of(
    fte: Decimal,
    start: date,
    end: date | None,
    rates: Iterable[tuple[Decimal, date, date | None]],
    year: FiscalYear,
) -> Cost:
    """Return what an assignment from start to end cost in the year.

    That is the sum over its days in the year of FTE × the yearly rate on the day ÷ the days of the
    year. `rates` are dollars a year with their first and last days, of which no two share a day.
    """
    first, last = max(start, year.first_day), min(end or year.last_day, year.last_day)
    paid_days, rate_days = 0, Fraction(0)
    for rate, rate_start, rate_end in rates:
        days = overlap_days(rate_start, rate_end, first, last)
        paid_days += days
        rate_days += days * Fraction(rate)
    share = Fraction(fte) / year.days
    served_days = overlap_days(start, end, year.first_day, year.last_day)
    return Cost(share * paid_days, share * rate_days, served_days - paid_days)


def parts_of(
    fte: Decimal, start: date, end: date | None, levels: Iterable[tuple[str, date, date | None]], rates: Rates
) -> list[PaidPart]:
    """Return the parts of what an assignment cost in the year of the rates, one for each level, by their days.

    They add to what `cost_of` gives: a promotion splits at its day. A level without a rate has no part.
    """
    year = rates.year
    first, last = max(start, year.first_day), min(end or year.last_day, year.last_day)
    found = []
    for level, level_start, level_end in sorted(levels, key=lambda one: one[1]):
        days = overlap_days(level_start, level_end, first, last)
        rate = rates.salaries.get(level)
        if days and rate is not None:
            salary = Fraction(fte) * days * Fraction(rate) / year.days
            part_last = min(level_end or last, last)
            found.append(PaidPart(level, max(level_start, first), part_last, days, rate, salary))
    return found


def cost(rows: Iterable[Pay]) -> Cost:
    """Return what the assignments cost together."""
    costs = [row.cost for row in rows]
    return Cost(
        sum((each.fte_years for each in costs), Fraction(0)),
        sum((each.salaries for each in costs), Fraction(0)),
        sum(each.unpaid_days for each in costs),
    )


class _Days(Func):
    """How many days there are from a first to a last one, both counted; the database's own arithmetic."""

    output_field = IntegerField()

    def _said(self, compiler: Any) -> tuple[str, str, tuple[Any, ...]]:
        (first, first_values), (last, last_values) = map(compiler.compile, self.source_expressions)
        return first, last, (*last_values, *first_values)

    def as_sqlite(self, compiler: Any, connection: Any, **extra_context: Any) -> tuple[str, tuple[Any, ...]]:
        first, last, values = self._said(compiler)
        return f"CAST(JULIANDAY({last}) - JULIANDAY({first}) + 1 AS INTEGER)", values

    def as_postgresql(self, compiler: Any, connection: Any, **extra_context: Any) -> tuple[str, tuple[Any, ...]]:
        first, last, values = self._said(compiler)
        return f"({last} - {first} + 1)", values


def total_cost(assignments: AssignmentQuerySet, year: FiscalYear, rates: Rates | None = None) -> Cost:
    """Return what the assignments cost together in the year, as `cost(pays(…))` does; two queries, and one more
    without `rates`.

    The database adds up the days of each FTE and level, so that it takes little longer for many assignments.
    """
    first, last = _day(year.first_day), _day(year.last_day)
    served: Any = assignments.during(year.first_day, year.last_day).order_by()
    served = served.annotate(first=Greatest("start", first), last=Least(Coalesce("end", last), last))
    salaries_by_level = (rates or rates_of(year)).salaries
    paid = (
        served.annotate(
            level=F("officer__levels__level"),
            from_day=Greatest("first", "officer__levels__start"),
            to_day=Least("last", Coalesce("officer__levels__end", last)),
        )
        .filter(level__in=salaries_by_level, to_day__gte=F("from_day"))
        .values_list("fte", "level")
        .annotate(days=Sum(_Days("from_day", "to_day")))
    )
    paid_days = 0
    fte_days = salaries = Fraction(0)
    for fte, level, days in paid:
        paid_days += days
        fte_days += days * Fraction(fte)
        salaries += days * Fraction(fte) * Fraction(salaries_by_level[level])
    served_days = served.aggregate(days=Sum(_Days("first", "last")))["days"] or 0
    return Cost(fte_days / year.days, salaries / year.days, served_days - paid_days)


def _day(day: date) -> Value:
    return Value(day, output_field=DateField())


def cases_by_officer(year: FiscalYear) -> dict[int, int]:
    """Return how many IMS cases each officer opened in the year, in whichever region; one query of the roll-up."""
    counts = ActivityCount.objects.filter(fiscal_year=year.start_year).order_by()
    return dict(counts.values_list("officer_id").annotate(cases=Sum(number_of(ImsKind.CASE))))


def cases_of(rows: Iterable[Pay], cases: dict[int, int]) -> int:
    """Return the cases of the officers of the assignments: all of a year's, as Exhibit 7 counts them (domain rule 10).

    An officer on two JFOs counts for both, so that the cases of JFOs add to more than those of all.
    """
    return sum(cases.get(officer, 0) for officer in {row.officer_id for row in rows})


def half_up(value: Fraction, places: int = 0) -> Decimal:
    """Return an exact figure as it is printed, rounded half up."""
    return Decimal(floor(value * 10**places + Fraction(1, 2))).scaleb(-places)


def apportioned(parts: Sequence[Fraction], places: int = 2) -> list[Decimal]:
    """Return the parts as they are printed so that they add to their sum, rounded once.

    Each is rounded down, and what is then lacking goes to those that lost most; of equals, to the earlier.
    """
    scale = 10**places
    units = [floor(part * scale) for part in parts]
    lacking = int(half_up(sum(parts, Fraction(0)), places).scaleb(places)) - sum(units)
    by_loss = sorted(range(len(parts)), key=lambda number: (units[number] - parts[number] * scale, number))
    for number in by_loss[:lacking]:
        units[number] += 1
    return [Decimal(unit).scaleb(-places) for unit in units]
