"""Each exhibit gives the published figures, says where it differs and why, and gives no officer away."""

import csv
import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import translation

from jfo_portal.kit import reports
from jfo_portal.kit.access import SYSTEM
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.reports import Parameters
from jfo_portal.kit.tables import cells
from performance.models import Explanation, PublishedFigure
from registry.models import Assignment, Region, User
from tests import rows as make

pytestmark = pytest.mark.django_db

SLUGS = [f"exhibit-{number}" for number in (1, 4, 5, 6, 7, 8, 11, 12)]
PUBLISHED = Parameters(date(2011, 3, 31), FiscalYear(2010))

with (settings.BASE_DIR / "fixtures/reference/published_figures.csv").open(encoding="utf-8") as file:
    FIGURES = list(csv.DictReader(file))

# Where the computed figure is not the published one, and may not be: each has its explanation.
CONTRADICTIONS = {
    ("exhibit-6", "total", "none"): "5",
    ("exhibit-7", "non_jfo", "total"): "45.6",
    ("exhibit-7", "all", "case"): "21.3",
    ("exhibit-7", "all", "ors"): "10.7",
    ("exhibit-7", "all", "total"): "47.2",
    ("exhibit-8", "all", "active"): "30.0",
    ("exhibit-12", "regional", "jfos"): "22",
    ("exhibit-12", "NPET", "jfos"): "4",
    ("exhibit-12", "CFSEU", "jfos"): "4",
    ("exhibit-12", "national", "jfos"): "12",
}
# Salaries to the dollar; the others, with posts filled for a part of the year, within 0.5%.
EXACT_SALARIES = {"ATL", "QUE", "NFE", "BEST", "NPET", "INSET"}


def report(slug: str, *options: str) -> dict[str, Any]:
    """What the command prints, parsed."""
    out = StringIO()
    call_command("report", slug, *options, stdout=out)
    return json.loads(out.getvalue())


def compared(slug: str, reader: Any = SYSTEM, parameters: Parameters = PUBLISHED) -> list[reports.Comparison]:
    exhibit = reports.get(slug)
    return exhibit.comparison(exhibit.rows(reader, parameters), reader, parameters)


def table(slug: str, reader: Any, region: str | None = None) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """The rows by their first column, and the totals, as the reader sees them."""
    exhibit = reports.get(slug)
    parameters = Parameters(date(2011, 3, 31), FiscalYear(2010), region)
    found = exhibit.rows(reader, parameters)
    return {row[exhibit.columns[0].name]: row for row in found}, exhibit.totals(found, reader, parameters)


# Published figures


@pytest.mark.parametrize("slug", SLUGS)
def test_every_published_figure_is_there_and_reached_or_explained(slug: str):
    found = {(row.row, row.measure): row for row in compared(slug)}
    assert set(found) == {(row["row"], row["measure"]) for row in FIGURES if row["exhibit"] == slug}
    for (row, measure), figure in found.items():
        expected = CONTRADICTIONS.get((slug, row, measure))
        if expected is not None:
            assert figure.computed == Decimal(expected), (row, measure)
        elif measure in ("salaries", "benefits", "total") and slug in ("exhibit-11", "exhibit-12"):
            assert figure.difference is not None
            assert abs(figure.difference) <= Decimal("0.005") * Decimal(figure.published), (row, measure)
            assert figure.agrees or row not in EXACT_SALARIES, (row, measure)
        else:
            assert figure.agrees, (row, measure, figure.published, figure.computed)
        assert figure.agrees or figure.explanation, (row, measure)


def test_published_figures_are_shown_with_their_decimals_and_words():
    found = {(row.row, row.measure): row for row in compared("exhibit-7")}
    figure = found["non_jfo", "total"]
    assert (figure.published, figure.computed, figure.difference) == (Decimal("45.5"), Decimal("45.6"), Decimal("0.1"))
    assert (figure.row_label, figure.measure_label) == ("Other officers", "All kinds")
    assert figure.explanation.startswith("For officers outside JFOs the published kinds")


