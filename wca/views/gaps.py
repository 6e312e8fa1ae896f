"""The gap report: which JFOs an arrangement covers, and which clauses the arrangements hold, as of any day."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import Min
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import get_language, get_language_info, gettext_lazy, ngettext, override
from django.utils.translation import gettext as _

from jfo_portal.kit import exports, formats
from jfo_portal.kit.bilingual import in_language
from jfo_portal.kit.charts import SVG, Chart, Series, StackedBar, StackedBars
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.periods import ONE_DAY, year_after
from jfo_portal.kit.views import PAGE_SIZES, Chip, Crumb, FilePage, Page, chips_of, marks, require_readable, rows_of
from registry.models import JFO, Kind
from registry.needs import Figure
from registry.tables import keeping_day
from wca import beside
from wca.filters import GapFilters, LapseFilters
from wca.measures.coverage import (
    INFORMATION_SHARING,
    ClauseCount,
    CoverageCount,
    UncoveredJFO,
    open_on,
)
from wca.measures.gaps import (
    ClauseBook,
    ClauseTotals,
    Group,
    Losing,
    MatrixKey,
    Standing,
    clause_book,
    clause_totals,
    coverage_groups,
    lapsing,
    losing,
    matrix_keys,
    together,
    uncovered_jfos,
    with_reasons,
)
from wca.models import Arrangement, Verdict
from wca.models.arrangements import Status
from wca.next_steps import load_consultations, next_step_column
from wca.plan_tables import WRITERS, is_of_today, with_ticks
from wca.tables import (
    SYMBOLS,
    CoverageGroup,
    LapseGroup,
    Table,
    annex_columns,
    clause_columns,
    clause_heading,
    clause_href,
    group_columns,
    lapse_columns,
    lapsing_columns,
    losing_columns,
    matrix_columns,
    published_columns,
    uncovered_columns,
)
from wca.views.paging import Counted, page_size


@dataclass(frozen=True)
class Choice:
    """Which rows of the matrix are shown when a figure is opened, and how the page says so."""

    label: str
    holds: Callable[[MatrixKey], bool]


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


class GapReport(FilePage):
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
        return self.file(file_format, f"gaps-{name}-{self.day}", table.columns, table.rows, notes=self.notes())

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
        return any(value for name, value in self.filterset.form.cleaned_data.items() if name != "set")

    def chips(self) -> list[Chip]:
        """Return the filters in force, and the figure that was opened."""
        chips = chips_of(self.filterset.form, self.request.GET)
        if self.choice is not None:
            chips.append(Chip(self.choice.label, self.address(clause=None, verdict=None, held=None)))
        return chips

    def address(self, to: str = "", /, **changes: str | None) -> str:
        """Return the page's address with the changes made to its query, at the section `to`."""
        data = self.request.GET.copy()
        shown = {
            "as_of": str(self.day) if self.is_read_only else None,
            **dict.fromkeys(("format", "table", "matrix_page", "without_page")),
        }
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

    def sibling(self, name: str) -> str:
        """Return the address of another page on the same day and JFOs."""
        asked = {name: self.filterset.form.cleaned_data.get(name) for name in ("region", "kind", "set")}
        asked["as_of"] = str(self.day) if self.is_read_only else None
        query = urlencode({name: value for name, value in asked.items() if value})
        return f"{reverse(name)}?{query}" if query else reverse(name)

    @cached_property
    def choice(self) -> Choice | None:
        """The rows of the matrix asked for by `clause` and `verdict`, or by `held`; 404 for what there is not."""
        letter, verdict, held = (self.request.GET.get(name, "") for name in ("clause", "verdict", "held"))
        if held:
            return self._choice_held(held)
        if not letter and not verdict:
            return None
        if verdict not in Verdict.values or letter not in {clause.letter for clause in self.book.clauses}:
            raise Http404
        label = _("Clause %(letter)s: %(verdict)s") % {"letter": letter, "verdict": Verdict(verdict).label}
        return Choice(
            label, lambda key: key.assessment is not None and self.totals.verdict(key.assessment, letter) == verdict
        )

    def _choice_held(self, held: str) -> Choice:
        count = len(self.book.clauses)
        choices = {
            "all": Choice(_("Holds every clause in full"), lambda key: self.totals.met(key.assessment) == count),
            "some": Choice(_("Holds at least one clause in full"), lambda key: bool(self.totals.met(key.assessment))),
            "none": Choice(_("Holds no clause in full"), lambda key: self.totals.met(key.assessment) == 0),
        }
        if held not in choices:
            raise Http404
        return choices[held]

    @cached_property
    def clause_set(self) -> str:
        """The code of the clause set of the matrix."""
        self.filterset.form.is_valid()
        return self.filterset.form.cleaned_data.get("set") or INFORMATION_SHARING

    # What is found

    @cached_property
    def groups(self) -> list[Group]:
        return coverage_groups(self.filterset.qs, self.day)

    @cached_property
    def count(self) -> CoverageCount:
        return together(self.groups)

    @cached_property
    def book(self) -> ClauseBook:
        return clause_book(self.clause_set)

    @cached_property
    def keys(self) -> list[MatrixKey]:
        arrangements = open_on(
            Arrangement.objects.visible_to(self.reader), self.day, self.filterset.qs if self.is_narrowed else None
        )
        return matrix_keys(arrangements, self.day, self.clause_set)

    @cached_property
    def totals(self) -> ClauseTotals:
        return clause_totals(self.keys, self.book)

    @property
    def ranking(self) -> list[ClauseCount]:
        return self.totals.ranking

    @cached_property
    def shown(self) -> list[MatrixKey]:
        """The rows of the matrix, on all its pages: the reviewed arrangements, then those that were not."""
        return self.keys if self.choice is None else list(filter(self.choice.holds, self.keys))

    @cached_property
    def matrix_page(self) -> Any:
        """The keys of the page of the matrix that is asked for, a django.core.paginator.Page."""
        return Paginator(self.shown, page_size(self.request.GET)).get_page(self.request.GET.get("matrix_page"))

    @cached_property
    def without_page(self) -> Any:
        """The JFOs without an arrangement of the page that is asked for."""
        rows = Counted(uncovered_jfos(self.filterset.qs, self.day), page_size(self.request.GET), self.count.uncovered)
        return rows.get_page(self.request.GET.get("without_page"))

    def uncovered(self, jfos: Iterable[JFO]) -> list[UncoveredJFO]:
        """Return the JFOs, which nothing covers, with the reasons."""
        rows = with_reasons(list(jfos), self.day)
        if not self.is_read_only:
            load_consultations(rows)
        return rows

    # Its tables, by the name that a file is asked for

    @property
    def tables(self) -> dict[str, Callable[[], Table]]:
        return {
            "coverage": self.coverage_table,
            "kinds": self.kind_table,
            "matrix": self.matrix_table,
            "clauses": self.clause_table,
            "without": lambda: self.without_table(uncovered_jfos(self.filterset.qs, self.day)),
        }

    def matrix_table(self) -> Table:
        """Return every row of the matrix that the figure opened leaves, as a file holds it."""
        return Table(matrix_columns(self.book.clauses), self.totals.standings(self.shown, self.day))

    def without_table(self, jfos: Iterable[JFO]) -> Table:
        """Return the JFOs with the reasons; with the next step today alone."""
        columns = uncovered_columns(self.day)
        if not self.is_read_only:
            columns.append(next_step_column(may_draft=self.reader.role in WRITERS))
        return Table(columns, self.uncovered(jfos))

    def coverage_table(self) -> Table:
        """Return the coverage by region, the one with most uncovered JFOs first."""
        by_region = grouped(self.groups, lambda group: group.region)
        groups = [
            self._group(in_language(found[0], "region"), together(found), region=code)
            for code, found in by_region.items()
        ]
        return Table(
            group_columns("region", gettext_lazy("Region")),
            sorted(groups, key=lambda group: (-group.count.uncovered, group.name)),
        )

    def kind_table(self) -> Table:
        """Return the coverage by kind of JFO."""
        by_kind = grouped(self.groups, lambda group: group.kind)
        groups = [
            self._group(str(kind.label), together(by_kind[kind.value]), kind=kind.value)
            for kind in Kind
            if kind.value in by_kind
        ]
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

    # What a document published beside it

    def coverage_figures_published(self) -> Table | None:
        """Return the figures of Exhibit 5 beside those computed; None where none were published for the day."""
        figures: dict[tuple[str, str], Any] = {}
        found = {f"region:{code}": together(of) for code, of in grouped(self.groups, lambda one: one.region).items()}
        for row, count in (found | {"total": self.count}).items():
            figures |= {(row, "jfos"): count.jfos, (row, "yes"): count.covered, (row, "no"): count.uncovered}
        return self._published("exhibit-5", figures)

    def clause_figures_published(self) -> Table | None:
        """Return the figures of Exhibit 6 beside those computed; None where none were published for the day."""
        if self.clause_set != INFORMATION_SHARING:
            return None
        totals = self.totals
        figures: dict[tuple[str, str], Any] = {
            ("total", "reviewed"): totals.reviewed,
            ("total", "at_least_one"): totals.holding_some,
            ("total", "none"): totals.reviewed - totals.holding_some,
            ("total", "all_seven"): totals.holding_all,
        }
        for count in totals.counts:
            figures[count.clause.letter, "met"] = count.met
        return self._published("exhibit-6", figures)

    def _published(self, exhibit: str, figures: dict[tuple[str, str], Any]) -> Table | None:
        if self.is_narrowed:
            return None
        rows = beside.published(exhibit, figures, self.day)
        return Table(published_columns(), rows) if rows else None

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
                self.totals.reviewed,
            )
            % {"count": self.totals.reviewed, "day": formats.long_day(self.day)},
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
        headings = [(clause.letter, clause_heading(clause)) for clause in self.book.clauses]
        return [
            MatrixRow(
                arrangement=row.arrangement,
                href=keeping_day(row.arrangement.get_absolute_url(), self.day),
                status="" if row.status == Status.IN_FORCE else str(row.status.label),
                jfos=_jfos_in_words(row.arrangement.jfo_count),  # type: ignore[attr-defined]
                cells=[self._cell(row, letter, heading) for letter, heading in headings],
                met=_met_in_words(row, len(headings)),
            )
            for row in self.totals.standings(self.matrix_page.object_list, self.day)
        ]

    def _cell(self, row: Standing, letter: str, heading: str) -> MatrixCell:
        verdict = row.verdicts[letter]
        return MatrixCell(
            id=f"cell-{row.arrangement.reference}-{letter}",
            heading=heading,
            letter=letter,
            verdict=verdict,
            symbol=SYMBOLS[verdict],
            href=clause_href(row.arrangement, letter, self.day, self.clause_set),
        )

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
            for clause in self.book.clauses
        ]

    def matrix_caption(self) -> str:
        """Return what the matrix shows: all of it, or the rows behind the figure that was opened."""
        reviewed, shown = self.totals.reviewed, len(self.shown)
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
        reviewed, every, some = self.totals.reviewed, self.totals.holding_all, self.totals.holding_some
        clauses = len(self.book.clauses)
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
        reviewed, every, some = self.totals.reviewed, self.totals.holding_all, self.totals.holding_some
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
            "page_sizes": PAGE_SIZES,
            "page_size": page_size(self.request.GET),
            "chips": self.chips(),
            "formats": exports.FORMATS,
            "clear_all": keeping_day(self.request.path, self.day),
            "is_empty": not self.groups,
            "is_narrowed": self.is_narrowed,
        }
        if not self.groups:
            return context | {"first_day": None if self.is_narrowed else self._first_day(JFO, "start")}
        kinds, without = self.kind_table(), self.without_table(self.without_page)
        may_assign = is_of_today(self.day, self.reader)
        without = with_ticks(without) if may_assign else without
        return context | {
            "headline": self.headline(),
            "figures": [figures for figures in (self.coverage_figures(), self.review_figures()) if figures],
            "coverage_chart": self.coverage_chart(),
            "kinds": kinds,
            "kind_rows": kinds.cells(),
            "kind_totals": self.total_cells(kinds),
            "has_arrangements": bool(self.keys),
            "first_arrangement": None if self.keys else self._first_day(Arrangement, "effective"),
            "matrix_rows": self.matrix_rows(),
            "matrix_totals": self.matrix_totals(),
            "matrix_caption": self.matrix_caption(),
            "legend": SYMBOLS.items(),
            "choice": self.choice,
            "whole_matrix": self._held(None),
            "clause_chart": self.clause_chart() if self.totals.reviewed else None,
            "matrix_page": self.matrix_page,
            "without_page": self.without_page,
            "may_assign": may_assign,
            "clause_set": self.clause_set,
            "without": without,
            "without_rows": without.cells(),
            "without_caption": self.without_caption(),
            "beside_5": self.coverage_figures_published(),
            "beside_6": self.clause_figures_published(),
            "lapse_href": self.sibling("gap-lapse"),
            "annex_href": self.sibling("gap-annex"),
            "exposure_href": keeping_day(reverse("exposure"), self.day),
            "exhibit_5": keeping_day(reverse("report", args=["exhibit-5"]), self.day),
            "exhibit_6": keeping_day(reverse("report", args=["exhibit-6"]), self.day),
        }

    def _first_day(self, model: Any, field: str) -> Any:
        """Return the first day on which there was any, for a page before the data; None if there never was."""
        return model.objects.visible_to(self.reader).aggregate(first=Min(field))["first"]


