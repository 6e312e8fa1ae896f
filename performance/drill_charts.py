"""The charts of one JFO and of one officer: their files beside the mean of others, and month by month."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit import formats
from jfo_portal.kit.charts import Bar, Bars, Dot, DotPlot, DotRow, GroupedBars, Panel, Series
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.tables import Column

from .charts import Figure, make_figure
from .file_filters import month_code
from .measures.activity import Activity
from .models import ImsKind, ImsStatus

# From what narrows the files to the list of them; None where there is none.
ToFiles = Callable[..., str | None]


@dataclass(frozen=True)
class Beside:
    """Whose files are shown, and beside whose: each with the words of it. `is_one` says that it is one officer's."""

    label: str
    own: Activity
    reference_label: str
    reference: Activity
    is_one: bool = False


def _rows(beside: Beside, labels: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = [
        {
            "name": labels[name],
            "code": name,
            "files": beside.own.counts[name],
            "mean": beside.own.mean(name),
            "reference": beside.reference.mean(name),
        }
        for name in labels
    ]
    total = {"name": _("All"), "code": "", "files": beside.own.total}
    return [*rows, total | {"mean": beside.own.mean_total, "reference": beside.reference.mean_total}]


def _columns(beside: Beside, heading: Any, query: str, to_files: ToFiles) -> list[Column]:
    def href(row: dict[str, Any]) -> str | None:
        if not row["files"]:
            return None
        return to_files(**({query: row["code"]} if row["code"] else {}))

    means = [] if beside.is_one else [Column("mean", beside.label, "decimal", href=href)]
    return [
        Column("name", heading, is_header=True),
        Column("files", _("Files"), "integer", href=href),
        *means,
        Column("reference", beside.reference_label, "decimal"),
    ]


def _mean_text(value: Any) -> str:
    return gettext("No officer with files") if value is None else formats.text(value, "decimal")


def _own_text(row: dict[str, Any], beside: Beside) -> str:
    return formats.number(row["files"]) if beside.is_one else _mean_text(row["mean"])


def _finding(beside: Beside) -> str:
    own, others = beside.own.mean_total, beside.reference.mean_total
    if own is None or others is None:
        return gettext("IMS files, by kind")
    words = {"own": formats.number(own, 0 if beside.is_one else 1), "others": formats.number(others, 1)}
    if beside.is_one:
        return gettext("%(own)s files in the year; the mean of those compared: %(others)s") % words
    return gettext("%(own)s files per officer; those compared: %(others)s") % words


def by_kind(beside: Beside, year: FiscalYear, to_files: ToFiles) -> Figure:
    """Return the files by kind as a dot plot, a shape for those shown and one for those compared."""
    rows = _rows(beside, dict(ImsKind.choices))
    columns = _columns(beside, _("Kind of file"), "kind", to_files)
    href = columns[1].href or (lambda _row: None)
    return make_figure(
        DotPlot,
        columns,
        rows,
        id="kinds",
        title=_finding(beside),
        description=gettext(
            "IMS files opened in fiscal year %(year)s, by kind. Shown: %(label)s. Compared: %(reference)s; "
            "each mean is of the officers with at least one file."
        )
        % _words(beside, year),
        series=[Series(beside.label, "series-1"), Series(beside.reference_label, "series-3")],
        categories=[
            DotRow(
                row["name"],
                [
                    Dot(row["mean"], _own_text(row, beside), href(row)),
                    Dot(row["reference"], _mean_text(row["reference"])),
                ],
            )
            for row in rows
        ],
    )


def by_status(beside: Beside, year: FiscalYear, to_files: ToFiles) -> Figure:
    """Return the files by status as small multiples of bars, the mean of those compared a line across each."""
    rows = _rows(beside, dict(ImsStatus.choices))[:-1]
    columns = _columns(beside, _("Status of file"), "status", to_files)
    href = columns[1].href or (lambda _row: None)
    return make_figure(
        GroupedBars,
        columns,
        rows,
        id="statuses",
        title=_status_finding(rows, beside),
        description=gettext(
            "IMS files opened in fiscal year %(year)s, by status. Shown: %(label)s. Compared: %(reference)s, the line "
            "across a bar; each mean is of the officers with at least one file."
        )
        % _words(beside, year),
        panels=[
            Panel(
                row["name"],
                [
                    Bar(
                        beside.label,
                        row["mean"],
                        gettext("%(value)s (compared: %(others)s)")
                        % {"value": _own_text(row, beside), "others": _mean_text(row["reference"])},
                        href(row),
                        reference=row["reference"],
                    )
                ],
            )
            for row in rows
        ],
    )


def _status_finding(rows: list[dict[str, Any]], beside: Beside) -> str:
    most = max(rows, key=lambda row: row["files"])
    if not most["files"]:
        return gettext("IMS files, by status")
    share = formats.percent(most["files"] / beside.own.total)
    return gettext("Most of the files are of the status “%(status)s”: %(share)s") % {
        "status": most["name"],
        "share": share,
    }


def _words(beside: Beside, year: FiscalYear) -> dict[str, Any]:
    return {"year": year, "label": beside.label, "reference": beside.reference_label}


def by_month(months: Mapping[date, int], label: str, year: FiscalYear, to_files: ToFiles) -> Figure:
    """Return the files by month of opening as bars, in the order of the months."""
    rows: list[dict[str, Any]] = [{"month": month_code(month), "files": number} for month, number in months.items()]

    def href(row: dict[str, Any]) -> str | None:
        return to_files(month=row["month"]) if row["files"] else None

    most = max(rows, key=lambda row: row["files"])
    return make_figure(
        Bars,
        [Column("month", _("Month"), is_header=True), Column("files", _("Files"), "integer", href=href)],
        rows,
        id="months",
        title=gettext("Most files were opened in %(month)s: %(files)s")
        % {"month": most["month"], "files": formats.number(most["files"])},
        description=gettext("%(label)s: IMS files opened in each month of fiscal year %(year)s.")
        % {"label": label, "year": year},
        bars=[Bar(row["month"], row["files"], formats.number(row["files"]), href(row)) for row in rows],
    )
