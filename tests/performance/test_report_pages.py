"""The page of an exhibit, its files and the command give one answer, and a wrong question gets a sentence."""

import csv
import html
import json
import re
from collections.abc import Callable
from io import BytesIO, StringIO

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from python_calamine import load_workbook

from performance.models import BenefitRate
from registry.models import User
from tests.pages import body, words

pytestmark = pytest.mark.django_db

SLUGS = [f"exhibit-{number}" for number in (1, 4, 5, 6, 7, 8, 11, 12)]
WITH_CHART = ("exhibit-5", "exhibit-6", "exhibit-7", "exhibit-8", "exhibit-11", "exhibit-12")
EVERY_SLUG = pytest.mark.parametrize("slug", SLUGS)
QUERIES = 15

ClientOf = Callable[[User], Client]


@pytest.fixture
def client(client_of: ClientOf, auditor: User) -> Client:
    """A client of the auditor, who reads everything."""
    return client_of(auditor)


def printed(slug: str, *options: str) -> str:
    out = StringIO()
    call_command("report", slug, *options, stdout=out)
    return out.getvalue()


# One answer


@EVERY_SLUG
def test_page_and_command_print_the_same_json(slug: str, client: Client) -> None:
    for query, options in [
        ("", ()),
        ("&as_of=2010-06-30&fy=2009-2010", ("--as-of", "2010-06-30", "--fy", "2009-2010")),
        ("&region=QUE", ("--region", "QUE")),
    ]:
        response = client.get(f"/en/reports/{slug}/?format=json{query}")

        assert response["Content-Type"] == "application/json"
        assert json.loads(body(response)) == json.loads(printed(slug, *options))


@EVERY_SLUG
def test_page_and_command_print_the_same_csv(slug: str, client: Client) -> None:
    response = client.get(f"/en/reports/{slug}/?format=csv")

    assert body(response) == printed(slug, "--format", "csv")
    assert len(list(csv.DictReader(StringIO(printed(slug, "--format", "csv"))))) > 0


@EVERY_SLUG
def test_the_table_of_the_page_has_the_rows_of_the_file(slug: str, client: Client) -> None:
    rows = json.loads(body(client.get(f"/en/reports/{slug}/?format=json")))["rows"]
    page = body(client.get(f"/en/reports/{slug}/"))
    table = page.split('id="rows-heading"')[1].split("<tbody>")[1].split("</tbody>")[0]

    assert table.count("<tr>") == len(rows)


def test_a_workbook_carries_the_mark_the_parameters_and_the_totals(client: Client) -> None:
    response = client.get("/en/reports/exhibit-11/?format=xlsx&fy=2010-2011")
    book = load_workbook(BytesIO(response.content))
    data, notes = (book.get_sheet_by_index(index).to_python() for index in (0, 1))

    assert response["Content-Disposition"] == 'attachment; filename="exhibit-11-2010-2011.xlsx"'
    assert data[1] == ["GTA", 11, 17.5, 1176918]
    assert ["Sensitivity", "UNCLASSIFIED"] in notes
    assert ["Parameters", "All regions, fiscal year 2010-2011"] in notes
    assert ["Total: Employee benefits", "$798,463"] in notes


def test_a_french_csv_opens_in_a_french_excel(client: Client) -> None:
    text = body(client.get("/fr/reports/exhibit-7/?format=csv-fr"))

    assert text.startswith("\ufeff")
    assert "jfo;43;31,2;" in text


def test_regions_have_the_code_of_the_language_on_the_page_and_one_code_in_files(client: Client) -> None:
    assert "Région du Grand Toronto (RGT)" in words(client.get("/fr/reports/exhibit-11/"))
    assert "Greater Toronto Area (GTA)" in words(client.get("/en/reports/exhibit-11/"))
    assert "GTA," in body(client.get("/fr/reports/exhibit-11/?format=csv"))


# Published and computed


