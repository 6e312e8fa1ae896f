"""The assignments as a regional manager meets them: the list, its files, the forms and what they refuse."""

import io
import json
from collections.abc import Callable
from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from python_calamine import CalamineWorkbook

from registry.models import JFO, Assignment, Officer, User
from tests import rows
from tests.pages import csv_rows

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Client]


@pytest.fixture
def manager(que_manager: User, client_of: SignIn) -> Client:
    return client_of(que_manager)


def a_que_assignment() -> Assignment:
    return Assignment.objects.get(jfo__code="CFSEU-QUE", end=None)


def test_the_caption_counts_assignments_and_fte_in_both_languages(manager: Client) -> None:
    assert "9 assignments, 8.00 FTE" in manager.get("/en/assignments/").content.decode()
    assert "9 affectations, 8,00 ETP" in manager.get("/fr/assignments/").content.decode()


def test_the_files_hold_what_the_page_shows(manager: Client) -> None:
    address = "/en/assignments/?function=IA"
    shown = manager.get(address).content.decode()
    numbers = [row["Number"] for row in csv_rows(manager.get(address + "&format=csv"))]
    assert numbers
    assert all(number in shown for number in numbers)
    assert [row["number"] for row in json.loads(manager.get(address + "&format=json").content)] == numbers


def test_a_workbook_carries_the_marks_of_the_page(manager: Client) -> None:
    """A list of officers left the portal without the mark that its page bears."""
    body = manager.get("/en/assignments/?format=xlsx").content
    notes = CalamineWorkbook.from_filelike(io.BytesIO(body)).get_sheet_by_name("Notes").to_python()
    assert notes[0] == ["Sensitivity", "UNCLASSIFIED"]
    assert str(notes[1][1]).startswith("Demonstration data")


def test_a_sort_link_turns_the_order(manager: Client) -> None:
    page = manager.get("/en/assignments/?sort=-start").content.decode()
    assert 'aria-sort="descending"' in page
    assert page.index("2010-06-14") < page.index("2001-04-09")


@pytest.mark.parametrize("query", ["region=99999", "region=GTA", "jfo=NONE", "state=wrong", "per=abc", "page=x"])
def test_a_wrong_filter_is_no_error_of_the_portals(manager: Client, query: str) -> None:
    assert manager.get(f"/en/assignments/?{query}").status_code == 200


@pytest.mark.parametrize("text", ["9/2/12", "2011-13-01", "20110331", "yesterday"])
def test_a_date_in_another_form_is_named_and_today_is_shown(manager: Client, text: str) -> None:
    page = manager.get("/en/assignments/", {"as_of": text}).content.decode()
    assert f"“{text}” is not a date" in page
    assert "9 assignments" in page
    assert f"« {text} » n’est pas une date" in manager.get(
        "/fr/assignments/", {"as_of": text}
    ).content.decode().replace("\xa0", " ")


def test_an_assignment_of_another_regions_officer_is_not_found(gta_manager: User, client_of: SignIn) -> None:
    client = client_of(gta_manager)
    row = a_que_assignment()
    for path in ("", "extend/", "end/", "transfer/"):
        assert client.get(f"/en/assignments/{row.pk}/{path}").status_code == 404
    assert (
        client.post(f"/en/assignments/{row.pk}/end/", {"end": "2011-03-31", "end_reason": "other"}).status_code == 404
    )
    row.refresh_from_db()
    assert row.end is None


def test_another_regions_officer_cannot_be_assigned(manager: Client) -> None:
    officer = Officer.objects.filter(region__code="GTA").first()
    assert officer is not None
    page = manager.post(
        "/en/assignments/new/",
        {"officer": officer.pk, "jfo": JFO.objects.get(code="FAE").pk, "fte": "0.10", "start": "2011-03-31"},
    )
    assert page.status_code == 200
    assert not Assignment.objects.filter(officer=officer, jfo__code="FAE").exists()


