"""Tenure against counting day by day: the spell of a row in the database, in memory, and walked backwards."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from registry import actions
from registry.measures.tenure import current_since, tenures
from registry.models import JFO, Assignment, Officer, User
from registry.models.assignments import past_policy_since
from tests import rows

pytestmark = pytest.mark.django_db

ORIGIN = date(2003, 4, 1)
DAY = date(2011, 3, 31)
ONE_DAY = timedelta(days=1)

# Days out of service before each spell, and the days it lasts: the last one may be open, and may have a review date.
spells = st.lists(
    st.tuples(st.one_of(st.integers(0, 3), st.integers(28, 33), st.integers(0, 900)), st.integers(1, 1500)),
    min_size=1,
    max_size=6,
)


def written(officer: Officer, jfo: str, lengths: list[tuple[int, int]], is_open: bool) -> list[Assignment]:
    """Write the spells one after another, and return them."""
    made, start = [], ORIGIN
    for number, (gap, length) in enumerate(lengths, 1):
        start += timedelta(days=gap)
        end = None if is_open and number == len(lengths) else start + timedelta(days=length - 1)
        made.append(rows.assignment(officer, jfo, start, end, Decimal("0.50")))
        start += timedelta(days=length)
    return made


def walked_back(held: list[Assignment], day: date) -> date:
    """Return the first day of the spell of the day: walk back until more than 30 days in a row are missed."""
    since, missed = day, 0
    while missed <= 30 and day >= ORIGIN:
        if any(row.holds_on(day) for row in held):
            since, missed = day, 0
        else:
            missed += 1
        day -= ONE_DAY
    return since


@settings(max_examples=60, deadline=None)
@given(spells, st.lists(st.tuples(st.integers(0, 40), st.integers(1, 600)), max_size=3), st.booleans())
def test_the_spell_of_a_row_is_what_walking_back_day_by_day_gives(
    lengths: list[tuple[int, int]], elsewhere: list[tuple[int, int]], is_open: bool
) -> None:
    """What the officer does on another JFO, and what another officer does on this one, joins nothing."""
    officer = rows.officer()
    held = written(officer, "SPVM-JFO", lengths, is_open)
    written(officer, "FAE", elsewhere, is_open)
    written(rows.officer(), "SPVM-JFO", elsewhere, is_open)
    found = {row.pk: row.since for row in Assignment.objects.filter(officer=officer, jfo__code="SPVM-JFO").with_since()}
    assert found == {row.pk: walked_back(held, row.start) for row in held}
    assert {row.pk: Assignment.objects.get(pk=row.pk).since for row in held} == found
    for row in held:
        begun = [(one.start, one.end) for one in held if one.start <= row.start]
        assert current_since(begun, row.start) == found[row.pk]


@settings(max_examples=60, deadline=None)
@given(spells, st.integers(0, 4000), st.sampled_from([None, date(2012, 1, 1)]))
def test_an_open_row_is_past_policy_when_its_spell_is_day_by_day(
    lengths: list[tuple[int, int]], offset: int, review_on: date | None
) -> None:
    officer, day = rows.officer(), ORIGIN + timedelta(days=offset)
    *_earlier, last = held = written(officer, "SPVM-JFO", lengths, is_open=True)
    last.review_on = review_on
    last.save_as(None)
    is_past = last.holds_on(day) and review_on is None and walked_back(held, day) <= past_policy_since(day)
    of_officer = Assignment.objects.filter(officer=officer)
    assert [row.pk for row in of_officer.past_policy_unreviewed(day)] == ([last.pk] if is_past else [])
    assert [row.pk for row in of_officer if row.is_past_policy_unreviewed(day)] == ([last.pk] if is_past else [])


@settings(max_examples=40, deadline=None)
@given(spells, st.booleans(), st.integers(0, 4000))
def test_the_tenure_of_an_officer_is_what_walking_back_day_by_day_gives(
    lengths: list[tuple[int, int]], is_open: bool, offset: int
) -> None:
    officer, day = rows.officer(), ORIGIN + timedelta(days=offset)
    held = written(officer, "SPVM-JFO", lengths, is_open)
    found = [(row.since, row.days) for row in tenures(Assignment.objects.filter(officer=officer), day)]
    since = walked_back(held, day)
    serves = any(row.holds_on(day) for row in held)
    assert found == ([(since, (day - since).days + 1)] if serves else [])


# A change of FTE, which splits the row, and a short gap: neither sets the clock back


@pytest.fixture
def long_serving() -> Assignment:
    """Somebody of QUE since 2004 whose FTE changed in 2010, without a last day and without a review date."""
    row = rows.assignment(rows.officer(), "SPVM-JFO", date(2004, 4, 1))
    return actions.change_fte(row, by=None, fte=Decimal("0.60"), start=date(2010, 4, 1))


def test_a_change_of_fte_does_not_begin_a_new_spell(long_serving: Assignment) -> None:
    """The clock counted from the row's own first day, so that a change of FTE hid six years on a JFO."""
    assert long_serving.start == date(2010, 4, 1)
    assert long_serving.is_past_policy_unreviewed(DAY)
    assert long_serving in Assignment.objects.past_policy_unreviewed(DAY)


