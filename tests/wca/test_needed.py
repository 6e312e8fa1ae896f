"""The entries that the portal makes by itself for JFOs without an arrangement in force or on its way."""

from datetime import date
from io import StringIO

import pytest
from django.core.management import call_command

from jfo_portal.kit.checks import breaches
from registry.models import JFO, Agency, Participation
from tests.simultaneous import at_once
from wca import lifecycle
from wca.measures.coverage import Lack, coverage_count, coverage_on, open_on, uncovered_on
from wca.models import Arrangement, Coverage, Event, Signatory, Stage
from wca.needed import open_needed

pytestmark = pytest.mark.django_db

DAY = date(2011, 3, 31)


def entry_of(code, entries):
    return next(row for row in entries if row.coverage.filter(jfo__code=code).exists())


def made(code, *, reference="WCA-2010-9001", signed=date(2010, 1, 4), start=date(2010, 1, 4), end=None, **dates):
    """Return an arrangement that covers the JFO from 4 January 2010 on, but for what is given."""
    fields = {"effective": date(2010, 1, 4), **dates}
    row = Arrangement.objects.create(reference=reference, title_en="One", title_fr="Une", **fields)
    for key in ["CBSA", "SQ"]:
        Signatory.objects.create(arrangement=row, agency=Agency.objects.get(key=key), signed_on=signed)
    Coverage.objects.create(arrangement=row, jfo=JFO.objects.get(code=code), start=start, end=end)
    return row


def test_every_jfo_without_an_arrangement_gets_an_entry_but_those_whose_own_is_on_its_way():
    entries = open_needed(DAY)
    named = set(Coverage.objects.filter(arrangement__in=entries).values_list("jfo__code", flat=True))
    uncovered = {row.jfo.code for row in coverage_on(JFO.objects.all(), DAY) if not row.is_covered}
    assert len(uncovered) == 19
    # The PWEU's is awaiting the OPP's signature.
    assert named == uncovered - {"PWEU-GTA", "PWEU-WSC"}
    assert len(entries) == len(named) == 17
    assert [row.reference for row in entries] == [f"WCA-2011-{number:04}" for number in range(1, 18)]


def test_an_entry_says_what_is_needed_since_when_and_who_must_sign():
    row = entry_of("FAE", open_needed(DAY))
    assert (row.title_en, row.title_fr) == ("Arrangement needed for JFO FAE", "Entente requise pour l’OPC FAE")
    assert [party.agency.key for party in row.signatories.order_by("pk")] == ["CBSA", "SQ"]
    assert all(party.is_required and party.signed_on is None for party in row.signatories.all())
    (step,), (coverage,) = row.steps.all(), row.coverage.all()
    jfo = JFO.objects.get(code="FAE")
    assert (step.stage, step.entered_on, step.recorded_on, step.by) == (Stage.NEEDED, jfo.start, DAY, None)
    assert (coverage.jfo, coverage.start, coverage.end) == (jfo, jfo.start, None)


def test_the_cbsa_that_leads_and_a_group_that_takes_part_are_not_named_twice_or_at_all():
    entries = open_needed(DAY)
    assert [party.agency.key for party in entry_of("IFAT", entries).signatories.all()] == ["CBSA"]
    assert not Signatory.objects.filter(arrangement__in=entries, agency__is_group=True).exists()


def test_a_second_run_makes_none():
    assert open_needed(DAY)
    assert open_needed(DAY) == []


def test_only_a_jfo_that_is_active_needs_one():
    JFO.objects.filter(code="FAE").update(end=date(2011, 3, 30))
    named = Coverage.objects.filter(arrangement__in=open_needed(DAY)).values_list("jfo__code", flat=True)
    assert "FAE" not in named


@pytest.mark.parametrize(
    ("dates", "since"),
    [
        ({"expiry": date(2011, 3, 30)}, date(2011, 3, 31)),
        ({"expiry": date(2010, 12, 31)}, date(2011, 1, 1)),
        ({"terminated_on": date(2011, 2, 1)}, date(2011, 2, 1)),
        ({"end": date(2010, 6, 30)}, date(2010, 7, 1)),
        # Never in force, and not on its way any more.
        ({"signed": None, "expiry": date(2010, 12, 31)}, date(2003, 4, 1)),
    ],
)
def test_what_lapsed_or_was_terminated_makes_an_entry_since_the_day_after(dates, since):
    made("FAE", **dates)
    row = entry_of("FAE", open_needed(DAY))
    assert row.steps.get().entered_on == since


@pytest.mark.parametrize(
    "dates", [{}, {"expiry": DAY}, {"signed": None}, {"effective": date(2011, 4, 1)}, {"effective": None}]
)
def test_a_jfo_that_is_covered_or_named_by_one_on_its_way_needs_none(dates):
    made("FAE", **dates)
    assert not Coverage.objects.filter(arrangement__in=open_needed(DAY), jfo__code="FAE").exists()


