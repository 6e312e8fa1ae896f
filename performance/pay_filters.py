"""The filters of the list of what assignments cost."""

from typing import Any

import django_filters
from django.db.models import Min, QuerySet
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.periods import today
from registry.filters import offer, region_choices
from registry.models import JFO, Assignment, Kind, Region


class PayFilters(django_filters.FilterSet):
    """Assignments that hold on at least one day of the fiscal year: the one asked for, or today's.

    The region is the JFO's, as in Exhibit 11.
    """

    fy = django_filters.ChoiceFilter(label=_("Fiscal year"), method="as_they_are", empty_label=None)
    region = django_filters.ChoiceFilter(
        label=_("Region of the JFO"), field_name="jfo__region__code", empty_label=_("All")
    )
    kind = django_filters.ChoiceFilter(
        label=_("Kind of JFO"), field_name="jfo__program__kind", choices=Kind.choices, empty_label=_("All")
    )
    program = django_filters.ChoiceFilter(label=_("Program"), field_name="jfo__program__code", empty_label=_("All"))
    jfo = django_filters.ChoiceFilter(label=_("JFO"), field_name="jfo__code", empty_label=_("All"))
    officer = django_filters.CharFilter(label=_("Officer’s number"), field_name="officer__number")

    class Meta:
        model = Assignment
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reader = self.request.user
        jfos = list(JFO.objects.visible_to(reader).order_by("code").values_list("code", "program__code"))
        offer(
            self,
            fy=[(str(year), str(year)) for year in self.years()],
            region=region_choices(Region.objects.visible_to(reader)),
            program=[(code, code) for code in sorted({program for _jfo, program in jfos})],
            jfo=[(code, code) for code, _program in jfos],
        )

    @cached_property
    def own_year(self) -> FiscalYear:
        """The year shown where none is asked for."""
        return FiscalYear.of(today())

    @cached_property
    def asked_year(self) -> FiscalYear:
        """The year that the address asks for, before any form has read it; the own one where it says none."""
        try:
            return FiscalYear.parse(self.data.get("fy", "") if self.data else "")
        except ValueError:
            return self.own_year

    def years(self) -> list[FiscalYear]:
        """Return the fiscal years to choose from, the latest first: any with assignments, and the one asked for; one
        query."""
        first = Assignment.objects.visible_to(self.request.user).aggregate(first=Min("start"))["first"]
        since = FiscalYear.of(first).start_year if first else self.own_year.start_year
        years = map(FiscalYear, range(since, self.own_year.start_year + 1))
        return sorted({*years, self.own_year, self.asked_year}, reverse=True)

    @cached_property
    def year(self) -> FiscalYear:
        """The year of the rows."""
        self.form.is_valid()
        asked = self.form.cleaned_data.get("fy")
        return FiscalYear.parse(asked) if asked else self.own_year

    def as_they_are(self, rows: QuerySet, _name: str, _value: str) -> QuerySet:
        return rows

    def filter_queryset(self, queryset: Any) -> QuerySet:
        rows: Any = super().filter_queryset(queryset)
        during: QuerySet = rows.during(self.year.first_day, self.year.last_day)
        return during
