"""The gap report: which JFOs an arrangement covers, and which clauses the arrangements hold, as of any day."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import Min, Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jfo_portal.kit import exports, formats
from jfo_portal.kit.charts import SVG, Chart, Series, StackedBar, StackedBars
from jfo_portal.kit.views import Chip, Crumb, Page, chips_of, marks, require_readable, rows_of
from registry.models import JFO, Kind
from registry.needs import Figure
from registry.tables import keeping_day
from wca.filters import GapFilters
from wca.measures.coverage import (
    AssessedArrangement,
    ClauseCount,
    ClauseMatrix,
    CoverageCount,
    JFOCoverage,
    UncoveredJFO,
    clause_matrix,
    clause_ranking,
    coverage_by,
    coverage_count,
    coverage_on,
    open_on,
    uncovered_on,
    with_jfo_count,
)
from wca.models import Arrangement, Signatory, Verdict
from wca.models.arrangements import Status
from wca.tables import (
    SYMBOLS,
    CoverageGroup,
    Table,
    clause_columns,
    clause_heading,
    clause_href,
    group_columns,
    matrix_columns,
    uncovered_columns,
)


@dataclass(frozen=True)
class Choice:
    """Which rows of the matrix are shown when a figure is opened, and how the page says so."""

    label: str
    holds: Callable[[AssessedArrangement], bool]


@dataclass(frozen=True)
class MatrixCell:
    """How one arrangement stands on one clause, and the address of the evidence."""

    id: str
    heading: str
    letter: str
    verdict: Verdict
    symbol: str
    href: str


@dataclass(frozen=True)
class MatrixRow:
    """One arrangement of the matrix as the page prints it; `status` is empty while it is in force."""

    arrangement: Arrangement
    href: str
    status: str
    jfos: str
    cells: Sequence[MatrixCell]
    met: str


@dataclass(frozen=True)
class Total:
    """How many of the reviewed arrangements meet a clause, and the address of those."""

    heading: str
    text: str
    href: str | None


class GapReport(Page):
    """Coverage by region and kind, arrangement by clause, and the JFOs without an arrangement."""

    template_name = "wca/gap_report.html"
    title = gettext_lazy("Gap report")
    section = "gaps"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        file_format = request.GET.get("format", "")
        if not file_format:
            return super().get(request, *args, **kwargs)
        require_readable(self.filterset)
        name = request.GET.get("table", "")
        if file_format == "svg":
            return self.chart_file(name)
        if file_format not in exports.FORMATS or name not in self.tables:
            raise Http404
        table = self.tables[name]()
        return exports.response(file_format, f"gaps-{name}-{self.day}", table.columns, table.rows, notes=self.notes())

    def chart_file(self, name: str) -> HttpResponse:
        """Return a chart as a file of its own; 404 if the report has none of that name."""
        charts: dict[str, Callable[[], Chart]] = {"coverage": self.coverage_chart, "clauses": self.clause_chart}
        if name not in charts:
            raise Http404
        headers = exports.download_headers(f"gaps-{name}-{self.day}.svg", SVG)
        return HttpResponse(charts[name]().svg_file(), headers=headers)

    def notes(self) -> list[tuple[str, str]]:
        """Return what a workbook says of itself: its marks, the report, the day, the filters."""
        return [
            *marks(),
            (_("Report"), str(self.title)),
            (_("As of"), str(self.day)),
            *((_("Filter"), chip.label) for chip in self.chips()),
        ]

    # What is asked for

    @cached_property
    def filterset(self) -> GapFilters:
        return GapFilters(self.request.GET, queryset=JFO.objects.visible_to(self.reader), request=self.request)

    @cached_property
    def is_narrowed(self) -> bool:
        """Whether the report is about some of the JFOs only."""
        self.filterset.form.is_valid()
        return any(self.filterset.form.cleaned_data.values())

    def chips(self) -> list[Chip]:
        """Return the filters in force, and the figure that was opened."""
        chips = chips_of(self.filterset.form, self.request.GET)
        if self.choice is not None:
            chips.append(Chip(self.choice.label, self.address(clause=None, verdict=None, held=None)))
        return chips

    def address(self, to: str = "", /, **changes: str | None) -> str:
        """Return the page's address with the changes made to its query, at the section `to`."""
        data = self.request.GET.copy()
        shown = {"as_of": str(self.day) if self.is_read_only else None, "format": None, "table": None}
        for name, value in (shown | changes).items():
            data.pop(name, None)
            if value:
                data[name] = value
        return f"?{data.urlencode()}" + (f"#{to}" if to else "")

    def jfos_address(self, **changes: str | None) -> str:
        """Return the address of the JFO list as the report is filtered, with the changes."""
        asked = {name: self.filterset.form.cleaned_data.get(name) for name in ("region", "kind")} | changes
        if self.is_read_only:
            asked["as_of"] = str(self.day)
        return f"{reverse('jfos')}?{urlencode({name: value for name, value in asked.items() if value})}"

    @cached_property
    def choice(self) -> Choice | None:
        """The rows of the matrix asked for by `clause` and `verdict`, or by `held`; 404 for what there is not."""
        letter, verdict, held = (self.request.GET.get(name, "") for name in ("clause", "verdict", "held"))
        if held:
            return self._choice_held(held)
        if not letter and not verdict:
            return None
        if verdict not in Verdict.values or letter not in {clause.letter for clause in self.matrix.clauses}:
            raise Http404
        label = _("Clause %(letter)s: %(verdict)s") % {"letter": letter, "verdict": Verdict(verdict).label}
        return Choice(label, lambda row: row.assessment is not None and row.verdicts[letter] == verdict)

    def _choice_held(self, held: str) -> Choice:
        count = len(self.matrix.clauses)
        choices = {
            "all": Choice(_("Holds every clause in full"), lambda row: row.met == count),
            "some": Choice(_("Holds at least one clause in full"), lambda row: bool(row.met)),
            "none": Choice(_("Holds no clause in full"), lambda row: row.met == 0),
        }
        if held not in choices:
            raise Http404
        return choices[held]

    # What is found

    @cached_property
    def coverage(self) -> list[JFOCoverage]:
        return coverage_on(self.filterset.qs, self.day)

    @cached_property
    def count(self) -> CoverageCount:
        return coverage_count(self.coverage)

    @cached_property
    def matrix(self) -> ClauseMatrix:
        arrangements = open_on(
            Arrangement.objects.visible_to(self.reader), self.day, self.filterset.qs if self.is_narrowed else None
        )
        parties = Prefetch("signatories", Signatory.objects.select_related("agency"))
        return clause_matrix(with_jfo_count(arrangements, self.day).prefetch_related(parties), self.day)

    @cached_property
    def ranking(self) -> list[ClauseCount]:
        return clause_ranking(self.matrix)

    @cached_property
    def uncovered(self) -> list[UncoveredJFO]:
        return uncovered_on(self.coverage, self.day)

    @cached_property
    def shown(self) -> list[AssessedArrangement]:
        """The rows of the matrix: the reviewed arrangements, then those that were not."""
        rows = self.matrix.rows if self.choice is None else filter(self.choice.holds, self.matrix.rows)
        return sorted(rows, key=lambda row: (row.assessment is None, row.arrangement.reference))

    # Its tables, by the name that a file is asked for

    @property
    def tables(self) -> dict[str, Callable[[], Table]]:
        return {
            "coverage": self.coverage_table,
            "kinds": self.kind_table,
            "matrix": lambda: Table(matrix_columns(self.matrix.clauses, self.day), self.shown),
            "clauses": self.clause_table,
            "without": lambda: Table(uncovered_columns(self.day), self.uncovered),
        }

    def coverage_table(self) -> Table:
        """Return the coverage by region, the one with most uncovered JFOs first."""
        groups = [
            self._group(region.name, count, region=region.code)
            for region, count in coverage_by(self.coverage, lambda jfo: jfo.region).items()
        ]
        return Table(
            group_columns("region", gettext_lazy("Region")),
            sorted(groups, key=lambda group: (-group.count.uncovered, group.name)),
        )

    def kind_table(self) -> Table:
        """Return the coverage by kind of JFO."""
        counts = coverage_by(self.coverage, lambda jfo: Kind(jfo.program.kind))
        groups = [self._group(str(kind.label), counts[kind], kind=kind.value) for kind in Kind if kind in counts]
        return Table(group_columns("kind", gettext_lazy("Kind of JFO")), groups)

    def _group(self, name: str, count: CoverageCount, **narrowed: str) -> CoverageGroup:
        changes = {"clause": None, "verdict": None, "held": None, **narrowed}
        return CoverageGroup(
            name,
            count,
            href=self.address(**changes),
            jfos_href=self.jfos_address(**narrowed),
            covered_href=self.jfos_address(**narrowed, covered="yes"),
            uncovered_href=self.address("without", **changes),
        )

    def total_cells(self, table: Table) -> list[Any]:
        """Return the last row of a coverage table: all its groups together."""
        return rows_of(table.columns, [self._group(_("All"), self.count)])[0]

    def clause_table(self) -> Table:
        """Return the clauses from the one met least, with the arrangements behind each figure."""

        def cell_href(count: ClauseCount, verdict: Verdict) -> str | None:
            if not getattr(count, verdict.value):
                return None
            return self.address("matrix", clause=count.clause.letter, verdict=verdict.value, held=None)

        return Table(clause_columns(cell_href), self.ranking)

    # Its charts

    def coverage_chart(self) -> StackedBars:
        """Return the coverage by region as bars, each leading to its region."""
        table = self.coverage_table()
        groups: Sequence[CoverageGroup] = table.rows
        return StackedBars(
            id="coverage-chart",
            title=_coverage_finding(groups),
            description=_(
                "JFOs on %(day)s by region, covered by an arrangement in force or not. A bar opens its region."
            )
            % {"day": formats.long_day(self.day)},
            headers=[column.label for column in table.columns],
            rows=[*table.cells(), self.total_cells(table)],
            series=[
                Series(_("Covered"), css="series-1"),
                Series(_("Not covered"), css="series-2", is_hatched=True),
            ],
            bars=[
                StackedBar(
                    group.name,
                    [group.count.covered, group.count.uncovered],
                    _("%(covered)s covered, %(uncovered)s not")
                    % {"covered": group.count.covered, "uncovered": group.count.uncovered},
                    href=group.href,
                )
                for group in groups
            ],
            svg_href=self.address(format="svg", table="coverage"),
        )

    def clause_chart(self) -> StackedBars:
        """Return how the reviewed arrangements stand on each clause, from the one met least."""
        table = self.clause_table()
        used = [verdict for verdict in Verdict if any(getattr(count, verdict.value) for count in self.ranking)]
        return StackedBars(
            id="clause-chart",
            title=_clause_finding(self.ranking),
            description=ngettext(
                "%(count)s arrangement reviewed by %(day)s, clause by clause.",
                "%(count)s arrangements reviewed by %(day)s, clause by clause.",
                len(self.matrix.reviewed),
            )
            % {"count": len(self.matrix.reviewed), "day": formats.long_day(self.day)},
            headers=[column.label for column in table.columns],
            rows=table.cells(),
            series=[Series(verdict.label, css=f"verdict-{verdict.value}", symbol=SYMBOLS[verdict]) for verdict in used],
            bars=[
                StackedBar(
                    clause_heading(count.clause),
                    [getattr(count, verdict.value) for verdict in used],
                    _("met by %(met)s of %(reviewed)s") % {"met": count.met, "reviewed": count.reviewed},
                    href=self.address("matrix", clause=count.clause.letter, verdict="met", held=None)
                    if count.met
                    else None,
                )
                for count in self.ranking
            ],
            svg_href=self.address(format="svg", table="clauses"),
        )

    # The matrix as the page prints it

    def matrix_rows(self) -> list[MatrixRow]:
        """Return the arrangements with a cell for each clause."""
        headings = [(clause.letter, clause_heading(clause)) for clause in self.matrix.clauses]
        return [
            MatrixRow(
                arrangement=row.arrangement,
                href=keeping_day(row.arrangement.get_absolute_url(), self.day),
                status=self._status_unless_in_force(row.arrangement),
                jfos=_jfos_in_words(row.arrangement.jfo_count),  # type: ignore[attr-defined]
                cells=[self._cell(row, letter, heading) for letter, heading in headings],
                met=_met_in_words(row, len(headings)),
            )
            for row in self.shown
        ]

    def _cell(self, row: AssessedArrangement, letter: str, heading: str) -> MatrixCell:
        verdict = row.verdicts[letter]
        return MatrixCell(
            id=f"cell-{row.arrangement.reference}-{letter}",
            heading=heading,
            letter=letter,
            verdict=verdict,
            symbol=SYMBOLS[verdict],
            href=clause_href(row.arrangement, letter, self.day),
        )

    def _status_unless_in_force(self, arrangement: Arrangement) -> str:
        status = arrangement.status_on(self.day)
        return "" if status == Status.IN_FORCE else str(status.label)

    def matrix_totals(self) -> list[Total]:
        """Return, under each clause, how many of all the reviewed arrangements meet it."""
        counts = {count.clause.letter: count for count in self.ranking}
        return [
            Total(
                clause_heading(clause),
                _("%(met)s of %(reviewed)s")
                % {"met": counts[clause.letter].met, "reviewed": counts[clause.letter].reviewed},
                self.address("matrix", clause=clause.letter, verdict="met", held=None)
                if counts[clause.letter].met
                else None,
            )
            for clause in self.matrix.clauses
        ]

    def matrix_caption(self) -> str:
        """Return what the matrix shows: all of it, or the rows behind the figure that was opened."""
        reviewed, shown = len(self.matrix.reviewed), len(self.shown)
        if self.choice is not None:
            return ngettext("%(choice)s: %(count)s arrangement", "%(choice)s: %(count)s arrangements", shown) % {
                "choice": self.choice.label,
                "count": shown,
            }
        return ngettext(
            "%(count)s arrangement reviewed, %(others)s not assessed",
            "%(count)s arrangements reviewed, %(others)s not assessed",
            reviewed,
        ) % {"count": reviewed, "others": shown - reviewed}

    def without_caption(self) -> str:
        """Return how many JFOs the last table lists."""
        return ngettext(
            "%(count)s JFO without an arrangement in force",
            "%(count)s JFOs without an arrangement in force",
            self.count.uncovered,
        ) % {"count": self.count.uncovered}

    # The page

    def headline(self) -> list[str]:
        """Return the findings as sentences."""
        return [*self._coverage_sentences(), *self._clause_sentences()]

    def _coverage_sentences(self) -> Iterable[str]:
        count = self.count
        yield ngettext(
            "%(covered)s of %(jfos)s JFOs is covered by an arrangement in force.",
            "%(covered)s of %(jfos)s JFOs are covered by an arrangement in force.",
            count.covered,
        ) % {"covered": count.covered, "jfos": count.jfos}
        if count.uncovered:
            yield ngettext("%(count)s JFO is not covered.", "%(count)s JFOs are not covered.", count.uncovered) % {
                "count": count.uncovered
            }

    def _clause_sentences(self) -> Iterable[str]:
        reviewed, every, some = len(self.matrix.reviewed), self.matrix.holding_all, self.matrix.holding_some
        clauses = len(self.matrix.clauses)
        if not reviewed:
            return
        yield ngettext(
            "%(count)s arrangement has been reviewed.", "%(count)s arrangements have been reviewed.", reviewed
        ) % {"count": reviewed}
        if every:
            yield ngettext(
                "%(count)s holds all %(clauses)s clauses.", "%(count)s hold all %(clauses)s clauses.", every
            ) % {"count": every, "clauses": clauses}
        else:
            yield _("None holds all %(clauses)s clauses.") % {"clauses": clauses}
        yield ngettext(
            "%(count)s holds at least one clause in full.", "%(count)s hold at least one clause in full.", some
        ) % {"count": some}

    def coverage_figures(self) -> list[Figure]:
        """Return how many JFOs there are, covered and not, each leading to them."""
        count = self.count
        return [
            Figure(formats.number(count.jfos), ngettext("JFO", "JFOs", count.jfos), self.jfos_address()),
            Figure(
                formats.number(count.covered),
                _("covered by an arrangement in force"),
                self.jfos_address(covered="yes"),
            ),
            Figure(formats.number(count.uncovered), _("without an arrangement in force"), self.address("without")),
        ]

    def review_figures(self) -> list[Figure]:
        """Return how many arrangements were reviewed and what they hold, each leading to them."""
        reviewed, every, some = len(self.matrix.reviewed), self.matrix.holding_all, self.matrix.holding_some
        if not reviewed:
            return []
        words = ngettext("arrangement reviewed", "arrangements reviewed", reviewed)
        return [
            Figure(formats.number(reviewed), words, self._held(None)),
            Figure(formats.number(every), _("holding every clause in full"), self._held("all")),
            Figure(formats.number(some), _("holding at least one clause in full"), self._held("some")),
            Figure(formats.number(reviewed - some), _("holding no clause in full"), self._held("none")),
        ]

    def _held(self, held: str | None) -> str:
        return self.address("matrix", held=held, clause=None, verdict=None)

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Arrangements"), keeping_day(reverse("arrangements"), self.day))]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs) | {
            "filters": self.filterset.form,
            "has_as_of": True,
            "chips": self.chips(),
            "formats": exports.FORMATS,
            "clear_all": keeping_day(self.request.path, self.day),
            "is_empty": not self.coverage,
            "is_narrowed": self.is_narrowed,
        }
        if not self.coverage:
            return context | {"first_day": None if self.is_narrowed else self._first_day(JFO, "start")}
        kinds, without = self.kind_table(), self.tables["without"]()
        return context | {
            "headline": self.headline(),
            "figures": [figures for figures in (self.coverage_figures(), self.review_figures()) if figures],
            "coverage_chart": self.coverage_chart(),
            "kinds": kinds,
            "kind_rows": kinds.cells(),
            "kind_totals": self.total_cells(kinds),
            "has_arrangements": bool(self.matrix.rows),
            "first_arrangement": None if self.matrix.rows else self._first_day(Arrangement, "effective"),
            "matrix_rows": self.matrix_rows(),
            "matrix_totals": self.matrix_totals(),
            "matrix_caption": self.matrix_caption(),
            "legend": SYMBOLS.items(),
            "choice": self.choice,
            "whole_matrix": self._held(None),
            "clause_chart": self.clause_chart() if self.matrix.reviewed else None,
            "without": without,
            "without_rows": without.cells(),
            "without_caption": self.without_caption(),
            "exhibit_5": keeping_day(reverse("report", args=["exhibit-5"]), self.day),
            "exhibit_6": keeping_day(reverse("report", args=["exhibit-6"]), self.day),
        }

    def _first_day(self, model: Any, field: str) -> Any:
        """Return the first day on which there was any, for a page before the data; None if there never was."""
        return model.objects.visible_to(self.reader).aggregate(first=Min(field))["first"]


def _coverage_finding(groups: Sequence[CoverageGroup]) -> str:
    most = max((group.count.uncovered for group in groups), default=0)
    if not most:
        return _("Every JFO is covered by an arrangement in force")
    names = ", ".join(group.name for group in groups if group.count.uncovered == most)
    return _("Most JFOs without an arrangement: %(regions)s (%(count)s)") % {"regions": names, "count": most}


def _clause_finding(ranking: Sequence[ClauseCount]) -> str:
    """Return which clauses are met least often; the ranking begins with them."""
    least = ranking[0]
    letters = ", ".join(count.clause.letter for count in ranking if count.met == least.met)
    return _("Met least often: clause %(letters)s, by %(met)s of %(reviewed)s reviewed arrangements") % {
        "letters": letters,
        "met": least.met,
        "reviewed": least.reviewed,
    }


def _jfos_in_words(count: int) -> str:
    return ngettext("%(count)s JFO", "%(count)s JFOs", count) % {"count": count}


def _met_in_words(row: AssessedArrangement, clauses: int) -> str:
    if row.met is None:
        return formats.NO_VALUE
    return _("%(met)s of %(clauses)s") % {"met": row.met, "clauses": clauses}
