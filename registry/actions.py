"""What is done to assignments: each action is one transaction, and leaves a history record of every row it writes.

Every action locks the officer's row first, so that of two simultaneous ones the second is checked
against what the first wrote. A rule it would break raises ValidationError, whose sentences name the
other assignment; nothing is saved then.
"""

from datetime import date, timedelta
from decimal import Decimal

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from jfo_portal.kit.history import Door
from jfo_portal.kit.periods import today

from .models import JFO, Assignment, EndReason, Officer, User


def _locked(officer_id: int) -> Officer:
    return Officer.objects.select_for_update(no_key=True).get(pk=officer_id)


def _reread(assignment: Assignment) -> Assignment:
    """Return the row as it is now that the officer is locked; it may have changed since it was shown."""
    officer = _locked(assignment.officer_id)
    row = Assignment.objects.with_names().get(pk=assignment.pk)
    row.officer = officer
    return row


def _require_review(row: Assignment, day: date) -> None:
    """Refuse to leave an assignment open past the policy period without a review date to come (domain rule 4)."""
    if row.end is None and row.review_on is not None and row.review_on < day:
        raise ValidationError(
            {"review_on": _("%(day)s is over. Give a later date for the review.") % {"day": row.review_on}}
        )
    if row.is_past_policy_unreviewed(day):
        raise ValidationError(
            {
                "review_on": _(
                    "This assignment has lasted more than %(years)s years: "
                    "give it a last day, or a date on which it will be reviewed."
                )
                % {"years": settings.TENURE_POLICY_YEARS}
            }
        )


def assign(
    *,
    by: User | None,
    officer: Officer,
    jfo: JFO,
    fte: Decimal,
    start: date,
    end: date | None = None,
    review_on: date | None = None,
    reason: str = "",
    door: Door = Door.SCREEN,
) -> Assignment:
    """Put the officer on the JFO; returns the new assignment."""
    with transaction.atomic():
        row = Assignment(officer=_locked(officer.pk), jfo=jfo, fte=fte, start=start, end=end, review_on=review_on)
        row.save_as(by, reason=reason, door=door)
        _require_review(row, today())
        return row


def extend(
    assignment: Assignment,
    *,
    by: User | None,
    end: date | None,
    review_on: date | None = None,
    reason: str = "",
    day: date,
    door: Door = Door.SCREEN,
) -> Assignment:
    """Move the last day later, or to none; returns the assignment as saved. `day` is today."""
    with transaction.atomic():
        row = _reread(assignment)
        if end is not None and row.end is not None and end < row.end:
            raise ValidationError(
                {
                    "end": _("The assignment already lasts until %(day)s. To shorten it, end it instead.")
                    % {"day": row.end}
                }
            )
        if end is not None and row.end is None and end < day:
            raise ValidationError(
                {
                    "end": _(
                        "The assignment has no last day, and %(day)s is over. To end it on that day, end it instead."
                    )
                    % {"day": end}
                }
            )
        row.end, row.review_on, row.end_reason = end, review_on, ""
        _require_review(row, day)
        return row.save_as(by, reason=reason, door=door)


def end_assignment(
    assignment: Assignment,
    *,
    by: User | None,
    end: date,
    end_reason: EndReason,
    reason: str = "",
    door: Door = Door.SCREEN,
) -> Assignment:
    """Give the assignment its last day and say why it ends; returns the assignment as saved."""
    with transaction.atomic():
        row = _reread(assignment)
        if row.end is not None and end > row.end:
            raise ValidationError(
                {
                    "end": _("The assignment ends on %(day)s already. To make it longer, extend it instead.")
                    % {"day": row.end}
                }
            )
        row.end, row.end_reason = end, end_reason
        return row.save_as(by, reason=reason, door=door)


def transfer(
    assignment: Assignment,
    *,
    by: User | None,
    jfo: JFO,
    start: date,
    fte: Decimal,
    end: date | None = None,
    review_on: date | None = None,
    reason: str = "",
    door: Door = Door.SCREEN,
) -> Assignment:
    """Move the officer to another JFO from `start`: the old assignment ends the day before (domain rule 3).

    Returns the new assignment. All or nothing.
    """
    with transaction.atomic():
        old = _reread(assignment)
        if jfo == old.jfo:
            raise ValidationError({"jfo": _("The officer is on this JFO already. Choose another one.")})
        if start <= old.start:
            raise ValidationError(
                {
                    "start": _("The present assignment starts on %(day)s: the transfer must be later.")
                    % {"day": old.start}
                }
            )
        if old.end is not None and start > old.end + timedelta(days=1):
            raise ValidationError(
                {
                    "start": _(
                        "The present assignment ends on %(day)s: a transfer leaves no gap, "
                        "so start on the day after or earlier."
                    )
                    % {"day": old.end}
                }
            )
        old.end, old.end_reason = start - timedelta(days=1), EndReason.TRANSFER
        old.save_as(by, reason=reason, door=door)
        new = Assignment(officer=old.officer, jfo=jfo, fte=fte, start=start, end=end, review_on=review_on)
        new.save_as(by, reason=reason, door=door)
        _require_review(new, today())
        return new
