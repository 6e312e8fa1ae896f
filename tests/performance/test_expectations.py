"""Expectations: what is compared with what, and that a lock holds at every door."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet

from jfo_portal.kit import changesets
from jfo_portal.kit.access import SYSTEM
from jfo_portal.kit.fiscal import FiscalYear
from performance import expecting, guards
from performance.measures.cost import half_up, total_cost
from performance.measures.expectations import Measured, measured
from performance.models import Claim, Contribution, Expectation, OutcomeEvent, Unlock
from registry.models import JFO, Agency, Assignment, Meeting, User
from tests import rows
from tests.simultaneous import at_once

pytestmark = pytest.mark.django_db

DAY = date(2011, 3, 31)
YEAR = FiscalYear(2010)
JFO_CODE = "SPVM-JFO"


def expectation(jfo: str = JFO_CODE, indicator: str = "outcomes", expected: str = "5", year: int = 2009) -> Expectation:
    row = Expectation(jfo=JFO.objects.get(code=jfo), fiscal_year=year, indicator=indicator, expected=Decimal(expected))
    return row.save_as(None)


def locked(**options: Any) -> Expectation:
    (row,) = expecting.lock([expectation(**options)], by=None, day=date(2010, 5, 14))
    return row


def found(row: Expectation, reader: Any = SYSTEM) -> Measured:
    (one,) = measured(Expectation.objects.filter(pk=row.pk).with_names(), reader, DAY)
    return one


# What is compared


def test_files_and_cases_are_those_of_officers_who_were_on_the_jfo_in_the_year() -> None:
    files, cases = expectation("FAE", "files", "1", 2008), expectation("FAE", "cases", "4", 2008)
    on_jfo, elsewhere = rows.officer(), rows.officer()
    before = found(files).actual
    rows.assignment(on_jfo, "FAE", date(2009, 3, 31))
    rows.assignment(elsewhere, "FAE", date(2009, 4, 1))
    for officer in (on_jfo, elsewhere):
        rows.file(officer, date(2008, 4, 1))
        rows.file(officer, date(2008, 5, 1), kind="ors")
        rows.file(officer, date(2008, 3, 31))
    assert before == 0
    assert found(files).actual == 2
    assert found(cases).actual == 1
    assert found(cases).variance == -3
    assert found(cases).share == Decimal("-0.75")


@pytest.mark.parametrize("code", ["SPVM-JFO", "GTADS", "IBET-PAC-1"])
def test_fte_years_are_those_that_the_cost_is_of(code: str) -> None:
    row = Expectation.objects.filter(jfo__code=code, fiscal_year=2010, indicator="fte").first() or expectation(
        code, "fte", "1", 2010
    )
    assert found(row).actual == half_up(total_cost(Assignment.objects.filter(jfo__code=code), YEAR).fte_years, 2)


def test_an_outcome_counts_for_each_jfo_that_claims_it_and_by_its_contribution() -> None:
    one, both = expectation("FAE", "outcomes", "1", 2008), expectation("FAE", "contributions", "1", 2008)
    for month in (5, 6):
        event = OutcomeEvent(kind="seizure", occurred_on=date(2008, month, 1)).save_as(None)
        for code in ("FAE", "SPVM-JFO"):
            Claim(event=event, jfo=JFO.objects.get(code=code)).save_as(None)
    for kind in ("lead", "query"):
        Contribution(event=event, agency=Agency.objects.get(key="CBSA"), kind=kind).save_as(None)
    assert found(one).actual == 2
    assert found(both).actual == 1


def test_meetings_count_in_the_fiscal_year_in_which_they_were_held() -> None:
    row = expectation("FAE", "meetings", "2", 2008)
    for day in (date(2008, 3, 31), date(2008, 4, 1), date(2009, 3, 31), date(2009, 4, 1)):
        Meeting(jfo=row.jfo, held_on=day).save_as(None)
    assert found(row).actual == 2


def test_nothing_expected_has_no_variance_in_percent() -> None:
    assert found(expectation("FAE", "meetings", "0", 2008)).share is None


def test_a_manager_is_not_told_what_is_about_officers_of_another_region(gta_manager: User) -> None:
    for indicator in ("files", "cases", "fte"):
        row = expectation("FAE", indicator, "1", 2008)
        assert found(row, gta_manager).is_restricted
        assert found(row, gta_manager).variance is None
    for indicator in ("outcomes", "contributions", "meetings"):
        assert not found(expectation("FAE", indicator, "1", 2008), gta_manager).is_restricted


def test_moving_everybody_today_changes_no_past_year() -> None:
    for code in ("SPVM-JFO", "GTADS", "BEST-NFE"):
        for indicator in ("files", "cases", "fte"):
            expectation(code, indicator, "1", 2009)
    rows_of_2009 = Expectation.objects.filter(fiscal_year=2009).with_names()
    before = [one.actual for one in measured(rows_of_2009, SYSTEM, DAY)]
    assert any(before)
    for row in Assignment.objects.as_of(DAY).filter(jfo__code__in=["SPVM-JFO", "GTADS", "BEST-NFE"]):
        row.end = date(2011, 3, 30)
        row.save_as(None)
        rows.assignment(row.officer, "FAE", DAY, fte=row.fte)
    assert [one.actual for one in measured(rows_of_2009.all(), SYSTEM, DAY)] == before


def test_the_queries_are_the_same_for_more_rows_jfos_and_years(django_assert_max_num_queries: Callable) -> None:
    for jfo in JFO.objects.exclude(expectations__isnull=False)[:20]:
        for year in (2006, 2007, 2008):
            for indicator in ("files", "cases", "fte", "outcomes", "contributions", "meetings"):
                expectation(jfo.code, indicator, "3", year)
    with django_assert_max_num_queries(10):
        assert len(measured(Expectation.objects.with_names(), SYSTEM, DAY)) > 360


# What a lock holds


CHANGES: dict[str, dict[str, Any]] = {
    "expected": {"expected": Decimal(4)},
    "fiscal_year": {"fiscal_year": 2007},
    "indicator": {"indicator": "meetings"},
    "basis": {"basis": "Another."},
}


@pytest.mark.parametrize("name", CHANGES)
def test_the_model_says_that_a_locked_one_cannot_be_changed(name: str) -> None:
    row = locked()
    for field, value in CHANGES[name].items():
        setattr(row, field, value)
    with pytest.raises(ValidationError) as caught:
        row.save_as(None)
    assert name in caught.value.message_dict
    assert "locked since 2010-05-14" in caught.value.messages[0]


@pytest.mark.parametrize("name", CHANGES)
def test_the_action_says_so_too(name: str) -> None:
    with pytest.raises(ValidationError, match="locked since 2010-05-14"):
        expecting.correct(locked(), CHANGES[name], by=None)


def refused(write: Callable[[], object], guard: str) -> bool:
    """Say whether the database refuses the write for that guard's sake."""
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        write()
    cause = caught.value.__cause__
    return guard in (str(cause), getattr(getattr(cause, "diag", None), "constraint_name", ""))


