"""Domain rules 1 to 6, looked at over the whole database, whatever wrote the rows."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from django.db.models import F, Q

from jfo_portal.kit.checks import rule
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.periods import ONE_DAY, Dated, day_without, shared_day

from .models import (
    JFO,
    Assignment,
    Contact,
    EndReason,
    Establishment,
    Officer,
    OfficerLevel,
    OfficerRegion,
    Participation,
    ParticipationReview,
    ParticipationRole,
    ReviewDecision,
)
from .models.assignments import FULL_TIME, over_full_time
from .models.partners import OWN_AGENCY

Breaches = Iterator[tuple[str, str]]


def fullest_day(rows: Sequence[Assignment]) -> tuple[date, Decimal] | None:
    """Return the first day on which the rows' FTE add to more than 1.00, and their sum; None if there is none."""
    # The sum rises only on a day on which a row starts.
    found = over_full_time(rows, {row.start for row in rows})
    return None if found is None else found[:2]


@rule("1")
def fte_and_overlaps() -> Breaches:
    """0 < FTE ≤ 1; at most 1.00 FTE an officer on any day; assignments of an officer to a JFO never overlap."""
    rows = Assignment.objects.with_names().order_by("officer__number", "start", "pk")
    for officer, of_officer in grouped(rows, lambda row: row.officer).items():
        for row in of_officer:
            if not 0 < row.fte <= FULL_TIME:
                yield f"officer {officer.number}", f"{row.fte} FTE on {row.jfo.code} is not more than 0 and at most 1"
        if (peak := fullest_day(of_officer)) is not None:
            yield f"officer {officer.number}", f"{peak[1]} FTE on {peak[0]}, more than 1.00"
        for jfo, on_jfo in grouped(of_officer, lambda row: row.jfo).items():
            if (day := shared_day(on_jfo)) is not None:
                yield f"officer {officer.number}", f"two assignments to {jfo.code} on {day}"


@rule("2")
def assignments_inside_dates() -> Breaches:
    """An assignment lies inside its JFO's and its officer's dates, and does not end before it starts."""
    outside = Q(end__lt=F("start"))
    for period in ("jfo", "officer"):
        outside |= Q(start__lt=F(f"{period}__start"))
        outside |= Q(**{f"{period}__end__isnull": False}) & (Q(end=None) | Q(end__gt=F(f"{period}__end")))
    for row in Assignment.objects.with_names().filter(outside).order_by("officer__number", "start"):
        dates = f"{_dates(row)}, not inside those of the JFO, {_dates(row.jfo)}, and officer, {_dates(row.officer)}"
        yield f"officer {row.officer.number}", f"on {row.jfo.code} {dates}"


def _dates(row: Dated) -> str:
    return f"{row.start} to {row.end or 'no end'}"


@rule("3")
def transfers_are_whole() -> Breaches:
    """What ended by a transfer is followed, the next day, by another assignment of the officer."""
    starts = set(Assignment.objects.values_list("officer_id", "start"))
    moved = Assignment.objects.with_names().filter(end_reason=EndReason.TRANSFER, end__isnull=False)
    for row in moved.order_by("officer__number", "start"):
        if row.end is not None and (row.officer_id, row.end + ONE_DAY) not in starts:
            yield (
                f"officer {row.officer.number}",
                f"left {row.jfo.code} by a transfer on {row.end}, and no assignment starts the day after",
            )


@rule("4")
def review_dates() -> Breaches:
    """A review date lies in its assignment.

    That an open-ended assignment past the policy period lacks one is no breach: it is work to do,
    and stands on its manager's home page.
    """
    for row in Assignment.objects.with_names().filter(review_on__lt=F("start")).order_by("officer__number", "start"):
        yield (
            f"officer {row.officer.number}",
            f"the review of {row.jfo.code} is on {row.review_on}, before its first day",
        )


