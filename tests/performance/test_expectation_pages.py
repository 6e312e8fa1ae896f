"""The pages of expectations: who adds, corrects, locks, unlocks and explains one, and where an unlock shows."""

import json
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from io import BytesIO, StringIO

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from python_calamine import load_workbook

from performance import expecting
from performance.expectation_tables import behind
from performance.measures.expectations import measured
from performance.models import Expectation
from registry.models import JFO, User
from tests.pages import body, csv_rows, words

pytestmark = pytest.mark.django_db

LIST = "/en/performance/expectations/"
QUERIES = 15
ClientOf = Callable[[User], Client]


@pytest.fixture
def nhq(client_of: ClientOf, nhq_reviewer: User) -> Client:
    return client_of(nhq_reviewer)


@pytest.fixture
def que(client_of: ClientOf, que_manager: User) -> Client:
    return client_of(que_manager)


def row(jfo: str = "NPET-QUE", indicator: str = "files", year: int = 2010) -> Expectation:
    return Expectation.objects.get(jfo__code=jfo, indicator=indicator, fiscal_year=year)


def sent(client: Client, address: str, **values: object) -> str:
    """Post the form as its page gives it, with these values, follow, and return what the page says."""
    page = body(client.get(address))
    hidden = dict(re.findall(r'<input type="hidden" name="(_\w+)" value="([^"]*)"', page))
    return words(client.post(address, hidden | values, follow=True))


# The list


def test_the_list_shows_expected_actual_variance_state_note_and_trace(nhq: Client) -> None:
    text = words(nhq.get(f"{LIST}?fy=2010-2011"))
    assert "BEST-WSC Outcomes claimed 2010-2011 4 3 −1 −25.0% Locked 2011-02-18" in text
    assert "Unlocked on 2011-01-24 (locked since 2010-06-11); until then 6 was expected. The port of entry" in text
    assert "A smuggling route moved south in the autumn" in text
    assert "SPVM-JFO FTE-years paid 2010-2011 1.00 1.00 0.00 0.0% Open" in text


def test_the_list_speaks_french(nhq: Client) -> None:
    text = words(nhq.get("/fr/performance/expectations/?fy=2010-2011&jfo=SPVM-JFO&indicator=fte"))
    assert "ETP-années rémunérés 2010-2011 1,00 1,00 0,00 0,0 % Ouverte" in text
    trace = words(nhq.get("/fr/performance/expectations/?fy=2010-2011&jfo=BEST-WSC"))
    assert "Déverrouillée le 2011-01-24 (verrouillée depuis le 2010-06-11); jusque-là, 6 était attendu." in trace


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("fy=2011-2012", 2),
        ("region=GTA", 4),
        ("program=BEST", 4),
        ("jfo=GTADS", 3),
        ("indicator=meetings", 3),
        ("state=open", 5),
        ("state=unlocked", 2),
        ("state=locked&region=QUE", 7),
    ],
)
def test_each_filter_leaves_its_rows(query: str, count: int, nhq: Client) -> None:
    assert len(csv_rows(nhq.get(f"{LIST}?{query}&format=csv"))) == count


@pytest.mark.parametrize(
    "query",
    ["fy=2010", "fy=9999-10000", "region=%00", "jfo=nothing", "state=7", "indicator=x", "page=99999999999", "as_of=x"],
)
def test_a_filter_that_cannot_be_read_makes_no_error(query: str, nhq: Client) -> None:
    assert nhq.get(f"{LIST}?{query}").status_code == 200


def test_a_manager_reads_what_is_expected_everywhere_and_what_came_of_it_at_home(que: Client) -> None:
    text = words(que.get(f"{LIST}?fy=2010-2011&jfo=GTADS"))
    assert "GTADS IMS files opened by its officers 2010-2011 110 restricted restricted restricted" in text
    assert "GTADS Outcomes claimed 2010-2011 1 0 −1" in text
    assert "restricted" not in words(que.get(f"{LIST}?fy=2010-2011&region=QUE")).replace(
        "those of others are restricted", ""
    )


