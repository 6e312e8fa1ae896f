"""Two days compared: what the database classifies is what a walk over the rows finds, and what each reader is told."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from registry import actions
from registry.measures.comparison import Movement, Moves, Places, in_words, moved, moves
from registry.models import JFO, Agency, Assignment, Contact, Establishment, Level, Officer, Participation, User
from tests import rows
from tests.pages import words

pytestmark = pytest.mark.django_db

BEFORE, AFTER = date(2010, 3, 31), date(2011, 3, 31)
HALF = Decimal("0.50")
SignIn = Callable[[User], Client]


def jfos() -> list[JFO]:
    return list(JFO.objects.all())


def of(*officers: Officer) -> Any:
    return Assignment.objects.filter(officer__in=officers)


def compared(*officers: Officer, before: date = BEFORE, after: date = AFTER) -> tuple[Moves, list[tuple[str, str]]]:
    """Return the sums, and of each row that moved the movement and what changed, in words."""
    found = in_words(list(moved(of(*officers), jfos(), before, after).with_names()), before, after)
    sums = moves(of(*officers), jfos(), before, after)
    return sums, [(str(move.movement.label), "; ".join(map(str, move.changes))) for move in found]


# What becomes of a place


def test_one_who_came_and_one_who_went() -> None:
    came, went, between = rows.officer(number="T-A"), rows.officer(number="T-B"), rows.officer(number="T-C")
    rows.assignment(came, "FAE", date(2010, 4, 1), fte=HALF)
    rows.assignment(went, "FAE", date(2009, 4, 1), date(2011, 3, 30))
    rows.assignment(between, "FAE", date(2010, 4, 1), date(2011, 3, 30))
    sums, said = compared(came, went, between)
    assert (sums.arrived, sums.left, sums.changed) == (Places(1, HALF), Places(1, Decimal(1)), 0)
    assert said == [("Arrived", ""), ("Left", "")]


def test_a_change_of_fte_is_a_change_and_not_a_departure() -> None:
    officer = rows.officer()
    row = rows.assignment(officer, "FAE", date(2009, 4, 1))
    actions.change_fte(row, by=None, fte=HALF, start=date(2010, 10, 1))
    sums, said = compared(officer)
    assert (sums.arrived, sums.left, sums.changed, sums.changed_fte) == (Places(), Places(), 1, -HALF)
    assert said == [("Changed", "FTE: 1.00 → 0.50; First day: 2009-04-01 → 2010-10-01; Last day: 2010-09-30 → –")]


def test_a_move_to_another_jfo_is_a_departure_and_an_arrival() -> None:
    officer = rows.officer()
    rows.assignment(officer, "FAE", date(2009, 4, 1), date(2010, 9, 30))
    rows.assignment(officer, "SPVM-JFO", date(2010, 10, 1))
    sums, said = compared(officer)
    assert (sums.arrived.count, sums.left.count) == (1, 1)
    assert [movement for movement, _changes in said] == ["Left", "Arrived"]  # by the code of the JFO


def test_a_promotion_changes_a_place_whose_row_is_the_same() -> None:
    officer = rows.officer()
    rows.assignment(officer, "FAE", date(2009, 4, 1))
    rows.level(officer, Level.FB_03, date(2009, 4, 1), date(2010, 6, 30))
    rows.level(officer, Level.FB_04, date(2010, 7, 1))
    sums, said = compared(officer)
    assert (sums.changed, sums.changed_fte, sums.before) == (1, Decimal(0), Places(1, Decimal(1)))
    assert sums.after == sums.before
    assert said == [("Changed", "Level: FB-03 → FB-04")]


def test_a_level_that_goes_on_in_another_row_is_no_change() -> None:
    officer = rows.officer()
    rows.assignment(officer, "FAE", date(2009, 4, 1))
    rows.level(officer, Level.FB_03, date(2009, 4, 1), date(2010, 6, 30))
    rows.level(officer, Level.FB_03, date(2010, 7, 1))
    sums, said = compared(officer)
    assert (sums.changed, said) == (0, [])


def written_on(officer: Officer, day: date) -> None:
    """Have the latest version of the officer's row be one of the day."""
    version = officer.history.latest("history_date")
    version.history_date = timezone.make_aware(datetime.combine(day, time(12)))
    version.save()


