"""Who lacks the course that a JFO's program requires, and how it is recorded, corrected and taken away."""

import json
from collections.abc import Callable
from datetime import date

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from registry.models import Assignment, Course, Officer, Training, User
from tests import rows
from tests.pages import words

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User], Client]
IBET = "ibet-integrated"
TODAY = date(2011, 3, 31)


@pytest.fixture
def que(client_of: ClientOf, que_manager: User) -> Client:
    return client_of(que_manager)


@pytest.fixture
def nhq(client_of: ClientOf, nhq_reviewer: User) -> Client:
    return client_of(nhq_reviewer)


@pytest.fixture
def course(db: None) -> Course:
    return Course.objects.get(code=IBET)


def listed(client: Client, query: str = "") -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(client.get(f"/en/training/?format=json&{query}").content)
    return found


def numbers(client: Client, query: str = "") -> set[str]:
    return {row["number"] for row in listed(client, query)}


# The list


def test_the_list_holds_the_officers_on_an_ibet_and_tells_who_lacks_its_course(nhq: Client) -> None:
    serving = Assignment.objects.as_of(TODAY).filter(jfo__program__code="IBET")
    assert numbers(nhq) == set(serving.values_list("officer__number", flat=True))
    assert numbers(nhq, "state=lacks") == {"O-0055", "O-0186", "O-0250", "O-0254", "O-0260", "O-0287"}
    assert numbers(nhq, "state=has") == numbers(nhq) - numbers(nhq, "state=lacks")
    assert {row["lacking"] for row in listed(nhq, "state=lacks")} == {"Integrated Border Enforcement Course"}


def test_a_manager_sees_own_officers_alone(que: Client, nhq: Client) -> None:
    assert numbers(que, "state=lacks") == {"O-0055"}
    assert {row["region"] for row in listed(que)} == {"QUE"}
    assert numbers(nhq, "region=PAC&state=lacks") == {"O-0186", "O-0254", "O-0260"}
    assert numbers(nhq, "jfo=IBET-PAC-1&state=lacks") == {"O-0186"}
    assert numbers(nhq, "program=IBET") == numbers(nhq)


def test_on_a_past_day_it_is_as_it_was_then(nhq: Client, course: Course) -> None:
    first = Training.objects.get(officer__number="O-0001", course=course).completed_on
    assert "O-0001" in numbers(nhq, "state=lacks&as_of=2001-05-01")
    assert "O-0001" in numbers(nhq, f"state=has&as_of={first}")
    assert "O-0001" not in numbers(nhq, "as_of=2001-04-08")


def test_those_who_lack_it_come_first_and_a_manager_records_it_from_there(que: Client, nhq: Client) -> None:
    said = que.get("/en/training/").content.decode()
    assert f'href="/en/officers/O-0055/training/?course={IBET}"' in said
    assert said.index("O-0055") < said.index("O-0001")
    assert "/training/?course=" not in nhq.get("/en/training/").content.decode()
    assert "/training/?course=" not in que.get("/en/training/?as_of=2011-01-01").content.decode()


