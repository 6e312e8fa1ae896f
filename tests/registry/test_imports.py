"""Officers and assignments come in by spreadsheet: whole, once, and within the rules."""

import threading
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from jfo_portal.kit.history import Door
from jfo_portal.kit.imports import resources
from jfo_portal.kit.imports.reading import ImportRefused, Sheet
from jfo_portal.kit.imports.resources import Resource
from jfo_portal.kit.periods import shared_day
from registry import actions, checks
from registry.models import JFO, Assignment, Level, Officer, OfficerLevel, Region, Role, User
from registry.models.assignments import rule_problems
from registry.resources import AssignmentResource, JFOResource, OfficerResource, Spell, clashes
from tests import rows, sheets
from tests.sheets import Row, errors, save, sheet

pytestmark = pytest.mark.django_db

SLUGS = ("officers", "assignments")
FIRST = date(2010, 4, 1)


@pytest.fixture(autouse=True)
def _in_english() -> Any:
    """A page asked for in French leaves its language behind in the process."""
    with override("en"):
        yield


@pytest.fixture
def officers(administrator: User) -> Resource:
    return sheets.resource("officers", administrator)


@pytest.fixture
def assignments(administrator: User) -> Resource:
    return sheets.resource("assignments", administrator)


@pytest.fixture
def officer(db: None) -> Officer:
    """An officer in QUE since 2001-01-01, without assignments."""
    return rows.officer()


def one(officer: Officer, jfo: str = "SPVM-JFO", **values: Any) -> Row:
    """A row of assignments: half of the officer's time from 2010-04-01 on, unless said otherwise."""
    return {"officer": officer.number, "jfo": jfo, "fte": 0.5, "start": FIRST, "end": None} | values


def person(number: str = "T-9001", **values: Any) -> Row:
    """A row of officers."""
    row = {"number": number, "family_name": "Roy", "given_name": "Ana", "function": "IO", "region": "QUE"}
    return row | {"start": date(2005, 4, 1), "end": None, "level": "FB-03", "level_start": date(2005, 4, 1)} | values


def levels(officer: Officer) -> list[tuple[str, date, date | None]]:
    return list(officer.levels.order_by("start").values_list("level", "start", "end"))


# Who may import


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("role", [Role.REGIONAL_MANAGER, Role.NHQ_REVIEWER, Role.AUDITOR])
def test_only_an_administrator_may_import(slug: str, role: Role) -> None:
    assert resources.get(slug, User(username="somebody", role=role)) is None


def test_a_manager_is_refused_the_imports_pages(client_of: Callable[[User], Client], que_manager: User) -> None:
    client = client_of(que_manager)
    assert client.get(reverse("import-new")).status_code == 403
    assert client.post(reverse("import-new"), {"entity": "assignments"}).status_code == 403


def test_every_entity_of_the_portal_can_be_imported(administrator: User) -> None:
    found = {resource.slug for resource in resources.all_for(administrator)}
    assert found >= {
        "officers",
        "levels",
        "assignments",
        "agencies",
        "jfos",
        "participations",
        "arrangements",
        "ims-files",
    }


# The samples


@pytest.mark.parametrize(
    ("slug", "name", "counts"),
    [
        ("officers", "officers.xlsx", (4, 3, 2)),
        ("assignments", "assignments.xlsx", (4, 4, 1)),
        ("assignments", "assignments-french.csv", (2, 1, 1)),
        ("levels", "levels.xlsx", (2, 2, 1)),
        ("agencies", "agencies.xlsx", (2, 1, 1)),
        ("jfos", "jfos.xlsx", (2, 1, 1)),
        ("participations", "participations.csv", (3, 1, 1)),
    ],
)
def test_a_sample_is_imported_as_documented_and_once(
    administrator: User, slug: str, name: str, counts: tuple[int, int, int]
) -> None:
    resource = sheets.resource(slug, administrator)
    made = sheets.sample(resource, name)
    preview = resource.preview(made)
    assert (errors(preview), preview.ignored) == ([], ())
    assert (preview.counts.new, preview.counts.changed, preview.counts.unchanged) == counts
    save(resource, made)
    versions = resource.model.history.count(), OfficerLevel.history.count()  # type: ignore[attr-defined]
    again = save(resource, made)
    assert (again.new, again.changed, again.unchanged) == (0, 0, sum(counts))
    assert (resource.model.history.count(), OfficerLevel.history.count()) == versions  # type: ignore[attr-defined]
    assert sheets.breaches() == []


