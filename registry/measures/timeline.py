"""What the timeline shows of an assignment: how long its spell has lasted, and what of it is past the policy period."""

from datetime import date

from django.conf import settings

from jfo_portal.kit.periods import ONE_DAY
from jfo_portal.kit.timelines import Span
from registry.models import Assignment


def past_policy_from(since: date) -> date:
    """Return the first day on which a spell that began then has lasted longer than the policy period.

    It is the first day whose `past_policy_since` is that day or a later one.
    """
    year = since.year + settings.TENURE_POLICY_YEARS
    try:
        return since.replace(year=year)
    except ValueError:  # the 29th of February, where the year has none
        return date(year, 3, 1)


def counted_to(row: Assignment, day: date) -> date | None:
    """Return the day to which the tenure of the row counts: the day itself, or its last day; None before its first."""
    if row.start > day:
        return None
    return day if row.end is None else min(row.end, day)


def is_past_policy(row: Assignment, day: date) -> bool:
    """Say whether the row's spell had lasted longer than the policy period by the day, or by its own last day."""
    last = counted_to(row, day)
    return last is not None and past_policy_from(row.since) <= last


def spans_of(row: Assignment) -> list[Span]:
    """Return the row's days, those past the policy period apart; planned days count as served."""
    long_from = past_policy_from(row.since)
    if long_from <= row.start:
        return [Span(row.start, row.end, "long")]
    if row.end is not None and row.end < long_from:
        return [Span(row.start, row.end)]
    return [Span(row.start, long_from - ONE_DAY), Span(long_from, row.end, "long")]
