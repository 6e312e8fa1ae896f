"""Several assignments extended, ended or transferred together: checked first, then all of it or nothing."""

import re
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from jfo_portal.kit.changesets import ChangeSet
from registry import actions
from registry.models import JFO, Assignment, EndReason, Establishment, User
from tests import rows
from tests.pages import body, words
from tests.simultaneous import at_once

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Client]
HALF = Decimal("0.50")


@pytest.fixture
def manager(que_manager: User, client_of: SignIn) -> Client:
    return client_of(que_manager)


@pytest.fixture
def three() -> list[Assignment]:
    """Three officers on SPVM-JFO, one of them half time, until 30 June 2011."""
    return [
        rows.assignment(rows.officer(), "SPVM-JFO", date(2010, 1, 1), date(2011, 6, 30), fte)
        for fte in (Decimal("1.00"), Decimal("1.00"), HALF)
    ]


def address(do: str, selected: Iterable[object], **more: str) -> str:
    with translation.override("en"):
        query = "&".join(f"rows={getattr(row, 'pk', row)}" for row in selected)
        return f"{reverse('assignment-batch')}?do={do}&{query}" + "".join(f"&{k}={v}" for k, v in more.items())


def hidden(response: Any) -> dict[str, str]:
    """Return the hidden fields of the page's form."""
    form = body(response).split('id="page-form"')[1]
    return dict(re.findall(r'<input type="hidden" name="(_\w+)" value="([^"]*)"', form))


def send(client: Client, where: str, page: Any, selected: Iterable[Assignment], **typed: str) -> Any:
    data: dict[str, Any] = {"rows": [row.pk for row in selected], **typed, **hidden(page)}
    return client.post(where, data)


def apply(client: Client, do: str, selected: list[Assignment], **typed: str) -> Any:
    """Open the form, check it and apply it."""
    where = address(do, selected)
    checked = send(client, where, client.get(where), selected, **typed)
    return send(client, where, checked, selected, _apply="1", **typed)


def ends(selected: Iterable[Assignment]) -> list[date | None]:
    return [Assignment.objects.get(pk=row.pk).end for row in selected]


# The check, then all of it


def test_the_check_page_says_old_and_new_and_the_fte_and_saves_nothing(
    manager: Client, three: list[Assignment]
) -> None:
    where = address("extend", three)
    page = send(manager, where, manager.get(where), three, end="2011-12-31")
    said = words(page)
    assert said.count("Last day: 2011-06-30 → 2011-12-31") == 3
    # The demonstration has one officer on SPVM-JFO.
    assert "SPVM-JFO 2011-07-01 1.00 3.50" in said
    assert "Apply all 3 changes" in said
    assert ends(three) == [date(2011, 6, 30)] * 3
    assert not ChangeSet.objects.filter(by__username="que.manager").exists()


def test_the_batch_is_one_act_with_one_undo(manager: Client, three: list[Assignment]) -> None:
    response = apply(manager, "extend", three, end="2011-12-31", reason="asked by the team")
    assert response.status_code == 302
    assert ends(three) == [date(2011, 12, 31)] * 3
    change = ChangeSet.objects.get(by__username="que.manager")
    assert change.reason == "asked by the team"
    assert "3 assignments extended." in words(manager.get(response.url))
    manager.post(reverse("undo", args=[change.pk]))
    assert ends(three) == [date(2011, 6, 30)] * 3


def test_a_batch_sent_twice_is_saved_once(manager: Client, three: list[Assignment]) -> None:
    where = address("end", three)
    typed = {"end": "2011-05-31", "end_reason": "rotation"}
    checked = send(manager, where, manager.get(where), three, **typed)
    first = send(manager, where, checked, three, _apply="1", **typed)
    versions = Assignment.history.count()
    second = manager.post(where, {"rows": [row.pk for row in three], "_apply": "1", **typed, **hidden(checked)})
    assert (first.status_code, second.status_code, second["Location"]) == (302, 302, first["Location"])
    assert Assignment.history.count() == versions
    assert "sent twice" in words(manager.get(second["Location"]))


