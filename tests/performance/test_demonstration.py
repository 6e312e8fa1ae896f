"""The demonstration loads once, into an empty database, never into production."""

from io import StringIO

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command

from performance import demonstration
from performance.models import ImsFile
from registry.models import Assignment, Officer, User
from tests import rows

pytestmark = pytest.mark.django_db


def load() -> str:
    out = StringIO()
    call_command("load_demo", stdout=out)
    return out.getvalue()


def test_loading_again_changes_nothing_and_still_says_who_can_sign_in():
    officer = Officer.objects.all()[0]
    officer.family_name = "Changed"
    officer.save_as(None)
    before = [model.history.count() for model in (Officer, Assignment, ImsFile, User)]
    printed = load()
    assert "already loaded" in printed
    assert "que.manager    Regional manager   demonstration" in printed
    assert [model.history.count() for model in (Officer, Assignment, ImsFile, User)] == before
    officer.refresh_from_db()
    assert officer.family_name == "Changed"


def test_production_refuses(settings: LazySettings):
    settings.DEMONSTRATION = False
    with pytest.raises(CommandError, match="production"):
        load()


def test_a_database_with_other_officers_refuses():
    Officer.history.all().delete()
    with pytest.raises(CommandError, match="officers that are not the demonstration's"):
        load()


def test_a_failure_halfway_leaves_nothing(monkeypatch: pytest.MonkeyPatch):
    def write_and_fail() -> None:
        rows.officer()
        raise RuntimeError

    before = Officer.objects.count()
    monkeypatch.setattr(demonstration, "is_loaded", lambda: False)
    monkeypatch.setattr(demonstration, "_refuse_unless_empty", lambda: None)
    monkeypatch.setattr(demonstration, "_load", write_and_fail)
    with pytest.raises(RuntimeError):
        demonstration.load()
    assert Officer.objects.count() == before


@pytest.mark.parametrize("username", ["que.manager", "gta.manager", "atl.manager", "nhq.reviewer", "admin", "auditor"])
def test_everybody_signs_in_with_the_demonstration_password(username: str, settings: LazySettings):
    assert User.objects.get(username=username).check_password(settings.DEMO_PASSWORD)


def test_every_row_says_where_it_came_from():
    version = Assignment.history.order_by("history_id")[0]
    assert (version.history_change_reason, version.door) == ("demonstration data", "command")
    assert version.related_words["officer"].startswith("O-")


def test_files_are_spread_over_the_year_in_which_their_officer_served():
    days = ImsFile.objects.values_list("opened_on", flat=True).distinct().count()
    assert days == 365
    file = ImsFile.objects.order_by("number")[0]
    assert (file.number, str(file.opened_on)) == ("IMS-2010-00001", "2010-04-01")
