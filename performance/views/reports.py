"""The list of exhibits, and one exhibit: its rows, its chart, what was published beside it, its files."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any

from django.http import HttpResponse, HttpResponseBase, JsonResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jfo_portal.kit import exports, formats, reports
from jfo_portal.kit.frozen import Reading
from jfo_portal.kit.reports import Comparison, Parameters, Report
from jfo_portal.kit.tables import Cell, Column
from jfo_portal.kit.views import Crumb, Page, headings_of, marks, rows_of
from performance import freezing
from performance.charts import Figure, Places, figure_of
from performance.drilling import ExhibitLinks
from performance.measures.activity import Rule
from performance.reports.activity import rule_of
from performance.reports.exhibits import Exhibit

from .figures import Choice, FiguresPage, report_named
from .snapshots import Button, button


class ReportList(Page):
    """The reports that the reader may read, with what each shows."""

    template_name = "reports/list.html"
    title = gettext_lazy("Exhibits")
    section = "reports"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        columns = [
            Column("title", _("Report"), href=lambda report: reverse("report", args=[report.slug]), is_header=True),
            Column("description", _("What it shows")),
        ]
        found = reports.all_for(self.reader)
        exhibits = [report for report in found if isinstance(report, Exhibit)]
        others = sorted((report for report in found if report not in exhibits), key=lambda report: str(report.title))
        return super().get_context_data(**kwargs) | {
            "headings": headings_of(columns),
            "exhibits": rows_of(columns, exhibits),
            "exhibits_caption": ngettext("%(count)s exhibit", "%(count)s exhibits", len(exhibits))
            % {"count": formats.number(len(exhibits))},
            "others": rows_of(columns, others),
            "others_caption": ngettext("%(count)s other report", "%(count)s other reports", len(others))
            % {"count": formats.number(len(others))},
        }


@dataclass(frozen=True)
class Compared:
    """The published figures beside those computed: those that differ, that agree, and that are not shown."""

    agreement: str
    differing: Sequence[Sequence[Cell]]
    agreeing: Sequence[Sequence[Cell]]
    agreeing_count: str
    missing: Sequence[Sequence[Cell]]
    missing_count: str


class ReportPage(FiguresPage):
    """One report, as a page and as files of the same rows."""

    template_name = "reports/report.html"
    section = "reports"

    @cached_property
    def report(self) -> Report:
        """The report of the address."""
        return report_named(self.kwargs["slug"], self.reader)

    def get_title(self) -> str:
        return str(self.report.title)

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Exhibits"), reverse("reports"))]

    def read_parameters(self, data: Mapping[str, str]) -> Parameters:
        parameters = self.report.parameters(data)
        if refusal := self.report.refusal(self.reader, parameters):
            raise ValueError(refusal)
        return parameters

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        return self.report.rows(self.reader, self.parameters)

    @cached_property
    def totals(self) -> dict[str, Any]:
        return self.report.totals(self.rows, self.reader, self.parameters)

    @cached_property
    def remarks(self) -> list[str]:
        return self.report.notes(self.rows, self.reader, self.parameters)

    @cached_property
    def figure(self) -> Figure | None:
        return figure_of(
            self.report.slug, self.rows, self.totals, self.parameters, self.places, to_list=self.links.cell
        )

    def figures(self) -> dict[str, Figure]:
        return {} if self.figure is None else {self.figure.chart.id: self.figure}

    # Files

    def answer(self) -> HttpResponseBase:
        file_format = self.request.GET.get("format", "")
        if not file_format:
            return super().answer()
        name = self.file_name(self.report.slug)
        if file_format == "json":
            return self.given("json", name, self.report.columns, self.rows, self._json_file)
        try:
            return self.file(file_format, name, self.report.columns, self.rows, notes=self.file_notes())
        except ValueError as error:
            return self.refuse(str(error))

    def _json_file(self, _purpose: str) -> HttpResponse:
        data = self.report.as_json(self.reader, self.parameters)
        name = self.file_name(self.report.slug)
        headers = exports.download_headers(f"{name}.json", exports.FORMATS["json"].content_type)
        return HttpResponse(json.dumps(data, ensure_ascii=False), headers=headers)

    def refuse(self, sentence: str) -> HttpResponseBase:
        if self.request.GET.get("format") == "json":
            return JsonResponse({"error": sentence}, status=400, json_dumps_params={"ensure_ascii": False})
        return super().refuse(sentence)

    def file_name(self, name: str) -> str:
        if not self.report.uses:
            return name
        if "fy" in self.report.uses:
            return super().file_name(name)
        parts = [name, str(self.parameters.as_of), *([self.parameters.region] if self.parameters.region else [])]
        return "-".join(parts).lower()

    def file_notes(self) -> list[tuple[str, str]]:
        """Return what a workbook says of itself: its marks, the parameters, the totals, how the figures were made."""
        return [
            *marks(),
            (_("Report"), self.get_title()),
            *([(_("Parameters"), self.scope())] if self.report.uses else []),
            *(
                (_("Total: %(measure)s") % {"measure": self.report.column(name).label}, self.total_text(name))
                for name in self.totals
            ),
            *((_("Note"), remark) for remark in self.remarks),
        ]

    # The page

    @cached_property
    def links(self) -> ExhibitLinks:
        """Where the rows behind the figures are; for the page alone."""
        return ExhibitLinks(self.report.slug, self.reader, self.parameters)

    def scope(self) -> str:
        """Return the parameters in words; empty for a report without any."""
        if not self.report.uses:
            return ""
        place = self.places.label(self.parameters.region)
        if "fy" in self.report.uses:
            return _("%(place)s, fiscal year %(year)s") % {"year": self.year, "place": place}
        return _("%(place)s, %(day)s") % {"day": formats.long_day(self.parameters.as_of), "place": place}

    def rule_choices(self) -> list[Choice]:
        """Return the rules of which files are JFO files, for who may choose one."""
        if "rule" not in self.report.uses or not self.reader.sees_everything:
            return []
        return [Choice(rule.value, rule.short, rule == rule_of(self.parameters)) for rule in Rule]

    def caption(self) -> str:
        if not self.report.uses:
            return ngettext("%(count)s row", "%(count)s rows", len(self.rows)) % {
                "count": formats.number(len(self.rows))
            }
        return ngettext("%(scope)s: %(count)s row", "%(scope)s: %(count)s rows", len(self.rows)) % {
            "scope": self.scope(),
            "count": formats.number(len(self.rows)),
        }

    def page_columns(self) -> list[Column]:
        """Return the report's columns, a region in words and with a link to its page."""
        shown = self.places.column()
        return [
            replace(shown, is_header=column.is_header)
            if column.name == "region"
            else replace(column, href=partial(self._cell_href, column))
            for column in self.report.columns
        ]

    def _cell_href(self, column: Column, row: Mapping[str, Any]) -> str | None:
        return self.links.cell(row, column.name) or (column.href(row) if column.href else None)

    def total_text(self, name: str) -> str:
        value = self.totals[name]
        if value is None:
            return self.report.why_none(name, self.totals, self.reader, self.parameters)
        return formats.text(value, self.report.column(name).kind)

    def totals_row(self) -> list[Cell]:
        """Return the last row of the table; empty unless every column of figures has its total."""
        figures = [column.name for column in self.report.columns if column.is_numeric]
        if not figures or not set(figures) <= set(self.totals):
            return []
        first, *others = self.report.columns
        return [
            Cell(_("Total"), str(first.label), is_header=True),
            *(
                Cell(
                    self.total_text(column.name) if column.name in self.totals else "",
                    str(column.label),
                    self.links.total(self.totals, column.name) if column.name in self.totals else None,
                    is_numeric=column.is_numeric,
                )
                for column in others
            ),
        ]

    def other_totals(self) -> list[tuple[str, str, str | None]]:
        """Return the label, the text and the link of each total that is not in the table."""
        in_table = {column.name for column in self.report.columns} if self.totals_row() else set()
        return [
            (str(self.report.column(name).label), self.total_text(name), self.links.total(self.totals, name))
            for name in self.totals
            if name not in in_table
        ]

    @cached_property
    def published(self) -> list[Comparison]:
        """The published figures beside those of the page."""
        return self.report.comparison(self.rows, self.reader, self.parameters)

    def freeze_button(self) -> Button:
        """Return the form that freezes what the page shows."""
        reading = Reading(self.rows, self.totals, self.remarks, self.published)
        shown = freezing.as_shown(self.report, self.reader, self.parameters, reading, self.places)
        return button(self.report.slug, self.request.GET, shown)

    def compared(self) -> Compared | None:
        """Return the published figures beside those of the page; None where none were published."""
        found = self.published
        if not found:
            return None
        missing = [row for row in found if row.computed is None]
        known = [row for row in found if row.computed is not None]
        agreeing = [row for row in known if row.agrees]
        columns = comparison_columns(self.report, self.places)
        return Compared(
            agreement=ngettext(
                "%(agreeing)s of %(count)s published figure agrees with the computed one.",
                "%(agreeing)s of %(count)s published figures agree with those computed.",
                len(known),
            )
            % {"agreeing": formats.number(len(agreeing)), "count": formats.number(len(known))},
            differing=rows_of(columns, [row for row in known if not row.agrees]),
            agreeing=rows_of(columns, agreeing),
            agreeing_count=formats.number(len(agreeing)),
            missing=rows_of(columns, missing),
            missing_count=formats.number(len(missing)),
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs) | {
            "description": self.report.description,
            "uses": self.report.uses,
            "as_of": self.request.GET.get("as_of", self.parameters.as_of.isoformat()),
            "regions": self.region_choices(),
            "rules": self.rule_choices(),
        }
        if self.error:
            return context
        columns = self.page_columns()
        return context | {
            "caption": self.caption(),
            "headings": headings_of(columns),
            "rows": rows_of(columns, self.rows),
            "totals": self.totals_row(),
            "other_totals": self.other_totals(),
            "remarks": self.remarks,
            "charts": self.charts(),
            "compared": self.compared(),
            "comparison_headings": headings_of(comparison_columns(self.report, self.places)),
            "formats": exports.FORMATS,
            "freeze": self.freeze_button(),
        }


