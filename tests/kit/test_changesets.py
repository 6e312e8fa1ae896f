"""What one act wrote is taken back whole while its rows are as it left them, and only by those who may."""

import threading
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jfo_portal.kit import changes, changesets
from jfo_portal.kit.changesets import CannotUndo, ChangeSet
from jfo_portal.kit.history import TrackedQuerySet
from performance.models import SalaryRate
from registry import actions
from registry.models import (
    JFO,
    Agency,
    Assignment,
    Contact,
    EndReason,
    Level,
    Officer,
    OfficerLevel,
    Participation,
    Region,
    Role,
    User,
)
from tests import rows

pytestmark = pytest.mark.django_db

TODAY = date(2011, 3, 31)


@pytest.fixture
def officer() -> Officer:
    return rows.officer()


@pytest.fixture
def row(officer: Officer) -> Assignment:
    return rows.assignment(officer, "SPVM-JFO", date(2010, 1, 1))


def extended(row: Assignment, by: User | None, end: date) -> ChangeSet:
    """Return the act of giving the assignment that last day."""
    with changesets.act(by) as change:
        actions.extend(row, by=by, end=end, day=TODAY, within=change)
    return change


def end_of(row: Assignment) -> date | None:
    return Assignment.objects.get(pk=row.pk).end


def test_what_is_undone_is_done_again_and_undone_again(row: Assignment, que_manager: User) -> None:
    """The third undoing took the link of the first, and what stood in the way then was named wrongly."""
    change = extended(row, que_manager, date(2011, 6, 30))
    for _round in range(3):
        undoing = changesets.undo(change, by=que_manager)
        assert end_of(row) is None
        change.refresh_from_db()
        assert change.is_undone
        changesets.undo(undoing, by=que_manager)
        assert end_of(row) == date(2011, 6, 30)
        change.refresh_from_db()
        assert not change.is_undone
    assert ChangeSet.objects.filter(origin=change).count() == 6


def test_a_later_change_that_was_undone_is_no_obstacle(row: Assignment, que_manager: User) -> None:
    first = extended(row, que_manager, date(2011, 6, 30))
    second = extended(row, que_manager, date(2011, 7, 31))
    assert [one.act for one in changesets.obstacles(first, que_manager)] == [second.pk]
    changesets.undo(second, by=que_manager)
    assert changesets.obstacles(first, que_manager) == []
    undoing = ChangeSet.objects.get(undoes=second)
    changesets.undo(first, by=que_manager)
    # Doing the second again would bring the first with it.
    with pytest.raises(CannotUndo, match="changed later"):
        changesets.undo(undoing, by=que_manager)
    assert end_of(row) is None


def test_the_change_that_stands_is_named_and_not_one_that_was_undone(row: Assignment, que_manager: User) -> None:
    first = extended(row, que_manager, date(2011, 6, 30))
    second = extended(row, que_manager, date(2011, 7, 31))
    third = extended(row, que_manager, date(2011, 8, 31))
    changesets.undo(third, by=que_manager)
    assert [one.act for one in changesets.obstacles(first, que_manager)] == [second.pk]


def test_a_row_that_was_deleted_comes_back_under_its_key(row: Assignment, que_manager: User) -> None:
    key = row.pk
    with changesets.act(que_manager) as change:
        change.delete_row(row)
    assert changesets.may_undo(change, que_manager)
    changesets.undo(change, by=que_manager)
    assert Assignment.objects.get(pk=key).start == date(2010, 1, 1)


def test_what_a_deletion_took_along_comes_back_with_it(officer: Officer, administrator: User) -> None:
    level = rows.level(officer, Level.FB_04, date(2001, 1, 1))
    keys = officer.pk, level.pk
    with changesets.act(administrator) as change:
        change.delete_row(officer)
    assert not OfficerLevel.objects.filter(pk=keys[1]).exists()
    changesets.undo(change, by=administrator)
    assert Officer.objects.get(pk=keys[0]).levels.get().pk == keys[1]