def test_the_list_stays_within_its_budget(
    que: Client, nhq: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for client in (que, nhq):
        with django_assert_max_num_queries(15):
            client.get("/en/training/?per=100&q=a&program=IBET&sort=name")


def test_the_count_on_the_home_page_is_that_of_its_list(que: Client) -> None:
    home = que.get("/en/")
    (group,) = [group for group in home.context["groups"] if group.need == "training"]
    assert group.count == 1
    opened = que.get(group.href)
    assert opened.context["page"].paginator.count == group.count
    assert f'href="/en/officers/O-0055/training/?course={IBET}"' in home.content.decode()


# Recording


def test_it_is_recorded_and_undone(que: Client, course: Course) -> None:
    address = f"/en/officers/O-0055/training/?course={IBET}"
    assert 'value="2011-03-31"' in que.get(address).content.decode()
    saved = que.post(address, {"course": course.pk, "completed_on": "2011-03-18", "reason": "papers came"}, follow=True)
    assert "completed Integrated Border Enforcement Course on 2011-03-18" in words(saved)
    assert numbers(que, "state=lacks") == set()
    undo = saved.content.decode().split('class="undo" method="post" action="')[1].split('"')[0]
    que.post(undo)
    assert numbers(que, "state=lacks") == {"O-0055"}


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"completed_on": "2011-04-01"}, "2011-04-01 is still to come."),
        ({"completed_on": "soon"}, "Type the date as YYYY-MM-DD"),
        ({"course": "999999999999999999999"}, "This course is not, or no longer, in the list."),
        ({"course": "x"}, "This course is not, or no longer, in the list."),
    ],
)
def test_what_cannot_be_is_said(que: Client, course: Course, sent: dict[str, str], sentence: str) -> None:
    answer = que.post("/en/officers/O-0055/training/", {"course": course.pk, "completed_on": "2011-03-18"} | sent)
    assert sentence in words(answer)
    assert not Training.objects.filter(officer__number="O-0055", course=course).exists()


def test_it_is_recorded_once(que: Client, course: Course) -> None:
    done = Training.objects.get(officer__number="O-0001", course=course)
    sent = {"course": course.pk, "completed_on": done.completed_on}
    assert "This course on this day is recorded already." in words(que.post("/en/officers/O-0001/training/", sent))


def test_a_wrong_day_is_corrected_and_a_colleagues_correction_is_shown(que: Client, course: Course) -> None:
    row = Training.objects.get(officer__number="O-0001", course=course)
    address = reverse("training-edit", args=[row.pk])
    version = row.history.latest().history_id
    que.post(address, {"course": course.pk, "completed_on": "2001-06-01", "_version": version})
    row.refresh_from_db()
    assert row.completed_on == date(2001, 6, 1)
    late = que.post(address, {"course": course.pk, "completed_on": "2001-07-01", "_version": version})
    assert late.status_code == 409
    assert "Theirs: 2001-06-01" in words(late)


def test_it_is_removed_and_the_history_keeps_it(que: Client, course: Course) -> None:
    row = Training.objects.get(officer__number="O-0001", course=course)
    address = reverse("training-remove", args=[row.pk])
    assert "It will no longer be on record" in words(que.get(address))
    removed = que.post(address, {"reason": "another officer’s"}, follow=True)
    assert "Removed: Integrated Border Enforcement Course" in words(removed)
    assert not Training.objects.filter(pk=row.pk).exists()
    assert Training.history.filter(id=row.pk, history_type="-", history_change_reason="another officer’s").exists()


def test_another_regions_training_is_not_found(que: Client, course: Course) -> None:
    other = Training.objects.exclude(officer__region__code="QUE").first()
    assert other is not None
    for name in ("training-edit", "training-remove"):
        address = reverse(name, args=[other.pk])
        assert que.get(address).status_code == 404
        assert que.post(address, {"course": course.pk, "completed_on": "2011-03-18"}).status_code == 404
    sent = {"course": course.pk, "completed_on": "2011-03-18"}
    before = Training.objects.count()
    assert que.post("/en/officers/O-0186/training/", sent).status_code == 404
    assert Training.objects.count() == before


def test_those_who_only_read_record_nothing(nhq: Client, client_of: ClientOf, administrator: User) -> None:
    for client in (nhq, client_of(administrator)):
        assert client.get("/en/officers/O-0055/training/").status_code == 403


def test_an_officer_who_comes_to_an_ibet_needs_its_course(que: Client) -> None:
    officer: Officer = rows.officer()
    rows.assignment(officer, "IBET-QUE-2", date(2011, 3, 1))
    assert officer.number in numbers(que, "state=lacks")
    assert officer.number not in numbers(que, "as_of=2011-02-28")
