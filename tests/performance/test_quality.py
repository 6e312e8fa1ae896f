"""What is missing from the IMS files is counted, said beside the figures, and leads to the rows that make it."""

import html
import json
import re
from collections.abc import Callable
from datetime import date
from io import BytesIO, StringIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils.translation import override
from python_calamine import load_workbook

from jfo_portal.kit import exports, reports
from jfo_portal.kit.access import SYSTEM, Reader
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.reports import Parameters
from performance.measures.activity import per_officer
from performance.measures.quality import (
    Lateness,
    behind,
    by_month,
    caveats,
    late,
    late_caveats,
    lateness,
    month_after,
    months_of,
    of_unknown_entry,
    qualities,
    without_entries,
)
from performance.models import ImsFile
from registry.models import Officer, Region, User
from tests import rows
from tests.pages import body, csv_rows, words

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User], Client]

YEAR = FiscalYear(2010)
PAGE, OFFICERS = "/en/performance/quality/", "/en/performance/quality/officers/"
SLUGS = ("data-quality", "activity-comparison")


def entered(officer: Officer, opened_on: date, entered_on: date | None) -> ImsFile:
    """Return a new file of the officer, entered on the day."""
    row = rows.file(officer, opened_on)
    row.entered_on = entered_on
    row.attribute(None).save()
    return row


# Late entry


def test_a_file_is_late_after_more_than_thirty_days_and_one_of_an_unknown_day_is_neither() -> None:
    officer = rows.officer()
    entered(officer, date(2010, 5, 1), date(2010, 5, 1))
    entered(officer, date(2010, 5, 1), date(2010, 5, 31))
    too_late = entered(officer, date(2010, 5, 1), date(2010, 6, 1))
    unknown = entered(officer, date(2010, 5, 1), None)
    files = ImsFile.objects.filter(officer=officer)

    assert list(late(files)) == [too_late]
    assert list(of_unknown_entry(files)) == [unknown]
    assert lateness(files, YEAR) == {"QUE": Lateness(files=4, late=1, unknown=1)}
    assert lateness(files, YEAR)["QUE"].known == 3
    assert lateness(files, YEAR.next) == {}


def test_a_day_over_the_turn_of_the_year_counts_as_one_day() -> None:
    officer = rows.officer()
    entered(officer, date(2010, 12, 2), date(2011, 1, 1))
    entered(officer, date(2010, 12, 1), date(2011, 1, 1))

    assert lateness(ImsFile.objects.filter(officer=officer), YEAR)["QUE"] == Lateness(2, 1, 0)


def test_from_how_many_days_on_a_file_is_late_is_a_setting(settings: Any, reviewer: Client) -> None:
    officer = rows.officer()
    entered(officer, date(2010, 5, 1), date(2010, 5, 4))
    settings.IMS_LATE_DAYS = 2

    assert late(ImsFile.objects.filter(officer=officer)).count() == 1
    assert "Entered more than 2 days late" in words(reviewer.get(PAGE))


def test_a_file_is_not_entered_before_it_was_opened() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        entered(rows.officer(), date(2010, 5, 2), date(2010, 5, 1))


# Officers without an entry


def test_the_months_of_a_fiscal_year_go_from_april_to_march() -> None:
    months = months_of(YEAR)

    assert (months[0], months[-1], len(months)) == (date(2010, 4, 1), date(2011, 3, 1), 12)
    assert [month_after(one) for one in months[:-1]] == months[1:]
    assert month_after(date(2010, 12, 1)) == date(2011, 1, 1)


def test_officers_without_an_entry_are_those_in_service_who_opened_nothing_in_that_time() -> None:
    busy = rows.officer()
    rows.file(busy, date(2010, 5, 31))
    idle = rows.officer()
    left = rows.officer(end=date(2010, 5, 1))
    gone = rows.officer(end=date(2010, 3, 31))
    to_come = rows.officer(start=date(2011, 4, 1))
    of_test = Officer.objects.filter(pk__in=[one.pk for one in (busy, idle, left, gone, to_come)])

    assert set(without_entries(of_test, YEAR)) == {idle, left}
    assert set(without_entries(of_test, YEAR, date(2010, 5, 1))) == {idle, left}
    assert set(without_entries(of_test, YEAR, date(2010, 6, 1))) == {busy, idle}
    months = by_month(ImsFile.objects.all(), of_test, YEAR, date(2011, 3, 31))["QUE"]
    assert [(month.officers, month.without) for month in months] == [(3, 3), (3, 2), *[(2, 2)] * 10]