def test_the_function_is_compared_as_it_was_on_record_and_the_region_by_its_dates() -> None:
    officer = rows.officer("GTA")
    rows.assignment(officer, "FAE", date(2009, 4, 1))
    written_on(officer, date(2009, 4, 1))
    officer.function = "IA"
    officer.region, officer.moved_on = JFO.objects.get(code="FAE").region, date(2010, 6, 1)
    officer.save_as(None)
    written_on(officer, date(2010, 7, 1))
    assert compared(officer)[1] == [
        ("Changed", "Function: Intelligence Officer (IO) → Intelligence Analyst (IA); Region: GTA → QUE")
    ]
    assert compared(officer, before=date(2010, 7, 1))[1] == []


def test_what_was_not_on_record_on_the_earlier_day_has_not_changed() -> None:
    officer = rows.officer()
    rows.assignment(officer, "FAE", date(2009, 4, 1))
    written_on(officer, date(2010, 7, 1))
    officer.function = "IA"
    officer.save_as(None)
    written_on(officer, date(2010, 8, 1))
    assert compared(officer)[1] == []


# Against a walk over the rows

places = st.lists(
    st.tuples(st.sampled_from(["FAE", "SPVM-JFO"]), st.integers(0, 20), st.integers(1, 30), st.integers(1, 50)),
    max_size=5,
)


@hypothesis_settings(max_examples=60, deadline=None)
@given(st.lists(places, min_size=1, max_size=3), st.integers(0, 40), st.integers(0, 40))
def test_the_sums_are_what_comparing_officer_by_officer_gives(
    plans: list[list[tuple[str, int, int, int]]], one: int, other: int
) -> None:
    origin = date(2009, 1, 1)
    before, after = sorted((origin + timedelta(days=one * 2), origin + timedelta(days=other * 2)))
    officers = []
    for plan in plans:
        officer, starts = rows.officer(), {"FAE": origin, "SPVM-JFO": origin}
        for jfo, gap, length, fte in plan:
            start = starts[jfo] + timedelta(days=gap)
            rows.assignment(officer, jfo, start, start + timedelta(days=length - 1), Decimal(fte) / 100)
            starts[jfo] = start + timedelta(days=length)
        officers.append(officer)

    def held(day: date) -> dict[tuple[int, int], Assignment]:
        return {(row.officer_id, row.jfo_id): row for row in of(*officers) if row.holds_on(day)}

    was, now = held(before), held(after)
    found = in_words(list(moved(of(*officers), jfos(), before, after).with_names()), before, after)
    by_place = {(move.row.officer_id, move.row.jfo_id): move for move in found}
    assert {key for key, move in by_place.items() if move.movement == Movement.ARRIVED} == now.keys() - was.keys()
    assert {key for key, move in by_place.items() if move.movement == Movement.LEFT} == was.keys() - now.keys()
    changed = {key for key in was.keys() & now.keys() if was[key] != now[key]}
    assert {key for key, move in by_place.items() if move.movement == Movement.CHANGED} == changed
    assert {key: move.fte_change for key, move in by_place.items()} == {
        key: (now[key].fte if key in now else 0) - (was[key].fte if key in was else 0) for key in by_place
    }

    sums = moves(of(*officers), jfos(), before, after)
    assert sums.before == Places(len(was), sum((row.fte for row in was.values()), Decimal(0)))
    assert sums.after == Places(len(now), sum((row.fte for row in now.values()), Decimal(0)))
    assert sums.after.count - sums.before.count == sums.arrived.count - sums.left.count
    assert sums.after.fte - sums.before.fte == sum((move.fte_change for move in found), Decimal(0))
    assert sums.after.fte - sums.before.fte == sums.arrived.fte - sums.left.fte + sums.changed_fte
    for movement in Movement:
        assert sums.count(movement) == sum(move.movement == movement for move in found)
        narrowed = moved(of(*officers), jfos(), before, after, movement)
        assert narrowed.count() == sums.count(movement)


