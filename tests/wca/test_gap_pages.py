"""What the gap report leads to and puts beside itself: what will lapse, the annex, published figures, next steps."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client

from registry.models import Agency, User
from tests.pages import words
from wca.models import Arrangement, Signatory

pytestmark = pytest.mark.django_db

PAGE = "/en/arrangements/gaps/"
LAPSE = f"{PAGE}lapse/"
ANNEX = f"{PAGE}annex/"


@pytest.fixture
def reviewer(client_of: Callable[[User], Client], nhq_reviewer: User) -> Client:
    return client_of(nhq_reviewer)


def rows_of(client: Client, page: str, table: str, **asked: str) -> list[dict[str, Any]]:
    response = client.get(page, {"format": "json", "table": table, **asked})
    assert response.status_code == 200
    rows: list[dict[str, Any]] = response.json()
    return rows


# What will lapse


def test_a_jfo_lapses_with_the_last_day_of_its_arrangement(reviewer: Client):
    def losing(by: str) -> set[str]:
        return {row["jfo"] for row in rows_of(reviewer, LAPSE, "jfos", lapse_by=by)}

    assert "TDS" not in losing("2011-09-29")
    assert "TDS" in losing("2011-09-30")


def test_the_figures_are_those_of_the_gap_report_on_the_day_after(reviewer: Client):
    *regions, whole = rows_of(reviewer, LAPSE, "coverage", lapse_by="2012-03-31")
    then = {row["region"]: row for row in rows_of(reviewer, PAGE, "coverage", as_of="2012-04-01")}
    assert {row["region"]: (row["covered_then"], row["uncovered_then"]) for row in regions} == {
        name: (row["covered"], row["uncovered"]) for name, row in then.items()
    }
    assert (whole["covered"], whole["uncovered"]) == (33, 19)


def test_a_year_is_looked_ahead_unless_a_day_is_asked_for(reviewer: Client):
    assert reviewer.get(LAPSE).context["lapse_by"] == date(2012, 3, 31)
    assert reviewer.get(LAPSE, {"as_of": "2012-02-29"}).context["lapse_by"] == date(2013, 2, 28)


@pytest.mark.parametrize("query", ["lapse_by=2011-02-30", "region=XYZ"])
def test_what_cannot_be_read_is_said_and_makes_no_file(reviewer: Client, query: str):
    assert "field-error" in reviewer.get(f"{LAPSE}?{query}").content.decode()
    assert reviewer.get(f"{LAPSE}?{query}&format=csv&table=jfos").status_code == 400


@pytest.mark.parametrize("page", [LAPSE, ANNEX, "/fr/arrangements/gaps/lapse/", f"{PAGE}?set=policy-elements"])
def test_a_page_asks_at_most_15_queries(reviewer: Client, django_assert_max_num_queries: Callable[..., Any], page: str):
    reviewer.get(page)
    with django_assert_max_num_queries(15):
        assert reviewer.get(page).status_code == 200


# The annex


def test_the_annex_says_the_whole_report_in_both_languages(reviewer: Client):
    page = reviewer.get(ANNEX)
    text = words(page)
    assert "33 of 52 JFOs are covered by an arrangement in force." in text
    assert "33 OPC sur 52 sont couvertes par une entente en vigueur." in text
    english, french = page.context["parts"]
    assert (english["code"], french["code"]) == ("en", "fr")
    assert [len(table["rows"]) for table in english["tables"]] == [len(table["rows"]) for table in french["tables"]]
    assert [len(table["rows"]) for table in english["tables"]][-1] == 19


def test_the_annex_begins_with_the_readers_language_and_prints_one_alone_when_asked(reviewer: Client):
    parts = reviewer.get("/fr/arrangements/gaps/annex/").context["parts"]
    assert [part["code"] for part in parts] == ["fr", "en"]
    (alone,) = reviewer.get(ANNEX, {"language": "fr"}).context["parts"]
    assert alone["code"] == "fr"


def test_the_annex_of_a_day_before_the_data_says_so(reviewer: Client):
    assert "No JFO existed on this day" in words(reviewer.get(ANNEX, {"as_of": "1950-01-01"}))


# Beside what was published


def test_exhibits_5_and_6_stand_beside_the_computed_figures(reviewer: Client):
    context = reviewer.get(PAGE).context
    rows = {(row.row, row.measure): row for row in context["beside_5"].rows}
    assert rows["total", "yes"].agrees
    assert rows["total", "yes"].computed == 33
    clauses = {(row.row, row.measure): row for row in context["beside_6"].rows}
    assert clauses["c", "met"].published == 0
    none = clauses["total", "none"]
    assert (none.published, none.computed) == (4, 5)
    assert "10 hold at least one clause" in none.explanation


@pytest.mark.parametrize("query", ["as_of=2011-03-30", "region=QUE"])
def test_of_another_day_or_a_part_nothing_was_published(reviewer: Client, query: str):
    context = reviewer.get(f"{PAGE}?{query}").context
    assert context["beside_5"] is None
    assert context["beside_6"] is None


# The second set of clauses


def test_the_matrix_can_show_another_set_of_clauses(reviewer: Client):
    page = reviewer.get(PAGE, {"set": "policy-elements"})
    assert page.context["beside_6"] is None
    assert all("set=policy-elements" in cell.href for row in page.context["matrix_rows"] for cell in row.cells)
    assert [figure.value for figure in page.context["figures"][0]] == ["52", "33", "19"]


# Pages of long tables


def test_matrix_and_jfos_are_paged_apart_and_their_totals_stay(reviewer: Client):
    for number in range(30):
        row = Arrangement(
            reference=f"WCA-2010-8{number:03}", title_en="T", title_fr="T", effective=date(2010, 4, 1)
        ).save_as(None)
        Signatory(arrangement=row, agency=Agency.objects.get(key="CBSA"), signed_on=date(2010, 4, 1)).save_as(None)
    first = reviewer.get(PAGE, {"per": "25"})
    second = reviewer.get(PAGE, {"per": "25", "matrix_page": "2"})
    assert len(first.context["matrix_rows"]) == 25
    assert len(second.context["matrix_rows"]) == 22
    assert (
        first.context["matrix_caption"]
        == second.context["matrix_caption"]
        == "15 arrangements reviewed, 32 not assessed"
    )
    assert [total.text for total in first.context["matrix_totals"]] == [
        total.text for total in second.context["matrix_totals"]
    ]
    assert "matrix_page=2" in first.content.decode()
    assert len(second.context["without_rows"]) == 19


# Next steps


def test_each_uncovered_jfo_has_its_next_step(reviewer: Client):
    steps = {row["jfo"]: row["next"] for row in rows_of(reviewer, PAGE, "without")}
    assert steps["PWEU-GTA"] == "Sign: OPP has not signed WCA-2010-0001."
    assert steps["FAE"].startswith("Start drafting")
    assert all(steps.values())


def test_who_may_not_draft_is_led_to_the_jfo(reviewer: Client, client_of: Callable[[User], Client], que_manager: User):
    def href(client: Client) -> str | None:
        for row in client.get(PAGE).context["without_rows"]:
            if row[0].text == "FAE":
                found: str | None = row[7].href
                return found
        return None

    assert href(reviewer) == "/en/arrangements/drafts/new/?jfo=FAE"
    assert href(client_of(que_manager)) == "/en/jfos/FAE/"


def test_a_past_day_has_no_next_step(reviewer: Client):
    assert "next" not in rows_of(reviewer, PAGE, "without", as_of="2011-03-30")[0]
