"""The outcomes of a fiscal year through three lenses, and the list of the events behind every figure of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import F, Prefetch
from django.http import Http404, HttpResponseBase
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jfo_portal.kit import exports, formats
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.reports import Parameters
from jfo_portal.kit.tables import Cell, Column, cells
from jfo_portal.kit.views import Crumb, ListPage, headings_of, marks, rows_of
from performance.charts import Figure
from performance.measures.outcomes import Asked, Event, event_of, events_of
from performance.models import Contribution, OutcomeEvent, OutcomeKind
from performance.outcome_charts import lenses, parted
from performance.outcome_filters import OutcomeFilters
from performance.outcome_tables import outcome_columns
from performance.reports.exhibits import Row, Table
from performance.reports.outcomes import (
    AGENCY_COLUMNS,
    GOODS_COLUMNS,
    JFO_COLUMNS,
    KIND_COLUMNS,
    agency_names,
    agency_table,
    claimant_table,
    goods_table,
    kind_table,
    list_of,
)
from registry.models import JFO
from registry.models.partners import OWN_AGENCY, agency_named

from .figures import Choice, FiguresPage


@dataclass(frozen=True)
class OutcomeParameters(Parameters):
    """Of which events the page is, and the agency whose part is looked at."""

    program: str | None = None
    jfo: str | None = None
    kind: str | None = None
    agency: str = OWN_AGENCY

    @property
    def asked(self) -> Asked:
        return Asked(self.fiscal_year, self.region, self.jfo, self.program, self.kind)


@dataclass(frozen=True)
class Select:
    """One parameter of the page, to be chosen."""

    name: str
    label: str
    choices: Sequence[Choice]


@dataclass(frozen=True)
class Shown:
    """One table of the page, with its rows for its files."""

    name: str
    title: str
    caption: str
    columns: Sequence[Column]
    table: Table
    totals: Row | None = None
    notes: Sequence[str] = ()

    @property
    def headings(self) -> Any:
        return headings_of(self.columns)

    @property
    def rows(self) -> Any:
        return rows_of(self.columns, self.table)

    @property
    def totals_row(self) -> list[Cell]:
        """The last row; its figures lead to their events too."""
        if self.totals is None:
            return []
        first, *others = self.columns
        return [Cell(_("Total"), str(first.label), is_header=True), *cells(others, self.totals)]


class OutcomesPage(FiguresPage):
    """The outcomes of a fiscal year: whole JFOs, and beside them the three lenses, each a column of its own."""

    title = gettext_lazy("Outcomes")
    template_name = "performance/outcomes.html"
    section = "performance"

    parameters: OutcomeParameters

    def read_parameters(self, data: Mapping[str, str]) -> OutcomeParameters:
        read = OutcomeParameters.from_query(data)
        asked = {name: data.get(name, "").strip() for name in ("program", "jfo", "kind", "agency")}
        if asked["agency"] not in self.agencies and (agency := agency_named(asked["agency"])):
            # An old key, of an address that somebody kept before two agencies became one.
            asked["agency"] = agency.key
        known = {
            "region": self.regions,
            "program": self.programs,
            "jfo": self.jfos,
            "kind": OutcomeKind.values,
            "agency": self.agencies,
        }
        for name, value in {"region": read.region or "", **asked}.items():
            if value and value not in known[name]:
                raise ValueError(
                    _("“%(value)s”, for %(name)s, is not known. Choose one of the list.")
                    % {"value": value, "name": name}
                )
        return replace(
            read,
            program=asked["program"] or None,
            jfo=asked["jfo"] or None,
            kind=asked["kind"] or None,
            agency=asked["agency"] or OWN_AGENCY,
        )

    # What can be chosen

    @cached_property
    def jfos(self) -> dict[str, str]:
        """The program of every JFO by its code; one query."""
        rows = JFO.objects.visible_to(self.reader).order_by("code")
        return dict(rows.values_list("code", "program__code"))

    @property
    def programs(self) -> list[str]:
        return sorted(set(self.jfos.values()))

    @cached_property
    def agencies(self) -> dict[str, str]:
        return agency_names(self.reader)

    def year_choices(self) -> list[Choice]:
        """Return the fiscal years to choose from, the latest first: the usual ones, those with outcomes; one query."""
        usual = {choice.value for choice in super().year_choices()}
        rows = OutcomeEvent.objects.visible_to(self.reader).order_by()
        usual |= {str(FiscalYear(year)) for year in rows.values_list("fiscal_year", flat=True).distinct()}
        return [Choice(year, year, year == str(self.year)) for year in sorted(usual, reverse=True)]

    def selects(self) -> list[Select]:
        """Return what can be chosen, and what is."""
        asked = self.parameters

        def choices(pairs: Any, chosen: str | None, every: Any = None) -> list[Choice]:
            first = [] if every is None else [Choice("", str(every), is_chosen=False)]
            return first + [Choice(value, str(label), value == chosen) for value, label in pairs]

        of_agencies = sorted(self.agencies.items(), key=lambda pair: pair[1].casefold())
        every = _("All")
        return [
            Select("fy", _("Fiscal year"), self.year_choices()),
            Select("region", _("Region"), [Choice("", every, is_chosen=False), *self.region_choices()]),
            Select("program", _("Program"), choices(((code, code) for code in self.programs), asked.program, every)),
            Select("jfo", _("JFO"), choices(((code, code) for code in self.jfos), asked.jfo, every)),
            Select("kind", _("Kind"), choices(OutcomeKind.choices, asked.kind, every)),
            Select("agency", _("Agency"), choices(of_agencies, asked.agency)),
        ]

    # What is shown

    @cached_property
    def events(self) -> list[Event]:
        return events_of(self.reader, self.parameters.asked)

    @property
    def agency(self) -> str:
        """The short form of the agency whose part is looked at."""
        return self.agencies[self.parameters.agency]

    @cached_property
    def tables(self) -> dict[str, Shown]:
        """The tables of the page by the name that they have in addresses."""
        asked, agency = self.parameters.asked, self.parameters.agency
        scope = {"scope": self.scope(), "agency": self.agency}
        by_kind = kind_table(self.events, agency, asked)
        by_region = claimant_table(self.events, agency, asked, "region")
        by_jfo = claimant_table(self.events, agency, asked, "jfo")
        totals = {"where": asked.as_query() | {"agency": agency}} | by_jfo.totals
        found = [
            Shown("kinds", _("By kind"), _("Outcomes by kind: %(scope)s") % scope, KIND_COLUMNS, by_kind, totals),
            Shown(
                "goods",
                _("Quantities and values"),
                _("Quantities and values: %(scope)s") % scope,
                GOODS_COLUMNS,
                goods_table(self.events, agency, asked),
            ),
            Shown(
                "regions",
                _("By region"),
                _("Outcomes by region: %(scope)s") % scope,
                (replace(self.places.column(), href=None), *JFO_COLUMNS[1:]),
                by_region,
                totals,
            ),
            Shown("jfos", _("By JFO"), _("Outcomes by JFO: %(scope)s") % scope, JFO_COLUMNS, by_jfo, totals),
            Shown(
                "agencies",
                _("By agency"),
                _("Contributions by agency: %(scope)s") % scope,
                AGENCY_COLUMNS,
                agency_table(self.events, asked, self.agencies),
            ),
        ]
        # What the head of the page says already is not said again.
        said = set(by_kind.notes)
        return {
            shown.name: replace(shown, notes=[note for note in shown.table.notes if note not in said])
            for shown in found
        }

    def scope(self) -> str:
        """Return in words of which outcomes the figures are."""
        asked = self.parameters
        narrower = [asked.program, asked.jfo, asked.kind and str(OutcomeKind(asked.kind).label)]
        return ", ".join(
            [
                self.places.label(asked.region),
                _("fiscal year %(year)s") % {"year": self.year},
                *(word for word in narrower if word),
            ]
        )

    def figures(self) -> dict[str, Figure]:
        if not self.events:
            return {}
        return {
            "lenses": lenses(self.tables["kinds"].table, self.agency, self.scope()),
            "parted": parted(self.events, self.parameters.agency, self.agency, self.parameters.asked, self.scope()),
        }

    def answer(self) -> HttpResponseBase:
        name = self.request.GET.get("table", "")
        if not name:
            return super().answer()
        shown, file_format = self.tables.get(name), self.request.GET.get("format", "")
        if shown is None or file_format not in exports.FORMATS:
            raise Http404
        notes = [*marks(), (_("Parameters"), f"{self.scope()}, {self.agency}")]
        notes += [(_("Note"), note) for note in shown.table.notes]
        return self.file(file_format, self.file_name(f"outcomes-{name}"), shown.columns, shown.table, notes=notes)

    def files_of(self, name: str) -> list[tuple[str, str]]:
        """Return the label and the address of each file of a table."""
        data = self.request.GET.copy()
        found = []
        for file_format, one in exports.FORMATS.items():
            data["table"], data["format"] = name, file_format
            found.append((str(one.label), f"?{data.urlencode()}"))
        return found

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs) | {"selects": self.selects()}
        if self.error:
            return context
        kinds = self.tables["kinds"]
        totals = kinds.totals or {}
        leaving_out = {"region": self.parameters.region, "fy": str(self.year)}
        return context | {
            "agency": self.agency,
            "scope": self.scope(),
            "charts": self.charts().values(),
            "totals": totals,
            "headline": self.headline(totals) if self.events else [],
            "notes": kinds.table.notes,
            "tables": [(shown, self.files_of(shown.name)) for shown in self.tables.values() if shown.table],
            "list_href": list_of({"where": self.parameters.asked.as_query()}),
            "uncovered_href": list_of({"where": self.parameters.asked.as_query()}, covered="no"),
            "uncovered": len(self.events) - totals.get("covered", 0),
            "reports": [
                (title, f"{reverse('report', args=[slug])}?fy={leaving_out['fy']}&region={leaving_out['region'] or ''}")
                for slug, title in (
                    ("outcomes", _("Outcomes by kind")),
                    ("outcome-quantities", _("Quantities and values of outcomes")),
                    ("outcomes-by-jfo", _("Outcomes by JFO")),
                    ("contributions-by-agency", _("Contributions by agency")),
                )
            ],
        }

    def headline(self, totals: Row) -> list[tuple[str, str, str | None]]:
        """Return the number, the words and the address of each figure at the head of the page."""
        words = {
            "events": _("outcomes of whole JFOs"),
            "took_part": _("of them %(agency)s took part in") % {"agency": self.agency},
            "share": _("outcomes, the share of %(agency)s") % {"agency": self.agency},
            "confirmed": _("of them with a contribution of %(agency)s that the lead confirmed")
            % {"agency": self.agency},
            "coverage": _("of the outcomes have any contribution recorded"),
        }
        columns = {column.name: column for column in KIND_COLUMNS}
        found = []
        for name, said in words.items():
            column = columns[name]
            href = columns["covered" if name == "coverage" else name].href
            found.append((formats.text(totals[name], column.kind), said, href(totals) if href else None))
        return found


class OutcomeList(ListPage):
    """The outcomes known by the day, one row each; its filters are those of every figure about outcomes."""

    title = gettext_lazy("List of outcomes")
    section = "performance"
    filterset_class = OutcomeFilters
    file_name = "outcomes"
    import_kind = "outcomes"
    has_as_of = True
    empty = gettext_lazy("No outcome matches. Remove a filter or look at another fiscal year.")

    def crumbs(self) -> Sequence[Crumb]:
        asked = self.request.GET.get("fy", "")
        known = {value for value, _label in self.filters.filters["fy"].extra["choices"]}
        query = f"?fy={asked}" if asked in known else ""
        return [Crumb(_("Outcomes"), f"{reverse('performance-outcomes')}{query}")]

    @property
    def filters(self) -> OutcomeFilters:
        filterset = self.filterset
        assert isinstance(filterset, OutcomeFilters)  # noqa: S101
        return filterset

    def get_queryset(self) -> Any:
        contributions = Contribution.objects.visible_to(self.reader).select_related("agency")
        rows = OutcomeEvent.objects.visible_to(self.reader).known_by(self.day)
        return rows.prefetch_related("claims__jfo", Prefetch("contributions", contributions.order_by("agency__key")))

    @cached_property
    def agencies(self) -> dict[str, str]:
        return agency_names(self.reader)

    @property
    def agency(self) -> str:
        """The key of the agency whose part is looked at; the CBSA where the address names none that is known."""
        return self.filters.looked_at if self.filters.form.is_valid() else OWN_AGENCY

    def get_columns(self) -> Sequence[Column]:
        shows_share = self.request.GET.get("lens") == "share"
        return outcome_columns(
            self.day,
            self.agencies[self.agency],
            shows_share=shows_share,
            shows_amounts=shows_share and "goods" in self.request.GET,
        )

    def order(self) -> Sequence[Any]:
        """Return what they are ordered by; one without a day stands as if on the last of its year."""
        if self.sort is not None and self.sort[0].name != "occurred_on":
            return super().order()
        if self.sort is None or self.sort[1] == "descending":
            return "-fiscal_year", F("occurred_on").desc(nulls_first=True), "-pk"
        return "fiscal_year", F("occurred_on").asc(nulls_last=True), "pk"

    def completed(self, rows: list[Any]) -> list[Any]:
        for row in rows:
            row.event = event_of(row)
            row.share = row.event.shares.get(self.agency, 0)
            row.contributors = ", ".join(sorted(self.agencies.get(key, key) for key in row.event.parts))
        return rows

    def caption(self, count: int) -> str:
        return ngettext("%(count)s outcome", "%(count)s outcomes", count) % {"count": formats.number(count)}