def _update(row: Expectation, **values: Any) -> Callable[[], object]:
    return lambda: QuerySet.update(Expectation.objects.filter(pk=row.pk), **values)


WRITES: dict[str, dict[str, Any]] = CHANGES | {
    "another jfo": {"jfo": 1},
    "opened without a trace": {"locked_on": None},
    "its day moved": {"locked_on": date(2010, 6, 1)},
    "its lock renumbered": {"locks": 7},
}


@pytest.mark.parametrize("name", WRITES)
def test_the_database_refuses_what_is_written_past_the_model(name: str) -> None:
    values = WRITES[name] if name != "another jfo" else {"jfo": JFO.objects.get(code="FAE")}
    assert refused(_update(locked(), **values), guards.LOCKED)


def test_the_database_refuses_that_a_locked_one_is_deleted() -> None:
    row = locked()
    assert refused(lambda: QuerySet(Expectation).filter(pk=row.pk)._raw_delete("default"), guards.LOCKED)
    with pytest.raises(ValidationError, match="locked since"):
        row.delete()


def test_an_open_one_takes_every_change() -> None:
    row = expectation()
    _update(row, expected=Decimal(4), basis="Another.")()
    expecting.correct(row, {"expected": Decimal(3)}, by=None)
    row.delete()


def test_the_variance_note_stays_open() -> None:
    row = expecting.explain(locked(), "The ferry did not run.", by=None)
    assert Expectation.objects.get(pk=row.pk).variance_note == "The ferry did not run."


def test_locking_several_is_all_or_nothing() -> None:
    first, second = expectation("FAE"), locked()
    with pytest.raises(ValidationError, match="SPVM-JFO 2009-2010 – Outcomes claimed is locked already"):
        expecting.lock([first, second], by=None, day=DAY)
    first.refresh_from_db()
    assert first.locked_on is None


# What an unlock leaves


def unlocked(nhq_reviewer: User) -> Expectation:
    return expecting.unlock(locked(), by=nhq_reviewer, day=date(2010, 9, 1), reason="The plan was cut in half.")


def test_an_unlock_leaves_what_was_expected_when_and_why_and_lets_it_be_changed(nhq_reviewer: User) -> None:
    row = expecting.correct(unlocked(nhq_reviewer), {"expected": Decimal(2)}, by=nhq_reviewer)
    said = found(row).unlocks
    assert "Unlocked on 2010-09-01 (locked since 2010-05-14); until then 5 was expected." in said
    assert "The plan was cut in half." in said
    (again,) = expecting.lock([row], by=nhq_reviewer, day=DAY)
    assert found(again).unlocks == said


