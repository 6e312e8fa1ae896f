"""Remediation actions: how they stand on a day, and what may be done to them by whom."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from jfo_portal.kit import changesets
from registry.models import JFO, User
from tests import simultaneous
from wca import checks, remediation
from wca.measures.planning import named_gaps, progress
from wca.models import ActionState, Arrangement, RemediationAction, Verdict
from wca.remediation import Gap

pytestmark = pytest.mark.django_db

TODAY = date(2011, 3, 31)
DUE = date(2011, 6, 30)


@pytest.fixture
def approver(db: None) -> User:
    """Another reviewer than nhq.reviewer."""
    return User.objects.get(username="nhq.approver")


@pytest.fixture
def action(nhq_reviewer: User) -> RemediationAction:
    """An action of nhq.reviewer's on a JFO without an arrangement, opened and due in March."""
    row = RemediationAction(jfo=JFO.objects.get(code="FAE"), what="Write it", owner=nhq_reviewer)
    row.opened_on, row.due_on = date(2011, 3, 1), TODAY
    return row.save_as(nhq_reviewer)


def done(row: RemediationAction, day: date = TODAY) -> RemediationAction:
    return remediation.close(row, by=row.owner, done_on=day, evidence="Letter of 2011-03-30", day=TODAY)


# How it stands


def test_it_is_overdue_from_the_day_after_it_is_due(action: RemediationAction) -> None:
    assert action.state_on(TODAY) == ActionState.OPEN
    assert action.state_on(TODAY + timedelta(days=1)) == ActionState.OVERDUE


def test_an_accepted_risk_is_open_again_when_read_after_its_last_day(action: RemediationAction, approver: User) -> None:
    row = remediation.accept(action, by=approver, until=date(2011, 4, 30), why="So be it", day=TODAY)
    assert row.state_on(date(2011, 3, 30)) == ActionState.OPEN
    assert {row.state_on(day) for day in (TODAY, date(2011, 4, 30))} == {ActionState.ACCEPTED}
    # It was due in March; nobody had to do anything for it to be overdue again.
    assert row.state_on(date(2011, 5, 1)) == ActionState.OVERDUE
    assert row in RemediationAction.objects.overdue_on(date(2011, 5, 1))
    assert row not in RemediationAction.objects.overdue_on(date(2011, 4, 30))


days = st.one_of(st.none(), st.integers(0, 12).map(lambda days: date(2011, 3, 1) + timedelta(days=days)))


@given(st.lists(st.tuples(days, days, days, days, days), min_size=1, max_size=3))
def test_the_database_says_of_a_state_what_the_row_says(dates: list[tuple[date | None, ...]]) -> None:
    owner, other = User.objects.get(username="nhq.reviewer"), User.objects.get(username="nhq.approver")
    jfo = JFO.objects.get(code="FAE")
    with transaction.atomic():
        RemediationAction.objects.all().delete()
        for finished, verified, returned, first, last in dates:
            row = RemediationAction(
                jfo=jfo, what="x", owner=owner, opened_on=date(2011, 3, 1), due_on=date(2011, 3, 6), evidence="x"
            )
            row.done_on = finished
            if finished and verified and verified >= finished:
                row.verified_on, row.verified_by = verified, other
            elif finished and returned and returned >= finished:
                row.returned_on, row.returned_note = returned, "x"
            if first and last and first <= last:
                row.accepted_on, row.accepted_until, row.accepted_by, row.accepted_why = first, last, other, "x"
            row.save_as(None)
        for number in range(14):
            day = date(2011, 3, 1) + timedelta(days=number)
            rows = RemediationAction.objects.with_state(day)
            assert [row.state for row in rows] == [row.state_on(day) for row in rows]  # type: ignore[attr-defined]
            overdue = {row.pk for row in rows if row.state_on(day) == ActionState.OVERDUE}
            assert set(RemediationAction.objects.overdue_on(day).values_list("pk", flat=True)) == overdue
        transaction.set_rollback(True)


# Done, verified, returned


def test_somebody_other_than_the_owner_verifies(action: RemediationAction, nhq_reviewer: User, approver: User) -> None:
    row = done(action)
    assert row.state_on(TODAY) == ActionState.DONE
    with pytest.raises(ValidationError, match="somebody else verifies"):
        remediation.verify(row, by=nhq_reviewer, day=TODAY)
    row = remediation.verify(row, by=approver, day=TODAY)
    assert (row.state_on(TODAY), row.verified_by) == (ActionState.VERIFIED, approver)
    assert row.state_on(TODAY - timedelta(days=1)) == ActionState.OPEN


def test_only_the_owner_says_that_it_is_done(action: RemediationAction, approver: User) -> None:
    with pytest.raises(ValidationError, match="Its owner, Renata Dhillon"):
        remediation.close(action, by=approver, done_on=TODAY, evidence="x", day=TODAY)


def test_who_did_it_does_not_verify_it_by_giving_it_away(
    action: RemediationAction, approver: User, nhq_reviewer: User
) -> None:
    row = done(action)
    with pytest.raises(ValidationError, match="Verify it, or return it first"):
        remediation.revise(row, by=nhq_reviewer, owner=approver, due_on=DUE, day=TODAY)


