"""The exposure page: what each reader is told, what its figures open, and its files."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from registry.models import JFO, User
from tests.pages import words

pytestmark = pytest.mark.django_db

PAGE = "/en/arrangements/exposure/"
TABLES = ["jfos", "regions", "partners", "periods", "clauses", "forecast"]


@pytest.fixture
def reviewer(client_of: Callable[[User], Client], nhq_reviewer: User) -> Client:
    return client_of(nhq_reviewer)


@pytest.fixture
def manager(client_of: Callable[[User], Client], que_manager: User) -> Client:
    return client_of(que_manager)


def rows_of(client: Client, table: str, **asked: str) -> list[dict[str, Any]]:
    response = client.get(PAGE, {"format": "json", "table": table, **asked})
    assert response.status_code == 200
    rows: list[dict[str, Any]] = response.json()
    return rows


def test_the_fiscal_year_of_the_day_is_counted_through_the_day(reviewer: Client):
    assert "From April 1, 2010 to March 31, 2011, both days counted." in words(reviewer.get(PAGE))
    text = words(reviewer.get(PAGE, {"as_of": "2010-06-29"}))
    assert "From April 1, 2010 to June 29, 2010, both days counted." in text


def test_the_19_jfos_of_exhibit_5_were_exposed_the_worst_first(reviewer: Client):
    rows = rows_of(reviewer, "jfos")
    assert len(rows) == 19
    amounts = [float(row["fte_days"]) for row in rows]
    assert amounts == sorted(amounts, reverse=True)
    assert {row["days"] for row in rows} == {365}


def test_regions_and_months_add_to_the_jfos(reviewer: Client):
    whole = sum(float(row["fte_days"]) for row in rows_of(reviewer, "jfos"))
    for table in ("regions", "periods"):
        assert sum(float(row["fte_days"]) for row in rows_of(reviewer, table)) == pytest.approx(whole)


def test_90_days_of_a_full_time_officer_are_90_fte_days(reviewer: Client):
    asked = {"jfo": "FAE", "first": "2010-04-01", "last": "2010-06-29"}
    (row,) = rows_of(reviewer, "jfos", **asked)
    assert (row["days"], float(row["fte_days"])) == (90, 90.0)
    (stretch,) = rows_of(reviewer, "spells", **asked)
    assert (stretch["first"], stretch["last"], stretch["standing"]) == ("2010-04-01", "2010-06-29", "No arrangement")


def test_a_long_period_is_drawn_by_fiscal_years(reviewer: Client):
    rows = rows_of(reviewer, "periods", first="2007-04-01")
    assert [row["period"] for row in rows] == ["2007-2008", "2008-2009", "2009-2010", "2010-2011"]


def test_a_clause_is_asked_for_as_the_arrangement_is(reviewer: Client):
    by_clause = {row["clause"][0]: row for row in rows_of(reviewer, "clauses")}
    assert max(by_clause, key=lambda letter: float(by_clause[letter]["fte_days"])) == "c"  # met by none
    rows = rows_of(reviewer, "jfos", lack="c")
    assert sum(row["days"] for row in rows) == by_clause["c"]["days"]
    assert sum(row["unknown_days"] for row in rows) == by_clause["c"]["unknown_days"] > 0


def test_the_forecast_tells_from_which_day_each_jfo_is_without(reviewer: Client):
    begins = {row["jfo"]: row["begins"] for row in rows_of(reviewer, "forecast")}
    assert begins["FAE"] == "2011-04-01"
    assert begins["TDS"] == "2011-10-01"  # WCA-2006-0003 expires on 30 September 2011


def test_a_manager_is_told_of_officers_in_own_regions_alone(manager: Client):
    for table in ("jfos", "forecast"):
        rows = rows_of(manager, table)
        own = set(JFO.objects.filter(region__code="QUE").values_list("code", flat=True))
        assert {row["jfo"] in own for row in rows} == {True, False}
        for row in rows:
            is_told = row["jfo"] in own
            assert (row["days"] != "restricted", row["fte_days"] != "restricted") == (is_told, is_told)
            assert row["without"] > 0
    regions = {row["region"]: row["fte_days"] for row in rows_of(manager, "regions")}
    assert [name for name, amount in regions.items() if amount != "restricted"] == ["Quebec"]


def test_what_counts_own_regions_alone_comes_to_the_figure_of_the_region(manager: Client, reviewer: Client):
    own = {row["region"]: row for row in rows_of(reviewer, "regions")}["Quebec"]
    periods = rows_of(manager, "periods")
    assert sum(row["days"] for row in periods) == own["days"]
    assert "count the JFOs of your regions alone" in words(manager.get(PAGE))
    assert rows_of(manager, "jfos", lack="c", region="GTA") == []


def test_the_stretches_of_another_regions_jfo_are_not_found(manager: Client):
    assert manager.get(PAGE, {"format": "json", "table": "spells", "jfo": "BEST-PAC"}).status_code == 404
    page = manager.get(PAGE, {"jfo": "BEST-PAC"})
    assert page.status_code == 200
    assert page.context["spells"] is None


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("query", ["", "lack=c", "partner=RCMP", "region=ATL", "as_of=1950-01-01", "per=25&page=9"])
def test_the_page_answers_in_both_languages(reviewer: Client, language: str, query: str):
    assert reviewer.get(f"/{language}/arrangements/exposure/?{query}").status_code == 200


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("first=2011-02-30", "There is no such day"),
        ("first=2011-03-01&last=2010-03-01", "The last day is before the first day."),
        ("lack=h", "Select a valid choice."),
        ("jfo=%00", "Null characters are not allowed."),
    ],
)
def test_what_cannot_be_read_is_said_and_makes_no_file(reviewer: Client, query: str, said: str):
    page = reviewer.get(f"{PAGE}?{query}")
    assert page.status_code == 200
    if "jfo" not in query:
        assert said in words(page)
    assert reviewer.get(f"{PAGE}?{query}&format=csv&table=jfos").status_code == 400


def test_days_after_the_day_shown_are_not_counted_and_the_page_says_so(reviewer: Client):
    page = reviewer.get(PAGE, {"last": "2012-03-31"})
    assert "Nothing is counted after March 31, 2011" in words(page)
    assert page.context["days"].last.isoformat() == "2011-03-31"


@pytest.mark.parametrize("table", TABLES)
def test_every_table_is_a_file_and_an_unknown_one_is_not_found(reviewer: Client, table: str):
    assert reviewer.get(PAGE, {"format": "xlsx", "table": table}).status_code == 200
    assert reviewer.get(PAGE, {"format": "csv", "table": f"{table}x"}).status_code == 404


def test_the_chart_is_a_file_too(reviewer: Client):
    assert reviewer.get(PAGE, {"format": "svg", "table": "periods"})["Content-Type"] == "image/svg+xml"


def test_every_link_of_the_page_opens_a_page(reviewer: Client):
    html = reviewer.get(PAGE, {"region": "QUE"}).content.decode()
    hrefs = {href.split("#")[0] for href in re.findall(r'href="(\?[^"]+)"', html) if "format=" not in href}
    assert len(hrefs) > 15
    for href in hrefs:
        assert reviewer.get(PAGE + href.replace("&amp;", "&")).status_code == 200


@pytest.mark.parametrize("query", ["", "lack=c", "jfo=FAE"])
def test_the_page_asks_at_most_15_queries(
    manager: Client, reviewer: Client, django_assert_max_num_queries: Callable[..., Any], query: str
):
    for client in (reviewer, manager):
        with django_assert_max_num_queries(15):
            client.get(f"{PAGE}?{query}")
