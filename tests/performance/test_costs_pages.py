"""The pages of cost: every figure is the sum of the rows it leads to, and the same on every path."""

import csv
import html
import io
import json
import re
from collections.abc import Callable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from python_calamine import load_workbook

from jfo_portal.kit import reports
from jfo_portal.kit.access import SYSTEM
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.reports import Parameters
from performance.measures.cost import half_up, total_cost
from performance.measures.rates import rates_of
from performance.models import BenefitRate, SalaryRate
from performance.pay_tables import bill, pay_columns, with_bills
from registry.models import Assignment, Level, User
from tests import rows
from tests.pages import body, csv_rows, words

pytestmark = pytest.mark.django_db

YEAR = FiscalYear(2010)
COSTS = "/en/performance/costs/"
PAY = "/en/performance/costs/assignments/"
ClientOf = Callable[[User], Client]


def facts(response: Any) -> dict[str, tuple[str, str | None]]:
    """The text and the link of each fact of the page, by its label."""
    found = {}
    for label, value in re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", body(response), re.S):
        link = re.search(r'href="([^"]*)"', value)
        found[html.unescape(label)] = (
            html.unescape(re.sub(r"<[^>]+>", "", value)),
            html.unescape(link[1]) if link else None,
        )
    return found


def dollars(text: str) -> Decimal:
    return Decimal(text.replace("$", "").replace(",", ""))


def listed(client: Client, address: str) -> list[dict[str, str]]:
    """The rows of the list, all of them, as its file has them."""
    return csv_rows(client.get(f"{address}&format=csv"))


# Every figure is the sum of its rows


@pytest.mark.parametrize("region", ["", "&region=GTA", "&region=ATL"])
def test_the_salaries_are_those_of_the_assignments_they_lead_to(region: str, nhq_reviewer: User, client_of: ClientOf):
    client = client_of(nhq_reviewer)
    for year in ("2010-2011", "2006-2007", "2007-2008"):
        text, link = facts(client.get(f"{COSTS}?fy={year}{region}"))["Salaries"]
        assert link is not None
        page = client.get(link)
        sums = facts(page)
        assert sums["Salaries, as figures and exhibits print them"][0] == text
        cents = dollars(sums["Salaries, rounded once to the cent"][0])
        assert abs(cents - dollars(text)) <= Decimal("0.5")
        rows_ = listed(client, link)
        added = sum(Decimal(row["Salary"]) for row in rows_)
        assert abs(added - cents) <= Decimal("0.005") * len(rows_)
        assert f"{len(rows_)} assignment" in words(page)


def test_each_jfo_leads_to_its_assignments(nhq_reviewer: User, client_of: ClientOf):
    client = client_of(nhq_reviewer)
    printed = reports.get("cost-by-jfo").rows(SYSTEM, Parameters(YEAR.last_day, YEAR))
    page = html.unescape(body(client.get(f"{COSTS}?fy=2010-2011")))
    assert len(printed) > 40
    for row in printed[::7]:
        link = f"{PAY}?fy=2010-2011&jfo={row['jfo']}"
        assert f'href="{link}">${row["salaries"]:,}<' in page, row
        added = sum((Decimal(one["Salary"]) for one in listed(client, link)), Decimal(0))
        assert added.quantize(Decimal(1), ROUND_HALF_UP) == row["salaries"], row


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("region", ["ATL", "GTA", "NFE", "NOR", "PAC", "PRA", "QUE", "SOR", "WSC"]),
        ("kind", ["binational", "national", "regional"]),
    ],
)
def test_the_parts_of_the_list_add_to_the_whole(name: str, values: list[str], nhq_reviewer: User, client_of: ClientOf):
    client = client_of(nhq_reviewer)
    whole = listed(client, f"{PAY}?fy=2010-2011")
    parts = [row for value in values for row in listed(client, f"{PAY}?fy=2010-2011&{name}={value}")]
    assert sorted(map(str, parts)) == sorted(map(str, whole))


