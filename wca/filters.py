"""The filters of the register of arrangements and of the gap report."""

from datetime import date
from typing import Any

import django_filters
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from registry.filters import ByNeed, OwnJFOs, matching, offer, region_choices
from registry.models import JFO, Kind, Region

from .models import Arrangement, ArrangementKind, Coverage, Signatory


class _ByRegion(django_filters.FilterSet):
    """A filter set with a choice of region, by code; its choices are read once."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, region=region_choices(Region.objects.visible_to(self.request.user)))


class ArrangementFilters(ByNeed, _ByRegion):
    """Arrangements by what they are, where they stand on the day shown, and the regions of the JFOs they name then."""

    address = "arrangements"

    q = django_filters.CharFilter(label=_("Reference, title, party or JFO"), method="saying")
    kind = django_filters.ChoiceFilter(label=_("Kind"), choices=ArrangementKind.choices, empty_label=_("All"))
    status = django_filters.ChoiceFilter(
        label=_("Status"),
        method="in_status",
        choices=[
            ("in_force", _("In force")),
            ("lapsing", _("Ending within 180 days")),
            ("not_in_force", _("Not in force")),
        ],
        empty_label=_("All"),
    )
    region = django_filters.ChoiceFilter(label=_("Region of a JFO"), method="naming_a_jfo_of", empty_label=_("All"))

    class Meta:
        model = Arrangement
        fields: list[str] = []

    day: date

    def saying(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        arrangements = rows.order_by().values_list("pk", "reference", "title_en", "title_fr")
        reader = self.request.user
        signatories = Signatory.objects.visible_to(reader).order_by()
        parties = signatories.values_list(
            "arrangement_id",
            "agency__key",
            "agency__short_en",
            "agency__short_fr",
            "agency__name_en",
            "agency__name_fr",
        )
        coverage = Coverage.objects.visible_to(reader).as_of(self.day)
        jfos = coverage.order_by().values_list("arrangement_id", "jfo__code")
        return rows.filter(pk__in=matching(arrangements, value) | matching(parties, value) | matching(jfos, value))

    def in_status(self, rows: Any, _name: str, value: str) -> QuerySet:
        if value == "lapsing":
            return rows.lapsing_after(self.day)
        in_force = Arrangement.objects.visible_to(self.request.user).in_force_on(self.day)
        return rows.filter(pk__in=in_force) if value == "in_force" else rows.exclude(pk__in=in_force)

    def naming_a_jfo_of(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        naming = Coverage.objects.visible_to(self.request.user).as_of(self.day)
        return rows.filter(Exists(naming.filter(arrangement=OuterRef("pk"), jfo__region__code=value)))


class GapFilters(_ByRegion, OwnJFOs):
    """The JFOs that the gap report is about."""

    region = django_filters.ChoiceFilter(label=_("Region"), field_name="region__code", empty_label=_("All"))
    kind = django_filters.ChoiceFilter(
        label=_("Kind of JFO"), field_name="program__kind", choices=Kind.choices, empty_label=_("All")
    )

    class Meta:
        model = JFO
        fields: list[str] = []
