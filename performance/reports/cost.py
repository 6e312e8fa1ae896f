"""Exhibits 11 and 12: the cost of participation."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
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
from registry.measures import publication
from registry.measures.publication import Facts, Hidden, Part
from registry.measures.strength import Place, Post, posts_on, strength
from registry.models import Assignment, Kind, Level

from ..measures.cost import Cost, Pay, cost, half_up, pays
from ..measures.rates import Rates, rates_of
from .exhibits import (
    KIND_CODES,
    KINDS,
    REGIONAL,
    Exhibit,
    Row,
    Table,
    figure_column,
    kind_column,
    not_shown,
    places_on,
    subtotal,
)


@dataclass(frozen=True)
class Service:
    """The JFOs and posts of a fiscal year's last day, what its days cost, and what a reader must not be shown of it.

    `hidden` are cells of Exhibit 12's lines by regions, of the salaries; `hidden_fte` those of the FTE.
    """

    year: FiscalYear
    rates: Rates
    places: Sequence[Place]
    posts: Sequence[Post]
    pays: Sequence[Pay]
    hidden: Hidden
    hidden_fte: Hidden
    has_notes: bool

    def shown(self, figures: Row, cell: Key) -> Row:
        """Return the figures of the cell, None for those that the reader is not shown."""
        return {
            name: None if cell in (self.hidden_fte if name == "fte" else self.hidden) else value
            for name, value in figures.items()
        }


def service_of(
    reader: Reader, year: FiscalYear, rates: Rates | None = None, paid: Sequence[Pay] | None = None
) -> Service:
    """Return the service of all officers in the year; five queries, fewer with the year’s rates and what is paid."""
    rates = rates or rates_of(year)
    posts = posts_on(Assignment.objects.all(), year.last_day)
    paid = pays(Assignment.objects.all(), year, rates) if paid is None else paid
    hidden, hidden_fte = (publication.hidden_from(reader, year, table) for table in (SALARIES, FTE))
    # Notes are worked out from every post, whatever is not shown.
    return Service(
        year,
        rates,
        places_on(reader, year.last_day, None),
        posts,
        paid,
        hidden,
        hidden_fte,
        has_notes=reader.sees_everything,
    )


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
            figures = service.shown(
                _cost_figures(posts_of.get(group, []), paid_of.get(group, [])), self.cell(place, region)
            )
            rows.append(
                self.labels(place) | {"jfos": len(places_of.get(group, [])), "hidden": not_shown(figures)} | figures
            )
        totals = service.shown(self.total_figures(posts, paid, service.rates), (TOTAL, region))
        notes = [*(_cost_notes(paid, year) if service.has_notes else []), *rate_notes(service.rates)]
        return Table(sorted(rows, key=self.order), {"jfos": len(places)} | totals, notes)

    def total_figures(self, posts: Sequence[Post], paid: Sequence[Pay], rates: Rates) -> Row:
        """Return FTE and salaries in all, each rounded once."""
        return _cost_figures(posts, paid)


def _cost_line(place: Place) -> str:
    """Return the line of Exhibit 12: the program, or one for all regional JFOs."""
    return REGIONAL if place.kind == Kind.REGIONAL else place.program


def _cost_cell(place: Place) -> Key:
    return _cost_line(place), place.region


def no_benefit_rate(year: FiscalYear) -> str:
    """Return what stands in place of benefits of a year without a rate."""
    return gettext("No benefit rate is recorded for %(year)s.") % {"year": year}


# The tables that take part in the decision on what is shown (registry.measures.publication).
FTE, SALARIES = publication.Table("cost-fte", axis=1), publication.Table("cost-salaries", axis=1)

# Salaries and FTE give the levels away to who knows what each level is paid. Whoever was on a JFO all year on one
# level is therefore counted in salaries as in FTE, with a weight for the level: any that no whole numbers relate.
_WEIGHTS = {level: 1_000_003 ** (number + 1) for number, level in enumerate(Level.values)}


def _parts(facts: Facts) -> Iterable[Part]:
    """Return who counts in FTE on the last day and in salaries of the year, by Exhibit 12's lines and regions."""
    for post in facts.posts:
        yield facts.part(publication.FTE, post, publication.sums_of(FTE, _cost_cell(post)))
    year = facts.year
    for (_officer, _jfo), rows in grouped(facts.served, lambda row: (row.officer_id, row.jfo)).items():
        first = rows[0]
        is_whole = len(rows) == 1 and first.start <= year.first_day and (first.end or date.max) >= year.last_day
        weight = 0
        if is_whole:
            # Who was promoted in the year has a rate of their own.
            is_one_level = first.level == first.level_first
            weight = _WEIGHTS.get(first.level or "", 0) if is_one_level else 1_000_003**6 + first.officer_id
        sums = publication.sums_of(SALARIES, _cost_cell(first), weight=weight or 1)
        yield facts.part(publication.FTE if weight else "pay", first, sums)


publication.register(10, [FTE, SALARIES], _parts)


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


def benefit_figures(whole: Cost, rates: Rates) -> Row:
    """Return the benefits and the total of a cost as they are printed; None for each without a benefit rate."""
    if rates.benefits is None:
        return {"benefits": None, "total": None}
    return {
        "benefits": int(half_up(whole.benefits(rates.benefits))),
        "total": int(half_up(whole.total(rates.benefits))),
    }


def rate_notes(rates: Rates) -> list[str]:
    """Return when the year was closed, and what its rates were and are now where they were changed since."""
    if rates.closed_on is None:
        return []
    said = {"year": rates.year, "day": formats.day(rates.closed_on)}
    if not rates.has_changed:
        return [gettext("%(year)s was closed on %(day)s, with the rates on record now.") % said]
    notes = [
        gettext("%(year)s was closed on %(day)s: its figures use the rates of that day, and some were changed since.")
        % said
    ]
    for level in rates.changed_levels:
        then, now = (dollars(known.get(level)) for known in (rates.salaries, rates.salaries_now))
        notes.append(
            gettext("Salary of %(level)s: %(then)s when the year was closed, %(now)s now.")
            % {"level": level, "then": then, "now": now}
        )
    if rates.benefits != rates.benefits_now:
        then, now = map(share, (rates.benefits, rates.benefits_now))
        notes.append(
            gettext("Employee benefits: %(then)s of salaries when the year was closed, %(now)s now.")
            % {"then": then, "now": now}
        )
    return notes


def dollars(amount: Decimal | None) -> str:
    """Return an amount with its cents where it has any; an en dash for none."""
    if amount is None:
        return formats.NO_VALUE
    return formats.money(amount, 0 if amount == amount.to_integral_value() else 2)


def share(rate: Decimal | None) -> str:
    """Return a share of one as a percentage with the decimals that it has; an en dash for none."""
    if rate is None:
        return formats.NO_VALUE
    return formats.percent(rate, max(0, -int(rate.normalize().as_tuple().exponent) - 2))


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

    def total_figures(self, posts: Sequence[Post], paid: Sequence[Pay], rates: Rates) -> Row:
        return super().total_figures(posts, paid, rates) | benefit_figures(cost(paid), rates)

    def why_none(self, name: str, totals: Mapping[str, Any], reader: Reader, parameters: Parameters) -> str:
        """Return what stands in place of a total: benefits follow from salaries, where there is a rate."""
        if totals["salaries"] is None or name not in {"benefits", "total"}:
            return super().why_none(name, totals, reader, parameters)
        return no_benefit_rate(parameters.fiscal_year)


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


# What JFOs cost one by one
