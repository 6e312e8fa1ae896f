"""Outcomes: one event counts once however many JFOs claim it (domain rule 11)."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from jfo_portal.kit.changesets import ChangeSet
from jfo_portal.kit.fiscal import FiscalYear
from performance import checks
from performance.measures.activity import counted_by_kind
from performance.measures.cost import Cost, cost, pays, total_cost
from performance.models import Claim, ImsFile, OutcomeEvent
from registry.models import JFO, Assignment, Level, OfficerLevel, User
from tests import rows
from tests.pages import body, csv_rows, words

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Client]


@pytest.fixture
def que(client_of: SignIn, que_manager: User) -> Client:
    return client_of(que_manager)


def new(code: str) -> str:
    return reverse("jfo-part-new", args=[code, "outcomes"])


def page(client: Client, code: str, query: str = "") -> Any:
    return client.get(f"/en/jfos/{code}/?part=outcomes{query}")


SEIZURE = {"kind": "seizure", "occurred_on": "2011-02-14", "what": "cocaine", "quantity": "12.5", "unit": "kg"}


def test_the_page_counts_the_years_outcomes_by_kind_and_says_with_whom_each_is_shared(que: Client) -> None:
    panel = page(que, "IBET-QUE-1").context["panels"][0].data
    assert panel.counts == [("Seizure", 2), ("Apprehension", 1), ("Removal", 1), ("Investigation opened", 1)]
    assert (panel.total, panel.shared) == (5, 1)
    text = words(page(que, "IBET-QUE-1"))
    assert "IBET-QUE-1, IBET-QUE-3" in text
    assert "firearms" not in text  # of the year before
    assert "firearms" in words(que.get(reverse("jfo-part", args=["IBET-QUE-1", "outcomes"])))


def test_a_past_day_shows_its_own_year_up_to_the_day(que: Client) -> None:
    assert page(que, "IBET-QUE-1", "&as_of=2010-09-01").context["panels"][0].data.total == 2
    assert page(que, "IBET-QUE-1", "&as_of=2009-09-01").context["panels"][0].data.total == 1
    assert "Add:" not in words(page(que, "IBET-QUE-1", "&as_of=2010-09-01"))


def test_every_reader_sees_the_outcomes_of_every_region(client_of: SignIn, gta_manager: User) -> None:
    client = client_of(gta_manager)
    assert "cocaine" in words(page(client, "IBET-QUE-1"))
    assert "Add:" not in words(page(client, "IBET-QUE-1"))
    assert client.get(new("IBET-QUE-1")).status_code == 404


def test_an_outcome_on_record_is_claimed_and_not_recorded_again(que: Client) -> None:
    assert que.post(new("FAE"), SEIZURE).status_code == 302
    event = OutcomeEvent.objects.latest("pk")
    asked = words(que.post(new("SPVM-JFO"), SEIZURE))
    assert "Seizure, 2011-02-14: cocaine 12.5 kg (claimed by FAE)" in asked
    assert "Say whether it is one of those on record" in asked
    assert que.post(new("SPVM-JFO"), {**SEIZURE, "same_as": str(event.pk)}).status_code == 302
    assert list(event.claims.values_list("jfo__code", flat=True).order_by("jfo__code")) == ["FAE", "SPVM-JFO"]
    assert OutcomeEvent.objects.filter(what="cocaine", occurred_on=date(2011, 2, 14)).count() == 1
    assert "FAE, SPVM-JFO" in words(page(que, "SPVM-JFO"))


def test_another_one_of_the_same_day_is_recorded_when_that_is_said(que: Client) -> None:
    que.post(new("FAE"), SEIZURE)
    assert que.post(new("SPVM-JFO"), {**SEIZURE, "same_as": "another"}).status_code == 302
    assert OutcomeEvent.objects.filter(what="cocaine", occurred_on=date(2011, 2, 14)).count() == 2
    refused = que.post(new("INSET-QUE"), {**SEIZURE, "same_as": "999999"})
    assert "Say whether it is one" in words(refused)
    # What is wrong leads to the first of the choices.
    assert 'href="#id_same_as_0"' in body(refused)
    assert 'id="id_same_as_0"' in body(refused)


def test_an_outcome_that_another_jfo_claims_stays_when_one_gives_it_up(que: Client) -> None:
    event = OutcomeEvent.objects.get(what="cocaine", occurred_on=date(2010, 9, 30))
    address = reverse("jfo-part-remove", args=["IBET-QUE-1", "outcomes", event.pk])
    assert "stays on record for IBET-QUE-3" in words(que.get(address))
    assert que.post(address, {}).status_code == 302
    assert [claim.jfo.code for claim in event.claims.all()] == ["IBET-QUE-3"]
    assert que.post(reverse("jfo-part-remove", args=["IBET-QUE-3", "outcomes", event.pk]), {}).status_code == 302
    assert not OutcomeEvent.objects.filter(pk=event.pk).exists()
    que.post(reverse("undo", args=[ChangeSet.objects.latest("pk").pk]), {})
    assert OutcomeEvent.objects.get(pk=event.pk).claims.count() == 1


def test_a_correction_is_seen_on_every_page_that_claims_it(que: Client) -> None:
    event = OutcomeEvent.objects.get(what="cocaine", occurred_on=date(2010, 9, 30))
    data = {"kind": "seizure", "occurred_on": "2010-09-30", "what": "cocaine", "quantity": "20", "unit": "kg"}
    assert que.post(reverse("jfo-part-row", args=["IBET-QUE-1", "outcomes", event.pk]), data).status_code == 302
    for code in ("IBET-QUE-1", "IBET-QUE-3"):
        assert "20 kg" in words(page(que, code))


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"unit": ""}, "Give a quantity together with its unit, or neither."),
        ({"quantity": ""}, "Give a quantity together with its unit, or neither."),
        ({"quantity": "-1"}, "The quantity cannot be less than 0."),
        ({"value": "-5"}, "The value cannot be less than 0."),
        ({"quantity": "9" * 30}, "Ensure that there are no more than 12 digits in total."),
        ({"occurred_on": "2011-04-01"}, "2011-04-01 is still to come."),
        ({"kind": "parade"}, "Select a valid choice."),
    ],
)
def test_what_cannot_be_is_refused_in_words(que: Client, changed: dict[str, str], sentence: str) -> None:
    assert sentence in words(que.post(new("FAE"), SEIZURE | changed))


def test_files_of_outcomes_hold_typed_values(que: Client) -> None:
    first = csv_rows(que.get(reverse("jfo-part", args=["IBET-QUE-1", "outcomes"]) + "?format=csv"))[0]
    assert (first["Occurred on"], first["Kind"], first["Claimed by"]) == ("2011-02-03", "Removal", "IBET-QUE-1")


def test_a_jfo_claims_an_outcome_once() -> None:
    claim = Claim.objects.all()[0]
    with pytest.raises(ValidationError, match="claims this outcome already"):
        Claim(event=claim.event, jfo=claim.jfo).save_as(None)
    with pytest.raises(IntegrityError), transaction.atomic():
        Claim.objects.bulk_create([Claim(event=claim.event, jfo=claim.jfo)])


def test_an_outcome_that_no_jfo_claims_is_found() -> None:
    assert list(checks.outcomes_are_claimed()) == []
    event = OutcomeEvent(kind="arrest", occurred_on=date(2011, 1, 1)).save_as(None)
    assert [subject for subject, _words in checks.outcomes_are_claimed()] == [f"outcome {event.pk}"]


def test_amounts_are_said_in_the_readers_way() -> None:
    event = OutcomeEvent(kind="seizure", quantity=Decimal("1200.500"), unit="kg")
    assert event.amount == "1,200.5 kg"
    with override("fr"):
        assert event.amount == "1\xa0200,5\xa0kg"
    assert OutcomeEvent(kind="seizure").amount == ""


# Sums by the database


YEAR = FiscalYear(2010)


def as_printed(total: Cost) -> tuple[Any, ...]:
    return total.fte_years, total.salaries, total.unpaid_days


@pytest.mark.parametrize("start_year", [2008, 2009, 2010])
def test_the_cost_that_the_database_adds_up_is_the_one_counted_assignment_by_assignment(start_year: int) -> None:
    year = FiscalYear(start_year)
    for code in JFO.objects.values_list("code", flat=True):
        served = Assignment.objects.filter(jfo__code=code)
        assert as_printed(total_cost(served, year)) == as_printed(cost(pays(served, year))), code


def test_it_follows_levels_that_change_begin_late_or_have_no_rate() -> None:
    officer = rows.officer()
    rows.assignment(officer, "FAE", date(2009, 12, 1), date(2011, 3, 30), Decimal("0.30"))
    rows.level(officer, Level.FB_03, date(2010, 5, 1), date(2010, 5, 1))
    rows.level(officer, Level.FB_04, date(2010, 5, 2), date(2010, 12, 31))
    rows.level(officer, Level.FB_05, date(2011, 2, 1))
    without_level = rows.officer()
    rows.assignment(without_level, "FAE", date(2011, 3, 31))
    served = Assignment.objects.filter(officer__in=[officer, without_level])
    assert as_printed(total_cost(served, YEAR)) == as_printed(cost(pays(served, YEAR)))
    # April 2010, and January and the last day of March 2011.
    assert total_cost(served, YEAR).unpaid_days == 30 + 31 + 1
    OfficerLevel.objects.filter(officer=officer).delete()
    assert total_cost(served, YEAR).salaries == 0
    assert as_printed(total_cost(Assignment.objects.none(), YEAR)) == (0, 0, 0)


def test_files_counted_by_the_database_are_those_of_the_year_by_kind() -> None:
    officer, other = rows.officer(), rows.officer()
    for opened_on, kind in (
        ("2010-04-01", "case"),
        ("2011-03-31", "case"),
        ("2010-06-01", "ors"),
        ("2011-04-01", "ors"),
    ):
        rows.file(officer, date.fromisoformat(opened_on), kind)
    rows.file(other, date(2010, 6, 1), "project")
    counted = counted_by_kind(ImsFile.objects.filter(officer__in=[officer, other]), YEAR)
    assert (counted.officers, counted.without_files, counted.total) == (2, 0, 4)
    assert dict(counted.counts) == {"case": 2, "occurrence": 0, "project": 1, "ors": 1}


# When, where and of which operation


def test_an_outcome_of_which_only_the_year_is_known_is_recorded_and_listed(que: Client) -> None:
    data = {"kind": "arrest", "fiscal_year": "2010-2011", "side": "us", "operation": "Night Owl"}
    assert que.post(new("FAE"), data).status_code == 302
    event = OutcomeEvent.objects.latest("pk")
    assert (event.occurred_on, event.fiscal_year, event.side) == (None, 2010, "us")
    assert "Arrest" in words(page(que, "FAE"))
    everything = reverse("jfo-part", args=["FAE", "outcomes"])
    said = words(que.get(everything))
    assert all(word in said for word in ("2010-2011", "In the United States", "Night Owl"))
    first = csv_rows(que.get(everything + "?format=csv"))[0]
    assert (first["Occurred on"], first["Fiscal year"]) == ("", "2010-2011")
    # Not known before its year was over.
    assert "Night Owl" not in words(que.get(everything + "?as_of=2011-03-30"))


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({}, "Give the day, or the fiscal year where no day is known."),
        ({"fiscal_year": "2010"}, "“2010” is not a fiscal year."),
        ({"fiscal_year": "2011-2012"}, "2011-2012 is still to come."),
        ({"fiscal_year": "1900-1901"}, "Ensure this value is greater than or equal to 1990."),
        (
            {"occurred_on": "2011-02-14", "fiscal_year": "2009-2010"},
            "2011-02-14 is in 2010-2011. Leave the fiscal year",
        ),
        ({"occurred_on": "yesterday"}, "Type the date as YYYY-MM-DD"),
    ],
)
def test_a_day_or_a_year_is_needed_and_they_agree(que: Client, typed: dict[str, str], sentence: str) -> None:
    assert sentence in words(que.post(new("FAE"), {"kind": "arrest", **typed}))


def test_the_year_follows_the_day_also_when_the_day_is_corrected(que: Client) -> None:
    que.post(new("FAE"), {"kind": "arrest", "occurred_on": "2011-02-14", "fiscal_year": "2010-2011"})
    event = OutcomeEvent.objects.latest("pk")
    address = reverse("jfo-part-row", args=["FAE", "outcomes", event.pk])
    assert que.get(address).context["form"]["fiscal_year"].value() is None
    assert que.post(address, {"kind": "arrest", "occurred_on": "2009-05-01"}).status_code == 302
    event.refresh_from_db()
    assert event.fiscal_year == 2009
    # And a day that turns out not to be known is taken away again.
    assert que.post(address, {"kind": "arrest", "fiscal_year": "2009-2010"}).status_code == 302
    event.refresh_from_db()
    assert (event.occurred_on, event.fiscal_year) == (None, 2009)
    assert que.get(address).context["form"]["fiscal_year"].value() == "2009-2010"


def test_an_outcome_of_a_year_on_record_is_asked_about_too(que: Client) -> None:
    data = {"kind": "conviction", "fiscal_year": "2008-2009", "what": "khat"}
    assert que.post(new("FAE"), data).status_code == 302
    asked = words(que.post(new("SPVM-JFO"), data))
    assert "Is it one of these, which other JFOs recorded for that fiscal year?" in asked
    assert "Conviction, 2008-2009: khat" in asked
    event = OutcomeEvent.objects.latest("pk")
    assert que.post(new("SPVM-JFO"), {**data, "same_as": str(event.pk)}).status_code == 302
    assert event.claims.count() == 2


def test_the_database_holds_day_and_year_together() -> None:
    event = rows.outcome("FAE", occurred_on=date(2011, 2, 14))
    with pytest.raises(IntegrityError), transaction.atomic():
        OutcomeEvent.objects.filter(pk=event.pk).update(fiscal_year=2009)
