"""Tenure and rotation on a day: how long officers have been on their JFOs, and what rests on a few of them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jfo_portal.kit import exports, formats
from jfo_portal.kit.charts import SVG, Strip
from jfo_portal.kit.views import Crumb, FilePage, chips_of, headings_of, rows_of
from registry.charts import BAND_COLUMNS, band_rows, tenure_strip, years
from registry.figure_tables import narrowed, past_policy_columns, resting_columns, rotation_columns
from registry.filters import region_choices
from registry.measures.capacity import capacity_on, regions_on
from registry.measures.privacy import too_few, too_few_note
from registry.measures.strength import with_strength
from registry.measures.tenure import TenureFigures, resting_on_one, tenure_figures
from registry.models import JFO, MANAGERS, Assignment, OfficerFunction, Region
from registry.tables import keeping_day

# How many assignments past the policy period the page lists; their own list has them all.
SHOWN = 50
EVERY_FUNCTION = "all"


class TenureForm(forms.Form):
    """Whose tenure is shown: of a region and a function; by default of intelligence officers, as the evaluation did."""

    region = forms.ChoiceField(label=gettext_lazy("Region"), required=False)
    function = forms.ChoiceField(
        label=gettext_lazy("Function"),
        required=False,
        choices=[
            ("", OfficerFunction.IO.label),
            *((function.value, function.label) for function in OfficerFunction if function != OfficerFunction.IO),
            (EVERY_FUNCTION, gettext_lazy("All functions")),
        ],
    )

    def __init__(self, data: Any, regions: Sequence[Region]) -> None:
        super().__init__(data)
        self.fields["region"].choices = [("", _("All")), *region_choices(regions)]  # type: ignore[attr-defined]


class TenurePage(FilePage):
    """Tenure and rotation as of a day, of one region or all: sums for every reader, officers for those who see them."""

    template_name = "registry/tenure.html"
    title = gettext_lazy("Tenure and rotation")
    section = "assignments"

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Assignments"), keeping_day(reverse("assignments"), self.day))]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        match request.GET.get("format", ""):
            case "":
                return super().get(request, *args, **kwargs)
            case "csv":
                return self.file("csv", f"tenure-{self.day}", BAND_COLUMNS, band_rows(self.figures))
            case "svg":
                headers = exports.download_headers(f"tenure-{self.day}.svg", SVG)
                return HttpResponse(self.strip.svg_file(), headers=headers)
            case _:
                raise Http404

    @cached_property
    def regions(self) -> list[Region]:
        """The regions of the day, by code; one query."""
        return list(Region.objects.visible_to(self.reader).filter(regions_on(self.day)))

    @cached_property
    def form(self) -> TenureForm:
        form = TenureForm(self.request.GET, self.regions)
        form.is_valid()  # a choice that cannot be read says so beside its field, and is not in force
        return form

    @property
    def region(self) -> str | None:
        return self.form.cleaned_data.get("region") or None

    @property
    def function(self) -> str | None:
        asked = self.form.cleaned_data.get("function") or OfficerFunction.IO
        return None if asked == EVERY_FUNCTION else asked

    @cached_property
    def figures(self) -> TenureFigures:
        return tenure_figures(self.reader, self.day, self.function, self.region)

    @property
    def strip(self) -> Strip:
        """The strip of the officers asked for, with the addresses of its files."""

        def href(file_format: str) -> str:
            query = self.request.GET.copy()
            query["format"] = file_format
            return f"?{query.urlencode()}"

        function = _("All officers") if self.function is None else str(OfficerFunction(self.function).label)
        place = next((region.name for region in self.regions if region.code == self.region), _("all regions"))
        strip = tenure_strip(self.figures, function, place, self.day)
        return replace(strip, csv_href=href("csv"), svg_href=href("svg"))

    def facts(self) -> list[tuple[str, str]]:
        """Return the figures, each with its label."""
        figures = self.figures
        hidden = too_few(self.day) if figures.of_others else formats.NO_VALUE

        def in_years(value: Any) -> str:
            return hidden if value is None else years(value)

        return [
            (
                _("Officers on a JFO"),
                too_few(self.day) if figures.officers is None else formats.number(figures.officers),
            ),
            (_("Mean"), in_years(figures.mean_years)),
            (_("Longest"), in_years(figures.longest_years)),
            (
                _("Longer than the policy period of %(period)s") % {"period": years(settings.TENURE_POLICY_YEARS, 0)},
                too_few(self.day) if figures.beyond is None else formats.number(figures.beyond),
            ),
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        return context | {
            "filters": self.form,
            "has_as_of": True,
            "chips": chips_of(self.form, self.request.GET),
            "facts": self.facts(),
            "chart": self.strip,
            "too_few": too_few_note(self.day) if self._has_hidden else "",
            **self._past_policy(),
            **self._resting(),
            **self._rotation(),
        }

    @property
    def _has_hidden(self) -> bool:
        return self.figures.of_others and (
            self.figures.is_hidden or any(count is None for _band, count in self.figures.bands)
        )

    def _past_policy(self) -> dict[str, Any]:
        """Return the open-ended assignments past the policy period without review date, of officers the reader sees."""
        rows = Assignment.objects.visible_to(self.reader).past_policy_unreviewed(self.day)
        if self.region:
            rows = rows.filter(officer__region__code=self.region)
        count = rows.count()
        columns = past_policy_columns(self.day, may_act=self.reader.role in MANAGERS and not self.is_read_only)
        # By officer number: a list by tenure would rank people.
        shown = rows.with_names().order_by("officer__number", "jfo__code")[:SHOWN]
        return {
            "past_policy_headings": headings_of(columns),
            "past_policy_rows": rows_of(columns, shown),
            "past_policy_caption": ngettext("%(count)s assignment", "%(count)s assignments", count)
            % {"count": formats.number(count)},
            "past_policy_href": narrowed(reverse("assignments"), self.day, state="unreviewed", region=self.region),
            "policy": years(settings.TENURE_POLICY_YEARS, 0),
        }

    def _resting(self) -> dict[str, Any]:
        """Return the JFOs that one officer is on, as far as the reader is told how many there are."""
        jfos = JFO.objects.visible_to(self.reader).of_own_regions(self.reader)
        if self.region:
            jfos = jfos.filter(region__code=self.region)
        rows = list(with_strength(resting_on_one(jfos, self.day).with_names(), self.reader, self.day).order_by("code"))
        columns = resting_columns(self.day)
        return {
            "resting_headings": headings_of(columns),
            "resting_rows": rows_of(columns, rows),
            "resting_caption": ngettext("%(count)s JFO", "%(count)s JFOs", len(rows))
            % {"count": formats.number(len(rows))},
            "sees_everything": self.reader.sees_everything,
        }

    def _rotation(self) -> dict[str, Any]:
        """Return, by region, the pool, who of it ever served on a JFO, and the seats."""
        *rows, total = capacity_on(self.regions, self.reader, self.day)
        columns = rotation_columns(self.reader, self.day)
        if self.region:
            rows = [row for row in rows if row.region is not None and row.region.code == self.region]
        return {
            "rotation_headings": headings_of(columns),
            "rotation_rows": rows_of(columns, rows),
            "rotation_totals": None if self.region else rows_of(columns, [total])[0],
            "rotation_note": "" if self.reader.sees_everything else _("* %(note)s") % {"note": too_few_note(self.day)},
            "rotation_caption": _("Pool and seats by region, %(day)s") % {"day": formats.long_day(self.day)},
        }
