"""What a manager does to assignments, and the sentences that refuse what a rule forbids."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from registry import actions
from registry.models import JFO, Assignment, EndReason, Officer, User
from tests import rows
from tests.simultaneous import at_once

TODAY = date(2011, 3, 31)


@pytest.fixture
def officer(db: None) -> Officer:
    return rows.officer(number="O-9001")


def jfo(code: str) -> JFO:
    return JFO.objects.get(code=code)


def on_spvm(officer: Officer, **changes: object) -> Assignment:
    values = {"jfo": jfo("SPVM-JFO"), "fte": Decimal("1.00"), "start": date(2009, 1, 1)} | changes
    return actions.assign(by=None, officer=officer, **values)  # type: ignore[arg-type]


def sentences(error: pytest.ExceptionInfo[ValidationError]) -> str:
    return " ".join(error.value.messages)


def test_more_than_full_time_is_refused_with_the_other_assignment_named(officer: Officer) -> None:
    on_spvm(officer, fte=Decimal("0.70"))
    with pytest.raises(ValidationError) as error:
        on_spvm(officer, jfo=jfo("FAE"), fte=Decimal("0.40"), start=date(2010, 4, 1))
    assert sentences(error) == (
        "On 2010-04-01 the officer would reach 1.10 FTE, more than 1.00, together with: "
        "0.70 FTE on SPVM-JFO, since 2009-01-01, without a last day."
    )


def test_the_refusal_speaks_french(officer: Officer) -> None:
    on_spvm(officer, fte=Decimal("0.70"))
    with translation.override("fr"), pytest.raises(ValidationError) as error:
        on_spvm(officer, jfo=jfo("FAE"), fte=Decimal("0.40"), start=date(2010, 4, 1))
    assert "1,10 ETP" in sentences(error)
    assert "SPVM-JFO" in sentences(error)


def test_an_overlap_on_one_jfo_is_refused_with_the_other_assignment_named(officer: Officer) -> None:
    on_spvm(officer, fte=Decimal("0.30"), end=date(2010, 12, 31))
    with pytest.raises(ValidationError) as error:
        on_spvm(officer, fte=Decimal("0.30"), start=date(2010, 12, 31))
    assert "0.30 FTE on SPVM-JFO, 2009-01-01 to 2010-12-31" in sentences(error)


def test_an_assignment_outside_its_jfos_dates_is_refused(officer: Officer) -> None:
    with pytest.raises(ValidationError) as error:
        on_spvm(officer, start=date(1980, 1, 1))
    assert "JFO SPVM-JFO starts on" in sentences(error)
    assert "Officer O-9001 starts on 2001-01-01" in sentences(error)


def test_a_transfer_ends_the_old_assignment_the_day_before(officer: Officer, que_manager: User) -> None:
    old = on_spvm(officer)
    new = actions.transfer(old, by=que_manager, jfo=jfo("FAE"), start=TODAY, fte=Decimal("1.00"), reason="need")
    old.refresh_from_db()
    assert (old.end, old.end_reason) == (date(2011, 3, 30), EndReason.TRANSFER)
    assert (new.jfo.code, new.start, new.end) == ("FAE", TODAY, None)
    assert {old.history.first().who, new.history.first().who} == {"que.manager"}


def test_a_transfer_that_breaks_a_rule_leaves_the_old_assignment_as_it_was(officer: Officer) -> None:
    old = on_spvm(officer, fte=Decimal("0.50"))
    on_spvm(officer, jfo=jfo("NPET-QUE"), fte=Decimal("0.50"))
    with pytest.raises(ValidationError):
        actions.transfer(old, by=None, jfo=jfo("FAE"), start=TODAY, fte=Decimal("1.00"))
    old.refresh_from_db()
    assert old.end is None


def test_a_transfer_that_would_leave_a_gap_is_refused(officer: Officer) -> None:
    old = on_spvm(officer, end=date(2010, 12, 31))
    with pytest.raises(ValidationError, match="leaves no gap"):
        actions.transfer(old, by=None, jfo=jfo("FAE"), start=date(2011, 1, 2), fte=Decimal("1.00"))


def test_a_long_assignment_stays_open_only_with_a_review_date(officer: Officer) -> None:
    row = on_spvm(officer, start=date(2005, 1, 1), end=TODAY)
    with pytest.raises(ValidationError, match="more than 5 years"):
        actions.extend(row, by=None, end=None, day=TODAY)
    assert actions.extend(row, by=None, end=None, review_on=date(2011, 9, 30), day=TODAY).end is None


def test_a_new_assignment_begun_long_ago_needs_a_review_date_too(officer: Officer) -> None:
    """It was saved, and stood on the home page at once as one past the policy period."""
    with pytest.raises(ValidationError, match="more than 5 years"):
        on_spvm(officer, start=date(2005, 1, 1))
    old = on_spvm(officer, start=date(2005, 1, 1), end=TODAY)
    with pytest.raises(ValidationError, match="more than 5 years"):
        actions.transfer(old, by=None, jfo=jfo("FAE"), start=date(2006, 1, 1), fte=Decimal("1.00"))
    assert Assignment.objects.get(officer=officer) == old


def test_a_review_is_to_come(officer: Officer) -> None:
    """A review date long past quieted the reminder for ever."""
    row = on_spvm(officer)
    with pytest.raises(ValidationError, match="2011-03-30 is over"):
        actions.extend(row, by=None, end=None, review_on=date(2011, 3, 30), day=TODAY)
    assert actions.extend(row, by=None, end=None, review_on=TODAY, day=TODAY).review_on == TODAY


def test_extending_does_not_end_an_open_assignment_in_the_past(officer: Officer) -> None:
    """A slip in the year took months of service away, without a reason for the end."""
    row = on_spvm(officer)
    with pytest.raises(ValidationError, match="end it instead"):
        actions.extend(row, by=None, end=date(2010, 3, 31), day=TODAY)
    assert actions.extend(row, by=None, end=date(2012, 3, 31), day=TODAY).end == date(2012, 3, 31)


def test_what_may_not_stay_open_is_what_the_list_names(officer: Officer) -> None:
    """The list, its column and the refusal each counted five years in their own way, and differed by a day."""
    row = on_spvm(officer, start=date(2006, 3, 31), end=TODAY)
    assert actions.extend(row, by=None, end=None, day=date(2011, 3, 30)).end is None
    with pytest.raises(ValidationError, match="more than 5 years"):
        actions.extend(row, by=None, end=None, day=TODAY)
    assert row in Assignment.objects.past_policy_unreviewed(TODAY)
    assert row not in Assignment.objects.past_policy_unreviewed(date(2011, 3, 30))


def test_extending_never_shortens_and_ending_never_lengthens(officer: Officer) -> None:
    row = on_spvm(officer, end=TODAY)
    with pytest.raises(ValidationError, match="already lasts until 2011-03-31"):
        actions.extend(row, by=None, end=date(2011, 3, 1), day=TODAY)
    with pytest.raises(ValidationError, match="ends on 2011-03-31 already"):
        actions.end_assignment(row, by=None, end=date(2011, 4, 1), end_reason=EndReason.ROTATION)


def test_a_last_day_before_the_first_is_said_of_the_last_day(officer: Officer) -> None:
    """It stood over the form, tied to no field."""
    row = on_spvm(officer)
    with pytest.raises(ValidationError) as error:
        actions.end_assignment(row, by=None, end=date(2008, 12, 31), end_reason=EndReason.ROTATION)
    assert error.value.message_dict == {"end": ["The last day is before the first day."]}
    with pytest.raises(ValidationError) as error:
        actions.transfer(row, by=None, jfo=jfo("FAE"), start=TODAY, end=date(2011, 3, 30))
    assert list(error.value.message_dict) == ["end"]


@pytest.mark.parametrize(
    ("act", "values"),
    [
        (actions.extend, {"end": date(2011, 12, 31), "day": TODAY}),
        (actions.end_assignment, {"end": date(2009, 12, 31), "end_reason": EndReason.OTHER}),
        (actions.change_fte, {"fte": Decimal("0.50"), "start": date(2009, 12, 1)}),
        (actions.split, {"fte": Decimal("0.50"), "start": date(2009, 12, 1), "jfo": "FAE"}),
        (actions.transfer, {"start": date(2010, 3, 1), "jfo": "FAE"}),
    ],
)
def test_what_ended_in_an_earlier_fiscal_year_stays(
    officer: Officer, act: Callable[..., object], values: dict[str, object]
) -> None:
    row = on_spvm(officer, end=date(2010, 3, 30))
    if "jfo" in values:
        values = values | {"jfo": jfo(str(values["jfo"]))}
    with pytest.raises(ValidationError, match="ended on 2010-03-30, in an earlier fiscal year"):
        act(row, by=None, **values)


def test_what_ended_on_the_last_day_of_the_year_before_may_go_on(officer: Officer) -> None:
    """No figure of the earlier year changes by it."""
    row = on_spvm(officer, end=date(2010, 3, 31))
    assert actions.extend(row, by=None, end=TODAY, day=TODAY).end == TODAY


def test_a_review_lies_in_its_assignment(officer: Officer) -> None:
    row = on_spvm(officer, end=date(2011, 6, 30))
    for review_on in (date(2008, 12, 31), date(2012, 1, 1)):
        with pytest.raises(ValidationError) as error:
            actions.extend(row, by=None, end=date(2011, 12, 31), review_on=review_on, day=TODAY)
        assert list(error.value.message_dict) == ["review_on"]


def test_what_ends_earlier_needs_no_review_any_more(officer: Officer) -> None:
    """The review date stayed behind the last day, and nobody would ever look at it."""
    row = on_spvm(officer, review_on=date(2012, 3, 31))
    ended = actions.end_assignment(row, by=None, end=date(2011, 6, 30), end_reason=EndReason.ROTATION)
    assert ended.review_on is None
    kept = on_spvm(officer, jfo=jfo("FAE"), start=date(2011, 7, 1), review_on=date(2012, 3, 31))
    assert actions.end_assignment(
        kept, by=None, end=date(2012, 6, 30), end_reason=EndReason.ROTATION
    ).review_on == date(2012, 3, 31)


def test_a_new_review_date_keeps_the_reason_for_the_end(officer: Officer) -> None:
    """The reason for a last day that stayed was wiped."""
    row = actions.end_assignment(on_spvm(officer), by=None, end=date(2011, 6, 30), end_reason=EndReason.ROTATION)
    row = actions.extend(row, by=None, end=date(2011, 6, 30), review_on=date(2011, 5, 1), day=TODAY)
    assert row.end_reason == EndReason.ROTATION
    assert actions.extend(row, by=None, end=date(2011, 7, 31), day=TODAY).end_reason == ""


def test_the_review_stays_with_the_part_that_holds_on_its_day(officer: Officer) -> None:
    early = on_spvm(officer, review_on=date(2011, 4, 30))
    new = actions.change_fte(early, by=None, fte=Decimal("0.60"), start=date(2011, 5, 1))
    early.refresh_from_db()
    assert (early.review_on, new.review_on) == (date(2011, 4, 30), None)
    later = actions.extend(new, by=None, end=None, review_on=date(2011, 9, 30), day=TODAY)
    newest = actions.change_fte(later, by=None, fte=Decimal("0.40"), start=date(2011, 8, 1))
    later.refresh_from_db()
    assert (later.review_on, newest.review_on) == (None, date(2011, 9, 30))


def test_both_parts_of_a_split_end_for_the_reason_given(officer: Officer) -> None:
    row = actions.end_assignment(on_spvm(officer), by=None, end=date(2011, 6, 30), end_reason=EndReason.ROTATION)
    parts = actions.split(row, by=None, jfo=jfo("FAE"), fte=Decimal("0.40"), start=date(2011, 5, 1))
    assert [(part.end, part.end_reason) for part in parts] == [(date(2011, 6, 30), EndReason.ROTATION)] * 2


def test_an_officer_keeps_their_own_fte_in_a_transfer_unless_another_is_given(officer: Officer) -> None:
    row = on_spvm(officer, fte=Decimal("0.40"))
    assert actions.transfer(row, by=None, jfo=jfo("FAE"), start=TODAY).fte == Decimal("0.40")


def test_an_act_on_what_is_gone_is_refused_with_a_sentence(officer: Officer) -> None:
    """An officer whose import was undone meanwhile made an error of the server."""
    row = on_spvm(officer)
    Assignment.objects.filter(pk=row.pk).delete()
    with pytest.raises(ValidationError, match="not there any more"):
        actions.end_assignment(row, by=None, end=TODAY, end_reason=EndReason.OTHER)
    Officer.objects.filter(pk=officer.pk).delete()
    with pytest.raises(ValidationError, match="not there any more"):
        on_spvm(officer)


def refused_at_once(*jobs: Callable[[], object]) -> list[str]:
    """Run the jobs at the same moment; return the sentences of those that were refused."""
    return [" ".join(answer.messages) for answer in at_once(*jobs) if isinstance(answer, ValidationError)]


@pytest.mark.django_db(transaction=True)
def test_of_two_simultaneous_saves_above_full_time_one_is_refused_with_a_sentence() -> None:
    officer = rows.officer()
    raised = refused_at_once(
        lambda: on_spvm(officer, fte=Decimal("0.60")),
        lambda: on_spvm(officer, jfo=JFO.objects.get(code="FAE"), fte=Decimal("0.60")),
    )
    assert len(raised) == 1
    assert "1.20 FTE" in raised[0]
    assert Assignment.objects.filter(officer=officer).count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_simultaneous_assignments_to_one_jfo_one_is_refused_with_a_sentence() -> None:
    officer = rows.officer()
    raised = refused_at_once(*[lambda: on_spvm(officer, fte=Decimal("0.10"))] * 2)
    assert len(raised) == 1
    assert "already has an assignment to this JFO" in raised[0]
