"""Exhibits 7 and 8 by the rule of the day: who may ask for it, what it counts, and that the page names it."""

import json
import re
from collections.abc import Callable
from datetime import date
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client

from jfo_portal.kit import reports
from performance.measures.activity import Rule
from registry.models import User
from tests import rows
from tests.pages import body, words

pytestmark = pytest.mark.django_db

BOTH = pytest.mark.parametrize("slug", ["exhibit-7", "exhibit-8"])
ClientOf = Callable[[User], Client]


@pytest.fixture
def client(client_of: ClientOf, nhq_reviewer: User) -> Client:
    return client_of(nhq_reviewer)


def officers(client: Client, query: str = "") -> dict[str, int]:
    text = body(client.get(f"/en/reports/exhibit-7/?fy=2010-2011&format=json{query}"))
    return {row["group"]: row["officers"] for row in json.loads(text)["rows"]}


@BOTH
@pytest.mark.parametrize("rule", Rule)
def test_the_page_names_the_rule_it_used(slug: str, rule: Rule, client: Client) -> None:
    page = words(client.get(f"/en/reports/{slug}/?rule={rule}"))
    assert str(rule.label) in page
    assert all(str(other.label) not in page for other in Rule if other != rule)
    assert all(one.short in page for one in Rule)


@BOTH
def test_the_rule_is_named_in_french(slug: str, client: Client) -> None:
    page = words(client.get(f"/fr/reports/{slug}/?rule=day"))
    assert "affecté à une OPC le jour de leur ouverture" in page


def test_an_officer_who_left_a_jfo_during_the_year_counts_in_both_groups_by_the_day(client: Client) -> None:
    before = officers(client), officers(client, "&rule=day")
    officer = rows.officer()
    rows.assignment(officer, "SPVM-JFO", date(2009, 4, 1), date(2010, 9, 30))
    rows.file(officer, date(2010, 9, 30))
    rows.file(officer, date(2010, 10, 1))
    after = officers(client), officers(client, "&rule=day")
    grown = [{group: after[n][group] - before[n][group] for group in after[n]} for n in (0, 1)]
    assert grown == [{"jfo": 1, "non_jfo": 0, "all": 1}, {"jfo": 1, "non_jfo": 1, "all": 1}]


def test_page_and_command_agree_by_the_day_and_say_so(client: Client) -> None:
    out = StringIO()
    call_command("report", "exhibit-7", "--rule", "day", stdout=out)
    page = body(client.get("/en/reports/exhibit-7/?rule=day&format=json"))
    assert json.loads(page) == json.loads(out.getvalue())
    assert json.loads(page)["parameters"]["rule"] == "day"


@BOTH
def test_nothing_is_compared_with_figures_that_were_published_by_the_year(slug: str, client: Client) -> None:
    sentence = "Nothing is compared: the evaluation published figures by the rule of the year"
    assert sentence not in words(client.get(f"/en/reports/{slug}/?fy=2010-2011"))
    page = client.get(f"/en/reports/{slug}/?fy=2010-2011&rule=day")
    assert sentence in words(page)
    assert 'class="compared"' not in body(page)


def test_figures_of_a_group_lead_to_its_files_by_the_rule_used(client: Client) -> None:
    for query, is_by_day in (("", False), ("&rule=day", True)):
        page = body(client.get(f"/en/reports/exhibit-7/?fy=2010-2011{query}")).replace("&amp;", "&")
        links = re.findall(r'href="([^"]*performance/files/[^"]*group=jfo[^"]*)"', page)
        assert links
        assert all(("rule=day" in link) is is_by_day for link in links)


@BOTH
def test_a_manager_is_refused_the_rule_in_a_sentence_and_not_offered_it(
    slug: str, client_of: ClientOf, que_manager: User
) -> None:
    client = client_of(que_manager)
    response = client.get(f"/en/reports/{slug}/?rule=day")
    assert response.status_code == 400
    assert "The rule of the day is for those who see the officers of every region" in words(response)
    page = client.get(f"/en/reports/{slug}/")
    assert 'name="rule"' not in body(page)
    assert "Only those who see the officers of every region can choose another rule" in words(page)
    assert client.get(f"/en/reports/{slug}/?rule=day&format=json").status_code == 400


def test_by_a_door_that_does_not_ask_a_manager_is_told_of_own_regions_alone(que_manager: User) -> None:
    exhibit = reports.get("exhibit-7")
    for region, is_told in (("QUE", True), ("ATL", False), ("", False)):
        parameters = exhibit.parameters({"fy": "2010-2011", "rule": "day", "region": region})
        found = exhibit.rows(que_manager, parameters)
        assert [row["officers"] is not None for row in found] == [is_told] * 3


@pytest.mark.parametrize("rule", ["week", "%00", "9" * 400])
def test_a_rule_there_is_not_is_refused_with_those_there_are(rule: str, client: Client) -> None:
    response = client.get(f"/en/reports/exhibit-7/?rule={rule}")
    assert response.status_code == 400
    assert "Choose one of these: year, day." in words(response)
