"""What is done to assignments, and the move of an officer to another region: each action is one transaction and one
change set, and leaves a version of every row.

Every action locks the officer's row first, so that of two simultaneous ones the second is checked
against what the first wrote. A rule it would break raises ValidationError, whose sentences name the
other assignment; nothing is saved then. `within` makes an action part of a larger act. `try_each` does
the same to several assignments.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from jfo_portal.kit import formats
from jfo_portal.kit.changesets import ChangeSet, act
from jfo_portal.kit.history import Door
from jfo_portal.kit.periods import ONE_DAY, today

from .models import JFO, Assignment, EndReason, Officer, OfficerRegion, Region, User


def lock_officers(ids: Iterable[int]) -> dict[int, Officer]:
    """Lock the officers' rows in the order of their keys, so that no two acts wait for one another; by key."""
    rows = Officer.objects.select_for_update(no_key=True).filter(pk__in=set(ids)).order_by("pk")
    return {row.pk: row for row in rows}


def _locked(officer_id: int) -> Officer:
    officer = lock_officers([officer_id]).get(officer_id)
    if officer is None:
        raise ValidationError(_("This officer is not there any more: somebody removed the row meanwhile."))
    return officer


def _open_jfo(jfo: JFO) -> JFO:
    """Return the JFO as it is now, locked until the act is done: a withdrawal may have ended it meanwhile.

    It comes after the officers, as everywhere.
    """
    return JFO.objects.select_for_update(no_key=True).get(pk=jfo.pk)


def gone() -> str:
    """Return what is said of an assignment that was there when it was shown."""
    return _("This assignment is not there any more: somebody undid it meanwhile.")


def _reread(assignment: Assignment, day: date) -> Assignment:
    """Return the row as it is now that the officer is locked; it may have changed since it was shown.

    One that is closed by the day is left as it is.
    """
    officer = lock_officers([assignment.officer_id]).get(assignment.officer_id)
    row = Assignment.objects.with_names().filter(pk=assignment.pk).first()
    if officer is None or row is None:
        raise ValidationError(gone())
    if row.is_closed(day):
        raise ValidationError(
            _(
                "This assignment ended on %(day)s, in an earlier fiscal year, whose figures stay as they are. "
                "Assign the officer anew instead."
            )
            % {"day": row.end}
        )
    row.officer = officer
    return row


def _require_review(row: Assignment, day: date) -> None:
    """Refuse a review outside the assignment, and an assignment left open past the policy period without a review
    to come (domain rule 4)."""
    if row.review_on is not None and row.review_on < row.start:
        raise ValidationError(
            {"review_on": _("The assignment starts on %(day)s: review it on that day or later.") % {"day": row.start}}
        )
    if row.review_on is not None and row.end is not None and row.review_on > row.end:
        raise ValidationError(
            {
                "review_on": _("The assignment would end on %(day)s: review it on that day or earlier, or not at all.")
                % {"day": row.end}
            }
        )
    if row.end is None and row.review_on is not None and row.review_on < day:
        raise ValidationError(
            {"review_on": _("%(day)s is over. Give a later date for the review.") % {"day": row.review_on}}
        )
    # One that begins later must keep the rule on its first day: it may continue an earlier spell.
    if row.is_past_policy_unreviewed(max(day, row.start)):
        raise ValidationError(
            {
                "review_on": _(
                    "The officer has been on this JFO for more than %(years)s years: "
                    "give it a last day, or a date on which it will be reviewed."
                )
                % {"years": settings.TENURE_POLICY_YEARS}
            }
        )


def _stop(row: Assignment, end: date, end_reason: EndReason) -> None:
    """Set the row's last day and its reason; a review that would come after it has nothing left to look at."""
    row.end, row.end_reason = end, end_reason
    if row.review_on is not None and row.review_on > end:
        row.review_on = None


