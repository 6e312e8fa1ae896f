"""One report gives the page, the files and the scripts the same figures."""

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.utils.translation import gettext_lazy, override

from jfo_portal.kit import checks, reports
from jfo_portal.kit.access import SYSTEM
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.reports import Comparison, Parameters, Report
from jfo_portal.kit.tables import Column


class Visitor:
    """Somebody of a role; nobody at all without one."""

    sees_everything = False
    is_administrator = False
    scope_ids: frozenset[int] = frozenset()

    def __init__(self, role: str = "") -> None:
        self.role = role
        self.is_authenticated = bool(role)


class Sample(Report):
    slug = "sample-2"
    title = gettext_lazy("Yes")
    measures = (Column("share", "Share", kind="percent"),)
    columns = (
        Column("place", "Place", is_header=True),
        Column("files", "Files", kind="integer"),
        Column("mean", "Mean", kind="decimal"),
        Column("since", "Since", kind="date"),
        Column("covered", "Covered", kind="yes_no"),
    )

    def regions(self) -> list[str]:
        return ["QUE", "GTA"]

    def rows(self, reader: Any, parameters: Parameters) -> list[dict[str, Any]]:
        rows = [
            {"place": "GTA", "files": Decimal(3), "mean": Decimal("1.5"), "since": date(2010, 4, 1), "covered": True},
            {"place": "QUE", "files": 4, "mean": None, "since": None, "covered": False},
        ]
        return [row for row in rows if parameters.region in (None, row["place"])]

    def totals(self, rows: Any, reader: Any, parameters: Parameters) -> dict[str, Any]:
        return {"files": Decimal(7), "share": Decimal("0.5")}


