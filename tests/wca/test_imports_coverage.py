"""Coverage comes in by spreadsheet, a row for each spell in which an arrangement covers a JFO."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jfo_portal.kit import changesets
from jfo_portal.kit.history import Door
from jfo_portal.kit.imports import resources
from jfo_portal.kit.imports.reading import ImportRefused
from jfo_portal.kit.imports.resources import Resource
from registry.models import JFO, Role, User
from tests import sheets
from tests.sheets import Row, errors, save, sheet
from wca.models import Arrangement, Coverage
from wca.resources import CoverageResource

pytestmark = pytest.mark.django_db

THERE = "WCA-2007-0002"


@pytest.fixture
def coverage(administrator: User) -> Resource:
    return sheets.resource("coverage", administrator)


def spell(start: str, end: str | None = None, jfo: str = "SPVM-JFO", arrangement: str = THERE) -> Row:
    return {"arrangement": arrangement, "jfo": jfo, "start": start, "end": end}


def covered(arrangement: str = THERE) -> set[tuple[str, str, str | None]]:
    rows = Coverage.objects.filter(arrangement__reference=arrangement)
    return {(row.jfo.code, str(row.start), str(row.end) if row.end else None) for row in rows.select_related("jfo")}


def told(of: Resource, *rows: Row) -> list[tuple[int, str, str]]:
    return errors(of.preview(sheet(of, *rows)))


@pytest.mark.parametrize("role", [Role.REGIONAL_MANAGER, Role.NHQ_REVIEWER, Role.AUDITOR])
def test_only_an_administrator_may_import(role: Role) -> None:
    assert resources.get("coverage", User(username="somebody", role=role)) is None


def test_one_row_of_all_the_examples_is_a_new_spell(coverage: Resource) -> None:
    row = {name: field.example for name, field in coverage.fields.items()}
    preview = coverage.preview(sheet(coverage, row))
    assert (errors(preview), preview.counts.new) == ([], 1)


def test_the_sample_is_imported_as_documented_and_once(coverage: Resource) -> None:
    made = sheets.sample(coverage, "coverage.csv")
    preview = coverage.preview(made)
    assert (errors(preview), preview.ignored) == ([], ())
    assert (preview.counts.new, preview.counts.changed, preview.counts.unchanged) == (2, 2, 1)
    save(coverage, made)
    versions = Coverage.history.count()
    assert save(coverage, made).unchanged == 5
    assert Coverage.history.count() == versions
    assert sheets.breaches() == []


def test_a_spell_is_added_and_another_ended(coverage: Resource) -> None:
    save(coverage, sheet(coverage, spell("2011-04-01"), spell("2007-03-01", "2011-12-31", "TADEU")))
    assert covered() == {("SPVM-JFO", "2011-04-01", None), ("TADEU", "2007-03-01", "2011-12-31")}
    for row in Coverage.objects.filter(arrangement__reference=THERE):
        version = row.history.latest("history_id")
        assert (version.who, version.door, version.history_change_reason) == ("admin", Door.IMPORT, "the sheet of May")


def test_a_spell_ends_and_another_begins_the_day_after_in_one_file(coverage: Resource) -> None:
    rows = (spell("2011-04-01", None, "TADEU"), spell("2007-03-01", "2011-03-31", "TADEU"))
    assert told(coverage, *rows) == []
    save(coverage, sheet(coverage, *rows))
    assert covered() == {("TADEU", "2007-03-01", "2011-03-31"), ("TADEU", "2011-04-01", None)}
    assert sheets.breaches() == []


@pytest.mark.parametrize(
    ("rows", "lines", "label", "words"),
    [
        (
            [spell("2011-04-01", None, "TADEU")],
            [2],
            "First day",
            (
                f"{THERE} covers TADEU from 2007-03-01 on already. Give that spell a last day in a row of its own",
                f"{THERE} vise déjà TADEU à compter du 2007-03-01.",
            ),
        ),
        (
            [spell("2006-01-01", "2007-03-01", "TADEU")],
            [2],
            "Last day",
            (f"{THERE} covers TADEU from 2007-03-01 on already.", f"{THERE} vise déjà TADEU à compter du 2007-03-01."),
        ),
        (
            [spell("2011-04-01", "2011-12-31"), spell("2011-12-31")],
            [2, 3],
            "Last day",
            (
                f"{THERE} covers SPVM-JFO from 2011-12-31 on in row 3, too.",
                f"{THERE} vise aussi SPVM-JFO à compter du 2011-12-31 dans la ligne 3.",
            ),
        ),
        (
            [spell("2011-12-31", "2012-12-31"), spell("2011-04-01", "2011-12-31")],
            [2, 3],
            "First day",
            (
                f"{THERE} covers SPVM-JFO from 2011-04-01 to 2011-12-31 in row 3, too.",
                f"{THERE} vise aussi SPVM-JFO du 2011-04-01 au 2011-12-31 dans la ligne 3.",
            ),
        ),
        (
            [spell("2011-04-01", "2011-03-31")],
            [2],
            "Last day",
            ("The last day is before the first day.", "Le dernier jour précède le premier."),
        ),
        ([spell("2011-04-01", None, "SPVM")], [2], "JFO", ("No JFO “SPVM” is known.", "SPVM")),
        (
            [spell("2011-04-01", None, "FAE", "WCA-2007-00O2")],
            [2],
            "Arrangement",
            ("Did you mean WCA-2007-0002?", "WCA-2007-0002"),
        ),
        ([spell("1 April 2011")], [2], "First day", ("is not a date the import can be sure of", "1 April 2011")),
        (
            [spell("2011-04-01"), spell("2011-04-01", "2012-03-31")],
            [2, 3],
            "Arrangement",
            ("is about the same record", "SPVM-JFO"),
        ),
    ],
)
def test_what_is_wrong_with_a_spell_is_told(
    coverage: Resource, rows: list[Row], lines: list[int], label: str, words: tuple[str, str]
) -> None:
    found = told(coverage, *rows)
    assert [line for line, _label, _sentence in found] == lines
    assert found[0][1] == label
    in_english, in_french = words
    assert in_english in found[0][2]
    with override("fr"):
        assert in_french in told(coverage, *rows)[0][2]
    with pytest.raises(ImportRefused):
        save(coverage, sheet(coverage, *rows))


def test_every_error_of_a_file_is_told_at_once(coverage: Resource) -> None:
    found = told(
        coverage,
        spell("2011-04-01", None, "TADEU"),
        spell("2011-04-01", "2010-04-01"),
        spell("soon", None, "FAE"),
        spell("2011-04-01", None, "NOWHERE"),
    )
    assert sorted(line for line, _label, _sentence in found) == [2, 3, 4, 5]


def test_of_a_long_spell_and_two_short_ones_inside_it_all_are_refused(coverage: Resource) -> None:
    rows = (
        spell("2011-04-01", "2014-03-31"),
        spell("2011-05-01", "2011-05-31"),
        spell("2013-05-01", "2013-05-31"),
        spell("2014-04-01"),
    )
    assert [line for line, _label, _sentence in told(coverage, *rows)] == [2, 3, 4]


@pytest.mark.parametrize("file_format", ["csv", "csv-fr", "xlsx"])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_an_export_imported_again_changes_nothing(coverage: Resource, file_format: str, language: str) -> None:
    with override(language):
        preview = coverage.preview(sheets.exported(coverage, coverage.importable(), file_format))
    assert (errors(preview), preview.ignored) == ([], ())
    assert preview.counts.unchanged == Coverage.objects.count() == len(preview.rows)


def test_an_import_is_undone_whole(coverage: Resource, administrator: User) -> None:
    before = covered()
    with changesets.act(administrator, door=Door.IMPORT) as change:
        coverage.change = change
        save(coverage, sheet(coverage, spell("2011-04-01"), spell("2007-03-01", "2011-12-31", "TADEU")))
    assert covered() != before
    changesets.undo(change, by=administrator)
    assert covered() == before


def test_a_preview_asks_as_many_queries_for_a_hundred_rows_as_for_one(administrator: User) -> None:
    first = date(2011, 4, 1)
    days = [first + timedelta(days=2 * place) for place in range(100)]
    counted = []
    for count in (1, 100):
        of = CoverageResource(administrator)
        with CaptureQueriesContext(connection) as queries:
            preview = of.preview(sheet(of, *(spell(str(day), str(day)) for day in days[:count])))
        assert preview.counts.new == count
        counted.append(len(queries))
    assert counted[0] == counted[1] <= 8


def test_the_arrangements_own_column_says_the_same(coverage: Resource, administrator: User) -> None:
    save(coverage, sheet(coverage, spell("2011-04-01", "2012-03-31")))
    arrangements = sheets.resource("arrangements", administrator)
    stored = arrangements.importable().get(reference=THERE)
    assert arrangements.fields["jfos"].export(stored) == "SPVM-JFO (2011-04-01/2012-03-31) | TADEU (2007-03-01)"


_SPELLS = st.lists(
    st.tuples(
        st.sampled_from([THERE, "WCA-2004-0001", "WCA-2008-0001"]),
        st.sampled_from(["FAE", "SPVM-JFO", "TADEU"]),
        st.integers(0, 400),
        st.none() | st.integers(0, 60),
    ),
    min_size=1,
    max_size=8,
)


def _row(arrangement: str, jfo: str, first: int, length: int | None) -> Row:
    start = date(2011, 4, 1) + timedelta(days=first)
    end = None if length is None else start + timedelta(days=length)
    return {"arrangement": arrangement, "jfo": jfo, "start": start, "end": end}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spells=_SPELLS, language=st.sampled_from(["en", "fr"]))
def test_whatever_is_taken_covers_a_jfo_once_a_day_and_comes_out_and_in_again_without_a_change(
    administrator: User, spells: list[Any], language: str
) -> None:
    before = set(Coverage.objects.values_list("pk", flat=True))
    of = CoverageResource(administrator)
    made = sheet(of, *(_row(*one) for one in spells))
    days: dict[tuple[str, str], set[date]] = {}
    is_clear = len({one[:3] for one in spells}) == len(spells)
    for arrangement, jfo, first, length in spells:
        taken = days.setdefault((arrangement, jfo), _days(arrangement, jfo))
        start = date(2011, 4, 1) + timedelta(days=first)
        own = {start + timedelta(days=place) for place in range(600 if length is None else length + 1)}
        is_clear = is_clear and not taken & own
        taken |= own
    assert (errors(of.preview(made)) == []) == is_clear
    if not is_clear:
        return
    save(of, made)
    assert [one for one in sheets.breaches() if "twice" in one] == []
    with override(language):
        again = CoverageResource(administrator)
        preview = again.preview(sheets.exported(again, again.importable()))
    assert preview.counts.unchanged == len(preview.rows)
    Coverage.objects.exclude(pk__in=before).delete()


def _days(arrangement: str, jfo: str) -> set[date]:
    """The days after 31 March 2011, of 1,100, on which the demonstration has the JFO covered."""
    rows = Coverage.objects.filter(
        arrangement=Arrangement.objects.get(reference=arrangement), jfo=JFO.objects.get(code=jfo)
    )
    span = [date(2011, 4, 1) + timedelta(days=place) for place in range(1100)]
    return {day for row in rows for day in span if row.holds_on(day)}