def test_an_explanation_of_the_figure_goes_before_one_of_its_row():
    by_measure = {row.measure: row.explanation for row in compared("exhibit-7") if row.row == "all"}
    own, of_row = (
        Explanation.objects.get(exhibit="exhibit-7", row="all", measure=measure).explanation_en
        for measure in ("case", "*")
    )
    assert (by_measure["case"], by_measure["ors"]) == (own, of_row)


def test_explanations_speak_french():
    with translation.override("fr"):
        (figure,) = (row for row in compared("exhibit-6") if row.measure == "none")
    assert figure.explanation == Explanation.objects.filter(measure="none").get().explanation_fr


@pytest.mark.parametrize("slug", SLUGS)
def test_other_parameters_are_not_compared_and_the_notes_say_why(slug: str):
    exhibit = reports.get(slug)
    other_time = Parameters(date(2010, 12, 31), FiscalYear(2009))
    for parameters in (other_time, Parameters(date(2011, 3, 31), FiscalYear(2010), "QUE")):
        rows = exhibit.rows(SYSTEM, parameters)
        assert exhibit.comparison(rows, SYSTEM, parameters) == []
        assert any(note.startswith("Nothing is compared") for note in exhibit.notes(rows, SYSTEM, parameters))
    rows = exhibit.rows(SYSTEM, PUBLISHED)
    assert not any(note.startswith("Nothing is compared") for note in exhibit.notes(rows, SYSTEM, PUBLISHED))


def test_a_figure_published_of_what_is_no_more_cannot_be_computed():
    PublishedFigure(exhibit="exhibit-5", row="GONE", measure="wca", value="yes").save_as(None)
    (figure,) = (row for row in compared("exhibit-5") if row.row == "GONE")
    assert figure.computed is None


# The contract for scripts


@pytest.mark.parametrize(
    ("slug", "keys", "totals"),
    [
        ("exhibit-1", "jfo fb_03 fb_04 fb_05 total", "fb_03 fb_04 fb_05 total"),
        ("exhibit-4", "jfo high medium low", ""),
        ("exhibit-5", "jfo program kind region wca", "jfos yes no"),
        ("exhibit-6", "clause met partial not_met not_assessed reviewed", "reviewed at_least_one none all_seven"),
        ("exhibit-7", "group officers case occurrence project ors total", ""),
        ("exhibit-8", "group officers active closed cancelled pending unspecified", ""),
        ("exhibit-11", "region jfos fte salaries", "jfos fte salaries benefits total"),
        ("exhibit-12", "kind program jfos fte salaries", "jfos fte salaries"),
    ],
)
def test_the_command_prints_the_keys_agreed(slug: str, keys: str, totals: str):
    printed = report(slug)
    assert list(printed) == ["slug", "title", "parameters", "columns", "rows", "totals"]
    assert printed["parameters"] == {"as_of": "2011-03-31", "fy": "2010-2011", "region": None}
    assert printed["columns"] == keys.split()
    assert all(list(row) == keys.split() for row in printed["rows"])
    assert list(printed["totals"]) == totals.split()


def test_rows_are_what_a_script_expects():
    by_jfo = {row["jfo"]: row for row in report("exhibit-1")["rows"]}
    assert len(by_jfo) == 27
    assert by_jfo["BEST"] == {"jfo": "BEST", "fb_03": 0, "fb_04": 3, "fb_05": 3, "total": 6}
    assert by_jfo["YYZ-IU"]["total"] == 4.5

    risks = {row["jfo"]: row for row in report("exhibit-4")["rows"]}
    assert len(risks) == 23
    assert risks["PWEU"] == {"jfo": "PWEU", "high": 0, "medium": 1, "low": 0}

    covered = report("exhibit-5")
    assert covered["totals"] == {"jfos": 52, "yes": 33, "no": 19}
    assert {"jfo": "GG-OTT", "program": "GG", "kind": "regional", "region": "NOR", "wca": "no"} in covered["rows"]
    assert {row["kind"] for row in covered["rows"]} == {"bi-national", "national", "regional"}

    assert [row["met"] for row in report("exhibit-6")["rows"]] == [5, 8, 0, 5, 7, 5, 6]
    assert [row["officers"] for row in report("exhibit-7")["rows"]] == [43, 303, 346]
    assert report("exhibit-8")["rows"][0] == {
        "group": "jfo",
        "officers": 43,
        "active": 44.3,
        "closed": 8.9,
        "cancelled": 1.3,
        "pending": 2.2,
        "unspecified": 1.7,
    }
    assert [row["region"] for row in report("exhibit-11")["rows"]] == [
        "GTA",
        "QUE",
        "PAC",
        "NOR",
        "NFE",
        "WSC",
        "PRA",
        "ATL",
    ]
    assert [(row["kind"], row["program"]) for row in report("exhibit-12")["rows"]] == [
        ("regional", ""),
        ("bi-national", "IBET"),
        ("bi-national", "BEST"),
        ("national", "NPET"),
        ("national", "CFSEU"),
        ("national", "INSET"),
    ]


