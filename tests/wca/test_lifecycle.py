"""The life cycle of an arrangement: every stage × event, what the guards name, and the days in each stage."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from jfo_portal.kit import changesets
from jfo_portal.kit.changesets import ChangeSet, act
from registry.models import Agency
from tests.simultaneous import at_once
from wca import lifecycle
from wca.lifecycle import Spell
from wca.models import Answer, Arrangement, Consultation, Consulted, Event, Signatory, Stage, Step
from wca.models.arrangements import Status
from wca.models.stages import TRANSITIONS

pytestmark = pytest.mark.django_db

TODAY = date(2011, 3, 31)
DAY = date(2011, 3, 1)
# How an arrangement came to each stage.
WAYS = {
    Stage.NEEDED: [Stage.NEEDED],
    Stage.DRAFTING: [Stage.NEEDED, Stage.DRAFTING],
    Stage.CONSULTATION: [Stage.DRAFTING, Stage.CONSULTATION],
    Stage.NEGOTIATION: [Stage.DRAFTING, Stage.CONSULTATION, Stage.NEGOTIATION],
    Stage.AWAITING_SIGNATURE: [Stage.DRAFTING, Stage.CONSULTATION, Stage.NEGOTIATION, Stage.AWAITING_SIGNATURE],
    Stage.IN_FORCE: [Stage.IN_FORCE],
    Stage.TERMINATED: [Stage.IN_FORCE, Stage.TERMINATED],
    Stage.SUPERSEDED: [Stage.IN_FORCE, Stage.SUPERSEDED],
    Stage.WITHDRAWN: [Stage.NEEDED, Stage.WITHDRAWN],
}
# Domain rule 9 as its text has it, beside the table the software keeps.
RULE_9 = {
    ("needed", "draft"): "drafting",
    ("drafting", "consult"): "consultation",
    ("consultation", "negotiate"): "negotiation",
    ("negotiation", "send-for-signature"): "awaiting_signature",
    ("negotiation", "return"): "drafting",
    ("awaiting_signature", "enter-into-force"): "in_force",
    ("in_force", "terminate"): "terminated",
    ("in_force", "supersede"): "superseded",
    ("needed", "withdraw"): "withdrawn",
    ("drafting", "withdraw"): "withdrawn",
    ("consultation", "withdraw"): "withdrawn",
    ("negotiation", "withdraw"): "withdrawn",
    ("awaiting_signature", "withdraw"): "withdrawn",
}


def made(reference="WCA-2011-9001", *, signed=None, parties=("CBSA", "OPP"), **dates):
    row = Arrangement.objects.create(reference=reference, title_en="One", title_fr="Une", **dates)
    for key in parties:
        Signatory.objects.create(arrangement=row, agency=Agency.objects.get(key=key), signed_on=signed)
    return row


def brought_to(row, stage, start=date(2011, 1, 1)):
    """Record the steps to the stage, one a week from the start on."""
    for week, entered in enumerate(WAYS[stage]):
        Step.objects.create(arrangement=row, stage=entered, entered_on=start + timedelta(weeks=week))
    if Stage.CONSULTATION in WAYS[stage]:
        for consulted in Consulted:
            Consultation.objects.create(arrangement=row, consulted=consulted, asked_on=date(2011, 1, 8))
    return row


def answered(row, said="ok", on=date(2011, 2, 1), **others):
    """Record that every office answered so, but for the others named."""
    for consultation in row.consultations.all():
        said_it = others.get(consultation.consulted, said)
        consultation.answer, consultation.answered_on = said_it, on if said_it else None
        consultation.reason = "said why" if said_it in ("changes", "waived") else ""
        consultation.save_as(None)


def ready(stage, event):
    """Return an arrangement in the stage, for which nothing that the event asks is missing, and what it asks."""
    signed = date(2011, 2, 1) if event in (Event.ENTER, Event.TERMINATE, Event.SUPERSEDE) else None
    row = brought_to(made(signed=signed, effective=date(2011, 2, 1)), stage)
    answered(row)
    newer = made("WCA-2011-9002") if event == Event.SUPERSEDE else None
    return row, {"reason": "said why", "newer": newer}


def refused(row, event, on=DAY, **options):
    """Return what is said of an event that is refused."""
    with pytest.raises(ValidationError) as error:
        lifecycle.take(row, event, on, by=None, **options)
    return error.value.messages


# The table


def test_the_table_is_that_of_the_rule():
    assert {(before.value, event.value): after.value for (before, event), after in TRANSITIONS.items()} == RULE_9


@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("stage", Stage)
def test_every_event_in_every_stage_leads_on_or_is_refused(stage, event):
    row, options = ready(stage, event)
    after = RULE_9.get((stage.value, event.value))
    if after is not None:
        step = lifecycle.take(row, event, DAY, by=None, **options)
        assert (step.stage, step.entered_on) == (after, DAY)
        assert lifecycle.stage_on(Arrangement.objects.get(pk=row.pk), TODAY) == after
        return
    (sentence,) = refused(row, event, **options)
    assert sentence.startswith(f"WCA-2011-9001 is in the stage “{stage.label}”")
    assert f"“{event.label}” is not possible" in sentence
    assert lifecycle.stage_on(Arrangement.objects.get(pk=row.pk), TODAY) == stage


def test_a_refusal_says_what_is_possible_in_either_language():
    row = brought_to(made(), Stage.NEEDED)
    (sentence,) = refused(row, Event.SEND)
    assert sentence == (
        "WCA-2011-9001 is in the stage “Needed”: “Send for signature” is not possible. "
        "Possible: Start drafting; Withdraw."
    )
    with translation.override("fr"):
        (sentence,) = refused(row, Event.SEND)
    assert sentence == (
        "WCA-2011-9001 est à l’étape «\xa0Requise\xa0»\xa0: «\xa0Envoyer pour signature\xa0» n’est pas possible. "
        "Possible\xa0: Commencer la rédaction; Retirer."
    )


def test_steps_that_no_event_leads_through_cannot_be_saved():
    row = brought_to(made(), Stage.DRAFTING)
    with pytest.raises(ValidationError, match="from the stage “Drafting” to “In force”"):
        Step(arrangement=row, stage=Stage.IN_FORCE, entered_on=DAY).save_as(None)
    with pytest.raises(ValidationError, match="cannot begin with the stage “Negotiation”"):
        Step(arrangement=made("WCA-2011-9002"), stage=Stage.NEGOTIATION, entered_on=DAY).save_as(None)


def test_a_step_that_others_stand_on_is_not_removed():
    row = brought_to(made(), Stage.CONSULTATION)
    first, last = row.steps.all()
    with pytest.raises(ValidationError, match="cannot begin with"):
        first.delete()
    with pytest.raises(ValidationError, match="cannot begin with"):
        Step.objects.filter(pk=first.pk).delete()
    last.delete()
    assert list(row.steps.all()) == [first]


# The guards


def test_negotiation_waits_for_every_office_and_names_each_that_is_missing():
    row = brought_to(made(), Stage.CONSULTATION)
    answered(row, legal="", atip="changes", information_sharing="waived")
    assert refused(row, Event.NEGOTIATE) == [
        "Legal Services has not answered.",
        "Access to Information and Privacy (ATIP) asks for changes: said why",
    ]
    answered(row, atip="ok", information_sharing="waived")
    assert lifecycle.take(row, Event.NEGOTIATE, DAY, by=None).stage == Stage.NEGOTIATION


def test_an_answer_counts_from_its_day_and_an_office_not_asked_is_named():
    row = brought_to(made(), Stage.CONSULTATION)
    answered(row, on=date(2011, 3, 2))
    Consultation.objects.filter(arrangement=row, consulted="legal").delete()
    assert refused(row, Event.NEGOTIATE, date(2011, 3, 1)) == [
        "Legal Services was not asked.",
        "Access to Information and Privacy (ATIP) answered only on 2011-03-02.",
        "Information Sharing answered only on 2011-03-02.",
    ]


def test_it_comes_into_force_once_every_required_party_signed_and_it_is_in_effect():
    row = brought_to(made(), Stage.AWAITING_SIGNATURE)
    row.signatories.filter(agency__key="CBSA").update(signed_on=date(2011, 3, 2))
    assert refused(row, Event.ENTER, date(2011, 3, 1)) == [
        "CBSA signed only on 2011-03-02.",
        "OPP has not signed.",
        "It has no effective date.",
    ]
    row.signatories.update(signed_on=date(2011, 2, 1))
    Arrangement.objects.filter(pk=row.pk).update(effective=date(2011, 3, 2))
    assert refused(row, Event.ENTER, date(2011, 3, 1)) == ["It takes effect only on 2011-03-02."]
    assert lifecycle.take(row, Event.ENTER, date(2011, 3, 2), by=None).stage == Stage.IN_FORCE


def test_a_signature_that_is_not_required_is_not_waited_for_but_somebody_must_sign():
    row = brought_to(made(effective=date(2011, 2, 1), parties=["CBSA"]), Stage.AWAITING_SIGNATURE)
    row.signatories.update(is_required=False)
    assert refused(row, Event.ENTER) == ["No party is named that must sign it."]


def test_what_has_expired_does_not_come_into_force():
    row = made(signed=date(2011, 1, 1), effective=date(2011, 1, 1), expiry=date(2011, 2, 28))
    brought_to(row, Stage.AWAITING_SIGNATURE)
    assert refused(row, Event.ENTER) == ["It expired on 2011-02-28."]


def test_terminating_says_why_and_sets_the_day_from_which_it_applies_no_longer():
    row = made(signed=date(2011, 1, 1), effective=date(2011, 1, 1))
    assert refused(row, Event.TERMINATE) == ["Say why."]
    lifecycle.take(row, Event.TERMINATE, DAY, by=None, reason="The OPP left.")
    row = Arrangement.objects.get(pk=row.pk)
    assert row.terminated_on == DAY
    assert [row.status_on(DAY - timedelta(days=1)), row.status_on(DAY)] == [Status.IN_FORCE, Status.TERMINATED]


def test_superseding_names_the_newer_one_which_is_another():
    row = made(signed=date(2011, 1, 1), effective=date(2011, 1, 1))
    newer = made("WCA-2011-9002")
    assert refused(row, Event.SUPERSEDE) == ["Say which arrangement supersedes it."]
    assert refused(row, Event.SUPERSEDE, newer=row)
    lifecycle.take(row, Event.SUPERSEDE, DAY, by=None, newer=newer)
    row = Arrangement.objects.get(pk=row.pk)
    assert (row.superseded_by, row.superseded_on) == (newer, DAY)


@pytest.mark.parametrize("event", [Event.WITHDRAW, Event.RETURN])
def test_to_withdraw_and_to_return_say_why(event):
    row = brought_to(made(), Stage.NEGOTIATION)
    assert refused(row, event) == ["Say why."]
    assert refused(row, event, reason="  ") == ["Say why."]


def test_what_is_in_force_by_its_dates_is_terminated_and_not_withdrawn():
    row = brought_to(made(signed=DAY, effective=DAY), Stage.AWAITING_SIGNATURE)
    assert refused(row, Event.WITHDRAW, reason="why") == [
        "It is signed by every party and in effect. Record that it is in force, and terminate it."
    ]


def test_a_step_is_neither_before_the_last_one_nor_in_the_future():
    row = brought_to(made(), Stage.DRAFTING)
    assert refused(row, Event.CONSULT, date(2011, 1, 7)) == [
        "It is in the stage “Drafting” since 2011-01-08: give that day or a later one."
    ]
    assert refused(row, Event.CONSULT, date(2011, 4, 1)) == [
        "2011-04-01 is still to come. Record it once it has happened."
    ]
    assert lifecycle.take(row, Event.CONSULT, date(2011, 1, 8), by=None).entered_on == date(2011, 1, 8)


# Consultations


def test_each_time_it_is_sent_to_consultation_the_three_offices_are_asked_anew():
    row = brought_to(made(), Stage.DRAFTING)
    lifecycle.take(row, Event.CONSULT, date(2011, 2, 1), by=None)
    answered(row)
    lifecycle.take(row, Event.NEGOTIATE, date(2011, 2, 2), by=None)
    lifecycle.take(row, Event.RETURN, date(2011, 2, 3), by=None, reason="The OPP wants another text.")
    lifecycle.take(row, Event.CONSULT, date(2011, 2, 4), by=None)
    rounds = [(one.round, one.consulted, one.answer) for one in row.consultations.order_by("round", "pk")]
    assert rounds == [(1, office, "ok") for office in Consulted] + [(2, office, "") for office in Consulted]
    # What was agreed to in the first round says nothing of the second.
    assert len(refused(row, Event.NEGOTIATE, date(2011, 2, 5))) == 3


def test_an_office_that_asked_for_changes_may_agree_in_the_end():
    row = brought_to(made(), Stage.CONSULTATION)
    one = row.consultations.get(consulted="legal")
    lifecycle.answer(one, Answer.CHANGES, date(2011, 2, 1), by=None, reason="Name the act.")
    lifecycle.answer(one, Answer.OK, date(2011, 2, 8), by=None)
    one.refresh_from_db()
    assert (one.answer, one.answered_on, one.reason) == ("ok", date(2011, 2, 8), "")


@pytest.mark.parametrize(
    ("said", "on", "sentence"),
    [
        (Answer.WAIVED, date(2011, 2, 1), "Say what is to be changed, or why the consultation is waived."),
        (Answer.CHANGES, date(2011, 2, 1), "Say what is to be changed, or why the consultation is waived."),
        (Answer.OK, date(2011, 1, 7), "The office was asked on 2011-01-08: give that day or a later one."),
        (Answer.OK, date(2011, 4, 1), "2011-04-01 is still to come. Record it once it has happened."),
    ],
)
def test_an_answer_has_its_reason_and_its_day(said, on, sentence):
    row = brought_to(made(), Stage.CONSULTATION)
    with pytest.raises(ValidationError) as error:
        lifecycle.answer(row.consultations.first(), said, on, by=None)
    assert error.value.messages == [sentence]


def test_an_answer_on_which_the_negotiation_began_stays():
    row = brought_to(made(), Stage.CONSULTATION)
    answered(row)
    lifecycle.take(row, Event.NEGOTIATE, DAY, by=None)
    one = row.consultations.first()
    with pytest.raises(ValidationError, match="is not in consultation any more"):
        lifecycle.answer(one, Answer.CHANGES, DAY, by=None, reason="too late")
    one.answer, one.answered_on = "", None
    with pytest.raises(ValidationError, match="The negotiation began on the answers of this round"):
        one.save_as(None)


# Where it stands


def test_without_steps_the_stage_follows_from_signatures_and_dates():
    row = made(signed=date(2010, 1, 4), effective=date(2010, 2, 1), expiry=date(2010, 12, 31))

    def stages(*days):
        return [lifecycle.stage_on(row, day) for day in days]

    assert stages(date(2010, 1, 31), date(2010, 2, 1)) == [Stage.AWAITING_SIGNATURE, Stage.IN_FORCE]
    # Expired, and in force by its stage: the status says so.
    assert stages(date(2011, 1, 1)) == [Stage.IN_FORCE]
    assert row.status_on(date(2011, 1, 1)) == Status.EXPIRED
    row.terminated_on = date(2010, 6, 1)
    assert stages(date(2010, 5, 31), date(2010, 6, 1)) == [Stage.IN_FORCE, Stage.TERMINATED]
    assert lifecycle.stage_on(made("WCA-2011-9002"), DAY) == Stage.AWAITING_SIGNATURE


def test_what_was_superseded_without_a_step_is_superseded():
    row = made(signed=date(2010, 1, 4), effective=date(2010, 2, 1))
    brought_to(row, Stage.IN_FORCE, date(2010, 2, 1))
    row.superseded_by, row.superseded_on = made("WCA-2011-9002"), date(2011, 1, 1)
    row.save()
    before, on = date(2010, 12, 31), date(2011, 1, 1)
    assert [lifecycle.stage_on(row, before), lifecycle.stage_on(row, on)] == [Stage.IN_FORCE, Stage.SUPERSEDED]


def test_before_its_first_step_it_had_not_begun():
    row = brought_to(made(), Stage.NEEDED, date(2011, 1, 1))
    assert lifecycle.stage_on(row, date(2010, 12, 31)) is None
    assert lifecycle.stage_on(row, date(2011, 1, 1)) == Stage.NEEDED


def test_of_two_steps_of_one_day_the_later_recorded_is_the_stage():
    row = brought_to(made(), Stage.NEEDED, DAY)
    lifecycle.take(row, Event.DRAFT, DAY, by=None)
    lifecycle.take(row, Event.CONSULT, DAY, by=None)
    row = Arrangement.objects.get(pk=row.pk)
    assert lifecycle.stage_on(row, DAY) == Stage.CONSULTATION


# Days in stages


def test_the_days_in_each_stage_are_exact_at_their_boundaries():
    row = made(signed=date(2011, 2, 20), effective=date(2011, 3, 1))
    for stage, day in [
        (Stage.NEEDED, date(2011, 1, 31)),
        (Stage.DRAFTING, date(2011, 2, 1)),
        (Stage.CONSULTATION, date(2011, 2, 28)),
        (Stage.NEGOTIATION, date(2011, 2, 28)),
        (Stage.AWAITING_SIGNATURE, date(2011, 3, 1)),
    ]:
        Step.objects.create(arrangement=row, stage=stage, entered_on=day)
    spells = lifecycle.days_in_stages(row, date(2011, 3, 1))
    assert spells == [
        Spell(Stage.NEEDED, date(2011, 1, 31), date(2011, 1, 31), 1),
        Spell(Stage.DRAFTING, date(2011, 2, 1), date(2011, 2, 27), 27),
        # Entered and left on one day.
        Spell(Stage.CONSULTATION, date(2011, 2, 28), date(2011, 2, 28), 0),
        Spell(Stage.NEGOTIATION, date(2011, 2, 28), date(2011, 2, 28), 1),
        Spell(Stage.AWAITING_SIGNATURE, date(2011, 3, 1), None, 1),
    ]
    assert sum(spell.days for spell in spells) == (date(2011, 3, 1) - date(2011, 1, 31)).days + 1
    assert lifecycle.days_in_stages(row, date(2011, 2, 1))[-1] == Spell(Stage.DRAFTING, date(2011, 2, 1), None, 1)
    assert lifecycle.days_in_stages(row, date(2011, 1, 30)) == []


def test_a_leap_year_has_its_day():
    row = brought_to(made(), Stage.NEEDED, date(2008, 2, 28))
    Step.objects.create(arrangement=row, stage=Stage.DRAFTING, entered_on=date(2008, 3, 1))
    assert lifecycle.days_in_stages(row, DAY)[0].days == 2


def test_what_signatures_and_dates_say_has_its_days_too():
    row = made(signed=date(2010, 1, 4), effective=date(2010, 2, 1))
    lifecycle.take(row, Event.TERMINATE, DAY, by=None, reason="The OPP left.")
    assert lifecycle.days_in_stages(Arrangement.objects.get(pk=row.pk), DAY) == [
        Spell(Stage.AWAITING_SIGNATURE, date(2010, 1, 4), date(2010, 1, 31), 28),
        Spell(Stage.IN_FORCE, date(2010, 2, 1), date(2011, 2, 28), 393),
        Spell(Stage.TERMINATED, DAY, None, 1),
    ]


# One act, and what undoes it


def test_an_act_is_one_change_that_can_be_undone_whole(nhq_reviewer):
    row = brought_to(made(), Stage.DRAFTING)
    with act(nhq_reviewer, reason="ready") as change:
        lifecycle.take(row, Event.CONSULT, DAY, by=nhq_reviewer, within=change)
    assert (row.consultations.count(), row.steps.count()) == (3, 3)
    changesets.undo(change, by=nhq_reviewer)
    assert (row.consultations.count(), row.steps.count()) == (0, 2)


def test_to_undo_a_termination_lets_it_apply_again(nhq_reviewer):
    row = made(signed=date(2011, 1, 1), effective=date(2011, 1, 1))
    lifecycle.take(row, Event.TERMINATE, DAY, by=nhq_reviewer, reason="by mistake")
    changesets.undo(ChangeSet.objects.latest("pk"), by=nhq_reviewer)
    row = Arrangement.objects.get(pk=row.pk)
    assert (row.terminated_on, row.steps.count(), row.status_on(DAY)) == (None, 0, Status.IN_FORCE)


def test_a_step_that_another_followed_is_not_undone(nhq_reviewer):
    row = brought_to(made(), Stage.NEEDED)
    lifecycle.take(row, Event.DRAFT, DAY, by=nhq_reviewer)
    first = ChangeSet.objects.latest("pk")
    lifecycle.take(row, Event.CONSULT, DAY, by=nhq_reviewer)
    with pytest.raises(changesets.CannotUndo, match="from the stage “Needed” to “Consultation”"):
        changesets.undo(first, by=nhq_reviewer)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_take_a_step_at_once_the_second_is_refused():
    row = brought_to(made(), Stage.DRAFTING)
    answers = at_once(*[lambda: lifecycle.take(row, Event.CONSULT, DAY, by=None)] * 2)
    assert sorted(type(one).__name__ for one in answers) == ["Step", "ValidationError"]
    assert (row.steps.count(), row.consultations.count()) == (3, 3)


# How it begins


def test_an_arrangement_without_steps_begins_needed_or_in_drafting():
    row = made()
    lifecycle.begin(row, Stage.DRAFTING, DAY, by=None)
    assert lifecycle.stage_on(Arrangement.objects.get(pk=row.pk), DAY) == Stage.DRAFTING
    with pytest.raises(ValidationError, match="has begun already"):
        lifecycle.begin(row, Stage.DRAFTING, DAY, by=None)
    with pytest.raises(ValidationError, match="cannot begin with the stage “Negotiation”"):
        lifecycle.begin(made("WCA-2011-9002"), Stage.NEGOTIATION, DAY, by=None)