def test_what_a_row_says_is_enough_to_work_it_out(nhq_reviewer: User, client_of: ClientOf):
    rates = rates_of(YEAR).salaries
    for row in listed(client_of(nhq_reviewer), f"{PAY}?fy=2010-2011"):
        if row["Levels"] not in rates:
            continue
        exact = Fraction(row["FTE"]) * int(row["Days paid"]) * Fraction(rates[row["Levels"]]) / YEAR.days
        assert half_up(exact, 2) == Decimal(row["Salary"]), row


# A promotion


def test_a_promotion_in_mid_year_splits_at_its_day_to_the_cent(nhq_reviewer: User, client_of: ClientOf):
    officer = rows.officer(number="T-PROMOTED")
    rows.level(officer, Level.FB_03, date(2009, 4, 1), date(2010, 10, 14))
    rows.level(officer, Level.FB_04, date(2010, 10, 15))
    rows.assignment(officer, "FAE", date(2010, 4, 1), fte=Decimal("0.70"))
    # 197 days at 57,345 and 168 at 69,712, at 0.70 of full time: 21,665.4127 and 22,460.6334, together 44,126.0461. The
    # cent that rounding each would lose goes to the part that lost most.
    lower, higher = Decimal("21665.41"), Decimal("22460.64")
    page = words(client_of(nhq_reviewer).get(f"{PAY}?fy=2010-2011&officer=T-PROMOTED"))
    assert f"FB-03, FB-04 365 0.70 ${lower + higher:,}" in page
    assert f"FB-03 from 2010-04-01 to 2010-10-14: 197 days, ${lower:,}" in page
    assert f"FB-04 from 2010-10-15 to 2011-03-31: 168 days, ${higher:,}" in page


def test_in_a_leap_year_a_day_is_a_366th(nhq_reviewer: User, client_of: ClientOf):
    officer = rows.officer(number="T-LEAP")
    rows.level(officer, Level.FB_04, date(2007, 4, 1))
    rows.assignment(officer, "FAE", date(2007, 4, 1), date(2008, 2, 29))
    rows.assignment(officer, "SPVM-JFO", date(2008, 3, 1), date(2008, 3, 31))
    leap = listed(client_of(nhq_reviewer), f"{PAY}?fy=2007-2008&officer=T-LEAP")
    assert [(row["Days paid"], row["Salary"]) for row in leap] == [("335", "60543.47"), ("31", "5602.53")]
    assert sum(Decimal(row["Salary"]) for row in leap) == 66_146


def test_the_cents_of_the_parts_are_those_of_the_row():
    officer = rows.officer()
    for number, level in enumerate([Level.FB_03, Level.FB_04, Level.FB_05]):
        rows.level(officer, level, date(2010, 4 + number, 1), date(2010, 4 + number, 7 + number))
    row = rows.assignment(officer, "FAE", date(2010, 4, 1), fte=Decimal("0.33"))
    with_bills([row], rates_of(YEAR))
    found = row.bill  # type: ignore[attr-defined]
    assert sum(found.cents) == found.salary
    assert [part.days for part in found.parts] == [7, 8, 9]
    assert found.unpaid_days == 365 - 24
    assert bill(row, [], rates_of(YEAR)).salary == 0


# The same on every path


@pytest.mark.parametrize("slug", ["exhibit-11", "exhibit-12", "cost-by-jfo"])
@pytest.mark.parametrize("query", [{"fy": "2010-2011"}, {"fy": "2008-2009", "region": "QUE"}])
def test_page_command_json_csv_and_workbook_say_the_same(
    slug: str, query: dict[str, str], nhq_reviewer: User, client_of: ClientOf
):
    client = client_of(nhq_reviewer)
    out = io.StringIO()
    options = [word for name, value in query.items() for word in (f"--{name}", value)]
    call_command("report", slug, *options, stdout=out)
    printed = json.loads(out.getvalue())
    address = f"/en/reports/{slug}/"
    assert json.loads(body(client.get(address, query | {"format": "json"}))) == printed
    columns = [str(column.label) for column in reports.get(slug).columns]
    names = printed["columns"]
    in_csv = list(csv.DictReader(io.StringIO(body(client.get(address, query | {"format": "csv"})))))
    book = load_workbook(io.BytesIO(client.get(address, query | {"format": "xlsx"}).content))
    head, *in_book = book.get_sheet_by_index(0).to_python()
    assert head == columns
    page = words(client.get(address, query))
    assert len(in_csv) == len(in_book) == len(printed["rows"]) > 0
    for row, of_csv, of_book in zip(printed["rows"], in_csv, in_book, strict=True):
        for label, name, cell in zip(columns, names, of_book, strict=True):
            value = row[name]
            if isinstance(value, int | float):
                assert float(of_csv[label]) == float(str(cell)) == value
            else:
                assert of_csv[label] == (cell or "") == (value or "")
        for name in ("salaries", "total"):
            if row.get(name):
                assert f"${row[name]:,}" in page