def test_the_months_stop_where_the_files_on_record_do() -> None:
    of_test = Officer.objects.filter(pk=rows.officer().pk)

    assert len(by_month(ImsFile.objects.all(), of_test, YEAR, date(2010, 6, 1))["QUE"]) == 3
    assert by_month(ImsFile.objects.all(), of_test, YEAR, None) == {"QUE": []}


def test_each_month_of_each_region_counts_as_many_as_its_list() -> None:
    found = by_month(ImsFile.objects.all(), Officer.objects.all(), YEAR, date(2011, 3, 31))
    for code, months in found.items():
        officers = Officer.objects.filter(region__code=code)
        for month in (months[0], months[7], months[11]):
            assert without_entries(officers, YEAR, month.first_day).count() == month.without


def test_whether_an_officer_was_on_a_jfo_in_the_year_is_on_the_list() -> None:
    idle, on_jfo = rows.officer(), rows.officer()
    rows.assignment(on_jfo, "SPVM-JFO", date(2009, 1, 1), date(2010, 4, 1))
    found = without_entries(Officer.objects.filter(pk__in=[idle.pk, on_jfo.pk]), YEAR)

    assert {officer.pk: officer.is_jfo for officer in found} == {idle.pk: False, on_jfo.pk: True}


# Region by region


def test_the_regions_add_to_the_whole() -> None:
    regions, total = qualities(ImsFile.objects.all(), Officer.objects.all(), YEAR)

    for name in ("jfo", "jfo_without", "others", "others_without", "officers", "unspecified", "files"):
        assert sum(getattr(row, name) for row in regions) == getattr(total, name)
    assert sum((row.lateness for row in regions), Lateness()) == total.lateness
    assert (total.jfo, total.jfo_without, total.others, total.others_without) == (65, 22, 312, 9)
    assert (total.files, total.unspecified) == (16_330, 740)


def test_one_region_is_its_row_of_all() -> None:
    regions, _total = qualities(ImsFile.objects.all(), Officer.objects.all(), YEAR)
    for row in regions:
        (alone,), _whole = qualities(ImsFile.objects.all(), Officer.objects.all(), YEAR, row.region)
        assert alone == row


def links(client: Client, address: str) -> list[tuple[str, str]]:
    """Return each number of the page's tables that is a link, with its address."""
    main = body(client.get(address)).split("<main")[1]
    found = re.findall(r'<td[^>]*><a href="([^"]+)">([^<]+)</a></td>', main)
    return [(html.unescape(text), html.unescape(href)) for href, text in found]


def rows_behind(client: Client, address: str) -> int:
    joint = "&" if "?" in address else "?"
    return len(csv_rows(client.get(f"{address}{joint}format=csv")))


def test_every_figure_leads_to_exactly_its_rows(manager: Client) -> None:
    """Of QUE, as its manager sees it; each list is read to the end."""
    found = links(manager, PAGE)

    assert {urlsplit(href).path for _text, href in found} == {
        "/en/performance/quality/officers/",
        "/en/performance/officers/",
        "/en/performance/files/",
    }
    for text, href in found:
        number = int(text.split(" of ")[0].replace(",", ""))
        assert rows_behind(manager, href) == number, href


def test_the_national_figures_lead_to_their_rows_too(reviewer: Client) -> None:
    found = {href: text for text, href in links(reviewer, PAGE)}
    asked = {href: parse_qs(urlsplit(href).query) for href in found}
    for query, number in (
        ({"fy": ["2010-2011"], "late": ["1"]}, 1427),
        ({"fy": ["2010-2011"], "late": ["unknown"]}, 981),
        ({"fy": ["2010-2011"], "status": ["unspecified"]}, 740),
    ):
        (href,) = (href for href, parameters in asked.items() if parameters == query)
        assert found[href] == f"{number:,}"
        assert rows_behind(reviewer, href) == number


