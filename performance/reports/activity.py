"""Exhibits 7 and 8: IMS files per officer."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit import formats
from jfo_portal.kit.access import Reader
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.reports import Parameters, register
from jfo_portal.kit.suppression import TOTAL, Key
from jfo_portal.kit.tables import Column
from registry.measures.privacy import hidden_from
from registry.models import Officer

from ..measures.activity import Activity, Group, Rule, Tally, by_kind, by_status, groups, tallies
from ..models import ImsFile, ImsKind, ImsStatus
from .exhibits import Exhibit, Row, Table, figure_column, not_shown, shown


@dataclass(frozen=True)
class Work:
    """What officers opened in a fiscal year, and the cells of region and group that a reader must not be shown.

    `hidden_beside` are those cells for the officers who opened nothing.
    """

    tallies: Sequence[Tally]
    hidden: frozenset[Key]
    hidden_beside: frozenset[Key]

    def in_region(self, region: str | None) -> list[tuple[Group, Key, list[Tally]]]:
        """Return each group with its cell and its tallies, of one region or of all."""
        rows = [row for row in self.tallies if region in (None, row.region)]
        return [
            (group, (region or TOTAL, TOTAL if group == Group.ALL else group), of_group)
            for group, of_group in groups(rows).items()
        ]

    def behind(self, region: str | None) -> list[Row]:
        """Return how many officers and files stand behind the figures, and how many tell nothing, by group."""
        rows = []
        for group, cell, of_group in self.in_region(region):
            activity = by_status(of_group)
            figures = {
                "officers": activity.officers,
                "files": activity.total,
                "unspecified": activity.counts[ImsStatus.UNSPECIFIED],
            }
            figures = shown(figures, cell in self.hidden)
            figures |= shown({"without_files": activity.without_files}, cell in self.hidden_beside)
            rows.append({"group": group.value, "hidden": not_shown(figures)} | figures)
        return rows


def work_of(reader: Reader, year: FiscalYear) -> Work:
    """Return the work of all officers in the year; three queries."""
    found = tallies(ImsFile.objects.all(), Officer.objects.all(), year)
    with_files, without_files = ([row for row in found if bool(row.counts) == wanted] for wanted in (True, False))
    return Work(
        found,
        *(hidden_from(reader, rows, lambda row: (row.region, row.group)) for rows in (with_files, without_files)),
    )


class ActivityExhibit(Exhibit):
    """Files per officer in a fiscal year: JFO officers, the others, and all (domain rule 10)."""

    uses = ("fy", "region")
    names: ClassVar[Sequence[str]]

    def activity(self, rows: Sequence[Tally]) -> Activity:
        """Return the tallies by the names of the columns."""
        raise NotImplementedError

    def figures_of(self, activity: Activity) -> Row:
        """Return the means as they are printed, to one decimal."""
        return {name: _mean(activity.mean(name)) for name in self.names}

    def table(self, reader: Reader, parameters: Parameters) -> Table:
        return self.table_of(work_of(reader, parameters.fiscal_year), parameters.region)

    def table_of(self, work: Work, region: str | None) -> Table:
        """Return the rows and notes of one region's files, or of all."""
        rows = []
        for group, cell, of_group in work.in_region(region):
            activity = self.activity(of_group)
            figures = shown({"officers": activity.officers} | self.figures_of(activity), cell in work.hidden)
            rows.append(
                {
                    "group": group.value,
                    "without_files": None if cell in work.hidden_beside else activity.without_files,
                    "hidden": frozenset(figures) if cell in work.hidden else frozenset(),
                }
                | figures
            )
        return Table(rows, {}, [*_rule_notes(), *_without_files_notes(rows)])


def _mean(value: Decimal | None) -> Decimal | None:
    return None if value is None else formats.rounded(value, 1)


def _rule_notes() -> list[str]:
    return [
        str(Rule.YEAR.label),
        gettext("Officers are those who opened at least one file in the year; each mean is files per such officer."),
    ]


def _without_files_notes(rows: Sequence[Row]) -> list[str]:
    sentences = {
        Group.JFO: gettext("JFO officers of the year without a file: %(number)s."),
        Group.NON_JFO: gettext("Other officers in service during the year without a file: %(number)s."),
    }
    numbers = {row["group"]: row["without_files"] for row in rows}
    return [
        sentence % {"number": formats.number(numbers[group])}
        for group, sentence in sentences.items()
        if numbers[group] is not None
    ]


def group_column() -> Column:
    return Column("group", _("Group"), text=lambda row: str(Group(row["group"]).label), is_header=True)


@register
class ActivityByKind(ActivityExhibit):
    """Exhibit 7: files per officer by kind."""

    slug = "exhibit-7"
    title = _("Exhibit 7: IMS files per officer, by kind")
    description = _("How many files JFO officers and others opened in a fiscal year, on average, by kind.")
    names = ImsKind.values
    columns = (
        group_column(),
        figure_column("officers", _("Officers"), "integer"),
        figure_column("case", _("Cases"), "decimal"),
        figure_column("occurrence", _("Occurrences"), "decimal"),
        figure_column("project", _("Projects"), "decimal"),
        figure_column("ors", _("ORS entries"), "decimal"),
        figure_column("total", _("All kinds"), "decimal"),
    )

    def activity(self, rows: Sequence[Tally]) -> Activity:
        return by_kind(rows)

    def figures_of(self, activity: Activity) -> Row:
        return super().figures_of(activity) | {"total": _mean(activity.mean_total)}


@register
class ActivityByStatus(ActivityExhibit):
    """Exhibit 8: files per officer by status; those without one, which the evaluation leaves out, have a column."""

    slug = "exhibit-8"
    title = _("Exhibit 8: IMS files per officer, by status")
    description = _("How many files JFO officers and others opened in a fiscal year, on average, by status.")
    names = ImsStatus.values
    columns = (
        group_column(),
        figure_column("officers", _("Officers"), "integer"),
        figure_column("active", _("Active"), "decimal"),
        figure_column("closed", _("Closed"), "decimal"),
        figure_column("cancelled", _("Cancelled"), "decimal"),
        figure_column("pending", _("Pending"), "decimal"),
        figure_column("unspecified", _("Not specified"), "decimal"),
    )

    def activity(self, rows: Sequence[Tally]) -> Activity:
        return by_status(rows)
