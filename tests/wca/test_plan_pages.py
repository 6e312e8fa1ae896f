"""The pages of the plan of remedies: the list, one action, its forms, and assigning gaps in bulk."""

import re
from collections.abc import Callable
from datetime import date
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from jfo_portal.kit.models import ChangeSet
from registry.models import JFO, User
from tests.pages import body, csv_rows, words
from wca import remediation
from wca.models import ActionState, Arrangement, Clause, RemediationAction

pytestmark = pytest.mark.django_db

TODAY = date(2011, 3, 31)
SignIn = Callable[[User], Client]
PLAN = "/en/arrangements/plan/"


@pytest.fixture
def approver(db: None) -> User:
    return User.objects.get(username="nhq.approver")


def action(gap: str, state: str = "") -> RemediationAction:
    """Return the demonstration's action on the gap: a JFO's code, or a reference and a letter."""
    reference, _space, letter = gap.partition(" ")
    if letter:
        return RemediationAction.objects.get(arrangement__reference=reference, clause__letter=letter)
    return RemediationAction.objects.get(jfo__code=gap)


def gaps(client: Client, query: str = "") -> list[str]:
    return [row["Gap"] for row in csv_rows(client.get(f"{PLAN}?format=csv{query}"))]


def send(client: Client, address: str, data: dict[str, Any], **extra: Any) -> Any:
    """Post the form of the page with its hidden fields."""
    page = body(client.get(address))
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.split('id="page-form"')[1]))
    return client.post(address, {**{name: unescape(value) for name, value in hidden.items()}, **data}, **extra)


# The list


def test_the_overdue_come_first_and_the_settled_last(client_of: SignIn, nhq_reviewer: User) -> None:
    rows = csv_rows(client_of(nhq_reviewer).get(f"{PLAN}?format=csv"))
    assert len(rows) == 14
    assert [row["State"] for row in rows[:3]] == ["Overdue"] * 3
    assert [row["Due on"] for row in rows[:3]] == ["2011-02-28", "2011-03-11", "2011-03-25"]
    assert [row["Days overdue"] for row in rows[:4]] == ["31", "20", "6", ""]
    assert {row["State"] for row in rows[-4:]} == {"Verified", "Risk accepted"}
    due = [row["Due on"] for row in rows[3:-4]]
    assert due == sorted(due)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("&state=overdue", {"INSET-GTA", "WCA-2010-0001 c)", "WCA-2006-0002 c)"}),
        ("&state=accepted", {"CSIS-JFO", "WCA-2005-0003 d)"}),
        ("&owner=nhq.approver&state=done", {"WCA-2007-0004 g)"}),
        ("&region=ATL", {"WCA-2004-0001 c)", "WCA-2004-0001 g)"}),
        ("&arrangement=wca-2006-0003", {"WCA-2006-0003 a)"}),
        ("&jfo=ibet-que-1", {"WCA-2004-0001 c)", "WCA-2004-0001 g)"}),
        ("&jfo=NPET-QUE", {"NPET-QUE"}),
        ("&clause=d", {"WCA-2005-0003 d)"}),
    ],
)
def test_filters_narrow_the_plan(client_of: SignIn, auditor: User, query: str, found: set[str]) -> None:
    assert set(gaps(client_of(auditor), query)) == found


def test_a_past_day_shows_the_plan_of_then_and_no_act(client_of: SignIn, nhq_reviewer: User) -> None:
    client = client_of(nhq_reviewer)
    rows = {row["Gap"]: row["State"] for row in csv_rows(client.get(f"{PLAN}?format=csv&as_of=2011-03-09"))}
    assert rows["WCA-2010-0001 c)"] == "Done, to be verified"
    assert rows["WCA-2007-0002 b)"] == "Open"
    assert rows["IFAT"] == "Risk accepted"
    assert "JFIU-OTT" not in rows
    page = body(client.get(f"{PLAN}?as_of=2011-03-09"))
    assert "Mark as done" not in page
    assert "/plan/assign/" not in page
    assert "as_of=2011-03-09" in page


