"""Outcomes of a fiscal year as reports: through three lenses side by side, by kind, goods, JFO and agency."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit import formats
from jfo_portal.kit.access import Reader
from jfo_portal.kit.reports import Parameters, Report, register
from jfo_portal.kit.tables import Column
from registry.models import Agency, Region
from registry.models.partners import OWN_AGENCY

from ..measures.cost import half_up
from ..measures.outcomes import (
    Asked,
    Event,
    Goods,
    Lens,
    Method,
    Seen,
    added,
    by_claimant,
    by_method,
    events_of,
    quantities,
    seen,
    values,
)
from ..models import ContributionKind, OutcomeKind
from .exhibits import Row, Table

# Of a value, in the column of units.
DOLLARS = "CAD"
# In an address, for goods that nobody named.
UNNAMED = formats.NO_VALUE


def list_of(row: Row, **more: str) -> str:
    """Return the address of the list of exactly the events behind a figure of the row; whole JFOs' are of no agency."""
    where = dict(row["where"])
    if not more.keys() & {"lens", "contribution"}:
        where.pop("agency", None)
    return f"{reverse('performance-outcome-list')}?{urlencode(where | more)}"


def _linked(name: str, label: Any, kind: str, **more: str) -> Column:
    """Return a column of figures, each of which leads to its events; nothing leads to none."""
    return Column(name, label, kind, href=lambda row: list_of(row, **more) if row[name] else None)


def lens_columns(kind: str = "integer") -> list[Column]:
    """Return the columns of the lenses, whose figures lead to their events."""
    return [
        _linked("took_part", Lens.TOOK_PART.label, kind, lens=Lens.TOOK_PART),
        _linked("share", Lens.SHARE.label, "fte", lens=Lens.SHARE),
        _linked("confirmed", Lens.CONFIRMED.label, kind, lens=Lens.CONFIRMED),
    ]


COVERAGE_COLUMNS = (
    _linked("covered", _("With a contribution recorded"), "integer", covered="yes"),
    Column("coverage", _("Coverage"), "percent"),
)
EVENTS = _linked("events", _("Outcomes"), "integer")
KIND = Column(
    "kind",
    _("Kind"),
    value=lambda row: row["kind"],
    text=lambda row: str(OutcomeKind(row["kind"]).label),
    is_header=True,
)


def _counts(counted: Seen) -> Row:
    """Return counts of events."""
    return {
        "events": counted.events,
        "took_part": int(counted.took_part),
        "share": half_up(counted.share, 2),
        "confirmed": int(counted.confirmed),
    } | _coverage(counted)


def _coverage(counted: Seen) -> Row:
    coverage = counted.coverage
    return {"covered": counted.covered, "coverage": None if coverage is None else half_up(coverage, 6)}


def kind_table(events: Sequence[Event], agency: str, asked: Asked) -> Table:
    """Return the events counted by kind; the rows add to the totals."""
    rows = []
    for kind in OutcomeKind:
        of_kind = [event for event in events if event.kind == kind]
        if of_kind:
            where = asked.as_query() | {"kind": kind.value, "agency": agency}
            rows.append({"kind": kind.value, "where": where} | _counts(seen(of_kind, agency)))
    totals = _counts(seen(events, agency)) | {"shared": sum(event.is_shared for event in events)}
    return Table(rows, totals, [*shared_notes(events), *method_notes(events)])


def shared_notes(events: Sequence[Event]) -> list[str]:
    """Return how many events several JFOs claim."""
    shared = sum(event.is_shared for event in events)
    if not shared:
        return []
    return [
        ngettext(
            "%(shared)s of the %(count)s outcomes is claimed by more than one JFO; it counts once.",
            "%(shared)s of the %(count)s outcomes are claimed by more than one JFO; each counts once.",
            shared,
        )
        % {"shared": formats.number(shared), "count": formats.number(len(events))}
    ]


def method_notes(events: Sequence[Event]) -> list[str]:
    """Return how the shares were found, with the number of events of each method."""
    if not events:
        return []
    counts = by_method(events)
    parts = [
        gettext("%(method)s: %(count)s") % {"method": method.label, "count": formats.number(counts[method])}
        for method in Method
        if counts[method]
    ]
    notes = [gettext("Outcomes by how they are shared: %(parts)s.") % {"parts": "; ".join(parts)}]
    if counts[Method.EQUAL] or counts[Method.MIXED]:
        notes.append(gettext("Shares are added up exactly, and each figure is rounded once where it is shown."))
    if left := added(event.left_open for event in events):
        notes.append(
            gettext("The agreed shares leave %(left)s of the outcomes to nobody.")
            % {"left": formats.number(half_up(left, 2), 2)}
        )
    return notes


