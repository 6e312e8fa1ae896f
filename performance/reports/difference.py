"""JFO officers beside other officers as a report: means, spread, the difference and what would close it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit import formats
from jfo_portal.kit.access import Reader
from jfo_portal.kit.reports import Parameters, Report, register
from jfo_portal.kit.tables import Column
from registry.models import Officer, Region

from ..measures.activity import Rule, per_officer
from ..measures.difference import (
    CONFIDENCE,
    DRAWS,
    LEAST,
    TOTAL,
    UNITS,
    Difference,
    Interval,
    Sides,
    Spread,
    Why,
    differences,
    seed_of,
    sides,
)
from ..models import ImsKind
from .exhibits import Row, Table, figure_column
from .quality import own_regions_note

GROUPS = {"jfo": _("JFO officers"), "others": _("Other officers")}


def kind_label(name: str) -> str:
    """Return what one of the measure's NAMES is called."""
    return gettext("All kinds") if name == TOTAL else str(ImsKind(name).label)


def _why(row: Row) -> str:
    return str(Why(row["cannot"]).label) if row["cannot"] else ""


@register
class ActivityComparison(Report):
    """What JFO officers and others opened in a fiscal year, by kind and in all; a manager's own regions alone."""

    slug = "activity-comparison"
    title = _("JFO officers beside other officers")
    description = _(
        "What JFO officers and other officers opened in a fiscal year: means and spread, the difference with its "
        "interval, and how many unrecorded files would close it."
    )
    uses = ("fy", "region")
    columns = (
        Column("kind", _("Kind of file"), text=lambda row: kind_label(row["kind"]), is_header=True),
        figure_column("jfo_officers", _("JFO officers: number with files"), "integer"),
        figure_column("jfo_mean", _("JFO officers: mean"), "decimal"),
        figure_column("jfo_low", _("JFO officers: mean from (95%)"), "decimal"),
        figure_column("jfo_high", _("JFO officers: mean to (95%)"), "decimal"),
        figure_column("jfo_median", _("JFO officers: median"), "decimal"),
        figure_column("jfo_deviation", _("JFO officers: standard deviation"), "decimal"),
        figure_column("jfo_lower", _("JFO officers: lower quartile"), "decimal"),
        figure_column("jfo_upper", _("JFO officers: upper quartile"), "decimal"),
        figure_column("others_officers", _("Other officers: number with files"), "integer"),
        figure_column("others_mean", _("Other officers: mean"), "decimal"),
        figure_column("others_low", _("Other officers: mean from (95%)"), "decimal"),
        figure_column("others_high", _("Other officers: mean to (95%)"), "decimal"),
        figure_column("others_median", _("Other officers: median"), "decimal"),
        figure_column("others_deviation", _("Other officers: standard deviation"), "decimal"),
        figure_column("others_lower", _("Other officers: lower quartile"), "decimal"),
        figure_column("others_upper", _("Other officers: upper quartile"), "decimal"),
        figure_column("difference", _("Difference of the means"), "decimal"),
        figure_column("low", _("Difference: from (95%)"), "decimal"),
        figure_column("high", _("Difference: to (95%)"), "decimal"),
        figure_column("counting_all", _("Difference, officers without an entry counted as zero"), "decimal"),
        figure_column("tipping", _("Unrecorded files per other officer that would close it"), "decimal"),
        figure_column("tipping_low", _("Unrecorded files: from (95%)"), "decimal"),
        figure_column("tipping_high", _("Unrecorded files: to (95%)"), "decimal"),
        Column("cannot", _("Not estimated"), text=_why),
    )
    measures = (
        figure_column("jfo_without", _("JFO officers without an entry"), "integer"),
        figure_column("others_without", _("Other officers without an entry"), "integer"),
    )

    def regions(self) -> list[str]:
        return list(Region.objects.order_by("code").values_list("code", flat=True))

    def sides(self, reader: Reader, parameters: Parameters) -> Sides:
        """Return what the officers of the reader's regions of then opened, of one region or of all; three queries."""
        year = parameters.fiscal_year
        found = per_officer(Officer.objects.employed_by(reader, year.last_day), year)
        return sides(row for row in found if parameters.region in (None, row.region))

    def rows(self, reader: Reader, parameters: Parameters) -> Table:
        return self.table_of(self.sides(reader, parameters), reader, parameters)

    def table_of(self, given: Sides, reader: Reader, parameters: Parameters) -> Table:
        """Return the rows, totals and notes; no rows where nobody opened a file."""
        if not given.jfo and not given.others:
            return Table([], {}, own_regions_note(reader))
        seed = seed_of(parameters.fiscal_year)
        totals = {"jfo_without": given.jfo_without, "others_without": given.others_without}
        notes = [*own_regions_note(reader), *method_notes(given, seed)]
        return Table([row_of(one) for one in differences(given, seed)], totals, notes)

    def totals(self, rows: Sequence[Mapping[str, Any]], reader: Reader, parameters: Parameters) -> Row:
        return self._as_table(rows, reader, parameters).totals

    def notes(self, rows: Sequence[Mapping[str, Any]], reader: Reader, parameters: Parameters) -> list[str]:
        return [*reading_notes(), *self._as_table(rows, reader, parameters).notes]

    def _as_table(self, rows: Sequence[Mapping[str, Any]], reader: Reader, parameters: Parameters) -> Table:
        return rows if isinstance(rows, Table) else self.rows(reader, parameters)


