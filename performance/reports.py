"""The exhibits of the evaluation as reports: computed from the rows of now, beside what the evaluation published."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from operator import attrgetter
from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit import formats
from jfo_portal.kit.access import Reader
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.reports import Comparison, Parameters, Report, register
from jfo_portal.kit.suppression import TOTAL, Key
from jfo_portal.kit.tables import Column
from registry.measures.privacy import hidden_from, too_few, too_few_note
from registry.measures.strength import Place, Post, posts_on, strength, strength_by
from registry.models import JFO, Assignment, Kind, Level, Officer, Region, RiskCoverage
from registry.models.jfos import JFOQuerySet, RiskLevel
from wca.measures.coverage import clause_counts, clause_matrix, coverage_count, coverage_on
from wca.models import Arrangement, Coverage, Verdict

from .measures.activity import Activity, Group, Rule, Tally, by_kind, by_status, groups, tallies
from .measures.cost import Pay, benefit_rate, cost, half_up, pays
from .models import Explanation, ImsFile, ImsKind, ImsStatus, PublishedFigure

# What the evaluation's exhibits are about.
PUBLISHED_DAY = date(2011, 3, 31)
PUBLISHED_YEAR = FiscalYear(2010)
RISK_EDITION = "BTRA-2011"

# Kinds as scripts read them, in the order in which the evaluation lists JFOs.
KIND_CODES = {Kind.BINATIONAL: "bi-national", Kind.NATIONAL: "national", Kind.REGIONAL: "regional"}
KINDS = {code: kind for kind, code in KIND_CODES.items()}
# The line that stands for all regional JFOs in Exhibit 12.
REGIONAL = "regional"
NO_LEVEL = "no level"

Row = dict[str, Any]


class Table(list[Row]):
    """The rows of an exhibit, with the totals and notes worked out with them.

    Totals cannot be added up from rows that are rounded or not shown. A row's `hidden` names the
    columns not shown to the reader because too few officers stand behind them.
    """

    def __init__(self, rows: Iterable[Row], totals: Row, notes: Sequence[str] = ()) -> None:
        super().__init__(rows)
        self.totals = totals
        self.notes = notes


def figure_column(name: str, label: str | Promise, kind: str) -> Column:
    """Return a column whose hidden figures say so on the page."""

    def text(row: Row) -> str:
        return too_few() if name in row.get("hidden", ()) else formats.text(row[name], kind)

    return Column(name, label, kind, text=text)


def _kind_column() -> Column:
    return Column("kind", _("Kind"), text=lambda row: str(KINDS[row["kind"]].label))


def _shown(figures: Row, is_hidden: bool) -> Row:
    """Return the figures, or None for each if they are not shown."""
    return dict.fromkeys(figures) if is_hidden else figures


def _not_shown(figures: Row) -> frozenset[str]:
    return frozenset(name for name, value in figures.items() if value is None)


def _by_kind_and_code(place: Place) -> tuple[int, str, str]:
    return list(KIND_CODES).index(Kind(place.kind)), place.program, place.jfo


class Exhibit(Report):
    """One exhibit of the evaluation.

    Figures on officers are sums over everybody, whoever reads them: what a reader's own regions do
    not open to them is hidden where few officers stand behind it.
    """

    # The figures of a fiscal year or, as here, of a day.
    uses: ClassVar[Sequence[str]] = ("as_of", "region")

    @property
    def is_of_year(self) -> bool:
        """Whether it is about a fiscal year; about a day otherwise."""
        return "fy" in self.uses

    def table(self, reader: Reader, parameters: Parameters) -> Table:
        """Return rows, totals and notes."""
        raise NotImplementedError

    def regions(self) -> list[str]:
        return list(Region.objects.order_by("code").values_list("code", flat=True))

    def rows(self, reader: Reader, parameters: Parameters) -> list[Row]:
        return self.table(reader, parameters)

    def totals(self, rows: Sequence[Mapping[str, Any]], reader: Reader, parameters: Parameters) -> Row:
        return self._as_table(rows, reader, parameters).totals

    def notes(self, rows: Sequence[Mapping[str, Any]], reader: Reader, parameters: Parameters) -> list[str]:
        notes = list(self._as_table(rows, reader, parameters).notes)
        if any(row.get("hidden") for row in rows):
            notes.append(too_few_note())
        if not self.is_as_published(parameters):
            notes.append(self._why_not_compared())
        return notes

    def _why_not_compared(self) -> str:
        if self.is_of_year:
            return gettext(
                "Nothing is compared: the evaluation published figures for %(year)s and all regions alone."
            ) % {"year": PUBLISHED_YEAR}
        return gettext("Nothing is compared: the evaluation published figures for %(day)s and all regions alone.") % {
            "day": formats.day(PUBLISHED_DAY)
        }

    def _as_table(self, rows: Sequence[Mapping[str, Any]], reader: Reader, parameters: Parameters) -> Table:
        return rows if isinstance(rows, Table) else self.table(reader, parameters)

    def is_as_published(self, parameters: Parameters) -> bool:
        """Say whether the parameters are those of the published exhibit."""
        if parameters.region is not None:
            return False
        return parameters.fiscal_year == PUBLISHED_YEAR if self.is_of_year else parameters.as_of == PUBLISHED_DAY

    def figures(self, rows: Sequence[Mapping[str, Any]], totals: Row) -> dict[tuple[str, str], Any]:
        """Return each figure by the row and measure under which the evaluation published it."""
        key = self.columns[0].name
        found = {(str(row[key]), column.name): row[column.name] for row in rows for column in self.columns[1:]}
        return found | {("total", name): value for name, value in totals.items()}

    def comparison(self, rows: Sequence[Mapping[str, Any]], reader: Reader, parameters: Parameters) -> list[Comparison]:
        """Return every published figure of the exhibit beside the one computed, with the explanation there is.

        Two queries. Nothing for other parameters than the published exhibit's.
        """
        if not self.is_as_published(parameters):
            return []
        return self.compared(self.figures(rows, self.totals(rows, reader, parameters)), published_in(self.slug))

    def compared(
        self, computed: Mapping[tuple[str, str], Any], document: tuple[list[PublishedFigure], list[Explanation]]
    ) -> list[Comparison]:
        """Return the published figures beside those computed, with the explanation there is; no query."""
        figures, explaining = document
        explanations = grouped(explaining, lambda row: (row.row, row.measure))
        found = []
        for figure in figures:
            published = _number_or_word(figure.value)
            found.append(
                Comparison(
                    row=figure.row,
                    row_label=self.row_label(figure.row),
                    measure=figure.measure,
                    measure_label=str(self.column(figure.measure).label),
                    published=published,
                    computed=_as_published(computed.get((figure.row, figure.measure)), published),
                    explanation=_explanation(explanations, figure.row, figure.measure),
                )
            )
        return found

    def row_label(self, row: str) -> str:
        """Return the words for a published row; its code where it has no others."""
        if row == "total":
            return gettext("Total")
        if row in Kind.values:
            return str(Kind(row).label)
        if row in Group.values:
            return str(Group(row).label)
        if row.startswith("region:"):
            return gettext("Region %(code)s") % {"code": row.removeprefix("region:")}
        return row


def published_in(exhibit: str) -> tuple[list[PublishedFigure], list[Explanation]]:
    """Return the published figures of the exhibit and what explains them; two queries."""
    return list(PublishedFigure.objects.filter(exhibit=exhibit)), list(Explanation.objects.filter(exhibit=exhibit))


def _number_or_word(text: str) -> Decimal | str:
    try:
        return Decimal(text)
    except InvalidOperation:
        return text


def _as_published(value: Any, published: Decimal | str) -> Decimal | str | None:
    """Return the computed value with the published one's decimals, or as its words."""
    if value is None:
        return None
    if isinstance(published, str):
        return "yes" if value is True else "no" if value is False else str(value)
    return formats.rounded(value, -int(published.as_tuple().exponent))


