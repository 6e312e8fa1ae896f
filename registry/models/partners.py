"""The agencies that JFOs are made of, and every spelling they go by."""

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.bilingual import Named, in_language
from jfo_portal.kit.history import Tracked
from jfo_portal.kit.scoping import OpenQuerySet


class AgencyLevel(models.TextChoices):
    FEDERAL = "federal", _("Federal")
    PROVINCIAL = "provincial", _("Provincial")
    MUNICIPAL = "municipal", _("Municipal")
    US_FEDERAL = "us_federal", _("US federal")
    US_STATE_LOCAL = "us_state_local", _("US state or local")


class Agency(Named, Tracked):
    """One partner of the CBSA, or the CBSA itself."""

    key = models.CharField(_("key"), max_length=40, unique=True, help_text=_("The short identifier, such as RCMP."))
    short_en = models.CharField(_("short form in English"), max_length=60)
    short_fr = models.CharField(_("short form in French"), max_length=60)
    level = models.CharField(_("level of government"), max_length=20, choices=AgencyLevel)
    is_group = models.BooleanField(
        _("is a group"),
        default=False,
        help_text=_("A group such as local police takes part, but never leads and never signs."),
    )

    objects = OpenQuerySet.as_manager()

    class Meta:
        verbose_name = _("agency")
        verbose_name_plural = _("agencies")
        ordering = ["key"]

    def __str__(self) -> str:
        return self.key

    @property
    def short(self) -> str:
        """The short form in the active language: RCMP or GRC."""
        return in_language(self, "short")


class AgencyAlias(Tracked):
    """Another spelling that resolves to the agency: “Peel Police” is PPS."""

    agency = models.ForeignKey(Agency, verbose_name=_("agency"), on_delete=models.CASCADE, related_name="aliases")
    alias = models.CharField(_("spelling"), max_length=100)

    objects = OpenQuerySet.as_manager()

    class Meta:
        verbose_name = _("agency alias")
        verbose_name_plural = _("agency aliases")
        ordering = ["alias"]
        constraints = [
            models.UniqueConstraint(
                Lower("alias"),
                name="registry_agencyalias_unique",
                violation_error_message=_("Another agency already goes by this spelling."),
            )
        ]

    def __str__(self) -> str:
        return self.alias
