"""Where the officers of a JFO sit, which systems they reach, and how many the CBSA agreed to give."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Self

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.history import Tracked
from jfo_portal.kit.periods import Period, joined

from .jfos import JFO, JFOPartQuerySet, page_of
from .partners import OWN_AGENCY, Agency


class Establishment(Period, Tracked):
    """The FTE that the CBSA agreed to give a JFO, from a day to a day; what is not filled of it is a vacancy."""

    jfo = models.ForeignKey(JFO, verbose_name=_("JFO"), on_delete=models.CASCADE, related_name="establishments")
    fte = models.DecimalField(
        _("agreed FTE"),
        max_digits=5,
        decimal_places=2,
        validators=[MinValueValidator(Decimal(0), _("The FTE cannot be less than 0."))],
    )

    objects = JFOPartQuerySet.as_manager()

    class Meta(Period.Meta):
        verbose_name = _("agreed FTE")
        verbose_name_plural = _("agreed FTE")
        ordering = ["jfo", "start"]
        constraints = [
            *Period.Meta.constraints,
            models.CheckConstraint(
                condition=Q(fte__gte=0),
                name="registry_establishment_fte_not_negative",
                violation_error_message=_("The FTE cannot be less than 0."),
            ),
            models.UniqueConstraint(
                fields=["jfo", "start"],
                name="registry_establishment_one_start",
                violation_error_message=_("The JFO already has an agreed FTE that starts on this day."),
            ),
            models.UniqueConstraint(
                fields=["jfo"],
                condition=Q(end=None),
                name="registry_establishment_one_open",
                violation_error_message=_("The JFO already has an agreed FTE without a last day; end it first."),
            ),
        ]

    def __str__(self) -> str:
        return gettext("agreed FTE of %(jfo)s, from %(day)s") % {"jfo": self.jfo, "day": self.start}

    def get_absolute_url(self) -> str:
        return page_of(self.jfo, "partners")

    def clean(self) -> None:
        """Refuse two agreed figures on one day; one query."""
        super().clean()
        if not (self.jfo_id and self.start):
            return
        others = Establishment.objects.filter(jfo=self.jfo_id).exclude(pk=self.pk)
        other = others.from_day_on(self.start).filter(**({"start__lte": self.end} if self.end else {})).first()
        if other is not None:
            raise ValidationError(
                {
                    "start": gettext("The JFO already has an agreed FTE from %(day)s on; end that one before.")
                    % {"day": other.start}
                }
            )


class CoLocation(Period, Tracked):
    """The officers of a JFO work in one place with its partners, from a day to a day."""

    jfo = models.ForeignKey(JFO, verbose_name=_("JFO"), on_delete=models.CASCADE, related_name="co_locations")
    agency = models.ForeignKey(
        Agency,
        verbose_name=_("whose premises"),
        on_delete=models.PROTECT,
        related_name="co_locations",
        help_text=_("The agency in whose premises they work."),
    )
    place = models.CharField(_("place"), max_length=120, blank=True, help_text=_("City or building."))

    objects = JFOPartQuerySet.as_manager()

    class Meta(Period.Meta):
        verbose_name = _("co-location")
        verbose_name_plural = _("co-locations")
        ordering = ["jfo", "-start"]

    def __str__(self) -> str:
        return f"{self.jfo} – {self.agency}"

    def get_absolute_url(self) -> str:
        return page_of(self.jfo, "partners")

    @classmethod
    def merged(cls, rows: Sequence[Self]) -> list[Self]:
        """Return what the rows, now all of one agency, become: one a day for each JFO and place (registry.agencies)."""
        return joined(rows, alike=lambda row: (row.jfo_id, row.place))


class AccessDirection(models.TextChoices):
    TO_PARTNER = "to_partner", _("CBSA officers reach a partner’s system")
    TO_CBSA = "to_cbsa", _("Partners reach a CBSA system")


class SystemAccess(Period, Tracked):
    """Who in a JFO reaches whose system, from a day to a day."""

    jfo = models.ForeignKey(JFO, verbose_name=_("JFO"), on_delete=models.CASCADE, related_name="system_access")
    agency = models.ForeignKey(
        Agency,
        verbose_name=_("partner"),
        on_delete=models.PROTECT,
        related_name="system_access",
        help_text=_("The partner whose system it is, or who reaches the CBSA’s."),
    )
    direction = models.CharField(_("direction"), max_length=10, choices=AccessDirection)
    system = models.CharField(_("system"), max_length=120)

    objects = JFOPartQuerySet.as_manager()

    class Meta(Period.Meta):
        verbose_name = _("system access")
        verbose_name_plural = _("system access")
        ordering = ["jfo", "system", "start"]

    def __str__(self) -> str:
        return f"{self.jfo} – {self.system}"

    def get_absolute_url(self) -> str:
        return page_of(self.jfo, "partners")

    def clean(self) -> None:
        super().clean()
        self.check_agency()

    def check_agency(self) -> None:
        """Refuse the CBSA in a partner's place."""
        if self.agency_id and self.agency.key == OWN_AGENCY:
            raise ValidationError({"agency": gettext("Name the partner: the CBSA is the other side already.")})

    @classmethod
    def merged(cls, rows: Sequence[Self]) -> list[Self]:
        """Return what the rows, now all of one agency, become: one a day for each JFO, system and direction.

        See registry.agencies.
        """
        return joined(rows, alike=lambda row: (row.jfo_id, row.direction, row.system))