def goods_table(events: Sequence[Event], agency: str, asked: Asked) -> Table:
    """Return the quantities by kind, goods and unit, then the values in dollars by kind and goods."""
    rows = [_goods(goods, agency, asked, "quantity") for goods in quantities(events)]
    rows += [_goods(goods, agency, asked, "value") for goods in values(events)]
    rows.sort(key=lambda row: OutcomeKind.values.index(row["kind"]))
    return Table(rows, {}, method_notes(events))


def _goods(goods: Goods, agency: str, asked: Asked, measure: str) -> Row:
    places = 2 if measure == "value" else 3

    def weight(event: Event) -> Fraction:
        return getattr(event, measure) or Fraction()

    counted = seen(goods.events, agency, weight)
    where = asked.as_query() | {"kind": goods.kind, "goods": goods.what or UNNAMED, "agency": agency}
    where |= {"valued": "yes"} if measure == "value" else {"unit": goods.unit}
    amounts = {name: half_up(getattr(counted, name), places) for name in ("whole", "took_part", "share", "confirmed")}
    row = {"kind": goods.kind, "measure": measure, "what": goods.what, "unit": goods.unit or DOLLARS, "where": where}
    return row | {"events": counted.events} | amounts | _coverage(counted)


def _amount(name: str) -> Any:
    def text(row: Row) -> str:
        value: Decimal = row[name]
        if row["measure"] == "value":
            return formats.money(value)
        return formats.number(value, max(0, -int(value.normalize().as_tuple().exponent)))

    return text


def _amount_column(name: str, label: Any, **more: str) -> Column:
    return Column(name, label, "fte", text=_amount(name), href=lambda row: list_of(row, **more) if row[name] else None)


GOODS_COLUMNS = (
    Column("what", _("Goods or subject"), text=lambda row: row["what"] or gettext("Not said"), is_header=True),
    Column("kind", _("Kind"), text=lambda row: str(OutcomeKind(row["kind"]).label)),
    Column("unit", _("Unit")),
    EVENTS,
    _amount_column("whole", _("Whole JFO")),
    _amount_column("took_part", Lens.TOOK_PART.label, lens=Lens.TOOK_PART),
    _amount_column("share", Lens.SHARE.label, lens=Lens.SHARE),
    _amount_column("confirmed", Lens.CONFIRMED.label, lens=Lens.CONFIRMED),
    *COVERAGE_COLUMNS,
)
KIND_COLUMNS = (KIND, EVENTS, *lens_columns(), *COVERAGE_COLUMNS)


def claimant_table(events: Sequence[Event], agency: str, asked: Asked, name: str) -> Table:
    """Return the events by JFO or region (`name`). An event of two of them is in both rows, so that the rows may add to
    more than the totals; the notes say by how much."""
    rows: list[Row] = []
    for key, claimed in by_claimant(events, name, asked).items():
        where = asked.as_query() | {name: key, "agency": agency}
        shared = sum(event.is_shared for event in claimed)
        rows.append({name: key, "shared": shared, "where": where} | _counts(seen(claimed, agency)))
    totals = _counts(seen(events, agency)) | {"shared": sum(event.is_shared for event in events)}
    added = sum(row["events"] for row in rows)
    notes = []
    if added > len(events):
        notes.append(
            gettext(
                "The rows add to %(added)s, %(more)s more than the %(count)s outcomes: those that several claim are in "
                "the row of each, and count once in the total."
            )
            % {
                "added": formats.number(added),
                "more": formats.number(added - len(events)),
                "count": formats.number(len(events)),
            }
        )
    return Table(rows, totals, [*notes, *method_notes(events)])


SHARED = _linked("shared", _("Claimed by others too"), "integer", shared="yes")
JFO_COLUMNS = (
    Column("jfo", _("JFO"), href=lambda row: reverse("jfo", args=[row["jfo"]]), is_header=True),
    EVENTS,
    SHARED,
    *lens_columns(),
    *COVERAGE_COLUMNS,
)


def agency_table(events: Sequence[Event], asked: Asked, names: Mapping[str, str]) -> Table:
    """Return the part of each agency that contributed; shares, what is left to nobody and the events without any
    contribution add to the events. `names` are the agencies' short forms by key."""
    rows: list[Row] = []
    for agency in sorted({key for event in events for key in event.parts}):
        counted = seen(events, agency)
        kinds = {
            kind.value: sum(agency in event.parts and kind.value in event.parts[agency].kinds for event in events)
            for kind in ContributionKind
        }
        where = asked.as_query() | {"agency": agency}
        row = {"agency": agency, "name": names.get(agency, agency), "where": where} | _counts(counted) | kinds
        rows.append(row)
    left = added(event.left_open for event in events)
    whole = seen(events, "")
    totals: Row = {
        "events": whole.events,
        "share": half_up(whole.covered - left, 2),
        "left_open": half_up(left, 2),
        "uncovered": whole.events - whole.covered,
    }
    return Table(rows, totals, [*_whole_note(totals), *method_notes(events), *shared_notes(events)])


