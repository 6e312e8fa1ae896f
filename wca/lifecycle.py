"""The life cycle of an arrangement (domain rule 9): the stage it is in, what is missing for the next, and the acts that
take it there.

The stages, the events and where they lead are declared in wca.models.stages. What was imported, or is older than the
steps the portal keeps, has none: its stage follows from its signatures and dates. Those decide alone whether it is in
force and covers a JFO (rule 7); a step says what somebody recorded.
"""

from collections.abc import Sequence
from datetime import date
from itertools import zip_longest
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from jfo_portal.kit.changesets import ChangeSet, act
from jfo_portal.kit.imports.resources import lock_table
from jfo_portal.kit.periods import ONE_DAY, today
from registry.models import User

from .models import Answer, Arrangement, Consultation, Consulted, Event, Signatory, Stage, Step
from .models.arrangements import Status
from .models.stages import BEGINNINGS, ON_ITS_WAY, TRANSITIONS, UNSETTLED, in_order

# The offices in the order in which they are named.
OFFICES = list(Consulted)
# Why it is taken is asked of these, and must be said.
REASONED = frozenset({Event.RETURN, Event.TERMINATE, Event.WITHDRAW})
_OVER = (Stage.TERMINATED, Stage.SUPERSEDED, Stage.WITHDRAWN)


class Spell(NamedTuple):
    """The days an arrangement was in a stage, from the first to the last; None while it is in it still.

    `days` counts both, and until the day asked about where it is in it still. What was entered and left on one day has
    that day as its first and last and counts 0 days, so that the spells add to all the days.
    """

    stage: Stage
    start: date
    end: date | None
    days: int


# Where it stands


def stage_on(arrangement: Arrangement, day: date) -> Stage | None:
    """Return the stage on the day: that of the last step by then, or what signatures and dates say; None before its
    first step.

    An arrangement that has expired is still in force by its stage (Arrangement.status_on says that it has expired).
    Reads its steps and signatories.
    """
    entries = _entries(arrangement, day)
    if entries:
        return entries[-1][0]
    return None if _begins_by_steps(arrangement) else Stage.AWAITING_SIGNATURE


def days_in_stages(arrangement: Arrangement, day: date) -> list[Spell]:
    """Return the stages it went through by the day, in order; a stage without a day on record is left out.

    Reads its steps and signatories.
    """
    entries = _entries(arrangement, day)
    spells = []
    for (stage, start), following in zip_longest(entries, entries[1:]):
        if following is None:
            spells.append(Spell(stage, start, None, (day - start).days + 1))
            continue
        end = following[1]
        spells.append(Spell(stage, start, max(start, end - ONE_DAY), (end - start).days))
    return spells


def in_force_days(
    arrangement: Arrangement, parties: Sequence[Signatory] | None = None
) -> tuple[date, date | None] | None:
    """Return the first and the last day on which it is in force by its signatures and dates (domain rule 7); None where
    there is none. Reads its signatories, unless its `parties` are given as they would be."""
    named = arrangement.signatories.all() if parties is None else parties
    signed = [party.signed_on for party in named if party.is_required]
    if not signed or None in signed or arrangement.effective is None:
        return None
    first = max(arrangement.effective, *(day for day in signed if day))
    over = [day - ONE_DAY for day in (arrangement.terminated_on, arrangement.superseded_on) if day]
    last = min([*over, *([arrangement.expiry] if arrangement.expiry else [])], default=None)
    return None if last is not None and last < first else (first, last)


def is_on_its_way(arrangement: Arrangement, day: date) -> bool:
    """Say whether it is still to come into force on the day: begun, not withdrawn, not over. Reads steps and
    signatories."""
    if arrangement.status_on(day) not in (Status.UNSIGNED, Status.NOT_YET):
        return False
    return stage_on(arrangement, day) in ON_ITS_WAY


