"""What a unit costs: an FTE-year and a case, by JFO."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.access import Reader
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.reports import Parameters, Report, register
from jfo_portal.kit.tables import Column
from registry.models import Assignment, Kind, Region

from ..measures.cost import Pay, cases_by_officer, cases_of, cost, half_up, pays
from ..measures.rates import Rates, rates_of
from .cost import CostExhibit, benefit_figures, rate_notes
from .exhibits import (
    KIND_CODES,
    Row,
    Table,
    kind_column,
)

PER_FTE_YEAR = Column("per_fte_year", _("Cost of an FTE-year"), "money")
PER_CASE = Column("per_case", _("Cost per case"), "money")


def unit_figures(rows: Sequence[Pay], rates: Rates, cases: int | None) -> Row:
    """Return what assignments cost together, and per FTE-year paid and per case, as they are printed.

    None where there is nothing to divide by, no benefit rate, or `cases` are not the reader's to know.
    """
    whole = cost(rows)
    rate = rates.benefits
    per_fte_year = None if rate is None else whole.per_fte_year(rate)
    return {
        "fte": sum((row.last_fte for row in rows), Decimal("0.00")),
        "fte_years": half_up(whole.fte_years, 2),
        "salaries": int(half_up(whole.salaries)),
        **benefit_figures(whole, rates),
        "per_fte_year": None if per_fte_year is None else int(half_up(per_fte_year)),
        "cases": cases,
        "per_case": int(half_up(whole.total(rate) / cases)) if cases and rate is not None else None,
    }


UNIT_COLUMNS = (
    Column("fte", _("FTE on the last day"), "fte"),
    Column("fte_years", _("FTE-years paid"), "fte"),
    Column("salaries", _("Salaries"), "money"),
    *CostExhibit.measures,
    PER_FTE_YEAR,
    Column("cases", _("IMS cases"), "integer"),
    PER_CASE,
)


def open_to(reader: Reader, rows: Sequence[Pay]) -> list[Pay]:
    """Return the assignments whose cost the reader may know one JFO by one: a manager, those to JFOs of own regions."""
    return [row for row in rows if reader.sees_everything or row.region_id in reader.scope_ids]


def cases_known(reader: Reader, rows: Sequence[Pay], cases: dict[int, int]) -> int | None:
    """Return the cases of the officers of the assignments; None for a manager where another region employs one of
    them, whose work is for that region alone."""
    if not reader.sees_everything and any(row.home_id not in reader.scope_ids for row in rows):
        return None
    return cases_of(rows, cases)


def cost_by_jfo(reader: Reader, rows: Sequence[Pay], rates: Rates, cases: dict[int, int]) -> list[Row]:
    """Return the line of each JFO that cost anything in the year; no query."""
    return [
        {"jfo": jfo, "region": of_jfo[0].region, "program": of_jfo[0].program, "kind": KIND_CODES[Kind(of_jfo[0].kind)]}
        | unit_figures(of_jfo, rates, cases_known(reader, of_jfo, cases))
        for jfo, of_jfo in grouped(open_to(reader, rows), lambda row: row.jfo).items()
    ]


def case_notes() -> list[str]:
    """Return the caution about cost per case, and how cases are counted."""
    return [
        gettext(
            "Cost per case is no measure of performance: most work on a JFO leads to no IMS case, cases differ in "
            "size, and IMS shows less than was done. Do not set JFOs or officers against each other by it."
        ),
        gettext(
            "Cases are those opened in the fiscal year by officers who were on the JFO on at least one day of it, "
            "whether on that day or not; an officer on two JFOs counts for both."
        ),
    ]


@register
class CostByJFO(Report):
    """What each JFO cost in a fiscal year; a manager reads it of the own regions' JFOs."""

    slug = "cost-by-jfo"
    title = _("Cost by JFO")
    description = _("FTE, FTE-years, salaries and benefits of each JFO in a fiscal year, and what an FTE-year cost.")
    uses = ("fy", "region")
    columns = (
        Column("jfo", _("JFO"), is_header=True),
        Column("region", _("Region")),
        kind_column(),
        Column("program", _("Program")),
        *UNIT_COLUMNS,
    )

    def regions(self) -> list[str]:
        return list(Region.objects.order_by("code").values_list("code", flat=True))

    def rows(self, reader: Reader, parameters: Parameters) -> list[Row]:
        return self._table(reader, parameters)

    def totals(self, rows: Sequence[Mapping[str, Any]], reader: Reader, parameters: Parameters) -> Row:
        """Return the sums of what the rows are rounded from, each rounded once; an officer’s cases count once."""
        return (rows if isinstance(rows, Table) else self._table(reader, parameters)).totals

    def notes(self, rows: Sequence[Mapping[str, Any]], reader: Reader, parameters: Parameters) -> list[str]:
        return list((rows if isinstance(rows, Table) else self._table(reader, parameters)).notes)

    def _table(self, reader: Reader, parameters: Parameters) -> Table:
        year = parameters.fiscal_year
        rates = rates_of(year)
        rows = [
            row
            for row in open_to(reader, pays(Assignment.objects.all(), year, rates))
            if parameters.region in (None, row.region)
        ]
        cases = cases_by_officer(year)
        own = [] if reader.sees_everything else [gettext("Figures of your regions’ JFOs.")]
        totals = unit_figures(rows, rates, cases_known(reader, rows, cases))
        return Table(
            cost_by_jfo(reader, rows, rates, cases),
            # What cannot be known has no total, rather than one that would seem to be about too few people.
            {name: value for name, value in totals.items() if value is not None},
            [*own, *case_notes(), *rate_notes(rates)],
        )
