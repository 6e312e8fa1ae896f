"""The region that employs an officer, from a day to a day: moves, their corrections, their undoing, the checker."""

from collections.abc import Callable
from datetime import date, timedelta
from importlib import import_module
from itertools import pairwise

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from jfo_portal.kit import changesets
from jfo_portal.kit.changesets import ChangeSet
from jfo_portal.kit.history import Door
from jfo_portal.kit.periods import day_without, shared_day
from registry import actions, checks
from registry.measures.capacity import capacity_on
from registry.measures.tenure import tenures
from registry.models import Assignment, Officer, OfficerRegion, Region, User
from registry.models.people import Moved, postings_after, region_then
from tests import rows, sheets
from tests.pages import csv_rows, words
from tests.sheets import Row, errors, save, sheet

pytestmark = pytest.mark.django_db

TODAY = date(2011, 3, 31)
FIRST = date(2005, 4, 1)
SignIn = Callable[[User], Client]


@pytest.fixture(autouse=True)
def _in_english() -> object:
    """A page asked for in French leaves its language behind in the process."""
    with override("en"):
        yield


@pytest.fixture
def officer(db: None) -> Officer:
    """An officer of QUE since 2005-04-01."""
    return rows.officer("QUE", FIRST)


@pytest.fixture
def admin(client_of: SignIn, administrator: User) -> Client:
    return client_of(administrator)


def region(code: str) -> Region:
    return Region.objects.get(code=code)


def postings(officer: Officer) -> list[tuple[str, date, date | None]]:
    return list(officer.postings.order_by("start").values_list("region__code", "start", "end"))


def move(officer: Officer, code: str, day: date | None = None, by: User | None = None) -> Officer:
    return actions.move_officer(officer, by=by, region=region(code), day=day)


# Whatever writes an officer


@pytest.mark.parametrize("how", ["save", "bulk_create"])
def test_a_new_officer_is_in_the_region_from_the_first_day_of_service_on(how: str, administrator: User) -> None:
    new = Officer(number="T-9", family_name="E", given_name="A", function="IO", region=region("ATL"), start=FIRST)
    if how == "save":
        new.save_as(administrator, reason="hired")
    else:
        Officer.objects.bulk_create([new], by=administrator, reason="hired", door=Door.SCREEN)
    assert postings(new) == [("ATL", FIRST, None)]
    version = new.postings.get().history.get()
    assert (version.history_user, version.history_change_reason, version.door) == (administrator, "hired", "screen")


@pytest.mark.parametrize("how", ["save", "update", "bulk_update"])
def test_whoever_writes_another_region_moves_the_officer_today(officer: Officer, how: str) -> None:
    officer.region = region("GTA")
    if how == "save":
        officer.save()
    elif how == "update":
        Officer.objects.filter(pk=officer.pk).update(region=officer.region)
    else:
        Officer.objects.bulk_update([officer], ["region"])
    assert postings(officer) == [("QUE", FIRST, date(2011, 3, 30)), ("GTA", TODAY, None)]
    officer.given_name = "Zoé"
    officer.save()
    assert len(postings(officer)) == 2


def test_an_earlier_first_day_of_service_is_in_the_first_region(officer: Officer) -> None:
    move(officer, "GTA", date(2010, 6, 1))
    officer.refresh_from_db()
    officer.start = date(2004, 1, 1)
    officer.save()
    assert postings(officer)[0] == ("QUE", date(2004, 1, 1), date(2010, 5, 31))
    officer.start = date(2006, 1, 1)
    officer.save()
    assert list(checks.one_region_a_day()) == []


def test_the_demonstration_has_a_region_for_every_officer() -> None:
    assert OfficerRegion.objects.count() == Officer.objects.count()
    assert list(checks.one_region_a_day()) == []


# The act


def test_a_move_leaves_the_days_before_in_the_region_of_before(officer: Officer, administrator: User) -> None:
    change = ChangeSet.objects.create(by=administrator, reason="transfer")
    actions.move_officer(officer, by=administrator, region=region("GTA"), day=date(2010, 9, 1), within=change)
    officer.refresh_from_db()
    assert officer.region.code == "GTA"
    assert postings(officer) == [("QUE", FIRST, date(2010, 8, 31)), ("GTA", date(2010, 9, 1), None)]
    assert change.kinds().keys() == {"officer", "officerregion"}


