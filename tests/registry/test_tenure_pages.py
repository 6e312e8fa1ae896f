"""Tenure and rotation, and capacity: what each reader is told of the officers behind the figures."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from registry.measures.capacity import capacity_on
from registry.measures.tenure import Band, band_of, bands, resting_on_one, tenure_figures, tenures
from registry.models import JFO, Assignment, Establishment, Officer, Region, User
from tests import rows
from tests.pages import body, csv_rows, words

pytestmark = pytest.mark.django_db

DAY = date(2011, 3, 31)
HALF = Decimal("0.50")
SignIn = Callable[[User], Client]


def facts(response: Any) -> dict[str, str]:
    return dict(response.context["facts"])


# Tenure


def test_the_demonstration_has_the_published_tenure(client_of: SignIn, nhq_reviewer: User) -> None:
    """Intelligence officers on a JFO on 31 March 2011: 4.2 years on average, some about 10."""
    response = client_of(nhq_reviewer).get("/en/tenure/")
    found = facts(response)
    assert (found["Officers on a JFO"], found["Mean"], found["Longest"]) == ("45", "4.2 years", "10.0 years")
    assert "Officers have been on their JFO for 4.2 years on average, and for up to 10.0 years" in words(response)
    assert len(re.findall("<circle", body(response))) == 45


def test_the_strip_names_nobody(client_of: SignIn, nhq_reviewer: User) -> None:
    svg = body(client_of(nhq_reviewer).get("/en/tenure/", {"format": "svg"}))
    assert svg.count("<circle") == 45
    for officer in Officer.objects.all():
        assert officer.number not in svg
        assert officer.family_name not in svg


def test_the_bands_hold_every_tenure_once() -> None:
    found = bands()
    assert [(band.first, band.last) for band in found] == [
        (0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 7), (7, 10), (10, None)
    ]  # fmt: skip
    for tenure in tenures(Assignment.objects.all(), DAY):
        assert [band for band in found if band.holds(tenure)] == [band_of(tenure)]
    assert [band.label for band in (found[0], found[1], found[2], found[-1])] == [
        "Under 1 year",
        "1 year to under 2",
        "2 years to under 3",
        "10 years or more",
    ]
    assert (Band(5, 7).middle, Band(10, None).middle) == (Decimal(6), Decimal(11))


def test_the_bands_of_a_reviewer_add_to_the_officers(client_of: SignIn, nhq_reviewer: User) -> None:
    lines = csv_rows(client_of(nhq_reviewer).get("/en/tenure/", {"format": "csv", "function": "all"}))
    assert sum(int(line["Officers"]) for line in lines) == 62


def test_a_manager_sees_own_region_in_full(client_of: SignIn, gta_manager: User) -> None:
    response = client_of(gta_manager).get("/en/tenure/", {"region": "GTA", "function": "all"})
    assert "Too few to show" not in words(response).split("Pool and seats")[0]
    exact = [row.years for row in tenures(Assignment.objects.filter(officer__region__code="GTA"), DAY)]
    assert sorted(tenure_figures(gta_manager, DAY, None, "GTA").dots) == sorted(exact)


def test_a_manager_sees_nothing_exact_about_another_region(gta_manager: User) -> None:
    found = tenure_figures(gta_manager, DAY, None, "PAC")
    assert found.longest_years is None
    middles = {band.middle for band in bands()}
    assert set(found.dots) <= middles
    shown = {band: count for band, count in found.bands if count is not None}
    # A dot stands for an officer of a band that is shown, and no other.
    assert len(found.dots) == sum(shown.values())


def test_few_officers_of_another_region_are_not_told_of(client_of: SignIn, que_manager: User) -> None:
    response = client_of(que_manager).get("/en/tenure/", {"region": "ATL", "function": "all"})
    assert facts(response)["Officers on a JFO"] == "Too few to show"
    assert facts(response)["Mean"] == "Too few to show"
    assert "<circle" not in body(response)


@pytest.mark.parametrize("username", ["que.manager", "gta.manager", "atl.manager"])
def test_no_total_gives_away_a_hidden_figure(username: str) -> None:
    """Regions, functions and bands are a table of three ways: along each, at least two cells are hidden, or none."""
    reader = User.objects.get(username=username)
    codes = ["ATL", "GTA", "NFE", "NOR", "PAC", "PRA", "QUE", "WSC"]
    for function in (None, "IO", "IA", "CI", "IEO"):
        whole = tenure_figures(reader, DAY, function, None)
        parts = {code: tenure_figures(reader, DAY, function, code) for code in codes}
        if not whole.is_hidden:
            assert sum(part.is_hidden for part in parts.values()) != 1
        for figures in (whole, *parts.values()):
            if not figures.is_hidden:
                assert sum(count is None for _band, count in figures.bands) != 1
    for code in (None, *codes):
        by_function = [tenure_figures(reader, DAY, function, code) for function in ("IO", "IA", "CI", "IEO")]
        if not tenure_figures(reader, DAY, None, code).is_hidden:
            assert sum(part.is_hidden for part in by_function) != 1


def test_past_policy_stands_with_its_actions_for_a_manager_and_without_on_a_past_day(
    client_of: SignIn, que_manager: User, nhq_reviewer: User
) -> None:
    row = Assignment.objects.get(officer__number="O-0001", end=None)
    address = f"/en/assignments/{row.pk}/extend/"
    page = body(client_of(que_manager).get("/en/tenure/"))
    assert address in page
    assert "/en/assignments/?state=unreviewed" in page
    past = body(client_of(que_manager).get("/en/tenure/", {"as_of": "2011-03-30"}))
    assert "O-0001" in past
    assert address not in past
    assert address not in body(client_of(nhq_reviewer).get("/en/tenure/"))


def test_the_lists_are_in_order_of_number_and_code(client_of: SignIn, nhq_reviewer: User) -> None:
    for number in ("T-2", "T-1", "T-3"):
        rows.assignment(rows.officer(number=number), "FAE", date(2002 + int(number[-1]), 4, 1), fte=HALF)
    context = client_of(nhq_reviewer).get("/en/tenure/").context
    for name in ("past_policy_rows", "resting_rows"):
        keys = [row[0].text for row in context[name]]
        assert keys == sorted(keys)
        assert len(keys) > 2
    assert all(heading.href is None for heading in context["past_policy_headings"])


@pytest.mark.parametrize("address", ["/en/assignments/", "/en/officers/"])
def test_no_list_of_people_can_be_sorted_by_tenure(client_of: SignIn, nhq_reviewer: User, address: str) -> None:
    headings = client_of(nhq_reviewer).get(address).context["headings"]
    found = [heading for heading in headings if re.search("tenure|years", str(heading.label), re.IGNORECASE)]
    assert [heading.href for heading in found] == [None]


def test_a_jfo_rests_on_one_officer_until_a_second_comes() -> None:
    def alone(day: date) -> bool:
        return resting_on_one(JFO.objects.filter(code="FAE"), day).exists()

    assert alone(DAY)
    rows.assignment(rows.officer(), "FAE", date(2011, 3, 31), date(2011, 3, 31), fte=HALF)
    assert [alone(day) for day in (date(2011, 3, 30), DAY, date(2011, 4, 1))] == [True, False, True]
    Assignment.objects.filter(jfo__code="FAE").delete()
    assert not alone(DAY)


def test_a_manager_is_told_of_own_jfos_that_rest_on_one(client_of: SignIn, atl_manager: User) -> None:
    context = client_of(atl_manager).get("/en/tenure/").context
    assert {row[2].text for row in context["resting_rows"]} == {"ATL"}


def test_an_unknown_region_or_function_says_so(client_of: SignIn, que_manager: User) -> None:
    response = client_of(que_manager).get("/en/tenure/", {"region": "XX", "function": "\0"})
    assert response.status_code == 200
    assert "Select a valid choice" in words(response)


@pytest.mark.parametrize("username", ["nhq.reviewer", "que.manager"])
@pytest.mark.parametrize("address", ["/en/tenure/", "/en/capacity/"])
def test_the_pages_cost_few_queries(
    client_of: SignIn, username: str, address: str, django_assert_max_num_queries: Callable
) -> None:
    client = client_of(User.objects.get(username=username))
    for number in range(20):
        rows.assignment(rows.officer(number=f"T-{number}"), "FAE", date(2004, 4, 1), fte=HALF)
    client.get(address)
    with django_assert_max_num_queries(15):
        client.get(address)


# Capacity


def regions() -> list[Region]:
    return list(Region.objects.as_of(DAY))


def test_the_rows_add_to_the_total(nhq_reviewer: User) -> None:
    *found, total = capacity_on(regions(), nhq_reviewer, DAY)
    assert total.in_service == Officer.objects.as_of(DAY).count() == sum(row.in_service for row in found)
    assert (total.officers, total.assigned) == (62, Decimal("61.5"))
    assert total.free == total.in_service - total.assigned == sum(row.free for row in found)
    assert total.pool == sum((row.pool for row in found), type(total.pool)())


def test_seats_are_those_of_the_day_and_a_full_jfo_fills_no_other(nhq_reviewer: User) -> None:
    Establishment.objects.all().delete()
    for code, fte in (("FAE", "3.00"), ("SPVM-JFO", "0.10"), ("IBET-QUE-1", "1.00")):
        jfo = JFO.objects.get(code=code)
        Establishment(jfo=jfo, fte=Decimal(fte), start=date(2010, 4, 1)).save_as(None)
    found = {row.region.code: row for row in capacity_on(regions(), nhq_reviewer, DAY)[:-1] if row.region}
    # FAE has one officer of three seats; SPVM-JFO has more than was agreed.
    assert (found["QUE"].seats, found["QUE"].unfilled) == (Decimal("4.10"), Decimal("2.00"))
    assert capacity_on(regions(), nhq_reviewer, date(2010, 3, 31))[-1].seats == 0


def test_the_share_that_ever_served_counts_those_in_service_alone(nhq_reviewer: User) -> None:
    before = capacity_on(regions(), nhq_reviewer, DAY)[-1].ever
    rows.assignment(rows.officer(), "FAE", date(2005, 4, 1), date(2006, 3, 31))
    rows.assignment(rows.officer(end=date(2008, 3, 31)), "FAE", date(2006, 4, 1), date(2007, 3, 31))
    rows.assignment(rows.officer(), "FAE", date(2011, 4, 1))
    assert capacity_on(regions(), nhq_reviewer, DAY)[-1].ever == before + 1


@pytest.mark.parametrize("username", ["nhq.reviewer", "que.manager"])
def test_every_figure_that_is_a_link_is_the_count_of_its_list(client_of: SignIn, username: str) -> None:
    client = client_of(User.objects.get(username=username))
    response = client.get("/en/capacity/")
    opened = 0
    for row in [*response.context["rows"], response.context["totals"]]:
        for cell in row:
            if cell.href is None or cell.text == "0" or "/jfos/" in cell.href:
                continue
            caption = words(client.get(cell.href))
            opened += 1
            assert f"{cell.text} officer" in caption or f"{cell.text} FTE" in caption, cell.href
    assert opened > 4


def test_the_links_keep_the_day(client_of: SignIn, que_manager: User) -> None:
    response = client_of(que_manager).get("/en/capacity/", {"as_of": "2010-06-30"})
    hrefs = [cell.href for row in response.context["rows"] for cell in row if cell.href]
    assert hrefs
    assert all("as_of=2010-06-30" in href for href in hrefs)


def test_a_manager_sees_own_region_in_full_and_no_few_of_another(client_of: SignIn, que_manager: User) -> None:
    lines = {line["Region"]: line for line in csv_rows(client_of(que_manager).get("/en/capacity/", {"format": "csv"}))}
    assert all(lines["QUE"].values())
    assert (lines["QUE"]["In service"], lines["QUE"]["Officers on a JFO"]) == ("60", "8")
    assert lines["ATL"]["Officers on a JFO"] == lines["ATL"]["Free FTE"] == ""
    # Less the officers with files of Exhibit 7, that would be the few without.
    assert lines["ATL"]["In service"] == ""
    assert lines["PAC"]["In service"] == "66"


@pytest.mark.parametrize("username", ["que.manager", "gta.manager", "atl.manager"])
@pytest.mark.parametrize("name", ["in_service", "IO", "IA", "CI", "IEO", "officers", "ever", "filled", "unfilled"])
def test_no_column_gives_away_its_one_hidden_figure(username: str, name: str) -> None:
    reader = User.objects.get(username=username)
    *found, total = capacity_on(regions(), reader, DAY)
    hidden = sum(row.shown(name) is None for row in found)
    assert hidden != 1 or total.shown(name) is None


@pytest.mark.parametrize("username", ["que.manager", "gta.manager", "atl.manager"])
def test_no_row_gives_away_its_one_hidden_function(username: str) -> None:
    reader = User.objects.get(username=username)
    for row in capacity_on(regions(), reader, DAY):
        hidden = [name for name in ("IO", "IA", "CI", "IEO") if row.shown(name) is None]
        assert len(hidden) != 1 or row.shown("in_service") is None
        # The rest of the pool would say how much of it is on JFOs.
        if row.shown("assigned") is None:
            assert row.shown("free") is None


def test_both_pages_speak_french(client_of: SignIn, que_manager: User) -> None:
    client = client_of(que_manager)
    assert "4,2 ans" in words(client.get("/fr/tenure/"))
    capacity = words(client.get("/fr/capacity/"))
    assert "Capacité" in capacity
    assert "AR AnR CI IEO" in capacity
