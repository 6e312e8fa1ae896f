"""Exhibits 11 and 12: the cost of participation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit import formats
from jfo_portal.kit.access import Reader
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.reports import Parameters, register
from jfo_portal.kit.suppression import TOTAL, Key
from jfo_portal.kit.tables import Column
from registry.measures.privacy import hidden_from
from registry.measures.strength import Place, Post, posts_on, strength
from registry.models import Assignment, Kind

from ..measures.cost import Pay, benefit_rate, cost, half_up, pays
from .exhibits import (
    KIND_CODES,
    KINDS,
    REGIONAL,
    Exhibit,
    Row,
    Table,
    figure_column,
    kind_column,
    places_on,
    shown,
    subtotal,
)


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
    return Service(year, places_on(reader, year.last_day, None), posts, paid, hidden, has_notes=reader.sees_everything)


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
                | shown(figures, is_hidden)
            )
        totals = shown(self.total_figures(posts, paid, year), (TOTAL, region) in service.hidden)
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
        kind_column(),
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
