"""Participation reviews: the yearly decision, and what follows from it."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from jfo_portal.kit import checks as kit_checks
from jfo_portal.kit.changesets import CannotUndo, ChangeSet
from jfo_portal.kit.periods import year_before
from registry import actions, reviewing
from registry.measures.steering import review_due
from registry.models import (
    JFO,
    Assignment,
    EndReason,
    Establishment,
    Officer,
    Participation,
    ParticipationReview,
    ReviewDecision,
    User,
)
from tests import rows
from tests.pages import body, csv_rows, words
from tests.simultaneous import at_once

pytestmark = pytest.mark.django_db

TODAY = date(2011, 3, 31)
ClientOf = Callable[[User], Client]


@pytest.fixture
def jfo(db: None) -> JFO:
    """FAE in QUE, without the demonstration's reviews and agreed FTE."""
    ParticipationReview.objects.filter(jfo__code="FAE").delete()
    Establishment.objects.filter(jfo__code="FAE").delete()
    return JFO.objects.get(code="FAE")


def record(jfo: JFO, decision: str = "continue", by: User | None = None, **changes: Any) -> ParticipationReview:
    values: dict[str, Any] = {"reviewed_on": TODAY, "reasons": "As the partners asked."} | changes
    return reviewing.record(by=by, jfo=jfo, decision=ReviewDecision(decision), day=TODAY, **values)


def agree(jfo: JFO, fte: str, start: date, end: date | None = None) -> Establishment:
    return Establishment(jfo=jfo, fte=Decimal(fte), start=start, end=end).save_as(None)


def agreed(jfo: JFO) -> list[tuple[Decimal, date, date | None]]:
    return list(Establishment.objects.filter(jfo=jfo).order_by("start").values_list("fte", "start", "end"))


def state(jfo: JFO) -> dict[str, Any]:
    """Return all that a withdrawal touches, to compare before and after."""
    return {
        "jfo": JFO.objects.values_list("start", "end").get(pk=jfo.pk),
        "assignments": list(
            Assignment.objects.filter(jfo=jfo)
            .order_by("pk")
            .values_list("pk", "officer", "fte", "start", "end", "end_reason", "review_on")
        ),
        "parts": list(Participation.objects.filter(jfo=jfo).order_by("pk").values_list("pk", "agency", "start", "end")),
        "agreed": agreed(jfo),
        "reviews": ParticipationReview.objects.filter(jfo=jfo).count(),
    }


def breaches() -> list[str]:
    return [str(breach) for breach in kit_checks.breaches()]


# What is due


@pytest.mark.parametrize(
    ("reviewed_on", "is_due"),
    [(date(2010, 3, 30), True), (date(2010, 3, 31), False), (date(2011, 3, 31), False), (date(2011, 4, 1), True)],
)
def test_a_review_is_due_when_the_last_one_is_more_than_a_year_before_the_day(
    jfo: JFO, reviewed_on: date, is_due: bool
) -> None:
    """The last of the cases is of a review still to come on the day asked about."""
    ParticipationReview(jfo=jfo, reviewed_on=reviewed_on, decision="continue", reasons="x").attribute(None).save()
    assert review_due(JFO.objects.filter(pk=jfo.pk), TODAY).exists() is is_due


@pytest.mark.parametrize(("start", "is_due"), [(date(2010, 3, 30), True), (date(2010, 3, 31), False)])
def test_a_jfo_never_reviewed_is_due_once_it_began_more_than_a_year_before(start: date, is_due: bool) -> None:
    base = JFO.objects.get(code="FAE")
    new = JFO(code="NEW", name_en="New", name_fr="Neuf", program=base.program, region=base.region, start=start).save_as(
        None
    )
    assert review_due(JFO.objects.filter(pk=new.pk), TODAY).exists() is is_due


def test_a_jfo_that_ended_is_not_due() -> None:
    JFO.objects.filter(code="FAE").update(end=date(2011, 3, 30))
    ParticipationReview.objects.filter(jfo__code="FAE").delete()
    assert not review_due(JFO.objects.filter(code="FAE"), TODAY).exists()


def test_the_year_before_a_leap_day_is_the_28th() -> None:
    assert year_before(date(2012, 2, 29)) == date(2011, 2, 28)