def test_the_plan_costs_no_more_queries_for_more_actions(
    client_of: SignIn, nhq_reviewer: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_of(nhq_reviewer)
    client.get(PLAN)
    with django_assert_max_num_queries(13):
        client.get(PLAN)
    clause = Clause.objects.get(clause_set__code="information-sharing", letter="a")
    for row in Arrangement.objects.all()[:15]:
        gap = remediation.Gap(arrangement=row, clause=clause)
        remediation.open_action(gap, by=None, owner=nhq_reviewer, due_on=TODAY, day=TODAY)
    with django_assert_max_num_queries(13):
        page = client.get(PLAN)
    assert "29 actions, 3 overdue" in words(page)


def test_the_chart_says_how_far_the_plan_is_behind_and_comes_as_files(client_of: SignIn, auditor: User) -> None:
    client = client_of(auditor)
    page = client.get(PLAN)
    assert "2 verified of 7 actions due by the end of 2011-03" in words(page)
    rows = csv_rows(client.get(f"{PLAN}?format=csv&table=progress"))
    assert {row["By the end of"]: row["Verified by then"] for row in rows}["2011-04"] == ""
    assert "<svg" in body(client.get(f"{PLAN}?format=svg&table=progress"))
    assert client.get(f"{PLAN}?format=pdf&table=progress").status_code == 404


def test_an_empty_plan_says_so(client_of: SignIn, auditor: User) -> None:
    RemediationAction.objects.all().delete()
    client = client_of(auditor)
    assert "No action matches" in words(client.get(PLAN))
    assert client.get(f"{PLAN}?format=svg&table=progress").status_code == 404


@pytest.mark.parametrize("query", ["state=x", "jfo=%00", "arrangement=%00", "clause=%00", "owner=%00", "region=%00"])
def test_no_filter_breaks_the_plan(client_of: SignIn, auditor: User, query: str) -> None:
    client = client_of(auditor)
    assert client.get(f"{PLAN}?{query}").status_code == 200
    for day in ("1900-04-01", "2999-03-31"):
        assert client.get(f"{PLAN}?{query}&as_of={day}").status_code == 200


def test_the_plan_speaks_french(client_of: SignIn, que_manager: User) -> None:
    said = words(client_of(que_manager).get("/fr/arrangements/plan/"))
    assert "14 mesures, dont 3 en retard" in said
    assert "En retard" in said


# One action


def test_who_may_do_what_is_offered_it(client_of: SignIn, nhq_reviewer: User, approver: User, admin_like: Any) -> None:
    def offered(user: User, gap: str) -> set[str]:
        return {link.label for link in client_of(user).get(action(gap).get_absolute_url()).context["acts"]}

    assert offered(nhq_reviewer, "WCA-2004-0001 c") == {"Mark as done", "Change"}
    assert offered(approver, "WCA-2004-0001 c") == {"Accept the risk", "Change"}
    assert offered(nhq_reviewer, "WCA-2007-0004 g") == {"Verify", "Return"}
    assert offered(approver, "WCA-2007-0004 g") == set()
    assert offered(approver, "CSIS-JFO") == {"End the acceptance", "Accept for longer", "Change"}
    assert offered(approver, "WCA-2007-0002 b") == set()
    for user in admin_like:
        assert offered(user, "WCA-2004-0001 c") == set()


@pytest.fixture
def admin_like(que_manager: User, administrator: User, auditor: User) -> list[User]:
    """Those who read the plan and do not write it."""
    return [que_manager, administrator, auditor]


def test_on_a_past_day_nothing_is_told_of_what_came_later(client_of: SignIn, auditor: User) -> None:
    client, row = client_of(auditor), action("WCA-2007-0002 b")
    assert "Annex C" in words(client.get(row.get_absolute_url())).split("History")[0]
    then = words(client.get(f"{row.get_absolute_url()}?as_of=2011-03-15")).split("History")[0]
    assert "Annex C" not in then
    assert "Open" in then
    before = words(client.get(f"{row.get_absolute_url()}?as_of=2011-02-01"))
    assert "was not open yet" in before
    assert "legal authorities" not in before.split("this action")[1]


def test_its_owner_closes_it_and_another_verifies_it(client_of: SignIn, nhq_reviewer: User, approver: User) -> None:
    row = action("WCA-2006-0002 c")
    address = row.get_absolute_url()
    refused = send(client_of(nhq_reviewer), f"{address}done/", {"done_on": "2011-03-30", "evidence": ""})
    assert "This field is required." in words(refused)
    done = send(client_of(nhq_reviewer), f"{address}done/", {"done_on": "2011-03-30", "evidence": "Annex"}, follow=True)
    assert "Done, to be verified by somebody else" in words(done)
    # Its owner is told, not shown an error page.
    own = send(client_of(nhq_reviewer), f"{address}verify/", {})
    assert "The action is yours: somebody else verifies it." in words(own)
    send(client_of(approver), f"{address}verify/", {"reason": "Seen in the file"})
    row.refresh_from_db()
    assert (row.state_on(TODAY), row.verified_by) == (ActionState.VERIFIED, approver)
    change = ChangeSet.objects.filter(by=approver).latest("pk")
    assert change.reason == "Seen in the file"
    send(client_of(approver), reverse("undo", args=[change.pk]), {})
    row.refresh_from_db()
    assert row.state_on(TODAY) == ActionState.DONE


def test_an_action_is_returned_with_what_is_still_to_be_done(client_of: SignIn, nhq_reviewer: User) -> None:
    row = action("WCA-2007-0004 g")
    said = send(
        client_of(nhq_reviewer),
        f"{row.get_absolute_url()}return/",
        {"returned_note": "The letter has no date"},
        follow=True,
    )
    assert "Returned to its owner" in words(said)
    assert "The letter has no date" in words(said)
    row.refresh_from_db()
    assert row.state_on(TODAY) == ActionState.OPEN


def test_a_risk_is_accepted_and_its_acceptance_ended(client_of: SignIn, approver: User) -> None:
    row = action("WCA-2004-0001 g")
    address, client = row.get_absolute_url(), client_of(approver)
    wrong = send(client, f"{address}accept/", {"accepted_until": "2011-03-01", "accepted_why": "x"})
    assert "2011-03-01 is over" in words(wrong)
    send(client, f"{address}accept/", {"accepted_until": "2011-09-30", "accepted_why": "Until the policy"})
    row.refresh_from_db()
    assert row.state_on(date(2011, 9, 30)) == ActionState.ACCEPTED
    ended = send(client, f"{address}reopen/", {"accepted_until": "2011-03-31"}, follow=True)
    assert "The acceptance ends on 2011-03-31" in words(ended)


def test_an_action_gets_another_owner_and_day(client_of: SignIn, nhq_reviewer: User, approver: User) -> None:
    row = action("WCA-2004-0001 c")
    data = {"what": "Write an annex", "owner": approver.pk, "due_on": "2011-12-31"}
    send(client_of(nhq_reviewer), f"{row.get_absolute_url()}edit/", data)
    row.refresh_from_db()
    assert (row.what, row.owner, row.due_on) == ("Write an annex", approver, date(2011, 12, 31))


def test_a_regional_manager_owns_no_action(client_of: SignIn, nhq_reviewer: User, que_manager: User) -> None:
    row = action("WCA-2004-0001 c")
    data = {"what": "x", "owner": que_manager.pk, "due_on": "2011-12-31"}
    said = send(client_of(nhq_reviewer), f"{row.get_absolute_url()}edit/", data)
    assert "Choose somebody in the list: an NHQ reviewer who can sign in." in words(said)


def test_what_somebody_else_changed_meanwhile_is_shown(client_of: SignIn, nhq_reviewer: User, approver: User) -> None:
    row = action("WCA-2007-0004 g")
    address, client = f"{row.get_absolute_url()}verify/", client_of(nhq_reviewer)
    page = body(client.get(address))
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.split('id="page-form"')[1]))
    remediation.send_back(row, by=nhq_reviewer, note="x", day=TODAY)
    remediation.close(row, by=approver, done_on=date(2011, 3, 25), evidence="Another letter", day=TODAY)
    answer = client.post(address, hidden)
    assert answer.status_code == 409
    assert "Another letter" in words(answer)


