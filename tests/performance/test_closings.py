"""A closed fiscal year keeps its figures when rates change later, and says what they were and are."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from jfo_portal.kit import changesets, reports
from jfo_portal.kit.access import SYSTEM
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.models import ChangeSet
from jfo_portal.kit.reports import Parameters
from performance import checks, closings
from performance.measures.cost import cost, half_up, pays, total_cost
from performance.measures.rates import paid_levels, rates_of, rates_of_years
from performance.models import BenefitRate, ClosedRate, SalaryRate, YearClosing
from registry.models import Assignment, Level, User
from tests import rows
from tests.pages import words
from tests.simultaneous import at_once

pytestmark = pytest.mark.django_db

YEAR = FiscalYear(2009)
TODAY = date(2011, 3, 31)
ClientOf = Callable[[User], Client]


def close(year: FiscalYear = YEAR, by: User | None = None) -> YearClosing:
    return closings.close_year(year, by=by, day=TODAY, reason="The accounts are final.")


def pay_more() -> None:
    """Give the levels of the year another salary, and the year other benefits."""
    for rate in SalaryRate.objects.filter(fiscal_year=YEAR.start_year):
        rate.amount += 1000
        rate.save_as(None)
    benefits = BenefitRate.objects.get(fiscal_year=YEAR.start_year)
    benefits.rate = Decimal("0.2275")
    benefits.save_as(None)


def figures(year: FiscalYear = YEAR) -> list[Any]:
    """The exhibits and the report of cost, as commands and pages print them."""
    asked = Parameters(year.last_day, year)
    found = []
    for slug in ("exhibit-11", "exhibit-12", "cost-by-jfo"):
        printed = reports.get(slug).as_json(SYSTEM, asked)
        found += [printed["rows"], printed["totals"]]
    return [*found, total_cost(Assignment.objects.all(), year), cost(pays(Assignment.objects.all(), year))]


# What closing keeps


def test_a_closed_year_keeps_its_figures_when_rates_change_later():
    before = figures()
    close()
    pay_more()
    assert figures() == before
    assert rates_of(YEAR).benefits == Decimal("0.2")


def test_the_figures_of_an_open_year_follow_its_rates():
    before, other = figures(), figures(FiscalYear(2008))
    pay_more()
    assert figures() != before
    assert rates_of(YEAR).benefits == Decimal("0.2275")
    assert figures(FiscalYear(2008)) == other


def test_a_rate_that_is_removed_or_added_after_the_closing_changes_nothing():
    before = figures()
    SalaryRate.objects.filter(fiscal_year=YEAR.start_year, level=Level.FB_05).delete()
    without = figures()
    assert without != before
    with pytest.raises(ValidationError, match="FB-05"):
        close()
    SalaryRate(level=Level.FB_05, fiscal_year=YEAR.start_year, amount=75_201).save_as(None)
    close()
    SalaryRate.objects.filter(fiscal_year=YEAR.start_year).delete()
    BenefitRate.objects.filter(fiscal_year=YEAR.start_year).delete()
    assert figures() == before


def test_a_reopened_year_uses_the_rates_of_now():
    before = figures()
    closing = close()
    pay_more()
    closings.reopen_year(closing, by=None, reason="A rate was wrong.")
    assert figures() != before
    assert rates_of(YEAR).salaries["FB-04"] == 69_682
    assert not ClosedRate.objects.exists()


def test_closing_keeps_rates_and_neither_assignments_nor_levels():
    close()
    before = total_cost(Assignment.objects.all(), YEAR)
    officer = rows.officer()
    level = rows.level(officer, Level.FB_03, date(2009, 4, 1))
    rows.assignment(officer, "FAE", date(2009, 4, 1), date(2010, 3, 31))
    with_one_more = total_cost(Assignment.objects.all(), YEAR)
    assert with_one_more.salaries - before.salaries == 56_498
    level.level = Level.FB_04
    level.save_as(None)
    assert total_cost(Assignment.objects.all(), YEAR).salaries - before.salaries == 68_682


def test_rates_of_many_years_are_those_of_each_in_one_query(django_assert_num_queries: Callable):
    close()
    pay_more()
    years = [FiscalYear(start) for start in range(1998, 2012)]
    with django_assert_num_queries(1):
        found = rates_of_years(years)
    assert found == {year: rates_of(year) for year in years}
    assert [year for year in years if found[year].has_changed] == [YEAR]
    assert found[YEAR].changed_levels == ["FB-03", "FB-04", "FB-05"]
    assert (found[YEAR].benefits, found[YEAR].benefits_now) == (Decimal("0.2"), Decimal("0.2275"))
    assert found[FiscalYear(1998)].benefits is None


def test_a_level_counts_as_paid_where_it_meets_an_assignment_in_the_year():
    assert paid_levels(FiscalYear(1995)) == []
    officer = rows.officer()
    year = FiscalYear(2013)
    Assignment.objects.filter(end=None).update(end=date(2013, 3, 31))
    rows.level(officer, Level.FB_05, date(2001, 1, 1), date(2013, 6, 30))
    rows.level(officer, Level.FB_03, date(2013, 7, 1))
    rows.assignment(officer, "FAE", date(2013, 7, 1))
    assert paid_levels(year) == ["FB-03"]


# What is refused


@pytest.mark.parametrize("year", [FiscalYear(2010), FiscalYear(2011)])
def test_a_year_that_has_not_ended_is_not_closed(year: FiscalYear):
    with pytest.raises(ValidationError, match=f"{year} ends on {year.last_day}: it can be closed on a later day"):
        close(year)
    assert closings.close_year(FiscalYear(2010), by=None, day=date(2011, 4, 1)).closed_on == date(2011, 4, 1)


def test_a_year_without_a_rate_of_a_level_that_was_paid_is_not_closed():
    SalaryRate.objects.filter(fiscal_year=2009, level__in=["FB-03", "FB-04"]).delete()
    BenefitRate.objects.filter(fiscal_year=2009).delete()
    with pytest.raises(ValidationError) as refused:
        close()
    assert refused.value.messages == [
        "Officers on JFOs were at FB-03 and FB-04 in 2009-2010, without a salary rate on record. Add it first.",
        "No benefit rate is on record for 2009-2010. Add it first.",
    ]
    assert not YearClosing.objects.exists()


def test_a_year_in_which_nobody_was_paid_needs_no_rates():
    assert close(FiscalYear(1995)).benefit_rate is None


def test_a_year_is_closed_once_and_reopened_once():
    closing = close()
    with pytest.raises(ValidationError, match="2009-2010 was closed on 2011-03-31 already"):
        close()
    closings.reopen_year(closing, by=None)
    with pytest.raises(ValidationError, match="2009-2010 is open already"):
        closings.reopen_year(closing, by=None)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_close_a_year_at_once_one_does():
    answers = at_once(close, close)
    assert YearClosing.objects.filter(fiscal_year=2009).count() == 1
    assert ClosedRate.objects.count() == 3
    assert sum(isinstance(answer, YearClosing) for answer in answers) == 1


# The history


def test_closing_and_reopening_are_undone_like_any_other_act(administrator: User):
    before = figures()
    closed = ChangeSet.objects.create(by=administrator, reason="Final")
    closings.close_year(YEAR, by=administrator, day=TODAY, reason="Final", within=closed)
    pay_more()
    changesets.undo(closed, by=administrator)
    assert not YearClosing.objects.exists()
    assert figures() != before

    closing = close(by=administrator)
    kept = figures()
    reopened = ChangeSet.objects.create(by=administrator, reason="Wrong")
    closings.reopen_year(closing, by=administrator, reason="Wrong", within=reopened)
    SalaryRate.objects.filter(fiscal_year=2009).delete()
    changesets.undo(reopened, by=administrator)
    assert figures() == kept


def test_a_closing_says_who_when_and_why(administrator: User):
    close(by=administrator)
    version = YearClosing.history.model.objects.latest()
    assert (version.history_user, version.history_change_reason) == (administrator, "The accounts are final.")
    assert ClosedRate.history.model.objects.filter(change_set=version.change_set).count() == 3


def test_the_check_finds_a_closing_that_lacks_a_rate_or_came_too_soon():
    close()
    assert list(checks.closed_years_have_their_rates()) == []
    ClosedRate.objects.filter(level="FB-04").delete()
    YearClosing.objects.update(closed_on=date(2010, 3, 31))
    assert list(checks.closed_years_have_their_rates()) == [
        ("closing of 2009-2010", "closed on 2010-03-31, before it was over"),
        ("closing of 2009-2010", "keeps no rate of FB-04, at which officers on JFOs were"),
    ]


# The pages


def test_pages_and_reports_say_what_the_rates_were_and_are(nhq_reviewer: User, client_of: ClientOf):
    close()
    client = client_of(nhq_reviewer)
    addresses = (
        "performance/costs/?fy=2009-2010",
        "performance/costs/assignments/?fy=2009-2010",
        "reports/exhibit-11/?fy=2009-2010",
        "reports/exhibit-12/?fy=2009-2010",
        "reports/cost-by-jfo/?fy=2009-2010",
    )
    for address in addresses:
        text = words(client.get(f"/en/{address}"))
        assert "2009-2010 was closed on 2011-03-31, with the rates on record now." in text, address
    pay_more()
    for address in addresses:
        text = words(client.get(f"/en/{address}"))
        assert "2009-2010 was closed on 2011-03-31: its figures use the rates of that day" in text, address
        assert "Salary of FB-04: $68,682 when the year was closed, $69,682 now." in text, address
        assert "Employee benefits: 20% of salaries when the year was closed, 22.75% now." in text, address
        assert "Salaire de FB-04 : 68 682 $ à la fermeture" in words(client.get(f"/fr/{address}")), address
    table = words(client.get("/en/performance/costs/rates/"))
    assert "$68,682; now $69,682" in table
    assert "20%; now 22.75% Closed on 2011-03-31" in table


def test_an_administrator_closes_a_year_says_why_and_can_undo_it(administrator: User, client_of: ClientOf):
    client = client_of(administrator)
    address = "/en/performance/costs/years/2009-2010/close/"
    assert "What closing does not keep: assignments and levels" in words(client.get(address))
    assert "This field is required" in words(client.post(address, {"reason": ""}))
    assert not YearClosing.objects.exists()
    done = client.post(address, {"reason": "Final"}, follow=True)
    assert "2009-2010 is closed" in done.content.decode()
    row = YearClosing.objects.get()
    assert (row.note, row.closed_on) == ("Final", TODAY)
    assert "2009-2010 was closed on 2011-03-31 already." in words(client.get(address))
    undo = done.content.decode().split('class="undo" method="post" action="')[1].split('"')[0]
    client.post(undo)
    assert not YearClosing.objects.exists()


def test_an_administrator_reopens_a_year(administrator: User, client_of: ClientOf):
    close()
    pay_more()
    client = client_of(administrator)
    address = "/en/performance/costs/years/2009-2010/reopen/"
    assert "$68,682 when the year was closed, $69,682 now" in words(client.get(address))
    assert "is open again" in client.post(address, {"reason": "A rate was wrong"}, follow=True).content.decode()
    assert not YearClosing.objects.exists()
    assert "2009-2010 is open already." in words(client.get(address))
    assert client.post(address, {"reason": "Again"}).status_code == 200


def test_a_year_that_cannot_be_closed_is_refused_in_words(administrator: User, client_of: ClientOf):
    client = client_of(administrator)
    for method in (client.get, lambda address: client.post(address, {"reason": "Final"})):
        page = words(method("/en/performance/costs/years/2010-2011/close/"))
        assert "2010-2011 ends on 2011-03-31: it can be closed on a later day." in page


@pytest.mark.parametrize("year", ["2009", "2009-2011", "0000-0001", "abc", "2009-2010%00"])
def test_an_address_that_names_no_year_is_not_found(year: str, administrator: User, client_of: ClientOf):
    client = client_of(administrator)
    for act in ("close", "reopen"):
        address = f"/en/performance/costs/years/{year}/{act}/"
        assert client.get(address).status_code == client.post(address, {"reason": "x"}).status_code == 404


# Rates


def test_an_administrator_adds_a_rate(administrator: User, client_of: ClientOf):
    client = client_of(administrator)
    data = {"fiscal_year": "2012-2013", "level": "FB-04", "amount": "72000.50", "reason": "Agreement"}
    done = client.post("/en/performance/costs/rates/salaries/new/", data, follow=True)
    assert "$72,000.50" in words(done)
    assert SalaryRate.objects.get(fiscal_year=2012).amount == Decimal("72000.50")
    again = client.post("/en/performance/costs/rates/salaries/new/", data)
    assert "This level already has a salary for the fiscal year." in words(again)
    typed = {"fiscal_year": "2012-2014", "level": "FB-04", "amount": "-1"}
    page = words(client.post("/en/performance/costs/rates/salaries/new/", typed))
    assert "“2012-2014” is not a fiscal year" in page
    french = {"fiscal_year": "2012-2013", "rate": "0,2125"}
    client.post("/fr/performance/costs/rates/benefits/new/", french)
    assert BenefitRate.objects.get(fiscal_year=2012).rate == Decimal("0.2125")


@pytest.mark.parametrize("typed", ["1950-1951", "2010-2011\0", "9" * 400, "", "2998-2999-3000"])
def test_a_year_that_cannot_be_is_refused_in_words(typed: str, administrator: User, client_of: ClientOf):
    data = {"fiscal_year": typed, "level": "FB-04", "amount": "1"}
    response = client_of(administrator).post("/en/performance/costs/rates/salaries/new/", data)
    assert response.status_code == 200
    assert "Error" in response.content.decode()


def test_a_rate_is_corrected_and_the_year_it_is_for_stays(administrator: User, client_of: ClientOf):
    rate = SalaryRate.objects.get(fiscal_year=2009, level="FB-04")
    client, address = client_of(administrator), f"/en/performance/costs/rates/salaries/{rate.pk}/"
    client.post(address, {"amount": "70000", "fiscal_year": "1999-2000", "level": "FB-03"})
    rate.refresh_from_db()
    assert (rate.fiscal_year, rate.level, rate.amount) == (2009, "FB-04", Decimal(70_000))
    close()
    assert "Reopen the year first if they are to change." in words(client.get(address))


def test_of_two_who_correct_a_rate_the_second_sees_what_the_first_wrote(administrator: User, client_of: ClientOf):
    rate = BenefitRate.objects.get(fiscal_year=2009)
    client, address = client_of(administrator), f"/en/performance/costs/rates/benefits/{rate.pk}/"
    version = rate.history.latest().history_id
    rate.rate = Decimal("0.21")
    rate.save_as(None)
    response = client.post(address, {"rate": "0.22", "_version": version})
    assert response.status_code == 409
    text = words(response)
    assert "0.2000" in text
    assert "Theirs: 0.2100" in text
    assert "Yours: 0.2200" in text


def test_others_read_the_rates_and_change_none(que_manager: User, client_of: ClientOf):
    client = client_of(que_manager)
    page = words(client.get("/en/performance/costs/rates/"))
    assert "$69,712" in page
    assert "Correct" not in page
    assert client.get("/en/performance/costs/rates/salaries/new/").status_code == 403
    assert client.post("/en/performance/costs/years/2009-2010/close/", {"reason": "x"}).status_code == 403
    assert half_up(total_cost(Assignment.objects.all(), YEAR).salaries) > 0
