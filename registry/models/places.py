"""The agency's regions, which change over the years."""

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.bilingual import Named
from jfo_portal.kit.history import Tracked, TrackedQuerySet
from jfo_portal.kit.periods import Period, PeriodQuerySet
from jfo_portal.kit.scoping import ScopedQuerySet


class RegionQuerySet(ScopedQuerySet, PeriodQuerySet, TrackedQuerySet):
    """Regions: everybody who signed in may read their names."""


class Region(Named, Period, Tracked):
    """One region of the agency; NFE and WSC gave way to Southern Ontario in 2012."""

    code = models.CharField(_("code"), max_length=10, unique=True, help_text=_("The English short form, such as GTA."))
    code_fr = models.CharField(_("code in French"), max_length=10, help_text=_("The French short form, such as RGT."))
    successor = models.ForeignKey(
        "self",
        verbose_name=_("successor"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="predecessors",
        help_text=_("The region that took over when this one ended."),
    )

    objects = RegionQuerySet.as_manager()

    class Meta(Period.Meta):
        verbose_name = _("region")
        verbose_name_plural = _("regions")
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code

    @property
    def short(self) -> str:
        """The code in the active language: GTA or RGT."""
        return self.code_fr if get_language() == "fr" else self.code
