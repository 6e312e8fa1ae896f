"""On how many days officers served on a JFO without an arrangement in force, and for how many FTE-days."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.models import JFO, Agency, Participation, User
from tests import rows
from wca.measures import exposure
from wca.measures.coverage import INFORMATION_SHARING, coverage_on, latest_clauses
from wca.measures.exposure import Amount, ClauseLack, Covered, Days, JFOExposure, Served, is_uncovered, stretches_of
from wca.models import Arrangement, Assessment, ClausePart, ClauseSet, Coverage, Finding, Signatory, Verdict

FTE = [Decimal("1.00"), Decimal("0.50"), Decimal("0.30")]
EPOCH = date(2011, 12, 20)


# Without a database: intervals against days, one by one


def span(longest: int = 120) -> st.SearchStrategy[tuple[date, date | None]]:
    """A first day and a last one, or none, around the turn of a leap year's February."""

    def dated(start: int, length: int | None) -> tuple[date, date | None]:
        first = EPOCH + timedelta(days=start)
        return first, None if length is None else first + timedelta(days=length)

    return st.builds(dated, st.integers(0, longest), st.none() | st.integers(0, 40))


SERVED = st.lists(st.builds(lambda days, fte: Served(days[0], days[1], fte), span(), st.sampled_from(FTE)), max_size=6)
COVERED = st.lists(st.builds(lambda days, key: Covered(days[0], days[1], key), span(), st.integers(1, 3)), max_size=6)
PERIOD = st.builds(
    lambda start, length: Days(EPOCH + timedelta(days=start), EPOCH + timedelta(days=start + length)),
    st.integers(0, 60),
    st.integers(0, 90),
)


def holds(row: Served | Covered, day: date) -> bool:
    return row.start <= day and (row.end is None or day <= row.end)


def day_by_day(served: list[Served], covered: list[Covered], days: Days, wanted: Callable[[set[int]], bool]) -> Amount:
    found = Amount()
    for number in range((days.last - days.first).days + 1):
        day = days.first + timedelta(days=number)
        serving = [row.fte for row in served if holds(row, day)]
        if serving and wanted({row.arrangement for row in covered if holds(row, day)}):
            found = found.plus(Amount(1, sum(serving, Decimal(0))))
    return found


def exposed(served: list[Served], covered: list[Covered], days: Days) -> JFOExposure:
    return JFOExposure(JFO(), stretches_of(served, covered, days))


@settings(max_examples=150)
@given(SERVED, COVERED, PERIOD)
def test_intervals_count_what_days_one_by_one_do(served: list[Served], covered: list[Covered], days: Days):
    row = exposed(served, covered, days)
    assert row.amount() == day_by_day(served, covered, days, lambda in_force: not in_force)
    assert sum(stretch.days.number for stretch in row.stretches) == days.number


@given(SERVED, COVERED, PERIOD, st.lists(st.sampled_from(list(Verdict)), min_size=3, max_size=3))
def test_a_clause_is_lacking_not_known_or_held_on_every_covered_day(
    served: list[Served], covered: list[Covered], days: Days, verdicts: list[Verdict]
):
    of_key = dict(zip((1, 2, 3), verdicts, strict=True))
    lack, row = ClauseLack(of_key), exposed(served, covered, days)
    held = {Verdict.MET, Verdict.NOT_APPLICABLE}

    def lacks(in_force: set[int]) -> bool:
        return bool(in_force) and all(of_key[key] in {Verdict.PARTIAL, Verdict.NOT_MET} for key in in_force)

    def unknown(in_force: set[int]) -> bool:
        found = {of_key[key] for key in in_force}
        return not found & held and Verdict.NOT_ASSESSED in found

    assert row.amount(lack.is_lacking) == day_by_day(served, covered, days, lacks)
    assert row.amount(lack.is_unknown) == day_by_day(served, covered, days, unknown)


@given(SERVED, COVERED, PERIOD)
def test_months_and_fiscal_years_add_to_the_whole(served: list[Served], covered: list[Covered], days: Days):
    row = exposed(served, covered, days)
    for parts in (exposure.months_of(days), exposure.years_of(days)):
        amounts = [row.amount(within=[part]) for part in parts]
        assert sum(amount.days for amount in amounts) == row.amount().days
        assert sum((amount.fte_days for amount in amounts), Decimal(0)) == row.amount().fte_days


def test_one_fte_uncovered_for_90_days_is_90_days_and_90_fte_days():
    row = exposed([Served(date(2010, 4, 1), None, Decimal("1.00"))], [], Days(date(2010, 4, 1), date(2010, 6, 29)))
    assert row.amount() == Amount(90, Decimal("90.00"))


