"""Each rule of the registry finds the row that breaks it, however it was written, and nothing in the demonstration."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.db import connection
from django.db.models import QuerySet
from hypothesis import given
from hypothesis import strategies as st

from jfo_portal.kit.periods import day_without, shared_day
from registry import checks, guards
from registry.models import JFO, Agency, Assignment, Contact, EndReason, OfficerLevel, Participation
from registry.models.people import Level
from tests import rows

pytestmark = pytest.mark.django_db

ALL = (
    checks.fte_and_overlaps,
    checks.assignments_inside_dates,
    checks.transfers_are_whole,
    checks.review_dates,
    checks.one_level_a_day,
    checks.leads_contacts_and_cbsa,
)
FIRST = date(2010, 4, 1)


def write(queryset: QuerySet, **values: object) -> None:
    """Write past the model's own checks, as a stray statement would."""
    QuerySet.update(queryset, **values)


@pytest.mark.parametrize("check", ALL)
def test_the_demonstration_keeps_the_rule(check: Callable):
    assert list(check()) == []


@pytest.mark.parametrize("check", ALL)
def test_a_rule_costs_few_queries(check: Callable, django_assert_max_num_queries: Callable):
    with django_assert_max_num_queries(3):
        list(check())


# Rule 1


def test_what_got_past_the_database_is_found():
    with connection.cursor() as cursor:
        guards.uninstall(None, SimpleNamespace(connection=connection, execute=cursor.execute))  # type: ignore[arg-type]
    officer = rows.officer()
    for jfo, fte in (("SPVM-JFO", "0.30"), ("SPVM-JFO", "0.30"), ("FAE", "0.50")):
        row = Assignment(officer=officer, jfo=JFO.objects.get(code=jfo), fte=Decimal(fte), start=FIRST)
        row.attribute(None).save()
    assert list(checks.fte_and_overlaps()) == [
        (f"officer {officer.number}", "1.10 FTE on 2010-04-01, more than 1.00"),
        (f"officer {officer.number}", "two assignments to SPVM-JFO on 2010-04-01"),
    ]


def posts(*periods: tuple[str, date, date | None]) -> list[Assignment]:
    return [Assignment(fte=Decimal(fte), start=start, end=end) for fte, start, end in periods]


def test_the_first_day_of_more_than_full_time_is_found():
    found = checks.fullest_day(
        posts(("0.60", FIRST, date(2010, 6, 30)), ("0.40", FIRST, None), ("0.61", date(2010, 7, 1), None))
    )
    assert found == (date(2010, 7, 1), Decimal("1.01"))


def test_an_assignment_may_start_the_day_after_another_ends():
    assert checks.fullest_day(posts(("1.00", FIRST, date(2010, 6, 30)), ("1.00", date(2010, 7, 1), None))) is None


periods = st.lists(
    st.tuples(st.integers(1, 100), st.integers(0, 30), st.one_of(st.none(), st.integers(0, 20))), max_size=5
)


@given(periods)
def test_the_fullest_day_is_what_counting_day_by_day_gives(numbers: list[tuple[int, int, int | None]]):
    held = [
        Assignment(
            fte=Decimal(hundredths) / 100,
            start=FIRST + timedelta(days=start),
            end=None if length is None else FIRST + timedelta(days=start + length),
        )
        for hundredths, start, length in numbers
    ]
    days = [FIRST + timedelta(days=number) for number in range(60)]
    totals = [(day, sum((row.fte for row in held if row.holds_on(day)), Decimal(0))) for day in days]
    assert checks.fullest_day(held) == next(((day, total) for day, total in totals if total > 1), None)
    shared = next((day for day in days if sum(row.holds_on(day) for row in held) > 1), None)
    assert shared_day(held) == shared
    bare = next((day for day in days if not any(row.holds_on(day) for row in held)), None)
    assert day_without(held, days[0], days[-1]) == bare


# Rule 2


