"""Who had a part in an outcome: kept by the managers of the claiming JFOs, and shares never beyond the whole."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from jfo_portal.kit import changesets
from jfo_portal.kit.changesets import ChangeSet
from jfo_portal.kit.history import Tracked
from performance import checks
from performance.models import Claim, Contribution, OutcomeEvent
from registry import agencies
from registry.models import JFO, Agency, User
from tests import rows
from tests.pages import words
from tests.simultaneous import at_once

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Client]
DAY = date(2011, 2, 14)


@pytest.fixture
def event(db: None) -> OutcomeEvent:
    """A seizure of FAE in Québec, of which nobody's part is recorded."""
    return rows.outcome("FAE", occurred_on=DAY)


@pytest.fixture
def que(client_of: SignIn, que_manager: User) -> Client:
    return client_of(que_manager)


def new(event: OutcomeEvent) -> str:
    return reverse("contribution-new", args=[event.pk])


def page(client: Client, event: OutcomeEvent, query: str = "") -> str:
    return words(client.get(event.get_absolute_url() + query))


PART = {"agency": "CBSA", "kind": "lead", "evidence": "Tip sheet"}


# The forms


def test_a_manager_adds_corrects_confirms_and_removes_a_contribution(que: Client, event: OutcomeEvent) -> None:
    assert "nobody can say whose result this is" in page(que, event)
    assert que.post(new(event), PART).status_code == 302
    row = event.contributions.get()
    assert (row.agency.key, row.kind, row.share, row.confirmed_on) == ("CBSA", "lead", None, None)
    assert "not confirmed" in page(que, event)

    address = reverse("contribution", args=[row.pk])
    form = que.get(address, {"fill": "confirmed_on"}).context["form"]
    assert form["confirmed_on"].value() == date(2011, 3, 31)
    que.post(address, {**PART, "kind": "lead", "share": "0.25", "confirmed_on": "2011-03-01"})
    row.refresh_from_db()
    assert (row.share, row.confirmed_on) == (Decimal("0.25"), date(2011, 3, 1))

    remove = reverse("contribution-remove", args=[row.pk])
    assert "Tip sheet" in words(que.get(remove))
    que.post(remove, {})
    assert not event.contributions.exists()
    que.post(reverse("undo", args=[ChangeSet.objects.latest("pk").pk]), {})
    assert event.contributions.get().share == Decimal("0.25")


def test_a_form_that_is_sent_twice_is_saved_once(que: Client, event: OutcomeEvent) -> None:
    data = {**PART, "_token": "6c0a0de3-4d3c-4e2c-9a0f-0f6d6c9f0c11"}
    assert que.post(new(event), data).status_code == 302
    assert que.post(new(event), data).status_code == 302
    assert event.contributions.count() == 1


def test_was_theirs_and_yours_are_shown_when_somebody_was_faster(que: Client, event: OutcomeEvent) -> None:
    row = rows.contribution(event, "CBSA", "lead", evidence="Old")
    version = row.history.latest("history_id").history_id
    row.evidence = "Theirs"
    row.save_as(None)
    response = que.post(reverse("contribution", args=[row.pk]), {**PART, "evidence": "Yours", "_version": str(version)})
    assert response.status_code == 409
    said = words(response)
    assert all(word in said for word in ("Old", "Theirs", "Yours"))


def test_managers_of_other_regions_read_it_and_cannot_change_it(
    client_of: SignIn, gta_manager: User, event: OutcomeEvent
) -> None:
    row = rows.contribution(event, "CBSA", "lead")
    client = client_of(gta_manager)
    assert "Add a contribution" not in page(client, event)
    assert client.get(new(event)).status_code == 404
    assert client.post(reverse("contribution", args=[row.pk]), PART).status_code == 404
    assert client.post(reverse("contribution-remove", args=[row.pk]), {}).status_code == 404


