"""Files per officer, of JFO officers and of the others."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jfo_portal.kit.fiscal import FiscalYear
from performance.measures.activity import (
    Activity,
    Group,
    Rule,
    Tally,
    by_status,
    groups,
    per_officer,
    summed,
    totals,
)
from performance.measures.serving import opened_by_month
from performance.models import ImsFile, ImsKind, ImsStatus
from registry.models import Officer, Region
from tests import rows

pytestmark = pytest.mark.django_db

YEAR = FiscalYear(2010)


def of(*officers: Officer, rule: Rule = Rule.YEAR) -> dict[Group, list[Tally]]:
    ids = [officer.pk for officer in officers]
    return groups(per_officer(Officer.objects.filter(pk__in=ids), YEAR, rule=rule))


def kinds(found: dict[Group, list[Tally]]) -> dict[Group, Activity]:
    return {group: summed(of_group).of(None, Group.ALL).by_kind for group, of_group in found.items()}


def jfo_officer_until_september() -> Officer:
    officer = rows.officer()
    rows.assignment(officer, "SPVM-JFO", date(2009, 4, 1), date(2010, 9, 30))
    rows.file(officer, date(2010, 9, 30), "case")
    rows.file(officer, date(2010, 10, 1), "occurrence")
    return officer


def test_all_files_of_the_year_of_a_jfo_officer_are_jfo_files():
    found = kinds(of(jfo_officer_until_september()))
    assert found[Group.JFO].total == 2
    assert found[Group.NON_JFO] == Activity(0, 0, dict.fromkeys(["case", "occurrence", "project", "ors"], 0))


def test_by_the_rule_of_the_day_only_files_opened_while_on_a_jfo_are():
    found = kinds(of(jfo_officer_until_september(), rule=Rule.DAY))
    assert (found[Group.JFO].counts["case"], found[Group.JFO].total) == (1, 1)
    assert (found[Group.NON_JFO].counts["occurrence"], found[Group.NON_JFO].total) == (1, 1)
    assert (found[Group.ALL].officers, found[Group.ALL].total) == (1, 2)


def test_officers_without_a_file_stand_beside_and_enter_no_mean():
    idle = rows.officer()
    rows.assignment(idle, "SPVM-JFO", date(2011, 3, 31))
    busy = jfo_officer_until_september()
    before = rows.officer(end=date(2010, 3, 31))
    other = rows.officer()
    found = kinds(of(idle, busy, before, other))
    assert (found[Group.JFO].officers, found[Group.JFO].without_files) == (1, 1)
    assert (found[Group.NON_JFO].officers, found[Group.NON_JFO].without_files) == (0, 1)
    assert found[Group.JFO].mean("case") == 1
    assert found[Group.NON_JFO].mean("case") is None


def test_files_of_the_year_before_and_after_do_not_count():
    officer = rows.officer()
    for day in (date(2010, 3, 31), date(2010, 4, 1), date(2011, 3, 31), date(2011, 4, 1)):
        rows.file(officer, day)
    assert kinds(of(officer))[Group.ALL].total == 2


def test_a_file_stays_with_the_region_in_which_it_was_opened():
    officer = rows.officer("QUE")
    rows.file(officer, date(2010, 5, 1))
    Officer.objects.filter(pk=officer.pk).update(region=Region.objects.get(code="ATL"))
    (tally,) = of(officer)[Group.ALL]
    assert tally.region == "QUE"
    assert tally.home_id != tally.region_id


def test_files_without_a_status_are_counted_as_such():
    officer = rows.officer()
    rows.file(officer, date(2010, 5, 1), status="unspecified")
    rows.file(officer, date(2010, 5, 1), status="closed")
    activity = by_status(of(officer)[Group.ALL])
    assert (activity.counts["unspecified"], activity.counts["closed"]) == (1, 1)


@pytest.mark.parametrize("rule", Rule)
def test_each_officer_costs_three_queries(rule: Rule, django_assert_num_queries: Callable):
    with django_assert_num_queries(3):
        per_officer(Officer.objects.all(), YEAR, rule=rule)


def test_the_sums_of_a_year_cost_one_query(django_assert_num_queries: Callable):
    with django_assert_num_queries(1):
        totals(YEAR)


# Added up by the database


def test_the_groups_of_the_demonstration_add_up():
    found = totals(YEAR)
    jfo, other, everybody = (found.of(None, group) for group in Group)
    assert jfo.officers + other.officers == everybody.officers == 346
    assert jfo.by_kind.total + other.by_kind.total == everybody.by_kind.total == ImsFile.objects.count()
    assert jfo.without_files + other.without_files == everybody.without_files
    assert jfo.by_kind.mean_total == Decimal(jfo.by_kind.total) / 43


@pytest.mark.parametrize("rule", Rule)
def test_what_the_database_adds_up_is_what_the_officers_add_up_to(rule: Rule):
    mover = jfo_officer_until_september()
    Officer.objects.filter(pk=mover.pk).update(region=Region.objects.get(code="ATL"))
    rows.file(Officer.objects.get(pk=mover.pk), date(2010, 5, 1), "ors", "closed")
    rows.officer("PAC")
    assert totals(YEAR, rule=rule) == summed(per_officer(Officer.objects.all(), YEAR, rule=rule))


def test_an_officer_with_files_in_two_regions_is_one_of_each_and_one_of_all():
    before = {region: totals(YEAR).of(region, Group.ALL).officers for region in ("QUE", "ATL", None)}
    officer = rows.officer("QUE")
    rows.file(officer, date(2010, 5, 1))
    Officer.objects.filter(pk=officer.pk).update(region=Region.objects.get(code="ATL"))
    rows.file(Officer.objects.get(pk=officer.pk), date(2010, 6, 1))
    after = {region: totals(YEAR).of(region, Group.ALL).officers for region in ("QUE", "ATL", None)}
    assert {region: after[region] - before[region] for region in after} == {"QUE": 1, "ATL": 1, None: 1}


def test_nothing_was_opened_in_a_year_without_files():
    nothing = totals(FiscalYear(1960))
    assert nothing.regions_with_files == set()
    assert nothing.of(None, Group.ALL).by_status == Activity(0, 0, dict.fromkeys(ImsStatus.values, 0))


def test_moving_an_officer_today_changes_no_figure_of_a_past_year():
    before = totals(YEAR)
    officer = Officer.objects.filter(region__code="QUE", ims_files__isnull=False, assignments__isnull=False)[0]
    officer.region = Region.objects.get(code="ATL")
    officer.save_as(None)
    rows.assignment(rows.officer("QUE"), "SPVM-JFO", date(2011, 4, 1))
    after = totals(YEAR)
    for region in ("QUE", "ATL", None):
        for group in Group:
            assert after.of(region, group).counts == before.of(region, group).counts
            assert after.of(region, group).officers == before.of(region, group).officers


def test_files_are_counted_by_the_month_in_which_they_were_opened():
    officer = rows.officer()
    for day in (date(2010, 3, 31), date(2010, 4, 1), date(2010, 4, 30), date(2011, 3, 31), date(2011, 4, 1)):
        rows.file(officer, day)
    months = opened_by_month(ImsFile.objects.filter(officer=officer), YEAR)
    assert next(iter(months)) == date(2010, 4, 1)
    assert list(months)[-1] == date(2011, 3, 1)
    assert len(months) == 12
    assert {month: number for month, number in months.items() if number} == {date(2010, 4, 1): 2, date(2011, 3, 1): 1}


def test_the_months_add_up_to_the_year():
    assert sum(opened_by_month(ImsFile.objects.all(), YEAR).values()) == totals(YEAR).of(None, Group.ALL).by_kind.total


# Whatever the files


SOME_TALLIES = st.lists(
    st.builds(
        lambda officer, place, is_jfo, counts: Tally(
            officer, place[0], place[1], place[0], is_jfo, {key: number for key, number in counts.items() if number}
        ),
        officer=st.integers(1, 6),
        place=st.sampled_from([(1, "QUE"), (2, "ATL"), (3, "GTA")]),
        is_jfo=st.booleans(),
        counts=st.dictionaries(
            st.tuples(st.sampled_from(ImsKind.values), st.sampled_from(ImsStatus.values)), st.integers(0, 50)
        ),
    ),
    max_size=12,
)


def of_the_year(found: list[Tally]) -> list[Tally]:
    """The tallies as the rule of the year has them: an officer in one group."""
    group = {row.officer_id: row.is_jfo for row in found}
    return [replace(row, is_jfo=group[row.officer_id]) for row in found]


@given(SOME_TALLIES)
def test_parts_add_up_to_wholes(found: list[Tally]):
    sums = summed(of_the_year(found))
    for region in ("QUE", "ATL", "GTA", None):
        jfo, other, everybody = (sums.of(region, group) for group in Group)
        assert jfo.officers + other.officers == everybody.officers
        assert Counter(jfo.counts) + Counter(other.counts) == Counter(everybody.counts)
        assert everybody.by_kind.total == everybody.by_status.total == sum(everybody.counts.values())
    for group in Group:
        of_regions = [sums.of(region, group) for region in ("QUE", "ATL", "GTA")]
        assert sum((Counter(one.counts) for one in of_regions), Counter()) == Counter(sums.of(None, group).counts)
        assert sum(one.officers for one in of_regions) >= sums.of(None, group).officers


@given(SOME_TALLIES.flatmap(lambda found: st.tuples(st.just(found), st.permutations(found))))
def test_the_order_of_entry_changes_nothing(pair: tuple[list[Tally], list[Tally]]):
    found, turned = pair
    assert summed(found) == summed(turned)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from(ImsKind.values), st.sampled_from(ImsStatus.values)), max_size=12
    ).flatmap(lambda files: st.tuples(st.just(files), st.permutations(files)))
)
def test_files_stored_in_any_order_give_the_same_figures(pair: tuple[list, list]):
    found = []
    for files in pair:
        with transaction.atomic():
            officers = [
                rows.officer(region, number=f"ANY-{n}") for n, region in enumerate(("QUE", "QUE", "ATL", "PAC"))
            ]
            rows.assignment(officers[0], "SPVM-JFO", date(2010, 6, 1), date(2010, 6, 1))
            for officer, kind, status in files:
                rows.file(officers[officer], date(2010, 5, 1), kind, status)
            found.append(totals(YEAR))
            assert found[-1] == summed(per_officer(Officer.objects.all(), YEAR))
            transaction.set_rollback(True)
    assert found[0] == found[1]
    jfo, other, everybody = (found[0].of(None, group) for group in Group)
    assert jfo.officers + other.officers == everybody.officers
    assert Counter(jfo.counts) + Counter(other.counts) == Counter(everybody.counts)