def test_a_move_is_undone_and_done_again(officer: Officer, administrator: User) -> None:
    move(officer, "GTA", date(2010, 9, 1), administrator)
    moved, change = postings(officer), ChangeSet.objects.latest("pk")
    assert changesets.may_undo(change, administrator)
    undoing = changesets.undo(change, by=administrator)
    officer.refresh_from_db()
    assert (officer.region.code, postings(officer)) == ("QUE", [("QUE", FIRST, None)])
    changesets.undo(undoing, by=administrator)
    officer.refresh_from_db()
    assert (officer.region.code, postings(officer)) == ("GTA", moved)
    assert list(checks.one_region_a_day()) == []


def test_adding_an_officer_is_undone_and_done_again(administrator: User) -> None:
    with changesets.act(administrator) as change:
        new = Officer(number="T-9", family_name="E", given_name="A", function="IO", region=region("ATL"), start=FIRST)
        change.save_row(new)
    undoing = changesets.undo(change, by=administrator)
    assert not Officer.objects.filter(number="T-9").exists()
    changesets.undo(undoing, by=administrator)
    assert postings(Officer.objects.get(number="T-9")) == [("ATL", FIRST, None)]


def test_on_the_day_of_the_move_another_region_corrects_it(officer: Officer) -> None:
    move(officer, "GTA", date(2010, 9, 1))
    move(officer, "ATL", date(2010, 9, 1))
    assert postings(officer) == [("QUE", FIRST, date(2010, 8, 31)), ("ATL", date(2010, 9, 1), None)]
    move(officer, "QUE", date(2010, 9, 1))
    assert postings(officer) == [("QUE", FIRST, None)]


def test_taking_a_move_back_by_a_correction_is_undone(officer: Officer, administrator: User) -> None:
    move(officer, "GTA", date(2010, 9, 1))
    before = postings(officer)
    move(officer, "QUE", date(2010, 9, 1), administrator)
    changesets.undo(ChangeSet.objects.latest("pk"), by=administrator)
    assert postings(officer) == before
    assert list(checks.one_region_a_day()) == []


def test_the_day_of_a_move_is_corrected(officer: Officer, administrator: User) -> None:
    move(officer, "GTA", date(2010, 9, 1))
    versions = officer.history.count()
    move(officer, "GTA", date(2010, 6, 1), administrator)
    assert postings(officer) == [("QUE", FIRST, date(2010, 5, 31)), ("GTA", date(2010, 6, 1), None)]
    assert officer.history.count() == versions
    move(officer, "GTA", date(2010, 12, 1))
    assert postings(officer)[1] == ("GTA", date(2010, 12, 1), None)


@pytest.mark.parametrize(
    ("code", "day", "sentence"),
    [
        ("ATL", date(2011, 4, 1), "2011-04-01 is still to come. Record the move on that day or later."),
        ("ATL", date(2010, 8, 31), "Give 2010-09-01 or a later day."),
        ("GTA", FIRST, "Give 2005-04-02 or a later day."),
        ("GTA", None, "The officer is in this region already."),
        ("GTA", date(2010, 9, 1), "The officer is in this region already."),
    ],
)
def test_a_move_that_cannot_be_is_refused(officer: Officer, code: str, day: date | None, sentence: str) -> None:
    move(officer, "GTA", date(2010, 9, 1))
    before = postings(officer)
    with pytest.raises(ValidationError, match=sentence):
        move(officer, code, day)
    assert postings(officer) == before


def test_the_region_of_who_is_still_to_come_is_corrected() -> None:
    officer = rows.officer("QUE", date(2011, 6, 1))
    move(officer, "GTA")
    assert postings(officer) == [("GTA", date(2011, 6, 1), None)]


def test_who_never_moved_has_no_day_to_correct(officer: Officer) -> None:
    with pytest.raises(ValidationError, match="in this region since the first day of service"):
        move(officer, "QUE", date(2010, 9, 1))


moves_made = st.lists(st.tuples(st.sampled_from([1, 2, 3]), st.none() | st.integers(0, 2190)), max_size=8)