def test_the_spell_without_coverage_begins_after_the_last_arrangement_of_several():
    made("FAE", reference="WCA-2010-9001", expiry=date(2010, 6, 30))
    made("FAE", reference="WCA-2010-9002", effective=date(2010, 3, 1), expiry=date(2010, 9, 30))
    assert entry_of("FAE", open_needed(DAY)).steps.get().entered_on == date(2010, 10, 1)


def test_an_entry_that_was_withdrawn_is_made_anew():
    row = entry_of("FAE", open_needed(DAY))
    lifecycle.take(row, Event.WITHDRAW, DAY, by=None, reason="entered twice")
    (again,) = open_needed(DAY)
    assert (again.reference, again.coverage.get().jfo.code) == ("WCA-2011-0018", "FAE")


def test_an_entry_drafted_and_negotiated_is_not_made_again():
    row = entry_of("FAE", open_needed(DAY))
    lifecycle.take(row, Event.DRAFT, DAY, by=None)
    lifecycle.take(row, Event.CONSULT, DAY, by=None)
    assert open_needed(DAY) == []


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_make_each_entry_once():
    answers = at_once(lambda: open_needed(DAY), lambda: open_needed(DAY))
    assert sorted(len(entries) for entries in answers) == [0, 17]
    assert Arrangement.objects.filter(reference__startswith="WCA-2011-").count() == 17


def test_no_query_is_asked_for_each_jfo_that_needs_none(django_assert_max_num_queries):
    open_needed(DAY)
    with django_assert_max_num_queries(5):
        open_needed(DAY)


# What the entries leave as it is


def test_the_published_figures_stay():
    before = set(open_on(Arrangement.objects.all(), DAY))
    open_needed(DAY)
    count = coverage_count(coverage_on(JFO.objects.all(), DAY))
    assert (count.jfos, count.covered, count.uncovered) == (52, 33, 19)
    # What is only needed has no text to assess.
    assert set(open_on(Arrangement.objects.all(), DAY)) == before


def test_an_arrangement_in_force_is_assessed_though_no_step_says_so():
    row = entry_of("FAE", open_needed(DAY))
    row.signatories.update(signed_on=date(2011, 3, 1))
    Arrangement.objects.filter(pk=row.pk).update(effective=date(2011, 3, 1))
    assert row in open_on(Arrangement.objects.all(), DAY)


def reasons(code, day=DAY):
    (row,) = uncovered_on(coverage_on(JFO.objects.filter(code=code), day), day)
    return [(reason.lack, reason.stage, reason.day) for reason in row.reasons]


def test_the_reason_says_the_stage_and_since_when():
    row = entry_of("FAE", open_needed(DAY))
    assert reasons("FAE") == [(Lack.IN_STAGE, Stage.NEEDED, date(2003, 4, 1))]
    lifecycle.take(row, Event.DRAFT, date(2011, 3, 7), by=None)
    assert reasons("FAE") == [(Lack.IN_STAGE, Stage.DRAFTING, date(2011, 3, 7))]
    lifecycle.take(row, Event.WITHDRAW, DAY, by=None, reason="why")
    assert reasons("FAE") == [(Lack.IN_STAGE, Stage.WITHDRAWN, DAY)]


def test_on_a_past_day_nobody_knew_of_the_entry():
    open_needed(DAY)
    assert reasons("FAE", date(2011, 3, 30)) == []
    assert not Arrangement.objects.known_on(date(2011, 3, 30)).filter(reference__startswith="WCA-2011").exists()
    assert Arrangement.objects.known_on(DAY).filter(reference__startswith="WCA-2011").count() == 17


# The command


def test_the_daily_command_prints_a_line_for_each_and_does_it_once():
    first, second = StringIO(), StringIO()
    call_command("daily", stdout=first)
    lines = first.getvalue().splitlines()
    assert lines[0] == "needed WCA-2011-0001 Arrangement needed for JFO BEST-NFE"
    assert lines[-1] == "2011-03-31: needed 17, notices 1"
    call_command("daily", stdout=second)
    assert second.getvalue() == "2011-03-31: needed 0, notices 0\n"
    assert list(breaches()) == []


def test_a_jfo_led_by_a_group_alone_has_an_entry_that_the_cbsa_signs():
    part = Participation.objects.get(jfo__code="FAE", role="lead")
    Participation.objects.filter(pk=part.pk).update(agency=Agency.objects.filter(is_group=True)[0])
    assert [party.agency.key for party in entry_of("FAE", open_needed(DAY)).signatories.all()] == ["CBSA"]