# Rules of the row itself


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"reviewed_on": date(2011, 4, 1)}, "2011-04-01 is still to come"),
        ({"reviewed_on": date(1990, 1, 1)}, "it cannot be reviewed earlier"),
        ({"decision": "increase", "effective_on": TODAY}, "Say to how many FTE"),
        ({"decision": "reduce", "fte": Decimal(1)}, "Say from which day the decision holds"),
        ({"decision": "withdraw"}, "Say from which day the decision holds"),
        ({"fte": Decimal(1)}, "Leave the FTE empty"),
        ({"effective_on": TODAY}, "Leave the day empty"),
        (
            {"decision": "withdraw", "reviewed_on": date(2011, 3, 1), "effective_on": date(2011, 2, 28)},
            "cannot hold from a day before the review",
        ),
        ({"decision": "increase", "effective_on": TODAY, "fte": Decimal(-1)}, "cannot be less than 0"),
    ],
)
def test_a_review_that_breaks_a_rule_is_refused_with_the_place_named(
    jfo: JFO, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValidationError) as error:
        record(jfo, **changes)
    assert said in " ".join(error.value.messages)
    assert ParticipationReview.objects.filter(jfo=jfo).count() == 0


def test_two_reviews_of_one_day_are_refused(jfo: JFO) -> None:
    record(jfo)
    with pytest.raises(ValidationError, match="recorded already"):
        record(jfo)


# Increase and reduce


def test_an_increase_ends_the_agreed_fte_the_day_before_and_begins_a_new_one(jfo: JFO, que_manager: User) -> None:
    agree(jfo, "2.00", date(2009, 4, 1))
    record(jfo, "increase", by=que_manager, fte=Decimal("3.50"), effective_on=date(2011, 4, 1))
    assert agreed(jfo) == [
        (Decimal("2.00"), date(2009, 4, 1), date(2011, 3, 31)),
        (Decimal("3.50"), date(2011, 4, 1), None),
    ]
    change = ChangeSet.objects.first()
    assert change is not None
    assert {type(version.instance).__name__ for version in change.versions()} == {
        "ParticipationReview",
        "Establishment",
    }


def test_an_agreed_fte_of_the_same_first_day_is_changed_in_place(jfo: JFO) -> None:
    agree(jfo, "2.00", TODAY)
    record(jfo, "reduce", fte=Decimal("1.00"), effective_on=TODAY)
    assert agreed(jfo) == [(Decimal("1.00"), TODAY, None)]


def test_a_later_agreed_fte_stays_as_it_is(jfo: JFO) -> None:
    agree(jfo, "2.00", date(2009, 4, 1), date(2011, 12, 31))
    agree(jfo, "5.00", date(2012, 1, 1))
    record(jfo, "reduce", fte=Decimal("1.00"), effective_on=date(2011, 4, 1))
    assert agreed(jfo)[1:] == [
        (Decimal("1.00"), date(2011, 4, 1), date(2011, 12, 31)),
        (Decimal("5.00"), date(2012, 1, 1), None),
    ]


def test_the_first_agreed_fte_ends_before_a_later_one(jfo: JFO) -> None:
    agree(jfo, "5.00", date(2012, 1, 1))
    record(jfo, "increase", fte=Decimal("1.00"), effective_on=TODAY)
    assert agreed(jfo)[0] == (Decimal("1.00"), TODAY, date(2011, 12, 31))


@pytest.mark.parametrize(("decision", "fte"), [("increase", "2.00"), ("increase", "1.00"), ("reduce", "2.00")])
def test_an_increase_is_to_more_and_a_reduction_to_less(jfo: JFO, decision: str, fte: str) -> None:
    agree(jfo, "2.00", date(2009, 4, 1))
    with pytest.raises(ValidationError, match=r"the agreed FTE is 2\.00"):
        record(jfo, decision, fte=Decimal(fte), effective_on=TODAY)
    assert agreed(jfo) == [(Decimal("2.00"), date(2009, 4, 1), None)]


# Withdraw

LAST_DAY = date(2011, 4, 30)


