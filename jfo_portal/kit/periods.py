"""Facts that hold from a first day to a last day, both included; an open end is null."""

import copy
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Protocol, Self, TypeVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .grouping import grouped

_WRITTEN = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
# The fiscal years that can be written: 1900-1901 to 2998-2999.
_FIRST_DAY, _LAST_DAY = date(1900, 4, 1), date(2999, 3, 31)
ONE_DAY = timedelta(days=1)


def today() -> date:
    """Return the day the portal takes for today: the setting TODAY, else the calendar's."""
    return settings.TODAY or timezone.localdate()


def is_written_as_day(text: str) -> bool:
    """Whether the text has the form YYYY-MM-DD; the calendar may still have no such day."""
    return _WRITTEN.fullmatch(text) is not None


def read_day(text: str) -> date | None:
    """Return the day written as YYYY-MM-DD; None for any other text."""
    try:
        return date.fromisoformat(text) if is_written_as_day(text) else None
    except ValueError:
        return None


def day_within_reach(text: str) -> date | None:
    """Return the day written as YYYY-MM-DD if a fiscal year that can be written holds it, else None.

    So the days and years around it exist, too.
    """
    day = read_day(text)
    return day if day is not None and _FIRST_DAY <= day <= _LAST_DAY else None


def year_before(day: date) -> date:
    """Return the same day of the year before; 28 February for the 29th."""
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


def year_after(day: date) -> date:
    """Return the same day of the year after; 28 February for the 29th."""
    return day.replace(year=day.year + 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


def midnight(day: date) -> datetime:
    """Return the moment the day begins on the portal's clock."""
    return timezone.make_aware(datetime.combine(day, time.min))


def overlap_days(start: date, end: date | None, first: date, last: date) -> int:
    """Return how many days the period start..end shares with first..last, both ends counted; 0 for none."""
    return max(0, (min(end or last, last) - max(start, first)).days + 1)


class PeriodQuerySet(models.QuerySet):
    """Rows by the days on which they hold."""

    def as_of(self, day: date) -> Self:
        """Return the rows that hold on the day."""
        return self.during(day, day)

    def during(self, first: date, last: date) -> Self:
        """Return the rows that hold on at least one day from first to last."""
        return self.from_day_on(first).filter(start__lte=last)

    def from_day_on(self, day: date) -> Self:
        """Return the rows that hold on the day or on a later one."""
        return self.filter(Q(end__gte=day) | Q(end=None))


class Period(models.Model):
    """A row that holds from its first day to its last, both included."""

    start = models.DateField(_("first day"), help_text=_("The first day on which this holds."))
    end = models.DateField(
        _("last day"), null=True, blank=True, help_text=_("The last day on which this holds; empty while it goes on.")
    )

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(end=None) | Q(end__gte=F("start")),
                name="%(app_label)s_%(class)s_ends_after_start",
                violation_error_message=_("The last day is before the first day."),
            )
        ]

    def clean(self) -> None:
        """Say of the last day itself that it is before the first: the constraint could say it of the whole row only."""
        super().clean()
        if self.start and self.end and self.end < self.start:
            raise ValidationError({"end": _("The last day is before the first day.")})

    def holds_on(self, day: date) -> bool:
        """Say whether the row holds on the day."""
        return self.start <= day and (self.end is None or day <= self.end)


class Dated(Protocol):
    """A row that holds from a first day to a last one."""

    @property
    def start(self) -> date: ...

    @property
    def end(self) -> date | None: ...


def shared_day(rows: Sequence[Dated]) -> date | None:
    """Return the first day on which two of the rows hold; None if there is none."""
    last: date | None = None
    for row in sorted(rows, key=lambda row: row.start):
        if last is not None and row.start <= last:
            return row.start
        last = row.end or date.max
    return None


def day_without(rows: Sequence[Dated], start: date, end: date | None) -> date | None:
    """Return the first day from start to end on which none of the rows holds; None if there is none."""
    day = start
    for row in sorted(rows, key=lambda row: row.start):
        if row.start > day:
            break
        if row.end is None:
            return None
        day = max(day, row.end + ONE_DAY)
    return day if end is None or day <= end else None


P = TypeVar("P", bound=Period)


def joined(
    rows: Sequence[P],
    *,
    alike: Callable[[P], Any],
    rank: Callable[[P], Any] = lambda _row: 0,
    carried: Sequence[str] = (),
) -> list[P]:
    """Return the rows so changed that of those `alike` no two hold on one day, yet every day that one held is held.

    On a day that several held, the one of the highest rank does, the first given of equals; `carried` are the
    fields that say what it is. A row keeps its first day where something starts on it. A row whose days
    others took is left out; one that goes on after another's days is returned twice, the second time as
    a new row. Nothing is saved: the rows come in the order, the latest first, in which no day is lost meanwhile.
    """
    found: list[P] = []
    for same in grouped(rows, alike).values():
        for sharing in _sharing_days(same):
            found += _one_a_day(sharing, rank, carried) if len(sharing) > 1 else sharing
    return sorted(found, key=lambda row: row.start, reverse=True)


def _sharing_days(rows: Sequence[P]) -> list[list[P]]:
    """Return the rows in groups that are chained by shared days; no two groups share one."""
    groups: list[list[P]] = []
    last = date.min
    for row in sorted(rows, key=lambda row: row.start):
        if groups and row.start <= last:
            groups[-1].append(row)
        else:
            groups.append([row])
        last = max(last, row.end or date.max)
    # As they were given, which decides between equals.
    return [[row for row in rows if _is_in(row, group)] for group in groups]


def _one_a_day(rows: Sequence[P], rank: Callable[[P], Any], carried: Sequence[str]) -> list[P]:
    first_held: list[tuple[date, P]] = []
    for day in sorted({row.start for row in rows} | {row.end + ONE_DAY for row in rows if row.end}):
        holding = [row for row in rows if row.holds_on(day)]
        best = max(holding, key=rank, default=None)
        if best is not None and not (first_held and rank(first_held[-1][1]) == rank(best)):
            first_held.append((day, best))
    ends = [*(start - ONE_DAY for start, _row in first_held[1:]), _latest_end(rows)]
    said = [{name: getattr(best, name) for name in carried} for _start, best in first_held]
    found: list[P] = []
    for (start, best), end, values in zip(first_held, ends, said, strict=True):
        free = [row for row in (*(row for row in rows if row.start == start), best) if not _is_in(row, found)]
        row = free[0] if free else _copied(best)
        found.append(row)
        for name, value in (("start", start), ("end", end), *values.items()):
            setattr(row, name, value)
    return found


def _is_in(row: P, rows: Sequence[P]) -> bool:
    return any(row is one for one in rows)


def _copied(row: P) -> P:
    new = copy.copy(row)
    new.pk, new._state.adding = None, True
    return new


def _latest_end(rows: Sequence[Period]) -> date | None:
    ends = [row.end for row in rows]
    return None if None in ends else max(end for end in ends if end)
