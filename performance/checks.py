"""Domain rules 5 and 10 to 13, looked at over the whole database."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.db.models import Exists, F, OuterRef, Q

from jfo_portal.kit import reports
from jfo_portal.kit.access import SYSTEM
from jfo_portal.kit.changes import tracked
from jfo_portal.kit.checks import rule
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.periods import today
from registry.models import Officer, Region

from .measures.rates import paid_levels, rates_of_years
from .models import Contribution, Explanation, ImsFile, OutcomeEvent, PublishedFigure, YearClosing
from .recounting import differences

Breaches = Iterator[tuple[str, str]]


@rule("5")
def closed_years_have_their_rates() -> Breaches:
    """A fiscal year is closed when it is over, and keeps a rate for each level that was paid in it."""
    closings = {FiscalYear(row.fiscal_year): row for row in YearClosing.objects.order_by("fiscal_year")}
    for year, rates in rates_of_years(closings).items():
        if closings[year].closed_on <= year.last_day:
            yield f"closing of {year}", f"closed on {closings[year].closed_on}, before it was over"
        for level in paid_levels(year):
            if level not in rates.salaries:
                yield f"closing of {year}", f"keeps no rate of {level}, at which officers on JFOs were"


@rule("10")
def files_belong_to_service() -> Breaches:
    """A file is counted in the fiscal year of the day it was opened, a day of its officer's service."""
    outside = Q(opened_on__lt=F("officer__start")) | Q(officer__end__isnull=False, opened_on__gt=F("officer__end"))
    for file in ImsFile.objects.filter(outside).select_related("officer").order_by("number"):
        yield f"IMS file {file.number}", f"opened on {file.opened_on}, outside the service of {file.officer.number}"
    counted_right = Q(opened_on__month__gte=4, fiscal_year=F("opened_on__year")) | Q(
        opened_on__month__lt=4, fiscal_year=F("opened_on__year") - 1
    )
    for file in ImsFile.objects.exclude(counted_right).order_by("number"):
        yield f"IMS file {file.number}", f"opened on {file.opened_on}, counted in {FiscalYear(file.fiscal_year)}"


@rule("10")
def counts_are_those_of_the_files() -> Breaches:
    """The roll-up of activity says what a count of all files says; `recount_activity` puts it right."""
    found = list(differences())
    officers = dict(Officer.objects.values_list("pk", "number")) if found else {}
    regions = dict(Region.objects.values_list("pk", "code"))
    for filed, more in found:
        where = f"activity of {officers[filed.officer_id]} in {regions[filed.region_id]}"
        sort = f"{filed.kind}, {filed.status}, {FiscalYear(filed.fiscal_year)}"
        yield where, f"the roll-up counts {abs(more)} {'fewer' if more > 0 else 'more'} than there are: {sort}"


@rule("11")
def outcomes_are_claimed() -> Breaches:
    """At least one JFO claims each outcome, or no count would hold it."""
    for event in OutcomeEvent.objects.filter(claims=None).order_by("pk"):
        yield f"outcome {event.pk}", f"{event}, claimed by no JFO"


@rule("11")
def shares_are_of_one() -> Breaches:
    """The shares of an outcome add to at most 1."""
    shares: dict[OutcomeEvent, list[Decimal]] = {}
    for row in Contribution.objects.filter(share__isnull=False).select_related("event").order_by("event"):
        shares.setdefault(row.event, []).append(row.share or Decimal(0))
    for event, given in shares.items():
        if sum(given) > 1:
            yield f"outcome {event.pk}", f"{event}: its shares add to {sum(given)}"


@rule("11")
def confirmations_follow_their_outcome() -> Breaches:
    """The lead confirms a contribution on a day that has come, not before the outcome."""
    confirmed = Contribution.objects.filter(confirmed_on__isnull=False).select_related("event", "agency")
    for row in confirmed.order_by("pk"):
        if row.confirmed_on and not row.event.first_day <= row.confirmed_on <= today():
            yield f"contribution {row.pk}", f"{row}: confirmed on {row.confirmed_on}"


@rule("12")
def published_figures_have_a_report() -> Breaches:
    """Each published figure is of a report, and each explanation of figures that were published."""
    known = {report.slug for report in reports.all_for(SYSTEM)}
    figures = set(PublishedFigure.objects.values_list("exhibit", "row", "measure"))
    for exhibit in sorted({exhibit for exhibit, _row, _measure in figures} - known):
        yield f"published figures of {exhibit}", "no report computes them"
    for explanation in Explanation.objects.all():
        asked = (explanation.exhibit, explanation.row, explanation.measure)
        if not any(all(part in ("*", own) for part, own in zip(asked, figure, strict=True)) for figure in figures):
            yield f"explanation {explanation}", "no such figure was published"


@rule("13")
def every_row_has_history() -> Breaches:
    """History knows each row; one query a model."""
    histories: dict[str, Any] = tracked()
    for history in histories.values():
        model = history.instance_type
        number = model._base_manager.exclude(Exists(history.objects.filter(id=OuterRef("pk")))).count()
        if number:
            yield f"{model._meta.label}", f"rows of which history knows nothing: {number}"