@pytest.mark.parametrize("slug", SLUGS)
def test_codes_are_the_same_in_french(slug: str):
    english, french = report(slug), report(slug, "--language", "fr")
    assert (english["rows"], english["totals"]) == (french["rows"], french["totals"])


def test_a_region_narrows_the_rows():
    assert report("exhibit-5", "--region", "QUE")["totals"] == {"jfos": 8, "yes": 4, "no": 4}
    assert report("exhibit-11", "--region", "QUE")["totals"]["salaries"] == 571_638
    assert [row["jfo"] for row in report("exhibit-1", "--region", "ATL")["rows"]] == ["IBET", "NPET"]
    assert report("exhibit-1", "--region", "ATL")["totals"]["total"] == 1.5
    assert [row["jfo"] for row in report("exhibit-4", "--region", "WSC")["rows"]] == [
        "BEST",
        "IBET",
        "POCET",
        "PWEU",
        "WPSIU",
    ]
    assert report("exhibit-6", "--region", "ATL")["totals"]["reviewed"] == 2
    parts = [
        report("exhibit-7", "--region", code)["rows"][0]["officers"]
        for code in Region.objects.values_list("code", flat=True)
    ]
    assert sum(parts) == 43
    assert sum(row["salaries"] for row in report("exhibit-12", "--region", "QUE")["rows"]) == 571_638


def test_an_unknown_region_is_refused():
    with pytest.raises(CommandError, match="There is no region “XYZ”"):
        report("exhibit-5", "--region", "xyz")


def test_moving_somebody_today_never_changes_last_year():
    before = report("exhibit-11", "--fy", "2009-2010")
    row = Assignment.objects.filter(end=None, officer__region__code="QUE")[0]
    row.end = date(2011, 3, 31)
    row.save_as(None)
    make.assignment(row.officer, "CSIS-JFO", date(2011, 4, 1))
    assert report("exhibit-11", "--fy", "2009-2010") == before


@pytest.mark.parametrize("slug", SLUGS)
def test_before_the_data_an_exhibit_is_empty_or_zero(slug: str):
    printed = report(slug, "--as-of", "1990-03-31")
    assert all(
        not any(value for name, value in row.items() if name not in ("clause", "group")) for row in printed["rows"]
    )


@pytest.mark.parametrize("slug", SLUGS)
def test_an_exhibit_with_its_comparison_costs_at_most_eight_queries(
    slug: str, nhq_reviewer: User, django_assert_max_num_queries: Callable
):
    exhibit = reports.get(slug)
    with django_assert_max_num_queries(8):
        rows = exhibit.rows(nhq_reviewer, PUBLISHED)
        exhibit.totals(rows, nhq_reviewer, PUBLISHED)
        exhibit.comparison(rows, nhq_reviewer, PUBLISHED)
        exhibit.notes(rows, nhq_reviewer, PUBLISHED)


# What a regional manager sees


def test_a_manager_sees_all_of_the_own_region_and_nothing_about_a_few_others(atl_manager: User):
    rows, totals = table("exhibit-11", atl_manager)
    assert rows["ATL"]["salaries"] == 104_568
    hidden = {region for region, row in rows.items() if row["fte"] is None and row["salaries"] is None}
    assert hidden == {"PRA", "WSC"}
    assert all(row["jfos"] for row in rows.values())
    assert totals["fte"] == Decimal("61.5")