@pytest.fixture(autouse=True)
def only_sample(monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> Iterator[None]:
    """No report but the sample, read in English on the report's day."""
    settings.TODAY = date(2011, 3, 31)
    monkeypatch.setattr(reports, "_reports", {})
    reports.register(Sample)
    with override("en"):
        yield


def asked(**data: str) -> tuple[str, str, str | None]:
    parameters = Parameters.from_query(data).as_dict()
    return str(parameters["as_of"]), str(parameters["fy"]), parameters["region"]


def test_parameters_default_to_today_and_its_fiscal_year() -> None:
    assert asked() == ("2011-03-31", "2010-2011", None)
    assert asked(as_of=" ", fy="", region="") == ("2011-03-31", "2010-2011", None)


def test_the_fiscal_year_is_that_of_the_day() -> None:
    assert asked(as_of="2009-03-31", region="que") == ("2009-03-31", "2008-2009", "QUE")


def test_a_past_fiscal_year_stands_at_its_last_day() -> None:
    assert asked(fy="2008-2009") == ("2009-03-31", "2008-2009", None)


def test_the_current_fiscal_year_stands_at_today(settings: LazySettings) -> None:
    settings.TODAY = date(2010, 10, 1)
    assert asked(fy="2010-2011") == ("2010-10-01", "2010-2011", None)


def test_a_fiscal_year_to_come_stands_at_its_first_day() -> None:
    assert asked(fy="2011-2012") == ("2011-04-01", "2011-2012", None)


def test_a_day_and_a_fiscal_year_are_each_kept() -> None:
    assert asked(as_of="2011-03-01", fy="2008-2009") == ("2011-03-01", "2008-2009", None)


@pytest.mark.parametrize(
    "text", ["31/03/2011", "20110331", "2011-02-30", "2011-W13-4", "0001-01-01", "9999-12-31", "x"]
)
def test_a_wrong_day_is_named_with_the_remedy(text: str) -> None:
    with pytest.raises(ValueError, match=rf"as_of, “{text}”, is not a date\. Write it as YYYY-MM-DD"):
        asked(as_of=text)


@pytest.mark.parametrize("text", ["2010", "2010-2012", "2010/2011", "1800-1801"])
def test_a_wrong_fiscal_year_is_named_with_the_remedy(text: str) -> None:
    with pytest.raises(ValueError, match=rf"fy, “{text}”, is not a fiscal year\. .* for example 2010-2011\."):
        asked(fy=text)


def test_a_report_names_the_regions_there_are() -> None:
    with pytest.raises(ValueError, match=r"There is no region “ATL”\. Choose one of these: QUE, GTA\."):
        reports.get("sample-2").parameters({"region": "ATL"})


def test_json_has_exactly_the_agreed_keys_and_plain_types() -> None:
    with override("fr"):
        data = reports.get("sample-2").as_json(SYSTEM, Parameters.from_query({}))

    assert json.loads(json.dumps(data)) == {
        "slug": "sample-2",
        "title": "Oui",
        "parameters": {"as_of": "2011-03-31", "fy": "2010-2011", "region": None},
        "columns": ["place", "files", "mean", "since", "covered"],
        "rows": [
            {"place": "GTA", "files": 3, "mean": 1.5, "since": "2010-04-01", "covered": "yes"},
            {"place": "QUE", "files": 4, "mean": None, "since": None, "covered": "no"},
        ],
        "totals": {"files": 7, "share": 0.5},
    }
    assert type(data["rows"][0]["files"]) is int


def test_a_total_is_called_and_printed_by_its_column_or_measure() -> None:
    report = reports.get("sample-2")

    assert [(report.column(name).label, report.column(name).kind) for name in ("files", "share", "other")] == [
        ("Files", "integer"),
        ("Share", "percent"),
        ("other", "text"),
    ]


def test_a_reader_finds_the_reports_of_their_role_in_natural_order() -> None:
    class Ten(Sample):
        slug = "sample-10"

    class Reviewers(Sample):
        slug = "sample-1"
        roles = frozenset({"reviewer"})

    reports.register(Ten)
    reports.register(Reviewers)

    assert [report.slug for report in reports.all_for(Visitor("reviewer"))] == ["sample-1", "sample-2", "sample-10"]
    assert [report.slug for report in reports.all_for(Visitor("manager"))] == ["sample-2", "sample-10"]
    assert len(reports.all_for(SYSTEM)) == 3
    assert reports.all_for(Visitor()) == []


def test_two_reports_cannot_share_a_slug() -> None:
    with pytest.raises(ValueError, match="share the slug 'sample-2'"):
        reports.register(Sample)


@pytest.mark.parametrize(
    ("published", "computed", "difference", "agrees"),
    [
        (Decimal("61.5"), Decimal("60.5"), Decimal("-1.0"), False),
        (Decimal("31.2"), Decimal("31.2"), Decimal("0.0"), True),
        (Decimal("31.2"), None, None, False),
        ("yes", "yes", None, True),
        ("yes", "no", None, False),
    ],
)
def test_a_comparison_gives_computed_less_published(
    published: Any, computed: Any, difference: Any, agrees: bool
) -> None:
    comparison = Comparison("total", "Total", "fte", "FTE", published, computed, "")

    assert (comparison.difference, comparison.agrees) == (difference, agrees)


def printed(*arguments: str) -> str:
    output = StringIO()
    call_command(*arguments, stdout=output)
    return output.getvalue()


def test_command_prints_the_report_as_json() -> None:
    text = printed("report", "sample-2", "--fy", "2008-2009", "--region", "QUE")

    assert json.loads(text) == reports.get("sample-2").as_json(
        SYSTEM, Parameters(date(2009, 3, 31), FiscalYear(2008), "QUE")
    )
    assert text.startswith('{\n  "slug": "sample-2",\n  "title": "Yes",')


def test_command_prints_csv_and_speaks_the_language_asked_for() -> None:
    assert printed("report", "sample-2", "--format", "csv") == (
        "Place,Files,Mean,Since,Covered\r\nGTA,3,1.5,2010-04-01,yes\r\nQUE,4,,,no\r\n"
    )
    assert json.loads(printed("report", "sample-2", "--language", "fr"))["title"] == "Oui"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["sample-9"], r"There is no report “sample-9”\. Choose one of these: sample-2\."),
        (["sample-2", "--as-of", "31/03/2011"], "Write it as YYYY-MM-DD"),
        (["sample-2", "--fy", "2010"], "for example 2010-2011"),
        (["sample-2", "--region", "ZZZ"], "Choose one of these: QUE, GTA"),
        (["sample-2", "--format", "pdf"], r"invalid choice: 'pdf' \(choose from '?json'?, '?csv'?\)"),
    ],
)
def test_command_refuses_in_a_sentence_that_says_what_would_do(arguments: list[str], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        printed("report", *arguments)


def test_registry_check_names_each_breach_and_exits_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "_checks", [])
    checks.rule("10")(lambda: iter([("officer 7", "counted twice")]))
    checks.rule("2")(lambda: iter([]))
    output = StringIO()

    with pytest.raises(SystemExit) as ended:
        call_command("check_registry", stdout=output)

    assert ended.value.code == 1
    assert output.getvalue().splitlines() == ["rule 10: officer 7: counted twice", "rules 2, breaches 1"]


def test_registry_check_is_silent_but_for_its_closing_line_when_every_rule_holds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(checks, "_checks", [])
    checks.rule("1")(lambda: iter([]))
    checks.rule("1")(lambda: iter([]))

    assert printed("check_registry") == "rules 1, breaches 0\n"
