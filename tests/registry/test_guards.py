"""What the database itself refuses of assignments, whatever the code in front of it forgot."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from registry import guards
from registry.models import JFO, Assignment, Officer
from tests import rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer() -> Officer:
    """An officer with 0.60 FTE on SPVM-JFO for the whole of 2010."""
    officer = rows.officer()
    assignment(officer, "SPVM-JFO", "0.60", date(2010, 1, 1), date(2010, 12, 31)).save()
    return officer


def assignment(officer: Officer, jfo: str, fte: str, start: date, end: date | None) -> Assignment:
    return Assignment(officer=officer, jfo=JFO.objects.get(code=jfo), fte=Decimal(fte), start=start, end=end)


def refused(row: Assignment, *, how: str) -> str:
    """Return what the database says when the row is written past every check of the model."""
    write = row.save if how == "save" else lambda: Assignment.objects.bulk_create([row])
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        write()
    return str(caught.value)


@pytest.mark.parametrize("how", ["save", "bulk_create"])
def test_a_second_assignment_to_the_jfo_on_a_shared_day_is_refused(officer: Officer, how: str) -> None:
    row = assignment(officer, "SPVM-JFO", "0.10", date(2010, 12, 31), None)
    assert guards.OVERLAP in refused(row, how=how)


@pytest.mark.parametrize("how", ["save", "bulk_create"])
def test_a_day_above_full_time_is_refused(officer: Officer, how: str) -> None:
    row = assignment(officer, "FAE", "0.41", date(2009, 1, 1), None)
    assert guards.ONE_FTE in refused(row, how=how)


def test_exactly_full_time_is_kept(officer: Officer) -> None:
    assignment(officer, "FAE", "0.20", date(2010, 6, 1), None).save()
    assignment(officer, "NPET-QUE", "0.20", date(2010, 6, 1), None).save()
    assert Assignment.objects.filter(officer=officer).as_of(date(2010, 7, 1)).fte() == Decimal("1.00")


def test_the_day_after_an_end_is_free(officer: Officer) -> None:
    assignment(officer, "SPVM-JFO", "1.00", date(2011, 1, 1), None).save()


def test_moving_an_end_into_another_assignment_is_refused(officer: Officer) -> None:
    later = assignment(officer, "SPVM-JFO", "0.60", date(2011, 1, 1), None)
    later.save()
    with pytest.raises(IntegrityError), transaction.atomic():
        Assignment.objects.filter(pk=later.pk).update(start=date(2010, 12, 1))


@pytest.mark.parametrize("fte", ["0.00", "1.01", "-0.50"])
def test_an_fte_outside_its_range_is_refused(officer: Officer, fte: str) -> None:
    refused(assignment(officer, "FAE", fte, date(2012, 1, 1), None), how="save")


def test_a_last_day_before_the_first_is_refused(officer: Officer) -> None:
    refused(assignment(officer, "FAE", "0.10", date(2012, 1, 2), date(2012, 1, 1)), how="save")
