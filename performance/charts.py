"""The charts of exhibits and dashboards: rows already worked out go in, a finding in words and its drawing come out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.text import get_text_list
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit import formats
from jfo_portal.kit.charts import (
    Bar,
    Bars,
    Chart,
    Dot,
    DotPlot,
    DotRow,
    GroupedBars,
    Panel,
    Series,
    StackedBar,
    StackedBars,
)
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.reports import Parameters
from jfo_portal.kit.tables import Column, cells
from registry.models import Kind, Region

from .measures.activity import Group
from .reports.activity import ActivityByKind, ActivityByStatus
from .reports.arrangements import clause_heading
from .reports.cost import CostByKind, CostByRegion
from .reports.exhibits import KIND_CODES, KINDS, Row, figure_column, subtotal

# From a row of an exhibit and a column of it to the list behind the figure; True for a row of all regions that stands
# beside a region's.
ToList = Callable[[Row, str, bool], str | None]


def to_nothing(_row: Row, _name: str, _is_national: bool) -> str | None:
    """Return no list: for figures without links."""
    return None


# The look of a group of officers in every chart.
STYLES = {Group.JFO: "series-1", Group.NON_JFO: "series-2", Group.ALL: "series-3"}

KIND_LABELS = {
    Kind.BINATIONAL: _("Bi-national JFOs"),
    Kind.NATIONAL: _("National JFOs"),
    Kind.REGIONAL: _("Regional JFOs"),
}


def too_few() -> str:
    """Return what stands in place of a figure about too few people."""
    return gettext("Too few to show (fewer than %(number)s officers)") % {"number": settings.SMALL_GROUP}


@dataclass(frozen=True)
class Figure:
    """A chart, and the typed rows behind it that make its table and its CSV file."""

    chart: Chart
    columns: Sequence[Column]
    rows: Sequence[Row]

    def without_table(self) -> "Figure":
        """Return the figure for a page that shows the same rows elsewhere."""
        return replace(self, chart=replace(self.chart, headers=(), rows=()))


def make_figure(kind: Callable[..., Chart], columns: Sequence[Column], rows: Sequence[Row], **drawing: Any) -> Figure:
    """Return the figure of a chart of that kind, whose words and marks are given by name."""
    headers = [column.label for column in columns]
    return Figure(kind(headers=headers, rows=[cells(columns, row) for row in rows], **drawing), columns, rows)


def linked(columns: Sequence[Column], to_list: Callable[[Row, str], str | None]) -> list[Column]:
    """Return the columns, each figure of which leads to the list behind it."""
    return [replace(column, href=partial(_href, column.name, to_list)) for column in columns]


def _href(name: str, to_list: Callable[[Row, str], str | None], row: Row) -> str | None:
    return to_list(row, name)


@dataclass(frozen=True)
class Places:
    """How the regions are called, and where their pages for a fiscal year are."""

    regions: Mapping[str, Region]
    year: FiscalYear

    def label(self, code: str | None) -> str:
        """Return the region's name with its code, both in the active language; None stands for all regions."""
        if code is None:
            return gettext("All regions")
        region = self.regions.get(code)
        return gettext("%(name)s (%(code)s)") % {"name": region.name, "code": region.short} if region else code

    def short(self, code: str) -> str:
        """Return the region's short form in the active language."""
        region = self.regions.get(code)
        return str(region.short) if region else code

    def href(self, code: str) -> str:
        """Return the address of the region's page."""
        return f"{reverse('performance-region', args=[code])}?fy={self.year}"

    def column(self) -> Column:
        """Return the column of a row's region: in words on the page, linked to the region's page, by code in files."""
        return Column(
            "region",
            _("Region"),
            text=lambda row: self.label(row["region"]),
            href=lambda row: self.href(row["region"]),
            is_header=True,
        )


# Activity


@dataclass(frozen=True)
class Side:
    """A group of officers set beside another: its row of Exhibit 7 or 8, and the row to see it against, if any."""

    group: Group
    row: Row
    reference: Row | None = None

    @property
    def label(self) -> str:
        return _with_n(str(self.group.label), self.row)

    @property
    def reference_label(self) -> str:
        return _with_n(gettext("National: %(group)s") % {"group": self.group.label}, self.reference or {})


def _with_n(label: str, row: Row) -> str:
    """Return the label with the number of officers behind the row, where that is shown."""
    number = row.get("officers")
    if number is None:
        return label
    return gettext("%(group)s (n = %(number)s)") % {"group": label, "number": formats.number(number)}