def test_a_leap_year_has_its_29th_of_february():
    served = [Served(date(2011, 4, 1), None, Decimal("0.50"))]
    row = exposed(served, [], Days(date(2011, 4, 1), date(2012, 3, 31)))
    assert row.amount() == Amount(366, Decimal("183.00"))
    assert row.amount(within=[Days(date(2012, 2, 1), date(2012, 2, 29))]).days == 29


def test_two_officers_on_a_day_are_one_day_and_both_their_fte():
    first, last = date(2010, 5, 1), date(2010, 5, 10)
    row = exposed([Served(first, last, FTE[0]), Served(last, None, FTE[1])], [], Days(first, last))
    assert row.amount() == Amount(10, Decimal("10.50"))


def test_an_arrangement_that_follows_on_the_next_day_leaves_no_day_between():
    served = [Served(date(2010, 4, 1), None, Decimal("1.00"))]
    covered = [Covered(date(2010, 4, 1), date(2010, 8, 31), 1), Covered(date(2010, 9, 1), None, 2)]
    assert exposed(served, covered, Days(date(2010, 4, 1), date(2011, 3, 31))).amount() == Amount()


def test_partner_days_are_merged_where_a_role_changed():
    days = [Days(date(2010, 1, 1), date(2010, 3, 1)), Days(date(2010, 2, 1), date(2010, 4, 1))]
    assert exposure.merged(days) == [Days(date(2010, 1, 1), date(2010, 4, 1))]


# With one

YEAR = Days(date(2010, 4, 1), date(2011, 3, 31))
CODE = "TEST-JFO"


@pytest.fixture
def jfo(db: None) -> JFO:
    """A JFO of QUE that nothing names, from before the year on, on which somebody serves all the year."""
    pattern = JFO.objects.get(code="FAE")
    row = JFO(
        code=CODE, name_en="T", name_fr="T", program=pattern.program, region=pattern.region, start=date(2009, 4, 1)
    )
    row.save_as(None)
    rows.assignment(rows.officer(), CODE, date(2009, 4, 1))
    return row


def arrangement(jfo: JFO, signed_on: date | None = date(2010, 1, 1), **dates: date) -> Arrangement:
    row = Arrangement(reference=f"WCA-2010-9{Arrangement.objects.count():03}", title_en="T", title_fr="T", **dates)
    row.save_as(None)
    for key, day in (("CBSA", date(2010, 1, 1)), ("SQ", signed_on)):
        Signatory(arrangement=row, agency=Agency.objects.get(key=key), signed_on=day).save_as(None)
    Coverage(arrangement=row, jfo=jfo, start=date(2010, 4, 1)).save_as(None)
    return row


def of(jfo: JFO, days: Days = YEAR) -> JFOExposure:
    (row,) = exposure.exposure(JFO.objects.filter(pk=jfo.pk), days)
    return row


def test_a_jfo_without_an_arrangement_is_exposed_all_the_year(jfo: JFO):
    row = of(jfo)
    assert row.amount() == Amount(365, Decimal("365.00"))
    assert row.without_arrangement() == 365


@pytest.mark.parametrize(
    ("dates", "signed_on", "days"),
    [
        ({}, date(2010, 1, 1), 365),  # no effective date
        ({"effective": date(2010, 4, 1)}, None, 365),  # not signed by everybody
        ({"effective": date(2010, 4, 1)}, date(2010, 1, 1), 0),
        ({"effective": date(2010, 4, 1)}, date(2010, 4, 11), 10),  # in force from the last signature on
        ({"effective": date(2010, 4, 11)}, date(2010, 1, 1), 10),
        ({"effective": date(2010, 4, 1), "expiry": date(2011, 3, 21)}, date(2010, 1, 1), 10),  # the last day counts
        ({"effective": date(2010, 4, 1), "terminated_on": date(2011, 3, 22)}, date(2010, 1, 1), 10),  # that day not
        ({"effective": date(2010, 4, 1), "terminated_on": date(2010, 3, 1)}, date(2010, 1, 1), 365),
    ],
)
def test_every_date_of_rule_7_counts_to_the_day(jfo: JFO, dates: dict, signed_on: date | None, days: int):
    arrangement(jfo, signed_on, **dates)
    assert of(jfo).amount() == Amount(days, Decimal(days))


def test_of_two_arrangements_that_change_over_on_one_day_no_day_is_lost_or_counted_twice(jfo: JFO):
    newer = arrangement(jfo, effective=date(2010, 9, 1))
    older = arrangement(jfo, effective=date(2010, 4, 1))
    older.superseded_by, older.superseded_on = newer, date(2010, 9, 1)
    older.save_as(None)
    assert of(jfo).amount() == Amount()