def test_a_manager_sees_own_regions_alone(manager: Client) -> None:
    text = words(manager.get(PAGE))

    assert "Figures of your regions: the officers whom they employ, or employed on the last day of a year that" in text
    assert "Quebec (QUE) 9 2 51 1 5.0% 2,612 99" in text
    assert "GTA" not in text
    assert [row["Region"] for row in csv_rows(manager.get("/en/reports/data-quality/?format=csv"))] == ["QUE"]
    assert csv_rows(manager.get("/en/reports/data-quality/?format=csv&region=GTA")) == []
    assert csv_rows(manager.get(f"{OFFICERS}?fy=2010-2011&region=GTA&format=csv")) == []


def test_somebody_who_answers_for_no_region_sees_no_figure(client_of: ClientOf, outsider: User) -> None:
    client = client_of(outsider)

    assert "Nobody was in service, and no file was opened." in words(client.get(PAGE))
    assert client.get("/en/performance/comparison/").status_code == 200
    assert csv_rows(client.get(f"{OFFICERS}?format=csv")) == []


def test_an_officer_who_moved_is_shown_to_the_region_of_now(gta_manager: User, que_manager: User) -> None:
    idle = rows.officer("QUE")
    idle.region = Region.objects.get(code="GTA")
    idle.save_as(None)

    assert idle in without_entries(Officer.objects.visible_to(gta_manager), YEAR)
    assert idle not in without_entries(Officer.objects.visible_to(que_manager), YEAR)


# What is said beside the figures


def caveats_of(reader: Reader, region: str | None = None) -> list[str]:
    found = per_officer(Officer.objects.visible_to(reader), YEAR)
    return caveats(behind([row for row in found if region in (None, row.region)]))


def test_the_caveats_have_numbers_in_both_languages() -> None:
    assert caveats_of(SYSTEM) == [
        "JFO officers without an IMS entry in the year: 22 of 65 (33.8%). They enter no mean.",
        "Other officers in service without an IMS entry in the year: 9 of 312 (2.9%). They enter no mean.",
        "Files without a status: 740 of 16,330 (4.5%). The four statuses add to less than all files.",
    ]
    with override("fr"):
        first, _second, third = caveats_of(SYSTEM)
    assert first.startswith(
        "Agents affectés à une OPC sans inscription au SGR durant l’exercice\xa0: 22 sur 65 (33,8\xa0%)"
    )
    assert "740 sur 16\xa0330 (4,5\xa0%)" in third


def test_a_manager_is_told_of_own_officers_alone(que_manager: User) -> None:
    assert caveats_of(que_manager)[0] == (
        "JFO officers without an IMS entry in the year: 2 of 9 (22.2%). They enter no mean."
    )
    assert caveats_of(que_manager) == caveats_of(SYSTEM, "QUE")
    assert caveats_of(que_manager, "GTA") == []


def test_what_is_not_shown_makes_no_caveat_and_nor_does_what_is_complete() -> None:
    hidden = {"group": "jfo", "officers": None, "without_files": 3, "files": None, "unspecified": 4}
    beside = {"group": "non_jfo", "officers": 30, "without_files": None, "files": 10, "unspecified": None}
    complete = {"group": "all", "officers": 30, "without_files": 0, "files": 100, "unspecified": 0}

    assert caveats([hidden, beside]) == []
    assert caveats([complete]) == []
    assert caveats([]) == []
    assert late_caveats(Lateness(10, 0, 0)) == []


@pytest.mark.parametrize("slug", ["exhibit-7", "exhibit-8"])
def test_the_exhibits_of_activity_say_what_is_missing(slug: str, reviewer: Client) -> None:
    text = words(reviewer.get(f"/en/reports/{slug}/"))

    assert "JFO officers without an IMS entry in the year: 22 of 65 (33.8%). They enter no mean." in text
    assert "Files without a status: 740 of 16,330 (4.5%)." in text


# The pages and the report


def test_the_page_says_what_came_late(reviewer: Client) -> None:
    text = words(reviewer.get(PAGE))

    assert (
        "Files entered more than 30 days after they were opened: 1,427 of the 15,349 of which the day of entry is "
        "known (9.3%)."
    ) in text
    assert "Files of which the day of entry is not known: 981 of 16,330 (6.0%)." in text
    assert "Each month between 6.7% and 8.2% of the officers in service opened no file" in text