@pytest.fixture
def crowd(jfo: JFO) -> dict[str, Assignment]:
    """On FAE: one open, one that ends later, one that ends before, one not begun, and one of GTA's officers."""
    agree(jfo, "4.00", date(2009, 4, 1), date(2011, 6, 30))
    agree(jfo, "5.00", date(2011, 7, 1))
    people = {name: rows.officer() for name in ("open", "long", "short", "planned")}
    return {
        "open": rows.assignment(people["open"], "FAE", date(2009, 1, 1)),
        "long": rows.assignment(people["long"], "FAE", date(2009, 1, 1), date(2011, 12, 31)),
        "short": rows.assignment(people["short"], "FAE", date(2009, 1, 1), LAST_DAY),
        "planned": rows.assignment(people["planned"], "FAE", date(2011, 5, 1)),
        "other": rows.assignment(rows.officer("GTA", number="T-GTA"), "FAE", date(2010, 1, 1)),
    }


def test_withdrawing_ends_everything_on_the_day_in_one_change_set(
    jfo: JFO, crowd: dict[str, Assignment], que_manager: User
) -> None:
    record(jfo, "withdraw", by=que_manager, effective_on=LAST_DAY, reasons="Needed at the ports of entry.")
    left = {row.pk: row for row in Assignment.objects.filter(jfo=jfo)}
    for name in ("open", "long", "other"):
        row = left[crowd[name].pk]
        assert (row.end, row.end_reason) == (LAST_DAY, EndReason.END_OF_OPERATION)
        version = row.history.first()
        assert (version.who, version.history_change_reason) == ("que.manager", "Needed at the ports of entry.")
    assert left[crowd["short"].pk].end_reason == ""
    assert crowd["planned"].pk not in left
    jfo.refresh_from_db()
    assert jfo.end == LAST_DAY
    assert Participation.objects.get(jfo=jfo, agency__key="CBSA").end == LAST_DAY
    assert agreed(jfo) == [(Decimal("4.00"), date(2009, 4, 1), LAST_DAY)]
    assert ChangeSet.objects.count() == 1
    assert breaches() == []


def test_undoing_a_withdrawal_brings_everything_back_also_of_other_regions(
    client_of: ClientOf, jfo: JFO, crowd: dict[str, Assignment], que_manager: User
) -> None:
    before = state(jfo)
    record(jfo, "withdraw", by=que_manager, effective_on=LAST_DAY)
    assert state(jfo) != before
    change = ChangeSet.objects.first()
    assert change is not None
    client, address = client_of(que_manager), reverse("undo", args=[change.pk])
    said = body(client.get(address))
    assert "T-GTA" not in said
    assert client.post(address).status_code == 302
    assert state(jfo) == before


def test_what_stands_in_the_way_of_undoing_names_no_officer_of_another_region(
    client_of: ClientOf, jfo: JFO, crowd: dict[str, Assignment], que_manager: User, gta_manager: User
) -> None:
    record(jfo, "withdraw", by=que_manager, effective_on=LAST_DAY)
    change = ChangeSet.objects.first()
    assert change is not None
    other = Assignment.objects.get(pk=crowd["other"].pk)
    actions.end_assignment(other, by=gta_manager, end=TODAY, end_reason=EndReason.ROTATION)
    said = words(client_of(que_manager).post(reverse("undo", args=[change.pk])))
    assert "A row that you may not see stands in the way" in said
    assert "T-GTA" not in said
    assert "gta.manager" not in said


def test_a_withdrawal_cannot_remove_what_was_served(jfo: JFO) -> None:
    rows.assignment(rows.officer(), "FAE", date(2011, 3, 1))
    with pytest.raises(ValidationError, match="began on 2011-03-01"):
        record(jfo, "withdraw", reviewed_on=date(2011, 1, 1), effective_on=date(2011, 2, 28))
    assert not ParticipationReview.objects.filter(jfo=jfo).exists()


def test_after_a_withdrawal_nobody_is_assigned(jfo: JFO) -> None:
    record(jfo, "withdraw", effective_on=TODAY)
    jfo.refresh_from_db()
    with pytest.raises(ValidationError, match="ends on 2011-03-31"):
        actions.assign(by=None, officer=rows.officer(), jfo=jfo, fte=Decimal(1), start=TODAY)


def test_the_check_finds_what_a_withdrawal_left(jfo: JFO) -> None:
    record(jfo, "withdraw", effective_on=TODAY)
    JFO.objects.filter(pk=jfo.pk).update(end=None)
    row = Assignment(officer=rows.officer(), jfo=jfo, fte=1, start=date(2011, 4, 1))
    row.attribute(None).save()
    assert [breach for breach in breaches() if "FAE" in breach] == [
        "rule 6: JFO FAE: the CBSA does not take part on 2011-04-01",
        "rule 6: JFO FAE: withdrawn from on 2011-03-31, and goes on",
        "rule 6: JFO FAE: withdrawn from on 2011-03-31, and has an assignment, 2011-04-01 to no end",
    ]