def _explanation(explanations: Mapping[tuple[str, str], Sequence[Explanation]], row: str, measure: str) -> str:
    """Return the explanation of the figure itself, else of its row, else of its measure; empty if there is none."""
    for key in ((row, measure), (row, "*"), ("*", measure), ("*", "*")):
        if key in explanations:
            return " ".join(explanation.explanation for explanation in explanations[key])
    return ""


def subtotal(rows: Iterable[Mapping[str, Any]], name: str) -> Any:
    """Return the sum of a column; None if one of its figures is not shown."""
    values = [row[name] for row in rows]
    return None if None in values else sum(values)


NOBODY = strength([])
LEVEL_COLUMNS = {Level.FB_03: "fb_03", Level.FB_04: "fb_04", Level.FB_05: "fb_05"}


@register
class FteByLevel(Exhibit):
    """Exhibit 1: one line for each bi-national or national program and for each regional JFO."""

    slug = "exhibit-1"
    title = _("Exhibit 1: FTE on JFOs by level")
    description = _("How many full-time equivalents each program or regional JFO has on a day, by the officers’ level.")
    columns = (
        Column("jfo", _("Program or JFO"), is_header=True),
        *(figure_column(name, level.label, "fte") for level, name in LEVEL_COLUMNS.items()),
        figure_column("total", _("Total"), "fte"),
    )

    def table(self, reader: Reader, parameters: Parameters) -> Table:
        region = parameters.region or TOTAL
        posts = posts_on(Assignment.objects.all(), parameters.as_of)
        hidden = hidden_from(reader, posts, lambda post: (_line(post), post.region, post.level or NO_LEVEL))
        lines = {_line(place): place.kind for place in _places(reader, parameters.as_of, parameters.region)}
        shown = [post for post in posts if region in (TOTAL, post.region)]
        by_line = grouped(shown, _line)
        rows = []
        for line, kind in lines.items():
            figures = _fte_by_level(by_line.get(line, []), (line, region), hidden)
            rows.append({"jfo": line, "kind": kind, "hidden": _not_shown(figures)} | figures)
        notes = [
            gettext(
                "The total counts FTE of officers whose level is not recorded on the day; the level columns do not."
            )
        ]
        without_level = strength(post for post in shown if post.level is None)
        if reader.sees_everything and without_level.fte:
            notes.append(
                gettext("FTE without a level on the day: %(fte)s.") % {"fte": formats.text(without_level.fte, "fte")}
            )
        return Table(rows, _fte_by_level(shown, (TOTAL, region), hidden), notes)

    def figures(self, rows: Sequence[Mapping[str, Any]], totals: Row) -> dict[tuple[str, str], Any]:
        found = super().figures(rows, totals)
        for kind, of_kind in grouped(rows, lambda row: row["kind"]).items():
            found |= {(kind, name): subtotal(of_kind, name) for name in totals}
        return found


