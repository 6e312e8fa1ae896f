"""The quality of the IMS data: what is missing, late or without a status, and the officers without an entry."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, cast

from django.conf import settings
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jfo_portal.kit import formats
from jfo_portal.kit.charts import Bar, Columns, Panel
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.periods import today
from jfo_portal.kit.tables import Cell, Column, cells
from jfo_portal.kit.views import Crumb, ListPage, headings_of, rows_of
from performance.charts import Figure
from performance.home import counted_to
from performance.measures.activity import Group
from performance.measures.quality import Month, by_month, together
from performance.models import ImsFile
from performance.quality_filters import SilentOfficerFilters
from performance.reports.exhibits import Row, Table, figure_column
from performance.reports.quality import DataQuality
from registry.models import Assignment, Officer
from registry.tables import home_of

from .own import OwnFiguresPage

OFFICERS, FILES = "performance-quality-officers", "performance-files"
# What leads from a figure to its rows: the list, and what narrows it.
BEHIND: Mapping[str, tuple[str, dict[str, str]]] = {
    "jfo_officers": ("performance-officers", {"group": Group.JFO.value}),
    "other_officers": ("performance-officers", {"group": Group.NON_JFO.value}),
    "jfo_without": (OFFICERS, {"group": Group.JFO.value}),
    "other_without": (OFFICERS, {"group": Group.NON_JFO.value}),
    "files": (FILES, {}),
    "unspecified": (FILES, {"status": "unspecified"}),
    "late": (FILES, {"late": "1"}),
    "unknown": (FILES, {"late": "unknown"}),
}

# Where the scale of the shares may end: the first that holds them all.
SCALES = (0.1, 0.2, 0.5, 1)


class Quality(OwnFiguresPage):
    """What is missing from the IMS files of a fiscal year, region by region and by month."""

    template_name = "performance/quality.html"
    title = gettext_lazy("Data quality of IMS")
    slug = DataQuality.slug

    @cached_property
    def table(self) -> Table:
        return DataQuality().rows(self.reader, self.parameters)

    @cached_property
    def last_day(self) -> date | None:
        """The day up to which months are counted: the newest file's, or today; None without files."""
        return counted_to(today())

    @cached_property
    def months(self) -> dict[str, list[Month]]:
        """The months of each region shown."""
        officers = Officer.objects.employed_by(self.reader, self.year.last_day)
        found = by_month(ImsFile.objects.of_officers(officers, self.reader), officers, self.year, self.last_day)
        asked = self.parameters.region
        return {code: months for code, months in found.items() if months and asked in (None, code)}

    def figures(self) -> dict[str, Figure]:
        if not self.months:
            return {}
        columns = [
            Column("region", _("Region")),
            Column("month", _("Month"), is_header=True),
            figure_column("officers", _("Officers in service"), "integer"),
            figure_column("without", _("Without an entry"), "integer"),
            figure_column("share", _("Share without an entry"), "percent"),
        ]
        rows = [
            {
                "region": code,
                "month": f"{month.first_day:%Y-%m}",
                "officers": month.officers,
                "without": month.without,
                "share": None if month.share is None else round(month.share, 4),
            }
            for code, months in self.months.items()
            for month in months
        ]
        headers, table = self._page_table()
        shares = [month.share for months in self.months.values() for month in months if month.share is not None]
        scale = next(end for end in SCALES if end >= max(shares, default=0))
        chart = Columns(
            id="months",
            title=self._finding(),
            description=_(
                "%(place)s, fiscal year %(year)s: share of the officers in service in a month who opened no IMS file "
                "in it, by the region that employs them, or employed them on the last day of a year that has ended."
            )
            % {"place": self.place, "year": self.year},
            headers=headers,
            rows=table,
            panels=[
                Panel(
                    self.places.label(code),
                    [
                        Bar(
                            _short_month(month.first_day),
                            month.share,
                            formats.NO_VALUE if month.share is None else formats.percent(month.share, 0),
                            href=self._officers(code, month),
                        )
                        for month in months
                    ],
                )
                for code, months in self.months.items()
            ],
            max_value=scale,
            max_text=formats.percent(scale, 0),
            zero_text=formats.percent(0, 0),
        )
        return {"months": Figure(chart, columns, rows)}

    def _page_table(self) -> tuple[list[str], list[list[Cell]]]:
        """Return the months of each region as a table of a month a row, a region a column."""
        codes = list(self.months)
        headers = [_("Month"), *(self.regions[code].short for code in codes)]
        rows = []
        for of_month in zip(*self.months.values(), strict=True):
            label = f"{of_month[0].first_day:%Y\u2011%m}"
            rows.append(
                [
                    Cell(label, headers[0], is_header=True),
                    *(
                        Cell(
                            _("%(without)s of %(officers)s")
                            % {
                                "without": formats.number(month.without),
                                "officers": formats.number(month.officers),
                            },
                            header,
                            href=self._officers(code, month),
                            is_numeric=True,
                        )
                        for code, header, month in zip(codes, headers[1:], of_month, strict=True)
                    ),
                ]
            )
        return headers, rows

    def _officers(self, region: str, month: Month) -> str | None:
        if not month.without or not self.is_listed:
            return None
        return self.address(OFFICERS, region=region, month=f"{month.first_day:%Y-%m}")

    def _finding(self) -> str:
        shares = [month.share for month in together(self.months.values()) if month.share is not None]
        if not shares:
            return _("Officers without an entry, by month")
        low, high = min(shares), max(shares)
        if low == high:
            return _("Each month %(share)s of the officers in service opened no file") % {"share": formats.percent(low)}
        return _("Each month between %(low)s and %(high)s of the officers in service opened no file") % {
            "low": formats.percent(low),
            "high": formats.percent(high),
        }

    def region_columns(self) -> list[Column]:
        """Return the report's columns, each figure with the way to the rows that make it."""
        region = replace(self.places.column(), is_header=True)
        return [
            region if column.name == "region" else replace(column, href=self._way(column.name))
            for column in self.report.columns
        ]

    def _way(self, name: str) -> Any:
        if name not in BEHIND or not self.is_listed:
            return None
        address, narrowing = BEHIND[name]

        def href(row: Row) -> str | None:
            return self.address(address, region=row["region"], **narrowing) if row.get(name) else None

        return href

    def totals_row(self) -> list[Cell]:
        """Return the sums of a table of several regions."""
        if len(self.table) < 2:
            return []
        total = {"region": None} | self.table.totals
        first, *others = self.region_columns()
        return [
            Cell(_("Total"), str(first.label), is_header=True),
            *cells(others, total),
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        if self.error:
            return context
        columns = self.region_columns()
        return context | {
            "headings": headings_of(columns),
            "rows": rows_of(columns, self.table),
            "totals": self.totals_row(),
            "caption": _("What is missing: %(place)s, fiscal year %(year)s") % {"place": self.place, "year": self.year},
            "caveats": self.table.notes,
            "charts": self.charts(),
            "late_days": settings.IMS_LATE_DAYS,
            "last_day": self.last_day,
            "officers_href": self.address(OFFICERS),
        }


def _short_month(day: date) -> str:
    """Return the month in short, as the active language writes it."""
    return date_format(day, "N")


# The officers


class OfficersWithoutEntries(ListPage):
    """The officers in service whom the reader may see and who opened no file in a year, or in a month of it."""

    title = gettext_lazy("Officers without an IMS entry")
    template_name = "performance/quality_officers.html"
    section = "performance"
    filterset_class = SilentOfficerFilters
    ordering = ("number",)
    file_name = "officers-without-entry"
    empty = gettext_lazy("Every officer in service opened a file.")

    def get_queryset(self) -> Any:
        return Officer.objects.visible_to(self.reader)

    def sorted_rows(self) -> Any:
        return super().sorted_rows().select_related("region", "posting__region")

    @property
    def filters(self) -> SilentOfficerFilters:
        return cast(SilentOfficerFilters, self.filterset)

    def crumbs(self) -> Sequence[Crumb]:
        return [
            Crumb(_("Performance"), f"{reverse('performance')}?fy={self.filters.year}"),
            Crumb(_("Data quality"), f"{reverse('performance-quality')}?fy={self.filters.year}"),
        ]

    def get_columns(self) -> Sequence[Column]:
        return [
            Column(
                "number",
                _("Number"),
                sort="number",
                href=lambda row: row.get_absolute_url(),
                is_header=True,
                names="pk",
            ),
            Column("name", _("Officer"), sort="folded", names="pk"),
            Column("function", _("Function"), value=lambda row: row.function_short, sort="function"),
            Column("region", _("Region"), value=home_of, sort="posting__region__code"),
            Column(
                "group",
                _("Group"),
                value=lambda row: str((Group.JFO if row.is_jfo else Group.NON_JFO).label),
            ),
            Column("jfos", _("JFOs of the year"), value=lambda row: ", ".join(row.jfos)),
            Column("start", _("First day of service"), "date", sort="start"),
            Column("end", _("Last day of service"), "date", sort="end"),
        ]

    def completed(self, rows: list[Any]) -> list[Any]:
        year = self.filters.year
        serving = (
            Assignment.objects.visible_to(self.reader)
            .filter(officer__in=rows)
            .during(year.first_day, year.last_day)
            .order_by("jfo__code")
            .values_list("officer_id", "jfo__code")
        )
        codes = grouped(serving, lambda row: row[0])
        for officer in rows:
            officer.jfos = list(dict.fromkeys(code for _pk, code in codes.get(officer.pk, [])))
        return rows

    def caption(self, count: int) -> str:
        return ngettext("%(count)s officer without an entry", "%(count)s officers without an entry", count) % {
            "count": formats.number(count)
        }