def sides(rows: Sequence[Row], groups: Sequence[Group] = tuple(Group), national: Sequence[Row] = ()) -> list[Side]:
    """Return the groups asked for, each with the national row of its own where those are given."""
    of_group = {row["group"]: row for row in rows}
    national_of = {row["group"]: row for row in national}
    return [Side(group, of_group[group], national_of.get(group)) for group in groups]


def region_groups(rows: Sequence[Row]) -> list[Group]:
    """Return the groups to show of a region: JFO officers and others, or all together if only all may be shown."""
    is_hidden = {row["group"]: bool(row["hidden"]) for row in rows}
    if (is_hidden[Group.JFO] or is_hidden[Group.NON_JFO]) and not is_hidden[Group.ALL]:
        return [Group.ALL]
    return [Group.JFO, Group.NON_JFO]


def _mean_text(row: Row, name: str) -> str:
    if name in row["hidden"]:
        return too_few()
    return gettext("No officer with files") if row[name] is None else formats.text(row[name], "decimal")


def _bar_text(side: Side, name: str) -> str:
    text = _mean_text(side.row, name)
    if side.reference is None or side.row[name] is None:
        return text
    return gettext("%(value)s (national: %(national)s)") % {"value": text, "national": _mean_text(side.reference, name)}


def _sides_table(
    heading: str | Promise, shown: Sequence[Side], labels: Mapping[str, str | Promise], to_list: ToList
) -> tuple[list[Column], list[Row]]:
    """Return the table of a kind or status a row and a group a column, the national groups after the region's."""
    lines = [(side.group.value, side.label, side.row) for side in shown]
    lines += [(f"national_{side.group}", side.reference_label, side.reference) for side in shown if side.reference]
    columns = [Column("name", heading, is_header=True)]
    columns += [
        replace(
            figure_column(name, label, "decimal"),
            href=partial(_line_href, to_list, of_line, name.startswith("national_")),
        )
        for name, label, of_line in lines
    ]
    rows = [
        {"name": label, "code": name, "hidden": frozenset(line for line, _label, row in lines if name in row["hidden"])}
        | {line: row[name] for line, _label, row in lines}
        for name, label in labels.items()
    ]
    return columns, rows


def _line_href(to_list: ToList, of_line: Row, is_national: bool, row: Row) -> str | None:
    return to_list(of_line, row["code"], is_national)


def activity_by_kind(shown: Sequence[Side], place: str, year: FiscalYear, to_list: ToList = to_nothing) -> Figure:
    """Return Exhibit 7 as a dot plot: a shape for each group, the national groups in shapes of their own."""
    labels = {name: ActivityByKind().column(name).label for name in (*ActivityByKind.names, "total")}
    columns, rows = _sides_table(_("Kind of file"), shown, labels, to_list)
    series = [Series(side.label, STYLES[side.group]) for side in shown]
    series += [Series(side.reference_label, "series-3") for side in shown if side.reference]
    lines = [(side.row, False) for side in shown] + [(side.reference, True) for side in shown if side.reference]
    return make_figure(
        DotPlot,
        columns,
        rows,
        id="kinds",
        title=_kind_finding(shown),
        description=gettext(
            "%(place)s: mean number of IMS files that an officer with at least one file opened "
            "in fiscal year %(year)s, by kind."
        )
        % {"year": year, "place": place},
        series=series,
        categories=[
            DotRow(
                label,
                [Dot(row[name], _mean_text(row, name), to_list(row, name, is_national)) for row, is_national in lines],
            )
            for name, label in labels.items()
        ],
    )


def _pair(shown: Sequence[Side], name: str) -> tuple[Decimal, Decimal] | None:
    """Return the figure of JFO officers and that of the others; None where one is not known or not shown."""
    values = {side.group: side.row[name] for side in shown}
    jfo, others = values.get(Group.JFO), values.get(Group.NON_JFO)
    return None if jfo is None or others is None else (jfo, others)


def _kind_finding(shown: Sequence[Side]) -> str:
    pair = _pair(shown, "total")
    if pair is None:
        return gettext("IMS files per officer, by kind")
    jfo, others = pair
    if jfo > others:
        sentence = gettext("JFO officers opened more files each than other officers: %(jfo)s against %(others)s")
    elif jfo < others:
        sentence = gettext("JFO officers opened fewer files each than other officers: %(jfo)s against %(others)s")
    else:
        sentence = gettext("JFO officers and other officers opened equally many files each: %(jfo)s")
    return sentence % {"jfo": formats.text(jfo, "decimal"), "others": formats.text(others, "decimal")}


