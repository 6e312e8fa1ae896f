"""Every way to write leaves a version that says who, what, why and through which door."""

from datetime import date

import pytest
from django.contrib.auth import user_logged_in
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jfo_portal.kit.history import Door, TrackedQuerySet
from registry.models import JFO, Assignment, Level, Officer, OfficerLevel, Region, Role, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer() -> Officer:
    return Officer(
        number="O-9001",
        family_name="Essai",
        given_name="Ana",
        function="IO",
        region=Region.objects.get(code="QUE"),
        start=date(2005, 1, 1),
    )


def test_a_save_says_who_why_and_through_which_door(officer: Officer, que_manager: User) -> None:
    officer.save_as(que_manager, reason="new officer")
    version = officer.history.get()
    assert (version.history_type, version.who, version.history_change_reason, version.door) == (
        "+",
        "que.manager",
        "new officer",
        Door.SCREEN,
    )
    assert version.related_words == {"region": "QUE"}


def test_many_rows_at_once_are_refused_where_more_than_they_would_have_to_be_written() -> None:
    """What belonged to them was passed over without a word."""
    with pytest.raises(TypeError, match="User has many-to-many fields"):
        TrackedQuerySet(User).insert_rows(["username"], [["somebody"]])
    with pytest.raises(TypeError, match="may point to a Officer"):
        Officer.objects.delete_rows([1])


def test_bulk_create_leaves_a_version_of_each_row(officer: Officer, administrator: User) -> None:
    Officer.objects.bulk_create([officer], by=administrator, reason="sheet of May", door=Door.IMPORT)
    version = officer.history.get()
    assert (version.history_type, version.who, version.door) == ("+", "admin", Door.IMPORT)


def test_bulk_update_leaves_a_version_of_each_row(officer: Officer, administrator: User) -> None:
    officer.save_as(administrator)
    officer.given_name = "Anna"
    Officer.objects.bulk_update([officer], ["given_name"], by=administrator, door=Door.IMPORT)
    latest, _first = officer.history.all()
    assert (latest.history_type, latest.given_name, latest.door) == ("~", "Anna", Door.IMPORT)


def test_a_bulk_update_records_the_row_as_it_is_not_as_it_was_read(officer: Officer, administrator: User) -> None:
    """A version said that a row which somebody changed meanwhile was still as the other writer had read it."""
    officer.save_as(None)
    read_earlier = Officer.objects.get(pk=officer.pk)
    Officer.objects.filter(pk=officer.pk).update(end=date(2011, 3, 31))
    read_earlier.given_name = "Anna"
    Officer.objects.bulk_update([read_earlier], ["given_name"], by=administrator)
    latest = officer.history.first()
    assert (latest.given_name, latest.end) == ("Anna", date(2011, 3, 31))


@pytest.mark.django_db(transaction=True)
def test_a_row_whose_version_cannot_be_written_is_not_saved(officer: Officer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside a transaction the row was there before its version, and a page in between wrote over it unseen."""

    def refuse(*_args: object, **_options: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(Officer.history.model, "save", refuse)
    with pytest.raises(RuntimeError):
        officer.save()
    assert not Officer.objects.filter(number="O-9001").exists()


def test_update_leaves_a_version_of_each_row_that_says_whose_it_is(officer: Officer, administrator: User) -> None:
    officer.save_as(None)
    Officer.objects.filter(pk=officer.pk).update(by=administrator, reason="a slip", given_name="Anne")
    version = officer.history.first()
    assert (version.given_name, version.who, version.history_change_reason) == ("Anne", "admin", "a slip")


def test_every_queryset_write_of_a_user_leaves_a_version_with_their_regions(que_manager: User) -> None:
    """Users had Django's own manager: a role changed by `update` left nothing."""
    User.objects.filter(pk=que_manager.pk).update(role=Role.AUDITOR)
    version = que_manager.history.first()
    assert version.role == Role.AUDITOR
    assert [kept.region.code for kept in version.regions.all()] == ["QUE"]


def test_rows_that_go_with_another_say_whose_deletion_it_was(officer: Officer, administrator: User) -> None:
    """What a deletion took along was deleted by nobody, through the command line."""
    officer.save_as(None)
    level = OfficerLevel(officer=officer, level=Level.FB_04, start=date(2005, 1, 1)).save_as(None)
    keys = officer.pk, level.pk
    officer.attribute(administrator, reason="entered twice").delete()
    for model, key in zip((Officer, OfficerLevel), keys, strict=True):
        version = model.history.filter(id=key).first()
        assert (version.history_type, version.who, version.history_change_reason, version.door) == (
            "-",
            "admin",
            "entered twice",
            Door.SCREEN,
        )


def test_a_queryset_deletion_says_whose_it_was(officer: Officer, administrator: User) -> None:
    officer.save_as(None)
    Officer.objects.filter(number=officer.number).delete(by=administrator, reason="entered twice")
    version = Officer.history.filter(number=officer.number).first()
    assert (version.history_type, version.who, version.history_change_reason) == ("-", "admin", "entered twice")


def test_a_manager_deletes_nothing() -> None:
    assert not hasattr(Officer.objects, "delete")


def test_delete_leaves_a_version_that_still_reads_when_the_rows_are_gone(officer: Officer) -> None:
    officer.save_as(None)
    jfo = JFO.objects.get(code="SPVM-JFO")
    row = Assignment(officer=officer, jfo=jfo, start=date(2010, 1, 1)).save_as(None)
    key = row.pk
    Assignment.objects.filter(pk=key).delete()
    version = Assignment.history.filter(id=key).first()
    assert version.history_type == "-"
    assert version.related_words == {"officer": "O-9001 Essai, Ana", "jfo": "SPVM-JFO"}


def test_a_bulk_write_asks_the_same_number_of_queries_for_any_number_of_rows(
    administrator: User,
) -> None:
    region = Region.objects.get(code="QUE")

    def rows(first: int, count: int) -> list[Officer]:
        return [
            Officer(
                number=f"O-{first + n}",
                family_name="Essai",
                given_name="Ana",
                function="IO",
                region=region,
                start=date(2005, 1, 1),
            )
            for n in range(count)
        ]

    counts = []
    for first, count in ((9100, 2), (9200, 40)):
        with CaptureQueriesContext(connection) as captured:
            Officer.objects.bulk_create(rows(first, count), by=administrator)
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_a_sign_in_is_no_change_of_the_user(que_manager: User) -> None:
    versions = que_manager.history.count()
    user_logged_in.send(User, request=None, user=que_manager)
    assert que_manager.last_login is not None
    assert que_manager.history.count() == versions