def test_the_sample_with_errors_has_one_of_each(assignments: Resource) -> None:
    preview = assignments.preview(sheets.sample(assignments, "assignments-with-errors.xlsx"))
    assert (preview.counts.new, preview.counts.changed, preview.counts.unchanged, preview.counts.error) == (1, 0, 0, 18)
    found = {(line, label): sentence for line, label, sentence in errors(preview)}
    for place, words in {
        (3, "Officer number"): "No Officer number “O-9001” is known. For example: O-0042.",
        (4, "JFO"): "No JFO “IBET-QUE-9” is known. Did you mean IBET-QUE-",
        (5, "First day"): "“04/05/2011” is not a date the import can be sure of. Write it as YYYY-MM-DD.",
        (6, "FTE"): "1.5 is not between 0.01 and 1.00.",
        (7, "FTE"): "This cell is empty, and a value is needed. For example: 0.50.",
        (8, "Last day"): "The last day is before the first day.",
        (9, "Reason for the end"): "“Bored” is not one of these: Rotation;",
        (10, "FTE"): "On 2011-04-04 the officer would reach 1.50 FTE, more than 1.00, together with: 1.00 FTE on "
        "IBET-QUE-1, since 2001-04-09, without a last day. Give a smaller FTE, or end one of them first.",
        (11, "FTE"): "together with: 0.60 FTE on SPVM-JFO, since 2011-05-02, without a last day. "
        "Give a smaller FTE, or end one of them first. See row 12 of the file.",
        (12, "FTE"): "See row 11 of the file.",
        (13, "First day"): "The officer already has an assignment to this JFO on some of these days: 1.00 FTE on "
        "INSET-QUE, since 2007-05-07",
        (14, "First day"): "Officer O-0376 starts on 2010-03-22: the assignment cannot start earlier.",
        (15, "Last day"): "Officer O-0059 ends on 2009-11-27: the assignment must end on that day or earlier.",
        (16, "Reason for the end"): "officer O-0320 has none that starts on 2011-10-01.",
        (17, "Officer number"): "Row 18 is about the same record, O-0322 · TDS · 2011-04-04.",
        (18, "Officer number"): "Row 17 is about the same record",
        (19, "Reason for the end"): "Give the last day, or empty this.",
        (20, "Review date"): "The assignment starts on 2011-04-04: give that day or a later one.",
    }.items():
        assert words in found[place]
    with pytest.raises(ImportRefused, match="18 rows have errors"):
        save(assignments, preview.sheet)


def test_the_errors_are_told_in_french_with_the_same_rows_and_values(assignments: Resource) -> None:
    made = sheets.sample(assignments, "assignments-with-errors.xlsx")

    def found() -> list[Any]:
        rows = assignments.preview(made).rows
        return [(error.line, error.name, error.value) for row in rows for error in row.errors]

    in_english = found()
    with override("fr"):
        assert found() == in_english
        told = {(line, label) for line, label, _sentence in errors(assignments.preview(made))}
    assert {(10, "ETP"), (13, "Premier jour"), (15, "Dernier jour"), (16, "Motif de la fin")} <= told


