"""Totals that documents reported: whose result each is, and what they come to among themselves."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from jfo_portal.kit import formats
from jfo_portal.kit.tables import Column
from jfo_portal.kit.views import Crumb, ListPage, headings_of, rows_of
from performance.measures.reported import ReportedSum, attributed, operations, parts_of_wholes
from performance.models import Attribution, ReportedOutcome
from performance.outcome_filters import ReportedFilters
from performance.reports.outcomes import DOLLARS


def _value(row: ReportedOutcome) -> str:
    return formats.money(row.value) if row.is_money else formats.number(row.value)


def _period(row: ReportedOutcome) -> str:
    if row.first_day is None and row.last_day is None:
        return _("not said")
    if row.first_day is None:
        return _("up to %(last)s") % {"last": row.last_day}
    return _("%(first)s to %(last)s") % {"first": row.first_day, "last": row.last_day}


COLUMNS = (
    Column("number", gettext_lazy("Number"), "integer", is_header=True, sort="number"),
    Column("program", gettext_lazy("Program"), value=lambda row: row.program.code if row.program else None),
    Column("region", gettext_lazy("Region"), value=lambda row: row.region.short if row.region else None),
    Column("measure", gettext_lazy("Measure")),
    Column("subject", gettext_lazy("Goods or subject")),
    Column("value", gettext_lazy("Value"), "decimal", text=_value),
    Column("unit", gettext_lazy("Unit"), value=lambda row: DOLLARS if row.is_money else pgettext("unit", "number")),
    Column("attribution", gettext_lazy("Whose result"), value=lambda row: row.get_attribution_display()),
    Column("first_day", gettext_lazy("First day"), "date"),
    Column("last_day", gettext_lazy("Last day"), "date"),
    Column("team", gettext_lazy("Team")),
    Column("operation", gettext_lazy("Operation")),
    Column("note", gettext_lazy("Note")),
)


class ReportedOutcomes(ListPage):
    """The totals of the evaluation of 2012, each labelled with whose result it is, and never mixed with the outcomes on
    record."""

    title = gettext_lazy("Totals of outcomes that were reported")
    section = "performance"
    template_name = "performance/reported_outcomes.html"
    filterset_class = ReportedFilters
    columns = COLUMNS
    ordering = ("number",)
    file_name = "reported-outcomes"

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Outcomes"), reverse("performance-outcomes"))]

    def get_columns(self) -> Sequence[Column]:
        # Whose result it is goes with every total: it cannot be left out.
        return self.columns

    @cached_property
    def shown_columns(self) -> list[Column]:
        chosen = set(self.request.GET.getlist("cols")) or {column.name for column in self.columns}
        always = {"number", "attribution"}
        return [column for column in self.columns if column.name in chosen | always]

    def get_queryset(self) -> Any:
        return ReportedOutcome.objects.visible_to(self.reader).select_related("program", "region")

    def caption(self, count: int) -> str:
        return ngettext("%(count)s reported total", "%(count)s reported totals", count) % {
            "count": formats.number(count)
        }

    # What they come to

    @cached_property
    def every(self) -> list[ReportedOutcome]:
        return list(self.get_queryset().order_by("number"))

    def attributed(self) -> list[dict[str, Any]]:
        """Return the sums over teams of what is attributed to the CBSA."""
        return [
            {
                "program": one.rows[0].program.code if one.rows[0].program else "",
                "measure": f"{one.rows[0].measure} – {one.rows[0].subject}",
                "period": _period(one.rows[0]),
                "parts": " + ".join(formats.number(row.value) for row in one.rows),
                "teams": ", ".join(row.team for row in one.rows),
                "total": one.total,
                "whose": Attribution.CBSA.label,
                "href": self._href(one),
            }
            for one in attributed(self.every)
        ]

    def _href(self, one: ReportedSum) -> str:
        first = one.rows[0]
        query = {"attribution": first.attribution, "measure": first.measure_en}
        if first.program:
            query["program"] = first.program.code
        return f"?{urlencode(query)}"

    def parts(self) -> list[dict[str, Any]]:
        """Return the regions' parts of totals that were reported of all regions."""
        return [
            {
                "program": one.part.program.code if one.part.program else "",
                "region": one.part.region.short if one.part.region else "",
                "measure": f"{one.part.measure} – {one.part.subject}" if one.part.subject else one.part.measure,
                "period": _period(one.part),
                "part": one.part.value,
                "whole": one.whole.value,
                "share": one.share,
                "whose": one.part.get_attribution_display(),
            }
            for one in parts_of_wholes(self.every)
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        attributed_columns = [
            Column("program", _("Program"), is_header=True),
            Column("measure", _("Measure")),
            Column("period", _("Period")),
            Column("teams", _("Teams")),
            Column("parts", _("Made of")),
            Column("total", _("Total"), "integer", href=lambda row: row["href"]),
            Column("whose", _("Whose result")),
        ]
        part_columns = [
            Column("program", _("Program"), is_header=True),
            Column("region", _("Region")),
            Column("measure", _("Measure")),
            Column("period", _("Period")),
            Column("part", _("Of the region"), "integer"),
            Column("whole", _("Of all regions"), "integer"),
            Column(
                "share", _("Share of the region"), "percent", text=lambda row: formats.percent(float(row["share"]), 0)
            ),
            Column("whose", _("Whose result")),
        ]
        operation_columns = [
            Column("measure", _("Measure"), is_header=True),
            Column("subject", _("Goods or subject")),
            Column("value", _("Value"), "decimal", text=_value),
            Column("attribution", _("Whose result"), value=lambda row: row.get_attribution_display()),
        ]
        return super().get_context_data(**kwargs) | {
            "attributed_headings": headings_of(attributed_columns),
            "attributed": rows_of(attributed_columns, self.attributed()),
            "part_headings": headings_of(part_columns),
            "parts": rows_of(part_columns, self.parts()),
            "operation_headings": headings_of(operation_columns),
            "operations": [
                (name, rows_of(operation_columns, rows), f"?{urlencode({'operation': name})}")
                for name, rows in operations(self.every).items()
            ],
        }