def _fte_by_level(posts: Sequence[Post], cell: Key, hidden: frozenset[Key]) -> Row:
    """Return the FTE by level and in all, None for those not shown: every level where the total is not."""
    by_level = strength_by(posts, attrgetter("level"))
    figures: Row = {
        name: None if (*cell, level.value) in hidden else by_level.get(level, NOBODY).fte
        for level, name in LEVEL_COLUMNS.items()
    }
    return _shown(figures | {"total": strength(posts).fte}, (*cell, TOTAL) in hidden)


def _line(place: Place) -> str:
    """Return the line of Exhibit 1: the program, or the JFO where it is regional."""
    return place.jfo if place.kind == Kind.REGIONAL else place.program


def _places(reader: Reader, day: date, region: str | None) -> list[Place]:
    """Return where the JFOs of the day are counted, as the evaluation lists them; one query."""
    return sorted(map(Place.of, _jfos(reader, region).as_of(day).with_names()), key=_by_kind_and_code)


def _jfos(reader: Reader, region: str | None) -> JFOQuerySet:
    """Return the JFOs of the region, or all."""
    jfos = JFO.objects.visible_to(reader)
    return jfos if region is None else jfos.filter(region__code=region)


@register
class RisksByJFO(Exhibit):
    """Exhibit 4: how many risks of each level a program or JFO answers."""

    slug = "exhibit-4"
    title = _("Exhibit 4: Risks that JFOs answer")
    description = _(
        "How many high, medium and low risks of the 2011 Border Threat and Risk Assessment each program or JFO answers."
    )
    columns = (
        Column("jfo", _("Program or JFO"), is_header=True),
        Column("high", _("High risks"), "integer"),
        Column("medium", _("Medium risks"), "integer"),
        Column("low", _("Low risks"), "integer"),
    )

    def table(self, reader: Reader, parameters: Parameters) -> Table:
        jfos = _jfos(reader, parameters.region).as_of(parameters.as_of)
        coverage = (
            RiskCoverage.objects.visible_to(reader)
            .filter(risk__edition=RISK_EDITION, jfo__in=jfos)
            .select_related("jfo__program", "jfo__region", "risk")
        )
        by_line = grouped(
            sorted(coverage, key=lambda row: _by_kind_and_code(Place.of(row.jfo))),
            lambda row: row.jfo.program.code if row.jfo.program.is_single_risk_line else row.jfo.code,
        )
        rows = []
        for line, covered in by_line.items():
            risks = {row.risk_id: row.risk.level for row in covered}
            rows.append({"jfo": line} | {level: list(risks.values()).count(level) for level in RiskLevel.values})
        note = gettext("A program or JFO that answers none of these risks is not listed.")
        return Table(rows, {}, [note])


