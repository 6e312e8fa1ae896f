"""Vacancies: the agreed FTE that nobody fills, day by day."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jfo_portal.kit.access import SYSTEM
from registry.measures.vacancies import Vacancy, stretches, vacancies
from registry.models import JFO, Assignment, Establishment, User
from tests import rows

pytestmark = pytest.mark.django_db

ONE_DAY = timedelta(days=1)
BEGIN = date(2009, 1, 1)


@pytest.fixture
def fae() -> JFO:
    """A JFO without officers or agreed FTE."""
    jfo = JFO.objects.get(code="FAE")
    jfo.assignments.all().delete()
    jfo.establishments.all().delete()
    return jfo


def agree(jfo: JFO, fte: str, start: date, end: date | None = None) -> None:
    Establishment(jfo=jfo, fte=Decimal(fte), start=start, end=end).save_as(None)


def of(jfo: JFO, first: date = date.min, last: date = date.max) -> list[Vacancy]:
    return vacancies([jfo], SYSTEM, first, last).get(jfo.pk, [])


def test_what_is_agreed_and_not_filled_is_vacant(fae: JFO) -> None:
    agree(fae, "2.00", date(2010, 4, 1))
    rows.assignment(rows.officer(), "FAE", date(2010, 6, 1), date(2010, 12, 31))
    rows.assignment(rows.officer("GTA"), "FAE", date(2010, 9, 1), None, Decimal("0.50"))
    assert of(fae) == [
        Vacancy(Decimal("2.00"), date(2010, 4, 1), date(2010, 5, 31)),
        Vacancy(Decimal("1.00"), date(2010, 6, 1), date(2010, 8, 31)),
        Vacancy(Decimal("0.50"), date(2010, 9, 1), date(2010, 12, 31)),
        Vacancy(Decimal("1.50"), date(2011, 1, 1), None),
    ]


def test_a_window_cuts_vacancies_at_its_days(fae: JFO) -> None:
    agree(fae, "1.00", date(2010, 4, 1))
    assert of(fae, date(2010, 7, 1), date(2010, 7, 31)) == [
        Vacancy(Decimal("1.00"), date(2010, 7, 1), date(2010, 7, 31))
    ]
    assert of(fae, date(2009, 7, 1), date(2009, 7, 31)) == []


def test_nothing_is_vacant_before_a_jfo_begins_or_after_it_ends(fae: JFO) -> None:
    agree(fae, "1.00", date(2000, 1, 1))
    JFO.objects.filter(pk=fae.pk).update(end=date(2011, 6, 30))
    fae.refresh_from_db()
    assert of(fae) == [Vacancy(Decimal("1.00"), fae.start, date(2011, 6, 30))]


def test_more_than_agreed_on_one_day_fills_no_other(fae: JFO) -> None:
    agree(fae, "1.00", date(2010, 4, 1))
    for end in (date(2010, 4, 30), date(2010, 5, 31)):
        rows.assignment(rows.officer(), "FAE", date(2010, 4, 1), end)
    assert of(fae) == [Vacancy(Decimal("1.00"), date(2010, 6, 1), None)]


def test_one_who_follows_the_next_day_leaves_no_vacancy(fae: JFO) -> None:
    agree(fae, "1.00", date(2010, 4, 1))
    rows.assignment(rows.officer(), "FAE", date(2010, 4, 1), date(2010, 8, 31))
    rows.assignment(rows.officer(), "FAE", date(2010, 9, 1))
    assert of(fae) == []


def test_a_manager_is_told_no_vacancy_of_another_region(que_manager: User, gta_manager: User, fae: JFO) -> None:
    """A vacancy tells how many officers the JFO has."""
    agree(fae, "1.00", date(2010, 4, 1))
    assert fae.pk in vacancies([fae], que_manager)
    assert vacancies([fae], gta_manager) == {}


def test_vacancies_that_adjoin_are_one_stretch() -> None:
    one, two, three = (
        Vacancy(Decimal("0.50"), date(2010, 4, 1), date(2010, 4, 30)),
        Vacancy(Decimal("1.00"), date(2010, 5, 1), date(2010, 5, 31)),
        Vacancy(Decimal("0.50"), date(2010, 6, 2), None),
    )
    assert stretches([one, two, three]) == [Vacancy(Decimal("1.00"), date(2010, 4, 1), date(2010, 5, 31)), three]


DAYS = st.integers(0, 60)
PERIODS = st.tuples(DAYS, st.none() | DAYS, st.sampled_from(["0.25", "0.50", "1.00", "2.00"]))


def _dated(period: tuple[int, int | None, str]) -> tuple[date, date | None, Decimal]:
    first, length, fte = period
    start = BEGIN + timedelta(days=first)
    return start, None if length is None else start + timedelta(days=length), Decimal(fte)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(agreed=st.lists(PERIODS, max_size=4), filled=st.lists(PERIODS, max_size=6), window=st.tuples(DAYS, DAYS))
def test_the_sweep_counts_what_a_count_day_by_day_does(
    fae: JFO,
    agreed: list[tuple[int, int | None, str]],
    filled: list[tuple[int, int | None, str]],
    window: tuple[int, int],
) -> None:
    Establishment.objects.filter(jfo=fae).delete()
    Assignment.objects.filter(jfo=fae).delete()
    seats: list[tuple[date, date | None, Decimal]] = []
    for start, end, fte in sorted(map(_dated, agreed), key=lambda one: one[0]):
        # No two agreed figures hold on one day.
        if seats and (seats[-1][1] is None or seats[-1][1] >= start):
            continue
        seats.append((start, end, fte))
        agree(fae, str(fte), start, end)
    posts = [(start, end, min(fte, Decimal(1))) for start, end, fte in map(_dated, filled)]
    for start, end, fte in posts:
        rows.assignment(rows.officer(), "FAE", start, end, fte)
    first, last = (BEGIN + timedelta(days=day) for day in sorted(window))

    def on(day: date, periods: list[tuple[date, date | None, Decimal]]) -> Decimal:
        return sum((fte for start, end, fte in periods if start <= day and (end is None or day <= end)), Decimal(0))

    found = of(fae, first, last)
    day = first
    while day <= last:
        vacant = [one.fte for one in found if one.holds_on(day)]
        assert vacant == [fte for fte in [on(day, seats) - on(day, posts)] if fte > 0], day
        day += ONE_DAY
    assert all(first <= one.start and one.end is not None and one.end <= last for one in found)
    assert all(one.end is None or one.end + ONE_DAY < two.start or one.fte != two.fte for one, two in pairwise(found))
