"""Files per officer, of JFO officers and of the others."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from jfo_portal.kit.fiscal import FiscalYear
from performance.measures.activity import Activity, Group, Rule, Tally, by_kind, by_status, groups, tallies
from performance.models import ImsFile
from registry.models import Officer, Region
from tests import rows

pytestmark = pytest.mark.django_db

YEAR = FiscalYear(2010)


def of(*officers: Officer, rule: Rule = Rule.YEAR) -> dict[Group, list[Tally]]:
    ids = [officer.pk for officer in officers]
    files = ImsFile.objects.filter(officer__in=ids)
    return groups(tallies(files, Officer.objects.filter(pk__in=ids), YEAR, rule=rule))


def kinds(found: dict[Group, list[Tally]]) -> dict[Group, Activity]:
    return {group: by_kind(of_group) for group, of_group in found.items()}


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


def test_the_groups_of_the_demonstration_add_up():
    found = kinds(groups(tallies(ImsFile.objects.all(), Officer.objects.all(), YEAR)))
    jfo, other, everybody = found[Group.JFO], found[Group.NON_JFO], found[Group.ALL]
    assert jfo.officers + other.officers == everybody.officers == 346
    assert jfo.total + other.total == everybody.total == ImsFile.objects.count()
    assert jfo.without_files + other.without_files == everybody.without_files
    assert jfo.mean_total == Decimal(jfo.total) / 43


@pytest.mark.parametrize("rule", Rule)
def test_activity_costs_three_queries(rule: Rule, django_assert_num_queries: Callable):
    with django_assert_num_queries(3):
        tallies(ImsFile.objects.all(), Officer.objects.all(), YEAR, rule=rule)
