"""Expectations of a fiscal year beside what came of them, as a report."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.access import Reader
from jfo_portal.kit.periods import today
from jfo_portal.kit.reports import Parameters, Report, register
from jfo_portal.kit.tables import Column
from registry.models import Region

from ..expectation_tables import figure_columns, indicator_column, state_columns
from ..measures.expectations import Measured, measured, notes
from ..models import Expectation

Row = dict[str, Any]


def _measured(row: Row) -> Measured:
    found: Measured = row["measured"]
    return found


@register
class Expectations(Report):
    """What was expected of each JFO in the year, what came of it, why it differs, and the trace of every unlock."""

    slug = "expectations"
    title = _("Expectations")
    description = _(
        "What was expected of each JFO by each indicator in a fiscal year, what came of it, and every unlock since."
    )
    uses: ClassVar[Sequence[str]] = ("fy", "region")
    keys: ClassVar[Sequence[str]] = ("jfo", "indicator")
    columns = (
        Column("jfo", _("JFO"), is_header=True),
        indicator_column(_measured),
        Column("region", _("Region")),
        Column("program", _("Program")),
        *figure_columns(_measured),
        *state_columns(_measured),
        Column("basis", _("Basis")),
    )

    def regions(self) -> list[str]:
        return list(Region.objects.order_by("code").values_list("code", flat=True))

    def rows(self, reader: Reader, parameters: Parameters) -> list[Row]:
        rows = Expectation.objects.visible_to(reader).of_year(parameters.fiscal_year)
        if parameters.region is not None:
            rows = rows.filter(jfo__region__code=parameters.region)
        found = measured(rows.with_names().order_by("jfo__code", "indicator"), reader, today())
        return [
            {
                "measured": row,
                "jfo": row.expectation.jfo.code,
                "region": row.expectation.jfo.region.code,
                "program": row.expectation.jfo.program.code,
                "basis": row.expectation.basis,
            }
            for row in found
        ]

    def notes(self, rows: Sequence[Mapping[str, Any]], reader: Reader, parameters: Parameters) -> list[str]:
        return notes([row["measured"] for row in rows], reader)