class LapseReport(FilePage):
    """What will lapse by a chosen day: the arrangements that expire, the JFOs that lose coverage, the figures then."""

    template_name = "wca/gap_lapse.html"
    title = gettext_lazy("What will lapse")
    section = "gaps"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        file_format = request.GET.get("format", "")
        if not file_format:
            return super().get(request, *args, **kwargs)
        require_readable(self.filterset)
        name = request.GET.get("table", "")
        if file_format not in exports.FORMATS or name not in self.tables:
            raise Http404
        table = self.tables[name]()
        notes = [
            *marks(),
            (_("Report"), str(self.title)),
            (_("As of"), str(self.day)),
            (_("Lapsing by"), str(self.lapse_by)),
            *((_("Filter"), chip.label) for chip in chips_of(self.filterset.form, request.GET)),
        ]
        return self.file(file_format, f"lapse-{name}-{self.lapse_by}", table.columns, table.rows, notes=notes)

    @cached_property
    def filterset(self) -> LapseFilters:
        return LapseFilters(self.request.GET, queryset=JFO.objects.visible_to(self.reader), request=self.request)

    @cached_property
    def lapse_by(self) -> date:
        """The last day looked at; a year after the day shown unless another is asked for, and never before it."""
        self.filterset.form.is_valid()
        asked: date | None = self.filterset.form.cleaned_data.get("lapse_by")
        return max(asked or year_after(self.day), self.day)

    @property
    def after(self) -> date:
        """The day after it, on which what expires on the last day is in force no longer."""
        return self.lapse_by + ONE_DAY

    @cached_property
    def losing(self) -> list[Losing]:
        return losing(self.filterset.qs, self.day, self.after)

    @cached_property
    def lapsing(self) -> list[Arrangement]:
        rows = Arrangement.objects.visible_to(self.reader)
        self.filterset.form.is_valid()
        asked = self.filterset.form.cleaned_data
        if asked.get("region") or asked.get("kind") or asked.get("own"):
            rows = open_on(rows, self.day, self.filterset.qs)
        return list(lapsing(rows, self.day, self.lapse_by))

    @property
    def tables(self) -> dict[str, Callable[[], Table]]:
        return {
            "arrangements": lambda: Table(lapsing_columns(self.day), self.lapsing),
            "jfos": lambda: Table(losing_columns(self.day), self.losing),
            "coverage": self.coverage_table,
        }

    def coverage_table(self) -> Table:
        """Return the coverage by region on the day shown and after the day chosen."""
        now = grouped(coverage_groups(self.filterset.qs, self.day), lambda group: group.region)
        then = grouped(coverage_groups(self.filterset.qs, self.after), lambda group: group.region)
        rows = [
            LapseGroup(in_language(found[0], "region"), together(now.get(code, [])), together(then.get(code, [])))
            for code, found in (then | now).items()
        ]
        rows.sort(key=lambda row: (row.then.covered - row.now.covered, row.name))
        whole = [together([group for groups in day.values() for group in groups]) for day in (now, then)]
        return Table(lapse_columns(), [*rows, LapseGroup(_("All"), *whole)])

    def headline(self) -> str:
        """Return the findings in a sentence."""
        return ngettext(
            "%(count)s JFO covered on %(day)s will be covered no longer once %(by)s is over.",
            "%(count)s JFOs covered on %(day)s will be covered no longer once %(by)s is over.",
            len(self.losing),
        ) % {
            "count": len(self.losing),
            "day": formats.long_day(self.day),
            "by": formats.long_day(self.lapse_by),
        }

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Gap report"), keeping_day(reverse("gap-report"), self.day))]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        size = page_size(self.request.GET)
        tables = {name: table() for name, table in self.tables.items()}
        pages = {
            name: Paginator(table.rows, size).get_page(self.request.GET.get(f"{name}_page"))
            for name, table in tables.items()
        }
        return super().get_context_data(**kwargs) | {
            "filters": self.filterset.form,
            "has_as_of": True,
            "chips": chips_of(self.filterset.form, self.request.GET),
            "formats": exports.FORMATS,
            "page_sizes": PAGE_SIZES,
            "page_size": size,
            "lapse_by": self.lapse_by,
            "headline": self.headline(),
            "after_href": f"{reverse('gap-report')}?as_of={self.after}",
            "coverage": tables["coverage"],
            "arrangements": Table(tables["arrangements"].columns, list(pages["arrangements"])),
            "arrangements_page": pages["arrangements"],
            "jfos": Table(tables["jfos"].columns, list(pages["jfos"])),
            "jfos_page": pages["jfos"],
        }