def test_each_officer_keeps_their_own_fte_in_a_transfer(manager: Client, three: list[Assignment]) -> None:
    fae = JFO.objects.get(code="FAE")
    assert apply(manager, "transfer", three, jfo=str(fae.pk), start="2011-05-01").status_code == 302
    assert ends(three) == [date(2011, 4, 30)] * 3
    new = Assignment.objects.filter(jfo=fae, officer__in=[row.officer_id for row in three]).order_by("officer")
    assert [(row.start, row.fte) for row in new] == [(date(2011, 5, 1), row.fte) for row in three]


def test_the_check_page_of_a_transfer_names_the_new_assignments(manager: Client, three: list[Assignment]) -> None:
    where = address("transfer", three)
    fae = JFO.objects.get(code="FAE")
    said = words(send(manager, where, manager.get(where), three, jfo=str(fae.pk), start="2011-05-01"))
    assert "New: 0.50 FTE on FAE, since 2011-05-01, without a last day" in said
    assert "SPVM-JFO 2011-05-01 3.50 1.00" in said


def test_each_keeps_its_own_review_unless_another_is_given(manager: Client) -> None:
    late, early = (rows.assignment(rows.officer(), "SPVM-JFO", date(2010, 1, 1)) for _number in range(2))
    for row, review_on in ((late, date(2012, 9, 30)), (early, date(2011, 9, 30))):
        row.review_on = review_on
        row.save_as(None)
    apply(manager, "extend", [late, early], end="2011-12-31")
    late.refresh_from_db()
    early.refresh_from_db()
    # A review after the last day has nothing left to look at.
    assert [(row.end, row.review_on) for row in (late, early)] == [
        (date(2011, 12, 31), None),
        (date(2011, 12, 31), date(2011, 9, 30)),
    ]


def test_it_leads_back_to_the_list_as_it_was(manager: Client, three: list[Assignment]) -> None:
    where = address("extend", three, back="jfo%3D7%26state%3Dending")
    page = send(manager, where, manager.get(where), three, end="2011-12-31")
    response = send(manager, where, page, three, _apply="1", end="2011-12-31")
    assert response.url == "/en/assignments/?jfo=7&state=ending"


# What stands in the way


def test_every_rule_that_would_be_broken_is_named_beside_its_row(manager: Client, three: list[Assignment]) -> None:
    rows.assignment(three[0].officer, "FAE", date(2011, 7, 1))
    rows.assignment(three[1].officer, "SPVM-JFO", date(2011, 9, 1), fte=HALF)
    where = address("extend", three)
    page = send(manager, where, manager.get(where), three, end="2011-12-31")
    said = words(page)
    assert "rules stand in the way of 2 assignments" in said
    assert "On 2011-07-01 the officer would reach 2.00 FTE" in said
    assert "already has an assignment to this JFO on some of these days" in said
    assert "_apply" not in body(page)
    # And what is refused is not written by who asks for it all the same.
    assert send(manager, where, page, three, _apply="1", end="2011-12-31").status_code == 200
    assert ends(three) == [date(2011, 6, 30)] * 3


def test_a_row_that_is_in_the_way_can_be_unticked(manager: Client, three: list[Assignment]) -> None:
    rows.assignment(three[0].officer, "FAE", date(2011, 7, 1))
    where = address("extend", three)
    refused = send(manager, where, manager.get(where), three, end="2011-12-31")
    checked = send(manager, where, refused, three[1:], end="2011-12-31")
    said = words(checked)
    assert "Apply all 2 changes" in said
    assert "Stays as it is" in said
    assert send(manager, where, checked, three[1:], _apply="1", end="2011-12-31").status_code == 302
    assert ends(three) == [date(2011, 6, 30), date(2011, 12, 31), date(2011, 12, 31)]


def test_a_form_changed_after_the_check_is_checked_again(manager: Client, three: list[Assignment]) -> None:
    where = address("extend", three)
    checked = send(manager, where, manager.get(where), three, end="2011-12-31")
    page = send(manager, where, checked, three, _apply="1", end="2012-12-31")
    assert "not the one that was checked" in words(page)
    assert ends(three) == [date(2011, 6, 30)] * 3
    assert send(manager, where, page, three, _apply="1", end="2012-12-31").status_code == 302


def test_unticking_a_row_and_applying_checks_again(manager: Client, three: list[Assignment]) -> None:
    where = address("extend", three)
    checked = send(manager, where, manager.get(where), three, end="2011-12-31")
    page = send(manager, where, checked, three[:2], _apply="1", end="2011-12-31")
    assert "not the one that was checked" in words(page)
    assert ends(three) == [date(2011, 6, 30)] * 3