def test_the_managers_of_every_claiming_jfo_keep_it(client_of: SignIn, gta_manager: User, event: OutcomeEvent) -> None:
    Claim(event=event, jfo=JFO.objects.get(code="TFS")).save_as(None)
    client = client_of(gta_manager)
    assert "Add a contribution" in page(client, event)
    assert client.post(new(event), PART).status_code == 302


@pytest.mark.parametrize("username", ["nhq.reviewer", "admin", "auditor"])
def test_others_read_it_alone(client_of: SignIn, username: str, event: OutcomeEvent) -> None:
    client = client_of(User.objects.get(username=username))
    assert "Add a contribution" not in page(client, event)
    assert client.get(new(event)).status_code == 403


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"agency": "Nobody at all"}, "No agency goes by"),
        ({"kind": "luck"}, "Select a valid choice."),
        ({"share": "1.2"}, "A share cannot be more than 1."),
        ({"share": "-0.1"}, "A share cannot be less than 0."),
        ({"share": "9" * 40}, "Ensure that"),
        ({"confirmed_on": "2011-04-01"}, "2011-04-01 is still to come."),
        ({"confirmed_on": "2011-02-13"}, "2011-02-13 is before the outcome, which is of 2011-02-14."),
        ({"confirmed_on": "soon"}, "Type the date as YYYY-MM-DD"),
        ({"evidence": "a\0b"}, "Null characters are not allowed."),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    que: Client, event: OutcomeEvent, changed: dict[str, str], sentence: str
) -> None:
    assert sentence in words(que.post(new(event), PART | changed))
    assert not event.contributions.exists()


def test_a_contribution_to_an_outcome_without_a_day_is_confirmed_from_its_years_first_day_on(que: Client) -> None:
    event = rows.outcome("FAE", fiscal_year=2010)
    assert "2010-03-31 is before the outcome, which is of 2010-2011." in words(
        que.post(new(event), PART | {"confirmed_on": "2010-03-31"})
    )
    assert que.post(new(event), PART | {"confirmed_on": "2010-04-01"}).status_code == 302


def test_an_outcome_cannot_be_moved_behind_its_confirmation(que: Client, event: OutcomeEvent) -> None:
    rows.contribution(event, "CBSA", "lead", confirmed_on=date(2011, 2, 20))
    address = reverse("jfo-part-row", args=["FAE", "outcomes", event.pk])
    said = words(que.post(address, {"kind": "seizure", "occurred_on": "2011-03-01"}))
    assert "The lead confirmed a contribution on 2011-02-20, before that." in said


# Who takes part


def test_an_agency_outside_the_jfo_is_warned_about_and_not_refused(que: Client, event: OutcomeEvent) -> None:
    response = que.post(new(event), PART | {"agency": "Toronto Police Service"}, follow=True)
    assert event.contributions.get().agency.key == "TPS"
    assert "TPS took part in no JFO that claims this outcome at that time." in words(response)


def test_an_agency_that_takes_part_on_that_day_alone_is_not_warned_about(que: Client, event: OutcomeEvent) -> None:
    jfo = JFO.objects.get(code="FAE")
    jfo.participations.create(agency=Agency.objects.get(key="TPS"), start=date(2011, 2, 14), end=date(2011, 2, 14))
    que.post(new(event), PART | {"agency": "TPS"})
    assert "took part in no JFO" not in page(que, event)
    event.occurred_on = date(2011, 2, 15)
    event.save_as(None)
    assert "TPS took part in no JFO" in page(que, event)


def test_a_group_of_forces_may_contribute(que: Client) -> None:
    event = rows.outcome("NPET-QUE", occurred_on=DAY)
    response = que.post(new(event), PART | {"agency": "Local/provincial police"}, follow=True)
    assert event.contributions.get().agency.is_group
    assert "took part in no JFO" not in words(response)


# Shares


