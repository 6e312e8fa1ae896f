"""Lists as their readers use them: the filter form, and what it sends back."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from jfo_portal.kit import exports
from registry.models import User

pytestmark = pytest.mark.django_db

LISTS = ["/en/jfos/", "/en/officers/", "/en/assignments/", "/en/arrangements/"]


@pytest.mark.parametrize("address", LISTS)
def test_applying_the_filters_keeps_the_columns(
    client_of: Callable[[User], Client], que_manager: User, address: str
) -> None:
    """Columns with a value of their own stood unchecked in the form: the next filter took them off the table."""
    context = client_of(que_manager).get(address).context
    checked = [label for _name, label, is_checked in context["choosable"] if is_checked]
    assert [str(label) for label in checked] == [heading.label for heading in context["headings"]][1:]


def test_clearing_the_filters_keeps_the_day(client_of: Callable[[User], Client], que_manager: User) -> None:
    """It led back to today without a word."""
    page = client_of(que_manager).get("/en/assignments/?function=IO&as_of=2004-02-15").content.decode()
    assert 'href="/en/assignments/?as_of=2004-02-15">Clear all' in page


def test_a_form_sent_after_the_session_ended_says_that_nothing_was_saved(client: Client) -> None:
    """The sign-in page came without a word, and what was typed seemed to be saved."""
    response = client.post("/en/assignments/new/", {"reason": "a long story"}, follow=True)
    assert [str(message) for message in response.context["messages"]] == [
        "Your session had ended, so nothing was saved. Sign in and send it again."
    ]


@pytest.mark.parametrize(
    "address",
    [
        "/en/assignments/?format=csv&as_of=2011-3-31",
        "/en/assignments/?format=json&region=ZZ",
        "/en/history/?format=csv&first=9/2/12",
        "/en/arrangements/gaps/?format=csv&table=coverage&as_of=9/2/12",
        "/en/arrangements/gaps/?format=svg&table=coverage&region=ZZ",
    ],
)
def test_no_file_answers_another_question(
    client_of: Callable[[User], Client], nhq_reviewer: User, address: str
) -> None:
    """What could not be read was left out, and a file has no place to say so."""
    assert client_of(nhq_reviewer).get(address).status_code == 400


def test_the_browser_keeps_no_page_but_a_form(client_of: Callable[[User], Client], que_manager: User) -> None:
    """After signing out, the Back button showed the officers to whoever came next."""
    client = client_of(que_manager)
    assert "no-store" in client.get("/en/officers/")["Cache-Control"]
    assert "no-store" in client.get("/en/officers/?format=csv")["Cache-Control"]
    # What was typed comes back by the same button.
    assert client.get("/en/assignments/new/")["Cache-Control"] == "private"


@pytest.mark.parametrize(
    "address",
    [
        "/en/jfos/?q=IBET&format=xlsx",
        "/en/reports/exhibit-5/?format=xlsx",
        "/en/arrangements/exposure/?table=partners&format=xlsx",
    ],
)
def test_rows_without_room_in_a_workbook_lead_back_to_the_page_which_says_so(
    client_of: Callable[[User], Client], nhq_reviewer: User, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """Pages that are no lists answered with an error of the server."""

    def refuse(*args: Any, **options: Any) -> None:
        raise exports.DoesNotFit("Row 7 does not fit.")

    monkeypatch.setattr(exports, "write_workbook", refuse)
    response: Any = client_of(nhq_reviewer).get(address, follow=True)
    assert response.redirect_chain == [(address.replace("&format=xlsx", "").replace("?format=xlsx", ""), 302)]
    assert "Row 7 does not fit." in response.content.decode()
