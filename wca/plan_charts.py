"""The chart of the plan: what fell due against what was verified, month by month."""

from collections.abc import Sequence
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jfo_portal.kit import formats
from jfo_portal.kit.charts import Band, Reach, Series, StepLines

from .measures.planning import Month
from .plan_tables import MONTH_COLUMNS, months_of, rest_of


def progress_chart(months: Sequence[Month], day: date) -> StepLines:
    """Return the lines of the actions due and of those verified, month by month; the second ends with the day."""
    greatest = max(max(month.planned, month.closed or 0) for month in months)
    return StepLines(
        id="plan-progress",
        title=_finding(months, day),
        description=_("Actions due by the end of each month, and actions verified by then; as known on %(day)s.")
        % {"day": formats.long_day(day)},
        headers=[column.label for column in MONTH_COLUMNS],
        rows=months_of(months),
        series=[Series(_("Due"), css="series-2", is_hatched=True), Series(_("Verified"), css="series-1")],
        reaches=[Reach(month.first, month.last, [month.planned, month.closed]) for month in months],
        bands=_bands(months),
        max_value=greatest,
        levels=[(0, "0"), (greatest, formats.number(greatest))],
        marked=day if months[0].first <= day <= months[-1].last else None,
        marked_text=str(day),
    )


def _finding(months: Sequence[Month], day: date) -> str:
    """Return in a sentence how far the plan is behind at the end of the last month that has begun."""
    current = [month for month in months if month.closed is not None][-1:]
    rest = rest_of(current[0]) if current else None
    if rest is None:
        return _("Nothing is due yet")
    if not rest:
        return (
            _("Everything due by the end of this month is verified") if current[0].planned else _("Nothing is due yet")
        )
    return ngettext(
        "%(closed)s verified of %(planned)s action due by the end of %(month)s",
        "%(closed)s verified of %(planned)s actions due by the end of %(month)s",
        current[0].planned,
    ) % {
        "closed": formats.number(current[0].closed or 0),
        "planned": formats.number(current[0].planned),
        "month": f"{current[0].last:%Y-%m}",
    }


def _bands(months: Sequence[Month]) -> list[Band]:
    """Return the time axis: by month, by quarter, or by year where there are very many, named by their first month."""
    each = 1 if len(months) <= 8 else 3 if len(months) <= 30 else 12
    groups = [months[first : first + each] for first in range(0, len(months), each)]
    return [Band(group[0].first, group[-1].last, f"{group[0].first:%Y-%m}") for group in groups]
