"""FTE on a day, the JFO officers of a year, and tenure."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from operator import attrgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jfo_portal.kit.fiscal import FiscalYear
from registry.measures.strength import Strength, jfo_officers, posts_on, strength, strength_by
from registry.measures.tenure import current_since, summary, tenures
from registry.models import Assignment, Level, Officer
from tests import rows

pytestmark = pytest.mark.django_db

HALF = Decimal("0.50")
DAY = date(2011, 3, 31)
FIRST = date(2010, 4, 1)


def of(officer: Officer):
    return Assignment.objects.filter(officer=officer)


# FTE on a day


def test_an_officer_on_two_jfos_is_one_officer():
    officer = rows.officer()
    rows.assignment(officer, "SPVM-JFO", FIRST, fte=HALF)
    rows.assignment(officer, "FAE", FIRST, fte=HALF)
    assert strength(posts_on(of(officer), DAY)) == Strength(1, Decimal("1.00"))


def test_both_days_of_a_same_day_changeover_count_once():
    officer = rows.officer()
    rows.assignment(officer, "SPVM-JFO", FIRST, date(2010, 6, 30))
    rows.assignment(officer, "FAE", date(2010, 7, 1))
    assert [post.jfo for post in posts_on(of(officer), date(2010, 6, 30))] == ["SPVM-JFO"]
    assert [post.jfo for post in posts_on(of(officer), date(2010, 7, 1))] == ["FAE"]


def test_a_post_has_the_level_of_the_day_and_none_where_none_is_recorded():
    officer = rows.officer()
    rows.level(officer, Level.FB_03, FIRST, date(2010, 9, 30))
    rows.level(officer, Level.FB_04, date(2010, 10, 1), date(2011, 3, 30))
    rows.assignment(officer, "SPVM-JFO", FIRST)
    levels = [posts_on(of(officer), day)[0].level for day in (date(2010, 9, 30), date(2010, 10, 1), DAY)]
    assert levels == ["FB-03", "FB-04", None]


def test_the_demonstration_has_the_fte_of_exhibit_11_by_region():
    posts = posts_on(Assignment.objects.all(), DAY)
    by_region = {region: row.fte for region, row in strength_by(posts, attrgetter("region")).items()}
    assert by_region == {
        "GTA": Decimal("17.5"),
        "QUE": Decimal("8.2"),
        "PAC": Decimal("9.8"),
        "NOR": Decimal("8.8"),
        "NFE": Decimal("6.5"),
        "WSC": Decimal("5.4"),
        "PRA": Decimal("3.8"),
        "ATL": Decimal("1.5"),
    }
    assert strength(posts) == Strength(62, Decimal("61.5"))


def test_fte_of_any_day_is_what_counting_row_by_row_gives():
    found = list(Assignment.objects.values_list("fte", "start", "end"))
    for offset in range(0, 4000, 191):
        day = date(2001, 4, 1) + timedelta(days=offset)
        counted = sum(fte for fte, start, end in found if start <= day and (end is None or end >= day))
        assert strength(posts_on(Assignment.objects.all(), day)).fte == counted


def test_posts_cost_one_query(django_assert_num_queries: Callable):
    with django_assert_num_queries(1):
        posts_on(Assignment.objects.all(), DAY)


# JFO officers of a fiscal year


@pytest.mark.parametrize(
    ("start", "end", "is_jfo_officer"),
    [
        (date(2009, 4, 1), date(2010, 3, 31), False),
        (date(2009, 4, 1), date(2010, 4, 1), True),
        (date(2011, 3, 31), None, True),
        (date(2011, 4, 1), None, False),
    ],
)
def test_one_day_on_an_assignment_makes_a_jfo_officer_of_the_year(start: date, end: date | None, is_jfo_officer: bool):
    officer = rows.officer()
    rows.assignment(officer, "SPVM-JFO", start, end)
    assert jfo_officers(Officer.objects.filter(pk=officer.pk), FiscalYear(2010)).exists() is is_jfo_officer


# Tenure


@pytest.mark.parametrize(("gap", "since"), [(0, date(2008, 1, 1)), (30, date(2008, 1, 1)), (31, date(2009, 2, 1))])
def test_spells_join_over_a_gap_of_at_most_thirty_days(gap: int, since: date):
    second = date(2009, 2, 1)
    spells = [(date(2008, 1, 1), second - timedelta(days=gap + 1)), (second, None)]
    assert current_since(spells, DAY) == since


def test_nobody_has_tenure_on_a_day_between_two_spells():
    assert current_since([(date(2008, 1, 1), date(2011, 3, 30))], DAY) is None


spells = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 90)), max_size=6)


@given(spells, st.integers(0, 400))
def test_tenure_is_what_walking_back_day_by_day_gives(lengths: list[tuple[int, int]], offset: int):
    origin = date(2009, 1, 1)
    day = origin + timedelta(days=offset)
    periods = sorted(
        (origin + timedelta(days=start), origin + timedelta(days=start + length)) for start, length in lengths
    )
    served = {start + timedelta(days=n) for start, end in periods for n in range((end - start).days + 1)}

    since, missed, walked = None, 0, day
    while day in served and missed <= 30 and walked >= origin:
        since, missed = (walked, 0) if walked in served else (since, missed + 1)
        walked -= timedelta(days=1)
    assert current_since([spell for spell in periods if spell[0] <= day], day) == since


def test_tenure_is_on_one_jfo_and_the_longest_counts():
    officer = rows.officer()
    rows.assignment(officer, "FAE", date(2006, 4, 1), date(2008, 3, 31))
    rows.assignment(officer, "SPVM-JFO", date(2008, 4, 1), fte=HALF)
    rows.assignment(officer, "INSET-QUE", date(2010, 4, 1), fte=HALF)
    (tenure,) = tenures(of(officer), DAY)
    assert (tenure.jfo, tenure.since, tenure.days) == ("SPVM-JFO", date(2008, 4, 1), 1095)


def test_the_demonstration_has_the_tenure_of_the_report():
    """Intelligence officers on a JFO on 31 March 2011: 4.2 years on average, some about 10."""
    found = summary(tenures(Assignment.objects.filter(officer__function="IO"), DAY))
    assert found.officers == 45
    assert found.mean_years is not None
    assert round(found.mean_years, 1) == Decimal("4.2")
    assert found.longest_years is not None
    assert round(found.longest_years, 1) == Decimal("10.0")


def test_nobody_has_no_mean():
    assert summary([]).mean_years is None


# Review dates


def test_an_open_assignment_past_five_years_without_a_review_date_is_found():
    officer = rows.officer()
    row = rows.assignment(officer, "SPVM-JFO", date(2006, 3, 31))
    assert not of(officer).past_policy_unreviewed(date(2011, 3, 30)).exists()
    assert of(officer).past_policy_unreviewed(DAY).exists()
    row.review_on = date(2012, 1, 1)
    row.save_as(None)
    assert not of(officer).past_policy_unreviewed(DAY).exists()


def test_the_demonstration_leaves_three_reviews_to_three_managers():
    regions = Assignment.objects.past_policy_unreviewed(DAY).values_list("officer__region__code", flat=True)
    assert sorted(regions) == ["GTA", "PAC", "QUE"]
