"""What is done about gaps: each act on a remediation action is one transaction and one change set.

Every act locks the action's row first, so that of two simultaneous ones the second is checked against what the first
wrote. A rule it would break raises ValidationError, and nothing is saved then. `within` makes an act part of a larger
one; `day` is today.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from jfo_portal.kit.changesets import ChangeSet, act
from jfo_portal.kit.periods import ONE_DAY
from registry.models import JFO, User

from .models import ActionState, Arrangement, Clause, Milestone, RemediationAction
from .models.remediation import gap_in_words

# The states in which there is something left to be done about the gap.
TO_DO = (ActionState.OPEN, ActionState.OVERDUE)


@dataclass(frozen=True)
class Gap:
    """A clause that an arrangement does not hold in full, or a JFO without an arrangement."""

    arrangement: Arrangement | None = None
    clause: Clause | None = None
    jfo: JFO | None = None

    @property
    def key(self) -> str:
        """What names it in an address: WCA-2004-0001:information-sharing.c, or jfo:NPET-QUE."""
        if self.arrangement is not None and self.clause is not None:
            return f"{self.arrangement.reference}:{self.clause.clause_set.code}.{self.clause.letter}"
        return f"jfo:{self.jfo}"

    def __str__(self) -> str:
        return gap_in_words(self.arrangement, self.clause, self.jfo)

    @property
    def usual_words(self) -> str:
        """What is to be done about it, in the active language, where nobody says more."""
        if self.clause is not None:
            return _("Amend the arrangement so that it holds clause %(letter)s in full: %(title)s") % {
                "letter": self.clause.letter,
                "title": self.clause.title,
            }
        return _("Conclude an arrangement that covers the JFO")


def standing(gaps: Iterable[Gap], day: date) -> dict[str, RemediationAction]:
    """Return, by the key of the gap, the latest action about each that is not verified on the day; one query.

    A clause is the same one in every version of its set.
    """
    gaps = list(gaps)
    keys = {gap.key for gap in gaps}
    about = Q(arrangement__in=[gap.arrangement for gap in gaps if gap.arrangement])
    about |= Q(jfo__in=[gap.jfo for gap in gaps if gap.jfo])
    rows = RemediationAction.objects.unverified_on(day).filter(about).with_names()
    found = {}
    for row in rows.order_by("pk"):
        key = Gap(row.arrangement, row.clause, row.jfo).key
        if key in keys:
            found[key] = row
    return found


def _reread(row: RemediationAction) -> RemediationAction:
    """Return the row as it is now, locked; it may have changed since it was shown."""
    locked = RemediationAction.objects.select_for_update(of=("self",)).with_names().filter(pk=row.pk).first()
    if locked is None:
        raise ValidationError(_("This action is not there any more: somebody undid it meanwhile."))
    return locked


def _lock(gap: Gap) -> None:
    """Lock what has the gap, so that of two who assign it at once the second finds what the first opened."""
    if gap.arrangement is not None:
        Arrangement.objects.select_for_update(of=("self",), no_key=True).get(pk=gap.arrangement.pk)
    elif gap.jfo is not None:
        JFO.objects.select_for_update(of=("self",), no_key=True).get(pk=gap.jfo.pk)


def _require_state(row: RemediationAction, day: date, states: Sequence[ActionState], sentence: str) -> None:
    if row.state_on(day) not in states:
        raise ValidationError(sentence)


def _require_due_later(due_on: date, day: date) -> None:
    if due_on < day:
        raise ValidationError({"due_on": _("%(day)s is over. Give today or a later day.") % {"day": due_on}})


def open_action(
    gap: Gap,
    *,
    by: User | None,
    owner: User,
    due_on: date,
    what: str = "",
    day: date,
    reason: str = "",
    within: ChangeSet | None = None,
) -> RemediationAction:
    """Open an action about the gap, in the usual words unless others are given; returns it."""
    with act(by, reason=reason, within=within) as change:
        _require_due_later(due_on, day)
        row = RemediationAction(
            arrangement=gap.arrangement,
            clause=gap.clause,
            jfo=gap.jfo,
            what=what or gap.usual_words[:300],
            owner=owner,
            opened_on=day,
            due_on=due_on,
        )
        return change.save_row(row)


def revise(
    action: RemediationAction,
    *,
    by: User | None,
    owner: User,
    due_on: date,
    what: str = "",
    day: date,
    reason: str = "",
    within: ChangeSet | None = None,
) -> RemediationAction:
    """Give the action another owner, due date or wording while it is to be done; returns it as saved."""
    with act(by, reason=reason, within=within) as change:
        row = _reread(action)
        _require_state(
            row,
            day,
            (*TO_DO, ActionState.ACCEPTED),
            _("Its owner said that it is done. Verify it, or return it first."),
        )
        if due_on != row.due_on:
            _require_due_later(due_on, day)
        if row.accepted_by_id is not None and row.accepted_by_id == owner.pk:
            raise ValidationError(
                {"owner": _("%(who)s accepted the risk of this gap. Choose another owner.") % {"who": person(owner)}}
            )
        if (owner.pk, due_on, what or row.what) == (row.owner_id, row.due_on, row.what):
            raise ValidationError(_("Nothing would change. Give another owner, another day or other words."))
        row.owner, row.due_on, row.what = owner, due_on, what or row.what
        return change.save_row(row)


def assign(
    gap: Gap,
    *,
    by: User | None,
    owner: User,
    due_on: date,
    what: str = "",
    day: date,
    reason: str = "",
    within: ChangeSet | None = None,
) -> RemediationAction:
    """Open an action about the gap, or give the one that is open the owner and the day; returns it.

    Where one is done and waits, or the risk is accepted, it is refused.
    """
    with act(by, reason=reason, within=within) as change:
        _lock(gap)
        present = standing([gap], day).get(gap.key)
        if present is None:
            return open_action(gap, by=by, owner=owner, due_on=due_on, what=what, day=day, within=change)
        if present.state_on(day) == ActionState.ACCEPTED:
            raise ValidationError(
                _("The risk of this gap is accepted until %(day)s. End the acceptance first.")
                % {"day": present.accepted_until}
            )
        return revise(present, by=by, owner=owner, due_on=due_on, what=what, day=day, within=change)


@dataclass(frozen=True)
class Tried:
    """What came of assigning one of several gaps: the action, or why it was refused."""

    gap: Gap
    action: RemediationAction | None
    refusals: Sequence[str] = ()


def try_each(do: Callable[[Gap], RemediationAction], gaps: Sequence[Gap]) -> list[Tried]:
    """Do it to every gap, each in a savepoint of its own, and return what came of each, in their order.

    Within a transaction, which the caller rolls back where one was refused.
    """
    tried = []
    for gap in gaps:
        try:
            with transaction.atomic():
                tried.append(Tried(gap, do(gap)))
        except ValidationError as error:
            tried.append(Tried(gap, None, error.messages))
    return tried


def close(
    action: RemediationAction,
    *,
    by: User,
    done_on: date,
    evidence: str,
    day: date,
    reason: str = "",
    within: ChangeSet | None = None,
) -> RemediationAction:
    """Say that it is done and what shows it, as its owner; somebody else verifies it. Returns it as saved."""
    with act(by, reason=reason, within=within) as change:
        row = _reread(action)
        _require_state(row, day, TO_DO, _("Only an action that is to be done can be closed."))
        if row.owner_id != by.pk:
            raise ValidationError(
                _("Its owner, %(who)s, says when it is done. Give the action another owner first if that is wrong.")
                % {"who": person(row.owner)}
            )
        _require_between(done_on, row.opened_on, day, "done_on")
        row.done_on, row.evidence = done_on, evidence
        row.returned_on, row.returned_note = None, ""
        return change.save_row(row)


def _require_between(day: date, first: date, last: date, field: str) -> None:
    if not first <= day <= last:
        raise ValidationError(
            {field: _("Give a day from %(first)s to %(last)s.") % {"first": first, "last": last}},
        )


def verify(
    action: RemediationAction, *, by: User, day: date, reason: str = "", within: ChangeSet | None = None
) -> RemediationAction:
    """Agree that it is done, as somebody other than its owner; returns it as saved."""
    with act(by, reason=reason, within=within) as change:
        row = _reread(action)
        _require_done(row, by, day)
        row.verified_on, row.verified_by = day, by
        return change.save_row(row)


def send_back(
    action: RemediationAction, *, by: User, note: str, day: date, reason: str = "", within: ChangeSet | None = None
) -> RemediationAction:
    """Say, as somebody other than its owner, that it is not done and why; it is to be done again. Returns it."""
    with act(by, reason=reason, within=within) as change:
        row = _reread(action)
        _require_done(row, by, day)
        row.returned_on, row.returned_note = day, note
        return change.save_row(row)


def _require_done(row: RemediationAction, by: User, day: date) -> None:
    """Refuse to judge what nobody said was done, or what is one's own."""
    _require_state(row, day, (ActionState.DONE,), _("Its owner has not said that it is done."))
    if row.owner_id == by.pk:
        raise ValidationError(_("The action is yours: somebody else verifies it."))


