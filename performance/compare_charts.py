"""The charts of one fiscal year against another, of many years, and of where: rows go in, a finding and its drawing
come out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit import formats
from jfo_portal.kit.change_charts import MOST_LINES, LinePanel, LinePanels, Slope, SlopeLine, Tile, TileGrid, shade_of
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.tables import Column

from .charts import Figure, Places, linked, make_figure
from .reports.exhibits import Row, figure_column

# Where the regions lie, about: column and row of the tile grid.
TILES = {
    "PAC": (0, 0),
    "PRA": (1, 0),
    "NOR": (2, 0),
    "QUE": (3, 0),
    "ATL": (4, 0),
    "WSC": (1, 1),
    "GTA": (2, 1),
    "NFE": (3, 1),
    "SOR": (2, 2),
}


@dataclass(frozen=True)
class Pair:
    """One thing in two fiscal years; a value is None where it is not known, or `hidden` from the reader.

    `lists` are the lists behind the two figures, `href` is where the thing itself is shown.
    """

    label: str
    before: Decimal | int | None
    after: Decimal | int | None
    is_before_hidden: bool = False
    is_after_hidden: bool = False
    lists: tuple[str | None, str | None] = (None, None)
    href: str | None = None

    @property
    def change(self) -> Decimal | int | None:
        return None if self.before is None or self.after is None else self.after - self.before


def _signed(value: Decimal | int | None, kind: str) -> str:
    if value is None:
        return formats.NO_VALUE
    sign = "+" if value > 0 else "−" if value < 0 else ""
    return sign + formats.text(abs(value), kind)


def _short(value: Decimal | int | None, kind: str, *, is_hidden: bool) -> str:
    """Return a value in a few characters: money in thousands of dollars."""
    if is_hidden:
        return gettext("n < %(number)s") % {"number": settings.SMALL_GROUP}
    if value is None:
        return formats.NO_VALUE
    return formats.number(Decimal(value) / 1000) if kind == "money" else formats.text(value, kind)


def two_years(
    name: str,
    pairs: Sequence[Pair],
    years: tuple[FiscalYear, FiscalYear],
    *,
    kind: str,
    heading: str | Promise,
    neutral: str,
    description: str,
) -> Figure:
    """Return a slope of the pairs; the table has every pair, the drawing the twelve that are greatest in the later
    year."""
    before, after = years
    rows: list[Row] = [
        {
            "name": pair.label,
            "before": pair.before,
            "after": pair.after,
            "change": pair.change,
            "hidden": frozenset(
                name
                for name, is_hidden in (("before", pair.is_before_hidden), ("after", pair.is_after_hidden))
                if is_hidden
            ),
            "lists": dict(zip(("before", "after"), pair.lists, strict=True)),
            "href": pair.href,
        }
        for pair in pairs
    ]
    columns = [
        Column("name", heading, href=lambda row: row["href"], is_header=True),
        *linked(
            [figure_column("before", str(before), kind), figure_column("after", str(after), kind)],
            lambda row, name: row["lists"][name],
        ),
        Column("change", _("Difference"), kind, text=lambda row: _signed(row["change"], kind)),
    ]
    drawn = sorted(pairs, key=lambda pair: (pair.after is None, -(pair.after or 0)))[:MOST_LINES]
    grown = [pair for pair in drawn if pair.change is not None and pair.change > 0]
    return make_figure(
        Slope,
        columns,
        rows,
        id=name,
        title=_pair_finding(pairs, kind, neutral),
        description=description,
        left=str(before),
        right=str(after),
        lines=[
            SlopeLine(
                pair.label,
                pair.before,
                pair.after,
                _short(pair.before, kind, is_hidden=pair.is_before_hidden),
                _short(pair.after, kind, is_hidden=pair.is_after_hidden),
                "series-1" if pair in grown else "series-3",
                pair.lists[1] or pair.href,
            )
            for pair in drawn
        ],
    )


def _pair_finding(pairs: Sequence[Pair], kind: str, neutral: str) -> str:
    known = [pair for pair in pairs if pair.change]
    if not known:
        return neutral
    most = max(known, key=lambda pair: abs(Decimal(pair.change or 0)))
    return gettext("%(title)s: the greatest change is %(label)s, %(change)s") % {
        "title": neutral,
        "label": most.label,
        "change": _signed(most.change, kind),
    }


@dataclass(frozen=True)
class Line:
    """One thing over many fiscal years, in their order."""

    label: str
    values: Sequence[int | Decimal | None]
    href: str | None = None


def many_years(
    name: str,
    lines: Sequence[Line],
    years: Sequence[FiscalYear],
    *,
    kind: str,
    heading: str | Promise,
    title: str,
    description: str,
    to_list: Callable[[int, FiscalYear], str | None] = lambda _number, _year: None,
) -> Figure:
    """Return small multiples of lines on one scale from zero, one panel for each thing; `to_list` takes the number of
    a line and a year."""
    rows: list[Row] = [
        {"name": line.label, "number": number, "href": line.href}
        | {str(year): value for year, value in zip(years, line.values, strict=True)}
        for number, line in enumerate(lines)
    ]

    def column(year: FiscalYear) -> Column:
        def href(row: Row) -> str | None:
            return to_list(row["number"], year) if row[str(year)] else None

        return Column(str(year), str(year), kind, href=href)

    return make_figure(
        LinePanels,
        [Column("name", heading, href=lambda row: row["href"], is_header=True), *map(column, years)],
        rows,
        id=name,
        title=title,
        description=description,
        first=str(years[0]),
        last=str(years[-1]),
        panels=[
            LinePanel(
                line.label,
                line.values,
                formats.text(line.values[-1], kind),
                line.href,
            )
            for line in lines
        ],
    )


def where(rows: Sequence[Row], places: Places, to_list: Callable[[Row, str], str | None]) -> Figure:
    """Return the regions as tiles with their FTE printed in them, each tile the way to the region's page."""
    by_code: Mapping[str, Any] = {row["region"]: row for row in rows}
    known = [row["fte"] for row in rows if row["fte"] is not None]
    greatest = max(known, default=0)
    regions = [code for code in places.regions if code in TILES and (code != "SOR" or code in by_code)]

    def value(code: str) -> Any:
        return by_code.get(code, {}).get("fte", 0 if code not in by_code else None)

    columns = [places.column(), *linked([figure_column("fte", _("FTE on the last day"), "fte")], to_list)]
    return make_figure(
        TileGrid,
        columns,
        list(rows),
        id="where",
        title=_where_finding(rows, places),
        description=gettext(
            "FTE of officers on JFOs on %(day)s, by the JFO’s region; the darker, the more. The tiles lie about as the "
            "regions do. A tile leads to the region’s page."
        )
        % {"day": formats.day(places.year.last_day)},
        tiles=[
            Tile(
                places.regions[code].short,
                _short(value(code), "fte", is_hidden=value(code) is None),
                *TILES[code],
                shade_of(value(code), greatest),
                places.href(code),
            )
            for code in regions
        ],
    )


def _where_finding(rows: Sequence[Row], places: Places) -> str:
    shown = [row for row in rows if row["fte"]]
    if not shown:
        return gettext("FTE on JFOs by region")
    most = max(shown, key=lambda row: row["fte"])
    words = {"region": places.label(most["region"]), "fte": formats.text(most["fte"], "fte")}
    if len(shown) < len(rows):
        return gettext("Most FTE of the regions shown: %(region)s, %(fte)s") % words
    return gettext("Most FTE on JFOs: %(region)s, %(fte)s") % words
