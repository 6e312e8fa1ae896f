"""Dashboards give sums alone, the same as the exhibits, and a manager no figure about a few officers elsewhere."""

import html
import re
from collections.abc import Callable
from datetime import date

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils.translation import override

from performance import freshness
from performance.home import figures
from performance.models import ActivityCount, ImsFile
from registry.models import Officer, User
from tests import rows as make
from tests.pages import body, csv_rows, words

pytestmark = pytest.mark.django_db

QUERIES = 15
NATIONAL, QUE, ATL = "/en/performance/", "/en/performance/regions/QUE/", "/en/performance/regions/ATL/"
CHARTS = {NATIONAL: ("kinds", "statuses", "regions", "cost", "where"), QUE: ("kinds", "statuses", "cost")}
FILES = [f"{page}?chart={name}&format={kind}" for page in CHARTS for name in CHARTS[page] for kind in ("csv", "svg")]
TOO_FEW = "Too few to show (fewer than 5 officers)"


def data(client: Client, address: str) -> list[dict[str, str]]:
    return csv_rows(client.get(address))


# What they show


def test_the_national_page_says_its_findings(reviewer: Client) -> None:
    text = words(reviewer.get(NATIONAL))

    assert "JFO officers opened more files each than other officers: 58.4 against 45.6" in text
    assert "JFO officers opened more files each than other officers in 5 of 8 regions" in text
    assert "Largest salaries: Greater Toronto Area (GTA), $1,176,918, 29.5% of the total" in text


def test_what_stands_behind_the_figures_is_beside_them(reviewer: Client) -> None:
    text = words(reviewer.get(NATIONAL))

    assert "JFO officers 43 22 2,511 72 Other officers 303 9 13,819 668 All IMS users 346 31 16,330 740" in text
    assert "it shows less than was done" in text
    assert "JFO files are all those of an officer who was on a JFO on at least one day of the fiscal year." in text


def test_a_dashboard_has_the_figures_of_the_exhibits(reviewer: Client) -> None:
    means = {
        row["Kind of file"]: row["JFO officers (n = 43)"]
        for row in data(reviewer, f"{NATIONAL}?chart=kinds&format=csv")
    }
    (exhibit,) = (row for row in data(reviewer, "/en/reports/exhibit-7/?format=csv") if row["Group"] == "jfo")

    assert means == {name: exhibit[name] for name in ("Cases", "Occurrences", "Projects", "ORS entries", "All kinds")}
    assert data(reviewer, f"{NATIONAL}?chart=cost&format=csv") == data(reviewer, "/en/reports/exhibit-11/?format=csv")
    assert data(reviewer, f"{QUE}?chart=cost&format=csv") == data(
        reviewer, "/en/reports/exhibit-12/?format=csv&region=QUE"
    )


def test_the_marks_of_a_region_lead_to_its_page_and_back(reviewer: Client) -> None:
    drawing = body(reviewer.get(NATIONAL)).split('<svg xmlns="http://www.w3.org/2000/svg"')[3]

    assert f'<a href="{QUE}?fy=2010-2011">' in drawing
    assert f'<a href="{NATIONAL}?fy=2010-2011">' in body(reviewer.get(QUE))


def test_a_region_stands_beside_the_national_figures(reviewer: Client) -> None:
    response = reviewer.get(QUE)
    text = words(response)

    assert "Performance: Quebec (QUE)" in text
    assert "National: JFO officers (n = 43)" in text
    assert "51.0 (national: 44.3)" in text
    assert 'class="reference"' in body(response)
    assert "Salaries $571,638 Employee benefits $114,328 Salaries and benefits $685,966" in text
    assert "Share of the salaries of all regions 14.3%" in text


def test_a_fiscal_year_can_be_chosen_and_is_kept(reviewer: Client) -> None:
    response = reviewer.get(f"{QUE}?fy=2009-2010")

    assert '<option value="2009-2010" selected>' in body(response)
    assert f'href="{ATL}?fy=2009-2010"' in body(response)
    assert 'href="/en/reports/exhibit-11/?fy=2009-2010&amp;region=QUE"' in body(response)


def test_the_fiscal_year_is_that_of_the_day_asked_for(reviewer: Client) -> None:
    response = reviewer.get(f"{NATIONAL}?as_of=2009-05-01")

    assert '<option value="2009-2010" selected>' in body(response)
    assert "You are looking at May 1, 2009." in body(response)


@pytest.mark.parametrize("address", FILES)
def test_every_chart_is_a_file(address: str, reviewer: Client) -> None:
    response = reviewer.get(f"{address}&fy=2010-2011")

    assert response.status_code == 200
    assert response["Content-Type"] in {"text/csv; charset=utf-8", "image/svg+xml"}
    assert response["Content-Disposition"].startswith("attachment")
    assert len(body(response)) > 100


def test_a_page_links_the_files_of_each_chart(reviewer: Client) -> None:
    for address, names in CHARTS.items():
        page = html.unescape(body(reviewer.get(address)))
        assert re.findall(r'href="\?chart=(\w+)&format=csv"', page) == list(names)
        assert re.findall(r'href="\?chart=(\w+)&format=svg"', page) == list(names)


