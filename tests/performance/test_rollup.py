"""The roll-up of activity is what a full count of the files gives, however files are written."""

from collections.abc import Callable
from datetime import date
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError, transaction
from django.db.models import QuerySet
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jfo_portal.kit.changesets import act, undo
from performance import checks
from performance.models import COLUMNS, ActivityCount, ImsFile, ImsKind, ImsStatus
from performance.recounting import differences, recount
from registry.models import Officer, Region, User
from tests import rows, sheets
from tests.simultaneous import at_once

pytestmark = pytest.mark.django_db

DAY = date(2010, 5, 1)


def counted(officer: Officer) -> dict[tuple[int, str, str], dict[str, int]]:
    """The officer's counts other than nought, by fiscal year, region and kind; no row has none."""
    found: dict[tuple[int, str, str], dict[str, int]] = {}
    for row in ActivityCount.objects.filter(officer=officer).select_related("region"):
        numbers = {sort: getattr(row, name) for sort, name in COLUMNS.items() if getattr(row, name)}
        assert numbers
        for (kind, status), number in numbers.items():
            found.setdefault((row.fiscal_year, row.region.code, kind), {})[status] = number
    return found


def recounted(officer: Officer) -> dict[tuple[int, str, str], dict[str, int]]:
    """The same, of the officer's files one by one."""
    found: dict[tuple[int, str, str], dict[str, int]] = {}
    for file in officer.ims_files.select_related("region"):
        numbers = found.setdefault((file.fiscal_year, file.region.code, file.kind), {})
        numbers[file.status] = numbers.get(file.status, 0) + 1
    return found


def test_the_demonstration_is_counted_right():
    assert list(differences()) == []
    assert ActivityCount.objects.filter(fiscal_year=2010).exists()


def test_a_new_file_is_counted_under_its_year_region_officer_kind_and_status():
    officer = rows.officer("QUE")
    rows.file(officer, date(2010, 3, 31), "ors", "closed")
    rows.file(officer, date(2010, 4, 1), "ors", "closed")
    rows.file(officer, date(2010, 4, 1), "case", "unspecified")
    assert counted(officer) == {
        (2009, "QUE", "ors"): {"closed": 1},
        (2010, "QUE", "ors"): {"closed": 1},
        (2010, "QUE", "case"): {"unspecified": 1},
    }


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("kind", "project", {(2010, "QUE", "project"): {"active": 1}}),
        ("status", "pending", {(2010, "QUE", "case"): {"pending": 1}}),
        ("opened_on", date(2009, 5, 1), {(2009, "QUE", "case"): {"active": 1}}),
        ("region", "ATL", {(2010, "ATL", "case"): {"active": 1}}),
    ],
)
def test_a_changed_file_leaves_its_old_count(name: str, value: Any, expected: dict):
    officer = rows.officer("QUE")
    file = rows.file(officer, DAY)
    setattr(file, name, Region.objects.get(code=value) if name == "region" else value)
    file.save()
    assert counted(officer) == expected
    assert list(differences()) == []


def test_a_file_that_turns_out_to_be_anothers_is_counted_there():
    one, other = rows.officer("QUE"), rows.officer("ATL")
    file = rows.file(one, DAY)
    file.officer, file.region = other, other.region
    file.save()
    assert (counted(one), counted(other)) == ({}, {(2010, "ATL", "case"): {"active": 1}})


def test_what_is_counted_is_what_is_stored_not_what_was_read():
    """Of two who read one file, the second to save takes off what the first made of it."""
    officer = rows.officer("QUE")
    file = rows.file(officer, DAY)
    first, second = (ImsFile.objects.get(pk=file.pk) for _reader in "ab")
    first.status = "closed"
    first.save()
    second.status = "pending"
    second.save(update_fields=["status"])
    assert counted(officer) == {(2010, "QUE", "case"): {"pending": 1}}