# Every error at once


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("is not between", "already has an assignment to this JFO", "The last day is before the first day.")),
        ("fr", ("n’est pas", "a déjà une affectation à cette OPC", "Le dernier jour")),
    ],
)
def test_a_row_with_a_wrong_fte_hears_all_else_that_is_wrong_with_it(
    assignments: Resource, officer: Officer, language: str, words: tuple[str, str, str]
) -> None:
    rows.assignment(officer, "SPVM-JFO", date(2011, 1, 1))
    with override(language):
        preview = assignments.preview(
            sheet(
                assignments,
                one(officer, fte=1.5),
                one(officer, fte=1.5, jfo="TDS", end=date(2010, 3, 1)),
                # Which officer is meant is not known, and yet that the days are the wrong way round.
                one(officer, end=date(2010, 3, 1)) | {"officer": "O-9999"},
            )
        )
        told = {(error.line, error.name): error.sentence for row in preview.rows for error in row.errors}
    is_not_between, overlaps, before = words
    assert list(told) == [(2, "fte"), (2, "start"), (3, "fte"), (3, "end"), (4, "officer"), (4, "end")]
    assert is_not_between in told[2, "fte"]
    assert overlaps in told[2, "start"]
    assert before in told[3, "end"]
    assert before in told[4, "end"]


def test_a_row_is_not_told_of_what_a_wrong_cell_of_another_leaves_open(assignments: Resource, officer: Officer) -> None:
    transfer = one(officer, end=date(2011, 3, 31), end_reason="Transfer")
    preview = assignments.preview(
        sheet(
            assignments,
            transfer,
            # Its first day is right, so the transfer has its other half.
            one(officer, jfo="TDS", start=date(2011, 4, 1), fte="half"),
            one(officer, jfo="IBET-QUE-1", fte=0.75, start=date(2011, 5, 1)),
        )
    )
    assert [(line, label) for line, label, _sentence in errors(preview)] == [(3, "FTE")]


def test_of_two_rows_about_one_record_the_first_hears_what_else_is_wrong(
    assignments: Resource, officer: Officer
) -> None:
    early = one(officer, start=date(1999, 4, 1))
    told = errors(assignments.preview(sheet(assignments, early, early)))
    assert [(line, label) for line, label, _sentence in told] == [
        (2, "Officer number"),
        (2, "First day"),
        (3, "Officer number"),
    ]


# Export and import


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("file_format", ["csv", "csv-fr", "xlsx"])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_an_export_imported_again_changes_nothing(
    administrator: User, slug: str, file_format: str, language: str
) -> None:
    resource = sheets.resource(slug, administrator)
    with override(language):
        made = sheets.exported(resource, resource.importable(), file_format)
        preview = resource.preview(made)
    assert (errors(preview), preview.ignored) == ([], ())
    assert preview.counts.unchanged == len(made) == resource.model._default_manager.count()


def test_an_edited_export_changes_only_the_edited_cells(officers: Resource, assignments: Resource) -> None:
    made = sheets.exported(officers, officers.importable().order_by("number"))
    made = sheets.edited(officers, made, 2, "given_name", "Geneviève-Anne")
    made = sheets.edited(officers, made, 3, "function", "IA")
    versions = Officer.history.count(), OfficerLevel.history.count()
    counts = save(officers, made)
    assert (counts.new, counts.changed) == (0, 2)
    assert (Officer.history.count(), OfficerLevel.history.count()) == (versions[0] + 2, versions[1])

    made = sheets.exported(assignments, assignments.importable().order_by("pk"))
    made = sheets.edited(assignments, made, 2, "review_on", date(2012, 1, 9))
    [row] = [row for row in assignments.preview(made).rows if row.changes]
    assert [change.name for change in row.changes] == ["review_on"]


# Officers and their levels


def test_a_new_officer_comes_with_a_level(officers: Resource) -> None:
    save(officers, sheet(officers, person(region="Québec", function="AR")))
    officer = Officer.objects.get(number="T-9001")
    assert (officer.region.code, officer.function) == ("QUE", "IO")
    assert levels(officer) == [("FB-03", date(2005, 4, 1), None)]
    for version in (officer.history.latest(), officer.levels.get().history.latest()):
        assert (version.who, version.door, version.history_change_reason) == ("admin", Door.IMPORT, "the sheet of May")