@pytest.mark.parametrize("day", [date(2011, 2, 28), date(2011, 4, 1)])
def test_it_was_done_after_it_was_opened_and_by_today(action: RemediationAction, day: date) -> None:
    with pytest.raises(ValidationError, match="Give a day from 2011-03-01 to 2011-03-31"):
        done(action, day)


def test_what_is_returned_is_to_be_done_again(action: RemediationAction, nhq_reviewer: User, approver: User) -> None:
    row = done(action, date(2011, 3, 10))
    with pytest.raises(ValidationError, match="somebody else verifies"):
        remediation.send_back(row, by=nhq_reviewer, note="x", day=TODAY)
    row = remediation.send_back(row, by=approver, note="The annex is missing", day=date(2011, 3, 20))
    assert row.state_on(date(2011, 3, 19)) == ActionState.DONE
    assert row.state_on(date(2011, 3, 20)) == ActionState.OPEN
    with pytest.raises(ValidationError, match="has not said that it is done"):
        remediation.verify(row, by=approver, day=TODAY)
    row = done(row)
    assert (row.returned_on, row.state_on(TODAY)) == (None, ActionState.DONE)


def test_the_database_takes_no_verification_of_what_is_not_done(action: RemediationAction, approver: User) -> None:
    """A day compared with none is neither true nor false, and the constraint let it pass."""
    action.verified_on, action.verified_by = TODAY, approver
    with pytest.raises(IntegrityError), transaction.atomic():
        action.attribute(None).save()


# Risks


def test_the_owner_does_not_accept_the_risk(action: RemediationAction, nhq_reviewer: User) -> None:
    with pytest.raises(ValidationError, match="somebody else accepts the risk"):
        remediation.accept(action, by=nhq_reviewer, until=DUE, why="x", day=TODAY)


def test_who_accepted_the_risk_does_not_become_the_owner(action: RemediationAction, approver: User) -> None:
    row = remediation.accept(action, by=approver, until=DUE, why="x", day=TODAY)
    with pytest.raises(ValidationError, match="Anselme Beaudry accepted the risk"):
        remediation.revise(row, by=approver, owner=approver, due_on=DUE, day=TODAY)


def test_a_risk_is_accepted_for_longer_from_its_first_day(action: RemediationAction, approver: User) -> None:
    row = remediation.accept(action, by=approver, until=date(2011, 4, 10), why="x", day=TODAY)
    with pytest.raises(ValidationError, match="accepted until 2011-04-10 already"):
        remediation.accept(row, by=approver, until=date(2011, 4, 10), why="y", day=date(2011, 4, 2))
    row = remediation.accept(row, by=approver, until=DUE, why="y", day=date(2011, 4, 2))
    assert (row.accepted_on, row.accepted_until) == (TODAY, DUE)
    with pytest.raises(ValidationError, match="2011-04-01 is over"):
        remediation.accept(row, by=approver, until=date(2011, 4, 1), why="y", day=date(2011, 4, 2))


def test_an_acceptance_ends_early_and_not_before_yesterday(action: RemediationAction, approver: User) -> None:
    row = remediation.accept(action, by=approver, until=DUE, why="x", day=date(2011, 3, 1))
    with pytest.raises(ValidationError, match="Give a day from 2011-03-30 to 2011-06-30"):
        remediation.end_acceptance(row, by=approver, last_day=date(2011, 3, 15), day=TODAY)
    with pytest.raises(ValidationError, match="ends on 2011-06-30 already"):
        remediation.end_acceptance(row, by=approver, last_day=DUE, day=TODAY)
    row = remediation.end_acceptance(row, by=approver, last_day=date(2011, 3, 30), day=TODAY)
    assert row.state_on(TODAY) == ActionState.OPEN
    with pytest.raises(ValidationError, match="not accepted"):
        remediation.end_acceptance(row, by=approver, last_day=TODAY, day=TODAY)


# Opening and assigning


def gap_of(name: str, reader: User) -> Gap:
    (found,), unknown = named_gaps([name], reader, TODAY)
    assert not unknown
    return found.gap


def test_a_gap_gets_one_action_and_then_another_owner(nhq_reviewer: User, approver: User) -> None:
    gap = gap_of("WCA-2004-0002:a", nhq_reviewer)
    first = remediation.assign(gap, by=nhq_reviewer, owner=nhq_reviewer, due_on=DUE, day=TODAY)
    assert first.what == "Amend the arrangement so that it holds clause a in full: Property in the information"
    second = remediation.assign(gap, by=nhq_reviewer, owner=approver, due_on=DUE, day=TODAY)
    assert (second.pk, second.owner, second.what) == (first.pk, approver, first.what)
    with pytest.raises(ValidationError, match="Nothing would change"):
        remediation.assign(gap, by=nhq_reviewer, owner=approver, due_on=DUE, day=TODAY)