# The pages


def test_a_jfo_says_what_came_and_went_of_everything(client_of: SignIn, que_manager: User) -> None:
    jfo = JFO.objects.get(code="FAE")
    agency = Agency.objects.exclude(participations__jfo=jfo).first()
    Participation(jfo=jfo, agency=agency, start=date(2010, 5, 1)).save_as(None)
    Contact(jfo=jfo, function="intelligence", name="Ana Essai", start=date(2010, 5, 1)).save_as(None)
    Establishment.objects.filter(jfo=jfo).delete()
    Establishment(jfo=jfo, fte=Decimal("1.00"), start=date(2009, 4, 1), end=date(2010, 9, 30)).save_as(None)
    Establishment(jfo=jfo, fte=Decimal("2.50"), start=date(2010, 10, 1)).save_as(None)
    rows.assignment(rows.officer(number="T-COMES"), "FAE", date(2010, 6, 1), fte=HALF)
    said = words(client_of(que_manager).get("/en/jfos/FAE/compare/", {"from": "2010-03-31", "to": "2011-03-31"}))
    assert "T-COMES Essai, Ana Arrived 2010-06-01 – 0.50 +0.50" in said
    assert f"{agency.short} Came" in said  # type: ignore[union-attr]
    assert "Ana Essai (Intelligence) Came" in said
    assert "1.00 FTE before, +1.50, 2.50 FTE after" in said


def test_an_arrangement_that_expired_went(client_of: SignIn, nhq_reviewer: User) -> None:
    from wca.models import Coverage

    row = Coverage.objects.filter(jfo__code="IBET-QUE-1").select_related("arrangement")[0]
    row.arrangement.expiry = date(2010, 12, 31)
    row.arrangement.save_as(None)
    said = words(client_of(nhq_reviewer).get("/en/jfos/IBET-QUE-1/compare/"))
    assert "Arrangements in force 1 before, 0 came, 1 went, 0 after" in said
    assert f"{row.arrangement.reference}, {row.arrangement.title_en} Went" in said


def test_the_days_are_today_and_a_year_before_unless_asked_for(client_of: SignIn, que_manager: User) -> None:
    client = client_of(que_manager)
    response = client.get("/en/jfos/FAE/compare/")
    assert (response.context["before"], response.context["after"]) == (BEFORE, AFTER)
    response = client.get("/en/regions/QUE/compare/", {"to": "2008-02-29"})
    assert (response.context["before"], response.context["after"]) == (date(2007, 2, 28), date(2008, 2, 29))
    response = client.get("/en/jfos/FAE/compare/", {"as_of": "2009-06-30"})
    assert (response.context["before"], response.context["after"]) == (date(2008, 6, 30), date(2009, 6, 30))


@pytest.mark.parametrize("address", ["/en/jfos/FAE/compare/", "/en/regions/QUE/compare/"])
@pytest.mark.parametrize(
    ("days", "sentence"),
    [
        ({"from": "31/03/2010"}, "“31/03/2010” is not a date"),
        ({"to": "2011-02-30"}, "“2011-02-30” is not a date"),
        ({"to": "9999-12-31"}, "“9999-12-31” is not a date"),
        ({"from": "2011-03-31\0"}, "is not a date"),
        ({"from": "2011-01-01", "to": "2010-01-01"}, "Give the earlier one first"),
    ],
)
def test_days_that_cannot_be_compared_say_why(
    client_of: SignIn, que_manager: User, address: str, days: dict[str, str], sentence: str
) -> None:
    response = client_of(que_manager).get(address, days)
    assert response.status_code == 400
    assert sentence in words(response)
    assert "CBSA officers" not in words(response)