@pytest.mark.parametrize(
    "values", [{"start": date(1999, 1, 1)}, {"end": date(2012, 1, 1)}, {"end": None}, {"start": date(2000, 5, 1)}]
)
def test_an_assignment_outside_its_dates_is_found(values: dict[str, date | None]):
    officer = rows.officer(start=date(2001, 1, 1), end=date(2011, 1, 1))
    row = rows.assignment(officer, "SPVM-JFO", FIRST, date(2010, 12, 31))
    write(Assignment.objects.filter(pk=row.pk), **values)
    ((where, what),) = checks.assignments_inside_dates()
    assert where == f"officer {officer.number}"
    assert "SPVM-JFO" in what


def test_an_assignment_after_the_end_of_its_jfo_is_found():
    row = rows.assignment(rows.officer(), "SPVM-JFO", FIRST, date(2010, 12, 31))
    Assignment.objects.filter(jfo=row.jfo).exclude(pk=row.pk).delete()
    write(JFO.objects.filter(pk=row.jfo_id), end=date(2010, 12, 30))
    assert len(list(checks.assignments_inside_dates())) == 1


# Rules 3 to 5


def test_a_transfer_without_a_new_assignment_is_found():
    officer = rows.officer()
    row = rows.assignment(officer, "SPVM-JFO", FIRST, date(2010, 6, 30))
    write(Assignment.objects.filter(pk=row.pk), end_reason=EndReason.TRANSFER)
    assert len(list(checks.transfers_are_whole())) == 1
    rows.assignment(officer, "FAE", date(2010, 7, 1))
    assert list(checks.transfers_are_whole()) == []


def test_a_review_before_the_first_day_is_found():
    row = rows.assignment(rows.officer(), "SPVM-JFO", FIRST)
    write(Assignment.objects.filter(pk=row.pk), review_on=date(2010, 3, 31))
    assert len(list(checks.review_dates())) == 1


def test_two_levels_on_one_day_are_found():
    officer = rows.officer()
    rows.level(officer, Level.FB_03, FIRST, date(2010, 9, 30))
    late = rows.level(officer, Level.FB_04, date(2010, 10, 1))
    write(OfficerLevel.objects.filter(pk=late.pk), start=date(2010, 9, 30))
    assert list(checks.one_level_a_day()) == [(f"officer {officer.number}", "two levels on 2010-09-30")]


# Rule 6


def breaches_of_crtf() -> list[str]:
    return [what for where, what in checks.leads_contacts_and_cbsa() if where == "JFO CRTF"]


def test_a_jfo_without_a_lead_for_a_day_is_found():
    """CRTF has two leads; that one leaves is no breach."""
    leads = Participation.objects.filter(jfo__code="CRTF", role="lead")
    write(leads.filter(agency__key="OPP"), end=date(2010, 3, 31))
    assert breaches_of_crtf() == []
    write(leads.filter(agency__key="RCMP"), end=date(2011, 3, 31))
    assert breaches_of_crtf() == ["no lead on 2011-04-01"]


def test_a_lead_that_is_a_group_is_found_and_does_not_count():
    write(Participation.objects.filter(jfo__code="CRTF", role="lead"), role="partner")
    group = Agency.objects.filter(is_group=True)[0]
    jfo = JFO.objects.get(code="CRTF")
    Participation(jfo=jfo, agency=group, role="lead", start=jfo.start).attribute(None).save()
    assert breaches_of_crtf() == [f"{group.key} leads, and is a group", f"no lead on {jfo.start}"]


def test_a_jfo_without_the_cbsa_is_found():
    write(Participation.objects.filter(jfo__code="CRTF", agency__key="CBSA"), start=date(2010, 4, 1))
    start = JFO.objects.get(code="CRTF").start
    assert breaches_of_crtf() == [f"the CBSA does not take part on {start}"]


def test_two_primary_contacts_on_a_day_are_found():
    Contact.objects.filter(jfo__code="CRTF").delete()
    jfo = JFO.objects.get(code="CRTF")
    values = {"jfo": jfo, "function": "intelligence", "is_primary": True}
    Contact(name="Ana", start=FIRST, end=date(2010, 6, 30), **values).save_as(None)
    Contact(name="Boris", start=date(2010, 7, 1), **values).save_as(None)
    assert breaches_of_crtf() == []
    write(Contact.objects.filter(name="Boris", jfo=jfo), start=date(2010, 6, 30))
    assert breaches_of_crtf() == ["two primary contacts for intelligence on 2010-06-30"]