def test_the_page_of_costs_prints_what_the_exhibits_print(nhq_reviewer: User, client_of: ClientOf):
    asked = Parameters(YEAR.last_day, YEAR)
    page = facts(client_of(nhq_reviewer).get(f"{COSTS}?fy=2010-2011"))
    by_region, by_kind, by_jfo = (
        reports.get(slug).as_json(SYSTEM, asked)["totals"] for slug in ("exhibit-11", "exhibit-12", "cost-by-jfo")
    )
    assert page["Salaries"][0] == f"${by_region['salaries']:,}" == "$3,992,316"
    assert page["Employee benefits, 20% of salaries"][0] == f"${by_region['benefits']:,}"
    assert page["Salaries and benefits"][0] == f"${by_region['total']:,}" == "$4,790,779"
    assert by_kind["salaries"] == by_region["salaries"] == by_jfo["salaries"]
    assert page["FTE on the last day"][0] == "61.50"
    assert by_jfo["fte"] == by_region["fte"] == 61.5
    assert page["FTE-years paid"][0] == f"{by_jfo['fte_years']:.2f}"
    whole = total_cost(Assignment.objects.all(), YEAR)
    assert dollars(page["Cost of an FTE-year"][0]) == half_up(whole.salaries * Fraction(6, 5) / whole.fte_years)


def test_cost_per_case_counts_an_officers_cases_once_and_says_its_caution(nhq_reviewer: User, client_of: ClientOf):
    client = client_of(nhq_reviewer)
    page = client.get(f"{COSTS}?fy=2010-2011")
    cases, link = facts(page)["IMS cases"]
    jfo_row = reports.get("exhibit-7").rows(SYSTEM, Parameters(YEAR.last_day, YEAR))[0]
    assert abs(int(cases.replace(",", "")) - Fraction(str(jfo_row["case"])) * 43) <= Fraction(43, 20)
    assert link is not None
    assert f"{cases} IMS files of" in words(client.get(link))
    by_jfo = reports.get("cost-by-jfo").rows(SYSTEM, Parameters(YEAR.last_day, YEAR))
    assert sum(row["cases"] for row in by_jfo) > int(cases.replace(",", ""))
    assert "Cost per case is no measure of performance" in words(page)
    assert "Le coût par cas ne mesure pas le rendement" in words(client.get("/fr/performance/costs/?fy=2010-2011"))


def test_without_a_benefit_rate_or_anybody_there_is_a_sentence_for_a_figure(nhq_reviewer: User, client_of: ClientOf):
    client = client_of(nhq_reviewer)
    nobody = facts(client.get(f"{COSTS}?fy=1995-1996"))
    assert nobody["FTE-years paid"][0] == "0.00"
    assert nobody["Cost of an FTE-year"][0] == "No benefit rate is recorded for 1995-1996."
    BenefitRate.objects.filter(fiscal_year=2010).delete()
    assert "No benefit rate is recorded for 2010-2011." in words(client.get(f"{COSTS}?fy=2010-2011"))
    BenefitRate(fiscal_year=1995, rate=Decimal("0.2")).save_as(None)
    assert facts(client.get(f"{COSTS}?fy=1995-1996"))["Cost of an FTE-year"][0] == "nothing to divide by"