def _require_inside(row: Assignment, start: date, field: str) -> None:
    """Refuse a change from a day on that the assignment has not reached, or has left behind it."""
    if start < row.start:
        raise ValidationError(
            {field: _("The assignment starts on %(day)s: give that day or a later one.") % {"day": row.start}}
        )
    if row.end is not None and start > row.end:
        raise ValidationError(
            {field: _("The assignment ends on %(day)s: give that day or an earlier one.") % {"day": row.end}}
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
    within: ChangeSet | None = None,
) -> Assignment:
    """Put the officer on the JFO; returns the new assignment."""
    with act(by, reason=reason, door=door, within=within) as change:
        officer = _locked(officer.pk)
        row = Assignment(officer=officer, jfo=_open_jfo(jfo), fte=fte, start=start, end=end, review_on=review_on)
        change.save_row(row)
        _require_review(row, today())
        return row


def change_fte(
    assignment: Assignment,
    *,
    by: User | None,
    fte: Decimal,
    start: date,
    reason: str = "",
    door: Door = Door.SCREEN,
    within: ChangeSet | None = None,
) -> Assignment:
    """Give the assignment another FTE from `start` on; returns the assignment that has it.

    From the first day on it is the same assignment; from a later day on, the old one ends the day
    before and a new one goes on, so that what was so on earlier days stays so. The review stays with
    the one that holds on its date.
    """
    with act(by, reason=reason, door=door, within=within) as change:
        old = _reread(assignment, today())
        _require_inside(old, start, "start")
        if fte == old.fte:
            raise ValidationError({"fte": _("The FTE is this already. Type another one.")})
        if start == old.start:
            old.fte = fte
            return change.save_row(old)
        new = _rest(old, old.jfo, fte, start)
        _stop(old, start - ONE_DAY, EndReason.CHANGE)
        change.save_row(old)
        return change.save_row(new)


def _rest(old: Assignment, jfo: JFO, fte: Decimal, start: date) -> Assignment:
    """Return a new assignment, unsaved, of what is left of the old one from the day on."""
    review_on = old.review_on if old.review_on is not None and old.review_on >= start else None
    return Assignment(
        officer=old.officer,
        jfo=jfo,
        fte=fte,
        start=start,
        end=old.end,
        end_reason=old.end_reason,
        review_on=review_on,
    )


def extend(
    assignment: Assignment,
    *,
    by: User | None,
    end: date | None,
    review_on: date | None = None,
    reason: str = "",
    day: date,
    door: Door = Door.SCREEN,
    within: ChangeSet | None = None,
) -> Assignment:
    """Move the last day later, or to none; returns the assignment as saved. `day` is today."""
    with act(by, reason=reason, door=door, within=within) as change:
        row = _reread(assignment, day)
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
        if (end, review_on) == (row.end, row.review_on):
            _require_review(row, day)
            raise ValidationError({"end": _("Nothing would change. Give a later day, or a date of review.")})
        if end != row.end:
            row.end_reason = ""  # it was that of the former last day
        row.end, row.review_on = end, review_on
        _require_review(row, day)
        return change.save_row(row)


def end_assignment(
    assignment: Assignment,
    *,
    by: User | None,
    end: date,
    end_reason: EndReason,
    reason: str = "",
    door: Door = Door.SCREEN,
    within: ChangeSet | None = None,
) -> Assignment:
    """Give the assignment its last day and say why it ends; returns the assignment as saved."""
    with act(by, reason=reason, door=door, within=within) as change:
        row = _reread(assignment, today())
        if row.end is not None and end > row.end:
            raise ValidationError(
                {
                    "end": _("The assignment ends on %(day)s already. To make it longer, extend it instead.")
                    % {"day": row.end}
                }
            )
        _stop(row, end, end_reason)
        return change.save_row(row)