@pytest.mark.parametrize(
    "address", ["regions/XYZ/", "regions/que/", "?chart=other&format=csv", "?chart=kinds&format=png", "?chart=kinds"]
)
def test_what_there_is_not_is_not_found(address: str, reviewer: Client) -> None:
    assert reviewer.get(f"{NATIONAL}{address}").status_code == 404


@pytest.mark.parametrize("address", [NATIONAL, QUE])
def test_a_wrong_fiscal_year_is_refused_in_a_sentence(address: str, reviewer: Client) -> None:
    response = reviewer.get(f"{address}?fy=2010")

    assert response.status_code == 400
    assert "Write it as two years in a row, for example 2010-2011." in words(response)


# Where there is nothing


def test_a_year_without_files_says_so_and_still_has_its_cost(reviewer: Client) -> None:
    text = words(reviewer.get(f"{NATIONAL}?fy=2008-2009"))

    assert "All regions: no IMS file on record was opened in fiscal year 2008-2009." in text
    assert "The files on record were opened from April 1, 2010 to March 31, 2011." in text
    assert "Largest salaries" in text


def test_a_region_before_its_time_is_an_empty_page(reviewer: Client) -> None:
    text = words(reviewer.get("/en/performance/regions/SOR/"))

    assert "Southern Ontario (SOR): no IMS file on record was opened in fiscal year 2010-2011." in text
    assert "Southern Ontario (SOR): there was no JFO in fiscal year 2010-2011, and nobody was on one." in text


def test_a_portal_without_files_says_who_can_bring_them(reviewer: Client) -> None:
    ImsFile.objects.all()._raw_delete(ImsFile.objects.db)
    ActivityCount.objects.all()._raw_delete(ImsFile.objects.db)
    response = reviewer.get(NATIONAL)

    assert "No IMS file is on record yet. An administrator can import them." in words(response)
    assert "IMS data to" not in body(response)


# What a manager may see


def test_a_manager_sees_every_figure_of_the_own_region(manager: Client, reviewer: Client) -> None:
    for name in CHARTS[QUE]:
        address = f"{QUE}?chart={name}&format=csv"
        assert data(manager, address) == data(reviewer, address)
    assert "Too few" not in words(manager.get(QUE))


def test_few_officers_of_another_region_are_not_shown(manager: Client) -> None:
    rows = {row["Region"]: row for row in data(manager, f"{NATIONAL}?chart=regions&format=csv")}
    text = words(manager.get(NATIONAL))

    assert rows["ATL"] == dict.fromkeys(rows["ATL"], "") | {"Region": "ATL"}
    assert rows["GTA"]["Files per JFO officer"] == "71.2"
    assert TOO_FEW in text
    assert "Figures that rest on fewer than 5 officers outside your regions are not shown" in text
    assert re.search(r"in \d of the \d regions shown", text)


def test_a_small_group_is_shown_with_the_others_where_all_may_be(manager: Client) -> None:
    text = words(manager.get(ATL))

    assert "All IMS users (n = 20)" in text
    assert "JFO officers (n" not in text
    assert f"Salaries {TOO_FEW}" in text
    assert manager.get(f"{ATL}?chart=cost&format=csv").status_code == 404


def test_no_dashboard_names_an_officer(reviewer: Client) -> None:
    names = re.compile("|".join(re.escape(word) for row in Officer.objects.all() for word in (row.number, row.name)))

    for address in (NATIONAL, QUE, *FILES):
        response = reviewer.get(address)
        text = body(response).replace("Dhillon, Renata", "")
        assert not names.search(text), address


@pytest.mark.parametrize("address", [NATIONAL, QUE, ATL, f"{NATIONAL}?fy=2008-2009"])
def test_a_page_asks_few_queries(
    address: str, reviewer: Client, manager: Client, django_assert_max_num_queries: Callable
) -> None:
    for client in (reviewer, manager):
        # What a manager must not be shown is decided once, and kept for a while.
        client.get(address)
        with django_assert_max_num_queries(QUERIES):
            client.get(address)


# Home page and footer


def test_nhq_reads_the_files_of_the_year_on_the_home_page(nhq_reviewer: User) -> None:
    with override("en"):
        (figure,) = figures(nhq_reviewer, date(2011, 3, 31))

    assert (figure.value, figure.label, figure.href) == ("16,330", "IMS files opened in 2010-2011", NATIONAL)


def test_every_page_says_how_far_the_data_reach(manager: Client) -> None:
    for address in ("/en/", "/en/jfos/", "/en/reports/exhibit-4/", NATIONAL):
        assert "IMS data to 2011-03-31" in body(manager.get(address)).split("<footer")[1]
    assert "IMS data" not in body(Client().get("/en/sign-in/"))


def test_the_last_day_of_the_data_is_asked_once_a_minute(django_assert_num_queries: Callable) -> None:
    with django_assert_num_queries(1):
        assert freshness.ims_span() == (date(2010, 4, 1), date(2011, 3, 31))
        freshness.ims_span()
    make.file(make.officer(), date(2011, 4, 2))
    cache.clear()

    assert freshness.ims_span() == (date(2010, 4, 1), date(2011, 4, 2))


def test_that_there_is_no_data_is_asked_once_a_minute_too(django_assert_num_queries: Callable) -> None:
    ImsFile.objects.all()._raw_delete(ImsFile.objects.db)

    with django_assert_num_queries(1):
        assert freshness.ims_span() is None
        assert freshness.ims_span() is None