def test_fiscal_years_stand_beside_one_another(nhq_reviewer: User, client_of: ClientOf):
    client = client_of(nhq_reviewer)
    text = words(client.get(f"{COSTS}?fy=2010-2011"))
    assert "2010-2011 cost $170,790 (3.4%) less than 2009-2010" in text
    years = csv_rows(client.get(f"{COSTS}?fy=2010-2011&chart=years&format=csv"))
    assert [row["Fiscal year"] for row in years][-2:] == ["2009-2010", "2010-2011"]
    for row in years:
        alone = facts(client.get(f"{COSTS}?fy={row['Fiscal year']}"))
        assert alone["Salaries and benefits"][0] == f"${int(row['Salaries and benefits']):,}"


@pytest.mark.parametrize("chart", ["years", "regions", "kinds"])
def test_every_chart_has_its_files(chart: str, nhq_reviewer: User, client_of: ClientOf):
    client = client_of(nhq_reviewer)
    page = html.unescape(body(client.get(f"{COSTS}?fy=2010-2011")))
    for file_format in ("csv", "svg"):
        assert f"chart={chart}&format={file_format}" in page
        assert client.get(f"{COSTS}?fy=2010-2011&chart={chart}&format={file_format}").status_code == 200
    assert client.get(f"{COSTS}?fy=2010-2011&chart={chart}&format=pdf").status_code == 404


# What a manager sees


def test_a_manager_sees_the_own_regions_jfos_alone(que_manager: User, client_of: ClientOf):
    client = client_of(que_manager)
    page = client.get(f"{COSTS}?fy=2010-2011")
    assert facts(page)["Salaries"][0] == "$571,638"
    assert "Figures of your regions’ JFOs" in words(page)
    by_jfo = reports.get("cost-by-jfo")
    asked = Parameters(YEAR.last_day, YEAR)
    own = by_jfo.rows(que_manager, asked)
    assert {row["region"] for row in own} == {"QUE"}
    assert by_jfo.rows(que_manager, Parameters(YEAR.last_day, YEAR, "GTA")) == []
    table = body(page).split('id="jfos-heading"')[1]
    assert "IBET-QUE-1" in table
    assert "GTADS" not in table


def test_a_manager_sees_of_another_region_the_exhibits_cells_alone(que_manager: User, client_of: ClientOf):
    client = client_of(que_manager)
    for region in ("GTA", "ATL"):
        page = client.get(f"{COSTS}?fy=2010-2011&region={region}")
        assert "restricted to the managers of their region" in words(page)
        totals = reports.get("exhibit-11").as_json(que_manager, Parameters(YEAR.last_day, YEAR, region))["totals"]
        shown = "Too few to show" if totals["salaries"] is None else f"${totals['salaries']:,}"
        assert facts(page)["Salaries"] == (shown, None)
        assert "FTE-years paid" not in words(page)
        assert "By JFO" not in words(page)
        assert csv_rows(client.get(f"{PAY}?fy=2010-2011&region={region}&format=csv")) == []
    assert client.get(f"{COSTS}?fy=2010-2011&region=GTA&chart=years&format=csv").status_code == 404


def test_a_manager_is_not_told_the_cases_of_other_regions_officers(que_manager: User, client_of: ClientOf):
    mixed = {
        row["jfo"]: (row["cases"], row["per_case"])
        for row in reports.get("cost-by-jfo").rows(que_manager, Parameters(YEAR.last_day, YEAR))
    }
    serving = Assignment.objects.during(YEAR.first_day, YEAR.last_day).filter(jfo__region__code="QUE")
    others = set(serving.exclude(officer__region__code="QUE").values_list("jfo__code", flat=True))
    assert others
    for jfo, figures in mixed.items():
        assert (figures == (None, None)) == (jfo in others), jfo
    page = facts(client_of(que_manager).get(f"{COSTS}?fy=2010-2011"))
    assert page["IMS cases"][0] == "restricted: officers of another region were on these JFOs"
    assert page["Salaries"][1] is None


def test_a_managers_pay_list_holds_the_own_officers_alone(que_manager: User, client_of: ClientOf):
    found = listed(client_of(que_manager), f"{PAY}?fy=2010-2011")
    own = set(Assignment.objects.filter(officer__region__code="QUE").values_list("officer__number", flat=True))
    assert found
    assert {row["Officer’s number"] for row in found} <= own


