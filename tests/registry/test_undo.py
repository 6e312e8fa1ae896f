"""What was saved can be undone, what changed meanwhile is shown, and what was sent twice is saved once."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from jfo_portal.kit import changesets
from jfo_portal.kit.changesets import CannotUndo, ChangeSet
from registry import actions
from registry.models import JFO, Assignment, EndReason, Officer, User
from tests import rows
from tests.pages import words

pytestmark = pytest.mark.django_db

TODAY = date(2011, 3, 31)
ClientOf = Callable[[User], Client]


@pytest.fixture
def officer() -> Officer:
    return rows.officer()


@pytest.fixture
def row(officer: Officer) -> Assignment:
    return rows.assignment(officer, "SPVM-JFO", date(2010, 1, 1))


def last_act() -> ChangeSet:
    change = ChangeSet.objects.first()
    assert change is not None
    return change


def spells(officer: Officer) -> list[tuple[str, date, date | None, Decimal]]:
    return list(officer.assignments.order_by("start", "jfo__code").values_list("jfo__code", "start", "end", "fte"))


def test_a_transfer_is_undone_whole(row: Assignment, officer: Officer, que_manager: User) -> None:
    before = spells(officer)
    fae = JFO.objects.get(code="FAE")
    actions.transfer(row, by=que_manager, jfo=fae, start=date(2011, 1, 1), fte=Decimal("1.00"))
    transferred = spells(officer)
    assert len(transferred) == 2
    undone = changesets.undo(last_act(), by=que_manager)
    assert spells(officer) == before
    # And undoing that is another act like any other.
    changesets.undo(undone, by=que_manager)
    assert spells(officer) == transferred


def test_undoing_and_going_back_are_two_words_in_french(
    row: Assignment, que_manager: User, client_of: ClientOf
) -> None:
    actions.extend(row, by=que_manager, end=date(2011, 6, 30), day=TODAY)
    address = reverse("undo", args=[last_act().pk]).replace("/en/", "/fr/")
    said = client_of(que_manager).get(address).content.decode()
    assert "Annuler cette modification" in said
    assert ">La laisser telle quelle</a>" in said
    assert ">Annuler</a>" not in said


def test_what_was_changed_later_is_not_undone(row: Assignment, que_manager: User) -> None:
    actions.extend(row, by=que_manager, end=date(2011, 6, 30), day=TODAY)
    first = last_act()
    actions.extend(row, by=que_manager, end=date(2011, 7, 31), day=TODAY)
    second = last_act()
    with pytest.raises(CannotUndo, match="changed later"):
        changesets.undo(first, by=que_manager)
    assert Assignment.objects.get(pk=row.pk).end == date(2011, 7, 31)
    # One step after the other goes back to the beginning.
    changesets.undo(second, by=que_manager)
    changesets.undo(first, by=que_manager)
    assert Assignment.objects.get(pk=row.pk).end is None
    with pytest.raises(CannotUndo, match="undone already"):
        changesets.undo(first, by=que_manager)


def test_the_saved_message_undoes_in_one_click(row: Assignment, que_manager: User, client_of: ClientOf) -> None:
    client = client_of(que_manager)
    address = reverse("assignment-end", args=[row.pk])
    saved = client.post(address, {"end": "2011-03-31", "end_reason": "rotation"}, follow=True)
    undo = reverse("undo", args=[last_act().pk])
    assert f'action="{undo}"' in saved.content.decode()
    back = client.post(undo, follow=True)
    assert "as it is before" not in words(back)
    assert "Undone" in words(back)
    row.refresh_from_db()
    assert (row.end, row.end_reason) == (None, "")


def test_another_manager_cannot_undo_it(row: Assignment, que_manager: User, gta_manager: User, auditor: User) -> None:
    actions.end_assignment(row, by=que_manager, end=TODAY, end_reason=EndReason.ROTATION)
    change = last_act()
    assert changesets.may_undo(change, que_manager)
    assert not changesets.may_undo(change, gta_manager)
    assert not changesets.may_undo(change, auditor)


def test_a_form_sent_twice_is_saved_once(officer: Officer, que_manager: User, client_of: ClientOf) -> None:
    client = client_of(que_manager)
    sent = {
        "_token": "7f3d2f57-7a40-4a7f-9d3c-0d6a4a2f2b11",
        "officer": officer.pk,
        "jfo": JFO.objects.get(code="FAE").pk,
        "fte": "0.40",
        "start": "2011-04-01",
    }
    first = client.post(reverse("assignment-new"), sent)
    second = client.post(reverse("assignment-new"), sent, follow=True)
    assert officer.assignments.count() == 1
    assert first.status_code == 302
    assert "sent twice" in words(second)


def test_what_somebody_else_changed_meanwhile_is_shown(row: Assignment, que_manager: User, client_of: ClientOf) -> None:
    client = client_of(que_manager)
    address = reverse("assignment-extend", args=[row.pk])
    version = row.history.latest().history_id
    colleague = User.objects.create_user("colleague", role=que_manager.role)
    actions.extend(row, by=colleague, end=date(2011, 9, 30), day=TODAY)
    mine = {"_version": version, "end": "2011-12-31", "review_on": ""}
    shown = client.post(address, mine)
    assert shown.status_code == 409
    said = words(shown)
    for value in ("Was: –", "Theirs: 2011-09-30", "Yours: 2011-12-31", "colleague"):
        assert value in said
    row.refresh_from_db()
    assert row.end == date(2011, 9, 30)
    latest = {"_version": row.history.latest().history_id}
    client.post(address, mine | latest | {"_choose_end": "yours"})
    row.refresh_from_db()
    assert row.end == date(2011, 12, 31)


def test_theirs_can_be_kept(row: Assignment, que_manager: User, client_of: ClientOf) -> None:
    client = client_of(que_manager)
    address = reverse("assignment-end", args=[row.pk])
    version = row.history.latest().history_id
    actions.end_assignment(row, by=None, end=date(2011, 3, 1), end_reason=EndReason.ROTATION)
    latest = row.history.latest().history_id
    sent = {"end": "2011-02-01", "end_reason": "other"}
    assert client.post(address, sent | {"_version": version}).status_code == 409
    client.post(address, sent | {"_version": latest, "_choose_end": "theirs"})
    row.refresh_from_db()
    assert (row.end, row.end_reason) == (date(2011, 3, 1), "other")


def test_the_fte_changes_from_a_day_on_and_earlier_days_stay(row: Assignment, officer: Officer) -> None:
    actions.change_fte(row, by=None, fte=Decimal("0.60"), start=date(2011, 2, 1))
    assert spells(officer) == [
        ("SPVM-JFO", date(2010, 1, 1), date(2011, 1, 31), Decimal("1.00")),
        ("SPVM-JFO", date(2011, 2, 1), None, Decimal("0.60")),
    ]


def test_a_split_keeps_the_total(row: Assignment, officer: Officer) -> None:
    fae = JFO.objects.get(code="FAE")
    actions.split(row, by=None, jfo=fae, fte=Decimal("0.30"), start=date(2011, 2, 1))
    assert spells(officer) == [
        ("SPVM-JFO", date(2010, 1, 1), date(2011, 1, 31), Decimal("1.00")),
        ("FAE", date(2011, 2, 1), None, Decimal("0.30")),
        ("SPVM-JFO", date(2011, 2, 1), None, Decimal("0.70")),
    ]