@pytest.mark.parametrize("pk", ["0", "99999", "9" * 30])
def test_an_action_that_is_not_there_is_not_found(client_of: SignIn, nhq_reviewer: User, pk: str) -> None:
    client = client_of(nhq_reviewer)
    assert client.get(f"{PLAN}{pk}/").status_code == 404
    assert client.get(f"{PLAN}{pk}/done/").status_code == 404


# Assigning in bulk

CHOSEN = f"{PLAN}assign/?gap=WCA-2004-0002:a&gap=jfo:FAE&gap=WCA-2004-0001:c"


def test_the_gaps_of_the_matrix_and_the_jfos_without_an_arrangement_can_be_ticked(
    client_of: SignIn, nhq_reviewer: User, auditor: User
) -> None:
    client = client_of(nhq_reviewer)
    page = body(client.get("/en/arrangements/gaps/"))
    values = re.findall(r'form="assign-gaps" name="gap" value="([^"]+)"', page)
    assert "WCA-2004-0001:information-sharing.c" in values
    assert "WCA-2004-0001:information-sharing.a" not in values
    assert values.count("jfo:FAE") == 1
    assert len([one for one in values if one.startswith("jfo:")]) == 19
    for other in (
        client_of(auditor).get("/en/arrangements/gaps/"),
        client.get("/en/arrangements/gaps/?as_of=2011-03-01"),
    ):
        assert "assign-gaps" not in body(other)


