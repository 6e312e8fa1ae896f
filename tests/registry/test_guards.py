"""What the database itself refuses and keeps of assignments, whatever the code in front of it forgot."""

from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from registry import guards
from registry.models import JFO, Assignment, Officer, Region
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


# The officer's region, held with each assignment


def regions_held(officer: Officer) -> set[str | None]:
    """Return the codes of the regions that the officer's assignments are counted in; None of one in none."""
    codes: dict[int | None, str] = dict(Region.objects.values_list("pk", "code"))
    rows_of = Assignment.objects.filter(officer=officer)
    return {codes.get(key) for key in rows_of.values_list("officer_region", flat=True)}


@pytest.mark.parametrize("how", ["save", "bulk_create"])
def test_an_assignment_is_counted_in_its_officers_region(how: str) -> None:
    """Not in that of its JFO."""
    officer = rows.officer("GTA")
    row = assignment(officer, "SPVM-JFO", "0.50", date(2010, 1, 1), None)
    row.save() if how == "save" else Assignment.objects.bulk_create([row])
    assert regions_held(officer) == {"GTA"}


@pytest.mark.parametrize("how", ["save", "update", "bulk_update"])
def test_an_officers_assignments_go_along_to_another_region(officer: Officer, how: str) -> None:
    assignment(officer, "FAE", "0.40", date(2010, 6, 1), None).save()
    other = rows.assignment(rows.officer("QUE"), "FAE", date(2010, 1, 1))
    officer.region = Region.objects.get(code="ATL")
    if how == "save":
        officer.save()
    elif how == "update":
        Officer.objects.filter(pk=officer.pk).update(region=officer.region)
    else:
        Officer.objects.bulk_update([officer], ["region"])
    assert regions_held(officer) == {"ATL"}
    assert regions_held(other.officer) == {"QUE"}


def test_what_is_written_of_the_region_is_set_right(officer: Officer) -> None:
    """A row that was not read back since it was made knows of no region, and would write that."""
    for value in (None, Region.objects.get(code="ATL").pk):
        Assignment.objects.filter(officer=officer).update(officer_region=value)
        assert regions_held(officer) == {"QUE"}


def test_an_assignment_given_to_another_officer_is_counted_in_that_ones_region(officer: Officer) -> None:
    other = rows.officer("GTA")
    Assignment.objects.filter(officer=officer).update(officer=other)
    assert regions_held(other) == {"GTA"}


def test_no_version_of_an_assignment_keeps_the_region() -> None:
    assert "officer_region" not in {field.name for field in Assignment.history.model._meta.get_fields()}


def test_assignments_of_before_are_counted_too(officer: Officer) -> None:
    """As they are when the migration finds them."""
    with connection.cursor() as cursor:
        editor: Any = SimpleNamespace(connection=connection, execute=cursor.execute)
        guards.uninstall_regions(None, editor)
        Assignment.objects.filter(officer=officer).update(officer_region=None)
        guards.install_regions(None, editor)
    assert regions_held(officer) == {"QUE"}
    assert not Assignment.objects.filter(officer_region=None).exists()
