"""The dashboards of a fiscal year, national and of one region: activity and cost, and what stands behind them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.http import Http404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jfo_portal.kit import formats
from jfo_portal.kit.reports import Parameters
from jfo_portal.kit.views import Crumb, headings_of, rows_of
from performance.charts import (
    Figure,
    activity_by_kind,
    activity_by_region,
    activity_by_status,
    cost_by_kind,
    cost_by_region,
    region_groups,
    sides,
    too_few,
)
from performance.freshness import ims_span
from performance.measures.activity import Group, Rule
from performance.reports.activity import ActivityByKind, ActivityByStatus, Work, group_column, work_of
from performance.reports.cost import CostByKind, CostByRegion, Service, service_of
from performance.reports.exhibits import Table, figure_column
from registry.figure_tables import narrowed
from registry.measures.privacy import too_few_note

from .figures import FiguresPage

BEHIND = (
    group_column(),
    figure_column("officers", gettext_lazy("Officers with files (n)"), "integer"),
    figure_column("without_files", gettext_lazy("Officers without a file"), "integer"),
    figure_column("files", gettext_lazy("Files"), "integer"),
    figure_column("unspecified", gettext_lazy("Files without a status"), "integer"),
)


class Dashboard(FiguresPage):
    """Activity and cost of a fiscal year, in sums alone: no page of it names an officer.

    The region is the parameters'; None stands for all of them.
    """

    template_name = "performance/dashboard.html"
    section = "performance"

    @property
    def region(self) -> str | None:
        return self.parameters.region

    @property
    def place(self) -> str:
        """What the figures are of, in words."""
        return self.places.label(self.region)

    def get_title(self) -> str:
        return _("Performance: %(place)s") % {"place": self.place}

    @cached_property
    def work(self) -> Work:
        return work_of(self.reader, self.year)

    @cached_property
    def service(self) -> Service:
        return service_of(self.reader, self.year)

    @cached_property
    def kinds(self) -> Table:
        """Exhibit 7 of the region."""
        return ActivityByKind().table_of(self.work, self.region)

    @cached_property
    def statuses(self) -> Table:
        """Exhibit 8 of the region."""
        return ActivityByStatus().table_of(self.work, self.region)

    @cached_property
    def cost(self) -> Table:
        """Exhibit 11 of the region: its totals, and a row for each region shown."""
        return CostByRegion().table_of(self.service, self.region)

    @cached_property
    def regions_with_files(self) -> set[str]:
        return {row.region for row in self.work.tallies if row.counts}

    @property
    def has_files(self) -> bool:
        return bool(self.regions_with_files) if self.region is None else self.region in self.regions_with_files

    def activity_figures(self) -> dict[str, Figure]:
        """Return the charts of activity; asked for only where there are files."""
        raise NotImplementedError

    def cost_figure(self) -> Figure:
        """Return the chart of cost."""
        raise NotImplementedError

    def figures(self) -> dict[str, Figure]:
        found = self.activity_figures() if self.has_files else {}
        cost = self.cost_figure()
        # Nothing is drawn of figures that are all hidden.
        return found | {"cost": cost} if any(row["salaries"] is not None for row in cost.rows) else found

    def cost_facts(self) -> list[tuple[str, str]]:
        """Return the label and text of each of the region's totals."""
        report = CostByRegion()
        return [
            (
                str(report.column(name).label),
                self._why_none(name) if value is None else formats.text(value, report.column(name).kind),
            )
            for name, value in self.cost.totals.items()
        ]

    def _why_none(self, name: str) -> str:
        if self.cost.totals["salaries"] is None:
            return too_few()
        return _("No benefit rate is recorded for %(year)s.") % {"year": self.year}

    def exhibits(self) -> list[tuple[str, str]]:
        """Return the title and address of the exhibits whose figures the page shows."""
        region = f"&region={self.region}" if self.region else ""
        return [
            (str(report.title), f"{reverse('report', args=[report.slug])}?fy={self.year}{region}")
            for report in (ActivityByKind(), ActivityByStatus(), CostByRegion(), CostByKind())
        ]

    def on_a_day(self) -> list[tuple[str, str]]:
        """Return the pages on the officers of the region, as of the last day of the year that is known."""
        day = self.parameters.as_of
        found = [
            (_("Tenure and rotation"), narrowed(reverse("tenure"), day, region=self.region)),
            (_("Capacity"), narrowed(reverse("capacity"), day)),
        ]
        if self.region is None:
            return found
        compared = reverse("region-compare", args=[self.region])
        return [*found, (_("Compare two days"), narrowed(compared, day))]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        if self.error:
            return context
        behind = self.work.behind(self.region)
        charts = self.charts()
        costs = charts.pop("cost", None)
        return context | {
            "place": self.place,
            "has_files": self.has_files,
            "activity_charts": charts.values(),
            "cost_chart": costs,
            "behind_caption": _("What stands behind the figures: %(place)s, fiscal year %(year)s")
            % {"place": self.place, "year": self.year},
            "behind_headings": headings_of(BEHIND),
            "behind": rows_of(BEHIND, behind),
            "rule": Rule.YEAR.label,
            "too_few": too_few_note() if any(row["hidden"] for row in [*behind, *self.cost]) else "",
            "span": ims_span(),
            "cost_facts": self.cost_facts() if self.cost else [],
            "cost_notes": self.cost.notes,
            "exhibits": self.exhibits(),
            "on_a_day": self.on_a_day(),
            "other_regions": [
                (self.places.label(code), self.places.href(code)) for code in self.regions if code != self.region
            ],
        }


