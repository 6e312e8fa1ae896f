"""What the history tells, in words, and to whom; see tests/kit/test_changes.py for how it is worded."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from django.apps import apps
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from jfo_portal.kit.history import Door, Tracked
from performance.models import Unlock
from registry import actions
from registry.models import JFO, Assignment, Contact, Officer, Region, Role, User
from tests.pages import csv_rows
from wca.models import Arrangement, Assessment, Finding

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Client]
BUDGET = 15


@pytest.fixture
def que(client_of: SignIn, que_manager: User) -> Client:
    return client_of(que_manager)


@pytest.fixture
def admin(client_of: SignIn, administrator: User) -> Client:
    return client_of(administrator)


def exported(client: Client, query: str = "") -> list[dict[str, str]]:
    response = client.get(f"/en/history/?format=csv&{query}")
    return csv_rows(response)


def open_assignment(number: str) -> Assignment:
    return Assignment.objects.with_names().get(officer__number=number, end=None)


def test_a_change_tells_who_when_from_what_to_what_why_and_through_which_door(admin: Client, que_manager: User) -> None:
    row = open_assignment("O-0001")
    row.fte = Decimal("0.50")
    row.save_as(que_manager, reason="half time from now on")
    version = exported(admin)[0]
    assert version["Who"] == "que.manager"
    assert version["Row"] == "O-0001 Gagnon, Geneviève – IBET-QUE-1"
    assert (version["What happened"], version["Change"]) == ("Changed", "FTE: 1.00 → 0.50")
    assert (version["Why"], version["Door"]) == ("half time from now on", "Screen")
    assert version["When"]


def test_the_newest_comes_first_over_all_kinds_of_row(admin: Client, administrator: User) -> None:
    Contact(
        jfo=JFO.objects.get(code="FAE"), function="intelligence", name="Nova Contact", start=date(2011, 3, 1)
    ).save_as(administrator)
    arrangement = Arrangement.objects.first()
    assert arrangement
    arrangement.save_as(administrator)
    assert [row["Kind of row"] for row in exported(admin)[:2]] == ["Arrangement", "Contact"]


def test_a_manager_sees_nothing_of_another_regions_officers(que: Client) -> None:
    for number in ("O-0095", "O-0183"):  # of the Greater Toronto Area, and of Northern Ontario on a JFO of Quebec
        row = Assignment.objects.filter(officer__number=number).first()
        assert row
        row.save_as(None, reason=f"checked {number}")
    response = que.get("/en/history/?per=100")
    everything = exported(que)
    assert response.context["page"].paginator.count == len(everything)
    own = {"", *Officer.objects.filter(region__code="QUE").values_list("number", flat=True)}
    shown = {text for row in everything for text in (row["Row"], row["Change"], row["Why"])}
    numbers = set(Officer.objects.values_list("number", flat=True)) - own
    assert not {number for number in numbers for text in shown if number in text}
    assert exported(que, "officer=O-0095") == []
    assert que.get("/en/history/?format=csv&kind=user").status_code == 400  # not a kind a manager can choose


def test_rows_that_are_open_to_all_are_in_a_managers_history(que: Client) -> None:
    kinds = {row["Kind of row"] for row in exported(que)}
    assert {"JFO", "Arrangement", "Participation", "Assignment", "Officer", "IMS file"} <= kinds
    assert "User" not in kinds


def test_a_deleted_assignment_is_still_told_to_its_region_alone(
    que: Client, client_of: SignIn, gta_manager: User, que_manager: User
) -> None:
    row = Assignment.objects.get(officer__number="O-0063")
    row.attribute(que_manager, reason="entered twice").delete()
    deleted = exported(que)[0]
    assert (deleted["What happened"], deleted["Row"]) == ("Deleted", "O-0063 Vaillancourt, Éric – FAE")
    assert "entered twice" not in {row["Why"] for row in exported(client_of(gta_manager))}


def test_after_a_move_the_history_goes_with_the_officer(que: Client, client_of: SignIn, gta_manager: User) -> None:
    officer = Officer.objects.get(number="O-0063")
    officer.region = Region.objects.get(code="GTA")
    officer.save_as(None)
    assert exported(que, "officer=O-0063") == []
    assert "Region: QUE → GTA" in {row["Change"] for row in exported(client_of(gta_manager), "officer=O-0063")}


def test_the_regions_given_to_a_user_are_told_in_words(admin: Client, administrator: User) -> None:
    user = User(username="new.manager", role=Role.REGIONAL_MANAGER)
    user.attribute(administrator).save()
    user.regions.set(Region.objects.filter(code__in=["ATL", "QUE"]))
    assert exported(admin, "kind=user")[0]["Change"] == "Regions: ATL, QUE"


def test_filters_narrow_by_person_kind_door_day_jfo_and_officer(admin: Client, que_manager: User) -> None:
    row = open_assignment("O-0001")
    row.fte = Decimal("0.80")
    row.save_as(que_manager, door=Door.API)
    actions.extend(
        open_assignment("O-0001"), by=que_manager, end=date(2012, 3, 31), review_on=None, day=date(2011, 3, 31)
    )
    assert [row["Change"] for row in exported(admin, "who=QUE.man")] == ["Last day: 2012-03-31", "FTE: 1.00 → 0.80"]
    assert [row["Change"] for row in exported(admin, "door=api")] == ["FTE: 1.00 → 0.80"]
    assert {row["Kind of row"] for row in exported(admin, "kind=region")} == {"Region"}
    assert len(exported(admin, "who=que.manager&jfo=ibet-que-1")) == 2
    assert exported(admin, "who=que.manager&jfo=FAE") == []
    assert len(exported(admin, "who=que.manager&officer=o-0001")) == 2
    assert exported(admin, "last=2001-01-01") == []
    assert len(exported(admin, "who=que.manager&first=2001-01-01")) == 2


def test_a_day_that_cannot_be_read_is_said_at_the_filter(admin: Client) -> None:
    assert "Type the date as YYYY-MM-DD" in admin.get("/en/history/?first=31/03/2011").content.decode()


def test_nothing_in_the_history_can_be_changed(admin: Client) -> None:
    assert admin.post("/en/history/", {}).status_code == 405


def test_the_page_speaks_french(admin: Client, que_manager: User) -> None:
    open_assignment("O-0001").save_as(que_manager)
    html = admin.get("/fr/history/?who=que.manager").content.decode()
    assert "O-0001 Gagnon, Geneviève – IBET-QUE-1" in html


@pytest.mark.parametrize("query", ["", "per=100", "per=100&kind=user", "kind=assignment&who=a&jfo=FAE&officer=O-0063"])
def test_the_page_stays_within_its_budget(
    que: Client, admin: Client, query: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for client in (que, admin):
        with django_assert_max_num_queries(BUDGET):
            client.get(f"/en/history/?{query}")


def test_a_page_of_every_kind_of_row_asks_no_more(
    admin: Client, administrator: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    models = [model for model in apps.get_models() if issubclass(model, Tracked)]
    for model in models:
        # An approved assessment and the trace of an unlock never change, and all of the demonstration's are such.
        if model not in (Assessment, Finding, Unlock) and (row := model._default_manager.first()):
            row.attribute(administrator).save()
    administrator.save()
    with django_assert_max_num_queries(BUDGET):
        response = admin.get("/en/history/?who=admin")
    assert len({version.kind for version in response.context["versions"]}) > 20