def _whole_note(totals: Row) -> list[str]:
    """Return what makes the shares whole."""
    if not totals["events"]:
        return []
    return [
        gettext(
            "The shares add to %(share)s. With %(left)s left to nobody and %(uncovered)s without a contribution "
            "recorded they make the %(count)s outcomes."
        )
        % {
            "share": formats.number(totals["share"], 2),
            "left": formats.number(totals["left_open"], 2),
            "uncovered": formats.number(totals["uncovered"]),
            "count": formats.number(totals["events"]),
        }
    ]


AGENCY = Column("agency", _("Agency"), text=lambda row: row["name"], is_header=True)
AGENCY_COLUMNS = (AGENCY, *lens_columns())
KIND_OF_CONTRIBUTION_COLUMNS = tuple(
    _linked(kind.value, kind.label, "integer", contribution=kind.value) for kind in ContributionKind
)


# The reports


def asked_of(parameters: Parameters) -> Asked:
    """Return what the parameters of a report ask for."""
    return Asked(parameters.fiscal_year, parameters.region)


class OutcomeReport(Report):
    """A table of the events of a fiscal year, for the CBSA."""

    uses: ClassVar[Sequence[str]] = ("fy", "region")

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
        return list(self._as_table(rows, reader, parameters).notes)

    def _as_table(self, rows: Sequence[Mapping[str, Any]], reader: Reader, parameters: Parameters) -> Table:
        return rows if isinstance(rows, Table) else self.table(reader, parameters)


@register
class Outcomes(OutcomeReport):
    """The events by kind."""

    slug = "outcomes"
    title = _("Outcomes by kind")
    description = _(
        "Outcomes of a fiscal year, each counted once: of whole JFOs, and beside them those the CBSA took part in, its "
        "shares, and those of which the lead confirmed a contribution of the CBSA."
    )
    columns = KIND_COLUMNS
    measures = (SHARED,)

    def table(self, reader: Reader, parameters: Parameters) -> Table:
        asked = asked_of(parameters)
        return kind_table(events_of(reader, asked), OWN_AGENCY, asked)


@register
class OutcomeQuantities(OutcomeReport):
    """Quantities and values."""

    slug = "outcome-quantities"
    title = _("Quantities and values of outcomes")
    description = _(
        "What outcomes of a fiscal year come to, by kind, goods and unit, and in dollars (CAD): of whole JFOs, and "
        "beside them what the CBSA took part in, its shares, and what the lead confirmed."
    )
    columns = GOODS_COLUMNS

    def table(self, reader: Reader, parameters: Parameters) -> Table:
        asked = asked_of(parameters)
        return goods_table(events_of(reader, asked), OWN_AGENCY, asked)


@register
class OutcomesByJFO(OutcomeReport):
    """The events by JFO."""

    slug = "outcomes-by-jfo"
    title = _("Outcomes by JFO")
    description = _(
        "Outcomes of a fiscal year under each JFO that claims them. An outcome of two JFOs is in both rows, and once "
        "in the total."
    )
    columns = JFO_COLUMNS

    def table(self, reader: Reader, parameters: Parameters) -> Table:
        asked = asked_of(parameters)
        return claimant_table(events_of(reader, asked), OWN_AGENCY, asked, "jfo")


@register
class ContributionsByAgency(OutcomeReport):
    """The part of each agency."""

    slug = "contributions-by-agency"
    title = _("Contributions by agency")
    description = _(
        "For each agency that contributed to outcomes of a fiscal year: those it took part in, its shares, those in "
        "which the lead confirmed a contribution of it, and those it contributed to in each way."
    )
    columns = (*AGENCY_COLUMNS, *KIND_OF_CONTRIBUTION_COLUMNS)
    measures = (
        Column("events", _("Outcomes"), "integer"),
        Column("left_open", _("Left to nobody by the agreed shares"), "fte"),
        Column("uncovered", _("Outcomes without a contribution recorded"), "integer"),
    )

    def table(self, reader: Reader, parameters: Parameters) -> Table:
        asked = asked_of(parameters)
        return agency_table(events_of(reader, asked), asked, agency_names(reader))


def agency_names(reader: Reader) -> dict[str, str]:
    """Return the short forms of all agencies by key, in the active language; one query."""
    return {agency.key: agency.short for agency in Agency.objects.visible_to(reader)}