def row_of(one: Difference) -> Row:
    """Return the difference as every page and file prints it, to one decimal."""
    return {
        "kind": one.name,
        **_spread("jfo", one.jfo),
        **_ends("jfo_", one.jfo_mean),
        **_spread("others", one.others),
        **_ends("others_", one.others_mean),
        "difference": _rounded(one.value),
        **_ends("", one.interval),
        "counting_all": _rounded(one.counting_all),
        "tipping": _rounded(one.tipping),
        **_ends("tipping_", one.tipping_interval),
        "cannot": one.no_tipping.value if one.no_tipping else None,
    }


def _spread(group: str, spread: Spread | None) -> Row:
    return {f"{group}_officers": spread.officers if spread else 0} | {
        f"{group}_{name}": _rounded(getattr(spread, name)) if spread else None
        for name in ("mean", "median", "deviation", "lower", "upper")
    }


def _ends(prefix: str, interval: Interval | None) -> Row:
    return {f"{prefix}{name}": _rounded(getattr(interval, name)) if interval else None for name in ("low", "high")}


def _rounded(value: Decimal | float | None) -> Decimal | None:
    return None if value is None else formats.rounded(value, 1)


def reading_notes() -> list[str]:
    """Return what the figures show, and what they do not."""
    return [
        gettext(
            "The figures show what was entered in IMS, not what was done: IMS is kept by hand, and unevenly from "
            "officer to officer and region to region."
        ),
        gettext(
            "They do not show that a JFO makes an officer open more or fewer files: officers are not put on JFOs at "
            "random, and their work differs."
        ),
        gettext("A few officers with many files move a mean; the median and the quartiles move less."),
    ]


def method_notes(given: Sides, seed: int) -> list[str]:
    """Return how the figures were worked out."""
    notes = [
        str(Rule.YEAR.label),
        gettext(
            "Interval: both groups drawn anew, with replacement, %(draws)s times, seed %(seed)s; it holds the middle "
            "%(share)s of the draws. The same data always give the same interval."
        )
        % {"draws": formats.number(DRAWS), "seed": seed, "share": formats.percent(CONFIDENCE, 0)},
    ]
    if max(len(given.jfo), len(given.others)) > UNITS:
        notes.append(
            gettext("A group of more than %(number)s officers is drawn in %(number)s equal parts made up at random.")
            % {"number": formats.number(UNITS)}
        )
    return [
        *notes,
        gettext("Nothing is estimated of a group of fewer than %(number)s officers with files.")
        % {"number": formats.number(LEAST)},
        gettext("Worked out from the files themselves, not from the rounded figures."),
    ]
