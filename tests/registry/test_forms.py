"""What the forms of assignments say of what was typed."""

from collections.abc import Callable

import pytest
from django.test import Client

from registry.models import JFO, Assignment, Officer, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(client_of: Callable[[User], Client], que_manager: User) -> Client:
    return client_of(que_manager)


def errors(client: Client, **typed: str) -> dict[str, list[str]]:
    """Return what the form of a new assignment says, by field."""
    return dict(client.post("/en/assignments/new/", typed).context["form"].errors)


def test_everything_wrong_is_said_at_once(manager: Client) -> None:
    """An FTE above 1 was only said when all else was right."""
    assert set(errors(manager, fte="2", start="31/12/2011")) == {"officer", "jfo", "fte", "start"}


@pytest.mark.parametrize(("typed", "remedy"), [("0,5", "for example 0.50"), ("1.01", "at most 1.00")])
def test_an_fte_that_cannot_be_is_refused_with_its_remedy(manager: Client, typed: str, remedy: str) -> None:
    (sentence,) = errors(manager, fte=typed)["fte"]
    assert remedy in sentence


def test_a_choice_that_is_gone_names_the_remedy(manager: Client) -> None:
    other = Officer.objects.filter(region__code="GTA").first()
    assert other is not None
    found = errors(manager, officer=str(other.pk), jfo="999999")
    assert found["officer"] == ["This officer is not, or no longer, in the list. Choose another one."]
    assert found["jfo"] == ["This JFO is not, or no longer, in the list. Choose another one."]


def test_a_transfer_takes_a_review_date(manager: Client) -> None:
    """One that had begun long ago asked for a review date, and the form had no place for it."""
    row = Assignment.objects.get(officer__number="O-0001", end=None)
    jfo = JFO.objects.get(code="IBET-QUE-2")
    typed = {"jfo": jfo.pk, "start": "2003-04-09", "fte": "1.00"}
    address = f"/en/assignments/{row.pk}/transfer/"
    assert "review_on" in manager.post(address, typed).context["form"].errors
    assert manager.post(address, typed | {"review_on": "2012-01-01"}).status_code == 302


@pytest.mark.parametrize("query", ["officer=%00", "jfo=a%00b"])
def test_an_address_that_names_nobody_gives_an_empty_form(manager: Client, query: str) -> None:
    """PostgreSQL refused the NUL, and the page was an error of the server."""
    assert manager.get(f"/en/assignments/new/?{query}").status_code == 200
