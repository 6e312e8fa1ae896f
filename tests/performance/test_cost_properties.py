"""The cost of any career in any fiscal year, with its level changes and leap days, against adding day by day."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from operator import attrgetter
from random import Random

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.grouping import grouped
from performance.measures.cost import (
    Cost,
    apportioned,
    cost,
    cost_of,
    half_up,
    parts_of,
    pays,
    pays_of_years,
    total_cost,
)
from performance.measures.rates import Rates
from performance.models import SalaryRate
from registry import actions
from registry.measures.strength import jfo_officers
from registry.models import JFO, Assignment, EndReason, Level, Officer
from tests import rows

ONE_DAY = timedelta(days=1)
# The first and the third hold a 29 February.
YEARS = (FiscalYear(2007), FiscalYear(2010), FiscalYear(2011))
# From before the first to after the last.
FIRST, DAYS = date(2007, 1, 1), 2100


@dataclass(frozen=True)
class Spell:
    """An assignment, or a level with its rate, from a day to a day; the last may be open."""

    value: Decimal
    start: date
    end: date | None

    def holds_on(self, day: date) -> bool:
        return self.start <= day and (self.end is None or day <= self.end)


def one_after_another(values: st.SearchStrategy[Decimal], gaps: st.SearchStrategy[int]) -> st.SearchStrategy:
    """Some spells that share no day, from FIRST on, the last of them open or not."""

    def spells(drawn: tuple[list[tuple[Decimal, int, int]], bool]) -> list[Spell]:
        found: list[Spell] = []
        start = FIRST
        for number, (value, gap, length) in enumerate(drawn[0], 1):
            start += timedelta(days=gap)
            is_open = drawn[1] and number == len(drawn[0])
            found.append(Spell(value, start, None if is_open else start + timedelta(days=length)))
            start += timedelta(days=length + 1)
        return found

    lengths = st.lists(st.tuples(values, gaps, st.integers(0, 900)), max_size=5)
    return st.tuples(lengths, st.booleans()).map(spells)


hundredths = st.integers(1, 100).map(lambda number: Decimal(number) / 100)
assignments = one_after_another(hundredths, st.integers(0, 400))
# Rates with cents, since a level's is not a round sum.
levels = one_after_another(st.decimals(40_000, 99_999, places=2), st.sampled_from([0, 0, 0, 15]))
a_year = st.sampled_from(YEARS)


def day_by_day(served: Sequence[Spell], paid: Sequence[Spell], year: FiscalYear) -> Cost:
    """Return the cost by the rule itself: Σ over the days of the year of FTE × rate on the day ÷ days of the year."""
    fte_days = salaries = Fraction(0)
    unpaid = 0
    for number in range(year.days):
        day = year.first_day + number * ONE_DAY
        for spell in served:
            if not spell.holds_on(day):
                continue
            rate = next((level.value for level in paid if level.holds_on(day)), None)
            if rate is None:
                unpaid += 1
                continue
            fte_days += Fraction(spell.value)
            salaries += Fraction(spell.value) * Fraction(rate)
    return Cost(fte_days / year.days, salaries / year.days, unpaid)


def costs(served: Sequence[Spell], paid: Sequence[Spell], year: FiscalYear) -> Cost:
    rates = [(level.value, level.start, level.end) for level in paid]
    each = [cost_of(spell.value, spell.start, spell.end, rates, year) for spell in served]
    return Cost(
        sum((one.fte_years for one in each), Fraction(0)),
        sum((one.salaries for one in each), Fraction(0)),
        sum(one.unpaid_days for one in each),
    )


def test_the_leap_years_are_the_ones_that_hold_a_29_february() -> None:
    assert [year.days for year in YEARS] == [366, 365, 366]


@given(assignments, levels, a_year)
def test_the_cost_of_a_career_is_what_adding_day_by_day_gives(
    served: list[Spell], paid: list[Spell], year: FiscalYear
) -> None:
    found = costs(served, paid, year)
    assert found == day_by_day(served, paid, year)
    in_cents = (found.salaries.numerator / Decimal(found.salaries.denominator)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert half_up(found.salaries, 2) == in_cents


@given(assignments, levels, a_year, st.integers(0, DAYS))
def test_cutting_a_spell_in_two_costs_the_same(
    served: list[Spell], paid: list[Spell], year: FiscalYear, offset: int
) -> None:
    day = FIRST + offset * ONE_DAY
    pieces = []
    for spell in served:
        if spell.start < day and spell.holds_on(day):
            pieces += [Spell(spell.value, spell.start, day - ONE_DAY), Spell(spell.value, day, spell.end)]
        else:
            pieces.append(spell)
    assert costs(pieces, paid, year) == costs(served, paid, year)


@given(assignments, levels, a_year, st.integers(1, 99))
def test_splitting_the_fte_costs_the_same(served: list[Spell], paid: list[Spell], year: FiscalYear, share: int) -> None:
    parts = [
        Spell(spell.value * part / 100, spell.start, spell.end) for spell in served for part in (share, 100 - share)
    ]
    split, whole = costs(parts, paid, year), costs(served, paid, year)
    assert (split.fte_years, split.salaries) == (whole.fte_years, whole.salaries)


@given(assignments, levels, a_year)
def test_the_parts_by_level_add_to_the_assignment_exactly_and_to_the_cent(
    served: list[Spell], paid: list[Spell], year: FiscalYear
) -> None:
    # A rate of its own for each level, of which one officer may have any number here.
    rates = Rates(year, salaries={str(number): level.value for number, level in enumerate(paid)})
    spells = [(str(number), level.start, level.end) for number, level in enumerate(paid)]
    for spell in served:
        parts = parts_of(spell.value, spell.start, spell.end, spells, rates)
        whole = costs([spell], paid, year)
        assert sum((part.salary for part in parts), Fraction(0)) == whole.salaries
        assert sum(part.days for part in parts) * Fraction(spell.value) / year.days == whole.fte_years
        assert all((part.last - part.first).days + 1 == part.days for part in parts)
        assert sum(apportioned([part.salary for part in parts])) == half_up(whole.salaries, 2)


@given(st.lists(st.fractions(0, 100_000, max_denominator=366), max_size=30), st.integers(0, 3))
def test_apportioned_parts_add_to_their_sum_and_none_is_off_by_a_unit(parts: list[Fraction], places: int) -> None:
    found = apportioned(parts, places)
    assert sum(found) == half_up(sum(parts, Fraction(0)), places)
    unit = Fraction(1, 10**places)
    assert all(abs(Fraction(printed) - part) < unit for printed, part in zip(found, parts, strict=True))


# From the database


@contextmanager
def taken_back() -> Iterator[None]:
    """Each example's rows are gone before the next."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def written(served: Sequence[Spell], paid: Sequence[Spell]) -> Officer:
    """Write the career of a new officer; each level is the one whose rate the spell has, a rate is made up for it."""
    officer = rows.officer(start=FIRST)
    names = list(Level)
    for number, spell in enumerate(paid):
        rows.level(officer, names[number % len(names)], spell.start, spell.end)
    for spell in served:
        rows.assignment(officer, "SPVM-JFO", spell.start, spell.end, spell.value)
    return officer