def comparison_columns(report: Report, places: Places) -> list[Column]:
    """Return the columns of published figures beside those computed, numbers as the document printed them."""

    def label(row: Comparison) -> str:
        code = row.row.removeprefix("region:")
        return places.label(code) if code in places.regions else row.row_label

    def text(row: Comparison, value: Decimal | str | None) -> str:
        if value is None:
            return formats.NO_VALUE
        if isinstance(value, str):
            return {"yes": _("Yes"), "no": _("No")}.get(value, value)
        if report.column(row.measure).kind == "money":
            return formats.money(value)
        return formats.number(value, max(0, -int(value.as_tuple().exponent)))

    def difference(row: Comparison) -> str:
        if row.difference is None:
            return formats.NO_VALUE
        sign = "+" if row.difference > 0 else "−" if row.difference < 0 else ""
        return sign + text(row, abs(row.difference))

    def result(row: Comparison) -> str:
        if row.computed is None:
            return _("Not shown")
        return _("Agrees") if row.agrees else _("Differs")

    def explanation(row: Comparison) -> str:
        if row.explanation or row.computed is None or row.agrees:
            return row.explanation
        return _("No explanation is recorded.")

    return [
        Column("row", _("Row"), value=label, is_header=True),
        Column("measure_label", _("Measure")),
        Column("published", _("Published"), "decimal", text=lambda row: text(row, row.published)),
        Column("computed", _("Computed"), "decimal", text=lambda row: text(row, row.computed)),
        Column("difference", _("Difference"), "decimal", text=difference),
        Column("result", _("Result"), value=result),
        Column("explanation", _("Explanation"), value=explanation),
    ]
