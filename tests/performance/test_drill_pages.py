"""The last steps of the drill: one JFO, one officer, and one fiscal year against another."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.test import Client

from jfo_portal.kit.fiscal import FiscalYear
from performance.measures.cost import cost, half_up, pays_of_years
from performance.models import ImsFile
from registry.models import Assignment, Officer, User
from tests import rows as make
from tests.pages import body, csv_rows, words

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User], Client]
QUERIES = 15
YEAR = FiscalYear(2010)
JFO, ELSEWHERE, OFFICER = (
    "/en/performance/jfos/IBET-QUE-1/",
    "/en/performance/jfos/GTADS/",
    "/en/performance/officers/O-0001/",
)
AGAINST = "compare=2009-2010"


# One JFO


def test_a_jfo_stands_beside_the_mean_of_its_region(reviewer: Client) -> None:
    text = words(reviewer.get(JFO))

    assert "Performance: IBET-QUE-1" in text
    assert "40.0 files per officer; those compared: 67.0" in text
    assert "JFO officers, QUE (n = 7)" in text
    assert "Salaries $69,712" in text
    assert "Outcomes that this JFO claims 5" in text
    assert "1 assignment to this JFO in the year" in text


def test_the_way_to_an_officer_goes_through_every_level(reviewer: Client) -> None:
    national, region = (body(reviewer.get(f"/en/performance/{path}")) for path in ("", "regions/QUE/"))
    jfo, officer = body(reviewer.get(JFO)), body(reviewer.get(OFFICER))

    assert "/en/performance/regions/QUE/?fy=2010-2011" in national
    assert f"{JFO}?fy=2010-2011" in region
    assert f"{OFFICER}?fy=2010-2011" in jfo
    for address in (
        "/en/performance/?fy=2010-2011",
        "/en/performance/regions/QUE/?fy=2010-2011",
        f"{JFO}?fy=2010-2011",
    ):
        assert f'href="{address}"' in officer.split("<h1")[0]


def test_the_jfos_own_page_leads_to_its_figures(reviewer: Client) -> None:
    assert f"{JFO}?fy=2010-2011" in body(reviewer.get("/en/jfos/IBET-QUE-1/?part=performance"))


def test_the_files_by_kind_status_and_month_are_the_same_files(reviewer: Client) -> None:
    by = {name: csv_rows(reviewer.get(f"{JFO}?chart={name}&format=csv")) for name in ("kinds", "statuses", "months")}
    whole = next(int(row["Files"]) for row in by["kinds"] if row["Kind of file"] == "All")

    assert sum(int(row["Files"]) for row in by["statuses"]) == whole
    assert sum(int(row["Files"]) for row in by["months"]) == whole
    assert sum(int(row["Files"]) for row in by["kinds"]) == 2 * whole


def test_a_manager_reads_of_another_regions_jfo_what_is_not_about_its_officers(manager: Client) -> None:
    text = words(manager.get(ELSEWHERE))

    assert "The activity and the cost of another region’s JFO are restricted" in text
    assert "Outcomes that this JFO claims" in text
    assert "Salaries" not in text
    assert "files per officer" not in text
    assert manager.get(f"{ELSEWHERE}?chart=kinds&format=csv").status_code == 404


def test_a_managers_jfo_shows_own_officers_alone(manager: Client, reviewer: Client) -> None:
    guest = make.officer("ATL")
    make.file(guest, date(2010, 6, 1))
    make.assignment(guest, "IBET-QUE-1", date(2010, 5, 1))

    assert guest.number not in body(manager.get(JFO))
    assert guest.number in body(reviewer.get(JFO))
    assert "Figures of the officers of your regions." in words(manager.get(JFO))


def test_a_jfo_without_files_and_service_says_so(reviewer: Client) -> None:
    text = words(reviewer.get(f"{JFO}?fy=1999-2000"))

    assert "IBET-QUE-1: no IMS file on record was opened in fiscal year 1999-2000." in text
    assert "IBET-QUE-1: no service on a JFO in fiscal year 1999-2000." in text


# One officer


def test_an_officers_counts_stand_beside_the_regions_mean(reviewer: Client) -> None:
    officer = Officer.objects.get(number="O-0001")
    files = ImsFile.objects.filter(officer=officer, fiscal_year=2010).count()
    text = words(reviewer.get(OFFICER))

    assert f"{officer.name}, O-0001" in text
    assert f"{files} files in the year; the mean of those compared:" in text
    assert "Mean of the region, QUE (n =" in text


def test_an_officer_of_another_region_is_not_found(manager: Client, client_of: ClientOf, atl_manager: User) -> None:
    assert manager.get(OFFICER).status_code == 200
    assert client_of(atl_manager).get(OFFICER).status_code == 404
    assert client_of(atl_manager).get(f"{OFFICER}?fy=nonsense").status_code == 404
    assert client_of(atl_manager).get(f"{OFFICER}?chart=kinds&format=csv").status_code == 404


@pytest.mark.parametrize("address", [JFO, OFFICER])
@pytest.mark.parametrize("query", ["fy=2010", "fy=%00", "as_of=31/03/2011"])
def test_what_cannot_be_read_is_refused_in_a_sentence(reviewer: Client, address: str, query: str) -> None:
    response = reviewer.get(f"{address}?{query}")

    assert response.status_code == 400
    assert "These figures cannot be shown" in words(response)


@pytest.mark.parametrize("path", ["jfos/NOWHERE/", "jfos/%00/", "officers/O-9999/", "officers/%00/"])
def test_what_there_is_not_is_not_found(reviewer: Client, path: str) -> None:
    assert reviewer.get(f"/en/performance/{path}").status_code == 404


@pytest.mark.parametrize("address", [JFO, OFFICER, ELSEWHERE])
def test_a_page_asks_few_queries(
    address: str, reviewer: Client, manager: Client, django_assert_max_num_queries: Callable
) -> None:
    for client in (reviewer, manager):
        cache.clear()
        with django_assert_max_num_queries(QUERIES):
            client.get(address)


# One fiscal year against another


def test_two_years_stand_beside_one_another(reviewer: Client) -> None:
    response = reviewer.get(f"/en/performance/?{AGAINST}")
    text = words(response)

    assert "Performance: All regions, 2010-2011 against 2009-2010" in text
    assert "there are no IMS files of both years on record" in text
    assert "Salaries: the greatest change is PAC, −$" in text
    assert '<option value="2009-2010" selected>' in body(response)


def test_the_salaries_of_two_years_are_those_of_exhibit_11(reviewer: Client) -> None:
    rows = {row["Region"]: row for row in csv_rows(reviewer.get(f"/en/performance/?{AGAINST}&chart=cost&format=csv"))}
    for year in ("2009-2010", "2010-2011"):
        exhibit = csv_rows(reviewer.get(f"/en/reports/exhibit-11/?fy={year}&format=csv"))
        assert {row["Region"]: row["Salaries"] for row in exhibit} == {name: row[year] for name, row in rows.items()}


def test_many_years_are_those_of_the_measure(reviewer: Client) -> None:
    rows = csv_rows(reviewer.get(f"/en/performance/regions/QUE/?{AGAINST}&chart=trend&format=csv"))
    years = [FiscalYear(start) for start in range(2005, 2011)]
    found = pays_of_years(Assignment.objects.filter(jfo__region__code="QUE"), years)

    assert list(rows[0])[1:] == [str(year) for year in years]
    for year in years:
        whole = half_up(cost(found[year]).salaries)
        assert abs(sum(Decimal(row[str(year)]) for row in rows) - whole) <= len(rows)


def test_activity_of_two_years_is_a_slope_where_both_have_files(reviewer: Client) -> None:
    officer = Officer.objects.filter(region__code="QUE", number="O-0001").get()
    for day in (1, 2, 3):
        make.file(officer, date(2009, 6, day))
    (row,) = (
        row
        for row in csv_rows(reviewer.get(f"/en/performance/?{AGAINST}&chart=activity&format=csv"))
        if row["Region"] == "QUE"
    )
    by_kind = csv_rows(reviewer.get(f"/en/performance/regions/QUE/?{AGAINST}&chart=activity-jfo&format=csv"))

    assert (row["2009-2010"], row["2010-2011"]) == ("3.0", "67.0")
    assert {row["Kind of file"]: row["2009-2010"] for row in by_kind}["Cases"] == "3.0"


def test_a_manager_is_told_the_cost_of_own_regions_over_the_years_alone(manager: Client) -> None:
    rows = csv_rows(manager.get(f"/en/performance/?{AGAINST}&chart=trend&format=csv"))

    assert [row["Region"] for row in rows] == ["QUE"]
    assert "Cost is that of your regions." in words(manager.get(f"/en/performance/?{AGAINST}"))
    elsewhere = manager.get(f"/en/performance/regions/ATL/?{AGAINST}")
    assert "The cost of other regions over the years is restricted." in words(elsewhere)
    assert manager.get(f"/en/performance/regions/ATL/?{AGAINST}&chart=cost&format=csv").status_code == 404


def test_small_groups_stay_hidden_in_both_years(manager: Client) -> None:
    """What an exhibit hides, a comparison of years does too."""
    for officer in Officer.objects.filter(region__code="ATL")[:3]:
        make.file(officer, date(2009, 6, 1))
    for officer in Officer.objects.filter(region__code="QUE")[:6]:
        make.file(officer, date(2009, 6, 1))
    rows = {
        row["Region"]: row for row in csv_rows(manager.get(f"/en/performance/?{AGAINST}&chart=activity&format=csv"))
    }

    assert rows["ATL"]["2009-2010"] == rows["ATL"]["2010-2011"] == rows["ATL"]["Difference"] == ""


@pytest.mark.parametrize(
    "query", ["compare=x", "compare=2010", "compare=2010-2011", "compare=%00", "compare=9999-10000"]
)
def test_a_year_that_cannot_be_compared_is_refused_in_a_sentence(reviewer: Client, query: str) -> None:
    response = reviewer.get(f"/en/performance/?{query}")

    assert response.status_code == 400
    assert "These figures cannot be shown" in words(response)


@pytest.mark.parametrize("address", [f"/en/performance/?{AGAINST}", f"/en/performance/regions/QUE/?{AGAINST}"])
def test_a_comparison_asks_few_queries(address: str, reviewer: Client, django_assert_max_num_queries: Callable) -> None:
    # How far the files reach is asked once a minute.
    reviewer.get("/en/performance/")
    with django_assert_max_num_queries(QUERIES):
        reviewer.get(address)


# Where


def test_every_region_has_a_tile_that_leads_to_it(reviewer: Client) -> None:
    tiles = body(reviewer.get("/en/performance/")).split('id="where-title"')[1].split("</svg>")[0]

    assert tiles.count("<a ") == 8
    assert "17.50" in tiles


def test_a_tile_of_a_figure_that_is_not_shown_says_so(manager: Client) -> None:
    tiles = body(manager.get("/en/performance/")).split('id="where-title"')[1].split("</svg>")[0]

    assert "n &lt; 5" in tiles


# In French


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("performance/jfos/IBET-QUE-1/", "40,0 dossiers par agent; ceux à qui l’on compare"),
        ("performance/officers/O-0001/", "Moyenne de la région, QUE (n"),
        ("performance/?compare=2009-2010", "2010-2011 par rapport à 2009-2010"),
        ("performance/files/?group=jfo", "2 511 dossiers du SGR de 43 agents"),
    ],
)
def test_the_pages_speak_french(reviewer: Client, address: str, said: str) -> None:
    assert said in words(reviewer.get(f"/fr/{address}"))


def test_a_chart_of_french_figures_has_no_comma_in_its_numbers(reviewer: Client) -> None:
    drawing = body(reviewer.get("/fr/performance/?compare=2009-2010&chart=trend&format=svg"))

    assert not re.search(r'\b(x|y|x1|x2|cx|width)="[^"]*,', drawing)
