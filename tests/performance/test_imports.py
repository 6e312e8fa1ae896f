"""IMS files come in by spreadsheet, inside their officer's service, with the region and fiscal year that follow."""

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from jfo_portal.kit.history import Door
from jfo_portal.kit.imports import resources
from jfo_portal.kit.imports.reading import ImportRefused
from jfo_portal.kit.imports.resources import Resource
from performance.models import ImsFile
from registry.models import Level, Officer, Region, Role, User
from tests import rows, sheets
from tests.sheets import Row, errors, save, sheet

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_english() -> Any:
    """A page asked for in French leaves its language behind in the process."""
    with override("en"):
        yield


@pytest.fixture
def files(administrator: User) -> Resource:
    return sheets.resource("ims-files", administrator)


@pytest.fixture
def officer(db: None) -> Officer:
    """An officer in QUE, in service from 2009-01-01 to 2011-06-30."""
    return rows.officer(start=date(2009, 1, 1), end=date(2011, 6, 30))


def one(officer: Officer, number: str = "T-1", opened_on: date = date(2010, 10, 1), **values: Any) -> Row:
    """A row of IMS files: an active case opened on 2010-10-01, unless said otherwise."""
    row = {"number": number, "officer": officer.number, "kind": "Case", "status": "Active", "opened_on": opened_on}
    return row | values


@pytest.mark.parametrize("role", [Role.REGIONAL_MANAGER, Role.NHQ_REVIEWER, Role.AUDITOR])
def test_only_an_administrator_may_import(role: Role) -> None:
    assert resources.get("ims-files", User(username="somebody", role=role)) is None


def test_the_sample_is_imported_as_documented_and_once(files: Resource) -> None:
    made = sheets.sample(files, "ims-files.csv")
    assert (made.delimiter, made.decimal_comma) == (";", True)
    preview = files.preview(made)
    assert (errors(preview), preview.ignored) == ([], ())
    assert (preview.counts.new, preview.counts.changed, preview.counts.unchanged) == (5, 1, 2)
    save(files, made)
    versions = ImsFile.history.count()
    assert save(files, made).unchanged == 8
    assert ImsFile.history.count() == versions
    assert sheets.breaches() == []


def test_region_and_fiscal_year_follow(files: Resource, officer: Officer) -> None:
    save(files, sheet(files, one(officer, opened_on=date(2011, 3, 31)), one(officer, "T-2", date(2011, 4, 1))))
    stored = ImsFile.objects.filter(officer=officer).order_by("number")
    assert [(file.region.code, file.fiscal_year) for file in stored] == [("QUE", 2010), ("QUE", 2011)]
    version = stored[0].history.get()
    assert (version.who, version.door, version.history_change_reason) == ("admin", Door.IMPORT, "the sheet of May")


def test_a_file_keeps_its_region_when_its_officer_has_moved(files: Resource, officer: Officer) -> None:
    file = rows.file(officer, date(2010, 10, 1))
    officer.region = Region.objects.get(code="PAC")
    officer.save_as(None)
    other = rows.officer("ATL")
    save(files, sheet(files, one(officer, file.number, date(2011, 4, 4), status="Fermé")))
    file.refresh_from_db()
    assert (file.region.code, file.fiscal_year, file.status) == ("QUE", 2011, "closed")
    save(files, sheet(files, one(other, file.number, date(2011, 4, 4), status="closed")))
    file.refresh_from_db()
    assert file.region.code == "ATL"
    assert [version.door for version in file.history.all()][:2] == [Door.IMPORT] * 2


def test_a_number_in_other_letters_is_the_same_file(files: Resource, officer: Officer) -> None:
    save(files, sheet(files, one(officer, "AB-1"), one(officer, "AB-2")))
    spelled = [one(officer, "ab-1", status="Closed"), one(officer, "AB-2"), one(officer, "ab-3")]
    preview = files.preview(sheet(files, *spelled))
    assert (preview.counts.new, preview.counts.changed, preview.counts.unchanged) == (1, 1, 1)


def test_an_empty_status_is_not_specified(files: Resource, officer: Officer) -> None:
    save(files, sheet(files, one(officer, status=None)))
    assert ImsFile.objects.get(number="T-1").status == "unspecified"