def test_a_gap_whose_action_is_verified_gets_a_new_one(action: RemediationAction, approver: User) -> None:
    remediation.verify(done(action), by=approver, day=TODAY)
    new = remediation.assign(gap_of("jfo:FAE", approver), by=approver, owner=approver, due_on=DUE, day=TODAY)
    assert new.pk != action.pk


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("WCA-2005-0003:d", "accepted until 2011-12-31. End the acceptance first"), ("WCA-2006-0003:a", "Verify it")],
)
def test_what_is_accepted_or_done_is_not_assigned(name: str, sentence: str, approver: User) -> None:
    with pytest.raises(ValidationError, match=sentence):
        remediation.assign(gap_of(name, approver), by=approver, owner=approver, due_on=DUE, day=TODAY)


def test_nothing_is_due_on_a_day_that_is_over(nhq_reviewer: User) -> None:
    gap = gap_of("jfo:FAE", nhq_reviewer)
    with pytest.raises(ValidationError, match="2011-03-30 is over"):
        remediation.assign(gap, by=nhq_reviewer, owner=nhq_reviewer, due_on=date(2011, 3, 30), day=TODAY)


def test_a_name_stands_for_a_gap_or_says_why_not(nhq_reviewer: User) -> None:
    names = ["WCA-2004-0001:c", "WCA-2004-0001:a", "WCA-2004-0004:a", "jfo:FAE", "jfo:CRTF", "WCA-2004-0001:z", "\0:a"]
    names += ["jfo:\0", "jfo:", "x", "WCA-2004-0001:other.c", "WCA-2004-0001:information-sharing.c"]
    found, unknown = named_gaps(names, nhq_reviewer, TODAY)
    assert {one.gap.key: (one.verdict, one.is_gap) for one in found} == {
        "WCA-2004-0001:information-sharing.c": (Verdict.PARTIAL, True),
        "WCA-2004-0001:information-sharing.a": (Verdict.MET, False),
        "WCA-2004-0004:information-sharing.a": (Verdict.NOT_ASSESSED, False),
        "jfo:FAE": (None, True),
        "jfo:CRTF": (None, False),
    }
    assert unknown == ["WCA-2004-0001:z", "\0:a", "jfo:\0", "jfo:", "x", "WCA-2004-0001:other.c"]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_assign_a_gap_at_once_the_second_finds_the_first(nhq_reviewer: User, approver: User) -> None:
    def assign(owner: User) -> Callable[[], object]:
        gap = Gap(jfo=JFO.objects.get(code="FAE"))
        return lambda: remediation.assign(gap, by=owner, owner=owner, due_on=DUE, day=TODAY)

    simultaneous.at_once(assign(nhq_reviewer), assign(approver))
    assert RemediationAction.objects.filter(jfo__code="FAE").count() == 1


def test_undoing_an_act_puts_the_action_back(action: RemediationAction, nhq_reviewer: User, approver: User) -> None:
    with changesets.act(nhq_reviewer) as change:
        remediation.revise(action, by=nhq_reviewer, owner=approver, due_on=DUE, day=TODAY, within=change)
    changesets.undo(change, by=nhq_reviewer)
    action.refresh_from_db()
    assert (action.owner, action.due_on) == (nhq_reviewer, TODAY)


def test_a_clause_of_another_set_is_another_gap(nhq_reviewer: User) -> None:
    """Both sets have a clause a, and ticking the one assigned the other."""
    name = "WCA-2004-0002:policy-elements.a"
    (found,), _unknown = named_gaps([name], nhq_reviewer, TODAY)
    assert (found.gap.key, str(found.gap)) == (name, "WCA-2004-0002 policy-elements a)")
    row = remediation.open_action(found.gap, by=None, owner=nhq_reviewer, due_on=DUE, day=TODAY)
    assert remediation.standing([gap_of("WCA-2004-0002:a", nhq_reviewer), found.gap], TODAY) == {name: row}


# Over time


def test_each_month_counts_what_was_due_and_what_was_verified_by_its_end() -> None:
    months = progress(RemediationAction.objects.all(), TODAY)
    by_month = {f"{month.last:%Y-%m-%d}": (month.planned, month.closed) for month in months}
    assert by_month["2011-02-28"] == (1, 0)
    assert by_month["2011-03-31"] == (7, 2)
    assert by_month["2011-04-30"] == (8, None)
    assert list(by_month)[-1] == "2011-12-31"
    assert by_month["2011-12-31"] == (14, None)


def test_on_an_earlier_day_what_was_verified_later_is_not_counted() -> None:
    months = progress(RemediationAction.objects.known_on(date(2011, 3, 18)), date(2011, 3, 18))
    assert next(month.closed for month in months if month.last == date(2011, 3, 31)) == 1


def test_a_day_far_away_makes_no_months_without_end(action: RemediationAction) -> None:
    RemediationAction.objects.filter(pk=action.pk).update(due_on=date(2999, 3, 31))
    assert len(progress(RemediationAction.objects.all(), TODAY)) < 12 * 9


def test_nothing_planned_has_no_months() -> None:
    assert progress(RemediationAction.objects.none(), TODAY) == []


# The rules over the whole database


def test_the_demonstration_keeps_the_rules_of_actions() -> None:
    assert list(checks.actions_hold()) == []
    assert Arrangement.objects.filter(remediation__isnull=False).exists()
