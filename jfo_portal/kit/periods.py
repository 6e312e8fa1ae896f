"""Facts that hold from a first day to a last day, both included; an open end is null."""

import re
from datetime import date
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

_WRITTEN = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
# The fiscal years that can be written: 1900-1901 to 2998-2999.
_FIRST_DAY, _LAST_DAY = date(1900, 4, 1), date(2999, 3, 31)


def today() -> date:
    """Return the day the portal takes for today: the setting TODAY, else the calendar's."""
    return settings.TODAY or timezone.localdate()


def read_day(text: str) -> date | None:
    """Return the day written as YYYY-MM-DD; None for any other text."""
    try:
        return date.fromisoformat(text) if _WRITTEN.fullmatch(text) else None
    except ValueError:
        return None


def day_within_reach(text: str) -> date | None:
    """Return the day written as YYYY-MM-DD if a fiscal year that can be written holds it, else None.

    So the days and years around it exist, too.
    """
    day = read_day(text)
    return day if day is not None and _FIRST_DAY <= day <= _LAST_DAY else None


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

    def holds_on(self, day: date) -> bool:
        """Say whether the row holds on the day."""
        return self.start <= day and (self.end is None or day <= self.end)
