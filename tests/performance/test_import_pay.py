"""Salary and benefit rates come in by spreadsheet; a closed fiscal year keeps its figures."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from jfo_portal.kit.changesets import act, undo
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.history import Door
from jfo_portal.kit.imports import resources
from jfo_portal.kit.imports.reading import ImportRefused
from jfo_portal.kit.imports.resources import Resource
from performance.closings import close_year
from performance.measures.rates import rates_of
from performance.models import BenefitRate, SalaryRate
from registry.models import Role, User
from tests import sheets
from tests.sheets import Row, errors, save, sheet, warnings

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_english() -> Any:
    """A page asked for in French leaves its language behind in the process."""
    with override("en"):
        yield


@pytest.fixture
def salaries(administrator: User) -> Resource:
    return sheets.resource("salary-rates", administrator)


@pytest.fixture
def benefits(administrator: User) -> Resource:
    return sheets.resource("benefit-rates", administrator)


def paid(**values: Any) -> Row:
    """A row of salary rates: FB-03 in 2012-2013, of which nothing is on record, unless said otherwise."""
    return {"level": "FB-03", "fiscal_year": "2012-2013", "amount": "60000.50"} | values


@pytest.mark.parametrize("slug", ["salary-rates", "benefit-rates"])
@pytest.mark.parametrize("role", [Role.REGIONAL_MANAGER, Role.NHQ_REVIEWER, Role.AUDITOR])
def test_only_an_administrator_may_import(slug: str, role: Role) -> None:
    assert resources.get(slug, User(username="somebody", role=role)) is None


@pytest.mark.parametrize(
    ("slug", "name", "counts"),
    [("salary-rates", "salary-rates.xlsx", (3, 1, 2)), ("benefit-rates", "benefit-rates.csv", (2, 0, 2))],
)
def test_the_sample_is_imported_as_documented_and_once(
    administrator: User, slug: str, name: str, counts: tuple[int, int, int]
) -> None:
    resource = sheets.resource(slug, administrator)
    made = sheets.sample(resource, name)
    preview = resource.preview(made)
    assert (errors(preview), preview.ignored, warnings(preview)) == ([], (), [])
    assert (preview.counts.new, preview.counts.changed, preview.counts.unchanged) == counts
    save(resource, made)
    assert save(resource, made).unchanged == sum(counts)
    assert sheets.breaches() == []


@pytest.mark.parametrize("slug", ["salary-rates", "benefit-rates"])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_examples_are_a_row_that_passes(administrator: User, slug: str, language: str) -> None:
    resource = sheets.resource(slug, administrator)
    with override(language):
        preview = resource.preview(
            sheet(resource, {name: field.example for name, field in resource.fields.items() if field.example})
        )
    assert (errors(preview), preview.counts.new) == ([], 1)


def test_a_rate_comes_in_to_the_cent(salaries: Resource, benefits: Resource) -> None:
    save(salaries, sheet(salaries, paid(), paid(level="fb-05", fiscal_year="2012–2013", amount=81234.56)))
    stored = SalaryRate.objects.filter(fiscal_year=2012).order_by("level")
    assert [(row.level, row.amount) for row in stored] == [
        ("FB-03", Decimal("60000.50")),
        ("FB-05", Decimal("81234.56")),
    ]
    version = stored[0].history.get()
    assert (version.who, version.door, version.history_change_reason) == ("admin", Door.IMPORT, "the sheet of May")
    save(benefits, sheet(benefits, {"fiscal_year": "2012-2013", "rate": "0.2025"}))
    assert BenefitRate.objects.get(fiscal_year=2012).rate == Decimal("0.2025")


@pytest.mark.parametrize(
    ("values", "words", "en_francais"),
    [
        ({"level": "FB-09"}, "“FB-09” is not one of these: FB-03; FB-04; FB-05.", "FB-09"),
        (
            {"fiscal_year": "2012"},
            "“2012” is not a fiscal year. Write it as two years in a row",
            "n’est pas un exercice",
        ),
        ({"fiscal_year": 2012}, "“2012” is not a fiscal year.", "n’est pas un exercice"),
        ({"fiscal_year": "2012-2014"}, "“2012-2014” is not a fiscal year.", "n’est pas un exercice"),
        ({"fiscal_year": "1950-1951"}, "1950-1951 is not between 1990-1991 and 2998-2999.", "1950-1951"),
        ({"fiscal_year": None}, "This cell is empty, and a value is needed. For example: 2012-2013.", "vide"),
        ({"amount": None}, "This cell is empty, and a value is needed.", "vide"),
        ({"amount": "-1"}, "-1 is not between 0.00 and 9,999,999.99.", "-1"),
        ({"amount": "10000000"}, "10000000 is not between 0.00 and 9,999,999.99.", "10000000"),
        ({"amount": "9" * 60}, "is not a number.", "99"),
        ({"amount": "60000.505"}, "60000.505 has more than 2 decimals. Round it in the file.", "60000.505"),
        ({"amount": "NaN"}, "“NaN” is not a number.", "NaN"),
        ({"amount": "Infinity"}, "“Infinity” is not a number.", "Infinity"),
        ({"amount": "1e5"}, "“1e5” is not a number.", "1e5"),
        ({"amount": "60 000 $"}, "is not a number. Write digits, without spaces or a currency sign.", "60 000 $"),
    ],
)
def test_what_is_wrong_with_a_salary_is_told(salaries: Resource, values: Row, words: str, en_francais: str) -> None:
    made = sheet(salaries, paid(level="FB-04"), paid() | values)
    [(line, told, sentence)] = errors(salaries.preview(made))
    name = next(iter(values))
    assert (line, told) == (3, salaries.fields[name].labels["en"])
    assert words in sentence
    with override("fr"):
        [(line, told, in_french)] = errors(salaries.preview(made))
    assert (line, told) == (3, salaries.fields[name].labels["fr"])
    assert en_francais in in_french
    assert in_french != sentence
    with pytest.raises(ImportRefused, match="1 row has an error"):
        save(salaries, made)
    assert not SalaryRate.objects.filter(fiscal_year=2012).exists()


@pytest.mark.parametrize(
    ("rate", "words"),
    [
        ("20", "20 is not between 0.0000 and 1.0000."),
        ("20%", "“20%” is not a number."),
        ("-0.1", "-0.1 is not between 0.0000 and 1.0000."),
        ("0.20001", "0.20001 has more than 4 decimals."),
    ],
)
def test_a_benefit_rate_is_a_share_of_one(benefits: Resource, rate: str, words: str) -> None:
    [(_line, label, sentence)] = errors(benefits.preview(sheet(benefits, {"fiscal_year": "2012-2013", "rate": rate})))
    assert label == "Benefits as a share of salaries"
    assert words in sentence


def test_all_that_is_wrong_is_told_at_once(salaries: Resource) -> None:
    made = sheet(
        salaries,
        paid(level="X", fiscal_year="2012", amount="a lot"),
        paid(),
        paid(amount="1"),
        paid(level="FB-05", amount="-3"),
    )
    told = errors(salaries.preview(made))
    assert [(line, label) for line, label, _sentence in told] == [
        (2, "Level"),
        (2, "Fiscal year"),
        (2, "Salary for a year"),
        (3, "Level"),
        (4, "Level"),
        (5, "Salary for a year"),
    ]
    assert told[3][2] == "Row 4 is about the same record, FB-03 · 2012-2013. Keep one of the two."


def test_a_closed_fiscal_year_keeps_its_figures_and_the_preview_says_so(
    salaries: Resource, benefits: Resource, administrator: User
) -> None:
    year = FiscalYear(2009)
    close_year(year, by=administrator, day=date(2011, 3, 31))
    before = rates_of(year)
    made = sheet(salaries, {"level": "FB-04", "fiscal_year": "2009-2010", "amount": "99999.99"})
    preview = salaries.preview(made)
    assert warnings(preview) == [
        (
            2,
            "Fiscal year",
            (
                "2009-2010 was closed on 2011-03-31: its figures stay as they are. "
                "Reopen the year first if they are to change."
            ),
        )
    ]
    assert preview.counts.changed == 1
    save(salaries, made)
    assert save(benefits, sheet(benefits, {"fiscal_year": "2009-2010", "rate": "0.5"})).changed == 1
    after = rates_of(year)
    assert (after.salaries, after.benefits) == (before.salaries, before.benefits)
    assert (after.salaries_now["FB-04"], after.benefits_now) == (Decimal("99999.99"), Decimal("0.5"))
    assert warnings(salaries.preview(made)) == []


@pytest.mark.parametrize("slug", ["salary-rates", "benefit-rates"])
@pytest.mark.parametrize("file_format", ["csv", "csv-fr", "xlsx"])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_an_export_imported_again_changes_nothing(
    administrator: User, slug: str, file_format: str, language: str
) -> None:
    resource = sheets.resource(slug, administrator)
    records = resource.importable().order_by("pk")
    with override(language):
        preview = resource.preview(sheets.exported(resource, records, file_format))
    assert (errors(preview), preview.ignored, warnings(preview)) == ([], (), [])
    assert preview.counts.unchanged == records.count() > 10


def test_an_edited_export_changes_only_the_edited_cells(salaries: Resource) -> None:
    made = sheets.edited(salaries, sheets.exported(salaries, salaries.importable().order_by("pk")), 3, "amount", 1.5)
    versions = SalaryRate.history.count()
    counts = save(salaries, made)
    assert (counts.new, counts.changed) == (0, 1)
    assert SalaryRate.history.count() == versions + 1


def test_a_preview_asks_as_many_queries_for_thirty_rows_as_for_one(administrator: User) -> None:
    made = [
        paid(level=level, fiscal_year=str(FiscalYear(year)))
        for level in ("FB-03", "FB-04")
        for year in range(2015, 2030)
    ]
    counted = []
    for some in (made[:1], made):
        resource = sheets.resource("salary-rates", administrator)
        with CaptureQueriesContext(connection) as queries:
            assert resource.preview(sheet(resource, *some)).counts.new == len(some)
        counted.append(len(queries))
    assert counted[0] == counted[1] <= 4


def test_an_import_can_be_undone_whole(salaries: Resource, administrator: User) -> None:
    before = list(SalaryRate.objects.order_by("pk").values())
    with act(administrator, reason="rates", door=Door.IMPORT) as change:
        salaries.change = change
        save(salaries, sheet(salaries, paid(), paid(level="FB-04", fiscal_year="2010-2011", amount="1.00")))
    assert list(SalaryRate.objects.order_by("pk").values()) != before
    undo(change, by=administrator)
    assert list(SalaryRate.objects.order_by("pk").values()) == before