def test_the_region_asked_for_gives_no_more_than_the_whole_table(atl_manager: User):
    whole, _totals = table("exhibit-11", atl_manager)
    for region, row in whole.items():
        alone, totals = table("exhibit-11", atl_manager, region)
        assert alone == {region: row}
        assert totals["salaries"] == row["salaries"]
        assert (totals["total"] is None) == (row["salaries"] is None)


def test_hidden_rows_do_not_tell_by_their_order(atl_manager: User):
    rows, _totals = table("exhibit-11", atl_manager)
    assert list(rows)[-2:] == ["PRA", "WSC"]


def test_a_small_jfo_of_another_region_is_hidden_with_all_its_levels(que_manager: User):
    rows, totals = table("exhibit-1", que_manager)
    assert [rows["NRPI"][name] for name in ("fb_03", "fb_04", "fb_05", "total")] == [None] * 4
    assert rows["FAE"]["fb_04"] == 1
    assert rows["IBET"]["total"] == Decimal("17.5")
    assert (totals["fb_05"], totals["total"]) == (None, Decimal("61.5"))


def test_a_hidden_figure_says_so_on_the_page(que_manager: User):
    rows, _totals = table("exhibit-1", que_manager)
    columns = reports.get("exhibit-1").columns
    assert [cell.text for cell in cells(columns, rows["NRPI"])] == ["NRPI", *["Too few to show"] * 4]
    assert [cell.text for cell in cells(columns, rows["FAE"])] == ["FAE", "0.00", "1.00", "0.00", "1.00"]


def test_a_subtotal_does_not_give_a_hidden_figure_away(que_manager: User):
    found = {(row.row, row.measure): row for row in compared("exhibit-12", que_manager)}
    assert found["NPET", "salaries"].computed is None
    assert found["NPET", "salaries"].difference is None
    assert found["national", "salaries"].computed is None
    assert found["total", "salaries"].computed == 3_992_316


def test_few_jfo_officers_of_another_region_are_hidden_with_the_others_beside(que_manager: User):
    rows, _totals = table("exhibit-7", que_manager, "PRA")
    assert rows["jfo"]["officers"] is None
    assert rows["non_jfo"]["case"] is None
    assert rows["all"]["officers"] > 5
    own, _totals = table("exhibit-7", que_manager, "QUE")
    assert own["jfo"]["officers"] == 7


@pytest.mark.parametrize("username", ["nhq.reviewer", "admin", "auditor"])
@pytest.mark.parametrize("slug", SLUGS)
def test_who_sees_everything_sees_every_figure(slug: str, username: str):
    reader = User.objects.get(username=username)
    assert table(slug, reader) == table(slug, SYSTEM)
    assert not any(row.get("hidden") for row in table(slug, reader)[0].values())


def test_the_notes_say_that_figures_are_hidden(que_manager: User):
    exhibit = reports.get("exhibit-12")
    hidden, shown = (
        exhibit.notes(exhibit.rows(reader, PUBLISHED), reader, PUBLISHED) for reader in (que_manager, SYSTEM)
    )
    assert any("fewer than 5 officers" in note for note in hidden)
    assert not any("fewer than 5 officers" in note for note in shown)


@pytest.mark.parametrize("username", ["que.manager", "gta.manager", "atl.manager"])
def test_no_sum_of_exhibits_11_and_12_leaves_few_officers_to_be_worked_out(username: str):
    """What a manager can work out of a shown total: how much the hidden rows are together, and never of few."""
    reader = User.objects.get(username=username)
    own = {region.code for region in reader.regions.all()}
    on_day = Assignment.objects.as_of(date(2011, 3, 31)).exclude(officer__region__in=reader.scope_ids)
    foreign = on_day.exclude(jfo__region__in=reader.scope_ids)
    for region in (None, *own, "GTA", "WSC"):
        rows, totals = table("exhibit-11", reader, region)
        hidden = [code for code, row in rows.items() if row["fte"] is None]
        assert not own & set(hidden)
        if hidden and totals["fte"] is not None:
            assert len(hidden) > 1
            assert foreign.filter(jfo__region__code__in=hidden).values("officer").distinct().count() >= 5