def test_each_gap_shows_its_verdict_and_what_is_planned(client_of: SignIn, nhq_reviewer: User) -> None:
    page = client_of(nhq_reviewer).get(f"{CHOSEN}&gap=WCA-2004-0001:a&gap=jfo:CRTF&gap=nothing")
    said = words(page)
    assert "WCA-2004-0001 a) is left out: it is no gap today, but “Met”." in said
    assert "CRTF is left out: an arrangement in force covers it." in said
    assert "no such clause or JFO today: nothing." in said
    assert [(line.named.gap.key, line.is_ticked) for line in page.context["lines"]] == [
        ("WCA-2004-0001:information-sharing.c", False),
        ("WCA-2004-0002:information-sharing.a", True),
        ("jfo:FAE", True),
    ]
    assert "Renata Dhillon, due on 2011-06-30" in said


def test_gaps_are_assigned_together_after_a_check_and_undone_as_one(
    client_of: SignIn, nhq_reviewer: User, approver: User
) -> None:
    client, before = client_of(nhq_reviewer), RemediationAction.objects.count()
    ticked = ["WCA-2004-0001:information-sharing.c", "WCA-2004-0002:information-sharing.a", "jfo:FAE"]
    data = {"gaps": ticked, "owner": approver.pk, "due_on": "2011-09-30"}
    check = send(client, CHOSEN, data)
    said = words(check)
    assert "Nothing is saved yet, and no rule stands in the way." in said
    assert "Owner: Renata Dhillon → Anselme Beaudry" in said
    assert "Due on: 2011-06-30 → 2011-09-30" in said
    assert "New action: Conclude an arrangement that covers the JFO. Owner: Anselme Beaudry." in said
    assert RemediationAction.objects.count() == before
    hidden = dict(check.context["hidden"])
    done = client.post(CHOSEN, {**data, **hidden, "_apply": "1"}, follow=True)
    assert "3 gaps assigned to Anselme Beaudry." in words(done)
    assert RemediationAction.objects.count() == before + 2
    change = ChangeSet.objects.filter(by=nhq_reviewer).latest("pk")
    assert len(change.versions()) == 3
    send(client, reverse("undo", args=[change.pk]), {})
    assert RemediationAction.objects.count() == before
    assert action("WCA-2004-0001 c").owner == nhq_reviewer


