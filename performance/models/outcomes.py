"""What JFOs achieved: one row for each event, however many JFOs claim it (domain rule 11)."""

import secrets
from datetime import date, timedelta
from typing import Any, Self

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit import formats
from jfo_portal.kit.access import Reader
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.history import Tracked, TrackedQuerySet
from jfo_portal.kit.periods import today
from jfo_portal.kit.scoping import ScopedQuerySet
from registry.models import JFO, MANAGERS
from registry.models.jfos import page_of

# What a reference that the portal gives ends with: no two of these look alike.
_SIGNS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


class OutcomeKind(models.TextChoices):
    SEIZURE = "seizure", _("Seizure")
    ARREST = "arrest", _("Arrest")
    CHARGE = "charge", _("Charge")
    INDICTMENT = "indictment", _("Indictment")
    CONVICTION = "conviction", _("Conviction")
    APPREHENSION = "apprehension", _("Apprehension")
    REMOVAL = "removal", _("Removal")
    INVESTIGATION = "investigation", _("Investigation opened")


class Side(models.TextChoices):
    """On which side of the border something happened."""

    CANADA = "canada", _("In Canada")
    US = "us", _("In the United States")
    BETWEEN = "between", _("Between ports of entry")


class OutcomeQuerySet(ScopedQuerySet, TrackedQuerySet):
    """Outcome events: read by all, changed by the managers of the regions whose JFOs claim them."""

    write_roles = MANAGERS

    def editable_by(self, reader: Reader) -> Self:
        """Return the events that a JFO of the reader's regions claims, each once."""
        return super().editable_by(reader).filter(pk__in=Claim.objects.editable_by(reader).values("event"))

    def of_year(self, year: FiscalYear) -> Self:
        """Return the events of the fiscal year."""
        return self.filter(fiscal_year=year.start_year)

    def known_by(self, day: date) -> Self:
        """Return the events up to the day; one without a day of its own counts from its fiscal year's last day on, and
        today at once."""
        return self.filter(known_by(day))

    def latest_first(self) -> Self:
        """Return them by fiscal year and day, the latest first; one without a day as if on its year's last."""
        return self.order_by("-fiscal_year", F("occurred_on").desc(nulls_first=True), "-pk")


def known_by(day: date, prefix: str = "") -> Q:
    """Return the condition that an event had occurred by the day; `prefix` leads from the row to the event."""
    # Whoever records an event of the running year today knows that it has happened.
    year = FiscalYear.of(day) if day >= today() else FiscalYear.of(day + timedelta(days=1)).previous
    return Q(**{f"{prefix}occurred_on__lte": day}) | Q(
        **{f"{prefix}occurred_on": None, f"{prefix}fiscal_year__lte": year.start_year}
    )


