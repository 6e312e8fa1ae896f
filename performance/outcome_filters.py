"""The filters of the list of outcomes, which hold exactly the events behind each figure about outcomes, and those of
the totals that were reported."""

from datetime import date
from typing import Any

import django_filters
from django import forms
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit import formats
from jfo_portal.kit.bilingual import in_language
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.imports.cells import fold
from registry.filters import YES_OR_NO, AgencyFilter, offer, region_choices
from registry.models import JFO, Agency, Program, Region
from registry.models.partners import OWN_AGENCY

from .measures.outcomes import Lens, claimed_by
from .models import Attribution, Contribution, ContributionKind, OutcomeEvent, OutcomeKind, ReportedOutcome, Side

# In an address, for goods that nobody named.
UNNAMED = formats.NO_VALUE


def _hidden(**options: Any) -> django_filters.ChoiceFilter:
    return django_filters.ChoiceFilter(widget=forms.HiddenInput, **options)


class OutcomeFilters(django_filters.FilterSet):
    """Outcomes by when, where and what; and by whose part in them is on record, on the day shown.

    Region, program and JFO are one question: some one JFO of all three claims the outcome. So are the lens, the agency
    and the way of contributing; a lens without an agency is the CBSA's.
    """

    fy = django_filters.ChoiceFilter(label=_("Fiscal year"), method="in_year", empty_label=_("All"))
    region = django_filters.ChoiceFilter(label=_("Region"), method="as_they_are", empty_label=_("All"))
    program = django_filters.ChoiceFilter(label=_("Program"), method="as_they_are", empty_label=_("All"))
    jfo = django_filters.ChoiceFilter(label=_("JFO"), method="as_they_are", empty_label=_("All"))
    kind = django_filters.ChoiceFilter(label=_("Kind"), choices=OutcomeKind.choices, empty_label=_("All"))
    side = django_filters.ChoiceFilter(label=_("Side of the border"), choices=Side.choices, empty_label=_("All"))
    agency = AgencyFilter(label=_("Agency"), method="as_they_are", empty_label=_("All"))
    lens = django_filters.ChoiceFilter(
        label=_("Lens"), choices=Lens.choices, method="as_they_are", empty_label=_("Whole JFO")
    )
    covered = django_filters.ChoiceFilter(
        label=_("Contribution recorded"), choices=YES_OR_NO, method="with_contribution", empty_label=_("All")
    )
    shared = django_filters.ChoiceFilter(
        label=_("Claimed by several JFOs"), choices=YES_OR_NO, method="of_several", empty_label=_("All")
    )
    contribution = _hidden(label=_("Contributed by"), choices=ContributionKind.choices, method="as_they_are")
    goods = _hidden(label=_("Goods or subject"), method="of_goods")
    unit = _hidden(label=_("Unit"), method="in_unit")
    valued = _hidden(label=_("With a value"), choices=YES_OR_NO, method="with_value")

    class Meta:
        model = OutcomeEvent
        fields: list[str] = []

    day: date

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reader = self.request.user
        jfos = list(JFO.objects.visible_to(reader).order_by("code").values_list("code", "program__code"))
        events = OutcomeEvent.objects.visible_to(reader)
        agencies = sorted(Agency.objects.visible_to(reader), key=lambda agency: fold(agency.short))
        said = list(events.order_by().values_list("fiscal_year", "what", "unit").distinct())
        years = sorted({FiscalYear(year) for year, _what, _unit in said}, reverse=True)
        self.spellings = {what.strip() for _year, what, _unit in said}
        self.units = {unit.strip() for _year, _what, unit in said if unit.strip()}
        offer(
            self,
            fy=[(str(year), str(year)) for year in self._with_asked(years)],
            region=region_choices(Region.objects.visible_to(reader)),
            program=[(code, code) for code in sorted({program for _code, program in jfos})],
            jfo=[(code, code) for code, _program in jfos],
            agency=[(agency.key, agency.short) for agency in agencies],
            goods=[(what or UNNAMED, what or _("Not said")) for what in sorted(self.spellings)],
            unit=[(unit, unit) for unit in sorted(self.units)],
        )

    def _with_asked(self, years: list[FiscalYear]) -> list[FiscalYear]:
        """Return the years with any outcome, and the one asked for: that it had none is an answer."""
        try:
            asked = FiscalYear.parse(self.data.get("fy", ""))
        except ValueError:
            return years
        return sorted({*years, asked}, reverse=True)

    def as_they_are(self, rows: QuerySet, _name: str, _value: str) -> QuerySet:
        return rows

    def in_year(self, rows: Any, _name: str, value: str) -> QuerySet:
        return rows.of_year(FiscalYear.parse(value))

    def with_contribution(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        recorded = Exists(Contribution.objects.visible_to(self.request.user).filter(event=OuterRef("pk")))
        return rows.filter(recorded if value == "yes" else ~recorded)

    def of_several(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        several = OutcomeEvent.objects.annotate(n=Count("claims")).filter(n__gt=1).order_by().values("pk")
        return rows.filter(pk__in=several) if value == "yes" else rows.exclude(pk__in=several)

    def of_goods(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        wanted = "" if value == UNNAMED else fold(value)
        return rows.filter(what__in=[what for what in self.spellings if fold(what) == wanted])

    def in_unit(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        return rows.filter(unit__in=[unit for unit in self.units if fold(unit) == fold(value)])

    def with_value(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        return rows.filter(value__isnull=value != "yes")

    def filter_queryset(self, queryset: Any) -> QuerySet:
        rows = super().filter_queryset(queryset)
        asked = self.form.cleaned_data
        where = {name: asked.get(name) or None for name in ("region", "jfo", "program")}
        claimed = claimed_by(self.request.user, **where)
        if claimed is not None:
            rows = rows.filter(claimed)
        lens, contribution = asked.get("lens"), asked.get("contribution")
        if not (lens or contribution or asked.get("agency")):
            return rows
        contributed = Q(event=OuterRef("pk"), agency__key=self.looked_at)
        if contribution:
            contributed &= Q(kind=contribution)
        if lens == Lens.CONFIRMED:
            contributed &= Q(confirmed_on__lte=self.day)
        return rows.filter(Exists(Contribution.objects.visible_to(self.request.user).filter(contributed)))

    @property
    def looked_at(self) -> str:
        """The key of the agency whose part is looked at."""
        return self.form.cleaned_data.get("agency") or OWN_AGENCY


class ReportedFilters(django_filters.FilterSet):
    """Reported totals by what they are of, and whose result they are."""

    program = django_filters.ChoiceFilter(label=_("Program"), field_name="program__code", empty_label=_("All"))
    region = django_filters.ChoiceFilter(label=_("Region"), field_name="region__code", empty_label=_("All"))
    attribution = django_filters.ChoiceFilter(
        label=_("Whose result"), choices=Attribution.choices, empty_label=_("All")
    )
    measure = django_filters.ChoiceFilter(label=_("Measure"), field_name="measure_en", empty_label=_("All"))
    operation = django_filters.ChoiceFilter(label=_("Operation"), empty_label=_("All"))

    class Meta:
        model = ReportedOutcome
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reader = self.request.user
        rows = list(ReportedOutcome.objects.visible_to(reader).order_by("number"))
        offer(
            self,
            program=Program.objects.visible_to(reader).values_list("code", "code"),
            region=region_choices(Region.objects.visible_to(reader)),
            measure=dict.fromkeys((row.measure_en, in_language(row, "measure")) for row in rows),
            operation=dict.fromkeys((row.operation, row.operation) for row in rows if row.operation),
        )