def accept(
    action: RemediationAction,
    *,
    by: User,
    until: date,
    why: str,
    day: date,
    reason: str = "",
    within: ChangeSet | None = None,
) -> RemediationAction:
    """Accept the risk of the gap until a day, as somebody other than the owner; returns it as saved.

    From the day after on the action is open again, without anybody doing anything. A risk that is accepted still is
    accepted for longer, and stays so from its first day.
    """
    with act(by, reason=reason, within=within) as change:
        row = _reread(action)
        _require_state(
            row,
            day,
            (*TO_DO, ActionState.ACCEPTED),
            _("Its owner said that it is done. Verify it, or return it first."),
        )
        if row.owner_id == by.pk:
            raise ValidationError(_("The action is yours: somebody else accepts the risk."))
        is_accepted = row.state_on(day) == ActionState.ACCEPTED
        if until < day:
            raise ValidationError({"accepted_until": _("%(day)s is over. Give today or a later day.") % {"day": until}})
        if is_accepted and row.accepted_until is not None and until <= row.accepted_until:
            raise ValidationError(
                {
                    "accepted_until": _("The risk is accepted until %(day)s already. Give a later day, or end that.")
                    % {"day": row.accepted_until}
                }
            )
        if not is_accepted:
            row.accepted_on = day
        row.accepted_until, row.accepted_by, row.accepted_why = until, by, why
        return change.save_row(row)