def test_the_file_says_restricted_too(que: Client) -> None:
    (line,) = csv_rows(que.get(f"{LIST}?jfo=GTADS&indicator=fte&format=csv"))
    assert (line["Expected"], line["Actual"], line["Variance in %"]) == ("1.00", "restricted", "restricted")


def test_a_page_of_many_asks_few_queries(nhq: Client, que: Client, django_assert_max_num_queries: Callable) -> None:
    for jfo in JFO.objects.exclude(expectations__isnull=False)[:25]:
        for indicator in ("files", "cases", "fte", "outcomes"):
            Expectation(jfo=jfo, fiscal_year=2010, indicator=indicator, expected=Decimal(3)).save_as(None)
    for client in (nhq, que):
        cache.clear()
        with django_assert_max_num_queries(QUERIES):
            client.get(f"{LIST}?per=100")
        cache.clear()
        with django_assert_max_num_queries(QUERIES):
            client.get("/en/reports/expectations/?fy=2010-2011")
        cache.clear()
        with django_assert_max_num_queries(QUERIES):
            client.get("/en/jfos/IBET-QUE-1/?part=expectations")


@pytest.mark.parametrize("user", ["nhq.reviewer", "que.manager"])
def test_each_actual_figure_leads_to_exactly_the_rows_behind_it(user: str, client_of: ClientOf) -> None:
    reader = User.objects.get(username=user)
    client = client_of(reader)
    seen = set()
    for one in measured(Expectation.objects.with_names(), reader, date(2011, 3, 31)):
        indicator, href = one.expectation.indicator, behind(one)
        if href is None or indicator in seen or indicator == "meetings":
            continue
        seen.add(indicator)
        lines = csv_rows(client.get(f"/en{href.removeprefix('/en')}&format=csv"))
        if indicator == "fte":
            column = next(name for name in lines[0] if "FTE-years" in name)
            assert sum(Decimal(line[column]) for line in lines) == one.actual
        else:
            assert len(lines) == one.actual, href
    assert {"files", "cases", "fte", "outcomes"} <= seen


# To add, correct and explain


def test_a_manager_adds_one_to_a_jfo_of_the_own_region(que: Client) -> None:
    jfo = JFO.objects.get(code="FAE")
    text = sent(que, f"{LIST}new/", jfo=jfo.pk, fiscal_year=2010, indicator="outcomes", expected="2", basis="Plan.")
    assert "Added: FAE 2010-2011 – Outcomes claimed." in text
    assert "Undo" in text
    assert row("FAE", "outcomes").expected == 2


def test_a_manager_adds_none_to_another_regions(que: Client) -> None:
    jfo = JFO.objects.get(code="GTADS")
    text = sent(que, f"{LIST}new/", jfo=jfo.pk, fiscal_year=2010, indicator="meetings", expected="2")
    assert "This JFO is not, or no longer, in the list." in text
    assert not Expectation.objects.filter(jfo=jfo, indicator="meetings").exists()


def test_a_second_one_of_the_same_kind_is_refused_in_words(que: Client) -> None:
    jfo = JFO.objects.get(code="NPET-QUE")
    text = sent(que, f"{LIST}new/", jfo=jfo.pk, fiscal_year=2010, indicator="files", expected="2")
    assert "The JFO has an expectation by this indicator for the fiscal year." in text


def test_what_is_expected_is_typed_in_the_readers_way(client_of: ClientOf, que_manager: User) -> None:
    address = f"/fr/performance/expectations/{row('SPVM-JFO', 'fte').pk}/"
    text = sent(client_of(que_manager), address, fiscal_year=2010, indicator="fte", expected="1,25", basis="")
    assert row("SPVM-JFO", "fte").expected == Decimal("1.25"), text


@pytest.mark.parametrize("expected", ["-1", "many", "99999999999", ""])
def test_what_is_no_figure_is_refused(expected: str, que: Client) -> None:
    address = f"{LIST}{row().pk}/"
    page = que.post(address, {"fiscal_year": 2010, "indicator": "files", "expected": expected, "basis": ""})
    assert page.status_code == 200
    assert row().expected == 90


