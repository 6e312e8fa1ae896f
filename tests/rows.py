"""Rows made for one test, beside the demonstration's."""

from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any

from performance.models import Claim, Contribution, ImsFile, OutcomeEvent
from registry.models import JFO, Agency, Assignment, Level, Officer, OfficerLevel, Region, User
from wca.models import Assessment

_numbers = count(1)


def officer(region: str = "QUE", start: date = date(2001, 1, 1), end: date | None = None, number: str = "") -> Officer:
    """Return a new intelligence officer of the region, Ana Essai."""
    return Officer(
        number=number or f"T-{next(_numbers):05}",
        family_name="Essai",
        given_name="Ana",
        function="IO",
        region=Region.objects.get(code=region),
        start=start,
        end=end,
    ).save_as(None)


def level(officer: Officer, name: Level, start: date, end: date | None = None) -> OfficerLevel:
    """Return the officer's new level."""
    return OfficerLevel(officer=officer, level=name, start=start, end=end).save_as(None)


def assignment(
    officer: Officer, jfo: str, start: date, end: date | None = None, fte: Decimal = Decimal("1.00")
) -> Assignment:
    """Return the officer's new assignment; the demonstration's JFOs are there from 2000 on, SPVM-JFO and FAE in QUE."""
    return Assignment(officer=officer, jfo=JFO.objects.get(code=jfo), fte=fte, start=start, end=end).save_as(None)


def file(officer: Officer, opened_on: date, kind: str = "case", status: str = "active") -> ImsFile:
    """Return a new IMS file of the officer."""
    row = ImsFile(
        number=f"TEST-{next(_numbers):05}",
        officer=officer,
        region=officer.region,
        kind=kind,
        status=status,
        opened_on=opened_on,
    )
    row.attribute(None).save()
    return row


def outcome(*jfos: str, kind: str = "seizure", **fields: Any) -> OutcomeEvent:
    """Return a new outcome that the JFOs claim; the fields say when, `occurred_on` or `fiscal_year`, and what."""
    event = OutcomeEvent(kind=kind, **fields).save_as(None)
    for code in jfos:
        Claim(event=event, jfo=JFO.objects.get(code=code)).save_as(None)
    return event


def contribution(event: OutcomeEvent, agency: str, kind: str, **fields: Any) -> Contribution:
    """Return the agency's new contribution to the outcome."""
    return Contribution(event=event, agency=Agency.objects.get(key=agency), kind=kind, **fields).save_as(None)


def approved(assessment: Assessment, day: date, by: str = "nhq.approver") -> Assessment:
    """Approve the assessment on the day: the last thing that may be written of it."""
    assessment.approved_by, assessment.approved_on = User.objects.get(username=by), day
    return assessment.save_as(None)