def activity_by_status(shown: Sequence[Side], place: str, year: FiscalYear, to_list: ToList = to_nothing) -> Figure:
    """Return Exhibit 8 as small multiples of bars: a panel for each status, the national value a line across a bar."""
    labels = {name: ActivityByStatus().column(name).label for name in ActivityByStatus.names}
    columns, rows = _sides_table(_("Status of file"), shown, labels, to_list)
    description = gettext(
        "%(place)s: mean number of IMS files that an officer with at least one file opened "
        "in fiscal year %(year)s, by status."
    )
    if any(side.reference for side in shown):
        description = gettext(
            "%(place)s: mean number of IMS files that an officer with at least one file opened "
            "in fiscal year %(year)s, by status. The line across a bar marks the national value."
        )
    return make_figure(
        GroupedBars,
        columns,
        rows,
        id="statuses",
        title=_status_finding(shown, labels),
        description=description % {"year": year, "place": place},
        panels=[
            Panel(
                label,
                [
                    Bar(
                        side.group.label,
                        side.row[name],
                        _bar_text(side, name),
                        href=to_list(side.row, name, False),
                        css=STYLES[side.group],
                        reference=side.reference[name] if side.reference else None,
                    )
                    for side in shown
                ],
            )
            for name, label in labels.items()
        ],
    )


def _status_finding(shown: Sequence[Side], labels: Mapping[str, str | Promise]) -> str:
    pairs = {name: pair for name in labels if (pair := _pair(shown, name))}
    if not pairs:
        return gettext("IMS files per officer, by status")
    widest = max(pairs, key=lambda name: abs(pairs[name][0] - pairs[name][1]))
    jfo, others = (formats.text(value, "decimal") for value in pairs[widest])
    return gettext(
        "The gap is widest for the status “%(status)s”: %(jfo)s files per JFO officer, %(others)s per other officer"
    ) % {"status": labels[widest], "jfo": jfo, "others": others}


def activity_by_region(
    tables: Mapping[str, Sequence[Row]],
    national: Sequence[Row],
    places: Places,
    to_list: Callable[[Row, str], str | None] = lambda _row, _name: None,
) -> Figure:
    """Return files of all kinds per officer, by region, as a dot plot whose marks lead to the regions."""
    groups = (Group.JFO, Group.NON_JFO)
    rows = sorted((_region_row(code, table) for code, table in tables.items()), key=_highest_first)
    lines: list[tuple[str, Row, str | None]] = [(places.label(None), _region_row("", national), None)]
    lines += [(places.label(row["region"]), row, places.href(row["region"])) for row in rows]
    columns = [
        places.column(),
        *linked(
            [
                figure_column("jfo_officers", _("JFO officers (n)"), "integer"),
                figure_column("jfo", _("Files per JFO officer"), "decimal"),
                figure_column("non_jfo_officers", _("Other officers (n)"), "integer"),
                figure_column("non_jfo", _("Files per other officer"), "decimal"),
            ],
            to_list,
        ),
    ]
    return make_figure(
        DotPlot,
        columns,
        rows,
        id="regions",
        title=_region_finding(rows),
        description=gettext(
            "Mean number of IMS files of every kind that an officer with at least one file opened in fiscal year "
            "%(year)s, by the region of the files. A region’s marks lead to its page."
        )
        % {"year": places.year},
        series=[Series(group.label, STYLES[group]) for group in groups],
        categories=[
            DotRow(label, [Dot(row[group], _mean_text(row, group), address) for group in groups])
            for label, row, address in lines
        ],
    )


def _region_row(code: str, table: Sequence[Row]) -> Row:
    found: Row = {"region": code}
    hidden: set[str] = set()
    for row in table:
        names = {row["group"]: "total", f"{row['group']}_officers": "officers"}
        found |= {name: row[source] for name, source in names.items()}
        hidden |= {name for name, source in names.items() if source in row["hidden"]}
    return found | {"hidden": frozenset(hidden)}


def _highest_first(row: Row) -> tuple[bool, Decimal, str]:
    """Sort by the files per JFO officer; regions not shown come last, in no order of theirs."""
    return row[Group.JFO] is None, -(row[Group.JFO] or Decimal(0)), row["region"]