@register
class JFOsByCoverage(Exhibit):
    """Exhibit 5: whether an arrangement in force covers each JFO (domain rule 7)."""

    slug = "exhibit-5"
    title = _("Exhibit 5: JFOs and written collaborative arrangements")
    description = _("The JFOs active on a day, and whether an arrangement in force on that day covers each.")
    columns = (
        Column("jfo", _("JFO"), is_header=True),
        Column("program", _("Program")),
        _kind_column(),
        Column("region", _("Region")),
        Column("wca", _("Covered by an arrangement"), "yes_no"),
    )
    measures = (
        Column("jfos", _("JFOs"), "integer"),
        Column("yes", _("Covered"), "integer"),
        Column("no", _("Not covered"), "integer"),
    )

    def table(self, reader: Reader, parameters: Parameters) -> Table:
        coverage = coverage_on(_jfos(reader, parameters.region), parameters.as_of)
        rows = []
        for row in sorted(coverage, key=lambda row: _by_kind_and_code(Place.of(row.jfo))):
            place = Place.of(row.jfo)
            rows.append(
                {
                    "jfo": place.jfo,
                    "program": place.program,
                    "kind": KIND_CODES[Kind(place.kind)],
                    "region": place.region,
                    "wca": row.is_covered,
                }
            )
        count = coverage_count(coverage)
        return Table(rows, {"jfos": count.jfos, "yes": count.covered, "no": count.uncovered})

    def figures(self, rows: Sequence[Mapping[str, Any]], totals: Row) -> dict[tuple[str, str], Any]:
        found = super().figures(rows, totals)
        for region, of_region in grouped(rows, lambda row: row["region"]).items():
            covered = sum(row["wca"] for row in of_region)
            counts = {"jfos": len(of_region), "yes": covered, "no": len(of_region) - covered}
            found |= {(f"region:{region}", name): number for name, number in counts.items()}
        return found


SUB_TABLES = ("6a", "6b", "6c")


def clause_heading(letter: str, title: str) -> str:
    """Return a clause's letter and title."""
    return gettext("%(letter)s) %(title)s") % {"letter": letter, "title": title}


@register
class ClausesMet(Exhibit):
    """Exhibit 6: in how many reviewed arrangements each clause stands how (domain rule 8)."""

    slug = "exhibit-6"
    title = _("Exhibit 6: Clauses in the arrangements reviewed")
    description = _(
        "In how many arrangements with an approved assessment each information-sharing clause of the "
        "Customs Enforcement Manual is met, partly met, not met or not assessed, on a day."
    )
    columns = (
        Column("clause", _("Clause"), text=lambda row: clause_heading(row["clause"], row["title"]), is_header=True),
        Column("met", Verdict.MET.label, "integer"),
        Column("partial", Verdict.PARTIAL.label, "integer"),
        Column("not_met", Verdict.NOT_MET.label, "integer"),
        Column("not_assessed", Verdict.NOT_ASSESSED.label, "integer"),
        Column("reviewed", _("Reviewed"), "integer"),
    )
    measures = (
        Column("met_6a", _("Met, in Exhibit 6a"), "integer"),
        Column("met_6b", _("Met, in Exhibit 6b"), "integer"),
        Column("met_6c", _("Met, in Exhibit 6c"), "integer"),
        Column("at_least_one", _("Arrangements that meet at least one clause"), "integer"),
        Column("none", _("Arrangements that meet no clause"), "integer"),
        Column("all_seven", _("Arrangements that meet every clause"), "integer"),
    )

    def table(self, reader: Reader, parameters: Parameters) -> Table:
        arrangements = Arrangement.objects.visible_to(reader)
        if parameters.region is not None:
            naming = Coverage.objects.visible_to(reader).as_of(parameters.as_of)
            naming = naming.filter(jfo__in=_jfos(reader, parameters.region))
            arrangements = arrangements.filter(pk__in=naming.values("arrangement"))
        matrix = clause_matrix(arrangements, parameters.as_of)
        rows = []
        for count in clause_counts(matrix):
            letter = count.clause.letter
            met_in = [row.arrangement.reviewed_in for row in matrix.reviewed if row.verdicts[letter] == Verdict.MET]
            rows.append(
                {
                    "clause": letter,
                    "title": count.clause.title,
                    "met": count.met,
                    "partial": count.partial,
                    "not_met": count.not_met,
                    "not_assessed": count.not_assessed,
                    "reviewed": count.reviewed,
                }
                | {f"met_{name}": met_in.count(name) for name in SUB_TABLES}
            )
        met = [list(row.verdicts.values()).count(Verdict.MET) for row in matrix.reviewed]
        totals = {
            "reviewed": len(met),
            "at_least_one": sum(number > 0 for number in met),
            "none": met.count(0),
            "all_seven": met.count(len(matrix.clauses)),
        }
        return Table(rows, totals)

    def figures(self, rows: Sequence[Mapping[str, Any]], totals: Row) -> dict[tuple[str, str], Any]:
        by_sub_table = {(row["clause"], f"met_{name}"): row[f"met_{name}"] for row in rows for name in SUB_TABLES}
        return super().figures(rows, totals) | by_sub_table


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
            figures = _shown(figures, cell in self.hidden)
            figures |= _shown({"without_files": activity.without_files}, cell in self.hidden_beside)
            rows.append({"group": group.value, "hidden": _not_shown(figures)} | figures)
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
            figures = _shown({"officers": activity.officers} | self.figures_of(activity), cell in work.hidden)
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