def test_a_later_first_day_adds_a_level_and_ends_the_one_before(officers: Resource, officer: Officer) -> None:
    rows.level(officer, Level.FB_03, officer.start)
    versions = officer.history.count()
    row = person(officer.number, family_name="Essai", start=officer.start, level="FB-04", level_start=FIRST)
    save(officers, sheet(officers, row))
    assert levels(officer) == [("FB-03", officer.start, date(2010, 3, 31)), ("FB-04", FIRST, None)]
    assert officer.history.count() == versions


@pytest.mark.parametrize(
    ("level", "start", "after"),
    [
        ("FB-05", date(2006, 4, 1), [("FB-03", date(2006, 3, 31)), ("FB-05", None)]),
        ("FB-04", date(2007, 4, 1), [("FB-03", date(2007, 3, 31)), ("FB-04", None)]),
        ("FB-04", date(2005, 4, 1), [("FB-03", date(2005, 3, 31)), ("FB-04", None)]),
    ],
)
def test_the_last_level_is_corrected(
    officers: Resource, officer: Officer, level: str, start: date, after: list[tuple[str, date | None]]
) -> None:
    rows.level(officer, Level.FB_03, officer.start, date(2006, 3, 31))
    rows.level(officer, Level.FB_04, date(2006, 4, 1))
    save(officers, sheet(officers, person(officer.number, start=officer.start, level=level, level_start=start)))
    assert [(name, end) for name, _start, end in levels(officer)] == after
    assert officer.levels.get(end=None).start == start
    assert list(checks.one_level_a_day()) == []


@pytest.mark.parametrize(
    ("values", "label", "words"),
    [
        ({"level": None, "level_start": None}, "Level", "A level is needed: cost is worked out from it."),
        ({"level_start": None}, "First day at this level", "from which day on the officer has this level"),
        ({"level": "FB-03", "level_start": date(2005, 1, 1)}, "First day at this level", "FB-04 since 2006-04-01"),
        ({"level_start": date(2001, 1, 1)}, "First day at this level", "The officer was FB-03 from 2001-01-01 on"),
        (
            {"end": date(2010, 12, 31), "level": "FB-05", "level_start": date(2011, 1, 1)},
            "First day at this level",
            "The officer's last day is 2010-12-31",
        ),
        ({"region": "East"}, "Region", "No Region “East” is known."),
        ({"family_name": None}, "Family name", "a value is needed. For example: Roy."),
        ({"end": date(2000, 12, 31)}, "Last day", "The last day is before the first day."),
    ],
)
def test_what_is_wrong_with_an_officer_is_told(
    officers: Resource, officer: Officer, values: Row, label: str, words: str
) -> None:
    rows.level(officer, Level.FB_03, officer.start, date(2006, 3, 31))
    rows.level(officer, Level.FB_04, date(2006, 4, 1))
    row = person(officer.number, start=officer.start, level="FB-04", level_start=date(2006, 4, 1)) | values
    [(line, told, sentence)] = errors(officers.preview(sheet(officers, row)))
    assert (line, told) == (2, label)
    assert words in sentence


def test_a_new_officer_without_a_level_column_is_refused(officers: Resource) -> None:
    row = person()
    del row["level"], row["level_start"]
    assert [label for _line, label, _sentence in errors(officers.preview(sheet(officers, row)))] == ["Level"]


def test_an_officers_dates_never_leave_out_an_assignment(officers: Resource, officer: Officer) -> None:
    rows.level(officer, Level.FB_03, officer.start)
    rows.assignment(officer, "SPVM-JFO", FIRST, date(2011, 9, 30))
    row = person(officer.number, level="FB-03", level_start=officer.start)
    made = sheet(officers, row | {"start": date(2010, 6, 1), "end": date(2011, 6, 30)})
    [start, end] = errors(officers.preview(made))
    assert start[:2] == (2, "First day")
    assert "1.00 FTE on SPVM-JFO, 2010-04-01 to 2011-09-30. Give an earlier first day" in start[2]
    assert end[:2] == (2, "Last day")
    assert "1.00 FTE on SPVM-JFO, 2010-04-01 to 2011-09-30. Give a later last day" in end[2]
    assert not errors(officers.preview(sheet(officers, row | {"start": FIRST, "end": date(2011, 9, 30)})))