def _region_finding(rows: Sequence[Row]) -> str:
    shown = [row for row in rows if row[Group.JFO] is not None and row[Group.NON_JFO] is not None]
    if not shown:
        return gettext("IMS files per officer, by region")
    numbers = {
        "more": formats.number(sum(row[Group.JFO] > row[Group.NON_JFO] for row in shown)),
        "count": formats.number(len(shown)),
    }
    if len(shown) < len(rows):
        return (
            ngettext(
                "JFO officers opened more files each than other officers in %(more)s of the %(count)s region shown",
                "JFO officers opened more files each than other officers in %(more)s of the %(count)s regions shown",
                len(shown),
            )
            % numbers
        )
    return (
        ngettext(
            "JFO officers opened more files each than other officers in %(more)s of %(count)s region",
            "JFO officers opened more files each than other officers in %(more)s of %(count)s regions",
            len(shown),
        )
        % numbers
    )


# Cost


def _cost_bar(row: Row, label: str | Promise, *, href: str | None = None, is_part: bool = False) -> Bar:
    if row["salaries"] is None:
        return Bar(label, None, too_few(), href=href, is_part=is_part)
    fte = gettext("%(fte)s FTE") % {"fte": formats.text(row["fte"], "fte")}
    return Bar(label, row["salaries"], formats.money(row["salaries"]), href=href, is_part=is_part, aside=fte)


def _cost_finding(rows: Sequence[tuple[str, Row]], total: int | None, neutral: str) -> str:
    shown = [(label, row["salaries"]) for label, row in rows if row["salaries"]]
    if not shown:
        return neutral
    label, most = max(shown, key=lambda pair: pair[1])
    words = {"label": label, "salaries": formats.money(most)}
    if not total or any(row["salaries"] is None for _label, row in rows):
        return gettext("Largest salaries shown: %(label)s, %(salaries)s") % words
    return gettext("Largest salaries: %(label)s, %(salaries)s, %(share)s of the total") % (
        words | {"share": formats.percent(Decimal(most) / total)}
    )


def cost_by_region(
    rows: Sequence[Row],
    total: int | None,
    places: Places,
    to_list: Callable[[Row, str], str | None] = lambda _row, _name: None,
) -> Figure:
    """Return Exhibit 11 as bars, the largest first, with the FTE in a column beside them."""
    labelled = [(places.label(row["region"]), row) for row in rows]
    return make_figure(
        Bars,
        [places.column(), *linked(CostByRegion.cost_columns, to_list)],
        rows,
        id="cost",
        title=_cost_finding(labelled, total, gettext("Salaries and FTE by region")),
        description=gettext(
            "Salaries of officers on JFOs for the days of fiscal year %(year)s, by the JFO’s region, without employee "
            "benefits. At the right: FTE on %(day)s."
        )
        % {"year": places.year, "day": formats.day(places.year.last_day)},
        bars=[_cost_bar(row, label, href=places.href(row["region"])) for label, row in labelled],
    )


def cost_by_kind(
    rows: Sequence[Row],
    total: int | None,
    place: str,
    year: FiscalYear,
    to_list: Callable[[Row, str], str | None] = lambda _row, _name: None,
) -> Figure:
    """Return Exhibit 12 as nested bars: a kind of JFO, then its programs."""
    by_kind = grouped(rows, lambda row: KINDS[row["kind"]])
    bars = []
    labelled = []
    for kind, of_kind in sorted(by_kind.items(), key=lambda pair: subtotal(pair[1], "salaries") or 0, reverse=True):
        whole: Row = {"kind": KIND_CODES[kind], "program": ""}
        whole |= {name: subtotal(of_kind, name) for name in ("salaries", "fte")}
        label = str(KIND_LABELS[kind])
        labelled.append((label, whole))
        bars.append(_cost_bar(whole, label, href=to_list(whole, "salaries")))
        bars += [
            _cost_bar(row, row["program"], href=to_list(row, "salaries"), is_part=True)
            for row in of_kind
            if row["program"]
        ]
    return make_figure(
        Bars,
        [
            column if column.name in ("kind", "program") else linked([column], to_list)[0]
            for column in CostByKind.columns
        ],
        rows,
        id="cost",
        title=_cost_finding(labelled, total, gettext("Salaries and FTE by kind of JFO")),
        description=gettext(
            "%(place)s: salaries of officers on JFOs for the days of fiscal year %(year)s, by kind of JFO and "
            "program, without employee benefits. At the right: FTE on %(day)s."
        )
        % {"year": year, "day": formats.day(year.last_day), "place": place},
        bars=bars,
    )


# Arrangements


