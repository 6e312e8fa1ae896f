"""Expectations come in by spreadsheet; what was agreed and locked stays as it is."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from jfo_portal.kit.changesets import act, undo
from jfo_portal.kit.history import Door
from jfo_portal.kit.imports import resources
from jfo_portal.kit.imports.reading import ImportRefused
from jfo_portal.kit.imports.resources import Resource
from performance import expecting
from performance.models import Expectation
from registry.models import JFO, Role, User
from tests import sheets
from tests.sheets import Row, errors, save, sheet, warnings

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_english() -> Any:
    """A page asked for in French leaves its language behind in the process."""
    with override("en"):
        yield


@pytest.fixture
def expectations(administrator: User) -> Resource:
    return sheets.resource("expectations", administrator)


def wanted(**values: Any) -> Row:
    """A row of expectations: 40 files of IBET-QUE-2 in 2011-2012, unless said otherwise."""
    return {
        "jfo": "IBET-QUE-2",
        "fiscal_year": "2011-2012",
        "indicator": "IMS files opened by its officers",
        "expected": "40",
    } | values


def locked(**values: Any) -> Row:
    """A row about one that is locked since 2010-05-14: 45 files of IBET-QUE-1 in 2010-2011."""
    plan = "Plan of the year, agreed with the region."
    return wanted(jfo="IBET-QUE-1", fiscal_year="2010-2011", expected="45", basis=plan) | values


@pytest.mark.parametrize("role", [Role.REGIONAL_MANAGER, Role.NHQ_REVIEWER, Role.AUDITOR])
def test_only_an_administrator_may_import(role: Role) -> None:
    assert resources.get("expectations", User(username="somebody", role=role)) is None


def test_the_sample_is_imported_as_documented_and_once(expectations: Resource) -> None:
    made = sheets.sample(expectations, "expectations.xlsx")
    preview = expectations.preview(made)
    assert (errors(preview), preview.ignored, warnings(preview)) == ([], (), [])
    assert (preview.counts.new, preview.counts.changed, preview.counts.unchanged) == (2, 2, 1)
    save(expectations, made)
    assert save(expectations, made).unchanged == 5
    assert sheets.breaches() == []


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_examples_are_a_row_that_passes(expectations: Resource, language: str) -> None:
    with override(language):
        preview = expectations.preview(
            sheet(expectations, {name: field.example for name, field in expectations.fields.items() if field.example})
        )
    assert (errors(preview), preview.counts.new) == ([], 1)


def test_an_expectation_comes_in_open(expectations: Resource) -> None:
    save(expectations, sheet(expectations, wanted(expected="2.5", indicator="fte", basis="Agreed.")))
    stored = Expectation.objects.get(jfo__code="IBET-QUE-2", fiscal_year=2011)
    assert (stored.indicator, stored.expected, stored.basis) == ("fte", Decimal("2.50"), "Agreed.")
    assert (stored.locked_on, stored.locks) == (None, 0)
    version = stored.history.get()
    assert (version.who, version.door, version.history_change_reason) == ("admin", Door.IMPORT, "the sheet of May")


@pytest.mark.parametrize(
    ("values", "label", "words"),
    [
        ({"jfo": "IBET-QUE-99"}, "JFO", "No JFO “IBET-QUE-99” is known. Did you mean"),
        ({"fiscal_year": "2011"}, "Fiscal year", "“2011” is not a fiscal year."),
        ({"fiscal_year": "2004-2005"}, "Fiscal year", "2004-2005 is not between 2005-2006 and 2013-2014."),
        ({"fiscal_year": "2014-2015"}, "Fiscal year", "2014-2015 is not between 2005-2006 and 2013-2014."),
        ({"indicator": "Joy"}, "Indicator", "“Joy” is not one of these: IMS files opened by its officers;"),
        ({"expected": None}, "Expected", "This cell is empty, and a value is needed. For example: 40."),
        ({"expected": "-1"}, "Expected", "-1 is not between 0.00 and 99,999,999.99."),
        ({"expected": "100000000"}, "Expected", "100000000 is not between 0.00 and 99,999,999.99."),
        ({"expected": "1.005"}, "Expected", "1.005 has more than 2 decimals."),
        ({"expected": "NaN"}, "Expected", "“NaN” is not a number."),
        ({"expected": "some"}, "Expected", "“some” is not a number."),
        ({"basis": "x" * 301}, "Basis", "300"),
        ({"variance_note": "x" * 4001}, "Variance note", "The note has 4,001 characters, and at most 4,000 are kept."),
        (locked(expected="46"), "Expected", "The expectation is locked since 2010-05-14 and cannot be changed."),
        (locked(basis="Another plan."), "Basis", "The expectation is locked since 2010-05-14 and cannot be changed."),
        (locked(basis=None), "Basis", "A reviewer at headquarters can unlock it with a reason"),
    ],
)
def test_what_is_wrong_with_an_expectation_is_told(expectations: Resource, values: Row, label: str, words: str) -> None:
    before = Expectation.objects.count()
    made = sheet(expectations, wanted(jfo="IBET-ATL"), wanted() | values)
    [(line, told, sentence)] = errors(expectations.preview(made))
    assert (line, told) == (3, label)
    assert words in sentence
    with override("fr"):
        [(line, told, in_french)] = errors(expectations.preview(made))
    in_english = {field.labels["en"]: field.labels["fr"] for field in expectations.fields.values()}
    assert (line, told) == (3, in_english[label])
    assert in_french != sentence
    with pytest.raises(ImportRefused, match="1 row has an error"):
        save(expectations, made)
    assert Expectation.objects.count() == before


def test_of_a_locked_one_the_variance_may_be_explained(expectations: Resource) -> None:
    made = sheet(expectations, locked(variance_note="Two officers left."))
    assert save(expectations, made).changed == 1
    stored = Expectation.objects.get(jfo__code="IBET-QUE-1", fiscal_year=2010, indicator="files")
    assert (stored.variance_note, stored.locked_on, stored.expected) == (
        "Two officers left.",
        date(2010, 5, 14),
        Decimal(45),
    )


def test_one_that_is_locked_between_preview_and_confirmation_is_not_changed(
    expectations: Resource, nhq_reviewer: User
) -> None:
    row = wanted(jfo="IBET-QUE-1", expected="60")
    made = sheet(expectations, row)
    confirmed = expectations.preview(made).digest
    stored = Expectation.objects.get(jfo__code="IBET-QUE-1", fiscal_year=2011, indicator="files")
    expecting.lock([stored], by=nhq_reviewer, day=date(2011, 3, 31))
    with pytest.raises(ImportRefused, match="The preview was remade"):
        expectations.apply(made, confirmed=confirmed, reason="late")
    stored.refresh_from_db()
    assert stored.expected == 50


def test_nothing_is_expected_of_a_jfo_that_ended_long_ago(expectations: Resource) -> None:
    JFO.objects.filter(code="IBET-QUE-2").update(end=date(2005, 3, 31))
    [(_line, label, sentence)] = errors(expectations.preview(sheet(expectations, wanted())))
    assert (label, sentence) == ("JFO", "IBET-QUE-2 ended on 2005-03-31: nothing can be expected of it any more.")


@pytest.mark.parametrize("file_format", ["csv", "csv-fr", "xlsx"])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_an_export_imported_again_changes_nothing(expectations: Resource, file_format: str, language: str) -> None:
    records = expectations.importable().order_by("pk")
    with override(language):
        preview = expectations.preview(sheets.exported(expectations, records, file_format))
    assert (errors(preview), preview.ignored, warnings(preview)) == ([], (), [])
    assert preview.counts.unchanged == records.count() == 20


def test_a_preview_asks_as_many_queries_for_a_hundred_rows_as_for_one(administrator: User) -> None:
    codes = JFO.objects.order_by("code").values_list("code", flat=True)
    made = [wanted(jfo=code, indicator=kind, fiscal_year="2012-2013") for code in codes for kind in ("files", "fte")]
    counted = []
    for some in (made[:1], made):
        resource = sheets.resource("expectations", administrator)
        with CaptureQueriesContext(connection) as queries:
            assert resource.preview(sheet(resource, *some)).counts.new == len(some)
        counted.append(len(queries))
    assert counted[0] == counted[1] <= 6


def test_an_import_can_be_undone_whole(expectations: Resource, administrator: User) -> None:
    before = list(Expectation.objects.order_by("pk").values())
    with act(administrator, reason="plans", door=Door.IMPORT) as change:
        expectations.change = change
        save(expectations, sheet(expectations, wanted(), wanted(jfo="IBET-QUE-1", expected="60")))
    assert Expectation.objects.count() == len(before) + 1
    undo(change, by=administrator)
    assert list(Expectation.objects.order_by("pk").values()) == before