def test_one_refused_keeps_all_from_being_assigned(client_of: SignIn, nhq_reviewer: User, approver: User) -> None:
    client, before = client_of(nhq_reviewer), RemediationAction.objects.count()
    address = f"{CHOSEN}&gap=WCA-2006-0003:a"
    data = {"gaps": ["jfo:FAE", "WCA-2006-0003:information-sharing.a"], "owner": approver.pk, "due_on": "2011-09-30"}
    check = send(client, address, data)
    assert "Nothing is saved: a rule stands in the way of 1 gap." in words(check)
    again = client.post(address, {**data, **dict(check.context["hidden"]), "_apply": "1"})
    assert again.status_code == 200
    assert RemediationAction.objects.count() == before


def test_what_was_not_checked_is_not_saved(client_of: SignIn, nhq_reviewer: User, approver: User) -> None:
    client, before = client_of(nhq_reviewer), RemediationAction.objects.count()
    data = {"gaps": ["jfo:FAE"], "owner": approver.pk, "due_on": "2011-09-30"}
    hidden = dict(send(client, CHOSEN, data).context["hidden"])
    other = client.post(CHOSEN, {**data, **hidden, "due_on": "2011-10-30", "_apply": "1"})
    assert "is not what was checked" in words(other)
    # Somebody opens one on the same gap meanwhile.
    remediation.open_action(
        remediation.Gap(jfo=JFO.objects.get(code="FAE")), by=None, owner=nhq_reviewer, due_on=TODAY, day=TODAY
    )
    meanwhile = client.post(CHOSEN, {**data, **hidden, "_apply": "1"})
    assert "is not what was checked" in words(meanwhile)
    assert RemediationAction.objects.count() == before + 1


def test_nothing_ticked_is_nothing_assigned(client_of: SignIn, nhq_reviewer: User, approver: User) -> None:
    said = send(client_of(nhq_reviewer), CHOSEN, {"owner": approver.pk, "due_on": "2011-09-30"})
    assert "Tick at least one gap." in words(said)


@pytest.mark.parametrize("query", ["", "gap=", "gap=%00", "gap=jfo:%00", "gap=WCA-2004-0001:%00", "gap=" + "9" * 300])
def test_an_address_that_names_no_gap_says_so(client_of: SignIn, nhq_reviewer: User, query: str) -> None:
    client = client_of(nhq_reviewer)
    for answer in (client.get(f"{PLAN}assign/?{query}"), client.post(f"{PLAN}assign/?{query}", {})):
        assert answer.status_code == 200
        assert "Return to the gap report" in words(answer)


def test_at_most_so_many_are_assigned_together(client_of: SignIn, nhq_reviewer: User) -> None:
    query = "&".join(f"gap=jfo:{number}" for number in range(201))
    assert "201 gaps were chosen, and at most 200" in words(client_of(nhq_reviewer).get(f"{PLAN}assign/?{query}"))


# Where else it shows


def test_the_pages_of_an_arrangement_and_a_jfo_show_what_is_done(client_of: SignIn, auditor: User) -> None:
    client = client_of(auditor)
    arrangement = words(client.get("/en/arrangements/WCA-2004-0001/?part=assessments"))
    assert "What is done about its gaps" in arrangement
    assert "Add to the same annex" in arrangement
    jfo = words(client.get("/en/jfos/NPET-QUE/?part=gaps"))
    assert "Gaps and remedies" in jfo
    assert "Conclure une entente avec la GRC" in jfo
    assert "Add to the same annex" in words(client.get("/en/jfos/IBET-QUE-1/?part=gaps"))
    assert "Add to the same annex" not in words(client.get("/en/jfos/IBET-QUE-1/?part=gaps&as_of=2011-02-06"))
