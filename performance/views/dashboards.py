"""The dashboards of a fiscal year, national and of one region: activity and cost, and what stands behind them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.http import Http404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jfo_portal.kit import formats
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.reports import Parameters
from jfo_portal.kit.views import Crumb, headings_of, rows_of
from performance.charts import (
    Figure,
    activity_by_kind,
    activity_by_region,
    activity_by_status,
    cost_by_kind,
    cost_by_region,
    linked,
    region_groups,
    sides,
    too_few,
)
from performance.compare_charts import Line, Pair, many_years, two_years, where
from performance.drilling import ActivityLinks, ServiceLinks, address
from performance.freshness import ims_span
from performance.measures.activity import Group, Rule
from performance.measures.cost import Pay, cost, half_up, pays_of_years
from performance.measures.quality import caveats
from performance.reports.activity import ActivityByKind, ActivityByStatus, Work, group_column, work_of
from performance.reports.cost import CostByKind, CostByRegion, Service, service_of
from performance.reports.exhibits import Row, Table, figure_column
from registry.figure_tables import narrowed
from registry.measures.privacy import too_few_note
from registry.models import Assignment, Kind

from .figures import Choice, FiguresPage

BEHIND = (
    figure_column("officers", gettext_lazy("Officers with files (n)"), "integer"),
    figure_column("without_files", gettext_lazy("Officers without a file"), "integer"),
    figure_column("files", gettext_lazy("Files"), "integer"),
    figure_column("unspecified", gettext_lazy("Files without a status"), "integer"),
)


# How many fiscal years a line goes over, the year shown among them.
TREND_YEARS = 6


@dataclass(frozen=True)
class CostLine:
    """One line of cost over the years: what it is called, what of the assignments it is, and where it is shown."""

    name: str
    label: str
    where: Mapping[str, str | None]
    href: str | None = None


def _row_of(rows: Sequence[Row], group: Group) -> Row:
    return next(row for row in rows if row["group"] == group)


def _pair(
    label: str, rows: tuple[Row, Row], name: str, lists: tuple[str | None, str | None], href: str | None = None
) -> Pair:
    """Return a figure of the rows of an exhibit of two years, as far as each is shown."""
    before, after = rows
    return Pair(label, before[name], after[name], name in before["hidden"], name in after["hidden"], lists, href)


class Dashboard(FiguresPage):
    """Activity and cost of a fiscal year, in sums alone: no page of it names an officer.

    The region is the parameters'; None stands for all of them.
    """

    template_name = "performance/dashboard.html"
    section = "performance"
    # The fiscal year that the one shown is set against; None for a page of one year.
    compare: FiscalYear | None = None

    def read_parameters(self, data: Mapping[str, str]) -> Parameters:
        parameters = super().read_parameters(data)
        text = data.get("compare", "").strip()
        self.compare = FiscalYear.parse(text) if text else None
        if self.compare == parameters.fiscal_year:
            raise ValueError(
                _("%(year)s is the fiscal year shown. Choose another one to set it against.") % {"year": self.compare}
            )
        return parameters

    @property
    def region(self) -> str | None:
        return self.parameters.region

    @property
    def place(self) -> str:
        """What the figures are of, in words."""
        return self.places.label(self.region)

    def get_title(self) -> str:
        if self.compare and not self.error:
            return _("Performance: %(place)s, %(year)s against %(other)s") % {
                "place": self.place,
                "year": self.year,
                "other": self.compare,
            }
        return _("Performance: %(place)s") % {"place": self.place}

    @cached_property
    def activity_links(self) -> ActivityLinks:
        """Where the files and officers behind the figures are."""
        return ActivityLinks(self.reader, self.year)

    @cached_property
    def service_links(self) -> ServiceLinks:
        """Where the JFOs and assignments behind the figures are."""
        return ServiceLinks(self.reader, self.year, self.year.last_day, self.service.posts, self.service.pays)

    def to_activity(self, row: Row, name: str, is_national: bool = False) -> str | None:
        """Return the list behind a figure of a group."""
        return self.activity_links.of(None if is_national else self.region, row, name)

    def to_cost(self, row: Row, name: str) -> str | None:
        """Return the list behind a figure of a row of cost."""
        raise NotImplementedError

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
        return self.work.totals.regions_with_files

    @property
    def has_files(self) -> bool:
        return self._has_files(self.work)

    def activity_figures(self) -> dict[str, Figure]:
        """Return the charts of activity; asked for only where there are files."""
        raise NotImplementedError

    def cost_figure(self) -> Figure:
        """Return the chart of cost."""
        raise NotImplementedError

    def compared_activity(self, other: Work) -> dict[str, Figure]:
        """Return the charts of activity in the year and in the other."""
        raise NotImplementedError

    def line_of(self, pay: Pay) -> str:
        """Return which line of the years' cost an assignment belongs to."""
        raise NotImplementedError

    def lines(self) -> Sequence[CostLine]:
        """Return the lines of the years' cost, in the order in which they stand."""
        raise NotImplementedError

    def figures(self) -> dict[str, Figure]:
        if self.compare:
            return self.compared_figures(self.compare)
        found = self.activity_figures() if self.has_files else {}
        cost = self.cost_figure()
        # Nothing is drawn of figures that are all hidden.
        return found | {"cost": cost} if any(row["salaries"] is not None for row in cost.rows) else found

    def cost_facts(self) -> list[tuple[str, str, str | None]]:
        """Return the label, the text and the list of each of the region's totals."""
        report = CostByRegion()
        return [
            (
                str(report.column(name).label),
                self._why_none(name) if value is None else formats.text(value, report.column(name).kind),
                self.service_links.of(self.cost.totals, name, region=self.region),
            )
            for name, value in self.cost.totals.items()
        ]

    # One year against another

    def compared_figures(self, other: FiscalYear) -> dict[str, Figure]:
        """Return the charts of the year against the other, and of the years up to it."""
        work = work_of(self.reader, other)
        is_known = all(self._has_files(each) for each in (self.work, work))
        return (self.compared_activity(work) if is_known else {}) | self._compared_cost(other)

    def _has_files(self, work: Work) -> bool:
        return bool(work.totals.of(self.region, Group.ALL).officers)

    @cached_property
    def told_regions(self) -> list[str]:
        """The regions whose cost over the years the reader is told: a manager, of own ones."""
        return [
            code
            for code, region in self.regions.items()
            if self.region in (None, code) and (self.reader.sees_everything or region.pk in self.reader.scope_ids)
        ]

    def _compared_cost(self, other: FiscalYear) -> dict[str, Figure]:
        if not self.told_regions:
            return {}
        trend = [FiscalYear(start) for start in range(self.year.start_year - TREND_YEARS + 1, self.year.start_year + 1)]
        told = Assignment.objects.filter(jfo__region__code__in=self.told_regions)
        paid = {
            year: grouped(rows, self.line_of) for year, rows in pays_of_years(told, {*trend, self.year, other}).items()
        }
        lines = [line for line in self.lines() if any(line.name in rows for rows in paid.values())]
        if not lines:
            return {}

        def salaries(line: CostLine, year: FiscalYear) -> int:
            return int(half_up(cost(paid[year].get(line.name, [])).salaries))

        def to_pay(line: CostLine, year: FiscalYear) -> str | None:
            rows = paid[year].get(line.name, [])
            is_whole = self.reader.sees_everything or all(row.home_id in self.reader.scope_ids for row in rows)
            return address("performance-pay", fy=str(year), **line.where) if rows and is_whole else None

        heading = _("Region") if self.region is None else _("JFOs")
        words = {"place": self.place, "year": self.year, "other": other, "first": trend[0]}
        pairs = [
            Pair(
                line.label,
                salaries(line, other),
                salaries(line, self.year),
                lists=(to_pay(line, other), to_pay(line, self.year)),
                href=line.href,
            )
            for line in lines
        ]
        return {
            "cost": two_years(
                "cost",
                pairs,
                (other, self.year),
                kind="money",
                heading=heading,
                neutral=_("Salaries"),
                description=_(
                    "%(place)s: salaries of officers on JFOs in %(other)s and %(year)s, in thousands of dollars, each "
                    "year at its own rates. The scale does not begin at zero."
                )
                % words,
            ),
            "trend": many_years(
                "trend",
                [
                    Line(line.label, [salaries(line, year) for year in trend], line.href or to_pay(line, self.year))
                    for line in lines
                ],
                trend,
                kind="money",
                heading=heading,
                title=_("Salaries from %(first)s to %(year)s") % words,
                description=_(
                    "%(place)s: salaries of officers on JFOs in each fiscal year, in dollars of that year. Every panel "
                    "has the same scale, from zero."
                )
                % words,
                to_list=lambda number, year: to_pay(lines[number], year),
            ),
        }

    def compare_choices(self) -> list[Choice]:
        """Return the fiscal years to set the one shown against; none first."""
        years = [choice.value for choice in self.year_choices() if choice.value != str(self.year)]
        if self.compare and str(self.compare) not in years:
            years.append(str(self.compare))
        return [
            Choice("", _("No other year"), self.compare is None),
            *(Choice(year, year, year == str(self.compare)) for year in years),
        ]

    def file_name(self, name: str) -> str:
        return super().file_name(name if self.compare is None else f"{name}-against-{self.compare}")

    def _why_none(self, name: str) -> str:
        if self.cost.totals["salaries"] is None:
            return too_few()
        return CostByRegion().why_none(name, self.cost.totals, self.reader, self.parameters)

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

    def jfos(self) -> list[tuple[str, str]]:
        """Return the JFOs of the region that were there in the year, and their pages; none for all regions."""
        if self.region is None:
            return []
        codes = {place.jfo for place in [*self.service.places, *self.service.pays] if place.region == self.region}
        return [(code, f"{reverse('performance-jfo', args=[code])}?fy={self.year}") for code in sorted(codes)]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs) | {"compare_choices": self.compare_choices()}
        if self.error:
            return context
        if self.compare:
            data = self.request.GET.copy()
            data.pop("compare", None)
            return context | {
                "place": self.place,
                "compare": self.compare,
                "compared_charts": self.charts(),
                "one_year_href": f"{self.request.path}?{data.urlencode()}",
                "is_of_own_regions": not self.reader.sees_everything,
                "is_told_cost": bool(self.told_regions),
            }
        behind = self.work.behind(self.region)
        columns = [group_column(), *linked(BEHIND, self._to_behind)]
        charts = self.charts()
        costs, tiles = charts.pop("cost", None), charts.pop("where", None)
        return context | {
            "place": self.place,
            "has_files": self.has_files,
            "activity_charts": charts.values(),
            "cost_chart": costs,
            "where_chart": tiles,
            "behind_caption": _("What stands behind the figures: %(place)s, fiscal year %(year)s")
            % {"place": self.place, "year": self.year},
            "behind_headings": headings_of(columns),
            "behind": rows_of(columns, behind),
            "caveats": caveats(behind),
            "rule": Rule.YEAR.label,
            "too_few": too_few_note(self.year.last_day) if any(row["hidden"] for row in [*behind, *self.cost]) else "",
            "span": ims_span(),
            "cost_facts": self.cost_facts() if self.cost else [],
            "cost_notes": self.cost.notes,
            "exhibits": self.exhibits(),
            "on_a_day": self.on_a_day(),
            "jfos": self.jfos(),
            "other_regions": [
                (self.places.label(code), self.places.href(code)) for code in self.regions if code != self.region
            ],
        }

    def _to_behind(self, row: Row, name: str) -> str | None:
        return self.to_activity(row, name)