def test_the_check_finds_two_agreed_fte_on_a_day_and_one_past_the_jfo(jfo: JFO) -> None:
    first = agree(jfo, "1.00", date(2010, 1, 1), date(2010, 12, 31))
    agree(jfo, "2.00", date(2011, 1, 1))
    Establishment.objects.filter(pk=first.pk).update(end=date(2011, 1, 1))
    JFO.objects.filter(pk=jfo.pk).update(end=date(2011, 12, 31))
    found = [breach for breach in breaches() if "agreed" in breach]
    assert found == [
        "rule 6: JFO FAE: two agreed FTE on 2011-01-01",
        "rule 6: JFO FAE: agreed FTE 2011-01-01 to no end, though the JFO ends on 2011-12-31",
    ]


# Correct and remove


def test_removing_a_review_takes_back_what_it_did(
    client_of: ClientOf, jfo: JFO, crowd: dict[str, Assignment], que_manager: User
) -> None:
    before = state(jfo)
    review = record(jfo, "withdraw", by=que_manager, effective_on=LAST_DAY)
    withdrawn = state(jfo)
    client = client_of(que_manager)
    address = reverse("review-remove", args=[review.pk])
    assert "also takes back what it did" in words(client.get(address))
    client.post(address, {"reason": "Decided anew."})
    assert state(jfo) == before
    change = ChangeSet.objects.first()
    assert change is not None
    client.post(reverse("undo", args=[change.pk]))
    assert state(jfo) == withdrawn


def test_a_review_whose_effect_was_built_on_is_not_removed(jfo: JFO, que_manager: User) -> None:
    review = record(jfo, "increase", by=que_manager, fte=Decimal("1.00"), effective_on=TODAY)
    row = Establishment.objects.get(jfo=jfo)
    row.fte = Decimal("4.00")
    row.save_as(que_manager)
    with pytest.raises(CannotUndo, match="was changed later"):
        reviewing.remove(review, by=que_manager)
    assert ParticipationReview.objects.filter(jfo=jfo).exists()


def test_a_review_of_the_demonstration_is_removed_alone(client_of: ClientOf, que_manager: User) -> None:
    review = ParticipationReview.objects.filter(jfo__code="IBET-QUE-1").latest("reviewed_on")
    client = client_of(que_manager)
    address = reverse("review-remove", args=[review.pk])
    assert "This review alone is removed" in words(client.get(address))
    client.post(address)
    assert not ParticipationReview.objects.filter(pk=review.pk).exists()
    change = ChangeSet.objects.first()
    assert change is not None
    client.post(reverse("undo", args=[change.pk]))
    assert ParticipationReview.objects.filter(pk=review.pk).exists()


def test_a_correction_changes_the_day_and_the_reasons(client_of: ClientOf, jfo: JFO, que_manager: User) -> None:
    review = record(jfo, by=que_manager)
    client_of(que_manager).post(
        reverse("review-edit", args=[review.pk]), {"reviewed_on": "2011-03-30", "reasons": "Better.", "reason": "typo"}
    )
    review.refresh_from_db()
    assert (review.reviewed_on, review.reasons, review.decision) == (date(2011, 3, 30), "Better.", "continue")
    assert review.history.first().history_change_reason == "typo"


def test_a_correction_of_what_changed_meanwhile_shows_both(client_of: ClientOf, jfo: JFO, que_manager: User) -> None:
    review = record(jfo, by=que_manager)
    client, address = client_of(que_manager), reverse("review-edit", args=[review.pk])
    version = dict(client.get(address).context["hidden"])["_version"]
    reviewing.correct(review, by=None, reviewed_on=TODAY, reasons="Theirs.", day=TODAY)
    response = client.post(
        address, {"reviewed_on": "2011-03-31", "reasons": "Yours.", "reason": "", "_version": version}
    )
    assert response.status_code == 409
    assert "Theirs." in words(response)


# The pages


def typed(**changes: str) -> dict[str, str]:
    values = {"reviewed_on": "2011-03-31", "decision": "continue", "fte": "", "effective_on": "", "reasons": "Why not."}
    return values | changes