def test_deleting_takes_off_the_count_and_a_file_gone_already_takes_nothing():
    officer = rows.officer("QUE")
    file, twin = rows.file(officer, DAY), rows.file(officer, DAY)
    again = ImsFile.objects.get(pk=file.pk)
    file.delete()
    again.delete()
    assert counted(officer) == {(2010, "QUE", "case"): {"active": 1}}
    ImsFile.objects.filter(pk=twin.pk).delete()
    assert counted(officer) == {}


def test_writes_that_were_rolled_back_leave_no_trace():
    officer = rows.officer("QUE")
    file = rows.file(officer, DAY)
    before = list(ActivityCount.objects.order_by("pk").values_list())
    with transaction.atomic():
        file.status = "closed"
        file.save()
        ImsFile.objects.filter(officer=officer).update(kind="ors")
        rows.file(officer, date(2008, 5, 1))
        ImsFile.objects.filter(officer=officer).delete()
        transaction.set_rollback(True)
    assert list(ActivityCount.objects.order_by("pk").values_list()) == before
    assert list(differences()) == []


def test_an_import_and_its_undoing_keep_the_count(administrator: User):
    files = sheets.resource("ims-files", administrator)
    officer = rows.officer("QUE")
    kept = rows.file(officer, DAY)

    def line(number: str, status: str) -> dict[str, Any]:
        return {"number": number, "officer": officer.number, "kind": "Case", "status": status, "opened_on": DAY}

    with act(administrator) as change:
        files.change = change
        sheets.save(files, sheets.sheet(files, line(kept.number, "Closed"), line("NEW-1", "Pending")))
    assert counted(officer) == {(2010, "QUE", "case"): {"closed": 1, "pending": 1}}
    undone = undo(change, by=administrator)
    assert counted(officer) == {(2010, "QUE", "case"): {"active": 1}}
    undo(undone, by=administrator)
    assert counted(officer) == {(2010, "QUE", "case"): {"closed": 1, "pending": 1}}
    assert list(differences()) == []


# Any sequence of writes

WRITES = ["save", "change", "bulk_create", "bulk_update", "update", "delete", "delete_one", "undo", "roll_back"]
SORTS = st.tuples(
    st.integers(0, 2),
    st.sampled_from(ImsKind.values),
    st.sampled_from(ImsStatus.values),
    st.sampled_from([date(2009, 6, 1), date(2010, 3, 31), date(2010, 4, 1), date(2011, 2, 1)]),
)


class Writer:
    """Somebody who writes files of three officers in every way there is."""

    def __init__(self, officers: list[Officer], by: User) -> None:
        self.officers, self.by = officers, by
        self.changes: list[Any] = []

    @property
    def files(self) -> QuerySet:
        return ImsFile.objects.filter(officer__in=self.officers)

    def made(self, sort: tuple) -> ImsFile:
        officer, kind, status, day = sort
        owner = self.officers[officer]
        year = day.year - (day.month < 4)
        number = f"H-{next(rows._numbers):06}"
        return ImsFile(
            number=number,
            officer=owner,
            region=owner.region,
            kind=kind,
            status=status,
            opened_on=day,
            fiscal_year=year,
        )

    def turned(self, file: ImsFile, sort: tuple) -> ImsFile:
        like = self.made(sort)
        for name in ("officer", "region", "kind", "status", "opened_on", "fiscal_year"):
            setattr(file, name, getattr(like, name))
        return file

    def write(self, name: str, sort: tuple, many: int) -> None:
        some = list(self.files.order_by("pk")[:many])
        if name == "roll_back":
            with transaction.atomic():
                self.write("bulk_update", sort, many)
                self.write("delete", sort, many)
                transaction.set_rollback(True)
            return
        if name == "undo":
            if self.changes:
                self.changes.append(undo(self.changes.pop(), by=self.by))
            return
        with act(self.by) as change:
            told = {"by": self.by, "change": change}
            if name == "save":
                change.save_row(self.made(sort))
            elif name == "change" and some:
                change.save_row(self.turned(some[-1], sort))
            elif name == "bulk_create":
                ImsFile.objects.bulk_create([self.made(sort) for _n in range(many)], **told)
            elif name == "bulk_update":
                fields = ["officer", "region", "kind", "status", "opened_on", "fiscal_year"]
                ImsFile.objects.bulk_update([self.turned(file, sort) for file in some], fields, **told)
            elif name == "update":
                self.files.filter(pk__in=[file.pk for file in some]).update(kind=sort[1], status=sort[2], **told)
            elif name == "delete":
                self.files.filter(pk__in=[file.pk for file in some]).delete(**told)
            elif name == "delete_one" and some:
                change.delete_row(some[0])
        if change.versions():
            # What was undone stays the last word only while nobody writes over it.
            self.changes = [change]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.sampled_from(WRITES), SORTS, st.integers(0, 4)), min_size=1, max_size=10))