def test_each_unlock_leaves_its_own_trace(nhq_reviewer: User) -> None:
    (row,) = expecting.lock([unlocked(nhq_reviewer)], by=None, day=date(2010, 5, 14))
    expecting.unlock(row, by=nhq_reviewer, day=DAY, reason="Once more.")
    assert found(row).unlocks.count("Unlocked on") == 2


def test_the_trace_of_one_lock_opens_no_later_one(nhq_reviewer: User) -> None:
    """Locked again on the same day with the same figure, it once could be opened by the trace of the first lock."""
    (row,) = expecting.lock([unlocked(nhq_reviewer)], by=None, day=date(2010, 5, 14))
    assert refused(_update(row, locked_on=None), guards.LOCKED)
    row.locked_on = None
    with pytest.raises(ValidationError, match="locked since"):
        row.save_as(None)


def test_an_unlock_needs_a_reason_and_a_lock(nhq_reviewer: User) -> None:
    with pytest.raises(ValidationError, match="Say why"):
        expecting.unlock(locked(), by=nhq_reviewer, day=DAY, reason=" ")
    with pytest.raises(ValidationError, match="open already"):
        expecting.unlock(expectation("FAE"), by=nhq_reviewer, day=DAY, reason="Why not.")


def test_the_trace_is_never_removed_or_changed(nhq_reviewer: User) -> None:
    trace = unlocked(nhq_reviewer).unlocks.get()
    with pytest.raises(ValidationError, match="never removed"):
        trace.delete()
    assert refused(lambda: QuerySet(Unlock).filter(pk=trace.pk)._raw_delete("default"), guards.TRACE)
    assert refused(lambda: QuerySet.update(Unlock.objects.filter(pk=trace.pk), reason="Never mind."), guards.TRACE)


def test_neither_a_lock_nor_an_unlock_is_undone(nhq_reviewer: User) -> None:
    with changesets.act(nhq_reviewer) as locking:
        expecting.lock([expectation("FAE")], by=nhq_reviewer, day=DAY, within=locking)
    with pytest.raises(changesets.CannotUndo, match="locked since 2011-03-31"):
        changesets.undo(locking, by=nhq_reviewer)
    with changesets.act(nhq_reviewer) as unlocking:
        expecting.unlock(locked(), by=nhq_reviewer, day=DAY, reason="It was wrong.", within=unlocking)
    with pytest.raises(changesets.CannotUndo, match="never removed"):
        changesets.undo(unlocking, by=nhq_reviewer)


def test_the_guards_stand_after_every_migration() -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        else:
            cursor.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")
        there = {name for (name,) in cursor.fetchall()}
    names = (guards.LOCKED, guards.TRACE, guards.FROZEN)
    assert {f"{name}_{event}" for name in names for event in ("update", "delete")} <= there


# Two at once


@pytest.mark.django_db(transaction=True)
def test_of_a_lock_and_a_change_at_once_the_second_sees_what_the_first_wrote() -> None:
    row = expectation()

    def change() -> Expectation:
        return expecting.correct(row, {"expected": Decimal(9)}, by=None)

    def lock() -> list[Expectation]:
        return expecting.lock([row], by=None, day=DAY)

    changed, lock_answer = at_once(change, lock)
    row.refresh_from_db()
    assert row.locked_on == DAY
    assert not isinstance(lock_answer, Exception)
    if isinstance(changed, Exception):
        assert isinstance(changed, ValidationError)
        assert "locked since 2011-03-31" in changed.messages[0]
        assert row.expected == 5
    else:
        assert row.expected == 9


@pytest.mark.django_db(transaction=True)
def test_a_save_past_the_actions_at_the_moment_of_a_lock_does_not_change_it() -> None:
    """Two simultaneous saves: the one that comes second finds the row as the first left it."""
    row = expectation()
    other = Expectation.objects.get(pk=row.pk)

    def save() -> None:
        with transaction.atomic():
            other.expected = Decimal(9)
            QuerySet.update(Expectation.objects.filter(pk=other.pk), expected=Decimal(9))

    answer, _locked = at_once(save, lambda: expecting.lock([row], by=None, day=DAY))
    row.refresh_from_db()
    assert row.locked_on == DAY
    assert row.expected == (5 if isinstance(answer, Exception) else 9)


@pytest.mark.django_db(transaction=True)
def test_two_who_unlock_at_once_leave_one_trace(nhq_reviewer: User) -> None:
    row = locked()
    answers = at_once(
        *(lambda: expecting.unlock(row, by=nhq_reviewer, day=DAY, reason="It was wrong.") for _one in range(2))
    )
    assert sorted(type(answer) is ValidationError for answer in answers) == [False, True]
    assert row.unlocks.count() == 1