def transfer(
    assignment: Assignment,
    *,
    by: User | None,
    jfo: JFO,
    start: date,
    fte: Decimal | None = None,
    end: date | None = None,
    review_on: date | None = None,
    reason: str = "",
    door: Door = Door.SCREEN,
    within: ChangeSet | None = None,
) -> Assignment:
    """Move the officer to another JFO from `start`: the old assignment ends the day before (domain rule 3).

    Without an `fte` the officer keeps the one of the old assignment. Returns the new assignment. All or nothing.
    """
    with act(by, reason=reason, door=door, within=within) as change:
        old = _reread(assignment, today())
        if jfo == old.jfo:
            raise ValidationError({"jfo": _("The officer is on this JFO already. Choose another one.")})
        if start <= old.start:
            raise ValidationError(
                {
                    "start": _("The present assignment starts on %(day)s: the transfer must be later.")
                    % {"day": old.start}
                }
            )
        if old.end is not None and start > old.end + ONE_DAY:
            raise ValidationError(
                {
                    "start": _(
                        "The present assignment ends on %(day)s: a transfer leaves no gap, "
                        "so start on the day after or earlier."
                    )
                    % {"day": old.end}
                }
            )
        _stop(old, start - ONE_DAY, EndReason.TRANSFER)
        change.save_row(old)
        new = Assignment(
            officer=old.officer,
            jfo=_open_jfo(jfo),
            fte=old.fte if fte is None else fte,
            start=start,
            end=end,
            review_on=review_on,
        )
        change.save_row(new)
        _require_review(new, today())
        return new


def split(
    assignment: Assignment,
    *,
    by: User | None,
    jfo: JFO,
    fte: Decimal,
    start: date,
    reason: str = "",
    door: Door = Door.SCREEN,
    within: ChangeSet | None = None,
) -> tuple[Assignment, Assignment]:
    """Give `fte` of the assignment to another JFO from `start` on, and leave the rest where it is.

    Returns the assignment that stays and the one to the other JFO. Together they have the FTE and the
    last day that the assignment had, so that no total changes. All or nothing.
    """
    with act(by, reason=reason, door=door, within=within) as change:
        old = _reread(assignment, today())
        if jfo == old.jfo:
            raise ValidationError({"jfo": _("The officer is on this JFO already. Choose another one.")})
        if fte >= old.fte:
            raise ValidationError(
                {
                    "fte": _("The assignment has %(fte)s FTE: give the other JFO less, or transfer the officer.")
                    % {"fte": formats.text(old.fte, "fte")}
                }
            )
        _require_inside(old, start, "start")
        new = _rest(old, _open_jfo(jfo), fte, start)
        stays = change_fte(old, by=by, fte=old.fte - fte, start=start, within=change)
        return stays, change.save_row(new)


def move_officer(
    officer: Officer,
    *,
    by: User | None,
    region: Region,
    day: date | None = None,
    reason: str = "",
    door: Door = Door.SCREEN,
    within: ChangeSet | None = None,
) -> Officer:
    """Have the region employ the officer from the day on, today if none is given; returns the officer as saved.

    What is so on earlier days stays so. The region of now with another day moves the day of the last move, and the day
    of the last move with another region corrects that one.
    """
    with act(by, reason=reason, door=door, within=within) as change:
        officer = _locked(officer.pk)
        if region.pk != officer.region_id:
            officer.region, officer.moved_on = region, day
            return change.save_row(officer)
        since = officer.postings.order_by("-start").values_list("start", flat=True)[:1]
        if day is None or day in since:
            raise ValidationError(
                {"region": _("The officer is in this region already. Choose another one, or give another first day.")}
            )
        officer.moved_on = day
        OfficerRegion.objects.follow([officer], by=by, reason=change.reason, door=Door(change.door), change=change)
        return officer


@dataclass(frozen=True)
class Tried:
    """What came of an action on one of several assignments: the assignment it returned, or why it was refused."""

    row: Assignment
    result: Assignment | None
    refusals: Sequence[str] = ()


def try_each(do: Callable[[Assignment], Assignment], rows: Sequence[Assignment]) -> list[Tried]:
    """Do it to every assignment, each in a savepoint of its own, and return what came of each, in their order.

    Within a transaction, which the caller rolls back where one was refused. The officers are locked
    in the order of their keys first, so that no two such acts wait for one another.
    """
    lock_officers(row.officer_id for row in rows)
    tried = []
    for row in rows:
        try:
            with transaction.atomic():
                tried.append(Tried(row, do(row)))
        except ValidationError as error:
            tried.append(Tried(row, None, error.messages))
    return tried