def test_what_somebody_changed_between_check_and_apply_is_shown(
    manager: Client, three: list[Assignment], gta_manager: User
) -> None:
    where = address("extend", three)
    checked = send(manager, where, manager.get(where), three, end="2011-12-31")
    actions.end_assignment(three[0], by=gta_manager, end=date(2011, 4, 30), end_reason=EndReason.ROTATION)
    page = send(manager, where, checked, three, _apply="1", end="2011-12-31", reason="as agreed")
    assert page.status_code == 409
    said = words(page)
    assert f"gta.manager changed {three[0]} on" in said
    assert "Last day: 2011-06-30 → 2011-04-30" in said
    assert "Last day: 2011-04-30 → 2011-12-31" in said
    assert "as agreed" in body(page)
    assert ends(three) == [date(2011, 4, 30), date(2011, 6, 30), date(2011, 6, 30)]
    assert send(manager, where, page, three, _apply="1", end="2011-12-31").status_code == 302
    assert ends(three) == [date(2011, 12, 31)] * 3


def test_a_row_that_is_gone_at_the_end_is_named_and_nothing_is_saved(manager: Client, three: list[Assignment]) -> None:
    where = address("extend", three)
    checked = send(manager, where, manager.get(where), three, end="2011-12-31")
    gone = three[0].pk
    three[0].delete()
    page = send(manager, where, checked, [Assignment(pk=gone), *three[1:]], _apply="1", end="2011-12-31")
    assert page.status_code == 200
    assert f"not any more, in your regions: {gone}." in words(page)
    assert ends(three[1:]) == [date(2011, 6, 30)] * 2


def test_passing_the_agreed_fte_is_said_and_not_refused(manager: Client, three: list[Assignment]) -> None:
    spvm = JFO.objects.get(code="SPVM-JFO")
    Establishment.objects.filter(jfo=spvm).delete()
    Establishment(jfo=spvm, fte=Decimal("2.00"), start=date(2010, 4, 1)).save_as(None)
    where = address("extend", three)
    checked = send(manager, where, manager.get(where), three, end="2011-12-31")
    warning = "On 2011-07-01, 3.50 FTE on SPVM-JFO is more than the agreed 2.00."
    assert warning in words(checked)
    response = send(manager, where, checked, three, _apply="1", end="2011-12-31")
    assert warning in words(manager.get(response.url))


def test_an_earlier_fiscal_year_that_is_reached_back_into_is_said(manager: Client) -> None:
    row = rows.assignment(rows.officer(), "SPVM-JFO", date(2009, 1, 1))
    where = address("end", [row])
    said = words(send(manager, where, manager.get(where), [row], end="2010-01-31", end_reason="other"))
    assert "reaches back into the fiscal year 2009-2010" in said
    assert "Apply the change" in said


def test_the_fte_of_another_regions_jfo_is_not_told(manager: Client, three: list[Assignment]) -> None:
    foreign = JFO.objects.filter(region__code="GTA").first()
    assert foreign is not None
    Establishment.objects.filter(jfo=foreign).delete()
    Establishment(jfo=foreign, fte=Decimal("0.50"), start=date(2010, 4, 1)).save_as(None)
    where = address("transfer", three)
    page = send(manager, where, manager.get(where), three, jfo=str(foreign.pk), start="2011-05-01")
    said = words(page)
    assert f"{foreign.code} – restricted restricted restricted" in said
    assert "more than the agreed" not in said
    response = send(manager, where, page, three, _apply="1", jfo=str(foreign.pk), start="2011-05-01")
    assert f"{foreign.code} goes from" not in words(manager.get(response.url))


# What the address may name