class National(Dashboard):
    """All regions, side by side."""

    def read_parameters(self, data: Mapping[str, str]) -> Parameters:
        return replace(super().read_parameters(data), region=None)

    def activity_figures(self) -> dict[str, Figure]:
        by_region = {code: ActivityByKind().table_of(self.work, code) for code in self.regions_with_files}
        return {
            "kinds": activity_by_kind(sides(self.kinds), self.place, self.year, self.to_activity),
            "statuses": activity_by_status(
                sides(self.statuses, (Group.JFO, Group.NON_JFO)), self.place, self.year, self.to_activity
            ),
            "regions": activity_by_region(by_region, self.kinds, self.places, self.activity_links.of_region),
        }

    def compared_activity(self, other: Work) -> dict[str, Figure]:
        assert self.compare  # noqa: S101
        then = ActivityLinks(self.reader, self.compare)
        pairs = []
        for code in sorted(self.work.totals.regions_with_files | other.totals.regions_with_files):
            before, after = (_row_of(ActivityByKind().table_of(work, code), Group.JFO) for work in (other, self.work))
            lists = (then.of(code, before, "total"), self.activity_links.of(code, after, "total"))
            pairs.append(_pair(self.regions[code].short, (before, after), "total", lists, self.places.href(code)))
        return {
            "activity": two_years(
                "activity",
                pairs,
                (self.compare, self.year),
                kind="decimal",
                heading=_("Region"),
                neutral=_("Files per JFO officer"),
                description=_(
                    "Mean number of IMS files of every kind that a JFO officer with at least one file opened, by the "
                    "region of the files. The scale does not begin at zero."
                ),
            )
        }

    def line_of(self, pay: Pay) -> str:
        return pay.region

    def lines(self) -> Sequence[CostLine]:
        return [
            CostLine(code, self.regions[code].short, {"region": code}, self.places.href(code))
            for code in self.told_regions
        ]

    def to_cost(self, row: Row, name: str) -> str | None:
        return self.service_links.of(row, name, region=row["region"])

    def figures(self) -> dict[str, Figure]:
        found = super().figures()
        if not self.compare and "cost" in found:
            found["where"] = where(self.cost, self.places, self.to_cost)
        return found

    def cost_figure(self) -> Figure:
        return cost_by_region(self.cost, self.cost.totals["salaries"], self.places, self.to_cost)