def test_a_form_of_a_locked_one_is_not_offered_and_what_it_sends_is_refused_in_words(que: Client) -> None:
    locked = row("SPVM-JFO", "files")
    page = que.get(f"{LIST}{locked.pk}/")
    assert "locked since 2010-05-14 and cannot be changed" in words(page)
    assert 'name="expected"' not in body(page)
    answer = que.post(
        f"{LIST}{locked.pk}/", {"fiscal_year": 2010, "indicator": "files", "expected": "1", "basis": locked.basis}
    )
    assert "locked since 2010-05-14 and cannot be changed" in words(answer)
    assert row("SPVM-JFO", "files").expected == 90


def test_one_that_was_locked_while_the_form_was_open_is_refused(que: Client, nhq_reviewer: User) -> None:
    address = f"{LIST}{row().pk}/"
    hidden = dict(re.findall(r'<input type="hidden" name="(_\w+)" value="([^"]*)"', body(que.get(address))))
    expecting.lock([row()], by=nhq_reviewer, day=date(2011, 3, 31))
    answer = que.post(address, hidden | {"fiscal_year": 2010, "indicator": "files", "expected": "1", "basis": ""})
    assert "locked since 2011-03-31" in words(answer)
    assert row().expected == 90


def test_a_variance_is_explained_though_it_is_locked(que: Client) -> None:
    address = f"{LIST}{row('SPVM-JFO', 'files').pk}/note/"
    assert "Saved: SPVM-JFO" in sent(que, address, variance_note="Two officers came early.")
    assert "Two officers came early." in words(que.get(f"{LIST}?jfo=SPVM-JFO"))


def test_others_find_no_form(client_of: ClientOf, gta_manager: User, auditor: User) -> None:
    for part in ("", "note/"):
        assert client_of(gta_manager).get(f"{LIST}{row().pk}/{part}").status_code == 404
        assert client_of(auditor).get(f"{LIST}{row().pk}/{part}").status_code == 403
    assert client_of(gta_manager).get(f"{LIST}{row('GTADS').pk}/unlock/").status_code == 403
    assert client_of(gta_manager).get(f"{LIST}lock/?rows={row().pk}").status_code == 403


# To lock and unlock


def test_several_are_locked_by_way_of_a_page_that_shows_them(nhq: Client) -> None:
    first, second = row(), row("CFSEU-PAC", "cases")
    address = f"{LIST}lock/?rows={first.pk}&rows={second.pk}"
    text = words(nhq.get(address))
    assert "Nothing is locked yet." in text
    assert "NPET-QUE 2010-2011 IMS files opened by its officers 90 95 +5 +5.6%" in text
    assert "2 expectations locked." in sent(nhq, address, rows=[first.pk, second.pk])
    assert {row().locked_on, row("CFSEU-PAC", "cases").locked_on} == {date(2011, 3, 31)}


def test_nothing_is_locked_where_one_changed_since_the_page_was_shown(nhq: Client, que_manager: User) -> None:
    first, second = row(), row("CFSEU-PAC", "cases")
    address = f"{LIST}lock/?rows={first.pk}&rows={second.pk}"
    hidden = dict(re.findall(r'<input type="hidden" name="(_\w+)" value="([^"]*)"', body(nhq.get(address))))
    expecting.correct(first, {"expected": Decimal(70)}, by=que_manager)
    text = words(nhq.post(address, hidden | {"rows": [first.pk, second.pk]}))
    assert "Nothing is locked: one of these changed since you looked." in text
    assert row().locked_on is None
    assert row("CFSEU-PAC", "cases").locked_on is None


@pytest.mark.parametrize("query", ["", "rows=x", "rows=999999", "rows=99999999999999999999", "rows=%00", "rows=-1"])
def test_nothing_to_lock_is_said(query: str, nhq: Client) -> None:
    page = nhq.get(f"{LIST}lock/?{query}")
    assert page.status_code == 200
    assert "Return to the expectations" in words(page)
    assert nhq.post(f"{LIST}lock/?{query}", {}).status_code == 200


def test_one_that_is_locked_already_is_left_out_in_words(nhq: Client) -> None:
    text = words(nhq.get(f"{LIST}lock/?rows={row('GTADS').pk}"))
    assert "GTADS 2010-2011 – IMS files opened by its officers is locked already, since 2010-06-11." in text


