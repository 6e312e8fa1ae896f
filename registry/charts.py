"""The charts of the registry: figures already worked out go in, a finding in words and its drawing come out."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from jfo_portal.kit import formats
from jfo_portal.kit.charts import Mark, Strip
from jfo_portal.kit.tables import Column, cells
from registry.measures.privacy import too_few
from registry.measures.tenure import TenureFigures

BAND_COLUMNS = [
    Column("band", gettext_lazy("Time on the JFO"), is_header=True),
    Column(
        "officers",
        gettext_lazy("Officers"),
        "integer",
        text=lambda row: too_few(row["day"]) if row["officers"] is None else formats.number(row["officers"]),
    ),
]


def band_rows(figures: TenureFigures) -> list[dict[str, Any]]:
    """Return the rows of the table beside the strip: every band, with its officers."""
    return [{"band": band.label, "officers": count, "day": figures.day} for band, count in figures.bands]


def years(value: Decimal | int, places: int = 1) -> str:
    """Return a number of years in words: 4.2 years, or 5 years for the policy period."""
    # What is under two is singular in French: 1,5 an; in English 1 alone is.
    count = int(value) if value == int(value) or get_language() == "fr" else 2
    return ngettext("%(years)s year", "%(years)s years", count) % {"years": formats.number(value, places)}


def finding(figures: TenureFigures) -> str:
    """Return in a sentence how long officers have been on their JFOs."""
    if figures.is_hidden:
        if figures.is_of_other_day:
            return _("How long officers of other regions have been on their JFOs is not shown for this day")
        return _("Too few officers outside your regions to show how long they have been on their JFOs")
    if figures.mean_years is None:
        return _("No officer was on a JFO on this day")
    mean = years(figures.mean_years)
    if figures.longest_years is None:
        return _("Officers have been on their JFO for %(mean)s on average") % {"mean": mean}
    return _("Officers have been on their JFO for %(mean)s on average, and for up to %(longest)s") % {
        "mean": mean,
        "longest": years(figures.longest_years),
    }


def tenure_strip(figures: TenureFigures, function: str, place: str, day: date) -> Strip:
    """Return a dot for each officer, without a name, on the axis of years; function and place say whose it is."""
    policy = settings.TENURE_POLICY_YEARS
    marks: list[Mark] = []
    if figures.mean_years is not None:
        marks.append(Mark(figures.mean_years, _("Mean:"), years(figures.mean_years)))
    marks.append(Mark(policy, _("Policy period:"), years(policy, 0), is_limit=True))
    return Strip(
        id="tenure",
        title=finding(figures),
        description=_description(figures, function, place, day),
        headers=[column.label for column in BAND_COLUMNS],
        rows=[cells(BAND_COLUMNS, row) for row in band_rows(figures)],
        dots=figures.dots,
        axis=_("Years on the JFO"),
        marks=marks,
        max_value=max(policy, 10),
        csv_href=None,
        svg_href=None,
    )


def _description(figures: TenureFigures, function: str, place: str, day: date) -> str:
    """Return what the dots are, and what they are not."""
    per_dot = Strip.per_dot(len(figures.dots))
    said: Sequence[str] = [
        _("%(function)s, %(place)s, %(day)s: the time on the present JFO; of an officer on several, the longest.")
        % {"function": function, "place": place, "day": formats.long_day(day)},
        _("Each dot is an officer.") if per_dot == 1 else _("Each dot is %(count)s officers.") % {"count": per_dot},
        _("Spells at most 30 days apart count as one."),
        *([_("A dot of another region stands in the middle of its band.")] if figures.of_others else []),
    ]
    return " ".join(said)
