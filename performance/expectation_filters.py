"""The filters of the list of expectations."""

from typing import Any

import django_filters
from django.db.models import Exists, Max, Min, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.periods import today
from registry.filters import offer, region_choices
from registry.models import JFO

from .models import Expectation, Indicator, Unlock

# How many past fiscal years can always be chosen, as on the other pages of performance.
_PAST = 5


class ExpectationFilters(django_filters.FilterSet):
    """Expectations by year, place, indicator, and whether they are locked."""

    fy = django_filters.ChoiceFilter(label=_("Fiscal year"), method="in_year", empty_label=_("All"))
    region = django_filters.ChoiceFilter(label=_("Region"), field_name="jfo__region__code", empty_label=_("All"))
    program = django_filters.ChoiceFilter(label=_("Program"), field_name="jfo__program__code", empty_label=_("All"))
    jfo = django_filters.ChoiceFilter(label=_("JFO"), field_name="jfo__code", empty_label=_("All"))
    indicator = django_filters.ChoiceFilter(label=_("Indicator"), choices=Indicator.choices, empty_label=_("All"))
    state = django_filters.ChoiceFilter(
        label=_("State"),
        method="in_state",
        choices=[
            ("open", pgettext_lazy("expectation", "Open")),
            ("locked", _("Locked")),
            ("unlocked", _("Unlocked once or more")),
        ],
        empty_label=_("All"),
    )

    class Meta:
        model = Expectation
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        now = FiscalYear.of(today()).start_year
        jfos = list(
            JFO.objects.visible_to(self.request.user)
            .with_names()
            .annotate(first=Min("expectations__fiscal_year"), last=Max("expectations__fiscal_year"))
            .order_by("code")
        )
        kept = [year for jfo in jfos for year in (jfo.first, jfo.last) if year is not None]
        years = {*map(FiscalYear, range(min([now - _PAST, *kept]), max([now, *kept]) + 1))}
        regions = sorted({jfo.region for jfo in jfos}, key=lambda region: region.code)
        programs = sorted({jfo.program for jfo in jfos}, key=lambda program: program.code)
        offer(
            self,
            fy=[(str(year), str(year)) for year in sorted(years | _asked(self.data.get("fy", "")), reverse=True)],
            region=region_choices(regions),
            program=[(one.code, f"{one.code} – {one.name}") for one in programs],
            jfo=[(jfo.code, jfo.code) for jfo in jfos],
        )

    def in_year(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        return rows.filter(fiscal_year=FiscalYear.parse(value).start_year)

    def in_state(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        if value == "unlocked":
            return rows.filter(Exists(Unlock.objects.filter(expectation=OuterRef("pk"))))
        return rows.filter(locked_on__isnull=value == "open")


def _asked(text: str) -> set[FiscalYear]:
    """Return the year that the address names, which another page may have led to; nothing where it is none."""
    try:
        return {FiscalYear.parse(text)}
    except ValueError:
        return set()
