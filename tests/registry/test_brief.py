"""A JFO's printed brief: what it says, to whom, as of which day."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from registry import panels
from registry.models import JFO, ActionItem, Establishment, Meeting, ParticipationReview, User
from tests.pages import words

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Client]
BUDGET = 15


@pytest.fixture
def nhq(client_of: SignIn, nhq_reviewer: User) -> Client:
    return client_of(nhq_reviewer)


@pytest.fixture
def jfo() -> JFO:
    return JFO.objects.get(code="IBET-QUE-1")


def brief(client: Client, code: str = "IBET-QUE-1", query: str = "", language: str = "en") -> str:
    response = client.get(f"/{language}/jfos/{code}/brief/{query}")
    assert response.status_code == 200
    return words(response)


def test_it_says_on_one_page_what_a_partner_or_a_visitor_asks(nhq: Client, jfo: JFO) -> None:
    Establishment.objects.filter(jfo=jfo).delete()
    ParticipationReview.objects.filter(jfo=jfo).delete()
    Establishment(jfo=jfo, fte=Decimal("2.00"), start=date(2010, 4, 1)).save_as(None)
    ParticipationReview(jfo=jfo, reviewed_on=date(2010, 11, 4), decision="continue", reasons="It works.").save_as(None)
    text = brief(nhq)
    for said in (
        "as of March 31, 2011",
        "Keeps the stretches of the land and water border",
        "Lead RCMP Partner CBSA, US CBP, US CG, US ICE",
        "Marc-André Bergeron (primary contact), marc-andre.bergeron@example.invalid",
        "agreed: 2.00; assigned: 1.00; vacant: 1.00",
        "Gagnon, Geneviève (IO, FB-04, 1.00)",
        "Covered by WCA-2004-0001",
        "a, b, d, e, f: Met; c, g: Partly met",
        "2010-2011: salaries $69,712 for 1.00 FTE-years paid.",
        "BTRA-2011. High: Terrorism, Cocaine",
        "Propose who keeps the shared calendar (CBSA, 2010-12-15, overdue)",
        "2010-11-04: Continue. It works.",
        "UNCLASSIFIED",
        "printed on",
    ):
        assert said in text, said


def test_it_speaks_french(nhq: Client) -> None:
    text = brief(nhq, language="fr")
    assert "Surveille, avec les partenaires américains" in text
    assert "GRC" in text
    assert "31 mars 2011" in text
    assert "Open action items" not in text


def test_names_and_figures_of_another_region_are_restricted(client_of: SignIn, gta_manager: User) -> None:
    text = brief(client_of(gta_manager))
    assert "Gagnon" not in text
    assert "assigned: restricted" in text
    assert "69,712" not in text
    assert "Restricted for another region’s JFO." in text
    assert "Covered by WCA-2004-0001" in text


def test_a_past_day_shows_that_day(nhq: Client) -> None:
    text = brief(nhq, query="?as_of=2003-06-01")
    assert "as of June 1, 2003" in text
    assert "Not covered: no arrangement in force names this JFO on June 1, 2003." in text
    assert "shared calendar" not in text
    assert "not active on this day" in brief(nhq, query="?as_of=1999-01-01")


def test_long_lists_are_cut_and_say_how_much_more_there_is(nhq: Client, jfo: JFO) -> None:
    meeting = Meeting.objects.filter(jfo=jfo).latest("held_on")
    ActionItem.objects.bulk_create([ActionItem(meeting=meeting, what=f"Task {n}", owner="CBSA") for n in range(9)])
    assert "and 8 more" in brief(nhq)


@pytest.mark.parametrize("user", ["que.manager", "nhq.reviewer"])
def test_it_stays_within_its_budget(
    client_of: SignIn, user: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_of(User.objects.get(username=user))
    # What is kept for a minute, the region's mean and how far the IMS files reach, is asked for once.
    brief(client, "IBET-QUE-3")
    with django_assert_max_num_queries(BUDGET):
        brief(client, "IBET-QUE-3")


def test_an_app_adds_its_lines_by_registering_them(nhq: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panels, "_briefs", [])
    panels.register(5, brief=panels.Panel("Motto", "wca/jfo_brief.html", lambda jfo, reader, day: []))
    text = brief(nhq)
    assert "Motto Not covered" in text
    assert "Activity and cost" not in text


def test_the_page_of_the_jfo_leads_to_it_and_keeps_the_day(nhq: Client) -> None:
    html = nhq.get("/en/jfos/IBET-QUE-1/?as_of=2009-06-30").content.decode()
    assert 'href="/en/jfos/IBET-QUE-1/brief/?as_of=2009-06-30"' in html