def test_the_chart_of_months_is_a_file_of_a_month_a_row(reviewer: Client) -> None:
    made = csv_rows(reviewer.get(f"{PAGE}?chart=months&format=csv"))
    svg = body(reviewer.get(f"{PAGE}?chart=months&format=svg&region=QUE"))

    assert len(made) == 8 * 12
    assert made[0] == {
        "Region": "ATL",
        "Month": "2010-04",
        "Officers in service": "21",
        "Without an entry": "1",
        "Share without an entry": "0.0476",
    }
    assert "Quebec (QUE)" in svg
    assert "<a " not in svg


def test_the_page_speaks_french(reviewer: Client) -> None:
    text = words(reviewer.get(f"{PAGE.replace('/en/', '/fr/')}?region=QUE"))

    assert "Qualité des données du SGR" in text
    assert "Dossiers sans statut : 99 sur 2 612 (3,8 %)." in text
    assert "2 sur 59" in text


def test_a_year_without_files_has_no_month_but_tells_who_was_there(reviewer: Client) -> None:
    response = reviewer.get(f"{PAGE}?fy=2014-2015")

    assert response.status_code == 200
    assert "There is no month to show" in words(response)


def test_the_list_names_the_year_or_the_month_and_the_jfos(reviewer: Client) -> None:
    response = reviewer.get(f"{OFFICERS}?fy=2010-2011&region=QUE&month=2010-05&group=jfo")
    text = words(response)

    assert "2 officers without an entry" in text
    assert "O-0131 Giroux, Nathalie IO QUE JFO officers INSET-QUE" in text
    assert "Month: 2010-05" in text


@pytest.mark.parametrize(
    "asked", ["fy=x", "month=2010-13", "month=%00", "region=%00", "group=all", "fy=%00&month=1", "page=99999999999"]
)
def test_what_the_list_cannot_read_is_said_and_no_error(asked: str, reviewer: Client) -> None:
    assert reviewer.get(f"{OFFICERS}?{asked}").status_code == 200
    if not asked.startswith("page"):
        assert reviewer.get(f"{OFFICERS}?{asked}&format=csv").status_code == 400


def number_or_text(value: Any) -> float | str:
    """Return a cell of any file as the number it is, or its text; empty where there is none."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return "" if value is None else str(value)


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("region", ["", "QUE"])
def test_page_files_and_command_give_equal_figures(slug: str, region: str, reviewer: Client) -> None:
    parameters = Parameters(date(2011, 3, 31), YEAR, region or None)
    report = reports.get(slug)
    address = f"/en/reports/{slug}/?fy=2010-2011&region={region}"
    expected = report.rows(SYSTEM, parameters)
    typed = [{column.name: exports.typed(column, row) for column in report.columns} for row in expected]
    made = json.loads(body(reviewer.get(f"{address}&format=json")))
    out = StringIO()
    call_command("report", slug, fy="2010-2011", region=region, stdout=out)

    assert made == json.loads(out.getvalue())
    assert made["rows"] == json.loads(json.dumps(typed))
    names = [str(column.label) for column in report.columns]
    csv_made = csv_rows(reviewer.get(f"{address}&format=csv"))
    assert [list(map(number_or_text, row.values())) for row in csv_made] == [
        [number_or_text(value) for value in row.values()] for row in typed
    ]
    assert list(csv_made[0]) == names
    book = load_workbook(BytesIO(reviewer.get(f"{address}&format=xlsx").content))
    cells = book.get_sheet_by_index(0).to_python()
    start = cells.index(next(row for row in cells if row[0] == names[0])) + 1
    assert [list(map(number_or_text, row)) for row in cells[start : start + len(typed)]] == [
        [number_or_text(value) for value in row.values()] for row in typed
    ]


def test_the_pages_ask_few_queries(reviewer: Client, manager: Client, django_assert_max_num_queries: Callable) -> None:
    for client in (reviewer, manager):
        for address in (PAGE, f"{PAGE}?region=QUE", OFFICERS, f"{OFFICERS}?month=2010-05"):
            cache.clear()
            with django_assert_max_num_queries(15):
                client.get(address)
