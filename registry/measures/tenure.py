"""Tenure: how long officers have been on the JFOs they are on (domain rule 4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from jfo_portal.kit.grouping import grouped
from registry.models.assignments import AssignmentQuerySet

# Spells on one JFO this many days apart, or fewer, are one (domain rule 4).
JOINED_GAP_DAYS = 30
DAYS_IN_A_YEAR = Decimal("365.25")


@dataclass(frozen=True)
class Tenure:
    """How long an officer has been on a JFO they are on: from `since` to `day`, both counted."""

    officer_id: int
    jfo: str
    since: date
    day: date

    @property
    def days(self) -> int:
        return (self.day - self.since).days + 1

    @property
    def years(self) -> Decimal:
        """Years of 365.25 days, not rounded."""
        return self.days / DAYS_IN_A_YEAR


@dataclass(frozen=True)
class TenureSummary:
    """The tenure of several officers, in years of 365.25 days; None for nobody."""

    officers: int
    mean_years: Decimal | None
    longest_years: Decimal | None


def tenures(assignments: AssignmentQuerySet, day: date) -> list[Tenure]:
    """Return, for each officer on a JFO on the day, their tenure there; on several, the longest; one query.

    Spells on the same JFO at most 30 days apart count as one (domain rule 4); a move to another JFO
    starts a new tenure (the evaluation gives “the average time spent on a JFO”).
    """
    rows = (
        assignments.filter(start__lte=day)
        .order_by("officer__number", "jfo__code", "start")
        .values_list("officer_id", "jfo__code", "start", "end")
    )
    longest: dict[int, Tenure] = {}
    for (officer, jfo), spells in grouped(rows, lambda row: (row[0], row[1])).items():
        since = current_since([(start, end) for _officer, _jfo, start, end in spells], day)
        if since is not None and (officer not in longest or since < longest[officer].since):
            longest[officer] = Tenure(officer, jfo, since, day)
    return list(longest.values())


def current_since(spells: Sequence[tuple[date, date | None]], day: date) -> date | None:
    """Return the first day of the spell that holds on the day, earlier spells joined to it; None if none holds.

    `spells` come by first day, and none starts after the day.
    """
    since, last = date.max, date.min
    for start, end in spells:
        if (start - last).days - 1 > JOINED_GAP_DAYS:
            since = start
        last = max(last, end or date.max)
    return since if last >= day else None


def summary(rows: Sequence[Tenure]) -> TenureSummary:
    """Return the mean and the longest of the tenures."""
    if not rows:
        return TenureSummary(0, None, None)
    mean = sum(row.days for row in rows) / DAYS_IN_A_YEAR / len(rows)
    return TenureSummary(len(rows), mean, max(row.years for row in rows))
