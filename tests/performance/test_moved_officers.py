"""Moving an officer today changes no figure of a fiscal year that has ended, on any report, list or dashboard."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from itertools import product
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from jfo_portal.kit import reports
from jfo_portal.kit.access import SYSTEM, Reader
from jfo_portal.kit.fiscal import FiscalYear
from performance.measures.activity import Rule, per_officer, summed, totals
from performance.measures.quality import by_month
from performance.models import ImsFile
from registry import actions
from registry.measures import publication
from registry.measures.capacity import capacity_on, regions_on
from registry.measures.tenure import tenure_figures
from registry.models import Assignment, Officer, Region, User
from tests import rows
from tests.pages import csv_rows, words

pytestmark = pytest.mark.django_db

YEAR = FiscalYear(2010)
MOVED_ON = date(2011, 6, 1)
OWN_REPORTS = ("data-quality", "activity-comparison")


@pytest.fixture(autouse=True)
def _the_year_has_ended(settings: Any) -> None:
    settings.TODAY = MOVED_ON
    cache.clear()


def report_figures(reader: Reader, slugs: list[str], regions: list[str | None]) -> dict[Any, Any]:
    """Return the rows and totals of the reports of the year, for each region or all."""
    found = {}
    for slug, region in product(slugs, regions):
        report = reports.get(slug)
        asked = {"fy": str(YEAR), "as_of": str(YEAR.last_day)} | ({"region": region} if region else {})
        try:
            parameters = report.parameters(asked)
        except ValueError:
            continue  # the report is of other regions, or of none
        data = report.as_json(reader, parameters)
        found[slug, region] = data["rows"], data["totals"]
    return found


def figures(reader: Reader, regions: list[str]) -> dict[Any, Any]:
    """Return every figure of the year by region, as who sees everything reads it."""
    found = report_figures(reader, [report.slug for report in reports.all_for(reader)], [None, *regions])
    for rule in Rule:
        found["totals", rule] = totals(YEAR, rule=rule)
        found["summed", rule] = summed(per_officer(Officer.objects.all(), YEAR, rule=rule))
    found["months"] = by_month(ImsFile.objects.all(), Officer.objects.all(), YEAR, YEAR.last_day)
    for day in (YEAR.first_day, YEAR.last_day):
        of_day = Region.objects.filter(regions_on(day))
        found["capacity", day] = [
            (row.region, sorted(row.pool.items()), row.officers, row.assigned, row.ever, row.filled, row.unfilled)
            for row in capacity_on(of_day, reader, day)
        ]
        for region in (None, *regions):
            found["tenure", day, region] = tenure_figures(reader, day, None, region)
    return found


@contextmanager
def taken_back() -> Iterator[None]:
    """Undo in the database what is done inside."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def some(kind: str) -> Officer:
    """Return an officer of Quebec with files, without any, on a JFO, or gone before the year ended."""
    officers = Officer.objects.filter(region__code="QUE").order_by("number")
    match kind:
        case "gone":
            officer = rows.officer("QUE", date(2009, 1, 1), date(2010, 9, 30))
            rows.assignment(officer, "FAE", date(2009, 4, 1), date(2010, 9, 30))
            return officer
        case "silent":
            return rows.officer("QUE", date(2010, 5, 1))
        case "silent on a JFO":
            officer = rows.officer("QUE", date(2009, 1, 1))
            rows.assignment(officer, "FAE", date(2010, 6, 1))
            return officer
        case "with files":
            return officers.filter(ims_files__isnull=False, assignments__isnull=True)[0]
        case _:
            return officers.filter(ims_files__isnull=False, assignments__isnull=False)[0]


@settings(max_examples=10, deadline=None)
@given(
    st.sampled_from(["gone", "silent", "silent on a JFO", "with files", "on a JFO with files"]),
    st.sampled_from(["GTA", "ATL", "PAC"]),
    st.sampled_from(["act", "save", "update"]),
    st.sampled_from([None, date(2011, 4, 1), date(2011, 5, 2)]),
)
def test_a_move_after_the_year_changes_no_figure_of_it(kind: str, code: str, how: str, day: date | None) -> None:
    with taken_back():
        officer, target = some(kind), Region.objects.get(code=code)
        regions = ["QUE", code]
        before = figures(SYSTEM, regions)
        match how:
            case "act":
                actions.move_officer(officer, by=None, region=target, day=day)
            case "save":
                officer.region = target
                officer.save_as(None)
            case _:
                Officer.objects.filter(pk=officer.pk).update(region=target)
        after = figures(SYSTEM, regions)
        assert {name for name in before if before[name] != after[name]} == set()
        # The year that goes on counts the officer where the officer is now.
        if kind.startswith("silent"):
            (tally,) = per_officer(Officer.objects.filter(pk=officer.pk), YEAR.next)
            assert tally.region == code