# Assignments and their rules


def test_an_assignment_is_new_changed_or_unchanged(assignments: Resource, officer: Officer) -> None:
    rows.assignment(officer, "SPVM-JFO", FIRST, fte=Decimal("0.50"))
    made = sheet(assignments, one(officer, end=date(2010, 9, 30)), one(officer, "FAE", fte=0.25))
    assert [row.outcome for row in assignments.preview(made).rows] == ["changed", "new"]
    assert assignments.preview(sheet(assignments, one(officer))).counts.unchanged == 1


def test_the_sum_of_fte_looks_at_the_file_and_at_the_database(assignments: Resource, officer: Officer) -> None:
    rows.assignment(officer, "SPVM-JFO", date(2009, 4, 1), fte=Decimal("0.40"))
    made = sheet(assignments, one(officer, "FAE", fte=0.4), one(officer, "NPET-QUE", fte=0.3, start=date(2010, 6, 1)))
    reached = (
        "On 2010-06-01 the officer would reach 1.10 FTE, more than 1.00, together with: "
        "0.40 FTE on SPVM-JFO, since 2009-04-01, without a last day; "
    )
    remedy = " Give a smaller FTE, or end one of them first. "
    assert errors(assignments.preview(made)) == [
        (
            2,
            "FTE",
            reached + "0.30 FTE on NPET-QUE, since 2010-06-01, without a last day." + remedy + "See row 3 of the file.",
        ),
        (
            3,
            "FTE",
            reached + "0.40 FTE on FAE, since 2010-04-01, without a last day." + remedy + "See row 2 of the file.",
        ),
    ]


def test_what_the_file_ends_makes_room(assignments: Resource, officer: Officer) -> None:
    rows.assignment(officer, "SPVM-JFO", date(2009, 4, 1))
    new = one(officer, "FAE", fte=1)
    assert len(errors(assignments.preview(sheet(assignments, new)))) == 1
    old = one(officer, fte=1, start=date(2009, 4, 1), end=date(2010, 3, 31))
    save(assignments, sheet(assignments, new, old))
    assert Assignment.objects.filter(officer=officer).as_of(FIRST).get().jfo.code == "FAE"


@pytest.mark.parametrize(
    "after",
    [
        # Each shape that a row-by-row save would meet with the database's refusal in one order or the other.
        [("SPVM-JFO", "0.40", None), ("FAE", "0.60", None)],
        [("FAE", "0.60", None), ("SPVM-JFO", "0.40", None)],
        [("SPVM-JFO", "0.80", date(2010, 5, 31)), ("FAE", "0.20", None)],
        [("FAE", "0.90", date(2010, 6, 30)), ("SPVM-JFO", "0.10", date(2010, 9, 30))],
        [("NPET-QUE", "0.50", None), ("SPVM-JFO", "0.30", None), ("FAE", "0.20", None)],
    ],
)
def test_a_valid_end_is_reached_whatever_the_order_of_the_rows(
    assignments: Resource, officer: Officer, after: list[tuple[str, str, date | None]]
) -> None:
    start = date(2010, 1, 1)
    rows.assignment(officer, "SPVM-JFO", start, fte=Decimal("0.60"))
    rows.assignment(officer, "FAE", start, fte=Decimal("0.40"))
    save(
        assignments, sheet(assignments, *(one(officer, jfo, fte=fte, start=start, end=end) for jfo, fte, end in after))
    )
    stored = Assignment.objects.filter(officer=officer)
    assert {(row.jfo.code, str(row.fte), row.end) for row in stored} == set(after)
    for row in stored:
        assert row.history.filter(door=Door.IMPORT).count() == 1
    assert list(checks.fte_and_overlaps()) == []


