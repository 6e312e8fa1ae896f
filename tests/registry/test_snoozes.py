"""Putting a line of the home page off: to a day, with a reason, by and for oneself."""

from collections.abc import Callable
from datetime import date

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse

from jfo_portal.kit.changesets import ChangeSet
from registry.models import JFO, Assignment, Snooze, User
from tests import rows
from tests.pages import body, words

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User], Client]


@pytest.fixture
def row(db: None) -> Assignment:
    """An assignment of QUE's that ends within 90 days."""
    return rows.assignment(rows.officer(number="T-SNOOZE"), "FAE", date(2010, 1, 1), date(2011, 5, 1))


def address(row: Assignment, need: str = "ending", name: str = "snooze") -> str:
    return reverse(name, args=[need, row.pk])


def put_off(client: Client, row: Assignment, until: str = "2011-04-30", reason: str = "He decides in May.") -> str:
    return words(client.post(address(row), {"until": until, "reason": reason}, follow=True))


def is_there(client: Client, row: Assignment) -> bool:
    return row.officer.name in body(client.get("/en/")) and f"/assignments/{row.pk}/extend/" in body(client.get("/en/"))


def test_a_line_is_put_off_with_a_reason_and_comes_back_by_itself(
    client_of: ClientOf, que_manager: User, row: Assignment, settings: LazySettings
) -> None:
    client = client_of(que_manager)
    assert is_there(client, row)
    assert "Put off until 2011-04-30" in put_off(client, row)
    assert not is_there(client, row)
    said = words(client.get("/en/?snoozed=yes"))
    assert "Until 2011-04-30: He decides in May." in said
    settings.TODAY = date(2011, 4, 29)
    assert not is_there(client, row)
    settings.TODAY = date(2011, 4, 30)
    assert is_there(client, row)
    assert "He decides in May" not in words(client.get("/en/?snoozed=yes"))


def test_it_is_put_off_for_oneself_alone(
    client_of: ClientOf, que_manager: User, nhq_reviewer: User, auditor: User, row: Assignment
) -> None:
    put_off(client_of(que_manager), row)
    reviewer = client_of(nhq_reviewer)
    assert row.officer.name in body(reviewer.get("/en/"))
    assert "He decides in May" not in body(reviewer.get("/en/?snoozed=yes"))
    assert "He decides in May" not in body(client_of(auditor).get("/en/history/"))
    assert "He decides in May" not in body(reviewer.get(address(row)))


def test_it_is_brought_back_and_both_can_be_undone(client_of: ClientOf, que_manager: User, row: Assignment) -> None:
    client = client_of(que_manager)
    put_off(client, row)
    client.post(address(row, name="snooze-end"))
    assert is_there(client, row)
    change = ChangeSet.objects.first()
    assert change is not None
    client.post(reverse("undo", args=[change.pk]))
    assert not is_there(client, row)


def test_bringing_back_what_was_not_put_off_says_so(client_of: ClientOf, que_manager: User, row: Assignment) -> None:
    response = client_of(que_manager).post(address(row, name="snooze-end"), follow=True)
    assert "This line was not put off" in words(response)


def test_the_day_and_the_reason_can_be_changed(client_of: ClientOf, que_manager: User, row: Assignment) -> None:
    client = client_of(que_manager)
    put_off(client, row)
    form = client.get(address(row)).context["form"]
    assert (form["until"].value(), form["reason"].value()) == (date(2011, 4, 30), "He decides in May.")
    put_off(client, row, until="2011-06-30", reason="In June.")
    assert list(Snooze.objects.values_list("until", "reason")) == [(date(2011, 6, 30), "In June.")]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("2011-03-31", "x"), "Give a day from 2011-04-01 to 2012-03-31"),
        (("2012-04-01", "x"), "Give a day from 2011-04-01 to 2012-03-31"),
        (("soon", "x"), "Type the date as YYYY-MM-DD"),
        (("2011-04-30", ""), "This field is required"),
        (("2011-04-30", "x" * 301), "at most 300 characters"),
    ],
)
def test_what_cannot_be_is_refused(
    client_of: ClientOf, que_manager: User, row: Assignment, typed: tuple[str, str], said: str
) -> None:
    assert said in put_off(client_of(que_manager), row, *typed)
    assert not Snooze.objects.exists()


def test_only_a_line_of_ones_own_page_is_put_off(
    client_of: ClientOf, que_manager: User, gta_manager: User, row: Assignment
) -> None:
    client = client_of(gta_manager)
    assert client.get(address(row)).status_code == 404
    assert client.post(address(row), {"until": "2011-04-30", "reason": "x"}).status_code == 404
    own = client_of(que_manager)
    assert own.get(address(row, need="unreviewed")).status_code == 404
    assert own.get(address(row, need="arrangements-ending")).status_code == 404
    assert own.get(address(row, need="nothing")).status_code == 404
    assert own.get("/en/home/snooze/ending/99999999999999999999/").status_code == 404
    itf = JFO.objects.get(code="ITF")
    assert own.get(reverse("snooze", args=["jmt", itf.pk])).status_code == 404


@pytest.mark.parametrize("username", ["admin", "auditor"])
def test_who_only_looks_on_puts_nothing_off(client_of: ClientOf, row: Assignment, username: str) -> None:
    client = client_of(User.objects.get(username=username))
    assert client.post(address(row), {"until": "2011-04-30", "reason": "x"}).status_code == 403
    assert not client.get("/en/?snoozed=yes").context["is_put_off"]


def test_nothing_put_off_says_so(client_of: ClientOf, que_manager: User) -> None:
    assert "You have put nothing off." in words(client_of(que_manager).get("/en/?snoozed=yes"))
