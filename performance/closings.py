"""Closing a fiscal year: from then on its figures use the rates of that day, whatever becomes of them.

What is kept are rates alone. An assignment or a level that is corrected later changes the figures of the days it is
about, in a closed year too: the history of those rows says so. Each act is one transaction and one change set.
"""

from datetime import date

from django.core.exceptions import ValidationError
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from jfo_portal.kit.changesets import ChangeSet, act
from jfo_portal.kit.fiscal import FiscalYear
from registry.models import User

from .measures.rates import paid_levels, rates_of
from .models import BenefitRate, ClosedRate, SalaryRate, YearClosing


def refusals(year: FiscalYear, day: date) -> list[str]:
    """Return why the year cannot be closed on the day, in sentences; nothing where it can; two queries."""
    rates = rates_of(year)
    if rates.closed_on is not None:
        return [_("%(year)s was closed on %(day)s already.") % {"year": year, "day": rates.closed_on}]
    if day <= year.last_day:
        return [_("%(year)s ends on %(day)s: it can be closed on a later day.") % {"year": year, "day": year.last_day}]
    levels = paid_levels(year)
    found = []
    if without := [level for level in levels if level not in rates.salaries_now]:
        found.append(
            _("Officers on JFOs were at %(levels)s in %(year)s, without a salary rate on record. Add it first.")
            % {"levels": get_text_list(without, _("and")), "year": year}
        )
    if levels and rates.benefits_now is None:
        found.append(_("No benefit rate is on record for %(year)s. Add it first.") % {"year": year})
    return found


def close_year(
    year: FiscalYear, *, by: User | None, day: date, reason: str = "", within: ChangeSet | None = None
) -> YearClosing:
    """Keep the year's rates as they are on `day`, today; returns the closing. ValidationError says why it cannot be."""
    with act(by, reason=reason, within=within) as change:
        # A rate that is corrected at this moment is kept either as it was or as it is, with the others.
        salaries = list(SalaryRate.objects.select_for_update().filter(fiscal_year=year.start_year))
        benefits = BenefitRate.objects.select_for_update().filter(fiscal_year=year.start_year).first()
        if found := refusals(year, day):
            raise ValidationError(found)
        closing = YearClosing(
            fiscal_year=year.start_year,
            closed_on=day,
            benefit_rate=benefits.rate if benefits else None,
            note=reason[: YearClosing._meta.get_field("note").max_length],
        )
        change.save_row(closing)
        for row in salaries:
            change.save_row(ClosedRate(closing=closing, level=row.level, amount=row.amount))
        return closing


def reopen_year(closing: YearClosing, *, by: User | None, reason: str = "", within: ChangeSet | None = None) -> None:
    """Let the year's figures use the rates on record again; ValidationError where it is open already."""
    with act(by, reason=reason, within=within) as change:
        row = YearClosing.objects.select_for_update().filter(pk=closing.pk).first()
        if row is None:
            raise ValidationError(_("%(year)s is open already.") % {"year": closing})
        change.delete_row(row)
