"""Exhibits 7 and 8: IMS files per officer."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit import formats
from jfo_portal.kit.access import Reader
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.reports import Parameters, register
from jfo_portal.kit.suppression import TOTAL, Atom, Key
from jfo_portal.kit.tables import Column
from registry.measures import publication
from registry.measures.publication import Facts, Hidden, Part, Sum, sums_of

from ..measures.activity import Activity, Group, Opened, Rule, Totals, totals
from ..measures.quality import caveats
from ..models import ActivityCount, ImsKind, ImsStatus
from .exhibits import PUBLISHED_YEAR, Exhibit, Row, Table, figure_column, not_shown, shown


@dataclass(frozen=True)
class Work:
    """What officers opened in a fiscal year, and the cells of region and group that a reader must not be shown.

    `hidden_beside` are those cells for the officers who opened nothing. `rule` says whose files are the JFO group's.
    """

    totals: Totals
    hidden: Hidden
    hidden_beside: Hidden
    rule: Rule = Rule.YEAR

    def in_region(self, region: str | None) -> list[tuple[Group, Key, Opened]]:
        """Return each group with its cell and what it opened, of one region or of all."""
        return [
            (group, (region or TOTAL, TOTAL if group == Group.ALL else group), self.totals.of(region, group))
            for group in Group
        ]

    def behind(self, region: str | None) -> list[Row]:
        """Return how many officers and files stand behind the figures, and how many tell nothing, by group."""
        rows = []
        for group, cell, opened in self.in_region(region):
            activity = opened.by_status
            figures = {
                "officers": activity.officers,
                "files": activity.total,
                "unspecified": activity.counts[ImsStatus.UNSPECIFIED],
            }
            figures = shown(figures, cell in self.hidden)
            figures |= shown({"without_files": activity.without_files}, cell in self.hidden_beside)
            rows.append({"group": group.value, "hidden": not_shown(figures)} | figures)
        return rows


def work_of(reader: Reader, year: FiscalYear, rule: Rule = Rule.YEAR) -> Work:
    """Return the work of all officers in the year; four queries by the rule of the year.

    By both rules together somebody could work out what a few officers opened: who does not see everybody is shown
    their own regions alone by that of the day.
    """
    decided = year if rule == Rule.YEAR else None
    hidden, hidden_beside = (publication.hidden_from(reader, decided, table) for table in (FILES, WITHOUT_FILES))
    return Work(totals(year, rule=rule), hidden, hidden_beside, rule)


# The tables that take part in the decision on what is shown (registry.measures.publication).
FILES, WITHOUT_FILES = publication.Table("activity"), publication.Table("activity-without-files")


def _parts(facts: Facts) -> Iterable[Part]:
    """Return who counts in which region and group: with the files opened, as an officer with files, as one without.

    An officer with files in several regions is one of each, and one of all.
    """
    year = facts.year
    on_jfo = {row.officer_id for row in facts.served}
    filed: dict[int, dict[int, str]] = defaultdict(dict)
    for officer, region, code in (
        ActivityCount.objects.filter(fiscal_year=year.start_year)
        .order_by()
        .values_list("officer_id", "region_id", "region__code")
    ):
        filed[officer][region] = facts.codes[region] = code
    for key, person in facts.people.items():
        group = Group.JFO if key in on_jfo else Group.NON_JFO
        counted: dict[Sum, int] = {}
        for region, code in filed.get(key, {}).items():
            yield Part(Atom("files", key, code), {*person.told, region}, sums_of(FILES, (code, group), "files"))
            counted |= sums_of(FILES, (code, group), "officers")
        if not counted and person.is_in_service(year.first_day, year.last_day):
            counted = sums_of(WITHOUT_FILES, (person.home, group))
        if counted:
            yield facts.counted(person, counted)


publication.register(10, [FILES, WITHOUT_FILES], _parts)


@dataclass(frozen=True)
class ActivityParameters(Parameters):
    """What an exhibit of activity is asked about: also by which rule files are the JFO group's."""

    rule: Rule = Rule.YEAR

    def as_dict(self) -> dict[str, str | None]:
        """Return the parameters as an address or a script writes them; the rule only where it is not the usual one."""
        return super().as_dict() | ({} if self.rule == Rule.YEAR else {"rule": self.rule.value})


def rule_of(parameters: Parameters) -> Rule:
    """Return the rule asked for; that of the year where none is."""
    return parameters.rule if isinstance(parameters, ActivityParameters) else Rule.YEAR


def _rule(text: str) -> Rule:
    try:
        return Rule(text.strip().lower() or Rule.YEAR)
    except ValueError:
        raise ValueError(
            gettext("There is no rule “%(text)s”. Choose one of these: %(rules)s.")
            % {"text": text, "rules": ", ".join(Rule.values)}
        ) from None


class ActivityExhibit(Exhibit):
    """Files per officer in a fiscal year: JFO officers, the others, and all (domain rule 10)."""

    uses = ("fy", "region", "rule")
    names: ClassVar[Sequence[str]]

    def activity(self, opened: Opened) -> Activity:
        """Return what was opened by the names of the columns."""
        raise NotImplementedError

    def parameters(self, data: Mapping[str, str]) -> ActivityParameters:
        return ActivityParameters(**vars(super().parameters(data)), rule=_rule(data.get("rule", "")))

    def refusal(self, reader: Reader, parameters: Parameters) -> str:
        if rule_of(parameters) == Rule.YEAR or reader.sees_everything:
            return ""
        return gettext(
            "The rule of the day is for those who see the officers of every region: with both rules, figures of a few "
            "officers of other regions could be worked out. Choose the rule of the year."
        )

    def is_as_published(self, parameters: Parameters) -> bool:
        return super().is_as_published(parameters) and rule_of(parameters) == Rule.YEAR

    def why_not_compared(self, parameters: Parameters) -> str:
        if rule_of(parameters) == Rule.YEAR:
            return super().why_not_compared(parameters)
        return gettext(
            "Nothing is compared: the evaluation published figures by the rule of the year, for %(year)s and all "
            "regions alone."
        ) % {"year": PUBLISHED_YEAR}

    def figures_of(self, activity: Activity) -> Row:
        """Return the means as they are printed, to one decimal."""
        return {name: _mean(activity.mean(name)) for name in self.names}

    def table(self, reader: Reader, parameters: Parameters) -> Table:
        return self.table_of(work_of(reader, parameters.fiscal_year, rule_of(parameters)), parameters.region)

    def table_of(self, work: Work, region: str | None) -> Table:
        """Return the rows and notes of one region's files, or of all."""
        rows = []
        for group, cell, opened in work.in_region(region):
            activity = self.activity(opened)
            figures = shown({"officers": activity.officers} | self.figures_of(activity), cell in work.hidden)
            rows.append(
                {
                    "group": group.value,
                    "without_files": None if cell in work.hidden_beside else activity.without_files,
                    "hidden": frozenset(figures) if cell in work.hidden else frozenset(),
                }
                | figures
            )
        return Table(rows, {}, [*_rule_notes(work.rule), *caveats(work.behind(region))])


def _mean(value: Decimal | None) -> Decimal | None:
    return None if value is None else formats.rounded(value, 1)


def _rule_notes(rule: Rule) -> list[str]:
    return [
        str(rule.label),
        gettext("Officers are those who opened at least one file in the year; each mean is files per such officer."),
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

    def activity(self, opened: Opened) -> Activity:
        return opened.by_kind

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

    def activity(self, opened: Opened) -> Activity:
        return opened.by_status