@pytest.mark.parametrize("kind", ["silent", "with files", "on a JFO with files"])
def test_nor_does_it_for_the_managers_of_the_two_regions(kind: str, que_manager: User, gta_manager: User) -> None:
    officer = some(kind)

    def own() -> list[Any]:
        return [
            report_figures(manager, list(OWN_REPORTS), [None, *manager.regions.values_list("code", flat=True)])
            for manager in (que_manager, gta_manager)
        ]

    def shown(manager: User, code: str) -> dict[Any, Any]:
        """Return the activity of an own region, which is told whatever is decided of others."""
        return report_figures(manager, ["exhibit-7", "exhibit-8"], [code])

    before = own(), shown(que_manager, "QUE"), shown(gta_manager, "GTA")
    actions.move_officer(officer, by=None, region=Region.objects.get(code="GTA"), day=MOVED_ON)
    cache.clear()
    assert (own(), shown(que_manager, "QUE"), shown(gta_manager, "GTA")) == before


def test_a_figure_leads_to_no_list_that_lacks_the_officer(
    que_manager: User, nhq_reviewer: User, client: Client
) -> None:
    officer = some("silent")
    address = f"/en/performance/quality/?fy={YEAR}&region=QUE"
    client.force_login(que_manager)
    behind = re.compile(r"/en/performance/quality/officers/\?fy=2010-2011&amp;region=QUE&amp;(month|group)")
    assert behind.search(client.get(address).content.decode())
    actions.move_officer(officer, by=None, region=Region.objects.get(code="GTA"))
    assert not behind.search(client.get(address).content.decode())
    client.force_login(nhq_reviewer)
    asked = f"?fy={YEAR}&region=QUE&format=csv"
    for listed in (f"/en/performance/quality/officers/{asked}", f"/en/performance/officers/{asked}&files=no"):
        found = {row["Number"]: row["Region"] for row in csv_rows(client.get(listed))}
        assert found[officer.number] == "QUE"


def test_the_dashboards_say_the_same(nhq_reviewer: User, client: Client) -> None:
    officer = some("on a JFO with files")
    client.force_login(nhq_reviewer)
    addresses = [
        f"/en/performance/?fy={YEAR}",
        *(f"/en/performance/regions/{code}/?fy={YEAR}" for code in ("QUE", "GTA")),
        f"/en/performance/quality/?fy={YEAR}",
        f"/en/performance/comparison/?fy={YEAR}&region=QUE",
        f"/en/performance/officers/{officer.number}/?fy={YEAR}",
    ]

    def told() -> list[str]:
        answers = [client.get(address) for address in addresses]
        assert {answer.status_code for answer in answers} == {200}
        return [words(answer) for answer in answers]

    before = told()
    actions.move_officer(officer, by=None, region=Region.objects.get(code="GTA"))
    assert told() == before


def test_the_mean_beside_an_officer_is_the_region_of_then_for_who_sees_it(
    gta_manager: User, nhq_reviewer: User, client: Client
) -> None:
    officer = some("with files")
    actions.move_officer(officer, by=None, region=Region.objects.get(code="GTA"))
    address = f"/en/performance/officers/{officer.number}/?fy={YEAR}"
    client.force_login(nhq_reviewer)
    assert "Mean of the region, QUE" in words(client.get(address))
    client.force_login(gta_manager)
    assert "Mean of the region, GTA" in words(client.get(address))


def test_both_regions_know_of_the_officer_and_a_third_does_not(que_manager: User) -> None:
    """What is decided of the year takes a moved officer as known to the managers of then and of now, nobody else."""
    officer = some("on a JFO with files")
    actions.move_officer(officer, by=None, region=Region.objects.get(code="GTA"))
    facts = publication.Facts(YEAR)
    person = facts.people[officer.pk]
    codes = {Region.objects.get(pk=pk).code for pk in person.told}
    assert (person.home, codes) == ("QUE", {"QUE", "GTA"})
    served = [row for row in facts.served if row.officer_id == officer.pk]
    assert {row.home for row in served} == {"QUE"}
    assert Assignment.objects.filter(officer=officer, officer_region=officer.region_id).exists() is False


def test_a_file_counts_for_the_region_of_the_day_it_was_opened() -> None:
    officer = rows.officer("QUE")
    actions.move_officer(officer, by=None, region=Region.objects.get(code="GTA"), day=date(2010, 9, 1))
    found = []
    for number, day in enumerate((date(2010, 8, 31), date(2010, 9, 1))):
        file = ImsFile(number=f"T-{number}", officer=officer, kind="case", opened_on=day)
        file.attribute(None).save()
        found.append(file.region.code)
    assert found == ["QUE", "GTA"]