def rated(paid: Sequence[Spell], year: FiscalYear) -> list[Spell]:
    """Return the levels with the rates that the year has on record."""
    rates = dict(SalaryRate.objects.filter(fiscal_year=year.start_year).values_list("level", "amount"))
    names = list(Level)
    return [Spell(rates[names[number % len(names)]], spell.start, spell.end) for number, spell in enumerate(paid)]


@pytest.mark.django_db
@settings(max_examples=25)
@given(assignments, levels, a_year)
def test_the_cost_of_the_rows_is_what_adding_day_by_day_gives(
    served: list[Spell], paid: list[Spell], year: FiscalYear
) -> None:
    with taken_back():
        officer = written(served, paid)
        of_officer = Assignment.objects.filter(officer=officer)
        expected = day_by_day(served, rated(paid, year), year)
        assert cost(pays(of_officer, year)) == expected
        assert total_cost(of_officer, year) == expected


@pytest.mark.django_db
@settings(max_examples=25)
@given(
    levels,
    hundredths,
    hundredths,
    st.dates(date(2010, 4, 1), date(2011, 12, 31)),
    st.one_of(st.none(), st.dates(date(2011, 4, 1), date(2012, 6, 30))),
)
def test_a_split_changes_neither_cost_nor_fte_years_nor_heads_of_any_year(
    paid: list[Spell], fte: Decimal, part: Decimal, start: date, end: date | None
) -> None:
    def figures() -> list[tuple[Fraction, Fraction, int]]:
        found = []
        for year in (FiscalYear(2009), FiscalYear(2010), FiscalYear(2011)):
            whole = total_cost(officer.assignments.all(), year)
            heads = jfo_officers(Officer.objects.filter(pk=officer.pk), year).count()
            found.append((whole.salaries, whole.fte_years, heads))
        return found

    with taken_back():
        officer = written([Spell(fte, date(2010, 1, 1), end)], paid)
        before = figures()
        row = officer.assignments.get()
        try:
            with transaction.atomic():
                actions.split(row, by=None, jfo=JFO.objects.get(code="FAE"), fte=part, start=start)
        except ValidationError:
            assert part >= fte or (end is not None and start > end)
        else:
            # From the first day on, the assignment stays one row; from a later day on, it is cut in two.
            assert officer.assignments.count() == 3
        assert figures() == before