def test_days_before_the_data_say_so(client_of: SignIn, que_manager: User) -> None:
    client = client_of(que_manager)
    days = {"from": "1950-01-01", "to": "1951-01-01"}
    assert "The JFO starts on" in words(client.get("/en/jfos/FAE/compare/", days))
    assert "Its first began on" in words(client.get("/en/regions/QUE/compare/", days))
    said = words(client.get("/en/jfos/FAE/compare/", days | {"to": "2011-03-31"}))
    assert "On 1950-01-01 there was no such JFO yet" in said


def test_an_unknown_jfo_or_region_is_not_found(client_of: SignIn, que_manager: User) -> None:
    client = client_of(que_manager)
    for address in ("/en/jfos/NO/compare/", "/en/regions/NO/compare/", "/en/jfos/NO/compare/?from=x"):
        assert client.get(address).status_code == 404


def test_all_rows_can_be_paged_through(client_of: SignIn, nhq_reviewer: User) -> None:
    for number in range(60):
        rows.assignment(rows.officer(number=f"T-P{number:02}"), "FAE", date(2010, 6, 1), fte=HALF)
    client, seen = client_of(nhq_reviewer), []
    for page in range(1, 4):
        response = client.get("/en/jfos/FAE/compare/", {"page": str(page), "movement": "arrived"})
        assert len(response.context["rows"]) == 20
        seen += [row[0].text for row in response.context["rows"]]
    assert [number for number in seen if number.startswith("T-P")] == [f"T-P{number:02}" for number in range(60)]


# What a manager is told


def test_a_manager_is_told_nothing_of_another_regions_officers(client_of: SignIn, que_manager: User) -> None:
    stranger = rows.officer("GTA", number="T-STRANGER")
    rows.assignment(stranger, "GTADS", date(2010, 6, 1))
    client = client_of(que_manager)
    for address in ("/en/jfos/GTADS/compare/", "/en/regions/GTA/compare/"):
        response = client.get(address)
        assert "T-STRANGER" not in words(response)
        assert "you are not told how many there are" in words(response)
        assert response.context["sums"] == []


def test_a_manager_is_told_how_many_strangers_own_jfos_have(client_of: SignIn, que_manager: User) -> None:
    rows.assignment(rows.officer("GTA", number="T-STRANGER"), "FAE", date(2010, 6, 1), fte=HALF)
    for address in ("/en/jfos/FAE/compare/", "/en/regions/QUE/compare/"):
        response = client_of(que_manager).get(address)
        assert "T-STRANGER" not in words(response)
        assert "Officers of another region are counted, but not shown to you." in words(response)
        everybody = words(client_of(User.objects.get(username="nhq.reviewer")).get(address))
        assert "T-STRANGER" in everybody
        arrived = [cell.text for cell in response.context["sums"][1]]
        assert " ".join(arrived) in everybody


def test_of_another_region_a_manager_is_told_no_sum_however_many_stand_behind_it(
    client_of: SignIn, gta_manager: User
) -> None:
    """From day to day, sums of many differ by one."""
    for number in range(12):
        rows.assignment(rows.officer(number=f"T-MANY{number:02}"), "FAE", date(2010, 6, 1))
    response = client_of(gta_manager).get("/en/regions/QUE/compare/")
    assert response.context["sums"] == []
    assert "you are not told how many there are" in words(response)


@pytest.mark.parametrize("address", ["/en/jfos/FAE/compare/", "/en/regions/QUE/compare/"])
def test_a_comparison_costs_the_same_queries_whatever_the_rows(
    client_of: SignIn, que_manager: User, address: str, django_assert_max_num_queries: Callable
) -> None:
    client = client_of(que_manager)
    for number in range(30):
        row = rows.assignment(rows.officer(number=f"T-Q{number:02}"), "FAE", date(2009, 4, 1), fte=HALF)
        actions.change_fte(row, by=None, fte=Decimal("0.30"), start=date(2010, 10, 1))
    client.get(address)
    with django_assert_max_num_queries(15):
        assert len(client.get(address).context["rows"]) == 20


def test_a_comparison_speaks_french(client_of: SignIn, que_manager: User) -> None:
    assert client_of(que_manager).get("/fr/jfos/FAE/compare/").status_code == 200