class Regional(Dashboard):
    """One region, beside the national figures; 404 for an unknown one."""

    def read_parameters(self, data: Mapping[str, str]) -> Parameters:
        if self.kwargs["code"] not in self.regions:
            raise Http404
        return replace(super().read_parameters(data), region=self.kwargs["code"])

    def cost_facts(self) -> list[tuple[str, str, str | None]]:
        """Return the totals, and their share of the national ones where both may be shown."""
        salaries = self.cost.totals["salaries"]
        national = CostByKind().table_of(self.service, None).totals["salaries"]
        if salaries is None or not national:
            return super().cost_facts()
        share = formats.percent(Decimal(salaries) / national)
        return [*super().cost_facts(), (_("Share of the salaries of all regions"), share, None)]

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Performance"), f"{reverse('performance')}?fy={self.year}")]

    def activity_figures(self) -> dict[str, Figure]:
        groups = region_groups(self.kinds)
        national_kinds = ActivityByKind().table_of(self.work, None)
        national_statuses = ActivityByStatus().table_of(self.work, None)
        return {
            "kinds": activity_by_kind(
                sides(self.kinds, groups, national_kinds), self.place, self.year, self.to_activity
            ),
            "statuses": activity_by_status(
                sides(self.statuses, groups, national_statuses), self.place, self.year, self.to_activity
            ),
        }

    def compared_activity(self, other: Work) -> dict[str, Figure]:
        assert self.compare  # noqa: S101
        then = ActivityLinks(self.reader, self.compare)
        table, other_table = (ActivityByKind().table_of(work, self.region) for work in (self.work, other))
        found = {}
        for group, neutral in ((Group.JFO, _("Files per JFO officer")), (Group.NON_JFO, _("Files per other officer"))):
            before, after = _row_of(other_table, group), _row_of(table, group)
            pairs = [
                _pair(
                    str(ActivityByKind().column(name).label),
                    (before, after),
                    name,
                    (then.of(self.region, before, name), self.to_activity(after, name)),
                )
                for name in (*ActivityByKind.names, "total")
            ]
            found[f"activity-{group}"] = two_years(
                f"activity-{group}",
                pairs,
                (self.compare, self.year),
                kind="decimal",
                heading=_("Kind of file"),
                neutral=neutral,
                description=_(
                    "%(place)s: mean number of IMS files that an officer with at least one file opened, by kind. "
                    "The scale does not begin at zero."
                )
                % {"place": self.place},
            )
        return found

    def line_of(self, pay: Pay) -> str:
        return pay.kind

    def lines(self) -> Sequence[CostLine]:
        return [CostLine(kind.value, str(kind.label), {"region": self.region, "kind": kind.value}) for kind in Kind]

    def to_cost(self, row: Row, name: str) -> str | None:
        return self.service_links.of_line(row, name, self.region)

    def cost_figure(self) -> Figure:
        table = CostByKind().table_of(self.service, self.region)
        return cost_by_kind(table, table.totals["salaries"], self.place, self.year, self.to_cost)