def test_shares_beyond_the_whole_are_refused_with_what_is_left(que: Client, event: OutcomeEvent) -> None:
    rows.contribution(event, "SQ", "lead", share=Decimal("0.7"))
    said = words(que.post(new(event), PART | {"share": "0.301"}))
    assert "The shares of an outcome add to at most 1. The others have 0.700, so 0.300 is left." in said
    assert que.post(new(event), PART | {"share": "0.3"}).status_code == 302
    with override("fr"):
        row = Contribution(event=event, agency=Agency.objects.get(key="RCMP"), kind="lead", share=Decimal("0.001"))
        with pytest.raises(ValidationError, match="Les autres ont 1,000; il reste donc 0,000"):
            row.save_as(None)


def test_a_french_share_has_a_comma(que: Client, event: OutcomeEvent) -> None:
    assert que.post(new(event).replace("/en/", "/fr/"), PART | {"share": "0,125"}).status_code == 302
    assert event.contributions.get().share == Decimal("0.125")


def test_the_database_refuses_shares_beyond_the_whole_however_they_are_written(event: OutcomeEvent) -> None:
    rows.contribution(event, "SQ", "lead", share=Decimal("0.7"))
    other = rows.contribution(event, "CBSA", "lead", share=Decimal("0.3"))
    with pytest.raises(IntegrityError), transaction.atomic():
        Contribution.objects.filter(pk=other.pk).update(share=Decimal("0.4"))
    agency = Agency.objects.get(key="RCMP")
    with pytest.raises(IntegrityError), transaction.atomic():
        Contribution.objects.bulk_create([Contribution(event=event, agency=agency, kind="lead", share=Decimal("0.1"))])


@pytest.mark.django_db(transaction=True)
def test_of_two_who_give_shares_at_once_one_is_told_what_is_left(client_of: SignIn, que_manager: User) -> None:
    event = rows.outcome("FAE", occurred_on=DAY)
    clients = [client_of(que_manager), client_of(que_manager)]

    def give(client: Client, agency: str) -> Callable[[], Any]:
        return lambda: client.post(new(event), PART | {"agency": agency, "share": "0.6"})

    answers = at_once(give(clients[0], "CBSA"), give(clients[1], "SQ"))
    assert sorted(answer.status_code for answer in answers) == [200, 302]
    refused = next(answer for answer in answers if answer.status_code == 200)
    assert "so 0.400 is left" in words(refused)
    assert event.contributions.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_who_raise_shares_past_every_form_the_database_refuses_one() -> None:
    event = rows.outcome("FAE", occurred_on=DAY)
    pair = [rows.contribution(event, key, "lead") for key in ("CBSA", "SQ")]

    def raise_share(row: Contribution) -> Callable[[], Any]:
        return lambda: Contribution.objects.filter(pk=row.pk).update(share=Decimal("0.6"))

    answers = at_once(*map(raise_share, pair))
    assert sorted(isinstance(answer, IntegrityError) for answer in answers) == [False, True]


def test_a_removal_whose_share_was_given_away_since_is_not_undone_and_says_why(
    que: Client, event: OutcomeEvent
) -> None:
    row = rows.contribution(event, "SQ", "lead", share=Decimal("0.6"))
    que.post(reverse("contribution-remove", args=[row.pk]), {})
    change = ChangeSet.objects.latest("pk")
    rows.contribution(event, "CBSA", "lead", share=Decimal("0.5"))
    response = que.post(reverse("undo", args=[change.pk]), {})
    assert response.status_code == 200
    assert "so 0.500 is left" in words(response)
    assert event.contributions.count() == 1


# Two agencies that are one


