"""Which arrangements are open on a day, and why a JFO is covered by none; see also test_measures."""

from datetime import date

import pytest

from registry.models import JFO, Agency
from wca.measures.coverage import Lack, coverage_on, open_on, uncovered_on, with_jfo_count
from wca.models import Arrangement, Coverage, Signatory

pytestmark = pytest.mark.django_db

DAY = date(2011, 3, 31)


@pytest.fixture
def jfo():
    """A JFO that no arrangement names."""
    return JFO.objects.get(code="FAE")


def _arrangement(
    jfo, *, signed_on=date(2010, 1, 4), start=date(2010, 1, 4), end=None, reference="WCA-2010-0099", **dates
):
    fields = {"effective": date(2010, 1, 4), **dates}
    row = Arrangement.objects.create(reference=reference, title_en="One", title_fr="Une", **fields)
    for key in ["CBSA", "SQ"]:
        Signatory.objects.create(arrangement=row, agency=Agency.objects.get(key=key), signed_on=signed_on)
    Coverage.objects.create(arrangement=row, jfo=jfo, start=start, end=end)
    return row


def _reasons(jfo, day=DAY):
    (row,) = uncovered_on(coverage_on(JFO.objects.filter(pk=jfo.pk), day), day)
    return row.reasons


def test_a_jfo_that_nothing_names_has_no_reason(jfo):
    assert _reasons(jfo) == ()


def test_a_covered_jfo_is_not_among_the_uncovered(jfo):
    _arrangement(jfo)
    assert uncovered_on(coverage_on(JFO.objects.filter(pk=jfo.pk), DAY), DAY) == []


@pytest.mark.parametrize(
    ("dates", "lack", "day"),
    [
        ({"signed_on": None}, Lack.UNSIGNED, None),
        ({"signed_on": date(2011, 4, 1)}, Lack.UNSIGNED, None),
        ({"effective": date(2011, 4, 1)}, Lack.NOT_YET, date(2011, 4, 1)),
        ({"effective": None}, Lack.NOT_YET, None),
        ({"start": date(2011, 4, 1)}, Lack.COMING, date(2011, 4, 1)),
        ({"end": date(2011, 3, 30)}, Lack.LEFT, date(2011, 3, 30)),
        ({"expiry": date(2011, 3, 30)}, Lack.EXPIRED, date(2011, 3, 30)),
        ({"terminated_on": date(2011, 3, 31)}, Lack.TERMINATED, date(2011, 3, 31)),
    ],
)
def test_an_arrangement_that_does_not_cover_says_what_it_lacks(jfo, dates, lack, day):
    _arrangement(jfo, **dates)
    (reason,) = _reasons(jfo)
    assert (reason.lack, reason.day) == (lack, day)


def test_the_reason_names_who_has_not_signed_by_the_day(jfo):
    row = _arrangement(jfo)
    row.signatories.filter(agency__key="SQ").update(signed_on=date(2011, 4, 1))
    (reason,) = _reasons(jfo)
    assert [agency.key for agency in reason.unsigned] == ["SQ"]


def test_a_superseded_arrangement_is_a_reason_until_its_successor_covers(jfo):
    newer = _arrangement(jfo, reference="WCA-2011-0099", start=date(2011, 4, 1))
    _arrangement(jfo, superseded_by=newer, superseded_on=date(2011, 3, 1))
    assert [reason.lack for reason in _reasons(jfo)] == [Lack.COMING, Lack.SUPERSEDED]


def test_what_is_over_or_not_begun_is_not_open(jfo):
    over = _arrangement(jfo, expiry=date(2011, 3, 30))
    coming = _arrangement(jfo, reference="WCA-2011-0099", effective=date(2011, 4, 1))
    unsigned = _arrangement(jfo, reference="WCA-2010-0098", signed_on=None)
    open_rows = set(open_on(Arrangement.objects.all(), DAY, JFO.objects.filter(pk=jfo.pk)))
    assert open_rows == {unsigned}
    assert {over, coming}.isdisjoint(open_on(Arrangement.objects.all(), DAY))


def test_a_jfo_is_counted_once_and_only_while_it_is_named(jfo):
    row = _arrangement(jfo, end=date(2010, 12, 31))
    Coverage.objects.create(arrangement=row, jfo=jfo, start=date(2010, 6, 1))
    Coverage.objects.create(arrangement=row, jfo=JFO.objects.get(code="IFAT"), start=date(2011, 4, 1))
    days = [date(2009, 1, 1), date(2010, 7, 1), DAY, date(2011, 4, 1)]
    rows = Arrangement.objects.filter(pk=row.pk)
    assert [with_jfo_count(rows, day).get().jfo_count for day in days] == [0, 1, 1, 2]
