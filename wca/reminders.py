"""Reminders that an arrangement's expiry comes near: by crossing 180, 90, 30, 7 and 0 days, never by the exact day.

`manage.py daily` gives them; each is a row (Notice), shown on screen, and given once. What fell due on nights that were
skipped is given on the next, with the day on which it was due, and so is late.

What fell due before the portal could know of it is no late notice: an arrangement entered, signed or extended with 40
days to go was never 90 days from an expiry that anybody knew. Of the thresholds that lie behind it then, the nearest
alone is given, due on the day the portal first looked, and nothing of what has ended by then.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from django.db import transaction

from .models import Arrangement, Notice, ReminderRun
from .models.arrangements import Status

# How many days before the expiry, the farthest first.
THRESHOLDS = (180, 90, 30, 7, 0)


def remind(day: date) -> list[Notice]:
    """Give the notices that fell due since the portal looked before, and return them; on a second run of the day, those
    alone that the first could not know of.

    Six queries, whatever the number of arrangements. Of two who do it at once, the second waits for the first.
    """
    with transaction.atomic():
        ReminderRun.objects.get_or_create(day=day)
        list(ReminderRun.objects.select_for_update().filter(day=day))
        before = ReminderRun.objects.filter(day__lt=day).order_by("-day").values_list("day", flat=True).first()
        arrangements = list(_candidates(before, day))
        given = {
            (notice.arrangement_id, notice.expiry, notice.days)
            for notice in Notice.objects.filter(arrangement__in=arrangements)
        }
        notices = [notice for row in arrangements for notice in _due(row, before, day, given)]
        return Notice.objects.bulk_create(notices)


def _candidates(before: date | None, day: date) -> Iterable[Arrangement]:
    """Return the arrangements whose expiry is near on the day, or came since the run before."""
    rows = Arrangement.objects.filter(
        expiry__lte=day + timedelta(days=THRESHOLDS[0]), expiry__gte=min(day, before or day)
    )
    return rows.order_by("reference").prefetch_related("signatories")


def _due(
    arrangement: Arrangement, before: date | None, day: date, given: set[tuple[int, date, int]]
) -> Iterator[Notice]:
    """Yield what is to be noticed of the arrangement on the day."""
    expiry = arrangement.expiry
    if expiry is None:
        return
    crossed = [days for days in THRESHOLDS if expiry - timedelta(days=days) <= day]
    for days in crossed:
        due_on = expiry - timedelta(days=days)
        if (arrangement.pk, expiry, days) in given:
            continue
        fell_due_since = due_on == day or (before is not None and due_on > before)
        if fell_due_since and arrangement.status_on(due_on) == Status.IN_FORCE:
            yield Notice(arrangement=arrangement, expiry=expiry, days=days, due_on=due_on, noticed_on=day)
        elif days == crossed[-1] and arrangement.status_on(day) == Status.IN_FORCE:
            yield Notice(arrangement=arrangement, expiry=expiry, days=days, due_on=day, noticed_on=day)
