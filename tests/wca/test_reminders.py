"""Reminders of expiries: each threshold crossed is noticed once, on its day or late, the next time anybody looks."""

from datetime import date, timedelta

import pytest

from registry.models import Agency
from tests.simultaneous import at_once
from wca.models import Arrangement, Notice, ReminderRun, Signatory
from wca.reminders import THRESHOLDS, remind

pytestmark = pytest.mark.django_db

EXPIRY = date(2021, 12, 31)
DUE = {days: EXPIRY - timedelta(days=days) for days in THRESHOLDS}


@pytest.fixture
def arrangement():
    """An arrangement in force until EXPIRY, years after the demonstration's have ended."""
    return made("WCA-2020-9001")


def made(reference, *, signed=date(2020, 1, 6), **dates):
    fields = {"effective": date(2020, 2, 1), "expiry": EXPIRY, **dates}
    row = Arrangement.objects.create(reference=reference, title_en="One", title_fr="Une", **fields)
    Signatory.objects.create(arrangement=row, agency=Agency.objects.get(key="CBSA"), signed_on=signed)
    return row


def looked(first, last, *, skipped=()):
    """Look on every day from the first to the last but those skipped; return the notices of the arrangement."""
    day = first
    while day <= last:
        if day not in skipped:
            remind(day)
        day += timedelta(days=1)
    return told()


def told(reference="WCA-2020-9001"):
    rows = Notice.objects.filter(arrangement__reference=reference).order_by("expiry", "-days")
    return [(row.days, row.noticed_on, row.is_late) for row in rows]


def nights(first, count):
    return [first + timedelta(days=number) for number in range(count)]


def test_each_threshold_is_noticed_once_on_its_day(arrangement):
    found = looked(DUE[180] - timedelta(days=1), EXPIRY + timedelta(days=5))
    assert found == [(days, DUE[days], False) for days in THRESHOLDS]


@pytest.mark.parametrize("days", THRESHOLDS)
def test_ten_skipped_nights_lose_no_notice_and_mark_it_late(arrangement, days):
    skipped = nights(DUE[days] - timedelta(days=2), 10)
    found = looked(DUE[180] - timedelta(days=1) - timedelta(days=2), EXPIRY + timedelta(days=20), skipped=skipped)
    back = skipped[-1] + timedelta(days=1)
    late = {one for one in THRESHOLDS if DUE[one] in skipped}
    assert days in late
    assert found == [(one, back if one in late else DUE[one], one in late) for one in THRESHOLDS]


def test_ten_skipped_nights_that_hold_two_thresholds_give_both(arrangement):
    remind(DUE[7] - timedelta(days=1))
    remind(EXPIRY + timedelta(days=2))
    assert told()[-2:] == [(7, date(2022, 1, 2), True), (0, date(2022, 1, 2), True)]


def test_a_second_run_of_the_day_gives_nothing_again(arrangement):
    looked(DUE[30] - timedelta(days=1), DUE[30])
    assert remind(DUE[30]) == []


def test_a_changed_expiry_starts_anew(arrangement):
    looked(DUE[180] - timedelta(days=1), DUE[90])
    later = date(2022, 6, 30)
    Arrangement.objects.filter(pk=arrangement.pk).update(expiry=later)
    looked(DUE[90] + timedelta(days=1), later)
    rows = Notice.objects.filter(arrangement=arrangement, expiry=later).order_by("-days")
    assert [(row.days, row.noticed_on, row.is_late) for row in rows] == [
        (days, later - timedelta(days=days), False) for days in THRESHOLDS
    ]


def test_an_expiry_brought_nearer_gives_the_nearest_threshold_behind_it_and_is_not_late(arrangement):
    looked(date(2021, 6, 1), date(2021, 6, 10))
    nearer = date(2021, 7, 31)
    Arrangement.objects.filter(pk=arrangement.pk).update(expiry=nearer)
    looked(date(2021, 6, 11), nearer)
    # 50 days to go: 180 and 90 lie behind it, and nobody could have known.
    assert told() == [
        (90, date(2021, 6, 11), False),
        (30, date(2021, 7, 1), False),
        (7, date(2021, 7, 24), False),
        (0, date(2021, 7, 31), False),
    ]


def test_what_came_into_force_late_is_not_noticed_for_days_before(arrangement):
    made("WCA-2021-9001", signed=date(2021, 12, 10))
    looked(DUE[180] - timedelta(days=1), EXPIRY)
    assert told("WCA-2021-9001") == [(30, date(2021, 12, 10), False), (7, DUE[7], False), (0, DUE[0], False)]


def test_the_first_run_ever_gives_the_nearest_threshold_of_what_is_in_force(arrangement):
    made("WCA-2019-9001", effective=date(2020, 1, 1), signed=date(2019, 12, 1), expiry=date(2021, 9, 30))
    ReminderRun.objects.all().delete()
    found = remind(date(2021, 10, 15))
    # That of September has ended, and nobody is reminded of it any more.
    assert [(row.arrangement, row.days, row.is_late) for row in found] == [(arrangement, 90, False)]


@pytest.mark.parametrize(
    "dates",
    [
        {"signed": None},
        {"effective": None},
        {"expiry": None},
        {"terminated_on": date(2021, 1, 1)},
    ],
)
def test_what_is_not_in_force_or_has_no_expiry_is_not_noticed(dates):
    made("WCA-2020-9001", **dates)
    assert looked(DUE[180] - timedelta(days=1), EXPIRY + timedelta(days=1)) == []


def test_what_was_terminated_on_the_way_is_not_noticed_further(arrangement):
    Arrangement.objects.filter(pk=arrangement.pk).update(terminated_on=DUE[30])
    found = looked(DUE[180] - timedelta(days=1), EXPIRY)
    assert [days for days, _noticed, _late in found] == [180, 90]


def test_the_number_of_queries_is_that_of_one(arrangement, django_assert_max_num_queries):
    remind(DUE[30] - timedelta(days=1))
    with django_assert_max_num_queries(12) as one:
        remind(DUE[30])
    for number in range(20):
        made(f"WCA-2020-8{number:03}", expiry=EXPIRY + timedelta(days=1))
    with django_assert_max_num_queries(len(one)):
        assert len(remind(DUE[30] + timedelta(days=1))) == 20


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_give_each_notice_once(arrangement):
    remind(DUE[30] - timedelta(days=1))
    answers = at_once(lambda: remind(DUE[30]), lambda: remind(DUE[30]))
    assert sorted(len(found) for found in answers) == [0, 1]
