"""JFO officers beside others: what is certain, what is not, and what nobody can tell."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from itertools import pairwise
from random import Random
from time import process_time

import pytest
from django.core.cache import cache
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from jfo_portal.kit import reports
from jfo_portal.kit.access import SYSTEM
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.reports import Parameters
from performance.measures import difference as measure
from performance.measures.activity import per_officer
from performance.measures.difference import NAMES, UNITS, Difference, Files, Sides, Why, differences, sides
from registry.models import Officer
from tests import rows
from tests.pages import body, csv_rows, words

SEED = 2010
PAGE = "/en/performance/comparison/"


def files(cases: int, occurrences: int = 0) -> Files:
    """What one officer opened: cases, occurrences, and in all."""
    return (cases, occurrences, 0, 0, cases + occurrences)


def of_cases(jfo: list[int], others: list[int], jfo_without: int = 0, others_without: int = 0) -> Difference:
    """Return the difference in cases of officers who opened as many."""
    found = differences(Sides(tuple(map(files, jfo)), tuple(map(files, others)), jfo_without, others_without), SEED)
    return found[NAMES.index("case")]


some_officers = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 30)), min_size=5, max_size=25).map(
    lambda rows: [files(*row) for row in rows]
)
# What is drawn thousands of times needs few examples.
few = settings(max_examples=25, deadline=None)


# Properties


@few
@given(some_officers, some_officers, st.randoms(use_true_random=False))
def test_the_order_of_the_officers_is_of_no_account(jfo: list[Files], others: list[Files], random: Random) -> None:
    before = differences(Sides(tuple(jfo), tuple(others)), SEED)
    random.shuffle(jfo)
    random.shuffle(others)
    differences.cache_clear()

    assert differences(Sides(tuple(jfo), tuple(others)), SEED) == before


@few
@given(some_officers, some_officers, st.integers(1, 50))
def test_more_files_of_everybody_change_no_difference(jfo: list[Files], others: list[Files], more: int) -> None:
    before = differences(Sides(tuple(jfo), tuple(others)), SEED)
    richer = (tuple(tuple(number + more for number in row) for row in group) for group in (jfo, others))

    for one, other in zip(before, differences(Sides(next(richer), next(richer)), SEED), strict=True):
        assert other.value == one.value
        assert (other.uncertain, other.no_tipping) == (one.uncertain, one.no_tipping)
        if one.interval and other.interval:
            assert other.interval.low == pytest.approx(one.interval.low)
            assert other.interval.high == pytest.approx(one.interval.high)


@few
@given(some_officers, some_officers)
def test_the_intervals_hold_what_was_observed(jfo: list[Files], others: list[Files]) -> None:
    for one in differences(Sides(tuple(jfo), tuple(others)), SEED):
        assert one.jfo
        assert one.others
        for interval, value in (
            (one.interval, one.value),
            (one.jfo_mean, one.jfo.mean),
            (one.others_mean, one.others.mean),
            (one.tipping_interval, one.tipping),
        ):
            if interval is not None:
                assert value is not None
                assert interval.low - 1e-9 <= float(value) <= interval.high + 1e-9


@few
@given(some_officers, some_officers)
def test_the_groups_changed_about_turn_the_difference_round(jfo: list[Files], others: list[Files]) -> None:
    for one, other in zip(
        differences(Sides(tuple(jfo), tuple(others)), SEED),
        differences(Sides(tuple(others), tuple(jfo)), SEED),
        strict=True,
    ):
        assert other.value == -(one.value or 0)
        assert (other.uncertain is None) == (one.uncertain is None)


def test_the_same_seed_gives_the_same_interval_and_another_a_near_one() -> None:
    given_sides = Sides(tuple(map(files, range(30))), tuple(map(files, range(10, 60))))
    first, *_rest = differences(given_sides, SEED)
    differences.cache_clear()
    again, *_rest = differences(given_sides, SEED)
    other, *_rest = differences(given_sides, SEED + 1)

    assert again == first
    assert other.interval != first.interval
    assert first.interval is not None
    assert other.interval is not None
    assert other.interval.low == pytest.approx(first.interval.low, abs=1.0)


# What it says


def test_the_figures_of_two_small_groups() -> None:
    found = of_cases([1, 2, 3, 4, 10], [1, 1, 2, 2, 2, 4])

    assert found.jfo
    assert found.others
    assert [found.jfo.officers, found.jfo.mean, found.jfo.median] == [5, 4, 3]
    assert [found.jfo.lower, found.jfo.upper] == [2, 4]
    assert round(found.jfo.deviation or 0, 3) == Decimal("3.536")
    assert [found.others.officers, found.others.mean, found.others.median] == [6, 2, 2]
    assert [found.value, found.tipping] == [2, 2]
    assert found.tipping_interval is not None
    assert found.tipping_interval.low == 0


def test_what_stands_behind_a_clear_difference_is_an_interval_above_zero() -> None:
    found = of_cases([20, 22, 24, 26, 28, 30], [1, 2, 3, 4, 5, 6])

    assert found.interval is not None
    assert found.tipping_interval == found.interval
    assert 15 < found.interval.low < 21.5 < found.interval.high < 28


@pytest.mark.parametrize(
    ("jfo", "others", "why"),
    [
        ([9] * 4, [1, 2, 3, 4, 5], Why.FEW),
        ([9, 8, 7, 6, 5], [1, 2, 3, 4], Why.FEW),
        ([], [1, 2, 3, 4, 5], Why.FEW),
        ([9] * 5, [1] * 5, Why.NO_SPREAD),
        ([1, 2, 3, 4, 5], [5, 4, 3, 2, 1], Why.NONE),
        ([1, 2, 3, 4, 5], [6, 4, 3, 2, 1], Why.NEGATIVE),
    ],
)
def test_where_the_tipping_point_cannot_be_estimated_it_says_why(jfo: list[int], others: list[int], why: Why) -> None:
    found = of_cases(jfo, others)

    assert (found.no_tipping, found.tipping, found.tipping_interval) == (why, None, None)
    assert str(why.label).startswith("Cannot be estimated: ")


def test_five_officers_with_one_alike_group_can_be_estimated() -> None:
    found = of_cases([9, 9, 9, 9, 9], [1, 2, 3, 4, 5])

    assert [found.tipping, found.uncertain] == [6, None]


def test_those_who_opened_nothing_enter_no_mean_but_are_counted_apart() -> None:
    found = of_cases([10, 10, 10, 10, 20], [8, 8, 8, 8, 8, 8], jfo_without=5, others_without=2)

    assert found.value == 4
    assert found.counting_all == 0


def test_one_officer_has_no_deviation() -> None:
    found = of_cases([7], [1, 2])

    assert found.jfo
    assert (found.jfo.deviation, found.jfo.median, found.jfo.lower, found.jfo.upper) == (None, 7, 7, 7)
    assert of_cases([], [1]).jfo is None


def test_very_many_officers_are_drawn_in_parts_and_quickly() -> None:
    """Drawn one by one, the 20,000 officers take some three seconds."""
    random = Random(5)
    many = [files(int(random.expovariate(1 / 20)) + 1, random.randrange(20)) for _officer in range(20_000)]
    given_sides = Sides(tuple(many[:3000]), tuple(many[3000:]))
    start = process_time()
    found = differences(given_sides, SEED)[0]

    assert process_time() - start < 2
    assert found.interval is not None
    # As wide as the spread of so many officers makes it, by the formula for two means.
    error = 20 * (1 / 3000 + 1 / 17_000) ** 0.5
    assert found.interval.high - found.interval.low == pytest.approx(2 * 1.96 * error, rel=0.15)
    assert found.interval.low <= float(found.value or 0) <= found.interval.high


def test_the_parts_of_many_officers_hold_each_of_them_once() -> None:
    group = [files(number) for number in range(UNITS * 3 + 17)]
    units = measure._units(group, Random(1))

    assert len(units) == UNITS
    assert sum(units) == sum(measure._units([one], Random(1))[0] for one in group)


# Of the rows


@pytest.mark.django_db
def test_an_officer_with_files_of_two_regions_is_one_officer() -> None:
    officer = rows.officer("QUE")
    rows.assignment(officer, "SPVM-JFO", date(2010, 4, 1))
    rows.file(officer, date(2010, 5, 1))
    moved = rows.file(officer, date(2010, 6, 1), "occurrence")
    moved.region = rows.officer("ATL").region
    moved.attribute(None).save()
    idle = rows.officer("QUE")
    of_both = Officer.objects.filter(pk__in=[officer.pk, idle.pk])

    found = sides(per_officer(of_both, FiscalYear(2010)))
    assert found == Sides((files(1, 1),), (), 0, 1)


@pytest.mark.django_db
def test_the_means_are_those_of_exhibit_7() -> None:
    parameters = Parameters(date(2011, 3, 31), FiscalYear(2010))
    (jfo, others, _all) = reports.get("exhibit-7").rows(SYSTEM, parameters)
    for row in reports.get("activity-comparison").rows(SYSTEM, parameters):
        assert (row["jfo_mean"], row["others_mean"]) == (jfo[row["kind"]], others[row["kind"]])
        assert (row["jfo_officers"], row["others_officers"]) == (43, 303)


# The page


@pytest.mark.django_db
def test_the_page_says_what_the_figures_show_and_what_would_close_the_difference(reviewer: Client) -> None:
    text = words(reviewer.get(PAGE))

    assert "JFO officers opened 11.4 more cases each than other officers: between +6.8 and +16.4" in text
    assert "officers are not put on JFOs at random" in text
    assert "If each of the 303 other officers with files had opened 11.4 cases more that IMS does not hold" in text
    assert "That is 57% of what they are on record with, 19.9 cases each." in text
    assert "they make the difference in cases +1.4 in place of +11.4." in text
    assert "2,000 times, seed 2010; it holds the middle 95% of the draws" in text
    assert "Cannot be estimated: the difference is negative, since the other officers opened more." in text
    assert "JFO officers without an IMS entry in the year: 22 of 65 (33.8%). They enter no mean." in text
    assert "Figures of your regions" not in text


@pytest.mark.django_db
def test_the_page_speaks_french(reviewer: Client) -> None:
    text = words(reviewer.get(PAGE.replace("/en/", "/fr/")))

    assert "Les agents affectés à une OPC ont ouvert chacun 11,4 cas de plus que les autres agents" in text
    assert "Ne peut être estimé : l’écart est négatif" in text


@pytest.mark.django_db
def test_a_manager_sees_own_officers_and_the_cells_of_exhibit_7(manager: Client) -> None:
    text = words(manager.get(PAGE))
    (exhibit, *_others) = csv_rows(manager.get("/en/reports/exhibit-7/?format=csv"))

    assert "Figures of your regions: the officers whom they employ, or employed on the last day of a year that" in text
    assert "JFO officers (n = 7) Other officers (n = 50)" in text
    heading = "Exhibit 7, all regions Group Officers Cases Occurrences Projects ORS entries All kinds"
    assert f"{heading} JFO officers {exhibit['Officers']} {exhibit['Cases']}" in text
    assert "GTA" not in text
    assert body(manager.get(f"{PAGE}?region=QUE&chart=comparison&format=csv")) == body(
        manager.get(f"{PAGE}?chart=comparison&format=csv")
    )


@pytest.mark.django_db
def test_a_manager_of_another_region_is_told_so_in_words(manager: Client) -> None:
    for address in (f"{PAGE}?region=GTA", "/en/performance/quality/?region=GTA"):
        response = manager.get(address)
        assert response.status_code == 400
        assert "GTA is none of yours. Exhibits 7 and 8 hold the means" in words(response)
    assert csv_rows(manager.get("/en/reports/activity-comparison/?region=GTA&format=csv")) == []


@pytest.mark.django_db
def test_a_year_without_files_says_so(reviewer: Client) -> None:
    text = words(reviewer.get(f"{PAGE}?fy=2001-2002"))

    assert "All regions: no IMS file on record was opened in fiscal year 2001-2002." in text
    assert "The two groups" not in text


@pytest.mark.django_db
@pytest.mark.parametrize(
    "asked", ["fy=2010", "fy=%00", "fy=99999-100000", "region=%00", "region=XX", "as_of=2011-13-01"]
)
@pytest.mark.parametrize("page", [PAGE, "/en/performance/quality/"])
def test_what_cannot_be_read_is_refused_in_words(page: str, asked: str, reviewer: Client) -> None:
    response = reviewer.get(f"{page}?{asked}")

    assert response.status_code == 400
    assert "These figures cannot be shown" in words(response)


@pytest.mark.django_db
def test_every_number_of_officers_leads_to_so_many_of_them(reviewer: Client) -> None:
    for group, number in (("jfo", 43), ("non_jfo", 303)):
        assert f"files=yes&amp;group={group}" in body(reviewer.get(PAGE)) or f"group={group}&amp;files=yes" in body(
            reviewer.get(PAGE)
        )
        listed = csv_rows(reviewer.get(f"/en/performance/officers/?fy=2010-2011&group={group}&files=yes&format=csv"))
        assert len(listed) == number


@pytest.mark.django_db
@pytest.mark.parametrize("file_format", ["csv", "svg"])
def test_the_chart_is_a_file(file_format: str, reviewer: Client) -> None:
    response = reviewer.get(f"{PAGE}?chart=comparison&format={file_format}")

    assert response["Content-Disposition"].startswith("attachment")
    if file_format == "csv":
        assert csv_rows(response)[0] == {
            "Kind of file": "case",
            "JFO officers: mean": "31.2",
            "JFO officers: mean from (95%)": "26.7",
            "JFO officers: mean to (95%)": "36.0",
            "Other officers: mean": "19.9",
            "Other officers: mean from (95%)": "18.6",
            "Other officers: mean to (95%)": "21.2",
        }


@pytest.mark.django_db
def test_the_page_asks_few_queries(reviewer: Client, manager: Client, django_assert_max_num_queries: Callable) -> None:
    for client in (reviewer, manager):
        cache.clear()
        with django_assert_max_num_queries(15):
            client.get(PAGE)


def test_the_names_are_those_of_exhibit_7_in_its_order() -> None:
    assert NAMES == ("case", "occurrence", "project", "ors", "total")
    assert all(one != other for one, other in pairwise(NAMES))