def test_the_regions_of_a_user_are_put_back(administrator: User, que_manager: User) -> None:
    with changesets.act(administrator, reason="a new manager") as change:
        user = User(username="new.manager", role=Role.REGIONAL_MANAGER, password="!")
        change.save_row(user)
        user.regions.set(Region.objects.filter(code="QUE"))
    with changesets.act(administrator) as second:
        second.save_row(user)
        user.regions.set(Region.objects.filter(code__in=["ATL", "GTA"]))
    changesets.undo(second, by=administrator)
    assert [region.code for region in user.regions.all()] == ["QUE"]
    assert not changesets.may_undo(change, que_manager)
    changesets.undo(change, by=administrator)
    assert not User.objects.filter(username="new.manager").exists()
    # Done again, the user has the regions, and no password that anybody knows.
    changesets.undo(ChangeSet.objects.get(undoes=change), by=administrator)
    back = User.objects.get(username="new.manager")
    assert [region.code for region in back.regions.all()] == ["QUE"]
    assert not back.has_usable_password()


def test_regions_given_later_are_in_the_way(administrator: User) -> None:
    with changesets.act(administrator) as change:
        user = User(username="new.manager", role=Role.AUDITOR, password="!")
        change.save_row(user)
    user.attribute(administrator)
    user.regions.set(Region.objects.filter(code="QUE"))
    with pytest.raises(CannotUndo, match="changed later"):
        changesets.undo(change, by=administrator)


def test_a_row_that_others_came_to_depend_on_is_not_taken_away(administrator: User, que_manager: User) -> None:
    with changesets.act(administrator) as change:
        new = rows.officer()
        change.save_row(new)
    # The first version is the command's, which no act wrote; the act changed nothing of it.
    rows.assignment(new, "SPVM-JFO", date(2010, 1, 1))
    with changesets.act(administrator) as addition:
        officer = Officer(
            number="T-9001", family_name="Essai", given_name="Zoé", function="IO", region=new.region, start=TODAY
        )
        addition.save_row(officer)
    rows.assignment(officer, "SPVM-JFO", TODAY)
    (obstacle,) = changesets.obstacles(addition, administrator)
    assert "T-9001 Essai, Zoé is in use: T-9001 Essai, Zoé – SPVM-JFO belongs to it" in obstacle.sentence
    # Somebody of another region is not told who.
    officer.region = Region.objects.get(code="GTA")
    officer.save_as(None)
    assert "T-9001 Essai, Zoé – SPVM-JFO" not in str(changesets.obstacles(addition, que_manager))


def test_a_rule_of_today_forbids_what_was_so_before(row: Assignment, que_manager: User) -> None:
    change = extended(row, que_manager, date(2011, 6, 30))
    JFO.objects.filter(pk=row.jfo_id).update(end=date(2011, 6, 30))
    assert changesets.obstacles(change, que_manager) == []
    versions = row.history.count()
    (obstacle,) = changesets.rehearse(change, by=que_manager)
    assert "JFO SPVM-JFO ends on 2011-06-30" in obstacle.sentence
    # Trying it out leaves nothing behind.
    assert row.history.count() == versions
    assert not ChangeSet.objects.filter(origin=change).exists()
    with pytest.raises(CannotUndo, match="ends on 2011-06-30"):
        changesets.undo(change, by=que_manager)


def test_undoing_moves_no_dates_past_an_assignment(officer: Officer, administrator: User) -> None:
    """An officer's service was cut, and the assignment that had come since was left outside of it."""
    officer.end = date(2011, 3, 31)
    officer.save_as(None)
    with changesets.act(administrator) as change:
        officer.end = None
        change.save_row(officer)
    rows.assignment(officer, "SPVM-JFO", date(2011, 6, 1))
    (obstacle,) = changesets.rehearse(change, by=administrator)
    assert "an assignment would lie outside of these dates" in obstacle.sentence