# Where somebody may serve: kinds, programs and regions differ.
PLACES = ("SPVM-JFO", "FAE", "IBET-QUE-1", "NPET-ATL", "IBET-WSC", "GTADS")


@dataclass(frozen=True)
class Career:
    """One officer: employed by a region, at levels, on JFOs one after another."""

    region: str
    levels: list[Spell]
    served: list[tuple[Spell, str]]


careers = st.builds(
    lambda region, paid, served, places: Career(region, paid, list(zip(served, places, strict=False))),
    st.sampled_from(["QUE", "ATL", "GTA"]),
    levels,
    assignments,
    st.lists(st.sampled_from(PLACES), min_size=5, max_size=5),
)


def hired(people: Sequence[Career]) -> list[int]:
    """Write the careers, and return the keys of the officers."""
    names = list(Level)
    found = []
    for one in people:
        officer = rows.officer(one.region, start=FIRST)
        for number, spell in enumerate(one.levels):
            rows.level(officer, names[number % len(names)], spell.start, spell.end)
        for spell, jfo in one.served:
            rows.assignment(officer, jfo, spell.start, spell.end, spell.value)
        found.append(officer.pk)
    return found


@pytest.mark.django_db
@settings(max_examples=10, deadline=None)
@given(st.lists(careers, max_size=3), a_year, st.randoms(use_true_random=False))
def test_parts_add_to_the_whole_and_the_order_of_entry_changes_nothing(
    people: list[Career], year: FiscalYear, random: Random
) -> None:
    def figures(ids: list[int]) -> tuple[Cost, dict[str, dict[str, Cost]]]:
        rows_ = pays(Assignment.objects.filter(officer__in=ids), year)
        by = {}
        for name in ("region", "program", "kind", "jfo"):
            groups = grouped(rows_, attrgetter(name))
            by[name] = {group: cost(of_group) for group, of_group in sorted(groups.items())}
        return cost(rows_), by

    with taken_back():
        ids = hired(people)
        whole, parts = figures(ids)
        assert total_cost(Assignment.objects.filter(officer__in=ids), year) == whole
        for by_name in parts.values():
            for figure in ("fte_years", "salaries", "unpaid_days"):
                assert sum(getattr(part, figure) for part in by_name.values()) == getattr(whole, figure)
        for name, look_up in (("region", "jfo__region__code"), ("program", "jfo__program__code"), ("jfo", "jfo__code")):
            for group, part in parts[name].items():
                of_group = Assignment.objects.filter(officer__in=ids, **{look_up: group})
                assert total_cost(of_group, year) == part
    with taken_back():
        shuffled = random.sample(people, len(people))
        assert figures(hired(shuffled)) == (whole, parts)


TODAY = date(2011, 3, 31)


@pytest.mark.django_db
@settings(max_examples=15, deadline=None)
@given(
    st.sampled_from(["assign", "transfer", "end", "extend", "fte", "split"]),
    st.integers(0, 10_000),
    st.sampled_from(PLACES),
    st.integers(0, 300),
)
def test_whatever_is_done_to_officers_from_today_on_changes_no_past_fiscal_year(
    act: str, which: int, jfo: str, days: int
) -> None:
    past = [FiscalYear(start) for start in range(2000, 2010)]
    with taken_back():
        before = pays_of_years(Assignment.objects.all(), past)
        open_rows = Assignment.objects.as_of(TODAY).order_by("pk")
        row, day, place = open_rows[which % open_rows.count()], TODAY + days * ONE_DAY, JFO.objects.get(code=jfo)
        with suppress(ValidationError):
            match act:
                case "assign":
                    free = Officer.objects.as_of(TODAY).filter(assignments=None).order_by("pk")
                    officer = free[which % free.count()]
                    actions.assign(by=None, officer=officer, jfo=place, fte=Decimal("0.50"), start=day)
                case "transfer":
                    actions.transfer(row, by=None, jfo=place, start=day)
                case "end":
                    actions.end_assignment(row, by=None, end=day, end_reason=EndReason.ROTATION)
                case "extend":
                    actions.extend(row, by=None, end=day, day=TODAY)
                case "fte":
                    actions.change_fte(row, by=None, fte=Decimal("0.25"), start=day)
                case "split":
                    actions.split(row, by=None, jfo=place, fte=Decimal("0.10"), start=day)
        assert pays_of_years(Assignment.objects.all(), past) == before