def test_rows_of_other_regions_and_ended_ones_are_named_and_left_out(manager: Client, three: list[Assignment]) -> None:
    foreign = Assignment.objects.filter(officer__region__code="GTA").first()
    ended = rows.assignment(rows.officer(), "SPVM-JFO", date(2008, 1, 1), date(2009, 12, 31))
    assert foreign is not None
    where = address("extend", [*three, foreign, ended, "abc", "9" * 30, three[0].pk, "999999999"])
    page = manager.get(where)
    said = words(page)
    assert page.status_code == 200
    assert f"in your regions: {foreign.pk}, abc, {'9' * 20}, 999999999." in said
    assert f"{ended} is left out: it ended on 2009-12-31, in an earlier fiscal year." in said
    assert foreign.officer.number not in said
    assert "3 selected assignments" in said
    both = [*three, foreign, ended]
    send(manager, where, send(manager, where, page, both, end="2011-12-31"), both, _apply="1", end="2011-12-31")
    assert ends([*three, ended]) == [*[date(2011, 12, 31)] * 3, date(2009, 12, 31)]
    assert Assignment.objects.get(pk=foreign.pk).end == foreign.end


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("query", ["", "do=extend", "do=extend&rows=", "do=%00&rows=%00", "do=merge&rows=x"])
def test_an_address_that_names_nothing_says_so(manager: Client, query: str, language: str) -> None:
    where = f"/{language}/assignments/batch/?{query}"
    for response in (manager.get(where), manager.post(where)):
        assert response.status_code == 200
        assert f'href="/{language}/assignments/"' in body(response).split("<main")[1]
        assert "page-form" not in body(response).split("<main")[1]


def test_rows_without_an_action_are_offered_all_three(manager: Client, three: list[Assignment]) -> None:
    page = body(manager.get(address("", three)))
    for do in ("extend", "end", "transfer"):
        assert f"?do={do}&amp;rows=" in page


def test_too_many_rows_are_refused_with_their_number(manager: Client) -> None:
    page = manager.get(address("end", range(1, 501)))
    assert page.status_code == 200
    assert "500 assignments were selected, and at most 100" in words(page)


def test_no_ticked_row_is_said(manager: Client, three: list[Assignment]) -> None:
    where = address("end", three)
    page = send(manager, where, manager.get(where), [], end="2011-05-31", end_reason="other")
    assert "Tick at least one assignment" in words(page)
    assert ends(three) == [date(2011, 6, 30)] * 3


def test_a_hundred_rows_cost_as_many_queries_to_show_as_three(manager: Client, three: list[Assignment]) -> None:
    many = [*three, *(rows.assignment(rows.officer(), "SPVM-JFO", date(2010, 1, 1)) for _number in range(97))]

    def queries(selected: list[Assignment]) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert manager.get(address("transfer", selected)).status_code == 200
        return len(captured)

    queries(three)
    assert queries(three) == queries(many) <= 15


@pytest.mark.parametrize("typed", [{"end": "31/12/2011"}, {"end": "2011-01-32"}, {"end": "2011-02-01"}])
def test_what_is_wrong_with_the_form_is_said_and_the_ticks_stay(
    manager: Client, three: list[Assignment], typed: dict[str, str]
) -> None:
    where = address("extend", three)
    page = body(send(manager, where, manager.get(where), three[:1], **typed))
    assert page.count(" checked>") == 1
    assert f'value="{typed["end"]}"' in page


def test_the_page_speaks_french(manager: Client, three: list[Assignment]) -> None:
    where = address("extend", three).replace("/en/", "/fr/")
    said = words(send(manager, where, manager.get(where), three, end="2011-12-31"))
    assert "Appliquer les 3 modifications" in said
    assert "SPVM-JFO 2011-07-01 1,00 3,50" in said


# Two at once


@pytest.mark.django_db(transaction=True)
def test_of_two_batches_at_once_the_loser_is_told_what_changed(client_of: SignIn) -> None:
    user = User.objects.get(username="que.manager")
    selected = [rows.assignment(rows.officer(), "SPVM-JFO", date(2010, 1, 1), date(2011, 6, 30)) for _n in range(8)]
    clients = [client_of(user), client_of(user)]
    jobs = []
    for client, order, end in zip(clients, (selected, selected[::-1]), ("2011-12-31", "2012-12-31"), strict=True):
        where = address("extend", order)
        checked = send(client, where, client.get(where), order, end=end)
        data = {"rows": [row.pk for row in order], "end": end, "_apply": "1", **hidden(checked)}
        jobs.append(partial(client.post, where, data))
    answers = at_once(*jobs)
    assert sorted(answer.status_code for answer in answers) == [302, 409]
    assert "Nothing is saved yet. This changed meanwhile" in words(next(a for a in answers if a.status_code == 409))
    assert len(set(ends(selected))) == 1
