"""What a level is paid, and what benefits add to it."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.history import Tracked
from jfo_portal.kit.scoping import OpenQuerySet
from registry.models import Level, Role

_YEARS = [MinValueValidator(1990), MaxValueValidator(2998)]


class RateQuerySet(OpenQuerySet):
    """Rates and closings of years: reference data, read by everybody and kept by administrators."""

    write_roles = frozenset({Role.ADMINISTRATOR})


class SalaryRate(Tracked):
    """What a level is paid for a fiscal year of full time, in Canadian dollars."""

    level = models.CharField(_("level"), max_length=5, choices=Level)
    fiscal_year = models.PositiveSmallIntegerField(
        _("fiscal year"), validators=_YEARS, help_text=_("The calendar year in which it starts.")
    )
    amount = models.DecimalField(
        _("salary for a year"), max_digits=9, decimal_places=2, validators=[MinValueValidator(0)]
    )

    objects = RateQuerySet.as_manager()

    class Meta:
        verbose_name = _("salary rate")
        verbose_name_plural = _("salary rates")
        ordering = ["fiscal_year", "level"]
        constraints = [
            models.UniqueConstraint(
                fields=["level", "fiscal_year"],
                name="performance_salaryrate_once",
                violation_error_message=_("This level already has a salary for the fiscal year."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.level} {FiscalYear(self.fiscal_year)}"


class BenefitRate(Tracked):
    """What employee benefits add to salaries in a fiscal year, as a share of one."""

    fiscal_year = models.PositiveSmallIntegerField(
        _("fiscal year"), unique=True, validators=_YEARS, help_text=_("The calendar year in which it starts.")
    )
    rate = models.DecimalField(
        _("rate"), max_digits=5, decimal_places=4, validators=[MinValueValidator(0), MaxValueValidator(1)]
    )

    objects = RateQuerySet.as_manager()

    class Meta:
        verbose_name = _("benefit rate")
        verbose_name_plural = _("benefit rates")
        ordering = ["fiscal_year"]

    def __str__(self) -> str:
        return str(FiscalYear(self.fiscal_year))


class YearClosing(Tracked):
    """A fiscal year whose cost is final: it keeps the rates of the day it was closed, whatever becomes of them."""

    fiscal_year = models.PositiveSmallIntegerField(
        _("fiscal year"), unique=True, validators=_YEARS, help_text=_("The calendar year in which it starts.")
    )
    closed_on = models.DateField(_("closed on"))
    benefit_rate = models.DecimalField(
        _("benefit rate"), max_digits=5, decimal_places=4, null=True, blank=True, help_text=_("As it was on that day.")
    )
    note = models.CharField(_("note"), max_length=200, blank=True)

    objects = RateQuerySet.as_manager()

    class Meta:
        verbose_name = _("closing of a fiscal year")
        verbose_name_plural = _("closings of fiscal years")
        ordering = ["fiscal_year"]

    def __str__(self) -> str:
        return str(FiscalYear(self.fiscal_year))


class ClosedRate(Tracked):
    """What a level was paid by the rates of the day on which the fiscal year was closed."""

    closing = models.ForeignKey(YearClosing, verbose_name=_("closing"), on_delete=models.CASCADE, related_name="rates")
    level = models.CharField(_("level"), max_length=5, choices=Level)
    amount = models.DecimalField(
        _("salary for a year"), max_digits=9, decimal_places=2, validators=[MinValueValidator(0)]
    )

    objects = RateQuerySet.as_manager()

    class Meta:
        verbose_name = _("rate of a closed year")
        verbose_name_plural = _("rates of closed years")
        ordering = ["closing", "level"]
        constraints = [
            models.UniqueConstraint(
                fields=["closing", "level"],
                name="performance_closedrate_once",
                violation_error_message=_("This level already has a salary in the closed year."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.level} {self.closing}"
