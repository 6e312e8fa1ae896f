"""The roll-up of activity: how many files each officer opened, kept with the files themselves."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from registry.models import Officer, Region

from .ims import ImsKind


class ActivityCount(models.Model):
    """How many files of a kind an officer opened in a fiscal year for a region, by status.

    It follows from the files and is written in the transaction that writes them; a row without files may be left.
    The statuses are columns of one row, since every figure wants them together. History keeps the files alone.
    """

    fiscal_year = models.PositiveSmallIntegerField(_("fiscal year"))
    region = models.ForeignKey(
        Region, verbose_name=_("region"), on_delete=models.CASCADE, related_name="+", db_index=False
    )
    officer = models.ForeignKey(Officer, verbose_name=_("officer"), on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(_("kind"), max_length=10, choices=ImsKind)
    active = models.IntegerField(_("active"), default=0)
    closed = models.IntegerField(_("closed"), default=0)
    cancelled = models.IntegerField(_("cancelled"), default=0)
    pending = models.IntegerField(_("pending"), default=0)
    unspecified = models.IntegerField(_("not specified"), default=0)

    class Meta:
        verbose_name = _("activity count")
        verbose_name_plural = _("activity counts")
        constraints = [
            models.UniqueConstraint(
                fields=["fiscal_year", "region", "officer", "kind"], name="performance_activitycount_once"
            )
        ]
        indexes = [
            # Everything a figure asks of a year, without a look at the table.
            models.Index(
                fields=[
                    "fiscal_year",
                    "region",
                    "officer",
                    "kind",
                    "active",
                    "closed",
                    "cancelled",
                    "pending",
                    "unspecified",
                ],
                name="performance_activitycount_all",
            )
        ]

    def __str__(self) -> str:
        return f"{self.fiscal_year} {self.officer_id} {self.kind}"