class Annex(GapReport):
    """The whole report to be printed, in one official language after the other."""

    template_name = "wca/gap_annex.html"
    title = gettext_lazy("Gap report: annex")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return self.render_to_response(self.get_context_data(**kwargs))

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Gap report"), self.sibling("gap-report"))]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        first = get_language() or settings.LANGUAGE_CODE
        codes = sorted((code for code, _name in settings.LANGUAGES), key=lambda code: code != first)
        asked = self.request.GET.get("language", "")
        uncovered = self.uncovered(uncovered_jfos(self.filterset.qs, self.day))
        standings = self.totals.standings(self.keys, self.day)
        return Page.get_context_data(self, **kwargs) | {
            "parts": [self._part(code, uncovered, standings) for code in codes if asked not in codes or code == asked],
            "report_href": self.sibling("gap-report"),
        }

    def _part(self, code: str, uncovered: list[UncoveredJFO], standings: list[Standing]) -> dict[str, Any]:
        """Return the report in the language, every word of it said already."""
        with override(code):
            coverage, kinds = self.coverage_table(), self.kind_table()
            clauses = clause_columns(lambda _count, _verdict: None)
            return {
                "code": code,
                "name": get_language_info(code)["name_local"],
                "headline": self.headline() if self.groups else [],
                "filters": [chip.label for chip in self.chips()],
                "tables": [
                    self._printed(_("Coverage by region"), coverage.columns, coverage.rows, self.total_cells(coverage)),
                    self._printed(_("Coverage by kind of JFO"), kinds.columns, kinds.rows, self.total_cells(kinds)),
                    self._printed(
                        _("Arrangements and clauses"), annex_columns(self.book.clauses), standings, is_matrix=True
                    ),
                    self._printed(_("Clauses, from the one met least"), clauses, self.ranking),
                    self._printed(_("JFOs without an arrangement in force"), uncovered_columns(self.day), uncovered),
                ],
                "legend": [(symbol, str(verdict.label)) for verdict, symbol in SYMBOLS.items()],
                "clauses": [clause_heading(clause) for clause in self.book.clauses],
            }

    def _printed(
        self, title: str, columns: Sequence[Any], rows: Sequence[Any], totals: Any = None, *, is_matrix: bool = False
    ) -> dict[str, Any]:
        table = Table(columns, rows)
        return {
            "title": title,
            "headings": [(str(heading.label), heading.is_numeric) for heading in table.headings()],
            "rows": table.cells(),
            "totals": totals,
            "is_matrix": is_matrix,
        }


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


def _met_in_words(row: Standing, clauses: int) -> str:
    if row.met is None:
        return formats.NO_VALUE
    return _("%(met)s of %(clauses)s") % {"met": row.met, "clauses": clauses}