def test_a_merge_moves_contributions_and_joins_doubled_ones(event: OutcomeEvent, administrator: User) -> None:
    names = {"name_en": "Québec force", "name_fr": "Force du Québec"}
    gone = Agency(key="SQ-2", short_en="SQ 2", short_fr="SQ 2", level="provincial", **names).save_as(None)
    kept = Agency.objects.get(key="SQ")
    rows.contribution(event, "SQ", "lead", share=Decimal("0.5"), evidence="Ours")
    rows.contribution(event, "SQ-2", "lead", share=Decimal("0.4"), evidence="Theirs", confirmed_on=date(2011, 2, 20))
    rows.contribution(event, "SQ-2", "query")
    rows.contribution(event, "CBSA", "lead", share=Decimal("0.1"))
    before = sorted(Contribution.objects.values_list())
    agencies.merge(gone, kept, by=administrator)
    joined = event.contributions.get(agency=kept, kind="lead")
    assert (joined.share, joined.confirmed_on, joined.evidence) == (Decimal("0.9"), date(2011, 2, 20), "Ours; Theirs")
    assert event.contributions.filter(agency=kept, kind="query").exists()
    assert event.contributions.count() == 3
    changesets.undo(ChangeSet.objects.latest("pk"), by=administrator)
    assert sorted(Contribution.objects.values_list()) == before


def test_contributions_are_among_what_a_merge_moves() -> None:
    assert issubclass(Contribution, Tracked)
    assert Contribution in agencies.referring()


# The whole database


def test_the_demonstration_breaks_no_rule_and_a_breach_is_found(event: OutcomeEvent) -> None:
    assert list(checks.shares_are_of_one()) == list(checks.confirmations_follow_their_outcome()) == []
    row = rows.contribution(event, "CBSA", "lead")
    Contribution.objects.filter(pk=row.pk).update(confirmed_on=date(2011, 2, 1))
    assert [where for where, _what in checks.confirmations_follow_their_outcome()] == [f"contribution {row.pk}"]


def test_removing_an_outcome_says_that_its_contributions_go_and_undo_brings_them_back(
    que: Client, event: OutcomeEvent
) -> None:
    rows.contribution(event, "CBSA", "lead", share=Decimal("0.6"))
    rows.contribution(event, "SQ", "lead", share=Decimal("0.4"))
    address = reverse("jfo-part-remove", args=["FAE", "outcomes", event.pk])
    assert "Its 2 contributions of agencies are removed with it." in words(que.get(address))
    que.post(address, {})
    assert not Contribution.objects.filter(event=event.pk).exists()
    que.post(reverse("undo", args=[ChangeSet.objects.latest("pk").pk]), {})
    assert Contribution.objects.filter(event=event.pk).count() == 2


# The page


def test_a_page_says_how_the_outcome_is_shared(que: Client, event: OutcomeEvent) -> None:
    rows.contribution(event, "SQ", "lead", share=Decimal("0.5"))
    rows.contribution(event, "CBSA", "query")
    said = page(que, event)
    assert "agreed for some agencies, the rest equally among the others" in said
    assert "CBSA 0.5 equal part of the rest" in said
    rows.contribution(event, "RCMP", "query")
    assert "RCMP 0.25 equal part of the rest" in page(que, event)


def test_a_past_day_shows_no_later_confirmation_and_no_act(que: Client, event: OutcomeEvent) -> None:
    rows.contribution(event, "CBSA", "lead", confirmed_on=date(2011, 3, 1))
    assert "2011-03-01" in page(que, event)
    past = page(que, event, "?as_of=2011-02-20")
    assert "not confirmed" in past
    assert "Record the confirmation" not in past
    assert "On February 1, 2011 this outcome was not known yet" in page(que, event, "?as_of=2011-02-01")


def test_a_page_asks_few_queries_whatever_the_rows(
    que: Client, event: OutcomeEvent, django_assert_max_num_queries: Any
) -> None:
    for kind in ("lead", "query", "targeting"):
        for key in ("CBSA", "SQ", "RCMP", "TPS"):
            rows.contribution(event, key, kind)
    cache.clear()
    with django_assert_max_num_queries(15):
        que.get(event.get_absolute_url())


@pytest.mark.parametrize("name", ["outcome", "contribution", "contribution-remove", "contribution-new"])
def test_a_number_too_large_is_not_found(que: Client, name: str) -> None:
    assert que.get(reverse(name, args=[10**30])).status_code == 404
