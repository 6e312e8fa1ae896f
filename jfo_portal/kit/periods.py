"""Facts that hold from a first day to a last day, both included; an open end is null."""

from datetime import date
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


def today() -> date:
    """Return the day the portal takes for today: the setting TODAY, else the calendar's."""
    return settings.TODAY or timezone.localdate()


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
        return self.filter(Q(end__gte=first) | Q(end=None), start__lte=last)


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