def test_coverage_that_ends_leaves_the_next_day_exposed(jfo: JFO):
    row = arrangement(jfo, effective=date(2010, 4, 1)).coverage.get()
    row.end = date(2011, 3, 30)
    row.save_as(None)
    assert of(jfo).amount() == Amount(1, Decimal("1.00"))


def test_it_says_on_every_day_what_the_report_of_that_day_does(db: None):
    """The days without an arrangement in force are those on which Exhibit 5 does not find one."""
    found = {row.jfo.pk: row for row in exposure.exposure(JFO.objects.all(), Days(date(2008, 1, 1), YEAR.last))}
    for number in range(0, 1186, 53):
        day = date(2008, 1, 1) + timedelta(days=number)
        for one in coverage_on(JFO.objects.all(), day):
            stretches = [s for s in found[one.jfo.pk].stretches if s.days.first <= day <= s.days.last]
            assert [s.arrangements for s in stretches] == [frozenset(a.pk for a in one.arrangements)]


@pytest.mark.parametrize("verdict", [Verdict.MET, Verdict.NOT_MET, Verdict.NOT_ASSESSED])
def test_a_covered_jfo_can_lack_a_clause(jfo: JFO, nhq_reviewer: User, verdict: Verdict):
    row = arrangement(jfo, effective=date(2010, 4, 1))
    assessment = Assessment(
        arrangement=row,
        clause_set=ClauseSet.objects.filter(code=INFORMATION_SHARING).latest("version"),
        assessed_on=date(2011, 1, 10),
        author=nhq_reviewer,
    ).save_as(None)
    for part in ClausePart.objects.filter(clause__clause_set=assessment.clause_set, clause__letter="c"):
        quoted = {"quotation": "So it is.", "place": "p. 1"} if verdict == Verdict.MET else {}
        Finding(assessment=assessment, part=part, verdict=verdict, **quoted).save_as(None)
    rows.approved(assessment, date(2011, 2, 1))
    lacks = exposure.clause_lacks(of_all := [of(jfo)], latest_clauses(), YEAR.last)
    all_year = Amount(365, Decimal("365.00"))
    assert of_all[0].amount(lacks["c"].is_lacking) == (all_year if verdict == Verdict.NOT_MET else Amount())
    assert of_all[0].amount(lacks["c"].is_unknown) == (all_year if verdict == Verdict.NOT_ASSESSED else Amount())


def test_the_forecast_begins_on_the_day_after_the_expiry(jfo: JFO):
    arrangement(jfo, effective=date(2010, 4, 1), expiry=date(2011, 9, 30))
    days = Days(date(2011, 4, 1), date(2012, 3, 31))
    (row,) = exposure.forecast(JFO.objects.filter(pk=jfo.pk), date(2011, 3, 31), days)
    assert row.uncovered_from() == date(2011, 10, 1)
    assert row.amount() == Amount(183, Decimal("183.00"))  # 31 + 30 + 31 + 31 + 29 + 31, a leap year


def test_the_forecast_keeps_those_who_serve_today_although_their_assignment_ends(jfo: JFO):
    rows.assignment(rows.officer(), CODE, date(2010, 4, 1), date(2011, 4, 30), Decimal("0.50"))
    rows.assignment(rows.officer(), CODE, date(2011, 4, 1), None, Decimal("0.50"))  # not there yet
    days = Days(date(2011, 4, 1), date(2012, 3, 31))
    (row,) = exposure.forecast(JFO.objects.filter(pk=jfo.pk), date(2011, 3, 31), days)
    assert row.amount() == Amount(366, Decimal("549.00"))


def test_a_partner_counts_the_days_on_which_it_takes_part(jfo: JFO):
    Participation(
        jfo=jfo, agency=Agency.objects.get(key="SQ"), role="partner", start=date(2010, 4, 1), end=date(2010, 4, 30)
    ).save_as(None)
    (one,) = exposure.partnerships(JFO.objects.filter(pk=jfo.pk), YEAR)
    assert one.amount([of(jfo)]) == Amount(30, Decimal("30.00"))


def test_the_measures_cost_the_same_queries_whatever_the_rows(jfo: JFO, django_assert_num_queries: Callable):
    with django_assert_num_queries(3):
        found = exposure.exposure(JFO.objects.all(), YEAR)
    with django_assert_num_queries(3):
        exposure.forecast(JFO.objects.all(), YEAR.last, YEAR)
    with django_assert_num_queries(2):
        exposure.clause_lacks(found, latest_clauses(), YEAR.last)
    with django_assert_num_queries(1):
        exposure.partnerships(JFO.objects.all(), YEAR)
    assert exposure.total(found, is_uncovered).days
