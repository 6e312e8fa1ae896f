"""The charts of the page of costs."""

from collections.abc import Callable, Sequence
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit import formats
from jfo_portal.kit.charts import Bar, Bars
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.tables import Column, cells

from .charts import Figure
from .reports.exhibits import Row
from .reports.unit_costs import UNIT_COLUMNS

_BY_NAME = {column.name: column for column in UNIT_COLUMNS}
YEAR_FIGURES = tuple(_BY_NAME[name] for name in ("fte", "fte_years", "salaries", "benefits", "total", "per_fte_year"))


def year_columns(href: Callable[[Row], str]) -> list[Column]:
    """Return the columns of a fiscal year's line: its figures, and when it was closed."""
    return [
        Column("year", _("Fiscal year"), href=href, is_header=True),
        *YEAR_FIGURES,
        Column("closed_on", _("Closed on"), "date"),
    ]


def cost_by_year(rows: Sequence[Row], place: str, year: FiscalYear, href: Callable[[Row], str]) -> Figure:
    """Return the years as bars of what each cost with benefits, or without where a year has no benefit rate."""
    name = "salaries" if any(row["total"] is None for row in rows) else "total"
    columns = year_columns(href)

    def bar(row: Row) -> Bar:
        fte_years = gettext("%(fte)s FTE-years") % {"fte": formats.text(row["fte_years"], "fte")}
        css = "series-1" if row["year"] == str(year) else "series-3"
        return Bar(row["year"], row[name], formats.money(row[name]), href=href(row), css=css, aside=fte_years)

    chart = Bars(
        headers=[column.label for column in columns],
        rows=[cells(columns, row) for row in rows],
        id="years",
        title=_finding(rows, name),
        description=gettext("%(place)s: %(measure)s of each fiscal year. At the right: FTE-years paid.")
        % {"place": place, "measure": _BY_NAME[name].label},
        bars=[bar(row) for row in rows],
    )
    return Figure(chart, columns, rows)


def _finding(rows: Sequence[Row], name: str) -> str:
    """Say how the last year differs from the one before."""
    if len(rows) < 2 or not rows[-2][name]:
        return gettext("Cost by fiscal year")
    before, now = rows[-2], rows[-1]
    words: dict[str, Any] = {
        "year": now["year"],
        "before": before["year"],
        "amount": formats.money(abs(now[name] - before[name])),
        "share": formats.percent(abs(now[name] - before[name]) / formats.rounded(before[name], 0)),
    }
    if now[name] == before[name]:
        return gettext("%(year)s cost as much as %(before)s") % words
    if now[name] > before[name]:
        return gettext("%(year)s cost %(amount)s (%(share)s) more than %(before)s") % words
    return gettext("%(year)s cost %(amount)s (%(share)s) less than %(before)s") % words