def test_after_any_writes_the_counts_are_those_of_a_recount(writes: list[tuple]):
    with transaction.atomic():
        by = User.objects.get(username="admin")
        writer = Writer([rows.officer("QUE"), rows.officer("QUE"), rows.officer("ATL")], by)
        for name, sort, many in writes:
            writer.write(name, sort, many)
            for officer in writer.officers:
                assert counted(officer) == recounted(officer)
        assert list(differences()) == []
        recount()
        assert [counted(officer) for officer in writer.officers] == [recounted(one) for one in writer.officers]
        transaction.set_rollback(True)


# What went past the portal


def test_a_write_past_the_portal_is_found_and_put_right():
    officer = rows.officer("QUE")
    file = rows.file(officer, DAY)
    QuerySet.update(ImsFile.objects.filter(pk=file.pk), status="closed")
    assert list(checks.counts_are_those_of_the_files()) == [
        (
            f"activity of {officer.number} in QUE",
            f"the roll-up counts 1 {word} than there are: case, {status}, 2010-2011",
        )
        for word, status in (("more", "active"), ("fewer", "closed"))
    ]
    out = StringIO()
    call_command("recount_activity", stdout=out)
    assert out.getvalue() == "counts put right 2\n"
    assert counted(officer) == {(2010, "QUE", "case"): {"closed": 1}}
    assert list(checks.counts_are_those_of_the_files()) == []


# Two at the same moment


def tried(write: Callable[[], Any]) -> Callable[[], None]:
    """The write, done again where the database says that another stood in the way."""

    def go() -> None:
        for _again in range(5):
            try:
                write()
            except OperationalError:
                continue
            return

    return go


@pytest.mark.django_db(transaction=True)
def test_two_writers_at_once_leave_a_right_count():
    one, other = rows.officer("QUE"), rows.officer("ATL")
    files = [rows.file(officer, DAY) for officer in (one, other) * 3]
    kinds = ("case", "occurrence")

    def batch(kind: str, *, turned: bool) -> Callable[[], Any]:
        some = [ImsFile.objects.get(pk=file.pk) for file in files]

        def write() -> None:
            for file in some:
                file.kind, file.status = kind, "pending"
            ImsFile.objects.bulk_update(some[::-1] if turned else some, ["kind", "status"])
            rows_new = [ImsFile(**values(officer, kind)) for officer in ((other, one) if turned else (one, other))]
            ImsFile.objects.bulk_create(rows_new)
            ImsFile.objects.filter(pk=files[0].pk).update(status="closed")
            ImsFile.objects.get(pk=files[1].pk).save()
            ImsFile.objects.filter(pk=files[2].pk).delete()

        return tried(write)

    def values(officer: Officer, kind: str) -> dict[str, Any]:
        number = f"TWO-{kind[:3]}-{officer.number}"
        return {
            "number": number,
            "officer": officer,
            "region": officer.region,
            "kind": kind,
            "status": "active",
            "opened_on": DAY,
            "fiscal_year": 2010,
        }

    answers = at_once(*(batch(kind, turned=bool(place)) for place, kind in enumerate(kinds)))
    assert [answer for answer in answers if answer is not None] == []
    assert list(differences()) == []
    assert ActivityCount.objects.filter(officer=one).exists()
