"""What the exposure page is asked: a period, what is lacking, and of which JFOs."""

from typing import Any

import django_filters
from django import forms
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.imports.cells import fold
from registry.filters import AgencyFilter, DayFilter, OwnJFOs, offer, region_choices
from registry.models import JFO, Agency, Participation, Region
from registry.models.partners import OWN_AGENCY

from .measures.coverage import latest_clauses
from .tables import clause_heading


class PeriodForm(forms.Form):
    """The filters' form, which refuses a period that ends before it begins."""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        first, last = data.get("first"), data.get("last")
        if first and last and last < first:
            self.add_error("last", _("The last day is before the first day."))
        return data


class ExposureFilters(OwnJFOs):
    """JFOs by region and partner; the period and what is lacking are the page's, and leave no JFO out."""

    first = DayFilter(label=_("From (YYYY-MM-DD)"), method="unchanged")
    last = DayFilter(label=_("To (YYYY-MM-DD)"), method="unchanged")
    lack = django_filters.ChoiceFilter(
        label=_("What is lacking"), method="unchanged", empty_label=_("An arrangement in force")
    )
    region = django_filters.ChoiceFilter(label=_("Region"), field_name="region__code", empty_label=_("All"))
    partner = AgencyFilter(label=_("Partner"), method="with_partner", empty_label=_("All"))
    jfo = django_filters.CharFilter(label=_("JFO"), field_name="code", lookup_expr="iexact", widget=forms.HiddenInput)

    class Meta:
        model = JFO
        form = PeriodForm
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reader = self.request.user
        self.clauses = latest_clauses()
        taking_part = Participation.objects.visible_to(reader).filter(agency=OuterRef("pk"))
        agencies = Agency.objects.visible_to(reader).filter(Exists(taking_part)).exclude(key=OWN_AGENCY)
        offer(
            self,
            lack=[(clause.letter, clause_heading(clause)) for clause in self.clauses],
            region=region_choices(Region.objects.visible_to(reader)),
            partner=[(one.key, one.short) for one in sorted(agencies, key=lambda agency: fold(agency.short))],
        )

    def unchanged(self, rows: QuerySet, _name: str, _value: Any) -> QuerySet:
        return rows

    def with_partner(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        taking_part = Participation.objects.visible_to(self.request.user).filter(agency__key=value)
        return rows.filter(Exists(taking_part.filter(jfo=OuterRef("pk"))))