def test_a_manager_records_a_review_of_an_own_jfo(client_of: ClientOf, jfo: JFO, que_manager: User) -> None:
    response = client_of(que_manager).post(reverse("review-new", args=["FAE"]), typed(), follow=True)
    assert "Saved: Review of FAE, 2011-03-31, Continue." in words(response)
    review = ParticipationReview.objects.get(jfo=jfo)
    assert review.history.first().history_change_reason == "Why not."


def test_a_form_with_nothing_typed_says_what_is_missing(client_of: ClientOf, que_manager: User) -> None:
    said = words(client_of(que_manager).post(reverse("review-new", args=["FAE"]), {}))
    assert said.count("Error: This field is required.") == 3


def test_french_figures_are_typed_with_a_comma(client_of: ClientOf, jfo: JFO, que_manager: User) -> None:
    client_of(que_manager).post(
        "/fr/jfos/FAE/reviews/new/", typed(decision="increase", fte="2,50", effective_on="2011-04-01")
    )
    assert agreed(jfo) == [(Decimal("2.50"), date(2011, 4, 1), None)]


@pytest.mark.parametrize("username", ["gta.manager", "nhq.reviewer", "admin", "auditor"])
def test_nobody_else_reviews_a_jfo_of_the_region(client_of: ClientOf, jfo: JFO, username: str) -> None:
    client = client_of(User.objects.get(username=username))
    review = record(jfo)
    for name, key in (("review-new", "FAE"), ("review-edit", review.pk), ("review-remove", review.pk)):
        assert client.post(reverse(name, args=[key]), typed()).status_code in (403, 404)
    assert ParticipationReview.objects.filter(jfo=jfo).count() == 1


def hidden(response: Any) -> dict[str, str]:
    """Return what the check page sends again."""
    context = response.context
    return {name: str(value) for name, value in (*context["hidden"], *context["typed"])}


def test_a_withdrawal_is_saved_once_its_consequences_were_looked_at(
    client_of: ClientOf, jfo: JFO, crowd: dict[str, Assignment], que_manager: User
) -> None:
    client, address = client_of(que_manager), reverse("review-new", args=["FAE"])
    before = state(jfo)
    ended = Assignment.objects.filter(jfo=jfo).from_day_on(date(2011, 5, 1)).filter(start__lte=LAST_DAY)
    own = ended.filter(officer__region__code="QUE").count()
    count = ended.count()
    page = client.post(address, typed(decision="withdraw", effective_on="2011-04-30"))
    said = words(page)
    assert state(jfo) == before
    assert f"{count} assignments end on that day. 1 that would begin later is removed." in said
    assert f"{own + 1} assignments" in said
    assert "1 of these assignments is of an officer of another region" in said
    assert "T-GTA" not in body(page)
    response = client.post(address, hidden(page), follow=True)
    assert "Saved: Review of FAE, 2011-03-31, Withdraw." in words(response)
    assert JFO.objects.get(pk=jfo.pk).end == LAST_DAY


def test_a_withdrawal_is_looked_at_again_when_assignments_changed_meanwhile(
    client_of: ClientOf, jfo: JFO, crowd: dict[str, Assignment], que_manager: User
) -> None:
    client, address = client_of(que_manager), reverse("review-new", args=["FAE"])
    page = client.post(address, typed(decision="withdraw", effective_on="2011-04-30"))
    rows.assignment(rows.officer(), "FAE", date(2011, 3, 1))
    again = client.post(address, hidden(page))
    assert "the assignments changed since you looked" in words(again)
    assert JFO.objects.get(pk=jfo.pk).end is None
    assert client.post(address, hidden(again)).status_code == 302
    assert JFO.objects.get(pk=jfo.pk).end == LAST_DAY


def test_the_way_back_from_the_check_keeps_what_was_typed(client_of: ClientOf, jfo: JFO, que_manager: User) -> None:
    client, address = client_of(que_manager), reverse("review-new", args=["FAE"])
    page = client.post(address, typed(decision="withdraw", effective_on="2011-04-30", reasons="Ports of entry."))
    form = client.post(address, hidden(page) | {"_back": "1"})
    assert form.context["form"]["reasons"].value() == "Ports of entry."
    assert JFO.objects.get(pk=jfo.pk).end is None