def test_rows_that_are_refused_keep_every_row_out(assignments: Resource, officer: Officer) -> None:
    rows.assignment(officer, "SPVM-JFO", FIRST)
    good = one(rows.officer(), "FAE")
    with pytest.raises(ImportRefused, match="Nothing was saved, because 1 row has an error"):
        save(assignments, sheet(assignments, good, one(officer, "FAE", fte=0.1)))
    assert Assignment.objects.filter(officer__number__startswith="T-").count() == 1


def test_a_change_that_the_rules_do_not_ask_about_passes(assignments: Resource, officer: Officer) -> None:
    """An officer's dates may have been narrowed past an assignment long ago; its review date can still be set."""
    rows.assignment(officer, "SPVM-JFO", FIRST, fte=Decimal("0.50"))
    Officer.objects.filter(pk=officer.pk).update(end=date(2010, 12, 31))
    assert not errors(assignments.preview(sheet(assignments, one(officer) | {"review_on": date(2012, 1, 1)})))
    assert errors(assignments.preview(sheet(assignments, one(officer, fte=0.6))))


def test_a_preview_asks_as_many_queries_for_a_hundred_rows_as_for_one(administrator: User) -> None:
    people = [rows.officer() for _number in range(100)]
    for officer in people:
        rows.level(officer, Level.FB_03, officer.start)
        rows.assignment(officer, "SPVM-JFO", FIRST, date(2010, 9, 30))
    of_assignments = [one(officer, "FAE") for officer in people]
    of_officers = [person(officer.number, start=date(2001, 2, 1), level="FB-04") for officer in people]
    for slug, made in (("assignments", of_assignments), ("officers", of_officers)):
        counted = []
        for some in (made[:1], made):
            resource = sheets.resource(slug, administrator)
            with CaptureQueriesContext(connection) as queries:
                preview = resource.preview(sheet(resource, *some))
            assert len(preview.rows) == len(some)
            counted.append(len(queries))
        assert counted[0] == counted[1] <= 6


# What the screens refuse of an assignment, and what they warn of


def told_of(assignments: Resource, *made: Row) -> list[tuple[int, str, str]]:
    return errors(assignments.preview(sheet(assignments, *made)))


def test_an_assignment_of_an_earlier_year_stays_as_it_is(assignments: Resource, officer: Officer) -> None:
    start = date(2008, 4, 1)
    rows.assignment(officer, "SPVM-JFO", start, date(2009, 9, 30), fte=Decimal("0.50"))
    [(_line, label, sentence)] = told_of(assignments, one(officer, start=start, end=date(2009, 12, 31)))
    assert label == "Last day"
    assert sentence == (
        "This assignment ended on 2009-09-30, in an earlier fiscal year, whose figures stay as they are. "
        "Take the row out, or add one with another first day."
    )
    assert not told_of(assignments, one(officer, start=start, end=date(2009, 9, 30)))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            {"review_on": date(2010, 3, 31), "end": None},
            "The assignment starts on 2010-04-01: give that day or a later",
        ),
        (
            {"review_on": date(2012, 1, 1), "end": date(2011, 9, 30)},
            "The assignment would end on 2011-09-30: review it on that day or earlier, or not at all.",
        ),
        ({"review_on": date(2011, 1, 1), "end": None}, "2011-01-01 is over. Give a later date for the review."),
    ],
)
def test_a_review_that_does_not_fit_is_refused(
    assignments: Resource, officer: Officer, values: Row, words: str
) -> None:
    [(_line, label, sentence)] = told_of(assignments, one(officer) | values)
    assert label == "Review date"
    assert words in sentence


def test_a_change_of_fte_and_a_transfer_come_with_their_other_half(assignments: Resource, officer: Officer) -> None:
    ended = one(officer, end=date(2011, 4, 30))
    goes_on = one(officer, start=date(2011, 5, 1), fte=0.75)
    moved = one(officer, "FAE", start=date(2011, 5, 1), fte=0.75)
    change, transfer = ({"end_reason": "change"}, {"end_reason": "transfer"})
    for reason, other, another in ((change, goes_on, moved), (transfer, moved, goes_on)):
        assert not told_of(assignments, ended | reason, other | {"end_reason": None})
        [(line, label, sentence)] = told_of(assignments, ended | reason, another | {"end_reason": None})
        assert (line, label) == (2, "Reason for the end")
        assert f"officer {officer.number} has none that starts on 2011-05-01." in sentence


