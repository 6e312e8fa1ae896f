"""The history of one row and of one act, and making a row again what it was."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from jfo_portal.kit import changesets
from jfo_portal.kit.changesets import ChangeSet
from registry import actions
from registry.models import JFO, Assignment, EndReason, Officer, User
from tests import rows
from tests.pages import body, words
from wca.models import Finding

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Client]
TODAY = date(2011, 3, 31)
BUDGET = 15


@pytest.fixture
def que(client_of: SignIn, que_manager: User) -> Client:
    return client_of(que_manager)


@pytest.fixture
def officer() -> Officer:
    return rows.officer()


@pytest.fixture
def row(officer: Officer, que_manager: User) -> Assignment:
    """An assignment at 0.80 that was halved since."""
    row = rows.assignment(officer, "SPVM-JFO", date(2010, 1, 1), fte=Decimal("0.80"))
    row.fte = Decimal("0.40")
    return row.save_as(que_manager, reason="half of it")


def address(row: Assignment, version: int | None = None) -> str:
    first = row.history.earliest().history_id
    return reverse("restore", args=["assignment", row.pk, first if version is None else version])


def seen(client: Client, where: str) -> dict[str, str]:
    """Return what the page's form sends of itself."""
    page = body(client.get(where))
    return {"_version": page.split('name="_version" value="')[1].split('"')[0], "reason": "it was right"}


# One row's history


def test_a_row_has_a_page_of_all_its_versions_and_of_those_that_point_to_it(que: Client, row: Assignment) -> None:
    said = words(que.get(reverse("row-history", args=["assignment", row.pk])))
    assert "FTE: 0.80 → 0.40" in said
    assert "half of it" in said
    of_officer = words(que.get(reverse("row-history", args=["officer", row.officer_id])))
    assert f"History of {row.officer}" in of_officer
    assert "FTE: 0.80 → 0.40" in of_officer


def test_the_page_of_a_record_leads_to_all_its_versions(que: Client, row: Assignment) -> None:
    assert reverse("row-history", args=["assignment", row.pk]) in body(que.get(row.get_absolute_url()))


def test_a_deleted_row_keeps_its_history_and_can_be_brought_back(
    que: Client, row: Assignment, que_manager: User
) -> None:
    pk, last = row.pk, row.history.latest().history_id
    row.attribute(que_manager, reason="entered twice").delete()
    page = que.get(reverse("row-history", args=["assignment", pk]))
    assert "not there any more" in words(page)
    where = reverse("restore", args=["assignment", pk, last])
    assert where in body(page)
    assert "would be added again" in words(que.get(where))
    back = que.post(where, seen(que, where), follow=True)
    assert "Restored" in words(back)
    assert Assignment.objects.get(pk=pk).fte == Decimal("0.40")


def test_another_regions_row_has_no_history(client_of: SignIn, gta_manager: User, row: Assignment) -> None:
    client = client_of(gta_manager)
    assert client.get(reverse("row-history", args=["assignment", row.pk])).status_code == 404
    assert client.get(address(row)).status_code == 404


@pytest.mark.parametrize(
    "where",
    [
        "/en/history/nothing/1/",
        "/en/history/assignment/99999999999999999999999/",
        "/en/history/assignment/1/99999999999999999999999/restore/",
        "/en/history/user/1/",
        "/en/history/99999999999999999999999/",
        "/en/history/99999999999999999999999/undo/",
        "/en/history/0/",
    ],
)
def test_what_is_not_there_is_not_found(que: Client, where: str) -> None:
    assert que.get(where).status_code == 404


def test_a_version_of_another_row_is_not_found(que: Client, row: Assignment, officer: Officer) -> None:
    other = rows.assignment(officer, "FAE", date(2010, 1, 1), fte=Decimal("0.10"))
    assert que.get(address(row, other.history.latest().history_id)).status_code == 404


# Restoring


def test_the_page_shows_what_would_change_and_asks_why(que: Client, row: Assignment) -> None:
    shown = words(que.get(address(row)))
    assert "FTE: 0.40 → 0.80" in shown
    assert "Review date" not in shown
    unsaid = que.post(address(row), seen(que, address(row)) | {"reason": ""})
    assert unsaid.context["form"].errors
    row.refresh_from_db()
    assert row.fte == Decimal("0.40")