@dataclass(frozen=True)
class Service:
    """The JFOs and posts of a fiscal year's last day, what its days cost, and what a reader must not be shown of it.

    `hidden` are cells of Exhibit 12's lines by regions.
    """

    year: FiscalYear
    places: Sequence[Place]
    posts: Sequence[Post]
    pays: Sequence[Pay]
    hidden: frozenset[Key]
    has_notes: bool


def service_of(reader: Reader, year: FiscalYear) -> Service:
    """Return the service of all officers in the year; five queries."""
    posts = posts_on(Assignment.objects.all(), year.last_day)
    paid = pays(Assignment.objects.all(), year)
    hidden = hidden_from(reader, posts, _cost_cell) | hidden_from(reader, paid, _cost_cell)
    # Notes are worked out from every post, whatever is not shown.
    return Service(year, _places(reader, year.last_day, None), posts, paid, hidden, has_notes=reader.sees_everything)


class CostExhibit(Exhibit):
    """JFOs and FTE on the last day of a fiscal year, and what its days cost (domain rule 5)."""

    uses = ("fy", "region")
    measures = (
        Column("benefits", _("Employee benefits"), "money"),
        Column("total", _("Salaries and benefits"), "money"),
    )
    cost_columns = (
        Column("jfos", _("JFOs on the last day"), "integer"),
        figure_column("fte", _("FTE on the last day"), "fte"),
        figure_column("salaries", _("Salaries"), "money"),
    )

    def group(self, place: Place) -> str:
        """Return which row the place belongs to."""
        raise NotImplementedError

    def cell(self, place: Place, region: str) -> Key:
        """Return the row's cell in the table of Exhibit 12's lines by regions."""
        raise NotImplementedError

    def labels(self, place: Place) -> Row:
        """Return what names the row of the place."""
        raise NotImplementedError

    def order(self, row: Row) -> tuple[Any, ...]:
        """Return what the rows are sorted by."""
        raise NotImplementedError

    def table(self, reader: Reader, parameters: Parameters) -> Table:
        return self.table_of(service_of(reader, parameters.fiscal_year), parameters.region)

    def table_of(self, service: Service, region: str | None) -> Table:
        """Return the rows, totals and notes of one region's JFOs, or of all; some exhibits ask one query."""
        year, region = service.year, region or TOTAL
        places = [place for place in service.places if region in (TOTAL, place.region)]
        posts = [post for post in service.posts if region in (TOTAL, post.region)]
        paid = [pay for pay in service.pays if region in (TOTAL, pay.region)]
        places_of = grouped(places, self.group)
        posts_of = grouped(posts, self.group)
        paid_of = grouped(paid, self.group)
        rows = []
        for group, place in {self.group(place): place for place in [*paid, *places]}.items():
            figures = _cost_figures(posts_of.get(group, []), paid_of.get(group, []))
            is_hidden = self.cell(place, region) in service.hidden
            rows.append(
                self.labels(place)
                | {"jfos": len(places_of.get(group, [])), "hidden": frozenset(figures) if is_hidden else frozenset()}
                | _shown(figures, is_hidden)
            )
        totals = _shown(self.total_figures(posts, paid, year), (TOTAL, region) in service.hidden)
        notes = _cost_notes(paid, year) if service.has_notes else []
        return Table(sorted(rows, key=self.order), {"jfos": len(places)} | totals, notes)

    def total_figures(self, posts: Sequence[Post], paid: Sequence[Pay], year: FiscalYear) -> Row:
        """Return FTE and salaries in all, each rounded once."""
        return _cost_figures(posts, paid)