def coverage_by_region(rows: Sequence[Row], places: Places, day: str) -> Figure:
    """Return Exhibit 5 as stacked bars, solid and hatched, the region with most JFOs uncovered first."""
    counts = []
    for code, of_region in grouped(rows, lambda row: row["region"]).items():
        covered = sum(row["wca"] for row in of_region)
        counts.append({"region": code, "yes": covered, "no": len(of_region) - covered, "jfos": len(of_region)})
    counts.sort(key=lambda row: (-row["no"], row["region"]))
    covered, uncovered = sum(row["yes"] for row in counts), sum(row["no"] for row in counts)
    return make_figure(
        StackedBars,
        [
            places.column(),
            Column("yes", _("Covered"), "integer"),
            Column("no", _("Not covered"), "integer"),
            Column("jfos", _("JFOs"), "integer"),
        ],
        counts,
        id="coverage",
        title=ngettext(
            "An arrangement in force covers %(covered)s of %(jfos)s JFO; %(uncovered)s without one",
            "An arrangement in force covers %(covered)s of %(jfos)s JFOs; %(uncovered)s without one",
            len(rows),
        )
        % {
            "covered": formats.number(covered),
            "jfos": formats.number(len(rows)),
            "uncovered": formats.number(uncovered),
        },
        description=gettext("JFOs active on %(day)s, by region, and whether an arrangement in force covers them.")
        % {"day": day},
        series=[Series(_("Covered"), "series-1"), Series(_("Not covered"), "series-2", is_hatched=True)],
        bars=[
            StackedBar(
                places.label(row["region"]),
                (row["yes"], row["no"]),
                gettext("%(yes)s covered, %(no)s not")
                % {"yes": formats.number(row["yes"]), "no": formats.number(row["no"])},
            )
            for row in counts
        ],
    )


def clauses_met(rows: Sequence[Row], day: str) -> Figure:
    """Return Exhibit 6 as bars of the arrangements that meet each clause."""
    reviewed = formats.number(rows[0]["reviewed"])
    return make_figure(
        Bars,
        [
            Column("clause", _("Clause"), is_header=True),
            Column("met", _("Met"), "integer"),
            Column("reviewed", _("Reviewed"), "integer"),
        ],
        rows,
        id="clauses",
        title=_clause_finding(rows),
        description=gettext("Arrangements with an approved assessment on %(day)s that meet each clause in full.")
        % {"day": day},
        bars=[
            Bar(
                clause_heading(row["clause"], row["title"]),
                row["met"],
                gettext("%(met)s of %(reviewed)s") % {"met": formats.number(row["met"]), "reviewed": reviewed},
            )
            for row in rows
        ],
        max_value=rows[0]["reviewed"],
    )


def _clause_finding(rows: Sequence[Row]) -> str:
    least = min(row["met"] for row in rows)
    letters = [row["clause"] for row in rows if row["met"] == least]
    words = {
        "letters": get_text_list(letters, gettext("and")),
        "met": formats.number(least),
        "reviewed": formats.number(rows[0]["reviewed"]),
    }
    if least == 0:
        return (
            ngettext(
                "Clause %(letters)s is met by none of the %(reviewed)s arrangements reviewed",
                "Clauses %(letters)s are met by none of the %(reviewed)s arrangements reviewed",
                len(letters),
            )
            % words
        )
    return (
        ngettext(
            "Clause %(letters)s is met least often: by %(met)s of the %(reviewed)s arrangements reviewed",
            "Clauses %(letters)s are met least often: by %(met)s of the %(reviewed)s arrangements reviewed",
            len(letters),
        )
        % words
    )


# Exhibits


def figure_of(
    slug: str,
    rows: Sequence[Row],
    totals: Mapping[str, Any],
    parameters: Parameters,
    places: Places,
    *,
    to_list: Callable[[Row, str], str | None] = lambda _row, _name: None,
) -> Figure | None:
    """Return the chart of an exhibit; None for one that is a table alone, or holds nothing to draw.

    Where the exhibit's own rows are the chart's, they are not repeated beside it.
    """
    year = parameters.fiscal_year
    place = places.label(parameters.region)
    day = formats.long_day(parameters.as_of)
    salaries = totals.get("salaries")

    def of_group(row: Row, name: str, _is_national: bool) -> str | None:
        return to_list(row, name)

    if not rows:
        return None
    match slug:
        case "exhibit-5":
            return coverage_by_region(rows, places, day)
        case "exhibit-6" if rows[0]["reviewed"]:
            return clauses_met(rows, day).without_table()
        case "exhibit-7":
            return activity_by_kind(sides(rows), place, year, of_group).without_table()
        case "exhibit-8":
            return activity_by_status(sides(rows), place, year, of_group).without_table()
        case "exhibit-11":
            return cost_by_region(rows, salaries, places).without_table()
        case "exhibit-12":
            return cost_by_kind(rows, salaries, place, year, to_list).without_table()
    return None