def test_what_differs_comes_first_with_the_difference_in_words_and_figures(client: Client) -> None:
    text = words(client.get("/en/reports/exhibit-7/"))

    assert "14 of 18 published figures agree with those computed." in text
    assert re.search(r"Other officers All kinds 45\.5 45\.6 \+0\.1 Differs For officers outside JFOs", text)
    assert re.search(r"All IMS users ORS entries 10\.8 10\.7 −0\.1 Differs ", text)
    assert text.index("Figures that differ") < text.index("Figures that agree: 14") < text.index("Agrees")


def test_money_and_words_are_compared_as_they_are_printed(client: Client) -> None:
    assert re.search(r"Salaries \$1,177,110 \$1,176,918 −\$192 Differs", words(client.get("/en/reports/exhibit-11/")))
    assert re.search(r"BEST-NFE Covered by an arrangement No No – Agrees", words(client.get("/en/reports/exhibit-5/")))


def test_a_figure_hidden_from_a_manager_neither_agrees_nor_differs(manager: Client) -> None:
    text = words(manager.get("/en/reports/exhibit-11/"))

    assert "18 of 25 published figures agree with those computed." in text
    assert "Published figures without a computed one to show: 4" in text
    assert "Atlantic (ATL) 2 Too few to show Too few to show" in text


def test_other_parameters_are_not_compared_and_the_page_says_why(client: Client) -> None:
    text = words(client.get("/en/reports/exhibit-7/?fy=2009-2010"))

    assert "Published and computed" not in text
    assert "Nothing is compared" in text


# Charts


@pytest.mark.parametrize(
    ("slug", "finding"),
    [
        ("exhibit-5", "An arrangement in force covers 33 of 52 JFOs; 19 without one"),
        ("exhibit-6", "Clause c is met by none of the 15 arrangements reviewed"),
        ("exhibit-7", "JFO officers opened more files each than other officers: 58.4 against 45.6"),
        ("exhibit-8", "The gap is widest for the status “Active”: 44.3 files per JFO officer, 28.0 per other officer"),
        ("exhibit-11", "Largest salaries: Greater Toronto Area (GTA), $1,176,918, 29.5% of the total"),
        ("exhibit-12", "Largest salaries: Regional JFOs, $1,769,947, 44.3% of the total"),
    ],
)
def test_the_title_of_the_chart_is_its_finding(slug: str, finding: str, client: Client) -> None:
    response = client.get(f"/en/reports/{slug}/")

    assert finding in words(response)
    assert f">{html.escape(finding)}</title>" in body(response)


def test_exhibits_that_are_tables_alone_have_no_chart(client: Client) -> None:
    for slug in set(SLUGS) - set(WITH_CHART):
        assert "<svg" not in body(client.get(f"/en/reports/{slug}/"))


@pytest.mark.parametrize("slug", WITH_CHART)
def test_a_chart_is_a_drawing_and_a_file_of_data(slug: str, client: Client) -> None:
    page = html.unescape(body(client.get(f"/en/reports/{slug}/")))
    links = re.findall(r'href="(\?[^"]*chart=[^"]+)"', page)
    files = {re.search(r"format=(\w+)", link)[1]: client.get(f"/en/reports/{slug}/{link}") for link in links}  # type: ignore[index]

    assert files["svg"]["Content-Type"] == "image/svg+xml"
    assert body(files["svg"]).startswith("<svg xmlns=")
    assert len(body(files["csv"]).splitlines()) > 2


def test_a_manager_is_not_told_that_a_hidden_region_may_cost_more(manager: Client) -> None:
    text = words(manager.get("/en/reports/exhibit-11/"))

    assert "Largest salaries shown: Greater Toronto Area (GTA), $1,176,918" in text
    assert "Too few to show (fewer than 5 officers)" in text


# Parameters


