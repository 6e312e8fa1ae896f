"""What a fiscal year is paid by: the rates of now or, of a closed year, those of the day on which it was closed."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db.models import CharField, DateField, DecimalField, Exists, OuterRef, Q, Value
from django.db.models.functions import Cast, Coalesce

from jfo_portal.kit.fiscal import FiscalYear
from registry.models import Assignment, Level, OfficerLevel

from ..models import BenefitRate, ClosedRate, SalaryRate, YearClosing


@dataclass
class Rates:
    """The rates of one fiscal year: dollars of a year of full time by level, and benefits as a share of salaries.

    `salaries` and `benefits` are those that figures use, `salaries_now` and `benefits_now` those on record now; they
    differ where a rate was changed after the year was closed. `benefits` is None where there is none.
    """

    year: FiscalYear
    closed_on: date | None = None
    salaries: dict[str, Decimal] = field(default_factory=dict)
    benefits: Decimal | None = None
    salaries_now: dict[str, Decimal] = field(default_factory=dict)
    benefits_now: Decimal | None = None

    @property
    def is_closed(self) -> bool:
        return self.closed_on is not None

    @property
    def changed_levels(self) -> list[str]:
        """The levels whose rate is another now than when the year was closed; none of a year that is open."""
        levels = sorted({*self.salaries, *self.salaries_now})
        return [level for level in levels if self.salaries.get(level) != self.salaries_now.get(level)]

    @property
    def has_changed(self) -> bool:
        """Whether any rate is another now than when the year was closed."""
        return bool(self.changed_levels) or self.benefits != self.benefits_now


def rates_of(year: FiscalYear) -> Rates:
    """Return the rates of the year; one query."""
    return rates_of_years([year])[year]


def rates_of_years(years: Iterable[FiscalYear]) -> dict[FiscalYear, Rates]:
    """Return the rates of each of the years; one query for any number of them."""
    found = {year: Rates(year) for year in years}
    asked = {year.start_year for year in found}
    kept = ClosedRate.objects.filter(closing__fiscal_year__in=asked).order_by()
    closings = YearClosing.objects.filter(fiscal_year__in=asked).order_by()
    salaries = SalaryRate.objects.filter(fiscal_year__in=asked).order_by()
    benefits = BenefitRate.objects.filter(fiscal_year__in=asked).order_by()
    of_none, no_day = Value("", output_field=CharField()), Value(None, output_field=DateField())
    # What was kept has the day of the closing, and a benefit rate has no level.
    rows = kept.values_list("closing__fiscal_year", "level", _number("amount"), "closing__closed_on").union(
        closings.values_list("fiscal_year", of_none, _number("benefit_rate"), "closed_on"),
        salaries.values_list("fiscal_year", "level", _number("amount"), no_day),
        benefits.values_list("fiscal_year", of_none, _number("rate"), no_day),
        all=True,
    )
    for start, level, number, closed_on in rows:
        rates = found[FiscalYear(start)]
        rates.closed_on = closed_on or rates.closed_on
        if level:
            (rates.salaries if closed_on else rates.salaries_now)[level] = _rounded(number)
        elif closed_on:
            rates.benefits = None if number is None else _rounded(number)
        else:
            rates.benefits_now = _rounded(number)
    for rates in found.values():
        if not rates.is_closed:
            rates.salaries, rates.benefits = dict(rates.salaries_now), rates.benefits_now
    return found


def _number(name: str) -> Cast:
    """Return dollars or a share as one sort of number, since a union has one."""
    return Cast(name, DecimalField(max_digits=13, decimal_places=4))


def _rounded(number: Decimal) -> Decimal:
    # SQLite gives as many decimals as its floating point has.
    return number.quantize(Decimal("0.0001"))


def paid_levels(year: FiscalYear) -> list[str]:
    """Return the levels at which somebody was on a JFO on a day of the year, in their order; one query."""
    serving = Assignment.objects.during(year.first_day, year.last_day).filter(
        Q(end=None) | Q(end__gte=OuterRef("start")),
        officer=OuterRef("officer"),
        start__lte=Coalesce(OuterRef("end"), Value(year.last_day, output_field=DateField())),
    )
    # Of three periods that share days two by two, all three share one.
    levels = OfficerLevel.objects.during(year.first_day, year.last_day).filter(Exists(serving.order_by()))
    found = set(levels.order_by().values_list("level", flat=True).distinct())
    return [level for level in Level.values if level in found]