def test_what_is_open_past_the_policy_period_is_warned_of(assignments: Resource, officer: Officer) -> None:
    """Tenure joins spells with gaps of at most 30 days, in the file and in the database."""
    rows.assignment(officer, "SPVM-JFO", date(2005, 4, 1), date(2010, 3, 15), fte=Decimal("0.50"))

    def warnings(*made: Row) -> list[tuple[int, str, str]]:
        # Columns and their words are read once, in the language of the day.
        resource = AssignmentResource(assignments.user)
        preview = resource.preview(sheet(resource, *made))
        assert errors(preview) == []
        return [(told.line, told.label, told.sentence) for row in preview.rows for told in row.warnings]

    [(line, label, sentence)] = warnings(one(officer) | {"review_on": None})
    assert (line, label) == (2, "Review date")
    assert "on this JFO since 2005-04-01, for more than 5 years" in sentence
    with override("fr"):
        [(_line, in_french, _sentence)] = warnings(one(officer) | {"review_on": None})
        assert in_french == "Date de réexamen"
    assert warnings(one(officer) | {"review_on": date(2011, 9, 1)}) == []
    assert warnings(one(officer, end=date(2011, 9, 1))) == []
    assert warnings(one(officer, start=date(2010, 5, 1))) == []
    assert (
        len(warnings(one(officer, start=date(2010, 5, 1)), one(officer, start=date(2010, 4, 1), end=date(2010, 4, 2))))
        == 1
    )


# Regions


def test_an_officer_comes_into_no_region_that_is_over(officers: Resource, officer: Officer) -> None:
    Region.objects.filter(code="NFE").update(end=date(2011, 3, 15))
    found = errors(officers.preview(sheet(officers, person(region="NFE"), person("T-9002", region="SOR"))))
    assert found == [
        (2, "Region", "Niagara/Fort Erie ended on 2011-03-15. Give the region that took over: SOR."),
        (3, "Region", "Southern Ontario begins on 2012-04-01. Give the region that holds on 2011-03-31."),
    ]
    assert not errors(officers.preview(sheet(officers, person(region="NFE", end=date(2011, 3, 15)))))


def test_a_manager_would_bring_in_no_officer_of_another_region(gta_manager: User) -> None:
    resource = OfficerResource(gta_manager)
    [(_line, label, sentence)] = errors(resource.preview(sheet(resource, person())))
    assert label == "Region"
    assert sentence.startswith("Quebec is not one of your regions.")


def test_an_officers_number_can_stand_in_an_address(officers: Resource) -> None:
    [(_line, label, sentence)] = errors(officers.preview(sheet(officers, person("T/9001"))))
    assert (label, sentence.split(",")[0]) == ("Officer number", "Use capital letters")


# The search for clashes


def spells(*facts: tuple[int, int, int | None, int]) -> list[Spell]:
    """Assignments of one officer: number of the JFO, first day, how many more, and hundredths of full time."""
    officer = Officer(pk=1, number="T-1", start=date(2001, 1, 1))
    first = date(2010, 1, 1)
    return [
        Spell(
            Assignment(
                officer=officer,
                jfo=JFO(pk=jfo, code=f"JFO-{jfo}", start=date(2001, 1, 1)),
                start=first + timedelta(days=start),
                end=None if length is None else first + timedelta(days=start + length),
                fte=Decimal(hundredths) / 100,
            )
        )
        for jfo, start, length, hundredths in facts
    ]


FACTS = st.tuples(st.integers(1, 4), st.integers(0, 30), st.none() | st.integers(0, 10), st.integers(1, 100))