@pytest.mark.parametrize("many", [1_000, 0])
def test_an_addition_that_a_rule_still_needs_is_not_taken_away(
    administrator: User, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    """A JFO without a lead on any day is none; where many rows go at once, too."""
    monkeypatch.setattr(changesets, "_MANY", many)
    jfo = JFO.objects.get(code="FAE")
    lead = jfo.participations.filter(role="lead", end=None).select_related("agency").get()
    with changesets.act(administrator) as change:
        second = Participation(jfo=jfo, agency=Agency.objects.get(key="PPS"), role="lead", start=TODAY)
        change.save_row(second)
    lead.end = date(2011, 3, 30)
    lead.save_as(None)
    (obstacle,) = changesets.rehearse(change, by=administrator)
    assert "lead" in obstacle.sentence
    assert Participation.objects.filter(pk=second.pk).exists()


def test_what_pointed_to_a_row_that_is_gone_says_so(officer: Officer, row: Assignment, administrator: User) -> None:
    with changesets.act(administrator) as change:
        change.delete_row(row)
    officer.attribute(administrator).delete()
    with pytest.raises(CannotUndo, match=r"is not there any more\. Restore that first"):
        changesets.undo(change, by=administrator)


def test_an_author_undoes_while_of_the_role_and_region_they_had(row: Assignment, que_manager: User) -> None:
    change = extended(row, que_manager, date(2011, 6, 30))
    assert changesets.may_undo(change, que_manager)
    que_manager.role = Role.AUDITOR
    que_manager.save()
    assert not changesets.may_undo(change, que_manager)
    que_manager.role = Role.REGIONAL_MANAGER
    que_manager.save()
    que_manager.regions.set(Region.objects.filter(code="GTA"))
    assert not changesets.may_undo(change, User.objects.get(pk=que_manager.pk))


def test_a_colleague_undoes_what_they_could_have_done(row: Assignment, que_manager: User, gta_manager: User) -> None:
    change = extended(row, que_manager, date(2011, 6, 30))
    colleague = User.objects.create_user("colleague", role=Role.REGIONAL_MANAGER)
    colleague.regions.set(Region.objects.filter(code="QUE"))
    assert changesets.may_undo(change, colleague)
    assert not changesets.may_undo(change, gta_manager)


def test_an_act_that_wrote_nothing_is_nothing_to_undo(que_manager: User) -> None:
    with changesets.act(que_manager) as change:
        pass
    assert not changesets.may_undo(change, que_manager)
    with pytest.raises(CannotUndo, match="nothing to undo"):
        changesets.undo(change, by=que_manager)


def test_whether_somebody_may_undo_takes_two_queries(row: Assignment, que_manager: User) -> None:
    change = extended(row, que_manager, date(2011, 6, 30))
    que_manager.scope_ids  # noqa: B018  (asked for once in a request)
    with CaptureQueriesContext(connection) as asked:
        changesets.may_undo(change, que_manager)
    assert len(asked) == 2


def test_undoing_a_batch_asks_a_bounded_number_of_queries_a_row(que_manager: User) -> None:
    def cost(count: int) -> int:
        made = [rows.assignment(rows.officer(), "SPVM-JFO", date(2010, 1, 1)) for _n in range(count)]
        with changesets.act(que_manager) as change:
            for one in made:
                actions.end_assignment(one, by=que_manager, end=TODAY, end_reason=EndReason.ROTATION, within=change)
        with CaptureQueriesContext(connection) as asked:
            changesets.undo(change, by=que_manager)
        return len(asked)

    few, many = cost(2), cost(12)
    # A row is validated against all that its rules ask for, written, and recorded.
    assert many - few <= 10 * 12


def test_adding_many_rows_is_undone_in_few_queries(administrator: User) -> None:
    region = Region.objects.get(code="QUE")
    new = [
        Officer(number=f"T-7{n:03}", family_name="E", given_name="A", function="IO", region=region, start=TODAY)
        for n in range(200)
    ]
    with changesets.act(administrator) as change:
        Officer.objects.bulk_create(new, by=administrator, change=change)
    with CaptureQueriesContext(connection) as asked:
        changesets.undo(change, by=administrator)
    assert not Officer.objects.filter(number__startswith="T-7").exists()
    # For each officer and each posting one insertion of a version, and one query for each row that it names.
    assert len(asked) < 200 * 5 + 80


def test_many_assignments_that_were_added_go_at_once(
    officer: Officer, que_manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than a thousand of an import could not be taken back: their field that only save() fills was in the way."""
    monkeypatch.setattr(changesets, "_MANY", 1)
    jfos = JFO.objects.filter(code__in=["SPVM-JFO", "IBET-QUE-1"])
    new = [Assignment(officer=officer, jfo=jfo, start=TODAY, fte=Decimal("0.50")) for jfo in jfos]
    with changesets.act(que_manager) as change:
        Assignment.objects.bulk_create(new, by=que_manager, change=change)
    changesets.undo(change, by=que_manager)
    assert not Assignment.objects.filter(officer=officer).exists()
    removed = Assignment.history.filter(officer=officer.pk, history_type="-")
    assert {version.related_words["officer"] for version in removed} == {str(officer)}
    assert len(removed) == len(new) == 2


def test_many_rows_that_point_to_no_other_go_at_once(administrator: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changesets, "_MANY", 1)
    new = [SalaryRate(level=level, fiscal_year=2040, amount=Decimal(1)) for level in ("FB-03", "FB-04")]
    with changesets.act(administrator) as change:
        SalaryRate.objects.bulk_create(new, by=administrator, change=change)
    changesets.undo(change, by=administrator)
    removed = SalaryRate.history.filter(fiscal_year=2040, history_type="-")
    assert not SalaryRate.objects.filter(fiscal_year=2040).exists()
    assert [version.related_words for version in removed] == [{}, {}]


def test_a_restored_row_of_another_region_is_refused(que_manager: User) -> None:
    """A contact that was moved here from another region's JFO would go back there."""
    contact = Contact(
        jfo=JFO.objects.filter(region__code="GTA").first(), function="intelligence", name="Ana Essai", start=TODAY
    ).save_as(None)
    there = contact.history.first()
    contact.jfo = JFO.objects.get(code="SPVM-JFO")
    contact.save_as(None)
    with pytest.raises(ValidationError, match="would not be yours to change"):
        changesets.restore(there, by=que_manager)
    assert Contact.objects.get(pk=contact.pk).jfo.code == "SPVM-JFO"


def test_every_kind_of_row_can_be_removed_with_its_history(subtests: pytest.Subtests) -> None:
    """An undo removes what an act added by its kind's own QuerySet."""
    for kind, history in changes.tracked().items():
        manager = history.instance_type._default_manager  # type: ignore[attr-defined]
        with subtests.test(kind):
            assert isinstance(manager.all(), TrackedQuerySet)


def test_two_who_send_one_token_are_each_saved_once(que_manager: User, gta_manager: User) -> None:
    token = "7f3d2f57-7a40-4a7f-9d3c-0d6a4a2f2b11"
    one, other = (ChangeSet.objects.create(by=user, token=token) for user in (que_manager, gta_manager))
    assert one.pk != other.pk


@pytest.mark.parametrize("made", [lambda row: row, lambda row: Assignment.objects.get(pk=row.pk)])
def test_to_restore_what_is_so_now_is_refused(
    row: Assignment, que_manager: User, made: Callable[[Assignment], Assignment]
) -> None:
    with pytest.raises(ValidationError, match="Nothing would change"):
        changesets.restore(made(row).history.first(), by=que_manager)


def test_a_number_that_is_stored_otherwise_is_no_difference(officer: Officer, que_manager: User) -> None:
    with changesets.act(que_manager) as change:
        row = Assignment(
            officer=officer, jfo=JFO.objects.get(code="FAE"), fte=Decimal("0.5"), start=TODAY, end_reason=""
        )
        change.save_row(row)
    assert changesets.obstacles(change, que_manager) == []


@pytest.mark.django_db(transaction=True)
def test_of_two_who_undo_at_once_one_finds_it_undone() -> None:
    """On either database; the calendar, the rows and the history are then as one undoing leaves them."""
    user = User.objects.get(username="que.manager")
    row = rows.assignment(rows.officer(), "SPVM-JFO", date(2010, 1, 1))
    change = extended(row, user, date(2011, 6, 30))
    barrier, outcomes = threading.Barrier(2), []

    def press() -> None:
        barrier.wait()
        try:
            changesets.undo(change, by=user)
            outcomes.append("undone")
        except CannotUndo as refusal:
            outcomes.append(refusal.messages[0])
        finally:
            connection.close()

    threads = [threading.Thread(target=press) for _n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["This change was undone already.", "undone"]
    assert end_of(row) is None
    assert row.history.count() == 3
