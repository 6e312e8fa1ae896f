"""What days on a JFO cost, exact to the cent and rounded once."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jfo_portal.kit.fiscal import FiscalYear
from performance.measures.cost import Cost, cost, cost_of, half_up, pays, pays_of_years
from performance.measures.rates import rates_of
from performance.models import SalaryRate
from registry.models import Assignment, Level
from tests import rows

YEAR = FiscalYear(2010)
LEAP_YEAR = FiscalYear(2011)
FULL = Decimal("1.00")
SALARY = Decimal(36_500)


def always(rate: Decimal) -> list[tuple[Decimal, date, date | None]]:
    return [(rate, date(2000, 1, 1), None)]


def test_a_whole_year_costs_the_salary_times_the_fte():
    whole = cost_of(Decimal("0.50"), date(2005, 1, 1), None, always(SALARY), YEAR)
    assert whole == Cost(Fraction(1, 2), Fraction(18_250), 0)


def test_both_the_first_and_the_last_day_are_paid():
    assert cost_of(FULL, date(2010, 6, 1), date(2010, 6, 10), always(SALARY), YEAR).salaries == 1000


def test_a_day_of_a_leap_year_is_a_366th():
    assert cost_of(FULL, date(2012, 2, 29), date(2012, 2, 29), always(SALARY), LEAP_YEAR).salaries == Fraction(
        36_500, 366
    )
    assert cost_of(FULL, date(2000, 1, 1), None, always(SALARY), LEAP_YEAR).salaries == SALARY


def test_a_promotion_is_paid_from_its_day():
    rates = [(SALARY, date(2000, 1, 1), date(2010, 9, 30)), (2 * SALARY, date(2010, 10, 1), None)]
    days_before, days_after = 183, 182
    assert cost_of(FULL, date(2005, 1, 1), None, rates, YEAR).salaries == 100 * days_before + 200 * days_after


def test_days_without_a_level_cost_nothing_and_are_counted():
    rates = [(SALARY, date(2000, 1, 1), date(2011, 3, 30))]
    assert cost_of(FULL, date(2005, 1, 1), None, rates, YEAR) == Cost(Fraction(364, 365), Fraction(36_400), 1)


@st.composite
def careers(draw: st.DrawFn) -> tuple[Decimal, date, date | None, list[tuple[Decimal, date, date | None]]]:
    """An assignment and rates one after another, with gaps, around the year."""
    origin = YEAR.first_day - timedelta(days=60)
    day = origin + timedelta(days=draw(st.integers(0, 90)))
    rates: list[tuple[Decimal, date, date | None]] = []
    for length, gap in draw(st.lists(st.tuples(st.integers(0, 150), st.integers(0, 20)), max_size=4)):
        rates.append((draw(st.decimals(1000, 99_999, places=2)), day, day + timedelta(days=length)))
        day += timedelta(days=length + gap + 1)
    start = origin + timedelta(days=draw(st.integers(0, 480)))
    end = draw(st.one_of(st.none(), st.integers(0, 480).map(lambda days: start + timedelta(days=days))))
    return Decimal(draw(st.integers(1, 100))) / 100, start, end, rates


@given(careers())
def test_cost_is_what_adding_day_by_day_gives(career: tuple):
    fte, start, end, rates = career
    days, salaries, unpaid = 0, Fraction(0), 0
    for number in range(YEAR.days):
        day = YEAR.first_day + timedelta(days=number)
        if not (start <= day and (end is None or day <= end)):
            continue
        of_day = [rate for rate, first, last in rates if first <= day and (last is None or day <= last)]
        if of_day:
            days += 1
            salaries += Fraction(fte) * Fraction(of_day[0]) / YEAR.days
        else:
            unpaid += 1
    assert cost_of(fte, start, end, rates, YEAR) == Cost(Fraction(fte) * days / YEAR.days, salaries, unpaid)


@pytest.mark.parametrize(("value", "printed"), [(Fraction(1, 2), 1), (Fraction(3, 2), 2), (Fraction(149, 100), 1)])
def test_a_figure_is_rounded_half_up(value: Fraction, printed: int):
    assert half_up(value) == printed


def test_a_figure_is_rounded_to_its_places():
    assert str(half_up(Fraction(137, 8), 2)) == "17.13"


@pytest.mark.django_db
class TestRows:
    """The same from the database."""

    def test_an_officer_who_changes_jfo_and_level_is_paid_each_day_once(self):
        officer = rows.officer()
        rows.level(officer, Level.FB_03, date(2009, 4, 1), date(2010, 12, 31))
        rows.level(officer, Level.FB_04, date(2011, 1, 1))
        rows.assignment(officer, "SPVM-JFO", date(2009, 4, 1), date(2010, 6, 30))
        rows.assignment(officer, "FAE", date(2010, 7, 1))
        found = pays(Assignment.objects.filter(officer=officer), YEAR)
        assert [(pay.jfo, pay.region, pay.kind) for pay in found] == [
            ("FAE", "QUE", "regional"),
            ("SPVM-JFO", "QUE", "regional"),
        ]
        whole = cost(found)
        assert whole.fte_years == 1
        assert whole.salaries == Fraction(57_345 * 275 + 69_712 * 90, 365)

    def test_a_level_without_a_rate_costs_nothing_and_is_counted(self):
        officer = rows.officer()
        rows.level(officer, Level.FB_03, date(2009, 4, 1))
        rows.assignment(officer, "FAE", date(2009, 4, 1))
        SalaryRate.objects.filter(level=Level.FB_03, fiscal_year=2010).delete()
        assert cost(pays(Assignment.objects.filter(officer=officer), YEAR)) == Cost(Fraction(0), Fraction(0), 365)

    def test_parts_and_total_are_rounded_from_exact_figures(self):
        whole = cost(pays(Assignment.objects.all(), YEAR))
        rate = rates_of(YEAR).benefits
        assert rate == Decimal("0.2")
        assert half_up(whole.salaries) == 3_992_316
        assert half_up(whole.salaries + whole.benefits(rate)) == 4_790_779

    def test_a_year_without_a_rate_has_no_benefits(self):
        assert rates_of(FiscalYear(1990)).benefits is None

    def test_cost_takes_three_queries_and_two_where_the_rates_are_known(self, django_assert_num_queries: Callable):
        with django_assert_num_queries(3):
            pays(Assignment.objects.all(), YEAR)
        rates = rates_of(YEAR)
        with django_assert_num_queries(2):
            pays(Assignment.objects.all(), YEAR, rates)
        years = [FiscalYear(start) for start in range(2001, 2011)]
        with django_assert_num_queries(3):
            found = pays_of_years(Assignment.objects.all(), years)
        assert found[YEAR] == pays(Assignment.objects.all(), YEAR)
        assert found[FiscalYear(2005)] == pays(Assignment.objects.all(), FiscalYear(2005))