@given(moves_made)
def test_whatever_moves_are_tried_one_region_holds_each_day(tried: list[tuple[int, int | None]]) -> None:
    """Against a plain list of days: what is before the day of a move stays as it was."""
    officer = Officer(pk=1, region_id=1, start=FIRST)
    past = postings_after(officer, [], None).saved
    for code, days in tried:
        day = None if days is None else FIRST + timedelta(days=days)
        was = day_by_day(past)
        old, officer.region_id = officer.region_id, code
        rows_before = [(row.region_id, row.start, row.end) for row in past]
        try:
            found = postings_after(officer, past, day)
        except ValidationError:
            officer.region_id = old
            assert [(row.region_id, row.start, row.end) for row in past] == rows_before
            continue
        past = after(past, found)
        assert shared_day(past) is None
        assert day_without(past, FIRST, None) is None
        assert (past[-1].region_id, past[-1].end) == (code, None)
        assert all(one.region_id != two.region_id for one, two in pairwise(past))
        if old != code:
            untouched = ((TODAY if day is None else day) - FIRST).days
            assert day_by_day(past)[:untouched] == was[:untouched]


def after(past: list[OfficerRegion], moved: Moved) -> list[OfficerRegion]:
    """Return the postings that are there after the move, the earliest first."""
    kept = [row for row in past if not any(row is one for one in moved.removed)]
    new = [row for row in moved.saved if not any(row is one for one in kept)]
    return sorted([*kept, *new], key=lambda row: row.start)


def day_by_day(postings: list[OfficerRegion]) -> list[int | None]:
    """Return the region of each day for six years."""
    spans = [(row.start, row.region_id) for row in postings]
    return [region_then(spans, FIRST + timedelta(days=number)) for number in range(2190)]


# Figures about a day


def test_capacity_and_tenure_go_by_the_region_of_the_day(officer: Officer, nhq_reviewer: User) -> None:
    rows.assignment(officer, "FAE", date(2009, 4, 1))
    days = date(2010, 8, 31), date(2010, 9, 1)
    regions = list(Region.objects.all())

    def counted() -> list[dict[str, tuple[int, int]]]:
        return [
            {
                row.region.code: (row.in_service, row.officers)
                for row in capacity_on(regions, nhq_reviewer, day)
                if row.region is not None
            }
            for day in days
        ]

    before = counted()
    move(officer, "GTA", date(2010, 9, 1))
    after = counted()
    assert after[0] == before[0]
    assert [after[1][code][0] - before[1][code][0] for code in ("QUE", "GTA")] == [-1, 1]
    assert [after[1][code][1] - before[1][code][1] for code in ("QUE", "GTA")] == [-1, 1]
    own = Assignment.objects.filter(officer=officer)
    assert [row.region for day in days for row in tenures(own, day)] == ["QUE", "GTA"]


def test_the_list_of_a_day_shows_and_filters_by_the_region_of_the_day(
    officer: Officer, client_of: SignIn, nhq_reviewer: User
) -> None:
    move(officer, "GTA", date(2010, 9, 1))
    client = client_of(nhq_reviewer)

    def found(query: str) -> list[str]:
        listed = csv_rows(client.get(f"/en/officers/?format=csv&q={officer.number}&{query}"))
        return [row["Region"] for row in listed]

    assert found("region=QUE&as_of=2010-08-31") == ["QUE"]
    assert found("region=GTA&as_of=2010-08-31") == []
    assert found("region=GTA") == ["GTA"]
    assert found("region=QUE") == []


@pytest.mark.parametrize("as_of", ["", "?as_of=2010-08-31"])
def test_the_figures_of_capacity_lead_to_as_many_rows(
    officer: Officer, client_of: SignIn, nhq_reviewer: User, que_manager: User, as_of: str
) -> None:
    rows.assignment(officer, "FAE", date(2009, 4, 1))
    move(officer, "GTA", date(2010, 9, 1))
    day = TODAY if not as_of else date(2010, 8, 31)
    (row, _total) = capacity_on([region("QUE")], nhq_reviewer, day)
    client = client_of(nhq_reviewer)
    page = client.get(f"/en/capacity/{as_of}").content.decode()
    suffix = "&amp;as_of=2010-08-31" if as_of else ""
    assert f"/en/officers/?region=QUE{suffix}" in page
    assert f"/en/assignments/?home=QUE{suffix}" in page
    assert f"{row.in_service} officers" in words(client.get(f"/en/officers/?region=QUE&as_of={day}"))
    assigned = csv_rows(client.get(f"/en/assignments/?format=csv&home=QUE&as_of={day}"))
    assert sum(float(line["FTE"]) for line in assigned) == float(row.assigned)
    # The manager of the region of before does not see all who were there.
    theirs = client_of(que_manager).get(f"/en/capacity/{as_of}").content.decode()
    assert (f"/en/officers/?region=QUE{suffix}" in theirs) is (not as_of)


