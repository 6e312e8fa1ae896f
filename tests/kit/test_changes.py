"""Versions become sentences: fields by their names, values as people read them, rows that may be gone."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import translation
from pytest_django import DjangoAssertNumQueries

from jfo_portal.kit import changes
from jfo_portal.kit.access import SYSTEM
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.history import Attributed
from jfo_portal.kit.models import SavedView
from performance.closings import close_year
from performance.models import SalaryRate, Snapshot
from registry.models import JFO, Assignment, Officer, RiskCoverage, Snooze, User
from tests import rows
from wca import composing

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer() -> Officer:
    return rows.officer(start=date(2005, 1, 1), number="O-9001")


def test_an_addition_lists_the_values_the_row_began_with(officer: Officer) -> None:
    (version,) = changes.about(officer, SYSTEM, of={"officer"})
    assert version.is_addition
    assert (version.kind, version.row, version.href) == ("Officer", "O-9001 Essai, Ana", "/en/officers/O-9001/")
    assert "Function: Intelligence Officer (IO)" in version.what
    assert "Region: QUE" in version.what
    assert "First day: 2005-01-01" in version.what
    assert "Last day" not in version.what


def test_a_change_lists_what_differs_from_the_version_before(officer: Officer) -> None:
    officer.function, officer.end = "CI", date(2012, 1, 1)
    officer.save_as(None)
    version = changes.about(officer, SYSTEM)[0]
    assert version.what == "Last day: 2012-01-01; Function: Intelligence Officer (IO) → Criminal Investigator (CI)"


def test_a_value_taken_away_leaves_a_dash(officer: Officer) -> None:
    officer.end = date(2012, 1, 1)
    officer.save_as(None)
    officer.end = None
    officer.save_as(None)
    assert changes.about(officer, SYSTEM)[0].what == "Last day: 2012-01-01 → –"


def test_values_are_read_in_the_readers_language() -> None:
    rate = SalaryRate.objects.get(level="FB-04", fiscal_year=2010)
    rate.amount = Decimal("70123.5")
    rate.save_as(None)
    with translation.override("fr"):
        (change,) = changes.about(rate, SYSTEM)[0].changes
    assert change.after == "70\xa0123,50"


def test_a_deleted_row_is_told_without_a_link_and_without_values(officer: Officer) -> None:
    key = officer.pk
    officer.attribute(None, reason="a mistake").delete()
    (version,) = changes.in_words(list(changes.versions(SYSTEM, of={"officer"}, about=[(Officer, [key])])[:1]))
    assert (version.event, version.row, version.href, version.what) == ("Deleted", "O-9001 Essai, Ana", None, "")


def test_a_row_added_again_after_its_deletion_lists_all_it_began_with(officer: Officer) -> None:
    key = officer.pk
    officer.delete()
    officer.pk = key
    officer.save()
    assert "Family name: Essai" in changes.about(officer, SYSTEM, of={"officer"})[0].what


def test_words_survive_the_rows_they_name() -> None:
    coverage = RiskCoverage.objects.select_related("jfo", "risk").first()
    assert coverage
    words = f"{coverage.jfo} – {coverage.risk}"
    risk, jfo = coverage.risk, coverage.jfo
    RiskCoverage.objects.filter(risk=risk).delete()
    risk.delete()
    assert changes.about(jfo, SYSTEM)[0].row.startswith(str(jfo))
    assert words in {version.row for version in changes.about(jfo, SYSTEM)}


def test_about_a_row_is_also_about_the_rows_that_point_to_it() -> None:
    jfo = JFO.objects.get(code="IBET-QUE-1")
    kinds = {version.kind for version in changes.about(jfo, SYSTEM, limit=200)}
    assert {"JFO", "Participation", "Contact", "Risk coverage", "Assignment", "Coverage"} <= kinds


def test_a_reader_sees_the_versions_of_the_rows_they_may_see(que_manager: User) -> None:
    seen = {row["history_id"] for row in changes.versions(que_manager, of={"assignment"})}
    own = Assignment.history.filter(officer__region__code="QUE").values_list("history_id", flat=True)
    assert seen == set(own)
    assert not changes.versions(AnonymousUser(), of={"region"})  # type: ignore[arg-type]


def a_snooze() -> Snooze:
    user = User.objects.get(username="que.manager")
    return Snooze(user=user, need="jmt", row_id=1, until=date(2011, 5, 1), reason="away until then")


def a_view() -> SavedView:
    return SavedView(page="jfos", name="Mine", query="kind=national", owner=User.objects.get(username="que.manager"))


def a_snapshot() -> Attributed:
    said = {"report": "exhibit-7", "title": "Exhibit 7", "language": "en", "parameters": {"fy": "2010-2011"}}
    return Snapshot(**said, content="{}", sha256="0" * 64, data_version="0" * 64, seen="all", taken_by=a_snooze().user)


# What is somebody's own, and what only an act makes, is not demonstrated.
MADE: dict[str, Callable[[], Attributed]] = {"snooze": a_snooze, "savedview": a_view, "snapshot": a_snapshot}


@pytest.mark.parametrize("kind", changes.tracked())
def test_every_kind_of_row_is_said_with_the_same_few_queries(
    kind: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    if kind in MADE:
        MADE[kind]().save_as(None)
    if kind in {"yearclosing", "closedrate"}:
        close_year(FiscalYear(2009), by=User.objects.get(username="admin"), day=date(2011, 3, 31))
    if kind in {"draft", "draftjfo", "draftparagraph"}:
        # The demonstration has none: they are composed at a click.
        composing.compose(
            composing.proposed_each(JFO.objects.filter(code="FAE"), date(2011, 3, 31)), by=a_snooze().user
        )
    keys = list(changes.versions(SYSTEM, of={kind})[:1])
    # Of a user the regions are asked for, too.
    with django_assert_max_num_queries(4 if kind == "user" else 2):
        (version,) = changes.in_words(keys)
        assert version.row


def test_a_page_of_versions_costs_the_same_whatever_is_on_it(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    keys = [key for kind in changes.tracked() if kind != "user" for key in changes.versions(SYSTEM, of={kind})[:3]]
    assert len({key["row_kind"] for key in keys}) > 20
    with django_assert_num_queries(2):
        changes.in_words(keys)


def test_what_is_somebodys_own_is_told_to_nobody_else(que_manager: User, auditor: User, administrator: User) -> None:
    a_view().save_as(que_manager)
    a_snooze().save_as(que_manager)
    for reader, count in ((que_manager, 2), (auditor, 0), (administrator, 0)):
        assert len(changes.versions(reader, of={"savedview", "snooze"})) == count, reader


def test_an_old_version_says_whether_the_reader_may_restore_it(que_manager: User, gta_manager: User) -> None:
    row = rows.assignment(rows.officer(), "SPVM-JFO", date(2010, 1, 1))
    row.review_on = date(2012, 1, 1)
    row.save_as(que_manager)
    marks = [(one.is_latest, one.may_be_restored) for one in changes.about(row, que_manager, of={"assignment"})]
    assert marks == [(True, False), (False, True)]
    assert changes.about(row, gta_manager, of={"assignment"}) == []
    row.attribute(que_manager).delete()
    keys = list(changes.versions(que_manager, of={"assignment"})[:2])
    assert [one.may_be_restored for one in changes.in_words(keys, que_manager)] == [True, True]
    assert [one.may_be_restored for one in changes.in_words(keys)] == [False, False]
