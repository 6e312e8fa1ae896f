"""What service on JFOs cost in a fiscal year: by region, kind, program and JFO, year against year, row by row."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, cast
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jfo_portal.kit import formats
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.reports import Parameters, require_region
from jfo_portal.kit.tables import Cell, Column
from jfo_portal.kit.views import Crumb, ListPage, headings_of, rows_of
from performance.charts import Figure, cost_by_kind, cost_by_region
from performance.cost_charts import cost_by_year
from performance.drilling import ServiceLinks, address
from performance.measures.cost import Cost, Pay, cases_by_officer, cost, half_up, pays_of_years, total_cost
from performance.measures.rates import Rates, rates_of, rates_of_years
from performance.models import ImsKind
from performance.navigation import pages
from performance.pay_filters import PayFilters
from performance.pay_tables import pay_columns, with_bills
from performance.reports.cost import CostByKind, CostByRegion, Service, no_benefit_rate, rate_notes, service_of, share
from performance.reports.exhibits import Row, Table
from performance.reports.unit_costs import (
    UNIT_COLUMNS,
    CostByJFO,
    case_notes,
    cases_known,
    cost_by_jfo,
    open_to,
    unit_figures,
)
from registry.measures.privacy import too_few_note
from registry.models import Assignment
from registry.models.assignments import AssignmentQuerySet

from .figures import FiguresPage

# How many fiscal years stand beside one another, that of the page the last.
YEARS = 6


class CostsPage(FiguresPage):
    """The cost of a fiscal year, of all regions or of one.

    A manager is shown the own regions' JFOs in full, and of other regions the cells of Exhibits 11 and 12 that rest on
    enough officers.
    """

    template_name = "performance/costs.html"
    section = "performance"
    past_years = 10

    def read_parameters(self, data: Mapping[str, str]) -> Parameters:
        parameters = super().read_parameters(data)
        require_region(parameters, self.regions)
        return parameters

    @property
    def region(self) -> str | None:
        return self.parameters.region

    def get_title(self) -> str:
        return _("Costs: %(place)s") % {"place": self.places.label(self.region)}

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Performance"), f"{reverse('performance')}?fy={self.year}")]

    # What it is about

    @cached_property
    def rates_then(self) -> dict[FiscalYear, Rates]:
        """The rates of the last years up to this one."""
        return rates_of_years(FiscalYear(self.year.start_year - number) for number in reversed(range(YEARS)))

    @cached_property
    def paid_then(self) -> dict[FiscalYear, list[Pay]]:
        """What everybody was paid in these years."""
        return pays_of_years(Assignment.objects.all(), self.rates_then, self.rates_then)

    @cached_property
    def service(self) -> Service:
        return service_of(self.reader, self.year, self.rates, self.paid_then[self.year])

    @property
    def rates(self) -> Rates:
        return self.rates_then[self.year]

    @cached_property
    def paid(self) -> list[Pay]:
        """The assignments of the year of which the reader may know the cost."""
        return self._of_place(self.service.pays)

    def _of_place(self, rows: Sequence[Pay]) -> list[Pay]:
        return [row for row in open_to(self.reader, rows) if self.region in (None, row.region)]

    @property
    def is_detailed(self) -> bool:
        """Whether the reader may know the cost of the place's JFOs."""
        if self.reader.sees_everything:
            return True
        own = {region.code for region in self.regions.values() if region.pk in self.reader.scope_ids}
        return bool(own) if self.region is None else self.region in own

    @property
    def whose(self) -> str:
        """What the detailed figures are of, in words: for a manager the own regions, never all of them."""
        if self.reader.sees_everything or self.region is not None:
            return self.places.label(self.region)
        own = [self.places.label(code) for code, region in self.regions.items() if region.pk in self.reader.scope_ids]
        return get_text_list(own, _("and"))

    @cached_property
    def cases(self) -> dict[int, int]:
        return cases_by_officer(self.year)

    @cached_property
    def whole(self) -> Row:
        """The figures of the place together."""
        return unit_figures(self.paid, self.rates, cases_known(self.reader, self.paid, self.cases))

    @cached_property
    def by_jfo(self) -> list[Row]:
        return cost_by_jfo(self.reader, self.paid, self.rates, self.cases)

    @cached_property
    def by_region(self) -> Table:
        """Exhibit 11 of the place."""
        return CostByRegion().table_of(self.service, self.region)

    @cached_property
    def by_kind(self) -> Table:
        """Exhibit 12 of the place."""
        return CostByKind().table_of(self.service, self.region)

    @cached_property
    def by_year(self) -> list[Row]:
        """The figures of the last years up to this one; those before anybody was on a JFO are left out."""
        found = []
        for year, rows in self.paid_then.items():
            of_place = self._of_place(rows)
            if of_place or year == self.year:
                found.append(
                    {"year": str(year), "closed_on": self.rates_then[year].closed_on}
                    | unit_figures(of_place, self.rates_then[year], None)
                )
        return found

    @property
    def has_hidden(self) -> bool:
        """Whether a figure of the exhibits is not the reader's to see."""
        return any(row["hidden"] for row in [*self.by_region, *self.by_kind])

    # Links

    @cached_property
    def links(self) -> ServiceLinks:
        """Where the rows behind the figures are."""
        return ServiceLinks(self.reader, self.year, self.year.last_day)

    def _year_href(self, row: Row) -> str:
        return self._keeping_place(reverse("performance-costs"), row["year"])

    def _unit_href(self, row: Row, name: str, **where: str | None) -> str | None:
        """Return the list behind a figure of a JFO, or of the place."""
        match name:
            case "fte" | "salaries":
                return self.links.of(row, name, **where)
            case "fte_years":
                return self.links.pay(**where) if row[name] else None
            case "cases" if row[name]:
                return self._cases_href(where.get("jfo"))
        return None

    def _cases_href(self, jfo: str | None) -> str | None:
        """Return the cases of a JFO's officers, or of all JFO officers; there is no list of those of a region."""
        if jfo is None and (self.region is not None or not self.reader.sees_everything):
            return None
        group = None if jfo else "jfo"
        return address("performance-files", fy=str(self.year), jfo=jfo, group=group, kind=ImsKind.CASE.value)

    # Charts

    def figures(self) -> dict[str, Figure]:
        found = {}
        if any(row["salaries"] for row in self.by_region) and self.region is None:
            found["regions"] = self._region_figure()
        if any(row["salaries"] for row in self.by_kind):
            found["kinds"] = self._kind_figure()
        if self.is_detailed and len(self.by_year) > 1:
            found["years"] = cost_by_year(self.by_year, self.whose, self.year, self._year_href)
        return found

    def _region_figure(self) -> Figure:
        def to_list(row: Row, name: str) -> str | None:
            return self.links.of(row, name, region=row["region"])

        return _named(
            "regions", cost_by_region(self.by_region, self.by_region.totals["salaries"], self.places, to_list)
        )

    def _kind_figure(self) -> Figure:
        def to_list(row: Row, name: str) -> str | None:
            return self.links.of_line(row, name, self.region)

        salaries, place = self.by_kind.totals["salaries"], self.places.label(self.region)
        return _named("kinds", cost_by_kind(self.by_kind, salaries, place, self.year, to_list))

    # The page

    def facts(self) -> list[tuple[str, str, str | None]]:
        """Return the label, the text and the link of each figure of the place."""
        found = []
        for column in UNIT_COLUMNS:
            value = self.whole[column.name]
            text = self._why_none(column.name) if value is None else formats.text(value, column.kind)
            label = str(column.label)
            if column.name == "benefits" and self.rates.benefits is not None:
                label = _("Employee benefits, %(share)s of salaries") % {"share": share(self.rates.benefits)}
            found.append((label, text, self._unit_href(self.whole, column.name, region=self.region)))
        return found

    def exhibit_facts(self) -> list[tuple[str, str, str | None]]:
        """Return the same of a region that is not the manager's: the totals of Exhibit 11, as it prints them."""
        report = CostByRegion()
        return [
            (
                str(report.column(name).label),
                report.why_none(name, self.by_region.totals, self.reader, self.parameters)
                if value is None
                else formats.text(value, report.column(name).kind),
                self.links.jfos(region=self.region) if name == "jfos" and value else None,
            )
            for name, value in self.by_region.totals.items()
        ]

    def _why_none(self, name: str) -> str:
        if self.rates.benefits is None and name in {"benefits", "total", "per_fte_year", "per_case"}:
            return no_benefit_rate(self.year)
        if name in {"cases", "per_case"} and self.whole["cases"] is None:
            return _("restricted: officers of another region were on these JFOs")
        return _("nothing to divide by")

    def notes(self) -> list[str]:
        """Return how the figures were made."""
        found = [
            _(
                "FTE on the last day are those of %(day)s; FTE-years paid are the days of the year at their FTE. "
                "They are two measures: a post that was filled for half of the year is 1 FTE, and 0.5 FTE-years."
            )
            % {"day": self.year.last_day},
            _("Each figure is worked out exactly and rounded once, so that parts can add to a dollar more or less."),
        ]
        unpaid = cost(self.paid).unpaid_days
        if unpaid:
            found.append(
                _("Days of assignments without a level or a salary rate, which cost nothing here: %(number)s.")
                % {"number": formats.number(unpaid)}
            )
        return found

    def jfo_columns(self) -> list[Column]:
        def linked(column: Column) -> Column:
            return replace(column, href=lambda row: self._unit_href(row, column.name, jfo=row["jfo"]))

        return [
            Column("jfo", _("JFO"), href=lambda row: reverse("jfo", args=[row["jfo"]]), is_header=True),
            Column("region", _("Region"), text=lambda row: self.places.short(row["region"])),
            *map(linked, UNIT_COLUMNS),
        ]

    def jfo_totals(self) -> list[Cell]:
        return [
            Cell(_("Together"), _("JFO"), is_header=True),
            Cell("", _("Region")),
            *(
                Cell(formats.text(self.whole[column.name], column.kind), str(column.label), is_numeric=True)
                for column in UNIT_COLUMNS
            ),
        ]

    def exhibits(self) -> list[tuple[str, str]]:
        """Return the title and address of the exhibits whose figures the page shows."""
        return [
            (str(report.title), self._keeping_place(reverse("report", args=[report.slug])))
            for report in (CostByRegion, CostByKind, CostByJFO)
        ]

    def _keeping_place(self, path: str, year: str = "") -> str:
        """Return the address of a page about the same region, and the same year or another."""
        asked = {"fy": year or str(self.year), **({"region": self.region} if self.region else {})}
        return f"{path}?{urlencode(asked)}"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs) | {"regions": self.region_choices()}
        if self.error:
            return context
        charts = self.charts()
        jfo_columns = self.jfo_columns()
        return context | {
            "place": self.places.label(self.region),
            "whose": self.whose,
            "is_detailed": self.is_detailed,
            "is_of_own_regions": not self.reader.sees_everything,
            "facts": self.facts() if self.is_detailed else self.exhibit_facts(),
            "notes": self.notes(),
            "case_notes": case_notes(),
            "rate_notes": rate_notes(self.rates),
            "too_few": too_few_note(self.year.last_day) if self.has_hidden else "",
            "region_chart": charts.get("regions"),
            "kind_chart": charts.get("kinds"),
            "year_chart": charts.get("years"),
            "exhibits": self.exhibits(),
            "jfo_headings": headings_of(jfo_columns),
            "jfo_rows": rows_of(jfo_columns, self.by_jfo),
            "jfo_totals": self.jfo_totals(),
            "jfo_caption": ngettext(
                "%(count)s JFO with cost in %(year)s: %(place)s",
                "%(count)s JFOs with cost in %(year)s: %(place)s",
                len(self.by_jfo),
            )
            % {"count": formats.number(len(self.by_jfo)), "year": self.year, "place": self.whose},
            "pay_href": self._keeping_place(reverse("performance-pay")),
            "rates_href": reverse("performance-rates"),
        }


