"""What the database itself refuses of approved assessments, whatever the code in front of it forgot (domain rule 8)."""

from collections.abc import Callable
from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet

from registry.models import User
from tests import rows
from wca import guards
from wca.models import Arrangement, Assessment, ClausePart, ClauseSet, Finding, Verdict

pytestmark = pytest.mark.django_db

DAY = date(2011, 3, 31)


@pytest.fixture
def draft(nhq_reviewer: User) -> Assessment:
    """An assessment that nobody approved, with one finding."""
    arrangement = Arrangement.objects.get(reference="WCA-2004-0004")
    clause_set = ClauseSet.objects.filter(code="information-sharing").latest("version")
    row = Assessment(arrangement=arrangement, clause_set=clause_set, assessed_on=DAY, author=nhq_reviewer).save_as(None)
    Finding(assessment=row, part=part(row, 1), verdict=Verdict.NOT_MET).save_as(None)
    return row


def part(assessment: Assessment, number: int) -> ClausePart:
    return ClausePart.objects.get(clause__clause_set=assessment.clause_set_id, clause__letter="b", number=number)


def refused(write: Callable[[], object]) -> bool:
    """Say whether the database refuses the write for the approval's sake."""
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        write()
    cause = caught.value.__cause__
    return guards.APPROVED in (str(cause), getattr(getattr(cause, "diag", None), "constraint_name", ""))


WRITES: dict[str, Callable[[Assessment], object]] = {
    "saved": lambda row: row.attribute(None).save(),
    "updated": lambda row: QuerySet.update(Assessment.objects.filter(pk=row.pk), assessed_on=date(2011, 1, 1)),
    "unapproved": lambda row: QuerySet.update(Assessment.objects.filter(pk=row.pk), approved_by=None, approved_on=None),
    "deleted": lambda row: QuerySet(Assessment).filter(pk=row.pk)._raw_delete("default"),
    "deleted with what belongs to it": lambda row: Assessment.objects.get(pk=row.pk).delete(),
    "deleted with its arrangement": lambda row: row.arrangement.delete(),
    "finding added": lambda row: Finding.objects.bulk_create([Finding(assessment=row, part=part(row, 2))]),
    "finding changed": lambda row: QuerySet.update(row.findings.all(), verdict=Verdict.NOT_ASSESSED),
    "finding removed": lambda row: row.findings.all()._raw_delete("default"),
}


@pytest.mark.parametrize("write", WRITES)
def test_an_approved_assessment_takes_no_change(draft: Assessment, write: str) -> None:
    assert refused(lambda: WRITES[write](rows.approved(draft, DAY)))


@pytest.mark.parametrize("write", WRITES)
def test_one_that_nobody_approved_does(draft: Assessment, write: str) -> None:
    if write == "deleted":
        draft.findings.all()._raw_delete("default")
    WRITES[write](draft)


def test_a_finding_is_not_moved_into_or_out_of_an_approved_one(draft: Assessment) -> None:
    approved = Assessment.objects.exclude(approved_on=None).exclude(findings__part=part(draft, 1))
    target = approved.first() or rows.approved(_another(draft), DAY)
    assert refused(lambda: QuerySet.update(draft.findings.all(), assessment=target))
    other = _another(draft)
    rows.approved(draft, DAY)
    assert refused(lambda: QuerySet.update(Finding.objects.filter(assessment=draft), assessment=other))


def _another(row: Assessment) -> Assessment:
    return Assessment(
        arrangement=row.arrangement, clause_set=row.clause_set, assessed_on=DAY, author=row.author
    ).save_as(None)


def test_the_approval_itself_is_kept(draft: Assessment) -> None:
    rows.approved(draft, DAY)
    assert Assessment.objects.get(pk=draft.pk).approved_on == DAY


def test_the_guards_stand_after_every_migration() -> None:
    """A migration that makes SQLite copy one of the tables drops its triggers without a word."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        else:
            cursor.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")
        found = {name for (name,) in cursor.fetchall()}
    expected = {f"wca_assessment_approved_{event}" for event in ("update", "delete")}
    expected |= {f"wca_finding_approved_{event}" for event in ("insert", "update", "delete")}
    assert expected <= found
