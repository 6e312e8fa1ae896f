"""What check_registry says of steps that were written past the model."""

from datetime import date

import pytest
from django.db.models import QuerySet

from registry.models import Agency
from wca import checks
from wca.models import Answer, Arrangement, Consultation, Consulted, Signatory, Stage, Step

pytestmark = pytest.mark.django_db


def stepped(*stages):
    row = Arrangement.objects.create(
        reference="WCA-2011-9001", title_en="One", title_fr="Une", effective=date(2011, 1, 1)
    )
    for month, stage in enumerate(stages, start=1):
        Step.objects.bulk_create([Step(arrangement=row, stage=stage, entered_on=date(2011, month, 1))])
    return row


@pytest.mark.parametrize(
    ("stages", "said"),
    [
        ([Stage.NEEDED, Stage.DRAFTING, Stage.CONSULTATION], []),
        ([Stage.NEEDED, Stage.CONSULTATION], ["its steps go from needed to consultation"]),
        ([Stage.NEEDED, Stage.WITHDRAWN, Stage.DRAFTING], ["its steps go from withdrawn to drafting"]),
        ([Stage.NEGOTIATION], ["its steps begin with negotiation"]),
    ],
)
def test_steps_that_do_not_follow_the_table_are_found(stages, said):
    stepped(*stages)
    assert [what for _where, what in checks.steps_follow_the_table()] == said


def test_an_arrangement_withdrawn_and_in_force_is_found():
    row = stepped(Stage.NEEDED, Stage.WITHDRAWN)
    Signatory.objects.create(arrangement=row, agency=Agency.objects.get(key="CBSA"), signed_on=date(2011, 1, 1))
    assert list(checks.steps_follow_the_table()) == [
        ("arrangement WCA-2011-9001", "was withdrawn, and is in force by its signatures and dates")
    ]


def test_a_negotiation_without_an_answer_is_found():
    row = stepped(Stage.DRAFTING, Stage.CONSULTATION)
    for consulted in Consulted:
        Consultation.objects.create(
            arrangement=row,
            consulted=consulted,
            asked_on=date(2011, 2, 1),
            answer=Answer.OK,
            answered_on=date(2011, 2, 2),
        )
    Step.objects.create(arrangement=row, stage=Stage.NEGOTIATION, entered_on=date(2011, 3, 1))
    assert list(checks.negotiations_stand_on_consultations()) == []
    QuerySet.update(row.consultations.filter(consulted="atip"), answer="", answered_on=None)
    assert list(checks.negotiations_stand_on_consultations()) == [
        ("arrangement WCA-2011-9001", "went to negotiation without atip, round 1")
    ]