def _cost_line(place: Place) -> str:
    """Return the line of Exhibit 12: the program, or one for all regional JFOs."""
    return REGIONAL if place.kind == Kind.REGIONAL else place.program


def _cost_cell(place: Place) -> Key:
    return _cost_line(place), place.region


def _cost_figures(posts: Sequence[Post], paid: Sequence[Pay]) -> Row:
    return {"fte": strength(posts).fte, "salaries": int(half_up(cost(paid).salaries))}


def _cost_notes(paid: Sequence[Pay], year: FiscalYear) -> list[str]:
    whole = cost(paid)
    notes = [
        gettext("FTE are those of %(day)s. FTE-years paid, another measure: %(fte_years)s.")
        % {"day": formats.day(year.last_day), "fte_years": formats.text(half_up(whole.fte_years, 2), "fte")},
    ]
    if whole.unpaid_days:
        notes.append(
            gettext("Days of assignments without a level or a salary rate, which cost nothing here: %(number)s.")
            % {"number": formats.number(whole.unpaid_days)}
        )
    return notes


def _largest_first(row: Row) -> tuple[bool, int]:
    """Sort by salaries, the largest first; rows not shown come last, in no order of theirs."""
    return row["salaries"] is None, -(row["salaries"] or 0)


@register
class CostByRegion(CostExhibit):
    """Exhibit 11: a line for each region, and benefits on the subtotal."""

    slug = "exhibit-11"
    title = _("Exhibit 11: Cost of participation by region")
    description = _(
        "JFOs, FTE and salaries by the JFO’s region in a fiscal year, with employee benefits on the subtotal."
    )
    columns = (Column("region", _("Region"), is_header=True), *CostExhibit.cost_columns)

    def group(self, place: Place) -> str:
        return place.region

    def cell(self, place: Place, region: str) -> Key:
        return TOTAL, place.region

    def labels(self, place: Place) -> Row:
        return {"region": place.region}

    def order(self, row: Row) -> tuple[Any, ...]:
        return *_largest_first(row), row["region"]

    def total_figures(self, posts: Sequence[Post], paid: Sequence[Pay], year: FiscalYear) -> Row:
        figures = super().total_figures(posts, paid, year)
        rate = benefit_rate(year)
        if rate is None:
            return figures | {"benefits": None, "total": None}
        whole = cost(paid)
        benefits = whole.benefits(rate)
        return figures | {"benefits": int(half_up(benefits)), "total": int(half_up(whole.salaries + benefits))}


@register
class CostByKind(CostExhibit):
    """Exhibit 12: a line for each bi-national or national program, and one for all regional JFOs."""

    slug = "exhibit-12"
    title = _("Exhibit 12: Cost of participation by kind of JFO")
    description = _("JFOs, FTE and salaries by kind and program in a fiscal year; regional JFOs are one line.")
    columns = (
        _kind_column(),
        Column(
            "program", _("Program"), text=lambda row: row["program"] or gettext("All regional JFOs"), is_header=True
        ),
        *CostExhibit.cost_columns,
    )

    def group(self, place: Place) -> str:
        return _cost_line(place)

    def cell(self, place: Place, region: str) -> Key:
        return _cost_line(place), region

    def labels(self, place: Place) -> Row:
        return {
            "kind": KIND_CODES[Kind(place.kind)],
            "program": "" if place.kind == Kind.REGIONAL else place.program,
        }

    def order(self, row: Row) -> tuple[Any, ...]:
        kinds = [KIND_CODES[kind] for kind in (Kind.REGIONAL, Kind.BINATIONAL, Kind.NATIONAL)]
        return kinds.index(row["kind"]), *_largest_first(row), row["program"]

    def figures(self, rows: Sequence[Mapping[str, Any]], totals: Row) -> dict[tuple[str, str], Any]:
        names = [column.name for column in self.cost_columns]
        found = {(row["program"] or REGIONAL, name): row[name] for row in rows for name in names}
        for kind, of_kind in grouped(rows, lambda row: KINDS[row["kind"]]).items():
            if kind != Kind.REGIONAL:
                found |= {(kind.value, name): subtotal(of_kind, name) for name in names}
        return found | {("total", name): value for name, value in totals.items()}