def test_an_unlock_shows_on_every_page_and_file_of_the_expectation(nhq: Client, que: Client) -> None:
    locked = row("GTADS", "outcomes")
    text = sent(nhq, f"{LIST}{locked.pk}/unlock/", reason="The port was closed.")
    trace = "Unlocked on 2011-03-31 (locked since 2010-06-11); until then 1 was expected. The port was closed."
    assert "Unlocked, which every report says from now on" in text
    sent(nhq, f"{LIST}{locked.pk}/", fiscal_year=2010, indicator="outcomes", expected="0", basis="")
    assert "1 expectation locked." in sent(nhq, f"{LIST}lock/?rows={locked.pk}", rows=[locked.pk])
    report = "/en/reports/expectations/?fy=2010-2011"
    for client in (nhq, que):
        for page in (
            f"{LIST}?jfo=GTADS",
            report,
            "/en/jfos/GTADS/?part=expectations",
        ):
            assert trace in words(client.get(page)), page
        for file in (f"{LIST}?jfo=GTADS&format=csv", f"{report}&format=csv", f"{report}&format=json"):
            assert trace in body(client.get(file)), file
    for form in ("", "note/", "unlock/"):
        assert trace in words(nhq.get(f"{LIST}{locked.pk}/{form}")), form


def test_an_unlock_needs_a_reason(nhq: Client) -> None:
    locked = row("GTADS", "outcomes")
    assert "This field is required." in sent(nhq, f"{LIST}{locked.pk}/unlock/", reason=" ")
    assert row("GTADS", "outcomes").locked_on is not None


def test_the_history_of_an_expectation_and_its_unlock_is_read_in_words(nhq: Client) -> None:
    """The history once looked for the page of an unlock where it has the expectation's words alone."""
    trace = row("BEST-WSC", "outcomes").unlocks.get()
    for address in (
        f"/en/history/unlock/{trace.pk}/",
        f"/en/history/expectation/{trace.expectation_id}/",
        "/en/history/?kind=unlock",
    ):
        assert "closed for repairs" in words(nhq.get(address)), address


# The report


def test_page_files_and_command_give_the_same_rows(client_of: ClientOf, auditor: User) -> None:
    client, address = client_of(auditor), "/en/reports/expectations/"
    for query, options in [("?fy=2010-2011", ("--fy", "2010-2011")), ("?fy=2010-2011&region=QUE", ("--region", "QUE"))]:
        printed = StringIO()
        call_command("report", "expectations", *options, stdout=printed)
        data = json.loads(body(client.get(f"{address}{query}&format=json")))
        assert data == json.loads(printed.getvalue())
        printed = StringIO()
        call_command("report", "expectations", *options, "--format", "csv", stdout=printed)
        assert body(client.get(f"{address}{query}&format=csv")) == printed.getvalue()
        sheet = load_workbook(BytesIO(client.get(f"{address}{query}&format=xlsx").content)).get_sheet_by_index(0)
        book = sheet.to_python()
        assert len(book) == len(data["rows"]) + 1
        assert [line[4:7] for line in book[1:]] == [
            [one["expected"], one["actual"], one["variance"]] for one in data["rows"]
        ]
        page = body(client.get(f"{address}{query}"))
        table = page.split('id="rows-heading"')[1].split("<tbody>")[1].split("</tbody>")[0]
        assert table.count("<tr>") == len(data["rows"])


def test_the_page_of_a_jfo_shows_what_was_expected_of_it(que: Client) -> None:
    text = words(que.get("/en/jfos/IBET-QUE-1/?part=expectations"))
    assert "IMS files opened by its officers 2011-2012 50 0 −50" in text
    assert "until then 6 was expected" in text
    assert "Their history" in text


def test_the_page_of_a_jfo_on_a_past_day_offers_no_act(que: Client) -> None:
    page = que.get("/en/jfos/IBET-QUE-1/?part=expectations&as_of=2010-09-30")
    assert "as they are on record today" in words(page)
    assert "2011-2012" not in words(page)
    assert "Explain" not in words(page)