@pytest.mark.parametrize(("first", "is_past"), [(date(2010, 5, 1), True), (date(2010, 5, 2), False)])
def test_a_gap_of_thirty_days_joins_and_one_of_thirty_one_does_not(first: date, is_past: bool) -> None:
    officer = rows.officer()
    rows.assignment(officer, "SPVM-JFO", date(2004, 4, 1), date(2010, 3, 31))
    row = rows.assignment(officer, "SPVM-JFO", first)
    assert row.is_past_policy_unreviewed(DAY) is is_past


def test_the_list_the_column_and_the_home_page_say_the_same(
    client_of: Callable[[User], Client], que_manager: User, long_serving: Assignment
) -> None:
    client, number = client_of(que_manager), long_serving.officer.number
    shown = client.get("/en/assignments/", {"q": number}).content.decode()
    assert "Past 5 years without a review date" in shown
    assert number in client.get("/en/assignments/", {"state": "unreviewed"}).content.decode()
    home = client.get("/en/").content.decode()
    assert "since 2004-04-01" in home


def extended(officer: Officer) -> None:
    rows.assignment(officer, "SPVM-JFO", date(2004, 4, 1), date(2011, 2, 28))
    row = rows.assignment(officer, "SPVM-JFO", date(2011, 3, 15), date(2011, 6, 30))
    actions.extend(row, by=None, end=None, day=DAY)


def assigned(officer: Officer) -> None:
    rows.assignment(officer, "SPVM-JFO", date(2004, 4, 1), date(2011, 3, 15))
    jfo = JFO.objects.get(code="SPVM-JFO")
    actions.assign(by=None, officer=officer, jfo=jfo, fte=Decimal(1), start=DAY)


def assigned_later(officer: Officer) -> None:
    rows.assignment(officer, "SPVM-JFO", date(2004, 4, 1), date(2011, 4, 15))
    jfo = JFO.objects.get(code="SPVM-JFO")
    actions.assign(by=None, officer=officer, jfo=jfo, fte=Decimal(1), start=date(2011, 4, 16))


def transferred_back(officer: Officer) -> None:
    rows.assignment(officer, "SPVM-JFO", date(2004, 4, 1), date(2011, 3, 10))
    row = rows.assignment(officer, "FAE", date(2011, 3, 11))
    actions.transfer(row, by=None, jfo=JFO.objects.get(code="SPVM-JFO"), start=DAY, fte=Decimal(1))


@pytest.mark.parametrize("act", [extended, assigned, assigned_later, transferred_back])
def test_an_act_that_leaves_a_joined_spell_open_past_policy_is_refused(act: Callable[[Officer], None]) -> None:
    officer = rows.officer()
    with pytest.raises(ValidationError, match="more than 5 years"):
        act(officer)
