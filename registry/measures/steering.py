"""Steering: JFOs due for a participation review, whose joint management team has not met, or with vacancies."""

from datetime import date, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import Exists, Max, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from jfo_portal.kit.periods import year_before
from registry.models import Assignment, Establishment, Meeting, ParticipationReview
from registry.models.jfos import JFOQuerySet

_FTE = models.DecimalField(max_digits=9, decimal_places=2)


def review_due(jfos: JFOQuerySet, day: date) -> JFOQuerySet:
    """Return the JFOs of the day last reviewed more than a year before it, or begun more than a year before and never
    reviewed; each has `last_review`, the day, None for never."""
    reviews = ParticipationReview.objects.filter(jfo=OuterRef("pk"), reviewed_on__lte=day).order_by()
    last = reviews.values("jfo").annotate(last=Max("reviewed_on")).values("last")
    recent = reviews.filter(reviewed_on__gte=year_before(day))
    return (
        jfos.as_of(day)
        .filter(~Exists(recent), start__lt=year_before(day))
        .annotate(last_review=Subquery(last, output_field=models.DateField()))
    )


def without_meeting(jfos: JFOQuerySet, day: date) -> JFOQuerySet:
    """Return the JFOs of the day whose joint management team has not met for more days than the setting
    JMT_QUIET_DAYS, or never in the more than that many days since the JFO began; each has `last_meeting`."""
    since = day - timedelta(days=settings.JMT_QUIET_DAYS)
    meetings = Meeting.objects.filter(jfo=OuterRef("pk"), held_on__lte=day).order_by()
    last = meetings.values("jfo").annotate(last=Max("held_on")).values("last")
    return (
        jfos.as_of(day)
        .filter(~Exists(meetings.filter(held_on__gte=since)), start__lt=since)
        .annotate(last_meeting=Subquery(last, output_field=models.DateField()))
    )


def with_vacancies(jfos: JFOQuerySet, day: date) -> JFOQuerySet:
    """Return the JFOs of the day with less FTE on them than the CBSA agreed to give; each has `unfilled`, the rest."""
    agreed = Establishment.objects.as_of(day).filter(jfo=OuterRef("pk")).order_by().values("fte")
    serving = Assignment.objects.as_of(day).filter(jfo=OuterRef("pk")).order_by().values("jfo")
    filled = serving.annotate(total=Sum("fte")).values("total")
    unfilled = Subquery(agreed[:1], output_field=_FTE) - Coalesce(
        Subquery(filled, output_field=_FTE), Decimal(0), output_field=_FTE
    )
    return jfos.as_of(day).annotate(unfilled=unfilled).filter(unfilled__gt=0)
