"""The management action plan: its milestones by recommendation, and recording that one is done."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from jfo_portal.kit.models import ChangeSet
from registry.models import User
from tests.pages import body, csv_rows, words
from wca import remediation
from wca.models import Milestone, Recommendation

pytestmark = pytest.mark.django_db

TODAY = date(2011, 3, 31)
SignIn = Callable[[User], Client]
PLAN = "/en/arrangements/plan/milestones/"


def milestone() -> Milestone:
    """The first that is due: the draft template is discussed by the end of May 2012."""
    return Milestone.objects.get(due_on=date(2012, 5, 31))


def send(client: Client, address: str, data: dict[str, Any], **extra: Any) -> Any:
    """Post the form of the page with its hidden fields."""
    page = body(client.get(address)).split('id="page-form"')[1]
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    return client.post(address, {**hidden, **data}, **extra)


def test_the_plan_holds_the_eleven_milestones_due_on_the_last_day_of_their_month() -> None:
    by_number = {row.number: row.milestones.count() for row in Recommendation.objects.all()}
    assert by_number == {1: 5, 2: 5, 3: 1}
    assert set(Milestone.objects.values_list("due_on", flat=True)) == {
        date(2012, 5, 31),
        date(2012, 7, 31),
        date(2012, 10, 31),
        date(2012, 11, 30),
        date(2012, 12, 31),
    }


def test_every_milestone_stands_under_its_recommendation(client_of: SignIn, que_manager: User) -> None:
    said = words(client_of(que_manager).get(PLAN))
    assert "11 milestones: 0 done, 0 overdue." in said
    assert "Recommendation 3: Write the mandates of intelligence and of criminal investigations" in said
    assert "Mark as done" not in said


def test_it_is_overdue_after_its_month_by_word_and_symbol(client_of: SignIn, auditor: User) -> None:
    page = client_of(auditor).get(f"{PLAN}?as_of=2012-06-01")
    assert "! Overdue" in words(page)
    assert "11 milestones: 0 done, 1 overdue." in words(page)
    assert "Overdue" not in words(client_of(auditor).get(f"{PLAN}?as_of=2012-05-31")).replace("0 overdue", "")


def test_a_reviewer_records_that_it_is_done_and_undoes_it(client_of: SignIn, nhq_reviewer: User) -> None:
    client, row = client_of(nhq_reviewer), milestone()
    address = reverse("milestone-done", args=[row.pk])
    assert "This field is required." in words(send(client, address, {"done_on": "2011-03-30", "evidence": ""}))
    assert "2011-04-01 is still to come." in words(send(client, address, {"done_on": "2011-04-01", "evidence": "x"}))
    done = send(client, address, {"done_on": "2011-03-30", "evidence": "Minutes of 2011-03-30"}, follow=True)
    assert "11 milestones: 1 done, 0 overdue." in words(done)
    assert "Minutes of 2011-03-30" in words(done)
    # The day before, nobody knew of it.
    assert "Minutes" not in words(client.get(f"{PLAN}?as_of=2011-03-29"))
    change = ChangeSet.objects.filter(by=nhq_reviewer).latest("pk")
    send(client, reverse("undo", args=[change.pk]), {})
    assert milestone().done_on is None


def test_the_plan_comes_as_a_file(client_of: SignIn, auditor: User) -> None:
    client = client_of(auditor)
    rows = csv_rows(client.get(f"{PLAN}?format=csv&as_of=2012-06-30"))
    assert len(rows) == 11
    assert [row["State"] for row in rows if row["Due on"] == "2012-05-31"] == ["Overdue"]
    assert client.get(f"{PLAN}?format=xlsx").status_code == 200
    assert client.get(f"{PLAN}?format=pdf").status_code == 404


def test_the_plan_speaks_french(client_of: SignIn, que_manager: User) -> None:
    said = words(client_of(que_manager).get("/fr/arrangements/plan/milestones/"))
    assert "Inscrire les mandats du renseignement et des enquêtes criminelles" in said
    assert "Direction de l’international et des partenariats" in said
    assert "11 jalons" in said


def test_the_plan_costs_few_queries(
    client_of: SignIn, auditor: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_of(auditor)
    with django_assert_max_num_queries(5):
        client.get(PLAN)


def test_a_milestone_is_not_done_before_its_day(nhq_reviewer: User) -> None:
    with pytest.raises(ValidationError, match="still to come"):
        remediation.record_milestone(milestone(), by=nhq_reviewer, done_on=date(2011, 4, 1), evidence="x", day=TODAY)


@pytest.mark.parametrize("pk", ["0", "9" * 30])
def test_a_milestone_that_is_not_there_is_not_found(client_of: SignIn, nhq_reviewer: User, pk: str) -> None:
    assert client_of(nhq_reviewer).get(f"{PLAN}{pk}/").status_code == 404