def test_who_answers_for_no_region_sees_no_detail(outsider: User, client_of: ClientOf):
    client = client_of(outsider)
    page = client.get(f"{COSTS}?fy=2010-2011")
    assert page.status_code == 200
    assert "FTE-years paid" not in words(page)
    assert listed(client, f"{PAY}?fy=2010-2011") == []


# Addresses


@pytest.mark.parametrize(
    "query", ["fy=2010", "fy=9999-10000", "fy=%00", "region=XYZ", "region=%00", "as_of=2011-02-30", "fy=" + "9" * 300]
)
def test_what_cannot_be_read_is_refused_in_words(query: str, nhq_reviewer: User, client_of: ClientOf):
    response = client_of(nhq_reviewer).get(f"{COSTS}?{query}")
    assert response.status_code == 400
    assert "These figures cannot be shown" in words(response)


@pytest.mark.parametrize(
    "query", ["fy=2010", "fy=%00", "jfo=%00", "kind=x", "officer=%00", "page=x", "sort=salary", "region=" + "9" * 300]
)
def test_the_list_survives_what_cannot_be_read(query: str, nhq_reviewer: User, client_of: ClientOf):
    client = client_of(nhq_reviewer)
    assert client.get(f"{PAY}?{query}").status_code == 200
    assert client.get(f"{PAY}?{query}&format=csv").status_code in {200, 400}


def test_no_list_of_people_sorts_by_what_they_cost(nhq_reviewer: User, client_of: ClientOf):
    page = html.unescape(body(client_of(nhq_reviewer).get(PAY)))
    assert set(re.findall(r"[?&]sort=-?(\w+)", page)) == {"officer", "name", "jfo"}


@pytest.mark.parametrize("address", [f"{COSTS}?fy=2010-2011", f"{COSTS}?fy=2010-2011&region=QUE", f"{PAY}?per=100"])
@pytest.mark.parametrize("username", ["nhq.reviewer", "que.manager"])
def test_a_page_asks_few_queries_whatever_the_rows(
    address: str, username: str, client_of: ClientOf, django_assert_max_num_queries: Callable
):
    client = client_of(User.objects.get(username=username))
    client.get(address)  # what is kept for a minute is asked once
    with django_assert_max_num_queries(15):
        client.get(address)
    for _number in range(20):
        officer = rows.officer()
        rows.level(officer, Level.FB_04, date(2009, 4, 1))
        rows.assignment(officer, "FAE", date(2009, 4, 1))
    client.get(address)
    with django_assert_max_num_queries(15):
        client.get(address)


def test_salaries_with_cents_are_kept_to_the_cent(nhq_reviewer: User, client_of: ClientOf):
    rate = SalaryRate.objects.get(level=Level.FB_04, fiscal_year=2010)
    rate.amount = Decimal("69712.37")
    rate.save_as(None)
    found = listed(client_of(nhq_reviewer), f"{PAY}?fy=2010-2011&jfo=FAE")
    assert [row["Salary"] for row in found] == ["69712.37"]
    assert "$69,712.37" in words(client_of(nhq_reviewer).get("/en/performance/costs/rates/"))


def test_the_files_of_the_list_say_the_same_to_the_cent(nhq_reviewer: User, client_of: ClientOf):
    client = client_of(nhq_reviewer)
    address = f"{PAY}?fy=2007-2008&program=IBET"
    in_csv = listed(client, address)
    in_json = json.loads(body(client.get(f"{address}&format=json")))
    book = load_workbook(io.BytesIO(client.get(f"{address}&format=xlsx").content))
    _head, *in_book = book.get_sheet_by_index(0).to_python()
    place = [column.name for column in pay_columns() if not column.extra].index("salary")
    assert [float(row["Salary"]) for row in in_csv] == [row["salary"] for row in in_json]
    assert [row[place] for row in in_book] == [row["salary"] for row in in_json]
    notes = book.get_sheet_by_index(1).to_python()
    assert ["Salaries, rounded once to the cent", "$1,041,239.25"] in notes
    assert "66 146,00 $" in words(client.get(f"{address.replace('/en/', '/fr/')}"))
