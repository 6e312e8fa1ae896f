"""What is expected of a JFO in a fiscal year, agreed once and then locked."""

from typing import Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.access import Reader
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.history import Tracked, TrackedQuerySet
from jfo_portal.kit.scoping import ScopedQuerySet
from registry.models import JFO, STEERING, Role


class Indicator(models.TextChoices):
    """What is measured; `performance.measures.expectations` says how."""

    FILES = "files", _("IMS files opened by its officers")
    CASES = "cases", _("IMS cases opened by its officers")
    FTE = "fte", _("FTE-years paid")
    OUTCOMES = "outcomes", _("Outcomes claimed")
    CONTRIBUTIONS = "contributions", _("Outcomes with a recorded contribution of the CBSA")
    MEETINGS = "meetings", _("Meetings of the joint management team")


class ExpectationQuerySet(ScopedQuerySet, TrackedQuerySet):
    """Expectations: read by all, changed by NHQ reviewers and by the managers of the JFO's region."""

    write_scope = "jfo__region"
    write_roles = STEERING

    def of_year(self, year: FiscalYear) -> Self:
        """Return the expectations of the fiscal year."""
        return self.filter(fiscal_year=year.start_year)

    def lockable_by(self, reader: Reader) -> Self:
        """Return the expectations that the reader may lock and unlock: headquarters alone."""
        return self.visible_to(reader) if reader.role == Role.NHQ_REVIEWER else self.none()


class Expectation(Tracked):
    """What is expected of a JFO by one indicator in a fiscal year.

    While it is locked the database refuses to change or delete it (performance.guards); the variance note is written
    after the lock, and stays open.
    """

    jfo = models.ForeignKey(JFO, verbose_name=_("JFO"), on_delete=models.PROTECT, related_name="expectations")
    fiscal_year = models.PositiveSmallIntegerField(
        _("fiscal year"),
        validators=[MinValueValidator(1990), MaxValueValidator(2998)],
        help_text=_("The calendar year in which it starts."),
    )
    indicator = models.CharField(_("indicator"), max_length=15, choices=Indicator)
    expected = models.DecimalField(
        _("expected"),
        max_digits=10,
        decimal_places=2,
        validators=[MinValueValidator(0, _("What is expected cannot be less than 0."))],
    )
    basis = models.CharField(_("basis"), max_length=300, blank=True, help_text=_("On what it was agreed."))
    locked_on = models.DateField(_("locked on"), null=True, blank=True, editable=False)
    variance_note = models.TextField(
        _("variance note"), blank=True, help_text=_("Why the actual figure is another; no data on persons.")
    )

    objects = ExpectationQuerySet.as_manager()

    class Meta:
        verbose_name = _("expectation")
        verbose_name_plural = _("expectations")
        ordering = ["-fiscal_year", "jfo", "indicator"]
        constraints = [
            models.UniqueConstraint(
                fields=["jfo", "fiscal_year", "indicator"],
                name="performance_expectation_once",
                violation_error_message=_("The JFO has an expectation by this indicator for the fiscal year."),
            ),
            models.CheckConstraint(
                condition=models.Q(expected__gte=0),
                name="performance_expectation_not_negative",
                violation_error_message=_("What is expected cannot be less than 0."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.jfo} {FiscalYear(self.fiscal_year)} – {self.get_indicator_display()}"

    @property
    def year(self) -> FiscalYear:
        """The fiscal year."""
        return FiscalYear(self.fiscal_year)


class UnlockQuerySet(ScopedQuerySet, TrackedQuerySet):
    """Unlocks: read by all, written by headquarters."""

    write_roles = frozenset({Role.NHQ_REVIEWER})


class Unlock(Tracked):
    """A locked expectation was opened again; every report since says so, and the row is never removed."""

    is_never_removed = True

    expectation = models.ForeignKey(
        Expectation, verbose_name=_("expectation"), on_delete=models.PROTECT, related_name="unlocks"
    )
    unlocked_on = models.DateField(_("unlocked on"))
    locked_on = models.DateField(_("had been locked on"))
    expected = models.DecimalField(_("expected until then"), max_digits=10, decimal_places=2)
    reason = models.TextField(_("reason"))

    objects = UnlockQuerySet.as_manager()

    class Meta:
        verbose_name = _("unlock")
        verbose_name_plural = _("unlocks")
        ordering = ["expectation", "pk"]

    def __str__(self) -> str:
        return f"{self.expectation} – {self.unlocked_on}"