def standing(status: Status, recorded: str | None) -> str:
    """Return where an arrangement stands, in words: its recorded stage until its text is settled, and once it is
    withdrawn; else the status that follows from its dates."""
    if recorded in (*UNSETTLED, Stage.WITHDRAWN) and status in (Status.UNSIGNED, Status.NOT_YET):
        return str(Stage(recorded).label)
    return str(status.label)


def _begins_by_steps(arrangement: Arrangement) -> bool:
    steps = in_order(arrangement.steps.all())
    return bool(steps) and steps[0].stage in BEGINNINGS


def _entries(arrangement: Arrangement, day: date) -> list[tuple[Stage, date]]:
    """Return the stages entered by the day, each with its first day."""
    entries = [(Stage(step.stage), step.entered_on) for step in in_order(arrangement.steps.all())]
    if not _begins_by_steps(arrangement):
        entries = [*_by_dates(arrangement, entries[0][1] if entries else None), *entries]
    entries = [entry for entry in entries if entry[1] <= day]
    if entries and entries[-1][0] in _OVER:
        return entries
    ends = [(arrangement.terminated_on, Stage.TERMINATED), (arrangement.superseded_on, Stage.SUPERSEDED)]
    ended = sorted(((end, stage) for end, stage in ends if end is not None and end <= day), key=lambda pair: pair[0])
    if ended:
        # Recorded without a step; it cannot be over before the stage it was last in.
        end, stage = ended[0]
        entries.append((stage, max(end, entries[-1][1]) if entries else end))
    return entries


def _by_dates(arrangement: Arrangement, until: date | None) -> list[tuple[Stage, date]]:
    """Return what signatures and dates say of the time before the first step.

    It awaited signature from the first signature on, at the latest; when it was sent for it is not on record.
    """
    signed = [party.signed_on for party in arrangement.signatories.all() if party.is_required and party.signed_on]
    days = in_force_days(arrangement)
    entries = [(Stage.AWAITING_SIGNATURE, min(signed))] if signed else []
    if days is not None:
        entries = [entry for entry in entries if entry[1] < days[0]]
        entries.append((Stage.IN_FORCE, days[0]))
    return [entry for entry in entries if until is None or entry[1] < until]


# What may be done, and what is missing for it


def events_from(stage: Stage | None) -> list[Event]:
    """Return the events that the stage allows, in the order of the table."""
    return [event for (before, event) in TRANSITIONS if before == stage]


def refusal(arrangement: Arrangement, stage: Stage | None, event: Event) -> str | None:
    """Return the sentence that refuses the event in the stage; None if domain rule 9 allows it."""
    if (stage, event) in TRANSITIONS:
        return None
    words = {"reference": arrangement.reference, "event": event.label}
    if stage is None:
        return _("%(reference)s has not begun: “%(event)s” is not possible.") % words
    words["stage"] = stage.label
    allowed = events_from(stage)
    if not allowed:
        return _("%(reference)s is in the stage “%(stage)s”, which is the last: “%(event)s” is not possible.") % words
    words["allowed"] = "; ".join(str(one.label) for one in allowed)
    return _("%(reference)s is in the stage “%(stage)s”: “%(event)s” is not possible. Possible: %(allowed)s.") % words


def missing(arrangement: Arrangement, event: Event, on: date) -> list[str]:
    """Return a sentence for each thing that is missing for the event on the day; nothing where it can be taken.

    Reads the consultations, or the signatories with their agencies.
    """
    if event == Event.NEGOTIATE:
        return _unsettled(arrangement, on)
    if event == Event.ENTER:
        return [*_unsigned(arrangement, on), *_without_effect(arrangement, on)]
    if event == Event.WITHDRAW and arrangement.status_on(on) == Status.IN_FORCE:
        return [_("It is signed by every party and in effect. Record that it is in force, and terminate it.")]
    return []


def may_begin(arrangement: Arrangement, day: date) -> bool:
    """Say whether its first step can be recorded: it has none, and signatures and dates do not say more than that it
    awaits signature. Reads its steps and signatories."""
    return not arrangement.steps.all() and stage_on(arrangement, day) == Stage.AWAITING_SIGNATURE