@rule("5")
def one_level_a_day() -> Breaches:
    """An officer has at most one level on any day, or cost would count the day twice."""
    rows = OfficerLevel.objects.select_related("officer").order_by("officer__number", "start")
    for officer, levels in grouped(rows, lambda row: row.officer).items():
        if (day := shared_day(levels)) is not None:
            yield f"officer {officer.number}", f"two levels on {day}"


@rule("2")
def one_region_a_day() -> Breaches:
    """On every day of service one region employs an officer, the last one still: figures about the day go by it."""
    rows = grouped(OfficerRegion.objects.order_by("start"), lambda row: row.officer_id)
    for officer in Officer.objects.order_by("number"):
        postings = rows.get(officer.pk, [])
        if (day := shared_day(postings)) is not None:
            yield f"officer {officer.number}", f"two regions on {day}"
        if (day := day_without(postings, officer.start, officer.end)) is not None:
            yield f"officer {officer.number}", f"no region on {day}"
        if postings and (postings[-1].region_id, postings[-1].end) != (officer.region_id, None):
            yield f"officer {officer.number}", f"the last region, from {postings[-1].start} on, is not that of today"


@rule("6")
def leads_contacts_and_cbsa() -> Breaches:
    """On every day of a JFO it has a lead, which is no group, and the CBSA; at most one primary contact a function."""
    parts = grouped(Participation.objects.select_related("agency"), lambda row: row.jfo_id)
    primary = grouped(Contact.objects.filter(is_primary=True), lambda row: row.jfo_id)
    for jfo in JFO.objects.order_by("code"):
        of_jfo = parts.get(jfo.pk, [])
        leads = [row for row in of_jfo if row.role == ParticipationRole.LEAD]
        for row in leads:
            if row.agency.is_group:
                yield f"JFO {jfo.code}", f"{row.agency.key} leads, and is a group"
        if (day := day_without([row for row in leads if not row.agency.is_group], jfo.start, jfo.end)) is not None:
            yield f"JFO {jfo.code}", f"no lead on {day}"
        own = [row for row in of_jfo if row.agency.key == OWN_AGENCY]
        if (day := day_without(own, jfo.start, jfo.end)) is not None:
            yield f"JFO {jfo.code}", f"the {OWN_AGENCY} does not take part on {day}"
        for function, contacts in grouped(primary.get(jfo.pk, []), lambda row: row.function).items():
            if (day := shared_day(contacts)) is not None:
                yield f"JFO {jfo.code}", f"two primary contacts for {function} on {day}"


@rule("6")
def one_agreed_fte_a_day() -> Breaches:
    """A JFO has at most one agreed FTE on any day, inside its own dates, or vacancies would be counted twice."""
    rows = Establishment.objects.select_related("jfo").order_by("jfo__code", "start")
    for jfo, of_jfo in grouped(rows, lambda row: row.jfo).items():
        if (day := shared_day(of_jfo)) is not None:
            yield f"JFO {jfo.code}", f"two agreed FTE on {day}"
        for row in of_jfo:
            if jfo.end is not None and (row.end is None or row.end > jfo.end):
                yield f"JFO {jfo.code}", f"agreed FTE {_dates(row)}, though the JFO ends on {jfo.end}"


@rule("6")
def withdrawals_leave_nothing() -> Breaches:
    """After the effective day of a review that decided to withdraw, neither the JFO nor an assignment to it goes on."""
    reviews = ParticipationReview.objects.filter(decision=ReviewDecision.WITHDRAW, effective_on__isnull=False)
    for review in reviews.select_related("jfo").order_by("jfo__code", "reviewed_on"):
        last_day = review.effective_on
        if last_day is None:
            continue
        if review.jfo.end is None or review.jfo.end > last_day:
            yield f"JFO {review.jfo.code}", f"withdrawn from on {last_day}, and goes on"
        after = Assignment.objects.filter(jfo=review.jfo).from_day_on(last_day + ONE_DAY).order_by("start").first()
        if after is not None:
            yield f"JFO {review.jfo.code}", f"withdrawn from on {last_day}, and has an assignment, {_dates(after)}"
