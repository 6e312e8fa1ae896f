"""What service on JFOs costs in a fiscal year (domain rule 5): Canadian dollars and FTE-years, exact until printed."""

from collections.abc import Iterable
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

from ..models import BenefitRate, SalaryRate


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


@dataclass(frozen=True)
class Pay(Place):
    """What one assignment of an officer cost; `home_id` is the region that employs the officer."""

    officer_id: int
    home_id: int
    cost: Cost


def pays(assignments: AssignmentQuerySet, year: FiscalYear) -> list[Pay]:
    """Return what each of the assignments cost in the year, by JFO; three queries."""
    serving = assignments.during(year.first_day, year.last_day)
    rates = dict(SalaryRate.objects.filter(fiscal_year=year.start_year).values_list("level", "amount"))
    levels = grouped(
        OfficerLevel.objects.during(year.first_day, year.last_day)
        .filter(officer__in=serving.order_by().values("officer"))
        .values_list("officer_id", "level", "start", "end"),
        lambda row: row[0],
    )
    rows = serving.order_by("jfo__code", "officer__number", "start").values_list(
        *PLACE, "officer_id", "officer__region_id", "fte", "start", "end"
    )
    found = []
    for jfo, program, kind, region, region_id, officer, home_id, fte, start, end in rows:
        rated = [
            (rates[level], first, last) for _officer, level, first, last in levels.get(officer, []) if level in rates
        ]
        found.append(
            Pay(jfo, program, kind, region, region_id, officer, home_id, cost_of(fte, start, end, rated, year))
        )
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


def total_cost(assignments: AssignmentQuerySet, year: FiscalYear) -> Cost:
    """Return what the assignments cost together in the year, as `cost(pays(…))` does; three queries.

    The database adds up the days of each FTE and level, so that it takes little longer for many assignments.
    """
    first, last = _day(year.first_day), _day(year.last_day)
    served: Any = assignments.during(year.first_day, year.last_day).order_by()
    served = served.annotate(first=Greatest("start", first), last=Least(Coalesce("end", last), last))
    rates = dict(SalaryRate.objects.filter(fiscal_year=year.start_year).values_list("level", "amount"))
    paid = (
        served.annotate(
            level=F("officer__levels__level"),
            from_day=Greatest("first", "officer__levels__start"),
            to_day=Least("last", Coalesce("officer__levels__end", last)),
        )
        .filter(level__in=rates, to_day__gte=F("from_day"))
        .values_list("fte", "level")
        .annotate(days=Sum(_Days("from_day", "to_day")))
    )
    paid_days = 0
    fte_days = salaries = Fraction(0)
    for fte, level, days in paid:
        paid_days += days
        fte_days += days * Fraction(fte)
        salaries += days * Fraction(fte) * Fraction(rates[level])
    served_days = served.aggregate(days=Sum(_Days("first", "last")))["days"] or 0
    return Cost(fte_days / year.days, salaries / year.days, served_days - paid_days)


def _day(day: date) -> Value:
    return Value(day, output_field=DateField())


def benefit_rate(year: FiscalYear) -> Decimal | None:
    """Return the benefits as a share of salaries; None if the year has none; one query."""
    return BenefitRate.objects.filter(fiscal_year=year.start_year).values_list("rate", flat=True).first()


def half_up(value: Fraction, places: int = 0) -> Decimal:
    """Return an exact figure as it is printed, rounded half up."""
    return Decimal(floor(value * 10**places + Fraction(1, 2))).scaleb(-places)