def current_round(arrangement: Arrangement) -> list[Consultation]:
    """Return the consultations of the last round, in the order in which the offices are named; reads them."""
    rows = list(arrangement.consultations.all())
    last = max((row.round for row in rows), default=0)
    return sorted((row for row in rows if row.round == last), key=lambda row: OFFICES.index(Consulted(row.consulted)))


def _unsettled(arrangement: Arrangement, on: date) -> list[str]:
    asked = {row.consulted: row for row in current_round(arrangement)}
    sentences = []
    for consulted in OFFICES:
        row = asked.get(consulted)
        words = {"office": consulted.label}
        if row is None:
            sentences.append(_("%(office)s was not asked.") % words)
        elif not row.answer:
            sentences.append(_("%(office)s has not answered.") % words)
        elif not row.is_settled:
            sentences.append(_("%(office)s asks for changes: %(reason)s") % (words | {"reason": row.reason}))
        elif row.answered_on is not None and row.answered_on > on:
            sentences.append(_("%(office)s answered only on %(day)s.") % (words | {"day": row.answered_on}))
    return sentences


def _unsigned(arrangement: Arrangement, on: date) -> list[str]:
    required = [party for party in arrangement.signatories.all() if party.is_required]
    if not required:
        return [_("No party is named that must sign it.")]
    sentences = []
    for party in required:
        words = {"party": party.agency.short, "day": party.signed_on}
        if party.signed_on is None:
            sentences.append(_("%(party)s has not signed.") % words)
        elif party.signed_on > on:
            sentences.append(_("%(party)s signed only on %(day)s.") % words)
    return sentences


def _without_effect(arrangement: Arrangement, on: date) -> list[str]:
    if arrangement.effective is None:
        return [_("It has no effective date.")]
    if arrangement.effective > on:
        return [_("It takes effect only on %(day)s.") % {"day": arrangement.effective}]
    if arrangement.expiry is not None and arrangement.expiry < on:
        return [_("It expired on %(day)s.") % {"day": arrangement.expiry}]
    return []


# The acts


def begin(
    arrangement: Arrangement,
    stage: Stage,
    on: date,
    *,
    by: User | None,
    reason: str = "",
    within: ChangeSet | None = None,
) -> Step:
    """Record the first step of an arrangement that has none: it has been needed, or in drafting, since the day."""
    with act(by, reason=reason, within=within) as change:
        arrangement = _locked(arrangement)
        if stage not in BEGINNINGS:
            raise ValidationError(
                _("%(reference)s cannot begin with the stage “%(after)s”.")
                % {"reference": arrangement.reference, "after": stage.label}
            )
        if not may_begin(arrangement, today()):
            raise ValidationError(
                _("%(reference)s has begun already: take the next step.") % {"reference": arrangement.reference}
            )
        _require_come(on)
        return change.save_row(Step(arrangement=arrangement, stage=stage, entered_on=on, reason=reason, by=by))