def test_the_page_of_a_day_keeps_the_day_and_says_that_it_is_past(client: Client) -> None:
    response = client.get("/en/reports/exhibit-5/?as_of=2009-05-01&region=QUE")

    assert 'value="2009-05-01"' in body(response)
    assert "You are looking at May 1, 2009." in body(response)
    assert "Quebec (QUE), May 1, 2009: 8 rows" in words(response)


def test_a_past_fiscal_year_is_shown_without_a_day(client: Client) -> None:
    response = client.get("/en/reports/exhibit-11/?fy=2008-2009")

    assert "You are looking at" not in body(response)
    assert "fiscal year 2008-2009: " in words(response)
    assert '<option value="2008-2009" selected>' in body(response)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("as_of=31/03/2011", "Write it as YYYY-MM-DD, for example 2011-03-31."),
        ("fy=2010", "Write it as two years in a row, for example 2010-2011."),
        ("region=XYZ", "There is no region “XYZ”. Choose one of these: ATL"),
    ],
)
def test_a_wrong_parameter_is_refused_in_a_sentence(query: str, sentence: str, client: Client) -> None:
    page = client.get(f"/en/reports/exhibit-5/?{query}")
    data = client.get(f"/en/reports/exhibit-5/?{query}&format=json")

    assert (page.status_code, data.status_code) == (400, 400)
    assert sentence in words(page)
    assert "Apply" in words(page)
    assert sentence in json.loads(body(data))["error"]
    assert client.get(f"/en/reports/exhibit-5/?{query}&format=csv").status_code == 400


def test_an_unknown_format_is_refused_with_those_there_are(client: Client) -> None:
    response = client.get("/en/reports/exhibit-5/?format=pdf")

    assert response.status_code == 400
    assert "Choose one of these: csv, csv-fr, xlsx, json." in words(response)


@pytest.mark.parametrize(
    "address", ["exhibit-9/", "exhibit-7/?chart=other&format=svg", "exhibit-7/?chart=kinds&format=png"]
)
def test_what_there_is_not_is_not_found(address: str, client: Client) -> None:
    assert client.get(f"/en/reports/{address}").status_code == 404


def test_the_day_before_any_data_is_an_empty_table_with_the_next_step(client: Client) -> None:
    response = client.get("/en/reports/exhibit-5/?as_of=1950-01-01")

    assert response.status_code == 200
    assert "Choose another date, fiscal year or region." in words(response)


def test_the_list_leads_to_every_exhibit(manager: Client) -> None:
    page = body(manager.get("/en/reports/"))

    assert "9 exhibits" in page
    assert re.findall(r'href="/en/reports/(appendix-b|contradictions)/"', page) == ["appendix-b", "contradictions"]
    assert re.findall(r'href="/en/reports/(exhibit-\d+)/"', page) == SLUGS


@EVERY_SLUG
def test_a_page_asks_few_queries(
    slug: str, client: Client, manager: Client, django_assert_max_num_queries: Callable
) -> None:
    for reader in (client, manager):
        cache.clear()
        # What a manager is not shown of the year is decided once in ten minutes, for all pages.
        reader.get("/en/capacity/")
        with django_assert_max_num_queries(QUERIES):
            reader.get(f"/en/reports/{slug}/")
        with django_assert_max_num_queries(QUERIES):
            reader.get(f"/en/reports/{slug}/?region=QUE&fy=2010-2011")


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "No benefit rate is recorded for 2010-2011."),
        ("fr", "Aucun taux d’avantages sociaux n’est consigné pour 2010-2011."),
    ],
)
def test_benefits_without_a_rate_say_so_to_a_manager_on_the_page_and_frozen(
    language: str, sentence: str, manager: Client
) -> None:
    BenefitRate.objects.filter(fiscal_year=2010).delete()

    # In place of the benefits and of the total with them.
    for address in ("exhibit-11/", "exhibit-11/freeze/"):
        assert words(manager.get(f"/{language}/reports/{address}")).count(sentence) == 2, address
