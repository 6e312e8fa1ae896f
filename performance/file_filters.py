"""The filters of the lists behind the figures of activity: IMS files, and the officers who opened them."""

from datetime import date
from typing import Any

import django_filters
from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.fiscal import FiscalYear
from registry.filters import YES_OR_NO, offer, region_choices
from registry.models import JFO, Assignment, Officer, Region
from registry.models.assignments import AssignmentQuerySet
from registry.models.people import posting_on

from .freshness import ims_span
from .measures.activity import Group, Rule
from .measures.quality import late, month_after, months_of, of_unknown_entry
from .models import ActivityCount, ImsFile, ImsKind, ImsStatus, number_of
from .year_filters import OfYear

# The groups of Exhibits 7 and 8 that part the officers of a year (domain rule 10).
GROUPS = [(group.value, group.label) for group in (Group.JFO, Group.NON_JFO)]
# Of the days of entry: late, or not known.
LATE = [("1", _("Yes")), ("unknown", _("Not known"))]


def month_code(first_day: date) -> str:
    """Return the month as an address says it: 2010-04."""
    return first_day.isoformat()[:7]


def serving_in(year: FiscalYear) -> AssignmentQuerySet:
    """Return the assignments that hold on at least one day of the year."""
    return Assignment.objects.during(year.first_day, year.last_day).order_by()


class OfActivity(OfYear):
    """Rows of the activity of a fiscal year, and of its months where a month can be asked for."""

    region = django_filters.ChoiceFilter(label=_("Region"), method="in_region", empty_label=_("All"))
    group = django_filters.ChoiceFilter(label=_("Group"), choices=GROUPS, method="in_group", empty_label=_("All"))
    jfo = django_filters.ChoiceFilter(label=_("JFO"), method="on_jfo", empty_label=_("All"))

    officer_path = "officer"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reader = self.request.user
        codes = JFO.objects.visible_to(reader).order_by("code").values_list("code", flat=True)
        offer(
            self,
            region=region_choices(Region.objects.visible_to(reader)),
            jfo=[(code, code) for code in codes],
        )
        if "month" in self.filters:
            offer(self, month=[(code, code) for code in map(month_code, months_of(self.asked_year))])

    def first_day(self) -> date | None:
        span = ims_span()
        return span[0] if span else None

    def in_region(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        return rows.filter(region__code=value)

    def in_group(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        serving = {f"{self.officer_path}__in": serving_in(self.year).values("officer")}
        return rows.filter(**serving) if value == Group.JFO else rows.exclude(**serving)

    def on_jfo(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        serving = serving_in(self.year).filter(jfo__code=value)
        return rows.filter(**{f"{self.officer_path}__in": serving.values("officer")})


class FileFilters(OfActivity):
    """IMS files opened in a fiscal year."""

    kind = django_filters.ChoiceFilter(label=_("Kind"), choices=ImsKind.choices, empty_label=_("All"))
    status = django_filters.ChoiceFilter(label=_("Status"), choices=ImsStatus.choices, empty_label=_("All"))
    month = django_filters.ChoiceFilter(label=_("Month of opening"), method="opened_in", empty_label=_("All"))
    late = django_filters.ChoiceFilter(
        label=_("Entered late"), choices=LATE, method="entered_late", empty_label=_("All")
    )
    # How the group is meant, for the links of figures by the rule of the day.
    rule = django_filters.ChoiceFilter(
        label=_("JFO officers"),
        choices=[(Rule.DAY.value, _("those on a JFO on the day of opening"))],
        method="as_they_are",
        widget=forms.HiddenInput,
    )
    officer = django_filters.CharFilter(label=_("Officer’s number"), field_name="officer__number")

    class Meta:
        model = ImsFile
        fields: list[str] = []

    def in_group(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        if self.form.cleaned_data.get("rule") != Rule.DAY:
            return super().in_group(rows, name, value)
        serving = Exists(
            Assignment.objects.filter(
                Q(end=None) | Q(end__gte=OuterRef("opened_on")),
                officer=OuterRef("officer"),
                start__lte=OuterRef("opened_on"),
            )
        )
        return rows.filter(serving) if value == Group.JFO else rows.filter(~serving)

    def opened_in(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        first = date.fromisoformat(f"{value}-01")
        return rows.filter(opened_on__gte=first, opened_on__lt=month_after(first))

    def entered_late(self, rows: Any, _name: str, value: str) -> QuerySet:
        return late(rows) if value == "1" else of_unknown_entry(rows)

    def filter_queryset(self, queryset: Any) -> QuerySet:
        year = self.year
        # By the day and not by the year, which comes to the same: so the files are read in their order, and no further
        # than the page.
        return super().filter_queryset(queryset).filter(opened_on__range=(year.first_day, year.last_day))

    def rolled_up(self) -> QuerySet | None:
        """Return the rows of the roll-up that count these files; None where it does not tell them apart."""
        asked = {name: value for name, value in self.form.cleaned_data.items() if value}
        if asked.keys() & {"month", "late", "rule"}:
            return None
        rows: QuerySet = ActivityCount.objects.filter(fiscal_year=self.year.start_year)
        reader = self.request.user
        if not reader.sees_everything:
            rows = rows.filter(officer__region__in=reader.scope_ids)
        for name, narrow in {"region": self.in_region, "group": self.in_group, "jfo": self.on_jfo}.items():
            if name in asked:
                rows = narrow(rows, name, asked[name])
        if "officer" in asked:
            rows = rows.filter(officer__number=asked["officer"])
        number = number_of(asked.get("kind", ""), asked.get("status", ""))
        return rows.annotate(number=number).filter(number__gt=0)


class ActiveOfficerFilters(OfActivity):
    """Officers who opened a file in a fiscal year, and those in service during it who opened none."""

    files = django_filters.ChoiceFilter(
        label=_("Opened a file"), choices=YES_OR_NO, method="as_they_are", empty_label=_("All")
    )

    officer_path = "pk"

    class Meta:
        model = Officer
        fields: list[str] = []

    def in_region(self, rows: QuerySet, _name: str, _value: str) -> QuerySet:
        return rows

    def filter_queryset(self, queryset: Any) -> QuerySet:
        year, region = self.year, self.form.cleaned_data.get("region")
        rows = super().filter_queryset(queryset.annotate(posting=posting_on(year.last_day)))
        of_year = ImsFile.objects.filter(officer=OuterRef("pk"), fiscal_year=year.start_year).order_by()
        opened = Q(Exists(of_year.filter(region__code=region) if region else of_year))
        in_service = Q(start__lte=year.last_day) & (Q(end=None) | Q(end__gte=year.first_day))
        # One who opened none is counted where employed on the year's last day.
        silent = in_service & ~Q(Exists(of_year)) & (Q(posting__region__code=region) if region else Q())
        match self.form.cleaned_data.get("files"):
            case "yes":
                return rows.filter(opened)
            case "no":
                return rows.filter(silent)
        return rows.filter(opened | silent)
