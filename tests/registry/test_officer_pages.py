"""What the list of officers and an officer's page show, to whom, and at what price."""

import json
from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from registry.models import Officer, User

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
    response = client.get(f"/en/officers/?format=json&{query}")
    rows: list[dict[str, object]] = json.loads(response.content)
    return rows


def numbers(client: Client, query: str = "") -> list[object]:
    return [row["number"] for row in exported(client, query)]


def body(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


# The list


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
