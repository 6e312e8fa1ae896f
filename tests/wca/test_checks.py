"""Each rule on arrangements finds what breaks it, however it was written, and nothing in the demonstration."""

from collections.abc import Callable
from datetime import date
from types import SimpleNamespace

import pytest
from django.db import connection
from django.db.models import QuerySet

from registry.models import Agency
from wca import checks, guards
from wca.models import Arrangement, Assessment, Clause, ClausePart, ClauseSet, Coverage, Finding, Signatory

pytestmark = pytest.mark.django_db

ALL = (
    checks.what_is_in_force,
    checks.assessments_hold,
    checks.quotations_are_found,
    checks.numbers_are_issued_once,
    checks.steps_follow_the_table,
    checks.negotiations_stand_on_consultations,
)


@pytest.fixture
def unguarded(db: None) -> None:
    """The database without its guards until the end of the test, whose transaction puts them back."""
    with connection.cursor() as cursor:
        guards.uninstall(None, SimpleNamespace(connection=connection, execute=cursor.execute))  # type: ignore[arg-type]


@pytest.mark.parametrize("check", ALL)
def test_the_demonstration_keeps_the_rule(check: Callable):
    assert list(check()) == []


@pytest.mark.parametrize("check", ALL)
def test_a_rule_costs_few_queries(check: Callable, django_assert_max_num_queries: Callable):
    with django_assert_max_num_queries(5):
        list(check())


def test_a_group_that_signs_is_found():
    group = Agency.objects.filter(is_group=True)[0]
    Signatory(arrangement=Arrangement.objects.all()[0], agency=group).attribute(None).save()
    ((where, what),) = checks.what_is_in_force()
    assert (where, what) == ("arrangement WCA-2004-0001", f"{group.key} is a party, and is a group")


def test_a_jfo_covered_twice_on_a_day_is_found():
    row = Coverage.objects.filter(arrangement__reference="WCA-2004-0002").get()
    Coverage(arrangement=row.arrangement, jfo=row.jfo, start=date(2011, 1, 1)).attribute(None).save()
    assert list(checks.what_is_in_force()) == [("arrangement WCA-2004-0002", "covers CRTF twice on 2011-01-01")]


def test_an_arrangement_superseded_by_itself_is_found():
    row = Arrangement.objects.get(reference="WCA-2004-0002")
    row.superseded_by, row.superseded_on = row, date(2011, 1, 1)
    row.attribute(None).save()
    assert [where for where, _what in checks.what_is_in_force()] == ["arrangement WCA-2004-0002"]


def test_a_circle_of_supersessions_is_found_once_and_what_leads_into_it_is_not_one():
    def supersede(older: str, newer: str) -> None:
        row = Arrangement.objects.get(reference=older)
        row.superseded_by, row.superseded_on = Arrangement.objects.get(reference=newer), date(2011, 1, 1)
        row.attribute(None).save()

    supersede("WCA-2004-0001", "WCA-2004-0004")
    supersede("WCA-2004-0002", "WCA-2004-0003")
    assert list(checks.what_is_in_force()) == []
    supersede("WCA-2004-0003", "WCA-2004-0004")
    supersede("WCA-2004-0004", "WCA-2004-0002")
    ((where, what),) = checks.what_is_in_force()
    assert (where, what) == (
        "arrangement WCA-2004-0002",
        "it supersedes itself by way of WCA-2004-0003, WCA-2004-0004",
    )


@pytest.mark.usefixtures("unguarded")
def test_a_finding_of_another_clause_set_is_found():
    other = ClauseSet(code="other", version=1, name_en="Other", name_fr="Autre").save_as(None)
    words = {"wording_en": "So", "wording_fr": "Ainsi"}
    clause = Clause(clause_set=other, letter="z", title_en="Z", title_fr="Z", **words).save_as(None)
    part = ClausePart(clause=clause, number=1, **words).save_as(None)
    assessment = Assessment.objects.filter(arrangement__reference="WCA-2004-0002").get()
    Finding(assessment=assessment, part=part).save_as(None)
    assert [what for _where, what in checks.assessments_hold()] == ["z) 1 is of another clause set"]


@pytest.mark.usefixtures("unguarded")
def test_an_approved_assessment_that_changed_is_found():
    assessment = Assessment.objects.filter(arrangement__reference="WCA-2004-0002").get()
    assessment.assessed_on = date(2011, 1, 4)
    assessment.attribute(None).save()
    ((where, what),) = checks.assessments_hold()
    assert where == "assessment WCA-2004-0002 2011-01-04"
    assert what.startswith("changed after approval")


@pytest.mark.usefixtures("unguarded")
@pytest.mark.parametrize("change", ["save", "delete"])
def test_a_finding_that_changed_after_approval_is_found(change: str):
    finding = Finding.objects.filter(assessment__arrangement__reference="WCA-2004-0002")[0]
    getattr(finding.attribute(None), change)()
    ((where, what),) = checks.assessments_hold()
    assert where.startswith("assessment WCA-2004-0002")
    assert what.startswith("a finding changed after approval")


@pytest.mark.usefixtures("unguarded")
def test_a_finding_may_change_until_the_assessment_is_approved():
    finding = Finding.objects.filter(assessment__arrangement__reference="WCA-2004-0002")[0]
    Assessment.history.filter(id=finding.assessment_id).delete()
    finding.attribute(None).save()
    assert list(checks.assessments_hold()) == []


def test_a_number_used_again_is_found():
    first = Arrangement(reference="WCA-2010-9001", title_en="One", title_fr="Une").save_as(None)
    first.delete()
    assert list(checks.numbers_are_issued_once()) == []
    Arrangement(reference="WCA-2010-9001", title_en="Two", title_fr="Deux").save_as(None)
    assert list(checks.numbers_are_issued_once()) == [("arrangement WCA-2010-9001", "the number was issued 2 times")]


def test_a_number_that_changed_is_found():
    row = Arrangement(reference="WCA-2010-9001", title_en="One", title_fr="Une").save_as(None)
    QuerySet.update(Arrangement.objects.filter(pk=row.pk), reference="WCA-2010-9002")
    row.refresh_from_db()
    row.save_as(None)
    assert list(checks.numbers_are_issued_once()) == [
        ("arrangement WCA-2010-9001", "one arrangement went by the numbers WCA-2010-9001, WCA-2010-9002")
    ]
