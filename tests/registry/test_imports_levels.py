"""Levels of officers come in by spreadsheet: one a day, and the gaps are told."""

from datetime import date
from typing import Any

import pytest
from django.utils.translation import override

from jfo_portal.kit.imports.reading import ImportRefused
from jfo_portal.kit.imports.resources import Resource
from registry import checks
from registry.models import Level, Officer, User
from registry.resources import LevelResource
from tests import rows, sheets
from tests.sheets import Row, errors, save, sheet

pytestmark = pytest.mark.django_db

FIRST = date(2005, 4, 1)
SECOND = date(2009, 4, 1)


@pytest.fixture(autouse=True)
def _in_english() -> Any:
    """A page asked for in French leaves its language behind in the process."""
    with override("en"):
        yield


@pytest.fixture
def levels(administrator: User) -> Resource:
    return sheets.resource("levels", administrator)


@pytest.fixture
def officer(db: None) -> Officer:
    """An officer in QUE since 2001-01-01, FB-03 since 2005-04-01."""
    officer = rows.officer()
    rows.level(officer, Level.FB_03, FIRST)
    return officer


def one(officer: Officer, level: str = "FB-04", start: date = SECOND, end: date | None = None) -> Row:
    return {"officer": officer.number, "level": level, "start": start, "end": end}


def warnings(resource: Resource, *made: Row) -> list[tuple[int, str, str]]:
    preview = resource.preview(sheet(resource, *made))
    return [(warning.line, warning.label, warning.sentence) for row in preview.rows for warning in row.warnings]


def stored(officer: Officer) -> list[tuple[str, date, date | None]]:
    return list(officer.levels.order_by("start").values_list("level", "start", "end"))


def test_a_promotion_ends_the_level_before_whatever_the_order_of_the_rows(levels: Resource, officer: Officer) -> None:
    save(levels, sheet(levels, one(officer), one(officer, "FB-03", FIRST, date(2009, 3, 31))))
    assert stored(officer) == [("FB-03", FIRST, date(2009, 3, 31)), ("FB-04", SECOND, None)]
    assert list(checks.one_level_a_day()) == []


def test_the_level_without_a_last_day_can_change_from_one_row_to_another(levels: Resource, officer: Officer) -> None:
    """The database allows one such row, and looks at it row by row."""
    officer.levels.update(end=date(2009, 3, 31))
    rows.level(officer, Level.FB_04, SECOND)
    rows.level(officer, Level.FB_03, date(2003, 4, 1), date(2003, 12, 31))
    made = sheet(
        levels,
        one(officer, "FB-03", date(2003, 4, 1), date(2005, 3, 31)),
        one(officer, "FB-04", SECOND, date(2010, 3, 31)),
        one(officer, "FB-05", date(2010, 4, 1)),
    )
    save(levels, made)
    assert [end for _level, _start, end in stored(officer)] == [
        date(2005, 3, 31),
        date(2009, 3, 31),
        date(2010, 3, 31),
        None,
    ]


def test_a_second_level_on_a_day_is_refused_in_file_and_database(levels: Resource, officer: Officer) -> None:
    made = sheet(levels, one(officer), one(officer, "FB-05", date(2010, 4, 1)))
    assert errors(levels.preview(made)) == [
        (
            2,
            "First day at this level",
            (
                "The officer is FB-03 from 2005-04-01 on. End that level the day before: "
                "give its row 2009-03-31 as the last day."
            ),
        ),
        (
            2,
            "Last day at this level",
            (
                "The officer is FB-05 from 2010-04-01 on. Give 2010-03-31, the day before, as the last day here. "
                "See row 3 of the file."
            ),
        ),
        (
            3,
            "First day at this level",
            (
                "The officer is FB-04 from 2009-04-01 on. End that level the day before: "
                "give its row 2010-03-31 as the last day. See row 2 of the file."
            ),
        ),
    ]
    with pytest.raises(ImportRefused, match="2 rows have errors"):
        save(levels, made)
    assert len(stored(officer)) == 1


@pytest.mark.parametrize(
    ("values", "label", "words"),
    [
        ({"level": "FB-09"}, "Level", "“FB-09” is not one of these"),
        ({"level": None}, "Level", "a value is needed. For example: FB-04."),
        ({"officer": "T-none"}, "Officer number", "No Officer number “T-none” is known."),
        ({"start": "1/4/2009"}, "First day at this level", "Write it as YYYY-MM-DD."),
        ({"start": date(2001, 4, 1), "end": date(2000, 4, 1)}, "Last day at this level", "before the first day."),
        ({"start": date(2012, 4, 1)}, "First day at this level", "The officer's last day is 2011-12-31"),
    ],
)
def test_what_is_wrong_with_a_level_is_told(
    levels: Resource, administrator: User, values: Row, label: str, words: str
) -> None:
    officer = rows.officer(end=date(2011, 12, 31))
    [(line, told, sentence)] = errors(levels.preview(sheet(levels, one(officer) | values)))
    assert (line, told) == (2, label)
    assert words in sentence
    with override("fr"):
        [(_line, _label, in_french)] = errors(
            LevelResource(administrator).preview(sheet(levels, one(officer) | values))
        )
    assert in_french != sentence


def test_days_without_a_level_are_warned_of(levels: Resource, officer: Officer) -> None:
    assert warnings(levels, one(officer, "FB-03", FIRST, date(2009, 2, 28)), one(officer)) == [
        (
            2,
            "Last day at this level",
            "From 2009-03-01 to 2009-03-31 the officer would have no level, and cost cannot be worked out then.",
        )
    ]
    [(_line, _label, sentence)] = warnings(levels, one(officer, "FB-03", FIRST, date(2009, 2, 28)))
    assert "From 2009-03-01 on the officer would have no level" in sentence
    assert warnings(levels, one(officer, "FB-03", FIRST, date(2009, 3, 31)), one(officer)) == []


def test_an_officer_of_another_region_is_out_of_a_managers_reach(gta_manager: User, officer: Officer) -> None:
    resource = LevelResource(gta_manager)
    [(_line, label, sentence)] = errors(resource.preview(sheet(resource, one(officer))))
    assert label == "Officer number"
    assert "is known" in sentence
