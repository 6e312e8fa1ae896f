"""The home page of an NHQ reviewer: what there is to assess, approve, verify and mend, and the lists behind it."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from registry import needs
from registry.models import JFO, Snooze, User
from tests.pages import body, csv_rows, words
from wca import remediation
from wca.models import Arrangement, Assessment, RemediationAction

pytestmark = pytest.mark.django_db

TODAY = date(2011, 3, 31)
SignIn = Callable[[User], Client]


@pytest.fixture
def approver(db: None) -> User:
    return User.objects.get(username="nhq.approver")


def groups(client: Client) -> dict[str, Any]:
    return {group.need or str(group.title): group for group in client.get("/en/").context["groups"]}


@pytest.fixture
def submitted(nhq_reviewer: User) -> Assessment:
    """An assessment by nhq.reviewer of the one arrangement that the evaluation did not review, waiting for approval."""
    other = Assessment.objects.all()[0]
    row = Assessment(arrangement=Arrangement.objects.get(reference="WCA-2004-0004"), clause_set=other.clause_set)
    row.author, row.assessed_on, row.submitted_on = nhq_reviewer, date(2011, 3, 28), date(2011, 3, 29)
    return row.save_as(nhq_reviewer)


def test_a_groups_count_is_that_of_the_list_it_opens(client_of: SignIn, approver: User, submitted: Assessment) -> None:
    JFO.objects.filter(code="FAE").update(objectives_fr="")
    client = client_of(approver)
    found = groups(client)
    wanted = {"assessments-to-approve", "assessments-to-do", "uncovered", "arrangements-ending"}
    wanted |= {"actions-overdue", "actions-to-verify", "risks-ending", "Missing translations"}
    assert wanted <= set(found)
    for name in wanted:
        group = found[name]
        address = f"{group.href}{'&' if '?' in group.href else '?'}format=csv"
        assert group.count == len(csv_rows(client.get(address))), name
        assert len(group.lines) == min(group.count, needs.SHOWN)


def test_each_sort_of_work_is_told_in_its_words(client_of: SignIn, approver: User, submitted: Assessment) -> None:
    found = groups(client_of(approver))
    assert [line.when for line in found["assessments-to-approve"].lines] == ["submitted on 2011-03-29"]
    assert [line.when for line in found["actions-overdue"].lines] == [
        "since 2011-02-28",
        "since 2011-03-11",
        "since 2011-03-25",
    ]
    (verify,) = found["actions-to-verify"].lines
    assert verify.what.startswith("WCA-2006-0003 a)")
    assert [act.label for act in verify.acts] == ["Verify", "Return"]
    assert [line.when for line in found["risks-ending"].lines] == ["on 2011-04-20"]


def test_nobody_verifies_or_approves_their_own(client_of: SignIn, nhq_reviewer: User, submitted: Assessment) -> None:
    found = groups(client_of(nhq_reviewer))
    assert "assessments-to-approve" not in found
    assert [line.what.partition(":")[0] for line in found["actions-to-verify"].lines] == ["WCA-2007-0004 g)"]
    # What waits for approval is not to be assessed again.
    assert "WCA-2004-0004" not in " ".join(line.what for line in found["assessments-to-do"].lines)


def test_others_have_no_such_work(client_of: SignIn, que_manager: User, administrator: User, auditor: User) -> None:
    JFO.objects.filter(code="FAE").update(objectives_fr="")
    for user in (que_manager, administrator, auditor):
        assert not {name for name in groups(client_of(user)) if re.match("action|assess|risks|Missing", name)}


def test_an_action_can_be_put_off(client_of: SignIn, nhq_reviewer: User) -> None:
    client = client_of(nhq_reviewer)
    line = groups(client)["actions-overdue"].lines[0]
    assert client.get(reverse("snooze", args=["actions-overdue", line.row_id])).status_code == 200
    until = TODAY + timedelta(days=5)
    Snooze(user=nhq_reviewer, need="actions-overdue", row_id=line.row_id, until=until, reason="x").save_as(nhq_reviewer)
    group = groups(client)["actions-overdue"]
    assert (group.count, group.put_off) == (2, 1)
    assert len(csv_rows(client.get(f"{group.href}&format=csv"))) == 2


def test_the_groups_of_work_come_in_the_order_of_their_apps(client_of: SignIn, nhq_reviewer: User) -> None:
    JFO.objects.filter(code="FAE").update(objectives_fr="")
    names = list(groups(client_of(nhq_reviewer)))
    assert names[-1] == "Missing translations"
    assert names.index("assessments-to-do") < names.index("uncovered") < names.index("actions-overdue")


def test_the_page_asks_a_constant_number_of_queries(
    client_of: SignIn, nhq_reviewer: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_of(nhq_reviewer)
    client.get("/en/")
    cache.clear()
    with django_assert_max_num_queries(15):
        client.get("/en/")
    for jfo in JFO.objects.filter(program__code__in=["INSET", "BEST", "NPET"])[:8]:
        row = remediation.open_action(
            remediation.Gap(jfo=jfo), by=None, owner=nhq_reviewer, due_on=date(2011, 3, 1), day=date(2011, 2, 1)
        )
        assert RemediationAction.objects.overdue_on(TODAY).filter(pk=row.pk).exists()
    cache.clear()
    with django_assert_max_num_queries(15):
        client.get("/en/")


def test_the_page_speaks_french(client_of: SignIn, nhq_reviewer: User) -> None:
    said = words(client_of(nhq_reviewer).get("/fr/"))
    assert "Mesures en retard" in said
    assert "Mesures d’autrui à vérifier" in said
    assert "Risques acceptés prenant fin d’ici 30 jours" in said
    assert "Actions overdue" not in body(client_of(nhq_reviewer).get("/fr/"))