def end_acceptance(
    action: RemediationAction,
    *,
    by: User | None,
    last_day: date,
    day: date,
    reason: str = "",
    within: ChangeSet | None = None,
) -> RemediationAction:
    """Let the acceptance of the risk end earlier; returns the action, which is open again after `last_day`."""
    with act(by, reason=reason, within=within) as change:
        row = _reread(action)
        if row.state_on(day) != ActionState.ACCEPTED or row.accepted_on is None or row.accepted_until is None:
            raise ValidationError(_("The risk of this gap is not accepted."))
        if last_day >= row.accepted_until:
            raise ValidationError(
                {
                    "accepted_until": _("The acceptance ends on %(day)s already. Give an earlier day.")
                    % {"day": row.accepted_until}
                }
            )
        # What was so on earlier days stays so.
        _require_between(last_day, max(row.accepted_on, day - ONE_DAY), row.accepted_until, "accepted_until")
        row.accepted_until = last_day
        return change.save_row(row)


def record_milestone(
    milestone: Milestone,
    *,
    by: User | None,
    done_on: date,
    evidence: str,
    day: date,
    reason: str = "",
    within: ChangeSet | None = None,
) -> Milestone:
    """Say that a milestone of the management action plan is done, and what shows it; returns it as saved."""
    with act(by, reason=reason, within=within) as change:
        row = Milestone.objects.select_for_update(of=("self",)).get(pk=milestone.pk)
        if done_on > day:
            raise ValidationError({"done_on": _("%(day)s is still to come.") % {"day": done_on}})
        row.done_on, row.evidence = done_on, evidence
        return change.save_row(row)


def person(user: User) -> str:
    """Return how pages name somebody."""
    return user.get_full_name() or user.username