@given(st.lists(FACTS, max_size=14))
def test_clashes_are_found_where_the_rules_are_broken_and_nowhere_else(facts: list[Any]) -> None:
    made = spells(*facts)
    found = clashes(made)
    held = [spell.assignment for spell in made]
    per_jfo = [[row for row in held if row.jfo_id == jfo] for jfo in range(1, 5)]
    is_broken = checks.fullest_day(held) is not None or any(shared_day(each) for each in per_jfo)
    assert bool(found) == is_broken
    for spell, others in found.items():
        assert rule_problems(spell.assignment, [other.assignment for other in others])


def test_a_thousand_clashes_are_told_shortly() -> None:
    found = clashes(spells(*[(1, day % 300, None, 100) for day in range(1000)]))
    assert len(found) == 1000
    assert max(map(len, found.values())) <= 20


# At once


def at_once(*jobs: Callable[[], object]) -> list[str]:
    """Run the jobs in threads that start together; return what each was refused with."""
    barrier = threading.Barrier(len(jobs))
    refused: list[str] = []

    def run(job: Callable[[], object]) -> None:
        barrier.wait()
        try:
            job()
        except (ImportRefused, ValidationError) as error:
            refused.append(str(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[job]) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return refused


def confirmed(resource: type[Resource], user: User, *made: Row) -> Callable[[], object]:
    """Return the confirmation of a preview that is seen now."""
    read: Sheet = sheet(resource(user), *made)
    digest = resource(user).preview(read).digest
    return lambda: resource(user).apply(read, confirmed=digest, reason="at once")


@pytest.mark.django_db(transaction=True)
def test_two_imports_at_once_leave_no_breach(administrator: User) -> None:
    people: Sequence[Officer] = [rows.officer() for _number in range(5)]
    refused = at_once(
        *[
            confirmed(AssignmentResource, administrator, *[one(officer, jfo, fte=0.6) for officer in order])
            for jfo, order in (("SPVM-JFO", people), ("FAE", people[::-1]))
        ]
    )
    assert len(refused) == 1
    assert "The preview was remade" in refused[0]
    assert Assignment.objects.filter(officer__in=people).count() == 5
    assert sheets.breaches() == []


@pytest.mark.django_db(transaction=True)
def test_an_import_and_a_manager_at_once_leave_no_breach(administrator: User) -> None:
    officer = rows.officer()
    refused = at_once(
        confirmed(AssignmentResource, administrator, one(officer, fte=0.6)),
        lambda: actions.assign(
            by=None, officer=officer, jfo=JFO.objects.get(code="FAE"), fte=Decimal("0.60"), start=FIRST
        ),
    )
    assert len(refused) == 1
    assert Assignment.objects.filter(officer=officer).count() == 1
    assert sheets.breaches() == []


@pytest.mark.django_db(transaction=True)
def test_an_officer_who_leaves_and_is_assigned_at_once_is_not_left_with_a_breach(administrator: User) -> None:
    officer = rows.officer()
    rows.level(officer, Level.FB_03, officer.start)
    leaves = person(officer.number, start=officer.start, end=FIRST, level="FB-03", level_start=officer.start)
    refused = at_once(
        confirmed(OfficerResource, administrator, leaves),
        confirmed(AssignmentResource, administrator, one(officer, start=date(2010, 6, 1))),
    )
    assert len(refused) == 1
    assert sheets.breaches() == []


@pytest.mark.django_db(transaction=True)
def test_a_jfo_that_ends_and_is_staffed_at_once_is_not_left_with_a_breach(administrator: User) -> None:
    officer = rows.officer()
    resource = sheets.resource("jfos", administrator)
    names = {"name_en": "A new JFO", "name_fr": "Une nouvelle OPC"}
    jfo = {"code": "NEW-QUE", **names, "program": "FAE", "region": "QUE", "leads": "SQ", "start": FIRST, "end": None}
    save(resource, sheet(resource, jfo))
    refused = at_once(
        confirmed(JFOResource, administrator, jfo | {"end": date(2010, 12, 31)}),
        confirmed(AssignmentResource, administrator, one(officer, "NEW-QUE", start=date(2011, 1, 10))),
    )
    assert len(refused) == 1
    assert sheets.breaches() == []
