"""The home page: its figures, what needs the reader, and the lists behind them."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from performance.models import ImsFile
from registry import actions, needs
from registry.models import (
    JFO,
    Assignment,
    EndReason,
    Establishment,
    Meeting,
    Officer,
    ParticipationReview,
    Region,
    Role,
    Snooze,
    User,
)
from tests import rows
from tests.pages import body, csv_rows, words
from wca.models import Arrangement, Coverage

pytestmark = pytest.mark.django_db

TODAY = date(2011, 3, 31)
SignIn = Callable[[User], Client]
ROLES = ["que.manager", "gta.manager", "atl.manager", "nhq.reviewer", "admin", "auditor", "two.regions"]


@pytest.fixture
def two_regions(db: None) -> User:
    """A manager who answers for QUE and GTA."""
    user = User.objects.create_user("two.regions", role=Role.REGIONAL_MANAGER)
    user.regions.set(Region.objects.filter(code__in=["QUE", "GTA"]))
    return user


@pytest.fixture
def needy(two_regions: User) -> None:
    """A row for every need that the demonstration leaves without one in QUE."""
    fae = JFO.objects.get(code="FAE")
    Establishment.objects.filter(jfo=fae).delete()
    Establishment(jfo=fae, fte=Decimal("30.00"), start=date(2009, 4, 1)).save_as(None)
    row = rows.assignment(rows.officer(), "FAE", date(2010, 1, 1), fte=Decimal("0.50"))
    row.review_on = date(2011, 4, 15)
    row.save_as(None)
    covering = Coverage.objects.filter(jfo__region__code="QUE", arrangement__expiry=None).first()
    if covering is not None:
        Arrangement.objects.filter(pk=covering.arrangement_id).update(expiry=date(2011, 6, 15))
    Meeting.objects.filter(jfo=fae).delete()
    ParticipationReview.objects.filter(jfo=fae).delete()


def groups(client: Client) -> dict[str, Any]:
    """Return the groups of the home page by name."""
    return {group.need: group for group in client.get("/en/").context["groups"]}


def listed(client: Client, address: str) -> int:
    """Return how many rows the list at the address holds: those of its file, and what its caption says."""
    file = csv_rows(client.get(f"{address}&format=csv"))
    said = words(client.get(address))
    counts = re.search(r"\b(\d+) (assignment|arrangement|JFO|officer)s?\b", said)
    if counts is not None:
        assert int(counts[1]) == len(file), address
    return len(file)


# The figures


def test_a_managers_figures_open_lists_of_as_many(client_of: SignIn, que_manager: User) -> None:
    """“8 active JFOs” opened the 52 of every region, and “8 officers” a list of nine assignments."""
    client = client_of(que_manager)
    jfos, officers, _fte, covered, *_others = client.get("/en/").context["figures"]
    assert (jfos.value, jfos.href) == ("8", "/en/jfos/?region=QUE")
    assert "8 JFOs" in words(client.get(jfos.href))
    assert officers.value == "8"
    assert "8 officers" in words(client.get(officers.href))
    assert covered.value == "4 of 8"
    assert "4 of 8 JFOs are covered" in words(client.get(covered.href))


def test_the_figures_of_a_manager_of_two_regions_open_lists_of_as_many(client_of: SignIn, two_regions: User) -> None:
    """A list takes one region, and theirs opened the JFOs of every region."""
    client = client_of(two_regions)
    jfos, officers, _fte, covered, *_others = client.get("/en/").context["figures"]
    assert f"{jfos.value} JFOs" in words(client.get(jfos.href))
    assert jfos.value != "52"
    assert f"{officers.value} officers" in words(client.get(officers.href))
    assert f"{covered.value} JFOs are covered" in words(client.get(covered.href))


# A group's count is that of the list it opens


@pytest.mark.parametrize("username", ROLES)
@pytest.mark.usefixtures("needy")
def test_a_groups_count_is_that_of_its_list(client_of: SignIn, username: str) -> None:
    client = client_of(User.objects.get(username=username))
    found = groups(client)
    assert found
    for group in found.values():
        assert group.count == listed(client, group.href), group.title
        assert len(group.lines) == min(group.count, needs.SHOWN)


@pytest.mark.parametrize("username", ["que.manager", "gta.manager", "nhq.reviewer", "two.regions"])
@pytest.mark.usefixtures("needy")
def test_what_is_put_off_is_left_out_of_the_count_and_of_the_list(client_of: SignIn, username: str) -> None:
    user = User.objects.get(username=username)
    client = client_of(user)
    before = groups(client)
    for name, group in before.items():
        until = TODAY + timedelta(days=1)
        Snooze(user=user, need=name, row_id=group.lines[0].row_id, until=until, reason="It can wait.").save_as(user)
        if group.count > 2:
            # One that came back already, and one of somebody else's, count for nothing.
            Snooze(user=user, need=name, row_id=group.lines[1].row_id, until=TODAY, reason="x").save_as(user)
            other = User.objects.get(username="auditor")
            Snooze(user=other, need=name, row_id=group.lines[2].row_id, until=until, reason="x").save_as(other)
    after = groups(client)
    for name, group in before.items():
        assert (after[name].count, after[name].put_off) == (group.count - 1, 1)
        assert listed(client, after[name].href) == group.count - 1
    shown = {group.need: group for group in client.get("/en/?snoozed=yes").context["groups"]}
    assert {name: group.count for name, group in shown.items()} == dict.fromkeys(before, 1)
    for group in shown.values():
        assert "It can wait." in group.lines[0].note
        assert listed(client, group.href) == 1


@pytest.mark.usefixtures("needy")
def test_every_need_of_a_manager_is_on_the_page(client_of: SignIn, que_manager: User) -> None:
    wanted = {need.name for need in needs.needs_for(que_manager)}
    assert {"ending", "unreviewed", "review-date", "uncovered", "lapsing", "no-ims"} <= wanted
    assert {"review-due", "jmt", "vacancies"} <= wanted
    assert set(groups(client_of(que_manager))) == wanted


@pytest.mark.parametrize("username", ["admin", "auditor"])
def test_who_only_looks_on_is_offered_no_act(client_of: SignIn, username: str) -> None:
    said = body(client_of(User.objects.get(username=username)).get("/en/"))
    assert "Past the policy period" in said
    assert "Put off" not in said
    assert "/extend/" not in said


def test_a_reviewer_at_nhq_is_offered_what_a_reviewer_does(client_of: SignIn, nhq_reviewer: User) -> None:
    found = groups(client_of(nhq_reviewer))
    assert "arrangements-ending" in found
    assert "no-ims" not in found
    assert not found["ending"].lines[0].acts
    assert found["uncovered"].lines[0].acts[0].label == "Open the gap report"


def test_only_the_first_lines_are_shown(client_of: SignIn, que_manager: User) -> None:
    for _number in range(12):
        rows.assignment(rows.officer(), "FAE", date(2010, 1, 1), date(2011, 5, 1))
    group = groups(client_of(que_manager))["ending"]
    assert group.count >= 12
    assert len(group.lines) == needs.SHOWN


def test_an_assignment_that_goes_on_with_other_fte_is_not_said_to_end(client_of: SignIn, que_manager: User) -> None:
    row = rows.assignment(rows.officer(), "FAE", date(2010, 1, 1))
    actions.change_fte(row, by=que_manager, fte=Decimal("0.50"), start=date(2011, 4, 15))
    row.refresh_from_db()
    assert row.end == date(2011, 4, 14)
    manager = client_of(que_manager)
    assert row.pk not in {line.row_id for line in groups(manager)["ending"].lines}
    [listed_row] = csv_rows(manager.get(f"/en/assignments/?q={row.officer.number}&format=csv"))
    assert listed_row["To look at"] == ""


def test_the_page_asks_a_constant_number_of_queries(
    client_of: SignIn, que_manager: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """Nineteen, more than a page may, since it looks at everything at once; however many rows there are.

    Session, user and regions (3); the newest IMS file (1, kept for a minute); every need with its counts and
    first lines (1); what those lines say of assignments, JFOs and officers (3) and of officers' courses (4); figures of
    JFOs, officers and coverage (3); the reader's saved views (1); what others changed (3).
    """
    client = client_of(que_manager)
    session = client.session
    session["previous_sign_in"] = "2011-01-01T00:00:00+00:00"
    session.save()
    client.get("/en/")
    for more in (False, True):
        if more:
            for _number in range(15):
                officer = rows.officer()
                rows.assignment(officer, "FAE", date(2010, 1, 1), date(2011, 5, 1))
                rows.file(officer, date(2010, 5, 1))
        cache.clear()
        with django_assert_num_queries(19):
            client.get("/en/")


# What the needs say


def test_assignments_to_review_are_those_over_or_within_thirty_days(client_of: SignIn, que_manager: User) -> None:
    for review_on in (date(2011, 3, 1), date(2011, 4, 30), date(2011, 5, 1)):
        row = rows.assignment(rows.officer(), "FAE", date(2010, 1, 1))
        row.review_on = review_on
        row.save_as(None)
    lines = [line.when for line in groups(client_of(que_manager))["review-date"].lines]
    assert "overdue, 2011-03-01" in lines
    assert "on 2011-04-30" in lines
    assert "on 2011-05-01" not in lines


@pytest.mark.parametrize(("held_on", "is_quiet"), [(date(2010, 10, 2), False), (date(2010, 10, 1), True), (None, True)])
def test_a_team_is_quiet_after_180_days_or_when_it_never_met(
    client_of: SignIn, que_manager: User, held_on: date | None, is_quiet: bool
) -> None:
    jfo = JFO.objects.get(code="FAE")
    Meeting.objects.filter(jfo=jfo).delete()
    if held_on is not None:
        Meeting(jfo=jfo, held_on=held_on).save_as(None)
    found = client_of(que_manager).get("/en/jfos/?need=jmt&format=csv")
    assert ("FAE" in {row["Code"] for row in csv_rows(found)}) is is_quiet


def test_a_team_of_a_jfo_that_began_lately_has_time(client_of: SignIn, que_manager: User) -> None:
    base = JFO.objects.get(code="FAE")
    JFO(
        code="NEW", name_en="New", name_fr="Neuf", program=base.program, region=base.region, start=date(2011, 1, 1)
    ).save_as(None)
    found = {row["Code"] for row in csv_rows(client_of(que_manager).get("/en/jfos/?need=jmt&format=csv"))}
    assert "NEW" not in found


def test_a_vacancy_is_what_is_agreed_and_not_filled_by_anybody(client_of: SignIn, que_manager: User) -> None:
    jfo = JFO.objects.get(code="FAE")
    Establishment.objects.filter(jfo=jfo).delete()
    serving = Assignment.objects.filter(jfo=jfo).as_of(TODAY).fte()
    row = Establishment(jfo=jfo, fte=serving + Decimal("1.25"), start=date(2009, 4, 1)).save_as(None)
    client = client_of(que_manager)
    line = next(line for line in groups(client)["vacancies"].lines if line.what.startswith("FAE"))
    assert line.when == "1.25 FTE unfilled"
    assert line.acts[0].href == "/en/assignments/new/?jfo=FAE"
    # An officer of another region fills it as well.
    rows.assignment(rows.officer("GTA"), "FAE", date(2011, 1, 1))
    rows.assignment(rows.officer("GTA"), "FAE", date(2011, 1, 1), fte=Decimal("0.25"))
    found = groups(client).get("vacancies")
    assert row.pk
    assert found is None or not [line for line in found.lines if line.what.startswith("FAE")]


def test_an_officer_is_silent_after_sixty_days_on_a_jfo_without_an_entry(client_of: SignIn, que_manager: User) -> None:
    """Counted to the newest IMS file where the data stop before today, and the page says so."""
    last = ImsFile.objects.latest("opened_on").opened_on
    first = last - timedelta(days=59)
    silent, speaking, new = rows.officer(), rows.officer(), rows.officer()
    for officer, start in ((silent, date(2010, 1, 1)), (speaking, date(2010, 1, 1)), (new, first + timedelta(days=1))):
        rows.assignment(officer, "FAE", start)
    rows.file(silent, first - timedelta(days=1))
    rows.file(speaking, first)
    client = client_of(que_manager)
    group = groups(client)["no-ims"]
    numbers = {row["Number"] for row in csv_rows(client.get(f"{group.href}&format=csv"))}
    assert silent.number in numbers
    assert speaking.number not in numbers
    assert new.number not in numbers
    assert group.note == ("" if last == TODAY else f"Counted to {last}, the day of the newest IMS file.")


def test_where_the_ims_data_stop_early_the_page_says_to_which_day_it_counts(
    client_of: SignIn, que_manager: User
) -> None:
    ImsFile.objects.filter(opened_on__gt=date(2010, 12, 31)).delete()
    cache.clear()
    said = words(client_of(que_manager).get("/en/"))
    last = ImsFile.objects.latest("opened_on").opened_on
    assert f"Counted to {last}, the day of the newest IMS file." in said


def test_a_manager_is_told_nothing_of_other_regions(client_of: SignIn, que_manager: User) -> None:
    others = Officer.objects.exclude(region__code="QUE").values_list("number", flat=True)
    said = body(client_of(que_manager).get("/en/"))
    assert not [number for number in others if number in said]
    jfos = JFO.objects.exclude(region__code="QUE").values_list("code", flat=True)
    assert not [code for code in jfos if f"{code}:" in said]


@pytest.mark.parametrize("query", ["need=nothing", "need=ending", "snoozed=yes", "need=jmt&snoozed=maybe", "own=%00"])
def test_no_need_breaks_a_list(client_of: SignIn, que_manager: User, query: str) -> None:
    client = client_of(que_manager)
    for name in ("assignments", "officers", "jfos", "arrangements", "gap-report", "history"):
        assert client.get(f"{reverse(name)}?{query}").status_code == 200
    for day in ("0001-01-01", "9999-12-31", "2004-02-29", "1900-04-01", "2999-03-31"):
        assert client.get(f"/en/jfos/?need=jmt&as_of={day}").status_code == 200
        assert client.get(f"/en/officers/?need=no-ims&as_of={day}").status_code == 200


def test_a_chip_says_what_the_list_was_narrowed_to(client_of: SignIn, que_manager: User) -> None:
    said = words(client_of(que_manager).get("/en/jfos/?need=review-due&snoozed=no"))
    assert "Needs attention: Participation reviews due" in said
    assert "Put off by you: No" in said


# What others changed


def sign_in(username: str) -> Client:
    client = Client()
    client.post("/en/sign-in/", {"username": username, "password": "demonstration"})
    return client


def test_what_others_changed_is_told_since_the_sign_in_before(que_manager: User, gta_manager: User) -> None:
    row = rows.assignment(rows.officer(number="T-QUE-1"), "FAE", date(2010, 1, 1))
    other = rows.assignment(rows.officer("GTA", number="T-GTA-1"), "ITF", date(2010, 1, 1))
    assert sign_in("que.manager").get("/en/").context["since"] is None
    actions.end_assignment(row, by=gta_manager, end=TODAY, end_reason=EndReason.ROTATION)
    actions.end_assignment(other, by=gta_manager, end=TODAY, end_reason=EndReason.ROTATION)
    mine = rows.assignment(rows.officer(number="T-QUE-2"), "FAE", date(2010, 1, 1))
    actions.end_assignment(mine, by=que_manager, end=TODAY, end_reason=EndReason.OTHER)
    client = sign_in("que.manager")
    page = client.get("/en/")
    told = [version for version in page.context["versions"] if version.who == "gta.manager"]
    assert [version.row for version in told] == ["T-QUE-1 Essai, Ana – FAE"]
    assert not [version for version in page.context["versions"] if version.who == "que.manager"]
    said = words(client.get(page.context["changes_href"]))
    assert "T-QUE-1" in said
    assert "T-GTA-1" not in said
    assert "que.manager" not in said.split("Results")[-1]


def test_facts_of_jfos_of_other_regions_are_no_news(que_manager: User, gta_manager: User) -> None:
    sign_in("que.manager")
    Meeting(jfo=JFO.objects.get(code="ITF"), held_on=date(2011, 3, 1)).save_as(gta_manager)
    Meeting(jfo=JFO.objects.get(code="FAE"), held_on=date(2011, 3, 2)).save_as(gta_manager)
    shown = sign_in("que.manager").get("/en/").context["versions"]
    assert [version.row for version in shown if version.who == "gta.manager"] == ["JMT of FAE, 2011-03-02"]


def test_nobody_else_changed_anything(que_manager: User) -> None:
    sign_in("que.manager")
    assert "Nobody else changed anything of yours" in words(sign_in("que.manager").get("/en/"))


# When nothing needs the reader


def put_everything_off(user: User, client: Client) -> None:
    for group in groups(client).values():
        need = needs.need_of(user, group.need)
        assert need is not None
        for pk in need.rows(user, TODAY).values_list("pk", flat=True):
            Snooze(user=user, need=group.need, row_id=pk, until=date(2011, 4, 2), reason="x").save_as(user)


def test_when_nothing_needs_the_reader_the_next_thing_to_come_is_named(client_of: SignIn, que_manager: User) -> None:
    client = client_of(que_manager)
    assert "Nothing needs you today" not in words(client.get("/en/"))
    put_everything_off(que_manager, client)
    page = client.get("/en/")
    assert "Nothing needs you today. Next, on 2011-04-02: a line that you put off comes back" in words(page)
    assert all(group.count == 0 and group.put_off for group in page.context["groups"])
    Snooze.objects.all().delete()
    assert "Nothing needs you today" not in words(client.get("/en/"))


def test_the_next_thing_may_be_an_assignment_that_ends(client_of: SignIn, que_manager: User) -> None:
    client = client_of(que_manager)
    put_everything_off(que_manager, client)
    row = rows.assignment(rows.officer(number="T-NEXT"), "FAE", date(2011, 3, 1))
    row.review_on = date(2011, 5, 10)
    row.save_as(None)
    Snooze.objects.update(until=date(2011, 12, 1))
    coming = client.get("/en/").context["coming"]
    assert coming.day <= date(2011, 5, 10)


def test_a_manager_without_a_region_is_told_so(client_of: SignIn, outsider: User) -> None:
    """“Home: every region”, it said, above nothing at all."""
    said = words(client_of(outsider).get("/en/"))
    assert "every region" not in said
    assert "No region has been given to you yet" in said
    assert "Nothing needs you today." in said


def test_home_is_of_today_whatever_day_the_address_names(client_of: SignIn, que_manager: User) -> None:
    """It offered to change assignments under a banner that nothing can be changed."""
    response = client_of(que_manager).get("/en/", {"as_of": "2004-02-15"})
    assert response.context["day"] == date(2011, 3, 31)
    assert not response.context["is_read_only"]


def test_the_page_speaks_french(client_of: SignIn, que_manager: User) -> None:
    said = words(client_of(que_manager).get("/fr/"))
    assert "Affectations se terminant d’ici 90 jours" in said