@pytest.mark.parametrize(
    ("values", "label", "words"),
    [
        ({"opened_on": date(2008, 12, 31)}, "Opened on", "starts on 2009-01-01: the file cannot be opened earlier."),
        ({"opened_on": date(2011, 7, 1)}, "Opened on", "ends on 2011-06-30: the file cannot be opened later."),
        ({"opened_on": "01/02/2011"}, "Opened on", "Write it as YYYY-MM-DD. For example: 2010-10-01."),
        ({"officer": "O-9999"}, "Officer number", "No Officer number “O-9999” is known."),
        ({"kind": "Lead"}, "Kind", "“Lead” is not one of these: Case; Occurrence; Project; ORS entry."),
        ({"status": "Open"}, "Status", "“Open” is not one of these: Active;"),
        ({"kind": None}, "Kind", "This cell is empty, and a value is needed. For example: Case."),
    ],
)
def test_what_is_wrong_with_a_file_is_told(
    files: Resource, officer: Officer, values: Row, label: str, words: str
) -> None:
    made = sheet(files, one(officer, "T-0"), one(officer) | values)
    [(line, told, sentence)] = errors(files.preview(made))
    assert (line, told) == (3, label)
    assert words in sentence
    with override("fr"):
        [(line, told, sentence)] = errors(files.preview(made))
    assert (line, told) == (3, files.fields[next(iter(values))].labels["fr"])
    with pytest.raises(ImportRefused, match="1 row has an error"):
        save(files, made)
    assert not ImsFile.objects.filter(officer=officer).exists()


def test_the_day_of_entry_is_read_and_may_be_unknown(files: Resource, officer: Officer) -> None:
    known = one(officer, entered_on=date(2010, 10, 4))
    save(files, sheet(files, known, one(officer, "T-2", entered_on=None)))
    assert [row.entered_on for row in ImsFile.objects.filter(officer=officer).order_by("number")] == [
        date(2010, 10, 4),
        None,
    ]
    counts = save(files, sheet(files, known | {"entered_on": date(2010, 10, 5)}))
    assert (counts.new, counts.changed) == (0, 1)
    assert ImsFile.objects.get(number="T-1").entered_on == date(2010, 10, 5)


def test_a_file_without_the_column_leaves_the_day_of_entry_as_it_is(files: Resource, officer: Officer) -> None:
    save(files, sheet(files, one(officer, entered_on=date(2010, 10, 4))))
    assert save(files, sheet(files, one(officer))).unchanged == 1
    assert ImsFile.objects.get(number="T-1").entered_on == date(2010, 10, 4)


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2010, 9, 30), "A file cannot be entered before the day it was opened."),
        (date(2011, 4, 1), "2011-04-01 is still to come: a file cannot have been entered then."),
    ],
)
def test_a_day_of_entry_before_the_opening_or_still_to_come_is_refused(
    files: Resource, officer: Officer, day: date, words: str
) -> None:
    [(line, label, sentence)] = errors(files.preview(sheet(files, one(officer, entered_on=day))))
    assert (line, label) == (2, "Entered on")
    assert sentence.startswith(words)


@pytest.mark.parametrize("file_format", ["csv", "csv-fr", "xlsx"])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_an_export_imported_again_changes_nothing(files: Resource, file_format: str, language: str) -> None:
    records = files.importable().filter(officer__number__lte="O-0010").order_by("number")
    with override(language):
        preview = files.preview(sheets.exported(files, records, file_format))
    assert (errors(preview), preview.ignored) == ([], ())
    assert preview.counts.unchanged == records.count() > 100


def test_an_edited_export_changes_only_the_edited_cells(files: Resource) -> None:
    records = files.importable().filter(officer__number="O-0001").order_by("number")
    made = sheets.edited(files, sheets.exported(files, records), 3, "status", "Cancelled")
    versions = ImsFile.history.count()
    counts = save(files, made)
    assert (counts.new, counts.changed) == (0, 1)
    assert ImsFile.history.count() == versions + 1
    assert records.all()[1].status == "cancelled"


def test_a_preview_asks_as_many_queries_for_a_hundred_rows_as_for_one(administrator: User) -> None:
    made = [one(rows.officer(), f"T-{number}") for number in range(100)]
    counted = []
    for some in (made[:1], made):
        resource = sheets.resource("ims-files", administrator)
        with CaptureQueriesContext(connection) as queries:
            assert resource.preview(sheet(resource, *some)).counts.new == len(some)
        counted.append(len(queries))
    assert counted[0] == counted[1] <= 4


def test_an_officers_dates_never_leave_out_a_file(administrator: User, officer: Officer) -> None:
    rows.level(officer, Level.FB_03, officer.start)
    rows.file(officer, date(2009, 4, 6))
    rows.file(officer, date(2011, 5, 2))
    resource = sheets.resource("officers", administrator)
    row = {
        "number": officer.number,
        "family_name": officer.family_name,
        "given_name": officer.given_name,
        "function": officer.function,
        "region": "QUE",
        "start": date(2009, 4, 7),
        "end": date(2011, 5, 1),
    }
    told = errors(resource.preview(sheet(resource, row)))
    assert [label for _line, label, _sentence in told] == ["First day", "Last day"]
    assert all("IMS files opened from 2009-04-06 to 2011-05-02" in sentence for _line, _label, sentence in told)