class National(Dashboard):
    """All regions, side by side."""

    def read_parameters(self, data: Mapping[str, str]) -> Parameters:
        return replace(super().read_parameters(data), region=None)

    def activity_figures(self) -> dict[str, Figure]:
        by_region = {code: ActivityByKind().table_of(self.work, code) for code in self.regions_with_files}
        return {
            "kinds": activity_by_kind(sides(self.kinds), self.place, self.year),
            "statuses": activity_by_status(sides(self.statuses, (Group.JFO, Group.NON_JFO)), self.place, self.year),
            "regions": activity_by_region(by_region, self.kinds, self.places),
        }

    def cost_figure(self) -> Figure:
        return cost_by_region(self.cost, self.cost.totals["salaries"], self.places)


class Regional(Dashboard):
    """One region, beside the national figures; 404 for an unknown one."""

    def read_parameters(self, data: Mapping[str, str]) -> Parameters:
        if self.kwargs["code"] not in self.regions:
            raise Http404
        return replace(super().read_parameters(data), region=self.kwargs["code"])

    def cost_facts(self) -> list[tuple[str, str]]:
        """Return the totals, and their share of the national ones where both may be shown."""
        salaries = self.cost.totals["salaries"]
        national = CostByKind().table_of(self.service, None).totals["salaries"]
        if salaries is None or not national:
            return super().cost_facts()
        share = formats.percent(Decimal(salaries) / national)
        return [*super().cost_facts(), (_("Share of the salaries of all regions"), share)]

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Performance"), f"{reverse('performance')}?fy={self.year}")]

    def activity_figures(self) -> dict[str, Figure]:
        groups = region_groups(self.kinds)
        national_kinds = ActivityByKind().table_of(self.work, None)
        national_statuses = ActivityByStatus().table_of(self.work, None)
        return {
            "kinds": activity_by_kind(sides(self.kinds, groups, national_kinds), self.place, self.year),
            "statuses": activity_by_status(sides(self.statuses, groups, national_statuses), self.place, self.year),
        }

    def cost_figure(self) -> Figure:
        table = CostByKind().table_of(self.service, self.region)
        return cost_by_kind(table, table.totals["salaries"], self.place, self.year)
