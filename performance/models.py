"""Activity in the Intelligence Management System, pay, and the figures that documents printed."""

from typing import Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.bilingual import in_language
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.history import Tracked, TrackedQuerySet
from jfo_portal.kit.scoping import OpenQuerySet, ScopedQuerySet
from registry.models import Level, Officer, Region


class ImsKind(models.TextChoices):
    CASE = "case", _("Case")
    OCCURRENCE = "occurrence", _("Occurrence")
    PROJECT = "project", _("Project")
    ORS = "ors", _("ORS entry")


class ImsStatus(models.TextChoices):
    ACTIVE = "active", _("Active")
    CLOSED = "closed", _("Closed")
    CANCELLED = "cancelled", _("Cancelled")
    PENDING = "pending", _("Pending")
    UNSPECIFIED = "unspecified", _("Not specified")


class ImsFileQuerySet(ScopedQuerySet, TrackedQuerySet):
    """IMS files, seen by the region that employs the officer."""

    read_scope = write_scope = "officer__region"

    def of_year(self, year: FiscalYear) -> Self:
        """Return the files opened in the fiscal year."""
        return self.filter(fiscal_year=year.start_year)


class ImsFile(Tracked):
    """One case, occurrence, project or ORS entry of one officer; never any data on the people investigated."""

    number = models.CharField(_("file number"), max_length=20, unique=True)
    officer = models.ForeignKey(Officer, verbose_name=_("officer"), on_delete=models.PROTECT, related_name="ims_files")
    region = models.ForeignKey(
        Region,
        verbose_name=_("region"),
        on_delete=models.PROTECT,
        related_name="ims_files",
        help_text=_("The officer's region when the file was opened; a later move leaves it as it is."),
    )
    kind = models.CharField(_("kind"), max_length=10, choices=ImsKind)
    status = models.CharField(_("status"), max_length=11, choices=ImsStatus, default=ImsStatus.UNSPECIFIED)
    opened_on = models.DateField(_("opened on"))
    fiscal_year = models.PositiveSmallIntegerField(
        _("fiscal year"),
        editable=False,
        help_text=_("The calendar year in which the fiscal year of opening starts; follows from the day."),
    )

    objects = ImsFileQuerySet.as_manager()

    class Meta:
        verbose_name = _("IMS file")
        verbose_name_plural = _("IMS files")
        ordering = ["number"]
        constraints = [
            models.CheckConstraint(
                condition=Q(opened_on__month__gte=4, fiscal_year=F("opened_on__year"))
                | Q(opened_on__month__lt=4, fiscal_year=F("opened_on__year") - 1),
                name="performance_imsfile_fiscal_year_follows",
                violation_error_message=_("The fiscal year does not hold the day the file was opened."),
            )
        ]
        indexes = [
            models.Index(fields=["fiscal_year", "officer", "kind", "status"], name="performance_imsfile_activity"),
            models.Index(fields=["opened_on"], name="performance_imsfile_opened"),
        ]

    def __str__(self) -> str:
        return self.number

    def save(self, *args: object, **kwargs: object) -> None:
        self.fiscal_year = FiscalYear.of(self.opened_on).start_year
        super().save(*args, **kwargs)  # type: ignore[arg-type]


_YEARS = [MinValueValidator(1990), MaxValueValidator(2998)]


class SalaryRate(Tracked):
    """What a level is paid for a fiscal year of full time, in Canadian dollars."""

    level = models.CharField(_("level"), max_length=5, choices=Level)
    fiscal_year = models.PositiveSmallIntegerField(
        _("fiscal year"), validators=_YEARS, help_text=_("The calendar year in which it starts.")
    )
    amount = models.DecimalField(
        _("salary for a year"), max_digits=9, decimal_places=2, validators=[MinValueValidator(0)]
    )

    objects = OpenQuerySet.as_manager()

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

    objects = OpenQuerySet.as_manager()

    class Meta:
        verbose_name = _("benefit rate")
        verbose_name_plural = _("benefit rates")
        ordering = ["fiscal_year"]

    def __str__(self) -> str:
        return str(FiscalYear(self.fiscal_year))


class PublishedFigure(Tracked):
    """A figure as a document printed it, kept apart from what the portal computes (domain rule 12)."""

    exhibit = models.SlugField(_("exhibit"), max_length=40, help_text=_("The report's slug, such as exhibit-5."))
    row = models.CharField(_("row"), max_length=60)
    measure = models.CharField(_("measure"), max_length=40)
    value = models.CharField(_("value"), max_length=40)

    objects = OpenQuerySet.as_manager()

    class Meta:
        verbose_name = _("published figure")
        verbose_name_plural = _("published figures")
        ordering = ["exhibit", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["exhibit", "row", "measure"],
                name="performance_publishedfigure_once",
                violation_error_message=_("This figure is already there."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.exhibit} {self.row} {self.measure}"


class Explanation(Tracked):
    """Why a computed figure differs from the published one: a place where the document contradicts itself."""

    number = models.PositiveSmallIntegerField(_("number"), help_text=_("Rows of one number tell one contradiction."))
    exhibit = models.SlugField(_("exhibit"), max_length=40)
    row = models.CharField(_("row"), max_length=60, help_text=_("The row's key, or * for all."))
    measure = models.CharField(_("measure"), max_length=40, help_text=_("The measure, or * for all."))
    explanation_en = models.TextField(_("explanation in English"))
    explanation_fr = models.TextField(_("explanation in French"))

    objects = OpenQuerySet.as_manager()

    class Meta:
        verbose_name = _("explanation")
        verbose_name_plural = _("explanations")
        ordering = ["number", "pk"]

    def __str__(self) -> str:
        return f"{self.number} {self.exhibit} {self.row} {self.measure}"

    @property
    def explanation(self) -> str:
        """The explanation in the active language."""
        return in_language(self, "explanation")
