"""Domain rules 10 to 13, looked at over the whole database."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Exists, F, OuterRef, Q

from jfo_portal.kit import reports
from jfo_portal.kit.access import SYSTEM
from jfo_portal.kit.changes import tracked
from jfo_portal.kit.checks import rule
from jfo_portal.kit.fiscal import FiscalYear

from .models import Explanation, ImsFile, OutcomeEvent, PublishedFigure

Breaches = Iterator[tuple[str, str]]


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


@rule("11")
def outcomes_are_claimed() -> Breaches:
    """At least one JFO claims each outcome, or no count would hold it."""
    for event in OutcomeEvent.objects.filter(claims=None).order_by("pk"):
        yield f"outcome {event.pk}", f"{event}, claimed by no JFO"


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