# The page and the form


def test_an_administrator_moves_an_officer(officer: Officer, client_of: SignIn, administrator: User) -> None:
    client = client_of(administrator)
    address = reverse("officer-region", args=[officer.number])
    assert address in client.get(officer.get_absolute_url()).content.decode()
    page = client.get(address)
    assert "QUE 2005-04-01" in words(page)
    sent = {"region": region("GTA").pk, "moved_on": "2010-09-01", "reason": "transfer"}
    answer = client.post(address, sent, follow=True)
    assert f"Moved: {officer.name}, Greater Toronto Area, since 2010-09-01." in words(answer)
    assert "GTA 2010-09-01 – QUE 2005-04-01 2010-08-31" in words(answer)
    past = words(client.get(f"{officer.get_absolute_url()}?as_of=2010-08-31"))
    assert "Region QUE, Quebec" in past
    assert "GTA" not in past.split("Regions")[1].split("History")[0]
    assert address not in client.get(f"{officer.get_absolute_url()}?as_of=2010-08-31").content.decode()


def test_without_a_day_the_officer_moves_today(officer: Officer, client_of: SignIn, administrator: User) -> None:
    address = reverse("officer-region", args=[officer.number])
    client_of(administrator).post(address, {"region": region("GTA").pk, "moved_on": "", "reason": ""})
    assert postings(officer)[-1] == ("GTA", TODAY, None)


@pytest.mark.parametrize(
    ("language", "day", "sentence"),
    [
        ("en", "2011-04-01", "2011-04-01 is still to come. Record the move on that day or later."),
        ("fr", "2011-04-01", "Le 2011-04-01 est à venir. Consignez la mutation ce jour-là ou plus tard."),
        ("en", "", "The officer is in this region already."),
        ("fr", "", "L’agent est déjà dans cette région."),
        ("en", "2011-02-30", "Check the year, the month and the day."),
    ],
)
def test_what_is_refused_is_said_on_the_form(admin: Client, language: str, day: str, sentence: str) -> None:
    officer = rows.officer("QUE", FIRST)
    code = "GTA" if day == "2011-04-01" else "QUE"
    sent = {"region": region(code).pk, "moved_on": day, "reason": ""}
    answer = admin.post(f"/{language}/officers/{officer.number}/region/", sent)
    assert answer.status_code == 200
    assert sentence in words(answer)
    assert len(postings(officer)) == 1


@pytest.mark.parametrize("value", ["\0", "9" * 400, "x", ""])
def test_junk_is_answered_in_words(officer: Officer, client_of: SignIn, administrator: User, value: str) -> None:
    client = client_of(administrator)
    address = reverse("officer-region", args=[officer.number])
    for sent in ({"region": value, "moved_on": value}, {"region": region("GTA").pk, "moved_on": f"x{value}"}):
        assert client.post(address, sent).status_code == 200
    assert client.get("/en/officers/%00/region/").status_code == 404
    assert len(postings(officer)) == 1


def test_the_rows_go_with_the_officer_and_the_history_tells_of_the_regions(
    officer: Officer, client_of: SignIn, gta_manager: User, que_manager: User
) -> None:
    move(officer, "GTA", date(2010, 9, 1))
    asked = f"/en/history/?format=csv&officer={officer.number}&kind=officerregion"
    assert csv_rows(client_of(que_manager).get(asked)) == []
    changed = {row["Change"] for row in csv_rows(client_of(gta_manager).get(asked))}
    assert "Last day: 2010-08-31" in changed


# The import


def person(number: str, **values: object) -> Row:
    return {
        "number": number,
        "family_name": "Essai",
        "given_name": "Ana",
        "function": "IO",
        "region": "QUE",
        "start": FIRST,
        "level": "FB-04",
        "level_start": FIRST,
        **values,
    }