def take(
    arrangement: Arrangement,
    event: Event,
    on: date,
    *,
    by: User | None,
    reason: str = "",
    newer: Arrangement | None = None,
    within: ChangeSet | None = None,
) -> Step:
    """Take the arrangement to the stage to which the event leads, on the day; returns the step.

    ValidationError names all that is missing. To terminate sets the day from which on it applies no longer, to
    supersede that and the `newer` arrangement; to send to consultation asks the three offices, in a round of their own.
    """
    with act(by, reason=reason, within=within) as change:
        if event == Event.SUPERSEDE:
            # Two at once could close a circle that neither sees.
            lock_table(Arrangement)
        arrangement = _locked(arrangement)
        stage = stage_on(arrangement, today())
        if sentence := refusal(arrangement, stage, event):
            raise ValidationError(sentence)
        _require_come(on)
        _require_after(arrangement, on)
        if event in REASONED and not reason.strip():
            raise ValidationError({"reason": _("Say why.")})
        if sentences := missing(arrangement, event, on):
            raise ValidationError(sentences)
        if event == Event.TERMINATE:
            arrangement.terminated_on = on
            change.save_row(arrangement)
        if event == Event.SUPERSEDE:
            if newer is None:
                raise ValidationError({"newer": _("Say which arrangement supersedes it.")})
            arrangement.superseded_by, arrangement.superseded_on = newer, on
            change.save_row(arrangement)
        after = TRANSITIONS[stage or Stage.NEEDED, event]
        step = change.save_row(Step(arrangement=arrangement, stage=after, entered_on=on, reason=reason, by=by))
        if event == Event.CONSULT:
            last = max((row.round for row in arrangement.consultations.all()), default=0)
            for consulted in OFFICES:
                change.save_row(Consultation(arrangement=arrangement, round=last + 1, consulted=consulted, asked_on=on))
        return step


def follow_supersession(arrangement: Arrangement, within: ChangeSet) -> None:
    """Let the step that says it was superseded agree with the day on the arrangement, which was corrected.

    Without a day that has come there is no such step; where none was recorded the day alone says it.
    """
    last = next(iter(reversed(in_order(Step.objects.filter(arrangement=arrangement)))), None)
    if last is None or last.stage != Stage.SUPERSEDED:
        return
    day = arrangement.superseded_on
    if day is None or day > today():
        within.delete_row(last)
    elif day != last.entered_on:
        last.entered_on = day
        within.save_row(last)


def answer(
    consultation: Consultation,
    said: Answer,
    on: date,
    *,
    by: User | None,
    reason: str = "",
    within: ChangeSet | None = None,
) -> Consultation:
    """Record what the office answered on the day, in place of what it answered before; returns the consultation.

    Only those of the present round of an arrangement that is in consultation can be answered.
    """
    with act(by, reason=reason, within=within) as change:
        arrangement = _locked(consultation.arrangement)
        row = next((one for one in current_round(arrangement) if one.pk == consultation.pk), None)
        if row is None or stage_on(arrangement, today()) != Stage.CONSULTATION:
            raise ValidationError(
                _("%(reference)s is not in consultation any more, or in another round: the answer stays as it is.")
                % {"reference": arrangement.reference}
            )
        if on > today():
            raise ValidationError({"answered_on": _come_words(on)})
        if on < row.asked_on:
            raise ValidationError(
                {
                    "answered_on": _("The office was asked on %(day)s: give that day or a later one.")
                    % {"day": row.asked_on}
                }
            )
        if said != Answer.OK and not reason.strip():
            raise ValidationError({"reason": _("Say what is to be changed, or why the consultation is waived.")})
        row.answer, row.answered_on, row.reason = said, on, reason
        return change.save_row(row)


def _locked(arrangement: Arrangement) -> Arrangement:
    """Return the arrangement as it is now, locked until the act is done, with what the guards read of it."""
    rows = Arrangement.objects.select_for_update(of=("self",), no_key=True)
    found = rows.prefetch_related("steps", "consultations", "signatories__agency").filter(pk=arrangement.pk).first()
    if found is None:
        raise ValidationError(_("This arrangement is not there any more: somebody removed it meanwhile."))
    return found


def _require_come(on: date) -> None:
    if on > today():
        raise ValidationError({"on": _come_words(on)})


def _come_words(on: date) -> str:
    return _("%(day)s is still to come. Record it once it has happened.") % {"day": on}


def _require_after(arrangement: Arrangement, on: date) -> None:
    """Refuse a day before the stage it is in began."""
    spells = days_in_stages(arrangement, today())
    if spells and on < spells[-1].start:
        raise ValidationError(
            {
                "on": _("It is in the stage “%(stage)s” since %(day)s: give that day or a later one.")
                % {"stage": spells[-1].stage.label, "day": spells[-1].start}
            }
        )
