"""The filters of the list of what assignments cost."""

from datetime import date
from typing import Any

import django_filters
from django.db.models import Min, QuerySet
from django.utils.translation import gettext_lazy as _

from registry.filters import offer, region_choices
from registry.models import JFO, Assignment, Kind, Region

from .year_filters import OfYear


class PayFilters(OfYear):
    """Assignments that hold on at least one day of the fiscal year: the one asked for, or today's.

    The region is the JFO's, as in Exhibit 11.
    """

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
            region=region_choices(Region.objects.visible_to(reader)),
            program=[(code, code) for code in sorted({program for _jfo, program in jfos})],
            jfo=[(code, code) for code, _program in jfos],
        )

    def first_day(self) -> date | None:
        first: date | None = Assignment.objects.visible_to(self.request.user).aggregate(first=Min("start"))["first"]
        return first

    def filter_queryset(self, queryset: Any) -> QuerySet:
        rows: Any = super().filter_queryset(queryset)
        during: QuerySet = rows.during(self.year.first_day, self.year.last_day)
        return during
