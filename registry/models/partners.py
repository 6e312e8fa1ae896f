"""The agencies that JFOs are made of, and every spelling they go by."""

from collections.abc import Mapping, Sequence

from django.db import models
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.bilingual import Named, in_language
from jfo_portal.kit.history import Tracked
from jfo_portal.kit.imports.cells import fold
from jfo_portal.kit.scoping import OpenQuerySet

from .people import Role

# The key of the agency whose portal this is.
OWN_AGENCY = "CBSA"


def bare(text: str) -> str:
    """Return what spellings of one name share: letters and digits alone, without case or accents.

    “R.C.M.P.” and “rcmp” are one, and so are “US-ICE” and “U.S. ICE”.
    """
    return "".join(char for char in fold(text) if char.isalnum())


class AgencyLevel(models.TextChoices):
    FEDERAL = "federal", _("Federal")
    PROVINCIAL = "provincial", _("Provincial")
    MUNICIPAL = "municipal", _("Municipal")
    US_FEDERAL = "us_federal", _("US federal")
    US_STATE_LOCAL = "us_state_local", _("US state or local")


class AgencyQuerySet(OpenQuerySet):
    """Agencies and their spellings: everybody who signed in reads them, administrators change them."""

    write_roles = frozenset({Role.ADMINISTRATOR})


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

    objects = AgencyQuerySet.as_manager()

    class Meta:
        verbose_name = _("agency")
        verbose_name_plural = _("agencies")
        ordering = ["key"]

    def __str__(self) -> str:
        return self.key

    def get_absolute_url(self) -> str:
        return reverse("agency", args=[self.key])

    @property
    def own_names(self) -> list[str]:
        """The key, the short forms and the names, each once: what the agency goes by without its aliases."""
        return list(dict.fromkeys([self.key, self.short_en, self.short_fr, self.name_en, self.name_fr]))

    @property
    def short(self) -> str:
        """The short form in the active language: RCMP or GRC."""
        return in_language(self, "short")


class AgencyAlias(Tracked):
    """Another spelling that resolves to the agency: “Peel Police” is PPS."""

    agency = models.ForeignKey(Agency, verbose_name=_("agency"), on_delete=models.CASCADE, related_name="aliases")
    alias = models.CharField(_("spelling"), max_length=200)

    objects = AgencyQuerySet.as_manager()

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


def names_by_agency() -> dict[Agency, list[str]]:
    """Return every agency with all that it goes by, its own names first; two queries."""
    agencies = Agency.objects.order_by("key").prefetch_related("aliases")
    return {agency: [*agency.own_names, *(alias.alias for alias in agency.aliases.all())] for agency in agencies}


def agency_named(text: str, everybody: Mapping[Agency, Sequence[str]] | None = None) -> Agency | None:
    """Return the agency of the key, else the one that goes by the spelling, its case, accents and punctuation apart.

    None where there is none, or more than one that only punctuation tells apart. Two queries, unless
    `everybody` is given (names_by_agency).
    """
    everybody = names_by_agency() if everybody is None else everybody
    for same in (str, fold, bare):
        wanted = same(text)
        keyed = [agency for agency in everybody if same(agency.key) == wanted]
        called = keyed or [agency for agency, names in everybody.items() if wanted in map(same, names)]
        if wanted and len(called) == 1:
            return called[0]
    return None


def owner_of(spelling: str, *, but: Agency | None = None) -> Agency | None:
    """Return the agency, other than `but`, that goes by the spelling, case and accents apart; two queries."""
    wanted = fold(spelling)
    return next(
        (agency for agency, names in names_by_agency().items() if agency != but and wanted in map(fold, names)), None
    )
