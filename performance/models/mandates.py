"""What JFOs are for, so far as their mandates overlap, and how overlaps are coordinated. Mandates only, never cases."""

from datetime import date
from typing import Self

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.access import Reader
from jfo_portal.kit.bilingual import Named
from jfo_portal.kit.history import Tracked, TrackedQuerySet
from jfo_portal.kit.periods import Period, PeriodQuerySet, today
from jfo_portal.kit.scoping import OpenQuerySet, ScopedQuerySet
from registry.models import JFO, STEERING


class Aspect(models.TextChoices):
    """What of a mandate a term says; threats and partners are on record elsewhere."""

    TERRITORY = "territory", _("Territory")
    PLACE = "place", _("Place type")
    ACTIVITY = "activity", _("Activity")


class MandateTerm(Named, Tracked):
    """A territory, a type of place or an activity that mandates name."""

    aspect = models.CharField(_("aspect"), max_length=10, choices=Aspect)
    code = models.SlugField(_("code"), max_length=40)

    objects = OpenQuerySet.as_manager()

    class Meta:
        verbose_name = _("term of a mandate")
        verbose_name_plural = _("terms of mandates")
        ordering = ["aspect", "name_en"]
        constraints = [
            models.UniqueConstraint(
                fields=["aspect", "code"],
                name="performance_mandateterm_once",
                violation_error_message=_("This term is on record already."),
            )
        ]

    def __str__(self) -> str:
        return self.name


class MandateQuerySet(ScopedQuerySet, PeriodQuerySet, TrackedQuerySet):
    """Mandates: read by all, changed by NHQ reviewers and the managers of the JFO's region."""

    write_scope = "jfo__region"
    write_roles = STEERING


class Mandate(Period, Tracked):
    """The mandate of a JFO names the territory, place type or activity."""

    jfo = models.ForeignKey(JFO, verbose_name=_("JFO"), on_delete=models.CASCADE, related_name="mandates")
    term = models.ForeignKey(MandateTerm, verbose_name=_("term"), on_delete=models.PROTECT, related_name="mandates")

    objects = MandateQuerySet.as_manager()

    class Meta(Period.Meta):
        verbose_name = _("mandate")
        verbose_name_plural = _("mandates")
        ordering = ["jfo", "term", "start"]

    def __str__(self) -> str:
        return f"{self.jfo} – {self.term}"


class CoordinationQuerySet(ScopedQuerySet, TrackedQuerySet):
    """Coordination records: read by all, changed by NHQ reviewers and the managers of either JFO's region."""

    write_roles = STEERING

    def editable_by(self, reader: Reader) -> Self:
        """Return the records of pairs of which a JFO is of the reader's regions; all for headquarters."""
        found = super().editable_by(reader)
        if reader.sees_everything:
            return found
        return found.filter(Q(first__region__in=reader.scope_ids) | Q(second__region__in=reader.scope_ids))


class Coordination(Tracked):
    """Who of two JFOs leads when, and how that was agreed; the pair is managed until the review is due, for a year at
    most."""

    first = models.ForeignKey(JFO, verbose_name=_("first JFO"), on_delete=models.PROTECT, related_name="+")
    second = models.ForeignKey(JFO, verbose_name=_("second JFO"), on_delete=models.PROTECT, related_name="+")
    leads = models.TextField(_("who leads when"), help_text=_("By mandate; no data on cases or persons."))
    agreed_how = models.CharField(
        _("agreed how"), max_length=300, help_text=_("Such as the minutes of a meeting or an exchange of letters.")
    )
    agreed_on = models.DateField(_("agreed on"))
    review_on = models.DateField(_("review due on"), help_text=_("A year after the agreement at the latest."))

    objects = CoordinationQuerySet.as_manager()

    class Meta:
        verbose_name = _("coordination record")
        verbose_name_plural = _("coordination records")
        ordering = ["first", "second", "-agreed_on"]
        constraints = [
            models.CheckConstraint(
                condition=Q(first__lt=F("second")),
                name="performance_coordination_pair_once",
                violation_error_message=_("A pair is of two JFOs, the one recorded first before the other."),
            ),
            models.CheckConstraint(
                condition=Q(review_on__gt=F("agreed_on")),
                name="performance_coordination_review_after",
                violation_error_message=_("The review is due after the day of the agreement."),
            ),
        ]

    def __str__(self) -> str:
        return gettext("%(first)s and %(second)s, %(day)s") % {
            "first": self.first,
            "second": self.second,
            "day": self.agreed_on,
        }

    def get_absolute_url(self) -> str:
        return reverse("performance-overlap-pair", args=[str(self.first), str(self.second)])

    def clean(self) -> None:
        """Refuse a day still to come, and a review more than a year after the agreement."""
        super().clean()
        if self.agreed_on and self.agreed_on > today():
            raise ValidationError({"agreed_on": gettext("%(day)s is still to come.") % {"day": self.agreed_on}})
        if self.agreed_on and self.review_on and self.review_on > a_year_after(self.agreed_on):
            raise ValidationError(
                {
                    "review_on": gettext("A pair is managed for a year at most: give a day up to %(day)s.")
                    % {"day": a_year_after(self.agreed_on)}
                }
            )


def a_year_after(day: date) -> date:
    """Return the same day of the next year; 28 February for a 29th."""
    leap = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year + 1, day=28) if leap else day.replace(year=day.year + 1)
