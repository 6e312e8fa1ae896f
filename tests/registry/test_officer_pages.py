"""What the list of officers and an officer's page show, to whom, and at what price."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from registry.measures.service import days_served, service_by_jfo, stretches
from registry.models import JFO, Assignment, Course, Officer, Training, User
from tests import rows
from tests.pages import taken, words

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Client]
BUDGET = 15


@pytest.fixture
def que(client_of: SignIn, que_manager: User) -> Client:
    return client_of(que_manager)


@pytest.fixture
def nhq(client_of: SignIn, nhq_reviewer: User) -> Client:
    return client_of(nhq_reviewer)


def exported(client: Client, query: str = "") -> list[dict[str, object]]:
    response = taken(client.get(f"/en/officers/?format=json&{query}"))
    found: list[dict[str, object]] = json.loads(response.content)
    return found


def numbers(client: Client, query: str = "") -> list[object]:
    return [row["number"] for row in exported(client, query)]


def body(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


# The list


@pytest.mark.parametrize(("language", "short"), [("en", "IA"), ("fr", "AnR")])
def test_the_function_is_short_in_the_readers_language_on_the_page_and_in_files(
    que: Client, language: str, short: str
) -> None:
    analyst = Officer.objects.filter(region__code="QUE", function="IA", end=None).first()
    assert analyst is not None
    found = json.loads(que.get(f"/{language}/officers/?format=json&q={analyst.number}").content)
    assert [row["function"] for row in found] == [short]
    assert f">{short}</" in body(que, f"/{language}/officers/?q={analyst.number}")


def test_a_manager_lists_exports_and_counts_own_regions_officers_alone(que: Client) -> None:
    own = set(Officer.objects.filter(region__code="QUE", end=None).values_list("number", flat=True))
    assert {row["region"] for row in exported(que)} == {"QUE"}
    assert own <= set(numbers(que))
    response = que.get("/en/officers/?per=100")
    assert response.context["page"].paginator.count == len(numbers(que))
    assert f"{len(numbers(que))} officers" in response.content.decode()


def test_no_search_or_filter_finds_an_officer_of_another_region(que: Client) -> None:
    other = Officer.objects.get(number="O-0095")  # of the Greater Toronto Area
    for query in (f"q={other.family_name}", f"q={other.number}"):
        assert numbers(que, query) == []
        assert "Nothing matches." in body(que, f"/en/officers/?{query}")
    # Another region is not even a choice.
    assert 'value="GTA"' not in body(que, "/en/officers/")
    assert "is not one of the available choices" in body(que, "/en/officers/?region=GTA")
    assert que.get("/en/officers/?format=json&region=GTA").status_code == 400


def test_a_search_folds_accents_and_case(nhq: Client) -> None:
    assert "O-0001" in numbers(nhq, "q=GENEVIEVE+gagnon")


@pytest.mark.parametrize(
    ("query", "column", "values"),
    [("function=IA", "function", {"IA"}), ("level=FB-05", "level", {"FB-05"}), ("region=ATL", "region", {"ATL"})],
)
def test_filters_narrow_the_list(nhq: Client, query: str, column: str, values: set[str]) -> None:
    assert {row[column] for row in exported(nhq, query)} == values


def test_the_62_officers_on_a_jfo_can_be_told_from_the_others(nhq: Client) -> None:
    on_jfo = exported(nhq, "on_jfo=yes")
    assert len(on_jfo) == 62
    assert sum(float(str(row["fte"])) for row in on_jfo) == pytest.approx(61.5)
    assert all(row["jfos"] == "" for row in exported(nhq, "on_jfo=no"))


def test_a_row_says_where_the_officer_serves_and_since_when(nhq: Client) -> None:
    (row,) = exported(nhq, "q=O-0001")
    assert (row["jfos"], row["fte"], row["level"]) == ("IBET-QUE-1 (1.00)", 1.0, "FB-04")
    assert row["years"] == pytest.approx(10.0, abs=0.05)


def test_on_a_past_day_the_list_is_of_that_day(nhq: Client) -> None:
    (row,) = exported(nhq, "q=O-0001&as_of=1999-03-31")
    assert (row["jfos"], row["fte"], row["level"], row["years"]) == ("", None, "FB-03", None)


def test_the_list_stays_within_its_budget(
    que: Client, nhq: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for client in (que, nhq):
        with django_assert_max_num_queries(BUDGET):
            client.get("/en/officers/?per=100&q=a&function=IO&level=FB-04&on_jfo=yes&sort=-fte")


# One officer's page


def test_the_page_tells_level_jfos_tenure_and_history(que: Client) -> None:
    html = body(que, "/en/officers/O-0001/")
    assert "FB-04" in html
    assert "10.0 years on IBET-QUE-1, since 2001-04-09" in html
    assert "1.00 FTE in all" in html
    assert "demonstration data" in html


def test_a_manager_acts_from_the_page_of_an_officer(que: Client) -> None:
    html = body(que, "/en/officers/O-0001/")
    assert 'href="/en/assignments/new/?officer=O-0001"' in html
    assert "/transfer/" in html


def test_a_past_day_shows_what_held_then_and_offers_no_change(que: Client) -> None:
    html = body(que, "/en/officers/O-0001/?as_of=1999-03-31")
    assert "This officer has not been assigned to a JFO." in html
    assert "New assignment" not in html
    assert "FB-04" not in html.split("History")[0]


def test_those_who_only_read_are_offered_no_change(nhq: Client, client_of: SignIn, auditor: User) -> None:
    for client in (nhq, client_of(auditor)):
        html = body(client, "/en/officers/O-0001/")
        assert "New assignment" not in html
        assert "/transfer/" not in html


def test_the_page_of_another_regions_officer_is_not_found(
    client_of: SignIn, gta_manager: User, outsider: User, que: Client
) -> None:
    assert client_of(gta_manager).get("/en/officers/O-0001/").status_code == 404
    assert client_of(outsider).get("/en/officers/O-0001/").status_code == 404
    assert que.get("/en/officers/O-0095/").status_code == 404


def test_the_page_stays_within_its_budget(que: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_max_num_queries(BUDGET):
        que.get("/en/officers/O-0055/")


# Time on JFOs, and FTE by day


@st.composite
def spells(draw: st.DrawFn) -> list[Assignment]:
    """Up to five assignments, over one another or apart, to two JFOs, within some hundred days."""
    found = []
    for number in range(draw(st.integers(0, 5))):
        start = draw(st.integers(0, 90))
        length = draw(st.one_of(st.none(), st.integers(1, 40)))
        found.append(
            Assignment(
                pk=number + 1,
                officer_id=1,
                jfo=JFO(pk=number % 2 + 1, code=f"JFO-{number % 2 + 1}"),
                fte=Decimal("0.20"),
                start=at(start),
                end=None if length is None else at(start + length - 1),
            )
        )
    return found


def at(number: int) -> date:
    return date(2010, 1, 1) + timedelta(days=number)


@given(spells(), st.integers(0, 130))
def test_total_time_counts_each_day_on_a_jfo_once(rows: list[Assignment], number: int) -> None:
    day = at(number)
    counted = sum(any(row.holds_on(at(one)) for row in rows) for one in range(number + 1))
    assert days_served(rows, day) == counted
    for one in service_by_jfo(rows, day):
        on_jfo = [row for row in rows if row.jfo == one.jfo]
        assert one.days == sum(any(row.holds_on(at(other)) for row in on_jfo) for other in range(number + 1))
        assert (one.since is not None) == any(row.holds_on(day) for row in on_jfo)


@given(spells(), st.integers(0, 60), st.integers(0, 60))
def test_each_day_stands_in_one_step_with_its_fte(rows: list[Assignment], start: int, length: int) -> None:
    officer = Officer(start=at(start), end=at(start + length))
    steps = stretches(officer, rows, at(0), at(120))
    for number in range(121):
        day = at(number)
        (step,) = [step for step in steps if step.start <= day <= step.end]
        assert step.fte == sum((row.fte for row in rows if row.holds_on(day)), Decimal(0))
        assert step.free == (1 - step.fte if officer.holds_on(day) else 0)
    assert steps[0].start == at(0)
    assert steps[-1].end == at(120)


def test_the_page_shows_tenure_on_each_jfo_and_the_time_on_all(que: Client) -> None:
    officer = rows.officer()
    half = Decimal("0.50")
    rows.assignment(officer, "SPVM-JFO", date(2009, 4, 1), date(2010, 3, 31), fte=half)
    rows.assignment(officer, "SPVM-JFO", date(2010, 4, 20), fte=half)
    rows.assignment(officer, "FAE", date(2010, 4, 1), fte=half)
    said = words(que.get(officer.get_absolute_url()))
    # Spells 19 days apart are one tenure, and every day of the two years was on a JFO.
    assert "2.0 years on SPVM-JFO, since 2009-04-01" in said
    assert "1.0 years on FAE, since 2010-04-01" in said
    assert "2.0 years in all" in said
    assert "On 2011-03-31: 1.00 FTE on JFOs, 0.00 free" in said
    assert "2010-04-01 to 2010-04-19 0.50 0.50 FAE (0.50)" in said
    assert "2010-04-20 to 2012-03-31 1.00 0.00" in said


def test_on_a_past_day_the_steps_end_with_it(que: Client) -> None:
    officer = rows.officer()
    rows.assignment(officer, "FAE", date(2010, 10, 1))
    said = words(que.get(f"{officer.get_absolute_url()}?as_of=2010-09-30"))
    assert "FTE from 2008-04-01 to 2010-09-30" in said
    assert "FAE" not in said.split("History")[0]


def test_outside_service_nothing_is_free(que: Client) -> None:
    officer = rows.officer(start=date(2010, 1, 1), end=date(2011, 6, 30))
    said = words(que.get(officer.get_absolute_url()))
    assert "2008-04-01 to 2009-12-31 0.00 0.00 not in service" in said
    assert "2010-01-01 to 2011-06-30 0.00 1.00" in said
    assert "2011-07-01 to 2012-03-31 0.00 0.00 not in service" in said


def test_before_service_the_page_says_so_and_nothing_else(que: Client) -> None:
    said = words(que.get("/en/officers/O-0001/?as_of=1990-01-01"))
    assert "was not in service yet: the service starts on July 3, 1995" in said
    assert "FTE by day" not in said
    assert "FB-04" not in said
    french = words(que.get("/fr/officers/O-0001/?as_of=1990-01-01"))
    assert "FTE" not in french


def test_the_page_tells_training_required_and_lacking(que: Client, nhq: Client) -> None:
    said = words(que.get("/en/officers/O-0055/"))
    assert "Lacking Integrated Border Enforcement Course (IBET)" in said
    assert 'href="/en/officers/O-0055/training/?course=ibet-integrated"' in body(que, "/en/officers/O-0055/")
    assert "Completed Integrated Border Enforcement Course (IBET), 2001-05-21" in words(que.get("/en/officers/O-0001/"))
    assert "/training/?course=" not in body(nhq, "/en/officers/O-0055/")


def test_the_page_says_where_levels_are_changed(que: Client, client_of: SignIn, administrator: User) -> None:
    assert "an administrator’s import of officers" in words(que.get("/en/officers/O-0001/"))
    page = body(client_of(administrator), "/en/officers/O-0001/")
    assert '<a href="/en/imports/">an import</a>' in page


def test_the_history_of_the_officer_holds_the_training(que: Client) -> None:
    officer = rows.officer()
    row = Training(officer=officer, course=Course.objects.get(code="ibet-integrated"), completed_on=date(2011, 1, 5))
    row.save_as(None, reason="papers came")
    said = words(que.get(officer.get_absolute_url()))
    assert "papers came" in said