def test_restoring_makes_a_new_version_that_says_why_and_can_be_undone(
    que: Client, row: Assignment, que_manager: User
) -> None:
    done = que.post(address(row), seen(que, address(row)), follow=True)
    assert "Restored" in words(done)
    assert ">Undo<" in body(done)
    versions = list(row.history.all())
    assert [version.fte for version in versions] == [Decimal("0.80"), Decimal("0.40"), Decimal("0.80")]
    assert (versions[0].who, versions[0].history_change_reason) == ("que.manager", "it was right")
    change = ChangeSet.objects.first()
    assert change
    changesets.undo(change, by=que_manager)
    row.refresh_from_db()
    assert row.fte == Decimal("0.40")


def test_a_rule_of_today_is_named_before_the_button_is_pressed(que: Client, row: Assignment, officer: Officer) -> None:
    rows.assignment(officer, "FAE", date(2010, 6, 1), fte=Decimal("0.60"))
    page = que.get(address(row))
    assert "more than 1.00" in words(page)
    assert 'id="page-form"' not in body(page)
    version = row.history.latest().history_id
    refused = que.post(address(row), {"_version": version, "reason": "all the same"})
    assert "more than 1.00" in words(refused)
    row.refresh_from_db()
    assert row.fte == Decimal("0.40")


def test_a_change_since_the_page_was_shown_is_shown_first(que: Client, row: Assignment, que_manager: User) -> None:
    sent = seen(que, address(row))
    row.review_on = date(2012, 1, 1)
    row.save_as(que_manager)
    again = que.post(address(row), sent)
    assert "was changed since you opened this page" in words(again)
    assert "Review date: 2012-01-01 → –" in words(again)
    row.refresh_from_db()
    assert row.fte == Decimal("0.40")
    # What is shown now is what is sent next.
    assert f'value="{row.history.latest().history_id}"' in body(again)


def test_what_is_so_now_is_not_restored(que: Client, row: Assignment) -> None:
    latest = row.history.latest().history_id
    assert "nothing to restore" in words(que.get(address(row, latest)))
    refused = que.post(address(row, latest), {"_version": latest, "reason": "why not"})
    assert "Nothing would change" in words(refused)


def test_who_may_not_change_the_row_may_not_restore_it(
    client_of: SignIn, nhq_reviewer: User, auditor: User, row: Assignment
) -> None:
    for user in (nhq_reviewer, auditor):
        client = client_of(user)
        assert client.get(address(row)).status_code == 404
        assert "/restore/" not in body(client.get(reverse("row-history", args=["assignment", row.pk])))


def test_a_past_date_offers_nothing(que: Client, row: Assignment) -> None:
    assert "/restore/" in body(que.get(row.get_absolute_url()))
    assert "/restore/" not in body(que.get(f"{row.get_absolute_url()}?as_of=2010-06-30"))


def test_a_version_speaks_french(que: Client, row: Assignment) -> None:
    said = words(que.get(address(row).replace("/en/", "/fr/")))
    assert "0,40 → 0,80" in said


# One act


@pytest.fixture
def act(row: Assignment, que_manager: User) -> ChangeSet:
    with changesets.act(que_manager, reason="to the other team") as change:
        actions.transfer(
            row,
            by=que_manager,
            jfo=JFO.objects.get(code="FAE"),
            start=date(2011, 1, 1),
            fte=Decimal("0.40"),
            reason="to the other team",
            within=change,
        )
    return change


def test_an_act_has_a_page_of_all_that_it_wrote(que: Client, act: ChangeSet) -> None:
    page = que.get(reverse("act", args=[act.pk]))
    said = words(page)
    for part in ("2 changes", "to the other team", "Stands", "Added", "Reason for the end: Transfer"):
        assert part in said
    assert reverse("undo", args=[act.pk]) in body(page)


def test_the_history_offers_to_undo_what_the_reader_did_alone(
    que: Client, client_of: SignIn, auditor: User, act: ChangeSet
) -> None:
    undo = reverse("undo", args=[act.pk])
    assert undo in body(que.get("/en/history/"))
    seen_by_auditor = body(client_of(auditor).get("/en/history/"))
    assert undo not in seen_by_auditor
    assert reverse("act", args=[act.pk]) in seen_by_auditor


