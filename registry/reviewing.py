"""Participation reviews and what follows from them: each act is one transaction and one change set.

An increase or a reduction sets the agreed FTE from a day on; a withdrawal ends everything that the CBSA
has in the JFO on a day. A rule that it would break raises ValidationError, and nothing is saved then.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from jfo_portal.kit import changesets, formats
from jfo_portal.kit.changesets import ChangeSet, act
from jfo_portal.kit.periods import ONE_DAY

from . import actions
from .models import JFO, Assignment, EndReason, Establishment, Participation, ParticipationReview, ReviewDecision, User
from .models.partners import OWN_AGENCY


@dataclass(frozen=True)
class Withdrawal:
    """What withdrawing from a JFO does to assignments: those it ends on the last day, those not begun that it removes.

    The officers are of every region; who sees which of them is for the page to say.
    """

    jfo: JFO
    last_day: date
    ended: Sequence[Assignment]
    removed: Sequence[Assignment]

    @property
    def rows(self) -> list[Assignment]:
        return [*self.ended, *self.removed]

    @property
    def digest(self) -> str:
        """What tells whether it is still the one that somebody looked at."""
        told = [self.last_day, *((row.pk, row.start, row.end, row.fte) for row in self.rows)]
        return hashlib.sha256(repr(told).encode()).hexdigest()


def withdrawal(jfo: JFO, last_day: date, *, day: date) -> Withdrawal:
    """Return what withdrawing after `last_day` would do; `day` is today; one query.

    ValidationError if an assignment began after `last_day` and by today: what was served is never removed.
    """
    going_on = Assignment.objects.filter(jfo=jfo).from_day_on(last_day + ONE_DAY)
    rows = list(going_on.with_names().order_by("officer__region__code", "officer__number", "start"))
    removed = [row for row in rows if row.start > last_day]
    if begun := [row.start for row in removed if row.start <= day]:
        raise ValidationError(
            {
                "effective_on": _(
                    "An assignment to this JFO began on %(day)s, and has been served: give that day or a later one."
                )
                % {"day": max(begun)}
            }
        )
    return Withdrawal(jfo, last_day, [row for row in rows if row.start <= last_day], removed)


def locked(jfo: JFO) -> JFO:
    """Lock the officers who are on the JFO, or will be, and then the JFO itself; return it as it is now."""
    actions.lock_officers(Assignment.objects.filter(jfo=jfo).values_list("officer", flat=True))
    return JFO.objects.select_for_update(of=("self",)).get(pk=jfo.pk)


def record(
    *,
    by: User | None,
    jfo: JFO,
    reviewed_on: date,
    decision: ReviewDecision,
    reasons: str,
    fte: Decimal | None = None,
    effective_on: date | None = None,
    day: date,
    within: ChangeSet | None = None,
) -> ParticipationReview:
    """Record the review of the JFO and do what it decides; returns the review. `day` is today."""
    with act(by, reason=reasons, within=within) as change:
        jfo = locked(jfo)
        review = ParticipationReview(
            jfo=jfo, reviewed_on=reviewed_on, decision=decision, fte=fte, effective_on=effective_on, reasons=reasons
        )
        require_sound(review, day)
        change.save_row(review)
        if effective_on is not None and decision == ReviewDecision.WITHDRAW:
            _withdraw(jfo, effective_on, change, day)
        elif effective_on is not None and fte is not None:
            _agree(review, fte, effective_on, change)
        return review


def correct(
    review: ParticipationReview,
    *,
    by: User | None,
    reviewed_on: date,
    reasons: str,
    reason: str = "",
    day: date,
    within: ChangeSet | None = None,
) -> ParticipationReview:
    """Correct the day and the reasons of the review; what it decided took effect and stays. `day` is today."""
    with act(by, reason=reason, within=within) as change:
        review.reviewed_on, review.reasons = reviewed_on, reasons
        _require_done(review, day)
        return change.save_row(review)


def remove(review: ParticipationReview, *, by: User | None, reason: str = "", within: ChangeSet | None = None) -> None:
    """Remove the review, and take back what it did: the act that recorded it is undone.

    CannotUndo says what was changed since and stands in the way.
    """
    with act(by, reason=reason, within=within) as change:
        recorded = review.history.filter(history_type="+").order_by("-history_id").first()
        if recorded is None or recorded.change_set is None or review.decision == ReviewDecision.CONTINUE:
            change.delete_row(review)
            return
        changesets.undo(recorded.change_set, by=by, reason=reason, within=change)


def took_effect(review: ParticipationReview) -> bool:
    """Say whether the portal did what the review decided, so that removing it takes that back; one query."""
    if review.decision == ReviewDecision.CONTINUE:
        return False
    return bool(review.history.filter(history_type="+", change_set__isnull=False).exists())


def require_sound(review: ParticipationReview, day: date) -> None:
    """Refuse a review that breaks a rule of its own, or of a day to come; `day` is today."""
    _require_done(review, day)
    review.full_clean()


def _require_done(review: ParticipationReview, day: date) -> None:
    """Refuse a review of a day to come: it is recorded once it was done."""
    if review.reviewed_on > day:
        raise ValidationError(
            {
                "reviewed_on": _("%(day)s is still to come. Record the review once it was done.")
                % {"day": review.reviewed_on}
            }
        )


def _agree(review: ParticipationReview, fte: Decimal, start: date, change: ChangeSet) -> None:
    """Let the agreed FTE be `fte` from `start` on, until the next one that is on record."""
    rows = Establishment.objects.filter(jfo=review.jfo)
    current = rows.as_of(start).first()
    if current is not None:
        _require_direction(review.decision, fte, current.fte, start)
    if current is not None and current.start == start:
        current.fte = fte
        change.save_row(current)
        return
    following = rows.filter(start__gt=start).order_by("start").first()
    end = None if following is None else following.start - ONE_DAY
    if current is not None:
        end = current.end
        current.end = start - ONE_DAY
        change.save_row(current)
    change.save_row(Establishment(jfo=review.jfo, fte=fte, start=start, end=end))


def _require_direction(decision: str, fte: Decimal, before: Decimal, start: date) -> None:
    words = {"fte": formats.text(before, "fte"), "day": start}
    if decision == ReviewDecision.INCREASE and fte <= before:
        raise ValidationError(
            {"fte": _("On %(day)s the agreed FTE is %(fte)s already: an increase is to more than that.") % words}
        )
    if decision == ReviewDecision.REDUCE and fte >= before:
        raise ValidationError(
            {"fte": _("On %(day)s the agreed FTE is %(fte)s: a reduction is to less than that.") % words}
        )


def _withdraw(jfo: JFO, last_day: date, change: ChangeSet, day: date) -> None:
    """End on the last day what the CBSA has in the JFO, assignments first: they lie inside the JFO's dates."""
    found = withdrawal(jfo, last_day, day=day)
    for row in found.removed:
        change.delete_row(row)
    for row in found.ended:
        actions.end_assignment(row, by=change.by, end=last_day, end_reason=EndReason.END_OF_OPERATION, within=change)
    # Before the CBSA's part: without it, no day of the JFO may be left.
    if jfo.end != last_day:
        jfo.end = last_day
        change.save_row(jfo)
    parts = Participation.objects.filter(jfo=jfo, agency__key=OWN_AGENCY).from_day_on(last_day + ONE_DAY)
    for part in parts.order_by("start"):
        _end_part(part, last_day, change)
    for agreed in Establishment.objects.filter(jfo=jfo).from_day_on(last_day + ONE_DAY).order_by("start"):
        _end_part(agreed, last_day, change)


def _end_part(part: Participation | Establishment, last_day: date, change: ChangeSet) -> None:
    """End what belongs to the JFO on the day; what would begin later is removed."""
    if part.start > last_day:
        change.delete_row(part)
        return
    part.end = last_day
    change.save_row(part)