def test_another_region_in_a_file_is_a_move_of_today_or_of_the_day_given(officer: Officer, administrator: User) -> None:
    rows.level(officer, "FB-04", FIRST)  # type: ignore[arg-type]
    of = sheets.resource("officers", administrator)
    save(of, sheet(of, person(officer.number, region="GTA")))
    assert postings(officer) == [("QUE", FIRST, date(2011, 3, 30)), ("GTA", TODAY, None)]
    save(of, sheet(of, person(officer.number, region="GTA", region_start=date(2010, 9, 1))))
    assert postings(officer) == [("QUE", FIRST, date(2010, 8, 31)), ("GTA", date(2010, 9, 1), None)]
    made = sheet(of, person(officer.number, region="ATL", region_start=date(2010, 12, 1)))
    save(of, made)
    assert postings(officer)[1:] == [
        ("GTA", date(2010, 9, 1), date(2010, 11, 30)),
        ("ATL", date(2010, 12, 1), None),
    ]
    assert of.preview(made).counts.unchanged == 1
    version = officer.postings.get(end=None).history.get()
    assert (version.door, version.history_change_reason) == ("import", "the sheet of May")


def test_new_officers_of_a_file_are_in_their_region_from_the_first_day_on(administrator: User) -> None:
    of = sheets.resource("officers", administrator)
    save(of, sheet(of, person("T-0901"), person("T-0902", region="ATL")))
    assert [postings(Officer.objects.get(number=f"T-090{n}")) for n in (1, 2)] == [
        [("QUE", FIRST, None)],
        [("ATL", FIRST, None)],
    ]


def test_a_day_in_a_file_that_cannot_be_is_refused(officer: Officer, administrator: User) -> None:
    rows.level(officer, "FB-04", FIRST)  # type: ignore[arg-type]
    of = sheets.resource("officers", administrator)

    def refused(**values: object) -> str:
        ((_line, _label, sentence),) = errors(of.preview(sheet(of, person(**values))))  # type: ignore[arg-type]
        return sentence

    assert "Leave this empty" in refused(number="T-0901", region_start=FIRST)
    assert "since the first day of service" in refused(number=officer.number, region_start=date(2010, 9, 1))
    assert "still to come" in refused(number=officer.number, region="GTA", region_start=date(2011, 4, 1))
    move(officer, "GTA", date(2010, 9, 1))
    assert "Give 2010-09-01" in refused(number=officer.number, region="ATL", region_start=date(2010, 8, 1))
    assert "came to this region on 2010-09-01" in refused(number=officer.number, region="GTA", region_start=None)


def test_an_export_of_officers_who_moved_comes_back_unchanged(officer: Officer, administrator: User) -> None:
    rows.level(officer, "FB-04", FIRST)  # type: ignore[arg-type]
    move(officer, "GTA", date(2010, 9, 1))
    of = sheets.resource("officers", administrator)
    preview = of.preview(sheets.exported(of, of.importable().filter(pk=officer.pk)))
    assert errors(preview) == []
    assert preview.counts.unchanged == 1


# The checker


def test_the_checker_finds_what_is_not_in_step(officer: Officer) -> None:
    move(officer, "GTA", date(2010, 9, 1))
    first, last = officer.postings.order_by("start")

    def found() -> set[str]:
        return {what for where, what in checks.one_region_a_day() if where == f"officer {officer.number}"}

    assert found() == set()
    OfficerRegion.objects.filter(pk=first.pk).update(end=date(2010, 8, 30))
    assert found() == {"no region on 2010-08-31"}
    OfficerRegion.objects.filter(pk=first.pk).update(end=date(2010, 9, 1))
    assert found() == {"two regions on 2010-09-01"}
    OfficerRegion.objects.filter(pk=first.pk).update(end=date(2010, 8, 31))
    OfficerRegion.objects.filter(pk=last.pk).update(region=region("ATL"))
    assert found() == {"the last region, from 2010-09-01 on, is not that of today"}
    OfficerRegion.objects.filter(officer=officer).delete()
    assert found() == {"no region on 2005-04-01"}


# The migration


def test_officers_of_before_are_posted_to_their_region_of_today() -> None:
    migration = import_module("registry.migrations.0007_officer_regions")
    OfficerRegion.objects.all()._raw_delete(connection.alias)
    OfficerRegion.history.all().delete()
    migration.post_officers(apps, None)
    assert list(checks.one_region_a_day()) == []
    row = OfficerRegion.objects.select_related("officer").order_by("pk")[0]
    assert (row.region_id, row.start, row.end) == (row.officer.region_id, row.officer.start, None)
    version = OfficerRegion.history.get(id=row.pk)
    assert (version.history_type, version.history_change_reason) == ("+", "migration")
    assert version.related_words == {"officer": str(row.officer), "region": row.region.code}
