"""Activity in the Intelligence Management System (IMS)."""

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.history import Tracked, TrackedQuerySet
from jfo_portal.kit.scoping import ScopedQuerySet
from registry.models import Officer, Region


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
    entered_on = models.DateField(
        _("entered on"),
        null=True,
        blank=True,
        help_text=_("When the file was entered in the system; empty where it does not say."),
    )
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
            ),
            models.CheckConstraint(
                condition=Q(entered_on=None) | Q(entered_on__gte=F("opened_on")),
                name="performance_imsfile_entered_after_opening",
                violation_error_message=_("A file cannot be entered before the day it was opened."),
            ),
        ]
        indexes = [
            models.Index(fields=["fiscal_year", "officer", "kind", "status"], name="performance_imsfile_activity"),
            models.Index(fields=["fiscal_year", "region", "officer", "kind"], name="performance_imsfile_region"),
            models.Index(fields=["opened_on"], name="performance_imsfile_opened"),
        ]

    def __str__(self) -> str:
        return self.number

    def save(self, *args: object, **kwargs: object) -> None:
        self.fiscal_year = FiscalYear.of(self.opened_on).start_year
        super().save(*args, **kwargs)