def test_the_list_is_of_the_day_and_has_what_is_due_above(client_of: ClientOf, jfo: JFO, auditor: User) -> None:
    client = client_of(auditor)
    record(jfo)
    page = client.get("/en/reviews/")
    everything = ParticipationReview.objects.count()
    assert f"{everything} reviews" in words(page)
    due = review_due(JFO.objects.all(), TODAY).count()
    assert page.context["due"] == due
    assert f"{due} JFOs" in words(client.get(page.context["due_href"]))
    assert f"{everything - 1} reviews" in words(client.get("/en/reviews/?as_of=2011-03-30"))
    past = client.get("/en/reviews/?as_of=2010-09-30")
    assert f"{past.context['due']} JFOs" in words(client.get(past.context["due_href"]))
    assert "2010-10" not in words(past)


def test_the_filters_of_the_list_narrow_it(client_of: ClientOf, jfo: JFO, auditor: User) -> None:
    agree(jfo, "3.00", date(2009, 4, 1))
    record(jfo, "reduce", fte=Decimal("2.00"), effective_on=TODAY)
    client = client_of(auditor)

    def found(query: str) -> set[str]:
        return {row["JFO"] for row in csv_rows(client.get(f"/en/reviews/?{query}&format=csv"))}

    assert found("decision=reduce") == {"FAE"}
    assert found("jfo=FAE") == {"FAE"}
    que = set(JFO.objects.filter(region__code="QUE").values_list("code", flat=True))
    assert found("region=QUE") < que
    assert "FAE" in found("fiscal_year=2010-2011")
    assert "FAE" not in found("fiscal_year=2009-2010")
    due = set(review_due(JFO.objects.all(), TODAY).values_list("code", flat=True))
    reviewed = set(ParticipationReview.objects.values_list("jfo__code", flat=True))
    assert found("due=yes") == due & reviewed
    assert len(csv_rows(client.get("/en/reviews/?due=yes&format=csv"))) == len(due & reviewed)


def test_no_filter_breaks_the_list(client_of: ClientOf, auditor: User) -> None:
    client = client_of(auditor)
    for query in ("jfo=%00", "fiscal_year=9999", "due=maybe", "decision=x", "page=99999999999999999999"):
        assert client.get(f"/en/reviews/?{query}").status_code == 200
    assert client.get("/en/reviews/99999999999999999999/").status_code in (403, 404)


def test_a_manager_corrects_only_reviews_of_own_jfos_from_the_list(client_of: ClientOf, que_manager: User) -> None:
    said = body(client_of(que_manager).get("/en/reviews/?region=QUE"))
    assert "Correct<" in said
    assert "Correct<" not in body(client_of(que_manager).get("/en/reviews/?region=GTA"))
    assert "Correct<" not in body(client_of(que_manager).get("/en/reviews/?region=QUE&as_of=2011-03-30"))


def test_the_list_asks_a_constant_number_of_queries(
    client_of: ClientOf, que_manager: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_of(que_manager)
    for jfo in JFO.objects.all():
        ParticipationReview(jfo=jfo, reviewed_on=date(2009, 1, 5), decision="continue", reasons="x").save_as(None)
    client.get("/en/reviews/")
    with django_assert_max_num_queries(12):
        client.get("/en/reviews/?per=100")


def test_an_officer_of_another_region_is_not_in_the_record_form(
    client_of: ClientOf, crowd: dict[str, Assignment], que_manager: User
) -> None:
    said = body(client_of(que_manager).get(reverse("review-new", args=["FAE"])))
    assert Officer.objects.get(number="T-GTA").number not in said


# At the same moment


@pytest.mark.django_db(transaction=True)
def test_an_assignment_saved_at_the_moment_of_a_withdrawal_does_not_outlive_the_jfo() -> None:
    """One that was checked before the JFO ended, and written after it, stayed on a JFO that was over."""
    jfo = JFO.objects.get(code="FAE")
    newcomer = rows.officer()

    def assign() -> Assignment:
        return actions.assign(by=None, officer=newcomer, jfo=jfo, fte=Decimal("0.50"), start=TODAY)

    answers = at_once(lambda: record(jfo, "withdraw", effective_on=date(2011, 4, 30)), assign)
    jfo.refresh_from_db()
    assert jfo.end == date(2011, 4, 30)
    assert not Assignment.objects.filter(jfo=jfo).from_day_on(date(2011, 5, 1)).exists()
    assert all(isinstance(answer, (ParticipationReview, Assignment, ValidationError)) for answer in answers)