def _named(name: str, figure: Figure) -> Figure:
    """Return the figure under that name, in addresses and on its page."""
    return replace(figure, chart=replace(figure.chart, id=name))


class PayList(ListPage):
    """What each assignment cost in a fiscal year; for a manager, the assignments of the own regions' officers.

    A figure of cost leads here where all of its assignments are the reader's to see: its exact sum is the list's.
    """

    title = gettext_lazy("What each assignment cost")
    section = "performance"
    template_name = "performance/pay.html"
    filterset_class = PayFilters
    ordering = ("officer__number", "start", "pk")
    file_name = "cost-of-assignments"
    empty = gettext_lazy("Nobody whom you may see was on such a JFO in the fiscal year. Remove a filter.")

    @property
    def year(self) -> FiscalYear:
        return cast(PayFilters, self.filterset).year

    def get_queryset(self) -> Any:
        return Assignment.objects.visible_to(self.reader).with_names()

    def get_columns(self) -> Sequence[Column]:
        return pay_columns()

    def crumbs(self) -> Sequence[Crumb]:
        return [
            Crumb(_("Performance"), f"{reverse('performance')}?fy={self.year}"),
            Crumb(_("Costs"), f"{reverse('performance-costs')}?fy={self.year}"),
        ]

    @cached_property
    def rates(self) -> Rates:
        return rates_of(self.year)

    def completed(self, rows: list[Any]) -> list[Any]:
        with_bills(rows, self.rates)
        return rows

    @cached_property
    def whole(self) -> Cost:
        """The cost of all rows together; two queries."""
        return total_cost(cast(AssignmentQuerySet, self.filtered), self.year, self.rates)

    def sums(self) -> list[tuple[str, str]]:
        """Return the label and the text of each sum over all rows, whatever page is shown."""
        spent = self.whole
        found = [
            (_("Salaries, rounded once to the cent"), formats.money(half_up(spent.salaries, 2), 2)),
            (_("Salaries, as figures and exhibits print them"), formats.money(half_up(spent.salaries))),
            (_("FTE-years paid"), formats.text(half_up(spent.fte_years, 2), "fte")),
        ]
        if self.rates.benefits is not None:
            label = _("Employee benefits, %(share)s of salaries") % {"share": share(self.rates.benefits)}
            found.append((label, formats.money(half_up(spent.benefits(self.rates.benefits)))))
            found.append((_("Salaries and benefits"), formats.money(half_up(spent.total(self.rates.benefits)))))
        if spent.unpaid_days:
            found.append((_("Days without a level or a salary rate"), formats.number(spent.unpaid_days)))
        return found

    def remarks(self, count: int) -> list[str]:
        """Return how so many rows were worked out."""
        found = [
            _(
                "Salary: for each day, FTE × the salary of the level on that day ÷ the %(days)s days of the year. "
                "A promotion splits the year at its day."
            )
            % {"days": self.year.days}
        ]
        if count > 1:
            found.append(
                _(
                    "The rows are rounded to the cent one by one and the sum once, so that the rows can add to up to "
                    "%(most)s more or less."
                )
                # Half a cent each, rounded up.
                % {"most": formats.money(Decimal((count + 1) // 2) / 100, 2)}
            )
        return [*found, *rate_notes(self.rates)]

    def notes(self) -> list[tuple[str, str]]:
        return [
            *super().notes(),
            (_("Fiscal year"), str(self.year)),
            *self.sums(),
            *((_("Note"), remark) for remark in self.remarks(self.filtered.count())),
        ]

    def caption(self, count: int) -> str:
        spent = self.whole
        return ngettext(
            "%(count)s assignment in %(year)s: %(salaries)s",
            "%(count)s assignments in %(year)s: %(salaries)s",
            count,
        ) % {
            "count": formats.number(count),
            "year": self.year,
            "salaries": formats.money(half_up(spent.salaries, 2), 2),
        }

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        return context | {
            "pages": pages("performance-costs", self.year),
            "sums": self.sums(),
            "remarks": self.remarks(context["page"].paginator.count),
            "is_of_own_regions": not self.reader.sees_everything,
        }