def test_the_undo_page_says_who_what_when_and_why(que: Client, act: ChangeSet) -> None:
    said = words(que.get(reverse("undo", args=[act.pk])))
    for part in ("que.manager", "to the other team", "FAE", "SPVM-JFO", "2010-12-31"):
        assert part in said


def test_what_stands_in_the_way_is_named_before_the_button_is_pressed(
    que: Client, act: ChangeSet, officer: Officer, que_manager: User
) -> None:
    new = officer.assignments.get(jfo__code="FAE")
    with changesets.act(que_manager) as later:
        actions.end_assignment(new, by=que_manager, end=TODAY, end_reason=EndReason.OTHER, within=later)
    page = que.get(reverse("undo", args=[act.pk]))
    assert "was changed later" in words(page)
    assert reverse("act", args=[later.pk]) in body(page)
    assert 'id="page-form"' not in body(page)
    assert "was changed later" in words(que.post(reverse("undo", args=[act.pk])))


def test_a_large_act_is_not_undone_before_its_numbers_were_seen_and_a_reason_is_given(
    que: Client,
    act: ChangeSet,
    officer: Officer,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    monkeypatch.setattr("registry.views.history._SHOWN", 1)
    undo = reverse("undo", args=[act.pk])
    before = set(officer.assignments.values_list("pk", "end"))
    # The button beside the message of what was saved sends nothing.
    assert que.post(undo).headers["Location"] == undo
    # Three more for what stands in the way, whatever the number of rows.
    with django_assert_max_num_queries(BUDGET + 3):
        page = que.get(undo)
    said = words(page)
    assert "Assignments: 1 row that was added would be removed." in said
    assert "Assignments: 1 row that was changed would be as it was before." in said
    assert body(page).index('id="page-form"') < body(page).index("what would be taken back")
    assert set(officer.assignments.values_list("pk", "end")) == before
    que.post(undo, {"reason": "the wrong officer"})
    assert set(officer.assignments.values_list("pk", "end")) != before


def test_an_act_that_was_undone_says_so_and_leads_to_the_undoing(que: Client, act: ChangeSet) -> None:
    undo = reverse("undo", args=[act.pk])
    done = que.post(undo, {"reason": "a mistake"}, follow=True)
    assert "Undone" in words(done)
    undoing = ChangeSet.objects.get(undoes=act)
    page = que.get(undo)
    assert "undone already" in words(page)
    assert reverse("act", args=[undoing.pk]) in body(page)
    assert "undone already" in words(que.post(undo))
    assert f"It undid change #{act.pk}" in words(que.get(reverse("act", args=[undoing.pk])))


def test_undoing_an_addition_leads_to_the_row_it_was_about(que: Client, officer: Officer) -> None:
    sent = {"officer": officer.pk, "jfo": JFO.objects.get(code="FAE").pk, "fte": "0.40", "start": "2011-04-01"}
    que.post(reverse("assignment-new"), sent)
    change = ChangeSet.objects.first()
    assert change
    done = que.post(reverse("undo", args=[change.pk]))
    assert done.status_code == 302
    assert done.url == officer.get_absolute_url()  # type: ignore[attr-defined]


def test_the_pages_stay_within_their_budget(
    que: Client, row: Assignment, act: ChangeSet, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for where in (
        reverse("row-history", args=["assignment", row.pk]),
        reverse("row-history", args=["jfo", row.jfo_id]),
        reverse("act", args=[act.pk]),
        address(row),
        "/en/history/?per=100",
        row.get_absolute_url(),
        f"{row.jfo.get_absolute_url()}?part=history",
        row.officer.get_absolute_url(),
    ):
        with django_assert_max_num_queries(BUDGET):
            assert que.get(where).status_code == 200, where


def test_what_is_approved_is_not_restored(client_of: SignIn, nhq_reviewer: User) -> None:
    """An approved assessment never changes, nor what it found."""
    finding = Finding.objects.exclude(assessment__approved_on=None).first()
    assert finding
    for row in (finding, finding.assessment):
        first = row.history.earliest().history_id
        where = reverse("restore", args=[row._meta.model_name, row.pk, first])
        assert client_of(nhq_reviewer).get(where).status_code == 404
