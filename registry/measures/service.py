"""An officer's service on JFOs: how long, on which, and the FTE of each stretch of days."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.periods import ONE_DAY, Period
from registry.models import JFO, Assignment
from registry.models.assignments import FULL_TIME

from .tenure import DAYS_IN_A_YEAR, current_since


def days_served(rows: Iterable[Period], day: date) -> int:
    """Return on how many days, through the day, at least one of the rows held; a day that several held counts once."""
    days, last = 0, date.min
    for row in sorted(rows, key=lambda row: row.start):
        end = min(row.end or day, day)
        first = row.start if row.start > last else last + ONE_DAY
        if end >= first:
            days += (end - first).days + 1
            last = end
    return days


@dataclass(frozen=True)
class Service:
    """An officer's time on one JFO through a day; `since` is the first day of the current tenure, None after it."""

    jfo: JFO
    since: date | None
    day: date
    days: int

    @property
    def years(self) -> Decimal:
        """Years of 365.25 days with an assignment to the JFO, not rounded."""
        return self.days / DAYS_IN_A_YEAR

    @property
    def current_years(self) -> Decimal | None:
        """The years of the current tenure, gaps of at most 30 days within it counted (domain rule 4)."""
        return None if self.since is None else ((self.day - self.since).days + 1) / DAYS_IN_A_YEAR


def service_by_jfo(rows: Iterable[Assignment], day: date) -> list[Service]:
    """Return an officer's time on each JFO begun by the day, those they are on first; no query."""
    begun = sorted((row for row in rows if row.start <= day), key=lambda row: row.start)
    found = [
        Service(
            jfo,
            current_since([(row.start, row.end) for row in on_jfo], day),
            day,
            days_served(on_jfo, day),
        )
        for jfo, on_jfo in grouped(begun, lambda row: row.jfo).items()
    ]
    return sorted(found, key=lambda one: (one.since is None, one.jfo.code))


@dataclass(frozen=True)
class Stretch:
    """Days, both ends counted, on which an officer's FTE on JFOs stays the same, and so does what is free of it.

    Nothing is free outside the officer's service.
    """

    start: date
    end: date
    posts: Sequence[Assignment]
    is_in_service: bool

    @property
    def fte(self) -> Decimal:
        return sum((post.fte for post in self.posts), Decimal("0.00"))

    @property
    def free(self) -> Decimal:
        return FULL_TIME - self.fte if self.is_in_service else Decimal("0.00")


def stretches(service: Period, rows: Sequence[Assignment], first: date, last: date) -> list[Stretch]:
    """Return the days from first to last, cut where an assignment or the officer's service begins or ends.

    No query. `service` is the officer; where the same assignments go on, there is no cut.
    """
    starts = {first}
    for period in (service, *rows):
        starts |= {period.start} | ({period.end + ONE_DAY} if period.end else set())
    days = sorted(day for day in starts if first <= day <= last)
    ends = [*(day - ONE_DAY for day in days[1:]), last]
    return [
        Stretch(start, end, [row for row in rows if row.holds_on(start)], service.holds_on(start))
        for start, end in zip(days, ends, strict=True)
    ]