class OutcomeEvent(Tracked):
    """Something that happened once, whichever JFOs had a part in it; never any data on persons."""

    reference = models.CharField(
        _("reference"),
        max_length=40,
        unique=True,
        blank=True,
        help_text=_("The one that regions use for it; an outcome without one is given one."),
    )
    kind = models.CharField(_("kind"), max_length=15, choices=OutcomeKind)
    occurred_on = models.DateField(
        _("occurred on"), null=True, blank=True, help_text=_("Empty where only the fiscal year is known.")
    )
    fiscal_year = models.PositiveSmallIntegerField(
        _("fiscal year"),
        blank=True,
        validators=[MinValueValidator(1990), MaxValueValidator(2998)],
        help_text=_("The calendar year in which it starts; follows from the day where there is one."),
    )
    what = models.CharField(
        _("goods or subject"),
        max_length=120,
        blank=True,
        help_text=_("Such as cocaine, firearms, tobacco; no data on persons."),
    )
    quantity = models.DecimalField(
        _("quantity"),
        max_digits=12,
        decimal_places=3,
        null=True,
        blank=True,
        validators=[MinValueValidator(0, _("The quantity cannot be less than 0."))],
    )
    unit = models.CharField(_("unit"), max_length=20, blank=True, help_text=_("Such as kg, units, persons."))
    value = models.DecimalField(
        _("value in dollars"),
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0, _("The value cannot be less than 0."))],
    )
    side = models.CharField(_("side of the border"), max_length=10, choices=Side, blank=True)
    operation = models.CharField(
        _("operation"), max_length=80, blank=True, help_text=_("The project or operation it belongs to.")
    )
    note = models.CharField(_("note"), max_length=300, blank=True, help_text=_("No data on persons."))

    objects = OutcomeQuerySet.as_manager()

    class Meta:
        verbose_name = _("outcome")
        verbose_name_plural = _("outcomes")
        ordering = ["-fiscal_year", "-occurred_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(occurred_on=None)
                | Q(occurred_on__month__gte=4, fiscal_year=F("occurred_on__year"))
                | Q(occurred_on__month__lt=4, fiscal_year=F("occurred_on__year") - 1),
                name="performance_outcomeevent_fiscal_year_follows",
                violation_error_message=_("The fiscal year does not hold the day of the outcome."),
            ),
            models.CheckConstraint(
                condition=Q(quantity=None, unit="") | Q(quantity__isnull=False, quantity__gte=0) & ~Q(unit=""),
                name="performance_outcomeevent_quantity_has_unit",
                violation_error_message=_("Give a quantity together with its unit, or neither."),
            ),
            models.CheckConstraint(
                condition=Q(value=None) | Q(value__gte=0),
                name="performance_outcomeevent_value_not_negative",
                violation_error_message=_("The value cannot be less than 0."),
            ),
        ]
        indexes = [models.Index(fields=["fiscal_year", "kind"], name="performance_outcome_year")]

    def __str__(self) -> str:
        said = {"kind": self.get_kind_display(), "day": self.when, "what": self.what}
        return gettext("%(kind)s, %(day)s: %(what)s") % said if self.what else gettext("%(kind)s, %(day)s") % said

    def save(self, *args: Any, **options: Any) -> None:
        self._follow_the_day()
        if not self.reference:
            self.reference = self._new_reference()
        super().save(*args, **options)

    def _follow_the_day(self) -> None:
        if self.occurred_on:
            self.fiscal_year = FiscalYear.of(self.occurred_on).start_year

    def _new_reference(self) -> str:
        """Return a reference such as OUT-2010-7KQ4MD: by chance, so that nobody waits for the number of another."""
        return f"OUT-{self.fiscal_year}-{''.join(secrets.choice(_SIGNS) for _sign in range(6))}"

    def get_absolute_url(self) -> str:
        return reverse("outcome", args=[self.pk])

    @property
    def year(self) -> FiscalYear:
        return FiscalYear(self.fiscal_year)

    @property
    def when(self) -> str:
        """The day, or the fiscal year where no day is known."""
        return str(self.occurred_on or self.year)

    @property
    def first_day(self) -> date:
        """The first day on which it can have happened: its own, or that of its fiscal year."""
        return self.occurred_on or self.year.first_day

    @property
    def last_day(self) -> date:
        """The last day on which it can have happened: its own, or that of its fiscal year."""
        return self.occurred_on or self.year.last_day

    def is_known_by(self, day: date) -> bool:
        """Say whether it had occurred by the day, as `known_by` has it."""
        if self.occurred_on is None and day >= today():
            return self.first_day <= day
        return self.last_day <= day

    def clean(self) -> None:
        """Refuse a day or a fiscal year still to come, an outcome with neither, and one after its confirmation; a query
        for an outcome on record."""
        super().clean()
        self._follow_the_day()
        if self.occurred_on:
            if self.occurred_on > today():
                raise ValidationError({"occurred_on": gettext("%(day)s is still to come.") % {"day": self.occurred_on}})
        elif self.fiscal_year is None:
            raise ValidationError({"occurred_on": gettext("Give the day, or the fiscal year where no day is known.")})
        elif self.fiscal_year > FiscalYear.of(today()).start_year:
            raise ValidationError(
                {"fiscal_year": gettext("%(year)s is still to come.") % {"year": FiscalYear(self.fiscal_year)}}
            )
        self._require_confirmed_after()

    def _require_confirmed_after(self) -> None:
        if self._state.adding:
            return
        early = self.contributions.filter(confirmed_on__lt=self.first_day).order_by("confirmed_on").first()
        if early is not None:
            raise ValidationError(
                {
                    "occurred_on" if self.occurred_on else "fiscal_year": gettext(
                        "The lead confirmed a contribution on %(day)s, before that. Correct the contribution first."
                    )
                    % {"day": early.confirmed_on}
                }
            )

    @property
    def amount(self) -> str:
        """The quantity with its unit; nothing where none is recorded."""
        if self.quantity is None:
            return ""
        places = max(0, -int(self.quantity.normalize().as_tuple().exponent))
        return gettext("%(number)s %(unit)s") % {"number": formats.number(self.quantity, places), "unit": self.unit}


class ClaimQuerySet(ScopedQuerySet, TrackedQuerySet):
    """Claims: read by all, changed by the managers of the JFO's region."""

    write_scope = "jfo__region"
    write_roles = MANAGERS

    def of_year(self, year: FiscalYear, *, until: date) -> Self:
        """Return the claims of events of the fiscal year that had occurred by the day."""
        return self.filter(known_by(until, "event__"), event__fiscal_year=year.start_year)


class Claim(Tracked):
    """A JFO had a part in the event."""

    event = models.ForeignKey(OutcomeEvent, verbose_name=_("outcome"), on_delete=models.CASCADE, related_name="claims")
    jfo = models.ForeignKey(JFO, verbose_name=_("JFO"), on_delete=models.CASCADE, related_name="claims")

    objects = ClaimQuerySet.as_manager()

    class Meta:
        verbose_name = _("claim")
        verbose_name_plural = _("claims")
        ordering = ["event", "jfo"]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "jfo"],
                name="performance_claim_once",
                violation_error_message=_("The JFO claims this outcome already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.jfo} – {self.event}"

    def get_absolute_url(self) -> str:
        return page_of(self.jfo, "outcomes")