def test_reviewers_and_administrators_have_no_forms_of_managers(nhq_reviewer: User, client_of: SignIn) -> None:
    client = client_of(nhq_reviewer)
    assert "/extend/" not in client.get("/en/assignments/").content.decode()
    assert client.get(f"/en/assignments/{a_que_assignment().pk}/extend/").status_code == 403


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("fte", "1.5", "at most 1.00"),
        ("fte", "0", "more than 0"),
        ("fte", "NaN", "number"),
        ("fte", "1e309", "digits"),
        ("start", "31/03/2011", "YYYY-MM-DD"),
        ("start", "1969-01-01", "cannot start earlier"),
        ("end", "2009-01-01", "before the first day"),
        ("jfo", "999999999999999999999", "Choose another one"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_saved(manager: Client, field: str, value: str, sentence: str) -> None:
    officer = Officer.objects.filter(region__code="QUE", assignments=None).first()
    assert officer is not None
    values = {"officer": officer.pk, "jfo": JFO.objects.get(code="FAE").pk, "fte": "0.50", "start": "2011-03-31"}
    response = manager.post("/en/assignments/new/", values | {field: value})
    assert response.status_code == 200
    assert sentence in response.content.decode()
    assert not officer.assignments.exists()


def test_a_form_is_about_today_whatever_day_its_address_names(manager: Client) -> None:
    """A new assignment could be saved on a page that said nothing could be changed on it."""
    for path in ("new", f"{a_que_assignment().pk}/extend"):
        response = manager.get(f"/en/assignments/{path}/?as_of=2010-01-01")
        assert response.status_code == 200
        assert "Nothing can be changed on this page" not in response.content.decode()


def test_the_links_of_a_jfo_and_an_officer_fill_the_form_beforehand(manager: Client) -> None:
    """The JFO of the link was left for the manager to choose again."""
    officer, jfo = Officer.objects.filter(region__code="QUE").first(), JFO.objects.get(code="IBET-QUE-1")
    form = manager.get(f"/en/assignments/new/?officer={officer.number}&jfo={jfo.code}").context["form"]  # type: ignore[union-attr]
    assert (form.initial["officer"], form.initial["jfo"]) == (officer, jfo)


def test_a_transfer_tells_the_fte_of_the_regions_own_jfos_alone(manager: Client) -> None:
    """The message gave away how many officers another region has on the JFO that one was transferred to."""
    own, foreign = JFO.objects.get(code="FAE"), JFO.objects.filter(region__code="GTA").first()
    assert foreign is not None
    row = a_que_assignment()
    for jfo, start in ((foreign, "2011-04-11"), (own, "2011-05-11")):
        response = manager.post(
            f"/en/assignments/{row.pk}/transfer/", {"jfo": jfo.pk, "start": start, "fte": "0.50"}, follow=True
        )
        said = [str(message) for message in response.context["messages"]]
        row = Assignment.objects.get(officer=row.officer, jfo=jfo)
        assert row.get_absolute_url() == response.request["PATH_INFO"]
        codes = {code for code in ("CFSEU-QUE", "FAE", foreign.code) if any(f"{code} goes from" in one for one in said)}
        assert codes == ({"CFSEU-QUE"} if jfo == foreign else {"FAE"})


def test_a_save_is_in_the_history_with_its_reason(manager: Client) -> None:
    row = a_que_assignment()
    manager.post(
        f"/en/assignments/{row.pk}/end/",
        {"end": "2011-06-30", "end_reason": "rotation", "reason": "asked for a change"},
    )
    version = row.history.first()
    assert (version.end, version.who, version.history_change_reason, version.door) == (
        date(2011, 6, 30),
        "que.manager",
        "asked for a change",
        "screen",
    )


@pytest.mark.parametrize("path", ["/en/", "/en/assignments/", "/en/assignments/new/"])
def test_a_page_asks_the_same_few_queries_whatever_its_rows(manager: Client, path: str) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert manager.get(path).status_code == 200
        return len(captured)

    manager.get(path)
    before = queries()
    for _number in range(30):
        rows.assignment(rows.officer(), "FAE", date(2010, 1, 1), date(2011, 4, 30))
    assert queries() == before
    assert before <= 15


def test_the_links_of_an_assignment_keep_the_day(manager: Client) -> None:
    """They led back to today without a word."""
    row = a_que_assignment()
    main = manager.get(f"/en/assignments/{row.pk}/?as_of=2009-06-30").content.decode().split("<main")[1]
    facts = main.split("<h2>History")[0]
    assert facts.count("?as_of=2009-06-30") == facts.count('href="') > 0
